//! FedEx REST (OAuth, Rate, Ship, Track, Address Validation, Pickup, Ground close, documents).
//!
//! There is no label recovery: after an unknown outcome a shipment is found by Track by reference
//! or not at all. Labels are billed when the parcel is handed over.
//!
//! Quirks: `separate-track-project` (only the `track_client_id` pair may track; others get 403),
//! `cancel-8159` (cancelling twice answers 200, `cancelledShipment: false` and alert 8159),
//! `errors-in-200` (a refused rate answers 200 with `errors`).

mod extras;
mod lane;
mod rate;
mod ship;
mod track;

use serde_json::{Value, json};

use crate::{Account, Cx, Personality, Reply, Request, Trouble};

pub(crate) struct Fedex;

const ACCOUNTS: &[Account] = &[
    Account {
        client_id: "fedex-house-client",
        client_secret: "fedex-house-secret",
        number: "740561073",
        discount: 200,
    },
    Account {
        client_id: "fedex-seller-client",
        client_secret: "fedex-seller-secret",
        number: "510087020",
        discount: 330,
    },
    Account {
        client_id: "fedex-list-client",
        client_secret: "fedex-list-secret",
        number: "612345678",
        discount: 0,
    },
    Account {
        client_id: "fedex-track-client",
        client_secret: "fedex-track-secret",
        number: "740561073",
        discount: 200,
    },
];

const TRACK_CLIENT: &str = "fedex-track-client";
const TOKEN_SECONDS: i64 = 3599;

impl Personality for Fedex {
    fn id(&self) -> &'static str {
        "fedex"
    }

    fn name(&self) -> &'static str {
        "FedEx"
    }

    fn accounts(&self) -> &'static [Account] {
        ACCOUNTS
    }

    fn credentials(&self, account: &Account) -> Value {
        json!({
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "account_number": account.number,
            "track_client_id": TRACK_CLIENT,
            "track_client_secret": "fedex-track-secret",
        })
    }

    fn operation(&self, request: &Request) -> &'static str {
        match (request.method.as_str(), request.segments().as_slice()) {
            (_, ["oauth", ..]) => "token",
            (_, ["rate", ..]) => "rate",
            (_, ["availability", ..]) => "transit",
            ("POST", ["ship", "v1", "shipments"]) => "buy",
            ("PUT", ["ship", "v1", "shipments", "cancel"]) => "void",
            (_, ["ship", "v1", "endofday"]) => "manifest",
            (_, ["track", "v1", "referencenumbers"]) => "track_by_reference",
            (_, ["track", ..]) => "track",
            (_, ["address", ..] | ["country", ..]) => "address",
            (_, ["pickup", ..]) => "pickup",
            (_, ["documents", ..]) => "document",
            _ => "other",
        }
    }

    fn handles(&self, request: &Request) -> Vec<String> {
        request.json().map(|body| ship::references(&body["requestedShipment"])).unwrap_or_default()
    }

    fn answer(&self, cx: &Cx, request: &Request) -> Reply {
        let segments = request.segments();
        if segments.as_slice() == ["oauth", "token"] {
            return token(cx, request);
        }
        let Some(account) = cx.bearer_account(self, request) else {
            return self.trouble(Trouble::Unauthorized);
        };
        let tracks = segments.first() == Some(&"track");
        let separate = cx.quirk("separate-track-project");
        if (tracks && separate && account.client_id != TRACK_CLIENT)
            || (!tracks && account.client_id == TRACK_CLIENT)
        {
            let text =
                "We could not authorize your credentials. Please check your permissions and try again.";
            return error(403, "FORBIDDEN.ERROR", text);
        }
        let body = request.json().unwrap_or(Value::Null);
        if body.is_null() && segments.first() != Some(&"documents") {
            return error(400, "BAD.REQUEST.ERROR", "The request body is not JSON");
        }
        let reply = match (request.method.as_str(), segments.as_slice()) {
            ("POST", ["rate", "v1", "rates", "quotes"]) => rate::answer(cx, account, &body),
            ("POST", ["availability", "v1", "transittimes"]) => lane::transit(cx, account, &body),
            ("POST", ["availability", "v1", "packageandserviceoptions"]) => lane::options(cx, account, &body),
            ("POST", ["ship", "v1", "shipments"]) => ship::buy(cx, account, &body),
            ("PUT", ["ship", "v1", "shipments", "cancel"]) => ship::cancel(cx, account, &body),
            ("POST", ["ship", "v1", "shipments", "results"]) => ship::results(cx, account, &body),
            ("POST", ["ship", "v1", "shipments", "packages", "validate"]) => {
                ship::validate(cx, account, &body)
            }
            ("PUT", ["ship", "v1", "endofday"]) => extras::close(cx, account, &body),
            ("POST", ["track", "v1", "trackingnumbers"]) => track::by_number(cx, &body),
            ("POST", ["track", "v1", "referencenumbers"]) => track::by_reference(cx, account, &body),
            ("POST", ["track", "v1", "associatedshipments"]) => track::associated(cx, &body),
            ("POST", ["address", "v1", "addresses", "resolve"]) => extras::resolve(&body),
            ("POST", ["country", "v1", "postal", "validate"]) => extras::postal(&body),
            ("POST", ["pickup", "v1", "pickups", "availabilities"]) => extras::availability(cx, &body),
            ("POST", ["pickup", "v1", "pickups"]) => extras::pickup(cx, account, &body),
            ("PUT", ["pickup", "v1", "pickups", "cancel"]) => extras::pickup_cancel(cx, &body),
            ("POST", ["documents", "v1", "etds", "upload"]) => extras::upload(cx, request),
            _ => error(
                404,
                "NOT.FOUND.ERROR",
                "The resource you requested is no longer available. Please modify your request and try again.",
            ),
        };
        echo(request, reply)
    }

    fn trouble(&self, trouble: Trouble) -> Reply {
        match trouble {
            Trouble::Unauthorized => error(
                401,
                "NOT.AUTHORIZED.ERROR",
                "Access token expired. Please modify your request and try again.",
            ),
            Trouble::TooManyRequests => {
                let text = "We have received too many requests in a short duration. Please wait a while to try again.";
                error(429, "TOO.MANY.REQUESTS", text)
            }
            Trouble::Server(503) => error(
                503,
                "SERVICE.UNAVAILABLE.ERROR",
                "The service is currently unavailable and we are working to resolve the issue.",
            ),
            Trouble::Server(status) => error(
                status,
                "INTERNAL.SERVER.ERROR",
                "We encountered an unexpected error and are working to resolve the issue.",
            ),
        }
    }
}

/// A refusal: HTTP status, FedEx code, message.
type Refusal = (u16, &'static str, String);

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"transactionId": "sandbox", "errors": [{"code": code, "message": message}]}))
}

fn refuse((status, code, message): Refusal) -> Reply {
    error(status, code, &message)
}

fn output(value: Value) -> Reply {
    Reply::json(200, &json!({"transactionId": "sandbox", "output": value}))
}

/// Writes the client's transaction id back as FedEx does.
fn echo(request: &Request, reply: Reply) -> Reply {
    let Some(id) = request.header("x-customer-transaction-id") else { return reply };
    let Ok(Value::Object(mut body)) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    body.insert("customerTransactionId".into(), json!(id));
    Reply::json(reply.status.as_u16(), &Value::Object(body))
}

fn token(cx: &Cx, request: &Request) -> Reply {
    let form = request.form();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let known = ACCOUNTS.iter().find(|found| {
        field("client_id") == Some(found.client_id) && field("client_secret") == Some(found.client_secret)
    });
    let grants = ["client_credentials", "csp_credentials", "client_pc_credentials"];
    match known {
        Some(_) if !field("grant_type").is_some_and(|grant| grants.contains(&grant)) => {
            error(400, "BAD.REQUEST.ERROR", "The given grant type is not valid.")
        }
        Some(account) => {
            let (token, seconds) = cx.issue_token(account.client_id, TOKEN_SECONDS);
            let body = json!({"access_token": token, "token_type": "bearer", "expires_in": seconds, "scope": "CXS-TP"});
            Reply::json(200, &body)
        }
        None => {
            let text =
                "The given client credentials were not valid. Please modify your request and try again.";
            error(401, "NOT.AUTHORIZED.ERROR", text)
        }
    }
}
