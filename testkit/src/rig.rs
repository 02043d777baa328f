//! Foreign bytes for every operation of a carrier: what fuzz targets, mutation tests and benchmarks are made of.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use url::Url;
use waybill_core::operation::{ALL, Packed, dispatch};
use waybill_core::{
    CallInfo, Carrier, CarrierPlugin, Cx, Effect, Error, ErrorKind, Host, LogLevel, Outgoing, PermitId,
    Phase, Purchase, RateReply, Request, Response, Result, SpendPermit,
};

use crate::mode::Direct;
use crate::scripted::{Prepared, prepare};
use crate::suite::Suite;
use crate::{Folder, Sent, block_on, standard_now};

/// Ends an answer inside the data; JSON and XML never hold it unescaped.
const NEXT: u8 = 0x1e;
/// Bit of the first byte: the answers of `common.json` (tokens) come out of the data as well.
const COMMON: u8 = 0x80;
/// Statuses that a control byte can name in its low four bits.
const STATUSES: [u16; 16] = [200, 201, 200, 207, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 204, 302];
/// Content types that a control byte can name in its bits 4 to 6.
const KINDS: [&str; 8] = [
    "application/json",
    "text/plain",
    "application/xml",
    "multipart/mixed; boundary=\"waybill-boundary-5f2c\"",
    "multipart/form-data; boundary=x",
    "application/pdf",
    "text/html",
    "application/json; charset=GBK",
];
/// The content type of the fixture, or GBK where it has none.
const OWN: usize = 7;
/// Bit of a control byte: the connection breaks after the request left.
const BROKEN: u8 = 0x80;
/// More requests than any operation needs.
const MOST_REQUESTS: usize = 2_000;

/// A carrier with the inputs of its fixtures, ready to be answered with any bytes.
///
/// The data of a play is: one byte that picks the input (the operation's scenarios in alphabetical order) and whether
/// tokens come from the data too, then the answers in the order in which they are asked for, each a control byte
/// (status and content type) with a body, with `0x1e` between them. The last answer answers everything after it.
///
/// A play panics when the carrier does, and when the carrier breaks a promise that holds whatever it is answered: a
/// second `Spend` request, a price that is not above zero, a sale without a number, an error that calls a sent
/// purchase unsent or itself a defect, a credential in an error, a reply that does not survive JSON.
///
/// ```
/// # use waybill_hello::Hello;
/// let rig = waybill_testkit::Rig::new::<Hello>(concat!(env!("CARGO_MANIFEST_DIR"), "/../carriers/hello"));
/// let mut went_well = 0;
/// for operation in rig.operations() {
///     for (_, seed) in rig.seeds(operation) {
///         // A seed holds the answers of a fixture, some of them refusals; half of them may be anything but a panic.
///         went_well += usize::from(rig.play(operation, &seed).is_ok());
///         let _ = rig.play(operation, &seed[..seed.len() / 2]);
///     }
/// }
/// assert!(went_well > 0);
/// ```
pub struct Rig {
    suite: Suite,
    carrier: Box<dyn Carrier>,
    common: Arc<[Prepared]>,
    played: BTreeMap<&'static str, Vec<Played>>,
}

/// One call of a scenario.
struct Played {
    scenario: String,
    input: Vec<u8>,
    answers: Vec<Response>,
    went_well: bool,
}

/// What came of a play.
pub type Outcome = Result<Packed>;

impl Rig {
    /// The carrier of a crate with the folder `fixtures` below `manifest_dir`. Panics when it cannot be opened.
    pub fn new<P: CarrierPlugin>(manifest_dir: impl AsRef<Path>) -> Self {
        let suite = Suite::new::<P>(manifest_dir.as_ref());
        let carrier = open(&suite);
        let common = prepare(&suite.base, suite.fixtures.common.clone(), Folder::new(&suite.fixtures.folder));
        // What `common.json` can answer comes from there, and from the data only when that is asked for.
        let own = |sent: &Sent| {
            request_of(sent).is_none_or(|request| planned(&common, &suite.base, &request).is_none())
        };
        let mut played: BTreeMap<&'static str, Vec<Played>> = BTreeMap::new();
        for name in suite.fixtures.scenarios.keys() {
            let Some(run) = suite.play_clean(name) else { continue };
            for called in &run.calls {
                let sent = run.requests.iter().filter(|sent| sent.operation == called.operation && own(sent));
                let answers = sent.filter_map(|sent| sent.outcome.as_ref()?.as_ref().ok()).map(copy);
                let entry = Played {
                    scenario: name.clone(),
                    input: serde_json::to_vec(&called.input).unwrap_or_default(),
                    answers: answers.collect(),
                    went_well: called.reply.is_ok(),
                };
                played.entry(called.operation).or_default().push(entry);
            }
        }
        Self { suite, carrier, common, played }
    }

    /// Operations that the carrier has and some fixture calls.
    pub fn operations(&self) -> Vec<&'static str> {
        self.played.keys().copied().collect()
    }

    /// The opened carrier.
    pub fn carrier(&self) -> &dyn Carrier {
        &*self.carrier
    }

    /// Input of an operation in a scenario (`quote` in `rate_domestic`), as JSON.
    pub fn input(&self, operation: &str, scenario: &str) -> Option<Value> {
        let played = self.played.get(operation)?.iter().find(|played| played.scenario == scenario)?;
        serde_json::from_slice(&played.input).ok()
    }

    /// Answers of the fixtures as data for [`Rig::play`], by scenario.
    pub fn seeds(&self, operation: &str) -> Vec<(String, Vec<u8>)> {
        let all = self.played.get(operation).map(Vec::as_slice).unwrap_or_default();
        let seed = |(at, played): (usize, &Played)| {
            let mut data = vec![u8::try_from(at).unwrap_or(u8::MAX) & !COMMON];
            for (number, answer) in played.answers.iter().enumerate() {
                if number > 0 {
                    data.push(NEXT);
                }
                data.push(control(answer));
                data.extend(answer.body().iter().filter(|byte| **byte != NEXT));
            }
            (played.scenario.clone(), data)
        };
        all.iter().enumerate().map(seed).collect()
    }

    /// Answers of `common.json` (tokens) as data for [`Rig::play_common`].
    pub fn common_seeds(&self) -> Vec<Vec<u8>> {
        let answers = self.common.iter().filter_map(|exchange| exchange.response.as_ref().ok());
        answers.map(|answer| [vec![COMMON, control(answer)], answer.body().to_vec()].concat()).collect()
    }

    /// Whether the fixtures say that a scenario's call succeeds.
    pub fn goes_well(&self, operation: &str, scenario: &str) -> bool {
        let played =
            self.played.get(operation).and_then(|all| all.iter().find(|one| one.scenario == scenario));
        played.is_some_and(|played| played.went_well)
    }

    /// A context whose answers come from data, and the permit that it admits.
    pub fn cx(&self, operation: &str, data: &[u8]) -> (Cx, SpendPermit) {
        let (cx, _) = self.feed(operation, data);
        (cx, SpendPermit::issue(PermitId("rig".to_owned())))
    }

    fn feed(&self, operation: &str, data: &[u8]) -> (Cx, Arc<Feed>) {
        let (first, rest) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
        // Headers such as `ETag` are the fixture's; status and content type are the data's.
        let all = self.played.get(operation).map(Vec::as_slice).unwrap_or_default();
        let known = all.get(usize::from(first & !COMMON) % all.len().max(1));
        let headers = |at: usize| known.and_then(|played| played.answers.get(at)).map(Response::headers);
        let parts = rest.split(|byte| *byte == NEXT).enumerate();
        let feed = Arc::new(Feed {
            answers: parts.map(|(at, part)| answer(part, headers(at))).collect(),
            common: (first & COMMON == 0).then(|| self.common.clone()),
            base: self.suite.base.clone(),
            asked: AtomicUsize::new(0),
            given: AtomicUsize::new(0),
            spent: AtomicUsize::new(0),
            now: Mutex::new(standard_now()),
        });
        let call = CallInfo {
            id: 1,
            operation: operation.to_owned(),
            account: "rig".to_owned(),
            deadline: None,
            language: None,
        };
        (Cx::new(call, feed.clone()), feed)
    }

    /// Plays data to an operation.
    pub fn play(&self, operation: &str, data: &[u8]) -> Outcome {
        // A carrier remembers tokens: a new one makes each play the same whatever was played before.
        let carrier = open(&self.suite);
        let all = self.played.get(operation).map(Vec::as_slice).unwrap_or_default();
        let pick = data.first().map_or(0, |first| usize::from(first & !COMMON));
        let Some(played) = all.get(pick % all.len().max(1)) else {
            return Err(Error::unsupported(format!("no fixture calls `{operation}`")));
        };
        let (cx, feed) = self.feed(operation, data);
        let spends = ALL.iter().any(|info| info.name == operation && info.effect == Effect::Spend);
        let permit = spends.then(|| SpendPermit::issue(PermitId("rig".to_owned())));
        let outcome = block_on(dispatch(&*carrier, &cx, operation, &played.input, permit));
        self.judge(operation, &feed, &outcome);
        outcome
    }

    /// Plays data to the requests of `common.json` (tokens), in front of the carrier's first operation.
    pub fn play_common(&self, data: &[u8]) -> Outcome {
        let mut data = data.to_vec();
        match data.first_mut() {
            Some(first) => *first |= COMMON,
            None => data.push(COMMON),
        }
        let operation = ["prove_account", "quote"].into_iter().find(|name| self.played.contains_key(name));
        self.play(operation.unwrap_or_default(), &data)
    }

    fn judge(&self, operation: &str, feed: &Feed, outcome: &Outcome) {
        let spent = feed.spent.load(Ordering::Relaxed);
        assert!(spent <= 1, "`{operation}` sent {spent} requests that spend");
        match outcome {
            Ok(packed) => judge_reply(operation, &packed.head),
            Err(error) => {
                assert!(
                    spent == 0 || error.phase != Phase::NotSent,
                    "`{operation}` calls a sent purchase unsent: {error:?}"
                );
                assert_ne!(error.kind, ErrorKind::Internal, "`{operation}` has a defect: {error:?}");
                let shown = format!("{error} {error:?}");
                let found = self.suite.sensitive.found_in(&shown, &[]);
                assert!(found.is_none(), "`{operation}` shows {found:?} in an error");
            }
        }
    }
}

fn judge_reply(operation: &str, head: &[u8]) {
    match operation {
        "quote" => {
            let reply: RateReply = read(operation, head);
            for rate in &reply.rates {
                let payable = rate.payable().unwrap_or_else(|| panic!("{} has no price", rate.service));
                assert!(payable.total.amount.is_sign_positive() && !payable.total.is_zero(), "{payable:?}");
            }
        }
        "buy" => {
            let bought: Purchase = read(operation, head);
            let numbered = bought.pieces.iter().all(|piece| !piece.tracking.as_str().trim().is_empty());
            assert!(numbered && !bought.pieces.is_empty(), "a sale without a number: {bought:?}");
        }
        _ => {
            let _: Value = read(operation, head);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(operation: &str, head: &[u8]) -> T {
    serde_json::from_slice(head)
        .unwrap_or_else(|error| panic!("the reply of `{operation}` does not survive JSON: {error}"))
}

fn open(suite: &Suite) -> Box<dyn Carrier> {
    suite.carrier(&Direct).unwrap_or_else(|why| panic!("{}: {why}", suite.id))
}

/// Status and content type of an answer in one byte.
fn control(answer: &Response) -> u8 {
    let status = answer.status().as_u16();
    let at = STATUSES.iter().position(|known| *known == status).unwrap_or(0);
    let kind = answer.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| KINDS.iter().position(|known| *known == kind)).unwrap_or(OWN);
    u8::try_from(at | kind << 4).unwrap_or_default()
}

/// The answer that a control byte with a body is.
fn answer(data: &[u8], headers: Option<&HeaderMap>) -> Option<Response> {
    let (control, body) = data.split_first().map_or((0, data), |(control, body)| (*control, body));
    if control & BROKEN != 0 {
        return None;
    }
    let mut response = Response::new(Bytes::copy_from_slice(body));
    response.headers_mut().extend(headers.cloned().unwrap_or_default());
    let status = STATUSES[usize::from(control & 0x0f)];
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let kind = usize::from(control >> 4 & 7);
    if kind != OWN || !response.headers().contains_key(http::header::CONTENT_TYPE) {
        response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(KINDS[kind]));
    }
    Some(response)
}

fn copy(answer: &Response) -> Response {
    let mut copy = Response::new(answer.body().clone());
    *copy.status_mut() = answer.status();
    *copy.headers_mut() = answer.headers().clone();
    copy
}

/// A host that answers from data.
struct Feed {
    /// `None` is a connection that breaks.
    answers: Vec<Option<Response>>,
    common: Option<Arc<[Prepared]>>,
    base: Url,
    asked: AtomicUsize,
    given: AtomicUsize,
    spent: AtomicUsize,
    now: Mutex<DateTime<Utc>>,
}

/// The request that was sent, again.
fn request_of(sent: &Sent) -> Option<Request> {
    let builder = http::Request::builder().method(sent.method.clone()).uri(sent.uri.clone());
    let mut request = builder.body(sent.body.clone()).ok()?;
    *request.headers_mut() = sent.headers.clone();
    Some(request)
}

/// The answer that exchanges have for a request.
fn planned(common: &[Prepared], base: &Url, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    let path = path.strip_prefix(base.path().trim_end_matches('/')).unwrap_or(path);
    let fits = |exchange: &&Prepared| {
        exchange.request.as_ref().is_ok_and(|expected| expected.difference(request, path).is_none())
    };
    common.iter().find(fits)?.response.as_ref().ok().map(copy)
}

#[async_trait]
impl Host for Feed {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(asked < MOST_REQUESTS, "the carrier asks without end");
        assert_eq!(outgoing.permit.is_some(), outgoing.effect == Effect::Spend, "effect and permit disagree");
        if outgoing.effect == Effect::Spend {
            self.spent.fetch_add(1, Ordering::Relaxed);
        }
        let common = self.common.as_deref().unwrap_or_default();
        if let Some(planned) = planned(common, &self.base, &outgoing.request) {
            return Ok(planned);
        }
        let at = self.given.fetch_add(1, Ordering::Relaxed).min(self.answers.len().saturating_sub(1));
        match self.answers.get(at) {
            Some(Some(answer)) => Ok(copy(answer)),
            _ => {
                Err(Error::new(ErrorKind::Unavailable, "the connection broke")
                    .in_phase(Phase::OutcomeUnknown))
            }
        }
    }
    async fn sleep(&self, duration: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let by = chrono::Duration::from_std(duration).unwrap_or_default();
        *now = now.checked_add_signed(by).unwrap_or(*now);
    }
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}
