//! `POST /api/paperlessdocuments/v2/upload` and `/image`.

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::common::{RequestPart, ResponsePart};

/// The request.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UploadRequestWrapper {
    /// Its only element.
    pub upload_request: UploadRequest,
}

/// The request's content.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UploadRequest {
    /// Nothing to choose.
    pub request: RequestPart,
    /// The account.
    pub shipper_number: String,
    /// The documents.
    pub user_created_form: Vec<UserCreatedForm>,
}

/// A document.
#[derive(Serialize)]
pub struct UserCreatedForm {
    /// Its name, at most 300 characters.
    #[serde(rename = "UserCreatedFormFileName")]
    pub name: String,
    /// The file as base64.
    #[serde(rename = "UserCreatedFormFile")]
    pub file: String,
    /// `pdf` and the like.
    #[serde(rename = "UserCreatedFormFileFormat")]
    pub format: String,
    /// `002` commercial invoice and the like.
    #[serde(rename = "UserCreatedFormDocumentType")]
    pub document_type: &'static str,
}

/// Attaches uploaded documents to a bought shipment.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PushToImageRepositoryRequestWrapper {
    /// Its only element.
    pub push_to_image_repository_request: PushToImageRepositoryRequest,
}

/// The request's content.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PushToImageRepositoryRequest {
    /// Nothing to choose.
    pub request: RequestPart,
    /// The account.
    pub shipper_number: String,
    /// The documents.
    #[serde(rename = "FormsHistoryDocumentID")]
    pub documents: DocumentIds,
    /// The shipment.
    pub shipment_identifier: String,
    /// When it was sold, `yyyy-MM-dd-HH.mm.ss`.
    pub shipment_date_and_time: String,
    /// `1` small package.
    pub shipment_type: &'static str,
    /// Its packages.
    pub tracking_number: Vec<String>,
}

/// Ids of documents.
#[derive(Serialize, Deserialize)]
pub struct DocumentIds {
    /// At most 26 characters each.
    #[serde(rename = "DocumentID", default, deserialize_with = "super::common::texts")]
    pub ids: Vec<String>,
}

/// The answer to an upload.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UploadResponseWrapper {
    /// Its only element.
    pub upload_response: UploadResponse,
}

/// The answer's content.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UploadResponse {
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::object")]
    pub response: Option<ResponsePart>,
    /// Ids in the order of the documents.
    #[serde(default, rename = "FormsHistoryDocumentID", deserialize_with = "lenient::object")]
    pub documents: Option<DocumentIds>,
}

/// The answer to an attachment: that it is there says that it is done.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PushToImageRepositoryResponseWrapper {
    /// Its only element.
    pub push_to_image_repository_response: PushToImageRepositoryResponse,
}

/// The answer's content.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PushToImageRepositoryResponse {
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::object")]
    pub response: Option<ResponsePart>,
}
