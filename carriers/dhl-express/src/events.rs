//! DHL's checkpoint codes, the whole dataset `trackingEventCode` of the reference data, with our status for each.

use waybill_core::{TrackDetail, TrackStatus};

/// Code, status, detail.
pub(crate) const EVENTS: &[(&str, TrackStatus, Option<TrackDetail>)] = {
    use TrackDetail as D;
    use TrackStatus as S;
    &[
        ("AD", S::InTransit, None),
        ("AF", S::InTransit, Some(D::Arrived)),
        ("AR", S::InTransit, Some(D::Arrived)),
        ("BA", S::Attempted, Some(D::AddressProblem)),
        ("BL", S::InTransit, Some(D::Customs)),
        ("BN", S::Exception, Some(D::Customs)),
        ("BR", S::InTransit, Some(D::Customs)),
        ("CA", S::Attempted, Some(D::NotHome)),
        ("CC", S::AvailableForPickup, Some(D::PickupPoint)),
        ("CD", S::Exception, Some(D::CustomsHeld)),
        ("CI", S::InTransit, None),
        ("CM", S::Attempted, Some(D::AddressProblem)),
        ("CR", S::InTransit, Some(D::CustomsCleared)),
        ("CS", S::Exception, None),
        ("CU", S::InTransit, None),
        ("DD", S::Delivered, Some(D::Damaged)),
        ("DF", S::InTransit, Some(D::Departed)),
        ("DI", S::InTransit, Some(D::Customs)),
        ("DM", S::Exception, Some(D::Damaged)),
        ("DP", S::Exception, Some(D::Held)),
        ("DS", S::Exception, Some(D::Destroyed)),
        ("DUMMY_PU", S::PreTransit, None),
        ("ES", S::InTransit, Some(D::Customs)),
        ("FD", S::InTransit, Some(D::Forwarded)),
        ("HI", S::InTransit, Some(D::Held)),
        ("HN", S::InTransit, None),
        ("HO", S::InTransit, None),
        ("HP", S::Exception, Some(D::Held)),
        ("IA", S::InTransit, None),
        ("IC", S::InTransit, Some(D::Customs)),
        ("IR", S::Exception, None),
        ("LV", S::InTransit, None),
        ("MC", S::Exception, None),
        ("MD", S::Attempted, Some(D::Delayed)),
        ("MS", S::Exception, Some(D::Delayed)),
        ("NA", S::Exception, Some(D::Delayed)),
        ("ND", S::Attempted, None),
        ("NH", S::Attempted, Some(D::NotHome)),
        ("OH", S::Exception, Some(D::Held)),
        ("OK", S::Delivered, None),
        ("PD", S::InTransit, None),
        ("PL", S::InTransit, None),
        ("PU", S::Accepted, Some(D::PickedUp)),
        ("PY", S::InTransit, None),
        ("RD", S::Attempted, Some(D::Refused)),
        ("RR", S::InTransit, Some(D::Customs)),
        ("RT", S::Returned, None),
        ("RW", S::InTransit, None),
        ("SA", S::PreTransit, None),
        ("SC", S::InTransit, None),
        ("SI", S::Exception, None),
        ("SM", S::InTransit, None),
        ("SS", S::Exception, Some(D::Held)),
        ("ST", S::Exception, Some(D::Held)),
        ("TD", S::Exception, Some(D::Delayed)),
        ("TI", S::Exception, Some(D::Claim)),
        ("TP", S::InTransit, Some(D::HandedOver)),
        ("TR", S::InTransit, None),
        ("TT", S::Unknown, None),
        ("UD", S::Exception, Some(D::CustomsHeld)),
        ("UV", S::InTransit, None),
        ("WC", S::OutForDelivery, None),
    ]
};

/// Checkpoints of the office, which may follow a delivery and change nothing about it.
const PAPERWORK: &[&str] = &["CS", "DI", "ES", "HI", "HO", "IA", "PY", "RR", "RW", "SC", "TI", "TT"];

/// Status and detail of a code; unknown codes change nothing.
pub(crate) fn status(code: &str) -> (TrackStatus, Option<TrackDetail>) {
    let row = EVENTS.iter().find(|row| row.0 == code);
    row.map_or((TrackStatus::Unknown, None), |row| (row.1.clone(), row.2.clone()))
}

/// Whether a checkpoint after a delivery is paperwork.
pub(crate) fn is_paperwork(code: &str) -> bool {
    PAPERWORK.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_without_doubles() {
        assert!(EVENTS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(EVENTS.len(), 62);
        assert!(PAPERWORK.iter().all(|code| EVENTS.iter().any(|row| row.0 == *code)));
        assert_eq!(status("WC").0, TrackStatus::OutForDelivery);
        assert_eq!(status("??"), (TrackStatus::Unknown, None));
    }
}
