//! On-call pickups: arrange and cancel. UPS has no update: cancel and arrange anew.

use std::collections::BTreeMap;

use async_trait::async_trait;
use http::Method;
use rust_decimal::Decimal;
use waybill_core::{
    Charge, ChargeKind, Currency, Cx, Error, ErrorKind, LocalMoment, Money, Pickup, PickupCancelled,
    PickupKey, PickupReply, PickupRequest, Price, PriceKind, Profile, Request, Response, Result, SpendPermit,
    Weight, WeightUnit, wire,
};

use crate::carrier::Ups;
use crate::config::Config;
use crate::wire::common::{Phone, RequestPart};
use crate::wire::pickup::{self, PickupCancelResponseWrapper, PickupCreationResponseWrapper, RateResult};
use crate::{error, parts, rate, services};

#[async_trait]
impl Pickup for Ups {
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let order = self::request(&self.config, &self.profile, request)?;
        parse(&self.spend(cx, permit, order).await?, request)
    }

    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled> {
        parse_cancelled(&self.change(cx, cancel_request(&self.config, key)?).await?)
    }
}

/// Builds the order.
pub(crate) fn request(config: &Config, profile: &Profile, request: &PickupRequest) -> Result<Request> {
    check(request)?;
    let origin = request.address.country;
    let total = Weight::sum(request.parcels.iter().map(|parcel| &parcel.weight));
    let total = parts::weight(&total, origin);
    // 70 lb, or 32 kg where kilograms are used.
    let limit = if parts::imperial(origin) {
        Weight::new(70, WeightUnit::Pound)
    } else {
        Weight::new(32, WeightUnit::Kilogram)
    };
    let text = |text: &Option<String>, most: usize| {
        text.as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(|text| wire::clip(text, most).to_owned())
    };
    let body = pickup::PickupCreationRequestWrapper {
        pickup_creation_request: pickup::PickupCreationRequest {
            request: RequestPart { sub_version: None, request_option: None },
            rate_pickup_indicator: "Y",
            shipper: pickup::Shipper {
                account: pickup::Account {
                    account_number: config.account_number.clone(),
                    account_country_code: config.country.to_string(),
                },
            },
            pickup_date_info: pickup::PickupDateInfo {
                close_time: request.close.format("%H%M").to_string(),
                ready_time: request.ready.format("%H%M").to_string(),
                pickup_date: parts::day(request.date),
            },
            pickup_address: address(request, text(&request.place, 11)),
            alternate_address_indicator: "Y",
            pickup_piece: pieces(profile, request)?,
            total_weight: pickup::TotalWeight {
                weight: total.weight,
                unit_of_measurement: total.unit_of_measurement.code,
            },
            overweight_indicator: yes_no(request.parcels.iter().any(|parcel| parcel.weight > limit)),
            payment_method: "01",
            special_instruction: text(&request.instructions, 57),
            reference_number: request.handle.short(),
        },
    };
    wire::json_request(
        Method::POST,
        &wire::endpoint(&config.base()?, "/api/pickupcreation/v2409/pickup"),
        &body,
    )
}

fn check(request: &PickupRequest) -> Result<()> {
    let mut problems = request.address.problems("address");
    let mut say = |path: &str, problem: &str, cure: &str| {
        problems.push(waybill_core::FieldProblem::new(path, problem, cure));
    };
    if request.address.phone_digits().is_none() {
        say("address.phone", "UPS wants a phone number for the driver", "give a phone number");
    }
    if request.parcels.is_empty() {
        say("parcels", "there is nothing to collect", "give at least one parcel with its weight");
    }
    if request.ready >= request.close {
        say("ready", "the place closes before the parcels are ready", "correct `ready` or `close`");
    }
    if request.services.len() > 1 && request.services.len() != request.parcels.len() {
        say(
            "services",
            "neither one service for all nor one per parcel",
            "give one, or as many as there are parcels",
        );
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

fn yes_no(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}

fn address(request: &PickupRequest, pickup_point: Option<String>) -> pickup::PickupAddress {
    let address = &request.address;
    let lines = address.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
    let state = address.state_or_empty().trim();
    let postal_code: String = address.postal_or_empty().chars().filter(|c| !c.is_whitespace()).collect();
    pickup::PickupAddress {
        company_name: wire::clip(address.organisation().trim(), 27).to_owned(),
        contact_name: wire::clip(address.contact().trim(), 22).to_owned(),
        address_line: lines.map(|line| wire::clip(line, 73).to_owned()).collect(),
        city: address.city.trim().to_owned(),
        state_province: (!state.is_empty()).then(|| state.to_owned()),
        postal_code: (!postal_code.is_empty()).then_some(postal_code),
        country_code: address.country.to_string(),
        residential_indicator: yes_no(address.residential == Some(true)),
        pickup_point,
        phone: parts::phone(address).unwrap_or_else(|| Phone { number: String::new() }),
    }
}

/// Parcels by service and container. The service code has three digits here: `003`.
fn pieces(profile: &Profile, request: &PickupRequest) -> Result<Vec<pickup::PickupPiece>> {
    let ground = "ground".into();
    let mut counted: BTreeMap<(String, &'static str), usize> = BTreeMap::new();
    for (at, parcel) in request.parcels.iter().enumerate() {
        let service = request.services.get(at).or(request.services.first()).unwrap_or(&ground);
        let Some((code, _)) = services::carrier_code(profile, service) else {
            let path = format!("services[{at}]");
            return Err(Error::invalid_field(
                path,
                format!("UPS has no service `{service}`"),
                "name a UPS service",
            ));
        };
        let container = if parcel.packaging == "letter" { "02" } else { "01" };
        *counted.entry((format!("{code:0>3}"), container)).or_default() += 1;
    }
    let country = request.address.country.to_string();
    let piece =
        |((service_code, container_code), quantity): ((String, &'static str), usize)| pickup::PickupPiece {
            service_code,
            quantity: quantity.to_string(),
            destination_country_code: country.clone(),
            container_code,
        };
    Ok(counted.into_iter().map(piece).collect())
}

/// Reads the confirmation.
pub(crate) fn parse(response: &Response, request: &PickupRequest) -> Result<PickupReply> {
    let answer: PickupCreationResponseWrapper = error::read(response, "pickup")?;
    let answer = answer.pickup_creation_response;
    let confirmation =
        answer.prn.ok_or_else(|| Error::malformed("pickup: the answer has no confirmation number"))?;
    let at = |time| LocalMoment { time: Some(time), ..LocalMoment::day(request.date) };
    Ok(PickupReply {
        confirmation,
        window_start: at(request.ready),
        window_end: Some(at(request.close)),
        price: answer.rate_result.as_ref().and_then(price),
        carrier_data: None,
        warnings: rate::notices(&answer.response.unwrap_or_default().alert),
    })
}

fn price(rated: &RateResult) -> Option<Price> {
    let currency: Currency = rated.currency_code.as_deref()?.parse().ok()?;
    let total = Money::new(rated.grand_total_of_all_charge?, currency);
    let charges = rated.charge_detail.iter().filter_map(|line| {
        let amount = line.charge_amount.filter(|amount| *amount != Decimal::ZERO)?;
        Some(Charge {
            kind: ChargeKind::Pickup,
            code: line.charge_code.clone(),
            text: line.charge_description.clone().unwrap_or_default(),
            amount: Money::new(amount, currency),
        })
    });
    Some(Price { charges: charges.collect(), ..Price::new(PriceKind::Account, total) })
}

/// Builds the cancellation: `02` is by confirmation number.
pub(crate) fn cancel_request(config: &Config, key: &PickupKey) -> Result<Request> {
    let url = wire::endpoint(&config.base()?, "/api/shipments/v2409/pickup/02");
    let mut request = wire::request(Method::DELETE, &url)?;
    wire::set_header(&mut request, "prn", key.confirmation.trim())?;
    Ok(request)
}

/// Reads the answer to a cancellation. UPS publishes no codes for its refusals: one that is not in our table is taken
/// as a number that UPS does not know.
pub(crate) fn parse_cancelled(response: &Response) -> Result<PickupCancelled> {
    match error::read::<PickupCancelResponseWrapper>(response, "pickup cancellation") {
        Ok(_) => Ok(PickupCancelled::Cancelled),
        Err(error) if error.kind == ErrorKind::Invalid => {
            let message =
                "pickup cancellation: UPS has no pickup with this number that can be cancelled".to_owned();
            Err(Error { kind: ErrorKind::NotFound, message, ..error })
        }
        Err(error) => Err(error),
    }
}
