//! Simulated carriers on loopback. **A simulation**: nothing here reaches a carrier, every answer
//! carries `x-waybill-sandbox: simulation` and every label the words "SAMPLE - NOT FOR SHIPPING".
//!
//! Each carrier answers with its own real paths, authentication, field names and error bodies,
//! written from the carrier's public documentation and without sharing a line with the carrier
//! crates, so that both cannot be wrong together. A [`Ledger`] records every label sold and
//! voided before the answer leaves; [`Faults`] break answers on demand; a [`Clock`] moves tokens
//! and parcels.
//!
//! ```no_run
//! # async fn story() -> std::io::Result<()> {
//! let sandbox = waybill_sandbox::Sandbox::builder().in_memory_ledger().start().await?;
//! let base_url = sandbox.base_url("ups");          // http://127.0.0.1:PORT/ups
//! let keys = sandbox.credentials("ups");           // client_id, client_secret, account_number
//! assert_eq!(sandbox.ledger().len(), 0);
//! sandbox.stop().await;
//! # let _ = (base_url, keys); Ok(()) }
//! ```
//!
//! # Operations
//! Faults and counts name a request by what it does, the same words for all carriers:
//! `token`, `rate`, `transit`, `buy`, `void`, `recover`, `track`, `track_by_reference`, `address`,
//! `pickup`, `manifest`, `document`, `payment`, `other`.
//!
//! # Stories of a parcel
//! A parcel's history follows the clock. `SIM-ATTEMPT`, `SIM-DELAY`, `SIM-RETURN`, `SIM-HOLD`,
//! `SIM-REVERSAL`, `SIM-ODD` or `SIM-LOST` in the recipient's name or in a reference chooses
//! another history than a plain delivery (see [`Story`]).
//!
//! # Adding a carrier
//! 1. A folder `src/carriers/<id>/` with `mod.rs` that implements [`Personality`]: name the
//!    operation of a request, answer it, phrase troubles (401, 429, 5xx) in the carrier's own shape.
//! 2. One line in `carriers::all()`.
//!
//! Shared by all personalities: [`world`] (places, zones, dates), [`Journey`](journey) (tracking),
//! `paper` (labels), `http` (request and reply). Money is integer cents.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod auth;
mod carriers;
mod clock;
mod connection;
mod control;
mod cx;
mod faults;
mod http;
pub mod journey;
mod ledger;
mod paper;
mod personality;
mod server;
pub mod world;
mod xml;

pub use clock::Clock;
pub use cx::Cx;
pub use faults::{Fault, Faults, Rule, When};
pub use http::{Reply, Request};
pub use journey::Story;
pub use ledger::{Ledger, NewSale, Sale};
pub use personality::{Account, Personality, Trouble};
pub use server::{Builder, Sandbox};
