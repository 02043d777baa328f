//! Matching a statement against what was bought: by number, then by own reference.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use uuid::Uuid;
use waybill_core::Money;

use super::statement::{ColumnMap, Line, read_statement};
use super::{EntryKind, NewEntry};
use crate::engine::EngineError;
use crate::seal::sha256;
use crate::store::{Db, Store, StoreError};

/// By how much a billed amount may differ from what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tolerance {
    /// In major units of the statement's currency.
    pub amount: Decimal,
    /// In percent of what was expected.
    pub percent: Decimal,
}

impl Default for Tolerance {
    /// To the cent.
    fn default() -> Self {
        Self { amount: Decimal::ZERO, percent: Decimal::ZERO }
    }
}

impl Tolerance {
    fn allows(&self, expected: Money, billed: Money) -> bool {
        let Ok(difference) = billed.checked_sub(expected) else { return false };
        let share = expected
            .amount
            .checked_mul(self.percent)
            .and_then(|share| share.checked_div(Decimal::ONE_HUNDRED));
        let allowed = self.amount.max(share.unwrap_or_default().abs());
        difference.amount.abs() <= allowed
    }
}

/// Asks to import a statement.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// Tenant.
    pub tenant: String,
    /// Carrier.
    pub carrier: String,
    /// Account.
    pub account: String,
    /// Name of the statement, such as its file name.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its columns.
    pub map: ColumnMap,
    /// How much may differ.
    pub tolerance: Tolerance,
}

/// What an import found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// Id of the statement.
    pub statement: String,
    /// The very same file was imported before; nothing was done.
    pub known: bool,
    /// Lines that agree with what was expected.
    pub agreed: usize,
    /// Lines that differ by more than the tolerance.
    pub differing: usize,
    /// Lines that give money back.
    pub credits: usize,
    /// Lines that name a shipment that this or an earlier statement has named.
    pub duplicates: usize,
    /// Lines that name no shipment of ours.
    pub strangers: usize,
    /// Lines that cannot be read.
    pub unreadable: usize,
    /// Totals that do not add up.
    pub wrong_totals: usize,
    /// Sum per currency of all lines that are no totals.
    pub sums: BTreeMap<String, Decimal>,
}

struct Judged {
    line: Line,
    verdict: &'static str,
    purchase: Option<String>,
    expected: Option<Money>,
    note: Option<String>,
}

/// Imports a statement. The same file twice changes nothing; lines are kept whatever they say.
///
/// # Errors
/// `Refused` when the file cannot be read at all.
pub async fn import(store: &Store, request: ImportRequest) -> Result<ImportReport, EngineError> {
    let lines = read_statement(&request.bytes, &request.map)
        .map_err(|error| waybill_core::Error::new(waybill_core::ErrorKind::Invalid, error.to_string()))?;
    let report = store
        .write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move { write(&mut db, &request, lines).await })
        })
        .await?;
    Ok(report)
}

async fn write(
    db: &mut Db<'_>,
    request: &ImportRequest,
    lines: Vec<Line>,
) -> Result<ImportReport, StoreError> {
    let id = Uuid::now_v7().to_string();
    let insert = db
        .sql(
            "INSERT INTO statement (id, tenant, carrier, account, name, sha256, lines, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, {now}) ON CONFLICT DO NOTHING",
        )
        .bind(id.clone())
        .bind(request.tenant.clone())
        .bind(request.carrier.clone())
        .bind(request.account.clone())
        .bind(request.name.clone())
        .bind(sha256(&request.bytes))
        .bind(i64::try_from(lines.len()).unwrap_or(i64::MAX));
    if db.run(insert).await? != 1 {
        return Ok(ImportReport { statement: id, known: true, ..ImportReport::default() });
    }
    let mut report = ImportReport { statement: id.clone(), ..ImportReport::default() };
    let mut seen = BTreeSet::new();
    for line in lines {
        let judged = judge(db, request, line, &mut seen, &report).await?;
        count(&mut report, &judged);
        keep(db, request, &id, &judged).await?;
    }
    Ok(report)
}

async fn judge(
    db: &mut Db<'_>,
    request: &ImportRequest,
    line: Line,
    seen: &mut BTreeSet<String>,
    so_far: &ImportReport,
) -> Result<Judged, StoreError> {
    let plain = |line, verdict, note| Judged { line, verdict, purchase: None, expected: None, note };
    if line.is_total {
        let sum = line.amount.map(|total| {
            let sum = so_far.sums.get(&total.currency.to_string()).copied().unwrap_or_default();
            (sum != total.amount).then(|| format!("the lines add up to {sum} {}", total.currency))
        });
        return Ok(plain(line, "total", sum.flatten()));
    }
    let Some(billed) = line.amount else {
        let note = line.problem.clone();
        return Ok(plain(line, "unreadable", note));
    };
    let Some(purchase) = find(db, request, &line).await? else {
        return Ok(plain(line, "stranger", None));
    };
    let expected = expected(db, &request.tenant, &purchase).await?;
    if billed.amount.is_sign_negative() {
        return Ok(Judged { line, verdict: "credit", purchase: Some(purchase), expected, note: None });
    }
    let number = line.tracking.clone().or_else(|| line.reference.clone()).unwrap_or_default();
    if !seen.insert(number) || was_billed(db, &request.tenant, &purchase, line.tracking.as_deref()).await? {
        return Ok(Judged { line, verdict: "duplicate", purchase: Some(purchase), expected, note: None });
    }
    let agrees = match expected {
        Some(expected) => agrees(db, request, &purchase, expected, billed).await?,
        None => true,
    };
    let verdict = if agrees { "agreed" } else { "differs" };
    Ok(Judged { line, verdict, purchase: Some(purchase), expected, note: None })
}

/// Whether what was billed for a shipment so far, with this line, agrees with what was expected for it. A shipment of
/// several parcels may be billed parcel by parcel: only its last line must reach the whole.
async fn agrees(
    db: &mut Db<'_>,
    request: &ImportRequest,
    purchase: &str,
    expected: Money,
    billed: Money,
) -> Result<bool, StoreError> {
    let parcels = db.labels(purchase).await?.len();
    let entries = db.entries(&request.tenant, purchase).await?;
    let before: Vec<Money> = entries
        .iter()
        .filter(|entry| entry.new.kind == EntryKind::Billed)
        .filter_map(|entry| entry.new.amount)
        .collect();
    let whole = before.len() + 1 >= parcels;
    let Ok(sum) = before.iter().try_fold(billed, |sum, amount| sum.checked_add(*amount)) else {
        return Ok(false);
    };
    if request.tolerance.allows(expected, sum) {
        return Ok(true);
    }
    Ok(!whole && sum.compare(&expected) == Some(std::cmp::Ordering::Less))
}

/// The purchase that a line is about: by number, then by own reference.
async fn find(db: &mut Db<'_>, request: &ImportRequest, line: &Line) -> Result<Option<String>, StoreError> {
    if let Some(tracking) = &line.tracking {
        let query = db
            .sql(
                "SELECT purchase_id FROM label WHERE tenant = $1 AND carrier = $2 AND account = $3 AND tracking = $4 \
                 ORDER BY sold_at DESC LIMIT 1",
            )
            .bind(request.tenant.clone())
            .bind(request.carrier.clone())
            .bind(request.account.clone())
            .bind(tracking.clone());
        if let Some(row) = db.one(query).await? {
            return Ok(Some(row.try_get(0)?));
        }
    }
    let Some(reference) = &line.reference else { return Ok(None) };
    let query = db
        .sql(
            "SELECT id FROM purchase WHERE tenant = $1 AND carrier = $2 AND account = $3 AND business_key = $4 \
             AND state NOT IN ('rejected', 'failed') ORDER BY created_at DESC LIMIT 1",
        )
        .bind(request.tenant.clone())
        .bind(request.carrier.clone())
        .bind(request.account.clone())
        .bind(reference.clone());
    Ok(db.one(query).await?.map(|row| row.try_get(0)).transpose()?)
}

/// The best word on what a shipment should cost: charged, else ordered or offline, else estimated.
async fn expected(db: &mut Db<'_>, tenant: &str, purchase: &str) -> Result<Option<Money>, StoreError> {
    let entries = db.entries(tenant, purchase).await?;
    let last = |kinds: &[EntryKind]| {
        let of_kind = entries.iter().rev().filter(|entry| kinds.contains(&entry.new.kind));
        of_kind.filter_map(|entry| entry.new.amount).next()
    };
    Ok(last(&[EntryKind::Charged])
        .or_else(|| last(&[EntryKind::Ordered, EntryKind::Offline]))
        .or_else(|| last(&[EntryKind::Estimated])))
}

async fn was_billed(
    db: &mut Db<'_>,
    tenant: &str,
    purchase: &str,
    tracking: Option<&str>,
) -> Result<bool, StoreError> {
    let entries = db.entries(tenant, purchase).await?;
    Ok(entries.iter().any(|entry| {
        entry.new.kind == EntryKind::Billed
            && (tracking.is_none() || entry.new.tracking.as_deref() == tracking)
    }))
}

fn count(report: &mut ImportReport, judged: &Judged) {
    match judged.verdict {
        "agreed" => report.agreed += 1,
        "differs" => report.differing += 1,
        "credit" => report.credits += 1,
        "duplicate" => report.duplicates += 1,
        "stranger" => report.strangers += 1,
        "unreadable" => report.unreadable += 1,
        _ => report.wrong_totals += usize::from(judged.note.is_some()),
    }
    if let (Some(amount), false) = (judged.line.amount, judged.line.is_total) {
        *report.sums.entry(amount.currency.to_string()).or_default() += amount.amount;
    }
}

async fn keep(
    db: &mut Db<'_>,
    request: &ImportRequest,
    statement: &str,
    judged: &Judged,
) -> Result<(), StoreError> {
    let text = |money: Option<Money>| money.map(|money| format!("{} {}", money.amount, money.currency));
    let insert = db
        .sql(
            "INSERT INTO statement_line (statement_id, line, verdict, purchase_id, tracking, reference, amount, expected, note) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        )
        .bind(statement.to_owned())
        .bind(i64::try_from(judged.line.number).unwrap_or(i64::MAX))
        .bind(judged.verdict)
        .bind(judged.purchase.clone())
        .bind(judged.line.tracking.clone())
        .bind(judged.line.reference.clone())
        .bind(text(judged.line.amount))
        .bind(text(judged.expected))
        .bind(judged.note.clone());
    db.run(insert).await?;
    let kinds: &[EntryKind] = match judged.verdict {
        "agreed" => &[EntryKind::Billed, EntryKind::Reconciled],
        "differs" => &[EntryKind::Billed],
        "credit" => &[EntryKind::Adjusted],
        _ => &[],
    };
    if let (Some(purchase), Some(_), false) = (&judged.purchase, &judged.line.weight, kinds.is_empty()) {
        accepted(db, request, statement, judged, purchase).await?;
    }
    for kind in kinds {
        db.insert_entry(&entry(request, statement, judged, *kind)).await?;
    }
    Ok(())
}

fn entry(request: &ImportRequest, statement: &str, judged: &Judged, kind: EntryKind) -> NewEntry {
    NewEntry {
        tenant: request.tenant.clone(),
        carrier: request.carrier.clone(),
        account: request.account.clone(),
        purchase_id: judged.purchase.clone(),
        tracking: judged.line.tracking.clone(),
        reference: judged.line.reference.clone(),
        kind,
        amount: judged.line.amount,
        weight: judged.line.weight.clone(),
        source: statement.to_owned(),
        note: None,
    }
}

/// A line with a weight says that the carrier has accepted and weighed the shipment.
async fn accepted(
    db: &mut Db<'_>,
    request: &ImportRequest,
    statement: &str,
    judged: &Judged,
    purchase: &str,
) -> Result<(), StoreError> {
    let entries = db.entries(&request.tenant, purchase).await?;
    let known = |entry: &super::Entry| {
        entry.new.kind == EntryKind::Accepted && entry.new.tracking == judged.line.tracking
    };
    if entries.iter().any(known) {
        return Ok(());
    }
    let accepted = NewEntry { amount: None, ..entry(request, statement, judged, EntryKind::Accepted) };
    db.insert_entry(&accepted).await
}
