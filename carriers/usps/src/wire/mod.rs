//! The messages of the USPS APIs, in USPS's own names. No logic.

pub mod address;
pub mod failure;
pub mod label;
pub mod label_answer;
mod number;
pub mod oauth;
pub mod options;
pub mod payment;
pub mod pickup;
pub mod prices;
pub mod scan_form;
pub mod standards;
pub mod tracking;

pub use number::Number;
