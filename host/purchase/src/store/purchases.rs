//! Purchases: D1, reading, changing state.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use waybill_core::Money;

use super::attempts::NewAttempt;
use super::rows::{AttemptRow, PurchaseRow, PurchaseState};
use super::{Db, Result, StoreError};

/// A purchase to be written down (D1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewPurchase {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant: String,
    /// Route of the idempotency key.
    pub route: String,
    /// Idempotency key of the caller; `None` for the further purchases of a group.
    pub key: Option<String>,
    /// Fingerprint of what was asked.
    pub fingerprint: String,
    /// Key of the package.
    pub business_key: String,
    /// A further label for the package is wanted knowingly.
    pub allow_additional: bool,
    /// Group.
    pub group_id: String,
    /// First parcel, from 0.
    pub parcel: i64,
    /// Parcels.
    pub parcels: i64,
    /// Carrier.
    pub carrier: String,
    /// Account.
    pub account: String,
    /// Environment of the account.
    pub environment: String,
    /// Service.
    pub service: String,
    /// Quoted price.
    pub quoted: Option<Money>,
    /// Most that may be paid.
    pub max_price: Option<Money>,
    /// Policy, as JSON.
    pub policy: String,
    /// The order, sealed.
    #[serde(with = "super::in_base64")]
    pub order_sealed: Vec<u8>,
    /// First attempt.
    pub attempt: NewAttempt,
}

/// What D1 found.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// Written down.
    New(Box<Fresh>),
    /// The key was used before for the same thing.
    Known {
        /// Group that the key stands for.
        group: String,
    },
    /// The key was used before for something else.
    KeyReused {
        /// What it stands for.
        group: String,
    },
    /// The package has a live purchase.
    Duplicate {
        /// That purchase.
        purchase: String,
        /// Where it stands.
        state: PurchaseState,
    },
    /// A cap forbids it.
    OverCap {
        /// What is left in the words of the cap.
        message: String,
    },
}

/// What D1 wrote, as the database has it.
#[derive(Debug, Clone)]
pub struct Fresh {
    /// The purchase.
    pub row: PurchaseRow,
    /// Its first attempt.
    pub attempt: AttemptRow,
}

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct PurchaseFilter {
    /// Only this tenant.
    pub tenant: Option<String>,
    /// Only this state.
    pub state: Option<PurchaseState>,
    /// Only this business key.
    pub business_key: Option<String>,
    /// Only this group.
    pub group: Option<String>,
    /// Only those that have a label with this number.
    pub tracking: Option<String>,
    /// Written down at or after this time (milliseconds since 1970).
    pub since: Option<i64>,
    /// At most this many; 100 when 0.
    pub limit: i64,
}

/// A change of a purchase.
#[derive(Debug, Clone, Default)]
pub(crate) struct PurchaseChange {
    pub state: Option<PurchaseState>,
    pub charged: Option<Money>,
    pub settlement: Option<String>,
    /// `Some(None)` clears it.
    pub attention: Option<Option<String>>,
    pub failure: Option<String>,
    pub current_attempt: Option<i64>,
    pub resolve_deadline: Option<i64>,
}

/// What a purchase holds against the cap of its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub currency: String,
    pub minor: i64,
}

/// Minor units, rounded up: a cap is never passed by a fraction.
pub(crate) fn reservation(price: &Money) -> Reservation {
    let scale = rust_decimal::Decimal::from(10_i64.pow(price.currency.decimals().unwrap_or(2)));
    let minor = price.amount.checked_mul(scale).map(|minor| minor.ceil());
    let minor = minor.and_then(|minor| i64::try_from(minor).ok()).unwrap_or(i64::MAX / 4);
    Reservation { currency: price.currency.to_string(), minor }
}

impl Db<'_> {
    /// D1: the key, the purchase, its first attempt and the event, or why not.
    pub async fn accept(&mut self, new: &NewPurchase) -> Result<Accepted> {
        if let Some(key) = &new.key
            && let Some(known) = self.claim_key(new, key).await?
        {
            return Ok(known);
        }
        let additional = if new.allow_additional { self.next_additional(new).await? } else { 0 };
        let reserved = match self.reserve(new).await? {
            Ok(reserved) => reserved,
            Err(message) => return Ok(Accepted::OverCap { message }),
        };
        self.write_down(new, additional, &reserved).await
    }

    /// D1 once more, for a purchase that the database forgot: no cap refuses what was accepted before, and another live
    /// purchase of the package is no reason to forget this one.
    pub(crate) async fn accept_again(&mut self, new: &NewPurchase) -> Result<Accepted> {
        if let Some(key) = &new.key
            && let Some(known) = self.claim_key(new, key).await?
        {
            return Ok(known);
        }
        match self.write_down(new, 0, &Held::default()).await? {
            Accepted::Duplicate { .. } => {
                let additional = self.next_additional(new).await?;
                self.write_down(new, additional, &Held::default()).await
            }
            other => Ok(other),
        }
    }

    async fn write_down(&mut self, new: &NewPurchase, additional: i64, held: &Held) -> Result<Accepted> {
        let Some(at) = self.insert_purchase(new, additional, held).await? else {
            return self.live_purchase(&new.tenant, &new.business_key).await;
        };
        self.insert_attempt(&new.attempt).await?;
        self.event(&new.tenant, &new.id, 1, "purchase.accepted", &serde_json::json!({
            "business_key": new.business_key, "carrier": new.carrier, "account": new.account, "service": new.service,
        }))
        .await?;
        Ok(Accepted::New(Box::new(Fresh {
            row: fresh_row(new, additional, held, at),
            attempt: new.attempt.fresh()?,
        })))
    }

    async fn claim_key(&mut self, new: &NewPurchase, key: &str) -> Result<Option<Accepted>> {
        let insert = self
            .sql(
                "INSERT INTO idempotency (tenant, route, idem_key, fingerprint, target, created_at) \
                 VALUES ($1, $2, $3, $4, $5, {now}) ON CONFLICT DO NOTHING",
            )
            .bind(new.tenant.clone())
            .bind(new.route.clone())
            .bind(key.to_owned())
            .bind(new.fingerprint.clone())
            .bind(new.group_id.clone());
        if self.run(insert).await? == 1 {
            return Ok(None);
        }
        let (group, fingerprint) = self
            .key(&new.tenant, &new.route, key)
            .await?
            .ok_or_else(|| StoreError::Corrupt("an idempotency key is taken and cannot be read".into()))?;
        Ok(Some(if fingerprint == new.fingerprint {
            Accepted::Known { group }
        } else {
            Accepted::KeyReused { group }
        }))
    }

    /// What an idempotency key stands for: target and fingerprint.
    pub async fn key(&mut self, tenant: &str, route: &str, key: &str) -> Result<Option<(String, String)>> {
        let query = self
            .sql("SELECT target, fingerprint FROM idempotency WHERE tenant = $1 AND route = $2 AND idem_key = $3")
            .bind(tenant.to_owned())
            .bind(route.to_owned())
            .bind(key.to_owned());
        let row = self.one(query).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// From 1: 0 is the place of the purchase that was not asked for as an additional one.
    async fn next_additional(&mut self, new: &NewPurchase) -> Result<i64> {
        let query = self
            .sql("SELECT COALESCE(MAX(additional), 0) + 1 FROM purchase WHERE tenant = $1 AND business_key = $2")
            .bind(new.tenant.clone())
            .bind(new.business_key.clone());
        Ok(self.one(query).await?.map(|row| row.try_get::<i64, _>(0)).transpose()?.unwrap_or(0))
    }

    async fn live_purchase(&mut self, tenant: &str, key: &str) -> Result<Accepted> {
        let query = self
            .sql(
                "SELECT id, state FROM purchase WHERE tenant = $1 AND business_key = $2 \
                 AND state NOT IN ('rejected', 'failed', 'voided') ORDER BY additional LIMIT 1",
            )
            .bind(tenant.to_owned())
            .bind(key.to_owned());
        match self.one(query).await? {
            Some(row) => {
                let state: String = row.try_get(1)?;
                let state = PurchaseState::parse(&state).ok_or(StoreError::Corrupt(state))?;
                Ok(Accepted::Duplicate { purchase: row.try_get(0)?, state })
            }
            // It was live a moment ago and was given up since: the caller asks again.
            None => Err(StoreError::Down("another purchase of this package just ended; ask again".into())),
        }
    }

    /// When it was written down; `None` when the package has a live purchase.
    async fn insert_purchase(
        &mut self,
        new: &NewPurchase,
        additional: i64,
        held: &Held,
    ) -> Result<Option<i64>> {
        let insert = self
            .sql(
                "INSERT INTO purchase (id, tenant, business_key, additional, group_id, parcel, parcels, state, carrier, \
                 account, environment, service, quoted, max_price, reserved_minor, reserved_currency, reserved_day, \
                 policy, order_sealed, current_attempt, version, created_at, updated_at) \
                 SELECT $1, $2, $3, $4, $5, $6, $7, 'accepted', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1, \
                 1, {now}, {now} WHERE $4 > 0 OR NOT EXISTS (SELECT 1 FROM purchase WHERE tenant = $2 \
                 AND business_key = $3 AND state NOT IN ('rejected', 'failed', 'voided')) ON CONFLICT DO NOTHING \
                 RETURNING created_at",
            )
            .bind(new.id.clone())
            .bind(new.tenant.clone())
            .bind(new.business_key.clone())
            .bind(additional)
            .bind(new.group_id.clone())
            .bind(new.parcel)
            .bind(new.parcels)
            .bind(new.carrier.clone())
            .bind(new.account.clone())
            .bind(new.environment.clone())
            .bind(new.service.clone())
            .bind(new.quoted.map(text))
            .bind(new.max_price.map(text))
            .bind(held.minor)
            .bind(held.currency.clone())
            .bind(held.day.clone())
            .bind(new.policy.clone())
            .bind(new.order_sealed.clone());
        Ok(self.one(insert).await?.map(|row| row.try_get(0)).transpose()?)
    }

    async fn reserve(&mut self, new: &NewPurchase) -> Result<Result<Held, String>> {
        let caps = self.caps(&new.tenant).await?;
        let Some(price) = &new.quoted else {
            return Ok(match caps.is_empty() {
                true => Ok(Held::default()),
                false => {
                    Err("a spend cap is set, and the purchase names no quoted price to hold against it"
                        .into())
                }
            });
        };
        let wanted = reservation(price);
        match self.hold(&new.tenant, &caps, &wanted).await? {
            Ok(day) => Ok(Ok(Held { minor: wanted.minor, currency: Some(wanted.currency), day })),
            Err(message) => Ok(Err(message)),
        }
    }

    /// A purchase by its id.
    pub async fn purchase(&mut self, id: &str) -> Result<Option<PurchaseRow>> {
        let query = self.sql("SELECT * FROM purchase WHERE id = $1").bind(id.to_owned());
        self.one(query).await?.map(|row| PurchaseRow::from_row(&row)).transpose()
    }

    /// The purchases of a group, in the order of their parcels.
    pub async fn group(&mut self, group: &str) -> Result<Vec<PurchaseRow>> {
        let query = self
            .sql("SELECT * FROM purchase WHERE group_id = $1 ORDER BY parcel, created_at, id")
            .bind(group.to_owned());
        self.all(query).await?.iter().map(PurchaseRow::from_row).collect()
    }

    /// Purchases, newest first.
    pub async fn purchases(&mut self, filter: &PurchaseFilter) -> Result<Vec<PurchaseRow>> {
        let limit = if filter.limit <= 0 { 100 } else { filter.limit };
        let query = self
            .sql(
                "SELECT * FROM purchase WHERE ($1 = '' OR tenant = $1) AND ($2 = '' OR state = $2) \
                 AND ($3 = '' OR business_key = $3) AND ($4 = '' OR group_id = $4) AND created_at >= $5 \
                 AND ($6 = '' OR id IN (SELECT purchase_id FROM label WHERE tracking = $6)) \
                 ORDER BY created_at DESC, id DESC LIMIT $7",
            )
            .bind(filter.tenant.clone().unwrap_or_default())
            .bind(filter.state.map(PurchaseState::as_str).unwrap_or_default())
            .bind(filter.business_key.clone().unwrap_or_default())
            .bind(filter.group.clone().unwrap_or_default())
            .bind(filter.since.unwrap_or(0))
            .bind(filter.tracking.clone().unwrap_or_default())
            .bind(limit);
        self.all(query).await?.iter().map(PurchaseRow::from_row).collect()
    }

    /// Changes a purchase if it is still in the version that was read. False when somebody was faster.
    pub(crate) async fn change_purchase(
        &mut self,
        row: &PurchaseRow,
        change: &PurchaseChange,
        event: &str,
        payload: &serde_json::Value,
    ) -> Result<bool> {
        let update = self
            .sql(
                "UPDATE purchase SET state = $1, charged = COALESCE($2, charged), settlement = COALESCE($3, settlement), \
                 attention = $4, failure = COALESCE($5, failure), current_attempt = $6, \
                 resolve_deadline = COALESCE($7, resolve_deadline), version = version + 1, updated_at = {now} \
                 WHERE id = $8 AND version = $9",
            )
            .bind(change.state.unwrap_or(row.state).as_str())
            .bind(change.charged.map(text))
            .bind(change.settlement.clone())
            .bind(change.attention.clone().unwrap_or_else(|| row.attention.clone()))
            .bind(change.failure.clone())
            .bind(change.current_attempt.unwrap_or(row.current_attempt))
            .bind(change.resolve_deadline)
            .bind(row.id.clone())
            .bind(row.version);
        if self.run(update).await? != 1 {
            return Ok(false);
        }
        let leaves = |state: PurchaseState| {
            matches!(state, PurchaseState::Rejected | PurchaseState::Failed | PurchaseState::Voided)
        };
        if change.state.is_some_and(leaves) && !leaves(row.state) {
            self.release(row).await?;
        }
        self.event(&row.tenant, &row.id, row.version + 1, event, payload).await?;
        Ok(true)
    }
}

impl Db<'_> {
    /// Like [`Db::change_purchase`] inside a transaction that read the row itself: a lost race undoes the transaction.
    pub(crate) async fn must_change(
        &mut self,
        row: &PurchaseRow,
        change: &PurchaseChange,
        event: &str,
        payload: &serde_json::Value,
    ) -> Result<()> {
        match self.change_purchase(row, change, event, payload).await? {
            true => Ok(()),
            false => {
                Err(StoreError::Down("the purchase was changed by somebody else at the same moment".into()))
            }
        }
    }
}

/// A purchase as it stands right after D1.
fn fresh_row(new: &NewPurchase, additional: i64, held: &Held, at: i64) -> PurchaseRow {
    PurchaseRow {
        id: new.id.clone(),
        tenant: new.tenant.clone(),
        business_key: new.business_key.clone(),
        additional,
        group_id: new.group_id.clone(),
        parcel: new.parcel,
        parcels: new.parcels,
        state: PurchaseState::Accepted,
        carrier: new.carrier.clone(),
        account: new.account.clone(),
        environment: new.environment.clone(),
        service: new.service.clone(),
        quoted: new.quoted,
        max_price: new.max_price,
        charged: None,
        reserved_minor: held.minor,
        reserved_currency: held.currency.clone(),
        reserved_day: held.day.clone(),
        settlement: None,
        policy: new.policy.clone(),
        order_sealed: new.order_sealed.clone(),
        current_attempt: 1,
        resolve_deadline: None,
        attention: None,
        failure: None,
        version: 1,
        created_at: at,
        updated_at: at,
    }
}

#[derive(Default)]
struct Held {
    minor: i64,
    currency: Option<String>,
    day: Option<String>,
}

/// A price as the store keeps it: exact, with its currency.
pub(super) fn text(price: Money) -> String {
    format!("{} {}", price.amount, price.currency)
}

impl Db<'_> {
    /// Sets the policy of a purchase, for a person who decided.
    pub(crate) async fn set_policy(&mut self, id: &str, policy: &str) -> Result<()> {
        let update = self
            .sql("UPDATE purchase SET policy = $1 WHERE id = $2")
            .bind(policy.to_owned())
            .bind(id.to_owned());
        self.run(update).await.map(drop)
    }

    /// Claims an idempotency key of a route for an operation: `None` when it was free, else target and fingerprint.
    pub(crate) async fn claim_route_key(
        &mut self,
        tenant: &str,
        route: &str,
        key: &str,
        fingerprint: &str,
        target: &str,
    ) -> Result<Option<(String, String)>> {
        let insert = self
            .sql(
                "INSERT INTO idempotency (tenant, route, idem_key, fingerprint, target, created_at) \
                 VALUES ($1, $2, $3, $4, $5, {now}) ON CONFLICT DO NOTHING",
            )
            .bind(tenant.to_owned())
            .bind(route.to_owned())
            .bind(key.to_owned())
            .bind(fingerprint.to_owned())
            .bind(target.to_owned());
        if self.run(insert).await? == 1 {
            return Ok(None);
        }
        self.key(tenant, route, key).await
    }

    /// Groups of which a part was sold and a part was not, or a shipment was sold in part, and nothing was done about it.
    pub(crate) async fn mixed_groups(&mut self, limit: i64) -> Result<Vec<String>> {
        let query = self
            .sql(
                "SELECT DISTINCT p.group_id FROM purchase p WHERE p.created_at > {now} - 172800000 AND ( \
                 (p.state = 'partial' AND p.policy LIKE '%\"complete\"%') OR \
                 (p.state IN ('bought', 'bought_no_label', 'partial') AND p.policy LIKE '%\"void_all\"%' AND EXISTS \
                 (SELECT 1 FROM purchase q WHERE q.group_id = p.group_id AND q.state IN ('rejected', 'failed')))) LIMIT $1",
            )
            .bind(limit);
        self.all(query).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}
