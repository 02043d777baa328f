//! What a shop answers.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{Error, Notice, Rate, Rejected, Settlement};

use crate::account::AccountRef;
use crate::reasons::Diagnosis;
use crate::terms::NotAccepted;

/// A rate, and the account that can buy it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Offer {
    /// Who sells it.
    pub account: AccountRef,
    /// How the price reaches the account's owner: the operator for a house account, the shipper for an own one.
    pub paid: Settlement,
    /// Day on which it is handed over, where the carrier's cut-off gives it a day of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ship_date: Option<NaiveDate>,
    /// What it costs and when it arrives.
    #[serde(flatten)]
    pub rate: Rate,
}

/// A service that is not offered, and the account that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectedService {
    /// Who was asked, or would have been.
    pub account: AccountRef,
    /// Which service, and why not.
    #[serde(flatten)]
    pub rejected: Rejected,
}

/// An account that gave no answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Missing {
    /// Which one.
    pub account: AccountRef,
    /// Why.
    pub error: Error,
    /// Whether asking again can help.
    pub try_again: bool,
    /// One sentence: what to do.
    #[serde(default)]
    pub cure: String,
}

impl Missing {
    /// An account that gave this error instead of an answer.
    pub fn new(account: AccountRef, error: Error) -> Self {
        let (try_again, cure) = (error.is_retryable(), crate::reasons::cure_of_error(&error, account.owner));
        Self { account, error, try_again, cure }
    }
}

/// The answer of a shop. It is always useful: what came is there, what did not come is named.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShopAnswer {
    /// Offers, cheapest first within a currency.
    pub offers: Vec<Offer>,
    /// Services that are not offered, with reasons.
    #[serde(default)]
    pub rejected: Vec<RejectedService>,
    /// Accounts that gave no answer.
    #[serde(default)]
    pub missing: Vec<Missing>,
    /// Remarks of carriers.
    #[serde(default)]
    pub notices: Vec<(AccountRef, Notice)>,
    /// Accounts that were not asked because terms are not accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_accepted: Vec<NotAccepted>,
    /// Why there is nothing to buy, when there are no offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Diagnosis>,
    /// Every account that was to be asked has answered.
    pub complete: bool,
}

impl ShopAnswer {
    /// Sorts offers by currency, payable amount, carrier, service: the same answers give the same order.
    pub fn sort(&mut self) {
        self.offers.sort_by(|a, b| {
            let key = |offer: &Offer| {
                let total = offer.rate.payable().map(|price| price.total);
                (total.map(|money| money.currency), total.map(|money| money.amount))
            };
            (key(a), &a.account, &a.rate.service, &a.rate.weekend).cmp(&(
                key(b),
                &b.account,
                &b.rate.service,
                &b.rate.weekend,
            ))
        });
        self.rejected
            .sort_by(|a, b| (&a.account, &a.rejected.service).cmp(&(&b.account, &b.rejected.service)));
        self.missing.sort_by(|a, b| a.account.cmp(&b.account));
        self.not_accepted.sort_by(|a, b| a.account.cmp(&b.account));
        self.notices.sort_by(|a, b| (&a.0, &a.1.code, &a.1.message).cmp(&(&b.0, &b.1.code, &b.1.message)));
    }
}
