//! What a host and those that were reloaded from it share.

use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;
use waybill_core::{Error, ErrorKind, FieldProblem, Result};
use waybill_shop::TermsGate;

use crate::accounts::Accounts;
use crate::config::Config;

/// Accounts and terms of the newest host. A purchase keeps what it began with.
pub(crate) struct Latest(RwLock<(Arc<Accounts>, TermsGate)>);

impl Latest {
    pub(crate) fn new(accounts: Arc<Accounts>, gate: TermsGate) -> Self {
        Self(RwLock::new((accounts, gate)))
    }
    pub(crate) fn accounts(&self) -> Arc<Accounts> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }
    pub(crate) fn gate(&self) -> TermsGate {
        self.0.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
    pub(crate) fn set(&self, accounts: Arc<Accounts>, gate: TermsGate) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (accounts, gate);
    }
}

/// Sections that only a new process can change: the store, the pool and the engine are made once.
const FIXED: [&str; 6] = ["data_dir", "tenant", "store", "transport", "seal", "purchase"];

/// Refuses changes of what cannot change; all of them together.
pub(crate) fn check_unchanged(old: &Config, new: &Config) -> Result<()> {
    let (old, new) = (sections(old)?, sections(new)?);
    let problems: Vec<FieldProblem> = FIXED
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| {
            FieldProblem::new(key, "it cannot change while the host runs", "set it back, or restart the host")
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

fn sections(config: &Config) -> Result<Value> {
    serde_json::to_value(config).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}
