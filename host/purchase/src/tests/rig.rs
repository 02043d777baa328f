//! An engine over a store and a world, that can be killed and opened again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use waybill_core::*;

use super::carrier::WorldCarrier;
use super::world::{World, WorldHost};
use crate::*;
use waybill_test_postgres::{Cluster, cluster};

pub struct Rig {
    pub engine: Engine,
    pub world: World,
    pub accounts: Arc<dyn Accounts>,
    pub options: Options,
    store: StoreOptions,
    folder: tempfile::TempDir,
    _cluster: Option<Arc<Cluster>>,
}

struct OneAccount {
    world: World,
    engine: Engine,
}

#[async_trait]
impl Accounts for OneAccount {
    async fn open(&self, _: &str, account: &str) -> waybill_core::Result<OpenAccount> {
        if account != "main" {
            return Err(Error::new(ErrorKind::NotFound, format!("there is no account `{account}`")));
        }
        Ok(OpenAccount {
            carrier: Arc::new(WorldCarrier::new(self.world.clone())),
            fingerprint: self.world.fingerprint(),
            environment: self.world.environment.to_owned(),
            host: Arc::new(WorldHost { world: self.world.clone(), desk: self.engine.desk() }),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Times scaled down: what takes minutes at a carrier takes a fraction of a second.
pub fn quick() -> Options {
    let ms = Duration::from_millis;
    Options {
        guard: ms(400),
        lease_margin: ms(100),
        timeout: Some(ms(300)),
        settle: Some(ms(300)),
        ask_again: vec![ms(30), ms(60), ms(120)],
        resolve_for: Duration::from_secs(20),
        sweeps: vec![ms(900), ms(1500)],
        unsent_wait: ms(10),
        grace: ms(150),
        void_again: vec![ms(20), ms(50)],
        idle: ms(10),
        ..Options::default()
    }
}

impl Rig {
    /// `None` where PostgreSQL is not installed.
    pub async fn new(kind: Kind, world: World, options: Options) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (store, cluster) = match kind {
            Kind::Sqlite => (StoreOptions::sqlite(folder.path().join("waybill.db")), None),
            Kind::Postgres => {
                let cluster = cluster()?;
                (StoreOptions::postgres(cluster.database()), Some(cluster))
            }
        };
        let engine = open(&store, &folder, &options).await;
        let accounts = Arc::new(OneAccount { world: world.clone(), engine: engine.clone() });
        Some(Self { engine, world, accounts, options, store, folder, _cluster: cluster })
    }

    /// Over a server of the test's own.
    pub async fn on(cluster: Arc<Cluster>, world: World, options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = StoreOptions::postgres(cluster.database());
        let engine = open(&store, &folder, &options).await;
        let accounts = Arc::new(OneAccount { world: world.clone(), engine: engine.clone() });
        Self { engine, world, accounts, options, store, folder, _cluster: Some(cluster) }
    }

    pub async fn sqlite(world: World) -> Self {
        Self::new(Kind::Sqlite, world, quick()).await.unwrap()
    }

    /// Stops everything where it stands, and opens it again.
    pub async fn crash(&mut self) {
        self.engine.kill().await;
        self.engine.store().close().await;
        self.options.fail.clear();
        self.reopen().await;
    }

    pub async fn reopen(&mut self) {
        // The journal's lock goes with its last user.
        let dead = std::mem::replace(&mut self.accounts, Arc::new(NoAccounts));
        drop(dead);
        let placeholder = open_elsewhere(&self.options).await;
        drop(std::mem::replace(&mut self.engine, placeholder.0));
        self.engine = open(&self.store, &self.folder, &self.options).await;
        self.accounts = Arc::new(OneAccount { world: self.world.clone(), engine: self.engine.clone() });
    }

    /// A second process over the same database and the same folder.
    pub async fn another(&self) -> (Engine, Arc<dyn Accounts>) {
        let journal = Journal::open(self.path("waybill.journal")).unwrap();
        let engine = open_with(journal, &self.store, &self.options).await;
        let accounts = Arc::new(OneAccount { world: self.world.clone(), engine: engine.clone() });
        (engine, accounts)
    }

    /// Puts a backup of the SQLite database in its place and opens it.
    pub async fn restore(&mut self, backup: &std::path::Path) {
        self.engine.kill().await;
        self.engine.store().close().await;
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.path(&format!("waybill.db{ending}")));
        }
        std::fs::copy(backup, self.path("waybill.db")).unwrap();
        self.options.fail.clear();
        self.reopen().await;
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub async fn buy(&self, key: &str) -> Result<PurchaseView, EngineError> {
        self.buy_with(request(key)).await
    }

    pub async fn buy_with(&self, request: BuyRequest) -> Result<PurchaseView, EngineError> {
        let reply = self.engine.buy(request, self.accounts.clone()).await?;
        Ok(reply.purchases.into_iter().next().unwrap())
    }

    pub async fn view(&self, id: &str) -> PurchaseView {
        self.engine.purchase("t1", id).await.unwrap()
    }

    /// The answer to the first attempt, label and all, in the journal of a process that was killed while the database was
    /// away and whose clock was wrong.
    pub async fn leave_an_answer(&self, purchase: &str) {
        let id = purchase.to_owned();
        let read = self
            .engine
            .store()
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.attempts(&id).await }));
        let attempt = read.await.unwrap()[0].id.clone();
        self.leave_an_answer_to(&attempt, &World::answer(&self.world.sales(), true)).await;
    }

    /// The same for an attempt or operation.
    pub async fn leave_an_answer_to(&self, subject: &str, answer: &serde_json::Value) {
        let answer = format!("200\r\ncontent-type: application/json\r\n\r\n{answer}");
        let place = crate::seal::Place::new("evidence", "late", "t1");
        let evidence = crate::store::NewEvidence {
            id: "late".into(),
            tenant: "t1".into(),
            subject: subject.to_owned(),
            kind: "answer".into(),
            at: 0,
            http_status: Some(200),
            body_sealed: self.engine.sealer().seal(place, answer.as_bytes()).unwrap(),
            sha256: crate::seal::sha256(answer.as_bytes()),
        };
        self.engine.journal().append(crate::journal::Record::evidence(&evidence)).await.unwrap();
    }

    /// Works until nothing is left to do, as a worker would over hours.
    pub async fn settle(&self) {
        self.settle_within(Duration::from_secs(8)).await;
    }

    pub async fn settle_within(&self, longest: Duration) {
        let until = Instant::now() + longest;
        while Instant::now() < until {
            // A round may fail when the database is away; the next one goes on.
            let _ = self.engine.tick(&self.accounts).await;
            if audit::pending(self.engine.store()).await.is_ok_and(|left| left == 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The carrier's ledger and the database must say the same.
    pub async fn check(&self) -> audit::Report {
        let ledger: Vec<audit::LedgerSale> = self
            .world
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
        audit::audit(&self.engine, Some(&ledger)).await.unwrap()
    }
}

struct NoAccounts;

#[async_trait]
impl Accounts for NoAccounts {
    async fn open(&self, _: &str, _: &str) -> waybill_core::Result<OpenAccount> {
        Err(Error::new(ErrorKind::NotFound, "none"))
    }
}

async fn open(store: &StoreOptions, folder: &tempfile::TempDir, options: &Options) -> Engine {
    let path = folder.path().join("waybill.journal");
    // Other tests start processes, and between fork and exec those hold every lock for a moment.
    for _ in 0..200 {
        let journal = Journal::open(&path).unwrap();
        if journal.path() == path {
            return open_with(journal, store, options).await;
        }
        drop(journal);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the journal is held")
}

async fn open_with(journal: Journal, store: &StoreOptions, options: &Options) -> Engine {
    let store = Store::open(store.clone()).await.unwrap();
    Engine::open(store, journal, Sealer::new([[9; 32]]), options.clone()).await.unwrap()
}

async fn open_elsewhere(options: &Options) -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = StoreOptions::sqlite(folder.path().join("other.db"));
    (open(&store, &folder, options).await, folder)
}

pub fn shipment(parcels: usize) -> Shipment {
    let from = Address::new("Ada Sender", "1 First St", "Springfield", "IL", "62701", Country::US);
    let to = Address::new("Bob Receiver", "2 Second St", "Portland", "OR", "97201", Country::US);
    let parcel = Parcel::new(Weight::new(2, WeightUnit::Pound), None);
    Shipment::new(from, to, vec![parcel; parcels])
}

pub fn request(key: &str) -> BuyRequest {
    BuyRequest {
        tenant: "t1".into(),
        idempotency_key: format!("key-{key}"),
        business_key: format!("order-{key}"),
        account: "main".into(),
        shipment: shipment(1),
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(LabelFormat::Zpl),
        quoted: Some(Money::from_minor(750, Currency::USD)),
        max_price: None,
        allow_additional: false,
        policy: Policy::default(),
        wait: Duration::from_secs(5),
    }
}
