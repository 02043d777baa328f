//! What goes into the engine and what comes out.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use waybill_core::{
    Carrier, Handle, Host, LabelOrder, LabelSpec, Money, RateToken, ServiceCode, Shipment, TrackingNumber,
    Weekend,
};

use crate::store::{AttemptState, LabelState, OpKind, OpState, PurchaseState, StoreError};

/// An opened account, as the host lends it to the engine.
#[derive(Clone)]
pub struct OpenAccount {
    /// The carrier.
    pub carrier: Arc<dyn Carrier>,
    /// Names the account at the carrier (such as a hash of account number and base URL). It must stay the same when a
    /// password or key is renewed, and change when the configuration points to another account.
    pub fingerprint: String,
    /// `production`, or the name of a test environment.
    pub environment: String,
    /// What the carrier is lent. Its way of sending `Spend` requests must ask [`super::Engine::desk`].
    pub host: Arc<dyn Host>,
}

/// The accounts that the host knows.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Opens an account of a tenant. An error of kind `NotFound` or `Config` means that the account is gone.
    async fn open(&self, tenant: &str, account: &str) -> waybill_core::Result<OpenAccount>;
}

/// Asks for the labels of one shipment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BuyRequest {
    /// Tenant.
    pub tenant: String,
    /// The caller's key of this request: the same key with the same content is the same purchase, for ever.
    pub idempotency_key: String,
    /// What must have one label only: the shipment's reference and, where it is split by the caller, the parcel.
    pub business_key: String,
    /// Account to buy on.
    pub account: String,
    /// What is to be shipped.
    pub shipment: Shipment,
    /// Service.
    pub service: ServiceCode,
    /// Weekend variant.
    #[serde(default)]
    pub weekend: Option<Weekend>,
    /// Token of the chosen rate.
    #[serde(default)]
    pub token: Option<RateToken>,
    /// Wanted label.
    #[serde(default)]
    pub label: LabelSpec,
    /// Price that was shown.
    #[serde(default)]
    pub quoted: Option<Money>,
    /// Most that may be paid.
    #[serde(default)]
    pub max_price: Option<Money>,
    /// A second label for the same business key is wanted knowingly.
    #[serde(default)]
    pub allow_additional: bool,
    /// What to do when things go other than planned.
    #[serde(default)]
    pub policy: Policy,
    /// How long to wait for the outcome; afterwards the purchase goes on and the reply says where it stands. Not part
    /// of the request's identity.
    #[serde(skip, default = "patience")]
    pub wait: Duration,
}

fn patience() -> Duration {
    Duration::from_secs(90)
}

/// What to do when things go other than planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The carrier charges more than `max_price`.
    pub on_variance: OnVariance,
    /// Some parcels of a shipment have a label and others cannot get one.
    pub pieces: PartialPolicy,
    /// It was sold, and its label cannot be had again.
    pub on_no_label: OnNoLabel,
    /// Attempts at most; a further one is made only when the one before is proven absent or void.
    pub max_attempts: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            on_variance: OnVariance::Attention,
            pieces: PartialPolicy::Keep,
            on_no_label: OnNoLabel::VoidAndBuyAgain,
            max_attempts: 2,
        }
    }
}

/// The carrier charges more than may be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnVariance {
    /// Keep the label.
    Keep,
    /// Void the label.
    Void,
    /// Keep it and tell a person.
    Attention,
}

/// Some parcels have a label and others have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartialPolicy {
    /// Keep what was sold and say what is missing.
    Keep,
    /// Buy what is missing.
    Complete,
    /// Void what was sold.
    VoidAll,
}

/// Sold without a label that can be had again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnNoLabel {
    /// Void it, then buy again; where the carrier cannot void, tell a person.
    VoidAndBuyAgain,
    /// Keep the number; the shipper has another way to print.
    Keep,
}

/// The order as the engine keeps it, sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeptOrder {
    pub shipment: Shipment,
    pub service: ServiceCode,
    pub weekend: Option<Weekend>,
    pub token: Option<RateToken>,
    pub label: LabelSpec,
}

impl KeptOrder {
    pub(crate) fn order(&self, handle: Handle, numbers: Vec<TrackingNumber>) -> LabelOrder {
        LabelOrder {
            shipment: self.shipment.clone(),
            service: self.service.clone(),
            weekend: self.weekend.clone(),
            token: self.token.clone(),
            label: self.label.clone(),
            handle,
            numbers,
        }
    }
}

/// What came of [`super::Engine::buy`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BuyReply {
    /// Id of the shipment's group of purchases.
    pub group: String,
    /// One purchase, or one per parcel where the carrier sells each parcel by itself.
    pub purchases: Vec<PurchaseView>,
    /// The idempotency key was used before; nothing new was begun.
    pub replayed: bool,
}

/// A purchase, without personal data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PurchaseView {
    /// Id.
    pub id: String,
    /// Group.
    pub group: String,
    /// Tenant.
    pub tenant: String,
    /// Business key.
    pub business_key: String,
    /// First parcel of the shipment, from 0.
    pub parcel: i64,
    /// Parcels in this purchase.
    pub parcels: i64,
    /// Where it stands.
    pub state: PurchaseState,
    /// Carrier.
    pub carrier: String,
    /// Account.
    pub account: String,
    /// Environment of the account.
    pub environment: String,
    /// Service.
    pub service: String,
    /// Quoted price.
    pub quoted: Option<Money>,
    /// Most that may be paid.
    pub max_price: Option<Money>,
    /// Charged price.
    pub charged: Option<Money>,
    /// Charged less quoted, when both are known in one currency and differ.
    pub variance: Option<Money>,
    /// Labels, void ones too.
    pub labels: Vec<LabelView>,
    /// What a person must know.
    pub attention: Option<Attention>,
    /// Why it was refused or given up.
    pub failure: Option<Failure>,
    /// Attempts made.
    pub attempts: i64,
    /// When it was written down, in milliseconds since 1970.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelView {
    /// Parcel of the shipment, from 0.
    pub parcel: i64,
    /// Number under the barcode.
    pub tracking: String,
    /// Where it stands.
    pub state: LabelState,
    /// Price.
    pub price: Option<Money>,
    /// Whether its file is stored.
    pub stored: bool,
    /// When it was sold, in milliseconds since 1970.
    pub sold_at: i64,
}

/// What a person must know to decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// Why only a person can decide, in one sentence.
    pub reason: String,
    /// Account to look at in the carrier's portal.
    pub account: String,
    /// Its environment.
    pub environment: String,
    /// Handle to search for, 26 characters.
    pub handle: String,
    /// The same handle as a UUID.
    pub handle_uuid: String,
    /// Numbers that were allocated beforehand.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// When it was sent, in milliseconds since 1970; `None` when it never was.
    pub sent_at: Option<i64>,
    /// When the carrier's recovery ends or ended.
    pub deadline: Option<i64>,
    /// Ways out: `adopt`, `nothing_bought`, `void`, `keep`; for a manifest or pickup `adopt`, `nothing_bought`,
    /// `send_again`.
    pub ways: Vec<String>,
}

/// Why a purchase was refused or given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error.
    pub error: waybill_core::Error,
    /// Whether a request left at all.
    pub sent: bool,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "decision")]
pub enum Decision {
    /// It was bought: these are the numbers in the order of the parcels.
    Adopt {
        /// Numbers found in the carrier's portal.
        tracking: Vec<TrackingNumber>,
        /// What it cost, when known.
        charged: Option<Money>,
    },
    /// The carrier's portal shows that nothing was bought.
    NothingBought,
    /// Void whatever is recorded of it.
    Void,
    /// The label is good as it is.
    Keep,
    /// Ask the carrier again now.
    AskAgain,
    /// For a manifest or pickup: it was not made; make it now.
    SendAgain,
}

/// Asks to void a purchase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VoidRequest {
    /// Tenant.
    pub tenant: String,
    /// Purchase.
    pub purchase: String,
    /// How long to wait for the outcome.
    #[serde(skip, default = "patience")]
    pub wait: Duration,
}

/// A void, manifest or pickup.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpView {
    /// Id.
    pub id: String,
    /// What it does.
    pub kind: OpKind,
    /// What it is done to.
    pub target: String,
    /// Account.
    pub account: String,
    /// Our id of it at the carrier.
    pub handle: String,
    /// Where it stands.
    pub state: OpState,
    /// What for.
    pub purpose: String,
    /// The carrier's reply (`VoidOutcome`, `ManifestReply`, `PickupReply`, `PickupCancelled`, or an error), without files.
    pub reply: Option<serde_json::Value>,
    /// What a person must know.
    pub attention: Option<Attention>,
    /// Times it was tried.
    pub tries: i64,
    /// When it was written down, in milliseconds since 1970.
    pub created_at: i64,
}

/// An attempt, for operators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptView {
    /// Number, from 1.
    pub n: i64,
    /// Handle at the carrier.
    pub handle: String,
    /// Where it stands.
    pub state: AttemptState,
    /// Account.
    pub account: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_at: Option<i64>,
    /// Times that a request may have left.
    pub sends: i64,
    /// Times that it certainly did not leave.
    pub unsent: i64,
    /// Questions asked.
    pub checks: i64,
    /// When it is looked at again.
    pub next_check_at: Option<i64>,
    /// Evidence: when, what, HTTP status, digest.
    pub evidence: Vec<(i64, String, Option<i64>, String)>,
}

/// Everything about a purchase, for operators; no personal data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Shown {
    /// The purchase.
    pub purchase: PurchaseView,
    /// Its attempts.
    pub attempts: Vec<AttemptView>,
    /// Voids of it.
    pub operations: Vec<OpView>,
    /// What happened to it.
    pub events: Vec<crate::store::Event>,
}

/// Why the engine did not do what was asked. Nothing was sent unless the words say so.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// The request is wrong, or the carrier cannot do it.
    #[error("{0}")]
    Refused(waybill_core::Error),
    /// The idempotency key stands for another request.
    #[error("this idempotency key was used for another request; use a new key for a new request")]
    KeyReused {
        /// What it stands for.
        group: String,
    },
    /// The package has a purchase already.
    #[error(
        "`{business_key}` has a purchase already: {purchase} ({state}); ask for an additional label if a second one is wanted"
    )]
    Duplicate {
        /// The business key.
        business_key: String,
        /// The purchase.
        purchase: String,
        /// Where it stands.
        state: PurchaseState,
    },
    /// The quoted price is above the limit of the request.
    #[error("the quoted price {quoted} is above the limit of {max}")]
    AboveMax {
        /// Quoted.
        quoted: Money,
        /// Limit.
        max: Money,
    },
    /// A spend cap forbids it.
    #[error("the spend cap forbids it: {0}")]
    OverCap(String),
    /// A label cannot go on the manifest.
    #[error("`{0}` is void or on another manifest already")]
    OnManifest(TrackingNumber),
    /// The database is older than what this installation did; see `audit`.
    #[error("purchases are stopped: {0}")]
    Quarantined(String),
    /// The engine is being closed.
    #[error("the engine is closing")]
    Closing,
    /// No such purchase or operation.
    #[error("there is no {0}")]
    NotFound(String),
    /// It cannot be done in this state.
    #[error("{0}")]
    WrongState(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
}

impl From<crate::seal::SealError> for EngineError {
    fn from(error: crate::seal::SealError) -> Self {
        Self::Store(error.into())
    }
}

impl From<waybill_core::Error> for EngineError {
    fn from(error: waybill_core::Error) -> Self {
        Self::Refused(error)
    }
}

/// What a round of work did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickReport {
    /// Leases that had ended.
    pub expired: usize,
    /// Attempts that were sent or asked about.
    pub driven: usize,
    /// Voids, manifests and pickups worked on.
    pub operations: usize,
    /// Attempts swept.
    pub swept: usize,
    /// Journal records brought into the database.
    pub replayed: usize,
}

impl TickReport {
    /// Whether there was nothing to do.
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}
