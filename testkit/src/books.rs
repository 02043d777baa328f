//! What both hosts keep: permits, the clock, the list of requests, the log.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, Uri};
use waybill_core::{
    CallInfo, Effect, Error, ErrorKind, LogLevel, Outgoing, PermitId, Response, Result, SpendPermit,
};

/// Where the clock of a test host stands at first: Monday 2026-11-23, 15:00 UTC.
pub fn standard_now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_446_000, 0).unwrap_or_default()
}

/// A request that a carrier sent, with what came back.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The operation that it was sent for.
    pub operation: String,
    /// What the carrier said that it does.
    pub effect: Effect,
    /// Method.
    pub method: Method,
    /// Target.
    pub uri: Uri,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// What came back: the answer, or how the connection failed. `None` while it is under way.
    pub outcome: Option<Result<Response>>,
}

impl Sent {
    /// The body as JSON, for assertions; `Null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A line that a carrier logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// The operation.
    pub operation: String,
    /// How loud.
    pub level: LogLevel,
    /// The text.
    pub message: String,
}

#[derive(Debug, Default)]
struct Pages {
    /// Calls and permits so far: numbers begin anew with each host, so that equal runs send equal requests.
    issued: u64,
    now: DateTime<Utc>,
    open: HashSet<PermitId>,
    sent: Vec<Sent>,
    log: Vec<LogLine>,
}

/// The books of a test host: permits, clock, requests, log. Share them to look at two hosts at once.
#[derive(Debug, Clone)]
pub struct Books {
    pages: Arc<Mutex<Pages>>,
}

impl Default for Books {
    fn default() -> Self {
        Self { pages: Arc::new(Mutex::new(Pages { now: standard_now(), ..Pages::default() })) }
    }
}

impl Books {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        let mut pages = self.pages();
        pages.issued += 1;
        pages.issued
    }

    /// What a call is for, with a number of its own.
    pub fn call(&self, operation: &str, within: Option<Duration>) -> CallInfo {
        let deadline = within.and_then(|left| {
            self.now().checked_add_signed(chrono::Duration::from_std(left).unwrap_or_default())
        });
        CallInfo {
            id: self.number(),
            operation: operation.to_owned(),
            account: "test".to_owned(),
            deadline,
            language: None,
        }
    }

    /// Issues a permit for one `Spend` request.
    pub fn permit(&self) -> SpendPermit {
        let id = PermitId(format!("permit-{}", self.number()));
        self.pages().open.insert(id.clone());
        SpendPermit::issue(id)
    }

    /// Checks effect and permit, strikes the permit off and writes the request down. Returns its place in the list.
    pub fn admit(&self, call: &CallInfo, outgoing: &Outgoing) -> Result<usize> {
        let mut pages = self.pages();
        let refuse = |why: &str| Err(Error::new(ErrorKind::Internal, format!("nothing was sent: {why}")));
        match (&outgoing.permit, outgoing.effect) {
            (None, Effect::Spend) => return refuse("a request that spends money came without a permit"),
            (Some(_), Effect::Read | Effect::Change) => {
                return refuse("a permit came with a request that does not spend money");
            }
            (Some(permit), Effect::Spend) if !pages.open.remove(permit) => {
                return refuse("the permit is unknown or was used before");
            }
            _ => {}
        }
        let request = &outgoing.request;
        pages.sent.push(Sent {
            operation: call.operation.clone(),
            effect: outgoing.effect,
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            body: request.body().clone(),
            outcome: None,
        });
        Ok(pages.sent.len() - 1)
    }

    /// Writes down what came back for the request at a place.
    pub fn came_back(&self, place: usize, outcome: &Result<Response>) {
        let copy = match outcome {
            Ok(response) => {
                let mut copy = Response::new(response.body().clone());
                *copy.status_mut() = response.status();
                *copy.headers_mut() = response.headers().clone();
                Ok(copy)
            }
            Err(error) => Err(error.clone()),
        };
        if let Some(sent) = self.pages().sent.get_mut(place) {
            sent.outcome = Some(copy);
        }
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Sent> {
        self.pages().sent.clone()
    }
    /// How many requests of an effect were sent.
    pub fn sent(&self, effect: Effect) -> usize {
        self.pages().sent.iter().filter(|sent| sent.effect == effect).count()
    }
    /// Every log line so far, oldest first.
    pub fn log_lines(&self) -> Vec<LogLine> {
        self.pages().log.clone()
    }
    /// Writes a log line.
    pub fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        let line = LogLine { operation: call.operation.clone(), level, message: message.to_owned() };
        self.pages().log.push(line);
    }
    /// Where the clock stands.
    pub fn now(&self) -> DateTime<Utc> {
        self.pages().now
    }
    /// Sets the clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.pages().now = now;
    }
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let mut pages = self.pages();
        let by = chrono::Duration::from_std(by).unwrap_or_default();
        pages.now = pages.now.checked_add_signed(by).unwrap_or(pages.now);
    }
}

/// Gives a host the methods that both hosts share.
macro_rules! shared_books {
    ($host:ty) => {
        impl $host {
            /// The books: permits, clock, requests, log.
            pub fn books(&self) -> &$crate::Books {
                &self.inner.books
            }
            /// A context for one call of an operation.
            pub fn cx(&self, operation: &str) -> waybill_core::Cx {
                waybill_core::Cx::new(self.inner.books.call(operation, None), self.inner.clone())
            }
            /// A context with a deadline on the host's clock.
            pub fn cx_within(&self, operation: &str, left: std::time::Duration) -> waybill_core::Cx {
                waybill_core::Cx::new(self.inner.books.call(operation, Some(left)), self.inner.clone())
            }
            /// The host itself, for a context made by hand.
            pub fn host(&self) -> std::sync::Arc<dyn waybill_core::Host> {
                self.inner.clone()
            }
            /// A permit for one `Spend` request.
            pub fn permit(&self) -> waybill_core::SpendPermit {
                self.inner.books.permit()
            }
            /// How many requests of an effect were sent.
            pub fn sent(&self, effect: waybill_core::Effect) -> usize {
                self.inner.books.sent(effect)
            }
            /// Every request so far, oldest first.
            pub fn requests(&self) -> Vec<$crate::Sent> {
                self.inner.books.requests()
            }
            /// Every log line so far, oldest first.
            pub fn log_lines(&self) -> Vec<$crate::LogLine> {
                self.inner.books.log_lines()
            }
            /// Where the clock stands.
            pub fn now(&self) -> chrono::DateTime<chrono::Utc> {
                self.inner.books.now()
            }
            /// Sets the clock.
            pub fn set_now(&self, now: chrono::DateTime<chrono::Utc>) {
                self.inner.books.set_now(now);
            }
            /// Moves the clock on.
            pub fn advance(&self, by: std::time::Duration) {
                self.inner.books.advance(by);
            }
        }
    };
}
pub(crate) use shared_books;

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(effect: Effect, permit: Option<PermitId>) -> Outgoing {
        Outgoing { request: http::Request::new(Bytes::new()), effect, permit }
    }

    #[test]
    fn the_clock_starts_on_a_monday() {
        assert_eq!(standard_now().to_rfc3339(), "2026-11-23T15:00:00+00:00");
    }

    #[test]
    fn a_permit_is_struck_off_and_goes_with_spend_only() {
        let books = Books::default();
        let call = books.call("buy", None);
        let permit = books.permit().into_id();
        assert!(books.admit(&call, &outgoing(Effect::Spend, None)).is_err());
        assert!(books.admit(&call, &outgoing(Effect::Read, Some(permit.clone()))).is_err());
        assert!(books.admit(&call, &outgoing(Effect::Spend, Some(permit.clone()))).is_ok());
        assert!(books.admit(&call, &outgoing(Effect::Spend, Some(permit))).is_err());
        let made_up = Some(PermitId("permit-made-up".into()));
        assert!(books.admit(&call, &outgoing(Effect::Spend, made_up)).is_err());
        assert_eq!(books.requests().len(), 1);
    }
}
