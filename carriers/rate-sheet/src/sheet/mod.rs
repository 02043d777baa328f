//! The pricing engine: a TOML text and CSV tables in, prices with their source out. It knows no carrier; China Post's
//! tables run on it as well.
//!
//! [`Sheet::load`] checks everything and reports every mistake with table, row and column; [`price`] never fails: each
//! service is a price or a reason.

pub mod document;
mod price;
mod problem;
mod rows;
mod surcharge;
mod table;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use waybill_core::{Border, Country, Currency, Lane, Limits, Places, Service, ServiceOptions, Weight};

pub use self::document::{Document, Per, Rounding, Volume};
pub use self::price::{Offer, price, price_service};
pub use self::problem::{Problem, Problems};
pub use self::rows::{RateRow, Rates};
pub use self::surcharge::Surcharge;
pub use self::zones::Zones;

use self::document::ServiceText;
use crate::label::Template;
use crate::numbers::Ranges;

/// A sheet that was checked.
#[derive(Debug, Clone)]
pub struct Sheet {
    /// Names the sheet on every rate.
    pub id: String,
    /// Public name of the carrier.
    pub name: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// How totals are rounded.
    pub rounding: Rounding,
    /// How the money is paid, in words.
    pub settlement: Option<String>,
    /// Services, in the order of the text.
    pub services: Vec<SheetService>,
    /// How labels look.
    pub label: Template,
    /// Ranges of tracking numbers; none when the sheet sells no labels.
    pub numbers: Ranges,
    rates: BTreeMap<String, Rates>,
    zones: BTreeMap<String, Zones>,
    surcharges: Vec<Surcharge>,
}

/// A service of a sheet.
#[derive(Debug, Clone)]
pub struct SheetService {
    /// As the profile shows it.
    pub service: Service,
    /// Rate table.
    pub rates: String,
    /// Name in the rate table.
    pub rate_code: String,
    /// Zone table; the destination's country is the zone without one.
    pub zones: Option<String>,
    /// Weight by volume.
    pub volume: Option<Volume>,
    /// Weights are rounded up to a multiple of this.
    pub billing_step: Option<Weight>,
    /// Transport costs at least this per unit.
    pub minimum: Option<Decimal>,
    /// What a row prices.
    pub price_per: Per,
    /// Business days in transit.
    pub transit_days: Option<u16>,
    /// Saturday counts as a day in transit.
    pub saturday_transit: bool,
    /// Whether lateness gives money back.
    pub guaranteed: Option<bool>,
}

impl Sheet {
    /// Reads and checks a sheet: the TOML text and the CSV tables by name.
    pub fn load(text: &str, tables: &BTreeMap<String, String>) -> Result<Self, Problems> {
        let document: Document = match toml::from_str(text) {
            Ok(document) => document,
            Err(error) => return Err(Problems(vec![toml_problem(text, &error)])),
        };
        let mut problems = Vec::new();
        let sheet = build(&document, tables, &mut problems);
        if problems.is_empty() { Ok(sheet) } else { Err(Problems(problems)) }
    }

    /// A service by its stable name.
    pub fn service(&self, code: &str) -> Option<&SheetService> {
        self.services.iter().find(|service| service.service.code == *code)
    }
}

fn toml_problem(text: &str, error: &toml::de::Error) -> Problem {
    let row = error.span().map(|span| {
        let before = text.get(..span.start).unwrap_or_default();
        before.matches('\n').count() as u64 + 1
    });
    Problem::new("sheet", row, None, error.message().replace('\n', " "))
}

fn build(document: &Document, tables: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Sheet {
    let defaults = document.defaults();
    let uses = uses(document);
    for (name, wanted_by) in &uses {
        if !tables.contains_key(*name) {
            let message = format!("table `{name}` is not there, and {wanted_by} needs it");
            problems.push(Problem::new("sheet", None, None, message));
        }
    }
    for name in tables.keys().filter(|name| !uses.contains_key(name.as_str())) {
        problems.push(Problem::new(name, None, None, "no service and no surcharge uses this table"));
    }
    let mut rates = BTreeMap::new();
    let mut zones = BTreeMap::new();
    for service in &document.services {
        if let Some(text) = tables.get(&service.rates).filter(|_| !rates.contains_key(&service.rates)) {
            rates.insert(service.rates.clone(), Rates::read(&service.rates, text, &defaults, problems));
        }
        if let Some(name) = &service.zones
            && let Some(text) = tables.get(name).filter(|_| !zones.contains_key(name))
        {
            zones.insert(name.clone(), Zones::read(name, text, true, problems));
        }
    }
    for area in document.surcharges.iter().filter_map(|surcharge| surcharge.when.area.as_ref()) {
        if let Some(text) = tables.get(area).filter(|_| !zones.contains_key(area)) {
            zones.insert(area.clone(), Zones::read(area, text, false, problems));
        }
    }
    let services: Vec<SheetService> = document.services.iter().map(service).collect();
    check_services(document, &services, problems);
    check_names(&services, &rates, &zones, problems);
    check_surcharges(document, problems);
    problems.extend(document.label.problems());
    let numbers = Ranges::new(document.numbers.clone(), problems);
    let surcharges = document.surcharges.iter().map(|text| Surcharge::read(text, tables, problems)).collect();
    Sheet {
        id: document.id.clone(),
        name: document.name.clone(),
        currency: document.currency,
        rounding: document.rounding,
        settlement: document.settlement.clone(),
        services,
        label: document.label.clone(),
        numbers,
        rates,
        zones,
        surcharges,
    }
}

/// Every table that the text names, with what names it.
fn uses(document: &Document) -> BTreeMap<&str, String> {
    let mut uses = BTreeMap::new();
    for service in &document.services {
        let by = format!("service `{}`", service.code);
        uses.entry(service.rates.as_str()).or_insert_with(|| by.clone());
        if let Some(zones) = &service.zones {
            uses.entry(zones.as_str()).or_insert(by);
        }
    }
    for surcharge in &document.surcharges {
        let by = format!("surcharge `{}`", surcharge.code);
        for name in surcharge.table.iter().chain(&surcharge.when.area) {
            uses.entry(name.as_str()).or_insert_with(|| by.clone());
        }
    }
    uses
}

fn service(text: &ServiceText) -> SheetService {
    let places = |countries: &[Country]| match countries {
        [] => Places::Anywhere,
        some => Places::Only(some.to_vec()),
    };
    let lane = Lane { from: places(&text.from), to: places(&text.to), border: text.border };
    let rate_code = text.rate_code.clone().unwrap_or_else(|| text.code.clone());
    let limits = &text.limits;
    let service = Service {
        limits: Limits {
            max_weight: limits.max_weight,
            min_weight: limits.min_weight,
            max_length: limits.max_length,
            max_width: limits.max_width,
            max_height: limits.max_height,
            max_length_plus_girth: limits.max_girth,
            max_side_sum: limits.max_side_sum,
            dimensions_needed: limits.dimensions_needed,
            ..Limits::default()
        },
        max_parcels: text.max_parcels,
        po_box: text.po_box,
        returns: text.returns,
        customs_data: text.customs_data && text.border != Border::Domestic,
        options: ServiceOptions {
            signatures: text.signatures.clone(),
            saturday: text.saturday,
            batteries: text.batteries,
            declared_value: text.declared_value,
            ..ServiceOptions::default()
        },
        ..Service::new(&text.code, &rate_code, &text.name, vec![lane])
    };
    SheetService {
        service,
        rates: text.rates.clone(),
        rate_code,
        zones: text.zones.clone(),
        volume: text.volume.clone(),
        billing_step: text.billing_step,
        minimum: text.minimum,
        price_per: text.price_per,
        transit_days: text.transit_days,
        saturday_transit: text.saturday_transit,
        guaranteed: text.guaranteed,
    }
}

/// From a thousandth of a gram to a tonne: other steps are mistakes.
fn is_a_step(step: &Weight) -> bool {
    (Decimal::new(1, 3)..=Decimal::from(1_000_000)).contains(&step.grams())
}

fn check_services(document: &Document, services: &[SheetService], problems: &mut Vec<Problem>) {
    let mut say =
        |column: &str, problem: String| problems.push(Problem::new("sheet", None, Some(column), problem));
    if services.is_empty() {
        say("services", "there is no service: write at least one [[services]]".to_owned());
    }
    let mut seen = BTreeSet::new();
    for (text, service) in document.services.iter().zip(services) {
        let code = &text.code;
        let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if code.is_empty() || !code.chars().all(slug) {
            say("services.code", format!("`{code}` is no code: use small letters, digits and hyphens"));
        }
        if !seen.insert(code) {
            say("services.code", format!("service `{code}` stands twice"));
        }
        if service.billing_step.is_some_and(|step| !is_a_step(&step)) {
            say(
                "services.billing_step",
                format!("the step of service `{code}` is not between 0.001 g and 1000 kg"),
            );
        }
        if service.volume.as_ref().is_some_and(|volume| volume.divisor < Decimal::ONE) {
            say("services.volume", format!("the divisor of service `{code}` is below 1"));
        }
    }
}

/// Rows must speak of services and zones that exist, and every service needs a row.
fn check_names(
    services: &[SheetService],
    rates: &BTreeMap<String, Rates>,
    zones: &BTreeMap<String, Zones>,
    problems: &mut Vec<Problem>,
) {
    for (table, rates) in rates {
        for (code, zone, line) in rates.names() {
            let Some(service) =
                services.iter().find(|service| service.rates == *table && service.rate_code == code)
            else {
                let message = format!("service `{code}` is not in the sheet, or uses another table");
                problems.push(Problem::new(table, Some(line), Some("service"), message));
                continue;
            };
            let known = match &service.zones {
                _ if zone == rows::ANY => true,
                Some(name) => zones.get(name).is_none_or(|zones| zones.names().any(|known| known == zone)),
                None => Country::from_code(zone).is_some_and(|country| country.as_str() == zone),
            };
            if !known {
                let message = match &service.zones {
                    Some(name) => format!("zone `{zone}` is not in table `{name}`"),
                    None => {
                        format!("`{zone}` is no country: without a zone table the zone is its two letters")
                    }
                };
                problems.push(Problem::new(table, Some(line), Some("zone"), message));
            }
        }
    }
    for service in services {
        let priced = rates
            .get(&service.rates)
            .is_none_or(|rates| rates.names().any(|(code, ..)| code == service.rate_code));
        if !priced {
            let message = format!("service `{}` has no row here", service.rate_code);
            problems.push(Problem::new(&service.rates, None, Some("service"), message));
        }
    }
}

fn check_surcharges(document: &Document, problems: &mut Vec<Problem>) {
    let known: BTreeSet<&str> = document
        .services
        .iter()
        .map(|service| service.rate_code.as_deref().unwrap_or(&service.code))
        .collect();
    for surcharge in &document.surcharges {
        for service in surcharge.services.iter().filter(|service| !known.contains(service.as_str())) {
            let message =
                format!("surcharge `{}` is for service `{service}`, which does not exist", surcharge.code);
            problems.push(Problem::new("sheet", None, Some("surcharges.services"), message));
        }
    }
}
