//! DOCUMENT-.., CONSENT-..

use serde_json::{Value, json};
use url::Url;
use waybill_core::{ConsentPage, ErrorKind, Grant, UploadReply};

use super::super::{Bench, Run, Stop, Verdict};
use super::{contains, refused, reply, verdict};

fn typed<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, Stop> {
    serde_json::from_value(value.clone()).map_err(|error| Stop::Failed(error.to_string()))
}

pub fn documents_are_attached(bench: &Bench) -> Verdict {
    let mut wrong = Vec::new();
    for (name, to_come) in [("upload", true), ("upload_bought", false)] {
        let run = bench.play(name)?;
        let uploaded: UploadReply = typed(reply(&run, name)?)?;
        if uploaded.options.is_empty() == to_come {
            let word = if to_come { "no option attaches" } else { "an option would attach" };
            wrong.push(format!("{name}: {word} the documents to a shipment to come"));
        }
        let told = |id: &String| run.answers().iter().any(|body| contains(body, id.as_bytes()));
        wrong.extend(
            uploaded
                .ids
                .iter()
                .filter(|id| !told(id))
                .map(|id| format!("{name}: the id `{id}` is in no answer of the carrier")),
        );
    }
    verdict(wrong)
}

pub fn documents_are_refused(bench: &Bench) -> Verdict {
    let run = bench.play("upload_refused")?;
    refused(&run, "upload_refused", &ErrorKind::Invalid)?;
    without_call(&run, "upload_refused")
}

fn without_call(run: &Run, name: &str) -> Verdict {
    if run.requests.is_empty() { Ok(()) } else { Err(Stop::Failed(format!("{name}: it makes a call"))) }
}

pub fn consent_page(bench: &Bench) -> Verdict {
    let scenario = bench.scenario("consent_begin")?;
    let input = bench.suite.input(scenario);
    let run = bench.play("consent_begin")?;
    let page: ConsentPage = typed(reply(&run, "consent_begin")?)?;
    let host = page.url.host_str().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    if !bench.suite.hosts().contains(&host) {
        wrong.push(format!("consent_begin: the page is at `{host}`, no host of the carrier"));
    }
    let verifier = input["verifier"].as_str().unwrap_or_default();
    if page.url.as_str().contains(verifier) {
        wrong.push("consent_begin: the page holds the verifier".to_owned());
    }
    if let Some(what) = bench.suite.sensitive.found_in(page.url.as_str(), &[]) {
        wrong.push(format!("consent_begin: the page holds {what}"));
    }
    without_call(&run, "consent_begin")?;
    verdict(wrong)
}

pub fn consent_refusals(bench: &Bench) -> Verdict {
    let scenario = bench.scenario("consent_finish")?;
    let input = bench.suite.input(scenario);
    let redirected = input["redirected"].as_str().unwrap_or_default();
    let mut url = Url::parse(redirected).map_err(|error| Stop::Failed(error.to_string()))?;
    let state = input["request"]["state"].as_str().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for (what, query) in [
        ("another state", "code=waybill-code&state=of-another-sign-in".to_owned()),
        ("the owner's refusal", format!("error=access_denied&state={state}")),
    ] {
        url.set_query(Some(&query));
        let mut other = input.clone();
        other["redirected"] = json!(url.as_str());
        let carrier = bench.suite.carrier(&*bench.mode)?;
        let run = bench.suite.play_with(&*carrier, scenario, other, &[])?;
        if run.outcome().is_ok() || !run.requests.is_empty() {
            wrong.push(format!("consent_finish: {what} is not refused, or not without a call"));
        }
    }
    verdict(wrong)
}

pub fn consent_settings(bench: &Bench) -> Verdict {
    let run = bench.play("consent_finish")?;
    let grant: Grant = typed(reply(&run, "consent_finish")?)?;
    if grant.settings.is_empty() {
        return Err("consent_finish: nothing is granted".into());
    }
    let mut config = bench.suite.config.clone();
    for (name, value) in &grant.settings {
        config[name] = json!(value.expose());
    }
    match (bench.suite.open)(config) {
        Ok(_) => Ok(()),
        Err(error) => {
            Err(Stop::Failed(format!("consent_finish: the account does not open with the grant: {error}")))
        }
    }
}
