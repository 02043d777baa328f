//! `POST /security/v1/oauth/token`.

use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_core::{Secret, lenient};

/// A token; every value is text, the seconds too.
#[derive(Deserialize)]
pub struct TokenResponse {
    /// The token.
    pub access_token: Secret,
    /// Seconds until it ends, `"14399"`.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub expires_in: Option<Decimal>,
}
