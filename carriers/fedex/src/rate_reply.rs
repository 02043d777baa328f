//! Prices: the answer.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::wire::parse_json;
use waybill_core::{
    Charge, ChargeKind, Currency, DeliveryEstimate, Error, ErrorKind, Money, Notice, Price, PriceKind,
    Profile, Rate, RateReply, RateRequest, RateToken, RejectReason, Rejected, Response, Result, ServiceCode,
    Weekend, Weight, WeightUnit, screen,
};

use crate::error::{failure, from_carrier};
use crate::wire::rate::{
    RateQuoteOutput, RateReplyDetail, RatedShipmentDetail, ShipmentRateDetail, Surcharge,
};
use crate::wire::{Alert, Envelope, ReadWeight};
use crate::{currency, dates};

/// What a rate needs to be bought as quoted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// FedEx's service code.
    pub service: String,
    /// Saturday variant.
    #[serde(default)]
    pub saturday: bool,
}

impl Choice {
    /// Reads a token.
    pub fn of(token: &RateToken) -> Option<Self> {
        serde_json::from_str(token.as_str()).ok()
    }
    fn token(&self) -> Option<RateToken> {
        serde_json::to_string(self).ok().map(RateToken)
    }
}

/// Reads an answer. "FedEx offers nothing here" is a reply with reasons; everything else that went wrong is an error.
pub fn read(response: &Response, profile: &Profile, request: &RateRequest) -> Result<RateReply> {
    if !response.status().is_success() {
        return nothing_offered(failure(response, "rate"), profile, request);
    }
    let envelope: Envelope<RateQuoteOutput> = parse_json(response, "rate")?;
    let output = match (envelope.output.0, envelope.errors.first()) {
        (Some(output), None) => output,
        (Some(output), Some(_)) if !output.rate_reply_details.is_empty() => output,
        (_, Some(error)) => {
            let error = from_carrier(response, error, envelope.transaction_id.0.clone(), "rate");
            return nothing_offered(error, profile, request);
        }
        (None, None) => return Err(Error::malformed("rate: the answer holds neither `output` nor `errors`")),
    };
    let mut reply =
        RateReply { warnings: output.alerts.iter().map(notice).collect(), ..RateReply::default() };
    for detail in &output.rate_reply_details.0 {
        add(&mut reply, detail, profile, request);
    }
    let own = |rate: &Rate| rate.prices.iter().any(|price| price.kind == PriceKind::Account);
    if !reply.rates.is_empty() && !reply.rates.iter().any(own) {
        reply.warnings.push(Notice::new(
            "own-price-missing",
            "FedEx answered with published prices only: the account number is not linked to the project, or belongs \
             to the other environment",
        ));
    }
    Ok(reply)
}

fn nothing_offered(error: Error, profile: &Profile, request: &RateRequest) -> Result<RateReply> {
    if error.kind != ErrorKind::NoService {
        return Err(error);
    }
    let screened = screen(profile, &request.shipment);
    let code = error.carrier_code().map(str::to_owned);
    let reason = match code.as_deref() {
        Some("SERVICE.PACKAGECOMBINATION.INVALID") => RejectReason::Packaging,
        Some("RATE.LOCATION.NOSERVICE" | "RECIPIENT.COUNTRY.UNSERVICED" | "ORIGINZIPCODE.SERVICE.ERROR") => {
            RejectReason::Lane
        }
        _ => RejectReason::Refused,
    };
    let words = error.carrier.as_ref().and_then(|words| words.message.clone());
    let wanted = profile.services.iter().filter(|service| {
        request.wants(&service.code) && screened.iter().all(|rejected| rejected.service != service.code)
    });
    let rejected = wanted
        .map(|service| Rejected {
            service: service.code.clone(),
            service_name: service.name.clone(),
            reason: reason.clone(),
            message: words.clone().unwrap_or_else(|| error.message.clone()),
            cure: String::new(),
            carrier_code: code.clone(),
        })
        .collect();
    Ok(RateReply { rejected, ..RateReply::default() })
}

fn add(reply: &mut RateReply, detail: &RateReplyDetail, profile: &Profile, request: &RateRequest) {
    let Some(carrier_code) = detail.service_type.0.as_deref() else { return };
    let known = profile.service_by_carrier_code(carrier_code);
    let code = known.map_or_else(|| ServiceCode::from(carrier_code), |service| service.code.clone());
    if !request.wants(&code) {
        return;
    }
    let saturday = detail.commit.as_ref().is_some_and(|commit| commit.saturday_delivery.yes());
    let weekend = saturday.then_some(Weekend::Saturday);
    if reply.rates.iter().any(|rate| rate.service == code && rate.weekend == weekend) {
        return;
    }
    let name =
        known.map_or_else(|| clean_name(detail.service_name.or_empty(), carrier_code), |it| it.name.clone());
    let prices = prices(detail);
    if prices.is_empty() {
        return reject(reply, &code, &name, detail);
    }
    reply.rejected.retain(|rejected| rejected.service != code);
    let choice = Choice { service: carrier_code.to_owned(), saturday };
    let breakdown = priced(detail);
    let weight_of =
        |pick: fn(&ShipmentRateDetail) -> Option<&ReadWeight>| breakdown.and_then(pick).and_then(weight);
    let mut rate = Rate::new(code, carrier_code, name, prices);
    rate.weekend = weekend;
    rate.packaging = packaging(profile, request);
    rate.delivery = delivery(detail);
    rate.transit_days = transit(detail);
    rate.zone = breakdown.and_then(|it| it.rate_zone.owned());
    rate.billed_weight = weight_of(|it| it.total_billing_weight.as_ref()).or_else(|| only_package(detail));
    rate.dimensional_weight = weight_of(|it| it.total_dim_weight.as_ref());
    rate.included = if saturday { vec!["saturday_delivery".to_owned()] } else { Vec::new() };
    // Some remarks repeat their code in place of words.
    let says =
        |alert: &&Alert| alert.message.0.as_ref().is_some_and(|words| Some(words) != alert.code.0.as_ref());
    rate.warnings = detail.customer_messages.iter().filter(says).map(notice).collect();
    rate.token = choice.token();
    reply.rates.push(rate);
}

fn reject(reply: &mut RateReply, code: &ServiceCode, name: &str, detail: &RateReplyDetail) {
    let known = reply.rates.iter().any(|rate| rate.service == *code)
        || reply.rejected.iter().any(|rejected| rejected.service == *code);
    if known {
        return;
    }
    let words = detail.customer_messages.iter().find_map(|message| message.message.0.clone());
    reply.rejected.push(Rejected {
        service: code.clone(),
        service_name: name.to_owned(),
        reason: RejectReason::NoPrice,
        message: words.unwrap_or_else(|| format!("FedEx listed {name} without a price")),
        cure: String::new(),
        carrier_code: detail.service_type.owned(),
    });
}

fn packaging(profile: &Profile, request: &RateRequest) -> waybill_core::PackagingCode {
    let first = request.shipment.parcels.first().map(|parcel| parcel.packaging.clone());
    first.filter(|code| profile.packaging(code).is_some()).unwrap_or_else(waybill_core::PackagingCode::own)
}

/// A name without marks; FedEx sends the registered sign also encoded twice.
fn clean_name(name: &str, code: &str) -> String {
    let clean = name.replace("Â®", "").replace(['®', '™'], "");
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.is_empty() { code.to_owned() } else { clean }
}

/// A remark in FedEx's words.
pub fn notice(alert: &Alert) -> Notice {
    Notice { code: alert.code.0.clone(), message: alert.message.or_empty().to_owned() }
}

fn prices(detail: &RateReplyDetail) -> Vec<Price> {
    let has_account =
        detail.rated_shipment_details.iter().any(|it| kind_of(it.rate_type.or_empty()) == PriceKind::Account);
    let mut prices: Vec<Price> = Vec::new();
    for rated in &detail.rated_shipment_details.0 {
        let Some(price) = price(rated, has_account) else { continue };
        if prices.iter().all(|known| known.kind != price.kind) {
            prices.push(price);
        }
    }
    prices
}

/// Whose price FedEx's rate type names. A restated price in another currency is for showing only; what is not named
/// is never taken for the account's.
pub fn kind_of(rate_type: &str) -> PriceKind {
    match rate_type {
        kind if kind.contains("PREFERRED") => PriceKind::Converted,
        kind if kind.contains("INCENTIVE") => PriceKind::Other("incentive".to_owned()),
        kind if kind.contains("LIST") => PriceKind::List,
        kind if kind.contains("RETAIL") => PriceKind::Retail,
        kind if kind.contains("ACCOUNT") => PriceKind::Account,
        "" => PriceKind::Other("unnamed".to_owned()),
        other => PriceKind::Other(other.to_ascii_lowercase()),
    }
}

fn price(rated: &RatedShipmentDetail, has_account: bool) -> Option<Price> {
    let breakdown = rated.shipment_rate_detail.as_ref();
    let code = rated.currency.0.as_deref().or_else(|| breakdown?.currency.0.as_deref())?;
    let currency = currency::from_fedex(code)?;
    let above_zero = |total: &Decimal| *total > Decimal::ZERO;
    let inside = || breakdown.and_then(|it| it.total_net_charge.0).filter(above_zero);
    let total = rated.total_net_charge.0.filter(above_zero).or_else(inside)?;
    let kind = match kind_of(rated.rate_type.or_empty()) {
        // The incentive price is what an account without negotiated prices pays.
        PriceKind::Other(word) if word == "incentive" && !has_account => PriceKind::Account,
        kind => kind,
    };
    let empty: &[Surcharge] = &[];
    let lines = |pick: fn(&ShipmentRateDetail) -> &[Surcharge]| breakdown.map_or(empty, pick);
    let parts = Parts {
        base: rated.total_base_charge.0.or_else(|| breakdown?.total_base_charge.0),
        discount: rated.total_discounts.0,
        taxes: rated.total_vat_charge.0.filter(|vat| !vat.is_zero()).or_else(|| taxes(rated)),
        duties: rated.total_duties_taxes_and_fees.0.or(rated.total_duties_and_taxes.0),
    };
    // The shipment's lines are the sums of its packages'; where it has none, theirs are all there is.
    let of_shipment = || lines(|it| &it.sur_charges).iter().chain(lines(|it| &it.surcharges));
    let told = of_shipment().next().is_some();
    let of_packages = rated.rated_packages.iter().filter_map(|package| package.package_rate_detail.as_ref());
    let of_packages = of_packages.flat_map(|detail| detail.surcharges.iter()).filter(|_| !told);
    let surcharges = of_shipment().chain(of_packages);
    Some(parts.price(
        kind,
        Money::new(total, currency),
        surcharges,
        lines(|it| &it.taxes),
        rated.rate_type.or_empty(),
    ))
}

/// Net charge is net FedEx charge plus taxes.
fn taxes(rated: &RatedShipmentDetail) -> Option<Decimal> {
    let taxes = rated.total_net_charge.0?.checked_sub(rated.total_net_fed_ex_charge.0?)?;
    (taxes > Decimal::ZERO).then_some(taxes)
}

/// The parts of a price beside its lines.
pub struct Parts {
    /// Transport.
    pub base: Option<Decimal>,
    /// Money off, positive.
    pub discount: Option<Decimal>,
    /// Taxes inside the total.
    pub taxes: Option<Decimal>,
    /// Duties beside the total.
    pub duties: Option<Decimal>,
}

impl Parts {
    /// A price with its lines.
    pub fn price<'a>(
        &self,
        kind: PriceKind,
        total: Money,
        surcharges: impl Iterator<Item = &'a Surcharge>,
        taxes: &[Surcharge],
        rate_type: &str,
    ) -> Price {
        let currency = total.currency;
        let money = |amount: Decimal| Money::new(amount, currency);
        let some = |amount: Option<Decimal>| amount.filter(|amount| !amount.is_zero());
        let mut charges = Vec::new();
        if let Some(base) = some(self.base) {
            charges.push(Charge {
                kind: ChargeKind::Base,
                code: None,
                text: "Base charge".into(),
                amount: money(base),
            });
        }
        if let Some(discount) = some(self.discount) {
            let amount = money(-discount.abs());
            charges.push(Charge { kind: ChargeKind::Discount, code: None, text: "Discounts".into(), amount });
        }
        charges.extend(surcharges.filter_map(|line| charge(line, currency, charge_kind)));
        let listed_taxes: Vec<Charge> =
            taxes.iter().filter_map(|line| charge(line, currency, |_| ChargeKind::Tax)).collect();
        if let (true, Some(amount)) = (listed_taxes.is_empty(), some(self.taxes)) {
            charges.push(Charge {
                kind: ChargeKind::Tax,
                code: None,
                text: "Taxes".into(),
                amount: money(amount),
            });
        }
        charges.extend(listed_taxes);
        let mut price = Price::new(kind, total);
        price.base = self.base.map(money);
        price.taxes = some(self.taxes).map(money);
        price.duties = some(self.duties).map(money);
        price.charges = charges;
        price.list_name = (!rate_type.is_empty()).then(|| rate_type.to_owned());
        price
    }
}

fn charge(line: &Surcharge, currency: Currency, kind: fn(&str) -> ChargeKind) -> Option<Charge> {
    let amount = line.amount.0.filter(|amount| !amount.is_zero())?;
    let code = [&line.r#type, &line.surcharge_type, &line.tax_type].into_iter().find_map(|code| code.owned());
    Some(Charge {
        kind: kind(code.as_deref().unwrap_or_default()),
        text: line.description.owned().or_else(|| code.clone()).unwrap_or_default(),
        code,
        amount: Money::new(amount, currency),
    })
}

/// What a FedEx surcharge is for. Source: API Reference Guide, surcharges; new ones appear without notice.
fn charge_kind(code: &str) -> ChargeKind {
    match code {
        "FUEL" => ChargeKind::Fuel,
        "OVERSIZE" | "EXTREME_LENGTH" | "DEMAND_OVERSIZE" => ChargeKind::Oversize,
        "SIGNATURE_OPTION" => ChargeKind::Signature,
        "SATURDAY_DELIVERY" | "SUNDAY_DELIVERY" => ChargeKind::Weekend,
        "INSURED_VALUE" => ChargeKind::Insurance,
        "ADDITIONAL_HANDLING" | "NON_MACHINABLE" | "DEMAND_ADDITIONAL_HANDLING" => ChargeKind::Handling,
        "DANGEROUS_GOODS" | "DRY_ICE" | "BATTERY" => ChargeKind::Dangerous,
        "RETURN_LABEL" | "EMAIL_LABEL" => ChargeKind::Return,
        "ON_CALL_PICKUP" | "SATURDAY_PICKUP" | "METRO_PICKUP" => ChargeKind::Pickup,
        "CLEARANCE_ENTRY_FEE" | "BROKER_SELECT_OPTION" => ChargeKind::Customs,
        "DELIVERY_AREA" | "METRO_DELIVERY" | "OFFSHORE" | "OUT_OF_DELIVERY_AREA" | "OUT_OF_PICKUP_AREA" => {
            ChargeKind::Area
        }
        code if code.starts_with("RESIDENTIAL") => ChargeKind::Residential,
        code if code.starts_with("DEMAND") || code.starts_with("PEAK") => ChargeKind::Peak,
        other => ChargeKind::Other(other.to_ascii_lowercase()),
    }
}

/// The breakdown of the price that is paid, else of the first one.
fn priced(detail: &RateReplyDetail) -> Option<&ShipmentRateDetail> {
    let all = || detail.rated_shipment_details.iter();
    let own = all().find(|it| kind_of(it.rate_type.or_empty()) == PriceKind::Account);
    own.or_else(|| all().next())?.shipment_rate_detail.as_ref()
}

/// The billed weight of a single package, where the shipment's is not told.
fn only_package(detail: &RateReplyDetail) -> Option<Weight> {
    let [package] = detail.rated_shipment_details.first()?.rated_packages.0.as_slice() else { return None };
    weight(package.package_rate_detail.as_ref()?.billing_weight.as_ref()?)
}

fn weight(read: &ReadWeight) -> Option<Weight> {
    let value = read.value.0.filter(|value| *value > Decimal::ZERO)?;
    let unit = match read.units.0.as_deref().or(read.unit.0.as_deref())? {
        "KG" | "KGS" => WeightUnit::Kilogram,
        "LB" | "LBS" => WeightUnit::Pound,
        _ => return None,
    };
    Some(Weight { value, unit })
}

fn delivery(detail: &RateReplyDetail) -> Option<DeliveryEstimate> {
    let operational = detail.operational_detail.as_ref();
    let commit = detail.commit.as_ref();
    let texts = [
        operational.and_then(|it| it.delivery_date.0.as_deref()),
        commit.and_then(|it| it.date_detail.as_ref()?.day_format.0.as_deref()),
        commit.and_then(|it| it.date_detail.as_ref()?.day.0.as_deref()),
        operational.and_then(|it| it.commit_date.0.as_deref()),
        operational.and_then(|it| it.commit_dates.first()?.0.as_deref()),
    ];
    let mut estimate = texts.into_iter().flatten().find_map(dates::estimate)?;
    estimate.guaranteed = operational.and_then(|it| it.ineligible_for_money_back_guarantee.0).map(|not| !not);
    Some(estimate)
}

fn transit(detail: &RateReplyDetail) -> Option<u16> {
    let commit = detail.commit.as_ref();
    let words = [
        commit.and_then(|it| it.transit_days.as_ref()?.minimum_transit_time.0.as_deref()),
        commit.and_then(|it| it.transit_days.as_ref()?.maximum_transit_time.0.as_deref()),
        commit.and_then(|it| it.transit_days.as_ref()?.description.0.as_deref()),
        commit.and_then(|it| it.days_in_transit.0.as_deref()),
        detail.operational_detail.as_ref().and_then(|it| it.transit_time.0.as_deref()),
    ];
    words.into_iter().flatten().find_map(dates::days)
}
