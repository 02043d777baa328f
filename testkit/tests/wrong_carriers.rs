//! A suite that cannot fail is worth nothing: here the template carrier is made wrong in one way at a time, and the
//! case of the broken rule must say so.

mod wrong;

use std::sync::Arc;

use waybill_core::Carrier;
use waybill_testkit::{Conformance, Direct, Linked, Loopback, Mode, Report, Stop, Verdict};
use wrong::{Flaw, Wrong};

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../carriers/hello");

fn judged<const FLAW: u8>() -> Report {
    Conformance::of::<Wrong<FLAW>>(HELLO).in_modes(vec![Arc::new(Direct)]).report()
}

#[test]
fn without_a_flaw_everything_passes_in_both_modes() {
    let report = Conformance::of::<Wrong<{ Flaw::None as u8 }>>(HELLO).report();
    assert_eq!(report.failed(), Vec::<&str>::new(), "{}", report.text());
    assert_eq!(report.tally().percent(), 100);
    assert!(report.tally().passed > 60, "{}", report.text());
    let page = report.markdown();
    assert!(
        page.contains("| RATE-03 | each service is offered or rejected, once | passed | passed |"),
        "{page}"
    );
    assert!(
        page.contains("Mode `loopback`, every run asks and answers as in mode `direct`: passed."),
        "{page}"
    );
    assert!(page.contains("| loopback | 32 | 32 | 0 | 0 | 13 | 100 % |"), "{page}");
}

#[test]
fn a_flaw_shows_behind_the_operation_table_too() {
    let forgetful = Conformance::of::<Wrong<{ Flaw::ForgetsRejections as u8 }>>(HELLO);
    let report = forgetful.in_modes(vec![Arc::new(Loopback)]).report();
    assert!(report.failed().contains(&"RATE-03"), "{}", report.text());
}

/// Opens a carrier with a flaw in the place of the one that is linked in.
struct Another<const FLAW: u8>;

impl<const FLAW: u8> Mode for Another<FLAW> {
    fn name(&self) -> &'static str {
        "another"
    }
    fn open(&self, _: Linked<'_>, config: &serde_json::Value) -> waybill_core::Result<Box<dyn Carrier>> {
        Ok(Box::new(waybill_core::abi::host::loopback::<Wrong<FLAW>>().open(config)?))
    }
}

/// What the comparison of two modes says.
fn agreement<const FLAW: u8>() -> Verdict {
    let carrier = Conformance::of::<Wrong<{ Flaw::None as u8 }>>(HELLO);
    let report = carrier.in_modes(vec![Arc::new(Direct), Arc::new(Another::<FLAW>)]).report();
    let found = report.entries.into_iter().find(|entry| entry.id == "agreement");
    found.expect("two modes are compared").verdict
}

#[test]
fn a_mode_that_behaves_otherwise_is_noticed_in_requests_outcomes_and_log() {
    assert_eq!(agreement::<{ Flaw::None as u8 }>(), Ok(()));
    let failed = |verdict| match verdict {
        Err(Stop::Failed(why)) => why,
        other => panic!("{other:?}"),
    };
    for (verdict, words) in [
        (agreement::<{ Flaw::HidesHandle as u8 }>(), "the requests differ"),
        (agreement::<{ Flaw::ForgetsPrice as u8 }>(), "the outcome differs"),
        (agreement::<{ Flaw::LogsNames as u8 }>(), "the log differs"),
    ] {
        let why = failed(verdict);
        assert!(why.contains(words), "{why}");
    }
}

macro_rules! flaws {
    ($( $test:ident: $flaw:ident breaks $id:literal; )+) => { $(
        #[test]
        fn $test() {
            let report = judged::<{ Flaw::$flaw as u8 }>();
            assert!(report.failed().contains(&$id), "{} went unnoticed; failed: {:?}", $id, report.failed());
            assert!(report.tally().percent() < 100);
        }
    )+ };
}

flaws! {
    a_profile_without_services: ForgetsServices breaks "CARRIER-01";
    a_service_twice: SameServiceTwice breaks "CARRIER-02";
    a_dropped_call_that_blocks_the_next: StaysBusy breaks "CARRIER-03";
    a_secret_in_an_error: ShowsSecret breaks "CARRIER-04";
    a_name_in_the_log: LogsNames breaks "CARRIER-04";
    a_panic_at_foreign_bytes: Panics breaks "CARRIER-05";
    foreign_bytes_taken_for_an_empty_answer: SwallowsGarbage breaks "CARRIER-05";
    an_outage_taken_for_wrong_credentials: EverythingIsAuth breaks "CARRIER-06";
    a_request_to_another_host: GoesElsewhere breaks "CARRIER-07";
    a_new_field_that_breaks_reading: StrictFields breaks "CARRIER-08";
    a_zero_price_as_a_rate: ZeroIsARate breaks "RATE-01";
    a_list_price_as_the_accounts: ListIsMine breaks "RATE-02";
    services_without_a_word: ForgetsRejections breaks "RATE-03";
    an_empty_answer_as_an_error: EmptyIsAnError breaks "RATE-04";
    rounded_amounts: Rounds breaks "RATE-05";
    unknown_services_dropped: DropsUnknown breaks "RATE-06";
    rating_that_changes: RatesByChange breaks "RATE-07";
    numbers_that_are_not_used: OtherNumbers breaks "LABEL-01";
    buying_without_spend: BuysByChange breaks "LABEL-02";
    a_handle_that_is_not_sent: HidesHandle breaks "LABEL-03";
    pieces_in_another_order: SwapsPieces breaks "LABEL-04";
    a_label_that_was_changed: AltersLabels breaks "LABEL-04";
    an_unknown_outcome_as_an_answer: AlwaysAnswered breaks "LABEL-05";
    the_impossible_sold: SellsAnything breaks "LABEL-06";
    the_charged_price_lost: ForgetsPrice breaks "LABEL-07";
    a_void_that_fails_the_second_time: VoidsOnce breaks "VOID-01";
    an_unknown_label_voided: VoidsUnknown breaks "VOID-02";
    a_sale_not_found: NeverFinds breaks "RECOVER-01";
    absence_as_an_error: AbsentIsAnError breaks "RECOVER-02";
    an_outage_as_absence: OutageIsAbsence breaks "RECOVER-03";
    a_reprint_that_is_not_shown: ReprintsSecretly breaks "REPRINT-01";
    replies_in_another_order: ShufflesReplies breaks "TRACK-01";
    an_unknown_number_as_a_failure: UnknownFails breaks "TRACK-02";
    events_oldest_first: OldestFirst breaks "TRACK-03";
    an_unknown_code_that_wins: UnknownWins breaks "TRACK-04";
}

/// A copy of the template's fixtures with something done to it.
fn with_fixtures(change: impl Fn(&std::path::Path)) -> Report {
    let crate_folder = tempfile::tempdir().unwrap();
    let folder = crate_folder.path().join("fixtures");
    std::fs::create_dir(&folder).unwrap();
    for entry in std::fs::read_dir(format!("{HELLO}/fixtures")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    change(&folder);
    let carrier = Conformance::of::<Wrong<{ Flaw::None as u8 }>>(crate_folder.path());
    carrier.in_modes(vec![Arc::new(Direct)]).report()
}

#[test]
fn a_missing_file_is_named() {
    let report = with_fixtures(|folder| std::fs::remove_file(folder.join("void_late.json")).unwrap());
    assert_eq!(report.failed(), ["VOID-02", "void_late"]);
    assert!(report.text().contains("write `fixtures/void_late.json`"), "{}", report.text());
}

#[test]
fn an_exception_needs_a_reason_and_something_to_except() {
    let write = |text: &'static str| {
        move |folder: &std::path::Path| {
            std::fs::remove_file(folder.join("void_late.json")).unwrap();
            std::fs::write(folder.join("exceptions.json"), text).unwrap();
        }
    };
    let reason = r#"{ "scenarios": { "void_late": "the carrier voids at any time" } }"#;
    let excused = with_fixtures(write(reason));
    assert_eq!(excused.failed(), ["void_late"; 0]);
    for wrong in [
        r#"{ "scenarios": { "void_late": "no" } }"#,
        r#"{ "scenarios": { "void_late": "the carrier voids at any time", "buy": "it is written all the same" } }"#,
        r#"{ "cases": { "RATE-99": "there is no such case in the suite" } }"#,
    ] {
        assert!(with_fixtures(write(wrong)).failed().contains(&"fixtures"), "{wrong}");
    }
    // A case that passes needs no exception.
    let passes = with_fixtures(|folder| {
        let text = r#"{ "cases": { "RATE-03": "we thought that it could not pass" } }"#;
        std::fs::write(folder.join("exceptions.json"), text).unwrap();
    });
    assert_eq!(passes.failed(), ["RATE-03"]);
}

#[test]
fn unknown_and_unused_files_and_exchanges_fail() {
    let unknown = with_fixtures(|folder| {
        std::fs::copy(folder.join("void.json"), folder.join("voidd.json")).unwrap();
        std::fs::create_dir(folder.join("files")).unwrap();
        std::fs::write(folder.join("files/nobody.bin"), "x").unwrap();
    });
    assert_eq!(unknown.failed(), ["fixtures"]);
    let unused = with_fixtures(|folder| {
        let path = folder.join("void.json");
        let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let idle = serde_json::json!({ "request": { "method": "GET", "path": "/idle" }, "response": {} });
        json["exchanges"].as_array_mut().unwrap().push(idle);
        std::fs::write(&path, json.to_string()).unwrap();
    });
    assert_eq!(unused.failed(), ["void"]);
}

#[test]
fn an_expectation_that_is_wrong_or_says_nothing_fails() {
    let rewrite = |key: &'static str, value: serde_json::Value| {
        with_fixtures(move |folder| {
            let path = folder.join("rate_international.json");
            let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            json[key] = value.clone();
            std::fs::write(&path, json.to_string()).unwrap();
        })
    };
    let wrong = rewrite(
        "expect",
        serde_json::json!({ "rates": [{ "service": "world", "total": "41.21 USD", "kind": "account" }] }),
    );
    assert!(wrong.failed().contains(&"rate_international"));
    let nothing = rewrite("expect", serde_json::json!({}));
    assert!(nothing.failed().contains(&"rate_international"));
    let typo = rewrite("expects", serde_json::json!({}));
    assert!(typo.failed().contains(&"fixtures"));
}
