//! The host: everything that the program does, as a library.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use waybill_core::{
    AccountReply, AddressReply, AddressRequest, Error, ErrorKind, Result, TrackOutcome, TrackReply,
    TrackRequest, TrackingNumber,
};
use waybill_shop::{ExchangeRates, PromiseEngine, Shopper, TermsGate};
use waybill_transport::{Transport, TransportSettings};

use crate::accounts::Accounts;
use crate::config::Config;
use crate::purchases::Purchases;
use crate::records::Records;
use crate::registry::Registry;
use crate::reload::{Latest, check_unchanged};
use crate::tenants::Tenants;

/// A running host.
pub struct Waybill {
    config: Config,
    registry: Registry,
    transport: Arc<Transport>,
    accounts: Arc<Accounts>,
    /// What the purchase engine asks for accounts: one for this host and all that were reloaded from it.
    latest: Arc<Latest>,
    purchases: Arc<OnceCell<Purchases>>,
    pub(crate) records: Arc<Records>,
    pub(crate) tenants: Arc<Tenants>,
    pub(crate) gate: TermsGate,
    pub(crate) shopper: Shopper,
    pub(crate) promises: BTreeMap<String, PromiseEngine>,
    pub(crate) exchange: Arc<ExchangeRates>,
}

impl Waybill {
    /// Opens a host with the carriers that were compiled in and those of the configured libraries.
    pub async fn open(config: Config) -> Result<Self> {
        let registry = Registry::configured(&config)?;
        Self::with_registry(config, registry).await
    }

    /// Opens a host with carriers of your own choice. Linked accounts of the host's own tenant ([`Config::tenant`]) are opened beside the
    /// configured ones; one that cannot be opened is listed as missing, with the reason, and stops nothing.
    pub async fn with_registry(config: Config, registry: Registry) -> Result<Self> {
        let transport = Transport::new(transport_settings(&config)?)?;
        let records = Arc::new(Records::new(&config));
        let made = Self::made(config, registry, transport, records, None)?;
        made.tenants.read(made.tenant()).await?;
        Ok(made)
    }

    /// A host with the accounts and libraries of a changed configuration, beside this one. Both share the connections,
    /// the store and the purchase engine, which takes accounts and terms from the newest from now on; calls that are under
    /// way finish on the carriers that they began with, and this host goes on for whoever holds it. Every account is
    /// opened anew: tokens, quotas and kept rates begin afresh.
    ///
    /// Keep the host where it can be replaced, such as in an `RwLock<Arc<Waybill>>`, and let each request clone the `Arc`.
    ///
    /// # Errors
    /// As [`Waybill::open`], and `Invalid` when a section changed that a running host cannot change (`data_dir`, `store`,
    /// `transport`, `seal`, `purchase`). Nothing has changed then.
    pub async fn reload(&self, config: Config) -> Result<Self> {
        check_unchanged(&self.config, &config)?;
        let registry = self.registry.reload(&config)?;
        let (transport, records) = (self.transport.clone(), self.records.clone());
        let made = Self::made(config, registry, transport, records, Some(self))?;
        made.tenants.read(made.tenant()).await?;
        self.latest.set(made.accounts.clone(), made.gate.clone());
        Ok(made)
    }

    /// A host over a pool and a store; `older` lends its purchase engine.
    fn made(
        config: Config,
        registry: Registry,
        transport: Arc<Transport>,
        records: Arc<Records>,
        older: Option<&Self>,
    ) -> Result<Self> {
        let problems = config.problems(&registry);
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        let linking = config.linking.clone();
        let own = config.tenant.clone();
        let at_once = config.shop.in_flight_per_account;
        let tenants =
            Tenants::new(own, records.clone(), registry.clone(), transport.clone(), linking, at_once);
        let accounts = Accounts::open(&config.accounts, &registry, &transport, tenants.clone(), at_once)?;
        let accounts = Arc::new(accounts);
        let gate = crate::terms::gate(&config, &records);
        let promises = config.shop.promises.iter();
        let promises: Result<BTreeMap<_, _>> = promises
            .map(|(name, settings)| Ok((name.clone(), PromiseEngine::new(settings.clone())?)))
            .collect();
        let latest = match older {
            Some(older) => older.latest.clone(),
            None => Arc::new(Latest::new(accounts.clone(), gate.clone())),
        };
        Ok(Self {
            gate,
            shopper: Shopper::new(config.shop.cache_settings()),
            promises: promises?,
            exchange: Arc::new(config.shop.exchange.clone()),
            records,
            tenants,
            config,
            registry,
            transport,
            accounts,
            latest,
            purchases: older.map(|older| older.purchases.clone()).unwrap_or_default(),
        })
    }

    /// The purchase engine over the configured store; opened, and what a crash left behind taken up, at the first call.
    pub async fn purchases(&self) -> Result<&Purchases> {
        let open = || Purchases::open(&self.config, &self.records, &self.latest, &self.transport);
        self.purchases.get_or_try_init(open).await
    }

    /// Ends it in order, and every host that was reloaded from it: purchases under way are brought to a durable point first.
    pub async fn close(self) {
        match self.purchases.get() {
            Some(purchases) => purchases.close().await,
            None => self.records.close().await,
        }
    }

    /// The configuration it was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }
    /// The tenant that it acts for where none is named.
    pub fn tenant(&self) -> &str {
        &self.config.tenant
    }
    /// The carriers it knows.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }
    /// The accounts it has opened.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }
    /// The pool that its requests go through.
    pub fn transport(&self) -> &Arc<Transport> {
        &self.transport
    }

    /// Histories of parcels from one account, in the order of the numbers.
    pub async fn track(&self, account: &str, numbers: &[TrackingNumber]) -> Result<Vec<TrackReply>> {
        let account = self.accounts.get(account)?;
        let profile = account.carrier().profile();
        let tracking = account
            .carrier()
            .tracking()
            .ok_or_else(|| Error::unsupported(format!("{} has no tracking", profile.name)))?;
        let mut replies = Vec::with_capacity(numbers.len());
        for batch in numbers.chunks(usize::from(profile.track_batch.max(1))) {
            let request = TrackRequest { numbers: batch.to_vec(), shipped_from: None, destination: None };
            let cx = account.cx("track", None);
            match tracking.track(&cx, &request).await {
                Ok(answer) => replies.extend(answer.replies),
                // One bad batch does not fail the others.
                Err(error) => replies.extend(batch.iter().map(|number| TrackReply {
                    number: number.clone(),
                    outcome: TrackOutcome::Failed(error.clone()),
                })),
            }
        }
        Ok(replies)
    }

    /// What a carrier thinks of an address.
    pub async fn check_address(&self, account: &str, request: &AddressRequest) -> Result<AddressReply> {
        let account = self.accounts.get(account)?;
        let name = &account.carrier().profile().name;
        let check = account
            .carrier()
            .address_check()
            .ok_or_else(|| Error::unsupported(format!("{name} checks no addresses")))?;
        check.check(&account.cx("check_address", None), request).await
    }

    /// Proves an account's credentials by a harmless real call.
    pub async fn prove_account(&self, account: &str) -> Result<AccountReply> {
        crate::linking::prove(&*self.accounts.get(account)?).await
    }
}

impl std::fmt::Debug for Waybill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waybill").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

fn transport_settings(config: &Config) -> Result<TransportSettings> {
    let transport = &config.transport;
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("transport.extra_roots: `{}` cannot be read: {}", path.display(), error.kind()),
            )
        })
    };
    Ok(TransportSettings {
        connect_timeout: Duration::from_millis(transport.connect_timeout_ms),
        read_timeout: Duration::from_millis(transport.read_timeout_ms),
        read_attempts: transport.read_attempts.max(1),
        extra_roots: transport.extra_roots.iter().map(read).collect::<Result<_>>()?,
        ..TransportSettings::default()
    })
}
