//! Tracking by waybill, by piece number and by the shipper's reference.
//!
//! One number is asked for at `/shipments/{n}/tracking`, which gives the offset of each event; several at `/tracking`,
//! which does not. Without offsets DHL's own order is kept: local times of neighbours in two zones would be sorted
//! wrongly.

use std::cmp::Ordering;

use chrono::{Duration, NaiveDate};
use waybill_core::{
    Country, Cx, DeliveryEstimate, ErrorKind, EventPlace, LocalMoment, Phase, Request, Response, Result,
    Track, TrackEvent, TrackOutcome, TrackReplies, TrackReply, TrackRequest, TrackStatus, TrackingNumber,
    Weight, wire,
};

use crate::carrier::Account;
use crate::measure::System;
use crate::rate;
use crate::services;
use crate::wire::tracking::{Event, TrackedPiece, TrackedShipment, TrackingAnswer};
use crate::{auth, clock, error, events};

const WHAT: &str = "tracking";

/// Ten digits.
pub(crate) fn is_waybill(number: &str) -> bool {
    number.len() == 10 && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// A piece number: letters first (`JD...`), then digits.
fn is_piece(number: &str) -> bool {
    (11..=35).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && number.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
}

/// What is neither and fits DHL's field is taken for a reference of the shipper.
fn is_reference(text: &str) -> bool {
    let fits = (1..=35).contains(&text.chars().count()) && text.chars().all(|c| !c.is_control());
    fits && !is_waybill(text) && !is_piece(text)
}

/// One waybill or one piece, with offsets.
pub(crate) fn one_request(account: &Account, number: &str) -> Result<Request> {
    let base = account.config.base()?;
    let mut url = if is_piece(number) {
        let mut url = wire::endpoint(&base, "tracking");
        url.query_pairs_mut().append_pair("pieceTrackingNumber", number);
        url
    } else {
        wire::endpoint_of(&base, &["shipments", number, "tracking"])
    };
    let single = !is_piece(number);
    let mut query = url.query_pairs_mut();
    query.append_pair("trackingView", "all-checkpoints").append_pair("levelOfDetail", "all");
    if single {
        query.append_pair("requestGMTOffsetPerEvent", "true");
    }
    drop(query);
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// Several waybills (`shipmentTrackingNumber`) or several pieces (`pieceTrackingNumber`).
fn many_request(account: &Account, parameter: &str, numbers: &[&TrackingNumber]) -> Result<Request> {
    let mut url = wire::endpoint(&account.config.base()?, "tracking");
    let mut query = url.query_pairs_mut();
    for number in numbers {
        query.append_pair(parameter, number.as_str());
    }
    query.append_pair("trackingView", "all-checkpoints").append_pair("levelOfDetail", "all");
    drop(query);
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// Shipments of the account with a reference, of some days.
pub(crate) fn reference_request(
    account: &Account,
    shipper: &str,
    reference: &str,
    days: (NaiveDate, NaiveDate),
) -> Result<Request> {
    let mut url = wire::endpoint(&account.config.base()?, "tracking");
    url.query_pairs_mut()
        .append_pair("shipmentReference", reference)
        .append_pair("shipmentReferenceType", "CU")
        .append_pair("shipperAccountNumber", shipper)
        .append_pair("dateRangeFrom", &days.0.to_string())
        .append_pair("dateRangeTo", &days.1.to_string())
        .append_pair("trackingView", "all-checkpoints")
        .append_pair("levelOfDetail", "all");
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// Days back in which a reference is looked for when the caller names no day.
const REFERENCE_DAYS: i64 = 90;

/// What an answer says about a reference: it may stand on several shipments.
async fn by_reference(
    account: &Account,
    cx: &Cx,
    from: Option<NaiveDate>,
    number: &TrackingNumber,
) -> Result<TrackOutcome> {
    let today = cx.now().date_naive();
    let from = from.or_else(|| today.checked_sub_signed(Duration::days(REFERENCE_DAYS))).unwrap_or(today);
    let until = today.checked_add_signed(Duration::days(1)).unwrap_or(today);
    let shipper = &account.config.account;
    let message = reference_request(account, shipper, number.as_str(), (from, until))?;
    let shipments = parse(cx.read(message).await?)?;
    let outcomes = shipments.iter().filter(|shipment| shipment.bears(number.as_str()));
    let mut outcomes: Vec<TrackOutcome> =
        outcomes.map(|shipment| found(number, shipment, &shipment.events, None)).collect();
    if outcomes.len() < 2 {
        return Ok(outcomes.pop().unwrap_or(TrackOutcome::NotFound));
    }
    let tracks = outcomes.into_iter().filter_map(|outcome| match outcome {
        TrackOutcome::Found(track) => Some(*track),
        _ => None,
    });
    Ok(TrackOutcome::Several(tracks.collect()))
}

/// Histories, one reply per number in the order of the request.
pub(crate) async fn track(account: &Account, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
    let waybills: Vec<_> = request.numbers.iter().filter(|number| is_waybill(number.as_str())).collect();
    let pieces: Vec<_> = request.numbers.iter().filter(|number| is_piece(number.as_str())).collect();
    let by_waybill = ask(account, cx, "shipmentTrackingNumber", &waybills).await;
    let by_piece = ask(account, cx, "pieceTrackingNumber", &pieces).await;
    // A failure of everything is the caller's error; of one half, that half's.
    let failed = |other_is_empty: bool, half: &Result<Vec<TrackedShipment>>| match half {
        Err(error) if other_is_empty || error.kind == ErrorKind::Auth => Err(error.clone()),
        _ => Ok(()),
    };
    let only_numbers = waybills.len() + pieces.len() == request.numbers.len();
    failed(pieces.is_empty() && only_numbers, &by_waybill)?;
    failed(waybills.is_empty() && only_numbers, &by_piece)?;
    let mut replies = Vec::with_capacity(request.numbers.len());
    for number in &request.numbers {
        let half = if is_piece(number.as_str()) { &by_piece } else { &by_waybill };
        let outcome = match half {
            _ if is_reference(number.as_str()) => {
                match by_reference(account, cx, request.shipped_from, number).await {
                    Err(error) if request.numbers.len() == 1 || error.kind == ErrorKind::Auth => {
                        return Err(error);
                    }
                    Err(error) => TrackOutcome::Failed(error),
                    Ok(outcome) => outcome,
                }
            }
            _ if !is_waybill(number.as_str()) && !is_piece(number.as_str()) => TrackOutcome::NotFound,
            Ok(shipments) => outcome(number, shipments),
            Err(error) => TrackOutcome::Failed(error.clone()),
        };
        replies.push(TrackReply { number: number.clone(), outcome });
    }
    Ok(TrackReplies { replies })
}

async fn ask(
    account: &Account,
    cx: &Cx,
    parameter: &str,
    numbers: &[&TrackingNumber],
) -> Result<Vec<TrackedShipment>> {
    let mut all = Vec::new();
    for batch in numbers.chunks(200) {
        let message = match batch {
            [only] => one_request(account, only.as_str())?,
            several => many_request(account, parameter, several)?,
        };
        all.extend(parse(cx.read(message).await?)?);
    }
    Ok(all)
}

/// Shipments of an answer; "no data found" is none.
pub(crate) fn parse(response: Response) -> Result<Vec<TrackedShipment>> {
    match error::ok(response, WHAT) {
        Ok(response) => Ok(wire::parse_json::<TrackingAnswer>(&response, WHAT)?.shipments),
        Err(error) if error.kind == ErrorKind::NotFound && error.phase == Phase::Answered => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What an answer says about one number. `status` of a shipment is the question's success, not the parcel's state.
pub(crate) fn outcome(number: &TrackingNumber, shipments: &[TrackedShipment]) -> TrackOutcome {
    let is = |text: &Option<String>| text.as_deref() == Some(number.as_str());
    for shipment in shipments {
        if is(&shipment.shipment_tracking_number) {
            return found(number, shipment, &shipment.events, None);
        }
        if let Some(piece) = shipment.pieces.iter().find(|piece| is(&piece.tracking_number)) {
            let events = if piece.events.is_empty() { &shipment.events } else { &piece.events };
            return found(number, shipment, events, Some(piece));
        }
    }
    TrackOutcome::NotFound
}

fn found(
    number: &TrackingNumber,
    shipment: &TrackedShipment,
    events: &[Event],
    piece: Option<&TrackedPiece>,
) -> TrackOutcome {
    if events.is_empty() {
        return TrackOutcome::NoEventsYet;
    }
    let mut track = history(number, events);
    track.expected = expected(shipment);
    track.service = shipment.product_code.as_deref().map(|code| {
        services::family_of_product(code)
            .map_or_else(|| code.to_owned(), |family| format!("DHL {}", family.name))
    });
    let unit = System::from_word(shipment.unit_of_measurements.as_deref()).weight_unit();
    let weight = match piece {
        Some(piece) => piece.actual_weight.or(piece.weight),
        None => shipment.total_weight,
    };
    track.weight = weight.map(|value| Weight::new(value, unit));
    track.other_numbers = others(number, shipment);
    TrackOutcome::Found(Box::new(track))
}

fn others(number: &TrackingNumber, shipment: &TrackedShipment) -> Vec<(String, String)> {
    let waybill = shipment.shipment_tracking_number.iter().map(|waybill| ("waybill", waybill));
    let pieces = shipment.pieces.iter().filter_map(|piece| Some(("piece", piece.tracking_number.as_ref()?)));
    let children = shipment.children_shipment_identification_numbers.iter();
    let children = children.filter_map(|child| Some(("child", child.0.as_ref()?)));
    let all = waybill.chain(pieces).chain(children).filter(|(_, other)| other.as_str() != number.as_str());
    all.map(|(kind, other)| (kind.to_owned(), other.clone())).collect()
}

/// When DHL expects to deliver.
pub(crate) fn expected(shipment: &TrackedShipment) -> Option<DeliveryEstimate> {
    let text = shipment.estimated_delivery_date.as_deref().or(shipment.estimated_time_of_delivery.as_deref());
    rate::estimate(text?)
}

/// Events newest first. Answers are oldest first in every recorded case; the first and the last tell.
fn history(number: &TrackingNumber, answers: &[Event]) -> Track {
    let mut list: Vec<TrackEvent> = answers.iter().map(event).collect();
    let zoned = list.iter().all(|event| event.at.offset_minutes.is_some());
    if !newest_first(&list) {
        list.reverse();
    }
    settle(&mut list);
    if zoned {
        return Track::from_events(number.clone(), list);
    }
    // Without offsets: fold in DHL's order, then put the times back.
    let times: Vec<LocalMoment> = list.iter_mut().map(|event| std::mem::take(&mut event.at)).collect();
    let mut track = Track::from_events(number.clone(), list);
    for (event, at) in track.events.iter_mut().zip(times) {
        event.at = at;
    }
    if track.delivered.is_some() {
        let delivery = track.events.iter().find(|event| event.status == TrackStatus::Delivered);
        track.delivered = delivery.map(|event| event.at);
    }
    track
}

/// Whether a list runs from the newest to the oldest: by the days of its ends, within one day by most neighbours. Two
/// events of one day are taken as recorded, oldest first.
fn newest_first(list: &[TrackEvent]) -> bool {
    let day = |event: &TrackEvent| event.at.date;
    let (first, last) = (list.iter().find_map(day), list.iter().rev().find_map(day));
    if first != last {
        return first > last;
    }
    let order = |pair: &[TrackEvent]| pair[0].at.sort_key().cmp(&pair[1].at.sort_key());
    let count = |wanted| list.windows(2).filter(|pair| order(pair) == wanted).count();
    list.len() > 2 && count(Ordering::Greater) > count(Ordering::Less)
}

/// Paperwork after a delivery or a return leaves it delivered or returned. The list is newest first.
fn settle(list: &mut [TrackEvent]) {
    let is_final =
        |event: &TrackEvent| matches!(event.status, TrackStatus::Delivered | TrackStatus::Returned);
    let Some(last) = list.iter().position(is_final) else { return };
    for event in list.iter_mut().take(last).filter(|event| events::is_paperwork(&event.code)) {
        event.status = TrackStatus::Unknown;
    }
}

fn event(answer: &Event) -> TrackEvent {
    let code = answer.type_code.clone().unwrap_or_default();
    let (mut status, mut detail) = events::status(&code.to_ascii_uppercase());
    let text = answer.description.clone().unwrap_or_default();
    if status == TrackStatus::InTransit && text.to_ascii_lowercase().contains("service point") {
        status = TrackStatus::AvailableForPickup;
        detail = Some(waybill_core::TrackDetail::PickupPoint);
    }
    let day = answer.date.as_deref().and_then(clock::local);
    TrackEvent {
        at: LocalMoment {
            date: day.map(|(day, _)| day),
            time: answer.time.as_deref().and_then(clock::time).or(day.and_then(|(_, time)| time)),
            offset_minutes: answer.gmt_offset.as_deref().and_then(offset),
        },
        status,
        detail,
        code,
        namespace: None,
        text,
        place: place(answer),
        reverses: None,
        signed_by: answer.signed_by.as_deref().map(Into::into),
    }
}

/// `+01:00`, `-0530`, `GMT+1:00`, `Z`.
fn offset(text: &str) -> Option<i32> {
    let text = text.trim_start_matches(['G', 'M', 'T', 'U', 'C', ' ']);
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}

/// `Zurich-CH`: city and country of a service area, with its code.
fn place(answer: &Event) -> EventPlace {
    let Some(area) = answer.service_area.first() else { return EventPlace::default() };
    let description = area.description.as_deref().unwrap_or_default();
    let split = description.rsplit_once('-').and_then(|(city, code)| Some((city, country(code)?)));
    let (city, country) = match split {
        Some((city, country)) => (city, Some(country)),
        None => (description, None),
    };
    EventPlace {
        city: (!city.trim().is_empty()).then(|| city.trim().to_owned()),
        country,
        text: area.code.clone(),
        ..EventPlace::default()
    }
}

/// `CH`, `USA`; DHL writes `UK` for the United Kingdom in places.
fn country(code: &str) -> Option<Country> {
    match code.trim() {
        "UK" => Some(Country::GB),
        code => Country::from_code(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_numbers() {
        for (text, minutes) in [
            ("+01:00", Some(60)),
            ("-0530", Some(-330)),
            ("Z", Some(0)),
            ("GMT+1:00", Some(60)),
            ("+5:30", Some(330)),
            ("", None),
            ("1", None),
            ("+é", None),
        ] {
            assert_eq!(offset(text), minutes, "{text}");
        }
        assert!(is_waybill("1234567890") && !is_waybill("123456789"));
        assert!(is_piece("JD014600004617230770") && !is_piece("12345678901") && !is_piece("JD/../../x12"));
    }

    /// Recorded: a departure from Bahrain at 21:21 stands before customs in Leipzig at 20:26, which was later.
    #[test]
    fn without_offsets_dhls_order_counts_and_paperwork_leaves_a_delivery() {
        let body = br#"{"shipments":[{"shipmentTrackingNumber":1234567890,"events":[
            {"date":"2026-11-25","time":"21:21:00","typeCode":"DF"},{"date":"2026-11-25","time":"20:26:00","typeCode":"IC"},
            {"date":"2026-11-26","time":"09:00:00","typeCode":"OK"},{"date":"2026-11-27","time":"09:00:00","typeCode":"PY"}]}]}"#;
        let answer = http::Response::new(bytes::Bytes::from_static(body));
        let number = TrackingNumber::from("1234567890");
        let TrackOutcome::Found(track) = outcome(&number, &parse(answer).unwrap()) else {
            panic!("not found")
        };
        let codes: Vec<_> = track.events.iter().map(|event| event.code.as_str()).collect();
        assert_eq!(codes, ["PY", "OK", "IC", "DF"]);
        assert_eq!(track.status, TrackStatus::Delivered);
        assert_eq!(track.delivered.and_then(|at| at.date), "2026-11-26".parse().ok());
        assert_eq!(track.events[2].at.time, "20:26:00".parse().ok());
    }
}
