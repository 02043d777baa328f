//! The contract, case by case, against `fixtures/`: a rate sheet offers what the sheet of its account says.

use std::process::ExitCode;

use waybill_rate_sheet::RateSheet;
use waybill_testkit::Conformance;

fn main() -> ExitCode {
    Conformance::of_account::<RateSheet>(env!("CARGO_MANIFEST_DIR")).run()
}
