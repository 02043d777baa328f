//! Every request of ours against UPS's OpenAPI files, which are shared beside the repository. Skipped, and said so,
//! where they are not.

#[allow(dead_code, reason = "each test file uses its own part")]
mod common;

use common::{host, key, order, pickup, shared, ups};
use serde_json::Value;
use waybill_core::*;
use waybill_testkit::{block_on, sample_shipment};

/// Where we differ from the files on purpose: the path's end, and why.
const KNOWN: &[(&str, &str)] = &[
    (
        "RateRequest.Request: RequestOption is missing",
        "it stands in the path; UPS's examples leave it out of the body",
    ),
    ("LabelRecoveryRequest: TrackingNumbers is missing", "for Roadie only, as its text says"),
    ("LabelRecoveryRequest: ReferenceValues is missing", "needed without a number only, as its text says"),
    ("NotificationCode: longer than 1", "the file lists 012 and 013 among the values"),
    ("UnitOfMeasurement: Description is missing", "recorded requests that UPS answered do without"),
    ("PickupDate: longer than 4", "its text says yyyyMMdd"),
];

struct Spec(Value);

impl Spec {
    /// Some files have a mark at the start and tabs, which YAML does not allow.
    fn read(name: &str) -> Option<Self> {
        let text = std::fs::read_to_string(shared("spec")?.join(name)).unwrap();
        let text = text.trim_start_matches('\u{feff}').replace('\t', "  ");
        Some(Self(serde_yaml_ng::from_str(&text).unwrap()))
    }

    fn check(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            let pointer = name.trim_start_matches('#');
            return self.check(self.0.pointer(pointer).unwrap(), value, path, found);
        }
        match value {
            Value::Object(fields) => {
                let none = serde_json::Map::new();
                let properties = schema["properties"].as_object().unwrap_or(&none);
                for (name, inner) in fields {
                    match properties.get(name) {
                        Some(schema) => self.check(schema, inner, &format!("{path}.{name}"), found),
                        None if properties.is_empty() => {}
                        None => found.push(format!("{path}: {name} is unknown")),
                    }
                }
                let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                found.extend(
                    required
                        .filter(|name| !fields.contains_key(*name))
                        .map(|name| format!("{path}: {name} is missing")),
                );
            }
            Value::Array(items) => {
                if schema["type"] != "array" && schema.get("items").is_none() {
                    found.push(format!("{path}: not a list"));
                }
                items.iter().for_each(|item| self.check(&schema["items"], item, path, found));
            }
            Value::String(text) => {
                let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
                if text.chars().count() as u64 > most {
                    found.push(format!("{path}: longer than {most}"));
                }
            }
            _ => found.push(format!("{path}: neither text nor list nor object")),
        }
    }

    fn problems(&self, schema: &str, body: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let schema = &self.0["components"]["schemas"][schema];
        assert!(schema.is_object());
        self.check(schema, body, "", &mut found);
        found.retain(|problem| KNOWN.iter().all(|(known, _)| !problem.ends_with(known)));
        found
    }
}

/// Orders that between them use every field that we send.
fn orders() -> Vec<LabelOrder> {
    let plain = order(2);
    let mut rich = order(1);
    let patch = serde_json::json!({ "signature": "adult", "saturday_delivery": true, "carbon_neutral": true,
        "notify": ["a@b.test"], "carrier": { "direct-delivery-only": "true", "simple-rate": "M" } });
    rich.shipment.options = serde_json::from_value(patch).unwrap();
    rich.service = "next-day-air".into();
    rich.shipment.parcels[0].declared_value = "250 USD".parse().ok();
    rich.shipment.parcels[0].dry_ice = "1lb".parse().ok();
    rich.shipment.parcels[0].non_machinable = true;
    rich.shipment.billing.transport = Payer::ThirdParty {
        account: "Q1W2E3".into(),
        country: Country::US,
        postal_code: Some("60601".into()),
    };
    let mut held = order(1);
    held.shipment.options.hold_at =
        Some(HoldAt { location: "U12345678".into(), address: Some(held.shipment.from.clone()) });
    held.shipment.options.cash_on_delivery = "25 USD".parse().ok();
    let mut back = order(1);
    back.shipment.is_return = true;
    let mut abroad = order(1);
    abroad.shipment = sample_shipment("us_to_de").unwrap();
    abroad.service = "worldwide-express".into();
    abroad.shipment.options.signature = Some(Signature::Signature);
    abroad.shipment.options.carrier.insert("paperless-documents".into(), "2026-11-20-10.00.00.000001".into());
    abroad.shipment.customs.as_mut().unwrap().incoterm = Some(Incoterm::Ddp);
    let ioss = TaxId { kind: TaxIdKind::Ioss, number: "IM0000000000".into(), country: None };
    abroad.shipment.from.tax_ids = vec![ioss];
    vec![plain, rich, held, back, abroad]
}

fn last_body(host: &waybill_testkit::ScriptedHost) -> Value {
    host.requests().last().unwrap().json()
}

#[test]
fn requests_keep_to_the_openapi_files() {
    let (Some(shipping), Some(rating)) = (Spec::read("Shipping.yaml"), Spec::read("Rating.yaml")) else {
        return;
    };
    let ups = ups();
    let mut found = Vec::new();
    let refusal = r#"{"response":{"errors":[{"code":"120202","message":"x"}]}}"#;
    for order in orders() {
        let host = host(&[(400, refusal.to_owned())]);
        let _ = block_on(ups.label().unwrap().buy(&host.cx("buy"), &order, host.permit()));
        found.extend(shipping.problems("SHIPRequestWrapper", &last_body(&host)));
        let request = RecoverRequest { order: order.clone(), sent_at: host.now() };
        let _ = block_on(ups.label().unwrap().recover(&host.cx("recover"), &request));
        found.extend(shipping.problems("LABELRECOVERYRequestWrapper", &last_body(&host)));
        for services in [Vec::new(), vec![order.service.clone()]] {
            let request = RateRequest { services, ..RateRequest::new(order.shipment.clone()) };
            let _ = block_on(ups.rate_quote().unwrap().quote(&host.cx("quote"), &request));
            found.extend(rating.problems("RATERequestWrapper", &last_body(&host)));
        }
    }
    let host = host(&[(400, refusal.to_owned())]);
    let _ = block_on(ups.pickup().unwrap().schedule(&host.cx("pickup"), &pickup(), host.permit()));
    found.extend(
        Spec::read("Pickup.yaml").unwrap().problems("PICKUPCreationRequestWrapper", &last_body(&host)),
    );
    let asked = AddressRequest { address: order(1).shipment.to };
    let _ = block_on(ups.address_check().unwrap().check(&host.cx("check"), &asked));
    found.extend(
        Spec::read("AddressValidation.yaml").unwrap().problems("XAVRequestWrapper", &last_body(&host)),
    );
    let paperless = Spec::read("Paperless.yaml").unwrap();
    let stored =
        r#"{"UploadResponse":{"FormsHistoryDocumentID":{"DocumentID":["2026-11-23-10.15.04.118230"]}}}"#;
    let host = common::host(&[(200, stored.to_owned())]);
    let _ = block_on(ups.trade_documents().unwrap().upload(&host.cx("upload"), &common::upload(Some(key()))));
    for (schema, sent) in ["PAPERLESSDOCUMENTUploadRequestWrapper", "PAPERLESSDOCUMENTRequestWrapper"]
        .into_iter()
        .zip(host.requests().iter().filter(|sent| sent.uri.path().contains("paperless")))
    {
        found.extend(paperless.problems(schema, &sent.json()));
    }
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{found:#?}");
}

impl Spec {
    /// Unknown and missing query parameters and headers of a call.
    fn call_problems(&self, method: &str, template: &str, sent: &waybill_testkit::Sent) -> Vec<String> {
        let operation = &self.0["paths"][template][method];
        assert!(operation.is_object(), "{method} {template}");
        let parameters: Vec<&Value> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| match parameter["$ref"].as_str() {
                Some(name) => self.0.pointer(name.trim_start_matches('#')).unwrap(),
                None => parameter,
            })
            .collect();
        let of = |place: &'static str| parameters.iter().filter(move |parameter| parameter["in"] == place);
        let name = |parameter: &Value| parameter["name"].as_str().unwrap_or_default().to_owned();
        let query: Vec<String> = url::form_urlencoded::parse(sent.uri.query().unwrap_or_default().as_bytes())
            .map(|(key, _)| key.into_owned())
            .collect();
        let known: Vec<String> = of("query").map(|parameter| name(parameter)).collect();
        let mut found: Vec<String> = query
            .iter()
            .filter(|key| !known.contains(key))
            .map(|key| format!("{template}: query `{key}` is unknown"))
            .collect();
        let required = |parameter: &&&Value| parameter["required"] == true;
        let missing_query =
            of("query").filter(required).map(|it| name(it)).filter(|key| !query.contains(key));
        found.extend(missing_query.map(|key| format!("{template}: query `{key}` is missing")));
        let missing = of("header").filter(required).map(|it| name(it));
        let missing = missing.filter(|key| !sent.headers.contains_key(key.to_ascii_lowercase().as_str()));
        found.extend(missing.map(|key| format!("{template}: header `{key}` is missing")));
        found
    }
}

#[test]
fn calls_without_a_body_keep_to_the_openapi_files_too() {
    let (Some(tracking), Some(shipping)) = (Spec::read("Tracking.yaml"), Spec::read("Shipping.yaml")) else {
        return;
    };
    let pickups = Spec::read("Pickup.yaml").unwrap();
    let paperless = Spec::read("Paperless.yaml").unwrap();
    let (ups, host) = (ups(), host(&[(404, String::new())]));
    let number = "1ZW8Y4B20300000019";
    let _ = block_on(ups.tracking().unwrap().track(&host.cx("track"), &TrackRequest::new([number])));
    let last = || host.requests().pop().unwrap();
    let mut found = tracking.call_problems("get", "/track/v1/details/{inquiryNumber}", &last());
    let proof = ProofRequest { number: number.into(), shipped_on: None };
    let _ = block_on(ups.tracking().unwrap().proof_of_delivery(&host.cx("proof"), &proof));
    found.extend(tracking.call_problems("get", "/track/v1/details/{inquiryNumber}", &last()));
    let part = LabelKey { tracking: vec!["1Z2".into()], carrier_data: Some("1Z1,1Z2".into()), ..key() };
    for key in [key(), part] {
        let _ = block_on(ups.label().unwrap().void(&host.cx("void"), &key));
        let voids = host.requests().into_iter().rfind(|sent| sent.method == http::Method::DELETE).unwrap();
        let template = "/shipments/{version}/void/cancel/{shipmentidentificationnumber}";
        found.extend(shipping.call_problems("delete", template, &voids));
    }
    let cancelled = PickupKey { confirmation: "29W".into(), date: pickup().date, carrier_data: None };
    let _ = block_on(ups.pickup().unwrap().cancel(&host.cx("cancel"), &cancelled));
    found.extend(pickups.call_problems("delete", "/shipments/{version}/pickup/{CancelBy}", &last()));
    let _ = block_on(ups.trade_documents().unwrap().upload(&host.cx("upload"), &common::upload(None)));
    found.extend(paperless.call_problems("post", "/paperlessdocuments/{version}/upload", &last()));
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn the_consent_keeps_to_the_openapi_file() {
    let Some(spec) = Spec::read("OAuthAuthCode.yaml") else { return };
    let request = ConsentRequest {
        redirect_uri: "https://oms.example/back".parse().unwrap(),
        state: Credential::new("state-of-this-sign-in"),
        verifier: Credential::new("v".repeat(43)),
    };
    let ups = ups();
    let host = host(&[]);
    let consent = ups.consent().unwrap();
    let page = block_on(consent.begin(&host.cx("begin"), &request)).unwrap().url;
    let known = spec.0["paths"]["/v1/oauth/authorize"]["get"]["parameters"].as_array().unwrap();
    let asked: Vec<String> = page.query_pairs().map(|(key, _)| key.into_owned()).collect();
    for parameter in known {
        let name = parameter["name"].as_str().unwrap().to_owned();
        assert!(asked.contains(&name) || parameter["required"] != true, "{name} is missing");
    }
    assert!(asked.iter().all(|key| known.iter().any(|parameter| parameter["name"] == **key)), "{asked:?}");

    let redirected = Credential::new("https://oms.example/back?code=c&state=state-of-this-sign-in");
    let _ = block_on(consent.finish(&host.cx("finish"), &ConsentAnswer { request, redirected }));
    let sent = host.requests().pop().unwrap();
    let form: Vec<String> =
        url::form_urlencoded::parse(&sent.body).map(|(key, _)| key.into_owned()).collect();
    let schema = &spec.0["paths"]["/v1/oauth/token"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
        ["schema"];
    for name in schema["required"].as_array().unwrap() {
        assert!(form.iter().any(|key| name == key.as_str()), "{name} is missing");
    }
    assert!(form.iter().all(|key| schema["properties"].get(key).is_some()), "{form:?}");
}
