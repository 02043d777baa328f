//! What several test files need.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use waybill_usps::Config;

/// The folder of USPS's specifications and samples, when it is there.
pub fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var("WAYBILL_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    Some(root.join(named).join("carriers/usps")).filter(|folder| folder.join("samples").is_dir())
}

/// An account with a payer.
pub fn config() -> Config {
    serde_json::from_value(json!({
        "client_id": "key", "client_secret": "secret",
        "payment": { "crid": "10020030", "mid": "903021456", "account_number": "1000345678" },
    }))
    .unwrap()
}

/// JSON bodies of the answers in the fixtures.
pub fn fixture_bodies() -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")).unwrap() {
        let text = std::fs::read(entry.unwrap().path()).unwrap();
        let scenario: Value = serde_json::from_slice(&text).unwrap();
        for exchange in scenario["exchanges"].as_array().into_iter().flatten() {
            let body = &exchange["response"]["json"];
            if !body.is_null() {
                bodies.push(serde_json::to_vec(body).unwrap());
            }
        }
    }
    bodies
}
