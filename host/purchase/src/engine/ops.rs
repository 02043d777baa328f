//! Voids: the same machine as a purchase, because they move money too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_core::{Error, ErrorKind, Phase, VoidOutcome};

use super::sale::{VoidOrder, attention, printable_state};
use super::send::{Step, asked};
use super::{Accounts, Engine, EngineError, OpView, OpenAccount, Result, VoidRequest, json, ms};
use crate::fail::failpoint;
use crate::seal::Place;
use crate::store::{
    Db, LabelState, OpKind, OpRow, OpState, PurchaseChange, PurchaseRow, PurchaseState, StoreError,
};

impl Engine {
    /// Voids a purchase. Asking again answers with the same void.
    ///
    /// # Errors
    /// `WrongState` for a purchase that is not bought, with what it is instead.
    pub async fn void(&self, request: VoidRequest, accounts: Arc<dyn Accounts>) -> Result<OpView> {
        let op = self.begin_void(&request.tenant, &request.purchase, "asked").await?;
        let (engine, id) = (self.clone(), op.clone());
        self.spawn(async move {
            if let Err(error) = engine.drive_op(&id, &accounts).await {
                tracing::warn!(%error, operation = id, "a void stopped half-way; the worker goes on with it");
            }
        });
        self.wait_for_op(&op, Instant::now() + request.wait).await
    }

    /// Writes the wish to void down. The operation, a new one or the one that is open.
    pub(super) async fn begin_void(&self, tenant: &str, purchase: &str, purpose: &str) -> Result<String> {
        let (row, labels) = self.purchase_rows(tenant, purchase).await?;
        let live: Vec<_> = labels
            .iter()
            .filter(|label| label.state == LabelState::Live)
            .map(|label| label.new.clone())
            .collect();
        let id = row.id.clone();
        let (attempts, ops) = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move { Ok((db.attempts(&id).await?, db.ops_of(&id).await?)) })
            })
            .await?;
        let existing =
            ops.iter().rev().find(|op| op.new.kind == OpKind::Void && op.state != OpState::Refused);
        if let Some(op) =
            existing.filter(|_| matches!(row.state, PurchaseState::Voiding | PurchaseState::Voided))
        {
            return Ok(op.new.id.clone());
        }
        let voidable = matches!(
            row.state,
            PurchaseState::Bought
                | PurchaseState::BoughtNoLabel
                | PurchaseState::Partial
                | PurchaseState::NeedsAttention
        );
        let bought_by = live.first().map(|label| label.attempt_id.clone());
        // Without a label the handle may still do: some carriers void by it.
        let unknown = live.is_empty() && row.state == PurchaseState::NeedsAttention;
        let attempt = attempts.iter().find(|attempt| {
            Some(&attempt.id) == bought_by.as_ref() || (unknown && attempt.n == row.current_attempt)
        });
        let purpose = if unknown { "unknown" } else { purpose };
        let (true, Some(attempt)) = (voidable, attempt) else {
            let words = format!("purchase `{purchase}` is {} and has nothing to void", row.state);
            return Err(EngineError::WrongState(words));
        };
        let op = self.void_op(&row, attempt, &live, purpose)?;
        self.write_void(row, op).await
    }

    async fn write_void(&self, row: PurchaseRow, op: crate::store::NewOp) -> Result<String> {
        let id = op.id.clone();
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    if !db.insert_op(&op).await? {
                        return Err(StoreError::Down("the purchase is being voided by somebody else".into()));
                    }
                    let change =
                        PurchaseChange { state: Some(PurchaseState::Voiding), ..PurchaseChange::default() };
                    db.must_change(
                        &row,
                        &change,
                        "purchase.voiding",
                        &serde_json::json!({ "operation": op.id }),
                    )
                    .await
                })
            })
            .await?;
        Ok(id)
    }

    pub(super) async fn wait_for_op(&self, id: &str, until: Instant) -> Result<OpView> {
        loop {
            let op = self.op_row(id).await?;
            let open = matches!(op.state, OpState::Prepared | OpState::Sending | OpState::Unknown);
            if !open || Instant::now() >= until {
                return Ok(self.op_view(&op));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(super) async fn op_row(&self, id: &str) -> Result<OpRow> {
        let key = id.to_owned();
        let read =
            self.inner.store.read::<_, StoreError, _>(|mut db| Box::pin(async move { db.op(&key).await }));
        read.await?.ok_or_else(|| EngineError::NotFound(format!("operation `{id}`")))
    }

    /// An operation of a tenant.
    pub async fn operation(&self, tenant: &str, id: &str) -> Result<OpView> {
        let op = self.op_row(id).await?;
        if op.new.tenant != tenant {
            return Err(EngineError::NotFound(format!("operation `{id}`")));
        }
        Ok(self.op_view(&op))
    }

    /// Takes an operation as far as it goes now.
    pub(super) async fn drive_op(&self, id: &str, accounts: &Arc<dyn Accounts>) -> Result<()> {
        loop {
            if self.is_closing() {
                return Ok(());
            }
            match self.try_op(id, accounts).await? {
                Step::Wait(time) if time <= Duration::from_secs(2) => tokio::time::sleep(time).await,
                Step::GoOn => {}
                Step::Wait(_) | Step::Stop => return Ok(()),
            }
        }
    }

    async fn try_op(&self, id: &str, accounts: &Arc<dyn Accounts>) -> Result<Step> {
        failpoint!(self.inner.options.fail, "op.before");
        let (key, owner) = (id.to_owned(), self.inner.owner.clone());
        let lease = ms(self.inner.options.question_lease());
        let claimed = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.claim_op(&key, &owner, lease).await })
            })
            .await?;
        let Some(op) = claimed else { return Ok(Step::Stop) };
        let step = match op.new.kind {
            OpKind::Void => self.try_void(&op, accounts).await,
            _ => self.try_service(&op, accounts).await,
        };
        failpoint!(self.inner.options.fail, "op.after");
        step
    }

    pub(super) async fn account_of_op(
        &self,
        op: &OpRow,
        accounts: &Arc<dyn Accounts>,
    ) -> waybill_core::Result<OpenAccount> {
        let account = accounts.open(&op.new.tenant, &op.new.account).await?;
        if account.fingerprint != op.new.account_fingerprint || account.environment != op.new.environment {
            return Err(Error::new(
                ErrorKind::Config,
                "the account points somewhere else since it was bought",
            ));
        }
        Ok(account)
    }

    async fn try_void(&self, op: &OpRow, accounts: &Arc<dyn Accounts>) -> Result<Step> {
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let order: VoidOrder = self.open_json(place, &op.new.request_sealed)?;
        let account = match self.account_of_op(op, accounts).await {
            Ok(account) => account,
            Err(error) => return self.void_failed(op, &order, error).await,
        };
        let Some(label) = account.carrier.label() else {
            return self.void_failed(op, &order, Error::unsupported("the account sells no labels")).await;
        };
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx = self.cx(&account, &op.new.account, "void", timeout);
        let answer = asked(label.void(&cx, &order.key), timeout).await;
        failpoint!(self.inner.options.fail, "op.sent");
        match answer {
            Ok(outcome) => self.void_answered(op, &order, &outcome).await,
            Err(error) => self.void_failed(op, &order, error).await,
        }
    }

    async fn void_answered(&self, op: &OpRow, order: &VoidOrder, outcome: &VoidOutcome) -> Result<Step> {
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let reply = self.seal_json(place, outcome)?;
        let voided: Vec<String> = match outcome {
            VoidOutcome::Voided | VoidOutcome::RefundPending { .. } | VoidOutcome::NotNeeded { .. } => {
                order.numbers.clone()
            }
            VoidOutcome::Partial { voided, .. } => voided.iter().map(ToString::to_string).collect(),
            VoidOutcome::TooLate { .. } | VoidOutcome::NotOffered { .. } => Vec::new(),
        };
        let why = match outcome {
            VoidOutcome::TooLate { reason } => Some(format!("too late: {reason}")),
            VoidOutcome::NotOffered { reason } => Some(format!("not offered: {reason}")),
            VoidOutcome::Partial { refused, .. } => {
                Some(format!("{} of the labels were refused", refused.len()))
            }
            _ => None,
        };
        self.settle_void(op, order, voided, why, Some(reply), false).await?;
        Ok(Step::Stop)
    }

    /// Settles a void as from a process that was stopped with the carrier's "void" in its hands, while others took it over.
    #[cfg(test)]
    pub(crate) async fn void_answer_once_more(&self, id: &str) -> Result<()> {
        let op = self.op_row(id).await?;
        let place = Place::new("carrier_op", &op.new.id, &op.new.tenant);
        let order: VoidOrder = self.open_json(place, &op.new.request_sealed)?;
        let stale = OpRow { epoch: op.epoch - 1, ..op };
        self.void_answered(&stale, &order, &VoidOutcome::Voided).await.map(drop)
    }

    /// An error is tried again: a void that was done already answers as done. What the carrier refuses for good, or too
    /// many tries, ends it.
    async fn void_failed(&self, op: &OpRow, order: &VoidOrder, error: Error) -> Result<Step> {
        let hopeless = !error.is_retryable() && error.phase != Phase::OutcomeUnknown;
        let reply = self.seal_json(Place::new("carrier_op", &op.new.id, &op.new.tenant), &error)?;
        if hopeless || op.checks >= self.inner.options.void_tries {
            // An earlier try may have been carried out, and this refusal may be its echo: then only a person can tell.
            let doubtful = op.checks > 1;
            self.settle_void(op, order, Vec::new(), Some(error.to_string()), Some(reply), doubtful).await?;
            return Ok(Step::Stop);
        }
        let schedule = &self.inner.options.void_again;
        let at = usize::try_from(op.checks.max(1) - 1).unwrap_or(0);
        let wait = schedule.get(at).or(schedule.last()).copied().unwrap_or(Duration::from_secs(60));
        let op = op.clone();
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    db.settle_op(&op, OpState::Unknown, Some(ms(wait)), Some(reply), None).await
                })
            })
            .await?;
        Ok(Step::Wait(wait))
    }

    async fn settle_void(
        &self,
        op: &OpRow,
        order: &VoidOrder,
        voided: Vec<String>,
        why: Option<String>,
        reply: Option<Vec<u8>>,
        doubtful: bool,
    ) -> Result<()> {
        let next = self.attempt_after_void(op, order).await?;
        let (op, order) = (op.clone(), order.clone());
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let done = Done {
                        op: &op,
                        order: &order,
                        voided: &voided,
                        why: why.as_deref(),
                        doubtful,
                        next: next.as_ref(),
                    };
                    done.write(&mut db, reply).await
                })
            })
            .await?;
        Ok(())
    }

    /// For a sale whose label was lost: what to buy instead, once it is void.
    async fn attempt_after_void(
        &self,
        op: &OpRow,
        order: &VoidOrder,
    ) -> Result<Option<crate::store::NewAttempt>> {
        if op.new.purpose != "no_label" {
            return Ok(None);
        }
        let id = order.purchase.clone();
        let read = self.inner.store.read::<_, StoreError, _>(|mut db| {
            Box::pin(async move { Ok((db.purchase(&id).await?, db.attempts(&id).await?)) })
        });
        let (Some(row), attempts) = read.await? else { return Ok(None) };
        // A later attempt than the one that is voided may be there, taken back before it was sent.
        let sent = attempts.iter().filter(|attempt| attempt.sends > 0).count();
        if i64::try_from(sent).unwrap_or(i64::MAX) >= self.policy(&row).max_attempts {
            return Ok(None);
        }
        let newest = attempts.iter().map(|attempt| attempt.n).max().unwrap_or(row.current_attempt);
        Ok(Some(crate::store::NewAttempt {
            id: uuid::Uuid::now_v7().to_string(),
            purchase_id: row.id.clone(),
            n: newest + 1,
            handle: waybill_core::Handle(uuid::Uuid::now_v7()),
            account: op.new.account.clone(),
            account_fingerprint: op.new.account_fingerprint.clone(),
            environment: op.new.environment.clone(),
            numbers: None,
            grace: 0,
        }))
    }
}

/// A void that has an answer.
struct Done<'a> {
    op: &'a OpRow,
    order: &'a VoidOrder,
    voided: &'a [String],
    /// Why something is not void.
    why: Option<&'a str>,
    /// It may be void all the same.
    doubtful: bool,
    next: Option<&'a crate::store::NewAttempt>,
}

impl Done<'_> {
    async fn write(&self, db: &mut Db<'_>, reply: Option<Vec<u8>>) -> Result<(), StoreError> {
        db.void_labels(&self.order.purchase, self.voided).await?;
        let Some(row) = db.purchase(&self.order.purchase).await? else { return Ok(()) };
        let asked = self.op.new.purpose == "asked";
        let told = match self.why {
            Some(why) if !asked || !self.voided.is_empty() || self.doubtful => {
                let attempt = db.attempt_by_id(&self.order.attempt).await?;
                let word = if self.doubtful { "may or may not be" } else { "is not" };
                let reason = format!("a label that should be void {word}: {why}");
                attempt.map(|attempt| json(&attention(&row, &attempt, &reason, &["void", "keep"])))
            }
            _ => None,
        };
        let state = match (self.why, &told) {
            (None, _) => OpState::Done,
            (Some(_), Some(_)) => OpState::NeedsAttention,
            (Some(_), None) => OpState::Refused,
        };
        // "Void" is certain also when others took the operation over: whoever asks once more hears only that there is nothing
        // to void.
        let settled = db.settle_op(self.op, state, None, reply.clone(), told.clone()).await?
            || (self.why.is_none() && db.settle_as_done(&self.op.new.id, reply).await?);
        if !settled {
            return Ok(());
        }
        self.change_purchase(db, &row, told).await
    }

    async fn change_purchase(
        &self,
        db: &mut Db<'_>,
        row: &PurchaseRow,
        told: Option<String>,
    ) -> Result<(), StoreError> {
        let payload = serde_json::json!({
            "operation": self.op.new.id, "purpose": self.op.new.purpose, "voided": self.voided, "why": self.why,
        });
        let (state, event, current) = match (self.op.new.purpose.as_str(), self.why) {
            ("extra", None) => (None, "purchase.extra_voided", None),
            ("extra", Some(_)) => (None, "purchase.extra_not_voided", None),
            // A person who decided meanwhile decided about money too: then it is void, and nothing is bought by itself.
            ("no_label", None)
                if matches!(row.state, PurchaseState::Voiding | PurchaseState::NeedsAttention) =>
            {
                self.buy_again(db).await?
            }
            ("unknown", None) => {
                db.set_attempt(&self.order.attempt, "voided").await?;
                (Some(PurchaseState::Voided), "purchase.voided", None)
            }
            (_, None) => (Some(PurchaseState::Voided), "purchase.voided", None),
            ("asked", Some(_)) if told.is_none() => {
                // What it was before somebody asked to void it.
                (Some(printable_state(db, row).await?), "purchase.void_refused", None)
            }
            (_, Some(_)) => (Some(PurchaseState::NeedsAttention), "purchase.void_failed", None),
        };
        let failure = (state == Some(PurchaseState::Failed)).then(|| {
            let error = Error::new(
                ErrorKind::Unavailable,
                "the label was lost and voided, and no further attempt is allowed",
            );
            json(&super::Failure { error, sent: true })
        });
        let keeps = state.is_none() && told.is_none();
        let change = PurchaseChange {
            state,
            current_attempt: current,
            failure,
            attention: if keeps { None } else { Some(told) },
            ..PurchaseChange::default()
        };
        db.must_change(row, &change, event, &payload).await
    }

    /// The sale without a label is void: the next attempt, or the end.
    async fn buy_again(
        &self,
        db: &mut Db<'_>,
    ) -> Result<(Option<PurchaseState>, &'static str, Option<i64>), StoreError> {
        db.set_attempt(&self.order.attempt, "voided").await?;
        Ok(match self.next {
            Some(next) if db.insert_attempt(next).await? => {
                (Some(PurchaseState::Accepted), "purchase.new_attempt", Some(next.n))
            }
            _ => (Some(PurchaseState::Failed), "purchase.failed", None),
        })
    }
}
