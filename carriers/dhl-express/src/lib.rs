//! DHL Express through MyDHL API 3.1.
//!
//! Offered for **international** shipments only, by default: the lanes of the profile say so, and the setting
//! `domestic` opens the rest. Read in this order: `services.rs` (what DHL sells, as data), `carrier.rs` (the short story
//! of each operation), `rate.rs` and `ship.rs` with `bought.rs` (model -> message -> model), `recover.rs` (what became of
//! a lost answer), `error.rs` (the one table of DHL's codes). The messages themselves are in `wire/`.
//!
//! Facts are from DHL's published specification 3.1.1; what is uncertain stands in the README under "Uncertain".
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod address;
mod auth;
mod bought;
mod carrier;
mod clock;
mod config;
mod customs;
mod documents;
mod error;
mod events;
mod identifiers;
mod landed_cost;
mod measure;
mod options;
mod parties;
mod pickup;
mod rate;
mod recover;
mod services;
mod ship;
mod track;
mod wire;

pub use carrier::DhlExpress;
pub use config::{Config, Environment};

waybill_core::export_carrier!(DhlExpress);
