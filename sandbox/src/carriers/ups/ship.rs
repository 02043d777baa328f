use serde_json::{Value, json};
use waybill_documents::{Barcode, Column, Symbology, Table};

use super::parse::{self, Shipment};
use super::rate::{self, Quote, amount, billing_weight, itemized};
use super::{Refusal, error, listed, refuse, response_part};
use crate::http::Json as _;
use crate::paper::{Format, Record, base64, draw};
use crate::{Account, Cx, NewSale, Reply, Request, Sale, Story};

pub(super) fn buy(cx: &Cx, account: &Account, request: &Request, version: &str) -> Reply {
    let body = request.json().filter(|body| body.has("/ShipmentRequest/Shipment"));
    let Some(body) = body else {
        if cx.quirk("empty-200") {
            return Reply::new(200, "application/json", "")
                .with_header("apierrorcode", "1")
                .with_header("errordescription", "The request body is not well formed");
        }
        return error(400, "10001", "The request is not well formed or the operation is not defined");
    };
    let asked = &body["ShipmentRequest"];
    match sell(cx, account, asked) {
        Ok((sale, shipment, quote)) => {
            let entitled = shipment.negotiated && rate::entitled(account, &shipment);
            let results = results(cx, version, &sale, &shipment, &quote, entitled);
            let response = response_part(&asked["Request"], Vec::new());
            Reply::json(200, &json!({"ShipmentResponse": {"Response": response, "ShipmentResults": results}}))
        }
        Err(refusal) => refuse(refusal),
    }
}

fn sell(cx: &Cx, account: &Account, asked: &Value) -> Result<(Sale, Shipment, Quote), Refusal> {
    let body = &asked["Shipment"];
    let shipment = parse::shipment(body, "Packaging")?;
    let format = label_format(asked)?;
    check(account, asked, &shipment)?;
    check_documents(cx, account, body)?;
    let code = shipment.service.clone().unwrap_or_default();
    let service =
        rate::service(&code).ok_or((400, "120100", "Missing or invalid service code".to_owned()))?;
    let pickup = rate::pickup_date(cx, body);
    let quote = rate::quote(service, &shipment, account.discount, pickup, shipment.saturday).ok_or((
        400,
        "111210",
        "The requested service is unavailable between the selected locations.".to_owned(),
    ))?;
    let tracking: Vec<String> = shipment.pieces.iter().map(|_| number(cx, account, &code)).collect();
    let references = parse::references(body);
    let words = [shipment.destination.name.as_str()].into_iter().chain(references.iter().map(String::as_str));
    let record = Record {
        origin: shipment.origin.clone(),
        destination: shipment.destination.clone(),
        service_name: service.name.to_uppercase(),
        days: quote.days,
        story: Story::asked_for(words),
        pieces: shipment.pieces.iter().map(|piece| piece.printed.clone()).collect(),
        notes: references.iter().map(|value| format!("REF: {value}")).collect(),
        customs: products(body),
        format,
        extra: json!({"forms": forms(body), "currency": body.text("/ShipmentServiceOptions/InternationalForms/CurrencyCode")}),
    };
    let entitled = shipment.negotiated && rate::entitled(account, &shipment);
    let sale = cx.sell(NewSale {
        carrier: "ups".into(),
        account: account.number.into(),
        handle: references.first().cloned(),
        references,
        shipment: tracking[0].clone(),
        tracking,
        // What is billed is the account's own price, whether the answer shows it or not.
        amount: crate::world::decimal(if entitled { quote.own } else { quote.list }),
        currency: "USD".into(),
        service: code,
        detail: record.text(),
    });
    Ok((sale, shipment, quote))
}

fn check(account: &Account, asked: &Value, shipment: &Shipment) -> Result<(), Refusal> {
    let body = &asked["Shipment"];
    let refused = |code, text: &str| Err((400, code, text.to_owned()));
    if !matches!(asked.text("/Request/RequestOption").as_deref(), Some("validate" | "nonvalidate")) {
        return refused("10002", "Missing or invalid request option");
    }
    let Some(shipper) = &shipment.shipper_number else {
        return refused("120100", "Missing or invalid shipper number");
    };
    if shipper != account.number {
        return Err((400, "111600", "The shipper number cannot be used for the shipment".into()));
    }
    let lines = &shipment.destination.lines;
    if lines.is_empty() || lines.iter().any(|line| line.chars().count() > 35) {
        return refused("120202", "Missing or invalid ship to address line 1");
    }
    let first = lines[0].to_uppercase().replace('.', "");
    if first.starts_with("PO BOX") || first.starts_with("P O BOX") {
        return refused("120802", "Address Validation Error on ShipTo address");
    }
    if shipment.destination.name.is_empty() || shipment.destination.name.chars().count() > 35 {
        return refused("120201", "Missing or invalid ship to company name");
    }
    if shipment.destination.city.is_empty() {
        return refused("120204", "Missing or invalid ship to city");
    }
    let charges = body.list("/PaymentInformation/ShipmentCharge");
    let transport = charges.iter().any(|charge| charge.text("/Type").as_deref() == Some("01"));
    if !transport && !shipment.returns {
        return refused("120101", "Missing transportation payment information");
    }
    if shipment.is_domestic() && shipment.origin.is_us() && body.has("/ReferenceNumber") {
        return refused("120305", "Shipment level reference numbers are not allowed for this movement");
    }
    let too_long =
        |reference: &&Value| reference.text("/Value").is_none_or(|value| value.chars().count() > 35);
    let packages = body.list("/Package");
    if packages.iter().any(|package| {
        let references = package.list("/ReferenceNumber");
        references.len() > 5 || references.iter().any(&too_long)
    }) {
        return refused("120306", "Missing or invalid reference number");
    }
    if !shipment.is_domestic() {
        check_international(body)?;
    }
    Ok(())
}

/// Documents of the shipper's own must have been uploaded for the account before.
fn check_documents(cx: &Cx, account: &Account, body: &Value) -> Result<(), Refusal> {
    let form = "/ShipmentServiceOptions/InternationalForms";
    let ids = body.list(&format!("{form}/UserCreatedForm/DocumentID"));
    let own =
        body.list(&format!("{form}/FormType")).iter().any(|kind| kind.text("").as_deref() == Some("07"));
    let known = |id: &&Value| {
        let id = id.text("").unwrap_or_default();
        cx.recall(&format!("document {id}")).as_deref() == Some(account.number)
    };
    if (own && ids.is_empty()) || !ids.iter().all(known) {
        return Err((400, "9590011", "Missing or invalid document id".to_owned()));
    }
    Ok(())
}

fn check_international(body: &Value) -> Result<(), Refusal> {
    let needed = [
        ("/ShipTo/Phone/Number", "120213", "Missing or invalid ship to phone number"),
        ("/ShipTo/AttentionName", "120203", "Missing or invalid ship to attention name"),
        ("/Shipper/Phone/Number", "120120", "Missing or invalid shipper phone number"),
    ];
    for (pointer, code, text) in needed {
        if body.text(pointer).is_none() {
            return Err((400, code, text.into()));
        }
    }
    if body.text("/Description").is_none() && !body.has("/DocumentsOnlyIndicator") {
        return Err((400, "120500", "Missing description of goods".into()));
    }
    let form = "/ShipmentServiceOptions/InternationalForms";
    if body.list(&format!("{form}/FormType")).iter().any(|kind| kind.text("").as_deref() == Some("01")) {
        for field in ["InvoiceNumber", "InvoiceDate", "ReasonForExport", "CurrencyCode"] {
            if body.text(&format!("{form}/{field}")).is_none() {
                return Err((400, "120541", format!("Missing or invalid {field} for the invoice")));
            }
        }
        if body.list(&format!("{form}/Product")).is_empty() {
            return Err((400, "120542", "Missing product for the invoice".into()));
        }
    }
    Ok(())
}

fn label_format(asked: &Value) -> Result<String, Refusal> {
    let code = asked
        .text("/LabelSpecification/LabelImageFormat/Code")
        .unwrap_or_else(|| "GIF".into())
        .to_uppercase();
    if matches!(code.as_str(), "GIF" | "PNG" | "ZPL" | "EPL") {
        return Ok(code);
    }
    Err((400, "120605", format!("Label image format {code} is not available")))
}

fn forms(body: &Value) -> Vec<String> {
    let kinds = body.list("/ShipmentServiceOptions/InternationalForms/FormType");
    kinds.iter().filter_map(|kind| kind.text("")).collect()
}

fn products(body: &Value) -> Vec<Vec<String>> {
    let currency = body.text("/ShipmentServiceOptions/InternationalForms/CurrencyCode").unwrap_or_default();
    let products = body.list("/ShipmentServiceOptions/InternationalForms/Product");
    let line = |product: &&Value| {
        let description: Vec<String> =
            product.list("/Description").iter().filter_map(|line| line.text("")).collect();
        let value = product.text("/Unit/Value").unwrap_or_default();
        vec![
            description.join(" "),
            product.text("/Unit/Number").unwrap_or_default(),
            product.text("/ProductWeight/Weight").unwrap_or_default(),
            format!("{value} {currency}"),
            product.text("/CommodityCode").unwrap_or_default(),
            product.text("/OriginCountryCode").unwrap_or_default(),
        ]
    };
    products.iter().map(line).collect()
}

/// `1Z`, account, service, serial, check digit.
fn number(cx: &Cx, account: &Account, service: &str) -> String {
    let serial = cx.ledger().next_serial("ups") % 10_000_000;
    let body = format!("{}{service}{serial:07}", account.number);
    format!("1Z{body}{}", check_digit(&body))
}

/// Letters count as (ASCII - 63) mod 10; even places twice; what is missing to a full ten.
pub(super) fn check_digit(body: &str) -> u32 {
    let value = |c: char| c.to_digit(10).unwrap_or((c as u32).saturating_sub(63) % 10);
    let sum: u32 = body.chars().enumerate().map(|(at, c)| value(c) * (1 + at as u32 % 2)).sum();
    (10 - sum % 10) % 10
}

fn results(cx: &Cx, version: &str, sale: &Sale, shipment: &Shipment, quote: &Quote, entitled: bool) -> Value {
    let record = Record::of(sale);
    let options: i64 = quote.items.iter().map(|(_, cents)| cents).sum();
    let packages = sale.tracking.iter().zip(&quote.pieces).enumerate().map(|(at, (number, price))| {
        let image = image(&record, number, at, &record.format);
        let mut label = json!({
            "ImageFormat": {"Code": record.format, "Description": record.format},
            "GraphicImage": image,
        });
        if record.format == "GIF" {
            label["HTMLImage"] = json!(base64(html(number).as_bytes()));
        }
        json!({
            "TrackingNumber": number,
            "BaseServiceCharge": amount(price.base),
            "ServiceOptionsCharges": amount(0),
            "ShippingLabel": label,
            "ItemizedCharges": itemized(&price.items),
        })
    });
    let mut results = json!({
        "ShipmentCharges": {
            "TransportationCharges": amount(quote.list - options),
            "ItemizedCharges": listed(cx, version, 2403, itemized(&quote.items)),
            "ServiceOptionsCharges": amount(options),
            "TotalCharges": amount(quote.list),
        },
        "BillingWeight": billing_weight(shipment.billed()),
        "ShipmentIdentificationNumber": sale.shipment,
        "PackageResults": listed(cx, version, 2403, packages.collect()),
    });
    if entitled {
        results["NegotiatedRateCharges"] = json!({"TotalCharge": amount(quote.own)});
    }
    if let Some(form) = invoice(&record, sale) {
        results["Form"] = form;
    }
    results
}

fn html(number: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>SAMPLE - NOT FOR SHIPPING</title></head><body><img src=\"./label{number}.gif\" width=\"651\" height=\"392\"></body></html>"
    )
}

fn image(record: &Record, number: &str, piece: usize, format: &str) -> String {
    let label = record.label("UPS", number, piece, Symbology::Code128, number);
    let format = match format {
        "PDF" => Format::Pdf,
        "ZPL" => Format::Zpl203,
        "EPL" => Format::Epl,
        "PNG" => Format::Png,
        _ => Format::LandscapeGif,
    };
    base64(&draw(&label, format))
}

/// All customs documents in one PDF, when a commercial invoice was asked for.
fn invoice(record: &Record, sale: &Sale) -> Option<Value> {
    if record.extra.list("/forms").iter().all(|form| form.text("").as_deref() != Some("01")) {
        return None;
    }
    let widths = [
        ("Description", 2900),
        ("Qty", 600),
        ("Weight", 900),
        ("Unit value", 1300),
        ("Tariff no.", 1100),
        ("Origin", 700),
    ];
    let table = Table {
        title: "Commercial invoice".into(),
        notes: [record.origin.printed(), vec![String::new()], record.destination.printed()].concat(),
        barcode: Some(Barcode::new(Symbology::Code128, &sale.shipment)),
        columns: widths.iter().map(|(title, width)| Column::new(*title, *width)).collect(),
        rows: record.customs.clone(),
        sample: true,
    };
    let pdf = table.to_pdf().unwrap_or_default();
    Some(json!({
        "Code": "01",
        "Description": "All Requested International Forms",
        "Image": {"ImageFormat": {"Code": "PDF", "Description": "PDF"}, "GraphicImage": base64(&pdf)},
    }))
}

pub(super) fn void(cx: &Cx, account: &Account, request: &Request, number: &str) -> Reply {
    let gone = || error(400, "190102", "No shipment found within the allowed void period");
    let Some(sale) = cx.ledger().by_number("ups", number).filter(|sale| sale.account == account.number)
    else {
        return gone();
    };
    let wanted: Vec<String> = request
        .query
        .iter()
        .filter(|(key, _)| key == "trackingnumber")
        .flat_map(|(_, value)| value.split(','))
        .map(|value| value.trim_matches(['[', ']', '"', ' ']).to_owned())
        .filter(|value| !value.is_empty())
        .collect();
    if wanted.iter().any(|piece| !sale.tracking.contains(piece)) {
        return error(400, "190101", "Invalid tracking number");
    }
    let now = cx.now();
    if Record::of(&sale).plan(cx, &sale, &sale.shipment).is_tendered(now) {
        return gone();
    }
    let already = |piece: &String| sale.voided_pieces.contains(piece);
    if !sale.is_live() || (!wanted.is_empty() && wanted.iter().all(already)) {
        return error(400, "190117", "The shipment has already been voided");
    }
    cx.ledger().void(sale.seq, &wanted, now);
    let mut answer = json!({
        "Response": response_part(&Value::Null, Vec::new()),
        "SummaryResult": {"Status": {"Code": "1", "Description": "Voided"}},
    });
    if !wanted.is_empty() {
        let levels = wanted
            .iter()
            .map(|piece| json!({"TrackingNumber": piece, "Status": {"Code": "1", "Description": "Voided"}}));
        let mut levels: Vec<Value> = levels.collect();
        answer["PackageLevelResult"] =
            if levels.len() == 1 { levels.remove(0) } else { Value::Array(levels) };
    }
    Reply::json(200, &json!({"VoidShipmentResponse": answer}))
}

pub(super) fn recover(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["LabelRecoveryRequest"];
    let absent = || {
        error(
            400,
            "9801031",
            "The label is not available for the shipment, or wait until the shipment is processed",
        )
    };
    let reference = asked.text("/ReferenceValues/ReferenceNumber/Value");
    let sales: Vec<Sale> = match (asked.text("/TrackingNumber"), reference) {
        (Some(number), _) => cx.find_number(&number).into_iter().collect(),
        (None, Some(reference)) => {
            if asked.text("/ReferenceValues/ShipperNumber").is_none_or(|shipper| shipper != account.number) {
                return absent();
            }
            cx.find(account.number, &reference)
        }
        (None, None) => return error(400, "9801001", "A tracking number or reference number is required"),
    };
    let newest =
        |live: bool| sales.iter().rev().find(|sale| sale.account == account.number && sale.is_live() == live);
    let Some(sale) = newest(true) else {
        return match newest(false) {
            Some(_) => error(400, "9801040", "The shipment has been voided"),
            None => absent(),
        };
    };
    let record = Record::of(sale);
    let format =
        asked.text("/LabelSpecification/LabelImageFormat/Code").unwrap_or_else(|| record.format.clone());
    let labels: Vec<Value> = sale
        .tracking
        .iter()
        .enumerate()
        .map(|(at, number)| {
            json!({
                "TrackingNumber": number,
                "LabelImage": {
                    "LabelImageFormat": {"Code": format.to_lowercase()},
                    "GraphicImage": image(&record, number, at, &format.to_uppercase()),
                },
                "Receipt": "",
            })
        })
        .collect();
    Reply::json(
        200,
        &json!({"LabelRecoveryResponse": {
            "Response": response_part(&asked["Request"], Vec::new()),
            "ShipmentIdentificationNumber": sale.shipment,
            "LabelResults": listed(cx, "v1", 2403, labels),
        }}),
    )
}

#[cfg(test)]
mod tests {
    use super::check_digit;

    #[test]
    fn check_digits_agree_with_published_numbers() {
        for number in ["1Z5R89390357567127", "1Z879E930346834440", "1Z410E7W0392751591", "1ZXX3150YW44070023"]
        {
            assert_eq!(check_digit(&number[2..17]).to_string(), number[17..], "{number}");
        }
    }
}
