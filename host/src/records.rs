//! The store below everything, opened when it is first needed: a host that only asks for rates makes no database.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use waybill_core::{Error, ErrorKind, Result, Secret};
use waybill_purchase::store::Db;
use waybill_purchase::{Sealer, Store, StoreError, Vault};

use crate::config::Config;
use crate::purchases::{open_store, sealer};

/// What the vault keeps of a linked account, sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The shipper's settings, without those that the operator fixes.
    pub settings: Map<String, Value>,
    /// Masked account number that the carrier showed when the account was proven.
    #[serde(default)]
    pub hint: Option<String>,
    /// Changes when the shipper links or renews the account, not when the carrier renews a grant by itself.
    #[serde(default)]
    pub revision: String,
}

impl Kept {
    pub(crate) fn new_revision() -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }
}

/// The configured store and the vault in it.
pub(crate) struct Records {
    config: Config,
    store: OnceCell<Store>,
    sealer: OnceCell<Sealer>,
}

impl Records {
    pub(crate) fn new(config: &Config) -> Self {
        Self { config: config.clone(), store: OnceCell::new(), sealer: OnceCell::new() }
    }

    /// The store; made when it is not there.
    pub(crate) async fn store(&self) -> Result<&Store> {
        self.store.get_or_try_init(|| open_store(&self.config)).await
    }

    /// The store, unless it is a file that nobody has made yet: nothing can be in it.
    pub(crate) async fn store_if_there(&self) -> Result<Option<&Store>> {
        if self.store.initialized() || self.file().is_none_or(|file| file.exists()) {
            return self.store().await.map(Some);
        }
        Ok(None)
    }

    /// The file of an embedded store; `None` when the store is a server.
    fn file(&self) -> Option<PathBuf> {
        match &self.config.store.url {
            None => Some(self.config.data_dir.join("waybill.db")),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => None,
            Some(url) => {
                let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
                Some(PathBuf::from(path.unwrap_or(url)))
            }
        }
    }

    pub(crate) async fn sealer(&self) -> Result<&Sealer> {
        self.sealer.get_or_try_init(|| async { sealer(&self.config.seal) }).await
    }

    /// The vault of credentials in a store of this host.
    pub(crate) async fn vault(&self, store: &Store) -> Result<Vault> {
        Ok(Vault::new(store.clone(), self.sealer().await?.clone()))
    }

    /// What the vault keeps of a linked account.
    pub(crate) async fn kept(&self, store: &Store, tenant: &str, account: &str) -> Result<Kept> {
        let opened = self.vault(store).await?.get(tenant, account).await.map_err(failed)?;
        let gone = || Error::new(ErrorKind::NotFound, format!("account `{account}` was unlinked"));
        serde_json::from_str(opened.ok_or_else(gone)?.secret.expose()).map_err(|_| {
            let message = format!("what is stored of account `{account}` cannot be read: link it again");
            Error::new(ErrorKind::Config, message)
        })
    }

    /// Seals what is to be kept of a linked account.
    pub(crate) async fn keep(&self, tenant: &str, account: &str, carrier: &str, kept: &Kept) -> Result<()> {
        let text = serde_json::to_string(kept)
            .map_err(|error| Error::new(ErrorKind::Internal, format!("settings: {error}")))?;
        let vault = self.vault(self.store().await?).await?;
        vault.put(tenant, account, carrier, &Secret::new(text)).await.map_err(failed)
    }

    /// Reads.
    pub(crate) async fn read<T, F>(&self, store: &Store, job: F) -> Result<T>
    where
        F: for<'c> FnOnce(Db<'c>) -> futures_util::future::BoxFuture<'c, Result<T, StoreError>> + Send,
    {
        store.read(job).await.map_err(failed)
    }

    /// Changes, in one transaction.
    pub(crate) async fn write<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(Db<'c>) -> futures_util::future::BoxFuture<'c, Result<T, StoreError>>
            + Send
            + 'static,
    {
        self.store().await?.write(job).await.map_err(failed)
    }

    /// Closes the store, when it was opened.
    pub(crate) async fn close(&self) {
        if let Some(store) = self.store.get() {
            store.close().await;
        }
    }
}

/// A failure of the store in the one error type of the library.
pub(crate) fn failed(error: StoreError) -> Error {
    let kind = match &error {
        StoreError::Seal(_) => ErrorKind::Config,
        StoreError::Down(_) | StoreError::CommitUnknown(_) => ErrorKind::Unavailable,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("store: {error}"))
}
