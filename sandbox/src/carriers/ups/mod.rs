//! UPS REST (OAuth, Rating, Shipping, Label Recovery, Void, Tracking, Address Validation, Time in
//! Transit, Pickup, Paperless).
//!
//! Quirks: `single-object` (a list with one element is that element, at every API version),
//! `empty-200` (a malformed Ship request gets status 200, no body and `Apierrorcode` headers).
//! Error codes that the public material does not state are listed in the crate's README.

mod consent;
mod extras;
mod parse;
mod rate;
mod ship;
mod track;

use serde_json::{Value, json};

use crate::{Account, Cx, Personality, Reply, Request, Trouble};

pub(crate) struct Ups;

const ACCOUNTS: &[Account] = &[
    Account {
        client_id: "ups-house-client",
        client_secret: "ups-house-secret",
        number: "A1B2C3",
        discount: 180,
    },
    Account {
        client_id: "ups-seller-client",
        client_secret: "ups-seller-secret",
        number: "X9Y8Z7",
        discount: 310,
    },
    Account { client_id: "ups-list-client", client_secret: "ups-list-secret", number: "L1S2T3", discount: 0 },
];

/// Four hours, less one second, as UPS says it.
const TOKEN_SECONDS: i64 = 14_399;

impl Personality for Ups {
    fn id(&self) -> &'static str {
        "ups"
    }

    fn name(&self) -> &'static str {
        "UPS"
    }

    fn accounts(&self) -> &'static [Account] {
        ACCOUNTS
    }

    fn credentials(&self, account: &Account) -> Value {
        json!({
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "account_number": account.number,
        })
    }

    fn operation(&self, request: &Request) -> &'static str {
        match (request.method.as_str(), request.segments().as_slice()) {
            (_, ["security", ..]) => "token",
            (_, ["api", "rating", ..]) => "rate",
            (_, ["api", "shipments", "v1", "transittimes"]) => "transit",
            ("POST", ["api", "shipments", _, "ship"]) => "buy",
            ("DELETE", ["api", "shipments", _, "void", ..]) => "void",
            (_, ["api", "labels", ..]) => "recover",
            (_, ["api", "track", _, "reference", ..]) => "track_by_reference",
            (_, ["api", "track", ..]) => "track",
            (_, ["api", "addressvalidation", ..]) => "address",
            (_, ["api", "pickupcreation", ..] | ["api", "shipments", _, "pickup", ..]) => "pickup",
            (_, ["api", "paperlessdocuments", ..]) => "document",
            _ => "other",
        }
    }

    fn handles(&self, request: &Request) -> Vec<String> {
        request.json().map(|body| parse::references(&body["ShipmentRequest"]["Shipment"])).unwrap_or_default()
    }

    fn answer(&self, cx: &Cx, request: &Request) -> Reply {
        match request.segments().as_slice() {
            ["security", _, "oauth", "token"] => return token(cx, request),
            ["security", _, "oauth", "authorize"] => return consent::authorize(cx, request, &ACCOUNTS[1]),
            ["security", _, "oauth", "refresh"] => return consent::refresh(cx, request),
            _ => {}
        }
        let Some(account) = cx.bearer_account(self, request) else {
            return self.trouble(Trouble::Unauthorized);
        };
        match (request.method.as_str(), request.segments().as_slice()) {
            ("POST", ["api", "rating", version, option]) => {
                rate::answer(cx, account, request, version, option)
            }
            ("POST", ["api", "shipments", "v1", "transittimes"]) => extras::transit(cx, request),
            ("POST", ["api", "shipments", version, "ship"]) => ship::buy(cx, account, request, version),
            ("DELETE", ["api", "shipments", _, "void", "cancel", number]) => {
                ship::void(cx, account, request, number)
            }
            ("POST", ["api", "labels", _, "recovery"]) => ship::recover(cx, account, request),
            ("GET", ["api", "track", _, "details", number]) => track::by_number(cx, request, number),
            ("GET", ["api", "track", _, "reference", "details", reference]) => {
                track::by_reference(cx, account, request, reference)
            }
            ("POST", ["api", "addressvalidation", _, option]) => extras::address(request, option),
            ("POST", ["api", "pickupcreation", _, "pickup"]) => extras::pickup_create(cx, request),
            ("POST", ["api", "shipments", _, "pickup", _]) => extras::pickup_rate(cx, request),
            ("DELETE", ["api", "shipments", _, "pickup", by]) => extras::pickup_cancel(cx, request, by),
            ("POST", ["api", "paperlessdocuments", _, "upload"]) => extras::upload(cx, account, request),
            ("POST", ["api", "paperlessdocuments", _, "image"]) => extras::attach(cx, account, request),
            _ => error(404, "10404", "Resource not found"),
        }
    }

    fn trouble(&self, trouble: Trouble) -> Reply {
        match trouble {
            Trouble::Unauthorized => error(401, "250002", "Invalid Authentication Information."),
            Trouble::TooManyRequests => error(429, "10429", "Too Many Requests"),
            Trouble::Server(503) => error(503, "10004", "Service Temporarily Unavailable"),
            Trouble::Server(status) => error(status, "10500", "Internal Server Error"),
        }
    }
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"response": {"errors": [{"code": code, "message": message}]}}))
}

/// A refusal: HTTP status, UPS code, message.
type Refusal = (u16, &'static str, String);

fn refuse((status, code, message): Refusal) -> Reply {
    error(status, code, &message)
}

/// The `Response` element, with the client's context echoed.
fn response_part(request_part: &Value, alerts: Vec<Value>) -> Value {
    let context = request_part.pointer("/TransactionReference/CustomerContext").cloned().unwrap_or(json!(""));
    let mut part = json!({
        "ResponseStatus": {"Code": "1", "Description": "Success"},
        "TransactionReference": {"CustomerContext": context},
    });
    if !alerts.is_empty() {
        part["Alert"] = Value::Array(alerts);
    }
    part
}

/// A list as this API version writes it: before version `since` a single element stands bare.
fn listed(cx: &Cx, version: &str, since: u32, mut items: Vec<Value>) -> Value {
    let number = version.trim_start_matches('v').parse::<u32>().unwrap_or(0);
    if items.len() == 1 && (number < since || cx.quirk("single-object")) {
        return items.remove(0);
    }
    Value::Array(items)
}

fn token(cx: &Cx, request: &Request) -> Reply {
    let fields = request.form();
    if fields.iter().any(|(key, value)| key == "grant_type" && value == "authorization_code") {
        return consent::exchange(cx, &fields, request.basic());
    }
    let known = request.basic().and_then(|(id, secret)| {
        ACCOUNTS.iter().find(|found| found.client_id == id && found.client_secret == secret)
    });
    let grant = fields.iter().any(|(key, value)| key == "grant_type" && value == "client_credentials");
    let form = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    match known {
        Some(account) if grant && form => {
            let (token, seconds) = cx.issue_token(account.client_id, TOKEN_SECONDS);
            Reply::json(
                200,
                &json!({
                    "token_type": "Bearer",
                    "issued_at": cx.now().timestamp_millis().to_string(),
                    "client_id": account.client_id,
                    "access_token": token,
                    "scope": "",
                    "expires_in": seconds.to_string(),
                    "refresh_count": "0",
                    "status": "approved",
                }),
            )
        }
        Some(_) => error(400, "10400", "Invalid/Missing Grant Type"),
        None => error(401, "250002", "Invalid Authentication Information."),
    }
}
