//! LaserShip's public tracking, which knows no account: one number in a question.

use http::Method;
use url::Url;
use waybill_core::{
    Country, Cx, DeliveryEstimate, Error, EstimateBasis, EventPlace, LocalMoment, Personal, Response, Result,
    Track, TrackDetail, TrackEvent, TrackOutcome, TrackReply, TrackStatus, TrackingNumber, Weight,
    WeightUnit, wire,
};

use super::call::is_error;
use crate::text::date;
use crate::track::{is_askable, moment};
use crate::wire::json::{TrackAnswer, TrackedEvent};

/// Kind of event, status, detail. Others are unknown.
const EVENTS: &[(&str, TrackStatus, Option<TrackDetail>)] = &[
    ("OrderReceived", TrackStatus::PreTransit, None),
    ("OrderCreated", TrackStatus::PreTransit, None),
    ("Received", TrackStatus::InTransit, Some(TrackDetail::PickedUp)),
    ("Arrived", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("OutForDelivery", TrackStatus::OutForDelivery, None),
    ("Delivered", TrackStatus::Delivered, None),
    // Left without a signature; the place stands in `Location`.
    ("Released", TrackStatus::Delivered, Some(TrackDetail::SafePlace)),
];

/// Asks for one number.
pub(crate) async fn one(cx: &Cx, base: &Url, number: &TrackingNumber) -> Result<TrackReply> {
    let reply = |outcome| TrackReply { number: number.clone(), outcome };
    if !is_askable(number) {
        return Ok(reply(TrackOutcome::Failed(Error::invalid_field(
            "numbers",
            "not a tracking number: OnTrac's have letters, digits and hyphens only",
            "check the number",
        ))));
    }
    let url = wire::endpoint_of(base, &[number.as_str(), "json"]);
    let response = cx.read(wire::request(Method::GET, &url)?).await?;
    parse(number, &response).map(reply)
}

/// Reads the history of one number.
pub(crate) fn parse(number: &TrackingNumber, response: &Response) -> Result<TrackOutcome> {
    const WHAT: &str = "tracking";
    if response.status() == http::StatusCode::NOT_FOUND {
        return Ok(TrackOutcome::NotFound);
    }
    if !response.status().is_success() {
        return Err(wire::status_error(response, WHAT));
    }
    let answer: TrackAnswer = wire::parse_json(response, WHAT)?;
    if answer.events.is_empty() {
        let unknown =
            is_error(answer.error.as_deref()) || answer.error_message.is_some() || answer.pieces.is_empty();
        return Ok(if unknown { TrackOutcome::NotFound } else { TrackOutcome::NoEventsYet });
    }
    let mut track = Track::from_events(number.clone(), answer.events.iter().map(event).collect());
    track.expected = answer
        .estimated_delivery_date
        .as_deref()
        .and_then(date)
        .map(|day| DeliveryEstimate::by_day(day, EstimateBasis::Carrier));
    let same = |number: &Option<String>, wanted: &TrackingNumber| number.as_deref() == Some(wanted.as_str());
    let piece = answer
        .pieces
        .iter()
        .find(|piece| same(&piece.tracking_number, number))
        .or_else(|| answer.pieces.first().filter(|_| answer.pieces.len() == 1));
    track.weight = piece.and_then(|piece| {
        let pounds =
            piece.weight_unit.as_deref().is_none_or(|unit| unit.to_ascii_uppercase().starts_with("LB"));
        let weight = piece.weight.filter(|weight| pounds && *weight > rust_decimal::Decimal::ZERO)?;
        Some(Weight::new(weight, WeightUnit::Pound))
    });
    Ok(TrackOutcome::Found(Box::new(track)))
}

fn event(event: &TrackedEvent) -> TrackEvent {
    let code = event.event_type.clone().unwrap_or_default();
    let row = EVENTS.iter().find(|row| row.0.eq_ignore_ascii_case(&code));
    let (status, detail) = row.map_or((TrackStatus::Unknown, None), |row| (row.1.clone(), row.2.clone()));
    let signed_by = event.signature.clone().filter(|_| status == TrackStatus::Delivered).map(Personal::from);
    TrackEvent {
        at: at(event),
        status,
        detail,
        code,
        namespace: None,
        text: event.event_short_text.clone().unwrap_or_default(),
        place: EventPlace {
            city: event.city.clone(),
            state: event.state.clone(),
            postal_code: event.postal_code.clone(),
            country: event.country.as_deref().and_then(Country::from_code),
            text: event.location.clone(),
        },
        reverses: None,
        signed_by,
    }
}

/// The local time. The UTC time is sometimes a day off, so it only tells the offset, and only one that the US has.
fn at(event: &TrackedEvent) -> LocalMoment {
    let local = moment(event.date_time.as_deref().unwrap_or_default());
    let utc = moment(event.utc_date_time.as_deref().unwrap_or_default());
    let minutes = local.sort_key().zip(utc.sort_key()).map(|(local, utc)| (local - utc).num_minutes());
    let plausible = minutes.filter(|minutes| (-10 * 60..=-4 * 60).contains(minutes) && minutes % 60 == 0);
    LocalMoment { offset_minutes: plausible.and_then(|minutes| i32::try_from(minutes).ok()), ..local }
}
