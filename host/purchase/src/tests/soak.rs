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
    if std::env::var("WAYBILL_SOAK_FAULTS").as_deref() != Ok("0") {
        rig.world.faults(&faults(count));
    }
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
    let after = vec![Duration::from_millis(3000), Duration::from_millis(4200)];
    let variants = [
        ("nothing", None, after.clone()),
        ("naive retry", Some(Mutant::NaiveRetry), never.clone()),
        ("no settle window", Some(Mutant::NoSettle), never),
        ("sweep of the newest attempt only", Some(Mutant::SweepLatest), after.clone()),
        ("late success dropped", Some(Mutant::DropLateSuccess), after),
    ];
    for (what, mutant, sweeps) in variants {
        let broken = Options { mutant, sweeps, ..quick() };
        let rig = Rig::new(Kind::Sqlite, World::new(FULL), broken).await.unwrap();
        // The first sale comes long after the settle window, and after the question that came too early: a busy machine
        // that asks late still asks before it.
        rig.world.faults(&[Fault::LateSale(2200)]);
        let bought = rig.buy("1").await.unwrap();
        assert_eq!(bought.attempts, 2, "{what}");
        let until = Instant::now() + Duration::from_secs(6);
        while Instant::now() < until {
            rig.engine.tick(&rig.accounts).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(rig.world.sales().len(), 2, "{what}");
        let report = rig.check().await;
        assert_eq!(report.is_clean(), mutant.is_none(), "{what}: {report:#?}");
        rig.engine.kill().await;
    }
}
