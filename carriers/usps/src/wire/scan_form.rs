//! `POST /scan-forms/v3/scan-form`

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::label::Address;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScanFormRequest {
    pub image_info: ImageInfo,
    pub mailing_date: String,
    pub overwrite_mailing_date: bool,
    #[serde(rename = "entryFacilityZIPCode")]
    pub entry_facility_zip_code: String,
    pub destination_entry_facility_type: &'static str,
    pub shipment: Shipment,
    pub from_address: Address,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageInfo {
    pub image_type: &'static str,
    pub label_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    pub tracking_numbers: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct ScanFormAnswer {
    /// In some answers the metadata is in here.
    #[serde(
        rename = "SCANFormMetaData",
        alias = "SCANFormMetadata",
        alias = "scanFormMetaData",
        deserialize_with = "lenient::object"
    )]
    pub metadata: Option<FormMetadata>,
    #[serde(flatten)]
    pub top: FormMetadata,
    #[serde(rename = "SCANFormImage", alias = "scanFormImage", deserialize_with = "lenient::text")]
    pub image: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct FormMetadata {
    #[serde(deserialize_with = "lenient::text")]
    pub manifest_number: Option<String>,
    #[serde(deserialize_with = "lenient::texts")]
    pub tracking_numbers: Vec<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub shipment: Option<FormShipment>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct FormShipment {
    #[serde(deserialize_with = "lenient::texts")]
    pub tracking_numbers: Vec<String>,
}
