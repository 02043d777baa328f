//! Mail classes, packagings and limits as data. Sources: USPS API files (domestic-labels 3.9.13, international-labels
//! 3.3.7, shipping-options 3.1.29) and, where marked, the Domestic and International Mail Manuals.

use rust_decimal::Decimal;
use waybill_core::{
    Billed, Border, CarrierId, CarrierOption, Country, Currency, Dimensions, LabelFormat, LabelOffer, Lane,
    Length, LengthUnit, Limits, Linking, Money, NotProcessed, Packaging, Pieces, Places, Profile,
    PurchaseTraits, Quota, RepeatGuard, Service, ServiceOptions, Settlement, Signature, Weight, WeightUnit,
};

/// A mail class that is sold here.
#[derive(Debug)]
pub(crate) struct Class {
    /// Our name.
    pub code: &'static str,
    /// USPS's name.
    pub mail_class: &'static str,
    /// USPS's name for returns.
    pub return_class: Option<&'static str>,
    pub name: &'static str,
    pub international: bool,
    /// Kind of content that the class is for; asked for by the carrier option `contents`.
    pub contents: Option<&'static str>,
    /// Value up to which insurance is part of the price, in dollars.
    pub included_insurance: u32,
    /// Rate indicator of the shipper's own box.
    pub own_indicator: &'static str,
    max_pounds: u32,
    max_girth_inches: u32,
}

const fn class(code: &'static str, mail_class: &'static str, name: &'static str) -> Class {
    Class {
        code,
        mail_class,
        return_class: None,
        name,
        international: false,
        contents: None,
        included_insurance: 0,
        own_indicator: "SP",
        max_pounds: 70,
        max_girth_inches: 108,
    }
}

/// Every class that is sold here, in the order to show them.
pub(crate) const CLASSES: &[Class] = &[
    Class {
        return_class: Some("USPS_GROUND_ADVANTAGE_RETURN_SERVICE"),
        included_insurance: 100,
        max_girth_inches: 130,
        ..class("ground-advantage", "USPS_GROUND_ADVANTAGE", "USPS Ground Advantage")
    },
    Class {
        return_class: Some("PRIORITY_MAIL_RETURN_SERVICE"),
        included_insurance: 100,
        ..class("priority-mail", "PRIORITY_MAIL", "Priority Mail")
    },
    Class {
        return_class: Some("PRIORITY_MAIL_EXPRESS_RETURN_SERVICE"),
        included_insurance: 100,
        own_indicator: "PA",
        ..class("priority-mail-express", "PRIORITY_MAIL_EXPRESS", "Priority Mail Express")
    },
    Class { contents: Some("media"), ..class("media-mail", "MEDIA_MAIL", "Media Mail") },
    Class { contents: Some("library"), ..class("library-mail", "LIBRARY_MAIL", "Library Mail") },
    Class {
        international: true,
        max_pounds: 4,
        ..class(
            "first-class-package-international",
            "FIRST-CLASS_PACKAGE_INTERNATIONAL_SERVICE",
            "First-Class Package International Service",
        )
    },
    Class {
        international: true,
        ..class("priority-mail-international", "PRIORITY_MAIL_INTERNATIONAL", "Priority Mail International")
    },
    Class {
        international: true,
        own_indicator: "PA",
        ..class(
            "priority-mail-express-international",
            "PRIORITY_MAIL_EXPRESS_INTERNATIONAL",
            "Priority Mail Express International",
        )
    },
];

/// Classes that answers may hold and that are left out on purpose, with the reason.
pub(crate) const LEFT_OUT: &[(&str, &str)] = &[
    ("PARCEL_SELECT", "needs entry at a destination facility"),
    ("USPS_CONNECT_LOCAL", "needs entry at the delivery unit"),
    ("USPS_CONNECT_REGIONAL", "needs entry at a destination facility"),
    ("USPS_CONNECT_MAIL", "needs entry at the delivery unit"),
    ("BOUND_PRINTED_MATTER", "takes bound printed matter only"),
];

/// Class of one of our service codes.
pub(crate) fn class_of(code: &str) -> Option<&'static Class> {
    CLASSES.iter().find(|class| class.code == code)
}

/// Class by USPS's name, outbound or return.
pub(crate) fn class_by_mail_class(mail_class: &str) -> Option<&'static Class> {
    let is = |name: &str| name.eq_ignore_ascii_case(mail_class.trim());
    CLASSES.iter().find(|class| is(class.mail_class) || class.return_class.is_some_and(is))
}

/// A flat-rate packaging.
pub(crate) struct FlatRate {
    pub code: &'static str,
    pub name: &'static str,
    /// Rate indicators: Priority Mail and Priority Mail International, Express (both).
    pub priority: &'static str,
    pub express: Option<&'static str>,
    /// Sold for international mail, and up to how many pounds (International Mail Manual, 2026; not in an API file).
    pub abroad_pounds: Option<u32>,
    /// An envelope: FLATS where USPS lists it so.
    pub envelope: bool,
    /// Outer size in hundredths of an inch (usps.com store; not in an API file).
    pub size: [i64; 3],
}

/// Flat-rate packagings. Domestic flat rate takes 70 lb.
pub(crate) const FLAT_RATES: &[FlatRate] = &[
    FlatRate {
        code: "flat-rate-envelope",
        name: "Flat Rate Envelope",
        priority: "FE",
        express: Some("E4"),
        abroad_pounds: Some(4),
        envelope: true,
        size: [1250, 950, 50],
    },
    FlatRate {
        code: "legal-flat-rate-envelope",
        name: "Legal Flat Rate Envelope",
        priority: "FA",
        express: Some("E6"),
        abroad_pounds: Some(4),
        envelope: true,
        size: [1500, 950, 50],
    },
    FlatRate {
        code: "padded-flat-rate-envelope",
        name: "Padded Flat Rate Envelope",
        priority: "FP",
        express: Some("FP"),
        abroad_pounds: Some(4),
        envelope: true,
        size: [1250, 950, 100],
    },
    FlatRate {
        code: "small-flat-rate-box",
        name: "Small Flat Rate Box",
        priority: "FS",
        express: None,
        abroad_pounds: Some(4),
        envelope: false,
        size: [869, 544, 175],
    },
    FlatRate {
        code: "medium-flat-rate-box",
        name: "Medium Flat Rate Box",
        priority: "FB",
        express: None,
        abroad_pounds: Some(20),
        envelope: false,
        size: [1125, 875, 600],
    },
    FlatRate {
        code: "large-flat-rate-box",
        name: "Large Flat Rate Box",
        priority: "PL",
        express: None,
        abroad_pounds: Some(20),
        envelope: false,
        size: [1225, 1225, 600],
    },
    FlatRate {
        code: "large-flat-rate-box-military",
        name: "Large Flat Rate Box APO/FPO/DPO",
        priority: "PM",
        express: None,
        abroad_pounds: None,
        envelope: false,
        size: [1225, 1225, 600],
    },
];

/// A flat-rate packaging by our name.
pub(crate) fn flat_rate(code: &str) -> Option<&'static FlatRate> {
    FLAT_RATES.iter().find(|flat| flat.code == code)
}

impl FlatRate {
    /// Rate indicator in a class; `None` where the class is not sold in it.
    pub(crate) fn indicator(&self, class: &Class) -> Option<&'static str> {
        match class.mail_class {
            "PRIORITY_MAIL" => Some(self.priority),
            "PRIORITY_MAIL_EXPRESS" => self.express,
            "PRIORITY_MAIL_INTERNATIONAL" => self.abroad_pounds.map(|_| self.priority),
            "PRIORITY_MAIL_EXPRESS_INTERNATIONAL" => self.abroad_pounds.and(self.express),
            _ => None,
        }
    }

    pub(crate) fn dimensions(&self) -> Dimensions {
        let [a, b, c] = self.size.map(|hundredths| Decimal::new(hundredths, 2));
        Dimensions::new(a, b, c, LengthUnit::Inch)
    }
}

fn pounds(value: u32) -> Option<Weight> {
    Some(Weight::new(value, WeightUnit::Pound))
}

fn inches(value: u32) -> Option<Length> {
    Some(Length::new(value, LengthUnit::Inch))
}

fn limits(class: &Class) -> Limits {
    let mut limits = Limits {
        max_weight: pounds(class.max_pounds),
        max_length_plus_girth: inches(class.max_girth_inches),
        max_declared_value: Some(Money::new(Decimal::from(5000), Currency::USD)),
        dimensions_needed: true,
        ..Limits::default()
    };
    if class.mail_class == "FIRST-CLASS_PACKAGE_INTERNATIONAL_SERVICE" {
        limits.max_length = inches(24);
        limits.max_side_sum = inches(36);
        limits.max_length_plus_girth = None;
    }
    limits
}

fn options(class: &Class) -> ServiceOptions {
    let restricted = class.contents.is_some();
    let domestic = !class.international;
    let parcel = domestic && !restricted;
    let mut signatures = vec![Signature::Delivery];
    if domestic {
        signatures.push(Signature::Signature);
    }
    if parcel {
        signatures.push(Signature::Adult);
    }
    ServiceOptions {
        signatures,
        // Saturday is an ordinary delivery day and costs nothing.
        saturday: domestic,
        sunday: class.mail_class == "PRIORITY_MAIL_EXPRESS",
        hold: parcel,
        cash_on_delivery: false,
        alcohol: false,
        dry_ice: parcel,
        batteries: !restricted,
        dangerous_goods: parcel,
        declared_value: class.mail_class != "FIRST-CLASS_PACKAGE_INTERNATIONAL_SERVICE",
    }
}

fn lanes(class: &Class) -> Vec<Lane> {
    if !class.international {
        return vec![Lane::us_domestic()];
    }
    // Micronesia, the Marshall Islands and Palau are domestic for USPS: write them as US addresses with state FM, MH, PW.
    let domestic = ["FM", "MH", "PW"].into_iter().filter_map(Country::from_code).collect();
    vec![Lane { from: Places::UsAndTerritories, to: Places::Except(domestic), border: Border::International }]
}

fn service(class: &Class) -> Service {
    let mut service = Service::new(class.code, class.mail_class, class.name, lanes(class));
    service.limits = limits(class);
    service.options = options(class);
    service.packagings = FLAT_RATES
        .iter()
        .filter(|flat| flat.indicator(class).is_some())
        .map(|flat| flat.code.into())
        .collect();
    service.po_box = true;
    service.returns = class.return_class.is_some();
    service
}

fn packagings() -> Vec<Packaging> {
    let packaging = |flat: &FlatRate| Packaging {
        dimensions: Some(flat.dimensions()),
        max_weight: pounds(70),
        ..Packaging::new(flat.code, flat.priority, flat.name)
    };
    FLAT_RATES.iter().map(packaging).collect()
}

const HOUR: &str = "USPS api-examples issue 30: 60 calls an hour and API for a new app; more on request";

fn quotas() -> Vec<Quota> {
    [
        "shipments",
        "prices",
        "international-prices",
        "service-standards",
        "payments",
        "labels",
        "international-labels",
    ]
    .into_iter()
    .chain(["scan-forms", "tracking", "pickup", "addresses"])
    .map(|api| Quota { calls: 60, seconds: 3600, path: format!("/{api}/"), source: HOUR.to_owned() })
    .collect()
}

/// What can be done about a purchase whose answer was lost: the idempotency key is a handle to ask by. The texts of USPS
/// disagree on what sending it again does, so it is no guard.
fn purchase() -> PurchaseTraits {
    const SOURCE: &str = "domestic-labels 3.9.13 and international-labels 3.3.7: response of the gateway, before the \
                          label service";
    PurchaseTraits {
        repeat: RepeatGuard::Handle,
        lookup: true,
        recovers_label: true,
        voids: true,
        billed: Billed::AtCreation,
        settle_seconds: 120,
        recover_within_seconds: Some(crate::recover::FINDABLE_SECONDS),
        timeout_seconds: 60,
        not_processed: vec![NotProcessed::status(401, SOURCE), NotProcessed::status(429, SOURCE)],
    }
}

fn carrier_options() -> Vec<CarrierOption> {
    let option = |name: &str, help: &str| CarrierOption { name: name.to_owned(), help: help.to_owned() };
    vec![
        option(
            "contents",
            "`media` or `library`: the content qualifies for Media Mail or Library Mail, which are quoted only then",
        ),
        option(
            "soft_pack",
            "`yes`: the parcel is a soft pack of 18 in at most, so cubic soft-pack prices apply",
        ),
        option("non_rectangular", "`yes`: a tube or another shape that is no box"),
        option("urbanization", "Urbanization of a Puerto Rico destination"),
    ]
}

fn label_offers() -> Vec<LabelOffer> {
    vec![
        LabelOffer::new(LabelFormat::Pdf),
        LabelOffer::at(LabelFormat::Zpl, &[203, 300]),
        LabelOffer::new(LabelFormat::Tiff),
        LabelOffer::new(LabelFormat::Png),
        LabelOffer::new(LabelFormat::Jpg),
        LabelOffer::new(LabelFormat::Gif),
        LabelOffer::at(LabelFormat::Epl, &[300]),
    ]
}

/// The profile of USPS.
pub(crate) fn profile() -> Profile {
    Profile {
        id: CarrierId::from("usps"),
        name: "USPS".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        services: CLASSES.iter().map(service).collect(),
        packagings: packagings(),
        labels: label_offers(),
        carrier_options: carrier_options(),
        pieces: Pieces::OneEach,
        settlement: Settlement::Charged,
        purchase: purchase(),
        linking: Linking {
            sellers: Places::UsAndTerritories,
            reason: "USPS opens business accounts for shippers in the US and its territories".to_owned(),
        },
        hosts: vec!["apis.usps.com".to_owned(), "apis-tem.usps.com".to_owned()],
        quotas: quotas(),
        track_batch: 35,
        terms: Vec::new(),
        currencies: vec![Currency::USD],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_class_is_found_by_both_names() {
        let profile = profile();
        let mut codes: Vec<_> = profile.services.iter().map(|service| service.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CLASSES.len());
        for class in CLASSES {
            assert_eq!(class_of(class.code).map(|found| found.mail_class), Some(class.mail_class));
            assert_eq!(class_by_mail_class(class.mail_class).map(|found| found.code), Some(class.code));
        }
        assert_eq!(
            class_by_mail_class("PRIORITY_MAIL_RETURN_SERVICE").map(|found| found.code),
            Some("priority-mail")
        );
    }

    #[test]
    fn flat_rates_know_their_indicators() {
        let express = class_of("priority-mail-express").unwrap();
        assert_eq!(flat_rate("flat-rate-envelope").unwrap().indicator(express), Some("E4"));
        assert_eq!(flat_rate("medium-flat-rate-box").unwrap().indicator(express), None);
        let ground = class_of("ground-advantage").unwrap();
        assert!(FLAT_RATES.iter().all(|flat| flat.indicator(ground).is_none()));
    }
}
