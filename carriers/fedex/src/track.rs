//! Where parcels are: `POST /track/v1/trackingnumbers`, thirty numbers at a time; `POST /track/v1/referencenumbers` for what
//! is no number of FedEx, one reference at a time; and proofs of delivery.

use async_trait::async_trait;
use chrono::Duration;
use waybill_core::wire::{clip, words_of};
use waybill_core::{
    Country, Cx, DeliveryEstimate, Document, DocumentKind, Error, ErrorKind, EventPlace, LabelFormat,
    Personal, Proof, ProofRequest, Response, Result, Track, TrackDetail, TrackEvent, TrackOutcome,
    TrackReplies, TrackReply, TrackRequest, TrackStatus, Tracking, TrackingNumber, Weight, WeightUnit,
};

use crate::auth::{Call, Project};
use crate::carrier::FedEx;
use crate::dates;
use crate::error::{output, per_number};
use crate::parts::state_from_fedex;
use crate::ship_reply::decode;
use crate::track_codes::{code_of_words, meaning};
use crate::uncertain;
use crate::wire::track::{
    CompleteTrackResult, ReferenceNumbersRequest, ReferencesInformation, ScanEvent, TrackDocumentDetail,
    TrackDocumentSpecification, TrackOutput, TrackResult, TrackingDocumentsOutput, TrackingDocumentsRequest,
    TrackingInfo, TrackingNumberInfo, TrackingNumbersRequest,
};
use crate::wire::{CarrierError, ReadAddress};

const PATH: &str = "/track/v1/trackingnumbers";
pub(crate) const BY_REFERENCE: &str = "/track/v1/referencenumbers";
const DOCUMENTS: &str = "/track/v1/trackingdocuments";
/// Numbers per call.
const BATCH: usize = 30;

#[async_trait]
impl Tracking for FedEx {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let (references, numbers): (Vec<_>, Vec<_>) = request.numbers.iter().cloned().partition(is_reference);
        let mut known = Vec::with_capacity(request.numbers.len());
        for batch in numbers.chunks(BATCH) {
            known.extend(self.track_batch(cx, request, batch).await?);
        }
        for reference in references {
            let outcome = self.track_reference(cx, request, &reference).await?;
            known.push(TrackReply { number: reference, outcome });
        }
        // As they were asked for; the same number twice has two replies.
        let mut replies = Vec::with_capacity(known.len());
        for number in &request.numbers {
            if let Some(at) = known.iter().position(|reply| reply.number == *number) {
                replies.push(known.swap_remove(at));
            }
        }
        Ok(TrackReplies { replies })
    }

    async fn proof_of_delivery(&self, cx: &Cx, request: &ProofRequest) -> Result<Proof> {
        let shipped = request.shipped_on;
        let body = TrackingDocumentsRequest {
            track_document_detail: TrackDocumentDetail {
                document_type: "SIGNATURE_PROOF_OF_DELIVERY",
                document_format: "PDF",
            },
            track_document_specification: vec![TrackDocumentSpecification {
                tracking_number_info: TrackingNumberInfo { tracking_number: compact(&request.number) },
                ship_date_begin: shipped.map(|day| dates::day(day - Duration::days(1))),
                ship_date_end: shipped.map(|day| dates::day(day + Duration::days(14))),
                // With the account FedEx shows the whole signature, without it a summary.
                account_number: Some(self.config().account_number.expose().to_owned()),
            }],
        };
        let response = self.ask(cx, Project::Track, &Call::post(DOCUMENTS, &body)?).await?;
        read_proof(&response)
    }
}

impl FedEx {
    /// One call; when FedEx refuses the batch because of one number, each number by itself.
    async fn track_batch(
        &self,
        cx: &Cx,
        request: &TrackRequest,
        batch: &[TrackingNumber],
    ) -> Result<Vec<TrackReply>> {
        let usable: Vec<TrackingNumber> = batch.iter().filter(|number| is_usable(number)).cloned().collect();
        let whole = match self.track_call(cx, request, &usable).await {
            Err(error) if error.kind == ErrorKind::Invalid && usable.len() > 1 => None,
            Err(error) if usable.len() == 1 && speaks_of_the_number(&error) => {
                Some(vec![single(&usable[0], error)])
            }
            other => Some(other?),
        };
        let mut known = match whole {
            Some(replies) => replies,
            None => {
                let mut replies = Vec::new();
                for number in &usable {
                    match self.track_call(cx, request, std::slice::from_ref(number)).await {
                        Ok(reply) => replies.extend(reply),
                        Err(error) if speaks_of_the_number(&error) => replies.push(single(number, error)),
                        Err(error) => return Err(error),
                    }
                }
                replies
            }
        };
        let reply = |number: &TrackingNumber| match known.iter().position(|reply| reply.number == *number) {
            Some(at) => known.remove(at),
            None => TrackReply { number: number.clone(), outcome: TrackOutcome::Failed(unusable()) },
        };
        Ok(batch.iter().map(reply).collect())
    }

    /// The account's parcels with a reference of the shipper, of thirty days: from [`TrackRequest::shipped_from`] on, or the
    /// last ones.
    async fn track_reference(
        &self,
        cx: &Cx,
        request: &TrackRequest,
        reference: &TrackingNumber,
    ) -> Result<TrackOutcome> {
        let tomorrow = cx.now().date_naive() + Duration::days(1);
        let begin = request.shipped_from.unwrap_or(tomorrow - Duration::days(uncertain::REFERENCE_DAYS));
        let end = dates::day(begin + Duration::days(uncertain::REFERENCE_DAYS));
        let body = ReferenceNumbersRequest {
            references_information: ReferencesInformation {
                value: reference.as_str().to_owned(),
                account_number: self.config().account_number.expose().to_owned(),
                ship_date_begin: dates::day(begin),
                ship_date_end: end.clone(),
                ship_date_end_date: end,
            },
            include_detailed_scans: true,
        };
        let response = self.ask(cx, Project::Track, &Call::post(BY_REFERENCE, &body)?).await?;
        match read_reference(&response, reference) {
            Err(error) if speaks_of_the_number(&error) => Ok(failed(error)),
            other => other,
        }
    }

    async fn track_call(
        &self,
        cx: &Cx,
        request: &TrackRequest,
        numbers: &[TrackingNumber],
    ) -> Result<Vec<TrackReply>> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let info = |number: &TrackingNumber| TrackingInfo {
            ship_date_begin: request.shipped_from.map(dates::day),
            ship_date_end: request
                .shipped_from
                .map(|_| dates::day(cx.now().date_naive() + Duration::days(1))),
            tracking_number_info: TrackingNumberInfo { tracking_number: compact(number) },
        };
        let body = TrackingNumbersRequest {
            include_detailed_scans: true,
            tracking_info: numbers.iter().map(info).collect(),
        };
        let response = self.ask(cx, Project::Track, &Call::post(PATH, &body)?).await?;
        read(&response, numbers)
    }
}

/// A number as FedEx writes it: letters and digits only.
fn compact(number: &TrackingNumber) -> String {
    number.as_str().chars().filter(char::is_ascii_alphanumeric).collect()
}

fn is_usable(number: &TrackingNumber) -> bool {
    (1..=40).contains(&compact(number).len())
}

/// What cannot be a number of FedEx, and is taken for a reference: numbers are nine digits or more, and `DT` stands before
/// those of a door tag.
fn is_reference(number: &TrackingNumber) -> bool {
    let digits = |text: &str| text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    let (own, compact) = (number.as_str().trim(), compact(number).to_ascii_uppercase());
    let fits = (1..=40).contains(&own.chars().count()) && !own.chars().any(char::is_control);
    fits && !digits(compact.strip_prefix("DT").unwrap_or(&compact))
}

fn unusable() -> Error {
    Error::invalid_field(
        "numbers",
        "not a FedEx tracking number",
        "give the 12 to 22 digits under the barcode",
    )
}

fn speaks_of_the_number(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Ambiguous)
        && error.carrier_code().is_some_and(|code| code.starts_with("TRACKING"))
}

fn single(number: &TrackingNumber, error: Error) -> TrackReply {
    TrackReply { number: number.clone(), outcome: failed(error) }
}

fn failed(error: Error) -> TrackOutcome {
    match error.kind {
        ErrorKind::NotFound => TrackOutcome::NotFound,
        ErrorKind::NotEntitled => TrackOutcome::NotPermitted,
        _ => TrackOutcome::Failed(error),
    }
}

/// Reads an answer: a reply per number, in their order.
pub fn read(response: &Response, numbers: &[TrackingNumber]) -> Result<Vec<TrackReply>> {
    let output: TrackOutput = output(response, "track")?;
    let reply = |number: &TrackingNumber| {
        let asked = compact(number);
        let mine = |complete: &&CompleteTrackResult| {
            numbers_of(complete).any(|known| known.eq_ignore_ascii_case(&asked))
                || (numbers.len() == 1 && numbers_of(complete).next().is_none())
        };
        let results: Vec<&TrackResult> = output
            .complete_track_results
            .iter()
            .filter(mine)
            .flat_map(|complete| complete.track_results.iter())
            .collect();
        TrackReply { number: number.clone(), outcome: outcome(number, &results) }
    };
    Ok(numbers.iter().map(reply).collect())
}

/// Reads what an answer says about a reference: it may stand on several parcels, each with its own number.
pub fn read_reference(response: &Response, reference: &TrackingNumber) -> Result<TrackOutcome> {
    let output: TrackOutput = output(response, "track by reference")?;
    let mut found: Vec<(TrackingNumber, Vec<&TrackResult>)> = Vec::new();
    for complete in output.complete_track_results.iter() {
        for result in complete.track_results.iter() {
            let own = result.tracking_number_info.as_ref().and_then(|info| info.tracking_number.0.as_deref());
            let number = own.or(complete.tracking_number.0.as_deref()).filter(|number| !number.is_empty());
            let number = number.map_or_else(|| reference.clone(), TrackingNumber::from);
            match found.iter_mut().find(|(known, _)| *known == number) {
                Some((_, results)) => results.push(result),
                None => found.push((number, vec![result])),
            }
        }
    }
    let (mut tracks, mut other) = (Vec::new(), TrackOutcome::NotFound);
    for (number, results) in &found {
        match outcome(number, results) {
            TrackOutcome::Found(track) => tracks.push(*track),
            TrackOutcome::Several(several) => tracks.extend(several),
            // What one parcel is without is not said of the others.
            outcome if matches!(other, TrackOutcome::NotFound) => other = outcome,
            _ => {}
        }
    }
    Ok(match tracks.len() {
        0 => other,
        1 => tracks.pop().map_or(TrackOutcome::NotFound, |track| TrackOutcome::Found(Box::new(track))),
        _ => TrackOutcome::Several(tracks),
    })
}

/// The number that a part of the answer is about; where it is missing, those of its parcels.
fn numbers_of(complete: &CompleteTrackResult) -> impl Iterator<Item = String> {
    let outer = complete.tracking_number.0.as_deref();
    let inner = complete.track_results.iter().filter(move |_| outer.is_none());
    let inner = inner.filter_map(|result| result.tracking_number_info.as_ref()?.tracking_number.0.as_deref());
    outer.into_iter().chain(inner).map(|number| number.chars().filter(char::is_ascii_alphanumeric).collect())
}

fn outcome(number: &TrackingNumber, results: &[&TrackResult]) -> TrackOutcome {
    let good: Vec<&&TrackResult> = results.iter().filter(|result| error_of(result).is_none()).collect();
    if good.is_empty() {
        let error = results.iter().find_map(|result| error_of(result));
        return error.map_or(TrackOutcome::NotFound, |error| failed(per_number(error)));
    }
    let mut tracks: Vec<Track> = good.iter().map(|result| history(number, result)).collect();
    // A number that FedEx used again: the newest parcel first.
    tracks.sort_by_key(|track| std::cmp::Reverse(track.events.first().and_then(|event| event.at.sort_key())));
    match tracks.len() {
        1 => match tracks.pop() {
            Some(track) if track.events.is_empty() && track.status == TrackStatus::Unknown => {
                TrackOutcome::NoEventsYet
            }
            Some(track) => TrackOutcome::Found(Box::new(track)),
            None => TrackOutcome::NotFound,
        },
        _ => TrackOutcome::Several(tracks),
    }
}

/// The error of one number; good results may carry an empty one.
pub fn error_of(result: &TrackResult) -> Option<&CarrierError> {
    result.error.as_ref().filter(|error| error.code.0.is_some())
}

/// The current status by FedEx's own word for it.
pub fn latest(result: &TrackResult) -> Option<(TrackStatus, Option<TrackDetail>)> {
    let status = result.latest_status_detail.as_ref()?;
    let why = status.ancillary_details.first();
    let reason = why.map(|why| why.reason.or_empty()).unwrap_or_default();
    let words = why.map(|why| why.reason_description.or_empty()).unwrap_or_default();
    let by =
        |code: &str| Some(meaning(code, reason, words)).filter(|(status, _)| *status != TrackStatus::Unknown);
    by(status.code.or_empty()).or_else(|| by(status.derived_code.or_empty())).or_else(|| {
        let words = status.status_by_locale.0.as_deref().or(status.description.0.as_deref())?;
        by(code_of_words(words)?)
    })
}

/// Numbers of a kind that belong to a parcel.
pub fn identifier(result: &TrackResult, kind: &str) -> Option<String> {
    identifiers(result).find(|(name, _)| name == kind).map(|(_, value)| value)
}

fn identifiers(result: &TrackResult) -> impl Iterator<Item = (String, String)> {
    let lists = result.additional_tracking_info.as_ref().map(|info| info.package_identifiers.0.as_slice());
    lists.unwrap_or_default().iter().flat_map(|list| {
        let name = list.r#type.or_empty();
        let values = list.values.iter().chain(&list.value.0).filter_map(|value| value.0.clone());
        values.map(move |value| (name.to_owned(), value))
    })
}

fn history(number: &TrackingNumber, result: &TrackResult) -> Track {
    let mut track = Track::from_events(number.clone(), result.scan_events.iter().map(event).collect());
    if let Some((status, detail)) = latest(result) {
        // FedEx derives "delivered" from the scan that brings a parcel back to its shipper.
        let came_back = status == TrackStatus::Delivered && track.status == TrackStatus::Returned;
        // The newest scan may know the reason of the very same status.
        let code = result.latest_status_detail.as_ref().map(|latest| latest.code.or_empty());
        let same_scan = detail.is_none() && track.events.first().map(|event| event.code.as_str()) == code;
        if !came_back && !same_scan {
            (track.status, track.detail) = (status, detail);
        }
    }
    let date = |kind: &str| {
        let found = result.date_and_times.iter().find(|at| at.r#type.or_empty() == kind)?;
        found.date_time.0.as_deref()
    };
    let done = matches!(track.status, TrackStatus::Delivered | TrackStatus::Returned);
    if done {
        track.delivered = track.delivered.or_else(|| date("ACTUAL_DELIVERY").and_then(dates::day_or_moment));
        track.signed_by = signer(result);
    } else {
        track.delivered = None;
        let promised = date("APPOINTMENT_DELIVERY").or_else(|| date("COMMITMENT"));
        track.expected = expected(result, date("ESTIMATED_DELIVERY"), promised);
    }
    track.service = result.service_detail.as_ref().and_then(|service| service.description.0.clone());
    track.weight = weight(result);
    track.other_numbers =
        identifiers(result).map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    track
}

fn signer(result: &TrackResult) -> Option<Personal> {
    let details = result.delivery_details.as_ref()?;
    details.signed_by_name.0.clone().or_else(|| details.received_by_name.0.clone()).map(Personal)
}

fn expected(
    result: &TrackResult,
    estimated: Option<&str>,
    commitment: Option<&str>,
) -> Option<DeliveryEstimate> {
    let window = result.estimated_delivery_time_window.as_ref().and_then(|it| it.window.as_ref());
    let standard = result.standard_transit_time_window.as_ref().and_then(|it| it.window.as_ref());
    let ends = window.and_then(|window| window.ends.0.as_deref());
    let last = standard.and_then(|window| window.ends.0.as_deref());
    let mut estimate = [ends, estimated, commitment, last].into_iter().flatten().find_map(dates::estimate)?;
    if ends.is_some() {
        estimate.earliest = window.and_then(|window| dates::moment(window.begins.0.as_deref()?));
    }
    Some(estimate)
}

fn weight(result: &TrackResult) -> Option<Weight> {
    let listed = result.package_details.as_ref()?.weight_and_dimensions.as_ref()?;
    let read = |weight: &crate::wire::ReadWeight| {
        let unit = match weight.unit.0.as_deref().or(weight.units.0.as_deref())? {
            "LB" | "LBS" => WeightUnit::Pound,
            "KG" | "KGS" => WeightUnit::Kilogram,
            _ => return None,
        };
        Some(Weight { value: weight.value.0?, unit })
    };
    listed.weight.iter().find_map(read)
}

fn event(scan: &ScanEvent) -> TrackEvent {
    let exception = scan.exception_description.or_empty();
    let description = scan.event_description.or_empty();
    let (status, detail) = meaning(scan.event_type.or_empty(), scan.exception_code.or_empty(), exception);
    // The reason says more than the event; each is FedEx's own text.
    let text = if exception.is_empty() { description } else { exception }.to_owned();
    TrackEvent {
        at: scan.date.0.as_deref().and_then(dates::moment).unwrap_or_default(),
        status,
        detail,
        code: scan.event_type.or_empty().to_owned(),
        namespace: None,
        text,
        place: scan.scan_location.as_ref().map(place).unwrap_or_default(),
        reverses: None,
        signed_by: None,
    }
}

fn place(address: &ReadAddress) -> EventPlace {
    let country = address.country_code.0.as_deref().and_then(Country::from_code);
    let state = address.state_or_province_code.0.as_deref();
    EventPlace {
        city: address.city.0.clone(),
        state: state.map(|state| country.map_or_else(|| state.to_owned(), |at| state_from_fedex(state, at))),
        postal_code: address.postal_code.0.clone(),
        country,
        text: None,
    }
}

/// Reads a proof of delivery.
pub fn read_proof(response: &Response) -> Result<Proof> {
    const WHAT: &str = "proof of delivery";
    let output: TrackingDocumentsOutput = output(response, WHAT)?;
    let format = match output.document_format.or_empty() {
        "" | "PDF" => LabelFormat::Pdf,
        "PNG" => LabelFormat::Png,
        other => LabelFormat::Other(clip(other, 12).to_ascii_lowercase()),
    };
    let document =
        |text: &str| Some(Document::new(DocumentKind::ProofOfDelivery, format.clone(), decode(text)?));
    let documents: Vec<Document> =
        output.documents.iter().filter_map(|text| document(text.or_empty())).collect();
    if documents.is_empty() {
        return Err(Error::malformed("proof of delivery: the answer holds no document")
            .with_words(words_of(response)));
    }
    Ok(Proof { documents, signed_by: None, delivered: None })
}
