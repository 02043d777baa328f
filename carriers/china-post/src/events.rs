//! Event codes of the EMS open platform, by meaning. Three namespaces: operations, ways of delivery, reasons of failure.
//!
//! The code dictionary is the platform's (api.ems.com.cn, 2026-05); its list came to us through the
//! open-logistics-tracking project (OLTS, data under CC BY 4.0); the grouping into statuses is ours.

use waybill_core::{TrackDetail, TrackStatus};

/// Which of the code lists a code is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// Operation of a parcel (`opCode`).
    Operation,
    /// How it was delivered (`deliverCode`).
    Delivery,
    /// Why it was not delivered (`attemptDeliveryCode`).
    Failure,
}

/// What a code means; `None` where the status alone says it.
pub type Known = (TrackStatus, Option<TrackDetail>);

type Group = (&'static str, TrackStatus, Option<TrackDetail>);

const OPERATIONS: &[Group] = &[
    ("764", TrackStatus::PreTransit, None),
    ("203 208 464 O_001", TrackStatus::Accepted, None),
    (
        "303 305 336 345 356 358 360 364 365 368 370 371 374 375 376 379 389 394 396 399 404 423 457 458 459 460 461 465 \
         481 485 488 489 490 494 495 496 498 499 500 505 506 516 520 521 533 538 552 554 555 556 557 558 713 893 911 912 \
         913 916 931 932 937 950 954 991 C_001 O_003 O_004 O_005 O_007 O_008 O_009 O_020 O_022 O_029 O_032 O_033 O_034 \
         O_035 O_036 O_037 O_047 O_049 O_050 O_051 V_398 V_954 EDA EXD",
        TrackStatus::InTransit,
        None,
    ),
    (
        "466 467 486 565 973 C_002 C_004 C_006 C_010 C_033 O_031 O_038 O_039 EDB EXA",
        TrackStatus::InTransit,
        Some(TrackDetail::Customs),
    ),
    (
        "456 468 469 487 562 563 C_003 C_008 C_032 O_002 O_043 O_044 O_046 EDC EXC",
        TrackStatus::InTransit,
        Some(TrackDetail::CustomsCleared),
    ),
    ("702 749 O_014", TrackStatus::OutForDelivery, None),
    ("491 747 O_017", TrackStatus::AvailableForPickup, Some(TrackDetail::PickupPoint)),
    ("463 704 748 O_010 O_016", TrackStatus::Delivered, None),
    ("462 542 705 723 O_013", TrackStatus::Attempted, None),
    (
        "470 493 564 C_005 C_007 C_011 C_012 O_040 O_041 O_042 EME EXB",
        TrackStatus::Exception,
        Some(TrackDetail::CustomsHeld),
    ),
    ("312 326 405 447 482 708 741 750", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("756 802 803", TrackStatus::Exception, Some(TrackDetail::AddressProblem)),
    ("987 988", TrackStatus::Exception, Some(TrackDetail::Lost)),
    ("O_012", TrackStatus::Exception, Some(TrackDetail::Refused)),
    ("013 534 553 651 751 993 O_006 O_045 O_048", TrackStatus::Exception, None),
    ("711 C_009 O_011", TrackStatus::Returned, None),
    ("801", TrackStatus::Cancelled, None),
];

const DELIVERIES: &[Group] = &[
    ("10 90 100 120 150 160 169 181 ZDY", TrackStatus::Delivered, None),
    ("20", TrackStatus::Delivered, Some(TrackDetail::Neighbour)),
    ("30 50 80", TrackStatus::Delivered, Some(TrackDetail::PickupPoint)),
    ("60 70 161 162 163 164 165 166 167 168", TrackStatus::Delivered, Some(TrackDetail::SafePlace)),
    ("180", TrackStatus::Exception, Some(TrackDetail::Claim)),
];

const FAILURES: &[Group] = &[
    ("1 4", TrackStatus::Attempted, Some(TrackDetail::NotHome)),
    ("6", TrackStatus::Attempted, Some(TrackDetail::Delayed)),
    ("2 3 5", TrackStatus::Exception, Some(TrackDetail::AddressProblem)),
    ("11 12", TrackStatus::Exception, Some(TrackDetail::Forwarded)),
    ("7", TrackStatus::Exception, Some(TrackDetail::Refused)),
    ("8 9 14", TrackStatus::AvailableForPickup, Some(TrackDetail::Held)),
    ("10 15", TrackStatus::Exception, Some(TrackDetail::Returning)),
    ("13", TrackStatus::Exception, Some(TrackDetail::Lost)),
    ("16", TrackStatus::Exception, None),
];

/// Codes that take earlier ones back: code, and the codes it may mean. 492 takes back the import as a whole and names none.
const REVERSALS: &[(&str, &[&str])] = &[
    ("207", &["203"]),
    ("212", &["208"]),
    ("304", &["303", "336", "345"]),
    ("424", &["423"]),
    ("448", &["447"]),
    ("472", &["404"]),
    ("474", &["405"]),
    ("483", &["482"]),
    ("492", &[]),
    ("742", &["702"]),
    ("743", &["704"]),
    ("744", &["705"]),
    ("EDAD", &["EDA"]),
    ("EDCD", &["EDC"]),
    ("EMED", &["EME"]),
    ("EXAD", &["EXA"]),
    ("EXBD", &["EXB"]),
    ("EXCD", &["EXC"]),
    ("EXDD", &["EXD"]),
];

/// Meaning of a code; `None` for codes that are new, and for those that take others back.
pub fn known(namespace: Namespace, code: &str) -> Option<Known> {
    let groups = match namespace {
        Namespace::Operation => OPERATIONS,
        Namespace::Delivery => DELIVERIES,
        Namespace::Failure => FAILURES,
    };
    let group = groups.iter().find(|group| group.0.split(' ').any(|known| known == code))?;
    Some((group.1.clone(), group.2.clone()))
}

/// The codes that a code takes back; `None` for codes that take nothing back.
pub fn reversed_by(code: &str) -> Option<&'static [&'static str]> {
    REVERSALS.iter().find(|row| row.0 == code).map(|row| row.1)
}
