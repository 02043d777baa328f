//! The messages, in OnTrac's own names. No logic: texts stay texts, because amounts come with 0 to 4 decimals, dates in
//! four notations and blanks anywhere.

pub(crate) mod json;
pub(crate) mod pickups;
pub(crate) mod rates;
pub(crate) mod shipments;
pub(crate) mod track;
pub(crate) mod zips;

use crate::answer::incoming;

incoming! {
    /// Any answer that holds nothing but an error text, at the root or (older) inside `Shipments`.
    struct Refusal {
        error: String = "Error",
        shipments: RefusedShipments = "Shipments",
    }

    /// `Shipments` of a refusal.
    struct RefusedShipments {
        error: String = "Error",
    }
}
