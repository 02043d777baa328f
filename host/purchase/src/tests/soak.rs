//! Many purchases at once with faults, over one engine or several, against the carrier's ledger. And the proof that this
//! test notices: each protection taken away must turn it red.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::rig::{Kind, Rig, quick, request};
use super::world::*;
use crate::*;

/// Faults in a fixed, mixed order, as a carrier on a bad day has them.
fn faults(count: usize) -> Vec<Fault> {
    (0..count)
        .map(|at| match (at * 2_654_435_761) % 200 {
            0..10 => Fault::ResetAfter,
            10..14 => Fault::ProxyErrorAfter,
            14..18 => Fault::ServerErrorBefore,
            18..20 => Fault::ResetBefore,
            20..22 => Fault::Truncated,
            22..24 => Fault::LateSale(900),
            24..26 => Fault::Refused,
            26..27 => Fault::PanicAfter,
            27..28 => Fault::Busy,
            _ => Fault::None,
        })
        .collect()
}

fn options(parallel: usize) -> Options {
    let ms = Duration::from_millis;
    Options {
        guard: Duration::from_secs(5),
        lease_margin: Duration::from_secs(5),
        timeout: Some(Duration::from_secs(20)),
        settle: Some(ms(100)),
        sweeps: vec![Duration::from_secs(4), Duration::from_secs(6)],
        parallel,
        max_unsent: 50,
        ..quick()
    }
}

async fn run(
    kind: Kind,
    personality: Personality,
    count: usize,
    at_once: usize,
    options: Options,
) -> Option<audit::Report> {
    let rig = Arc::new(Rig::new(kind, World::new(personality), options).await?);
    rig.world.faults(&faults(count));
    let start = Instant::now();
    let worker = rig.engine.run(rig.accounts.clone());
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let clients = (0..at_once).map(|_| {
        let (rig, next) = (rig.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                if at >= count {
                    return;
                }
                let patient = BuyRequest { wait: Duration::from_secs(60), ..request(&at.to_string()) };
                let first = rig.buy_with(patient.clone()).await;
                // Some callers ask twice.
                if at % 50 == 0 {
                    let again = rig.buy_with(patient).await;
                    assert_eq!(again.unwrap().id, first.as_ref().unwrap().id);
                }
                assert!(first.is_ok(), "{first:?}");
            }
        })
    });
    for client in futures_util::future::join_all(clients).await {
        client.unwrap();
    }
    let bought = start.elapsed();
    let until = Instant::now() + Duration::from_secs(60);
    while audit::pending(rig.engine.store()).await.unwrap() > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    worker.abort();
    let report = rig.check().await;
    println!(
        "{kind:?} {}: {count} purchases in {bought:?} ({} a second), settled after {:?}, {} labels, {} violations, {} wait for a person",
        personality.name,
        count * 1000 / usize::try_from(bought.as_millis().max(1)).unwrap(),
        start.elapsed(),
        report.labels,
        report.violations.len(),
        report.waiting_for_a_person.len(),
    );
    rig.engine.close().await;
    Some(report)
}

fn size(default: usize) -> usize {
    std::env::var("WAYBILL_SOAK").ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_purchases_with_faults_lose_nothing_on_sqlite() {
    let report = run(Kind::Sqlite, FULL, size(1500), 64, options(64)).await.unwrap();
    assert!(report.is_clean(), "{:#?}", &report.violations[..report.violations.len().min(5)]);
    assert!(report.waiting_for_a_person.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_purchases_with_faults_lose_nothing_on_postgres() {
    let Some(report) = run(Kind::Postgres, FULL, size(1000), 32, options(32)).await else { return };
    assert!(report.is_clean(), "{:#?}", &report.violations[..report.violations.len().min(5)]);
    assert!(report.waiting_for_a_person.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_can_be_asked_what_is_unknown_waits_for_a_person() {
    let report = run(Kind::Sqlite, BLIND, 400, 32, options(32)).await.unwrap();
    assert!(report.is_clean(), "{:#?}", &report.violations[..report.violations.len().min(5)]);
    assert!(!report.waiting_for_a_person.is_empty(), "no fault was injected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_protection_taken_away_is_noticed() {
    use crate::engine::Mutant;
    // Sweeps that come before the harm is done cannot undo it here: the mutant alone decides.
    let never = vec![Duration::from_secs(3600)];
    let variants = [
        ("naive retry", Mutant::NaiveRetry, never.clone(), FULL),
        ("no settle window", Mutant::NoSettle, never.clone(), FULL),
        ("sweep of the newest attempt only", Mutant::SweepLatest, options(32).sweeps, FULL),
        ("late success dropped", Mutant::DropLateSuccess, options(32).sweeps, FULL),
    ];
    for (what, mutant, sweeps, personality) in variants {
        let broken =
            Options { mutant: Some(mutant), sweeps, settle: Some(Duration::from_millis(100)), ..options(32) };
        let rig = Rig::new(Kind::Sqlite, World::new(personality), broken).await.unwrap();
        // A sale that comes after the settle window, or one that the index shows late.
        if matches!(mutant, Mutant::NaiveRetry | Mutant::NoSettle) {
            rig.world.faults(&[Fault::LateSale(20)]);
        } else {
            rig.world.faults(&[Fault::LateSale(6000)]);
        }
        let patient = BuyRequest { wait: Duration::from_secs(20), ..request("1") };
        let bought = rig.buy_with(patient).await.unwrap();
        assert_eq!(bought.attempts, 2, "{what}");
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let until = Instant::now() + Duration::from_secs(12);
        while Instant::now() < until && rig.world.sales().len() < 2 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for _ in 0..30 {
            rig.engine.tick(&rig.accounts).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let report = rig.check().await;
        assert!(!report.is_clean(), "{what} was not noticed: {} sales", rig.world.sales().len());
        rig.engine.kill().await;
    }
}
