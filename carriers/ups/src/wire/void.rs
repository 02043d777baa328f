//! `DELETE /api/shipments/v2409/void/cancel/{shipment}`.

use serde::Deserialize;
use waybill_core::lenient;

use super::common::Described;

/// The answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VoidShipmentResponseWrapper {
    /// Its only element.
    pub void_shipment_response: VoidShipmentResponse,
}

/// The answer's content.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VoidShipmentResponse {
    /// For the whole shipment.
    #[serde(default, deserialize_with = "lenient::object")]
    pub summary_result: Option<SummaryResult>,
    /// Per package. The documentation writes `PackageLevelResults`, live answers `PackageLevelResult`.
    #[serde(default, alias = "PackageLevelResult", deserialize_with = "lenient::list")]
    pub package_level_results: Vec<PackageLevelResult>,
}

/// For the whole shipment.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SummaryResult {
    /// `1`: void.
    #[serde(default, deserialize_with = "lenient::object")]
    pub status: Option<Described>,
}

/// For a package.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PackageLevelResult {
    /// Its number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    /// `1`: void, `0`: not.
    #[serde(default, deserialize_with = "lenient::object")]
    pub status: Option<Described>,
}
