//! One table: DHL's code -> our kind. Section 2 of the facts; error examples of the specification.

use std::time::Duration;

use waybill_core::{CarrierWords, Error, ErrorKind, FieldProblem, Phase, Response, Retry, Scope, wire};

use crate::wire::error::{ErrorAnswer, Fault};

/// DHL's numbers, as they stand before the colon of `detail` and `additionalDetails`.
const CODES: &[(&str, ErrorKind)] = &[
    ("998", ErrorKind::Invalid),
    ("999", ErrorKind::Unavailable),
    ("1001", ErrorKind::NoService),
    ("410135", ErrorKind::NoService),
    ("410138", ErrorKind::NoService),
    ("7008", ErrorKind::NoService),
    ("7120", ErrorKind::Invalid),
    ("803", ErrorKind::NotEntitled),
    ("997", ErrorKind::NoService),
    ("7127", ErrorKind::Invalid),
    ("7147", ErrorKind::Invalid),
    ("7096", ErrorKind::Invalid),
    ("400104", ErrorKind::Invalid),
    ("7099", ErrorKind::Invalid),
    ("7163", ErrorKind::NotFound),
    ("5556", ErrorKind::NotEntitled),
    ("8003", ErrorKind::NotEntitled),
    ("8007", ErrorKind::Invalid),
    ("5560", ErrorKind::Invalid),
    ("3501", ErrorKind::NotEntitled),
    ("1504", ErrorKind::NotFound),
    ("1506", ErrorKind::Invalid),
    ("5029", ErrorKind::Invalid),
    ("5030", ErrorKind::NotFound),
    ("5032", ErrorKind::NotEntitled),
];

/// Words of errors without number.
const PHRASES: &[(&str, ErrorKind)] = &[
    ("account number is not found or invalid", ErrorKind::NotEntitled),
    ("account not allowed", ErrorKind::NotEntitled),
    ("product(s) not available", ErrorKind::NoService),
    ("product is not available", ErrorKind::NoService),
    ("not available between this origin and destination", ErrorKind::NoService),
    ("location is invalid", ErrorKind::BadAddress),
    ("was not found", ErrorKind::NotFound),
    ("no data found", ErrorKind::NotFound),
    ("no shipments found", ErrorKind::NotFound),
    ("information not found", ErrorKind::NotFound),
    ("parameters not having correct format", ErrorKind::Invalid),
    ("required key", ErrorKind::Invalid),
    ("extraneous key", ErrorKind::Invalid),
    ("expected maxlength", ErrorKind::Invalid),
    ("unauthorized", ErrorKind::Auth),
];

/// Whether an answer is a success.
pub(crate) fn ok(response: Response, what: &str) -> Result<Response, Error> {
    if response.status().is_success() { Ok(response) } else { Err(of(&response, what)) }
}

/// A success whose body does not matter, as long as DHL sent it: a page of a proxy is no success.
pub(crate) fn done(response: Response, what: &str) -> Result<(), Error> {
    let response = ok(response, what)?;
    match response.body().iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => Ok(()),
        Some(_) => wire::parse_json::<serde::de::IgnoredAny>(&response, what).map(|_| ()),
    }
}

/// The error that an answer is.
pub(crate) fn of(response: &Response, what: &str) -> Error {
    let answer: ErrorAnswer = wire::parse_json(response, what).unwrap_or_default();
    if let Some(reason) = answer.reasons.first() {
        return gateway(response, what, reason.msg.clone(), &answer);
    }
    if let Some(fault) = &answer.fault {
        return managed(response, what, fault);
    }
    let lines = lines(&answer);
    if lines.is_empty() && answer.title.is_none() && answer.message.is_none() {
        return foreign(response, what);
    }
    let status = response.status().as_u16();
    let (code, kind) = classify(&lines, status);
    let mut words = wire::words_of(response);
    words.code = code;
    words.message = Some(said(&lines, &answer));
    let message = format!("{what}: {}", sentence(&kind));
    if status == 429 {
        let error = wire::status_error(response, what);
        return error.with_words(words);
    }
    let mut error = Error::answered(kind, message, words);
    error.fields = lines.iter().filter_map(|line| schema_problem(line)).collect();
    // 999 is a process that failed half-way: a shipment may exist.
    if status >= 500 || error.carrier_code() == Some("999") {
        error = error.in_phase(Phase::OutcomeUnknown).with_retry(Retry::Safe);
    }
    error
}

/// An answer in the gateway's envelope: the API behind it has not seen the request.
fn gateway(response: &Response, what: &str, said: Option<String>, answer: &ErrorAnswer) -> Error {
    let id = answer.details.as_ref().and_then(|details| details.msg_id.clone());
    let words = CarrierWords { message: said, request_id: id, ..wire::words_of(response) };
    if matches!(response.status().as_u16(), 400 | 401 | 403) {
        let message = format!("{what}: DHL does not accept user and password of MyDHL API");
        return Error::answered(ErrorKind::Auth, message, words);
    }
    wire::status_error(response, what).with_words(words)
}

/// An answer of the API management: a quota, a wrong key. Its 5xx may come after DHL acted on the request.
fn managed(response: &Response, what: &str, fault: &Fault) -> Error {
    let code = fault.detail.as_ref().and_then(|detail| detail.errorcode.clone());
    let words = CarrierWords {
        code: code.clone(),
        message: fault.faultstring.as_deref().map(|text| wire::clip(text, 1000).to_owned()),
        ..wire::words_of(response)
    };
    let limits = ["quotaviolation", "spikearrest", "ratelimit"];
    let code = code.unwrap_or_default().to_ascii_lowercase();
    if limits.iter().any(|limit| code.contains(limit)) {
        let kind = ErrorKind::RateLimited { scope: Scope::Account, until: None };
        let wait = wire::retry_after(response).unwrap_or(Duration::from_secs(60));
        return Error::answered(kind, format!("{what}: too many calls"), words)
            .with_retry(Retry::After(wait));
    }
    wire::status_error(response, what).with_words(words)
}

/// Whether an error is DHL's own word that it knows no such shipment; a 404 of a proxy says nothing about it.
pub(crate) fn is_no_data(error: &Error) -> bool {
    let said = error.carrier.as_ref().and_then(|words| words.message.as_deref()).unwrap_or_default();
    let said = said.to_ascii_lowercase();
    let own = ["data found", "shipment not found", "shipments found", "shipment found"];
    error.kind == ErrorKind::NotFound
        && error.phase == Phase::Answered
        && own.iter().any(|words| said.contains(words))
}

/// An answer that is not DHL's: a proxy may have made it after DHL acted on the request.
fn foreign(response: &Response, what: &str) -> Error {
    let mut error = wire::status_error(response, what);
    // A sentence in plain text is worth showing; a page is not.
    let text = String::from_utf8_lossy(response.body());
    let text = wire::clip(text.trim(), 200);
    if !text.is_empty() && !text.starts_with(['<', '{', '[']) {
        error = error.with_words(CarrierWords { message: Some(text.to_owned()), ..wire::words_of(response) });
    }
    match response.status().as_u16() {
        401 | 429 => error,
        _ => error.in_phase(Phase::OutcomeUnknown),
    }
}

/// All lines of an error; "Multiple problems found" only points at the others.
fn lines(answer: &ErrorAnswer) -> Vec<String> {
    let more: Vec<String> = answer.additional_details.iter().filter_map(|line| line.0.clone()).collect();
    let pointer = |line: &String| !more.is_empty() && line.starts_with("Multiple problems found");
    let detail = answer.detail.iter().filter_map(|line| line.0.as_ref()).filter(|line| !pointer(line));
    detail.cloned().chain(more.iter().cloned()).collect()
}

/// DHL's number at the start of a line.
fn code_of(line: &str) -> Option<&str> {
    let (code, _) = line.split_once(':')?;
    let code = code.trim();
    ((2..=7).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())).then_some(code)
}

fn classify(lines: &[String], status: u16) -> (Option<String>, ErrorKind) {
    let first_code = lines.iter().find_map(|line| code_of(line));
    for line in lines {
        let by_code = code_of(line).and_then(|code| CODES.iter().find(|row| row.0 == code));
        if let Some((code, kind)) = by_code {
            return (Some((*code).to_owned()), kind.clone());
        }
        let lower = line.to_ascii_lowercase();
        if let Some((_, kind)) = PHRASES.iter().find(|row| lower.contains(row.0)) {
            return (first_code.map(str::to_owned), kind.clone());
        }
    }
    let kind = match status {
        401 => ErrorKind::Auth,
        403 => ErrorKind::NotEntitled,
        404 => ErrorKind::NotFound,
        400 | 405..=422 => ErrorKind::Invalid,
        500..=599 => ErrorKind::Unavailable,
        other => ErrorKind::Other(format!("http_{other}")),
    };
    (first_code.map(str::to_owned), kind)
}

fn sentence(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Auth => "DHL does not accept the credentials",
        ErrorKind::NotEntitled => "DHL does not allow this to the account",
        ErrorKind::NoService => "DHL does not offer the product or an option for this shipment",
        ErrorKind::NotFound => "DHL does not know it",
        ErrorKind::Unavailable => "DHL is out of order",
        _ => "DHL refused the request",
    }
}

fn said(lines: &[String], answer: &ErrorAnswer) -> String {
    let text = if lines.is_empty() {
        answer.message.clone().or_else(|| answer.title.clone()).unwrap_or_default()
    } else {
        lines.join("; ")
    };
    wire::clip(&text, 1000).to_owned()
}

/// `#/content/packages/0/weight: required key [x] not found`.
fn schema_problem(line: &str) -> Option<FieldProblem> {
    let (path, problem) = line.strip_prefix("#/")?.split_once(": ")?;
    Some(FieldProblem::new(path.replace('/', "."), wire::clip(problem, 200), ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn answer(status: u16, body: String) -> Response {
        http::Response::builder().status(status).body(Bytes::from(body)).unwrap()
    }

    #[test]
    fn every_code_of_the_table_gives_its_kind() {
        for (code, kind) in CODES {
            for body in [
                format!(r#"{{"detail":"{code}: words of the carrier","status":"400"}}"#),
                format!(
                    r#"{{"detail":"Multiple problems found, see Additional Details","additionalDetails":["{code}: words"],"status":400}}"#
                ),
            ] {
                let error = of(&answer(400, body), "ship");
                assert_eq!((&error.kind, error.carrier_code()), (kind, Some(*code)));
                let open = *code == "999";
                assert_eq!(error.phase, if open { Phase::OutcomeUnknown } else { Phase::Answered });
            }
        }
    }

    #[test]
    fn phrases_statuses_and_foreign_bodies() {
        let cases: &[(u16, &str, ErrorKind, Phase)] = &[
            (
                400,
                r#"{"detail":"The account number is not found or invalid."}"#,
                ErrorKind::NotEntitled,
                Phase::Answered,
            ),
            (404, r#"{"title":"Not Found","status":"404"}"#, ErrorKind::NotFound, Phase::Answered),
            (
                422,
                r##"{"detail":"#/a/0: extraneous key [x] is not permitted"}"##,
                ErrorKind::Invalid,
                Phase::Answered,
            ),
            (
                500,
                r#"{"detail":"999: Process failure occurred.","code":"500"}"#,
                ErrorKind::Unavailable,
                Phase::OutcomeUnknown,
            ),
            (
                400,
                r#"{"detail":"999: Process failure occurred."}"#,
                ErrorKind::Unavailable,
                Phase::OutcomeUnknown,
            ),
            (
                401,
                r#"{"reasons":[{"msg":"Invalid Credentials"}],"details":{"msgId":"Id-1"}}"#,
                ErrorKind::Auth,
                Phase::Answered,
            ),
            (400, r#"{"reasons":[{"msg":"Unauthorized"}]}"#, ErrorKind::Auth, Phase::Answered),
            (502, "<html>", ErrorKind::Unavailable, Phase::OutcomeUnknown),
            (403, "<html>", ErrorKind::NotEntitled, Phase::OutcomeUnknown),
            (401, "", ErrorKind::Auth, Phase::Answered),
        ];
        for (status, body, kind, phase) in cases {
            let error = of(&answer(*status, (*body).to_owned()), "ship");
            assert_eq!((&error.kind, error.phase), (kind, *phase), "{status} {body}");
        }
        assert!(matches!(of(&answer(429, String::new()), "rates").kind, ErrorKind::RateLimited { .. }));
    }

    #[test]
    fn odd_shapes_keep_their_words() {
        let cases: &[(u16, &str, ErrorKind, Option<&str>)] = &[
            (
                400,
                r#"{"detail":["1001: a","410138: b"],"status":400}"#,
                ErrorKind::NoService,
                Some("1001: a; 410138: b"),
            ),
            (
                422,
                r#"{"detail":"Multiple problems found, see Additional Details","additionalDetails":[{"field":"cityName","message":"is missing"},null,{"code":7127,"description":"b"}]}"#,
                ErrorKind::Invalid,
                Some("cityName: is missing; 7127: b"),
            ),
            (
                422,
                r#"{"detail":"Multiple problems found, see Additional Details","additionalDetails":"803: Account not allowed for this service."}"#,
                ErrorKind::NotEntitled,
                Some("803: Account not allowed for this service."),
            ),
            (
                401,
                r#"{"status":401,"title":"Unauthorized","detail":"Unauthorized for given resource."}"#,
                ErrorKind::Auth,
                Some("Unauthorized for given resource."),
            ),
            (
                500,
                r#"{"fault":{"faultstring":"Rate limit quota violation","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}"#,
                ErrorKind::RateLimited { scope: Scope::Account, until: None },
                Some("Rate limit quota violation"),
            ),
            (503, "upstream connect error", ErrorKind::Unavailable, Some("upstream connect error")),
            (
                404,
                "\u{feff}{\"title\":\"No data found\",\"status\":404}",
                ErrorKind::NotFound,
                Some("No data found"),
            ),
            (502, "<html>Bad gateway</html>", ErrorKind::Unavailable, None),
        ];
        for (status, body, kind, words) in cases {
            let error = of(&answer(*status, (*body).to_owned()), "ship");
            let said = error.carrier.as_ref().and_then(|words| words.message.as_deref());
            assert_eq!((&error.kind, said), (kind, *words), "{status} {body}");
        }
    }

    #[test]
    fn only_dhls_own_word_means_no_data() {
        let is = |body: &str| is_no_data(&of(&answer(404, body.to_owned()), "tracking"));
        assert!(is(r#"{"instance":"/x","detail":"No data found","title":"Not data found","status":"404"}"#));
        assert!(is(r#"{"title":"No data found","status":404}"#));
        assert!(!is(r#"{"message":"no Route matched with those values"}"#) && !is("<html>") && !is(""));
    }

    #[test]
    fn every_line_reaches_the_user() {
        let body = r#"{"detail":"Multiple problems found, see Additional Details","additionalDetails":["1001: a","410135: b"]}"#;
        let error = of(&answer(400, body.into()), "rates");
        assert_eq!(error.carrier.unwrap().message.as_deref(), Some("1001: a; 410135: b"));
    }
}
