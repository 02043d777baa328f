//! Opened accounts, each with its lane to the carrier.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use waybill_core::{Carrier, Cx, Error, ErrorKind, FieldProblem, Host, Quota, Result};
use waybill_purchase::PRODUCTION;
use waybill_shop::{AccountRef, Owner, Participant, Turns};
use waybill_transport::{Lane, LaneSettings, LaneStats, Transport};

use crate::config::{AccountConfig, resolve, secret_values};
use crate::keeping::{Keeper, Keeping};
use crate::registry::{Entry, Registry};
use crate::tenants::Tenants;

/// An opened account.
#[derive(Clone)]
pub struct Account {
    reference: AccountRef,
    carrier: Arc<dyn Carrier>,
    lane: Arc<Lane>,
    transport: Arc<Transport>,
    fingerprint: String,
    memory_key: String,
    environment: String,
    keeper: Option<Keeper>,
    refused: Arc<AtomicBool>,
    turns: Turns,
}

impl Account {
    /// Opens an account from its section of the config.
    pub fn open(
        name: &str,
        owner: Owner,
        config: &AccountConfig,
        registry: &Registry,
        transport: &Arc<Transport>,
    ) -> Result<Self> {
        let entry = registry.get(&config.carrier).map_err(|error| below(name, error))?;
        let settings = resolve(&config.settings).map_err(|problems| below(name, Error::invalid(problems)))?;
        Self::open_with(name, owner, entry, settings, "", config.quotas.as_deref(), transport)
            .map_err(|error| below(name, error))
    }

    /// Opens an account from settings as they are: nothing in them names a file or a variable. `tag` tells accounts of one
    /// name apart in the memory of rates; `quotas` take the place of the carrier's published ones. The paths of an error are those of the settings.
    pub(crate) fn open_with(
        name: &str,
        owner: Owner,
        entry: &Entry,
        settings: Map<String, Value>,
        tag: &str,
        quotas: Option<&[Quota]>,
        transport: &Arc<Transport>,
    ) -> Result<Self> {
        let base_url = crate::config::check_base_url(settings.get("base_url")).map_err(|problem| {
            Error::invalid_field("base_url", problem, "use https://, or a loopback address for tests")
        })?;
        let fingerprint = fingerprint(entry.profile.id.as_str(), &settings, &entry.schema);
        let settings = Value::Object(settings);
        let secrets = secret_values(&entry.schema, &settings);
        let carrier: Arc<dyn Carrier> = entry.open(settings)?.into();
        let profile = carrier.profile();
        let mut hosts = profile.hosts.clone();
        // `base_url` takes the place of the carrier's own hosts: a test account must not reach the real carrier.
        if let Some(host) = base_url.as_ref().and_then(url::Url::host_str) {
            hosts = vec![host.trim_matches(['[', ']']).to_owned()];
        }
        let lane = Lane::new(LaneSettings {
            account: name.to_owned(),
            carrier: profile.id.to_string(),
            hosts,
            quotas: quotas.unwrap_or(&profile.quotas).to_vec(),
            secrets,
            spend_timeout: Some(Duration::from_secs(profile.purchase.timeout_seconds.into())),
        });
        let environment = base_url.map_or_else(|| PRODUCTION.to_owned(), |url| url.to_string());
        let reference = AccountRef { name: name.to_owned(), carrier: profile.id.clone(), owner };
        let memory_key = format!("{fingerprint} {tag}");
        Ok(Self {
            reference,
            carrier,
            lane,
            transport: transport.clone(),
            fingerprint,
            memory_key,
            environment,
            keeper: None,
            refused: Arc::default(),
            turns: Turns::default(),
        })
    }

    /// Notes that the carrier refused the credentials. When another process renewed them since, they are read again.
    pub(crate) fn note_refused(&self) {
        self.refused.store(true, Ordering::Relaxed);
    }
    pub(crate) fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// The same, with a place for settings that the carrier renews.
    pub(crate) fn with_keeper(self, keeper: Keeper) -> Self {
        Self { keeper: Some(keeper), ..self }
    }

    /// The same, asked for rates so many times at one time.
    pub(crate) fn with_turns(self, at_once: NonZeroU32) -> Self {
        Self { turns: Turns::new(at_once), ..self }
    }

    /// Its name, carrier and owner.
    pub fn reference(&self) -> &AccountRef {
        &self.reference
    }
    /// The carrier behind it.
    pub fn carrier(&self) -> &Arc<dyn Carrier> {
        &self.carrier
    }
    /// A hash of everything that says which account it is, without the secrets: it stays the same when a secret is
    /// renewed and changes when the name now means another account.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
    /// `production`, or the base URL that stands in for the carrier.
    pub fn environment(&self) -> &str {
        &self.environment
    }
    /// What its lane has done so far.
    pub fn stats(&self) -> LaneStats {
        self.lane.stats()
    }
    /// A context for one call.
    pub fn cx(&self, operation: &str, deadline: Option<DateTime<Utc>>) -> Cx {
        let cx = self.transport.cx(&self.lane, operation, deadline);
        match &self.keeper {
            None => cx,
            Some(_) => Cx::new(cx.call().clone(), self.host()),
        }
    }
    /// What the account's carrier is lent.
    pub fn host(&self) -> Arc<dyn Host> {
        let inner = self.transport.lend(&self.lane);
        match &self.keeper {
            None => inner,
            Some(keeper) => Arc::new(Keeping { inner, keeper: keeper.clone() }),
        }
    }
    /// As a participant of a shop.
    pub fn participant(&self) -> Participant {
        let account = self.clone();
        Participant {
            account: self.reference.clone(),
            fingerprint: self.memory_key.clone(),
            carrier: self.carrier.clone(),
            turns: self.turns.clone(),
            cx: Arc::new(move |operation, deadline| account.cx(operation, deadline)),
        }
    }
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("reference", &self.reference).finish_non_exhaustive()
    }
}

/// The error with its paths below the account's section.
fn below(name: &str, mut error: Error) -> Error {
    for field in &mut error.fields {
        let inner = std::mem::take(&mut field.path);
        field.path =
            if inner.is_empty() { format!("accounts.{name}") } else { format!("accounts.{name}.{inner}") };
    }
    if error.fields.is_empty() {
        return error.with("account", name);
    }
    Error::invalid(error.fields)
}

/// Which account this is: the carrier and every setting that is no secret, hashed.
fn fingerprint(carrier: &str, settings: &Map<String, Value>, schema: &Value) -> String {
    let plain: BTreeMap<&String, &Value> = settings
        .iter()
        .filter(|(key, value)| {
            let one = Value::Object(Map::from_iter([((*key).clone(), (*value).clone())]));
            secret_values(schema, &one).is_empty()
        })
        .collect();
    let text = format!("{carrier} {}", serde_json::to_string(&plain).unwrap_or_default());
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The accounts of a host: the configured ones, open to every tenant, and those that tenants linked.
///
/// The short calls ([`Accounts::get`], [`Accounts::iter`]) see the default tenant's as they were last read from the store.
#[derive(Debug)]
pub struct Accounts {
    house: BTreeMap<String, Arc<Account>>,
    tenants: Arc<Tenants>,
}

impl Accounts {
    /// Opens every enabled account; all mistakes together.
    pub(crate) fn open(
        accounts: &BTreeMap<String, AccountConfig>,
        registry: &Registry,
        transport: &Arc<Transport>,
        tenants: Arc<Tenants>,
        at_once: NonZeroU32,
    ) -> Result<Self> {
        let mut house = BTreeMap::new();
        let mut problems: Vec<FieldProblem> = Vec::new();
        for (name, config) in accounts.iter().filter(|(_, config)| config.enabled) {
            match Account::open(name, Owner::House, config, registry, transport) {
                Ok(account) => {
                    house.insert(name.clone(), Arc::new(account.with_turns(at_once)));
                }
                Err(error) if error.fields.is_empty() => {
                    problems.push(FieldProblem::new(format!("accounts.{name}"), error.message, ""));
                }
                Err(error) => problems.extend(error.fields),
            }
        }
        if problems.is_empty() { Ok(Self { house, tenants }) } else { Err(Error::invalid(problems)) }
    }

    /// A configured account by name.
    pub fn house(&self, name: &str) -> Option<&Arc<Account>> {
        self.house.get(name)
    }

    /// An account of the host's own tenant by name; the error names the nearest one.
    pub fn get(&self, name: &str) -> Result<Arc<Account>> {
        let linked = || self.tenants.own().account(name);
        self.house.get(name).cloned().or_else(linked).ok_or_else(|| self.no_such(name, self.iter()))
    }

    /// Accounts that a tenant may use: the configured ones and its own, by name.
    pub async fn of_tenant(&self, tenant: &str) -> Result<Vec<Arc<Account>>> {
        let state = self.tenants.of(tenant).await?;
        let mut all: Vec<_> = self.house.values().cloned().chain(state.accounts()).collect();
        all.sort_by(|a, b| a.reference.name.cmp(&b.reference.name));
        Ok(all)
    }

    /// An account that a tenant may use. `NotFound` when there is none (any more); the cure names the nearest one.
    pub async fn find(&self, tenant: &str, name: &str) -> Result<Arc<Account>> {
        if let Some(account) = self.house.get(name) {
            return Ok(account.clone());
        }
        let state = self.tenants.of(tenant).await?;
        if let Some(account) = state.account(name) {
            return Ok(account);
        }
        if let Some(broken) = state.broken.iter().find(|broken| broken.account.name == name) {
            return Err(broken.error.clone());
        }
        let mut error = self.no_such(name, self.of_tenant(tenant).await?.into_iter());
        error.kind = ErrorKind::NotFound;
        Err(error)
    }

    fn no_such(&self, name: &str, all: impl Iterator<Item = Arc<Account>>) -> Error {
        let names: Vec<String> = all.map(|account| account.reference.name.clone()).collect();
        let cure = match crate::registry::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => {
                "add one to waybill.toml (`waybill config example` prints one) or link one (`waybill accounts link`)"
                    .to_owned()
            }
            None => format!("accounts: {}", names.join(", ")),
        };
        Error::invalid_field("account", format!("there is no account `{name}`"), cure)
    }

    /// All accounts of the host's own tenant, by name.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Account>> {
        let mut all: Vec<_> = self.house.values().cloned().chain(self.tenants.own().accounts()).collect();
        all.sort_by(|a, b| a.reference.name.cmp(&b.reference.name));
        all.into_iter()
    }

    /// Accounts of one carrier.
    pub fn of_carrier<'a>(&'a self, carrier: &'a str) -> impl Iterator<Item = Arc<Account>> + 'a {
        self.iter().filter(move |account| account.reference.carrier == *carrier)
    }
}

#[cfg(all(test, feature = "usps"))]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn an_accounts_quotas_take_the_place_of_the_published_ones() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("waybill.toml");
        let account = |quotas: &str| {
            let text = format!(
                "[accounts.a]\ncarrier = \"usps\"\nclient_id = \"i\"\nclient_secret = \"secret\"\n{quotas}"
            );
            std::fs::write(&file, text).unwrap();
            let config = load(Some(&file), &[]).unwrap().config;
            let transport = Transport::new(waybill_transport::TransportSettings::default()).unwrap();
            let registry = Registry::built_in();
            let account = Account::open("a", Owner::House, &config.accounts["a"], &registry, &transport);
            account.unwrap().lane.quotas()
        };
        assert!(account("").iter().any(|quota| quota.calls == 60 && quota.path == "/prices/"));
        assert_eq!(account("quotas = []"), []);
        let own = account("quotas = [{ calls = 600, seconds = 3600 }]");
        assert_eq!((own.len(), own[0].calls, own[0].path.as_str()), (1, 600, ""));
    }
}
