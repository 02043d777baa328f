//! FedEx's event and status codes. Sources: FedEx, Tracking Status Codes (movement and regulatory lists), Track
//! specification, recorded answers. Possession codes share letters with some of these and are never read here.

use waybill_core::{TrackDetail, TrackStatus};

use TrackStatus::*;

/// Code, status, detail.
const TABLE: &[(&str, TrackStatus, Option<TrackDetail>)] = &[
    // Before FedEx has the parcel
    ("OC", PreTransit, None),
    ("IN", PreTransit, None),
    ("OX", PreTransit, None),
    ("EP", PreTransit, None),
    ("PD", PreTransit, Some(TrackDetail::Delayed)),
    ("PY", PreTransit, Some(TrackDetail::Delayed)),
    ("MD", PreTransit, None),
    ("RP", PreTransit, None),
    ("RG", PreTransit, None),
    // FedEx has it
    ("PU", Accepted, Some(TrackDetail::PickedUp)),
    ("PX", Accepted, Some(TrackDetail::PickedUp)),
    ("AP", Accepted, Some(TrackDetail::PickedUp)),
    ("OF", Accepted, None),
    // Under way
    ("IT", InTransit, None),
    ("IX", InTransit, None),
    ("AA", InTransit, Some(TrackDetail::Arrived)),
    ("AC", InTransit, Some(TrackDetail::HandedOver)),
    ("AE", InTransit, None),
    ("AF", InTransit, Some(TrackDetail::Arrived)),
    ("AO", InTransit, None),
    ("AR", InTransit, Some(TrackDetail::Arrived)),
    ("AX", InTransit, Some(TrackDetail::HandedOver)),
    ("CC", InTransit, Some(TrackDetail::CustomsCleared)),
    ("CH", InTransit, Some(TrackDetail::Forwarded)),
    ("CP", InTransit, Some(TrackDetail::Customs)),
    ("DP", InTransit, Some(TrackDetail::Departed)),
    ("DR", InTransit, None),
    ("DS", InTransit, None),
    ("EA", InTransit, None),
    ("EO", InTransit, None),
    ("FD", InTransit, Some(TrackDetail::Arrived)),
    ("LO", InTransit, Some(TrackDetail::Departed)),
    ("OW", InTransit, None),
    ("PF", InTransit, None),
    ("PL", InTransit, None),
    ("PM", InTransit, None),
    ("RC", InTransit, None),
    ("RM", InTransit, None),
    ("RR", InTransit, None),
    ("SF", InTransit, Some(TrackDetail::Arrived)),
    ("SP", InTransit, None),
    ("TR", InTransit, Some(TrackDetail::HandedOver)),
    // The last mile
    ("OD", OutForDelivery, None),
    ("ED", OutForDelivery, None),
    ("AD", OutForDelivery, None),
    ("HL", AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("HP", AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("HA", AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("DL", Delivered, None),
    // Trouble
    ("DY", Exception, Some(TrackDetail::Delayed)),
    ("DD", Exception, Some(TrackDetail::Delayed)),
    ("CD", Exception, Some(TrackDetail::CustomsHeld)),
    ("SE", Exception, None),
    ("DE", Exception, None),
    ("RS", Exception, Some(TrackDetail::Returning)),
    ("RT", Exception, Some(TrackDetail::Returning)),
    // Ended
    ("CA", Cancelled, None),
    ("RD", Cancelled, None),
    ("LP", Cancelled, None),
];

/// What a code means, with the reason beside it. An unknown code is `Unknown`, which changes nothing.
pub fn meaning(code: &str, reason: &str, words: &str) -> (TrackStatus, Option<TrackDetail>) {
    let code = code.trim().to_ascii_uppercase();
    let Some((_, status, detail)) = TABLE.iter().find(|(known, ..)| *known == code) else {
        return (Unknown, None);
    };
    if !matches!(code.as_str(), "DE" | "SE" | "DY" | "CD") {
        return (status.clone(), detail.clone());
    }
    match reason_of(reason, words) {
        Some((status, reason)) => (status, Some(reason)),
        None => (status.clone(), detail.clone()),
    }
}

/// The code of FedEx's English words for a status, for answers that bring words only.
pub fn code_of_words(words: &str) -> Option<&'static str> {
    const WORDS: &[(&str, &str)] = &[
        ("label created", "OC"),
        ("shipment information sent", "OC"),
        ("ready for pickup", "HP"),
        ("ready for recipient pickup", "HP"),
        ("picked up", "PU"),
        ("out for delivery", "OD"),
        ("on fedex vehicle", "OD"),
        ("delivery exception", "DE"),
        ("shipment exception", "SE"),
        ("clearance delay", "CD"),
        ("return", "RS"),
        ("cancel", "CA"),
        ("delivered", "DL"),
        ("delay", "DY"),
        ("in transit", "IT"),
        ("on the way", "OW"),
    ];
    let words = words.to_ascii_lowercase();
    WORDS.iter().find(|(part, _)| words.contains(part)).map(|(_, code)| *code)
}

/// Reasons of delivery and shipment exceptions. Numbers come with and without leading zeros.
fn reason_of(reason: &str, words: &str) -> Option<(TrackStatus, TrackDetail)> {
    let number = reason.trim().trim_start_matches('0');
    let words = words.to_ascii_lowercase();
    let returning = words.contains("return") && words.contains("shipper");
    match number {
        "60G" | "14" => Some((Exception, TrackDetail::Returning)),
        _ if returning => Some((Exception, TrackDetail::Returning)),
        "7" | "8" => Some((Attempted, TrackDetail::NotHome)),
        "3" => Some((Exception, TrackDetail::AddressProblem)),
        "39" => Some((Exception, TrackDetail::Damaged)),
        "83" => Some((Exception, TrackDetail::Held)),
        _ if words.contains("refused") => Some((Exception, TrackDetail::Refused)),
        _ if words.contains("weather") => Some((Exception, TrackDetail::Weather)),
        _ if words.contains("damage") => Some((Exception, TrackDetail::Damaged)),
        _ if words.contains("incorrect address") => Some((Exception, TrackDetail::AddressProblem)),
        _ if words.contains("not available") || words.contains("business closed") => {
            Some((Attempted, TrackDetail::NotHome))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_twice_and_none_in_small_letters() {
        for (at, (code, ..)) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|(other, ..)| other != code), "{code}");
            assert_eq!(*code, code.to_ascii_uppercase());
        }
    }

    #[test]
    fn every_code_of_the_published_lists_has_a_meaning() {
        let published = "AA AC AD AF AO AP AR AX CA CH DD DE DL DP DR DS DY EA ED EO EP FD HL HP IT IX LO OC OD OF Ow \
            OX PD PF PL PM PU PX RR RM RC RS RP LP RG RD SE SF SP TR CC CD CP";
        for code in published.split_whitespace() {
            assert_ne!(meaning(code, "", "").0, Unknown, "{code}");
        }
        assert_eq!(meaning("ZZ", "", "").0, Unknown);
    }

    #[test]
    fn words_alone_say_enough() {
        for (words, status) in [
            ("Delivered", Delivered),
            ("Label created", PreTransit),
            ("Out for delivery", OutForDelivery),
            ("Delivery exception", Exception),
            ("Returned to shipper", Exception),
            ("In transit", InTransit),
        ] {
            assert_eq!(meaning(code_of_words(words).unwrap(), "", "").0, status, "{words}");
        }
        assert_eq!(code_of_words("en camino"), None);
    }

    #[test]
    fn traps_of_the_derived_codes() {
        assert_eq!(meaning("RS", "", "").1, Some(TrackDetail::Returning));
        assert_eq!(meaning("OD", "", "").0, OutForDelivery);
        assert_eq!(meaning("HP", "", "").0, AvailableForPickup);
    }

    #[test]
    fn exceptions_by_reason() {
        for (reason, words, expected) in [
            ("007", "", (Attempted, TrackDetail::NotHome)),
            ("08", "", (Attempted, TrackDetail::NotHome)),
            ("03", "", (Exception, TrackDetail::AddressProblem)),
            ("083", "", (Exception, TrackDetail::Held)),
            ("039", "", (Exception, TrackDetail::Damaged)),
            ("060G", "", (Exception, TrackDetail::Returning)),
            ("", "Package returned to shipper", (Exception, TrackDetail::Returning)),
        ] {
            assert_eq!(meaning("DE", reason, words), (expected.0, Some(expected.1)), "{reason} {words}");
        }
        assert_eq!(meaning("DE", "999", ""), (Exception, None));
    }
}
