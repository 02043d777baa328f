//! Prices: one question for each parcel, answered service by service. The price is the sum of the charges.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use rust_decimal::Decimal;
use waybill_core::{
    Charge, ChargeKind, Currency, DeliveryEstimate, EstimateBasis, LengthUnit, LocalMoment, Money, Parcel,
    Price, PriceKind, Profile, Rate, RateReply, RateRequest, RejectReason, Rejected, Response, Result,
    ServiceCode, Shipment, WeightUnit, wire,
};

use super::call::{is_error, refusal, shown};
use super::order::{moment_of, place, place_of_tender};
use crate::charges;
use crate::config::{Config, JsonAccount};
use crate::wire::json::{self, Number, Piece, Place, RateAnswer, RateMessage};

/// Days after the hand-over that a parcel is expected to be gone: those of the one example there is.
const EXPIRES_DAYS: u64 = 8;

/// Services that the profile rules out.
pub(crate) fn local_refusals(profile: &Profile, request: &RateRequest) -> Vec<Rejected> {
    let screened = waybill_core::screen(profile, &request.shipment).into_iter();
    screened.filter(|rejected| request.wants(&rejected.service)).collect()
}

/// Parcels that cost the same.
pub(crate) fn same_price(one: &Parcel, other: &Parcel) -> bool {
    one.weight == other.weight && one.dimensions == other.dimensions
}

/// A question for one parcel.
pub(crate) fn message(
    config: &Config,
    account: &JsonAccount,
    shipment: &Shipment,
    parcel: &Parcel,
) -> RateMessage {
    RateMessage {
        customer_branch: account.customer_branch.clone(),
        tender_date_time: moment_of(shipment.ship_date.unwrap_or_default(), account.tender_time_utc),
        tender_at: place_of_tender(config, &shipment.from),
        deliver_to: place(config, &shipment.to, shipment),
        pieces: vec![piece(shipment, parcel)],
    }
}

/// A parcel in pounds and inches, rounded up to hundredths.
pub(crate) fn piece(shipment: &Shipment, parcel: &Parcel) -> Piece {
    let step = Decimal::new(1, 2);
    let [length, width, height] = parcel
        .dimensions
        .map_or([Decimal::ZERO; 3], |size| size.sorted().map(|side| side.ceil_to(LengthUnit::Inch, step)));
    let reference = parcel.references.first().or(shipment.references.first());
    let expires = shipment
        .ship_date
        .and_then(|day| day.checked_add_days(chrono::Days::new(EXPIRES_DAYS)))
        .map(|day| day.to_string());
    Piece {
        container_type: "CustomPackaging",
        weight: Number(parcel.weight.ceil_to(WeightUnit::Pound, step).max(step)),
        weight_unit_of_measurement: "lbs",
        description: "Merchandise".to_owned(),
        reference: reference.map(|reference| crate::text::cut(&reference.value, 50)).unwrap_or_default(),
        expiration_date: expires.unwrap_or_default(),
        attributes: [],
        length: Number(length),
        width: Number(width),
        height: Number(height),
        unit_of_measurement: "in",
    }
}

/// A question about nobody's parcel, to prove the credentials.
pub(crate) fn test_message(account: &JsonAccount, now: DateTime<Utc>) -> RateMessage {
    let at = Place {
        contact: "Test".to_owned(),
        street_address: "1 Main St".to_owned(),
        postal_code: "90001".to_owned(),
        city: "Los Angeles".to_owned(),
        state: "CA".to_owned(),
        iso_country_code: "US",
        ..Place::default()
    };
    let one = || Number(Decimal::ONE);
    let day = now.date_naive().succ_opt().unwrap_or_default();
    RateMessage {
        customer_branch: account.customer_branch.clone(),
        tender_date_time: moment_of(day, account.tender_time_utc),
        tender_at: at.clone(),
        deliver_to: at,
        pieces: vec![Piece {
            container_type: "CustomPackaging",
            weight: one(),
            weight_unit_of_measurement: "lbs",
            description: "Test".to_owned(),
            reference: String::new(),
            expiration_date: day
                .checked_add_days(chrono::Days::new(EXPIRES_DAYS))
                .unwrap_or_default()
                .to_string(),
            attributes: [],
            length: one(),
            width: one(),
            height: one(),
            unit_of_measurement: "in",
        }],
    }
}

/// A parcel's prices in a service, and when it arrives; or why there is no price.
type Priced = std::result::Result<(Vec<Price>, Option<DeliveryEstimate>), String>;

/// What OnTrac says of one parcel: a price for each service, or why there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    priced: BTreeMap<String, Priced>,
    refused: Option<String>,
}

impl Answer {
    /// OnTrac has no rate for the parcel, at the moment or at all.
    pub(crate) fn is_no_rate(&self) -> bool {
        self.priced.is_empty()
    }
}

/// Reads the answer for one parcel. "No rate" comes with HTTP 400 and is an answer, not an error.
pub(crate) fn parse(account: &JsonAccount, response: &Response) -> Result<Answer> {
    const WHAT: &str = "rates";
    let own = response.status().is_success() || response.status().is_client_error();
    let read: Result<RateAnswer> = wire::parse_json(response, WHAT);
    let answer = match read {
        Ok(answer) if own && (response.status().is_success() || answer.error.is_some()) => answer,
        Err(error) if response.status().is_success() => return Err(error),
        _ => return Err(wire::status_error(response, WHAT)),
    };
    if is_error(answer.error.as_deref()) || !response.status().is_success() {
        let text = answer.error_message.unwrap_or_default();
        let error = refusal(account, response, WHAT, &text);
        return if error.kind == waybill_core::ErrorKind::NoService {
            Ok(Answer { refused: Some(shown(account, &text)), ..Answer::default() })
        } else {
            Err(error)
        };
    }
    let services = answer.services_and_charges.unwrap_or_default();
    let priced = services.into_iter().map(|(code, service)| {
        let price = price(&service).map(|price| (vec![price], delivery(&service)));
        (code, price)
    });
    Ok(Answer { priced: priced.collect(), refused: None })
}

/// The sum of the charges. A charge that cannot be read makes the price unknown, never smaller.
fn price(service: &json::Service) -> std::result::Result<Price, String> {
    let mut charges = Vec::new();
    let mut total = Money::zero(Currency::USD);
    for charge in &service.charges {
        if charge.currency.as_deref().is_some_and(|currency| !currency.eq_ignore_ascii_case("USD")) {
            return Err("OnTrac stated a charge that is not in US dollars".to_owned());
        }
        let Some(amount) = charge.amount else {
            return Err("OnTrac stated a charge without an amount".to_owned());
        };
        let amount = Money::new(amount, Currency::USD);
        total = total.checked_add(amount).map_err(|_| "the price is too large".to_owned())?;
        let code = charge.charge_code.clone();
        charges.push(Charge {
            kind: match code.as_deref() {
                Some("BS") => ChargeKind::Base,
                _ => ChargeKind::Other("surcharge".to_owned()),
            },
            text: code.clone().unwrap_or_else(|| "Charge".to_owned()),
            code,
            amount,
        });
    }
    if total.amount <= Decimal::ZERO {
        return Err("OnTrac named the service without a price".to_owned());
    }
    let base = charges.iter().find(|charge| charge.kind == ChargeKind::Base).map(|charge| charge.amount);
    Ok(Price { base, charges, ..Price::new(PriceKind::Account, total) })
}

/// UTC, although there is no letter that says so. The local time there is not told.
fn delivery(service: &json::Service) -> Option<DeliveryEstimate> {
    let text = service.expected_delivery_by.as_deref()?.trim().trim_end_matches('Z');
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    let latest = LocalMoment::with_offset(at.and_utc().fixed_offset());
    Some(DeliveryEstimate {
        latest,
        end_of_day: false,
        ..DeliveryEstimate::by_day(at.date(), EstimateBasis::Carrier)
    })
}

/// Puts the answers of all parcels together. A service is offered when every parcel has a price in it.
pub(crate) fn assemble(profile: &Profile, asked: &RateRequest, answers: &[Answer]) -> RateReply {
    let mut codes: Vec<&String> = answers.iter().flat_map(|answer| answer.priced.keys()).collect();
    codes.sort();
    codes.dedup();
    let mut reply = RateReply::default();
    for code in codes {
        let known = profile.service_by_carrier_code(code);
        let slug = known.map_or_else(|| ServiceCode(code.clone()), |service| service.code.clone());
        let name = known.map_or_else(|| format!("OnTrac {code}"), |service| service.name.clone());
        if !asked.wants(&slug) {
            continue;
        }
        let lines: std::result::Result<Vec<_>, String> = answers
            .iter()
            .map(|answer| {
                let none = || {
                    answer.refused.clone().unwrap_or_else(|| "OnTrac has no price for a parcel".to_owned())
                };
                answer.priced.get(code).cloned().unwrap_or_else(|| Err(none()))
            })
            .collect();
        match lines {
            Ok(lines) => reply.rates.extend(rate(slug, code, &name, lines)),
            Err(message) => reply.rejected.push(rejected(slug, name, message)),
        }
    }
    if let Some(message) = answers.iter().find_map(|answer| answer.refused.clone()) {
        for service in profile.services.iter().filter(|service| asked.wants(&service.code)) {
            if reply.rates.iter().all(|rate| rate.service != service.code)
                && reply.rejected.iter().all(|known| known.service != service.code)
            {
                reply.rejected.push(rejected(service.code.clone(), service.name.clone(), message.clone()));
            }
        }
    }
    reply
}

fn rejected(service: ServiceCode, service_name: String, message: String) -> Rejected {
    let reason = RejectReason::NoPrice;
    Rejected { service, service_name, reason, message, cure: String::new(), carrier_code: None }
}

fn rate(
    slug: ServiceCode,
    code: &str,
    name: &str,
    lines: Vec<(Vec<Price>, Option<DeliveryEstimate>)>,
) -> Option<Rate> {
    let (prices, dates): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    let mut offer = Rate::new(slug, code, name, charges::sum(prices)?);
    if dates.iter().all(Option::is_some) {
        offer.delivery = dates.into_iter().flatten().max_by_key(|estimate| estimate.latest.sort_key());
    }
    Some(offer)
}
