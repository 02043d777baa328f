//! EMS open platform: one URL, the operation in `apiCode`, an encrypted JSON body.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use waybill_core::{Error, ErrorKind, Request, Response, Result, wire};

use super::{is_true, no_label, pdf};
use crate::auth::sm4_body;
use crate::config::{Environment, Open};
use crate::error::{Table, classify};
use crate::order::china_time;
use crate::text::utf8;
use crate::wire::open::{Envelope, Ordered};
use crate::wire::pcp::{Events, Items, Number, NumberReply};

/// Operations of the platform by number.
pub mod api {
    /// Numbers.
    pub const NUMBERS: &str = "110002";
    /// International order.
    pub const ORDER: &str = "110001";
    /// International label.
    pub const LABEL: &str = "120001";
    /// Domestic order.
    pub const DOMESTIC_ORDER: &str = "020003";
    /// Domestic label.
    pub const DOMESTIC_LABEL: &str = "010004";
    /// Cancel.
    pub const CANCEL: &str = "020006";
    /// Track.
    pub const TRACK: &str = "040001";
}

/// The platform's host.
pub const HOST: &str = "https://api.ems.com.cn";

/// The platform's one path. That of the test system is taken from clients and not certain.
fn path(environment: Environment) -> &'static str {
    match environment {
        Environment::Production => "amp-prod-api/f/amp/api/open",
        Environment::Test => "amp-prod-api/f/amp/api/test",
    }
}

/// Where and for whom a call goes.
#[derive(Debug, Clone)]
pub struct Door<'a> {
    /// Host, or what stands in its place.
    pub base: Url,
    /// Production or test.
    pub environment: Environment,
    /// Keys of the account.
    pub keys: &'a Open,
}

/// A request: form fields, the body under SM4.
pub fn request(door: &Door<'_>, code: &str, body: &impl Serialize, now: DateTime<Utc>) -> Result<Request> {
    let keys = door.keys;
    let json = serde_json::to_string(body).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("request cannot be written as JSON: {error}"))
    })?;
    let sealed = sm4_body(&json, &keys.sign_key)?;
    let time = china_time(now);
    let mut fields = vec![
        ("apiCode", code),
        ("senderNo", keys.sender_no.as_str()),
        ("authorization", keys.authorization.expose()),
        ("msgType", "0"),
        ("timeStamp", time.as_str()),
        ("version", "V1.0.0"),
        ("logitcsInterface", sealed.as_str()),
    ];
    if let Some(user) = &keys.user_code {
        fields.push(("userCode", user));
    }
    wire::form_request(http::Method::POST, &wire::endpoint(&door.base, path(door.environment)), &fields)
}

/// Body of a good answer as text; `None` when the platform says "success" and sends nothing.
pub fn body(response: Response, what: &str) -> Result<(Option<String>, Response)> {
    let response = utf8(response);
    if response.status().is_server_error() || matches!(response.status().as_u16(), 401 | 403 | 404 | 429) {
        return Err(wire::status_error(&response, what));
    }
    let mut envelope: Envelope = wire::parse_json(&response, what)?;
    envelope.ret_code = envelope.ret_code.or(envelope.code.take());
    envelope.ret_msg = envelope.ret_msg.or(envelope.code_message.take());
    let code = envelope.ret_code.as_deref();
    // "00000"; as a number it is one zero.
    let zeros = code.map(|code| code.bytes().all(|byte| byte == b'0'));
    let said = envelope.success.as_deref().map(|text| is_true(Some(text)));
    if said != Some(false) && zeros.or(said) == Some(true) {
        return Ok((envelope.ret_body, response));
    }
    if code.is_none() && envelope.ret_msg.is_none() {
        let problem = format!("{what}: the answer has neither a code nor a message");
        return Err(Error::malformed(problem).with_words(wire::words_of(&response)));
    }
    let error = classify(Table::Open, code, envelope.ret_msg.as_deref(), &response);
    Err(match envelope.serial_no {
        Some(serial) => error.with("serialNo", serial),
        None => error,
    })
}

/// The inner JSON of an answer.
fn inner<T: DeserializeOwned>(text: String, what: &str) -> Result<T> {
    wire::parse_json(&http::Response::new(Bytes::from(text)), what)
}

/// Whether the words of an answer without data say that the number is another customer's.
fn is_hidden(response: &Response) -> bool {
    crate::text::body(response).contains("无客户信息")
}

/// Numbers (110002).
pub fn numbers(response: Response) -> Result<NumberReply> {
    let what = "numbers";
    let (body, response) = body(response, what)?;
    let Some(text) = body else { return Err(empty(&response, what)) };
    let mut reply: NumberReply = inner(text, what)?;
    // The shape of this answer is not published: the list of the small packet platform, or one number by itself.
    if let (true, Some(number)) = (reply.numbers.is_empty(), reply.waybill_no.take()) {
        reply.numbers.push(Number { bar_code: Some(number), order_id: None });
    }
    super::pcp::check_numbers(reply, &response)
}

/// The number of an order (110001, 020003), under whichever name it comes, as an object or a list of one.
pub fn ordered(response: Response) -> Result<String> {
    let what = "order";
    let (body, response) = body(response, what)?;
    let Some(text) = body else { return Err(empty(&response, what)) };
    if text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !text.is_empty() {
        return Ok(text);
    }
    #[derive(serde::Deserialize)]
    struct Any(#[serde(deserialize_with = "waybill_core::lenient::list")] Vec<Ordered>);
    let Any(orders) = inner(text, what)?;
    let number = orders
        .into_iter()
        .find_map(|order| order.waybill_no.or(order.waybill_no_camel).or(order.cross_border_no));
    number.ok_or_else(|| empty(&response, what))
}

/// "Success" without what was asked for.
fn empty(response: &Response, what: &str) -> Error {
    Error::malformed(format!("{what}: the platform answered success without a number"))
        .with_words(wire::words_of(response))
}

/// A label (120001, 010004): PDF bytes, base64 text in the body, or under a name of its own.
pub fn label(response: Response) -> Result<Bytes> {
    let what = "label";
    if let Some(found) = pdf(response.body()) {
        return Ok(found);
    }
    let (body, _) = body(response, what)?;
    let text = body.ok_or_else(|| no_label(what))?;
    if let Some(found) = pdf(text.as_bytes()) {
        return Ok(found);
    }
    #[derive(Default, serde::Deserialize)]
    struct Wrapped {
        #[serde(
            default,
            alias = "pdf",
            alias = "label",
            alias = "base64",
            deserialize_with = "waybill_core::lenient::text"
        )]
        data: Option<String>,
    }
    let wrapped: Wrapped = inner(text, what).unwrap_or_default();
    wrapped.data.and_then(|data| pdf(data.as_bytes())).ok_or_else(|| no_label(what))
}

/// Events (040001); `None` when the number belongs to another customer.
pub fn events(response: Response) -> Result<Option<Events>> {
    let what = "tracking";
    let (body, response) = match body(response, what) {
        Ok(found) => found,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Some(Events::default())),
        Err(error) => return Err(error),
    };
    let Some(text) = body else { return Ok((!is_hidden(&response)).then(Events::default)) };
    if is_hidden(&response) {
        return Ok(None);
    }
    // Some answers are the list alone.
    if text.trim_start().starts_with('[') {
        let response_items = inner::<Items>(text, what)?.0;
        return Ok(Some(Events { response_items, ..Events::default() }));
    }
    inner(text, what).map(Some)
}

/// Whether the answer to a cancel is a success.
pub fn cancelled(response: Response) -> Result<()> {
    let (body, response) = body(response, "cancel")?;
    // Some answers carry a flag of their own inside.
    let flag: Option<crate::wire::pcp::Cancelled> = body.and_then(|text| inner(text, "cancel").ok());
    match flag {
        Some(inside) if inside.flag.is_some() && !is_true(inside.flag.as_deref()) => {
            Err(classify(Table::Open, inside.flag.as_deref(), inside.message.as_deref(), &response))
        }
        _ => Ok(()),
    }
}
