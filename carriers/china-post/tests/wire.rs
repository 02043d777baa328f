//! The exact messages on the wire.
#![recursion_limit = "256"]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{NUMBER, address, order};
use waybill_china_post::ChinaPost;
use waybill_china_post::parts::{md5_digest, sm4_body};
use waybill_core::{
    AllocateRequest, Carrier, CarrierPlugin, Country, Effect, LabelKey, Secret, TrackOutcome, TrackRequest,
    VoidOutcome,
};
use waybill_testkit::HttpHost;
use wiremock::matchers::{header, method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const KEY: &str = "V2F5YmlsbEV4YW1wbGUxNg==";
const OPEN: &str = "/amp-prod-api/f/amp/api/open";

fn open_account(server: &MockServer, gateway: &str) -> Box<dyn Carrier> {
    let text = format!(
        "gateway='{gateway}'\nbase_url='{}'\n[open]\nsender_no='EXAMPLE00000001'\nauthorization='tok'\nsign_key='{KEY}'\nwh_code='51800000'\nmail_type='EXAMPLE'\n",
        server.uri()
    );
    ChinaPost::open(toml::from_str(&text).unwrap()).unwrap()
}

fn form(request: &Request) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

fn envelope(body: &str) -> ResponseTemplate {
    let reply = serde_json::json!({"retCode": "00000", "retMsg": "成功", "retBody": body, "success": true});
    ResponseTemplate::new(200).set_body_json(reply)
}

fn pdf() -> Vec<u8> {
    waybill_documents::Page::new(4000, 6000).to_pdf().unwrap()
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Answers each operation of the open platform.
fn open_platform(request: &Request) -> ResponseTemplate {
    match form(request)["apiCode"].as_str() {
        "110002" => envelope(&format!("{{\"waybillNo\":\"{NUMBER}\"}}")),
        "110001" => envelope(&format!("{{\"waybill_no\":\"{NUMBER}\"}}")),
        "020003" => envelope("{\"waybillNo\":\"9400000000007\"}"),
        "120001" | "010004" => envelope(&base64(&pdf())),
        "020006" => envelope("{}"),
        other => panic!("unexpected apiCode {other}"),
    }
}

/// The JSON that must be inside an encrypted body: sealing the wanted text again gives the same letters (ECB).
fn opens_to(request: &Request, wanted: &serde_json::Value) {
    use ecb::cipher::block_padding::Pkcs7;
    use ecb::cipher::{BlockModeDecrypt, KeyInit};
    let sealed = form(request)["logitcsInterface"].clone();
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let key = engine.decode(KEY).unwrap();
    let bytes = engine.decode(sealed.strip_prefix("|$4|").unwrap()).unwrap();
    let plain = ecb::Decryptor::<sm4::Sm4>::new_from_slice(&key)
        .unwrap()
        .decrypt_padded_vec::<Pkcs7>(&bytes)
        .unwrap();
    let text = String::from_utf8(plain).unwrap();
    let json = text.strip_suffix(KEY).unwrap();
    assert_eq!(sm4_body(json, &Secret::new(KEY)).unwrap(), sealed);
    let found: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(found, *wanted);
}

#[tokio::test]
async fn the_open_platform_gets_numbers_then_the_order_then_the_label() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path(OPEN)).respond_with(open_platform).mount(&server).await;
    let (carrier, host) = (open_account(&server, "open"), HttpHost::new());
    let (label, mut order) = (carrier.label().unwrap(), order("epacket"));
    order.numbers.clear();
    let request = AllocateRequest { order: order.clone(), sequence: 0 };
    order.numbers = label.allocate(&host.cx("allocate"), &request).await.unwrap().numbers;
    assert_eq!(order.numbers[0], NUMBER);
    let bought = label.buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert!(bought.has_labels());
    assert_eq!((host.sent(Effect::Spend), bought.pieces[0].tracking.as_str()), (1, NUMBER));
    let requests = server.received_requests().await.unwrap();
    let first = form(&requests[0]);
    assert_eq!(first["timeStamp"], "2026-11-23 23:00:00");
    assert_eq!((first["senderNo"].as_str(), first["authorization"].as_str()), ("EXAMPLE00000001", "tok"));
    let handle = order.handle.short();
    opens_to(
        &requests[0],
        &serde_json::json!({"order": [{
        "ecCompanyId": "EXAMPLE00000001", "eventTime": "2026-11-23 23:00:00", "whCode": "51800000",
        "logisticsOrderId": handle, "tradeId": "", "logisticsCompany": "POST", "logisticsBiz": "001",
        "mailType": "EXAMPLE", "faceType": "1", "rcountry": "US"}]}),
    );
    opens_to(&requests[1], &wanted_order(&handle));
    opens_to(
        &requests[2],
        &serde_json::json!({"ecCompanyId": "EXAMPLE00000001", "ak": "tok", "barCode": NUMBER, "version": "2", "pageType": "RM"}),
    );
}

/// The order of section 3.1 with everything that the shipment holds, Latin where only ASCII is allowed.
fn wanted_order(handle: &str) -> serde_json::Value {
    serde_json::json!({
        "created_time": "2026-11-23 23:00:00", "sender_no": "EXAMPLE00000001", "mailType": "EXAMPLE", "wh_code": "51800000",
        "logistics_order_no": handle, "batch_no": "", "waybill_no": NUMBER, "biz_product_no": "001", "productType": "E邮宝",
        "weight": "400", "length": "20", "width": "15", "height": "5",
        "contents_total_weight": "300", "contents_total_value": "29.70", "transfer_type": "HK", "battery_flag": "0",
        "pickup_flag": "0", "pickup_notes": "", "insurance_flag": "1", "undelivery_option": "2", "valuable_flag": "0",
        "declare_source": "2", "declare_type": "1", "declare_curr_code": "USD", "printcode": "ORDER-7731",
        "barcode": "ORDER-7731", "forecastshut": "0", "mail_sign": "2", "platform_type": "0",
        "sender": {"name": "Li Lei", "company": "", "post_code": "518000", "phone": "8675555500147", "mobile": "8675555500147",
            "email": "", "id_type": "", "id_no": "", "nation": "CN", "province": "Guang Dong Sheng", "city": "Shen Zhen Shi",
            "county": "", "address": "Shi Fan Gong Ye Yuan-1 Dong", "linker": "Li Lei"},
        "receiver": {"name": "Odalys O'Fennimore", "company": "", "post_code": "78704", "phone": "15125550163",
            "mobile": "15125550163", "email": "", "id_type": "", "id_no": "", "nation": "US", "province": "TX",
            "city": "Austin", "county": "", "address": "2093 Copperleaf-Terrace", "linker": "Odalys O'Fennimore"},
        "items": [{"cargo_no": "", "cargo_name": "硅胶手机壳", "cargo_name_en": "Silicone phone case",
            "cargo_type_name": "硅胶手机壳", "cargo_type_name_en": "Silicone phone case", "cargo_origin_name": "CN",
            "cargo_quantity": 3, "cargo_value": "29.70", "cost": "29.70", "cargo_currency": "USD", "carogo_weight": "300",
            "cargo_weight": "300", "cargo_description": "Silicone phone case", "cargo_serial": "392690", "unit": "个",
            "intemsize": ""}]
    })
}

#[tokio::test]
async fn domestic_ems_is_an_account_of_its_own_and_takes_its_number_from_the_answer() {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path(OPEN)).respond_with(open_platform).mount(&server).await;
    let (carrier, host) = (open_account(&server, "open_domestic"), HttpHost::new());
    let mut order = order("ems-domestic");
    order.shipment.to =
        address("韩梅梅", "示范街2号", "北京市", "北京市", "100000", Country::CN, "13700002222");
    order.shipment.customs = None;
    order.numbers.clear();
    let bought = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert_eq!(bought.pieces[0].tracking.as_str(), "9400000000007");
    assert!(!carrier.profile().purchase.lookup);
    let requests = server.received_requests().await.unwrap();
    opens_to(
        &requests[0],
        &serde_json::json!([{
        "ecommerceUserId": "EXAMPLE00000001", "logisticsOrderNo": order.handle.short(), "createdTime": "2026-11-23 23:00:00",
        "contentsAttribute": "3", "bizProductNo": "1", "weight": "400", "paymentMode": "1", "pickupType": "1",
        "insuranceFlag": "1", "codFlag": "9", "receiptFlag": "1", "oneBillFlag": "0",
        "sender": {"name": "李雷", "postCode": "518000", "phone": "", "mobile": "+86 755 5550 0147", "prov": "广东省",
            "city": "深圳市", "county": "", "address": "示范工业园-1栋"},
        "receiver": {"name": "韩梅梅", "postCode": "100000", "phone": "", "mobile": "13700002222", "prov": "北京市",
            "city": "北京市", "county": "", "address": "示范街2号"},
        "cargos": [{"cargoName": "商品", "cargoQuantity": "1", "cargoWeight": "400"}]}]),
    );
    opens_to(&requests[1], &serde_json::json!({"waybillNo": "9400000000007", "type": "179", "getURL": "0"}));
}

#[tokio::test]
async fn the_small_packet_platform_signs_the_text_before_it_is_url_encoded() {
    let server = MockServer::start().await;
    let reply = serde_json::json!({"success": "true", "waybillNo": NUMBER});
    let hex: String = pdf().iter().map(|byte| format!("{byte:02x}")).collect();
    let post = || Mock::given(method("POST"));
    post()
        .and(path("/pcpErp-web/a/pcp/orderService/orderReceive"))
        .respond_with(ResponseTemplate::new(200).set_body_json(reply))
        .mount(&server)
        .await;
    let label = serde_json::json!({"success": true, "err_code": "", "msg": "", "data": hex});
    post()
        .and(path("/pcpErp-web/a/pcp/surface/download"))
        .respond_with(ResponseTemplate::new(200).set_body_json(label))
        .mount(&server)
        .await;
    let text = format!(
        "gateway='pcp'\nbase_url='{}'\n[pcp]\nsender_no='EXAMPLE00000001'\nkey='k'\nwh_code='51800000'\nmail_type='EXAMPLE'\n",
        server.uri()
    );
    let carrier = ChinaPost::open(toml::from_str(&text).unwrap()).unwrap();
    let host = HttpHost::new();
    let bought =
        carrier.label().unwrap().buy(&host.cx("buy"), &order("epacket"), host.permit()).await.unwrap();
    assert_eq!(bought.documents[0].bytes, pdf());
    let requests = server.received_requests().await.unwrap();
    let sent = form(&requests[0]);
    assert_eq!(sent["data_digest"], md5_digest(&sent["logistics_interface"], &Secret::new("k")));
    let body: serde_json::Value = serde_json::from_str(&sent["logistics_interface"]).unwrap();
    let mut wanted = wanted_order(&order("epacket").handle.short());
    wanted.as_object_mut().unwrap().remove("productType");
    assert_eq!(body, wanted);
    assert_eq!(form(&requests[1])["dataDigest"], md5_digest(NUMBER, &Secret::new("k")));
}

fn eub_account(server: &MockServer) -> Box<dyn Carrier> {
    let text = format!(
        "gateway='eub'\nbase_url='{}'\n[eub]\ntoken='tok'\ncustomer_code='C'\nvip_code='V'\nprovince_code='440000'\ncity_code='440300'\ncounty_code='440305'\n",
        server.uri()
    );
    ChinaPost::open(toml::from_str(&text).unwrap()).unwrap()
}

#[tokio::test]
async fn the_partner_interface_gets_xml_with_the_token_in_a_header() {
    let server = MockServer::start().await;
    let base = "/partner/api/public/p";
    let ok = "<response><status>success</status><code></code></response>";
    let keyed = |verb: &str| {
        Mock::given(method(verb))
            .and(header("authenticate", "tok"))
            .and(header("version", "international_eub_us_1.1"))
    };
    keyed("POST")
        .and(path(format!("{base}/validate")))
        .respond_with(ResponseTemplate::new(200).set_body_string(ok))
        .expect(1)
        .mount(&server)
        .await;
    let made = format!("<order><mailnum> {NUMBER} </mailnum></order>");
    keyed("POST")
        .and(path(format!("{base}/order")))
        .respond_with(ResponseTemplate::new(200).set_body_string(made))
        .expect(1)
        .mount(&server)
        .await;
    keyed("POST")
        .and(path(format!("{base}/print/downloadLabels")))
        .respond_with(ResponseTemplate::new(200).set_body_string(ok))
        .mount(&server)
        .await;
    let file = format!("^{base}/static/label/download/[0-9a-f]{{32}}/{NUMBER}\\.pdf$");
    Mock::given(method("GET"))
        .and(path_regex(file))
        .respond_with(ResponseTemplate::new(200).set_body_bytes(pdf()))
        .mount(&server)
        .await;
    let (carrier, host) = (eub_account(&server), HttpHost::new());
    let mut order = order("epacket");
    order.numbers.clear();
    let bought = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert_eq!((bought.pieces[0].tracking.as_str(), bought.has_labels()), (NUMBER, true));
    let requests = server.received_requests().await.unwrap();
    let xml = String::from_utf8(requests[1].body.clone()).unwrap();
    let handle = order.handle.short();
    let sender = "<name>Li Lei</name><postcode>518000</postcode><phone>8675555500147</phone><mobile/><country>CN</country>\
        <province>440000</province><city>440300</city><county>440305</county><company/>\
        <street>Shi Fan Gong Ye Yuan 1 Dong</street><email/>";
    let collect = sender.replace("Li Lei", "李雷").replace("Shi Fan Gong Ye Yuan 1 Dong", "示范工业园 1栋");
    let wanted = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><orders><order><orderid>{handle}</orderid><operationtype>0</operationtype>\
        <producttype>0</producttype><customercode>C</customercode><vipcode>V</vipcode><clcttype>0</clcttype><pod>false</pod>\
        <untread>Returned</untread><volweight>0</volweight><startdate>2026-11-24T09:00:00</startdate>\
        <enddate>2026-11-24T18:00:00</enddate><printcode>03</printcode><sku1>ORDER 7731</sku1><sku2/><sender>{sender}</sender>\
        <receiver><name>Odalys O Fennimore</name><postcode>78704</postcode><phone>15125550163</phone><mobile/>\
        <country>UNITED STATES OF AMERICA</country><province>TX</province><city>Austin</city><county/><company/>\
        <street>2093 Copperleaf Terrace</street><email/></receiver><collect>{collect}</collect><items><item>\
        <cnname>硅胶手机壳</cnname><enname>Silicone phone case</enname><count>3</count><unit>件</unit><weight>0.300</weight>\
        <delcarevalue>29.70</delcarevalue><origin>CN</origin><description>Silicone phone case</description></item></items>\
        <remark/></order></orders>"
    );
    assert_eq!(xml, wanted);
    assert_eq!(requests[0].body, requests[1].body);
}

#[tokio::test]
async fn a_gbk_answer_is_read_and_a_duplicate_is_our_own_order() {
    let server = MockServer::start().await;
    let (gbk, ..) = encoding_rs::GBK.encode("<response><status>error</status><code>V02</code><description>用户不存在或身份标识错误</description></response>");
    let reply = ResponseTemplate::new(200).set_body_bytes(gbk.into_owned());
    Mock::given(method("GET")).respond_with(reply).mount(&server).await;
    let (carrier, host) = (eub_account(&server), HttpHost::new());
    let request = TrackRequest::new([NUMBER]);
    let error = carrier.tracking().unwrap().track(&host.cx("track"), &request).await.unwrap_err();
    assert_eq!(error.carrier.unwrap().message.as_deref(), Some("用户不存在或身份标识错误"));

    let server = MockServer::start().await;
    let answers = |request: &Request| match form(request)["apiCode"].as_str() {
        "110001" => ResponseTemplate::new(200)
            .set_body_json(serde_json::json!({"retCode": "B06", "retMsg": "订单号重复", "success": false})),
        _ => open_platform(request),
    };
    Mock::given(method("POST")).respond_with(answers).mount(&server).await;
    let carrier = open_account(&server, "open");
    let bought =
        carrier.label().unwrap().buy(&host.cx("buy"), &order("epacket"), host.permit()).await.unwrap();
    assert_eq!(
        (bought.pieces[0].tracking.as_str(), bought.warnings[0].code.as_deref()),
        (NUMBER, Some("ordered-before"))
    );
}

#[tokio::test]
async fn a_cancel_names_order_and_number_and_a_hidden_number_is_not_permitted() {
    let server = MockServer::start().await;
    let answers = |request: &Request| match form(request)["apiCode"].as_str() {
        "040001" => ResponseTemplate::new(200).set_body_json(
            serde_json::json!({"retCode": "00000", "retMsg": "当前邮件无客户信息！", "success": true}),
        ),
        _ => open_platform(request),
    };
    Mock::given(method("POST")).respond_with(answers).mount(&server).await;
    let (carrier, host) = (open_account(&server, "open"), HttpHost::new());
    let order = order("epacket");
    let key = LabelKey {
        shipment_key: NUMBER.into(),
        tracking: vec![NUMBER.into()],
        service: "epacket".into(),
        handle: order.handle,
        bought_at: host.now(),
        carrier_data: None,
    };
    assert_eq!(carrier.label().unwrap().void(&host.cx("void"), &key).await.unwrap(), VoidOutcome::Voided);
    let replies = carrier
        .tracking()
        .unwrap()
        .track(&host.cx("track"), &TrackRequest::new(["lx 471000177 cn"]))
        .await
        .unwrap();
    assert_eq!(replies.replies[0].outcome, TrackOutcome::NotPermitted);
    let requests = server.received_requests().await.unwrap();
    opens_to(
        &requests[0],
        &serde_json::json!({"logisticsOrderNo": order.handle.short(), "waybillNo": NUMBER, "cancelReason": "客户取消"}),
    );
    opens_to(&requests[1], &serde_json::json!({"waybillNo": NUMBER, "direction": "0"}));
}

#[test]
fn plain_http_and_broken_keys_are_refused_with_a_cure() {
    let open = |text: &str| {
        ChinaPost::open(toml::from_str(text).unwrap()).err().map(|error| error.message).unwrap_or_default()
    };
    let eub = "gateway='eub'\n[eub]\ntoken='t'\ncustomer_code='C'\nvip_code='V'\nprovince_code='1'\ncity_code='1'\ncounty_code='1'\n";
    assert!(open(eub).contains("allow_plain_http"), "{}", open(eub));
    assert!(open("[open]\nsender_no='S'\nauthorization='a'\nsign_key='short'\n").contains("sign_key"));
    assert!(open("").contains("section `open`"));
    assert!(ChinaPost::open(toml::from_str(ChinaPost::example()).unwrap()).is_ok());
    let profile = <ChinaPost as CarrierPlugin>::profile();
    assert!(profile.linking.sellers.contain(Country::CN) && !profile.linking.sellers.contain(Country::US));
    let _: Arc<dyn Carrier> = ChinaPost::open(toml::from_str(ChinaPost::example()).unwrap()).unwrap().into();
}
