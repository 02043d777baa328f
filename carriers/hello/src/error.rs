//! The carrier's error codes in our kinds: one table. The end of the tour; see `fixtures/` and `tests/`.

use serde::de::DeserializeOwned;
use waybill_core::{CarrierWords, Error, ErrorKind, FieldProblem, Phase, Response, Result, wire};

use crate::wire::Refusal;

/// API guide, appendix A.
const KINDS: &[(&str, ErrorKind)] = &[
    ("BAD_CREDENTIALS", ErrorKind::Auth),
    ("ACCOUNT_BLOCKED", ErrorKind::NotEntitled),
    ("BAD_ADDRESS", ErrorKind::BadAddress),
    ("BAD_FIELD", ErrorKind::Invalid),
    ("NO_SERVICE", ErrorKind::NoService),
    ("UNKNOWN_SHIPMENT", ErrorKind::NotFound),
    ("IN_TRANSIT", ErrorKind::TooLate),
];

/// Reads an answer, or the carrier's refusal.
pub(crate) fn read<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T> {
    if response.status().is_success() {
        return wire::parse_json(response, what);
    }
    let status = response.status().as_u16();
    match serde_json::from_slice::<Refusal>(response.body()) {
        Ok(refusal) if response.status().is_client_error() => Err(refused(refusal, response, what)),
        _ if matches!(status, 401 | 403 | 404 | 429 | 500..) => Err(wire::status_error(response, what)),
        // Not in the carrier's own form: whoever answered may have passed the request on.
        _ => Err(wire::status_error(response, what).in_phase(Phase::OutcomeUnknown)),
    }
}

fn refused(refusal: Refusal, response: &Response, what: &str) -> Error {
    let error = refusal.error;
    let known = KINDS.iter().find(|(code, _)| *code == error.code).map(|(_, kind)| kind.clone());
    let kind = known.unwrap_or_else(|| wire::status_error(response, what).kind);
    let words =
        CarrierWords { code: Some(error.code), message: Some(error.message), ..wire::words_of(response) };
    let mut refused = Error::answered(kind, format!("{what}: the carrier refused"), words);
    refused
        .fields
        .extend(error.field.map(|path| FieldProblem::new(path, "the carrier does not accept it", "")));
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_is_read_and_the_words_are_kept() {
        for (code, kind) in KINDS {
            let body = format!(r#"{{"error":{{"code":"{code}","message":"words"}}}}"#);
            let response = http::Response::builder().status(400).body(body.into()).unwrap();
            let error = read::<Refusal>(&response, "test").unwrap_err();
            assert_eq!(
                (&error.kind, error.phase, error.carrier_code()),
                (kind, Phase::Answered, Some(*code))
            );
        }
    }
}
