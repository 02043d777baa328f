//! The pool that all accounts share, and the host that it lends to carriers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tower::util::AndThenLayer;
use waybill_core::{CallInfo, Cx, Effect, Error, ErrorKind, Host, LogLevel, Outgoing, Response, Result};

use crate::breaker::Breaker;
use crate::lane::Lane;
use crate::spend::SpendDesk;

/// How the pool behaves.
#[derive(Debug, Clone)]
pub struct TransportSettings {
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest wait for the answer to one attempt of a read.
    pub read_timeout: Duration,
    /// Attempts of a read, the first one included.
    pub read_attempts: usize,
    /// Largest answer that is read into memory, in bytes.
    pub max_answer: usize,
    /// Extra root certificates in PEM, for a proxy that ends TLS. Certificates are always verified.
    pub extra_roots: Vec<Vec<u8>>,
}

impl Default for TransportSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(20),
            read_attempts: 3,
            max_answer: 64 << 20,
            extra_roots: Vec::new(),
        }
    }
}

/// One pool for all carriers and accounts.
pub struct Transport {
    pub(crate) settings: TransportSettings,
    pub(crate) reads: reqwest::Client,
    pub(crate) spends: reqwest::Client,
    breakers: RwLock<HashMap<String, Arc<Breaker>>>,
    desk: OnceLock<Arc<dyn SpendDesk>>,
    next_call: AtomicU64,
}

impl Transport {
    /// Makes the pool.
    pub fn new(settings: TransportSettings) -> Result<Arc<Self>> {
        // The cryptography below TLS, once for the process. One that the embedding program chose before stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let base = || {
            let mut builder = reqwest::Client::builder()
                .connect_timeout(settings.connect_timeout)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .user_agent(concat!("waybill/", env!("CARGO_PKG_VERSION")))
                .tcp_nodelay(true);
            for pem in &settings.extra_roots {
                let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| {
                    Error::new(
                        ErrorKind::Config,
                        format!("an extra root certificate cannot be read: {error}"),
                    )
                })?;
                builder = builder.tls_certs_merge(roots);
            }
            Ok::<_, Error>(builder)
        };
        let made = |client: reqwest::Result<reqwest::Client>| {
            client.map_err(|error| Error::new(ErrorKind::Internal, format!("no HTTP client: {error}")))
        };
        // As many as were busy at once are worth keeping: a shop that finds none pays for TCP and TLS anew.
        let reads =
            made(base()?.pool_max_idle_per_host(1024).pool_idle_timeout(Duration::from_secs(60)).build())?;
        // Money goes over a connection of its own that was opened for it: the HTTP library repeats a request only when a
        // pooled connection turns out to be dead, so a fresh one makes repetition impossible and "the idle connection
        // died" cannot leave an outcome unknown.
        // The send guard is looked at again when it stands.
        let in_time = AndThenLayer::new(crate::spend::if_in_time);
        let spends = made(base()?.http1_only().pool_max_idle_per_host(0).connector_layer(in_time).build())?;
        Ok(Arc::new(Self {
            settings,
            reads,
            spends,
            breakers: RwLock::default(),
            desk: OnceLock::new(),
            next_call: AtomicU64::new(1),
        }))
    }

    /// Puts the purchase engine's desk in place. Until then every `Spend` request is refused. Answers whether it was the
    /// first desk; a second one is not taken.
    pub fn set_desk(&self, desk: Arc<dyn SpendDesk>) -> bool {
        self.desk.set(desk).is_ok()
    }

    /// A context for one call on a lane.
    pub fn cx(self: &Arc<Self>, lane: &Arc<Lane>, operation: &str, deadline: Option<DateTime<Utc>>) -> Cx {
        let call = CallInfo {
            id: self.next_call.fetch_add(1, Ordering::Relaxed),
            operation: operation.to_owned(),
            account: lane.account.clone(),
            deadline,
            language: None,
        };
        Cx::new(call, self.lend(lane))
    }

    /// What a carrier on a lane is lent, for callers that make contexts themselves.
    pub fn lend(self: &Arc<Self>, lane: &Arc<Lane>) -> Arc<dyn Host> {
        Arc::new(LentHost { transport: self.clone(), lane: lane.clone() })
    }

    pub(crate) fn desk(&self) -> Option<&Arc<dyn SpendDesk>> {
        self.desk.get()
    }

    pub(crate) fn breaker(&self, host: &str) -> Arc<Breaker> {
        if let Some(found) = self.breakers.read().unwrap_or_else(PoisonError::into_inner).get(host) {
            return found.clone();
        }
        self.breakers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(host.to_owned())
            .or_default()
            .clone()
    }
}

/// What a carrier sees of the transport.
struct LentHost {
    transport: Arc<Transport>,
    lane: Arc<Lane>,
}

#[async_trait]
impl Host for LentHost {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        self.lane.check_host(outgoing.request.uri())?;
        match (outgoing.effect, outgoing.permit) {
            (Effect::Spend, Some(permit)) => {
                let (transport, lane) = (self.transport.clone(), self.lane.clone());
                crate::spend::send_once(transport, lane, call.clone(), permit, outgoing.request).await
            }
            (Effect::Spend, None) => Err(Error::new(
                ErrorKind::Internal,
                "a request that spends money came without a permit: nothing was sent",
            )),
            (effect, _) => {
                crate::exchange::send_with_retries(
                    &self.transport,
                    &self.lane,
                    call,
                    effect,
                    &outgoing.request,
                )
                .await
            }
        }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        let (account, operation, message) =
            (&call.account, &call.operation, self.lane.redactor.clean(message));
        match level {
            LogLevel::Debug => {
                tracing::debug!(target: "waybill::carrier", call = call.id, %account, %operation, "{message}")
            }
            LogLevel::Info => {
                tracing::info!(target: "waybill::carrier", call = call.id, %account, %operation, "{message}")
            }
            LogLevel::Warn => {
                tracing::warn!(target: "waybill::carrier", call = call.id, %account, %operation, "{message}")
            }
        }
    }
}
