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

fn red(outcome: &Outcome, word: &str, mutant: &str) {
    assert!(outcome.report.count(word) > 0, "{mutant} was not noticed: {:#?}", outcome.report);
}

/// Sales come before the settle window ends, and nothing sweeps: the window alone protects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_settle_window_there_are_doubles() {
    let mut settings = small(200, &FINDABLE);
    settings.later_than_settle = false;
    settings.times.sweeps = Vec::new();
    green("settle window", &settings).await;
    for mutant in ["naive_retry", "no_settle"] {
        let outcome = run(mutant, &with(&settings, mutant)).await.expect("SQLite is always there");
        red(&outcome, "double", mutant);
    }
}

/// Sales come after the window: only a sweep of all attempts, and a late success that is always recorded, help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_sweep_of_all_attempts_there_are_doubles() {
    let settings = small(200, &FINDABLE);
    green("sweep", &settings).await;
    let latest = run("sweep_latest", &with(&settings, "sweep_latest")).await.expect("SQLite is always there");
    red(&latest, "double", "sweep_latest");
    let dropped = run("drop_late_success", &with(&settings, "drop_late_success"))
        .await
        .expect("SQLite is always there");
    red(&dropped, "lost", "drop_late_success");
}

/// An HTTP stack that repeats by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_stack_that_repeats_is_noticed() {
    let settings = with(&small(60, &FINDABLE), "http_retry_on");
    let outcome = run("http_retry_on", &settings).await.expect("SQLite is always there");
    red(&outcome, "sends", "http_retry_on");
}

/// Replicas that are stopped between D2 and the first byte, past lease and window, while another one clears up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_send_guard_a_late_sender_buys_twice() {
    let mut settings = small(90, &FINDABLE);
    settings.sqlite = false;
    settings.replicas = 2;
    settings.in_flight = 32;
    settings.faults = 0;
    settings.times.sweeps = Vec::new();
    settings.pause_every = Some(ms(600));
    settings.fail = "begin.before=500".to_owned();
    if green("send guard", &settings).await.is_none() {
        return;
    }
    let outcome = run("no_guard", &with(&settings, "no_guard")).await.expect("it ran before");
    red(&outcome, "double", "no_guard");
}

/// A power cut takes away what was not synced: labels that were paid for are gone where SQLite does not sync each commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_synced_commits_a_power_cut_loses_labels() {
    let mut settings = small(150, &FINDABLE);
    settings.faults = 0;
    settings.in_flight = 16;
    settings.power_cuts = true;
    settings.kill_every = Some(ms(1_200));
    let whole = green("power cuts", &settings).await.expect("SQLite is always there");
    assert!(whole.kills > 0, "no power cut");
    let outcome = run("sync_normal", &with(&settings, "sync_normal")).await.expect("SQLite is always there");
    let noticed =
        ["lost", "double", "sends", "open"].iter().map(|word| outcome.report.count(word)).sum::<usize>();
    assert!(noticed > 0, "sync_normal was not noticed: {:#?}", outcome.report);
}
