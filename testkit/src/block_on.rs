//! A plain executor: it has no reactor, so a carrier that brings a runtime's sockets or timers along is noticed.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    loop_until(future, None).unwrap_or_else(|| unreachable!("without a limit the loop ends with the future"))
}

/// Runs a future to its end, or gives it up: `None` when it did not end in time.
pub fn block_on_within<F: Future>(future: F, limit: Duration) -> Option<F::Output> {
    loop_until(future, Some(limit))
}

fn loop_until<F: Future>(future: F, limit: Option<Duration>) -> Option<F::Output> {
    let started = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        match limit {
            None => std::thread::park(),
            Some(limit) => std::thread::park_timeout(limit.checked_sub(started.elapsed())?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_given_up() {
        assert_eq!(block_on_within(std::future::pending::<()>(), Duration::from_millis(20)), None);
        assert_eq!(block_on(async { 7 }), 7);
    }
}
