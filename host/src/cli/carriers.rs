//! `waybill carriers`, `waybill schema`.

use waybill_core::{Error, ErrorKind, Profile, Shipment};

use super::{Failure, Output};
use crate::{Config, Entry, Registry};

pub(crate) fn run(output: &Output, registry: &Registry, id: Option<&str>) -> Result<(), Failure> {
    match id {
        Some(id) => show(output, registry.get(id)?),
        None => list(output, registry),
    }
    Ok(())
}

fn list(output: &Output, registry: &Registry) {
    if output.json() {
        output.print_json(&registry.iter().map(|entry| &entry.profile).collect::<Vec<_>>());
        return;
    }
    let mut table = output.table(&["id", "carrier", "services", "labels", "paid", "from"]);
    for entry in registry.iter() {
        let profile = &entry.profile;
        table.add_row(vec![
            profile.id.to_string(),
            profile.name.clone(),
            profile.services.len().to_string(),
            formats(profile),
            settlement(profile).to_owned(),
            entry.origin.clone(),
        ]);
    }
    output.line(table.to_string());
    output.line("`waybill carriers ID` shows services, limits and account settings");
}

fn formats(profile: &Profile) -> String {
    profile.labels.iter().map(|offer| offer.format.as_str().to_owned()).collect::<Vec<_>>().join(" ")
}

fn settlement(profile: &Profile) -> &'static str {
    match profile.settlement {
        waybill_core::Settlement::Charged => "at purchase",
        waybill_core::Settlement::BilledToAccount => "by invoice",
        waybill_core::Settlement::Offline { .. } => "offline",
    }
}

fn show(output: &Output, entry: &Entry) {
    if output.json() {
        output.print_json(&serde_json::json!({ "profile": entry.profile, "account_schema": entry.schema, "origin": entry.origin }));
        return;
    }
    let profile = &entry.profile;
    output.line(format!("{} ({}), version {}, {}", profile.name, profile.id, profile.version, entry.origin));
    let mut table = output.table(&["service", "code", "name", "heaviest", "largest"]);
    for service in &profile.services {
        let limits = &service.limits;
        let largest = limits
            .max_length_plus_girth
            .map(|size| format!("{size} length + girth"))
            .or(limits.max_length.map(|size| format!("{size} long")));
        table.add_row(vec![
            service.code.to_string(),
            service.carrier_code.clone(),
            service.name.clone(),
            limits.max_weight.map(|weight| weight.to_string()).unwrap_or_default(),
            largest.unwrap_or_default(),
        ]);
    }
    output.line(table.to_string());
    if !entry.example.is_empty() {
        output.line(format!("An account in waybill.toml:\n\n{}", entry.example.trim_end()));
    }
}

/// Prints a JSON Schema.
pub(crate) fn schema(registry: &Registry, what: &str) -> Result<(), Failure> {
    let schema = match what {
        "shipment" => serde_json::to_value(schemars::schema_for!(Shipment)),
        "config" => serde_json::to_value(schemars::schema_for!(Config)),
        carrier => Ok(registry.get(carrier)?.schema.clone()),
    };
    let text = schema.and_then(|schema| serde_json::to_string_pretty(&schema));
    super::output::print(
        &text.map_err(|error| Error::new(ErrorKind::Internal, format!("no schema: {error}")))?,
    );
    Ok(())
}
