//! Exchange rates that are given, with their date: the only way two currencies are ever compared.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{Currency, Money};

/// What one unit of a currency is worth in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRate {
    /// One unit of this.
    pub from: Currency,
    /// Is worth `rate` units of this.
    pub to: Currency,
    /// Above zero.
    pub rate: Decimal,
    /// Day for which it was fixed.
    pub date: NaiveDate,
    /// Who fixed it.
    pub source: String,
}

/// Given rates. None is invented: neither turned round nor chained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ExchangeRates(pub Vec<ExchangeRate>);

impl ExchangeRates {
    /// The newest rate between two currencies.
    pub fn find(&self, from: Currency, to: Currency) -> Option<&ExchangeRate> {
        self.0
            .iter()
            .filter(|rate| rate.from == from && rate.to == to && rate.rate > Decimal::ZERO)
            .max_by_key(|rate| rate.date)
    }

    /// An amount in another currency, rounded to its smallest unit; itself when it is in that currency.
    pub fn convert(&self, money: Money, to: Currency) -> Option<Money> {
        if money.currency == to {
            return Some(money);
        }
        let rate = self.find(money.currency, to)?;
        let amount = money.amount.checked_mul(rate.rate)?;
        Some(Money::new(amount, to).rounded())
    }
}
