//! The same answer in another dress says the same: numbers as texts and texts as numbers, one thing bare or in a list,
//! flags as words, unknown fields, nothing written as null or as an empty text. On every fixture, and on FedEx's own
//! samples where they are at hand.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use common::{host_answering, order, rate_request};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{ScriptedHost, block_on, standard_now};

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

/// What a capability makes of an answer; of a refusal what a program acts on.
type Reading = fn(&Value) -> String;

fn told<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Ok(value) => format!("{value:#?}"),
        Err(error) => format!("{:?} {:?} {:?}", error.kind, error.phase, error.carrier_code()),
    }
}

/// One account for all, for opening one takes longer than a reading.
fn account() -> &'static dyn Carrier {
    static ACCOUNT: LazyLock<Box<dyn Carrier>> = LazyLock::new(common::account);
    ACCOUNT.as_ref()
}

fn host(body: &Value) -> ScriptedHost {
    host_answering(200, &body.to_string())
}

const READINGS: &[Reading] = &[
    |body| {
        told(block_on(
            account().rate_quote().unwrap().quote(&host(body).cx("quote"), &rate_request("us_domestic")),
        ))
    },
    |body| {
        let (host, order) = (host(body), order("us_to_de", "international-priority"));
        told(block_on(account().label().unwrap().buy(&host.cx("buy"), &order, host.permit())))
    },
    |body| {
        told(block_on(account().label().unwrap().void(&host(body).cx("void"), &common::key("794640010017"))))
    },
    |body| {
        let request = RecoverRequest { order: order("us_business", "ground"), sent_at: standard_now() };
        told(block_on(account().label().unwrap().recover(&host(body).cx("recover"), &request)))
    },
    |body| {
        let numbers = TrackRequest::new(["122816215025810", "794640010017"]);
        told(block_on(account().tracking().unwrap().track(&host(body).cx("track"), &numbers)))
    },
    |body| {
        let proof = ProofRequest { number: "1".into(), shipped_on: None };
        told(block_on(account().tracking().unwrap().proof_of_delivery(&host(body).cx("proof"), &proof)))
    },
    |body| {
        let address = AddressRequest { address: order("us_business", "ground").shipment.to };
        told(block_on(account().address_check().unwrap().check(&host(body).cx("check"), &address)))
    },
    |body| {
        let host = host(body);
        told(block_on(account().pickup().unwrap().schedule(
            &host.cx("pickup"),
            &common::pickup(),
            host.permit(),
        )))
    },
    |body| {
        let key = PickupKey { confirmation: "1".into(), date: common::day(), carrier_data: None };
        told(block_on(account().pickup().unwrap().cancel(&host(body).cx("cancel"), &key)))
    },
    |body| {
        let (host, day) = (host(body), common::manifest("1", "ground"));
        told(block_on(account().manifest().unwrap().close(&host.cx("close"), &day, host.permit())))
    },
];

/// The readings (by their place) that find something in an answer, and what they find.
fn found(body: &Value) -> Vec<(usize, String)> {
    let all = READINGS.iter().map(|reading| reading(body)).enumerate();
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
        for (reading, plain) in found(&body) {
            read += 1;
            for (dress, put_on) in DRESSES {
                let said = READINGS[reading](&dressed(body.clone(), *put_on));
                if plain != said {
                    let line = plain.lines().zip(said.lines()).find(|(a, b)| a != b);
                    wrong.push(format!("{name}, {dress}: {line:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(read > 90, "{read}");
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
    "errors",
    "output",
    "output.documents",
    "output.pickupConfirmationCode",
    "output.resolvedAddresses",
    "output.transactionShipments",
    "output.transactionShipments.pieceResponses",
];

#[test]
fn what_may_be_missing_is_not_missed() {
    let (mut missed, mut tried) = (BTreeMap::new(), BTreeSet::new());
    for (name, body) in bodies() {
        let mut all = BTreeSet::new();
        paths(&body, &[], &mut all);
        for (reading, _) in found(&body) {
            // Answers of one kind are alike.
            for path in all.iter().filter(|path| tried.insert((reading, path.to_vec()))) {
                for with in [None, Some(json!("strange"))] {
                    let mut harmed = body.clone();
                    put(&mut harmed, path, with.as_ref());
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
