//! T10: the check's own test. Each protection that is left out turns the run red; the same run with it is green.

use waybill_soak::{Outcome, Settings};

use super::{green, ms, run, settings};
use waybill_soak::replica::Times;

/// Short times and three times the faults, over SQLite and one replica.
fn small(purchases: usize, accounts: &[&str]) -> Settings {
    let mut settings = settings(purchases);
    settings.sqlite = true;
    settings.replicas = 1;
    settings.kill_every = None;
    settings.restart_every = None;
    settings.expire_every = None;
    settings.faults = 300;
    settings.accounts = accounts.iter().map(|name| (*name).to_owned()).collect();
    settings.times =
        Times { guard: 1_200, lease_margin: 300, timeout: 2_500, settle: 1_200, sweeps: vec![5_000, 6_500] };
    settings
}

const FINDABLE: [&str; 4] = ["ups", "usps", "fedex", "china-post"];

fn with(settings: &Settings, mutant: &str) -> Settings {
    Settings { mutant: Some(mutant.to_owned()), ..settings.clone() }
}

fn red(outcome: Option<Outcome>, word: &str, mutant: &str) {
    let outcome = outcome.unwrap_or_else(|| panic!("{mutant} did not run"));
    assert!(outcome.report.count(word) > 0, "{mutant} was not noticed: {:#?}", outcome.report);
}

/// The mutant is noticed with one of these seeds: whether a sale comes late enough to matter depends on the machine too.
async fn red_with_some_seed(settings: &Settings, word: &str, mutant: &str) {
    for seed in 1..=4 {
        let settings = Settings { seed, ..with(settings, mutant) };
        let outcome = run(mutant, &settings).await.unwrap_or_else(|| panic!("{mutant} did not run"));
        if outcome.report.count(word) > 0 {
            return;
        }
    }
    panic!("{mutant} was not noticed with any seed");
}

/// Sales come before the settle window ends, and nothing sweeps: the window alone protects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_settle_window_there_are_doubles() {
    let mut settings = small(150, &FINDABLE);
    settings.faults = 600;
    // After the first question, and long before an answer to it counts (settle and guard), also on a slow machine.
    settings.times.guard = 6_000;
    settings.sells_late_after = Some(4_200);
    settings.times.sweeps = Vec::new();
    let (naive, early) = (with(&settings, "naive_retry"), with(&settings, "no_settle"));
    let (_, naive, early) =
        tokio::join!(green("settle window", &settings), run("naive_retry", &naive), run("no_settle", &early));
    red(naive, "double", "naive_retry");
    red(early, "double", "no_settle");
}

/// Sales come after the window: only a sweep of all attempts, and a late success that is always recorded, help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_sweep_of_all_attempts_there_are_doubles() {
    let settings = small(200, &FINDABLE);
    tokio::join!(
        green("sweep", &settings),
        red_with_some_seed(&settings, "double", "sweep_latest"),
        red_with_some_seed(&settings, "lost", "drop_late_success")
    );
}

/// An HTTP stack that repeats by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_stack_that_repeats_is_noticed() {
    let settings = with(&small(60, &FINDABLE), "http_retry_on");
    red(run("http_retry_on", &settings).await, "sends", "http_retry_on");
}

/// Replicas that are stopped between D2 and the first byte, past lease and window, while another one clears up. What a late
/// sender buys is bought twice; it hears the answer, mostly, and the label too many is voided.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_send_guard_a_late_sender_buys_twice() {
    let mut settings = small(150, &FINDABLE);
    settings.sqlite = false;
    settings.replicas = 2;
    settings.in_flight = 32;
    settings.faults = 0;
    settings.times.sweeps = Vec::new();
    settings.pause_every = Some(ms(600));
    settings.fail = "begin.before=500".to_owned();
    let broken = with(&settings, "no_guard");
    let (whole, broken) = tokio::join!(green("send guard", &settings), run("no_guard", &broken));
    if let Some(whole) = whole {
        let broken = broken.expect("no_guard did not run").report;
        let twice = broken.extras + broken.count("double");
        assert!(twice > whole.report.extras, "no_guard was not noticed: {broken:#?} {:#?}", whole.report);
    }
}

/// A power cut takes away what was not synced: labels that were paid for are gone where SQLite does not sync each commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_synced_commits_a_power_cut_loses_labels() {
    // USPS gives a label again three times: more cuts than that end at a person.
    let mut settings = small(150, &["ups", "fedex", "china-post"]);
    settings.faults = 0;
    settings.in_flight = 16;
    settings.power_cuts = true;
    settings.kill_every = Some(ms(1_200));
    let broken = with(&settings, "sync_normal");
    let (whole, broken) = tokio::join!(green("power cuts", &settings), run("sync_normal", &broken));
    assert!(whole.is_some_and(|whole| whole.kills > 0), "no power cut");
    red(broken, "lost", "sync_normal");
}
