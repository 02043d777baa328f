//! Address validation, time in transit, pickup, paperless documents.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::parse::{Piece, Shipment};
use super::rate::{self, Quote};
use super::{Refusal, error, refuse, response_part};
use crate::http::Json as _;
use crate::world::{self, Place, money};
use crate::{Account, Cx, Reply, Request};

pub(super) fn address(request: &Request, option: &str) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["XAVRequest"]["AddressKeyFormat"];
    if !matches!(option, "1" | "2" | "3") {
        return error(400, "9264027", "Invalid request option");
    }
    let country = asked.text("/CountryCode").unwrap_or_default();
    if !matches!(country.as_str(), "US" | "PR") {
        return error(400, "9264029", "The country is not supported");
    }
    let zip = asked.text("/PostcodePrimaryLow").unwrap_or_default();
    let state = asked.text("/PoliticalDivision1").unwrap_or_default();
    let lines: Vec<String> = asked.list("/AddressLine").iter().filter_map(|line| line.text("")).collect();
    let known = world::state_of(&zip).filter(|found| state.is_empty() || *found == state);
    let mut answer = json!({"Response": response_part(&body["XAVRequest"]["Request"], Vec::new())});
    let Some(state) = known.filter(|_| !lines.is_empty() && !lines[0].to_uppercase().contains("NOWHERE"))
    else {
        answer["NoCandidatesIndicator"] = json!("");
        return Reply::json(200, &json!({"XAVResponse": answer}));
    };
    let upper: Vec<String> = lines.iter().map(|line| line.to_uppercase()).collect();
    let home =
        upper.iter().any(|line| ["APT", "LANE", "COURT", " CT"].iter().any(|word| line.contains(word)));
    let class = if home { ("2", "Residential") } else { ("1", "Commercial") };
    let classification = json!({"Code": class.0, "Description": class.1});
    // Numbers of a street known to the simulation; without one the address is ambiguous.
    let ambiguous = !upper[0].starts_with(|c: char| c.is_ascii_digit());
    answer[if ambiguous { "AmbiguousAddressIndicator" } else { "ValidAddressIndicator" }] = json!("");
    if option != "1" {
        answer["AddressClassification"] = classification.clone();
    }
    if option != "2" {
        let city = asked.text("/PoliticalDivision2").unwrap_or_default().to_uppercase();
        let candidate = |line: &str, extended: &str| {
            json!({"AddressClassification": classification, "AddressKeyFormat": {
                "AddressLine": line, "PoliticalDivision2": city, "PoliticalDivision1": state,
                "PostcodePrimaryLow": &zip[..5], "PostcodeExtendedLow": extended,
                "Region": format!("{city} {state} {}-{extended}", &zip[..5]), "CountryCode": country,
            }})
        };
        answer["Candidate"] = if ambiguous {
            json!([
                candidate(&format!("1-99 {}", upper[0]), "1001"),
                candidate(&format!("100-199 {}", upper[0]), "1002")
            ])
        } else {
            candidate(&upper.join(" "), "1001")
        };
    }
    Reply::json(200, &json!({"XAVResponse": answer}))
}

pub(super) fn transit(cx: &Cx, request: &Request) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    if request.header("transid").is_none() || request.header("transactionsrc").is_none() {
        return error(400, "270001", "Missing transId or transactionSrc");
    }
    let place = |prefix: &str| Place {
        country: body.text(&format!("/{prefix}CountryCode")).unwrap_or_default(),
        state: body.text(&format!("/{prefix}StateProvince")).unwrap_or_default(),
        city: body.text(&format!("/{prefix}CityName")).unwrap_or_default(),
        postal: body.text(&format!("/{prefix}PostalCode")).unwrap_or_default(),
        ..Place::default()
    };
    let (origin, mut destination) = (place("origin"), place("destination"));
    destination.residential = body.text("/residentialIndicator").as_deref() == Some("01");
    for (which, place) in [("origin", &origin), ("destination", &destination)] {
        if !world::is_country(&place.country) || (place.is_us() && world::state_of(&place.postal).is_none()) {
            return error(400, "270005", &format!("Invalid {which}"));
        }
    }
    let asked = body.text("/shipDate").and_then(|date| NaiveDate::parse_from_str(&date, "%Y-%m-%d").ok());
    let date = asked.unwrap_or_else(|| cx.now().date_naive());
    let piece = Piece {
        pounds: Decimal::ONE,
        billed: 1,
        longest: Decimal::ONE,
        length_and_girth: Decimal::ONE,
        printed: String::new(),
        declared: 0,
        signature: None,
        handling: false,
    };
    let shipment = Shipment {
        origin,
        destination,
        shipper_number: None,
        service: None,
        pieces: vec![piece],
        saturday: false,
        negotiated: false,
        signature: None,
        returns: false,
        documents_only: false,
    };
    let services: Vec<Value> = ["14", "01", "13", "59", "02", "12", "03", "54", "07", "65", "08", "11"]
        .iter()
        .filter_map(|code| rate::quote(rate::service(code)?, &shipment, 0, date, false))
        .map(|quote| transit_service(&quote, date))
        .collect();
    Reply::json(
        200,
        &json!({"emsResponse": {
            "shipDate": date.to_string(), "guaranteeSuspended": false,
            "originCountryCode": shipment.origin.country, "originPostalCode": shipment.origin.postal,
            "destinationCountryCode": shipment.destination.country,
            "destinationPostalCode": shipment.destination.postal,
            "numberOfServices": services.len(), "services": services,
        }}),
    )
}

fn transit_service(quote: &Quote, date: NaiveDate) -> Value {
    let by = quote.service.by.0;
    let time = format!("{}:{}:{}", &by[..2], &by[2..4], &by[4..6]);
    json!({
        "serviceLevel": quote.service.level, "serviceLevelDescription": quote.service.name,
        "shipDate": date.to_string(), "deliveryDate": quote.delivery.to_string(),
        "commitTime": time, "deliveryTime": time,
        "deliveryDayOfWeek": quote.delivery.format("%a").to_string().to_uppercase(),
        "businessTransitDays": quote.days, "totalTransitDays": (quote.delivery - date).num_days(),
        "guaranteeIndicator": if quote.service.by.1.is_empty() { "0" } else { "1" },
        "saturdayDeliveryIndicator": "0", "pickupDate": world::next_business_day(date).to_string(),
    })
}

const PICKUP_CENTS: i64 = 1046;

fn pickup_charge(kind: &str) -> Value {
    json!({
        "RateType": kind, "CurrencyCode": "USD",
        "ChargeDetail": [
            {"ChargeCode": "B", "ChargeDescription": "BASE CHARGE", "ChargeAmount": money(975)},
            {"ChargeCode": "S", "ChargeDescription": "FUEL SURCHARGE", "ChargeAmount": money(71)},
        ],
        "GrandTotalOfAllCharge": money(PICKUP_CENTS),
    })
}

fn pickup_kind(cx: &Cx, date: Option<String>) -> Result<&'static str, Refusal> {
    let today = cx.now().date_naive();
    match date.and_then(|date| NaiveDate::parse_from_str(&date, "%Y%m%d").ok()) {
        Some(day) if day == today => Ok("SD"),
        Some(day) if day > today && !world::is_weekend(day) => Ok("FD"),
        _ => Err((400, "9560131", "Invalid pickup date".into())),
    }
}

pub(super) fn pickup_rate(cx: &Cx, request: &Request) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["PickupRateRequest"];
    let date = asked.text("/PickupDateInfo/PickupDate");
    match pickup_kind(cx, date.or_else(|| Some(cx.now().format("%Y%m%d").to_string()))) {
        Ok(kind) => {
            let response = response_part(&asked["Request"], Vec::new());
            Reply::json(
                200,
                &json!({"PickupRateResponse": {"Response": response, "RateResult": pickup_charge(kind)}}),
            )
        }
        Err(refusal) => refuse(refusal),
    }
}

pub(super) fn pickup_create(cx: &Cx, request: &Request) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["PickupCreationRequest"];
    let kind = match pickup_kind(cx, asked.text("/PickupDateInfo/PickupDate")) {
        Ok(kind) => kind,
        Err(refusal) => return refuse(refusal),
    };
    let needed = [
        "/PickupAddress/AddressLine",
        "/PickupAddress/City",
        "/PickupAddress/Phone/Number",
        "/PickupPiece",
        "/PaymentMethod",
    ];
    if let Some(missing) = needed.iter().find(|pointer| asked.list(pointer).is_empty()) {
        return error(400, "9510113", &format!("Missing {}", missing.trim_start_matches('/')));
    }
    let three_digits = |piece: &&Value| piece.text("/ServiceCode").is_some_and(|code| code.len() == 3);
    if !asked.list("/PickupPiece").iter().all(three_digits) {
        return error(400, "9510114", "Invalid service code");
    }
    let prn = format!("29{:09}", cx.ledger().next_serial("ups-pickup"));
    cx.remember(&format!("pickup {prn}"), kind);
    let mut answer = json!({
        "Response": response_part(&asked["Request"], Vec::new()),
        "PRN": prn,
        "RateStatus": {"Code": "01", "Description": "Rate available"},
    });
    if asked.text("/RatePickupIndicator").as_deref() == Some("Y") {
        answer["RateResult"] = pickup_charge(kind);
    } else {
        answer["RateStatus"] = json!({"Code": "04", "Description": "Rate not requested"});
    }
    Reply::json(200, &json!({"PickupCreationResponse": answer}))
}

pub(super) fn pickup_cancel(cx: &Cx, request: &Request, by: &str) -> Reply {
    let prn = request.header("prn").unwrap_or_default();
    if by == "02" && cx.forget(&format!("pickup {prn}")).is_none() {
        return error(400, "9510117", "No pickup found for the PRN");
    }
    let response = json!({"ResponseStatus": {"Code": "1", "Description": "Success"}});
    Reply::json(200, &json!({"PickupCancelResponse": {"Response": response, "PickupType": by}}))
}

pub(super) fn upload(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["UploadRequest"];
    if request.header("shippernumber").is_none() && asked.text("/ShipperNumber").is_none() {
        return error(400, "9590009", "Missing shipper number");
    }
    let forms = asked.list("/UserCreatedForm");
    if forms.is_empty() || forms.iter().any(|form| form.text("/UserCreatedFormFile").is_none()) {
        return error(400, "9590010", "Missing form file");
    }
    let id =
        |_| format!("{}.{:06}", cx.now().format("%Y-%m-%d-%H.%M.%S"), cx.ledger().next_serial("ups-form"));
    let ids: Vec<String> = forms.iter().map(id).collect();
    ids.iter().for_each(|id| cx.remember(&format!("document {id}"), account.number));
    let mut ids: Vec<Value> = ids.into_iter().map(Value::String).collect();
    let ids = if ids.len() == 1 { ids.remove(0) } else { Value::Array(ids) };
    let response = response_part(&asked["Request"], Vec::new());
    Reply::json(
        200,
        &json!({"UploadResponse": {"Response": response, "FormsHistoryDocumentID": {"DocumentID": ids}}}),
    )
}

/// Attaches uploaded documents to a shipment that was sold.
pub(super) fn attach(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["PushToImageRepositoryRequest"];
    let ids = asked.list("/FormsHistoryDocumentID/DocumentID");
    let uploaded = |id: &&Value| {
        let id = id.text("").unwrap_or_default();
        cx.recall(&format!("document {id}")).as_deref() == Some(account.number)
    };
    if ids.is_empty() || !ids.iter().all(uploaded) {
        return error(400, "9590011", "Missing or invalid document id");
    }
    let shipment = asked.text("/ShipmentIdentifier").unwrap_or_default();
    let sold = cx.ledger().by_number("ups", &shipment).is_some_and(|sale| sale.account == account.number);
    let timed = asked
        .text("/ShipmentDateAndTime")
        .is_some_and(|time| chrono::NaiveDateTime::parse_from_str(&time, "%Y-%m-%d-%H.%M.%S").is_ok());
    if !sold || !timed || asked.list("/TrackingNumber").is_empty() {
        return error(400, "9590012", "Missing or invalid shipment");
    }
    let response = response_part(&asked["Request"], Vec::new());
    let group = format!("{}", cx.ledger().next_serial("ups-form-group"));
    Reply::json(200, &json!({"PushToImageRepositoryResponse": {"Response": response, "FormsGroupID": group}}))
}
