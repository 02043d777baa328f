//! USPS APIs v3 (OAuth, prices, shipping options, service standards, payments, domestic and
//! international labels, reprint, SCAN form, tracking, addresses, carrier pickup).
//!
//! Postage is debited when the label is made. One package a call; there is no master number.
//!
//! Quirks: `reused-key-buys-again` (a repeated `X-Idempotency-Key` makes a second label in place of
//! answering the first), `price-type-n` (prices answer the price type `N`).

mod extras;
mod label;
mod multipart;
mod price;
mod reprint;
mod track;

use serde_json::{Value, json};

use crate::{Account, Cx, Personality, Reply, Request, Trouble};

pub(crate) struct Usps;

/// The account number is the EPS account. Discounts are those of a contract, on Commercial prices.
const ACCOUNTS: &[Account] = &[
    Account {
        client_id: "usps-house-client",
        client_secret: "usps-house-secret",
        number: "1000123401",
        discount: 60,
    },
    Account {
        client_id: "usps-seller-client",
        client_secret: "usps-seller-secret",
        number: "1000567802",
        discount: 120,
    },
    Account {
        client_id: "usps-list-client",
        client_secret: "usps-list-secret",
        number: "1000999903",
        discount: 0,
    },
];

/// Eight hours, less one second, as USPS says it.
const TOKEN_SECONDS: i64 = 28_799;

fn crid(account: &Account) -> &'static str {
    &account.number[..8]
}

fn mid(account: &Account) -> String {
    format!("9{}", crid(account))
}

impl Personality for Usps {
    fn id(&self) -> &'static str {
        "usps"
    }

    fn name(&self) -> &'static str {
        "USPS"
    }

    fn accounts(&self) -> &'static [Account] {
        ACCOUNTS
    }

    fn credentials(&self, account: &Account) -> Value {
        json!({
            "client_id": account.client_id, "client_secret": account.client_secret,
            "crid": crid(account), "mid": mid(account), "manifest_mid": mid(account),
            "account_type": "EPS", "account_number": account.number,
        })
    }

    fn operation(&self, request: &Request) -> &'static str {
        match (request.method.as_str(), request.segments().as_slice()) {
            (_, ["oauth2", ..]) => "token",
            (_, ["prices" | "international-prices" | "shipments", ..]) => "rate",
            (_, ["service-standards", ..]) => "transit",
            (_, ["payments", ..]) => "payment",
            (
                "POST",
                ["labels", "v3", "label" | "return-label"]
                | ["international-labels", "v3", "international-label"],
            ) => "buy",
            ("DELETE", ["labels" | "international-labels", ..]) => "void",
            (
                "POST",
                [
                    "labels" | "international-labels",
                    "v3",
                    "label-reprint" | "international-label-reprint",
                    ..,
                ],
            ) => "recover",
            (_, ["scan-forms", ..]) => "manifest",
            (_, ["tracking", ..]) => "track",
            (_, ["addresses", ..]) => "address",
            (_, ["pickup", ..]) => "pickup",
            _ => "other",
        }
    }

    fn handles(&self, request: &Request) -> Vec<String> {
        let key = request.header("x-idempotency-key").map(str::to_owned);
        key.into_iter()
            .chain(request.json().map(|body| label::references(&body)).unwrap_or_default())
            .collect()
    }

    fn answer(&self, cx: &Cx, request: &Request) -> Reply {
        let segments = request.segments();
        if segments.as_slice() == ["oauth2", "v3", "token"] {
            return token(cx, request);
        }
        let Some(account) = cx.bearer_account(self, request) else {
            return self.trouble(Trouble::Unauthorized);
        };
        match (request.method.as_str(), segments.as_slice()) {
            (
                "POST",
                ["prices", "v3", call @ ("base-rates" | "base-rates-list" | "total-rates"), "search"],
            ) => price::domestic(cx, account, request, call),
            (
                "POST",
                [
                    "international-prices",
                    "v3",
                    call @ ("base-rates" | "base-rates-list" | "total-rates"),
                    "search",
                ],
            ) => price::international(cx, account, request, call),
            ("POST", ["shipments", "v3", "options", "search"]) => price::options(cx, account, request),
            ("GET", ["service-standards", "v3", "estimates"]) => price::standards(cx, request),
            ("POST", ["payments", "v3", "payment-authorization"]) => label::authorize(cx, account, request),
            ("GET", ["payments", "v3", "payment-account", number]) => {
                label::payment_account(account, request, number)
            }
            ("POST", ["labels", "v3", kind @ ("label" | "return-label")]) => label::buy(
                cx,
                account,
                request,
                if *kind == "label" { label::Kind::Domestic } else { label::Kind::Return },
            ),
            ("POST", ["international-labels", "v3", "international-label"]) => {
                label::buy(cx, account, request, label::Kind::International)
            }
            ("POST", ["labels" | "international-labels", "v3", _, rest @ ..]) if rest.len() < 2 => {
                reprint::reprint(cx, account, request, rest.first().copied())
            }
            ("DELETE", ["labels" | "international-labels", "v3", _, rest @ ..]) if rest.len() < 2 => {
                reprint::cancel(cx, account, request, rest.first().copied())
            }
            ("POST", ["scan-forms", "v3", "scan-form"]) => extras::scan_form(cx, account, request),
            ("GET", ["tracking", "v3", "tracking", number]) => track::one(cx, request, number),
            ("POST", ["tracking", "v3r2", "tracking"]) => track::several(cx, request),
            ("GET", ["addresses", "v3", call]) => extras::address(request, call),
            (_, ["pickup", "v3", "carrier-pickup", rest @ ..]) => extras::pickup(cx, request, rest),
            _ => error("/", 404, "", "Resource not found"),
        }
    }

    fn trouble(&self, trouble: Trouble) -> Reply {
        match trouble {
            Trouble::Unauthorized => {
                let detail = json!({"title": "invalid_token", "detail": "The access token presented with the request is missing or expired.", "source": "Access Token"});
                let body = json!({"error": {"code": "401", "message": "Missing or malformed access token.", "errors": [detail]}});
                Reply::json(401, &body)
            }
            Trouble::TooManyRequests => Reply::json(
                429,
                &json!({"error": {"code": "429", "message": "Too Many Requests", "errors": []}}),
            ),
            Trouble::Server(status) => {
                let fault = json!({"faultstring": "Raising fault.", "detail": {"errorcode": "steps.raisefault.RaiseFault"}});
                Reply::json(status, &json!({"fault": fault}))
            }
        }
    }
}

/// A refusal: HTTP status, USPS code, message.
type Refusal = (u16, &'static str, String);

/// An error in the common envelope; without a code the list of errors is empty, as prices answer.
fn error(api: &str, status: u16, code: &str, message: &str) -> Reply {
    let errors = if code.is_empty() {
        json!([])
    } else {
        json!([{"status": status.to_string(), "code": code, "title": "Bad Request", "detail": message}])
    };
    Reply::json(
        status,
        &json!({"apiVersion": api, "error": {"code": status.to_string(), "message": message, "errors": errors}}),
    )
}

fn refuse(api: &str, (status, code, message): Refusal) -> Reply {
    error(api, status, code, &message)
}

fn token(cx: &Cx, request: &Request) -> Reply {
    let form = request.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let known = ACCOUNTS.iter().find(|found| {
        field("client_id") == Some(found.client_id) && field("client_secret") == Some(found.client_secret)
    });
    match known {
        Some(account) if field("grant_type") == Some("client_credentials") => {
            let (token, seconds) = cx.issue_token(account.client_id, TOKEN_SECONDS);
            let scope = "addresses prices international-prices shipments service-standards payments labels international-labels scan-forms tracking pickup";
            Reply::json(
                200,
                &json!({
                    "access_token": token, "token_type": "Bearer", "issued_at": cx.now().timestamp_millis(),
                    "expires_in": seconds.to_string(), "status": "approved", "scope": scope,
                    "issuer": "waybill sandbox", "client_id": account.client_id,
                }),
            )
        }
        Some(_) => Reply::json(
            400,
            &json!({"error": "unsupported_grant_type", "error_description": "The grant type is not supported."}),
        ),
        None => Reply::json(
            401,
            &json!({"error": "invalid_client", "error_description": "Client authentication failed."}),
        ),
    }
}
