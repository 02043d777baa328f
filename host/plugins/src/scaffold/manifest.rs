//! The new crate's `Cargo.toml`, from the template's and the workspace's.

use std::path::Path;

use toml::{Table, Value};
use waybill_core::{Error, ErrorKind, Result};

use super::template::{FILES, WORKSPACE};
use super::{Names, Source};

/// The manifest's text.
pub(super) fn write(names: &Names, source: &Source, folder: &Path) -> Result<String> {
    let text =
        FILES.iter().find(|(path, _)| *path == "Cargo.toml").map(|(_, text)| *text).unwrap_or_default();
    let description = format!("{} for Waybill.", names.title);
    if *source == Source::Workspace {
        let renamed = names.rename(text);
        let old = renamed.lines().find(|line| line.starts_with("description")).unwrap_or_default().to_owned();
        return Ok(renamed.replace(&old, &format!("description = \"{description}\"")));
    }
    let template = parse(text)?;
    let workspace = parse(WORKSPACE)?;
    let shared = workspace.get("workspace").and_then(Value::as_table).cloned().unwrap_or_default();
    let mut manifest = Table::new();
    manifest.insert("package".to_owned(), package(names, &description, &shared));
    for section in ["dependencies", "dev-dependencies"] {
        let wanted = template.get(section).and_then(Value::as_table).cloned().unwrap_or_default();
        manifest.insert(section.to_owned(), Value::Table(dependencies(&wanted, &shared, source, folder)?));
    }
    if let Some(tests) = template.get("test") {
        manifest.insert("test".to_owned(), tests.clone());
    }
    // A workspace of its own, so that it builds in whatever folder it lies.
    manifest.insert("workspace".to_owned(), Value::Table(Table::new()));
    toml::to_string(&manifest).map_err(|error| internal(&error))
}

fn parse(text: &str) -> Result<Table> {
    text.parse().map_err(|error: toml::de::Error| internal(&error))
}

fn internal(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the template's manifest cannot be used: {error}"))
}

fn package(names: &Names, description: &str, shared: &Table) -> Value {
    let common = shared.get("package").and_then(Value::as_table);
    let inherited = |key: &str| common.and_then(|table| table.get(key)).cloned();
    let mut package = Table::new();
    package.insert("name".to_owned(), names.package.clone().into());
    package.insert("description".to_owned(), description.into());
    package.insert("version".to_owned(), "0.1.0".into());
    for key in ["edition", "rust-version"] {
        package.extend(inherited(key).map(|value| (key.to_owned(), value)));
    }
    package.insert("publish".to_owned(), false.into());
    package.insert("readme".to_owned(), "README.md".into());
    Value::Table(package)
}

/// Each `name.workspace = true` as the workspace defines it, and Waybill's own crates from the source.
fn dependencies(wanted: &Table, shared: &Table, source: &Source, folder: &Path) -> Result<Table> {
    let known = shared.get("dependencies").and_then(Value::as_table);
    let mut resolved = Table::new();
    for (name, extra) in wanted {
        let defined = known.and_then(|table| table.get(name));
        let defined = defined.ok_or_else(|| internal(&format!("{name} is not defined")))?;
        let mut entry = match defined {
            Value::Table(table) => table.clone(),
            version => Table::from_iter([("version".to_owned(), version.clone())]),
        };
        if let Some(path) = entry.get("path").and_then(Value::as_str).map(str::to_owned) {
            entry = ours(&path, source, folder);
        }
        if let Some(features) = extra.get("features").and_then(Value::as_array) {
            let slot = entry.entry("features").or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(all) = slot {
                all.extend(features.iter().cloned());
            }
        }
        resolved.insert(name.clone(), Value::Table(entry));
    }
    Ok(resolved)
}

fn ours(path: &str, source: &Source, folder: &Path) -> Table {
    match source {
        Source::Path(waybill) => {
            let path = waybill.join(path);
            // Relative paths in a manifest begin at the manifest, not where the command ran.
            let path = if path.is_absolute() { path } else { absolute(&path, folder) };
            Table::from_iter([("path".to_owned(), path.to_string_lossy().into_owned().into())])
        }
        Source::Version(version) => Table::from_iter([("version".to_owned(), version.clone().into())]),
        Source::Workspace => Table::from_iter([("workspace".to_owned(), true.into())]),
    }
}

fn absolute(path: &Path, folder: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| folder.join(path))
}
