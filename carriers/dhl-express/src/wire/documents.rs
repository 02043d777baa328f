//! `GET /shipments/{n}/get-image`, `GET /shipments/{n}/proof-of-delivery`, `PATCH /shipments/{n}/upload-image`.

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::Account;

/// Answer with archived documents or the proof of delivery.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct DocumentsAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) documents: Vec<ArchivedDocument>,
}

/// `documents[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ArchivedDocument {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) encoding_format: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) content: Option<String>,
}

/// `PATCH /shipments/{n}/upload-image`: own paperwork for paperless trade, after the purchase. (The specification
/// requires `shipmentTrackingNumber` in the body and declares no such property; the number is in the path.)
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageUploadRequest {
    pub(crate) original_planned_shipping_date: String,
    pub(crate) accounts: Vec<Account>,
    pub(crate) product_code: String,
    pub(crate) document_images: Vec<DocumentImage>,
}

/// `documentImages[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DocumentImage {
    pub(crate) type_code: &'static str,
    pub(crate) image_format: &'static str,
    pub(crate) content: String,
}
