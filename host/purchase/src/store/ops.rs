//! Voids, manifests and pickups: the same machine as an attempt.

use sqlx::Row;
use sqlx::any::AnyRow;
use waybill_core::Handle;

use super::rows::{OpKind, OpState};
use super::{Db, Result, StoreError};

/// An operation to be written down.
#[derive(Debug, Clone)]
pub struct NewOp {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// What it does.
    pub kind: OpKind,
    /// What it is done to: a purchase, a label number, a pickup.
    pub target: String,
    /// Account.
    pub account: String,
    /// Fingerprint of the account's settings.
    pub account_fingerprint: String,
    /// Environment of the account.
    pub environment: String,
    /// Our id of it.
    pub handle: Handle,
    /// What for: `asked`, `extra`, `no_label`, `variance`, `partial`.
    pub purpose: String,
    /// The request as JSON, sealed.
    pub request_sealed: Vec<u8>,
    /// Milliseconds until a worker takes it over from whoever made it.
    pub grace: i64,
}

/// Which operations to list.
#[derive(Debug, Clone, Default)]
pub struct OperationFilter {
    /// Only this tenant.
    pub tenant: Option<String>,
    /// Only these kinds; all when empty.
    pub kinds: Vec<OpKind>,
    /// Only this state.
    pub state: Option<OpState>,
    /// At most this many; 100 when 0.
    pub limit: i64,
}

/// An operation.
#[derive(Debug, Clone)]
pub struct OpRow {
    /// What was written down.
    pub new: NewOp,
    /// Where it stands.
    pub state: OpState,
    /// The reply as JSON, sealed.
    pub reply_sealed: Option<Vec<u8>>,
    /// Changes with each claim.
    pub epoch: i64,
    /// Until when somebody works on it.
    pub lease_until: Option<i64>,
    /// When it was first sent.
    pub sent_at: Option<i64>,
    /// Times it was tried.
    pub checks: i64,
    /// What a person must know, as JSON.
    pub attention: Option<String>,
    /// Number of state changes.
    pub version: i64,
    /// When it was written down.
    pub created_at: i64,
}

fn op(row: &AnyRow) -> Result<OpRow> {
    let text = |column: &str| -> Result<String> { Ok(row.try_get(column)?) };
    let corrupt = |what: &str| StoreError::Corrupt(format!("column {what} of an operation"));
    Ok(OpRow {
        new: NewOp {
            id: text("id")?,
            tenant: text("tenant")?,
            kind: OpKind::parse(&text("kind")?).ok_or_else(|| corrupt("kind"))?,
            target: text("target")?,
            account: text("account")?,
            account_fingerprint: text("account_fingerprint")?,
            environment: text("environment")?,
            handle: Handle::parse(&text("handle")?).ok_or_else(|| corrupt("handle"))?,
            purpose: text("purpose")?,
            request_sealed: row.try_get("request_sealed")?,
            grace: 0,
        },
        state: OpState::parse(&text("state")?).ok_or_else(|| corrupt("state"))?,
        reply_sealed: row.try_get("reply_sealed")?,
        epoch: row.try_get("epoch")?,
        lease_until: row.try_get("lease_until")?,
        sent_at: row.try_get("sent_at")?,
        checks: row.try_get("checks")?,
        attention: row.try_get("attention")?,
        version: row.try_get("version")?,
        created_at: row.try_get("created_at")?,
    })
}

impl Db<'_> {
    /// Writes an operation down. False when the target has an open one of the same kind.
    pub(crate) async fn insert_op(&mut self, new: &NewOp) -> Result<bool> {
        let insert = self
            .sql(
                "INSERT INTO carrier_op (id, tenant, kind, target, account, account_fingerprint, environment, handle, \
                 state, purpose, request_sealed, epoch, next_check_at, checks, version, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'prepared', $9, $10, 0, {now} + $11, 0, 1, {now}, {now}) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(new.id.clone())
            .bind(new.tenant.clone())
            .bind(new.kind.as_str())
            .bind(new.target.clone())
            .bind(new.account.clone())
            .bind(new.account_fingerprint.clone())
            .bind(new.environment.clone())
            .bind(new.handle.short())
            .bind(new.purpose.clone())
            .bind(new.request_sealed.clone())
            .bind(new.grace);
        if self.run(insert).await? != 1 {
            return Ok(false);
        }
        let kind = format!("{}.accepted", new.kind);
        self.event(
            &new.tenant,
            &new.id,
            1,
            &kind,
            &serde_json::json!({
                "target": new.target, "purpose": new.purpose, "account": new.account,
            }),
        )
        .await?;
        Ok(true)
    }

    /// An operation by its id.
    pub async fn op(&mut self, id: &str) -> Result<Option<OpRow>> {
        let query = self.sql("SELECT * FROM carrier_op WHERE id = $1").bind(id.to_owned());
        self.one(query).await?.map(|row| op(&row)).transpose()
    }

    /// Operations on a target, oldest first.
    pub async fn ops_of(&mut self, target: &str) -> Result<Vec<OpRow>> {
        let query = self
            .sql("SELECT * FROM carrier_op WHERE target = $1 ORDER BY created_at, id")
            .bind(target.to_owned());
        self.all(query).await?.iter().map(op).collect()
    }

    /// Operations that wait for somebody.
    pub(crate) async fn due_ops(&mut self, limit: i64) -> Result<Vec<OpRow>> {
        let query = self
            .sql(
                "SELECT * FROM carrier_op WHERE state IN ('prepared', 'sending', 'unknown') \
                 AND (next_check_at IS NULL OR next_check_at <= {now}) AND (lease_until IS NULL OR lease_until < {now}) \
                 ORDER BY next_check_at LIMIT $1",
            )
            .bind(limit);
        self.all(query).await?.iter().map(op).collect()
    }

    /// Manifests and pickups that are not sent as far as this database knows.
    pub(crate) async fn unsent_services(&mut self) -> Result<Vec<OpRow>> {
        let query = self.sql(
            "SELECT * FROM carrier_op WHERE kind IN ('manifest', 'pickup') AND state IN ('prepared', 'sending', 'unknown') \
             ORDER BY created_at, id",
        );
        self.all(query).await?.iter().map(op).collect()
    }

    /// Takes an operation for one send. `None` when somebody else has it or it is closed.
    pub(crate) async fn claim_op(&mut self, id: &str, owner: &str, lease: i64) -> Result<Option<OpRow>> {
        let update = self
            .sql(
                "UPDATE carrier_op SET state = 'sending', epoch = epoch + 1, lease_owner = $1, lease_until = {now} + $2, \
                 sent_at = COALESCE(sent_at, {now}), checks = checks + 1, updated_at = {now} \
                 WHERE id = $3 AND state IN ('prepared', 'sending', 'unknown') \
                 AND (lease_until IS NULL OR lease_until < {now}) RETURNING *",
            )
            .bind(owner.to_owned())
            .bind(lease)
            .bind(id.to_owned());
        self.one(update).await?.map(|row| op(&row)).transpose()
    }

    /// Ends a claim. `wait` is given for states that are looked at again. False when the claim was lost.
    pub(crate) async fn settle_op(
        &mut self,
        row: &OpRow,
        state: OpState,
        wait: Option<i64>,
        reply: Option<Vec<u8>>,
        attention: Option<String>,
    ) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE carrier_op SET state = $1, epoch = epoch + 1, lease_owner = NULL, lease_until = NULL, \
                 next_check_at = CASE WHEN $2 < 0 THEN NULL ELSE {now} + $2 END, reply_sealed = COALESCE($3, reply_sealed), \
                 attention = $4, version = version + 1, updated_at = {now} WHERE id = $5 AND epoch = $6",
            )
            .bind(state.as_str())
            .bind(wait.unwrap_or(-1))
            .bind(reply)
            .bind(attention.clone())
            .bind(row.new.id.clone())
            .bind(row.epoch);
        if self.run(update).await? != 1 {
            return Ok(false);
        }
        let kind = format!("{}.{state}", row.new.kind);
        let payload = serde_json::json!({ "target": row.new.target, "purpose": row.new.purpose });
        self.event(&row.new.tenant, &row.new.id, row.version + 1, &kind, &payload).await?;
        Ok(true)
    }

    /// Settles an operation as done that others took over meanwhile, as from a process that was stopped with the carrier's
    /// answer in its hands: what the carrier said it did is done, whatever the row says. False when the row has an end already.
    pub(crate) async fn settle_as_done(&mut self, id: &str, reply: Option<Vec<u8>>) -> Result<bool> {
        match self.op(id).await? {
            Some(now) if !matches!(now.state, OpState::Done | OpState::Refused) => {
                self.settle_op(&now, OpState::Done, None, reply, None).await
            }
            _ => Ok(false),
        }
    }

    /// Operations in a state, oldest first.
    pub async fn ops_in(&mut self, state: OpState, limit: i64) -> Result<Vec<OpRow>> {
        let query = self
            .sql("SELECT * FROM carrier_op WHERE state = $1 ORDER BY created_at, id LIMIT $2")
            .bind(state.as_str())
            .bind(limit);
        self.all(query).await?.iter().map(op).collect()
    }

    /// Operations, newest first.
    pub async fn operations(&mut self, filter: &OperationFilter) -> Result<Vec<OpRow>> {
        let words: Vec<&str> = filter.kinds.iter().map(|kind| kind.as_str()).collect();
        let query = self
            .sql(
                "SELECT * FROM carrier_op WHERE ($1 = '' OR tenant = $1) AND ($2 = '' OR state = $2) \
                 AND ($3 = '' OR $3 LIKE '%|' || kind || '|%') ORDER BY created_at DESC, id DESC LIMIT $4",
            )
            .bind(filter.tenant.clone().unwrap_or_default())
            .bind(filter.state.map(OpState::as_str).unwrap_or_default())
            .bind(if words.is_empty() { String::new() } else { format!("|{}|", words.join("|")) })
            .bind(if filter.limit <= 0 { 100 } else { filter.limit });
        self.all(query).await?.iter().map(op).collect()
    }

    /// Prepares an operation once more, after a person said that it was not made. False when somebody else changed it.
    pub(crate) async fn prepare_again(&mut self, row: &OpRow) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE carrier_op SET state = 'prepared', epoch = epoch + 1, checks = 0, sent_at = NULL, attention = NULL, \
                 next_check_at = {now}, version = version + 1, updated_at = {now} WHERE id = $1 AND epoch = $2",
            )
            .bind(row.new.id.clone())
            .bind(row.epoch);
        if self.run(update).await? != 1 {
            return Ok(false);
        }
        let kind = format!("{}.prepared", row.new.kind);
        let payload = serde_json::json!({ "target": row.new.target, "by": "operator" });
        self.event(&row.new.tenant, &row.new.id, row.version + 1, &kind, &payload).await?;
        Ok(true)
    }
}
