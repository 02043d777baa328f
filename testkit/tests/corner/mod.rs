//! A carrier of what the template does not have, with its fixtures; made wrong on request.

use std::path::Path;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use waybill_core::*;

macro_rules! flaws {
    ($( $name:ident = $number:literal ),+) => { $( pub const $name: u8 = $number; )+ };
}
flaws! {
    NONE = 0, FORGETS_NUMBER = 1, CLOSE_ANSWERED = 2, ALTERS_FORM = 3, MAKES_UP_CONFIRMATION = 4, CANCELS_UNKNOWN = 5,
    UNCHECKED_IS_AN_ERROR = 6, PROVES_BY_CHANGE = 7, DRAWS_NOTHING = 8, VOIDS_BY_CALL = 9, SAYS_ABSENT = 10,
    ALTERS_REPRINT = 11, DROPS_BASE_PATH = 12, CHECKS_BY_CHANGE = 13
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    api_key: Secret,
    base_url: Url,
}

/// The carrier, with a flaw.
pub struct Corner<const FLAW: u8> {
    config: Config,
    profile: Profile,
}

impl<const FLAW: u8> CarrierPlugin for Corner<FLAW> {
    const ID: &'static str = "corner";
    type Config = Config;
    fn profile() -> Profile {
        let purchase = PurchaseTraits { repeat: RepeatGuard::ChosenNumber, ..PurchaseTraits::default() };
        Profile {
            id: "corner".into(),
            name: "Corner Courier".into(),
            version: "1".into(),
            services: vec![Service::new("bike", "B", "Corner Bike", vec![Lane::us_domestic()])],
            packagings: vec![],
            labels: vec![LabelOffer::new(LabelFormat::Zpl)],
            carrier_options: vec![],
            pieces: Pieces::OneEach,
            settlement: Settlement::Charged,
            purchase,
            linking: Linking::everybody(),
            hosts: vec!["api.corner.example".into()],
            quotas: vec![],
            track_batch: 1,
            terms: vec![],
            currencies: vec![],
        }
    }
    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(Self { config, profile: <Self as CarrierPlugin>::profile() }))
    }
    fn example() -> &'static str {
        ""
    }
}

impl<const FLAW: u8> Carrier for Corner<FLAW> {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
    fn manifest(&self) -> Option<&dyn Manifest> {
        Some(self)
    }
    fn pickup(&self) -> Option<&dyn Pickup> {
        Some(self)
    }
    fn address_check(&self) -> Option<&dyn AddressCheck> {
        Some(self)
    }
    fn account(&self) -> Option<&dyn AccountCheck> {
        Some(self)
    }
}

impl<const FLAW: u8> Corner<FLAW> {
    fn request(&self, path: &str, body: &Value) -> Result<Request> {
        let mut url = wire::endpoint(&self.config.base_url, path);
        if FLAW == DROPS_BASE_PATH {
            url.set_path(path);
        }
        let mut request = wire::json_request(Method::POST, &url, body)?;
        wire::set_header(&mut request, "x-api-key", self.config.api_key.expose())?;
        Ok(request)
    }
}

fn read(response: &Response) -> Result<Value> {
    if !response.status().is_success() {
        let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let mut error = wire::status_error(response, "corner");
        if let Some(code) = body["code"].as_str() {
            error.carrier =
                Some(Box::new(CarrierWords { code: Some(code.into()), ..wire::words_of(response) }));
        }
        return Err(error);
    }
    let value: Value = wire::parse_json(response, "corner")?;
    if value.is_object() { Ok(value) } else { Err(Error::malformed("no object")) }
}

fn text(value: &Value, key: &str) -> Result<String> {
    value[key].as_str().map(str::to_owned).ok_or_else(|| Error::malformed(format!("no {key}")))
}

fn file(value: &Value, kind: DocumentKind, alter: bool) -> Result<Document> {
    let mut bytes = STANDARD.decode(text(value, "file")?).map_err(|_| Error::malformed("no base64"))?;
    if alter {
        bytes.push(b'!');
    }
    Ok(Document::new(kind, LabelFormat::Zpl, bytes))
}

#[async_trait]
impl<const FLAW: u8> Label for Corner<FLAW> {
    async fn allocate(&self, _: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let count = if FLAW == DRAWS_NOTHING { 0 } else { request.order.shipment.parcels.len() as u64 };
        let number = |at: u64| TrackingNumber(format!("CC{:08}", request.sequence + at));
        Ok(Allocation { numbers: (0..count).map(number).collect() })
    }
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        if self.profile.service(&order.service).is_none() {
            return Err(Error::new(ErrorKind::NoService, "no such service"));
        }
        if order.label.format != LabelFormat::Zpl {
            return Err(Error::invalid_field("label.format", "not made", "use zpl"));
        }
        let body = json!({ "numbers": order.numbers, "reference": order.handle.short() });
        let reply = read(&cx.spend(permit, self.request("/orders", &body)?).await?)?;
        let number = order.numbers.first().cloned().unwrap_or_else(|| "X".into());
        Ok(Purchase {
            shipment_key: number.as_str().into(),
            pieces: vec![Piece::new(0, number)],
            documents: vec![file(&reply, DocumentKind::Label, false)?.for_parcel(0)],
            prices: vec![],
            settlement: Settlement::Charged,
            delivery: None,
            carrier_data: None,
            warnings: vec![],
        })
    }
    async fn void(&self, cx: &Cx, _: &LabelKey) -> Result<VoidOutcome> {
        if FLAW == VOIDS_BY_CALL {
            let _ = cx.change(self.request("/void", &json!({}))?).await;
        }
        Ok(VoidOutcome::NotNeeded { reason: "what is not handed over is not billed".into() })
    }
    async fn recover(&self, _: &Cx, _: &RecoverRequest) -> Result<Recovery> {
        Ok(if FLAW == SAYS_ABSENT { Recovery::Absent } else { Recovery::Unsupported })
    }
    async fn reprint(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        let body = json!({ "number": request.key.shipment_key });
        let reply = read(&cx.read(self.request("/reprint", &body)?).await?)?;
        Ok(ReprintReply { documents: vec![file(&reply, DocumentKind::Label, FLAW == ALTERS_REPRINT)?] })
    }
}

#[async_trait]
impl<const FLAW: u8> Manifest for Corner<FLAW> {
    async fn close(&self, cx: &Cx, request: &ManifestRequest, permit: SpendPermit) -> Result<ManifestReply> {
        let all = || request.shipments.iter().flat_map(|shipment| shipment.tracking.clone());
        let numbers: Vec<_> = all().collect();
        let response = cx.spend(permit, self.request("/close", &json!({ "numbers": numbers }))?).await?;
        let phase =
            |error: Error| if FLAW == CLOSE_ANSWERED { error.in_phase(Phase::Answered) } else { error };
        let reply = read(&response).map_err(phase)?;
        Ok(ManifestReply {
            number: text(&reply, "id").map_err(phase)?,
            documents: vec![file(&reply, DocumentKind::Manifest, FLAW == ALTERS_FORM).map_err(phase)?],
            accepted: if FLAW == FORGETS_NUMBER { vec![] } else { all().collect() },
            refused: vec![],
        })
    }
}

#[async_trait]
impl<const FLAW: u8> Pickup for Corner<FLAW> {
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let reply =
            read(&cx.spend(permit, self.request("/pickups", &json!({ "day": request.date }))?).await?)?;
        let told = text(&reply, "confirmation")?;
        Ok(PickupReply {
            confirmation: if FLAW == MAKES_UP_CONFIRMATION { "OURS-1".into() } else { told },
            window_start: LocalMoment::day(request.date),
            window_end: None,
            price: None,
            carrier_data: Some("depot-4".into()),
            warnings: vec![],
        })
    }
    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled> {
        let body = json!({ "confirmation": key.confirmation, "depot": key.carrier_data });
        match read(&cx.change(self.request("/pickups/cancel", &body)?).await?) {
            Err(error) if FLAW == CANCELS_UNKNOWN && error.kind == ErrorKind::NotFound => {
                Ok(PickupCancelled::Cancelled)
            }
            other => other.map(|_| PickupCancelled::Cancelled),
        }
    }
}

#[async_trait]
impl<const FLAW: u8> AddressCheck for Corner<FLAW> {
    async fn check(&self, cx: &Cx, request: &AddressRequest) -> Result<AddressReply> {
        let answer = |verdict| AddressReply {
            verdict,
            residential: None,
            candidates: vec![],
            problems: vec![],
            notices: vec![],
        };
        if request.address.country != Country::US {
            return if FLAW == UNCHECKED_IS_AN_ERROR {
                Err(Error::unsupported("the US only"))
            } else {
                Ok(answer(AddressVerdict::Unchecked))
            };
        }
        let asked = self.request("/addresses", &json!({ "zip": request.address.postal_code }))?;
        let response =
            if FLAW == CHECKS_BY_CHANGE { cx.change(asked).await? } else { cx.read(asked).await? };
        let good = read(&response)?["good"].as_bool().ok_or_else(|| Error::malformed("no verdict"))?;
        Ok(answer(if good { AddressVerdict::Valid } else { AddressVerdict::Invalid }))
    }
}

#[async_trait]
impl<const FLAW: u8> AccountCheck for Corner<FLAW> {
    async fn prove(&self, cx: &Cx, _: &AccountRequest) -> Result<AccountReply> {
        let asked = self.request("/me", &json!({}))?;
        let response =
            if FLAW == PROVES_BY_CHANGE { cx.change(asked).await? } else { cx.read(asked).await? };
        let hint = Some(text(&read(&response)?, "account")?);
        Ok(AccountReply {
            proven_by: "the account".into(),
            account_hint: hint,
            test_mode: None,
            balance: None,
            notices: vec![],
        })
    }
}

/// Fixtures of the carrier.
pub fn write_fixtures(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    write(folder, "config", json!({ "api_key": "corner-key-815" }));
    write(
        folder,
        "exceptions",
        json!({ "cases": { "LABEL-07": "the carrier states no price when it sells" } }),
    );
    write(
        folder,
        "address_unchecked",
        json!({ "about": "Antarctica", "expect": { "verdict": "unchecked" } }),
    );
    for (name, path, body, response, expect) in labels().into_iter().chain(services()) {
        let headers = json!({ "x-api-key": "corner-key-815" });
        let request = json!({ "method": "POST", "path": path, "headers": headers, "body": body });
        let exchange = json!({ "request": request, "response": response });
        write(folder, name, json!({ "about": name, "exchanges": [exchange], "expect": expect }));
    }
}

fn write(folder: &Path, name: &str, json: Value) {
    std::fs::write(folder.join(format!("{name}.json")), json.to_string()).unwrap();
}

/// Name, path, body, answer, expectation.
type Row = (&'static str, &'static str, Value, Value, Value);
const NUMBER: &str = "CC00000041";

fn labels() -> Vec<Row> {
    let label = json!({ "json": { "file": "{{base64:sample.zpl}}" } });
    let form = json!({ "json": { "id": "M-7", "file": "{{base64:sample-2.zpl}}" } });
    let full = json!({ "status": 422, "json": { "code": "FULL" } });
    let refused = json!({ "error": { "kind": "http_422", "code": "FULL", "phase": "answered" } });
    let order = json!({ "numbers": [NUMBER], "reference": "{{handle}}" });
    vec![
        ("buy", "/orders", order, label.clone(), json!({ "tracking": [NUMBER], "labels": 1 })),
        ("buy_refused", "/orders", json!({}), full, refused),
        (
            "reprint",
            "/reprint",
            json!({ "number": NUMBER }),
            label,
            json!({ "documents": [{ "format": "zpl" }] }),
        ),
        (
            "manifest",
            "/close",
            json!({ "numbers": [NUMBER] }),
            form,
            json!({ "number": "M-7", "accepted": [NUMBER] }),
        ),
    ]
}

fn services() -> Vec<Row> {
    let cancel = json!({ "confirmation": "P-12", "depot": "depot-4" });
    let refusal = |kind: &str| json!({ "error": { "kind": kind } });
    let answer = |body: Value| json!({ "json": body });
    let day = json!({ "day": "2026-11-24" });
    vec![
        (
            "pickup",
            "/pickups",
            day,
            answer(json!({ "confirmation": "P-12" })),
            json!({ "confirmation": "P-12" }),
        ),
        ("pickup_cancel", "/pickups/cancel", cancel, answer(json!({})), json!({ "cancel": "cancelled" })),
        ("pickup_unknown", "/pickups/cancel", json!({}), json!({ "status": 404 }), refusal("not_found")),
        (
            "address_valid",
            "/addresses",
            json!({ "zip": "78704" }),
            answer(json!({ "good": true })),
            json!({ "verdict": "valid" }),
        ),
        (
            "address_invalid",
            "/addresses",
            json!({}),
            answer(json!({ "good": false })),
            json!({ "verdict": "invalid" }),
        ),
        (
            "account",
            "/me",
            json!({}),
            answer(json!({ "account": "***815" })),
            json!({ "account_hint": "***815" }),
        ),
        ("account_bad", "/me", json!({}), json!({ "status": 401 }), refusal("auth")),
    ]
}
