#![allow(dead_code, reason = "each test binary uses a part of it")]

use waybill_core::{
    Address, Commodity, ContentsKind, Country, Currency, Customs, Handle, LabelFormat, LabelOrder, LabelSpec,
    Money, Parcel, Reference, ReferenceKind, Shipment,
};

pub const NUMBER: &str = "LX471000177CN";

pub fn address(
    name: &str,
    line: &str,
    city: &str,
    state: &str,
    code: &str,
    country: Country,
    phone: &str,
) -> Address {
    let mut address = Address::new(name, line, city, state, code, country);
    address.phone = Some(phone.into());
    address
}

pub fn order(service: &str) -> LabelOrder {
    let from =
        address("李雷", "示范工业园-1栋", "深圳市", "广东省", "518000", Country::CN, "+86 755 5550 0147");
    let to = address(
        "Odalys O'Fennimore",
        "2093 Copperleaf-Terrace",
        "Austin",
        "TX",
        "78704",
        Country::US,
        "+1 512 555 0163",
    );
    let mut shipment =
        Shipment::new(from, to, vec![Parcel::new("0.4kg".parse().unwrap(), "20x15x5cm".parse().ok())]);
    shipment.ship_date = "2026-11-24".parse().ok();
    shipment.references.push(Reference::new(ReferenceKind::Order, "ORDER-7731"));
    shipment.customs = Some(Customs {
        contents: ContentsKind::Merchandise,
        items: vec![Commodity {
            description: "Silicone phone case".into(),
            quantity: 3,
            unit_value: Money::new("9.90".parse().unwrap(), Currency::USD),
            unit_weight: "0.1kg".parse().ok(),
            hs_code: Some("3926.90".into()),
            origin: Some(Country::CN),
            sku: None,
            local_description: Some("硅胶手机壳".into()),
            parcel: None,
        }],
        incoterm: None,
        invoice_number: None,
        invoice_date: None,
        non_delivery: None,
        export_filing: None,
        permits: vec![],
        signer: None,
        importer: None,
        remarks: None,
    });
    LabelOrder {
        shipment,
        service: service.into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(LabelFormat::Pdf),
        handle: Handle(uuid::Uuid::from_u128(0x0192_f0c8_1d8e_7a3b_8c4d_5e6f_7a8b_9c0d)),
        numbers: vec![NUMBER.into()],
    }
}
