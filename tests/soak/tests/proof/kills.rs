//! T4: the program as it is shipped, killed at any moment, over SQLite and PostgreSQL; called again with the same key.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use waybill_sandbox::{Fault, Rule};
use waybill_soak::carriers::Carriers;
use waybill_soak::check::{Report, check};
use waybill_soak::clients::draw;
use waybill_soak::database::Database;
use waybill_soak::orders::{self, Pattern};
use waybill_soak::rows;

use super::{ms, size};

/// A folder with a configuration for the program, and the carriers that it talks to.
pub struct Shop {
    folder: tempfile::TempDir,
    carriers: Carriers,
    database: Database,
    pattern: Pattern,
}

impl Shop {
    /// `None` where PostgreSQL is asked for and not installed.
    pub async fn open(postgres: bool) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let database = if postgres { Database::postgres()? } else { Database::sqlite(folder.path()) };
        let exe = PathBuf::from(env!("CARGO_BIN_EXE_waybill-soak"));
        let carriers = Carriers::start(&exe, folder.path(), 1).await.unwrap();
        let accounts = vec!["ups".to_owned()];
        let mut patterns = orders::patterns(&carriers.ready, &accounts, folder.path()).await.unwrap();
        let pattern = patterns.remove("ups").unwrap();
        Some(Self { folder, carriers, database, pattern })
    }

    /// The answers to purchases take a while, so that more kills fall between sale and answer.
    pub async fn slow_carrier(&self, time: u64) {
        let rule = Rule::always("ups", "buy", Fault::Latency { ms: time });
        self.carriers.arm(&[rule]).await.unwrap();
    }

    /// The program with an order, a key and a data folder.
    pub fn buy(&self, order: usize, key: &str, data: &str) -> Command {
        let config = json!({
            "data_dir": self.folder.path().join(data),
            "store": { "url": self.database.url() },
            "purchase": { "settle_seconds": 1 },
            "accounts": { "ups": self.carriers.ready.accounts["ups"] },
        });
        let (file, shipment) = (
            self.folder.path().join(format!("{data}.toml")),
            self.folder.path().join(format!("{order}.json")),
        );
        std::fs::write(&file, toml::to_string(&config).unwrap()).unwrap();
        let wanted = self.pattern.order(order, 1);
        std::fs::write(&shipment, serde_json::to_vec(&wanted.shipment).unwrap()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_waybill-under-test"));
        command.current_dir(self.folder.path()).arg("--config").arg(&file).arg("--json").arg("buy");
        command.arg(&shipment).args(["--account", "ups", "--format", "zpl", "--key", key]);
        command.args(["--service", wanted.service.as_str(), "--out", "labels"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Lets eleven minutes pass on the database's clock: leases end, windows close.
    async fn eleven_minutes_later(&self) {
        let pool = rows::connect(&self.database.url()).await.unwrap();
        for (table, columns) in [
            ("attempt", &["lease_until", "sent_at", "next_check_at", "sweep_at"][..]),
            ("carrier_op", &["lease_until", "sent_at", "next_check_at"]),
        ] {
            let set: Vec<String> = columns.iter().map(|name| format!("{name} = {name} - 660000")).collect();
            let statement = format!("UPDATE {table} SET {}", set.join(", "));
            sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&pool).await.unwrap();
        }
        pool.close().await;
    }

    /// The ledger against the database.
    pub async fn check(self) -> Report {
        let ledger = self.carriers.stop().await.unwrap();
        let pool = rows::connect(&self.database.url()).await.unwrap();
        let loaded = rows::load(&pool).await.unwrap();
        pool.close().await;
        check(&loaded, &ledger).unwrap()
    }
}

/// Ids and states of the purchases that the program printed.
pub fn printed(output: &Output) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(&output.stdout);
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let word = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    json["purchases"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| (word(one, "id"), word(one, "state")))
        .collect()
}

async fn kill_at_any_moment(postgres: bool) {
    let Some(shop) = Shop::open(postgres).await else { return };
    shop.slow_carrier(60).await;
    let kills = size("WAYBILL_KILLS", 24) / 2;
    // The first one, undisturbed, says how long a whole call takes on this machine.
    let started = Instant::now();
    let first = shop.buy(0, "key-0", "data").output().unwrap();
    let whole = u64::try_from(started.elapsed().as_millis()).unwrap();
    assert_eq!(printed(&first).len(), 1, "{first:?}");
    for order in 1..=kills {
        let mut child = shop.buy(order, &format!("key-{order}"), "data").spawn().unwrap();
        let wait = 5 + draw(7, order, 1) % whole.max(1);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    shop.eleven_minutes_later().await;
    for order in 0..=kills {
        let again = shop.buy(order, &format!("key-{order}"), "data").output().unwrap();
        let states: Vec<String> = printed(&again).into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, ["bought"], "order {order}: {again:?}");
    }
    let report = shop.check().await;
    println!(
        "postgres {postgres}: {kills} kills within {whole} ms, {} sold, {} with a second attempt",
        report.sold, report.several_attempts
    );
    assert!(report.is_clean(), "{report:#?}");
    assert_eq!(report.live, kills + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_killed_at_any_moment_loses_nothing_on_sqlite() {
    kill_at_any_moment(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_killed_at_any_moment_loses_nothing_on_postgres() {
    kill_at_any_moment(true).await;
}

/// T4 for a process that works for long: one replica, many clients, a kill as often as it can just come up again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_killed_all_the_time_loses_nothing() {
    let mut settings = super::settings(size("WAYBILL_KILLS", 8) * 60);
    settings.sqlite = true;
    settings.replicas = 1;
    settings.in_flight = 24;
    settings.kill_every = Some(ms(1_500));
    // USPS gives a label again three times: more kills than that in one recovery end at a person.
    settings.accounts.retain(|account| account != "usps");
    settings.restart_every = None;
    let outcome = super::green("killed all the time", &settings).await.expect("SQLite is always there");
    assert!(outcome.kills > 1, "hardly a kill");
}
