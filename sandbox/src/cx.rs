use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::auth::Tokens;
use crate::{Account, Clock, Ledger, NewSale, Personality, Request, Sale, Story};

/// Switches and stories that hold for the whole sandbox.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) quirks: BTreeSet<(String, String)>,
    pub(crate) stories: HashMap<String, Story>,
    pub(crate) notes: HashMap<(String, String), String>,
    pub(crate) token_seconds: Option<i64>,
}

/// What the sandbox lends a personality for one request.
#[derive(Debug, Clone)]
pub struct Cx {
    pub(crate) carrier: &'static str,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    pub(crate) tokens: Tokens,
    pub(crate) switches: Arc<Mutex<Switches>>,
    pub(crate) lag: Duration,
    pub(crate) base_url: String,
}

impl Cx {
    /// Simulated time.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Address of this carrier, e.g. `http://127.0.0.1:4242/ups`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Is a quirk of this carrier switched on?
    pub fn quirk(&self, name: &str) -> bool {
        self.with(|switches| switches.quirks.contains(&(self.carrier.to_owned(), name.to_owned())))
    }

    /// The story of a parcel when one was set by its number.
    pub fn story(&self, number: &str) -> Option<Story> {
        self.with(|switches| switches.stories.get(number).copied())
    }

    /// Remembers a text under a key for as long as the process runs (pickups, uploads, jobs).
    pub fn remember(&self, key: &str, text: impl Into<String>) {
        let key = (self.carrier.to_owned(), key.to_owned());
        let text = text.into();
        self.with(|switches| switches.notes.insert(key, text));
    }

    /// What was remembered under a key.
    pub fn recall(&self, key: &str) -> Option<String> {
        let key = (self.carrier.to_owned(), key.to_owned());
        self.with(|switches| switches.notes.get(&key).cloned())
    }

    /// Forgets a key and says what was there.
    pub fn forget(&self, key: &str) -> Option<String> {
        let key = (self.carrier.to_owned(), key.to_owned());
        self.with(|switches| switches.notes.remove(&key))
    }

    /// A new token, valid for `seconds` unless the sandbox was told another lifetime.
    /// Answers the token and its lifetime.
    pub fn issue_token(&self, client: &str, seconds: i64) -> (String, i64) {
        let seconds = self.with(|switches| switches.token_seconds).unwrap_or(seconds);
        (self.tokens.issue(self.carrier, client, self.now(), seconds), seconds)
    }

    /// The account behind the request's bearer token.
    pub fn bearer_account(
        &self,
        personality: &dyn Personality,
        request: &Request,
    ) -> Option<&'static Account> {
        let client = self.tokens.client(self.carrier, request.bearer()?, self.now())?;
        personality.accounts().iter().find(|account| account.client_id == client)
    }

    /// Writes a sale to the ledger.
    pub fn sell(&self, new: NewSale) -> Sale {
        let now = self.now();
        let lag = TimeDelta::from_std(self.lag).unwrap_or_default();
        self.ledger.sell(new, now, now + lag)
    }

    /// Sales of an account that a lookup by reference finds now.
    pub fn find(&self, account: &str, reference: &str) -> Vec<Sale> {
        let now = self.now();
        let mut found = self.ledger.by_reference(self.carrier, reference);
        found.retain(|sale| sale.account == account && sale.visible_at <= now);
        found
    }

    /// The sale with this number, when lookups find it already.
    pub fn find_number(&self, number: &str) -> Option<Sale> {
        let now = self.now();
        self.ledger.by_number(self.carrier, number).filter(|sale| sale.visible_at <= now)
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Switches) -> T) -> T {
        work(&mut self.switches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
