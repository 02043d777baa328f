//! T6: two and three replicas that stop, whose clocks are wrong, that are asked for the same thing at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use waybill_purchase::BuyRequest;
use waybill_soak::carriers::Carriers;
use waybill_soak::check::check;
use waybill_soak::database::Database;
use waybill_soak::fleet::Fleet;
use waybill_soak::replica::{ReplicaConfig, Times};
use waybill_soak::talk::{Answer, Ask, Line};
use waybill_soak::{orders, rows};

use super::{green, ms, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_that_stop_past_their_leases_buy_nothing_twice() {
    let mut settings = settings(150);
    settings.replicas = 3;
    settings.in_flight = 24;
    settings.times =
        Times { guard: 1_000, lease_margin: 300, timeout: 2_000, settle: 1_000, sweeps: vec![5_000, 7_000] };
    settings.kill_every = Some(ms(2_500));
    settings.restart_every = None;
    settings.pause_every = Some(ms(500));
    green("stopped replicas", &settings).await;
}

/// Leases use the database's clock only, so that hosts whose clocks are twenty minutes apart do not steal them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_whose_clocks_are_wrong_buy_nothing_twice() {
    let mut settings = settings(150);
    settings.clocks = vec![600, -600];
    settings.kill_every = None;
    settings.restart_every = None;
    green("wrong clocks", &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_order_at_three_replicas_at_once_is_one_label() {
    let Some(database) = Database::postgres() else { return };
    let folder = tempfile::tempdir().unwrap();
    let exe = std::path::Path::new(env!("CARGO_BIN_EXE_waybill-soak"));
    let carriers = Carriers::start(exe, folder.path(), 1).await.unwrap();
    let accounts = vec!["ups".to_owned(), "china-post".to_owned()];
    let patterns = orders::patterns(&carriers.ready, &accounts, folder.path()).await.unwrap();
    let config = |at: usize| ReplicaConfig {
        store: database.url(),
        journal: folder.path().join(format!("{at}.journal")),
        accounts: carriers.ready.accounts.clone(),
        times: Times { sweeps: vec![3_000], ..Times::default() },
        mutant: None,
        fail: String::new(),
    };
    let configs: Vec<_> = (0..3).map(config).collect();
    let fleet = Arc::new(Fleet::start(exe, folder.path(), &configs, &[], None, None).await.unwrap());
    for (order, account) in ["ups", "china-post", "ups", "china-post"].iter().enumerate() {
        let request = patterns[*account].order(order, 1);
        let same: Vec<Answer> = at_all(&fleet, |_| request.clone()).await;
        let ids: BTreeSet<String> = same.iter().flat_map(ids).collect();
        assert_eq!(ids.len(), 1, "the same key: {same:?}");
        let request = patterns[*account].order(order + 100, 1);
        let keys = |at: usize| BuyRequest { idempotency_key: format!("{order} at {at}"), ..request.clone() };
        let different: Vec<Answer> = at_all(&fleet, keys).await;
        let bought = different.iter().filter(|answer| matches!(answer, Answer::Bought { .. })).count();
        let refused = different.iter().filter(|answer| matches!(answer, Answer::Duplicate { .. })).count();
        assert_eq!(
            (bought, refused),
            (1, different.len() - 1),
            "other keys, the same package: {different:?}"
        );
    }
    let pool = rows::connect(&database.url()).await.unwrap();
    for _ in 0..200 {
        if rows::left(&pool).await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(ms(100)).await;
    }
    Arc::into_inner(fleet).unwrap().stop().await.unwrap();
    let ledger = carriers.stop().await.unwrap();
    let report = check(&rows::load(&pool).await.unwrap(), &ledger).unwrap();
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.sold, 8);
}

fn ids(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Bought { purchases } => purchases.iter().map(|(id, _)| id.clone()).collect(),
        other => panic!("not bought: {other:?}"),
    }
}

/// The request three times at each replica, all at once.
async fn at_all(fleet: &Fleet, request: impl Fn(usize) -> BuyRequest) -> Vec<Answer> {
    let mut clicks = Vec::new();
    for at in 0..fleet.len() * 3 {
        let (port, request) = (fleet.port(at % fleet.len()).unwrap(), Box::new(request(at)));
        clicks.push(tokio::spawn(async move {
            let mut line = Line::connect(port).await.unwrap();
            line.ask(&Ask::Buy { request, wait_ms: 20_000 }, Duration::from_secs(60)).await.unwrap()
        }));
    }
    let mut answers = Vec::new();
    for click in clicks {
        answers.push(click.await.unwrap());
    }
    answers
}
