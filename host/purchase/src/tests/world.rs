//! A carrier that exists in memory, with every fault a network and a carrier can have, and a ledger of what it sold.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_transport::spend::SpendDesk;

/// What happens to the next purchase request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Nothing.
    None,
    /// The carrier cannot be reached.
    Refused,
    /// The connection breaks before the carrier acts.
    ResetBefore,
    /// The connection breaks after the sale.
    ResetAfter,
    /// 503 before anything was done.
    ServerErrorBefore,
    /// 502 with the HTML of a proxy, after the sale.
    ProxyErrorAfter,
    /// 200 with half a body, after the sale.
    Truncated,
    /// The connection breaks, and the carrier sells after this many milliseconds.
    LateSale(u64),
    /// 429 with the carrier's error.
    Busy,
    /// 400 with the carrier's error.
    Rejected,
    /// 400 with the carrier's error, for an earlier request with the same number was sold meanwhile.
    RejectedAsKnown,
    /// Sold, and the label is not in the answer.
    NoLabel,
    /// Only the first parcel is sold.
    Partial,
    /// The carrier's code panics over a good answer.
    PanicAfter,
    /// The carrier's code panics before it sends.
    PanicBefore,
    /// The answer never comes; it was sold.
    Hang,
    /// The carrier charges five times the price.
    Dear,
    /// A proxy repeats the request: sold twice.
    Twice,
}

impl Fault {
    pub const ALL: &[Fault] = &[
        Fault::None,
        Fault::Refused,
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::ServerErrorBefore,
        Fault::ProxyErrorAfter,
        Fault::Truncated,
        Fault::LateSale(150),
        Fault::Busy,
        Fault::Rejected,
        Fault::NoLabel,
        Fault::PanicAfter,
        Fault::PanicBefore,
        Fault::Hang,
        Fault::Twice,
    ];
}

/// What a carrier can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Personality {
    pub name: &'static str,
    pub repeat: RepeatGuard,
    pub lookup: bool,
    pub recovers_label: bool,
    pub voids: bool,
    pub pieces: Pieces,
}

const fn personality(
    name: &'static str,
    repeat: RepeatGuard,
    lookup: bool,
    recovers_label: bool,
    voids: bool,
) -> Personality {
    Personality { name, repeat, lookup, recovers_label, voids, pieces: Pieces::OneShipment }
}

/// Finds by handle, gives the label again, voids (as USPS and UPS do).
pub const FULL: Personality = personality("full", RepeatGuard::Handle, true, true, true);
/// Finds by reference, gives no label again, voids (as FedEx does).
pub const NO_REPRINT: Personality = personality("no_reprint", RepeatGuard::None, true, false, true);
/// Finds by reference, no label again, no void (as DHL Express does).
pub const NO_VOID: Personality = personality("no_void", RepeatGuard::None, true, false, false);
/// The shipper chooses the number, and can ask for it (as China Post does).
pub const CHOSEN: Personality = personality("chosen", RepeatGuard::ChosenNumber, true, true, true);
/// The shipper chooses the number, and nothing can be asked.
pub const CHOSEN_BLIND: Personality =
    personality("chosen_blind", RepeatGuard::ChosenNumber, false, false, false);
/// Nothing can be asked.
pub const BLIND: Personality = personality("blind", RepeatGuard::None, false, false, true);

pub const PERSONALITIES: &[Personality] = &[FULL, NO_REPRINT, NO_VOID, CHOSEN, CHOSEN_BLIND, BLIND];

/// A label in the carrier's ledger.
#[derive(Debug, Clone)]
pub struct Sale {
    pub handle: String,
    pub number: String,
    pub piece: u32,
    pub cents: i64,
    pub visible_at: Instant,
    pub voided: bool,
}

#[derive(Default)]
struct State {
    sales: Vec<Sale>,
    faults: VecDeque<Fault>,
    /// Requests to buy that reached the carrier, by handle.
    requests: HashMap<String, u32>,
    lookups: u32,
    voids: u32,
    next: u64,
    lag: Duration,
    void_faults: VecDeque<u16>,
    /// Manifests and pickups that the carrier made: kind, handle, number.
    services: Vec<(String, String, String)>,
    cancelled: Vec<String>,
    down: bool,
    /// Lookups give a label without what it cost.
    silent_about_prices: bool,
    /// HTTP status of all answers to lookups.
    lookups_answer: Option<u16>,
    /// What the account points to.
    fingerprint: String,
}

/// The carrier's side. Cheap to clone.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    pub personality: Personality,
    pub environment: &'static str,
}

impl World {
    pub fn new(personality: Personality) -> Self {
        let state = State { fingerprint: "account-1".into(), ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), personality, environment: "production" }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The faults of the next purchase requests, in order.
    pub fn faults(&self, faults: &[Fault]) {
        self.lock().faults.extend(faults);
    }

    /// Forgets the faults that have not struck.
    pub fn no_more_faults(&self) {
        self.lock().faults.clear();
    }

    /// The fault of the next purchase request.
    pub fn next_fault(&self) -> Option<Fault> {
        self.lock().faults.front().copied()
    }

    /// Leaves the next fault out.
    pub fn skip_fault(&self) {
        self.lock().faults.pop_front();
    }

    /// How long a lookup knows nothing of a sale.
    pub fn lag(&self, lag: Duration) {
        self.lock().lag = lag;
    }

    /// HTTP statuses of the next answers to a void.
    pub fn void_faults(&self, statuses: &[u16]) {
        self.lock().void_faults.extend(statuses);
    }

    /// Voided by somebody in the carrier's portal.
    pub fn void_elsewhere(&self, number: &str) {
        self.lock().sales.iter_mut().filter(|sale| sale.number == number).for_each(|sale| sale.voided = true);
    }

    pub fn down(&self, down: bool) {
        self.lock().down = down;
    }

    /// Answers all lookups with an error from now on; `None` ends that.
    pub fn lookups_answer(&self, status: Option<u16>) {
        self.lock().lookups_answer = status;
    }

    pub fn keep_prices_to_itself(&self) {
        self.lock().silent_about_prices = true;
    }

    pub fn tells_prices_when_asked(&self) -> bool {
        !self.lock().silent_about_prices
    }

    pub fn point_elsewhere(&self) {
        self.lock().fingerprint = "account-2".into();
    }

    pub fn sales(&self) -> Vec<Sale> {
        self.lock().sales.clone()
    }

    pub fn live(&self) -> Vec<Sale> {
        self.sales().into_iter().filter(|sale| !sale.voided).collect()
    }

    pub fn requests(&self) -> u32 {
        self.lock().requests.values().sum()
    }

    /// Most requests with one handle.
    pub fn most_requests(&self) -> u32 {
        self.lock().requests.values().copied().max().unwrap_or(0)
    }

    pub fn lookups(&self) -> u32 {
        self.lock().lookups
    }

    /// Manifests and pickups that the carrier made, by their numbers.
    pub fn services(&self) -> Vec<String> {
        self.lock().services.iter().map(|(_, _, number)| number.clone()).collect()
    }

    /// Pickups that were cancelled.
    pub fn cancelled(&self) -> Vec<String> {
        self.lock().cancelled.clone()
    }

    pub fn fingerprint(&self) -> String {
        self.lock().fingerprint.clone()
    }

    fn sell(&self, order: &Value, pieces: usize, cents: i64) -> Vec<Sale> {
        let mut state = self.lock();
        let handle = order["handle"].as_str().unwrap_or_default().to_owned();
        let numbers: Vec<String> = order["numbers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|n| n.as_str().map(str::to_owned))
            .collect();
        let mut sold = Vec::new();
        for piece in 0..pieces {
            let chosen = numbers.get(piece).cloned();
            // The same chosen number is the same label.
            if let Some(number) = &chosen
                && let Some(known) = state.sales.iter().find(|sale| sale.number == *number)
            {
                sold.push(known.clone());
                continue;
            }
            state.next += 1;
            let number = chosen.unwrap_or_else(|| format!("W{:08}", state.next));
            let sale = Sale {
                handle: handle.clone(),
                number,
                piece: u32::try_from(piece).unwrap(),
                cents,
                visible_at: Instant::now() + state.lag,
                voided: false,
            };
            state.sales.push(sale.clone());
            sold.push(sale);
        }
        sold
    }

    pub fn answer(sales: &[Sale], with_labels: bool) -> Value {
        json!({ "pieces": sales.iter().map(|sale| json!({
            "number": sale.number, "piece": sale.piece, "cents": sale.cents,
            "label": with_labels.then(|| label_of(&sale.number)),
        })).collect::<Vec<_>>() })
    }

    /// What the network and the carrier make of a request for a manifest or pickup.
    fn serve_service(&self, kind: &str, order: &Value) -> Result<Response> {
        let handle = order["handle"].as_str().unwrap_or_default().to_owned();
        let mut state = self.lock();
        let fault = if state.down { Fault::Refused } else { state.faults.pop_front().unwrap_or(Fault::None) };
        if fault == Fault::Refused {
            return Err(Error::new(ErrorKind::Unavailable, "connection refused").with_retry(Retry::Safe));
        }
        *state.requests.entry(handle.clone()).or_default() += 1;
        match fault {
            Fault::Busy => return Ok(json_answer(429, &json!({ "code": "BUSY", "message": "later" }))),
            Fault::Rejected => return Ok(json_answer(400, &json!({ "code": "E7", "message": "no driver" }))),
            Fault::ServerErrorBefore => return Ok(answer(503, "unavailable")),
            _ => {}
        }
        if fault != Fault::ResetBefore {
            state.next += 1;
            let number = format!("S{:04}", state.next);
            state.services.push((kind.to_owned(), handle, number.clone()));
            let refused = if fault == Fault::Partial { &order["tracking"][0] } else { &Value::Null };
            let text = json!({ "number": number, "refused": refused });
            match fault {
                Fault::ResetAfter => {}
                Fault::ProxyErrorAfter => return Ok(answer(502, "<html>Bad Gateway</html>")),
                Fault::Truncated => return Ok(answer(200, &text.to_string()[..5])),
                _ => return Ok(json_answer(200, &text)),
            }
        }
        let lost = Error::new(ErrorKind::Unavailable, "connection reset").in_phase(Phase::OutcomeUnknown);
        Err(lost.with_retry(Retry::Safe))
    }

    /// What the network and the carrier make of a request to buy.
    async fn serve_buy(&self, order: &Value) -> Result<Response> {
        let handle = order["handle"].as_str().unwrap_or_default().to_owned();
        let fault = {
            let mut state = self.lock();
            if state.down { Fault::Refused } else { state.faults.pop_front().unwrap_or(Fault::None) }
        };
        if fault == Fault::Refused {
            return Err(Error::new(ErrorKind::Unavailable, "connection refused").with_retry(Retry::Safe));
        }
        *self.lock().requests.entry(handle).or_default() += 1;
        let pieces = usize::try_from(order["parcels"].as_u64().unwrap_or(1)).unwrap();
        let cents = 750 * i64::try_from(pieces).unwrap();
        let reset = || {
            Error::new(ErrorKind::Unavailable, "connection reset")
                .in_phase(Phase::OutcomeUnknown)
                .with_retry(Retry::Safe)
        };
        let good = |sales: &[Sale]| json_answer(200, &Self::answer(sales, true));
        match fault {
            Fault::None | Fault::PanicAfter => Ok(good(&self.sell(order, pieces, cents))),
            Fault::Dear => Ok(good(&self.sell(order, pieces, cents * 5))),
            Fault::Twice => {
                self.sell(order, pieces, cents);
                Ok(good(&self.sell(order, pieces, cents)))
            }
            Fault::Partial => Ok(good(&self.sell(order, 1, cents))),
            Fault::NoLabel => Ok(json_answer(200, &Self::answer(&self.sell(order, pieces, cents), false))),
            Fault::ResetBefore => Err(reset()),
            Fault::ResetAfter => {
                self.sell(order, pieces, cents);
                Err(reset())
            }
            Fault::Hang => {
                self.sell(order, pieces, cents);
                std::future::pending().await
            }
            Fault::LateSale(millis) => {
                let (world, order) = (self.clone(), order.clone());
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    world.sell(&order, pieces, cents);
                });
                Err(reset())
            }
            Fault::ServerErrorBefore => Ok(answer(503, "unavailable")),
            Fault::ProxyErrorAfter => {
                self.sell(order, pieces, cents);
                Ok(answer(502, "<html>Bad Gateway</html>"))
            }
            Fault::Truncated => {
                let text = Self::answer(&self.sell(order, pieces, cents), true).to_string();
                Ok(answer(200, &text[..text.len() / 2]))
            }
            Fault::Busy => Ok(json_answer(429, &json!({ "code": "BUSY", "message": "later" }))),
            Fault::Rejected => Ok(json_answer(400, &json!({ "code": "E42", "message": "no such street" }))),
            Fault::RejectedAsKnown => {
                self.sell(order, pieces, cents);
                Ok(json_answer(400, &json!({ "code": "E43", "message": "the number is used" })))
            }
            Fault::Refused | Fault::PanicBefore => unreachable!("handled before the request"),
        }
    }

    fn serve_read(&self, query: &Value) -> Response {
        let mut state = self.lock();
        if state.down {
            return answer(503, "unavailable");
        }
        state.lookups += 1;
        if let Some(status) = state.lookups_answer {
            return json_answer(status, &json!({ "code": "L1", "message": "not for you" }));
        }
        let handle = query["handle"].as_str().unwrap_or_default();
        let numbers: Vec<&str> =
            query["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mine = |sale: &&Sale| match numbers.as_slice() {
            [] => sale.handle == handle,
            numbers => numbers.contains(&sale.number.as_str()),
        };
        let now = Instant::now();
        let seen: Vec<Sale> =
            state.sales.iter().filter(mine).filter(|sale| sale.visible_at <= now).cloned().collect();
        if seen.is_empty() {
            return json_answer(404, &json!({ "code": "ABSENT", "message": "unknown" }));
        }
        let live: Vec<Sale> = seen.iter().filter(|sale| !sale.voided).cloned().collect();
        if live.is_empty() {
            return json_answer(200, &json!({ "voided": true }));
        }
        json_answer(200, &Self::answer(&live, self.personality.recovers_label))
    }

    fn serve_void(&self, query: &Value) -> Response {
        let mut state = self.lock();
        if let Some(status) = state.void_faults.pop_front() {
            return json_answer(status, &json!({ "code": "V1", "message": "not now" }));
        }
        if let Some(pickup) = query["cancel"].as_str() {
            state.cancelled.push(pickup.to_owned());
            return json_answer(200, &json!({}));
        }
        state.voids += 1;
        let mut found = false;
        for number in query["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            for sale in state.sales.iter_mut().filter(|sale| sale.number == number) {
                sale.voided = true;
                found = true;
            }
        }
        if found {
            json_answer(200, &json!({}))
        } else {
            json_answer(404, &json!({ "code": "ABSENT", "message": "unknown" }))
        }
    }
}

pub fn label_of(number: &str) -> String {
    format!("^XA label of {number} ^XZ")
}

fn answer(status: u16, body: &str) -> Response {
    http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn json_answer(status: u16, body: &Value) -> Response {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

/// What the host lends: a transport that asks the desk, as the real one does.
pub struct WorldHost {
    pub world: World,
    pub desk: Arc<dyn SpendDesk>,
}

#[async_trait]
impl Host for WorldHost {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let body: Value = serde_json::from_slice(outgoing.request.body()).unwrap();
        match outgoing.effect {
            Effect::Spend => {
                let permit = outgoing.permit.expect("a permit");
                self.desk.begin(&permit).await?;
                let outcome = match body["service"].as_str() {
                    Some(kind) => self.world.serve_service(kind, &body),
                    None => self.world.serve_buy(&body).await,
                };
                self.desk.finished(&permit, outcome.as_ref()).await?;
                outcome
            }
            Effect::Read => Ok(self.world.serve_read(&body)),
            Effect::Change => Ok(self.world.serve_void(&body)),
        }
    }
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}
