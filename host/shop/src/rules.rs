//! The rules of the suggestion, as data.

use chrono::{Datelike, NaiveDate, Weekday};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::Country;

use crate::preferences::Way;
use crate::reply::Offer;

/// One step of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// What arrives in time before what does not. With a latest day given this comes first wherever it is written and
    /// when it is not written at all: a late offer is never suggested.
    InTime,
    /// The shipper's order of carriers and services.
    Preference,
    /// The preferred account: own or house.
    Account,
    /// Lower price.
    Price,
    /// Another word for `price`.
    Cheapest,
    /// Earlier arrival; an offer without a date comes last.
    Fastest,
    /// Among offers that arrive within so many calendar days after the ship date the cheapest, before all others.
    CheapestWithin(u16),
}

/// `never X on Y`: a bar on a service in a situation. All conditions that are given must hold; without any it is a plain
/// exclusion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Never {
    /// What is barred.
    pub never: Way,
    /// When it would be handed over on one of these days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shipped_on: Vec<Weekday>,
    /// When it would arrive on one of these days.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arriving_on: Vec<Weekday>,
    /// When it goes to one of these countries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Country>,
}

impl Never {
    /// Whether an offer is barred.
    pub fn bars(&self, offer: &Offer, ship_date: NaiveDate, to: Country) -> bool {
        let arrival = offer.rate.delivery.as_ref().and_then(|delivery| delivery.latest.date);
        self.never.covers(&offer.account.carrier, &offer.rate.service)
            && (self.shipped_on.is_empty() || self.shipped_on.contains(&ship_date.weekday()))
            && (self.arriving_on.is_empty()
                || arrival.is_some_and(|date| self.arriving_on.contains(&date.weekday())))
            && (self.to.is_empty() || self.to.contains(&to))
    }

    /// The rule in words: `never ups on delivery on Sat`.
    pub fn words(&self) -> String {
        let list = |what: &str, days: &[Weekday]| {
            (!days.is_empty()).then(|| {
                format!(" {what} {}", days.iter().map(Weekday::to_string).collect::<Vec<_>>().join(", "))
            })
        };
        let to = (!self.to.is_empty()).then(|| {
            format!(" to {}", self.to.iter().map(Country::to_string).collect::<Vec<_>>().join(", "))
        });
        let parts = [list("shipped on", &self.shipped_on), list("arriving on", &self.arriving_on), to];
        format!("never {}{}", self.never, parts.into_iter().flatten().collect::<String>())
    }
}

/// Rules of the suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Steps of the comparison, the first one that tells two offers apart decides.
    pub keys: Vec<Key>,
    /// Bars.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<Never>,
}

impl Default for Rules {
    /// In time, then preference, then the preferred account, then price, then the earlier arrival.
    fn default() -> Self {
        Self {
            keys: vec![Key::InTime, Key::Preference, Key::Account, Key::Price, Key::Fastest],
            never: Vec::new(),
        }
    }
}

impl Rules {
    /// Cheapest in time, whatever is preferred.
    pub fn cheapest() -> Self {
        Self { keys: vec![Key::InTime, Key::Price, Key::Fastest], ..Self::default() }
    }
    /// Fastest, whatever it costs.
    pub fn fastest() -> Self {
        Self { keys: vec![Key::InTime, Key::Fastest, Key::Price], ..Self::default() }
    }
    /// Cheapest of those that arrive within so many days.
    pub fn cheapest_within(days: u16) -> Self {
        Self { keys: vec![Key::InTime, Key::CheapestWithin(days), Key::Price], ..Self::default() }
    }
}
