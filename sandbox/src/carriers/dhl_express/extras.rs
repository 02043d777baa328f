//! Pickups, address check, identifiers, document upload.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{error, rate, refuse, ship};
use crate::http::Json as _;
use crate::world;
use crate::{Account, Cx, Reply, Request};

pub(super) fn identifiers(cx: &Cx, account: &Account, request: &Request) -> Reply {
    if cx.quirk("identifiers-not-enabled") || request.query("accountNumber") != Some(account.number) {
        return error(request, 400, "Bad request", "3501: Identifiers are not allowed for the user", &[]);
    }
    let size: usize = request.query("size").and_then(|size| size.parse().ok()).unwrap_or(1);
    let list: Vec<String> = (0..size.clamp(1, 100)).map(|_| ship::waybill(cx)).collect();
    list.iter().for_each(|number| cx.remember(&format!("sid {number}"), account.number));
    Reply::json(200, &json!({"identifiers": [{"typeCode": request.query("type"), "list": list}]}))
}

/// Books a courier and answers the confirmation number.
pub(super) fn book(cx: &Cx, day: NaiveDate) -> String {
    let number = format!("PRG{}{:06}", day.format("%y%m%d"), cx.ledger().next_serial("dhl-pickup"));
    cx.remember(&format!("pickup {number}"), day.to_string());
    number
}

pub(super) fn pickup(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let body = request.json().unwrap_or(Value::Null);
    if body.text("/accounts/0/number").as_deref() != Some(account.number) {
        return error(request, 400, "Bad request", "8003: The account is not allowed for pickup", &[]);
    }
    let day = match rate::planned(cx, body.text("/plannedPickupDateAndTime")) {
        Ok(day) => day,
        Err(refusal) => return refuse(request, refusal),
    };
    if body["customerDetails"]["shipperDetails"]["postalAddress"].has("/countryName") {
        return refuse(request, (422, vec!["#/customerDetails/shipperDetails/postalAddress: extraneous key [countryName] is not permitted".into()]));
    }
    if body.list("/shipmentDetails").is_empty() {
        return refuse(request, (422, vec!["#: required key [shipmentDetails] not found".into()]));
    }
    let next = world::next_business_day(day);
    Reply::json(
        201,
        &json!({"dispatchConfirmationNumbers": [book(cx, next)], "readyByTime": "12:00", "nextPickupDate": next.to_string()}),
    )
}

fn missing(request: &Request) -> Reply {
    let text = "Cancellation of booking was not successful. Requested Pickup was not found";
    error(request, 404, "Pickup not found", text, &[])
}

pub(super) fn pickup_update(cx: &Cx, request: &Request, number: &str) -> Reply {
    let body = request.json().unwrap_or(Value::Null);
    let key = format!("pickup {number}");
    if cx.recall(&key).is_none() {
        return missing(request);
    }
    match rate::planned(cx, body.text("/plannedPickupDateAndTime")) {
        Ok(day) => {
            cx.remember(&key, day.to_string());
            Reply::json(
                200,
                &json!({"dispatchConfirmationNumber": number, "readyByTime": "12:00", "nextPickupDate": day.to_string()}),
            )
        }
        Err(refusal) => refuse(request, refusal),
    }
}

pub(super) fn pickup_cancel(cx: &Cx, request: &Request, number: &str) -> Reply {
    if request.query("requestorName").is_none() || request.query("reason").is_none() {
        return error(request, 400, "Bad request", "requestorName and reason are required", &[]);
    }
    match cx.forget(&format!("pickup {number}")) {
        Some(_) => Reply::new(200, "application/json", ""),
        None => missing(request),
    }
}

pub(super) fn address(request: &Request) -> Reply {
    let country = request.query("countryCode").unwrap_or_default();
    let postal = request.query("postalCode").unwrap_or_default();
    let served = world::is_country(country) && (country != "US" || world::state_of(postal).is_some());
    if !served {
        return error(request, 400, "Bad request", "The requested address is not serviceable", &[]);
    }
    let city = request.query("cityName").unwrap_or_default().to_uppercase();
    Reply::json(
        200,
        &json!({"warnings": [], "address": [{"countryCode": country, "postalCode": postal, "cityName": city,
        "countyName": world::state_of(postal).unwrap_or_default(),
        "serviceArea": {"code": "SBX", "description": world::country_name(country), "GMTOffset": "+00:00"}}]}),
    )
}

pub(super) fn upload(cx: &Cx, account: &Account, number: &str) -> Reply {
    match cx.find_number(number).filter(|sale| sale.account == account.number) {
        Some(_) => Reply::json(200, &json!({"status": "OK"})),
        None => {
            let body = json!({"detail": "7096: The shipment identification number is invalid", "title": "Not found", "status": "404"});
            Reply::json(404, &body)
        }
    }
}
