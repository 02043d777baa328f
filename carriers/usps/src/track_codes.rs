//! Event codes -> status. Source: the code table of the tracking API; texts of 52-56, A1, T1, TL, L1 and OA uncertain.

use waybill_core::{TrackDetail, TrackStatus};

type Row = (&'static str, TrackStatus, Option<TrackDetail>);

/// Every known code. Reasons for a return (04, 05, 09, 21-29, 31) put the parcel on its way back; it is `Returned` when
/// "delivered" follows at the origin.
pub(crate) const CODES: &[Row] = &[
    ("GX", TrackStatus::PreTransit, None),
    ("MA", TrackStatus::PreTransit, None),
    ("80", TrackStatus::PreTransit, None),
    ("81", TrackStatus::PreTransit, None),
    ("82", TrackStatus::PreTransit, None),
    ("03", TrackStatus::Accepted, Some(TrackDetail::PickedUp)),
    ("OA", TrackStatus::Accepted, None),
    ("TM", TrackStatus::Accepted, None),
    ("PA", TrackStatus::Accepted, None),
    ("10", TrackStatus::InTransit, None),
    ("07", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("18", TrackStatus::InTransit, Some(TrackDetail::Departed)),
    ("19", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("41", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("42", TrackStatus::InTransit, Some(TrackDetail::HandedOver)),
    ("A1", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("T1", TrackStatus::InTransit, Some(TrackDetail::Departed)),
    ("TL", TrackStatus::InTransit, None),
    ("L1", TrackStatus::InTransit, None),
    ("SF", TrackStatus::InTransit, Some(TrackDetail::Departed)),
    ("EF", TrackStatus::InTransit, Some(TrackDetail::Departed)),
    ("PC", TrackStatus::InTransit, None),
    ("NT", TrackStatus::InTransit, None),
    ("DX", TrackStatus::InTransit, Some(TrackDetail::Delayed)),
    ("06", TrackStatus::InTransit, Some(TrackDetail::Forwarded)),
    ("08", TrackStatus::InTransit, Some(TrackDetail::Delayed)),
    ("15", TrackStatus::InTransit, Some(TrackDetail::Delayed)),
    ("71", TrackStatus::InTransit, Some(TrackDetail::Delayed)),
    ("OF", TrackStatus::OutForDelivery, None),
    ("59", TrackStatus::OutForDelivery, None),
    ("01", TrackStatus::Delivered, None),
    ("17", TrackStatus::Delivered, Some(TrackDetail::HandedOver)),
    ("43", TrackStatus::Delivered, Some(TrackDetail::PickupPoint)),
    ("60", TrackStatus::Delivered, Some(TrackDetail::HandedOver)),
    ("14", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("16", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("02", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("30", TrackStatus::Attempted, None),
    ("51", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("52", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("53", TrackStatus::Attempted, None),
    ("54", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("55", TrackStatus::Attempted, None),
    ("56", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("11", TrackStatus::Exception, Some(TrackDetail::Undeliverable)),
    ("04", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("05", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("09", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("21", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("22", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("23", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("24", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("25", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("26", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("27", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("28", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("29", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("31", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("44", TrackStatus::Cancelled, None),
];

/// Status of a code; `None` for a code that nobody here knows.
pub(crate) fn of_code(code: &str) -> Option<(TrackStatus, Option<TrackDetail>)> {
    CODES.iter().find(|row| row.0.eq_ignore_ascii_case(code)).map(|row| (row.1.clone(), row.2.clone()))
}

/// Words of a status category, of an event whose code is not known, or of a sentence that sums a parcel up: the first row
/// that the text holds. What only looks like another state stands first: "out for delivery" before "delivered".
const WORDS: &[(&str, TrackStatus, Option<TrackDetail>)] = &[
    ("out for delivery", TrackStatus::OutForDelivery, None),
    ("out-for-delivery", TrackStatus::OutForDelivery, None),
    ("delivery attempt", TrackStatus::Attempted, None),
    ("attempted delivery", TrackStatus::Attempted, None),
    ("notice left", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("original sender", TrackStatus::Returned, None),
    ("return to sender", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("returned to sender", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("being returned", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("could not be delivered", TrackStatus::Exception, Some(TrackDetail::Undeliverable)),
    ("not delivered", TrackStatus::Exception, Some(TrackDetail::Undeliverable)),
    ("undeliverable", TrackStatus::Exception, Some(TrackDetail::Undeliverable)),
    ("refused", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("available for pickup", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("ready for pickup", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("hold at post office", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("held at post office", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("delivered to agent", TrackStatus::Delivered, Some(TrackDetail::HandedOver)),
    ("delivered", TrackStatus::Delivered, None),
    ("pre-shipment", TrackStatus::PreTransit, None),
    ("awaiting item", TrackStatus::PreTransit, None),
    ("label created", TrackStatus::PreTransit, None),
    ("label printed", TrackStatus::PreTransit, None),
    ("waiting for usps", TrackStatus::PreTransit, None),
    ("shipping partner", TrackStatus::PreTransit, None),
    ("preparing shipment", TrackStatus::PreTransit, None),
    ("accepted", TrackStatus::Accepted, None),
    ("acceptance", TrackStatus::Accepted, None),
    ("in possession of item", TrackStatus::Accepted, None),
    ("picked up item", TrackStatus::Accepted, Some(TrackDetail::PickedUp)),
    ("held in customs", TrackStatus::InTransit, Some(TrackDetail::CustomsHeld)),
    ("out of customs", TrackStatus::InTransit, Some(TrackDetail::CustomsCleared)),
    ("customs clearance", TrackStatus::InTransit, Some(TrackDetail::Customs)),
    ("into customs", TrackStatus::InTransit, Some(TrackDetail::Customs)),
    ("arriving late", TrackStatus::InTransit, Some(TrackDetail::Delayed)),
    ("in transit", TrackStatus::InTransit, None),
    ("on the way", TrackStatus::InTransit, None),
    ("on its way", TrackStatus::InTransit, None),
    ("moving through network", TrackStatus::InTransit, None),
    ("international transit", TrackStatus::InTransit, None),
    ("forwarded", TrackStatus::InTransit, Some(TrackDetail::Forwarded)),
    ("missent", TrackStatus::InTransit, Some(TrackDetail::Delayed)),
    ("departed", TrackStatus::InTransit, Some(TrackDetail::Departed)),
    ("arrived", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("arrival at", TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    ("processed", TrackStatus::InTransit, None),
    ("alert", TrackStatus::Exception, None),
];

/// Status by words; `Unknown` when none of them is in the text.
pub(crate) fn of_words(words: &str) -> (TrackStatus, Option<TrackDetail>) {
    let words = words.to_ascii_lowercase();
    let found = WORDS.iter().find(|row| words.contains(row.0));
    found.map_or((TrackStatus::Unknown, None), |row| (row.1.clone(), row.2.clone()))
}

/// Where a parcel was left, by the words of the delivery.
pub(crate) fn delivered_where(words: &str) -> Option<TrackDetail> {
    let words = words.to_ascii_lowercase();
    let holds = |any: &[&str]| any.iter().any(|word| words.contains(word));
    match () {
        () if holds(&["neighbor"]) => Some(TrackDetail::Neighbour),
        () if holds(&["locker", "picked up at"]) => Some(TrackDetail::PickupPoint),
        () if holds(&["porch", "front door", "garage", "side door", "back door"]) => {
            Some(TrackDetail::SafePlace)
        }
        () if holds(&["to agent"]) => Some(TrackDetail::HandedOver),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<_> = CODES.iter().map(|row| row.0).collect();
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn out_for_delivery_is_not_delivered() {
        assert_eq!(of_words("Out for Delivery").0, TrackStatus::OutForDelivery);
        assert_eq!(of_words("Delivered, In/At Mailbox").0, TrackStatus::Delivered);
        assert_eq!(of_words("something new").0, TrackStatus::Unknown);
        assert_eq!(of_words("Delivered, To Original Sender").0, TrackStatus::Returned);
        assert_eq!(of_words("Your item could not be delivered on May 4").0, TrackStatus::Exception);
        assert_eq!(of_words("Picked Up by Shipping Partner, USPS Awaiting Item").0, TrackStatus::PreTransit);
    }
}
