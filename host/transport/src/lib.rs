//! How requests reach carriers: one connection pool, deadlines, quotas, retries for reads, nothing repeated for
//! money, a redacted wire log.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod spend;
