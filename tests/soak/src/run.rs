//! One run: carriers, database, replicas, clients, and whoever breaks them; then the check.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use waybill_sandbox::{Fault, Rule};

use crate::carriers::Carriers;
use crate::check::{Report, carrier_of, check};
use crate::clients::{Notes, Office};
use crate::database::Database;
use crate::fleet::Fleet;
use crate::powercut::{PowerCut, library, wrong_clock};
use crate::replica::{ReplicaConfig, Times};
use crate::{orders, rows};

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// What a run is.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program `waybill-soak`, which is also the carriers and the replicas.
    pub exe: PathBuf,
    /// Orders.
    pub purchases: usize,
    /// Clients at once.
    pub in_flight: usize,
    /// Replicas.
    pub replicas: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// SQLite in place of PostgreSQL; with one replica only.
    pub sqlite: bool,
    /// Accounts that are ordered on.
    pub accounts: Vec<String>,
    /// Faults in percent of the plan of a bad day: 100 is one request in eight.
    pub faults: u32,
    /// Some sales come after the settle window, where a carrier can void.
    pub later_than_settle: bool,
    /// All late sales come after so many milliseconds.
    pub sells_late_after: Option<u64>,
    /// SIGKILL of a replica so often.
    pub kill_every: Option<Duration>,
    /// PostgreSQL killed and restarted so often.
    pub restart_every: Option<Duration>,
    /// SIGSTOP of a replica, past lease and settle window, so often.
    pub pause_every: Option<Duration>,
    /// All connections to the database ended so often.
    pub terminate_every: Option<Duration>,
    /// The database read-only for a second so often.
    pub read_only_every: Option<Duration>,
    /// All tokens invalid so often.
    pub expire_every: Option<Duration>,
    /// A kill takes away what was not synced. SQLite only.
    pub power_cuts: bool,
    /// Wall clocks of the replicas that are wrong, in seconds.
    pub clocks: Vec<i64>,
    /// Cuts one in so many commits of the replicas, half of them before the server sees it. PostgreSQL only.
    pub cut_commits: Option<u64>,
    /// The first process of each replica may write files of so many KiB only: a full disk, until it is killed.
    pub full_at: Option<u64>,
    /// Scaled times.
    pub times: Times,
    /// A protection left out.
    pub mutant: Option<String>,
    /// Fail points of the replicas.
    pub fail: String,
    /// Longest wait for the end of what is open.
    pub settle_for: Duration,
    /// A line of progress every ten seconds.
    pub talks: bool,
    /// Where the files stay; a temporary folder when absent.
    pub folder: Option<PathBuf>,
}

impl Settings {
    /// A run of the program with so many orders, as on a bad day.
    pub fn of(exe: impl Into<PathBuf>, purchases: usize) -> Self {
        Self {
            exe: exe.into(),
            purchases,
            in_flight: 64,
            replicas: 2,
            seed: 1,
            sqlite: false,
            accounts: crate::carriers::ACCOUNTS.map(str::to_owned).to_vec(),
            faults: 100,
            later_than_settle: true,
            sells_late_after: None,
            kill_every: Some(Duration::from_secs(5)),
            restart_every: Some(Duration::from_secs(60)),
            pause_every: None,
            terminate_every: None,
            read_only_every: None,
            expire_every: Some(Duration::from_secs(60)),
            power_cuts: false,
            clocks: Vec::new(),
            cut_commits: None,
            full_at: None,
            times: Times::default(),
            mutant: None,
            fail: String::new(),
            settle_for: Duration::from_secs(180),
            talks: false,
            folder: None,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Ledger against database.
    pub report: Report,
    /// What the engine's own audit finds (I1 to I13).
    pub audit: Vec<String>,
    /// What the clients saw.
    pub notes: Notes,
    /// Time until the last order was answered.
    pub ordering: Duration,
    /// Time until nothing was open.
    pub all: Duration,
    /// Replicas killed.
    pub kills: usize,
    /// Times that the database server was killed.
    pub restarts: usize,
    /// Work that was left open.
    pub left: Vec<String>,
    /// Resident memory of the first replica: orders begun, KiB.
    pub memory: Vec<(usize, u64)>,
}

impl Outcome {
    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.report.is_clean() && self.audit.is_empty() && self.notes.wrong.is_empty() && self.left.is_empty()
    }

    /// Growth of the first replica's memory from the first fifth of the orders to the last, in percent. It means something
    /// only where nothing was killed.
    pub fn growth(&self) -> Option<i64> {
        let last = self.memory.last()?.0;
        let mean = |from: usize, to: usize| {
            let part: Vec<u64> = self
                .memory
                .iter()
                .filter(|(order, _)| (from..=to).contains(order))
                .map(|(_, kib)| *kib)
                .collect();
            (!part.is_empty()).then(|| part.iter().sum::<u64>() / part.len() as u64)
        };
        let (early, late) = (mean(last / 5, last * 2 / 5)?, mean(last * 4 / 5, last)?);
        Some(
            (i64::try_from(late).ok()? - i64::try_from(early).ok()?) * 100
                / i64::try_from(early).ok()?.max(1),
        )
    }
}

/// Whoever breaks things counts what was broken.
#[derive(Default)]
struct Chaos {
    over: AtomicBool,
    kills: AtomicUsize,
    restarts: AtomicUsize,
    memory: Mutex<Vec<(usize, u64)>>,
}

/// Runs. `None` where PostgreSQL is not installed.
///
/// # Errors
/// When a process cannot be started or the ledger or database cannot be read.
pub async fn run(settings: &Settings) -> Result<Option<Outcome>, Problem> {
    let kept = tempfile::Builder::new().prefix("waybill-soak-").tempdir()?;
    let folder = settings.folder.clone().unwrap_or_else(|| kept.path().to_owned());
    let disk = folder.join("disk");
    std::fs::create_dir_all(&disk)?;
    let database = match settings.sqlite {
        true => Database::sqlite(&disk),
        false => match Database::postgres() {
            Some(database) => database,
            None => return Ok(None),
        },
    };
    let carriers = Carriers::start(&settings.exe, &folder, settings.seed).await?;
    let patterns = orders::patterns(&carriers.ready, &settings.accounts, &folder).await?;
    let fleet = Arc::new(start_fleet(settings, &folder, &disk, &database, &carriers).await?);
    carriers.arm(&rules(settings)).await?;
    let office = Arc::new(Office {
        fleet: fleet.clone(),
        patterns,
        seed: settings.seed,
        orders: settings.purchases,
        next: AtomicUsize::new(0),
        notes: Mutex::default(),
    });
    let start = Instant::now();
    let chaos = Arc::new(Chaos::default());
    let carriers = Arc::new(carriers);
    let breakers = break_things(settings, &chaos, &office, &carriers, &database);
    let clients: Vec<_> = (0..settings.in_flight).map(|_| tokio::spawn(office.clone().client())).collect();
    for client in clients {
        client.await?;
    }
    let ordering = start.elapsed();
    chaos.over.store(true, Ordering::SeqCst);
    for breaker in breakers {
        breaker.await?;
    }
    let pool = rows::connect(&database.url()).await?;
    let left = wait_for_the_end(&pool, settings).await?;
    let all = start.elapsed();
    let notes = office.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    drop(office);
    let fleet = Arc::into_inner(fleet).ok_or("a client still holds the replicas")?;
    fleet.stop().await?;
    let ledger = Arc::into_inner(carriers).ok_or("somebody still holds the carriers")?.stop().await?;
    let loaded = rows::load(&pool).await?;
    pool.close().await;
    let mut report = check(&loaded, &ledger)?;
    count_orders(settings, &notes, &loaded, &mut report);
    let audit = audit(&database, &folder).await?;
    let memory = chaos.memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (kills, restarts) = (chaos.kills.load(Ordering::SeqCst), chaos.restarts.load(Ordering::SeqCst));
    Ok(Some(Outcome { report, audit, notes, ordering, all, kills, restarts, left, memory }))
}

/// Every order that was accepted is there, and nothing that nobody ordered.
fn count_orders(settings: &Settings, notes: &Notes, loaded: &rows::Rows, report: &mut Report) {
    let keys: std::collections::HashSet<&str> =
        loaded.purchases.values().map(|row| row.business_key.split('/').next().unwrap_or_default()).collect();
    if keys.len() != settings.purchases || notes.ordered != settings.purchases {
        let text = format!(
            "{} orders, {} were accepted, {} are in the database",
            settings.purchases,
            notes.ordered,
            keys.len()
        );
        report.findings.entry("open").or_default().push(text);
    }
}

async fn start_fleet(
    settings: &Settings,
    folder: &Path,
    disk: &Path,
    database: &Database,
    carriers: &Carriers,
) -> Result<Fleet, Problem> {
    let accounts: BTreeMap<_, _> = carriers
        .ready
        .accounts
        .iter()
        .filter(|(name, _)| settings.accounts.contains(name))
        .map(|(name, account)| (name.clone(), account.clone()))
        .collect();
    let url = match (settings.cut_commits, database.server()) {
        (Some(one_in), Some(server)) => {
            database.url_through(crate::cutter::start(server.port(), one_in, settings.seed).await?)
        }
        _ => database.url(),
    };
    let configs: Vec<ReplicaConfig> = (0..settings.replicas)
        .map(|at| ReplicaConfig {
            store: url.clone(),
            journal: disk.join(format!("replica-{at}.journal")),
            accounts: accounts.clone(),
            times: settings.times.clone(),
            mutant: settings.mutant.clone(),
            fail: settings.fail.clone(),
        })
        .collect();
    let cut =
        settings.power_cuts.then(|| library(folder)).transpose()?.map(|built| PowerCut::over(disk, built));
    let mut environments = Vec::new();
    if !settings.clocks.is_empty() {
        let built = library(folder)?;
        environments = settings.clocks.iter().map(|seconds| wrong_clock(&built, *seconds)).collect();
    }
    Ok(Fleet::start(&settings.exe, folder, &configs, &environments, cut, settings.full_at).await?)
}

/// The faults of a bad day (purchase protocol, T8).
fn rules(settings: &Settings) -> Vec<Rule> {
    let share = |per_million: u32| per_million * settings.faults / 100;
    let settle = settings.times.settle;
    let mut rules = Vec::new();
    let mut carriers: Vec<&str> = settings.accounts.iter().map(|account| carrier_of(account)).collect();
    carriers.dedup();
    for carrier in carriers {
        let mut buy = |per_million: u32, fault: Fault| {
            rules.push(Rule::per_million(carrier, "buy", share(per_million), fault));
        };
        buy(50_000, Fault::ResetAfter);
        buy(20_000, Fault::ErrorAfter { status: 502 });
        buy(20_000, Fault::ErrorBefore { status: 503 });
        buy(10_000, Fault::ResetBefore);
        buy(10_000, Fault::Truncated);
        buy(5_000, Fault::LookupLag { ms: settle * 6 / 10 });
        buy(2_000, Fault::TooManyRequests { retry_after: None });
        // Where nothing can be voided a sale after the window is a second label by the carrier's own fault.
        let voids = !matches!(carrier, "dhl-express" | "ontrac");
        let late = match settings.later_than_settle && voids {
            true => [settle * 3 / 10, settle * 3 / 2, settle * 5 / 2],
            false => [settle * 3 / 10, settle * 6 / 10, settle * 9 / 10],
        };
        match settings.sells_late_after {
            Some(ms) => buy(10_000, Fault::LateSale { ms }),
            None => late.into_iter().for_each(|ms| buy(3_333, Fault::LateSale { ms })),
        }
        for question in ["recover", "track", "track_by_reference"] {
            rules.push(Rule::per_million(
                carrier,
                question,
                share(20_000),
                Fault::ErrorBefore { status: 503 },
            ));
        }
        rules.push(Rule::per_million(carrier, "void", share(20_000), Fault::ResetAfter));
        rules.push(Rule::per_million(carrier, "void", share(20_000), Fault::ErrorBefore { status: 503 }));
    }
    rules
}

type Breaker = tokio::task::JoinHandle<()>;

fn break_things(
    settings: &Settings,
    chaos: &Arc<Chaos>,
    office: &Arc<Office>,
    carriers: &Arc<Carriers>,
    database: &Database,
) -> Vec<Breaker> {
    let mut breakers = vec![watch(settings, chaos, office)];
    let fleet = || office.fleet.clone();
    if let Some(every) = settings.kill_every {
        let (fleet, counted, office) = (fleet(), chaos.clone(), office.clone());
        // On a slow machine there must be work between two kills, or nothing is ever finished.
        let (between, last) = ((settings.purchases / 30).min(20), Arc::new(AtomicUsize::new(0)));
        breakers.push(repeat(every, chaos, move |turn| {
            let (fleet, counted, office, last) =
                (fleet.clone(), counted.clone(), office.clone(), last.clone());
            async move {
                let order = office.next.load(Ordering::SeqCst);
                if order < last.load(Ordering::SeqCst) + between {
                    return;
                }
                last.store(order, Ordering::SeqCst);
                counted.kills.fetch_add(1, Ordering::SeqCst);
                if let Err(error) = fleet.kill_and_restart(turn % fleet.len().max(1)).await {
                    println!("a replica did not come back: {error}");
                }
            }
        }));
    }
    if let Some(every) = settings.pause_every {
        let (fleet, times) = (fleet(), settings.times.clone());
        let past =
            Duration::from_millis(times.timeout + times.guard + times.lease_margin + 6_000) + times.window();
        breakers.push(repeat(every, chaos, move |turn| {
            let fleet = fleet.clone();
            async move {
                let _ = fleet.pause(turn % fleet.len().max(1), past).await;
            }
        }));
    }
    if let Some(every) = settings.expire_every {
        let carriers = carriers.clone();
        breakers.push(repeat(every, chaos, move |_| {
            let carriers = carriers.clone();
            async move {
                let _ = carriers.expire_tokens().await;
            }
        }));
    }
    breakers.extend(break_the_database(settings, chaos, database));
    breakers
}

fn break_the_database(settings: &Settings, chaos: &Arc<Chaos>, database: &Database) -> Vec<Breaker> {
    let blocking = |every: Duration, work: fn(&Database), counts: bool| {
        let (database, counted) = (database.clone(), chaos.clone());
        repeat(every, chaos, move |_| {
            let (database, counted) = (database.clone(), counted.clone());
            async move {
                counted.restarts.fetch_add(usize::from(counts), Ordering::SeqCst);
                let _ = tokio::task::spawn_blocking(move || work(&database)).await;
            }
        })
    };
    let restart = |database: &Database| {
        if let Some(server) = database.server() {
            server.crash_and_restart();
        }
    };
    let terminate = |database: &Database| {
        let _ = database.terminate_connections();
    };
    let read_only = |database: &Database| {
        let _ = database.read_only(true);
        std::thread::sleep(Duration::from_secs(1));
        // The server may be starting again just now, and it is not to stay read-only.
        for _ in 0..300 {
            if database.read_only(false).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let mut breakers = Vec::new();
    breakers.extend(settings.restart_every.map(|every| blocking(every, restart, true)));
    breakers.extend(settings.terminate_every.map(|every| blocking(every, terminate, false)));
    breakers.extend(settings.read_only_every.map(|every| blocking(every, read_only, false)));
    breakers
}

/// Does something so often until the orders are done.
fn repeat<F, W>(every: Duration, chaos: &Arc<Chaos>, work: F) -> Breaker
where
    F: Fn(usize) -> W + Send + 'static,
    W: Future<Output = ()> + Send,
{
    let chaos = chaos.clone();
    tokio::spawn(async move {
        let mut turn = 0;
        let mut next = Instant::now() + every;
        while !chaos.over.load(Ordering::SeqCst) {
            if Instant::now() < next {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            work(turn).await;
            turn += 1;
            next = Instant::now() + every;
        }
    })
}

fn watch(settings: &Settings, chaos: &Arc<Chaos>, office: &Arc<Office>) -> Breaker {
    let (talks, seen, office, start) = (settings.talks, chaos.clone(), office.clone(), Instant::now());
    repeat(Duration::from_secs(1), chaos, move |turn| {
        let order = office.next.load(Ordering::Relaxed);
        if let Some(kib) = office.fleet.memory(0) {
            seen.memory.lock().unwrap_or_else(PoisonError::into_inner).push((order, kib));
        }
        if talks && turn % 10 == 9 {
            let (seconds, kills) = (start.elapsed().as_secs().max(1), seen.kills.load(Ordering::Relaxed));
            println!("{seconds} s: {order} orders, {} a second, {kills} kills", order as u64 / seconds);
        }
        std::future::ready(())
    })
}

async fn wait_for_the_end(pool: &sqlx::AnyPool, settings: &Settings) -> Result<Vec<String>, Problem> {
    let until = Instant::now() + settings.settle_for;
    loop {
        let left = rows::left(pool).await?;
        if left.is_empty() || Instant::now() > until {
            return Ok(left);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The engine's own audit over the same database, with a journal of its own.
async fn audit(database: &Database, folder: &Path) -> Result<Vec<String>, Problem> {
    use waybill_purchase::{Engine, Journal, Options, Sealer, Store, StoreOptions, audit};
    let store = Store::open(StoreOptions::parse(&database.url())).await?;
    let journal = Journal::open(folder.join("audit.journal"))?;
    let engine = Engine::open(store, journal, Sealer::new([[7; 32]]), Options::default()).await?;
    let report = audit::audit(&engine, None).await?;
    engine.close().await;
    let pool = rows::connect(&database.url()).await?;
    let mut found = Vec::new();
    for one in &report.violations {
        found.push(format!("{one:?}, {:#?}", rows::story(&pool, &one.subject).await?));
    }
    pool.close().await;
    Ok(found)
}
