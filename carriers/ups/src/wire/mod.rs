//! UPS's own messages, in UPS's own names: one file per API, types only.
//!
//! Requests write every value as text, as UPS's JSON wants it. Answers are read leniently: before version 2403 (and
//! reportedly sometimes after) a list with one element arrives as the bare element, an empty object as `""`, and
//! numbers arrive with or without quotes.

pub mod address;
pub mod common;
pub mod customs;
pub mod oauth;
pub mod paperless;
pub mod pickup;
pub mod rating;
pub mod recovery;
pub mod refusal;
pub mod shipping;
pub mod tracking;
pub mod void;
