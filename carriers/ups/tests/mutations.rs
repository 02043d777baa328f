//! No answer of UPS, however mangled, makes a parser panic or turns an unreadable sale into a certain refusal.

#[allow(dead_code, reason = "each test file uses its own part")]
mod common;

use common::{host, key, order, pickup, ups};
use proptest::prelude::*;
use serde_json::Value;
use waybill_core::*;
use waybill_testkit::{Folder, block_on, sample_shipment};

/// Answers of a fixture, as text.
fn answers(name: &str) -> Vec<(u16, String)> {
    let path = format!("{}/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let exchanges = fixture["exchanges"].as_array().unwrap().clone();
    let filled = |exchange: &Value| {
        let body = Folder::default().fill_json(&exchange["response"]["json"]).unwrap();
        (exchange["response"]["status"].as_u64().unwrap() as u16, body.to_string())
    };
    exchanges.iter().map(filled).collect()
}

/// One mangling: a cut, a flipped byte, or a piece of the text replaced.
#[derive(Debug, Clone)]
enum Harm {
    Cut(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Replace(prop::sample::Index, usize, &'static str),
}

fn harm() -> impl Strategy<Value = Harm> {
    let pieces = ["null", "\"\"", "{}", "[]", "0", "-1e9", "\"ÿ\"", "[[]]", "true", "}", "\u{0}"];
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Harm::Cut),
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Harm::Flip(at, byte)),
        (any::<prop::sample::Index>(), 0_usize..40, prop::sample::select(pieces.to_vec()))
            .prop_map(|(at, length, piece)| Harm::Replace(at, length, piece)),
    ]
}

fn mangled(text: &str, harms: &[Harm]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for harm in harms.iter().filter(|_| !text.is_empty()) {
        if bytes.is_empty() {
            break;
        }
        match harm {
            Harm::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Harm::Flip(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] ^= byte;
            }
            Harm::Replace(at, length, piece) => {
                let at = at.index(bytes.len());
                let end = (at + length).min(bytes.len());
                bytes.splice(at..end, piece.bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn harmed(name: &str, harms: &[Harm]) -> waybill_testkit::ScriptedHost {
    let answers: Vec<_> =
        answers(name).into_iter().map(|(status, text)| (status, mangled(&text, harms))).collect();
    host(&answers)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rates(harms in prop::collection::vec(harm(), 1..4)) {
        let host = harmed("rate_domestic", &harms);
        let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
        if let Ok(reply) = block_on(ups().rate_quote().unwrap().quote(&host.cx("quote"), &request)) {
            for rate in &reply.rates {
                prop_assert!(rate.payable().is_some_and(|price| price.total.amount > Default::default()));
            }
        }
    }

    #[test]
    fn sales(harms in prop::collection::vec(harm(), 1..4)) {
        let host = harmed("buy", &harms);
        match block_on(ups().label().unwrap().buy(&host.cx("buy"), &order(1), host.permit())) {
            // A sale without a label is still a sale, and says so.
            Ok(bought) => {
                let said = |code: &str| bought.warnings.iter().any(|notice| notice.code.as_deref() == Some(code));
                prop_assert_eq!(bought.has_labels(), !said("label-missing"));
            }
            Err(error) => prop_assert_eq!(error.phase, Phase::OutcomeUnknown, "{}", error),
        }
    }

    #[test]
    fn recovery_and_void(harms in prop::collection::vec(harm(), 1..4)) {
        let host = harmed("recover_found", &harms);
        let request = RecoverRequest { order: order(1), sent_at: host.now() };
        let found = block_on(ups().label().unwrap().recover(&host.cx("recover"), &request));
        prop_assert!(!matches!(found, Ok(Recovery::Absent | Recovery::Voided)), "{:?}", found);
        let host = harmed("void_late", &harms);
        let _ = block_on(ups().label().unwrap().void(&host.cx("void"), &key()));
    }

    #[test]
    fn the_rest(harms in prop::collection::vec(harm(), 1..4)) {
        let ups = ups();
        for name in ["track", "track.delivered", "track_odd", "proof"] {
            let host = harmed(name, &harms);
            let number = "1ZW8Y4B20300000019";
            let _ = block_on(ups.tracking().unwrap().track(&host.cx("track"), &TrackRequest::new([number])));
            let request = ProofRequest { number: number.into(), shipped_on: None };
            let _ = block_on(ups.tracking().unwrap().proof_of_delivery(&host.cx("proof"), &request));
        }
        let host = harmed("address_valid", &harms);
        let asked = AddressRequest { address: order(1).shipment.to };
        let _ = block_on(ups.address_check().unwrap().check(&host.cx("check"), &asked));
        let host = harmed("pickup", &harms);
        let _ = block_on(ups.pickup().unwrap().schedule(&host.cx("pickup"), &pickup(), host.permit()));
        let host = harmed("rate_refused", &harms);
        let _ = block_on(ups.account().unwrap().prove(&host.cx("account"), &AccountRequest {}));
    }
}
