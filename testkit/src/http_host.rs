//! A host with real sockets, for wiremock and the sandbox.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use waybill_core::{CallInfo, Error, ErrorKind, Host, LogLevel, Outgoing, Phase, Response, Result, Retry};

use crate::Books;
use crate::books::shared_books;

/// A host that sends real HTTP requests: no redirects, no retries, virtual clock. Cheap to clone; clones share their
/// books.
///
/// ```
/// # use waybill_testkit::HttpHost;
/// # use waybill_core::Effect;
/// let host = HttpHost::new();
/// let cx = host.cx("quote");
/// assert_eq!(cx.now(), host.now());
/// assert_eq!(host.sent(Effect::Read), 0);
/// ```
#[derive(Clone, Debug)]
pub struct HttpHost {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    books: Books,
    client: Result<reqwest::Client>,
}

shared_books!(HttpHost);

impl Default for HttpHost {
    fn default() -> Self {
        Self::new()
    }
}

impl HttpHost {
    /// A host whose requests time out after ten seconds.
    pub fn new() -> Self {
        Self::with_timeout(Duration::from_secs(10))
    }

    /// A host with another timeout.
    pub fn with_timeout(timeout: Duration) -> Self {
        // The cryptography below TLS, once for the process.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(timeout)
            .build()
            .map_err(|error| Error::new(ErrorKind::Internal, format!("no HTTP client: {error}")));
        Self { inner: Arc::new(Inner { books: Books::default(), client }) }
    }
}

impl Inner {
    async fn exchange(&self, request: waybill_core::Request) -> Result<Response> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let request = reqwest::Request::try_from(request)
            .map_err(|_| Error::new(ErrorKind::Internal, "the request has no URL that can be sent to"))?;
        let answer = client.execute(request).await.map_err(failed)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(answer.bytes().await.map_err(failed)?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

/// Only a connection that was never made proves that nothing was sent.
fn failed(error: reqwest::Error) -> Error {
    let (what, phase) = match () {
        () if error.is_connect() => ("the carrier cannot be reached", Phase::NotSent),
        () if error.is_builder() => ("the request cannot be built", Phase::NotSent),
        () if error.is_timeout() => ("the carrier did not answer in time", Phase::OutcomeUnknown),
        () => ("the connection broke before the answer was complete", Phase::OutcomeUnknown),
    };
    Error::new(ErrorKind::Unavailable, what).in_phase(phase).with_retry(Retry::Safe)
}

#[async_trait]
impl Host for Inner {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let place = self.books.admit(call, &outgoing)?;
        let outcome = self.exchange(outgoing.request).await;
        self.books.came_back(place, &outcome);
        outcome
    }
    async fn sleep(&self, duration: Duration) {
        self.books.advance(duration);
    }
    fn now(&self) -> DateTime<Utc> {
        self.books.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.books.log(call, level, message);
    }
}
