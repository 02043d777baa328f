//! Against USPS's own samples and tables, where they are at hand: every sample reads as what it is. Requests are checked in
//! `requests.rs`.

mod common;

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;
use waybill_core::{Error, ErrorKind, Response};
use waybill_usps::Config;
use waybill_usps::check_digit::check;
use waybill_usps::pure::{self, PARSERS};

macro_rules! shared_or_skip {
    () => {
        match common::shared() {
            Some(folder) => folder,
            None => {
                println!("skipped: the shared specifications are not here (WAYBILL_SHARED)");
                return;
            }
        }
    };
}

fn answer(folder: &Path, name: &str, status: u16) -> Response {
    let body =
        std::fs::read(folder.join("samples").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
    response
}

fn parse(parser: &str, response: &Response) -> Result<(), Error> {
    let (_, parser) = PARSERS.iter().find(|(name, _)| *name == parser).unwrap();
    parser(&common::config(), response)
}

/// Sample, status of the answer, parser, and the kind of error that it is.
const SAMPLES: &[(&str, u16, &str, Option<ErrorKind>)] = &[
    ("oauth_token_200.json", 200, "token", None),
    ("oauth_error_401_invalid_client.json", 401, "token", Some(ErrorKind::Auth)),
    ("payment_authorization_200.json", 200, "payment", None),
    ("payment_account_inquiry_200.json", 200, "account", None),
    ("shipping_options_commercial_200.json", 200, "options", None),
    ("shipping_options_retail_5_classes_200.json", 200, "options", None),
    ("shipping_options_contract_international_200.json", 200, "options", None),
    ("base_rates_200_spec.json", 200, "prices", None),
    ("base_rates_commercial_200.json", 200, "prices", None),
    ("base_rates_retail_200.json", 200, "prices", None),
    ("base_rates_error_400_zone.json", 400, "prices", Some(ErrorKind::NoService)),
    ("total_rates_200.json", 200, "prices", None),
    ("intl_total_rates_200.json", 200, "prices", None),
    ("intl_base_rates_list_200.json", 200, "prices", None),
    ("service_standards_estimates_200.json", 200, "standards", None),
    ("service_standards_error_400_missing_zip.json", 400, "standards", Some(ErrorKind::Invalid)),
    ("label_response_200_vendor_json.json", 200, "label", None),
    ("label_response_200_multipart.txt", 200, "label", None),
    ("label_return_response_json_200.json", 200, "label", None),
    ("label_reprint_200.json", 200, "label", None),
    ("intl_label_response_201.json", 201, "label", None),
    ("label_cancel_200_canceled.json", 200, "void", None),
    ("intl_label_cancel_200.json", 200, "void", None),
    ("label_cancel_error_not_found.json", 400, "void", Some(ErrorKind::NotFound)),
    ("scan_form_response_200_vendor.json", 200, "scan_form", None),
    ("scan_form_response_200_multipart.txt", 200, "scan_form", None),
    ("tracking_detail_delivered_200.json", 200, "track", None),
    ("tracking_v3_json_events_200.json", 200, "track", None),
    ("tracking_v3r2_delivered_200.json", 200, "track_batch", None),
    ("tracking_v3r2_in_transit_200.json", 200, "track_batch", None),
    ("tracking_v3r2_out_for_delivery_200.json", 200, "track_batch", None),
    ("tracking_error_404_not_found.json", 404, "error", Some(ErrorKind::NotFound)),
    ("pickup_create_200.json", 200, "pickup", None),
    ("address_200.json", 200, "address", None),
    ("address_error_not_found.json", 404, "error", Some(ErrorKind::NotFound)),
    ("address_error_invalid_city.json", 400, "error", Some(ErrorKind::Invalid)),
    ("city_state_error_400_invalid_zip.json", 400, "error", Some(ErrorKind::Invalid)),
    ("error_401_invalid_token_addresses.json", 401, "error", Some(ErrorKind::Auth)),
];

#[test]
fn every_sample_reads_as_what_it_is() {
    let folder = shared_or_skip!();
    for (name, status, parser, kind) in SAMPLES {
        let read = parse(parser, &answer(&folder, name, *status));
        assert_eq!(read.as_ref().err().map(|error| &error.kind), kind.as_ref(), "{name}: {read:?}");
    }
    let throttled = parse("error", &answer(&folder, "error_429_too_many_requests.json", 429)).unwrap_err();
    assert!(matches!(throttled.kind, ErrorKind::RateLimited { .. }));
    // Not read: requests, edits of labels, locations, city and state, prices of extra services alone.
    let unread = std::fs::read_dir(folder.join("samples")).unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let read = SAMPLES.iter().any(|row| row.0 == name) || name.starts_with("error_429");
        let other =
            ["request", "SOURCES", "extra_service_rates", "label_edit", "locations", "city_state_200"]
                .iter()
                .any(|word| name.contains(word));
        (!read && !other).then_some(name)
    });
    assert_eq!(unread.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn labels_hold_what_the_samples_say() {
    let folder = shared_or_skip!();
    for (name, status, number, charged) in [
        ("label_response_200_vendor_json.json", 200, "123456789012", "19.20 USD"),
        ("label_reprint_200.json", 200, "123456789012", "19.20 USD"),
        ("label_return_response_json_200.json", 200, "9234690361980900000142", "18.76 USD"),
        ("intl_label_response_201.json", 201, "EZ000012162US", "286.03 USD"),
        ("label_response_200_multipart.txt", 200, "9234690361980900000142", ""),
    ] {
        let bought = pure::label(&common::config(), &answer(&folder, name, status)).unwrap();
        assert_eq!(bought.pieces[0].tracking, number, "{name}");
        assert!(bought.has_labels(), "{name}");
        if !charged.is_empty() {
            assert_eq!(bought.charged().unwrap().to_string(), charged, "{name}");
        }
    }
}

#[test]
fn a_retail_answer_is_no_commercial_offer_and_rows_without_indicator_are_priced_again() {
    let folder = shared_or_skip!();
    let retail = answer(&folder, "shipping_options_retail_5_classes_200.json", 200);
    let (offers, refused, again) = pure::options(&common::config(), &retail).unwrap();
    assert_eq!((offers, refused, again), (0, 5, 0));
    // With RETAIL as the tier's name the same rows are offers.
    let config: Config = Config { commercial_price_type: "RETAIL".into(), ..common::config() };
    assert_eq!(pure::options(&config, &retail).unwrap(), (5, 0, 0));
}

#[test]
fn event_codes_agree_with_the_table() {
    let folder = shared_or_skip!();
    let table = std::fs::read_to_string(folder.join("spec/tracking-event-codes.tsv")).unwrap();
    let mut rows = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<_> = line.split('\t').collect();
        let (code, normalized) = (columns[0], columns[2]);
        let (status, detail) = pure::event_status(code).unwrap_or_else(|| panic!("{code} is missing"));
        let agrees = match normalized {
            "returned" => detail.as_deref() == Some("returning"),
            "exception" => matches!(status.as_str(), "exception" | "attempted"),
            "in_transit" => matches!(status.as_str(), "in_transit" | "available_for_pickup"),
            other => status == other,
        };
        assert!(agrees, "{code}: {normalized} is {status} {detail:?}");
        rows += 1;
    }
    assert!(rows > 50);
}

#[test]
fn check_digits_agree_with_the_vectors() {
    let folder = shared_or_skip!();
    for file in ["tracking-number-usps.json", "tracking-number-s10.json"] {
        let text = std::fs::read(folder.join("spec").join(file)).unwrap();
        let data: Value = serde_json::from_slice(&text).unwrap();
        let mut seen = 0;
        for kind in data["tracking_numbers"].as_array().unwrap() {
            let numbers = |which: &str| kind["test_numbers"][which].as_array().cloned().unwrap_or_default();
            let weights = kind["validation"]["checksum"]["name"].as_str().unwrap_or_default();
            if !matches!(weights, "mod10" | "s10") {
                continue;
            }
            for number in numbers("valid") {
                let number = number.as_str().unwrap().to_owned();
                assert!(check(&number).is_some(), "{file}: {number}");
                seen += 1;
            }
            // Unknown countries are no matter of check digits.
            for number in
                numbers("invalid").iter().filter_map(Value::as_str).filter(|number| !number.ends_with("XX"))
            {
                assert!(check(number).is_none(), "{file}: {number}");
            }
        }
        assert!(seen > 3, "{file}");
    }
}
