//! Figures.

use std::fmt;
use std::time::{Duration, Instant};

use waybill_shop::ShopAnswer;

use crate::carrier;

/// What a run measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Time of each shop.
    shops: Vec<Duration>,
    /// Time of the slowest carrier of each shop, measured around its HTTP exchange.
    slowest: Vec<Duration>,
    missing: usize,
    took: Duration,
}

impl Report {
    /// Counts a shop that was due at `begun` and is answered now.
    pub(crate) fn add(&mut self, answer: &ShopAnswer, begun: Instant) {
        self.missing += answer.missing.len();
        let exchanges = answer.notices.iter().filter_map(|(_, notice)| carrier::exchange_time(notice));
        if let Some(slowest) = exchanges.max() {
            self.slowest.push(slowest);
            self.shops.push(begun.elapsed());
        }
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.shops.extend(other.shops);
        self.slowest.extend(other.slowest);
        self.missing += other.missing;
    }

    pub(crate) fn took(mut self, took: Duration) -> Self {
        self.took = took;
        self
    }

    pub(crate) fn shops(&self) -> u64 {
        u64::try_from(self.shops.len()).unwrap_or_default()
    }

    pub(crate) fn per_second(&self) -> u64 {
        u64::try_from(u128::from(self.shops()) * 1000 / self.took.as_millis().max(1)).unwrap_or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut shops, mut slowest) = (self.shops.clone(), self.slowest.clone());
        write!(
            f,
            "{} shops/s; shop {}; slowest carrier {}; {} missing",
            self.per_second(),
            spread(&mut shops),
            spread(&mut slowest),
            self.missing
        )
    }
}

/// `p50 51.2 ms, p99 55.0 ms`.
pub(crate) fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| {
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(place).map(Duration::as_micros).unwrap_or_default()
    };
    let ms = |micros: u128| format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10);
    format!("p50 {}, p99 {}", ms(at(50)), ms(at(99)))
}

/// Memory of this process in use, in megabytes, where the system says so.
pub(crate) fn memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

/// Processor time of this process so far, where the system says so.
pub(crate) fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The program's name, in parentheses, may hold blanks; user and system time are the 12th and 13th figure after it.
    let ticks = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|figure| figure.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
