use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

/// The simulation's time: tokens expire and parcels move by it.
///
/// It runs with real time from its start and can be pushed forward, or stands still until pushed.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    shown: DateTime<Utc>,
    since: Instant,
    running: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self::starting(SystemTime::now().into(), true)
    }
}

impl Clock {
    /// A clock that stands at `at` until it is advanced.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::starting(at, false)
    }

    /// A clock that shows `at` now and runs on when `running`.
    pub fn starting(at: DateTime<Utc>, running: bool) -> Self {
        Self(Arc::new(Mutex::new(State { shown: at, since: Instant::now(), running })))
    }

    /// What the clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = if state.running { state.since.elapsed() } else { Duration::ZERO };
        state.shown + TimeDelta::from_std(passed).unwrap_or_default()
    }

    /// Pushes the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.shown += TimeDelta::from_std(by).unwrap_or_default();
    }
}
