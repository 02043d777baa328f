//! SCAN form (PS 5630): one barcode that accepts all labels of a day.

use async_trait::async_trait;
use http::Method;
use waybill_core::wire::{self, json_request, parse_json};
use waybill_core::{
    Cx, Document, DocumentKind, Error, LabelFormat, Manifest, ManifestReply, ManifestRequest, PageSize,
    Response, Result, SpendPermit, TrackingNumber,
};

use crate::auth::Roles;
use crate::carrier::Usps;
use crate::error::refusal;
use crate::label::decode;
use crate::multipart;
use crate::party;
use crate::ship::ONE_JSON;
use crate::wire::scan_form::{FormMetadata, ImageInfo, ScanFormAnswer, ScanFormRequest, Shipment};

const WHAT: &str = "USPS SCAN form";

#[async_trait]
impl Manifest for Usps {
    async fn close(&self, cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let body = body(request)?;
        self.payer()?;
        let url = self.url("/scan-forms/v3/scan-form");
        let build = || {
            let mut http = json_request(Method::POST, &url, &body)?;
            wire::accept(&mut http, ONE_JSON);
            Ok(http)
        };
        let response = self.spend(cx, permit, Some(Roles::Outbound), build).await?;
        parse(&response, &body.shipment.tracking_numbers)
    }
}

/// Builds the request: all labels share mailing date and entry ZIP code.
pub(crate) fn body(request: &ManifestRequest) -> Result<ScanFormRequest> {
    let at = |problem| Error::invalid(vec![problem]);
    let mut numbers: Vec<String> = Vec::new();
    for number in request.shipments.iter().flat_map(|entry| &entry.tracking) {
        if !numbers.iter().any(|known| known == number.as_str()) {
            numbers.push(number.as_str().to_owned());
        }
    }
    if numbers.is_empty() || numbers.len() > 40_000 {
        return Err(Error::invalid_field(
            "shipments",
            "a SCAN form takes 1 to 40,000 labels",
            "list the labels of the day, or split them",
        ));
    }
    Ok(ScanFormRequest {
        image_info: ImageInfo { image_type: "PDF", label_type: "8.5X11LABEL" },
        mailing_date: request.ship_date.to_string(),
        overwrite_mailing_date: false,
        entry_facility_zip_code: party::zip5(&request.from, "from").map_err(at)?,
        destination_entry_facility_type: "NONE",
        shipment: Shipment { tracking_numbers: numbers },
        from_address: crate::wire::label::Address {
            phone: None,
            email: None,
            ..party::domestic(&request.from, "from").map_err(at)?
        },
    })
}

/// Reads the form and which of the numbers are on it.
pub(crate) fn parse(response: &Response, asked: &[String]) -> Result<ManifestReply> {
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let unreadable = |why: &str| {
        Error::malformed(format!("{WHAT}: the answer cannot be read: {why}"))
            .with_words(wire::words_of(response))
    };
    let content_type =
        response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (metadata, image) = if multipart::is_multipart(content_type, response.body()) {
        let parts = multipart::read(content_type, response.body())
            .map_err(|problem| unreadable(&problem.to_string()))?;
        let first = parts
            .iter()
            .find(|part| part.is_json())
            .ok_or_else(|| unreadable("there are no metadata in it"))?;
        let answer: ScanFormAnswer = first.json().ok_or_else(|| unreadable("the metadata are no JSON"))?;
        let named = parts.iter().find(|part| part.is("SCANFormImage"));
        let image =
            named.or_else(|| parts.iter().find(|part| !part.is_json())).map(|part| part.body.to_vec());
        (metadata(answer).0, image)
    } else {
        metadata(parse_json(response, WHAT)?)
    };
    let number =
        metadata.manifest_number.clone().ok_or_else(|| unreadable("there is no manifest number in it"))?;
    let image = image.and_then(|image| decode(&image)).ok_or_else(|| unreadable("there is no form in it"))?;
    let (accepted, refused) = sort(asked, &metadata);
    let mut form = Document::new(DocumentKind::Manifest, LabelFormat::Pdf, image);
    form.size = Some(PageSize::letter());
    Ok(ManifestReply { number, documents: vec![form], accepted, refused })
}

fn metadata(answer: ScanFormAnswer) -> (FormMetadata, Option<Vec<u8>>) {
    (answer.metadata.unwrap_or(answer.top), answer.image.map(String::into_bytes))
}

type Refused = Vec<(TrackingNumber, String)>;

/// Numbers that the form lists are accepted. A form without a list is for all that were asked.
fn sort(asked: &[String], metadata: &FormMetadata) -> (Vec<TrackingNumber>, Refused) {
    let of_shipment = metadata.shipment.as_ref().map(|shipment| shipment.tracking_numbers.as_slice());
    let listed = match metadata.tracking_numbers.as_slice() {
        [] => of_shipment.unwrap_or_default(),
        listed => listed,
    };
    let (on, off): (Vec<_>, Vec<_>) =
        asked.iter().partition(|number| listed.is_empty() || listed.contains(number));
    let number = |number: &String| TrackingNumber::from(number.as_str());
    let refused =
        off.into_iter().map(|off| (number(off), "USPS did not put it on the form".to_owned())).collect();
    (on.into_iter().map(number).collect(), refused)
}
