//! LABEL-.., VOID-.., RECOVER-.., REPRINT-..: money.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waybill_core::{
    DocumentKind, Effect, ErrorKind, LabelOrder, Phase, Purchase, Recovery, RepeatGuard, TrackingNumber,
    VoidOutcome,
};

use super::super::{Bench, Called, Run, Stop, Verdict};
use super::{contains, refused, reply, verdict};
use crate::fixtures::Scenario;

fn must_sell(bench: &Bench) -> Result<(), Stop> {
    let sells = bench.suite.has("label");
    if sells { Ok(()) } else { Err(Stop::NotApplicable("the carrier has no `label`".to_owned())) }
}

fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, Stop> {
    serde_json::from_value(value.clone()).map_err(|error| Stop::Failed(error.to_string()))
}

/// Successful purchases of the clean runs.
fn purchases(bench: &Bench) -> Result<Vec<(String, LabelOrder, Purchase, &Run)>, Stop> {
    must_sell(bench)?;
    let mut found = Vec::new();
    for (name, run) in bench.matrix()?.clean.iter().filter(|(name, _)| name.starts_with("buy")) {
        if let Some(Called { operation: "buy", input, reply: Ok(reply), .. }) = run.last() {
            found.push((name.clone(), typed(input)?, typed(reply)?, run));
        }
    }
    if found.is_empty() {
        return Err("no buy scenario succeeds: there is nothing to judge".into());
    }
    Ok(found)
}

pub fn allocation(bench: &Bench) -> Verdict {
    let chosen = bench.suite.profile.purchase.repeat == RepeatGuard::ChosenNumber;
    let mut wrong = Vec::new();
    for (name, order, bought, _) in purchases(bench)? {
        if order.numbers.is_empty() {
            if chosen {
                wrong.push(format!("{name}: the profile says ChosenNumber, and `allocate` gave no number"));
            }
            continue;
        }
        let mut unique = order.numbers.clone();
        unique.sort();
        unique.dedup();
        if unique.len() != order.shipment.parcels.len() || order.numbers.len() != unique.len() {
            let parcels = order.shipment.parcels.len();
            wrong
                .push(format!("{name}: {} numbers for {parcels} parcels, or one twice", order.numbers.len()));
        }
        let used: Vec<&TrackingNumber> = bought.pieces.iter().map(|piece| &piece.tracking).collect();
        if used != order.numbers.iter().collect::<Vec<_>>() {
            wrong.push(format!("{name}: the pieces bear other numbers than were allocated"));
        }
    }
    verdict(wrong)
}

/// A carrier without an API sells without sending anything.
fn must_send(bench: &Bench) -> Result<(), Stop> {
    let offline = bench.suite.is_offline();
    if offline {
        Err(Stop::NotApplicable("the profile names no host: the carrier has no API".to_owned()))
    } else {
        Ok(())
    }
}

pub fn one_spend(bench: &Bench) -> Verdict {
    must_sell(bench)?;
    must_send(bench)?;
    let mut wrong = Vec::new();
    for (name, _, _, run) in purchases(bench)? {
        if run.sent(Effect::Spend) != 1 {
            wrong.push(format!("{name}: {} Spend requests, wanted 1", run.sent(Effect::Spend)));
        }
    }
    for struck in bench.matrix()?.struck.iter().filter(|struck| struck.scenario.starts_with("buy")) {
        let (spent, all) = (struck.run.sent(Effect::Spend), struck.run.requests.len());
        if spent > 1 {
            wrong.push(format!("{}: {spent} Spend requests", struck.name()));
        }
        let refused_before =
            struck.run.outcome().is_err() && struck.effect != Effect::Spend && struck.at == 0;
        if refused_before && spent > 0 && !struck.tolerated && struck.run.calls.len() == 1 {
            wrong.push(format!("{}: money was spent while numbers were drawn", struck.name()));
        }
        if all > 12 + struck.at {
            wrong.push(format!("{}: {all} requests: a storm", struck.name()));
        }
    }
    for (name, run) in bench.matrix()?.all() {
        for called in run.calls.iter().filter(|called| called.effect == Effect::Read) {
            let changes = run.requests.iter().filter(|sent| sent.operation == called.operation);
            if changes.filter(|sent| sent.effect == Effect::Spend).count() > 0 {
                wrong.push(format!("{name}: `{}` spends money", called.operation));
            }
        }
    }
    verdict(wrong)
}

pub fn handle_is_sent(bench: &Bench) -> Verdict {
    must_sell(bench)?;
    must_send(bench)?;
    let mut wrong = Vec::new();
    for (name, order, _, run) in purchases(bench)? {
        for sent in run.requests.iter().filter(|sent| sent.effect == Effect::Spend) {
            let mut text = format!("{} {}", sent.uri, sent.text());
            text.extend(
                sent.headers
                    .values()
                    .filter_map(|value| value.to_str().ok())
                    .map(|value| format!(" {value}")),
            );
            // A form hides its text behind percent signs.
            text.extend(
                url::form_urlencoded::parse(&sent.body).map(|(key, value)| format!(" {key} {value}")),
            );
            let text = text.to_ascii_lowercase();
            let has = |wanted: &str| text.contains(&wanted.to_ascii_lowercase());
            let handle = has(&order.handle.short()) || has(&order.handle.uuid());
            let numbers =
                !order.numbers.is_empty() && order.numbers.iter().all(|number| has(number.as_str()));
            if !handle && !numbers {
                wrong.push(format!(
                    "{name}: neither the handle nor the numbers are in {} {}",
                    sent.method,
                    sent.uri.path()
                ));
            }
        }
    }
    verdict(wrong)
}

pub fn pieces_and_labels(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    for (name, order, bought, run) in purchases(bench)? {
        let parcels: Vec<u32> = bought.pieces.iter().map(|piece| piece.parcel).collect();
        let wanted: Vec<u32> = (0..).take(order.shipment.parcels.len()).collect();
        if parcels != wanted {
            wrong.push(format!("{name}: pieces for the parcels {parcels:?}, wanted {wanted:?}"));
        }
        let mut numbers: Vec<&str> = bought.pieces.iter().map(|piece| piece.tracking.as_str()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() != bought.pieces.len() || numbers.iter().any(|number| number.trim().is_empty()) {
            wrong.push(format!("{name}: a number is empty or there twice"));
        }
        if bought.shipment_key.as_str().is_empty() {
            wrong.push(format!("{name}: the shipment has no key"));
        }
        if !bought.has_labels() {
            wrong.push(format!("{name}: a piece has no label"));
        }
        if !bench.suite.is_offline() {
            wrong.extend(not_as_answered(&name, &bought.documents, run));
        }
        let labels = bought.documents.iter().filter(|file| file.kind == DocumentKind::Label);
        let other: Vec<_> = labels.filter(|file| file.format != order.label.format).collect();
        if let Some(label) = other.first() {
            wrong.push(format!("{name}: a label is {}, wanted {}", label.format, order.label.format));
        }
    }
    verdict(wrong)
}

/// Files that stand in no answer of the carrier, neither as they are nor as base64.
pub(super) fn not_as_answered(name: &str, files: &[waybill_core::Document], run: &Run) -> Vec<String> {
    let plain: Vec<Vec<u8>> = run.answers().iter().map(|body| squeezed(body)).collect();
    let stands = |bytes: &[u8]| {
        let coded = STANDARD.encode(bytes);
        run.answers().iter().any(|body| contains(body, bytes))
            || plain.iter().any(|body| contains(body, coded.trim_end_matches('=').as_bytes()))
            || json_text(bytes).is_some_and(|text| run.answers().iter().any(|body| contains(body, &text)))
    };
    files
        .iter()
        .filter(|file| !stands(&file.bytes))
        .map(|file| {
            format!("{name}: the {} ({} bytes) is not what the carrier sent", file.kind, file.bytes.len())
        })
        .collect()
}

/// Base64 may be broken into lines, with the breaks escaped in JSON.
fn squeezed(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body).replace("\\n", "").replace("\\r", "").replace("\\/", "/");
    text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// A text file (ZPL) inside a JSON text.
fn json_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = serde_json::to_string(std::str::from_utf8(bytes).ok()?).ok()?;
    Some(text.trim_matches('"').as_bytes().to_vec())
}

pub fn phases(bench: &Bench) -> Verdict {
    let run = bench.play("buy_refused")?;
    let mut wrong = Vec::new();
    match run.outcome() {
        Ok(_) => wrong.push("buy_refused: it succeeds".to_owned()),
        Err(error) if error.phase != Phase::Answered => {
            wrong.push(format!("buy_refused: the phase is {:?}, wanted Answered: {error}", error.phase));
        }
        Err(error)
            if error.carrier_code().is_none()
                && error.carrier.as_ref().is_none_or(|words| words.message.is_none()) =>
        {
            wrong.push(format!("buy_refused: the carrier's own code and message are lost: {error}"));
        }
        Err(_) => {}
    }
    let money = bench.matrix()?.struck.iter().filter(|struck| struck.scenario.starts_with("buy"));
    for struck in money.filter(|struck| struck.effect == Effect::Spend) {
        if let Err(why) = struck.verdict() {
            wrong.push(format!("{}: {why}", struck.name()));
        }
    }
    verdict(wrong)
}

pub fn local_refusals(bench: &Bench) -> Verdict {
    let scenario = bench.scenario("buy")?;
    let good = bench.suite.input(scenario);
    let mut bad = vec![
        ("a service that the profile does not know", json!({ "service": "waybill-testkit-nowhere" })),
        (
            "a label format that nobody makes",
            json!({ "label": { "format": "waybill-testkit", "dpi": null } }),
        ),
    ];
    let service = bench.suite.profile.services.iter().find(|service| good["service"] == json!(service.code));
    if service.is_some_and(|service| service.limits.max_weight.is_some()) {
        let mut parcels = good["shipment"]["parcels"].clone();
        parcels[0]["weight"] = json!({ "value": "900", "unit": "kg" });
        bad.push((
            "a parcel above the service's weight limit",
            json!({ "shipment": { "parcels": parcels } }),
        ));
    }
    let mut wrong = Vec::new();
    for (what, patch) in bad {
        let mut input = good.clone();
        crate::json::merge_patch(&mut input, &patch);
        let carrier = bench.suite.carrier(&*bench.mode)?;
        let run = bench.suite.play_with(&*carrier, scenario, input, &[])?;
        if run.sent(Effect::Spend) > 0 {
            wrong.push(format!("{what}: the permit is used"));
        }
        match run.outcome() {
            Ok(_) => wrong.push(format!("{what}: it is sold")),
            Err(error) if !matches!(error.kind, ErrorKind::Invalid | ErrorKind::NoService) => {
                wrong.push(format!(
                    "{what}: the kind is `{}`, wanted `invalid` or `no_service`: {error}",
                    error.kind.as_str()
                ));
            }
            Err(error) if error.phase != Phase::NotSent => {
                wrong.push(format!("{what}: the phase is {:?}, wanted NotSent", error.phase));
            }
            Err(_) => {}
        }
    }
    verdict(wrong)
}

pub fn charged(bench: &Bench) -> Verdict {
    let run = bench.play("buy")?;
    let scenario = bench.scenario("buy")?;
    let facts = run.facts();
    reply(&run, "buy")?;
    match scenario.expect.get("charged") {
        None => Err(
            "buy.json: state `expect.charged`, or say in exceptions.json that the carrier states no price"
                .into(),
        ),
        Some(wanted) if *wanted == facts["charged"] => Ok(()),
        Some(wanted) => Err(Stop::Failed(format!("buy: charged is {}, wanted {wanted}", facts["charged"]))),
    }
}

fn void_outcome(run: &Run, name: &str) -> Result<VoidOutcome, Stop> {
    typed(reply(run, name)?)
}

pub fn void_again(bench: &Bench) -> Verdict {
    let first = bench.play("void")?;
    match void_outcome(&first, "void")? {
        VoidOutcome::Voided | VoidOutcome::RefundPending { .. } => {}
        other => return Err(Stop::Failed(format!("void: the outcome is {other:?}"))),
    }
    if first.sent(Effect::Spend) > 0 {
        return Err("void: it spends money".into());
    }
    match void_outcome(&bench.play("void_again")?, "void_again")? {
        VoidOutcome::Voided => Ok(()),
        other => Err(Stop::Failed(format!("void_again: the outcome is {other:?}, wanted Voided"))),
    }
}

pub fn void_unknown_and_late(bench: &Bench) -> Verdict {
    let unknown =
        bench.play("void_unknown").and_then(|run| refused(&run, "void_unknown", &ErrorKind::NotFound));
    let late = bench.play("void_late").and_then(|run| match void_outcome(&run, "void_late")? {
        VoidOutcome::TooLate { .. } => Ok(()),
        other => Err(Stop::Failed(format!("void_late: the outcome is {other:?}, wanted TooLate"))),
    });
    match (unknown, late) {
        (Err(Stop::Failed(one)), Err(Stop::Failed(two))) => Err(Stop::Failed(format!("{one}\n{two}"))),
        (Err(Stop::Failed(why)), _) | (_, Err(Stop::Failed(why))) => Err(Stop::Failed(why)),
        (Err(stop), Err(_)) => Err(stop),
        _ => Ok(()),
    }
}

/// Calls an operation with the standard input and no exchange at all.
fn unprompted(bench: &Bench, base: &str) -> Result<Run, Stop> {
    let silent = Scenario { name: format!("{base}.unprompted"), ..Scenario::default() };
    let carrier = bench.suite.carrier(&*bench.mode)?;
    let input = bench.suite.standard_input(base);
    Ok(bench.suite.play_with(&*carrier, &silent, input, &[])?)
}

pub fn no_void(bench: &Bench) -> Verdict {
    must_sell(bench)?;
    if bench.suite.profile.purchase.voids {
        return Err(Stop::NotApplicable("the carrier has a void".to_owned()));
    }
    let run = unprompted(bench, "void")?;
    match void_outcome(&run, "void without a void")? {
        _ if !run.requests.is_empty() => Err("a request is sent although there is no void".into()),
        VoidOutcome::NotOffered { reason } | VoidOutcome::NotNeeded { reason }
            if !reason.trim().is_empty() =>
        {
            Ok(())
        }
        other => Err(Stop::Failed(format!(
            "the outcome is {other:?}, wanted NotOffered or NotNeeded with a reason"
        ))),
    }
}

pub fn recover_found(bench: &Bench) -> Verdict {
    let run = bench.play("recover_found")?;
    let Recovery::Found(purchases) = typed(reply(&run, "recover_found")?)? else {
        return Err(Stop::Failed(format!("recover_found: {}", run.facts()["recovery"])));
    };
    let mut wrong = Vec::new();
    for purchase in &purchases {
        if purchase.pieces.is_empty()
            || purchase.pieces.iter().any(|piece| piece.tracking.as_str().is_empty())
        {
            wrong.push("recover_found: a purchase without number".to_owned());
        }
        if bench.suite.profile.purchase.recovers_label && !purchase.has_labels() {
            wrong.push(
                "recover_found: the profile says that labels are recovered, and there is none".to_owned(),
            );
        }
        wrong.extend(not_as_answered("recover_found", &purchase.documents, &run));
    }
    if purchases.is_empty() {
        wrong.push("recover_found: found, and nothing in it".to_owned());
    }
    if run.sent(Effect::Read) != run.requests.len() {
        wrong.push("recover_found: not all requests are Read".to_owned());
    }
    verdict(wrong)
}

pub fn recover_absent(bench: &Bench) -> Verdict {
    let run = bench.play("recover_absent")?;
    match typed(reply(&run, "recover_absent")?)? {
        Recovery::Absent => Ok(()),
        other => Err(Stop::Failed(format!("recover_absent: {other:?}, wanted Absent"))),
    }
}

pub fn recover_outage(bench: &Bench) -> Verdict {
    bench.scenario("recover_absent")?;
    let mut wrong = Vec::new();
    let mut seen = 0;
    for struck in bench.matrix()?.struck.iter().filter(|struck| struck.scenario.starts_with("recover")) {
        seen += 1;
        let healed = struck.once && struck.fault == crate::Fault::Unauthorized;
        let harmless = matches!(struck.fault, crate::Fault::ExtraFields | crate::Fault::NewValue(_));
        let said = struck.run.facts();
        if !healed && !harmless && said["recovery"] == "absent" {
            wrong.push(format!("{}: `Absent` during an outage", struck.name()));
        } else if let Err(why) = struck.verdict() {
            wrong.push(format!("{}: {why}", struck.name()));
        }
    }
    if seen == 0 {
        wrong.push("no recovery sends a request: it cannot know anything".to_owned());
    }
    verdict(wrong)
}

pub fn recover_unsupported(bench: &Bench) -> Verdict {
    must_sell(bench)?;
    if bench.suite.profile.purchase.lookup {
        return Err(Stop::NotApplicable("a lost purchase can be looked up".to_owned()));
    }
    let run = unprompted(bench, "recover_found")?;
    match typed(reply(&run, "recover without lookup")?)? {
        Recovery::Unsupported if run.requests.is_empty() => Ok(()),
        other => {
            Err(Stop::Failed(format!("{other:?} with {} requests, wanted Unsupported", run.requests.len())))
        }
    }
}

pub fn reprint(bench: &Bench) -> Verdict {
    must_sell(bench)?;
    if bench.suite.fixtures.scenarios.contains_key("reprint") {
        let run = bench.play("reprint")?;
        let reply: waybill_core::ReprintReply = typed(reply(&run, "reprint")?)?;
        if reply.documents.is_empty() {
            return Err("reprint: no document".into());
        }
        return verdict(not_as_answered("reprint", &reply.documents, &run));
    }
    let run = unprompted(bench, "reprint")?;
    match run.outcome() {
        Err(error) if error.kind == ErrorKind::Unsupported && run.requests.is_empty() => Ok(()),
        _ => Err("write `fixtures/reprint.json`: the carrier prints a label again".into()),
    }
}
