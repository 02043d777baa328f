//! The sandbox server: what fits, what is refused with a reason, and connections that break.

use std::path::PathBuf;
use std::time::Duration;

use waybill_core::{ErrorKind, Phase, wire};
use waybill_testkit::{At, Exchange, Fault, HttpHost, SandboxServer};

fn hello() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../carriers/hello")
}

fn exchange(json: serde_json::Value) -> Exchange {
    serde_json::from_value(json).unwrap()
}

async fn ask(server: &SandboxServer, path: &str) -> waybill_core::Result<waybill_core::Response> {
    let url = server.url().join(path).expect("a path");
    let request = wire::request(http::Method::GET, &url)?;
    HttpHost::with_timeout(Duration::from_secs(5)).cx("ask").read(request).await
}

#[tokio::test]
async fn what_fits_is_answered_and_what_does_not_is_told_why() {
    let expected = exchange(serde_json::json!({
        "request": { "method": "GET", "path": "/prices", "query": { "to": "78704" } }, "response": { "json": { "price": 7 } }
    }));
    let server = SandboxServer::builder().exchange(expected.clone()).start().await.unwrap();
    assert_eq!(ask(&server, "prices?to=78704").await.unwrap().status(), 200);
    let other = ask(&server, "prices?to=10001").await.unwrap();
    assert_eq!(other.status(), 501);
    assert!(String::from_utf8_lossy(other.body()).contains("10001"), "{other:?}");
    assert_eq!((server.requests(), server.unmatched().len()), (2, 1));

    let loose = SandboxServer::builder().exchange(expected).loosely().start().await.unwrap();
    assert_eq!(ask(&loose, "prices?to=10001").await.unwrap().status(), 200);
    assert_eq!(ask(&loose, "elsewhere").await.unwrap().status(), 501);
}

#[tokio::test]
async fn a_broken_connection_is_one_and_a_fault_strikes_where_it_should() {
    let expected = exchange(serde_json::json!({
        "request": { "method": "GET", "path": "/prices" }, "response": { "json": {} }
    }));
    let server = SandboxServer::builder()
        .exchange(expected)
        .fault(At::Request(1), Fault::Reset)
        .start()
        .await
        .unwrap();
    assert_eq!(ask(&server, "prices").await.unwrap().status(), 200);
    let broken = ask(&server, "prices").await.unwrap_err();
    assert_eq!((broken.kind, broken.phase), (ErrorKind::Unavailable, Phase::OutcomeUnknown));
    assert_eq!(ask(&server, "prices").await.unwrap().status(), 200);
}

#[tokio::test]
async fn mistakes_in_the_builder_say_what_to_do() {
    let unknown =
        SandboxServer::builder().fixtures(hello()).scenario("rate_lunar").start().await.unwrap_err();
    assert!(unknown.to_string().contains("no scenario `rate_lunar`"), "{unknown}");
    let nowhere = SandboxServer::builder().scenario("rate_domestic").start().await.unwrap_err();
    assert!(nowhere.to_string().contains("call `fixtures`"), "{nowhere}");
}
