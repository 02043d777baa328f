//! What goes over the wire to UPS, message by message, against a mock server on loopback.

use serde_json::{Value, json};
use waybill_core::{
    Carrier, CarrierPlugin, Effect, ErrorKind, LabelFormat, LabelOrder, LabelSpec, Phase, RateRequest,
    RecoverRequest, Recovery, TrackOutcome, TrackRequest, TrackStatus,
};
use waybill_testkit::{HttpHost, sample_file, sample_handle, sample_shipment};
use waybill_ups::{Config, Ups};
use wiremock::matchers::{body_partial_json, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const NUMBER: &str = "1ZW8Y4B20300000019";

async fn ups() -> (MockServer, Box<dyn Carrier>) {
    let server = MockServer::start().await;
    let token =
        json!({ "access_token": "t-1", "expires_in": "14399", "token_type": "Bearer", "status": "approved" });
    Mock::given(method("POST"))
        .and(path("/ups/security/v1/oauth/token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .respond_with(ResponseTemplate::new(200).set_body_json(token))
        .expect(1)
        .mount(&server)
        .await;
    let config: Config = serde_json::from_value(json!({
        "client_id": "id", "client_secret": "secret", "account_number": "w8y4b2", "base_url": format!("{}/ups", server.uri()),
    }))
    .unwrap();
    (server, Ups::open(config).unwrap())
}

async fn answer(server: &MockServer, verb: &str, at: &str, status: u16, body: Value) {
    let reply = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method(verb)).and(path(format!("/ups{at}"))).respond_with(reply).mount(server).await;
}

fn order(sample: &str, service: &str, format: LabelFormat) -> LabelOrder {
    LabelOrder {
        shipment: sample_shipment(sample).unwrap(),
        service: service.into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(format),
        handle: sample_handle(),
        numbers: Vec::new(),
    }
}

fn sold(format: &str, file: &str) -> Value {
    use base64::Engine;
    let label = base64::engine::general_purpose::STANDARD.encode(sample_file(file).unwrap());
    let usd = |value: &str| json!({ "CurrencyCode": "USD", "MonetaryValue": value });
    json!({ "ShipmentResponse": { "Response": { "ResponseStatus": { "Code": "1" } }, "ShipmentResults": {
        "ShipmentCharges": { "TotalCharges": usd("15.87") },
        "NegotiatedRateCharges": { "TotalCharge": usd("12.49") },
        "ShipmentIdentificationNumber": NUMBER,
        "PackageResults": [ { "TrackingNumber": NUMBER, "ShippingLabel": {
            "ImageFormat": { "Code": format }, "GraphicImage": label } } ] } } })
}

fn refused(code: &str) -> Value {
    json!({ "response": { "errors": [ { "code": code, "message": "words of UPS" } ] } })
}

/// Parties and charges of the domestic sample, as both APIs get them.
fn address_of_origin() -> Value {
    json!({ "AddressLine": ["4417 Wistful Pine Road"], "City": "Seattle", "StateProvinceCode": "WA",
            "PostalCode": "98109", "CountryCode": "US" })
}

fn address_of_destination() -> Value {
    json!({ "AddressLine": ["2093 Copperleaf Terrace", "Apt 5B"], "City": "Austin", "StateProvinceCode": "TX",
            "PostalCode": "78704", "CountryCode": "US", "ResidentialAddressIndicator": "" })
}

#[tokio::test]
async fn a_shop_is_one_post_and_nothing_more_is_in_it() {
    let (server, ups) = ups().await;
    let empty = json!({ "RateResponse": { "RatedShipment": [] } });
    answer(&server, "POST", "/api/rating/v2409/Shoptimeintransit", 200, empty).await;
    let host = HttpHost::new();
    let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
    let reply = ups.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    assert!(reply.rates.is_empty());

    let sent = host.requests();
    assert_eq!((sent.len(), sent[1].effect), (2, Effect::Read));
    assert_eq!(sent[1].headers["authorization"], "Bearer t-1");
    assert_eq!(sent[1].headers["transactionsrc"], "waybill");
    assert!(sent[1].headers["transid"].len() <= 32);
    let expected = json!({ "RateRequest": {
        "Request": { "SubVersion": "2409" },
        "PickupType": { "Code": "01" },
        "CustomerClassification": { "Code": "00" },
        "Shipment": {
            "Shipper": { "Name": "Brindlewood Trading", "ShipperNumber": "W8Y4B2", "Address": address_of_origin() },
            "ShipTo": { "Name": "Odalys Fennimore", "Address": address_of_destination() },
            "ShipFrom": { "Name": "Brindlewood Trading", "Address": address_of_origin() },
            "PaymentDetails": { "ShipmentCharge": [
                { "Type": "01", "BillShipper": { "AccountNumber": "W8Y4B2" } } ] },
            "ShipmentTotalWeight": { "UnitOfMeasurement": { "Code": "LBS" }, "Weight": "2" },
            "Package": [ {
                "PackagingType": { "Code": "02" },
                "Dimensions": { "UnitOfMeasurement": { "Code": "IN" }, "Length": "10", "Width": "8", "Height": "4" },
                "PackageWeight": { "UnitOfMeasurement": { "Code": "LBS" }, "Weight": "2" } } ],
            "ShipmentServiceOptions": { "AvailableServicesOption": "1" },
            "ShipmentRatingOptions": { "NegotiatedRatesIndicator": "" },
            "TaxInformationIndicator": "",
            "DeliveryTimeInformation": { "PackageBillType": "03", "Pickup": { "Date": "20261124" } } } } });
    assert_eq!(sent[1].json(), expected);
}

#[tokio::test]
async fn a_label_is_one_spend_with_the_handle_in_the_first_reference() {
    let (server, ups) = ups().await;
    answer(&server, "POST", "/api/shipments/v2409/ship", 200, sold("ZPL", "sample.zpl")).await;
    let host = HttpHost::new();
    let order = order("us_domestic", "ground", LabelFormat::Zpl);
    let bought = ups.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert_eq!(bought.charged().unwrap().to_string(), "12.49 USD");
    assert_eq!(bought.documents[0].bytes.as_ref(), sample_file("sample.zpl").unwrap());
    assert_eq!(host.sent(Effect::Spend), 1);

    let sent = host.requests();
    let handle = sample_handle().short();
    assert_eq!(sent[1].headers["transid"], handle.as_str());
    let shipper = json!({ "Name": "Brindlewood Trading", "AttentionName": "Quillon Marchetti",
        "Phone": { "Number": "2065550147" },
        "Address": address_of_origin() });
    let mut account = shipper.clone();
    account["ShipperNumber"] = json!("W8Y4B2");
    account["EMailAddress"] = json!("quillon.marchetti@brindlewood.test");
    let expected = json!({ "ShipmentRequest": {
        "Request": { "SubVersion": "2409", "RequestOption": "nonvalidate" },
        "Shipment": {
            "Description": "Books",
            "Shipper": account,
            "ShipTo": { "Name": "Odalys Fennimore", "AttentionName": "Odalys Fennimore",
                "Phone": { "Number": "5125550163" }, "EMailAddress": "odalys@fennimore.test",
                "Address": address_of_destination() },
            "ShipFrom": shipper,
            "PaymentInformation": { "ShipmentCharge": [
                { "Type": "01", "BillShipper": { "AccountNumber": "W8Y4B2" } } ] },
            "ShipmentRatingOptions": { "NegotiatedRatesIndicator": "" },
            "Service": { "Code": "03" },
            "ShipmentDate": "20261124",
            "ShipmentServiceOptions": {},
            "Package": [ {
                "Description": "Books",
                "Packaging": { "Code": "02" },
                "Dimensions": { "UnitOfMeasurement": { "Code": "IN" }, "Length": "10", "Width": "8", "Height": "4" },
                "PackageWeight": { "UnitOfMeasurement": { "Code": "LBS" }, "Weight": "2" },
                "ReferenceNumber": [ { "Value": handle }, { "Value": "ORDER-7731" } ] } ] },
        "LabelSpecification": { "LabelImageFormat": { "Code": "ZPL" },
            "LabelStockSize": { "Height": "6", "Width": "4" } } } });
    assert_eq!(sent[1].json(), expected);
}

#[tokio::test]
async fn a_pdf_that_is_late_leaves_the_sale_with_its_gif() {
    let (server, ups) = ups().await;
    answer(&server, "POST", "/api/shipments/v2409/ship", 200, sold("GIF", "sample.gif")).await;
    answer(&server, "POST", "/api/labels/v1/recovery", 400, refused("9801031")).await;
    let host = HttpHost::new();
    let order = order("us_domestic", "ground", LabelFormat::Pdf);
    let bought = ups.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert_eq!(bought.documents[0].format, LabelFormat::Gif);
    assert!(
        bought.has_labels()
            && bought.warnings.iter().any(|notice| notice.code.as_deref() == Some("label-format"))
    );
    let sent = host.requests();
    assert_eq!(sent[1].json()["ShipmentRequest"]["LabelSpecification"]["LabelImageFormat"]["Code"], "GIF");
    assert_eq!((sent.len(), host.sent(Effect::Spend)), (5, 1), "token, one sale, three tries");
}

#[tokio::test]
async fn an_error_in_the_headers_of_an_empty_success_leaves_the_outcome_open() {
    let (server, ups) = ups().await;
    let reply = ResponseTemplate::new(200)
        .insert_header("apierrorcode", "1")
        .insert_header("errordescription", "The request is not well formed");
    Mock::given(path("/ups/api/shipments/v2409/ship")).respond_with(reply).expect(1).mount(&server).await;
    let host = HttpHost::new();
    let order = order("us_domestic", "ground", LabelFormat::Zpl);
    let error = ups.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
    assert_eq!((error.kind.clone(), error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));
}

#[tokio::test]
async fn the_impossible_is_refused_before_anything_is_sent() {
    let (_server, ups) = ups_without_calls().await;
    let host = HttpHost::new();
    let refuse = async |change: &dyn Fn(&mut LabelOrder)| {
        let mut order = order("us_to_de", "worldwide-express", LabelFormat::Zpl);
        change(&mut order);
        ups.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err()
    };
    let field = |error: &waybill_core::Error| {
        error.fields.first().map(|field| field.path.clone()).unwrap_or_default()
    };
    assert_eq!(field(&refuse(&|order| order.shipment.to.phone = None).await), "to.phone");
    assert_eq!(field(&refuse(&|order| order.label.dpi = Some(300)).await), "label.dpi");
    assert_eq!(field(&refuse(&|order| order.label.format = LabelFormat::Tiff).await), "label.format");
    let later = |order: &mut LabelOrder| order.shipment.ship_date = "2026-12-24".parse().ok();
    assert_eq!(field(&refuse(&later).await), "ship_date");
    let long = |order: &mut LabelOrder| {
        order.shipment.to.lines = vec!["Donaudampfschifffahrtsgesellschaft".repeat(2)]
    };
    assert_eq!(field(&refuse(&long).await), "to.lines");
    assert_eq!(refuse(&|order| order.service = "ground".into()).await.kind, ErrorKind::NoService);
    assert_eq!(refuse(&|order| order.service = "no-such-service".into()).await.kind, ErrorKind::NoService);
    assert!(host.requests().is_empty());
}

async fn ups_without_calls() -> (MockServer, Box<dyn Carrier>) {
    let server = MockServer::start().await;
    let config = json!({ "client_id": "id", "client_secret": "secret", "account_number": "W8Y4B2", "base_url": server.uri() });
    (server, Ups::open(serde_json::from_value(config).unwrap()).unwrap())
}

#[tokio::test]
async fn several_packages_of_a_shipment_are_voided_by_a_list() {
    let (server, ups) = ups().await;
    let level = |number: &str, code: &str| json!({ "TrackingNumber": number, "Status": { "Code": code, "Description": "x" } });
    let body = json!({ "VoidShipmentResponse": { "SummaryResult": { "Status": { "Code": "1" } },
        "PackageLevelResult": [level("1Z2", "1"), level("1Z3", "0")] } });
    Mock::given(method("DELETE"))
        .and(path("/ups/api/shipments/v2409/void/cancel/1Z1"))
        .and(query_param("trackingnumber", r#"["1Z2","1Z3"]"#))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&server)
        .await;
    let host = HttpHost::new();
    let key = serde_json::from_value(
        json!({ "shipment_key": "1Z1", "tracking": ["1Z2", "1Z3"], "service": "ground",
        "handle": sample_handle(), "bought_at": "2026-11-23T15:00:00Z", "carrier_data": "1Z1,1Z2,1Z3" }),
    )
    .unwrap();
    let outcome = ups.label().unwrap().void(&host.cx("void"), &key).await.unwrap();
    assert_eq!(
        outcome,
        waybill_core::VoidOutcome::Partial {
            voided: vec!["1Z2".into()],
            refused: vec![("1Z3".into(), "x".into())]
        }
    );
    assert_eq!(host.sent(Effect::Change), 1);
}

#[tokio::test]
async fn a_delivered_parcel_has_its_moment_and_its_signature() {
    let (server, ups) = ups().await;
    let scan = |date: &str, time: &str, kind: &str, code: &str, status: &str, text: &str| {
        json!({ "date": date, "time": time, "gmtOffset": "-06:00",
            "location": { "address": { "city": "Austin", "stateProvince": "TX", "countryCode": "US" }, "slic": "7870" },
            "status": { "type": kind, "code": code, "statusCode": status, "description": text } })
    };
    let body = json!({ "trackResponse": { "shipment": [ { "package": [ {
        "trackingNumber": NUMBER, "service": { "description": "UPS Ground" },
        "weight": { "unitOfMeasurement": "LBS", "weight": "2.00" },
        "deliveryDate": [ { "type": "DEL", "date": "20261130" } ],
        "deliveryTime": { "type": "DEL", "endTime": "143200" },
        "deliveryInformation": { "receivedBy": "FENN" },
        "activity": [ scan("20261130", "143200", "D", "F4", "011", "DELIVERED "), scan("20261130", "081500", "I", "OT", "021", "Out") ] } ] } ] } });
    Mock::given(method("GET"))
        .and(path(format!("/ups/api/track/v1/details/{NUMBER}")))
        .and(query_param("locale", "en_US"))
        .and(header("transactionSrc", "waybill"))
        .respond_with(ResponseTemplate::new(200).set_body_json(body))
        .mount(&server)
        .await;
    let host = HttpHost::new();
    let replies = ups
        .tracking()
        .unwrap()
        .track(&host.cx("track"), &TrackRequest::new([NUMBER, "bad number"]))
        .await
        .unwrap();
    let TrackOutcome::Found(track) = &replies.replies[0].outcome else { panic!("{:?}", replies.replies[0]) };
    assert_eq!(track.status, TrackStatus::Delivered);
    assert_eq!(
        serde_json::to_value(track.delivered).unwrap(),
        json!({ "date": "2026-11-30", "time": "14:32:00" })
    );
    assert_eq!(track.signed_by.as_ref().unwrap().as_str(), "FENN");
    assert_eq!(track.weight.unwrap().to_string(), "2 lb");
    assert_eq!(track.events[0].text, "DELIVERED");
    assert_eq!(track.events[0].at.utc().unwrap().to_rfc3339(), "2026-11-30T20:32:00+00:00");
    assert_eq!(track.events[1].place.text.as_deref(), Some("7870"));
    assert!(
        matches!(&replies.replies[1].outcome, TrackOutcome::Failed(error) if error.kind == ErrorKind::Invalid)
    );
}

/// Labels of some packages of one shipment.
fn shown(numbers: &[&str]) -> Value {
    let label = |number: &&str| json!({ "TrackingNumber": number, "LabelImage": { "LabelImageFormat": { "Code": "zpl" }, "GraphicImage": "XlhBXlha" } });
    let labels: Vec<Value> = numbers.iter().map(label).collect();
    json!({ "LabelRecoveryResponse": { "ShipmentIdentificationNumber": "1Z1", "LabelResults": labels } })
}

async fn recover_two(by_reference: Value, by_number: &[(&str, Value)]) -> waybill_core::Result<Recovery> {
    let (server, ups) = ups().await;
    for (number, body) in by_number {
        Mock::given(path("/ups/api/labels/v1/recovery"))
            .and(body_partial_json(json!({ "LabelRecoveryRequest": { "TrackingNumber": number } })))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    let reference = json!({ "LabelRecoveryRequest": { "ReferenceValues": {
        "ReferenceNumber": { "Value": sample_handle().short() }, "ShipperNumber": "W8Y4B2" } } });
    Mock::given(path("/ups/api/labels/v1/recovery"))
        .and(body_partial_json(reference))
        .respond_with(ResponseTemplate::new(200).set_body_json(by_reference))
        .expect(1)
        .mount(&server)
        .await;
    let host = HttpHost::new();
    let request =
        RecoverRequest { order: order("us_domestic+2", "ground", LabelFormat::Zpl), sent_at: host.now() };
    ups.label().unwrap().recover(&host.cx("recover"), &request).await
}

#[tokio::test]
async fn packages_of_one_shipment_are_one_sale_however_label_recovery_shows_them() {
    let candidates = json!({ "LabelRecoveryResponse": {
        "TrackingCandidate": [ { "TrackingNumber": "1Z1" }, { "TrackingNumber": "1Z2" } ] } });
    let each = [("1Z1", shown(&["1Z1"])), ("1Z2", shown(&["1Z2"]))];
    let leading = [("1Z1", shown(&["1Z1", "1Z2"]))];
    for (by_reference, by_number) in
        [(shown(&["1Z1", "1Z2"]), &[][..]), (shown(&["1Z1"]), &leading[..]), (candidates, &each[..])]
    {
        let Recovery::Found(found) = recover_two(by_reference, by_number).await.unwrap() else {
            panic!("not found")
        };
        let numbers: Vec<_> = found[0].pieces.iter().map(|piece| piece.tracking.as_str()).collect();
        assert_eq!((found.len(), numbers), (1, vec!["1Z1", "1Z2"]));
        assert!(found[0].has_labels());
    }
}

#[tokio::test]
async fn a_sale_with_a_missing_piece_is_no_answer() {
    let error = recover_two(shown(&["1Z1"]), &[("1Z1", shown(&["1Z1"]))]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    assert!(error.message.contains("1 of 2"), "{error}");
}

#[tokio::test]
async fn a_sale_without_a_label_is_a_sale_whose_label_is_fetched() {
    for recovers in [true, false] {
        let (server, ups) = ups().await;
        let mut answered = sold("ZPL", "sample.zpl");
        answered["ShipmentResponse"]["ShipmentResults"]["PackageResults"][0]["ShippingLabel"] = json!(null);
        answer(&server, "POST", "/api/shipments/v2409/ship", 200, answered).await;
        let label = json!({ "LabelRecoveryResponse": { "ShipmentIdentificationNumber": NUMBER, "LabelResults": {
            "TrackingNumber": NUMBER,
            "LabelImage": { "LabelImageFormat": { "Code": "zpl" }, "GraphicImage": "XlhBXlha" } } } });
        let (status, body) = if recovers { (200, label) } else { (400, refused("9801031")) };
        answer(&server, "POST", "/api/labels/v1/recovery", status, body).await;
        let host = HttpHost::new();
        let order = order("us_domestic", "ground", LabelFormat::Zpl);
        let bought = ups.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
        assert_eq!((bought.shipment_key.as_str(), bought.has_labels()), (NUMBER, recovers));
        let said = bought.warnings.iter().any(|notice| notice.code.as_deref() == Some("label-missing"));
        assert_eq!(said, !recovers);
        assert_eq!(host.sent(Effect::Spend), 1);
    }
}
