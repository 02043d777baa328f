//! The exact messages, and what is refused before one is sent.

mod common;

use common::{Canned, NUMBER, PASSWORD, carrier, order, permit, try_carrier};
use serde_json::json;
use waybill_core::*;
use waybill_testkit::{HttpHost, block_on, sample_shipment};
use wiremock::matchers::{body_string, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

const SOLD: &str = "<OnTracShipmentResponse><Shipments><Shipment><UID>D10013700000422</UID><Tracking>D10013700000422</Tracking>\
    <Error/><TotalChrg>12.41</TotalChrg><Label>^XA^FO1^XZ</Label></Shipment></Shipments><Error/></OnTracShipmentResponse>";

fn domestic() -> Shipment {
    sample_shipment("us_domestic").unwrap()
}

#[tokio::test]
async fn the_whole_message_of_a_purchase() {
    let server = MockServer::start().await;
    let wanted = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OnTracShipmentRequest><Shipments><Shipment>\
        <UID>D10013700000422</UID>\
        <shipper><Name>Brindlewood Trading</Name><Addr1>4417 Wistful Pine Road</Addr1><City>Seattle</City><State>WA</State>\
        <Zip>98109</Zip><Contact>Quillon Marchetti</Contact><Phone>2065550147</Phone></shipper>\
        <consignee><Name>Odalys &amp; Fennimore</Name><Addr1>2093 Copperleaf Terrace</Addr1><Addr2>Apt 5B</Addr2><Addr3/>\
        <City>Austin</City><State>TX</State><Zip>78704</Zip><Contact>Odalys &amp; Fennimore</Contact><Phone>5125550163</Phone>\
        </consignee><Service>C</Service><SignatureRequired>true</SignatureRequired><Residential>true</Residential>\
        <SaturdayDel>true</SaturdayDel><Weight>2</Weight><BillTo>778899</BillTo><Instructions>Ring twice</Instructions>\
        <Reference>ORDER-7731</Reference><Reference2>{HANDLE}</Reference2><Reference3/><Tracking>D10013700000422</Tracking>\
        <DIM><Length>10</Length><Width>8</Width><Height>4</Height></DIM><LabelType>9</LabelType>\
        <ShipEmail>a@b.test;c@d.test</ShipEmail><DelEmail>a@b.test;c@d.test</DelEmail><ShipDate>2026-11-24</ShipDate>\
        <CargoType>0</CargoType></Shipment></Shipments></OnTracShipmentRequest>"
        .replace("{HANDLE}", &waybill_testkit::sample_handle().short());
    Mock::given(method("POST"))
        .and(path("/x/V7/900123/shipments"))
        .and(query_param("pw", PASSWORD))
        .and(header("content-type", "application/xml"))
        .and(body_string(wanted))
        .respond_with(ResponseTemplate::new(200).set_body_string(SOLD))
        .expect(1)
        .mount(&server)
        .await;
    let host = HttpHost::new();
    let carrier = carrier(json!({ "base_url": format!("{}/x", server.uri()) }));
    let mut shipment = domestic();
    shipment.to.name = Some("Ödalys & Fennimore".into());
    shipment.options.signature = Some(Signature::Signature);
    shipment.options.saturday_delivery = true;
    shipment.options.notify = vec!["a@b.test".into(), "c@d.test".into()];
    shipment.options.carrier.insert("instructions".into(), "Ring twice".into());
    shipment.billing.transport =
        Payer::ThirdParty { account: "778899".into(), country: Country::US, postal_code: None };
    let order = LabelOrder { label: LabelSpec::new(LabelFormat::Zpl), ..order(shipment) };
    let sale = carrier.buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
    assert_eq!(&sale.documents[0].bytes[..], b"^XA^FO1^XZ");
}

#[test]
fn older_versions_have_declared_values_and_cash_on_delivery() {
    let mut shipment = domestic();
    shipment.parcels[0].declared_value = Some("123.45 USD".parse().unwrap());
    shipment.options.cash_on_delivery = Some("20 USD".parse().unwrap());
    shipment.options.carrier.insert("cod-type".into(), "unsecured".into());
    let host = Canned::new(200, SOLD);
    let old = carrier(json!({ "version": "V1" }));
    block_on(old.buy(&host.cx("buy"), &order(shipment.clone()), permit())).unwrap();
    let message = host.message();
    assert!(message.contains("<Declared>123.45</Declared><COD>20</COD><CODType>UNSECURED</CODType><Weight>2</Weight><Letter>0</Letter>"), "{message}");
    assert!(!message.contains("CargoType"));
    let rate = RateRequest::new(shipment.clone());
    let _ = block_on(old.quote(&host.cx("quote"), &rate));
    assert!(
        host.url().contains("packages=1%3B98109%3B78704%3Btrue%3B20%3Bfalse%3B123.45%3B2%3B10X8X4%3B"),
        "{}",
        host.url()
    );
    // V7 has neither: they are refused, never left out.
    let new = carrier(json!({}));
    shipment.options.cash_on_delivery = None;
    let sent = host.count();
    let refused = block_on(new.buy(&host.cx("buy"), &order(shipment.clone()), permit())).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::NoService);
    let reply = block_on(new.quote(&host.cx("quote"), &RateRequest::new(shipment))).unwrap();
    assert_eq!((reply.rejected[0].reason.clone(), host.count()), (RejectReason::Option, sent));
}

#[test]
fn a_parcel_is_never_sent_as_a_letter_by_accident() {
    let host = Canned::new(200, SOLD);
    let new = carrier(json!({}));
    let mut shipment = domestic();
    shipment.parcels[0].weight = "1g".parse().unwrap();
    shipment.parcels[0].dimensions = None;
    block_on(new.buy(&host.cx("buy"), &order(shipment.clone()), permit())).unwrap();
    assert!(host.message().contains("<Weight>0.01</Weight>"));
    let old = carrier(json!({ "version": "V6" }));
    block_on(old.buy(&host.cx("buy"), &order(shipment.clone()), permit())).unwrap();
    assert!(host.message().contains("<Weight>1</Weight>"));
    shipment.parcels[0].packaging = "letter".into();
    block_on(new.buy(&host.cx("buy"), &order(shipment), permit())).unwrap();
    assert!(host.message().contains("<Weight>0</Weight>"));
}

#[test]
fn parcels_are_matched_by_id_and_summed_and_a_missing_one_prices_nothing() {
    let rate = |uid: &str, total: &str, list: &str, day: &str| {
        format!(
            "<Shipment><Rates><Rate><Service>C</Service><TotalCharge>{total}</TotalCharge><TransitDays>2</TransitDays>\
             <ExpectedDeliveryDate>{day}</ExpectedDeliveryDate><GlobalRate>{list}</GlobalRate></Rate></Rates><UID>{uid}</UID></Shipment>"
        )
    };
    let answer =
        |inside: String| format!("<OnTracRateResponse><Shipments>{inside}</Shipments></OnTracRateResponse>");
    let asked = RateRequest::new(sample_shipment("us_domestic+2").unwrap());
    let (one, two) = (rate("1", "12.4150", "17.90", "20261127"), rate("2", "10.00", "15.00", "20261130"));
    let (host, carrier) = (Canned::new(200, answer(two.clone() + &one)), carrier(json!({})));
    let reply = block_on(carrier.quote(&host.cx("quote"), &asked)).unwrap();
    assert!(host.url().contains("11-24-26%2C2%3B98109"), "{}", host.url());
    let offer = &reply.rates[0];
    assert_eq!(offer.payable().unwrap().total.amount.to_string(), "22.4150");
    assert_eq!(offer.published().unwrap().total.amount.to_string(), "32.90");
    assert_eq!(offer.delivery.as_ref().unwrap().latest.date, "2026-11-30".parse().ok(), "the later one");
    for (answer, reason) in [
        (answer(one.clone()), RejectReason::NoPrice),
        (answer(one.clone() + &rate("2", "0.00", "0.00", "")), RejectReason::NoPrice),
        (
            answer(
                one + "<Shipment><UID>2</UID><Error>Saturday Service Unavailable for 78704</Error></Shipment>",
            ),
            RejectReason::Option,
        ),
    ] {
        let host = Canned::new(200, answer);
        let reply = block_on(carrier.quote(&host.cx("quote"), &asked)).unwrap();
        assert!(reply.rates.is_empty(), "{reply:?}");
        assert_eq!(reply.rejected[0].reason, reason);
    }
}

#[test]
fn what_can_be_refused_here_is_refused_before_the_permit_is_used() {
    type Change = fn(&mut LabelOrder);
    let changes: [(Change, &str); 14] = [
        (|order| order.shipment.from.lines = vec!["x".repeat(30), "y".repeat(30)], "from.lines"),
        (|order| order.shipment.to.lines = vec!["x".repeat(61)], "to.lines"),
        (|order| order.shipment.to.phone = None, "to.phone"),
        (|order| order.shipment.from.state = Some("Washington".into()), "from.state"),
        (|order| order.shipment.ship_date = None, "ship_date"),
        (|order| order.label.format = LabelFormat::Epl, "label.format"),
        (|order| order.label = LabelSpec { dpi: Some(300), ..LabelSpec::new(LabelFormat::Zpl) }, "label.dpi"),
        (|order| order.numbers = vec!["D10013700000427".into()], "numbers[0]"),
        (|order| order.shipment.references[0].value = "R".repeat(51), "references[0].value"),
        (|order| order.shipment.options.notify = vec!["nobody".into()], "options.notify[0]"),
        (
            |order| order.shipment.billing.transport = Payer::Recipient { account: None, postal_code: None },
            "billing.transport.account",
        ),
        (
            |order| {
                order.shipment.options.carrier.insert("instructions".into(), "i".repeat(101));
            },
            "options.carrier.instructions",
        ),
        (
            |order| {
                order.shipment.options.carrier.insert("drone".into(), "yes".into());
            },
            "options.carrier",
        ),
        (|order| order.shipment.parcels = sample_shipment("us_domestic+2").unwrap().parcels, "parcels"),
    ];
    let (host, carrier) = (Canned::new(200, SOLD), carrier(json!({})));
    for (change, wanted) in changes {
        let mut order = order(domestic());
        change(&mut order);
        let error = block_on(carrier.buy(&host.cx("buy"), &order, permit())).unwrap_err();
        assert_eq!(
            (error.kind.clone(), error.phase),
            (ErrorKind::Invalid, Phase::NotSent),
            "{wanted}: {error:?}"
        );
        assert!(error.fields.iter().any(|field| field.path == wanted), "{wanted}: {error:?}");
    }
    let no_service: [Change; 5] = [
        |order| order.service = "sunrise".into(),
        |order| order.shipment.to.lines = vec!["PO Box 12".into()],
        |order| order.shipment.parcels[0].weight = "151lb".parse().unwrap(),
        |order| order.shipment.options.signature = Some(Signature::Adult),
        |order| order.shipment.is_return = true,
    ];
    for change in no_service {
        let mut order = order(domestic());
        change(&mut order);
        let error = block_on(carrier.buy(&host.cx("buy"), &order, permit())).unwrap_err();
        assert_eq!((error.kind, error.phase), (ErrorKind::NoService, Phase::NotSent));
    }
    assert_eq!(host.count(), 0);
}

#[test]
fn the_password_is_in_the_url_and_nowhere_else() {
    let echo = format!(
        "<OnTracShipmentResponse><Error>bad call /V7/900123/shipments?pw={PASSWORD}</Error></OnTracShipmentResponse>"
    );
    for (status, body) in
        [(200, echo.as_str()), (500, ""), (404, "<html>"), (200, "<html>"), (200, ""), (200, "{}")]
    {
        let (host, carrier) = (Canned::new(status, body.to_owned()), carrier(json!({})));
        let error = block_on(carrier.buy(&host.cx("buy"), &order(domestic()), permit())).unwrap_err();
        assert!(host.url().contains(PASSWORD));
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
        // An unknown text for the whole call may come from a server that failed half-way.
        let open = status != 404;
        assert_eq!(error.phase == Phase::OutcomeUnknown, open, "{status} {body}: {error:?}");
    }
}

#[test]
fn answers_that_declare_entities_or_are_deep_are_not_read() {
    let entity =
        "<!DOCTYPE x [<!ENTITY a \"b\">]><OnTracTrackingResult>&a;</OnTracTrackingResult>".to_owned();
    let deep = format!("{}{}", "<OnTracTrackingResult>".repeat(60), "</OnTracTrackingResult>".repeat(60));
    for body in [entity, deep] {
        let (host, carrier) = (Canned::new(200, body), carrier(json!({})));
        let error = block_on(carrier.track(&host.cx("track"), &TrackRequest::new([NUMBER]))).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Malformed);
    }
}

#[test]
fn an_outage_is_an_error_and_never_an_absence() {
    let down = "<OnTracUpdateResponse><Error>Service Temporarily Unavailable</Error></OnTracUpdateResponse>";
    let silent = "<OnTracUpdateResponse/>";
    for (body, kind) in [(down, ErrorKind::Unavailable), (silent, ErrorKind::Malformed)] {
        let (host, carrier) = (Canned::new(200, body), carrier(json!({})));
        let request = RecoverRequest { order: order(domestic()), sent_at: waybill_testkit::standard_now() };
        let error = block_on(carrier.recover(&host.cx("recover"), &request)).unwrap_err();
        assert_eq!(error.kind, kind);
    }
}

#[test]
fn whoever_gets_labels_again_by_sending_again_is_not_asked() {
    let carrier = carrier(json!({ "same_number_again": true }));
    let traits = &carrier.profile().purchase;
    assert_eq!((traits.repeat, traits.lookup), (RepeatGuard::ChosenNumber, false));
    let host = Canned::new(200, "");
    let request = RecoverRequest { order: order(domestic()), sent_at: waybill_testkit::standard_now() };
    assert_eq!(block_on(carrier.recover(&host.cx("recover"), &request)).unwrap(), Recovery::Unsupported);
    assert_eq!(host.count(), 0);
}

#[test]
fn the_example_reads_and_wrong_settings_are_refused() {
    let example: waybill_ontrac::Config = toml::from_str(<OnTracPlugin as CarrierPlugin>::example()).unwrap();
    assert!(!format!("{example:?}").contains("an-invented-password"));
    OnTracPlugin::new(example).unwrap();
    for settings in [
        json!({ "account_number": "12a" }),
        json!({ "account_number": "" }),
        json!({ "password": "" }),
        json!({ "number_block": "12" }),
        json!({ "number_block": null, "number_first": 5 }),
        json!({ "number_block": null, "same_number_again": true }),
        json!({ "number_first": 9, "number_last": 8 }),
        json!({ "pdf_layout": "plain" }),
        json!({ "default_phone": "call me" }),
        json!({ "base_url": "mailto:nobody" }),
    ] {
        assert_eq!(
            try_carrier(settings.clone()).map(|_| ()).unwrap_err().kind,
            ErrorKind::Config,
            "{settings}"
        );
    }
}

use waybill_ontrac::OnTrac as OnTracPlugin;
