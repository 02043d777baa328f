//! Every request of every operation, with every option that it knows, against USPS's API files where they are at hand.

mod common;
mod spec;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use spec::Spec;
use waybill_core::*;
use waybill_testkit::{block_on, sample_handle, sample_shipment, standard_now};
use waybill_usps::{Config, Usps};

/// Answers tokens and what an operation needs to go on, and keeps every request.
#[derive(Default)]
struct Recorder(Mutex<Vec<Request>>);

#[async_trait]
impl Host for Recorder {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let path = outgoing.request.uri().path().to_owned();
        let body = if path.ends_with("/token") {
            json!({ "access_token": "t", "expires_in": "28799", "scope": "prices labels payments tracking" })
        } else if path.ends_with("/payment-authorization") {
            json!({ "paymentAuthorizationToken": "p" })
        } else if path.ends_with("/options/search") {
            // Rows that do not name their packaging: they are priced again, by name.
            let class = serde_json::from_slice::<Value>(outgoing.request.body()).unwrap();
            let wanted = class["packageDescription"]["mailClass"].as_str().unwrap_or_default().to_owned();
            let names: &[&str] = match wanted.as_str() {
                "ALL" => &["PRIORITY_MAIL_INTERNATIONAL"],
                "ALL_RETURNS" => &["PRIORITY_MAIL_RETURN_SERVICE"],
                "ALL_OUTBOUND" => &["PRIORITY_MAIL", "PRIORITY_MAIL_EXPRESS"],
                _ => &[],
            };
            let price = class["pricingOptions"][0]["priceType"].clone();
            let row = json!([{ "totalBasePrice": 9.5, "rates": [{ "price": 9.5, "priceType": price }] }]);
            let all: Vec<_> =
                names.iter().map(|name| json!({ "mailClass": name, "rateOptions": row })).collect();
            json!({ "pricingOptions": [{ "shippingOptions": all }] })
        } else if path.ends_with("/base-rates/search") {
            json!({ "totalBasePrice": 9.5, "rates": [{ "price": 9.5, "priceType": "COMMERCIAL" }] })
        } else if path.contains("/carrier-pickup") {
            json!([{ "confirmationNumber": "WTC1", "pickupDate": "2026-11-24" }])
        } else {
            json!({})
        };
        self.0.lock().unwrap().push(outgoing.request);
        let mut response = Response::new(Bytes::from(body.to_string()));
        response.headers_mut().insert("etag", http::HeaderValue::from_static("\"1\""));
        Ok(response)
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        standard_now()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}

fn cx(host: &Arc<Recorder>, operation: &str) -> Cx {
    let (operation, account) = (operation.into(), "a".into());
    Cx::new(CallInfo { id: 1, operation, account, deadline: None, language: None }, host.clone())
}

fn permit() -> SpendPermit {
    SpendPermit::issue(PermitId("p".into()))
}

fn accounts() -> Vec<Usps> {
    let eps = json!({ "crid": "10020030", "mid": "903021456", "account_number": "1000345678" });
    let permit = json!({ "crid": "10020030", "mid": "903021", "manifest_mid": "903022", "account_type": "PERMIT",
        "permit_number": "1234", "permit_zip": "98109", "label_owner": { "crid": "10020031", "mid": "903021457" } });
    let contract = json!({ "client_id": "k", "client_secret": "s", "base_url": "https://carrier.test/usps", "payment": eps,
        "prices": "contract", "compare_retail": true, "tracking": "v3", "accept_unverified_addresses": true });
    [
        json!({ "client_id": "k", "client_secret": "s", "base_url": "https://carrier.test/usps", "payment": eps }),
        json!({ "client_id": "k", "client_secret": "s", "base_url": "https://carrier.test/usps", "payment": permit, "tracking": "v3" }),
        contract,
    ]
    .into_iter()
    .map(|settings| Usps::new(serde_json::from_value::<Config>(settings).unwrap()).unwrap())
    .collect()
}

fn changed(name: &str, change: impl FnOnce(&mut Shipment)) -> Shipment {
    let mut shipment = sample_shipment(name).unwrap();
    change(&mut shipment);
    shipment
}

/// Shipments that between them have every option, packaging and lane.
fn shipments() -> Vec<Shipment> {
    let dollars = |cents| Some(Money::from_minor(cents, Currency::USD));
    let battery = |kind, packing| vec![Battery { kind, packing }];
    let mut all = vec![
        changed("us_domestic", |_| {}),
        changed("us_domestic+2", |_| {}),
        changed("us_domestic", |s| s.is_return = true),
        changed("us_domestic", |s| s.options.signature = Some(Signature::Signature)),
        changed("us_domestic", |s| s.options.signature = Some(Signature::Adult)),
        changed("us_domestic", |s| s.options.sunday_delivery = true),
        changed("us_domestic", |s| {
            s.options.hold_at = Some(HoldAt { location: "1380459".into(), address: None })
        }),
        changed("us_domestic", |s| s.parcels[0].declared_value = dollars(45_000)),
        changed("us_domestic", |s| s.parcels[0].declared_value = dollars(90_000)),
        changed("us_domestic", |s| s.parcels[0].dry_ice = "1lb".parse().ok()),
        changed("us_domestic", |s| {
            s.parcels[0].batteries = battery(BatteryKind::LithiumIon, BatteryPacking::PackedWith)
        }),
        changed("us_domestic", |s| {
            s.parcels[0].batteries = battery(BatteryKind::LithiumMetal, BatteryPacking::Standalone)
        }),
        changed("us_domestic", |s| s.parcels[0].non_machinable = true),
        changed("us_domestic", |s| s.return_to = Some(s.from.clone())),
        changed("us_domestic", |s| {
            s.to.state = Some("PR".into());
            s.to.postal_code = Some("00901-1234".into());
            s.options.carrier.insert("urbanization".into(), "URB LAS GLADIOLAS".into());
        }),
        changed("us_domestic", |s| {
            s.to.state = Some("AE".into());
            s.to.postal_code = Some("09008".into());
            s.customs = sample_shipment("us_to_de").unwrap().customs;
        }),
        changed("us_domestic", |s| {
            s.options.carrier.insert("soft_pack".into(), "yes".into());
            s.options.carrier.insert("non_rectangular".into(), "yes".into());
        }),
        changed("us_to_de", |_| {}),
        changed("us_to_de", |s| s.customs.as_mut().unwrap().incoterm = Some("DDP".into())),
        changed("us_to_de", |s| s.customs.as_mut().unwrap().non_delivery = Some(NonDelivery::Abandon)),
        changed("us_to_de", |s| s.parcels[0].declared_value = dollars(20_000)),
        changed("us_to_de", |s| {
            s.parcels[0].batteries = battery(BatteryKind::LithiumIon, BatteryPacking::Contained)
        }),
    ];
    for contents in ["media", "library"] {
        all.push(changed("us_domestic", |s| {
            drop(s.options.carrier.insert("contents".into(), contents.into()))
        }));
    }
    for packaging in [
        "flat-rate-envelope",
        "legal-flat-rate-envelope",
        "padded-flat-rate-envelope",
        "small-flat-rate-box",
        "medium-flat-rate-box",
        "large-flat-rate-box",
    ] {
        for lane in ["us_domestic", "us_to_de"] {
            all.push(changed(lane, |s| s.parcels[0].packaging = packaging.into()));
        }
    }
    all
}

/// Runs every operation; what they make of the answers is not looked at here.
fn everything(host: &Arc<Recorder>) {
    for carrier in accounts() {
        let services: Vec<ServiceCode> =
            carrier.profile().services.iter().map(|service| service.code.clone()).collect();
        for shipment in shipments() {
            let _ = block_on(carrier.quote(&cx(host, "quote"), &RateRequest::new(shipment.clone())));
            for service in &services {
                buy(host, &carrier, &shipment, service);
            }
        }
        follow_ups(host, &carrier);
    }
}

fn buy(host: &Arc<Recorder>, carrier: &Usps, shipment: &Shipment, service: &ServiceCode) {
    for label in [LabelFormat::Pdf, LabelFormat::Zpl, LabelFormat::Png, LabelFormat::Epl] {
        let order = LabelOrder {
            shipment: shipment.clone(),
            service: service.clone(),
            weekend: None,
            token: None,
            label: LabelSpec::new(label),
            handle: sample_handle(),
            numbers: vec![],
        };
        let _ = block_on(carrier.label().unwrap().buy(&cx(host, "buy"), &order, permit()));
        let request = RecoverRequest { order, sent_at: standard_now() };
        let _ = block_on(carrier.label().unwrap().recover(&cx(host, "recover"), &request));
    }
    let request = LandedCostRequest { shipment: shipment.clone(), service: Some(service.clone()) };
    let _ = block_on(LandedCost::landed_cost(carrier, &cx(host, "landed_cost"), &request));
}

fn follow_ups(host: &Arc<Recorder>, carrier: &Usps) {
    for (service, number, data) in [
        ("priority-mail", "9405503699300124287028", "domestic"),
        ("ground-advantage", "9202390299300124287035", "return"),
        ("priority-mail-international", "CZ000012162US", "international"),
    ] {
        for numbers in [vec![], vec![TrackingNumber::from(number)]] {
            let key = LabelKey {
                shipment_key: ShipmentKey::new(if numbers.is_empty() { "" } else { number }),
                tracking: numbers,
                service: service.into(),
                handle: sample_handle(),
                bought_at: standard_now(),
                carrier_data: Some(data.into()),
            };
            let _ = block_on(carrier.label().unwrap().void(&cx(host, "void"), &key));
            if !key.tracking.is_empty() {
                let request = ReprintRequest { key, label: LabelSpec::new(LabelFormat::Pdf) };
                let _ = block_on(carrier.label().unwrap().reprint(&cx(host, "reprint"), &request));
            }
        }
    }
    let home = sample_shipment("us_domestic").unwrap();
    let manifest = ManifestRequest {
        from: home.from.clone(),
        ship_date: home.ship_date.unwrap(),
        shipments: vec![ManifestEntry {
            shipment_key: "9405503699300124287028".into(),
            tracking: vec!["9405503699300124287028".into()],
            service: "priority-mail".into(),
        }],
        handle: sample_handle(),
    };
    let _ = block_on(carrier.close(&cx(host, "close"), &manifest, permit()));
    let mut track = TrackRequest::new(["9405503699300124287028", "CZ000012162US"]);
    (track.shipped_from, track.destination) =
        (home.ship_date, Some((Country::US, Some("78704-1234".into()))));
    let _ = block_on(carrier.track(&cx(host, "track"), &track));
    collections(host, carrier, &home);
    for address in [home.from, home.to] {
        let _ = block_on(carrier.check(&cx(host, "check"), &AddressRequest { address }));
    }
    let _ = block_on(carrier.prove(&cx(host, "prove"), &AccountRequest {}));
}

fn collections(host: &Arc<Recorder>, carrier: &Usps, home: &Shipment) {
    let date = home.ship_date.unwrap();
    for (place, service) in [
        (None, "priority-mail"),
        (Some("porch"), "ground-advantage"),
        (Some("Mail Room"), "media-mail"),
        (Some("behind the shed"), "priority-mail-international"),
    ] {
        let request = PickupRequest {
            address: home.from.clone(),
            date,
            ready: "10:00:00".parse().unwrap(),
            close: "17:00:00".parse().unwrap(),
            parcels: home.parcels.clone(),
            services: vec![service.into()],
            tracking: vec![],
            place: place.map(str::to_owned),
            instructions: None,
            handle: sample_handle(),
        };
        let _ = block_on(carrier.schedule(&cx(host, "schedule"), &request, permit()));
    }
    let key = PickupKey { confirmation: "WTC0000001".into(), date, carrier_data: None };
    let _ = block_on(carrier.cancel(&cx(host, "cancel"), &key));
}

/// API below its server, and its file. Those without a file: sign-in, service standards, the current tracking.
const FILES: &[(&str, &str)] = &[
    ("/labels/v3", "domestic-labels.yaml"),
    ("/international-labels/v3", "international-labels.yaml"),
    ("/prices/v3", "domestic-prices.yaml"),
    ("/international-prices/v3", "international-prices.yaml"),
    ("/shipments/v3", "shipping-options.yaml"),
    ("/payments/v3", "payments.yaml"),
    ("/scan-forms/v3", "scan-forms.yaml"),
    ("/tracking/v3", "tracking.yaml"),
    ("/pickup/v3", "carrier-pickup.yaml"),
    ("/addresses/v3", "addresses.yaml"),
];

#[test]
fn every_request_keeps_to_its_api_file() {
    let Some(folder) = common::shared() else {
        println!("skipped: the shared specifications are not here (WAYBILL_SHARED)");
        return;
    };
    let host = Arc::new(Recorder::default());
    everything(&host);
    let specs: Vec<(&str, Spec)> =
        FILES.iter().map(|(api, file)| (*api, Spec::load(&folder, file))).collect();
    let (mut checked, mut seen, mut known) = (0, BTreeSet::new(), BTreeSet::new());
    for request in host.0.lock().unwrap().iter() {
        let path = request.uri().path().trim_start_matches("/usps").to_owned();
        let same = format!("{} {} {:?}", request.method(), request.uri(), request.body());
        let Some((api, spec)) = specs.iter().find(|(api, _)| path.starts_with(&format!("{api}/"))) else {
            let without = ["/oauth2/v3/token", "/service-standards/v3/estimates", "/tracking/v3r2/tracking"];
            assert!(without.contains(&path.as_str()), "{path}");
            continue;
        };
        seen.insert(format!("{} {}", request.method(), path));
        if known.insert(same) {
            spec.check_request(path.strip_prefix(api).unwrap(), request);
            checked += 1;
        }
    }
    for needed in [
        "POST /labels/v3/label",
        "POST /labels/v3/return-label",
        "DELETE /labels/v3/label",
        "DELETE /labels/v3/label/9405503699300124287028",
        "POST /labels/v3/label-reprint",
        "POST /labels/v3/label-reprint/9202390299300124287035",
        "POST /international-labels/v3/international-label",
        "DELETE /international-labels/v3/international-label/CZ000012162US",
        "POST /international-labels/v3/international-label-reprint",
        "POST /prices/v3/base-rates/search",
        "POST /international-prices/v3/base-rates/search",
        "POST /international-prices/v3/total-rates/search",
        "POST /shipments/v3/options/search",
        "POST /payments/v3/payment-authorization",
        "GET /payments/v3/payment-account/1000345678",
        "POST /scan-forms/v3/scan-form",
        "GET /tracking/v3/tracking/CZ000012162US",
        "POST /pickup/v3/carrier-pickup",
        "DELETE /pickup/v3/carrier-pickup/WTC0000001",
        "GET /addresses/v3/address",
    ] {
        assert!(seen.contains(needed), "{needed} was not made: {seen:#?}");
    }
    println!("{checked} different requests");
    assert!(checked > 200, "{checked}");
}

#[test]
fn the_check_of_requests_sees_mistakes() {
    let Some(folder) = common::shared() else {
        println!("skipped: the shared specifications are not here (WAYBILL_SHARED)");
        return;
    };
    let host = Arc::new(Recorder::default());
    let carrier = accounts().remove(0);
    buy(&host, &carrier, &sample_shipment("us_domestic").unwrap(), &"priority-mail".into());
    let spec = Spec::load(&folder, "domestic-labels.yaml");
    let sent = host.0.lock().unwrap();
    let good = sent.iter().find(|request| request.uri().path().ends_with("/labels/v3/label")).unwrap();
    type Change = fn(&mut Value);
    let changes: [Change; 5] = [
        |body| body["toAddress"]["ZIPCode"] = json!("787O4"),
        |body| body["toAddress"]["nickname"] = json!("x"),
        |body| body["packageDescription"]["mailClass"] = json!("PIGEON"),
        |body| body["packageDescription"]["weight"] = json!("2"),
        |body| drop(body["packageDescription"].as_object_mut().unwrap().remove("mailingDate")),
    ];
    for (at, change) in changes.iter().enumerate() {
        let mut body: Value = serde_json::from_slice(good.body()).unwrap();
        change(&mut body);
        let mut bad = good.clone();
        *bad.body_mut() = Bytes::from(body.to_string());
        assert!(!spec.problems("/label", &bad).is_empty(), "change {at}");
    }
    let mut bare = good.clone();
    bare.headers_mut().remove("x-payment-authorization-token");
    assert!(!spec.problems("/label", &bare).is_empty());
    assert!(spec.problems("/label", good).is_empty());
}
