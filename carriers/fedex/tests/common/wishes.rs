//! Shipments with everything that can be wished for, each with a service that takes it.

use waybill_core::*;

use super::shipment;

/// What it is about, the shipment, the service.
pub type Wish = (&'static str, Shipment, &'static str);

fn with(name: &str, wish: fn(&mut Shipment)) -> Shipment {
    let mut shipment = shipment(name);
    wish(&mut shipment);
    shipment
}

pub fn wishes() -> Vec<Wish> {
    let mut all = domestic();
    all.extend(options());
    all.extend(parties());
    all.extend(abroad());
    all
}

const BUSINESS: &str = "us_business";

fn domestic() -> Vec<Wish> {
    vec![
        ("plain", with(BUSINESS, |_| {}), "ground"),
        ("home", with("us_domestic", |s| s.options.signature = Some(Signature::Indirect)), "home-delivery"),
        ("evening", with("us_domestic", |s| drop(carrier(s, "home-delivery", "evening"))), "home-delivery"),
        ("economy", with("us_domestic", |_| {}), "ground-economy"),
        ("two pieces", with(BUSINESS, |s| s.parcels.push(s.parcels[0].clone())), "2-day"),
    ]
}

fn carrier(shipment: &mut Shipment, name: &str, value: &str) -> Option<String> {
    shipment.options.carrier.insert(name.into(), value.into())
}

fn options() -> Vec<Wish> {
    let hold = |s: &mut Shipment| {
        s.options.hold_at = Some(HoldAt { location: "YBZA".into(), address: Some(s.to.clone()) });
    };
    let batteries = |s: &mut Shipment| {
        s.parcels[0].batteries = vec![
            Battery { kind: BatteryKind::LithiumIon, packing: BatteryPacking::Contained },
            Battery { kind: BatteryKind::LithiumMetal, packing: BatteryPacking::Standalone },
        ];
    };
    let value = |s: &mut Shipment| s.parcels[0].declared_value = "250.00 GBP".parse().ok();
    vec![
        ("adult signature", with(BUSINESS, |s| s.options.signature = Some(Signature::Adult)), "2-day"),
        ("Saturday", with(BUSINESS, |s| s.options.saturday_delivery = true), "priority-overnight"),
        ("hold", with(BUSINESS, hold), "2-day"),
        ("dry ice", with(BUSINESS, |s| s.parcels[0].dry_ice = "1.5kg".parse().ok()), "priority-overnight"),
        ("alcohol", with(BUSINESS, |s| s.options.alcohol = Some(AlcoholRecipient::Consumer)), "2-day"),
        ("batteries", with(BUSINESS, batteries), "2-day"),
        ("declared value", with(BUSINESS, value), "2-day"),
    ]
}

fn parties() -> Vec<Wish> {
    let third = |s: &mut Shipment| {
        s.billing.transport =
            Payer::ThirdParty { account: "999000111".into(), country: Country::US, postal_code: None };
    };
    let back = |s: &mut Shipment| {
        s.is_return = true;
        s.references.push(Reference::new(ReferenceKind::Rma, "RMA-77"));
    };
    let letter = |s: &mut Shipment| {
        s.return_to = Some(s.from.clone());
        s.options.notify = vec!["ops@brindlewood.test".into()];
        s.parcels[0].packaging = "envelope".into();
        s.parcels[0].weight = "8oz".parse().unwrap();
    };
    vec![
        ("third party", with(BUSINESS, third), "ground"),
        ("return", with(BUSINESS, back), "ground"),
        ("return address, e-mails, envelope", with(BUSINESS, letter), "priority-overnight"),
    ]
}

fn abroad() -> Vec<Wish> {
    let paid = |s: &mut Shipment| {
        s.options.paperless_customs = Some(true);
        if let Some(customs) = &mut s.customs {
            customs.incoterm = Some(Incoterm::Ddp);
            customs.importer = Some(s.to.clone());
            customs.permits = vec!["P-1".into()];
            customs.remarks = Some("Handle dry".into());
        }
        s.to.tax_ids = vec![TaxId { kind: TaxIdKind::Eori, number: "DE123456789".into(), country: None }];
    };
    let uploaded = |s: &mut Shipment| {
        s.options.paperless_customs = Some(true);
        carrier(s, "trade-documents", "0901, 0902");
    };
    let certified = |s: &mut Shipment| {
        carrier(
            s,
            "trade-documents",
            "certificate_of_origin:0903, usmca_certification_of_origin:0904, other:0905",
        );
    };
    let later = |s: &mut Shipment| drop(carrier(s, "trade-documents", "later"));
    let papers = |s: &mut Shipment| {
        if let Some(customs) = &mut s.customs {
            customs.contents = ContentsKind::Documents;
        }
    };
    vec![
        ("abroad", with("us_to_de", |_| {}), "international-priority"),
        ("abroad, paperless, duty paid", with("us_to_de", paid), "international-economy"),
        ("abroad, uploaded invoice", with("us_to_de", uploaded), "international-priority"),
        ("abroad, uploaded papers", with("us_to_de", certified), "international-priority"),
        ("abroad, papers later", with("us_to_de", later), "international-priority"),
        ("documents", with("de_to_us", papers), "international-priority-express"),
        ("from China", with("cn_to_us", |_| {}), "international-connect-plus"),
        ("from Canada", with("ca_to_us", |_| {}), "ground"),
    ]
}
