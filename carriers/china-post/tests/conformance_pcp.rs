//! The contract through the gateway `pcp`.

use std::process::ExitCode;

use waybill_china_post::{ChinaPost, config::Config};
use waybill_core::{Carrier, CarrierPlugin, Profile, Result};

/// The carrier as an account of this gateway shows it.
struct Account;

impl CarrierPlugin for Account {
    const ID: &'static str = ChinaPost::ID;
    type Config = Config;

    fn profile() -> Profile {
        let config = serde_json::from_str(include_str!("../gateways/pcp/fixtures/config.json")).unwrap();
        ChinaPost::open(config).unwrap().profile().clone()
    }
    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        ChinaPost::open(config)
    }
    fn example() -> &'static str {
        ChinaPost::example()
    }
}

fn main() -> ExitCode {
    waybill_testkit::run::<Account>(concat!(env!("CARGO_MANIFEST_DIR"), "/gateways/pcp"))
}
