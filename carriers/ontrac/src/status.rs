//! The table of tracking codes.
//!
//! Codes changed their meaning between the older services and V7; where the carrier's words contradict the table, the
//! words win.

use waybill_core::TrackDetail as D;
use waybill_core::TrackStatus as S;

type Row = (&'static str, S, Option<D>);

const TABLE: &[Row] = &[
    ("XX", S::PreTransit, None),
    ("OE", S::PreTransit, None),
    ("OO", S::PreTransit, None),
    ("PU", S::Accepted, Some(D::PickedUp)),
    ("OS", S::InTransit, None),
    ("PS", S::InTransit, Some(D::Arrived)),
    ("RD", S::InTransit, Some(D::Arrived)),
    ("SD", S::InTransit, None),
    ("CA", S::InTransit, Some(D::AddressProblem)),
    ("DI", S::InTransit, None),
    ("MC", S::InTransit, Some(D::AddressProblem)),
    ("OD", S::OutForDelivery, None),
    ("OK", S::Delivered, None),
    ("CL", S::Delivered, None),
    ("DW", S::Delivered, None),
    ("DN", S::Delivered, Some(D::Neighbour)),
    ("DD", S::Delivered, Some(D::Damaged)),
    ("DM", S::Delivered, Some(D::Damaged)),
    ("CK", S::Delivered, None),
    ("HP", S::AvailableForPickup, Some(D::PickupPoint)),
    ("CO", S::Attempted, Some(D::NotHome)),
    ("HO", S::Attempted, Some(D::NotHome)),
    ("AN", S::Exception, Some(D::Delayed)),
    ("LM", S::Exception, Some(D::Delayed)),
    ("LR", S::Exception, Some(D::Delayed)),
    ("MR", S::Exception, Some(D::Delayed)),
    ("MS", S::Exception, Some(D::Delayed)),
    ("NH", S::Exception, Some(D::Delayed)),
    ("RB", S::Exception, Some(D::Delayed)),
    ("BW", S::Exception, Some(D::Weather)),
    ("LW", S::Exception, Some(D::Weather)),
    ("DC", S::Exception, Some(D::Damaged)),
    ("UD", S::Exception, Some(D::Damaged)),
    ("IP", S::Exception, None),
    ("DG", S::Exception, None),
    ("AI", S::Exception, Some(D::AddressProblem)),
    ("WA", S::Exception, Some(D::AddressProblem)),
    ("UG", S::Exception, Some(D::AddressProblem)),
    ("HW", S::Exception, Some(D::AddressProblem)),
    ("DR", S::Exception, Some(D::Undeliverable)),
    ("LC", S::Exception, Some(D::Undeliverable)),
    ("UA", S::Exception, Some(D::Undeliverable)),
    ("UC", S::Exception, Some(D::Undeliverable)),
    ("UN", S::Exception, Some(D::Undeliverable)),
    ("UO", S::Exception, Some(D::Undeliverable)),
    ("ER", S::Exception, Some(D::Correction)),
    ("WD", S::Exception, Some(D::Correction)),
    ("RS", S::Returned, None),
    ("UM", S::Returned, None),
    ("CR", S::Returned, Some(D::Refused)),
];

/// Codes whose older meaning is told by the carrier's words: code, words in lower case, meaning.
const OLDER: &[(&str, &str, S, Option<D>)] = &[
    ("NH", "not home", S::Attempted, Some(D::NotHome)),
    ("MC", "customer service", S::Exception, None),
    ("HW", "warehouse", S::Exception, Some(D::Held)),
    ("UM", "missort", S::Exception, Some(D::Undeliverable)),
    ("UM", "undeliverable", S::Exception, Some(D::Undeliverable)),
    ("OS", "received at", S::InTransit, Some(D::Arrived)),
];

/// Status and detail of a code with its words; `Unknown` for a code that is not in the table.
pub(crate) fn of(code: &str, words: &str) -> (S, Option<D>) {
    let code = code.trim().to_ascii_uppercase();
    let words = words.to_ascii_lowercase();
    if let Some(row) = OLDER.iter().find(|row| row.0 == code && words.contains(row.1)) {
        return (row.2.clone(), row.3.clone());
    }
    TABLE.iter().find(|row| row.0 == code).map_or((S::Unknown, None), |row| (row.1.clone(), row.2.clone()))
}

/// Codes that take a delivery back.
pub(crate) fn takes_back(code: &str) -> bool {
    matches!(code.trim().to_ascii_uppercase().as_str(), "ER" | "WD")
}

/// Codes that inform only: a parcel that is further on stays there.
pub(crate) fn informs(code: &str) -> bool {
    matches!(code.trim().to_ascii_uppercase().as_str(), "CA" | "DI")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_once_and_words_win() {
        for (at, row) in TABLE.iter().enumerate() {
            assert!(TABLE[at + 1..].iter().all(|other| other.0 != row.0), "{}", row.0);
        }
        assert_eq!(of("nh", "Not home").0, S::Attempted);
        assert_eq!(of("NH", "Delayed. Delivery date updated.").1, Some(D::Delayed));
        assert_eq!(of("Q9", "?").0, S::Unknown);
    }
}
