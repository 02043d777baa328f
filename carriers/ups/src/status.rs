//! UPS's status codes as data: what each means for the parcel.
//!
//! The three-digit code decides, then the letter of the status type. Codes that report a wish, a confirmation or a
//! photograph ("Hold for Pickup Requested") change nothing and are `Unknown`.

use waybill_core::{TrackDetail, TrackStatus};

use TrackDetail as Detail;
use TrackStatus as Status;

/// Meaning, and the three-digit codes that have it. From UPS's published list of status texts.
const BY_CODE: &[(Status, Option<Detail>, &str)] = &[
    (Status::PreTransit, None, "003 044 045 077 079 080 157 166"),
    (Status::Cancelled, None, "007"),
    (Status::Accepted, Some(Detail::PickedUp), "038 160 167 168 169"),
    (
        Status::InTransit,
        None,
        "005 010 016 025 039 047 055 057 070 071 075 082 087 093 094 136 138 158 159 164 165",
    ),
    (Status::InTransit, Some(Detail::Held), "019"),
    (Status::InTransit, Some(Detail::HandedOver), "073 074 137"),
    (Status::InTransit, Some(Detail::Customs), "012 092 123 126"),
    (Status::InTransit, Some(Detail::CustomsCleared), "014 084 134"),
    (Status::InTransit, Some(Detail::Delayed), "132"),
    (Status::OutForDelivery, None, "006 021 037 072 078 089 091 146 162"),
    (Status::AvailableForPickup, Some(Detail::PickupPoint), "017 040 143 144 161"),
    (Status::Delivered, None, "011 026 156"),
    (Status::Attempted, None, "022 023 024 060 061 062 066 145"),
    (Status::Exception, None, "013 029 030 076 139"),
    (Status::Exception, Some(Detail::AddressProblem), "050"),
    (Status::Exception, Some(Detail::CustomsHeld), "058 124 125 141"),
    (Status::Exception, Some(Detail::Damaged), "059"),
    (Status::Exception, Some(Detail::Refused), "064"),
    (Status::Exception, Some(Detail::Lost), "068"),
    (Status::Exception, Some(Detail::Undeliverable), "069"),
    (Status::Exception, Some(Detail::Held), "083 085"),
    (Status::Exception, Some(Detail::Delayed), "032 046 048 049 086 090"),
    (Status::Exception, Some(Detail::Weather), "051 052 053"),
    (Status::Exception, Some(Detail::Claim), "129 130"),
    (Status::Exception, Some(Detail::Destroyed), "147 149"),
    (Status::Exception, Some(Detail::Returning), "033 035 036 118 119"),
    (Status::Returned, None, "034 067 081"),
];

/// Meaning of the letters of a status type, for codes that are not in the table.
const BY_TYPE: &[(&str, Status, Option<Detail>)] = &[
    ("M", Status::PreTransit, None),
    ("MP", Status::PreTransit, None),
    ("MV", Status::Cancelled, None),
    ("P", Status::Accepted, Some(Detail::PickedUp)),
    ("I", Status::InTransit, None),
    ("DO", Status::InTransit, None),
    ("DD", Status::InTransit, None),
    ("W", Status::InTransit, None),
    ("O", Status::OutForDelivery, None),
    ("D", Status::Delivered, None),
    ("X", Status::Exception, None),
    ("RS", Status::Returned, None),
];

/// Codes whose texts say that nothing is known, or that change nothing: wishes, confirmations, claims that ended,
/// pickup attempts.
const SAYS_NOTHING: &str = "000 018 020 027 028 041 042 043 054 056 063 065 088 095 096 097 098 099 100 101 102 103 \
    104 105 106 107 108 109 110 111 112 113 114 115 116 117 120 121 122 127 128 131 133 135 140 142 148 153 154 155 163";

/// What a scan means for the parcel.
pub(crate) fn meaning(code: Option<&str>, kind: Option<&str>) -> (Status, Option<Detail>) {
    let listed = |codes: &str, code: &str| codes.split_ascii_whitespace().any(|known| known == code);
    if let Some(code) = code {
        if let Some((status, detail, _)) = BY_CODE.iter().find(|(_, _, codes)| listed(codes, code)) {
            return (status.clone(), detail.clone());
        }
        if listed(SAYS_NOTHING, code) {
            return (Status::Unknown, None);
        }
    }
    let by_type = kind.and_then(|kind| BY_TYPE.iter().find(|row| row.0 == kind));
    by_type.map_or((Status::Unknown, None), |(_, status, detail)| (status.clone(), detail.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_has_two_meanings() {
        let mut codes: Vec<&str> = BY_CODE
            .iter()
            .map(|row| row.2)
            .chain([SAYS_NOTHING])
            .flat_map(str::split_ascii_whitespace)
            .collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
        assert!(codes.iter().all(|code| code.len() == 3));
    }

    #[test]
    fn the_code_decides_before_the_type() {
        for (code, kind, status) in [
            (Some("021"), Some("I"), Status::OutForDelivery),
            (Some("007"), Some("M"), Status::Cancelled),
            (Some("161"), Some("D"), Status::AvailableForPickup),
            (Some("155"), Some("D"), Status::Unknown),
            (Some("999"), Some("I"), Status::InTransit),
            (None, Some("MV"), Status::Cancelled),
            (Some("999"), Some("?"), Status::Unknown),
            (None, None, Status::Unknown),
        ] {
            assert_eq!(meaning(code, kind).0, status, "{code:?} {kind:?}");
        }
    }
}
