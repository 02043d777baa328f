//! CARRIER-..: what holds for every call.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::Value;
use waybill_core::operation::{Operation, Quote, Track};
use waybill_core::{Carrier, Effect, Error};

use super::super::sensitive::personal;
use super::super::{Bench, Run, Stop, Verdict};
use super::{reply, verdict};
use crate::fixtures::Scenario;
use crate::{Fault, ScriptedHost, block_on_within};

pub fn profile_names_services(bench: &Bench) -> Verdict {
    let (suite, mut wrong) = (&bench.suite, Vec::new());
    let profile = &suite.profile;
    if profile.id.as_str() != suite.id {
        wrong.push(format!("the profile's id is `{}`, the plugin's `{}`", profile.id, suite.id));
    }
    if (suite.has("rate_quote") || suite.has("label")) && profile.services.is_empty() {
        wrong.push("the profile names no service".to_owned());
    }
    if suite.has("label") && profile.labels.is_empty() {
        wrong.push("the profile names no label format".to_owned());
    }
    if profile.name.is_empty() || profile.version.is_empty() {
        wrong.push("name or version is empty".to_owned());
    }
    let opened = suite.carrier(&*bench.mode)?;
    if opened.profile() != profile {
        wrong.push("the opened carrier has another profile than the plugin".to_owned());
    }
    if waybill_core::operation::capabilities(&*opened) != suite.capabilities {
        wrong.push("its capabilities differ from those of the carrier that is linked in".to_owned());
    }
    verdict(wrong)
}

pub fn codes_are_unique(bench: &Bench) -> Verdict {
    let (profile, mut wrong) = (&bench.suite.profile, Vec::new());
    let mut unique = |what: &str, codes: Vec<&str>| {
        let mut seen = BTreeSet::new();
        for code in codes {
            if !seen.insert(code) {
                wrong.push(format!("the {what} `{code}` is there twice"));
            }
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if code.is_empty() || !code.bytes().all(plain) {
                wrong.push(format!("the {what} `{code}` is not in kebab-case"));
            }
        }
    };
    unique("service", profile.services.iter().map(|service| service.code.as_str()).collect());
    unique("packaging", profile.packagings.iter().map(|packaging| packaging.code.as_str()).collect());
    for service in &profile.services {
        for code in service.packagings.iter().filter(|code| profile.packaging(code).is_none()) {
            wrong.push(format!("service `{}` takes packaging `{code}`, which nobody declares", service.code));
        }
        if service.lanes.is_empty() {
            wrong.push(format!("service `{}` runs nowhere: it has no lane", service.code));
        }
    }
    verdict(wrong)
}

pub fn calls_are_independent(bench: &Bench) -> Verdict {
    let named = ["rate_domestic", "rate_international", "track", "buy"];
    let found = named.iter().find_map(|name| {
        let scenario = bench.suite.fixtures.scenarios.get(*name)?;
        super::super::planned_of(name).filter(|planned| bench.suite.has(planned.capability)).map(|_| scenario)
    });
    let Some(scenario) = found else {
        return Err(Stop::NotApplicable("there is no scenario for rating, tracking or buying".to_owned()));
    };
    match scenario.base() {
        "track" => together::<Track>(bench, scenario),
        "buy" => Err(Stop::NotApplicable("the carrier neither rates nor tracks".to_owned())),
        _ => together::<Quote>(bench, scenario),
    }
}

/// Eight at once answer as one does, and so does one after another was dropped half way.
fn together<O: Operation>(bench: &Bench, scenario: &Scenario) -> Verdict {
    let (suite, input) = (&bench.suite, bench.suite.input(scenario));
    let typed: O::Input = serde_json::from_value(input).map_err(|error| error.to_string())?;
    let alone = suite.play(&*bench.mode, scenario, &[])?;
    let alone = reply(&alone, &scenario.name)?.clone();
    let carrier = suite.carrier(&*bench.mode)?;
    let carrier: &dyn Carrier = &*carrier;
    let ask = async |host: &ScriptedHost| -> Result<Value, Error> {
        let cx = host.cx(O::NAME);
        let output = O::call(carrier, &cx, &typed, None).await?;
        serde_json::to_value(&output).map_err(|error| Error::malformed(error.to_string()))
    };
    // Half way: polled once, so that its first request is under way, then dropped.
    let dropped = suite.host(scenario);
    let mut half = Box::pin(ask(&dropped));
    let _ = half.as_mut().now_or_never();
    drop(half);
    let hosts: Vec<ScriptedHost> = (0..8).map(|_| suite.host(scenario)).collect();
    let all = join_all(hosts.iter().map(&ask));
    let Some(all) = block_on_within(all, Duration::from_secs(10)) else {
        return Err("calls hang after one of them was dropped half way".into());
    };
    let wrong = all.into_iter().filter_map(|one| match one {
        Err(error) => Some(format!("one of eight calls at once fails: {error}")),
        Ok(reply) => crate::json::whole_difference(&alone, &reply)
            .map(|why| format!("one of eight calls at once answers otherwise: {why}")),
    });
    verdict(wrong.collect())
}

pub fn nothing_private_is_shown(bench: &Bench) -> Verdict {
    let sensitive = &bench.suite.sensitive;
    let mut wrong = BTreeSet::new();
    if sensitive.too_short() {
        wrong.insert(
            "give the secrets of config.json five characters or more, so that they can be looked for"
                .to_owned(),
        );
    }
    for (name, run) in bench.matrix()?.all() {
        for (place, text, input) in shown(run) {
            let strict = place != "the debug form of the reply";
            if tokens(run).any(|token| text.contains(&token)) {
                wrong.insert(format!("{name}: {place} shows what an `Authorization` header held"));
            }
            if let Some(what) = sensitive.found_in(&text, &personal(input, strict)) {
                wrong.insert(format!("{name}: {place} shows {what}"));
            }
        }
    }
    verdict(wrong.into_iter().collect())
}

/// What stood in `Authorization` headers, without the scheme.
fn tokens(run: &Run) -> impl Iterator<Item = String> {
    run.requests.iter().filter_map(|sent| {
        let value = sent.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        let token = value.rsplit(' ').next().unwrap_or(value);
        (token.len() >= 8).then(|| token.to_owned())
    })
}

/// Everything that a log may hold, with the input whose people must not be in it.
fn shown(run: &Run) -> Vec<(&'static str, String, &Value)> {
    let mut texts = Vec::new();
    for called in &run.calls {
        if let Err(error) = &called.reply {
            texts.push(("the error", format!("{error} {error:?}"), &called.input));
        }
        texts.push(("the debug form of the reply", called.debug.clone(), &called.input));
    }
    if let Some(last) = run.last() {
        texts.extend(run.log.iter().map(|line| ("a log line", line.message.clone(), &last.input)));
    }
    texts
}

const OFFLINE: &str = "the profile names no host: the carrier has no API";

fn struck(bench: &Bench, wanted: impl Fn(&Fault) -> bool) -> Verdict {
    if bench.suite.is_offline() {
        return Err(Stop::NotApplicable(OFFLINE.to_owned()));
    }
    if bench.matrix()?.struck.is_empty() {
        return Err("no scenario that succeeds sends a request: there is nothing to judge".into());
    }
    let mut wrong = Vec::new();
    for struck in bench.matrix()?.struck.iter().filter(|struck| wanted(&struck.fault)) {
        if let Err(why) = struck.verdict() {
            wrong.push(format!("{}: {why}", struck.name()));
        }
    }
    verdict(wrong)
}

pub fn foreign_bytes(bench: &Bench) -> Verdict {
    for (name, run) in bench.matrix()?.all() {
        if let Some(trouble) = run.calls.iter().find_map(|called| called.trouble.as_ref()) {
            return Err(Stop::Failed(format!("{name}: {trouble}")));
        }
    }
    struck(bench, |fault| matches!(fault, Fault::Html | Fault::Empty | Fault::Truncated | Fault::WrongType))
}

pub fn gateway_refusals(bench: &Bench) -> Verdict {
    struck(bench, |fault| {
        !matches!(
            fault,
            Fault::Html
                | Fault::Empty
                | Fault::Truncated
                | Fault::WrongType
                | Fault::ExtraFields
                | Fault::NewValue(_)
        )
    })
}

pub fn newer_answers(bench: &Bench) -> Verdict {
    struck(bench, |fault| matches!(fault, Fault::ExtraFields | Fault::NewValue(_)))
}

pub fn hosts(bench: &Bench) -> Verdict {
    let (suite, mut wrong) = (&bench.suite, BTreeSet::new());
    let known = suite.hosts();
    for (name, run) in bench.matrix()?.all() {
        for sent in &run.requests {
            let host = sent.uri.host().unwrap_or_default();
            let encrypted = sent.uri.scheme_str() == Some(suite.base.scheme());
            if !known.iter().any(|known| known == host) || !encrypted {
                wrong.insert(format!(
                    "{name}: a request goes to `{}://{host}`",
                    sent.uri.scheme_str().unwrap_or("?")
                ));
            }
            if sent.effect == Effect::Spend && run.sent(Effect::Spend) > 1 {
                wrong.insert(format!("{name}: money is spent twice"));
            }
        }
    }
    verdict(wrong.into_iter().collect())
}
