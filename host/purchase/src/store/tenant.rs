//! What tenants have decided: accepted terms, preferences, linked and unlinked accounts.

use sqlx::Row;

use super::{Db, Result};

/// An accepted version of terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptanceRow {
    /// Carrier; empty for the operator's own terms.
    pub carrier: String,
    /// Programme.
    pub programme: String,
    /// Version.
    pub version: String,
    /// Who accepted it. Personal data.
    pub accepted_by: String,
    /// When, in milliseconds since 1970.
    pub accepted_at: i64,
}

/// That an account was linked or unlinked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    /// Account.
    pub account: String,
    /// Carrier.
    pub carrier: String,
    /// `linked`, `renewed` or `unlinked`.
    pub what: String,
    /// When, in milliseconds since 1970 on the database's clock.
    pub at: i64,
}

impl Db<'_> {
    /// Keeps an acceptance. A second one of the same version changes nothing: the first one counts.
    pub async fn keep_acceptance(&mut self, tenant: &str, row: &AcceptanceRow) -> Result<()> {
        let insert = self
            .sql(
                "INSERT INTO acceptance (tenant, carrier, programme, version, accepted_by, accepted_at) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, carrier, programme, version) DO NOTHING",
            )
            .bind(tenant.to_owned())
            .bind(row.carrier.clone())
            .bind(row.programme.clone())
            .bind(row.version.clone())
            .bind(row.accepted_by.clone())
            .bind(row.accepted_at);
        self.run(insert).await.map(drop)
    }

    /// What a tenant has accepted, the oldest first.
    pub async fn acceptances(&mut self, tenant: &str) -> Result<Vec<AcceptanceRow>> {
        let query = self
            .sql(
                "SELECT carrier, programme, version, accepted_by, accepted_at FROM acceptance \
                 WHERE tenant = $1 ORDER BY accepted_at, carrier, programme",
            )
            .bind(tenant.to_owned());
        let row = |row: &sqlx::any::AnyRow| {
            Ok(AcceptanceRow {
                carrier: row.try_get(0)?,
                programme: row.try_get(1)?,
                version: row.try_get(2)?,
                accepted_by: row.try_get(3)?,
                accepted_at: row.try_get(4)?,
            })
        };
        self.all(query).await?.iter().map(row).collect()
    }

    /// Keeps a setting of a tenant; an older value of the name is replaced.
    pub async fn set_tenant_setting(&mut self, tenant: &str, name: &str, value: &str) -> Result<()> {
        let upsert = self
            .sql(
                "INSERT INTO tenant_setting (tenant, name, value, updated_at) VALUES ($1, $2, $3, {now}) \
                 ON CONFLICT (tenant, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
            )
            .bind(tenant.to_owned())
            .bind(name.to_owned())
            .bind(value.to_owned());
        self.run(upsert).await.map(drop)
    }

    /// A setting of a tenant.
    pub async fn tenant_setting(&mut self, tenant: &str, name: &str) -> Result<Option<String>> {
        let query = self
            .sql("SELECT value FROM tenant_setting WHERE tenant = $1 AND name = $2")
            .bind(tenant.to_owned())
            .bind(name.to_owned());
        self.one(query).await?.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    /// Writes down that an account was linked, renewed or unlinked.
    pub async fn note_link(&mut self, tenant: &str, account: &str, carrier: &str, what: &str) -> Result<()> {
        let insert = self
            .sql("INSERT INTO account_link (tenant, account, carrier, what, at) VALUES ($1, $2, $3, $4, {now})")
            .bind(tenant.to_owned())
            .bind(account.to_owned())
            .bind(carrier.to_owned())
            .bind(what.to_owned());
        self.run(insert).await.map(drop)
    }

    /// What happened to the linked accounts of a tenant, the oldest first.
    pub async fn link_history(&mut self, tenant: &str) -> Result<Vec<LinkRow>> {
        let query = self
            .sql("SELECT account, carrier, what, at FROM account_link WHERE tenant = $1 ORDER BY at, account")
            .bind(tenant.to_owned());
        let row = |row: &sqlx::any::AnyRow| {
            Ok(LinkRow {
                account: row.try_get(0)?,
                carrier: row.try_get(1)?,
                what: row.try_get(2)?,
                at: row.try_get(3)?,
            })
        };
        self.all(query).await?.iter().map(row).collect()
    }
}
