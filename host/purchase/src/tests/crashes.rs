//! Crashes, errors and delays at every named point, over both stores and every kind of carrier; the journal; a database
//! restored from a backup.

use std::time::Duration;

use waybill_core::{Currency, Money};

use super::on_both;
use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::*;

fn clean(report: &audit::Report, what: &str) {
    assert!(report.is_clean(), "{what}: {report:#?}");
}

/// The points that a purchase passes with a fault at a kind of carrier, with its lookup, sweep and void.
async fn points(personality: Personality, fault: Fault) -> Vec<&'static str> {
    let rig = Rig::new(Kind::Sqlite, World::new(personality), quick()).await.unwrap();
    rig.world.faults(&[fault]);
    let view = rig.buy("1").await.unwrap();
    rig.settle().await;
    let void = VoidRequest { tenant: "t1".into(), purchase: view.id, wait: Duration::from_secs(2) };
    let _ = rig.engine.void(void, rig.accounts.clone()).await;
    rig.engine.close().await;
    FAIL_POINTS.iter().copied().filter(|point| rig.options.fail.passed(point) > 0).collect()
}

async fn one_crash(
    kind: Kind,
    personality: Personality,
    point: &'static str,
    action: FailAction,
    fault: Fault,
) {
    let Some(mut rig) = Rig::new(kind, World::new(personality), quick()).await else { return };
    let what = format!("{kind:?} {} {point} {action:?} {fault:?}", personality.name);
    rig.world.faults(&[fault]);
    rig.options.fail.arm(point, action, 1);
    let wait = Duration::from_millis(if action == FailAction::Hang { 500 } else { 3000 });
    // A caller that was stopped never hears anything.
    let caller = rig.buy_with(BuyRequest { wait, ..request("1") });
    let _ = tokio::time::timeout(wait + Duration::from_secs(1), caller).await;
    if action == FailAction::Hang {
        rig.crash().await;
    }
    rig.settle().await;
    // Whatever happened, the same key answers, and answers with the one purchase.
    let view = rig.buy("1").await.unwrap_or_else(|error| panic!("{what}: {error}"));
    rig.settle().await;
    let view = rig.view(&view.id).await;
    let certain = personality.lookup && personality.voids;
    if certain {
        assert_eq!(view.state, PurchaseState::Bought, "{what}");
        assert_eq!(rig.world.live().len(), 1, "{what}");
    } else {
        assert!(view.state.is_settled(), "{what}: {:?}", view.state);
    }
    assert!(rig.world.most_requests() <= 1, "{what}: sent twice");
    clean(&rig.check().await, &what);
    if view.state == PurchaseState::Bought {
        let void =
            VoidRequest { tenant: "t1".into(), purchase: view.id.clone(), wait: Duration::from_secs(5) };
        let short = VoidRequest { wait: Duration::from_millis(500), ..void };
        let void = rig.engine.void(short, rig.accounts.clone()).await.unwrap();
        rig.settle().await;
        let done = rig.engine.operation("t1", &void.id).await.unwrap();
        assert!(matches!(done.state, OpState::Done | OpState::Refused), "{what}: {:?}", done.state);
        clean(&rig.check().await, &what);
    }
    rig.engine.close().await;
}

async fn matrix(
    kind: Kind,
    personalities: &[Personality],
    actions: &[FailAction],
    faults: &[Fault],
    at_once: usize,
) {
    let mut cases = Vec::new();
    let mut visited = std::collections::BTreeSet::new();
    for personality in personalities {
        for fault in faults {
            for point in points(*personality, *fault).await {
                visited.insert(point);
                for action in actions {
                    cases.push(one_crash(kind, *personality, point, *action, *fault));
                }
            }
        }
    }
    assert!(visited.len() >= 10, "only {visited:?} are passed");
    println!("{} cases at {} points", cases.len(), visited.len());
    let mut cases = cases.into_iter();
    loop {
        let batch: Vec<_> = cases.by_ref().take(at_once).collect();
        if batch.is_empty() {
            return;
        }
        futures_util::future::join_all(batch).await;
    }
}

/// `WAYBILL_WHOLE_MATRIX=1` runs every kind of carrier over both stores; without it a part that visits every point.
fn whole() -> bool {
    std::env::var("WAYBILL_WHOLE_MATRIX").as_deref() == Ok("1")
}

fn extent() -> (&'static [Personality], &'static [Fault]) {
    if whole() {
        (PERSONALITIES, &[Fault::None, Fault::ResetAfter])
    } else {
        (&[FULL, CHOSEN, BLIND], &[Fault::ResetAfter])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_point_loses_nothing_on_sqlite() {
    let (personalities, faults) = extent();
    matrix(Kind::Sqlite, personalities, &[FailAction::Hang], faults, 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_at_every_point_loses_nothing_on_sqlite() {
    let (personalities, faults) = extent();
    matrix(Kind::Sqlite, personalities, &[FailAction::Error], faults, 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_beyond_the_lease_at_every_point_loses_nothing() {
    let late = FailAction::Delay(Duration::from_millis(1000));
    let personalities = if whole() { PERSONALITIES } else { &[FULL] };
    matrix(Kind::Sqlite, personalities, &[late], &[Fault::None], 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_every_point_loses_nothing_on_postgres() {
    let (personalities, faults) = if whole() { extent() } else { (&[FULL][..], &[Fault::None][..]) };
    matrix(Kind::Postgres, personalities, &[FailAction::Hang], faults, 6).await;
}

on_both! {
    async fn an_answer_goes_to_the_journal_when_the_database_is_away(rig: World { World::new(BLIND) }) {
        // The carrier cannot be asked: only the stored answer can tell.
        rig.options.fail.arm("d3.before", FailAction::Error, 1);
        rig.options.fail.arm("verdict.before", FailAction::Hang, 1);
        let early = BuyRequest { wait: Duration::from_millis(300), ..request("1") };
        let pending = rig.buy_with(early).await.unwrap();
        assert_eq!(pending.state, PurchaseState::Accepted);
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while rig.engine.journal().waiting_count() == 0 && std::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(rig.engine.journal().waiting_count(), 1);
        rig.crash().await;
        assert!(rig.engine.journal().waiting_count() == 0, "the journal was not brought into the database");
        rig.settle().await;
        let view = rig.view(&pending.id).await;
        assert_eq!(view.state, PurchaseState::Bought);
        assert_eq!(rig.world.requests(), 1);
        let documents = rig.engine.documents("t1", &view.id).await.unwrap();
        assert_eq!(documents[0].bytes, label_of(&view.labels[0].tracking).as_bytes());
        clean(&rig.check().await, "journal");
    }

    async fn an_answer_that_nothing_can_store_is_not_given_to_anybody(rig: World { World::new(FULL) }) {
        rig.options.fail.arm("d3.before", FailAction::Error, 1);
        rig.options.fail.arm("journal.before", FailAction::Error, 1);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        let shown = rig.engine.show("t1", &bought.id).await.unwrap();
        assert_eq!(shown.purchase.state, PurchaseState::Bought);
        assert!(shown.events.iter().any(|event| event.kind == "purchase.unknown"), "{:#?}", shown.events);
        clean(&rig.check().await, "nothing stored");
    }

    async fn an_answer_that_comes_after_its_label_was_found_without_a_price_brings_the_price(rig: World { World::new(FULL) }) {
        rig.world.keep_prices_to_itself();
        rig.world.faults(&[Fault::ResetAfter]);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        let found = rig.view(&bought.id).await;
        assert_eq!((found.state, found.charged, found.labels.len()), (PurchaseState::Bought, None, 1), "cleared up by asking");
        let answer = World::answer(&rig.world.sales(), true);
        let sale = crate::tests::carrier::purchase_from(answer["pieces"].as_array().unwrap()).unwrap();
        // As from a sender that was stopped with the answer in its hands.
        for _ in 0..2 {
            rig.engine.answer_once_more(&bought.id, &rig.accounts, &sale).await.unwrap();
            let view = rig.view(&bought.id).await;
            let sold = Money::from_minor(rig.world.live()[0].cents, Currency::USD);
            assert_eq!((view.charged, view.labels[0].price, view.labels.len()), (Some(sold), Some(sold), 1));
            let entries = crate::ledger::entries(rig.engine.store(), "t1", &bought.id).await.unwrap();
            let charged = entries.iter().filter(|entry| entry.new.kind == crate::ledger::EntryKind::Charged && entry.new.amount.is_some());
            assert_eq!(charged.count(), 1, "once in the books");
        }
        clean(&rig.check().await, "a price that comes late");
    }

    async fn an_answer_that_comes_after_its_sale_was_found_without_a_label_brings_the_label(rig: World { World::new(NO_VOID) }) {
        rig.world.faults(&[Fault::ResetAfter]);
        let bought = rig.buy("1").await.unwrap();
        rig.settle().await;
        let found = rig.view(&bought.id).await;
        assert_eq!((found.state, found.attention.is_some()), (PurchaseState::BoughtNoLabel, true));
        let answer = World::answer(&rig.world.sales(), true);
        let sale = crate::tests::carrier::purchase_from(answer["pieces"].as_array().unwrap()).unwrap();
        for _ in 0..2 {
            rig.engine.answer_once_more(&bought.id, &rig.accounts, &sale).await.unwrap();
            let view = rig.view(&bought.id).await;
            assert_eq!((view.state, view.attention.is_some(), view.labels.len()), (PurchaseState::Bought, false, 1));
            let documents = rig.engine.documents("t1", &bought.id).await.unwrap();
            assert_eq!(documents[0].bytes, label_of(&view.labels[0].tracking).as_bytes());
        }
        let events = rig.engine.show("t1", &bought.id).await.unwrap().events;
        assert_eq!(events.iter().filter(|event| event.kind == "purchase.bought").count(), 1, "{events:#?}");
        clean(&rig.check().await, "a label that comes late");
    }

    async fn an_answer_that_was_stored_too_late_by_a_process_that_ended_is_read_by_the_sweep(rig: World { World::new(NO_VOID) }) {
        rig.world.faults(&[Fault::ResetAfter]);
        let bought = rig.buy("1").await.unwrap();
        while rig.view(&bought.id).await.state != PurchaseState::BoughtNoLabel {
            rig.engine.tick(&rig.accounts).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        rig.leave_an_answer(&bought.id).await;
        rig.settle().await;
        let view = rig.view(&bought.id).await;
        assert_eq!((view.state, view.attention.is_some()), (PurchaseState::Bought, false));
        assert!(!rig.engine.documents("t1", &bought.id).await.unwrap().is_empty());
        clean(&rig.check().await, "an answer that was stored late");
    }

    async fn a_sender_that_wakes_late_sends_nothing(rig: World { World::new(BLIND) }) {
        rig.options.fail.arm("begin.before", FailAction::Delay(Duration::from_millis(2600)), 1);
        let (guard, timeout) = (Duration::from_secs(2), Some(Duration::from_secs(8)));
        rig.options = Options { guard, timeout, ..rig.options.clone() };
        rig.reopen().await;
        let patient = |key| BuyRequest { wait: Duration::from_secs(30), ..request(key) };
        let bought = rig.buy_with(patient("1")).await.unwrap();
        assert_eq!(bought.state, PurchaseState::Bought);
        let shown = rig.engine.show("t1", &bought.id).await.unwrap();
        assert_eq!((shown.attempts[0].unsent, shown.attempts[0].sends, rig.world.requests()), (1, 1, 1));
        // Without the guard the late send leaves: this test would notice.
        rig.options.mutant = Some(crate::engine::Mutant::NoGuard);
        rig.reopen().await;
        rig.options.fail.arm("begin.before", FailAction::Delay(Duration::from_millis(2600)), 1);
        let late = rig.buy_with(patient("2")).await.unwrap();
        assert_eq!(rig.engine.show("t1", &late.id).await.unwrap().attempts[0].unsent, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_in_the_middle_loses_nothing() {
    // A server of its own: the others must not die with it.
    let Some(cluster) = waybill_test_postgres::own_cluster() else { return };
    let rig = std::sync::Arc::new(Rig::on(cluster.clone(), World::new(FULL), quick()).await);
    let worker = rig.engine.run(rig.accounts.clone());
    let buyers = (0..60).map(|at| {
        let rig = rig.clone();
        tokio::spawn(async move {
            // Refused while the server is away; the same key asks again.
            for _ in 0..100 {
                let patient = BuyRequest { wait: Duration::from_secs(20), ..request(&at.to_string()) };
                match rig.buy_with(patient).await {
                    Ok(view) if view.state.is_settled() => return view.state,
                    _ => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
            panic!("purchase {at} did not end");
        })
    });
    let buyers: Vec<_> = buyers.collect();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let server = cluster.clone();
        tokio::task::spawn_blocking(move || server.crash_and_restart()).await.unwrap();
    }
    for buyer in buyers {
        assert_eq!(buyer.await.unwrap(), PurchaseState::Bought);
    }
    worker.abort();
    rig.settle_within(Duration::from_secs(30)).await;
    assert_eq!(rig.world.live().len(), 60);
    clean(&rig.check().await, "server crash");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lookup_that_lags_is_not_believed_before_the_window_ends() {
    let rig = Rig::sqlite(World::new(FULL)).await;
    rig.world.lag(Duration::from_millis(400));
    rig.world.faults(&[Fault::ResetAfter]);
    let bought = rig.buy("1").await.unwrap();
    assert_eq!((bought.state, bought.attempts, rig.world.sales().len()), (PurchaseState::Bought, 1, 1));
    assert!(rig.world.lookups() > 1, "the lag was not met");
    rig.settle().await;
    clean(&rig.check().await, "lag");
}
