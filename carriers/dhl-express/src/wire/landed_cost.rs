//! `POST /landed-cost`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::{Account, Num, Package, RateParties, Text, TotalPrice};

/// Request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LandedCostRequest {
    pub(crate) customer_details: RateParties,
    pub(crate) accounts: Vec<Account>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product_code: Option<String>,
    pub(crate) unit_of_measurement: &'static str,
    pub(crate) currency_code: String,
    pub(crate) is_customs_declarable: bool,
    #[serde(rename = "isDTPRequested")]
    pub(crate) is_dtp_requested: bool,
    pub(crate) is_insurance_requested: bool,
    pub(crate) get_cost_breakdown: bool,
    pub(crate) shipment_purpose: &'static str,
    pub(crate) transportation_mode: &'static str,
    pub(crate) merchant_selected_carrier_name: &'static str,
    pub(crate) packages: Vec<Package>,
    pub(crate) items: Vec<LandedCostItem>,
}

/// `items[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LandedCostItem {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) manufacturer_country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) part_number: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Num,
    pub(crate) unit_price_currency_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commodity_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) weight_unit_of_measurement: Option<&'static str>,
}

/// Answer.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct LandedCostAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) products: Vec<LandedProduct>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) warnings: Vec<Text>,
}

/// `products[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LandedProduct {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) total_price: Vec<TotalPrice>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) detailed_price_breakdown: Vec<LandedBreakdown>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) items: Vec<LandedBreakdown>,
}

/// `detailedPriceBreakdown[]` and `items[]`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct LandedBreakdown {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) breakdown: Vec<LandedLine>,
}

/// `breakdown[]`; each line has a currency of its own.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LandedLine {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) price_currency: Option<String>,
}
