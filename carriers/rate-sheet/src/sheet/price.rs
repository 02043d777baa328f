//! The engine: a shipment and a day in, a price or a reason out. Exact decimals; only totals are rounded.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use rust_decimal::{Decimal, RoundingStrategy};
use waybill_core::{
    Charge, ChargeKind, DeliveryEstimate, EstimateBasis, Money, Notice, Parcel, Price, PriceKind, Rate,
    RateSource, RejectReason, Rejected, Shipment, Weight, WeightUnit,
};

use super::document::{Per, PercentOf, Rounding};
use super::rows::RateRow;
use super::surcharge::Case;
use super::{Sheet, SheetService};

/// What the sheet says to one service.
#[derive(Debug, Clone, PartialEq)]
pub enum Offer {
    /// A price, with the table, its first day and its confidence in [`Rate::source`].
    Priced(Box<Rate>),
    /// No price, and why.
    Rejected(Rejected),
}

/// Prices every service of a sheet for a shipment that is handed over on `date`, in the order of the sheet.
pub fn price(sheet: &Sheet, shipment: &Shipment, date: NaiveDate) -> Vec<Offer> {
    sheet.services.iter().map(|service| price_service(sheet, service, shipment, date)).collect()
}

/// Prices one service. Lanes and limits of the service are not looked at; `screen` of the core does that.
pub fn price_service(sheet: &Sheet, service: &SheetService, shipment: &Shipment, date: NaiveDate) -> Offer {
    match rate(sheet, service, shipment, date) {
        Ok(rate) => Offer::Priced(Box::new(rate)),
        Err((reason, message, cure)) => Offer::Rejected(Rejected {
            service: service.service.code.clone(),
            service_name: service.service.name.clone(),
            reason,
            message,
            cure,
            carrier_code: None,
        }),
    }
}

type Refusal = (RejectReason, String, String);

/// What is priced by one row: a parcel, or the whole shipment.
struct Unit<'a> {
    parcel: &'a Parcel,
    billed: Weight,
    volume: Option<Weight>,
    declared: Decimal,
}

/// Price of one kind before it becomes part of a rate.
struct Quote<'a> {
    kind: PriceKind,
    row: &'a RateRow,
    price: Price,
    billed: Weight,
    transit_days: Option<u16>,
}

/// Kinds that are the carrier's own prices; others (a forwarder's, a calculator's) fill in only where these are missing.
fn is_own_price(kind: &PriceKind) -> bool {
    !matches!(kind, PriceKind::Other(_) | PriceKind::Converted)
}

fn rate(
    sheet: &Sheet,
    service: &SheetService,
    shipment: &Shipment,
    date: NaiveDate,
) -> Result<Rate, Refusal> {
    check_declared_currency(sheet, service, shipment)?;
    let zone = zone(sheet, service, shipment)?;
    let units = units(service, shipment, sheet)?;
    let mut quotes = quotes(sheet, service, shipment, date, &zone, &units)?;
    if quotes.iter().any(|quote| is_own_price(&quote.kind)) {
        quotes.retain(|quote| is_own_price(&quote.kind));
    }
    let prices = quotes.iter().map(|quote| quote.price.clone()).collect();
    let code = service.service.carrier_code.as_str();
    let mut rate = Rate::new(service.service.code.clone(), code, service.service.name.as_str(), prices);
    let payable = rate.payable().map(|price| price.kind.clone());
    let chosen = quotes.iter().find(|quote| Some(&quote.kind) == payable.as_ref()).or(quotes.first());
    let Some(chosen) = chosen else { return Err(no_price(service, &zone)) };
    if !is_own_price(&chosen.kind) {
        let message = format!("the price is of kind `{}`, not a price of {} itself", chosen.kind, sheet.name);
        rate.warnings.push(Notice::new("foreign-price", message));
    }
    rate.source = RateSource::Table {
        id: format!("{}/{}:{}", sheet.id, service.rates, chosen.row.line),
        effective: chosen.row.effective,
        confidence: chosen.row.confidence.clone(),
    };
    rate.zone = Some(zone);
    rate.billed_weight = Some(chosen.billed);
    rate.dimensional_weight = units.iter().filter_map(|unit| unit.volume).reduce(|sum, next| sum.plus(&next));
    rate.transit_days = chosen.transit_days;
    rate.delivery = chosen.transit_days.and_then(|days| arrival(service, date, days));
    Ok(rate)
}

fn no_price(service: &SheetService, zone: &str) -> Refusal {
    let message =
        format!("table `{}` has no price of {} for zone `{zone}`", service.rates, service.service.name);
    (RejectReason::NoPrice, message, "add a row for this zone, or choose another service".to_owned())
}

fn check_declared_currency(
    sheet: &Sheet,
    service: &SheetService,
    shipment: &Shipment,
) -> Result<(), Refusal> {
    let needs_value = sheet.surcharges.iter().map(|surcharge| &surcharge.text).any(|text| {
        let for_service = text.services.is_empty() || text.services.contains(&service.rate_code);
        for_service && (text.of == PercentOf::DeclaredValue || text.when.declared_value.is_some())
    });
    let mut values = shipment.parcels.iter().filter_map(|parcel| parcel.declared_value);
    match values.find(|value| value.currency != sheet.currency).filter(|_| needs_value) {
        None => Ok(()),
        Some(value) => Err((
            RejectReason::Currency,
            format!("the value is declared in {}, the sheet is in {}", value.currency, sheet.currency),
            format!("declare the value in {}", sheet.currency),
        )),
    }
}

fn zone(sheet: &Sheet, service: &SheetService, shipment: &Shipment) -> Result<String, Refusal> {
    let Some(name) = &service.zones else { return Ok(shipment.to.country.to_string()) };
    let found = sheet.zones.get(name).and_then(|zones| zones.zone(&shipment.from, &shipment.to));
    found.map(str::to_owned).ok_or_else(|| {
        let message = format!(
            "{} has no zone for this destination in {}",
            service.service.name,
            shipment.to.country.name()
        );
        (RejectReason::Lane, message, format!("add the place to table `{name}`, or choose another service"))
    })
}

/// Heaviest thing that is priced; anything above is a mistake in a unit.
const HEAVIEST_GRAMS: u32 = 100_000_000;

fn units<'a>(
    service: &SheetService,
    shipment: &'a Shipment,
    sheet: &Sheet,
) -> Result<Vec<Unit<'a>>, Refusal> {
    let one = |parcel: &'a Parcel, gross: Weight, volume: Option<Weight>, declared: Decimal| {
        let heaviest = Weight::new(HEAVIEST_GRAMS, WeightUnit::Gram);
        let billed = volume.map_or(gross, |volume| volume.max(gross));
        if !gross.is_positive() || billed > heaviest {
            return Err((
                RejectReason::Weight,
                format!("a weight of {billed} cannot be priced"),
                "check weight and size".to_owned(),
            ));
        }
        let billed = match service.billing_step {
            Some(step) => Weight { value: billed.ceil_to(step.unit, step.value), unit: step.unit },
            None => billed,
        };
        Ok(Unit { parcel, billed, volume, declared })
    };
    let declared = |parcel: &Parcel| {
        parcel
            .declared_value
            .filter(|value| value.currency == sheet.currency)
            .map_or(Decimal::ZERO, |value| value.amount)
    };
    let volume = |parcel: &Parcel| volume_weight(service, parcel);
    match service.price_per {
        Per::Parcel => shipment
            .parcels
            .iter()
            .map(|parcel| one(parcel, parcel.weight, volume(parcel), declared(parcel)))
            .collect(),
        Per::Shipment => {
            let heaviest = shipment.parcels.iter().max_by_key(|parcel| parcel.weight);
            let Some(heaviest) = heaviest else { return Ok(Vec::new()) };
            let volumes = shipment.parcels.iter().filter_map(volume).reduce(|sum, next| sum.plus(&next));
            let value = shipment.parcels.iter().map(declared).fold(Decimal::ZERO, Decimal::saturating_add);
            Ok(vec![one(heaviest, shipment.total_weight(), volumes, value)?])
        }
    }
}

fn volume_weight(service: &SheetService, parcel: &Parcel) -> Option<Weight> {
    let rule = service.volume.as_ref()?;
    let sides = parcel.dimensions.filter(waybill_core::Dimensions::is_positive)?;
    if rule.from_side.is_some_and(|least| sides.sorted()[0] < least) {
        return None;
    }
    let value = sides.volume(rule.unit).checked_div(rule.divisor)?;
    Some(Weight { value, unit: rule.weight_unit })
}

fn quotes<'a>(
    sheet: &'a Sheet,
    service: &SheetService,
    shipment: &Shipment,
    date: NaiveDate,
    zone: &str,
    units: &[Unit<'_>],
) -> Result<Vec<Quote<'a>>, Refusal> {
    let [own, any] = match sheet.rates.get(&service.rates) {
        Some(rates) => rates.rows(&service.rate_code, Some(zone)),
        None => [&[][..], &[][..]],
    };
    if own.is_empty() && any.is_empty() {
        return Err(no_price(service, zone));
    }
    let mut kinds: Vec<&PriceKind> = Vec::new();
    for row in own.iter().chain(any).filter(|row| row.holds_on(date)) {
        if !kinds.contains(&&row.kind) {
            kinds.push(&row.kind);
        }
    }
    if kinds.is_empty() {
        let message = format!("no price of {} holds on {date}", service.service.name);
        return Err((RejectReason::ShipDate, message, "import the price table of that time".to_owned()));
    }
    let mut refusal = None;
    let mut found = Vec::new();
    for kind in kinds {
        let version = current(own, kind, date);
        let version = if version.is_empty() { current(any, kind, date) } else { version };
        match quote(sheet, service, shipment, date, zone, units, &version) {
            Ok(quote) => found.push(quote),
            Err(reason) => refusal = refusal.or(Some(reason)),
        }
    }
    match refusal.filter(|_| found.is_empty()) {
        Some(refusal) => Err(refusal),
        None => Ok(found),
    }
}

/// Rows of a kind that hold on a day, of the latest first day only: a newer table replaces an older one as a whole.
fn current<'a>(rows: &'a [RateRow], kind: &PriceKind, date: NaiveDate) -> Vec<&'a RateRow> {
    let holding = || rows.iter().filter(|row| row.kind == *kind && row.holds_on(date));
    let latest = holding().map(|row| row.effective).max();
    holding().filter(|row| Some(row.effective) == latest).collect()
}

fn quote<'a>(
    sheet: &'a Sheet,
    service: &SheetService,
    shipment: &Shipment,
    date: NaiveDate,
    zone: &str,
    units: &[Unit<'_>],
    version: &[&'a RateRow],
) -> Result<Quote<'a>, Refusal> {
    let too_large =
        || (RejectReason::NoPrice, "the price is too large to be worked out".to_owned(), String::new());
    let mut parts = Parts::default();
    let mut chosen: Option<(&'a RateRow, Weight)> = None;
    for unit in units {
        let row = version.iter().find(|row| fits(row, unit)).ok_or_else(|| misfit(service, version, unit))?;
        let billed = row.min_billable.map_or(unit.billed, |least| least.max(unit.billed));
        let (transport, item) = transport(row, service, billed).ok_or_else(too_large)?;
        parts.add(transport, item).ok_or_else(too_large)?;
        parts.per_unit.push((billed, transport.saturating_add(item)));
        let sum = chosen.map_or(billed, |(_, sum)| sum.plus(&billed));
        chosen = Some((row, sum));
    }
    let Some((row, billed)) = chosen else {
        return Err((
            RejectReason::Pieces,
            "there is no parcel to price".to_owned(),
            "give at least one parcel".to_owned(),
        ));
    };
    let rate_code = service.rate_code.as_str();
    surcharges(sheet, rate_code, shipment, date, zone, units, &mut parts).ok_or_else(too_large)?;
    let price = parts.price(sheet, row);
    if price.total.amount <= Decimal::ZERO {
        return Err((
            RejectReason::NoPrice,
            "the price comes to nothing".to_owned(),
            "correct the table or its discounts".to_owned(),
        ));
    }
    let days = row.transit_days.or(service.transit_days);
    Ok(Quote { kind: row.kind.clone(), row, price, billed, transit_days: days })
}

fn fits(row: &RateRow, unit: &Unit<'_>) -> bool {
    let weight = row.min_weight.is_none_or(|least| unit.billed > least)
        && row.max_weight.is_none_or(|most| unit.billed <= most);
    let sized = row.max_longest.is_some() || row.max_side_sum.is_some() || row.max_girth.is_some();
    let size = match unit.parcel.dimensions {
        None => !sized,
        Some(sides) => {
            row.max_longest.is_none_or(|most| sides.sorted()[0] <= most)
                && row.max_side_sum.is_none_or(|most| sides.side_sum() <= most)
                && row.max_girth.is_none_or(|most| sides.length_plus_girth() <= most)
        }
    };
    weight && size
}

fn misfit(service: &SheetService, version: &[&RateRow], unit: &Unit<'_>) -> Refusal {
    let name = &service.service.name;
    let weight_fits = |row: &&&RateRow| {
        row.max_weight.is_none_or(|most| unit.billed <= most)
            && row.min_weight.is_none_or(|least| unit.billed > least)
    };
    if version.iter().any(|row| weight_fits(&row)) {
        return match unit.parcel.dimensions {
            None => (
                RejectReason::Size,
                format!("{name} is priced by size and the parcel has no dimensions"),
                "give the dimensions".to_owned(),
            ),
            Some(sides) => (
                RejectReason::Size,
                format!("{sides} is above the largest size in the table of {name}"),
                "use a smaller box or another service".to_owned(),
            ),
        };
    }
    let limit = version.iter().filter_map(|row| row.max_weight).max();
    let limit = limit.map(|limit| format!(", which ends at {limit}")).unwrap_or_default();
    let message = format!("{} is not in the table of {name}{limit}", unit.billed);
    (RejectReason::Weight, message, "split the content or choose another service".to_owned())
}

/// Transport and item fee of one unit.
fn transport(row: &RateRow, service: &SheetService, billed: Weight) -> Option<(Decimal, Decimal)> {
    let above = billed.grams().checked_sub(row.first_weight.grams())?.max(Decimal::ZERO);
    let steps = match row.step {
        Some(step) if step.is_positive() && !above.is_zero() => {
            let above = Weight { value: above, unit: WeightUnit::Gram };
            above.ceil_to(WeightUnit::Gram, step.grams()).checked_div(step.grams())?
        }
        _ => Decimal::ZERO,
    };
    let mut sum = row.price.checked_add(row.first_fee)?.checked_add(row.step_fee.checked_mul(steps)?)?;
    for (unit, fee) in &row.per_unit {
        sum = sum.checked_add(fee.checked_mul(billed.to(*unit))?)?;
    }
    let least = row.minimum.into_iter().chain(service.minimum).max().unwrap_or_default();
    let least = least.checked_sub(row.item_fee)?;
    Some((sum.max(least), row.item_fee))
}

/// The parts of a price while it is worked out.
#[derive(Default)]
struct Parts {
    transport: Decimal,
    items: Decimal,
    per_unit: Vec<(Weight, Decimal)>,
    extras: Vec<(ChargeKind, String, String, Decimal)>,
}

impl Parts {
    fn add(&mut self, transport: Decimal, item: Decimal) -> Option<()> {
        self.transport = self.transport.checked_add(transport)?;
        self.items = self.items.checked_add(item)?;
        Some(())
    }

    fn sum_of(&self, wanted: impl Fn(&ChargeKind) -> bool) -> Decimal {
        self.extras
            .iter()
            .filter(|extra| wanted(&extra.0))
            .fold(Decimal::ZERO, |sum, extra| sum.saturating_add(extra.3))
    }

    fn price(&self, sheet: &Sheet, row: &RateRow) -> Price {
        let money = |amount: Decimal| Money::new(amount.normalize(), sheet.currency);
        let rounded = |amount: Decimal| Money::new(sheet.round(amount), sheet.currency);
        let base = self.transport.saturating_add(self.items);
        let line = |kind: ChargeKind, code: Option<&str>, text: &str, amount| Charge {
            kind,
            code: code.map(str::to_owned),
            text: text.to_owned(),
            amount: money(amount),
        };
        let mut charges = vec![line(ChargeKind::Base, None, "Transport", self.transport)];
        if !self.items.is_zero() {
            charges.push(line(ChargeKind::Item, None, "Item fee", self.items));
        }
        charges.extend(
            self.extras
                .iter()
                .map(|(kind, code, name, amount)| line(kind.clone(), Some(code), name, *amount)),
        );
        let taxes = self.sum_of(|kind| *kind == ChargeKind::Tax);
        Price {
            kind: row.kind.clone(),
            total: rounded(base.saturating_add(self.sum_of(|_| true))),
            base: Some(rounded(base)),
            taxes: (!taxes.is_zero()).then(|| rounded(taxes)),
            duties: None,
            charges,
            list_name: row.source.clone().or_else(|| Some(sheet.id.clone())),
        }
    }
}

fn surcharges(
    sheet: &Sheet,
    service: &str,
    shipment: &Shipment,
    date: NaiveDate,
    zone: &str,
    units: &[Unit<'_>],
    parts: &mut Parts,
) -> Option<()> {
    let heaviest = shipment.parcels.iter().max_by_key(|parcel| parcel.weight)?;
    let all_billed = Weight::sum(parts.per_unit.iter().map(|(billed, _)| billed));
    let all_base = parts.transport.checked_add(parts.items)?;
    let all_declared = units.iter().map(|unit| unit.declared).fold(Decimal::ZERO, Decimal::saturating_add);
    // What each unit has come to so far, for percentages of the subtotal.
    let mut subtotals: Vec<Decimal> = parts.per_unit.iter().map(|(_, base)| *base).collect();
    let mut whole = all_base;
    for surcharge in &sheet.surcharges {
        let case = |parcel, billed, base, subtotal, declared| Case {
            shipment,
            parcel,
            service,
            zone: Some(zone),
            date,
            billed,
            base,
            subtotal,
            declared,
        };
        let mut sum = Decimal::ZERO;
        match surcharge.text.per {
            Per::Shipment => {
                let case = case(heaviest, all_billed, all_base, whole, all_declared);
                sum = surcharge.amount(&case, &sheet.zones).unwrap_or_default();
            }
            Per::Parcel => {
                for ((unit, (billed, base)), subtotal) in
                    units.iter().zip(&parts.per_unit).zip(&mut subtotals)
                {
                    let case = case(unit.parcel, *billed, *base, *subtotal, unit.declared);
                    let amount = surcharge.amount(&case, &sheet.zones).unwrap_or_default();
                    *subtotal = subtotal.checked_add(amount)?;
                    sum = sum.checked_add(amount)?;
                }
            }
        }
        whole = whole.checked_add(sum)?;
        if !sum.is_zero() {
            let text = &surcharge.text;
            parts.extras.push((text.kind.clone(), text.code.clone(), text.name.clone(), sum));
        }
    }
    Some(())
}

impl Sheet {
    /// Rounds an amount to the smallest unit of the sheet's currency.
    pub fn round(&self, amount: Decimal) -> Decimal {
        let strategy = match self.rounding {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::Up => RoundingStrategy::AwayFromZero,
            Rounding::Down => RoundingStrategy::ToZero,
        };
        amount.round_dp_with_strategy(self.currency.decimals().unwrap_or(2), strategy)
    }
}

/// Counts business days (Monday to Friday, with Saturday when the service says so) after the day of hand-over.
fn arrival(service: &SheetService, from: NaiveDate, days: u16) -> Option<DeliveryEstimate> {
    let works = |day: NaiveDate| match day.weekday() {
        Weekday::Sun => false,
        Weekday::Sat => service.saturday_transit,
        _ => true,
    };
    let mut day = from;
    for _ in 0..days.min(400) {
        day = day.checked_add_days(Days::new(1))?;
        while !works(day) {
            day = day.checked_add_days(Days::new(1))?;
        }
    }
    let mut estimate = DeliveryEstimate::by_day(day, EstimateBasis::Table);
    estimate.guaranteed = service.guaranteed;
    Some(estimate)
}
