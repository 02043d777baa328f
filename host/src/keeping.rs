//! What a carrier of a linked account is lent: the transport, and a keeper for settings that the carrier renews.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use waybill_core::{CallInfo, Error, Grant, Host, LogLevel, Outgoing, Response, Result};

use crate::tenants::Tenants;

/// Where renewed settings of one account go.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub tenant: String,
    pub account: String,
    pub tenants: Weak<Tenants>,
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
        let tenants = self.keeper.tenants.upgrade();
        let tenants = tenants.ok_or_else(|| Error::unsupported("the host is closing"))?;
        // What the carrier renewed is worth the old credential: it is kept although the caller may stop waiting.
        let (keeper, grant) = (self.keeper.clone(), grant.clone());
        let kept = async move { tenants.keep_renewed(&keeper.tenant, &keeper.account, &grant).await };
        tokio::spawn(kept).await.unwrap_or_else(|_| Err(Error::unsupported("the host is closing")))
    }
}
