//! What a carrier may touch of the outside world, and nothing else.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::permit::PermitId;
use crate::{Error, ErrorKind, Grant, Result, SpendPermit};

/// An HTTP request with its whole body.
pub type Request = http::Request<Bytes>;
/// An HTTP answer with its whole body.
pub type Response = http::Response<Bytes>;

/// What a request does at the carrier. It decides what the host may do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing: may be retried, coalesced, cached.
    Read,
    /// Changes something, and doing it twice is doing it once by the carrier's documentation (a void): may be retried
    /// when it was certainly not processed.
    Change,
    /// Spends money or makes something that cannot be made twice: sent at most once.
    Spend,
}

/// A request on its way to the host.
#[derive(Debug)]
pub struct Outgoing {
    /// The request.
    pub request: Request,
    /// What it does.
    pub effect: Effect,
    /// The right to spend; present exactly when `effect` is `Spend`.
    pub permit: Option<PermitId>,
}

/// What a call is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallInfo {
    /// Unique in the host's process; in every log line of the call.
    pub id: u64,
    /// Name of the operation, such as `quote`.
    pub operation: String,
    /// The account that is asked, by the host's name for it.
    pub account: String,
    /// When the caller stops waiting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<DateTime<Utc>>,
    /// Language for texts of the carrier, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// How loud a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the developer of the carrier.
    Debug,
    /// For the operator.
    Info,
    /// Something is odd and the call goes on.
    Warn,
}

/// What a host lends to a carrier. Hosts implement it; carriers use [`Cx`].
#[async_trait]
pub trait Host: Send + Sync {
    /// Sends a request. Errors carry the phase: whether a byte may have reached the carrier. Any HTTP status is `Ok`.
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response>;
    /// Waits.
    async fn sleep(&self, duration: Duration);
    /// The time.
    fn now(&self) -> DateTime<Utc>;
    /// Writes a log line.
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str);
    /// Seals settings that the carrier renewed, in place of the account's own. A host that cannot says so, and the
    /// renewed settings live as long as the opened account.
    async fn keep(&self, call: &CallInfo, grant: &Grant) -> Result<()> {
        let _ = (call, grant);
        Err(Error::unsupported("this host keeps no renewed settings"))
    }
}

/// The context of one call. Cheap to clone.
#[derive(Clone)]
pub struct Cx {
    call: Arc<CallInfo>,
    host: Arc<dyn Host>,
}

impl Cx {
    /// A context for one call.
    pub fn new(call: CallInfo, host: Arc<dyn Host>) -> Self {
        Self { call: Arc::new(call), host }
    }

    /// Sends a request that changes nothing.
    pub async fn read(&self, request: Request) -> Result<Response> {
        self.send(request, Effect::Read, None).await
    }

    /// Sends a request that may be repeated without harm by the carrier's documentation.
    pub async fn change(&self, request: Request) -> Result<Response> {
        self.send(request, Effect::Change, None).await
    }

    /// Sends a request that spends money, once.
    pub async fn spend(&self, permit: SpendPermit, request: Request) -> Result<Response> {
        self.send(request, Effect::Spend, Some(permit.into_id())).await
    }

    async fn send(&self, request: Request, effect: Effect, permit: Option<PermitId>) -> Result<Response> {
        self.host.send(&self.call, Outgoing { request, effect, permit }).await
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        self.host.now()
    }

    /// Waits, at most until the deadline; an error when the deadline comes first.
    pub async fn sleep(&self, duration: Duration) -> Result<()> {
        if self.remaining().is_some_and(|left| left < duration) {
            return Err(Error::new(ErrorKind::Unavailable, "the deadline would pass while waiting")
                .with_retry(crate::Retry::Safe));
        }
        self.host.sleep(duration).await;
        Ok(())
    }

    /// Time left until the caller stops waiting; `None` when there is no deadline.
    pub fn remaining(&self) -> Option<Duration> {
        let left = self.call.deadline? - self.now();
        Some(left.to_std().unwrap_or_default())
    }

    /// What the call is for.
    pub fn call(&self) -> &CallInfo {
        &self.call
    }

    /// Writes a line to the host's log. No secrets, no personal data.
    pub fn log(&self, level: LogLevel, message: impl fmt::Display) {
        self.host.log(&self.call, level, &message.to_string());
    }

    /// Hands renewed settings of the account to the host, before they are used: a carrier that gives a new refresh token
    /// with each access token does not take the old one again.
    pub async fn keep(&self, grant: &Grant) -> Result<()> {
        self.host.keep(&self.call, grant).await
    }

    /// The host behind this context.
    #[doc(hidden)]
    pub fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx").field("call", &self.call).finish_non_exhaustive()
    }
}
