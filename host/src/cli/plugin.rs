//! `waybill plugin`: dynamic libraries with carriers.

use std::path::Path;

use serde::Serialize;
use waybill_plugins::{Inspected, inspect, verify};

use super::args::PluginCommand;
use super::{Failure, Output};
use crate::Config;
use crate::config::PluginConfig;

pub(crate) fn run(
    output: &Output,
    command: &PluginCommand,
    config: impl FnOnce() -> Result<Config, Failure>,
) -> Result<(), Failure> {
    match command {
        PluginCommand::Inspect { file } => show(output, file),
        PluginCommand::Verify { file: Some(file), sha256: Some(pin) } => {
            checked(output, file, &verify(file, pin)?);
            Ok(())
        }
        PluginCommand::Verify { file, .. } => verify_configured(output, &config()?, file.as_deref()),
        PluginCommand::List => list(output, &config()?),
    }
}

/// What a file says of itself; nothing of it runs.
fn show(output: &Output, file: &Path) -> Result<(), Failure> {
    let inspected = inspect(file)?;
    if output.json() {
        output.print_json(&inspected);
        return Ok(());
    }
    output.line(format!("{} for {}", inspected.format, inspected.architecture));
    let mut table = output.table(&["symbol", "plugin ABI", "waybill-core", "carrier", "panics"]);
    for carrier in &inspected.carriers {
        table.add_row(vec![
            carrier.symbol.clone(),
            format!("{}.{}", carrier.abi_major, carrier.abi_minor),
            carrier.core_version.clone().unwrap_or_else(|| "?".to_owned()),
            carrier.carrier_version.clone().unwrap_or_else(|| "?".to_owned()),
            if carrier.panic_unwinds { "unwind" } else { "abort" }.to_owned(),
        ]);
    }
    output.line(table.to_string());
    if inspected.carriers.is_empty() {
        output.line("no carrier: end the crate's lib.rs with `waybill_core::export_carrier!(..)`");
        return Ok(());
    }
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    // A TOML literal text: no character of a path is special in it, but its quote.
    output.line(format!(
        "To load it, with the host's full trust:\n\n[[plugins]]\npath = '{}'\nsha256 = \"{}\"",
        path.display(),
        inspected.sha256
    ));
    Ok(())
}

fn checked(output: &Output, file: &Path, inspected: &Inspected) {
    if output.json() {
        output.print_json(inspected);
    }
    output.line(format!("{}: good, {} carriers", file.display(), inspected.carriers.len()));
}

/// Checks every configured library, or the one with this path. Nothing of them runs.
fn verify_configured(output: &Output, config: &Config, file: Option<&Path>) -> Result<(), Failure> {
    let chosen: Vec<&PluginConfig> =
        config.plugins.iter().filter(|plugin| file.is_none_or(|file| plugin.path == file)).collect();
    match (chosen.is_empty(), file) {
        (true, Some(file)) => {
            let file = file.display();
            return Err(Failure::input(format!(
                "{file} is not in the configuration's [[plugins]]: give its hash with --sha256"
            )));
        }
        (true, None) => output.line("no [[plugins]] in the configuration"),
        _ => {}
    }
    for plugin in chosen {
        checked(output, &plugin.path, &verify(&plugin.path, &plugin.sha256)?);
    }
    Ok(())
}

#[derive(Serialize)]
struct Line {
    path: String,
    state: String,
    carriers: Vec<String>,
}

/// The configured libraries and whether they would be loaded. Nothing of them runs.
fn list(output: &Output, config: &Config) -> Result<(), Failure> {
    let lines: Vec<Line> = config
        .plugins
        .iter()
        .map(|plugin| {
            let (state, carriers) = match verify(&plugin.path, &plugin.sha256) {
                Ok(inspected) => {
                    let symbols = inspected.carriers.into_iter().map(|carrier| carrier.symbol);
                    ("good".to_owned(), symbols.collect())
                }
                Err(error) => (error.message, Vec::new()),
            };
            Line { path: plugin.path.display().to_string(), state, carriers }
        })
        .collect();
    if output.json() {
        output.print_json(&lines);
        return Ok(());
    }
    let mut table = output.table(&["library", "carriers", "state"]);
    for line in lines {
        table.add_row(vec![line.path, line.carriers.join("\n"), line.state]);
    }
    output.line(table.to_string());
    Ok(())
}
