//! The simulated China Post, told as a seller's story over HTTP, at its three gateways.

mod common;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Answer, Client, decode64, sandbox};
use ecb::cipher::block_padding::Pkcs7;
use ecb::cipher::{BlockModeEncrypt as _, KeyInit as _};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use waybill_sandbox::{Sandbox, Story};

const SENDER: &str = "90000001234567";
const KEY: &str = "cnpost-house-token";

fn order_json(reference: &str, number: Option<&str>) -> Value {
    let mut order = json!({
        "created_time": "2026-11-23 18:00:00", "sender_no": SENDER, "logistics_order_no": reference, "biz_product_no": "001", "weight": "300",
        "sender": {"name": "Li Lei", "nation": "CN", "city": "Shenzhen", "province": "Guangdong", "post_code": "518000", "address": "1 Example Rd"},
        "receiver": {"name": "Rowan Ashby", "nation": "US", "city": "Portland", "province": "OR", "post_code": "97205", "address": "480 Harbor St"},
        "items": [{"cargo_name": "毛巾", "cargo_name_en": "Cotton towel", "cargo_quantity": "2", "cargo_value": "8", "cargo_currency": "USD", "carogo_weight": "150", "cargo_origin_name": "CN"}]});
    if let Some(number) = number {
        order["waybill_no"] = json!(number);
    }
    order
}

async fn form(sandbox: &Sandbox, path: &str, fields: &[(&str, &str)]) -> Answer {
    let encoded: Vec<(String, String)> = fields
        .iter()
        .map(|(key, value)| {
            ((*key).to_owned(), url::form_urlencoded::byte_serialize(value.as_bytes()).collect())
        })
        .collect();
    let fields: Vec<(&str, &str)> =
        encoded.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Client::new(sandbox.base_url("china-post")).form(path, &fields).await
}

fn digest(text: &str) -> String {
    STANDARD.encode(Md5::new().chain_update(text).chain_update(KEY).finalize())
}

async fn pcp(sandbox: &Sandbox, call: &str, name: &str, text: &str) -> Answer {
    let digest = digest(text);
    let key =
        if name == "logistics_interface" || name == "logisticsOrder" { "data_digest" } else { "dataDigest" };
    let path = format!("/pcpErp-web/a/pcp/{call}");
    form(sandbox, &path, &[(name, text), (key, &digest), ("ecCompanyId", SENDER), ("version", "1.0")]).await
}

async fn open(sandbox: &Sandbox, code: &str, body: Value) -> Answer {
    let key = sandbox.credentials("china-post")["sign_key"].as_str().expect("a key").to_owned();
    let bytes: [u8; 16] = decode64(&key).try_into().expect("sixteen bytes");
    let plain = format!("{body}{key}");
    let sealed = ecb::Encryptor::<sm4::Sm4>::new(&bytes.into()).encrypt_padded_vec::<Pkcs7>(plain.as_bytes());
    let sealed = format!("|$4|{}", STANDARD.encode(sealed));
    let fields = [
        ("apiCode", code),
        ("senderNo", SENDER),
        ("authorization", KEY),
        ("logitcsInterface", sealed.as_str()),
    ];
    form(sandbox, "/amp-prod-api/f/amp/api/open", &fields).await
}

fn inner(answer: &Answer) -> Value {
    serde_json::from_str(&answer.text("/retBody")).expect("JSON inside text")
}

#[tokio::test]
async fn pcp_allocates_a_number_orders_with_it_and_prints_by_it() {
    let sandbox = sandbox().await;
    let ask = json!({"order": [{"logisticsOrderId": "01JPCP", "logisticsBiz": "001", "rcountry": "US"}]})
        .to_string();
    let number = pcp(&sandbox, "barCodesAssgine/barCodeService", "logisticsOrder", &ask)
        .await
        .text("/barCodeList/0/bar_code");
    assert!(number.starts_with("LX") && number.ends_with("CN") && number.len() == 13);
    assert!(sandbox.ledger().is_empty(), "a number alone is no sale");
    let order = order_json("01JPCP", Some(&number)).to_string();
    let bought = pcp(&sandbox, "orderService/orderReceive", "logistics_interface", &order).await;
    assert_eq!((bought.text("/success"), bought.text("/waybillNo")), ("true".into(), number.clone()));
    let again = pcp(&sandbox, "orderService/orderReceive", "logistics_interface", &order).await;
    assert_eq!(again.text("/reason"), "B06");
    assert_eq!((sandbox.ledger().len(), sandbox.ledger().requests("china-post", &number)), (1, 2));
    let sale = sandbox.ledger().sales().remove(0);
    assert_eq!((sale.currency.as_str(), sale.amount.to_string().as_str()), ("CNY", "45.08"));
    let label = pcp(&sandbox, "surface/download", "barCode", &number).await;
    assert_eq!(waybill_documents::page_count(&label.bytes).expect("a PDF"), 1);
    assert_eq!(pcp(&sandbox, "surface/download", "barCode", "LX000000005CN").await.text("/success"), "false");
    let fee = pcp(&sandbox, "orderFeeService/getOrderFee", "waybillNos", &number).await;
    assert_eq!(fee.at("/data"), json!([]), "no fee before acceptance");
    sandbox.clock().advance(Duration::from_secs(7 * 3600));
    let fee = pcp(&sandbox, "orderFeeService/getOrderFee", "waybillNos", &number).await;
    assert_eq!(fee.text("/data/0/weight"), "302", "the scale at the office wins");
    let late = pcp(&sandbox, "orderService/cancelOrder", "waybillNo", &number).await;
    assert_eq!(late.text("/flag"), "false");
}

#[tokio::test]
async fn pcp_refuses_with_its_letters_and_a_foreign_signature() {
    let sandbox = sandbox().await;
    let path = "/pcpErp-web/a/pcp/orderService/OrderReceiveBack";
    let unsigned = form(&sandbox, path, &[("logistics_interface", "{}"), ("data_digest", "x")]).await;
    assert_eq!(unsigned.text("/reason"), "S02");
    for (pointer, value, code) in [
        ("/weight", json!("2001"), "B12"),
        ("/items/0/cargo_name_en", json!("毛巾"), "B13"),
        ("/receiver/nation", json!("QQ"), "S15"),
        ("/receiver/name", json!(""), "B03"),
        ("/sender_no", json!("1"), "S03"),
    ] {
        let mut order = order_json("01JBAD", None);
        *order.pointer_mut(pointer).expect("is there") = value;
        let answer =
            pcp(&sandbox, "orderService/OrderReceiveBack", "logistics_interface", &order.to_string()).await;
        assert_eq!(answer.text("/reason"), code, "{pointer}");
    }
    assert!(sandbox.ledger().is_empty());
}

#[tokio::test]
async fn the_open_platform_speaks_sm4_and_tracks_with_reversals() {
    let sandbox = sandbox().await;
    let number = inner(&open(&sandbox, "110002", json!({"bizProductNo": "002"})).await)["waybillNo"]
        .as_str()
        .expect("a number")
        .to_owned();
    assert!(number.starts_with("RX"));
    let bought = open(&sandbox, "110001", order_json("01JOPEN", Some(&number))).await;
    assert_eq!(inner(&bought)["waybillNo"], number.as_str());
    let label = open(&sandbox, "120001", json!({"barCode": number})).await;
    assert_eq!(waybill_documents::page_count(&decode64(&label.text("/retBody"))).expect("a PDF"), 1);
    let stranger = open(&sandbox, "040001", json!({"waybillNo": "LX000000005CN", "direction": "0"})).await;
    assert_eq!((stranger.text("/retCode"), stranger.text("/retBody")), ("00000".into(), String::new()));
    sandbox.story(&number, Story::Reversal);
    sandbox.clock().advance(Duration::from_secs(30 * 86_400));
    let items = inner(&open(&sandbox, "040001", json!({"waybillNo": number, "direction": "0"})).await);
    let codes: Vec<&str> = items["responseItems"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["opCode"].as_str())
        .collect();
    assert_eq!(codes, ["203", "389", "457", "458", "305", "702", "704", "743", "702", "704"]);
    assert_eq!(items["responseItems"][0]["opTime"], "2026-11-24 00:00:00", "Chinese clocks");
    let fee = inner(&open(&sandbox, "050001", json!({"waybillNo": number})).await);
    assert_eq!(fee["realWeight"], "302");
    let fields = [("apiCode", "040001"), ("senderNo", SENDER), ("authorization", "wrong")];
    assert_eq!(form(&sandbox, "/amp-prod-api/f/amp/api/open", &fields).await.at("/success"), false);
    let garbage = [
        ("apiCode", "040001"),
        ("senderNo", SENDER),
        ("authorization", KEY),
        ("logitcsInterface", "|$4|AAAA"),
    ];
    assert_eq!(form(&sandbox, "/amp-prod-api/f/amp/api/open", &garbage).await.at("/success"), false);
}

#[tokio::test]
async fn the_partner_api_answers_xml_in_utf8_or_gbk() {
    let sandbox = sandbox().await;
    let http = common::http();
    let base = format!("{}/partner/api/public/p", sandbox.base_url("china-post"));
    let send = |method: &str, path: &str, body: String| {
        let request = http.request(method.parse().expect("a method"), format!("{base}{path}"));
        let request =
            request.header("version", "international_eub_us_1.1").header("authenticate", KEY).body(body);
        async { Client::read(request.send().await.expect("answers")).await.expect("a body").bytes }
    };
    let order = format!(
        "<orders><order><orderid>01JEUB</orderid><operationtype>0</operationtype><vipcode>{SENDER}</vipcode>\
         <sender><name>Li Lei</name><country>CN</country><city>440300</city><street>1 Example Rd</street></sender>\
         <receiver><name><![CDATA[Rowan & Ashby]]></name><country>UNITED STATES OF AMERICA</country><province>OR</province><city>Portland</city><street>480 Harbor St</street></receiver>\
         <items><item><enname>Cotton towel</enname><count>2</count><weight>0.150</weight><delcarevalue>8.00</delcarevalue><origin>CN</origin></item></items></order></orders>"
    );
    let bought = String::from_utf8(send("POST", "/order", order).await).expect("text");
    let number =
        bought.split("<mailnum>").nth(1).and_then(|rest| rest.get(..13)).expect("a number").to_owned();
    let labels =
        format!("<orders><printcode>01</printcode><order><mailnum>{number}</mailnum></order></orders>");
    let link = String::from_utf8(send("POST", "/print/downloadLabels", labels).await).expect("text");
    let url = link.split("<url>").nth(1).and_then(|rest| rest.split("</url>").next()).expect("a link");
    let pdf = http.get(url).send().await.expect("answers").bytes().await.expect("a body");
    assert_eq!(waybill_documents::page_count(&pdf).expect("a PDF"), 1);
    assert_eq!(send("GET", "/track/query/en/LX000000005CN", String::new()).await, b"null");
    let cancelled =
        String::from_utf8(send("DELETE", &format!("/order/{number}"), String::new()).await).expect("text");
    assert!(cancelled.contains("<code>S01</code>") && cancelled.contains('：'));
    assert!(sandbox.ledger().live().is_empty());
    sandbox.quirk("china-post", "gbk", true);
    let bytes = send("DELETE", &format!("/order/{number}"), String::new()).await;
    assert!(std::str::from_utf8(&bytes).is_err());
    let (text, _, broken) = encoding_rs::GBK.decode(&bytes);
    assert!(!broken && text.contains("<code>R03</code>") && text.contains("不存在"));
}

#[tokio::test]
async fn odd_values_never_break_it() {
    let sandbox = sandbox().await;
    for pointer in [
        "/weight",
        "/waybill_no",
        "/sender",
        "/receiver/nation",
        "/receiver/post_code",
        "/items",
        "/items/0",
        "/biz_product_no",
    ] {
        for value in [Value::Null, json!(""), json!("é中"), json!([]), json!("9".repeat(28)), json!("-1")] {
            let mut order = order_json("01JODD", Some("x"));
            *order.pointer_mut(pointer).expect("is there") = value;
            assert!(open(&sandbox, "110001", order).await.status < 500, "{pointer}");
        }
    }
}
