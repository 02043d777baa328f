//! Prices by table, and what is refused before anything is sent.

mod common;

use common::order;
use waybill_china_post::ChinaPost;
use waybill_core::{
    Carrier, CarrierPlugin, Currency, DocumentKind, Effect, ErrorKind, LabelFormat, LabelOrder, Money,
    PriceKind, RateReply, RateRequest, RateSource, RejectReason, Settlement,
};
use waybill_testkit::HttpHost;

fn account(prices: bool) -> Box<dyn Carrier> {
    let text = ChinaPost::example();
    let text = if prices { text } else { text.split("# The price table").next().unwrap() };
    ChinaPost::open(toml::from_str(text).unwrap()).unwrap()
}

async fn quote(carrier: &dyn Carrier, order: &LabelOrder) -> RateReply {
    let request = RateRequest::new(order.shipment.clone());
    let host = HttpHost::new();
    let reply = carrier.rate_quote().unwrap().quote(&host.cx("quote"), &request).await.unwrap();
    assert_eq!(host.requests().len(), 0, "prices come from a table");
    assert_eq!(reply.rates.len() + reply.rejected.len(), carrier.profile().services.len());
    reply
}

fn reason(reply: &RateReply, service: &str) -> RejectReason {
    reply.rejected.iter().find(|rejected| rejected.service == *service).unwrap().reason.clone()
}

#[tokio::test]
async fn contract_prices_carry_their_table_and_are_estimates() {
    let carrier = account(true);
    let reply = quote(&*carrier, &order("epacket")).await;
    let rate = reply.rates.iter().find(|rate| rate.service == "epacket").unwrap();
    let price = rate.payable().unwrap();
    // 21 + 0.071 x 400
    assert_eq!((price.kind.clone(), price.total.to_string()), (PriceKind::Contract, "49.40 CNY".to_owned()));
    let RateSource::Table { id, confidence, .. } = &rate.source else { panic!("no table") };
    assert!(id.starts_with("example-contract-2026/rates"), "{id}");
    assert_eq!(confidence.as_deref(), Some("example, not a real contract"));
    assert_eq!(reply.warnings[0].code.as_deref(), Some("estimate"));
    assert!(matches!(carrier.profile().settlement, Settlement::Offline { .. }));
    let ems = reply.rates.iter().find(|rate| rate.service == "ems").unwrap();
    assert_eq!(
        (ems.carrier_code.as_str(), ems.billed_weight.unwrap().to_string()),
        ("900", "500 g".to_owned())
    );
}

#[tokio::test]
async fn published_prices_and_the_limit_of_each_country() {
    let carrier = account(false);
    let mut to_russia = order("epacket");
    to_russia.shipment.to.country = "RU".parse().unwrap();
    to_russia.shipment.to.postal_code = Some("101000".into());
    to_russia.shipment.parcels[0].weight = "4.5kg".parse().unwrap();
    let reply = quote(&*carrier, &to_russia).await;
    let rate = reply.rates.iter().find(|rate| rate.service == "epacket").unwrap();
    // 12 + 0.060 x 4500; a published price is never passed off as the account's.
    assert_eq!(
        (rate.prices[0].kind.clone(), rate.prices[0].total.to_string()),
        (PriceKind::List, "282.00 CNY".to_owned())
    );
    let mut to_america = order("epacket");
    to_america.shipment.parcels[0].weight = "2.1kg".parse().unwrap();
    let reply = quote(&*carrier, &to_america).await;
    assert_eq!(reason(&reply, "epacket"), RejectReason::Weight);
    assert_eq!(reason(&quote(&*carrier, &order("epacket")).await, "epacket"), RejectReason::NoPrice);
}

#[tokio::test]
async fn customs_data_and_lanes_are_checked_before_the_permit_is_used() {
    let (carrier, host) = (account(true), HttpHost::new());
    let buy = async |change: &dyn Fn(&mut LabelOrder)| {
        let mut order = order("epacket");
        change(&mut order);
        let error = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap_err();
        (error.kind, error.fields.into_iter().map(|field| field.path).next().unwrap_or_default())
    };
    let invalid = |path: &str| (ErrorKind::Invalid, path.to_owned());
    assert_eq!(buy(&|order| order.shipment.customs = None).await, invalid("customs"));
    let item = "customs.items[0]";
    type Change = fn(&mut waybill_core::Commodity);
    let changes: [(&str, Change); 5] = [
        ("description", |item| item.description = "毛巾".into()),
        ("description", |item| item.description = "gift".into()),
        ("local_description", |item| item.local_description = None),
        ("unit_weight", |item| item.unit_weight = None),
        ("unit_value", |item| item.unit_value = Money::new(item.unit_value.amount, Currency::EUR)),
    ];
    for (field, change) in changes {
        let found = buy(&|order| change(&mut order.shipment.customs.as_mut().unwrap().items[0])).await;
        assert_eq!(found, invalid(&format!("{item}.{field}")));
    }
    assert_eq!(
        buy(&|order| order.shipment.parcels[0].weight = "0.2kg".parse().unwrap()).await,
        invalid("customs.items")
    );
    assert_eq!(buy(&|order| order.shipment.to.phone = None).await, invalid("to.phone"));
    assert_eq!(buy(&|order| order.numbers[0] = "LX471000178CN".into()).await, invalid("numbers"));
    assert_eq!(buy(&|order| order.label.format = LabelFormat::Zpl).await, invalid("label.format"));
    assert_eq!(buy(&|order| order.service = "ems-domestic".into()).await.0, ErrorKind::NoService);
    assert_eq!(
        buy(&|order| order.shipment.parcels.push(order.shipment.parcels[0].clone())).await,
        invalid("parcels")
    );
    assert_eq!((host.sent(Effect::Spend), host.requests().len()), (0, 0));
}

#[tokio::test]
async fn a_cn23_is_printed_above_the_limits_of_a_cn22() {
    let server = wiremock::MockServer::start().await;
    let number =
        serde_json::json!({"retCode": "00000", "success": true, "retBody": {"waybill_no": common::NUMBER}});
    let reply = wiremock::ResponseTemplate::new(200).set_body_json(number);
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(reply).mount(&server).await;
    let mut config: waybill_china_post::config::Config = toml::from_str(ChinaPost::example()).unwrap();
    config.base_url = server.uri().parse().ok();
    let (carrier, host) = (ChinaPost::open(config).unwrap(), HttpHost::new());
    let kinds = async |value: &str| {
        let mut order = order("epacket");
        order.shipment.customs.as_mut().unwrap().items[0].unit_value.amount = value.parse().unwrap();
        let bought = carrier.label().unwrap().buy(&host.cx("buy"), &order, host.permit()).await.unwrap();
        // The label is not there: the parcel is ordered all the same, and the reply says so.
        assert_eq!(bought.warnings[0].code.as_deref(), Some("label-later"));
        bought.documents.into_iter().map(|document| document.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("9.90").await, []);
    assert_eq!(kinds("200").await, [DocumentKind::Cn23]);
}
