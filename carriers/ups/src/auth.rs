//! OAuth: client credentials for a token that lives four hours, and what every request carries.

use chrono::{DateTime, Utc};
use http::Method;
use rust_decimal::prelude::ToPrimitive;
use waybill_core::{Cx, Repeatable, Request, Response, Result, SpendPermit, Token, wire};

use crate::carrier::Ups;
use crate::config::Config;
use crate::error;
use crate::wire::oauth::TokenResponse;

/// Seconds that a token lives when UPS does not say (its usual figure is 14,399).
const USUAL_LIFE: u64 = 3_600;

impl Ups {
    /// Sends a request that changes nothing.
    pub(crate) async fn read(&self, cx: &Cx, request: Request) -> Result<Response> {
        self.repeatable(cx, Repeatable::Read, request).await
    }

    /// Sends a request that may be repeated without harm.
    pub(crate) async fn change(&self, cx: &Cx, request: Request) -> Result<Response> {
        self.repeatable(cx, Repeatable::Change, request).await
    }

    /// Sends a request that spends money, once.
    pub(crate) async fn spend(&self, cx: &Cx, permit: SpendPermit, request: Request) -> Result<Response> {
        let fetch = || fetch(cx, &self.config);
        self.tokens.spend(cx, permit, fetch, |token| stamped(cx, &request, token)).await
    }

    async fn repeatable(&self, cx: &Cx, effect: Repeatable, request: Request) -> Result<Response> {
        let fetch = || fetch(cx, &self.config);
        self.tokens.send(cx, effect, fetch, |token| stamped(cx, &request, token)).await
    }
}

/// Asks for a new token.
pub(crate) async fn fetch(cx: &Cx, config: &Config) -> Result<Token> {
    let response = cx.read(token_request(config)?).await?;
    parse_token(&response, cx.now())
}

/// The token request: the only one that carries the secret.
pub(crate) fn token_request(config: &Config) -> Result<Request> {
    let url = wire::endpoint(&config.base()?, "/security/v1/oauth/token");
    let mut request = wire::form_request(Method::POST, &url, &[("grant_type", "client_credentials")])?;
    wire::basic_auth(&mut request, &config.client_id, config.client_secret.expose())?;
    wire::set_header(&mut request, "x-merchant-id", &config.account_number)?;
    Ok(request)
}

/// Reads a token.
pub(crate) fn parse_token(response: &Response, now: DateTime<Utc>) -> Result<Token> {
    let token: TokenResponse = error::read(response, "token")?;
    let seconds = token.expires_in.and_then(|seconds| seconds.to_u64()).unwrap_or(USUAL_LIFE);
    Ok(Token::lasting(token.access_token.expose(), now, seconds))
}

/// The request with token and tracing headers. Tracking requires `transId` and `transactionSrc`, the other APIs take
/// them; a `transId` that is there already stays.
fn stamped(cx: &Cx, request: &Request, token: &Token) -> Result<Request> {
    let mut request = request.clone();
    wire::bearer(&mut request, token)?;
    if !request.headers().contains_key("transid") {
        wire::set_header(
            &mut request,
            "transid",
            &format!("{:08x}-{:x}", cx.call().id, cx.now().timestamp_millis()),
        )?;
    }
    wire::set_header(&mut request, "transactionsrc", "waybill")?;
    Ok(request)
}
