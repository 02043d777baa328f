//! OnTrac XML web services, V1 to V7 (zips, rates, shipments, tracking, details, pickups).
//!
//! Every answer is HTTP 200, errors are text in `<Error>`; the password stands in the URL. Labels
//! are billed when the parcel is scanned, and there is no void. A client may choose the tracking
//! number: the same number with the same `UID` again is answered with the same shipment.
//! The simulated service area is the western states (AZ CA CO ID NV OR UT WA).
//!
//! Beside them the JSON services v3 (API id and key are the account's client id and secret) and the public tracking at
//! `/track/{number}/json`.

mod json;
mod rate;
mod ship;
mod track;

use serde_json::{Value, json};

use crate::xml::{self, element};
use crate::{Account, Cx, Personality, Reply, Request, Trouble};

pub(crate) struct Ontrac;

const ACCOUNTS: &[Account] = &[
    Account {
        client_id: "ontrac-house",
        client_secret: "ontrac-house-pass",
        number: "900123",
        discount: 240,
    },
    Account {
        client_id: "ontrac-seller",
        client_secret: "ontrac-seller-pass",
        number: "900456",
        discount: 350,
    },
    Account { client_id: "ontrac-list", client_secret: "ontrac-list-pass", number: "900789", discount: 0 },
];

impl Personality for Ontrac {
    fn id(&self) -> &'static str {
        "ontrac"
    }

    fn name(&self) -> &'static str {
        "OnTrac"
    }

    fn accounts(&self) -> &'static [Account] {
        ACCOUNTS
    }

    fn credentials(&self, account: &Account) -> Value {
        json!({"account_number": account.number, "password": account.client_secret})
    }

    fn operation(&self, request: &Request) -> &'static str {
        match request.segments().as_slice() {
            ["Method", "ServicesAndCharges", ..] => return "rate",
            ["Method", "PlaceOrder", ..] => return "buy",
            ["track", ..] => return "track",
            _ => {}
        }
        let resource = call(request).map(|(.., resource)| resource).unwrap_or_default();
        match (request.method.as_str(), resource.as_str(), request.query("requestType")) {
            (_, "zips", _) => "address",
            (_, "rates", _) => "rate",
            ("POST", "shipments", _) => "buy",
            (_, "shipments", Some("track")) => "track",
            (_, "shipments", _) => "recover",
            (_, "pickups", _) => "pickup",
            _ => "other",
        }
    }

    fn handles(&self, request: &Request) -> Vec<String> {
        if json::call(&request.segments()).is_some() {
            return request.json().map(|body| json::handles(&body)).unwrap_or_default();
        }
        xml::parse(&request.body).map(|root| ship::handles(&root)).unwrap_or_default()
    }

    fn answer(&self, cx: &Cx, request: &Request) -> Reply {
        match request.segments().as_slice() {
            ["Method", ..] => return json::answer(cx, ACCOUNTS, request),
            ["track", number, "json"] => return json::track(cx, number),
            _ => {}
        }
        let Some((version, number, resource)) = call(request) else {
            return Reply::html(404);
        };
        let root = match (request.method.as_str(), resource.as_str()) {
            (_, "zips") => "OnTracZipResponse",
            (_, "rates") => "OnTracRateResponse",
            ("POST", "shipments") => "OnTracShipmentResponse",
            (_, "shipments") if request.query("requestType") == Some("details") => "OnTracUpdateResponse",
            (_, "shipments") => "OnTracTrackingResult",
            (_, "pickups") => "OnTracPickupResponse",
            _ => return Reply::html(404),
        };
        let account = ACCOUNTS.iter().find(|account| {
            account.number == number
                && request.query("pw").is_some_and(|password| password == account.client_secret)
        });
        // Later servers list service areas for a wrong password too.
        let Some(account) = account.or_else(|| (root == "OnTracZipResponse").then_some(&ACCOUNTS[0])) else {
            return document(root, &element("Error", "Invalid Username or Password"));
        };
        let inside = match root {
            "OnTracZipResponse" => rate::zips(request),
            "OnTracRateResponse" => rate::rates(cx, account, request, version),
            "OnTracShipmentResponse" => ship::shipments(cx, account, request),
            "OnTracUpdateResponse" => track::details(cx, account, request),
            "OnTracTrackingResult" => track::track(cx, account, request),
            _ => ship::pickup(cx, request),
        };
        document(root, &inside)
    }

    fn trouble(&self, trouble: Trouble) -> Reply {
        match trouble {
            Trouble::Unauthorized => {
                document("OnTracShipmentResponse", &element("Error", "Invalid Username or Password"))
            }
            Trouble::TooManyRequests => Reply::html(429),
            Trouble::Server(503) => {
                document("OnTracShipmentResponse", &element("Error", "Service Temporarily Unavailable"))
            }
            Trouble::Server(status) => Reply::html(status),
        }
    }
}

/// Version, account and resource (lower case) of a path such as `.../OnTracServices.svc/V7/37/rates`.
fn call(request: &Request) -> Option<(u32, String, String)> {
    let segments = request.segments();
    let version = |text: &&str| text.strip_prefix(['V', 'v']).and_then(|digit| digit.parse::<u32>().ok());
    let at = segments.iter().position(|segment| version(segment).is_some())?;
    let (account, resource) = (segments.get(at + 1)?, segments.get(at + 2)?);
    Some((version(&segments[at])?, (*account).to_owned(), resource.to_lowercase()))
}

fn document(root: &str, inside: &str) -> Reply {
    let head = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let text = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><{root} {head}>{inside}</{root}>");
    Reply::new(200, "application/xml; charset=utf-8", text)
}
