#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod account;
mod address;
mod auth;
mod carrier;
pub mod check_digit;
mod config;
mod customs;
pub mod error;
mod extras;
mod label;
mod landed;
mod manifest;
pub mod multipart;
mod parcel;
mod party;
mod pickup;
mod prices;
mod rate;
mod rate_rows;
mod recover;
mod services;
mod ship;
mod ship_international;
mod standards;
mod text;
mod ticket;
mod track;
mod track_codes;
mod void;
mod wire;

pub mod pure;

pub use carrier::Usps;
pub use config::{AccountType, Config, Environment, Party, Payment, Prices, TrackingApi};

waybill_core::export_carrier!(Usps);
