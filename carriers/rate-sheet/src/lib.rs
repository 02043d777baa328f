#![doc = include_str!("../README.md")]
//!
//! Where to read: [`config`] (what the user writes), [`sheet`] (the pricing engine, usable on its own),
//! [`numbers`] (tracking numbers and check digits), then `rate`, `ship` and `manifest`.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod carrier;
pub mod config;
pub mod label;
pub mod manifest;
pub mod numbers;
mod rate;
pub mod sheet;
mod ship;

pub use carrier::RateSheet;

waybill_core::export_carrier!(RateSheet);
