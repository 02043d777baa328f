//! Buying a label, and everything that follows from having bought one.

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ulid::Ulid;
use uuid::Uuid;

use super::{
    DeliveryEstimate, Document, DocumentKind, LabelSpec, Notice, Price, RateToken, ServiceCode, Shipment,
    ShipmentKey, TrackingNumber, Weekend,
};
use crate::Money;

/// Our id of one attempt to buy, placed in the carrier's reference or idempotency field so that the attempt can be
/// found again. The same 128 bits in two notations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub Uuid);

impl Handle {
    /// 26 capital letters and digits (Crockford base 32): fits reference fields of 26 characters and more.
    pub fn short(&self) -> String {
        Ulid::from_bytes(*self.0.as_bytes()).to_string()
    }
    /// 36 characters with hyphens, for fields that want a UUID.
    pub fn uuid(&self) -> String {
        self.0.as_hyphenated().to_string()
    }
    /// Reads either notation.
    pub fn parse(text: &str) -> Option<Self> {
        let ulid = || {
            Ulid::from_string(&text.to_ascii_uppercase()).ok().map(|ulid| Uuid::from_bytes(ulid.to_bytes()))
        };
        Uuid::parse_str(text).ok().or_else(ulid).map(Self)
    }
}

impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.short())
    }
}

/// Orders one label purchase. The engine makes it; the carrier sends it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelOrder {
    /// What is to be shipped. `ship_date` is always set.
    pub shipment: Shipment,
    /// Which service.
    pub service: ServiceCode,
    /// Weekend variant, when the chosen rate was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekend: Option<Weekend>,
    /// Token of the chosen rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<RateToken>,
    /// Wanted label.
    pub label: LabelSpec,
    /// Our id of this attempt.
    pub handle: Handle,
    /// Numbers that were allocated before, one per parcel, for carriers where the shipper chooses the number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<TrackingNumber>,
}

/// Asks for tracking numbers before a purchase, from carriers where the shipper chooses or draws the number first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AllocateRequest {
    /// The order that will use the numbers.
    pub order: LabelOrder,
    /// A number that the host never gives twice for this account, from 0, for numbers out of an own range; one per
    /// parcel: the first parcel takes it, the next ones the following numbers, which the host keeps free as well.
    pub sequence: u64,
}

/// Numbers for the parcels of an order; empty when the carrier assigns them during the purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// One per parcel, or none.
    #[serde(default)]
    pub numbers: Vec<TrackingNumber>,
}

/// How the price of a label reaches the shipper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "settlement")]
pub enum Settlement {
    /// Paid at the moment of purchase, from a balance or card.
    Charged,
    /// Billed to the account by the carrier's invoice.
    BilledToAccount,
    /// Paid outside any online channel (at the counter, by a statement); the amount is an estimate until then.
    Offline {
        /// How, in the carrier's terms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        channel: Option<String>,
    },
}

/// A label that was sold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    /// The carrier's key for the whole shipment.
    pub shipment_key: ShipmentKey,
    /// Pieces in the order of the parcels.
    pub pieces: Vec<Piece>,
    /// Labels and papers. A label carries its parcel's number from 0.
    #[serde(default)]
    pub documents: Vec<Document>,
    /// Prices that the carrier states in its answer; the payable one is what it charges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<Price>,
    /// How it is paid.
    pub settlement: Settlement,
    /// Expected delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryEstimate>,
    /// Everything the carrier needs to void or reprint; opaque to everybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_data: Option<String>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
}

impl Purchase {
    /// Whether each piece has a label of its own or shares one for all.
    pub fn has_labels(&self) -> bool {
        let labels = || {
            self.documents
                .iter()
                .filter(|document| document.kind == DocumentKind::Label && !document.bytes.is_empty())
        };
        let shared = labels().any(|label| label.parcel.is_none());
        !self.pieces.is_empty()
            && (shared
                || self.pieces.iter().all(|piece| labels().any(|label| label.parcel == Some(piece.parcel))))
    }
    /// What the carrier charges.
    pub fn charged(&self) -> Option<Money> {
        crate::Rate::new("", "", "", self.prices.clone()).payable().map(|price| price.total)
    }
}

/// One piece of a purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Parcel of the order, from 0.
    pub parcel: u32,
    /// Number under the barcode.
    pub tracking: TrackingNumber,
    /// Other numbers of this piece (the postal number of a final mile), by the carrier's name for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_numbers: Vec<(String, String)>,
    /// Price of this piece, when the carrier states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charged: Option<Money>,
}

impl Piece {
    /// A piece with its number.
    pub fn new(parcel: u32, tracking: impl Into<TrackingNumber>) -> Self {
        Self { parcel, tracking: tracking.into(), other_numbers: Vec::new(), charged: None }
    }
}

/// Names a bought shipment to its carrier: for voiding and reprinting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelKey {
    /// From the purchase.
    pub shipment_key: ShipmentKey,
    /// Numbers of the pieces meant; all of the shipment when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracking: Vec<TrackingNumber>,
    /// Service that was bought.
    pub service: ServiceCode,
    /// Handle of the attempt that bought it.
    pub handle: Handle,
    /// When it was bought.
    pub bought_at: DateTime<Utc>,
    /// `Purchase::carrier_data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_data: Option<String>,
}

/// Adds the shipper's own papers to a bought shipment: a commercial invoice, a certificate of origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttachRequest {
    /// Which shipment.
    pub key: LabelKey,
    /// Ship date of the purchase.
    pub ship_date: NaiveDate,
    /// The papers; their kind says what each is.
    pub documents: Vec<Document>,
}

/// The carrier has the papers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachReply {
    /// The carrier's ids of the papers, where it gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
}

/// What became of a wish to void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "void")]
pub enum VoidOutcome {
    /// Void; nothing will be billed. Also when it was void already.
    Voided,
    /// Void; money comes back when the carrier has checked that the label was not used.
    RefundPending {
        /// The carrier's number of the refund case.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        case: Option<String>,
        /// Amount that comes back, when stated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        amount: Option<Money>,
    },
    /// The carrier bills only what it receives; not handing the parcel over is enough.
    NotNeeded {
        /// Why, in one sentence.
        reason: String,
    },
    /// The void period has passed or the parcel is under way.
    TooLate {
        /// The carrier's words.
        reason: String,
    },
    /// The carrier has no way to void.
    NotOffered {
        /// What to do instead.
        reason: String,
    },
    /// Some pieces are void and some are not.
    Partial {
        /// Pieces that are void.
        voided: Vec<TrackingNumber>,
        /// Pieces that are not, with the carrier's words.
        refused: Vec<(TrackingNumber, String)>,
    },
}

/// Asks what became of an attempt whose answer was lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoverRequest {
    /// The order as it was sent, with handle and numbers.
    pub order: LabelOrder,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
}

/// What became of an attempt whose answer was lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "recovery", content = "purchases")]
pub enum Recovery {
    /// It was sold, usually once; more than one is the carrier's own double. A purchase without labels means that
    /// the label cannot be had again.
    Found(Vec<Purchase>),
    /// It was sold and is void.
    Voided,
    /// The carrier knows nothing of it, as of now.
    Absent,
    /// The carrier cannot be asked.
    Unsupported,
}

/// Asks for the label of a bought shipment again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReprintRequest {
    /// Which shipment.
    pub key: LabelKey,
    /// Wanted label.
    pub label: LabelSpec,
}

/// Labels printed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReprintReply {
    /// The labels.
    pub documents: Vec<Document>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_reads_both_of_its_notations() {
        let handle = Handle(Uuid::from_u128(0x0192_f0c8_1d8e_7a3b_8c4d_5e6f_7a8b_9c0d));
        assert_eq!(handle.short().len(), 26);
        assert_eq!(Handle::parse(&handle.short()), Some(handle));
        assert_eq!(Handle::parse(&handle.uuid()), Some(handle));
        assert_eq!(Handle::parse("not a handle"), None);
    }
}
