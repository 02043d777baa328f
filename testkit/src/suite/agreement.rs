//! Whether a carrier behaves in one mode exactly as it does in another.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waybill_core::Effect;

use super::cases::verdict;
use super::{Bench, Run, Verdict};
use crate::Sent;

/// Compares every run of a mode (each scenario without faults, and with each fault at each of its requests) with the same
/// run in another mode: what was asked of the carrier, what came of each call, what was logged.
///
/// A call may have several requests under way at once (a history of many numbers), and the modes may hand them over in
/// another order. So requests are compared without their order. Where a fault strikes one of several reads, what the others
/// still ask for depends on which answer came first, so there only success and the kind of error are compared; runs without
/// faults, and every run that changes or buys something, are compared whole.
pub(crate) fn agrees(bench: &Bench, with: &Bench) -> Verdict {
    let theirs: Vec<(String, &Run)> = with.matrix()?.all().collect();
    let ours: Vec<(String, &Run)> = bench.matrix()?.all().collect();
    let mut wrong = Vec::new();
    if ours.len() != theirs.len() {
        wrong.push(format!("{} runs, {} in mode `{}`", ours.len(), theirs.len(), with.mode.name()));
    }
    // The order is that of the scenarios and of their requests: where it parts, an outcome differed before.
    for ((name, run), (other_name, other)) in ours.iter().zip(&theirs) {
        if name != other_name {
            wrong.push(format!("{name}: mode `{}` played {other_name} here", with.mode.name()));
            break;
        }
        wrong.extend(difference(other, run).map(|why| format!("{name}: {why}")));
    }
    verdict(wrong)
}

/// The first difference, with both sides.
fn difference(wanted: &Run, got: &Run) -> Option<String> {
    let race = [wanted, got].iter().any(|run| may_race(run));
    let sides = match race {
        true => vec![("the kind of outcome differs", kind(wanted), kind(got))],
        false => vec![
            ("the requests differ", requests(wanted), requests(got)),
            ("the number of purchases differs", purchases(wanted), purchases(got)),
            ("the outcome differs", outcomes(wanted), outcomes(got)),
            ("the log differs", log(wanted), log(got)),
        ],
    };
    sides.into_iter().find(|(_, wanted, got)| wanted != got).map(|(what, wanted, got)| {
        let place = crate::json::whole_difference(&wanted, &got);
        format!("{what}: {}", place.unwrap_or_else(|| "in the form of a value".to_owned()))
    })
}

/// Whether several reads may have been under way when a fault struck one of them: a token and at least two more.
fn may_race(run: &Run) -> bool {
    run.struck && run.requests.len() > 2 && run.sent(Effect::Read) == run.requests.len()
}

fn kind(run: &Run) -> Value {
    match run.outcome() {
        Ok(_) => json!("success"),
        Err(error) => json!(error.kind.as_str()),
    }
}

fn requests(run: &Run) -> Value {
    let mut requests: Vec<Value> = run.requests.iter().map(request).collect();
    requests.sort_by_cached_key(Value::to_string);
    requests.into()
}

fn purchases(run: &Run) -> Value {
    run.sent(Effect::Spend).into()
}

fn request(sent: &Sent) -> Value {
    let mut headers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in &sent.headers {
        let shown = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str()).or_default().push(shown);
    }
    json!({
        "method": sent.method.as_str(), "uri": sent.uri.to_string(), "headers": headers, "effect": sent.effect,
        "body": String::from_utf8_lossy(&sent.body),
    })
}

fn outcomes(run: &Run) -> Value {
    let calls = run.calls.iter().map(|called| {
        let outcome = match &called.reply {
            Ok(reply) => json!({ "reply": reply }),
            Err(error) => json!({ "error": error }),
        };
        json!({ "operation": called.operation, "outcome": outcome, "trouble": called.trouble })
    });
    calls.collect()
}

fn log(run: &Run) -> Value {
    run.log.iter().map(|line| json!([line.level, line.message])).collect()
}
