//! Address validation and classification, in the US and Puerto Rico.

use async_trait::async_trait;
use http::Method;
use waybill_core::{
    Address, AddressCheck, AddressReply, AddressRequest, AddressVerdict, Country, Cx, FieldProblem, Request,
    Response, Result, wire,
};

use crate::carrier::Ups;
use crate::config::Config;
use crate::error;
use crate::wire::address::{AddressKeyFormat, Candidate, XavRequest, XavRequestWrapper, XavResponseWrapper};
use crate::wire::common::Described;

#[async_trait]
impl AddressCheck for Ups {
    async fn check(&self, cx: &Cx, request: &AddressRequest) -> Result<AddressReply> {
        if !matches!(request.address.country, Country::US | Country::PR) {
            return Ok(verdict(AddressVerdict::Unchecked));
        }
        let response = self.read(cx, self::request(&self.config, &request.address)?).await?;
        parse(&response, &request.address)
    }
}

fn verdict(verdict: AddressVerdict) -> AddressReply {
    AddressReply {
        verdict,
        residential: None,
        candidates: Vec::new(),
        problems: Vec::new(),
        notices: Vec::new(),
    }
}

/// Builds the call: validation and classification in one.
pub(crate) fn request(config: &Config, address: &Address) -> Result<Request> {
    let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
    let lines = address.lines.iter().filter_map(|line| text(line)).collect();
    let body = XavRequestWrapper {
        request: XavRequest {
            address_key_format: AddressKeyFormat {
                consignee_name: address.company.as_deref().and_then(text),
                address_line: lines,
                political_division2: text(&address.city),
                political_division1: text(address.state_or_empty()),
                postcode_primary_low: address.zip5().map(str::to_owned),
                postcode_extended_low: address.zip4().map(str::to_owned),
                country_code: Some(address.country.to_string()),
            },
        },
    };
    wire::json_request(Method::POST, &wire::endpoint(&config.base()?, "/api/addressvalidation/v2/3"), &body)
}

/// Reads the answer.
pub(crate) fn parse(response: &Response, asked: &Address) -> Result<AddressReply> {
    let answer: XavResponseWrapper = match error::read(response, "address check") {
        Ok(answer) => answer,
        Err(error) if error.carrier_code() == Some(error::ADDRESS_NOT_COVERED) => {
            return Ok(verdict(AddressVerdict::Unchecked));
        }
        Err(error) => return Err(error),
    };
    let answer = answer.response;
    let proposed = answer.candidate.iter().filter_map(|candidate| candidate.address_key_format.as_ref());
    let candidates: Vec<Address> = proposed.map(|found| proposal(found, asked)).collect();
    let of_candidate = |candidate: &Candidate| residential(candidate.address_classification.as_ref());
    let mut reply = verdict(AddressVerdict::Unchecked);
    reply.residential = residential(answer.address_classification.as_ref())
        .or_else(|| answer.candidate.first().and_then(of_candidate));
    reply.verdict = match () {
        () if answer.valid_address_indicator => match candidates.first() {
            Some(found) if !same(found, asked) => AddressVerdict::Corrected,
            _ => AddressVerdict::Valid,
        },
        () if answer.ambiguous_address_indicator => AddressVerdict::Ambiguous,
        () if answer.no_candidates_indicator => AddressVerdict::Invalid,
        () => AddressVerdict::Unchecked,
    };
    if reply.verdict == AddressVerdict::Invalid {
        let problem = "UPS knows no such address";
        reply.problems.push(FieldProblem::new(
            "address",
            problem,
            "check street, number, city, state and ZIP code",
        ));
    }
    reply.candidates = candidates;
    Ok(reply)
}

fn residential(classification: Option<&Described>) -> Option<bool> {
    match classification?.code.as_deref()? {
        "1" => Some(false),
        "2" => Some(true),
        _ => None,
    }
}

/// The proposed address with the asked one's name and contact.
fn proposal(found: &AddressKeyFormat, asked: &Address) -> Address {
    let postal_code = match (&found.postcode_primary_low, &found.postcode_extended_low) {
        (Some(zip), Some(four)) => Some(format!("{zip}-{four}")),
        (Some(zip), None) => Some(zip.clone()),
        _ => asked.postal_code.clone(),
    };
    Address {
        lines: if found.address_line.is_empty() { asked.lines.clone() } else { found.address_line.clone() },
        city: found.political_division2.clone().unwrap_or_else(|| asked.city.clone()),
        state: found.political_division1.clone().or_else(|| asked.state.clone()),
        postal_code,
        ..asked.clone()
    }
}

/// The same place, apart from case, punctuation and the last four digits of the ZIP code.
fn same(found: &Address, asked: &Address) -> bool {
    let plain = |text: &str| {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect::<String>()
    };
    let street = |address: &Address| plain(&address.lines.concat());
    street(found) == street(asked)
        && plain(&found.city) == plain(&asked.city)
        && plain(found.state_or_empty()) == plain(asked.state_or_empty())
        && found.zip5() == asked.zip5()
}
