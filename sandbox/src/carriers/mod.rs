//! The simulated carriers. A new one is a folder here and a line in [`all`].

mod fedex;
mod ups;
mod usps;

use crate::Personality;

/// Every simulated carrier.
pub(crate) fn all() -> Vec<Box<dyn Personality>> {
    vec![Box::new(ups::Ups), Box::new(fedex::Fedex), Box::new(usps::Usps)]
}
