//! The same answer in another dress says the same: numbers as texts and texts as numbers, one thing bare or in a list,
//! unknown fields, nothing left out. On every fixture, and on UPS's own samples where they are at hand.

#[allow(dead_code, reason = "each test file uses its own part")]
mod common;

use std::path::Path;

use common::{host, key, order, pickup, shared, ups};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{Folder, block_on, sample_shipment};

/// Answers to start from, with a name and a status.
fn bodies() -> Vec<(String, u16, Value)> {
    let mut bodies = Vec::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for (name, file) in files(&fixtures).into_iter().chain(files(&fixtures.join("own"))) {
        for exchange in file["exchanges"].as_array().into_iter().flatten() {
            let status = exchange["response"]["status"].as_u64().unwrap_or(200) as u16;
            let body = Folder::default().fill_json(&exchange["response"]["json"]).unwrap();
            bodies.push((name.clone(), status, body));
        }
    }
    for (name, file) in shared("samples").iter().flat_map(|folder| files(folder)) {
        let status = if name.contains("error") { 400 } else { 200 };
        bodies.push((name, status, file));
    }
    bodies.retain(|(_, _, body)| body.is_object());
    bodies
}

fn files(folder: &Path) -> Vec<(String, Value)> {
    let paths = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    paths.sort();
    let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
    paths
        .iter()
        .filter_map(|path| Some((path.file_stem()?.to_string_lossy().into_owned(), read(path)?)))
        .collect()
}

/// What each capability makes of an answer; of a refusal what a program acts on.
fn said(status: u16, body: &Value) -> Vec<String> {
    fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
        match result {
            Ok(value) => format!("{value:#?}"),
            Err(error) => format!("{:?} {:?} {:?}", error.kind, error.phase, error.carrier_code()),
        }
    }
    let host = || host(&[(status, body.to_string())]);
    let ups = ups();
    let (label, tracking, pickups) = (ups.label().unwrap(), ups.tracking().unwrap(), ups.pickup().unwrap());
    let rates = RateRequest::new(sample_shipment("us_domestic").unwrap());
    let address = AddressRequest { address: order(1).shipment.to };
    let number = "1ZW8Y4B20300000019";
    let proof = ProofRequest { number: number.into(), shipped_on: None };
    let cancelled = PickupKey { confirmation: "29W".into(), date: pickup().date, carrier_data: None };
    let asked = RecoverRequest { order: order(1), sent_at: host().now() };
    let (buying, arranging) = (host(), host());
    vec![
        told(block_on(ups.rate_quote().unwrap().quote(&host().cx("quote"), &rates))),
        told(block_on(label.buy(&buying.cx("buy"), &order(1), buying.permit()))),
        told(block_on(label.recover(&host().cx("recover"), &asked))),
        told(block_on(label.void(&host().cx("void"), &key()))),
        told(block_on(tracking.track(&host().cx("track"), &TrackRequest::new([number])))),
        told(block_on(tracking.proof_of_delivery(&host().cx("proof"), &proof))),
        told(block_on(ups.address_check().unwrap().check(&host().cx("check"), &address))),
        told(block_on(pickups.schedule(&arranging.cx("pickup"), &pickup(), arranging.permit()))),
        told(block_on(pickups.cancel(&host().cx("cancel"), &cancelled))),
        told(block_on(
            ups.trade_documents().unwrap().upload(&host().cx("upload"), &common::upload(Some(key()))),
        )),
        told(block_on(ups.account().unwrap().prove(&host().cx("account"), &AccountRequest {}))),
    ]
}

type Dress = fn(Value) -> Value;

const DRESSES: &[(&str, Dress)] = &[
    ("numbers as texts", |value| match value {
        Value::Number(number) => Value::String(number.to_string()),
        other => other,
    }),
    ("texts as numbers", |value| match &value {
        Value::String(text) => match text.parse::<i64>() {
            Ok(number) if number.to_string() == *text => json!(number),
            _ => value,
        },
        _ => value,
    }),
    ("lists of one bare", |value| match value {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        other => other,
    }),
    ("things in a list of one", |value| match value {
        Value::Object(parts) => Value::Object(
            parts
                .into_iter()
                .map(|(key, part)| {
                    // The envelope of an answer is never a list.
                    let wrap = part.is_object() && !key.ends_with("Response") && key != "response";
                    (key, if wrap { json!([part]) } else { part })
                })
                .collect(),
        ),
        other => other,
    }),
    ("unknown fields", |value| match value {
        Value::Object(mut parts) => {
            parts.insert("NewField".into(), json!({ "a": [1, "two", null] }));
            Value::Object(parts)
        }
        other => other,
    }),
    ("nothing as an empty text", |value| match value {
        Value::Null => json!(""),
        Value::Object(parts) if parts.is_empty() => json!(""),
        Value::Array(items) if items.is_empty() => json!(""),
        other => other,
    }),
    ("null left out", |value| match value {
        Value::Object(parts) => {
            Value::Object(parts.into_iter().filter(|(_, part)| !part.is_null()).collect())
        }
        other => other,
    }),
    ("lists with a null at the end", |value| match value {
        Value::Array(mut items) => {
            items.push(Value::Null);
            Value::Array(items)
        }
        other => other,
    }),
];

fn dressed(value: Value, dress: Dress) -> Value {
    dress(match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|item| dressed(item, dress)).collect()),
        Value::Object(parts) => {
            Value::Object(parts.into_iter().map(|(key, part)| (key, dressed(part, dress))).collect())
        }
        other => other,
    })
}

#[test]
fn an_answer_in_another_dress_says_the_same() {
    let (mut wrong, mut read) = (Vec::new(), 0);
    for (name, status, body) in bodies() {
        let plain = said(status, &body);
        read += plain.iter().filter(|said| said.lines().count() > 3).count();
        for (dress, put_on) in DRESSES {
            for (plain, said) in plain.iter().zip(said(status, &dressed(body.clone(), *put_on))) {
                if *plain != said {
                    let line = plain.lines().zip(said.lines()).find(|(a, b)| a != b);
                    wrong.push(format!("{name}, {dress}: {line:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read > 50, "{read}");
}
