//! RATE-..: prices.

use std::collections::BTreeMap;

use waybill_core::{Effect, PriceKind, RateReply, RateRequest};

use super::super::{Bench, Run, Stop, Verdict};
use super::{reply, verdict};
use crate::fixtures::Scenario;
use crate::{At, Fault};

/// Successful quotes of the clean runs, with the request of each.
fn quotes(bench: &Bench) -> Result<Vec<(String, RateRequest, RateReply, &Run)>, Stop> {
    if !bench.suite.has("rate_quote") {
        return Err(Stop::NotApplicable("the carrier has no `rate_quote`".to_owned()));
    }
    let mut found = Vec::new();
    for (name, run) in bench.matrix()?.clean.iter().filter(|(name, _)| name.starts_with("rate")) {
        let Some(called) = run.last() else { continue };
        let Ok(reply) = &called.reply else { continue };
        let request = serde_json::from_value(called.input.clone()).map_err(|error| error.to_string())?;
        let reply = serde_json::from_value(reply.clone()).map_err(|error| error.to_string())?;
        found.push((name.clone(), request, reply, run));
    }
    if found.is_empty() {
        return Err("no rate scenario succeeds: there is nothing to judge".into());
    }
    Ok(found)
}

fn positive(name: &str, reply: &RateReply) -> Vec<String> {
    let mut wrong = Vec::new();
    for rate in &reply.rates {
        if rate.payable().is_none() {
            wrong.push(format!("{name}: `{}` has no payable price", rate.service));
        }
        for price in &rate.prices {
            if price.total.amount <= rust_decimal::Decimal::ZERO {
                wrong.push(format!("{name}: `{}` costs {} ({})", rate.service, price.total, price.kind));
            }
        }
    }
    wrong
}

pub fn prices_are_positive(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    for (name, _, reply, _) in quotes(bench)? {
        wrong.extend(positive(&name, &reply));
        let billed = &bench.suite.profile.currencies;
        for price in reply.rates.iter().filter_map(|rate| rate.payable()) {
            if !billed.is_empty() && !billed.contains(&price.total.currency) {
                wrong.push(format!("{name}: {} is not a currency of the profile", price.total.currency));
            }
        }
    }
    // The same answers with each price at zero: a zero price is a rejection.
    for scenario in bench.written(|base| matches!(base, "rate_domestic" | "rate_international")) {
        wrong.extend(zeroed(bench, scenario)?);
    }
    verdict(wrong)
}

fn zeroed(bench: &Bench, scenario: &Scenario) -> Result<Vec<String>, Stop> {
    let clean = bench.suite.play(&*bench.mode, scenario, &[])?;
    let Ok(clean) = clean.outcome() else { return Ok(Vec::new()) };
    let clean: RateReply = serde_json::from_value(clean.clone()).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    for rate in &clean.rates {
        let Some(total) = rate.payable().map(|price| price.total.amount) else { continue };
        let forms = [total.to_string(), total.normalize().to_string()];
        for form in forms {
            let zero = Fault::Replace(form.clone(), "0.00".to_owned());
            let run = bench.suite.play(&*bench.mode, scenario, &[(At::All, zero)])?;
            if !run.struck {
                continue;
            }
            match run.outcome() {
                Ok(reply) => {
                    let reply = serde_json::from_value(reply.clone()).map_err(|error| error.to_string())?;
                    wrong.extend(positive(&format!("{} with {form} as 0.00", scenario.name), &reply));
                }
                Err(error) => wrong.push(format!("{} with {form} as 0.00 fails: {error}", scenario.name)),
            }
        }
    }
    Ok(wrong)
}

pub fn kinds_are_as_granted(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    for (name, _, reply, run) in quotes(bench)? {
        let Some(scenario) = bench.suite.fixtures.scenarios.get(&name) else { continue };
        let facts = run.facts();
        for (at, wanted) in scenario.expect["rates"].as_array().into_iter().flatten().enumerate() {
            if wanted.get("kind").is_none() && wanted.get("prices").is_none() {
                wrong.push(format!("{name}.json: say whose price `expect.rates[{at}]` is: `kind`"));
            }
        }
        let wanted = serde_json::json!({ "rates": scenario.expect.get("rates") });
        if let Some(why) = crate::json::difference(&wanted, &facts, crate::json::Lists::InOrder) {
            wrong.push(format!("{name}: {why}"));
        }
        for rate in &reply.rates {
            let mut seen = BTreeMap::new();
            for price in rate.prices.iter().filter(|price| price.kind != PriceKind::Converted) {
                if seen.insert(price.kind.as_str(), ()).is_some() {
                    wrong.push(format!("{name}: `{}` has two prices of kind {}", rate.service, price.kind));
                }
            }
        }
    }
    verdict(wrong)
}

pub fn each_service_once(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    for (name, request, reply, _) in quotes(bench)? {
        for service in bench.suite.profile.services.iter().filter(|service| request.wants(&service.code)) {
            let rated: Vec<_> = reply.rates.iter().filter(|rate| rate.service == service.code).collect();
            let rejected = reply.rejected.iter().filter(|rejected| rejected.service == service.code).count();
            let mut variants: Vec<_> = rated
                .iter()
                .map(|rate| (rate.weekend.as_ref(), &rate.packaging, &rate.carrier_code))
                .collect();
            variants.sort();
            variants.dedup();
            if variants.len() != rated.len() {
                wrong.push(format!("{name}: `{}` is offered twice in the same variant", service.code));
            }
            if rated.is_empty() != (rejected == 1) || rejected > 1 {
                let rated = rated.len();
                wrong.push(format!(
                    "{name}: `{}` is offered {rated} and rejected {rejected} times",
                    service.code
                ));
            }
        }
        for rejected in &reply.rejected {
            if rejected.message.trim().is_empty() {
                wrong.push(format!("{name}: `{}` is rejected without a sentence", rejected.service));
            }
            if matches!(rejected.reason, waybill_core::RejectReason::Other(_)) {
                wrong.push(format!("{name}: `{}` is not a reason of the list", rejected.reason));
            }
        }
        let strangers = reply.rates.iter().filter(|rate| {
            bench.suite.profile.service(&rate.service).is_some() && !request.wants(&rate.service)
        });
        wrong.extend(strangers.map(|rate| format!("{name}: `{}` was not asked for", rate.service)));
    }
    verdict(wrong)
}

pub fn empty_is_valid(bench: &Bench) -> Verdict {
    let run = bench.play("rate_empty")?;
    let reply = reply(&run, "rate_empty")?;
    let rates = reply["rates"].as_array().map_or(0, Vec::len);
    if rates > 0 {
        return Err(Stop::Failed(format!(
            "rate_empty: {rates} rates come out of an answer with nothing usable"
        )));
    }
    Ok(())
}

pub fn amounts_to_the_digit(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    for (name, _, reply, run) in quotes(bench)? {
        let answers: Vec<String> =
            run.answers().iter().map(|body| String::from_utf8_lossy(body).replace(',', "")).collect();
        if answers.is_empty() {
            continue;
        }
        for price in reply.rates.iter().filter_map(|rate| rate.payable()) {
            let amount = price.total.amount;
            let forms = [amount.to_string(), amount.normalize().to_string()];
            if !forms.iter().any(|form| answers.iter().any(|body| crate::fault::holds_number(body, form))) {
                wrong.push(format!("{name}: {} is in no answer of the carrier", price.total));
            }
        }
    }
    let main = ["rate_domestic", "rate_international"];
    for scenario in bench.written(|base| main.contains(&base)) {
        let stated = scenario.expect["rates"].as_array().into_iter().flatten();
        if stated.filter(|rate| rate.get("total").is_some()).count() == 0 && !scenario.expects_error() {
            wrong.push(format!("{}.json: state the amounts: `expect.rates[].total`", scenario.name));
        }
    }
    verdict(wrong)
}

const STRANGE: &str = "WBZ9";

pub fn unknown_services_are_kept(bench: &Bench) -> Verdict {
    let name = if bench.suite.fixtures.scenarios.contains_key("rate_domestic") {
        "rate_domestic"
    } else {
        "rate_international"
    };
    let scenario = bench.scenario(name)?;
    let clean = bench.play(name)?;
    let rates: RateReply =
        serde_json::from_value(reply(&clean, name)?.clone()).map_err(|error| error.to_string())?;
    let codes: Vec<String> = rates.rates.iter().map(|rate| rate.carrier_code.clone()).collect();
    for code in codes {
        let forms = [
            (format!("\"{code}\""), format!("\"{STRANGE}\"")),
            (format!(">{code}<"), format!(">{STRANGE}<")),
        ];
        for (from, to) in forms {
            let strange = Fault::Replace(from, to);
            let run = bench.suite.play(&*bench.mode, scenario, &[(At::All, strange)])?;
            if !run.struck {
                continue;
            }
            let kept = reply(&run, "with a service code that nobody knows")?;
            let kept = kept["rates"].as_array().into_iter().flatten();
            let there = kept.into_iter().any(|rate| {
                [&rate["carrier_code"], &rate["service"]]
                    .iter()
                    .any(|code| code.as_str().is_some_and(|code| code.eq_ignore_ascii_case(STRANGE)))
            });
            if !there {
                return Err(Stop::Failed(format!("with `{STRANGE}` in place of `{code}` the offer is lost")));
            }
            return Ok(());
        }
    }
    Err(Stop::NotApplicable(
        "the carrier's answers name no service: it is asked for one at a time".to_owned(),
    ))
}

pub fn reads_only(bench: &Bench) -> Verdict {
    if !bench.suite.has("rate_quote") {
        return Err(Stop::NotApplicable("the carrier has no `rate_quote`".to_owned()));
    }
    let mut wrong = Vec::new();
    for (name, run) in bench.matrix()?.all().filter(|(name, _)| name.starts_with("rate")) {
        let (change, spend) = (run.sent(Effect::Change), run.sent(Effect::Spend));
        if change + spend > 0 {
            wrong.push(format!("{name}: {change} Change and {spend} Spend requests"));
        }
    }
    verdict(wrong)
}
