//! The simulated carriers. A new one is a folder here and a line in [`all`].

mod china_post;
mod dhl_express;
mod fedex;
mod ontrac;
mod ups;
mod usps;

use crate::Personality;

/// Every simulated carrier.
#[rustfmt::skip]
pub(crate) fn all() -> Vec<Box<dyn Personality>> {
    vec![
        Box::new(ups::Ups),
        Box::new(fedex::Fedex),
        Box::new(usps::Usps),
        Box::new(ontrac::Ontrac),
        Box::new(dhl_express::DhlExpress),
        Box::new(china_post::ChinaPost),
    ]
}
