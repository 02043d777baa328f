//! Address check: one address in, its standard form out.

use async_trait::async_trait;
use http::Method;
use waybill_core::wire::{self, parse_json};
use waybill_core::{
    Address, AddressCheck, AddressReply, AddressRequest, AddressVerdict, Cx, ErrorKind, FieldProblem, Notice,
    Response, Result,
};

use crate::carrier::Usps;
use crate::error::{inside, read, refusal};
use crate::party;
use crate::wire::address::{AdditionalInfo, AddressAnswer, Note, Remark, Street};

const WHAT: &str = "USPS address check";

#[async_trait]
impl AddressCheck for Usps {
    async fn check(&self, cx: &Cx, request: &AddressRequest) -> Result<AddressReply> {
        let address = &request.address;
        if !address.country.is_us_or_territory() {
            return Ok(reply(AddressVerdict::Unchecked));
        }
        let mut url = self.url("/addresses/v3/address");
        query(&mut url, address);
        let response = self.read(cx, || wire::request(Method::GET, &url)).await?;
        parse(&response, address)
    }
}

fn reply(verdict: AddressVerdict) -> AddressReply {
    AddressReply {
        verdict,
        residential: None,
        candidates: Vec::new(),
        problems: Vec::new(),
        notices: Vec::new(),
    }
}

fn query(url: &mut url::Url, address: &Address) {
    let state = party::state(address).unwrap_or_else(|| address.state_or_empty().to_owned());
    let rest = address.lines.get(1..).unwrap_or_default().join(" ");
    let fields = [
        ("firm", address.company.as_deref().unwrap_or_default()),
        ("streetAddress", address.line(0)),
        ("secondaryAddress", rest.as_str()),
        ("city", address.city.as_str()),
        ("state", state.as_str()),
        ("ZIPCode", address.zip5().unwrap_or_default()),
        ("ZIPPlus4", address.zip4().unwrap_or_default()),
    ];
    let mut pairs = url.query_pairs_mut();
    for (name, value) in fields {
        if !value.trim().is_empty() {
            pairs.append_pair(name, value.trim());
        }
    }
}

/// Reads the verdict. That an address does not exist is an answer, not an error.
pub(crate) fn parse(response: &Response, asked: &Address) -> Result<AddressReply> {
    if !response.status().is_success() {
        let error = refusal(response, WHAT);
        let several = read(response).is_some_and(|told| told.has_code(&["010006"]));
        let unknown = error.kind == ErrorKind::BadAddress
            || (matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid)
                && error.phase == waybill_core::Phase::Answered);
        if !several && !unknown {
            return Err(error);
        }
        let mut reply = reply(if several { AddressVerdict::Ambiguous } else { AddressVerdict::Invalid });
        reply.problems.push(FieldProblem::new("address", error.message, "correct the address"));
        return Ok(reply);
    }
    let answer: AddressAnswer = parse_json(response, WHAT)?;
    let Some(street) = &answer.address else {
        if let Some(error) = inside(response, WHAT) {
            return Err(error);
        }
        return Err(waybill_core::Error::malformed(format!("{WHAT}: there is no address in the answer"))
            .with_words(wire::words_of(response)));
    };
    Ok(judge(&answer, street, asked))
}

fn judge(answer: &AddressAnswer, street: &Street, asked: &Address) -> AddressReply {
    let candidate = candidate(answer, street, asked);
    let info = answer.additional_info.as_ref();
    let upper = |text: &Option<String>| text.as_deref().map(str::to_ascii_uppercase);
    let confirmed = info.and_then(|info| upper(&info.dpv_confirmation));
    let has = |code: &str| {
        answer.corrections.iter().chain(&answer.matches).any(|note| note.code.as_deref() == Some(code))
    };
    let mut problems = Vec::new();
    let verdict = match confirmed.as_deref() {
        Some("N") => {
            problems.push(FieldProblem::new(
                "address.lines",
                "USPS does not deliver to this house number",
                "correct it",
            ));
            AddressVerdict::Invalid
        }
        _ if has("22") => AddressVerdict::Ambiguous,
        Some("D") => {
            problems.push(FieldProblem::new("address.lines[1]", "apartment or suite is missing", "add it"));
            AddressVerdict::Corrected
        }
        Some("S") => {
            problems.push(FieldProblem::new(
                "address.lines[1]",
                "apartment or suite is not known",
                "check it",
            ));
            AddressVerdict::Corrected
        }
        _ if same(&candidate, asked) => AddressVerdict::Valid,
        _ => AddressVerdict::Corrected,
    };
    let residential = info.and_then(|info| match upper(&info.business).as_deref() {
        Some("Y") => Some(false),
        Some("N") => Some(true),
        _ => None,
    });
    let mut notices: Vec<Notice> = answer.corrections.iter().filter_map(note).collect();
    notices.extend(answer.warnings.iter().filter_map(|remark| match remark {
        Remark::Sentence(text) => Some(Notice { code: None, message: text.clone() }),
        Remark::Note(remark) => note(remark),
        Remark::Strange(_) => None,
    }));
    let flagged = |part: fn(&AdditionalInfo) -> &Option<String>| {
        info.is_some_and(|info| upper(part(info)).as_deref() == Some("Y"))
    };
    if flagged(|info| &info.vacant) {
        notices.push(Notice::new("vacant", "USPS lists this address as vacant"));
    }
    if flagged(|info| &info.dpvcmra) {
        notices.push(Notice::new("mail-agency", "the address is one of a private mailbox company"));
    }
    AddressReply { verdict, residential, candidates: vec![candidate], problems, notices }
}

fn note(note: &Note) -> Option<Notice> {
    Some(Notice { code: note.code.clone(), message: note.text.clone()? })
}

/// The asked address in USPS's standard form, with name and contact as asked.
fn candidate(answer: &AddressAnswer, street: &Street, asked: &Address) -> Address {
    let text = |have: &Option<String>, else_: &str| have.clone().unwrap_or_else(|| else_.to_owned());
    let zip = text(&street.zip_code, asked.zip5().unwrap_or_default());
    let lines =
        std::iter::once(text(&street.street_address, asked.line(0))).chain(street.secondary_address.clone());
    Address {
        company: answer.firm.clone().or_else(|| asked.company.clone()),
        lines: lines.collect(),
        city: text(&street.city, &asked.city),
        state: street.state.clone().or_else(|| asked.state.clone()),
        postal_code: Some(match &street.zip_plus4 {
            Some(plus4) => format!("{zip}-{plus4}"),
            None => zip,
        }),
        ..asked.clone()
    }
}

/// The same but for capitals, blanks and ZIP+4.
fn same(one: &Address, other: &Address) -> bool {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_uppercase();
    let lines = |address: &Address| plain(&address.lines.concat());
    lines(one) == lines(other)
        && plain(&one.city) == plain(&other.city)
        && one.zip5() == other.zip5()
        && plain(one.state_or_empty()) == plain(other.state_or_empty())
}
