//! T3: schedules drawn from seeds. Two replicas over one database, any kind of carrier, a fault for each request, fail
//! points that stop, fail or delay a replica, crashes; afterwards the ledger and the database must agree.
//!
//! `WAYBILL_SEEDS=1000` runs so many; `WAYBILL_SEED=17` runs one again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::carrier::WorldCarrier;
use super::rig::{quick, request};
use super::world::*;
use crate::*;

/// SplitMix64.
struct Lots(u64);

impl Lots {
    fn draw(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below.max(1)
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.draw(all.len() as u64)).unwrap()]
    }
}

struct OneAccount {
    world: World,
    engine: Engine,
}

#[async_trait]
impl Accounts for OneAccount {
    async fn open(&self, _: &str, _: &str) -> waybill_core::Result<OpenAccount> {
        Ok(OpenAccount {
            carrier: Arc::new(WorldCarrier::new(self.world.clone())),
            fingerprint: self.world.fingerprint(),
            environment: self.world.environment.to_owned(),
            host: Arc::new(WorldHost { world: self.world.clone(), desk: self.engine.desk() }),
        })
    }
}

struct Replica {
    engine: Engine,
    accounts: Arc<dyn Accounts>,
}

async fn replica(folder: &std::path::Path, name: &str, world: &World, fail: &FailPoints) -> Replica {
    let store = Store::open(StoreOptions::sqlite(folder.join("waybill.db"))).await.unwrap();
    let journal = Journal::open(folder.join(name)).unwrap();
    let options = Options { fail: fail.clone(), ..quick() };
    let engine = Engine::open(store, journal, Sealer::new([[9; 32]]), options).await.unwrap();
    let accounts = Arc::new(OneAccount { world: world.clone(), engine: engine.clone() });
    Replica { engine, accounts }
}

/// Two fail points of a replica, drawn. A delay may be longer than a lease.
fn arm(lots: &mut Lots, fail: &FailPoints) {
    for _ in 0..2 {
        let action = match lots.draw(3) {
            0 => FailAction::Hang,
            1 => FailAction::Error,
            _ => FailAction::Delay(Duration::from_millis(lots.draw(1_200))),
        };
        fail.arm(lots.of(FAIL_POINTS), action, 1);
    }
}

async fn one(seed: u64) {
    let mut lots = Lots(seed);
    let personality = lots.of(PERSONALITIES);
    let world = World::new(personality);
    // What a proxy sells twice can be cleared up only where it can be found and voided; "later" is no send that counts.
    let possible: Vec<Fault> = Fault::ALL
        .iter()
        .copied()
        .filter(|fault| {
            *fault != Fault::Busy && (*fault != Fault::Twice || (personality.lookup && personality.voids))
        })
        .collect();
    let drawn: Vec<Fault> = (0..6).map(|_| lots.of(&possible)).collect();
    world.faults(&drawn);
    let folder = tempfile::tempdir().unwrap();
    let points = [FailPoints::default(), FailPoints::default()];
    let mut replicas = Vec::new();
    for (at, fail) in points.iter().enumerate() {
        replicas.push(replica(folder.path(), &format!("journal-{at}"), &world, fail).await);
        arm(&mut lots, fail);
    }
    let what = format!("seed {seed}: {} {drawn:?}", personality.name);
    let clicks = (0..6).map(|click| {
        // Three orders, some of them at both replicas at once.
        let (order, at) = (lots.draw(3), usize::try_from(lots.draw(2)).unwrap());
        let (engine, accounts) = (replicas[at].engine.clone(), replicas[at].accounts.clone());
        let wanted = BuyRequest { wait: Duration::from_millis(600), ..request(&order.to_string()) };
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(click * 40)).await;
            let call = engine.buy(wanted, accounts);
            let _ = tokio::time::timeout(Duration::from_millis(1_500), call).await;
        })
    });
    let clicks: Vec<_> = clicks.collect();
    let workers: Vec<_> = replicas.iter().map(|one| one.engine.run(one.accounts.clone())).collect();
    tokio::time::sleep(Duration::from_millis(30 + lots.draw(500))).await;
    // A crash, and a new process on the same files.
    let crashed = usize::try_from(lots.draw(2)).unwrap();
    workers[crashed].abort();
    replicas[crashed].engine.kill().await;
    replicas[crashed].engine.store().close().await;
    for click in clicks {
        let _ = click.await;
    }
    points.iter().for_each(FailPoints::clear);
    // Whatever hangs at a fail point hangs for good: those processes are gone, too.
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    let other = &replicas[1 - crashed];
    other.engine.kill().await;
    other.engine.store().close().await;
    drop(replicas);
    end(folder.path(), &world, &what).await;
}

/// A last process clears up, and everything must agree.
async fn end(folder: &std::path::Path, world: &World, what: &str) {
    let last = replica(folder, "journal-0", world, &FailPoints::default()).await;
    let other = replica(folder, "journal-1", world, &FailPoints::default()).await;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        for one in [&last, &other] {
            let _ = one.engine.tick(&one.accounts).await;
        }
        if audit::pending(last.engine.store()).await.unwrap() == 0 || Instant::now() > until {
            break;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    let ledger: Vec<audit::LedgerSale> = world
        .sales()
        .iter()
        .map(|sale| audit::LedgerSale {
            carrier: "world".into(),
            tracking: sale.number.clone(),
            handle: Some(sale.handle.clone()),
            price: None,
            voided: sale.voided,
        })
        .collect();
    let report = audit::audit(&last.engine, Some(&ledger)).await.unwrap();
    assert!(report.is_clean(), "{what}: {report:#?}");
    assert_eq!(audit::pending(last.engine.store()).await.unwrap(), 0, "{what}: work is left");
    assert!(world.most_requests() <= 1, "{what}: sent twice");
    let purchases = last.engine.purchases(PurchaseFilter::default()).await.unwrap();
    for purchase in &purchases {
        assert!(purchase.state.is_settled(), "{what}: {:?}", purchase.state);
    }
    for one in [last, other] {
        one.engine.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schedules_from_seeds_lose_nothing_and_buy_nothing_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    if let Some(seed) = number("WAYBILL_SEED") {
        return one(seed).await;
    }
    let seeds = number("WAYBILL_SEEDS").unwrap_or(96);
    let mut failed = Vec::new();
    for first in (0..seeds).step_by(24) {
        let batch: Vec<_> =
            (first..(first + 24).min(seeds)).map(|seed| (seed, tokio::spawn(one(seed)))).collect();
        for (seed, run) in batch {
            if run.await.is_err() {
                failed.push(seed);
            }
        }
    }
    assert!(failed.is_empty(), "WAYBILL_SEED=<seed> shows what went wrong: {failed:?}");
}
