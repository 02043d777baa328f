//! The settlement ledger: one line of entries per shipment, never overwritten.

use waybill_core::Money;

use crate::store::{Db, StoreError};

/// An entry to be written.
#[derive(Debug, Clone)]
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
    pub kind: String,
    /// Amount.
    pub amount: Option<Money>,
    /// Weight as the carrier states it.
    pub weight: Option<String>,
    /// Where it comes from: `engine`, a statement's id, `operator`.
    pub source: String,
    /// Remark.
    pub note: Option<String>,
}

impl Db<'_> {
    /// Adds an entry.
    pub async fn insert_entry(&mut self, new: &NewEntry) -> Result<(), StoreError> {
        let insert = self
            .sql(
                "INSERT INTO charge_entry (id, tenant, carrier, account, purchase_id, tracking, reference, kind, amount, \
                 weight, source, note, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, {now})",
            )
            .bind(uuid::Uuid::now_v7().to_string())
            .bind(new.tenant.clone())
            .bind(new.carrier.clone())
            .bind(new.account.clone())
            .bind(new.purchase_id.clone())
            .bind(new.tracking.clone())
            .bind(new.reference.clone())
            .bind(new.kind.clone())
            .bind(new.amount.map(|money| format!("{} {}", money.amount, money.currency)))
            .bind(new.weight.clone())
            .bind(new.source.clone())
            .bind(new.note.clone());
        self.run(insert).await.map(drop)
    }
}
