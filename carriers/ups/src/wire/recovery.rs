//! `POST /api/labels/v1/recovery`.

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::common::{Image, Paper, RequestPart};
use super::shipping::LabelSpecification;

/// The request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelRecoveryRequestWrapper {
    /// Its only element.
    pub label_recovery_request: LabelRecoveryRequest,
}

/// The request's content: by number or by reference.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelRecoveryRequest {
    /// Nothing to choose.
    pub request: RequestPart,
    /// Wanted label.
    pub label_specification: LabelSpecification,
    /// By number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// By reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_values: Option<ReferenceValues>,
}

/// A reference of an account.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReferenceValues {
    /// The reference.
    pub reference_number: ReferenceValue,
    /// The account.
    pub shipper_number: String,
}

/// A reference.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReferenceValue {
    /// At most 35 characters.
    pub value: String,
}

/// The answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelRecoveryResponseWrapper {
    /// Its only element.
    pub label_recovery_response: LabelRecoveryResponse,
}

/// The answer's content.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelRecoveryResponse {
    /// Number of the first package.
    #[serde(default, deserialize_with = "lenient::text")]
    pub shipment_identification_number: Option<String>,
    /// Labels.
    #[serde(default, deserialize_with = "lenient::list")]
    pub label_results: Vec<LabelResult>,
    /// Customs documents.
    #[serde(default, deserialize_with = "lenient::list")]
    pub form: Vec<Paper>,
    /// Several shipments have the reference: ask for each by number.
    #[serde(default, deserialize_with = "lenient::list")]
    pub tracking_candidate: Vec<TrackingCandidate>,
}

/// A label.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelResult {
    /// Its package.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    /// The label.
    #[serde(default, deserialize_with = "lenient::object")]
    pub label_image: Option<Image>,
}

/// A shipment with the reference.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrackingCandidate {
    /// Its number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
}
