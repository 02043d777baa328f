//! The same answer in another dress says the same: numbers as texts and texts as numbers, one thing bare or in a list,
//! unknown fields, nothing left out. On every fixture, and on UPS's own samples where they are at hand.

#[allow(dead_code, reason = "each test file uses its own part")]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use common::{key, order, pickup, shared};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{Folder, ScriptedHost, block_on, sample_shipment};

/// Answers to start from, with a name and a status.
fn bodies() -> Vec<(String, Answer)> {
    let mut bodies = Vec::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for (name, file) in files(&fixtures).into_iter().chain(files(&fixtures.join("own"))) {
        for exchange in file["exchanges"].as_array().into_iter().flatten() {
            let status = exchange["response"]["status"].as_u64().unwrap_or(200) as u16;
            let body = Folder::default().fill_json(&exchange["response"]["json"]).unwrap();
            bodies.push((name.clone(), (status, body)));
        }
    }
    for (name, file) in shared("samples").iter().flat_map(|folder| files(folder)) {
        let status = if name.contains("error") { 400 } else { 200 };
        bodies.push((name, (status, file)));
    }
    bodies.retain(|(_, (_, body))| body.is_object());
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

/// What a capability makes of an answer; of a refusal what a program acts on.
type Reading = fn(&Answer) -> String;
type Answer = (u16, Value);

const NUMBER: &str = "1ZW8Y4B20300000019";

fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:#?}"),
        Err(error) => format!("{:?} {:?} {:?}", error.kind, error.phase, error.carrier_code()),
    }
}

/// One account for all, for opening one takes longer than a reading.
fn ups() -> &'static dyn Carrier {
    static ACCOUNT: LazyLock<Box<dyn Carrier>> = LazyLock::new(common::ups);
    ACCOUNT.as_ref()
}

fn host(answer: &Answer) -> ScriptedHost {
    common::host(&[(answer.0, answer.1.to_string())])
}

const READINGS: &[Reading] = &[
    |body| {
        let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
        told(block_on(ups().rate_quote().unwrap().quote(&host(body).cx("quote"), &request)))
    },
    |body| {
        let host = host(body);
        told(block_on(ups().label().unwrap().buy(&host.cx("buy"), &order(1), host.permit())))
    },
    |body| {
        let (host, order) = (host(body), order(1));
        let asked = RecoverRequest { order, sent_at: host.now() };
        told(block_on(ups().label().unwrap().recover(&host.cx("recover"), &asked)))
    },
    |body| told(block_on(ups().label().unwrap().void(&host(body).cx("void"), &key()))),
    |body| {
        let request = TrackRequest::new([NUMBER]);
        told(block_on(ups().tracking().unwrap().track(&host(body).cx("track"), &request)))
    },
    |body| {
        let proof = ProofRequest { number: NUMBER.into(), shipped_on: None };
        told(block_on(ups().tracking().unwrap().proof_of_delivery(&host(body).cx("proof"), &proof)))
    },
    |body| {
        let address = AddressRequest { address: order(1).shipment.to };
        told(block_on(ups().address_check().unwrap().check(&host(body).cx("check"), &address)))
    },
    |body| {
        let host = host(body);
        told(block_on(ups().pickup().unwrap().schedule(&host.cx("pickup"), &pickup(), host.permit())))
    },
    |body| {
        let key = PickupKey { confirmation: "29W".into(), date: pickup().date, carrier_data: None };
        told(block_on(ups().pickup().unwrap().cancel(&host(body).cx("cancel"), &key)))
    },
    |body| {
        let files = common::upload(Some(key()));
        told(block_on(ups().trade_documents().unwrap().upload(&host(body).cx("upload"), &files)))
    },
    |body| told(block_on(ups().account().unwrap().prove(&host(body).cx("account"), &AccountRequest {}))),
];

/// The readings (by their place) that find something in an answer, and what they find.
fn found(answer: &Answer) -> Vec<(usize, String)> {
    let all = READINGS.iter().map(|reading| reading(answer)).enumerate();
    all.filter(|(_, said)| said.lines().count() > 3).collect()
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
    for (name, answer) in bodies() {
        for (reading, plain) in found(&answer) {
            read += 1;
            for (dress, put_on) in DRESSES {
                let said = READINGS[reading](&(answer.0, dressed(answer.1.clone(), *put_on)));
                if plain != said {
                    let line = plain.lines().zip(said.lines()).find(|(a, b)| a != b);
                    wrong.push(format!("{name}, {dress}: {line:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read > 50, "{read}");
}

/// Every path of names in an answer, lists passed through.
fn paths(value: &Value, at: &[String], found: &mut BTreeSet<Vec<String>>) {
    match value {
        Value::Object(parts) => {
            for (key, part) in parts {
                let path = [at, std::slice::from_ref(key)].concat();
                paths(part, &path, found);
                found.insert(path);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| paths(item, at, found)),
        _ => {}
    }
}

/// Puts something, or nothing, in the place of everything that stands at a path.
fn put(value: &mut Value, path: &[String], with: Option<&Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, path, with)),
        Value::Object(parts) => match (path, with) {
            ([last], Some(with)) => drop(parts.insert(last.clone(), with.clone())),
            ([last], None) => drop(parts.remove(last)),
            ([first, rest @ ..], _) => {
                if let Some(part) = parts.get_mut(first) {
                    put(part, rest, with);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

/// What an answer cannot do without, by its path.
const NEEDED: &[&str] = &[
    "LabelRecoveryResponse",
    "LabelRecoveryResponse.LabelResults",
    "LabelRecoveryResponse.LabelResults.LabelImage",
    "LabelRecoveryResponse.LabelResults.LabelImage.GraphicImage",
    "LabelRecoveryResponse.LabelResults.TrackingNumber",
    "PickupCreationResponse",
    "PickupCreationResponse.PRN",
    "RateResponse",
    "ShipmentResponse",
    "ShipmentResponse.ShipmentResults",
    "ShipmentResponse.ShipmentResults.PackageResults",
    "XAVResponse",
    "trackResponse",
    // Files that are none.
    "trackResponse.shipment.package.deliveryInformation.pod.content",
    "trackResponse.shipment.package.deliveryInformation.signature.image",
];

#[test]
fn what_may_be_missing_is_not_missed() {
    let (mut missed, mut tried) = (BTreeMap::new(), BTreeSet::new());
    for (name, answer) in bodies() {
        let mut all = BTreeSet::new();
        paths(&answer.1, &[], &mut all);
        for (reading, _) in found(&answer) {
            // Answers of one kind are alike.
            for path in all.iter().filter(|path| tried.insert((reading, path.to_vec()))) {
                for with in [None, Some(json!("strange"))] {
                    let mut harmed = answer.clone();
                    put(&mut harmed.1, path, with.as_ref());
                    let said = READINGS[reading](&harmed);
                    let path = path.join(".");
                    if said.starts_with("Malformed") && !NEEDED.contains(&path.as_str()) {
                        missed.insert(format!("{path} {with:?}"), format!("{name}: {said}"));
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
