//! T8: many purchases over two replicas and PostgreSQL, with the faults of a bad day, kills and restarts.

use std::time::Duration;

use super::{green, settings, size};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_purchases_on_a_bad_day_lose_nothing_and_buy_nothing_twice() {
    let mut settings = settings(size("WAYBILL_SOAK", 400));
    if settings.purchases <= 1_000 {
        // In a short run everything must happen at least once.
        settings.kill_every = Some(Duration::from_secs(3));
        settings.restart_every = Some(Duration::from_secs(10));
        settings.expire_every = Some(Duration::from_secs(3));
    }
    let Some(outcome) = green("bad day", &settings).await else { return };
    assert!(outcome.kills > 0, "nothing was killed");
    assert!(outcome.report.struck > settings.purchases / 20, "hardly a fault: {}", outcome.report.struck);
    assert!(outcome.report.waiting > 0, "no answer was lost where nothing can be asked");
    assert!(outcome.report.several_attempts > 0, "nothing had to be bought again");
}
