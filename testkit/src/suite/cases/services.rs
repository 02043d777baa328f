//! TRACK-.., MANIFEST-.., PICKUP-.., ADDRESS-.., ACCOUNT-..

use std::collections::BTreeMap;

use serde_json::Value;
use waybill_core::{
    AddressReply, AddressVerdict, Effect, ErrorKind, ManifestReply, ManifestRequest, PickupReply, Track,
    TrackOutcome, TrackReplies, TrackStatus,
};

use super::super::{Bench, Run, Stop, Verdict};
use super::label::not_as_answered;
use super::{refused, reply, verdict};

fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, Stop> {
    serde_json::from_value(value.clone()).map_err(|error| Stop::Failed(error.to_string()))
}

fn replies(run: &Run, name: &str) -> Result<TrackReplies, Stop> {
    typed(reply(run, name)?)
}

pub fn track_in_order(bench: &Bench) -> Verdict {
    let scenario = bench.scenario("track_many")?;
    let input = bench.suite.input(scenario);
    let wanted: Vec<&str> =
        input["numbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if wanted.len() < 2 {
        return Err(
            "track_many.json: ask for two numbers or more, one of them unknown: `input.numbers`".into()
        );
    }
    let run = bench.play("track_many")?;
    let replies = replies(&run, "track_many")?.replies;
    let got: Vec<&str> = replies.iter().map(|reply| reply.number.as_str()).collect();
    if got != wanted {
        return Err(Stop::Failed(format!("track_many: replies for {got:?}, wanted {wanted:?}")));
    }
    let found = |reply: &&waybill_core::TrackReply| {
        matches!(reply.outcome, TrackOutcome::Found(_) | TrackOutcome::Several(_) | TrackOutcome::NoEventsYet)
    };
    let good = replies.iter().filter(found).count();
    if good == 0 || good == replies.len() {
        return Err(Stop::Failed(format!(
            "track_many: {good} of {} numbers are known; let one be known and one not, to show that a bad one does \
             not fail the others",
            replies.len()
        )));
    }
    Ok(())
}

pub fn track_unknown(bench: &Bench) -> Verdict {
    let run = bench.play("track_unknown")?;
    match replies(&run, "track_unknown")?.replies.as_slice() {
        [only] if only.outcome == TrackOutcome::NotFound => Ok(()),
        other => Err(Stop::Failed(format!("track_unknown: {other:?}, wanted NotFound"))),
    }
}

/// All tracks of the tracking scenarios, with the answers that they were read from.
fn tracks(bench: &Bench) -> Result<Vec<(String, Track, Vec<String>)>, Stop> {
    bench.scenario("track")?;
    let mut found = Vec::new();
    for (name, run) in bench.matrix()?.clean.iter().filter(|(name, _)| name.starts_with("track")) {
        let Ok(reply) = run.outcome() else { continue };
        let answers: Vec<String> =
            run.answers().iter().map(|body| String::from_utf8_lossy(body).into_owned()).collect();
        for reply in typed::<TrackReplies>(reply)?.replies {
            match reply.outcome {
                TrackOutcome::Found(track) => found.push((name.clone(), *track, answers.clone())),
                TrackOutcome::Several(tracks) => {
                    found.extend(tracks.into_iter().map(|track| (name.clone(), track, answers.clone())));
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

pub fn track_events(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    let tracks = tracks(bench)?;
    if !tracks.iter().any(|(name, track, _)| name == "track" && !track.events.is_empty()) {
        wrong.push("track: no events".to_owned());
    }
    for (name, track, answers) in tracks {
        let keys: Vec<_> = track.events.iter().map(|event| event.at.sort_key()).collect();
        if !keys.is_sorted_by(|newer, older| newer >= older) {
            wrong.push(format!("{name}: the events are not newest first"));
        }
        let answers: Vec<String> = answers.iter().map(|answer| answer.replace("\\/", "/")).collect();
        for event in &track.events {
            let texts = [("code", &event.code), ("text", &event.text)];
            for (what, text) in
                texts.into_iter().filter(|(_, text)| text.is_ascii() && !text.contains(['"', '&', '<']))
            {
                if !answers.is_empty() && !answers.iter().any(|answer| answer.contains(text.as_str())) {
                    wrong.push(format!(
                        "{name}: the {what} `{text}` of an event is in no answer of the carrier"
                    ));
                }
            }
            if event.code.is_empty() && event.text.is_empty() {
                wrong.push(format!("{name}: an event has neither code nor text"));
            }
            if event.at.date.is_none() {
                wrong.push(format!("{name}: event `{}` has no day", event.code));
            }
        }
    }
    verdict(wrong)
}

pub fn track_odd(bench: &Bench) -> Verdict {
    bench.scenario("track_odd")?;
    let mut wrong = Vec::new();
    let odd: Vec<_> = tracks(bench)?.into_iter().filter(|(name, ..)| name == "track_odd").collect();
    if odd.is_empty() {
        wrong.push("track_odd: nothing is found".to_owned());
    }
    for (_, track, _) in odd {
        let unknown = track
            .events
            .iter()
            .filter(|event| event.status == TrackStatus::Unknown && event.reverses.is_none());
        if unknown.filter(|event| !event.code.is_empty() || !event.text.is_empty()).count() == 0 {
            wrong.push(
                "track_odd: let the history hold a code that nobody knows: no event is Unknown".to_owned(),
            );
        }
        if track.status == TrackStatus::Unknown {
            wrong.push("track_odd: the unknown code wiped the last known status out".to_owned());
        }
    }
    verdict(wrong)
}

pub fn manifest_numbers(bench: &Bench) -> Verdict {
    let scenario = bench.scenario("manifest")?;
    let request: ManifestRequest = typed(&bench.suite.input(scenario))?;
    let run = bench.play("manifest")?;
    let reply: ManifestReply = typed(reply(&run, "manifest")?)?;
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    for number in reply.accepted.iter().chain(reply.refused.iter().map(|(number, _)| number)) {
        *told.entry(number.as_str()).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for number in request.shipments.iter().flat_map(|shipment| &shipment.tracking) {
        let times = told.remove(number.as_str()).unwrap_or_default();
        if times != 1 {
            wrong.push(format!("manifest: `{number}` is accepted or refused {times} times"));
        }
    }
    wrong.extend(told.keys().map(|number| format!("manifest: nobody asked for `{number}`")));
    if reply.number.is_empty() {
        wrong.push("manifest: it has no number".to_owned());
    }
    wrong.extend(money(bench, "manifest")?);
    verdict(wrong)
}

pub fn manifest_form(bench: &Bench) -> Verdict {
    let run = bench.play("manifest")?;
    let reply: ManifestReply = typed(reply(&run, "manifest")?)?;
    verdict(not_as_answered("manifest", &reply.documents, &run))
}

/// A manifest or a collection cannot be made twice: one Spend request, and phases as for a purchase.
fn money(bench: &Bench, name: &str) -> Result<Vec<String>, Stop> {
    let matrix = bench.matrix()?;
    let mut wrong = Vec::new();
    for (found, run) in
        matrix.all().filter(|(found, _)| found == name || found.starts_with(&format!("{name} ")))
    {
        if run.sent(Effect::Spend) > 1 {
            wrong.push(format!("{found}: {} Spend requests", run.sent(Effect::Spend)));
        }
    }
    for struck in
        matrix.struck.iter().filter(|struck| struck.scenario == name && struck.effect == Effect::Spend)
    {
        if let Err(why) = struck.verdict() {
            wrong.push(format!("{}: {why}", struck.name()));
        }
    }
    Ok(wrong)
}

pub fn pickup(bench: &Bench) -> Verdict {
    let run = bench.play("pickup")?;
    let arranged: PickupReply = typed(reply(&run, "pickup")?)?;
    let mut wrong = Vec::new();
    let told = run.answers().iter().any(|body| super::contains(body, arranged.confirmation.as_bytes()));
    if arranged.confirmation.is_empty() || !told {
        wrong.push("pickup: the confirmation is in no answer of the carrier".to_owned());
    }
    if arranged.window_start.date.is_none() {
        wrong.push("pickup: it has no day".to_owned());
    }
    wrong.extend(money(bench, "pickup")?);
    verdict(wrong)
}

pub fn pickup_unknown(bench: &Bench) -> Verdict {
    refused(&bench.play("pickup_unknown")?, "pickup_unknown", &ErrorKind::NotFound)
}

pub fn address_unchecked(bench: &Bench) -> Verdict {
    let run = bench.play("address_unchecked")?;
    let answer: AddressReply = typed(reply(&run, "address_unchecked")?)?;
    if answer.verdict == AddressVerdict::Unchecked {
        return Ok(());
    }
    Err(Stop::Failed(format!("address_unchecked: `{}`, wanted `unchecked`", answer.verdict)))
}

pub fn account(bench: &Bench) -> Verdict {
    let run = bench.play("account")?;
    reply(&run, "account")?;
    if run.sent(Effect::Read) != run.requests.len() {
        return Err("account: it does more than read".into());
    }
    refused(&bench.play("account_bad")?, "account_bad", &ErrorKind::Auth)
}
