//! What a manifest lists, what cancels a pickup, and the lists of both.

use waybill_core::{Handle, ManifestEntry, ManifestRequest, PickupKey, ServiceCode, ShipmentKey};

use super::services::ServiceOrder;
use super::{Engine, EngineError, KeptOrder, OpView, Result};
use crate::seal::Place;
use crate::store::{LabelRow, OpKind, OperationFilter, PurchaseRow, StoreError};

/// Labels that are looked at for one manifest at most: more than any carrier takes.
const MOST: i64 = 50_000;

impl Engine {
    /// The manifests that are still to be closed on an account for a day: its live labels that are on none, one manifest
    /// for each origin. `only` names purchases; all when it is empty.
    pub async fn to_close(
        &self,
        tenant: &str,
        account: &str,
        day: chrono::NaiveDate,
        only: &[String],
    ) -> Result<Vec<ManifestRequest>> {
        let (owner, name) = (tenant.to_owned(), account.to_owned());
        let swept = self.inner.store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move { db.sweep_absent(&owner, &name).await })
        });
        swept.await?;
        let (owner, name) = (tenant.to_owned(), account.to_owned());
        let open = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move { db.labels_without_manifest(&owner, &name, MOST).await })
            })
            .await?;
        let mut manifests: Vec<ManifestRequest> = Vec::new();
        for (row, labels) in open.iter().filter(|(row, _)| only.is_empty() || only.contains(&row.id)) {
            let place = Place::new("purchase", &row.id, &row.tenant);
            let kept: KeptOrder = self.open_json(place, &row.order_sealed)?;
            if kept.shipment.ship_date == Some(day) {
                add(&mut manifests, kept, row, labels, day);
            }
        }
        Ok(manifests)
    }

    /// What cancels a pickup that was arranged here.
    ///
    /// # Errors
    /// `WrongState` for one that was not arranged, or whose confirmation number is not known.
    pub async fn pickup_key(&self, tenant: &str, id: &str) -> Result<(String, PickupKey)> {
        let view = self.operation(tenant, id).await?;
        let op = self.op_row(id).await?;
        if op.new.kind != OpKind::Pickup {
            return Err(EngineError::WrongState(format!(
                "operation `{id}` is no pickup but a {}",
                op.new.kind
            )));
        }
        let order: ServiceOrder =
            self.open_json(Place::new("carrier_op", id, tenant), &op.new.request_sealed)?;
        let ServiceOrder::Pickup(request) = order else {
            return Err(EngineError::WrongState(format!("operation `{id}` is no pickup")));
        };
        let text = |key: &str| view.reply.as_ref()?.get(key)?.as_str().map(str::to_owned);
        let confirmation = text("confirmation").ok_or_else(|| {
            EngineError::WrongState(format!("pickup `{id}` is {} and has no confirmation number", view.state))
        })?;
        let key = PickupKey { confirmation, date: request.date, carrier_data: text("carrier_data") };
        Ok((op.new.account, key))
    }

    /// The manifest that was closed with a key.
    pub async fn manifest_of_key(&self, tenant: &str, account: &str, key: &str) -> Result<Option<OpView>> {
        let target = format!("{account}/{key}");
        let read = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.ops_of(&target).await }));
        let known = read.await?;
        let found = known.iter().find(|op| op.new.kind == OpKind::Manifest && op.new.tenant == tenant);
        Ok(found.map(|op| self.op_view(op)))
    }

    /// Voids, manifests and pickups, newest first.
    pub async fn operations(&self, filter: OperationFilter) -> Result<Vec<OpView>> {
        let read = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.operations(&filter).await }));
        Ok(read.await?.iter().map(|op| self.op_view(op)).collect())
    }
}

fn add(
    manifests: &mut Vec<ManifestRequest>,
    kept: KeptOrder,
    row: &PurchaseRow,
    labels: &[LabelRow],
    day: chrono::NaiveDate,
) {
    let Some(first) = labels.first() else { return };
    let entry = ManifestEntry {
        shipment_key: ShipmentKey::from(first.new.shipment_key.clone()),
        tracking: labels.iter().map(|label| label.new.tracking.as_str().into()).collect(),
        service: ServiceCode::from(row.service.as_str()),
    };
    match manifests.iter_mut().find(|manifest| manifest.from == kept.shipment.from) {
        Some(manifest) => manifest.shipments.push(entry),
        None => manifests.push(ManifestRequest {
            from: kept.shipment.from,
            ship_date: day,
            shipments: vec![entry],
            handle: Handle(uuid::Uuid::nil()),
        }),
    }
}
