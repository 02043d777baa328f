//! How requests reach carriers: one connection pool, deadlines, quotas, retries for reads, nothing repeated for
//! money, a redacted wire log.
//!
//! A request's way, outermost first:
//!
//! 1. allowed host? ([`Lane`]: the profile's hosts and the account's base URL)
//! 2. circuit breaker per carrier host: an open one refuses at once, one probe at a time reopens it
//! 3. quota of the account, with a share kept for purchases and recovery; `Retry-After` closes the lane for all
//! 4. for [`Effect::Spend`]: the [`spend::SpendDesk`] strikes the permit off; then a fresh connection, and when it
//!    stands a second look at the send guard; then exactly one send; then the desk stores what came back, before the
//!    carrier reads it
//! 5. for reads: attempts with back-off inside the deadline; for changes: again only when certainly not sent
//!
//! [`Effect::Spend`]: waybill_core::Effect::Spend
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod breaker;
mod exchange;
mod lane;
mod limits;
mod patience;
mod redact;
pub mod spend;
mod transport;

pub use lane::{Lane, LaneSettings, LaneStats};
pub use patience::within;
pub use redact::Redactor;
pub use transport::{Transport, TransportSettings};
