//! The purchase engine: a label is never lost and never bought twice.
//!
//! A label purchase spends real money over a network that loses answers. The engine writes down what it is about to do,
//! sends once, keeps the raw answer before anybody reads it, and finds out afterwards what became of a purchase whose
//! answer was lost.
//!
//! # How a host uses it
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use waybill_purchase::*;
//! # async fn run(accounts: Arc<dyn Accounts>, request: BuyRequest) -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::open(StoreOptions::sqlite("waybill.db")).await?;
//! let journal = Journal::open("waybill.journal")?;
//! let sealer = Sealer::from_sources(&[KeySource::Env("WAYBILL_KEY".into())])?;
//! let engine = Engine::open(store, journal, sealer, Options::default()).await?;
//! // The transport asks this desk before it sends anything that spends money.
//! let desk = engine.desk();
//! // Leases, lost answers, late sales, voids: one worker per process, as long as it runs.
//! let worker = engine.run(accounts.clone());
//! let bought = engine.buy(request, accounts).await?;
//! for purchase in &bought.purchases {
//!     println!("{}: {}", purchase.id, purchase.state);
//! }
//! worker.abort();
//! engine.close().await;
//! # drop(desk); Ok(()) }
//! ```
//!
//! * [`Engine::buy`] buys; [`Engine::show`], [`Engine::purchases`], [`Engine::documents`], [`Engine::events`] read.
//! * [`Engine::void`], [`Engine::close_manifest`], [`Engine::schedule_pickup`], [`Engine::cancel_pickup`] use the same
//!   machine: they move or lose money too.
//! * [`Engine::resolve`] carries out what a person decided about a purchase that only a person can decide.
//! * [`audit`] checks the invariants over the live database; [`ledger`] follows the money until it is paid.
//!
//! # The durable points of a purchase
//!
//! | | what is committed | when |
//! | --- | --- | --- |
//! | D1 | idempotency key, purchase, attempt with its handle, event | before anything is sent |
//! | D2 | "sending", with an epoch and a lease on the database's clock | immediately before the send |
//! | D3 | the raw answer, sealed | before the carrier's code reads it |
//! | D4 | labels with their files, states, ledger entries, event | together |
//!
//! Between D2 and the first byte stands the send guard: a process that was paused for longer than [`Options::guard`]
//! gives up unsent. The right to send is a [`waybill_core::SpendPermit`], which cannot be copied.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod audit;
mod engine;
mod fail;
mod journal;
pub mod ledger;
mod seal;
pub mod store;
mod vault;

#[cfg(any(test, feature = "failpoints"))]
pub use engine::Mutant;
pub use engine::{
    Accounts, AttemptView, Attention, BuyReply, BuyRequest, Decision, Desk, Engine, EngineError, Failure,
    LabelView, OnNoLabel, OnVariance, OpView, OpenAccount, Options, PartialPolicy, Policy, PurchaseView,
    Shown, TickReport, VoidRequest,
};
#[cfg(any(test, feature = "failpoints"))]
pub use fail::{ALL as FAIL_POINTS, FailAction, FailPoints};
pub use journal::{Journal, JournalError, SentNote};
pub use seal::{KeySource, Place, SealError, Sealer};
pub use store::{
    AttemptState, CredentialInfo, Event, LabelState, OpKind, OpState, OperationFilter, PurchaseFilter,
    PurchaseState, SpendCap, Store, StoreError, StoreOptions,
};
pub use vault::{Credential, SignIn, Vault};

/// What [`OpenAccount::environment`] says of an account whose labels are real. Numbers are unique there; test environments
/// answer with canned ones.
pub const PRODUCTION: &str = "production";

#[cfg(test)]
mod tests;
