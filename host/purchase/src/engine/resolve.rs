//! Finding out what became of an unknown purchase.

use std::sync::Arc;
use std::time::Duration;

use waybill_core::{Error, Purchase, RecoverRequest, Recovery, RepeatGuard};

use super::sale::{Source, attention};
use super::send::{Earlier, Step, account_is_gone, asked, earlier_with_the_number};
use super::verdict::{Seen, Success};
use super::{Accounts, Engine, KeptOrder, OpenAccount, Policy, Result, json, ms};
use crate::fail::failpoint;
use crate::seal::Place;
use crate::store::{AttemptRow, AttemptState, PurchaseChange, PurchaseRow, PurchaseState, StoreError};

/// An attempt that is being asked about, with everything needed for it.
pub(super) struct Case {
    pub(super) row: PurchaseRow,
    pub(super) attempt: AttemptRow,
    pub(super) account: OpenAccount,
    pub(super) kept: KeptOrder,
    /// The carrier's refusal of it, where that may be the echo of an earlier attempt with the same number.
    pub(super) refusal: Option<Error>,
}

impl Engine {
    /// Asks once about an unknown attempt, if nobody else does. One that waits for a person is asked about `at_rest` only.
    pub(super) async fn ask(
        &self,
        attempt: &str,
        accounts: &Arc<dyn Accounts>,
        at_rest: bool,
    ) -> Result<Step> {
        let Some((row, attempt)) = self.claim(attempt, at_rest).await? else { return Ok(Step::Stop) };
        let (before, asked) = (attempt.clone(), self.ask_claimed(row, attempt, accounts).await);
        if asked.is_err() {
            // The claim is given back as far as that is possible; else its lease ends.
            let wait = self.inner.options.ask_again.first().copied().unwrap_or(Duration::from_secs(30));
            let given_back = self.inner.store.write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.ask_later(&before, Some(ms(wait))).await })
            });
            if let Err(error) = given_back.await {
                tracing::warn!(%error, "a question could not be put off; its lease ends by itself");
            }
        }
        asked
    }

    async fn ask_claimed(
        &self,
        row: PurchaseRow,
        attempt: AttemptRow,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<Step> {
        let account = match self.account_for(&attempt, &row.tenant, accounts).await {
            Ok(account) => account,
            Err(error) if account_is_gone(&error) => {
                let reason = format!("the account that it was sent on cannot be asked: {error}");
                return self.needs_attention(&row, &attempt, &reason).await;
            }
            Err(_) => return self.later(&row, &attempt, None).await,
        };
        let kept: KeptOrder =
            self.open_json(Place::new("purchase", &row.id, &row.tenant), &row.order_sealed)?;
        let mut case = Case { row, attempt, account, kept, refusal: None };
        if let Some(step) = self.try_stored_answer(&mut case).await? {
            return Ok(step);
        }
        self.ask_carrier(&case).await
    }

    async fn claim(&self, attempt: &str, at_rest: bool) -> Result<Option<(PurchaseRow, AttemptRow)>> {
        let (id, owner) = (attempt.to_owned(), self.inner.owner.clone());
        let lease = ms(self.inner.options.question_lease());
        let claimed = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let claimed = db.claim_unknown(&id, &owner, lease, at_rest).await?;
                    let Some(attempt) = claimed else { return Ok(None) };
                    Ok(db.purchase(&attempt.purchase_id).await?.map(|row| (row, attempt)))
                })
            })
            .await?;
        Ok(claimed)
    }

    /// The answer may be stored, and only its reader was lost: a crash between D3 and D4 needs no question at all.
    async fn try_stored_answer(&self, case: &mut Case) -> Result<Option<Step>> {
        let Case { row, attempt, account, kept, .. } = &*case;
        let Some((seen, told)) = self.read_stored_answer(row, attempt, account, kept).await? else {
            return Ok(None);
        };
        match super::verdict::judge(seen, told, &account.carrier.profile().purchase) {
            super::verdict::Verdict::Done(sale) => {
                self.settle_sale(row, attempt, account, &sale, Source::StoredAnswer).await?;
                Ok(Some(Step::GoOn))
            }
            super::verdict::Verdict::Refused(error) => {
                let looked = attempt.clone();
                let earlier = self.inner.store.read::<_, StoreError, _>(|mut db| {
                    Box::pin(async move { earlier_with_the_number(&mut db, &looked).await })
                });
                let lookup = account.carrier.profile().purchase.lookup;
                if lookup && earlier.await? == Some(Earlier::Asked) {
                    case.refusal = Some(error);
                    return Ok(None);
                }
                self.refused(row, attempt, error, seen != Seen::Unused, None).await?;
                Ok(Some(Step::Stop))
            }
            _ => Ok(None),
        }
    }

    async fn ask_carrier(&self, case: &Case) -> Result<Step> {
        let Case { row, attempt, account, .. } = case;
        let traits = account.carrier.profile().purchase.clone();
        #[cfg(any(test, feature = "failpoints"))]
        if self.inner.options.is(super::Mutant::NaiveRetry) {
            return self.absent(case).await;
        }
        if !traits.lookup {
            // The same number is the same label, so that sending again is asking.
            let chosen = traits.repeat == RepeatGuard::ChosenNumber
                && attempt.numbers.as_ref().is_some_and(|all| !all.is_empty());
            if chosen && attempt.n < self.policy(row).max_attempts {
                self.keep_note(case, "same_number", "sent again with the same number").await?;
                return self.absent(case).await;
            }
            let reason = "the carrier cannot be asked what became of it";
            return self.needs_attention(row, attempt, reason).await;
        }
        failpoint!(self.inner.options.fail, "lookup.before");
        // Only a question that was asked after the window proves an absence.
        let settled = self.is_settled(case).await?;
        let recovered = self.recover(case).await;
        failpoint!(self.inner.options.fail, "lookup.after");
        match recovered {
            Ok(Recovery::Found(sales)) => self.found(case, sales).await,
            Ok(Recovery::Voided) => self.gone(case, AttemptState::Voided).await,
            Ok(Recovery::Absent) if settled => self.absent(case).await,
            Ok(Recovery::Absent) => self.later(row, attempt, Some(self.window(case))).await,
            Ok(Recovery::Unsupported) => {
                self.needs_attention(row, attempt, "the carrier cannot be asked what became of it").await
            }
            Err(error) => {
                tracing::info!(
                    purchase = row.id,
                    kind = error.kind.as_str(),
                    "a question about a purchase failed"
                );
                self.later(row, attempt, None).await
            }
        }
    }

    /// Asks the carrier by handle or number; what it says is kept as evidence.
    pub(super) async fn recover(&self, case: &Case) -> waybill_core::Result<Recovery> {
        let Case { row, attempt, account, kept, .. } = case;
        let Some(label) = account.carrier.label() else { return Ok(Recovery::Unsupported) };
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let cx = self.cx(account, &row.account, "recover", timeout);
        let sent_at = chrono::DateTime::from_timestamp_millis(attempt.sent_at.unwrap_or(row.created_at));
        let request = RecoverRequest {
            order: kept.order(attempt.handle, attempt.numbers.clone().unwrap_or_default()),
            sent_at: sent_at.unwrap_or_default(),
        };
        let answer = asked(label.recover(&cx, &request), timeout).await?;
        self.keep_note(case, "lookup", &summary(&answer)).await?;
        Ok(answer)
    }

    /// Keeps evidence of ours about an attempt.
    pub(super) async fn keep_note(&self, case: &Case, kind: &str, text: &str) -> waybill_core::Result<()> {
        let internal =
            |error: crate::seal::SealError| Error::new(waybill_core::ErrorKind::Internal, error.to_string());
        let desk = &self.inner.desk;
        let evidence = desk.evidence(&case.row.tenant, &case.attempt.id, kind, None, text.as_bytes());
        desk.keep(evidence.map_err(internal)?).await
    }

    pub(super) fn policy(&self, row: &PurchaseRow) -> Policy {
        serde_json::from_str(&row.policy).unwrap_or_default()
    }

    /// Whether the settle window has passed, on the database's clock.
    async fn is_settled(&self, case: &Case) -> Result<bool> {
        #[cfg(any(test, feature = "failpoints"))]
        if self.inner.options.is(super::Mutant::NoSettle) {
            return Ok(true);
        }
        let now = self.now().await?;
        Ok(now >= case.attempt.sent_at.unwrap_or(case.row.created_at).saturating_add(ms(self.window(case))))
    }

    /// The settle window. It counts from D2, so the time in which the guard still lets a request out is added.
    fn window(&self, case: &Case) -> Duration {
        let settle = self.inner.options.settle(&case.account.carrier.profile().purchase);
        if settle.is_zero() { settle } else { settle + self.inner.options.guard }
    }

    pub(super) async fn now(&self) -> Result<i64> {
        Ok(self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.now().await }))
            .await?)
    }

    async fn found(&self, case: &Case, sales: Vec<Purchase>) -> Result<Step> {
        let Case { row, attempt, account, .. } = case;
        let mut sales: Vec<Purchase> = sales.into_iter().filter(Success::is_real).collect();
        if sales.is_empty() {
            return self.later(row, attempt, None).await;
        }
        // The one with a label to print first: it is kept, the others are voided.
        sales.sort_by_key(|sale| !sale.has_labels());
        failpoint!(self.inner.options.fail, "resolved.before");
        for sale in &sales {
            self.settle_sale(row, attempt, account, sale, Source::Lookup).await?;
        }
        failpoint!(self.inner.options.fail, "resolved.after");
        Ok(Step::GoOn)
    }

    /// Proven absent.
    async fn absent(&self, case: &Case) -> Result<Step> {
        if let Some(error) = &case.refusal {
            // No echo: the carrier has no sale under the number, and the refusal stands.
            self.refused(&case.row, &case.attempt, error.clone(), true, None).await?;
            return Ok(Step::Stop);
        }
        self.gone(case, AttemptState::Absent).await
    }

    /// Nothing live is left of the attempt: a further attempt, or an end.
    pub(super) async fn gone(&self, case: &Case, state: AttemptState) -> Result<Step> {
        let Case { row, attempt, account, .. } = case;
        failpoint!(self.inner.options.fail, "resolved.before");
        let policy = self.policy(row);
        let numbers = attempt.numbers.as_ref().map(json);
        let next = self.new_attempt(&row.id, attempt.n + 1, &row.account, account, numbers);
        let (purchase, before, again) = (row.id.clone(), attempt.clone(), attempt.n < policy.max_attempts);
        let word = state.as_str();
        let moved = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    if !db.move_attempt(&before.id, before.epoch, "unknown", word).await? {
                        return Ok(false);
                    }
                    let Some(row) = db.purchase(&purchase).await? else { return Ok(false) };
                    if row.current_attempt != before.n || row.state.is_final() {
                        return Ok(false);
                    }
                    let (state, event) = match again && db.insert_attempt(&next).await? {
                        true => (PurchaseState::Accepted, "purchase.new_attempt"),
                        false => (PurchaseState::Failed, "purchase.failed"),
                    };
                    let change = PurchaseChange {
                        state: Some(state),
                        current_attempt: again.then_some(next.n),
                        failure: (!again).then(|| json(&given_up(word))),
                        attention: Some(None),
                        ..PurchaseChange::default()
                    };
                    db.must_change(
                        &row,
                        &change,
                        event,
                        &serde_json::json!({ "attempt": before.n, "was": word }),
                    )
                    .await?;
                    Ok(again)
                })
            })
            .await?;
        failpoint!(self.inner.options.fail, "resolved.after");
        Ok(if moved { Step::GoOn } else { Step::Stop })
    }

    /// Asks again later, or ends in attention when the deadline comes first. `first` is the end of the settle window.
    pub(super) async fn later(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        first: Option<Duration>,
    ) -> Result<Step> {
        let now = self.now().await?;
        let sent = attempt.sent_at.unwrap_or(row.created_at);
        let deadline =
            row.resolve_deadline.unwrap_or(sent.saturating_add(ms(self.inner.options.resolve_for)));
        if now >= deadline {
            return self
                .needs_attention(row, attempt, "nothing could be found out before the deadline")
                .await;
        }
        let schedule = &self.inner.options.ask_again;
        let at = usize::try_from(attempt.checks.max(1) - 1).unwrap_or(0);
        let regular = schedule.get(at).or(schedule.last()).copied().unwrap_or(Duration::from_secs(60));
        let until_settled = first
            .map(|settle| Duration::from_millis(u64::try_from(sent + ms(settle) - now).unwrap_or(0)))
            .filter(|left| !left.is_zero());
        let wait = until_settled
            .unwrap_or(regular)
            .min(Duration::from_millis(u64::try_from(deadline - now).unwrap_or(0)));
        let (before, wait_ms) = (attempt.clone(), ms(wait));
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.ask_later(&before, Some(wait_ms)).await })
            })
            .await?;
        Ok(Step::Wait(wait))
    }

    /// Only a person can decide; nothing is asked any more, and the business key stays locked.
    pub(super) async fn needs_attention(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        reason: &str,
    ) -> Result<Step> {
        let told = attention(row, attempt, reason, &["adopt", "nothing_bought", "void"]);
        let (purchase, before, reason) = (row.id.clone(), attempt.clone(), reason.to_owned());
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    if !db.ask_later(&before, None).await? {
                        return Ok(());
                    }
                    let Some(row) = db.purchase(&purchase).await? else { return Ok(()) };
                    let change = PurchaseChange {
                        state: Some(PurchaseState::NeedsAttention),
                        attention: Some(Some(json(&told))),
                        ..PurchaseChange::default()
                    };
                    let payload = serde_json::json!({ "reason": reason });
                    db.must_change(&row, &change, "purchase.needs_attention", &payload).await
                })
            })
            .await?;
        Ok(Step::Stop)
    }
}

fn given_up(state: &str) -> super::Failure {
    let message = match state {
        "voided" => "the label was sold and is void at the carrier",
        _ => "the carrier has no sale for it, and no further attempt is allowed",
    };
    super::Failure { error: Error::new(waybill_core::ErrorKind::Unavailable, message), sent: true }
}

/// What a lookup said, for the evidence; numbers only.
fn summary(answer: &Recovery) -> String {
    match answer {
        Recovery::Found(sales) => {
            let numbers: Vec<_> = sales
                .iter()
                .flat_map(|sale| sale.pieces.iter().map(|piece| piece.tracking.to_string()))
                .collect();
            serde_json::json!({ "recovery": "found", "tracking": numbers }).to_string()
        }
        Recovery::Voided => r#"{"recovery":"voided"}"#.to_owned(),
        Recovery::Absent => r#"{"recovery":"absent"}"#.to_owned(),
        Recovery::Unsupported => r#"{"recovery":"unsupported"}"#.to_owned(),
    }
}
