//! Address validation, pickup, Ground close, documents.

use chrono::NaiveDate;
use serde_json::{Value, json};
use waybill_documents::{Column, Table};

use super::{error, output, rate};
use crate::http::Json as _;
use crate::paper::base64;
use crate::world;
use crate::{Account, Cx, Reply, Request};

pub(super) fn resolve(body: &Value) -> Reply {
    let asked = body.list("/addressesToValidate");
    if asked.is_empty() || asked.len() > 100 {
        return error(400, "ADDRESSESTOVALIDATE.INVALID", "Between 1 and 100 addresses are required.");
    }
    let resolved: Vec<Value> = asked.iter().map(|entry| resolved(&entry["address"])).collect();
    output(json!({"resolvedAddresses": resolved}))
}

fn resolved(address: &Value) -> Value {
    let lines: Vec<String> = address
        .list("/streetLines")
        .iter()
        .filter_map(|line| line.text(""))
        .map(|line| line.to_uppercase())
        .collect();
    let postal = address.text("/postalCode").unwrap_or_default();
    let state = address.text("/stateOrProvinceCode").unwrap_or_default();
    let country = address.text("/countryCode").unwrap_or_default();
    let fits =
        country != "US" || world::state_of(&postal).is_some_and(|known| state.is_empty() || known == state);
    let found = fits && lines.first().is_some_and(|line| line.starts_with(|c: char| c.is_ascii_digit()));
    let home = lines.iter().any(|line| ["APT", "LANE", "COURT"].iter().any(|word| line.contains(word)));
    let class = match (found && country == "US", home) {
        (false, _) => "UNKNOWN",
        (true, true) => "RESIDENTIAL",
        (true, false) => "BUSINESS",
    };
    let flag = |yes: bool| if yes { "true" } else { "false" };
    json!({
        "streetLinesToken": lines, "city": address.text("/city").unwrap_or_default().to_uppercase(),
        "stateOrProvinceCode": state, "countryCode": country,
        "postalCode": if found && country == "US" { format!("{}-1001", &postal[..5]) } else { postal },
        "classification": class, "customerMessages": [],
        "attributes": {"Resolved": found, "DPV": flag(found), "Matched": flag(found), "CountrySupported": "true",
            "SuiteRequiredButMissing": "false", "InvalidSuiteNumber": "false", "MultipleMatches": "false",
            "AddressType": if found { "STANDARDIZED" } else { "RAW" },
            "AddressPrecision": if found { "STREET_ADDRESS" } else { "UNKNOWN" }},
    })
}

pub(super) fn postal(body: &Value) -> Reply {
    let needed = ["carrierCode", "countryCode", "stateOrProvinceCode", "postalCode", "shipDate"];
    if let Some(missing) = needed.iter().find(|field| body.text(&format!("/{field}")).is_none()) {
        return error(
            400,
            "INVALID.INPUT.EXCEPTION",
            &format!("Invalid field value in the input: {missing}"),
        );
    }
    let (postal, country) =
        (body.text("/postalCode").unwrap_or_default(), body.text("/countryCode").unwrap_or_default());
    match world::state_of(&postal) {
        Some(state) if country == "US" => {
            output(json!({"countryCode": country, "stateOrProvinceCode": state, "cleanedPostalCode": postal}))
        }
        _ if country != "US" => output(json!({"countryCode": country, "cleanedPostalCode": postal})),
        _ => error(400, "COUNTRY.POSTALCODE.INVALID", "The postal code is invalid."),
    }
}

pub(super) fn availability(cx: &Cx, body: &Value) -> Reply {
    let today = cx.now().date_naive();
    let asked = body.text("/dispatchDate").and_then(|date| date.parse::<NaiveDate>().ok()).unwrap_or(today);
    let day = world::next_business_day(asked.max(today));
    let options: Vec<Value> = body
        .list("/carriers")
        .iter()
        .filter_map(|carrier| carrier.text(""))
        .map(|carrier| {
            json!({"carrier": carrier, "available": true, "pickupDate": day.to_string(), "cutOffTime": "16:00:00",
                "accessTime": {"hours": 2, "minutes": 0}, "residentialAvailable": true,
                "scheduleDay": if day == today { "SAME_DAY" } else { "FUTURE_DAY" },
                "readyTimeOptions": ["09:00:00", "12:00:00"], "latestTimeOptions": ["17:00:00", "18:00:00"]})
        })
        .collect();
    output(json!({"requestTimestamp": cx.now().format("%Y-%m-%dT%H:%M:%S").to_string(), "options": options}))
}

pub(super) fn pickup(cx: &Cx, account: &Account, body: &Value) -> Reply {
    if body.text("/associatedAccountNumber/value").as_deref() != Some(account.number) {
        return error(
            400,
            "SHIPMENT.USER.UNAUTHORIZED",
            "Requested user is not authorized to perform the operation.",
        );
    }
    let carrier = body.text("/carrierCode").unwrap_or_default();
    if !matches!(carrier.as_str(), "FDXE" | "FDXG") {
        return error(400, "CARRIERCODE.INVALID", "The carrier code is missing or invalid.");
    }
    let ready = body.text("/originDetail/readyDateTimestamp").unwrap_or_default();
    let day = ready.get(..10).and_then(|date| date.parse::<NaiveDate>().ok());
    let Some(day) = day.filter(|day| *day >= cx.now().date_naive() && !world::is_weekend(*day)) else {
        return error(400, "READYDATE.INVALID", "The ready date is invalid.");
    };
    // Short, and repeated from day to day.
    let code = format!("{}", 3000 + cx.ledger().next_serial("fedex-pickup") % 1000);
    let location = if carrier == "FDXE" { "COSA" } else { "" };
    cx.remember(&format!("pickup {code} {day}"), location);
    let mut answer = json!({"pickupConfirmationCode": code, "message": "Courier on the way"});
    if !location.is_empty() {
        answer["location"] = json!(location);
    }
    output(answer)
}

pub(super) fn pickup_cancel(cx: &Cx, body: &Value) -> Reply {
    let (code, day) = (body.text("/pickupConfirmationCode"), body.text("/scheduledDate"));
    let key = format!("pickup {} {}", code.clone().unwrap_or_default(), day.unwrap_or_default());
    let location = body.text("/location").unwrap_or_default();
    if cx.recall(&key).is_none_or(|known| known != location) {
        return error(400, "PICKUP.CONFIRMATIONCODE.NOTFOUND", "The pickup cannot be found.");
    }
    cx.forget(&key);
    let text = "Requested pickup has been cancelled Successfully.";
    output(json!({"pickupConfirmationCode": code, "cancelConfirmationMessage": text}))
}

/// Closes the day for Ground: a manifest of what was bought since the last close.
pub(super) fn close(cx: &Cx, account: &Account, body: &Value) -> Reply {
    if body.text("/accountNumber/value").as_deref() != Some(account.number) {
        return error(
            400,
            "SHIPMENT.USER.UNAUTHORIZED",
            "Requested user is not authorized to perform the operation.",
        );
    }
    let mut open = cx.ledger().live();
    open.retain(|sale| {
        sale.carrier == "fedex"
            && sale.account == account.number
            && rate::carrier_code(&sale.service) == "FDXG"
            && cx.recall(&format!("closed {}", sale.shipment)).is_none()
    });
    if open.is_empty() {
        return output(json!({"closeDocuments": []}));
    }
    let cycle = cx.now().format("%Y%m%d%H%M%S").to_string();
    let rows = open.iter().flat_map(|sale| {
        sale.tracking
            .iter()
            .map(|number| vec![number.clone(), sale.service.clone(), sale.references.join(" ")])
    });
    let table = Table {
        title: "FedEx Ground manifest".into(),
        notes: vec![format!("Account {}", account.number), format!("Cycle {cycle}")],
        barcode: None,
        columns: vec![
            Column::new("Tracking number", 2600),
            Column::new("Service", 2600),
            Column::new("Reference", 2300),
        ],
        rows: rows.collect(),
        sample: true,
    };
    open.iter().for_each(|sale| cx.remember(&format!("closed {}", sale.shipment), &cycle));
    let image = base64(&table.to_pdf().unwrap_or_default());
    output(json!({"closeDocuments": [{
        "type": "MANIFEST", "shippingCycle": cycle, "copiesToPrint": 1,
        "parts": [{"documentPartSequenceNumber": 1, "image": image}],
    }]}))
}

pub(super) fn upload(cx: &Cx, request: &Request) -> Reply {
    let multipart =
        request.header("content-type").is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let text = String::from_utf8_lossy(&request.body);
    let (document, attachment) = (text.find("name=\"document\""), text.find("name=\"attachment\""));
    if !multipart || document.is_none() || attachment.is_none() || document > attachment {
        return Reply::json(
            400,
            &json!({"errors": [{"code": "1001", "message": "Invalid request: document and attachment are needed in this order"}]}),
        );
    }
    let id = format!("090{:013x}", cx.ledger().next_serial("fedex-document"));
    cx.remember(&format!("document {id}"), "");
    let body =
        json!({"output": {"meta": {"documentType": "CI", "docId": id, "folderId": ["0b05a1d0c0000001"]}}});
    Reply::json(201, &body)
}
