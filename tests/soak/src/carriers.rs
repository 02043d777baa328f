//! The carriers' process: the sandbox with its durable ledger. It starts before everything else and is never killed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use waybill_sandbox::{Rule, Sandbox};

/// Accounts that are bought on: the six carriers; OnTrac with numbers of the shipper's own, where sending again is asking;
/// and China Post's oldest interface, which cannot be asked about anything.
pub const ACCOUNTS: [&str; 8] =
    ["ups", "fedex", "usps", "ontrac", "ontrac-own", "dhl-express", "china-post", "china-post-eub"];

/// What the process says when it is ready.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ready {
    /// Root of the control interface.
    pub url: String,
    /// Accounts with their settings; `carrier` names the carrier.
    pub accounts: BTreeMap<String, Value>,
}

/// Serves until standard input ends.
pub async fn serve(ledger: &Path, seed: u64) -> io::Result<()> {
    let sandbox = Sandbox::builder().ledger_file(ledger).seed(seed).start().await?;
    let ready = Ready { url: sandbox.url(), accounts: accounts(&sandbox) };
    println!("{}", serde_json::to_string(&ready)?);
    crate::replica::wait_for_end_of_input().await;
    sandbox.stop().await;
    Ok(())
}

/// Accounts at the simulated carriers, as settings; `carrier` names the carrier.
pub fn accounts(sandbox: &Sandbox) -> BTreeMap<String, Value> {
    let six: Vec<&str> = sandbox.carriers();
    let config = waybill_tests::config(sandbox, &six, Path::new("."));
    let mut accounts: BTreeMap<String, Value> = config
        .accounts
        .into_iter()
        .filter_map(|(name, account)| Some((name, serde_json::to_value(account).ok()?)))
        .map(|(name, mut account)| {
            if let Some(map) = account.as_object_mut() {
                map.remove("enabled");
            }
            (name, account)
        })
        .collect();
    if let Some(mut eub) = accounts.get("china-post").cloned() {
        // The same account as on the open platform, so that parcels can be tracked there.
        let keys = sandbox.credentials("china-post");
        eub["gateway"] = "eub".into();
        eub["eub"] = json!({
            "token": keys["authenticate"], "customer_code": keys["customer_code"], "vip_code": keys["vip_code"],
            "province_code": "440000", "city_code": "440300", "county_code": "440304", "allow_plain_http": true,
        });
        accounts.insert("china-post-eub".to_owned(), eub);
    }
    if let Some(mut own) = accounts.get("ontrac").cloned() {
        own["number_block"] = "700140".into();
        own["same_number_again"] = true.into();
        accounts.insert("ontrac-own".to_owned(), own);
    }
    accounts
}

/// The running carriers, as the driver holds them.
pub struct Carriers {
    /// What it said.
    pub ready: Ready,
    /// Its ledger.
    pub ledger: PathBuf,
    child: Child,
    input: Option<ChildStdin>,
    client: reqwest::Client,
}

impl Carriers {
    /// Starts the process.
    pub async fn start(exe: &Path, folder: &Path, seed: u64) -> io::Result<Self> {
        let ledger = folder.join("carriers.ledger");
        let mut child = Command::new(exe)
            .arg("carriers")
            .arg("--ledger")
            .arg(&ledger)
            .arg("--seed")
            .arg(seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take();
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).await?;
        }
        let ready = serde_json::from_str(&line)?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new();
        Ok(Self { ready, ledger, child, input, client })
    }

    /// Arms faults.
    pub async fn arm(&self, rules: &[Rule]) -> io::Result<()> {
        self.post("faults", &json!(rules)).await
    }

    /// No more faults.
    pub async fn calm(&self) -> io::Result<()> {
        let url = format!("{}/_sandbox/faults", self.ready.url);
        self.client.delete(url).send().await.map(drop).map_err(io::Error::other)
    }

    /// Makes all tokens invalid.
    pub async fn expire_tokens(&self) -> io::Result<()> {
        self.post("tokens/expire", &json!({})).await
    }

    async fn post(&self, call: &str, body: &Value) -> io::Result<()> {
        let url = format!("{}/_sandbox/{call}", self.ready.url);
        let text = body.to_string();
        let answer = self.client.post(url).body(text).send().await.map_err(io::Error::other)?;
        answer.error_for_status().map(drop).map_err(io::Error::other)
    }

    /// Ends the process in order, so that the ledger is whole.
    pub async fn stop(mut self) -> io::Result<PathBuf> {
        drop(self.input.take());
        tokio::time::timeout(Duration::from_secs(10), self.child.wait()).await??;
        Ok(self.ledger)
    }
}
