//! `POST /rates`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::{Account, Num, Package, RateParties, Text, TotalPrice, ValueAddedService, Wanted};

/// Request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateRequest {
    pub(crate) customer_details: RateParties,
    pub(crate) accounts: Vec<Account>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) value_added_services: Vec<ValueAddedService>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) payer_country_code: Option<String>,
    pub(crate) planned_shipping_date_and_time: String,
    pub(crate) unit_of_measurement: &'static str,
    pub(crate) is_customs_declarable: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) monetary_amount: Vec<MonetaryAmount>,
    pub(crate) estimated_delivery_date: Wanted,
    pub(crate) return_standard_products_only: bool,
    pub(crate) next_business_day: bool,
    pub(crate) product_type_code: &'static str,
    pub(crate) packages: Vec<Package>,
}

/// `monetaryAmount[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MonetaryAmount {
    pub(crate) type_code: &'static str,
    pub(crate) value: Num,
    pub(crate) currency: String,
}

/// Answer.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct RatesAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) products: Vec<Product>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) warnings: Vec<Text>,
}

/// `products[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Product {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) product_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) product_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) local_product_code: Option<String>,
    #[serde(deserialize_with = "lenient::flag")]
    pub(crate) is_customer_agreement: Option<bool>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) weight: Option<ProductWeight>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) total_price: Vec<TotalPrice>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) total_price_breakdown: Vec<TotalBreakdown>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) detailed_price_breakdown: Vec<DetailedBreakdown>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) delivery_capabilities: Option<DeliveryCapabilities>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) pickup_capabilities: Option<PickupCapabilities>,
}

/// `pickupCapabilities`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PickupCapabilities {
    #[serde(deserialize_with = "lenient::flag")]
    pub(crate) next_business_day: Option<bool>,
}

/// `weight`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProductWeight {
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) volumetric: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) provided: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) unit_of_measurement: Option<String>,
}

/// `totalPriceBreakdown[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TotalBreakdown {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) currency_type: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) price_breakdown: Vec<TotalPart>,
}

/// `totalPriceBreakdown[].priceBreakdown[]`: `STTXA` tax, `STDIS` discount, `SPRQT` net weight charge.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TotalPart {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
}

/// `detailedPriceBreakdown[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DetailedBreakdown {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) currency_type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) price_currency: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) breakdown: Vec<DetailedLine>,
}

/// `detailedPriceBreakdown[].breakdown[]`: a line without price is an offer, no charge.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DetailedLine {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) service_code: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) price_currency: Option<String>,
}

/// `deliveryCapabilities`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeliveryCapabilities {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) estimated_delivery_date_and_time: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) total_transit_days: Option<Decimal>,
}
