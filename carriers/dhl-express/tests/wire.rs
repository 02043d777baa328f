//! The exact messages on the wire, through real HTTP.

mod common;

use common::{carrier, order};
use serde_json::{Value, json};
use waybill_core::{
    AllocateRequest, AttachRequest, Effect, ErrorKind, LabelFormat, LabelKey, Payer, Phase, PickupKey,
    PickupRequest, PickupUpdate, RateRequest, RecoverRequest, Recovery, RejectReason, TrackRequest,
    VoidOutcome,
};
use waybill_dhl_express::DhlExpress;
use waybill_testkit::{HttpHost, sample_file, sample_handle, sample_shipment, standard_now};
use wiremock::matchers::{body_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn label(kind: &str) -> Value {
    use base64::Engine;
    let content = base64::engine::general_purpose::STANDARD.encode(sample_file("sample.pdf").unwrap());
    json!({ "imageFormat": "PDF", "typeCode": kind, "content": content })
}

fn sold() -> Value {
    json!({ "shipmentTrackingNumber": "2741906358", "packages": [{ "referenceNumber": 1, "trackingNumber": "JD014600008812340017" }], "documents": [label("label")] })
}

#[tokio::test]
async fn the_whole_message_of_a_purchase() {
    let server = MockServer::start().await;
    let mut shipment = sample_shipment("de_to_us").unwrap();
    shipment.billing.transport = Payer::Recipient { account: Some("600123456".into()), postal_code: None };
    shipment.options.notify = vec!["ops@brindlewood.test".into()];
    let expected =
        include_str!("../fixtures/own/shipment.json").replace("{{handle}}", &sample_handle().short());
    let expected: Value = serde_json::from_str(&expected).unwrap();
    Mock::given(method("POST"))
        .and(path("/mydhlapi/shipments"))
        .and(header("authorization", "Basic d2F5YmlsbC11c2VyOmNvcnJlY3QtaG9yc2U="))
        .and(header("x-version", "3.1.0"))
        .and(header("content-type", "application/json"))
        .and(header("message-reference", sample_handle().uuid().as_str()))
        .and(body_json(expected))
        .respond_with(ResponseTemplate::new(201).set_body_json(sold()))
        .expect(1)
        .mount(&server)
        .await;
    let carrier =
        carrier(json!({ "base_url": format!("{}/mydhlapi", server.uri()), "time_zone": "Europe/Berlin" }));
    let mut order = order(shipment, "express-worldwide");
    order.label.format = LabelFormat::Zpl;
    order.label.dpi = Some(300);
    let host = HttpHost::new();
    let bought = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert_eq!(bought.pieces[0].tracking, "2741906358");
    assert_eq!(host.sent(Effect::Spend), 1);
}

#[tokio::test]
async fn what_can_be_refused_here_is_refused_before_the_permit_is_used() {
    let carrier = carrier(json!({ "base_url": "http://127.0.0.1:9/" }));
    let base = order(sample_shipment("us_to_de").unwrap(), "express-worldwide");
    let refuse = |change: &dyn Fn(&mut waybill_core::LabelOrder), place: &'static str| {
        let mut order = base.clone();
        change(&mut order);
        (order, place)
    };
    let cases = [
        refuse(&|order| order.shipment.to.phone = None, "to.phone"),
        refuse(&|order| order.shipment.to.lines = vec!["x".repeat(60)], "to.lines"),
        refuse(&|order| order.shipment.customs = None, "customs"),
        refuse(&|order| order.shipment.references[0].value = "x".repeat(36), "references[0].value"),
        refuse(&|order| order.shipment.ship_date = "2026-11-01".parse().ok(), "ship_date"),
        refuse(&|order| order.shipment.ship_date = "2027-01-01".parse().ok(), "ship_date"),
        refuse(&|order| order.label.format = LabelFormat::Png, "label.format"),
        refuse(&|order| order.shipment.options.cash_on_delivery = "5 USD".parse().ok(), ""),
        refuse(&|order| order.shipment.options.signature = Some(waybill_core::Signature::Adult), ""),
        refuse(
            &|order| order.shipment.billing.transport = Payer::Recipient { account: None, postal_code: None },
            "billing.transport.account",
        ),
        refuse(&|order| order.shipment.billing.duties = Some(Payer::Sender), "customs.incoterm"),
        refuse(&|order| order.service = "ground".into(), ""),
        refuse(&|order| order.service = "express-domestic".into(), ""),
        refuse(&|order| order.service = "medical-express".into(), ""),
        refuse(&|order| order.service = "express-envelope".into(), ""),
        refuse(&|order| order.token = Some("0123456789".into()), ""),
    ];
    for (order, place) in cases {
        let host = HttpHost::new();
        let error = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
        assert_eq!((error.phase, host.requests().len()), (Phase::NotSent, 0), "{place} {error}");
        let kind = if place.is_empty() { ErrorKind::NoService } else { ErrorKind::Invalid };
        assert_eq!(error.kind, kind, "{place}: {error:?}");
        assert!(
            place.is_empty() || error.fields.iter().any(|field| field.path == place),
            "{place}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_number_chosen_before_is_drawn_and_sent() {
    let server = MockServer::start().await;
    for (kind, size, list) in
        [("SID", "1", json!(["2741906500"])), ("PID", "1", json!(["JD014600008812349999"]))]
    {
        Mock::given(method("GET"))
            .and(path("/identifiers"))
            .and(query_param("accountNumber", "731902845"))
            .and(query_param("type", kind))
            .and(query_param("size", size))
            .respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(json!({ "identifiers": [{ "typeCode": kind, "list": list }] })),
            )
            .expect(1)
            .mount(&server)
            .await;
    }
    Mock::given(method("POST"))
        .and(path("/shipments"))
        .respond_with(
            ResponseTemplate::new(500)
                .set_body_json(json!({ "detail": "999: Process failure occurred.", "code": "500" })),
        )
        .expect(1)
        .mount(&server)
        .await;
    let carrier = carrier(json!({ "base_url": server.uri(), "chosen_waybill": true }));
    let host = HttpHost::new();
    let mut order = order(sample_shipment("us_to_de+2").unwrap(), "express-worldwide");
    let labels = carrier.label().unwrap();
    let request = AllocateRequest { order: order.clone(), sequence: 0 };
    order.numbers = labels.allocate(&host.cx("allocate"), &request).await.unwrap().numbers;
    let error = labels.buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
    assert_eq!((error.phase, host.sent(Effect::Spend)), (Phase::OutcomeUnknown, 1));
    let message = host.requests().last().unwrap().json();
    assert_eq!(message["identifiers"], json!([{ "typeCode": "shipmentId", "value": "2741906500" }]));
    assert_eq!(message["content"]["packages"][0].get("identifiers"), None);
    assert_eq!(
        message["content"]["packages"][1]["identifiers"],
        json!([{ "typeCode": "pieceId", "value": "JD014600008812349999" }])
    );
    // The lost answer is cleared up by that number, not by the handle.
    Mock::given(method("GET"))
        .and(path("/shipments/2741906500/tracking"))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({ "shipments": [{ "shipmentTrackingNumber": "2741906500", "events": [] }] }),
        ))
        .expect(1)
        .mount(&server)
        .await;
    let request = RecoverRequest { order, sent_at: standard_now() };
    let Recovery::Found(found) = labels.recover(&host.cx("recover"), &request).await.unwrap() else {
        panic!("not found")
    };
    let numbers: Vec<_> = found[0].pieces.iter().map(|piece| piece.tracking.as_str()).collect();
    assert_eq!(numbers, ["2741906500", "JD014600008812349999"]);
}

#[tokio::test]
async fn the_test_environment_cannot_be_asked_and_says_so() {
    let carrier = carrier(json!({ "environment": "test" }));
    assert!(!carrier.profile().purchase.lookup);
    let host = HttpHost::new();
    let request = RecoverRequest {
        order: order(sample_shipment("us_to_de").unwrap(), "express-worldwide"),
        sent_at: standard_now(),
    };
    let recovery = carrier.label().unwrap().recover(&host.cx("recover"), &request).await.unwrap();
    assert_eq!((recovery, host.requests().len()), (Recovery::Unsupported, 0));
}

#[tokio::test]
async fn recovery_treats_an_outage_as_an_error() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(404).set_body_string("<html>"))
        .mount(&server)
        .await;
    let carrier = carrier(json!({ "base_url": server.uri() }));
    let host = HttpHost::new();
    let request = RecoverRequest {
        order: order(sample_shipment("us_to_de").unwrap(), "express-worldwide"),
        sent_at: standard_now(),
    };
    assert!(carrier.label().unwrap().recover(&host.cx("recover"), &request).await.is_err());
}

#[tokio::test]
async fn a_void_is_not_needed_and_calls_nobody() {
    let carrier = carrier(json!({}));
    let host = HttpHost::new();
    let key = LabelKey {
        shipment_key: "2741906358".into(),
        tracking: Vec::new(),
        service: "express-worldwide".into(),
        handle: sample_handle(),
        bought_at: standard_now(),
        carrier_data: None,
    };
    let outcome = carrier.label().unwrap().void(&host.cx("void"), &key).await.unwrap();
    assert!(matches!(outcome, VoidOutcome::NotNeeded { reason } if reason.contains("no void")));
    assert!(host.requests().is_empty());
}

#[tokio::test]
async fn domestic_and_customs_rules_are_data_and_need_no_call() {
    let closed = carrier(json!({}));
    let host = HttpHost::new();
    let quote = async |carrier: &dyn waybill_core::Carrier, shipment| {
        let request = RateRequest::new(shipment);
        carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap()
    };
    let reply = quote(&*closed, sample_shipment("us_domestic").unwrap()).await;
    assert!(
        reply.rates.is_empty() && reply.rejected.iter().all(|rejected| rejected.reason == RejectReason::Lane)
    );
    assert_eq!(reply.rejected.len(), closed.profile().services.len());
    let mut bare = sample_shipment("us_to_de").unwrap();
    bare.customs = None;
    let reply = quote(&*closed, bare).await;
    let reasons =
        |code: &str| reply.rejected.iter().find(|one| one.service == code).map(|one| one.reason.clone());
    assert_eq!(reasons("express-worldwide"), Some(RejectReason::CustomsData));
    let mut late = sample_shipment("us_to_de").unwrap();
    late.ship_date = "2026-12-24".parse().ok();
    let reply = quote(&*closed, late).await;
    assert!(reply.rejected.iter().any(|rejected| rejected.reason == RejectReason::ShipDate));
    assert!(host.requests().is_empty());
    let open = carrier(json!({ "domestic": true }));
    assert!(open.profile().service(&"express-domestic".into()).is_some());
    assert!(closed.profile().service(&"express-domestic".into()).is_none());
}

#[tokio::test]
async fn collections_are_made_changed_and_cancelled() {
    let server = MockServer::start().await;
    let base: Value = serde_json::from_str(include_str!("../fixtures/own/pickup.json")).unwrap();
    let mut change = base.clone();
    change["dispatchConfirmationNumber"] = json!("PRG261124000417");
    change["originalShipperAccountNumber"] = json!("731902845");
    let answers = [
        ("POST", "/pickups", base, json!({ "dispatchConfirmationNumbers": ["PRG261124000417"] })),
        (
            "PATCH",
            "/pickups/PRG261124000417",
            change,
            json!({ "dispatchConfirmationNumber": "PRG261124000417", "readyByTime": "11:00", "nextPickupDate": "2026-11-25" }),
        ),
    ];
    for (verb, place, message, answer) in answers {
        let mock = Mock::given(method(verb)).and(path(place)).and(body_json(message));
        mock.respond_with(ResponseTemplate::new(200).set_body_json(answer)).expect(1).mount(&server).await;
    }
    let cancel = Mock::given(method("DELETE")).and(path("/pickups/PRG261124000417"));
    let cancel = cancel
        .and(query_param("requestorName", "Shipping"))
        .and(query_param("reason", "not needed any more"));
    cancel.respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    let account = DhlExpress::new(common::config(json!({ "base_url": server.uri() }))).unwrap();
    let shipment = sample_shipment("us_to_de").unwrap();
    let mut parcels = shipment.parcels.clone();
    parcels[0].description = None;
    let request = PickupRequest {
        address: shipment.from,
        date: "2026-11-24".parse().unwrap(),
        ready: "10:00:00".parse().unwrap(),
        close: "17:30:00".parse().unwrap(),
        parcels,
        services: vec!["express-worldwide".into()],
        tracking: vec!["2741906358".into()],
        place: Some("dock 4".into()),
        instructions: Some("ring twice".into()),
        handle: sample_handle(),
    };
    let host = HttpHost::new();
    let carrier: &dyn waybill_core::Carrier = &account;
    let pickup = carrier.pickup().unwrap();
    let made = pickup.schedule(&host.cx("schedule_pickup"), &request, host.permit()).await.unwrap();
    let key = PickupKey { confirmation: made.confirmation, date: request.date, carrier_data: None };
    let change = PickupUpdate { key: key.clone(), request: request.clone() };
    let changed = pickup.update(&host.cx("update_pickup"), &change).await.unwrap();
    assert_eq!(changed.window_start.date, "2026-11-25".parse().ok());
    assert_eq!(changed.window_start.time, "11:00:00".parse().ok());
    pickup.cancel(&host.cx("cancel_pickup"), &key).await.unwrap();
    let mut closed = request.clone();
    closed.close = closed.ready;
    let refused = pickup.schedule(&host.cx("schedule_pickup"), &closed, host.permit()).await.unwrap_err();
    assert_eq!(refused.fields[0].path, "close");
}

#[tokio::test]
async fn own_papers_are_uploaded_after_the_purchase() {
    let server = MockServer::start().await;
    let expected = json!({
        "originalPlannedShippingDate": "2026-11-24", "productCode": "P",
        "accounts": [{ "typeCode": "shipper", "number": "731902845" }],
        "documentImages": [{ "typeCode": "INV", "imageFormat": "PDF", "content": "JVBERi0=" }]
    });
    let mock =
        Mock::given(method("PATCH")).and(path("/shipments/2741906358/upload-image")).and(body_json(expected));
    mock.respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    let account = DhlExpress::new(common::config(json!({ "base_url": server.uri() }))).unwrap();
    let invoice = waybill_core::Document::new(
        waybill_core::DocumentKind::CommercialInvoice,
        LabelFormat::Pdf,
        &b"%PDF-"[..],
    );
    let mut papers = AttachRequest {
        key: common::key("2741906358"),
        ship_date: "2026-11-24".parse().unwrap(),
        documents: vec![invoice],
    };
    let host = HttpHost::new();
    let carrier: &dyn waybill_core::Carrier = &account;
    carrier.label().unwrap().attach(&host.cx("attach"), &papers).await.unwrap();
    papers.documents.clear();
    let nothing = carrier.label().unwrap().attach(&host.cx("attach"), &papers).await.unwrap_err();
    assert_eq!(nothing.fields[0].path, "documents");
}

#[tokio::test]
async fn two_hundred_numbers_go_in_one_call_and_waybills_apart_from_pieces() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(
            ResponseTemplate::new(404).set_body_json(json!({ "detail": "No data found", "status": "404" })),
        )
        .mount(&server)
        .await;
    let carrier = carrier(json!({ "base_url": server.uri() }));
    let host = HttpHost::new();
    let numbers = (0..201).map(|at| format!("27419{at:05}")).chain(["JD014600008812340022".to_owned()]);
    let replies =
        carrier.tracking().unwrap().track(&host.cx("track"), &TrackRequest::new(numbers)).await.unwrap();
    assert_eq!(replies.replies.len(), 202);
    let urls: Vec<_> = host.requests().iter().map(|sent| sent.uri.to_string()).collect();
    assert_eq!(urls.len(), 3);
    assert_eq!(urls[0].matches("shipmentTrackingNumber=").count(), 200);
    assert!(urls[1].contains("/shipments/2741900200/tracking"), "{}", urls[1]);
    assert!(urls[2].contains("pieceTrackingNumber=JD014600008812340022"), "{}", urls[2]);
}

#[test]
fn the_example_in_the_docs_opens_an_account() {
    use waybill_core::CarrierPlugin;
    let settings: toml::Table = DhlExpress::example().parse().unwrap();
    let config: waybill_dhl_express::Config = settings.try_into().unwrap();
    assert!(!format!("{config:?}").contains("example-password"));
    assert_eq!(DhlExpress::open(config).unwrap().profile().id, "dhl-express");
    let typing_mistake = "username = 'a'\npassword = 'b'\naccount = '1'\nacount = '2'";
    assert!(toml::from_str::<waybill_dhl_express::Config>(typing_mistake).is_err());
}
