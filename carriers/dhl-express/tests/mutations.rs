//! No answer makes the carrier panic: every body of `fixtures/` (and of DHL's samples, where they are here) is cut,
//! flipped and patched, and every operation reads it.

mod common;

use std::sync::LazyLock;

use common::{Canned, carrier, order, permit, shared};
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{block_on, sample_handle, sample_shipment, standard_now};

/// Response bodies of the fixtures and, when present, DHL's sample responses.
static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut bodies = Vec::new();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for entry in std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let text = text.replace("{{handle}}", &sample_handle().short());
        let text = ["sample.pdf", "sample-2.pdf", "sample-3.pdf"]
            .iter()
            .fold(text, |text, file| text.replace(&format!("{{{{base64:{file}}}}}"), "JVBERi0="));
        let scenario: Value = serde_json::from_str(&text).unwrap();
        let exchanges = scenario["exchanges"].as_array().cloned().unwrap_or_default();
        let answers = exchanges.iter().filter_map(|exchange| exchange["response"].get("json"));
        bodies.extend(answers.map(|answer| serde_json::to_vec(answer).unwrap()));
    }
    assert!(bodies.len() > 25, "the fixtures are not there");
    if let Some(folder) = shared() {
        let files = std::fs::read_dir(folder.join("samples")).unwrap().flatten();
        let files = files.filter(|file| file.path().to_string_lossy().ends_with(".response.json"));
        bodies.extend(files.map(|file| std::fs::read(file.path()).unwrap()));
    }
    bodies
});

/// Every operation reads the same answer.
async fn read_as_everything(carrier: &dyn Carrier, status: u16, body: &[u8]) {
    let host = Canned::new(status, body.to_vec());
    let shipment = sample_shipment("us_to_de").unwrap();
    let mut order = order(shipment.clone(), "express-worldwide");
    let labels = carrier.label().unwrap();
    let _ = carrier.rate_quote().unwrap().quote(&host.cx("quote"), &RateRequest::new(shipment.clone())).await;
    let _ = labels.buy(&host.cx("buy"), &order, permit()).await;
    let _ =
        labels.allocate(&host.cx("allocate"), &AllocateRequest { order: order.clone(), sequence: 0 }).await;
    let recover = RecoverRequest { order: order.clone(), sent_at: standard_now() };
    let _ = labels.recover(&host.cx("recover"), &recover).await;
    order.shipment = sample_shipment("us_to_de+2").unwrap();
    let _ = labels.buy(&host.cx("buy"), &order, permit()).await;
    let track = TrackRequest::new(["2741906358", "1727636691", "JD014600008812340022"]);
    let _ = carrier.tracking().unwrap().track(&host.cx("track"), &track).await;
    let proof = ProofRequest { number: "2741906358".into(), shipped_on: None };
    let _ = carrier.tracking().unwrap().proof_of_delivery(&host.cx("proof_of_delivery"), &proof).await;
    let address = AddressRequest { address: shipment.to.clone() };
    let _ = carrier.address_check().unwrap().check(&host.cx("check_address"), &address).await;
    let _ = carrier.account().unwrap().prove(&host.cx("prove_account"), &AccountRequest {}).await;
    let landed = LandedCostRequest { shipment: shipment.clone(), service: None };
    let _ = carrier.landed_cost().unwrap().landed_cost(&host.cx("landed_cost"), &landed).await;
    let key =
        PickupKey { confirmation: "PRG1".into(), date: "2026-11-24".parse().unwrap(), carrier_data: None };
    let _ = carrier.pickup().unwrap().cancel(&host.cx("cancel_pickup"), &key).await;
    let pickup = PickupRequest {
        address: shipment.from,
        date: key.date,
        ready: "10:00:00".parse().unwrap(),
        close: "18:00:00".parse().unwrap(),
        parcels: shipment.parcels,
        services: Vec::new(),
        tracking: Vec::new(),
        place: None,
        instructions: None,
        handle: sample_handle(),
    };
    let _ = carrier.pickup().unwrap().schedule(&host.cx("schedule_pickup"), &pickup, permit()).await;
    assert!(host.count() >= 12);
}

/// Replaces the value at a place of a JSON tree, counted from the front.
fn replace(value: &mut Value, left: &mut usize, with: &Value) -> bool {
    if *left == 0 {
        *value = with.clone();
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, left, with)),
        Value::Object(fields) => fields.values_mut().any(|field| replace(field, left, with)),
        _ => false,
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!([])),
        Just(json!({})),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(99999999999999999999999999999999.0)),
        Just(json!(true)),
        Just(json!("é-€-Ω")),
        Just(json!([[["x"]]])),
        "[0-9:TZ+-]{0,12}".prop_map(Value::from),
    ]
}

#[derive(Debug, Clone)]
enum Mutation {
    Cut(f64),
    Flip(Vec<(f64, u8)>),
    Patch(f64, Value),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        (0.0..1.0).prop_map(Mutation::Cut),
        prop::collection::vec((0.0..1.0, any::<u8>()), 1..6).prop_map(Mutation::Flip),
        (0.0..1.0, odd_value()).prop_map(|(place, value)| Mutation::Patch(place, value)),
    ]
}

#[allow(clippy::float_arithmetic, reason = "a share of a length, no money")]
fn at(share: f64, length: usize) -> usize {
    ((share * length as f64) as usize).min(length.saturating_sub(1))
}

fn mutate(body: &[u8], mutation: &Mutation) -> Vec<u8> {
    let mut body = body.to_vec();
    match mutation {
        Mutation::Cut(share) => body.truncate(at(*share, body.len())),
        Mutation::Flip(flips) => {
            for (share, byte) in flips {
                let place = at(*share, body.len());
                body[place] = *byte;
            }
        }
        Mutation::Patch(share, value) => {
            let mut tree: Value = serde_json::from_slice(&body).unwrap();
            let mut place = at(*share, body.len() / 12 + 1);
            replace(&mut tree, &mut place, value);
            body = serde_json::to_vec(&tree).unwrap();
        }
    }
    body
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_panics(pick in any::<prop::sample::Index>(), mutation in mutation(), status in prop::sample::select(vec![200_u16, 201, 400, 401, 404, 422, 429, 500, 503])) {
        let carrier = carrier(json!({ "chosen_waybill": true }));
        let body = mutate(&BODIES[pick.index(BODIES.len())], &mutation);
        block_on(read_as_everything(&*carrier, status, &body));
    }
}

#[test]
fn bodies_read_unchanged_as_everything() {
    let carrier = carrier(json!({}));
    for body in BODIES.iter() {
        for status in [200, 400, 500] {
            block_on(read_as_everything(&*carrier, status, body));
        }
    }
}
