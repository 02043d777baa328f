//! The exact messages on the wire, against a server on loopback.

use serde_json::{Value, json};
use waybill_core::{
    CarrierPlugin, Effect, ErrorKind, LabelFormat, LabelOrder, LabelSpec, Payer, Phase, PriceKind,
    RateRequest, Shipment, TrackRequest,
};
use waybill_testkit::{HttpHost, sample_file, sample_handle, sample_shipment};
use waybill_usps::Usps;
use wiremock::matchers::{body_json, body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TOKEN: &str = "access-token-on-the-wire";

fn config(server: &MockServer, change: Value) -> waybill_usps::Config {
    let mut config = json!({
        "client_id": "key", "client_secret": "secret", "base_url": format!("{}/usps", server.uri()),
        "payment": { "crid": "10020030", "mid": "903021456", "account_number": "1000345678" },
    });
    if let (Some(config), Some(change)) = (config.as_object_mut(), change.as_object()) {
        config.extend(change.clone());
    }
    serde_json::from_value(config).unwrap()
}

fn open(server: &MockServer, change: Value) -> Box<dyn waybill_core::Carrier> {
    Usps::open(config(server, change)).unwrap()
}

async fn tokens(server: &MockServer, payments: u64) {
    Mock::given(method("POST"))
        .and(path("/usps/oauth2/v3/token"))
        .and(body_json(
            json!({ "grant_type": "client_credentials", "client_id": "key", "client_secret": "secret" }),
        ))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({ "access_token": TOKEN, "expires_in": 28799 })),
        )
        .expect(1)
        .mount(server)
        .await;
    Mock::given(method("POST"))
        .and(path("/usps/payments/v3/payment-authorization"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "paymentAuthorizationToken": "pay" })))
        .expect(payments)
        .mount(server)
        .await;
}

fn order(shipment: Shipment, service: &str) -> LabelOrder {
    LabelOrder {
        shipment,
        service: service.into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(LabelFormat::Pdf),
        handle: sample_handle(),
        numbers: vec![],
    }
}

fn label() -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(sample_file("sample.pdf").unwrap())
}

#[tokio::test]
async fn a_label_request_holds_exactly_this_and_both_tokens_are_fetched_once() {
    let server = MockServer::start().await;
    tokens(&server, 1).await;
    let body = json!({
        "imageInfo": { "imageType": "PDF", "labelType": "4X6LABEL", "receiptOption": "NONE", "suppressPostage": true },
        "toAddress": { "firstName": "Odalys", "lastName": "Fennimore", "streetAddress": "2093 Copperleaf Terrace",
            "secondaryAddress": "Apt 5B", "city": "Austin", "state": "TX", "ZIPCode": "78704", "phone": "5125550163",
            "email": "odalys@fennimore.test" },
        "fromAddress": { "firstName": "Quillon", "lastName": "Marchetti", "firm": "Brindlewood Trading",
            "streetAddress": "4417 Wistful Pine Road", "city": "Seattle", "state": "WA", "ZIPCode": "98109",
            "phone": "2065550147", "email": "quillon.marchetti@brindlewood.test" },
        "packageDescription": { "weightUOM": "lb", "weight": 2, "dimensionsUOM": "in", "length": 10, "width": 8,
            "height": 4, "mailClass": "PRIORITY_MAIL", "rateIndicator": "SP", "processingCategory": "MACHINABLE",
            "destinationEntryFacilityType": "NONE", "mailingDate": "2026-11-24",
            "customerReference": [{ "referenceNumber": "ORDER-7731", "printReferenceNumber": true }] },
    });
    Mock::given(method("POST"))
        .and(path("/usps/labels/v3/label"))
        .and(header("authorization", format!("Bearer {TOKEN}")))
        .and(header("x-payment-authorization-token", "pay"))
        .and(header("x-idempotency-key", sample_handle().uuid()))
        .and(header("accept", "application/vnd.usps.labels+json"))
        .and(body_json(body))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({ "trackingNumber": "9405503699300124287028", "postage": 14.62, "labelImage": label() }),
        ))
        .expect(2)
        .mount(&server)
        .await;
    let (carrier, host) = (open(&server, json!({})), HttpHost::new());
    let order = order(sample_shipment("us_domestic").unwrap(), "priority-mail");
    for _ in 0..2 {
        let bought = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
        assert_eq!(bought.charged().unwrap().to_string(), "14.62 USD");
        assert_eq!(bought.documents[0].bytes, sample_file("sample.pdf").unwrap());
    }
    assert_eq!(host.sent(Effect::Spend), 2);
}

#[tokio::test]
async fn a_quote_is_bought_with_the_ingredients_of_its_price() {
    let server = MockServer::start().await;
    tokens(&server, 1).await;
    let row = json!({ "price": 12.35, "priceType": "COMMERCIAL", "mailClass": "PRIORITY_MAIL", "rateIndicator": "CP",
        "processingCategory": "MACHINABLE", "destinationEntryFacilityType": "NONE", "SKU": "DPCP0XXXXC08020" });
    Mock::given(path("/usps/shipments/v3/options/search"))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({ "pricingOptions": [ { "shippingOptions": [
            { "mailClass": "PRIORITY_MAIL", "rateOptions": [ { "totalBasePrice": 12.35, "rates": [row],
              "commitment": { "name": "3 Days", "expectedDeliveryDate": "2026-11-27" } } ] } ] } ] }),
        ))
        .mount(&server)
        .await;
    Mock::given(path("/usps/labels/v3/label"))
        .and(body_partial_json(
            json!({ "packageDescription": { "rateIndicator": "CP", "processingCategory": "MACHINABLE" } }),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({ "trackingNumber": "9405503699300124287028", "postage": 12.35, "labelImage": label() }),
        ))
        .expect(1)
        .mount(&server)
        .await;
    let (carrier, host) = (open(&server, json!({})), HttpHost::new());
    let shipment = sample_shipment("us_domestic").unwrap();
    let reply = carrier
        .rate_quote()
        .unwrap()
        .quote(&host.cx("quote"), &RateRequest::new(shipment.clone()))
        .await
        .unwrap();
    let mut order = order(shipment, "priority-mail");
    order.token.clone_from(&reply.rates[0].token);
    carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
}

fn option(class: &str, price: f64, price_type: &str, date: &str) -> Value {
    json!({ "mailClass": class, "rateOptions": [ { "totalBasePrice": price,
        "commitment": { "name": "4 Days", "expectedDeliveryDate": date },
        "rates": [ { "price": price, "priceType": price_type, "rateIndicator": "SP", "processingCategory": "MACHINABLE", "weight": 2 } ] } ] })
}

#[tokio::test]
async fn several_parcels_cost_their_sum_and_unlike_ones_are_asked_for_once_each() {
    let server = MockServer::start().await;
    tokens(&server, 0).await;
    for (weight, price, date) in [(2, 11.87, "2026-11-28"), (3, 13.20, "2026-11-30")] {
        Mock::given(path("/usps/shipments/v3/options/search"))
            .and(body_partial_json(json!({ "packageDescription": { "weight": weight } })))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "pricingOptions": [
                { "shippingOptions": [option("USPS_GROUND_ADVANTAGE", price, "COMMERCIAL", date)] } ] })))
            .expect(1)
            .mount(&server)
            .await;
    }
    let (carrier, host) = (open(&server, json!({})), HttpHost::new());
    let mut shipment = sample_shipment("us_domestic+2").unwrap();
    shipment.parcels.push(shipment.parcels[0].clone());
    let reply =
        carrier.rate_quote().unwrap().quote(&host.cx("quote"), &RateRequest::new(shipment)).await.unwrap();
    assert_eq!(reply.rates.len(), 1);
    assert_eq!(reply.rates[0].payable().unwrap().total.to_string(), "36.94 USD");
    assert_eq!(reply.rates[0].delivery.as_ref().unwrap().latest.date.unwrap().to_string(), "2026-11-30");
    assert_eq!(reply.rates[0].billed_weight.unwrap().to_string(), "6 lb");
}

#[tokio::test]
async fn contract_prices_are_asked_for_with_the_account_and_never_claimed_for_published_ones() {
    let server = MockServer::start().await;
    tokens(&server, 1).await;
    Mock::given(path("/usps/shipments/v3/options/search"))
        .and(body_partial_json(json!({ "pricingOptions": [ { "priceType": "CONTRACT",
            "paymentAccount": { "accountType": "EPS", "accountNumber": "1000345678" } } ] })))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({ "pricingOptions": [ { "priceType": "CONTRACT",
            "shippingOptions": [ option("PRIORITY_MAIL", 9.10, "CONTRACT", "2026-11-27"),
                option("USPS_GROUND_ADVANTAGE", 11.87, "COMMERCIAL", "2026-11-28") ] } ] }),
        ))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(path("/usps/labels/v3/label"))
        .respond_with(ResponseTemplate::new(400).set_body_json(json!({ "error": { "message": "no" } })))
        .mount(&server)
        .await;
    let (carrier, host) = (open(&server, json!({ "prices": "contract" })), HttpHost::new());
    let shipment = sample_shipment("us_domestic").unwrap();
    let reply = carrier
        .rate_quote()
        .unwrap()
        .quote(&host.cx("quote"), &RateRequest::new(shipment.clone()))
        .await
        .unwrap();
    let kinds: Vec<_> =
        reply.rates.iter().map(|rate| (rate.service.as_str(), &rate.payable().unwrap().kind)).collect();
    assert_eq!(
        kinds,
        [("ground-advantage", &PriceKind::Commercial), ("priority-mail", &PriceKind::Contract)]
    );
    let _ =
        carrier.label().unwrap().buy(&host.cx("buy"), &order(shipment, "priority-mail"), host.permit()).await;
    let asked =
        host.requests().into_iter().find(|sent| sent.uri.path().ends_with("payment-authorization")).unwrap();
    let roles: Vec<_> = asked.json()["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["roleName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(roles, ["PAYER", "LABEL_OWNER", "RATE_HOLDER"]);
}

#[tokio::test]
async fn published_prices_are_asked_for_without_an_account_and_shown_beside_retail() {
    let server = MockServer::start().await;
    tokens(&server, 0).await;
    Mock::given(path("/usps/shipments/v3/options/search"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "pricingOptions": [
            { "priceType": "COMMERCIAL", "shippingOptions": [option("PRIORITY_MAIL", 14.62, "COMMERCIAL", "2026-11-27")] },
            { "priceType": "RETAIL", "shippingOptions": [option("PRIORITY_MAIL", 19.40, "RETAIL", "2026-11-27")] } ] })))
        .mount(&server)
        .await;
    let (carrier, host) = (open(&server, json!({ "compare_retail": true })), HttpHost::new());
    let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
    let reply = carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    assert_eq!(reply.rates[0].saving().unwrap().to_string(), "4.78 USD");
    let sent = host.requests().into_iter().find(|sent| sent.uri.path().ends_with("search")).unwrap();
    assert_eq!(
        sent.json()["pricingOptions"],
        json!([{ "priceType": "COMMERCIAL" }, { "priceType": "RETAIL" }])
    );
}

#[tokio::test]
async fn the_classic_tracking_api_is_asked_number_by_number() {
    let server = MockServer::start().await;
    tokens(&server, 0).await;
    let found = json!({ "trackingNumber": "9405503699300124287028", "statusCategory": "Delivered",
        "trackingEvents": [ { "eventType": "Delivered", "eventCode": "01", "eventTimestamp": "2026-11-28T13:58:00Z" } ] });
    for (number, status, body) in [
        ("9405503699300124287028", 200, found),
        ("9405503699300124287011", 404, json!({ "error": { "message": "Tracking number not found" } })),
    ] {
        Mock::given(method("GET"))
            .and(path(format!("/usps/tracking/v3/tracking/{number}")))
            .and(query_param("expand", "DETAIL"))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .expect(1)
            .mount(&server)
            .await;
    }
    let (carrier, host) = (open(&server, json!({ "tracking": "v3" })), HttpHost::new());
    // The first number is as a scanner reads it, with the routing prefix.
    let request = TrackRequest::new(["420787049405503699300124287028", "9405503699300124287011"]);
    let replies = carrier.tracking().unwrap().track(&host.cx("track"), &request).await.unwrap().replies;
    assert!(
        matches!(&replies[0].outcome, waybill_core::TrackOutcome::Found(track) if track.delivered.is_some())
    );
    assert_eq!(replies[1].outcome, waybill_core::TrackOutcome::NotFound);
}

/// Orders that no label can be bought for, by what is wrong with them.
fn impossible() -> Vec<(&'static str, LabelOrder)> {
    let home = || sample_shipment("us_domestic").unwrap();
    let abroad = || sample_shipment("us_to_de").unwrap();
    let with = |mut shipment: Shipment, change: fn(&mut Shipment)| {
        change(&mut shipment);
        shipment
    };
    vec![
        ("two parcels", order(sample_shipment("us_domestic+2").unwrap(), "priority-mail")),
        ("no such service", order(home(), "no-such-service")),
        ("media mail without the option", order(home(), "media-mail")),
        (
            "alcohol",
            order(
                with(home(), |s| s.options.alcohol = Some(waybill_core::AlcoholRecipient::Consumer)),
                "priority-mail",
            ),
        ),
        (
            "another payer",
            order(
                with(home(), |s| s.billing.transport = Payer::Recipient { account: None, postal_code: None }),
                "priority-mail",
            ),
        ),
        ("a state that is none", order(with(home(), |s| s.to.state = Some("ZZ".into())), "priority-mail")),
        ("a long street", order(with(home(), |s| s.to.lines = vec!["x".repeat(60)]), "priority-mail")),
        (
            "armed forces without customs data",
            order(with(home(), |s| s.to.state = Some("AE".into())), "priority-mail"),
        ),
        (
            "hold without a phone",
            order(
                with(home(), |s| {
                    s.to.phone = None;
                    s.options.hold_at =
                        Some(waybill_core::HoldAt { location: "1380459".into(), address: None });
                }),
                "priority-mail",
            ),
        ),
        ("no customs data", order(with(abroad(), |s| s.customs = None), "priority-mail-international")),
        (
            "goods above the limit of the class",
            order(
                with(abroad(), |s| s.customs.as_mut().unwrap().items[0].quantity = 100),
                "first-class-package-international",
            ),
        ),
        (
            "a picture abroad",
            LabelOrder {
                label: LabelSpec::new(LabelFormat::Png),
                ..order(abroad(), "priority-mail-international")
            },
        ),
        (
            "a box that is too heavy",
            order(with(home(), |s| s.parcels[0].weight = "71lb".parse().unwrap()), "priority-mail"),
        ),
    ]
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_without_a_word_to_usps() {
    let server = MockServer::start().await;
    let (carrier, host) = (open(&server, json!({})), HttpHost::new());
    for (name, order) in impossible() {
        let error =
            carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.expect_err(name);
        assert_eq!(error.phase, Phase::NotSent, "{name}: {error}");
        assert!(matches!(error.kind, ErrorKind::Invalid | ErrorKind::NoService), "{name}: {error:?}");
    }
    assert!(host.requests().is_empty());
}

#[tokio::test]
async fn a_cold_start_of_many_quotes_fetches_one_token() {
    let server = MockServer::start().await;
    tokens(&server, 0).await;
    Mock::given(path("/usps/shipments/v3/options/search"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "pricingOptions": [] })))
        .expect(16)
        .mount(&server)
        .await;
    let carrier: std::sync::Arc<dyn waybill_core::Carrier> = std::sync::Arc::from(open(&server, json!({})));
    let host = HttpHost::new();
    let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
    let quotes: Vec<_> = (0..16)
        .map(|_| {
            let (carrier, cx, request) = (carrier.clone(), host.cx("quote"), request.clone());
            tokio::spawn(async move { carrier.rate_quote().unwrap().quote(&cx, &request).await })
        })
        .collect();
    for quote in quotes {
        quote.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_truncated_multipart_label_leaves_the_outcome_open() {
    let server = MockServer::start().await;
    tokens(&server, 1).await;
    let body = "--b\r\nContent-Disposition: form-data; name=\"labelMetadata\"\r\nContent-Type: application/json\r\n\r\n{\"trackingNumber\":\"9405503699300124287028\",\"postage\":1.5}\r\n--b\r\nContent-Disposition: form-data; name=\"labelImage\"\r\n\r\nJVBERi0x";
    Mock::given(path("/usps/labels/v3/label"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "multipart/form-data; boundary=b"))
        .mount(&server)
        .await;
    let (carrier, host) = (open(&server, json!({})), HttpHost::new());
    let order = order(sample_shipment("us_domestic").unwrap(), "priority-mail");
    let error = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
    assert_eq!((error.kind, error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));
    assert_eq!(host.sent(Effect::Spend), 1);
}
