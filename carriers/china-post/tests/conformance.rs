//! The contract, case by case: the open platform's international orders against `fixtures/`, the small packet platform
//! and the partner interface against `gateways/<name>/fixtures/` (`conformance_pcp.rs`, `conformance_eub.rs`).

use std::process::ExitCode;

fn main() -> ExitCode {
    waybill_testkit::run::<waybill_china_post::ChinaPost>(env!("CARGO_MANIFEST_DIR"))
}
