//! One account on a scripted host, and the inputs of every operation that reads an answer of UPS.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;
use waybill_core::{
    Carrier, CarrierPlugin, LabelFormat, LabelKey, LabelOrder, LabelSpec, PickupRequest, UploadRequest,
};
use waybill_testkit::{
    Exchange, ExpectedRequest, PlannedResponse, ScriptedHost, sample_handle, sample_shipment,
};
use waybill_ups::Ups;

pub const BASE: &str = "https://carrier.test/root";

pub fn ups() -> Box<dyn Carrier> {
    let config =
        json!({ "client_id": "id", "client_secret": "secret", "account_number": "W8Y4B2", "base_url": BASE });
    Ups::open(serde_json::from_value(config).unwrap()).unwrap()
}

/// A host that hands out a token and answers everything else with these, in turn; the last one again and again.
/// (As base64: in a text `{{` would begin a placeholder.)
pub fn host(answers: &[(u16, String)]) -> ScriptedHost {
    host_with_token(&json!({ "access_token": "t", "expires_in": "14399" }).to_string(), answers)
}

/// The same with another answer to the question for a token.
pub fn host_with_token(token: &str, answers: &[(u16, String)]) -> ScriptedHost {
    let exchange = |method: &str, path: &str, status: u16, text: &str| Exchange {
        request: ExpectedRequest { method: method.into(), path: path.into(), ..ExpectedRequest::default() },
        response: PlannedResponse {
            status: Some(status),
            base64: Some(STANDARD.encode(text)),
            ..PlannedResponse::default()
        },
        optional: true,
        ..Exchange::default()
    };
    let mut exchanges = vec![exchange("POST", "/security/**", 200, token)];
    for (status, text) in answers {
        exchanges.extend(["POST", "GET", "DELETE"].map(|method| exchange(method, "/api/**", *status, text)));
    }
    ScriptedHost::new(&BASE.parse::<Url>().unwrap(), exchanges)
}

pub fn order(parcels: usize) -> LabelOrder {
    let mut shipment = sample_shipment("us_domestic").unwrap();
    shipment.parcels = vec![shipment.parcels[0].clone(); parcels];
    LabelOrder {
        shipment,
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(LabelFormat::Zpl),
        handle: sample_handle(),
        numbers: Vec::new(),
    }
}

pub fn key() -> LabelKey {
    serde_json::from_value(json!({ "shipment_key": "1ZW8Y4B20300000019", "service": "ground",
        "handle": sample_handle(), "bought_at": "2026-11-23T15:00:00Z" }))
    .unwrap()
}

pub fn pickup() -> PickupRequest {
    let shipment = sample_shipment("us_domestic").unwrap();
    let address: Value = serde_json::to_value(&shipment.from).unwrap();
    serde_json::from_value(json!({ "address": address, "date": "2026-11-24", "ready": "12:00:00",
        "close": "17:30:00", "parcels": shipment.parcels, "place": "front", "instructions": "ring" }))
    .unwrap()
}

pub fn upload(shipment: Option<LabelKey>) -> UploadRequest {
    let file = STANDARD.encode("%PDF-1.4");
    let documents = json!([{ "kind": "commercial_invoice", "format": "pdf", "bytes": file }]);
    serde_json::from_value(
        json!({ "documents": documents, "from": "US", "to": "CA", "ship_date": "2026-11-24",
        "shipment": shipment }),
    )
    .unwrap()
}

/// A place in the material that is shared beside the repository, where it is.
pub fn shared(below: &str) -> Option<std::path::PathBuf> {
    let workspace = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::env::var_os("WAYBILL_SHARED")
        .map_or_else(|| workspace.join("../shared"), std::path::PathBuf::from);
    let path = root.join("carriers/ups").join(below);
    if !path.exists() {
        eprintln!("skipped: no shared material (set WAYBILL_SHARED)");
        return None;
    }
    Some(path)
}
