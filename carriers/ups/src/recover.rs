//! Label recovery: labels again, by number or by the handle that stands among the references.

use http::Method;
use waybill_core::{
    Document, DocumentKind, Error, ErrorKind, LabelSpec, Piece, Purchase, Recovery, Request, Response,
    Result, Settlement, TrackingNumber, wire,
};

use crate::config::Config;
use crate::wire::common::RequestPart;
use crate::wire::recovery::{
    LabelRecoveryRequest, LabelRecoveryRequestWrapper, LabelRecoveryResponseWrapper, ReferenceValue,
    ReferenceValues,
};
use crate::{error, papers, ship};

/// How to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// By a tracking number.
    Number(String),
    /// By a reference of this account.
    Reference(String),
}

/// What UPS shows.
pub(crate) enum Shown {
    /// One shipment.
    Labels(Found),
    /// Several shipments with one reference: numbers to ask for.
    Several(Vec<String>),
    /// A shipment that is void.
    Voided,
    /// Nothing.
    Absent,
}

/// A shipment that was found.
pub(crate) struct Found {
    /// Its key.
    pub shipment: String,
    /// Number and papers of each piece; a label is among the papers.
    pub labels: Vec<(TrackingNumber, Vec<Document>)>,
    /// Papers of the whole shipment.
    pub papers: Vec<Document>,
}

/// Builds the question. `TrackingNumbers`, which UPS's file marks as required, is for Roadie only.
pub(crate) fn request(config: &Config, by: &By, label: &LabelSpec) -> Result<Request> {
    let (tracking_number, reference_values) = match by {
        By::Number(number) => (Some(number.clone()), None),
        By::Reference(value) => (
            None,
            Some(ReferenceValues {
                reference_number: ReferenceValue { value: value.clone() },
                shipper_number: config.account_number.clone(),
            }),
        ),
    };
    let body = LabelRecoveryRequestWrapper {
        label_recovery_request: LabelRecoveryRequest {
            request: RequestPart { sub_version: None, request_option: None },
            label_specification: ship::label_specification(label, label.format.clone()),
            tracking_number,
            reference_values,
        },
    };
    wire::json_request(Method::POST, &wire::endpoint(&config.base()?, "/api/labels/v1/recovery"), &body)
}

/// Reads the answer. Absent and void are answers here, although UPS writes them as errors.
pub(crate) fn parse(response: &Response) -> Result<Shown> {
    let answer: LabelRecoveryResponseWrapper = match error::read(response, "label recovery") {
        Ok(answer) => answer,
        Err(error) => {
            return match error.carrier_code() {
                Some(error::LABEL_ABSENT) => Ok(Shown::Absent),
                Some(error::LABEL_VOIDED) => Ok(Shown::Voided),
                _ => Err(error),
            };
        }
    };
    let answer = answer.label_recovery_response;
    if answer.label_results.is_empty() && !answer.tracking_candidate.is_empty() {
        let numbers = answer.tracking_candidate.into_iter().filter_map(|candidate| candidate.tracking_number);
        return Ok(Shown::Several(numbers.collect()));
    }
    let mut labels = Vec::new();
    for (at, result) in (0_u32..).zip(&answer.label_results) {
        let (Some(number), Some(image)) = (&result.tracking_number, &result.label_image) else { continue };
        labels.push((TrackingNumber::from(number.as_str()), papers::label_documents(image, at)?));
    }
    let first = labels.first().map(|(number, _)| number.to_string());
    let Some(shipment) = answer.shipment_identification_number.or(first).filter(|_| !labels.is_empty())
    else {
        return Err(Error::malformed("label recovery: the answer has no label"));
    };
    let mut forms = papers::Papers::default();
    answer
        .form
        .iter()
        .filter_map(papers::image_of)
        .for_each(|image| forms.add(image, &DocumentKind::CommercialInvoice, None));
    Ok(Shown::Labels(Found { shipment, labels, papers: forms.documents }))
}

/// The sales that were found. One sale with fewer pieces than were ordered is no answer: the others would be lost.
pub(crate) fn sold(shipments: Vec<Found>, pieces: usize) -> Result<Recovery> {
    if let [only] = shipments.as_slice()
        && only.labels.len() < pieces
    {
        let message =
            format!("label recovery: a sale was found with {} of {pieces} labels", only.labels.len());
        return Err(Error::malformed(message).with("shipment", &only.shipment));
    }
    Ok(Recovery::Found(shipments.into_iter().map(Found::purchase).collect()))
}

impl Found {
    /// Adds pieces of the same shipment that are not there yet.
    pub(crate) fn add(&mut self, other: Self) {
        for (number, papers) in other.labels {
            if self.labels.iter().all(|(known, _)| *known != number) {
                let at = u32::try_from(self.labels.len()).unwrap_or(u32::MAX);
                let papers = papers.into_iter().map(|paper| paper.for_parcel(at)).collect();
                self.labels.push((number, papers));
            }
        }
    }

    /// The sale, without its price: label recovery does not tell it.
    pub(crate) fn purchase(self) -> Purchase {
        let pieces: Vec<Piece> =
            (0_u32..).zip(&self.labels).map(|(at, (number, _))| Piece::new(at, number.clone())).collect();
        let numbers: Vec<&str> = pieces.iter().map(|piece| piece.tracking.as_str()).collect();
        Purchase {
            shipment_key: self.shipment.as_str().into(),
            carrier_data: Some(numbers.join(",")),
            pieces,
            documents: self.documents(),
            prices: Vec::new(),
            settlement: Settlement::BilledToAccount,
            delivery: None,
            warnings: Vec::new(),
        }
    }

    /// Numbers the papers by the order of these pieces; papers of other pieces are left out.
    pub(crate) fn put_in_order(&mut self, pieces: &[TrackingNumber]) {
        if pieces.is_empty() {
            return;
        }
        let mut ordered = Vec::new();
        for (at, piece) in (0_u32..).zip(pieces) {
            if let Some((number, papers)) = self.labels.iter().find(|(number, _)| number == piece) {
                let papers = papers.iter().cloned().map(|paper| paper.for_parcel(at)).collect();
                ordered.push((number.clone(), papers));
            }
        }
        self.labels = ordered;
    }

    /// All papers.
    pub(crate) fn documents(&self) -> Vec<Document> {
        let of_pieces = self.labels.iter().flat_map(|(_, papers)| papers);
        of_pieces.chain(&self.papers).cloned().collect()
    }

    /// The labels alone.
    pub(crate) fn labels_only(&self) -> Vec<Document> {
        let papers = self.labels.iter().flat_map(|(_, papers)| papers);
        papers.filter(|paper| paper.kind == DocumentKind::Label).cloned().collect()
    }
}

/// UPS's own refusal of the question, not a trouble with asking it.
pub(crate) fn is_refusal(error: &Error) -> bool {
    let trouble = matches!(
        error.kind,
        ErrorKind::Auth | ErrorKind::NotEntitled | ErrorKind::Unavailable | ErrorKind::RateLimited { .. }
    );
    error.phase == waybill_core::Phase::Answered && !trouble
}

/// A label that cannot be had again.
pub(crate) fn gone(message: &str) -> Error {
    Error::new(ErrorKind::NotFound, message).in_phase(waybill_core::Phase::Answered)
}
