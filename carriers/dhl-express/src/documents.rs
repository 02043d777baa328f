//! Archived documents, proof of delivery, and the upload of own papers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waybill_core::{
    AttachReply, AttachRequest, Document, DocumentKind, Error, LabelFormat, Proof, ProofRequest, Request,
    Response, Result, wire,
};

use crate::carrier::Account;
use crate::wire::documents::{DocumentImage, DocumentsAnswer, ImageUploadRequest};
use crate::{auth, bought, error, services, track, wire as messages};

/// `GET /shipments/{n}/get-image`: `month` is the month of the collection, `YYYY-MM`.
pub(crate) fn image_request(
    account: &Account,
    waybill: &str,
    kind: &str,
    month: &str,
    shipper: &str,
) -> Result<Request> {
    let mut url = wire::endpoint_of(&account.config.base()?, &["shipments", waybill, "get-image"]);
    url.query_pairs_mut()
        .append_pair("shipperAccountNumber", shipper)
        .append_pair("typeCode", kind)
        .append_pair("pickupYearAndMonth", month)
        .append_pair("encodingFormat", "pdf");
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// The files of an answer, each as a document of one kind.
pub(crate) fn parse_images(kind: DocumentKind, response: &Response) -> Result<Vec<Document>> {
    const WHAT: &str = "archived documents";
    if !response.status().is_success() {
        return Err(error::of(response, WHAT));
    }
    let answer: DocumentsAnswer = wire::parse_json(response, WHAT)?;
    let document = |one: &messages::documents::ArchivedDocument| {
        let format = bought::format_of(one.encoding_format.as_deref());
        Ok(Document::new(kind.clone(), format, bought::content(one.content.as_deref())?))
    };
    answer.documents.iter().map(document).collect()
}

/// `GET /shipments/{n}/proof-of-delivery`. DHL proves deliveries of waybills, not of single pieces.
pub(crate) fn proof_request(account: &Account, request: &ProofRequest) -> Result<Request> {
    let number = request.number.as_str().trim();
    if !track::is_waybill(number) {
        return Err(Error::invalid_field(
            "number",
            "not a waybill number of ten digits",
            "ask with the waybill number",
        ));
    }
    let mut url = wire::endpoint_of(&account.config.base()?, &["shipments", number, "proof-of-delivery"]);
    url.query_pairs_mut()
        .append_pair("shipperAccountNumber", &account.config.account)
        .append_pair("content", "epod-summary");
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// The proof; who signed and when is inside the document.
pub(crate) fn parse_proof(response: &Response) -> Result<Proof> {
    let documents = parse_images(DocumentKind::ProofOfDelivery, response)?;
    if documents.is_empty() {
        let error =
            Error::new(waybill_core::ErrorKind::NotFound, "DHL Express has no proof of this delivery yet");
        return Err(error.in_phase(waybill_core::Phase::Answered));
    }
    Ok(Proof { documents, signed_by: None, delivered: None })
}

/// `PATCH /shipments/{n}/upload-image`.
pub(crate) fn upload_request(account: &Account, request: &AttachRequest) -> Result<Request> {
    let refuse = |path: &str, problem: &str, cure: &str| Err(Error::invalid_field(path, problem, cure));
    let waybill = request.key.shipment_key.as_str();
    if !track::is_waybill(waybill) {
        return refuse(
            "key.shipment_key",
            "not a waybill number of ten digits",
            "give the shipment key of the purchase",
        );
    }
    let Some(product) = services::family(request.key.service.as_str()).and_then(|family| family.goods) else {
        return refuse(
            "key.service",
            "not a service for goods",
            "paperless trade is for goods that pass customs",
        );
    };
    if request.documents.is_empty() {
        return refuse("documents", "there is nothing to upload", "give at least one document");
    }
    let images: Result<Vec<DocumentImage>> = request.documents.iter().map(image).collect();
    let message = ImageUploadRequest {
        original_planned_shipping_date: request.ship_date.to_string(),
        accounts: vec![messages::Account { type_code: "shipper", number: account.config.account.clone() }],
        product_code: product.to_owned(),
        document_images: images?,
    };
    let url = wire::endpoint_of(&account.config.base()?, &["shipments", waybill, "upload-image"]);
    auth::seal(&account.config, wire::json_request(http::Method::PATCH, &url, &message)?, None)
}

fn image(document: &Document) -> Result<DocumentImage> {
    let image_format = match document.format {
        LabelFormat::Pdf => "PDF",
        LabelFormat::Png => "PNG",
        LabelFormat::Gif => "GIF",
        LabelFormat::Tiff => "TIFF",
        LabelFormat::Jpg => "JPEG",
        _ => {
            let cure = "give PDF, PNG, GIF, TIFF or JPEG";
            return Err(Error::invalid_field("documents", "not a format that DHL Express takes", cure));
        }
    };
    let type_code = match &document.kind {
        DocumentKind::CommercialInvoice => "INV",
        DocumentKind::Waybill => "AWB",
        DocumentKind::Other(kind) if kind == "proforma_invoice" => "PNV",
        DocumentKind::Other(kind) if kind == "certificate_of_origin" => "COO",
        _ => "DCL",
    };
    Ok(DocumentImage { type_code, image_format, content: STANDARD.encode(&document.bytes) })
}

/// Success has an empty or an uninteresting body.
pub(crate) fn parse_upload(response: Response) -> Result<AttachReply> {
    error::done(response, "upload of documents").map(|()| AttachReply::default())
}
