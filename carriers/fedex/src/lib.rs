//! FedEx for Waybill, over the FedEx REST APIs: OAuth, Rate v1, Ship v1, Track v1, Address v1, Pickup v1, Ground
//! close, Service availability v1, trade documents v1.
//!
//! Start at [`FedEx`] (what it can do), then [`Config`] (what it needs). Each capability has a file: the short story
//! of its calls, and beside it pure functions that turn the model into FedEx's messages and back. FedEx's own names
//! live in `wire/` only, its codes in `error.rs` and `track_codes.rs`, its catalogue in `services.rs`, and what no
//! source settles in `uncertain.rs`.
#![forbid(unsafe_code)]

#[macro_use]
mod wire;

mod account;
mod address;
mod auth;
mod availability;
mod carrier;
mod config;
mod currency;
mod customs;
mod dates;
mod documents;
mod error;
mod manifest;
mod parts;
mod pickup;
mod rate;
mod rate_reply;
mod recover;
mod references;
mod services;
mod ship;
mod ship_reply;
mod ship_request;
mod special;
mod track;
mod track_codes;
mod uncertain;
mod void;

pub use carrier::FedEx;
pub use config::{ChildKeys, Config, Environment, Handover, KeyPair};

waybill_core::export_carrier!(FedEx);
