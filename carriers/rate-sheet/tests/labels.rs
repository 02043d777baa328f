//! From the config to a label, without any network.

mod common;

use common::*;
use waybill_core::{
    AllocateRequest, Carrier, CarrierPlugin, ErrorKind, Handle, LabelFormat, LabelKey, LabelOrder, LabelSpec,
    ManifestEntry, ManifestRequest, Parcel, PermitId, RateRequest, RecoverRequest, Recovery, Reference,
    ReferenceKind, Settlement, SpendPermit, VoidOutcome,
};
use waybill_documents::{DocumentKind as Kind, sniff};
use waybill_rate_sheet::RateSheet;
use waybill_rate_sheet::numbers::CheckDigit;

fn carrier() -> Box<dyn Carrier> {
    RateSheet::open(example_config()).unwrap()
}

fn permit() -> SpendPermit {
    SpendPermit::issue(PermitId("test".into()))
}

fn order(format: LabelFormat) -> LabelOrder {
    let mut shipment = german("22047", "3kg");
    shipment.parcels.push(Parcel::new("7kg".parse().unwrap(), None));
    shipment.references.push(Reference::new(ReferenceKind::Order, "EX-4711"));
    shipment.to.name = Some("李雷".into());
    LabelOrder {
        shipment,
        service: "van-day".into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(format),
        handle: Handle(uuid::Uuid::from_u128(7)),
        numbers: vec![],
    }
}

async fn allocated(carrier: &dyn Carrier, mut order: LabelOrder, sequence: u64) -> LabelOrder {
    let request = AllocateRequest { order: order.clone(), sequence };
    order.numbers = carrier.label().unwrap().allocate(&cx(), &request).await.unwrap().numbers;
    order
}

#[tokio::test]
async fn a_label_is_quoted_numbered_drawn_and_drawn_again_alike() {
    let carrier = carrier();
    let label = carrier.label().unwrap();
    let order = allocated(&*carrier, order(LabelFormat::Zpl), 41).await;
    let number = order.numbers[0].as_str();
    assert_eq!(number, format!("EV100000041{}", CheckDigit::Mod10.of("100000041").unwrap()));
    let purchase = label.buy(&cx(), &order, permit()).await.unwrap();
    assert_eq!(purchase.pieces.len(), 2);
    assert!(purchase.has_labels());
    assert_eq!(
        purchase.settlement,
        Settlement::Offline { channel: Some("monthly invoice of Example Vans".into()) }
    );
    // (5.10 + 7.40) * 1.0725 * 1.19
    assert_eq!(purchase.charged().unwrap().to_string(), "15.95 EUR");
    let zpl = String::from_utf8(purchase.documents[0].bytes.to_vec()).unwrap();
    for words in [number, "EX-4711", "Li Lei", "1 of 2", "north", "Example Vans"] {
        assert!(zpl.contains(words), "no `{words}` in {zpl}");
    }
    let request = RecoverRequest { order: order.clone(), sent_at: cx().now() };
    assert_eq!(label.recover(&cx(), &request).await.unwrap(), Recovery::Found(vec![purchase]));
}

#[tokio::test]
async fn a_pdf_label_is_a_whole_pdf() {
    let carrier = carrier();
    let order = allocated(&*carrier, order(LabelFormat::Pdf), 0).await;
    let purchase = carrier.label().unwrap().buy(&cx(), &order, permit()).await.unwrap();
    for document in &purchase.documents {
        let found = sniff(&document.bytes);
        assert_eq!((found.kind, found.complete), (Kind::Pdf, true));
    }
}

#[tokio::test]
async fn what_cannot_be_done_is_refused() {
    let carrier = carrier();
    let label = carrier.label().unwrap();
    let good = allocated(&*carrier, order(LabelFormat::Pdf), 0).await;
    let kind = async |order: &LabelOrder| label.buy(&cx(), order, permit()).await.unwrap_err().kind;
    let mut unnumbered = good.clone();
    unnumbered.numbers.pop();
    assert_eq!(kind(&unnumbered).await, ErrorKind::Invalid);
    let mut foreign = good.clone();
    foreign.numbers[0] = "EV1000000000".into();
    foreign.numbers[1] = "EV1000000000".into();
    assert_eq!(kind(&foreign).await, ErrorKind::Invalid);
    let mut heavy = good.clone();
    heavy.shipment.parcels[0].weight = "41kg".parse().unwrap();
    assert_eq!(kind(&heavy).await, ErrorKind::Invalid);
    let mut unknown = good.clone();
    unknown.service = "van-night".into();
    assert_eq!(kind(&unknown).await, ErrorKind::NoService);
    let mut gif = good.clone();
    gif.label.format = LabelFormat::Gif;
    assert_eq!(kind(&gif).await, ErrorKind::Invalid);
    let end = AllocateRequest { order: good, sequence: 99_999_999 };
    let error = label.allocate(&cx(), &end).await.unwrap_err();
    assert!(error.message.contains("used up"), "{error}");
}

#[tokio::test]
async fn unused_labels_cost_nothing_and_the_driver_gets_a_list() {
    let carrier = carrier();
    let order = allocated(&*carrier, order(LabelFormat::Pdf), 0).await;
    let key = LabelKey {
        shipment_key: order.numbers[0].as_str().into(),
        tracking: order.numbers.clone(),
        service: order.service.clone(),
        handle: order.handle,
        bought_at: cx().now(),
        carrier_data: None,
    };
    let outcome = carrier.label().unwrap().void(&cx(), &key).await.unwrap();
    assert!(matches!(outcome, VoidOutcome::NotNeeded { .. }));
    let stranger = LabelKey { tracking: vec!["1Z999".into()], ..key.clone() };
    assert_eq!(carrier.label().unwrap().void(&cx(), &stranger).await.unwrap_err().kind, ErrorKind::NotFound);
    let entry = ManifestEntry {
        shipment_key: key.shipment_key,
        tracking: vec![order.numbers[0].clone(), "1Z999".into()],
        service: order.service,
    };
    let request = ManifestRequest {
        from: order.shipment.from,
        ship_date: day(2026, 11, 20),
        shipments: vec![entry],
        handle: order.handle,
    };
    let list = carrier.manifest().unwrap().close(&cx(), &request, permit()).await.unwrap();
    assert_eq!((list.accepted.len(), list.refused.len()), (1, 1));
    assert!(sniff(&list.documents[0].bytes).complete);
}

#[tokio::test]
async fn every_service_is_a_rate_or_a_reason_once() {
    let carrier = carrier();
    for weight in ["1kg", "11kg", "39kg", "41kg"] {
        let request = RateRequest::new(german("80331", weight));
        let reply = carrier.rate_quote().unwrap().quote(&cx(), &request).await.unwrap();
        assert_eq!(reply.rates.len() + reply.rejected.len(), 2, "{weight}");
        let mut foreign = request.clone();
        foreign.currency = "USD".parse().ok();
        assert!(carrier.rate_quote().unwrap().quote(&cx(), &foreign).await.unwrap().rates.is_empty());
    }
}

#[test]
fn files_that_nobody_read_are_named() {
    let config = toml::from_str("sheet_file = 'vans.toml'").unwrap();
    let error = RateSheet::open(config).err().unwrap();
    assert!(error.message.contains("vans.toml"), "{error}");
    assert!(toml::from_str::<waybill_rate_sheet::config::Config>("shet = ''").is_err());
}
