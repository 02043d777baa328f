//! The trial of each scenario file, and of the folder.

use waybill_core::Effect;

use super::super::{Bench, Need, PLAN, Run, Stop, Suite, Verdict, planned_of};
use super::{CASES, verdict};
use crate::fixtures::Scenario;
use crate::json::{Lists, difference};

/// Plays one scenario and compares it with what it expects.
pub(crate) fn check_scenario(bench: &Bench, name: &str) -> Verdict {
    if let Some(why) = &bench.suite.closed {
        return Err(Stop::Failed(why.clone()));
    }
    let scenario = match bench.suite.fixtures.scenarios.get(name) {
        Some(scenario) => scenario,
        None => bench.scenario(name)?,
    };
    let run = bench.suite.play(&*bench.mode, scenario, &[]).map_err(|why| format!("{name}.json: {why}"))?;
    let mut wrong: Vec<String> = run.broken.clone();
    wrong.extend(
        run.unmatched.iter().map(|one| format!("{}: no exchange fits; {}", one.request, one.nearest)),
    );
    if let Some(wanted) = too_little(scenario) {
        wrong.push(format!("{name}.json expects too little: state {wanted}"));
    }
    let facts = run.facts();
    if let Some(why) = difference(&scenario.expect, &facts, Lists::InOrder) {
        let refusal = run.outcome().err().map(|error| format!(" ({error})")).unwrap_or_default();
        wrong.push(format!("expected otherwise: {why}{refusal}"));
    }
    let own = scenario.exchanges.len();
    for at in run.unused.iter().filter(|at| **at < own) {
        let request = &scenario.exchanges[*at].request;
        wrong.push(format!("exchange {at} ({} {}) was never asked", request.method, request.path));
    }
    wrong.extend(effects(&run));
    wrong.extend(run.calls.iter().filter_map(|called| called.trouble.clone()));
    verdict(wrong)
}

/// What must be stated about a scenario at least.
fn too_little(scenario: &Scenario) -> Option<&'static str> {
    let expect = &scenario.expect;
    let error_kind = expect["error"].get("kind").is_some();
    let first = |list: &str, key: &str| {
        expect[list]
            .as_array()
            .is_some_and(|all| !all.is_empty() && all.iter().all(|one| one.get(key).is_some()))
    };
    let (stated, wanted) = match scenario.base() {
        "rate_domestic" | "rate_international" => {
            (first("rates", "total"), "`rates[].service` and `rates[].total`")
        }
        "rate_empty" => (expect.get("rates").is_some(), "`rates: []`"),
        "rate_refused" => (error_kind || first("rejected", "service"), "`error.kind` or `rejected`"),
        "rate_bad_auth" | "account_bad" | "void_unknown" | "pickup_unknown" => (error_kind, "`error.kind`"),
        "buy_refused" => {
            (error_kind && expect["error"].get("phase").is_some(), "`error.kind` and `error.phase`")
        }
        "buy" | "buy_international" | "buy_multi" => (expect.get("tracking").is_some(), "`tracking`"),
        "void" | "void_again" | "void_late" => (expect.get("void").is_some(), "`void`"),
        "recover_found" | "recover_absent" => (expect.get("recovery").is_some(), "`recovery`"),
        "track" | "track_unknown" | "track_odd" | "track_many" => {
            (first("tracking", "status"), "`tracking[].status`")
        }
        "manifest" => (expect.get("number").is_some(), "`number`"),
        "pickup" => (expect.get("confirmation").is_some(), "`confirmation`"),
        "pickup_cancel" => (expect.get("cancel").is_some(), "`cancel`"),
        "address_valid" | "address_invalid" | "address_unchecked" => {
            (expect.get("verdict").is_some(), "`verdict`")
        }
        _ => (expect.as_object().is_some_and(|facts| !facts.is_empty()), "what comes out"),
    };
    // A variant may show a refusal instead.
    (!stated && (scenario.is_main() || !error_kind)).then_some(wanted)
}

/// Requests may not do more than their operation may.
fn effects(run: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    for called in &run.calls {
        for sent in run.requests.iter().filter(|sent| sent.operation == called.operation) {
            let fits = match called.effect {
                Effect::Read => sent.effect == Effect::Read,
                Effect::Change => sent.effect != Effect::Spend,
                Effect::Spend => true,
            };
            if !fits {
                wrong.push(format!(
                    "`{}` sends a {:?} request: {} {}",
                    called.operation,
                    sent.effect,
                    sent.method,
                    sent.uri.path()
                ));
            }
        }
    }
    wrong
}

/// Scenario trials: every needed one, and every written one.
pub(crate) fn scenario_names(suite: &Suite) -> Vec<String> {
    let mut names: Vec<String> = PLAN
        .iter()
        .filter(|planned| suite.need(planned) == Need::Needed)
        .map(|planned| planned.name.to_owned())
        .collect();
    names.extend(
        suite
            .fixtures
            .scenarios
            .keys()
            .filter(|name| planned_of(name.split('.').next().unwrap_or("")).is_some())
            .cloned(),
    );
    names.sort();
    names.dedup();
    names
}

/// The folder itself: unreadable, unknown and unused files, exceptions that except nothing.
pub(crate) fn check_folder(suite: &Suite) -> Verdict {
    let mut wrong = suite.fixtures.problems.clone();
    for scenario in suite.fixtures.scenarios.values() {
        match planned_of(scenario.base()) {
            None => {
                wrong.push(format!("`fixtures/{}.json`: the suite knows no such scenario", scenario.name))
            }
            Some(planned) => {
                if let Need::No(why) = suite.need(planned) {
                    wrong.push(format!("`fixtures/{}.json` is not asked for: {why}", scenario.name));
                }
            }
        }
    }
    let exceptions = &suite.fixtures.exceptions;
    for (name, reason) in &exceptions.scenarios {
        let needed = planned_of(name).map(|planned| suite.need(planned));
        if suite.fixtures.scenarios.contains_key(name) {
            wrong.push(format!("exceptions.json: `{name}` is written"));
        } else if needed != Some(Need::Needed) {
            wrong.push(format!("exceptions.json: `{name}` is not asked for"));
        }
        if reason.trim().len() < 10 {
            wrong.push(format!("exceptions.json: give the reason for `{name}`"));
        }
    }
    for (id, reason) in &exceptions.cases {
        if !CASES.iter().any(|case| case.id == id) {
            wrong.push(format!("exceptions.json: there is no case `{id}`"));
        }
        if reason.trim().len() < 10 {
            wrong.push(format!("exceptions.json: give the reason for `{id}`"));
        }
    }
    verdict(wrong)
}
