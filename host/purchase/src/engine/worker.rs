//! The worker: leases that ended, attempts that wait, voids, sweeps, the journal.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::send::Asking;
use super::{Accounts, Engine, Result, TickReport, locked};
use crate::store::{AttemptRow, StoreError};

impl Engine {
    /// Works until it is aborted or the engine is closed. One per process is enough; several processes share the work.
    pub fn run(&self, accounts: Arc<dyn Accounts>) -> tokio::task::JoinHandle<()> {
        let engine = self.clone();
        tokio::spawn(async move {
            // Each kind of work has rounds of its own: a purchase whose carrier is slow holds up no void and no sweep.
            futures_util::future::join4(
                engine.rounds(|| engine.keep_house(&accounts)),
                engine.rounds(|| engine.drive_due(&accounts)),
                engine.rounds(|| engine.drive_ops(&accounts)),
                engine.rounds(|| engine.sweep_due(&accounts)),
            )
            .await;
        })
    }

    async fn rounds<W: Future<Output = Result<usize>>>(&self, work: impl Fn() -> W) {
        while !self.is_closing() {
            let pause = match work().await {
                Ok(0) => self.inner.options.idle,
                Ok(_) => Duration::from_millis(5),
                Err(error) => {
                    tracing::warn!(%error, "a round of work failed");
                    self.inner.options.idle
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One round of all work, one kind after the other.
    pub async fn tick(&self, accounts: &Arc<dyn Accounts>) -> Result<TickReport> {
        let mut replayed = self.replay_journal().await?;
        let expired = self.expire_leases(accounts).await?;
        let driven = self.drive_due(accounts).await?;
        let operations = self.drive_ops(accounts).await?;
        let swept = self.sweep_due(accounts).await?;
        replayed += self.each_minute(accounts).await?;
        Ok(TickReport { expired, driven, operations, swept, replayed })
    }

    async fn keep_house(&self, accounts: &Arc<dyn Accounts>) -> Result<usize> {
        let replayed = self.replay_journal().await?;
        let expired = self.expire_leases(accounts).await?;
        Ok(replayed + expired + self.each_minute(accounts).await?)
    }

    async fn each_minute(&self, accounts: &Arc<dyn Accounts>) -> Result<usize> {
        if !self.is_a_new_minute() {
            return Ok(0);
        }
        self.enforce_left_over(accounts).await?;
        self.take_over_orphans().await
    }

    fn is_a_new_minute(&self) -> bool {
        let mut last = locked(&self.inner.minute);
        let due = last.is_none_or(|at| at.elapsed() >= Duration::from_secs(60));
        if due {
            *last = Some(Instant::now());
        }
        due
    }

    fn batch(&self) -> i64 {
        i64::try_from(self.inner.options.parallel).unwrap_or(16).max(1)
    }

    /// Sends whose lease ended become unknown: whoever sent them is gone or late.
    async fn expire_leases(&self, accounts: &Arc<dyn Accounts>) -> Result<usize> {
        let limit = self.batch() * 4;
        let expired: Vec<AttemptRow> = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.expired_sends(limit).await }))
            .await?;
        for attempt in &expired {
            // An account that cannot be opened does not say how long its carrier may take.
            let anybody = Asking { wait: Duration::from_secs(120), ask_for: self.inner.options.resolve_for };
            let asking = self.asking_of(attempt, accounts).await?.unwrap_or(anybody);
            let why = "the process that sent it did not come back in time";
            self.write_unknown(&attempt.purchase_id, attempt, asking, why).await?;
        }
        Ok(expired.len())
    }

    async fn asking_of(&self, attempt: &AttemptRow, accounts: &Arc<dyn Accounts>) -> Result<Option<Asking>> {
        let id = attempt.purchase_id.clone();
        let read = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.purchase(&id).await }));
        let Some(row) = read.await? else { return Ok(None) };
        let Ok(account) = accounts.open(&row.tenant, &row.account).await else { return Ok(None) };
        Ok(Some(self.inner.options.asking(&account.carrier.profile().purchase)))
    }

    async fn drive_due(&self, accounts: &Arc<dyn Accounts>) -> Result<usize> {
        let (limit, may_send) = (self.batch(), self.still_stopped().await?.is_none());
        let due = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| {
                Box::pin(async move { db.due_attempts(limit, may_send).await })
            })
            .await?;
        let purchases: BTreeMap<String, ()> =
            due.into_iter().map(|attempt| (attempt.purchase_id, ())).collect();
        let count = purchases.len();
        let work = purchases.into_keys().map(|purchase| async move {
            if let Err(error) = self.drive(&purchase, accounts).await {
                tracing::warn!(%error, purchase, "a purchase stopped half-way; it is taken up again");
            }
        });
        self.together(work).await;
        Ok(count)
    }

    async fn drive_ops(&self, accounts: &Arc<dyn Accounts>) -> Result<usize> {
        let limit = self.batch();
        let due = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.due_ops(limit).await }))
            .await?;
        let count = due.len();
        let work = due.into_iter().map(|op| async move {
            if let Err(error) = self.drive_op(&op.new.id, accounts).await {
                tracing::warn!(%error, operation = op.new.id, "an operation stopped half-way; it is taken up again");
            }
        });
        self.together(work).await;
        Ok(count)
    }

    async fn together(&self, work: impl Iterator<Item = impl Future<Output = ()>>) {
        futures_util::future::join_all(work).await;
    }
}
