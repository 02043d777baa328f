//! The contract, case by case: the suite of the testkit on this carrier's fixtures.

use std::process::ExitCode;

fn main() -> ExitCode {
    waybill_testkit::run::<waybill_fedex::FedEx>(env!("CARGO_MANIFEST_DIR"))
}
