//! Requests with the password in the query, and XML answers that are read with suspicion.

use http::Method;
use quick_xml::events::Event;
use serde::Serialize;
use serde::de::DeserializeOwned;
use waybill_core::{Error, ErrorKind, Request, Response, Result, wire};

use crate::config::{ApiVersion, Config};
use crate::error;

/// Deepest nesting of an answer; OnTrac's have seven levels.
const DEEPEST: usize = 24;

/// A question. The password is in its URL, which therefore appears nowhere else.
pub(crate) fn get(config: &Config, resource: &str, pairs: &[(&str, &str)]) -> Result<Request> {
    let mut request = build(config, config.version, resource, pairs, None)?;
    wire::accept(&mut request, "application/xml");
    Ok(request)
}

/// A message.
pub(crate) fn post(
    config: &Config,
    version: ApiVersion,
    resource: &str,
    body: &impl Serialize,
) -> Result<Request> {
    let text = quick_xml::se::to_string(body).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("request cannot be written as XML: {error}"))
    })?;
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}");
    let mut request = build(config, version, resource, &[], Some(text))?;
    wire::accept(&mut request, "application/xml");
    Ok(request)
}

fn build(
    config: &Config,
    version: ApiVersion,
    resource: &str,
    pairs: &[(&str, &str)],
    body: Option<String>,
) -> Result<Request> {
    let mut url = wire::endpoint_of(&config.base()?, &[version.as_str(), &config.account_number, resource]);
    url.query_pairs_mut().append_pair("pw", config.password.expose()).extend_pairs(pairs);
    match body {
        None => wire::request(Method::GET, &url),
        Some(text) => wire::body_request(Method::POST, &url, Some("application/xml"), text.into()),
    }
}

/// Reads an answer whose root is `root`. Any other root of OnTrac's is an error text or not understood; anything that is
/// no XML is `Malformed`, with the outcome open.
pub(crate) fn read<T: DeserializeOwned>(
    config: &Config,
    response: &Response,
    what: &str,
    root: &str,
) -> Result<T> {
    let malformed = |problem: &str| {
        Error::malformed(format!("{what}: the answer {problem}")).with_words(wire::words_of(response))
    };
    if !response.status().is_success() {
        return Err(wire::status_error(response, what));
    }
    let text = std::str::from_utf8(response.body()).map_err(|_| malformed("is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(malformed("is empty"));
    }
    let found = root_of(text).map_err(malformed)?;
    let unreadable = |_| malformed("cannot be read");
    if found.eq_ignore_ascii_case(root) {
        return quick_xml::de::from_str(text).map_err(unreadable);
    }
    if !found.starts_with("OnTrac") {
        return Err(malformed("is no answer of OnTrac; a proxy may have answered in its place"));
    }
    // A refusal may come under the root of another call.
    let refusal: crate::wire::Refusal = quick_xml::de::from_str(text).map_err(unreadable)?;
    Err(error::first(config, response, what, &[&refusal.error, &refusal.shipments.error])
        .unwrap_or_else(|| malformed("belongs to another call")))
}

/// Name of the root element, when the whole text is well nested, not too deep, and declares no entities.
fn root_of(text: &str) -> Result<String, &'static str> {
    const NO_XML: &str = "is no XML; a proxy may have answered in the carrier's place";
    if !text.starts_with('<') {
        return Err(NO_XML);
    }
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut depth, mut root) = (0_usize, None::<String>);
    loop {
        match reader.read_event().map_err(|_| NO_XML)? {
            Event::Start(start) => {
                if depth == 0 && root.is_some() {
                    return Err("has two roots");
                }
                root.get_or_insert_with(|| start.local_name().as_ref().to_owned());
                depth += 1;
                if depth > DEEPEST {
                    return Err("is nested too deeply");
                }
            }
            Event::Empty(start) => {
                root.get_or_insert_with(|| start.local_name().as_ref().to_owned());
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err("declares a document type, which is not read"),
            Event::Eof => break,
            _ => {}
        }
    }
    match root {
        Some(_) if depth > 0 => Err("ends in the middle"),
        Some(root) => Ok(root),
        None => Err("has no root element"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_well_nested_xml_has_a_root() {
        assert_eq!(root_of("<?xml version=\"1.0\"?><A><B/></A>").unwrap(), "A");
        for (text, word) in [
            ("hello", "no XML"),
            ("<A><B></A>", "no XML"),
            ("<A><B>", "middle"),
            ("<!DOCTYPE A [<!ENTITY x \"y\">]><A>&x;</A>", "document type"),
            ("<A/><B></B>", "two roots"),
            ("<!-- only this -->", "no root"),
        ] {
            assert!(root_of(text).unwrap_err().contains(word), "{text}");
        }
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        assert!(root_of(&deep).unwrap_err().contains("deeply"));
    }
}
