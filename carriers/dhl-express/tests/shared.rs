//! Against DHL's own specification and samples, where they are at hand (`WAYBILL_SHARED`); else each test says that it
//! was skipped.

mod common;

use std::path::Path;

use common::{Canned, carrier, order, permit, shared};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{block_on, sample_shipment};

fn sample(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join("samples").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn track(folder: &Path, name: &str, number: &str) -> TrackOutcome {
    let status = status_of(folder, name);
    let host = Canned::new(status, sample(folder, name));
    let carrier = carrier(json!({}));
    let tracking = carrier.tracking().unwrap();
    let mut replies = block_on(tracking.track(&host.cx("track"), &TrackRequest::new([number]))).unwrap();
    replies.replies.remove(0).outcome
}

/// HTTP status of a sample, from the index.
fn status_of(folder: &Path, name: &str) -> u16 {
    let index: Vec<Value> = serde_json::from_slice(&sample(folder, "INDEX.json")).unwrap();
    let row =
        index.iter().find(|row| row["file"] == name).unwrap_or_else(|| panic!("{name} is not in the index"));
    u16::try_from(row["http_status"].as_u64().unwrap()).unwrap()
}

#[test]
fn tracking_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    let cases = [
        ("tracking-in-transit.response.json", "1727636691", "in_transit", 4, "AF"),
        ("tracking-out-for-delivery.response.json", "", "out_for_delivery", 0, "WC"),
        ("tracking-delivered.response.json", "1727636691", "delivered", 0, "OK"),
        ("tracking-domestic-delivered-mx.response.json", "", "delivered", 0, "OK"),
        ("tracking-doc-sample.response.json", "", "", 0, ""),
    ];
    for (name, number, status, events, newest) in cases {
        let answer: Value = serde_json::from_slice(&sample(&folder, name)).unwrap();
        let shipment = &answer["shipments"][0];
        let own = shipment["shipmentTrackingNumber"].as_str().unwrap();
        assert!(number.is_empty() || number == own, "{name}");
        let TrackOutcome::Found(track) = track(&folder, name, own) else { panic!("{name}: not found") };
        let all = shipment["events"].as_array().unwrap().len();
        assert_eq!(track.events.len(), all, "{name}");
        assert!(events == 0 || events == all, "{name}");
        assert!(status.is_empty() || track.status.as_str() == status, "{name}: {}", track.status);
        assert!(newest.is_empty() || track.events[0].code == newest, "{name}: {}", track.events[0].code);
        assert!(
            track.events.iter().all(|event| event.at.date.is_some() && event.at.time.is_some()),
            "{name}"
        );
        assert!(track.weight.is_some() && track.service.is_some(), "{name}");
    }
    assert_eq!(track(&folder, "tracking-not-found.response.json", "1251820953"), TrackOutcome::NotFound);
}

#[test]
fn every_code_of_the_checkpoint_dataset_has_a_status() {
    let Some(folder) = shared() else { return };
    let data: Value =
        serde_json::from_slice(&sample(&folder, "reference-data-tracking-events.response.json")).unwrap();
    let rows = data["referenceData"][0]["data"].as_array().unwrap();
    let code = |row: &Value| {
        let row = row.as_array()?.iter().find(|pair| pair["attribute"] == "eventTypeCode")?;
        Some(row["value"].as_str()?.to_owned())
    };
    let codes: Vec<String> = rows.iter().filter_map(code).collect();
    assert_eq!(codes.len(), 62);
    let carrier = carrier(json!({}));
    for code in codes {
        let event = json!({ "date": "2026-11-24", "time": "10:00:00", "typeCode": code });
        let answer = json!({ "shipments": [{ "shipmentTrackingNumber": "2741906358", "events": [event] }] });
        let host = Canned::new(200, answer.to_string());
        let request = TrackRequest::new(["2741906358"]);
        let replies = block_on(carrier.tracking().unwrap().track(&host.cx("track"), &request)).unwrap();
        let TrackOutcome::Found(track) = &replies.replies[0].outcome else { panic!("{code}") };
        assert_eq!(track.status == TrackStatus::Unknown, code == "TT", "{code}");
    }
}

/// Names, codes and limits of the declared products against the product dataset.
#[test]
fn products_of_the_profile_are_dhls() {
    let Some(folder) = shared() else { return };
    let data: Value =
        serde_json::from_slice(&sample(&folder, "reference-data-products.response.json")).unwrap();
    let carrier = carrier(json!({ "domestic": true, "agreed_services": ["medical-express"] }));
    let mut checked = 0;
    for row in data["referenceData"][0]["data"].as_array().unwrap() {
        let get = |name: &str| {
            row.as_array().unwrap().iter().find(|pair| pair["attribute"] == name).unwrap()["value"]
                .as_str()
                .unwrap()
        };
        let (code, name) = (get("productCode"), get("productName"));
        let answer = json!({ "products": [{ "productCode": code, "productName": name,
            "totalPrice": [{ "currencyType": "BILLC", "priceCurrency": "USD", "price": 1 }] }] });
        let host = Canned::new(200, answer.to_string());
        let request = RateRequest::new(sample_shipment("us_to_de").unwrap());
        let reply = block_on(carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request)).unwrap();
        let Some(service) = carrier.profile().service(&reply.rates[0].service) else { continue };
        assert_eq!(service.name, format!("DHL {}", name.to_uppercase()), "{code}");
        let side = |name: &str| get(name).parse::<rust_decimal::Decimal>().unwrap();
        let [a, b, c] = ["pieceMaximumLength", "pieceMaximumWidth", "pieceMaximumHeight"].map(side);
        let largest = Dimensions::new(a, b, c, LengthUnit::Centimetre).sorted();
        let limits = [service.limits.max_length, service.limits.max_width, service.limits.max_height];
        assert_eq!(limits, largest.map(Some), "{code}");
        let shipment: Weight = format!("{}kg", get("shipmentMaximumWeight")).parse().unwrap();
        assert!(service.limits.max_weight.unwrap() <= shipment, "{code}");
        checked += 1;
    }
    assert!(checked >= 12, "{checked}");
}

#[test]
fn rate_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    let quote = |name: &str, shipment: &str| {
        let host = Canned::new(status_of(&folder, name), sample(&folder, name));
        let request = RateRequest::new(sample_shipment(shipment).unwrap());
        let carrier = carrier(json!({ "domestic": true }));
        block_on(carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request))
    };
    let reply = quote("rates-one-product.response.json", "us_to_de").unwrap();
    let rate = &reply.rates[0];
    let prices: Vec<_> =
        rate.prices.iter().map(|price| (price.kind.clone(), price.total.to_string())).collect();
    assert_eq!(
        prices,
        [(PriceKind::Account, "157.95 GBP".into()), (PriceKind::Converted, "182.84 EUR".into())]
    );
    let lines: Vec<_> = rate.prices[0].charges.iter().map(|charge| charge.amount.to_string()).collect();
    assert_eq!(lines, ["130.00 GBP", "0.27 GBP", "27.68 GBP"]);
    assert_eq!((rate.transit_days, rate.service.as_str()), (Some(3), "express-worldwide"));
    let reply = quote("rates-de-domestic.response.json", "de_domestic").unwrap();
    let rates: Vec<_> = reply
        .rates
        .iter()
        .map(|rate| (rate.service.to_string(), rate.payable().unwrap().total.to_string()))
        .collect();
    let expected = [
        ("express-domestic-9", "38.69 EUR"),
        ("express-domestic-10-30", "25.72 EUR"),
        ("express-domestic-12", "16.64 EUR"),
    ];
    assert_eq!(rates, expected.map(|(service, price)| (service.to_owned(), price.to_owned())));
    assert_eq!(reply.rates[0].token, Some("I/H".into()));
    assert_eq!(reply.rates[0].payable().unwrap().taxes.unwrap().to_string(), "6.18 EUR");
    assert!(reply.rates.iter().all(|rate| rate.prices.len() == 1));
    assert_eq!(
        quote("rates-error-account.response.json", "us_to_de").unwrap_err().kind,
        ErrorKind::NotEntitled
    );
    assert_eq!(quote("rates-error-500.response.json", "us_to_de").unwrap_err().kind, ErrorKind::Unavailable);
    assert_eq!(quote("products-error-400.response.json", "us_to_de").unwrap_err().phase, Phase::Answered);
    assert_eq!(quote("error-auth.response.json", "us_to_de").unwrap_err().kind, ErrorKind::Auth);
    let refused = quote("error-product-not-available.response.json", "us_to_de").unwrap();
    assert!(
        refused.rates.is_empty()
            && refused.rejected.iter().any(|one| one.carrier_code.as_deref() == Some("1001"))
    );
}

#[test]
fn shipment_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    let carrier = carrier(json!({}));
    let buy = |name: &str, parcels: usize| {
        let host = Canned::new(status_of(&folder, name), sample(&folder, name));
        let mut shipment = sample_shipment("us_to_de").unwrap();
        shipment.parcels = vec![shipment.parcels[0].clone(); parcels];
        let order = order(shipment, "express-worldwide");
        block_on(carrier.label().unwrap().buy(&host.cx("buy"), &order, permit()))
    };
    let cases = [
        ("shipment-intl.response.json", 1, vec!["1103733901"]),
        ("shipment-minimal-label.response.json", 1, vec!["1111111111"]),
        ("shipment-with-pickup.response.json", 1, vec!["3436501003"]),
        (
            "shipment-labels-by-piece.response.json",
            3,
            vec!["5374534616", "JD014600004617230712", "JD014600004617230713"],
        ),
    ];
    for (name, parcels, numbers) in cases {
        let bought = buy(name, parcels).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found: Vec<_> = bought.pieces.iter().map(|piece| piece.tracking.as_str()).collect();
        assert_eq!(found, numbers, "{name}");
        let labels: Vec<_> = bought.documents.iter().filter(|one| one.kind == DocumentKind::Label).collect();
        assert_eq!(labels.len(), parcels, "{name}");
        assert!(labels.iter().all(|label| label.bytes.starts_with(b"%PDF")), "{name}");
    }
    let pickup = buy("shipment-with-pickup.response.json", 1).unwrap();
    assert_eq!(pickup.carrier_data.as_deref(), Some("PRG240502001481"));
    assert!(buy("shipment-domestic-document.response.json", 1).is_ok());
    let errors = [
        ("shipment-error-422.response.json", ErrorKind::Invalid, Phase::Answered),
        ("shipment-error-500.response.json", ErrorKind::Unavailable, Phase::OutcomeUnknown),
        ("shipment-error-date.response.json", ErrorKind::Invalid, Phase::Answered),
        ("shipment-error-service.response.json", ErrorKind::NoService, Phase::Answered),
        ("error-product-not-available.response.json", ErrorKind::NoService, Phase::Answered),
        ("error-auth.response.json", ErrorKind::Auth, Phase::Answered),
    ];
    for (name, kind, phase) in errors {
        let error = buy(name, 1).unwrap_err();
        assert_eq!((error.kind, error.phase), (kind, phase), "{name}");
    }
}

#[test]
fn the_other_samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    let carrier = carrier(json!({}));
    let host = |name: &str| Canned::new(status_of(&folder, name), sample(&folder, name));
    let proof = |name: &str| {
        let request = ProofRequest { number: "1234567890".into(), shipped_on: None };
        block_on(carrier.tracking().unwrap().proof_of_delivery(&host(name).cx("proof_of_delivery"), &request))
    };
    assert_eq!(proof("proof-of-delivery.response.json").unwrap().documents.len(), 1);
    assert_eq!(proof("proof-of-delivery-not-found.response.json").unwrap_err().kind, ErrorKind::NotFound);
    let check = |name: &str| {
        let address = Address::new("A", "1 Main St", "Los Angeles", "CA", "90001", Country::US);
        block_on(
            carrier
                .address_check()
                .unwrap()
                .check(&host(name).cx("check_address"), &AddressRequest { address }),
        )
    };
    assert_eq!(check("address-validate.response.json").unwrap().verdict, AddressVerdict::Valid);
    assert_eq!(check("address-validate-error-400.response.json").unwrap_err().kind, ErrorKind::Invalid);
    let key =
        PickupKey { confirmation: "PRG1".into(), date: "2026-11-24".parse().unwrap(), carrier_data: None };
    let cancel = carrier.pickup().unwrap();
    let unknown =
        block_on(cancel.cancel(&host("pickup-cancel-not-found.response.json").cx("cancel_pickup"), &key));
    assert_eq!(unknown.unwrap_err().kind, ErrorKind::NotFound);
    let request = pickup_request();
    let cx = |name: &str| host(name).cx("schedule_pickup");
    let made = block_on(cancel.schedule(&cx("pickup.response.json"), &request, permit())).unwrap();
    assert_eq!(made.confirmation, "PRG221222000062");
    let change = PickupUpdate { key, request: request.clone() };
    let changed = block_on(cancel.update(&cx("pickup-update.response.json"), &change)).unwrap();
    assert_eq!(
        (changed.confirmation.as_str(), changed.window_start.date),
        ("PRG999123456", "2024-01-16".parse().ok())
    );
    let refused = block_on(cancel.schedule(&cx("pickup-error-account.response.json"), &request, permit()));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::NotEntitled);
    let landed = LandedCostRequest { shipment: sample_shipment("us_to_de").unwrap(), service: None };
    let name = "landed-cost-error-400.response.json";
    let refused =
        block_on(carrier.landed_cost().unwrap().landed_cost(&host(name).cx("landed_cost"), &landed));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::NotEntitled);
    let track = TrackRequest::new(["1251820953"]);
    let refused = block_on(
        carrier.tracking().unwrap().track(&host("tracking-error-400.response.json").cx("track"), &track),
    );
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Invalid);
}

fn pickup_request() -> PickupRequest {
    let shipment = sample_shipment("us_to_de").unwrap();
    PickupRequest {
        address: shipment.from,
        date: "2026-11-24".parse().unwrap(),
        ready: "10:00:00".parse().unwrap(),
        close: "18:00:00".parse().unwrap(),
        parcels: shipment.parcels,
        services: Vec::new(),
        tracking: Vec::new(),
        place: Some("dock".into()),
        instructions: Some("ring".into()),
        handle: waybill_testkit::sample_handle(),
    }
}
