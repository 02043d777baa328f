//! Fail points: named places where tests make the engine fail, wait or stop. Compiled for tests and with the feature
//! `failpoints` only.

/// Stops here when a test says so. With an engine's [`FailPoints`] and a name.
macro_rules! failpoint {
    ($points:expr, $name:literal) => {
        #[cfg(any(test, feature = "failpoints"))]
        $points.hit($name).await?;
    };
}
pub(crate) use failpoint;

#[cfg(any(test, feature = "failpoints"))]
mod on {
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::time::Duration;

    use crate::store::StoreError;

    /// What happens at a fail point.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum FailAction {
        /// The database is away.
        Error,
        /// The work waits, then goes on.
        Delay(Duration),
        /// The work never goes on, as if the process had died here.
        Hang,
        /// The process dies here.
        Abort,
    }

    /// Armed fail points of one engine. Every point that is passed is noted, so that a test can visit all.
    #[derive(Debug, Clone, Default)]
    pub struct FailPoints(Arc<Mutex<State>>);

    #[derive(Debug, Default)]
    struct State {
        armed: BTreeMap<&'static str, (FailAction, u32)>,
        passed: BTreeMap<&'static str, u32>,
    }

    /// Names of all fail points.
    pub const ALL: &[&str] = &[
        "d1.before",
        "d1.commit",
        "d1.after",
        "allocate.after",
        "d2.before",
        "d2.commit",
        "d2.after",
        "begin.before",
        "begin.after",
        "d3.before",
        "d3.after",
        "verdict.before",
        "d4.before",
        "d4.after",
        "unsent.before",
        "unsent.after",
        "unknown.before",
        "unknown.after",
        "lookup.before",
        "lookup.after",
        "resolved.before",
        "resolved.after",
        "sweep.before",
        "sweep.after",
        "op.before",
        "op.sent",
        "op.after",
        "service.begun",
        "service.sent",
        "journal.before",
        "journal.after",
    ];

    impl FailPoints {
        /// Arms a point for its next `times` visits.
        pub fn arm(&self, name: &str, action: FailAction, times: u32) {
            let known = ALL.iter().copied().find(|known| *known == name);
            if let Some(name) = known {
                self.lock().armed.insert(name, (action, times));
            }
        }

        /// Disarms everything.
        pub fn clear(&self) {
            self.lock().armed.clear();
        }

        /// Times that a point was passed.
        pub fn passed(&self, name: &str) -> u32 {
            self.lock().passed.get(name).copied().unwrap_or(0)
        }

        /// Arms points from text: `d2.after=abort;d3.before=error`.
        pub fn arm_from(&self, text: &str) {
            for part in text.split(';') {
                let Some((name, action)) = part.split_once('=') else { continue };
                let action = match action.trim() {
                    "error" => FailAction::Error,
                    "hang" => FailAction::Hang,
                    "abort" => FailAction::Abort,
                    millis => FailAction::Delay(Duration::from_millis(millis.parse().unwrap_or(0))),
                };
                self.arm(name.trim(), action, u32::MAX);
            }
        }

        fn lock(&self) -> std::sync::MutexGuard<'_, State> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// Whether the answer to a commit gets lost here: the change is there, and nobody hears it.
        pub(crate) async fn loses_commit(&self, name: &'static str) -> Result<(), StoreError> {
            self.hit(name).await.map_err(|error| StoreError::CommitUnknown(error.to_string()))
        }

        pub(crate) async fn hit(&self, name: &'static str) -> Result<(), StoreError> {
            let action = {
                let mut state = self.lock();
                *state.passed.entry(name).or_default() += 1;
                match state.armed.get_mut(name) {
                    Some((action, times)) if *times > 0 => {
                        *times -= 1;
                        Some(*action)
                    }
                    _ => None,
                }
            };
            match action {
                None => Ok(()),
                Some(FailAction::Error) => Err(StoreError::Down(format!("fail point {name}"))),
                Some(FailAction::Delay(time)) => {
                    tokio::time::sleep(time).await;
                    Ok(())
                }
                Some(FailAction::Hang) => std::future::pending().await,
                Some(FailAction::Abort) => std::process::abort(),
            }
        }
    }
}

#[cfg(any(test, feature = "failpoints"))]
pub use on::{ALL, FailAction, FailPoints};
