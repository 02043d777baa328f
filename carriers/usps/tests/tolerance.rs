//! Real answers differ from the API files in what they leave out and in how they write it. Each field of each answer is
//! left out, emptied, written as another type, wrapped in a list or given a value that is new: the answer still reads,
//! unless the field is one that nothing can be done without.

mod common;

use bytes::Bytes;
use serde_json::{Value, json};
use waybill_core::{ErrorKind, Response};
use waybill_usps::pure::PARSERS;

/// Parser, and the fields that an answer is nothing without.
const NEEDED: &[(&str, &[&str])] = &[
    ("token", &["access_token"]),
    ("payment", &["paymentAuthorizationToken"]),
    ("options", &[]),
    ("prices", &[]),
    ("standards", &[]),
    ("label", &["labelMetadata", "labelImage", "trackingNumber", "internationalTrackingNumber"]),
    ("return_label", &["returnLabelMetadata", "returnLabelImage", "trackingNumber"]),
    ("void", &["status"]),
    ("scan_form", &["SCANFormMetaData", "manifestNumber", "SCANFormImage"]),
    ("track", &[]),
    ("track_batch", &[]),
    ("pickup", &["confirmationNumber"]),
    ("pickup_etag", &[]),
    ("address", &["address"]),
    ("account", &["accountType"]),
];

/// Answers of every API with every field that is read, in invented words.
fn answers() -> Vec<(&'static str, Value)> {
    let mut all = prices();
    all.extend(labels());
    all.extend(histories());
    all.extend([
        ("token", json!({ "access_token": "t", "token_type": "Bearer", "issued_at": 1, "expires_in": "28799", "scope": "labels" })),
        ("payment", json!({ "paymentAuthorizationToken": "p", "roles": [{ "roleName": "PAYER" }] })),
        ("void", json!({ "trackingNumber": "1", "status": "DISPUTED", "disputeId": 103789 })),
        ("scan_form", json!({ "form": "5630", "mailingDate": "2026-11-24", "shipment": { "trackingNumbers": ["1"] },
            "manifestNumber": "9275", "trackingNumbers": ["1", 2], "fromAddress": {}, "SCANFormImage": "JVBERi0xLjQK" })),
        ("pickup", json!({ "confirmationNumber": "WTC1", "pickupDate": "2026-11-24", "carrierPickupRequest": { "pickupDate": "2026-11-24" } })),
        ("address", json!({ "firm": null, "address": { "streetAddress": "2093 COPPERLEAF TER", "secondaryAddress": "APT 5B",
                "city": "AUSTIN", "state": "TX", "ZIPCode": "78704", "ZIPPlus4": "1234", "urbanization": null },
            "additionalInfo": { "DPVConfirmation": "Y", "DPVCMRA": "N", "business": "N", "vacant": "N", "carrierRoute": "C001" },
            "corrections": [{ "code": "", "text": "" }], "matches": [{ "code": "31", "text": "exact" }], "warnings": ["w"] })),
        ("account", json!({ "accountType": "EPS", "accountNumber": "1", "nonProfitStatus": false, "sufficientFunds": true })),
    ]);
    all
}

fn commitment() -> Value {
    json!({ "name": "3 Days", "expectedDeliveryDate": "2026-11-27", "scheduleDeliveryDate": "2026-11-27",
        "guaranteedDelivery": false, "isPriorityMailNextDay": false })
}

fn warnings() -> Value {
    json!([{ "warningCode": "003", "warningDescription": "May not be available" }])
}

fn fees() -> Value {
    json!([{ "name": "Nonstandard Length > 22 in.", "SKU": "D811", "price": 4.00 }])
}

fn prices() -> Vec<(&'static str, Value)> {
    let option = json!({
        "commitment": commitment(), "totalPrice": 17.35, "totalBasePrice": 16.35,
        "rates": [{ "SKU": "DPXX0XXXXC08020", "description": "Priority Mail", "priceType": "COMMERCIAL", "price": 12.35,
            "weight": 2, "dimWeight": 0, "dimensionalWeight": 0, "fees": fees(), "warnings": warnings(), "mailClass": "PRIORITY_MAIL",
            "zone": "08", "productName": "", "productDefinition": "", "processingCategory": "MACHINABLE",
            "rateIndicator": "SP", "destinationEntryFacilityType": "NONE", "startDate": "2026-07-12", "endDate": "" }],
        "extraServices": [{ "extraService": "921", "name": "Signature Confirmation", "priceType": "COMMERCIAL",
            "price": 3.65, "SKU": "DXSC", "warnings": warnings() }],
        "dutiesTaxesFeesQuote": { "packageFee": 1.5, "itemQuotes": [{ "itemId": "1", "dutyPrice": 2, "taxPrice": 3 }] },
    });
    vec![
        (
            "options",
            json!({ "originZIPCode": "98109", "pricingOptions": [{ "priceType": "COMMERCIAL", "paymentAccount": {},
            "shippingOptions": [{ "mailClass": "PRIORITY_MAIL", "rateOptions": [option.clone()] }] }] }),
        ),
        ("prices", json!({ "rateOptions": [option.clone()] })),
        ("prices", option),
        (
            "standards",
            json!([{ "mailClass": "USPS_GROUND_ADVANTAGE", "notes": "", "serviceStandard": "3",
            "serviceStandardMessage": "3 Days", "cutOffTime": 1700, "acceptanceLocations": {},
            "delivery": { "scheduledDeliveryDateTime": "2026-11-27T18:00:00", "guaranteedDelivery": false } }]),
        ),
    ]
}

fn labels() -> Vec<(&'static str, Value)> {
    let metadata = json!({
        "labelAddress": { "streetAddress": "2093 COPPERLEAF TER", "city": "AUSTIN", "state": "TX", "ZIPCode": "78704" },
        "routingInformation": "42078704", "trackingNumber": "9405503699300124287028", "constructCode": "C03",
        "SKU": "DPXX0XXXXC08020", "postage": 12.35, "extraServices": [{ "name": "Signature Confirmation", "SKU": "DXSC",
            "price": 3.65, "warnings": warnings() }],
        "fees": fees(), "zone": "08", "mailingDate": "2026-11-24T22:00:00Z", "commitment": commitment(), "weightUOM": "lb",
        "weight": 2, "dimensionalWeight": 0.0, "permitHolderName": "", "inductionType": {}, "labelBrokerID": "",
        "bannerText": "USPS TRACKING # USPS Ship", "retailDistributionCode": "01", "serviceTypeCode": "055",
        "returnReceiptTrackingNumber": "9490903699300124287026", "links": [{ "rel": ["Tracking URL"], "href": "x" }],
    });
    let mut top = metadata.clone();
    (top["labelImage"], top["receiptImage"]) = (json!("JVBERi0xLjQK"), json!("JVBERi0xLjQK"));
    let mut back = metadata.clone();
    (back["returnLabelImage"], back["sku"]) = (json!("JVBERi0xLjQK"), json!("DPXX0XXXXC08020"));
    let abroad = json!({
        "labelMetadata": { "internationalTrackingNumber": "LZ000012162US", "postage": 30.5, "internationalPriceGroup": "12",
            "extraServices": [{ "serviceID": "930", "serviceName": "Insurance", "sku": "IX", "price": 2.5, "warnings": [] }],
            "weight": 2, "dimensionalWeight": "0.0", "fees": [], "mailingDate": "2026-11-24" },
        "prepaidDutiesTaxesFees": { "packageFee": 1.5, "itemCosts": [{ "dutyPrice": 5, "taxPrice": 1, "itemDescription": "x" }] },
        "labelImage": "JVBERi0xLjQK",
    });
    vec![
        ("label", top),
        (
            "label",
            json!({ "labelMetadata": metadata, "labelImage": "JVBERi0xLjQK", "reprintInfo": { "reprintNumber": 1, "reprintLimit": 3 } }),
        ),
        ("label", abroad),
        ("return_label", json!({ "returnLabelMetadata": metadata, "returnLabelImage": "JVBERi0xLjQK" })),
        ("return_label", back),
    ]
}

fn histories() -> Vec<(&'static str, Value)> {
    let event = json!({ "eventType": "Delivered", "eventCode": "01", "eventTimestamp": "2026-11-28T13:58:00",
        "GMTTimestamp": "2026-11-28T19:58:00Z", "GMTOffset": "-06:00", "eventCity": "AUSTIN", "eventState": "TX",
        "eventZIP": "78704", "eventZIPCode": "78704", "eventCountry": null, "firm": null, "name": "O FENNIMORE",
        "authorizedAgent": "false", "actionCode": "", "reasonCode": "" });
    let tracked = json!({ "trackingNumber": "1", "status": "Delivered", "statusCategory": "Delivered",
        "statusSummary": "Your item was delivered.", "mailClass": "Priority Mail<SUP>&reg;</SUP>", "services": ["a"],
        "deliveryDateExpectation": { "expectedDeliveryDate": "2026-11-28", "predictedDeliveryDate": "2026-11-28",
            "predictedDeliveryWindowStartTime": "09:00", "predictedDeliveryWindowEndTime": "18:00:00", "endOfDay": "End of Day" },
        "expectedDeliveryTimeStamp": "2026-11-28T18:00:00", "predictedDeliveryTimeStamp": "2026-11-28T18:00:00",
        "predictedDeliveryDate": "2026-11-28", "guaranteedDeliveryTimeStamp": "2026-11-28T18:00:00",
        "guaranteedDeliveryDate": "2026-11-28", "endOfDay": "9:00 pm", "associatedLabel": "", "eventSummaries": ["Delivered"],
        "relatedReturnReceiptID": "", "trackingEvents": [event.clone(), event] });
    vec![
        ("track", tracked.clone()),
        (
            "track_batch",
            json!([tracked, { "trackingNumber": "2", "error": { "code": "404", "message": "x", "errors": [] } }]),
        ),
    ]
}

/// Every field of a value, two elements deep into each list.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let at = format!("{at}/{name}");
                all.push(at.clone());
                places(value, at, all);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate().take(2) {
                all.push(format!("{at}/{index}"));
                places(value, format!("{at}/{index}"), all);
            }
        }
        _ => {}
    }
}

/// What may stand in a value's place in another answer.
fn instead(value: &Value) -> Vec<Value> {
    let mut all = vec![Value::Null, json!(""), json!([])];
    match value {
        Value::Object(_) => all.extend([json!({}), json!([value]), json!("words"), json!(7), json!(true)]),
        Value::Array(items) => {
            all.push(json!({}));
            all.extend(items.first().filter(|first| first.is_object()).cloned());
            let mut more = items.clone();
            more.push(Value::Null);
            all.push(Value::Array(more));
        }
        Value::String(text) => {
            all.extend([
                json!("SOMETHING_NEW"),
                json!(7),
                json!(7.5),
                json!(true),
                json!({}),
                json!([value]),
            ]);
            all.extend(text.parse::<i64>().ok().map(|number| json!(number)));
            all.extend([json!(text.to_ascii_lowercase()), json!(format!(" {text} "))]);
        }
        Value::Number(number) => {
            all.extend([json!(number.to_string()), json!("many"), json!(true), json!({}), json!([value])]);
        }
        _ => all.extend([json!("true"), json!("N"), json!(1), json!({})]),
    }
    all
}

fn read(parser: &str, body: &Value) -> Result<(), waybill_core::Error> {
    let (_, parse) = PARSERS.iter().find(|(name, _)| *name == parser).unwrap();
    let mut response = Response::new(Bytes::from(serde_json::to_vec(body).unwrap()));
    response.headers_mut().insert("etag", http::HeaderValue::from_static("\"1\""));
    parse(&common::config(), &response)
}

/// Reads every variation of an answer; those that are unreadable for want of a field that could be missed.
fn unreadable(parser: &str, answer: &Value) -> Vec<String> {
    let needed = NEEDED.iter().find(|(name, _)| *name == parser).map_or(&[][..], |row| row.1);
    let mut all = Vec::new();
    places(answer, String::new(), &mut all);
    let mut found = Vec::new();
    for at in all {
        let is_needed = at.split('/').any(|name| needed.contains(&name));
        let (parent, name) = at.rsplit_once('/').unwrap();
        let mut without = answer.clone();
        match without.pointer_mut(parent) {
            Some(Value::Object(fields)) => drop(fields.remove(name)),
            Some(Value::Array(items)) => drop(items.remove(name.parse().unwrap())),
            _ => {}
        }
        let mut variations = vec![without];
        // An element of a list may be `null`; a list of other things is another answer.
        let element = name.parse::<usize>().is_ok();
        let values = instead(answer.pointer(&at).unwrap());
        for value in values.into_iter().take(if element { 1 } else { usize::MAX }) {
            let mut varied = answer.clone();
            *varied.pointer_mut(&at).unwrap() = value;
            variations.push(varied);
        }
        for varied in variations {
            if let Err(error) = read(parser, &varied)
                && error.kind == ErrorKind::Malformed
                && !is_needed
            {
                let now = varied.pointer(&at).map_or("nothing".to_owned(), Value::to_string);
                found.push(format!("{parser} {at} = {}: {}", &now[..now.len().min(60)], error.message));
            }
        }
    }
    found
}

#[test]
fn every_field_may_be_missing_empty_or_of_another_type() {
    let mut found = Vec::new();
    for (parser, answer) in answers() {
        read(parser, &answer).unwrap_or_else(|error| panic!("{parser}: {error}"));
        found.extend(unreadable(parser, &answer));
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_shared_samples_may_vary_in_the_same_way() {
    let Some(folder) = common::shared() else {
        println!("skipped: the shared samples are not here (WAYBILL_SHARED)");
        return;
    };
    let mut found = Vec::new();
    for (name, parser) in [
        ("oauth_token_200.json", "token"),
        ("payment_authorization_200.json", "payment"),
        ("shipping_options_commercial_200.json", "options"),
        ("shipping_options_contract_international_200.json", "options"),
        ("total_rates_200.json", "prices"),
        ("intl_total_rates_200.json", "prices"),
        ("service_standards_estimates_200.json", "standards"),
        ("label_response_200_vendor_json.json", "label"),
        ("label_return_response_json_200.json", "label"),
        ("label_reprint_200.json", "label"),
        ("intl_label_response_201.json", "label"),
        ("scan_form_response_200_vendor.json", "scan_form"),
        ("tracking_detail_delivered_200.json", "track"),
        ("tracking_v3r2_in_transit_200.json", "track_batch"),
        ("pickup_create_200.json", "pickup"),
        ("address_200.json", "address"),
    ] {
        let answer: Value =
            serde_json::from_slice(&std::fs::read(folder.join("samples").join(name)).unwrap()).unwrap();
        found.extend(unreadable(parser, &answer));
    }
    assert!(found.is_empty(), "{found:#?}");
}
