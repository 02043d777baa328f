//! The sweep: every attempt that was sent is asked about again, also those that seem done, because a carrier may process a
//! request long after we stopped waiting for it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use waybill_core::{Error, ErrorKind, Phase, Recovery};

use super::resolve::Case;
use super::sale::{Settled, Source};
use super::send::account_is_gone;
use super::verdict::{Success, Verdict, judge};
use super::{Accounts, Engine, KeptOrder, OpenAccount, Result, ms};
use crate::fail::failpoint;
use crate::seal::Place;
use crate::store::{
    AttemptRow, AttemptState, LabelRow, LabelState, PurchaseChange, PurchaseRow, PurchaseState as P,
    StoreError,
};

/// How often the last sweep is tried again.
const LAST_TRIES: i64 = 40;

/// Whether a question was refused for good, for a reason that is not the account's.
fn is_answer(error: &Error) -> bool {
    error.phase == Phase::Answered
        && !error.is_retryable()
        && !matches!(error.kind, ErrorKind::Auth | ErrorKind::Config)
}

impl Engine {
    /// Sweeps attempts that are due. Returns how many.
    pub(super) async fn sweep_due(&self, accounts: &Arc<dyn Accounts>) -> Result<usize> {
        let sweeps = &self.inner.options.sweeps;
        let last = i64::try_from(sweeps.len()).unwrap_or(1).max(1);
        let gap = sweeps.windows(2).map(|two| two[1].saturating_sub(two[0])).next().unwrap_or_default();
        let (at_once, gap) = (self.inner.options.parallel.max(1), ms(gap.max(Duration::from_millis(1))));
        // More than are asked about at once, so that a slow carrier holds up its own sweeps and not those of others.
        let limit = i64::try_from(at_once * 4).unwrap_or(64);
        let waits = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.has_sweeps().await }))
            .await?;
        if !waits {
            return Ok(0);
        }
        let lease = ms(self.inner.options.question_lease());
        let due = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.claim_sweeps(limit, gap, last, lease).await })
            })
            .await?;
        let count = due.len();
        let work = stream::iter(due).for_each_concurrent(at_once, |attempt| async move {
            let is_last = attempt.sweeps >= last;
            let swept = match self.sweep(&attempt, accounts, is_last).await {
                Ok(()) if is_last => self.sweeps_done(&attempt).await,
                // Days of asking later a statement is what shows a late sale.
                Err(error) if attempt.sweeps >= last + LAST_TRIES => {
                    tracing::warn!(%error, attempt = attempt.id, "a sweep is given up");
                    self.sweeps_done(&attempt).await
                }
                swept => swept,
            };
            if let Err(error) = swept {
                tracing::warn!(%error, attempt = attempt.id, "a sweep failed; it is repeated");
                self.sweep_later(&attempt, attempt.sweeps - last).await;
            }
        });
        work.await;
        Ok(count)
    }

    /// Asks about one attempt and voids what nobody wants.
    pub(super) async fn sweep(
        &self,
        attempt: &AttemptRow,
        accounts: &Arc<dyn Accounts>,
        is_last: bool,
    ) -> Result<()> {
        let id = attempt.purchase_id.clone();
        let read = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.purchase(&id).await }));
        let Some(row) = read.await? else { return Ok(()) };
        #[cfg(any(test, feature = "failpoints"))]
        if self.inner.options.is(super::Mutant::SweepLatest) && attempt.n != row.current_attempt {
            return Ok(());
        }
        let account = match self.account_for(attempt, &row.tenant, accounts).await {
            Ok(account) => account,
            Err(error) if account_is_gone(&error) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        self.read_answer_that_came_late(&row, attempt, &account).await?;
        let traits = &account.carrier.profile().purchase;
        // An unknown attempt is asked about on its own schedule. A sale that answered normally is asked about once only, at
        // the end, where a question is a reprint: some carriers count those.
        let answered = attempt.state == AttemptState::Confirmed && attempt.checks == 0;
        let costly = answered && traits.recovers_label && !is_last;
        if !traits.lookup || attempt.state == AttemptState::Unknown || costly {
            return Ok(());
        }
        let kept: KeptOrder =
            self.open_json(Place::new("purchase", &row.id, &row.tenant), &row.order_sealed)?;
        let case = Case { row, attempt: attempt.clone(), account, kept, refusal: None };
        failpoint!(self.inner.options.fail, "sweep.before");
        let recovered = match self.recover(&case).await {
            Ok(recovered) => recovered,
            // The same question brings the same answer: USPS gives a label again three times and no more. What is wrong with
            // the account says nothing about the sale, and may be put right.
            Err(error) if is_answer(&error) => {
                tracing::warn!(%error, attempt = attempt.id, "the carrier does not answer a sweep; it is left out");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if matches!(recovered, Recovery::Voided) && attempt.state == AttemptState::Confirmed {
            self.voided_elsewhere(&case).await?;
        }
        if let Recovery::Found(sales) = recovered {
            for sale in sales.iter().filter(|sale| sale.is_real()) {
                let settled =
                    self.settle_sale(&case.row, &case.attempt, &case.account, sale, Source::Sweep).await?;
                if settled == Settled::Extra {
                    tracing::warn!(
                        purchase = case.row.id,
                        attempt = attempt.n,
                        "the sweep found a late sale"
                    );
                }
            }
        }
        failpoint!(self.inner.options.fail, "sweep.after");
        Ok(())
    }

    /// A sale that was found by asking may lack what only its answer says, a price or a file; and its answer may have been
    /// stored since, by a process that ended before it could read it.
    async fn read_answer_that_came_late(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
    ) -> Result<()> {
        let was_asked_about = attempt.checks > 0;
        if attempt.state != AttemptState::Confirmed || !was_asked_about {
            return Ok(());
        }
        let id = row.id.clone();
        let read =
            self.inner.store.read::<_, StoreError, _>(|mut db| Box::pin(async move { db.labels(&id).await }));
        let labels = read.await?;
        let mut own = labels.iter().filter(|label| label.new.attempt_id == attempt.id);
        let lacks = |label: &LabelRow| {
            label.state == LabelState::Live && (label.new.price.is_none() || label.new.document_id.is_none())
        };
        if !own.any(lacks) {
            return Ok(());
        }
        let kept: KeptOrder =
            self.open_json(Place::new("purchase", &row.id, &row.tenant), &row.order_sealed)?;
        let stored = self.read_stored_answer(row, attempt, account, &kept).await?;
        if let Some((seen, told)) = stored
            && let Verdict::Done(sale) = judge(seen, told, &account.carrier.profile().purchase)
        {
            self.settle_sale(row, attempt, account, &sale, Source::StoredAnswer).await?;
        }
        Ok(())
    }

    /// The carrier says that the labels of a sale are void, and nobody voided them here.
    async fn voided_elsewhere(&self, case: &Case) -> Result<()> {
        let (purchase, attempt) = (case.row.id.clone(), case.attempt.id.clone());
        let written = self.inner.store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                let Some(row) = db.purchase(&purchase).await? else { return Ok(()) };
                let is_bought = matches!(row.state, P::Bought | P::BoughtNoLabel | P::Partial);
                let labels = db.labels(&row.id).await?;
                let live = labels.iter().filter(|label| label.state == LabelState::Live);
                // Other live labels are another attempt's: the purchase stands.
                if !is_bought || live.clone().any(|label| label.new.attempt_id != attempt) {
                    return Ok(());
                }
                let numbers: Vec<String> = live.map(|label| label.new.tracking.clone()).collect();
                db.void_labels(&row.id, &numbers).await?;
                db.set_attempt(&attempt, AttemptState::Voided.as_str()).await?;
                let change = PurchaseChange { state: Some(P::Voided), ..PurchaseChange::default() };
                let payload = serde_json::json!({ "tracking": numbers, "by": "carrier" });
                db.must_change(&row, &change, "purchase.voided", &payload).await
            })
        });
        Ok(written.await?)
    }

    async fn sweeps_done(&self, attempt: &AttemptRow) -> Result<()> {
        let id = attempt.id.clone();
        let done = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| Box::pin(async move { db.sweeps_done(&id).await }));
        Ok(done.await?)
    }

    async fn sweep_later(&self, attempt: &AttemptRow, failed: i64) {
        let schedule = &self.inner.options.ask_again;
        let wait = schedule.get(usize::try_from(failed).unwrap_or(0)).or(schedule.last());
        let wait = ms(wait.copied().unwrap_or(Duration::from_secs(30)));
        let id = attempt.id.clone();
        let again = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| Box::pin(async move { db.sweep_again(&id, wait).await }))
            .await;
        if let Err(error) = again {
            tracing::warn!(%error, attempt = attempt.id, "a sweep could not be put off");
        }
    }
}
