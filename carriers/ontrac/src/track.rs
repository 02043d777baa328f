//! Histories and proofs of delivery.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use waybill_core::{
    Country, Cx, DeliveryEstimate, Document, DocumentKind, Error, ErrorKind, EstimateBasis, EventPlace,
    LabelFormat, LocalMoment, Personal, Profile, Proof, ProofRequest, Request, Response, Result, Track,
    TrackDetail, TrackEvent, TrackOutcome, TrackReplies, TrackReply, TrackRequest, TrackStatus,
    TrackingNumber, Weight, WeightUnit, wire,
};

use crate::config::Config;
use crate::error::{self, Meaning};
use crate::text::{amount, date, said, time, truth};
use crate::wire::track::{Event, TrackedShipment, TrackingResult};
use crate::{status, xml};

/// Numbers per call.
const BATCH: usize = 100;

/// Asks for all numbers, 100 at a time.
pub(crate) async fn track(
    config: &Config,
    profile: &Profile,
    cx: &Cx,
    request: &TrackRequest,
) -> Result<TrackReplies> {
    let good: Vec<&TrackingNumber> = request.numbers.iter().filter(|number| is_askable(number)).collect();
    let mut answers = Vec::new();
    for batch in good.chunks(BATCH) {
        let response = cx.read(question(config, batch, &[])?).await?;
        answers.extend(parse(config, &response)?);
    }
    let reply = |number: &TrackingNumber| {
        let outcome = match is_askable(number) {
            true => outcome(config, profile, number, &answers),
            false => TrackOutcome::Failed(Error::invalid_field(
                "numbers",
                "not a tracking number: OnTrac's have letters, digits and hyphens only",
                "check the number",
            )),
        };
        TrackReply { number: number.clone(), outcome }
    };
    Ok(TrackReplies { replies: request.numbers.iter().map(reply).collect() })
}

/// A comma would be two numbers; anything else odd makes OnTrac refuse the whole question.
pub(crate) fn is_askable(number: &TrackingNumber) -> bool {
    let text = number.as_str();
    (1..=50).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn question(config: &Config, numbers: &[&TrackingNumber], more: &[(&str, &str)]) -> Result<Request> {
    let list = numbers.iter().map(|number| number.as_str()).collect::<Vec<_>>().join(",");
    let mut pairs = vec![("requestType", "track"), ("tn", list.as_str())];
    pairs.extend_from_slice(more);
    xml::get(config, "shipments", &pairs)
}

/// Reads one answer. A root text that only says that numbers are not known is no error.
pub(crate) fn parse(config: &Config, response: &Response) -> Result<Vec<TrackedShipment>> {
    let roots = ["OnTracTrackingResult", "OnTracShipmentStatus"];
    let answer: TrackingResult = xml::read_any(config, response, "tracking", &roots)?;
    let inner = answer.shipments.as_ref().map_or("", |shipments| shipments.error.as_str());
    for text in [answer.error.as_str(), inner].into_iter().filter_map(said) {
        if Meaning::of(text) != Meaning::Number {
            return Err(error::of(config, response, "tracking", text));
        }
    }
    Ok(answer.shipments.map(|shipments| shipments.shipment).unwrap_or_default())
}

/// What OnTrac says of one number, which may also be a reference.
fn outcome(
    config: &Config,
    profile: &Profile,
    number: &TrackingNumber,
    answers: &[TrackedShipment],
) -> TrackOutcome {
    let is = |text: &str| text.trim().eq_ignore_ascii_case(number.as_str());
    let mut named: Vec<&TrackedShipment> = answers.iter().filter(|answer| is(&answer.tracking)).collect();
    if named.is_empty() {
        named = answers.iter().filter(|answer| is(&answer.reference) || is(&answer.reference2)).collect();
    }
    let refused = named.iter().find_map(|answer| said(&answer.error));
    named.retain(|answer| said(&answer.error).is_none());
    match (named.as_slice(), refused) {
        ([], None) => TrackOutcome::NotFound,
        ([], Some(text)) if Meaning::of(text) == Meaning::Number => TrackOutcome::NotFound,
        ([], Some(text)) => {
            let words = waybill_core::CarrierWords {
                message: Some(error::shown(config, text)),
                ..Default::default()
            };
            TrackOutcome::Failed(Error::answered(
                ErrorKind::Other("ontrac".into()),
                "OnTrac refused the number",
                words,
            ))
        }
        ([one], _) if one.events.event.is_empty() && truth(&one.delivered) != Some(true) => {
            TrackOutcome::NoEventsYet
        }
        ([one], _) => TrackOutcome::Found(Box::new(history(profile, one))),
        (several, _) => TrackOutcome::Several(several.iter().map(|one| history(profile, one)).collect()),
    }
}

/// The history of a parcel.
pub(crate) fn history(profile: &Profile, parcel: &TrackedShipment) -> Track {
    let mut events: Vec<TrackEvent> = parcel.events.event.iter().map(event).collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.at.sort_key()));
    link(&mut events);
    let mut track = Track::from_events(parcel.tracking.trim(), events);
    let newest =
        track.events.iter().find(|event| event.reverses.is_some() || event.status != TrackStatus::Unknown);
    if newest.is_some_and(|event| status::takes_back(&event.code)) {
        // The flag `Delivered` may still stand while OnTrac puts the mistake right.
        track.status = TrackStatus::Exception;
        track.detail = Some(TrackDetail::Correction);
        track.delivered = None;
    } else if truth(&parcel.delivered) == Some(true) && track.status != TrackStatus::Returned {
        if track.status != TrackStatus::Delivered {
            track.detail = None;
        }
        track.status = TrackStatus::Delivered;
    }
    track.expected = date(&parcel.expected).map(|day| DeliveryEstimate::by_day(day, EstimateBasis::Carrier));
    let code = said(&parcel.service);
    let name =
        code.and_then(|code| profile.service_by_carrier_code(code)).map(|service| service.name.clone());
    track.service = name.or(code.map(str::to_owned));
    let pounds = amount(&parcel.weight).filter(|pounds| *pounds > rust_decimal::Decimal::ZERO);
    track.weight = pounds.map(|pounds| Weight::new(pounds, WeightUnit::Pound));
    if track.status == TrackStatus::Delivered {
        track.signed_by = said(&parcel.pod).map(Personal::from);
    }
    track
}

fn event(event: &Event) -> TrackEvent {
    let (status, detail) = status::of(&event.status, &event.description);
    let text = |text: &str| said(text).map(str::to_owned);
    // An entry of the head office is no place where the parcel was.
    let office = event.facility.trim().eq_ignore_ascii_case("corporate");
    let place = if office {
        EventPlace { text: text(&event.facility), ..EventPlace::default() }
    } else {
        let place = EventPlace {
            city: text(&event.city),
            state: text(&event.state),
            postal_code: text(&event.zip),
            country: None,
            text: text(&event.facility),
        };
        EventPlace { country: (!place.is_empty()).then_some(Country::US), ..place }
    };
    TrackEvent {
        at: moment(&event.event_time),
        status,
        detail,
        code: event.status.trim().to_owned(),
        namespace: None,
        text: event.description.trim().to_owned(),
        place,
        reverses: None,
        signed_by: None,
    }
}

/// Local to the facility, without a zone. The year 1 says nothing.
pub(crate) fn moment(text: &str) -> LocalMoment {
    let text = text.trim().trim_end_matches('Z');
    let Some(day) = date(text) else { return LocalMoment::default() };
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return LocalMoment::with_offset(at);
    }
    let clock = text.split_once(['T', ' ']).and_then(|(_, clock)| time(clock));
    clock.map_or_else(|| LocalMoment::day(day), |clock| LocalMoment::local(day.and_time(clock)))
}

/// Events, newest first: says which delivery a correction takes back, and quietens events that only inform.
fn link(events: &mut [TrackEvent]) {
    for at in 0..events.len() {
        let (newer, older) = events.split_at_mut(at + 1);
        let Some(event) = newer.last_mut() else { continue };
        if status::takes_back(&event.code) {
            let delivery = older.iter().find(|event| event.status == TrackStatus::Delivered);
            event.reverses = delivery.map(|event| event.code.clone());
        }
        let further =
            |event: &TrackEvent| !matches!(event.status, TrackStatus::PreTransit | TrackStatus::Unknown);
        if status::informs(&event.code) && older.iter().any(further) {
            event.status = TrackStatus::Unknown;
        }
    }
}

/// Asks for signature and photo.
pub(crate) fn proof_request(config: &Config, request: &ProofRequest) -> Result<Request> {
    if !is_askable(&request.number) {
        return Err(Error::invalid_field("number", "not a tracking number", "check the number"));
    }
    question(config, &[&request.number], &[("sigFormat", "PNG")])
}

/// Signature and photo as far as they are in the answer. A photo that is only linked to is left where it is.
pub(crate) fn parse_proof(
    config: &Config,
    profile: &Profile,
    request: &ProofRequest,
    response: &Response,
) -> Result<Proof> {
    let answers = parse(config, response)?;
    let words = || wire::words_of(response);
    let missing = |message: &str| Error::answered(ErrorKind::NotFound, message, words());
    let named =
        |answer: &&TrackedShipment| answer.tracking.trim().eq_ignore_ascii_case(request.number.as_str());
    let Some(parcel) = answers.iter().find(named) else {
        return Err(missing("OnTrac does not know the number"));
    };
    if let Some(text) = said(&parcel.error) {
        return Err(error::of(config, response, "proof of delivery", text));
    }
    let track = history(profile, parcel);
    if track.status != TrackStatus::Delivered {
        return Err(missing("the parcel is not delivered yet"));
    }
    let documents = [&parcel.signature, &parcel.vpod].into_iter().filter_map(|text| picture(text)).collect();
    Ok(Proof { documents, signed_by: track.signed_by, delivered: track.delivered })
}

fn picture(text: &str) -> Option<Document> {
    let squeezed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(squeezed).ok().filter(|bytes| bytes.len() > 8)?;
    let format = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => LabelFormat::Png,
        [0xFF, 0xD8, ..] => LabelFormat::Jpg,
        [b'G', b'I', b'F', b'8', ..] => LabelFormat::Gif,
        [b'%', b'P', b'D', b'F', ..] => LabelFormat::Pdf,
        _ => return None,
    };
    Some(Document::new(DocumentKind::ProofOfDelivery, format, bytes))
}
