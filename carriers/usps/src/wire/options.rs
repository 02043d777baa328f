//! `POST /shipments/v3/options/search`, and the rate option that it shares with the price APIs.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::lenient::{self, ShortText};

use super::Number;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OptionsRequest {
    pub pricing_options: Vec<PricingRequest>,
    #[serde(rename = "originZIPCode")]
    pub origin_zip_code: String,
    #[serde(rename = "destinationZIPCode", skip_serializing_if = "Option::is_none")]
    pub destination_zip_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_entry_facility_type: Option<&'static str>,
    pub package_description: PackageDescription,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_filter: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_duties_taxes_fees: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_city: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemRequest>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PricingRequest {
    pub price_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_account: Option<PaymentAccount>,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAccount {
    pub account_type: &'static str,
    pub account_number: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageDescription {
    pub weight: Number,
    pub length: Number,
    pub width: Number,
    pub height: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_nonstandard_characteristics: Option<bool>,
    pub mail_class: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_services: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_value: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailing_date: Option<String>,
}

#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ItemRequest {
    pub item_id: String,
    pub item_value: Number,
    pub item_quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_weight: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_of_origin: Option<String>,
    #[serde(rename = "HSTariffNumber", skip_serializing_if = "Option::is_none")]
    pub hs_tariff_number: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OptionsAnswer {
    #[serde(default, deserialize_with = "lenient::list")]
    pub pricing_options: Vec<PricingOption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricingOption {
    #[serde(default, deserialize_with = "lenient::text")]
    pub price_type: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub shipping_options: Vec<ShippingOption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShippingOption {
    #[serde(default, deserialize_with = "lenient::text")]
    pub mail_class: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub rate_options: Vec<RateOption>,
}

/// One packaging variant of a mail class.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct RateOption {
    #[serde(default, deserialize_with = "lenient::object")]
    pub commitment: Option<Commitment>,
    /// `rates[].price` and fees.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub total_base_price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub rates: Vec<RateRow>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub extra_services: Vec<ExtraService>,
    #[serde(default, deserialize_with = "lenient::object")]
    pub duties_taxes_fees_quote: Option<DutiesQuote>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Commitment {
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub expected_delivery_date: Option<ShortText>,
    /// The older name of the expected date.
    #[serde(default, deserialize_with = "lenient::text")]
    pub schedule_delivery_date: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub guaranteed_delivery: Option<ShortText>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct RateRow {
    #[serde(rename = "SKU", default, deserialize_with = "lenient::text")]
    pub sku: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub price_type: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub price: Option<Decimal>,
    /// Pounds.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub weight: Option<Decimal>,
    /// Ounces in the shipping options, pounds in the price APIs.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub dim_weight: Option<Decimal>,
    /// The older name, in ounces too; both may be there.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub dimensional_weight: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub fees: Vec<Fee>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub warnings: Vec<Warning>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub mail_class: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub zone: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_name: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub processing_category: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub rate_indicator: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub destination_entry_facility_type: Option<ShortText>,
}

#[derive(Deserialize, Default)]
pub struct Fee {
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<ShortText>,
    #[serde(rename = "SKU", default, deserialize_with = "lenient::text")]
    pub sku: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub price: Option<Decimal>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct ExtraService {
    #[serde(default, deserialize_with = "lenient::text")]
    pub extra_service: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub name: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub warnings: Vec<Warning>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    #[serde(default, deserialize_with = "lenient::text")]
    pub warning_code: Option<ShortText>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub warning_description: Option<ShortText>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct DutiesQuote {
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub package_fee: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub item_quotes: Vec<ItemQuote>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct ItemQuote {
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub duty_price: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub tax_price: Option<Decimal>,
}
