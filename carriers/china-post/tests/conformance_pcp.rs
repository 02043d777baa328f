//! The contract through the gateway `pcp`.

use std::process::ExitCode;

use waybill_china_post::ChinaPost;
use waybill_testkit::Conformance;

fn main() -> ExitCode {
    let gateway = concat!(env!("CARGO_MANIFEST_DIR"), "/gateways/pcp");
    Conformance::of_account::<ChinaPost>(gateway).called("china-post-pcp").run()
}
