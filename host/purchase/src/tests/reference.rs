//! T1: random sequences of requests against a reference that fits on a page: which purchase a key and a package stand for,
//! and how many live labels there are.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::rig::{Rig, request};
use super::world::*;
use crate::*;

/// A step. Keys and orders are small numbers, so that they meet.
#[derive(Debug, Clone, Copy)]
enum Step {
    Buy { key: u8, order: u8, fault: Fault },
    Void { order: u8 },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        6 => Just(Fault::None),
        2 => Just(Fault::Rejected),
        1 => Just(Fault::ResetAfter),
        1 => Just(Fault::Refused),
    ];
    prop_oneof![
        6 => (0..5_u8, 0..3_u8, fault).prop_map(|(key, order, fault)| Step::Buy { key, order, fault }),
        2 => (0..3_u8).prop_map(|order| Step::Void { order }),
        1 => Just(Step::Crash),
    ]
}

/// What must be true, in plain words: a key is one order and one purchase for ever; an order has one live purchase.
#[derive(Default)]
struct Reference {
    /// Key to its order and purchase.
    keys: BTreeMap<u8, (u8, String)>,
    /// Order to its live purchase.
    live: BTreeMap<u8, String>,
}

/// What a purchase must answer with.
#[derive(Debug, PartialEq)]
enum Expected {
    Again(String),
    KeyReused,
    Duplicate(String),
    New,
}

impl Reference {
    fn buy(&self, key: u8, order: u8) -> Expected {
        match (self.keys.get(&key), self.live.get(&order)) {
            (Some((known, id)), _) if *known == order => Expected::Again(id.clone()),
            (Some(_), _) => Expected::KeyReused,
            (None, Some(id)) => Expected::Duplicate(id.clone()),
            (None, None) => Expected::New,
        }
    }
}

fn wanted(key: u8, order: u8) -> BuyRequest {
    BuyRequest {
        idempotency_key: format!("key {key}"),
        wait: Duration::from_secs(20),
        ..request(&order.to_string())
    }
}

async fn follow(steps: &[Step]) {
    let mut rig = Rig::sqlite(World::new(FULL)).await;
    let mut reference = Reference::default();
    for step in steps {
        match *step {
            Step::Buy { key, order, fault } => {
                let expected = reference.buy(key, order);
                if expected == Expected::New {
                    rig.world.faults(&[fault]);
                }
                let before = rig.world.requests();
                let got = rig.engine.buy(wanted(key, order), rig.accounts.clone()).await;
                if expected != Expected::New {
                    assert_eq!(rig.world.requests(), before, "{step:?}: something was sent");
                }
                match (expected, got) {
                    (Expected::Again(id), Ok(reply)) => assert_eq!(reply.purchases[0].id, id, "{step:?}"),
                    (Expected::KeyReused, Err(EngineError::KeyReused { .. })) => {}
                    (Expected::Duplicate(id), Err(EngineError::Duplicate { purchase, .. })) => {
                        assert_eq!(purchase, id, "{step:?}");
                    }
                    (Expected::New, Ok(reply)) => {
                        let view = &reply.purchases[0];
                        reference.keys.insert(key, (order, view.id.clone()));
                        let refused = fault == Fault::Rejected;
                        let state = if refused { PurchaseState::Rejected } else { PurchaseState::Bought };
                        assert_eq!(view.state, state, "{step:?}");
                        if !refused {
                            reference.live.insert(order, view.id.clone());
                        }
                    }
                    (expected, got) => panic!("{step:?}: {expected:?} was expected, not {got:?}"),
                }
            }
            Step::Void { order } => {
                if let Some(purchase) = reference.live.remove(&order) {
                    let wait = Duration::from_secs(20);
                    let void = VoidRequest { tenant: "t1".into(), purchase, wait };
                    let done = rig.engine.void(void, rig.accounts.clone()).await.unwrap();
                    assert_eq!(done.state, OpState::Done, "{step:?}");
                }
            }
            Step::Crash => rig.crash().await,
        }
        assert_eq!(rig.world.live().len(), reference.live.len(), "{step:?}: live labels");
    }
    rig.settle().await;
    let report = rig.check().await;
    assert!(report.is_clean(), "{steps:?}: {report:#?}");
    rig.engine.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 20, ..ProptestConfig::default() })]
    #[test]
    fn any_sequence_does_what_the_reference_says(steps in proptest::collection::vec(step(), 4..14)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(follow(&steps));
    }
}
