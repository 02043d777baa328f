//! Who takes part in a shop.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{Carrier, CarrierId, Cx};

/// Whose account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The operator's account, open to every tenant.
    House,
    /// The tenant's own account, linked by the tenant; the carrier bills the tenant.
    Own,
}

/// Names an account in answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AccountRef {
    /// The host's name for the account.
    pub name: String,
    /// Its carrier.
    pub carrier: CarrierId,
    /// Whose it is.
    pub owner: Owner,
}

/// Makes a context for one call: the operation's name, and when the caller stops waiting.
pub type MakeCx = dyn Fn(&str, Option<DateTime<Utc>>) -> Cx + Send + Sync;

/// An account that is asked, with the way to make a context for one call on it.
#[derive(Clone)]
pub struct Participant {
    /// Its name.
    pub account: AccountRef,
    /// Changes when the name means another account or its settings change; cached answers do not survive it.
    pub fingerprint: String,
    /// The opened account.
    pub carrier: Arc<dyn Carrier>,
    /// Makes a context for an operation with a deadline.
    pub cx: Arc<MakeCx>,
}

impl std::fmt::Debug for Participant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Participant").field(&self.account).finish()
    }
}
