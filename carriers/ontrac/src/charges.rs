//! Prices as OnTrac states them: the account's total, the published total, and what the first is made of.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use rust_decimal::Decimal;
use waybill_core::{
    Charge, ChargeKind, Currency, DeliveryEstimate, EstimateBasis, LocalMoment, Money, Price, PriceKind,
};

use crate::text::{amount, date, dollars, said, time};
use crate::wire::rates::ServiceChargeDetails;

/// Totals and parts under one name each; OnTrac names them differently in every call.
pub(crate) struct Stated<'a> {
    pub(crate) total: &'a str,
    pub(crate) published: &'a str,
    pub(crate) fuel: &'a str,
    pub(crate) details: &'a ServiceChargeDetails,
}

/// Account and list price. Nothing without an account total: the published one is never passed off as the account's.
pub(crate) fn prices(stated: &Stated<'_>) -> Vec<Price> {
    let Some(total) = total(stated.total) else { return Vec::new() };
    let charges = charges(stated);
    let base = charges.iter().find(|charge| charge.kind == ChargeKind::Base).map(|charge| charge.amount);
    let mut prices = vec![Price { base, charges, ..Price::new(PriceKind::Account, total) }];
    prices.extend(dollars(stated.published).filter(above_zero).map(|list| Price::new(PriceKind::List, list)));
    prices
}

/// The account's total, when there is one.
pub(crate) fn total(text: &str) -> Option<Money> {
    dollars(text).filter(above_zero)
}

fn above_zero(money: &Money) -> bool {
    money.amount > Decimal::ZERO
}

fn charges(stated: &Stated<'_>) -> Vec<Charge> {
    let details = stated.details;
    let mut lines = Vec::with_capacity(8);
    let mut line = |kind: ChargeKind, code: &str, text: &str, value: &str| {
        let amount = dollars(value);
        lines.extend(amount.map(|amount| Charge {
            kind,
            code: Some(code.to_owned()),
            text: text.to_owned(),
            amount,
        }));
    };
    line(ChargeKind::Base, "BaseCharge", "Base", &details.base_charge);
    line(ChargeKind::Other("weight".into()), "PoundsCharge", "Weight", &details.pounds_charge);
    line(ChargeKind::Other("cash_on_delivery".into()), "CODCharge", "Cash on delivery", &details.cod_charge);
    line(ChargeKind::Insurance, "DeclaredCharge", "Declared value", &details.declared_charge);
    let parts = &details.additional_charges_details.additional_charge;
    for part in parts {
        let text = said(&part.description).unwrap_or("Additional charge");
        line(kind_of(text), "AdditionalCharge", text, &part.value);
    }
    if parts.iter().all(|part| dollars(&part.value).is_none()) {
        let other = ChargeKind::Other("surcharge".into());
        line(other, "AdditionalCharges", "Additional charges", &details.additional_charges);
    }
    line(ChargeKind::Weekend, "SaturdayCharge", "Saturday delivery", &details.saturday_charge);
    line(ChargeKind::Fuel, "FuelCharge", "Fuel", stated.fuel);
    lines
}

/// Kinds of additional charges by the words of their descriptions, of which there is no list. An upper row goes first.
const KINDS: [(&str, ChargeKind); 14] = [
    ("SIGNATURE", ChargeKind::Signature),
    ("SATURDAY", ChargeKind::Weekend),
    ("RURAL", ChargeKind::Area),
    ("AREA", ChargeKind::Area),
    ("REMOTE", ChargeKind::Area),
    ("PEAK", ChargeKind::Peak),
    ("DEMAND", ChargeKind::Peak),
    ("LARGE", ChargeKind::Oversize),
    ("OVERSIZE", ChargeKind::Oversize),
    ("OVER MAX", ChargeKind::Oversize),
    ("HANDLING", ChargeKind::Handling),
    ("FUEL", ChargeKind::Fuel),
    ("RETURN", ChargeKind::Return),
    ("RESIDENTIAL", ChargeKind::Residential),
];

/// Finds all words in one pass: an answer has dozens of descriptions.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).build(KINDS.iter().map(|row| row.0)).ok()
});

fn kind_of(text: &str) -> ChargeKind {
    let words = WORDS.iter().flat_map(|words| words.find_overlapping_iter(text));
    let row = words.min_by_key(|word| word.pattern()).and_then(|word| KINDS.get(word.pattern().as_usize()));
    row.map_or_else(|| ChargeKind::Other("surcharge".into()), |row| row.1.clone())
}

/// Expected delivery; the commit time is the recipient's local time.
pub(crate) fn delivery(day: &str, by: &str) -> Option<DeliveryEstimate> {
    let day = date(day)?;
    let mut estimate = DeliveryEstimate::by_day(day, EstimateBasis::Carrier);
    // Midnight is .NET's way of saying nothing.
    if let Some(by) = time(by).filter(|by| *by != chrono::NaiveTime::default()) {
        estimate.latest = LocalMoment::local(day.and_time(by));
        estimate.end_of_day = false;
    }
    Some(estimate)
}

/// Sum of the prices of several parcels, kind by kind. A kind that a parcel lacks is left out.
pub(crate) fn sum(parcels: Vec<Vec<Price>>) -> Option<Vec<Price>> {
    let mut parcels = parcels.into_iter();
    let mut sums = parcels.next()?;
    for prices in parcels {
        let mut next = Vec::new();
        for mut sum in sums {
            let Some(other) = prices.iter().find(|price| price.kind == sum.kind) else { continue };
            sum.total = sum.total.checked_add(other.total).ok()?;
            sum.base = match (sum.base, other.base) {
                (Some(a), Some(b)) => a.checked_add(b).ok(),
                _ => None,
            };
            for charge in &other.charges {
                match sum
                    .charges
                    .iter_mut()
                    .find(|known| known.kind == charge.kind && known.text == charge.text)
                {
                    Some(known) => known.amount = known.amount.checked_add(charge.amount).ok()?,
                    None => sum.charges.push(charge.clone()),
                }
            }
            next.push(sum);
        }
        sums = next;
    }
    sums.iter().any(|price| price.kind == PriceKind::Account).then_some(sums)
}

/// An amount that may be zero, in US dollars.
pub(crate) fn stated(text: &str) -> Option<Money> {
    amount(text).map(|amount| Money::new(amount, Currency::USD))
}
