//! Zones: which places belong together for pricing.

use std::collections::BTreeMap;

use waybill_core::{Address, Country};

use super::{Problem, table};

/// Columns of a zone table. Columns that start with `from_` narrow a row to origins.
pub(super) const COLUMNS: &[&str] = &[
    "zone",
    "country",
    "state",
    "postal_from",
    "postal_to",
    "from_country",
    "from_state",
    "from_postal_from",
    "from_postal_to",
    "note",
];

/// One end of a zone row. Empty fields stand for "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct End {
    country: Option<Country>,
    state: Option<String>,
    postal: Option<(String, String)>,
}

/// How closely a row describes a place: postal range, state, country, anything.
type Closeness = (bool, bool, bool);

impl End {
    fn contains(&self, place: &Address) -> bool {
        let state = || place.state_or_empty().trim();
        self.country.is_none_or(|country| country == place.country)
            && self.state.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(state()))
            && self
                .postal
                .as_ref()
                .is_none_or(|(low, high)| within(&compact(place.postal_or_empty()), low, high))
    }
    fn closeness(&self) -> Closeness {
        (self.postal.is_some(), self.state.is_some(), self.country.is_some())
    }
    /// Whether both describe places of one kind that can be the same place.
    fn clashes(&self, other: &Self) -> bool {
        let ranges = match (&self.postal, &other.postal) {
            (Some(a), Some(b)) => overlap(a, b) && !strictly_inside(a, b) && !strictly_inside(b, a),
            (None, None) => true,
            _ => false,
        };
        let same_state = match (&self.state, &other.state) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            (None, None) => true,
            _ => false,
        };
        self.country == other.country && same_state && ranges
    }
}

/// Capital letters and digits only: spaces and hyphens in postal codes are decoration.
fn compact(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Bounds are prefixes: 10 to 19 holds 10000 and 19999.
fn within(code: &str, low: &str, high: &str) -> bool {
    !code.is_empty() && code >= low && (code <= high || code.starts_with(high))
}

fn overlap(a: &(String, String), b: &(String, String)) -> bool {
    let before = |high: &str, low: &str| high < low && !low.starts_with(high);
    !before(&a.1, &b.0) && !before(&b.1, &a.0)
}

/// Last code of a range: its upper bound followed by anything.
fn top(high: &str) -> String {
    format!("{high}\u{7f}")
}

fn strictly_inside(inner: &(String, String), outer: &(String, String)) -> bool {
    let inside = inner.0 >= outer.0 && top(&inner.1) <= top(&outer.1);
    inside && inner != outer
}

#[derive(Debug, Clone)]
struct ZoneRow {
    zone: String,
    from: End,
    to: End,
    line: u64,
}

impl ZoneRow {
    fn rank(&self) -> (Closeness, Closeness) {
        (self.to.closeness(), self.from.closeness())
    }
}

/// A zone table. The row that describes a place most closely wins: postal range before state before country, and a
/// range inside another one before that one.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    by_country: BTreeMap<Option<Country>, Vec<ZoneRow>>,
}

impl Zones {
    /// Reads a table; mistakes go to `problems`.
    pub(super) fn read(name: &str, text: &str, zone_needed: bool, problems: &mut Vec<Problem>) -> Self {
        let mut rows: Vec<ZoneRow> = Vec::new();
        let required: &[&str] = if zone_needed { &["zone"] } else { &[] };
        table::read(name, text, COLUMNS, required, problems, |row| {
            let zone = match row.text("zone") {
                Some(zone) => zone.to_owned(),
                None if zone_needed => return row.say(Some("zone"), "the zone is empty"),
                None => name.to_owned(),
            };
            let from = end(row, ["from_country", "from_state", "from_postal_from", "from_postal_to"]);
            let to = end(row, ["country", "state", "postal_from", "postal_to"]);
            let (Some(from), Some(to)) = (from, to) else { return };
            let row = ZoneRow { zone, from, to, line: row.line };
            rows.push(row);
        });
        let mut by_country: BTreeMap<Option<Country>, Vec<ZoneRow>> = BTreeMap::new();
        for row in rows {
            by_country.entry(row.to.country).or_default().push(row);
        }
        for rows in by_country.values_mut() {
            clashes(name, rows, problems);
            // Closest first; inside one kind the narrower range first, which its later start or earlier end shows.
            rows.sort_by(|a, b| {
                let range = |row: &ZoneRow| row.to.postal.clone().unwrap_or_default();
                let ((a_low, a_high), (b_low, b_high)) = (range(a), range(b));
                b.rank().cmp(&a.rank()).then(b_low.cmp(&a_low)).then(top(&a_high).cmp(&top(&b_high)))
            });
        }
        Self { by_country }
    }

    /// Zone of a way, `None` when no row describes it.
    pub fn zone(&self, from: &Address, to: &Address) -> Option<&str> {
        let of = |country: Option<Country>| {
            let rows = self.by_country.get(&country)?;
            rows.iter().find(|row| row.to.contains(to) && row.from.contains(from))
        };
        of(Some(to.country)).or_else(|| of(None)).map(|row| row.zone.as_str())
    }

    /// Names of all zones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_country.values().flatten().map(|row| row.zone.as_str())
    }
}

fn end(row: &mut table::Row<'_, '_>, columns: [&str; 4]) -> Option<End> {
    let [country, state, low, high] = columns;
    let country = match row.text(country) {
        None | Some("*") => None,
        Some(_) => Some(row.parse(country, "a country: write its two letters, such as DE, or * for any")?),
    };
    let bounds = (row.text(low).map(compact), row.text(high).map(compact));
    let postal = match bounds {
        (None, None) => None,
        (Some(from), None) => Some((from.clone(), from)),
        (None, Some(_)) => {
            row.say(Some(low), "the range has an end and no start");
            return None;
        }
        (Some(from), Some(to)) => Some((from, to)),
    };
    if let Some((from, to)) = &postal {
        if from.is_empty() || to.is_empty() {
            row.say(Some(low), "a postal code has letters and digits");
            return None;
        }
        if from > to && !from.starts_with(to.as_str()) {
            row.say(Some(high), "the range ends before it starts");
            return None;
        }
        if country.is_none() {
            row.say(Some(low), "a postal range needs a country");
            return None;
        }
    }
    Some(End { country, state: row.text(state).map(str::to_owned), postal })
}

/// Two rows of one closeness that describe the same place with different zones: nobody could say which one holds.
fn clashes(name: &str, rows: &[ZoneRow], problems: &mut Vec<Problem>) {
    let mut sorted: Vec<&ZoneRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.rank(), row.to.state.clone(), row.to.postal.clone()));
    for (at, row) in sorted.iter().enumerate() {
        for other in &sorted[at + 1..] {
            if other.rank() != row.rank() {
                break;
            }
            // Sorted by start: once a range starts behind this one's end, no later one overlaps.
            let beyond = match (&row.to.postal, &other.to.postal) {
                (Some(a), Some(b)) => row.to.state == other.to.state && !overlap(a, b),
                _ => false,
            };
            if beyond {
                break;
            }
            if row.to.clashes(&other.to) && row.from.clashes(&other.from) && row.zone != other.zone {
                let (first, second) = if row.line < other.line { (row, other) } else { (other, row) };
                let message = format!(
                    "overlaps row {}, which puts the same places into zone `{}`",
                    first.line, first.zone
                );
                problems.push(Problem::new(name, Some(second.line), Some("zone"), message));
            }
        }
    }
}
