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

use serde::Deserialize;

/// A list as the whole answer, or one element in its place. Anything else is no answer at all.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    More(Vec<Option<T>>),
    One(T),
}

impl<T> OneOrMore<T> {
    pub fn into_vec(self) -> Vec<T> {
        match self {
            Self::More(all) => all.into_iter().flatten().collect(),
            Self::One(one) => vec![one],
        }
    }
}
