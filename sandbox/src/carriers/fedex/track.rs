use serde_json::{Value, json};

use super::{error, output, rate};
use crate::http::Json as _;
use crate::journey::{Scan, Stage};
use crate::paper::Record;
use crate::world::country_name;
use crate::{Account, Cx, Reply, Sale};

/// Event type, derived code, text. `OD` is derived as in transit and a return as delivered: FedEx does so.
fn words(stage: Stage) -> [&'static str; 3] {
    match stage {
        Stage::Created => ["OC", "IN", "Shipment information sent to FedEx"],
        Stage::PickedUp => ["PU", "PU", "Picked up"],
        Stage::Departed => ["DP", "IT", "Departed FedEx location"],
        Stage::CustomsEntered => ["CP", "CP", "Clearance in progress"],
        Stage::CustomsCleared => ["CC", "IT", "International shipment release - Import"],
        Stage::Arrived => ["AR", "IT", "Arrived at FedEx location"],
        Stage::OutForDelivery => ["OD", "IT", "On FedEx vehicle for delivery"],
        Stage::Attempted => ["DE", "DE", "Delivery exception"],
        Stage::Delayed => ["DY", "DY", "Delay"],
        Stage::HeldForPickup => ["HL", "HL", "Ready for pickup"],
        Stage::Delivered => ["DL", "DL", "Delivered"],
        Stage::DeliveryReversed => ["IT", "IT", "In transit"],
        Stage::Refused => ["DE", "DE", "Delivery exception"],
        Stage::Returning => ["RS", "DL", "Returning package to shipper"],
        Stage::ReturnedToSender => ["RS", "DL", "Returned to shipper"],
        Stage::Voided => ["CA", "CA", "Shipment cancelled by sender"],
    }
}

pub(super) fn by_number(cx: &Cx, body: &Value) -> Reply {
    let asked = body.list("/trackingInfo");
    if asked.len() > 30 {
        return error(
            400,
            "TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED",
            "Please limit the tracking numbers to 30.",
        );
    }
    let numbers: Vec<String> =
        asked.iter().filter_map(|info| info.text("/trackingNumberInfo/trackingNumber")).collect();
    if numbers.is_empty() {
        return error(400, "TRACKING.TRACKINGNUMBER.EMPTY", "Please provide tracking number.");
    }
    let scans = body.pointer("/includeDetailedScans") == Some(&json!(true));
    let results: Vec<Value> = numbers
        .iter()
        .map(|number| {
            let track = match cx.find_number(number) {
                Some(sale) => track(cx, &sale, number, scans),
                None => not_found(number),
            };
            json!({"trackingNumber": number, "trackResults": [track]})
        })
        .collect();
    output(json!({"completeTrackResults": results}))
}

pub(super) fn by_reference(cx: &Cx, account: &Account, body: &Value) -> Reply {
    let asked = &body["referencesInformation"];
    let (Some(value), Some(_), Some(_)) =
        (asked.text("/value"), asked.text("/shipDateBegin"), asked.text("/shipDateEndDate"))
    else {
        return error(
            400,
            "TRACKING.REFERENCEVALUE.EMPTY",
            "Please provide a reference value and a ship date range.",
        );
    };
    let by_place = asked.text("/destinationCountryCode").is_some();
    let number = asked.text("/accountNumber");
    if number.is_none() && !by_place {
        return error(
            400,
            "TRACKING.ACCOUNTNUMBER.EMPTY",
            "Please provide an account number or a destination.",
        );
    }
    let owner = number.unwrap_or_else(|| account.number.to_owned());
    let found = cx.find(&owner, &value);
    if found.is_empty() || owner != account.number {
        let text = "Reference number cannot be found. Please correct the reference number and try again.";
        return error(400, "TRACKING.REFERENCENUMBER.NOTFOUND", text);
    }
    let scans = body.pointer("/includeDetailedScans") == Some(&json!(true));
    output(json!({"completeTrackResults": results(cx, &found, scans)}))
}

/// The pieces of a master number.
pub(super) fn associated(cx: &Cx, body: &Value) -> Reply {
    let master = body.text("/masterTrackingNumberInfo/trackingNumberInfo/trackingNumber").unwrap_or_default();
    match cx.find_number(&master) {
        Some(sale) => output(json!({"completeTrackResults": results(cx, &[sale], false)})),
        None => error(404, "TRACKING.DATA.NOTFOUND", "Tracking data unavailable."),
    }
}

fn results(cx: &Cx, sales: &[Sale], scans: bool) -> Vec<Value> {
    let each = |sale: &Sale| -> Vec<Value> {
        let one = |number: &String| json!({"trackingNumber": number, "trackResults": [track(cx, sale, number, scans)]});
        sale.tracking.iter().map(one).collect()
    };
    sales.iter().flat_map(each).collect()
}

fn not_found(number: &str) -> Value {
    json!({
        "trackingNumberInfo": {"trackingNumber": number, "trackingNumberUniqueId": "", "carrierCode": ""},
        "error": {"code": "TRACKING.TRACKINGNUMBER.NOTFOUND",
            "message": "Tracking number cannot be found. Please correct the tracking number and try again."},
    })
}

fn track(cx: &Cx, sale: &Sale, number: &str, with_scans: bool) -> Value {
    let record = Record::of(sale);
    let plan = record.plan(cx, sale, number);
    let scans = plan.scans(cx.now());
    let latest = scans.iter().max_by_key(|scan| scan.at);
    let stage = latest.map_or(Stage::Created, |scan| scan.stage);
    let [code, derived, text] = words(stage);
    let city = |place: &crate::world::Place| {
        json!({"address": {"city": place.city.to_uppercase(), "stateOrProvinceCode": place.state,
            "countryCode": place.country, "countryName": country_name(&place.country)}})
    };
    let reasons = match stage {
        Stage::Attempted => {
            json!([{"reason": "08", "reasonDescription": "Customer not available or business closed"}])
        }
        Stage::Refused => json!([{"reason": "07", "reasonDescription": "Refused by recipient"}]),
        _ => json!([]),
    };
    let mut dates =
        vec![json!({"type": "SHIP", "dateTime": format!("{}T00:00:00", sale.sold_at.date_naive())})];
    match latest.filter(|scan| scan.stage == Stage::Delivered) {
        Some(scan) => dates.push(json!({"type": "ACTUAL_DELIVERY", "dateTime": time(scan)})),
        None => dates
            .push(json!({"type": "ESTIMATED_DELIVERY", "dateTime": format!("{}T23:59:00", plan.promised())})),
    }
    let references: Vec<Value> = sale
        .references
        .iter()
        .map(|value| json!({"type": "CUSTOMER_REFERENCE", "values": [value]}))
        .collect();
    let position = sale.tracking.iter().position(|known| known == number).unwrap_or(0);
    let mut track = json!({
        "trackingNumberInfo": {"trackingNumber": number, "carrierCode": rate::carrier_code(&sale.service),
            "trackingNumberUniqueId": format!("{}~{number}~FX", sale.sold_at.timestamp())},
        "additionalTrackingInfo": {"packageIdentifiers": references, "hasAssociatedShipments": sale.tracking.len() > 1},
        "shipperInformation": city(&record.origin), "recipientInformation": city(&record.destination),
        "latestStatusDetail": {"code": code, "derivedCode": derived, "statusByLocale": text, "description": text,
            "scanLocation": latest.map(location), "ancillaryDetails": reasons},
        "dateAndTimes": dates,
        "serviceDetail": {"type": sale.service, "description": record.service_name},
        "packageDetails": {"count": sale.tracking.len().to_string(), "sequenceNumber": (position + 1).to_string()},
        "error": {},
    });
    if stage == Stage::Delivered {
        track["deliveryDetails"] = json!({"receivedByName": "SAMPLE", "deliveryAttempts": "0"});
    }
    if with_scans {
        track["scanEvents"] = scans.iter().rev().map(event).collect();
    }
    track
}

fn time(scan: &Scan) -> String {
    format!("{}{}", scan.local().format("%Y-%m-%dT%H:%M:%S"), scan.offset())
}

fn location(scan: &Scan) -> Value {
    json!({"city": scan.city, "stateOrProvinceCode": scan.state, "postalCode": scan.postal, "countryCode": scan.country})
}

fn event(scan: &Scan) -> Value {
    let [code, derived, text] = words(scan.stage);
    json!({"date": time(scan), "eventType": code, "eventDescription": text, "derivedStatusCode": derived,
        "derivedStatus": text, "exceptionDescription": "", "scanLocation": location(scan)})
}
