//! Who takes part in a shop.

use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
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

/// How many questions are under way at an account at one time. Further ones wait for their turn: a question that waits
/// costs a fraction of the memory of one that is under way, and a carrier in trouble is not buried under more.
///
/// Clones share the turns, so that an account has one of these, whatever the number of shops.
#[derive(Debug, Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    at_once: NonZeroU32,
}

impl Turns {
    /// More than the published quotas of any carrier allow at its usual pace.
    pub const USUAL: NonZeroU32 = NonZeroU32::new(256).expect("not zero");

    /// So many at one time.
    pub fn new(at_once: NonZeroU32) -> Self {
        // Where a pointer has 32 bits there are fewer permits than numbers.
        let permits = (at_once.get() as usize).min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(permits)), at_once }
    }

    /// How many at one time.
    pub fn at_once(&self) -> NonZeroU32 {
        self.at_once
    }

    /// A turn, until it is dropped; `None` when none came until then.
    pub(crate) async fn take(&self, until: Instant) -> Option<SemaphorePermit<'_>> {
        if let Ok(free) = self.free.try_acquire() {
            return Some(free);
        }
        tokio::time::timeout_at(until, self.free.acquire()).await.ok()?.ok()
    }
}

impl Default for Turns {
    fn default() -> Self {
        Self::new(Self::USUAL)
    }
}

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
    /// How many questions it is asked at one time.
    pub turns: Turns,
}

impl std::fmt::Debug for Participant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Participant").field(&self.account).finish()
    }
}
