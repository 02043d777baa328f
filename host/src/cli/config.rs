//! `waybill config`.

use super::output::print;
use super::{Failure, Output};
use crate::config::Loaded;
use crate::{Config, Registry};

/// Names every mistake.
pub(crate) fn check(output: &Output, loaded: Loaded) -> Result<(), Failure> {
    let problems = loaded.check(&Registry::configured(&loaded.config)?);
    if !problems.is_empty() {
        return Err(Failure::Config(problems));
    }
    let from = loaded
        .file
        .as_ref()
        .map_or_else(|| "defaults and environment".to_owned(), |file| file.display().to_string());
    if output.json() {
        output.print_json(
            &serde_json::json!({ "ok": true, "source": from, "accounts": loaded.config.accounts.len() }),
        );
    }
    output.line(format!("{from}: good, {} accounts", loaded.config.accounts.len()));
    if loaded.config.accounts.is_empty() {
        output.line("no account yet: `waybill config example ups` prints one");
    }
    Ok(())
}

/// Prints the configuration in force. An account shows its carrier and the names of its settings.
pub(crate) fn show(output: &Output, config: &Config) -> Result<(), Failure> {
    let mut shown = serde_json::to_value(config).unwrap_or_default();
    for (name, account) in &config.accounts {
        let keys: Vec<&String> = account.settings.keys().collect();
        shown["accounts"][name] =
            serde_json::json!({ "carrier": account.carrier, "enabled": account.enabled, "settings": keys });
    }
    if let Some(url) = shown.pointer_mut("/store/url") {
        *url = url.as_str().map(without_password).into();
    }
    if output.json() {
        output.print_json(&shown);
    } else {
        output.line(toml::to_string_pretty(&shown).unwrap_or_else(|_| shown.to_string()).trim_end());
    }
    Ok(())
}

fn without_password(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if parsed.password().is_some() => {
            let _ = parsed.set_password(Some("redacted"));
            parsed.to_string()
        }
        _ => url.to_owned(),
    }
}

/// Prints a documented configuration.
pub(crate) fn example(carriers: &[String]) -> Result<(), Failure> {
    let registry = Registry::built_in();
    let chosen: Vec<_> = if carriers.is_empty() {
        registry.iter().collect()
    } else {
        carriers.iter().map(|id| registry.get(id)).collect::<Result<_, _>>()?
    };
    print(
        "# Waybill configuration. Every key can also be set by the environment: WAYBILL_SHOP__DEADLINE_MS=800.\n\
         # Secrets: a value, { env = \"NAME\" } or { file = \"PATH\" }.\n\n\
         [shop]\n# How long a shop waits for carriers, in milliseconds.\ndeadline_ms = 10000\n",
    );
    for entry in chosen {
        print(&format!("{}\n", as_account(entry.profile.id.as_str(), &entry.example)));
    }
    Ok(())
}

/// A carrier's example, which begins at the account, as a section of the configuration.
fn as_account(id: &str, example: &str) -> String {
    let mut section = format!("[accounts.{id}]\ncarrier = \"{id}\"\n");
    let mut inside_text = false;
    for line in example.trim_end().lines() {
        let header = line.strip_prefix('[').filter(|_| !inside_text);
        match header {
            Some(rest) => section.push_str(&format!("[accounts.{id}.{rest}\n")),
            None => section.push_str(&format!("{line}\n")),
        }
        if line.matches("'''").count() % 2 == 1 || line.matches("\"\"\"").count() % 2 == 1 {
            inside_text = !inside_text;
        }
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `waybill config example` prints is a configuration that opens: examples cannot rot.
    #[test]
    fn every_example_is_a_good_configuration() {
        for entry in Registry::built_in().iter() {
            let id = entry.profile.id.as_str();
            let text = as_account(id, &entry.example);
            let config: Config =
                toml::from_str(&text).unwrap_or_else(|error| panic!("{id}: {error}\n{text}"));
            let settings = crate::config::resolve(&config.accounts[id].settings).unwrap();
            if let Err(error) = entry.open(serde_json::Value::Object(settings)) {
                panic!("{id}: {error}");
            }
        }
    }
}
