//! Surcharges, taxes and discounts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use waybill_core::{Parcel, Shipment, Weight, WeightUnit};

use super::document::{PercentOf, SurchargeText, When};
use super::{Problem, Zones, table};

/// Columns of a surcharge table.
const COLUMNS: &[&str] = &["effective", "until", "service", "zone", "percent", "amount", "per_kg", "note"];

/// Figures of a surcharge for a time, a service and a zone.
#[derive(Debug, Clone, Default)]
struct Figures {
    effective: Option<NaiveDate>,
    until: Option<NaiveDate>,
    service: Option<String>,
    zone: Option<String>,
    percent: Option<Decimal>,
    amount: Option<Decimal>,
    per_kg: Option<Decimal>,
}

/// A surcharge with its table read.
#[derive(Debug, Clone)]
pub struct Surcharge {
    pub(super) text: SurchargeText,
    figures: Vec<Figures>,
}

/// What a surcharge is worked out for: one parcel, or the whole shipment.
pub(super) struct Case<'a> {
    pub(super) shipment: &'a Shipment,
    /// The parcel; the heaviest one when the surcharge counts by shipment.
    pub(super) parcel: &'a Parcel,
    pub(super) service: &'a str,
    pub(super) zone: Option<&'a str>,
    pub(super) date: NaiveDate,
    pub(super) billed: Weight,
    pub(super) base: Decimal,
    pub(super) subtotal: Decimal,
    pub(super) declared: Decimal,
}

impl Surcharge {
    pub(super) fn read(
        text: &SurchargeText,
        tables: &BTreeMap<String, String>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let own =
            Figures { percent: text.percent, amount: text.amount, per_kg: text.per_kg, ..Figures::default() };
        let mut figures = Vec::new();
        match text.table.as_deref().map(|name| (name, tables.get(name))) {
            None => figures.push(own),
            Some((_, None)) => {}
            Some((name, Some(csv))) => table::read(name, csv, COLUMNS, &[], problems, |row| {
                let found = Figures {
                    effective: row.date("effective"),
                    until: row.date("until"),
                    service: row.text("service").map(str::to_owned),
                    zone: row.text("zone").map(str::to_owned),
                    percent: row.signed("percent").or(text.percent),
                    amount: row.signed("amount").or(text.amount),
                    per_kg: row.signed("per_kg").or(text.per_kg),
                };
                figures.push(found);
            }),
        }
        // The latest first, so that a new month's row stands before the old one's.
        figures.sort_by_key(|figures| std::cmp::Reverse(figures.effective));
        if text.table.is_none() && text.percent.is_none() && text.amount.is_none() && text.per_kg.is_none() {
            let message =
                format!("surcharge `{}` has no figures: give percent, amount, per_kg or a table", text.code);
            problems.push(Problem::new("sheet", None, Some("surcharges"), message));
        }
        Self { text: text.clone(), figures }
    }

    /// The amount for a case; `None` when it does not apply.
    pub(super) fn amount(&self, case: &Case<'_>, areas: &BTreeMap<String, Zones>) -> Option<Decimal> {
        if !self.applies(case, areas) {
            return None;
        }
        let figures = self.figures.iter().find(|figures| figures.hold(case))?;
        let of = match self.text.of {
            PercentOf::Base => case.base,
            PercentOf::Subtotal => case.subtotal,
            PercentOf::DeclaredValue => case.declared,
        };
        let percent =
            figures.percent.unwrap_or_default().checked_mul(of)?.checked_div(Decimal::ONE_HUNDRED)?;
        let by_weight =
            figures.per_kg.unwrap_or_default().checked_mul(case.billed.to(WeightUnit::Kilogram))?;
        let sum = percent.checked_add(by_weight)?.checked_add(figures.amount.unwrap_or_default())?;
        let raised = self.text.minimum.map_or(sum, |least| sum.max(least));
        let amount = self.text.maximum.map_or(raised, |most| raised.min(most));
        (!amount.is_zero()).then_some(amount)
    }

    fn applies(&self, case: &Case<'_>, areas: &BTreeMap<String, Zones>) -> bool {
        let text = &self.text;
        let service = text.services.is_empty() || text.services.iter().any(|service| service == case.service);
        let zone = text.zones.is_empty() || text.zones.iter().any(|zone| Some(zone.as_str()) == case.zone);
        let begun = text.effective.is_none_or(|day| day <= case.date);
        let lasting = text.until.is_none_or(|day| case.date <= day);
        service && zone && begun && lasting && text.when.holds(case, areas)
    }
}

impl Figures {
    fn hold(&self, case: &Case<'_>) -> bool {
        self.effective.is_none_or(|day| day <= case.date)
            && self.until.is_none_or(|day| case.date <= day)
            && self.service.as_deref().is_none_or(|service| service == case.service)
            && self.zone.as_deref().is_none_or(|zone| Some(zone) == case.zone)
    }
}

impl When {
    fn holds(&self, case: &Case<'_>, areas: &BTreeMap<String, Zones>) -> bool {
        let (shipment, parcel, options) = (case.shipment, case.parcel, &case.shipment.options);
        let is = |wanted: Option<bool>, have: bool| wanted.is_none_or(|wanted| wanted == have);
        let signature = || options.signature.as_ref().is_some_and(|asked| self.signatures.contains(asked));
        let sides = parcel.dimensions;
        is(self.residential, shipment.to.residential.unwrap_or(true))
            && is(self.saturday, options.saturday_delivery)
            && is(self.pickup, options.carrier_picks_up)
            && is(self.returns, shipment.is_return)
            && is(self.customs_border, shipment.crosses_customs_border())
            && is(self.batteries, !parcel.batteries.is_empty())
            && is(self.non_machinable, parcel.non_machinable)
            && is(self.declared_value, !case.declared.is_zero())
            && (self.signatures.is_empty() || signature())
            && self.over_weight.is_none_or(|limit| parcel.weight > limit)
            && self.over_length.is_none_or(|limit| sides.is_some_and(|sides| sides.sorted()[0] > limit))
            && self
                .over_girth
                .is_none_or(|limit| sides.is_some_and(|sides| sides.length_plus_girth() > limit))
            && self.area.as_deref().is_none_or(|name| {
                areas.get(name).is_some_and(|area| area.zone(&shipment.from, &shipment.to).is_some())
            })
    }
}
