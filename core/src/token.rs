//! Access tokens: one fetch for any number of waiting calls, renewed before they end.

use std::future::Future;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::{Cx, Request, Response, Result, Secret, SpendPermit};

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// When the carrier stops to accept it.
    pub expires_at: DateTime<Utc>,
}

impl Token {
    /// A token that lives for some seconds from now.
    pub fn lasting(value: impl Into<String>, now: DateTime<Utc>, seconds: u64) -> Self {
        let life = chrono::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX / 1000));
        Self { value: Secret::new(value), expires_at: now.checked_add_signed(life).unwrap_or(now) }
    }
}

/// Holds the token of one key pair. A carrier keeps one per key pair among its fields.
///
/// Sixty-four calls that start cold make one token request: the first one fetches while the others wait for it.
#[derive(Debug)]
pub struct TokenCache {
    token: RwLock<Option<Token>>,
    fetching: async_lock::Mutex<()>,
    margin: chrono::Duration,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::with_margin(Duration::from_secs(60))
    }
}

impl TokenCache {
    /// A cache that renews a token this long before it ends.
    pub fn with_margin(margin: Duration) -> Self {
        let margin = chrono::Duration::from_std(margin).unwrap_or_else(|_| chrono::Duration::seconds(60));
        Self { token: RwLock::new(None), fetching: async_lock::Mutex::new(()), margin }
    }

    /// The current token, fetched when there is none or it is about to end.
    pub async fn get<Fetch, Fetched>(&self, cx: &Cx, fetch: Fetch) -> Result<Token>
    where
        Fetch: FnOnce() -> Fetched + Send,
        Fetched: Future<Output = Result<Token>> + Send,
    {
        if let Some(token) = self.current(cx.now()) {
            return Ok(token);
        }
        // Held across the fetch on purpose: that is what makes the others wait for the one answer.
        let _only_one = self.fetching.lock().await;
        if let Some(token) = self.current(cx.now()) {
            return Ok(token);
        }
        let token = fetch().await?;
        *self.token.write().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    /// Forgets a token that the carrier refused; a newer one stays.
    pub fn invalidate(&self, refused: &Token) {
        let mut held = self.token.write().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref() == Some(refused) {
            *held = None;
        }
    }

    /// Sends a request that may be repeated with a token; after a 401 once more with a fresh one.
    ///
    /// `send` is `Cx::read` or `Cx::change`, `build` makes the request from a token.
    pub async fn send<Fetch, Fetched, Build>(
        &self,
        cx: &Cx,
        effect: Repeatable,
        fetch: Fetch,
        build: Build,
    ) -> Result<Response>
    where
        Fetch: Fn() -> Fetched + Send + Sync,
        Fetched: Future<Output = Result<Token>> + Send,
        Build: Fn(&Token) -> Result<Request> + Send + Sync,
    {
        let token = self.get(cx, &fetch).await?;
        let response = effect.send(cx, build(&token)?).await?;
        if response.status() != http::StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        self.invalidate(&token);
        let fresh = self.get(cx, &fetch).await?;
        effect.send(cx, build(&fresh)?).await
    }

    /// Sends a request that spends money with a token, once. After a 401 the token is forgotten, so that the engine's
    /// next attempt gets a fresh one.
    pub async fn spend<Fetch, Fetched, Build>(
        &self,
        cx: &Cx,
        permit: SpendPermit,
        fetch: Fetch,
        build: Build,
    ) -> Result<Response>
    where
        Fetch: Fn() -> Fetched + Send + Sync,
        Fetched: Future<Output = Result<Token>> + Send,
        Build: Fn(&Token) -> Result<Request> + Send + Sync,
    {
        let token = self.get(cx, &fetch).await?;
        let response = cx.spend(permit, build(&token)?).await?;
        if response.status() == http::StatusCode::UNAUTHORIZED {
            self.invalidate(&token);
        }
        Ok(response)
    }

    fn current(&self, now: DateTime<Utc>) -> Option<Token> {
        let held = self.token.read().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|token| now + self.margin < token.expires_at).cloned()
    }
}

/// The effects that a helper may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeatable {
    /// Changes nothing.
    Read,
    /// May be repeated without harm.
    Change,
}

impl Repeatable {
    async fn send(self, cx: &Cx, request: Request) -> Result<Response> {
        match self {
            Self::Read => cx.read(request).await,
            Self::Change => cx.change(request).await,
        }
    }
}
