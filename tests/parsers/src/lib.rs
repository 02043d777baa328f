//! Bodies of the fuzz targets and benchmarks of every parser that reads foreign bytes.
//!
//! A target is a name and a function of bytes. Each operation of each carrier that reads answers is one
//! (`usps-quote`), each carrier's tokens are one (`usps-tokens`), and so are the readers in `PLAIN`. [`run`] plays data
//! to a target: it panics on a finding. `fuzz/` runs them with libFuzzer; `tests/smoke.rs` runs them over their seeds and
//! over simple mutations in `cargo test`, so that they cannot rot.

mod carriers;
mod frames;
#[cfg(feature = "host")]
mod host;
mod plain;

use std::sync::LazyLock;

use waybill_testkit::Rig;

pub use carriers::{CARRIERS, rig};

/// A reader that belongs to no carrier's operation: name, what it does with data, its seeds.
pub struct Plain {
    /// Name of the target.
    pub name: &'static str,
    /// Plays data.
    pub run: fn(&[u8]),
    /// Data that reads well.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every reader that belongs to no carrier's operation.
pub fn plain() -> Vec<Plain> {
    #[allow(unused_mut, reason = "without the host there is nothing to add")]
    let mut all = vec![
        Plain { name: "usps-multipart", run: plain::multipart, seeds: plain::multipart_seeds },
        Plain { name: "label-kind", run: plain::label_kind, seeds: plain::label_kind_seeds },
        Plain { name: "rate-sheet", run: plain::rate_sheet, seeds: plain::rate_sheet_seeds },
        Plain { name: "shipment", run: plain::shipment, seeds: plain::shipment_seeds },
        Plain { name: "account-settings", run: plain::settings, seeds: plain::settings_seeds },
        Plain { name: "operation-input", run: plain::operation_input, seeds: plain::operation_input_seeds },
        Plain { name: "plugin-answers", run: frames::plugin_answers, seeds: frames::plugin_answers_seeds },
        Plain { name: "plugin-calls", run: frames::plugin_calls, seeds: frames::plugin_calls_seeds },
    ];
    #[cfg(feature = "host")]
    all.extend([
        Plain { name: "statement", run: host::statement, seeds: host::statement_seeds },
        Plain { name: "host-config", run: host::config, seeds: host::config_seeds },
    ]);
    all
}

/// Names of all targets.
pub fn targets() -> Vec<String> {
    let mut names = Vec::new();
    for carrier in CARRIERS {
        let rig = rig(carrier);
        names.extend(read_operations(rig).into_iter().map(|operation| format!("{carrier}-{operation}")));
        if !rig.common_seeds().is_empty() {
            names.push(format!("{carrier}-tokens"));
        }
    }
    names.extend(plain().into_iter().map(|plain| plain.name.to_owned()));
    names
}

/// Operations in which a carrier reads an answer.
pub fn read_operations(rig: &Rig) -> Vec<&'static str> {
    let reads = |operation: &&str| rig.seeds(operation).iter().any(|(_, seed)| seed.len() > 1);
    rig.operations().into_iter().filter(reads).collect()
}

/// Carrier and operation of a target's name.
fn split(target: &str) -> Option<(&'static str, &str)> {
    let carriers = CARRIERS.iter().filter_map(|carrier| {
        let operation = target.strip_prefix(carrier)?.strip_prefix('-')?;
        Some((*carrier, operation))
    });
    carriers.max_by_key(|(carrier, _)| carrier.len())
}

/// The target that takes the place of all others, so that one build runs them all: `WAYBILL_TARGET` names the target.
pub const ANY: &str = "any";

fn named() -> &'static str {
    static NAME: LazyLock<String> = LazyLock::new(|| std::env::var("WAYBILL_TARGET").unwrap_or_default());
    &NAME
}

/// Plays data to a target. Panics on a finding, and when nobody knows the target.
pub fn run(target: &str, data: &[u8]) {
    let target = if target == ANY { named() } else { target };
    if let Some(plain) = plain().iter().find(|plain| plain.name == target) {
        return (plain.run)(data);
    }
    let Some((carrier, operation)) = split(target) else { panic!("there is no target `{target}`") };
    let outcome = match operation {
        "tokens" => rig(carrier).play_common(data),
        operation => rig(carrier).play(operation, data),
    };
    drop(outcome);
}

/// Data that a target reads well.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    if let Some(plain) = plain().iter().find(|plain| plain.name == target) {
        return (plain.seeds)();
    }
    match split(target) {
        Some((carrier, "tokens")) => rig(carrier).common_seeds(),
        Some((carrier, operation)) => {
            rig(carrier).seeds(operation).into_iter().map(|(_, seed)| seed).collect()
        }
        None => Vec::new(),
    }
}
