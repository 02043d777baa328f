//! Hello Parcel: an invented carrier, and the template of `waybill new-carrier`.
//!
//! Read the files in this order; each says what comes next.
//!
//! 1. [`config`]: what an account needs.
//! 2. `services.rs`: what the carrier offers, as data.
//! 3. `carrier.rs`: the opened account: which capabilities it has.
//! 4. `auth.rs`: how a token is got.
//! 5. `rate.rs`, `ship.rs`, `void.rs`, `track.rs`: one capability each, as pairs of pure functions (request, parse)
//!    and the short story that joins them.
//! 6. `wire/`: the carrier's own messages, in its own names.
//! 7. `error.rs`: the carrier's codes in our kinds, in one table.
//!
//! `fixtures/` and `tests/` show that it works: the conformance suite, and the exact messages on the wire.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod auth;
mod carrier;
pub mod config;
mod error;
mod rate;
mod services;
mod ship;
mod track;
mod void;
mod wire;

pub use carrier::Hello;
pub use config::Config;

waybill_core::export_carrier!(Hello);
