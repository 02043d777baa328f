//! Which scenarios a carrier is asked for, and the standard input of each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waybill_core::{Document, DocumentKind, LabelFormat, Pieces, Profile};

use super::Suite;
use crate::inputs::{DOMESTIC, INTERNATIONAL, first_service, label_spec, sample_handle, sample_json, takes};
use crate::{sample_shipment, standard_now};

/// A scenario as the plan knows it.
pub(crate) struct Planned {
    pub name: &'static str,
    pub operation: &'static str,
    /// Accessor of the capability that it belongs to.
    pub capability: &'static str,
}

const fn planned(name: &'static str, operation: &'static str, capability: &'static str) -> Planned {
    Planned { name, operation, capability }
}

/// Every scenario.
pub(crate) const PLAN: &[Planned] = &[
    planned("rate_domestic", "quote", "rate_quote"),
    planned("rate_international", "quote", "rate_quote"),
    planned("rate_empty", "quote", "rate_quote"),
    planned("rate_refused", "quote", "rate_quote"),
    planned("rate_bad_auth", "quote", "rate_quote"),
    planned("buy", "buy", "label"),
    planned("buy_international", "buy", "label"),
    planned("buy_multi", "buy", "label"),
    planned("buy_refused", "buy", "label"),
    planned("void", "void", "label"),
    planned("void_again", "void", "label"),
    planned("void_unknown", "void", "label"),
    planned("void_late", "void", "label"),
    planned("recover_found", "recover", "label"),
    planned("recover_absent", "recover", "label"),
    planned("reprint", "reprint", "label"),
    planned("attach", "attach", "label"),
    planned("track", "track", "tracking"),
    planned("track_unknown", "track", "tracking"),
    planned("track_odd", "track", "tracking"),
    planned("track_many", "track", "tracking"),
    planned("proof", "proof_of_delivery", "tracking"),
    planned("manifest", "close", "manifest"),
    planned("pickup", "schedule_pickup", "pickup"),
    planned("pickup_cancel", "cancel_pickup", "pickup"),
    planned("pickup_unknown", "cancel_pickup", "pickup"),
    planned("pickup_update", "update_pickup", "pickup"),
    planned("address_valid", "check_address", "address_check"),
    planned("address_invalid", "check_address", "address_check"),
    planned("address_unchecked", "check_address", "address_check"),
    planned("account", "prove_account", "account"),
    planned("account_bad", "prove_account", "account"),
    planned("landed_cost", "landed_cost", "landed_cost"),
    planned("upload", "upload_documents", "trade_documents"),
    planned("upload_bought", "upload_documents", "trade_documents"),
    planned("upload_refused", "upload_documents", "trade_documents"),
    planned("consent_begin", "begin_consent", "consent"),
    planned("consent_finish", "finish_consent", "consent"),
];

/// Whether a carrier is asked for a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    /// It must be written.
    Needed,
    /// It may be written.
    Welcome,
    /// It does not apply, and why.
    No(String),
}

/// The plan's entry for a scenario.
pub(crate) fn planned_of(base: &str) -> Option<&'static Planned> {
    PLAN.iter().find(|planned| planned.name == base)
}

impl Suite {
    /// Whether the carrier is asked for a scenario.
    pub(crate) fn need(&self, planned: &Planned) -> Need {
        if !self.has(planned.capability) {
            return Need::No(format!("the carrier has no `{}`", planned.capability));
        }
        let profile = &self.profile;
        let unless = |holds: bool, why: &str| if holds { Need::Needed } else { Need::No(why.to_owned()) };
        match planned.name {
            "rate_domestic" | "buy" => unless(
                takes(profile, &DOMESTIC, "").is_some() || self.buys_only_abroad(planned.name),
                "no service takes a domestic sample",
            ),
            "rate_international" | "buy_international" => unless(
                takes(profile, &INTERNATIONAL, "").is_some(),
                "no service takes an international sample",
            ),
            "buy_multi" => unless(
                profile.pieces == Pieces::OneShipment
                    && (takes(profile, &DOMESTIC, "+2").is_some()
                        || takes(profile, &INTERNATIONAL, "+2").is_some()),
                "no service takes two parcels in one shipment",
            ),
            "void" | "void_again" | "void_unknown" | "void_late" => {
                unless(profile.purchase.voids, "the profile says that there is no void")
            }
            "recover_found" | "recover_absent" => {
                unless(profile.purchase.lookup, "the profile says that a lost purchase cannot be looked up")
            }
            "reprint" | "attach" | "proof" | "landed_cost" | "pickup_update" => Need::Welcome,
            _ => Need::Needed,
        }
    }

    /// `buy` is the root of other scenarios, so it is asked for even where nothing is domestic.
    fn buys_only_abroad(&self, name: &str) -> bool {
        name == "buy" && takes(&self.profile, &INTERNATIONAL, "").is_some()
    }

    /// The standard input of a scenario.
    pub(crate) fn standard_input(&self, base: &str) -> Value {
        match base {
            "rate_international" | "landed_cost" => json!({ "shipment": self.shipment(&INTERNATIONAL, "") }),
            _ if base.starts_with("rate") => json!({ "shipment": self.shipment(&DOMESTIC, "") }),
            "buy_international" => self.order(&INTERNATIONAL, ""),
            "buy_multi" => self.order(&DOMESTIC, "+2"),
            _ if base.starts_with("buy") => self.order(&DOMESTIC, ""),
            _ if base.starts_with("void") => self.label_key(),
            "reprint" => json!({ "key": self.label_key(), "label": label_spec(&self.profile) }),
            "attach" => {
                json!({ "key": self.label_key(), "ship_date": "2026-11-24", "documents": [invoice()] })
            }
            _ if base.starts_with("recover") => {
                let order = self.bought().map(|bought| bought.order.clone());
                let order = order.unwrap_or_else(|| self.with_service(self.order(&DOMESTIC, "")));
                json!({ "order": order, "sent_at": standard_now() })
            }
            _ if base.starts_with("track") => json!({ "numbers": ["WAYBILL0000000001"] }),
            "proof" => json!({ "number": "WAYBILL0000000001" }),
            "manifest" => self.manifest(),
            "pickup" => self.pickup(),
            "pickup_cancel" | "pickup_unknown" => self.pickup_key(),
            "pickup_update" => json!({ "key": self.pickup_key(), "request": self.pickup() }),
            "address_unchecked" => json!({ "address": {
                "name": "Odalys Fennimore", "lines": ["Ross Island Station 4"], "city": "Ross Island", "country": "AQ" } }),
            _ if base.starts_with("upload") => self.upload(base),
            "consent_begin" => sign_in(),
            "consent_finish" => json!({ "request": sign_in(),
                "redirected": "https://oms.example/back?code=waybill-code&state=state-of-this-sign-in" }),
            _ if base.starts_with("address") => json!({ "address": sample(&["us_domestic"], "")["to"] }),
            _ => json!({}),
        }
    }

    fn shipment(&self, samples: &[&str], suffix: &str) -> Value {
        let all: Vec<&str> = samples.iter().chain(&DOMESTIC).chain(&INTERNATIONAL).copied().collect();
        match takes(&self.profile, &all, suffix) {
            Some(name) => sample_json(&name).unwrap_or_default(),
            None => sample(samples, suffix),
        }
    }

    fn order(&self, samples: &[&str], suffix: &str) -> Value {
        json!({
            "shipment": self.shipment(samples, suffix),
            "label": label_spec(&self.profile),
            "handle": sample_handle(),
        })
    }

    /// An order with a service: the first one that the profile's own limits let through.
    pub(crate) fn with_service(&self, mut order: Value) -> Value {
        if order.get("service").is_none() {
            order["service"] = json!(service_for(&self.profile, &order["shipment"]));
        }
        order
    }

    fn label_key(&self) -> Value {
        match self.bought() {
            Some(bought) => bought.key.clone(),
            None => json!({
                "shipment_key": "WAYBILL0000000001", "tracking": ["WAYBILL0000000001"], "handle": sample_handle(),
                "service": service_for(&self.profile, &self.shipment(&DOMESTIC, "")), "bought_at": standard_now(),
            }),
        }
    }

    fn manifest(&self) -> Value {
        let key = self.label_key();
        json!({
            "from": self.shipment(&DOMESTIC, "")["from"], "ship_date": "2026-11-24", "handle": sample_handle(),
            "shipments": [{ "shipment_key": key["shipment_key"], "tracking": key["tracking"], "service": key["service"] }],
        })
    }

    fn pickup(&self) -> Value {
        let shipment = self.shipment(&DOMESTIC, "");
        json!({
            "address": shipment["from"], "date": "2026-11-24", "ready": "10:00:00", "close": "17:00:00",
            "parcels": shipment["parcels"], "services": [service_for(&self.profile, &shipment)],
            "tracking": self.label_key()["tracking"], "handle": sample_handle(), "place": "front door",
        })
    }

    /// An invoice: for a shipment to come, for the bought one, in a format for printers.
    fn upload(&self, base: &str) -> Value {
        let shipment = self.shipment(&INTERNATIONAL, "");
        let format = if base == "upload_refused" { "zpl" } else { "pdf" };
        let file = crate::samples::sample("sample.pdf").unwrap_or_default();
        let mut input = json!({
            "documents": [{ "kind": "commercial_invoice", "format": format, "bytes": STANDARD.encode(file) }],
            "from": shipment["from"]["country"], "to": shipment["to"]["country"], "ship_date": "2026-11-24",
        });
        if base == "upload_bought" {
            input["shipment"] = self.label_key();
        }
        input
    }

    fn pickup_key(&self) -> Value {
        let arranged = self.play_clean("pickup").and_then(|run| run.last()?.reply.clone().ok());
        match arranged {
            Some(reply) => {
                let mut key = json!({ "confirmation": reply["confirmation"], "date": "2026-11-24" });
                if let Some(data) = reply.get("carrier_data") {
                    key["carrier_data"] = data.clone();
                }
                key
            }
            None => json!({ "confirmation": "WAYBILL-PICKUP", "date": "2026-11-24" }),
        }
    }
}

/// A sign-in; its verifier is not the one of any test elsewhere.
fn sign_in() -> Value {
    json!({ "redirect_uri": "https://oms.example/back", "state": "state-of-this-sign-in",
        "verifier": "verifier-of-this-sign-in-which-nobody-else-may-see" })
}

/// A paper of the shipper's own.
fn invoice() -> Value {
    let bytes = crate::sample_file("sample.pdf").unwrap_or_default();
    json!(Document::new(DocumentKind::CommercialInvoice, LabelFormat::Pdf, bytes))
}

fn sample(names: &[&str], suffix: &str) -> Value {
    names.first().and_then(|name| sample_json(&format!("{name}{suffix}"))).unwrap_or_default()
}

fn service_for(profile: &Profile, shipment: &Value) -> Value {
    let typed = serde_json::from_value(shipment.clone()).ok().or_else(|| sample_shipment("us_domestic"));
    let found = typed.and_then(|shipment| first_service(profile, &shipment).cloned());
    let service = found.or_else(|| profile.services.first().cloned());
    service.map(|service| json!(service.code)).unwrap_or_default()
}
