//! The control API under `/_sandbox/`, for a test in another process.
//!
//! | Call | Effect |
//! | --- | --- |
//! | `GET /_sandbox/` | carriers with base URL, accounts and quirks in force |
//! | `GET /_sandbox/ledger[?live=1][&carrier=]` | sales |
//! | `GET /_sandbox/requests?carrier=&handle=` | how often a purchase with this handle arrived |
//! | `GET`, `POST` (one rule or a list), `DELETE /_sandbox/faults` | faults |
//! | `GET /_sandbox/clock`, `POST {"advance_seconds": n}` | simulated time |
//! | `POST /_sandbox/quirk {"carrier", "name", "on"}` | a quirk on or off |
//! | `POST /_sandbox/story {"number", "story"}` | another history for a parcel |
//! | `POST /_sandbox/tokens/expire {"carrier"}` | all its tokens invalid |
//! | `GET /_sandbox/stats` | requests per carrier and operation |
//! | `POST /_sandbox/reset` | no faults, quirks, stories, counts; an in-memory ledger is emptied |

use std::sync::PoisonError;
use std::time::Duration;

use serde_json::{Value, json};

use crate::http::Json as _;
use crate::server::Shared;
use crate::{Reply, Request, Rule, Story};

pub(crate) fn answer(shared: &Shared, request: &Request) -> Reply {
    let body = request.json().unwrap_or(Value::Null);
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", []) => Reply::json(200, &overview(shared)),
        ("GET", ["ledger"]) => Reply::json(200, &sales(shared, request)),
        ("GET", ["requests"]) => {
            let (carrier, handle) = (request.query("carrier"), request.query("handle"));
            let count = shared.ledger.requests(carrier.unwrap_or_default(), handle.unwrap_or_default());
            Reply::json(200, &json!({"requests": count}))
        }
        ("GET", ["faults"]) => {
            let rules = shared.faults.rules();
            let rules: Vec<Value> =
                rules.iter().map(|(rule, fired)| json!({"rule": rule, "fired": fired})).collect();
            Reply::json(200, &Value::Array(rules))
        }
        ("POST", ["faults"]) => arm(shared, body),
        ("DELETE", ["faults"]) => {
            shared.faults.clear();
            done()
        }
        ("GET", ["clock"]) => Reply::json(200, &json!({"now": shared.clock.now()})),
        ("POST", ["clock"]) => {
            let Some(seconds) = body.get("advance_seconds").and_then(Value::as_u64) else {
                return refuse("advance_seconds must be a whole number");
            };
            shared.clock.advance(Duration::from_secs(seconds));
            Reply::json(200, &json!({"now": shared.clock.now()}))
        }
        ("POST", ["quirk"]) => {
            let (Some(carrier), Some(name)) = (body.text("/carrier"), body.text("/name")) else {
                return refuse("carrier and name are needed");
            };
            shared.set_quirk(&carrier, &name, body.get("on").and_then(Value::as_bool).unwrap_or(true));
            done()
        }
        ("POST", ["story"]) => {
            let story =
                body.get("story").and_then(|story| serde_json::from_value::<Story>(story.clone()).ok());
            let (Some(number), Some(story)) = (body.text("/number"), story) else {
                return refuse("number and a known story are needed");
            };
            shared.switches.lock().unwrap_or_else(PoisonError::into_inner).stories.insert(number, story);
            done()
        }
        ("POST", ["tokens", "expire"]) => {
            let carrier = body.text("/carrier");
            for personality in shared.personalities.iter().map(|personality| personality.id()) {
                if carrier.as_deref().is_none_or(|wanted| wanted == personality) {
                    shared.tokens.expire(personality);
                }
            }
            done()
        }
        ("GET", ["stats"]) => {
            let stats = shared.stats.lock().unwrap_or_else(PoisonError::into_inner).clone();
            Reply::json(200, &json!(stats))
        }
        ("POST", ["reset"]) => {
            reset(shared);
            done()
        }
        _ => Reply::json(404, &json!({"error": "no such control call"})),
    }
}

fn overview(shared: &Shared) -> Value {
    let carriers = shared.personalities.iter().map(|personality| {
        let accounts: Vec<Value> =
            personality.accounts().iter().map(|account| personality.credentials(account)).collect();
        json!({
            "id": personality.id(),
            "name": personality.name(),
            "base_url": format!("http://{}/{}", shared.address, personality.id()),
            "accounts": accounts,
        })
    });
    let switches = shared.switches.lock().unwrap_or_else(PoisonError::into_inner);
    let quirks: Vec<String> =
        switches.quirks.iter().map(|(carrier, name)| format!("{carrier} {name}")).collect();
    json!({"simulation": true, "now": shared.clock.now(), "carriers": carriers.collect::<Vec<_>>(), "quirks": quirks})
}

fn sales(shared: &Shared, request: &Request) -> Value {
    let only_live = request.query("live").is_some_and(|live| live != "0");
    let mut sales = if only_live { shared.ledger.live() } else { shared.ledger.sales() };
    if let Some(carrier) = request.query("carrier") {
        sales.retain(|sale| sale.carrier == carrier);
    }
    json!(sales)
}

fn arm(shared: &Shared, body: Value) -> Reply {
    let rules = if body.is_array() { body } else { json!([body]) };
    match serde_json::from_value::<Vec<Rule>>(rules) {
        Ok(rules) => {
            rules.into_iter().for_each(|rule| shared.faults.arm(rule));
            done()
        }
        Err(error) => refuse(&error.to_string()),
    }
}

fn reset(shared: &Shared) {
    shared.faults.clear();
    shared.ledger.clear();
    shared.stats.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let mut switches = shared.switches.lock().unwrap_or_else(PoisonError::into_inner);
    switches.quirks.clear();
    switches.stories.clear();
    switches.notes.clear();
}

fn done() -> Reply {
    Reply::json(200, &json!({"ok": true}))
}

fn refuse(reason: &str) -> Reply {
    Reply::json(400, &json!({"error": reason}))
}
