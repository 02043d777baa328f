//! What the tests of this crate share: an account, a host with one answer, orders, the facts' folder.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_ontrac::OnTrac;

pub const PASSWORD: &str = "quiet-harbor-91";
pub const NUMBER: &str = "D10013700000422";

/// An account whose settings are the given JSON over invented credentials; without the list of ZIP codes.
pub fn carrier(settings: Value) -> OnTrac {
    try_carrier(settings).unwrap()
}

pub fn try_carrier(settings: Value) -> Result<OnTrac> {
    let mut all = json!({
        "account_number": "900123", "password": PASSWORD, "number_block": "100137", "service_area": false,
        "base_url": "https://carrier.test/root",
    });
    for (key, value) in settings.as_object().unwrap() {
        all[key] = value.clone();
    }
    OnTrac::new(serde_json::from_value(all).unwrap())
}

/// Answers every request with one answer and keeps the requests.
pub struct Canned {
    status: u16,
    body: Bytes,
    pub sent: Mutex<Vec<(Effect, Request)>>,
}

impl Canned {
    pub fn new(status: u16, body: impl Into<Bytes>) -> Arc<Self> {
        Arc::new(Self { status, body: body.into(), sent: Mutex::default() })
    }
    pub fn cx(self: &Arc<Self>, operation: &str) -> Cx {
        let (operation, account) = (operation.into(), "a".into());
        Cx::new(CallInfo { id: 1, operation, account, deadline: None, language: None }, self.clone())
    }
    pub fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
    /// Body of the last request.
    pub fn message(&self) -> String {
        let sent = self.sent.lock().unwrap();
        String::from_utf8(sent.last().expect("nothing was sent").1.body().to_vec()).unwrap()
    }
    /// URL of the last request.
    pub fn url(&self) -> String {
        self.sent.lock().unwrap().last().expect("nothing was sent").1.uri().to_string()
    }
}

#[async_trait]
impl Host for Canned {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        self.sent.lock().unwrap().push((outgoing.effect, outgoing.request));
        let mut response = Response::new(self.body.clone());
        *response.status_mut() = self.status.try_into().unwrap();
        Ok(response)
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        waybill_testkit::standard_now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, message: &str) {
        assert!(!message.contains(PASSWORD));
    }
}

pub fn permit() -> SpendPermit {
    SpendPermit::issue(PermitId("p".into()))
}

pub fn order(shipment: Shipment) -> LabelOrder {
    LabelOrder {
        shipment,
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::default(),
        handle: waybill_testkit::sample_handle(),
        numbers: vec![NUMBER.into()],
    }
}

/// OnTrac's facts, when they are here.
pub fn shared() -> Option<PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var_os("WAYBILL_SHARED").map_or_else(|| root.join("../shared"), |set| root.join(set));
    let folder = folder.join("carriers/ontrac");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: OnTrac's facts are not at the place that WAYBILL_SHARED names");
    None
}
