//! UPS's status codes as data: what each means for the parcel.
//!
//! The three-digit code decides, then the letters of the status type; UPS's words refine what both leave open. Codes that
//! report a wish, a confirmation or a photograph ("Hold for Pickup Requested") change nothing and are `Unknown`.

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

/// Two-letter codes of scans that say more than their type: a void, and updates, which change nothing. From UPS's lists
/// of manifest and update codes.
const BY_SCAN: &[(&str, Status)] =
    &[("VP", Status::Cancelled), ("PX", Status::Unknown), ("UP", Status::Unknown), ("UT", Status::Unknown)];

/// What UPS's words say where neither code nor type does: parts of the text in small letters, meaning; the first row that fits
/// counts. UPS has some 700 numbered exceptions, whose texts these follow. Many are side notes: they come under the type of
/// an exception, also to parcels that were delivered, and change nothing.
const BY_WORDS: &[(Status, Option<Detail>, &[&str])] = &[
    (Status::Exception, Some(Detail::Lost), &["lost"]),
    (
        Status::Unknown,
        None,
        &[
            "service refund",
            "claim",
            "investigation",
            "acknowledge",
            "service commitment time",
            "return label",
            "label has been discarded",
            "shipping label",
            "address has been corrected",
            "delivery change",
            "my choice",
            "intercept",
            "delivery instructions",
            "replenishment",
            "package was stored",
            "follow-up",
            "phone number",
            "duplicate tracking number",
        ],
    ),
    (Status::Exception, Some(Detail::Returning), &["return"]),
    (Status::Exception, Some(Detail::Refused), &["refused"]),
    (
        Status::Exception,
        Some(Detail::Destroyed),
        &["destroyed", "discarded", "disposed", "disposal", "seized"],
    ),
    (
        Status::AvailableForPickup,
        Some(Detail::PickupPoint),
        &[
            "awaiting customer",
            "packages are ready for pickup",
            "pickup must be made",
            "must be picked up within",
        ],
    ),
    (
        Status::Attempted,
        Some(Detail::NotHome),
        &[
            "receiver was not available",
            "no one was available",
            "missed you",
            "business was closed",
            "business is closed",
            "not in or business closed",
            "to the business",
        ],
    ),
    (
        Status::Attempted,
        None,
        &[
            "tried to deliver",
            "attempted to deliver",
            "attempted delivery",
            "delivery attempted",
            "final delivery attempt",
            "able to receive payment",
            "delivery was not made",
        ],
    ),
    (Status::Exception, Some(Detail::Weather), &["weather", "natural disaster"]),
    (Status::Exception, Some(Detail::Damaged), &["damage"]),
    (
        Status::Exception,
        Some(Detail::CustomsHeld),
        &["customs", "clearance", "clearing agency", "brokerage", "government agency"],
    ),
    (
        Status::Exception,
        Some(Detail::AddressProblem),
        &["address", "street number", "postal code", "building directory", "location is vacant"],
    ),
    (
        Status::Exception,
        Some(Detail::Undeliverable),
        &[
            "undeliverable",
            "no longer in business",
            "will not be delivered",
            "unable to complete the delivery",
        ],
    ),
    (Status::Exception, Some(Detail::Held), &["being held", "will be held", "package held"]),
    (
        Status::Exception,
        Some(Detail::Delayed),
        &[
            "delay",
            "reschedul",
            "misrouted",
            "missorted",
            "labor strike",
            "disruption",
            "later than expected",
            "after the scheduled time",
            "after the delivery commitment",
            "on schedule",
        ],
    ),
    // Wishes and talks, where the text holds nothing of the above.
    (
        Status::Unknown,
        None,
        &[
            "requested",
            "arrange",
            "delivery information",
            "upgrade",
            "contacted",
            "left a message",
            "left a notice",
        ],
    ),
];

/// What a scan says: UPS's three-digit code, type, two-letter code and words, each of which may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    /// Three digits.
    pub code: Option<&'a str>,
    /// Letters of the type.
    pub kind: Option<&'a str>,
    /// Two letters of the scan.
    pub scan: Option<&'a str>,
    /// Words.
    pub words: Option<&'a str>,
}

/// What a scan means for the parcel.
pub(crate) fn meaning(said: Said<'_>) -> (Status, Option<Detail>) {
    let words = said.words.unwrap_or_default().to_ascii_lowercase();
    if let Some(code) = said.code {
        // Numbers lose their zeros on the way.
        let code =
            if code.bytes().all(|byte| byte.is_ascii_digit()) { format!("{code:0>3}") } else { code.into() };
        let listed = |codes: &str| codes.split_ascii_whitespace().any(|known| known == code);
        if let Some((status, detail, _)) = BY_CODE.iter().find(|(_, _, codes)| listed(codes)) {
            return movement(status.clone(), detail.clone(), &words);
        }
        if listed(SAYS_NOTHING) {
            return (Status::Unknown, None);
        }
    }
    let scan = said.scan.map(str::to_ascii_uppercase);
    if let Some((_, status)) = BY_SCAN.iter().find(|row| scan.as_deref() == Some(row.0)) {
        return (status.clone(), None);
    }
    let kind = said.kind.map(str::to_ascii_uppercase);
    match BY_TYPE.iter().find(|row| kind.as_deref() == Some(row.0)) {
        Some((_, Status::Exception, None)) => {
            let known = BY_WORDS.iter().find(|(.., parts)| parts.iter().any(|part| words.contains(part)));
            known.map_or((Status::Exception, None), |(status, detail, _)| (status.clone(), detail.clone()))
        }
        Some((_, status, detail)) => movement(status.clone(), detail.clone(), &words),
        None => (Status::Unknown, None),
    }
}

/// Arrivals, departures and the van, which share one code with everything else on the way.
fn movement(status: Status, detail: Option<Detail>, words: &str) -> (Status, Option<Detail>) {
    if status != Status::InTransit || detail.is_some() {
        return (status, detail);
    }
    match () {
        () if words.contains("out for delivery") => (Status::OutForDelivery, None),
        () if words.starts_with("arriv") => (status, Some(Detail::Arrived)),
        () if words.starts_with("depart") => (status, Some(Detail::Departed)),
        () => (status, None),
    }
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
            (Some("21"), None, Status::OutForDelivery),
            (Some("007"), Some("M"), Status::Cancelled),
            (Some("161"), Some("D"), Status::AvailableForPickup),
            (Some("155"), Some("D"), Status::Unknown),
            (Some("999"), Some("I"), Status::InTransit),
            (None, Some("MV"), Status::Cancelled),
            (None, Some("d"), Status::Delivered),
            (Some("999"), Some("?"), Status::Unknown),
            (None, None, Status::Unknown),
        ] {
            assert_eq!(meaning(Said { code, kind, ..Said::default() }).0, status, "{code:?} {kind:?}");
        }
    }

    #[test]
    fn words_say_what_code_and_type_leave_open() {
        for (kind, scan, words, status, detail) in [
            ("I", "OT", "Out For Delivery Today", Status::OutForDelivery, None),
            ("I", "AR", "Arrived at Facility", Status::InTransit, Some(Detail::Arrived)),
            ("I", "DP", "Departed from Facility", Status::InTransit, Some(Detail::Departed)),
            ("M", "VP", "Manifest cancelled", Status::Cancelled, None),
            ("D", "PX", "Delivery Photo", Status::Unknown, None),
            (
                "X",
                "48",
                "The receiver was not available for delivery.",
                Status::Attempted,
                Some(Detail::NotHome),
            ),
            ("X", "A6", "The address is incomplete.", Status::Exception, Some(Detail::AddressProblem)),
            ("X", "??", "Something new", Status::Exception, None),
            ("X", "F4", "A guaranteed service refund was requested.", Status::Unknown, None),
            ("X", "7X", "A claim for this parcel is under review.", Status::Unknown, None),
            ("X", "6R", "The receiver made a return label.", Status::Unknown, None),
            ("X", "L1", "Lost package investigation", Status::Exception, Some(Detail::Lost)),
            (
                "X",
                "A9",
                "We're bringing it back to the sender: returning.",
                Status::Exception,
                Some(Detail::Returning),
            ),
            ("X", "62", "We tried to deliver, but could not collect payment.", Status::Attempted, None),
            (
                "X",
                "26",
                "At the access point, awaiting customer collection",
                Status::AvailableForPickup,
                Some(Detail::PickupPoint),
            ),
            (
                "X",
                "D5",
                "Per instruction the parcel was destroyed.",
                Status::Exception,
                Some(Detail::Destroyed),
            ),
            ("X", "H1", "The package is being held for a future day.", Status::Exception, Some(Detail::Held)),
        ] {
            let said = Said { kind: Some(kind), scan: Some(scan), words: Some(words), code: None };
            assert_eq!(meaning(said), (status, detail), "{words}");
        }
    }
}
