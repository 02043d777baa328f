//! The store below everything, opened when it is first needed: a host that only asks for rates makes no database.

use std::path::PathBuf;

use tokio::sync::OnceCell;
use waybill_core::{Error, ErrorKind, Result};
use waybill_purchase::store::Db;
use waybill_purchase::{Sealer, Store, StoreError, Vault};

use crate::config::Config;
use crate::purchases::{open_store, sealer};

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
