use serde_json::Value;

use crate::{Cx, Reply, Request};

/// An account that a simulated carrier knows.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// OAuth client id, user name or API key.
    pub client_id: &'static str,
    /// Its secret. Invented, valid nowhere else.
    pub client_secret: &'static str,
    /// Account number that is billed.
    pub number: &'static str,
    /// Discount on list prices, in thousandths. Zero: the account sees list prices only.
    pub discount: i64,
}

/// A trouble that a carrier phrases in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Missing, wrong or expired token.
    Unauthorized,
    /// Quota used up.
    TooManyRequests,
    /// Server error with this status (500, 502, 503, 504).
    Server(u16),
}

/// One simulated carrier.
pub trait Personality: Send + Sync {
    /// The carrier's id, also its path prefix: `ups`.
    fn id(&self) -> &'static str;

    /// The carrier's name.
    fn name(&self) -> &'static str;

    /// Accounts: first the house's, then a seller's own (cheaper), then one without discount.
    fn accounts(&self) -> &'static [Account];

    /// An account's credentials under the names that the carrier's documentation uses.
    fn credentials(&self, account: &Account) -> Value;

    /// What a request does; see the crate's list of operations.
    fn operation(&self, request: &Request) -> &'static str;

    /// The client's references and keys on a request to buy. They are counted before it is answered.
    fn handles(&self, request: &Request) -> Vec<String>;

    /// Answers a request.
    fn answer(&self, cx: &Cx, request: &Request) -> Reply;

    /// A trouble in the carrier's shape.
    fn trouble(&self, trouble: Trouble) -> Reply;
}
