//! Waybill: shop rates over all carriers, buy labels that are never lost and never bought twice, track them.
//!
//! A library first. [`Waybill::open`] takes a [`Config`] and gives a host; everything that the `waybill` program does
//! goes through it. Without default features there is no program, no sandbox and no carrier; add the carriers you need
//! as features, or your own with [`Registry::add_built_in`].
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod accounts;
mod bulk;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
mod consent;
mod form;
mod keeping;
mod linking;
mod plugins;
mod printing;
mod purchases;
mod records;
mod registry;
mod reload;
mod shopping;
mod tenants;
mod terms;
mod waybill;

pub use accounts::{Account, Accounts};
pub use bulk::MOST_AT_ONCE;
pub use config::Config;
pub use consent::ConsentStart;
pub use form::{FieldKind, FormField, LinkForm, put as put_setting};
pub use linking::{AccountView, LinkEvent, LinkRequest, LinkedAccount};
pub use purchases::{LabelFile, Purchases, open_vault};
pub use registry::{Entry, Registry};
pub use shopping::{CarrierPromise, PlacedOrder, RateEvent, RateStream, ShopRequest, Shopped};
pub use terms::{AcceptTerms, TermsView};
pub use waybill::Waybill;

pub use waybill_core as core;
pub use waybill_purchase as purchase;
pub use waybill_shop as shop;
