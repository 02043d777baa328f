//! A sandbox of one's own: a server on loopback that answers as a carrier's fixtures do.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request as Incoming;
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use url::Url;
use waybill_core::{Error, ErrorKind, Response};

use crate::fixtures::Fixtures;
use crate::{At, Exchange, Fault, Folder, ScriptedHost, Unmatched, sample_handle};

/// Largest request that is read, in bytes.
const MAX_REQUEST: usize = 32 << 20;

/// A server on loopback that answers over HTTP from exchanges, with faults on demand. It ends when it is dropped.
///
/// It is for tests with real sockets, and for trying a carrier before there are credentials. It sells nothing, and what it
/// answers proves nothing about the carrier.
///
/// ```
/// use waybill_core::{CarrierPlugin, RateRequest};
/// use waybill_hello::{Config, Hello};
/// use waybill_testkit::{At, Fault, HttpHost, SandboxServer, sample_shipment};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let hello = concat!(env!("CARGO_MANIFEST_DIR"), "/../carriers/hello");
/// let server = SandboxServer::builder().fixtures(hello).scenario("rate_domestic").start().await?;
/// let settings = serde_json::json!({ "client_id": "hello-client", "client_secret": "hello-secret-4711",
///     "account_number": "10020030", "base_url": server.url() });
/// let carrier = Hello::open(serde_json::from_value::<Config>(settings)?)?;
/// let quote = carrier.rate_quote().ok_or("no rates")?;
///
/// let (host, request) = (HttpHost::new(), RateRequest::new(sample_shipment("us_domestic").ok_or("no sample")?));
/// let reply = quote.quote(&host.cx("quote"), &request).await?;
/// assert_eq!(reply.rates[0].payable().map(|price| price.total.to_string()).as_deref(), Some("7.90 USD"));
///
/// server.inject(At::All, Fault::RateLimited(30));
/// let refused = quote.quote(&host.cx("quote"), &request).await.unwrap_err();
/// assert!(matches!(refused.kind, waybill_core::ErrorKind::RateLimited { .. }), "{refused}");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SandboxServer {
    host: ScriptedHost,
    url: Url,
    task: AbortHandle,
}

/// How a [`SandboxServer`] is to be started.
#[derive(Debug, Default)]
pub struct SandboxBuilder {
    folder: Option<PathBuf>,
    scenarios: Vec<String>,
    exchanges: Vec<Exchange>,
    faults: Vec<(At, Fault)>,
    port: u16,
    delay: Duration,
    loosely: bool,
}

impl SandboxServer {
    /// A server without answers, on any free port.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }
    /// Where it listens: the account's `base_url`.
    pub fn url(&self) -> &Url {
        &self.url
    }
    /// Adds a fault. A connection that is to fail is broken in the middle of the answer.
    pub fn inject(&self, at: At, fault: Fault) {
        self.host.inject(at, fault);
    }
    /// Requests that no exchange expected; they were answered with 501 and the reason.
    pub fn unmatched(&self) -> Vec<Unmatched> {
        self.host.unmatched()
    }
    /// How many requests came.
    pub fn requests(&self) -> usize {
        self.host.matched().len()
    }
}

impl Drop for SandboxServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SandboxBuilder {
    /// Takes scenarios from the folder `fixtures` of a crate, and the exchanges of its `common.json`.
    pub fn fixtures(mut self, manifest_dir: impl AsRef<Path>) -> Self {
        self.folder = Some(manifest_dir.as_ref().join("fixtures"));
        self
    }
    /// Answers as a scenario of the fixtures does: `rate_domestic`. The first one that fits a request wins.
    pub fn scenario(mut self, name: impl Into<String>) -> Self {
        self.scenarios.push(name.into());
        self
    }
    /// Answers one more request.
    pub fn exchange(mut self, exchange: Exchange) -> Self {
        self.exchanges.push(exchange);
        self
    }
    /// Fits requests by method and path only, whatever else they hold: for trying things by hand.
    pub fn loosely(mut self) -> Self {
        self.loosely = true;
        self
    }
    /// Strikes requests, counted from 0 over all connections, with a fault.
    pub fn fault(mut self, at: At, fault: Fault) -> Self {
        self.faults.push((at, fault));
        self
    }
    /// Waits before each answer.
    pub fn answer_after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
    /// Listens on this port of 127.0.0.1.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Starts it, on the runtime that is around.
    ///
    /// # Errors
    /// When a scenario is not among the fixtures, when the folder has mistakes, and when the port is taken.
    pub async fn start(self) -> io::Result<SandboxServer> {
        let (port, delay, faults) = (self.port, self.delay, self.faults.clone());
        let folder = self.folder.clone().unwrap_or_default();
        let exchanges = self.all_exchanges()?;
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let url = Url::parse(&url).map_err(|error| io::Error::other(error.to_string()))?;
        let mut folder = Folder::new(folder);
        folder.values.insert("handle".to_owned(), sample_handle().short());
        folder.values.insert("handle_uuid".to_owned(), sample_handle().uuid());
        let host = ScriptedHost::with_folder(&url, exchanges, folder);
        for (at, fault) in faults {
            host.inject(at, fault);
        }
        let answering = host.clone();
        let router = axum::Router::new().fallback(move |request| answer(answering.clone(), delay, request));
        let task = tokio::spawn(async move {
            // It ends only with the listener, and then nobody listens to the reason.
            let _ = axum::serve(listener, router).await;
        });
        Ok(SandboxServer { host, url, task: task.abort_handle() })
    }

    fn all_exchanges(self) -> io::Result<Vec<Exchange>> {
        let wrong = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
        let mut exchanges = self.exchanges;
        if let Some(folder) = &self.folder {
            let fixtures = Fixtures::load(folder);
            for name in &self.scenarios {
                let scenario = fixtures.scenarios.get(name).ok_or_else(|| {
                    let problems = fixtures.problems.join("; ");
                    wrong(format!("{} holds no scenario `{name}` {problems}", folder.display()))
                })?;
                exchanges.extend(scenario.exchanges.iter().cloned());
            }
            exchanges.extend(fixtures.common);
        } else if let Some(name) = self.scenarios.first() {
            return Err(wrong(format!("scenario `{name}` needs a folder: call `fixtures` with the crate's")));
        }
        if self.loosely {
            for exchange in &mut exchanges {
                let request = &mut exchange.request;
                request.query.clear();
                request.headers.clear();
                request.form.clear();
                request.body = None;
            }
        }
        Ok(exchanges)
    }
}

async fn answer(host: ScriptedHost, delay: Duration, request: Incoming) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match to_bytes(body, MAX_REQUEST).await {
        Ok(body) => host.answer(&http::Request::from_parts(parts, body)),
        Err(error) => Err(Error::new(ErrorKind::Internal, format!("the request cannot be read: {error}"))),
    };
    tokio::time::sleep(delay).await;
    match outcome {
        Ok(response) => response.map(Body::from),
        Err(error) if error.kind == ErrorKind::Unavailable => {
            // A body that breaks off takes the connection with it.
            let broken = stream::once(async move { Err::<bytes::Bytes, _>(io::Error::other(error.message)) });
            http::Response::new(Body::from_stream(broken))
        }
        Err(error) => unexpected(&error).map(Body::from),
    }
}

/// Says to whoever develops a carrier what was expected.
fn unexpected(error: &Error) -> Response {
    let body = serde_json::json!({ "sandbox": error.message }).to_string();
    let response = http::Response::builder().status(501).header("content-type", "application/json");
    response.body(body.into()).unwrap_or_default()
}
