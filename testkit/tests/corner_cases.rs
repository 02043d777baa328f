//! The cases that the template carrier has no use for: manifests, collections, addresses, accounts, numbers drawn
//! before the purchase, no void, no lookup. A second carrier passes them, and fails each when it is made wrong.

mod corner;

use std::path::Path;

use corner::{Corner, write_fixtures};
use waybill_testkit::{Conformance, Report};

fn judged<const FLAW: u8>(change: impl Fn(&Path)) -> Report {
    let folder = tempfile::tempdir().unwrap();
    write_fixtures(&folder.path().join("fixtures"));
    change(&folder.path().join("fixtures"));
    Conformance::of::<Corner<FLAW>>(folder.path()).report()
}

#[test]
fn the_corner_carrier_passes() {
    let report = judged::<{ corner::NONE }>(|_| ());
    assert_eq!(report.failed(), Vec::<&str>::new(), "{}", report.text());
    for id in [
        "MANIFEST-01",
        "MANIFEST-02",
        "PICKUP-01",
        "PICKUP-02",
        "ADDRESS-01",
        "ACCOUNT-01",
        "VOID-03",
        "RECOVER-04",
    ] {
        let passed = report.entries.iter().filter(|entry| entry.id == id && entry.verdict.is_ok()).count();
        assert_eq!(passed, 2, "{id} ran in both modes");
    }
}

#[test]
fn a_report_is_written_by_the_carriers_id() {
    let report = judged::<{ corner::NONE }>(|_| ());
    let folder = tempfile::tempdir().unwrap();
    report.write(folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("corner.md")).unwrap();
    assert!(page.starts_with("# Conformance: Corner Courier"), "{page}");
    assert!(page.contains(
        "| RATE-01 | every rate has a price above zero | not applicable | not applicable | the carrier has no"
    ));
}

macro_rules! flaws {
    ($( $test:ident: $flaw:ident breaks $id:literal; )+) => { $(
        #[test]
        fn $test() {
            let report = judged::<{ corner::$flaw }>(|_| ());
            assert!(report.failed().contains(&$id), "{} went unnoticed; failed: {:?}", $id, report.failed());
        }
    )+ };
}

flaws! {
    a_number_that_the_manifest_forgets: FORGETS_NUMBER breaks "MANIFEST-01";
    a_close_whose_answer_cannot_be_read: CLOSE_ANSWERED breaks "MANIFEST-01";
    a_form_that_was_changed: ALTERS_FORM breaks "MANIFEST-02";
    a_confirmation_made_up: MAKES_UP_CONFIRMATION breaks "PICKUP-01";
    an_unknown_collection_cancelled: CANCELS_UNKNOWN breaks "PICKUP-02";
    an_unchecked_country_as_an_error: UNCHECKED_IS_AN_ERROR breaks "ADDRESS-01";
    a_proof_that_changes_something: PROVES_BY_CHANGE breaks "ACCOUNT-01";
    no_numbers_though_the_profile_says_so: DRAWS_NOTHING breaks "LABEL-01";
    a_call_for_a_void_that_is_not: VOIDS_BY_CALL breaks "VOID-03";
    absence_that_nobody_can_know: SAYS_ABSENT breaks "RECOVER-04";
    a_reprint_that_was_changed: ALTERS_REPRINT breaks "REPRINT-01";
    a_base_url_without_its_path: DROPS_BASE_PATH breaks "account";
    an_effect_above_the_operation: CHECKS_BY_CHANGE breaks "address_valid";
}

#[test]
fn a_scenario_that_nobody_asks_for_fails() {
    let report = judged::<{ corner::NONE }>(|folder| {
        std::fs::copy(folder.join("account.json"), folder.join("void.json")).unwrap();
    });
    assert!(report.failed().contains(&"fixtures"), "{}", report.text());
}
