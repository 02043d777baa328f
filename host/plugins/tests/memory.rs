//! Memory over many calls through a real library, in a process of its own. `examples/soak.rs` is the long form.
#![cfg(target_os = "linux")]

mod common;

use common::{Den, TestHost, order, permit, quick};

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_stays_flat() {
    let den = Den::with("waybill-hostile");
    let library = den.load(&quick()).unwrap();
    let host = TestHost::new(vec![("/label", "sold")]);
    let hostile = library.carriers.last().unwrap();
    let good = hostile.open(serde_json::json!({ "mode": "good" })).unwrap();
    let mut after_warming = 0;
    for round in 0..4_000 {
        good.label().unwrap().buy(&host.cx("buy"), &order(), permit()).await.unwrap();
        host.sent.lock().unwrap().clear();
        if round == 1_000 {
            after_warming = resident();
        }
    }
    // 3,000 purchases that lost 2 KiB each would show as 6 MiB.
    let grown = resident().saturating_sub(after_warming);
    assert!(grown < 6_000, "{grown} KiB more");
}
