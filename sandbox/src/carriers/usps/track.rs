use serde_json::{Value, json};

use crate::http::Json as _;
use crate::journey::{Scan, Stage};
use crate::paper::Record;
use crate::{Cx, Reply, Request};

/// Event code, event text, category.
fn words(stage: Stage) -> [&'static str; 3] {
    match stage {
        Stage::Created => ["GX", "Shipping Label Created, USPS Awaiting Item", "Pre-Shipment"],
        Stage::PickedUp => ["03", "USPS picked up item", "Accepted"],
        Stage::Departed => ["SF", "Departed Post Office", "In Transit"],
        Stage::CustomsEntered => ["PC", "Inbound Into Customs", "In Transit"],
        Stage::CustomsCleared => ["DX", "Inbound Out of Customs", "In Transit"],
        Stage::Arrived => ["07", "Arrived at USPS Facility", "In Transit"],
        Stage::OutForDelivery => ["OF", "Out for Delivery", "Out for Delivery"],
        Stage::Attempted => ["02", "Notice Left (No Authorized Recipient Available)", "Delivery Attempt"],
        Stage::Delayed => ["71", "In Transit, Arriving Late", "Alert"],
        Stage::HeldForPickup => ["14", "Available for Pickup", "Available for Pickup"],
        Stage::Delivered => ["01", "Delivered, In/At Mailbox", "Delivered"],
        Stage::DeliveryReversed => ["10", "Processed Through Facility", "In Transit"],
        Stage::Refused => ["04", "Refused", "Alert"],
        Stage::Returning => ["21", "Return to Sender", "Return to Sender"],
        Stage::ReturnedToSender => ["09", "Delivered, To Original Sender", "Return to Sender"],
        Stage::Voided => ["GX", "Shipping Label Cancelled", "Pre-Shipment"],
    }
}

pub(super) fn one(cx: &Cx, request: &Request, number: &str) -> Reply {
    let Some((summary, scans)) = history(cx, number) else { return not_found() };
    let mut answer = summary;
    if request.query("expand") == Some("DETAIL") {
        answer["trackingEvents"] = scans.iter().rev().map(|scan| event(scan, "eventZIP")).collect();
    }
    Reply::json(200, &answer)
}

/// An array in the order of the request; 207 when some numbers are unknown.
pub(super) fn several(cx: &Cx, request: &Request) -> Reply {
    let body = request.json().unwrap_or(Value::Null);
    let asked = body.as_array().cloned().unwrap_or_default();
    if asked.is_empty() || asked.len() > 35 {
        return super::error(
            "/tracking/v3r2",
            400,
            "150001",
            "Between 1 and 35 tracking numbers are required.",
        );
    }
    let mut unknown = false;
    let answers: Vec<Value> = asked
        .iter()
        .map(|entry| {
            let number = entry.text("/trackingNumber").unwrap_or_default();
            let Some((mut summary, scans)) = history(cx, &number) else {
                unknown = true;
                return json!({"trackingNumber": number, "statusCode": "404",
                    "error": {"code": "404", "message": "Tracking number not found", "errors": []}});
            };
            summary["trackingEvents"] = scans.iter().rev().map(|scan| event(scan, "eventZIPCode")).collect();
            summary
        })
        .collect();
    Reply::json(if unknown { 207 } else { 200 }, &Value::Array(answers))
}

fn not_found() -> Reply {
    Reply::json(404, &json!({"error": {"message": "Tracking number not found"}}))
}

fn history(cx: &Cx, number: &str) -> Option<(Value, Vec<Scan>)> {
    // A scanned barcode has the destination's ZIP in front.
    let behind = number.strip_prefix("420").and_then(|rest| rest.get(rest.len().checked_sub(22)?..));
    let bare = behind.filter(|_| number.len() > 27).unwrap_or(number);
    let sale = cx.find_number(bare)?;
    let record = Record::of(&sale);
    let plan = record.plan(cx, &sale, bare);
    let scans = plan.scans(cx.now());
    let latest = scans.iter().max_by_key(|scan| scan.at)?;
    let [_, text, category] = words(latest.stage);
    let summary = json!({
        "trackingNumber": bare, "status": text, "statusCategory": category,
        "statusSummary": format!("{text} in {}, {}.", latest.city, latest.state),
        "mailClass": record.service_name, "mailType": "DM", "services": ["USPS Tracking<SUP>&#174;</SUP>"],
        "originCity": record.origin.city, "originState": record.origin.state, "originZIP": record.origin.postal,
        "destinationCity": record.destination.city, "destinationState": record.destination.state,
        "destinationZIP": record.destination.postal, "emailEnabled": "true",
        "expectedDeliveryTimeStamp": format!("{}T18:00:00", plan.promised()),
        "deliveryDateExpectation": {"expectedDeliveryDate": plan.promised().to_string()},
    });
    Some((summary, scans))
}

fn event(scan: &Scan, zip: &str) -> Value {
    let [code, text, _] = words(scan.stage);
    json!({
        "eventType": text, "eventCode": code,
        "eventTimestamp": scan.local().format("%Y-%m-%dT%H:%M:%S").to_string(),
        "GMTTimestamp": scan.at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "GMTOffset": scan.offset(),
        "eventCity": scan.city, "eventState": scan.state, zip: scan.postal,
        "eventCountry": if scan.country == "US" { Value::Null } else { json!(scan.country) },
        "firm": null, "name": null, "authorizedAgent": "false",
    })
}
