//! Simulated carriers and a host with accounts at them. People and numbers are invented.

use chrono::{Datelike, Days, NaiveDate, Utc, Weekday};
use serde_json::{Map, Value, json};
use waybill::core::*;
use waybill::shop::Holidays;
use waybill::{Config, LinkRequest, ShopRequest, Shopped, Waybill};
use waybill_sandbox::Sandbox;

pub const KEY: &str = "0f0e0d0c0b0a09080706050403020100ffeeddccbbaa99887766554433221100";

pub struct World {
    pub sandbox: Sandbox,
    pub host: Waybill,
    pub config: Config,
    folder: tempfile::TempDir,
}

impl World {
    /// A host with accounts at the named carriers and a sealing key.
    pub async fn with(carriers: &[&str]) -> Self {
        Self::configured(carriers, json!({})).await
    }

    /// The same with further settings.
    pub async fn configured(carriers: &[&str], further: Value) -> Self {
        let sandbox = Sandbox::builder().in_memory_ledger().start().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("seal.key");
        std::fs::write(&key, KEY).unwrap();
        let accounts: Map<String, Value> =
            carriers.iter().map(|carrier| ((*carrier).to_owned(), account(&sandbox, carrier))).collect();
        let all = ["ups", "fedex", "usps", "ontrac", "dhl-express", "china-post"];
        let linking: Map<String, Value> = all
            .iter()
            .map(|carrier| ((*carrier).to_owned(), json!({ "base_url": sandbox.base_url(carrier) })))
            .collect();
        let mut config = json!({
            "data_dir": folder.path().join("data"), "seal": { "key_file": key }, "accounts": accounts,
            "linking": { "carriers": linking },
            // A busy machine is no reason for a missing rate.
            "shop": { "deadline_ms": 60_000 },
        });
        merge(&mut config, further);
        let config: Config = serde_json::from_value(config).unwrap();
        let host = Waybill::open(config.clone()).await.unwrap();
        Self { sandbox, host, config, folder }
    }

    /// The host, closed and opened again.
    pub async fn reopened(self) -> Self {
        let config = self.config.clone();
        self.reopened_with(config).await
    }

    /// The same with another configuration.
    pub async fn reopened_with(self, config: Config) -> Self {
        let Self { sandbox, host, folder, .. } = self;
        host.close().await;
        let host = Waybill::open(config.clone()).await.unwrap();
        Self { sandbox, host, config, folder }
    }

    pub async fn shop(&self, request: ShopRequest) -> Shopped {
        self.host.shop(request).await.unwrap()
    }

    /// Requests that a simulated carrier has answered.
    pub fn calls(&self, operation: &str) -> u64 {
        self.sandbox.stats().get(operation).copied().unwrap_or_default()
    }

    /// Everything in the folder of the host, as bytes.
    pub fn files(&self) -> Vec<u8> {
        let data = self.folder.path().join("data");
        let files = std::fs::read_dir(data).unwrap().flatten();
        files.filter_map(|file| std::fs::read(file.path()).ok()).flatten().collect()
    }
}

fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                merge(below.entry(key).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above,
    }
}

fn account(sandbox: &Sandbox, carrier: &str) -> Value {
    let keys = sandbox.credentials(carrier);
    let mut settings = match carrier {
        "fedex" => json!({
            "api_key": keys["client_id"], "secret_key": keys["client_secret"], "account_number": keys["account_number"],
        }),
        "usps" => usps(&keys),
        "dhl-express" => {
            json!({ "username": keys["username"], "password": keys["password"], "account": keys["account_number"] })
        }
        _ => keys,
    };
    settings["carrier"] = carrier.into();
    settings["base_url"] = sandbox.base_url(carrier).into();
    settings
}

pub fn usps(keys: &Value) -> Value {
    json!({
        "client_id": keys["client_id"], "client_secret": keys["client_secret"],
        "payment": { "crid": keys["crid"], "mid": keys["mid"], "account_type": "EPS", "account_number": keys["account_number"] },
    })
}

/// The seller's own UPS account of the sandbox: cheaper than the house account.
pub fn own_ups(world: &World) -> LinkRequest {
    let settings = world.sandbox.credentials_of("ups", 1).as_object().unwrap().clone();
    LinkRequest {
        tenant: "default".into(),
        name: None,
        carrier: "ups".into(),
        settings,
        country: Some(Country::US),
        renew: false,
    }
}

/// The next Monday after today: no carrier takes labels for a day more than a week ahead.
fn monday() -> NaiveDate {
    let tomorrow = Utc::now().date_naive() + Days::new(1);
    tomorrow.iter_days().find(|day| day.weekday() == Weekday::Mon).unwrap()
}

/// A weekday to come for an order: at least a week ahead and without a holiday in the two weeks after it, so that no
/// test depends on the day on which it runs.
pub fn next(weekday: Weekday) -> NaiveDate {
    let (start, holidays) = (Utc::now().date_naive() + Days::new(7), Holidays::of(Country::US));
    let plain = |day: &NaiveDate| day.iter_days().take(14).all(|day| !holidays.contains(day));
    start.iter_days().find(|day| day.weekday() == weekday && plain(day)).unwrap()
}

fn with_contact(mut address: Address) -> Address {
    address.phone = Some("213 555 0100".into());
    address.email = Some("shipping@example.com".into());
    address
}

/// Los Angeles to San Francisco, handed over on a Monday.
pub fn domestic() -> Shipment {
    let from = Address::new("Example Shop", "200 N Spring St", "Los Angeles", "CA", "90012", Country::US);
    let mut to = Address::new("Ada Example", "1 Market St", "San Francisco", "CA", "94105", Country::US);
    to.residential = Some(true);
    let parcel = Parcel::new("2.5lb".parse().unwrap(), Some("12x8x4in".parse().unwrap()));
    let mut shipment = Shipment::new(with_contact(from), with_contact(to), vec![parcel]);
    shipment.ship_date = Some(monday());
    shipment
}

/// Los Angeles to Berlin.
pub fn abroad() -> Shipment {
    let mut shipment = domestic();
    let to = Address::new("Bert Beispiel", "Alexanderplatz 1", "Berlin", "", "10178", Country::DE);
    shipment.to = with_contact(to);
    shipment.description = Some("cotton shirts".into());
    shipment.customs = Some(Customs {
        contents: ContentsKind::Merchandise,
        items: vec![Commodity {
            description: "men's cotton shirt".into(),
            quantity: 2,
            unit_value: "25.00 USD".parse().unwrap(),
            unit_weight: Some("1lb".parse().unwrap()),
            hs_code: Some("6205.20".into()),
            origin: Some(Country::US),
            sku: None,
            local_description: None,
            parcel: None,
        }],
        incoterm: Some(Incoterm::Dap),
        invoice_number: Some("INV-1001".into()),
        invoice_date: None,
        non_delivery: None,
        export_filing: Some("NOEEI 30.37(a)".into()),
        permits: vec![],
        signer: Some("Sam Sender".into()),
        importer: None,
        remarks: None,
    });
    shipment
}

pub fn ask(shipment: Shipment) -> ShopRequest {
    ShopRequest::new(shipment)
}
