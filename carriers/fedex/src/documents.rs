//! Customs documents of the shipper's own (electronic trade documents), one call a document. For a shipment to come the
//! order then names their ids; for a bought one FedEx attaches them by the tracking number, when the order said so.

use async_trait::async_trait;
use bytes::Bytes;
use waybill_core::wire::words_of;
use waybill_core::{
    Cx, Document, DocumentKind, Error, FieldProblem, LabelFormat, Response, Result, Service, TradeDocuments,
    UploadReply, UploadRequest,
};

use crate::auth::Call;
use crate::carrier::FedEx;
use crate::error::output;
use crate::services::{self, option};
use crate::ship_reply::Memo;
use crate::uncertain::MOST_DOCUMENT_BYTES;
use crate::wire::documents::{EtdMeta, EtdUpload, EtdUploadOutput};

const PATH: &str = "/documents/v1/etds/upload";
/// Documents of one shipment that FedEx takes.
pub const MOST: usize = 5;

/// Our kind, FedEx's document type. Ship names the same types for documents that are attached.
const TYPES: &[(&str, &str)] = &[
    ("commercial_invoice", "COMMERCIAL_INVOICE"),
    ("certificate_of_origin", "CERTIFICATE_OF_ORIGIN"),
    ("pro_forma_invoice", "PRO_FORMA_INVOICE"),
    ("usmca_certification_of_origin", "USMCA_CERTIFICATION_OF_ORIGIN"),
    ("usmca_commercial_invoice_certification_of_origin", "USMCA_COMMERCIAL_INVOICE_CERTIFICATION_OF_ORIGIN"),
    ("packing_list", "OTHER"),
    ("customs_forms", "OTHER"),
    ("other", "OTHER"),
];

/// FedEx's type of a document; `None` for what is no customs document.
pub fn type_of(kind: &str) -> Option<&'static str> {
    TYPES.iter().find(|(ours, _)| *ours == kind).map(|(_, theirs)| *theirs)
}

#[async_trait]
impl TradeDocuments for FedEx {
    async fn upload(&self, cx: &Cx, request: &UploadRequest) -> Result<UploadReply> {
        let calls = self.uploads(request)?;
        let mut reply = UploadReply::default();
        for call in &calls {
            let uploaded = |error: Error| error.with("uploaded", reply.ids.join(","));
            let response = self.change(cx, call).await.map_err(uploaded)?;
            let id = read(&response).map_err(uploaded)?;
            reply.ids.push(id);
        }
        if request.shipment.is_none() {
            let named = request.documents.iter().zip(&reply.ids);
            let named: Vec<String> = named.map(|(document, id)| format!("{}:{id}", document.kind)).collect();
            reply.options.insert(option::TRADE_DOCUMENTS.to_owned(), named.join(","));
        }
        Ok(reply)
    }
}

impl FedEx {
    /// Everything that can be refused is refused before the first call.
    fn uploads(&self, request: &UploadRequest) -> Result<Vec<Call>> {
        if request.documents.is_empty() || request.documents.len() > MOST {
            let problem = format!("{} documents, FedEx takes 1 to {MOST}", request.documents.len());
            let cure = "give fewer, or join them into one file";
            return Err(Error::invalid_field("documents", problem, cure));
        }
        let carrier_code = self.company_of(request);
        let call = |(at, document): (usize, &Document)| {
            let (ship_document_type, content_type, ending) = check(document, at)?;
            let name = format!("{}-{}.{ending}", document.kind, at + 1);
            let head = EtdUpload {
                workflow_name: if request.shipment.is_some() { "ETDPostshipment" } else { "ETDPreshipment" },
                carrier_code,
                name: name.clone(),
                content_type,
                meta: EtdMeta {
                    ship_document_type,
                    // FedEx wants the form named for the papers of that trade agreement.
                    form_code: ship_document_type.starts_with("USMCA").then_some("USMCA"),
                    tracking_number: request.shipment.as_ref().map(|key| key.shipment_key.0.clone()),
                    shipment_date: Some(request.ship_date.format("%Y-%m-%dT00:00:00").to_string()),
                    origin_country_code: request.from.to_string(),
                    destination_country_code: request.to.to_string(),
                },
            };
            Call::form(PATH, &head, &name, content_type, &document.bytes)
        };
        request.documents.iter().enumerate().map(call).collect()
    }

    /// The operating company: Ground has its own.
    fn company_of(&self, request: &UploadRequest) -> &'static str {
        let bought = request.shipment.as_ref().map(|key| Memo::of(key.carrier_data.as_deref()).service);
        let by_code = bought.as_deref().and_then(|code| self.catalogue().service_by_carrier_code(code));
        let by_name = || request.shipment.as_ref().and_then(|key| self.catalogue().service(&key.service));
        let asked = || request.service.as_ref().and_then(|service| self.catalogue().service(service));
        let service: Option<&Service> = by_code.or_else(by_name).or_else(asked);
        let ground = service.is_some_and(|service| services::is_ground(&service.carrier_code));
        if ground { "FDXG" } else { "FDXE" }
    }
}

/// Type, media type and file ending of a document that FedEx takes.
fn check(document: &Document, at: usize) -> Result<(&'static str, &'static str, &'static str)> {
    let refuse = |part: &str, problem: String, cure: &str| {
        Err(Error::invalid(vec![FieldProblem::new(format!("documents[{at}]{part}"), problem, cure)]))
    };
    let known = match &document.kind {
        DocumentKind::Label => None,
        kind => type_of(kind.as_str()),
    };
    let Some(document_type) = known else {
        let cure = "use commercial_invoice, pro_forma_invoice, certificate_of_origin, usmca_certification_of_origin or other";
        return refuse(".kind", format!("`{}` is no customs document for FedEx", document.kind), cure);
    };
    let Some((media, ending)) = media(&document.format) else {
        let cure = "give pdf, png, jpg, gif, tiff, bmp, doc, docx, xls, xlsx, txt or rtf";
        return refuse(".format", format!("FedEx takes no {} files here", document.format), cure);
    };
    let size = document.bytes.len();
    if size == 0 || size > MOST_DOCUMENT_BYTES {
        let problem = format!("the file has {size} bytes, FedEx takes 1 to {MOST_DOCUMENT_BYTES}");
        return refuse("", problem, "give the whole file, or a smaller one");
    }
    Ok((document_type, media, ending))
}

fn media(format: &LabelFormat) -> Option<(&'static str, &'static str)> {
    Some(match format.as_str() {
        "pdf" => ("application/pdf", "pdf"),
        "png" => ("image/png", "png"),
        "jpg" => ("image/jpeg", "jpg"),
        "gif" => ("image/gif", "gif"),
        "tiff" => ("image/tiff", "tif"),
        "bmp" => ("image/bmp", "bmp"),
        "doc" => ("application/msword", "doc"),
        "docx" => ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        "xls" => ("application/vnd.ms-excel", "xls"),
        "xlsx" => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        "txt" => ("text/plain", "txt"),
        "rtf" => ("application/rtf", "rtf"),
        _ => return None,
    })
}

/// A form of two parts, and its content type. The boundary stands in no part.
pub fn form(head: &[u8], name: &str, content_type: &str, file: &Bytes) -> (String, Vec<u8>) {
    let mut boundary = "waybill-0".to_owned();
    let within = |text: &str, part: &[u8]| part.windows(text.len()).any(|window| window == text.as_bytes());
    for number in 1_u32.. {
        if !within(&boundary, file) && !within(&boundary, head) {
            break;
        }
        boundary = format!("waybill-{number}");
    }
    let mut body = Vec::with_capacity(head.len() + file.len() + 512);
    let mut part = |disposition: String, kind: &str, content: &[u8]| {
        let start = format!(
            "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {kind}\r\n\r\n"
        );
        body.extend_from_slice(start.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    };
    part("name=\"document\"".to_owned(), "application/json", head);
    part(format!("name=\"attachment\"; filename=\"{name}\""), content_type, file);
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// Reads the id.
pub fn read(response: &Response) -> Result<String> {
    let output: EtdUploadOutput = output(response, "document upload")?;
    let id = output.meta.0.and_then(|mut meta| meta.doc_id.take());
    id.ok_or_else(|| {
        Error::malformed("document upload: the answer holds no document id").with_words(words_of(response))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_in_no_part() {
        let file = Bytes::from_static(b"%PDF waybill-0 waybill-1 %%EOF");
        let (kind, body) = form(b"{}", "a.pdf", "application/pdf", &file);
        assert_eq!(kind, "multipart/form-data; boundary=waybill-2");
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text.matches("--waybill-2").count(), 3);
        let (document, attachment) = (text.find("name=\"document\""), text.find("name=\"attachment\""));
        assert!(document < attachment, "FedEx wants the description first");
    }

    #[test]
    fn kinds_are_fedexs_and_others_are_none() {
        assert_eq!(type_of("commercial_invoice"), Some("COMMERCIAL_INVOICE"));
        assert_eq!(type_of("packing_list"), Some("OTHER"));
        assert_eq!(type_of("label"), None);
        assert_eq!(media(&LabelFormat::Zpl), None);
    }
}
