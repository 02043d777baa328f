//! OnTrac through its XML web services, V1 to V7, or (in `json/`) through its newer JSON services as far as they are known.
//!
//! Read in this order: `services.rs` (what OnTrac sells, as data), `carrier.rs` (the short story of each operation),
//! `rate.rs` and `ship.rs` with `bought.rs` (model -> message -> model), `details.rs` (what became of a lost answer, and
//! what was charged in the end), `error.rs` (the one table of OnTrac's texts). The messages are in `wire/`.
//!
//! Three things shape this crate. Every answer is HTTP 200 with error **texts** in up to four places. The password
//! stands in the URL, so no URL is ever put into an error or a log line. A label costs nothing until the parcel is
//! scanned, so there is no void, and the shipper may choose the tracking number, so that sending an order again is
//! harmless.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod answer;
mod area;
mod bought;
mod carrier;
mod charges;
mod config;
mod details;
mod error;
mod json;
mod label;
pub mod number;
mod pickup;
mod rate;
mod services;
mod ship;
mod status;
mod text;
mod track;
mod wire;
mod xml;

pub use carrier::OnTrac;
pub use config::{ApiVersion, CheckValue, Config, Environment, Generation, JsonAccount, PdfLayout};
pub use details::Adjusted;
pub use json::OnTracJson;

waybill_core::export_carrier!(OnTrac);
