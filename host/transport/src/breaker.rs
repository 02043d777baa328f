//! Circuit breaker: after several failures in a row a carrier host is left alone for a while; then one probe decides.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open the breaker.
const FAILURES: u32 = 8;
/// First and longest pause.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));

#[derive(Debug)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    failures: u32,
    pause: Duration,
    closed_until: Option<Instant>,
    probing: bool,
}

/// A request that the breaker lets through. Dropped without a verdict it counts as nothing and frees the probe.
#[derive(Debug)]
pub(crate) struct Pass<'a> {
    breaker: &'a Breaker,
    probe: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: Mutex::new(State { failures: 0, pause: PAUSES.0, closed_until: None, probing: false }) }
    }
}

impl Breaker {
    /// Lets a request through, or says how long the host is left alone.
    pub(crate) fn enter(&self) -> Result<Pass<'_>, Duration> {
        let mut state = self.lock();
        let Some(until) = state.closed_until else { return Ok(Pass { breaker: self, probe: false }) };
        let left = until.saturating_duration_since(Instant::now());
        if !left.is_zero() || state.probing {
            return Err(left.max(Duration::from_millis(100)));
        }
        state.probing = true;
        Ok(Pass { breaker: self, probe: true })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The host answered, whatever it said below 500.
    pub(crate) fn worked(self) {
        let mut state = self.breaker.lock();
        state.failures = 0;
        state.pause = PAUSES.0;
        state.closed_until = None;
    }

    /// The host did not answer, or is out of order.
    pub(crate) fn failed(self) {
        let mut state = self.breaker.lock();
        state.failures += 1;
        if self.probe {
            state.pause = (state.pause * 2).min(PAUSES.1);
        }
        if self.probe || state.failures >= FAILURES {
            state.closed_until = Some(Instant::now() + state.pause);
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probe {
            self.breaker.lock().probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_probe_at_a_time_tries_again() {
        let breaker = Breaker::default();
        for _ in 0..FAILURES - 1 {
            breaker.enter().unwrap().failed();
        }
        breaker.enter().unwrap().worked();
        for _ in 0..FAILURES {
            breaker.enter().unwrap().failed();
        }
        assert!(breaker.enter().is_err());
        breaker.lock().closed_until = Some(Instant::now());
        let probe = breaker.enter().unwrap();
        assert!(breaker.enter().is_err(), "a second probe must wait");
        probe.worked();
        assert!(breaker.enter().is_ok());
    }
}
