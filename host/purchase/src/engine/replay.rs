//! A stored answer read again by the carrier's code, and the journal brought into the database.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use waybill_core::{
    CallInfo, Cx, Effect, Host, LogLevel, Outgoing, PermitId, Purchase, Response, SpendPermit,
};

use super::desk::answer_from;
use super::send::told;
use super::verdict::{Seen, Told};
use super::{Engine, OpenAccount, Result, ms};
use crate::journal::Record;
use crate::seal::Place;
use crate::store::{AttemptRow, NewEvidence, PurchaseRow, StoreError};

/// A host that answers a request to spend with the stored answer, and passes questions on.
struct StoredHost {
    real: Arc<dyn Host>,
    answer: Response,
}

#[async_trait]
impl Host for StoredHost {
    async fn send(&self, call: &CallInfo, outgoing: Outgoing) -> waybill_core::Result<Response> {
        if outgoing.effect == Effect::Spend {
            let mut copy = http::Response::new(self.answer.body().clone());
            *copy.status_mut() = self.answer.status();
            *copy.headers_mut() = self.answer.headers().clone();
            return Ok(copy);
        }
        self.real.send(call, outgoing).await
    }
    async fn sleep(&self, duration: std::time::Duration) {
        self.real.sleep(duration).await;
    }
    fn now(&self) -> DateTime<Utc> {
        self.real.now()
    }
    fn log(&self, call: &CallInfo, level: LogLevel, message: &str) {
        self.real.log(call, level, message);
    }
}

impl Engine {
    /// What the carrier's code makes of the answer that was stored for an attempt; `None` when none was.
    pub(super) async fn read_stored_answer(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
        kept: &super::KeptOrder,
    ) -> Result<Option<(Seen, Told<Purchase>)>> {
        let id = attempt.id.clone();
        let evidence = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.evidence(&id).await }))
            .await?;
        let Some(answer) = evidence.iter().rev().find(|evidence| evidence.kind == "answer") else {
            return Ok(None);
        };
        let place = Place::new("evidence", &answer.id, &row.tenant);
        let bytes = self.inner.sealer.open(place, &answer.body_sealed)?;
        let (Some(response), Some(label)) = (answer_from(&bytes), account.carrier.label()) else {
            return Ok(None);
        };
        let seen = Seen::Answered(response.status().as_u16());
        let stored = OpenAccount {
            host: Arc::new(StoredHost { real: account.host.clone(), answer: response }),
            ..account.clone()
        };
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx: Cx = self.cx(&stored, &row.account, "buy", timeout);
        let order = kept.order(attempt.handle, attempt.numbers.clone().unwrap_or_default());
        // The permit opens nothing at the desk: a real transport would refuse it.
        let permit = SpendPermit::issue(PermitId("stored answer".to_owned()));
        Ok(Some((seen, told(label.buy(&cx, &order, permit), timeout).await)))
    }

    /// Brings what the journal holds into the database. Returns how much.
    pub(super) async fn replay_journal(&self) -> Result<usize> {
        let waiting = self.inner.journal.waiting();
        let mut done = 0;
        for record in waiting {
            self.replay(record).await?;
            done += 1;
        }
        if done > 0 {
            self.inner.journal.applied(done)?;
            tracing::info!(records = done, "the journal was brought into the database");
        }
        Ok(done)
    }

    async fn replay(&self, record: Record) -> Result<()> {
        match record {
            Record::Unsent { attempt, epoch } => {
                let wait = ms(self.inner.options.grace);
                self.inner
                    .store
                    .write::<_, StoreError, _>(move |mut db| {
                        Box::pin(async move { db.back_to_prepared(&attempt, epoch, wait).await })
                    })
                    .await?;
            }
            record @ Record::Evidence { .. } => {
                let Some(evidence) = record.into_evidence() else { return Ok(()) };
                self.replay_evidence(evidence).await?;
            }
            Record::Epoch { .. } | Record::Sent { .. } => {}
        }
        Ok(())
    }

    async fn replay_evidence(&self, evidence: NewEvidence) -> Result<()> {
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.insert_evidence(&evidence).await })
            })
            .await?;
        Ok(())
    }
}
