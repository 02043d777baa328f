//! Rows as the engine sees them.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;
use waybill_core::{Handle, Money, TrackingNumber};

use super::{Result, StoreError};

macro_rules! words {
    ($( $(#[$meta:meta])* pub enum $name:ident { $( $(#[$vm:meta])* $variant:ident = $text:literal ),+ $(,)? } )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $( $(#[$vm])* #[serde(rename = $text)] $variant ),+ }
        impl $name {
            /// The word in the database, in events and in answers.
            pub fn as_str(self) -> &'static str { match self { $( Self::$variant => $text ),+ } }
            /// Reads the word.
            pub fn parse(text: &str) -> Option<Self> { match text { $( $text => Some(Self::$variant), )+ _ => None } }
            /// Every word.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }
    )+ };
}

words! {
    /// Where a purchase stands.
    pub enum PurchaseState {
        /// Written down; its attempt waits, or is being sent.
        Accepted = "accepted",
        /// An attempt was sent and its outcome is being found out.
        Unknown = "unknown",
        /// Sold, and the label is stored.
        Bought = "bought",
        /// Sold, and the label cannot be had again.
        BoughtNoLabel = "bought_no_label",
        /// Sold in part: some parcels have a label, some have none.
        Partial = "partial",
        /// The carrier refused; nothing was bought.
        Rejected = "rejected",
        /// Given up; certainly nothing was bought.
        Failed = "failed",
        /// Only a person can decide; the business key stays locked.
        NeedsAttention = "needs_attention",
        /// Being voided.
        Voiding = "voiding",
        /// Void.
        Voided = "voided",
    }

    /// Where an attempt stands.
    pub enum AttemptState {
        /// Not sent, certainly.
        Prepared = "prepared",
        /// May be on its way.
        Sending = "sending",
        /// Sent or not, sold or not: unknown.
        Unknown = "unknown",
        /// Sold.
        Confirmed = "confirmed",
        /// Refused by the carrier, or never sent and given up.
        Rejected = "rejected",
        /// Proven absent at the carrier.
        Absent = "absent",
        /// Sold and void.
        Voided = "voided",
    }

    /// Where a label stands.
    pub enum LabelState {
        /// Sold and not void.
        Live = "live",
        /// Void.
        Voided = "voided",
    }

    /// What a carrier operation does.
    pub enum OpKind {
        /// Voids labels.
        Void = "void",
        /// Closes a manifest.
        Manifest = "manifest",
        /// Arranges a collection.
        Pickup = "pickup",
        /// Cancels a collection.
        PickupCancel = "pickup_cancel",
    }

    /// Where a carrier operation stands.
    pub enum OpState {
        /// Not sent, certainly.
        Prepared = "prepared",
        /// May be on its way.
        Sending = "sending",
        /// To be asked again.
        Unknown = "unknown",
        /// Done.
        Done = "done",
        /// Refused by the carrier.
        Refused = "refused",
        /// Only a person can decide.
        NeedsAttention = "needs_attention",
    }
}

impl PurchaseState {
    /// Whether nothing will change by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Bought | Self::Rejected | Self::Failed | Self::Voided)
    }
    /// Whether a caller who waits should wait no longer.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Accepted | Self::Unknown | Self::Voiding)
    }
}

impl AttemptState {
    /// Whether it may still lead to a sale by itself.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Prepared | Self::Sending | Self::Unknown)
    }
}

/// A purchase.
#[derive(Debug, Clone)]
pub struct PurchaseRow {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// Key of the package that must have one label only.
    pub business_key: String,
    /// 0 for the first purchase of a business key, more for those asked for knowingly.
    pub additional: i64,
    /// Purchases that belong to one shipment share it.
    pub group_id: String,
    /// First parcel of the shipment that this purchase is for, from 0.
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
    /// Price that was quoted.
    pub quoted: Option<Money>,
    /// Most that may be paid.
    pub max_price: Option<Money>,
    /// Price that the carrier charges.
    pub charged: Option<Money>,
    /// Minor units held against the day's cap.
    pub reserved_minor: i64,
    /// Currency of the reservation.
    pub reserved_currency: Option<String>,
    /// Day of the reservation.
    pub reserved_day: Option<String>,
    /// How it is paid, as JSON.
    pub settlement: Option<String>,
    /// The policy, as JSON.
    pub policy: String,
    /// The order, sealed.
    pub order_sealed: Vec<u8>,
    /// Number of the newest attempt.
    pub current_attempt: i64,
    /// When finding out ends.
    pub resolve_deadline: Option<i64>,
    /// What a person must know, as JSON.
    pub attention: Option<String>,
    /// Why it was refused or given up, as JSON.
    pub failure: Option<String>,
    /// Number of state changes.
    pub version: i64,
    /// When it was written down, in milliseconds since 1970.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

fn word<T>(row: &AnyRow, column: &str, parse: fn(&str) -> Option<T>) -> Result<T> {
    let text: String = row.try_get(column)?;
    parse(&text).ok_or_else(|| StoreError::Corrupt(format!("`{text}` in column {column}")))
}

/// A price column that carries its own currency (`12.49 USD`), because a charge may come in another currency.
pub(super) fn price(row: &AnyRow, column: &str) -> Result<Option<Money>> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse::<Money>().map_err(|error| StoreError::Corrupt(error.to_string()))).transpose()
}

impl PurchaseRow {
    pub(super) fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            tenant: row.try_get("tenant")?,
            business_key: row.try_get("business_key")?,
            additional: row.try_get("additional")?,
            group_id: row.try_get("group_id")?,
            parcel: row.try_get("parcel")?,
            parcels: row.try_get("parcels")?,
            state: word(row, "state", PurchaseState::parse)?,
            carrier: row.try_get("carrier")?,
            account: row.try_get("account")?,
            environment: row.try_get("environment")?,
            service: row.try_get("service")?,
            quoted: price(row, "quoted")?,
            max_price: price(row, "max_price")?,
            charged: price(row, "charged")?,
            reserved_minor: row.try_get("reserved_minor")?,
            reserved_currency: row.try_get("reserved_currency")?,
            reserved_day: row.try_get("reserved_day")?,
            settlement: row.try_get("settlement")?,
            policy: row.try_get("policy")?,
            order_sealed: row.try_get("order_sealed")?,
            current_attempt: row.try_get("current_attempt")?,
            resolve_deadline: row.try_get("resolve_deadline")?,
            attention: row.try_get("attention")?,
            failure: row.try_get("failure")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        })
    }
}

/// One permission to send once.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    /// Id.
    pub id: String,
    /// Its purchase.
    pub purchase_id: String,
    /// Number within the purchase, from 1.
    pub n: i64,
    /// Our id at the carrier.
    pub handle: Handle,
    /// Account that it was made for.
    pub account: String,
    /// Fingerprint of that account's settings.
    pub account_fingerprint: String,
    /// Environment of that account.
    pub environment: String,
    /// Where it stands.
    pub state: AttemptState,
    /// Changes with each claim.
    pub epoch: i64,
    /// Who works on it.
    pub lease_owner: Option<String>,
    /// Until when, on the database's clock.
    pub lease_until: Option<i64>,
    /// Numbers allocated before sending; `None` when none were asked for yet.
    pub numbers: Option<Vec<TrackingNumber>>,
    /// When "sending" was committed.
    pub sent_at: Option<i64>,
    /// Times that a request may have left.
    pub sends: i64,
    /// Times that it certainly did not leave.
    pub unsent: i64,
    /// When to look at it again.
    pub next_check_at: Option<i64>,
    /// Questions asked about it.
    pub checks: i64,
    /// When to sweep it.
    pub sweep_at: Option<i64>,
    /// Sweeps done.
    pub sweeps: i64,
}

impl AttemptRow {
    pub(super) fn from_row(row: &AnyRow) -> Result<Self> {
        let handle: String = row.try_get("handle")?;
        let numbers: Option<String> = row.try_get("numbers")?;
        let corrupt = |what: &str| StoreError::Corrupt(format!("column {what} of an attempt"));
        Ok(Self {
            id: row.try_get("id")?,
            purchase_id: row.try_get("purchase_id")?,
            n: row.try_get("n")?,
            handle: Handle::parse(&handle).ok_or_else(|| corrupt("handle"))?,
            account: row.try_get("account")?,
            account_fingerprint: row.try_get("account_fingerprint")?,
            environment: row.try_get("environment")?,
            state: word(row, "state", AttemptState::parse)?,
            epoch: row.try_get("epoch")?,
            lease_owner: row.try_get("lease_owner")?,
            lease_until: row.try_get("lease_until")?,
            numbers: numbers
                .map(|text| serde_json::from_str(&text).map_err(|_| corrupt("numbers")))
                .transpose()?,
            sent_at: row.try_get("sent_at")?,
            sends: row.try_get("sends")?,
            unsent: row.try_get("unsent")?,
            next_check_at: row.try_get("next_check_at")?,
            checks: row.try_get("checks")?,
            sweep_at: row.try_get("sweep_at")?,
            sweeps: row.try_get("sweeps")?,
        })
    }
}
