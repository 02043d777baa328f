//! What the tests of this crate share: an account, a host that answers everything with one answer, the facts' folder.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use waybill_core::{
    CallInfo, Carrier, CarrierPlugin, Cx, Effect, Host, LabelKey, LabelOrder, LabelSpec, LogLevel, Outgoing,
    PermitId, Request, Response, Result, Shipment, SpendPermit,
};
use waybill_dhl_express::{Config, DhlExpress};

/// An account whose settings are the given JSON merged over invented credentials.
pub fn carrier(settings: serde_json::Value) -> Box<dyn Carrier> {
    DhlExpress::open(config(settings)).unwrap()
}

pub fn config(settings: serde_json::Value) -> Config {
    let mut all = serde_json::json!({
        "username": "waybill-user", "password": "correct-horse", "account": "731902845",
        "base_url": "https://carrier.test/root", "time_zone": "America/Los_Angeles",
    });
    for (key, value) in settings.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

/// Answers every request with one answer and keeps the requests.
pub struct Canned {
    status: u16,
    body: Bytes,
    now: DateTime<Utc>,
    pub sent: Mutex<Vec<(Effect, Request)>>,
}

impl Canned {
    pub fn new(status: u16, body: impl Into<Bytes>) -> Arc<Self> {
        let now = waybill_testkit::standard_now();
        Arc::new(Self { status, body: body.into(), now, sent: Mutex::default() })
    }
    pub fn cx(self: &Arc<Self>, operation: &str) -> Cx {
        let call = CallInfo {
            id: 1,
            operation: operation.into(),
            account: "a".into(),
            deadline: None,
            language: None,
        };
        Cx::new(call, self.clone())
    }
    /// The first request's body.
    pub fn message(&self) -> serde_json::Value {
        serde_json::from_slice(self.sent.lock().unwrap().first().expect("nothing was sent").1.body()).unwrap()
    }
    pub fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

#[async_trait]
impl Host for Canned {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        self.sent.lock().unwrap().push((outgoing.effect, outgoing.request));
        let builder =
            http::Response::builder().status(self.status).header("content-type", "application/json");
        Ok(builder.body(self.body.clone()).unwrap())
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        self.now
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}

/// Names a bought shipment.
pub fn key(waybill: &str) -> LabelKey {
    LabelKey {
        shipment_key: waybill.into(),
        tracking: Vec::new(),
        service: "express-worldwide".into(),
        handle: waybill_testkit::sample_handle(),
        bought_at: waybill_testkit::standard_now(),
        carrier_data: None,
    }
}

pub fn permit() -> SpendPermit {
    SpendPermit::issue(PermitId("test".into()))
}

/// An order of a service for a sample shipment.
pub fn order(shipment: Shipment, service: &str) -> LabelOrder {
    LabelOrder {
        shipment,
        service: service.into(),
        weekend: None,
        token: None,
        label: LabelSpec::default(),
        handle: waybill_testkit::sample_handle(),
        numbers: Vec::new(),
    }
}

/// The folder with DHL's specification and samples; `None` (and a line that says so) when it is not here.
pub fn shared() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = root.join(std::env::var_os("WAYBILL_SHARED").unwrap_or_else(|| "../shared".into()));
    let folder = folder.join("carriers/dhl-express");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there (WAYBILL_SHARED names the folder)", folder.display());
    None
}
