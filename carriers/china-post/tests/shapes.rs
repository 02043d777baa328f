//! Answers in the shapes that the three interfaces are known to vary: encodings, wrappings, types, missing parts.

use bytes::Bytes;
use waybill_china_post::parts::{eub, open, pcp, track_of, utf8};
use waybill_core::{ErrorKind, Phase, Response, TrackStatus};

fn answer(body: impl Into<Vec<u8>>) -> Response {
    http::Response::new(Bytes::from(body.into()))
}

fn gbk(text: &str) -> Response {
    let (bytes, ..) = encoding_rs::GBK.encode(text);
    answer(bytes.into_owned())
}

fn with_status(status: u16, body: &str) -> Response {
    let mut response = answer(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

#[test]
fn an_order_of_the_partner_interface_in_its_shapes() {
    for body in [
        "<order><mailnum>LX255744009CN</mailnum></order>",
        "\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<order>\n  <mailnum> LX255744009CN </mailnum><more/></order>",
        "<orders><order><orderid>A-1</orderid><mailnum><![CDATA[LX255744009CN]]></mailnum></order></orders>",
        "<Order xmlns='u'><MailNum>LX255744009CN</MailNum></Order>",
    ] {
        assert_eq!(eub::ordered(answer(body)).unwrap(), "LX255744009CN", "{body}");
    }
    for (body, kind) in [
        (
            "<response><version>1.1</version><status>error</status><code>V02</code><description>x</description></response>",
            ErrorKind::Auth,
        ),
        ("<response><status>fail</status><code> R03 </code></response>", ErrorKind::NotFound),
        ("<RESPONSE><STATUS>fail</STATUS><CODE>V01</CODE></RESPONSE>", ErrorKind::Invalid),
        ("<order><mailnum/></order>", ErrorKind::Malformed),
        ("<order/>", ErrorKind::Malformed),
        ("<html><body>502</body></html>", ErrorKind::Malformed),
        ("null", ErrorKind::Malformed),
        ("", ErrorKind::Malformed),
    ] {
        let error = eub::ordered(answer(body)).unwrap_err();
        assert_eq!(error.kind, kind, "{body}");
        let open = kind == ErrorKind::Malformed;
        assert_eq!(error.phase == Phase::OutcomeUnknown, open, "{body}");
    }
}

#[test]
fn gbk_answers_are_read_with_and_without_saying_so() {
    let words = "邮件号：LX255744009CN 不存在";
    for declared in ["", "<?xml version=\"1.0\" encoding=\"GBK\"?>"] {
        let text = format!(
            "{declared}<response><status>fail</status><code>R03</code><description>{words}</description></response>"
        );
        let error = eub::done(gbk(&text), "cancel").unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert_eq!(error.carrier.unwrap().message.as_deref(), Some(words));
    }
    let json = gbk(r#"{"success":"false","reason":"B13","msg":"物品英文名称错误"}"#);
    let error = pcp::ordered(json).unwrap_err();
    assert_eq!(error.carrier.unwrap().message.as_deref(), Some("物品英文名称错误"));
    let envelope = gbk(r#"{"retCode":"B00100","retMsg":"验签失败","success":false}"#);
    assert_eq!(open::ordered(envelope).unwrap_err().kind, ErrorKind::Auth);
    assert!(std::str::from_utf8(utf8(gbk("中文")).body()).is_ok());
}

#[test]
fn events_of_the_partner_interface_in_their_shapes() {
    let one = "<trace><acceptTime>2026-11-20 08:50:00</acceptTime><acceptAddress>Shenzhen</acceptAddress><remark>Posting</remark></trace>";
    for body in [
        format!("<traces>{one}</traces>"),
        format!("<traces>{one}{one}<trace/></traces>"),
        format!("<response><status>success</status><traces>{one}</traces></response>"),
        format!("<Traces>{}</Traces>", one.replace("acceptTime", "AcceptTime")),
    ] {
        let traces = eub::events(answer(body.clone())).unwrap().unwrap();
        assert_eq!(traces.trace[0].accept_time.as_deref(), Some("2026-11-20 08:50:00"), "{body}");
        assert_eq!(traces.trace[0].remark.as_deref(), Some("Posting"), "{body}");
    }
    assert!(eub::events(answer("<traces/>")).unwrap().unwrap().trace.is_empty());
    assert!(eub::events(answer(" null\n")).unwrap().is_none());
}

#[test]
fn an_order_of_the_small_packet_platform_in_its_shapes() {
    for body in [
        r#"{"success":"true","waybillNo":"LX255744009CN"}"#,
        r#"{"success":true,"waybill_no":"LX255744009CN","reason":null}"#,
        "\u{feff}{\"success\":\"TRUE\",\"waybillNo\":\"LX255744009CN\",\"msg\":\"\"}",
        r#""{\"success\":\"true\",\"waybillNo\":\"LX255744009CN\"}""#,
        "<?xml version=\"1.0\"?><logisticsEventsResponse><responseItems><response><success>true</success><waybillNo>LX255744009CN</waybillNo><reason/></response></responseItems></logisticsEventsResponse>",
    ] {
        assert_eq!(pcp::ordered(answer(body)).unwrap(), "LX255744009CN", "{body}");
    }
    for (body, code, kind) in [
        (r#"{"success":"false","reason":"S02","msg":"x"}"#, Some("S02"), ErrorKind::Auth),
        (
            "<responseItems><response><success>false</success><reason>B14</reason><msg>余额不足</msg></response></responseItems>",
            Some("B14"),
            ErrorKind::NotEntitled,
        ),
        (r#"{"success":true,"waybillNo":""}"#, None, ErrorKind::Malformed),
        (r#"[]"#, None, ErrorKind::Malformed),
    ] {
        let error = pcp::ordered(answer(body)).unwrap_err();
        assert_eq!((error.carrier_code(), &error.kind), (code, &kind), "{body}");
    }
    let down = pcp::ordered(with_status(502, "<html>")).unwrap_err();
    assert_eq!((down.kind, down.phase), (ErrorKind::Unavailable, Phase::OutcomeUnknown));
}

#[test]
fn answers_of_the_open_platform_in_their_shapes() {
    for body in [
        r#"{"retCode":"00000","retMsg":"成功","retBody":"{\"waybillNo\":\"9400000000007\"}","success":true}"#,
        r#"{"retCode":"00000","retBody":{"waybillNo":9400000000007},"success":"true"}"#,
        r#"{"retCode":0,"retBody":"[{\"waybill_no\":\"9400000000007\"}]"}"#,
        r#"{"retCode":"00000","retBody":"9400000000007"}"#,
        r#"{"success":true,"retBody":"{\"cbWaybillNo\":\"9400000000007\"}"}"#,
    ] {
        assert_eq!(open::ordered(answer(body)).unwrap(), "9400000000007", "{body}");
    }
    for (body, kind) in [
        (r#"{"retCode":"00000","success":false,"retMsg":"系统异常"}"#, ErrorKind::Unavailable),
        (r#"{"retCode":"00000","retBody":"","success":true}"#, ErrorKind::Malformed),
        (r#"{"retCode":"00000","retBody":null}"#, ErrorKind::Malformed),
        (r#"{"retMsg":"授权码错误"}"#, ErrorKind::Auth),
        (r#"{"code":"A0001","codeMessage":"签名验证失败"}"#, ErrorKind::Auth),
        (r#"{}"#, ErrorKind::Malformed),
    ] {
        assert_eq!(open::ordered(answer(body)).unwrap_err().kind, kind, "{body}");
    }
}

#[test]
fn events_of_the_open_platform_in_their_shapes() {
    let item = r#"{"waybillNo":"LX255744009CN","opTime":"2026-11-20 16:03:41","opCode":203,"opName":"收寄计费信息","opOrgCity":"深圳市"}"#;
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let list = format!("[{item}]");
    let object = format!("{{\"responseItems\":{list}}}");
    let nested = format!("{{\"responseItems\":{}}}", quoted(&list));
    for body in [&list, &object, &nested, &format!("{{\"responseItems\":{item}}}")] {
        for envelope in [quoted(body), body.clone()] {
            let text =
                format!("{{\"retCode\":\"00000\",\"retMsg\":\"\",\"retBody\":{envelope},\"success\":true}}");
            let events = open::events(answer(text.clone())).unwrap().unwrap();
            let track = track_of("LX255744009CN", &events);
            assert_eq!((track.status, track.events.len()), (TrackStatus::Accepted, 1), "{text}");
            assert_eq!(track.events[0].place.city.as_deref(), Some("深圳市"));
        }
    }
    let empty = r#"{"retCode":"00000","retMsg":"当前邮件无客户信息！","success":true}"#;
    assert!(open::events(answer(empty)).unwrap().is_none());
}
