//! Reads the configuration from its sources. figment stays behind this file.

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized};
use serde_json::Value;

use super::{Config, resolve};
use crate::registry::{Registry, nearest};

/// A mistake in the configuration: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {key}: {problem}{}", if cure.is_empty() { String::new() } else { format!(" ({cure})") })]
pub struct ConfigProblem {
    /// File, environment variable or flag that it stands in.
    pub source_name: String,
    /// Key, with dots.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub cure: String,
}

/// A configuration and where it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The file, when there was one.
    pub file: Option<PathBuf>,
}

/// Variables that are no keys: options of the program, and those that this project's own tests read.
const NO_KEYS: [&str; 15] = [
    "config",
    "log",
    "clock_skew",
    "conformance_report",
    "kills",
    "power_cut",
    "require_postgres",
    "seed",
    "seeds",
    "shared",
    "slow_tests",
    "smoke_cases",
    "soak",
    "soak_log",
    "whole_matrix",
];

/// Reads defaults, the file, `WAYBILL_*` variables (`WAYBILL_SHOP__DEADLINE_MS=800`) and flags (key and value with dots).
///
/// A file that was asked for must be there; the usual `waybill.toml` may be absent.
pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<Loaded, Vec<ConfigProblem>> {
    let path = file.unwrap_or(Path::new("waybill.toml"));
    let exists = path.is_file();
    if file.is_some() && !exists {
        return Err(vec![problem(
            &path.display().to_string(),
            "",
            "the file cannot be read",
            "check the path given with --config",
        )]);
    }
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if exists {
        figment = figment.merge(Toml::file_exact(path));
    }
    figment = figment.merge(Env::prefixed("WAYBILL_").ignore(&NO_KEYS).split("__"));
    for (key, value) in flags {
        figment = figment.merge(flag(key, value));
    }
    match figment.extract::<Config>() {
        Ok(config) => Ok(Loaded { config, file: exists.then(|| path.to_owned()) }),
        Err(errors) => Err(errors.into_iter().map(|error| explain(&error, path)).collect()),
    }
}

/// TOML as figment reads it, by the `toml` that the rest of the program uses: figment's own is an older one beside it.
struct Toml;

impl Format for Toml {
    type Error = toml::de::Error;

    const NAME: &'static str = "TOML";

    fn from_str<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Self::Error> {
        toml::from_str(text)
    }
}

/// A flag is read as an environment variable is: `800` is a number, `true` a truth value, `[\"a\"]` a list.
fn flag(key: &str, value: &str) -> Figment {
    let value = value.parse::<figment::value::Value>().unwrap_or_else(|never| match never {});
    Figment::from(Serialized::from(figment::util::nest(key, value), figment::Profile::Default))
}

fn explain(error: &figment::Error, file: &Path) -> ConfigProblem {
    use figment::error::Kind;
    let source = error.metadata.as_ref().map_or_else(
        || file.display().to_string(),
        |metadata| match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            None if metadata.name.contains("environment") => "environment (WAYBILL_*)".to_owned(),
            _ => "--set".to_owned(),
        },
    );
    let key = error.path.join(".");
    match &error.kind {
        Kind::UnknownField(field, known) => {
            let cure = match nearest(field, known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known keys: {}", known.join(", ")),
            };
            problem(&source, &key, &format!("`{field}` is not a key"), &cure)
        }
        Kind::MissingField(field) => {
            problem(&source, &key, &format!("`{field}` is missing"), &format!("add `{field} = ...`"))
        }
        // The value may be a secret that was put into the wrong key: only the expectation is shown.
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
            problem(&source, &key, "the value has the wrong form", &format!("expected {expected}"))
        }
        other => problem(&source, &key, &other.to_string(), "compare with docs/guide-operators.md"),
    }
}

fn problem(source_name: &str, key: &str, what: &str, cure: &str) -> ConfigProblem {
    ConfigProblem {
        source_name: source_name.into(),
        key: key.into(),
        problem: what.into(),
        cure: cure.into(),
    }
}

impl Loaded {
    /// Every mistake that shows without calling a carrier: unknown carriers, missing and misspelt keys, unreadable
    /// secrets, plain HTTP to a real carrier.
    pub fn check(&self, registry: &Registry) -> Vec<ConfigProblem> {
        let source =
            self.file.as_ref().map_or_else(|| "environment".to_owned(), |file| file.display().to_string());
        let problems = self.config.problems(registry).into_iter();
        let mut found: Vec<_> =
            problems.map(|field| problem(&source, &field.path, &field.problem, &field.cure)).collect();
        for (name, account) in &self.config.accounts {
            let key = format!("accounts.{name}");
            let mut say = |inner: &str, what: &str, cure: &str| {
                let key = if inner.is_empty() { key.clone() } else { format!("{key}.{inner}") };
                found.push(problem(&source, &key, what, cure));
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
                say(
                    "",
                    "the account's name holds other characters than letters, digits, `-` and `_`",
                    "rename it",
                );
            }
            let entry = match registry.get(&account.carrier) {
                Ok(entry) => entry,
                Err(error) => {
                    error.fields.iter().for_each(|field| say(&field.path, &field.problem, &field.cure));
                    continue;
                }
            };
            let settings = match resolve(&account.settings) {
                Ok(settings) => settings,
                Err(problems) => {
                    problems.iter().for_each(|field| say(&field.path, &field.problem, &field.cure));
                    continue;
                }
            };
            if let Err(what) = check_base_url(settings.get("base_url")) {
                say("base_url", &what, "use https://, or a loopback address for tests");
            }
            if let Err(error) = entry.open(Value::Object(settings)) {
                if error.fields.is_empty() {
                    say("", &error.message, "");
                }
                error.fields.iter().for_each(|field| say(&field.path, &field.problem, &field.cure));
            }
        }
        found
    }
}

/// Credentials travel in every request: plain HTTP is for this machine only.
pub(crate) fn check_base_url(value: Option<&Value>) -> Result<Option<url::Url>, String> {
    let Some(text) = value.and_then(Value::as_str) else { return Ok(None) };
    let url = url::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    let loopback = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return Err("the URL has no host".to_owned()),
    };
    if url.scheme() == "https" || (url.scheme() == "http" && loopback) {
        return Ok(Some(url));
    }
    Err(format!(
        "`{}` without TLS to a host that is not this machine would show the credentials to everybody on the way",
        url.scheme()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(toml: &str) -> Vec<ConfigProblem> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waybill.toml");
        std::fs::write(&path, toml).unwrap();
        match load(Some(&path), &[]) {
            Ok(loaded) => loaded.check(&Registry::built_in()),
            Err(problems) => problems,
        }
    }

    #[test]
    fn a_mistake_names_file_key_and_cure() {
        for (toml, key, cure) in [
            ("[shop]\ndeadline = 3", "shop.deadline", "did you mean `deadline_ms`?"),
            ("[shop]\ndeadline_ms = \"soon\"", "shop.deadline_ms", "expected u64"),
            ("[accounts.a]\nenabled = true", "accounts.a", "add `carrier = ...`"),
            ("[accounts.a]\ncarrier = \"upz\"", "accounts.a.carrier", "did you mean `ups`?"),
        ] {
            let problems = problems_of(toml);
            let first = problems.first().unwrap_or_else(|| panic!("no problem in {toml}"));
            assert_eq!((first.key.as_str(), first.cure.as_str()), (key, cure), "{toml}");
            assert!(first.source_name.ends_with("waybill.toml"), "{}", first.source_name);
        }
    }

    #[test]
    fn a_flag_sets_numbers_texts_and_new_sections_and_its_mistakes_name_it() {
        let set = |key: &str, value: &str| load(None, &[(key.to_owned(), value.to_owned())]);
        assert_eq!(set("shop.deadline_ms", "800").unwrap().config.shop.deadline_ms, 800);
        let config = set("purchase.label_caps", "[\"100.00 USD\"]").unwrap().config;
        assert_eq!(config.purchase.label_caps, ["100.00 USD"]);
        assert_eq!(set("accounts.a.carrier", "ups").unwrap().config.accounts["a"].carrier, "ups");
        for (key, value, cure) in [
            ("shop.deadline_ms", "soon", "expected u64"),
            ("shop.deadline", "3", "did you mean `deadline_ms`?"),
        ] {
            let problems = set(key, value).unwrap_err();
            assert_eq!((problems[0].source_name.as_str(), problems[0].cure.as_str()), ("--set", cure));
        }
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let problems = load(Some(Path::new("no-such-file.toml")), &[]).unwrap_err();
        assert_eq!(problems[0].source_name, "no-such-file.toml");
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let check = |text: &str| check_base_url(Some(&Value::String(text.into()))).is_ok();
        assert!(
            check("https://onlinetools.example")
                && check("http://127.0.0.1:8080/ups")
                && check("http://[::1]:1/")
        );
        assert!(!check("http://onlinetools.example") && !check("ftp://localhost") && !check("nonsense"));
    }
}
