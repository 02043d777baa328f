//! The simulated FedEx, told as a shipper's story over HTTP.

mod common;

use std::time::Duration;

use common::{Answer, Client, decode64, sandbox, scan_png};
use serde_json::{Value, json};
use waybill_sandbox::{Sandbox, Story};

async fn token(sandbox: &Sandbox, id: &str, secret: &str) -> Client {
    let client = Client::new(sandbox.base_url("fedex"));
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let answer = client.form("/oauth/token", &form).await;
    assert_eq!((answer.status, answer.text("/token_type").as_str()), (200, "bearer"));
    assert_eq!(answer.at("/expires_in"), 3599);
    client.with("authorization", &format!("Bearer {}", answer.text("/access_token")))
}

async fn house(sandbox: &Sandbox) -> Client {
    token(sandbox, "fedex-house-client", "fedex-house-secret").await
}

const ACCOUNT: &str = "740561073";

fn party(zip: &str, state: &str, country: &str, home: bool) -> Value {
    json!({
        "address": {"streetLines": ["480 Harbor Street"], "city": "Springfield", "stateOrProvinceCode": state,
            "postalCode": zip, "countryCode": country, "residential": home},
        "contact": {"personName": "Rowan Ashby", "phoneNumber": "5035550100"},
    })
}

fn rate(to: Value) -> Value {
    json!({
    "accountNumber": {"value": ACCOUNT},
    "rateRequestControlParameters": {"returnTransitTimes": true},
    "requestedShipment": {
        "shipper": party("45402", "OH", "US", false), "recipient": to,
        "pickupType": "USE_SCHEDULED_PICKUP", "rateRequestType": ["ACCOUNT", "LIST"], "shipDateStamp": "2026-11-23",
        "requestedPackageLineItems": [{"weight": {"units": "LB", "value": 5.25},
            "dimensions": {"length": 10, "width": 8, "height": 6, "units": "IN"}}],
    }})
}

fn ship(handle: &str, image: &str, stock: &str) -> Value {
    json!({
    "accountNumber": {"value": ACCOUNT}, "labelResponseOptions": "LABEL",
    "requestedShipment": {
        "shipper": party("45402", "OH", "US", false), "recipients": [party("97205", "OR", "US", false)],
        "pickupType": "USE_SCHEDULED_PICKUP", "serviceType": "FEDEX_GROUND", "packagingType": "YOUR_PACKAGING",
        "shippingChargesPayment": {"paymentType": "SENDER"},
        "labelSpecification": {"imageType": image, "labelStockType": stock},
        "requestedPackageLineItems": [{"weight": {"units": "LB", "value": 5.25},
            "customerReferences": [{"customerReferenceType": "CUSTOMER_REFERENCE", "value": handle}]}],
    }})
}

fn code(answer: &Answer) -> String {
    answer.text("/errors/0/code")
}

fn services(answer: &Answer) -> Vec<String> {
    let details = answer.at("/output/rateReplyDetails");
    details
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| detail["serviceType"].as_str().unwrap().to_owned())
        .collect()
}

fn reference(handle: &str) -> Value {
    json!({"includeDetailedScans": true, "referencesInformation": {"type": "CUSTOMER_REFERENCE", "value": handle,
        "accountNumber": ACCOUNT, "shipDateBegin": "2026-11-20", "shipDateEndDate": "2026-12-10"}})
}

#[tokio::test]
async fn tokens_and_the_separate_track_project() {
    let sandbox = sandbox().await;
    let client = Client::new(sandbox.base_url("fedex"));
    let wrong = [("grant_type", "client_credentials"), ("client_id", "x"), ("client_secret", "y")];
    let answer = client.form("/oauth/token", &wrong).await;
    assert_eq!((answer.status, code(&answer).as_str()), (401, "NOT.AUTHORIZED.ERROR"));
    let client = house(&sandbox).await.with("x-customer-transaction-id", "tx-1");
    let body = json!({"trackingInfo": [{"trackingNumberInfo": {"trackingNumber": "122816215025810"}}]});
    let answer = client.post("/track/v1/trackingnumbers", body.clone()).await;
    assert_eq!(answer.text("/customerTransactionId"), "tx-1");
    assert_eq!(
        answer.text("/output/completeTrackResults/0/trackResults/0/error/code"),
        "TRACKING.TRACKINGNUMBER.NOTFOUND"
    );
    sandbox.quirk("fedex", "separate-track-project", true);
    assert_eq!(client.post("/track/v1/trackingnumbers", body.clone()).await.status, 403);
    let tracker = token(&sandbox, "fedex-track-client", "fedex-track-secret").await;
    assert_eq!(tracker.post("/track/v1/trackingnumbers", body).await.status, 200);
    sandbox.clock().advance(Duration::from_secs(3600));
    let expired = client.post("/rate/v1/rates/quotes", rate(party("97205", "OR", "US", false))).await;
    assert_eq!((expired.status, code(&expired).as_str()), (401, "NOT.AUTHORIZED.ERROR"));
}

#[tokio::test]
async fn rates_differ_by_address_lane_and_account() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let path = "/rate/v1/rates/quotes";
    let office = client.post(path, rate(party("97205", "OR", "US", false))).await;
    let expected = [
        "FIRST_OVERNIGHT",
        "PRIORITY_OVERNIGHT",
        "STANDARD_OVERNIGHT",
        "FEDEX_2_DAY_AM",
        "FEDEX_2_DAY",
        "FEDEX_EXPRESS_SAVER",
    ];
    assert_eq!(services(&office)[..6], expected);
    assert_eq!(services(&office)[6..], ["FEDEX_GROUND"]);
    let home = client.post(path, rate(party("97205", "OR", "US", true))).await;
    assert_eq!(services(&home)[6..], ["GROUND_HOME_DELIVERY"]);
    let detail = office.at("/output/rateReplyDetails/1");
    assert_eq!(detail["ratedShipmentDetails"][0]["rateType"], "ACCOUNT");
    assert_eq!(detail["ratedShipmentDetails"][1]["rateType"], "LIST");
    assert_eq!(detail["commit"]["dateDetail"]["dayFormat"], "2026-11-24T10:30:00");
    let net = |at: usize| detail["ratedShipmentDetails"][at]["totalNetCharge"].as_f64().unwrap();
    assert!(net(0) < net(1));
    let mut unknown = rate(party("97205", "OR", "US", false));
    unknown["accountNumber"]["value"] = json!("999999999");
    let listed = client.post(path, unknown).await.at("/output/rateReplyDetails/0/ratedShipmentDetails");
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["rateType"]), (1, &json!("LIST")));
    let mut pounds = rate(party("SW1A 2AA", "", "GB", false));
    pounds["requestedShipment"]["preferredCurrency"] = json!("GBP");
    pounds["requestedShipment"]["rateRequestType"] = json!(["ACCOUNT", "LIST", "PREFERRED"]);
    let britain = client.post(path, pounds).await;
    assert_eq!(britain.text("/output/rateReplyDetails/0/ratedShipmentDetails/1/currency"), "UKL");
    assert_eq!(services(&britain).len(), 5);
    let mut china = rate(party("97205", "OR", "US", true));
    china["requestedShipment"]["shipper"] = party("200000", "", "CN", false);
    assert!(
        services(&client.post(path, china).await).contains(&"FEDEX_INTERNATIONAL_CONNECT_PLUS".to_owned())
    );
    let mut fraction = rate(party("97205", "OR", "US", false));
    fraction["requestedShipment"]["requestedPackageLineItems"][0]["weight"]["value"] = json!(5.125);
    assert_eq!(client.post(path, fraction).await.status, 400);
    let nowhere = rate(party("97205", "TX", "US", false));
    assert_eq!(code(&client.post(path, nowhere.clone()).await), "DESTINATION.POSTALCODE.MISSING.ORINVALID");
    sandbox.quirk("fedex", "errors-in-200", true);
    let odd = client.post(path, nowhere).await;
    assert_eq!((odd.status, code(&odd).is_empty()), (200, false));
}

#[tokio::test]
async fn a_bought_label_scans_and_is_found_only_by_reference() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let absent = client.post("/track/v1/referencenumbers", reference("01JFDX")).await;
    assert_eq!((absent.status, code(&absent).as_str()), (400, "TRACKING.REFERENCENUMBER.NOTFOUND"));
    let answer = client.post("/ship/v1/shipments", ship("01JFDX", "PNG", "PAPER_4X6")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let piece = "/output/transactionShipments/0/pieceResponses/0";
    let number = answer.text(&format!("{piece}/trackingNumber"));
    assert_eq!(number.len(), 15);
    assert_eq!(
        scan_png(&decode64(&answer.text(&format!("{piece}/packageDocuments/0/encodedLabel")))),
        number
    );
    let sale = sandbox.ledger().sales().remove(0);
    let rating = answer
        .at("/output/transactionShipments/0/completedShipmentDetail/shipmentRating/shipmentRateDetails/0");
    assert_eq!(
        rating["totalNetCharge"].to_string().parse::<f64>().ok(),
        sale.amount.to_string().parse::<f64>().ok()
    );
    let found = client.post("/track/v1/referencenumbers", reference("01JFDX")).await;
    assert_eq!(found.text("/output/completeTrackResults/0/trackingNumber"), number);
    assert_eq!(sandbox.ledger().requests("fedex", "01JFDX"), 1);
}

#[tokio::test]
async fn cancelling_has_three_shapes() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    client.post("/ship/v1/shipments", ship("01JVOID", "ZPLII", "STOCK_4X6")).await;
    let number = sandbox.ledger().sales()[0].shipment.clone();
    let cancel = |number: &str| json!({"accountNumber": {"value": ACCOUNT}, "senderCountryCode": "US", "deletionControl": "DELETE_ALL_PACKAGES", "trackingNumber": number});
    let path = "/ship/v1/shipments/cancel";
    assert_eq!(client.put(path, cancel(&number)).await.at("/output/cancelledShipment"), true);
    assert!(sandbox.ledger().live().is_empty());
    assert_eq!(code(&client.put(path, cancel(&number)).await), "SHIPMENT.ALREADY.CANCELLED");
    sandbox.quirk("fedex", "cancel-8159", true);
    let again = client.put(path, cancel(&number)).await;
    assert_eq!(
        (again.at("/output/cancelledShipment"), again.text("/output/alerts/0/code")),
        (json!(false), "8159".into())
    );
    assert_eq!(client.put(path, cancel("000000000000")).await.status, 404);
    let tracked = client.post("/track/v1/referencenumbers", reference("01JVOID")).await;
    assert_eq!(tracked.text("/output/completeTrackResults/0/trackResults/0/latestStatusDetail/code"), "CA");
    client.post("/ship/v1/shipments", ship("01JLATE", "ZPLII", "STOCK_4X6")).await;
    sandbox.clock().advance(Duration::from_secs(7 * 3600));
    let client = house(&sandbox).await;
    let late = sandbox.ledger().live()[0].shipment.clone();
    assert_eq!(client.put(path, cancel(&late)).await.status, 400);
}

#[tokio::test]
async fn pieces_share_a_master_and_more_than_forty_become_a_job() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let mut request = ship("01JMPS", "ZPLII", "STOCK_4X6");
    request["requestedShipment"]["requestedPackageLineItems"][0]["groupPackageCount"] = json!(3);
    let answer = client.post("/ship/v1/shipments", request.clone()).await;
    let shipment = answer.at("/output/transactionShipments/0");
    assert_eq!(shipment["pieceResponses"].as_array().unwrap().len(), 3);
    assert_eq!(shipment["masterTrackingNumber"], shipment["pieceResponses"][0]["trackingNumber"]);
    assert_eq!(
        shipment["pieceResponses"][0]["netRateAmount"],
        shipment["pieceResponses"][2]["netRateAmount"]
    );
    request["requestedShipment"]["requestedPackageLineItems"][0]["groupPackageCount"] = json!(41);
    assert_eq!(client.post("/ship/v1/shipments", request.clone()).await.status, 400);
    request["processingOptionType"] = json!("ALLOW_ASYNCHRONOUS");
    let job = client.post("/ship/v1/shipments", request).await.text("/output/jobId");
    let ask = json!({"accountNumber": {"value": ACCOUNT}, "jobId": job});
    let done = client.post("/ship/v1/shipments/results", ask).await;
    assert_eq!(done.at("/output/transactionShipments/0/pieceResponses").as_array().unwrap().len(), 41);
    assert_eq!(sandbox.ledger().len(), 2);
}

#[tokio::test]
async fn ship_refuses_what_fedex_refuses_and_sells_nothing() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let cases: [(&str, Value, &str); 7] = [
        ("/accountNumber/value", json!("999999999"), "SHIPMENT.ACCOUNTNUMBER.UNAUTHORIZED"),
        ("/requestedShipment/recipients/0/contact/phoneNumber", json!("12"), "INVALID.INPUT.EXCEPTION"),
        ("/requestedShipment/recipients/0/address/streetLines", json!([""]), "INVALID.INPUT.EXCEPTION"),
        (
            "/requestedShipment/labelSpecification/labelStockType",
            json!("STOCK_4X6"),
            "LABEL.IMAGETYPE.STOCKTYPE.INVALID",
        ),
        (
            "/requestedShipment/serviceType",
            json!("GROUND_HOME_DELIVERY"),
            "SERVICE.PACKAGECOMBINATION.INVALID",
        ),
        ("/requestedShipment/serviceType", json!("FEDEX_PIGEON"), "SERVICETYPE.NOTSUPPORTED"),
        (
            "/requestedShipment/shippingChargesPayment",
            json!({"paymentType": "SENDER", "payor": {"responsibleParty": {"accountNumber": {"value": "1"}}}}),
            "ACCOUNT.NUMBER.MISMATCH",
        ),
    ];
    for (pointer, value, expected) in cases {
        let mut request = ship("01JBAD", "PDF", "PAPER_4X6");
        *request.pointer_mut(pointer).expect("is there") = value;
        let answer = client.post("/ship/v1/shipments", request.clone()).await;
        assert_eq!((answer.status, code(&answer).as_str()), (400, expected), "{pointer}");
        assert_eq!(client.post("/ship/v1/shipments/packages/validate", request).await.status, 400);
    }
    let mut abroad = ship("01JBAD", "PDF", "PAPER_4X6");
    abroad["requestedShipment"]["recipients"] = json!([party("75002", "", "FR", false)]);
    abroad["requestedShipment"]["serviceType"] = json!("INTERNATIONAL_ECONOMY");
    assert_eq!(code(&client.post("/ship/v1/shipments", abroad.clone()).await), "COMMODITIES.REQUIRED");
    assert!(sandbox.ledger().is_empty());
    abroad["requestedShipment"]["customsClearanceDetail"] =
        json!({"commodities": [{"description": "Cotton shirt", "quantity": 2}]});
    abroad["requestedShipment"]["shippingDocumentSpecification"] =
        json!({"shippingDocumentTypes": ["COMMERCIAL_INVOICE"]});
    let answer = client.post("/ship/v1/shipments", abroad).await;
    let invoice = decode64(&answer.text("/output/transactionShipments/0/shipmentDocuments/0/encodedLabel"));
    assert_eq!(waybill_documents::page_count(&invoice).expect("a PDF"), 1);
    assert_eq!(sandbox.ledger().sales()[0].shipment.len(), 12, "Express numbers have twelve digits");
}

#[tokio::test]
async fn tracking_moves_and_a_return_claims_to_be_delivered() {
    let sandbox = sandbox().await;
    house(&sandbox).await.post("/ship/v1/shipments", ship("01JT", "PDF", "PAPER_4X6")).await;
    let number = sandbox.ledger().sales()[0].shipment.clone();
    let body = json!({"includeDetailedScans": true, "trackingInfo": [{"trackingNumberInfo": {"trackingNumber": number}}]});
    sandbox.clock().advance(Duration::from_secs(18 * 86_400));
    let client = house(&sandbox).await;
    let delivered = client.post("/track/v1/trackingnumbers", body.clone()).await;
    let status = "/output/completeTrackResults/0/trackResults/0/latestStatusDetail";
    assert_eq!(delivered.text(&format!("{status}/code")), "DL");
    sandbox.story(&number, Story::Return);
    let returned = client.post("/track/v1/trackingnumbers", body.clone()).await;
    assert_eq!(returned.text(&format!("{status}/code")), "RS");
    assert_eq!(
        returned.text("/output/completeTrackResults/0/trackResults/0/scanEvents/0/derivedStatusCode"),
        "DL"
    );
    sandbox.story(&number, Story::Odd);
    let events = client
        .post("/track/v1/trackingnumbers", body)
        .await
        .at("/output/completeTrackResults/0/trackResults/0/scanEvents");
    let dates: Vec<&str> =
        events.as_array().unwrap().iter().filter_map(|event| event["date"].as_str()).collect();
    assert!(!dates.windows(2).all(|pair| pair[0] >= pair[1]), "out of order on purpose");
}

#[tokio::test]
async fn the_day_closes_once_and_closed_ground_stays_bought() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let close = json!({"accountNumber": {"value": ACCOUNT}, "closeReqType": "GCDR", "groundServiceCategory": "GROUND", "closeDate": "2026-11-23"});
    assert_eq!(client.put("/ship/v1/endofday/", close.clone()).await.at("/output/closeDocuments"), json!([]));
    client.post("/ship/v1/shipments", ship("01JCLOSE", "PDF", "PAPER_4X6")).await;
    let manifest = client.put("/ship/v1/endofday/", close.clone()).await;
    let pdf = decode64(&manifest.text("/output/closeDocuments/0/parts/0/image"));
    assert_eq!(waybill_documents::page_count(&pdf).expect("a PDF"), 1);
    assert_eq!(client.put("/ship/v1/endofday/", close).await.at("/output/closeDocuments"), json!([]));
    let number = sandbox.ledger().sales()[0].shipment.clone();
    let cancel = json!({"accountNumber": {"value": ACCOUNT}, "trackingNumber": number});
    assert_eq!(client.put("/ship/v1/shipments/cancel", cancel).await.status, 400);
}

#[tokio::test]
async fn addresses_and_pickups_answer() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let address = |line: &str| json!({"addressesToValidate": [{"address": {"streetLines": [line], "city": "Portland", "stateOrProvinceCode": "OR", "postalCode": "97205", "countryCode": "US"}}]});
    let home = client.post("/address/v1/addresses/resolve", address("480 Harbor Lane")).await;
    assert_eq!(home.text("/output/resolvedAddresses/0/classification"), "RESIDENTIAL");
    assert_eq!(home.text("/output/resolvedAddresses/0/attributes/DPV"), "true");
    let unknown = client.post("/address/v1/addresses/resolve", address("Harbor")).await;
    assert_eq!(unknown.at("/output/resolvedAddresses/0/attributes/Resolved"), false);
    let pickup = json!({"associatedAccountNumber": {"value": ACCOUNT}, "carrierCode": "FDXE", "originDetail": {"readyDateTimestamp": "2026-11-24T11:00:00Z"}});
    let booked = client.post("/pickup/v1/pickups", pickup).await;
    let (code, location) = (booked.text("/output/pickupConfirmationCode"), booked.text("/output/location"));
    let cancel = |location: &str| json!({"associatedAccountNumber": {"value": ACCOUNT}, "pickupConfirmationCode": code, "scheduledDate": "2026-11-24", "location": location});
    assert_eq!(client.put("/pickup/v1/pickups/cancel", cancel("WRONG")).await.status, 400);
    assert_eq!(client.put("/pickup/v1/pickups/cancel", cancel(&location)).await.status, 200);
    assert_eq!(client.put("/pickup/v1/pickups/cancel", cancel(&location)).await.status, 400);
}

#[tokio::test]
async fn odd_values_never_break_it() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    common::survives_oddities(&client, "/ship/v1/shipments", &ship("01JODD", "ZPLII", "STOCK_4X6")).await;
    common::survives_oddities(&client, "/rate/v1/rates/quotes", &rate(party("97205", "OR", "US", false)))
        .await;
}

#[tokio::test]
async fn a_trade_document_is_uploaded_and_an_order_names_it() {
    let sandbox = sandbox().await;
    let client = house(&sandbox).await;
    let upload = async |parts: [&str; 2]| {
        let part =
            |name: &&str| format!("--b1\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{{}}\r\n");
        let body = parts.iter().map(part).collect::<String>() + "--b1--\r\n";
        let mut request = common::http().post(format!("{}/documents/v1/etds/upload", client.base));
        for (name, value) in &client.headers {
            request = request.header(name, value);
        }
        let request = request.header("content-type", "multipart/form-data; boundary=b1").body(body);
        Client::read(request.send().await.unwrap()).await.unwrap()
    };
    assert_eq!(upload(["attachment", "document"]).await.status, 400, "the order of the parts counts");
    let id = upload(["document", "attachment"]).await.text("/output/meta/docId");
    let order = |handle: &str, id: &str| {
        let mut request = ship(handle, "ZPLII", "STOCK_4X6");
        request["requestedShipment"]["shipmentSpecialServices"] = json!({
            "specialServiceTypes": ["ELECTRONIC_TRADE_DOCUMENTS"],
            "etdDetail": {"attachedDocuments": [{"documentType": "COMMERCIAL_INVOICE", "documentId": id}]}});
        request
    };
    let unknown = client.post("/ship/v1/shipments", order("01JETD1", "0900000000000000")).await;
    assert_eq!(code(&unknown), "DOCUMENTID.INVALID");
    assert_eq!(client.post("/ship/v1/shipments", order("01JETD2", &id)).await.status, 200);
}
