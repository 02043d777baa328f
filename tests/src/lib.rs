//! End to end: host, carriers and sandbox together. This library holds what the tests share.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waybill::core::*;
use waybill::{Config, Waybill};
use waybill_sandbox::Sandbox;

/// The simulated carriers and a host with an account at each.
pub struct World {
    /// The carriers.
    pub sandbox: Sandbox,
    /// The host.
    pub host: Waybill,
    data: tempfile::TempDir,
}

impl World {
    /// A host with accounts at the named carriers.
    pub async fn with(carriers: &[&str]) -> Self {
        let sandbox = Sandbox::builder().in_memory_ledger().start().await.expect("the sandbox starts");
        let data = tempfile::tempdir().expect("a temporary folder");
        let host = Waybill::open(config(&sandbox, carriers, data.path())).await.expect("the host opens");
        Self { sandbox, host, data }
    }

    /// Where the host keeps its files.
    pub fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// Number of live labels in a carrier's books.
    pub fn sold(&self, carrier: &str) -> usize {
        self.sandbox.ledger().live().iter().filter(|sale| sale.carrier == carrier).count()
    }
}

/// A configuration with an account at each named carrier, called as the carrier.
pub fn config(sandbox: &Sandbox, carriers: &[&str], data: &std::path::Path) -> Config {
    let accounts: BTreeMap<&str, Value> =
        carriers.iter().map(|carrier| (*carrier, account(sandbox, carrier))).collect();
    serde_json::from_value(
        json!({ "data_dir": data, "accounts": accounts, "purchase": { "settle_seconds": 1 } }),
    )
    .expect("a configuration")
}

fn account(sandbox: &Sandbox, carrier: &str) -> Value {
    let keys = sandbox.credentials(carrier);
    let mut settings = match carrier {
        "fedex" => json!({
            "api_key": keys["client_id"], "secret_key": keys["client_secret"], "account_number": keys["account_number"],
            "tracking": { "api_key": keys["track_client_id"], "secret_key": keys["track_client_secret"] },
        }),
        "usps" => json!({
            "client_id": keys["client_id"], "client_secret": keys["client_secret"],
            "payment": { "crid": keys["crid"], "mid": keys["mid"], "account_type": "EPS", "account_number": keys["account_number"] },
        }),
        "dhl-express" => {
            json!({ "username": keys["username"], "password": keys["password"], "account": keys["account_number"] })
        }
        "china-post" => json!({
            "open": {
                "sender_no": keys["sender_no"], "ec_company_id": keys["ec_company_id"],
                "authorization": keys["authorization"], "sign_key": keys["sign_key"],
                "wh_code": "51800000", "mail_type": "SANDBOX",
            },
        }),
        _ => keys,
    };
    if carrier == "china-post" {
        settings["prices"] = contract();
    }
    settings["carrier"] = carrier.into();
    settings["base_url"] = sandbox.base_url(carrier).into();
    settings
}

/// The price table of China Post's example account.
fn contract() -> Value {
    let registry = waybill::Registry::built_in();
    let example = registry.get("china-post").map(|entry| entry.example.clone()).unwrap_or_default();
    let table: toml::Table = toml::from_str(&example).expect("an example that reads");
    serde_json::to_value(&table["prices"]).expect("a price table")
}

fn contact(mut address: Address, phone: &str) -> Address {
    address.phone = Some(phone.into());
    address.email = Some("shipping@example.com".into());
    address
}

/// Los Angeles to San Francisco, 2.5 lb.
pub fn domestic() -> Shipment {
    let from = contact(
        Address::new("Example Shop", "200 N Spring St", "Los Angeles", "CA", "90012", Country::US),
        "213 555 0100",
    );
    let to = contact(
        Address::new("Ada Example", "1 Market St", "San Francisco", "CA", "94105", Country::US),
        "415 555 0134",
    );
    let parcel = Parcel::new("2.5lb".parse().expect("a weight"), "12x8x4in".parse().ok());
    let mut shipment = Shipment::new(from, to, vec![parcel]);
    shipment.references.push(Reference::new(ReferenceKind::Order, "ORDER-1001"));
    shipment
}

/// Los Angeles to Berlin, with customs data.
pub fn abroad() -> Shipment {
    let mut shipment = domestic();
    shipment.to = contact(
        Address::new("Bert Beispiel", "Alexanderplatz 1", "Berlin", "", "10178", Country::DE),
        "+49 30 5550134",
    );
    with_customs(shipment)
}

/// Shenzhen to San Francisco, with customs data.
pub fn from_china() -> Shipment {
    let mut shipment = domestic();
    shipment.from = contact(
        Address::new("Example Factory", "88 Shennan Road", "Shenzhen", "Guangdong", "518000", Country::CN),
        "+86 755 5550 0134",
    );
    with_customs(shipment)
}

fn with_customs(mut shipment: Shipment) -> Shipment {
    shipment.description = Some("cotton shirts".into());
    let customs = json!({
        "items": [{
            "description": "men's cotton shirt", "quantity": 2, "unit_value": { "amount": "25.00", "currency": "USD" },
            "unit_weight": { "value": "1", "unit": "lb" }, "hs_code": "6205.20", "origin": "CN", "local_description": "男式棉衬衫",
        }],
        "incoterm": "DAP", "invoice_number": "INV-1", "export_filing": "NOEEI 30.37(a)", "signer": "Sam Sender",
    });
    shipment.customs = Some(serde_json::from_value(customs).expect("customs data"));
    shipment
}

/// The lane on which a carrier is tried.
pub fn lane_of(carrier: &str) -> Shipment {
    match carrier {
        "dhl-express" => abroad(),
        "china-post" => from_china(),
        _ => domestic(),
    }
}
