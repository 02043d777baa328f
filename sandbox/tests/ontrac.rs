//! The simulated OnTrac (XML), told as a shipper's story over HTTP.

mod common;

use std::time::Duration;

use common::{Client, decode64, sandbox, scan_png};
use waybill_sandbox::{Sandbox, Story};

fn url(resource: &str, rest: &str) -> String {
    format!("/OnTracWebServices/OnTracServices.svc/V7/900123/{resource}?pw=ontrac-house-pass{rest}")
}

async fn get(sandbox: &Sandbox, path: &str) -> String {
    let answer = Client::new(sandbox.base_url("ontrac")).get(path).await;
    assert_eq!(answer.status, 200, "errors are in the text");
    String::from_utf8(answer.bytes).expect("text")
}

async fn post(sandbox: &Sandbox, path: &str, body: String) -> String {
    let http = common::http();
    let sent =
        http.post(format!("{}{path}", sandbox.base_url("ontrac"))).body(body).send().await.expect("answers");
    String::from_utf8(Client::read(sent).await.expect("a body").bytes).expect("text")
}

fn order(uid: &str, tracking: &str, label: &str, zip: &str) -> String {
    format!(
        "<OnTracShipmentRequest><Shipments><Shipment><UID>{uid}</UID>\
         <shipper><Name>Cedar Goods</Name><Addr1>12 Mill Lane</Addr1><City>Ontario</City><State>CA</State><Zip>91761</Zip><Contact/><Phone>9095550100</Phone></shipper>\
         <consignee><Name>Rowan &amp; Ashby</Name><Addr1>480 Harbor Street</Addr1><Addr2/><Addr3/><City>Portland</City><State>OR</State><Zip>{zip}</Zip><Contact/><Phone>5035550100</Phone></consignee>\
         <Service>C</Service><SignatureRequired>false</SignatureRequired><Residential>true</Residential><SaturdayDel>false</SaturdayDel>\
         <Weight>5</Weight><BillTo>0</BillTo><Instructions/><Reference>01JONT</Reference><Reference2/><Reference3/><Tracking>{tracking}</Tracking>\
         <DIM><Length>10</Length><Width>8</Width><Height>6</Height></DIM><LabelType>{label}</LabelType><ShipEmail/><DelEmail/><ShipDate>2026-11-23</ShipDate><CargoType>0</CargoType>\
         </Shipment></Shipments></OnTracShipmentRequest>"
    )
}

/// The text of the first element of a name.
fn text<'a>(xml: &'a str, name: &str) -> &'a str {
    let start =
        xml.find(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")) + name.len() + 2;
    &xml[start..start + xml[start..].find("</").expect("an end")]
}

#[tokio::test]
async fn the_service_area_and_the_password() {
    let sandbox = sandbox().await;
    let zips = get(&sandbox, &url("zips", "")).await;
    assert!(zips.contains("<zipCode>97205</zipCode>") && !zips.contains("<zipCode>59001</zipCode>"));
    assert!(get(&sandbox, &url("Zips", "&lastUpdate=2026-11-01")).await.contains("No Zip Updates Available"));
    let wrong = get(&sandbox, "/OnTracWebServices/OnTracServices.svc/V7/900123/rates?pw=x&packages=1").await;
    assert_eq!(text(&wrong, "Error"), "Invalid Username or Password");
}

#[tokio::test]
async fn rates_follow_the_position_of_their_version() {
    let sandbox = sandbox().await;
    let seven = get(
        &sandbox,
        &url(
            "rates",
            "&packages=a;91761;97205;true;false;5;10X8X6;C;11-23-26,b;91761;45402;true;false;5;10X8X6;;",
        ),
    )
    .await;
    let cents = |name: &str| text(&seven, name).replace('.', "").parse::<i64>().expect("money");
    assert!(cents("TotalCharge") < cents("GlobalRate"));
    assert_eq!(cents("TotalCharge"), cents("ServiceCharge") + cents("FuelCharge"));
    assert!(seven.contains("RESIDENTIAL DELIVERY") && seven.contains("Delivery Zip Not Serviced"));
    let six = "/OnTracWebServices/OnTracServices.svc/v6/900123/rates?pw=ontrac-house-pass&packages=a;91761;97205;true;0;false;0;5;10X8X6;C";
    assert_eq!(text(&get(&sandbox, six).await, "TotalCharge"), text(&seven, "TotalCharge"));
    let letter = get(&sandbox, &url("rates", "&packages=a;91761;97205;false;false;0;0X0X0;;")).await;
    assert_eq!(text(&letter, "BilledWeight"), "0", "no weight is silently a letter");
}

#[tokio::test]
async fn a_label_scans_and_a_chosen_number_makes_a_repeat_harmless() {
    let sandbox = sandbox().await;
    let path = url("shipments", "");
    let first = post(&sandbox, &path, order("u1", "", "12", "97205")).await;
    let number = text(&first, "Tracking").to_owned();
    assert_eq!(scan_png(&decode64(text(&first, "Label"))), number);
    let sale = sandbox.ledger().sales().remove(0);
    assert_eq!(sale.amount.to_string(), text(&first, "TotalChrg"));
    assert_eq!(sale.references, ["01JONT"]);

    let chosen = "D10010000000011";
    let bought = post(&sandbox, &path, order("u2", chosen, "9", "97205")).await;
    assert!(text(&bought, "Label").starts_with("^XA"), "printer text is not base64");
    let again = post(&sandbox, &path, order("u2", chosen, "9", "97205")).await;
    assert_eq!(text(&again, "Label"), text(&bought, "Label"));
    assert_eq!((sandbox.ledger().len(), sandbox.ledger().requests("ontrac", chosen)), (2, 2));
    assert!(
        post(&sandbox, &path, order("u3", chosen, "9", "97205")).await.contains("Invalid Tracking Number")
    );
    let bad = post(&sandbox, &path, order("u4", "D10010000000012", "9", "97205")).await;
    assert!(bad.contains("Invalid Tracking Number"));
    assert!(post(&sandbox, &path, order("u5", "", "9", "45402")).await.contains("Invalid Consignee State"));
    assert!(post(&sandbox, &path, "<broken".into()).await.contains("Invalid Data Format"));
    assert_eq!(sandbox.ledger().len(), 2);
}

#[tokio::test]
async fn tracking_by_number_and_reference_and_a_delivery_taken_back() {
    let sandbox = sandbox().await;
    let bought = post(&sandbox, &url("shipments", ""), order("u1", "", "0", "97205")).await;
    let number = text(&bought, "Tracking").to_owned();
    let track = url("shipments", &format!("&requestType=track&tn={number}"));
    assert_eq!(text(&get(&sandbox, &track).await, "Status"), "OE");
    assert_eq!(
        text(&get(&sandbox, &url("shipments", "&requestType=track&tn=01JONT")).await, "Tracking"),
        number
    );
    assert!(
        get(&sandbox, &url("shipments", "&requestType=track&tn=D10010000000011"))
            .await
            .contains("Invalid Tracking Number")
    );
    let details = url("shipments", &format!("&requestType=details&tn={number}"));
    assert_eq!(text(&get(&sandbox, &details).await, "Weight"), "0");
    sandbox.story(&number, Story::Reversal);
    sandbox.clock().advance(Duration::from_secs(10 * 86_400));
    let done = get(&sandbox, &track).await;
    assert!(done.contains("<Status>ER</Status>") && done.contains("<Delivered>true</Delivered>"));
    assert_eq!(text(&get(&sandbox, &details).await, "Weight"), "5");
}

#[tokio::test]
async fn pickups_are_confirmed_by_a_number() {
    let sandbox = sandbox().await;
    let pickup = |zip: &str| {
        format!(
            "<OnTracPickupRequest><Date>2026-11-24</Date><ReadyAt>09:00:00</ReadyAt><CloseAt>17:00:00</CloseAt><Zip>{zip}</Zip></OnTracPickupRequest>"
        )
    };
    assert!(text(&post(&sandbox, &url("pickups", ""), pickup("91761")).await, "Tracking").starts_with('D'));
    assert!(post(&sandbox, &url("pickups", ""), pickup("45402")).await.contains("Pickup Zip Not Serviced"));
}

#[tokio::test]
async fn the_json_services_quote_sell_and_are_tracked_in_public() {
    use serde_json::json;
    let sandbox = sandbox().await;
    let client = Client::new(sandbox.base_url("ontrac"));
    let place = |zip: &str, state: &str| json!({"Contact": "Rowan Ashby", "Company": "", "StreetAddress": "480 Harbor Street", "PostalCode": zip, "City": "Portland", "State": state});
    let order = |zip: &str| {
        json!({
            "CustomerBranch": "B", "CustomerOrderNumber": "01JONT", "ServiceCode": "GRND", "Reference1": "R-1",
            "TenderDateTime": "2026-11-23T20:00:00Z", "TenderAt": place("91761", "CA"), "DeliverTo": place(zip, "OR"),
            "Pieces": [{"Weight": 5, "Length": 10, "Width": 8, "Height": 6}],
        })
    };
    let base = "/Method/ServicesAndCharges/v3/json/ontrac-house/ontrac-house-pass";
    let quote = client.post(base, order("97205")).await;
    let charges = quote.at("/ServicesAndCharges/GRND/Charges");
    let total: f64 = charges.as_array().unwrap().iter().filter_map(|charge| charge["Amount"].as_f64()).sum();
    let none = client.post(base, order("45402")).await;
    assert_eq!((none.status, none.text("/ErrorMessage").as_str()), (400, "NoRate"));
    let wrong = client.post("/Method/ServicesAndCharges/v3/json/ontrac-house/x", order("97205")).await;
    assert_eq!((wrong.status, wrong.at("/Error")), (401, json!(true)));

    let path = |paper: &str| format!("/Method/PlaceOrder/v3/json/ontrac-house/ontrac-house-pass/0/1/{paper}");
    let sold = client.post(&path("P4x6"), order("97205")).await;
    let number = sold.text("/Order/Pieces/0/Barcode");
    assert!(decode64(&sold.text("/Order/Pieces/0/Label")).starts_with(b"%PDF"));
    let sale = sandbox.ledger().sales().remove(0);
    assert!((sale.amount.to_string().parse::<f64>().unwrap() - total).abs() < 0.001);
    assert_eq!((sale.handle.as_deref(), sandbox.ledger().requests("ontrac", "01JONT")), (Some("01JONT"), 1));
    let second = client.post(&path("Z4x6"), order("97205")).await;
    assert!(decode64(&second.text("/Order/Pieces/0/Label")).starts_with(b"^XA"));
    assert_ne!(second.text("/Order/Pieces/0/Barcode"), number, "nothing guards an order that is sent again");

    assert_eq!(client.get("/track/D10010000000011/json").await.at("/Error"), json!(true));
    sandbox.clock().advance(Duration::from_secs(10 * 86_400));
    let track = client.get(&format!("/track/{number}/json")).await;
    assert_eq!(track.text("/Events/0/EventType"), "Delivered");
}

#[tokio::test]
async fn odd_values_never_break_it() {
    let sandbox = sandbox().await;
    let huge = "9".repeat(28);
    for odd in ["", "-1", "\u{e9}\u{4e2d}", huge.as_str(), "&#0;", "<x/>"] {
        for part in [
            "<Weight>5",
            "<Length>10",
            "<Zip>97205",
            "<Zip>91761",
            "<State>OR",
            "<ShipDate>2026-11-23",
            "<LabelType>9",
        ] {
            let (name, _) = part.split_once('>').expect("an element");
            post(
                &sandbox,
                &url("shipments", ""),
                order("u", "", "9", "97205").replace(part, &format!("{name}>{odd}")),
            )
            .await;
        }
        let odd: String = url::form_urlencoded::byte_serialize(odd.as_bytes()).collect();
        for at in 0..9 {
            let mut parts =
                ["a", "91761", "97205", "true", "false", "5", "10X8X6", "C", "11-23-26"].map(str::to_owned);
            parts[at].clone_from(&odd);
            get(&sandbox, &url("rates", &format!("&packages={}", parts.join(";")))).await;
        }
        get(&sandbox, &url("shipments", &format!("&requestType=track&tn={odd}"))).await;
    }
}
