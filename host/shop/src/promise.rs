//! The promise engine: from the time of an order to the day it must leave and the day it must arrive.
//!
//! 1. The clock is that of the easternmost warehouse (greatest longitude); the weekday of the order is the weekday there.
//! 2. An order before the cut-off on an operating day ships that day; at the cut-off or later, or on another day, it
//!    ships on the next operating day.
//! 3. It is promised for the n-th delivery day after the ship day. Delivery days are Monday to Friday, and Saturday and
//!    Sunday where the carrier delivers there on them.
//! 4. Holidays at the origin are not operating days, holidays at the destination are not delivery days.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{CarrierId, Country, Error, FieldProblem, Result, ServiceCode};

use crate::holidays::{HolidaySettings, Holidays};
use crate::zone::Zone;

/// Prime promises the second delivery day after the ship day.
const PRIME_TRANSIT_DAYS: u16 = 2;

/// Earliest cut-off that Prime permits, on the clock of the easternmost warehouse.
const PRIME_CUT_OFF: NaiveTime = NaiveTime::from_hms_opt(14, 0, 0).unwrap();

/// Where parcels start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warehouse {
    /// Its name.
    pub name: String,
    /// Its clock.
    pub zone: Zone,
    /// Degrees east of Greenwich, negative in the Americas: `-74.0` for New York. Decides which one is easternmost.
    pub longitude: Decimal,
    /// Its country, for the holidays.
    pub country: Country,
}

/// Days on which parcels leave. Monday to Friday are fixed, so they cannot be written here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OperatingDays {
    /// Saturday too.
    pub saturday: bool,
    /// Sunday too.
    pub sunday: bool,
}

/// Days on which a carrier delivers at a destination, beside Monday to Friday.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryDays {
    /// Saturday too.
    pub saturday: bool,
    /// Sunday too.
    pub sunday: bool,
}

fn counts(saturday: bool, sunday: bool, day: Weekday) -> bool {
    match day {
        Weekday::Sat => saturday,
        Weekday::Sun => sunday,
        _ => true,
    }
}

/// Until when an order of a day ships on that day, on the clock of the easternmost warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "per", deny_unknown_fields)]
pub enum CutOffs {
    /// One per ship option: templates that are not automated.
    Option {
        /// For options that are not listed.
        default: NaiveTime,
        /// By the option's name.
        #[serde(default)]
        options: BTreeMap<String, NaiveTime>,
    },
    /// One per carrier and weekday: automated templates.
    Carrier {
        /// For carriers and weekdays that are not listed.
        default: NaiveTime,
        /// The first entry that fits counts.
        #[serde(default)]
        carriers: Vec<CarrierCutOff>,
    },
}

/// A carrier's cut-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierCutOff {
    /// Whose.
    pub carrier: CarrierId,
    /// On which days; all when empty.
    #[serde(default)]
    pub days: Vec<Weekday>,
    /// Local time.
    pub time: NaiveTime,
}

impl CutOffs {
    fn at(&self, order: &OrderFacts, day: Weekday) -> NaiveTime {
        match self {
            Self::Option { default, options } => {
                order.option.as_ref().and_then(|option| options.get(option)).copied().unwrap_or(*default)
            }
            Self::Carrier { default, carriers } => carriers
                .iter()
                .find(|entry| {
                    order.carrier.as_ref() == Some(&entry.carrier)
                        && (entry.days.is_empty() || entry.days.contains(&day))
                })
                .map_or(*default, |entry| entry.time),
        }
    }

    /// Every time with its path below `cut_offs`.
    fn all(&self) -> Vec<(String, NaiveTime)> {
        match self {
            Self::Option { default, options } => std::iter::once(("default".to_owned(), *default))
                .chain(options.iter().map(|(name, time)| (format!("options.{name}"), *time)))
                .collect(),
            Self::Carrier { default, carriers } => std::iter::once(("default".to_owned(), *default))
                .chain(
                    carriers
                        .iter()
                        .enumerate()
                        .map(|(at, entry)| (format!("carriers[{at}].time"), entry.time)),
                )
                .collect(),
        }
    }
}

/// How fast a ship option is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Speed {
    /// Operating days needed before the parcel leaves, beyond the day of the order.
    #[serde(default)]
    pub handling_days: u16,
    /// Delivery days after the ship day.
    pub transit_days: u16,
}

/// Settings of a promise: of a shipping template, a marketplace or a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PromiseSettings {
    /// One or more.
    pub warehouses: Vec<Warehouse>,
    /// Days on which parcels leave.
    #[serde(default)]
    pub operating: OperatingDays,
    /// Cut-offs.
    pub cut_offs: CutOffs,
    /// Prime: cut-offs at or after 14:00, same-day shipping whatever speed was chosen, the second delivery day.
    #[serde(default)]
    pub prime: bool,
    /// How fast the ship options are (not for Prime).
    #[serde(default)]
    pub speeds: BTreeMap<String, Speed>,
    /// Holidays at the origin; those of the easternmost warehouse's country when empty.
    #[serde(default)]
    pub holidays: HolidaySettings,
}

impl PromiseSettings {
    /// Everything that is wrong with them.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let mut found = Vec::new();
        if self.warehouses.is_empty() {
            found.push(FieldProblem::new("warehouses", "there is no warehouse", "give at least one"));
        }
        for (at, warehouse) in self.warehouses.iter().enumerate() {
            if warehouse.longitude.abs() > Decimal::from(180) {
                found.push(FieldProblem::new(
                    format!("warehouses[{at}].longitude"),
                    "not between -180 and 180 degrees",
                    "give degrees east of Greenwich, negative in the Americas",
                ));
            }
        }
        if self.prime {
            found.extend(self.cut_offs.all().into_iter().filter(|(_, time)| *time < PRIME_CUT_OFF).map(
                |(path, time)| {
                    FieldProblem::new(
                        format!("cut_offs.{path}"),
                        format!("{} is before 14:00", time.format("%H:%M")),
                        "Prime wants 14:00 or later on the clock of the easternmost warehouse",
                    )
                },
            ));
        }
        found
    }
}

/// What a promise depends on beside the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFacts {
    /// When it was placed.
    pub ordered_at: DateTime<Utc>,
    /// The ship option that the buyer chose.
    pub option: Option<String>,
    /// The carrier, where cut-offs are per carrier.
    pub carrier: Option<CarrierId>,
    /// Where it goes, for the holidays.
    pub to: Country,
    /// On which days the carrier delivers there ([`WeekendBook`]).
    pub delivery_days: DeliveryDays,
}

impl OrderFacts {
    /// An order without option and carrier, to a place without weekend delivery.
    pub fn new(ordered_at: DateTime<Utc>, to: Country) -> Self {
        Self { ordered_at, option: None, carrier: None, to, delivery_days: DeliveryDays::default() }
    }
}

/// When an order must leave and arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Promise {
    /// The clock that decided.
    pub zone: Zone,
    /// Time of the order on that clock.
    pub ordered: NaiveDateTime,
    /// Cut-off of that day.
    pub cut_off: NaiveTime,
    /// The order came before it.
    pub before_cut_off: bool,
    /// Last day to hand the parcels over, on that clock.
    pub ship_by: NaiveDate,
    /// Last day of delivery, at the destination.
    pub deliver_by: NaiveDate,
    /// Delivery days between the two.
    pub transit_days: u16,
    /// Whether the holidays of both ends were known; else the days are counted without them.
    pub holidays_known: bool,
}

impl Promise {
    /// The instant at which the last ship day is over.
    pub fn ship_by_end(&self) -> Option<DateTime<Utc>> {
        self.zone.end_of(self.ship_by)
    }

    /// One sentence for a person.
    pub fn words(&self) -> String {
        let side = if self.before_cut_off { "before" } else { "not before" };
        format!(
            "ordered {} ({}), {side} the cut-off at {}: ship by {}, deliver by {}",
            self.ordered.format("%a %-d %b %H:%M"),
            self.zone,
            self.cut_off.format("%H:%M"),
            self.ship_by.format("%a %-d %b"),
            self.deliver_by.format("%a %-d %b")
        )
    }
}

/// Works promises out. Its settings are valid.
#[derive(Debug, Clone)]
pub struct PromiseEngine {
    settings: PromiseSettings,
    zone: Zone,
    origin: Holidays,
}

impl PromiseEngine {
    /// An engine; `Invalid` names every mistake in the settings.
    pub fn new(settings: PromiseSettings) -> Result<Self> {
        let mut problems = settings.problems();
        // Of two on one meridian the later in the list loses, so the answer does not depend on chance.
        let eastern = settings.warehouses.iter().rev().max_by_key(|warehouse| warehouse.longitude);
        let Some((zone, country)) = eastern.map(|warehouse| (warehouse.zone, warehouse.country)) else {
            return Err(Error::invalid(problems));
        };
        let origin = Holidays::from_settings(&settings.holidays, country).unwrap_or_else(|name| {
            let known = Holidays::sets().collect::<Vec<_>>().join(", ");
            problems.push(FieldProblem::new(
                "holidays.sets",
                format!("there is no set `{name}`"),
                format!("sets: {known}"),
            ));
            Holidays::default()
        });
        if problems.is_empty() { Ok(Self { settings, zone, origin }) } else { Err(Error::invalid(problems)) }
    }

    /// The same with one more warehouse, checked again.
    pub fn with_warehouse(&self, warehouse: Warehouse) -> Result<Self> {
        let mut settings = self.settings.clone();
        settings.warehouses.push(warehouse);
        Self::new(settings)
    }

    /// The settings.
    pub fn settings(&self) -> &PromiseSettings {
        &self.settings
    }

    /// The clock of the easternmost warehouse.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// When an order must leave and arrive.
    pub fn promise(&self, order: &OrderFacts) -> Result<Promise> {
        let ordered = order.ordered_at.with_timezone(&self.zone.0).naive_local();
        let cut_off = self.settings.cut_offs.at(order, ordered.weekday());
        let before_cut_off = ordered.time() < cut_off;
        let speed = self.speed(order)?;
        let operating = |date: &NaiveDate| {
            let days = self.settings.operating;
            counts(days.saturday, days.sunday, date.weekday()) && !self.origin.contains(*date)
        };
        // Day 0 of the count is the first day on which work on the order begins.
        let begin = if before_cut_off && operating(&ordered.date()) {
            ordered.date()
        } else {
            nth_after(ordered.date(), 1, operating)?
        };
        let ship_by = nth_after(begin, speed.handling_days, operating)?;
        let destination = Holidays::of(order.to);
        let delivery = |date: &NaiveDate| {
            counts(order.delivery_days.saturday, order.delivery_days.sunday, date.weekday())
                && !destination.contains(*date)
        };
        let deliver_by = nth_after(ship_by, speed.transit_days, delivery)?;
        Ok(Promise {
            zone: self.zone,
            ordered,
            cut_off,
            before_cut_off,
            ship_by,
            deliver_by,
            transit_days: speed.transit_days,
            holidays_known: self.origin.knows(ship_by) && destination.knows(deliver_by),
        })
    }

    fn speed(&self, order: &OrderFacts) -> Result<Speed> {
        let prime = Speed { handling_days: 0, transit_days: PRIME_TRANSIT_DAYS };
        if self.settings.prime {
            return Ok(prime);
        }
        let Some(option) = &order.option else { return Ok(prime) };
        self.settings.speeds.get(option).copied().ok_or_else(|| {
            let known = self.settings.speeds.keys().cloned().collect::<Vec<_>>().join(", ");
            Error::invalid_field("option", "there is no such ship option", format!("options: {known}"))
        })
    }
}

/// The n-th day after a date that counts; the date itself for 0.
fn nth_after(date: NaiveDate, n: u16, counts: impl Fn(&NaiveDate) -> bool) -> Result<NaiveDate> {
    let Some(skip) = usize::from(n).checked_sub(1) else { return Ok(date) };
    // Ten years without a day that counts is a mistake in the settings.
    date.iter_days().skip(1).take(3660).filter(counts).nth(skip).ok_or_else(|| {
        Error::invalid_field("holidays.closed", "no day is left to ship or deliver on", "open some days")
    })
}

/// Where a carrier delivers on weekends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekendDelivery {
    /// Which carrier.
    pub carrier: CarrierId,
    /// Which service; all of the carrier when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceCode>,
    /// In which country.
    pub country: Country,
    /// First characters of the postal code; the whole country when empty.
    #[serde(default)]
    pub postal_prefix: String,
    /// On Saturdays.
    #[serde(default)]
    pub saturday: bool,
    /// On Sundays.
    #[serde(default)]
    pub sunday: bool,
}

/// Which carrier delivers where on weekends. What is not listed is not delivered on weekends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct WeekendBook(pub Vec<WeekendDelivery>);

impl WeekendBook {
    /// Delivery days of a carrier at a destination: the longest postal prefix counts, then the entry with a service.
    pub fn days(
        &self,
        carrier: &CarrierId,
        service: Option<&ServiceCode>,
        country: Country,
        postal_code: &str,
    ) -> DeliveryDays {
        let fits = |entry: &&WeekendDelivery| {
            entry.carrier == *carrier
                && entry.country == country
                && (entry.service.is_none() || entry.service.as_ref() == service)
                && postal_code.trim().starts_with(entry.postal_prefix.as_str())
        };
        self.0
            .iter()
            .rev()
            .filter(fits)
            .max_by_key(|entry| (entry.postal_prefix.len(), entry.service.is_some()))
            .map(|entry| DeliveryDays { saturday: entry.saturday, sunday: entry.sunday })
            .unwrap_or_default()
    }
}
