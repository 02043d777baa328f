use serde_json::{Value, json};
use waybill_documents::Table;

use crate::http::Json as _;
use crate::journey::{Scan, Stage};
use crate::paper::{Record, base64};
use crate::{Account, Cx, Reply, Request, Sale};

fn words(stage: Stage) -> Option<(&'static str, &'static str)> {
    Some(match stage {
        // A waybill without a scan has no event.
        Stage::Created | Stage::Voided => return None,
        Stage::PickedUp => ("PU", "Shipment picked up"),
        Stage::Departed => ("DF", "Shipment has departed from a DHL facility"),
        Stage::CustomsEntered => ("IC", "Processed for clearance"),
        Stage::CustomsCleared => ("CR", "Clearance processing complete"),
        Stage::Arrived => ("AR", "Arrived at DHL Delivery Facility"),
        Stage::OutForDelivery => ("WC", "Shipment is out with courier for delivery"),
        Stage::Attempted => ("NH", "Delivery attempted; recipient not home"),
        Stage::Delayed => ("OH", "Shipment is on hold"),
        Stage::HeldForPickup => ("CC", "Awaiting collection by recipient as requested"),
        Stage::Delivered => ("OK", "Delivered"),
        Stage::DeliveryReversed => ("AR", "Arrived at DHL Delivery Facility"),
        Stage::Refused => ("RD", "Recipient refused delivery"),
        Stage::Returning => ("FD", "Forwarded for delivery"),
        Stage::ReturnedToSender => ("RT", "Returned to shipper"),
    })
}

fn not_found(path: &str) -> Reply {
    let body = json!({"instance": path, "detail": "No data found", "title": "Not data found", "message": "Not data found", "status": "404"});
    Reply::json(404, &body)
}

pub(super) fn one(cx: &Cx, number: &str) -> Reply {
    match cx.find_number(number) {
        Some(sale) => Reply::json(200, &json!({"shipments": [shipment(cx, &sale)]})),
        None => not_found(&format!("/expressapi/shipments/{number}/tracking")),
    }
}

/// By many numbers (unknown ones are missing from the answer) or by a reference of the account.
pub(super) fn several(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let sales: Vec<Sale> = match request.query("shipmentReference") {
        Some(reference) => {
            let owner = request.query("shipperAccountNumber").unwrap_or_default();
            if owner == account.number { cx.find(owner, reference) } else { Vec::new() }
        }
        None => {
            let wanted = request
                .query
                .iter()
                .filter(|(key, _)| matches!(key.as_str(), "shipmentTrackingNumber" | "pieceTrackingNumber"));
            wanted.filter_map(|(_, number)| cx.find_number(number)).collect()
        }
    };
    if sales.is_empty() {
        return not_found("/expressapi/tracking");
    }
    let shipments: Vec<Value> = sales.iter().map(|sale| shipment(cx, sale)).collect();
    Reply::json(200, &json!({"shipments": shipments}))
}

fn event(scan: &Scan) -> Option<Value> {
    let (code, text) = words(scan.stage)?;
    let local = scan.local();
    Some(json!({
        "date": local.format("%Y-%m-%d").to_string(), "time": local.format("%H:%M:%S").to_string(),
        "GMTOffset": scan.offset(), "typeCode": code, "description": text,
        "serviceArea": [{"code": "SBX", "description": format!("{}-{}", scan.city, scan.country)}],
    }))
}

fn shipment(cx: &Cx, sale: &Sale) -> Value {
    let record = Record::of(sale);
    let plan = record.plan(cx, sale, &sale.shipment);
    // Oldest first, as recorded answers are.
    let events: Vec<Value> = plan.scans(cx.now()).iter().filter_map(event).collect();
    let place = |place: &crate::world::Place| {
        json!({"name": "", "postalAddress": {"cityName": place.city.to_uppercase(), "postalCode": place.postal, "countryCode": place.country},
            "serviceArea": [{"code": "SBX", "description": format!("{}-{}", place.city, place.country)}]})
    };
    let references: Vec<Value> =
        sale.references.iter().map(|value| json!({"value": value, "typeCode": "CU"})).collect();
    let pieces: Vec<Value> = sale
        .tracking
        .iter()
        .enumerate()
        .map(|(at, number)| json!({"number": at + 1, "trackingNumber": number, "events": events}))
        .collect();
    json!({
        "shipmentTrackingNumber": sale.shipment, "status": "Success",
        "shipmentTimestamp": sale.sold_at.format("%Y-%m-%dT%H:%M:%S").to_string(), "productCode": sale.service,
        "description": record.extra.text("/description"), "shipperDetails": place(&record.origin),
        "receiverDetails": place(&record.destination), "unitOfMeasurements": "metric",
        "shipperReferences": references, "numberOfPieces": sale.tracking.len(),
        "estimatedDeliveryDate": plan.promised().to_string(), "events": events, "pieces": pieces,
    })
}

pub(super) fn proof(cx: &Cx, number: &str) -> Reply {
    let path = format!("/expressapi/shipments/{number}/proof-of-delivery");
    let Some(sale) = cx.find_number(number) else { return not_found(&path) };
    let record = Record::of(&sale);
    let scans = record.plan(cx, &sale, &sale.shipment).scans(cx.now());
    if scans.last().is_none_or(|scan| scan.stage != Stage::Delivered) {
        return not_found(&path);
    }
    let table = Table {
        title: "Proof of delivery".into(),
        notes: vec![sale.shipment],
        sample: true,
        ..Table::default()
    };
    let content = base64(&table.to_pdf().unwrap_or_default());
    Reply::json(
        200,
        &json!({"documents": [{"encodingFormat": "PDF", "content": content, "typeCode": "POD"}]}),
    )
}
