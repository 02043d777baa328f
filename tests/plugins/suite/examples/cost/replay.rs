//! The sandbox's answers, recorded at the first asking and replayed from memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::request::Parts;
use waybill_core::{
    CallInfo, Cx, Effect, Error, ErrorKind, Host, LogLevel, Outgoing, PermitId, Response, Result, SpendPermit,
};
use waybill_testkit::HttpHost;

/// Answers by method and path, and by the body where one path answers several questions.
#[derive(Clone)]
pub struct Tape {
    answers: Arc<Mutex<HashMap<String, Response>>>,
    real: HttpHost,
}

fn copy(response: &Response) -> Response {
    let mut copy = Response::new(response.body().clone());
    *copy.status_mut() = response.status();
    *copy.headers_mut() = response.headers().clone();
    copy
}

impl Tape {
    /// An empty tape whose clock stands at the sandbox's time.
    pub fn new() -> Self {
        let real = HttpHost::new();
        real.set_now(Utc::now());
        Self { answers: Arc::default(), real }
    }

    fn find(&self, place: &str, body: &[u8]) -> Option<Response> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = format!("{place} {}", String::from_utf8_lossy(body));
        answers.get(&exact).or_else(|| answers.get(place)).map(copy)
    }

    fn keep(&self, place: &str, body: &[u8], response: &Response) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(format!("{place} {}", String::from_utf8_lossy(body)), copy(response));
        answers.insert(place.to_owned(), copy(response));
    }

    /// A context whose requests are answered from the tape.
    pub fn cx(&self, operation: &str) -> Cx {
        let call = CallInfo {
            id: 1,
            operation: operation.to_owned(),
            account: "house".to_owned(),
            deadline: None,
            language: None,
        };
        Cx::new(call, Arc::new(self.clone()))
    }

    pub fn permit(&self) -> SpendPermit {
        SpendPermit::issue(PermitId("measured".to_owned()))
    }

    /// Serves the tape on loopback, on a thread of its own, each answer after a time. Gives the address.
    pub fn serve(&self, delay: Duration) -> std::io::Result<String> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = format!("http://{}", listener.local_addr()?);
        let tape = self.clone();
        let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
            let tape = tape.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 24).await.unwrap_or_default();
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                tape.answer(&parts, &body)
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            runtime.block_on(async {
                let served =
                    async { axum::serve(tokio::net::TcpListener::from_std(listener)?, router).await };
                if let Err(error) = served.await {
                    eprintln!("the replaying server ended: {error}");
                }
            });
        });
        Ok(address)
    }

    fn answer(&self, parts: &Parts, body: &Bytes) -> http::Response<Body> {
        let found = self.find(&format!("{} {}", parts.method, parts.uri.path()), body);
        let missing = || http::Response::builder().status(501).body(Bytes::new()).unwrap_or_default();
        found.unwrap_or_else(missing).map(Body::from)
    }
}

#[async_trait]
impl Host for Tape {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let request = &outgoing.request;
        let place = format!("{} {}", request.method(), request.uri().path());
        if let Some(answer) = self.find(&place, request.body()) {
            return Ok(answer);
        }
        // The real permit stays with the tape's own: each purchase is sent to the sandbox once.
        let (body, effect) = (request.body().clone(), outgoing.effect);
        let cx = self.real.cx("record");
        let response = match effect {
            Effect::Read => cx.read(outgoing.request).await?,
            Effect::Change => cx.change(outgoing.request).await?,
            Effect::Spend => cx.spend(self.real.permit(), outgoing.request).await?,
        };
        if response.status().is_server_error() {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the sandbox answers {place} with {}", response.status()),
            ));
        }
        self.keep(&place, &body, &response);
        Ok(response)
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        self.real.now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}
