//! `generation = "json"`: the exact messages, what their answers mean, and what is refused with the setting named.

mod common;

use std::time::Duration;

use common::{Canned, permit, shared};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_ontrac::{Config, OnTrac, OnTracJson};
use waybill_sandbox::{Clock, Sandbox};
use waybill_testkit::{HttpHost, block_on, sample_handle, sample_shipment};

const KEY: &str = "quiet-harbor-91";
const TEXAS: &str = "W99";

fn config(settings: Value) -> Config {
    let mut all = json!({
        "generation": "json", "base_url": "https://carrier.test/root",
        "json": {
            "api_id": "brindlewood-17", "api_key": KEY, "customer_branch": TEXAS, "branch_postal_code": "98109",
            "injection_facility": "SEAT", "injection_postal_code": "98108",
        },
    });
    for (key, value) in settings.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn carrier(settings: Value) -> OnTracJson {
    OnTracJson::new(config(settings)).unwrap()
}

fn order(shipment: Shipment) -> LabelOrder {
    LabelOrder { numbers: vec![], ..common::order(shipment) }
}

fn domestic() -> Shipment {
    sample_shipment("us_domestic").unwrap()
}

fn message(host: &Canned) -> Value {
    serde_json::from_str(&host.message()).unwrap()
}

fn priced(charges: Value) -> String {
    json!({ "Error": false, "ServicesAndCharges": {
        "GRND": { "UTCExpectedDeliveryBy": "2026-11-27T23:00:00", "Charges": charges } } })
    .to_string()
}

#[test]
fn the_whole_question_and_the_sum_of_its_charges() {
    let answer = priced(json!([
        { "ChargeCode": "BS", "Amount": 7.10, "Currency": "USD" }, { "ChargeCode": "RC", "Amount": "0.90", "Currency": "USD" },
    ]));
    let (host, carrier) = (Canned::new(200, answer), carrier(json!({})));
    let mut shipment = sample_shipment("us_domestic+2").unwrap();
    shipment.parcels.push(shipment.parcels[0].clone());
    let reply = block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(shipment))).unwrap();
    assert_eq!(host.count(), 2, "two kinds of parcels, three parcels");
    assert_eq!(
        host.url(),
        format!("https://carrier.test/root/Method/ServicesAndCharges/v3/json/brindlewood-17/{KEY}")
    );
    let sent = message(&host);
    assert_eq!(sent["CustomerBranch"], TEXAS);
    assert_eq!(sent["TenderDateTime"], "2026-11-24T20:00:00Z");
    assert_eq!(
        sent["DeliverTo"],
        json!({
            "Contact": "Odalys Fennimore", "Company": "", "StreetAddress": "2093 Copperleaf Terrace", "Address2": "Apt 5B",
            "PostalCode": "78704", "City": "Austin", "State": "TX", "ISOCountryCode": "US", "Phone": "5125550163",
            "Email": sent["DeliverTo"]["Email"], "SpecialInstructions": "",
        })
    );
    let piece = &sent["Pieces"][0];
    assert_eq!((&piece["ExpirationDate"], &piece["Attributes"]), (&json!("2026-12-02"), &json!([])));
    assert_eq!(
        (&piece["WeightUnitOfMeasurement"], &piece["UnitOfMeasurement"]),
        (&json!("lbs"), &json!("in"))
    );
    let [rate] = reply.rates.as_slice() else { panic!("{reply:?}") };
    assert_eq!(rate.payable().unwrap().total.to_string(), "24.00 USD");
    assert_eq!(rate.payable().unwrap().kind, PriceKind::Account);
    assert_eq!(
        rate.delivery.as_ref().unwrap().latest.utc().unwrap().to_rfc3339(),
        "2026-11-27T23:00:00+00:00"
    );
    let refused: Vec<_> = reply.rejected.iter().map(|rejected| rejected.service.as_str()).collect();
    assert_eq!(refused, ["express", "ground-gres"]);
}

#[test]
fn no_rate_is_asked_once_more_and_is_never_zero() {
    let none = r#"{"Error":true,"ErrorMessage":"NoRate"}"#.to_owned();
    for (status, answer, calls) in [
        (400, none.clone(), 2),
        (200, none, 2),
        (200, priced(json!([])), 1),
        (200, priced(json!([{ "ChargeCode": "BS", "Amount": 0, "Currency": "USD" }])), 1),
        (
            200,
            priced(json!([{ "ChargeCode": "BS", "Amount": 5, "Currency": "USD" }, { "ChargeCode": "EN" }])),
            1,
        ),
        (200, priced(json!([{ "ChargeCode": "BS", "Amount": 5, "Currency": "CAD" }])), 1),
    ] {
        let (host, carrier) = (Canned::new(status, answer.clone()), carrier(json!({})));
        let reply = block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(domestic()))).unwrap();
        assert!(reply.rates.is_empty(), "{answer}");
        let ground = reply.rejected.iter().find(|rejected| rejected.service == "ground").unwrap();
        assert_eq!((ground.reason.clone(), host.count()), (RejectReason::NoPrice, calls), "{answer}");
    }
    for (status, body, kind) in [
        (401, r#"{"Error":true,"ErrorMessage":"Unauthorized"}"#, ErrorKind::Auth),
        (503, "", ErrorKind::Unavailable),
        (200, "<html>", ErrorKind::Malformed),
    ] {
        let (host, carrier) = (Canned::new(status, body), carrier(json!({})));
        let error = block_on(carrier.quote(&host.cx("quote"), &RateRequest::new(domestic()))).unwrap_err();
        assert_eq!(error.kind, kind, "{status}");
    }
}

const SOLD: &str = r#"{"Error":false,"ErrorMessage":"","Order":{"Pieces":[{"Barcode":"1LS7212345678901","Label":"^XA^FO1^XZ"}]}}"#;

#[test]
fn the_whole_order_and_the_label_that_it_sells() {
    let (host, carrier) = (Canned::new(200, SOLD), carrier(json!({ "environment": "test" })));
    let mut shipment = domestic();
    shipment.options.carrier.insert("instructions".into(), "Ring twice".into());
    shipment.billing.transport =
        Payer::ThirdParty { account: "778899".into(), country: Country::US, postal_code: None };
    let order = LabelOrder { label: LabelSpec::new(LabelFormat::Zpl), ..order(shipment) };
    let sale = block_on(carrier.buy(&host.cx("buy"), &order, permit())).unwrap();
    assert!(
        host.url().ends_with(&format!("/Method/PlaceOrder/v3/json/brindlewood-17/{KEY}/1/1/Z4x6")),
        "{}",
        host.url()
    );
    let sent = message(&host);
    for (name, value) in [
        ("CustomerBranch", TEXAS),
        ("CustomerOrderNumber", sample_handle().short().as_str()),
        ("ThirdPartyBillingAccount", "778899"),
        ("Reference1", "ORDER-7731"),
        ("ServiceCode", "GRND"),
        ("PickupType", "OnTrac"),
        ("TenderDateTime", "2026-11-24T20:00:00Z"),
        ("ExpectedDepartureDateTime", "2026-11-24T22:00:00Z"),
        ("InjectionFacilityCode", "SEAT"),
        ("InjectionPostalCode", "98108"),
        ("CustomerBranchePostalCode", "98109"),
    ] {
        assert_eq!(sent[name], value, "{name}");
    }
    assert_eq!(sent["DeliverTo"]["SpecialInstructions"], "Ring twice");
    assert_eq!(sent["ReturnTo"], sent["TenderAt"]);
    assert_eq!(sale.pieces[0].tracking, "1LS7212345678901");
    assert!(sale.has_labels() && sale.prices.is_empty() && sale.settlement == Settlement::BilledToAccount);
    assert_eq!(sale.documents[0].format, LabelFormat::Zpl);
}

#[test]
fn an_answer_without_a_label_or_a_number_is_told_apart_from_a_refusal() {
    let bare = r#"{"Error":"false","Order":{"Barcode":"D10013700000422","Pieces":null}}"#;
    let (host, json) = (Canned::new(200, bare), carrier(json!({})));
    let sale = block_on(json.buy(&host.cx("buy"), &order(domestic()), permit())).unwrap();
    assert!(
        !sale.has_labels() && sale.warnings.iter().any(|notice| notice.code.as_deref() == Some("no-label"))
    );
    for (status, body, kind, phase) in [
        (200, r#"{"Error":true,"ErrorMessage":"Bad address"}"#, "ontrac", Phase::Answered),
        (400, r#"{"Error":true,"ErrorMessage":"NoRate"}"#, "no_service", Phase::Answered),
        (
            200,
            r#"{"Error":true,"Order":{"Pieces":[{"Barcode":"D10013700000422"}]}}"#,
            "ontrac",
            Phase::OutcomeUnknown,
        ),
        (200, r#"{"Error":false,"Order":{}}"#, "malformed", Phase::OutcomeUnknown),
        (200, "", "malformed", Phase::OutcomeUnknown),
        (500, r#"{"Error":true}"#, "unavailable", Phase::OutcomeUnknown),
    ] {
        let (host, json) = (Canned::new(status, body), carrier(json!({})));
        let error = block_on(json.buy(&host.cx("buy"), &order(domestic()), permit())).unwrap_err();
        assert_eq!((error.kind.as_str(), error.phase), (kind, phase), "{status} {body}");
        assert_eq!(host.count(), 1);
    }
    // Nothing finds a lost order again, and nothing guards one: the host must not buy twice by itself.
    let traits = &carrier(json!({})).profile().purchase.clone();
    assert_eq!((traits.repeat, traits.lookup, traits.billed), (RepeatGuard::None, false, Billed::AtCreation));
}

#[test]
fn what_no_document_tells_is_refused_with_the_setting_named() {
    let (host, carrier) = (Canned::new(200, ""), carrier(json!({})));
    let pickup: PickupRequest = serde_json::from_value(json!({
        "address": domestic().from, "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00",
        "parcels": domestic().parcels,
    }))
    .unwrap();
    let cx = host.cx("x");
    let key = PickupKey {
        confirmation: "1".into(),
        ..serde_json::from_value(json!({ "confirmation": "1", "date": "2026-11-24" })).unwrap()
    };
    let errors = [
        block_on(carrier.schedule(&cx, &pickup, permit())).unwrap_err(),
        block_on(carrier.cancel(&cx, &key)).unwrap_err(),
        block_on(carrier.track(&cx, &TrackRequest::new(["D10013700000422"]))).unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
        assert!(error.message.contains("generation = \"json\""), "{error}");
    }
    assert_eq!(host.count(), 0);
}

#[test]
fn impossible_orders_and_settings_are_named_before_anything_is_sent() {
    type Change = fn(&mut LabelOrder);
    let (host, json) = (Canned::new(200, SOLD), carrier(json!({})));
    let changes: [(Change, &str); 6] = [
        (|order| order.shipment.to.postal_code = None, "to.postal_code"),
        (|order| order.shipment.from.state = Some("Washington".into()), "from.state"),
        (|order| order.shipment.ship_date = None, "ship_date"),
        (|order| order.label.format = LabelFormat::Png, "label.format"),
        (
            |order| order.shipment.billing.transport = Payer::Recipient { account: None, postal_code: None },
            "billing.transport.account",
        ),
        (
            |order| {
                order.shipment.options.carrier.insert("drone".into(), "yes".into());
            },
            "options.carrier",
        ),
    ];
    for (change, path) in changes {
        let mut order = order(domestic());
        change(&mut order);
        let error = block_on(json.buy(&host.cx("buy"), &order, permit())).unwrap_err();
        assert!(
            error.fields.iter().any(|field| field.path == path) || path == "to.postal_code",
            "{path}: {error:?}"
        );
        assert_eq!(error.phase, Phase::NotSent);
    }
    let mut signed = order(domestic());
    signed.shipment.options.signature = Some(Signature::Signature);
    assert_eq!(
        block_on(json.buy(&host.cx("buy"), &signed, permit())).unwrap_err().kind,
        ErrorKind::NoService
    );
    assert_eq!(host.count(), 0);

    let full = config(json!({}));
    let account = |changes: Value| {
        let mut json = json!({ "api_id": "i", "api_key": "k", "customer_branch": "b" });
        json.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json
    };
    for settings in [
        json!({ "json": null }),
        json!({ "json": account(json!({ "api_key": "" })) }),
        json!({ "json": account(json!({ "branch_postal_code": "x" })) }),
        json!({ "json": account(json!({ "tender_time_utc": "23:00:00" })) }),
        json!({ "number_block": "100137" }),
        json!({ "generation": "xml", "account_number": "1", "password": "p" }),
    ] {
        let error = OnTrac::open(config(settings.clone())).err().unwrap_or_else(|| panic!("{settings}"));
        assert_eq!(error.kind, ErrorKind::Config, "{settings}");
    }
    assert_eq!(OnTrac::open(full.clone()).unwrap().profile().services.len(), 3);
    assert!(OnTrac::new(full).is_err());
}

#[test]
fn the_key_is_in_the_path_and_nowhere_else() {
    let echo = json!({ "Error": true, "ErrorMessage": format!("no such path /v3/json/{KEY}/0") }).to_string();
    for (status, body) in
        [(200, echo.as_str()), (400, echo.as_str()), (500, ""), (404, "<html>"), (200, "<html>")]
    {
        let (host, json) = (Canned::new(status, body.to_owned()), carrier(json!({})));
        let error = block_on(json.buy(&host.cx("buy"), &order(domestic()), permit())).unwrap_err();
        assert!(host.url().contains(KEY) && !host.message().contains(KEY));
        assert!(!format!("{error} {error:?}").contains(KEY), "{error:?}");
    }
    assert!(!format!("{:?}", config(json!({}))).contains(KEY));
}

#[tokio::test]
async fn a_story_with_the_simulated_services() {
    let clock = Clock::fixed(waybill_testkit::standard_now());
    let sandbox = Sandbox::builder().in_memory_ledger().clock(clock).start().await.unwrap();
    let base = sandbox.base_url("ontrac");
    let json = carrier(json!({
        "base_url": base,
        "json": { "api_id": "ontrac-house", "api_key": "ontrac-house-pass", "customer_branch": "B",
            "tracking_url": format!("{base}/track") },
    }));
    let host = HttpHost::new();
    let mut shipment = domestic();
    (shipment.to.city, shipment.to.state) = ("Portland".into(), Some("OR".into()));
    shipment.to.postal_code = Some("97205".into());
    let proof = json.prove(&host.cx("prove"), &AccountRequest {}).await.unwrap();
    assert_eq!(proof.account_hint.as_deref(), Some("***use"));
    let quote = json.quote(&host.cx("quote"), &RateRequest::new(shipment.clone())).await.unwrap();
    let sale = json.buy(&host.cx("buy"), &order(shipment), host.permit()).await.unwrap();
    assert!(sale.has_labels());
    let sold = sandbox.ledger().sales().remove(0);
    assert_eq!(quote.rates[0].payable().unwrap().total.amount.to_string(), sold.amount.to_string());
    sandbox.clock().advance(Duration::from_secs(10 * 86_400));
    let numbers = [sale.pieces[0].tracking.as_str(), "D10010000000011"];
    let replies = json.track(&host.cx("track"), &TrackRequest::new(numbers)).await.unwrap().replies;
    let TrackOutcome::Found(track) = &replies[0].outcome else { panic!("{replies:?}") };
    assert_eq!(track.status, TrackStatus::Delivered);
    assert!(track.delivered.unwrap().offset_minutes.is_some() && track.signed_by.is_some());
    assert_eq!(replies[1].outcome, TrackOutcome::NotFound);
    let wrong = carrier(json!({ "base_url": base,
        "json": { "api_id": "ontrac-house", "api_key": "wrong", "customer_branch": "B" } }));
    let error = wrong.prove(&host.cx("prove"), &AccountRequest {}).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
}

#[test]
fn samples_parse_to_their_values() {
    let Some(folder) = shared() else { return };
    let text = |name: &str| std::fs::read_to_string(folder.join("samples").join(name)).unwrap();
    let (host, json) = (Canned::new(200, text("v3-rate-response.json")), carrier(json!({})));
    let reply = block_on(json.quote(&host.cx("quote"), &RateRequest::new(domestic()))).unwrap();
    assert_eq!(reply.rates[0].payable().unwrap().total.to_string(), "6.68 USD");
    // Every field of the samples' questions is in ours, in the same place.
    let names =
        |value: &Value, at: &str| -> Vec<String> { value[at].as_object().unwrap().keys().cloned().collect() };
    let sample: Value = serde_json::from_str(&text("v3-rate-request.json")).unwrap();
    let ours = message(&host);
    assert_eq!(
        sample.as_object().unwrap().keys().collect::<Vec<_>>(),
        ours.as_object().unwrap().keys().collect::<Vec<_>>()
    );
    assert_eq!(names(&sample, "DeliverTo"), names(&ours, "DeliverTo"));
    for (name, number, labels) in [
        ("v3-place-order-response.json", "D10013755557261", true),
        ("lasership-v1-place-order-response.json", "1LS7259014380769-1", true),
    ] {
        let host = Canned::new(200, text(name));
        let sale = block_on(json.buy(&host.cx("buy"), &order(domestic()), permit())).unwrap();
        assert_eq!((sale.pieces[0].tracking.as_str(), sale.has_labels()), (number, labels), "{name}");
        let sample: Value = serde_json::from_str(&text("v3-place-order-request.json")).unwrap();
        let mut wanted: Vec<_> = sample.as_object().unwrap().keys().cloned().collect();
        let mut have: Vec<_> = message(&host).as_object().unwrap().keys().cloned().collect();
        wanted.sort();
        have.sort();
        assert_eq!(wanted, have);
    }
    let tracked = carrier(json!({ "json": { "api_id": "i", "api_key": "k", "customer_branch": "b",
        "tracking_url": "https://carrier.test/track" } }));
    let host = Canned::new(200, text("lasership-track-delivered.json"));
    let reply = block_on(tracked.track(&host.cx("track"), &TrackRequest::new(["LA40305346"]))).unwrap();
    assert_eq!(host.url(), "https://carrier.test/track/LA40305346/json");
    let TrackOutcome::Found(track) = &reply.replies[0].outcome else { panic!("{reply:?}") };
    assert_eq!((track.status.as_str(), track.events.len()), ("delivered", 4));
    assert_eq!(track.delivered.unwrap().offset_minutes, Some(-300));
    assert_eq!(track.weight.unwrap().value.to_string(), "2.282");
}
