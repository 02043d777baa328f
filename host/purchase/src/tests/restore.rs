//! A database that was restored from a backup: nothing that was sold since is lost, and nothing is bought again.

use std::path::PathBuf;
use std::time::Duration;

use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::*;

async fn rig(personality: Personality) -> Rig {
    let options = Options { epoch_every: Duration::ZERO, ..quick() };
    Rig::new(Kind::Sqlite, World::new(personality), options).await.unwrap()
}

async fn backup(rig: &Rig) -> PathBuf {
    let backup = rig.path("backup.db");
    rig.engine.store().backup_to(&backup).await.unwrap();
    backup
}

fn clean(report: &audit::Report) {
    assert!(report.is_clean(), "{report:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_bought_after_the_backup_is_found_again_under_its_key() {
    let mut rig = rig(FULL).await;
    let first = rig.buy("1").await.unwrap();
    rig.settle().await;
    let backup = backup(&rig).await;
    let forgotten = rig.buy("2").await.unwrap();
    // Its first attempt is proven absent, so that the sale belongs to the second.
    rig.world.faults(&[Fault::ResetBefore]);
    let second_attempt = rig.buy("3").await.unwrap();
    assert_eq!(second_attempt.attempts, 2);
    rig.settle().await;
    let requests = rig.world.requests();
    rig.restore(&backup).await;
    assert!(rig.engine.quarantine().is_some());
    assert!(matches!(rig.buy("4").await, Err(EngineError::Quarantined(_))));
    assert_eq!(rig.view(&first.id).await.state, PurchaseState::Bought, "reading works");
    let doctor = audit::doctor(&rig.engine).await.unwrap();
    assert!(doctor.iter().any(|check| check.name == "quarantine" && !check.good));
    rig.settle().await;
    rig.engine.end_quarantine().await.unwrap();
    for (key, known) in [("2", &forgotten), ("3", &second_attempt)] {
        let again = rig.buy(key).await.unwrap();
        assert_eq!((&again.id, again.state), (&known.id, PurchaseState::Bought), "order {key}");
        assert_eq!(again.labels[0].tracking, known.labels[0].tracking, "order {key}");
        let other_key = BuyRequest { idempotency_key: format!("new {key}"), ..request(key) };
        assert!(matches!(rig.buy_with(other_key).await, Err(EngineError::Duplicate { .. })), "order {key}");
    }
    assert_eq!(rig.world.requests(), requests, "something was bought again");
    assert!(audit::forgotten(&rig.engine, 0).await.unwrap().is_empty());
    assert_eq!(rig.buy("4").await.unwrap().state, PurchaseState::Bought);
    clean(&rig.check().await);
    rig.engine.kill().await;
    rig.engine.store().close().await;
    rig.reopen().await;
    assert_eq!(rig.engine.quarantine(), None, "the quarantine came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_that_was_sent_after_the_backup_is_asked_about_and_not_sent_again() {
    for (personality, ends) in [(FULL, PurchaseState::Bought), (BLIND, PurchaseState::NeedsAttention)] {
        let mut rig = rig(personality).await;
        rig.options.fail.arm("d2.before", FailAction::Hang, 1);
        let prepared =
            rig.buy_with(BuyRequest { wait: Duration::from_millis(200), ..request("1") }).await.unwrap();
        assert_eq!(prepared.state, PurchaseState::Accepted);
        let backup = backup(&rig).await;
        rig.crash().await;
        rig.settle().await;
        assert_eq!(rig.view(&prepared.id).await.state, PurchaseState::Bought);
        rig.restore(&backup).await;
        rig.settle().await;
        rig.engine.end_quarantine().await.unwrap();
        rig.settle().await;
        let view = rig.view(&prepared.id).await;
        assert_eq!((view.state, rig.world.requests()), (ends, 1), "{}", personality.name);
        clean(&rig.check().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_sale_that_cannot_be_asked_about_waits_for_a_person_and_locks_its_package() {
    let mut rig = rig(BLIND).await;
    rig.buy("1").await.unwrap();
    let backup = backup(&rig).await;
    let forgotten = rig.buy("2").await.unwrap();
    rig.restore(&backup).await;
    rig.settle().await;
    rig.engine.end_quarantine().await.unwrap();
    let told = rig.buy("2").await.unwrap();
    assert_eq!((&told.id, told.state), (&forgotten.id, PurchaseState::NeedsAttention));
    assert_eq!(told.attention.unwrap().handle, rig.world.sales()[1].handle);
    let other_key = BuyRequest { idempotency_key: "other".into(), ..request("2") };
    assert!(matches!(rig.buy_with(other_key).await, Err(EngineError::Duplicate { .. })));
    let number = forgotten.labels[0].tracking.as_str().into();
    let adopt = Decision::Adopt { tracking: vec![number], charged: None };
    let adopted = rig.engine.resolve("t1", &told.id, adopt, rig.accounts.clone()).await.unwrap();
    assert_eq!(adopted.state, PurchaseState::BoughtNoLabel);
    assert_eq!(rig.world.requests(), 2);
    clean(&rig.check().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantine_holds_for_every_process_and_ends_for_every_process() {
    let mut rig = rig(FULL).await;
    rig.buy("1").await.unwrap();
    let backup = backup(&rig).await;
    rig.buy("2").await.unwrap();
    rig.restore(&backup).await;
    // Another replica, whose own journal knows nothing of the time before.
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("elsewhere")).unwrap();
    let store = Store::open(StoreOptions::sqlite(rig.path("waybill.db"))).await.unwrap();
    let replica = Engine::open(store, journal, Sealer::new([[9; 32]]), quick()).await.unwrap();
    assert!(replica.quarantine().is_some());
    rig.engine.end_quarantine().await.unwrap();
    let bought = replica.buy(request("3"), rig.accounts.clone()).await;
    // Its accounts use the first engine's desk, so that it gets as far as the send.
    assert!(!matches!(bought, Err(EngineError::Quarantined(_))), "{bought:?}");
    assert_eq!(replica.quarantine(), None);
    replica.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_of_another_database_stops_its_own_process_only() {
    let rig = rig(FULL).await;
    rig.buy("1").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let other = StoreOptions::sqlite(folder.path().join("other.db"));
    let open = |options: StoreOptions| {
        let path = path.clone();
        async move {
            let (store, journal) = (Store::open(options).await.unwrap(), Journal::open(path).unwrap());
            Engine::open(store, journal, Sealer::new([[9; 32]]), quick()).await.unwrap()
        }
    };
    open(other).await.close().await;
    let stranger = open(StoreOptions::sqlite(rig.path("waybill.db"))).await;
    assert!(stranger.quarantine().is_some_and(|why| why.contains("another database")));
    assert_eq!(rig.buy("2").await.unwrap().state, PurchaseState::Bought, "the others go on");
    stranger.end_quarantine().await.unwrap();
    assert_eq!(stranger.quarantine(), None);
    stranger.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_process_notices_that_a_standby_which_lagged_took_over() {
    let rig = rig(FULL).await;
    rig.buy("1").await.unwrap();
    rig.buy("2").await.unwrap();
    // The standby has not seen the last commits; the process only sees that its connections broke.
    let behind = rig.engine.store().write::<_, StoreError, _>(|mut db| {
        Box::pin(async move {
            let query = db.sql("UPDATE meta SET value = 1 WHERE name = 'epoch'");
            db.run(query).await
        })
    });
    assert_eq!(behind.await.unwrap(), 1);
    let requests = rig.world.requests();
    let held = rig.buy_with(BuyRequest { wait: Duration::from_millis(300), ..request("3") }).await.unwrap();
    assert_eq!((held.state, rig.world.requests()), (PurchaseState::Unknown, requests), "it was sent");
    assert!(matches!(rig.buy("4").await, Err(EngineError::Quarantined(_))));
}
