//! One table: FedEx's error codes -> our kinds. FedEx asks to code against codes, never against messages; the one
//! exception is its two kinds of 429, which differ in their message only.

use std::time::Duration;

use serde::de::DeserializeOwned;
use waybill_core::ErrorKind::*;
use waybill_core::wire::{parse_json, status_error, words_of};
use waybill_core::{CarrierWords, Error, ErrorKind, Phase, Response, Result, Retry, Scope};

use crate::wire::{CarrierError, Envelope, ErrorAnswer};

/// FedEx's code, our kind. Sources: the examples of the published specifications and FedEx's error lists.
const TABLE: &[(&str, ErrorKind)] = &[
    ("NOT.AUTHORIZED.ERROR", Auth),
    ("AUTHENTICATION.TOKEN.INVALID", Auth),
    ("LOGIN.REAUTHENTICATE.ERROR", Auth),
    ("FORBIDDEN.ERROR", NotEntitled),
    ("UNAUTHORIZED.USAGE", NotEntitled),
    ("ACCOUNT.NUMBER.MISMATCH", NotEntitled),
    ("ACCOUNTNUMBER.REGISTRATION.REQUIRED", NotEntitled),
    ("SHIPMENT.ACCOUNTNUMBER.UNAUTHORIZED", NotEntitled),
    ("SHIPMENT.USER.UNAUTHORIZED", NotEntitled),
    ("NOT.FOUND.ERROR", NotFound),
    ("BAD.REQUEST.ERROR", Invalid),
    ("INVALID.INPUT.EXCEPTION", Invalid),
    ("REQUEST.MISMATCH", Invalid),
    ("PACKAGE.NULLOREMPTY.REQUIRED", Invalid),
    ("CURRENCYTYPE.PACKAGES.MUST", Invalid),
    ("AVAILABILITY.SHIP.DATE.INVALID", Invalid),
    ("CITYNAME.POSTALCODE.REQUIRED", BadAddress),
    ("ORIGIN.POSTAL.REQUIRED", BadAddress),
    ("PICKUP.POSTALCODE.MISSING", BadAddress),
    ("COUNTRY.POSTALCODE.INVALID", BadAddress),
    ("COUNTRY.POSTALANDSTATEORPROVINCECODE.MISMATCH", BadAddress),
    ("DESTINATION.POSTALCODE.MISSING.ORINVALID", BadAddress),
    ("STANDARDIZED.ADDRESS.NOTFOUND", BadAddress),
    ("INTERNAL.SERVER.ERROR", Unavailable),
    ("SERVICE.UNAVAILABLE.ERROR", Unavailable),
    ("SYSTEM.UNAVAILABLE", Unavailable),
    ("SYSTEM.UNAVAILABLE.EXCEPTION", Unavailable),
    ("SYSTEM.UNEXPECTED.ERROR", Unavailable),
    ("SYSTEM.GENERAL.ERROR", Unavailable),
    ("RATE.LOCATION.NOSERVICE", NoService),
    ("ORIGINZIPCODE.SERVICE.ERROR", NoService),
    ("RECIPIENT.COUNTRY.UNSERVICED", NoService),
    ("SERVICE.PACKAGECOMBINATION.INVALID", NoService),
    ("SERVICETYPE.NOT.ALLOWED", NoService),
    ("SERVICE.NOTALLOWED", NoService),
    ("SERVICETYPE.NOTSUPPORTED", NoService),
    ("SELECTED.DESTINATION.SERVICETYPE.INVALID", NoService),
    ("INCOUNTRY.SERVICES.NOTALLOWED", NoService),
    ("TRACKING.TRACKINGNUMBER.NOTFOUND", NotFound),
    ("TRACKING.DATA.NOTFOUND", NotFound),
    ("TRACKING.REFERENCENUMBER.NOTFOUND", NotFound),
    ("TRACKING.TCN.NOTFOUND", NotFound),
    ("TRACKINGDOCUMENT.DOCUMENT.UNAVAILABLE", NotFound),
    ("TRACKING.DATA.NOTUNIQUE", Ambiguous),
    ("TRACKING.TRACKINGNUMBER.INVALID", Invalid),
    ("TRACKING.TRACKINGNUMBER.EMPTY", Invalid),
    ("TRACKING.TRACKINGNUMBERS.LIMITEXCEEDED", Invalid),
    ("TRACKING.REFERENCETYPE.INVALID", Invalid),
    ("TRACKING.SHIPDATEBEGIN.TOOOLD", Invalid),
    ("TRACKING.SHIPDATERANGE.TOOLONG", Invalid),
    ("TRACKINGNUMBER.ENTERED.INVALID", NotFound),
    ("SHIPMENT.ALREADY.CANCELLED", NotFound),
    ("SHIPMENT.ALREADY.DELIVERED", TooLate),
    ("SHIPMENT.IN.TRANSIT", TooLate),
    ("TRACKING.REFRENCEVALUE.INVALID", Invalid),
    ("TRACKING.TCNVALUE.EMPTY", Invalid),
    ("NOTIFICATION.TRACKINGNBR.NOTFOUND", NotFound),
    ("ERROR.LONGLAT.REQUIRED", Invalid),
    ("1001", Invalid),
    ("1002", Invalid),
    ("1024", Invalid),
    ("PICKUP.NUMBER.EXPIRED", TooLate),
    ("PICKUP.REQUESTED.PREVIOUS.DAY", Invalid),
];

/// Our kind of a code; `None` for a code that the table does not know.
pub fn kind_of(code: &str) -> Option<ErrorKind> {
    if let Some((_, kind)) = TABLE.iter().find(|(known, _)| *known == code) {
        return Some(kind.clone());
    }
    // Families that FedEx extends without notice.
    match () {
        () if code.ends_with(".SERVICES.AVAILABLE.INVALID") => Some(NoService),
        () if code.starts_with("TRACKING.") && code.ends_with(".NOTFOUND") => Some(NotFound),
        () if code.contains("POSTALCODE") && code.ends_with("INVALID") => Some(BadAddress),
        () => None,
    }
}

/// The error that an answer is, from FedEx's own error body, a gateway's, or else from the HTTP status.
pub fn failure(response: &Response, what: &str) -> Error {
    let answer = serde_json::from_slice::<ErrorAnswer>(response.body()).unwrap_or_default();
    if let Some(first) = answer.own() {
        let error = from_carrier(response, first, answer.transaction_id.0.clone(), what);
        return match answer.reason() {
            Some(reason) => error.with("reason", reason),
            None => error,
        };
    }
    let error = status_error(response, what);
    match answer.foreign() {
        Some(foreign) => {
            let mut words = words_of(response);
            (words.code, words.message) = (foreign.code.0, foreign.message.0);
            error.with_words(words)
        }
        None => error,
    }
}

/// The error of one of FedEx's error entries.
pub fn from_carrier(
    response: &Response,
    error: &CarrierError,
    transaction: Option<String>,
    what: &str,
) -> Error {
    let status = response.status().as_u16();
    let mut words = words_of(response);
    words.code = error.code.0.clone();
    words.message = error.message.0.clone();
    words.request_id = words.request_id.or(transaction);
    if status == 429 {
        return throttled(words, what);
    }
    let known = kind_of(error.code.or_empty());
    let kind = match (known, status) {
        (Some(kind), _) => kind,
        (None, 401) => Auth,
        (None, 403) => NotEntitled,
        (None, 404) => NotFound,
        (None, 500..=599) => Unavailable,
        (None, 400..=499) => Invalid,
        (None, _) => Other(error.code.or_empty().to_owned()),
    };
    let message = format!("{what}: {}", sentence(&kind));
    // An outage, a timeout and a conflict leave the outcome open, whatever the body says.
    let open = status >= 500 || matches!(status, 408 | 409) || kind == Unavailable;
    let error = Error::answered(kind, message, words);
    if open { error.in_phase(Phase::OutcomeUnknown) } else { error }
}

/// A refusal of one number inside a good answer.
pub fn per_number(error: &CarrierError) -> Error {
    let kind = kind_of(error.code.or_empty()).unwrap_or_else(|| Other(error.code.or_empty().to_owned()));
    let words = CarrierWords {
        code: error.code.0.clone(),
        message: error.message.0.clone(),
        ..CarrierWords::default()
    };
    let message = format!("track: {}", sentence(&kind));
    Error::answered(kind, message, words)
}

fn sentence(kind: &ErrorKind) -> &'static str {
    match kind {
        Auth => "FedEx does not accept the credentials",
        NotEntitled => {
            "the project or account may not do this: link the account to the project at developer.fedex.com"
        }
        Invalid => "FedEx does not accept the request",
        BadAddress => "FedEx does not accept the address",
        NoService => "FedEx does not offer this for the shipment",
        NotFound => "FedEx does not know it",
        Ambiguous => "several parcels share the number: give the ship date",
        Unavailable => "FedEx is out of order",
        TooLate => "the time for this has passed",
        _ => "FedEx refused",
    }
}

/// Burst limits end within ten seconds, daily quotas at midnight GMT. Source: FedEx, API Integration Best Practices.
fn throttled(words: CarrierWords, what: &str) -> Error {
    let daily =
        words.message.as_deref().is_some_and(|message| message.to_ascii_lowercase().contains("quota"));
    let scope = if daily { Scope::Application } else { Scope::Operation };
    let (message, wait) = if daily {
        (format!("{what}: the daily quota of the project is used up until midnight GMT"), 3600)
    } else {
        (format!("{what}: too many calls within ten seconds"), 10)
    };
    Error::answered(RateLimited { scope, until: None }, message, words)
        .with_retry(Retry::After(Duration::from_secs(wait)))
}

/// What an answer says, or the error that it is: by status, by `errors` inside a 2xx, or because it says nothing.
pub fn output<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T> {
    if !response.status().is_success() {
        return Err(failure(response, what));
    }
    let envelope: Envelope<T> = parse_json(response, what)?;
    if let Some(error) = envelope.errors.first() {
        return Err(from_carrier(response, error, envelope.transaction_id.0.clone(), what));
    }
    envelope.output.0.ok_or_else(|| {
        Error::malformed(format!("{what}: the answer holds neither `output` nor `errors`"))
            .with_words(words_of(response))
    })
}

/// The error that a refused purchase is. Only FedEx's own form and its gateway prove that nothing was made.
pub fn spend_failure(response: &Response, what: &str) -> Error {
    let error = failure(response, what);
    let own_form =
        serde_json::from_slice::<ErrorAnswer>(response.body()).is_ok_and(|answer| answer.own().is_some());
    let gateway = matches!(response.status().as_u16(), 401 | 403 | 429);
    if own_form || gateway { error } else { error.in_phase(Phase::OutcomeUnknown) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Response {
        http::Response::builder().status(status).body(bytes::Bytes::from_static(body.as_bytes())).unwrap()
    }

    #[test]
    fn the_table_has_no_code_twice() {
        let mut codes: Vec<_> = TABLE.iter().map(|(code, _)| *code).collect();
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn codes_decide_then_the_status() {
        let table = [
            (
                400,
                r#"{"errors":[{"code":"RATE.LOCATION.NOSERVICE","message":"m"}]}"#,
                NoService,
                Phase::Answered,
            ),
            (401, r#"{"errors":[{"code":"NOT.AUTHORIZED.ERROR"}]}"#, Auth, Phase::Answered),
            (403, r#"{"errors":[{"code":"FORBIDDEN.ERROR"}]}"#, NotEntitled, Phase::Answered),
            (400, r#"{"errors":[{"code":"BRAND.NEW.CODE"}]}"#, Invalid, Phase::Answered),
            (400, r#"{"errors":{"code":"SYSTEM.UNEXPECTED.ERROR"}}"#, Unavailable, Phase::OutcomeUnknown),
            (
                200,
                r#"{"errors":[{"code":"BRAND.NEW.CODE"}]}"#,
                Other("BRAND.NEW.CODE".into()),
                Phase::Answered,
            ),
            (503, r#"{"errors":[{"code":"SERVICE.UNAVAILABLE.ERROR"}]}"#, Unavailable, Phase::OutcomeUnknown),
            (500, "<html>", Unavailable, Phase::OutcomeUnknown),
            (409, r#"{"errors":[{"code":"BRAND.NEW.CODE"}]}"#, Invalid, Phase::OutcomeUnknown),
            (404, r#"{"errors":[{"code":"TRACKING.ASSOCIATION.NOTFOUND"}]}"#, NotFound, Phase::Answered),
            (401, "", Auth, Phase::Answered),
            (400, r#"{"errors":[{"code":"X.SERVICES.AVAILABLE.INVALID"}]}"#, NoService, Phase::Answered),
        ];
        for (status, body, kind, phase) in table {
            let error = failure(&answer(status, body), "rate");
            assert_eq!((error.kind, error.phase), (kind, phase), "{body}");
        }
    }

    #[test]
    fn a_gateways_words_are_kept_and_settle_no_purchase() {
        for (body, code, message) in [
            (
                r#"{"fault":{"faultstring":"m","detail":{"errorcode":"policies.Quota"}}}"#,
                "policies.Quota",
                "m",
            ),
            (r#"{"error":"invalid_request","error_description":"m"}"#, "invalid_request", "m"),
            (r#"{"code":"X1","message":"m"}"#, "X1", "m"),
            (r#"{"errors":[null,""],"code":"X1","message":"m"}"#, "X1", "m"),
        ] {
            let error = spend_failure(&answer(400, body), "ship");
            let words = error.carrier.as_ref().unwrap();
            assert_eq!(
                (words.code.as_deref(), words.message.as_deref()),
                (Some(code), Some(message)),
                "{body}"
            );
            assert_eq!(error.phase, Phase::OutcomeUnknown, "{body}");
        }
        let refused = r#"{"errors":{"code":1001,"message":"not taken"},
            "output":{"documentResponses":{"alerts":[{"code":"1024","message":"bad country"}]}}}"#;
        let error = failure(&answer(400, refused), "document upload");
        assert_eq!((error.kind.clone(), error.carrier_code()), (Invalid, Some("1001")));
        assert!(error.context.iter().any(|(_, value)| value == "bad country"), "{error:?}");
    }

    #[test]
    fn the_two_throttles_are_told_apart() {
        let of = |message: &'static str| failure(&answer(429, message), "rate").retry;
        let burst =
            r#"{"errors":[{"code":"TOO.MANY.REQUESTS","message":"too many requests in a short duration"}]}"#;
        let daily =
            r#"{"errors":[{"code":"TOO.MANY.REQUESTS","message":"Daily transaction quota exceeded."}]}"#;
        assert_eq!(of(burst), Retry::After(Duration::from_secs(10)));
        assert_eq!(of(daily), Retry::After(Duration::from_secs(3600)));
    }
}
