//! Inputs and hosts that the tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod schema;
pub mod wishes;

use chrono::NaiveDate;
use serde_json::{Value, json};
use waybill_core::*;
use waybill_fedex::FedEx;
use waybill_testkit::{Exchange, ScriptedHost, block_on, sample_handle, sample_shipment, standard_now};

pub const BASE: &str = "https://carrier.test/root";

/// An account with every setting that opens something.
pub fn account() -> Box<dyn Carrier> {
    account_at(BASE)
}

pub fn account_at(base: &str) -> Box<dyn Carrier> {
    let config = json!({
        "api_key": "key-one", "secret_key": "secret-one", "account_number": "740561073", "country": "US",
        "tracking": { "api_key": "key-two", "secret_key": "secret-two" }, "ground_economy_hub": "5531",
        "alcohol_agreement": "RETAILER", "fallback_phone": "206 555 0100", "explain_missing": true, "base_url": base,
    });
    FedEx::open(serde_json::from_value(config).unwrap()).unwrap()
}

fn exchange(method: &str, path: &str, status: u16, text: &str) -> Exchange {
    serde_json::from_value(json!({
        "request": { "method": method, "path": path }, "response": { "status": status, "text": text }
    }))
    .unwrap()
}

fn host(token_status: u16, token: &str, status: u16, text: &str) -> ScriptedHost {
    let mut exchanges = vec![exchange("POST", "/oauth/token", token_status, token)];
    exchanges.extend(["POST", "PUT"].map(|method| exchange(method, "/**", status, text)));
    ScriptedHost::new(&BASE.parse().unwrap(), exchanges)
}

const TOKEN: &str = r#"{"access_token":"token","token_type":"bearer","expires_in":3599,"scope":"CXS"}"#;

/// A host that gives tokens and answers everything else with one text.
pub fn host_answering(status: u16, text: &str) -> ScriptedHost {
    host(200, TOKEN, status, text)
}

pub fn host_with_token(token: &str, status: u16, text: &str) -> ScriptedHost {
    host(200, token, status, text)
}

pub fn host_with_token_status(status: u16, token: &str) -> ScriptedHost {
    host(status, token, 200, "{}")
}

/// A shipment by name: those of the testkit, and some of FedEx's own.
pub fn shipment(name: &str) -> Shipment {
    match name {
        "us_business" => {
            let mut shipment = sample_shipment("us_domestic").unwrap();
            shipment.to.residential = Some(false);
            shipment
        }
        "ca_to_us" => {
            let mut shipment = sample_shipment("us_to_de").unwrap();
            shipment.to = sample_shipment("us_domestic").unwrap().to;
            shipment.from.country = Country::CA;
            shipment.from.state = Some("QC".into());
            shipment.from.postal_code = Some("H2X 1Y4".into());
            shipment
        }
        other => sample_shipment(other).unwrap(),
    }
}

pub fn rate_request(name: &str) -> RateRequest {
    RateRequest::new(shipment(name))
}

pub fn order(name: &str, service: &str) -> LabelOrder {
    LabelOrder {
        shipment: shipment(name),
        service: service.into(),
        weekend: None,
        token: None,
        label: LabelSpec::default(),
        handle: sample_handle(),
        numbers: Vec::new(),
    }
}

pub fn key(number: &str) -> LabelKey {
    LabelKey {
        shipment_key: number.into(),
        tracking: Vec::new(),
        service: "ground".into(),
        handle: sample_handle(),
        bought_at: standard_now(),
        carrier_data: None,
    }
}

pub fn day() -> NaiveDate {
    "2026-11-24".parse().unwrap()
}

pub fn pickup() -> PickupRequest {
    let shipment = shipment("us_business");
    PickupRequest {
        address: shipment.from,
        date: day(),
        ready: "10:00:00".parse().unwrap(),
        close: "17:00:00".parse().unwrap(),
        parcels: shipment.parcels,
        services: vec!["2-day".into()],
        tracking: vec!["794640010017".into()],
        place: Some("reception".into()),
        instructions: Some("ring twice".into()),
        handle: sample_handle(),
    }
}

pub fn manifest(number: &str, service: &str) -> ManifestRequest {
    let entry =
        ManifestEntry { shipment_key: number.into(), tracking: vec![number.into()], service: service.into() };
    ManifestRequest {
        from: shipment("us_business").from,
        ship_date: day(),
        shipments: vec![entry],
        handle: sample_handle(),
    }
}

/// What to ask a carrier for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Rates,
    Labels,
    Void,
    Track,
    Recover,
    Proof,
    Address,
    Pickup,
    PickupCancel,
    Close,
}

/// Makes the carrier ask, against an answer that says nothing, and gives what it sent to a path.
pub fn requests_to(path: &str, ask: Ask) -> Vec<(String, String, Value)> {
    let mut sent = Vec::new();
    let mut note = |about: &str, host: &ScriptedHost| {
        let mine = host.requests().into_iter().filter(|sent| sent.uri.path() == format!("/root{path}"));
        sent.extend(mine.map(|one| (about.to_owned(), one.method.as_str().to_ascii_lowercase(), one.json())));
    };
    let host = || host_answering(200, r#"{"output":{"rateReplyDetails":[]}}"#);
    match ask {
        Ask::Rates => {
            for (about, shipment, service) in wishes::wishes() {
                for services in [Vec::new(), vec![service.into()]] {
                    let request =
                        RateRequest { shipment: shipment.clone(), services, currency: Some(Currency::GBP) };
                    let host = host();
                    block_on(account().rate_quote().unwrap().quote(&host.cx("quote"), &request)).unwrap();
                    note(about, &host);
                }
            }
        }
        Ask::Labels => {
            for (about, shipment, service) in wishes::wishes() {
                let host = host();
                let order = LabelOrder { shipment, ..order("us_business", service) };
                // The answer is no sale; a local refusal would send nothing, and is a mistake of this test.
                let error = block_on(account().label().unwrap().buy(&host.cx("buy"), &order, host.permit()));
                assert_eq!(error.unwrap_err().phase, Phase::OutcomeUnknown, "{about}");
                note(about, &host);
            }
        }
        other => {
            let host = host();
            ask_once(other, &host);
            note("once", &host);
        }
    }
    sent
}

fn ask_once(ask: Ask, host: &ScriptedHost) {
    let carrier = account();
    let cx = host.cx("ask");
    match ask {
        Ask::Void => drop(block_on(carrier.label().unwrap().void(&cx, &key("794640010017")))),
        Ask::Track => {
            let mut request = TrackRequest::new(["794640010017", "794640010028", "PO 7/2026"]);
            request.shipped_from = Some(day());
            drop(block_on(carrier.tracking().unwrap().track(&cx, &request)));
        }
        Ask::Recover => {
            let request = RecoverRequest { order: order("us_business", "ground"), sent_at: standard_now() };
            drop(block_on(carrier.label().unwrap().recover(&cx, &request)));
        }
        Ask::Proof => {
            let request = ProofRequest { number: "794640010017".into(), shipped_on: Some(day()) };
            drop(block_on(carrier.tracking().unwrap().proof_of_delivery(&cx, &request)));
        }
        Ask::Address => {
            let request = AddressRequest { address: shipment("us_domestic").to };
            drop(block_on(carrier.address_check().unwrap().check(&cx, &request)));
        }
        Ask::Pickup => drop(block_on(carrier.pickup().unwrap().schedule(&cx, &pickup(), host.permit()))),
        Ask::PickupCancel => {
            let data = r#"{"carrier":"FDXE","location":"COSA"}"#.to_owned();
            let key = PickupKey { confirmation: "3001".into(), date: day(), carrier_data: Some(data) };
            drop(block_on(carrier.pickup().unwrap().cancel(&cx, &key)));
        }
        Ask::Close => {
            let request = manifest("794640010017", "ground");
            drop(block_on(carrier.manifest().unwrap().close(&cx, &request, host.permit())));
        }
        Ask::Rates | Ask::Labels => {}
    }
}
