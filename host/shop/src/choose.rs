//! The suggestion: one offer, and why this one.
//!
//! Offers that are excluded or barred do not compete. With a latest day, offers that miss it or cannot prove that they
//! meet it do not compete either. The rest is narrowed key by key; what is left after the last key is told apart by
//! account, service and packaging, so the same offers give the same suggestion in whatever order they come.

use std::cmp::Reverse;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{Country, Currency, Money};

use crate::exchange::ExchangeRates;
use crate::explain;
use crate::preferences::Preferences;
use crate::reply::Offer;
use crate::rules::{Key, Rules};

/// What an offer is measured against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Goal {
    /// Day on which the parcels are handed over.
    pub ship_date: NaiveDate,
    /// Destination.
    pub to: Country,
    /// Last day of delivery that was promised, at the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver_by: Option<NaiveDate>,
}

/// How an offer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Verdict {
    /// No latest day is given.
    Open,
    /// Arrives on or before the latest day.
    InTime {
        /// Day of arrival.
        arrives: NaiveDate,
    },
    /// Arrives after it.
    Late {
        /// Day of arrival.
        arrives: NaiveDate,
        /// Calendar days too late.
        days: i64,
    },
    /// It has no delivery date, so it cannot prove that it is in time.
    Unproven,
    /// Excluded by the preferences or barred by a rule; the words say by which.
    Barred {
        /// `excluded: ups`, `never ups arriving on Sat`.
        by: String,
    },
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// `pick` is suggested.
    Suggested,
    /// Nothing arrives in time. `nearest` is the earliest arrival; it is not a suggestion.
    NothingInTime,
    /// The best offers are in different currencies and no exchange rate was given to compare them.
    CurrenciesDiffer,
    /// Every offer is excluded or barred.
    AllBarred,
    /// There are no offers.
    NoOffers,
}

/// One reason of a suggestion. Offers are named by their place in the list of offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// It arrives in time.
    InTime {
        /// Latest day.
        by: NaiveDate,
    },
    /// A key told it apart from these.
    Better {
        /// Which key.
        key: Key,
        /// The best of those that lost by it.
        over: usize,
        /// How many lost by it.
        count: usize,
        /// How much the best of them costs more; negative when it costs less. In one currency only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dearer_by: Option<Money>,
    },
    /// Another offer costs less and would be late or cannot prove that it is not.
    DearerThanLate {
        /// The cheapest of those.
        than: usize,
        /// By how much.
        by: Money,
    },
    /// Prices were compared with this exchange rate.
    Converted {
        /// From.
        from: Currency,
        /// To.
        to: Currency,
        /// Rate.
        rate: Decimal,
        /// Its date.
        date: NaiveDate,
    },
    /// Offers that did not compete because their currency cannot be compared.
    NotCompared {
        /// Which ones.
        offers: Vec<usize>,
    },
}

/// A suggestion with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suggestion {
    /// What came out.
    pub outcome: Outcome,
    /// The suggested offer, by its place in the list. Present exactly when something is suggested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pick: Option<usize>,
    /// When nothing is in time: the offer that arrives earliest, for a person to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<usize>,
    /// Latest day that offers were measured against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_day: Option<NaiveDate>,
    /// One per offer, in the order of the offers.
    pub verdicts: Vec<Verdict>,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The same in one sentence.
    pub words: String,
}

/// Chooses among offers.
pub fn suggest(
    offers: &[Offer],
    goal: &Goal,
    preferences: &Preferences,
    exchange: &ExchangeRates,
) -> Suggestion {
    let wished = preferences.latest_day.and_then(|day| day.on(goal.ship_date));
    let latest_day = [goal.deliver_by, wished].into_iter().flatten().min();
    let default = Rules::default();
    let rules = preferences.rules.as_ref().unwrap_or(&default);
    let verdicts: Vec<Verdict> =
        offers.iter().map(|offer| verdict(offer, goal, latest_day, preferences, rules)).collect();
    let chooser = Chooser { offers, goal, preferences, exchange };
    let mut suggestion = Suggestion {
        outcome: Outcome::NoOffers,
        pick: None,
        nearest: None,
        latest_day,
        verdicts,
        reasons: Vec::new(),
        words: String::new(),
    };
    chooser.choose(rules, &mut suggestion);
    suggestion.words = explain::words(offers, &suggestion);
    suggestion
}

fn verdict(
    offer: &Offer,
    goal: &Goal,
    latest_day: Option<NaiveDate>,
    preferences: &Preferences,
    rules: &Rules,
) -> Verdict {
    if let Some(way) = preferences.exclusion(&offer.account.carrier, &offer.rate.service) {
        return Verdict::Barred { by: format!("excluded: {way}") };
    }
    let ship_date = offer.ship_date.unwrap_or(goal.ship_date);
    if let Some(never) = rules.never.iter().find(|never| never.bars(offer, ship_date, goal.to)) {
        return Verdict::Barred { by: never.words() };
    }
    let Some(latest_day) = latest_day else { return Verdict::Open };
    match offer.rate.delivery.as_ref().and_then(|delivery| delivery.latest.date) {
        None => Verdict::Unproven,
        Some(arrives) if arrives <= latest_day => Verdict::InTime { arrives },
        Some(arrives) => Verdict::Late { arrives, days: (arrives - latest_day).num_days() },
    }
}

/// When an offer arrives, for sorting: a day alone counts as its end.
fn arrival(offer: &Offer) -> Option<NaiveDateTime> {
    let latest = offer.rate.delivery.as_ref()?.latest;
    let end_of_day = NaiveTime::from_hms_opt(23, 59, 59)?;
    Some(latest.date?.and_time(latest.time.unwrap_or(end_of_day)))
}

fn price(offer: &Offer) -> Option<Money> {
    offer.rate.payable().map(|price| price.total)
}

/// Tells apart what the keys do not.
fn identity(offer: &Offer) -> impl Ord + '_ {
    let total = price(offer);
    (
        &offer.account,
        &offer.rate.service,
        &offer.rate.weekend,
        &offer.rate.packaging,
        (total.map(|money| money.amount), total.map(|money| money.currency), arrival(offer)),
        &offer.rate.carrier_code,
    )
}

struct Chooser<'a> {
    offers: &'a [Offer],
    goal: &'a Goal,
    preferences: &'a Preferences,
    exchange: &'a ExchangeRates,
}

/// Prices that cannot be compared.
struct Differ;

impl Chooser<'_> {
    fn choose(&self, rules: &Rules, out: &mut Suggestion) {
        let all = || 0..self.offers.len();
        let of = |wanted: fn(&Verdict) -> bool, out: &Suggestion| -> Vec<usize> {
            all().filter(|at| wanted(&out.verdicts[*at])).collect()
        };
        let mut group = of(|verdict| matches!(verdict, Verdict::InTime { .. } | Verdict::Open), out);
        if group.is_empty() {
            let late = of(|verdict| matches!(verdict, Verdict::Late { .. } | Verdict::Unproven), out);
            out.outcome = match () {
                () if self.offers.is_empty() => Outcome::NoOffers,
                () if late.is_empty() => Outcome::AllBarred,
                () => Outcome::NothingInTime,
            };
            let dated = late.into_iter().filter(|at| arrival(&self.offers[*at]).is_some());
            out.nearest = dated.min_by_key(|at| (arrival(&self.offers[*at]), identity(&self.offers[*at])));
            return;
        }
        if let Some(by) = out.latest_day {
            out.reasons.push(Reason::InTime { by });
        }
        group = self.comparable(group, out);
        let Some(left) = self.narrow_all(group, &rules.keys, out) else {
            out.outcome = Outcome::CurrenciesDiffer;
            return;
        };
        let Some(pick) = left.into_iter().min_by_key(|at| identity(&self.offers[*at])) else { return };
        self.against_late(pick, out);
        (out.outcome, out.pick) = (Outcome::Suggested, Some(pick));
    }

    /// With a currency to compare in, what cannot be converted steps aside, unless that leaves nothing.
    fn comparable(&self, group: Vec<usize>, out: &mut Suggestion) -> Vec<usize> {
        let Some(currency) = self.preferences.currency else { return group };
        let (mine, others): (Vec<_>, Vec<_>) =
            group.iter().copied().partition(|at| self.exchanged(*at, currency).is_some());
        if mine.is_empty() || others.is_empty() {
            return group;
        }
        out.reasons.push(Reason::NotCompared { offers: others });
        mine
    }

    fn exchanged(&self, at: usize, currency: Currency) -> Option<Money> {
        self.exchange.convert(price(&self.offers[at])?, currency)
    }

    fn narrow_all(&self, mut group: Vec<usize>, keys: &[Key], out: &mut Suggestion) -> Option<Vec<usize>> {
        for key in keys {
            if group.len() < 2 {
                break;
            }
            let left = match self.narrow(&group, *key, out) {
                Ok(left) => left,
                Err(Differ) => return None,
            };
            let lost = group.iter().copied().filter(|at| !left.contains(at));
            // Of those that lost, the one to name: the cheapest where it can be said, else the first by name.
            let named = lost.clone().min_by_key(|at| {
                let amount = self.prices(&group).ok().and_then(|prices| {
                    prices.iter().find(|(other, _)| other == at).map(|(_, amount)| *amount)
                });
                (amount.is_none(), amount, identity(&self.offers[*at]))
            });
            if let (Some(over), Some(kept)) = (named, left.first()) {
                let dearer_by = self.difference(over, *kept);
                out.reasons.push(Reason::Better { key: *key, over, count: lost.count(), dearer_by });
            }
            group = left;
        }
        Some(group)
    }

    fn narrow(&self, group: &[usize], key: Key, out: &mut Suggestion) -> Result<Vec<usize>, Differ> {
        let offer = |at: &usize| &self.offers[*at];
        Ok(match key {
            // The group is in time already.
            Key::InTime => group.to_vec(),
            Key::Preference => {
                best(group, |at| self.preferences.rank(&offer(at).account.carrier, &offer(at).rate.service))
            }
            Key::Account => match self.preferences.account_first {
                Some(first) => best(group, |at| offer(at).account.owner != first),
                None => group.to_vec(),
            },
            Key::Fastest => best(group, |at| (arrival(offer(at)).is_none(), arrival(offer(at)))),
            Key::Price | Key::Cheapest => self.cheapest(group, out)?,
            Key::CheapestWithin(days) => {
                let last = self.goal.ship_date.checked_add_days(Days::new(u64::from(days)));
                let within = best(group, |at| {
                    arrival(offer(at)).zip(last).is_none_or(|(arrival, last)| arrival.date() > last)
                });
                self.cheapest(&within, out)?
            }
        })
    }

    fn cheapest(&self, group: &[usize], out: &mut Suggestion) -> Result<Vec<usize>, Differ> {
        let prices = self.prices(group)?;
        let Some(lowest) = prices.iter().map(|(_, amount)| *amount).min() else { return Ok(group.to_vec()) };
        for at in group {
            let used = self.preferences.currency.zip(price(&self.offers[*at]).map(|money| money.currency));
            if let Some(rate) = used.and_then(|(to, from)| self.exchange.find(from, to)) {
                let reason =
                    Reason::Converted { from: rate.from, to: rate.to, rate: rate.rate, date: rate.date };
                if !out.reasons.contains(&reason) {
                    out.reasons.push(reason);
                }
            }
        }
        Ok(prices.into_iter().filter(|(_, amount)| *amount == lowest).map(|(at, _)| at).collect())
    }

    /// Amounts in one currency: the wanted one when rates are given, else the one that all have.
    fn prices(&self, group: &[usize]) -> Result<Vec<(usize, Decimal)>, Differ> {
        let first = group.iter().find_map(|at| price(&self.offers[*at])).ok_or(Differ)?.currency;
        let in_currency = |currency: Currency| -> Option<Vec<(usize, Decimal)>> {
            group.iter().map(|at| Some((*at, self.exchanged(*at, currency)?.amount))).collect()
        };
        let same = group.iter().all(|at| price(&self.offers[*at]).is_some_and(|p| p.currency == first));
        let wanted = if same { Some(first) } else { self.preferences.currency };
        wanted.and_then(in_currency).ok_or(Differ)
    }

    /// How much `a` costs more than `b`.
    fn difference(&self, a: usize, b: usize) -> Option<Money> {
        let (mine, other) = (price(&self.offers[a])?, price(&self.offers[b])?);
        if let Ok(difference) = mine.checked_sub(other) {
            return Some(difference);
        }
        let currency = self.preferences.currency?;
        self.exchanged(a, currency)?.checked_sub(self.exchanged(b, currency)?).ok()
    }

    /// Names the cheapest cheaper offer that is out because of its date.
    fn against_late(&self, pick: usize, out: &mut Suggestion) {
        let cheaper = (0..self.offers.len())
            .filter(|at| matches!(out.verdicts[*at], Verdict::Late { .. } | Verdict::Unproven))
            .filter_map(|at| Some((self.difference(pick, at)?, at)))
            .filter(|(by, _)| by.amount > Decimal::ZERO)
            .max_by_key(|(by, at)| (by.amount, Reverse(identity(&self.offers[*at]))));
        if let Some((by, than)) = cheaper {
            out.reasons.push(Reason::DearerThanLate { than, by });
        }
    }
}

/// Those with the smallest value.
fn best<T: Ord>(group: &[usize], value: impl Fn(&usize) -> T) -> Vec<usize> {
    let least = group.iter().map(&value).min();
    group.iter().filter(|at| Some(value(at)) == least).copied().collect()
}
