//! Rate shopping: all accounts of all carriers at once, an answer in time, a reason for everything that is missing.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod gather;
mod reply;

pub use account::{AccountRef, Owner, Participant};
pub use gather::{ShopQuestion, shop, shop_stream};
pub use reply::{Missing, Offer, RejectedService, ShopAnswer};
