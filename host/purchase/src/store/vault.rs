//! Counters, spend caps, sealed credentials, and what the installation knows of itself.

use sqlx::Row;
use sqlx::any::AnyRow;
use waybill_core::{Currency, Money};

use super::purchases::Reservation;
use super::rows::PurchaseRow;
use super::{Db, Result};

/// Most that a tenant may spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendCap {
    /// Currency that it is for. A tenant with a cap may spend in the currencies of its caps only.
    pub currency: Currency,
    /// Most for one label, in minor units.
    pub per_label_minor: Option<i64>,
    /// Most for one day (UTC), in minor units.
    pub per_day_minor: Option<i64>,
}

/// A stored credential, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialInfo {
    /// Tenant.
    pub tenant: String,
    /// Account.
    pub account: String,
    /// Carrier.
    pub carrier: String,
    /// When it was first stored, in milliseconds since 1970.
    pub created_at: i64,
    /// When it last changed.
    pub updated_at: i64,
}

fn credential_info(row: &AnyRow) -> Result<CredentialInfo> {
    Ok(CredentialInfo {
        tenant: row.try_get(0)?,
        account: row.try_get(1)?,
        carrier: row.try_get(2)?,
        created_at: row.try_get(3)?,
        updated_at: row.try_get(4)?,
    })
}

fn in_major(minor: i64, currency: &str) -> String {
    currency.parse::<Currency>().map_or_else(
        |_| format!("{minor} {currency}"),
        |currency| Money::from_minor(minor, currency).to_string(),
    )
}

impl Db<'_> {
    /// Takes `count` numbers that are given once only; the first one is returned.
    pub async fn take_sequence(&mut self, name: &str, count: i64) -> Result<i64> {
        let upsert = self
            .sql(
                "INSERT INTO counter (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = counter.value + $2 \
                 RETURNING value",
            )
            .bind(name.to_owned())
            .bind(count);
        let end: i64 = self.one(upsert).await?.map(|row| row.try_get(0)).transpose()?.unwrap_or(count);
        Ok(end - count)
    }

    /// Sets a tenant's cap for a currency.
    pub async fn set_cap(&mut self, tenant: &str, cap: &SpendCap) -> Result<()> {
        let upsert = self
            .sql(
                "INSERT INTO spend_cap (tenant, currency, per_label_minor, per_day_minor) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (tenant, currency) DO UPDATE SET per_label_minor = excluded.per_label_minor, \
                 per_day_minor = excluded.per_day_minor",
            )
            .bind(tenant.to_owned())
            .bind(cap.currency.to_string())
            .bind(cap.per_label_minor)
            .bind(cap.per_day_minor);
        self.run(upsert).await.map(drop)
    }

    /// Puts a tenant's caps in the place of those that it had.
    pub async fn set_caps(&mut self, tenant: &str, caps: &[SpendCap]) -> Result<()> {
        let delete = self.sql("DELETE FROM spend_cap WHERE tenant = $1").bind(tenant.to_owned());
        self.run(delete).await?;
        for cap in caps {
            self.set_cap(tenant, cap).await?;
        }
        Ok(())
    }

    /// A tenant's caps.
    pub async fn caps(&mut self, tenant: &str) -> Result<Vec<SpendCap>> {
        let query = self
            .sql("SELECT currency, per_label_minor, per_day_minor FROM spend_cap WHERE tenant = $1 ORDER BY currency")
            .bind(tenant.to_owned());
        let cap = |row: &AnyRow| {
            let currency: String = row.try_get(0)?;
            Ok(SpendCap {
                currency: currency.parse().map_err(|_| super::StoreError::Corrupt(currency))?,
                per_label_minor: row.try_get(1)?,
                per_day_minor: row.try_get(2)?,
            })
        };
        self.all(query).await?.iter().map(cap).collect()
    }

    /// Holds an amount against the day's cap: the day, or why not. `None` for a tenant without caps.
    pub(crate) async fn hold(
        &mut self,
        tenant: &str,
        caps: &[SpendCap],
        want: &Reservation,
    ) -> Result<Result<Option<String>, String>> {
        if caps.is_empty() {
            return Ok(Ok(None));
        }
        let Some(cap) = caps.iter().find(|cap| cap.currency.to_string() == want.currency) else {
            return Ok(Err(format!("spending is capped, and no cap allows {}", want.currency)));
        };
        if let Some(most) = cap.per_label_minor.filter(|most| want.minor > *most) {
            return Ok(Err(format!("a label may cost at most {}", in_major(most, &want.currency))));
        }
        let today = self.today().await?;
        let most = cap.per_day_minor.unwrap_or(i64::MAX);
        let start = self
            .sql("INSERT INTO spend_day (tenant, currency, day, used_minor) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING")
            .bind(tenant.to_owned())
            .bind(want.currency.clone())
            .bind(today.clone());
        self.run(start).await?;
        let add = self
            .sql(
                "UPDATE spend_day SET used_minor = used_minor + $1 \
                 WHERE tenant = $2 AND currency = $3 AND day = $4 AND used_minor <= $5 - $1",
            )
            .bind(want.minor)
            .bind(tenant.to_owned())
            .bind(want.currency.clone())
            .bind(today.clone())
            .bind(most);
        if self.run(add).await? == 1 {
            return Ok(Ok(Some(today)));
        }
        Ok(Err(format!("the day's cap of {} would be passed", in_major(most, &want.currency))))
    }

    async fn today(&mut self) -> Result<String> {
        let now = self.now().await?;
        Ok(chrono::DateTime::from_timestamp_millis(now)
            .map(|at| at.format("%Y-%m-%d").to_string())
            .unwrap_or_default())
    }

    /// Gives back what a purchase that cost nothing held.
    pub(crate) async fn release(&mut self, row: &PurchaseRow) -> Result<()> {
        self.adjust_held(row, -row.reserved_minor).await
    }

    /// Adds to what a purchase holds, when the carrier charged another amount than was quoted.
    pub(crate) async fn adjust_held(&mut self, row: &PurchaseRow, minor: i64) -> Result<()> {
        let (Some(currency), Some(day)) = (&row.reserved_currency, &row.reserved_day) else { return Ok(()) };
        let update = self
            .sql("UPDATE spend_day SET used_minor = used_minor + $1 WHERE tenant = $2 AND currency = $3 AND day = $4")
            .bind(minor)
            .bind(row.tenant.clone())
            .bind(currency.clone())
            .bind(day.clone());
        self.run(update).await?;
        let keep = self
            .sql("UPDATE purchase SET reserved_minor = reserved_minor + $1 WHERE id = $2")
            .bind(minor)
            .bind(row.id.clone());
        self.run(keep).await.map(drop)
    }

    /// What was spent against the cap on a day (`2026-11-22`), in minor units.
    pub async fn spent_on(&mut self, tenant: &str, currency: &str, day: &str) -> Result<i64> {
        let query = self
            .sql("SELECT used_minor FROM spend_day WHERE tenant = $1 AND currency = $2 AND day = $3")
            .bind(tenant.to_owned())
            .bind(currency.to_owned())
            .bind(day.to_owned());
        Ok(self.one(query).await?.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
    }

    /// A number that the installation keeps.
    pub(crate) async fn meta(&mut self, name: &str) -> Result<Option<(i64, Option<String>)>> {
        let query = self.sql("SELECT value, detail FROM meta WHERE name = $1").bind(name.to_owned());
        self.one(query).await?.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    /// Raises a number that the installation keeps, at least to `floor`, and returns it.
    pub(crate) async fn raise_meta(&mut self, name: &str, floor: i64, detail: Option<&str>) -> Result<i64> {
        let upsert = self
            .sql(
                "INSERT INTO meta (name, value, detail) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
                 value = CASE WHEN meta.value + 1 > $2 THEN meta.value + 1 ELSE $2 END, detail = COALESCE(meta.detail, $3) \
                 RETURNING value",
            )
            .bind(name.to_owned())
            .bind(floor)
            .bind(detail.map(str::to_owned));
        Ok(self.one(upsert).await?.map(|row| row.try_get(0)).transpose()?.unwrap_or(floor))
    }

    pub(crate) async fn forget_meta(&mut self, name: &str) -> Result<()> {
        let delete = self.sql("DELETE FROM meta WHERE name = $1").bind(name.to_owned());
        self.run(delete).await.map(drop)
    }

    pub(crate) async fn put_sealed_credential(
        &mut self,
        tenant: &str,
        account: &str,
        carrier: &str,
        sealed: Vec<u8>,
    ) -> Result<()> {
        let upsert = self
            .sql(
                "INSERT INTO credential (tenant, account, carrier, sealed, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, {now}, {now}) ON CONFLICT (tenant, account) DO UPDATE SET \
                 sealed = excluded.sealed, carrier = excluded.carrier, updated_at = excluded.updated_at",
            )
            .bind(tenant.to_owned())
            .bind(account.to_owned())
            .bind(carrier.to_owned())
            .bind(sealed);
        self.run(upsert).await.map(drop)
    }

    pub(crate) async fn sealed_credential(
        &mut self,
        tenant: &str,
        account: &str,
    ) -> Result<Option<(CredentialInfo, Vec<u8>)>> {
        let query = self
            .sql(
                "SELECT tenant, account, carrier, created_at, updated_at, sealed FROM credential \
                 WHERE tenant = $1 AND account = $2",
            )
            .bind(tenant.to_owned())
            .bind(account.to_owned());
        self.one(query).await?.map(|row| Ok((credential_info(&row)?, row.try_get(5)?))).transpose()
    }

    /// The stored credentials of a tenant, or of all, without their content.
    pub async fn credentials(&mut self, tenant: Option<&str>) -> Result<Vec<CredentialInfo>> {
        let query = self
            .sql(
                "SELECT tenant, account, carrier, created_at, updated_at FROM credential \
                 WHERE $1 = 0 OR tenant = $2 ORDER BY tenant, account",
            )
            .bind(i64::from(tenant.is_some()))
            .bind(tenant.unwrap_or_default().to_owned());
        self.all(query).await?.iter().map(credential_info).collect()
    }

    /// Forgets a stored credential. False when there was none.
    pub async fn remove_credential(&mut self, tenant: &str, account: &str) -> Result<bool> {
        let delete = self
            .sql("DELETE FROM credential WHERE tenant = $1 AND account = $2")
            .bind(tenant.to_owned())
            .bind(account.to_owned());
        Ok(self.run(delete).await? == 1)
    }

    /// Keeps a sign-in until it ends, and forgets those that ended.
    pub(crate) async fn put_sign_in(
        &mut self,
        id: &str,
        tenant: &str,
        sealed: Vec<u8>,
        milliseconds: i64,
    ) -> Result<()> {
        let ended = self.sql("DELETE FROM sign_in WHERE expires_at <= {now}");
        self.run(ended).await?;
        let insert = self
            .sql("INSERT INTO sign_in (id, tenant, sealed, expires_at) VALUES ($1, $2, $3, {now} + $4)")
            .bind(id.to_owned())
            .bind(tenant.to_owned())
            .bind(sealed)
            .bind(milliseconds);
        self.run(insert).await.map(drop)
    }

    /// Takes a sign-in away: whoever gets it is the only one.
    pub(crate) async fn take_sign_in(&mut self, id: &str, tenant: &str) -> Result<Option<(Vec<u8>, bool)>> {
        let take = self
            .sql("DELETE FROM sign_in WHERE id = $1 AND tenant = $2 RETURNING sealed, expires_at - {now}")
            .bind(id.to_owned())
            .bind(tenant.to_owned());
        let row = self.one(take).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get::<i64, _>(1)? > 0))).transpose()
    }
}
