//! Customs documents of the shipper's own (UPS calls them user created forms): uploaded for a shipment to come, whose
//! order then names their ids, or uploaded and attached to a shipment that is bought.

use std::collections::BTreeMap;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use waybill_core::{
    Cx, Document, DocumentKind, Error, FieldProblem, LabelFormat, LabelKey, Request, Response, Result,
    TradeDocuments, UploadReply, UploadRequest, wire,
};

use crate::carrier::Ups;
use crate::config::{Config, Environment};
use crate::services::option;
use crate::wire::common::RequestPart;
use crate::wire::paperless::{
    self, DocumentIds, PushToImageRepositoryRequest, PushToImageRepositoryRequestWrapper,
    PushToImageRepositoryResponseWrapper, UploadRequestWrapper, UploadResponseWrapper, UserCreatedForm,
};
use crate::{error, rate, void};

/// Documents of one shipment that UPS takes.
pub(crate) const MOST: usize = 13;

#[async_trait]
impl TradeDocuments for Ups {
    async fn upload(&self, cx: &Cx, request: &UploadRequest) -> Result<UploadReply> {
        let response = self.change(cx, upload_request(&self.config, request)?).await?;
        let mut reply = parse(&response, request)?;
        if let Some(key) = &request.shipment {
            let attach = attach_request(&self.config, key, &reply.ids)?;
            let response = self.change(cx, attach).await?;
            parse_attached(&response, &mut reply)?;
        }
        Ok(reply)
    }
}

/// Builds the upload: all documents in one call.
pub(crate) fn upload_request(config: &Config, request: &UploadRequest) -> Result<Request> {
    if request.documents.is_empty() || request.documents.len() > MOST {
        let problem = format!("{} documents, UPS takes 1 to {MOST}", request.documents.len());
        return Err(Error::invalid_field("documents", problem, "give fewer, or join them into one file"));
    }
    // UPS: 10 MB a file, 1 MB on its test host.
    let most = if config.environment == Environment::Test { 1_000_000 } else { 10_000_000 };
    let form = |(at, document): (usize, &Document)| form(document, at, most);
    let body = UploadRequestWrapper {
        upload_request: paperless::UploadRequest {
            request: RequestPart { sub_version: None, request_option: None },
            shipper_number: config.account_number.clone(),
            user_created_form: request.documents.iter().enumerate().map(form).collect::<Result<_>>()?,
        },
    };
    of_account(config, "/api/paperlessdocuments/v2/upload", &body)
}

fn of_account(config: &Config, path: &str, body: &impl serde::Serialize) -> Result<Request> {
    let mut request = wire::json_request(Method::POST, &wire::endpoint(&config.base()?, path), body)?;
    wire::set_header(&mut request, "shippernumber", &config.account_number)?;
    Ok(request)
}

fn form(document: &Document, at: usize, most: usize) -> Result<UserCreatedForm> {
    let refuse = |part: &str, problem: String, cure: &str| {
        let path =
            if part.is_empty() { format!("documents[{at}]") } else { format!("documents[{at}].{part}") };
        Err(Error::invalid(vec![FieldProblem::new(path, problem, cure)]))
    };
    let Some(document_type) = document_type(&document.kind) else {
        let cure = "use commercial_invoice, certificate_of_origin, packing_list, customs_forms or a kind of UPS's list";
        return refuse("kind", format!("`{}` is no customs document for UPS", document.kind), cure);
    };
    let Some(format) = format(&document.format) else {
        let cure = "give pdf, png, gif, jpg, tiff, bmp, doc, docx, xls, xlsx, txt or rtf";
        return refuse("format", format!("UPS takes no {} files", document.format), cure);
    };
    if document.bytes.is_empty() || document.bytes.len() > most {
        let problem = format!("the file has {} bytes, UPS takes 1 to {most}", document.bytes.len());
        return refuse("", problem, "give the whole file, or a smaller one");
    }
    Ok(UserCreatedForm {
        name: format!("{}-{}.{format}", document.kind, at + 1),
        file: STANDARD.encode(&document.bytes),
        format,
        document_type,
    })
}

/// UPS's numbers of document types (`Paperless.yaml`, `UserCreatedFormDocumentType`).
fn document_type(kind: &DocumentKind) -> Option<&'static str> {
    Some(match kind {
        DocumentKind::CommercialInvoice => "002",
        DocumentKind::CertificateOfOrigin => "003",
        DocumentKind::PackingList => "010",
        DocumentKind::CustomsForms => "008",
        DocumentKind::Other(name) => match name.as_str() {
            "authorization_form" => "001",
            "export_accompanying_document" => "004",
            "export_license" => "005",
            "import_permit" => "006",
            "usmca" => "007",
            "other" => "008",
            "power_of_attorney" => "009",
            "sed" => "011",
            "shippers_letter_of_instruction" => "012",
            "declaration" => "013",
            _ => return None,
        },
        _ => return None,
    })
}

/// UPS's names of file formats.
fn format(format: &LabelFormat) -> Option<String> {
    let name = match format {
        LabelFormat::Tiff => "tif",
        LabelFormat::Pdf | LabelFormat::Png | LabelFormat::Gif | LabelFormat::Jpg => format.as_str(),
        LabelFormat::Other(name) => match name.as_str() {
            known @ ("bmp" | "doc" | "docx" | "xls" | "xlsx" | "txt" | "rtf") => known,
            _ => return None,
        },
        _ => return None,
    };
    Some(name.to_owned())
}

/// Reads the ids; for a shipment to come they are the value of an option.
pub(crate) fn parse(response: &Response, request: &UploadRequest) -> Result<UploadReply> {
    let answer: UploadResponseWrapper = error::read(response, "document upload")?;
    let answer = answer.upload_response;
    let ids = answer.documents.map(|documents| documents.ids).unwrap_or_default();
    if ids.len() != request.documents.len() {
        let problem = format!(
            "document upload: {} documents were sent and {} ids came back",
            request.documents.len(),
            ids.len()
        );
        return Err(Error::malformed(problem).with_words(wire::words_of(response)));
    }
    let mut options = BTreeMap::new();
    if request.shipment.is_none() {
        let named = request.documents.iter().zip(&ids).map(|(document, id)| match document.kind {
            // Known as the invoice, so that UPS is not asked to make another one.
            DocumentKind::CommercialInvoice => format!("{INVOICE}:{id}"),
            _ => id.clone(),
        });
        options.insert(option::DOCUMENTS.to_owned(), named.collect::<Vec<_>>().join(","));
    }
    Ok(UploadReply { ids, options, warnings: rate::notices(&answer.response.unwrap_or_default().alert) })
}

/// Marks an id as the shipper's own commercial invoice.
pub(crate) const INVOICE: &str = "commercial_invoice";

/// Builds the attachment to a bought shipment.
pub(crate) fn attach_request(config: &Config, key: &LabelKey, ids: &[String]) -> Result<Request> {
    let pieces = void::pieces(key);
    let numbers = if pieces.is_empty() { &key.tracking } else { &pieces };
    let mut numbers: Vec<String> = numbers.iter().map(|number| number.0.clone()).collect();
    if numbers.is_empty() {
        numbers.push(key.shipment_key.0.clone());
    }
    let body = PushToImageRepositoryRequestWrapper {
        push_to_image_repository_request: PushToImageRepositoryRequest {
            request: RequestPart { sub_version: None, request_option: None },
            shipper_number: config.account_number.clone(),
            documents: DocumentIds { ids: ids.to_vec() },
            shipment_identifier: key.shipment_key.0.clone(),
            shipment_date_and_time: key.bought_at.format("%Y-%m-%d-%H.%M.%S").to_string(),
            shipment_type: "1",
            tracking_number: numbers,
        },
    };
    of_account(config, "/api/paperlessdocuments/v2/image", &body)
}

fn parse_attached(response: &Response, reply: &mut UploadReply) -> Result<()> {
    let uploaded = |error: Error| error.with("uploaded", reply.ids.join(","));
    let answer: PushToImageRepositoryResponseWrapper =
        error::read(response, "attaching documents").map_err(uploaded)?;
    let remarks = answer.push_to_image_repository_response.response.unwrap_or_default();
    reply.warnings.extend(rate::notices(&remarks.alert));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_formats_are_upss() {
        for (kind, code) in [
            ("commercial_invoice", Some("002")),
            ("certificate_of_origin", Some("003")),
            ("packing_list", Some("010")),
            ("power_of_attorney", Some("009")),
            ("label", None),
            ("holiday_card", None),
        ] {
            assert_eq!(document_type(&kind.into()), code, "{kind}");
        }
        for (name, ups) in
            [("pdf", Some("pdf")), ("tiff", Some("tif")), ("docx", Some("docx")), ("zpl", None)]
        {
            assert_eq!(format(&LabelFormat::from(name)).as_deref(), ups, "{name}");
        }
    }
}
