//! Against the facts, samples and schemas of OnTrac, where they are at hand (`WAYBILL_SHARED`); else each test says that
//! it was skipped.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{Canned, NUMBER, carrier, order, permit, shared};
use serde_json::json;
use waybill_core::*;
use waybill_ontrac::number::{self, Shape};
use waybill_testkit::{block_on, sample_shipment};

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Rows of a table by column name. Quoted cells hold no line breaks.
fn table(folder: &Path, name: &str) -> Vec<BTreeMap<String, String>> {
    let text = text(folder, name);
    let cells = |line: &str| {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    };
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let names = cells(lines.next().unwrap());
    lines.map(|line| names.iter().cloned().zip(cells(line)).collect()).collect()
}

#[test]
fn the_vectors_of_tracking_numbers_hold() {
    let Some(folder) = shared() else { return };
    let rows = table(&folder, "spec/tracking-number-vectors.csv");
    assert!(rows.len() > 20);
    for row in rows {
        let wanted = (row["valid"] == "yes").then_some(Shape::OnTrac);
        assert_eq!(number::shape(&row["number"]), wanted, "{row:?}");
        if let (Ok(letter), Some(digits)) =
            (row["prefix_value_that_validates"].parse(), row["number"].get(1..14))
        {
            let check = number::check_digit(letter, digits).unwrap();
            assert_eq!(row["number"].get(14..), Some(check.to_string().as_str()), "{row:?}");
        }
    }
}

#[test]
fn every_tracking_code_of_the_table_has_its_status() {
    let Some(folder) = shared() else { return };
    let rows = table(&folder, "spec/status-codes.csv");
    assert!(rows.len() > 40);
    for row in rows {
        let words =
            if row["v7_description"].is_empty() { &row["older_description"] } else { &row["v7_description"] };
        let body = format!(
            "<OnTracTrackingResult><Shipments><Shipment><Events><Event><Status>{}</Status><Description>{words}</Description>\
             <EventTime>2026-11-24T10:00:00</EventTime></Event></Events><Tracking>{NUMBER}</Tracking></Shipment></Shipments></OnTracTrackingResult>",
            row["code"]
        );
        let TrackOutcome::Found(track) = track(&body, NUMBER) else { panic!("{row:?}") };
        let allowed: &[&str] = match row["normalized"].as_str() {
            "pre-transit" => &["pre_transit"],
            "in-transit" => &["in_transit"],
            "out-for-delivery" => &["out_for_delivery"],
            "exception" => &["exception", "attempted", "available_for_pickup"],
            "accepted" => &["accepted"],
            "delivered" => &["delivered"],
            "returned" => &["returned"],
            other => panic!("the table has a new word: {other}"),
        };
        assert!(allowed.contains(&track.status.as_str()), "{row:?}: {}", track.status);
    }
}

fn track(body: &str, number: &str) -> TrackOutcome {
    let (host, carrier) = (Canned::new(200, body.to_owned()), carrier(json!({})));
    block_on(carrier.track(&host.cx("track"), &TrackRequest::new([number])))
        .unwrap()
        .replies
        .remove(0)
        .outcome
}

#[test]
fn every_error_text_of_the_table_has_its_kind() {
    let Some(folder) = shared() else { return };
    for row in table(&folder, "spec/errors.csv") {
        let kinds: &[&str] = match row["class"].as_str() {
            "authentication" => &["auth"],
            "carrier-down" => &["unavailable"],
            "invalid-address" => &["bad_address"],
            "invalid-request" => &["invalid"],
            "not-serviced" | "option-unavailable" => &["no_service"],
            "service-unavailable" => &["not_entitled"],
            "not-found-or-bad-number" => &["invalid"],
            "success-empty" => continue,
            other => panic!("the table has a new class: {other}"),
        };
        let body = format!(
            "<OnTracShipmentResponse><Shipments/><Error>{}</Error></OnTracShipmentResponse>",
            row["text"]
        );
        let (host, carrier) = (Canned::new(200, body), carrier(json!({})));
        let error = block_on(carrier.buy(&host.cx("buy"), &order(domestic()), permit())).unwrap_err();
        assert!(kinds.contains(&error.kind.as_str()), "{row:?}: {error:?}");
        assert_eq!(error.is_retryable(), row["retry"] == "yes", "{row:?}");
    }
}

fn domestic() -> Shipment {
    sample_shipment("us_domestic").unwrap()
}

fn quoted(body: String, version: &str) -> RateReply {
    let (host, carrier) = (Canned::new(200, body), carrier(json!({ "version": version })));
    block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(domestic()))).unwrap()
}

#[test]
fn rate_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    let reply = quoted(text(&folder, "samples/rates-response.xml"), "V7");
    let rate = &reply.rates[0];
    assert_eq!(rate.payable().unwrap().total.to_string(), "19.68 USD");
    assert_eq!(rate.published().unwrap().total.to_string(), "45.85 USD");
    let kinds: Vec<_> = rate.prices[0].charges.iter().map(|charge| charge.kind.as_str().to_owned()).collect();
    assert_eq!(kinds, ["base", "residential", "weekend"]);
    let latest = rate.delivery.as_ref().unwrap().latest;
    assert_eq!((latest.date, latest.time), ("2023-03-31".parse().ok(), "17:00:00".parse().ok()));
    // The sample's id of the package is another one.
    let old = text(&folder, "samples/rates-v2-all-services-response.xml").replace("pkg-1", "1");
    let reply = quoted(old, "V2");
    let prices: Vec<_> = reply
        .rates
        .iter()
        .map(|rate| (rate.service.as_str(), rate.payable().unwrap().total.to_string()))
        .collect();
    for row in [("ground", "15.53 USD"), ("sunrise", "21.53 USD"), ("sunrise-gold", "31.94 USD")] {
        assert!(prices.contains(&(row.0, row.1.to_owned())), "{row:?}: {prices:?}");
    }
}

fn bought(folder: &Path, name: &str, format: LabelFormat) -> Result<Purchase> {
    let body = text(folder, name).replace("R6MJTD6K4NCZEAAAA", NUMBER);
    let (host, carrier) = (Canned::new(200, body), carrier(json!({})));
    let order = LabelOrder { label: LabelSpec::new(format), ..order(domestic()) };
    block_on(carrier.buy(&host.cx("buy"), &order, permit()))
}

#[test]
fn label_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    for (name, format, labels) in [
        ("samples/shipment-response.xml", LabelFormat::Pdf, false),
        ("samples/shipment-response-pdf-label.xml", LabelFormat::Pdf, true),
        ("samples/shipment-response-zpl-label.xml", LabelFormat::Zpl, true),
    ] {
        let sale = bought(&folder, name, format.clone()).unwrap();
        assert_eq!(sale.pieces[0].tracking, "D10013755557261", "{name}");
        assert_eq!(sale.charged().unwrap().to_string(), "20.54 USD", "{name}");
        assert_eq!(sale.has_labels(), labels, "{name}");
        assert!(sale.documents.iter().all(|file| file.format == format), "{name}");
    }
    let auth = bought(&folder, "samples/shipment-error-response.xml", LabelFormat::Pdf).unwrap_err();
    assert_eq!((auth.kind, auth.phase), (ErrorKind::Auth, Phase::Answered));
    let zip =
        bought(&folder, "samples/shipment-error-delivery-zip-response.xml", LabelFormat::Pdf).unwrap_err();
    assert_eq!((zip.kind, zip.phase), (ErrorKind::NoService, Phase::Answered));
}

#[test]
fn tracking_and_detail_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    for (name, number, status) in [
        ("samples/track-response.xml", "D10010466126749", "pre_transit"),
        ("samples/track-delivered-response.xml", "D10013755557261", "delivered"),
        ("samples/track-in-transit-response.xml", "", "in_transit"),
        ("samples/track-out-for-delivery-response.xml", "", "out_for_delivery"),
    ] {
        let body = text(&folder, name);
        let inside = body.split("<Tracking>").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
        let number = if number.is_empty() { inside } else { number };
        let TrackOutcome::Found(track) = track(&body, number) else { panic!("{name}") };
        assert_eq!(track.status.as_str(), status, "{name}");
        assert!(track.expected.is_some() && !track.events.is_empty(), "{name}");
    }
    let (host, carrier) =
        (Canned::new(200, text(&folder, "samples/details-response.xml")), carrier(json!({})));
    let found = block_on(carrier.adjusted(&host.cx("details"), &["D10013755557261".into()])).unwrap();
    assert_eq!(found[0].total.unwrap().to_string(), "23.65 USD");
    assert_eq!(found[0].weight, Some(Weight::new(7, WeightUnit::Pound)));
}

#[test]
fn the_samples_of_served_zip_codes_refuse_what_they_do_not_list() {
    let Some(folder) = shared() else { return };
    for name in ["samples/zips-response.xml", "samples/zips-v2-response.xml"] {
        let (host, carrier) =
            (Canned::new(200, text(&folder, name)), carrier(json!({ "service_area": true })));
        let reply = block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(domestic()))).unwrap();
        assert_eq!(reply.rejected[0].reason, RejectReason::Lane, "{name}: Austin is not in it");
        assert_eq!(host.count(), 1, "{name}: no price was asked for");
    }
}

/// Names, in order, of the elements of one element of a schema, with their types.
fn sequence(schema: &str, element: &str) -> Vec<(String, String)> {
    // V2 names its elements, V1 their types.
    let kind = match element {
        "Shipment" => "ShipmentRequest",
        "shipper" => "Shipper",
        "consignee" => "Consignee",
        _ => "Dim",
    };
    let start = schema
        .find(&format!("<xs:element name=\"{element}\">"))
        .or_else(|| schema.find(&format!("<xs:complexType name=\"{kind}\">")))
        .unwrap();
    let rest = &schema[start..];
    let group = if rest.starts_with("<xs:complexType") { "xs:all" } else { "xs:sequence" };
    let within = |tag: String| rest.find(&tag).unwrap();
    let rest = &rest[within(format!("<{group}>"))..within(format!("</{group}>"))];
    let attribute = |tag: &str, name: &str| {
        let from = tag.find(&format!("{name}=\""))? + name.len() + 2;
        Some(tag[from..].split('"').next()?.to_owned())
    };
    let tags = rest.split("<xs:element").skip(1);
    tags.map(|tag| {
        let name = attribute(tag, "name").or_else(|| attribute(tag, "ref")).unwrap();
        (name, attribute(tag, "type").unwrap_or_default())
    })
    .collect()
}

/// Child elements of the first element of a name in a message: name and text.
fn children(message: &str, element: &str) -> Vec<(String, String)> {
    let open = format!("<{element}>");
    let from = message.find(&open).unwrap() + open.len();
    let mut rest = &message[from..message.find(&format!("</{element}>")).unwrap()];
    let mut found = Vec::new();
    while let Some(tag) = rest.strip_prefix('<') {
        let end = tag.find('>').unwrap();
        if let Some(name) = tag[..end].strip_suffix('/') {
            found.push((name.to_owned(), String::new()));
            rest = &tag[end + 1..];
            continue;
        }
        let close = format!("</{}>", &tag[..end]);
        let at = rest.find(&close).unwrap();
        found.push((tag[..end].to_owned(), tag[end + 1..at - 1].to_owned()));
        rest = &rest[at + close.len()..];
    }
    found
}

/// Orders that between them use every option of the old versions.
fn orders() -> Vec<LabelOrder> {
    let dollars = |text: &str| Some(text.parse().unwrap());
    type Change = fn(&mut LabelOrder);
    let changes: [Change; 9] = [
        |_| {},
        |order| order.numbers.clear(),
        |order| order.shipment.options.signature = Some(Signature::Signature),
        |order| order.shipment.options.saturday_delivery = true,
        |order| order.shipment.to.residential = Some(false),
        |order| order.shipment.options.notify = vec!["a@b.test".into(), "c@d.test".into()],
        |order| {
            order.shipment.parcels[0].packaging = "letter".into();
            order.shipment.parcels[0].weight = "4oz".parse().unwrap();
        },
        |order| order.shipment.parcels[0].dimensions = None,
        |order| {
            order.shipment.billing.transport =
                Payer::ThirdParty { account: "778899".into(), country: Country::US, postal_code: None };
        },
    ];
    let mut orders: Vec<LabelOrder> = changes
        .iter()
        .map(|change| {
            let mut order = order(domestic());
            change(&mut order);
            order
        })
        .collect();
    for cod in ["secured", "unsecured"] {
        let mut order = order(domestic());
        order.shipment.parcels[0].weight = "2.3lb".parse().unwrap();
        order.shipment.parcels[0].declared_value = dollars("99.90 USD");
        order.shipment.options.cash_on_delivery = dollars("20.50 USD");
        order.shipment.options.carrier.insert("cod-type".into(), cod.into());
        order.shipment.options.carrier.insert("instructions".into(), "Ring <twice> & wait".into());
        orders.push(order);
    }
    for format in [LabelFormat::Zpl, LabelFormat::Epl, LabelFormat::Gif, LabelFormat::Jpg] {
        orders.push(LabelOrder { label: LabelSpec::new(format), ..order(domestic()) });
    }
    orders
}

#[test]
fn messages_of_the_old_versions_fit_their_schema() {
    let Some(folder) = shared() else { return };
    let mut checked = 0;
    for version in ["V1", "V2", "V3", "V4", "V5", "V6"] {
        let file = if version == "V1" { "xsd-v1" } else { "xsd-v2" };
        let schema = text(&folder, &format!("spec/{file}/OnTracShipmentRequest.xsd"));
        for order in orders() {
            let (host, carrier) = (Canned::new(200, ""), carrier(json!({ "version": version })));
            let error = block_on(carrier.buy(&host.cx("buy"), &order, permit())).unwrap_err();
            assert_eq!(host.count(), 1, "nothing was sent: {error}");
            checked += fits(&schema, &host.message());
        }
    }
    assert!(checked > 2000, "{checked}");
}

/// Compares a message with its schema, element by element, in order and type. Answers how many were compared.
fn fits(schema: &str, message: &str) -> usize {
    let mut checked = 0;
    for element in ["Shipment", "shipper", "consignee", "DIM"] {
        let (wanted, have) = (sequence(schema, element), children(message, element));
        let names = |list: &[(String, String)]| list.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&wanted), names(&have), "{element}");
        for ((name, kind), (_, value)) in wanted.iter().zip(&have) {
            let good = match kind.as_str() {
                "xs:integer" | "xs:int" => value.parse::<i64>().is_ok(),
                "xs:decimal" | "xs:double" => value.parse::<f64>().is_ok(),
                "xs:boolean" => matches!(value.as_str(), "true" | "false"),
                "xs:date" => value.parse::<chrono::NaiveDate>().is_ok(),
                "codType" => matches!(value.as_str(), "NONE" | "SECURED" | "UNSECURED"),
                _ => true,
            };
            assert!(good, "{element}/{name} is `{value}`, no {kind}");
            checked += 1;
        }
    }
    checked
}

#[test]
fn a_collection_has_the_elements_of_its_schema() {
    let Some(folder) = shared() else { return };
    let sample = text(&folder, "samples/pickup-request.xml");
    let squeezed: String = sample.lines().map(str::trim).collect();
    let (host, carrier) =
        (Canned::new(200, text(&folder, "samples/pickup-response.xml")), carrier(json!({})));
    let request: PickupRequest = serde_json::from_value(json!({
        "address": domestic().from, "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00",
        "parcels": domestic().parcels,
    }))
    .unwrap();
    let reply = block_on(carrier.schedule(&host.cx("schedule_pickup"), &request, permit())).unwrap();
    assert_eq!(reply.confirmation, "D10010000000110");
    let names =
        |text: &str| children(text, "OnTracPickupRequest").into_iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(names(&squeezed), names(&host.message()));
}
