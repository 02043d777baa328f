//! The JSON services v3 and the public tracking, in the shapes that clients know. An order that is sent again is another
//! label: nothing is known of a guard.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use waybill_documents::Symbology;

use super::rate::{self, Package, Price};
use super::ship::server_number;
use crate::http::Json as _;
use crate::journey::{Scan, Stage};
use crate::paper::{Format, Record, base64, draw};
use crate::world::{Place, decimal, json_number};
use crate::{Account, Cx, NewSale, Reply, Request, Sale, Story};

/// Method, API id, API key and what follows of a path such as `/Method/PlaceOrder/v3/json/id/key/0/1/P4x6`.
pub(super) fn call<'a>(segments: &[&'a str]) -> Option<(&'a str, &'a str, &'a str, Vec<&'a str>)> {
    match segments {
        ["Method", method, "v3", "json", id, key, rest @ ..] => Some((method, id, key, rest.to_vec())),
        _ => None,
    }
}

pub(super) fn handles(body: &Value) -> Vec<String> {
    [body.text("/CustomerOrderNumber"), body.text("/Reference1")].into_iter().flatten().collect()
}

fn refused(status: u16, text: &str) -> Reply {
    Reply::json(status, &json!({"Error": true, "ErrorMessage": text}))
}

pub(super) fn answer(cx: &Cx, accounts: &'static [Account], request: &Request) -> Reply {
    let segments = request.segments();
    let Some((method, id, key, rest)) = call(&segments) else { return Reply::html(404) };
    let account = accounts.iter().find(|account| account.client_id == id && account.client_secret == key);
    let Some(account) = account else { return refused(401, "Unauthorized") };
    let Some(body) = request.json() else { return refused(400, "Invalid JSON") };
    match (method, rest.as_slice()) {
        ("ServicesAndCharges", []) => rates(account, &body),
        ("PlaceOrder", [_, "1", paper @ ("P4x6" | "Z4x6")]) => order(cx, account, &body, paper),
        _ => Reply::html(404),
    }
}

fn package(body: &Value) -> Option<Package> {
    let piece = |name: &str| body.text(&format!("/Pieces/0/{name}"));
    let number = |name: &str| piece(name)?.parse::<Decimal>().ok();
    let zip = |path: &str| body.text(path)?.get(..5).map(str::to_owned);
    Some(Package {
        from: zip("/TenderAt/PostalCode")?,
        to: zip("/DeliverTo/PostalCode")?,
        residential: body.text("/DeliverTo/Company").is_none(),
        saturday: false,
        signature: false,
        pounds: number("Weight").filter(|pounds| *pounds > Decimal::ZERO)?,
        sides: [number("Length")?, number("Width")?, number("Height")?],
        service: "C".to_owned(),
        date: body.text("/TenderDateTime")?.get(..10)?.parse::<NaiveDate>().ok()?,
    })
}

fn priced(account: &Account, body: &Value) -> Option<Price> {
    rate::price(account, &package(body)?).ok()
}

fn rates(account: &Account, body: &Value) -> Reply {
    let Some(price) = priced(account, body) else { return refused(400, "NoRate") };
    let mut charges = vec![charge("BS", price.base), charge("FS", price.fuel)];
    charges.extend(price.extras.iter().map(|(_, cents)| charge("RC", *cents)));
    let by = format!("{}T22:00:00", price.delivery);
    let ground = json!({"UTCExpectedDeliveryBy": by, "Charges": charges});
    Reply::json(200, &json!({"Error": false, "ServicesAndCharges": {"GRND": ground}}))
}

fn charge(code: &str, cents: i64) -> Value {
    json!({"ChargeCode": code, "Amount": json_number(cents), "Currency": "USD"})
}

fn place(body: &Value, name: &str) -> Option<Place> {
    let text = |field: &str| body.text(&format!("/{name}/{field}")).unwrap_or_default();
    let lines =
        [text("StreetAddress"), text("Address2")].into_iter().filter(|line| !line.is_empty()).collect();
    let place = Place {
        name: if text("Company").is_empty() { text("Contact") } else { text("Company") },
        lines,
        city: text("City"),
        state: text("State"),
        postal: text("PostalCode").get(..5)?.to_owned(),
        country: "US".into(),
        residential: false,
    };
    (!place.name.is_empty() && !place.lines.is_empty()).then_some(place)
}

fn order(cx: &Cx, account: &Account, body: &Value, paper: &str) -> Reply {
    let (Some(origin), Some(destination)) = (place(body, "TenderAt"), place(body, "DeliverTo")) else {
        return refused(400, "InvalidAddress");
    };
    if !body.has("/CustomerBranch") || body.text("/ServiceCode").as_deref() != Some("GRND") {
        return refused(400, "InvalidService");
    }
    let Some(price) = priced(account, body) else { return refused(400, "NoRate") };
    let number = server_number(cx);
    let references = handles(body);
    let words = [destination.name.as_str()].into_iter().chain(references.iter().map(String::as_str));
    let record = Record {
        service_name: "GROUND".into(),
        days: price.days,
        story: Story::asked_for(words),
        pieces: vec![format!("{} LB", body.text("/Pieces/0/Weight").unwrap_or_default())],
        notes: references.iter().map(|value| format!("REF: {value}")).collect(),
        customs: Vec::new(),
        format: paper.to_owned(),
        extra: json!({"weight": body.text("/Pieces/0/Weight")}),
        origin,
        destination,
    };
    let sale = cx.sell(NewSale {
        carrier: "ontrac".into(),
        account: account.number.into(),
        handle: references.first().cloned(),
        references,
        shipment: number.clone(),
        tracking: vec![number],
        amount: decimal(price.total()),
        currency: "USD".into(),
        service: "GRND".into(),
        detail: record.text(),
    });
    let piece = json!({"Barcode": sale.shipment, "Label": base64(&label(&record, &sale))});
    let order = json!({"CustomerOrderNumber": body["CustomerOrderNumber"], "Pieces": [piece]});
    Reply::json(200, &json!({"Error": false, "ErrorMessage": "", "Order": order}))
}

fn label(record: &Record, sale: &Sale) -> Vec<u8> {
    let format = if record.format == "Z4x6" { Format::Zpl203 } else { Format::Pdf };
    draw(&record.label("OnTrac", &sale.shipment, 0, Symbology::Code128, &sale.shipment), format)
}

/// Kind of event and its text; nothing for stages that the public tracking does not show.
fn words(stage: Stage) -> Option<(&'static str, &'static str)> {
    Some(match stage {
        Stage::Created => ("OrderReceived", "Ship Request Received"),
        Stage::PickedUp => ("Received", "Origin Scan"),
        Stage::Departed | Stage::Arrived => ("Arrived", "Arrived at Facility"),
        Stage::OutForDelivery => ("OutForDelivery", "Out for Delivery"),
        Stage::Delivered => ("Delivered", "Delivered"),
        Stage::Attempted => ("Attempted", "Delivery Attempted"),
        _ => return None,
    })
}

/// `/track/{number}/json`, without an account.
pub(super) fn track(cx: &Cx, number: &str) -> Reply {
    let Some(sale) = cx.find_number(number) else {
        return Reply::json(200, &json!({"Error": true, "ErrorMessage": "Order not found", "Events": []}));
    };
    let record = Record::of(&sale);
    let plan = record.plan(cx, &sale, number);
    let scans = plan.scans(cx.now());
    let events: Vec<Value> = scans.iter().rev().filter_map(event).collect();
    let weight = record.extra.text("/weight").unwrap_or_default();
    Reply::json(
        200,
        &json!({
            "OrderNumber": number, "EstimatedDeliveryDate": plan.promised().to_string(),
            "Pieces": [{"TrackingNumber": number, "Weight": weight, "WeightUnit": "LBS"}], "Events": events,
        }),
    )
}

fn event(scan: &Scan) -> Option<Value> {
    let (kind, text) = words(scan.stage)?;
    Some(json!({
        "DateTime": scan.local().format("%Y-%m-%dT%H:%M:%S").to_string(),
        "UTCDateTime": scan.at.format("%Y-%m-%dT%H:%M:%S").to_string(),
        "City": scan.city, "State": scan.state, "PostalCode": scan.postal, "Country": "US",
        "EventType": kind, "EventShortText": text,
        "Signature": if kind == "Delivered" { "FRONT DOOR" } else { "" }, "Location": "",
    }))
}
