//! The contract, case by case, against `fixtures/`.

use std::process::ExitCode;

use waybill_core::{Carrier, CarrierPlugin, Profile, Result};
use waybill_rate_sheet::RateSheet;
use waybill_rate_sheet::config::Config;

/// The carrier of one sheet: without a sheet a rate sheet has no services, so the suite needs to see the one of its fixtures.
struct Vans;

impl CarrierPlugin for Vans {
    const ID: &'static str = RateSheet::ID;
    type Config = Config;

    fn profile() -> Profile {
        let config = serde_json::from_str(include_str!("../fixtures/config.json")).unwrap();
        RateSheet::open(config).unwrap().profile().clone()
    }
    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        RateSheet::open(config)
    }
    fn example() -> &'static str {
        RateSheet::example()
    }
}

fn main() -> ExitCode {
    waybill_testkit::run::<Vans>(env!("CARGO_MANIFEST_DIR"))
}
