//! `POST /api/pickupcreation/v2409/pickup`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::common::{Phone, RequestPart, ResponsePart};

/// The request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupCreationRequestWrapper {
    /// Its only element.
    pub pickup_creation_request: PickupCreationRequest,
}

/// The request's content.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupCreationRequest {
    /// Nothing to choose.
    pub request: RequestPart,
    /// `Y`: say what it costs.
    pub rate_pickup_indicator: &'static str,
    /// The account.
    pub shipper: Shipper,
    /// When.
    pub pickup_date_info: PickupDateInfo,
    /// Where.
    pub pickup_address: PickupAddress,
    /// `Y`: not the address that UPS has for the account.
    pub alternate_address_indicator: &'static str,
    /// What.
    pub pickup_piece: Vec<PickupPiece>,
    /// Sum.
    pub total_weight: TotalWeight,
    /// `Y`: a piece is above 70 lb or 32 kg.
    pub overweight_indicator: &'static str,
    /// `01`: the account.
    pub payment_method: &'static str,
    /// At most 57 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special_instruction: Option<String>,
    /// At most 35 characters.
    pub reference_number: String,
}

/// The account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Shipper {
    /// The account.
    pub account: Account,
}

/// The account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Account {
    /// Six characters.
    pub account_number: String,
    /// ISO 3166-1 alpha-2.
    pub account_country_code: String,
}

/// When.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupDateInfo {
    /// `HHMM`.
    pub close_time: String,
    /// `HHMM`.
    pub ready_time: String,
    /// `YYYYMMDD`.
    pub pickup_date: String,
}

/// Where.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupAddress {
    /// At most 27 characters.
    pub company_name: String,
    /// At most 22 characters.
    pub contact_name: String,
    /// At most 73 characters each.
    pub address_line: Vec<String>,
    /// City.
    pub city: String,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_province: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: String,
    /// `Y` or `N`.
    pub residential_indicator: &'static str,
    /// Where the parcels stand, at most 11 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pickup_point: Option<String>,
    /// Phone.
    pub phone: Phone,
}

/// Parcels of one service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupPiece {
    /// Three digits: `003`.
    pub service_code: String,
    /// How many.
    pub quantity: String,
    /// ISO 3166-1 alpha-2.
    pub destination_country_code: String,
    /// `01` package, `02` letter.
    pub container_code: &'static str,
}

/// Sum.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct TotalWeight {
    /// One decimal.
    pub weight: String,
    /// `LBS` or `KGS`, without a wrapper.
    pub unit_of_measurement: String,
}

/// The answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupCreationResponseWrapper {
    /// Its only element.
    pub pickup_creation_response: PickupCreationResponse,
}

/// The answer's content.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupCreationResponse {
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::object")]
    pub response: Option<ResponsePart>,
    /// Confirmation number.
    #[serde(default, rename = "PRN", deserialize_with = "lenient::text")]
    pub prn: Option<String>,
    /// Price.
    #[serde(default, deserialize_with = "lenient::object")]
    pub rate_result: Option<RateResult>,
}

/// Price.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateResult {
    /// ISO 4217.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency_code: Option<String>,
    /// Lines.
    #[serde(default, deserialize_with = "lenient::list")]
    pub charge_detail: Vec<ChargeDetail>,
    /// Total.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub grand_total_of_all_charge: Option<Decimal>,
}

/// A line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChargeDetail {
    /// UPS's code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub charge_code: Option<String>,
    /// UPS's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub charge_description: Option<String>,
    /// Amount.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub charge_amount: Option<Decimal>,
}

/// The answer to `DELETE /api/shipments/v2409/pickup/02`: that it is there says that it is done.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupCancelResponseWrapper {
    /// Its only element.
    #[expect(dead_code, reason = "read to know that UPS and not a proxy answered")]
    pub pickup_cancel_response: PickupCancelResponse,
}

/// The answer's content.
#[derive(Debug, Deserialize)]
pub struct PickupCancelResponse {}
