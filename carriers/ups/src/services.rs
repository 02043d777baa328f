//! What UPS offers, as data: services by origin, packagings, limits, label formats, money traits.
//!
//! The same UPS code has another public name by origin (01 is Next Day Air in the US and Express in Canada), so each
//! name is a service of its own here and the lane tells them apart.

use rust_decimal::Decimal;
use waybill_core::{
    Billed, Border, CarrierOption, Country, Currency, LabelFormat, LabelOffer, Lane, Length, LengthUnit,
    Limits, Linking, Money, NotProcessed, Packaging, PackagingCode, Pieces, Places, Profile, PurchaseTraits,
    Recipients, RepeatGuard, Service, ServiceCode, ServiceOptions, Settlement, Shipment, Signature, Weight,
    WeightUnit,
};

/// UPS's production host.
pub(crate) const PRODUCTION: &str = "onlinetools.ups.com";
/// UPS's test host, the Customer Integration Environment.
pub(crate) const TEST: &str = "wwwcie.ups.com";

/// Option names of [`Profile::carrier_options`].
pub(crate) mod option {
    pub(crate) const SHIPPER_RELEASE: &str = "shipper-release";
    pub(crate) const DIRECT_DELIVERY: &str = "direct-delivery-only";
    pub(crate) const SIMPLE_RATE: &str = "simple-rate";
    pub(crate) const DOCUMENTS: &str = "paperless-documents";
}

/// Ground Saver below one pound, weighed in ounces.
pub(crate) const SAVER_LIGHT: &str = "92";
/// Ground Saver from one pound on.
pub(crate) const SAVER: &str = "93";

/// What UPS offers.
pub(crate) fn profile() -> Profile {
    Profile {
        id: "ups".into(),
        name: "UPS".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        services: services(),
        packagings: packagings(),
        labels: labels(),
        carrier_options: carrier_options(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::BilledToAccount,
        purchase: purchase(),
        linking: Linking::everybody(),
        hosts: vec![PRODUCTION.into(), TEST.into()],
        // UPS publishes no figures; it answers 429 with code 10429.
        quotas: Vec::new(),
        track_batch: 1,
        terms: Vec::new(),
        currencies: Vec::new(),
    }
}

/// Finds the service that UPS means by a code between these places.
pub(crate) fn by_carrier_code<'a>(
    profile: &'a Profile,
    code: &str,
    shipment: &Shipment,
) -> Option<&'a Service> {
    let mut same_code = profile.services.iter().filter(|service| service.carrier_code == code);
    let first = same_code.clone().next();
    same_code.find(|service| runs(service, shipment)).or(first)
}

fn runs(service: &Service, shipment: &Shipment) -> bool {
    service.lanes.iter().any(|lane| {
        let border = match lane.border {
            Border::Any => true,
            Border::Domestic => shipment.is_domestic(),
            Border::International => !shipment.is_domestic(),
        };
        border && lane.from.contain(shipment.from.country) && lane.to.contain(shipment.to.country)
    })
}

/// Whether this is one of the Ground Saver services, which Shop never lists.
pub(crate) fn is_ground_saver(service: &Service) -> bool {
    matches!(service.carrier_code.as_str(), SAVER_LIGHT | SAVER)
}

fn purchase() -> PurchaseTraits {
    PurchaseTraits {
        // A second Ship request with the same reference sells a second label.
        repeat: RepeatGuard::Handle,
        lookup: true,
        recovers_label: true,
        voids: true,
        billed: Billed::AtCreation,
        settle_seconds: 120,
        recover_within_seconds: None,
        timeout_seconds: 60,
        not_processed: vec![
            NotProcessed::status(
                401,
                "UPS OpenAPI files: 401 of the gateway, code 250002 or 250003, before any API",
            ),
            NotProcessed::status(429, "UPS-API/api-documentation issue 123: 429 of the gateway, code 10429"),
        ],
    }
}

fn carrier_options() -> Vec<CarrierOption> {
    let option = |name: &str, help: &str| CarrierOption { name: name.into(), help: help.into() };
    vec![
        option(
            option::SHIPPER_RELEASE,
            "`true`: the driver may leave the parcels without a signature, at the shipper's risk. US and Puerto Rico, \
             not with a signature option, not for returns.",
        ),
        option(
            option::DIRECT_DELIVERY,
            "`true`: deliver to the address on the label only, to no Access Point.",
        ),
        option(
            option::SIMPLE_RATE,
            "`XS`, `S`, `M`, `L` or `XL`: UPS Simple Rate by size, one parcel, inside the US.",
        ),
        option(
            option::DOCUMENTS,
            "Ids of customs documents that were uploaded to UPS before, parted by commas, at most 13; the upload answers \
             them. `commercial_invoice:ID` is the shipper's own invoice, and UPS makes none then. Not for returns.",
        ),
    ]
}

fn labels() -> Vec<LabelOffer> {
    vec![
        LabelOffer::at(LabelFormat::Zpl, &[203]),
        LabelOffer::new(LabelFormat::Pdf),
        LabelOffer::new(LabelFormat::Gif),
        LabelOffer::new(LabelFormat::Png),
        LabelOffer::at(LabelFormat::Epl, &[203]),
        LabelOffer::at(LabelFormat::Spl, &[203]),
    ]
}

fn packagings() -> Vec<Packaging> {
    let kilograms = |kilograms: u32| Some(Weight::new(kilograms, WeightUnit::Kilogram));
    vec![
        Packaging::new("letter", "01", "UPS Letter"),
        Packaging::new("pak", "04", "UPS Pak"),
        Packaging::new("tube", "03", "UPS Tube"),
        Packaging::new("express-box", "21", "UPS Express Box"),
        Packaging::new("express-box-small", "2a", "UPS Express Box Small"),
        Packaging::new("express-box-medium", "2b", "UPS Express Box Medium"),
        Packaging::new("express-box-large", "2c", "UPS Express Box Large"),
        Packaging { max_weight: kilograms(10), ..Packaging::new("10kg-box", "25", "UPS 10 kg Box") },
        Packaging { max_weight: kilograms(25), ..Packaging::new("25kg-box", "24", "UPS 25 kg Box") },
    ]
}

/// UPS's code for the shipper's own packaging.
pub(crate) const OWN_PACKAGING: &str = "02";

/// Origins outside the US, its territories and Canada, where the Worldwide services have other names.
fn elsewhere() -> Places {
    let home = |country: &Country| country.is_us_or_territory() || *country == Country::CA;
    Places::Except(Country::all().filter(home).collect())
}

fn lane(from: Places, to: Places, border: Border) -> Lane {
    Lane { from, to, border }
}

fn inside(country: Country) -> Vec<Lane> {
    vec![lane(Places::Only(vec![country]), Places::Only(vec![country]), Border::Domestic)]
}

fn services() -> Vec<Service> {
    let mut all = united_states();
    all.extend(canada());
    all.extend(worldwide());
    all.extend(other_origins());
    all
}

/// A service with UPS's general limits and options.
fn parcel(code: &str, carrier_code: &str, name: &str, lanes: Vec<Lane>) -> Service {
    let mut service = Service::new(code, carrier_code, name, lanes);
    service.limits = Limits {
        max_weight: Some(Weight::new(150, WeightUnit::Pound)),
        max_length: Some(Length::new(108, LengthUnit::Inch)),
        max_length_plus_girth: Some(Length::new(165, LengthUnit::Inch)),
        max_declared_value: Some(Money::new(Decimal::from(50_000), Currency::USD)),
        ..Limits::default()
    };
    service.max_parcels = 200;
    service.returns = true;
    service.options = ServiceOptions {
        signatures: vec![Signature::Delivery, Signature::Signature, Signature::Adult],
        hold: true,
        cash_on_delivery: true,
        dry_ice: true,
        batteries: true,
        declared_value: true,
        ..ServiceOptions::default()
    };
    service
}

/// An air service: takes UPS's own packagings.
fn air(code: &str, carrier_code: &str, name: &str, lanes: Vec<Lane>) -> Service {
    let packagings = ["letter", "pak", "tube", "express-box", "express-box-small", "express-box-medium"];
    Service {
        packagings: packagings.into_iter().chain(["express-box-large"]).map(PackagingCode::from).collect(),
        ..parcel(code, carrier_code, name, lanes)
    }
}

fn with_saturday(mut service: Service) -> Service {
    service.options.saturday = true;
    service
}

fn without_returns(mut service: Service) -> Service {
    service.returns = false;
    service
}

fn with_heavy_boxes(mut service: Service) -> Service {
    service.packagings.extend(["10kg-box", "25kg-box"].map(PackagingCode::from));
    service
}

fn united_states() -> Vec<Service> {
    let here = || vec![Lane::us_domestic()];
    vec![
        parcel("ground", "03", "UPS Ground", here()),
        air("3-day-select", "12", "UPS 3 Day Select", here()),
        with_saturday(air("2nd-day-air", "02", "UPS 2nd Day Air", here())),
        Service {
            recipients: Recipients::Businesses,
            ..without_returns(air("2nd-day-air-am", "59", "UPS 2nd Day Air A.M.", here()))
        },
        without_returns(air("next-day-air-saver", "13", "UPS Next Day Air Saver", here())),
        with_saturday(air("next-day-air", "01", "UPS Next Day Air", here())),
        with_saturday(air("next-day-air-early", "14", "UPS Next Day Air Early", here())),
        ground_saver("ground-saver-light", SAVER_LIGHT, "UPS Ground Saver (under 1 lb)"),
        ground_saver("ground-saver", SAVER, "UPS Ground Saver"),
    ]
}

/// Ground Saver (once SurePost): by contract, to homes, the last mile may be the postal service's.
fn ground_saver(code: &str, carrier_code: &str, name: &str) -> Service {
    let mut service = without_returns(parcel(code, carrier_code, name, vec![Lane::us_domestic()]));
    service.recipients = Recipients::Homes;
    service.max_parcels = 1;
    service.options = ServiceOptions { signatures: vec![Signature::Delivery], ..ServiceOptions::default() };
    if carrier_code == SAVER_LIGHT {
        service.limits.max_weight = Some(Weight::new(Decimal::new(159, 1), WeightUnit::Ounce));
    } else {
        service.limits.min_weight = Some(Weight::new(1, WeightUnit::Pound));
    }
    service
}

fn canada() -> Vec<Service> {
    let here = || inside(Country::CA);
    let to_us = vec![lane(Places::Only(vec![Country::CA]), Places::UsAndTerritories, Border::International)];
    vec![
        with_saturday(air("canada-express", "01", "UPS Express (Canada)", here())),
        air("canada-expedited", "02", "UPS Expedited (Canada)", here()),
        without_returns(air("canada-express-saver", "13", "UPS Express Saver (Canada)", here())),
        with_saturday(air("canada-express-early", "14", "UPS Express Early (Canada)", here())),
        air("canada-3-day-select", "12", "UPS 3 Day Select (Canada to US)", to_us),
    ]
}

/// Standard, and the international services from the US and Canada.
fn worldwide() -> Vec<Service> {
    let (us, ca, mx) = (Country::US, Country::CA, Country::MX);
    let abroad = || {
        vec![
            lane(Places::UsAndTerritories, Places::Anywhere, Border::International),
            lane(Places::Only(vec![ca]), Places::Anywhere, Border::International),
        ]
    };
    let neighbours = vec![
        lane(Places::Only(vec![us]), Places::Only(vec![ca, mx]), Border::International),
        lane(Places::Only(vec![ca]), Places::Only(vec![ca, us, mx]), Border::Any),
        lane(elsewhere(), Places::Anywhere, Border::Any),
    ];
    vec![
        parcel("standard", "11", "UPS Standard", neighbours),
        with_heavy_boxes(air("worldwide-expedited", "08", "UPS Worldwide Expedited", abroad())),
        with_saturday(with_heavy_boxes(air("worldwide-saver", "65", "UPS Worldwide Saver", abroad()))),
        with_saturday(with_heavy_boxes(air("worldwide-express", "07", "UPS Worldwide Express", abroad()))),
        with_saturday(air("worldwide-express-plus", "54", "UPS Worldwide Express Plus", abroad())),
        without_returns(parcel("worldwide-economy-ddu", "17", "UPS Worldwide Economy DDU", abroad())),
        without_returns(parcel("worldwide-economy-ddp", "72", "UPS Worldwide Economy DDP", abroad())),
    ]
}

/// Services of other origins: Europe, Mexico, Poland and the rest.
fn other_origins() -> Vec<Service> {
    let anywhere = || vec![lane(elsewhere(), Places::Anywhere, Border::Any)];
    let poland = || Country::from_code("PL").map(inside).unwrap_or_default();
    let today = |code: &str, carrier_code: &str, name: &str| {
        without_returns(parcel(code, carrier_code, name, poland()))
    };
    vec![
        with_heavy_boxes(air("expedited", "08", "UPS Expedited", anywhere())),
        with_saturday(with_heavy_boxes(air("express-saver", "65", "UPS Express Saver", anywhere()))),
        with_saturday(with_heavy_boxes(air("express", "07", "UPS Express", anywhere()))),
        with_saturday(air("express-plus", "54", "UPS Express Plus", anywhere())),
        air("express-1200", "74", "UPS Express 12:00", inside(Country::DE)),
        parcel("access-point-economy", "70", "UPS Access Point Economy", anywhere()),
        today("today-standard", "82", "UPS Today Standard"),
        today("today-dedicated-courier", "83", "UPS Today Dedicated Courier"),
        today("today-intercity", "84", "UPS Today Intercity"),
        today("today-express", "85", "UPS Today Express"),
        today("today-express-saver", "86", "UPS Today Express Saver"),
    ]
}

/// The service that a purchase means: by our name, else by UPS's own code, which rates of unknown services carry.
pub(crate) fn carrier_code<'a>(
    profile: &'a Profile,
    code: &'a ServiceCode,
) -> Option<(&'a str, Option<&'a Service>)> {
    if let Some(service) = profile.service(code) {
        return Some((service.carrier_code.as_str(), Some(service)));
    }
    let two = code.as_str().len() == 2 && code.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric());
    two.then_some((code.as_str(), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::{Address, Parcel};

    fn between(from: &str, to: &str) -> Shipment {
        let place = |country: &str| Address::new("A", "1 Road", "City", "", "", country.parse().unwrap());
        Shipment::new(place(from), place(to), vec![Parcel::new(Weight::new(1, WeightUnit::Pound), None)])
    }

    #[test]
    fn the_name_of_a_code_depends_on_the_origin() {
        let profile = profile();
        for (code, from, to, name) in [
            ("01", "US", "PR", "next-day-air"),
            ("01", "CA", "CA", "canada-express"),
            ("12", "CA", "US", "canada-3-day-select"),
            ("07", "US", "DE", "worldwide-express"),
            ("07", "DE", "DE", "express"),
            ("65", "FR", "US", "express-saver"),
            ("11", "US", "CA", "standard"),
            ("11", "DE", "AT", "standard"),
        ] {
            let found = by_carrier_code(&profile, code, &between(from, to)).unwrap();
            assert_eq!(found.code, *name, "{code} {from} {to}");
        }
        assert!(by_carrier_code(&profile, "Z9", &between("US", "US")).is_none());
    }

    #[test]
    fn names_are_unique_and_packagings_exist() {
        let profile = profile();
        for (at, service) in profile.services.iter().enumerate() {
            assert!(
                profile.services[..at].iter().all(|other| other.code != service.code),
                "{}",
                service.code
            );
            assert!(
                service.packagings.iter().all(|code| profile.packaging(code).is_some()),
                "{}",
                service.code
            );
            assert!(!service.lanes.is_empty(), "{}", service.code);
        }
    }
}
