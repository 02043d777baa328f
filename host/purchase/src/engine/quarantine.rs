//! A database that is older than what was done with it: restored from a backup, or a standby that lagged took over.
//!
//! Every process notes the epoch of the database in its journal, after the database has committed it. A database whose
//! epoch is behind a journal has forgotten something. Then nothing is bought until a person allows it, and everything
//! that may have been sent is asked about: purchases that the database forgot are written down again from the journal,
//! under their ids, keys and handles, so that a caller who comes back finds them and buys nothing a second time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Engine, Policy, Result, json, locked, ms};
use crate::journal::{Epoch, Note, Record, Sent};
use crate::store::{
    Accepted, AttemptRow, Db, NewPurchase, OpState, PurchaseChange, PurchaseRow, PurchaseState, StoreError,
};

/// The row of `meta` that stops every process of the installation.
const STOPPED: &str = "quarantine";

const RESTORED: &str = "the database is older than this purchase: it was restored from a backup";

/// Why nothing is bought.
#[derive(Debug, Clone)]
pub(super) struct Stopped {
    why: String,
    /// For this process only: its journal belongs to another database.
    here_only: bool,
}

/// What the database says of itself.
struct Standing {
    now: Epoch,
    stopped: Option<String>,
}

impl Engine {
    /// Why purchases are stopped, if they are.
    pub fn quarantine(&self) -> Option<String> {
        locked(&self.inner.quarantine).as_ref().map(|stopped| stopped.why.clone())
    }

    /// Whether the journal of this process belongs to another database.
    pub(super) fn has_foreign_journal(&self) -> bool {
        locked(&self.inner.quarantine).as_ref().is_some_and(|stopped| stopped.here_only)
    }

    /// Why purchases are stopped; another process may have ended it meanwhile.
    pub(super) async fn still_stopped(&self) -> Result<Option<String>> {
        let Some(stopped) = locked(&self.inner.quarantine).clone() else { return Ok(None) };
        if stopped.here_only {
            return Ok(Some(stopped.why));
        }
        let read = self.inner.store.read::<_, StoreError, _>(|mut db| {
            Box::pin(async move { Ok(db.meta(STOPPED).await?.is_some()) })
        });
        if read.await? {
            return Ok(Some(stopped.why));
        }
        *locked(&self.inner.quarantine) = None;
        Ok(None)
    }

    /// Allows purchases again, in every process, after a person has compared the carriers' accounts with the database:
    /// [`crate::audit::reconcile`] and [`crate::audit::forgotten`] say what to look for.
    pub async fn end_quarantine(&self) -> Result<()> {
        let standing = self.standing(0).await?;
        let seen =
            self.inner.journal.epochs().into_iter().filter(|seen| seen.install == standing.now.install);
        let floor = seen.map(|seen| seen.epoch).max().unwrap_or(0).max(standing.now.epoch) + 1;
        let now = self.standing(floor).await?.now;
        let ended = self
            .inner
            .store
            .write::<_, StoreError, _>(|mut db| Box::pin(async move { db.forget_meta(STOPPED).await }));
        ended.await?;
        self.inner.journal.append(Record::Epoch(now.clone())).await?;
        for idle in self.inner.journal.idle_others() {
            idle.append(Record::Epoch(now.clone())).await?;
        }
        *locked(&self.inner.quarantine) = None;
        Ok(())
    }

    /// Compares the database with what the journals have seen of it, `seen`, read before.
    pub(super) async fn compare_epochs(&self, seen: Vec<Epoch>) -> Result<()> {
        let standing = self.standing(0).await?;
        let _ = self.inner.install.set(standing.now.install.clone());
        let known = |seen: &&Epoch| seen.install == standing.now.install;
        let newest = seen.iter().filter(known).map(|seen| seen.epoch).max().unwrap_or(0);
        let foreign = self.inner.journal.epoch().is_some_and(|own| own.install != standing.now.install);
        if newest > standing.now.epoch {
            return self.quarantine_all(&standing.now, newest).await;
        }
        if let Some(why) = standing.stopped {
            *locked(&self.inner.quarantine) = Some(Stopped { why, here_only: false });
        } else if foreign {
            let why = format!(
                "the journal {} belongs to another database; give this one a folder of its own, or end the quarantine",
                self.inner.journal.path().display()
            );
            *locked(&self.inner.quarantine) = Some(Stopped { why, here_only: true });
            return Ok(());
        }
        self.inner.journal.append(Record::Epoch(standing.now)).await?;
        Ok(())
    }

    /// Advances the epoch of the installation in the database, then in the journal, at most once per
    /// [`super::Options::epoch_every`]; and learns whether another process has stopped purchases.
    pub(super) async fn keep_epoch(&self) -> Result<()> {
        let mut last = self.inner.epoch.lock().await;
        if last.is_some_and(|at| at.elapsed() < self.inner.options.epoch_every) {
            return Ok(());
        }
        let before = self.inner.journal.epoch();
        let standing = self.standing(1).await?;
        let behind = |seen: &Epoch| seen.install == standing.now.install && seen.epoch >= standing.now.epoch;
        if let Some(seen) = before.filter(behind) {
            return self.quarantine_all(&standing.now, seen.epoch).await;
        }
        if let Some(why) = standing.stopped {
            *locked(&self.inner.quarantine) = Some(Stopped { why, here_only: false });
        }
        self.inner.journal.append(Record::Epoch(standing.now)).await?;
        *last = Some(Instant::now());
        Ok(())
    }

    /// The database's epoch: raised by one, and at least to `floor`; as it is for a floor of 0.
    async fn standing(&self, floor: i64) -> Result<Standing> {
        let fresh = Uuid::now_v7().to_string();
        let standing = self.inner.store.write::<_, StoreError, _>(move |mut db| {
            Box::pin(async move {
                if floor > 0 || db.meta("epoch").await?.is_none() {
                    db.raise_meta("epoch", floor.max(1), Some(&fresh)).await?;
                }
                let (epoch, install) = db.meta("epoch").await?.unwrap_or((1, None));
                let stopped = db.meta(STOPPED).await?;
                Ok(Standing {
                    now: Epoch { install: install.unwrap_or_default(), epoch },
                    stopped: stopped.map(|(_, why)| why.unwrap_or_default()),
                })
            })
        });
        Ok(standing.await?)
    }

    /// Stops purchases in every process, and sees to it that whatever may have been sent is asked about.
    async fn quarantine_all(&self, now: &Epoch, seen: i64) -> Result<()> {
        let why = format!(
            "the database is at epoch {}, the journal has seen {seen}: it was restored from a backup and does not know the \
             last purchases; `waybill reconcile` asks the carriers about them",
            now.epoch
        );
        tracing::error!("{why}");
        *locked(&self.inner.quarantine) = Some(Stopped { why: why.clone(), here_only: false });
        let wait = ms(self.inner.options.settle.unwrap_or(Duration::from_secs(120)));
        self.inner
            .store
            .write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move {
                    db.raise_meta(STOPPED, seen, Some(&why)).await?;
                    distrust(&mut db, wait).await
                })
            })
            .await?;
        self.write_down_again(wait).await
    }

    /// Writes down again what the journals know and the database has forgotten.
    async fn write_down_again(&self, wait: i64) -> Result<()> {
        let (mut accepted, mut sent) = (Vec::new(), BTreeMap::<String, Vec<Sent>>::new());
        for note in self.inner.journal.notes() {
            match note {
                Note::Accepted(new) => accepted.push(*new),
                Note::Sent(one) => sent.entry(one.note.purchase.clone()).or_default().push(one),
            }
        }
        for new in accepted {
            let sends = sent.remove(&new.id).unwrap_or_default();
            let again = self.inner.store.write::<_, StoreError, _>(move |mut db| {
                Box::pin(async move { again(&mut db, &new, &sends, wait).await })
            });
            again.await?;
        }
        Ok(())
    }
}

/// Attempts and operations that are not sent as far as the database knows may have been sent since it was saved.
async fn distrust(db: &mut Db<'_>, wait: i64) -> Result<(), StoreError> {
    for attempt in db.prepared_attempts().await? {
        if !db.distrust_attempt(&attempt, wait).await? {
            continue;
        }
        if let Some(row) = db.purchase(&attempt.purchase_id).await? {
            becomes_unknown(db, &row, attempt.n).await?;
        }
    }
    for op in db.unsent_services().await? {
        let told = super::services::op_attention(&op, RESTORED);
        db.settle_op(&op, OpState::NeedsAttention, None, None, Some(json(&told))).await?;
    }
    Ok(())
}

/// The purchase waits for an answer about an attempt, and buys nothing more by itself: whoever wanted it may have voided it
/// since.
async fn becomes_unknown(db: &mut Db<'_>, row: &PurchaseRow, attempt: i64) -> Result<(), StoreError> {
    let policy: Policy = serde_json::from_str(&row.policy).unwrap_or_default();
    db.set_policy(&row.id, &json(&Policy { max_attempts: attempt, ..policy })).await?;
    let change = PurchaseChange {
        state: Some(PurchaseState::Unknown),
        current_attempt: Some(attempt),
        ..PurchaseChange::default()
    };
    let payload = serde_json::json!({ "why": RESTORED });
    db.must_change(row, &change, "purchase.unknown", &payload).await
}

/// One purchase of a journal, and its attempts that may have been sent.
async fn again(db: &mut Db<'_>, new: &NewPurchase, sends: &[Sent], wait: i64) -> Result<(), StoreError> {
    if db.purchase(&new.id).await?.is_none() {
        let Accepted::New(fresh) = db.accept_again(new).await? else { return Ok(()) };
        let first = fresh.attempt;
        let first_sent = sends.iter().find(|sent| sent.n == 1);
        let numbers = first_sent.and_then(|sent| sent.numbers.clone());
        let first = AttemptRow { numbers: first.numbers.clone().or(numbers), ..first };
        db.restore_attempt(&first, wait).await?;
        if let Some(row) = db.purchase(&new.id).await? {
            becomes_unknown(db, &row, 1).await?;
        }
    }
    let mut later: Vec<&Sent> = sends.iter().filter(|sent| sent.n > 1).collect();
    later.sort_by_key(|sent| sent.n);
    for sent in later {
        further(db, new, sent, wait).await?;
    }
    Ok(())
}

/// A further attempt: it exists only because the one before was proven to have no live label.
async fn further(db: &mut Db<'_>, new: &NewPurchase, sent: &Sent, wait: i64) -> Result<(), StoreError> {
    let Some(row) = db.purchase(&new.id).await? else { return Ok(()) };
    if db.attempt_by_id(&sent.note.attempt).await?.is_some() || row.current_attempt >= sent.n {
        return Ok(());
    }
    if let Some(before) = db.attempt(&row.id, row.current_attempt).await? {
        db.set_attempt(&before.id, "absent").await?;
        db.insert_evidence(&crate::store::NewEvidence {
            id: format!("{}.restored", before.id),
            tenant: row.tenant.clone(),
            subject: before.id,
            kind: "journal".to_owned(),
            at: sent.note.at,
            http_status: None,
            body_sealed: vec![0],
            sha256: crate::seal::sha256(b""),
        })
        .await?;
    }
    let mut attempt = new.attempt.clone();
    attempt.id.clone_from(&sent.note.attempt);
    attempt.n = sent.n;
    attempt.handle = waybill_core::Handle::parse(&sent.note.handle).unwrap_or(attempt.handle);
    attempt.numbers = sent.numbers.as_ref().map(json);
    if db.insert_attempt(&attempt).await?
        && let Some(inserted) = db.attempt(&row.id, sent.n).await?
    {
        db.restore_attempt(&inserted, wait).await?;
        becomes_unknown(db, &row, sent.n).await?;
    }
    Ok(())
}
