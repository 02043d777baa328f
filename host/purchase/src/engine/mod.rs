//! The engine: from a request to a label, whatever fails.

mod buy;
mod desk;
mod groups;
mod manifests;
mod operator;
mod ops;
mod outcome;
mod quarantine;
mod replay;
mod resolve;
mod sale;
mod send;
mod services;
mod sweep;
mod types;
mod verdict;
mod views;
mod worker;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use uuid::Uuid;
use waybill_core::{CallInfo, Cx, PurchaseTraits};
use waybill_transport::spend::SpendDesk;

use send::Asking;

pub use desk::Desk;
pub(crate) use types::KeptOrder;
pub use types::*;

use crate::journal::Journal;
use crate::seal::{Place, Sealer};
use crate::store::{Store, StoreError};

type Result<T, E = EngineError> = std::result::Result<T, E>;

/// Times and limits. The defaults are for real carriers; tests scale them down.
#[derive(Debug, Clone)]
pub struct Options {
    /// Longest time between "sending is written down" and the first byte; later the send is given up unsent.
    pub guard: Duration,
    /// What a lease lasts longer than the carrier's answer may take.
    pub lease_margin: Duration,
    /// Longest wait for an answer; the carrier's own figure when absent.
    pub timeout: Option<Duration>,
    /// Time after sending until "absent" is believed; the carrier's own figure when absent.
    pub settle: Option<Duration>,
    /// Waits between questions about an unknown purchase; the last one repeats.
    pub ask_again: Vec<Duration>,
    /// How long to ask, where the carrier's recovery does not end earlier.
    pub resolve_for: Duration,
    /// Times after sending when every attempt is swept for late sales; one whose answer came normally, at a carrier where
    /// a question is a reprint, at the last of them only.
    pub sweeps: Vec<Duration>,
    /// Sends of one attempt that certainly did not leave, until it is given up.
    pub max_unsent: i64,
    /// Wait before such a send is repeated; it doubles.
    pub unsent_wait: Duration,
    /// Time until a worker takes over what a caller began.
    pub grace: Duration,
    /// Waits between tries of a void; the last one repeats.
    pub void_again: Vec<Duration>,
    /// Tries of a void until a person is asked.
    pub void_tries: i64,
    /// Purchases worked on at once by one worker.
    pub parallel: usize,
    /// Pause of an idle worker.
    pub idle: Duration,
    /// How often the epoch of the installation advances while purchases are made.
    pub epoch_every: Duration,
    /// Fail points of this engine.
    #[cfg(any(test, feature = "failpoints"))]
    pub fail: crate::fail::FailPoints,
    /// Protections left out, to prove that the tests notice.
    #[cfg(any(test, feature = "failpoints"))]
    pub mutant: Option<Mutant>,
}

/// A protection left out, to prove that the tests notice.
#[cfg(any(test, feature = "failpoints"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// An unknown outcome is taken for "not bought".
    NaiveRetry,
    /// The first "absent" is believed.
    NoSettle,
    /// A late sender is let through.
    NoGuard,
    /// Only the newest attempt is swept.
    SweepLatest,
    /// A success that comes after the attempt moved on is dropped.
    DropLateSuccess,
}

impl Default for Options {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            guard: Duration::from_secs(5),
            lease_margin: Duration::from_secs(30),
            timeout: None,
            settle: None,
            ask_again: vec![Duration::from_secs(30), minutes(2), minutes(10), minutes(30), minutes(120)],
            resolve_for: minutes(24 * 60),
            sweeps: vec![minutes(10), minutes(60), minutes(24 * 60)],
            max_unsent: 5,
            unsent_wait: Duration::from_millis(500),
            grace: Duration::from_secs(5),
            void_again: vec![
                Duration::from_secs(5),
                Duration::from_secs(30),
                minutes(2),
                minutes(10),
                minutes(60),
            ],
            void_tries: 10,
            parallel: 16,
            idle: Duration::from_millis(500),
            epoch_every: Duration::from_secs(1),
            #[cfg(any(test, feature = "failpoints"))]
            fail: crate::fail::FailPoints::default(),
            #[cfg(any(test, feature = "failpoints"))]
            mutant: None,
        }
    }
}

impl Options {
    fn timeout(&self, traits: &PurchaseTraits) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(traits.timeout_seconds.max(1).into()))
    }

    fn settle(&self, traits: &PurchaseTraits) -> Duration {
        self.settle.unwrap_or(Duration::from_secs(traits.settle_seconds.into()))
    }

    /// When a carrier is asked what became of an attempt, and for how long.
    fn asking(&self, traits: &PurchaseTraits) -> Asking {
        let recovery = traits.recover_within_seconds.map(Duration::from_secs);
        let longest = self.resolve_for;
        Asking { wait: self.settle(traits), ask_for: recovery.map_or(longest, |end| end.min(longest)) }
    }

    fn lease(&self, traits: &PurchaseTraits) -> Duration {
        self.timeout(traits) + self.guard + self.lease_margin
    }

    /// How long one question, or one try of a void, may take.
    fn question_lease(&self) -> Duration {
        self.timeout.unwrap_or(Duration::from_secs(60)) * 2 + self.guard + self.lease_margin
    }

    #[cfg(any(test, feature = "failpoints"))]
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}

/// Milliseconds for the database.
fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// The purchase engine of one process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    journal: Journal,
    sealer: Sealer,
    options: Options,
    desk: Arc<Desk>,
    /// Names this process in leases.
    owner: String,
    calls: AtomicU64,
    closing: AtomicBool,
    quarantine: Mutex<Option<quarantine::Stopped>>,
    /// Id of the installation: what the database calls itself.
    install: OnceLock<String>,
    /// Held while a journal is brought into the database, so that a record is applied once.
    replaying: tokio::sync::Mutex<()>,
    epoch: tokio::sync::Mutex<Option<Instant>>,
    tasks: Mutex<JoinSet<()>>,
    minute: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("owner", &self.inner.owner).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Opens the engine: brings waiting records of the journal into the database, and compares the two. A database that
    /// is older than a journal (restored from a backup) opens in quarantine: everything works but buying, until
    /// [`Engine::end_quarantine`], and what may have been sent is asked about.
    pub async fn open(store: Store, journal: Journal, sealer: Sealer, options: Options) -> Result<Self> {
        // Before the database is asked: another process advances the database first and its journal afterwards.
        let seen = journal.epochs();
        let desk = Arc::new(Desk::new(store.clone(), journal.clone(), sealer.clone(), &options));
        let engine = Self {
            inner: Arc::new(Inner {
                store,
                journal,
                sealer,
                options,
                desk,
                owner: Uuid::new_v4().to_string(),
                calls: AtomicU64::new(1),
                closing: AtomicBool::new(false),
                quarantine: Mutex::default(),
                install: OnceLock::new(),
                replaying: tokio::sync::Mutex::default(),
                epoch: tokio::sync::Mutex::default(),
                tasks: Mutex::default(),
                minute: Mutex::default(),
            }),
        };
        engine.compare_epochs(seen).await?;
        engine.replay_journal().await?;
        engine.take_over_orphans().await?;
        Ok(engine)
    }

    /// What the transport asks before it sends a request that spends money.
    pub fn desk(&self) -> Arc<dyn SpendDesk> {
        self.inner.desk.clone()
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// The keys.
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Takes no more work: the worker ends after its round, and buying is refused.
    pub fn stop(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
    }

    /// Stops taking work, waits for what is being sent, and closes the store. Leases cover what is left.
    pub async fn close(&self) {
        self.stop();
        let mut tasks = std::mem::take(&mut *locked(&self.inner.tasks));
        let all = async { while tasks.join_next().await.is_some() {} };
        let longest = self.inner.options.timeout.unwrap_or(Duration::from_secs(60)) + Duration::from_secs(5);
        if tokio::time::timeout(longest, all).await.is_err() {
            tracing::warn!(
                "some purchases were still being sent when the engine closed; their leases cover them"
            );
        }
        self.inner.store.close().await;
    }

    /// Stops everything where it stands, as if the process had died.
    #[cfg(any(test, feature = "failpoints"))]
    pub async fn kill(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
        let mut tasks = std::mem::take(&mut *locked(&self.inner.tasks));
        tasks.abort_all();
        while tasks.join_next().await.is_some() {}
    }

    /// A context for one call of a carrier.
    fn cx(&self, account: &OpenAccount, name: &str, operation: &str, timeout: Duration) -> Cx {
        let timeout = chrono::Duration::from_std(timeout).unwrap_or(chrono::Duration::seconds(60));
        let call = CallInfo {
            id: self.inner.calls.fetch_add(1, Ordering::Relaxed),
            operation: operation.to_owned(),
            account: name.to_owned(),
            deadline: Some(account.host.now() + timeout),
            language: None,
        };
        Cx::new(call, account.host.clone())
    }

    /// Work that goes on when its caller stops waiting.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = locked(&self.inner.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    fn is_closing(&self) -> bool {
        self.inner.closing.load(Ordering::SeqCst)
    }

    fn seal_json<T: serde::Serialize>(&self, place: Place<'_>, value: &T) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(value).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(self.inner.sealer.seal(place, &json)?)
    }

    fn open_json<T: serde::de::DeserializeOwned>(&self, place: Place<'_>, sealed: &[u8]) -> Result<T> {
        let json = self.inner.sealer.open(place, sealed)?;
        serde_json::from_slice(&json).map_err(|error| StoreError::Corrupt(error.to_string()).into())
    }
}

/// A value of ours as JSON text; it cannot fail for the types of this crate.
fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
