//! DHL Express MyDHL API (rates, products, landed cost, shipments, tracking, pickups, address check, images,
//! identifiers).
//!
//! There is no void. Waybills are billed when the parcel is handed over. A waybill number from
//! `GET /identifiers` can be sent with a shipment; a number used once is refused the second time.
//!
//! Quirks: `identifiers-not-enabled` (3501), `no-charges` (shipments answer without charges).

mod extras;
mod landed;
mod rate;
mod ship;
mod track;

use serde_json::{Value, json};

use crate::{Account, Cx, Personality, Reply, Request, Trouble};

pub(crate) struct DhlExpress;

const ACCOUNTS: &[Account] = &[
    Account {
        client_id: "dhl-house-user",
        client_secret: "dhl-house-password",
        number: "953412001",
        discount: 220,
    },
    Account {
        client_id: "dhl-seller-user",
        client_secret: "dhl-seller-password",
        number: "953412002",
        discount: 340,
    },
    Account {
        client_id: "dhl-list-user",
        client_secret: "dhl-list-password",
        number: "953412003",
        discount: 0,
    },
];

impl Personality for DhlExpress {
    fn id(&self) -> &'static str {
        "dhl-express"
    }

    fn name(&self) -> &'static str {
        "DHL Express"
    }

    fn accounts(&self) -> &'static [Account] {
        ACCOUNTS
    }

    fn credentials(&self, account: &Account) -> Value {
        json!({"username": account.client_id, "password": account.client_secret, "account_number": account.number})
    }

    fn operation(&self, request: &Request) -> &'static str {
        match (request.method.as_str(), call(request).as_slice()) {
            (_, ["rates" | "products" | "landed-cost"]) => "rate",
            ("POST", ["shipments"]) => "buy",
            (_, ["shipments", _, "tracking"]) => "track",
            (_, ["tracking"]) if request.query("shipmentReference").is_some() => "track_by_reference",
            (_, ["tracking"]) => "track",
            (_, ["shipments", _, "get-image"]) => "recover",
            (_, ["shipments", ..]) => "document",
            (_, ["pickups", ..]) => "pickup",
            (_, ["address-validate"]) => "address",
            _ => "other",
        }
    }

    fn handles(&self, request: &Request) -> Vec<String> {
        request.json().map(|body| ship::handles(&body)).unwrap_or_default()
    }

    fn answer(&self, cx: &Cx, request: &Request) -> Reply {
        let known = request.basic().and_then(|(user, password)| {
            ACCOUNTS.iter().find(|account| account.client_id == user && account.client_secret == password)
        });
        let Some(account) = known else { return self.trouble(Trouble::Unauthorized) };
        match (request.method.as_str(), call(request).as_slice()) {
            ("POST", ["rates"]) => rate::post(cx, account, request, true),
            ("GET", ["rates"]) => rate::get(cx, account, request, true),
            ("POST", ["products"]) => rate::post(cx, account, request, false),
            ("GET", ["products"]) => rate::get(cx, account, request, false),
            ("POST", ["landed-cost"]) => landed::post(cx, account, request),
            ("POST", ["shipments"]) => ship::create(cx, account, request),
            ("GET", ["shipments", number, "tracking"]) => track::one(cx, number),
            ("GET", ["tracking"]) => track::several(cx, account, request),
            ("GET", ["shipments", number, "get-image"]) => ship::image(cx, account, request, number),
            ("GET", ["shipments", number, "proof-of-delivery"]) => track::proof(cx, number),
            ("PATCH", ["shipments", number, "upload-image"]) => extras::upload(cx, account, number),
            ("GET", ["identifiers"]) => extras::identifiers(cx, account, request),
            ("POST", ["pickups"]) => extras::pickup(cx, account, request),
            ("PATCH", ["pickups", number]) => extras::pickup_update(cx, request, number),
            ("DELETE", ["pickups", number]) => extras::pickup_cancel(cx, request, number),
            ("GET", ["address-validate"]) => extras::address(request),
            _ => error(request, 404, "Not found", "Resource not found", &[]),
        }
    }

    fn trouble(&self, trouble: Trouble) -> Reply {
        let gateway = |status, text: &str| {
            Reply::json(status, &json!({"reasons": [{"msg": text}], "details": {"msgId": "Id-sandbox"}}))
        };
        match trouble {
            Trouble::Unauthorized => gateway(401, "Invalid Credentials"),
            Trouble::TooManyRequests => gateway(429, "Too many requests"),
            Trouble::Server(status) => {
                let detail =
                    "999: Process failure occurred. Process ID associated with this transaction: sandbox";
                Reply::json(
                    status,
                    &json!({"instance": "/expressapi", "detail": detail, "title": "Server error", "code": status.to_string()}),
                )
            }
        }
    }
}

/// The path's segments below the API's root, with or without `mydhlapi` and `test` before them.
fn call(request: &Request) -> Vec<&str> {
    let segments = request.segments().into_iter();
    segments.skip_while(|segment| matches!(*segment, "mydhlapi" | "test")).collect()
}

/// A refusal: HTTP status and the numbered problems.
type Refusal = (u16, Vec<String>);

/// One problem stands in `detail`; several stand in `additionalDetails`.
fn error(request: &Request, status: u16, title: &str, detail: &str, more: &[String]) -> Reply {
    let mut body = json!({
        "instance": format!("/expressapi{}", request.path), "title": title, "message": title,
        "detail": detail, "status": status.to_string(),
    });
    if !more.is_empty() {
        body["additionalDetails"] = json!(more);
    }
    Reply::json(status, &body)
}

fn refuse(request: &Request, (status, problems): Refusal) -> Reply {
    let title = if status == 422 { "Validation error" } else { "Bad request" };
    match problems.as_slice() {
        [one] => error(request, status, title, one, &[]),
        many => error(request, status, title, "Multiple problems found, see Additional Details", many),
    }
}
