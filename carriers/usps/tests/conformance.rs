//! The contract, case by case, against this carrier's fixtures.

use std::process::ExitCode;

fn main() -> ExitCode {
    waybill_testkit::run::<waybill_usps::Usps>(env!("CARGO_MANIFEST_DIR"))
}
