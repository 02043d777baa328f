//! FedEx's own samples and specifications, where they are at hand: every sample answer that this crate reads gives
//! the values that it holds or the error that it is, and every request that it makes fits FedEx's schemas.
//!
//! The folder comes from `WAYBILL_SHARED` (by default `../shared` beside the workspace). Without it the tests say so
//! and pass.

mod common;

use std::path::PathBuf;

use common::{Ask, account, host_answering, order, rate_request};
use serde_json::Value;
use waybill_core::{
    AddressRequest, AddressVerdict, Country, Cx, Document, ErrorKind, LabelKey, ManifestRequest, Phase,
    PickupCancelled, PickupKey, ProofRequest, RejectReason, TrackOutcome, TrackRequest, TrackStatus,
    UploadRequest, VoidOutcome,
};
use waybill_testkit::{ScriptedHost, block_on};

fn folder() -> Option<PathBuf> {
    let at = std::env::var_os("WAYBILL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let at = at.join("carriers/fedex");
    if at.is_dir() {
        return Some(at);
    }
    println!("skipped: FedEx's samples and specifications are not at hand");
    None
}

fn sample(name: &str) -> Option<String> {
    let path = folder()?.join("samples").join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// A host that answers everything with a sample, and a context on it.
fn playing(name: &str, status: u16) -> Option<(ScriptedHost, Cx)> {
    let host = host_answering(status, &sample(name)?);
    let cx = host.cx("sample");
    Some((host, cx))
}

#[test]
fn rates_of_the_domestic_sample() {
    let Some((_host, cx)) = playing("rate-us-domestic.response.json", 200) else { return };
    let request = rate_request("us_business");
    let reply = block_on(account().rate_quote().unwrap().quote(&cx, &request)).unwrap();
    let priced: Vec<_> = reply
        .rates
        .iter()
        .map(|rate| (rate.service.as_str(), rate.payable().unwrap().total.to_string(), rate.prices.len()))
        .collect();
    assert_eq!(
        priced,
        [("first-overnight", "131.55 USD".to_owned(), 2), ("priority-overnight", "95.90 USD".to_owned(), 2)]
    );
    assert_eq!(reply.rates[0].zone.as_deref(), Some("06"));
    assert_eq!(reply.rates[0].billed_weight.unwrap().to_string(), "1 lb");
    assert!(reply.warnings.iter().any(|notice| notice.code.as_deref() == Some("VIRTUAL.RESPONSE")));
}

#[test]
fn the_services_of_a_lane_in_the_sample() {
    let Some((_host, cx)) = playing("service-package-options.response.json", 200) else { return };
    let request = rate_request("us_business");
    let reply = block_on(account().rate_quote().unwrap().quote(&cx, &request)).unwrap();
    let reason = |code: &str| {
        reply
            .rejected
            .iter()
            .find(|rejected| rejected.service == *code)
            .map(|rejected| rejected.reason.clone())
    };
    assert_eq!((reason("ground"), reason("2-day")), (Some(RejectReason::NoPrice), Some(RejectReason::Lane)));
}

#[test]
fn rates_of_the_international_sample() {
    let Some((_host, cx)) = playing("rate-ca-us-three-services.response.json", 200) else { return };
    let request = rate_request("ca_to_us");
    let reply = block_on(account().rate_quote().unwrap().quote(&cx, &request)).unwrap();
    let priced: Vec<_> = reply
        .rates
        .iter()
        .map(|rate| (rate.service.as_str(), rate.payable().unwrap().total.to_string()))
        .collect();
    assert_eq!(
        priced,
        [
            ("international-economy", "954.17 USD".to_owned()),
            ("international-first", "1338.50 USD".to_owned()),
            ("international-priority", "1775.61 USD".to_owned()),
        ]
    );
    let economy = &reply.rates[0];
    assert_eq!(economy.delivery, None);
    assert_eq!(economy.dimensional_weight.unwrap().to_string(), "66.6 kg");
    let kinds: Vec<_> =
        economy.prices[0].charges.iter().map(|charge| charge.kind.as_str().to_owned()).collect();
    assert_eq!(kinds, ["base", "fuel", "peak", "residential"]);
}

#[test]
fn refusals_of_the_rate_samples() {
    let ask = |name, status| {
        let (_host, cx) = playing(name, status)?;
        let request = rate_request("us_business");
        Some(block_on(account().rate_quote().unwrap().quote(&cx, &request)))
    };
    let Some(empty) = ask("rate-empty.response.json", 200) else { return };
    assert!(empty.unwrap().rates.is_empty());
    for (name, status, kind) in [
        ("rate-error-400.response.json", 400, ErrorKind::NotEntitled),
        ("error-401-token-expired.response.json", 401, ErrorKind::Auth),
        ("error-403-forbidden.response.json", 403, ErrorKind::NotEntitled),
        ("error-404-not-found.response.json", 404, ErrorKind::NotFound),
    ] {
        assert_eq!(ask(name, status).unwrap().unwrap_err().kind, kind, "{name}");
    }
    let daily = ask("error-429-daily-quota.response.json", 429).unwrap().unwrap_err();
    assert!(
        matches!(daily.kind, ErrorKind::RateLimited { .. }) && daily.message.contains("midnight"),
        "{daily}"
    );
    for name in ["rate-error-no-service.response.json", "rate-error-package-combination.response.json"] {
        let reply = ask(name, 400).unwrap().unwrap();
        assert!(
            reply.rates.is_empty() && reply.rejected.iter().any(|one| one.carrier_code.is_some()),
            "{name}"
        );
    }
}

#[test]
fn labels_of_the_ship_samples() {
    let Some((host, cx)) = playing("ship-intl-multi-piece.response.json", 200) else { return };
    let mut two = order("ca_to_us", "international-priority-express");
    let second = two.shipment.parcels[0].clone();
    two.shipment.parcels.push(second);
    let bought = block_on(account().label().unwrap().buy(&cx, &two, host.permit())).unwrap();
    assert_eq!(bought.shipment_key.as_str(), "794791341818");
    let numbers: Vec<_> = bought.pieces.iter().map(|piece| piece.tracking.as_str()).collect();
    assert_eq!(numbers, ["794791341818", "794791341829"]);
    assert!(bought.has_labels());
    assert_eq!(bought.charged().unwrap().to_string(), "4448.19 USD");
    let invoices = bought.documents.iter().filter(|file| file.kind.as_str() == "commercial_invoice").count();
    assert_eq!(invoices, 1, "the invoice stands in the answer twice and is one paper");
    assert_eq!(bought.warnings.len(), 6);

    let (host, cx) = playing("ship-return-label.response.json", 200).unwrap();
    let one = order("us_business", "standard-overnight");
    let bought = block_on(account().label().unwrap().buy(&cx, &one, host.permit())).unwrap();
    assert_eq!(bought.pieces[0].tracking.as_str(), "794953535000");
    assert_eq!(bought.charged(), None, "the sample has no shipment rating");
    assert!(bought.has_labels());
}

#[test]
fn what_is_no_sale_among_the_ship_samples() {
    let Some((host, cx)) = playing("ship-error-400.response.json", 400) else { return };
    let one = order("us_business", "standard-overnight");
    let error = block_on(account().label().unwrap().buy(&cx, &one, host.permit())).unwrap_err();
    assert_eq!((error.kind, error.phase), (ErrorKind::NotEntitled, Phase::Answered));

    // The answer of the validation endpoint holds no shipment: after a purchase the outcome would be open.
    let (host, cx) = playing("ship-validate.response.json", 200).unwrap();
    let error = block_on(account().label().unwrap().buy(&cx, &one, host.permit())).unwrap_err();
    assert_eq!((error.kind, error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));

    // The documented result of a job carries a label that is no base64: sold, without a label.
    let (host, cx) = playing("ship-async-result.response.json", 200).unwrap();
    let bought = block_on(account().label().unwrap().buy(&cx, &one, host.permit())).unwrap();
    assert!(!bought.has_labels() && !bought.warnings.is_empty());
    assert_eq!(bought.pieces[0].tracking.as_str(), "794953535000");
}

#[test]
fn voids_of_the_cancel_samples() {
    let key = || -> LabelKey { common::key("794953535000") };
    let Some((_host, cx)) = playing("ship-cancel.response.json", 200) else { return };
    assert_eq!(block_on(account().label().unwrap().void(&cx, &key())).unwrap(), VoidOutcome::Voided);
    let (_host, cx) = playing("ship-cancel-error-400.response.json", 400).unwrap();
    let error = block_on(account().label().unwrap().void(&cx, &key())).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotEntitled);
}

#[test]
fn histories_of_the_track_samples() {
    for (name, number, status, events) in [
        ("track-delivered", "122816215025810", TrackStatus::Delivered, 11),
        ("track-delivered-ground", "794644790138", TrackStatus::Delivered, 3),
        ("track-exception", "377101283611590", TrackStatus::Attempted, 9),
        ("track-in-transit", "61292701107834445671", TrackStatus::InTransit, 2),
        ("track-label-created", "449044304137821", TrackStatus::PreTransit, 1),
        ("track-out-for-delivery", "231300687629630", TrackStatus::OutForDelivery, 8),
    ] {
        let Some((_host, cx)) = playing(&format!("{name}.response.json"), 200) else { return };
        let request = TrackRequest::new([number]);
        let replies = block_on(account().tracking().unwrap().track(&cx, &request)).unwrap().replies;
        let TrackOutcome::Found(track) = &replies[0].outcome else {
            panic!("{name}: {:?}", replies[0].outcome)
        };
        assert_eq!((&track.status, track.events.len()), (&status, events), "{name}");
        assert!(track.events.iter().all(|event| event.at.date.is_some() && !event.code.is_empty()), "{name}");
        let keys: Vec<_> = track.events.iter().map(|event| event.at.sort_key()).collect();
        assert!(keys.windows(2).all(|pair| pair[0] >= pair[1]), "{name}: newest first");
        assert_eq!(track.delivered.is_some(), status == TrackStatus::Delivered, "{name}");
    }
    let (_host, cx) = playing("track-not-found.response.json", 200).unwrap();
    let request = TrackRequest::new(["647719948679"]);
    let replies = block_on(account().tracking().unwrap().track(&cx, &request)).unwrap().replies;
    assert_eq!(replies[0].outcome, TrackOutcome::NotFound);
    let (_host, cx) = playing("track-error-400-empty-number.response.json", 400).unwrap();
    let replies = block_on(account().tracking().unwrap().track(&cx, &request)).unwrap().replies;
    assert!(matches!(&replies[0].outcome, TrackOutcome::Failed(error) if error.kind == ErrorKind::Invalid));
}

#[test]
fn the_proof_sample_is_a_pdf() {
    let Some((_host, cx)) = playing("track-spod.response.json", 200) else { return };
    let request = ProofRequest { number: "128667043726".into(), shipped_on: None };
    let proof = block_on(account().tracking().unwrap().proof_of_delivery(&cx, &request)).unwrap();
    assert!(proof.documents[0].bytes.starts_with(b"%PDF"));
}

#[test]
fn addresses_pickups_and_closes_of_the_samples() {
    let Some((_host, cx)) = playing("address-business.response.json", 200) else { return };
    let mut request = AddressRequest { address: order("us_business", "ground").shipment.to };
    let reply = block_on(account().address_check().unwrap().check(&cx, &request)).unwrap();
    assert_eq!((reply.verdict, reply.residential), (AddressVerdict::Corrected, Some(false)));
    let (_host, cx) = playing("address-residential.response.json", 200).unwrap();
    request.address.lines = vec!["5132 W Altgeld St".into()];
    (request.address.city, request.address.state) = ("Chicago".into(), Some("IL".into()));
    request.address.postal_code = Some("60639".into());
    let reply = block_on(account().address_check().unwrap().check(&cx, &request)).unwrap();
    assert_eq!((reply.verdict, reply.residential), (AddressVerdict::Valid, Some(true)));
    let (_host, cx) = playing("address-error-400.response.json", 400).unwrap();
    let reply = block_on(account().address_check().unwrap().check(&cx, &request)).unwrap();
    assert_eq!(reply.verdict, AddressVerdict::Invalid);

    let (host, cx) = playing("pickup-create.response.json", 200).unwrap();
    let ordered =
        block_on(account().pickup().unwrap().schedule(&cx, &common::pickup(), host.permit())).unwrap();
    assert_eq!(ordered.confirmation, "3001");
    assert!(ordered.carrier_data.unwrap().contains("COSA"));
    let (_host, cx) = playing("pickup-cancel.response.json", 200).unwrap();
    let key = PickupKey { confirmation: "3001".into(), date: common::day(), carrier_data: None };
    let cancelled = block_on(account().pickup().unwrap().cancel(&cx, &key)).unwrap();
    assert_eq!(cancelled, PickupCancelled::Cancelled);

    let close = |name, status| {
        let (host, cx) = playing(name, status).unwrap();
        let request: ManifestRequest = common::manifest("794953535000", "ground");
        block_on(account().manifest().unwrap().close(&cx, &request, host.permit())).unwrap()
    };
    assert!(close("close-nothing.response.json", 200).documents.is_empty());
    let closed = close("close-with-documents.response.json", 200);
    assert_eq!((closed.number.as_str(), closed.documents.len()), ("1003234523333204", 1));
}

#[test]
fn tokens_of_the_samples() {
    let Some(token) = sample("oauth-token.response.json") else { return };
    let empty = sample("rate-empty.response.json").unwrap();
    let host = common::host_with_token(&token, 200, &empty);
    let request = rate_request("us_business");
    block_on(account().rate_quote().unwrap().quote(&host.cx("quote"), &request)).unwrap();
    let host = common::host_with_token_status(401, &sample("oauth-token.error-401.response.json").unwrap());
    let error = block_on(account().rate_quote().unwrap().quote(&host.cx("quote"), &request)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Auth);
}

/// Uploads for a shipment to come and for a bought one.
fn uploads() -> [UploadRequest; 2] {
    let kinds =
        ["commercial_invoice", "certificate_of_origin", "usmca_certification_of_origin", "packing_list"];
    let formats = ["pdf", "docx", "png", "txt"];
    let file = |(kind, format): (&str, &str)| Document::new(kind.into(), format.into(), &b"%PDF-1.4"[..]);
    let to_come = UploadRequest {
        documents: kinds.into_iter().zip(formats).map(file).collect(),
        from: Country::US,
        to: Country::CA,
        ship_date: common::day(),
        service: Some("ground".into()),
        shipment: None,
    };
    let bought = UploadRequest { shipment: Some(common::key("794640010017")), ..to_come.clone() };
    [to_come, bought]
}

#[test]
fn uploads_fit_the_specification_and_the_sample_is_read() {
    let Some(folder) = folder() else { return };
    let file = std::fs::read_to_string(folder.join("spec/EDUDocuments-Resource.json")).unwrap();
    let spec: Value = serde_json::from_str(&file).unwrap();
    for request in uploads() {
        let (host, cx) = playing("etd-upload.response.json", 201).unwrap();
        let carrier = account();
        let reply = block_on(carrier.trade_documents().unwrap().upload(&cx, &request)).unwrap();
        assert_eq!(reply.ids, ["090493e181586308"; 4]);
        assert_eq!(reply.options.is_empty(), request.shipment.is_some());
        let sent = host.requests().into_iter().filter(|sent| sent.uri.path().ends_with("/etds/upload"));
        for sent in sent {
            let text = String::from_utf8_lossy(&sent.body).into_owned();
            let start = text.find("\r\n\r\n{").unwrap() + 4;
            let document: Value = serde_json::from_str(text[start..].split("\r\n").next().unwrap()).unwrap();
            let wrong = common::schema::problems_of(&spec, "ETDUploadRequest", &document);
            assert_eq!(wrong, Vec::<String>::new(), "{document}");
            assert_eq!(document["carrierCode"], "FDXG");
            assert_eq!(document["meta"].get("trackingNumber").is_some(), request.shipment.is_some());
        }
    }
}

/// Samples of calls that this crate does not make.
const NOT_OURS: &[&str] = &[
    "pickup-availability.response.json",
    "pickup-availability-error-400.response.json",
    "postal-validate.response.json",
    "ship-validate.response.json",
];

#[test]
fn every_answer_among_the_samples_is_read_by_a_test() {
    let Some(folder) = folder() else { return };
    let tests = include_str!("shared.rs");
    for entry in std::fs::read_dir(folder.join("samples")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if let Some(stem) = name.strip_suffix(".response.json") {
            let read = [&name, stem].iter().any(|named| tests.contains(&format!("\"{named}\"")));
            assert!(read, "{name} is read by no test");
        }
    }
    assert!(NOT_OURS.len() < 5);
}

/// FedEx's own page of status codes: each is in the table, whatever its list; possession codes are never read as events.
#[test]
fn the_published_status_codes_are_all_known() {
    let Some(folder) = folder() else { return };
    let page = std::fs::read_to_string(folder.join("spec/Tracking-Status-Codes.html")).unwrap();
    let mut text = String::new();
    let mut inside = false;
    for c in page.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push('\n');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_code = |word: &str| word.len() == 2 && word.chars().all(|c| c.is_ascii_alphabetic());
    let pairs = words.windows(2).filter(|pair| is_code(pair[0]) && !is_code(pair[1]));
    let (mut seen, mut unknown) = (0, Vec::new());
    for pair in pairs {
        let (code, words) = (pair[0], pair[1]);
        if ["SH", "CU", "BR", "TP"].contains(&code) {
            continue;
        }
        let body = serde_json::json!({ "output": { "completeTrackResults": [{ "trackingNumber": "794640010017",
            "trackResults": [{ "scanEvents": [{ "date": "2026-11-24T08:00:00-05:00", "eventType": code,
                "eventDescription": words }] }] }] } });
        let host = common::host_answering(200, &body.to_string());
        let request = TrackRequest::new(["794640010017"]);
        let replies = block_on(account().tracking().unwrap().track(&host.cx("track"), &request)).unwrap();
        let TrackOutcome::Found(track) = &replies.replies[0].outcome else { panic!("{code}") };
        if track.status == TrackStatus::Unknown {
            unknown.push((code, words));
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen} codes were found on the page");
    assert_eq!(unknown, []);
}

#[test]
fn requests_fit_the_specifications() {
    let Some(folder) = folder() else { return };
    let spec = |file: &str| -> Value {
        serde_json::from_str(&std::fs::read_to_string(folder.join("spec").join(file)).unwrap()).unwrap()
    };
    let (mut checked, mut wrong) = (0, std::collections::BTreeSet::new());
    for (file, path, ask) in [
        ("RateQuotes-Resource.json", "/rate/v1/rates/quotes", Ask::Rates),
        ("Shipment-Resource.json", "/ship/v1/shipments", Ask::Labels),
        ("Shipment-Resource.json", "/ship/v1/shipments/cancel", Ask::Void),
        ("TrackingNumbers-Resource.json", "/track/v1/trackingnumbers", Ask::Track),
        ("ReferenceNumbers-Resource.json", "/track/v1/referencenumbers", Ask::Recover),
        ("ReferenceNumbers-Resource.json", "/track/v1/referencenumbers", Ask::Track),
        ("TrackingDocuments-Resource.json", "/track/v1/trackingdocuments", Ask::Proof),
        ("Addresses-Resource.json", "/address/v1/addresses/resolve", Ask::Address),
        ("Pickup-Resource.json", "/pickup/v1/pickups", Ask::Pickup),
        ("Pickup-Resource.json", "/pickup/v1/pickups/cancel", Ask::PickupCancel),
        ("ShipmentCloseAPI-Resource.json", "/ship/v1/endofday/", Ask::Close),
        ("PackageAndServiceOptions-Resource.json", "/availability/v1/packageandserviceoptions", Ask::Rates),
    ] {
        let spec = spec(file);
        for (about, method, body) in common::requests_to(path, ask) {
            let problems = common::schema::problems(&spec, path, &method, &body);
            wrong.extend(problems.into_iter().map(|problem| format!("{path} ({about}): {problem}")));
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "\n  {}", wrong.into_iter().collect::<Vec<_>>().join("\n  "));
    assert!(checked > 30, "{checked} requests were checked");
}
