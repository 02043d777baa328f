//! Public holidays per country, from rules in `data/holidays.json`.
//!
//! Most rules compute (`the third Monday of January`, `two days before Easter`) and hold for any year; holidays of the
//! Chinese lunar calendar are listed as dates for 2025 to 2028. A set names nationwide holidays only: regional ones are
//! added by the operator, and carriers that work on a holiday have a set of their own (`US-PARCEL`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::Country;

/// Years for which the rules are worked out.
const YEARS: std::ops::RangeInclusive<i32> = 2020..=2060;

type ByDay = BTreeMap<NaiveDate, String>;

#[derive(Deserialize)]
struct File {
    explicit_years: (i32, i32),
    sets: BTreeMap<String, Vec<Rule>>,
}

#[derive(Deserialize)]
struct Rule {
    name: String,
    on: On,
    #[serde(default)]
    shift: Shift,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum On {
    /// Month and day.
    Fixed(u32, u32),
    /// Month, weekday, and which one; -1 is the last.
    Nth(u32, Weekday, i8),
    /// Days after Easter Sunday.
    Easter(i64),
    /// The last such weekday that is not after month and day.
    LastBy(u32, u32, Weekday),
    /// Listed dates.
    Dates(Vec<NaiveDate>),
}

/// What a holiday on a weekend does beside being one.
#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Shift {
    #[default]
    None,
    /// Saturday also takes the Friday before, Sunday the Monday after (5 U.S.C. 6103).
    NearestWeekday,
    /// The next weekday that is not a holiday yet is taken as well.
    NextFree,
}

struct Book {
    explicit_years: (i32, i32),
    sets: BTreeMap<String, Set>,
}

struct Set {
    days: ByDay,
    /// Some holidays are listed by date, so other years are incomplete.
    listed: bool,
}

static BOOK: LazyLock<Book> = LazyLock::new(|| {
    // The file is part of the program; a test reads it.
    let file: File = serde_json::from_str(include_str!("../data/holidays.json")).expect("data/holidays.json");
    let sets = file.sets.iter().map(|(name, rules)| (name.clone(), work_out(rules))).collect();
    Book { explicit_years: file.explicit_years, sets }
});

fn work_out(rules: &[Rule]) -> Set {
    let mut days = ByDay::new();
    let mut shifted: Vec<(NaiveDate, &Rule)> = Vec::new();
    for rule in rules {
        for date in dates(&rule.on) {
            days.insert(date, rule.name.clone());
            if rule.shift != Shift::None {
                shifted.push((date, rule));
            }
        }
    }
    // Substitutes come last: they must not take a day that is a holiday by itself.
    shifted.sort_by_key(|(date, _)| *date);
    for (date, rule) in shifted {
        if let Some(substitute) = substitute(date, rule.shift, &days) {
            days.entry(substitute).or_insert_with(|| format!("{} (observed)", rule.name));
        }
    }
    Set { days, listed: rules.iter().any(|rule| matches!(rule.on, On::Dates(_))) }
}

fn dates(on: &On) -> Vec<NaiveDate> {
    match on {
        On::Dates(dates) => dates.clone(),
        _ => YEARS.filter_map(|year| date_in(on, year)).collect(),
    }
}

fn date_in(on: &On, year: i32) -> Option<NaiveDate> {
    match on {
        On::Fixed(month, day) => NaiveDate::from_ymd_opt(year, *month, *day),
        On::Nth(month, weekday, -1) => {
            let next = if *month == 12 { (year + 1, 1) } else { (year, month + 1) };
            last_on_or_before(NaiveDate::from_ymd_opt(next.0, next.1, 1)?.pred_opt()?, *weekday)
        }
        On::Nth(month, weekday, nth) => {
            NaiveDate::from_weekday_of_month_opt(year, *month, *weekday, u8::try_from(*nth).ok()?)
        }
        On::Easter(days) => easter(year)?.checked_add_signed(chrono::Duration::days(*days)),
        On::LastBy(month, day, weekday) => {
            last_on_or_before(NaiveDate::from_ymd_opt(year, *month, *day)?, *weekday)
        }
        On::Dates(_) => None,
    }
}

fn last_on_or_before(date: NaiveDate, weekday: Weekday) -> Option<NaiveDate> {
    date.checked_sub_days(Days::new(u64::from(date.weekday().days_since(weekday))))
}

/// Easter Sunday of the Gregorian calendar (the anonymous computus of 1876).
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let f = (b + 8) / 25;
    let g = (b - f + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}

fn substitute(date: NaiveDate, shift: Shift, taken: &ByDay) -> Option<NaiveDate> {
    match (shift, date.weekday()) {
        (Shift::NearestWeekday, Weekday::Sat) => date.pred_opt(),
        (Shift::NearestWeekday, Weekday::Sun) => date.succ_opt(),
        (Shift::NextFree, Weekday::Sat | Weekday::Sun) => date
            .iter_days()
            .skip(1)
            .take(14)
            .find(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !taken.contains_key(day)),
        _ => None,
    }
}

/// Which holidays count, as settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HolidaySettings {
    /// Sets by name (`US`, `US-PARCEL`, `CA`, `MX`, `GB`, `DE`, `FR`, `CN`); the set of the country when empty.
    pub sets: Vec<String>,
    /// Further days off.
    pub closed: BTreeSet<NaiveDate>,
    /// Holidays of the sets on which work goes on.
    pub open: BTreeSet<NaiveDate>,
}

/// The holidays of one place.
#[derive(Clone, Default)]
pub struct Holidays {
    sets: Vec<&'static str>,
    closed: BTreeSet<NaiveDate>,
    open: BTreeSet<NaiveDate>,
}

impl Holidays {
    /// Names of the sets.
    pub fn sets() -> impl Iterator<Item = &'static str> {
        BOOK.sets.keys().map(String::as_str)
    }

    /// The nationwide holidays of a country; none for a country without a set (see [`Holidays::knows`]).
    pub fn of(country: Country) -> Self {
        Self { sets: set_name(country.as_str()).into_iter().collect(), ..Self::default() }
    }

    /// A set by name.
    pub fn named(set: &str) -> Option<Self> {
        Some(Self { sets: vec![set_name(set)?], ..Self::default() })
    }

    /// By settings; the error is the name of a set that does not exist.
    pub fn from_settings(settings: &HolidaySettings, country: Country) -> Result<Self, String> {
        let mut found = Self::of(country);
        if !settings.sets.is_empty() {
            found.sets = settings
                .sets
                .iter()
                .map(|name| set_name(name).ok_or_else(|| name.clone()))
                .collect::<Result<_, _>>()?;
        }
        found.closed.clone_from(&settings.closed);
        found.open.clone_from(&settings.open);
        Ok(found)
    }

    /// The name of the holiday on a day.
    pub fn name_of(&self, date: NaiveDate) -> Option<&str> {
        if self.closed.contains(&date) {
            return Some("closed");
        }
        if self.open.contains(&date) {
            return None;
        }
        self.sets.iter().find_map(|set| BOOK.sets.get(*set)?.days.get(&date)).map(String::as_str)
    }

    /// Whether a day is a holiday.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.name_of(date).is_some()
    }

    /// Whether the holidays around a day are known: there is a set, and listed dates reach that year.
    pub fn knows(&self, date: NaiveDate) -> bool {
        let (first, last) = BOOK.explicit_years;
        !self.sets.is_empty()
            && self.sets.iter().all(|set| {
                let listed = BOOK.sets.get(*set).is_some_and(|set| set.listed);
                YEARS.contains(&date.year()) && (!listed || (first..=last).contains(&date.year()))
            })
    }
}

fn set_name(name: &str) -> Option<&'static str> {
    BOOK.sets.get_key_value(name).map(|(name, _)| name.as_str())
}

impl std::fmt::Debug for Holidays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Holidays")
            .field("sets", &self.sets)
            .field("closed", &self.closed)
            .field("open", &self.open)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn is(set: &str, date: &str) -> bool {
        Holidays::named(set).unwrap().contains(day(date))
    }

    #[test]
    fn us_federal_holidays_of_four_years() {
        let days = [
            "2025-01-20",
            "2025-05-26",
            "2025-11-27",
            "2026-01-19",
            "2026-02-16",
            "2026-05-25",
            "2026-06-19",
            "2026-07-03",
            "2026-07-04",
            "2026-09-07",
            "2026-10-12",
            "2026-11-11",
            "2026-11-26",
            "2026-12-25",
            "2027-06-18",
            "2027-07-05",
            "2027-12-24",
            "2027-12-31",
            "2028-11-10",
            "2028-11-23",
        ];
        for date in days {
            assert!(is("US", date), "{date}");
        }
        assert!(!is("US", "2026-10-19") && !is("US", "2026-11-27") && !is("US", "2026-11-19"));
        assert!(is("US-PARCEL", "2026-11-26") && !is("US-PARCEL", "2026-11-11"));
    }

    #[test]
    fn easter_moves_and_substitutes_do_not_collide() {
        for (year, date) in
            [(2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2028, "2028-04-16")]
        {
            assert_eq!(easter(year), Some(day(date)));
        }
        assert!(is("DE", "2026-04-03") && is("DE", "2026-05-14") && is("DE", "2026-05-25"));
        // Christmas 2027 is a Saturday, Boxing Day a Sunday: Monday and Tuesday stand in.
        assert!(is("GB", "2027-12-27") && is("GB", "2027-12-28") && !is("GB", "2027-12-29"));
        assert!(is("CA", "2026-05-18") && is("MX", "2026-03-16"));
    }

    #[test]
    fn lunar_holidays_are_known_for_the_listed_years_only() {
        let china = Holidays::of(Country::CN);
        assert_eq!(china.name_of(day("2026-02-17")), Some("春节"));
        assert!(china.knows(day("2028-10-03")) && !china.knows(day("2029-02-13")));
        assert!(!Holidays::of("BR".parse().unwrap()).knows(day("2026-02-17")));
    }

    #[test]
    fn an_operator_closes_and_opens_days() {
        let settings = HolidaySettings {
            closed: [day("2026-10-20")].into(),
            open: [day("2026-10-12")].into(),
            ..HolidaySettings::default()
        };
        let own = Holidays::from_settings(&settings, Country::US).unwrap();
        assert!(own.contains(day("2026-10-20")) && !own.contains(day("2026-10-12")));
        let wrong = HolidaySettings { sets: vec!["ATLANTIS".into()], ..HolidaySettings::default() };
        assert_eq!(Holidays::from_settings(&wrong, Country::US).unwrap_err(), "ATLANTIS");
    }
}
