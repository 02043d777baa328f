//! No answer makes the carrier panic: every body of `fixtures/` (and of OnTrac's samples, where they are here) is cut,
//! flipped and patched, and every operation reads it.

mod common;

use std::sync::LazyLock;

use common::{Canned, NUMBER, PASSWORD, carrier, order, permit, shared};
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{block_on, sample_handle, sample_shipment, standard_now};

static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut bodies = Vec::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let text =
            text.replace("{{handle}}", &sample_handle().short()).replace("{{base64:sample.pdf}}", "JVBERi0=");
        let scenario: Value = serde_json::from_str(&text).unwrap();
        let exchanges = scenario["exchanges"].as_array().cloned().unwrap_or_default();
        let answers = exchanges.iter().filter_map(|exchange| exchange["response"]["text"].as_str());
        bodies.extend(answers.map(|answer| answer.as_bytes().to_vec()));
    }
    assert!(bodies.len() > 20, "the fixtures are not there");
    if let Some(folder) = shared() {
        let files = std::fs::read_dir(folder.join("samples")).unwrap().flatten();
        let files = files.filter(|file| file.path().to_string_lossy().ends_with("-response.xml"));
        bodies.extend(files.map(|file| std::fs::read(file.path()).unwrap()));
    }
    bodies
});

/// Every operation reads the same answer; what they say holds no password.
async fn read_as_everything(body: &[u8]) {
    let (host, carrier) = (Canned::new(200, body.to_vec()), carrier(json!({ "service_area": true })));
    let shipment = sample_shipment("us_domestic").unwrap();
    let order = order(shipment.clone());
    let mut said = String::new();
    let mut hear = |text: String| said.push_str(&text);
    let rates = carrier.quote(&host.cx("quote"), &RateRequest::new(shipment.clone())).await;
    if let Ok(reply) = &rates {
        for rate in &reply.rates {
            assert!(
                rate.payable()
                    .is_some_and(|price| price.total.amount.is_sign_positive() && !price.total.is_zero())
            );
        }
    }
    hear(format!("{rates:?}"));
    hear(format!("{:?}", carrier.buy(&host.cx("buy"), &order, permit()).await));
    let recover = RecoverRequest { order, sent_at: standard_now() };
    hear(format!("{:?}", carrier.recover(&host.cx("recover"), &recover).await));
    hear(format!("{:?}", carrier.adjusted(&host.cx("details"), &[NUMBER.into()]).await));
    let numbers = [NUMBER, "D10013705557261", "D10013755557261"];
    hear(format!("{:?}", carrier.track(&host.cx("track"), &TrackRequest::new(numbers)).await));
    let proof = ProofRequest { number: "D10013705557261".into(), shipped_on: None };
    hear(format!("{:?}", carrier.proof_of_delivery(&host.cx("proof_of_delivery"), &proof).await));
    hear(format!("{:?}", carrier.prove(&host.cx("prove_account"), &AccountRequest {}).await));
    let pickup: PickupRequest = serde_json::from_value(json!({
        "address": shipment.from, "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00", "parcels": shipment.parcels,
    }))
    .unwrap();
    hear(format!("{:?}", carrier.schedule(&host.cx("schedule_pickup"), &pickup, permit()).await));
    assert!(!said.contains(PASSWORD));
}

#[test]
fn every_operation_reads_every_body() {
    for body in BODIES.iter() {
        block_on(read_as_everything(body));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_panics(which in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(),
        keep in any::<bool>(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        patch in "[<>&;/0-9A-Za-z.:%^-]{0,12}", at in any::<prop::sample::Index>()) {
        let mut body = which.get(&BODIES[..]).clone();
        if !keep {
            body.truncate(cut.index(body.len() + 1));
        }
        for (place, byte) in flips {
            if !body.is_empty() {
                let place = place.index(body.len());
                body[place] = byte;
            }
        }
        let at = at.index(body.len() + 1);
        body.splice(at..at, patch.bytes());
        block_on(read_as_everything(&body));
    }

    #[test]
    fn no_value_panics(which in any::<prop::sample::Index>(), nth in 0_usize..60, value in "\\PC{0,24}") {
        let body: &Vec<u8> = which.get(&BODIES[..]);
        let text = String::from_utf8_lossy(body).into_owned();
        // The text of one element is replaced.
        let mut places = text.match_indices('>').map(|(at, _)| at + 1).filter(|at| !text[*at..].starts_with('<'));
        if let Some(from) = places.nth(nth) {
            let to = text[from..].find('<').map_or(text.len(), |len| from + len);
            let value = value.replace('<', "&lt;");
            let body = format!("{}{value}{}", &text[..from], &text[to..]);
            block_on(read_as_everything(body.as_bytes()));
        }
    }
}
