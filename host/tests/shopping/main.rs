//! Shopping as a product, against simulated carriers: rates, own accounts, terms, preferences, promises, many orders.
//! Tests that show a requirement are named by its number.
#![cfg(all(feature = "cli", feature = "carriers"))]

mod bulk;
mod consent;
mod input;
mod linking;
mod preferences;
mod program;
mod promise;
mod rates;
mod terms;
mod world;
