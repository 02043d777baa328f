use rust_decimal::Decimal;
use serde_json::{Value, json};
use waybill_documents::{Barcode, Column, Symbology, Table, pages_to_pdf};

use super::rate::{self, Lane, Quote};
use super::{Refusal, error, refuse};
use crate::http::Json as _;
use crate::paper::{Record, base64};
use crate::world::{Place, decimal};
use crate::{Account, Cx, NewSale, Reply, Request, Sale, Story};

/// A chosen waybill number first, then the references.
pub(super) fn handles(body: &Value) -> Vec<String> {
    chosen(body).into_iter().chain(references(body)).collect()
}

fn chosen(body: &Value) -> Option<String> {
    let identifiers = body.list("/identifiers");
    let own = identifiers.iter().find(|one| one.text("/typeCode").as_deref() == Some("shipmentId"));
    own.and_then(|one| one.text("/value").or_else(|| one.text("/identifier")))
}

fn references(body: &Value) -> Vec<String> {
    body.list("/customerReferences").iter().filter_map(|reference| reference.text("/value")).collect()
}

pub(super) fn create(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let Some(body) = request.json() else {
        return refuse(request, (422, vec!["#: the body is not JSON".into()]));
    };
    match order(cx, account, &body) {
        Ok(_) if request.query("validateDataOnly") == Some("true") => {
            error(request, 200, "Validation", "No problems found", &[])
        }
        Ok((lane, quote)) => match sell(cx, account, &body, &lane, &quote) {
            Ok(sale) => Reply::json(201, &shown(cx, &body, &sale, &lane, &quote)),
            Err(refusal) => refuse(request, refusal),
        },
        Err(refusal) => refuse(request, refusal),
    }
}

fn order(cx: &Cx, account: &Account, body: &Value) -> Result<(Lane, Quote), Refusal> {
    let schema = |text: &str| (422, vec![text.to_owned()]);
    let shipper =
        body.list("/accounts").into_iter().find(|one| one.text("/typeCode").as_deref() == Some("shipper"));
    if shipper.and_then(|one| one.text("/number")).as_deref() != Some(account.number) {
        return Err((400, vec!["The account number is not found or invalid".into()]));
    }
    let from = party(body, "shipperDetails")?;
    let to = party(body, "receiverDetails")?;
    let content = &body["content"];
    let text = content
        .text("/description")
        .ok_or_else(|| schema("#/content: required key [description] not found"))?;
    if ["parts", "goods", "sample", "gift"].contains(&text.to_lowercase().as_str()) {
        return Err((400, vec![format!("7147: The description \"{text}\" is not accepted")]));
    }
    let declarable = content.pointer("/isCustomsDeclarable").and_then(Value::as_bool);
    let declarable =
        declarable.ok_or_else(|| schema("#/content: required key [isCustomsDeclarable] not found"))?;
    if declarable && content.list("/exportDeclaration/lineItems").is_empty() {
        return Err(schema("#/content: required key [exportDeclaration] not found"));
    }
    if content.text("/incoterm").is_none() {
        return Err(schema("#/content: required key [incoterm] not found"));
    }
    if references(body).iter().any(|value| value.chars().count() > 35) {
        return Err(schema("#/customerReferences/0/value: expected maxLength: 35"));
    }
    let format = body.text("/outputImageProperties/encodingFormat").unwrap_or_else(|| "pdf".into());
    if !matches!(format.as_str(), "pdf" | "zpl" | "epl") {
        return Err(schema(
            "#/outputImageProperties/encodingFormat: not one of the values of the simulation",
        ));
    }
    let metric = content.text("/unitOfMeasurement").as_deref() != Some("imperial");
    let services = body.list("/valueAddedServices");
    let service =
        |code: &str| services.iter().find(|service| service.text("/serviceCode").as_deref() == Some(code));
    let insured = service("II").and_then(|service| service.decimal("/value")).unwrap_or_default();
    let lane = Lane {
        from,
        to,
        declarable,
        metric,
        pieces: rate::pieces(&content.list("/packages"), metric)?,
        date: rate::planned(cx, body.text("/plannedShippingDateAndTime"))?,
        insured: i64::try_from((insured * Decimal::ONE_HUNDRED).round()).unwrap_or(0),
        saturday: service("AA").is_some(),
    };
    let code = body.text("/productCode").ok_or_else(|| schema("#: required key [productCode] not found"))?;
    let quote = rate::product(&code).and_then(|product| rate::quote(product, &lane, account.discount));
    let gone = || {
        (
            400,
            vec![
                format!(
                    "1001: The requested product(s) ({code}) not available based on your search criteria"
                ),
                "410138: Product not available at payer".to_owned(),
            ],
        )
    };
    Ok((lane, quote.ok_or_else(gone)?))
}

fn party(body: &Value, which: &str) -> Result<Place, Refusal> {
    let path = format!("customerDetails/{which}");
    let value = &body["customerDetails"][which];
    let place = rate::address(&value["postalAddress"], &format!("{path}/postalAddress"))?;
    let missing = |what: &str| (422, vec![format!("#/{path}: required key [{what}] not found")]);
    if place.lines.is_empty() {
        return Err(missing("addressLine1"));
    }
    if let Some(long) = place.lines.iter().find(|line| line.chars().count() > 45) {
        return Err((
            422,
            vec![format!(
                "#/{path}/postalAddress/addressLine1: expected maxLength: 45, actual: {}",
                long.chars().count()
            )],
        ));
    }
    for field in ["fullName", "companyName", "phone"] {
        if value.text(&format!("/contactInformation/{field}")).is_none() {
            return Err(missing(field));
        }
    }
    let name = value.text("/contactInformation/fullName").unwrap_or_default();
    Ok(Place { name, ..place })
}

fn sell(cx: &Cx, account: &Account, body: &Value, lane: &Lane, quote: &Quote) -> Result<Sale, Refusal> {
    let shipment = match chosen(body) {
        Some(_) if cx.quirk("identifiers-not-enabled") => {
            return Err((400, vec!["3501: Identifiers are not allowed for the user".into()]));
        }
        Some(number) => {
            let allocated = cx.recall(&format!("sid {number}")).is_some_and(|owner| owner == account.number);
            if !allocated || cx.ledger().by_number("dhl-express", &number).is_some() {
                return Err((
                    400,
                    vec!["7096: The shipment identification number is invalid or was used already".into()],
                ));
            }
            number
        }
        None => waybill(cx),
    };
    let pieces: Vec<String> =
        lane.pieces.iter().map(|_| format!("JD0146{:014}", cx.ledger().next_serial("dhl-piece"))).collect();
    let references = references(body);
    let words = [lane.to.name.as_str()].into_iter().chain(references.iter().map(String::as_str));
    let record = Record {
        origin: lane.from.clone(),
        destination: lane.to.clone(),
        service_name: quote.product.name.to_owned(),
        days: quote.days,
        story: Story::asked_for(words),
        pieces: lane.pieces.iter().map(|(kilos, _)| format!("{} KG", kilos.round_dp(2))).collect(),
        notes: references.iter().map(|value| format!("REF: {value}")).collect(),
        customs: line_items(body),
        format: body.text("/outputImageProperties/encodingFormat").unwrap_or_else(|| "pdf".into()),
        extra: json!({"declarable": lane.declarable, "description": body["content"]["description"], "date": lane.date,
            "dpi": body["outputImageProperties"]["printerDPI"]}),
    };
    let handle = chosen(body).or_else(|| references.first().cloned());
    Ok(cx.sell(NewSale {
        carrier: "dhl-express".into(),
        account: account.number.into(),
        handle,
        references,
        shipment,
        tracking: pieces,
        amount: decimal(quote.total()),
        currency: "USD".into(),
        service: quote.product.code.into(),
        detail: record.text(),
    }))
}

/// Nine digits and their remainder by seven.
pub(super) fn waybill(cx: &Cx) -> String {
    let serial = 481_000_000 + cx.ledger().next_serial("dhl-waybill");
    format!("{serial}{}", serial % 7)
}

fn line_items(body: &Value) -> Vec<Vec<String>> {
    let items = body.list("/content/exportDeclaration/lineItems");
    let currency = body.text("/content/declaredValueCurrency").unwrap_or_default();
    let line = |item: &&Value| {
        let text = |pointer| item.text(pointer).unwrap_or_default();
        vec![
            text("/description"),
            text("/quantity/value"),
            format!("{} kg", text("/weight/netValue")),
            format!("{} {currency}", text("/price")),
            text("/commodityCodes/0/value"),
            text("/manufacturerCountry"),
        ]
    };
    items.iter().map(line).collect()
}

/// All pieces in one document: pages of a PDF, or printer programs one after another.
fn labels(sale: &Sale, record: &Record) -> Vec<u8> {
    let pages: Vec<_> = (0..sale.tracking.len())
        .map(|at| {
            let mut label =
                record.label("DHL EXPRESS", &sale.shipment, at, Symbology::Code128, &sale.shipment);
            label.references.push(format!("PIECE {}", sale.tracking[at]));
            label.page()
        })
        .collect();
    let dpi = if record.extra["dpi"] == json!(300) { 300 } else { 203 };
    let drawn = match record.format.as_str() {
        "zpl" => {
            pages.iter().map(|page| page.to_zpl(dpi)).collect::<Result<String, _>>().map(String::into_bytes)
        }
        "epl" => {
            pages.iter().map(|page| page.to_epl()).collect::<Result<String, _>>().map(String::into_bytes)
        }
        _ => pages_to_pdf(&pages),
    };
    drawn.unwrap_or_default()
}

fn paper(title: &str, sale: &Sale, record: &Record) -> Vec<u8> {
    let columns = [
        ("Description", 2900),
        ("Qty", 600),
        ("Weight", 1000),
        ("Price", 1300),
        ("HS code", 1100),
        ("Origin", 600),
    ];
    let table = Table {
        title: title.into(),
        notes: [record.origin.printed(), vec![String::new()], record.destination.printed()].concat(),
        barcode: Some(Barcode::new(Symbology::Code128, &sale.shipment)),
        columns: columns.iter().map(|(title, width)| Column::new(*title, *width)).collect(),
        rows: record.customs.clone(),
        sample: true,
    };
    table.to_pdf().unwrap_or_default()
}

fn shown(cx: &Cx, body: &Value, sale: &Sale, lane: &Lane, quote: &Quote) -> Value {
    let record = Record::of(sale);
    let format = record.format.to_uppercase();
    let mut documents =
        vec![json!({"imageFormat": format, "content": base64(&labels(sale, &record)), "typeCode": "label"})];
    let asked = |kind: &str| {
        let options = body.list("/outputImageProperties/imageOptions");
        options.iter().any(|option| {
            option.text("/typeCode").as_deref() == Some(kind) && option["isRequested"] == json!(true)
        })
    };
    if asked("waybillDoc") {
        documents.push(json!({"imageFormat": "PDF", "content": base64(&paper("Waybill document", sale, &record)), "typeCode": "waybillDoc"}));
    }
    if asked("invoice") {
        documents.push(json!({"imageFormat": "PDF", "content": base64(&paper("Commercial invoice", sale, &record)), "typeCode": "invoice"}));
    }
    let packages: Vec<Value> = sale
        .tracking
        .iter()
        .enumerate()
        .map(|(at, number)| json!({"referenceNumber": at + 1, "trackingNumber": number, "trackingUrl": format!("{}/shipments/{}/tracking", cx.base_url(), sale.shipment)}))
        .collect();
    let mut answer = json!({
        "url": format!("{}/shipments", cx.base_url()), "shipmentTrackingNumber": sale.shipment,
        "trackingUrl": format!("{}/shipments/{}/tracking", cx.base_url(), sale.shipment),
        "packages": packages, "documents": documents,
        "estimatedDeliveryDate": {"estimatedDeliveryDate": quote.delivery.to_string(), "estimatedDeliveryType": "QDDC"},
    });
    if body["getRateEstimates"] == json!(true) && !cx.quirk("no-charges") {
        let mut charges = rate::prices(quote.total(), &lane.from.country);
        charges[0]["serviceBreakdown"] = json!(rate::breakdown(quote));
        answer["shipmentCharges"] = charges;
    }
    if body["pickup"]["isRequested"] == json!(true) {
        answer["dispatchConfirmationNumber"] = json!(super::extras::book(cx, sale.sold_at.date_naive()));
    }
    answer
}

/// Archived documents: the waybill document or the invoice, never the transport label.
pub(super) fn image(cx: &Cx, account: &Account, request: &Request, number: &str) -> Reply {
    let sale = cx.find_number(number).filter(|sale| sale.account == account.number);
    let kind = request.query("typeCode").unwrap_or("waybill");
    let Some(sale) = sale.filter(|_| matches!(kind, "waybill" | "commercial-invoice")) else {
        return error(request, 404, "Not found", "1504: No documents found", &[]);
    };
    let title = if kind == "waybill" { "Waybill document" } else { "Commercial invoice" };
    let content = base64(&paper(title, &sale, &Record::of(&sale)));
    Reply::json(
        200,
        &json!({"documents": [{"shipmentTrackingNumber": sale.shipment, "typeCode": kind, "function": "import", "encodingFormat": "PDF", "content": content}]}),
    )
}
