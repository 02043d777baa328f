//! What is shown of purchases, and the files of their labels.

use waybill_core::Document;

use super::{AttemptView, Engine, EngineError, LabelView, OpView, PurchaseView, Result, Shown};
use crate::seal::{Place, sha256};
use crate::store::{
    Db, Event, LabelRow, LabelState, OpRow, PurchaseFilter, PurchaseRow, PurchaseState, StoreError,
    StoredDocument,
};

impl Engine {
    /// Purchases, newest first.
    pub async fn purchases(&self, filter: PurchaseFilter) -> Result<Vec<PurchaseView>> {
        self.read_views(|mut db| {
            Box::pin(async move {
                let rows = db.purchases(&filter).await?;
                with_labels(&mut db, rows).await
            })
        })
        .await
    }

    /// The purchases of a group, in the order of their parcels.
    pub async fn group_views(&self, group: &str) -> Result<Vec<PurchaseView>> {
        let group = group.to_owned();
        self.read_views(|mut db| {
            Box::pin(async move {
                let rows = db.group(&group).await?;
                with_labels(&mut db, rows).await
            })
        })
        .await
    }

    async fn read_views<F>(&self, job: F) -> Result<Vec<PurchaseView>>
    where
        F: for<'c> FnOnce(
                Db<'c>,
            ) -> futures_util::future::BoxFuture<
                'c,
                std::result::Result<Vec<(PurchaseRow, Vec<LabelRow>)>, StoreError>,
            > + Send,
    {
        let rows = self.inner.store.read(job).await?;
        Ok(rows.iter().map(|(row, labels)| view(row, labels)).collect())
    }

    /// A purchase of a tenant.
    pub async fn purchase(&self, tenant: &str, id: &str) -> Result<PurchaseView> {
        let (row, labels) = self.purchase_rows(tenant, id).await?;
        Ok(view(&row, &labels))
    }

    pub(super) async fn purchase_rows(&self, tenant: &str, id: &str) -> Result<(PurchaseRow, Vec<LabelRow>)> {
        let key = id.to_owned();
        let found = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move {
                    let Some(row) = db.purchase(&key).await? else { return Ok(None) };
                    let labels = db.labels(&key).await?;
                    Ok(Some((row, labels)))
                })
            })
            .await?;
        // Another tenant's purchase does not exist for this one.
        found
            .filter(|(row, _)| row.tenant == tenant)
            .ok_or_else(|| EngineError::NotFound(format!("purchase `{id}`")))
    }

    /// Everything about a purchase, for operators; no personal data.
    pub async fn show(&self, tenant: &str, id: &str) -> Result<Shown> {
        let (row, labels) = self.purchase_rows(tenant, id).await?;
        let key = id.to_owned();
        let (attempts, mut ops, events) = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move {
                    let mut attempts = Vec::new();
                    for attempt in db.attempts(&key).await? {
                        let evidence = db.evidence(&attempt.id).await?;
                        attempts.push((attempt, evidence));
                    }
                    let mut ops = db.ops_of(&key).await?;
                    for label in db.labels(&key).await? {
                        ops.extend(db.ops_of(&label.new.id).await?);
                    }
                    let mut events: Vec<Event> = db.events_of(&key).await?;
                    for op in &ops {
                        events.extend(db.events_of(&op.new.id).await?);
                    }
                    Ok((attempts, ops, events))
                })
            })
            .await?;
        ops.sort_by_key(|op| op.created_at);
        Ok(Shown {
            purchase: view(&row, &labels),
            attempts: attempts
                .into_iter()
                .map(|(attempt, evidence)| AttemptView {
                    n: attempt.n,
                    handle: attempt.handle.short(),
                    state: attempt.state,
                    account: attempt.account,
                    sent_at: attempt.sent_at,
                    sends: attempt.sends,
                    unsent: attempt.unsent,
                    checks: attempt.checks,
                    next_check_at: attempt.next_check_at,
                    evidence: evidence
                        .into_iter()
                        .map(|seen| (seen.at, seen.kind, seen.http_status, seen.sha256))
                        .collect(),
                })
                .collect(),
            operations: ops.iter().map(|op| self.op_view(op)).collect(),
            events,
        })
    }

    pub(super) fn op_view(&self, op: &OpRow) -> OpView {
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let reply = op.reply_sealed.as_ref().and_then(|sealed| self.open_json(place, sealed).ok());
        OpView {
            id: op.new.id.clone(),
            kind: op.new.kind,
            target: op.new.target.clone(),
            account: op.new.account.clone(),
            handle: op.new.handle.short(),
            state: op.state,
            purpose: op.new.purpose.clone(),
            reply,
            attention: op.attention.as_ref().and_then(|text| serde_json::from_str(text).ok()),
            tries: op.checks,
            created_at: op.created_at,
        }
    }

    /// The stored files of a purchase: labels and papers, byte for byte as the carrier made them. The label of a void
    /// purchase is never given out, nor that of a piece that is void.
    pub async fn documents(&self, tenant: &str, id: &str) -> Result<Vec<Document>> {
        let (row, labels) = self.purchase_rows(tenant, id).await?;
        if matches!(row.state, PurchaseState::Voided | PurchaseState::Voiding) {
            return Err(EngineError::WrongState(format!(
                "purchase `{id}` is {}: its label must not be used",
                row.state
            )));
        }
        let live: Vec<LabelRow> =
            labels.into_iter().filter(|label| label.state == LabelState::Live).collect();
        let attempts: Vec<String> = {
            let mut ids: Vec<String> = live.iter().map(|label| label.new.attempt_id.clone()).collect();
            ids.dedup();
            ids
        };
        let stored = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move {
                    let mut all = Vec::new();
                    for attempt in &attempts {
                        all.extend(db.documents(attempt).await?);
                    }
                    Ok(all)
                })
            })
            .await?;
        stored
            .iter()
            .filter(|document| is_wanted(document, &live))
            .map(|document| self.open_document(document, row.parcel))
            .collect()
    }

    pub(super) fn open_document(&self, stored: &StoredDocument, first_parcel: i64) -> Result<Document> {
        let corrupt = |what: &str| {
            EngineError::Store(StoreError::Corrupt(format!("document {}: {what}", stored.new.id)))
        };
        let place = Place::new("document", &stored.new.id, &stored.new.tenant);
        let bytes = self.inner.sealer.open(place, &stored.new.bytes_sealed)?;
        if sha256(&bytes) != stored.new.sha256 {
            return Err(corrupt("its bytes are not those that were stored"));
        }
        let mut document: Document =
            serde_json::from_str(&stored.new.meta).map_err(|_| corrupt("its description"))?;
        document.bytes = bytes.into();
        let shift = u32::try_from(first_parcel).unwrap_or(0);
        document.parcel = document.parcel.map(|parcel| parcel.saturating_add(shift));
        Ok(document)
    }

    /// Events after a place in the feed, of all tenants or one. Each is delivered at least once.
    pub async fn events(&self, tenant: Option<&str>, after: i64, limit: i64) -> Result<Vec<Event>> {
        Ok(self.inner.store.events(tenant, after, limit).await?)
    }
}

/// A label's file is given out while its piece is live; papers while anything is.
fn is_wanted(document: &StoredDocument, live: &[LabelRow]) -> bool {
    if document.new.kind != waybill_core::DocumentKind::Label.as_str() {
        return true;
    }
    live.iter().any(|label| label.new.document_id.as_deref() == Some(document.new.id.as_str()))
}

async fn with_labels(
    db: &mut Db<'_>,
    rows: Vec<PurchaseRow>,
) -> std::result::Result<Vec<(PurchaseRow, Vec<LabelRow>)>, StoreError> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let labels = db.labels(&row.id).await?;
        all.push((row, labels));
    }
    Ok(all)
}

fn view(row: &PurchaseRow, labels: &[LabelRow]) -> PurchaseView {
    let difference = |charged: waybill_core::Money| charged.checked_sub(row.quoted?).ok();
    PurchaseView {
        id: row.id.clone(),
        group: row.group_id.clone(),
        tenant: row.tenant.clone(),
        business_key: row.business_key.clone(),
        parcel: row.parcel,
        parcels: row.parcels,
        state: row.state,
        carrier: row.carrier.clone(),
        account: row.account.clone(),
        environment: row.environment.clone(),
        service: row.service.clone(),
        quoted: row.quoted,
        max_price: row.max_price,
        charged: row.charged,
        variance: row.charged.and_then(difference).filter(|money| !money.is_zero()),
        labels: labels
            .iter()
            .map(|label| LabelView {
                parcel: row.parcel + label.new.piece,
                tracking: label.new.tracking.clone(),
                state: label.state,
                price: label.new.price,
                stored: label.new.document_id.is_some(),
                sold_at: label.sold_at,
            })
            .collect(),
        attention: row.attention.as_ref().and_then(|text| serde_json::from_str(text).ok()),
        failure: row.failure.as_ref().and_then(|text| serde_json::from_str(text).ok()),
        attempts: row.current_attempt,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}
