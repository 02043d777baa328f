//! The same answer in another dress says the same: numbers as texts and texts as numbers, one thing bare or in a list,
//! flags as words, unknown fields, nothing written as null or as an empty text. On every fixture, and on FedEx's own
//! samples where they are at hand.

mod common;

use std::path::Path;

use common::{account, host_answering, order, rate_request};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{block_on, standard_now};

/// Answers to start from, with a name.
fn bodies() -> Vec<(String, Value)> {
    let mut bodies = Vec::new();
    let mut add = |name: &str, value: Value| bodies.push((name.to_owned(), value));
    for (name, file) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")) {
        for exchange in file["exchanges"].as_array().into_iter().flatten() {
            let text = exchange["response"]["json"].to_string();
            add(&name, serde_json::from_str(&text.replace("{{", "{ {")).unwrap());
        }
    }
    let shared = std::env::var_os("WAYBILL_SHARED").map(std::path::PathBuf::from);
    let shared = shared.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    for (name, file) in files(&shared.join("carriers/fedex/samples")) {
        add(&name, file);
    }
    bodies.retain(|(_, body)| body.is_object());
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
fn said(body: &Value) -> Vec<String> {
    fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
        match result {
            Ok(value) => format!("{value:#?}"),
            Err(error) => format!("{:?} {:?} {:?}", error.kind, error.phase, error.carrier_code()),
        }
    }
    let host = host_answering(200, &body.to_string());
    let (carrier, cx) = (account(), host.cx("leniency"));
    let (label, tracking) = (carrier.label().unwrap(), carrier.tracking().unwrap());
    let recover = RecoverRequest { order: order("us_business", "ground"), sent_at: standard_now() };
    let address = AddressRequest { address: recover.order.shipment.to.clone() };
    let proof = ProofRequest { number: "1".into(), shipped_on: None };
    let key = PickupKey { confirmation: "1".into(), date: common::day(), carrier_data: None };
    vec![
        told(block_on(carrier.rate_quote().unwrap().quote(&cx, &rate_request("us_domestic")))),
        told(block_on(label.buy(&cx, &order("us_to_de", "international-priority"), host.permit()))),
        told(block_on(label.void(&cx, &common::key("794640010017")))),
        told(block_on(label.recover(&cx, &recover))),
        told(block_on(tracking.track(&cx, &TrackRequest::new(["122816215025810", "794640010017"])))),
        told(block_on(tracking.proof_of_delivery(&cx, &proof))),
        told(block_on(carrier.address_check().unwrap().check(&cx, &address))),
        told(block_on(carrier.pickup().unwrap().schedule(&cx, &common::pickup(), host.permit()))),
        told(block_on(carrier.pickup().unwrap().cancel(&cx, &key))),
        told(block_on(carrier.manifest().unwrap().close(
            &cx,
            &common::manifest("1", "ground"),
            host.permit(),
        ))),
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
                    let wrap = part.is_object() && key != "output";
                    (key, if wrap { json!([part]) } else { part })
                })
                .collect(),
        ),
        other => other,
    }),
    ("flags as words", |value| match value {
        Value::Bool(flag) => Value::String(flag.to_string().to_uppercase()),
        other => other,
    }),
    ("unknown fields", |value| match value {
        Value::Object(mut parts) => {
            parts.insert("xNewField".into(), json!({ "a": [1, "two", null] }));
            Value::Object(parts)
        }
        other => other,
    }),
    ("nothing as null", |value| match value {
        Value::Object(mut parts) => {
            for part in
                parts.values_mut().filter(|part| *part == "" || *part == &json!([]) || *part == &json!({}))
            {
                *part = Value::Null;
            }
            Value::Object(parts)
        }
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
    for (name, body) in bodies() {
        let plain = said(&body);
        read += plain.iter().filter(|said| said.lines().count() > 3).count();
        for (dress, put_on) in DRESSES {
            for (plain, said) in plain.iter().zip(said(&dressed(body.clone(), *put_on))) {
                if *plain != said {
                    let line = plain.lines().zip(said.lines()).find(|(a, b)| a != b);
                    wrong.push(format!("{name}, {dress}: {line:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read > 90, "{read}");
}
