//! Two tokens: OAuth for the app, payment authorization for everything that costs money.

use http::{HeaderValue, Method};
use waybill_core::wire::{self, bearer, json_request, parse_json};
use waybill_core::{Cx, Error, ErrorKind, Repeatable, Request, Response, Result, SpendPermit, Token};

use crate::carrier::Usps;
use crate::config::{Payment, Prices};
use crate::error::{inside, refusal};
use crate::wire::oauth::{TokenAnswer, TokenRequest};
use crate::wire::payment::{AuthorizationAnswer, AuthorizationRequest, Role};

/// Payment tokens live eight hours; the answer does not say so.
const PAYMENT_TOKEN_SECONDS: u64 = 8 * 3600;
/// Life of an OAuth token whose answer does not tell it.
const DEFAULT_TOKEN_SECONDS: u64 = 3600;

/// Which roles a payment token carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roles {
    Outbound,
    Return,
}

impl Usps {
    fn token_request(&self) -> Result<Request> {
        let body = TokenRequest {
            grant_type: "client_credentials",
            client_id: &self.config.client_id,
            client_secret: self.config.client_secret.expose(),
        };
        json_request(Method::POST, &self.url("/oauth2/v3/token"), &body)
    }

    /// Fetches a token and the products that the app may use.
    pub(crate) async fn fetch_access(&self, cx: &Cx) -> Result<(Token, Option<String>)> {
        let response = cx.read(self.token_request()?).await?;
        let answer = parse_token(&response)?;
        let seconds = answer.expires_in.as_deref().and_then(whole_seconds);
        let value = answer.access_token.unwrap_or_default();
        Ok((Token::lasting(value, cx.now(), seconds.unwrap_or(DEFAULT_TOKEN_SECONDS)), answer.scope))
    }

    async fn access_token(&self, cx: &Cx) -> Result<Token> {
        self.fetch_access(cx).await.map(|(token, _)| token).map_err(before_sending)
    }

    /// Sends a request that changes nothing.
    pub(crate) async fn read(
        &self,
        cx: &Cx,
        build: impl Fn() -> Result<Request> + Send + Sync,
    ) -> Result<Response> {
        let build = |token: &Token| authorized(build()?, token);
        self.access.send(cx, Repeatable::Read, || self.access_token(cx), build).await
    }

    /// Sends a request of the label APIs that may be repeated without harm.
    pub(crate) async fn label_call(
        &self,
        cx: &Cx,
        effect: Repeatable,
        build: impl Fn() -> Result<Request> + Send + Sync,
    ) -> Result<Response> {
        let payment = self.payment_token(cx, Roles::Outbound).await?;
        let build = |token: &Token| paid(authorized(build()?, token)?, &payment);
        let response = self.access.send(cx, effect, || self.access_token(cx), build).await?;
        if response.status() == http::StatusCode::UNAUTHORIZED {
            self.payment.invalidate(&payment);
        }
        Ok(response)
    }

    /// Sends a request that buys, once.
    pub(crate) async fn spend(
        &self,
        cx: &Cx,
        permit: SpendPermit,
        roles: Option<Roles>,
        build: impl Fn() -> Result<Request> + Send + Sync,
    ) -> Result<Response> {
        let payment = match roles {
            Some(roles) => Some(self.payment_token(cx, roles).await?),
            None => None,
        };
        let build = |token: &Token| {
            let request = authorized(build()?, token)?;
            payment.as_ref().map_or(Ok(request.clone()), |payment| paid(request, payment))
        };
        let response = self.access.spend(cx, permit, || self.access_token(cx), build).await?;
        if let (Some(payment), http::StatusCode::UNAUTHORIZED) = (&payment, response.status()) {
            self.payment.invalidate(payment);
            self.return_payment.invalidate(payment);
        }
        Ok(response)
    }

    async fn payment_token(&self, cx: &Cx, roles: Roles) -> Result<Token> {
        let cache = match roles {
            Roles::Outbound => &self.payment,
            Roles::Return => &self.return_payment,
        };
        cache.get(cx, || self.fetch_payment(cx, roles)).await.map_err(before_sending)
    }

    async fn fetch_payment(&self, cx: &Cx, roles: Roles) -> Result<Token> {
        let body = AuthorizationRequest { roles: payment_roles(self.payer()?, self.config.prices, roles) };
        let url = self.url("/payments/v3/payment-authorization");
        let response = self.read(cx, || json_request(Method::POST, &url, &body)).await?;
        Ok(Token::lasting(parse_payment(&response)?, cx.now(), PAYMENT_TOKEN_SECONDS))
    }

    /// The paying account, or how to name one.
    pub(crate) fn payer(&self) -> Result<&Payment> {
        self.config.payment.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "USPS labels need a paying account: add a `payment` section with CRID, MID and account number",
            )
        })
    }
}

/// The roles of a payment authorization. Published prices are charged exactly when there is no `RATE_HOLDER`.
pub(crate) fn payment_roles(payment: &Payment, prices: Prices, roles: Roles) -> Vec<Role> {
    let payer = |role_name| Role {
        role_name,
        crid: payment.crid.clone(),
        mid: payment.mid.clone(),
        manifest_mid: payment.manifest_mid.clone().unwrap_or_else(|| payment.mid.clone()),
        account_type: Some(payment.account_type.as_str()),
        account_number: payment.account_number.clone(),
        permit_number: payment.permit_number.clone(),
        permit_zip: payment.permit_zip.clone(),
    };
    let owner = |role_name| match &payment.label_owner {
        Some(owner) => Role {
            role_name,
            crid: owner.crid.clone(),
            mid: owner.mid.clone(),
            manifest_mid: owner.manifest_mid.clone().unwrap_or_else(|| owner.mid.clone()),
            ..Role::default()
        },
        None => Role {
            account_type: None,
            account_number: None,
            permit_number: None,
            permit_zip: None,
            ..payer(role_name)
        },
    };
    let mut all = vec![payer("PAYER"), owner("LABEL_OWNER")];
    let contract = prices == Prices::Contract;
    if contract {
        all.push(payer("RATE_HOLDER"));
    }
    if roles == Roles::Return {
        all.extend([payer("RETURN_LABEL_PAYER"), owner("RETURN_LABEL_OWNER")]);
        if contract {
            all.push(payer("RETURN_LABEL_RATE_HOLDER"));
        }
    }
    all
}

/// `28799` or `28799.0`.
fn whole_seconds(text: &str) -> Option<u64> {
    text.split('.').next()?.trim().parse().ok().filter(|seconds| *seconds > 0)
}

fn parse_token(response: &Response) -> Result<TokenAnswer> {
    const WHAT: &str = "USPS sign-in";
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let answer: TokenAnswer = parse_json(response, WHAT)?;
    if answer.access_token.is_none() {
        return Err(Error::malformed(format!("{WHAT}: the answer holds no token"))
            .with_words(wire::words_of(response)));
    }
    Ok(answer)
}

/// The token of a payment authorization.
pub(crate) fn parse_payment(response: &Response) -> Result<String> {
    const WHAT: &str = "USPS payment authorization";
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let answer: AuthorizationAnswer = parse_json(response, WHAT)?;
    answer.payment_authorization_token.ok_or_else(|| {
        if let Some(error) = inside(response, WHAT) {
            return error;
        }
        Error::malformed(format!("{WHAT}: the answer holds no token")).with_words(wire::words_of(response))
    })
}

/// A token could not be had, so the request that it was for never left.
fn before_sending(error: Error) -> Error {
    error.in_phase(waybill_core::Phase::NotSent)
}

fn authorized(mut request: Request, token: &Token) -> Result<Request> {
    bearer(&mut request, token)?;
    Ok(request)
}

fn paid(mut request: Request, payment: &Token) -> Result<Request> {
    let mut value = HeaderValue::from_str(payment.value.expose()).map_err(|_| {
        Error::malformed("USPS payment authorization: the token holds characters that HTTP does not allow")
            .in_phase(waybill_core::Phase::NotSent)
    })?;
    value.set_sensitive(true);
    request.headers_mut().insert("x-payment-authorization-token", value);
    Ok(request)
}

/// Parses a token answer; for tests of the pure half.
pub(crate) fn token_answer(response: &Response) -> Result<()> {
    parse_token(response).map(drop)
}
