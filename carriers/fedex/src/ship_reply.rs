//! Buying a label: the answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::wire::{parse_json, words_of};
use waybill_core::{
    Country, DeliveryEstimate, Document, DocumentKind, Error, LabelFormat, LabelOrder, Money, Notice, Piece,
    Price, PriceKind, Purchase, Response, Result, Settlement,
};

use crate::error::{from_carrier, spend_failure};
use crate::rate_reply::{Parts, kind_of, notice};
use crate::wire::Envelope;
use crate::wire::ship::{
    CompletedShipmentDetail, PieceResponse, ShipDocument, ShipOutput, ShipRateDetail, TransactionShipment,
};
use crate::{currency, dates, ship_request};

/// What FedEx answered to a purchase.
pub enum Answer {
    /// It is sold.
    Sold(Box<Purchase>),
    /// It is being made; ask for this job.
    Job(String),
}

/// What a void needs beside the number: `Purchase::carrier_data`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memo {
    /// Country of the sender.
    pub sender: Option<Country>,
    /// FedEx's service code.
    pub service: String,
    /// Number of pieces.
    pub pieces: usize,
}

impl Memo {
    /// Reads it back; nothing when it is not ours.
    pub fn of(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
    /// Writes it.
    pub fn text(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

/// Reads an answer.
pub fn read(response: &Response, order: &LabelOrder, account_country: &Country) -> Result<Answer> {
    if !response.status().is_success() {
        return Err(spend_failure(response, "ship"));
    }
    let envelope: Envelope<ShipOutput> = parse_json(response, "ship")?;
    let output = envelope.output.0.unwrap_or_default();
    // A shipment in the answer is a sale, whatever else stands beside it.
    if let Some(shipment) = output.transaction_shipments.first() {
        let alerts = output.alerts.iter().chain(&shipment.alerts.0).map(notice).collect();
        return purchase(shipment, order, account_country, alerts)
            .map(|purchase| Answer::Sold(Box::new(purchase)))
            .map_err(|error| error.with_words(words_of(response)));
    }
    if let Some(error) = envelope.errors.first() {
        return Err(from_carrier(response, error, envelope.transaction_id.0.clone(), "ship"));
    }
    match output.job_id.0 {
        Some(job) => Ok(Answer::Job(job)),
        None => Err(Error::malformed("ship: the answer holds neither a shipment nor a job")
            .with_words(words_of(response))),
    }
}

fn purchase(
    shipment: &TransactionShipment,
    order: &LabelOrder,
    account_country: &Country,
    mut warnings: Vec<Notice>,
) -> Result<Purchase> {
    let mut responses: Vec<&PieceResponse> = shipment.piece_responses.iter().collect();
    // Pieces come in any order; a single one may have no sequence number.
    responses.sort_by_key(|piece| piece.package_sequence_number.0.unwrap_or(u32::MAX));
    let master = master_number(shipment)
        .ok_or_else(|| Error::malformed("ship: the answer holds no tracking number"))?;
    if responses.len() != order.shipment.parcels.len() {
        return Err(Error::malformed(format!(
            "ship: the answer holds {} pieces of {}",
            responses.len(),
            order.shipment.parcels.len()
        ))
        .with("master_tracking_number", &master));
    }
    let (pieces, mut documents) = pieces(&responses, &master, order, &mut warnings)?;
    let papers = shipment.shipment_documents.iter();
    documents.extend(papers.filter_map(|file| document(file, &LabelFormat::Pdf, None, &mut warnings)));
    share_merged_labels(&mut documents, pieces.len());
    let detail = shipment.completed_shipment_detail.as_ref();
    if shipment.shipment_documents.is_empty() {
        documents.extend(detail.into_iter().flat_map(parted_documents));
    }
    if let Some(dpi) = order.label.dpi {
        documents
            .iter_mut()
            .filter(|file| file.kind == DocumentKind::Label)
            .for_each(|file| file.dpi = Some(dpi));
    }
    let memo = Memo {
        sender: Some(if order.shipment.is_return {
            *account_country
        } else {
            ship_request::sender_country(&order.shipment)
        }),
        service: shipment.service_type.or_empty().to_owned(),
        pieces: pieces.len(),
    };
    Ok(Purchase {
        shipment_key: master.into(),
        pieces,
        documents,
        prices: prices(detail),
        settlement: Settlement::BilledToAccount,
        delivery: delivery(shipment),
        carrier_data: memo.text(),
        warnings,
    })
}

/// Pieces in the order of the parcels, with their labels.
fn pieces(
    responses: &[&PieceResponse],
    master: &str,
    order: &LabelOrder,
    warnings: &mut Vec<Notice>,
) -> Result<(Vec<Piece>, Vec<Document>)> {
    let (mut pieces, mut documents) = (Vec::with_capacity(responses.len()), Vec::new());
    for (parcel, response) in (0_u32..).zip(responses) {
        let number = response.tracking_number.0.clone().or_else(|| single(responses, master));
        let number = number.ok_or_else(|| {
            Error::malformed("ship: a piece has no tracking number").with("master_tracking_number", master)
        })?;
        pieces.push(Piece::new(parcel, number));
        let files = response.package_documents.iter();
        documents
            .extend(files.filter_map(|file| document(file, &order.label.format, Some(parcel), warnings)));
    }
    Ok((pieces, documents))
}

/// Some answers bring the labels of all pieces in one file, at the shipment or at its first piece.
fn share_merged_labels(documents: &mut Vec<Document>, pieces: usize) {
    drop_copies(documents);
    let labels = documents.iter().filter(|file| file.kind == DocumentKind::Label).count();
    if labels == 0 {
        let merged = |file: &&mut Document| file.kind.as_str().starts_with("merged_label");
        if let Some(file) = documents.iter_mut().find(merged) {
            file.kind = DocumentKind::Label;
        }
    } else if labels == 1 && pieces > 1 {
        let only = documents.iter_mut().find(|file| file.kind == DocumentKind::Label);
        // A thermal label is one label; a PDF may have a page for each piece, which the host can count.
        if let Some(file) = only.filter(|file| file.format == LabelFormat::Pdf) {
            file.parcel = None;
        }
    }
}

/// Some answers bring a piece's label a second time among the papers of the shipment.
fn drop_copies(documents: &mut Vec<Document>) {
    let label = |file: &Document| file.kind == DocumentKind::Label;
    let own: Vec<Bytes> = documents
        .iter()
        .filter(|file| label(file) && file.parcel.is_some())
        .map(|file| file.bytes.clone())
        .collect();
    documents.retain(|file| !(label(file) && file.parcel.is_none() && own.contains(&file.bytes)));
}

fn single(responses: &[&PieceResponse], master: &str) -> Option<String> {
    (responses.len() == 1).then(|| master.to_owned())
}

fn master_number(shipment: &TransactionShipment) -> Option<String> {
    let detail = shipment.completed_shipment_detail.as_ref();
    shipment
        .master_tracking_number
        .0
        .clone()
        .or_else(|| detail?.master_tracking_id.as_ref()?.tracking_number.0.clone())
        .or_else(|| shipment.piece_responses.iter().find_map(|piece| piece.master_tracking_number.0.clone()))
        .or_else(|| shipment.piece_responses.iter().find_map(|piece| piece.tracking_number.0.clone()))
}

/// A file; one that cannot be read is left out with a remark, because the sale stands all the same.
fn document(
    file: &ShipDocument,
    asked: &LabelFormat,
    parcel: Option<u32>,
    warnings: &mut Vec<Notice>,
) -> Option<Document> {
    let content = file.content_type.or_empty();
    let Some(bytes) = file.encoded_label.0.as_deref().and_then(decode) else {
        let what = if content.is_empty() { "a document" } else { content };
        warnings.push(Notice::new("document-missing", format!("FedEx sent no readable file for {what}")));
        return None;
    };
    let format = format_of(file.doc_type.or_empty()).unwrap_or_else(|| asked.clone());
    let document = Document::new(kind_of_document(content), format, bytes);
    Some(match parcel {
        Some(parcel) => document.for_parcel(parcel),
        None => document,
    })
}

/// Base64, with line breaks or without.
pub fn decode(text: &str) -> Option<Bytes> {
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(compact).ok().filter(|bytes| !bytes.is_empty()).map(Bytes::from)
}

fn format_of(doc_type: &str) -> Option<LabelFormat> {
    match doc_type.to_ascii_uppercase().as_str() {
        "PDF" => Some(LabelFormat::Pdf),
        "PNG" => Some(LabelFormat::Png),
        "ZPLII" | "ZPL" => Some(LabelFormat::Zpl),
        "EPL2" | "EPL" => Some(LabelFormat::Epl),
        _ => None,
    }
}

fn kind_of_document(content: &str) -> DocumentKind {
    match content {
        // The kind is missing in some answers to packages, which have labels only.
        "" | "LABEL" | "RETURN_LABEL" | "SHIPPING_LABEL" | "OUTBOUND_LABEL" => DocumentKind::Label,
        "COMMERCIAL_INVOICE" | "PRO_FORMA_INVOICE" => DocumentKind::CommercialInvoice,
        "CERTIFICATE_OF_ORIGIN" => DocumentKind::CertificateOfOrigin,
        "USMCA_CERTIFICATION_OF_ORIGIN" | "EXPORT_DECLARATION" => DocumentKind::CustomsForms,
        other => DocumentKind::Other(other.to_ascii_lowercase()),
    }
}

/// Papers in parts: the older home of what `shipmentDocuments` holds.
fn parted_documents(detail: &CompletedShipmentDetail) -> Vec<Document> {
    let mut documents = Vec::new();
    for file in &detail.shipment_documents.0 {
        let mut parts: Vec<_> = file.parts.iter().collect();
        parts.sort_by_key(|part| part.document_part_sequence_number.0);
        let bytes: Vec<u8> =
            parts.iter().filter_map(|part| decode(part.image.or_empty())).flatten().collect();
        if !bytes.is_empty() {
            let format = format_of(file.image_type.or_empty()).unwrap_or(LabelFormat::Pdf);
            documents.push(Document::new(kind_of_document(file.r#type.or_empty()), format, bytes));
        }
    }
    documents
}

/// Prices of the whole shipment. Those of the pieces repeat it and must not be added up.
fn prices(detail: Option<&CompletedShipmentDetail>) -> Vec<Price> {
    let Some(rating) = detail.and_then(|detail| detail.shipment_rating.as_ref()) else { return Vec::new() };
    let actual = rating.actual_rate_type.or_empty();
    let mut prices: Vec<Price> = Vec::new();
    for rated in &rating.shipment_rate_details.0 {
        // The named one is what is paid, unless it is a published price of its own.
        let kind = match kind_of(rated.rate_type.or_empty()) {
            PriceKind::Other(_) if rated.rate_type.or_empty() == actual => PriceKind::Account,
            kind => kind,
        };
        if prices.iter().all(|known| known.kind != kind) {
            prices.extend(price(rated, kind));
        }
    }
    prices
}

fn price(rated: &ShipRateDetail, kind: PriceKind) -> Option<Price> {
    let currency = currency::from_fedex(rated.currency.0.as_deref()?)?;
    let total = rated.total_net_charge.0.filter(|total| *total > Decimal::ZERO)?;
    let parts = Parts {
        base: rated.total_base_charge.0,
        discount: rated.total_freight_discounts.0,
        taxes: rated.total_taxes.0,
        duties: rated.total_duties_and_taxes.0,
    };
    let total = Money::new(total, currency);
    Some(parts.price(kind, total, rated.surcharges.iter(), &rated.taxes, rated.rate_type.or_empty()))
}

fn delivery(shipment: &TransactionShipment) -> Option<DeliveryEstimate> {
    let operational =
        shipment.completed_shipment_detail.as_ref().and_then(|it| it.operational_detail.as_ref());
    let pieces = shipment.piece_responses.iter().filter_map(|piece| piece.delivery_datestamp.0.as_deref());
    let texts = [
        operational.and_then(|it| it.delivery_date.0.as_deref()),
        operational.and_then(|it| it.commit_date.0.as_deref()),
        operational.and_then(|it| it.commit_dates.first()?.0.as_deref()),
    ];
    texts.into_iter().flatten().chain(pieces).find_map(dates::estimate)
}
