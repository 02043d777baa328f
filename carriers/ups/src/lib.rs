#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod address;
mod auth;
mod carrier;
mod config;
mod consent;
mod customs;
mod documents;
mod error;
mod label;
mod papers;
mod parts;
mod pickup;
mod prices;
mod rate;
mod recover;
mod services;
mod ship;
mod sold;
mod status;
mod track;
mod void;
mod wire;

pub use carrier::Ups;
pub use config::{Config, Environment, PickupType, PriceList};

waybill_core::export_carrier!(Ups);
