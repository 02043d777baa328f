//! HTTP Basic and the headers that every call carries. There is no token.

use http::{HeaderName, HeaderValue};
use waybill_core::{Request, Result, wire};

use crate::config::Config;

/// Adds credentials and headers to a request. `reference` becomes `Message-Reference` (1 to 36 characters): it is
/// for DHL's support and no idempotency key.
pub(crate) fn seal(config: &Config, mut request: Request, reference: Option<&str>) -> Result<Request> {
    wire::basic_auth(&mut request, config.username.expose(), config.password.expose())?;
    wire::accept(&mut request, "application/json");
    // The specification marks the header as required and its value as fixed.
    request.headers_mut().insert(HeaderName::from_static("x-version"), HeaderValue::from_static("3.1.0"));
    if let Some(reference) = reference.and_then(|text| HeaderValue::from_str(text).ok()) {
        request.headers_mut().insert(HeaderName::from_static("message-reference"), reference);
    }
    Ok(request)
}
