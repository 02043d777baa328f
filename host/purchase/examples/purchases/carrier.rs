//! A carrier in memory that sells after a fixed time, and what the host lends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use waybill_core::*;
use waybill_purchase::{Accounts, Engine, OpenAccount};
use waybill_transport::spend::SpendDesk;

/// Label bytes of a usual size: a 4 x 6 inch PDF of a carrier.
const LABEL_BYTES: usize = 30_000;

struct BenchCarrier {
    profile: Profile,
    label: Bytes,
}

impl Carrier for BenchCarrier {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
}

#[async_trait]
impl Label for BenchCarrier {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let body = serde_json::to_vec(order).map_err(|_| Error::malformed("no JSON"))?;
        let request = http::Request::post("http://bench.invalid/labels").body(Bytes::from(body));
        let answer = cx.spend(permit, request.map_err(|_| Error::malformed("no request"))?).await?;
        let number = String::from_utf8_lossy(answer.body().get(..10).unwrap_or_default()).into_owned();
        let label = Document::new(DocumentKind::Label, LabelFormat::Pdf, self.label.clone());
        Ok(Purchase {
            shipment_key: ShipmentKey::from(number.as_str()),
            pieces: vec![Piece::new(0, number.as_str())],
            documents: vec![label.for_parcel(0)],
            prices: vec![Price::new(PriceKind::Account, Money::from_minor(750, Currency::USD))],
            settlement: Settlement::Charged,
            delivery: None,
            carrier_data: None,
            warnings: Vec::new(),
        })
    }
    async fn void(&self, _: &Cx, _: &LabelKey) -> Result<VoidOutcome> {
        Ok(VoidOutcome::Voided)
    }
    async fn recover(&self, _: &Cx, _: &RecoverRequest) -> Result<Recovery> {
        Ok(Recovery::Absent)
    }
}

struct BenchHost {
    desk: Arc<dyn SpendDesk>,
    next: AtomicU64,
    answers_after: Duration,
    label: Bytes,
}

#[async_trait]
impl Host for BenchHost {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let permit = outgoing.permit.ok_or_else(|| Error::malformed("no permit"))?;
        self.desk.begin(&permit).await?;
        if !self.answers_after.is_zero() {
            tokio::time::sleep(self.answers_after).await;
        }
        // The answer carries the label in base64, as those of most carriers do.
        let mut body = format!("{:010}", self.next.fetch_add(1, Ordering::Relaxed)).into_bytes();
        body.extend_from_slice(&self.label);
        body.extend_from_slice(&self.label[..LABEL_BYTES / 3]);
        let answer = http::Response::builder().status(200).body(Bytes::from(body));
        let answer = answer.map_err(|_| Error::malformed("no answer"));
        self.desk.finished(&permit, answer.as_ref()).await?;
        answer
    }
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}

struct BenchAccounts(OpenAccount);

#[async_trait]
impl Accounts for BenchAccounts {
    async fn open(&self, _: &str, _: &str) -> Result<OpenAccount> {
        Ok(self.0.clone())
    }
}

/// One account at a carrier that answers after a fixed time.
pub fn accounts(engine: &Engine, answers_after: Duration) -> Arc<dyn Accounts> {
    let label = Bytes::from(vec![0x41; LABEL_BYTES]);
    let host =
        BenchHost { desk: engine.desk(), next: AtomicU64::new(0), answers_after, label: label.clone() };
    Arc::new(BenchAccounts(OpenAccount {
        carrier: Arc::new(BenchCarrier { profile: profile(), label }),
        fingerprint: "bench".into(),
        environment: "production".into(),
        host: Arc::new(host),
    }))
}

fn profile() -> Profile {
    Profile {
        id: "bench".into(),
        name: "Bench".into(),
        version: "1".into(),
        services: vec![Service::new("ground", "G", "Ground", vec![Lane::domestic()])],
        packagings: Vec::new(),
        labels: vec![LabelOffer::new(LabelFormat::Pdf)],
        carrier_options: Vec::new(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::Charged,
        purchase: PurchaseTraits {
            lookup: true,
            recovers_label: true,
            voids: true,
            ..PurchaseTraits::default()
        },
        linking: Linking::everybody(),
        hosts: Vec::new(),
        quotas: Vec::new(),
        track_batch: 1,
        terms: Vec::new(),
        currencies: Vec::new(),
    }
}

/// A shipment of one parcel.
pub fn shipment() -> Shipment {
    let from = Address::new("Ada Sender", "1 First St", "Springfield", "IL", "62701", Country::US);
    let to = Address::new("Bob Receiver", "2 Second St", "Portland", "OR", "97201", Country::US);
    Shipment::new(from, to, vec![Parcel::new(Weight::new(2, WeightUnit::Pound), None)])
}
