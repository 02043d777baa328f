//! The simulated USPS, told as a shipper's story over HTTP.

mod common;

use std::time::Duration;

use common::{Answer, Client, decode64, sandbox, scan_png};
use serde_json::{Value, json};
use waybill_sandbox::{Sandbox, Story};

const KEY: &str = "0b5c4f3e-0000-4000-8000-000000000001";
const LABEL: &str = "/labels/v3/label";

async fn token(sandbox: &Sandbox, account: usize) -> Client {
    let keys = sandbox.credentials_of("usps", account);
    let client = Client::new(sandbox.base_url("usps"));
    let body = json!({"grant_type": "client_credentials", "client_id": keys["client_id"], "client_secret": keys["client_secret"]});
    let answer = client.post("/oauth2/v3/token", body).await;
    assert_eq!((answer.status, answer.text("/expires_in").as_str()), (200, "28799"));
    client.with("authorization", &format!("Bearer {}", answer.text("/access_token")))
}

/// A client that may buy, with a fixed idempotency key and JSON answers.
async fn buyer(sandbox: &Sandbox, account: usize, contract: bool) -> Client {
    let client = token(sandbox, account).await;
    let keys = sandbox.credentials_of("usps", account);
    let role = |name: &str| json!({"roleName": name, "CRID": keys["crid"], "MID": keys["mid"], "manifestMID": keys["mid"], "accountType": "EPS", "accountNumber": keys["account_number"]});
    let mut roles = vec![role("PAYER"), role("LABEL_OWNER")];
    if contract {
        roles.push(role("RATE_HOLDER"));
    }
    let answer = client.post("/payments/v3/payment-authorization", json!({"roles": roles})).await;
    client
        .with("X-Payment-Authorization-Token", &answer.text("/paymentAuthorizationToken"))
        .with("X-Idempotency-Key", KEY)
        .with("Accept", "application/vnd.usps.labels+json")
}

fn label(image: &str) -> Value {
    json!({
        "imageInfo": {"imageType": image, "labelType": "4X6LABEL", "receiptOption": "NONE"},
        "toAddress": {"firstName": "Rowan", "lastName": "Ashby", "streetAddress": "480 Harbor Street", "city": "Portland", "state": "OR", "ZIPCode": "97205"},
        "fromAddress": {"firm": "Cedar Goods", "streetAddress": "12 Mill Lane", "city": "Dayton", "state": "OH", "ZIPCode": "45402"},
        "packageDescription": {"weightUOM": "lb", "weight": 5, "length": 12, "width": 8, "height": 6,
            "mailClass": "USPS_GROUND_ADVANTAGE", "rateIndicator": "SP", "processingCategory": "MACHINABLE",
            "destinationEntryFacilityType": "NONE", "mailingDate": "2026-11-23", "extraServices": [921],
            "customerReference": [{"referenceNumber": "ORDER-1001"}]},
    })
}

fn abroad() -> Value {
    let mut body = label("PDF");
    body["toAddress"] = json!({"firstName": "Claire", "lastName": "Dubois", "streetAddress": "4 rue Claire", "city": "Paris", "postalCode": "75002", "country": "France", "countryISOAlpha2Code": "FR"});
    body["packageDescription"]["mailClass"] = json!("PRIORITY_MAIL_INTERNATIONAL");
    body["customsForm"] = json!({"customsContentType": "MERCHANDISE", "contents": [{"itemDescription": "Cotton shirt", "itemQuantity": 2, "itemTotalValue": 30.0, "itemTotalWeight": 1.0, "HSTariffNumber": "610910", "countryofOrigin": "US"}]});
    body
}

fn code(answer: &Answer) -> String {
    answer.text("/error/errors/0/code")
}

#[tokio::test]
async fn wrong_keys_and_missing_tokens_in_usps_words() {
    let sandbox = sandbox().await;
    let client = Client::new(sandbox.base_url("usps"));
    let answer = client
        .post(
            "/oauth2/v3/token",
            json!({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}),
        )
        .await;
    assert_eq!((answer.status, answer.text("/error").as_str()), (401, "invalid_client"));
    let answer = client.get("/addresses/v3/city-state?ZIPCode=45402").await;
    assert_eq!((answer.status, answer.text("/error/errors/0/title").as_str()), (401, "invalid_token"));
    let roles = json!({"roles": [{"roleName": "PAYER", "CRID": "1"}]});
    let refused = token(&sandbox, 0).await.post("/payments/v3/payment-authorization", roles).await;
    assert!(refused.text("/body").contains("CRID"));
}

#[tokio::test]
async fn options_list_every_packaging_with_dates_and_prices_by_type() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let body = |kind: &str, account: Value| {
        json!({"pricingOptions": [{"priceType": kind, "paymentAccount": account}], "originZIPCode": "45402", "destinationZIPCode": "97205",
            "packageDescription": {"weight": 5, "length": 12, "width": 8, "height": 6, "mailClass": "ALL_OUTBOUND", "mailingDate": "2026-11-23"}})
    };
    let path = "/shipments/v3/options/search";
    let commercial = client.post(path, body("COMMERCIAL", Value::Null)).await;
    let options = commercial.at("/pricingOptions/0/shippingOptions");
    let classes: Vec<&str> =
        options.as_array().unwrap().iter().filter_map(|option| option["mailClass"].as_str()).collect();
    assert_eq!(classes, ["PRIORITY_MAIL_EXPRESS", "PRIORITY_MAIL", "USPS_GROUND_ADVANTAGE", "MEDIA_MAIL"]);
    assert_eq!(options[1]["rateOptions"].as_array().unwrap().len(), 5, "flat rates come along");
    assert_eq!(options[0]["rateOptions"][0]["commitment"]["expectedDeliveryDate"], "2026-11-25");
    assert!(options[0]["rateOptions"][0].get("totalPrice").is_none(), "no extras asked, no total");
    let ground = |answer: &Answer| {
        answer.at("/pricingOptions/0/shippingOptions/2/rateOptions/0/totalBasePrice").as_f64().unwrap()
    };
    let retail = client.post(path, body("RETAIL", Value::Null)).await;
    let account = json!({"accountType": "EPS", "accountNumber": "1000123401"});
    let contract = client.post(path, body("CONTRACT", account)).await;
    assert!(ground(&contract) < ground(&commercial) && ground(&commercial) < ground(&retail));
    assert_eq!(client.post(path, body("CONTRACT", Value::Null)).await.status, 400);
    assert_eq!(
        commercial.text("/pricingOptions/0/shippingOptions/2/rateOptions/0/rates/0/priceType"),
        "COMMERCIAL"
    );
    sandbox.quirk("usps", "price-type-n", true);
    let odd = client.post(path, body("COMMERCIAL", Value::Null)).await;
    assert_eq!(odd.text("/pricingOptions/0/shippingOptions/2/rateOptions/0/rates/0/priceType"), "N");
}

#[tokio::test]
async fn prices_add_fees_and_extras_and_know_no_impossible_sku() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    let mut body = json!({"originZIPCode": "45402", "destinationZIPCode": "97205", "weight": 5, "length": 24, "width": 8, "height": 6,
        "mailClass": "PRIORITY_MAIL", "priceType": "COMMERCIAL", "extraServices": [921]});
    let total = client.post("/prices/v3/total-rates/search", body.clone()).await;
    let option = total.at("/rateOptions/0");
    let (price, base, all) = (&option["rates"][0]["price"], &option["totalBasePrice"], &option["totalPrice"]);
    assert!((price.as_f64().unwrap() + 4.0 - base.as_f64().unwrap()).abs() < 0.001);
    assert!((base.as_f64().unwrap() + 3.3 - all.as_f64().unwrap()).abs() < 0.001);
    body["processingCategory"] = json!("LETTERS");
    body["rateIndicator"] = json!("SP");
    let answer = client.post("/prices/v3/base-rates/search", body.clone()).await;
    assert_eq!((answer.status, answer.at("/error/errors")), (400, json!([])));
    body["processingCategory"] = json!("NONSTANDARD");
    assert_eq!(client.post("/prices/v3/base-rates/search", body.clone()).await.text("/rates/0/zone"), "08");
    body["destinationZIPCode"] = json!("00000");
    assert_eq!(client.post("/prices/v3/base-rates/search", body).await.status, 400);
    let abroad = json!({"originZIPCode": "45402", "destinationCountryCode": "FR", "weight": 3, "length": 10, "width": 8, "height": 6, "mailClass": "ALL", "priceType": "COMMERCIAL"});
    let answer = client.post("/international-prices/v3/total-rates/search", abroad).await;
    assert_eq!(answer.at("/rateOptions").as_array().unwrap().len(), 5);
    assert_eq!(answer.text("/rateOptions/0/rates/0/priceType"), "COMMERCIAL_BASE");
}

#[tokio::test]
async fn a_label_scans_costs_what_was_quoted_and_is_reprinted_by_key_three_times() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let absent = client.post("/labels/v3/label-reprint", json!({})).await;
    assert_eq!((absent.status, code(&absent).as_str()), (400, "160412"));
    let answer = client.post(LABEL, label("PNG")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let number = answer.text("/trackingNumber");
    assert_eq!(number.len(), 22);
    assert!(scan_png(&decode64(&answer.text("/labelImage"))).ends_with(&format!("42097205{number}")));
    let sale = sandbox.ledger().sales().remove(0);
    let charged =
        answer.at("/postage").as_f64().unwrap() + answer.at("/extraServices/0/price").as_f64().unwrap();
    assert!((charged - sale.amount.to_string().parse::<f64>().unwrap()).abs() < 0.001);
    assert_eq!((sale.handle.as_deref(), sandbox.ledger().requests("usps", KEY)), (Some(KEY), 1));
    for count in 1..=3 {
        let again = client.post("/labels/v3/label-reprint", json!({})).await;
        assert_eq!(again.text("/labelImage"), answer.text("/labelImage"), "byte for byte");
        assert_eq!(again.at("/reprintInfo/reprintNumber"), count);
    }
    assert_eq!(code(&client.post("/labels/v3/label-reprint", json!({})).await), "160382");
    let other = buyer(&sandbox, 1, false).await.post("/labels/v3/label-reprint", json!({})).await;
    assert_eq!(code(&other), "160412", "another account sees nothing");
    assert_eq!(client.delete(LABEL).await.text("/status"), "CANCELED");
    assert_eq!(code(&client.post("/labels/v3/label-reprint", json!({})).await), "160979");
    assert_eq!(code(&client.post(&format!("/labels/v3/label-reprint/{number}"), json!({})).await), "160379");
    assert_eq!(code(&client.delete(LABEL).await), "160186");
    assert!(sandbox.ledger().live().is_empty());
}

#[tokio::test]
async fn a_repeated_key_answers_the_first_label_or_buys_again() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let first = client.post(LABEL, label("ZPL203DPI")).await.text("/trackingNumber");
    assert_eq!(client.post(LABEL, label("ZPL203DPI")).await.text("/trackingNumber"), first);
    let mut other = label("ZPL203DPI");
    other["packageDescription"]["weight"] = json!(6);
    assert_eq!(client.post(LABEL, other).await.status, 400);
    assert_eq!((sandbox.ledger().len(), sandbox.ledger().requests("usps", KEY)), (1, 3));
    sandbox.quirk("usps", "reused-key-buys-again", true);
    assert_ne!(client.post(LABEL, label("ZPL203DPI")).await.text("/trackingNumber"), first);
    assert_eq!(sandbox.ledger().len(), 2);
}

#[tokio::test]
async fn without_the_vendor_type_labels_come_as_multipart_with_base64_inside() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await.with("Accept", "*/*");
    let answer = client.post(LABEL, label("PDF")).await;
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("multipart/form-data; boundary="));
    let text = String::from_utf8(answer.bytes).expect("text");
    let (metadata, image) = text.split_once("labelImage.pdf").expect("two parts");
    assert!(metadata.contains("name=\"labelMetadata\"") && metadata.contains("trackingNumber"));
    let image = image.split("\r\n\r\n").nth(1).and_then(|part| part.split("\r\n").next()).expect("an image");
    assert_eq!(waybill_documents::page_count(&decode64(image)).expect("a PDF"), 1);
}

#[tokio::test]
async fn a_return_label_has_no_mailing_date_and_parts_of_its_own() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let mut body = label("PNG");
    body["packageDescription"]["mailClass"] = json!("USPS_GROUND_ADVANTAGE_RETURN_SERVICE");
    body["packageDescription"].as_object_mut().unwrap().remove("mailingDate");
    let answer = client.post("/labels/v3/return-label", body.clone()).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    assert!(answer.json().get("labelImage").is_none());
    let number = answer.text("/trackingNumber");
    assert!(scan_png(&decode64(&answer.text("/returnLabelImage"))).ends_with(&number));
    let again = client.post("/labels/v3/label-reprint", json!({})).await;
    assert_eq!(again.text("/returnLabelMetadata/trackingNumber"), number);
    assert_eq!(again.at("/reprintInfo/reprintLimit"), 3);
    assert_eq!(code(&client.delete(&format!("/labels/v3/label/{number}")).await), "160187");
    let many = client.with("Accept", "*/*").with("X-Idempotency-Key", "0b5c4f3e-0000-4000-8000-00000000000a");
    let parts = many.post("/labels/v3/return-label", body).await;
    let text = String::from_utf8(parts.bytes).expect("text");
    assert!(text.contains("name=\"returnLabelMetadata\"") && text.contains("name=\"returnLabelImage\""));
}

#[tokio::test]
async fn a_rate_holder_pays_contract_prices() {
    let sandbox = sandbox().await;
    buyer(&sandbox, 0, false).await.post(LABEL, label("PDF")).await;
    buyer(&sandbox, 1, true).await.post(LABEL, label("PDF")).await;
    let amounts: Vec<_> = sandbox.ledger().sales().iter().map(|sale| sale.amount).collect();
    assert!(amounts[1] < amounts[0], "{amounts:?}");
}

#[tokio::test]
async fn usps_refuses_and_debits_nothing() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let cases: [(&str, Value, &str); 6] = [
        ("/packageDescription/mailingDate", json!("2026-11-01"), "160001"),
        ("/packageDescription/mailClass", json!("PRIORITY_PIGEON"), "160054"),
        ("/packageDescription/processingCategory", json!("LETTERS"), "160054"),
        ("/toAddress/ZIPCode", json!("45402"), "160119"),
        ("/toAddress/streetAddress", Value::Null, ""),
        ("/imageInfo/imageType", json!("SVG"), ""),
    ];
    for (pointer, value, expected) in cases {
        let mut body = label("PDF");
        *body.pointer_mut(pointer).expect("is there") = value;
        let answer = client.post(LABEL, body).await;
        let body = answer.json();
        let told = body.pointer("/error/errors/0/code").map_or("", |code| code.as_str().unwrap());
        assert_eq!((answer.status, told), (400, expected), "{pointer}");
    }
    let unpaid = token(&sandbox, 0).await.post(LABEL, label("PDF")).await;
    assert_eq!(unpaid.status, 401);
    let no_uuid =
        buyer(&sandbox, 0, false).await.with("X-Idempotency-Key", "ORDER-1").post(LABEL, label("PDF")).await;
    assert_eq!(no_uuid.status, 400);
    let mut vague = abroad();
    vague["customsForm"]["contents"][0]["itemDescription"] = json!("Gift");
    assert_eq!(client.post("/international-labels/v3/international-label", vague).await.status, 400);
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn an_international_label_has_an_s10_number_and_other_key_names() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let answer = client.post("/international-labels/v3/international-label", abroad()).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.bytes));
    let number = answer.text("/internationalTrackingNumber");
    assert!(number.starts_with("CZ") && number.ends_with("US") && number.len() == 13, "{number}");
    assert!(answer.json().get("trackingNumber").is_none());
    let again = client.post("/international-labels/v3/international-label-reprint", json!({})).await;
    assert_eq!(again.text("/labelMetadata/internationalTrackingNumber"), number);
    assert_eq!(
        client
            .delete(&format!("/international-labels/v3/international-label/{number}"))
            .await
            .text("/status"),
        "CANCELED"
    );
}

#[tokio::test]
async fn after_the_night_a_cancel_is_only_a_refund_request() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let mut body = label("PDF");
    body["toAddress"]["firstName"] = json!("SIM-LOST");
    let number = client.post(LABEL, body).await.text("/trackingNumber");
    sandbox.clock().advance(Duration::from_secs(30 * 3600));
    let client = buyer(&sandbox, 0, false).await;
    let answer = client.delete(&format!("/labels/v3/label/{number}")).await;
    assert_eq!(answer.text("/status"), "DISPUTED");
    assert!(answer.text("/disputeId").parse::<u64>().is_ok());
    assert_eq!(sandbox.ledger().live().len(), 1, "the money is not back");
    assert_eq!(client.delete(&format!("/labels/v3/label/{number}")).await.status, 400);
    assert_eq!(code(&client.post("/labels/v3/label-reprint", json!({})).await), "160380");
}

#[tokio::test]
async fn a_scan_form_takes_labels_once_and_locks_them() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let number = client.post(LABEL, label("PDF")).await.text("/trackingNumber");
    let form = |date: &str| json!({"imageInfo": {"imageType": "PDF", "labelType": "8.5X11LABEL"}, "mailingDate": date, "entryFacilityZIPCode": "45402", "shipment": {"trackingNumbers": [number]}, "fromAddress": {}});
    assert_eq!(client.post("/scan-forms/v3/scan-form", form("2026-11-24")).await.status, 400);
    let answer = client.post("/scan-forms/v3/scan-form", form("2026-11-23")).await;
    assert_eq!(answer.at("/trackingNumbers"), json!([number]));
    assert_eq!(waybill_documents::page_count(&decode64(&answer.text("/SCANFormImage"))).expect("a PDF"), 1);
    assert_eq!(code(&client.post("/scan-forms/v3/scan-form", form("2026-11-23")).await), "160040");
    assert_eq!(code(&client.delete(&format!("/labels/v3/label/{number}")).await), "160174");
}

#[tokio::test]
async fn tracking_in_both_dialects() {
    let sandbox = sandbox().await;
    let client = buyer(&sandbox, 0, false).await;
    let number = client.post(LABEL, label("PDF")).await.text("/trackingNumber");
    let fresh = client.get(&format!("/tracking/v3/tracking/{number}?expand=DETAIL")).await;
    assert_eq!(fresh.text("/trackingEvents/0/eventCode"), "GX");
    assert_eq!(client.get("/tracking/v3/tracking/9400111206206406260787").await.status, 404);
    sandbox.story(&number, Story::Attempt);
    sandbox.clock().advance(Duration::from_secs(12 * 86_400));
    let client = token(&sandbox, 0).await;
    let one = client.get(&format!("/tracking/v3/tracking/42097205{number}?expand=DETAIL")).await;
    assert_eq!(one.text("/statusCategory"), "Delivered");
    let codes: Vec<Value> = one
        .at("/trackingEvents")
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["eventCode"].clone())
        .collect();
    assert!(codes.contains(&json!("02")), "an attempt came before: {codes:?}");
    let both = client
        .post(
            "/tracking/v3r2/tracking",
            json!([{"trackingNumber": number}, {"trackingNumber": "9400111206206406260787"}]),
        )
        .await;
    assert_eq!((both.status, both.text("/0/statusCategory").as_str()), (207, "Delivered"));
    assert_eq!(both.text("/1/error/code"), "404");
}

#[tokio::test]
async fn addresses_standards_and_pickups() {
    let sandbox = sandbox().await;
    let client = token(&sandbox, 0).await;
    assert_eq!(client.get("/addresses/v3/city-state?ZIPCode=45402").await.text("/state"), "OH");
    let path = "/addresses/v3/address?city=Portland&state=OR&ZIPCode=97205&streetAddress=";
    assert_eq!(
        client.get(&format!("{path}480%20Harbor%20St")).await.text("/additionalInfo/DPVConfirmation"),
        "Y"
    );
    assert_eq!(
        client.get(&format!("{path}9%20Tower%20Rd")).await.text("/additionalInfo/DPVConfirmation"),
        "D"
    );
    assert_eq!(client.get(&format!("{path}Harbor")).await.status, 404);
    let standards = client.get("/service-standards/v3/estimates?originZIPCode=45402&destinationZIPCode=97205&acceptanceDate=2026-11-23").await;
    assert_eq!(standards.text("/0/delivery/scheduledDeliveryDateTime"), "2026-11-25T18:00:00");
    let blank =
        client.get("/service-standards/v3/estimates?originZIPCode=45402&destinationZIPCode=00000").await;
    assert_eq!((blank.status, blank.at("/0/delivery")), (200, json!({})));
    let pickup = json!({"pickupDate": "2026-11-24", "packages": [{"packageType": "OTHER", "packageCount": 1}], "pickupLocation": {"packageLocation": "PORCH"}});
    let booked = client.post("/pickup/v3/carrier-pickup", pickup).await;
    let path = format!("/pickup/v3/carrier-pickup/{}", booked.text("/confirmationNumber"));
    assert_eq!(client.delete(&path).await.status, 412);
    let etag = client.get(&path).await.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(client.with("If-Match", &etag).delete(&path).await.status, 200);
}

#[tokio::test]
async fn odd_values_never_break_it() {
    let sandbox = sandbox().await;
    sandbox.quirk("usps", "reused-key-buys-again", true);
    let client = buyer(&sandbox, 0, false).await;
    common::survives_oddities(&client, LABEL, &label("ZPL203DPI")).await;
    common::survives_oddities(&client, "/international-labels/v3/international-label", &abroad()).await;
}
