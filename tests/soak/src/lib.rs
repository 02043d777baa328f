//! Many purchases with faults over several processes, against the carriers' own ledger.
//!
//! | process | what it is |
//! | --- | --- |
//! | carriers | the sandbox with its fsynced ledger; it is never killed |
//! | replicas | the purchase engine with the real transport and the real carrier crates; killed with SIGKILL, stopped, restarted |
//! | database | a PostgreSQL server of its own (killed as by a power cut), or a SQLite file |
//! | driver | the clients: it asks, asks again with the same key, kills, and checks at the end |
//!
//! [`run()`] does it; [`check`] joins the ledger and the database both ways, to the cent.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod carriers;
pub mod check;
pub mod clients;
pub mod cutter;
pub mod database;
pub mod fleet;
pub mod orders;
pub mod powercut;
pub mod replica;
#[cfg(feature = "mutants")]
mod retrying;
pub mod rows;
pub mod run;
pub mod talk;

pub use run::{Outcome, Settings, run};
