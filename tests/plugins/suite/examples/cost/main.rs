//! What a dynamic library costs: each operation of the six carriers linked in, through the plugin boundary in one process,
//! and from a library; and a whole shop over all six, linked in and from libraries, over HTTP on loopback.
//!
//! ```text
//! cargo run --profile dist -p waybill-plugin-suite --example cost
//! cargo run --profile dist -p waybill-plugin-suite --example cost -- quick
//! ```
//!
//! The answers are the sandbox's, recorded once and replayed, so that what is measured is the way and not the simulation.
//! Linked in and library take turns, so that whatever else the machine does strikes both.
#![forbid(unsafe_code)]

mod calls;
mod carriers;
mod replay;
mod shops;

use std::time::Duration;

use waybill_sandbox::Sandbox;

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let quick = std::env::args().any(|argument| argument == "quick");
    let sandbox = Sandbox::builder().in_memory_ledger().start().await?;
    let state = tempfile::tempdir()?;
    let six = carriers::six(&sandbox, state.path())?;
    let tape = replay::Tape::new();

    println!("{} cores. Time of one call, answers from memory:", std::thread::available_parallelism()?);
    calls::measure(&six, &tape, if quick { 200 } else { 2_000 }).await?;

    println!("\nA shop over all six carriers on three lanes, answers over HTTP on loopback:");
    for (delay, shops) in [(0, 2_000), (50, 100)] {
        let shops = if quick { shops / 10 } else { shops };
        shops::measure(&six, &tape, Duration::from_millis(delay), shops).await?;
    }
    Ok(())
}
