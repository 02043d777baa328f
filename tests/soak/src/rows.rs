//! The database as the check reads it: plain SQL over the tables, without the engine's code.

use std::collections::{HashMap, HashSet};

use sqlx::any::{AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, Row};

type Result<T> = std::result::Result<T, sqlx::Error>;

/// A purchase.
#[derive(Debug, Clone)]
pub struct PurchaseRow {
    /// Id.
    pub id: String,
    /// Account.
    pub account: String,
    /// State.
    pub state: String,
    /// Business key.
    pub business_key: String,
    /// Parcels in it.
    pub parcels: i64,
    /// What a person is told.
    pub attention: Option<String>,
    /// Why it was refused or given up.
    pub failure: Option<String>,
}

/// An attempt.
#[derive(Debug, Clone)]
pub struct AttemptRow {
    /// Id.
    pub id: String,
    /// Purchase.
    pub purchase: String,
    /// Number, from 1.
    pub n: i64,
    /// Handle as stored.
    pub handle: String,
    /// State.
    pub state: String,
    /// Times that it may have left.
    pub sends: i64,
}

/// A label.
#[derive(Debug, Clone)]
pub struct LabelRow {
    /// Purchase.
    pub purchase: String,
    /// Attempt.
    pub attempt: String,
    /// Carrier.
    pub carrier: String,
    /// Number.
    pub tracking: String,
    /// State.
    pub state: String,
    /// Price such as `7.50 USD`.
    pub price: Option<String>,
}

/// Everything that the check needs.
#[derive(Debug, Default)]
pub struct Rows {
    /// Purchases by id.
    pub purchases: HashMap<String, PurchaseRow>,
    /// Attempts.
    pub attempts: Vec<AttemptRow>,
    /// Labels.
    pub labels: Vec<LabelRow>,
    /// Attempts with a stored answer whose status says success.
    pub answered: HashSet<String>,
    /// Attempts with any evidence.
    pub evidence: HashSet<String>,
    /// Times that a label too many turned up.
    pub extras: usize,
}

/// A connection for questions.
pub async fn connect(url: &str) -> Result<AnyPool> {
    sqlx::any::install_default_drivers();
    AnyPoolOptions::new().max_connections(1).connect(&url.replacen("sqlite:", "sqlite://", 1)).await
}

/// Reads all.
pub async fn load(pool: &AnyPool) -> Result<Rows> {
    let mut rows = Rows::default();
    let sql = "SELECT id, account, state, business_key, parcels, attention, failure FROM purchase";
    for row in sqlx::query(sql).fetch_all(pool).await? {
        let purchase = PurchaseRow {
            id: row.try_get(0)?,
            account: row.try_get(1)?,
            state: row.try_get(2)?,
            business_key: row.try_get(3)?,
            parcels: row.try_get(4)?,
            attention: row.try_get(5)?,
            failure: row.try_get(6)?,
        };
        rows.purchases.insert(purchase.id.clone(), purchase);
    }
    let sql = "SELECT id, purchase_id, n, handle, state, sends FROM attempt ORDER BY purchase_id, n";
    rows.attempts = sqlx::query(sql).fetch_all(pool).await?.iter().map(attempt).collect::<Result<_>>()?;
    let sql = "SELECT purchase_id, attempt_id, carrier, tracking, state, price FROM label";
    rows.labels = sqlx::query(sql).fetch_all(pool).await?.iter().map(label).collect::<Result<_>>()?;
    let sql = "SELECT subject, kind, http_status FROM evidence";
    for row in sqlx::query(sql).fetch_all(pool).await? {
        let (subject, kind, status): (String, String, Option<i64>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if kind == "answer" && status.is_some_and(|status| (200..300).contains(&status)) {
            rows.answered.insert(subject.clone());
        }
        rows.evidence.insert(subject);
    }
    let sql = "SELECT COUNT(*) FROM outbox WHERE kind = 'purchase.extra_found'";
    let extras: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
    rows.extras = usize::try_from(extras).unwrap_or_default();
    Ok(rows)
}

fn attempt(row: &AnyRow) -> Result<AttemptRow> {
    Ok(AttemptRow {
        id: row.try_get(0)?,
        purchase: row.try_get(1)?,
        n: row.try_get(2)?,
        handle: row.try_get(3)?,
        state: row.try_get(4)?,
        sends: row.try_get(5)?,
    })
}

fn label(row: &AnyRow) -> Result<LabelRow> {
    Ok(LabelRow {
        purchase: row.try_get(0)?,
        attempt: row.try_get(1)?,
        carrier: row.try_get(2)?,
        tracking: row.try_get(3)?,
        state: row.try_get(4)?,
        price: row.try_get(5)?,
    })
}

/// Work that is left and waits for no person: open attempts and operations, and sweeps to come soon.
pub async fn left(pool: &AnyPool) -> Result<Vec<String>> {
    let sql = "SELECT 'attempt ' || id || ' of ' || purchase_id || ' is ' || state || ', unsent ' || unsent || ', checks ' || checks \
               || ', next check ' || COALESCE(CAST(next_check_at AS TEXT), 'none') \
               || ', lease until ' || COALESCE(CAST(lease_until AS TEXT), 'none') \
               FROM attempt WHERE state IN ('prepared', 'sending') \
               OR (state = 'unknown' AND (next_check_at IS NOT NULL OR lease_until IS NOT NULL)) \
               UNION ALL SELECT kind || ' ' || id || ' of ' || target || ' is ' || state || ', tries ' || checks FROM carrier_op \
               WHERE state IN ('prepared', 'sending', 'unknown') \
               UNION ALL SELECT 'sweep ' || sweeps || ' of attempt ' || id || ', which is ' || state || ', at ' || sweep_at \
               FROM attempt WHERE sweep_at IS NOT NULL AND sweep_at - sent_at < 600000";
    sqlx::query(sql).fetch_all(pool).await?.iter().map(|row| row.try_get(0)).collect()
}

/// What happened to a purchase, given by its id or by that of an attempt: its attempts, labels and operations, and its
/// events in their order. No personal data is in any of it.
pub async fn story(pool: &AnyPool, subject: &str) -> Result<Vec<String>> {
    let sql = "SELECT 1 AS part, n AS place, 'attempt ' || n || ' ' || id || ' ' || state || ', sends ' || sends || ', unsent ' || unsent \
               || ', checks ' || checks || ', sweeps ' || sweeps || ', numbers ' || COALESCE(numbers, 'none') AS line \
               FROM attempt WHERE purchase_id = $1 \
               UNION ALL SELECT 2, piece, 'label ' || id || ' ' || carrier || ' ' || tracking || ' ' || state || ' of attempt ' || attempt_id \
               FROM label WHERE purchase_id = $1 \
               UNION ALL SELECT 3, o.created_at, o.kind || ' ' || o.id || ' for ' || o.purpose || ' ' || o.state || ', tries ' || o.checks \
               FROM carrier_op o WHERE o.target = $1 OR o.target IN (SELECT id FROM label WHERE purchase_id = $1) \
               UNION ALL SELECT 4, n, 'event ' || n || ' at ' || created_at || ' ' || kind || ' ' || payload FROM outbox WHERE subject = $1 \
               ORDER BY 1, 2";
    let owner =
        "SELECT purchase_id FROM attempt WHERE id = $1 UNION SELECT purchase_id FROM label WHERE id = $1";
    let purchase: Option<String> = sqlx::query_scalar(owner).bind(subject).fetch_optional(pool).await?;
    let purchase = purchase.unwrap_or_else(|| subject.to_owned());
    sqlx::query(sql).bind(purchase).fetch_all(pool).await?.iter().map(|row| row.try_get("line")).collect()
}
