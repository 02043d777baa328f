//! What the store holds of tenants: the accounts they linked and their preferences. Read again when it may have changed.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use waybill_core::{CarrierId, Error, ErrorKind, Result};
use waybill_purchase::{CredentialInfo, Store};
use waybill_shop::{AccountRef, Owner, TenantPreferences};
use waybill_transport::Transport;

use crate::accounts::Account;
use crate::config::{LinkingConfig, resolve};
use crate::keeping::{Keeper, Place};
use crate::records::Records;
use crate::registry::Registry;

/// Another process may have linked or unlinked an account: after so long the store is asked again.
const FRESH: Duration = Duration::from_secs(2);

/// Name of the setting that holds a tenant's preferences.
const PREFERENCES: &str = "preferences";

/// A linked account that cannot be opened.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub account: AccountRef,
    pub error: Error,
}

#[derive(Debug, Clone)]
struct Linked {
    account: Arc<Account>,
    hint: Option<String>,
    revision: String,
    updated_at: i64,
}

/// What is known of a tenant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tenant {
    linked: BTreeMap<String, Linked>,
    pub broken: Vec<Broken>,
    pub preferences: TenantPreferences,
}

impl Tenant {
    pub(crate) fn account(&self, name: &str) -> Option<Arc<Account>> {
        self.linked.get(name).map(|linked| linked.account.clone())
    }
    pub(crate) fn accounts(&self) -> Vec<Arc<Account>> {
        self.linked.values().map(|linked| linked.account.clone()).collect()
    }
    pub(crate) fn hint(&self, name: &str) -> Option<&str> {
        self.linked.get(name)?.hint.as_deref()
    }
}

type Read = (Instant, Arc<Tenant>);

/// The tenants of a host.
pub(crate) struct Tenants {
    /// The one that the host acts for where none is named.
    own: String,
    records: Arc<Records>,
    registry: Registry,
    transport: Arc<Transport>,
    linking: LinkingConfig,
    /// How many times a linked account is asked for rates at one time.
    at_once: NonZeroU32,
    known: RwLock<HashMap<String, Read>>,
}

impl std::fmt::Debug for Tenants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenants").field("linking", &self.linking).finish_non_exhaustive()
    }
}

impl Tenants {
    pub(crate) fn new(
        own: String,
        records: Arc<Records>,
        registry: Registry,
        transport: Arc<Transport>,
        linking: LinkingConfig,
        at_once: NonZeroU32,
    ) -> Arc<Self> {
        Arc::new(Self { own, records, registry, transport, linking, at_once, known: RwLock::default() })
    }

    /// A tenant as it was last read.
    pub(crate) fn own(&self) -> Arc<Tenant> {
        self.known(&self.own)
    }

    pub(crate) fn known(&self, tenant: &str) -> Arc<Tenant> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(tenant).map(|(_, state)| state.clone()).unwrap_or_default()
    }

    /// A tenant as it is now, or was a moment ago.
    pub(crate) async fn of(&self, tenant: &str) -> Result<Arc<Tenant>> {
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, state)) = known.get(tenant).filter(|(read, _)| read.elapsed() < FRESH) {
                return Ok(state.clone());
            }
        }
        self.read(tenant).await
    }

    /// A tenant, read again.
    pub(crate) async fn read(&self, tenant: &str) -> Result<Arc<Tenant>> {
        let state = Arc::new(self.load(tenant).await?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(tenant.to_owned(), (Instant::now(), state.clone()));
        Ok(state)
    }

    async fn load(&self, tenant: &str) -> Result<Tenant> {
        let Some(store) = self.records.store_if_there().await? else { return Ok(Tenant::default()) };
        let name = tenant.to_owned();
        let (text, stored) = self
            .records
            .read(store, |mut db| {
                Box::pin(async move {
                    let text = db.tenant_setting(&name, PREFERENCES).await?;
                    Ok((text, db.credentials(Some(&name)).await?))
                })
            })
            .await?;
        let preferences = text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| {
            let message =
                format!("the preferences of tenant `{tenant}` in the store cannot be read: {error}");
            Error::new(ErrorKind::Config, message)
        })?;
        let mut state = Tenant { preferences: preferences.unwrap_or_default(), ..Tenant::default() };
        let before = self.known(tenant);
        for info in stored {
            if let Some(same) =
                before.linked.get(&info.account).filter(|old| old.updated_at == info.updated_at)
            {
                state.linked.insert(info.account, same.clone());
                continue;
            }
            match self.reopen(store, &info, before.linked.get(&info.account)).await {
                Ok(linked) => drop(state.linked.insert(info.account, linked)),
                Err(error) => {
                    let carrier = CarrierId::from(info.carrier.as_str());
                    let account = AccountRef { name: info.account, carrier, owner: Owner::Own };
                    state.broken.push(Broken { account, error });
                }
            }
        }
        Ok(state)
    }

    /// Opens an account from the vault. When only a grant was renewed since, the opened account is kept: it holds the newest
    /// access token.
    async fn reopen(&self, store: &Store, info: &CredentialInfo, before: Option<&Linked>) -> Result<Linked> {
        let kept = self.records.kept(store, &info.tenant, &info.account).await?;
        let (hint, revision, updated_at) = (kept.hint, kept.revision, info.updated_at);
        if let Some(same) = before.filter(|old| old.revision == revision && !old.account.refused()) {
            return Ok(Linked { updated_at, ..same.clone() });
        }
        let tag = format!("{} {revision}", info.tenant);
        let account = self.open(&info.account, &info.carrier, &kept.settings, &tag)?.with_keeper(
            Keeper::Vault(Place {
                tenant: info.tenant.clone(),
                account: info.account.clone(),
                carrier: info.carrier.clone(),
                records: self.records.clone(),
            }),
        );
        Ok(Linked { account: Arc::new(account), hint, revision, updated_at })
    }

    /// Opens an account from a shipper's settings, with those that the operator fixes over them.
    pub(crate) fn open(
        &self,
        name: &str,
        carrier: &str,
        settings: &Map<String, Value>,
        tag: &str,
    ) -> Result<Account> {
        let entry = self.registry.get(carrier)?;
        let mut all = settings.clone();
        if let Some(linking) = self.linking.carriers.get(carrier) {
            all.extend(resolve(&linking.settings).map_err(Error::invalid)?);
        }
        let account = Account::open_with(name, Owner::Own, entry, all, tag, None, &self.transport)?;
        Ok(account.with_turns(self.at_once))
    }

    /// Keeps a tenant's preferences.
    pub(crate) async fn set_preferences(&self, tenant: &str, preferences: &TenantPreferences) -> Result<()> {
        let text = serde_json::to_string(preferences)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("preferences: {error}")))?;
        let name = tenant.to_owned();
        self.records
            .write(move |mut db| {
                Box::pin(async move { db.set_tenant_setting(&name, PREFERENCES, &text).await })
            })
            .await?;
        self.read(tenant).await.map(drop)
    }
}
