//! The proof over several processes: the engine, the real carriers' crates, the sandbox as the oracle in a process of its
//! own, real kills. Long forms by environment: `WAYBILL_SOAK=10000`, `WAYBILL_KILLS=500`, `WAYBILL_WHOLE_MATRIX=1`.

mod capabilities;
mod clients;
mod database;
mod kills;
mod mutants;
mod replicas;
mod soak;
mod wire;

use std::time::Duration;

use waybill_soak::{Outcome, Settings};

/// Settings of a run of the program under test.
fn settings(purchases: usize) -> Settings {
    Settings::of(env!("CARGO_BIN_EXE_waybill-soak"), purchases)
}

/// A number from the environment: the length of a long form.
fn size(name: &str, short: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(short)
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Runs, prints what came of it, and returns it; `None` where PostgreSQL is not installed and not required.
async fn run(name: &str, settings: &Settings) -> Option<Outcome> {
    let outcome = waybill_soak::run(settings).await.unwrap_or_else(|error| panic!("{name}: {error}"))?;
    println!(
        "{name}: seed {}, {} orders in {:?}, settled after {:?}, {} kills, {} restarts of the server, {} faults; {:?}; {:?}",
        settings.seed,
        settings.purchases,
        outcome.ordering,
        outcome.all,
        outcome.kills,
        outcome.restarts,
        outcome.report.struck,
        outcome.report.states,
        outcome.report.findings.iter().map(|(word, all)| (*word, all.len())).collect::<Vec<_>>(),
    );
    Some(outcome)
}

/// Runs, and everything must hold.
async fn green(name: &str, settings: &Settings) -> Option<Outcome> {
    let outcome = run(name, settings).await?;
    assert!(
        outcome.is_clean(),
        "{name}, seed {}: {:#?} {:#?} {:#?}, left open {:#?}",
        settings.seed,
        outcome
            .report
            .findings
            .iter()
            .map(|(word, all)| (word, &all[..all.len().min(4)]))
            .collect::<Vec<_>>(),
        &outcome.audit[..outcome.audit.len().min(4)],
        &outcome.notes.wrong[..outcome.notes.wrong.len().min(4)],
        &outcome.left[..outcome.left.len().min(4)]
    );
    Some(outcome)
}
