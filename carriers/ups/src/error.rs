//! UPS's refusals: one table from UPS's code to our kind.

use serde::de::DeserializeOwned;
use waybill_core::{
    CarrierWords, Error, ErrorKind, FieldProblem, Phase, Response, Result, Retry, Scope, wire,
};

use crate::wire::common::ErrorBody;

/// Where the shipper can mend it: path in the model and cure; both empty when nowhere.
type Cure = (&'static str, &'static str);
const NOWHERE: Cure = ("", "");

/// UPS's code, our kind, one sentence, where to mend it. Meanings from UPS's OpenAPI files, recorded answers and UPS's
/// public issue tracker; UPS publishes no complete list.
const TABLE: &[(&str, ErrorKind, &str, Cure)] = &[
    ("250001", ErrorKind::Auth, "UPS does not accept the credentials", NOWHERE),
    (
        "250002",
        ErrorKind::Auth,
        "UPS does not accept the credentials, or the app in the developer portal lacks this API product",
        NOWHERE,
    ),
    ("250003", ErrorKind::Auth, "UPS does not accept this type of credentials", NOWHERE),
    (TOO_MANY, ErrorKind::RateLimited { scope: Scope::Application, until: None }, "too many calls", NOWHERE),
    ("10004", ErrorKind::Unavailable, "the UPS service is out of order for a while", NOWHERE),
    ("10001", ErrorKind::Invalid, "UPS cannot read the request", NOWHERE),
    ("10002", ErrorKind::Invalid, "UPS cannot read the request", NOWHERE),
    (
        "111285",
        ErrorKind::BadAddress,
        "a postal code does not belong to its state",
        ("to.postal_code", "correct the postal code or the state"),
    ),
    (
        "120202",
        ErrorKind::BadAddress,
        "the first street line of the destination is missing or wrong",
        ("to.lines[0]", "give street and number"),
    ),
    (
        "120802",
        ErrorKind::BadAddress,
        "UPS does not find the destination address",
        ("to", "check street, city, state and postal code"),
    ),
    ("111210", ErrorKind::NoService, "the service does not run between these places", NOWHERE),
    ("111212", ErrorKind::NoService, "the service or the packaging is not offered here", NOWHERE),
    ("112111", ErrorKind::Config, "UPS does not know the account number", NOWHERE),
    ("120100", ErrorKind::Config, "UPS does not know the account number", NOWHERE),
    (
        "111600",
        ErrorKind::NotEntitled,
        "this account may not pay for the shipment",
        ("billing.transport", "bill another account, or check its number and postal code"),
    ),
    (VOID_PERIOD, ErrorKind::TooLate, "no shipment that can still be voided has this number", NOWHERE),
    (
        "9560131",
        ErrorKind::Invalid,
        "the pickup date is not possible",
        ("date", "choose another working day"),
    ),
    ("9590018", ErrorKind::NotEntitled, "the account has no paperless documents", NOWHERE),
    (LABEL_ABSENT, ErrorKind::NotFound, "UPS has no label under this number or reference", NOWHERE),
    (LABEL_VOIDED, ErrorKind::NotFound, "the shipment is void", NOWHERE),
    (
        ADDRESS_NOT_COVERED,
        ErrorKind::Unsupported,
        "UPS's test host checks addresses in NY and CA only",
        NOWHERE,
    ),
    ("TV1002", ErrorKind::Invalid, "this is not a tracking number", NOWHERE),
];

const TOO_MANY: &str = "10429";
/// A void came too late, or the number is unknown: UPS has one code for both.
pub(crate) const VOID_PERIOD: &str = "190102";
/// Label recovery: nothing found.
pub(crate) const LABEL_ABSENT: &str = "9801031";
/// Label recovery: found and void.
pub(crate) const LABEL_VOIDED: &str = "9801040";
/// Address validation in the test environment.
pub(crate) const ADDRESS_NOT_COVERED: &str = "9264030";

/// Reads an answer: the message, or UPS's refusal as an error.
pub(crate) fn read<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T> {
    check(response, what)?;
    wire::parse_json(response, what)
}

/// An error for every answer that is not a success.
pub(crate) fn check(response: &Response, what: &str) -> Result<()> {
    if response.status().is_success() {
        return check_headers(response, what);
    }
    let refusal = serde_json::from_slice::<ErrorBody>(response.body())
        .ok()
        .and_then(|body| body.response)
        .and_then(|response| response.errors.into_iter().next())
        .filter(|error| error.code.is_some() || error.message.is_some());
    Err(match refusal {
        Some(refusal) => {
            let mut words = wire::words_of(response);
            words.code = refusal.code;
            words.message = refusal.message;
            from_words(response, what, words)
        }
        None => unreadable(response, what),
    })
}

/// A malformed Ship request has been answered with status 200, an empty body and the error in headers. Whether UPS
/// then did nothing is not documented, so the outcome stays open.
fn check_headers(response: &Response, what: &str) -> Result<()> {
    let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned());
    let said = |text: &String| !text.is_empty() && text != "0";
    let Some(code) = ["errorcode", "apierrorcode"].into_iter().find_map(|name| header(name).filter(said))
    else {
        return Ok(());
    };
    let mut words = wire::words_of(response);
    words.message = header("errordescription").or_else(|| header("apierrormsg"));
    words.code = Some(code);
    let message =
        format!("{what}: UPS answered HTTP {} with an error in its headers", response.status().as_u16());
    Err(Error::malformed(message).with_words(words))
}

/// Not UPS's error form: a proxy may have answered. A client error then proves nothing about the request either,
/// except 401, 403, 404 and 429, which have one meaning everywhere.
fn unreadable(response: &Response, what: &str) -> Error {
    let error = wire::status_error(response, what);
    match response.status().as_u16() {
        401 | 403 | 404 | 429 => error,
        _ => error.in_phase(Phase::OutcomeUnknown),
    }
}

fn from_words(response: &Response, what: &str, words: CarrierWords) -> Error {
    let row = words.code.as_deref().and_then(|code| TABLE.iter().find(|row| row.0 == code));
    let status = response.status().as_u16();
    let error = match row {
        Some((_, kind, sentence, (path, cure))) => {
            let mut error = Error::answered(kind.clone(), format!("{what}: {sentence}"), words);
            if !path.is_empty() {
                error.fields.push(FieldProblem::new(*path, *sentence, *cure));
            }
            error
        }
        None => match status {
            401 | 403 | 404 | 429 | 500.. => wire::status_error(response, what).with_words(words),
            _ => Error::answered(ErrorKind::Invalid, format!("{what}: UPS refuses the request"), words),
        },
    };
    let error = match (&error.kind, wire::retry_after(response)) {
        (ErrorKind::RateLimited { .. }, Some(wait)) => error.with_retry(Retry::After(wait)),
        _ => error,
    };
    if status >= 500 { error.in_phase(Phase::OutcomeUnknown).with_retry(Retry::Safe) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn refused(status: u16, body: &str) -> Error {
        let response = http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap();
        check(&response, "label").unwrap_err()
    }

    fn body(code: &str) -> String {
        format!(r#"{{"response":{{"errors":[{{"code":"{code}","message":"words of UPS"}}]}}}}"#)
    }

    #[test]
    fn every_row_keeps_code_and_words_and_is_unique() {
        for (at, (code, kind, sentence, _)) in TABLE.iter().enumerate() {
            assert!(TABLE[..at].iter().all(|row| row.0 != *code), "{code} twice");
            let error = refused(400, &body(code));
            assert_eq!(&error.kind, kind, "{code}");
            assert_eq!(error.carrier_code(), Some(*code));
            assert_eq!(error.carrier.as_ref().unwrap().message.as_deref(), Some("words of UPS"));
            assert!(error.message.ends_with(sentence));
            assert_eq!(error.phase, Phase::Answered);
        }
    }

    #[test]
    fn statuses_without_a_known_code() {
        for (status, body, kind, phase) in [
            (400, body("999999"), ErrorKind::Invalid, Phase::Answered),
            (401, body("999999"), ErrorKind::Auth, Phase::Answered),
            (403, String::new(), ErrorKind::NotEntitled, Phase::Answered),
            (404, body("1"), ErrorKind::NotFound, Phase::Answered),
            (503, body("10004"), ErrorKind::Unavailable, Phase::OutcomeUnknown),
            (500, body("120100"), ErrorKind::Config, Phase::OutcomeUnknown),
            (502, "<html>".into(), ErrorKind::Unavailable, Phase::OutcomeUnknown),
            (400, "<html>".into(), ErrorKind::Other("http_400".into()), Phase::OutcomeUnknown),
            (302, String::new(), ErrorKind::Other("http_302".into()), Phase::OutcomeUnknown),
        ] {
            let error = refused(status, &body);
            assert_eq!((error.kind, error.phase), (kind, phase), "{status} {body}");
        }
    }

    #[test]
    fn an_error_in_the_headers_of_a_success_leaves_the_outcome_open() {
        let response = http::Response::builder()
            .status(200)
            .header("Apierrorcode", "1")
            .header("Errordescription", "The request is not well formed")
            .body(Bytes::new())
            .unwrap();
        let error = check(&response, "label").unwrap_err();
        assert_eq!((error.kind.clone(), error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));
        assert_eq!(error.carrier_code(), Some("1"));
    }
}
