//! Small helpers to build requests and to read answers, so that carriers do not each write them again.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::{CarrierWords, Error, ErrorKind, Phase, Request, Response, Result, Retry, Token};

/// Appends a path to a base URL, keeping the base's own path: `http://127.0.0.1:8080/ups` + `/api/x`.
pub fn endpoint(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let joined = format!("{}/{}", base.path().trim_end_matches('/'), path.trim_start_matches('/'));
    url.set_path(&joined);
    url
}

/// Appends a path of several segments, each percent-encoded: a tracking number from outside cannot change the path.
pub fn endpoint_of(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// A request without body.
pub fn request(method: Method, url: &Url) -> Result<Request> {
    body_request(method, url, None, Bytes::new())
}

/// A request with a JSON body.
pub fn json_request(method: Method, url: &Url, body: &impl Serialize) -> Result<Request> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("request cannot be written as JSON: {error}"))
    })?;
    body_request(method, url, Some("application/json"), bytes.into())
}

/// A request with a form body.
pub fn form_request(method: Method, url: &Url, fields: &[(&str, &str)]) -> Result<Request> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    body_request(method, url, Some("application/x-www-form-urlencoded"), form.finish().into())
}

/// A request with any body.
pub fn body_request(method: Method, url: &Url, content_type: Option<&str>, body: Bytes) -> Result<Request> {
    let mut builder = http::Request::builder().method(method).uri(url.as_str());
    if let Some(kind) = content_type {
        builder = builder.header(CONTENT_TYPE, kind);
    }
    builder
        .body(body)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("request cannot be built: {error}")))
}

/// Sets a header; a value that is no legal header value is an error that does not show it.
pub fn set_header(request: &mut Request, name: &'static str, value: &str) -> Result<()> {
    let value = HeaderValue::from_str(value).map_err(|_| {
        Error::new(
            ErrorKind::Invalid,
            format!("header `{name}` would hold characters that HTTP does not allow"),
        )
    })?;
    request.headers_mut().insert(HeaderName::from_static(name), value);
    Ok(())
}

/// Sets `Accept`.
pub fn accept(request: &mut Request, kind: &'static str) {
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(kind));
}

/// Sets `Authorization: Bearer ...`, marked sensitive so that no log shows it.
pub fn bearer(request: &mut Request, token: &Token) -> Result<()> {
    authorization(request, &format!("Bearer {}", token.value.expose()))
}

/// Sets `Authorization: Basic ...`, marked sensitive.
pub fn basic_auth(request: &mut Request, user: &str, password: &str) -> Result<()> {
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    authorization(request, &format!("Basic {encoded}"))
}

fn authorization(request: &mut Request, value: &str) -> Result<()> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Error::new(
            ErrorKind::Auth,
            "the credentials hold characters that HTTP does not allow: copy them again without line breaks",
        )
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, value);
    Ok(())
}

/// Reads a JSON answer. The error names the path in the answer and shows nothing of its content. Its phase is
/// `OutcomeUnknown`: an answer to a purchase that cannot be read may be a sale.
pub fn parse_json<T: DeserializeOwned>(response: &Response, what: &str) -> Result<T> {
    let body = response.body();
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // Reading with a trace of the path costs about as much again, so only a failure is read with it.
    let text = lossy(body);
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    match T::deserialize(&mut deserializer) {
        Ok(value) => Ok(value),
        Err(_) => Err(unreadable::<T>(response, &text, what)),
    }
}

/// A body as text; bytes that are no UTF-8 become U+FFFD. A whole check first is several times faster than looking for them.
fn lossy(body: &[u8]) -> std::borrow::Cow<'_, str> {
    std::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), std::borrow::Cow::Borrowed)
}

/// Why a JSON answer cannot be read.
fn unreadable<T: DeserializeOwned>(response: &Response, text: &str, what: &str) -> Error {
    let problem = match not_json(text) {
        Some("empty") => format!("{what}: the answer is empty"),
        Some(kind) => {
            format!(
                "{what}: the answer is {kind}, not JSON; a proxy may have answered in the carrier's place"
            )
        }
        None => {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let problem = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
                // It failed a moment ago, so this does not happen.
                Ok(_) => "it is no JSON".to_owned(),
                Err(error) => {
                    let at = error.path().to_string();
                    let inner = error.into_inner();
                    match inner.classify() {
                        serde_json::error::Category::Eof => "it ends in the middle".to_owned(),
                        serde_json::error::Category::Syntax => {
                            format!("no JSON at line {} column {}", inner.line(), inner.column())
                        }
                        _ => format!("unexpected value at `{at}`"),
                    }
                }
            };
            format!("{what}: the answer cannot be read: {problem}")
        }
    };
    Error::malformed(problem).with_words(words_of(response))
}

fn not_json(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("empty");
    }
    match text.trim_start().bytes().next() {
        None => Some("blank"),
        Some(b'<') => Some("HTML or XML"),
        Some(_) => None,
    }
}

/// Status and request id of an answer, as the start of the carrier's words.
pub fn words_of(response: &Response) -> CarrierWords {
    CarrierWords {
        code: None,
        message: None,
        http_status: Some(response.status().as_u16()),
        request_id: request_id(response.headers()),
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    const NAMES: [&str; 6] = [
        "x-request-id",
        "x-amzn-requestid",
        "bkndtransid",
        "x-customer-transaction-id",
        "message-reference",
        "transid",
    ];
    NAMES
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
        .map(|text| text.chars().take(80).collect())
}

/// An error for a status that the carrier's own error table says nothing about.
///
/// 5xx leaves the outcome open; 429 and 401 come from gateways, yet only a carrier's own table may say that nothing
/// was processed, so the phase is `Answered` and the purchase engine asks the profile.
pub fn status_error(response: &Response, what: &str) -> Error {
    let status = response.status();
    let words = words_of(response);
    let answered = |kind, message: String| Error::answered(kind, message, words.clone());
    match status.as_u16() {
        401 => answered(ErrorKind::Auth, format!("{what}: the carrier does not accept the credentials")),
        403 => answered(ErrorKind::NotEntitled, format!("{what}: the account may not do this")),
        404 => answered(ErrorKind::NotFound, format!("{what}: the carrier does not know it")),
        429 => {
            let wait = retry_after(response);
            let error = answered(
                ErrorKind::RateLimited { scope: crate::Scope::Unknown, until: None },
                format!("{what}: too many calls"),
            );
            error.with_retry(Retry::After(wait.unwrap_or(std::time::Duration::from_secs(1))))
        }
        500..=599 => {
            answered(ErrorKind::Unavailable, format!("{what}: the carrier is out of order (HTTP {status})"))
                .in_phase(Phase::OutcomeUnknown)
        }
        code => answered(
            ErrorKind::Other(format!("http_{code}")),
            format!("{what}: the carrier answered HTTP {status}"),
        ),
    }
}

/// Seconds of a `Retry-After` header; the form with a date is left to the host.
pub fn retry_after(response: &Response) -> Option<std::time::Duration> {
    let seconds: u64 =
        response.headers().get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(std::time::Duration::from_secs(seconds.min(86_400)))
}

/// First `limit` characters of a text, cut at a character, for fields with a length limit.
pub fn clip(text: &str, limit: usize) -> &str {
    text.char_indices().nth(limit).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Response {
        http::Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
    }

    #[test]
    fn paths_join_and_segments_are_encoded() {
        let base: Url = "http://127.0.0.1:9/ups/".parse().unwrap();
        assert_eq!(endpoint(&base, "/api/x").as_str(), "http://127.0.0.1:9/ups/api/x");
        assert_eq!(
            endpoint_of(&base, &["track", "1Z/../x"]).as_str(),
            "http://127.0.0.1:9/ups/track/1Z%2F..%2Fx"
        );
    }

    #[test]
    fn unreadable_answers_say_what_came_and_leave_the_outcome_open() {
        for (body, word) in
            [("", "empty"), ("<html>", "HTML"), ("{\"a\":", "ends in the middle"), ("{\"a\":\"x\"}", "`a`")]
        {
            let error = parse_json::<std::collections::BTreeMap<String, u32>>(&answer(200, body), "rate")
                .unwrap_err();
            assert!(error.message.contains(word), "{error}");
            assert_eq!(error.phase, Phase::OutcomeUnknown);
        }
    }

    #[test]
    fn a_byte_order_mark_and_bytes_that_are_no_utf8_do_not_hide_an_answer() {
        let body = b"\xef\xbb\xbf{\"city\":\"M\xfcnchen\"}";
        let response = http::Response::new(Bytes::from_static(body));
        let read: std::collections::BTreeMap<String, String> = parse_json(&response, "track").unwrap();
        assert_eq!(read["city"], "M\u{fffd}nchen");
    }

    #[test]
    fn clip_counts_characters() {
        assert_eq!(clip("Zürich", 2), "Zü");
        assert_eq!(clip("Zü", 5), "Zü");
    }
}
