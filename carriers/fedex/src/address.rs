//! Whether an address exists: `POST /address/v1/addresses/resolve`. It is advice: FedEx itself ships to addresses that
//! it cannot resolve.

use async_trait::async_trait;
use waybill_core::wire::words_of;
use waybill_core::{
    Address, AddressCheck, AddressReply, AddressRequest, AddressVerdict, Country, Cx, Error, ErrorKind,
    FieldProblem, Response, Result,
};

use crate::auth::{Call, Project};
use crate::carrier::FedEx;
use crate::error::output;
use crate::parts;
use crate::rate_reply::notice;
use crate::wire::address::{AddressToValidate, Attributes, ResolveOutput, ResolveRequest, ResolvedAddress};

const PATH: &str = "/address/v1/addresses/resolve";

#[async_trait]
impl AddressCheck for FedEx {
    async fn check(&self, cx: &Cx, request: &AddressRequest) -> Result<AddressReply> {
        let address = crate::wire::Address { residential: None, ..parts::street_address(&request.address) };
        let body = ResolveRequest { addresses_to_validate: vec![AddressToValidate { address }] };
        let response = self.ask(cx, Project::Ship, &Call::post(PATH, &body)?).await?;
        read(&response, &request.address)
    }
}

/// Reads an answer about an address.
pub fn read(response: &Response, asked: &Address) -> Result<AddressReply> {
    let output: ResolveOutput = match output(response, "address") {
        Ok(output) => output,
        Err(error) => return unknown_address(error),
    };
    let Some(resolved) = output.resolved_addresses.first() else {
        return Err(Error::malformed("address: the answer holds no address").with_words(words_of(response)));
    };
    let mut notices: Vec<_> = output.alerts.iter().map(notice).collect();
    notices.extend(resolved.customer_messages.iter().map(notice));
    let candidate = candidate(resolved, asked);
    let attributes = resolved.attributes.0.clone().unwrap_or_default();
    Ok(AddressReply {
        verdict: verdict(&attributes, &candidate, asked),
        residential: match resolved.classification.or_empty() {
            "RESIDENTIAL" => Some(true),
            "BUSINESS" => Some(false),
            _ => None,
        },
        candidates: vec![candidate],
        problems: problems(&attributes),
        notices,
    })
}

fn unknown_address(error: Error) -> Result<AddressReply> {
    if error.carrier_code() != Some("STANDARDIZED.ADDRESS.NOTFOUND") && error.kind != ErrorKind::BadAddress {
        return Err(error);
    }
    Ok(AddressReply {
        verdict: AddressVerdict::Invalid,
        residential: None,
        candidates: Vec::new(),
        problems: vec![FieldProblem::new(
            "address",
            "FedEx does not know this address",
            "check street, city and code",
        )],
        notices: Vec::new(),
    })
}

/// Good when it resolves to a delivery point or a street address. Without data for the country nothing can be said.
fn verdict(found: &Attributes, candidate: &Address, asked: &Address) -> AddressVerdict {
    if found.country_supported.0 == Some(false) {
        return AddressVerdict::Unchecked;
    }
    if found.multiple_matches.yes() {
        return AddressVerdict::Ambiguous;
    }
    let precise = found.dpv.yes() || found.address_precision.or_empty() == "STREET_ADDRESS";
    if !found.resolved.yes() || !precise {
        return AddressVerdict::Invalid;
    }
    if same(candidate, asked) { AddressVerdict::Valid } else { AddressVerdict::Corrected }
}

/// Same place, whatever the spelling of letters and the ZIP+4 that FedEx adds.
fn same(candidate: &Address, asked: &Address) -> bool {
    let fold = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
    };
    let lines = |address: &Address| fold(&address.lines.concat());
    let code = |address: &Address| match address.zip5() {
        Some(zip) if address.country == Country::US => zip.to_owned(),
        _ => fold(address.postal_or_empty()),
    };
    lines(candidate) == lines(asked)
        && fold(&candidate.city) == fold(&asked.city)
        && fold(candidate.state_or_empty()) == fold(asked.state_or_empty())
        && code(candidate) == code(asked)
}

fn candidate(resolved: &ResolvedAddress, asked: &Address) -> Address {
    let country = resolved.country_code.0.as_deref().and_then(Country::from_code).unwrap_or(asked.country);
    let lines: Vec<String> = resolved.street_lines_token.iter().filter_map(|line| line.0.clone()).collect();
    let state =
        resolved.state_or_province_code.0.as_deref().map(|state| parts::state_from_fedex(state, country));
    Address {
        lines: if lines.is_empty() { asked.lines.clone() } else { lines },
        city: resolved.city.0.clone().unwrap_or_else(|| asked.city.clone()),
        state: state.or_else(|| asked.state.clone()),
        postal_code: resolved.postal_code.0.clone().or_else(|| asked.postal_code.clone()),
        country,
        residential: match resolved.classification.or_empty() {
            "RESIDENTIAL" => Some(true),
            "BUSINESS" => Some(false),
            _ => asked.residential,
        },
        ..asked.clone()
    }
}

fn problems(found: &Attributes) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    if found.suite_required_but_missing.yes() {
        problems.push(FieldProblem::new(
            "address.lines",
            "a flat or suite number is missing",
            "add it to the street lines",
        ));
    }
    if found.invalid_suite_number.yes() {
        problems.push(FieldProblem::new(
            "address.lines",
            "the flat or suite number does not exist",
            "correct it",
        ));
    }
    problems
}
