//! What the carrier offers, as data: hosts screen shipments, fill forms and write docs from it.
//! Next: `carrier.rs`.

use waybill_core::{
    Billed, Border, Country, LabelFormat, LabelOffer, Lane, Limits, Linking, NotProcessed, Pieces, Places,
    Profile, PurchaseTraits, RepeatGuard, Service, Settlement, Signature, Weight, WeightUnit,
};

/// Id of the carrier.
pub const ID: &str = "hello";

/// The carrier as data.
pub fn profile() -> Profile {
    let us = || Places::Only(vec![Country::US]);
    let inside = vec![Lane { from: us(), to: us(), border: Border::Domestic }];
    Profile {
        id: ID.into(),
        name: "Hello Parcel".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        services: vec![
            service("ground", "GROUND", "Hello Ground", inside.clone(), 5),
            service("express", "EXPRESS", "Hello Express", inside, 1),
            service("world", "WORLD", "Hello World", vec![Lane::export_from(Country::US)], 1),
        ],
        packagings: Vec::new(),
        labels: vec![LabelOffer::new(LabelFormat::Pdf), LabelOffer::at(LabelFormat::Zpl, &[203])],
        carrier_options: Vec::new(),
        pieces: Pieces::OneShipment,
        settlement: Settlement::BilledToAccount,
        purchase: PurchaseTraits {
            repeat: RepeatGuard::Handle,
            lookup: true,
            recovers_label: true,
            voids: true,
            billed: Billed::AtCreation,
            not_processed: vec![NotProcessed::status(429, "API guide, section Limits")],
            ..PurchaseTraits::default()
        },
        linking: Linking::everybody(),
        hosts: vec!["api.hello-parcel.example".to_owned()],
        quotas: Vec::new(),
        track_batch: 20,
        terms: Vec::new(),
        currencies: Vec::new(),
    }
}

fn service(code: &str, carrier_code: &str, name: &str, lanes: Vec<Lane>, max_parcels: u16) -> Service {
    let mut service = Service::new(code, carrier_code, name, lanes);
    service.max_parcels = max_parcels;
    service.limits = Limits { max_weight: Some(Weight::new(30, WeightUnit::Kilogram)), ..Limits::default() };
    service.options.signatures = vec![Signature::Signature];
    service
}
