//! The `fixtures/` folder of a carrier.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Exchange;

/// One scenario file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// File name without `.json`.
    #[serde(skip)]
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Merge patch on the standard input.
    #[serde(default = "empty_object")]
    pub input: Value,
    /// What goes over the wire.
    #[serde(default)]
    pub exchanges: Vec<Exchange>,
    /// What must come out.
    pub expect: Value,
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}

impl Scenario {
    /// The scenario that it is a variant of: `rate_domestic` for `rate_domestic.saturday`.
    pub fn base(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
    /// Whether it is the main file of its scenario.
    pub fn is_main(&self) -> bool {
        !self.name.contains('.')
    }
    /// Whether it expects a refusal.
    pub fn expects_error(&self) -> bool {
        self.expect.get("error").is_some()
    }
}

/// `exceptions.json`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Exceptions {
    /// Reasons by scenario.
    pub scenarios: BTreeMap<String, String>,
    /// Reasons by case id.
    pub cases: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    exchanges: Vec<Exchange>,
}

/// Everything in the folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fixtures {
    pub folder: PathBuf,
    pub config: Value,
    pub common: Vec<Exchange>,
    pub scenarios: BTreeMap<String, Scenario>,
    pub exceptions: Exceptions,
    /// Mistakes in the folder itself.
    pub problems: Vec<String>,
}

impl Fixtures {
    pub fn load(folder: &Path) -> Self {
        let mut fixtures = Self { folder: folder.to_owned(), config: empty_object(), ..Self::default() };
        let mut texts = String::new();
        let mut held = BTreeSet::new();
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                fixtures.problems.push(format!("there is no folder `fixtures`: {error}"));
                return fixtures;
            }
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        for path in names {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                match name.as_str() {
                    "files" => list(&path, "files", &mut held),
                    "own" => {}
                    _ => fixtures.problems.push(format!("`fixtures/{name}` is none of `files`, `own`")),
                }
            } else if let Some(text) = fixtures.read(&path, &name) {
                fixtures.take(&name, &text);
                texts.push_str(&text);
            }
        }
        for file in held.iter().filter(|file| !texts.contains(file.as_str())) {
            fixtures
                .problems
                .push(format!("no scenario uses `fixtures/{file}`: remove it, or move it to `own/`"));
        }
        if !fixtures.folder.join("config.json").exists() {
            fixtures.problems.push("write `fixtures/config.json`: the account as JSON".to_owned());
        }
        fixtures
    }

    fn read(&mut self, path: &Path, name: &str) -> Option<String> {
        match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) => {
                self.problems.push(format!("`fixtures/{name}` cannot be read: {error}"));
                None
            }
        }
    }

    fn take(&mut self, name: &str, text: &str) {
        match name {
            "config.json" => self.config = self.parse(name, text).unwrap_or_else(empty_object),
            "common.json" => {
                self.common = self.parse::<Common>(name, text).unwrap_or_default().exchanges;
                self.common.iter_mut().for_each(|exchange| exchange.optional = true);
            }
            "exceptions.json" => self.exceptions = self.parse(name, text).unwrap_or_default(),
            _ => match name.strip_suffix(".json") {
                None => self.problems.push(format!("`fixtures/{name}` is no JSON file: move it to `files/`")),
                Some(stem) => {
                    if let Some(mut scenario) = self.parse::<Scenario>(name, text) {
                        scenario.name = stem.to_owned();
                        self.scenarios.insert(stem.to_owned(), scenario);
                    }
                }
            },
        }
    }

    fn parse<T: DeserializeOwned>(&mut self, name: &str, text: &str) -> Option<T> {
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problems.push(format!("`fixtures/{name}`: {error}"));
                None
            }
        }
    }
}

fn list(folder: &Path, prefix: &str, held: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            list(&entry.path(), &name, held);
        } else {
            held.insert(name);
        }
    }
}
