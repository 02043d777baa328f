//! One replica: the engine, the transport and the carrier crates, as an embedding host has them, with times scaled down.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use waybill::Registry;
use waybill_core::{Error, ErrorKind};
use waybill_purchase::{
    Accounts, Engine, EngineError, Journal, OpenAccount, Options, Sealer, Store, StoreOptions, VoidRequest,
};
use waybill_transport::{Lane, LaneSettings, Transport, TransportSettings};

use crate::talk::{Answer, Ask};

/// What a replica is told, as JSON in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplicaConfig {
    /// URL of the database.
    pub store: String,
    /// Its own outcome journal.
    pub journal: PathBuf,
    /// Accounts with their settings; `carrier` names the carrier.
    pub accounts: BTreeMap<String, Value>,
    /// Scaled times.
    pub times: Times,
    /// A protection left out.
    #[serde(default)]
    pub mutant: Option<String>,
    /// Fail points, `begin.before=300`.
    #[serde(default)]
    pub fail: String,
}

/// Times of the engine in milliseconds: minutes at a carrier are seconds here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Times {
    /// Send guard.
    pub guard: u64,
    /// What a lease lasts longer than the answer may take.
    pub lease_margin: u64,
    /// Longest wait for an answer.
    pub timeout: u64,
    /// Settle window.
    pub settle: u64,
    /// Sweeps after the send.
    pub sweeps: Vec<u64>,
}

impl Default for Times {
    fn default() -> Self {
        Self { guard: 1_500, lease_margin: 500, timeout: 4_000, settle: 3_000, sweeps: vec![9_000, 18_000] }
    }
}

impl Times {
    /// Time after a send until a question about it counts, with the time that the guard allows.
    pub fn window(&self) -> Duration {
        Duration::from_millis(self.settle + self.guard)
    }

    fn options(&self, fail: &str, mutant: Option<&str>) -> Result<Options, Error> {
        let ms = Duration::from_millis;
        let mut options = Options {
            guard: ms(self.guard),
            lease_margin: ms(self.lease_margin),
            timeout: Some(ms(self.timeout)),
            settle: Some(ms(self.settle)),
            ask_again: vec![ms(300), ms(700), ms(1_500), ms(3_000)],
            resolve_for: Duration::from_secs(600),
            sweeps: self.sweeps.iter().map(|at| ms(*at)).collect(),
            max_unsent: 10,
            unsent_wait: ms(30),
            grace: ms(1_000),
            void_again: vec![ms(200), ms(500), ms(1_000)],
            void_tries: 60,
            parallel: 32,
            idle: ms(50),
            ..Options::default()
        };
        broken(&mut options, fail, mutant)?;
        Ok(options)
    }
}

#[cfg(feature = "mutants")]
fn broken(options: &mut Options, fail: &str, mutant: Option<&str>) -> Result<(), Error> {
    use waybill_purchase::Mutant;
    options.fail.arm_from(fail);
    options.mutant = match mutant {
        Some("naive_retry") => Some(Mutant::NaiveRetry),
        Some("no_settle") => Some(Mutant::NoSettle),
        Some("no_guard") => Some(Mutant::NoGuard),
        Some("sweep_latest") => Some(Mutant::SweepLatest),
        Some("drop_late_success") => Some(Mutant::DropLateSuccess),
        // These two are no part of the engine.
        None | Some("http_retry_on" | "sync_normal") => None,
        Some(other) => return Err(unknown_mutant(other)),
    };
    Ok(())
}

#[cfg(not(feature = "mutants"))]
fn broken(_: &mut Options, fail: &str, mutant: Option<&str>) -> Result<(), Error> {
    match mutant {
        None if fail.is_empty() => Ok(()),
        _ => Err(unknown_mutant("mutants and fail points need `--features mutants`")),
    }
}

fn unknown_mutant(name: &str) -> Error {
    Error::new(ErrorKind::Config, format!("no such mutant: {name}"))
}

struct LentAccounts {
    accounts: BTreeMap<String, OpenAccount>,
}

#[async_trait]
impl Accounts for LentAccounts {
    async fn open(&self, _: &str, account: &str) -> waybill_core::Result<OpenAccount> {
        let found = self.accounts.get(account).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no account `{account}`")))
    }
}

/// Runs a replica until its standard input ends. Prints `ready PORT` once it takes work.
pub async fn serve(config: ReplicaConfig) -> Result<(), Error> {
    let internal = |text: String| Error::new(ErrorKind::Internal, text);
    let options = config.times.options(&config.fail, config.mutant.as_deref())?;
    let engine = open_engine(&config, &options).await?;
    let transport = Transport::new(TransportSettings::default())?;
    transport.set_desk(engine.desk());
    let mut accounts = BTreeMap::new();
    for (name, settings) in &config.accounts {
        accounts.insert(name.clone(), lend(&config, name, settings, &transport, &engine)?);
    }
    let accounts: Arc<dyn Accounts> = Arc::new(LentAccounts { accounts });
    let worker = engine.run(accounts.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| internal(error.to_string()))?;
    let port = listener.local_addr().map_err(|error| internal(error.to_string()))?.port();
    println!("ready {port}");
    let serving = tokio::spawn(accept(listener, engine.clone(), accounts));
    wait_for_end_of_input().await;
    serving.abort();
    worker.abort();
    engine.close().await;
    Ok(())
}

/// The parent holds the other end: when it dies, this process ends too.
pub async fn wait_for_end_of_input() {
    let ended = tokio::task::spawn_blocking(|| {
        let mut text = String::new();
        while std::io::stdin().read_line(&mut text).is_ok_and(|read| read > 0) {
            text.clear();
        }
    });
    let _ = ended.await;
}

async fn open_engine(config: &ReplicaConfig, options: &Options) -> Result<Engine, Error> {
    let mut last = String::new();
    // The database may be restarting just now.
    for _ in 0..300 {
        match try_open(config, options).await {
            Ok(engine) => return Ok(engine),
            Err(error) => last = error,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Error::new(ErrorKind::Internal, last))
}

async fn try_open(config: &ReplicaConfig, options: &Options) -> Result<Engine, String> {
    #[allow(unused_mut)]
    let mut store = StoreOptions::parse(&config.store);
    #[cfg(feature = "mutants")]
    {
        store.unsafe_synchronous_normal = config.mutant.as_deref() == Some("sync_normal");
    }
    let store = Store::open(store).await.map_err(|error| error.to_string())?;
    let journal = Journal::open(&config.journal).map_err(|error| error.to_string())?;
    let sealer = Sealer::new([[7; 32]]);
    Engine::open(store, journal, sealer, options.clone()).await.map_err(|error| error.to_string())
}

fn lend(
    config: &ReplicaConfig,
    name: &str,
    settings: &Value,
    transport: &Arc<Transport>,
    engine: &Engine,
) -> Result<OpenAccount, Error> {
    let mut settings = settings.clone();
    let id = settings.as_object_mut().and_then(|map| map.remove("carrier"));
    let id = id.as_ref().and_then(Value::as_str).unwrap_or(name);
    let carrier: Arc<dyn waybill_core::Carrier> = Registry::built_in().get(id)?.open(settings)?.into();
    // Published call limits would make the run last for days; the transport's own tests cover them.
    let lane = Lane::new(LaneSettings {
        account: name.to_owned(),
        carrier: id.to_owned(),
        hosts: vec!["127.0.0.1".to_owned()],
        spend_timeout: Some(Duration::from_millis(config.times.timeout)),
        ..LaneSettings::default()
    });
    let host = transport.lend(&lane);
    #[cfg(feature = "mutants")]
    let host = match config.mutant.as_deref() {
        Some("http_retry_on") => crate::retrying::RetryingHost::over(host, engine.desk()),
        _ => host,
    };
    #[cfg(not(feature = "mutants"))]
    let _ = engine;
    Ok(OpenAccount {
        carrier,
        fingerprint: format!("soak/{name}"),
        // So that numbers must be unique, as at the real carriers.
        environment: "production".to_owned(),
        host,
    })
}

async fn accept(listener: TcpListener, engine: Engine, accounts: Arc<dyn Accounts>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (engine, accounts) = (engine.clone(), accounts.clone());
        tokio::spawn(async move {
            if let Err(error) = talk(stream, engine, accounts).await {
                tracing::debug!(%error, "a client went away");
            }
        });
    }
}

async fn talk(stream: TcpStream, engine: Engine, accounts: Arc<dyn Accounts>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_str::<Ask>(&line) {
            Ok(ask) => answer(&engine, &accounts, ask).await,
            Err(error) => Answer::Refused { reason: error.to_string() },
        };
        let mut text = serde_json::to_string(&answer)?;
        text.push('\n');
        stream.get_mut().write_all(text.as_bytes()).await?;
    }
}

async fn answer(engine: &Engine, accounts: &Arc<dyn Accounts>, ask: Ask) -> Answer {
    match ask {
        Ask::Buy { mut request, wait_ms } => {
            request.wait = Duration::from_millis(wait_ms);
            match engine.buy(*request, accounts.clone()).await {
                Ok(reply) => Answer::Bought {
                    purchases: reply.purchases.into_iter().map(|one| (one.id, one.state)).collect(),
                },
                Err(error) => refusal(error),
            }
        }
        Ask::Void { purchase, wait_ms } => {
            let wait = Duration::from_millis(wait_ms);
            let request = VoidRequest { tenant: crate::orders::TENANT.to_owned(), purchase, wait };
            match engine.void(request, accounts.clone()).await {
                Ok(op) => Answer::Void { state: op.state },
                Err(error) => refusal(error),
            }
        }
    }
}

fn refusal(error: EngineError) -> Answer {
    match error {
        EngineError::Duplicate { purchase, .. } => Answer::Duplicate { purchase },
        EngineError::KeyReused { .. } => Answer::KeyReused,
        EngineError::Store(_) | EngineError::Journal(_) | EngineError::Closing => {
            Answer::Later { reason: error.to_string() }
        }
        other => Answer::Refused { reason: other.to_string() },
    }
}
