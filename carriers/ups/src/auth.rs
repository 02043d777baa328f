//! OAuth: client credentials, or an owner's refresh token, for a token that lives four hours; what every request carries.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use http::Method;
use rust_decimal::prelude::ToPrimitive;
use waybill_core::{Cx, LogLevel, Repeatable, Request, Response, Result, Secret, SpendPermit, Token, wire};

use crate::carrier::Ups;
use crate::config::Config;
use crate::wire::oauth::TokenResponse;
use crate::{consent, error};

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
        let fetch = || self.fetch(cx);
        self.tokens.spend(cx, permit, fetch, |token| stamped(cx, &request, token)).await
    }

    async fn repeatable(&self, cx: &Cx, effect: Repeatable, request: Request) -> Result<Response> {
        let fetch = || self.fetch(cx);
        self.tokens.send(cx, effect, fetch, |token| stamped(cx, &request, token)).await
    }

    /// Asks for a new token: for the owner who consented, else for the application's own account.
    pub(crate) async fn fetch(&self, cx: &Cx) -> Result<Token> {
        let Some(refresh_token) = self.renewal.next() else {
            let response = cx.read(token_request(&self.config)?).await?;
            return parse_token(&response, cx.now());
        };
        let response = cx.change(consent::refresh_request(&self.config, &refresh_token)?).await?;
        let (token, grant) = consent::parse(&response, "token renewal", cx.now()).map_err(|error| {
            consent::ended(
                error,
                "UPS does not renew the consent: let the owner of the account sign in again",
            )
        })?;
        if let Some(next) = grant.settings.get(consent::REFRESH_TOKEN) {
            self.renewal.set(Secret::new(next.expose()));
            if let Err(error) = cx.keep(&grant).await {
                let kind = error.kind.as_str();
                cx.log(
                    LogLevel::Warn,
                    format!("the renewed refresh token is not kept: {kind}: {}", error.message),
                );
            }
        }
        Ok(token)
    }
}

/// The refresh token that UPS takes next. It changes with each renewal.
#[derive(Debug, Default)]
pub(crate) struct Renewal(Mutex<Option<Secret>>);

impl Renewal {
    /// Begins with the one in the settings.
    pub(crate) fn from_settings(config: &Config) -> Self {
        Self(Mutex::new(config.refresh_token.clone()))
    }

    fn next(&self) -> Option<Secret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, next: Secret) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }
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
    let answer: TokenResponse = error::read(response, "token")?;
    Ok(token(&answer, now))
}

/// The access token of an answer.
pub(crate) fn token(answer: &TokenResponse, now: DateTime<Utc>) -> Token {
    let seconds = answer.expires_in.and_then(|seconds| seconds.to_u64()).unwrap_or(USUAL_LIFE);
    Token::lasting(answer.access_token.expose(), now, seconds)
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
