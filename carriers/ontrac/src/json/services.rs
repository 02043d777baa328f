//! What the JSON services sell, as far as it is known.

use waybill_core::{
    Billed, Border, CarrierOption, Country, Currency, LabelFormat, LabelOffer, Lane, Length, LengthUnit,
    Limits, Linking, Pieces, Places, Profile, PurchaseTraits, Quota, RepeatGuard, Service, ServiceOptions,
    Settlement, Signature, Weight, WeightUnit,
};

use crate::config::{JSON_HOST, JsonAccount};
use crate::services::{INSTRUCTIONS, uncertain};

/// Our name, OnTrac's code, public name. Public names of `XPRS` and `GRES` are guessed from the codes.
const SERVICES: &[(&str, &str, &str)] = &[
    ("ground", "GRND", "OnTrac Ground"),
    ("express", "XPRS", "OnTrac Express"),
    ("ground-gres", "GRES", "OnTrac Ground (GRES)"),
];

/// The carrier as data for an account of the JSON services.
pub(crate) fn profile(account: &JsonAccount) -> Profile {
    let mut hosts = vec![JSON_HOST.to_owned()];
    hosts.extend(account.tracking_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned));
    Profile {
        id: "ontrac".into(),
        name: "OnTrac".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        services: SERVICES.iter().map(|row| service(row.0, row.1, row.2)).collect(),
        packagings: Vec::new(),
        labels: vec![LabelOffer::new(LabelFormat::Pdf), LabelOffer::at(LabelFormat::Zpl, &[203])],
        carrier_options: vec![CarrierOption {
            name: INSTRUCTIONS.into(),
            help: "Words for the driver, at most 100 characters: `ring twice`.".into(),
        }],
        pieces: Pieces::OneEach,
        settlement: Settlement::BilledToAccount,
        purchase: PurchaseTraits {
            // Nothing is known of an order that is sent again, of a look-up, or of an unused label's price: the most
            // careful answer to each.
            repeat: RepeatGuard::None,
            lookup: false,
            recovers_label: false,
            voids: false,
            billed: Billed::AtCreation,
            settle_seconds: uncertain::SETTLE_SECONDS,
            recover_within_seconds: None,
            timeout_seconds: 60,
            not_processed: Vec::new(),
        },
        linking: Linking {
            sellers: Places::Only(vec![Country::US]),
            reason: "OnTrac opens accounts for shippers in the United States only".into(),
        },
        hosts,
        quotas: vec![Quota {
            calls: 500,
            seconds: 60,
            path: String::new(),
            source: "terms of use of the XML services (V7 document); none is known for the JSON services"
                .into(),
        }],
        track_batch: 1,
        terms: Vec::new(),
        currencies: vec![Currency::USD],
    }
}

fn service(code: &str, ontrac: &str, name: &str) -> Service {
    let us = || Places::Only(vec![Country::US]);
    let lane = Lane { from: us(), to: us(), border: Border::Domestic };
    let mut service = Service::new(code, ontrac, name, vec![lane]);
    service.limits = Limits {
        max_weight: Some(Weight::new(uncertain::POUNDS, WeightUnit::Pound)),
        max_length_plus_girth: Some(Length::new(uncertain::LENGTH_PLUS_GIRTH, LengthUnit::Inch)),
        dimensions_needed: true,
        ..Limits::default()
    };
    service.po_box = uncertain::PO_BOX;
    service.customs_data = false;
    service.options = ServiceOptions { signatures: vec![Signature::None], ..ServiceOptions::default() };
    service
}
