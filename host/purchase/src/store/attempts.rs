//! Attempts and evidence: D2, D3, claims.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use waybill_core::{Handle, TrackingNumber};

use super::rows::{AttemptRow, AttemptState};
use super::{Change, Db, Result, StoreError};

/// An attempt to be written down.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewAttempt {
    /// Id.
    pub id: String,
    /// Its purchase.
    pub purchase_id: String,
    /// Number within the purchase, from 1.
    pub n: i64,
    /// Our id at the carrier.
    pub handle: Handle,
    /// Account.
    pub account: String,
    /// Fingerprint of the account's settings.
    pub account_fingerprint: String,
    /// Environment of the account.
    pub environment: String,
    /// Numbers taken over from an earlier attempt, as JSON.
    pub numbers: Option<String>,
    /// Milliseconds until a worker takes it over from whoever made it.
    pub grace: i64,
}

impl NewAttempt {
    /// Writes it down, unless the purchase has an open attempt or one of that number.
    pub(super) fn insert(&self) -> Change {
        Change::new(
            "INSERT INTO attempt (id, purchase_id, n, handle, account, account_fingerprint, environment, state, epoch, \
             numbers, sends, unsent, next_check_at, checks, sweeps, created_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7, 'prepared', 0, $8, 0, 0, {now} + $9, 0, 0, {now} WHERE {before} \
             ON CONFLICT DO NOTHING",
            [
                (&self.id).into(),
                (&self.purchase_id).into(),
                self.n.into(),
                self.handle.short().into(),
                (&self.account).into(),
                (&self.account_fingerprint).into(),
                (&self.environment).into(),
                (&self.numbers).into(),
                self.grace.into(),
            ],
        )
    }

    /// The attempt as it stands right after D1.
    pub(crate) fn fresh(&self) -> Result<AttemptRow> {
        let numbers = self.numbers.as_deref().map(serde_json::from_str).transpose();
        Ok(AttemptRow {
            id: self.id.clone(),
            purchase_id: self.purchase_id.clone(),
            n: self.n,
            handle: self.handle,
            account: self.account.clone(),
            account_fingerprint: self.account_fingerprint.clone(),
            environment: self.environment.clone(),
            state: AttemptState::Prepared,
            epoch: 0,
            lease_owner: None,
            lease_until: None,
            numbers: numbers.map_err(|error| StoreError::Corrupt(error.to_string()))?,
            sent_at: None,
            sends: 0,
            unsent: 0,
            next_check_at: None,
            checks: 0,
            sweep_at: None,
            sweeps: 0,
        })
    }
}

/// Something that was seen, kept for ever.
#[derive(Debug, Clone)]
pub struct NewEvidence {
    /// Id, chosen by whoever saw it, so that it is stored once however often it is written.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// Attempt or operation that it is about.
    pub subject: String,
    /// What it is: `answer`, `send_failed`, `lookup`, `operator`.
    pub kind: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// HTTP status.
    pub http_status: Option<i64>,
    /// The raw bytes, sealed.
    pub body_sealed: Vec<u8>,
    /// SHA-256 of the bytes before sealing, hexadecimal.
    pub sha256: String,
}

/// From one state to another, if nobody else moved it. `epoch` is that of the claim.
pub(crate) fn moved(id: &str, epoch: i64, from: &'static str, to: &'static str) -> Change {
    Change::new(
        "UPDATE attempt SET state = $1, epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, next_check_at = NULL \
         WHERE id = $2 AND epoch = $3 AND state = $4 AND {before}",
        [to.into(), id.into(), epoch.into(), from.into()],
    )
}

impl Db<'_> {
    /// Writes an attempt down. False when the purchase has an open attempt or one of that number.
    pub(crate) async fn insert_attempt(&mut self, new: &NewAttempt) -> Result<bool> {
        Ok(self.make(new.insert()).await? == 1)
    }

    /// An attempt by its number within a purchase.
    pub async fn attempt(&mut self, purchase: &str, n: i64) -> Result<Option<AttemptRow>> {
        let query = self
            .sql("SELECT * FROM attempt WHERE purchase_id = $1 AND n = $2")
            .bind(purchase.to_owned())
            .bind(n);
        self.one(query).await?.map(|row| AttemptRow::from_row(&row)).transpose()
    }

    /// An attempt by its id.
    pub async fn attempt_by_id(&mut self, id: &str) -> Result<Option<AttemptRow>> {
        let query = self.sql("SELECT * FROM attempt WHERE id = $1").bind(id.to_owned());
        self.one(query).await?.map(|row| AttemptRow::from_row(&row)).transpose()
    }

    /// All attempts of a purchase, oldest first.
    pub async fn attempts(&mut self, purchase: &str) -> Result<Vec<AttemptRow>> {
        let query =
            self.sql("SELECT * FROM attempt WHERE purchase_id = $1 ORDER BY n").bind(purchase.to_owned());
        self.all(query).await?.iter().map(AttemptRow::from_row).collect()
    }

    /// Keeps allocated numbers, before anything is sent with them. False when the attempt moved on or has numbers.
    pub(crate) async fn keep_numbers(
        &mut self,
        attempt: &AttemptRow,
        numbers: &[TrackingNumber],
    ) -> Result<bool> {
        let text = serde_json::to_string(numbers).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let update = self
            .sql("UPDATE attempt SET numbers = $1 WHERE id = $2 AND state = 'prepared' AND epoch = $3 AND numbers IS NULL")
            .bind(text)
            .bind(attempt.id.clone())
            .bind(attempt.epoch);
        Ok(self.run(update).await? == 1)
    }

    /// D2: from prepared to sending, with a new epoch and a lease. `None` when somebody else was faster.
    ///
    /// `claim` is the epoch of this claim and of no other. The next number would not do: when the answer to this commit is
    /// lost, and it was not committed, the next claim would have the same one, and "nothing was sent" that is said of this
    /// claim, perhaps later out of the journal, would undo the other while its request is under way.
    pub(crate) async fn begin_sending(
        &mut self,
        attempt: &AttemptRow,
        claim: i64,
        owner: &str,
        lease: i64,
        first_sweep: i64,
    ) -> Result<Option<AttemptRow>> {
        let update = self
            .sql(
                "UPDATE attempt SET state = 'sending', epoch = $6, lease_owner = $1, lease_until = {now} + $2, \
                 sent_at = {now}, sends = sends + 1, sweep_at = {now} + $3, next_check_at = NULL \
                 WHERE id = $4 AND state = 'prepared' AND epoch = $5 RETURNING epoch, lease_until, sent_at, sends, sweep_at",
            )
            .bind(owner.to_owned())
            .bind(lease)
            .bind(first_sweep)
            .bind(attempt.id.clone())
            .bind(attempt.epoch)
            .bind(claim);
        let Some(row) = self.one(update).await? else { return Ok(None) };
        Ok(Some(AttemptRow {
            state: AttemptState::Sending,
            epoch: row.try_get(0)?,
            lease_owner: Some(owner.to_owned()),
            lease_until: row.try_get(1)?,
            sent_at: row.try_get(2)?,
            sends: row.try_get(3)?,
            sweep_at: row.try_get(4)?,
            next_check_at: None,
            ..attempt.clone()
        }))
    }

    /// Back to prepared: nothing was sent, certainly.
    pub(crate) async fn back_to_prepared(&mut self, id: &str, epoch: i64, wait: i64) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE attempt SET state = 'prepared', epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
                 sent_at = NULL, sweep_at = NULL, sends = sends - 1, unsent = unsent + 1, next_check_at = {now} + $1 \
                 WHERE id = $2 AND state = 'sending' AND epoch = $3",
            )
            .bind(wait)
            .bind(id.to_owned())
            .bind(epoch);
        Ok(self.run(update).await? == 1)
    }

    /// Puts off a prepared attempt that could not even be tried.
    pub(crate) async fn postpone(&mut self, id: &str, epoch: i64, wait: i64) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE attempt SET unsent = unsent + 1, epoch = epoch + 1, next_check_at = {now} + $1 \
                 WHERE id = $2 AND state = 'prepared' AND epoch = $3",
            )
            .bind(wait)
            .bind(id.to_owned())
            .bind(epoch);
        Ok(self.run(update).await? == 1)
    }

    /// From one state to another, if nobody else moved it. `epoch` is that of the claim.
    pub(crate) async fn move_attempt(
        &mut self,
        id: &str,
        epoch: i64,
        from: &'static str,
        to: &'static str,
    ) -> Result<bool> {
        Ok(self.make(moved(id, epoch, from, to)).await? == 1)
    }

    /// Sets the state whatever it was, for outcomes that are certain.
    pub(crate) async fn set_attempt(&mut self, id: &str, to: &'static str) -> Result<()> {
        let update = self
            .sql(
                "UPDATE attempt SET state = $1, epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, next_check_at = NULL \
                 WHERE id = $2",
            )
            .bind(to)
            .bind(id.to_owned());
        self.run(update).await.map(drop)
    }

    /// From sending to unknown, to be asked after `wait` milliseconds.
    pub(crate) async fn becomes_unknown(&mut self, id: &str, epoch: i64, wait: i64) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE attempt SET state = 'unknown', epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
                 next_check_at = {now} + $1 WHERE id = $2 AND state = 'sending' AND epoch = $3",
            )
            .bind(wait)
            .bind(id.to_owned())
            .bind(epoch);
        Ok(self.run(update).await? == 1)
    }

    /// Takes an unknown attempt for one question. `None` when another replica has it, or when it rests until a person decides,
    /// unless the person asks: `at_rest`.
    pub(crate) async fn claim_unknown(
        &mut self,
        id: &str,
        owner: &str,
        lease: i64,
        at_rest: bool,
    ) -> Result<Option<AttemptRow>> {
        let update = self
            .sql(
                "UPDATE attempt SET epoch = epoch + 1, lease_owner = $1, lease_until = {now} + $2, checks = checks + 1 \
                 WHERE id = $3 AND state = 'unknown' AND (lease_until IS NULL OR lease_until < {now}) \
                 AND (next_check_at IS NOT NULL OR $4 = 1) RETURNING *",
            )
            .bind(owner.to_owned())
            .bind(lease)
            .bind(id.to_owned())
            .bind(i64::from(at_rest));
        self.one(update).await?.map(|row| AttemptRow::from_row(&row)).transpose()
    }

    /// Gives a claimed unknown attempt back until later; `None` stops asking. The claim ends with it: whoever did not hear
    /// that it was done, and gives the same claim back once more, changes nothing.
    pub(crate) async fn ask_later(&mut self, attempt: &AttemptRow, wait: Option<i64>) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE attempt SET epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
                 next_check_at = CASE WHEN $1 < 0 THEN NULL ELSE {now} + $1 END \
                 WHERE id = $2 AND state = 'unknown' AND epoch = $3",
            )
            .bind(wait.unwrap_or(-1))
            .bind(attempt.id.clone())
            .bind(attempt.epoch);
        Ok(self.run(update).await? == 1)
    }

    /// Ends the rest of an attempt that waits for a person: something new is known of it.
    pub(crate) async fn ask_now(&mut self, id: &str) -> Result<()> {
        let update = self
            .sql("UPDATE attempt SET next_check_at = {now} WHERE id = $1 AND state = 'unknown' AND next_check_at IS NULL")
            .bind(id.to_owned());
        self.run(update).await.map(drop)
    }

    /// Attempts whose lease ended while they were sent.
    pub(crate) async fn expired_sends(&mut self, limit: i64) -> Result<Vec<AttemptRow>> {
        let query = self
            .sql("SELECT * FROM attempt WHERE state = 'sending' AND lease_until < {now} ORDER BY lease_until LIMIT $1 {skip_locked}")
            .bind(limit);
        self.all(query).await?.iter().map(AttemptRow::from_row).collect()
    }

    /// Attempts that wait for a sender or for a question: purchase and state.
    /// Without those that wait for a sender unless they `may_send`.
    pub(crate) async fn due_attempts(&mut self, limit: i64, may_send: bool) -> Result<Vec<AttemptRow>> {
        let query = self
            .sql(
                "SELECT * FROM attempt WHERE state IN ('prepared', 'unknown') AND next_check_at <= {now} \
                 AND (lease_until IS NULL OR lease_until < {now}) AND (state = 'unknown' OR $2 = 1) \
                 ORDER BY next_check_at LIMIT $1",
            )
            .bind(limit)
            .bind(i64::from(may_send));
        self.all(query).await?.iter().map(AttemptRow::from_row).collect()
    }

    /// Attempts that are not sent as far as this database knows.
    pub(crate) async fn prepared_attempts(&mut self) -> Result<Vec<AttemptRow>> {
        let query = self.sql("SELECT * FROM attempt WHERE state = 'prepared' ORDER BY created_at, id");
        self.all(query).await?.iter().map(AttemptRow::from_row).collect()
    }

    /// From prepared to unknown: a database that was restored cannot say that it was never sent.
    pub(crate) async fn distrust_attempt(&mut self, attempt: &AttemptRow, wait: i64) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE attempt SET state = 'unknown', epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
                 sent_at = {now}, sweep_at = {now} + $1, next_check_at = {now} + $1 \
                 WHERE id = $2 AND state = 'prepared' AND epoch = $3",
            )
            .bind(wait)
            .bind(attempt.id.clone())
            .bind(attempt.epoch);
        Ok(self.run(update).await? == 1)
    }

    /// The same for an attempt that was just written down again, with the numbers that it was sent with.
    pub(crate) async fn restore_attempt(&mut self, attempt: &AttemptRow, wait: i64) -> Result<bool> {
        if let Some(numbers) = &attempt.numbers {
            self.keep_numbers(attempt, numbers).await?;
        }
        self.distrust_attempt(attempt, wait).await
    }

    /// Whether an attempt is due to be swept.
    pub(crate) async fn has_sweeps(&mut self) -> Result<bool> {
        let query = self.sql(
            "SELECT id FROM attempt WHERE sweep_at IS NOT NULL AND sweep_at <= {now} AND state NOT IN ('prepared', 'sending') LIMIT 1",
        );
        Ok(self.one(query).await?.is_some())
    }

    /// Takes attempts that are due to be swept, and sets the time of their next sweep beforehand, so that two replicas
    /// do not ask the same. The last one comes again after `lease`, should the process die over it, until it is done.
    pub(crate) async fn claim_sweeps(
        &mut self,
        limit: i64,
        next: i64,
        last: i64,
        lease: i64,
    ) -> Result<Vec<AttemptRow>> {
        let update = self
            .sql(
                "UPDATE attempt SET sweeps = sweeps + 1, sweep_at = CASE WHEN sweeps + 1 >= $1 THEN {now} + $4 ELSE {now} + $2 END \
                 WHERE id IN (SELECT id FROM attempt WHERE sweep_at <= {now} AND state NOT IN ('prepared', 'sending') \
                 ORDER BY sweep_at LIMIT $3 {skip_locked}) RETURNING *",
            )
            .bind(last)
            .bind(next)
            .bind(limit)
            .bind(lease);
        self.all(update).await?.iter().map(AttemptRow::from_row).collect()
    }

    /// The last sweep of an attempt is done.
    pub(crate) async fn sweeps_done(&mut self, id: &str) -> Result<()> {
        let update = self.sql("UPDATE attempt SET sweep_at = NULL WHERE id = $1").bind(id.to_owned());
        self.run(update).await.map(drop)
    }

    /// Sweeps an attempt again after a time; for questions that found no answer.
    pub(crate) async fn sweep_again(&mut self, id: &str, wait: i64) -> Result<()> {
        let update =
            self.sql("UPDATE attempt SET sweep_at = {now} + $1 WHERE id = $2").bind(wait).bind(id.to_owned());
        self.run(update).await.map(drop)
    }

    /// D3: keeps evidence. The same id twice is stored once.
    pub async fn insert_evidence(&mut self, new: &NewEvidence) -> Result<bool> {
        let insert = self
            .sql(
                "INSERT INTO evidence (id, tenant, subject, kind, at, http_status, body_sealed, sha256) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            )
            .bind(new.id.clone())
            .bind(new.tenant.clone())
            .bind(new.subject.clone())
            .bind(new.kind.clone())
            .bind(new.at)
            .bind(new.http_status)
            .bind(new.body_sealed.clone())
            .bind(new.sha256.clone());
        Ok(self.run(insert).await? == 1)
    }

    /// Evidence about an attempt or an operation, oldest first.
    pub async fn evidence(&mut self, subject: &str) -> Result<Vec<NewEvidence>> {
        let query =
            self.sql("SELECT * FROM evidence WHERE subject = $1 ORDER BY at, id").bind(subject.to_owned());
        self.all(query)
            .await?
            .iter()
            .map(|row| {
                Ok(NewEvidence {
                    id: row.try_get("id")?,
                    tenant: row.try_get("tenant")?,
                    subject: row.try_get("subject")?,
                    kind: row.try_get("kind")?,
                    at: row.try_get("at")?,
                    http_status: row.try_get("http_status")?,
                    body_sealed: row.try_get("body_sealed")?,
                    sha256: row.try_get("sha256")?,
                })
            })
            .collect()
    }
}
