//! Readers that need no carrier's operation.

use std::collections::BTreeMap;

use serde_json::Value;
use waybill_china_post::ChinaPost;
use waybill_core::{CarrierPlugin, Shipment, screen};
use waybill_dhl_express::DhlExpress;
use waybill_fedex::FedEx;
use waybill_hello::Hello;
use waybill_ontrac::OnTrac;
use waybill_rate_sheet::RateSheet;
use waybill_rate_sheet::config::Config as SheetConfig;
use waybill_rate_sheet::sheet::{Sheet, price};
use waybill_testkit::{block_on, sample_file, sample_shipment, standard_now};
use waybill_ups::Ups;
use waybill_usps::Usps;
use waybill_usps::multipart;

use crate::{CARRIERS, rig};

/// Between the parts of one input.
const NEXT: u8 = 0x1e;

/// Multipart answers: the first line is the content type.
pub(crate) fn multipart(data: &[u8]) {
    let (kind, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (std::str::from_utf8(&data[..at]).ok(), &data[at + 1..]),
        None => (None, data),
    };
    let _ = multipart::is_multipart(kind, body);
    if let Ok(parts) = multipart::read(kind, body) {
        assert!(parts.iter().map(|part| part.body.len()).sum::<usize>() <= body.len());
    }
}

pub(crate) fn multipart_seeds() -> Vec<Vec<u8>> {
    let part = "--b\r\nContent-Disposition: form-data; name=\"labelMetadata\"\r\nContent-Type: application/json\r\n\r\n{}\r\n";
    let whole = format!("multipart/form-data; boundary=b\n{part}{part}--b--\r\n");
    vec![whole.clone().into_bytes(), whole.replace("\r\n", "\n").into_bytes(), b"\n--x\n\ny\n--x--".to_vec()]
}

/// What a file is, how many pages it has, and whether it merges.
pub(crate) fn label_kind(data: &[u8]) {
    let found = waybill_documents::sniff(data);
    if found.kind == waybill_documents::DocumentKind::Pdf {
        let _ = waybill_documents::page_count(data);
        let _ = waybill_documents::merge_pdfs(&[data]);
    }
}

pub(crate) fn label_kind_seeds() -> Vec<Vec<u8>> {
    let names = ["sample.pdf", "sample.png", "sample.gif", "sample.zpl", "sample.epl"];
    names.iter().filter_map(|name| sample_file(name)).collect()
}

fn example_sheet() -> SheetConfig {
    toml::from_str(RateSheet::example()).unwrap_or_default()
}

/// A sheet and its tables, with `0x1e` between them, and prices out of it.
pub(crate) fn rate_sheet(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.split(char::from(NEXT));
    let sheet = parts.next().unwrap_or_default();
    let names = example_sheet().tables.into_keys();
    let tables: BTreeMap<String, String> = names.zip(parts.map(str::to_owned)).collect();
    let Ok(sheet) = Sheet::load(sheet, &tables) else { return };
    for name in ["de_domestic", "de_to_us", "cn_to_us"] {
        let Some(shipment) = sample_shipment(name) else { continue };
        let offers = price(&sheet, &shipment, standard_now().date_naive());
        assert_eq!(offers.len(), sheet.services.len(), "every service is a price or a reason");
    }
}

pub(crate) fn rate_sheet_seeds() -> Vec<Vec<u8>> {
    let config = example_sheet();
    let parts: Vec<&str> =
        std::iter::once(config.sheet.as_str()).chain(config.tables.values().map(String::as_str)).collect();
    vec![parts.join("\u{1e}").into_bytes()]
}

/// A shipment as users write it, JSON or TOML: its mistakes, and what the carriers' profiles say of it.
pub(crate) fn shipment(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = serde_json::from_str::<Shipment>(&text).ok().or_else(|| toml::from_str(&text).ok());
    let Some(shipment) = read else { return };
    let _ = shipment.problems();
    let _ = (shipment.total_weight(), shipment.is_domestic(), shipment.crosses_customs_border());
    for carrier in CARRIERS {
        let _ = screen(rig(carrier).carrier().profile(), &shipment);
    }
    let again =
        serde_json::to_vec(&shipment).unwrap_or_else(|error| panic!("a shipment is no JSON: {error}"));
    let again: Shipment =
        serde_json::from_slice(&again).unwrap_or_else(|error| panic!("it does not read back: {error}"));
    assert_eq!(again, shipment);
}

pub(crate) fn shipment_seeds() -> Vec<Vec<u8>> {
    let names = ["us_domestic", "us_to_de+2", "cn_to_us", "de_to_us", "cn_domestic"];
    names.iter().filter_map(|name| serde_json::to_vec(&sample_shipment(name)?).ok()).collect()
}

/// Opens an account from settings, as a host does.
fn open<P: CarrierPlugin>(settings: &Value) {
    if let Ok(config) = serde_json::from_value::<P::Config>(settings.clone()) {
        let _ = P::open(config);
    }
}

/// Settings of an account in TOML, for every carrier.
pub(crate) fn settings(data: &[u8]) {
    let Ok(settings) = toml::from_str::<Value>(&String::from_utf8_lossy(data)) else { return };
    open::<Ups>(&settings);
    open::<FedEx>(&settings);
    open::<Usps>(&settings);
    open::<OnTrac>(&settings);
    open::<DhlExpress>(&settings);
    open::<ChinaPost>(&settings);
    open::<RateSheet>(&settings);
    open::<Hello>(&settings);
}

pub(crate) fn settings_seeds() -> Vec<Vec<u8>> {
    let examples = [
        Ups::example(),
        FedEx::example(),
        Usps::example(),
        OnTrac::example(),
        DhlExpress::example(),
        ChinaPost::example(),
        RateSheet::example(),
        Hello::example(),
    ];
    examples.iter().map(|example| example.as_bytes().to_vec()).collect()
}

/// The input of an operation as JSON, as it comes over the plugin boundary or from an embedder: the first byte picks
/// carrier, the second the operation. Every answer is an empty object.
pub(crate) fn operation_input(data: &[u8]) {
    let [carrier, operation, input @ ..] = data else { return };
    let rig = rig(CARRIERS[usize::from(*carrier) % CARRIERS.len()]);
    let all = waybill_core::operation::ALL;
    let info = &all[usize::from(*operation) % all.len()];
    let (cx, permit) = rig.cx(info.name, b"\x00\x00{}");
    let permit = (info.effect == waybill_core::Effect::Spend).then_some(permit);
    let _ = block_on(waybill_core::operation::dispatch(rig.carrier(), &cx, info.name, input, permit));
}

pub(crate) fn operation_input_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (at, carrier) in (0_u8..).zip(CARRIERS) {
        let rig = rig(carrier);
        for (number, info) in (0_u8..).zip(waybill_core::operation::ALL) {
            for (scenario, _) in rig.seeds(info.name).into_iter().take(2) {
                let input = rig.input(info.name, &scenario).unwrap_or_default();
                seeds.push([vec![at, number], input.to_string().into_bytes()].concat());
            }
        }
    }
    seeds
}
