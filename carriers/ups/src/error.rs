//! UPS's refusals: one table from UPS's code to our kind.

use serde::de::DeserializeOwned;
use waybill_core::{
    CarrierWords, Error, ErrorKind, FieldProblem, Phase, Response, Result, Retry, Scope, wire,
};

use crate::wire::refusal::ErrorBody;

/// Where the shipper can mend it: path in the model and cure; both empty when nowhere.
type Cure = (&'static str, &'static str);
const NOWHERE: Cure = ("", "");

const THROTTLED: ErrorKind = ErrorKind::RateLimited { scope: Scope::Application, until: None };

/// UPS's codes, our kind, one sentence, where to mend it. Meanings from UPS's OpenAPI files, recorded answers, UPS's
/// public issue tracker, and the code lists of UPS's developer guides, whose numbers the REST APIs still use; a code of
/// Shipping (12....) has its twin in Rating (11....). UPS publishes no complete list.
const TABLE: &[(&str, ErrorKind, &str, Cure)] = &[
    (
        "250001 250002 250003 250004 250005 250009",
        ErrorKind::Auth,
        "UPS does not accept the credentials, or the app in the developer portal lacks this API product",
        NOWHERE,
    ),
    ("250006 250007", ErrorKind::Auth, "UPS has locked the user out for a day", NOWHERE),
    (TOO_MANY, THROTTLED, "too many calls", NOWHERE),
    (
        "10004 20001 120001 190001 250050 300000",
        ErrorKind::Unavailable,
        "the UPS service is out of order for a while",
        NOWHERE,
    ),
    ("10001 10002 10003 10006 10013", ErrorKind::Invalid, "UPS cannot read the request", NOWHERE),
    (
        "111285 111286 121285 121286",
        ErrorKind::BadAddress,
        "a postal code does not belong to its state",
        ("to.postal_code", "correct the postal code or the state"),
    ),
    (
        "120202 120203 120204",
        ErrorKind::BadAddress,
        "a street line of the destination is missing or wrong",
        ("to.lines[0]", "give street and number in at most three lines of 35 characters"),
    ),
    ("120205", ErrorKind::BadAddress, "the city of the destination is wrong", ("to.city", "correct it")),
    ("120206", ErrorKind::BadAddress, "the state of the destination is wrong", ("to.state", "correct it")),
    (
        "120207",
        ErrorKind::BadAddress,
        "the postal code of the destination is wrong",
        ("to.postal_code", "correct it"),
    ),
    (
        "120802",
        ErrorKind::BadAddress,
        "UPS does not find the destination address",
        ("to", "check street, city, state and postal code"),
    ),
    (
        "120302 120303 120304 120305 120306 120307 120308 120803",
        ErrorKind::BadAddress,
        "UPS does not accept the origin address",
        ("from", "check street, city, state and postal code"),
    ),
    (
        "120102 120103 120104 120105 120106 120107 120108 120801",
        ErrorKind::BadAddress,
        "UPS does not accept the shipper's address",
        ("from", "check the account's `shipper` address, or `from` where the account has none"),
    ),
    (
        "120209 120213",
        ErrorKind::Invalid,
        "a phone number is missing",
        ("to.phone", "give ten digits or more"),
    ),
    (
        "120309 120313",
        ErrorKind::Invalid,
        "a phone number is missing",
        ("from.phone", "give ten digits or more"),
    ),
    (
        "111100 111106 111185 111210 111213 111214 111215 120124 121100 121106 121185 121208 121210 121213 121214 \
         121215",
        ErrorKind::NoService,
        "the service does not run between these places",
        NOWHERE,
    ),
    (
        "111212 121212 121510 121513",
        ErrorKind::NoService,
        "the service or the packaging is not offered here",
        NOWHERE,
    ),
    (
        "111045 111200 120505 121045 121047 121200",
        ErrorKind::NoService,
        "there is no Saturday delivery for this shipment",
        ("options.saturday_delivery", "leave it out"),
    ),
    (
        "111035 111036 111050 111055 111056 121035 121036 121050 121055 121056",
        ErrorKind::Invalid,
        "a parcel is heavier or larger than the service takes",
        ("parcels", "make it lighter or smaller, or choose another service"),
    ),
    (
        "111057 120546 120547 120548 121057",
        ErrorKind::Invalid,
        "the units do not fit the origin",
        ("parcels", "report this with the origin's country"),
    ),
    (
        "112111 120100 120113 120120 120122",
        ErrorKind::Config,
        "UPS does not know the account number, or it is of another country",
        NOWHERE,
    ),
    (
        "111600 120121 120413 121195 121265",
        ErrorKind::NotEntitled,
        "this account may not pay for the shipment",
        ("billing.transport", "bill another account, or check its number and postal code"),
    ),
    (
        "120430 120437",
        ErrorKind::Invalid,
        "country or postal code of the paying account is wrong",
        ("billing.transport", "give the postal code that UPS has for that account"),
    ),
    (DOUBLE, ErrorKind::Ambiguous, "UPS says that this shipment exists already", NOWHERE),
    (VOID_PERIOD, ErrorKind::TooLate, "no shipment that can still be voided has this number", NOWHERE),
    (VOID_LATE, ErrorKind::TooLate, "the shipment can no longer be voided", NOWHERE),
    (VOID_UNKNOWN, ErrorKind::NotFound, "UPS does not know the shipment or the package", NOWHERE),
    (VOID_DONE, ErrorKind::NotFound, "the shipment is void already", NOWHERE),
    (
        "9560131",
        ErrorKind::Invalid,
        "the pickup date is not possible",
        ("date", "choose another working day"),
    ),
    (
        "9590018 120023",
        ErrorKind::NotEntitled,
        "the account has no documents of its own for customs",
        NOWHERE,
    ),
    (
        "128223 128238",
        ErrorKind::Invalid,
        "UPS does not know an uploaded document",
        ("options.carrier.paperless-documents", "upload it again and take the new id"),
    ),
    (
        "126000",
        ErrorKind::NotEntitled,
        "the account may not ship dry ice",
        ("parcels", "leave the dry ice out"),
    ),
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
/// A Ship request that UPS has seen before: whether it was sold is to be looked up.
const DOUBLE: &str = "120021";
/// A void came too late, or the number is unknown: UPS has one code for both.
pub(crate) const VOID_PERIOD: &str = "190102";
/// The void period is over; pickup done; same day; wrong day of a return; import control after 3 a.m.
pub(crate) const VOID_LATE: &str = "190101 190103 190114 190115 190118 190124";
/// No such shipment, no such package.
pub(crate) const VOID_UNKNOWN: &str = "190100 190109 190110 190122";
/// Void already.
pub(crate) const VOID_DONE: &str = "190117";
/// Label recovery: nothing found.
pub(crate) const LABEL_ABSENT: &str = "9801031";
/// Label recovery: found and void.
pub(crate) const LABEL_VOIDED: &str = "9801040";
/// Address validation in the test environment.
pub(crate) const ADDRESS_NOT_COVERED: &str = "9264030";

/// Whether a code stands in a list of codes.
pub(crate) fn listed(codes: &str, code: Option<&str>) -> bool {
    code.is_some_and(|code| codes.split_ascii_whitespace().any(|known| known == code))
}

/// Reads an answer: the message, or UPS's refusal as an error, which may also stand in a success.
pub(crate) fn read<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T> {
    if !response.status().is_success() {
        return Err(refusal(response, what));
    }
    wire::parse_json(response, what).map_err(|error| {
        let inside = || match said(response) {
            Some((words, true)) => Some(from_words(response, what, words)),
            Some((words, false)) => Some(Error::malformed(error.message.clone()).with_words(words)),
            None => None,
        };
        in_headers(response, what).or_else(inside).unwrap_or(error)
    })
}

/// The refusal that an answer is by its status.
fn refusal(response: &Response, what: &str) -> Error {
    match said(response) {
        Some((words, true)) => from_words(response, what, words),
        // A gateway's own form: its words are kept, and what it did with the request is as open as without them.
        Some((words, false)) => {
            let error = from_words(response, what, words);
            if is_plain(response) { error } else { error.in_phase(Phase::OutcomeUnknown) }
        }
        None => unreadable(response, what),
    }
}

/// Code and words of a body, and whether they stand in the form of UPS's APIs.
fn said(response: &Response) -> Option<(CarrierWords, bool)> {
    let body: ErrorBody = serde_json::from_slice(response.body()).ok()?;
    let (item, own_form) = body.first()?;
    let mut words = wire::words_of(response);
    words.code = item.code;
    words.message = item.message;
    Some((words, own_form))
}

/// A malformed Ship request has been answered with status 200, an empty body and the error in headers. Whether UPS
/// then did nothing is not documented, so the outcome stays open.
fn in_headers(response: &Response, what: &str) -> Option<Error> {
    let header = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned());
    let said = |text: &String| !text.is_empty() && text != "0";
    let code = ["errorcode", "apierrorcode"].into_iter().find_map(|name| header(name).filter(said))?;
    let mut words = wire::words_of(response);
    words.message = header("errordescription").or_else(|| header("apierrormsg"));
    words.code = Some(code);
    let message =
        format!("{what}: UPS answered HTTP {} with an error in its headers", response.status().as_u16());
    Some(Error::malformed(message).with_words(words))
}

/// Statuses with one meaning everywhere.
fn is_plain(response: &Response) -> bool {
    matches!(response.status().as_u16(), 401 | 403 | 404 | 429)
}

/// Not UPS's error form: a proxy may have answered. A client error then proves nothing about the request either,
/// except 401, 403, 404 and 429.
fn unreadable(response: &Response, what: &str) -> Error {
    let error = wire::status_error(response, what);
    if is_plain(response) { error } else { error.in_phase(Phase::OutcomeUnknown) }
}

fn from_words(response: &Response, what: &str, words: CarrierWords) -> Error {
    let row = TABLE.iter().find(|row| listed(row.0, words.code.as_deref()));
    let double = listed(DOUBLE, words.code.as_deref());
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
            _ => unknown(what, words),
        },
    };
    let error = match (&error.kind, wire::retry_after(response)) {
        (ErrorKind::RateLimited { .. }, Some(wait)) => error.with_retry(Retry::After(wait)),
        _ => error,
    };
    match status {
        500.. => error.in_phase(Phase::OutcomeUnknown).with_retry(Retry::Safe),
        // A timeout or a conflict says nothing about what was done.
        408 | 409 => error.in_phase(Phase::OutcomeUnknown),
        _ if double => error.in_phase(Phase::OutcomeUnknown),
        _ => error,
    }
}

/// A code that the table does not know. UPS numbers its refusals of customs data 128...
fn unknown(what: &str, words: CarrierWords) -> Error {
    let customs = words.code.as_deref().is_some_and(|code| code.len() == 6 && code.starts_with("128"));
    let mut error = Error::answered(ErrorKind::Invalid, format!("{what}: UPS refuses the request"), words);
    if customs {
        let cure = "correct what the carrier's words name";
        error.fields.push(FieldProblem::new("customs", "UPS does not accept the customs data", cure));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn answer(status: u16, body: &str) -> Response {
        http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
    }

    fn refused(status: u16, body: &str) -> Error {
        read::<std::collections::BTreeMap<String, u8>>(&answer(status, body), "label").unwrap_err()
    }

    fn body(code: &str) -> String {
        format!(r#"{{"response":{{"errors":[{{"code":"{code}","message":"words of UPS"}}]}}}}"#)
    }

    #[test]
    fn every_row_keeps_code_and_words_and_no_code_stands_twice() {
        let all: Vec<&str> = TABLE.iter().flat_map(|row| row.0.split_ascii_whitespace()).collect();
        for (at, code) in all.iter().enumerate() {
            assert!(!all[..at].contains(code), "{code} twice");
        }
        for (codes, kind, sentence, _) in TABLE {
            for code in codes.split_ascii_whitespace() {
                let error = refused(400, &body(code));
                assert_eq!(&error.kind, kind, "{code}");
                assert_eq!(error.carrier_code(), Some(code));
                assert_eq!(error.carrier.as_ref().unwrap().message.as_deref(), Some("words of UPS"));
                assert!(error.message.ends_with(sentence));
                let open = code == DOUBLE;
                assert_eq!(error.phase == Phase::OutcomeUnknown, open, "{code}");
            }
        }
    }

    #[test]
    fn statuses_without_a_known_code() {
        for (status, body, kind, phase) in [
            (400, body("999999"), ErrorKind::Invalid, Phase::Answered),
            (401, body("999999"), ErrorKind::Auth, Phase::Answered),
            (403, String::new(), ErrorKind::NotEntitled, Phase::Answered),
            (404, body("1"), ErrorKind::NotFound, Phase::Answered),
            (409, body("999999"), ErrorKind::Invalid, Phase::OutcomeUnknown),
            (503, body("10004"), ErrorKind::Unavailable, Phase::OutcomeUnknown),
            (500, body("120100"), ErrorKind::Config, Phase::OutcomeUnknown),
            (502, "<html>".into(), ErrorKind::Unavailable, Phase::OutcomeUnknown),
            (400, "<html>".into(), ErrorKind::Other("http_400".into()), Phase::OutcomeUnknown),
            (302, String::new(), ErrorKind::Other("http_302".into()), Phase::OutcomeUnknown),
        ] {
            let error = refused(status, &body);
            assert_eq!((error.kind, error.phase), (kind, phase), "{status} {body}");
        }
        assert_eq!(refused(400, &body("128109")).fields[0].path, "customs");
    }

    /// Forms that gateways and older services of UPS were seen to write.
    #[test]
    fn words_are_read_in_every_form_and_only_upss_own_form_settles_a_purchase() {
        for (body, code, message, phase) in [
            (r#"{"response":{"errors":{"code":120100,"message":"m"}}}"#, "120100", "m", Phase::Answered),
            (
                r#"{"Response":{"Errors":[null,{"Code":"120100","Description":"m"}]}}"#,
                "120100",
                "m",
                Phase::Answered,
            ),
            (r#"{"errors":[{"code":"120100","message":"m"}]}"#, "120100", "m", Phase::Answered),
            (
                r#"{"fault":{"faultstring":"m","detail":{"errorcode":"steps.oauth.v2.X"}}}"#,
                "steps.oauth.v2.X",
                "m",
                Phase::OutcomeUnknown,
            ),
            (
                r#"{"Fault":{"faultcode":"Client","detail":{"Errors":{"ErrorDetail":{"Severity":"Hard",
                    "PrimaryErrorCode":{"Code":"120100","Description":"m"}}}}}}"#,
                "120100",
                "m",
                Phase::OutcomeUnknown,
            ),
            (
                r#"{"error":"invalid_request","error_description":"m"}"#,
                "invalid_request",
                "m",
                Phase::OutcomeUnknown,
            ),
            (r#"{"code":"X1","message":"m"}"#, "X1", "m", Phase::OutcomeUnknown),
        ] {
            let error = refused(400, body);
            assert_eq!(error.carrier_code(), Some(code), "{body}");
            assert_eq!(error.carrier.as_ref().unwrap().message.as_deref(), Some(message), "{body}");
            assert_eq!(error.phase, phase, "{body}");
        }
    }

    #[test]
    fn a_refusal_inside_a_success_is_a_refusal() {
        let error = refused(200, &body("120202"));
        assert_eq!((error.kind, error.phase), (ErrorKind::BadAddress, Phase::Answered));
        let odd = refused(200, r#"{"message":"come back later"}"#);
        assert_eq!((odd.kind, odd.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));
    }

    #[test]
    fn an_error_in_the_headers_of_a_success_leaves_the_outcome_open() {
        let with = |body: &'static str| {
            let mut response = answer(200, body);
            response.headers_mut().insert("apierrorcode", "1".parse().unwrap());
            response.headers_mut().insert("errordescription", "not well formed".parse().unwrap());
            read::<std::collections::BTreeMap<String, u8>>(&response, "label")
        };
        let error = with("").unwrap_err();
        assert_eq!((error.kind.clone(), error.phase), (ErrorKind::Malformed, Phase::OutcomeUnknown));
        assert_eq!(error.carrier_code(), Some("1"));
        assert!(with(r#"{"a":1}"#).is_ok(), "what can be read counts more than a header");
    }
}
