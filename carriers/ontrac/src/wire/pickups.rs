//! `pickups`: collections. Every element is present, some are empty.

use serde::{Deserialize, Serialize};

/// `OnTracPickupRequest`.
#[derive(Debug, Serialize)]
#[serde(rename = "OnTracPickupRequest", rename_all = "PascalCase")]
pub(crate) struct PickupRequest {
    pub(crate) date: String,
    pub(crate) ready_at: String,
    pub(crate) close_at: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip: String,
    pub(crate) del_zip: String,
    pub(crate) instructions: String,
    pub(crate) phone: String,
    pub(crate) contact: String,
}

/// `OnTracPickupResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct PickupResponse {
    pub(crate) tracking: String,
    pub(crate) error: String,
}
