//! Against the simulated China Post, which shares no code with this crate: a purchase from number to delivery at each
//! gateway.

mod common;

use std::time::Duration;

use common::order;
use waybill_china_post::ChinaPost;
use waybill_core::{
    AccountRequest, AllocateRequest, Carrier, CarrierPlugin, Effect, ErrorKind, Handle, LabelKey, LabelOrder,
    Purchase, RecoverRequest, Recovery, TrackOutcome, TrackRequest, TrackStatus, VoidOutcome,
};
use waybill_sandbox::{Clock, Sandbox};
use waybill_testkit::HttpHost;

async fn sandbox() -> Sandbox {
    let clock = Clock::fixed(HttpHost::new().now());
    Sandbox::builder().in_memory_ledger().clock(clock).start().await.unwrap()
}

fn account(sandbox: &Sandbox, gateway: &str, token: Option<&str>) -> Box<dyn Carrier> {
    let keys = sandbox.credentials("china-post");
    let key = |name: &str| keys[name].as_str().unwrap().to_owned();
    let token = token.map_or_else(|| key("authorization"), str::to_owned);
    let section = match gateway {
        "open" => {
            serde_json::json!({"sender_no": key("sender_no"), "authorization": token, "sign_key": key("sign_key"),
            "wh_code": "51800000", "mail_type": "EXAMPLE"})
        }
        "pcp" => {
            serde_json::json!({"sender_no": key("sender_no"), "key": token, "wh_code": "51800000", "mail_type": "EXAMPLE"})
        }
        _ => {
            serde_json::json!({"token": token, "customer_code": key("customer_code"), "vip_code": key("vip_code"),
            "province_code": "440000", "city_code": "440300", "county_code": "440305"})
        }
    };
    let mut config = serde_json::json!({"gateway": gateway, "base_url": sandbox.base_url("china-post")});
    config[gateway] = section;
    // Small packets are tracked at the open platform.
    if gateway == "pcp" {
        config["open"] = serde_json::json!({"sender_no": key("sender_no"), "authorization": key("authorization"),
            "sign_key": key("sign_key"), "base_url": sandbox.base_url("china-post")});
    }
    ChinaPost::open(serde_json::from_value::<_>(config).unwrap()).unwrap()
}

async fn allocated(carrier: &dyn Carrier, host: &HttpHost, handle: u128) -> LabelOrder {
    let mut order = order("epacket");
    order.handle = Handle(uuid::Uuid::from_u128(handle));
    order.numbers.clear();
    let request = AllocateRequest { order: order.clone(), sequence: 0 };
    order.numbers = carrier.label().unwrap().allocate(&host.cx("allocate"), &request).await.unwrap().numbers;
    order
}

fn key(order: &LabelOrder, bought: &Purchase) -> LabelKey {
    LabelKey {
        shipment_key: bought.shipment_key.clone(),
        tracking: vec![bought.pieces[0].tracking.clone()],
        service: order.service.clone(),
        handle: order.handle,
        bought_at: HttpHost::new().now(),
        carrier_data: None,
    }
}

async fn status(carrier: &dyn Carrier, host: &HttpHost, bought: &Purchase) -> TrackStatus {
    let request = TrackRequest::new([bought.pieces[0].tracking.as_str()]);
    let replies = carrier.tracking().unwrap().track(&host.cx("track"), &request).await.unwrap();
    match &replies.replies[0].outcome {
        TrackOutcome::Found(track) => track.status.clone(),
        _ => TrackStatus::Unknown,
    }
}

/// From a number to a delivered parcel, and a second one that is cancelled.
async fn story(gateway: &str) {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    let carrier = account(&sandbox, gateway, None);
    let carrier = carrier.as_ref();
    let label = carrier.label().unwrap();
    let proof = carrier.account().unwrap().prove(&host.cx("account"), &AccountRequest {}).await.unwrap();
    assert!(proof.account_hint.unwrap().ends_with("567"), "{gateway}");

    let first = allocated(carrier, &host, 1).await;
    let bought = label.buy(&host.cx("buy"), &first, host.permit()).await.unwrap();
    assert!(bought.has_labels(), "{gateway}");
    assert_eq!((host.sent(Effect::Spend), sandbox.ledger().sales().len()), (1, 1), "{gateway}");

    let second = allocated(carrier, &host, 2).await;
    if carrier.profile().purchase.lookup {
        let ask = |order: &LabelOrder| RecoverRequest { order: order.clone(), sent_at: host.now() };
        let (found, absent) = (ask(&first), ask(&second));
        let found = label.recover(&host.cx("recover"), &found).await.unwrap();
        assert!(matches!(&found, Recovery::Found(all) if all[0].pieces == bought.pieces), "{gateway}");
        assert_eq!(label.recover(&host.cx("recover"), &absent).await.unwrap(), Recovery::Absent, "{gateway}");
        // The same order once more is the same sale.
        let again = label.buy(&host.cx("buy"), &first, host.permit()).await.unwrap();
        assert_eq!((again.pieces, sandbox.ledger().sales().len()), (bought.pieces.clone(), 1), "{gateway}");
    }
    let other = label.buy(&host.cx("buy"), &second, host.permit()).await.unwrap();
    let outcome = label.void(&host.cx("void"), &key(&second, &other)).await.unwrap();
    assert_eq!(outcome, VoidOutcome::Voided, "{gateway}");

    for _ in 0..60 {
        sandbox.clock().advance(Duration::from_secs(12 * 3600));
        host.advance(Duration::from_secs(12 * 3600));
        if status(carrier, &host, &bought).await == TrackStatus::Delivered {
            break;
        }
    }
    assert_eq!(status(carrier, &host, &bought).await, TrackStatus::Delivered, "{gateway}");
    let late = label.void(&host.cx("void"), &key(&first, &bought)).await.unwrap();
    assert!(matches!(late, VoidOutcome::TooLate { .. }), "{gateway}: {late:?}");

    let stranger = account(&sandbox, gateway, Some("wrong"));
    let error = stranger.account().unwrap().prove(&host.cx("account"), &AccountRequest {}).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth, "{gateway}");
}

#[tokio::test]
async fn the_open_platform() {
    story("open").await;
}

#[tokio::test]
async fn the_small_packet_platform() {
    story("pcp").await;
}

#[tokio::test]
async fn the_partner_interface() {
    story("eub").await;
}

#[tokio::test]
async fn gbk_answers_are_read() {
    let (sandbox, host) = (sandbox().await, HttpHost::new());
    sandbox.quirk("china-post", "gbk", true);
    let carrier = account(&sandbox, "eub", Some("wrong"));
    let error = carrier.account().unwrap().prove(&host.cx("account"), &AccountRequest {}).await.unwrap_err();
    let words = error.carrier.unwrap().message.unwrap();
    assert_eq!((error.kind, words.as_str()), (ErrorKind::Auth, "用户不存在或身份标识错误"));
}
