//! Answer of `POST /shipments`.

use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_core::lenient;

use super::{Text, moment};

/// Answer.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ShipmentAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) shipment_tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) dispatch_confirmation_number: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) packages: Vec<PackageAnswer>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) documents: Vec<DocumentAnswer>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) shipment_charges: Vec<ShipmentCharge>,
    #[serde(deserialize_with = "moment")]
    pub(crate) estimated_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) warnings: Vec<Text>,
}

/// `packages[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PackageAnswer {
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) reference_number: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) documents: Vec<DocumentAnswer>,
}

/// `documents[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DocumentAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) image_format: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) content: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) package_reference_number: Option<Decimal>,
}

/// `shipmentCharges[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ShipmentCharge {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) currency_type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) price_currency: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) service_breakdown: Vec<ChargeLine>,
}

/// `shipmentCharges[].serviceBreakdown[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ChargeLine {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
}
