//! `POST /prices/v3/base-rates/search`, `/international-prices/v3/base-rates/search` and `/total-rates/search`

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::Number;
use super::options::{Commitment, DutiesQuote, ExtraService, RateOption, RateRow};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BaseRatesRequest {
    #[serde(rename = "originZIPCode")]
    pub origin_zip_code: String,
    #[serde(rename = "destinationZIPCode", skip_serializing_if = "Option::is_none")]
    pub destination_zip_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_postal_code: Option<String>,
    pub weight: Number,
    pub length: Number,
    pub width: Number,
    pub height: Number,
    pub mail_class: String,
    pub processing_category: String,
    pub rate_indicator: String,
    pub destination_entry_facility_type: String,
    pub price_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailing_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_number: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TotalRatesRequest {
    #[serde(rename = "originZIPCode")]
    pub origin_zip_code: String,
    pub destination_country_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub foreign_postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_city: Option<String>,
    pub weight: Number,
    pub length: Number,
    pub width: Number,
    pub height: Number,
    pub mail_class: String,
    pub price_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailing_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_number: Option<String>,
    pub request_duties_taxes_fees: bool,
    pub items: Vec<LandedItem>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LandedItem {
    pub item_id: String,
    pub item_value: Number,
    pub item_quantity: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_of_origin: Option<String>,
    #[serde(rename = "HSTariffNumber", skip_serializing_if = "Option::is_none")]
    pub hs_tariff_number: Option<String>,
}

/// `base-rates` answers one option itself, the others a list of them.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct PricesAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub rate_options: Vec<RateOption>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub total_base_price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub total_price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::list")]
    pub rates: Vec<RateRow>,
    #[serde(deserialize_with = "lenient::list")]
    pub extra_services: Vec<ExtraService>,
    #[serde(deserialize_with = "lenient::object")]
    pub commitment: Option<Commitment>,
    #[serde(deserialize_with = "lenient::object")]
    pub duties_taxes_fees_quote: Option<DutiesQuote>,
}
