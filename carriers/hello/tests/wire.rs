//! The exact messages on the wire, against a mock of the carrier's API.

use serde_json::json;
use waybill_core::{
    Carrier, CarrierPlugin, Effect, ErrorKind, LabelFormat, LabelOrder, LabelSpec, Phase, RateRequest,
};
use waybill_hello::{Config, Hello};
use waybill_testkit::{HttpHost, sample_handle, sample_shipment};
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn carrier(server: &MockServer) -> Box<dyn Carrier> {
    let token = json!({ "access_token": "t-1", "expires_in": 3600 });
    Mock::given(method("POST"))
        .and(path("/oauth/token"))
        .and(body_json(json!({ "client_id": "hello-client", "client_secret": "hello-secret" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .expect(1)
        .mount(server)
        .await;
    let mut config: Config = toml::from_str(Hello::example()).expect("the example is a config");
    config.base_url = Some(server.uri().parse().unwrap());
    Hello::open(config).unwrap()
}

fn parties() -> (serde_json::Value, serde_json::Value) {
    let from = json!({ "name": "Quillon Marchetti", "lines": ["4417 Wistful Pine Road"], "city": "Seattle", "state": "WA",
        "zip": "98109", "country": "US", "phone": "+1 206 555 0147" });
    let to = json!({ "name": "Odalys Fennimore", "lines": ["2093 Copperleaf Terrace", "Apt 5B"], "city": "Austin",
        "state": "TX", "zip": "78704", "country": "US", "phone": "+1 512 555 0163" });
    (from, to)
}

#[tokio::test]
async fn a_quote_is_asked_for_with_the_token_and_the_token_is_asked_for_once() {
    let server = MockServer::start().await;
    let carrier = carrier(&server).await;
    let (from, to) = parties();
    Mock::given(method("POST"))
        .and(path("/v1/quotes"))
        .and(header("authorization", "Bearer t-1"))
        .and(body_json(
            json!({ "account": "10020030", "from": from, "to": to, "parcels": [{ "grams": "908" }],
            "ship_date": "2026-11-24" }),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "quotes": [
            { "service": "GROUND", "price": { "amount": "7.90", "currency": "USD" } } ] })))
        .expect(2)
        .mount(&server)
        .await;
    let host = HttpHost::new();
    let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
    for _ in 0..2 {
        let reply = carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
        assert_eq!(reply.rates[0].payable().unwrap().total.to_string(), "7.90 USD");
        assert_eq!(reply.rejected.len(), 2);
    }
    assert_eq!((host.sent(Effect::Read), host.sent(Effect::Spend)), (3, 0));
}

fn order() -> LabelOrder {
    LabelOrder {
        shipment: sample_shipment("us_domestic").unwrap(),
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(LabelFormat::Zpl),
        handle: sample_handle(),
        numbers: Vec::new(),
    }
}

#[tokio::test]
async fn a_purchase_is_sent_once_with_the_handle_and_an_outage_leaves_it_unknown() {
    let server = MockServer::start().await;
    let carrier = carrier(&server).await;
    let (from, to) = parties();
    Mock::given(method("POST"))
        .and(path("/v1/shipments"))
        .and(body_json(
            json!({ "account": "10020030", "reference": sample_handle().short(), "service": "GROUND",
            "label_format": "zpl", "customer_reference": "ORDER-7731", "from": from, "to": to,
            "parcels": [{ "grams": "908" }], "ship_date": "2026-11-24" }),
        ))
        .respond_with(ResponseTemplate::new(502).set_body_string("<html>"))
        .expect(1)
        .mount(&server)
        .await;
    let host = HttpHost::new();
    let bought = carrier.label().unwrap().buy(&host.cx("buy"), &order(), host.permit()).await;
    let error = bought.unwrap_err();
    assert_eq!((error.kind, error.phase), (ErrorKind::Unavailable, Phase::OutcomeUnknown));
    assert_eq!(host.sent(Effect::Spend), 1);
}

#[tokio::test]
async fn what_cannot_be_sold_is_refused_without_a_request() {
    let server = MockServer::start().await;
    let config: Config = toml::from_str(Hello::example()).unwrap();
    let carrier = Hello::open(Config { base_url: server.uri().parse().ok(), ..config }).unwrap();
    let host = HttpHost::new();
    let heavy = LabelOrder { shipment: sample_shipment("us_domestic+heavy").unwrap(), ..order() };
    let refused = carrier.label().unwrap().buy(&host.cx("buy"), &heavy, host.permit()).await.unwrap_err();
    assert_eq!((&refused.kind, refused.phase), (&ErrorKind::Invalid, Phase::NotSent));
    assert!(refused.message.contains("30 kg"), "{refused}");
    assert!(host.requests().is_empty());
}
