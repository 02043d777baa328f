//! Several parcels: what becomes of a shipment of which only a part was sold.

use std::sync::Arc;

use uuid::Uuid;

use super::{Accounts, Engine, KeptOrder, PartialPolicy, Result};
use crate::journal::Note;
use crate::seal::Place;
use crate::store::{Accepted, NewPurchase, PurchaseChange, PurchaseRow, PurchaseState, StoreError};

impl Engine {
    /// Carries out the policy for pieces, once every purchase of the group stands somewhere. Doing it twice does nothing.
    pub(super) async fn enforce_group(&self, group: &str, accounts: &Arc<dyn Accounts>) -> Result<()> {
        let id = group.to_owned();
        let read =
            self.inner.store.read::<_, StoreError, _>(|mut db| Box::pin(async move { db.group(&id).await }));
        let rows = read.await?;
        let broken =
            rows.iter().any(|row| matches!(row.state, PurchaseState::Rejected | PurchaseState::Failed));
        for row in &rows {
            let policy = self.policy(row).pieces;
            match (policy, row.state) {
                (
                    PartialPolicy::VoidAll,
                    PurchaseState::Bought | PurchaseState::BoughtNoLabel | PurchaseState::Partial,
                ) if broken => {
                    let op = self.begin_void(&row.tenant, &row.id, "partial").await?;
                    self.drive_op(&op, accounts).await?;
                }
                (PartialPolicy::Complete, PurchaseState::Partial) => self.buy_missing(row, accounts).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Buys the parcels of a shipment that the carrier left out, as a purchase of its own in the same group.
    async fn buy_missing(&self, row: &PurchaseRow, accounts: &Arc<dyn Accounts>) -> Result<()> {
        let id = row.id.clone();
        let read =
            self.inner.store.read::<_, StoreError, _>(|mut db| Box::pin(async move { db.labels(&id).await }));
        let sold: Vec<i64> = read.await?.iter().map(|label| label.new.piece).collect();
        let mut kept: KeptOrder =
            self.open_json(Place::new("purchase", &row.id, &row.tenant), &row.order_sealed)?;
        let all = std::mem::take(&mut kept.shipment.parcels);
        let missing: Vec<(i64, _)> = (0_i64..).zip(all).filter(|(at, _)| !sold.contains(at)).collect();
        let Some(first) = missing.first().map(|(at, _)| *at) else { return Ok(()) };
        kept.shipment.parcels = missing.into_iter().map(|(_, parcel)| parcel).collect();
        let account = accounts.open(&row.tenant, &row.account).await?;
        let id = Uuid::now_v7().to_string();
        let new = NewPurchase {
            order_sealed: self.seal_json(Place::new("purchase", &id, &row.tenant), &kept)?,
            attempt: self.new_attempt(&id, 1, &row.account, &account, None),
            tenant: row.tenant.clone(),
            route: "buy".to_owned(),
            key: None,
            fingerprint: String::new(),
            business_key: format!("{}/missing", row.business_key),
            allow_additional: false,
            group_id: row.group_id.clone(),
            parcel: row.parcel + first,
            parcels: i64::try_from(kept.shipment.parcels.len()).unwrap_or(1),
            carrier: row.carrier.clone(),
            account: row.account.clone(),
            environment: row.environment.clone(),
            service: row.service.clone(),
            // What the whole shipment was quoted is held by the first purchase.
            quoted: row.quoted.map(|quoted| waybill_core::Money::zero(quoted.currency)),
            max_price: row.max_price,
            policy: row.policy.clone(),
            id: id.clone(),
        };
        let (before, noted) = (row.clone(), Note::Accepted(Box::new(new.clone())));
        let accepted = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let accepted = db.accept(&new).await?;
                    let change =
                        PurchaseChange { state: Some(PurchaseState::Bought), ..PurchaseChange::default() };
                    let payload = serde_json::json!({ "missing": new.id });
                    db.must_change(&before, &change, "purchase.completed", &payload).await?;
                    Ok(accepted)
                })
            })
            .await?;
        if matches!(accepted, Accepted::New(_)) {
            self.note(&noted);
            Box::pin(self.drive(&id, accounts)).await?;
        }
        Ok(())
    }

    /// Groups whose policy was not carried out because a process died in between.
    pub(super) async fn enforce_left_over(&self, accounts: &Arc<dyn Accounts>) -> Result<()> {
        let groups = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.mixed_groups(100).await }))
            .await?;
        for group in groups {
            self.enforce_group(&group, accounts).await?;
        }
        Ok(())
    }
}
