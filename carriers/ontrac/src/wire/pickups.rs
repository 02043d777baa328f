//! `pickups`: collections. Every element is present, some are empty.

use serde::Serialize;

use crate::answer::incoming;

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

incoming! {
    /// `OnTracPickupResponse`.
    struct PickupResponse {
        tracking: String = "Tracking",
        error: String = "Error",
    }
}
