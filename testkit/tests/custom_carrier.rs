//! `examples/custom-carrier` keeps the contract: its source and fixtures, judged here without building its own workspace.

#[path = "../../examples/custom-carrier/src/lib.rs"]
mod pedal_post;

use std::path::Path;

use waybill_testkit::Conformance;

#[test]
fn the_example_out_of_the_tree_keeps_the_contract() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/custom-carrier");
    let report = Conformance::of::<pedal_post::PedalPost>(folder).report();
    assert_eq!(report.failed(), Vec::<&str>::new(), "{}", report.text());
    assert_eq!(report.tally().percent(), 100, "{}", report.text());
    assert!(report.tally_in("loopback").passed >= 14, "{}", report.text());
}
