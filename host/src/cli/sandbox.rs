//! `waybill sandbox`: simulated carriers on this machine.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use waybill_sandbox::Sandbox;

use super::args::SandboxArgs;
use super::{Failure, Output};
use crate::Registry;
use crate::config::AccountConfig;

/// Runs until it is interrupted.
pub(crate) async fn run(output: &Output, args: &SandboxArgs) -> Result<(), Failure> {
    let sandbox = start(args).await?;
    let accounts = accounts(&sandbox, &Registry::built_in());
    output.line(format!(
        "simulated carriers at {} (nothing here reaches a carrier; labels are samples)",
        sandbox.url()
    ));
    let config = toml_of(&accounts);
    if let Some(path) = &args.write_config {
        std::fs::write(path, &config)
            .map_err(|error| Failure::input(format!("{}: cannot be written: {error}", path.display())))?;
        output.line(format!(
            "accounts written to {0}: try `waybill --config {0} rates ...` in another terminal",
            path.display()
        ));
    } else {
        output.line("accounts for waybill.toml (or --write-config FILE):\n");
        output.line(&config);
    }
    if output.json() {
        output.print_json(
            &serde_json::json!({ "url": sandbox.url(), "accounts": accounts.keys().collect::<Vec<_>>() }),
        );
    }
    output.line("Ctrl-C ends it");
    tokio::signal::ctrl_c().await.map_err(|error| Failure::input(format!("no signals here: {error}")))?;
    sandbox.stop().await;
    Ok(())
}

async fn start(args: &SandboxArgs) -> Result<Sandbox, Failure> {
    let builder = Sandbox::builder().port(args.port);
    let builder = match &args.ledger {
        Some(path) => builder.ledger_file(path),
        None => builder.in_memory_ledger(),
    };
    builder.start().await.map_err(|error| {
        Failure::input(format!(
            "the sandbox cannot start on port {}: {error}; choose another with --port",
            args.port
        ))
    })
}

/// An account at each simulated carrier that this host knows, named after the carrier.
pub(crate) fn accounts(sandbox: &Sandbox, registry: &Registry) -> BTreeMap<String, AccountConfig> {
    let account = |id: &'static str| {
        let entry = registry.get(id).ok()?;
        let Value::Object(mut settings) = settings(id, &sandbox.credentials(id)) else { return None };
        // China Post has no prices of its own: the table of its example stands in for a contract.
        for key in ["prices", "products"] {
            if let Some(table) = example_value(&entry.example, key).filter(|_| id == "china-post") {
                settings.insert(key.to_owned(), table);
            }
        }
        settings.insert("base_url".to_owned(), Value::String(sandbox.base_url(id)));
        Some((id.to_owned(), AccountConfig { carrier: id.to_owned(), enabled: true, quotas: None, settings }))
    };
    sandbox.carriers().into_iter().filter_map(account).collect()
}

fn example_value(example: &str, key: &str) -> Option<Value> {
    let table: toml::Table = toml::from_str(example).ok()?;
    serde_json::to_value(table.get(key)?).ok()
}

/// The sandbox names credentials as the carriers do; the settings have our names for them.
fn settings(carrier: &str, keys: &Value) -> Value {
    match carrier {
        "fedex" => json!({
            "api_key": keys["client_id"], "secret_key": keys["client_secret"], "account_number": keys["account_number"],
            "tracking": { "api_key": keys["track_client_id"], "secret_key": keys["track_client_secret"] },
        }),
        "usps" => json!({
            "client_id": keys["client_id"], "client_secret": keys["client_secret"],
            "payment": {
                "crid": keys["crid"], "mid": keys["mid"], "manifest_mid": keys["manifest_mid"],
                "account_type": keys["account_type"], "account_number": keys["account_number"],
            },
        }),
        "dhl-express" => json!({
            "username": keys["username"], "password": keys["password"], "account": keys["account_number"],
        }),
        "china-post" => json!({
            "open": {
                "sender_no": keys["sender_no"], "ec_company_id": keys["ec_company_id"],
                "authorization": keys["authorization"], "sign_key": keys["sign_key"],
                "wh_code": "51800000", "mail_type": "SANDBOX",
            },
        }),
        _ => keys.clone(),
    }
}

/// Accounts, and for accounts that are linked the same simulated carriers.
fn toml_of(accounts: &BTreeMap<String, AccountConfig>) -> String {
    let base_url = |account: &AccountConfig| json!({ "base_url": account.settings.get("base_url") });
    let carriers: BTreeMap<&String, Value> =
        accounts.iter().map(|(id, account)| (id, base_url(account))).collect();
    let all = json!({ "linking": { "carriers": carriers }, "accounts": accounts });
    toml::to_string_pretty(&all).unwrap_or_default()
}
