//! The messages, in OnTrac's own names. No logic: texts stay texts, because amounts come with 0 to 4 decimals, dates in
//! four notations and blanks anywhere.

pub(crate) mod json;
pub(crate) mod pickups;
pub(crate) mod rates;
pub(crate) mod shipments;
pub(crate) mod track;
pub(crate) mod zips;

use serde::Deserialize;

/// Any answer that holds nothing but an error text, at the root or (older) inside `Shipments`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Refusal {
    pub(crate) error: String,
    pub(crate) shipments: RefusedShipments,
}

/// `Shipments` of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RefusedShipments {
    pub(crate) error: String,
}
