//! What FedEx has on a lane: transit times, and services with their packagings.

use serde_json::{Value, json};

use super::rate::{Quote, commit, quotes};
use super::{output, refuse};
use crate::http::Json as _;
use crate::{Account, Cx, Reply};

pub(super) fn transit(cx: &Cx, account: &Account, body: &Value) -> Reply {
    lane_answer(cx, account, body, |quotes| {
        let details: Vec<Value> = quotes
            .iter()
            .map(|quote| json!({"serviceType": quote.service.code, "serviceName": quote.service.name, "commit": commit(quote)}))
            .collect();
        json!({"transitTimes": [{"transitTimeDetails": details}]})
    })
}

pub(super) fn options(cx: &Cx, account: &Account, body: &Value) -> Reply {
    lane_answer(cx, account, body, |quotes| {
        let options: Vec<Value> = quotes
            .iter()
            .map(|quote| {
                json!({"serviceType": {"key": quote.service.code, "displayText": quote.service.name},
                    "packageType": {"key": "YOUR_PACKAGING", "displayText": "Your Packaging"},
                    "maxWeightAllowed": {"units": "LB", "value": 150}})
            })
            .collect();
        json!({"packageOptions": options, "oneRate": false})
    })
}

/// The availability calls name the receivers as Ship does and may leave weights out.
fn lane_answer(cx: &Cx, account: &Account, body: &Value, show: impl Fn(&[Quote]) -> Value) -> Reply {
    let mut body = body.clone();
    let asked = &mut body["requestedShipment"];
    if asked.list("/requestedPackageLineItems").is_empty() {
        asked["requestedPackageLineItems"] = json!([{"weight": {"units": "LB", "value": 1}}]);
    }
    if asked.pointer("/recipient").is_none() {
        let first = asked.pointer("/recipients/0").cloned().unwrap_or(Value::Null);
        asked["recipient"] = first;
    }
    asked["pickupType"] = json!("USE_SCHEDULED_PICKUP");
    match quotes(cx, account, &body) {
        Ok((_, quotes)) => output(show(&quotes)),
        Err(refusal) => refuse(refusal),
    }
}
