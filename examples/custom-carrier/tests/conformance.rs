//! The contract, case by case, against `fixtures/`: linked in, through the plugin boundary.

use std::process::ExitCode;

fn main() -> ExitCode {
    waybill_testkit::run::<pedal_post::PedalPost>(env!("CARGO_MANIFEST_DIR"))
}
