use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// Tokens handed out, per carrier; they expire by the sandbox's clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tokens(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    issued: HashMap<String, Token>,
    count: u64,
}

#[derive(Debug)]
struct Token {
    carrier: String,
    client: String,
    expires: DateTime<Utc>,
}

impl Tokens {
    /// A new token for a client.
    pub(crate) fn issue(&self, carrier: &str, client: &str, now: DateTime<Utc>, seconds: i64) -> String {
        let mut state = self.state();
        state.count += 1;
        let token = format!("sandbox-{carrier}-{:08x}-{:x}", state.count, now.timestamp_millis());
        let expires = now + TimeDelta::seconds(seconds);
        state.issued.retain(|_, old| old.expires > now);
        state.issued.insert(token.clone(), Token { carrier: carrier.into(), client: client.into(), expires });
        token
    }

    /// The client of a token that is valid now.
    pub(crate) fn client(&self, carrier: &str, token: &str, now: DateTime<Utc>) -> Option<String> {
        let state = self.state();
        let found = state.issued.get(token)?;
        (found.carrier == carrier && found.expires > now).then(|| found.client.clone())
    }

    /// Forgets a carrier's tokens.
    pub(crate) fn expire(&self, carrier: &str) {
        self.state().issued.retain(|_, token| token.carrier != carrier);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
