#![doc = include_str!("../README.md")]
//!
//! Where to read: [`config`], `services` (the catalogue), `rate`, `order` (model to wire), `ship` (the story of a
//! purchase), `gateway` (the three interfaces), `track`, `void`, `error` (one table).
#![forbid(unsafe_code)]

mod account;
mod auth;
mod carrier;
mod checks;
pub mod config;
mod error;
mod events;
mod gateway;
mod manifest;
mod order;
mod rate;
mod services;
mod ship;
mod text;
mod track;
mod void;
mod wire;
mod xml;

pub use carrier::ChinaPost;

/// The pure halves, for tests and fuzzing. Not part of the contract.
#[doc(hidden)]
pub mod parts {
    pub use crate::auth::{md5_digest, md5_hex_digest, sm4_body};
    pub use crate::error::{Table, classify};
    pub use crate::events::{Known, Namespace, known, reversed_by};
    pub use crate::gateway::{eub, open, pcp};
    pub use crate::text::{latin, scrub, utf8};
    pub use crate::track::{eub_status, track_of};
}

waybill_core::export_carrier!(ChinaPost);
