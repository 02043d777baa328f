//! Purchases: D1, reading, changing state.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use waybill_core::Money;

use super::attempts::NewAttempt;
use super::outbox::event_of;
use super::rows::{AttemptRow, PurchaseRow, PurchaseState};
use super::{Chain, Change, Db, Result, Store, StoreError};

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

/// Claims an idempotency key, if it is free. Its parts: tenant, route, key, fingerprint of what is asked, what it stands for.
fn key_of(parts: [&str; 5]) -> Change {
    Change::new(
        "INSERT INTO idempotency (tenant, route, idem_key, fingerprint, target, created_at) \
         SELECT $1, $2, $3, $4, $5, {now} WHERE {before} ON CONFLICT DO NOTHING",
        parts.map(Into::into),
    )
}

impl NewPurchase {
    /// Writes it down, unless the package has a live purchase, or its tenant a spend cap that nothing is held against.
    fn insert(&self, additional: i64, held: &Held) -> Change {
        Change::new(
            "INSERT INTO purchase (id, tenant, business_key, additional, group_id, parcel, parcels, state, carrier, \
             account, environment, service, quoted, max_price, reserved_minor, reserved_currency, reserved_day, \
             policy, order_sealed, current_attempt, version, created_at, updated_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7, 'accepted', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 1, \
             1, {now}, {now} WHERE ($4 > 0 OR NOT EXISTS (SELECT 1 FROM purchase WHERE tenant = $2 \
             AND business_key = $3 AND state NOT IN ('rejected', 'failed', 'voided'))) \
             AND ($19 = 1 OR NOT EXISTS (SELECT 1 FROM spend_cap WHERE tenant = $2)) AND {before} ON CONFLICT DO NOTHING",
            [
                (&self.id).into(),
                (&self.tenant).into(),
                (&self.business_key).into(),
                additional.into(),
                (&self.group_id).into(),
                self.parcel.into(),
                self.parcels.into(),
                (&self.carrier).into(),
                (&self.account).into(),
                (&self.environment).into(),
                (&self.service).into(),
                self.quoted.map(text).into(),
                self.max_price.map(text).into(),
                held.minor.into(),
                (&held.currency).into(),
                (&held.day).into(),
                (&self.policy).into(),
                (&self.order_sealed).into(),
                i64::from(held.looked).into(),
            ],
        )
    }

    /// What D1 tells.
    fn event(&self) -> Change {
        let payload = serde_json::json!({
            "business_key": self.business_key, "carrier": self.carrier, "account": self.account, "service": self.service,
        });
        event_of(&self.tenant, &self.id, 1, "purchase.accepted", &payload)
    }
}

impl PurchaseChange {
    /// Changes a purchase if it is still in the version that was read.
    fn of(&self, row: &PurchaseRow) -> Change {
        Change::new(
            "UPDATE purchase SET state = $1, charged = COALESCE($2, charged), settlement = COALESCE($3, settlement), \
             attention = $4, failure = COALESCE($5, failure), current_attempt = $6, \
             resolve_deadline = COALESCE($7, resolve_deadline), version = version + 1, updated_at = {now} \
             WHERE id = $8 AND version = $9 AND {before}",
            [
                self.state.unwrap_or(row.state).as_str().into(),
                self.charged.map(text).into(),
                (&self.settlement).into(),
                self.attention.clone().unwrap_or_else(|| row.attention.clone()).into(),
                (&self.failure).into(),
                self.current_attempt.unwrap_or(row.current_attempt).into(),
                self.resolve_deadline.into(),
                (&row.id).into(),
                row.version.into(),
            ],
        )
    }
}

impl Chain {
    /// Adds a change of a purchase that leaves it live, and its event.
    pub(crate) fn purchase(
        self,
        row: &PurchaseRow,
        change: &PurchaseChange,
        event: &str,
        payload: &serde_json::Value,
    ) -> Self {
        self.then(change.of(row)).then(event_of(&row.tenant, &row.id, row.version + 1, event, payload))
    }
}

impl Store {
    /// D1 in one message, for the usual purchase: its key is new, its package has no live purchase, its tenant no spend cap.
    /// `None` when that is not so; then nothing was written, and [`Db::accept`] says what is.
    pub(crate) async fn accept_at_once(&self, new: &NewPurchase) -> Result<Option<Fresh>> {
        let Some(key) = new.key.as_ref().filter(|_| !new.allow_additional) else { return Ok(None) };
        let held = new.quoted.as_ref().map(reservation).map_or_else(Held::default, |wanted| Held {
            minor: wanted.minor,
            currency: Some(wanted.currency),
            ..Held::default()
        });
        let chain = self
            .chain()
            .then(key_of([&new.tenant, &new.route, key, &new.fingerprint, &new.group_id]))
            .then(new.insert(0, &held))
            .then(new.attempt.insert())
            .then(new.event());
        let Some(at) = self.run_chain(chain).await? else { return Ok(None) };
        Ok(Some(Fresh { row: fresh_row(new, 0, &held, at), attempt: new.attempt.fresh()? }))
    }
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
        let held = Held { looked: true, ..Held::default() };
        match self.write_down(new, 0, &held).await? {
            Accepted::Duplicate { .. } => {
                let additional = self.next_additional(new).await?;
                self.write_down(new, additional, &held).await
            }
            other => Ok(other),
        }
    }

    async fn write_down(&mut self, new: &NewPurchase, additional: i64, held: &Held) -> Result<Accepted> {
        if self.make(new.insert(additional, held)).await? != 1 {
            return self.live_purchase(&new.tenant, &new.business_key).await;
        }
        let at = self.now().await?;
        self.insert_attempt(&new.attempt).await?;
        self.make(new.event()).await?;
        Ok(Accepted::New(Box::new(Fresh {
            row: fresh_row(new, additional, held, at),
            attempt: new.attempt.fresh()?,
        })))
    }

    async fn claim_key(&mut self, new: &NewPurchase, key: &str) -> Result<Option<Accepted>> {
        if self.make(key_of([&new.tenant, &new.route, key, &new.fingerprint, &new.group_id])).await? == 1 {
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

    async fn reserve(&mut self, new: &NewPurchase) -> Result<Result<Held, String>> {
        let caps = self.caps(&new.tenant).await?;
        let Some(price) = &new.quoted else {
            return Ok(match caps.is_empty() {
                true => Ok(Held { looked: true, ..Held::default() }),
                false => {
                    Err("a spend cap is set, and the purchase names no quoted price to hold against it"
                        .into())
                }
            });
        };
        let wanted = reservation(price);
        match self.hold(&new.tenant, &caps, &wanted).await? {
            Ok(day) => {
                Ok(Ok(Held { looked: true, minor: wanted.minor, currency: Some(wanted.currency), day }))
            }
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
        if self.make(change.of(row)).await? != 1 {
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

/// What is held against the tenant's spend caps.
#[derive(Default)]
struct Held {
    /// Whether the caps were looked at.
    looked: bool,
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
        if self.make(key_of([tenant, route, key, fingerprint, target])).await? == 1 {
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
