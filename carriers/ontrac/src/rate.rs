//! Prices: one question for all parcels, as a list of positional texts.

use std::collections::HashMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use waybill_core::{
    LengthUnit, Notice, Parcel, Payer, Price, Profile, Rate, RateReply, RateRequest, RejectReason, Rejected,
    Request, Response, Result, ServiceCode, Shipment, Weekend, Weight, WeightUnit,
};

use crate::area::{self, Zips};
use crate::charges::{self, Stated};
use crate::config::Config;
use crate::error::{self, Meaning};
use crate::services::LETTER;
use crate::text::{amount, dollars, said};
use crate::wire::rates::{Rate as WireRate, RateResponse, RateShipment};
use crate::xml;

/// Packages per call. OnTrac states no limit; the URL stays below 6,000 characters.
pub(crate) const BATCH: usize = 50;

/// Weight and sides as OnTrac wants them: pounds and inches, whole ones before V7, zeros for a letter.
pub(crate) struct Measures {
    pub(crate) pounds: Decimal,
    pub(crate) sides: [Decimal; 3],
    pub(crate) letter: bool,
}

impl Measures {
    pub(crate) fn of(config: &Config, parcel: &Parcel) -> Self {
        if parcel.packaging.as_str() == LETTER {
            return Self { pounds: Decimal::ZERO, sides: [Decimal::ZERO; 3], letter: true };
        }
        let step = if config.version.is_old() { Decimal::ONE } else { Decimal::new(1, 2) };
        // Rounded up: a weight of 0 would be priced as a letter.
        let pounds = parcel.weight.ceil_to(WeightUnit::Pound, step).max(step);
        let sides = parcel.dimensions.map_or([Decimal::ZERO; 3], |size| {
            size.sorted().map(|side| side.ceil_to(LengthUnit::Inch, step))
        });
        Self { pounds, sides, letter: false }
    }
}

/// Services that need no question: ruled out by the profile, by the version's options or by the service area.
pub(crate) fn local_refusals(
    config: &Config,
    profile: &Profile,
    zips: Option<&Zips>,
    request: &RateRequest,
) -> Vec<Rejected> {
    let shipment = &request.shipment;
    let mut refused: Vec<Rejected> = waybill_core::screen(profile, shipment)
        .into_iter()
        .filter(|rejected| request.wants(&rejected.service))
        .collect();
    let general = declared_value(config, shipment)
        .or_else(|| zips.and_then(|zips| area::refusal(zips, shipment, shipment.options.saturday_delivery)));
    let Some((reason, message, cure)) = general else { return refused };
    for service in profile.services.iter().filter(|service| request.wants(&service.code)) {
        if refused.iter().all(|rejected| rejected.service != service.code) {
            refused.push(Rejected {
                service: service.code.clone(),
                service_name: service.name.clone(),
                reason: reason.clone(),
                message: message.clone(),
                cure: cure.clone(),
                carrier_code: None,
            });
        }
    }
    refused
}

/// V7 has no declared value; leaving it out would leave the parcel uninsured.
pub(crate) fn declared_value(config: &Config, shipment: &Shipment) -> Option<(RejectReason, String, String)> {
    let declared = |parcel: &Parcel| parcel.declared_value.is_some_and(|value| !value.is_zero());
    let wrong = |parcel: &Parcel| {
        parcel.declared_value.is_some_and(|value| value.currency != waybill_core::Currency::USD)
    };
    if !config.version.is_old() && shipment.parcels.iter().any(declared) {
        let message = "OnTrac has no declared value in V7 of its services".to_owned();
        return Some((
            RejectReason::Option,
            message,
            "leave the declared value out and insure elsewhere".to_owned(),
        ));
    }
    shipment.parcels.iter().any(wrong).then(|| {
        let message = "OnTrac takes declared values in US dollars only".to_owned();
        (RejectReason::Currency, message, "give the declared value in USD".to_owned())
    })
}

/// A question for some parcels; `from` is the place of the first one among all.
pub(crate) fn request(
    config: &Config,
    profile: &Profile,
    asked: &RateRequest,
    from: usize,
    parcels: &[Parcel],
) -> Result<Request> {
    // With one service asked for OnTrac prices that one; a blank asks for all that the account may use.
    let service = match asked.services.as_slice() {
        [only] => profile.service(only).map_or(only.as_str(), |service| service.carrier_code.as_str()),
        _ => "",
    };
    let packages: Vec<String> = parcels
        .iter()
        .enumerate()
        .map(|(at, parcel)| package(config, &asked.shipment, parcel, from + at + 1, service))
        .collect();
    xml::get(config, "rates", &[("packages", &packages.join(","))])
}

fn package(config: &Config, shipment: &Shipment, parcel: &Parcel, uid: usize, service: &str) -> String {
    let measures = Measures::of(config, parcel);
    let [length, width, height] = measures.sides.map(|side| side.normalize());
    let (from, to) = (shipment.from.zip5().unwrap_or_default(), shipment.to.zip5().unwrap_or_default());
    let residential = shipment.to.residential.unwrap_or(true);
    let saturday = shipment.options.saturday_delivery;
    let (pounds, dim) = (measures.pounds.normalize(), format!("{length}X{width}X{height}"));
    let service: String = service.chars().filter(|c| !matches!(c, ';' | ',')).collect();
    if config.version.is_old() {
        let cod = shipment.options.cash_on_delivery.map_or(Decimal::ZERO, |money| money.amount);
        let declared = parcel.declared_value.map_or(Decimal::ZERO, |money| money.amount);
        let letter = if measures.letter { ";1;0" } else { "" };
        return format!(
            "{uid};{from};{to};{residential};{cod};{saturday};{declared};{pounds};{dim};{service}{letter}"
        );
    }
    let day = shipment.ship_date.map(month_first).unwrap_or_default();
    format!("{uid};{from};{to};{residential};{saturday};{pounds};{dim};{service};{day}")
}

/// `11-24-26`.
fn month_first(day: NaiveDate) -> String {
    day.format("%m-%d-%y").to_string()
}

/// Reads one answer.
pub(crate) fn parse(config: &Config, response: &Response) -> Result<Vec<RateShipment>> {
    let answer: RateResponse = xml::read(config, response, "rates", "OnTracRateResponse")?;
    match error::first(config, response, "rates", &[&answer.error, &answer.shipments.error]) {
        Some(error) => Err(error),
        None => Ok(answer.shipments.shipment),
    }
}

/// A service's prices of the parcels so far, or why it has none.
enum Line<'a> {
    Priced(Vec<&'a WireRate>),
    Refused(RejectReason, String),
}

/// Services by OnTrac's code.
type Lines<'a> = Vec<(String, Line<'a>)>;

/// The services of all parcels, matched by their ids, and why a parcel has none.
fn lines<'a>(
    config: &Config,
    count: usize,
    answers: &'a [RateShipment],
) -> (Lines<'a>, Option<(RejectReason, String)>) {
    let (mut lines, mut refusal) = (Vec::new(), None);
    let by_uid: HashMap<&str, &RateShipment> =
        answers.iter().map(|answer| (answer.uid.trim(), answer)).collect();
    for at in 1..=count {
        // The answer to a single parcel may come without its id.
        let only =
            answers.first().filter(|only| count == 1 && answers.len() == 1 && said(&only.uid).is_none());
        let Some(answer) = by_uid.get(at.to_string().as_str()).copied().or(only) else {
            refusal.get_or_insert((RejectReason::NoPrice, format!("OnTrac gave no prices for parcel {at}")));
            continue;
        };
        if let Some(text) = said(&answer.error) {
            refusal.get_or_insert((Meaning::of(text).reason(), error::shown(config, text)));
        }
        for rate in &answer.rates.rate {
            add(config, &mut lines, rate);
        }
    }
    (lines, refusal)
}

/// Puts the answers of all parcels together, by their ids. A service is offered when every parcel has a price in it.
pub(crate) fn assemble(
    config: &Config,
    profile: &Profile,
    asked: &RateRequest,
    answers: &[RateShipment],
) -> RateReply {
    let count = asked.shipment.parcels.len();
    let (lines, refusal) = lines(config, count, answers);
    let mut reply = RateReply::default();
    for (code, line) in lines {
        let known = profile.service_by_carrier_code(&code);
        let slug = known.map_or_else(|| ServiceCode(code.clone()), |service| service.code.clone());
        if !asked.wants(&slug) {
            continue;
        }
        let name = known.map_or_else(|| format!("OnTrac {code}"), |service| service.name.clone());
        match line {
            Line::Priced(rates) if rates.len() == count => {
                if let Some(rate) = rate(asked, &slug, &code, &name, &rates) {
                    reply.rates.push(rate);
                }
            }
            Line::Priced(_) => {}
            Line::Refused(reason, message) if known.is_some() => {
                reply.rejected.push(rejected(slug, name, reason, message));
            }
            Line::Refused(..) => {}
        }
    }
    for service in profile.services.iter().filter(|service| asked.wants(&service.code)) {
        let open = reply.rates.iter().all(|rate| rate.service != service.code)
            && reply.rejected.iter().all(|rejected| rejected.service != service.code);
        if let Some((reason, message)) = refusal.clone().filter(|_| open) {
            reply.rejected.push(rejected(service.code.clone(), service.name.clone(), reason, message));
        }
    }
    if asked.shipment.billing.transport != Payer::Sender {
        reply
            .warnings
            .push(Notice::new("third-party-price", "the prices are this account's; the payer's may differ"));
    }
    reply
}

fn rejected(service: ServiceCode, service_name: String, reason: RejectReason, message: String) -> Rejected {
    Rejected { service, service_name, reason, message, cure: String::new(), carrier_code: None }
}

fn add<'a>(config: &Config, lines: &mut Lines<'a>, rate: &'a WireRate) {
    let Some(code) = said(&rate.service) else { return };
    let refused = match said(&rate.error) {
        Some(text) => Some((Meaning::of(text).reason(), error::shown(config, text))),
        // An errored price may come as zeros: it is no offer.
        None if charges::total(&rate.total_charge).is_none() => {
            Some((RejectReason::NoPrice, "OnTrac named the service without a price".to_owned()))
        }
        None => None,
    };
    let at = lines.iter().position(|line| line.0 == code).unwrap_or_else(|| {
        lines.push((code.to_owned(), Line::Priced(Vec::new())));
        lines.len() - 1
    });
    let Some((_, line)) = lines.get_mut(at) else { return };
    match (refused, line) {
        (Some((reason, message)), line) => *line = Line::Refused(reason, message),
        (None, Line::Priced(rates)) => rates.push(rate),
        (None, Line::Refused(..)) => {}
    }
}

fn prices(rate: &WireRate) -> Vec<Price> {
    charges::prices(&Stated {
        total: &rate.total_charge,
        published: &rate.global_rate,
        fuel: &rate.fuel_charge,
        details: &rate.service_charge_details,
    })
}

fn rate(
    asked: &RateRequest,
    slug: &ServiceCode,
    code: &str,
    name: &str,
    rates: &[&WireRate],
) -> Option<Rate> {
    let summed = charges::sum(rates.iter().map(|rate| prices(rate)).collect())?;
    let mut offer = Rate::new(slug.clone(), code, name, summed);
    let shipment = &asked.shipment;
    offer.weekend = shipment.options.saturday_delivery.then_some(Weekend::Saturday);
    if let Some(parcel) = shipment.parcels.first() {
        offer.packaging = parcel.packaging.clone();
    }
    let estimates: Vec<_> =
        rates.iter().map(|rate| charges::delivery(&rate.expected_delivery_date, &rate.commit_time)).collect();
    // Without a date for one parcel nothing is known of the whole.
    if estimates.iter().all(Option::is_some) {
        offer.delivery = estimates.into_iter().flatten().max_by_key(|estimate| estimate.latest.sort_key());
    }
    offer.transit_days =
        rates.iter().filter_map(|rate| rate.transit_days.trim().parse().ok()).max().filter(|days| *days > 0);
    offer.zone = rates.first().and_then(|rate| said(&rate.rate_zone)).map(str::to_owned);
    let billed: Option<Vec<Decimal>> = rates.iter().map(|rate| amount(&rate.billed_weight)).collect();
    offer.billed_weight = billed
        .map(|pounds| pounds.into_iter().fold(Decimal::ZERO, Decimal::saturating_add))
        .filter(|pounds| *pounds > Decimal::ZERO)
        .map(|pounds| Weight::new(pounds, WeightUnit::Pound));
    let saturday = rates.iter().any(|rate| dollars(&rate.service_charge_details.saturday_charge).is_some());
    if saturday {
        offer.included.push("saturday_delivery".into());
    }
    if shipment.options.signature == Some(waybill_core::Signature::Signature) {
        // The positional question has no place for it.
        offer.warnings.push(Notice::new(
            "signature-not-priced",
            "OnTrac adds the charge for the signature at the purchase",
        ));
    }
    Some(offer)
}
