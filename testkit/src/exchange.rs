//! A request that is expected and the answer to it, as they stand in fixture files and cassettes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use waybill_core::{Request, Response};

use crate::json::{Lists, difference, glob};
use crate::samples::sample;

/// A request that is expected and the answer to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What is expected.
    pub request: ExpectedRequest,
    /// What is answered.
    pub response: PlannedResponse,
    /// Whether the exchange may stay unused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// How often it answers; without it the last matching exchange answers again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<usize>,
    /// Faults here that must not fail the call, with the reason; `*` is all of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tolerates: BTreeMap<String, String>,
}

/// What a request must look like. What is left out is free.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRequest {
    /// `POST`.
    pub method: String,
    /// Path below the base URL, with `*` and `**`.
    pub path: String,
    /// Query parameters that must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Headers that must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Form fields that must be there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub form: BTreeMap<String, String>,
    /// A JSON subset, a text that the body contains, or a list of such texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// An answer: status, headers and one kind of body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedResponse {
    /// HTTP status; 200 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Body as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// Body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Body from a file of the folder, or a built-in sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Body as base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Body of several parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multipart: Option<Vec<Part>>,
}

/// One part of a multipart answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Name in `Content-Disposition`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Headers and body.
    #[serde(flatten)]
    pub content: PlannedResponse,
}

const BOUNDARY: &str = "waybill-boundary-5f2c";

/// Where files of answers are, and what the placeholders stand for.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Placeholders by name, such as `handle`.
    pub values: BTreeMap<String, String>,
}

impl Folder {
    /// A folder without placeholders of its own.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), values: BTreeMap::new() }
    }

    /// The bytes of a file of the folder, or of a built-in sample.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        if let Some(bytes) = sample(name) {
            return Ok(bytes);
        }
        if Path::new(name).components().any(|part| !matches!(part, std::path::Component::Normal(_))) {
            return Err(format!("`{name}` is not a file below the folder of fixtures"));
        }
        std::fs::read(self.path.join(name)).map_err(|error| format!("`{name}` cannot be read: {error}"))
    }

    /// Puts values in the place of `{{placeholders}}`.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            filled.push_str(before);
            let Some((name, after)) = after.split_once("}}") else {
                filled.push_str("{{");
                rest = after;
                continue;
            };
            match name.split_once(':') {
                Some(("base64", file)) => filled.push_str(&STANDARD.encode(self.read(file)?)),
                Some(("text", file)) => filled.push_str(&String::from_utf8_lossy(&self.read(file)?)),
                _ => match self.values.get(name) {
                    Some(value) => filled.push_str(value),
                    None => return Err(format!("the placeholder `{name}` is unknown")),
                },
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// The same in every text of a JSON value.
    pub fn fill_json(&self, value: &Value) -> Result<Value, String> {
        let mut value = value.clone();
        let mut problem = None;
        crate::json::visit(&mut value, &mut |value| {
            if let Value::String(text) = value {
                match self.fill(text) {
                    Ok(filled) => *text = filled,
                    Err(why) => problem = Some(why),
                }
            }
        });
        problem.map_or(Ok(value), Err)
    }
}

impl PlannedResponse {
    /// The answer as it goes to the carrier.
    pub fn build(&self, folder: &Folder) -> Result<Response, String> {
        let (body, kind) = self.body(folder)?;
        let mut response = Response::new(Bytes::from(body));
        let status = self.status.unwrap_or(200);
        *response.status_mut() =
            StatusCode::from_u16(status).map_err(|_| format!("{status} is not an HTTP status"))?;
        if let Some(kind) = kind.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
            response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
        }
        for (name, value) in &self.headers {
            let value = folder.fill(value)?;
            let bad = |_| format!("`{name}: {value}` is not a header");
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(()))?;
            response.headers_mut().insert(key, HeaderValue::from_str(&value).map_err(|_| bad(()))?);
        }
        Ok(response)
    }

    fn body(&self, folder: &Folder) -> Result<(Vec<u8>, Option<String>), String> {
        let given = [
            self.json.is_some(),
            self.text.is_some(),
            self.file.is_some(),
            self.base64.is_some(),
            self.multipart.is_some(),
        ];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Err("give one of json, text, file, base64, multipart".to_owned());
        }
        if let Some(json) = &self.json {
            let json = folder.fill_json(json)?;
            return Ok((json.to_string().into_bytes(), Some("application/json".to_owned())));
        }
        if let Some(text) = &self.text {
            return Ok((folder.fill(text)?.into_bytes(), Some("text/plain".to_owned())));
        }
        if let Some(file) = &self.file {
            return Ok((folder.read(file)?, Some(media_type(file).to_owned())));
        }
        if let Some(text) = &self.base64 {
            let text = folder.fill(text)?;
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|error| format!("base64: {error}"))?;
            return Ok((bytes, Some("application/octet-stream".to_owned())));
        }
        match &self.multipart {
            Some(parts) => {
                Ok((multipart(parts, folder)?, Some(format!("multipart/mixed; boundary=\"{BOUNDARY}\""))))
            }
            None => Ok((Vec::new(), None)),
        }
    }
}

fn multipart(parts: &[Part], folder: &Folder) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    for part in parts {
        let (bytes, kind) = part.content.body(folder)?;
        body.extend(format!("--{BOUNDARY}\r\n").bytes());
        if !part.name.is_empty() {
            body.extend(format!("Content-Disposition: form-data; name=\"{}\"\r\n", part.name).bytes());
        }
        let own_kind = part.content.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        if let Some(kind) = kind.filter(|_| !own_kind) {
            body.extend(format!("Content-Type: {kind}\r\n").bytes());
        }
        for (name, value) in &part.content.headers {
            body.extend(format!("{name}: {}\r\n", folder.fill(value)?).bytes());
        }
        body.extend(b"\r\n");
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    Ok(body)
}

fn media_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("json") => "application/json",
        Some("xml") => "application/xml",
        Some("html") => "text/html",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("txt" | "zpl" | "epl") => "text/plain",
        _ => "application/octet-stream",
    }
}

impl ExpectedRequest {
    /// Where a request differs from what is expected; `None` when it fits. `path` is the request's path below the base
    /// URL.
    pub fn difference(&self, request: &Request, path: &str) -> Option<String> {
        if !self.method.eq_ignore_ascii_case(request.method().as_str()) {
            return Some(format!("the method is {}, wanted {}", request.method(), self.method));
        }
        if !glob(&self.path, path) && !glob(&self.path, &percent_decoded(path)) {
            return Some(format!("the path is `{path}`, wanted `{}`", self.path));
        }
        let query = pairs(request.uri().query().unwrap_or_default().as_bytes());
        missing("query parameter", &self.query, &query)
            .or_else(|| {
                let header = |name: &str| request.headers().get(name)?.to_str().ok().map(str::to_owned);
                let have: Vec<_> = (self.headers.keys())
                    .filter_map(|name| header(name).map(|value| (name.clone(), value)))
                    .collect();
                missing("header", &self.headers, &have)
            })
            .or_else(|| {
                (!self.form.is_empty())
                    .then(|| missing("form field", &self.form, &pairs(request.body())))
                    .flatten()
            })
            .or_else(|| self.body.as_ref().and_then(|wanted| body_difference(wanted, request.body())))
    }
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).into_owned().collect()
}

fn percent_decoded(path: &str) -> String {
    // The form decoder would turn `+` into a blank.
    let escaped = path.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    pairs(escaped.as_bytes()).into_iter().map(|(key, _)| key).collect()
}

fn missing(what: &str, want: &BTreeMap<String, String>, have: &[(String, String)]) -> Option<String> {
    want.iter().find_map(|(name, wanted)| {
        let mut values = have.iter().filter(|(key, _)| key == name).map(|(_, value)| value).peekable();
        if values.peek().is_none() {
            return Some(format!("the {what} `{name}` is missing"));
        }
        (!values.clone().any(|value| glob(wanted, value) || wanted == "*")).then(|| {
            let have: Vec<_> = values.cloned().collect();
            format!("the {what} `{name}` is `{}`, wanted `{wanted}`", have.join("`, `"))
        })
    })
}

fn body_difference(wanted: &Value, body: &[u8]) -> Option<String> {
    let text = || String::from_utf8_lossy(body).into_owned();
    let lacks = |part: &str| (!text().contains(part)).then(|| format!("the body does not contain `{part}`"));
    match wanted {
        Value::String(part) => lacks(part),
        Value::Array(parts)
            if !parts.is_empty() && parts.iter().all(Value::is_string) && !is_json_list(body) =>
        {
            parts.iter().filter_map(Value::as_str).find_map(lacks)
        }
        _ => match serde_json::from_slice::<Value>(body) {
            Ok(have) => difference(wanted, &have, Lists::Whole).map(|why| format!("in the body {why}")),
            Err(_) => Some("the body is not JSON".to_owned()),
        },
    }
}

fn is_json_list(body: &[u8]) -> bool {
    matches!(serde_json::from_slice::<Value>(body), Ok(Value::Array(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, body: &str) -> Request {
        http::Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", "Bearer t")
            .body(body.to_owned().into())
            .unwrap()
    }

    #[test]
    fn a_request_fits_or_the_difference_is_named() {
        let expected: ExpectedRequest = serde_json::from_value(serde_json::json!({
            "method": "POST", "path": "/v1/*", "query": { "a": "1" }, "headers": { "authorization": "Bearer *" },
            "body": { "b": [1] }
        }))
        .unwrap();
        let fits = request("POST", "https://c.test/v1/x?a=1&z=2", r#"{"b":[1],"c":2}"#);
        assert_eq!(expected.difference(&fits, "/v1/x"), None);
        for (method, uri, body, word) in [
            ("GET", "https://c.test/v1/x?a=1", "{}", "method"),
            ("POST", "https://c.test/v2/x?a=1", "{}", "path"),
            ("POST", "https://c.test/v1/x?a=2", "{}", "query"),
            ("POST", "https://c.test/v1/x?a=1", r#"{"b":[2]}"#, "$.b[0]"),
            ("POST", "https://c.test/v1/x?a=1", "<x/>", "not JSON"),
        ] {
            let request = request(method, uri, body);
            let found = expected.difference(&request, request.uri().path()).unwrap();
            assert!(found.contains(word), "{found}");
        }
    }

    #[test]
    fn answers_of_every_kind_are_built() {
        let mut folder = Folder::new(".");
        folder.values.insert("handle".into(), "H1".into());
        let planned = |json: serde_json::Value| -> PlannedResponse { serde_json::from_value(json).unwrap() };
        let text = |planned: PlannedResponse| {
            String::from_utf8_lossy(planned.build(&folder).unwrap().body()).into_owned()
        };
        assert_eq!(text(planned(serde_json::json!({ "json": { "a": "{{handle}}" } }))), r#"{"a":"H1"}"#);
        assert_eq!(text(planned(serde_json::json!({ "base64": "aGk=" }))), "hi");
        assert!(text(planned(serde_json::json!({ "file": "sample.zpl" }))).starts_with("^XA"));
        let parts = planned(serde_json::json!({ "multipart": [
            { "name": "meta", "json": { "a": 1 } }, { "name": "label", "file": "sample.pdf" } ] }));
        let built = parts.build(&folder).unwrap();
        assert!(built.headers()["content-type"].to_str().unwrap().starts_with("multipart/"));
        assert!(text(parts).contains("name=\"label\"\r\nContent-Type: application/pdf\r\n\r\n%PDF"));
        assert!(planned(serde_json::json!({ "text": "{{nobody}}" })).build(&folder).is_err());
        assert!(planned(serde_json::json!({ "file": "../x" })).build(&folder).is_err());
    }
}
