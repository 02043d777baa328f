//! Libraries that misbehave: the host stays up, the call fails with a clear error, the money state stays right.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Den, TestHost, order, permit, quick};
use waybill_core::{Carrier, Error, ErrorKind, Phase, Purchase, Result, TrackReplies, TrackRequest};
use waybill_plugins::Library;

fn library(den: &Den) -> Library {
    den.load(&quick()).unwrap()
}

fn open(library: &Library, symbol: usize, mode: &str) -> Result<Box<dyn Carrier>> {
    library.carriers[symbol].open(serde_json::json!({ "mode": mode }))
}

/// The symbols in the order of their names: the liar, then the others.
const LIAR: usize = 0;
const HOSTILE: usize = 1;

fn host() -> Arc<TestHost> {
    TestHost::new(vec![("/label", "sold")])
}

async fn buy(carrier: &dyn Carrier, host: &Arc<TestHost>) -> Result<Purchase> {
    carrier.label().unwrap().buy(&host.cx("buy"), &order(), permit()).await
}

async fn track(carrier: &dyn Carrier, host: &Arc<TestHost>) -> Result<TrackReplies> {
    let request = TrackRequest { numbers: vec![], shipped_from: None, destination: None };
    carrier.tracking().unwrap().track(&host.cx("track"), &request).await
}

fn facts(error: &Error) -> (ErrorKind, Phase) {
    (error.kind.clone(), error.phase)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_misbehaviour_costs_its_own_call_and_nothing_else() {
    let den = Den::with("waybill-hostile");
    let library = library(&den);
    let unknown = Phase::OutcomeUnknown;
    for (mode, expected, sends) in [
        ("panic", (ErrorKind::Panicked, unknown), 0),
        ("panic_after_sale", (ErrorKind::Panicked, unknown), 1),
        ("hang", (ErrorKind::Unavailable, unknown), 0),
        ("huge", (ErrorKind::Malformed, unknown), 1),
        ("elsewhere", (ErrorKind::Config, Phase::NotSent), 0),
    ] {
        let host = host();
        let carrier = open(&library, HOSTILE, mode).unwrap();
        let error = buy(carrier.as_ref(), &host).await.unwrap_err();
        assert_eq!((facts(&error), host.sends()), (expected, sends), "{mode}: {error}");
        assert!(!error.to_string().contains("Ada"), "{mode}: {error}");
        let good = open(&library, HOSTILE, "good").unwrap();
        assert_eq!(buy(good.as_ref(), &host).await.unwrap().pieces.len(), 1, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_log_lines_is_cut() {
    let den = Den::with("waybill-hostile");
    let (library, host) = (library(&den), host());
    let carrier = open(&library, HOSTILE, "flood").unwrap();
    let _ = track(carrier.as_ref(), &host).await;
    assert_eq!(host.lines(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_lie_about_their_lengths_are_not_believed() {
    let den = Den::with("waybill-hostile");
    let (library, host) = (library(&den), host());
    let carrier = open(&library, LIAR, "good").unwrap();
    for lie in 0..6 {
        let error = buy(carrier.as_ref(), &host).await.unwrap_err();
        assert_eq!(facts(&error), (ErrorKind::Malformed, Phase::OutcomeUnknown), "lie {lie}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_library_that_keeps_its_threads_is_out_of_order_and_the_host_is_not() {
    let den = Den::with("waybill-hostile");
    let (library, host) = (library(&den), host());
    let carrier = open(&library, HOSTILE, "spin").unwrap();
    // On the host's only worker: a library that took it would stop this, and everything else.
    let beat = tokio::spawn(tokio::time::sleep(Duration::from_millis(200)));
    for _ in 0..2 {
        let error = track(carrier.as_ref(), &host).await.unwrap_err();
        assert_eq!(facts(&error), (ErrorKind::Unavailable, Phase::OutcomeUnknown), "{error}");
    }
    assert!(beat.is_finished(), "the host's only worker was taken");
    let error = buy(carrier.as_ref(), &host).await.unwrap_err();
    assert_eq!(facts(&error), (ErrorKind::Unavailable, Phase::NotSent), "{error}");
    assert!(error.message.contains("hold all its threads"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_host_gave_a_purchase_up_nothing_is_sent_for_it() {
    let den = Den::with("waybill-hostile");
    let (library, host) = (library(&den), host());
    let carrier = open(&library, HOSTILE, "spin_then_buy").unwrap();
    let error = buy(carrier.as_ref(), &host).await.unwrap_err();
    assert_eq!(facts(&error), (ErrorKind::Unavailable, Phase::OutcomeUnknown), "{error}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(host.sends(), 0, "a late purchase was sent");
    // The thread came back, so the library is in order again.
    let good = open(&library, HOSTILE, "good").unwrap();
    assert!(buy(good.as_ref(), &host).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_call_is_cancelled() {
    let den = Den::with("waybill-hostile");
    let (library, host) = (library(&den), host());
    let carrier = open(&library, HOSTILE, "hang").unwrap();
    for _ in 0..10 {
        let call = tokio::time::timeout(Duration::from_millis(20), track(carrier.as_ref(), &host));
        assert!(call.await.is_err());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let good = open(&library, HOSTILE, "good").unwrap();
    assert!(track(good.as_ref(), &host).await.is_ok(), "dropped calls hold no threads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_cannot_be_opened_is_an_error() {
    let den = Den::with("waybill-hostile");
    let library = library(&den);
    for (mode, words) in [("panic_opening", "panicked"), ("hang_opening", "did not come back")] {
        let Err(error) = open(&library, HOSTILE, mode) else { panic!("{mode}: opened") };
        assert!(error.message.contains(words) && !error.message.contains("Ada"), "{mode}: {error}");
    }
}
