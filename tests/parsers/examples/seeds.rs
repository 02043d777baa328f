//! Writes the seeds of all targets for libFuzzer: `cargo run -p waybill-parsers --example seeds -- fuzz/corpus`.

use std::io::Result;
use std::path::PathBuf;

fn main() -> Result<()> {
    let folder: PathBuf = std::env::args().nth(1).unwrap_or_else(|| "fuzz/corpus".to_owned()).into();
    for target in waybill_parsers::targets() {
        let own = folder.join(&target);
        std::fs::create_dir_all(&own)?;
        for (at, seed) in waybill_parsers::seeds(&target).iter().enumerate() {
            std::fs::write(own.join(format!("seed-{at}")), seed)?;
        }
        println!("{target}");
    }
    Ok(())
}
