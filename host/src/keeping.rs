//! What a carrier of a linked account is lent: the transport, and a keeper for settings that the carrier renews.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::Value;
use waybill_core::{CallInfo, Error, Grant, Host, LogLevel, Outgoing, Response, Result};

use crate::records::Records;

/// Where renewed settings of one account go. It holds the store itself, so that a renewal is kept although the host that
/// opened the account was replaced meanwhile.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub tenant: String,
    pub account: String,
    pub carrier: String,
    pub records: Arc<Records>,
}

impl Keeper {
    /// Puts what the carrier renewed in place of the account's own, sealed.
    async fn keep(&self, grant: &Grant) -> Result<()> {
        let store = self.records.store().await?;
        let mut kept = self.records.kept(store, &self.tenant, &self.account).await?;
        for (key, value) in &grant.settings {
            kept.settings.insert(key.clone(), Value::String(value.expose().to_owned()));
        }
        self.records.keep(&self.tenant, &self.account, &self.carrier, &kept).await
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
