//! A host without sockets: it answers from exchanges.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use url::Url;
use waybill_core::{CallInfo, Effect, Error, ErrorKind, Host, LogLevel, Outgoing, Request, Response, Result};

use crate::books::shared_books;
use crate::{At, Books, Exchange, ExpectedRequest, Fault, Folder};

/// A host that answers from exchanges, with faults on demand. Cheap to clone; clones share everything.
///
/// ```
/// # futures_executor_lite::block_on(async {
/// use waybill_core::{Effect, wire};
/// use waybill_testkit::{At, Fault, ScriptedHost};
///
/// let exchanges = serde_json::from_str(r#"[
///     { "request": { "method": "GET", "path": "/track/*" }, "response": { "json": { "status": "DELIVERED" } } }
/// ]"#)?;
/// let base = "https://carrier.test/root".parse()?;
/// let host = ScriptedHost::new(&base, exchanges);
/// let cx = host.cx("track");
/// let ask = || wire::request(http::Method::GET, &wire::endpoint(&base, "/track/1"));
///
/// assert_eq!(cx.read(ask()?).await?.status(), 200);
/// host.inject(At::Request(1), Fault::RateLimited(7));
/// assert_eq!(cx.read(ask()?).await?.status(), 429);
/// assert_eq!(host.sent(Effect::Read), 2);
/// assert!(host.unmatched().is_empty() && host.unused().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// # mod futures_executor_lite { pub use waybill_testkit::block_on; }
/// ```
#[derive(Clone, Debug)]
pub struct ScriptedHost {
    inner: Arc<Inner>,
}

/// A request that no exchange expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmatched {
    /// Method and path.
    pub request: String,
    /// Why the nearest exchange does not fit.
    pub nearest: String,
}

#[derive(Debug)]
struct Inner {
    books: Books,
    base: Url,
    exchanges: Arc<[Prepared]>,
    script: Mutex<Script>,
}

#[derive(Debug, Default)]
struct Script {
    used: Vec<usize>,
    faults: Vec<(At, Fault)>,
    struck: Vec<(usize, usize)>,
    seen: usize,
    matched: Vec<Option<usize>>,
    unmatched: Vec<Unmatched>,
    broken: BTreeSet<String>,
}

/// An exchange with its placeholders filled in and its answer built; or what is wrong with it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) request: Result<ExpectedRequest, String>,
    path: String,
    pub(crate) response: Result<Response, String>,
    optional: bool,
    times: Option<usize>,
}

/// Reads files and fills placeholders in, once for any number of hosts.
pub(crate) fn prepare(base: &Url, exchanges: Vec<Exchange>, mut folder: Folder) -> Arc<[Prepared]> {
    folder.values.insert("base_url".to_owned(), base.as_str().trim_end_matches('/').to_owned());
    let one = |exchange: Exchange| Prepared {
        request: filled(&exchange.request, &folder),
        response: exchange.response.build(&folder),
        path: exchange.request.path,
        optional: exchange.optional,
        times: exchange.times,
    };
    exchanges.into_iter().map(one).collect()
}

shared_books!(ScriptedHost);

impl ScriptedHost {
    /// Answers requests below `base` from exchanges without files.
    pub fn new(base: &Url, exchanges: Vec<Exchange>) -> Self {
        Self::with_folder(base, exchanges, Folder::default())
    }

    /// The same with files and placeholders.
    pub fn with_folder(base: &Url, exchanges: Vec<Exchange>, folder: Folder) -> Self {
        Self::playing(base, prepare(base, exchanges, folder))
    }

    /// The same with exchanges whose files were read beforehand.
    pub(crate) fn playing(base: &Url, exchanges: Arc<[Prepared]>) -> Self {
        let script = Script { used: vec![0; exchanges.len()], ..Script::default() };
        let books = Books::default();
        Self { inner: Arc::new(Inner { books, base: base.clone(), exchanges, script: Mutex::new(script) }) }
    }

    #[cfg(feature = "http-host")]
    /// What is answered to a request that came over a socket, whose effect nobody knows.
    pub(crate) fn answer(&self, request: &Request) -> Result<Response> {
        self.inner.answer(request, Effect::Read)
    }

    /// Adds a fault. When several strike one request, the first added wins.
    pub fn inject(&self, at: At, fault: Fault) -> &Self {
        self.inner.script().faults.push((at, fault));
        self
    }

    /// Requests that no exchange expected.
    pub fn unmatched(&self) -> Vec<Unmatched> {
        self.inner.script().unmatched.clone()
    }

    /// Exchanges that were never asked and are not optional, by place.
    pub fn unused(&self) -> Vec<usize> {
        let script = self.inner.script();
        let exchanges = &self.inner.exchanges;
        let idle = |at: &usize| script.used[*at] == 0 && !exchanges[*at].optional;
        (0..exchanges.len()).filter(idle).collect()
    }

    /// Which exchange answered each request, in the order of the requests.
    pub fn matched(&self) -> Vec<Option<usize>> {
        self.inner.script().matched.clone()
    }

    /// Whether any fault changed an answer.
    pub fn fault_struck(&self) -> bool {
        !self.inner.script().struck.is_empty()
    }

    /// Mistakes in the exchanges themselves: files that are not there, placeholders that nobody knows.
    pub fn broken(&self) -> Vec<String> {
        self.inner.script().broken.iter().cloned().collect()
    }
}

impl Inner {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The path below the base URL, or the whole path at another host.
    fn path_of<'a>(&self, request: &'a Request) -> Result<&'a str, String> {
        let path = request.uri().path();
        // A request that came over a socket names its host in a header, not in its target.
        if request.uri().host().is_some_and(|host| self.base.host_str() != Some(host)) {
            return Ok(path);
        }
        let root = self.base.path().trim_end_matches('/');
        match path.strip_prefix(root) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => Ok(rest),
            _ => Err(format!("the path `{path}` drops the path of the base URL, `{root}`")),
        }
    }

    fn answer(&self, request: &Request, effect: Effect) -> Result<Response> {
        let path = self.path_of(request);
        let mut script = self.script();
        let number = script.seen;
        script.seen += 1;
        let fault = script.faults.iter().position(|(at, _)| at.strikes(number, effect));
        let found = path.and_then(|path| script.find(&self.exchanges, request, path));
        let at = match found {
            Ok(at) => at,
            Err(nearest) => {
                let request = format!("{} {}", request.method(), request.uri().path());
                let message = format!("{request} is not in the script: {nearest}");
                script.unmatched.push(Unmatched { request, nearest });
                script.matched.push(None);
                return Err(Error::new(ErrorKind::Internal, message));
            }
        };
        script.matched.push(Some(at));
        let fault = fault.map(|place| (place, script.faults[place].1.clone()));
        // A connection that is never made leaves the exchange for the next try.
        if !matches!(fault, Some((_, Fault::Connect))) {
            script.used[at] += 1;
        }
        let response = match &self.exchanges[at].response {
            Ok(response) => response.clone(),
            Err(why) => {
                let why = format!("exchange {at}: {why}");
                script.broken.insert(why.clone());
                return Err(Error::new(ErrorKind::Internal, why));
            }
        };
        if let Some((place, changed)) =
            fault.and_then(|(place, fault)| Some((place, fault.apply(&response)?)))
        {
            script.struck.push((number, place));
            return changed;
        }
        Ok(response)
    }
}

impl Script {
    /// The first unused exchange that fits, else the last one that fits and may answer again.
    fn find(&self, exchanges: &[Prepared], request: &Request, path: &str) -> Result<usize, String> {
        let (mut again, mut nearest) = (None, None::<(usize, String)>);
        for (at, exchange) in exchanges.iter().enumerate() {
            let why = match &exchange.request {
                Ok(expected) => expected.difference(request, path),
                Err(why) => Some(why.clone()),
            };
            if let Some(why) = why {
                let near = crate::json::glob(&exchange.path, path);
                if nearest.is_none() || near {
                    nearest = Some((at, why));
                }
                continue;
            }
            if self.used[at] < exchange.times.unwrap_or(1) {
                return Ok(at);
            }
            if exchange.times.is_none() {
                again = Some(at);
            }
        }
        again.ok_or_else(|| match nearest {
            Some((at, why)) => format!("nearest is exchange {at}: {why}"),
            None => "no exchange is left for it".to_owned(),
        })
    }
}

fn filled(expected: &ExpectedRequest, folder: &Folder) -> Result<ExpectedRequest, String> {
    let json = serde_json::to_value(expected).map_err(|error| error.to_string())?;
    serde_json::from_value(folder.fill_json(&json)?).map_err(|error| error.to_string())
}

/// Lets other futures of the same task go on, as a network would.
struct Yield(bool);

impl Future for Yield {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[async_trait]
impl Host for Inner {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let place = self.books.admit(call, &outgoing)?;
        Yield(false).await;
        let outcome = self.answer(&outgoing.request, outgoing.effect);
        self.books.came_back(place, &outcome);
        outcome
    }
    async fn sleep(&self, duration: Duration) {
        self.books.advance(duration);
        Yield(false).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.books.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.books.log(call, level, message);
    }
}
