//! The contract between a shipping carrier and the host that drives it.
//!
//! **A carrier says what; the host says how.** A carrier crate knows its services, its limits and its
//! wire messages. The host owns HTTP, TLS, time, retries, quotas, storage, logging and money safety,
//! and lends them through a context ([`Cx`]).
//!
//! Read in this order:
//!
//! 1. [`carrier`]: the capability traits [`Carrier`], [`RateQuote`], [`Label`], [`Tracking`] and their
//!    siblings. Their docs are the contract; each rule has an id and a conformance case.
//! 2. [`model`]: what travels through them ([`Shipment`], [`Rate`], [`Purchase`], [`Track`]).
//! 3. [`Profile`]: what a carrier offers, as data.
//! 4. [`Cx`]: what a carrier may touch. [`SpendPermit`]: why money is spent at most once.
//! 5. [`Error`]: kind, retry, phase.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[macro_use]
mod open_enum;

pub mod carrier;
mod cx;
mod error;
pub mod lenient;
pub mod model;
mod money;
pub mod operation;
mod permit;
mod place;
mod profile;
mod screen;
mod secret;
mod token;
mod units;
pub mod wire;

pub use carrier::{
    AccountCheck, AddressCheck, Carrier, CarrierPlugin, Label, LandedCost, Manifest, Pickup, RateQuote,
    Tracking,
};
pub use cx::{CallInfo, Cx, Effect, Host, LogLevel, Outgoing, Request, Response};
pub use error::{CarrierWords, Error, ErrorKind, FieldProblem, Phase, Result, Retry, Scope};
pub use model::*;
pub use money::{Currency, Money, MoneyError};
pub use permit::{PermitId, SpendPermit};
pub use place::{Address, Country, PostalProblem, TaxId, TaxIdKind};
pub use profile::*;
pub use screen::screen;
pub use secret::{Personal, Secret};
pub use token::{Repeatable, Token, TokenCache};
pub use units::{Dimensions, Length, LengthUnit, Weight, WeightUnit};

/// Re-exports for the macros of this crate. Not part of the contract.
#[doc(hidden)]
pub mod __private {
    pub use serde_json;
}

/// Declares the carrier of a crate: the one line at the end of every carrier's `lib.rs`.
#[macro_export]
macro_rules! export_carrier {
    ($plugin:ty) => {
        const _: () = {
            const fn is_a_plugin<P: $crate::CarrierPlugin>() {}
            is_a_plugin::<$plugin>()
        };
    };
}
