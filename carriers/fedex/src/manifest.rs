//! End of day: `PUT /ship/v1/endofday/`. Only FedEx Ground is closed; it closes all Ground shipments of the account and
//! day at once and takes no list. Express shipments need no close.

use async_trait::async_trait;
use http::Method;
use waybill_core::{
    Cx, Document, DocumentKind, Error, LabelFormat, Manifest, ManifestEntry, ManifestReply, ManifestRequest,
    Phase, Response, Result, SpendPermit, TrackingNumber,
};

use crate::auth::Call;
use crate::carrier::FedEx;
use crate::error::{output, spend_failure};
use crate::ship_reply::decode;
use crate::wire::close::{CloseDocument, CloseDocumentSpecification, CloseOutput, GroundClose};
use crate::{dates, services};

const PATH: &str = "/ship/v1/endofday/";
/// What is said of shipments that are not closed.
const NO_CLOSE: &str = "only FedEx Ground and Home Delivery are closed; this shipment needs no close";

#[async_trait]
impl Manifest for FedEx {
    async fn close(&self, cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let (ground, others): (Vec<&ManifestEntry>, Vec<_>) =
            request.shipments.iter().partition(|entry| self.is_closed_daily(entry));
        let refused = numbers(&others).map(|number| (number, NO_CLOSE.to_owned())).collect();
        if ground.is_empty() {
            return Ok(ManifestReply {
                number: String::new(),
                documents: Vec::new(),
                accepted: Vec::new(),
                refused,
            });
        }
        let body = GroundClose {
            account_number: self.account_number(),
            close_req_type: "GCDR",
            ground_service_category: "GROUND",
            close_date: dates::day(request.ship_date),
            close_document_specification: CloseDocumentSpecification {
                close_document_types: vec!["MANIFEST"],
            },
        };
        let call = Call::new(Method::PUT, PATH, &body)?.traced(request.handle.short());
        let response = self.spend(cx, permit, &call).await?;
        let (number, documents) = read(&response)?;
        let number = number.unwrap_or_else(|| format!("ground-{}", dates::day(request.ship_date)));
        Ok(ManifestReply { number, documents, accepted: numbers(&ground).collect(), refused })
    }
}

impl FedEx {
    fn is_closed_daily(&self, entry: &ManifestEntry) -> bool {
        let known = self.catalogue().service(&entry.service);
        let code = known.map_or(entry.service.as_str(), |service| service.carrier_code.as_str());
        services::is_ground(code) && code != services::GROUND_ECONOMY
    }
}

fn numbers(entries: &[&ManifestEntry]) -> impl Iterator<Item = TrackingNumber> {
    entries.iter().flat_map(|entry| {
        let key = || vec![TrackingNumber::from(entry.shipment_key.as_str())];
        if entry.tracking.is_empty() { key() } else { entry.tracking.clone() }
    })
}

/// Reads an answer: the number of the close, where there is one, and its papers. An account that is closed
/// automatically has nothing left to close, which is fine.
fn read(response: &Response) -> Result<(Option<String>, Vec<Document>)> {
    const WHAT: &str = "close";
    let answered = if response.status().is_success() {
        output::<CloseOutput>(response, WHAT)
    } else {
        Err(spend_failure(response, WHAT))
    };
    let output = match answered {
        Ok(output) => output,
        Err(error) => return nothing_to_close(error),
    };
    let number = output.close_documents.iter().find_map(|document| document.shipping_cycle.0.clone());
    Ok((number, output.close_documents.iter().filter_map(paper).collect()))
}

/// FedEx documents no code for "nothing to close", only the words.
fn nothing_to_close(error: Error) -> Result<(Option<String>, Vec<Document>)> {
    let words = error.carrier.as_ref().and_then(|words| words.message.as_deref()).unwrap_or_default();
    let words = words.to_ascii_lowercase();
    let nothing = error.phase == Phase::Answered
        && words.contains("close")
        && ["nothing", "no shipment", "no package"].iter().any(|word| words.contains(word));
    if nothing { Ok((None, Vec::new())) } else { Err(error) }
}

fn paper(document: &CloseDocument) -> Option<Document> {
    let mut parts: Vec<_> = document.parts.iter().collect();
    parts.sort_by_key(|part| part.document_part_sequence_number.0);
    let bytes: Vec<u8> = parts.iter().filter_map(|part| decode(part.image.or_empty())).flatten().collect();
    // The manifest is a plain text for a line printer, unless it says otherwise.
    let format = match bytes.as_slice() {
        [] => return None,
        [b'%', b'P', b'D', b'F', ..] => LabelFormat::Pdf,
        [0x89, b'P', b'N', b'G', ..] => LabelFormat::Png,
        _ => LabelFormat::Other("txt".to_owned()),
    };
    Some(Document::new(DocumentKind::Manifest, format, bytes))
}
