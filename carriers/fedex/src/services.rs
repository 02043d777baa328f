//! The catalogue: services, packagings, options, limits, lanes, labels, quotas, as data.
//!
//! Sources: API Reference Guide (service types by region, package types, special services), Ship and Rate
//! specifications, FedEx's API integration best practices. What they leave open is in [`crate::uncertain`].

use waybill_core::{
    Billed, Border, CarrierOption, Country, LabelFormat, LabelOffer, Lane, Limits, Linking, NotProcessed,
    Packaging, Pieces, Places, Profile, PurchaseTraits, Quota, Recipients, RepeatGuard, Service,
    ServiceOptions, Settlement, Signature, Weight, WeightUnit,
};

use crate::config::Environment;
use crate::uncertain;

/// FedEx's code of the shipper's own box.
pub const OWN_BOX: &str = "YOUR_PACKAGING";
/// FedEx's codes of the Ground services: another operating company than Express.
pub const GROUND: [&str; 3] = ["FEDEX_GROUND", "GROUND_HOME_DELIVERY", "SMART_POST"];
/// FedEx's code of Ground Economy.
pub const GROUND_ECONOMY: &str = "SMART_POST";

/// Names of the options that only FedEx knows.
pub mod option {
    /// FedEx One Rate.
    pub const ONE_RATE: &str = "one-rate";
    /// Physical form of an own box.
    pub const PACKAGE_FORM: &str = "package-form";
    /// Label stock by FedEx's name.
    pub const LABEL_STOCK: &str = "label-stock";
    /// Uploaded customs documents.
    pub const TRADE_DOCUMENTS: &str = "trade-documents";
    /// Home Delivery at a chosen time.
    pub const HOME_DELIVERY: &str = "home-delivery";
}

/// What FedEx offers.
pub fn profile() -> Profile {
    Profile {
        id: "fedex".into(),
        name: "FedEx".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        services: services(),
        packagings: packagings(),
        labels: vec![
            LabelOffer::new(LabelFormat::Pdf),
            LabelOffer::new(LabelFormat::Png),
            LabelOffer::at(LabelFormat::Zpl, &[203, 300]),
            LabelOffer::at(LabelFormat::Epl, &[203]),
        ],
        carrier_options: carrier_options(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::BilledToAccount,
        purchase: purchase(),
        linking: Linking::everybody(),
        hosts: [Environment::Production, Environment::Sandbox].into_iter().flat_map(hosts).collect(),
        quotas: quotas(),
        track_batch: 30,
        terms: Vec::new(),
        currencies: Vec::new(),
    }
}

fn hosts(environment: Environment) -> [String; 2] {
    let documents = environment.document_host().split('/').next().unwrap_or_default();
    [environment.host().into(), documents.into()]
}

/// What can be done about a lost answer: the handle is a reference that Track finds; the API never gives a label
/// twice; an unused label is not billed, so cancelling what was found and buying again is safe.
fn purchase() -> PurchaseTraits {
    const SOURCE: &str =
        "FedEx, API Integration Best Practices: the gateway refuses before the request is processed";
    PurchaseTraits {
        repeat: RepeatGuard::Handle,
        lookup: true,
        recovers_label: false,
        voids: true,
        billed: Billed::AtTender,
        settle_seconds: uncertain::SETTLE_SECONDS,
        recover_within_seconds: None,
        timeout_seconds: 120,
        not_processed: vec![NotProcessed::status(401, SOURCE), NotProcessed::status(429, SOURCE)],
    }
}

fn quotas() -> Vec<Quota> {
    let quota = |calls, seconds, path: &str, source: &str| Quota {
        calls,
        seconds,
        path: path.to_owned(),
        source: source.to_owned(),
    };
    vec![
        quota(1400, 10, "", "FedEx, API Integration Best Practices: transactions per project"),
        quota(100_000, 86_400, "/track/v1/", "FedEx, rate limits: track requests per project and day"),
        quota(
            120,
            120,
            "/oauth/token",
            "FedEx, rate limits: average of one token request per second over two minutes",
        ),
    ]
}

fn carrier_options() -> Vec<CarrierOption> {
    let option = |name: &str, help: &str| CarrierOption { name: name.to_owned(), help: help.to_owned() };
    vec![
        option(
            option::ONE_RATE,
            "`true` asks for FedEx One Rate: FedEx packaging at a flat price, for accounts that have it",
        ),
        option(
            option::PACKAGE_FORM,
            "Physical form of an own box, such as BAG, BOX, CARTON, TUBE; needed to Canada, where PACKAGE is sent without it",
        ),
        option(
            option::LABEL_STOCK,
            "Label stock by FedEx's name, such as PAPER_85X11_TOP_HALF_LABEL or STOCK_4X8",
        ),
        option(
            option::TRADE_DOCUMENTS,
            "Customs documents that were uploaded to FedEx before, separated by commas, at most 5, as the upload answers \
             them (`commercial_invoice:ID`; a bare id is an invoice); `later` when they are uploaded after the purchase",
        ),
        option(
            option::HOME_DELIVERY,
            "`evening`, `appointment` or `date-certain:2026-11-25`, for Home Delivery",
        ),
    ]
}

fn country(code: &str) -> Option<Country> {
    Country::from_code(code)
}

fn places(codes: &str) -> Places {
    Places::Only(codes.split_ascii_whitespace().filter_map(country).collect())
}

fn inside(codes: &str) -> Lane {
    Lane { from: places(codes), to: places(codes), border: Border::Domestic }
}

/// Inside the fifty states: the territories are countries of their own at FedEx.
fn states() -> Lane {
    inside("US")
}

/// From anywhere to any other country, territories of the US among them.
fn abroad() -> Vec<Lane> {
    const TERRITORIES: &str = "PR VI GU AS MP";
    let lane = |from: &str, to: &str| Lane { from: places(from), to: places(to), border: Border::Any };
    vec![Lane::international(), lane("US", TERRITORIES), lane(TERRITORIES, "US")]
}

fn express_limits() -> Limits {
    Limits {
        max_weight: Some(Weight::new(150, WeightUnit::Pound)),
        max_length: uncertain::EXPRESS_MAX_LENGTH.parse().ok(),
        max_length_plus_girth: uncertain::MAX_LENGTH_PLUS_GIRTH.parse().ok(),
        ..Limits::default()
    }
}

fn ground_limits() -> Limits {
    Limits {
        max_weight: Some(uncertain::ground_max_weight()),
        max_length: uncertain::GROUND_MAX_LENGTH.parse().ok(),
        max_length_plus_girth: uncertain::MAX_LENGTH_PLUS_GIRTH.parse().ok(),
        ..Limits::default()
    }
}

fn signatures() -> Vec<Signature> {
    vec![Signature::Indirect, Signature::Signature, Signature::Adult]
}

fn options(saturday: bool, alcohol: bool, dry_ice: bool) -> ServiceOptions {
    ServiceOptions {
        signatures: signatures(),
        saturday,
        hold: true,
        alcohol,
        dry_ice,
        batteries: true,
        declared_value: true,
        ..ServiceOptions::default()
    }
}

const EXPRESS_PACKAGINGS: &str = "envelope pak small-box medium-box large-box extra-large-box box tube";
const INTERNATIONAL_PACKAGINGS: &str =
    "envelope pak small-box medium-box large-box extra-large-box box tube 10kg-box 25kg-box";

/// Domestic countries of the portfolio that replaces the older names. Source: API Reference Guide, EU domestic and
/// the LAC, APAC and MEISA lists.
const PORTFOLIO: &str = "AT BE CZ DK FI FR DE GR HU IT LU NL NO PL RO ES SE CH GB";

/// All services, in the order to show them.
pub fn services() -> Vec<Service> {
    let mut all = ground_services();
    all.extend(us_express());
    all.extend(international());
    all.extend(portfolio());
    all
}

fn ground_services() -> Vec<Service> {
    let us_canada = Lane { from: places("US CA"), to: places("US CA"), border: Border::International };
    let ground = Service {
        limits: ground_limits(),
        max_parcels: uncertain::MAX_PIECES,
        returns: true,
        options: options(false, true, true),
        ..Service::new("ground", "FEDEX_GROUND", "FedEx Ground", vec![states(), inside("CA"), us_canada])
    };
    let home = Service {
        limits: ground_limits(),
        max_parcels: uncertain::MAX_PIECES,
        returns: true,
        recipients: Recipients::Homes,
        options: options(false, true, false),
        ..Service::new("home-delivery", "GROUND_HOME_DELIVERY", "FedEx Home Delivery", vec![states()])
    };
    let economy = Service {
        limits: Limits { max_weight: Some(Weight::new(70, WeightUnit::Pound)), ..Limits::default() },
        po_box: uncertain::GROUND_ECONOMY_TO_BOXES,
        returns: true,
        ..Service::new("ground-economy", GROUND_ECONOMY, "FedEx Ground Economy", vec![states()])
    };
    // Home Delivery first: in the US a home is served by it, never by Ground.
    vec![home, ground, economy]
}

fn express(code: &str, carrier_code: &str, name: &str, lanes: Vec<Lane>, saturday: bool) -> Service {
    Service {
        limits: express_limits(),
        max_parcels: uncertain::MAX_PIECES,
        returns: true,
        packagings: EXPRESS_PACKAGINGS.split(' ').map(Into::into).collect(),
        options: options(saturday, true, true),
        ..Service::new(code, carrier_code, name, lanes)
    }
}

fn us_express() -> Vec<Service> {
    let lanes = |codes: &str| vec![inside(codes)];
    let mut priority = lanes("US CA MX IN");
    priority.push(Lane { from: Places::Eu, to: Places::Eu, border: Border::Domestic });
    vec![
        express("express-saver", "FEDEX_EXPRESS_SAVER", "FedEx Express Saver", lanes("US CA MX"), false),
        express("2-day", "FEDEX_2_DAY", "FedEx 2Day", lanes("US CA"), true),
        express("2-day-am", "FEDEX_2_DAY_AM", "FedEx 2Day AM", lanes("US"), false),
        express(
            "standard-overnight",
            "STANDARD_OVERNIGHT",
            "FedEx Standard Overnight",
            lanes("US CA MX IN"),
            false,
        ),
        express("priority-overnight", "PRIORITY_OVERNIGHT", "FedEx Priority Overnight", priority, true),
        express("first-overnight", "FIRST_OVERNIGHT", "FedEx First Overnight", lanes("US CA MX IN"), true),
    ]
}

fn international() -> Vec<Service> {
    let service = |code: &str, carrier_code: &str, name: &str, saturday| Service {
        packagings: INTERNATIONAL_PACKAGINGS.split(' ').map(Into::into).collect(),
        ..express(code, carrier_code, name, abroad(), saturday)
    };
    let connect = Service {
        packagings: Vec::new(),
        options: ServiceOptions {
            alcohol: false,
            dry_ice: false,
            hold: false,
            ..options(false, false, false)
        },
        ..service(
            "international-connect-plus",
            "FEDEX_INTERNATIONAL_CONNECT_PLUS",
            "FedEx International Connect Plus",
            false,
        )
    };
    let europe = || Places::Only(PORTFOLIO.split(' ').filter_map(country).chain(eu()).collect());
    let regional = Service {
        lanes: vec![Lane { from: europe(), to: europe(), border: Border::International }],
        ..service("regional-economy", "FEDEX_REGIONAL_ECONOMY", "FedEx Regional Economy", false)
    };
    vec![
        service("international-first", "INTERNATIONAL_FIRST", "FedEx International First", false),
        service(
            "international-priority-express",
            "FEDEX_INTERNATIONAL_PRIORITY_EXPRESS",
            "FedEx International Priority Express",
            true,
        ),
        service(
            "international-priority",
            "FEDEX_INTERNATIONAL_PRIORITY",
            "FedEx International Priority",
            true,
        ),
        service("international-economy", "INTERNATIONAL_ECONOMY", "FedEx International Economy", false),
        connect,
        regional,
    ]
}

fn eu() -> impl Iterator<Item = Country> {
    Country::all().filter(Country::in_eu)
}

fn portfolio() -> Vec<Service> {
    let service = |code: &str, carrier_code: &str, name: &str, others: &str| {
        express(code, carrier_code, name, vec![inside(&format!("{PORTFOLIO} {others}"))], false)
    };
    vec![
        service("first", "FEDEX_FIRST", "FedEx First", "CL ZA"),
        service("priority-express", "FEDEX_PRIORITY_EXPRESS", "FedEx Priority Express", "CL ZA TH"),
        service("priority", "FEDEX_PRIORITY", "FedEx Priority", "CL ZA TH MY"),
        express("economy", "FEDEX_ECONOMY", "FedEx Economy", vec![inside("CL"), inside("ZA")], false),
        express("economy-select", "FEDEX_ECONOMY_SELECT", "FedEx Economy Select", vec![inside("GB")], false),
    ]
}

/// FedEx packagings with what they hold. Where the guide gives pounds and kilograms the larger figure is taken.
fn packagings() -> Vec<Packaging> {
    let packaging = |code: &str, carrier_code: &str, name: &str, holds: &str| Packaging {
        max_weight: holds.parse().ok(),
        ..Packaging::new(code, carrier_code, name)
    };
    vec![
        packaging("envelope", "FEDEX_ENVELOPE", "FedEx Envelope", "0.5kg"),
        packaging("pak", "FEDEX_PAK", "FedEx Pak", "20lb"),
        packaging("small-box", "FEDEX_SMALL_BOX", "FedEx Small Box", "20lb"),
        packaging("medium-box", "FEDEX_MEDIUM_BOX", "FedEx Medium Box", "20lb"),
        packaging("large-box", "FEDEX_LARGE_BOX", "FedEx Large Box", "20lb"),
        packaging("extra-large-box", "FEDEX_EXTRA_LARGE_BOX", "FedEx Extra Large Box", "20lb"),
        packaging("box", "FEDEX_BOX", "FedEx Box", "20lb"),
        packaging("tube", "FEDEX_TUBE", "FedEx Tube", "20lb"),
        packaging("10kg-box", "FEDEX_10KG_BOX", "FedEx 10kg Box", "10kg"),
        packaging("25kg-box", "FEDEX_25KG_BOX", "FedEx 25kg Box", "25kg"),
    ]
}

/// Whether a FedEx service code belongs to the Ground company.
pub fn is_ground(carrier_code: &str) -> bool {
    GROUND.contains(&carrier_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_packagings_exist() {
        let profile = profile();
        for (at, service) in profile.services.iter().enumerate() {
            assert!(!service.lanes.is_empty(), "{}", service.code);
            assert!(
                profile.services[..at]
                    .iter()
                    .all(|other| other.code != service.code && other.carrier_code != service.carrier_code)
            );
            assert!(
                service.packagings.iter().all(|code| profile.packaging(code).is_some()),
                "{}",
                service.code
            );
        }
        assert!(profile.packagings.iter().all(|packaging| packaging.max_weight.is_some()));
    }

    #[test]
    fn limits_that_are_written_as_text_are_read() {
        assert!(express_limits().max_length.is_some() && ground_limits().max_length_plus_girth.is_some());
    }
}
