//! `shipments` (GET): `requestType=track` and `requestType=details`.

use serde::Deserialize;

/// `OnTracTrackingResult`, or `OnTracShipmentStatus` with `Packages` of `Package`, the tracking without an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TrackingResult {
    #[serde(alias = "Packages")]
    pub(crate) shipments: Option<TrackedShipments>,
    pub(crate) error: String,
}

/// One entry per package that was found or not.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TrackedShipments {
    #[serde(alias = "Package")]
    pub(crate) shipment: Vec<TrackedShipment>,
    pub(crate) error: String,
}

/// History of a package. Name and address of the recipient are in the answer, too; they are not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TrackedShipment {
    pub(crate) events: Events,
    pub(crate) tracking: String,
    #[serde(rename = "Exp_Del_Date")]
    pub(crate) expected: String,
    pub(crate) delivered: String,
    pub(crate) service: String,
    #[serde(rename = "POD")]
    pub(crate) pod: String,
    pub(crate) error: String,
    pub(crate) reference: String,
    #[serde(rename = "Reference2")]
    pub(crate) reference2: String,
    pub(crate) weight: String,
    pub(crate) signature: String,
    pub(crate) vpod: String,
}

/// The events.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Events {
    pub(crate) event: Vec<Event>,
}

/// An event, in the local time of the facility.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Event {
    pub(crate) status: String,
    pub(crate) description: String,
    pub(crate) event_time: String,
    pub(crate) facility: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip: String,
}

/// `OnTracUpdateResponse`: charges and weight after the hub has measured the package.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct UpdateResponse {
    pub(crate) shipments: Option<UpdatedShipments>,
    pub(crate) error: String,
}

/// One entry per package that was found or not.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct UpdatedShipments {
    pub(crate) shipment: Vec<UpdatedShipment>,
    pub(crate) error: String,
}

/// Charges of a package. A weight of 0 means that it was not measured yet.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct UpdatedShipment {
    pub(crate) tracking: String,
    pub(crate) delivered: String,
    pub(crate) service_charge: String,
    pub(crate) fuel_charge: String,
    pub(crate) total_chrg: String,
    pub(crate) residential: String,
    pub(crate) weight: String,
    pub(crate) error: String,
}
