//! Rates: `POST /rates`.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use waybill_core::{
    Charge, ChargeKind, Currency, DeliveryEstimate, Error, ErrorKind, EstimateBasis, LocalMoment, Money,
    Notice, Price, PriceKind, Profile, Rate, RateReply, RateRequest, RateToken, RejectReason, Rejected,
    Request, Response, Result, ServiceCode, Shipment, Weekend, Weight, wire,
};

use crate::carrier::Account;
use crate::measure::System;
use crate::options::Purpose;
use crate::services::{self, Content, Family};
use crate::wire::rates::{self, DetailedLine, MonetaryAmount, Product, RatesAnswer};
use crate::wire::{Text, TotalPrice, Wanted};
use crate::{auth, clock, customs, error, options, parties};

const WHAT: &str = "rates";

/// The message for a shipment.
pub(crate) fn request(account: &Account, now: DateTime<Utc>, request: &RateRequest) -> Result<Request> {
    let (config, shipment) = (&account.config, &request.shipment);
    let mut problems = Vec::new();
    let content = customs::content(shipment);
    let system = System::of(&shipment.parcels);
    let services = options::services(config, shipment, content, Purpose::Rate, &mut problems);
    let accounts = parties::accounts(config, shipment, &mut problems);
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    let insured = services.iter().find(|service| matches!(service.service_code.as_str(), "II" | "IB"));
    let insured = insured.and_then(|service| {
        Some(MonetaryAmount {
            type_code: "insuredValue",
            value: service.value?,
            currency: service.currency.clone()?,
        })
    });
    let message = rates::RateRequest {
        customer_details: parties::rate_parties(shipment),
        // Two accounts at most: who pays duties does not move the price of the transport.
        accounts: accounts.into_iter().filter(|row| row.type_code != "duties-taxes").collect(),
        payer_country_code: payer_country(shipment),
        planned_shipping_date_and_time: planned(account, now, shipment)?,
        unit_of_measurement: system.word(),
        is_customs_declarable: content == Content::Dutiable,
        monetary_amount: declared(shipment).into_iter().chain(insured).collect(),
        value_added_services: services,
        // The date that counts customs clearance in is the one that DHL commits to.
        estimated_delivery_date: Wanted { type_code: "QDDC", is_requested: true },
        return_standard_products_only: false,
        next_business_day: false,
        product_type_code: "all",
        packages: system.packages(shipment),
    };
    let url = wire::endpoint(&config.base()?, "rates");
    auth::seal(config, wire::json_request(http::Method::POST, &url, &message)?, None)
}

/// The planned moment of a shipment at its origin.
pub(crate) fn planned(account: &Account, now: DateTime<Utc>, shipment: &Shipment) -> Result<String> {
    let zone = clock::zone(account.zone, &shipment.from);
    let today = now.with_timezone(&zone).date_naive();
    clock::planned(now, zone, shipment.ship_date.unwrap_or(today), account.config.handover_time)
}

fn payer_country(shipment: &Shipment) -> Option<String> {
    match &shipment.billing.transport {
        waybill_core::Payer::ThirdParty { country, .. } => Some(country.as_str().to_owned()),
        waybill_core::Payer::Recipient { .. } => Some(shipment.to.country.as_str().to_owned()),
        waybill_core::Payer::Sender => None,
    }
}

fn declared(shipment: &Shipment) -> Option<MonetaryAmount> {
    let value = shipment.customs.as_ref()?.total_value().ok()??;
    let amount = MonetaryAmount {
        type_code: "declaredValue",
        value: crate::wire::Num::of(value.amount),
        currency: value.currency.to_string(),
    };
    Some(amount)
}

/// What DHL answers to a rate request. "Not available" is an answer, no failure.
pub(crate) fn parse(account: &Account, asked: &RateRequest, response: Response) -> Result<RateReply> {
    let response = match error::ok(response, WHAT) {
        Ok(response) => response,
        Err(error) if error.kind == ErrorKind::NoService => {
            return Ok(refused(&account.profile, asked, &error));
        }
        Err(error) => return Err(error),
    };
    let answer: RatesAnswer = wire::parse_json(&response, WHAT)?;
    let mut reply = RateReply { warnings: notices(&answer.warnings), ..RateReply::default() };
    for product in &answer.products {
        read(account, asked, product, &mut reply);
    }
    Ok(reply)
}

/// DHL's warnings as notices.
pub(crate) fn notices(warnings: &[Text]) -> Vec<Notice> {
    let texts = warnings.iter().filter_map(|warning| warning.0.clone());
    texts.map(|message| Notice { code: None, message }).collect()
}

/// Every wanted service refused with DHL's words.
fn refused(profile: &Profile, asked: &RateRequest, error: &Error) -> RateReply {
    let said = error.carrier.as_ref().and_then(|words| words.message.clone());
    let local = waybill_core::screen(profile, &asked.shipment);
    let services = profile.services.iter().filter(|service| asked.wants(&service.code));
    let open = services.filter(|service| local.iter().all(|rejected| rejected.service != service.code));
    let rejected = open.map(|service| Rejected {
        service: service.code.clone(),
        service_name: service.name.clone(),
        reason: RejectReason::Refused,
        message: said.clone().unwrap_or_else(|| error.message.clone()),
        cure: "check places, weight, ship date and whether the content must pass customs".to_owned(),
        carrier_code: error.carrier_code().map(str::to_owned),
    });
    RateReply { rejected: rejected.collect(), ..RateReply::default() }
}

/// Puts one product among the rates or the rejections.
fn read(account: &Account, asked: &RateRequest, product: &Product, reply: &mut RateReply) {
    let Some(code) = product.product_code.as_deref() else { return };
    let family = services::family_of_product(code).filter(|family| declared_here(&account.profile, family));
    let name = product.product_name.clone().unwrap_or_else(|| code.to_owned());
    let service = service_code(family, product, code, reply);
    if !asked.wants(&service) {
        return;
    }
    let reject = |reason: RejectReason, message: String, cure: &str| Rejected {
        service: service.clone(),
        service_name: name.clone(),
        reason,
        message,
        cure: cure.to_owned(),
        carrier_code: Some(code.to_owned()),
    };
    let by_agreement =
        product.is_customer_agreement == Some(true) || family.is_some_and(|family| family.agreement);
    if by_agreement && !account.config.agreed_services.iter().any(|agreed| service == agreed.as_str()) {
        let message = format!("{name} is sold by a special agreement only");
        reply.rejected.push(reject(
            RejectReason::NotEntitled,
            message,
            "agree it with DHL and name the service in `agreed_services`",
        ));
        return;
    }
    match prices(product) {
        prices if prices.is_empty() => {
            let message = format!("DHL Express stated no price of the account for {name}");
            reply.rejected.push(reject(
                RejectReason::NoPrice,
                message,
                "ask DHL for a tariff of this account",
            ));
        }
        prices => reply.rates.push(rate(asked, product, service, code, &name, prices)),
    }
}

fn declared_here(profile: &Profile, family: &Family) -> bool {
    profile.service(&family.slug.into()).is_some()
}

/// Our name; a second product of one service (another local product code) and unknown products keep DHL's code.
fn service_code(family: Option<&Family>, product: &Product, code: &str, reply: &RateReply) -> ServiceCode {
    let Some(family) = family else { return code.into() };
    let taken = reply.rates.iter().any(|rate| rate.service == family.slug)
        || reply.rejected.iter().any(|rejected| rejected.service == family.slug);
    match &product.local_product_code {
        Some(local) if taken => format!("{}-{}", family.slug, local.to_ascii_lowercase()).into(),
        None if taken => format!("{}-{}", family.slug, code.to_ascii_lowercase()).into(),
        _ => family.slug.into(),
    }
}

/// One price in up to three currencies: the billing currency is the account's price, the others show it converted.
/// Without a price in the billing currency there is no tariff, whatever the others say.
fn prices(product: &Product) -> Vec<Price> {
    let of = |kind: &str| product.total_price.iter().find(|price| is(&price.currency_type, kind));
    // A single price that does not say which of the three it is is the one that is billed.
    let only = || match product.total_price.as_slice() {
        [only] if only.currency_type.is_none() => Some(only),
        _ => None,
    };
    let Some(billed) = of("BILLC").or_else(only).and_then(money) else { return Vec::new() };
    let mut account = Price::new(PriceKind::Account, billed);
    let part = |code: &str| {
        let parts = product.total_price_breakdown.iter();
        let billed = parts.filter(|parts| parts.currency_type.is_none() || is(&parts.currency_type, "BILLC"));
        let found = billed.flat_map(|parts| &parts.price_breakdown).find(|part| is(&part.type_code, code));
        Some(Money::new(found?.price?, billed_currency(&account.total)))
    };
    let (base, taxes) = (part("SPRQT"), part("STTXA"));
    account.base = base;
    account.taxes = taxes;
    account.charges = charges(product, &billed);
    let mut all = vec![account];
    for kind in ["PULCL", "BASEC"] {
        let other = of(kind).and_then(money);
        if let Some(total) =
            other.filter(|total| all.iter().all(|price| price.total.currency != total.currency))
        {
            let list_name =
                Some(if kind == "PULCL" { "public local currency" } else { "base currency" }.to_owned());
            all.push(Price { list_name, ..Price::new(PriceKind::Converted, total) });
        }
    }
    all
}

fn billed_currency(total: &Money) -> Currency {
    total.currency
}

/// Whether a code is this one, in any case.
pub(crate) fn is(code: &Option<String>, wanted: &str) -> bool {
    code.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(wanted))
}

/// A currency code in any case.
pub(crate) fn currency(code: Option<&str>) -> Option<Currency> {
    code?.to_ascii_uppercase().parse().ok()
}

/// An amount above zero with its currency.
pub(crate) fn money(price: &TotalPrice) -> Option<Money> {
    let amount = price.price.filter(|amount| *amount > Decimal::ZERO)?;
    Some(Money::new(amount, currency(price.price_currency.as_deref())?))
}

fn charges(product: &Product, billed: &Money) -> Vec<Charge> {
    let groups = product.detailed_price_breakdown.iter();
    let group = groups.filter(|group| group.currency_type.is_none() || is(&group.currency_type, "BILLC"));
    let lines =
        group.flat_map(|group| group.breakdown.iter().map(|line| (group.price_currency.as_deref(), line)));
    lines.filter_map(|(currency, line)| charge(line, currency, billed)).collect()
}

/// Lines without a price are services on offer.
fn charge(line: &DetailedLine, group: Option<&str>, billed: &Money) -> Option<Charge> {
    let amount = line.price.filter(|amount| !amount.is_zero())?;
    let currency = currency(line.price_currency.as_deref().or(group));
    let code = line.service_code.clone();
    Some(Charge {
        kind: charge_kind(code.as_deref()),
        text: line.name.clone().or_else(|| code.clone()).unwrap_or_default(),
        amount: Money::new(amount, currency.unwrap_or(billed.currency)),
        code,
    })
}

/// What a charge is for, by DHL's service code; the line without code is the transport itself.
pub(crate) fn charge_kind(code: Option<&str>) -> ChargeKind {
    match code.unwrap_or_default() {
        "" => ChargeKind::Base,
        "FF" => ChargeKind::Fuel,
        "TK" => ChargeKind::Residential,
        "OO" | "OB" => ChargeKind::Area,
        "SF" | "SX" | "TF" => ChargeKind::Signature,
        "AA" | "AG" => ChargeKind::Weekend,
        "AB" => ChargeKind::Pickup,
        "II" | "IB" => ChargeKind::Insurance,
        "CR" => ChargeKind::Peak,
        "PT" | "PU" | "PV" | "PW" => ChargeKind::Return,
        "HE" | "HC" | "HD" | "HM" | "HV" | "HW" | "HB" | "HH" | "HK" | "HY" | "HL" | "HX" => {
            ChargeKind::Dangerous
        }
        "DD" | "DU" | "DC" | "DE" | "DT" | "WY" | "WO" | "WJ" | "WL" => ChargeKind::Customs,
        other => ChargeKind::Other(other.to_owned()),
    }
}

fn rate(
    asked: &RateRequest,
    product: &Product,
    service: ServiceCode,
    code: &str,
    name: &str,
    prices: Vec<Price>,
) -> Rate {
    let mut rate = Rate::new(service, code, name, prices);
    if let Some(parcel) = asked.shipment.parcels.first() {
        rate.packaging = parcel.packaging.clone();
    }
    if let Some(weight) = &product.weight {
        let unit = System::from_word(weight.unit_of_measurement.as_deref()).weight_unit();
        let [volume, given] =
            [weight.volumetric, weight.provided].map(|value| Some(Weight::new(value?, unit)));
        rate.dimensional_weight = volume;
        rate.billed_weight = given.max(volume);
    }
    if let Some(delivery) = &product.delivery_capabilities {
        rate.delivery = delivery.estimated_delivery_date_and_time.as_deref().and_then(estimate);
        rate.transit_days = delivery.total_transit_days.and_then(|days| days.to_u16());
    }
    if product.pickup_capabilities.as_ref().is_some_and(|pickup| pickup.next_business_day == Some(true)) {
        let message = "DHL Express collects on the next business day after the ship date";
        rate.warnings.push(Notice::new("next-business-day", message));
    }
    if asked.shipment.options.saturday_delivery {
        use chrono::Datelike;
        let day = rate.delivery.as_ref().and_then(|delivery| delivery.latest.date);
        rate.weekend = day.filter(|day| day.weekday() == chrono::Weekday::Sat).map(|_| Weekend::Saturday);
    }
    let local = product.local_product_code.as_deref().unwrap_or(code);
    rate.token = Some(RateToken(format!("{code}/{local}")));
    rate
}

/// A date as DHL prints it: local at the destination, 23:59 for the end of the day, sometimes a day alone, sometimes
/// with a `Z` that does not mean UTC.
pub(crate) fn estimate(text: &str) -> Option<DeliveryEstimate> {
    let (day, time) = clock::local(text)?;
    match time.filter(|time| *time < end_of_day()) {
        Some(time) => Some(DeliveryEstimate {
            latest: LocalMoment::local(day.and_time(time)),
            end_of_day: false,
            ..DeliveryEstimate::by_day(day, EstimateBasis::Carrier)
        }),
        None => Some(DeliveryEstimate::by_day(day, EstimateBasis::Carrier)),
    }
}

fn end_of_day() -> chrono::NaiveTime {
    chrono::NaiveTime::from_hms_opt(23, 59, 0).unwrap_or_default()
}

/// Product and local product code of a rate token.
pub(crate) fn token(token: &RateToken) -> Option<(&str, &str)> {
    let (product, local) = token.as_str().split_once('/')?;
    let good = |code: &str, longest| {
        (1..=longest).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (good(product, 6) && good(local, 3)).then_some((product, local))
}

/// Services that cannot be had before DHL is asked: customs data, ship date, total weight.
pub(crate) fn local_refusals(account: &Account, now: DateTime<Utc>, asked: &RateRequest) -> Vec<Rejected> {
    let shipment = &asked.shipment;
    let content = customs::content(shipment);
    let missing = customs::missing(shipment);
    let late = planned(account, now, shipment).err();
    let grams = shipment.total_weight().grams();
    let refusal = |service: &waybill_core::Service| {
        let family = services::family(service.code.as_str())?;
        let found = if family.product(content).is_none() {
            (RejectReason::Lane, format!("{} does not carry this content", service.name), String::new())
        } else if let Some(problem) = &missing {
            (RejectReason::CustomsData, problem.problem.clone(), problem.cure.clone())
        } else if let Some(problem) = late.as_ref().and_then(|error| error.fields.first()) {
            (RejectReason::ShipDate, problem.problem.clone(), problem.cure.clone())
        } else if grams > Decimal::from(family.shipment_grams) {
            let kilograms = Decimal::from(family.shipment_grams) / Decimal::from(1000);
            let message =
                format!("the shipment weighs {}, the limit is {kilograms} kg", shipment.total_weight());
            (RejectReason::Weight, message, "split the shipment".to_owned())
        } else {
            return None;
        };
        Some(Rejected {
            service: service.code.clone(),
            service_name: service.name.clone(),
            reason: found.0,
            message: found.1,
            cure: found.2,
            carrier_code: None,
        })
    };
    let screened = waybill_core::screen(&account.profile, shipment);
    let services = account.profile.services.iter().filter(|service| asked.wants(&service.code));
    let mut all = Vec::new();
    for service in services {
        let local = screened.iter().find(|rejected| rejected.service == service.code).cloned();
        all.extend(local.or_else(|| refusal(service)));
    }
    all
}
