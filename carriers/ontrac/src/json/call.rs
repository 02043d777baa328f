//! Requests with the key in their path, and what an answer says when it is a refusal.

use http::Method;
use serde::Serialize;
use url::Url;
use waybill_core::{Error, ErrorKind, Request, Response, Result, wire};

use crate::config::{Config, JSON_HOST, JsonAccount};

/// Prices.
pub(crate) const RATES: &str = "ServicesAndCharges";
/// Labels.
pub(crate) const ORDER: &str = "PlaceOrder";

/// A message. The key is in its URL, which therefore appears nowhere else.
pub(crate) fn post(
    config: &Config,
    account: &JsonAccount,
    method: &str,
    rest: &[&str],
    body: &impl Serialize,
) -> Result<Request> {
    let base = match &config.base_url {
        Some(base) => base.clone(),
        None => Url::parse(&format!("https://{JSON_HOST}"))
            .map_err(|_| Error::new(ErrorKind::Internal, "the built-in address is no URL"))?,
    };
    let head = ["Method", method, "v3", "json", &account.api_id, account.api_key.expose()];
    let segments: Vec<&str> = head.into_iter().chain(rest.iter().copied()).collect();
    let mut request = wire::json_request(Method::POST, &wire::endpoint_of(&base, &segments), body)?;
    wire::accept(&mut request, "application/json");
    Ok(request)
}

/// Whether `Error` says that there is one.
pub(crate) fn is_error(flag: Option<&str>) -> bool {
    flag.is_some_and(|flag| crate::text::truth(flag) != Some(false))
}

/// A refusal in OnTrac's words. There is no list of them.
pub(crate) fn refusal(account: &JsonAccount, response: &Response, what: &str, text: &str) -> Error {
    let mut words = wire::words_of(response);
    words.message = Some(shown(account, text));
    let lower = text.to_ascii_lowercase();
    let says = |any: &[&str]| any.iter().any(|word| lower.contains(word));
    let kind = match response.status().as_u16() {
        401 => ErrorKind::Auth,
        403 => ErrorKind::NotEntitled,
        _ if says(&["norate", "no rate", "not serviced", "no service"]) => ErrorKind::NoService,
        _ if says(&["api key", "apikey", "unauthorized", "authentication"]) => ErrorKind::Auth,
        _ => ErrorKind::Other("ontrac".to_owned()),
    };
    Error::answered(kind, format!("{what}: OnTrac refused"), words)
}

/// A text as it may be shown: short, and without the key, should OnTrac ever repeat it.
pub(crate) fn shown(account: &JsonAccount, text: &str) -> String {
    let text = text.trim().replace(account.api_key.expose(), "[redacted]");
    wire::clip(&text, 200).to_owned()
}
