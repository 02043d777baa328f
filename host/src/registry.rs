//! Which carriers this host knows: the built-in list below, and libraries that the config names.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use waybill_core::{Carrier, CarrierPlugin, Error, ErrorKind, FieldProblem, Profile, Result};

/// Opens accounts of one carrier from settings as JSON.
type Open = dyn Fn(Value) -> Result<Box<dyn Carrier>> + Send + Sync;

/// A carrier that the host knows.
#[derive(Clone)]
pub struct Entry {
    /// What it offers.
    pub profile: Profile,
    /// JSON Schema of an account's settings and credentials; secrets are marked `x-secret`.
    pub schema: Value,
    /// A documented account section in TOML, empty when the carrier gives none.
    pub example: String,
    /// Where it comes from: `built in`, or the path of a library.
    pub origin: String,
    /// Whether the configuration's `[[plugins]]` brought it.
    pub(crate) configured: bool,
    open: Arc<Open>,
}

impl Entry {
    /// An entry for a carrier crate that is linked in.
    pub fn built_in<P: CarrierPlugin>() -> Self {
        let schema = serde_json::to_value(schemars::schema_for!(P::Config)).unwrap_or_default();
        Self {
            profile: P::profile(),
            schema,
            example: P::example().to_owned(),
            origin: "built in".to_owned(),
            configured: false,
            open: Arc::new(|settings| P::open(typed::<P::Config>(settings)?)),
        }
    }

    /// An entry for a carrier from elsewhere.
    pub fn foreign(
        profile: Profile,
        schema: Value,
        origin: impl Into<String>,
        open: impl Fn(Value) -> Result<Box<dyn Carrier>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            profile,
            schema,
            example: String::new(),
            origin: origin.into(),
            configured: false,
            open: Arc::new(open),
        }
    }

    /// Opens an account. Makes no call. Mistakes in the settings are `Invalid` with their paths.
    pub fn open(&self, settings: Value) -> Result<Box<dyn Carrier>> {
        (self.open)(settings)
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.profile.id)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Settings as the carrier's own type. The error names the key and shows no value: it may be a secret.
fn typed<T: serde::de::DeserializeOwned>(settings: Value) -> Result<T> {
    serde_path_to_error::deserialize(settings).map_err(|error| {
        let path = error.path().to_string();
        let text = error.inner().to_string();
        let (problem, cure) = explain(&text);
        let path = if path == "." { String::new() } else { path };
        Error::invalid(vec![FieldProblem::new(path, problem, cure)]).with("settings", "account")
    })
}

/// serde's words, without values, and what to do.
fn explain(text: &str) -> (String, String) {
    if let Some(rest) = text.strip_prefix("missing field `") {
        let field = rest.split('`').next().unwrap_or_default();
        return (format!("`{field}` is missing"), format!("add `{field} = ...` to the account"));
    }
    if let Some(rest) = text.strip_prefix("unknown field `") {
        let mut parts = rest.splitn(2, '`');
        let field = parts.next().unwrap_or_default();
        let expected = parts.next().unwrap_or_default().trim_start_matches(", ");
        let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
        let nearest = nearest(field, known.iter().copied());
        let cure = match nearest {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!("known keys: {}", known.join(", ")),
        };
        return (format!("`{field}` is not a key of this carrier"), cure);
    }
    // "invalid type: string "hunter2", expected ..." quotes the value: keep what was expected only.
    let expected = text.split("expected ").nth(1).unwrap_or("another value");
    ("the value has the wrong form".to_owned(), format!("expected {expected}"))
}

/// The name most like a text, when one is near: for "did you mean".
pub(crate) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (distance(text, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min()
        .map(|(_, name)| name)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The carriers that this host knows, by id.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    entries: BTreeMap<String, Entry>,
}

impl Registry {
    /// No carriers.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The carriers that were compiled in. **A new carrier of the tree gets its line here.**
    pub fn built_in() -> Self {
        #[allow(unused_mut)]
        let mut registry = Self::empty();
        #[cfg(feature = "ups")]
        registry.add_built_in::<waybill_ups::Ups>();
        #[cfg(feature = "fedex")]
        registry.add_built_in::<waybill_fedex::FedEx>();
        #[cfg(feature = "usps")]
        registry.add_built_in::<waybill_usps::Usps>();
        #[cfg(feature = "ontrac")]
        registry.add_built_in::<waybill_ontrac::OnTrac>();
        #[cfg(feature = "dhl-express")]
        registry.add_built_in::<waybill_dhl_express::DhlExpress>();
        #[cfg(feature = "china-post")]
        registry.add_built_in::<waybill_china_post::ChinaPost>();
        #[cfg(feature = "rate-sheet")]
        registry.add_built_in::<waybill_rate_sheet::RateSheet>();
        registry
    }

    /// Adds a carrier crate that is linked into an embedding program, in place of one with the same id.
    pub fn add_built_in<P: CarrierPlugin>(&mut self) {
        self.entries.insert(P::ID.to_owned(), Entry::built_in::<P>());
    }

    /// Adds a carrier; an id that is taken is an error that names both.
    pub fn add(&mut self, entry: Entry) -> Result<()> {
        let id = entry.profile.id.to_string();
        if let Some(other) = self.entries.get(&id) {
            let message = format!("carrier id `{id}` is taken twice: {} and {}", other.origin, entry.origin);
            return Err(Error::new(ErrorKind::Config, message));
        }
        self.entries.insert(id, entry);
        Ok(())
    }

    /// The same without the carriers of configured libraries.
    pub(crate) fn without_configured(&self) -> Self {
        let kept = self.entries.iter().filter(|(_, entry)| !entry.configured);
        Self { entries: kept.map(|(id, entry)| (id.clone(), entry.clone())).collect() }
    }

    /// A carrier by id; the error names the nearest id.
    pub fn get(&self, id: &str) -> Result<&Entry> {
        self.entries.get(id).ok_or_else(|| {
            let cure = match nearest(id, self.entries.keys().map(String::as_str)) {
                Some(name) => format!("did you mean `{name}`?"),
                None => {
                    format!("known carriers: {}", self.entries.keys().cloned().collect::<Vec<_>>().join(", "))
                }
            };
            Error::invalid_field("carrier", format!("`{id}` is not a carrier of this host"), cure)
        })
    }

    /// All carriers, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Settings {
        client_id: String,
        sandbox: bool,
    }

    #[test]
    fn mistakes_in_settings_name_the_key_and_the_cure_and_never_the_value() {
        let problem = |json: Value| typed::<Settings>(json).unwrap_err().fields.remove(0);
        let missing = problem(serde_json::json!({ "sandbox": true }));
        assert_eq!(
            (missing.problem.as_str(), missing.cure.as_str()),
            ("`client_id` is missing", "add `client_id = ...` to the account")
        );
        let typo = problem(serde_json::json!({ "client_idd": "x", "sandbox": true }));
        assert_eq!(typo.cure, "did you mean `client_id`?");
        let wrong = problem(serde_json::json!({ "client_id": "x", "sandbox": "hunter2" }));
        assert_eq!((wrong.path.as_str(), wrong.cure.as_str()), ("sandbox", "expected a boolean"));
        assert!(!wrong.to_string().contains("hunter2"));
    }

    #[test]
    fn an_unknown_carrier_gets_the_nearest_name() {
        assert_eq!(nearest("fedx", ["ups", "fedex"].into_iter()), Some("fedex"));
        assert_eq!(nearest("royal-mail", ["ups", "fedex"].into_iter()), None);
    }
}
