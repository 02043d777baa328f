//! Threads for a library's code, and a host that never waits for it longer than it said.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::runtime::{Handle, Runtime};
use tokio::task::{AbortHandle, JoinHandle};
use waybill_core::operation::{Packed, Wire};
use waybill_core::{
    CallInfo, Cx, Effect, Error, ErrorKind, Grant, Host, LogLevel, Outgoing, Phase, Response, Result, Retry,
    SpendPermit,
};

/// How a library is kept from taking the host's time.
#[derive(Debug, Clone)]
pub struct Isolation {
    /// Threads for the library's calls. So many calls of it may spin at once before it is out of order.
    pub threads: usize,
    /// Longest wait for it to describe itself and to open an account.
    pub open_limit: Duration,
    /// Longest wait for a call that has no deadline and spends nothing.
    pub call_limit: Duration,
    /// How long the host waits past a call's deadline, so that the library can say itself that it was late.
    pub grace: Duration,
    /// How long the host waits for a purchase beyond the time that the profile states for the carrier's answer: for a
    /// token before it, and quota.
    pub spend_margin: Duration,
}

impl Default for Isolation {
    fn default() -> Self {
        Self {
            threads: 2,
            open_limit: Duration::from_secs(10),
            call_limit: Duration::from_secs(120),
            grace: Duration::from_millis(250),
            spend_margin: Duration::from_secs(60),
        }
    }
}

/// The threads of one carrier of one library. They live as long as the library: for ever.
pub(crate) struct Threads {
    runtime: &'static Runtime,
    isolation: Isolation,
    /// Calls that were given up and have not come back: each holds a thread.
    stuck: AtomicUsize,
}

/// Threads of every library of the process, so that loading the same content twice takes no more of them.
static ALL: Mutex<Option<AllThreads>> = Mutex::new(None);

/// By the path of a library's private copy and the symbol of its carrier.
type AllThreads = HashMap<(PathBuf, String), Arc<Threads>>;

impl Threads {
    /// The threads for a library's carrier; made at the first time, with the first isolation.
    pub(crate) fn of(copy: &Path, symbol: &str, isolation: &Isolation) -> Result<Arc<Self>> {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all.get_or_insert_default();
        let key = (copy.to_owned(), symbol.to_owned());
        if let Some(threads) = all.get(&key) {
            return Ok(threads.clone());
        }
        let name = symbol.strip_prefix(waybill_core::abi::SYMBOL_PREFIX).unwrap_or(symbol);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(isolation.threads.max(1))
            .max_blocking_threads(4)
            .thread_name(format!("plugin {name}"))
            .enable_time()
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Internal, format!("no threads for library {name}: {error}"))
            })?;
        let runtime = Box::leak(Box::new(runtime));
        let threads = Arc::new(Self { runtime, isolation: isolation.clone(), stuck: AtomicUsize::new(0) });
        all.insert(key, threads.clone());
        Ok(threads)
    }

    /// Runs code of the library that is no call, on a thread of its own, and waits so long for it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        what: &str,
        code: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("plugin opening".to_owned());
        let started = thread.spawn(move || {
            let _ = sender.send(code());
        });
        started.map_err(|error| {
            Error::new(ErrorKind::Internal, format!("no thread for {what} of a library: {error}"))
        })?;
        let limit = self.isolation.open_limit;
        receiver.recv_timeout(limit).map_err(|_| {
            Error::new(
                ErrorKind::Config,
                format!(
                    "the library did not come back from {what} within {} ms: it is not used",
                    limit.as_millis()
                ),
            )
        })
    }

    fn out_of_order(&self) -> Result<()> {
        let stuck = self.stuck.load(Ordering::Acquire);
        if stuck < self.isolation.threads.max(1) {
            return Ok(());
        }
        let message = format!(
            "{stuck} calls of the library never came back and hold all its threads: nothing was sent; replace the library and restart the host"
        );
        Err(Error::new(ErrorKind::Unavailable, message).with_retry(Retry::After(Duration::from_secs(30))))
    }
}

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const GIVEN_UP: u8 = 2;
const ENDED: u8 = 3;

/// Where a call stands, seen by the host and by the library's thread.
struct Course {
    state: AtomicU8,
    over: AtomicBool,
    threads: Arc<Threads>,
}

impl Course {
    /// Moves on from a state; whether it was in it.
    fn step(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The host waits no longer: nothing more leaves in the call's name. Whether the library had begun with it.
    fn give_up(&self) -> bool {
        self.over.store(true, Ordering::Release);
        if self.step(WAITING, GIVEN_UP) {
            return false;
        }
        // Counted first, so that the call's end on the other side never finds too few.
        self.threads.stuck.fetch_add(1, Ordering::AcqRel);
        if !self.step(RUNNING, GIVEN_UP) {
            self.threads.stuck.fetch_sub(1, Ordering::AcqRel);
        }
        true
    }
}

/// Marks the end of a call on the library's side, however it ends.
struct Ending(Arc<Course>);

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.0.step(RUNNING, ENDED) {
            // Given up while it ran: its thread is free again.
            self.0.threads.stuck.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Gives a call up when whoever waited for it is gone.
struct Waiting {
    course: Arc<Course>,
    task: AbortHandle,
    done: bool,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.done {
            self.course.give_up();
            self.task.abort();
        }
    }
}

/// A library's wire whose calls run on the library's threads.
pub struct Watched<W: Wire> {
    wire: Option<Arc<W>>,
    threads: Arc<Threads>,
    purchase_seconds: u64,
}

impl<W: Wire> Watched<W> {
    pub(crate) fn new(wire: W, threads: Arc<Threads>, purchase_seconds: impl Into<u64>) -> Self {
        Self { wire: Some(Arc::new(wire)), threads, purchase_seconds: purchase_seconds.into() }
    }

    fn limit(&self, cx: &Cx, spends: bool) -> Duration {
        let isolation = &self.threads.isolation;
        if spends {
            return Duration::from_secs(self.purchase_seconds) + isolation.spend_margin;
        }
        cx.remaining().map_or(isolation.call_limit, |left| left + isolation.grace)
    }
}

impl<W: Wire> Drop for Watched<W> {
    fn drop(&mut self) {
        // Closing an account is the library's code too.
        if let Some(wire) = self.wire.take() {
            drop(self.threads.runtime.spawn_blocking(move || drop(wire)));
        }
    }
}

#[async_trait]
impl<W: Wire> Wire for Watched<W> {
    async fn call(
        &self,
        cx: &Cx,
        operation: &str,
        input: Vec<u8>,
        permit: Option<SpendPermit>,
    ) -> Result<Packed> {
        self.threads.out_of_order()?;
        let home = Handle::try_current().map_err(|_| {
            Error::new(ErrorKind::Internal, "calls of a library need a tokio runtime around them")
        })?;
        let Some(wire) = self.wire.clone() else {
            return Err(Error::new(ErrorKind::Internal, "the account is closed"));
        };
        let limit = self.limit(cx, permit.is_some());
        let course = Arc::new(Course {
            state: AtomicU8::new(WAITING),
            over: AtomicBool::new(false),
            threads: self.threads.clone(),
        });
        let bridge = Bridge { host: cx.host().clone(), home, course: course.clone() };
        let inside = Cx::new(cx.call().clone(), Arc::new(bridge));
        let (name, begun) = (operation.to_owned(), course.clone());
        let task = self.threads.runtime.spawn(async move {
            if !begun.step(WAITING, RUNNING) {
                return Err(given_up());
            }
            let _ending = Ending(begun);
            wire.call(&inside, &name, input, permit).await
        });
        wait(task, course, limit, operation).await
    }
}

async fn wait(
    task: JoinHandle<Result<Packed>>,
    course: Arc<Course>,
    limit: Duration,
    operation: &str,
) -> Result<Packed> {
    let mut waiting = Waiting { course, task: task.abort_handle(), done: false };
    match tokio::time::timeout(limit, task).await {
        Ok(Ok(reply)) => {
            waiting.done = true;
            reply
        }
        Ok(Err(ended)) => {
            let kind = if ended.is_panic() { ErrorKind::Panicked } else { ErrorKind::Internal };
            Err(Error::new(kind, format!("the library's call `{operation}` ended without an answer"))
                .in_phase(Phase::OutcomeUnknown))
        }
        Err(_) => {
            waiting.done = true;
            let begun = waiting.course.give_up();
            waiting.task.abort();
            tracing::warn!(target: "waybill::plugins", operation, ?limit, begun, "a library's call was given up");
            let phase = if begun { Phase::OutcomeUnknown } else { Phase::NotSent };
            let message = format!(
                "the library did not answer `{operation}` within {} ms and was given up",
                limit.as_millis()
            );
            Err(Error::new(ErrorKind::Unavailable, message).with_retry(Retry::Safe).in_phase(phase))
        }
    }
}

fn given_up() -> Error {
    Error::new(ErrorKind::Cancelled, "the host has given this call up: nothing was sent")
}

/// The host as a library's call sees it: its work is done on the host's own threads, and only while the host waits.
struct Bridge {
    host: Arc<dyn Host>,
    home: Handle,
    course: Arc<Course>,
}

/// Ends the host's work when the library drops its wait for it.
struct Errand<T>(JoinHandle<T>);

impl<T> Drop for Errand<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[async_trait]
impl Host for Bridge {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        if self.course.over.load(Ordering::Acquire) {
            return Err(given_up());
        }
        let phase = match outgoing.effect {
            Effect::Read => Phase::NotSent,
            Effect::Change | Effect::Spend => Phase::OutcomeUnknown,
        };
        let (host, call) = (self.host.clone(), call.clone());
        let mut errand = Errand(self.home.spawn(async move { host.send(&call, outgoing).await }));
        (&mut errand.0).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Cancelled, "the request was given up with its call").in_phase(phase))
        })
    }
    async fn sleep(&self, duration: Duration) {
        let host = self.host.clone();
        let mut errand = Errand(self.home.spawn(async move { host.sleep(duration).await }));
        let _ = (&mut errand.0).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.host.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        if !self.course.over.load(Ordering::Acquire) {
            self.host.log(call, level, message);
        }
    }
    async fn keep(&self, call: &CallInfo, grant: &Grant) -> Result<()> {
        // Renewed settings are kept even when the host waits no longer: the old ones are spent.
        let (host, call, grant) = (self.host.clone(), call.clone(), grant.clone());
        self.home.spawn(async move { host.keep(&call, &grant).await }).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, "the host stopped while it kept renewed settings"))
        })
    }
}
