//! Against the project's shared facts, when they are there: vectors, code tables, recorded answers.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use waybill_china_post::parts::*;
use waybill_core::{ErrorKind, Response, Secret, TrackDetail, TrackStatus};
use waybill_rate_sheet::numbers::is_s10;
use waybill_rate_sheet::sheet::{Offer, Sheet, price};

/// The folder of this carrier's facts; `None`, and a word about it, when it is not there.
fn shared(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("WAYBILL_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = root.join("carriers/china-post");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped {test}: no shared facts at {}", folder.display());
    None
}

fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

fn answer(bytes: impl Into<Bytes>) -> Response {
    http::Response::new(bytes.into())
}

#[test]
fn sm4_and_md5_vectors() {
    let Some(folder) = shared("sm4_and_md5_vectors") else { return };
    let read = |name: &str| -> Vec<BTreeMap<String, String>> {
        serde_json::from_str(&fs::read_to_string(folder.join("spec").join(name)).unwrap()).unwrap()
    };
    let sm4 = read("sm4-vectors.json");
    assert!(sm4.len() >= 4);
    for vector in sm4 {
        let key = Secret::new(vector["sign_key_base64"].clone());
        assert_eq!(
            sm4_body(&vector["payload"], &key).unwrap(),
            vector["logitcsInterface"],
            "{}",
            vector["note"]
        );
    }
    let md5 = read("md5-digest-vectors.json");
    assert!(md5.len() >= 4);
    for vector in md5 {
        let key = Secret::new(vector["key"].clone());
        assert_eq!(md5_digest(&vector["body"], &key), vector["data_digest"]);
        assert_eq!(md5_hex_digest(&vector["body"], &key), vector["tracking_style_dataDigest"]);
    }
}

#[test]
fn check_digit_vectors() {
    let Some(folder) = shared("check_digit_vectors") else { return };
    let table = rows(&fs::read_to_string(folder.join("spec/s10-vectors.csv")).unwrap());
    assert!(table.len() >= 13);
    for row in table {
        assert_eq!(is_s10(&row["number"]), row["valid"] == "yes", "{}", row["number"]);
    }
}

/// Our finer statuses in the words of the shared table.
fn coarse(status: &TrackStatus, detail: Option<&TrackDetail>) -> (&'static str, &'static str) {
    match (status, detail) {
        (TrackStatus::PreTransit, _) => ("pre-transit", ""),
        (TrackStatus::Accepted, _) => ("accepted", ""),
        (TrackStatus::InTransit, Some(TrackDetail::Customs | TrackDetail::CustomsCleared)) => {
            ("in-transit", "customs")
        }
        (TrackStatus::InTransit, _) => ("in-transit", ""),
        (TrackStatus::OutForDelivery, _) => ("out-for-delivery", ""),
        (TrackStatus::Delivered, _) => ("delivered", ""),
        (TrackStatus::Returned, _) => ("returned", ""),
        (TrackStatus::Cancelled, _) => ("cancelled", ""),
        (TrackStatus::Attempted, _) => ("exception", "delivery-attempted"),
        (TrackStatus::AvailableForPickup, _) => ("exception", "available-for-pickup"),
        (_, Some(TrackDetail::CustomsHeld)) => ("exception", "customs-hold"),
        (_, Some(TrackDetail::Returning)) => ("exception", "returning"),
        (_, Some(TrackDetail::Lost)) => ("exception", "lost"),
        (_, Some(TrackDetail::Refused)) => ("exception", "refused"),
        (_, Some(TrackDetail::AddressProblem | TrackDetail::Forwarded)) => ("exception", "address"),
        _ => ("exception", ""),
    }
}

#[test]
fn every_code_of_the_dictionary_is_known() {
    let Some(folder) = shared("every_code_of_the_dictionary_is_known") else { return };
    let table = rows(&fs::read_to_string(folder.join("spec/ems-opcode-normalized.csv")).unwrap());
    assert_eq!(table.len(), 237);
    for row in table {
        let (namespace, code) = match row["code"].split_once(':') {
            Some(("signed", code)) => (Namespace::Delivery, code),
            Some((_, code)) => (Namespace::Failure, code),
            None => (Namespace::Operation, row["code"].as_str()),
        };
        if row["sub_status"] == "reversal" {
            let codes = reversed_by(code).unwrap_or_else(|| panic!("{code} reverses nothing"));
            assert_eq!(codes.join(" "), row["reverses"], "{code}");
            assert_eq!(known(namespace, code), None, "{code}");
            continue;
        }
        let (status, detail) = known(namespace, code).unwrap_or_else(|| panic!("{} is unknown", row["code"]));
        let wanted = (row["normalized"].as_str(), row["sub_status"].as_str());
        assert_eq!(coarse(&status, detail.as_ref()), wanted, "{}", row["code"]);
    }
}

#[test]
fn every_error_code_has_its_kind() {
    let Some(folder) = shared("every_error_code_has_its_kind") else { return };
    let table = rows(&fs::read_to_string(folder.join("spec/errors.csv")).unwrap());
    assert!(table.len() > 45);
    for row in table.iter().filter(|row| row["class"] != "success") {
        let table = match row["api"].as_str() {
            "eub" => Table::Eub,
            "pcp-barcode" => Table::PcpNumbers,
            "pcp-order" => Table::PcpOrder,
            other => panic!("unknown table {other}"),
        };
        let error = classify(table, Some(&row["code"]), None, &answer(""));
        let kinds: &[&str] = match row["class"].as_str() {
            "carrier-down" | "carrier-busy" => &["unavailable"],
            "authentication" => &["auth", "not_entitled"],
            "invalid-request" => &["invalid"],
            "invalid-address" => &["bad_address"],
            "not-found" => &["not_found"],
            "not-serviced" => &["no_service"],
            "rate-limited" => &["rate_limited"],
            "duplicate" => &["duplicate"],
            "billing" => &["not_entitled"],
            other => panic!("unknown class {other}"),
        };
        assert!(kinds.contains(&error.kind.as_str()), "{} {}: {:?}", row["api"], row["code"], error.kind);
        let retryable = row["retry"].starts_with("yes");
        assert!(!retryable || error.is_retryable(), "{} {} may be repeated", row["api"], row["code"]);
    }
}

/// The shared price table in the form of the engine.
fn sheet(table: &[BTreeMap<String, String>], on: &str) -> Sheet {
    let mut text = "id='shared'\nname='China Post'\ncurrency='CNY'\nweight_unit='g'\n".to_owned();
    let mut codes: Vec<&str> = table.iter().map(|row| row["service_code"].as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        text += &format!(
            "[[services]]\ncode='{}'\nrate_code='{code}'\nname='{code}'\nbilling_step='1g'\n",
            code.to_lowercase()
        );
    }
    let mut rates = "service,zone,max_weight,min_billable,item_fee,per_g,first_weight,first_fee,step,step_fee,effective,price_kind,confidence\n".to_owned();
    for row in table {
        let day =
            [&row["effective_from"], &row["table_date"]].into_iter().find(|day| !day.is_empty()).unwrap();
        let day = if day.len() == 4 { format!("{day}-01-01") } else { day.clone() };
        if day.as_str() > on {
            continue;
        }
        let kind =
            if row["price_kind"] == "marketplace-published" { "list" } else { row["price_kind"].as_str() };
        let names = [
            "service_code",
            "dest_country",
            "max_weight_g",
            "min_billable_g",
            "item_fee",
            "per_gram",
            "first_weight_g",
            "first_weight_fee",
            "step_g",
            "step_fee",
        ];
        let cells: Vec<&str> = names.iter().map(|name| row[*name].as_str()).collect();
        rates += &format!("{},{day},{kind},{}\n", cells.join(","), row["confidence"]);
    }
    Sheet::load(&text, &BTreeMap::from([("rates".to_owned(), rates)])).unwrap()
}

#[test]
fn worked_rate_examples_to_the_digit() {
    let Some(folder) = shared("worked_rate_examples_to_the_digit") else { return };
    let read = |name: &str| rows(&fs::read_to_string(folder.join("spec/rates").join(name)).unwrap());
    let (table, examples) = (read("rate-table-2026.csv"), read("rate-examples.csv"));
    assert!(examples.len() >= 16);
    let sheet = sheet(&table, "2026-11-20");
    let place =
        |country: &str| waybill_core::Address::new("A", "1 Street", "City", "", "", country.parse().unwrap());
    for example in examples {
        let weight = format!("{}g", example["weight_g"]).parse().unwrap();
        let shipment = waybill_core::Shipment::new(
            place("CN"),
            place(&example["dest_country"]),
            vec![waybill_core::Parcel::new(weight, None)],
        );
        let code = example["service_code"].to_lowercase();
        let offers = price(&sheet, &shipment, "2026-11-20".parse().unwrap());
        let rate = offers.into_iter().find_map(|offer| match offer {
            Offer::Priced(rate) if rate.service == *code => Some(rate),
            _ => None,
        });
        let rate = rate.unwrap_or_else(|| panic!("no price for {example:?}"));
        let price = rate.payable().unwrap();
        let exact: rust_decimal::Decimal = price.charges.iter().map(|line| line.amount.amount).sum();
        assert_eq!(exact, example["amount_exact"].parse().unwrap(), "{example:?}");
        assert_eq!(price.total.amount, example["amount_rounded_cny"].parse().unwrap(), "{example:?}");
        assert!(matches!(&rate.source, waybill_core::RateSource::Table { confidence: Some(_), .. }));
    }
}

#[test]
fn recorded_answers_read_to_what_they_hold() {
    let Some(folder) = shared("recorded_answers_read_to_what_they_hold") else { return };
    let sample = |name: &str| answer(fs::read(folder.join("samples").join(name)).unwrap());
    assert_eq!(eub::ordered(sample("eub-order-response.xml")).unwrap(), "LN156947362CN");
    eub::done(sample("eub-cancel-response.xml"), "cancel").unwrap();
    eub::done(sample("eub-validate-response.xml"), "validate").unwrap();
    eub::done(sample("eub-print-batch-response.xml"), "label").unwrap();
    eub::done(sample("eub-label-response.xml"), "label").unwrap();
    let v02 = eub::ordered(sample("eub-error-v02-response.xml")).unwrap_err();
    assert_eq!((v02.kind, v02.carrier.unwrap().code.as_deref()), (ErrorKind::Auth, Some("V02")));
    assert_eq!(
        eub::done(sample("eub-error-v01-response.xml"), "order").unwrap_err().kind,
        ErrorKind::Invalid
    );
    assert!(eub::events(sample("eub-track-one-event-response.xml")).unwrap().is_some());
    assert!(eub::events(sample("eub-track-delivered-cn-response.xml")).unwrap().is_some());
    assert!(eub::events(answer("null")).unwrap().is_none());
    assert_eq!(pcp::ordered(sample("pcp-order-response.json")).unwrap(), "LX255744009CN");
    assert_eq!(pcp::ordered(sample("pcp-order-error-response.json")).unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(pcp::label(sample("pcp-label-error-response.json")).unwrap_err().kind, ErrorKind::Auth);
    pcp::cancelled(sample("pcp-cancel-response.json")).unwrap();
    pcp::fees(sample("pcp-fee-response.json")).unwrap();
    assert!(pcp::numbers(sample("pcp-barcode-response.json")).is_ok());
    let track = track_of("LX255744009CN", &pcp::events(sample("pcp-track-response.json")).unwrap());
    assert_eq!((track.status, track.detail), (TrackStatus::InTransit, Some(TrackDetail::CustomsCleared)));
    assert_eq!(open::ordered(sample("ems-open-order-response.json")).unwrap(), "9400000000007");
    open::cancelled(sample("ems-open-cancel-response.json")).unwrap();
    let pdf = open::label(sample("ems-open-label-response.json")).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    let events = open::events(sample("ems-open-track-delivered-response.json")).unwrap().unwrap();
    let track = track_of("9430684408206", &events);
    assert_eq!((&track.status, &track.detail), (&TrackStatus::Delivered, &Some(TrackDetail::SafePlace)));
    assert_eq!(track.events.len(), 4);
    let shown = serde_json::to_string(&track).unwrap();
    assert!(!shown.contains("13800000000"), "a phone of the staff is shown: {shown}");
    assert!(open::events(sample("ems-open-track-response.json")).unwrap().is_some());
}

mod mutations {
    use super::*;
    use proptest::prelude::*;

    fn read_all(bytes: &[u8]) {
        let fresh = || answer(bytes.to_vec());
        drop((eub::ordered(fresh()), eub::done(fresh(), "x"), eub::events(fresh()), eub::file(fresh())));
        drop((
            pcp::ordered(fresh()),
            pcp::label(fresh()),
            pcp::cancelled(fresh()),
            pcp::fees(fresh()),
            pcp::numbers(fresh()),
        ));
        drop((
            open::ordered(fresh()),
            open::label(fresh()),
            open::cancelled(fresh()),
            open::numbers(fresh()),
        ));
        for events in [open::events(fresh()).ok().flatten(), pcp::events(fresh()).ok()].into_iter().flatten()
        {
            track_of("LX255744009CN", &events);
        }
        drop((scrub(&String::from_utf8_lossy(bytes)), latin(&String::from_utf8_lossy(bytes))));
    }

    /// Answers of our own, so that the test has something to change where no samples are there.
    const OWN: [&str; 4] = [
        "<?xml version=\"1.0\"?><traces><trace><acceptTime>2026-11-20 09:00:00</acceptTime><acceptAddress>Here</acceptAddress><remark>Posting</remark></trace></traces>",
        "<response><status>error</status><code>R03</code><description>邮件号：X 不存在</description></response>",
        "{\"retCode\":\"00000\",\"retMsg\":\"成功\",\"retBody\":\"{\\\"responseItems\\\":[{\\\"opCode\\\":\\\"203\\\",\\\"opTime\\\":\\\"2026-11-20 09:00:00\\\"}]}\",\"success\":true}",
        "{\"success\":\"true\",\"waybillNo\":\"LX255744009CN\",\"data\":\"255044462d\"}",
    ];

    fn samples() -> Vec<Vec<u8>> {
        let mut all: Vec<Vec<u8>> = OWN.iter().map(|text| text.as_bytes().to_vec()).collect();
        if let Some(folder) = shared("mutations of the samples") {
            let files = fs::read_dir(folder.join("samples")).unwrap().map(|entry| entry.unwrap().path());
            all.extend(
                files
                    .filter(|path| path.extension().is_some_and(|end| end != "md"))
                    .map(|path| fs::read(path).unwrap()),
            );
        }
        all
    }

    #[test]
    fn no_mutation_of_any_answer_panics() {
        let all = samples();
        let strategy = (
            prop::sample::select(all),
            any::<prop::sample::Index>(),
            0_usize..30,
            prop_oneof![
                prop::collection::vec(any::<u8>(), 0..6),
                Just("null".into()),
                Just("<!DOCTYPE x>".into()),
                Just("9".repeat(40).into_bytes())
            ],
        );
        proptest!(ProptestConfig::with_cases(4000), |((mut bytes, at, cut, with) in strategy)| {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, with);
            read_all(&bytes);
            bytes.truncate(at);
            read_all(&bytes);
        });
    }
}
