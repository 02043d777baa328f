//! Waiting for an answer, also when the process was stopped meanwhile.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

/// A timer that fires so much too late says that the process stood still, not that the machine is busy.
const STOOD_STILL: Duration = Duration::from_millis(100);

/// Waits for `work`, `limit` at most. Time in which the whole process stood still (stopped by a signal, frozen with its
/// machine, starved) does not count, up to `limit` once more: the answer may lie in the socket, and a purchase whose answer is
/// thrown away unread is one that has to be cleared up.
///
/// # Errors
/// When the time is over.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut work = pin!(work);
    let mut until = Instant::now() + limit;
    let mut given_back = false;
    loop {
        match timeout_at(until, work.as_mut()).await {
            Err(_) if !given_back && until.elapsed() >= STOOD_STILL => {
                given_back = true;
                until = Instant::now() + until.elapsed().min(limit);
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn what_came_while_the_process_stood_still_is_read() {
        let work = async {
            // Nothing of this process runs, as after SIGSTOP.
            std::thread::sleep(LIMIT * 2);
            tokio::time::sleep(LIMIT / 2).await;
            7
        };
        assert_eq!(within(LIMIT, work).await.ok(), Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_is_given_up_in_time() {
        let start = Instant::now();
        assert!(within(LIMIT, std::future::pending::<()>()).await.is_err());
        assert_eq!(start.elapsed().as_millis(), LIMIT.as_millis());
    }

    #[tokio::test]
    async fn time_is_given_back_once() {
        let work = async {
            std::thread::sleep(LIMIT * 2);
            std::future::pending::<()>().await;
        };
        let start = Instant::now();
        assert!(within(LIMIT, work).await.is_err());
        assert!(start.elapsed() >= LIMIT * 3, "{:?}", start.elapsed());
    }
}
