//! SCAN form, addresses, carrier pickup.

use chrono::NaiveDate;
use serde_json::{Value, json};
use waybill_documents::{Barcode, Column, Symbology, Table};

use super::{error, label, mid, multipart, reprint};
use crate::http::Json as _;
use crate::paper::{Record, base64};
use crate::{Account, Cx, Reply, Request, Sale, world};

const SCAN: &str = "/scan-forms/v3";

pub(super) fn scan_form(cx: &Cx, account: &Account, request: &Request) -> Reply {
    if label::authorization(cx, account, request).is_none() {
        return label::unauthorized();
    }
    let Some(body) = request.json() else {
        return error(SCAN, 400, "", "OASValidation failed: the body is not JSON");
    };
    let by_mailer = body.text("/shipment/MID").or_else(|| body.text("/shipment/manifestMID"));
    let numbers: Vec<String> = if by_mailer.is_some_and(|found| found == mid(account)) {
        let open = cx.ledger().live().into_iter();
        let open = open
            .filter(|sale| sale.carrier == "usps" && sale.account == account.number && !is_closed(cx, sale));
        open.map(|sale| sale.shipment).collect()
    } else {
        body.list("/shipment/trackingNumbers").iter().filter_map(|number| number.text("")).collect()
    };
    if numbers.is_empty() {
        return error(SCAN, 400, "160037", "No label is eligible for a SCAN form.");
    }
    let date = body.text("/mailingDate").unwrap_or_default();
    let mut sales = Vec::new();
    for number in &numbers {
        match eligible(cx, account, &body, number, &date) {
            Ok(sale) => sales.push(sale),
            Err((code, text)) => return error(SCAN, 400, code, &format!("The label {number} {text}.")),
        }
    }
    let serial = format!("9275{}{:08}", mid(account), cx.ledger().next_serial("usps-scan"));
    let form = format!("{serial}{}", label::impb_check(&serial));
    numbers.iter().for_each(|number| cx.remember(&format!("scan {number}"), &form));
    let image = base64(&scan_pdf(&form, &date, &sales));
    let metadata = json!({
        "form": "5630", "imageInfo": body["imageInfo"], "manifestNumber": form, "trackingNumbers": numbers,
        "mailingDate": date, "entryFacilityZIPCode": body["entryFacilityZIPCode"],
        "destinationEntryFacilityType": "NONE", "shipment": {"trackingNumbers": numbers}, "fromAddress": body["fromAddress"],
    });
    multipart::answer(
        200,
        request,
        ("SCANFormMetaData", metadata),
        &[("SCANFormImage", "application/pdf", image)],
    )
}

/// A label for the form, or why it cannot be on it.
fn eligible(
    cx: &Cx,
    account: &Account,
    body: &Value,
    number: &str,
    date: &str,
) -> Result<Sale, (&'static str, &'static str)> {
    let sale = cx.ledger().by_number("usps", number).filter(|sale| sale.account == account.number);
    let sale = sale.ok_or(("160039", "does not exist"))?;
    if !sale.is_live() {
        return Err(("160397", "is cancelled"));
    }
    if cx.recall(&format!("scan {number}")).is_some() {
        return Err(("160040", "is on another SCAN form"));
    }
    if reprint::is_manifested(cx, &sale) {
        return Err(("160398", "is manifested"));
    }
    let record = Record::of(&sale);
    if body.text("/entryFacilityZIPCode").is_some_and(|zip| zip != record.origin.postal) {
        return Err(("160161", "enters at another ZIP Code"));
    }
    let own = record.extra.text("/date").unwrap_or_default();
    if own != date && body.pointer("/overwriteMailingDate") != Some(&json!(true)) {
        return Err(("160037", "has another mailing date"));
    }
    Ok(sale)
}

fn is_closed(cx: &Cx, sale: &Sale) -> bool {
    cx.recall(&format!("scan {}", sale.shipment)).is_some() || reprint::is_manifested(cx, sale)
}

fn scan_pdf(form: &str, date: &str, sales: &[Sale]) -> Vec<u8> {
    let table = Table {
        title: "SCAN Form PS 5630".into(),
        notes: vec![format!("Mailing date {date}"), format!("{} pieces", sales.len())],
        barcode: Some(Barcode::new(Symbology::Gs1Code128, form)),
        columns: vec![Column::new("Tracking number", 3000), Column::new("Mail class", 4000)],
        rows: sales.iter().map(|sale| vec![sale.shipment.clone(), sale.service.clone()]).collect(),
        sample: true,
    };
    table.to_pdf().unwrap_or_default()
}

pub(super) fn address(request: &Request, call: &str) -> Reply {
    const API: &str = "/addresses/v3";
    let zip = request.query("ZIPCode").unwrap_or_default();
    let state = world::state_of(zip);
    match call {
        "city-state" => match state {
            Some(state) => {
                Reply::json(200, &json!({"city": "SPRINGFIELD", "state": state, "ZIPCode": &zip[..5]}))
            }
            None => error(API, 400, "", "Invalid Zip Code."),
        },
        "address" => {
            let street = request.query("streetAddress").unwrap_or_default().to_uppercase();
            let Some(asked) = request.query("state") else {
                return error(API, 400, "", "OASValidation failed: the state is required");
            };
            if street.is_empty() {
                return error(API, 400, "", "OASValidation failed: the street address is required");
            }
            if !zip.is_empty() && state.is_none_or(|state| state != asked) {
                return error(API, 400, "010002", "The ZIP Code does not fit the state.");
            }
            if !street.starts_with(|c: char| c.is_ascii_digit()) {
                return error(API, 404, "", "There is no match for the address requested.");
            }
            Reply::json(200, &standardized(request, &street, asked, zip))
        }
        _ => error(API, 404, "", "Resource not found"),
    }
}

fn standardized(request: &Request, street: &str, state: &str, zip: &str) -> Value {
    let secondary = request.query("secondaryAddress").map(str::to_uppercase);
    // A tower without a unit is known only as a building.
    let missing_unit = street.contains("TOWER") && secondary.is_none();
    let business =
        ["SUITE", "STE", "PLAZA"].iter().any(|word| street.contains(word)) || request.query("firm").is_some();
    let correction = if missing_unit {
        json!([{"code": "32", "text": "More information needed"}])
    } else {
        json!([{"code": "", "text": ""}])
    };
    json!({
        "firm": request.query("firm").map(str::to_uppercase),
        "address": {"streetAddress": street, "streetAddressAbbreviation": null, "secondaryAddress": secondary,
            "city": request.query("city").unwrap_or("SPRINGFIELD").to_uppercase(), "cityAbbreviation": null,
            "state": state, "ZIPCode": zip.get(..5), "ZIPPlus4": "1001", "urbanization": null},
        "additionalInfo": {"deliveryPoint": "80", "carrierRoute": "C001", "DPVConfirmation": if missing_unit { "D" } else { "Y" },
            "DPVCMRA": "N", "business": if business { "Y" } else { "N" }, "centralDeliveryPoint": "N", "vacant": "N"},
        "corrections": correction, "matches": [{"code": "31", "text": "Single Response - exact match"}], "warnings": [],
    })
}

pub(super) fn pickup(cx: &Cx, request: &Request, rest: &[&str]) -> Reply {
    const API: &str = "/pickup/v3";
    match (request.method.as_str(), rest) {
        ("GET", ["eligibility"]) => {
            Reply::json(200, &json!({"pickupAddress": {"streetAddress": request.query("streetAddress")}}))
        }
        ("POST", []) => {
            let body = request.json().unwrap_or(Value::Null);
            let day = body.text("/pickupDate").and_then(|date| date.parse::<NaiveDate>().ok());
            let sunday = |day: NaiveDate| day.format("%a").to_string() == "Sun";
            if day.is_none_or(|day| day <= cx.now().date_naive()) {
                return error(API, 400, "020009", "The pickup date is in the past.");
            }
            if day.is_some_and(sunday) {
                return error(API, 400, "020011", "The pickup date is not served.");
            }
            if body.list("/packages").is_empty() || !body.has("/pickupLocation/packageLocation") {
                return error(API, 400, "020003", "packages and pickupLocation are required.");
            }
            let number = format!("WTC{:08}", cx.ledger().next_serial("usps-pickup"));
            cx.remember(&format!("pickup {number}"), body.to_string());
            let answer = json!({"confirmationNumber": number, "pickupDate": body["pickupDate"], "carrierPickupRequest": body});
            Reply::json(200, &answer).with_header("etag", &etag(&number))
        }
        ("GET", [number]) => match cx.recall(&format!("pickup {number}")) {
            Some(text) => {
                let body: Value = serde_json::from_str(&text).unwrap_or_default();
                let answer = json!({"confirmationNumber": number, "pickupDate": body["pickupDate"], "carrierPickupRequest": body});
                Reply::json(200, &answer).with_header("etag", &etag(number))
            }
            None => error(API, 400, "020015", "The pickup was not found."),
        },
        ("DELETE", [number]) => {
            if request.header("if-match") != Some(etag(number).as_str()) {
                return error(API, 412, "", "If-Match does not fit.");
            }
            match cx.forget(&format!("pickup {number}")) {
                Some(_) => Reply::json(200, &json!({"confirmationNumber": number})),
                None => error(API, 400, "020015", "The pickup was not found."),
            }
        }
        _ => error(API, 404, "", "Resource not found"),
    }
}

fn etag(number: &str) -> String {
    format!("\"{number}-1\"")
}
