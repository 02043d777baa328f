//! One send: D2, the guard, the carrier's code, D3, and what follows from the verdict.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use waybill_core::{
    AllocateRequest, Error, ErrorKind, Label, LabelOrder, Phase, Purchase, RepeatGuard, SpendPermit,
};

use super::desk::Desk;
use super::sale::{Settled, Source, attention};
use super::verdict::{Seen, Told, Verdict, judge};
use super::{Accounts, Engine, Failure, KeptOrder, OpenAccount, Result, json, ms};
use crate::fail::failpoint;
use crate::journal::{Note, Record, Sent, SentNote};
use crate::seal::Place;
use crate::store::{AttemptRow, Db, PurchaseChange, PurchaseRow, PurchaseState, StoreError};

/// What to do with a purchase next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Look again at once.
    GoOn,
    /// Look again after a time.
    Wait(Duration),
    /// Nothing to do now.
    Stop,
}

impl Engine {
    /// Sends a prepared attempt, if nobody else is faster.
    pub(super) async fn send(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<Step> {
        let account = match self.account_for(attempt, &row.tenant, accounts).await {
            Ok(account) => account,
            Err(error) => return self.not_sent(row, attempt, error, None).await,
        };
        let Some(label) = account.carrier.label() else {
            return self
                .not_sent(row, attempt, Error::unsupported("the account sells no labels"), None)
                .await;
        };
        let kept: KeptOrder =
            self.open_json(Place::new("purchase", &row.id, &row.tenant), &row.order_sealed)?;
        let attempt = match self.with_numbers(row, attempt, &account, label, &kept).await {
            Ok(Some(attempt)) => attempt,
            Ok(None) => return Ok(Step::GoOn),
            Err(error) => return self.not_sent(row, attempt, error, None).await,
        };
        let order = kept.order(attempt.handle, attempt.numbers.clone().unwrap_or_default());
        let Some((sending, since)) = self.begin(row, &attempt, &account).await? else {
            return Ok(Step::Stop);
        };
        let open = self.inner.desk.issue(&row.tenant, &sending.id, since);
        let timeout = self.inner.options.timeout(&account.carrier.profile().purchase);
        let told = self.call_buy(&account, &row.account, &order, open.permit(), timeout).await;
        let seen = open.close();
        failpoint!(self.inner.options.fail, "verdict.before");
        self.conclude(row, &sending, &account, seen, told).await
    }

    /// The account that the attempt was made for, or why it cannot be used.
    pub(super) async fn account_for(
        &self,
        attempt: &AttemptRow,
        tenant: &str,
        accounts: &Arc<dyn Accounts>,
    ) -> waybill_core::Result<OpenAccount> {
        let account = accounts.open(tenant, &attempt.account).await?;
        if account.fingerprint != attempt.account_fingerprint || account.environment != attempt.environment {
            let message = format!(
                "the account `{}` points somewhere else since the purchase was begun",
                attempt.account
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(account)
    }

    /// Numbers first, where the shipper chooses them: drawn, kept, then used.
    async fn with_numbers(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
        label: &dyn Label,
        kept: &KeptOrder,
    ) -> waybill_core::Result<Option<AttemptRow>> {
        let profile = account.carrier.profile();
        if profile.purchase.repeat != RepeatGuard::ChosenNumber || attempt.numbers.is_some() {
            return Ok(Some(attempt.clone()));
        }
        let internal = |error: StoreError| {
            Error::new(ErrorKind::Internal, error.to_string()).with_retry(waybill_core::Retry::Safe)
        };
        let name = format!("numbers/{}/{}", profile.id, attempt.account_fingerprint);
        let count = i64::try_from(kept.shipment.parcels.len()).unwrap_or(1);
        let first = self
            .inner
            .store
            .write(move |mut db| Box::pin(async move { db.take_sequence(&name, count).await }))
            .await
            .map_err(internal)?;
        let order = kept.order(attempt.handle, Vec::new());
        let timeout = self.inner.options.timeout(&profile.purchase);
        let cx = self.cx(account, &row.account, "allocate", timeout);
        let request = AllocateRequest { order, sequence: u64::try_from(first).unwrap_or_default() };
        let work = AssertUnwindSafe(label.allocate(&cx, &request)).catch_unwind();
        let numbers = match tokio::time::timeout(timeout, work).await {
            Ok(Ok(allocation)) => allocation?.numbers,
            Ok(Err(_)) => {
                return Err(Error::new(
                    ErrorKind::Panicked,
                    "the carrier's code panicked while it drew numbers",
                ));
            }
            Err(_) => {
                let error = Error::new(ErrorKind::Unavailable, "the carrier gave no numbers in time");
                return Err(error.with_retry(waybill_core::Retry::Safe));
            }
        };
        let (before, drawn) = (attempt.clone(), numbers.clone());
        let kept = self
            .inner
            .store
            .write(move |mut db| Box::pin(async move { db.keep_numbers(&before, &drawn).await }))
            .await
            .map_err(internal)?;
        #[cfg(any(test, feature = "failpoints"))]
        self.inner.options.fail.hit("allocate.after").await.map_err(internal)?;
        Ok(kept.then(|| AttemptRow { numbers: Some(numbers), ..attempt.clone() }))
    }

    /// D2. `None` when somebody else was faster, or the answer to the commit was lost (then nothing is sent).
    async fn begin(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
    ) -> Result<Option<(AttemptRow, super::desk::Stopwatch)>> {
        self.keep_epoch().await?;
        if self.quarantine().is_some() {
            return Ok(None);
        }
        failpoint!(self.inner.options.fail, "d2.before");
        let options = &self.inner.options;
        let lease = ms(options.lease(&account.carrier.profile().purchase));
        let sweep = options.sweeps.first().map_or(i64::MAX / 4, |first| ms(*first));
        let since = Desk::stopwatch();
        let (before, owner, claim) = (attempt.clone(), self.inner.owner.clone(), claim());
        let begun = self
            .inner
            .store
            .write_one::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.begin_sending(&before, claim, &owner, lease, sweep).await })
            })
            .await;
        #[cfg(any(test, feature = "failpoints"))]
        let begun = match self.inner.options.fail.loses_commit("d2.commit").await {
            Ok(()) => begun,
            Err(lost) => begun.and(Err(lost)),
        };
        let sending = match begun {
            Err(StoreError::CommitUnknown(why)) => {
                // It may stand at "sending". Nothing was sent, certainly, and that is written down.
                self.write_unsent(&attempt.id, claim, 0).await;
                return Err(StoreError::CommitUnknown(why).into());
            }
            other => other?,
        };
        let Some(sending) = sending else { return Ok(None) };
        let note = SentNote {
            attempt: sending.id.clone(),
            purchase: row.id.clone(),
            tenant: row.tenant.clone(),
            account: row.account.clone(),
            handle: sending.handle.short(),
            at: sending.sent_at.unwrap_or_default(),
        };
        self.note(&Note::Sent(Sent { note, n: sending.n, numbers: sending.numbers.clone() }));
        failpoint!(self.inner.options.fail, "d2.after");
        Ok(Some((sending, since)))
    }

    async fn call_buy(
        &self,
        account: &OpenAccount,
        name: &str,
        order: &LabelOrder,
        permit: SpendPermit,
        timeout: Duration,
    ) -> Told<Purchase> {
        let cx = self.cx(account, name, "buy", timeout);
        let Some(label) = account.carrier.label() else {
            return Told::Err(Error::unsupported("the account sells no labels"));
        };
        told(label.buy(&cx, order, permit), timeout).await
    }

    /// Carries out a verdict.
    pub(super) async fn conclude(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
        seen: Seen,
        told: Told<Purchase>,
    ) -> Result<Step> {
        match judge(seen, told, &account.carrier.profile().purchase) {
            Verdict::Done(sale) => {
                match self.settle_sale(row, attempt, account, &sale, Source::Answer).await? {
                    Settled::Adopted => Ok(Step::Stop),
                    _ => Ok(Step::GoOn),
                }
            }
            Verdict::Refused(error) => {
                let asking = self.asking(account);
                Ok(match self.refused(row, attempt, error, seen != Seen::Unused, asking).await? {
                    Refused::Ended => Step::Stop,
                    Refused::ToBeAsked(wait) => Step::Wait(wait),
                })
            }
            Verdict::NotSent(error) => self.not_sent(row, attempt, error, Some(seen)).await,
            Verdict::Unknown(why) => self.unknown(row, attempt, account, &why).await,
        }
    }

    /// Nothing left, or it was turned away unread: the same attempt later, or an end after too many times. `sending` is what
    /// was seen when it stands at "sending".
    async fn not_sent(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        error: Error,
        sending: Option<Seen>,
    ) -> Result<Step> {
        failpoint!(self.inner.options.fail, "unsent.before");
        let gone = !error.is_retryable();
        if gone || attempt.unsent + 1 >= self.inner.options.max_unsent {
            self.refused(row, attempt, error, matches!(sending, Some(Seen::Answered(_))), None).await?;
            return Ok(Step::Stop);
        }
        let doubled =
            self.inner.options.unsent_wait * 2_u32.saturating_pow(u32::try_from(attempt.unsent).unwrap_or(8));
        let wait = match error.retry {
            waybill_core::Retry::After(time) => time.max(doubled),
            _ => doubled,
        };
        if sending.is_some() {
            self.write_unsent(&attempt.id, attempt.epoch, ms(wait)).await;
        } else {
            let (id, epoch, wait) = (attempt.id.clone(), attempt.epoch, ms(wait));
            self.inner
                .store
                .write::<_, StoreError, _>(move |mut db| {
                    Box::pin(async move { db.postpone(&id, epoch, wait).await })
                })
                .await?;
        }
        failpoint!(self.inner.options.fail, "unsent.after");
        Ok(Step::Wait(wait))
    }

    /// Writes down that nothing left; in the journal when the database is away.
    async fn write_unsent(&self, attempt: &str, epoch: i64, wait: i64) {
        let (id, grace) = (attempt.to_owned(), ms(self.inner.options.grace));
        let written = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { db.back_to_prepared(&id, epoch, wait + grace).await })
            })
            .await;
        if written.is_err() {
            let record = Record::Unsent { attempt: attempt.to_owned(), epoch };
            if let Err(error) = self.inner.journal.append(record).await {
                tracing::warn!(%error, "neither database nor journal take that nothing was sent; it will be asked");
            }
        }
    }

    /// How a carrier that can be asked is asked.
    fn asking(&self, account: &OpenAccount) -> Option<Asking> {
        let traits = &account.carrier.profile().purchase;
        traits.lookup.then(|| self.inner.options.asking(traits))
    }

    /// The carrier refused, or it was given up unsent: certainly nothing was bought by it. With `asking`, a refusal of a
    /// number that an earlier attempt was sent with is asked about first: the earlier one may have been sold late, and the
    /// refusal may be its echo.
    pub(super) async fn refused(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        error: Error,
        sent: bool,
        asking: Option<Asking>,
    ) -> Result<Refused> {
        failpoint!(self.inner.options.fail, "d4.before");
        let (purchase, id, epoch) = (row.id.clone(), attempt.id.clone(), attempt.epoch);
        let asking = asking.filter(|_| sent);
        let deadline = asking.and_then(|asking| Some(attempt.sent_at?.saturating_add(ms(asking.ask_for))));
        let kind = error.kind.as_str().to_owned();
        let code = error.carrier_code().map(str::to_owned);
        let failure = json(&Failure { error, sent });
        let end = self
            .inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    let (Some(row), Some(attempt)) =
                        (db.purchase(&purchase).await?, db.attempt_by_id(&id).await?)
                    else {
                        return Ok(Refused::Ended);
                    };
                    // A refusal in hand is certain whatever the row says. "Never sent" is certain only for our own claim.
                    if !attempt.state.is_open() || (!sent && attempt.epoch != epoch) {
                        return Ok(Refused::Ended);
                    }
                    match earlier_with_the_number(&mut db, &attempt).await? {
                        Some(Earlier::NotAsked) => {
                            let reason =
                                "an earlier send with the same number may have been accepted; this one was not";
                            may_be_sold(&mut db, &row, &attempt, reason).await?;
                            return Ok(Refused::Ended);
                        }
                        Some(Earlier::Asked) if let Some(Asking { wait, .. }) = asking => {
                            if db.becomes_unknown(&id, attempt.epoch, ms(wait)).await? {
                                let why = "refused under a number that was sent before; the carrier is asked";
                                say_unknown(&mut db, &row, deadline, why).await?;
                            }
                            return Ok(Refused::ToBeAsked(wait));
                        }
                        _ => {}
                    }
                    db.set_attempt(&id, "rejected").await?;
                    if row.current_attempt != attempt.n || row.state.is_final() {
                        return Ok(Refused::Ended);
                    }
                    let change = PurchaseChange {
                        state: Some(PurchaseState::Rejected),
                        failure: Some(failure),
                        attention: Some(None),
                        ..PurchaseChange::default()
                    };
                    let payload = serde_json::json!({ "error": kind, "carrier_code": code, "sent": sent });
                    db.must_change(&row, &change, "purchase.rejected", &payload).await?;
                    Ok(Refused::Ended)
                })
            })
            .await?;
        failpoint!(self.inner.options.fail, "d4.after");
        Ok(end)
    }

    /// Nobody knows: to be asked after the settle window.
    async fn unknown(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
        why: &str,
    ) -> Result<Step> {
        failpoint!(self.inner.options.fail, "unknown.before");
        let asking = self.inner.options.asking(&account.carrier.profile().purchase);
        self.write_unknown(&row.id, attempt, asking, why).await?;
        failpoint!(self.inner.options.fail, "unknown.after");
        Ok(Step::Wait(asking.wait))
    }

    pub(super) async fn write_unknown(
        &self,
        purchase: &str,
        attempt: &AttemptRow,
        Asking { wait, ask_for }: Asking,
        why: &str,
    ) -> Result<()> {
        let deadline = attempt.sent_at.map(|sent| sent.saturating_add(ms(ask_for)));
        let (purchase, id, epoch, why) =
            (purchase.to_owned(), attempt.id.clone(), attempt.epoch, why.to_owned());
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    if !db.becomes_unknown(&id, epoch, ms(wait)).await? {
                        return Ok(());
                    }
                    let Some(row) = db.purchase(&purchase).await? else { return Ok(()) };
                    say_unknown(&mut db, &row, deadline, &why).await
                })
            })
            .await?;
        Ok(())
    }
}

/// How to ask what became of an attempt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking {
    /// When first.
    pub(super) wait: Duration,
    /// For how long after it was sent.
    pub(super) ask_for: Duration,
}

/// What became of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It stands, or waits for a person.
    Ended,
    /// The carrier is asked first, after a time.
    ToBeAsked(Duration),
}

/// An earlier attempt that was sent with the same number. A refusal of the later one is no answer to it, and may even mean
/// that it was sold and the number is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// The carrier had no sale for it when it was asked.
    Asked,
    /// Nobody could be asked: sending again was the question.
    NotAsked,
}

pub(super) async fn earlier_with_the_number(
    db: &mut Db<'_>,
    attempt: &AttemptRow,
) -> Result<Option<Earlier>, StoreError> {
    let Some(numbers) = attempt.numbers.as_ref().filter(|numbers| attempt.n > 1 && !numbers.is_empty())
    else {
        return Ok(None);
    };
    let before = db.attempt(&attempt.purchase_id, attempt.n - 1).await?;
    let Some(before) = before.filter(|before| before.numbers.as_ref() == Some(numbers)) else {
        return Ok(None);
    };
    let asked_so = db.evidence(&before.id).await?.iter().any(|evidence| evidence.kind == "same_number");
    Ok(Some(if asked_so { Earlier::NotAsked } else { Earlier::Asked }))
}

async fn say_unknown(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    deadline: Option<i64>,
    why: &str,
) -> Result<(), StoreError> {
    let change = PurchaseChange {
        state: (!row.state.is_final()).then_some(PurchaseState::Unknown),
        resolve_deadline: deadline,
        ..PurchaseChange::default()
    };
    db.must_change(row, &change, "purchase.unknown", &serde_json::json!({ "why": why })).await
}

async fn may_be_sold(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    reason: &str,
) -> Result<(), StoreError> {
    db.set_attempt(&attempt.id, "unknown").await?;
    let told = attention(row, attempt, reason, &["adopt", "nothing_bought", "void"]);
    let change = PurchaseChange {
        state: (!row.state.is_final()).then_some(PurchaseState::NeedsAttention),
        attention: Some(Some(json(&told))),
        ..PurchaseChange::default()
    };
    let payload = serde_json::json!({ "reason": reason });
    db.must_change(row, &change, "purchase.needs_attention", &payload).await
}

/// An epoch that no other claim has.
fn claim() -> i64 {
    i64::try_from(uuid::Uuid::new_v4().as_u64_pair().0 >> 2).unwrap_or_default()
}

/// Runs a carrier's code; a panic or a hang is an answer like others.
pub(super) async fn told<T>(
    work: impl Future<Output = waybill_core::Result<T>> + Send,
    timeout: Duration,
) -> Told<T> {
    // A little longer than the transport waits, so that its own, better informed answer comes first.
    let longest = timeout + timeout / 20 + Duration::from_millis(50);
    match waybill_transport::within(longest, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(Ok(done))) => Told::Ok(done),
        Ok(Ok(Err(error))) => Told::Err(error),
        Ok(Err(_)) => Told::Panicked,
        Err(_) => Told::Late,
    }
}

/// The same for questions, where only the error matters.
pub(super) async fn asked<T>(
    work: impl Future<Output = waybill_core::Result<T>> + Send,
    timeout: Duration,
) -> waybill_core::Result<T> {
    match told(work, timeout).await {
        Told::Ok(done) => Ok(done),
        Told::Err(error) => Err(error),
        Told::Panicked => Err(Error::new(ErrorKind::Panicked, "the carrier's code panicked")
            .with_retry(waybill_core::Retry::Safe)),
        Told::Late => Err(Error::new(ErrorKind::Unavailable, "the carrier's code did not come back in time")
            .with_retry(waybill_core::Retry::Safe)
            .in_phase(Phase::OutcomeUnknown)),
    }
}

/// Whether an error says that the account cannot be asked at all.
pub(super) fn account_is_gone(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Config | ErrorKind::Unsupported)
        && error.phase == Phase::NotSent
}
