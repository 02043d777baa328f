//! How fast accounts answer, learnt from their last answers: a carrier that usually takes a second is not waited for ten.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Answers of an account that are remembered.
const REMEMBERED: usize = 64;
/// So many must be known before they count.
const ENOUGH: usize = 16;
/// So many times the slowest of them is waited for.
const SLACK: u32 = 4;
/// At least so long is waited, however fast the answers were.
const LEAST: Duration = Duration::from_secs(1);

/// Times of the last answers of each account. Answers that came too late count too, so a carrier that becomes slower is
/// waited for again after a while.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<String, VecDeque<Duration>>>);

impl Paces {
    pub(crate) fn learn(&self, account: &str, took: Duration) {
        let mut known = self.known();
        let times = match known.get_mut(account) {
            Some(times) => times,
            None => known.entry(account.to_owned()).or_default(),
        };
        if times.len() == REMEMBERED {
            times.pop_front();
        }
        times.push_back(took);
    }

    /// How long an account is worth waiting for; `None` while too little is known of it.
    pub(crate) fn longest_wait(&self, account: &str) -> Option<Duration> {
        let known = self.known();
        let times = known.get(account).filter(|times| times.len() >= ENOUGH)?;
        Some((*times.iter().max()? * SLACK).max(LEAST))
    }

    pub(crate) fn forget(&self, account: &str) {
        self.known().remove(account);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Duration>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_learnt_from_enough_answers_and_follows_slower_ones() {
        let paces = Paces::default();
        for _ in 0..ENOUGH - 1 {
            paces.learn("ups", Duration::from_millis(500));
        }
        assert_eq!(paces.longest_wait("ups"), None);
        paces.learn("ups", Duration::from_millis(100));
        assert_eq!(paces.longest_wait("ups"), Some(Duration::from_secs(2)));
        paces.learn("ups", Duration::from_secs(3));
        assert_eq!(paces.longest_wait("ups"), Some(Duration::from_secs(12)));
        for _ in 0..REMEMBERED {
            paces.learn("ups", Duration::from_millis(10));
        }
        assert_eq!(paces.longest_wait("ups"), Some(LEAST));
        paces.forget("ups");
        assert_eq!(paces.longest_wait("ups"), None);
    }
}
