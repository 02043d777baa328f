//! ePacket partner interface: XML over plain HTTP, the token in a header.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use url::Url;
use waybill_core::{Error, ErrorKind, Request, Response, Result, wire};

use super::{no_label, pdf};
use crate::auth::label_path_digest;
use crate::config::Eub;
use crate::error::{Table, classify};
use crate::text::{body, utf8};
use crate::wire::eub::{LabelOrder, LabelRequest, Ordered, Orders, Status, Trace, Traces};
use crate::xml::{self, Element};

/// The interface's host. There is no HTTPS.
pub const HOST: &str = "http://shipping.ems.com.cn";
/// Host of the label files.
pub const LABELS: &str = "http://labels.ems.com.cn";

/// URL of a call: the interface's path, then segments that cannot change it.
fn url(base: &Url, segments: &[&str]) -> Url {
    wire::endpoint_of(&wire::endpoint(base, "partner/api/public/p"), segments)
}

fn request(method: Method, url: &Url, keys: &Eub, content: Option<String>) -> Result<Request> {
    let kind = content.as_ref().map(|_| "text/xml; charset=UTF-8");
    let mut request = wire::body_request(method, url, kind, content.unwrap_or_default().into())?;
    wire::set_header(&mut request, "version", "international_eub_us_1.1")?;
    let mut token = HeaderValue::from_str(keys.token.expose()).map_err(|_| {
        Error::new(ErrorKind::Config, "eub.token holds characters that HTTP does not allow: copy it again")
    })?;
    token.set_sensitive(true);
    request.headers_mut().insert(HeaderName::from_static("authenticate"), token);
    Ok(request)
}

fn xml(value: &impl Serialize) -> Result<String> {
    let text = quick_xml::se::to_string(value).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("request cannot be written as XML: {error}"))
    })?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"))
}

/// Places an order (`order`) or has it checked (`validate`).
pub(crate) fn order_request(base: &Url, keys: &Eub, path: &str, orders: &Orders) -> Result<Request> {
    request(Method::POST, &url(base, &[path]), keys, Some(xml(orders)?))
}

/// Cancels an order.
pub(crate) fn cancel_request(base: &Url, keys: &Eub, number: &str) -> Result<Request> {
    request(Method::DELETE, &url(base, &["order", number]), keys, None)
}

/// Has the label file of a number made.
pub(crate) fn label_request(base: &Url, keys: &Eub, number: &str, print_code: &str) -> Result<Request> {
    let body = LabelRequest { printcode: print_code, filetype: "0", order: LabelOrder { mailnum: number } };
    request(Method::POST, &url(base, &["print", "downloadLabels"]), keys, Some(xml(&body)?))
}

/// Fetches the label file of a number. Its address is worked out, never taken from an answer.
pub(crate) fn file_request(labels: &Url, keys: &Eub, number: &str) -> Result<Request> {
    let digest = label_path_digest(&keys.token, number);
    let file = format!("{number}.pdf");
    wire::request(Method::GET, &url(labels, &["static", "label", "download", &digest, &file]))
}

/// Asks for the events of a number, in English or Chinese.
pub(crate) fn track_request(base: &Url, keys: &Eub, language: &str, number: &str) -> Result<Request> {
    request(Method::GET, &url(base, &["track", "query", language, number]), keys, None)
}

/// An answer by its root element.
enum Answer {
    Ordered(Ordered),
    Status(Status),
    Traces(Traces),
    /// The four letters `null`.
    Null,
}

fn answer(response: &Response, what: &str) -> Result<Answer> {
    let text = body(response);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text == "null" {
        return Ok(Answer::Null);
    }
    let malformed = |problem: &str| {
        Error::malformed(format!("{what}: the answer {problem}")).with_words(wire::words_of(response))
    };
    let root = xml::read(text).map_err(malformed)?;
    let owned = |name: &str| root.find(name).map(str::to_owned);
    match root.name.to_ascii_lowercase().as_str() {
        "order" | "orders" => Ok(Answer::Ordered(Ordered { mailnum: owned("mailnum") })),
        "traces" | "trace" => Ok(Answer::Traces(traces(&root))),
        "response" if root.children.iter().any(|child| child.is("traces") || child.is("trace")) => {
            Ok(Answer::Traces(traces(&root)))
        }
        "response" => Ok(Answer::Status(Status {
            status: owned("status"),
            code: owned("code"),
            description: owned("description"),
        })),
        _ => Err(malformed("has a root element that is unknown")),
    }
}

fn traces(root: &Element) -> Traces {
    let mut found = Vec::new();
    root.all("trace", &mut found);
    let trace = |element: &&Element| {
        let owned = |name: &str| element.find(name).map(str::to_owned);
        Trace {
            accept_time: owned("acceptTime"),
            accept_address: owned("acceptAddress"),
            remark: owned("remark"),
        }
    };
    Traces { trace: found.iter().map(trace).collect() }
}

fn trimmed(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn refused(status: &Status, response: &Response) -> Error {
    classify(Table::Eub, trimmed(status.code.as_deref()), trimmed(status.description.as_deref()), response)
}

fn is_success(status: &Status) -> bool {
    trimmed(status.status.as_deref()).is_some_and(|status| status.eq_ignore_ascii_case("success"))
}

fn checked(response: Response, what: &str) -> Result<Response> {
    let response = utf8(response);
    // Errors of the interface's own form may come with any status.
    if !response.status().is_success() && !matches!(answer(&response, what), Ok(Answer::Status(_))) {
        return Err(wire::status_error(&response, what));
    }
    if response.status().is_server_error() {
        return Err(wire::status_error(&response, what));
    }
    Ok(response)
}

/// The number of an order: root `order` with a number in it. A root `response` is a refusal, even of `order`.
pub fn ordered(response: Response) -> Result<String> {
    let response = checked(response, "order")?;
    match answer(&response, "order")? {
        Answer::Ordered(order) => trimmed(order.mailnum.as_deref()).map(str::to_owned).ok_or_else(|| {
            Error::malformed("order: the answer has no number").with_words(wire::words_of(&response))
        }),
        Answer::Status(status) if !is_success(&status) => Err(refused(&status, &response)),
        _ => Err(Error::malformed("order: the answer is no order").with_words(wire::words_of(&response))),
    }
}

/// Whether a check, a cancel or a making of labels succeeded.
pub fn done(response: Response, what: &str) -> Result<()> {
    let response = checked(response, what)?;
    match answer(&response, what)? {
        Answer::Status(status) if is_success(&status) => Ok(()),
        Answer::Status(status) => Err(refused(&status, &response)),
        _ => Err(Error::malformed(format!("{what}: the answer is no status"))
            .with_words(wire::words_of(&response))),
    }
}

/// A label file. A page in its place means that it is not there (yet), or that somebody else answered.
pub fn file(response: Response) -> Result<Bytes> {
    if let Some(found) = pdf(response.body()) {
        return Ok(found);
    }
    if response.status().is_server_error() || matches!(response.status().as_u16(), 401 | 403 | 429) {
        return Err(wire::status_error(&response, "label"));
    }
    if response.status() == http::StatusCode::NOT_FOUND {
        return Err(no_label("label"));
    }
    let problem = "label: a page or nothing came in the file's place; the label may not be made yet";
    Err(Error::malformed(problem).with_words(wire::words_of(&response)))
}

/// Events; `None` when the number is unknown.
pub fn events(response: Response) -> Result<Option<Traces>> {
    let response = checked(response, "tracking")?;
    match answer(&response, "tracking")? {
        Answer::Traces(traces) => Ok(Some(traces)),
        Answer::Null => Ok(None),
        Answer::Status(status) => {
            let error = refused(&status, &response);
            if error.kind == ErrorKind::NotFound { Ok(None) } else { Err(error) }
        }
        Answer::Ordered(_) => {
            Err(Error::malformed("tracking: the answer is an order").with_words(wire::words_of(&response)))
        }
    }
}
