use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

/// A request as a personality sees it: the path begins after the carrier's prefix.
#[derive(Debug, Clone)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Decoded path below the carrier's prefix, e.g. `/security/v1/oauth/token`.
    pub path: String,
    /// Decoded query pairs in order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Request {
    /// The path's segments.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// First value of a query key.
    pub fn query(&self, key: &str) -> Option<&str> {
        self.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// A header's text, when it is text and not empty.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty())
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// User and password of `Authorization: Basic`.
    pub fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as form fields; a JSON object's texts count as well.
    pub fn form(&self) -> Vec<(String, String)> {
        if let Some(Value::Object(map)) = self.json() {
            return map
                .into_iter()
                .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())))
                .collect();
        }
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Reply {
    /// An answer with a body of a media type.
    pub fn new(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, headers, body: body.into() }
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    /// A proxy's error page, which is never a carrier's answer.
    pub fn html(status: u16) -> Self {
        let page = "<!DOCTYPE html>\n<html><head><title>Gateway</title></head>\
                    <body><h1>The gateway could not complete the request</h1></body></html>";
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// Adds a header; a value that HTTP does not allow is left out.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

/// The greatest amount, weight or length that is read: products of three of them stay in range.
const GREATEST: rust_decimal::Decimal = rust_decimal::Decimal::from_parts(100_000_000, 0, 0, false, 0);

/// A decimal of a sensible size.
pub(crate) fn number(text: &str) -> Option<rust_decimal::Decimal> {
    text.trim().parse::<rust_decimal::Decimal>().ok().filter(|value| value.abs() <= GREATEST)
}

/// Reading JSON without caring whether a number came as text.
pub(crate) trait Json {
    /// Text (or number as text) at a JSON pointer, trimmed; empty text is absence.
    fn text(&self, pointer: &str) -> Option<String>;
    /// Elements at a pointer: an array's, or the single object itself.
    fn list(&self, pointer: &str) -> Vec<&Value>;
    /// True when something that is not null stands there.
    fn has(&self, pointer: &str) -> bool;
    /// A decimal of a sensible size, from a number or text.
    fn decimal(&self, pointer: &str) -> Option<rust_decimal::Decimal>;
}

impl Json for Value {
    fn text(&self, pointer: &str) -> Option<String> {
        match self.pointer(pointer)? {
            Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    fn list(&self, pointer: &str) -> Vec<&Value> {
        match self.pointer(pointer) {
            Some(Value::Array(items)) => items.iter().collect(),
            None | Some(Value::Null) => Vec::new(),
            Some(one) => vec![one],
        }
    }

    fn has(&self, pointer: &str) -> bool {
        self.pointer(pointer).is_some_and(|value| !value.is_null())
    }

    fn decimal(&self, pointer: &str) -> Option<rust_decimal::Decimal> {
        number(&self.text(pointer)?)
    }
}
