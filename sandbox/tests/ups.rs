//! The simulated UPS, told as a shipper's story over HTTP.

mod common;

use std::time::Duration;

use common::{Client, decode64, encode64, monday, sandbox, scan_png};
use serde_json::{Value, json};
use waybill_sandbox::{Fault, Sandbox, Story};

async fn token(sandbox: &Sandbox, account: usize) -> Client {
    let keys = sandbox.credentials_of("ups", account);
    let pair = format!("{}:{}", keys["client_id"].as_str().unwrap(), keys["client_secret"].as_str().unwrap());
    let client =
        Client::new(sandbox.base_url("ups")).with("authorization", &format!("Basic {}", encode64(&pair)));
    let answer = client.form("/security/v1/oauth/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.text("/expires_in"), "14399", "UPS writes numbers as text");
    client
        .with("authorization", &format!("Bearer {}", answer.text("/access_token")))
        .with("transId", "story")
        .with("transactionSrc", "tests")
}

fn address(zip: &str, state: &str, country: &str) -> Value {
    json!({"AddressLine": ["480 Harbor Street"], "City": "Springfield", "StateProvinceCode": state, "PostalCode": zip, "CountryCode": country})
}

fn package(packaging: &str, pounds: &str) -> Value {
    json!({packaging: {"Code": "02"},
        "Dimensions": {"UnitOfMeasurement": {"Code": "IN"}, "Length": "10", "Width": "8", "Height": "6"},
        "PackageWeight": {"UnitOfMeasurement": {"Code": "LBS"}, "Weight": pounds}})
}

fn rate(to: Value, number: &str) -> Value {
    json!({"RateRequest": {
    "Request": {"TransactionReference": {"CustomerContext": "ctx-7"}},
    "Shipment": {
        "Shipper": {"Name": "Cedar Goods", "ShipperNumber": number, "Address": address("45402", "OH", "US")},
        "ShipTo": {"Name": "Rowan Ashby", "Address": to},
        "ShipFrom": {"Name": "Cedar Goods", "Address": address("45402", "OH", "US")},
        "Package": [package("PackagingType", "5.0")],
        "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
        "DeliveryTimeInformation": {"PackageBillType": "03", "Pickup": {"Date": "20261123", "Time": "1700"}}
    }}})
}

fn ship(handle: &str, format: &str) -> Value {
    let mut package = package("Packaging", "5.0");
    package["ReferenceNumber"] = json!([{"Value": handle}, {"Value": "ORDER-1001"}]);
    json!({"ShipmentRequest": {
        "Request": {"RequestOption": "nonvalidate", "SubVersion": "2409"},
        "Shipment": {
            "Shipper": {"Name": "Cedar Goods", "ShipperNumber": "A1B2C3", "Address": address("45402", "OH", "US")},
            "ShipTo": {"Name": "Rowan Ashby", "Address": address("97205", "OR", "US")},
            "ShipFrom": {"Name": "Cedar Goods", "Address": address("45402", "OH", "US")},
            "PaymentInformation": {"ShipmentCharge": [{"Type": "01", "BillShipper": {"AccountNumber": "A1B2C3"}}]},
            "ShipmentRatingOptions": {"NegotiatedRatesIndicator": ""},
            "Service": {"Code": "03"},
            "Package": [package]
        },
        "LabelSpecification": {"LabelImageFormat": {"Code": format}}}})
}

const SHIP: &str = "/api/shipments/v2409/ship";

#[tokio::test]
async fn wrong_keys_and_expired_tokens_get_the_carriers_own_words() {
    let sandbox = sandbox().await;
    let client =
        Client::new(sandbox.base_url("ups")).with("authorization", &format!("Basic {}", encode64("a:b")));
    let answer = client.form("/security/v1/oauth/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!((answer.status, answer.text("/response/errors/0/code").as_str()), (401, "250002"));
    let client = token(&sandbox, 0).await;
    assert_eq!(client.get("/api/track/v1/details/1Z12345E1512345676").await.status, 200);
    sandbox.clock().advance(Duration::from_secs(4 * 3600));
    assert_eq!(client.get("/api/track/v1/details/1Z12345E1512345676").await.status, 401);
}

#[tokio::test]
async fn a_shop_lists_services_with_dates_and_own_prices_below_list() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let path = "/api/rating/v2409/Shoptimeintransit";
    let answer = client.post(path, rate(address("97205", "OR", "US"), "A1B2C3")).await;
    assert_eq!(answer.text("/RateResponse/Response/TransactionReference/CustomerContext"), "ctx-7");
    let rated = answer.at("/RateResponse/RatedShipment");
    let codes: Vec<&str> =
        rated.as_array().unwrap().iter().filter_map(|r| r["Service"]["Code"].as_str()).collect();
    assert_eq!(codes, ["14", "01", "13", "59", "02", "12", "03"]);
    for service in rated.as_array().unwrap() {
        let list: f64 = service["TotalCharges"]["MonetaryValue"].as_str().unwrap().parse().unwrap();
        let own: f64 = service["NegotiatedRateCharges"]["TotalCharge"]["MonetaryValue"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!(own < list && own > 5.0, "{own} {list}");
    }
    let next_day = &rated[1]["TimeInTransit"]["ServiceSummary"]["EstimatedArrival"]["Arrival"];
    assert_eq!((&next_day["Date"], &next_day["Time"]), (&json!("20261124"), &json!("103000")));

    let seller = token(&sandbox, 1).await.post(path, rate(address("97205", "OR", "US"), "X9Y8Z7")).await;
    let own = |answer: &common::Answer| {
        answer.text("/RateResponse/RatedShipment/6/NegotiatedRateCharges/TotalCharge/MonetaryValue")
    };
    assert!(
        own(&seller).parse::<f64>().unwrap() < own(&answer).parse::<f64>().unwrap(),
        "a seller's own account is cheaper"
    );

    let stranger = token(&sandbox, 2).await.post(path, rate(address("97205", "OR", "US"), "L1S2T3")).await;
    assert!(stranger.at("/RateResponse/RatedShipment/0").get("NegotiatedRateCharges").is_none());
    assert_eq!(stranger.text("/RateResponse/RatedShipment/0/RatedShipmentAlert/1/Code"), "110920");
}

#[tokio::test]
async fn lanes_differ_and_nonsense_is_refused() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let europe = client.post("/api/rating/v2409/Shop", rate(address("75002", "", "FR"), "A1B2C3")).await;
    let codes: Vec<Value> = europe
        .at("/RateResponse/RatedShipment")
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["Service"]["Code"].clone())
        .collect();
    assert_eq!(codes, ["54", "07", "65", "08"]);
    let wrong = client.post("/api/rating/v2409/Shop", rate(address("97205", "VA", "US"), "A1B2C3")).await;
    assert_eq!((wrong.status, wrong.text("/response/errors/0/code").as_str()), (400, "111285"));
    let mut heavy = rate(address("97205", "OR", "US"), "A1B2C3");
    heavy["RateRequest"]["Shipment"]["Package"][0]["PackageWeight"]["Weight"] = json!("151");
    assert_eq!(client.post("/api/rating/v2409/Shop", heavy).await.status, 400);
    let mut saver = rate(address("97205", "OR", "US"), "A1B2C3");
    saver["RateRequest"]["Shipment"]["Service"] = json!({"Code": "93"});
    let answer = client.post("/api/rating/v2409/Rate", saver.clone()).await;
    assert_eq!(answer.text("/response/errors/0/code"), "111210", "Ground Saver goes to homes only");
    saver["RateRequest"]["Shipment"]["ShipTo"]["Address"]["ResidentialAddressIndicator"] = json!("");
    assert_eq!(client.post("/api/rating/v2409/Rate", saver).await.status, 200);
}

#[tokio::test]
async fn old_versions_answer_one_element_without_its_array() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let mut request = rate(address("97205", "OR", "US"), "A1B2C3");
    request["RateRequest"]["Shipment"]["Service"] = json!({"Code": "03"});
    let old = client.post("/api/rating/v2403/Rate", request.clone()).await;
    assert!(old.at("/RateResponse/RatedShipment").is_object());
    assert!(
        client
            .post("/api/rating/v2409/Rate", request.clone())
            .await
            .at("/RateResponse/RatedShipment")
            .is_array()
    );
    sandbox.quirk("ups", "single-object", true);
    assert!(
        client.post("/api/rating/v2409/Rate", request).await.at("/RateResponse/RatedShipment").is_object()
    );
}

#[tokio::test]
async fn a_bought_label_scans_is_in_the_ledger_and_comes_back_byte_for_byte() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let answer = client.post(SHIP, ship("01JHANDLE", "PNG")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let results = "/ShipmentResponse/ShipmentResults";
    let number = answer.text(&format!("{results}/PackageResults/0/TrackingNumber"));
    let image = answer.text(&format!("{results}/PackageResults/0/ShippingLabel/GraphicImage"));
    assert_eq!(scan_png(&decode64(&image)), number);
    assert!(number.starts_with("1ZA1B2C303"));

    let sale = &sandbox.ledger().sales()[0];
    assert_eq!((sale.handle.as_deref(), sale.account.as_str()), (Some("01JHANDLE"), "A1B2C3"));
    assert_eq!(sale.tracking, std::slice::from_ref(&number));
    assert_eq!(
        sale.amount.to_string(),
        answer.text(&format!("{results}/NegotiatedRateCharges/TotalCharge/MonetaryValue"))
    );
    assert_eq!(sandbox.ledger().requests("ups", "01JHANDLE"), 1);

    let recovery = |reference: &str, shipper: &str| {
        json!({"LabelRecoveryRequest": {
            "LabelSpecification": {"LabelImageFormat": {"Code": "PNG"}},
            "ReferenceValues": {"ReferenceNumber": {"Value": reference}, "ShipperNumber": shipper}}})
    };
    let path = "/api/labels/v1/recovery";
    let found = client.post(path, recovery("01JHANDLE", "A1B2C3")).await;
    assert_eq!(found.text("/LabelRecoveryResponse/LabelResults/LabelImage/GraphicImage"), image);
    for (client, reference, shipper) in
        [(&client, "01JOTHER", "A1B2C3"), (&token(&sandbox, 1).await, "01JHANDLE", "X9Y8Z7")]
    {
        let absent = client.post(path, recovery(reference, shipper)).await;
        assert_eq!((absent.status, absent.text("/response/errors/0/code").as_str()), (400, "9801031"));
    }
    let voided = client.delete(&format!("/api/shipments/v2409/void/cancel/{number}")).await;
    assert_eq!(voided.text("/VoidShipmentResponse/SummaryResult/Status/Description"), "Voided");
    let gone = client.post(path, recovery("01JHANDLE", "A1B2C3")).await;
    assert_eq!(gone.text("/response/errors/0/code"), "9801040");
    assert_eq!((sandbox.ledger().len(), sandbox.ledger().live().len()), (1, 0));
    let mut by_number = recovery("", "");
    by_number["LabelRecoveryRequest"]["TrackingNumber"] = json!(number);
    assert_eq!(client.post(path, by_number).await.text("/response/errors/0/code"), "9801040");
}

#[tokio::test]
async fn labels_come_as_gif_zpl_and_epl_and_as_pdf_only_from_recovery() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    for (format, start) in [("GIF", &b"GIF89a"[..]), ("ZPL", b"^XA"), ("EPL", b"\nN\n")] {
        let answer = client.post(SHIP, ship(format, format)).await;
        let label = "/ShipmentResponse/ShipmentResults/PackageResults/0/ShippingLabel/GraphicImage";
        let bytes = decode64(&answer.text(label));
        assert!(bytes.starts_with(start) && waybill_documents::sniff(&bytes).complete, "{format}");
    }
    assert_eq!(client.post(SHIP, ship("pdf", "PDF")).await.status, 400);
    let recovery = json!({"LabelRecoveryRequest": {"LabelSpecification": {"LabelImageFormat": {"Code": "PDF"}},
        "ReferenceValues": {"ReferenceNumber": {"Value": "ZPL"}, "ShipperNumber": "A1B2C3"}}});
    let answer = client.post("/api/labels/v1/recovery", recovery).await;
    let bytes = decode64(&answer.text("/LabelRecoveryResponse/LabelResults/LabelImage/GraphicImage"));
    assert_eq!(waybill_documents::page_count(&bytes).expect("a PDF"), 1);
}

#[tokio::test]
async fn several_pieces_share_a_shipment_and_can_be_voided_one_by_one() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let mut request = ship("01JMULTI", "ZPL");
    let piece = request["ShipmentRequest"]["Shipment"]["Package"][0].clone();
    request["ShipmentRequest"]["Shipment"]["Package"] = json!([piece, piece, piece]);
    let answer = client.post(SHIP, request).await;
    let sale = sandbox.ledger().sales().remove(0);
    assert_eq!(sale.tracking.len(), 3);
    assert_eq!(
        answer.text("/ShipmentResponse/ShipmentResults/ShipmentIdentificationNumber"),
        sale.tracking[0]
    );
    let path =
        |piece: &str| format!("/api/shipments/v2409/void/cancel/{}?trackingnumber={piece}", sale.shipment);
    let one = client.delete(&path(&sale.tracking[1])).await;
    assert_eq!(one.text("/VoidShipmentResponse/PackageLevelResult/TrackingNumber"), sale.tracking[1]);
    assert!(sandbox.ledger().sales()[0].is_live());
    client.delete(&path(&format!("[\"{}\",\"{}\"]", sale.tracking[0], sale.tracking[2]))).await;
    assert!(!sandbox.ledger().sales()[0].is_live());
}

#[tokio::test]
async fn ship_refuses_what_ups_refuses_and_sells_nothing() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let cases: [(&str, Value, &str); 6] = [
        ("/Shipment/ShipTo/Address/AddressLine", json!([]), "120202"),
        ("/Shipment/ShipTo/Address/AddressLine", json!(["P.O. Box 12"]), "120802"),
        ("/Shipment/Shipper/ShipperNumber", json!("ZZZZZZ"), "111600"),
        ("/Shipment/Service/Code", json!("07"), "111210"),
        ("/Request/RequestOption", json!("maybe"), "10002"),
        ("/Shipment/Package/0/ReferenceNumber/0/Value", json!("X".repeat(36)), "120306"),
    ];
    for (pointer, value, code) in cases {
        let mut request = ship("01JBAD", "ZPL");
        *request["ShipmentRequest"].pointer_mut(pointer).expect("is there") = value;
        let answer = client.post(SHIP, request).await;
        assert_eq!(
            (answer.status, answer.text("/response/errors/0/code").as_str()),
            (400, code),
            "{pointer}"
        );
    }
    let mut request = ship("01JBAD", "ZPL");
    request["ShipmentRequest"]["Shipment"]["ReferenceNumber"] = json!([{"Value": "LEVEL"}]);
    assert_eq!(client.post(SHIP, request).await.status, 400, "shipment references are not for US to US");
    let mut abroad = ship("01JBAD", "ZPL");
    abroad["ShipmentRequest"]["Shipment"]["ShipTo"]["Address"] = address("75002", "", "FR");
    abroad["ShipmentRequest"]["Shipment"]["Service"]["Code"] = json!("07");
    assert_eq!(client.post(SHIP, abroad).await.text("/response/errors/0/code"), "120213");
    sandbox.quirk("ups", "empty-200", true);
    let empty = client.post(SHIP, json!({"ShipmentRequest": {}})).await;
    assert_eq!((empty.status, empty.bytes.len()), (200, 0));
    assert_eq!(empty.headers["apierrorcode"], "1");
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn an_international_shipment_carries_its_invoice() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let mut request = ship("01JABROAD", "ZPL");
    let shipment = &mut request["ShipmentRequest"]["Shipment"];
    shipment["Description"] = json!("Cotton shirts");
    shipment["Shipper"]["Phone"] = json!({"Number": "9375550100"});
    shipment["ShipTo"] = json!({"Name": "Maison Claire", "AttentionName": "C. Dubois", "Phone": {"Number": "33155501000"}, "Address": address("75002", "", "FR")});
    shipment["Service"]["Code"] = json!("65");
    shipment["ShipmentServiceOptions"] = json!({"InternationalForms": {
        "FormType": ["01"], "InvoiceNumber": "7-1", "InvoiceDate": "20261123", "ReasonForExport": "SALE", "CurrencyCode": "USD",
        "Product": [{"Description": ["Cotton shirt"], "Unit": {"Number": "2", "Value": "15.00"}, "CommodityCode": "610910", "OriginCountryCode": "US"}]}});
    let answer = client.post(SHIP, request).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let pdf = decode64(&answer.text("/ShipmentResponse/ShipmentResults/Form/Image/GraphicImage"));
    assert_eq!(waybill_documents::page_count(&pdf).expect("a PDF"), 1);
}

#[tokio::test]
async fn a_parcel_moves_with_the_clock_and_can_no_longer_be_voided_once_scanned() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    client.post(SHIP, ship("01JTRACK", "ZPL")).await;
    let number = sandbox.ledger().sales()[0].tracking[0].clone();
    let status =
        |answer: &common::Answer| answer.text("/trackResponse/shipment/0/package/0/currentStatus/code");
    let path = format!("/api/track/v1/details/{number}");
    assert_eq!(status(&client.get(&path).await), "003");
    sandbox.clock().advance(Duration::from_secs(7 * 3600));
    let client = token(&sandbox, 0).await;
    assert_eq!(status(&client.get(&path).await), "038");
    let late = client.delete(&format!("/api/shipments/v2409/void/cancel/{number}")).await;
    assert_eq!(late.text("/response/errors/0/code"), "190102");
    sandbox.clock().advance(Duration::from_secs(9 * 86_400));
    let client = token(&sandbox, 0).await;
    let done = client.get(&path).await;
    assert_eq!(status(&done), "011");
    assert_eq!(done.text("/trackResponse/shipment/0/package/0/activity/0/status/type"), "D", "newest first");
    assert_eq!(done.text("/trackResponse/shipment/0/package/0/activity/0/gmtOffset"), "-08:00");
    sandbox.story(&number, Story::Return);
    assert_eq!(status(&client.get(&path).await), "035", "refused, on its way back");
    sandbox.clock().advance(Duration::from_secs(9 * 86_400));
    let client = token(&sandbox, 0).await;
    assert_eq!(status(&client.get(&path).await), "034");
    let unknown = client.get("/api/track/v1/details/1ZA1B2C30399999999").await;
    assert_eq!(unknown.text("/trackResponse/shipment/0/warnings/0/code"), "TW0001");
    assert_eq!(client.get("/api/track/v1/details/1Z").await.status, 400);
    let found = client.get("/api/track/v1/reference/details/01JTRACK").await;
    assert_eq!(found.text("/trackResponse/shipment/0/package/0/trackingNumber"), number);
}

#[tokio::test]
async fn a_lookup_that_lags_finds_the_sale_only_later() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    sandbox.faults().next("ups", "buy", Fault::LookupLag { ms: 2000 });
    client.post(SHIP, ship("01JLAG", "ZPL")).await;
    let body = json!({"LabelRecoveryRequest": {"ReferenceValues": {"ReferenceNumber": {"Value": "01JLAG"}, "ShipperNumber": "A1B2C3"}}});
    let early = client.post("/api/labels/v1/recovery", body.clone()).await;
    assert_eq!(early.text("/response/errors/0/code"), "9801031");
    sandbox.clock().advance(Duration::from_secs(2));
    assert_eq!(client.post("/api/labels/v1/recovery", body).await.status, 200);
}

#[tokio::test]
async fn addresses_transit_times_pickups_and_papers_answer() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let address = |line: &str, zip: &str| json!({"XAVRequest": {"AddressKeyFormat": {"AddressLine": [line], "PoliticalDivision2": "Portland", "PoliticalDivision1": "OR", "PostcodePrimaryLow": zip, "CountryCode": "US"}}});
    let known = client.post("/api/addressvalidation/v2/3", address("480 Harbor Lane", "97205")).await;
    assert_eq!(known.text("/XAVResponse/AddressClassification/Code"), "2");
    assert_eq!(known.text("/XAVResponse/ValidAddressIndicator"), "");
    assert!(
        client
            .post("/api/addressvalidation/v2/3", address("Harbor", "97205"))
            .await
            .at("/XAVResponse/Candidate")
            .is_array()
    );
    client
        .post("/api/addressvalidation/v2/1", address("1 Main", "45402"))
        .await
        .at("/XAVResponse/NoCandidatesIndicator");

    let transit = json!({"originCountryCode": "US", "originPostalCode": "45402", "originStateProvince": "OH", "destinationCountryCode": "US", "destinationPostalCode": "97205", "destinationStateProvince": "OR", "shipDate": "2026-11-23"});
    let answer = client.post("/api/shipments/v1/transittimes", transit).await;
    assert_eq!(answer.at("/emsResponse/numberOfServices"), 7);
    assert_eq!(answer.text("/emsResponse/services/1/deliveryDate"), "2026-11-24");

    let mut pickup = json!({"PickupCreationRequest": {"RatePickupIndicator": "Y", "PickupDateInfo": {"PickupDate": "20261124", "ReadyTime": "0900", "CloseTime": "1700"},
        "PickupAddress": {"AddressLine": ["1 Dock"], "City": "Dayton", "Phone": {"Number": "9375550100"}}, "PickupPiece": [{"ServiceCode": "003", "Quantity": "1"}], "PaymentMethod": "01"}});
    let booked = client.post("/api/pickupcreation/v2409/pickup", pickup.clone()).await;
    let prn = booked.text("/PickupCreationResponse/PRN");
    let with_prn = token(&sandbox, 0).await.with("Prn", &prn);
    assert_eq!(with_prn.delete("/api/shipments/v2409/pickup/02").await.status, 200);
    assert_eq!(with_prn.delete("/api/shipments/v2409/pickup/02").await.status, 400);
    pickup["PickupCreationRequest"]["PickupDateInfo"]["PickupDate"] = json!("20261120");
    let past = client.post("/api/pickupcreation/v2409/pickup", pickup).await;
    assert_eq!(past.text("/response/errors/0/code"), "9560131");

    let upload = json!({"UploadRequest": {"ShipperNumber": "A1B2C3", "UserCreatedForm": [{"UserCreatedFormFile": "JVBERi0="}]}});
    let stored = client.post("/api/paperlessdocuments/v2/upload", upload).await;
    assert!(
        stored
            .text("/UploadResponse/FormsHistoryDocumentID/DocumentID")
            .starts_with(&monday().format("%Y-%m-%d").to_string())
    );
}

#[tokio::test]
async fn odd_values_never_break_it() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    common::survives_oddities(&client, SHIP, &ship("01JODD", "ZPL")).await;
    common::survives_oddities(
        &client,
        "/api/rating/v2409/Shop",
        &rate(address("97205", "OR", "US"), "A1B2C3"),
    )
    .await;
}

#[tokio::test]
async fn an_owner_consents_and_codes_and_refresh_tokens_are_taken_once() {
    let sandbox = sandbox().await;
    let client = Client::new(sandbox.base_url("ups"));
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let page = "/security/v1/oauth/authorize?client_id=ups-app-client&redirect_uri=https%3A%2F%2Foms.example%2Fback\
        &response_type=code&state=s-1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let code = async || {
        let back = client.get(page).await;
        assert_eq!(back.status, 302);
        let to = back.headers["location"].to_str().unwrap().to_owned();
        assert!(to.starts_with("https://oms.example/back?code=") && to.ends_with("&state=s-1"), "{to}");
        to.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned()
    };
    let exchange = async |code: &str, verifier: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", "https%3A%2F%2Foms.example%2Fback"),
            ("code_verifier", verifier),
            ("client_id", "ups-app-client"),
        ];
        client.form("/security/v1/oauth/token", &form).await
    };
    assert_eq!(exchange(&code().await, "wrong").await.status, 401);
    let taken = code().await;
    let first = exchange(&taken, verifier).await;
    assert_eq!(first.status, 200);
    assert_eq!(exchange(&taken, verifier).await.status, 401, "a code is taken once");

    let keys = format!("Basic {}", encode64("ups-app-client:ups-app-secret"));
    let app = Client::new(sandbox.base_url("ups")).with("authorization", &keys);
    let refresh = first.text("/refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let second = app.form("/security/v1/oauth/refresh", &form).await;
    assert_eq!(second.text("/refresh_count"), "1");
    assert_ne!(second.text("/refresh_token"), refresh);
    assert_eq!(app.form("/security/v1/oauth/refresh", &form).await.status, 401, "and so is a refresh token");

    // What the owner granted quotes the owner's prices.
    let seller = Client::new(sandbox.base_url("ups"))
        .with("authorization", &format!("Bearer {}", second.text("/access_token")));
    let answer = seller.post("/api/rating/v2409/Shop", rate(address("97205", "OR", "US"), "X9Y8Z7")).await;
    assert!(answer.at("/RateResponse/RatedShipment/0").get("NegotiatedRateCharges").is_some());
}

#[tokio::test]
async fn an_own_document_is_uploaded_named_by_an_order_or_attached_to_a_sale() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let file = json!({"UploadRequest": {"ShipperNumber": "A1B2C3", "UserCreatedForm": [{"UserCreatedFormFile": "JVBERi0="}]}});
    let stored = client.post("/api/paperlessdocuments/v2/upload", file).await;
    let id = stored.text("/UploadResponse/FormsHistoryDocumentID/DocumentID");
    let order = |handle: &str, id: &str| {
        let mut request = ship(handle, "ZPL");
        let forms = json!({"FormType": ["07"], "UserCreatedForm": {"DocumentID": [id]}});
        request["ShipmentRequest"]["Shipment"]["ShipmentServiceOptions"] =
            json!({"InternationalForms": forms});
        request
    };
    let unknown = client.post(SHIP, order("01JPAPER1", "2026-11-23-00.00.00.000000")).await;
    assert_eq!(unknown.text("/response/errors/0/code"), "9590011");
    assert_eq!(client.post(SHIP, order("01JPAPER2", &id)).await.status, 200);

    let number = sandbox.ledger().sales()[0].tracking[0].clone();
    let attach = |id: &str| {
        json!({"PushToImageRepositoryRequest": {"ShipperNumber": "A1B2C3", "FormsHistoryDocumentID": {"DocumentID": [id]},
            "ShipmentIdentifier": number, "ShipmentDateAndTime": "2026-11-23-15.00.00", "ShipmentType": "1", "TrackingNumber": [number]}})
    };
    let done = client.post("/api/paperlessdocuments/v2/image", attach(&id)).await;
    assert!(!done.text("/PushToImageRepositoryResponse/FormsGroupID").is_empty());
    let refused = client.post("/api/paperlessdocuments/v2/image", attach("none")).await;
    assert_eq!((refused.status, refused.text("/response/errors/0/code").as_str()), (400, "9590011"));
}
