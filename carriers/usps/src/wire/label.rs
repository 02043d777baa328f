//! `POST /labels/v3/label`, `/labels/v3/return-label`, `/international-labels/v3/international-label` and the reprints.

use serde::Serialize;

use super::Number;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LabelRequest {
    pub image_info: ImageInfo,
    pub to_address: Address,
    pub from_address: Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_address: Option<Address>,
    pub package_description: PackageDescription,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customs_form: Option<CustomsForm>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReprintRequest {
    pub image_info: ImageInfo,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ImageInfo {
    pub image_type: &'static str,
    pub label_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt_option: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppress_postage: Option<bool>,
}

/// A domestic address has `state` and `ZIPCode`, a foreign one `province`, `postalCode` and `country`.
#[derive(Serialize, Clone, Default)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firm: Option<String>,
    pub street_address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secondary_address: Option<String>,
    pub city: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(rename = "ZIPCode", skip_serializing_if = "Option::is_none")]
    pub zip_code: Option<String>,
    #[serde(rename = "ZIPPlus4", skip_serializing_if = "Option::is_none")]
    pub zip_plus4: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urbanization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(rename = "countryISOAlpha2Code", skip_serializing_if = "Option::is_none")]
    pub country_iso_alpha2_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_bad_address: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_for_pickup: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageDescription {
    #[serde(rename = "weightUOM")]
    pub weight_uom: &'static str,
    pub weight: Number,
    #[serde(rename = "dimensionsUOM")]
    pub dimensions_uom: &'static str,
    pub length: Number,
    pub width: Number,
    pub height: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_nonstandard_characteristics: Option<bool>,
    pub mail_class: String,
    pub rate_indicator: String,
    pub processing_category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_entry_facility_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailing_date: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_services: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_options: Option<PackageOptions>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub customer_reference: Vec<CustomerReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prepay_duties_taxes_fees: Option<bool>,
}

#[derive(Serialize, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct PackageOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_value: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub non_delivery_option: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomerReference {
    pub reference_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub print_reference_number: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomsForm {
    pub customs_content_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_comments: Option<String>,
    #[serde(rename = "AESITN", skip_serializing_if = "Option::is_none")]
    pub aesitn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub license_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importers_reference: Option<ImportersReference>,
    pub contents: Vec<Content>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportersReference {
    pub reference_type: &'static str,
    pub reference: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    pub item_description: String,
    pub item_quantity: u32,
    pub item_total_value: Number,
    #[serde(rename = "weightUOM")]
    pub weight_uom: &'static str,
    pub item_total_weight: Number,
    #[serde(rename = "HSTariffNumber", skip_serializing_if = "Option::is_none")]
    pub hs_tariff_number: Option<String>,
    /// Spelled as USPS spells it.
    #[serde(rename = "countryofOrigin", skip_serializing_if = "Option::is_none")]
    pub countryof_origin: Option<String>,
}
