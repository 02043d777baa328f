//! What a person decides about what only a person can decide, and looking after keys.

use std::sync::Arc;

use waybill_core::{Piece, Purchase, Settlement, ShipmentKey};

use super::sale::Source;
use super::{Accounts, Decision, Engine, EngineError, PurchaseView, Result, json};
use crate::seal::Place;
use crate::store::{
    AttemptRow, OpKind, OpState, PurchaseChange, PurchaseRow, PurchaseState, SEALED, SpendCap, StoreError,
};
use crate::vault::Vault;

impl Engine {
    /// Carries out a person's decision about a purchase. What was decided is kept as evidence.
    ///
    /// # Errors
    /// `WrongState` where the decision makes no sense for the purchase as it stands.
    pub async fn resolve(
        &self,
        tenant: &str,
        purchase: &str,
        decision: Decision,
        accounts: Arc<dyn Accounts>,
    ) -> Result<PurchaseView> {
        let (row, labels) = self.purchase_rows(tenant, purchase).await?;
        let id = row.id.clone();
        let read = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.attempts(&id).await }));
        let attempts = read.await?;
        let current = attempts.iter().find(|attempt| attempt.n == row.current_attempt);
        let attempt = current.ok_or_else(|| EngineError::NotFound("attempt".into()))?;
        let evidence =
            self.inner.desk.evidence(tenant, &attempt.id, "operator", None, json(&decision).as_bytes())?;
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.insert_evidence(&evidence).await })
            })
            .await?;
        match decision {
            Decision::Adopt { tracking, charged } => {
                self.adopt(&row, attempt, tracking, charged, &accounts).await?;
            }
            Decision::NothingBought if !labels.is_empty() => {
                let words = "labels are recorded for it: void them instead";
                return Err(EngineError::WrongState(words.into()));
            }
            Decision::NothingBought => self.nothing_bought(&row, attempt).await?,
            Decision::Void => {
                let op = self.begin_void(tenant, purchase, "asked").await?;
                self.drive_op(&op, &accounts).await?;
            }
            Decision::Keep => self.keep(&row).await?,
            Decision::AskAgain => self.ask_now(&row, attempt, &accounts).await?,
            Decision::SendAgain => {
                let words = "a label is never sent again: say adopt, nothing_bought, void or ask_again";
                return Err(EngineError::WrongState(words.into()));
            }
        }
        self.purchase(tenant, purchase).await
    }

    async fn adopt(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        tracking: Vec<waybill_core::TrackingNumber>,
        charged: Option<waybill_core::Money>,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<()> {
        if row.state != PurchaseState::NeedsAttention {
            return Err(EngineError::WrongState(format!("purchase `{}` is {}", row.id, row.state)));
        }
        let first = tracking.first().cloned().ok_or_else(|| {
            EngineError::WrongState("give the tracking numbers that the carrier's portal shows".into())
        })?;
        let account = self.account_for(attempt, &row.tenant, accounts).await?;
        let price = charged.map(|money| waybill_core::Price::new(waybill_core::PriceKind::Account, money));
        let sale = Purchase {
            shipment_key: ShipmentKey::from(first.as_str()),
            pieces: tracking
                .into_iter()
                .zip(0..)
                .map(|(number, parcel)| Piece::new(parcel, number))
                .collect(),
            documents: self.reprinted(row, attempt, &account, &first).await,
            prices: price.into_iter().collect(),
            settlement: match account.carrier.profile().settlement {
                Settlement::Charged if charged.is_some() => Settlement::Charged,
                ref other => other.clone(),
            },
            delivery: None,
            carrier_data: None,
            warnings: Vec::new(),
        };
        // A person who adopts a number has the label, or prints it in the portal: it is not voided for want of a file.
        let mut row = row.clone();
        row.policy = json(&super::Policy { on_no_label: super::OnNoLabel::Keep, ..self.policy(&row) });
        self.keep_policy(&row).await?;
        self.settle_sale(&row, attempt, &account, &sale, Source::Operator).await?;
        Ok(())
    }

    async fn keep_policy(&self, row: &PurchaseRow) -> Result<()> {
        let (id, policy) = (row.id.clone(), row.policy.clone());
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.set_policy(&id, &policy).await })
            })
            .await?;
        Ok(())
    }

    /// The label from the carrier, where it gives it again; nothing where it does not.
    async fn reprinted(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &super::OpenAccount,
        number: &waybill_core::TrackingNumber,
    ) -> Vec<waybill_core::Document> {
        let Some(label) = account.carrier.label() else { return Vec::new() };
        let place = Place::new("purchase", &row.id, &row.tenant);
        let Ok(kept) = self.open_json::<super::KeptOrder>(place, &row.order_sealed) else {
            return Vec::new();
        };
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx = self.cx(account, &row.account, "reprint", timeout);
        let sent = chrono::DateTime::from_timestamp_millis(attempt.sent_at.unwrap_or(row.created_at));
        let request = waybill_core::ReprintRequest {
            key: waybill_core::LabelKey {
                shipment_key: ShipmentKey::from(number.as_str()),
                tracking: vec![number.clone()],
                service: row.service.as_str().into(),
                handle: attempt.handle,
                bought_at: sent.unwrap_or_default(),
                carrier_data: None,
            },
            label: kept.label,
        };
        let reply = super::send::asked(label.reprint(&cx, &request), timeout).await;
        reply.map(|reply| reply.documents).unwrap_or_default()
    }

    async fn nothing_bought(&self, row: &PurchaseRow, attempt: &AttemptRow) -> Result<()> {
        if row.state != PurchaseState::NeedsAttention {
            return Err(EngineError::WrongState(format!("purchase `{}` is {}", row.id, row.state)));
        }
        let (row, attempt) = (row.clone(), attempt.clone());
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    db.set_attempt(&attempt.id, "absent").await?;
                    let error = waybill_core::Error::new(
                        waybill_core::ErrorKind::NotFound,
                        "a person looked at the carrier's account: nothing was bought",
                    );
                    let change = PurchaseChange {
                        state: Some(PurchaseState::Failed),
                        attention: Some(None),
                        failure: Some(json(&super::Failure { error, sent: true })),
                        ..PurchaseChange::default()
                    };
                    db.must_change(&row, &change, "purchase.failed", &serde_json::json!({ "by": "operator" }))
                        .await
                })
            })
            .await?;
        Ok(())
    }

    async fn keep(&self, row: &PurchaseRow) -> Result<()> {
        let id = row.id.clone();
        let read =
            self.inner.store.read::<_, StoreError, _>(|mut db| Box::pin(async move { db.labels(&id).await }));
        let labels = read.await?;
        let live = labels.iter().any(|label| label.state == crate::store::LabelState::Live);
        if !live {
            return Err(EngineError::WrongState(format!("purchase `{}` has no live label to keep", row.id)));
        }
        let row = row.clone();
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let state = (row.state == PurchaseState::NeedsAttention).then_some(PurchaseState::Bought);
                    let change = PurchaseChange { state, attention: Some(None), ..PurchaseChange::default() };
                    db.must_change(&row, &change, "purchase.kept", &serde_json::json!({ "by": "operator" }))
                        .await
                })
            })
            .await?;
        Ok(())
    }

    async fn ask_now(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<()> {
        if !matches!(row.state, PurchaseState::NeedsAttention | PurchaseState::Unknown) {
            return Err(EngineError::WrongState(format!("purchase `{}` is {}", row.id, row.state)));
        }
        self.ask(&attempt.id, accounts, true).await?;
        Ok(())
    }

    /// Decides about a manifest or pickup whose outcome nobody knows: `Adopt` with its number (or `Keep`) when it was made,
    /// `NothingBought` when it was not, `SendAgain` when it was not and is to be made now.
    pub async fn resolve_operation(
        &self,
        tenant: &str,
        id: &str,
        decision: &Decision,
        accounts: Arc<dyn Accounts>,
    ) -> Result<super::OpView> {
        if matches!(decision, Decision::Void | Decision::AskAgain) {
            let words = "say adopt (it was made), nothing_bought (it was not) or send_again";
            return Err(EngineError::WrongState(words.into()));
        }
        let op = self.op_row(id).await?;
        if op.new.tenant != tenant {
            return Err(EngineError::NotFound(format!("operation `{id}`")));
        }
        let service = matches!(op.new.kind, OpKind::Manifest | OpKind::Pickup);
        if op.state != OpState::NeedsAttention || !service {
            let words = format!("operation `{id}` is a {} and {}", op.new.kind, op.state);
            return Err(EngineError::WrongState(words));
        }
        let reply = match decision {
            Decision::Adopt { tracking, .. } => {
                tracking.first().map(|number| adopted(op.new.kind, number.as_str()))
            }
            _ => None,
        };
        let sealed =
            reply.map(|reply| self.seal_json(Place::new("carrier_op", id, tenant), &reply)).transpose()?;
        let mut seen =
            vec![self.inner.desk.evidence(tenant, id, "operator", None, json(decision).as_bytes())?];
        if matches!(decision, Decision::SendAgain) {
            seen.push(self.inner.desk.evidence(tenant, id, "unsent", None, b"a person looked")?);
        }
        let decided = decision.clone();
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    for evidence in &seen {
                        db.insert_evidence(evidence).await?;
                    }
                    match decided {
                        Decision::Keep | Decision::Adopt { .. } => {
                            db.settle_op(&op, OpState::Done, None, sealed, None).await
                        }
                        Decision::NothingBought => {
                            db.take_off_manifest(&op.new.id, None).await?;
                            db.settle_op(&op, OpState::Refused, None, None, None).await
                        }
                        Decision::SendAgain => db.prepare_again(&op).await,
                        Decision::Void | Decision::AskAgain => Ok(false),
                    }
                })
            })
            .await?;
        if matches!(decision, Decision::SendAgain) {
            self.drive_op(id, &accounts).await?;
        }
        self.operation(tenant, id).await
    }

    /// Puts a tenant's spend caps in the place of those that it had; a tenant without caps may spend what it likes.
    pub async fn set_caps(&self, tenant: &str, caps: Vec<SpendCap>) -> Result<()> {
        let tenant = tenant.to_owned();
        let write = self.inner.store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move { db.set_caps(&tenant, &caps).await })
        });
        Ok(write.await?)
    }

    /// A tenant's spend caps.
    pub async fn caps(&self, tenant: &str) -> Result<Vec<SpendCap>> {
        let tenant = tenant.to_owned();
        let read = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.caps(&tenant).await }));
        Ok(read.await?)
    }

    /// The vault of credentials, with this engine's store and keys.
    pub fn vault(&self) -> Vault {
        Vault::new(self.inner.store.clone(), self.inner.sealer.clone())
    }

    /// Seals again with the newest key what older keys sealed or what was stored plain, in transactions of `batch` values,
    /// while the engine runs. Every process must have the new key as its first before. Returns how many values were
    /// renewed; 0 means that older keys are no longer needed.
    pub async fn reseal(&self, batch: i64) -> Result<usize> {
        let (mut renewed, batch) = (0, batch.max(1));
        for column in SEALED.iter().copied() {
            let mut after = Some(String::new());
            while let Some(from) = after {
                let sealer = self.inner.sealer.clone();
                let done = self.inner.store.write::<_, StoreError, _>(move |mut db| {
                    Box::pin(async move { db.reseal(&sealer, column, &from, batch).await })
                });
                let done = done.await?;
                renewed += done.renewed;
                after = done.after;
            }
        }
        Ok(renewed)
    }
}

/// What is known of a manifest or pickup that a person found at the carrier.
fn adopted(kind: OpKind, number: &str) -> serde_json::Value {
    match kind {
        OpKind::Pickup => serde_json::json!({ "confirmation": number }),
        _ => serde_json::json!({ "number": number }),
    }
}
