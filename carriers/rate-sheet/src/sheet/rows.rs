//! Rate tables: rows of prices by service, zone, weight and size.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use waybill_core::{Length, PriceKind, Weight, WeightUnit};

use super::document::Defaults;
use super::{Problem, table};

/// Columns of a rate table.
pub(super) const COLUMNS: &[&str] = &[
    "service",
    "zone",
    "min_weight",
    "max_weight",
    "max_longest",
    "max_side_sum",
    "max_girth",
    "min_billable",
    "price",
    "item_fee",
    "first_weight",
    "first_fee",
    "step",
    "step_fee",
    "per_g",
    "per_kg",
    "per_oz",
    "per_lb",
    "minimum",
    "transit_days",
    "effective",
    "until",
    "price_kind",
    "confidence",
    "source",
    "note",
];

/// Any zone.
pub(super) const ANY: &str = "*";

/// One price. Amounts are in the sheet's currency; all parts of a row add up:
/// `price + item_fee + first_fee + step_fee * steps + per_unit * weight`, at least `minimum`.
#[derive(Debug, Clone, PartialEq)]
pub struct RateRow {
    /// Line in its table.
    pub line: u64,
    /// Whose price it is.
    pub kind: PriceKind,
    /// First day on which it holds.
    pub effective: NaiveDate,
    /// Last day on which it holds.
    pub until: Option<NaiveDate>,
    /// How sure the figures are, in the importer's words.
    pub confidence: Option<String>,
    /// Where the figures are from.
    pub source: Option<String>,
    /// Smallest billed weight of the row, not included.
    pub min_weight: Option<Weight>,
    /// Largest billed weight of the row, included.
    pub max_weight: Option<Weight>,
    /// Longest side, included.
    pub max_longest: Option<Length>,
    /// Sum of the sides, included.
    pub max_side_sum: Option<Length>,
    /// Length plus girth, included.
    pub max_girth: Option<Length>,
    /// Weight that is billed at least.
    pub min_billable: Option<Weight>,
    /// Price of the whole step.
    pub price: Decimal,
    /// Fee per item, shown as a line of its own.
    pub item_fee: Decimal,
    /// Weight that `first_fee` covers.
    pub first_weight: Weight,
    /// Fee for the first weight.
    pub first_fee: Decimal,
    /// Step above the first weight; a started step is a whole step.
    pub step: Option<Weight>,
    /// Fee per step.
    pub step_fee: Decimal,
    /// Fees per unit of weight.
    pub per_unit: Vec<(WeightUnit, Decimal)>,
    /// Transport costs at least this.
    pub minimum: Option<Decimal>,
    /// Business days in transit.
    pub transit_days: Option<u16>,
}

impl RateRow {
    /// Whether it holds on a day.
    pub(super) fn holds_on(&self, date: NaiveDate) -> bool {
        self.effective <= date && self.until.is_none_or(|until| date <= until)
    }

    /// What tells rows of one service, zone, kind and day apart: they may not agree in all of it.
    fn step_key(&self) -> impl std::hash::Hash + Eq + use<> {
        (self.min_weight, self.max_weight, self.max_longest, self.max_side_sum, self.max_girth)
    }

    /// Smaller steps first; no limit is the largest.
    pub(super) fn size_key(&self) -> [Decimal; 4] {
        let grams = |weight: Option<Weight>| weight.map_or(Decimal::MAX, |weight| weight.grams());
        let mm = |length: Option<Length>| length.map_or(Decimal::MAX, |length| length.millimetres());
        [grams(self.max_weight), mm(self.max_side_sum), mm(self.max_longest), mm(self.max_girth)]
    }
}

/// A rate table, indexed by service and zone.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    rows: HashMap<String, BTreeMap<String, Vec<RateRow>>>,
}

impl Rates {
    /// Reads a table; mistakes go to `problems`.
    pub(super) fn read(name: &str, text: &str, defaults: &Defaults, problems: &mut Vec<Problem>) -> Self {
        let mut rates = Self::default();
        let mut seen = HashMap::new();
        table::read(name, text, COLUMNS, &["service"], problems, |row| {
            let Some(service) = row.text("service").map(str::to_owned) else {
                return row.say(Some("service"), "the service is empty");
            };
            let zone = row.text("zone").unwrap_or(ANY).to_owned();
            let Some(found) = rate_row(row, defaults) else { return };
            let key = (service.clone(), zone.clone(), found.kind.clone(), found.effective, found.step_key());
            if let Some(first) = seen.insert(key, found.line) {
                row.say(None, format!("the same service, zone, step and first day as in row {first}"));
            }
            rates.rows.entry(service).or_default().entry(zone).or_default().push(found);
        });
        for rows in rates.rows.values_mut().flat_map(BTreeMap::values_mut) {
            rows.sort_by_key(RateRow::size_key);
        }
        rates
    }

    /// Rows of a service for a zone: its own, and those for any zone.
    pub(super) fn rows(&self, service: &str, zone: Option<&str>) -> [&[RateRow]; 2] {
        let of = |zone: &str| {
            self.rows.get(service).and_then(|zones| zones.get(zone)).map_or(&[][..], Vec::as_slice)
        };
        [zone.filter(|zone| *zone != ANY).map_or(&[], of), of(ANY)]
    }

    /// Every service and zone that a row names, with the row's line.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.rows.iter().flat_map(|(service, zones)| {
            zones
                .iter()
                .filter_map(move |(zone, rows)| Some((service.as_str(), zone.as_str(), rows.first()?.line)))
        })
    }
}

fn rate_row(row: &mut table::Row<'_, '_>, defaults: &Defaults) -> Option<RateRow> {
    let before = row.problem_count();
    let weight = |row: &mut table::Row<'_, '_>, column: &str| {
        row.number(column).map(|value| Weight { value, unit: defaults.weight_unit })
    };
    let length = |row: &mut table::Row<'_, '_>, column: &str| {
        row.number(column).map(|value| Length { value, unit: defaults.length_unit })
    };
    let per = [
        ("per_g", WeightUnit::Gram),
        ("per_kg", WeightUnit::Kilogram),
        ("per_oz", WeightUnit::Ounce),
        ("per_lb", WeightUnit::Pound),
    ];
    let per_unit = per.into_iter().filter_map(|(column, unit)| Some((unit, row.number(column)?))).collect();
    let effective = row.date("effective").or(defaults.effective);
    if effective.is_none() && row.text("effective").is_none() {
        row.say(Some("effective"), "the first day is missing: give it here or as `effective` of the sheet");
    }
    let found = RateRow {
        line: row.line,
        kind: row.text("price_kind").map_or_else(|| defaults.price_kind.clone(), PriceKind::from),
        effective: effective.unwrap_or_default(),
        until: row.date("until").or(defaults.until),
        confidence: row.text("confidence").map(str::to_owned).or_else(|| defaults.confidence.clone()),
        source: row.text("source").map(str::to_owned).or_else(|| defaults.source.clone()),
        min_weight: weight(row, "min_weight"),
        max_weight: weight(row, "max_weight"),
        max_longest: length(row, "max_longest"),
        max_side_sum: length(row, "max_side_sum"),
        max_girth: length(row, "max_girth"),
        min_billable: weight(row, "min_billable"),
        price: row.number("price").unwrap_or_default(),
        item_fee: row.number("item_fee").unwrap_or_default(),
        first_weight: weight(row, "first_weight")
            .unwrap_or(Weight { value: Decimal::ZERO, unit: WeightUnit::Gram }),
        first_fee: row.number("first_fee").unwrap_or_default(),
        step: weight(row, "step"),
        step_fee: row.number("step_fee").unwrap_or_default(),
        per_unit,
        minimum: row.number("minimum"),
        transit_days: row.parse("transit_days", "a number of days"),
    };
    check(row, &found);
    (row.problem_count() == before).then_some(found)
}

fn check(row: &mut table::Row<'_, '_>, found: &RateRow) {
    if !found.step_fee.is_zero() && !found.step.as_ref().is_some_and(super::is_a_step) {
        row.say(Some("step"), "a `step_fee` needs a `step` of 0.001 g to 1000 kg");
    }
    if found
        .max_weight
        .is_some_and(|max| !max.is_positive() || found.min_weight.is_some_and(|min| min >= max))
    {
        row.say(Some("max_weight"), "the step ends before it starts");
    }
    if found.until.is_some_and(|until| until < found.effective) {
        row.say(Some("until"), "the last day is before the first day");
    }
    let fees =
        [found.price, found.item_fee, found.first_fee, found.step_fee, found.minimum.unwrap_or_default()];
    let free = fees.iter().chain(found.per_unit.iter().map(|(_, fee)| fee)).all(Decimal::is_zero);
    if free {
        row.say(
            Some("price"),
            "the row has no price: fill one of price, item_fee, first_fee, step_fee, per_kg ...",
        );
    }
}
