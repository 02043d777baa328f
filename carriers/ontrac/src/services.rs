//! Services, packaging, options, labels and limits, as data.

use waybill_core::{
    Billed, CarrierOption, Country, LabelFormat, LabelOffer, Lane, Length, LengthUnit, Limits, Linking,
    Packaging, Pieces, Places, Profile, PurchaseTraits, Quota, RepeatGuard, Service, ServiceOptions,
    Settlement, Signature, Weight, WeightUnit,
};
use waybill_core::{Border, Currency};

use crate::config::{ApiVersion, Config, HOST};

/// Packaging that is priced by the piece: sent with a weight of 0 and sides of 0.
pub(crate) const LETTER: &str = "letter";
/// Carrier option: words for the driver.
pub(crate) const INSTRUCTIONS: &str = "instructions";
/// Carrier option: how a cash on delivery is paid.
pub(crate) const COD_TYPE: &str = "cod-type";

/// Figures that no document of OnTrac's states, in one place. The README lists them.
pub(crate) mod uncertain {
    /// Heaviest parcel in pounds (from a client's code).
    pub(crate) const POUNDS: u32 = 150;
    /// Largest length plus girth in inches (from a client's code).
    pub(crate) const LENGTH_PLUS_GIRTH: u32 = 105;
    /// Heaviest letter in ounces.
    pub(crate) const LETTER_OUNCES: u32 = 8;
    /// Whether post office boxes are served.
    pub(crate) const PO_BOX: bool = false;
    /// Seconds until tracking shows a new parcel.
    pub(crate) const SETTLE_SECONDS: u32 = 120;
}

/// Our name, OnTrac's code, public name, in V7.
const SERVICES: &[(&str, &str, &str, bool)] = &[
    ("ground", "C", "OnTrac Ground", true),
    ("sunrise", "S", "OnTrac Sunrise", false),
    ("sunrise-gold", "G", "OnTrac Sunrise Gold", false),
    ("palletized-freight", "H", "OnTrac Palletized Freight", false),
];

/// The carrier as data; for an account, what its version has.
pub(crate) fn profile(config: Option<&Config>) -> Profile {
    let version = config.map_or(ApiVersion::V7, |config| config.version);
    let old = version.is_old();
    let offered = SERVICES.iter().filter(|row| old || row.3);
    Profile {
        id: "ontrac".into(),
        name: "OnTrac".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        services: offered.map(|row| service(row.0, row.1, row.2, old)).collect(),
        packagings: vec![Packaging {
            max_weight: Some(Weight::new(uncertain::LETTER_OUNCES, WeightUnit::Ounce)),
            ..Packaging::new(LETTER, "0", "Letter")
        }],
        labels: labels(old),
        carrier_options: options(old),
        pieces: Pieces::OneEach,
        settlement: Settlement::BilledToAccount,
        purchase: purchase(config),
        linking: Linking {
            sellers: Places::Only(vec![Country::US]),
            reason: "OnTrac opens accounts for shippers in the United States only".into(),
        },
        hosts: vec![HOST.into()],
        quotas: vec![Quota {
            calls: 500,
            seconds: 60,
            path: String::new(),
            source: "terms of use in the V7 document (stated for tracking)".into(),
        }],
        track_batch: 100,
        terms: Vec::new(),
        currencies: vec![Currency::USD],
    }
}

fn service(code: &str, ontrac: &str, name: &str, old: bool) -> Service {
    let us = || Places::Only(vec![Country::US]);
    let lane = Lane { from: us(), to: us(), border: Border::Domestic };
    let mut service = Service::new(code, ontrac, name, vec![lane]);
    service.limits = Limits {
        max_weight: Some(Weight::new(uncertain::POUNDS, WeightUnit::Pound)),
        max_length_plus_girth: Some(Length::new(uncertain::LENGTH_PLUS_GIRTH, LengthUnit::Inch)),
        ..Limits::default()
    };
    if ontrac == "H" {
        // Pallets are beyond what is known of parcels.
        service.limits = Limits::default();
    } else {
        service.packagings = vec![LETTER.into()];
    }
    service.po_box = uncertain::PO_BOX;
    service.customs_data = false;
    service.options = ServiceOptions {
        signatures: vec![Signature::None, Signature::Signature],
        saturday: true,
        cash_on_delivery: old,
        declared_value: old,
        ..ServiceOptions::default()
    };
    service
}

/// `spec` of label types: V7 lists PDF, ZPL and PNG; older documents more.
fn labels(old: bool) -> Vec<LabelOffer> {
    let mut labels = vec![LabelOffer::new(LabelFormat::Pdf), LabelOffer::at(LabelFormat::Zpl, &[203])];
    if old {
        labels.push(LabelOffer::at(LabelFormat::Epl, &[203]));
        labels.push(LabelOffer::new(LabelFormat::Gif));
        labels.push(LabelOffer::new(LabelFormat::Jpg));
    } else {
        labels.push(LabelOffer::new(LabelFormat::Png));
    }
    labels
}

fn options(old: bool) -> Vec<CarrierOption> {
    let option = |name: &str, help: &str| CarrierOption { name: name.into(), help: help.into() };
    let mut options =
        vec![option(INSTRUCTIONS, "Words for the driver, at most 100 characters: `ring twice`.")];
    if old {
        options.push(option(
            COD_TYPE,
            "How a cash on delivery is paid: `secured` (certified funds) or `unsecured`.",
        ));
    }
    options
}

/// Section 5 of the purchase protocol. With a number block the number is chosen before the purchase, and the same number
/// is the same label (what a new account should aim at, so the profile without an account says so); without one OnTrac finds a parcel by its reference, which holds the handle.
fn purchase(config: Option<&Config>) -> PurchaseTraits {
    let chosen = config.is_none_or(|config| config.number_block.is_some());
    let again = config.is_some_and(|config| config.same_number_again);
    PurchaseTraits {
        repeat: if chosen { RepeatGuard::ChosenNumber } else { RepeatGuard::Handle },
        lookup: !again,
        recovers_label: false,
        voids: false,
        billed: Billed::AtTender,
        settle_seconds: uncertain::SETTLE_SECONDS,
        // OnTrac asks not to look for parcels that are older than two weeks.
        recover_within_seconds: Some(14 * 86_400),
        timeout_seconds: 60,
        // OnTrac's server answers 200 whatever happens; no document names another status.
        not_processed: Vec::new(),
    }
}
