//! Answers in shapes that the API files or other users of the API know, with invented content, and what is read of them.

mod common;

use bytes::Bytes;
use serde_json::{Value, json};
use waybill_core::{LabelFormat, Phase, Purchase, Response, TrackDetail, TrackOutcome, TrackStatus};
use waybill_usps::pure;

const NUMBER: &str = "9405503699300124287028";

fn answer(status: u16, kind: &str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("content-type", http::HeaderValue::from_str(kind).unwrap());
    response
}

fn json_answer(body: &Value) -> Response {
    answer(200, "application/json", body.to_string())
}

fn bought(response: &Response) -> Purchase {
    pure::label(&common::config(), response).unwrap_or_else(|error| panic!("{error}"))
}

fn multipart(boundary: &str, line: &str, parts: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (head, body) in parts {
        text += &format!("--{boundary}{line}{}{line}{line}{body}{line}", head.replace('|', line));
    }
    text + &format!("--{boundary}--{line}")
}

#[test]
fn multipart_labels_read_whatever_their_dress() {
    let meta = format!("{{\"trackingNumber\":\"{NUMBER}\",\"postage\":12.35}}");
    let nested = serde_json::to_string(&meta).unwrap();
    let marked = format!("\u{feff}{meta}");
    let json_head = "Content-Type: application/json|Content-Disposition: form-data; name=\"labelMetadata\"";
    let image_head = "content-type: application/pdf|CONTENT-DISPOSITION: form-data; filename=\"labelImage.pdf\"; name=labelImage";
    let receipt = (
        "Content-Type: application/pdf|Content-Disposition: form-data; name=\"receiptImage\"",
        "UmVjZWlwdA==",
    );
    let image = (image_head, "JVBERi0x\r\nLjQK");
    let cases: [(&str, Vec<(&str, &str)>); 7] = [
        ("in order", vec![(json_head, meta.as_str()), image, receipt]),
        ("the receipt first", vec![receipt, image, (json_head, meta.as_str())]),
        ("metadata inside a text", vec![(json_head, nested.as_str()), image]),
        ("a byte order mark", vec![(json_head, marked.as_str()), image]),
        (
            "names in small letters",
            vec![
                ("content-disposition: form-data; name=\"labelmetadata\"", meta.as_str()),
                ("content-disposition: form-data; name=\"labelimage\"", "JVBERi0xLjQK"),
            ],
        ),
        (
            "no names",
            vec![
                ("Content-Type: application/json", meta.as_str()),
                ("Content-Type: application/pdf", "JVBERi0xLjQK"),
            ],
        ),
        ("a file as it is", vec![(json_head, meta.as_str()), (image_head, "%PDF-1.4\n")]),
    ];
    for (name, parts) in cases {
        for (boundary, line) in [("r6-fp+GY_'()", "\r\n"), ("----=_Part_1.2:3", "\n")] {
            let body = multipart(boundary, line, &parts);
            for kind in [
                format!("multipart/form-data; boundary=\"{boundary}\""),
                format!("Multipart/Mixed;charset=utf-8; Boundary=\"{boundary}\""),
                "application/octet-stream".to_owned(),
            ] {
                let sale = bought(&answer(200, &kind, body.clone()));
                assert_eq!(sale.pieces[0].tracking, NUMBER, "{name}, {kind}");
                assert_eq!(sale.charged().unwrap().to_string(), "12.35 USD", "{name}, {kind}");
                assert!(sale.documents[0].bytes.starts_with(b"%PDF-1.4"), "{name}, {kind}");
            }
        }
    }
}

#[test]
fn json_labels_read_in_each_of_their_shapes() {
    let metadata = json!({ "trackingNumber": NUMBER, "postage": "12.35", "returnReceiptTrackingNumber": "9490903699300124287026" });
    let image = "JVBERi0xLjQK";
    let mut top = metadata.clone();
    top["labelImage"] = json!(image);
    let both = json!({ "labelMetadata": metadata, "labelImage": image,
        "returnLabelMetadata": { "trackingNumber": "92" }, "returnLabelImage": "QQ==" });
    for body in [
        top,
        json!({ "labelMetadata": metadata, "labelImage": format!("data:application/pdf;base64,{image}") }),
        json!({ "labelMetadata": metadata.to_string(), "labelImage": image.trim_end_matches('=') }),
        both,
    ] {
        let sale = bought(&json_answer(&body));
        assert_eq!((sale.pieces[0].tracking.as_str(), sale.has_labels()), (NUMBER, true), "{body}");
        assert_eq!(sale.charged().unwrap().to_string(), "12.35 USD", "{body}");
        assert_eq!(sale.pieces[0].other_numbers[0].0, "return_receipt");
    }
    // Another file than was asked for is a label all the same.
    let zpl = bought(&json_answer(&json!({ "trackingNumber": NUMBER, "labelImage": "^XA^FO1^XZ" })));
    assert_eq!(zpl.documents[0].format, LabelFormat::Zpl);
    assert!(zpl.warnings.iter().any(|notice| notice.code.as_deref() == Some("other-format")));
    assert!(zpl.warnings.iter().any(|notice| notice.code.as_deref() == Some("no-postage")));
    // A sale that cannot be read leaves the outcome open.
    for body in [json!({}), json!({ "labelImage": image }), json!({ "trackingNumber": NUMBER }), json!([])] {
        let error = pure::label(&common::config(), &json_answer(&body)).unwrap_err();
        assert_eq!(error.phase, Phase::OutcomeUnknown, "{body}");
    }
}

#[test]
fn a_return_label_is_the_one_that_was_bought() {
    let metadata = json!({ "trackingNumber": NUMBER, "postage": 11.87, "SKU": "DUXP", "sku": "DUXP" });
    let mut top = metadata.clone();
    top["returnLabelImage"] = json!("JVBERi0xLjQK");
    let parts = multipart(
        "b",
        "\r\n",
        &[
            ("Content-Disposition: form-data; name=\"returnReceiptImage\"", "UmVjZWlwdA=="),
            ("Content-Disposition: form-data; name=\"returnLabelImage\"", "JVBERi0xLjQK"),
            ("Content-Disposition: form-data; name=\"returnLabelMetadata\"", &metadata.to_string()),
        ],
    );
    for response in [
        json_answer(&top),
        json_answer(&json!({ "returnLabelMetadata": metadata, "returnLabelImage": "JVBERi0xLjQK" })),
        json_answer(&json!({ "labelMetadata": metadata, "labelImage": "JVBERi0xLjQK" })),
        answer(200, "multipart/form-data; boundary=b", parts),
    ] {
        let sale = pure::return_label(&common::config(), &response).unwrap();
        assert_eq!(sale.pieces[0].tracking, NUMBER);
        assert_eq!(sale.charged().unwrap().to_string(), "11.87 USD");
        assert!(sale.documents[0].bytes.starts_with(b"%PDF"));
    }
}

#[test]
fn prepaid_duties_stand_beside_the_metadata() {
    let metadata = json!({ "internationalTrackingNumber": "LZ000012162US", "postage": 30.5,
        "extraServices": [{ "serviceID": "930", "serviceName": "Insurance", "sku": "IX", "price": 2.5 }] });
    let duties = json!({ "packageFee": 1.5, "itemCosts": [{ "dutyPrice": 5, "taxPrice": "1.25" }] });
    let parts = multipart(
        "b",
        "\n",
        &[
            (
                "Content-Type: application/json\nContent-Disposition: form-data; name=\"labelMetadata\"",
                &metadata.to_string(),
            ),
            (
                "Content-Type: application/pdf\nContent-Disposition: form-data; name=\"labelImage\"",
                "JVBERi0xLjQK",
            ),
            (
                "Content-Type: application/json\nContent-Disposition: form-data; name=\"prepaidDutiesTaxesFees\"",
                &duties.to_string(),
            ),
        ],
    );
    let mut top = metadata.clone();
    (top["prepaidDutiesTaxesFees"], top["labelImage"]) = (duties.clone(), json!("JVBERi0xLjQK"));
    for response in [
        json_answer(
            &json!({ "labelMetadata": metadata, "prepaidDutiesTaxesFees": duties, "labelImage": "JVBERi0xLjQK" }),
        ),
        json_answer(&top),
        answer(201, "multipart/form-data; boundary=b", parts),
    ] {
        let sale = pure::international_label(&common::config(), &response).unwrap();
        let price = &sale.prices[0];
        assert_eq!(
            (price.total.to_string(), price.duties.unwrap().to_string()),
            ("33.00 USD".into(), "7.75 USD".into())
        );
        assert_eq!(price.charges[1].code.as_deref(), Some("930"));
    }
}

fn tracked(body: &Value) -> waybill_core::Track {
    match pure::track(&json_answer(body), NUMBER).unwrap() {
        TrackOutcome::Found(track) => *track,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_state_is_known_from_whatever_tells_it() {
    let event = |code: &str, text: &str| json!({ "eventCode": code, "eventType": text, "eventTimestamp": "2026-11-28T13:58:00" });
    for (body, status) in [
        (json!({ "statusCategory": "Delivered" }), TrackStatus::Delivered),
        (json!({ "status": "Accepted" }), TrackStatus::Accepted),
        (
            json!({ "statusSummary": "Your item is out for delivery on November 28." }),
            TrackStatus::OutForDelivery,
        ),
        (
            json!({ "eventSummaries": ["Departed USPS Facility, November 26", "Accepted"] }),
            TrackStatus::InTransit,
        ),
        (
            json!({ "TrackResults": { "TrackInfo": { "@ID": "1", "TrackSummary": "Your item was delivered at 1:58 pm" } } }),
            TrackStatus::Delivered,
        ),
        // A code that is new goes by its words, then by the category.
        (
            json!({ "statusCategory": "In Transit", "trackingEvents": [event("ZZ", "Arrived at a New Kind of Hub")] }),
            TrackStatus::InTransit,
        ),
        (
            json!({ "statusCategory": "Delivered", "trackingEvents": [event("ZZ", "Something new"), event("OF", "Out for Delivery")] }),
            TrackStatus::Delivered,
        ),
        (
            json!({ "statusCategory": "Alert", "trackingEvents": [event("01", "Delivered")] }),
            TrackStatus::Delivered,
        ),
        (json!({ "trackingEvents": event("OF", "Out for Delivery") }), TrackStatus::OutForDelivery),
        (
            json!([{ "trackingNumber": NUMBER, "statusCategory": "Out for Delivery" }]),
            TrackStatus::OutForDelivery,
        ),
    ] {
        assert_eq!(tracked(&body).status, status, "{body}");
    }
    let mut newest =
        tracked(&json!({ "statusCategory": "Delivered", "trackingEvents": [event("ZZ", "Something new")] }));
    assert!(newest.delivered.take().unwrap().date.is_some());
    for (text, detail) in [
        ("Delivered, Front Door/Porch", Some(TrackDetail::SafePlace)),
        ("Delivered, Parcel Locker", Some(TrackDetail::PickupPoint)),
        ("Delivered, Neighbor as Requested", Some(TrackDetail::Neighbour)),
        ("Delivered, In/At Mailbox", None),
    ] {
        assert_eq!(tracked(&json!({ "trackingEvents": [event("01", text)] })).detail, detail, "{text}");
    }
    for nothing in
        [json!({}), json!({ "trackingEvents": [] }), json!({ "statusCategory": "Pre-Shipment" }), json!([])]
    {
        assert_eq!(
            pure::track(&json_answer(&nothing), NUMBER).unwrap(),
            TrackOutcome::NoEventsYet,
            "{nothing}"
        );
    }
}

/// Fields, the day and time that they mean, whether the day's end is meant, whether it is promised.
type Expected = (Value, &'static str, Option<&'static str>, bool, Option<bool>);

fn expectations() -> Vec<Expected> {
    vec![
        (
            json!({ "deliveryDateExpectation": { "expectedDeliveryDate": "2026-11-28" } }),
            "2026-11-28",
            None,
            true,
            None,
        ),
        (
            json!({ "deliveryDateExpectation": { "predictedDeliveryDate": "2026-11-28", "predictedDeliveryWindowEndTime": "18:00:00" } }),
            "2026-11-28",
            Some("18:00:00"),
            false,
            None,
        ),
        (
            json!({ "deliveryDateExpectation": { "predictedDeliveryDate": "2026-11-28", "endOfDay": "9:00 pm" } }),
            "2026-11-28",
            Some("21:00:00"),
            true,
            None,
        ),
        (
            json!({ "deliveryDateExpectation": { "guaranteedDeliveryDate": "2026-11-28", "expectedDeliveryDate": "2026-11-29" } }),
            "2026-11-28",
            None,
            true,
            Some(true),
        ),
        (
            json!({ "guaranteedDeliveryTimeStamp": "2026-11-28T15:00:00" }),
            "2026-11-28",
            Some("15:00:00"),
            false,
            Some(true),
        ),
        (
            json!({ "expectedDeliveryTimeStamp": "2026-11-28T18:00:00Z" }),
            "2026-11-28",
            Some("18:00:00"),
            false,
            None,
        ),
        (
            json!({ "expectedDeliveryDate": "November 28, 2026", "expectedDeliveryTime": "6:00 pm" }),
            "2026-11-28",
            Some("18:00:00"),
            false,
            None,
        ),
        (
            json!({ "predictedDeliveryTimeStamp": "2026-11-28 18:00:00.000" }),
            "2026-11-28",
            Some("18:00:00"),
            false,
            None,
        ),
        (
            json!({ "predictedDeliveryDate": "2026-11-28", "predictedDeliveryWindowEndTime": "6:00pm" }),
            "2026-11-28",
            Some("18:00:00"),
            false,
            None,
        ),
    ]
}

#[test]
fn an_expected_day_is_read_from_each_field_that_holds_one() {
    for (fields, day, time, end_of_day, guaranteed) in expectations() {
        let mut body = fields.clone();
        body["statusCategory"] = json!("In Transit");
        let expected = tracked(&body).expected.unwrap_or_else(|| panic!("{fields}"));
        assert_eq!(expected.latest.date, day.parse().ok(), "{fields}");
        assert_eq!(expected.latest.time, time.map(|time| time.parse().unwrap()), "{fields}");
        assert_eq!((expected.end_of_day, expected.guaranteed), (end_of_day, guaranteed), "{fields}");
    }
}

#[test]
fn errors_inside_a_list_concern_their_own_number() {
    let body = json!([
        { "trackingNumber": "1", "error": { "code": "404", "message": "Tracking number not found", "errors": [] } },
        { "trackingNumber": "2", "errors": [{ "code": "150012", "detail": "No agreement" }] },
        { "trackingNumber": "3", "code": "150001", "message": "Not yet available" },
        { "trackingNumber": "4", "error": "Invalid number" },
        { "trackingNumber": "5", "error": [], "statusCategory": "Delivered" },
    ]);
    let mut response = json_answer(&body);
    *response.status_mut() = http::StatusCode::MULTI_STATUS;
    let replies = pure::track_batch(&response, &["1", "2", "3", "4", "5", "6"]).unwrap();
    let said: Vec<_> = replies
        .iter()
        .map(|reply| match &reply.outcome {
            TrackOutcome::Found(_) => "found",
            TrackOutcome::NotFound => "not found",
            TrackOutcome::NotPermitted => "not permitted",
            TrackOutcome::Failed(_) => "failed",
            _ => "?",
        })
        .collect();
    assert_eq!(said, ["not found", "not permitted", "not found", "failed", "found", "failed"]);
}
