//! What a carrier of a linked account is lent: the transport, and a keeper for settings that the carrier renews.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use waybill_core::{CallInfo, Error, Grant, Host, LogLevel, Outgoing, Response, Result};

use crate::records::Records;

/// Where settings go that a carrier renews.
#[derive(Clone)]
pub(crate) enum Keeper {
    /// Into the vault, in place of the account's own.
    Vault(Place),
    /// Aside, while the account is proven and not kept yet.
    Aside(Arc<Mutex<Map<String, Value>>>),
}

/// An account in the vault. It holds the store itself, so that a renewal is kept although the host that opened the account
/// was replaced meanwhile.
#[derive(Clone)]
pub(crate) struct Place {
    pub tenant: String,
    pub account: String,
    pub carrier: String,
    pub records: Arc<Records>,
}

impl Keeper {
    async fn keep(&self, grant: &Grant) -> Result<()> {
        let renewed = grant.settings.iter();
        let renewed = renewed.map(|(key, value)| (key.clone(), Value::String(value.expose().to_owned())));
        match self {
            Self::Aside(settings) => {
                settings.lock().unwrap_or_else(PoisonError::into_inner).extend(renewed);
                Ok(())
            }
            Self::Vault(Place { tenant, account, carrier, records }) => {
                let mut kept = records.kept(records.store().await?, tenant, account).await?;
                kept.settings.extend(renewed);
                records.keep(tenant, account, carrier, &kept).await
            }
        }
    }
}

/// The transport's host with a keeper.
pub(crate) struct Keeping {
    pub inner: Arc<dyn Host>,
    pub keeper: Keeper,
}

#[async_trait]
impl Host for Keeping {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        self.inner.send(call, outgoing).await
    }
    async fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.inner.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.inner.log(call, level, message);
    }
    async fn keep(&self, _: &CallInfo, grant: &Grant) -> Result<()> {
        // What the carrier renewed is worth the old credential: it is kept although the caller may stop waiting.
        let (keeper, grant) = (self.keeper.clone(), grant.clone());
        let kept = async move { keeper.keep(&grant).await };
        tokio::spawn(kept).await.unwrap_or_else(|_| Err(Error::unsupported("the host is ending")))
    }
}
