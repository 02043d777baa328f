//! Tracking: the carrier's codes in our words, in one table.
//! Next: `wire/mod.rs`, then `error.rs`.

use async_trait::async_trait;
use http::Method;
use waybill_core::{
    Country, Cx, EventPlace, LocalMoment, Repeatable, Result, Track, TrackDetail, TrackEvent, TrackOutcome,
    TrackReplies, TrackReply, TrackRequest, TrackStatus, Tracking, TrackingNumber, wire,
};

use crate::carrier::Hello;
use crate::error;
use crate::wire::tracking::{Event, TrackedParcel, TrackingReply};

#[async_trait]
impl Tracking for Hello {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let numbers: Vec<&str> = request.numbers.iter().map(TrackingNumber::as_str).collect();
        let mut url = self.at("v1/tracking");
        url.query_pairs_mut().append_pair("numbers", &numbers.join(","));
        let response = self.send(cx, Repeatable::Read, wire::request(Method::GET, &url)?).await?;
        let found: TrackingReply = error::read(&response, "track")?;
        let replies = request.numbers.iter().map(|number| reply(number, &found.parcels)).collect();
        Ok(TrackReplies { replies })
    }
}

fn reply(number: &TrackingNumber, parcels: &[TrackedParcel]) -> TrackReply {
    let outcome = match parcels.iter().find(|parcel| parcel.number == number.as_str()) {
        None => TrackOutcome::NotFound,
        Some(parcel) if parcel.events.is_empty() => TrackOutcome::NoEventsYet,
        Some(parcel) => {
            let events = parcel.events.iter().map(event).collect();
            TrackOutcome::Found(Box::new(Track::from_events(number.clone(), events)))
        }
    };
    TrackReply { number: number.clone(), outcome }
}

fn event(event: &Event) -> TrackEvent {
    let (status, detail) = status_of(&event.code);
    TrackEvent {
        at: LocalMoment::with_offset(event.at),
        status,
        detail,
        code: event.code.clone(),
        namespace: None,
        text: event.text.clone(),
        place: EventPlace {
            city: event.city.clone(),
            country: event.country.as_deref().and_then(Country::from_code),
            ..EventPlace::default()
        },
        reverses: event.corrects.clone(),
        signed_by: event.signed_by.clone().map(Into::into),
    }
}

/// API guide, appendix B. A code that is not here survives as it is and leaves the last known status.
fn status_of(code: &str) -> (TrackStatus, Option<TrackDetail>) {
    match code {
        "CREATED" => (TrackStatus::PreTransit, None),
        "COLLECTED" => (TrackStatus::Accepted, Some(TrackDetail::PickedUp)),
        "DEPARTED" => (TrackStatus::InTransit, Some(TrackDetail::Departed)),
        "OUT" => (TrackStatus::OutForDelivery, None),
        "NOBODY_HOME" => (TrackStatus::Attempted, Some(TrackDetail::NotHome)),
        "DELIVERED" => (TrackStatus::Delivered, None),
        "RETURNING" => (TrackStatus::Exception, Some(TrackDetail::Returning)),
        _ => (TrackStatus::Unknown, None),
    }
}
