//! Answers in shapes that differ from the specification: texts, numbers and objects in one another's place, missing and
//! empty parts, other cases and orders. Whatever is readable is read.

mod common;

use common::{Canned, carrier, order, permit};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{block_on, sample_shipment};

fn quote(answer: &Value) -> RateReply {
    let host = Canned::new(200, answer.to_string());
    let carrier = carrier(json!({}));
    let request = RateRequest::new(sample_shipment("us_to_de").unwrap());
    block_on(carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request)).unwrap()
}

fn buy(answer: &Value) -> Result<Purchase> {
    let host = Canned::new(201, answer.to_string());
    let order = order(sample_shipment("us_to_de").unwrap(), "express-worldwide");
    block_on(carrier(json!({})).label().unwrap().buy(&host.cx("buy"), &order, permit()))
}

fn track(answer: &Value) -> Track {
    let host = Canned::new(200, answer.to_string());
    let request = TrackRequest::new(["2741906358"]);
    let replies =
        block_on(carrier(json!({})).tracking().unwrap().track(&host.cx("track"), &request)).unwrap();
    match replies.replies.into_iter().next().unwrap().outcome {
        TrackOutcome::Found(track) => *track,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rate_is_read_in_every_shape() {
    let plain = json!({ "productName": "EXPRESS WORLDWIDE", "productCode": "P", "localProductCode": "P", "isCustomerAgreement": false,
        "weight": { "volumetric": 1.5, "provided": 2, "unitOfMeasurement": "metric" },
        "totalPrice": [{ "currencyType": "BILLC", "priceCurrency": "EUR", "price": 101.5 }],
        "totalPriceBreakdown": [{ "currencyType": "BILLC", "priceCurrency": "EUR", "priceBreakdown": [{ "typeCode": "STTXA", "price": 16.2 }, { "typeCode": "SPRQT", "price": 70 }] }],
        "detailedPriceBreakdown": [{ "currencyType": "BILLC", "priceCurrency": "EUR", "breakdown": [{ "name": "EXPRESS WORLDWIDE", "price": 70 }, { "name": "FUEL SURCHARGE", "serviceCode": "FF", "price": 15.3 }, { "name": "VERBAL NOTIFICATION", "serviceCode": "JA" }] }],
        "deliveryCapabilities": { "estimatedDeliveryDateAndTime": "2026-11-27T12:00:00", "totalTransitDays": 3 } });
    let odd = json!({ "productName": "EXPRESS WORLDWIDE", "productCode": "P", "localProductCode": "P", "isCustomerAgreement": "false", "new": [{}],
        "weight": [{ "volumetric": "1.5", "provided": "2", "unitOfMeasurement": "metric" }],
        "totalPrice": { "currencyType": "billc", "priceCurrency": "eur", "price": "101.50" },
        "totalPriceBreakdown": { "priceBreakdown": [null, { "typeCode": "sttxa", "price": "16.2" }, { "typeCode": "SPRQT", "price": "70.00" }] },
        "detailedPriceBreakdown": [{ "currencyType": "BILLC", "breakdown": [{ "name": "EXPRESS WORLDWIDE", "serviceCode": "", "price": "70", "priceCurrency": "eur" }, { "name": "FUEL SURCHARGE", "serviceCode": "FF", "price": "15.30" }, { "name": "VERBAL NOTIFICATION", "serviceCode": "JA", "price": null }, "?"] }],
        "deliveryCapabilities": { "estimatedDeliveryDateAndTime": "2026-11-27 12:00", "totalTransitDays": "3" }, "pickupCapabilities": "" });
    let rate = |product: &Value| quote(&json!({ "products": [product] })).rates.remove(0);
    let (wanted, found) = (rate(&plain), rate(&odd));
    assert_eq!(found, wanted);
    assert_eq!(wanted.prices[0].taxes.unwrap().to_string(), "16.20 EUR");
    assert_eq!(wanted.prices[0].charges.len(), 2);
    assert_eq!(wanted.transit_days, Some(3));
    assert_eq!(wanted.delivery.unwrap().latest.time, "12:00:00".parse().ok());
    assert_eq!(quote(&json!({ "products": odd })).rates.len(), 1);
}

/// A price that does not say which of the three currencies it is in is the billed one only when it stands alone.
#[test]
fn a_lone_price_is_the_billed_one() {
    let product = |prices: Value| json!({ "products": [{ "productCode": "P", "totalPrice": prices }] });
    let lone = quote(&product(json!([{ "priceCurrency": "USD", "price": 90 }])));
    assert_eq!(lone.rates[0].payable().unwrap().total.to_string(), "90.00 USD");
    for prices in [
        json!([{ "priceCurrency": "USD", "price": 90 }, { "priceCurrency": "EUR", "price": 80 }]),
        json!([{ "currencyType": "PULCL", "priceCurrency": "USD", "price": 90 }]),
        json!([{ "currencyType": "BILLC", "price": 0 }]),
        json!([]),
        json!(null),
    ] {
        let reply = quote(&product(prices));
        assert!(reply.rates.is_empty());
        assert!(reply.rejected.iter().any(|one| one.reason == RejectReason::NoPrice));
    }
}

#[test]
fn a_collection_on_the_next_business_day_is_told() {
    let product = |next: Value| json!({ "products": [{ "productCode": "P", "totalPrice": [{ "currencyType": "BILLC", "priceCurrency": "USD", "price": 90 }], "pickupCapabilities": { "nextBusinessDay": next } }] });
    let codes = |next: Value| -> Vec<Option<String>> {
        quote(&product(next)).rates[0].warnings.iter().map(|notice| notice.code.clone()).collect()
    };
    assert_eq!(codes(json!(true)), [Some("next-business-day".to_owned())]);
    assert_eq!(codes(json!("true")), [Some("next-business-day".to_owned())]);
    assert!(codes(json!(false)).is_empty() && codes(json!(null)).is_empty());
}

const PDF: &str = "JVBERi0xLjQK";

#[test]
fn a_sale_is_read_in_every_shape() {
    let odd = json!({ "shipmentTrackingNumber": 2741906358_u64, "packages": { "referenceNumber": "1", "trackingNumber": "JD014600008812340022",
            "documents": [{ "imageFormat": "PNG", "content": "iVBORw==", "typeCode": "qr-code" }] },
        "documents": [{ "typeCode": "LABEL", "imageFormat": "pdf", "content": PDF }, { "typeCode": "invoice", "imageFormat": "PDF", "content": "" }, { "typeCode": "Receipt", "content": "?" }],
        "shipmentCharges": { "priceCurrency": "usd", "price": "118.42", "serviceBreakdown": null },
        "estimatedDeliveryDate": "2026-11-27", "warnings": "The label will be printed in English" });
    let bought = buy(&odd).unwrap();
    assert_eq!(bought.pieces[0].tracking.as_str(), "2741906358");
    assert_eq!(bought.charged().unwrap().to_string(), "118.42 USD");
    assert_eq!(bought.delivery.unwrap().latest.date, "2026-11-27".parse().ok());
    let kinds: Vec<_> =
        bought.documents.iter().map(|one| (one.kind.as_str().to_owned(), one.parcel)).collect();
    assert_eq!(kinds, [("label".to_owned(), Some(0)), ("qr_code".to_owned(), Some(0))]);
    let remarks: Vec<_> = bought.warnings.iter().filter_map(|notice| notice.code.as_deref()).collect();
    assert_eq!(remarks.iter().filter(|code| **code == "document-unreadable").count(), 2);
    assert!(bought.warnings.iter().any(|notice| notice.message.contains("printed in English")));
}

/// A label that cannot be read leaves the outcome open: the waybill is sold.
#[test]
fn a_broken_label_is_no_sale_without_a_label() {
    for documents in [
        json!([]),
        json!(null),
        json!([{ "typeCode": "label", "content": "?" }]),
        json!([{ "typeCode": "label" }]),
    ] {
        let error =
            buy(&json!({ "shipmentTrackingNumber": "2741906358", "documents": documents })).unwrap_err();
        assert_eq!((error.kind, error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));
    }
    let nameless = json!({ "documents": [{ "typeCode": "label", "content": PDF }] });
    assert_eq!(buy(&nameless).unwrap_err().phase, Phase::OutcomeUnknown);
}

fn shipment(events: Value) -> Value {
    json!({ "shipments": [{ "shipmentTrackingNumber": "2741906358", "events": events }] })
}

#[test]
fn a_history_is_read_in_every_shape() {
    let odd = json!({ "shipments": { "shipmentTrackingNumber": 2741906358_u64, "status": { "statusCode": "Success" }, "productCode": "P",
        "totalWeight": "2.5", "unitOfMeasurements": "metric", "shipperReferences": "", "childrenShipmentIdentificationNumbers": ["2741906359"],
        "estimatedDeliveryDate": { "estimatedDeliveryDate": "2026-11-27T23:59:00" },
        "pieces": [{ "number": "1", "trackingNumber": "JD014600008812340022", "dimensions": {} }, null],
        "events": [
            { "date": "2026-11-24T10:00:00", "typeCode": "pu", "description": "Shipment picked up", "serviceArea": { "code": "SEA", "description": "Seattle-US" } },
            { "date": "2026-11-25", "time": "09:30", "gmtOffset": "+1:00", "typeCode": "WC", "description": null, "serviceArea": [], "signedBy": "" },
            { "date": "", "typeCode": "ZZ" }, "?"] } });
    let track = track(&odd);
    assert_eq!(track.status, TrackStatus::OutForDelivery);
    let codes: Vec<_> = track.events.iter().map(|event| event.code.as_str()).collect();
    assert_eq!(codes.len(), 3);
    let picked = track.events.iter().find(|event| event.code == "pu").unwrap();
    assert_eq!((picked.status.clone(), picked.at.time), (TrackStatus::Accepted, "10:00:00".parse().ok()));
    assert_eq!((picked.place.city.as_deref(), picked.place.country), (Some("Seattle"), Some(Country::US)));
    let out = track.events.iter().find(|event| event.code == "WC").unwrap();
    assert_eq!((out.at.time, out.at.offset_minutes), ("09:30:00".parse().ok(), Some(60)));
    assert_eq!(track.expected.unwrap().latest.date, "2026-11-27".parse().ok());
    assert_eq!(track.weight.unwrap().to_string(), "2.5 kg");
    let others = [("piece", "JD014600008812340022"), ("child", "2741906359")];
    assert_eq!(track.other_numbers, others.map(|(kind, number)| (kind.to_owned(), number.to_owned())));
}

/// The order of DHL's list counts, and it is found out even within one day.
#[test]
fn a_list_of_one_day_runs_either_way() {
    let event = |time: &str, code: &str| json!({ "date": "2026-11-24", "time": time, "typeCode": code });
    let list =
        [event("08:00:00", "PU"), event("09:00:00", "PL"), event("10:00:00", "WC"), event("11:00:00", "OK")];
    let forward = track(&shipment(json!(list)));
    let mut turned = list.to_vec();
    turned.reverse();
    let backward = track(&shipment(json!(turned)));
    assert_eq!(forward.events, backward.events);
    assert_eq!((forward.status, forward.events[0].code.as_str()), (TrackStatus::Delivered, "OK"));
}
