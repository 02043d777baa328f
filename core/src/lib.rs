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
#![deny(unsafe_code)]
#![deny(missing_docs)]

#[macro_use]
mod open_enum;

pub mod abi;
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
    AccountCheck, AddressCheck, Carrier, CarrierPlugin, Consent, Label, LandedCost, Manifest, Pickup,
    RateQuote, Tracking, TradeDocuments,
};
pub use cx::{CallInfo, Cx, Effect, Host, LogLevel, Outgoing, Request, Response};
pub use error::{CarrierWords, Error, ErrorKind, FieldProblem, Phase, Result, Retry, Scope};
pub use model::*;
pub use money::{Currency, Money, MoneyError};
pub use permit::{PermitId, SpendPermit};
pub use place::{Address, Country, PostalProblem, TaxId, TaxIdKind};
pub use profile::*;
pub use screen::{Screen, screen};
pub use secret::{Personal, Secret};
pub use token::{Repeatable, Token, TokenCache};
pub use units::{Dimensions, Length, LengthUnit, Weight, WeightUnit};

/// Version of this crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Declares the carrier of a crate: the one line at the end of every carrier's `lib.rs`.
///
/// It exports one symbol, `waybill_carrier_v1_<crate>`, so that
/// `cargo rustc --lib --crate-type cdylib` makes a dynamic library of the crate as it is. Linked statically the symbol
/// does nothing. `descriptor()` gives the same descriptor to tests.
#[macro_export]
macro_rules! export_carrier {
    ($plugin:ty) => {
        #[unsafe(export_name = concat!("waybill_carrier_v1_", env!("CARGO_CRATE_NAME")))]
        static WAYBILL_CARRIER: $crate::abi::Descriptor = $crate::abi::Descriptor {
            header: $crate::abi::Header {
                magic: $crate::abi::MAGIC,
                abi_major: $crate::abi::ABI_MAJOR,
                abi_minor: $crate::abi::ABI_MINOR,
                size: ::core::mem::size_of::<$crate::abi::Descriptor>(),
                panic_unwinds: cfg!(panic = "unwind") as u8,
                core_version: $crate::abi::layout::Text::new($crate::VERSION),
                carrier_version: $crate::abi::layout::Text::new(env!("CARGO_PKG_VERSION")),
            },
            describe: $crate::abi::guest::describe::<$plugin>,
            init: $crate::abi::guest::init,
            open: $crate::abi::guest::open::<$plugin>,
            call: $crate::abi::guest::call,
            close: $crate::abi::guest::close,
        };

        /// The carrier as a plugin descriptor: what a dynamic library of this crate exports.
        #[doc(hidden)]
        pub fn descriptor() -> &'static $crate::abi::Descriptor {
            &WAYBILL_CARRIER
        }
    };
}
