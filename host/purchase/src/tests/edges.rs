//! What happens seldom: lost answers to our own commits, deadlines, voids that fail, an engine that closes.

use std::time::Duration;

use waybill_core::*;

use super::on_both;
use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::*;

fn clean(report: &audit::Report) {
    assert!(report.is_clean(), "{report:#?}");
}

on_both! {
    async fn a_request_without_a_key_or_reference_is_refused(rig: World { World::new(FULL) }) {
        for wrong in [
            BuyRequest { idempotency_key: " ".into(), ..request("1") },
            BuyRequest { business_key: String::new(), ..request("1") },
            BuyRequest { idempotency_key: "x".repeat(201), ..request("1") },
        ] {
            let Err(EngineError::Refused(error)) = rig.buy_with(wrong).await else { panic!("it was taken") };
            assert!(error.fields.iter().any(|field| field.path.ends_with("_key")), "{error:?}");
        }
        assert_eq!(rig.world.requests(), 0);
    }

    async fn a_lost_answer_to_our_own_commit_is_read_again_and_nothing_is_bought_twice(rig: World { World::new(FULL) }) {
        for (at, point) in ["d1.commit", "d2.commit"].into_iter().enumerate() {
            rig.options.fail.arm(point, FailAction::Error, 1);
            let bought = rig.buy(&at.to_string()).await.unwrap();
            rig.settle().await;
            let bought = rig.view(&bought.id).await;
            assert_eq!((bought.state, rig.world.requests()), (PurchaseState::Bought, u32::try_from(at).unwrap() + 1), "{point}");
        }
        assert_eq!(rig.world.most_requests(), 1);
        clean(&rig.check().await);
    }

    async fn an_additional_label_keeps_the_package_locked_when_the_first_is_void(rig: World { World::new(FULL) }) {
        let first = rig.buy("1").await.unwrap();
        let more = BuyRequest { idempotency_key: "more".into(), allow_additional: true, ..request("1") };
        let additional = rig.buy_with(more).await.unwrap();
        let void = VoidRequest { tenant: "t1".into(), purchase: first.id, wait: Duration::from_secs(5) };
        rig.engine.void(void, rig.accounts.clone()).await.unwrap();
        let again = rig.buy_with(BuyRequest { idempotency_key: "again".into(), ..request("1") }).await;
        let Err(EngineError::Duplicate { purchase, .. }) = again else { panic!("a second live label: {again:?}") };
        assert_eq!(purchase, additional.id);
    }

    async fn what_cannot_be_found_out_before_the_deadline_waits_for_a_person(rig: World { World::new(FULL) }) {
        rig.options.resolve_for = Duration::from_millis(900);
        rig.reopen().await;
        rig.world.faults(&[Fault::ResetAfter]);
        let early = BuyRequest { wait: Duration::from_millis(50), ..request("1") };
        let pending = rig.buy_with(early).await.unwrap();
        while rig.world.sales().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rig.world.down(true);
        tokio::time::sleep(Duration::from_millis(1000)).await;
        rig.settle().await;
        let told = rig.view(&pending.id).await;
        assert_eq!(told.state, PurchaseState::NeedsAttention);
        let told = told.attention.unwrap();
        assert!(told.reason.contains("before the deadline") && told.deadline.is_some(), "{told:?}");
        // The carrier comes back, and a person asks once more.
        rig.world.down(false);
        let found = rig.engine.resolve("t1", &pending.id, Decision::AskAgain, rig.accounts.clone()).await.unwrap();
        assert_eq!((found.state, rig.world.live().len()), (PurchaseState::Bought, 1));
        clean(&rig.check().await);
    }

    async fn a_void_of_ours_that_fails_waits_for_a_person(rig: World { World::new(FULL) }) {
        rig.world.faults(&[Fault::Dear]);
        rig.world.void_faults(&[409]);
        let policy = Policy { on_variance: OnVariance::Void, ..Policy::default() };
        let limited = BuyRequest { max_price: Some(Money::from_minor(800, Currency::USD)), policy, ..request("1") };
        let dear = rig.buy_with(limited).await.unwrap();
        rig.settle().await;
        let told = rig.view(&dear.id).await;
        assert_eq!(told.state, PurchaseState::NeedsAttention);
        assert_eq!(told.attention.unwrap().ways, ["void", "keep"]);
        let kept = rig.engine.resolve("t1", &dear.id, Decision::Keep, rig.accounts.clone()).await.unwrap();
        assert_eq!(kept.state, PurchaseState::Bought);
        clean(&rig.check().await);
    }

    async fn a_label_that_is_void_at_the_carrier_is_not_given_out_after_a_reconciliation(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        // Somebody voids it in the carrier's portal, and nobody tells us.
        rig.world.void_elsewhere(&bought.labels[0].tracking);
        audit::reconcile(&rig.engine, &rig.accounts, 0).await.unwrap();
        rig.settle().await;
        let view = rig.view(&bought.id).await;
        assert_eq!((view.state, view.labels[0].state), (PurchaseState::Voided, LabelState::Voided));
        assert!(rig.engine.documents("t1", &bought.id).await.is_err());
        clean(&rig.check().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_closes_waits_for_what_is_being_sent_and_takes_nothing_more() {
    let mut rig = Rig::sqlite(World::new(BLIND)).await;
    rig.options.fail.arm("d3.before", FailAction::Delay(Duration::from_millis(250)), 1);
    let early = BuyRequest { wait: Duration::from_millis(20), ..request("1") };
    let pending = rig.buy_with(early).await.unwrap();
    while rig.world.sales().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    rig.engine.close().await;
    assert!(matches!(rig.buy("2").await, Err(EngineError::Closing)));
    rig.reopen().await;
    // Nothing could be asked: it is bought because the close waited.
    assert_eq!(rig.view(&pending.id).await.state, PurchaseState::Bought);
}

/// The label of a number that turned up for the first send is the one that the second send asked for: it is not voided as
/// an extra, which would use the number up and leave the purchase without any.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_sale_under_the_chosen_number_is_the_one_that_was_asked_for_again() {
    let ms = Duration::from_millis;
    let options = Options { settle: Some(ms(1000)), sweeps: vec![ms(2100), ms(2600)], ..quick() };
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(rig) = Rig::new(kind, World::new(CHOSEN), options.clone()).await else { return };
        // Absent after 1.4 s, sent again and open until 2.8 s; the first one is sold at 1.8 s and swept at 2.1 s.
        rig.world.faults(&[Fault::LateSale(1800), Fault::ResetBefore]);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        let view = rig.view(&bought.id).await;
        assert_eq!((view.state, view.labels[0].state), (PurchaseState::Bought, LabelState::Live));
        assert!(rig.world.sales().iter().all(|sale| !sale.voided), "the label was voided as an extra");
        assert_eq!(rig.world.live().len(), 1);
        clean(&rig.check().await);
        rig.engine.close().await;
    }
}

#[test]
fn every_event_is_explained_to_whoever_embeds_the_host() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(root.join("../../docs/guide-embedders.md")).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for file in std::fs::read_dir(root.join("src/engine")).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        kinds.extend(text.split('"').filter(|word| word.starts_with("purchase.")).map(str::to_owned));
    }
    let word =
        |kind: &String| kind[9..].chars().all(|c| c.is_ascii_lowercase() || c == '_') && kind.len() > 9;
    kinds.retain(word);
    kinds.extend(
        ["bought", "bought_no_label", "partial", "needs_attention"].map(|state| format!("purchase.{state}")),
    );
    assert!(kinds.len() > 15, "{kinds:?}");
    let unexplained: Vec<_> = kinds.iter().filter(|kind| !guide.contains(&format!("`{kind}`"))).collect();
    assert!(unexplained.is_empty(), "not in docs/guide-embedders.md: {unexplained:?}");
}
