//! The carrier's own messages, named as in its documentation, one file per endpoint, no logic.

pub mod quotes;
pub mod shipments;
pub mod token;
pub mod tracking;

use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_core::{Currency, Money};

/// An amount, as text: `{ "amount": "7.90", "currency": "USD" }`.
#[derive(Clone, Copy, Deserialize)]
pub struct Amount {
    pub amount: Decimal,
    pub currency: Currency,
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Money::new(amount.amount, amount.currency)
    }
}

/// The body of every refusal.
#[derive(Debug, Deserialize)]
pub struct Refusal {
    pub error: RefusalDetail,
}

#[derive(Debug, Deserialize)]
pub struct RefusalDetail {
    pub code: String,
    pub message: String,
    pub field: Option<String>,
}
