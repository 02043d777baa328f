//! Replies as the facts that `expect` speaks of.

use serde_json::{Value, json};
use waybill_core::{Error, Purchase, Rate, TrackOutcome, TrackReply};

/// The facts of an outcome: the reply as JSON with the short forms beside it, or the refusal.
pub(crate) fn facts(operation: &str, outcome: &Result<Value, Error>) -> Value {
    let mut facts = match outcome {
        Ok(reply) => reply.clone(),
        Err(error) => return json!({ "error": refusal(error) }),
    };
    match operation {
        "quote" => each(&mut facts["rates"], rate),
        "buy" => purchase(&mut facts),
        "recover" if facts.get("purchases").is_some() => each(&mut facts["purchases"], purchase),
        "track" => {
            let replies: Vec<TrackReply> =
                serde_json::from_value(facts["replies"].clone()).unwrap_or_default();
            facts = json!({ "tracking": replies.iter().map(tracking).collect::<Vec<_>>() });
        }
        _ => {}
    }
    facts
}

fn each(list: &mut Value, act: fn(&mut Value)) {
    if let Value::Array(items) = list {
        items.iter_mut().for_each(act);
    }
}

fn refusal(error: &Error) -> Value {
    json!({
        "kind": error.kind.as_str(),
        "phase": error.phase,
        "retry": error.retry,
        "code": error.carrier_code(),
        "status": error.http_status(),
        "message": error.message,
        "words": error.carrier.as_ref().and_then(|words| words.message.clone()),
        "fields": error.fields.iter().map(|field| field.path.clone()).collect::<Vec<_>>(),
    })
}

fn rate(facts: &mut Value) {
    let Ok(rate) = serde_json::from_value::<Rate>(facts.clone()) else { return };
    if let Some(price) = rate.payable() {
        facts["total"] = json!(price.total.to_string());
        facts["kind"] = json!(price.kind);
    }
    if let Some(price) = rate.published() {
        facts["list"] = json!(price.total.to_string());
    }
}

fn purchase(facts: &mut Value) {
    let Ok(purchase) = serde_json::from_value::<Purchase>(facts.clone()) else { return };
    facts["tracking"] = json!(purchase.pieces.iter().map(|piece| &piece.tracking).collect::<Vec<_>>());
    facts["charged"] = json!(purchase.charged().map(|money| money.to_string()));
    let labels = purchase.documents.iter().filter(|file| file.kind == waybill_core::DocumentKind::Label);
    facts["labels"] = json!(labels.count());
}

/// One word for the outcome; a single track's fields beside it.
pub(crate) fn tracking(reply: &TrackReply) -> Value {
    let status = match &reply.outcome {
        TrackOutcome::Found(track) => {
            let mut facts = json!(track);
            facts["codes"] = json!(track.events.iter().map(|event| &event.code).collect::<Vec<_>>());
            facts["number"] = json!(reply.number);
            return facts;
        }
        TrackOutcome::Several(tracks) => {
            return json!({ "number": reply.number, "status": "several", "tracks": tracks });
        }
        TrackOutcome::NoEventsYet => "no_events_yet",
        TrackOutcome::NotFound => "not_found",
        TrackOutcome::NotPermitted => "not_permitted",
        TrackOutcome::Failed(error) => {
            return json!({ "number": reply.number, "status": "failed", "error": refusal(error) });
        }
    };
    json!({ "number": reply.number, "status": status })
}
