use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::connect_info::ConnectInfo;
use axum::extract::{Request as AxumRequest, State};
use axum::response::Response;
use futures_util::stream;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::auth::Tokens;
use crate::connection::{Cut, Loopback};
use crate::cx::Switches;
use crate::{
    Clock, Cx, Fault, Faults, Ledger, Personality, Reply, Request, Story, Trouble, carriers, control,
};

/// Largest body that is read; carriers take documents of up to 10 MB in base64.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// A running sandbox. Dropped, it stops; [`Sandbox::stop`] waits for answers under way.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// How a sandbox is to be started.
#[derive(Debug)]
pub struct Builder {
    port: u16,
    ledger: Option<PathBuf>,
    in_memory: bool,
    clock: Clock,
    seed: u64,
    token_seconds: Option<i64>,
}

pub(crate) struct Shared {
    pub(crate) personalities: Vec<Box<dyn Personality>>,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) tokens: Tokens,
    pub(crate) switches: Arc<Mutex<Switches>>,
    pub(crate) stats: Mutex<BTreeMap<String, u64>>,
    pub(crate) address: SocketAddr,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Builder {
    /// Listens on this port of 127.0.0.1; otherwise on any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps the ledger in a file, continued when it exists.
    pub fn ledger_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.ledger = Some(path.into());
        self
    }

    /// Keeps the ledger in memory only: it is lost with the process.
    pub fn in_memory_ledger(mut self) -> Self {
        self.in_memory = true;
        self
    }

    /// Runs by this clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Seed of the random faults.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Lifetime of every token, in place of each carrier's own.
    pub fn token_seconds(mut self, seconds: i64) -> Self {
        self.token_seconds = Some(seconds);
        self
    }

    /// Starts listening.
    ///
    /// # Errors
    /// When the port is taken, the ledger cannot be opened, or neither a ledger file nor
    /// [`Builder::in_memory_ledger`] was chosen.
    pub async fn start(self) -> io::Result<Sandbox> {
        let ledger = match (&self.ledger, self.in_memory) {
            (Some(path), false) => Ledger::open(path)?,
            (None, true) => Ledger::in_memory(),
            _ => {
                let text = "choose one: a ledger file, or a ledger in memory";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let address = listener.local_addr()?;
        let switches = Switches { token_seconds: self.token_seconds, ..Switches::default() };
        let shared = Arc::new(Shared {
            personalities: carriers::all(),
            ledger,
            clock: self.clock,
            faults: Faults::seeded(self.seed),
            tokens: Tokens::default(),
            switches: Arc::new(Mutex::new(switches)),
            stats: Mutex::default(),
            address,
        });
        let router = axum::Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<Cut>();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let served = axum::serve(Loopback(listener), service).with_graceful_shutdown(async {
                let _ = stopped.await;
            });
            if let Err(error) = served.await {
                tracing::error!(%error, "the sandbox ended");
            }
        });
        Ok(Sandbox { address, shared, stop: Some(stop), task })
    }
}

impl Sandbox {
    /// A sandbox to be: any free port, a running clock, no ledger chosen yet.
    pub fn builder() -> Builder {
        Builder {
            port: 0,
            ledger: None,
            in_memory: false,
            clock: Clock::default(),
            seed: 1,
            token_seconds: None,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, the root of the control API (`/_sandbox/`).
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A carrier's `base_url` for its configuration.
    pub fn base_url(&self, carrier: &str) -> String {
        format!("http://{}/{carrier}", self.address)
    }

    /// Ids of the simulated carriers.
    pub fn carriers(&self) -> Vec<&'static str> {
        self.shared.personalities.iter().map(|personality| personality.id()).collect()
    }

    /// The house account's credentials; `null` for a carrier that is not simulated.
    pub fn credentials(&self, carrier: &str) -> Value {
        self.credentials_of(carrier, 0)
    }

    /// An account's credentials: 0 the house's, 1 a seller's own and cheaper one, 2 one without discount.
    pub fn credentials_of(&self, carrier: &str, account: usize) -> Value {
        let personality = self.shared.personalities.iter().find(|personality| personality.id() == carrier);
        let found = personality.and_then(|found| Some(found.credentials(found.accounts().get(account)?)));
        found.unwrap_or(Value::Null)
    }

    /// What was sold.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// The switchboard of faults.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// The simulated clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// Makes a carrier's tokens invalid.
    pub fn expire_tokens(&self, carrier: &str) {
        self.shared.tokens.expire(carrier);
    }

    /// Switches a carrier's quirk on or off. Each personality documents its quirks.
    pub fn quirk(&self, carrier: &str, name: &str, on: bool) {
        self.shared.set_quirk(carrier, name, on);
    }

    /// Sets the story of a parcel by its tracking number.
    pub fn story(&self, number: &str, story: Story) {
        let mut switches = self.shared.switches.lock().unwrap_or_else(PoisonError::into_inner);
        switches.stories.insert(number.into(), story);
    }

    /// Number of requests per `carrier operation`, e.g. `ups buy`.
    pub fn stats(&self) -> BTreeMap<String, u64> {
        self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops listening and waits, five seconds at most, for the answers under way.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = tokio::time::timeout(Duration::from_secs(5), &mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: AxumRequest,
) -> Response {
    let mut response = match take(request).await {
        Some((first, request)) if first == "_sandbox" => control::answer(&shared, &request).into_response(),
        Some((first, request)) => match shared.personalities.iter().position(|found| found.id() == first) {
            Some(carrier) => carry(&shared, carrier, request, &cut).await,
            None => Reply::json(404, &json!({"error": "no such simulated carrier"})).into_response(),
        },
        None => {
            Reply::json(413, &json!({"error": "the body is too large or did not arrive"})).into_response()
        }
    };
    response.headers_mut().insert("x-waybill-sandbox", HeaderValue::from_static("simulation"));
    response
}

/// Reads a request and takes the first segment off its path.
async fn take(request: AxumRequest) -> Option<(String, Request)> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.ok()?;
    let path = parts.uri.path().trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    // Decoding "a=b" form pairs decodes a path as well once its plus signs are protected.
    let rest = format!("p={}", rest.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(rest.as_bytes()).next().map(|(_, value)| value.into_owned());
    let query =
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let path = format!("/{}", decoded.unwrap_or_default());
    Some((first.to_owned(), Request { method: parts.method, path, query, headers: parts.headers, body }))
}

/// One request to a carrier, with the faults drawn for it.
async fn carry(shared: &Arc<Shared>, carrier: usize, request: Request, cut: &Cut) -> Response {
    let personality = &shared.personalities[carrier];
    let operation = personality.operation(&request);
    shared.count(personality.id(), operation);
    let handles = if operation == "buy" { personality.handles(&request) } else { Vec::new() };
    shared.ledger.note_request(personality.id(), operation, &handles);
    let faults = shared.faults.draw(personality.id(), operation);
    for fault in &faults {
        tracing::debug!(carrier = personality.id(), operation, ?fault, "fault");
        shared.ledger.note_fault(personality.id(), &handles, fault);
        if matches!(fault, Fault::TooManyRequests { .. } | Fault::Quota { .. } | Fault::Unauthorized) {
            shared.ledger.note_unprocessed(personality.id(), &handles);
        }
        if let Some(response) = before(shared, carrier, &request, fault, cut).await {
            return response;
        }
    }
    let lag = faults.iter().find_map(|fault| match fault {
        Fault::LookupLag { ms } => Some(Duration::from_millis(*ms)),
        _ => None,
    });
    let reply = process(shared, carrier, &request, lag.unwrap_or_default());
    if reply.status == StatusCode::UNAUTHORIZED {
        shared.ledger.note_unprocessed(personality.id(), &handles);
    }
    if shared.ledger.settled().await.is_err() {
        cut.now();
        return Reply::json(500, &Value::Null).into_response();
    }
    after(shared, carrier, reply, &faults, cut)
}

fn process(shared: &Shared, carrier: usize, request: &Request, lag: Duration) -> Reply {
    let personality = &shared.personalities[carrier];
    let cx = Cx {
        carrier: personality.id(),
        ledger: shared.ledger.clone(),
        clock: shared.clock.clone(),
        tokens: shared.tokens.clone(),
        switches: Arc::clone(&shared.switches),
        lag,
        base_url: format!("http://{}/{}", shared.address, personality.id()),
    };
    personality.answer(&cx, request)
}

/// Faults that come before the request is processed; an answer means that it is not.
async fn before(
    shared: &Arc<Shared>,
    carrier: usize,
    request: &Request,
    fault: &Fault,
    cut: &Cut,
) -> Option<Response> {
    let trouble = |trouble| shared.personalities[carrier].trouble(trouble);
    let reply = match fault {
        Fault::Latency { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            return None;
        }
        Fault::TokensExpire => {
            shared.tokens.expire(shared.personalities[carrier].id());
            return None;
        }
        Fault::TooManyRequests { retry_after } => {
            let reply = trouble(Trouble::TooManyRequests);
            match retry_after {
                Some(seconds) => reply.with_header("retry-after", &seconds.to_string()),
                None => reply,
            }
        }
        Fault::Quota { .. } => trouble(Trouble::TooManyRequests),
        Fault::Unauthorized => trouble(Trouble::Unauthorized),
        Fault::ErrorBefore { status } => trouble(Trouble::Server(*status)),
        Fault::HtmlBefore { status } => Reply::html(*status),
        Fault::Redirect { status } => {
            let to =
                format!("http://{}/{}{}", shared.address, shared.personalities[carrier].id(), request.path);
            Reply::new(*status, "text/plain", "").with_header("location", &to)
        }
        Fault::ResetBefore => return Some(reset(cut)),
        Fault::Hang { ms } => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            return Some(reset(cut));
        }
        Fault::LateSale { ms } => {
            let (shared, request, wait) = (Arc::clone(shared), request.clone(), Duration::from_millis(*ms));
            tokio::spawn(async move {
                tokio::time::sleep(wait).await;
                process(&shared, carrier, &request, Duration::ZERO);
            });
            return Some(reset(cut));
        }
        _ => return None,
    };
    Some(reply.into_response())
}

/// Faults that spoil the answer to a processed request.
fn after(shared: &Shared, carrier: usize, mut reply: Reply, faults: &[Fault], cut: &Cut) -> Response {
    for fault in faults {
        match fault {
            Fault::ErrorAfter { status } => {
                reply = shared.personalities[carrier].trouble(Trouble::Server(*status))
            }
            Fault::HtmlAfter { status } => reply = Reply::html(*status),
            Fault::EmptyBody => reply.body = Bytes::new(),
            Fault::HalfBody => reply.body.truncate(reply.body.len() / 2),
            Fault::ResetAfter => return reset(cut),
            Fault::Truncated => return truncated(reply),
            _ => {}
        }
    }
    reply.into_response()
}

fn reset(cut: &Cut) -> Response {
    cut.now();
    Response::new(Body::empty())
}

/// Announces the whole body, sends half of it and fails.
fn truncated(reply: Reply) -> Response {
    let length = reply.body.len();
    let half = reply.body.slice(..length / 2);
    let mut response = reply.into_response();
    response.headers_mut().insert(http::header::CONTENT_LENGTH, HeaderValue::from(length));
    let rest = async {
        // Lets the first half reach the wire before the connection breaks.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    };
    let pieces = stream::StreamExt::chain(stream::iter([Ok(half)]), stream::once(rest));
    *response.body_mut() = Body::from_stream(pieces);
    response
}

impl Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        if self.status == StatusCode::NO_CONTENT {
            response.headers_mut().remove(http::header::CONTENT_TYPE);
        }
        response
    }
}

impl Shared {
    fn count(&self, carrier: &str, operation: &str) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        *stats.entry(format!("{carrier} {operation}")).or_default() += 1;
    }

    pub(crate) fn set_quirk(&self, carrier: &str, name: &str, on: bool) {
        let mut switches = self.switches.lock().unwrap_or_else(PoisonError::into_inner);
        let quirk = (carrier.to_owned(), name.to_owned());
        if on {
            switches.quirks.insert(quirk);
        } else {
            switches.quirks.remove(&quirk);
        }
    }
}
