//! Buying, and what becomes of every fault.

use std::time::Duration;

use waybill_core::*;

use super::on_both;
use super::rig::{Kind, Rig, quick, request, shipment};
use super::world::*;
use crate::*;

fn clean(report: &audit::Report) {
    assert!(report.is_clean(), "{report:#?}");
}

on_both! {
    async fn a_label_is_bought_and_its_bytes_are_kept(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        assert_eq!(bought.state, PurchaseState::Bought);
        assert_eq!(bought.charged, Some(Money::from_minor(750, Currency::USD)));
        let number = bought.labels[0].tracking.clone();
        let documents = rig.engine.documents("t1", &bought.id).await.unwrap();
        assert_eq!(documents[0].bytes, label_of(&number).as_bytes());
        assert!(matches!(rig.engine.documents("t2", &bought.id).await, Err(EngineError::NotFound(_))), "another tenant");
        rig.settle().await;
        clean(&rig.check().await);
        let events: Vec<_> = rig.engine.events(Some("t1"), 0, 10).await.unwrap();
        assert_eq!(events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["purchase.accepted", "purchase.bought"]);
        assert!(rig.engine.events(Some("t1"), events[1].position, 10).await.unwrap().is_empty());
        assert!(rig.engine.events(Some("t2"), 0, 10).await.unwrap().is_empty());
    }

    async fn the_same_key_is_the_same_purchase(rig: World { World::new(FULL) }) {
        let first = rig.buy("1").await.unwrap();
        let again = rig.engine.buy(request("1"), rig.accounts.clone()).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.purchases[0].id, first.id);
        let other = BuyRequest { shipment: shipment(2), ..request("1") };
        assert!(matches!(rig.buy_with(other).await, Err(EngineError::KeyReused { .. })));
        let new_key = BuyRequest { idempotency_key: "another".into(), ..request("1") };
        let Err(EngineError::Duplicate { purchase, state, .. }) = rig.buy_with(new_key.clone()).await else {
            panic!("a second label was sold");
        };
        assert_eq!((purchase, state), (first.id.clone(), PurchaseState::Bought));
        let knowingly = BuyRequest { allow_additional: true, ..new_key };
        let second = rig.buy_with(knowingly).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_eq!(rig.world.live().len(), 2);
    }

    async fn twenty_clicks_make_one_label(rig: World { World::new(FULL) }) {
        let clicks = (0..20).map(|_| rig.buy("1"));
        let all = futures_util::future::join_all(clicks).await;
        let ids: std::collections::BTreeSet<_> = all.into_iter().map(|one| one.unwrap().id).collect();
        assert_eq!((ids.len(), rig.world.requests()), (1, 1));
        let different_keys = (0..20).map(|at| {
            rig.buy_with(BuyRequest { idempotency_key: format!("k{at}"), ..request("2") })
        });
        let all = futures_util::future::join_all(different_keys).await;
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1);
        assert_eq!(rig.world.requests(), 2);
    }

    async fn a_refusal_is_final_and_frees_the_package(rig: World { World::new(FULL) }) {
        rig.world.faults(&[Fault::Rejected]);
        let refused = rig.buy("1").await.unwrap();
        assert_eq!(refused.state, PurchaseState::Rejected);
        assert_eq!(refused.failure.unwrap().error.carrier_code(), Some("E42"));
        let again = rig.buy_with(BuyRequest { idempotency_key: "new".into(), ..request("1") }).await.unwrap();
        assert_eq!(again.state, PurchaseState::Bought);
        rig.settle().await;
        clean(&rig.check().await);
    }

    async fn what_certainly_did_not_leave_is_sent_again_with_the_same_handle(rig: World { World::new(FULL) }) {
        rig.world.faults(&[Fault::Refused, Fault::Busy, Fault::Refused]);
        let bought = rig.buy("1").await.unwrap();
        assert_eq!((bought.state, bought.attempts), (PurchaseState::Bought, 1));
        let shown = rig.engine.show("t1", &bought.id).await.unwrap();
        assert_eq!((shown.attempts[0].sends, shown.attempts[0].unsent), (1, 3));
        rig.settle().await;
        clean(&rig.check().await);
    }

    async fn a_carrier_that_stays_away_is_given_up_unsent(rig: World { World::new(FULL) }) {
        rig.world.down(true);
        let refused = rig.buy("1").await.unwrap();
        assert_eq!(refused.state, PurchaseState::Rejected);
        assert!(!refused.failure.unwrap().sent);
        assert_eq!(rig.world.requests(), 0);
    }

    async fn limits_refuse_before_anything_is_sent(rig: World { World::new(FULL) }) {
        let max = BuyRequest { max_price: Some(Money::from_minor(700, Currency::USD)), ..request("1") };
        assert!(matches!(rig.buy_with(max).await, Err(EngineError::AboveMax { .. })));
        let cap = SpendCap { currency: Currency::USD, per_label_minor: Some(1000), per_day_minor: Some(1600) };
        rig.engine.store().write::<_, StoreError, _>(move |mut db| Box::pin(async move { db.set_cap("t1", &cap).await })).await.unwrap();
        for key in ["1", "2"] {
            assert_eq!(rig.buy(key).await.unwrap().state, PurchaseState::Bought);
        }
        assert!(matches!(rig.buy("3").await, Err(EngineError::OverCap(_))), "the day's cap");
        let dear = BuyRequest { quoted: Some(Money::from_minor(1001, Currency::USD)), ..request("4") };
        assert!(matches!(rig.buy_with(dear).await, Err(EngineError::OverCap(_))), "the label's cap");
        let unpriced = BuyRequest { quoted: None, ..request("5") };
        assert!(matches!(rig.buy_with(unpriced).await, Err(EngineError::OverCap(_))), "no price to hold against the cap");
        assert_eq!(rig.world.requests(), 2);
        // A refused key may be used again, and a refusal by the carrier gives back what it held.
        let purchases = rig.engine.purchases(PurchaseFilter::default()).await.unwrap();
        let void = VoidRequest { tenant: "t1".into(), purchase: purchases[0].id.clone(), wait: Duration::from_secs(5) };
        assert_eq!(rig.engine.void(void, rig.accounts.clone()).await.unwrap().state, OpState::Done);
        assert_eq!(rig.buy("3").await.unwrap().state, PurchaseState::Bought);
    }

    async fn a_dearer_charge_follows_the_policy(rig: World { World::new(FULL) }) {
        let limited = |key: &str, on_variance| BuyRequest {
            max_price: Some(Money::from_minor(800, Currency::USD)),
            policy: Policy { on_variance, ..Policy::default() },
            ..request(key)
        };
        rig.world.faults(&[Fault::Dear, Fault::Dear, Fault::Dear]);
        let kept = rig.buy_with(limited("1", OnVariance::Keep)).await.unwrap();
        assert_eq!((kept.state, kept.attention.is_none()), (PurchaseState::Bought, true));
        assert_eq!(kept.variance, Some(Money::from_minor(3000, Currency::USD)));
        let told = rig.buy_with(limited("2", OnVariance::Attention)).await.unwrap();
        assert_eq!(told.state, PurchaseState::Bought);
        assert!(told.attention.unwrap().reason.contains("more than the limit"));
        let void = rig.buy_with(limited("3", OnVariance::Void)).await.unwrap();
        rig.settle().await;
        assert_eq!(rig.view(&void.id).await.state, PurchaseState::Voided);
        assert_eq!(rig.world.live().len(), 2);
        clean(&rig.check().await);
    }

    async fn a_void_is_idempotent_and_a_void_label_is_never_given_out(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        rig.world.void_faults(&[503, 503]);
        let void = || VoidRequest { tenant: "t1".into(), purchase: bought.id.clone(), wait: Duration::from_secs(5) };
        let first = rig.engine.void(void(), rig.accounts.clone()).await.unwrap();
        assert_eq!(first.state, OpState::Done);
        let second = rig.engine.void(void(), rig.accounts.clone()).await.unwrap();
        assert_eq!(second.id, first.id);
        assert_eq!(rig.view(&bought.id).await.state, PurchaseState::Voided);
        assert!(matches!(rig.engine.documents("t1", &bought.id).await, Err(EngineError::WrongState(_))));
        assert!(rig.world.live().is_empty());
        rig.settle().await;
        clean(&rig.check().await);
    }

    async fn a_void_that_comes_too_late_leaves_the_label_good(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        rig.world.void_faults(&[409]);
        let void = VoidRequest { tenant: "t1".into(), purchase: bought.id.clone(), wait: Duration::from_secs(5) };
        let refused = rig.engine.void(void, rig.accounts.clone()).await.unwrap();
        assert_eq!(refused.state, OpState::Refused);
        assert_eq!(rig.view(&bought.id).await.state, PurchaseState::Bought);
        assert!(!rig.engine.documents("t1", &bought.id).await.unwrap().is_empty());
    }

    async fn a_void_that_is_refused_after_a_lost_answer_is_for_a_person(rig: World { World::new(FULL) }) {
        let bought = rig.buy("1").await.unwrap();
        // The first answer is lost, so it may be void; the second one says that there is nothing to void.
        rig.world.void_faults(&[503, 404]);
        let void = VoidRequest { tenant: "t1".into(), purchase: bought.id.clone(), wait: Duration::from_secs(5) };
        let doubtful = rig.engine.void(void, rig.accounts.clone()).await.unwrap();
        assert_eq!(doubtful.state, OpState::NeedsAttention);
        let view = rig.view(&bought.id).await;
        assert_eq!(view.state, PurchaseState::NeedsAttention);
        assert!(view.attention.unwrap().reason.contains("may or may not be"));
        // The first answer turns up after all, in a process that was stopped meanwhile.
        for _ in 0..2 {
            rig.engine.void_answer_once_more(&doubtful.id).await.unwrap();
            assert_eq!(rig.engine.operation("t1", &doubtful.id).await.unwrap().state, OpState::Done);
            let view = rig.view(&bought.id).await;
            assert_eq!((view.state, view.attention.is_some()), (PurchaseState::Voided, false));
        }
        let events = rig.engine.show("t1", &bought.id).await.unwrap().events;
        assert_eq!(events.iter().filter(|event| event.kind == "purchase.voided").count(), 1, "{events:#?}");
    }

    async fn a_void_that_is_known_after_a_person_decided_buys_nothing_more(rig: World { World::new(NO_REPRINT) }) {
        rig.world.faults(&[Fault::ResetAfter]);
        rig.world.void_faults(&[503, 404]);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        assert_eq!(rig.view(&bought.id).await.state, PurchaseState::NeedsAttention);
        rig.engine.resolve("t1", &bought.id, Decision::Keep, rig.accounts.clone()).await.unwrap();
        let kinds = vec![OpKind::Void];
        let ops = rig.engine.operations(OperationFilter { tenant: Some("t1".into()), kinds, ..Default::default() }).await.unwrap();
        rig.engine.void_answer_once_more(&ops[0].id).await.unwrap();
        rig.settle().await;
        let view = rig.view(&bought.id).await;
        assert_eq!((view.state, view.attempts, rig.world.requests()), (PurchaseState::Voided, 1, 1));
    }

    async fn a_late_sale_is_swept_and_voided(rig: World { World::new(FULL) }) {
        // Later than the settle window: the engine has bought again when it appears.
        rig.world.faults(&[Fault::LateSale(850)]);
        let bought = rig.buy("1").await.unwrap();
        assert_eq!((bought.state, bought.attempts), (PurchaseState::Bought, 2));
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(rig.world.live().len(), 2, "the late sale did not happen");
        rig.settle().await;
        assert_eq!(rig.world.live().len(), 1);
        let events = rig.engine.show("t1", &bought.id).await.unwrap().events;
        assert!(events.iter().any(|event| event.kind == "purchase.extra_voided"), "{events:#?}");
        clean(&rig.check().await);
    }

    async fn a_refusal_under_a_number_that_was_sent_before_is_asked_about(rig: World { World::new(CHOSEN) }) {
        // The first request is sold after all, which nobody saw; the second one with its number is refused for that.
        rig.world.faults(&[Fault::ResetBefore, Fault::RejectedAsKnown]);
        let bought = rig.buy("1").await.unwrap();
        assert_eq!((bought.state, bought.attempts), (PurchaseState::Bought, 2));
        assert_eq!(rig.world.live().len(), 1);
        rig.settle().await;
        clean(&rig.check().await);
        // Where the carrier knows nothing of the number, the refusal stands.
        rig.world.faults(&[Fault::ResetBefore, Fault::Rejected]);
        let refused = rig.buy("2").await.unwrap();
        assert_eq!((refused.state, refused.attempts), (PurchaseState::Rejected, 2));
        assert_eq!(refused.failure.unwrap().error.carrier_code(), Some("E42"));
        rig.settle().await;
        clean(&rig.check().await);
    }

    async fn a_sweep_that_is_refused_for_good_ends(rig: World { World::new(FULL) }) {
        rig.buy("1").await.unwrap();
        rig.world.lookups_answer(Some(400));
        rig.settle().await;
        assert_eq!(audit::pending(rig.engine.store()).await.unwrap(), 0);
        assert_eq!(rig.world.lookups(), 1, "the same question brings the same answer");
        clean(&rig.check().await);
    }

    async fn a_sweep_of_an_account_that_is_signed_out_waits(rig: World { World::new(FULL) }) {
        rig.world.faults(&[Fault::Twice]);
        rig.buy("1").await.unwrap();
        rig.world.lookups_answer(Some(401));
        while rig.world.lookups() < 3 {
            rig.engine.tick(&rig.accounts).await.unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(rig.world.live().len(), 2, "nobody could ask");
        rig.world.lookups_answer(None);
        rig.settle().await;
        assert_eq!(rig.world.live().len(), 1, "the one too many was found and voided");
        clean(&rig.check().await);
    }

    async fn several_parcels_are_one_shipment_or_one_purchase_each(rig: World { World::new(Personality { pieces: Pieces::OneEach, ..FULL }) }) {
        rig.world.faults(&[Fault::None, Fault::ResetAfter, Fault::None]);
        let three = BuyRequest { shipment: shipment(3), quoted: Some(Money::from_minor(1000, Currency::USD)), ..request("1") };
        let reply = rig.engine.buy(three, rig.accounts.clone()).await.unwrap();
        assert_eq!(reply.purchases.len(), 3);
        assert!(reply.purchases.iter().all(|one| one.state == PurchaseState::Bought && one.labels.len() == 1));
        assert_eq!(reply.purchases.iter().map(|one| one.parcel).collect::<Vec<_>>(), [0, 1, 2]);
        rig.settle().await;
        assert_eq!(rig.world.live().len(), 3);
        clean(&rig.check().await);
        // One is refused: the policy voids the others.
        rig.world.faults(&[Fault::None, Fault::Rejected, Fault::None]);
        let policy = Policy { pieces: PartialPolicy::VoidAll, ..Policy::default() };
        let all = BuyRequest { shipment: shipment(3), policy, ..request("2") };
        let reply = rig.engine.buy(all, rig.accounts.clone()).await.unwrap();
        rig.settle().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        rig.settle().await;
        let mut states: Vec<_> = rig.engine.group_views(&reply.group).await.unwrap().iter().map(|one| one.state.as_str()).collect();
        states.sort_unstable();
        assert_eq!(states, ["rejected", "voided", "voided"]);
        clean(&rig.check().await);
    }

    async fn a_shipment_sold_in_part_is_completed_or_voided(rig: World { World::new(FULL) }) {
        let with = |key: &str, pieces| BuyRequest {
            shipment: shipment(3),
            quoted: None,
            policy: Policy { pieces, ..Policy::default() },
            ..request(key)
        };
        rig.world.faults(&[Fault::Partial]);
        let kept = rig.buy_with(with("1", PartialPolicy::Keep)).await.unwrap();
        assert_eq!((kept.state, kept.labels.len()), (PurchaseState::Partial, 1));
        rig.world.faults(&[Fault::Partial]);
        let reply = rig.engine.buy(with("2", PartialPolicy::Complete), rig.accounts.clone()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let group = rig.engine.group_views(&reply.group).await.unwrap();
        assert_eq!(group.iter().map(|one| (one.parcel, one.labels.len())).collect::<Vec<_>>(), [(0, 1), (1, 2)]);
        assert!(group.iter().all(|one| one.state == PurchaseState::Bought));
        rig.world.faults(&[Fault::Partial]);
        let void = rig.buy_with(with("3", PartialPolicy::VoidAll)).await.unwrap();
        rig.settle().await;
        assert_eq!(rig.view(&void.id).await.state, PurchaseState::Voided);
        assert_eq!(rig.world.live().len(), 4);
    }

    async fn a_sale_without_a_label_is_voided_and_bought_again(rig: World { World::new(NO_REPRINT) }) {
        rig.world.faults(&[Fault::ResetAfter]);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        let bought = rig.view(&bought.id).await;
        assert_eq!((bought.state, bought.attempts), (PurchaseState::Bought, 2));
        assert_eq!(rig.world.live().len(), 1);
        clean(&rig.check().await);
    }

    async fn a_late_sale_that_takes_an_unsent_attempt_back_is_bought_again_when_its_label_is_lost(rig: World { World::new(NO_REPRINT) }) {
        rig.options.max_unsent = 100;
        rig.reopen().await;
        // Sold after it was found absent; the second attempt cannot leave meanwhile.
        rig.world.faults(&[Fault::LateSale(850)]);
        rig.world.faults(&[Fault::Refused; 40]);
        let bought = rig.buy_with(BuyRequest { wait: Duration::ZERO, ..request("1") }).await.unwrap();
        let attempts = || async { rig.engine.show("t1", &bought.id).await.unwrap().attempts };
        while !matches!(attempts().await[0].state, AttemptState::Confirmed | AttemptState::Voided) {
            rig.engine.tick(&rig.accounts).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        rig.world.no_more_faults();
        rig.settle().await;
        let all: Vec<_> = attempts().await.iter().map(|attempt| (attempt.n, attempt.state)).collect();
        let view = rig.view(&bought.id).await;
        assert_eq!(view.state, PurchaseState::Bought, "{all:?}");
        assert_eq!(all, [(1, AttemptState::Voided), (2, AttemptState::Rejected), (3, AttemptState::Confirmed)]);
        assert_eq!(rig.world.live().len(), 1);
        clean(&rig.check().await);
    }

    async fn a_late_sale_that_comes_after_two_absences_takes_the_third_attempt_back(rig: World { World::new(FULL) }) {
        let ms = Duration::from_millis;
        rig.options = Options { max_unsent: 100, sweeps: vec![ms(900), ms(2500)], ..rig.options.clone() };
        rig.reopen().await;
        // The first two are found absent after 0.7 s each, the third cannot leave; the first is sold at 1.8 s.
        rig.world.faults(&[Fault::LateSale(1800), Fault::ResetBefore]);
        rig.world.faults(&[Fault::Refused; 40]);
        let policy = Policy { max_attempts: 4, ..Policy::default() };
        let bought = rig.buy_with(BuyRequest { policy, wait: Duration::ZERO, ..request("1") }).await.unwrap();
        rig.settle().await;
        let shown = rig.engine.show("t1", &bought.id).await.unwrap();
        let all: Vec<_> = shown.attempts.iter().map(|attempt| (attempt.state, attempt.sends)).collect();
        assert_eq!(all, [(AttemptState::Confirmed, 1), (AttemptState::Absent, 1), (AttemptState::Rejected, 0)]);
        assert_eq!((shown.purchase.state, rig.world.live().len()), (PurchaseState::Bought, 1));
        clean(&rig.check().await);
    }

    async fn a_late_answer_to_a_sale_that_was_voided_does_not_bring_the_void_label_back(rig: World { World::new(NO_REPRINT) }) {
        rig.options.max_unsent = 100;
        rig.reopen().await;
        // Found without a label and voided; the second attempt cannot leave meanwhile.
        rig.world.faults(&[Fault::ResetAfter]);
        rig.world.faults(&[Fault::Refused; 40]);
        let bought = rig.buy_with(BuyRequest { wait: Duration::ZERO, ..request("1") }).await.unwrap();
        let attempts = || async { rig.engine.show("t1", &bought.id).await.unwrap().attempts };
        while attempts().await.len() < 2 {
            rig.engine.tick(&rig.accounts).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // As from a sender that was stopped with the answer, label and all, in its hands.
        let answer = World::answer(&rig.world.sales(), true);
        let sale = crate::tests::carrier::purchase_from(answer["pieces"].as_array().unwrap()).unwrap();
        rig.engine.answer_once_more(&bought.id, &rig.accounts, &sale).await.unwrap();
        rig.world.no_more_faults();
        rig.settle().await;
        let view = rig.view(&bought.id).await;
        let labels: Vec<_> = view.labels.iter().map(|label| label.state).collect();
        assert_eq!((view.state, labels), (PurchaseState::Bought, vec![LabelState::Voided, LabelState::Live]));
        let all: Vec<_> = attempts().await.iter().map(|attempt| (attempt.n, attempt.state)).collect();
        assert_eq!(all, [(1, AttemptState::Voided), (2, AttemptState::Confirmed)]);
        assert_eq!(rig.world.live().len(), 1);
        clean(&rig.check().await);
    }

    async fn an_answer_that_turns_up_after_a_person_was_called_is_read(rig: World { World::new(BLIND) }) {
        // Turned away first: that answer is no answer, though a wrong clock may say that it came last.
        rig.world.faults(&[Fault::Busy, Fault::ResetAfter]);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        assert_eq!(rig.view(&bought.id).await.state, PurchaseState::NeedsAttention);
        rig.leave_an_answer(&bought.id).await;
        rig.settle().await;
        rig.engine.tick(&rig.accounts).await.unwrap();
        let view = rig.view(&bought.id).await;
        assert_eq!((view.state, view.labels.len(), view.attention.is_none()), (PurchaseState::Bought, 1, true));
        clean(&rig.check().await);
    }

    async fn a_moved_account_is_not_asked(rig: World { World::new(FULL) }) {
        rig.world.faults(&[Fault::ResetAfter]);
        let mut quick = request("1");
        quick.wait = Duration::ZERO;
        let bought = rig.buy_with(quick).await.unwrap();
        while rig.world.sales().is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        rig.world.point_elsewhere();
        rig.settle().await;
        let view = rig.view(&bought.id).await;
        assert_eq!(view.state, PurchaseState::NeedsAttention);
        assert_eq!(rig.world.lookups(), 0);
        let told = view.attention.unwrap();
        assert_eq!(told.ways, ["adopt", "nothing_bought", "void"]);
        assert_eq!(told.handle.len(), 26);
        // The package stays locked.
        let again = BuyRequest { idempotency_key: "new".into(), ..request("1") };
        assert!(matches!(rig.buy_with(again).await, Err(EngineError::Duplicate { .. })));
    }

    async fn a_person_decides_where_nothing_can_be_asked(rig: World { World::new(BLIND) }) {
        rig.world.faults(&[Fault::ResetAfter, Fault::ResetBefore]);
        let sold = rig.buy("1").await.unwrap();
        let not_sold = rig.buy("2").await.unwrap();
        rig.settle().await;
        for id in [&sold.id, &not_sold.id] {
            assert_eq!(rig.view(id).await.state, PurchaseState::NeedsAttention);
        }
        assert_eq!(rig.check().await.waiting_for_a_person.len(), 1);
        let number = rig.world.sales()[0].number.clone();
        let adopt = Decision::Adopt { tracking: vec![number.as_str().into()], charged: None };
        let adopted = rig.engine.resolve("t1", &sold.id, adopt, rig.accounts.clone()).await.unwrap();
        assert_eq!((adopted.state, adopted.labels[0].tracking.clone()), (PurchaseState::BoughtNoLabel, number));
        let failed = rig.engine.resolve("t1", &not_sold.id, Decision::NothingBought, rig.accounts.clone()).await.unwrap();
        assert_eq!(failed.state, PurchaseState::Failed);
        let again = rig.buy_with(BuyRequest { idempotency_key: "new".into(), ..request("2") }).await.unwrap();
        assert_eq!(again.state, PurchaseState::Bought);
        let voided = rig.engine.resolve("t1", &adopted.id, Decision::Void, rig.accounts.clone()).await.unwrap();
        assert_eq!(voided.state, PurchaseState::Voided);
        rig.settle().await;
        clean(&rig.check().await);
    }
}

/// Every fault at every kind of carrier ends in a state that is right, with nothing lost and nothing double.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_at_every_kind_of_carrier_ends_well() {
    let all = PERSONALITIES
        .iter()
        .flat_map(|personality| Fault::ALL.iter().map(move |fault| (*personality, *fault)));
    let runs = all.map(|(personality, fault)| async move {
        let rig = Rig::sqlite(World::new(personality)).await;
        rig.world.faults(&[fault]);
        let first = rig.buy("1").await.unwrap();
        rig.settle().await;
        let view = rig.view(&first.id).await;
        let what = format!("{} {fault:?}: {:?}", personality.name, view.state);
        let report = rig.check().await;
        // A repeated request at a carrier that cannot be asked, or cannot void, stays double.
        let hopeless = fault == Fault::Twice
            && (!personality.lookup
                || (!personality.voids && personality.repeat != RepeatGuard::ChosenNumber));
        if !hopeless {
            assert!(report.is_clean(), "{what}: {report:#?}");
        }
        assert!(rig.world.most_requests() <= if fault == Fault::Busy { 2 } else { 1 }, "{what}: sent twice");
        assert!(
            !matches!(view.state, PurchaseState::Accepted | PurchaseState::Unknown | PurchaseState::Voiding),
            "{what}"
        );
        if personality.lookup && personality.voids {
            let expected = match fault {
                Fault::Rejected | Fault::PanicBefore => PurchaseState::Rejected,
                _ => PurchaseState::Bought,
            };
            assert_eq!(view.state, expected, "{what}");
            let live = usize::from(expected == PurchaseState::Bought);
            assert_eq!(rig.world.live().len(), live, "{what}");
        }
        rig.engine.close().await;
    });
    let runs: Vec<_> = runs.collect();
    let mut runs = runs.into_iter();
    loop {
        let batch: Vec<_> = runs.by_ref().take(12).collect();
        if batch.is_empty() {
            break;
        }
        futures_util::future::join_all(batch).await;
    }
}
