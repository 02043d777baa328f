//! Reconciling: asking the carriers again about what was sent since a time, and finding what a restored database forgot.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::engine::{Accounts, Engine, EngineError};
use crate::journal::SentNote;
use crate::store::{PurchaseFilter, PurchaseState, StoreError};

/// What a reconciliation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Attempts asked about.
    pub asked: usize,
    /// Purchases on which a person must decide.
    pub waiting_for_a_person: Vec<String>,
    /// Attempts in the journal that the database does not know.
    pub forgotten: Vec<Forgotten>,
}

/// An attempt that was sent and that the database does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// What the journal knows of it: search for the handle in the carrier's portal.
    pub note: SentNote,
}

/// Attempts in the journal that the database does not know, since a time (milliseconds since 1970).
pub async fn forgotten(engine: &Engine, since: i64) -> Result<Vec<Forgotten>, EngineError> {
    let journal = engine.journal().clone();
    let notes = tokio::task::spawn_blocking(move || journal.sent(since)).await.unwrap_or_default();
    let mut found = Vec::new();
    for note in notes {
        let id = note.attempt.clone();
        let known = engine
            .store()
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.attempt_by_id(&id).await }))
            .await?;
        if known.is_none() {
            found.push(Forgotten { note });
        }
    }
    Ok(found)
}

/// Asks the carriers again about every attempt that was sent since a time: late sales are found and voided, unknown
/// purchases are settled. What is left is in the report.
pub async fn reconcile(
    engine: &Engine,
    accounts: &Arc<dyn Accounts>,
    since: i64,
) -> Result<Reconciled, EngineError> {
    let mut report = Reconciled { forgotten: forgotten(engine, since).await?, ..Reconciled::default() };
    let asked = engine
        .store()
        .write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                let due = db
                    .sql(
                        "UPDATE attempt SET sweep_at = {now}, sweeps = CASE WHEN sweeps > 0 THEN sweeps - 1 ELSE 0 END, \
                         checks = CASE WHEN checks = 0 THEN 1 ELSE checks END, \
                         next_check_at = CASE WHEN state = 'unknown' THEN {now} ELSE next_check_at END \
                         WHERE sent_at >= $1 RETURNING id",
                    )
                    .bind(since);
                Ok(db.all(due).await?.len())
            })
        })
        .await?;
    report.asked = asked;
    // Each round takes a batch; one more than needed does no harm.
    for _ in 0..=asked {
        if engine.tick(accounts).await?.is_idle() {
            break;
        }
    }
    let filter =
        PurchaseFilter { state: Some(PurchaseState::NeedsAttention), limit: 10_000, ..Default::default() };
    report.waiting_for_a_person =
        engine.purchases(filter).await?.into_iter().map(|purchase| purchase.id).collect();
    keep(engine, since, &report).await?;
    Ok(report)
}

async fn keep(engine: &Engine, since: i64, report: &Reconciled) -> Result<(), EngineError> {
    let text = serde_json::to_string(report).unwrap_or_default();
    engine
        .store()
        .write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                let insert = db
                    .sql("INSERT INTO recon_run (id, at, since, report) VALUES ($1, {now}, $2, $3) RETURNING at")
                    .bind(uuid::Uuid::now_v7().to_string())
                    .bind(since)
                    .bind(text);
                match db.one(insert).await? {
                    Some(row) => Ok(row.try_get::<i64, _>(0)?),
                    None => Ok(0),
                }
            })
        })
        .await?;
    Ok(())
}
