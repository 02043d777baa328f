//! Where a parcel is: events as the carrier tells them, and one status for all carriers.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DeliveryEstimate, Document, LocalMoment, TrackingNumber};
use crate::{Country, Error, Personal, Weight};

/// Asks for one or more numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackRequest {
    /// Numbers, in the order in which the answers are wanted.
    pub numbers: Vec<TrackingNumber>,
    /// Day from which on to look, for carriers that reuse numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped_from: Option<NaiveDate>,
    /// Destination, where known: some carriers tell more with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<(Country, Option<String>)>,
}

impl TrackRequest {
    /// Asks for these numbers.
    pub fn new(numbers: impl IntoIterator<Item = impl Into<TrackingNumber>>) -> Self {
        Self { numbers: numbers.into_iter().map(Into::into).collect(), shipped_from: None, destination: None }
    }
}

open_enum! {
    /// State of a parcel, the same words for all carriers.
    pub enum TrackStatus {
        /// A label exists; the carrier has not seen the parcel.
        PreTransit = "pre_transit",
        /// The carrier has the parcel.
        Accepted = "accepted",
        /// Under way.
        InTransit = "in_transit",
        /// With the driver on the last mile.
        OutForDelivery = "out_for_delivery",
        /// Waits for the recipient at a counter or locker.
        AvailableForPickup = "available_for_pickup",
        /// With the recipient.
        Delivered = "delivered",
        /// Delivery was tried in vain.
        Attempted = "attempted",
        /// Something went wrong: delay, damage, loss, customs, address.
        Exception = "exception",
        /// Back at the sender.
        Returned = "returned",
        /// The label is void or the order is withdrawn.
        Cancelled = "cancelled",
        /// The carrier uses a code that nobody here knows.
        Unknown = "unknown",
    }
}

open_enum! {
    /// What more is known about a status.
    pub enum TrackDetail {
        /// Handed over at a counter or by a driver's scan.
        PickedUp = "picked_up",
        /// Arrived at a facility.
        Arrived = "arrived",
        /// Left a facility.
        Departed = "departed",
        /// In customs.
        Customs = "customs",
        /// Customs let it pass.
        CustomsCleared = "customs_cleared",
        /// Customs holds it.
        CustomsHeld = "customs_held",
        /// Late.
        Delayed = "delayed",
        /// Late because of weather or another force.
        Weather = "weather",
        /// Damaged.
        Damaged = "damaged",
        /// Lost.
        Lost = "lost",
        /// Address wrong or incomplete.
        AddressProblem = "address_problem",
        /// Nobody at home, or closed.
        NotHome = "not_home",
        /// The recipient refused it.
        Refused = "refused",
        /// Cannot be delivered.
        Undeliverable = "undeliverable",
        /// On the way back to the sender.
        Returning = "returning",
        /// Sent on to another address.
        Forwarded = "forwarded",
        /// Held on request or for payment.
        Held = "held",
        /// Left with a neighbour.
        Neighbour = "neighbour",
        /// Left in a safe place.
        SafePlace = "safe_place",
        /// In a locker or at a counter.
        PickupPoint = "pickup_point",
        /// Handed to another carrier.
        HandedOver = "handed_over",
        /// Seized or destroyed.
        Destroyed = "destroyed",
        /// A claim is open.
        Claim = "claim",
        /// An earlier event was wrong.
        Correction = "correction",
    }
}

/// A place as carriers print it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventPlace {
    /// City.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The carrier's own text or facility code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl EventPlace {
    /// Nothing known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Something that happened to a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrackEvent {
    /// When.
    pub at: LocalMoment,
    /// What state it puts the parcel in; `Unknown` changes nothing.
    pub status: TrackStatus,
    /// What more is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<TrackDetail>,
    /// The carrier's code, verbatim.
    pub code: String,
    /// Which of the carrier's code tables it is from, when it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The carrier's words.
    pub text: String,
    /// Where.
    #[serde(default, skip_serializing_if = "EventPlace::is_empty")]
    pub place: EventPlace,
    /// Code of the earlier event that this one takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<String>,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Personal>,
}

/// History of one parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Track {
    /// Its number.
    pub number: TrackingNumber,
    /// State after all events.
    pub status: TrackStatus,
    /// What more is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<TrackDetail>,
    /// Events, newest first.
    #[serde(default)]
    pub events: Vec<TrackEvent>,
    /// When it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<LocalMoment>,
    /// When it is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<DeliveryEstimate>,
    /// Service by the carrier's public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Weight as the carrier weighed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Personal>,
    /// Other numbers of the same parcel or shipment, with the carrier's name for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_numbers: Vec<(String, String)>,
}

impl Track {
    /// Builds a history from events in any order: sorts them newest first (events of one moment keep the carrier's
    /// order, which is taken as newest first) and folds them to a status.
    pub fn from_events(number: impl Into<TrackingNumber>, mut events: Vec<TrackEvent>) -> Self {
        events.sort_by_key(|event| std::cmp::Reverse(event.at.sort_key()));
        let (status, detail) = fold(&events);
        let delivered = matches!(status, TrackStatus::Delivered)
            .then(|| events.iter().find(|event| event.status == TrackStatus::Delivered).map(|event| event.at))
            .flatten();
        let signed_by = events.iter().find_map(|event| event.signed_by.clone());
        Self {
            number: number.into(),
            status,
            detail,
            events,
            delivered,
            expected: None,
            service: None,
            weight: None,
            signed_by,
            other_numbers: Vec::new(),
        }
    }
}

/// The state after events that are sorted newest first: the newest one with a known status that no later event takes
/// back. Unknown codes leave the last known state. "Delivered" after "returning" means back at the sender.
fn fold(events: &[TrackEvent]) -> (TrackStatus, Option<TrackDetail>) {
    let mut taken_back: Vec<&str> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        if let Some(code) = &event.reverses {
            taken_back.push(code);
            continue;
        }
        if let Some(found) = taken_back.iter().position(|code| *code == event.code) {
            taken_back.remove(found);
            continue;
        }
        if matches!(event.status, TrackStatus::Unknown | TrackStatus::Other(_)) {
            continue;
        }
        let went_back = || events[at..].iter().any(|earlier| earlier.detail == Some(TrackDetail::Returning));
        if event.status == TrackStatus::Delivered && went_back() {
            return (TrackStatus::Returned, event.detail.clone());
        }
        return (event.status.clone(), event.detail.clone());
    }
    (TrackStatus::Unknown, None)
}

/// Answer for one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrackReply {
    /// The number that was asked for.
    pub number: TrackingNumber,
    /// What the carrier knows.
    pub outcome: TrackOutcome,
}

/// What a carrier knows about a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackOutcome {
    /// One parcel.
    Found(Box<Track>),
    /// Several parcels have or had this number.
    Several(Vec<Track>),
    /// The carrier knows the number and nothing has happened to it yet.
    NoEventsYet,
    /// The carrier does not know the number (yet).
    NotFound,
    /// The carrier knows it and does not tell this account.
    NotPermitted,
    /// This number could not be asked for; others may have been.
    Failed(Error),
}

/// Replies in the order of the request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrackReplies {
    /// One per number.
    pub replies: Vec<TrackReply>,
}

/// Asks for the proof that a parcel was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProofRequest {
    /// Which parcel.
    pub number: TrackingNumber,
    /// Day on which it was shipped, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped_on: Option<NaiveDate>,
}

/// The proof that a parcel was delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// Letters, photographs and signatures.
    pub documents: Vec<Document>,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Personal>,
    /// When it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<LocalMoment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(day: u32, hour: u32, status: TrackStatus, code: &str) -> TrackEvent {
        let at = NaiveDate::from_ymd_opt(2026, 11, day)
            .and_then(|date| date.and_hms_opt(hour, 0, 0))
            .map(LocalMoment::local);
        TrackEvent {
            at: at.unwrap_or_default(),
            status,
            detail: None,
            code: code.into(),
            namespace: None,
            text: String::new(),
            place: EventPlace::default(),
            reverses: None,
            signed_by: None,
        }
    }

    #[test]
    fn unknown_codes_leave_the_last_known_state() {
        let track = Track::from_events(
            "1",
            vec![event(1, 8, TrackStatus::Accepted, "A"), event(2, 8, TrackStatus::Unknown, "?")],
        );
        assert_eq!(track.status, TrackStatus::Accepted);
        assert_eq!(track.events[0].code, "?");
    }

    #[test]
    fn a_correction_takes_a_delivery_back() {
        let mut correction = event(3, 9, TrackStatus::Unknown, "C");
        correction.reverses = Some("D".into());
        let events = vec![
            event(2, 8, TrackStatus::OutForDelivery, "O"),
            event(3, 8, TrackStatus::Delivered, "D"),
            correction,
        ];
        let track = Track::from_events("1", events);
        assert_eq!((track.status, track.delivered), (TrackStatus::OutForDelivery, None));
    }

    #[test]
    fn delivered_after_returning_is_returned() {
        let mut back = event(2, 8, TrackStatus::Exception, "R");
        back.detail = Some(TrackDetail::Returning);
        let track = Track::from_events("1", vec![event(4, 8, TrackStatus::Delivered, "D"), back]);
        assert_eq!(track.status, TrackStatus::Returned);
    }
}
