//! Every request that this crate makes validates against DHL's own OpenAPI file, where it is at hand
//! (`WAYBILL_SHARED`); else the tests say that they were skipped.
//!
//! The validator is small: types, required and unknown properties, enums, lengths, ranges, `multipleOf`, patterns that
//! DHL uses for times, item counts, query parameters.

mod common;

use std::sync::Arc;

use common::{Canned, carrier, order, permit, shared};
use serde_json::{Value, json};
use waybill_core::*;
use waybill_testkit::{block_on, sample_handle, sample_shipment, standard_now};

struct Spec(Value);

impl Spec {
    fn load() -> Option<Self> {
        let file = shared()?.join("spec/dpdhl-express-api-3.1.1_swagger.yaml");
        Some(Self(serde_yaml_ng::from_slice(&std::fs::read(file).unwrap()).unwrap()))
    }

    /// Follows `$ref`.
    fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node.get("$ref").and_then(Value::as_str) {
            Some(reference) => self.resolve(self.0.pointer(reference.trim_start_matches('#')).unwrap()),
            None => node,
        }
    }

    /// Problems of every request that a host saw.
    fn check(&self, host: &Arc<Canned>) -> Vec<String> {
        let sent = host.sent.lock().unwrap();
        assert!(!sent.is_empty(), "nothing was sent");
        sent.iter().flat_map(|(_, request)| self.request(request)).collect()
    }

    fn request(&self, request: &Request) -> Vec<String> {
        let path = request.uri().path().trim_start_matches("/root");
        let verb = request.method().as_str().to_lowercase();
        let fits = |template: &str| {
            let (left, right) = (template.split('/'), path.split('/'));
            left.clone().count() == right.clone().count()
                && left.zip(right).all(|(want, have)| want.starts_with('{') || want == have)
        };
        let paths = self.0["paths"].as_object().unwrap();
        let operation =
            paths.iter().find(|(template, _)| fits(template)).and_then(|(_, verbs)| verbs.get(&verb));
        let Some(operation) = operation else { return vec![format!("no operation {verb} {path}")] };
        let mut found = self.parameters(operation, request, path);
        let schema = operation.get("requestBody").map(|body| self.resolve(body));
        match schema.map(|body| &body["content"]["application/json"]["schema"]) {
            Some(schema) => {
                let body: Value = serde_json::from_slice(request.body()).unwrap();
                self.value(schema, &body, path, &mut found);
            }
            None if !request.body().is_empty() => found.push(format!("{path} takes no body")),
            None => {}
        }
        found
    }

    fn parameters(&self, operation: &Value, request: &Request, path: &str) -> Vec<String> {
        let mut found = Vec::new();
        let declared: Vec<&Value> =
            operation["parameters"].as_array().unwrap().iter().map(|one| self.resolve(one)).collect();
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        for (name, value) in &query {
            match declared.iter().find(|one| one["name"] == name.as_str() && one["in"] == "query") {
                None => found.push(format!("{path}: unknown query parameter {name}")),
                Some(parameter) => {
                    let allowed = parameter["schema"]["enum"].as_array();
                    let boolean = value.parse::<bool>().ok();
                    let listed = |known: &Value| {
                        known == value.as_str() || (boolean.is_some() && known.as_bool() == boolean)
                    };
                    if allowed.is_some_and(|allowed| !allowed.iter().any(listed)) {
                        found.push(format!("{path}: {name}={value} is not in the list"));
                    }
                }
            }
        }
        for parameter in declared.iter().filter(|one| one["required"] == true) {
            let name = parameter["name"].as_str().unwrap();
            let there = match parameter["in"].as_str() {
                Some("query") => query.iter().any(|(have, _)| have == name),
                Some("header") => request.headers().contains_key(name),
                _ => true,
            };
            if !there {
                found.push(format!("{path}: {name} is missing"));
            }
        }
        found
    }

    fn value(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolve(schema);
        if let Some(allowed) = schema.get("enum").and_then(Value::as_array)
            && !allowed.contains(value)
        {
            found.push(format!("{at}: {value} is not in the list"));
        }
        match (schema["type"].as_str(), value) {
            (Some("object"), Value::Object(fields)) => {
                let known = schema["properties"].as_object();
                for (name, field) in fields {
                    match known.and_then(|known| known.get(name)) {
                        Some(inner) => self.value(inner, field, &format!("{at}.{name}"), found),
                        None => found.push(format!("{at}.{name}: unknown property")),
                    }
                }
                let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
                // `upload-image` requires a property that it does not declare: the one in the path.
                let declared =
                    |name: &&Value| known.is_some_and(|known| known.contains_key(name.as_str().unwrap()));
                let missing = required
                    .iter()
                    .filter(declared)
                    .filter(|name| !fields.contains_key(name.as_str().unwrap()));
                found.extend(missing.map(|name| format!("{at}: {name} is missing")));
            }
            (Some("array"), Value::Array(items)) => {
                range(schema, "minItems", "maxItems", items.len() as u64, at, found);
                for (place, item) in items.iter().enumerate() {
                    self.value(&schema["items"], item, &format!("{at}[{place}]"), found);
                }
            }
            (Some("string"), Value::String(text)) => {
                range(schema, "minLength", "maxLength", text.chars().count() as u64, at, found);
            }
            (Some("number" | "integer"), Value::Number(number)) => {
                let number: rust_decimal::Decimal = number.to_string().parse().unwrap();
                let limit = |name: &str| schema.get(name).map(|limit| limit.to_string());
                let limit = |name: &str| limit(name).and_then(|text| lenient::parse_decimal(&text));
                let step = limit("multipleOf").filter(|step| !(number % step).is_zero());
                let low = limit("minimum").filter(|low| number < *low);
                if step.is_some() || low.is_some() || limit("maximum").is_some_and(|high| number > high) {
                    found.push(format!("{at}: {number} is out of range"));
                }
            }
            (Some("boolean"), Value::Bool(_)) | (None, _) => {}
            (Some(kind), other) => found.push(format!("{at}: {other} is no {kind}")),
        }
    }
}

fn range(schema: &Value, least: &str, most: &str, have: u64, at: &str, found: &mut Vec<String>) {
    if schema[least].as_u64().is_some_and(|least| have < least)
        || schema[most].as_u64().is_some_and(|most| have > most)
    {
        found.push(format!("{at}: {have} is outside {least} and {most}"));
    }
}

/// Shipments that reach every branch of the messages.
fn shipments() -> Vec<(&'static str, Shipment)> {
    let base = || sample_shipment("us_to_de").unwrap();
    let mut all = vec![
        ("plain", base()),
        ("china", sample_shipment("cn_to_us").unwrap()),
        ("pieces", sample_shipment("us_to_de+2").unwrap()),
    ];
    let mut add = |name: &'static str, change: &dyn Fn(&mut Shipment)| {
        let mut shipment = base();
        change(&mut shipment);
        all.push((name, shipment));
    };
    add("options", &|one| {
        one.options.saturday_delivery = true;
        one.options.signature = Some(Signature::Signature);
        one.options.carbon_neutral = true;
        one.options.paperless_customs = Some(true);
        one.options.hold_at = Some(HoldAt { location: "SPL123".into(), address: None });
        one.options.label_text = Some("Handle with care".into());
        one.options.notify = vec!["ops@brindlewood.test".into()];
        one.options.carrier = [
            ("value_added_services", "NN,TF"),
            ("place_of_incoterm", "Seattle"),
            ("export_reason", "intercompany_use"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        one.parcels[0].declared_value = "120.5 USD".parse().ok();
        one.parcels[0].dry_ice = "1.25lb".parse().ok();
        one.parcels[0].batteries =
            vec![Battery { kind: BatteryKind::LithiumIon, packing: BatteryPacking::Contained }];
        one.parcels[0].references = vec![Reference::new(ReferenceKind::Sku, "SHIRT-M")];
    });
    add("dangerous", &|one| {
        one.options.carrier.insert("dangerous_goods".into(), "HH:E01".into());
        one.parcels[0].dangerous_goods = vec![DangerousGoods {
            un_number: "UN1266".into(),
            name: "Perfumery products".into(),
            class: "3".into(),
            packing_group: None,
            quantity: None,
            unit: None,
            limited_quantity: false,
        }];
    });
    all.extend(more_shipments());
    all
}

/// Billing, customs, returns, documents, numbers.
fn more_shipments() -> Vec<(&'static str, Shipment)> {
    let mut all = Vec::new();
    let mut add = |name: &'static str, change: &dyn Fn(&mut Shipment)| {
        let mut shipment = sample_shipment("us_to_de").unwrap();
        change(&mut shipment);
        all.push((name, shipment));
    };
    add("paid duties", &|one| {
        one.billing.duties =
            Some(Payer::ThirdParty { account: "600123456".into(), country: Country::US, postal_code: None });
        one.billing.transport =
            Payer::ThirdParty { account: "600123456".into(), country: Country::US, postal_code: None };
        let customs = one.customs.as_mut().unwrap();
        customs.incoterm = None;
        customs.permits = vec!["LIC-1".into()];
        customs.remarks = Some("Right side up".into());
        customs.importer = Some(one.to.clone());
        customs.items[0].unit_weight = None;
        one.to.tax_ids = vec![TaxId { kind: TaxIdKind::Ioss, number: "IM2760000000".into(), country: None }];
    });
    add("return", &|one| {
        std::mem::swap(&mut one.from, &mut one.to);
        one.is_return = true;
        one.options.carrier.insert("label_storage".into(), "12".into());
    });
    add("documents", &|one| {
        one.customs = None;
        one.parcels[0].packaging = "express-envelope".into();
        one.parcels[0].weight = "0.2kg".parse().unwrap();
        one.parcels[0].dimensions = None;
    });
    add("awkward numbers", &|one| {
        one.parcels[0].weight = "33.33333oz".parse().unwrap();
        one.parcels[0].dimensions = "31.117x20.00049x10.3333cm".parse().ok();
        one.customs.as_mut().unwrap().items[0].unit_value = "19.999 USD".parse().unwrap();
    });
    all
}

fn no_problems(spec: &Spec, host: &Arc<Canned>, name: &str) {
    assert_eq!(spec.check(host), Vec::<String>::new(), "{name}");
}

#[test]
fn rates_shipments_and_landed_costs_validate() {
    let Some(spec) = Spec::load() else { return };
    let carrier = carrier(json!({ "payer_account": "200", "import_account": "300" }));
    for (name, shipment) in shipments() {
        let host = Canned::new(500, "");
        let _ = block_on(
            carrier.rate_quote().unwrap().quote(&host.cx("quote"), &RateRequest::new(shipment.clone())),
        );
        no_problems(&spec, &host, name);
        for format in [LabelFormat::Pdf, LabelFormat::Zpl, LabelFormat::Epl] {
            let host = Canned::new(500, "");
            let mut order = order(shipment.clone(), "express-worldwide");
            order.label.format = format;
            order.label.size = Some(PageSize::a4());
            let error =
                block_on(carrier.label().unwrap().buy(&host.cx("buy"), &order, permit())).unwrap_err();
            assert_eq!(error.phase, Phase::OutcomeUnknown, "{name}: {error}");
            no_problems(&spec, &host, name);
        }
        if name != "documents" {
            let host = Canned::new(500, "");
            let asked = LandedCostRequest { shipment, service: Some("express-worldwide".into()) };
            let _ = block_on(carrier.landed_cost().unwrap().landed_cost(&host.cx("landed_cost"), &asked));
            no_problems(&spec, &host, name);
        }
    }
}

#[test]
fn a_purchase_with_drawn_numbers_and_its_recovery_validate() {
    let Some(spec) = Spec::load() else { return };
    let carrier = carrier(json!({ "chosen_waybill": true }));
    let labels = carrier.label().unwrap();
    let mut order = order(sample_shipment("us_to_de+2").unwrap(), "express-worldwide");
    let host = Canned::new(200, r#"{"identifiers":[{"list":["2741906500"]}]}"#);
    let request = AllocateRequest { order: order.clone(), sequence: 0 };
    assert_eq!(block_on(labels.allocate(&host.cx("allocate"), &request)).unwrap().numbers.len(), 2);
    no_problems(&spec, &host, "allocate");
    for numbers in [vec![], vec!["2741906500".into(), "JD014600008812349999".into()]] {
        order.numbers = numbers;
        let host = Canned::new(500, "");
        let _ = block_on(labels.buy(&host.cx("buy"), &order, permit()));
        no_problems(&spec, &host, "buy");
        let answer = json!({ "shipments": [{ "shipmentTrackingNumber": "2741906500", "pieces": [{ "trackingNumber": "JD1" }, { "trackingNumber": "JD2" }] }] });
        let host = Canned::new(200, answer.to_string());
        let request = RecoverRequest { order: order.clone(), sent_at: standard_now() };
        assert!(matches!(block_on(labels.recover(&host.cx("recover"), &request)), Ok(Recovery::Found(_))));
        assert_eq!(host.count(), 2);
        no_problems(&spec, &host, "recover");
    }
}

#[test]
fn tracking_addresses_collections_and_documents_validate() {
    let Some(spec) = Spec::load() else { return };
    let carrier = common::carrier(json!({}));
    for numbers in [vec!["2741906358"], vec!["JD014600008812340022"], vec!["2741906358", "2741906359"]] {
        let host = Canned::new(200, "{}");
        let _ = block_on(carrier.tracking().unwrap().track(&host.cx("track"), &TrackRequest::new(numbers)));
        no_problems(&spec, &host, "track");
    }
    let host = Canned::new(200, "{}");
    let shipment = sample_shipment("us_to_de").unwrap();
    let proof = ProofRequest { number: "2741906358".into(), shipped_on: None };
    let _ = block_on(carrier.tracking().unwrap().proof_of_delivery(&host.cx("proof_of_delivery"), &proof));
    let address = AddressRequest { address: shipment.to.clone() };
    let _ = block_on(carrier.address_check().unwrap().check(&host.cx("check_address"), &address));
    let _ = block_on(carrier.account().unwrap().prove(&host.cx("prove_account"), &AccountRequest {}));
    let request = PickupRequest {
        address: shipment.from,
        date: "2026-11-24".parse().unwrap(),
        ready: "10:00:00".parse().unwrap(),
        close: "18:00:00".parse().unwrap(),
        parcels: shipment.parcels,
        services: vec!["express-envelope".into()],
        tracking: vec!["2741906358".into()],
        place: Some("dock ".repeat(30)),
        instructions: Some("ring ".repeat(30)),
        handle: sample_handle(),
    };
    let key = PickupKey { confirmation: "PRG261124000417".into(), date: request.date, carrier_data: None };
    let pickup = carrier.pickup().unwrap();
    let _ = block_on(pickup.schedule(&host.cx("schedule_pickup"), &request, permit()));
    let change = PickupUpdate { key: key.clone(), request: request.clone() };
    let _ = block_on(pickup.update(&host.cx("update_pickup"), &change));
    let _ = block_on(pickup.cancel(&host.cx("cancel_pickup"), &key));
    let papers = AttachRequest {
        key: common::key("2741906358"),
        ship_date: request.date,
        documents: vec![Document::new(DocumentKind::CustomsForms, LabelFormat::Jpg, &b"x"[..])],
    };
    let _ = block_on(carrier.label().unwrap().attach(&host.cx("attach"), &papers));
    let reference = TrackRequest::new(["PO 4711/2026"]);
    let _ = block_on(carrier.tracking().unwrap().track(&host.cx("track"), &reference));
    assert_eq!(host.count(), 8);
    no_problems(&spec, &host, "all");
}

/// The validator itself finds mistakes.
#[test]
fn the_validator_can_fail() {
    let Some(spec) = Spec::load() else { return };
    let body = json!({ "plannedShippingDateAndTime": "x".repeat(30), "unknown": 1, "packages": [{ "weight": 0.00001 }], "unitOfMeasurement": "stone" });
    let request = http::Request::post("https://carrier.test/root/rates?colour=red")
        .body(body.to_string().into_bytes().into())
        .unwrap();
    let found = spec.request(&request).join("\n");
    for word in [
        "unknown query parameter colour",
        "x-version is missing",
        "unknown: unknown property",
        "outside minLength",
        "out of range",
        "\"stone\" is not in the list",
        "\"customerDetails\" is missing",
    ] {
        assert!(found.contains(word), "{word} in\n{found}");
    }
}
