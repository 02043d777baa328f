//! `waybill terms`, `waybill preferences`, `waybill key`.

use std::path::Path;

use comfy_table::Cell;
use serde_json::Value;
use waybill_core::{Error, ErrorKind};
use waybill_shop::Preferences;

use super::args::{KeyCommand, PreferencesCommand, TermsCommand};
use super::{Failure, Output, input};
use crate::{AcceptTerms, TermsView, Waybill};

pub(crate) async fn terms(output: &Output, host: &Waybill, command: &TermsCommand) -> Result<(), Failure> {
    let all = host.terms(host.tenant()).await?;
    match command {
        TermsCommand::List => list_terms(output, &all),
        TermsCommand::Accept { carrier, programme, version, by } => {
            let of_carrier: Vec<&TermsView> = all
                .iter()
                .filter(|view| view.carrier.as_ref().map(|id| id.as_str()) == carrier.as_deref())
                .collect();
            let programme = match (programme, of_carrier.as_slice()) {
                (Some(name), _) => name.clone(),
                (None, [only]) => only.terms.programme.clone(),
                (None, []) => return Err(Failure::Nothing(nothing_asked(carrier.as_deref()))),
                (None, several) => {
                    let names: Vec<_> = several.iter().map(|view| view.terms.programme.as_str()).collect();
                    return Err(Failure::input(format!("say which: --programme {}", names.join(" or "))));
                }
            };
            let accept = AcceptTerms {
                tenant: host.tenant().to_owned(),
                carrier: carrier.as_deref().map(Into::into),
                programme,
                version: version.clone(),
                by: by.clone(),
            };
            host.accept_terms(accept).await?;
            list_terms(output, &host.terms(host.tenant()).await?);
        }
    }
    Ok(())
}

fn nothing_asked(carrier: Option<&str>) -> String {
    format!("no terms of {} are to be accepted", carrier.unwrap_or("the operator"))
}

fn list_terms(output: &Output, all: &[TermsView]) {
    if output.json() {
        return output.print_json(&all);
    }
    if all.is_empty() {
        return output.line("no terms are to be accepted: [[terms]] in the configuration asks for some");
    }
    let mut table = output.compact(&["whose", "programme", "version", "accepted", "read them at"]);
    for view in all {
        let accepted = match (&view.accepted_at, &view.accepted_by) {
            (Some(at), Some(by)) => format!("{} by {}", at.format("%Y-%m-%d %H:%M"), by.as_str()),
            _ if view.earlier.is_empty() => "no".to_owned(),
            _ => format!("no (version {} was)", view.earlier.join(", ")),
        };
        table.add_row(vec![
            Cell::new(view.carrier.as_ref().map_or("operator", |carrier| carrier.as_str())),
            Cell::new(&view.terms.programme),
            Cell::new(&view.terms.version),
            output.strong(accepted),
            Cell::new(&view.terms.url),
        ]);
    }
    output.line(table.to_string());
}

pub(crate) async fn preferences(
    output: &Output,
    host: &Waybill,
    command: &PreferencesCommand,
) -> Result<(), Failure> {
    let market = match command {
        PreferencesCommand::Show { marketplace } => marketplace,
        PreferencesCommand::Set { marketplace, from_file, clear, preferences } => {
            let mut kept = host.preferences(host.tenant()).await?;
            let level = match marketplace {
                Some(name) => kept.marketplaces.entry(name.clone()).or_default(),
                None => &mut kept.general,
            };
            if *clear {
                *level = Preferences::default();
            }
            if let Some(path) = from_file {
                *level = read_preferences(path)?;
            }
            let (lifted, given) = (level.lifted.clone(), preferences.preferences()?);
            let mut changed = level.overlaid(&given);
            // Lifting here takes an exclusion of this level away; what is excluded below stays lifted.
            changed.lifted = lifted.into_iter().chain(given.lifted).collect();
            changed.lifted.sort();
            changed.lifted.dedup();
            *level = changed;
            host.set_preferences(host.tenant(), &kept).await?;
            marketplace
        }
    };
    let holds = host.preferences_for(host.tenant(), market.as_deref(), None).await?;
    let kept = host.preferences(host.tenant()).await?;
    if output.json() {
        output.print_json(&serde_json::json!({ "in_force": holds, "kept": kept }));
        return Ok(());
    }
    let of = market.as_ref().map(|name| format!(" for {name}")).unwrap_or_default();
    output.line(format!("in force{of}:\n{}", as_toml(&holds)));
    output.line(format!("kept in the store:\n{}", as_toml(&kept)));
    Ok(())
}

/// Preferences as TOML, which is also how they are written.
fn as_toml(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_value(value).ok().and_then(|value| toml::to_string_pretty(&value).ok());
    match text.unwrap_or_default().trim() {
        "" => "  nothing".to_owned(),
        text => text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"),
    }
}

fn read_preferences(path: &Path) -> Result<Preferences, Failure> {
    let table = input::table(path)?;
    serde_path_to_error::deserialize(Value::Object(table)).map_err(|error| {
        let at = error.path().to_string();
        Failure::input(format!("{} at `{at}`: {}", path.display(), error.inner()))
    })
}

/// Makes a sealing key in a new file.
pub(crate) fn key(output: &Output, command: &KeyCommand) -> Result<(), Failure> {
    let KeyCommand::New { file } = command;
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("no random numbers: {error}")))?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    write_new(file, &format!("{text}\n"))
        .map_err(|error| Failure::input(format!("{}: cannot be written: {error}", file.display())))?;
    if output.json() {
        output.print_json(&serde_json::json!({ "key_file": file }));
    }
    output.line(format!(
        "written: {}. Keep a copy apart from the database: without it credentials cannot be opened.",
        file.display()
    ));
    output.line(format!("Add it to waybill.toml:\n\n[seal]\nkey_file = {:?}", file.display().to_string()));
    Ok(())
}

/// An existing file is never overwritten: it may hold the key that everything is sealed with.
fn write_new(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
