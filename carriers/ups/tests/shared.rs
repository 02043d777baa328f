//! Against the material that is shared beside the repository, where it is: UPS's samples are read to the values that
//! they hold. Skipped, and said so, where it is not.

#[allow(dead_code, reason = "each test file uses its own part")]
mod common;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{host, key, order, pickup, shared, ups};
use rust_decimal::Decimal;
use serde_json::Value;
use waybill_core::*;
use waybill_testkit::{block_on, sample_shipment};

fn samples() -> Option<BTreeMap<String, String>> {
    let files = std::fs::read_dir(shared("samples")?).unwrap().map(|entry| entry.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    Some(
        json.map(|path| {
            (path.file_stem().unwrap().to_string_lossy().into(), std::fs::read_to_string(path).unwrap())
        })
        .collect(),
    )
}

/// A list, or a bare element of it.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn number(value: &Value) -> Option<Decimal> {
    value["MonetaryValue"].as_str()?.parse().ok()
}

fn quote(text: &str) -> RateReply {
    let host = host(&[(200, text.to_owned())]);
    let request = RateRequest::new(sample_shipment("us_domestic").unwrap());
    block_on(ups().rate_quote().unwrap().quote(&host.cx("quote"), &request)).unwrap()
}

fn buy(text: &str, parcels: usize) -> Purchase {
    let host = host(&[(200, text.to_owned())]);
    block_on(ups().label().unwrap().buy(&host.cx("buy"), &order(parcels), host.permit())).unwrap()
}

/// Total with tax, else without.
fn total(published: &Value, with_taxes: &str, without: &str) -> Option<Decimal> {
    number(&published[with_taxes]).or_else(|| number(&published[without])).filter(|total| !total.is_zero())
}

#[test]
fn every_rate_of_a_sample_keeps_its_prices_to_the_digit() {
    let Some(samples) = samples() else { return };
    let mut seen = 0;
    for (name, text) in samples.iter().filter(|(name, _)| name.starts_with("rate_") && name.contains("_200"))
    {
        let raw: Value = serde_json::from_str(text).unwrap();
        let reply = quote(text);
        let rated = list(&raw["RateResponse"]["RatedShipment"]);
        assert_eq!(reply.rates.len(), rated.len(), "{name}");
        for (rate, rated) in reply.rates.iter().zip(rated) {
            let own = total(&rated["NegotiatedRateCharges"], "TotalChargesWithTaxes", "TotalCharge");
            let published = total(rated, "TotalChargesWithTaxes", "TotalCharges");
            let of =
                |kind| rate.prices.iter().find(|price| price.kind == kind).map(|price| price.total.amount);
            assert_eq!(of(PriceKind::Account), own, "{name} {}", rate.carrier_code);
            assert_eq!(of(PriceKind::List), published, "{name} {}", rate.carrier_code);
            assert_eq!(rate.carrier_code, rated["Service"]["Code"].as_str().unwrap(), "{name}");
            let day =
                rated["TimeInTransit"]["ServiceSummary"]["EstimatedArrival"]["Arrival"]["Date"].as_str();
            let read = rate.delivery.as_ref().and_then(|estimate| estimate.latest.date);
            assert_eq!(read.map(|day| day.format("%Y%m%d").to_string()).as_deref(), day, "{name}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn every_sale_of_a_sample_keeps_numbers_labels_and_prices() {
    let Some(samples) = samples() else { return };
    let mut seen = 0;
    for (name, text) in samples.iter().filter(|(name, _)| name.starts_with("ship_") && name.contains("_200"))
    {
        let raw: Value = serde_json::from_str(text).unwrap();
        let results = &raw["ShipmentResponse"]["ShipmentResults"];
        let packages = list(&results["PackageResults"]);
        let bought = buy(text, packages.len());
        assert_eq!(bought.shipment_key.as_str(), results["ShipmentIdentificationNumber"].as_str().unwrap());
        let labels: Vec<_> =
            bought.documents.iter().filter(|paper| paper.kind == DocumentKind::Label).collect();
        assert_eq!(labels.len(), packages.len(), "{name}");
        for ((piece, label), package) in bought.pieces.iter().zip(labels).zip(&packages) {
            assert_eq!(piece.tracking.as_str(), package["TrackingNumber"].as_str().unwrap(), "{name}");
            let file = STANDARD.decode(package["ShippingLabel"]["GraphicImage"].as_str().unwrap()).unwrap();
            assert_eq!(label.bytes.as_ref(), file, "{name}");
        }
        let own = total(&results["NegotiatedRateCharges"], "TotalChargesWithTaxes", "TotalCharge");
        let published = total(&results["ShipmentCharges"], "TotalChargesWithTaxes", "TotalCharges");
        assert_eq!(bought.charged().map(|charged| charged.amount), own.or(published), "{name}");
        let forms = bought.documents.iter().filter(|paper| paper.kind == DocumentKind::CommercialInvoice);
        assert_eq!(forms.count(), list(&results["Form"]).len(), "{name}");
        seen += 1;
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn every_error_of_a_sample_is_the_error_that_it_is() {
    let Some(samples) = samples() else { return };
    let errors = samples.iter().filter(|(name, _)| name.contains("error"));
    let mut seen = 0;
    for (name, text) in errors {
        let raw: Value = serde_json::from_str(text).unwrap();
        let error = &raw["response"]["errors"][0];
        let status = if name.contains("401") {
            401
        } else if name.contains("429") {
            429
        } else {
            400
        };
        let host = host(&[(status, text.clone())]);
        let refused =
            block_on(ups().label().unwrap().buy(&host.cx("buy"), &order(1), host.permit())).unwrap_err();
        assert_eq!(refused.carrier_code(), error["code"].as_str(), "{name}");
        assert_eq!(refused.carrier.as_ref().unwrap().message.as_deref(), error["message"].as_str(), "{name}");
        assert_eq!(refused.phase, Phase::Answered, "{name}");
        let kind = refused.kind.as_str();
        let expected = match error["code"].as_str().unwrap() {
            "250002" | "250003" => "auth",
            "10429" => "rate_limited",
            "111285" | "120202" => "bad_address",
            "190102" => "too_late",
            "9560131" => "invalid",
            other => panic!("{name}: say what {other} is"),
        };
        assert_eq!(kind, expected, "{name}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn tracking_void_recovery_addresses_and_pickups() {
    let Some(samples) = samples() else { return };
    let ups = ups();
    let scripted = |name: &str| host(&[(200, samples[name].clone())]);
    for (name, status, events) in [
        ("track_delivered_200", TrackStatus::Delivered, 2),
        ("track_in_transit_200", TrackStatus::InTransit, 3),
        ("track_exception_200", TrackStatus::Exception, 1),
    ] {
        let raw: Value = serde_json::from_str(&samples[name]).unwrap();
        let number = raw["trackResponse"]["shipment"][0]["inquiryNumber"].as_str().unwrap();
        let host = scripted(name);
        let replies =
            block_on(ups.tracking().unwrap().track(&host.cx("track"), &TrackRequest::new([number]))).unwrap();
        let TrackOutcome::Found(track) = &replies.replies[0].outcome else { panic!("{name}") };
        assert_eq!((track.status.clone(), track.events.len()), (status, events), "{name}");
    }
    let host = scripted("track_not_found_200_warning_TW0001");
    let replies = block_on(
        ups.tracking().unwrap().track(&host.cx("track"), &TrackRequest::new(["1Z12345E0291980793"])),
    )
    .unwrap();
    assert_eq!(replies.replies[0].outcome, TrackOutcome::NotFound);

    let host = scripted("void_200");
    assert_eq!(block_on(ups.label().unwrap().void(&host.cx("void"), &key())).unwrap(), VoidOutcome::Voided);

    let host = scripted("label_recovery_200");
    let request = RecoverRequest { order: order(1), sent_at: host.now() };
    let Recovery::Found(found) =
        block_on(ups.label().unwrap().recover(&host.cx("recover"), &request)).unwrap()
    else {
        panic!("label recovery")
    };
    assert!(found[0].has_labels() && found[0].documents[0].format == LabelFormat::Zpl);

    for (name, verdict, residential) in [
        ("address_validation_valid_candidate_object_200", AddressVerdict::Corrected, None),
        ("address_classification_commercial_200", AddressVerdict::Unchecked, Some(false)),
        ("address_classification_residential_200", AddressVerdict::Unchecked, Some(true)),
    ] {
        let host = scripted(name);
        let asked = AddressRequest { address: order(1).shipment.to };
        let reply = block_on(ups.address_check().unwrap().check(&host.cx("check"), &asked)).unwrap();
        assert_eq!((reply.verdict, reply.residential), (verdict, residential), "{name}");
    }
    let host = scripted("pickup_create_200_with_rate");
    let reply =
        block_on(ups.pickup().unwrap().schedule(&host.cx("pickup"), &pickup(), host.permit())).unwrap();
    assert_eq!(
        (reply.confirmation.as_str(), reply.price.unwrap().total.to_string()),
        ("2929AONCALL02", "6.50 USD".into())
    );
    let host = scripted("pickup_cancel_200");
    let cancelled = PickupKey { confirmation: "1".into(), date: pickup().date, carrier_data: None };
    let outcome = block_on(ups.pickup().unwrap().cancel(&host.cx("cancel"), &cancelled)).unwrap();
    assert_eq!(outcome, PickupCancelled::Cancelled);
}

/// Samples of calls that this crate does not make.
const NOT_OURS: &[&str] = &["pickup_rate_200", "transit_times_200"];

#[test]
fn every_answer_among_the_samples_is_read_by_a_test() {
    let Some(samples) = samples() else { return };
    let by_kind = |name: &str| {
        let listed = ["rate_", "ship_"].iter().any(|kind| name.starts_with(kind)) || name.contains("error");
        listed || include_str!("shared.rs").contains(&format!("\"{name}\""))
    };
    let answers = samples.keys().filter(|name| name.contains("200") || name.contains("error"));
    let unread: Vec<_> = answers.filter(|name| !by_kind(name)).collect();
    assert_eq!(unread, Vec::<&String>::new());
    assert!(NOT_OURS.len() < 3);
}

#[test]
fn the_token_and_the_uploaded_document_of_the_samples() {
    let Some(samples) = samples() else { return };
    let raw: Value = serde_json::from_str(&samples["oauth_token_200"]).unwrap();
    let answer = |text: &str| (200, text.to_owned());
    let host =
        common::host_with_token(&samples["oauth_token_200"], &[answer(&samples["paperless_upload_200"])]);
    let upload = common::upload(None);
    let reply = block_on(ups().trade_documents().unwrap().upload(&host.cx("upload"), &upload)).unwrap();
    assert_eq!(reply.ids, ["2016-01-18-11.01.07.589501"]);
    let sent = host.requests().pop().unwrap();
    let token = raw["access_token"].as_str().unwrap();
    assert_eq!(sent.headers["authorization"].to_str().unwrap(), format!("Bearer {token}"));
}

#[test]
fn status_codes_of_the_shared_list_are_all_known() {
    let Some(path) = shared("spec/tracking-status-codes.tsv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let mut seen = 0;
    for row in rows {
        let (code, mapped, note) = (row[0], row[2], row.get(4).copied().unwrap_or_default());
        let scan = serde_json::json!({ "trackResponse": { "shipment": [ { "package": [ { "activity": [
            { "date": "20261124", "time": "080000", "status": { "statusCode": code, "description": row[1] } } ] } ] } ] } });
        let host = host(&[(200, scan.to_string())]);
        let replies = block_on(
            ups().tracking().unwrap().track(&host.cx("track"), &TrackRequest::new(["1ZW8Y4B20300000019"])),
        )
        .unwrap();
        let TrackOutcome::Found(track) = &replies.replies[0].outcome else { panic!("{code}") };
        let silent = note == "i" || matches!(mapped, "unknown" | "");
        assert_eq!(track.status == TrackStatus::Unknown, silent, "{code} {}", row[1]);
        if matches!(mapped, "pre_transit" | "accepted" | "out_for_delivery" | "cancelled") && !silent {
            assert_eq!(track.status.as_str(), mapped, "{code}");
        }
        seen += 1;
    }
    assert!(seen > 150, "{seen}");
}

/// What UPS's numbered exceptions are to a parcel: no side note changes its state, and most of the others say why.
#[test]
fn wordings_of_the_shared_exceptions_are_understood() {
    let Some(path) = shared("spec/tracking-activity-codes.tsv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let (mut all, mut explained) = (0, 0);
    for row in rows.filter(|row| row[0] == "exception") {
        let scan = serde_json::json!({ "trackResponse": { "shipment": [ { "package": [ { "activity": [
            { "date": "20261124", "time": "080000", "status": { "type": "X", "code": row[1], "description": row[3] } },
            { "date": "20261123", "time": "080000", "status": { "type": "I", "description": "Arrival" } } ] } ] } ] } });
        let host = host(&[(200, scan.to_string())]);
        let request = TrackRequest::new(["1ZW8Y4B20300000019"]);
        let replies = block_on(ups().tracking().unwrap().track(&host.cx("track"), &request)).unwrap();
        let TrackOutcome::Found(track) = &replies.replies[0].outcome else { panic!("{row:?}") };
        let words = row[3].to_ascii_lowercase();
        // A claim or a refund follows a delivery and must not take it back.
        if words.contains("claim") || words.contains("refund") {
            assert_eq!(track.status, TrackStatus::InTransit, "{row:?}");
        }
        assert_ne!(track.status, TrackStatus::Delivered, "an exception's words sell no delivery: {row:?}");
        let says = track.detail.is_some() || track.status != TrackStatus::Exception;
        (all, explained) = (all + 1, explained + usize::from(says));
    }
    assert!(all > 600 && explained * 4 >= all * 3, "{explained} of {all}");
}
