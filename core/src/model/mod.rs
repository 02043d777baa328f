//! What travels through the capability traits.
//!
//! Types that users write (a [`Shipment`] and everything in it) refuse unknown fields, so a typing mistake is an
//! error and never a silently missing option. Types that carriers fill ignore unknown fields, so newer carriers and
//! older hosts understand one another.

mod consent;
mod customs;
mod document;
mod label;
mod rate;
mod services;
mod shipment;
mod time;
mod tracking;

pub use consent::*;
pub use customs::*;
pub use document::*;
pub use label::*;
pub use rate::*;
pub use services::*;
pub use shipment::*;
pub use time::*;
pub use tracking::*;

text_id! {
    /// A carrier's id: `ups`, `dhl-express`.
    CarrierId;
    /// A service of a carrier by our stable name for it: `ground`, `priority-mail`. Unique within the carrier.
    ServiceCode;
    /// A packaging by our stable name: `own`, `flat-rate-envelope`. Unique within the carrier; `own` is the shipper's box.
    PackagingCode;
    /// A carrier's number for one piece, as printed under its barcode, without blanks.
    TrackingNumber;
    /// A carrier's key for a whole shipment.
    ShipmentKey;
    /// Everything a carrier needs to buy exactly the rate it quoted; opaque to everybody else.
    RateToken;
}

impl PackagingCode {
    /// The shipper's own box.
    pub fn own() -> Self {
        Self("own".into())
    }
    /// Whether this is the shipper's own box.
    pub fn is_own(&self) -> bool {
        self.0 == "own" || self.0.is_empty()
    }
}

/// A carrier's remark that does not stop anything, verbatim where it has a code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Notice {
    /// The carrier's code, or a code of ours in kebab-case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// One sentence.
    pub message: String,
}

impl Notice {
    /// A remark of ours.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: Some(code.into()), message: message.into() }
    }
}
