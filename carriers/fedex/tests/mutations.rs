//! No answer makes the crate panic: every fixture (and every sample of FedEx's own, where it is at hand), cut, flipped
//! and with values replaced, through every capability.

mod common;

use std::path::Path;
use std::sync::LazyLock;

use common::{account, host_answering, order, rate_request};
use proptest::prelude::*;
use serde_json::Value;
use waybill_core::*;
use waybill_testkit::{block_on, sample_handle, standard_now};

/// Bodies to start from.
static BODIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut bodies = Vec::new();
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")) {
        let scenario: Value = serde_json::from_slice(&file).unwrap_or_default();
        for exchange in scenario["exchanges"].as_array().into_iter().flatten() {
            bodies.push(exchange["response"]["json"].to_string().into_bytes());
        }
    }
    let shared = std::env::var_os("WAYBILL_SHARED").map(std::path::PathBuf::from);
    let shared = shared.unwrap_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").into());
    bodies.extend(files(&shared.join("carriers/fedex/samples")));
    assert!(bodies.len() > 40);
    bodies
});

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Plays a body to every capability; the outcome does not matter, only that there is one.
fn play(status: u16, body: &[u8]) {
    let host = host_answering(status, &String::from_utf8_lossy(body).replace("{{", "{ {"));
    let (carrier, cx) = (account(), host.cx("mutation"));
    let label = carrier.label().unwrap();
    let _ = block_on(carrier.rate_quote().unwrap().quote(&cx, &rate_request("us_domestic")));
    let _ = block_on(label.buy(&cx, &order("us_to_de", "international-priority"), host.permit()));
    let _ = block_on(label.void(&cx, &common::key("794640010017")));
    let sent = RecoverRequest { order: order("us_business", "ground"), sent_at: standard_now() };
    let _ = block_on(label.recover(&cx, &sent));
    let numbers = TrackRequest::new(["122816215025810", "794640010017"]);
    let _ = block_on(carrier.tracking().unwrap().track(&cx, &numbers));
    let proof = ProofRequest { number: "1".into(), shipped_on: None };
    let _ = block_on(carrier.tracking().unwrap().proof_of_delivery(&cx, &proof));
    let address = AddressRequest { address: sent.order.shipment.to.clone() };
    let _ = block_on(carrier.address_check().unwrap().check(&cx, &address));
    let _ = block_on(carrier.pickup().unwrap().schedule(&cx, &common::pickup(), host.permit()));
    let key = PickupKey { confirmation: "1".into(), date: common::day(), carrier_data: None };
    let _ = block_on(carrier.pickup().unwrap().cancel(&cx, &key));
    let _ = block_on(carrier.manifest().unwrap().close(&cx, &common::manifest("1", "ground"), host.permit()));
    let _ = block_on(carrier.account().unwrap().prove(&cx, &AccountRequest {}));
    assert_eq!(sample_handle(), sent.order.handle);
}

fn replaced(mut value: Value, at: usize, with: &Value) -> Value {
    fn visit(value: &mut Value, left: &mut usize, with: &Value) {
        if *left == 0 {
            *value = with.clone();
            *left = usize::MAX;
            return;
        }
        *left = left.saturating_sub(1);
        match value {
            Value::Object(parts) => parts.values_mut().for_each(|part| visit(part, left, with)),
            Value::Array(items) => items.iter_mut().for_each(|item| visit(item, left, with)),
            _ => {}
        }
    }
    let mut left = at;
    visit(&mut value, &mut left, with);
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cut_or_flipped(which in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), flip in any::<(prop::sample::Index, u8)>(), truncate in any::<bool>(), status in prop::sample::select(vec![200_u16, 200, 400, 404, 500])) {
        let mut body = BODIES[which.index(BODIES.len())].clone();
        prop_assume!(!body.is_empty());
        if truncate {
            body.truncate(cut.index(body.len()));
        } else {
            let at = flip.0.index(body.len());
            body[at] ^= flip.1;
        }
        play(status, &body);
    }

    #[test]
    fn values_replaced(which in any::<prop::sample::Index>(), at in 0_usize..400, with in prop::sample::select(vec![
        "null", "\"\"", "[]", "{}", "-1", "1e300", "99999999999999999999999999999999", "\"\\u0000\"", "true", "[null]", "\"ÄÖ日本\"", "\"9999-99-99T99:99:99\"", "0.1",
    ])) {
        let Ok(value) = serde_json::from_slice::<Value>(&BODIES[which.index(BODIES.len())]) else { return Ok(()) };
        let with: Value = serde_json::from_str(with).unwrap_or_default();
        play(200, replaced(value, at, &with).to_string().as_bytes());
    }
}
