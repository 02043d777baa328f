use serde_json::{Value, json};

use super::error;
use crate::journey::{Scan, Stage};
use crate::paper::Record;
use crate::world::country_name;
use crate::{Account, Cx, Reply, Request, Sale};

/// Type, activity code, status code, activity text, current status text.
fn words(stage: Stage) -> [&'static str; 5] {
    match stage {
        Stage::Created => [
            "M",
            "MP",
            "003",
            "Shipper created a label, UPS has not received the package yet. ",
            "Shipment Ready for UPS",
        ],
        Stage::PickedUp => ["P", "PU", "038", "Pickup Scan", "Picked Up by UPS"],
        Stage::Departed => ["I", "DP", "005", "Departed from Facility", "On the Way"],
        Stage::CustomsEntered => {
            ["I", "CS", "012", "Your package is being processed for clearance", "Clearance in Progress"]
        }
        Stage::CustomsCleared => {
            ["I", "CC", "014", "Import scan, clearance completed", "Clearance Completed"]
        }
        Stage::Arrived => ["I", "AR", "010", "Arrived at Facility", "On the Way"],
        Stage::OutForDelivery => ["I", "OT", "021", "Out For Delivery Today", "Out for Delivery"],
        Stage::Attempted => {
            ["X", "48", "022", "The receiver was not available for delivery", "First Attempt Made"]
        }
        Stage::Delayed => ["X", "13", "046", "A late trailer has delayed this package", "Delay"],
        Stage::HeldForPickup => {
            ["I", "ZP", "040", "The package is ready for collection", "Ready for Customer Pickup"]
        }
        Stage::Delivered => ["D", "F4", "011", "DELIVERED ", "Delivered"],
        Stage::DeliveryReversed => ["I", "DS", "005", "The previous scan was corrected", "On the Way"],
        Stage::Refused => ["X", "29", "064", "The receiver refused the delivery", "Delivery Refused"],
        Stage::Returning => ["RS", "RS", "035", "Returning to Sender", "Returning to Sender"],
        Stage::ReturnedToSender => ["RS", "F4", "034", "DELIVERED ", "Returned to Sender"],
        Stage::Voided => {
            ["MV", "VP", "007", "The shipment information was voided", "Shipment Information Voided"]
        }
    }
}

pub(super) fn by_number(cx: &Cx, request: &Request, number: &str) -> Reply {
    if let Some(refusal) = headers_missing(request) {
        return refusal;
    }
    let length = number.chars().count();
    if !(7..=34).contains(&length) || !number.chars().all(|c| c.is_ascii_alphanumeric()) {
        return error(400, "TV1002", "Invalid inquiry number");
    }
    match cx.find_number(number) {
        Some(sale) => answer(vec![shipment(cx, &sale, number, &[number.to_owned()])]),
        None => not_found(),
    }
}

pub(super) fn by_reference(cx: &Cx, account: &Account, request: &Request, reference: &str) -> Reply {
    if let Some(refusal) = headers_missing(request) {
        return refusal;
    }
    let found = cx.find(account.number, reference);
    if found.is_empty() {
        return not_found();
    }
    answer(found.iter().map(|sale| shipment(cx, sale, reference, &sale.tracking)).collect())
}

/// Tracking wants both tracing headers.
fn headers_missing(request: &Request) -> Option<Reply> {
    let both = request.header("transid").is_some() && request.header("transactionsrc").is_some();
    (!both).then(|| error(400, "TV0009", "Missing transId or transactionSrc"))
}

fn not_found() -> Reply {
    let warning = json!({"code": "TW0001", "message": "Tracking Information Not Found"});
    answer(vec![json!({"warnings": [warning]})])
}

fn answer(shipments: Vec<Value>) -> Reply {
    Reply::json(200, &json!({"trackResponse": {"shipment": shipments}}))
}

fn shipment(cx: &Cx, sale: &Sale, inquiry: &str, numbers: &[String]) -> Value {
    let packages: Vec<Value> = numbers.iter().map(|number| package(cx, sale, number)).collect();
    json!({"inquiryNumber": inquiry, "package": packages})
}

fn package(cx: &Cx, sale: &Sale, number: &str) -> Value {
    let record = Record::of(sale);
    let plan = record.plan(cx, sale, number);
    let scans = plan.scans(cx.now());
    let activity: Vec<Value> = scans.iter().rev().map(activity).collect();
    let latest = scans.iter().max_by_key(|scan| scan.at);
    let current = latest.map(|scan| {
        let [kind, _, status, _, text] = words(scan.stage);
        json!({"type": kind, "code": status, "description": text})
    });
    let delivered = latest.filter(|scan| scan.stage == Stage::Delivered);
    let (date, time) = match delivered {
        Some(scan) => {
            let at = scan.local();
            let date = json!({"type": "DEL", "date": at.format("%Y%m%d").to_string()});
            (date, json!({"type": "DEL", "endTime": at.format("%H%M%S").to_string()}))
        }
        None => {
            let date = json!({"type": "SDD", "date": plan.promised().format("%Y%m%d").to_string()});
            (date, json!({"type": "EOD", "startTime": "", "endTime": "230000"}))
        }
    };
    let mut package = json!({
        "trackingNumber": number,
        "deliveryDate": [date],
        "deliveryTime": time,
        "activity": activity,
        "currentStatus": current,
        "packageCount": sale.tracking.len(),
        "service": {"code": sale.service, "description": record.service_name},
        "referenceNumber": sale.references.iter().map(|value| json!({"type": "SHIPMENT", "number": value})).collect::<Vec<_>>(),
    });
    if delivered.is_some() {
        package["deliveryInformation"] = json!({"location": "Front Door", "receivedBy": "SAMPLE"});
    }
    package
}

fn activity(scan: &Scan) -> Value {
    let [kind, code, status, text, _] = words(scan.stage);
    let local = scan.local();
    json!({
        "location": {"address": {
            "city": scan.city, "stateProvince": scan.state, "postalCode": scan.postal,
            "countryCode": scan.country, "country": country_name(&scan.country),
        }, "slic": ""},
        "status": {"type": kind, "code": code, "statusCode": status, "description": text},
        "date": local.format("%Y%m%d").to_string(),
        "time": local.format("%H%M%S").to_string(),
        "gmtDate": scan.at.format("%Y%m%d").to_string(),
        "gmtTime": scan.at.format("%H:%M:%S").to_string(),
        "gmtOffset": scan.offset(),
    })
}
