//! Access tokens: one per key pair, fetched once for all waiting calls.
//!
//! FedEx throttles its token endpoint per public address (403 for ten minutes above some 3 calls per second), asks to
//! reuse a token until a 401 is seen, and in places answers 403 with the code of an expired token.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use waybill_core::wire::{bearer, form_request, parse_json, set_header, words_of};
use waybill_core::{
    Cx, Error, ErrorKind, Phase, Repeatable, Request, Response, Result, Retry, Scope, SpendPermit, Token,
    TokenCache,
};

use crate::carrier::FedEx;
use crate::config::KeyPair;
use crate::documents;
use crate::error::failure;
use crate::wire::{ErrorAnswer, TokenAnswer};

/// Which key pair a call uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Project {
    /// Rate, Ship and the rest.
    Ship,
    /// Track.
    Track,
}

/// A call, ready but for its token.
pub struct Call {
    method: Method,
    path: &'static str,
    content_type: String,
    body: Bytes,
    trace: Option<String>,
}

impl Call {
    /// A call with a JSON body.
    pub fn new(method: Method, path: &'static str, body: &impl Serialize) -> Result<Self> {
        let body = json(body)?.into();
        Ok(Self { method, path, content_type: "application/json".to_owned(), body, trace: None })
    }

    /// `POST` of a description and a file.
    pub fn form(
        path: &'static str,
        head: &impl Serialize,
        name: &str,
        content_type: &str,
        file: &Bytes,
    ) -> Result<Self> {
        let (content_type, body) = documents::form(&json(head)?, name, content_type, file);
        Ok(Self { method: Method::POST, path, content_type, body: body.into(), trace: None })
    }

    /// `POST` with a JSON body.
    pub fn post(path: &'static str, body: &impl Serialize) -> Result<Self> {
        Self::new(Method::POST, path, body)
    }

    /// With a customer transaction id. FedEx only echoes it: it is no guard against a second sale.
    pub fn traced(mut self, id: String) -> Self {
        self.trace = Some(id);
        self
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(body).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("request cannot be written as JSON: {error}"))
    })
}

impl FedEx {
    /// Asks something that changes nothing.
    pub async fn ask(&self, cx: &Cx, project: Project, call: &Call) -> Result<Response> {
        self.repeatable(cx, project, Repeatable::Read, call).await
    }

    /// Changes something that may be changed twice.
    pub async fn change(&self, cx: &Cx, call: &Call) -> Result<Response> {
        self.repeatable(cx, Project::Ship, Repeatable::Change, call).await
    }

    /// Spends money, once. A token that FedEx refuses is forgotten, so that the next attempt gets a fresh one.
    pub async fn spend(&self, cx: &Cx, permit: SpendPermit, call: &Call) -> Result<Response> {
        let cache = self.tokens(Project::Ship);
        let token = cache.get(cx, || self.fetch_token(cx, Project::Ship)).await?;
        let response = cx.spend(permit, self.request(cx, call, &token)?).await?;
        if response.status().as_u16() == 401 || expired_as_forbidden(&response) {
            cache.invalidate(&token);
        }
        Ok(response)
    }

    async fn repeatable(
        &self,
        cx: &Cx,
        project: Project,
        effect: Repeatable,
        call: &Call,
    ) -> Result<Response> {
        let cache = self.tokens(project);
        let fetch = || self.fetch_token(cx, project);
        let build = |token: &Token| self.request(cx, call, token);
        let response = cache.send(cx, effect, fetch, build).await?;
        if !expired_as_forbidden(&response) {
            return Ok(response);
        }
        let held = cache.get(cx, fetch).await?;
        cache.invalidate(&held);
        cache.send(cx, effect, fetch, build).await
    }

    /// Fetches the token of a project. Nothing of a purchase has been sent when this fails.
    pub async fn fetch_token(&self, cx: &Cx, project: Project) -> Result<Token> {
        self.token(cx, project).await.map_err(|error| error.in_phase(Phase::NotSent))
    }

    async fn token(&self, cx: &Cx, project: Project) -> Result<Token> {
        let response = cx.read(self.token_request(project)?).await?;
        let status = response.status().as_u16();
        if status == 403 {
            return Err(Error::answered(
                ErrorKind::RateLimited { scope: Scope::Application, until: None },
                "FedEx refuses to give tokens to this network address for ten minutes: too many token requests",
                words_of(&response),
            )
            .with_retry(Retry::After(Duration::from_secs(600))));
        }
        if status == 401 || status == 400 {
            let error = failure(&response, "token");
            return Err(Error { kind: ErrorKind::Auth, retry: Retry::Never, ..error });
        }
        if status != 200 {
            return Err(failure(&response, "token"));
        }
        let mut answer: TokenAnswer = parse_json(&response, "token")?;
        let Some(value) = answer.access_token.take() else {
            return Err(Error::malformed("token: the answer holds no token").with_words(words_of(&response)));
        };
        let seconds = answer.expires_in.0.and_then(|seconds| seconds.trunc().try_into().ok()).unwrap_or(3600);
        Ok(Token::lasting(value, cx.now(), seconds))
    }

    fn token_request(&self, project: Project) -> Result<Request> {
        let config = self.config();
        let tracking: Option<&KeyPair> = config.tracking.as_ref().filter(|_| project == Project::Track);
        let (key, secret) = match tracking {
            Some(pair) => (&pair.api_key, &pair.secret_key),
            None => (&config.api_key, &config.secret_key),
        };
        let mut form = vec![("client_id", key.expose()), ("client_secret", secret.expose())];
        match &config.customer {
            Some(child) => {
                let grant = if child.proprietary { "client_pc_credentials" } else { "csp_credentials" };
                form.insert(0, ("grant_type", grant));
                // The capital K is FedEx's.
                form.push(("child_Key", child.child_key.expose()));
                form.push(("child_secret", child.child_secret.expose()));
            }
            None => form.insert(0, ("grant_type", "client_credentials")),
        }
        form_request(Method::POST, &self.url("/oauth/token"), &form)
    }

    fn request(&self, cx: &Cx, call: &Call, token: &Token) -> Result<Request> {
        let mut request = waybill_core::wire::body_request(
            call.method.clone(),
            &self.url(call.path),
            Some(&call.content_type),
            call.body.clone(),
        )?;
        set_header(&mut request, "x-locale", &locale(cx.call().language.as_deref()))?;
        if let Some(id) = &call.trace {
            set_header(&mut request, "x-customer-transaction-id", id)?;
        }
        bearer(&mut request, token)?;
        Ok(request)
    }

    /// The token cache of a project: the tracking project shares the first one's when it has no keys of its own.
    fn tokens(&self, project: Project) -> &TokenCache {
        match project {
            Project::Track if self.config().tracking.is_some() => &self.track_tokens,
            _ => &self.ship_tokens,
        }
    }
}

/// A 403 with the code of an expired token: FedEx has been seen to answer so in place of a 401.
fn expired_as_forbidden(response: &Response) -> bool {
    response.status().as_u16() == 403
        && serde_json::from_slice::<ErrorAnswer>(response.body()).is_ok_and(|answer| {
            answer.errors.iter().any(|error| error.code.or_empty() == "NOT.AUTHORIZED.ERROR")
        })
}

/// `de-DE` as FedEx writes it: `de_DE`.
fn locale(language: Option<&str>) -> String {
    let tag = language.unwrap_or("en-US");
    let mut parts = tag.split(['-', '_']);
    let (language, region) = (parts.next().unwrap_or_default(), parts.next_back().unwrap_or_default());
    let letters = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if letters(language) && letters(region) {
        format!("{}_{}", language.to_ascii_lowercase(), region.to_ascii_uppercase())
    } else {
        "en_US".to_owned()
    }
}

/// Proves a key pair alone, for the account check.
pub async fn prove_keys(carrier: &FedEx, cx: &Cx, project: Project) -> Result<()> {
    let cache = carrier.tokens(project);
    cache.get(cx, || carrier.fetch_token(cx, project)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_become_locales() {
        for (tag, expected) in [
            (None, "en_US"),
            (Some("de-DE"), "de_DE"),
            (Some("zh-Hans-CN"), "zh_CN"),
            (Some("fr"), "en_US"),
            (Some("x\ny"), "en_US"),
        ] {
            assert_eq!(locale(tag), expected);
        }
    }
}
