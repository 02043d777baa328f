//! Manifests and pickups: sent once, like a purchase. No carrier can be asked what became of one, so that an unknown
//! outcome goes to a person at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use waybill_core::{
    Cx, Error, Handle, ManifestReply, ManifestRequest, PermitId, PickupKey, PickupReply, PickupRequest,
    SpendPermit, TrackingNumber,
};

use super::desk::Desk;
use super::send::{Step, asked, told};
use super::verdict::{Seen, Success, Told, Verdict, judge};
use super::{Accounts, Attention, Engine, OpView, OpenAccount, Result, json, ms};
use crate::fail::failpoint;
use crate::seal::Place;
use crate::store::{NewDocument, NewOp, OpKind, OpRow, OpState, StoreError};

/// What is asked, sealed in the operation's row.
#[derive(Serialize, Deserialize)]
pub(super) enum ServiceOrder {
    Manifest(Box<ManifestRequest>),
    Pickup(Box<PickupRequest>),
    PickupCancel(Box<PickupKey>),
}

impl ServiceOrder {
    fn kind(&self) -> OpKind {
        match self {
            Self::Manifest(_) => OpKind::Manifest,
            Self::Pickup(_) => OpKind::Pickup,
            Self::PickupCancel(_) => OpKind::PickupCancel,
        }
    }

    fn set_handle(&mut self, handle: Handle) {
        match self {
            Self::Manifest(request) => request.handle = handle,
            Self::Pickup(request) => request.handle = handle,
            Self::PickupCancel(_) => {}
        }
    }

    /// Numbers that go on a manifest.
    fn numbers(&self) -> Vec<TrackingNumber> {
        match self {
            Self::Manifest(request) => {
                request.shipments.iter().flat_map(|entry| entry.tracking.iter().cloned()).collect()
            }
            Self::Pickup(_) | Self::PickupCancel(_) => Vec::new(),
        }
    }
}

/// How an operation ended.
enum End {
    Done { reply: serde_json::Value, documents: Vec<NewDocument> },
    Refused(Error),
    Again(Error),
    Unknown(String),
}

impl Engine {
    /// Closes a manifest. The same idempotency key is the same manifest. The handle of the request is set here.
    pub async fn close_manifest(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
        request: ManifestRequest,
        accounts: Arc<dyn Accounts>,
    ) -> Result<OpView> {
        self.service(tenant, account, key, ServiceOrder::Manifest(Box::new(request)), accounts).await
    }

    /// Arranges a collection. The same idempotency key is the same collection. The handle of the request is set here.
    pub async fn schedule_pickup(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
        request: PickupRequest,
        accounts: Arc<dyn Accounts>,
    ) -> Result<OpView> {
        self.service(tenant, account, key, ServiceOrder::Pickup(Box::new(request)), accounts).await
    }

    /// Cancels a collection.
    pub async fn cancel_pickup(
        &self,
        tenant: &str,
        account: &str,
        key: &str,
        pickup: PickupKey,
        accounts: Arc<dyn Accounts>,
    ) -> Result<OpView> {
        self.service(tenant, account, key, ServiceOrder::PickupCancel(Box::new(pickup)), accounts).await
    }

    /// The files of a manifest.
    pub async fn operation_documents(&self, tenant: &str, id: &str) -> Result<Vec<waybill_core::Document>> {
        self.operation(tenant, id).await?;
        let key = id.to_owned();
        let stored = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.documents(&key).await }))
            .await?;
        stored.iter().map(|document| self.open_document(document, 0)).collect()
    }

    async fn service(
        &self,
        tenant: &str,
        name: &str,
        key: &str,
        mut order: ServiceOrder,
        accounts: Arc<dyn Accounts>,
    ) -> Result<OpView> {
        if let Some(reason) = self.still_stopped().await? {
            return Err(super::EngineError::Quarantined(reason));
        }
        let account = accounts.open(tenant, name).await?;
        // What the caller has in the place of the handle is no part of what is asked.
        order.set_handle(Handle(Uuid::nil()));
        let fingerprint = crate::seal::sha256(format!("{name}\n{}", json(&order)).as_bytes());
        let (id, handle) = (Uuid::now_v7().to_string(), Handle(Uuid::now_v7()));
        order.set_handle(handle);
        let (kind, numbers) = (order.kind(), order.numbers());
        let op = NewOp {
            request_sealed: self.seal_json(Place::new("carrier_op", &id, tenant), &order)?,
            id,
            tenant: tenant.to_owned(),
            kind,
            target: format!("{name}/{key}"),
            account: name.to_owned(),
            account_fingerprint: account.fingerprint.clone(),
            environment: account.environment.clone(),
            handle,
            purpose: "asked".to_owned(),
            grace: ms(self.inner.options.grace),
        };
        let id = self.accept_service(op, numbers, key, fingerprint).await?;
        let (engine, work) = (self.clone(), id.clone());
        self.spawn(async move {
            if let Err(error) = engine.drive_op(&work, &accounts).await {
                tracing::warn!(%error, operation = work, "an operation stopped half-way; the worker goes on with it");
            }
        });
        self.wait_for_op(&id, Instant::now() + Duration::from_secs(90)).await
    }

    async fn accept_service(
        &self,
        op: NewOp,
        numbers: Vec<TrackingNumber>,
        key: &str,
        fingerprint: String,
    ) -> Result<String> {
        let key = key.to_owned();
        self.inner
            .store
            .write(move |mut db| {
                Box::pin(async move {
                    let route = op.kind.as_str();
                    match db.claim_route_key(&op.tenant, route, &key, &fingerprint, &op.id).await? {
                        None => {
                            db.insert_op(&op).await?;
                            match db.put_on_manifest(&op, &numbers).await? {
                                None => Ok(op.id),
                                Some(number) => Err(super::EngineError::OnManifest(number)),
                            }
                        }
                        Some((known, kept)) if kept == fingerprint => Ok(known),
                        Some((group, _)) => Err(super::EngineError::KeyReused { group }),
                    }
                })
            })
            .await
    }

    /// One try of a manifest or pickup.
    pub(super) async fn try_service(&self, op: &OpRow, accounts: &Arc<dyn Accounts>) -> Result<Step> {
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let order: ServiceOrder = self.open_json(place, &op.new.request_sealed)?;
        let account = match self.account_of_op(op, accounts).await {
            Ok(account) => account,
            Err(error) if self.was_begun(op).await? => {
                let why = format!("the account that it was sent on cannot be used: {error}");
                return self.end_service(op, End::Unknown(why)).await;
            }
            Err(error) => return self.end_service(op, End::Refused(error)).await,
        };
        // Claimed before, and that claim's lease ended: it may have been sent.
        let may_be_sent = !matches!(order, ServiceOrder::PickupCancel(_)) && self.was_begun(op).await?;
        let end = match may_be_sent {
            true => {
                let why = "the process that sent it did not come back".to_owned();
                self.stored_end(op, &account, &order, why).await?
            }
            false => self.send_service(op, &account, &order).await?,
        };
        self.end_service(op, end).await
    }

    /// Settles a manifest or pickup with its stored answer, as from a process that was stopped with it in its hands while others
    /// took the operation over.
    #[cfg(test)]
    pub(crate) async fn service_answer_once_more(
        &self,
        id: &str,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<()> {
        let op = self.op_row(id).await?;
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let order: ServiceOrder = self.open_json(place, &op.new.request_sealed)?;
        let account = self.account_of_op(&op, accounts).await?;
        let end = self.stored_end(&op, &account, &order, "no answer is stored".into()).await?;
        self.end_service(&OpRow { epoch: op.epoch - 1, ..op }, end).await.map(drop)
    }

    /// The answer may be stored, and only its reader was lost. `why` is said when it is not.
    async fn stored_end(
        &self,
        op: &OpRow,
        account: &OpenAccount,
        order: &ServiceOrder,
        why: String,
    ) -> Result<End> {
        let Some(answer) = self.stored_answer(&op.new.tenant, &op.new.id).await? else {
            return Ok(End::Unknown(why));
        };
        let seen = Seen::Answered(answer.status().as_u16());
        let stored = super::replay::with_answer(account, answer);
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx = self.cx(&stored, &op.new.account, op.new.kind.as_str(), timeout);
        // The permit opens nothing at the desk: a real transport would refuse it.
        let permit = SpendPermit::issue(PermitId("stored answer".to_owned()));
        match self.call_service(op, &stored, order, (&cx, timeout), permit, || seen).await? {
            // It was not processed when it was answered, and what came afterwards nobody knows.
            End::Again(_) => Ok(End::Unknown(why)),
            end => Ok(end),
        }
    }

    /// Whether an earlier claim may have sent: a note is written before each send and taken back when nothing left.
    async fn was_begun(&self, op: &OpRow) -> Result<bool> {
        let id = op.new.id.clone();
        let evidence = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.evidence(&id).await }))
            .await?;
        let count = |kind: &str| evidence.iter().filter(|seen| seen.kind == kind).count();
        Ok(count("sending") > count("unsent"))
    }

    async fn send_service(&self, op: &OpRow, account: &OpenAccount, order: &ServiceOrder) -> Result<End> {
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx = self.cx(account, &op.new.account, op.new.kind.as_str(), timeout);
        if let ServiceOrder::PickupCancel(key) = order {
            let Some(pickup) = account.carrier.pickup() else { return Ok(unsupported()) };
            return Ok(match asked(pickup.cancel(&cx, key), timeout).await {
                Ok(reply) => self.done(op, &reply, &[])?,
                Err(error) if error.is_retryable() || error.phase == waybill_core::Phase::OutcomeUnknown => {
                    End::Again(error)
                }
                Err(error) => End::Refused(error),
            });
        }
        let since = Desk::stopwatch();
        self.service_note(op, "sending").await?;
        failpoint!(self.inner.options.fail, "service.begun");
        let open = self.inner.desk.issue(&op.new.tenant, &op.new.id, since);
        let permit = open.permit();
        let end = self.call_service(op, account, order, (&cx, timeout), permit, || open.close()).await?;
        failpoint!(self.inner.options.fail, "service.sent");
        match end {
            End::Again(_) => self.service_note(op, "unsent").await?,
            End::Unknown(why) => return self.stored_end(op, account, order, why).await,
            _ => {}
        }
        Ok(end)
    }

    /// Calls the carrier's code and judges what it says by what `seen` says afterwards.
    async fn call_service(
        &self,
        op: &OpRow,
        account: &OpenAccount,
        order: &ServiceOrder,
        (cx, timeout): (&Cx, Duration),
        permit: SpendPermit,
        seen: impl FnOnce() -> Seen,
    ) -> Result<End> {
        match order {
            ServiceOrder::Manifest(request) => {
                let Some(manifest) = account.carrier.manifest() else { return Ok(unsupported()) };
                let told = told(manifest.close(cx, request, permit), timeout).await;
                self.service_end(op, account, seen(), told, |reply: &ManifestReply| reply.documents.clone())
            }
            ServiceOrder::Pickup(request) => {
                let Some(pickup) = account.carrier.pickup() else { return Ok(unsupported()) };
                let told = told(pickup.schedule(cx, request, permit), timeout).await;
                self.service_end(op, account, seen(), told, |_: &PickupReply| Vec::new())
            }
            ServiceOrder::PickupCancel(_) => Ok(unsupported()),
        }
    }

    async fn service_note(&self, op: &OpRow, kind: &str) -> Result<()> {
        let evidence = self.inner.desk.evidence(&op.new.tenant, &op.new.id, kind, None, b"")?;
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.insert_evidence(&evidence).await })
            })
            .await?;
        Ok(())
    }

    fn service_end<T: Success + Serialize>(
        &self,
        op: &OpRow,
        account: &OpenAccount,
        seen: Seen,
        told: Told<T>,
        files: fn(&T) -> Vec<waybill_core::Document>,
    ) -> Result<End> {
        Ok(match judge(seen, told, &account.carrier.profile().purchase) {
            Verdict::Done(reply) => {
                let files = files(&reply);
                self.done(op, &reply, &files)?
            }
            Verdict::Refused(error) => End::Refused(error),
            Verdict::NotSent(error) => End::Again(error),
            Verdict::Unknown(why) => End::Unknown(why),
        })
    }

    fn done<T: Serialize>(&self, op: &OpRow, reply: &T, files: &[waybill_core::Document]) -> Result<End> {
        let mut reply =
            serde_json::to_value(reply).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        if let Some(documents) = reply.get_mut("documents") {
            // The files are stored beside it.
            *documents = serde_json::Value::Array(Vec::new());
        }
        let documents = files
            .iter()
            .map(|file| self.new_document(&op.new.tenant, &op.new.id, file))
            .collect::<Result<Vec<_>>>()?;
        Ok(End::Done { reply, documents })
    }

    async fn end_service(&self, op: &OpRow, end: End) -> Result<Step> {
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let tries = op.checks;
        let (state, wait, reply, documents, told) = match end {
            End::Done { reply, documents } => (OpState::Done, None, Some(reply), documents, None),
            End::Again(error) if tries < self.inner.options.void_tries => {
                let schedule = &self.inner.options.void_again;
                let at = usize::try_from(tries.max(1) - 1).unwrap_or(0);
                let wait = schedule.get(at).or(schedule.last()).copied();
                (OpState::Unknown, wait, serde_json::to_value(&error).ok(), Vec::new(), None)
            }
            End::Again(error) | End::Refused(error) => {
                (OpState::Refused, None, serde_json::to_value(&error).ok(), Vec::new(), None)
            }
            End::Unknown(why) => {
                (OpState::NeedsAttention, None, None, Vec::new(), Some(op_attention(op, &why)))
            }
        };
        let off = off_manifest(op, state, reply.as_ref());
        let sealed = reply.map(|reply| self.seal_json(place, &reply)).transpose()?;
        let (op, wait_ms) = (op.clone(), wait.map(ms));
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let told = told.as_ref().map(json);
                    let settled = db.settle_op(&op, state, wait_ms, sealed.clone(), told).await?
                        || (state == OpState::Done && db.settle_as_done(&op.new.id, sealed).await?);
                    if !settled {
                        return Ok(false);
                    }
                    for document in &documents {
                        db.insert_document(document).await?;
                    }
                    match off {
                        Off::None => {}
                        Off::All => db.take_off_manifest(&op.new.id, None).await?,
                        Off::Some(numbers) => db.take_off_manifest(&op.new.id, Some(&numbers)).await?,
                    }
                    Ok(true)
                })
            })
            .await?;
        Ok(wait.map_or(Step::Stop, Step::Wait))
    }
}

/// Which labels are on no manifest after all.
enum Off {
    None,
    Some(Vec<TrackingNumber>),
    All,
}

fn off_manifest(op: &OpRow, state: OpState, reply: Option<&serde_json::Value>) -> Off {
    match (op.new.kind, state) {
        (OpKind::Manifest, OpState::Refused) => Off::All,
        (OpKind::Manifest, OpState::Done) => {
            let refused = reply.and_then(|reply| reply.get("refused")).cloned().unwrap_or_default();
            let refused: Vec<(TrackingNumber, String)> = serde_json::from_value(refused).unwrap_or_default();
            match refused.is_empty() {
                true => Off::None,
                false => Off::Some(refused.into_iter().map(|(number, _)| number).collect()),
            }
        }
        _ => Off::None,
    }
}

fn unsupported() -> End {
    End::Refused(Error::unsupported("the carrier does not offer this"))
}

pub(super) fn op_attention(op: &OpRow, why: &str) -> Attention {
    Attention {
        reason: format!("nobody knows whether the {} was made: {why}", op.new.kind),
        account: op.new.account.clone(),
        environment: op.new.environment.clone(),
        handle: op.new.handle.short(),
        handle_uuid: op.new.handle.uuid(),
        numbers: Vec::new(),
        sent_at: op.sent_at,
        deadline: None,
        ways: ["adopt", "nothing_bought", "send_again"].map(str::to_owned).to_vec(),
    }
}
