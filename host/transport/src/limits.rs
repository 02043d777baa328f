//! Call quotas of an account. A bucket of half the quota that refills with the other half never exceeds the quota in
//! any window. Reads may use four fifths; the rest is kept for purchases, voids and recovery.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota as Bucket, RateLimiter};
use waybill_core::{Effect, Quota};

/// The quotas of one account, and the pause that a carrier asked for.
pub(crate) struct Limits {
    buckets: Vec<QuotaBuckets>,
    paused_until: Mutex<Option<Instant>>,
}

struct QuotaBuckets {
    path: String,
    all: DefaultDirectRateLimiter,
    reads: DefaultDirectRateLimiter,
}

impl Limits {
    pub(crate) fn new(quotas: &[Quota]) -> Self {
        let buckets = quotas
            .iter()
            .filter_map(|quota| {
                let all = bucket(quota.calls, quota.seconds)?;
                let reads = bucket((quota.calls * 4 / 5).max(1), quota.seconds)?;
                Some(QuotaBuckets { path: quota.path.clone(), all, reads })
            })
            .collect();
        Self { buckets, paused_until: Mutex::new(None) }
    }

    /// Time to wait before a call may leave; zero when it may leave now, in which case it is counted.
    ///
    /// Called again after each wait, until it answers zero.
    pub(crate) fn admit(&self, path: &str, effect: Effect) -> Duration {
        let pause = self.pause_left();
        // A pause that the carrier asked for holds for reads; money is not kept waiting by a busy rate endpoint unless
        // the pause is for it, which its own 429 would say again.
        if !pause.is_zero() && effect == Effect::Read {
            return pause;
        }
        let clock = DefaultClock::default();
        for bucket in self.buckets.iter().filter(|bucket| path.starts_with(&bucket.path)) {
            let mut limiters = vec![&bucket.all];
            if effect == Effect::Read {
                limiters.insert(0, &bucket.reads);
            }
            for limiter in limiters {
                if let Err(not_until) = limiter.check() {
                    return not_until.wait_time_from(clock.now()).max(Duration::from_millis(1));
                }
            }
        }
        Duration::ZERO
    }

    /// The carrier asked to be left alone for this long.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait.min(Duration::from_secs(3600));
        let mut held = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |old| old.max(until)));
    }

    fn pause_left(&self) -> Duration {
        let held = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        held.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()))
    }
}

fn bucket(calls: u32, seconds: u32) -> Option<DefaultDirectRateLimiter> {
    let burst = NonZeroU32::new(calls.div_ceil(2))?;
    let refill = (calls - calls / 2).max(1);
    let period = Duration::from_secs(u64::from(seconds)).checked_div(refill)?;
    Some(RateLimiter::direct(Bucket::with_period(period)?.allow_burst(burst)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_leave_a_share_for_purchases() {
        let limits =
            Limits::new(&[Quota { calls: 20, seconds: 3600, path: "/rate".into(), source: String::new() }]);
        let reads = (0..20).filter(|_| limits.admit("/rate/v1", Effect::Read).is_zero()).count();
        assert_eq!(reads, 8);
        let spends = (0..20).filter(|_| limits.admit("/rate/v1", Effect::Spend).is_zero()).count();
        assert_eq!(spends, 2);
        assert!(limits.admit("/other", Effect::Read).is_zero());
    }

    #[test]
    fn a_pause_holds_reads() {
        let limits = Limits::new(&[]);
        limits.pause(Duration::from_secs(5));
        assert!(limits.admit("/", Effect::Read) > Duration::from_secs(4));
        assert!(limits.admit("/", Effect::Change).is_zero());
    }
}
