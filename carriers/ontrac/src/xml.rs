//! Requests with the password in the query, and XML answers that are read with suspicion.

use std::borrow::Cow;

use http::Method;
use serde::Serialize;
use waybill_core::{Error, ErrorKind, Request, Response, Result, wire};

use crate::answer::{Element, Elements, Trouble};
use crate::config::{ApiVersion, Config};
use crate::error;
use crate::wire::Refusal;

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
pub(crate) fn read<T: Element>(config: &Config, response: &Response, what: &str, root: &str) -> Result<T> {
    read_any(config, response, what, &[root])
}

/// The same for an answer that has several roots.
pub(crate) fn read_any<T: Element>(
    config: &Config,
    response: &Response,
    what: &str,
    roots: &[&str],
) -> Result<T> {
    let malformed = |problem: Trouble| {
        Error::malformed(format!("{what}: the answer {problem}")).with_words(wire::words_of(response))
    };
    if !response.status().is_success() {
        return Err(refused(config, response, what));
    }
    let text = text_of(response.body());
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(malformed("is empty"));
    }
    let (mut elements, found) = Elements::open(text).map_err(malformed)?;
    let found = found.local_name();
    if roots.iter().any(|root| found.as_ref().eq_ignore_ascii_case(root)) {
        return elements.root().map_err(malformed);
    }
    if !is_ontracs(found.as_ref()) {
        return Err(malformed("is no answer of OnTrac; a proxy may have answered in its place"));
    }
    // A refusal may come under the root of another call.
    let refusal: Refusal = elements.root().map_err(malformed)?;
    Err(error::first(config, response, what, &[&refusal.error, &refusal.shipments.error])
        .unwrap_or_else(|| malformed("belongs to another call")))
}

fn is_ontracs(root: &str) -> bool {
    root.to_ascii_lowercase().starts_with("ontrac")
}

/// The document promises UTF-8. A text that is none is read byte by byte as Latin-1, so that a name in it never makes a
/// sold label unreadable.
fn text_of(body: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(body.iter().copied().map(char::from).collect()),
    }
}

/// OnTrac answers 200 to everything that it understands. Another status is a server's, unless OnTrac's own words stand
/// in it.
fn refused(config: &Config, response: &Response, what: &str) -> Error {
    let base = wire::status_error(response, what);
    let text = text_of(response.body());
    let text = text.trim_start_matches('\u{feff}').trim();
    let own = Elements::open(text).ok().filter(|(_, root)| is_ontracs(root.local_name().as_ref()));
    let refusal: Option<Refusal> = own
        .and_then(|(mut elements, _)| elements.root().ok())
        .filter(|_| response.status().is_client_error());
    let said = refusal.and_then(|refusal| {
        error::first(config, response, what, &[&refusal.error, &refusal.shipments.error])
    });
    said.unwrap_or(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_read_in_every_shape_of_xml() {
        use crate::wire::rates::RateResponse;
        let config: Config =
            serde_json::from_value(serde_json::json!({ "account_number": "1", "password": "p" })).unwrap();
        let plain = "<OnTracRateResponse><Shipments><Shipment><Rates><Rate><Service>C</Service><TotalCharge>1.50</TotalCharge></Rate></Rates><UID>1</UID><Error/></Shipment></Shipments><Error/></OnTracRateResponse>";
        let shapes = [
            ("plain", plain.to_owned()),
            ("mark", format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n{plain}\r\n")),
            ("namespaces", plain.replace("<OnTracRateResponse>", "<OnTracRateResponse xmlns=\"urn:x\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">")),
            ("prefixes", plain.replace("</", "</a:").replace("<", "<a:").replace("<a:/a:", "</a:")),
            ("attributes", plain.replace("<Service>", "<Service type=\"x\" id='2'>")),
            ("cdata", plain.replace("<Service>C<", "<Service><![CDATA[C]]><")),
            ("comments", plain.replace("<Service>C<", "<!-- x --><Service><!-- y -->C<")),
            ("nil", plain.replace("<Error/>", "<Error xsi:nil=\"true\"/>")),
            ("long", plain.replace("<Error/>", "<Error></Error>")),
            ("blank", plain.replace("<Error/>", "<Error>  \n </Error>").replace("><", "> \n <")),
            ("more", plain.replace("<Service>", "<New><Service>Z</Service><Deep a=\"1\"/></New><Service>")),
            ("apart", plain.replace("<UID>1</UID><Error/></Shipment>", "<UID>1</UID></Shipment><Error/><Shipment><UID>2</UID></Shipment>")),
            ("text", plain.replace("<Shipments>", "<Shipments>words")),
            ("entity", plain.replace("<Error/>", "<Note>a&nbsp;b &amp; c</Note><Error/>")),
        ];
        for (name, text) in shapes {
            let response = Response::new(text.into());
            let answer: RateResponse = read(&config, &response, "rates", "OnTracRateResponse").unwrap();
            let shipment = &answer.shipments.shipment[0];
            let rate = &shipment.rates.rate[0];
            assert_eq!(
                (shipment.uid.trim(), rate.service.trim(), rate.total_charge.trim(), answer.error.trim()),
                ("1", "C", "1.50", ""),
                "{name}"
            );
        }
        // A name in Latin-1 does not make an answer unreadable.
        let mut latin = plain.replace("<Error/>", "<Note>\u{1}</Note><Error/>").into_bytes();
        let at = latin.iter().position(|byte| *byte == 1).unwrap();
        latin[at] = 0xE9;
        assert!(
            read::<RateResponse>(&config, &Response::new(latin.into()), "rates", "OnTracRateResponse")
                .is_ok()
        );
    }

    #[test]
    fn another_status_with_words_of_ontracs_is_a_refusal() {
        let config: Config =
            serde_json::from_value(serde_json::json!({ "account_number": "1", "password": "p" })).unwrap();
        let own = "<OnTracRateResponse><Error>Invalid Username or Password</Error></OnTracRateResponse>";
        for (status, body, kind) in [
            (400, own, ErrorKind::Auth),
            (500, own, ErrorKind::Unavailable),
            (400, "<html>Bad Request</html>", ErrorKind::Other("http_400".to_owned())),
            (404, "", ErrorKind::NotFound),
        ] {
            let mut response = Response::new(body.into());
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            let error = read::<Refusal>(&config, &response, "rates", "OnTracRateResponse").unwrap_err();
            assert_eq!(error.kind, kind, "{status} {body}");
        }
    }
}
