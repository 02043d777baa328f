//! The pure half, by name: every parser over one answer, and every request body that the async half would send. For
//! tests, fuzz targets and benchmarks; not part of the carrier's contract.

use http::Method;
use rust_decimal::Decimal;
use url::Url;
use waybill_core::{
    Country, LabelOrder, LabelSpec, ManifestRequest, PickupRequest, RateRequest, Request, Response, Result,
    Shipment, TrackingNumber, wire,
};

use crate::carrier::Usps;
use crate::config::Config;
use crate::parcel::Measures;
use crate::rate_rows::{Ask, read};
use crate::services::CLASSES;
use crate::ship::{Lane, Plan};

/// A parser: reads an answer and forgets what it read.
pub type Parser = fn(&Config, &Response) -> Result<()>;

/// Every parser.
pub const PARSERS: &[(&str, Parser)] = &[
    ("token", |_, response| crate::auth::token_answer(response)),
    ("payment", |_, response| crate::auth::parse_payment(response).map(drop)),
    ("options", |config, response| options(config, response).map(drop)),
    ("prices", |_, response| crate::prices::parse_all(response).map(drop)),
    ("standards", |_, response| {
        crate::standards::parse(response, "USPS_GROUND_ADVANTAGE", Decimal::ONE).map(drop)
    }),
    ("landed", |config, response| landed(config, response)),
    ("label", |config, response| label(config, response).map(drop)),
    ("return_label", |config, response| return_label(config, response).map(drop)),
    ("recovery", |_, response| {
        crate::recover::parse_absence(response);
        Ok(())
    }),
    ("void", |_, response| crate::void::parse(response).map(drop)),
    ("scan_form", |_, response| crate::manifest::parse(response, &["1".to_owned()]).map(drop)),
    ("track", |_, response| crate::track::parse_one(response, &TrackingNumber::from("1")).map(drop)),
    ("track_batch", |_, response| {
        crate::track::parse_batch(response, &[TrackingNumber::from("1")]).map(drop)
    }),
    ("pickup", |_, response| crate::pickup::parse(response, chrono::NaiveDate::default()).map(drop)),
    ("pickup_etag", |_, response| crate::pickup::parse_etag(response).map(drop)),
    ("pickup_cancelled", |_, response| crate::pickup::parse_cancelled(response).map(drop)),
    ("address", |_, response| crate::address::parse(response, &sample_shipment(Country::US).to).map(drop)),
    ("account", |_, response| crate::account::parse(response).map(drop)),
    ("error", |_, response| Err(crate::error::refusal(response, "test"))),
];

fn sample_shipment(to: Country) -> Shipment {
    let place = |country| waybill_core::Address::new("A B", "1 Main St", "City", "NY", "10001", country);
    let parcel = waybill_core::Parcel::new(
        waybill_core::Weight::new(2, waybill_core::WeightUnit::Pound),
        Some(waybill_core::Dimensions::new(12, 8, 6, waybill_core::LengthUnit::Inch)),
    );
    Shipment::new(place(Country::US), place(to), vec![parcel])
}

fn with_ask<T>(config: &Config, to: Country, work: impl FnOnce(&Ask<'_>) -> Result<T>) -> Result<T> {
    let shipment = sample_shipment(to);
    let Some(parcel) = shipment.parcels.first() else {
        return Err(waybill_core::Error::invalid(Vec::new()));
    };
    work(&Ask {
        config,
        parcel,
        measures: Measures::of(parcel)?,
        international: to != Country::US,
        classes: CLASSES.iter().collect(),
        codes: Vec::new(),
        soft_pack: false,
        non_rectangular: false,
        keep_unknown: true,
    })
}

/// Reads a shipping options answer for a 2 lb box of 12 x 8 x 6 in: how many classes are offered, refused and to be
/// priced again.
pub fn options(config: &Config, response: &Response) -> Result<(usize, usize, usize)> {
    with_ask(config, Country::US, |ask| {
        let rows = read(&crate::rate::parse(response)?, ask);
        Ok((rows.offers.len(), rows.refused.len(), rows.uncertain.len()))
    })
}

fn landed(config: &Config, response: &Response) -> Result<()> {
    with_ask(config, Country::DE, |ask| crate::landed::parse(response, ask).map(drop))
}

/// Reads the answer to a purchase.
pub fn label(config: &Config, response: &Response) -> Result<waybill_core::Purchase> {
    crate::label::purchase(response, &LabelSpec::default(), Lane::Domestic, config)
}

/// Reads the answer to the purchase of a return label.
pub fn return_label(config: &Config, response: &Response) -> Result<waybill_core::Purchase> {
    crate::label::purchase(response, &LabelSpec::default(), Lane::Return, config)
}

/// Reads the answer to a purchase abroad.
pub fn international_label(config: &Config, response: &Response) -> Result<waybill_core::Purchase> {
    crate::label::purchase(response, &LabelSpec::default(), Lane::International, config)
}

/// Reads what the classic tracking API says of one number.
pub fn track(response: &Response, number: &str) -> Result<waybill_core::TrackOutcome> {
    Ok(crate::track::parse_one(response, &TrackingNumber::from(number))?.outcome)
}

/// Reads what the current tracking API says of several numbers.
pub fn track_batch(response: &Response, numbers: &[&str]) -> Result<Vec<waybill_core::TrackReply>> {
    let numbers: Vec<_> = numbers.iter().map(|number| TrackingNumber::from(*number)).collect();
    crate::track::parse_batch(response, &numbers)
}

/// The label request of an order, without tokens.
pub fn label_request(carrier: &Usps, order: &LabelOrder) -> Result<Request> {
    Plan::new(carrier, order)?.request()
}

/// The shipping options request for all classes of a shipment's lane, for its first parcel.
pub fn options_request(config: &Config, request: &RateRequest, base: &Url) -> Result<Request> {
    let shipment = &request.shipment;
    let Some(parcel) = shipment.parcels.first() else {
        return Err(waybill_core::Error::invalid_field("parcels", "there is no parcel", "give one"));
    };
    let international = !shipment.is_domestic();
    let ask = Ask {
        config,
        parcel,
        measures: Measures::of(parcel)?,
        international,
        classes: CLASSES.iter().filter(|class| class.international == international).collect(),
        codes: Vec::new(),
        soft_pack: false,
        non_rectangular: false,
        keep_unknown: true,
    };
    let body = crate::rate::options_request(shipment, &ask);
    wire::json_request(Method::POST, &wire::endpoint(base, "/shipments/v3/options/search"), &body)
}

/// The SCAN form request.
pub fn manifest_request(request: &ManifestRequest, base: &Url) -> Result<Request> {
    wire::json_request(
        Method::POST,
        &wire::endpoint(base, "/scan-forms/v3/scan-form"),
        &crate::manifest::body(request)?,
    )
}

/// The pickup request.
pub fn pickup_request(request: &PickupRequest, base: &Url) -> Result<Request> {
    wire::json_request(
        Method::POST,
        &wire::endpoint(base, "/pickup/v3/carrier-pickup"),
        &crate::pickup::body(request)?,
    )
}

/// Status word and detail word of an event code, as the table has them.
pub fn event_status(code: &str) -> Option<(String, Option<String>)> {
    let (status, detail) = crate::track_codes::of_code(code)?;
    Some((status.as_str().to_owned(), detail.map(|detail| detail.as_str().to_owned())))
}
