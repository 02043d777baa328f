//! T5: PostgreSQL that is killed, cut off inside COMMIT, read-only; a disk that is full.

use super::{green, ms, settings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_cut_off_and_read_only_loses_nothing() {
    let mut settings = settings(250);
    settings.in_flight = 24;
    settings.kill_every = None;
    settings.terminate_every = Some(ms(900));
    settings.read_only_every = Some(ms(1_500));
    settings.restart_every = Some(ms(3_500));
    let Some(outcome) = green("database faults", &settings).await else { return };
    assert!(outcome.restarts > 0, "the server was never killed");
}

/// The client cannot know what became of a COMMIT whose connection ends: it reads again before anything else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_inside_commit_lose_nothing() {
    let mut settings = settings(200);
    settings.in_flight = 24;
    settings.kill_every = None;
    settings.restart_every = None;
    settings.cut_commits = Some(12);
    green("cut commits", &settings).await;
}

/// The first process of the replica has a full disk; the next one has room again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing() {
    let mut settings = settings(200);
    settings.sqlite = true;
    settings.replicas = 1;
    settings.in_flight = 24;
    settings.kill_every = Some(ms(4_000));
    settings.restart_every = None;
    settings.full_at = Some(900);
    settings.accounts.retain(|account| account != "usps");
    let outcome = green("full disk", &settings).await.expect("SQLite is always there");
    assert!(outcome.notes.asked_again > 100, "the disk was never full: {:?}", outcome.notes);
}
