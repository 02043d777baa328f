//! Products, boxes, options, limits and lanes, as data.
//!
//! DHL has one product code per service **and** content: EXPRESS WORLDWIDE is `P` for goods that customs must see, `D`
//! for documents and `U` inside the EU. To a shipper it is one service; the code follows from the shipment.
//!
//! Sources: product dataset of the reference data in the specification (names, largest weight per shipment, largest
//! piece). Those figures are stated for the document products; that they hold for the products for goods is an
//! assumption, listed in the README.

use waybill_core::{
    Billed, Country, Dimensions, LabelFormat, LabelOffer, Lane, Length, LengthUnit, Limits, Linking,
    NotProcessed, Packaging, PackagingCode, Pieces, Places, Profile, PurchaseTraits, Quota, RepeatGuard,
    Service, ServiceOptions, Settlement, Signature, Weight, WeightUnit,
};

use crate::config::{Config, Environment, HOST};

/// A service with DHL's codes for it.
pub(crate) struct Family {
    /// Our name.
    pub(crate) slug: &'static str,
    /// Public name.
    pub(crate) name: &'static str,
    /// Product for goods that customs must see.
    pub(crate) goods: Option<&'static str>,
    /// Product for documents and, unless `union` says otherwise, for everything that customs need not see.
    pub(crate) documents: Option<&'static str>,
    /// Product for goods inside the EU.
    pub(crate) union: Option<&'static str>,
    /// Where it runs.
    pub(crate) area: Area,
    /// Largest weight of a shipment in grams.
    pub(crate) shipment_grams: u32,
    /// Largest piece in centimetres, longest side first.
    sides: [u16; 3],
    /// Sold by agreement only.
    pub(crate) agreement: bool,
    /// Pieces per shipment.
    pieces: u16,
}

/// Where a service runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// Between countries.
    World,
    /// Between countries of Europe, by road.
    Europe,
    /// Inside one country.
    Domestic,
}

const fn world(
    slug: &'static str,
    name: &'static str,
    goods: Option<&'static str>,
    documents: Option<&'static str>,
    shipment_kg: u32,
    sides: [u16; 3],
) -> Family {
    Family {
        slug,
        name,
        goods,
        documents,
        union: None,
        area: Area::World,
        shipment_grams: shipment_kg * 1000,
        sides,
        agreement: false,
        pieces: 999,
    }
}

const fn domestic(
    slug: &'static str,
    name: &'static str,
    code: &'static str,
    kg: u32,
    sides: [u16; 3],
) -> Family {
    Family { area: Area::Domestic, ..world(slug, name, None, Some(code), kg, sides) }
}

/// All declared services, in the order to show them.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        union: Some("U"),
        ..world("express-worldwide", "EXPRESS WORLDWIDE", Some("P"), Some("D"), 3030, [303, 303, 183])
    },
    world("express-12", "EXPRESS 12:00", Some("Y"), Some("T"), 300, [120, 80, 80]),
    world("express-10-30", "EXPRESS 10:30", Some("M"), Some("L"), 250, [100, 80, 80]),
    world("express-9", "EXPRESS 9:00", Some("E"), Some("K"), 250, [100, 80, 80]),
    Family {
        area: Area::Europe,
        ..world("economy-select", "ECONOMY SELECT", Some("H"), Some("W"), 3030, [303, 303, 183])
    },
    Family { pieces: 1, ..world("express-easy", "EXPRESS EASY", Some("8"), Some("7"), 30, [57, 47, 43]) },
    Family {
        shipment_grams: 310,
        ..world("express-envelope", "EXPRESS ENVELOPE", None, Some("X"), 0, [32, 24, 1])
    },
    Family {
        agreement: true,
        ..world("medical-express", "MEDICAL EXPRESS", Some("Q"), Some("C"), 300, [303, 303, 183])
    },
    domestic("express-domestic", "EXPRESS DOMESTIC", "N", 1010, [303, 303, 183]),
    domestic("express-domestic-12", "EXPRESS DOMESTIC 12:00", "1", 1000, [300, 160, 120]),
    domestic("express-domestic-10-30", "EXPRESS DOMESTIC 10:30", "O", 300, [120, 80, 80]),
    domestic("express-domestic-9", "EXPRESS DOMESTIC 9:00", "I", 300, [120, 80, 80]),
    domestic("economy-select-domestic", "ECONOMY SELECT DOMESTIC", "G", 3000, [200, 120, 120]),
];

/// What kind of shipment decides about the product code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Goods that customs must see.
    Dutiable,
    /// Documents, anywhere.
    Documents,
    /// Goods inside the EU.
    Union,
    /// Anything inside one country.
    Domestic,
}

impl Family {
    /// DHL's product code for a kind of shipment.
    pub(crate) fn product(&self, content: Content) -> Option<&'static str> {
        match content {
            Content::Dutiable => self.goods,
            Content::Documents | Content::Domestic => self.documents,
            Content::Union => self.union.or(self.documents),
        }
    }

    fn codes(&self) -> impl Iterator<Item = &'static str> {
        [self.goods, self.documents, self.union].into_iter().flatten()
    }
}

/// A service by our name.
pub(crate) fn family(slug: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.slug == slug)
}

/// A service by DHL's product code.
pub(crate) fn family_of_product(code: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.codes().any(|known| known == code))
}

/// DHL's boxes: our name, DHL's code, public name.
const PACKAGINGS: &[(&str, &str, &str)] = &[
    ("express-envelope", "XPD", "Express Envelope"),
    ("card-envelope", "CE1", "Card Envelope"),
    ("box-2-cube", "2BC", "Box 2 Cube"),
    ("box-2-shoe", "2BP", "Box 2 Shoe"),
    ("box-2", "2BX", "Box 2"),
    ("box-3", "3BX", "Box 3"),
    ("box-4", "4BX", "Box 4"),
    ("box-5", "5BX", "Box 5"),
    ("box-6", "6BX", "Box 6"),
    ("box-7", "7BX", "Box 7"),
    ("box-8", "8BX", "Box 8"),
    ("tube-large", "TBL", "Tube, large"),
    ("tube-small", "TBS", "Tube, small"),
    ("wine-1", "WB1", "Box for 1 bottle"),
    ("wine-2", "WB2", "Box for 2 bottles"),
    ("wine-3", "WB3", "Box for 3 bottles"),
    ("wine-6", "WB6", "Box for 6 bottles"),
];

/// Packagings that hold documents only.
pub(crate) fn is_envelope(packaging: &PackagingCode) -> bool {
    matches!(packaging.as_str(), "express-envelope" | "card-envelope")
}

/// DHL's code of a packaging of the profile; nothing for the shipper's own box.
pub(crate) fn box_code(packaging: &PackagingCode) -> Option<String> {
    let row = PACKAGINGS.iter().find(|row| row.0 == packaging.as_str())?;
    Some(row.1.to_owned())
}

/// Countries of DHL's European road network; which ones exactly is not published, so DHL's answer decides.
const EUROPE: &str =
    "AD AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IT LI LT LU LV MC MT NL NO PL PT RO SE SI SK SM";

/// The carrier as data: international only unless the settings open domestic services.
pub(crate) fn profile(config: Option<&Config>) -> Profile {
    let domestic = config.is_some_and(|config| config.domestic);
    let open = |family: &&Family| family.area != Area::Domestic || domestic;
    let mut profile = Profile {
        id: "dhl-express".into(),
        name: "DHL Express".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        services: FAMILIES.iter().filter(open).map(service).collect(),
        packagings: PACKAGINGS.iter().map(|(code, dhl, name)| Packaging::new(code, dhl, name)).collect(),
        labels: vec![
            LabelOffer::new(LabelFormat::Pdf),
            LabelOffer::at(LabelFormat::Zpl, &[203, 300]),
            LabelOffer::at(LabelFormat::Epl, &[203]),
        ],
        carrier_options: crate::options::declared(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::BilledToAccount,
        purchase: purchase(config),
        linking: Linking::everybody(),
        hosts: vec![HOST.into()],
        quotas: Vec::new(),
        track_batch: 200,
        terms: Vec::new(),
        currencies: Vec::new(),
    };
    if config.is_some_and(|config| config.environment == Environment::Test) {
        profile.quotas.push(Quota {
            calls: 500,
            seconds: 86_400,
            path: String::new(),
            source: "README of a public client of MyDHL API; DHL publishes no figure".into(),
        });
    }
    profile
}

/// Heaviest piece: a pallet. From 70 kg on DHL adds surcharges. Uncertain.
const PIECE_GRAMS: u32 = 300_000;

fn service(family: &Family) -> Service {
    let lanes = match family.area {
        Area::World => vec![Lane::international()],
        Area::Domestic => vec![Lane::domestic()],
        Area::Europe => {
            let europe: Vec<_> = EUROPE.split(' ').filter_map(Country::from_code).collect();
            vec![Lane {
                to: Places::Only(europe.clone()),
                from: Places::Only(europe),
                ..Lane::international()
            }]
        }
    };
    let code = family.goods.or(family.documents).unwrap_or_default();
    let mut service = Service::new(family.slug, code, &format!("DHL {}", family.name), lanes);
    let [length, width, height] =
        family.sides.map(|side| Some(Length::new(u32::from(side), LengthUnit::Centimetre)));
    service.limits = Limits {
        max_weight: Some(Weight::new(family.shipment_grams.min(PIECE_GRAMS), WeightUnit::Gram)),
        max_length: length,
        max_width: width,
        max_height: height,
        ..Limits::default()
    };
    service.packagings = PACKAGINGS.iter().map(|row| PackagingCode::from(row.0)).collect();
    service.max_parcels = family.pieces;
    // Documents need no customs data: this crate asks for it itself when the goods need it.
    service.customs_data = false;
    service.returns = true;
    service.options = ServiceOptions {
        signatures: vec![Signature::None, Signature::Delivery, Signature::Signature],
        saturday: true,
        hold: true,
        dry_ice: true,
        batteries: true,
        dangerous_goods: true,
        declared_value: true,
        ..ServiceOptions::default()
    };
    service
}

/// Section 5 of the purchase protocol: the handle travels as a customer reference and tracking finds it, once DHL
/// shows the shipment. Nothing is billed before the courier scans the parcel.
fn purchase(config: Option<&Config>) -> PurchaseTraits {
    let chosen = config.is_some_and(|config| config.chosen_waybill);
    let trackable = config.is_none_or(|config| config.environment == Environment::Production);
    PurchaseTraits {
        repeat: match (chosen, trackable) {
            (true, _) => RepeatGuard::ChosenNumber,
            (false, true) => RepeatGuard::Handle,
            (false, false) => RepeatGuard::None,
        },
        lookup: trackable,
        recovers_label: false,
        voids: false,
        billed: Billed::AtTender,
        // How soon tracking shows a new shipment is not published.
        settle_seconds: 900,
        recover_within_seconds: None,
        timeout_seconds: 60,
        not_processed: vec![NotProcessed::status(
            401,
            "the gateway answers wrong credentials itself, with an envelope of its own (`reasons`)",
        )],
    }
}

/// Size of a label template's page.
pub(crate) fn page(template: &str) -> Option<waybill_core::PageSize> {
    use waybill_core::PageSize;
    match template {
        _ if template.contains("_A4") => Some(PageSize::a4()),
        _ if template.contains("_A6") => {
            Some(PageSize { width: 105.into(), height: 148.into(), unit: LengthUnit::Millimetre })
        }
        _ if template.contains("_64_") => Some(PageSize::four_by_six()),
        _ if template.contains("_84_") || template.contains("_84CI_") => {
            Some(PageSize { width: 4.into(), height: 8.into(), unit: LengthUnit::Inch })
        }
        _ => None,
    }
}

/// The template for a wanted page. `ECOM26_64_001` (4 x 6 in) is used by integrators and not named in the
/// specification.
pub(crate) fn template(size: Option<&waybill_core::PageSize>) -> &'static str {
    let Some(size) = size else { return "ECOM26_84_001" };
    let sides = Dimensions::new(size.width, size.height, 1, size.unit);
    let [long, short, _] = sides.sorted().map(|side| side.to(LengthUnit::Millimetre).round());
    let (long, short) = (u32::try_from(long).unwrap_or(0), u32::try_from(short).unwrap_or(0));
    match (long, short) {
        (290..=300, 205..=220) => "ECOM26_84_A4_001",
        (270..=285, 210..=220) => "ECOM26_84_A4_001",
        (147..=149, 104..=106) => "ECOM26_A6_002",
        (150..=154, 100..=103) => "ECOM26_64_001",
        _ => "ECOM26_84_001",
    }
}
