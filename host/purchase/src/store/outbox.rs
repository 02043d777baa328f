//! Events: written in the transaction of the change they tell of, read in order, at least once.

use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::{Change, Db, Result, Store, StoreError};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique; a receiver that has seen it ignores it.
    pub id: String,
    /// Place in the feed; ask for what comes after it.
    pub position: i64,
    /// Tenant.
    pub tenant: String,
    /// Purchase or operation that it is about.
    pub subject: String,
    /// Number within the subject, from 1, without gaps.
    pub n: i64,
    /// What happened: `purchase.bought`.
    pub kind: String,
    /// More about it; no addresses and no names.
    pub payload: serde_json::Value,
    /// When, in milliseconds since 1970 on the database's clock.
    pub at: i64,
}

/// An event, to be written with the change that it tells of.
pub(crate) fn event_of(
    tenant: &str,
    subject: &str,
    n: i64,
    kind: &str,
    payload: &serde_json::Value,
) -> Change {
    Change::new(
        "INSERT INTO outbox (id, tenant, subject, n, kind, payload, created_at) SELECT $1, $2, $3, $4, $5, $6, {now} WHERE {before}",
        [
            format!("{subject}.{n}").into(),
            tenant.into(),
            subject.into(),
            n.into(),
            kind.into(),
            payload.to_string().into(),
        ],
    )
}

impl Db<'_> {
    pub(crate) async fn event(
        &mut self,
        tenant: &str,
        subject: &str,
        n: i64,
        kind: &str,
        payload: &serde_json::Value,
    ) -> Result<()> {
        self.make(event_of(tenant, subject, n, kind, payload)).await.map(drop)
    }

    /// Gives waiting events their place in the feed. A transaction that commits later gets a later place, so that a
    /// reader who asks for what comes after the last place that it saw misses nothing.
    async fn place_events(&mut self) -> Result<()> {
        let lock = self.sql(
            "INSERT INTO counter (name, value) VALUES ('outbox', 0) ON CONFLICT (name) DO UPDATE SET value = counter.value \
             RETURNING value",
        );
        let mut position: i64 = match self.one(lock).await? {
            Some(row) => row.try_get(0)?,
            None => 0,
        };
        let waiting = self
            .sql("SELECT id FROM outbox WHERE position IS NULL ORDER BY created_at, subject, n LIMIT 1000");
        for row in self.all(waiting).await? {
            position += 1;
            let id: String = row.try_get(0)?;
            let update = self.sql("UPDATE outbox SET position = $1 WHERE id = $2").bind(position).bind(id);
            self.run(update).await?;
        }
        let keep = self.sql("UPDATE counter SET value = $1 WHERE name = 'outbox'").bind(position);
        self.run(keep).await.map(drop)
    }

    /// Events of one subject, in order.
    pub async fn events_of(&mut self, subject: &str) -> Result<Vec<Event>> {
        let query = self.sql("SELECT * FROM outbox WHERE subject = $1 ORDER BY n").bind(subject.to_owned());
        self.all(query).await?.iter().map(event).collect()
    }
}

fn event(row: &sqlx::any::AnyRow) -> Result<Event> {
    let payload: String = row.try_get("payload")?;
    Ok(Event {
        id: row.try_get("id")?,
        position: row.try_get::<Option<i64>, _>("position")?.unwrap_or(0),
        tenant: row.try_get("tenant")?,
        subject: row.try_get("subject")?,
        n: row.try_get("n")?,
        kind: row.try_get("kind")?,
        payload: serde_json::from_str(&payload).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        at: row.try_get("created_at")?,
    })
}

impl Store {
    /// Events after a place in the feed, of all tenants or one.
    pub async fn events(&self, tenant: Option<&str>, after: i64, limit: i64) -> Result<Vec<Event>> {
        self.write(|mut db| Box::pin(async move { db.place_events().await })).await?;
        let tenant = tenant.unwrap_or_default().to_owned();
        self.read(|mut db| {
            Box::pin(async move {
                let query = db
                    .sql(
                        "SELECT * FROM outbox WHERE position > $1 AND ($2 = '' OR tenant = $2) ORDER BY position LIMIT $3",
                    )
                    .bind(after)
                    .bind(tenant)
                    .bind(limit.clamp(1, 1000));
                db.all(query).await?.iter().map(event).collect()
            })
        })
        .await
    }
}
