//! Whether the installation is fit to spend money.

use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::engine::{Engine, EngineError};
use crate::store::{Dialect, OpState, PurchaseFilter, PurchaseState, StoreError};

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// Whether it is good.
    pub good: bool,
    /// What was found, and what to do when it is not good.
    pub message: String,
}

fn check(name: &str, good: bool, message: impl Into<String>) -> Check {
    Check { name: name.to_owned(), good, message: message.into() }
}

/// Checks database, journal, keys and open questions.
pub async fn doctor(engine: &Engine) -> Result<Vec<Check>, EngineError> {
    let store = engine.store();
    let version = store.schema_version().await?;
    let mut checks = vec![
        check("schema", true, format!("version {version}")),
        check("durability", true, "asserted when the store was opened"),
        match engine.quarantine() {
            None => check("quarantine", true, "none"),
            Some(why) => check("quarantine", false, format!("{why}; reconcile, then end the quarantine")),
        },
        match engine.sealer().has_key() {
            true => check("sealing", true, "orders, labels, evidence and credentials are sealed"),
            false => check(
                "sealing",
                false,
                "no key: orders, labels and evidence are stored plain, and credentials are refused; give a key",
            ),
        },
        check(
            "journal",
            true,
            format!(
                "{} bytes, {} records waiting",
                engine.journal().size(),
                engine.journal().waiting_count()
            ),
        ),
    ];
    if store.dialect() == Dialect::Postgres {
        checks.push(replication(engine).await?);
    }
    let filter =
        PurchaseFilter { state: Some(PurchaseState::NeedsAttention), limit: 1000, ..Default::default() };
    let waiting = engine.purchases(filter).await?.len();
    checks.push(check("attention", waiting == 0, format!("{waiting} purchases wait for a person")));
    let operations = store
        .read::<_, StoreError, _>(|mut db| {
            Box::pin(async move { db.ops_in(OpState::NeedsAttention, 1000).await })
        })
        .await?
        .len();
    checks.push(check(
        "operations",
        operations == 0,
        format!("{operations} voids, manifests or pickups wait for a person"),
    ));
    Ok(checks)
}

/// A fail-over to a standby that lags loses commits that were answered. Whoever has standbys needs a synchronous one.
async fn replication(engine: &Engine) -> Result<Check, EngineError> {
    let names: String = engine
        .store()
        .read::<_, StoreError, _>(|mut db| {
            Box::pin(async move {
                let query = db.sql("SELECT current_setting('synchronous_standby_names')");
                Ok(db.one(query).await?.map(|row| row.try_get(0)).transpose()?.unwrap_or_default())
            })
        })
        .await?;
    Ok(match names.is_empty() {
        true => check(
            "replication",
            true,
            "no synchronous standby: a fail-over to an asynchronous one would forget the last purchases; after one, \
             run reconcile",
        ),
        false => check("replication", true, format!("synchronous standby: {names}")),
    })
}
