//! The simulated DHL Express, told as a shipper's story over HTTP.

mod common;

use std::time::Duration;

use common::{Answer, Client, decode64, encode64, sandbox};
use serde_json::{Value, json};
use waybill_sandbox::{Sandbox, Story};

const ACCOUNT: &str = "953412001";

fn client(sandbox: &Sandbox) -> Client {
    let pair = encode64("dhl-house-user:dhl-house-password");
    Client::new(format!("{}/mydhlapi", sandbox.base_url("dhl-express")))
        .with("authorization", &format!("Basic {pair}"))
}

fn rates(from: &str, to: &str, declarable: bool) -> Value {
    json!({
        "customerDetails": {"shipperDetails": {"postalCode": "45402", "cityName": "Dayton", "countryCode": from},
            "receiverDetails": {"postalCode": "97205", "cityName": "Somewhere", "countryCode": to}},
        "accounts": [{"typeCode": "shipper", "number": ACCOUNT}],
        "plannedShippingDateAndTime": "2026-11-24T13:00:00 GMT+01:00", "unitOfMeasurement": "metric",
        "isCustomsDeclarable": declarable,
        "packages": [{"weight": 2.5, "dimensions": {"length": 25, "width": 35, "height": 15}}]})
}

fn party(country: &str) -> Value {
    json!({"postalAddress": {"postalCode": "75002", "cityName": "Somewhere", "countryCode": country, "addressLine1": "4 rue Claire"},
        "contactInformation": {"fullName": "C. Dubois", "companyName": "Maison Claire", "phone": "33155501000"}})
}

fn order(reference: &str, format: &str) -> Value {
    json!({
        "plannedShippingDateAndTime": "2026-11-24T14:00:00 GMT+01:00", "pickup": {"isRequested": false}, "productCode": "P",
        "getRateEstimates": true, "accounts": [{"typeCode": "shipper", "number": ACCOUNT}],
        "outputImageProperties": {"encodingFormat": format, "imageOptions": [{"typeCode": "invoice", "isRequested": true}]},
        "customerReferences": [{"typeCode": "CU", "value": reference}],
        "customerDetails": {"shipperDetails": party("US"), "receiverDetails": party("FR")},
        "content": {"packages": [{"weight": 2.5, "dimensions": {"length": 25, "width": 35, "height": 15}}], "isCustomsDeclarable": true,
            "declaredValue": 30, "declaredValueCurrency": "USD", "description": "Cotton shirts", "incoterm": "DAP", "unitOfMeasurement": "metric",
            "exportDeclaration": {"lineItems": [{"number": 1, "description": "Cotton shirt", "price": 15, "quantity": {"value": 2, "unitOfMeasurement": "PCS"}, "manufacturerCountry": "US", "weight": {"netValue": 0.5}}]}}})
}

fn codes(answer: &Answer) -> Vec<String> {
    let products = answer.at("/products");
    products
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["productCode"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_gateway_has_its_own_words_for_wrong_keys() {
    let sandbox = sandbox().await;
    let answer = Client::new(sandbox.base_url("dhl-express")).post("/rates", json!({})).await;
    assert_eq!((answer.status, answer.text("/reasons/0/msg").as_str()), (401, "Invalid Credentials"));
}

/// The parts stand in two currencies, so that only the total is a sum.
#[tokio::test]
async fn landed_cost_mixes_currencies() {
    let sandbox = sandbox().await;
    let mut asked = rates("US", "FR", true);
    asked["currencyCode"] = json!("USD");
    asked["items"] = json!([{"number": 1, "quantity": 2, "unitPrice": 50, "unitPriceCurrencyCode": "USD", "manufacturerCountry": "US"}]);
    let answer = client(&sandbox).post("/landed-cost", asked.clone()).await;
    let lines = answer.at("/products/0/detailedPriceBreakdown/0/breakdown");
    let currencies: Vec<_> =
        lines.as_array().unwrap().iter().map(|line| line["priceCurrency"].clone()).collect();
    assert_eq!(currencies, ["USD", "EUR", "EUR"]);
    assert_eq!(answer.text("/products/0/totalPrice/0/priceCurrency"), "USD");
    asked["items"] = json!([]);
    assert_eq!(client(&sandbox).post("/landed-cost", asked).await.status, 422);
}

#[tokio::test]
async fn products_depend_on_customs_and_a_price_comes_in_three_currencies() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let goods = client.post("/rates", rates("US", "FR", true)).await;
    assert_eq!(codes(&goods), ["E", "M", "Y", "P"]);
    assert_eq!(codes(&client.post("/rates", rates("US", "FR", false)).await), ["T", "D"]);
    assert_eq!(codes(&client.post("/rates", rates("DE", "FR", false)).await), ["U"]);
    assert_eq!(
        codes(&client.post("/rates", rates("DE", "CH", true)).await).last().map(String::as_str),
        Some("H")
    );
    let china = client.post("/rates", rates("CN", "US", true)).await;
    assert_eq!(china.text("/products/0/totalPrice/1/priceCurrency"), "CNY");
    assert_eq!(
        china.text("/products/3/deliveryCapabilities/estimatedDeliveryDateAndTime"),
        "2026-11-27T23:59:00"
    );
    let mut public = rates("US", "FR", true);
    public.as_object_mut().unwrap().remove("accounts");
    let price = |answer: &Answer| answer.at("/products/0/totalPrice/0/price").as_f64().unwrap();
    assert!(price(&goods) < price(&client.post("/rates", public).await));
    let nothing = client.post("/rates", rates("US", "US", true)).await;
    assert!(nothing.text("/detail").starts_with("1001:"));
    let mut past = rates("US", "FR", true);
    past["plannedShippingDateAndTime"] = json!("2026-11-20T13:00:00 GMT+01:00");
    assert!(client.post("/rates", past).await.text("/detail").starts_with("998:"));
    let mut float = rates("US", "FR", true);
    float["packages"][0]["weight"] = json!(2.5001);
    assert_eq!(client.post("/rates", float).await.status, 422);
    let query = "/rates?accountNumber=953412001&originCountryCode=US&originPostalCode=45402&originCityName=Dayton&destinationCountryCode=FR&destinationPostalCode=75002&destinationCityName=Paris&weight=2.5&length=25&width=35&height=15&plannedShippingDate=2026-11-24&isCustomsDeclarable=true&unitOfMeasurement=metric";
    assert_eq!(price(&client.get(query).await), price(&goods));
}

#[tokio::test]
async fn a_shipment_has_a_waybill_pieces_papers_and_a_price() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let mut body = order("01JDHL", "pdf");
    let piece = body["content"]["packages"][0].clone();
    body["content"]["packages"] = json!([piece, piece]);
    let answer = client.post("/shipments", body).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.bytes));
    let waybill = answer.text("/shipmentTrackingNumber");
    let digits: u64 = waybill.parse().expect("ten digits");
    assert_eq!((waybill.len(), digits % 10), (10, digits / 10 % 7), "the last digit is the rest by seven");
    let label = decode64(&answer.text("/documents/0/content"));
    assert_eq!(waybill_documents::page_count(&label).expect("a PDF"), 2, "all pieces in one document");
    assert_eq!(answer.text("/documents/1/typeCode"), "invoice");
    let sale = sandbox.ledger().sales().remove(0);
    assert_eq!((sale.shipment.as_str(), sale.tracking.len()), (waybill.as_str(), 2));
    assert_eq!(answer.at("/shipmentCharges/0/price").as_f64(), sale.amount.to_string().parse().ok());
    let zpl = client.post("/shipments", order("01JZPL", "zpl")).await;
    assert!(waybill_documents::sniff(&decode64(&zpl.text("/documents/0/content"))).complete);
    let archived = client.get(&format!("/shipments/{waybill}/get-image?typeCode=waybill")).await;
    assert_eq!(archived.text("/documents/0/typeCode"), "waybill");
    assert_eq!(client.get(&format!("/shipments/{waybill}/get-image?typeCode=label")).await.status, 404);
    assert_eq!(client.delete(&format!("/shipments/{waybill}")).await.status, 404, "there is no void");
}

#[tokio::test]
async fn an_allocated_waybill_can_be_used_once() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let number = client
        .get("/identifiers?accountNumber=953412001&type=SID&size=1")
        .await
        .text("/identifiers/0/list/0");
    let mut body = order("01JSID", "zpl");
    body["identifiers"] = json!([{"typeCode": "shipmentId", "value": number}]);
    assert_eq!(client.post("/shipments", body.clone()).await.text("/shipmentTrackingNumber"), number);
    assert!(client.post("/shipments", body.clone()).await.text("/detail").starts_with("7096:"));
    assert_eq!((sandbox.ledger().len(), sandbox.ledger().requests("dhl-express", &number)), (1, 2));
    body["identifiers"][0]["value"] = json!("1234567890");
    assert_eq!(client.post("/shipments", body).await.status, 400, "never allocated");
    sandbox.quirk("dhl-express", "identifiers-not-enabled", true);
    assert!(
        client
            .get("/identifiers?accountNumber=953412001&type=SID")
            .await
            .text("/detail")
            .starts_with("3501:")
    );
}

#[tokio::test]
async fn refusals_sell_nothing() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let cases: [(&str, Value, u16); 6] = [
        ("/accounts/0/number", json!("1"), 400),
        ("/content/description", json!("gift"), 400),
        ("/content/exportDeclaration/lineItems", json!([]), 422),
        ("/customerDetails/receiverDetails/contactInformation/phone", Value::Null, 422),
        ("/customerDetails/receiverDetails/postalAddress/addressLine1", json!("x".repeat(46)), 422),
        ("/productCode", json!("N"), 400),
    ];
    for (pointer, value, status) in cases {
        let mut body = order("01JBAD", "pdf");
        *body.pointer_mut(pointer).expect("is there") = value;
        assert_eq!(client.post("/shipments", body).await.status, status, "{pointer}");
    }
    let mut body = order("01JBAD", "pdf");
    body["productCode"] = json!("N");
    let many = client.post("/shipments", body).await;
    assert_eq!(many.at("/additionalDetails").as_array().map(Vec::len), Some(2));
    assert_eq!(client.post("/shipments?validateDataOnly=true", order("01JBAD", "pdf")).await.status, 200);
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn tracking_by_number_and_reference_oldest_first() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let waybill = client.post("/shipments", order("01JTRACK", "zpl")).await.text("/shipmentTrackingNumber");
    let path = format!("/shipments/{waybill}/tracking?trackingView=all-checkpoints");
    assert_eq!(client.get(&path).await.at("/shipments/0/events"), json!([]));
    assert_eq!(client.get("/shipments/0000000000/tracking").await.status, 404);
    sandbox.story(&waybill, Story::Attempt);
    sandbox.clock().advance(Duration::from_secs(12 * 86_400));
    let events = client.get(&path).await.at("/shipments/0/events");
    let seen: Vec<&str> =
        events.as_array().unwrap().iter().filter_map(|event| event["typeCode"].as_str()).collect();
    assert_eq!(seen, ["PU", "DF", "IC", "CR", "AR", "WC", "NH", "WC", "OK"]);
    let query =
        "/tracking?shipmentReference=01JTRACK&shipmentReferenceType=CU&shipperAccountNumber=953412001";
    assert_eq!(client.get(query).await.text("/shipments/0/shipmentTrackingNumber"), waybill);
    assert_eq!(
        client.get("/tracking?shipmentReference=OTHER&shipperAccountNumber=953412001").await.status,
        404
    );
    assert_eq!(
        client.get(&format!("/shipments/{waybill}/proof-of-delivery")).await.text("/documents/0/typeCode"),
        "POD"
    );
}

#[tokio::test]
async fn pickups_and_addresses() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let pickup = json!({"plannedPickupDateAndTime": "2026-11-24T10:00:00 GMT+01:00", "accounts": [{"typeCode": "shipper", "number": ACCOUNT}],
        "customerDetails": {"shipperDetails": party("US")}, "shipmentDetails": [{"productCode": "P"}]});
    let booked = client.post("/pickups", pickup).await;
    let number = booked.text("/dispatchConfirmationNumbers/0");
    assert!(booked.status == 201 && number.starts_with("PRG261124"));
    assert_eq!(client.delete(&format!("/pickups/{number}")).await.status, 400);
    let cancel = format!("/pickups/{number}?requestorName=R&reason=001");
    let cancelled = client.delete(&cancel).await;
    assert_eq!((cancelled.status, cancelled.bytes.len()), (200, 0));
    assert_eq!(client.delete(&cancel).await.status, 404);
    let served = client
        .get("/address-validate?type=delivery&countryCode=US&postalCode=90001&cityName=Los%20Angeles")
        .await;
    assert_eq!(served.text("/address/0/cityName"), "LOS ANGELES");
    assert_eq!(
        client.get("/address-validate?type=delivery&countryCode=US&postalCode=00000").await.status,
        400
    );
}

#[tokio::test]
async fn odd_values_never_break_it() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    common::survives_oddities(&client, "/shipments", &order("01JODD", "zpl")).await;
    common::survives_oddities(&client, "/rates", &rates("US", "FR", true)).await;
}
