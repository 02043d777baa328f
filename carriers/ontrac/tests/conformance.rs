//! The contract, case by case, against `fixtures/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    waybill_testkit::run::<waybill_ontrac::OnTrac>(env!("CARGO_MANIFEST_DIR"))
}
