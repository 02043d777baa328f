//! The invariants, checked over the live database, and against a carrier's own list of sales where there is one.
//!
//! | | what must hold |
//! | --- | --- |
//! | I1 | every sale of the carrier's ledger has exactly one label row (not lost) |
//! | I2 | every label row has a sale in the ledger (no phantom) |
//! | I3 | at rest, at most one live label per parcel of a purchase (not double) |
//! | I4 | the prices of live labels add up to the ledger's, to the cent |
//! | I5 | a key stands for one purchase and one fingerprint |
//! | I6 | at most one open attempt per purchase; a further one only after an end with evidence |
//! | I7 | at most one send per attempt |
//! | I8 | what is bought has labels whose bytes are those that were stored |
//! | I9 | nothing is "sending" past its lease, nor unknown past its deadline |
//! | I10 | every change has its event, in order and complete; every outcome has evidence |
//! | I11 | rows that belong together belong to one tenant |
//! | I12 | nothing void counts as live |
//! | I13 | what was refused unsent has no sends |

mod doctor;
mod ledger;
mod recon;

use serde::{Deserialize, Serialize};
use sqlx::Row;

pub use doctor::{Check, doctor};
pub use ledger::LedgerSale;
pub use recon::{Forgotten, Reconciled, forgotten, reconcile};

use crate::engine::{Engine, EngineError};
use crate::seal::{Place, sha256};
use crate::store::{Db, Store, StoreError};

/// One thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// `I1` to `I13`.
    pub invariant: String,
    /// Purchase, attempt, label or number that it is about.
    pub subject: String,
    /// What is wrong.
    pub message: String,
}

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// What does not hold.
    pub violations: Vec<Violation>,
    /// Sales that belong to purchases on which a person must decide: known, and not settled.
    pub waiting_for_a_person: Vec<String>,
    /// Purchases looked at.
    pub purchases: i64,
    /// Labels looked at.
    pub labels: i64,
}

impl Report {
    /// Whether everything holds.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    fn add(&mut self, invariant: &str, subject: impl Into<String>, message: impl Into<String>) {
        self.violations.push(Violation {
            invariant: invariant.to_owned(),
            subject: subject.into(),
            message: message.into(),
        });
    }
}

/// Checks: each answers rows of (subject, what is wrong).
const CHECKS: &[(&str, &str)] = &[
    (
        "I3",
        "SELECT purchase_id, 'two live labels for parcel ' || piece FROM label WHERE state = 'live' \
         AND NOT EXISTS (SELECT 1 FROM carrier_op o WHERE o.kind = 'void' AND o.state IN ('prepared', 'sending', 'unknown', \
         'needs_attention') AND (o.target = label.id OR o.target = label.purchase_id)) \
         GROUP BY purchase_id, piece HAVING COUNT(*) > 1",
    ),
    (
        "I3",
        "SELECT p.id, 'live labels: ' || (SELECT COUNT(*) FROM label l WHERE l.purchase_id = p.id AND l.state = 'live') \
         || ', parcels: ' || p.parcels FROM purchase p WHERE p.state = 'bought' AND p.parcels > \
         (SELECT COUNT(*) FROM label l WHERE l.purchase_id = p.id AND l.state = 'live') \
         AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.subject = p.id AND e.kind = 'purchase.completed')",
    ),
    (
        "I5",
        "SELECT i.idem_key, 'the key stands for nothing' FROM idempotency i WHERE i.route = 'buy' AND NOT EXISTS \
         (SELECT 1 FROM purchase p WHERE p.group_id = i.target)",
    ),
    (
        "I6",
        "SELECT purchase_id, 'two open attempts' FROM attempt WHERE state IN ('prepared', 'sending', 'unknown') \
         GROUP BY purchase_id HAVING COUNT(*) > 1",
    ),
    (
        "I6",
        // Sold after all: it was absent, on evidence, when the further one was made.
        "SELECT a.id, 'a further attempt was made after one in state ' || a.state FROM attempt a WHERE EXISTS \
         (SELECT 1 FROM attempt b WHERE b.purchase_id = a.purchase_id AND b.n > a.n) \
         AND a.state NOT IN ('absent', 'rejected', 'voided') AND NOT (a.state = 'confirmed' AND NOT EXISTS \
         (SELECT 1 FROM attempt b WHERE b.purchase_id = a.purchase_id AND b.n > a.n AND b.sends > 0 \
         AND (a.numbers IS NULL OR b.numbers IS NULL OR b.numbers <> a.numbers))) \
         AND NOT (a.state = 'confirmed' AND EXISTS (SELECT 1 FROM evidence e WHERE e.subject = a.id AND e.kind = 'lookup') \
         AND EXISTS (SELECT 1 FROM outbox e WHERE e.subject = a.purchase_id AND e.kind = 'purchase.new_attempt' \
         AND e.payload LIKE '%\"attempt\":' || a.n || ',\"was\":\"absent\"%'))",
    ),
    (
        "I6",
        "SELECT a.id, 'it counts as ' || a.state || ' without evidence' FROM attempt a WHERE a.state IN ('absent', 'voided') \
         AND NOT EXISTS (SELECT 1 FROM evidence e WHERE e.subject = a.id) \
         AND NOT EXISTS (SELECT 1 FROM carrier_op o WHERE o.target = a.purchase_id AND o.kind = 'void' AND o.state = 'done')",
    ),
    ("I7", "SELECT id, 'sent ' || sends || ' times' FROM attempt WHERE sends > 1"),
    (
        "I9",
        "SELECT id, 'still sending long after its lease' FROM attempt WHERE state = 'sending' AND lease_until < {now} - 60000",
    ),
    (
        "I9",
        "SELECT p.id, 'unknown past its deadline' FROM purchase p WHERE p.state = 'unknown' AND p.resolve_deadline < {now} - 60000",
    ),
    (
        "I10",
        "SELECT p.id, 'events are missing: ' || (SELECT COUNT(*) FROM outbox e WHERE e.subject = p.id) || ' of ' || p.version \
         FROM purchase p WHERE p.version <> (SELECT COUNT(*) FROM outbox e WHERE e.subject = p.id) \
         OR p.version <> (SELECT MAX(n) FROM outbox e WHERE e.subject = p.id)",
    ),
    (
        "I10",
        "SELECT a.id, 'sold without evidence' FROM attempt a WHERE a.state = 'confirmed' AND a.sends > 0 AND NOT EXISTS \
         (SELECT 1 FROM evidence e WHERE e.subject = a.id)",
    ),
    (
        "I11",
        "SELECT l.id, 'a label of another tenant' FROM label l JOIN purchase p ON p.id = l.purchase_id WHERE l.tenant <> p.tenant",
    ),
    (
        "I11",
        "SELECT e.id, 'an event of another tenant' FROM outbox e JOIN purchase p ON p.id = e.subject WHERE e.tenant <> p.tenant",
    ),
    (
        "I11",
        "SELECT d.id, 'a file of another tenant' FROM document d JOIN attempt a ON a.id = d.subject \
         JOIN purchase p ON p.id = a.purchase_id WHERE d.tenant <> p.tenant",
    ),
    (
        "I12",
        "SELECT l.id, 'live, and its purchase is ' || p.state FROM label l JOIN purchase p ON p.id = l.purchase_id \
         WHERE l.state = 'live' AND p.state IN ('voided', 'rejected', 'failed') \
         AND NOT EXISTS (SELECT 1 FROM carrier_op o WHERE o.kind = 'void' AND o.state IN ('prepared', 'sending', 'unknown', \
         'needs_attention') AND (o.target = l.id OR o.target = p.id))",
    ),
    (
        "I13",
        "SELECT p.id, 'refused unsent, and sent ' || a.sends || ' times' FROM purchase p JOIN attempt a ON a.purchase_id = p.id AND a.n = p.current_attempt \
         WHERE p.state = 'rejected' AND p.failure LIKE '%\"sent\":false%' AND a.sends > 0 AND EXISTS \
         (SELECT 1 FROM evidence e WHERE e.subject = a.id AND e.kind = 'answer')",
    ),
];

/// Checks the invariants; I1, I2 and I4 where the carrier's ledger is given.
pub async fn audit(engine: &Engine, ledger: Option<&[LedgerSale]>) -> Result<Report, EngineError> {
    let mut report = engine
        .store()
        .read::<_, StoreError, _>(|mut db| Box::pin(async move { check_rows(&mut db).await }))
        .await?;
    check_files(engine, &mut report).await?;
    if let Some(sales) = ledger {
        ledger::compare(engine.store(), sales, &mut report).await?;
    }
    Ok(report)
}

async fn check_rows(db: &mut Db<'_>) -> Result<Report, StoreError> {
    let mut report = Report::default();
    for (invariant, sql) in CHECKS {
        let query = db.sql(sql);
        for row in db.all(query).await? {
            let (subject, message): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            report.add(invariant, subject, message);
        }
    }
    report.purchases = count(db, "SELECT COUNT(*) FROM purchase").await?;
    report.labels = count(db, "SELECT COUNT(*) FROM label").await?;
    Ok(report)
}

async fn count(db: &mut Db<'_>, sql: &'static str) -> Result<i64, StoreError> {
    let query = db.sql(sql);
    Ok(db.one(query).await?.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
}

/// I8: every live label of a bought purchase opens and has the digest that was written down.
async fn check_files(engine: &Engine, report: &mut Report) -> Result<(), EngineError> {
    let mut after = String::new();
    loop {
        let from = after.clone();
        let rows = engine
            .store()
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move {
                    let query = db
                        .sql(
                            "SELECT l.id, l.tenant, d.id, d.bytes_sealed, d.sha256 FROM label l JOIN purchase p ON p.id = l.purchase_id \
                             LEFT JOIN document d ON d.id = l.document_id \
                             WHERE l.id > $1 AND l.state = 'live' AND p.state = 'bought' \
                             AND NOT EXISTS (SELECT 1 FROM carrier_op o WHERE o.kind = 'void' AND o.target = l.id) \
                             ORDER BY l.id LIMIT 500",
                        )
                        .bind(from);
                    db.all(query).await
                })
            })
            .await?;
        for row in &rows {
            let read = |error: sqlx::Error| EngineError::Store(StoreError::from(error));
            after = row.try_get(0).map_err(read)?;
            let tenant: String = row.try_get(1).map_err(read)?;
            let document: Option<String> = row.try_get(2).map_err(read)?;
            let sealed: Option<Vec<u8>> = row.try_get(3).map_err(read)?;
            let kept: Option<String> = row.try_get(4).map_err(read)?;
            let opened = document.zip(sealed).and_then(|(id, sealed)| {
                engine.sealer().open(Place::new("document", &id, &tenant), &sealed).ok()
            });
            match opened {
                None => report.add("I8", after.clone(), "bought, and its file is missing or does not open"),
                Some(bytes) if Some(sha256(&bytes)) != kept => {
                    report.add("I8", after.clone(), "its file is not the one that was stored");
                }
                Some(_) => {}
            }
        }
        if rows.len() < 500 {
            return Ok(());
        }
    }
}

/// Work that is left: attempts and operations that are open and wait for no person, and sweeps to come.
pub async fn pending(store: &Store) -> Result<i64, StoreError> {
    store
        .read(|mut db| {
            Box::pin(async move {
                count(
                    &mut db,
                    "SELECT (SELECT COUNT(*) FROM attempt WHERE state IN ('prepared', 'sending') \
                     OR (state = 'unknown' AND (next_check_at IS NOT NULL OR lease_until IS NOT NULL))) \
                     + (SELECT COUNT(*) FROM carrier_op WHERE state IN ('prepared', 'sending', 'unknown')) \
                     + (SELECT COUNT(*) FROM attempt WHERE sweep_at IS NOT NULL)",
                )
                .await
            })
        })
        .await
}
