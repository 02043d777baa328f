//! `POST /oauth2/v3/token`

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

#[derive(Serialize)]
pub struct TokenRequest<'a> {
    pub grant_type: &'a str,
    pub client_id: &'a str,
    pub client_secret: &'a str,
}

#[derive(Deserialize)]
pub struct TokenAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    pub access_token: Option<String>,
    /// Seconds, as a number or a text.
    #[serde(default, deserialize_with = "lenient::text")]
    pub expires_in: Option<String>,
    /// Products that the app may use, separated by blanks.
    #[serde(default, deserialize_with = "lenient::text")]
    pub scope: Option<String>,
}
