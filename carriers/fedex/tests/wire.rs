//! The exact messages on the wire, over real sockets.

mod common;

use common::{account_at, order, rate_request};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{HttpHost, sample_handle};
use wiremock::matchers::{body_partial_json, body_string, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

async fn server() -> MockServer {
    let server = MockServer::start().await;
    let token = |keys: &str, token: &str| {
        Mock::given(method("POST"))
            .and(path("/oauth/token"))
            .and(header("content-type", "application/x-www-form-urlencoded"))
            .and(body_string(format!("grant_type=client_credentials&{keys}")))
            .respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(json!({ "access_token": token, "expires_in": 3599 })),
            )
    };
    token("client_id=key-one&client_secret=secret-one", "ship-token").mount(&server).await;
    token("client_id=key-two&client_secret=secret-two", "track-token").mount(&server).await;
    server
}

async fn answers(server: &MockServer, at: &str, status: u16, body: Value) {
    Mock::given(path(at)).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(server).await;
}

async fn sent(server: &MockServer, at: &str) -> Vec<Request> {
    let all = server.received_requests().await.unwrap_or_default();
    all.into_iter().filter(|request| request.url.path() == at).collect()
}

fn header_of(request: &Request, name: &str) -> String {
    request.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

const SHIP: &str = "/ship/v1/shipments";

fn sold(numbers: &[&str]) -> Value {
    let label = "JVBERi0xLjQK";
    let pieces: Vec<Value> = (1..)
        .zip(numbers)
        .map(|(at, number)| {
            json!({ "packageSequenceNumber": at, "trackingNumber": number,
                "packageDocuments": [{ "contentType": "LABEL", "docType": "PDF", "encodedLabel": label }] })
        })
        .collect();
    json!({ "output": { "transactionShipments": [
        { "masterTrackingNumber": numbers[0], "serviceType": "FEDEX_2_DAY", "pieceResponses": pieces } ] } })
}

#[tokio::test]
async fn a_rate_request_to_the_letter() {
    let server = server().await;
    answers(&server, "/rate/v1/rates/quotes", 200, json!({ "output": { "rateReplyDetails": [] } })).await;
    let host = HttpHost::new();
    let mut request = rate_request("us_business");
    request.services = vec!["2-day".into()];
    account_at(&server.uri()).rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    let sent = sent(&server, "/rate/v1/rates/quotes").await;
    assert_eq!(header_of(&sent[0], "authorization"), "Bearer ship-token");
    assert_eq!(header_of(&sent[0], "x-locale"), "en_US");
    let place = |city: &str, state: &str, code: &str| json!({ "city": city, "stateOrProvinceCode": state, "postalCode": code, "countryCode": "US" });
    let mut recipient = place("Austin", "TX", "78704");
    recipient["residential"] = json!(false);
    assert_eq!(
        sent[0].body_json::<Value>().unwrap(),
        json!({
            "accountNumber": { "value": "740561073" },
            "rateRequestControlParameters": { "returnTransitTimes": true, "servicesNeededOnRateFailure": true },
            "carrierCodes": ["FDXE", "FDXG", "FXSP"],
            "requestedShipment": {
                "shipper": { "address": place("Seattle", "WA", "98109") },
                "recipient": { "address": recipient },
                "serviceType": "FEDEX_2_DAY", "packagingType": "YOUR_PACKAGING",
                "rateRequestType": ["ACCOUNT", "LIST"], "shipDateStamp": "2026-11-24",
                "pickupType": "USE_SCHEDULED_PICKUP", "totalPackageCount": 1,
                "requestedPackageLineItems": [{
                    "groupPackageCount": 1, "weight": { "units": "LB", "value": 2 },
                    "dimensions": { "length": 10, "width": 8, "height": 4, "units": "IN" } }]
            }
        })
    );
}

#[tokio::test]
async fn a_purchase_is_sent_once_with_its_handle() {
    let server = server().await;
    answers(&server, SHIP, 200, sold(&["794640010017"])).await;
    let host = HttpHost::new();
    let mut wanted = order("us_business", "2-day");
    wanted.shipment.options.signature = Some(Signature::Adult);
    wanted.shipment.parcels[0].declared_value = "120.50 USD".parse().ok();
    let bought = account_at(&server.uri())
        .label()
        .unwrap()
        .buy(&host.cx("buy"), &wanted, host.permit())
        .await
        .unwrap();
    assert!(bought.has_labels());
    assert_eq!(host.sent(Effect::Spend), 1);
    let sent = sent(&server, SHIP).await;
    assert_eq!(header_of(&sent[0], "x-customer-transaction-id"), sample_handle().short());
    let body = sent[0].body_json::<Value>().unwrap();
    let package = &body["requestedShipment"]["requestedPackageLineItems"][0];
    assert_eq!(
        *package,
        json!({
            "sequenceNumber": 1, "groupPackageCount": 1, "weight": { "units": "LB", "value": 2 },
            "dimensions": { "length": 10, "width": 8, "height": 4, "units": "IN" },
            "declaredValue": { "amount": 120.5, "currency": "USD" },
            "customerReferences": [
                { "customerReferenceType": "CUSTOMER_REFERENCE", "value": "ORDER-7731" },
                { "customerReferenceType": "DEPARTMENT_NUMBER", "value": sample_handle().short() }],
            "itemDescription": "Books",
            "packageSpecialServices": { "specialServiceTypes": ["SIGNATURE_OPTION"], "signatureOptionType": "ADULT" }
        })
    );
    assert_eq!(
        body["requestedShipment"]["totalDeclaredValue"],
        json!({ "amount": 120.5, "currency": "USD" })
    );
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_before_anything_is_sent() {
    let server = server().await;
    let refuse = |change: fn(&mut LabelOrder)| {
        let mut wanted = order("us_business", "2-day");
        change(&mut wanted);
        let (uri, host) = (server.uri(), HttpHost::new());
        async move {
            let error = account_at(&uri)
                .label()
                .unwrap()
                .buy(&host.cx("buy"), &wanted, host.permit())
                .await
                .unwrap_err();
            assert_eq!((error.phase, host.requests().len()), (Phase::NotSent, 0), "{error}");
            error.kind
        }
    };
    assert_eq!(refuse(|order| order.service = "no-such".into()).await, ErrorKind::NoService);
    assert_eq!(refuse(|order| order.service = "international-first".into()).await, ErrorKind::NoService);
    assert_eq!(refuse(|order| order.label.format = LabelFormat::Gif).await, ErrorKind::Invalid);
    assert_eq!(refuse(|order| order.weekend = Some(Weekend::Sunday)).await, ErrorKind::Invalid);
    assert_eq!(
        refuse(|order| order.shipment.parcels[0].weight = "151lb".parse().unwrap()).await,
        ErrorKind::Invalid
    );
    assert_eq!(refuse(|order| order.shipment.to.lines = vec!["PO Box 9".into()]).await, ErrorKind::NoService);
    assert_eq!(
        refuse(
            |order| order.shipment.billing.transport = Payer::Recipient { account: None, postal_code: None }
        )
        .await,
        ErrorKind::Invalid
    );
    assert_eq!(
        refuse(|order| {
            let mut second = order.shipment.parcels[0].clone();
            second.packaging = "pak".into();
            order.shipment.parcels.push(second);
        })
        .await,
        ErrorKind::Invalid
    );
    assert_eq!(
        refuse(|order| {
            order.service = "ground".into();
            order.shipment.to.residential = Some(true);
        })
        .await,
        ErrorKind::NoService
    );
}

#[tokio::test]
async fn more_than_forty_pieces_are_a_job_that_is_asked_for() {
    let server = server().await;
    answers(&server, SHIP, 200, json!({ "output": { "jobId": "job-77" } })).await;
    let numbers: Vec<String> = (0..41).map(|at| format!("7946400200{at:02}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let results = "/ship/v1/shipments/results";
    Mock::given(path(results))
        .and(body_partial_json(json!({ "accountNumber": { "value": "740561073" }, "jobId": "job-77" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "output": { "jobId": "job-77" } })))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    answers(&server, results, 200, sold(&numbers)).await;
    let host = HttpHost::new();
    let mut wanted = order("us_business", "2-day");
    wanted.shipment.parcels = vec![wanted.shipment.parcels[0].clone(); 41];
    let bought = account_at(&server.uri())
        .label()
        .unwrap()
        .buy(&host.cx("buy"), &wanted, host.permit())
        .await
        .unwrap();
    assert_eq!((bought.pieces.len(), host.sent(Effect::Spend)), (41, 1));
    assert_eq!(sent(&server, results).await.len(), 3);
    let body = sent(&server, SHIP).await[0].body_json::<Value>().unwrap();
    assert_eq!(body["processingOptionType"], "ALLOW_ASYNCHRONOUS");
}

#[tokio::test]
async fn a_job_that_fails_leaves_the_outcome_open() {
    let server = server().await;
    answers(&server, SHIP, 200, json!({ "output": { "jobId": "job-78" } })).await;
    let body = json!({ "errors": [{ "code": "TRACKINGNUMBER.ENTERED.INVALID", "message": "Wrong." }] });
    answers(&server, "/ship/v1/shipments/results", 400, body).await;
    let host = HttpHost::new();
    let wanted = order("us_business", "2-day");
    let error = account_at(&server.uri())
        .label()
        .unwrap()
        .buy(&host.cx("buy"), &wanted, host.permit())
        .await
        .unwrap_err();
    assert_eq!(error.phase, Phase::OutcomeUnknown);
    assert!(error.context.contains(&("job".to_owned(), "job-78".to_owned())));
}

#[tokio::test]
async fn a_spend_is_never_repeated_and_its_phase_is_told() {
    for (status, body, phase) in [
        (401, json!({ "errors": [{ "code": "NOT.AUTHORIZED.ERROR" }] }), Phase::Answered),
        (429, json!({ "errors": [{ "code": "TOO.MANY.REQUESTS", "message": "too many" }] }), Phase::Answered),
        (400, json!({ "errors": [{ "code": "SERVICETYPE.NOT.ALLOWED" }] }), Phase::Answered),
        (404, json!({ "what": "a proxy's own words" }), Phase::OutcomeUnknown),
        (500, json!({ "errors": [{ "code": "INTERNAL.SERVER.ERROR" }] }), Phase::OutcomeUnknown),
        (503, json!({}), Phase::OutcomeUnknown),
        (307, json!({}), Phase::OutcomeUnknown),
        (200, json!({ "output": {} }), Phase::OutcomeUnknown),
        (
            200,
            json!({ "output": { "transactionShipments": [{ "masterTrackingNumber": "1" }] } }),
            Phase::OutcomeUnknown,
        ),
    ] {
        let server = server().await;
        answers(&server, SHIP, status, body.clone()).await;
        let host = HttpHost::new();
        let wanted = order("us_business", "2-day");
        let error = account_at(&server.uri())
            .label()
            .unwrap()
            .buy(&host.cx("buy"), &wanted, host.permit())
            .await
            .unwrap_err();
        assert_eq!((error.phase, sent(&server, SHIP).await.len()), (phase, 1), "{status} {body}");
    }
}

#[tokio::test]
async fn sixty_four_cold_calls_fetch_one_token_per_key_pair() {
    let server = server().await;
    answers(&server, "/rate/v1/rates/quotes", 200, json!({ "output": { "rateReplyDetails": [] } })).await;
    answers(&server, "/track/v1/trackingnumbers", 200, json!({ "output": { "completeTrackResults": [] } }))
        .await;
    let (host, account) = (HttpHost::new(), std::sync::Arc::from(account_at(&server.uri())));
    let calls = (0..64).map(|at| {
        let (cx, account): (_, std::sync::Arc<dyn Carrier>) =
            (host.cx("call"), std::sync::Arc::clone(&account));
        tokio::spawn(async move {
            if at % 2 == 0 {
                account.rate_quote().unwrap().quote(&cx, &rate_request("us_business")).await.map(drop)
            } else {
                account.tracking().unwrap().track(&cx, &TrackRequest::new(["794640010017"])).await.map(drop)
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(sent(&server, "/oauth/token").await.len(), 2);
    let tracked = sent(&server, "/track/v1/trackingnumbers").await;
    assert!(tracked.iter().all(|request| header_of(request, "authorization") == "Bearer track-token"));
}

#[tokio::test]
async fn sixty_one_numbers_are_three_calls_in_order() {
    let server = server().await;
    answers(&server, "/track/v1/trackingnumbers", 200, json!({ "output": { "completeTrackResults": [] } }))
        .await;
    let host = HttpHost::new();
    let numbers: Vec<String> = (0..61).map(|at| format!("7946400300{at:02}")).collect();
    let request = TrackRequest::new(numbers.clone());
    let replies = account_at(&server.uri())
        .tracking()
        .unwrap()
        .track(&host.cx("track"), &request)
        .await
        .unwrap()
        .replies;
    assert_eq!(sent(&server, "/track/v1/trackingnumbers").await.len(), 3);
    let order: Vec<_> = replies.iter().map(|reply| reply.number.as_str()).collect();
    assert_eq!(order, numbers);
}

#[tokio::test]
async fn what_is_no_number_is_tracked_as_a_reference() {
    let server = server().await;
    let parcel = |number: &str, code: &str| {
        json!({ "trackingNumber": number, "trackResults": [{
            "trackingNumberInfo": { "trackingNumber": number }, "latestStatusDetail": { "code": code } }] })
    };
    let by_number = json!({ "output": { "completeTrackResults": [parcel("794640010017", "DL")] } });
    answers(&server, "/track/v1/trackingnumbers", 200, by_number).await;
    let by_reference = |value: &str, status: u16, body: Value| {
        let account = "740561073";
        let days = json!({ "shipDateBegin": "2026-11-20", "shipDateEnd": "2026-12-19", "shipDateEndDate": "2026-12-19" });
        let mut asked = json!({ "value": value, "accountNumber": account });
        asked.as_object_mut().unwrap().extend(days.as_object().unwrap().clone());
        Mock::given(method("POST"))
            .and(path("/track/v1/referencenumbers"))
            .and(header("authorization", "Bearer track-token"))
            .and(body_partial_json(json!({ "referencesInformation": asked, "includeDetailedScans": true })))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .expect(1)
    };
    let two = json!({ "output": { "completeTrackResults": [parcel("794640010028", "OD"), parcel("794640010039", "IT")] } });
    by_reference("PO 7/2026", 200, two).mount(&server).await;
    let one = json!({ "output": { "completeTrackResults": [parcel("794640010040", "PU")] } });
    by_reference("SO-1", 200, one).mount(&server).await;
    let none = json!({ "errors": [{ "code": "TRACKING.REFERENCENUMBER.NOTFOUND",
        "message": "Reference number cannot be found. Please correct the reference number and try again." }] });
    by_reference("SO-2", 400, none).mount(&server).await;
    let mut request = TrackRequest::new(["SO-1", "794640010017", "SO-2", "PO 7/2026"]);
    request.shipped_from = chrono::NaiveDate::from_ymd_opt(2026, 11, 20);
    let host = HttpHost::new();
    let account = account_at(&server.uri());
    let replies = account.tracking().unwrap().track(&host.cx("track"), &request).await.unwrap().replies;
    assert!(replies.iter().map(|reply| &reply.number).eq(&request.numbers));
    let outcomes: Vec<&TrackOutcome> = replies.iter().map(|reply| &reply.outcome).collect();
    let [
        TrackOutcome::Found(one),
        TrackOutcome::Found(number),
        TrackOutcome::NotFound,
        TrackOutcome::Several(two),
    ] = outcomes.as_slice()
    else {
        panic!("{outcomes:?}");
    };
    // A parcel is named by its own number.
    assert_eq!((one.number.as_str(), &one.status), ("794640010040", &TrackStatus::Accepted));
    assert_eq!((number.number.as_str(), &number.status), ("794640010017", &TrackStatus::Delivered));
    assert_eq!(
        two.iter().map(|track| track.number.as_str()).collect::<Vec<_>>(),
        ["794640010028", "794640010039"]
    );
    assert_eq!(sent(&server, "/track/v1/trackingnumbers").await.len(), 1);
}

#[tokio::test]
async fn missing_services_are_explained_by_a_second_call() {
    let server = server().await;
    answers(&server, "/rate/v1/rates/quotes", 200, json!({ "output": { "rateReplyDetails": [] } })).await;
    let options = json!({ "output": { "packageOptions": [{ "serviceType": { "key": "FEDEX_2_DAY" } }] } });
    answers(&server, "/availability/v1/packageandserviceoptions", 200, options).await;
    let host = HttpHost::new();
    let request = rate_request("us_business");
    let reply =
        account_at(&server.uri()).rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    let reason = |code: &str| {
        let found: Vec<_> = reply.rejected.iter().filter(|rejected| rejected.service == *code).collect();
        assert_eq!(found.len(), 1, "{code}");
        found[0].reason.clone()
    };
    assert_eq!((reason("2-day"), reason("2-day-am")), (RejectReason::NoPrice, RejectReason::Lane));
    assert_eq!(reason("home-delivery"), RejectReason::AddressKind);
}

#[tokio::test]
async fn a_rate_is_bought_by_its_token_even_when_the_catalogue_does_not_know_it() {
    let server = server().await;
    answers(&server, SHIP, 200, sold(&["794640010017"])).await;
    let host = HttpHost::new();
    let mut wanted = order("us_business", "FEDEX_DISTANCE_DEFERRED");
    wanted.token = Some(RateToken::new(r#"{"service":"FEDEX_DISTANCE_DEFERRED","saturday":true}"#));
    account_at(&server.uri()).label().unwrap().buy(&host.cx("buy"), &wanted, host.permit()).await.unwrap();
    let body = sent(&server, SHIP).await[0].body_json::<Value>().unwrap();
    assert_eq!(body["requestedShipment"]["serviceType"], "FEDEX_DISTANCE_DEFERRED");
    let types = &body["requestedShipment"]["shipmentSpecialServices"]["specialServiceTypes"];
    assert_eq!(*types, json!(["SATURDAY_DELIVERY"]));
}

#[tokio::test]
async fn a_whole_shipment_is_voided_or_nothing() {
    let server = server().await;
    answers(&server, "/ship/v1/shipments/cancel", 200, json!({ "output": { "cancelledShipment": true } }))
        .await;
    let mut key = common::key("794640020025");
    key.tracking = vec!["794640020036".into()];
    key.carrier_data = Some(r#"{"sender":"CA","service":"FEDEX_GROUND","pieces":2}"#.into());
    let (host, account) = (HttpHost::new(), account_at(&server.uri()));
    let error = account.label().unwrap().void(&host.cx("void"), &key).await.unwrap_err();
    assert_eq!((error.kind, host.requests().len()), (ErrorKind::Invalid, 0));
    key.tracking.push("794640020025".into());
    assert_eq!(account.label().unwrap().void(&host.cx("void"), &key).await.unwrap(), VoidOutcome::Voided);
    let sent = sent(&server, "/ship/v1/shipments/cancel").await;
    assert_eq!(sent[0].method.as_str(), "PUT");
    assert_eq!(sent[0].body_json::<Value>().unwrap()["senderCountryCode"], "CA");
}
