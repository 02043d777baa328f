//! `HttpHost` against a real server: what is counted, what is refused, what a broken connection proves.

use std::time::Duration;

use waybill_core::{Effect, ErrorKind, Phase, wire};
use waybill_testkit::HttpHost;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

fn post(base: &str, to: &str) -> waybill_core::Request {
    let url = format!("{base}{to}").parse().unwrap();
    wire::json_request(http::Method::POST, &url, &serde_json::json!({ "a": 1 })).unwrap()
}

#[tokio::test]
async fn a_spend_request_leaves_once_and_is_written_down() {
    let server = MockServer::start().await;
    let moved = ResponseTemplate::new(307).insert_header("location", "/elsewhere");
    Mock::given(method("POST")).and(path("/buy")).respond_with(moved).expect(1).mount(&server).await;
    let host = HttpHost::new();
    let cx = host.cx("buy");
    let response = cx.spend(host.permit(), post(&server.uri(), "/buy")).await.unwrap();
    assert_eq!(response.status(), 307, "redirects are not followed");
    assert_eq!((host.sent(Effect::Spend), host.sent(Effect::Read)), (1, 0));
    let request = &host.requests()[0];
    assert_eq!((request.operation.as_str(), request.json()["a"].as_i64()), ("buy", Some(1)));
    assert_eq!(request.outcome.as_ref().unwrap().as_ref().unwrap().status(), 307);
}

#[tokio::test]
async fn a_permit_made_up_sends_nothing() {
    let server = MockServer::start().await;
    let host = HttpHost::new();
    let made_up = waybill_core::SpendPermit::issue(waybill_core::PermitId("mine".into()));
    let error = host.cx("buy").spend(made_up, post(&server.uri(), "/buy")).await.unwrap_err();
    assert_eq!((error.kind, error.phase), (ErrorKind::Internal, Phase::NotSent));
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn phases_of_broken_connections() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let host = HttpHost::with_timeout(Duration::from_millis(80));
    let refused = host.cx("quote").read(post(&format!("http://{free}"), "/x")).await.unwrap_err();
    assert_eq!((refused.kind, refused.phase), (ErrorKind::Unavailable, Phase::NotSent));

    let server = MockServer::start().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(2));
    Mock::given(method("POST")).respond_with(slow).mount(&server).await;
    let late = host.cx("quote").read(post(&server.uri(), "/x")).await.unwrap_err();
    assert_eq!((late.kind, late.phase), (ErrorKind::Unavailable, Phase::OutcomeUnknown));
}

#[tokio::test]
async fn sleeping_moves_the_clock_and_waits_no_time() {
    let host = HttpHost::new();
    let (before, real) = (host.now(), std::time::Instant::now());
    host.cx("quote").sleep(Duration::from_secs(3600)).await.unwrap();
    assert_eq!((host.now() - before).num_seconds(), 3600);
    assert!(real.elapsed() < Duration::from_secs(5));
    let cx = host.cx_within("quote", Duration::from_secs(1));
    assert!(cx.sleep(Duration::from_secs(2)).await.is_err(), "the deadline comes first");
}
