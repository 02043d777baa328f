//! Faults: what networks, gateways and carriers do to an answer.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use waybill_core::{Effect, Error, ErrorKind, Phase, Response, Result, Retry};

use crate::json::visit;

/// Where a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// At the n-th request, from 0, and no other.
    Request(usize),
    /// At the n-th request, from 0, and every later one.
    From(usize),
    /// At every request of an effect.
    Each(Effect),
    /// At every request.
    All,
}

impl At {
    /// Whether a request is struck.
    pub fn strikes(self, number: usize, effect: Effect) -> bool {
        match self {
            Self::Request(at) => at == number,
            Self::From(at) => number >= at,
            Self::Each(wanted) => wanted == effect,
            Self::All => true,
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 401 without a body that the carrier would write.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 429 with `Retry-After` in seconds.
    RateLimited(u64),
    /// 500.
    ServerError,
    /// 503.
    Unavailable,
    /// No connection: certainly not sent.
    Connect,
    /// The connection breaks after the request was sent.
    Reset,
    /// No answer in time.
    Timeout,
    /// Half of the answer, though it is said to be whole.
    Truncated,
    /// A page of a proxy with status 200.
    Html,
    /// The answer's status and no body.
    Empty,
    /// A JSON text where an object is expected.
    WrongType,
    /// A field more in every JSON object, an element more in every XML element with children.
    ExtraFields,
    /// A value that nobody knows in place of the n-th constant-like text (`IN_TRANSIT`) of a JSON answer.
    NewValue(usize),
    /// Every occurrence of a text replaced by another, numbers as a whole only (`2.50` is not in `12.50`).
    Replace(String, String),
    /// Another answer altogether: status and JSON.
    Answer(u16, Value),
}

impl Fault {
    /// Its name in `tolerates`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited(_) => "rate_limited",
            Self::ServerError => "server_error",
            Self::Unavailable => "unavailable",
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Truncated => "truncated",
            Self::Html => "html",
            Self::Empty => "empty",
            Self::WrongType => "wrong_type",
            Self::ExtraFields => "extra_fields",
            Self::NewValue(_) => "new_value",
            Self::Replace(..) => "replace",
            Self::Answer(..) => "answer",
        }
    }

    /// What becomes of an answer. `None` when the fault cannot happen to it (a truncated file, fields in a picture).
    pub fn apply(&self, response: &Response) -> Option<Result<Response>> {
        let broken = |what: &str, phase| {
            Some(Err(Error::new(ErrorKind::Unavailable, what).in_phase(phase).with_retry(Retry::Safe)))
        };
        Some(Ok(match self {
            Self::Unauthorized => answer(401, "text/plain", ""),
            Self::Forbidden => answer(403, "text/plain", ""),
            Self::RateLimited(seconds) => {
                let mut limited = answer(429, "text/plain", "");
                limited.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
                limited
            }
            Self::ServerError => answer(500, "text/plain", ""),
            Self::Unavailable => answer(503, "text/html", PAGE),
            Self::Connect => return broken("the carrier cannot be reached", Phase::NotSent),
            Self::Reset => return broken("the connection broke", Phase::OutcomeUnknown),
            Self::Timeout => return broken("the carrier did not answer in time", Phase::OutcomeUnknown),
            Self::Html => answer(200, "text/html", PAGE),
            Self::Answer(status, body) => answer(*status, "application/json", &body.to_string()),
            Self::Truncated | Self::Empty => {
                let body = response.body();
                if body.is_empty() || (*self == Self::Truncated && !is_structured(body)) {
                    return None;
                }
                let left = if *self == Self::Empty { 0 } else { body.len() / 2 };
                with_body(response, body.slice(..left))
            }
            Self::WrongType => {
                serde_json::from_slice::<Value>(response.body()).ok()?;
                with_body(response, Bytes::from_static(b"\"waybill-testkit\""))
            }
            Self::ExtraFields => with_body(response, extra_fields(response.body())?.into()),
            Self::NewValue(at) => with_body(response, new_value(response.body(), *at)?.into()),
            Self::Replace(from, to) => {
                let text = std::str::from_utf8(response.body()).ok()?;
                with_body(response, replace_whole(text, from, to)?.into())
            }
        }))
    }
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Gateway</title></head><body>Please wait</body></html>";
const NEW: &str = "WAYBILL_NEW_VALUE";

fn answer(status: u16, kind: &'static str, body: &str) -> Response {
    let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn with_body(response: &Response, body: Bytes) -> Response {
    let mut copy = Response::new(body);
    *copy.status_mut() = response.status();
    *copy.headers_mut() = response.headers().clone();
    copy
}

/// Whether a text holds a number as a whole: `2.50` is not in `12.50`.
pub(crate) fn holds_number(text: &str, number: &str) -> bool {
    replace_whole(text, number, "").is_some()
}

fn replace_whole(text: &str, from: &str, to: &str) -> Option<String> {
    let digit = |character: Option<char>| character.is_some_and(|one| one.is_ascii_digit() || one == '.');
    let (starts, ends) = (digit(from.chars().next()), digit(from.chars().next_back()));
    let (mut out, mut rest, mut changed) = (String::new(), text, false);
    while let Some(at) = rest.find(from).filter(|_| !from.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        out.push_str(before);
        let inside = (starts && digit(out.chars().next_back())) || (ends && goes_on(after));
        out.push_str(if inside { from } else { to });
        changed |= !inside;
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// Whether a number goes on in what follows it: a digit, or a point and a digit.
fn goes_on(after: &str) -> bool {
    after.strip_prefix('.').unwrap_or(after).starts_with(|one: char| one.is_ascii_digit())
}

/// JSON, XML or multipart: forms in which half of an answer is never a whole one.
fn is_structured(body: &[u8]) -> bool {
    matches!(body.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'[' | b'<'))
        || body.starts_with(b"--")
}

fn extra_fields(body: &[u8]) -> Option<Vec<u8>> {
    if let Ok(mut json) = serde_json::from_slice::<Value>(body) {
        visit(&mut json, &mut |value| {
            if let Value::Object(object) = value {
                object.insert("waybillNewField".to_owned(), json!({ "inside": [1, "two", null] }));
            }
        });
        return serde_json::to_vec(&json).ok();
    }
    let text = std::str::from_utf8(body).ok().filter(|text| text.trim_start().starts_with('<'))?;
    Some(extra_elements(text).into_bytes())
}

/// An element more after each opening tag that is followed by another tag.
fn extra_elements(xml: &str) -> String {
    let mut out = String::with_capacity(xml.len() * 2);
    let mut rest = xml;
    while let Some(end) = rest.find('>') {
        let (tag, after) = rest.split_at(end + 1);
        out.push_str(tag);
        let name = tag.rsplit_once('<').map(|(_, name)| name).unwrap_or_default();
        let opens = !name.starts_with(['/', '?', '!']) && !name.ends_with("/>") && !name.is_empty();
        let child = after.trim_start();
        if opens && child.starts_with('<') && !child.starts_with("</") && !child.starts_with("<!") {
            out.push_str("<WaybillNewElement a=\"1\">x</WaybillNewElement>");
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `IN_TRANSIT`, `GROUND_HOME`: a constant of an enumeration by its looks; short ones are currencies and countries.
fn is_constant(text: &str) -> bool {
    (5..=60).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        && text.bytes().filter(u8::is_ascii_uppercase).count() >= 4
}

fn new_value(body: &[u8], wanted: usize) -> Option<Vec<u8>> {
    let mut json: Value = serde_json::from_slice(body).ok()?;
    let (mut seen, mut changed) = (0, false);
    visit(&mut json, &mut |value| {
        if let Value::String(text) = value
            && is_constant(text)
        {
            if seen == wanted {
                *text = NEW.to_owned();
                changed = true;
            }
            seen += 1;
        }
    });
    if changed { serde_json::to_vec(&json).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body_of(fault: Fault, body: &str) -> Option<String> {
        let response = answer(200, "application/json", body);
        let applied = fault.apply(&response)?.unwrap();
        Some(String::from_utf8_lossy(applied.body()).into_owned())
    }

    #[test]
    fn bodies_are_changed_as_named() {
        assert_eq!(body_of(Fault::Truncated, r#"{"a":12}"#).unwrap(), r#"{"a""#);
        assert_eq!(body_of(Fault::Truncated, "%PDF-1.4 and more"), None);
        assert_eq!(body_of(Fault::Empty, "x").unwrap(), "");
        assert_eq!(
            body_of(Fault::NewValue(1), r#"["IN_TRANSIT","USD","DELIVERED"]"#).unwrap(),
            r#"["IN_TRANSIT","USD","WAYBILL_NEW_VALUE"]"#
        );
        assert_eq!(body_of(Fault::NewValue(2), r#"["IN_TRANSIT","USD","DELIVERED"]"#), None);
        assert!(
            body_of(Fault::ExtraFields, r#"[{"a":{}}]"#).unwrap().matches("waybillNewField").count() == 2
        );
        let xml = body_of(Fault::ExtraFields, "<?xml version=\"1.0\"?><a><b>1</b><c/></a>").unwrap();
        assert_eq!(xml.matches("<WaybillNewElement").count(), 1, "{xml}");
        assert!(xml.contains("<b>1</b>"));
    }

    #[test]
    fn numbers_are_replaced_as_a_whole() {
        let fault = || Fault::Replace("2.50".into(), "0.00".into());
        assert_eq!(body_of(fault(), "[2.50,12.50,\"2.50\",2.501]").unwrap(), "[0.00,12.50,\"0.00\",2.501]");
        assert_eq!(body_of(fault(), "[12.50]"), None);
        let whole = || Fault::Replace("31".into(), "0.00".into());
        assert_eq!(body_of(whole(), "[31.00,31,\"31.\"]").unwrap(), "[31.00,0.00,\"0.00.\"]");
    }

    #[test]
    fn only_a_missing_connection_proves_that_nothing_was_sent() {
        let whole = answer(200, "text/plain", "x");
        for (fault, phase) in [
            (Fault::Connect, Phase::NotSent),
            (Fault::Reset, Phase::OutcomeUnknown),
            (Fault::Timeout, Phase::OutcomeUnknown),
        ] {
            assert_eq!(fault.apply(&whole).unwrap().unwrap_err().phase, phase);
        }
    }
}
