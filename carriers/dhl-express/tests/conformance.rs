//! The contract, case by case, against `fixtures/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    waybill_testkit::run::<waybill_dhl_express::DhlExpress>(env!("CARGO_MANIFEST_DIR"))
}
