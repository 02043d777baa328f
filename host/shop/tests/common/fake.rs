//! A carrier inside the test: two services, a latency, a count of its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use waybill_core::{
    CallInfo, Carrier, Currency, Cx, DeliveryEstimate, Error, ErrorKind, EstimateBasis, Host, LabelFormat,
    LabelOffer, Lane, Linking, LogLevel, Money, Outgoing, Pieces, Price, PriceKind, Profile, PurchaseTraits,
    Rate, RateQuote, RateReply, RateRequest, Response, Result, Service, Settlement, Terms,
};
use waybill_shop::{AccountRef, Owner, Participant, Turns};

type Answer = dyn Fn(&RateRequest) -> Result<RateReply> + Send + Sync;

/// The carrier.
pub struct Fake {
    profile: Profile,
    latency: Duration,
    calls: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
    answer: Box<Answer>,
}

/// What a test keeps of it.
#[derive(Clone)]
pub struct Handle {
    calls: Arc<AtomicUsize>,
    under_way: Arc<AtomicUsize>,
}

impl Handle {
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
    /// Calls that are not answered yet.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl RateQuote for Fake {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.under_way.fetch_add(1, Ordering::SeqCst);
        let waited = cx.sleep(self.latency).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        waited?;
        (self.answer)(request)
    }
}

impl Carrier for Fake {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        Some(self)
    }
}

struct Quiet;

#[async_trait]
impl Host for Quiet {
    async fn send(&self, _: &CallInfo, _: Outgoing) -> Result<Response> {
        Err(Error::new(ErrorKind::Unavailable, "there is no network in this test"))
    }
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}

pub fn profile(id: &str) -> Profile {
    let mut ground = Service::new("ground", "G", &format!("{id} Ground"), vec![Lane::us_domestic()]);
    ground.limits.max_weight = Some("70lb".parse().unwrap());
    let world = Service::new(
        "world",
        "W",
        &format!("{id} World"),
        vec![Lane::export_from(waybill_core::Country::US)],
    );
    Profile {
        id: id.into(),
        name: id.to_uppercase(),
        version: "1".into(),
        services: vec![ground, world],
        packagings: Vec::new(),
        labels: vec![LabelOffer::new(LabelFormat::Pdf)],
        carrier_options: Vec::new(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::Charged,
        purchase: PurchaseTraits::default(),
        linking: Linking::everybody(),
        hosts: Vec::new(),
        quotas: Vec::new(),
        track_batch: 1,
        terms: Vec::new(),
        currencies: vec![Currency::USD],
    }
}

pub fn terms(version: &str) -> Terms {
    Terms { programme: "rates".into(), version: version.into(), url: "https://carrier.example/terms".into() }
}

/// A rate of the ground service.
pub fn rate(price: &str, arrives: &str) -> Rate {
    let money: Money = price.parse().unwrap();
    let mut rate = Rate::new("ground", "G", "Ground", vec![Price::new(PriceKind::Account, money)]);
    rate.delivery = Some(DeliveryEstimate::by_day(arrives.parse().unwrap(), EstimateBasis::Carrier));
    rate
}

/// One ground rate.
pub fn one(price: &'static str) -> Box<Answer> {
    Box::new(move |_| Ok(RateReply { rates: vec![rate(price, "2026-11-25")], ..RateReply::default() }))
}

/// A participant with this profile and answer.
pub fn participant(
    name: &str,
    owner: Owner,
    profile: Profile,
    latency: Duration,
    answer: Box<Answer>,
) -> (Participant, Handle) {
    let (calls, under_way) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let account = AccountRef { name: name.into(), carrier: profile.id.clone(), owner };
    let fake = Fake { profile, latency, calls: calls.clone(), under_way: under_way.clone(), answer };
    let cx = move |operation: &str, deadline: Option<DateTime<Utc>>| {
        let call = CallInfo {
            id: 1,
            operation: operation.to_owned(),
            account: "test".into(),
            deadline,
            language: None,
        };
        Cx::new(call, Arc::new(Quiet))
    };
    let participant = Participant {
        account,
        fingerprint: "one".into(),
        carrier: Arc::new(fake),
        cx: Arc::new(cx),
        turns: Turns::default(),
    };
    (participant, Handle { calls, under_way })
}

/// A house account that answers at once.
pub fn house(id: &str, answer: Box<Answer>) -> (Participant, Handle) {
    participant(&format!("house-{id}"), Owner::House, profile(id), Duration::ZERO, answer)
}
