//! Cassettes: real traffic, redacted, as exchanges that can be replayed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use waybill_core::{CallInfo, Cx, Host, LogLevel, Outgoing, Request, Response, Result};

use crate::redact::{REDACTED, Redaction, picture};
use crate::{Exchange, ExpectedRequest, Folder, Part, PlannedResponse, ScriptedHost};

/// Recorded exchanges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cassette {
    /// What was recorded.
    pub about: String,
    /// Base URL below which the paths are.
    pub base_url: Url,
    /// The exchanges, in their order; the same form as in `fixtures/`.
    pub exchanges: Vec<Exchange>,
}

impl Cassette {
    /// Reads a file.
    pub fn load(path: impl AsRef<Path>) -> std::io::Result<Self> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }
    /// Writes a file.
    pub fn save(&self, path: impl AsRef<Path>) -> std::io::Result<()> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        std::fs::write(path, json)
    }
    /// A host that answers as recorded.
    pub fn host(&self) -> ScriptedHost {
        self.host_with(Folder::default())
    }
    /// The same with values for placeholders.
    pub fn host_with(&self, folder: Folder) -> ScriptedHost {
        ScriptedHost::with_folder(&self.base_url, self.exchanges.clone(), folder)
    }
}

/// A host that records what goes through another one. Failed connections are not recorded: there is nothing to replay.
///
/// ```
/// use waybill_core::wire;
/// use waybill_testkit::{Recorder, Redaction, ScriptedHost, block_on};
///
/// let base: url::Url = "https://carrier.test/root".parse()?;
/// let exchanges = serde_json::from_str(r#"[{ "request": { "method": "POST", "path": "/login" },
///     "response": { "json": { "access_token": "very-secret", "user": { "fullName": "Odalys Fennimore" } } } }]"#)?;
/// let real = ScriptedHost::new(&base, exchanges);
///
/// let recorder = Recorder::new(real.host(), &base, Redaction::new().value("hunter-two"));
/// let body = serde_json::json!({ "password": "hunter-two" });
/// let login = || wire::json_request(http::Method::POST, &wire::endpoint(&base, "/login"), &body);
/// block_on(recorder.cx("login").read(login()?))?;
///
/// let cassette = recorder.cassette("A login");
/// let text = serde_json::to_string(&cassette)?;
/// for secret in ["very-secret", "hunter-two", "Odalys"] {
///     assert!(!text.contains(secret));
/// }
/// let replayed = block_on(cassette.host().cx("login").read(login()?))?;
/// assert_eq!(replayed.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

struct Inner {
    host: Arc<dyn Host>,
    base: Url,
    redaction: Redaction,
    exchanges: Mutex<Vec<Exchange>>,
}

impl Recorder {
    /// Records what goes to `base` through a host.
    pub fn new(host: Arc<dyn Host>, base: &Url, redaction: Redaction) -> Self {
        let exchanges = Mutex::default();
        Self { inner: Arc::new(Inner { host, base: base.clone(), redaction, exchanges }) }
    }
    /// A context for one call of an operation.
    pub fn cx(&self, operation: &str) -> Cx {
        Cx::new(crate::Books::default().call(operation, None), self.inner.clone())
    }
    /// The recording host itself, for a context made by hand.
    pub fn host(&self) -> Arc<dyn Host> {
        self.inner.clone()
    }
    /// What was recorded so far.
    pub fn cassette(&self, about: &str) -> Cassette {
        let exchanges = self.inner.exchanges.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Cassette { about: about.to_owned(), base_url: self.inner.base.clone(), exchanges }
    }
}

#[async_trait]
impl Host for Inner {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let request = self.expected(&outgoing.request);
        let response = self.host.send(call, outgoing).await?;
        let exchange = Exchange { request, response: self.planned(&response), ..Exchange::default() };
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
        Ok(response)
    }
    async fn sleep(&self, duration: Duration) {
        self.host.sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.host.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.host.log(call, level, message);
    }
}

impl Inner {
    fn expected(&self, request: &Request) -> ExpectedRequest {
        let path = request.uri().path();
        let root = self.base.path().trim_end_matches('/');
        let below = path.strip_prefix(root).unwrap_or(path);
        let pairs = |bytes: &[u8]| -> BTreeMap<String, String> {
            let value = |(key, value): (String, String)| {
                let hidden = self.redaction.request_json(&serde_json::json!({ (key.as_str()): value }));
                let hidden = hidden[&key].as_str().unwrap_or(REDACTED).to_owned();
                (key, hidden)
            };
            url::form_urlencoded::parse(bytes).into_owned().map(value).collect()
        };
        let mut expected = ExpectedRequest {
            method: request.method().to_string(),
            path: self.redaction.text(below, REDACTED),
            query: pairs(request.uri().query().unwrap_or_default().as_bytes()),
            ..ExpectedRequest::default()
        };
        let kind =
            request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let body = request.body();
        if kind.starts_with("application/x-www-form-urlencoded") {
            expected.form = pairs(body);
        } else if let Ok(json) = serde_json::from_slice::<Value>(body) {
            expected.body = Some(self.redaction.request_json(&json));
        } else if let Ok(text) = std::str::from_utf8(body)
            && !text.is_empty()
        {
            // What stands between the redactions must be there.
            let kept = self.redaction.markup(text, REDACTED);
            let parts = kept.split(REDACTED).filter(|part| !part.trim().is_empty());
            expected.body = Some(parts.map(|part| Value::String(part.to_owned())).collect());
        }
        expected
    }

    fn planned(&self, response: &Response) -> PlannedResponse {
        let kept = ["content-type", "retry-after", "content-disposition", "x-request-id"];
        let headers = response
            .headers()
            .iter()
            .filter(|(name, _)| kept.contains(&name.as_str()) && !self.redaction.hides_header(name.as_str()));
        let headers: BTreeMap<String, String> = headers
            .filter_map(|(name, value)| {
                Some((name.to_string(), self.redaction.text(value.to_str().ok()?, "REDACTED")))
            })
            .collect();
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let mut planned = match boundary(kind) {
            Some(boundary) => {
                let parts = self.parts(response.body(), &boundary);
                PlannedResponse { multipart: Some(parts), ..PlannedResponse::default() }
            }
            None => self.body(response.body()),
        };
        planned.status = Some(response.status().as_u16());
        planned.headers.extend(headers);
        if planned.multipart.is_some() {
            planned.headers.remove("content-type");
        }
        planned
    }

    fn body(&self, body: &[u8]) -> PlannedResponse {
        let mut planned = PlannedResponse::default();
        if let Some(kind) = picture(body) {
            planned.file = Some(format!("sample.{kind}"));
        } else if let Ok(json) = serde_json::from_slice::<Value>(body) {
            planned.json = Some(self.redaction.response_json(&json));
        } else if let Ok(text) = std::str::from_utf8(body) {
            let kept = self.redaction.markup(text, "REDACTED");
            planned.text = (!kept.is_empty()).then_some(kept);
        } else {
            planned.base64 = Some(STANDARD.encode(body));
        }
        planned
    }

    fn parts(&self, body: &[u8], boundary: &str) -> Vec<Part> {
        let fence = format!("--{boundary}");
        let pieces = split(body, fence.as_bytes());
        let inner = pieces.iter().skip(1).filter(|piece| !piece.starts_with(b"--"));
        inner.filter_map(|piece| self.part(piece)).collect()
    }

    fn part(&self, piece: &[u8]) -> Option<Part> {
        let end = piece.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, body) = (std::str::from_utf8(&piece[..end]).ok()?, &piece[end + 4..]);
        let mut content = self.body(body.strip_suffix(b"\r\n").unwrap_or(body));
        let mut name = String::new();
        for line in head.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            if key.eq_ignore_ascii_case("content-disposition") {
                name = value
                    .split("name=\"")
                    .nth(1)
                    .and_then(|rest| rest.split('"').next())
                    .unwrap_or("")
                    .to_owned();
            } else if !key.eq_ignore_ascii_case("content-length") {
                content.headers.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        Some(Part { name, content })
    }
}

fn boundary(kind: &str) -> Option<String> {
    let rest = kind.strip_prefix("multipart/")?.split("boundary=").nth(1)?;
    Some(rest.split(';').next()?.trim().trim_matches('"').to_owned())
}

fn split<'a>(body: &'a [u8], fence: &[u8]) -> Vec<&'a [u8]> {
    let (mut pieces, mut rest) = (Vec::new(), body);
    while let Some(at) = rest.windows(fence.len()).position(|window| window == fence) {
        pieces.push(&rest[..at]);
        rest = &rest[at + fence.len()..];
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block_on;
    use waybill_core::wire;

    #[test]
    fn a_multipart_answer_with_a_label_is_replayed_without_the_label() {
        let base: Url = "https://carrier.test/root".parse().unwrap();
        let exchanges = serde_json::from_value(serde_json::json!([{
            "request": { "method": "POST", "path": "/label" },
            "response": { "multipart": [
                { "name": "meta", "json": { "number": "N1", "toAddress": { "firstName": "Odalys" } } },
                { "name": "label", "base64": STANDARD.encode(b"%PDF-1.7 Odalys Fennimore, 2093 Copperleaf Terrace") }
            ] }
        }]))
        .unwrap();
        let real = ScriptedHost::new(&base, exchanges);
        let recorder = Recorder::new(real.host(), &base, Redaction::new().value("Odalys"));
        let url = wire::endpoint(&base, "/label");
        let xml = bytes::Bytes::from_static(b"<r><Name>Odalys</Name><Weight>2</Weight></r>");
        let ask = |body| wire::body_request(http::Method::POST, &url, Some("application/xml"), body).unwrap();
        block_on(recorder.cx("buy").change(ask(xml.clone()))).unwrap();
        let cassette = recorder.cassette("One label");
        let text = serde_json::to_string(&cassette).unwrap();
        assert!(!text.contains("Odalys") && !text.contains("Copperleaf"), "{text}");
        assert!(text.contains("sample.pdf") && text.contains("\"N1\""), "{text}");

        let replay = cassette.host();
        let answer = block_on(replay.cx("buy").change(ask(xml))).unwrap();
        assert!(String::from_utf8_lossy(answer.body()).contains("%PDF-1.4"));
        let other = bytes::Bytes::from_static(b"<r><Name>Somebody</Name><Weight>3</Weight></r>");
        assert!(block_on(replay.cx("buy").change(ask(other))).is_err(), "another weight is another request");
    }
}
