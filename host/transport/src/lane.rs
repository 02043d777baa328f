//! One account's way to its carrier.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use waybill_core::{Error, ErrorKind, Quota, Result, Secret};

use crate::limits::Limits;
use crate::redact::Redactor;

/// What a lane is made from.
#[derive(Debug, Clone, Default)]
pub struct LaneSettings {
    /// The host's name for the account.
    pub account: String,
    /// The carrier's id.
    pub carrier: String,
    /// Host names that requests may go to.
    pub hosts: Vec<String>,
    /// Published call limits.
    pub quotas: Vec<Quota>,
    /// Secret texts of the account, for redaction.
    pub secrets: Vec<Secret>,
    /// Longest wait for the answer to a purchase.
    pub spend_timeout: Option<Duration>,
}

/// One account's way to its carrier: which hosts it may reach, what it may spend of the carrier's patience.
pub struct Lane {
    pub(crate) account: String,
    pub(crate) carrier: String,
    hosts: BTreeSet<String>,
    quotas: Vec<Quota>,
    pub(crate) limits: Limits,
    pub(crate) redactor: Redactor,
    pub(crate) spend_timeout: Duration,
    pub(crate) counters: Counters,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) calls: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) failures: AtomicU64,
    pub(crate) spends: AtomicU64,
}

/// What a lane has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneStats {
    /// Requests that left.
    pub calls: u64,
    /// Of these, repeated reads.
    pub retries: u64,
    /// Of these, without an answer.
    pub failures: u64,
    /// Of these, spending money.
    pub spends: u64,
}

impl Lane {
    /// A lane.
    pub fn new(settings: LaneSettings) -> Arc<Self> {
        Arc::new(Self {
            account: settings.account,
            carrier: settings.carrier,
            hosts: settings.hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect(),
            limits: Limits::new(&settings.quotas),
            quotas: settings.quotas,
            redactor: Redactor::new(settings.secrets),
            spend_timeout: settings.spend_timeout.unwrap_or(Duration::from_secs(60)),
            counters: Counters::default(),
        })
    }

    /// What the lane has done so far.
    pub fn stats(&self) -> LaneStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LaneStats {
            calls: read(&self.counters.calls),
            retries: read(&self.counters.retries),
            failures: read(&self.counters.failures),
            spends: read(&self.counters.spends),
        }
    }

    /// The call limits that are kept.
    pub fn quotas(&self) -> Vec<Quota> {
        self.quotas.clone()
    }

    /// Whether a request may go to a host: an exact name, or `*.example.com` in the profile for its subdomains.
    pub(crate) fn check_host(&self, uri: &http::Uri) -> Result<()> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        let allowed = self.hosts.contains(&host)
            || self
                .hosts
                .iter()
                .filter_map(|name| name.strip_prefix("*."))
                .any(|domain| host.ends_with(&format!(".{domain}")));
        if allowed {
            return Ok(());
        }
        let message = format!(
            "carrier `{}` tried to reach `{host}`, which its profile does not list: nothing was sent; add the host to the profile, or set the account's base_url",
            self.carrier
        );
        Err(Error::new(ErrorKind::Config, message))
    }

    pub(crate) fn count(&self, counter: impl Fn(&Counters) -> &AtomicU64) {
        counter(&self.counters).fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("account", &self.account)
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}
