//! Collections: create, change, cancel.

use chrono::{DateTime, NaiveDateTime, Utc};
use waybill_core::{
    Error, FieldProblem, LocalMoment, PickupCancelled, PickupKey, PickupReply, PickupRequest, Request,
    Response, Result, wire, wire::clip,
};

use crate::carrier::Account;
use crate::measure::System;
use crate::wire::pickup::{self, Instruction, PickupAnswer, PickupParties, PickupShipment};
use crate::wire::{self as messages};
use crate::{auth, clock, error, parties, rate, services, track};

const WHAT: &str = "collection";

/// `POST /pickups`. A repeat books twice.
pub(crate) fn request(account: &Account, now: DateTime<Utc>, request: &PickupRequest) -> Result<Request> {
    let message = message(account, now, request, None)?;
    let url = wire::endpoint(&account.config.base()?, "pickups");
    let sent = wire::json_request(http::Method::POST, &url, &message)?;
    auth::seal(&account.config, sent, Some(&request.handle.uuid()))
}

/// `PATCH /pickups/{n}`.
pub(crate) fn update_request(
    account: &Account,
    now: DateTime<Utc>,
    key: &PickupKey,
    request: &PickupRequest,
) -> Result<Request> {
    let message = message(account, now, request, Some(&key.confirmation))?;
    let url = wire::endpoint_of(&account.config.base()?, &["pickups", &key.confirmation]);
    auth::seal(&account.config, wire::json_request(http::Method::PATCH, &url, &message)?, None)
}

fn message(
    account: &Account,
    now: DateTime<Utc>,
    request: &PickupRequest,
    changes: Option<&str>,
) -> Result<pickup::PickupRequest> {
    let mut problems = Vec::new();
    if request.close <= request.ready {
        problems.push(FieldProblem::new("close", "not after `ready`", "leave the courier an hour or two"));
    }
    if request.parcels.is_empty() {
        problems.push(FieldProblem::new(
            "parcels",
            "there is nothing to collect",
            "give at least one parcel",
        ));
    }
    let shipper = parties::party(&request.address, "address", &mut problems);
    let words = request.instructions.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let place = request.place.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let zone = clock::zone(account.zone, &request.address);
    let planned = clock::planned(now, zone, request.date, request.ready).map_err(|mut error| {
        for field in &mut error.fields {
            field.path = "date".to_owned();
        }
        error
    })?;
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    Ok(pickup::PickupRequest {
        dispatch_confirmation_number: changes.map(str::to_owned),
        original_shipper_account_number: changes.map(|_| account.config.account.clone()),
        planned_pickup_date_and_time: planned,
        close_time: request.close.format("%H:%M").to_string(),
        location: place.map(|place| clip(place, 80).to_owned()),
        location_type: if request.address.residential == Some(true) { "residence" } else { "business" },
        accounts: vec![messages::Account { type_code: "shipper", number: account.config.account.clone() }],
        special_instructions: words
            .map(|text| Instruction { value: clip(text, 80).to_owned() })
            .into_iter()
            .collect(),
        customer_details: PickupParties { shipper_details: shipper },
        shipment_details: vec![shipment(request)],
    })
}

/// What is collected. A collection has no destination in the model: without a service it is taken for goods that go
/// abroad, the parcel that this carrier is offered for.
fn shipment(request: &PickupRequest) -> PickupShipment {
    let family = request.services.iter().find_map(|service| services::family(service.as_str()));
    let goods = family.map_or(Some("P"), |family| family.goods);
    let documents = family.and_then(|family| family.documents);
    let system = System::of(&request.parcels);
    let waybill =
        request.tracking.iter().map(|number| number.as_str()).find(|number| track::is_waybill(number));
    PickupShipment {
        product_code: goods.or(documents).unwrap_or("P").to_owned(),
        is_customs_declarable: goods.is_some(),
        unit_of_measurement: system.word(),
        shipment_tracking_number: waybill.map(str::to_owned),
        packages: request.parcels.iter().map(|parcel| system.package(parcel)).collect(),
    }
}

/// The confirmation. An answer without number is no confirmation.
pub(crate) fn parse(request: &PickupRequest, response: Response) -> Result<PickupReply> {
    let response = error::ok(response, WHAT)?;
    let answer: PickupAnswer = wire::parse_json(&response, WHAT)?;
    let first = answer.dispatch_confirmation_numbers.iter().find_map(|number| number.0.clone());
    let Some(confirmation) = first.or(answer.dispatch_confirmation_number) else {
        let error = Error::malformed(format!("{WHAT}: the answer has no confirmation number"));
        return Err(error.with_words(wire::words_of(&response)));
    };
    let date = answer.next_pickup_date.as_deref().and_then(clock::local).map_or(request.date, |(day, _)| day);
    let ready = answer.ready_by_time.as_deref().and_then(clock::time).unwrap_or(request.ready);
    Ok(PickupReply {
        confirmation,
        window_start: LocalMoment::local(NaiveDateTime::new(date, ready)),
        window_end: Some(LocalMoment::local(NaiveDateTime::new(date, request.close))),
        price: None,
        carrier_data: None,
        warnings: rate::notices(&answer.warnings),
    })
}

/// `DELETE /pickups/{n}`: both parameters are required.
pub(crate) fn cancel_request(account: &Account, key: &PickupKey) -> Result<Request> {
    let mut url = wire::endpoint_of(&account.config.base()?, &["pickups", &key.confirmation]);
    url.query_pairs_mut()
        .append_pair("requestorName", clip(account.config.requestor.trim(), 45))
        .append_pair("reason", "not needed any more");
    auth::seal(&account.config, wire::request(http::Method::DELETE, &url)?, None)
}

/// Success has an empty or an uninteresting body.
pub(crate) fn parse_cancel(response: Response) -> Result<PickupCancelled> {
    error::done(response, "cancellation of a collection").map(|_| PickupCancelled::Cancelled)
}
