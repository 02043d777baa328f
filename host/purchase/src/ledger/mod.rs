//! The settlement ledger: one line of entries per shipment, never overwritten, from the quote to the payment; and the
//! carriers' statements, matched against it.
//!
//! An account that pays outside any online channel (`Settlement::Offline`) has no charge when it buys. Its statement is
//! the first word on what a shipment cost.

mod hand;
mod import;
mod statement;

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::any::AnyRow;
use waybill_core::Money;

pub use hand::{ByHand, by_hand, standing};
pub use import::{ImportReport, ImportRequest, Tolerance, import};
pub use statement::{ColumnMap, Encoding, Line, StatementError, read_statement};

use crate::store::{Change, Db, Store, StoreError};

/// What happened to the money of a shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// It was quoted.
    Estimated,
    /// It was ordered; the carrier's invoice will come.
    Ordered,
    /// It was paid when it was bought.
    Charged,
    /// It will be paid outside any online channel.
    Offline,
    /// The carrier has accepted and weighed it.
    Accepted,
    /// A statement or invoice names it.
    Billed,
    /// What was billed agrees with what was expected.
    Reconciled,
    /// What was billed is disputed.
    Disputed,
    /// The carrier gave money back, or asked for more.
    Adjusted,
    /// It was paid.
    Paid,
    /// It was given up.
    WrittenOff,
}

impl EntryKind {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Estimated => "estimated",
            Self::Ordered => "ordered",
            Self::Charged => "charged",
            Self::Offline => "offline",
            Self::Accepted => "accepted",
            Self::Billed => "billed",
            Self::Reconciled => "reconciled",
            Self::Disputed => "disputed",
            Self::Adjusted => "adjusted",
            Self::Paid => "paid",
            Self::WrittenOff => "written_off",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
    }
}

/// An entry to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEntry {
    /// Tenant.
    pub tenant: String,
    /// Carrier.
    pub carrier: String,
    /// Account.
    pub account: String,
    /// Purchase, when it is known.
    pub purchase_id: Option<String>,
    /// Number under the barcode.
    pub tracking: Option<String>,
    /// Own reference: the business key.
    pub reference: Option<String>,
    /// What happened.
    pub kind: EntryKind,
    /// Amount.
    pub amount: Option<Money>,
    /// Weight as the carrier states it.
    pub weight: Option<String>,
    /// Where it comes from: `engine`, a statement's id, a person.
    pub source: String,
    /// Remark.
    pub note: Option<String>,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What was written.
    #[serde(flatten)]
    pub new: NewEntry,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

fn entry(row: &AnyRow) -> Result<Entry, StoreError> {
    let kind: String = row.try_get("kind")?;
    let amount: Option<String> = row.try_get("amount")?;
    Ok(Entry {
        new: NewEntry {
            tenant: row.try_get("tenant")?,
            carrier: row.try_get("carrier")?,
            account: row.try_get("account")?,
            purchase_id: row.try_get("purchase_id")?,
            tracking: row.try_get("tracking")?,
            reference: row.try_get("reference")?,
            kind: EntryKind::parse(&kind).ok_or(StoreError::Corrupt(kind))?,
            amount: amount
                .map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("amount `{text}`"))))
                .transpose()?,
            weight: row.try_get("weight")?,
            source: row.try_get("source")?,
            note: row.try_get("note")?,
        },
        at: row.try_get("at")?,
    })
}

impl NewEntry {
    /// Adds it.
    pub(crate) fn insert(&self) -> Change {
        Change::new(
            "INSERT INTO charge_entry (id, tenant, carrier, account, purchase_id, tracking, reference, kind, amount, \
             weight, source, note, at) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {now} WHERE {before}",
            [
                uuid::Uuid::now_v7().to_string().into(),
                (&self.tenant).into(),
                (&self.carrier).into(),
                (&self.account).into(),
                (&self.purchase_id).into(),
                (&self.tracking).into(),
                (&self.reference).into(),
                self.kind.as_str().into(),
                self.amount.map(|money| format!("{} {}", money.amount, money.currency)).into(),
                (&self.weight).into(),
                (&self.source).into(),
                (&self.note).into(),
            ],
        )
    }
}

impl Db<'_> {
    /// Adds an entry.
    pub async fn insert_entry(&mut self, new: &NewEntry) -> Result<(), StoreError> {
        self.make(new.insert()).await.map(drop)
    }

    /// The entries of a purchase, oldest first.
    pub async fn entries(&mut self, tenant: &str, purchase: &str) -> Result<Vec<Entry>, StoreError> {
        let query = self
            .sql("SELECT * FROM charge_entry WHERE tenant = $1 AND purchase_id = $2 ORDER BY at, id")
            .bind(tenant.to_owned())
            .bind(purchase.to_owned());
        self.all(query).await?.iter().map(entry).collect()
    }
}

/// Adds an entry: acceptance, dispute, payment, writing off.
pub async fn add(store: &Store, new: NewEntry) -> Result<(), StoreError> {
    store.write(move |mut db| Box::pin(async move { db.insert_entry(&new).await })).await
}

/// The entries of a purchase, oldest first.
pub async fn entries(store: &Store, tenant: &str, purchase: &str) -> Result<Vec<Entry>, StoreError> {
    let (tenant, purchase) = (tenant.to_owned(), purchase.to_owned());
    store.read(|mut db| Box::pin(async move { db.entries(&tenant, &purchase).await })).await
}

/// A shipment of which something is to be said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    /// Purchase, when it is known.
    pub purchase_id: Option<String>,
    /// Number.
    pub tracking: Option<String>,
    /// Own reference.
    pub reference: Option<String>,
    /// What was expected.
    pub expected: Option<Money>,
    /// What was billed.
    pub billed: Option<Money>,
    /// What about it: `differs`, `duplicate`, `stranger`, `unreadable`, `total`, `unbilled`.
    pub verdict: String,
    /// More about it.
    pub note: Option<String>,
}

/// What differs between the carriers' statements and the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementReport {
    /// Lines of statements that do not simply agree.
    pub differing: Vec<ReportLine>,
    /// Live labels that no statement has named yet.
    pub unbilled: Vec<ReportLine>,
    /// Lines that agree.
    pub agreed: i64,
}

/// What differs, for a tenant since a time (milliseconds since 1970).
pub async fn report(store: &Store, tenant: &str, since: i64) -> Result<SettlementReport, StoreError> {
    let tenant = tenant.to_owned();
    store
        .read(|mut db| {
            Box::pin(async move {
                let lines = db
                    .sql(
                        "SELECT l.purchase_id, l.tracking, l.reference, l.expected, l.amount, l.verdict, l.note FROM statement_line l \
                         JOIN statement s ON s.id = l.statement_id WHERE s.tenant = $1 AND s.at >= $2 ORDER BY s.at, l.line",
                    )
                    .bind(tenant.clone())
                    .bind(since);
                let mut report = SettlementReport::default();
                for row in db.all(lines).await? {
                    let line = report_line(&row)?;
                    match line.verdict.as_str() {
                        "agreed" | "credit" => report.agreed += 1,
                        "total" if line.note.is_none() => {}
                        _ => report.differing.push(line),
                    }
                }
                let unbilled = db
                    .sql(
                        "SELECT p.id, l.tracking, p.business_key, p.charged, NULL, 'unbilled', NULL FROM label l \
                         JOIN purchase p ON p.id = l.purchase_id WHERE l.tenant = $1 AND l.sold_at >= $2 AND l.state = 'live' \
                         AND NOT EXISTS (SELECT 1 FROM charge_entry e WHERE e.purchase_id = p.id AND e.kind IN ('billed', 'charged')) \
                         ORDER BY l.sold_at, l.id",
                    )
                    .bind(tenant)
                    .bind(since);
                for row in db.all(unbilled).await? {
                    report.unbilled.push(report_line(&row)?);
                }
                Ok(report)
            })
        })
        .await
}

fn report_line(row: &AnyRow) -> Result<ReportLine, StoreError> {
    let money = |at: usize| -> Result<Option<Money>, StoreError> {
        let text: Option<String> = row.try_get(at)?;
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt(format!("amount `{text}`")))).transpose()
    };
    Ok(ReportLine {
        purchase_id: row.try_get(0)?,
        tracking: row.try_get(1)?,
        reference: row.try_get(2)?,
        expected: money(3)?,
        billed: money(4)?,
        verdict: row.try_get(5)?,
        note: row.try_get(6)?,
    })
}
