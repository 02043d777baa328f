//! `POST /pickups`, `PATCH /pickups/{n}`; `DELETE /pickups/{n}` has no body.

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::{Account, Package, Party, Text};

/// Request to collect; with the two optional fields the request to change a collection.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PickupRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dispatch_confirmation_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) original_shipper_account_number: Option<String>,
    pub(crate) planned_pickup_date_and_time: String,
    pub(crate) close_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    pub(crate) location_type: &'static str,
    pub(crate) accounts: Vec<Account>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) special_instructions: Vec<Instruction>,
    pub(crate) customer_details: PickupParties,
    pub(crate) shipment_details: Vec<PickupShipment>,
}

/// `specialInstructions[]`.
#[derive(Serialize)]
pub(crate) struct Instruction {
    pub(crate) value: String,
}

/// `customerDetails`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PickupParties {
    pub(crate) shipper_details: Party,
}

/// `shipmentDetails[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PickupShipment {
    pub(crate) product_code: String,
    pub(crate) is_customs_declarable: bool,
    pub(crate) unit_of_measurement: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipment_tracking_number: Option<String>,
    pub(crate) packages: Vec<Package>,
}

/// Answer: a list of numbers for a new collection, one number for a changed one.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PickupAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) dispatch_confirmation_numbers: Vec<Text>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) dispatch_confirmation_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) ready_by_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) next_pickup_date: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) warnings: Vec<Text>,
}
