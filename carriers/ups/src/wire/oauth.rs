//! `POST /security/v1/oauth/token` and `/refresh`.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use waybill_core::{Secret, lenient};

/// A token; every value is text, the seconds too.
#[derive(Deserialize)]
pub struct TokenResponse {
    /// The token.
    pub access_token: Secret,
    /// Seconds until it ends, `"14399"`.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub expires_in: Option<Decimal>,
    /// Renews it once; in answers to a code and to a renewal.
    #[serde(default, deserialize_with = "secret")]
    pub refresh_token: Option<Secret>,
    /// Seconds until the refresh token ends.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub refresh_token_expires_in: Option<Decimal>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let said: Option<String> = lenient::text(deserializer)?;
    Ok(said.map(Secret::new))
}
