//! `POST /api/addressvalidation/v2/3`.

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::common::{Described, indicator};

/// The request.
#[derive(Debug, Serialize)]
pub struct XavRequestWrapper {
    /// Its only element.
    #[serde(rename = "XAVRequest")]
    pub request: XavRequest,
}

/// The request's content.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct XavRequest {
    /// The address.
    pub address_key_format: AddressKeyFormat,
}

/// An address, both ways.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AddressKeyFormat {
    /// Company.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub consignee_name: Option<String>,
    /// Street lines.
    #[serde(default, deserialize_with = "super::common::texts")]
    pub address_line: Vec<String>,
    /// City.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub political_division2: Option<String>,
    /// State.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub political_division1: Option<String>,
    /// ZIP code.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub postcode_primary_low: Option<String>,
    /// Last four digits of ZIP+4.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub postcode_extended_low: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, deserialize_with = "lenient::text", skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
}

/// The answer.
#[derive(Debug, Deserialize)]
pub struct XavResponseWrapper {
    /// Its only element.
    #[serde(rename = "XAVResponse")]
    pub response: XavResponse,
}

/// The answer's content: exactly one of the indicators is there (none in a mere classification).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct XavResponse {
    /// It exists.
    #[serde(default, deserialize_with = "indicator")]
    pub valid_address_indicator: bool,
    /// Several could be meant.
    #[serde(default, deserialize_with = "indicator")]
    pub ambiguous_address_indicator: bool,
    /// Nothing is like it.
    #[serde(default, deserialize_with = "indicator")]
    pub no_candidates_indicator: bool,
    /// `1` commercial, `2` residential, `0` unknown.
    #[serde(default, deserialize_with = "lenient::object")]
    pub address_classification: Option<Described>,
    /// Proposals.
    #[serde(default, deserialize_with = "lenient::list")]
    pub candidate: Vec<Candidate>,
}

/// A proposal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Candidate {
    /// `1` commercial, `2` residential, `0` unknown.
    #[serde(default, deserialize_with = "lenient::object")]
    pub address_classification: Option<Described>,
    /// The address.
    #[serde(default, deserialize_with = "lenient::object")]
    pub address_key_format: Option<AddressKeyFormat>,
}
