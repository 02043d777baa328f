//! A suggestion in words.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use waybill_core::Money;

use crate::account::Owner;
use crate::choose::{Outcome, Reason, Suggestion, Verdict};
use crate::reply::Offer;
use crate::rules::Key;

pub(crate) fn words(offers: &[Offer], suggestion: &Suggestion) -> String {
    match (suggestion.outcome, suggestion.pick.and_then(|at| offers.get(at).map(|_| at))) {
        (Outcome::Suggested, Some(pick)) => {
            let mut parts = Vec::new();
            for reason in &suggestion.reasons {
                parts.extend(reason_words(offers, suggestion, reason));
            }
            if parts.is_empty() {
                parts.push("the only offer".to_owned());
            }
            format!("{}: {}", name(offers, pick), parts.join("; "))
        }
        (Outcome::NothingInTime, _) => nothing_in_time(offers, suggestion),
        (Outcome::CurrenciesDiffer, _) => {
            "no suggestion: the best offers are in different currencies; give a \
            currency to compare in and an exchange rate with its date"
                .to_owned()
        }
        (Outcome::AllBarred, _) => {
            "no suggestion: every offer is excluded by the preferences or barred by a rule".to_owned()
        }
        _ => "no suggestion: there are no offers".to_owned(),
    }
}

fn nothing_in_time(offers: &[Offer], suggestion: &Suggestion) -> String {
    let by = suggestion.latest_day.map(|by| format!(" by {}", day(by))).unwrap_or_default();
    let nearest = suggestion.nearest.and_then(|at| match suggestion.verdicts.get(at)? {
        Verdict::Late { arrives, days } => Some(format!(
            "the earliest is {} on {}, {days} day{} late",
            name(offers, at),
            day(*arrives),
            if *days == 1 { "" } else { "s" }
        )),
        _ => None,
    });
    let nearest = nearest.unwrap_or_else(|| "no offer has a delivery date".to_owned());
    format!("no suggestion: nothing is sure to arrive{by}; {nearest}")
}

fn reason_words(offers: &[Offer], suggestion: &Suggestion, reason: &Reason) -> Option<String> {
    Some(match reason {
        Reason::InTime { by } => format!("in time by {}", day(*by)),
        Reason::Better { key, over, dearer_by, .. } => better(offers, *key, *over, *dearer_by)?,
        Reason::DearerThanLate { than, by } => {
            let why = match suggestion.verdicts.get(*than) {
                Some(Verdict::Unproven) => "has no delivery date",
                _ => "would be late",
            };
            format!("{by} dearer than {}, which {why}", name(offers, *than))
        }
        Reason::Converted { from, to, rate, date } => {
            format!("prices in {from} compared at {} {to} of {date}", rate.normalize())
        }
        Reason::NotCompared { offers: aside } => {
            format!("{} offer(s) in other currencies were not compared", aside.len())
        }
    })
}

fn better(offers: &[Offer], key: Key, over: usize, dearer_by: Option<Money>) -> Option<String> {
    let other = name(offers, over);
    Some(match key {
        Key::InTime => return None,
        Key::Preference => match dearer_by {
            Some(by) if by.amount < Decimal::ZERO => format!(
                "preferred over {other}, which costs {} less",
                Money::new(by.amount.abs(), by.currency)
            ),
            _ => format!("preferred over {other}"),
        },
        Key::Account => match offers.get(over)?.account.owner {
            Owner::House => format!("on the own account rather than {other}"),
            Owner::Own => format!("on the house account rather than {other}"),
        },
        Key::Price | Key::Cheapest => match dearer_by {
            Some(by) => format!("{by} cheaper than {other}"),
            None => format!("cheaper than {other}"),
        },
        Key::Fastest => format!("faster than {other}"),
        Key::CheapestWithin(days) => format!("the cheapest within {days} days, before {other}"),
    })
}

/// The service's name; with the account when two accounts offer the same.
pub(crate) fn name(offers: &[Offer], at: usize) -> String {
    let Some(offer) = offers.get(at) else { return String::new() };
    let rate = &offer.rate;
    let weekend = rate.weekend.as_ref().map(|day| format!(" ({day})")).unwrap_or_default();
    let twice = offers.iter().any(|other| {
        other.rate.service_name == rate.service_name
            && other.rate.weekend == rate.weekend
            && other.account != offer.account
    });
    let account = if twice { format!(" [{}]", offer.account.name) } else { String::new() };
    format!("{}{weekend}{account}", rate.service_name)
}

fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b").to_string()
}
