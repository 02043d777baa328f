//! A shipper's story with the simulated USPS over real sockets.

use std::time::Duration;

use serde_json::{Value, json};
use waybill_core::*;
use waybill_sandbox::{Clock, Fault, Sandbox, Story};
use waybill_testkit::{HttpHost, sample_handle, sample_shipment};
use waybill_usps::{Config, Usps};

async fn sandbox() -> Sandbox {
    let clock = Clock::fixed(waybill_testkit::standard_now());
    Sandbox::builder().in_memory_ledger().clock(clock).start().await.unwrap()
}

fn account(sandbox: &Sandbox, which: usize, settings: Value) -> Usps {
    let keys = sandbox.credentials_of("usps", which);
    let mut config = json!({
        "client_id": keys["client_id"], "client_secret": keys["client_secret"], "base_url": sandbox.base_url("usps"),
        "payment": { "crid": keys["crid"], "mid": keys["mid"], "manifest_mid": keys["manifest_mid"],
            "account_type": "EPS", "account_number": keys["account_number"] },
    });
    for (key, value) in settings.as_object().unwrap() {
        config[key] = value.clone();
    }
    Usps::new(serde_json::from_value::<Config>(config).unwrap()).unwrap()
}

fn order(shipment: Shipment, service: &str, token: Option<RateToken>) -> LabelOrder {
    LabelOrder {
        shipment,
        service: service.into(),
        weekend: None,
        token,
        label: LabelSpec::new(LabelFormat::Pdf),
        handle: sample_handle(),
        numbers: vec![],
    }
}

fn key(sale: &Purchase, service: &str) -> LabelKey {
    LabelKey {
        shipment_key: sale.shipment_key.clone(),
        tracking: sale.pieces.iter().map(|piece| piece.tracking.clone()).collect(),
        service: service.into(),
        handle: sample_handle(),
        bought_at: waybill_testkit::standard_now(),
        carrier_data: sale.carrier_data.clone(),
    }
}

async fn quoted(carrier: &Usps, host: &HttpHost, shipment: &Shipment) -> RateReply {
    carrier.rate_quote().unwrap().quote(&host.cx("quote"), &RateRequest::new(shipment.clone())).await.unwrap()
}

async fn bought(carrier: &Usps, host: &HttpHost, order: &LabelOrder) -> Purchase {
    carrier.label().unwrap().buy(&host.cx("buy"), order, host.permit()).await.unwrap()
}

#[tokio::test]
async fn every_quoted_class_is_charged_what_was_quoted() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({ "compare_retail": true }));
    for (name, least) in [("us_domestic", 3), ("us_to_de", 2)] {
        let mut shipment = sample_shipment(name).unwrap();
        shipment.options.signature = (name == "us_domestic").then_some(Signature::Signature);
        let reply = quoted(&carrier, &host, &shipment).await;
        assert!(reply.rates.len() + 1 >= least, "{reply:?}");
        for (at, rate) in reply.rates.iter().enumerate() {
            let mut order = order(shipment.clone(), rate.service.as_str(), rate.token.clone());
            order.handle = Handle(uuid::Uuid::from_u128(at as u128 + least as u128 * 100));
            let sale = bought(&carrier, &host, &order).await;
            assert_eq!(sale.charged(), Some(rate.payable().unwrap().total), "{}", rate.service);
            assert_eq!(rate.payable().unwrap().kind, PriceKind::Commercial);
            assert!(sale.has_labels() && sale.settlement == Settlement::Charged);
        }
    }
}

#[tokio::test]
async fn a_contract_pays_less_and_says_so() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let shipment = sample_shipment("us_domestic").unwrap();
    let published = quoted(&account(&sandbox, 1, json!({})), &host, &shipment).await;
    let carrier = account(&sandbox, 1, json!({ "prices": "contract" }));
    let own = quoted(&carrier, &host, &shipment).await;
    let price = |reply: &RateReply| {
        let rate = reply.rates.iter().find(|rate| rate.service == "priority-mail").unwrap();
        rate.payable().unwrap().clone()
    };
    assert_eq!(price(&own).kind, PriceKind::Contract);
    assert!(price(&own).total.amount < price(&published).total.amount);
    let sale = bought(&carrier, &host, &order(shipment, "priority-mail", None)).await;
    assert_eq!(sale.charged(), Some(price(&own).total));
}

#[tokio::test]
async fn a_price_of_another_type_is_no_offer() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    sandbox.quirk("usps", "price-type-n", true);
    let carrier = account(&sandbox, 0, json!({}));
    let reply = quoted(&carrier, &host, &sample_shipment("us_domestic").unwrap()).await;
    assert!(reply.rates.is_empty());
    let ground = reply.rejected.iter().find(|rejected| rejected.service == "ground-advantage").unwrap();
    assert_eq!(ground.reason, RejectReason::NoPrice);
}

#[tokio::test]
async fn a_lost_label_is_found_by_its_key_and_printed_three_times() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let order = order(sample_shipment("us_domestic").unwrap(), "ground-advantage", None);
    let ask = RecoverRequest { order: order.clone(), sent_at: host.now() };
    let label = carrier.label().unwrap();
    assert_eq!(label.recover(&host.cx("recover"), &ask).await.unwrap(), Recovery::Absent);
    sandbox.faults().next("usps", "buy", Fault::ResetAfter);
    let lost = label.buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
    assert_eq!(lost.phase, Phase::OutcomeUnknown);
    for _ in 0..3 {
        let Recovery::Found(sales) = label.recover(&host.cx("recover"), &ask).await.unwrap() else {
            panic!("the sale is there");
        };
        assert!(sales[0].has_labels());
    }
    // The fourth time it is still known to be sold, and never taken for absent.
    let error = label.recover(&host.cx("recover"), &ask).await.unwrap_err();
    assert!(error.kind == ErrorKind::TooLate && error.message.contains("was sold"), "{error}");
    assert_eq!((sandbox.ledger().len(), host.sent(Effect::Spend)), (1, 1));
    let mut unnamed = key(&bought_of(&sandbox), "ground-advantage");
    (unnamed.tracking, unnamed.shipment_key) = (vec![], ShipmentKey::new(""));
    assert_eq!(label.void(&host.cx("void"), &unnamed).await.unwrap(), VoidOutcome::Voided, "by its key");
    assert_eq!(label.recover(&host.cx("recover"), &ask).await.unwrap(), Recovery::Voided);
}

/// The one sale of the ledger, as a purchase.
fn bought_of(sandbox: &Sandbox) -> Purchase {
    let sale = sandbox.ledger().sales().remove(0);
    Purchase {
        shipment_key: ShipmentKey::new(sale.shipment.as_str()),
        pieces: vec![Piece::new(0, sale.shipment.as_str())],
        documents: vec![],
        prices: vec![],
        settlement: Settlement::Charged,
        delivery: None,
        carrier_data: Some("domestic".into()),
        warnings: vec![],
    }
}

#[tokio::test]
async fn a_return_label_is_bought_found_and_printed_and_cannot_be_cancelled() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let mut shipment = sample_shipment("us_domestic").unwrap();
    shipment.is_return = true;
    let order = order(shipment, "ground-advantage", None);
    let sale = bought(&carrier, &host, &order).await;
    assert!(sale.has_labels() && sale.carrier_data.as_deref() == Some("return"));
    let label = carrier.label().unwrap();
    let ask = RecoverRequest { order, sent_at: host.now() };
    let Recovery::Found(found) = label.recover(&host.cx("recover"), &ask).await.unwrap() else {
        panic!("the sale is there");
    };
    assert_eq!(found[0].pieces, sale.pieces);
    let request =
        ReprintRequest { key: key(&sale, "ground-advantage"), label: LabelSpec::new(LabelFormat::Pdf) };
    let again = label.reprint(&host.cx("reprint"), &request).await.unwrap();
    assert_eq!(again.documents[0].bytes, sale.documents[0].bytes);
    let outcome = label.void(&host.cx("void"), &request.key).await.unwrap();
    assert!(matches!(outcome, VoidOutcome::NotOffered { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_void_is_a_cancellation_then_a_refund_then_too_late() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let mut shipment = sample_shipment("us_domestic").unwrap();
    shipment.to.name = Some("SIM-LOST Fennimore".into());
    let label = carrier.label().unwrap();
    let first = bought(&carrier, &host, &order(shipment.clone(), "priority-mail", None)).await;
    assert_eq!(
        label.void(&host.cx("void"), &key(&first, "priority-mail")).await.unwrap(),
        VoidOutcome::Voided
    );
    assert_eq!(
        label.void(&host.cx("void"), &key(&first, "priority-mail")).await.unwrap(),
        VoidOutcome::Voided
    );
    let mut second = order(shipment, "priority-mail", None);
    second.handle = Handle(uuid::Uuid::from_u128(2));
    let sale = bought(&carrier, &host, &second).await;
    let night = Duration::from_secs(60 * 3600);
    sandbox.clock().advance(night);
    host.advance(night);
    let asked = label.void(&host.cx("void"), &key(&sale, "priority-mail")).await.unwrap();
    assert!(matches!(asked, VoidOutcome::RefundPending { case: Some(_), .. }), "{asked:?}");
    let again = label.void(&host.cx("void"), &key(&sale, "priority-mail")).await.unwrap();
    assert!(matches!(again, VoidOutcome::TooLate { .. }), "{again:?}");
}

#[tokio::test]
async fn a_form_takes_the_labels_of_a_day_and_locks_them() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let shipment = sample_shipment("us_domestic").unwrap();
    let sale = bought(&carrier, &host, &order(shipment.clone(), "priority-mail", None)).await;
    let request = ManifestRequest {
        from: shipment.from,
        ship_date: shipment.ship_date.unwrap(),
        shipments: vec![ManifestEntry {
            shipment_key: sale.shipment_key.clone(),
            tracking: vec![sale.pieces[0].tracking.clone()],
            service: "priority-mail".into(),
        }],
        handle: sample_handle(),
    };
    let form = carrier.manifest().unwrap();
    let reply = form.close(&host.cx("close"), &request, host.permit()).await.unwrap();
    assert_eq!((reply.accepted.len(), reply.refused.len()), (1, 0));
    assert!(reply.documents[0].bytes.starts_with(b"%PDF"));
    let again = form.close(&host.cx("close"), &request, host.permit()).await.unwrap_err();
    assert_eq!((again.kind.clone(), again.carrier_code()), (ErrorKind::TooLate, Some("160040")));
    let outcome =
        carrier.label().unwrap().void(&host.cx("void"), &key(&sale, "priority-mail")).await.unwrap();
    assert!(matches!(outcome, VoidOutcome::TooLate { .. }), "{outcome:?}");
}

#[tokio::test]
async fn both_tracking_apis_tell_the_same_story() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let sale =
        bought(&carrier, &host, &order(sample_shipment("us_domestic").unwrap(), "priority-mail", None)).await;
    let number = sale.pieces[0].tracking.clone();
    sandbox.story(number.as_str(), Story::Attempt);
    sandbox.clock().advance(Duration::from_secs(12 * 86_400));
    host.advance(Duration::from_secs(12 * 86_400));
    let mut told = Vec::new();
    for api in ["v3r2", "v3"] {
        let carrier = account(&sandbox, 0, json!({ "tracking": api }));
        let wanted = TrackRequest::new([number.as_str(), "9400111206206406260787"]);
        let replies = carrier.tracking().unwrap().track(&host.cx("track"), &wanted).await.unwrap().replies;
        let TrackOutcome::Found(track) = &replies[0].outcome else { panic!("{api}: {replies:?}") };
        assert_eq!(
            (track.status.clone(), replies[1].outcome.clone()),
            (TrackStatus::Delivered, TrackOutcome::NotFound)
        );
        assert!(track.events.iter().any(|event| event.status == TrackStatus::Attempted));
        assert!(track.delivered.unwrap().offset_minutes.is_some() && track.expected.is_some());
        told.push(track.events.clone());
    }
    assert_eq!(told[0], told[1]);
}

#[tokio::test]
async fn a_collection_is_ordered_and_cancelled_and_an_address_is_judged() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let shipment = sample_shipment("us_domestic").unwrap();
    let request: PickupRequest = serde_json::from_value(json!({
        "address": shipment.from, "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00",
        "parcels": shipment.parcels, "services": ["priority-mail"],
    }))
    .unwrap();
    let pickup = carrier.pickup().unwrap();
    let reply = pickup.schedule(&host.cx("schedule"), &request, host.permit()).await.unwrap();
    assert_eq!(reply.window_start.date, Some(request.date));
    let key = PickupKey { confirmation: reply.confirmation, date: request.date, carrier_data: None };
    assert_eq!(pickup.cancel(&host.cx("cancel"), &key).await.unwrap(), PickupCancelled::Cancelled);
    let gone = pickup.cancel(&host.cx("cancel"), &key).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound);
    let sunday = PickupRequest { date: "2026-11-29".parse().unwrap(), ..request };
    let refused = pickup.schedule(&host.cx("schedule"), &sunday, host.permit()).await.unwrap_err();
    assert_eq!((refused.kind.clone(), refused.carrier_code()), (ErrorKind::Invalid, Some("020011")));

    let check = carrier.address_check().unwrap();
    let judged = |address: Address| {
        let cx = host.cx("check");
        async move { check.check(&cx, &AddressRequest { address }).await.unwrap().verdict }
    };
    assert_eq!(judged(shipment.from.clone()).await, AddressVerdict::Valid);
    let mut nowhere = shipment.from;
    nowhere.lines = vec!["Nowhere Lane".into()];
    assert_eq!(judged(nowhere).await, AddressVerdict::Invalid);
    let proof = carrier.account().unwrap().prove(&host.cx("prove"), &AccountRequest {}).await.unwrap();
    assert!(proof.notices.is_empty() && proof.account_hint.is_some(), "{proof:?}");
}

#[tokio::test]
async fn a_token_that_ends_is_fetched_again_and_a_label_is_never_sent_twice() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, 0, json!({}));
    let shipment = sample_shipment("us_domestic").unwrap();
    quoted(&carrier, &host, &shipment).await;
    sandbox.faults().next("usps", "rate", Fault::TokensExpire);
    assert!(!quoted(&carrier, &host, &shipment).await.rates.is_empty());
    for (fault, phase) in [
        (Fault::ErrorAfter { status: 500 }, Phase::OutcomeUnknown),
        (Fault::TooManyRequests { retry_after: Some(3) }, Phase::Answered),
    ] {
        let before = host.sent(Effect::Spend);
        sandbox.faults().next("usps", "buy", fault);
        let order = order(shipment.clone(), "priority-mail", None);
        let error = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
        assert_eq!((error.phase, host.sent(Effect::Spend)), (phase, before + 1), "{error}");
    }
}
