//! `GET /address-validate`: whether DHL serves a place. It knows postal codes and cities, no streets. The same harmless
//! call proves the credentials.

use waybill_core::{
    AccountReply, Address, AddressReply, AddressVerdict, ErrorKind, FieldProblem, Notice, Phase, Request,
    Response, Result, wire, wire::clip,
};

use crate::carrier::Account;
use crate::config::Environment;
use crate::rate;
use crate::wire::address::{AddressValidateAnswer, ServedPlace};
use crate::{auth, error};

const WHAT: &str = "address check";

/// The question for one address.
pub(crate) fn request(account: &Account, address: &Address) -> Result<Request> {
    ask(account, address.country.as_str(), address.postal_or_empty(), &address.city)
}

fn ask(account: &Account, country: &str, postal_code: &str, city: &str) -> Result<Request> {
    let mut url = wire::endpoint(&account.config.base()?, "address-validate");
    url.query_pairs_mut()
        .append_pair("type", "delivery")
        .append_pair("countryCode", country)
        .append_pair("postalCode", clip(postal_code.trim(), 12))
        .append_pair("cityName", clip(city.trim(), 45))
        .append_pair("strictValidation", "false");
    auth::seal(&account.config, wire::request(http::Method::GET, &url)?, None)
}

/// What DHL thinks of a place. "Nothing found" comes as an empty list or as an error of status 400 or 404.
pub(crate) fn parse(asked: &Address, response: Response) -> Result<AddressReply> {
    let places = match error::ok(response, WHAT) {
        Ok(response) => wire::parse_json::<AddressValidateAnswer>(&response, WHAT)?,
        Err(error) if error.carrier_code() == Some("7127") => return Ok(unchecked()),
        Err(error) if is_nothing_found(&error) => AddressValidateAnswer::default(),
        Err(error) => return Err(error),
    };
    let mut notices = rate::notices(&places.warnings);
    notices.push(Notice::new("place-only", "DHL Express checks that it serves the place, not the street"));
    let candidates: Vec<Address> =
        places.address.iter().filter_map(|place| candidate(asked, place)).collect();
    let same = |place: &Address| {
        let [left, right] = [asked, place].map(|one| (key(&one.city), key(one.postal_or_empty())));
        left == right
    };
    let verdict = match candidates.as_slice() {
        [] => AddressVerdict::Invalid,
        places if places.iter().any(same) => AddressVerdict::Valid,
        [_] => AddressVerdict::Corrected,
        _ => AddressVerdict::Ambiguous,
    };
    let mut problems = Vec::new();
    if verdict == AddressVerdict::Invalid {
        let cure = "check postal code and city";
        problems.push(FieldProblem::new(
            "address.postal_code",
            "DHL Express does not serve this place",
            cure,
        ));
    }
    let proposals = if verdict == AddressVerdict::Valid { Vec::new() } else { candidates };
    Ok(AddressReply { verdict, residential: None, candidates: proposals, problems, notices })
}

fn unchecked() -> AddressReply {
    AddressReply {
        verdict: AddressVerdict::Unchecked,
        residential: None,
        candidates: Vec::new(),
        problems: Vec::new(),
        notices: vec![Notice::new("country", "DHL Express does not check addresses of this country")],
    }
}

/// A refusal in DHL's own words that names no mistake in the form of the question.
fn is_nothing_found(error: &waybill_core::Error) -> bool {
    let said = error.carrier.as_ref().and_then(|words| words.message.as_deref()).unwrap_or_default();
    let about_form = said.contains("not having correct format") || !error.fields.is_empty();
    let kind = matches!(error.kind, ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::NoService);
    kind && error.phase == Phase::Answered && !about_form
}

fn key(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

fn candidate(asked: &Address, place: &ServedPlace) -> Option<Address> {
    let country = place.country_code.as_deref().and_then(waybill_core::Country::from_code);
    let served = place.city_name.is_some() || place.postal_code.is_some() || place.service_area.is_some();
    served.then(|| Address {
        city: place.city_name.clone().unwrap_or_else(|| asked.city.clone()),
        postal_code: place.postal_code.clone().or_else(|| asked.postal_code.clone()),
        country: country.unwrap_or(asked.country),
        ..asked.clone()
    })
}

/// A place that DHL surely serves.
pub(crate) fn proof_request(account: &Account) -> Result<Request> {
    ask(account, "DE", "53113", "Bonn")
}

/// Credentials work when the API itself answers; whether the account number belongs to them shows the first rate.
pub(crate) fn parse_proof(account: &Account, response: Response) -> Result<AccountReply> {
    let response = error::ok(response, "proof of the account")?;
    wire::parse_json::<AddressValidateAnswer>(&response, "proof of the account")?;
    let number = &account.config.account;
    let shown = number.len().min(3);
    let mask = "*".repeat(number.len() - shown);
    Ok(AccountReply {
        proven_by: "an address check with the credentials".to_owned(),
        account_hint: Some(format!("{mask}{}", number.get(number.len() - shown..).unwrap_or_default())),
        test_mode: Some(account.config.environment == Environment::Test),
        balance: None,
        notices: vec![Notice::new(
            "account-number-unproven",
            "DHL Express checks the account number with the first rate, not with this call",
        )],
    })
}
