//! A shipper's story with the simulated OnTrac over real sockets.

use std::time::Duration;

use serde_json::{Value, json};
use waybill_core::*;
use waybill_ontrac::{Config, OnTrac};
use waybill_sandbox::{Clock, Fault, Sandbox};
use waybill_testkit::{HttpHost, sample_handle, sample_shipment};

async fn sandbox() -> Sandbox {
    let clock = Clock::fixed(waybill_testkit::standard_now());
    Sandbox::builder().in_memory_ledger().clock(clock).start().await.unwrap()
}

fn account(sandbox: &Sandbox, settings: Value) -> OnTrac {
    let mut config = sandbox.credentials("ontrac");
    config["base_url"] = json!(sandbox.base_url("ontrac"));
    config["number_block"] = json!("100137");
    for (key, value) in settings.as_object().unwrap() {
        config[key] = value.clone();
    }
    let config: Config = serde_json::from_value(config).unwrap();
    OnTrac::new(config).unwrap()
}

/// From Seattle to Portland: the simulated area is the western states.
fn shipment() -> Shipment {
    let mut shipment = sample_shipment("us_domestic").unwrap();
    (shipment.to.city, shipment.to.state) = ("Portland".into(), Some("OR".into()));
    shipment.to.postal_code = Some("97205".into());
    shipment
}

fn order(numbers: Vec<TrackingNumber>, format: LabelFormat) -> LabelOrder {
    LabelOrder {
        shipment: shipment(),
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(format),
        handle: sample_handle(),
        numbers,
    }
}

async fn numbers(carrier: &OnTrac, host: &HttpHost, sequence: u64) -> Vec<TrackingNumber> {
    let request = AllocateRequest { order: order(vec![], LabelFormat::Pdf), sequence };
    carrier.allocate(&host.cx("allocate"), &request).await.unwrap().numbers
}

#[tokio::test]
async fn prices_come_with_the_list_price_and_the_area_is_fetched_once() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, json!({}));
    let request = RateRequest::new(shipment());
    let reply = carrier.quote(&host.cx("quote"), &request).await.unwrap();
    let [rate] = reply.rates.as_slice() else { panic!("{reply:?}") };
    assert_eq!((rate.service.as_str(), rate.prices.len()), ("ground", 2));
    assert!(rate.saving().is_some() && rate.delivery.is_some() && rate.transit_days.is_some());
    assert_eq!(host.requests().len(), 2, "the list of ZIP codes, then the prices");
    carrier.quote(&host.cx("quote"), &request).await.unwrap();
    assert_eq!(host.requests().len(), 3);
    // A day later only changes are asked for; there are none, and the list still holds.
    host.advance(Duration::from_secs(25 * 3600));
    let mut far = request.clone();
    far.shipment.to.postal_code = Some("59001".into());
    let reply = carrier.quote(&host.cx("quote"), &far).await.unwrap();
    assert_eq!(reply.rejected[0].reason, RejectReason::Lane);
    let sent = host.requests();
    assert_eq!(sent.len(), 4, "refused without asking for a price");
    assert!(sent[3].uri.to_string().contains("lastUpdate="));
}

#[tokio::test]
async fn without_the_list_prices_are_asked_for_all_the_same() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, json!({}));
    sandbox.faults().next("ontrac", "address", Fault::ErrorBefore { status: 500 });
    let request = RateRequest::new(shipment());
    for requests in [2, 3] {
        let reply = carrier.quote(&host.cx("quote"), &request).await.unwrap();
        assert_eq!(
            (reply.rates.len(), host.requests().len()),
            (1, requests),
            "the list is not asked for at once again"
        );
    }
    host.advance(Duration::from_secs(301));
    carrier.quote(&host.cx("quote"), &request).await.unwrap();
    assert_eq!(host.requests().len(), 5);
}

#[tokio::test]
async fn older_versions_put_the_parts_in_their_own_order() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let mut totals = Vec::new();
    for version in ["V2", "V6", "V7"] {
        let carrier = account(&sandbox, json!({ "version": version, "service_area": false }));
        let request = RateRequest { services: vec!["ground".into()], ..RateRequest::new(shipment()) };
        let reply = carrier.quote(&host.cx("quote"), &request).await.unwrap();
        totals.push(reply.rates[0].payable().unwrap().total);
    }
    assert!(totals.windows(2).all(|pair| pair[0] == pair[1]), "{totals:?}");
}

#[tokio::test]
async fn a_wrong_password_is_noticed_and_shown_nowhere() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let wrong = account(&sandbox, json!({ "password": "not-the-password" }));
    let error = wrong.prove(&host.cx("prove_account"), &AccountRequest {}).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
    assert!(!format!("{error} {error:?} {:?}", host.log_lines()).contains("not-the-password"));
    let right = account(&sandbox, json!({}));
    let reply = right.prove(&host.cx("prove_account"), &AccountRequest {}).await.unwrap();
    assert!(reply.notices.is_empty(), "{reply:?}");
}

#[tokio::test]
async fn a_label_in_each_format_bears_our_number_and_is_tracked_and_settled() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, json!({}));
    for (sequence, format) in [LabelFormat::Pdf, LabelFormat::Zpl, LabelFormat::Png].into_iter().enumerate() {
        let numbers = numbers(&carrier, &host, sequence as u64).await;
        let order = order(numbers.clone(), format.clone());
        let sale = carrier.buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
        assert!(sale.has_labels() && sale.warnings.is_empty(), "{sale:?}");
        assert_eq!((&sale.pieces[0].tracking, &sale.documents[0].format), (&numbers[0], &format));
        assert!(sale.charged().is_some());
        let wanted = TrackRequest::new([numbers[0].as_str(), "D10010000000011"]);
        let replies = carrier.track(&host.cx("track"), &wanted).await.unwrap().replies;
        let found = matches!(&replies[0].outcome, TrackOutcome::Found(track) if track.status == TrackStatus::PreTransit);
        assert!(found, "{:?}", replies[0]);
        assert_eq!(replies[1].outcome, TrackOutcome::NotFound);
        let adjusted = carrier.adjusted(&host.cx("details"), &numbers).await.unwrap();
        assert_eq!((adjusted[0].total, adjusted[0].weight), (sale.charged(), None), "not measured yet");
    }
    assert_eq!((sandbox.ledger().len(), host.sent(Effect::Spend)), (3, 3));
    let key = LabelKey {
        shipment_key: "D".into(),
        tracking: vec![],
        service: "ground".into(),
        handle: sample_handle(),
        bought_at: host.now(),
        carrier_data: None,
    };
    let void = carrier.void(&host.cx("void"), &key).await.unwrap();
    assert!(matches!(void, VoidOutcome::NotNeeded { .. }));
}

#[tokio::test]
async fn a_lost_answer_is_found_by_our_number_and_sending_again_sells_nothing_new() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, json!({}));
    let numbers = numbers(&carrier, &host, 7).await;
    let mut order = order(numbers, LabelFormat::Pdf);
    let ask = |order: &LabelOrder| RecoverRequest { order: order.clone(), sent_at: host.now() };
    let before = carrier.recover(&host.cx("recover"), &ask(&order)).await.unwrap();
    assert_eq!(before, Recovery::Absent);
    sandbox.faults().next("ontrac", "buy", Fault::ResetAfter);
    let error = carrier.buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
    assert_eq!(error.phase, Phase::OutcomeUnknown);
    let Recovery::Found(sales) = carrier.recover(&host.cx("recover"), &ask(&order)).await.unwrap() else {
        panic!("the sale is there");
    };
    assert_eq!(sales[0].pieces[0].tracking, order.numbers[0]);
    assert!(!sales[0].has_labels());
    // The next attempt has another handle and keeps the number.
    order.handle = Handle(uuid::Uuid::from_u128(7));
    let again = carrier.buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert!(again.has_labels());
    assert_eq!((sandbox.ledger().len(), again.pieces[0].tracking.clone()), (1, order.numbers[0].clone()));
}

#[tokio::test]
async fn without_a_block_the_handle_finds_the_sale() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, json!({ "number_block": null }));
    assert_eq!(carrier.profile().purchase.repeat, RepeatGuard::Handle);
    let order = order(numbers(&carrier, &host, 0).await, LabelFormat::Zpl);
    assert!(order.numbers.is_empty());
    let sale = carrier.buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    let request = RecoverRequest { order, sent_at: host.now() };
    let Recovery::Found(found) = carrier.recover(&host.cx("recover"), &request).await.unwrap() else {
        panic!("the sale is there");
    };
    assert_eq!(found[0].pieces[0].tracking, sale.pieces[0].tracking);
}

#[tokio::test]
async fn a_collection_is_confirmed_and_cannot_be_cancelled() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, json!({}));
    let request: PickupRequest = serde_json::from_value(json!({
        "address": shipment().from, "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00",
        "parcels": shipment().parcels,
    }))
    .unwrap();
    let reply = carrier.schedule(&host.cx("schedule_pickup"), &request, host.permit()).await.unwrap();
    let key = PickupKey { confirmation: reply.confirmation, date: request.date, carrier_data: None };
    let error = carrier.cancel(&host.cx("cancel_pickup"), &key).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unsupported);
}
