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
use crate::journal::{Journal, Record};
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

/// An account whose carrier answers a request to spend with a stored answer.
pub(super) fn with_answer(account: &OpenAccount, answer: Response) -> OpenAccount {
    OpenAccount { host: Arc::new(StoredHost { real: account.host.clone(), answer }), ..account.clone() }
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
        let (Some(response), Some(label)) =
            (self.stored_answer(&row.tenant, &attempt.id).await?, account.carrier.label())
        else {
            return Ok(None);
        };
        let seen = Seen::Answered(response.status().as_u16());
        let stored = with_answer(account, response);
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx: Cx = self.cx(&stored, &row.account, "buy", timeout);
        let order = kept.order(attempt.handle, attempt.numbers.clone().unwrap_or_default());
        // The permit opens nothing at the desk: a real transport would refuse it.
        let permit = SpendPermit::issue(PermitId("stored answer".to_owned()));
        Ok(Some((seen, told(label.buy(&cx, &order, permit), timeout).await)))
    }

    /// The answer that was stored for an attempt or operation. There may be others before it: of sends that were turned away
    /// unread. A success is the last one whatever the times say, for hosts' clocks differ.
    pub(super) async fn stored_answer(&self, tenant: &str, subject: &str) -> Result<Option<Response>> {
        let id = subject.to_owned();
        let evidence = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.evidence(&id).await }))
            .await?;
        let newest_first = || evidence.iter().rev().filter(|evidence| evidence.kind == "answer");
        let success =
            newest_first().find(|one| one.http_status.is_some_and(|status| (200..300).contains(&status)));
        let Some(answer) = success.or_else(|| newest_first().next()) else { return Ok(None) };
        let place = Place::new("evidence", &answer.id, tenant);
        let bytes = self.inner.sealer.open(place, &answer.body_sealed)?;
        Ok(answer_from(&bytes))
    }

    /// Brings what the journal holds into the database. Returns how much.
    pub(super) async fn replay_journal(&self) -> Result<usize> {
        if self.inner.journal.is_idle() || self.has_foreign_journal() {
            return Ok(0);
        }
        let journal = self.inner.journal.clone();
        self.replay_from(&journal).await
    }

    /// Brings into the database what processes that died have left in their journals. Returns how much.
    pub(super) async fn take_over_orphans(&self) -> Result<usize> {
        let journal = self.inner.journal.clone();
        let orphans = tokio::task::spawn_blocking(move || journal.orphans()).await.unwrap_or_default();
        let ours = |orphan: &Journal| {
            let install = self.inner.install.get();
            orphan.epoch().is_none_or(|seen| Some(&seen.install) == install)
        };
        let mut done = 0;
        for orphan in orphans.iter().filter(|orphan| ours(orphan)) {
            tracing::info!(journal = %orphan.path().display(), "the journal of a process that ended is taken over");
            done += self.replay_from(orphan).await?;
        }
        Ok(done)
    }

    async fn replay_from(&self, journal: &Journal) -> Result<usize> {
        let _one_at_a_time = self.inner.replaying.lock().await;
        let mut done = 0;
        for record in journal.waiting() {
            self.replay(record).await?;
            done += 1;
        }
        if done > 0 {
            journal.applied(done)?;
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
            Record::Epoch(_) | Record::Applied { .. } | Record::Other => {}
        }
        Ok(())
    }

    /// Keeps what a process saw that could not write it down. An answer is read again, also when a person was called meanwhile.
    async fn replay_evidence(&self, evidence: NewEvidence) -> Result<()> {
        let written = self.inner.store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                if db.insert_evidence(&evidence).await? && evidence.kind == "answer" {
                    db.ask_now(&evidence.subject).await?;
                }
                Ok(())
            })
        });
        Ok(written.await?)
    }
}
