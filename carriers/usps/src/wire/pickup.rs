//! `/pickup/v3/carrier-pickup`

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::Number;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PickupRequest {
    pub pickup_date: String,
    pub pickup_address: PickupAddress,
    pub packages: Vec<Packages>,
    pub estimated_weight: Number,
    pub pickup_location: PickupLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PickupAddress {
    pub first_name: String,
    pub last_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firm: Option<String>,
    pub address: Street,
    pub contact: Vec<Contact>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Street {
    pub street_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_address: Option<String>,
    pub city: String,
    pub state: String,
    #[serde(rename = "ZIPCode")]
    pub zip_code: String,
    #[serde(rename = "ZIPPlus4", skip_serializing_if = "Option::is_none")]
    pub zip_plus4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urbanization: Option<String>,
}

/// One of both.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Contact {
    Email(String),
    CellNumber(String),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Packages {
    pub package_type: &'static str,
    pub package_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PickupLocation {
    pub package_location: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special_instructions: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct PickupAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub confirmation_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub pickup_date: Option<String>,
    /// The request, given back; the date may stand in here only.
    #[serde(deserialize_with = "lenient::object")]
    pub carrier_pickup_request: Option<GivenBack>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct GivenBack {
    #[serde(deserialize_with = "lenient::text")]
    pub pickup_date: Option<String>,
}
