//! `POST /oauth/token`

use serde::{Deserialize, Serialize};

#[derive(Serialize)]
pub struct TokenRequest<'a> {
    pub client_id: &'a str,
    pub client_secret: &'a str,
}

#[derive(Deserialize)]
pub struct TokenReply {
    pub access_token: String,
    pub expires_in: u64,
}
