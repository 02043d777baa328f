//! The purchase engine over the host's store and accounts.

use std::collections::BTreeMap;
#[cfg(feature = "cli")]
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use waybill_core::{
    Currency, Document, DocumentKind, Error, ErrorKind, ManifestRequest, Money, Phase, PickupKey,
    PickupRequest, Result, TrackingNumber,
};
use waybill_purchase::{
    Accounts as PurchaseAccounts, BuyReply, BuyRequest, Decision, Engine, EngineError, Journal, KeySource,
    OpView, OpenAccount, OperationFilter, Options, PRODUCTION, PurchaseFilter, PurchaseView, Sealer, Shown,
    SpendCap, Store, StoreError, StoreOptions, Vault, VoidRequest,
};
use waybill_transport::Transport;

use crate::config::{Config, PurchaseConfig, SealConfig};
use crate::records::Records;
use crate::reload::Latest;

/// The tenant of a host that serves one shipper.
pub const DEFAULT_TENANT: &str = "default";

/// Buys, voids, reprints and resolves, for the host's accounts.
pub struct Purchases {
    engine: Engine,
    accounts: Arc<dyn PurchaseAccounts>,
    latest: Arc<Latest>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// A file of a purchase, with the number it belongs to.
#[derive(Debug, Clone)]
pub struct LabelFile {
    /// Number of the parcel, or of the first one for a file that belongs to all.
    pub tracking: TrackingNumber,
    /// The file.
    pub document: Document,
}

impl LabelFile {
    /// A file name: the number for a label, the number and the kind for other papers.
    pub fn file_name(&self) -> String {
        let safe: String = self.tracking.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        let ending = self.document.format.extension();
        match &self.document.kind {
            DocumentKind::Label => format!("{safe}.{ending}"),
            kind => format!("{safe}-{}.{ending}", kind.as_str().replace('_', "-")),
        }
    }
}

impl Purchases {
    pub(crate) async fn open(
        config: &Config,
        records: &Records,
        latest: &Arc<Latest>,
        transport: &Arc<Transport>,
    ) -> Result<Self> {
        let store = records.store().await?.clone();
        set_caps(&store, &config.tenant, &config.purchase).await?;
        let journal = Journal::open(config.data_dir.join("outcomes.journal")).map_err(|error| {
            Error::new(ErrorKind::Config, format!("data_dir: the outcome journal: {error}"))
        })?;
        let sealer = records.sealer().await?.clone();
        let settle = config.purchase.settle_seconds.map(Duration::from_secs);
        let options = Options { settle, ..Options::default() };
        let engine = Engine::open(store, journal, sealer, options).await.map_err(translate)?;
        if !transport.set_desk(engine.desk()) {
            return Err(Error::new(ErrorKind::Internal, "a purchase engine is running already in this host"));
        }
        let accounts: Arc<dyn PurchaseAccounts> = Arc::new(HostAccounts(latest.clone()));
        let worker = engine.run(accounts.clone());
        Ok(Self { engine, accounts, latest: latest.clone(), worker: Mutex::new(Some(worker)) })
    }

    /// Ends it in order: what is being sent is waited for, and the worker finishes its round.
    pub(crate) async fn close(&self) {
        self.engine.stop();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut worker) = worker
            && tokio::time::timeout(Duration::from_secs(30), &mut worker).await.is_err()
        {
            // What it was doing is taken up by the next process when its lease has ended.
            worker.abort();
        }
        self.engine.close().await;
    }

    /// The engine itself.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The host's accounts, as the engine wants them.
    pub fn accounts(&self) -> &Arc<dyn PurchaseAccounts> {
        &self.accounts
    }

    /// Buys the labels of a shipment. The same idempotency key with the same content is the same purchase, for ever.
    pub async fn buy(&self, request: BuyRequest) -> Result<BuyReply> {
        let problems = request.shipment.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        self.check_terms(&request).await?;
        self.engine.buy(request, self.accounts.clone()).await.map_err(translate)
    }

    /// Refuses to buy from a carrier whose terms are not accepted. A purchase that was begun before is answered as it is,
    /// so that a new version of the terms never hides what was bought.
    async fn check_terms(&self, request: &BuyRequest) -> Result<()> {
        let account = self.latest.accounts().find(&request.tenant, &request.account).await?;
        let checked = self.latest.gate().check_purchase(&request.tenant, account.carrier().profile()).await;
        let Err(refusal) = checked else { return Ok(()) };
        let filter = PurchaseFilter {
            tenant: Some(request.tenant.clone()),
            business_key: Some(request.business_key.clone()),
            limit: 1,
            ..PurchaseFilter::default()
        };
        let begun = !request.allow_additional && !self.list(filter).await?.is_empty();
        if begun { Ok(()) } else { Err(refusal) }
    }

    /// Voids the labels of a purchase.
    pub async fn void(&self, request: VoidRequest) -> Result<OpView> {
        self.engine.void(request, self.accounts.clone()).await.map_err(translate)
    }

    /// Purchases, newest first.
    pub async fn list(&self, filter: PurchaseFilter) -> Result<Vec<PurchaseView>> {
        self.engine.purchases(filter).await.map_err(translate)
    }

    /// One purchase with its attempts, operations and events.
    pub async fn show(&self, tenant: &str, id: &str) -> Result<Shown> {
        self.engine.show(tenant, id).await.map_err(translate)
    }

    /// A purchase by its id or by the number of one of its labels.
    pub async fn find(&self, tenant: &str, what: &str) -> Result<PurchaseView> {
        if let Ok(found) = self.engine.purchase(tenant, what).await {
            return Ok(found);
        }
        let number: String = what.chars().filter(|c| !c.is_whitespace()).collect();
        let filter = PurchaseFilter {
            tenant: Some(tenant.to_owned()),
            tracking: Some(number),
            limit: 1,
            ..PurchaseFilter::default()
        };
        let found = self.list(filter).await?.into_iter().next();
        found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no purchase has the id or a label with the number `{what}`: `waybill purchases list` shows them")))
    }

    /// The stored files of a purchase, byte for byte as the carrier made them. Labels that are void are not given.
    pub async fn files(&self, purchase: &PurchaseView) -> Result<Vec<LabelFile>> {
        let documents = self.engine.documents(&purchase.tenant, &purchase.id).await.map_err(translate)?;
        let number_of = |parcel: Option<u32>| {
            let of_parcel = parcel
                .and_then(|parcel| purchase.labels.iter().find(|label| label.parcel == i64::from(parcel)));
            of_parcel
                .or(purchase.labels.first())
                .map(|label| label.tracking.clone())
                .unwrap_or_else(|| purchase.id.clone())
        };
        Ok(documents
            .into_iter()
            .map(|document| LabelFile { tracking: number_of(document.parcel).into(), document })
            .collect())
    }

    /// Carries out what a person decided.
    pub async fn resolve(&self, tenant: &str, purchase: &str, decision: Decision) -> Result<PurchaseView> {
        self.engine.resolve(tenant, purchase, decision, self.accounts.clone()).await.map_err(translate)
    }

    /// The manifests that are still to be closed on an account for a day, one for each origin.
    pub async fn to_close(
        &self,
        tenant: &str,
        account: &str,
        day: chrono::NaiveDate,
        only: &[String],
    ) -> Result<Vec<ManifestRequest>> {
        self.engine.to_close(tenant, account, day, only).await.map_err(translate)
    }

    /// Closes a manifest. The same key is the same manifest.
    pub async fn close_manifest(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
        request: ManifestRequest,
    ) -> Result<OpView> {
        let closed = self.engine.close_manifest(tenant, account, key, request, self.accounts.clone());
        closed.await.map_err(translate)
    }

    /// Orders a collection. The same key is the same collection.
    pub async fn schedule_pickup(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
        request: PickupRequest,
    ) -> Result<OpView> {
        let made = self.engine.schedule_pickup(tenant, account, key, request, self.accounts.clone());
        made.await.map_err(translate)
    }

    /// What cancels a pickup that was ordered here: its account and its key at the carrier.
    pub async fn pickup_key(&self, tenant: &str, id: &str) -> Result<(String, PickupKey)> {
        self.engine.pickup_key(tenant, id).await.map_err(translate)
    }

    /// Cancels a collection. The same key is the same cancellation.
    pub async fn cancel_pickup(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
        pickup: PickupKey,
    ) -> Result<OpView> {
        let cancelled = self.engine.cancel_pickup(tenant, account, key, pickup, self.accounts.clone());
        cancelled.await.map_err(translate)
    }

    /// Voids, manifests and pickups, newest first.
    pub async fn operations(&self, filter: OperationFilter) -> Result<Vec<OpView>> {
        self.engine.operations(filter).await.map_err(translate)
    }

    /// The manifests that were closed with a key; `None` when it was not used.
    pub async fn manifests_of_key(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
    ) -> Result<Option<Vec<OpView>>> {
        let mut known = Vec::new();
        loop {
            let key = manifest_key(key, known.len());
            match self.engine.manifest_of_key(tenant, account, &key).await.map_err(translate)? {
                Some(view) => known.push(view),
                None => return Ok((!known.is_empty()).then_some(known)),
            }
        }
    }

    /// The forms of a manifest.
    pub async fn operation_documents(&self, tenant: &str, id: &str) -> Result<Vec<Document>> {
        self.engine.operation_documents(tenant, id).await.map_err(translate)
    }

    /// Carries out what a person decided about a manifest or pickup of which nobody knows whether it was made.
    pub async fn resolve_operation(&self, tenant: &str, id: &str, decision: &Decision) -> Result<OpView> {
        let decided = self.engine.resolve_operation(tenant, id, decision, self.accounts.clone());
        decided.await.map_err(translate)
    }
}

impl std::fmt::Debug for Purchases {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Purchases").field("engine", &self.engine).finish_non_exhaustive()
    }
}

/// Writes files below a folder and says where. An existing file with other content is not overwritten.
#[cfg(feature = "cli")]
pub(crate) fn write_files(folder: &Path, files: &[LabelFile]) -> Result<Vec<std::path::PathBuf>> {
    let failed = |path: &Path, error: std::io::Error| {
        Error::new(ErrorKind::Config, format!("`{}` cannot be written: {error}", path.display()))
    };
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut written = Vec::with_capacity(files.len());
    for file in files {
        let path = folder.join(file.file_name());
        std::fs::write(&path, &file.document.bytes).map_err(|error| failed(&path, error))?;
        written.push(path);
    }
    Ok(written)
}

/// The keys of manifests that are closed together, one for each origin: the first has the caller's own.
pub(crate) fn manifest_key(key: &str, at: usize) -> String {
    if at == 0 { key.to_owned() } else { format!("{key}/{}", at + 1) }
}

/// The host's accounts, as the engine wants them.
struct HostAccounts(Arc<Latest>);

#[async_trait]
impl PurchaseAccounts for HostAccounts {
    async fn open(&self, tenant: &str, account: &str) -> Result<OpenAccount> {
        let account = self.0.accounts().find(tenant, account).await?;
        Ok(OpenAccount {
            carrier: account.carrier().clone(),
            fingerprint: account.fingerprint().to_owned(),
            environment: match account.environment() {
                "live" => PRODUCTION.to_owned(),
                other => other.to_owned(),
            },
            host: account.host(),
        })
    }
}

/// Writes the configured caps to the store for the host's own tenant, where the engine reads them inside the transaction that accepts a purchase.
async fn set_caps(store: &Store, tenant: &str, config: &PurchaseConfig) -> Result<()> {
    let mut caps: BTreeMap<Currency, SpendCap> = BTreeMap::new();
    let texts = config
        .label_caps
        .iter()
        .map(|text| (text, true))
        .chain(config.day_caps.iter().map(|text| (text, false)));
    for (text, per_label) in texts {
        let wrong = |problem: String| {
            let key = if per_label { "purchase.label_caps" } else { "purchase.day_caps" };
            Error::invalid_field(
                key,
                format!("`{text}`: {problem}"),
                "write an amount and a currency, such as 100.00 USD",
            )
        };
        let money: Money =
            text.parse().map_err(|error: waybill_core::MoneyError| wrong(error.to_string()))?;
        let minor =
            money.to_minor().ok_or_else(|| wrong("digits below the currency's smallest unit".to_owned()))?;
        let cap = caps.entry(money.currency).or_insert(SpendCap {
            currency: money.currency,
            per_label_minor: None,
            per_day_minor: None,
        });
        if per_label {
            cap.per_label_minor = Some(minor);
        } else {
            cap.per_day_minor = Some(minor);
        }
    }
    let caps: Vec<SpendCap> = caps.into_values().collect();
    let tenant = tenant.to_owned();
    store
        .write::<_, StoreError, _>(move |mut db| Box::pin(async move { db.set_caps(&tenant, &caps).await }))
        .await
        .map_err(|error| Error::new(ErrorKind::Config, format!("store: {error}")))
}

/// Opens the configured store; a SQLite file in `data_dir` when none is named.
pub(crate) async fn open_store(config: &Config) -> Result<Store> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!("data_dir: `{}` cannot be made: {}", config.data_dir.display(), error.kind()),
        )
    })?;
    let store = match &config.store.url {
        Some(url) => StoreOptions::parse(url),
        None => StoreOptions::sqlite(config.data_dir.join("waybill.db")),
    };
    Store::open(store).await.map_err(|error| Error::new(ErrorKind::Config, format!("store: {error}")))
}

/// The vault of credentials in the configured store, sealed with the configured key. It needs no engine and no accounts.
pub async fn open_vault(config: &Config) -> Result<Vault> {
    Ok(Vault::new(open_store(config).await?, sealer(&config.seal)?))
}

pub(crate) fn sealer(config: &SealConfig) -> Result<Sealer> {
    let mut sources = Vec::new();
    sources.extend(config.key_file.iter().cloned().map(KeySource::File));
    sources.extend(config.key_env.iter().cloned().map(KeySource::Env));
    sources.extend(config.key_command.iter().cloned().map(KeySource::Command));
    if sources.is_empty() {
        return Ok(Sealer::without_key());
    }
    Sealer::from_sources(&sources).map_err(|error| Error::new(ErrorKind::Config, format!("seal: {error}")))
}

/// The engine's refusals in the one error type of the library.
pub(crate) fn translate(error: EngineError) -> Error {
    let kind = match &error {
        EngineError::Refused(inner) => return inner.clone(),
        EngineError::KeyReused { .. } | EngineError::Duplicate { .. } => ErrorKind::Ambiguous,
        EngineError::AboveMax { .. }
        | EngineError::OverCap(_)
        | EngineError::OnManifest(_)
        | EngineError::WrongState(_) => ErrorKind::Invalid,
        EngineError::NotFound(_) => ErrorKind::NotFound,
        EngineError::Quarantined(_) | EngineError::Closing => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, error.to_string()).in_phase(Phase::NotSent)
}
