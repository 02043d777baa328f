//! Brings the schema up to date. Migrations keep data, and one that was applied never changes.

use sha2::{Digest, Sha256};
use sqlx::{Executor, Row};

use super::{Db, Dialect, Result, Store, StoreError};

struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($( $version:literal $name:literal ),+ $(,)?) => {
        const MIGRATIONS: &[Migration] = &[ $( Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        } ),+ ];
    };
}

migrations! { 1 "0001_purchase", 2 "0002_ledger", 3 "0003_tenant", 4 "0004_manifest", 5 "0005_sign_in" }

/// The newest version of the schema that this program knows.
pub(crate) const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

impl Store {
    /// Applies migrations up to a version; tests use it to start from an earlier one.
    pub(super) async fn migrate_to(&self, target: i64) -> Result<()> {
        self.write(move |mut db| {
            Box::pin(async move {
                prepare(&mut db).await?;
                for migration in MIGRATIONS.iter().filter(|migration| migration.version <= target) {
                    apply(&mut db, migration).await?;
                }
                refuse_newer(&mut db).await
            })
        })
        .await
    }

    /// Version of the schema in the database.
    pub async fn schema_version(&self) -> Result<i64> {
        self.read(|mut db| {
            Box::pin(async move {
                let query = db.sql("SELECT COALESCE(MAX(version), 0) FROM waybill_schema");
                match db.one(query).await? {
                    Some(row) => Ok(row.try_get(0)?),
                    None => Ok(0),
                }
            })
        })
        .await
    }
}

async fn prepare(db: &mut Db<'_>) -> Result<()> {
    if db.dialect == Dialect::Postgres {
        // Two replicas may start at the same time.
        db.conn.execute("SELECT pg_advisory_xact_lock(7261726462)").await?;
    }
    let table = "CREATE TABLE IF NOT EXISTS waybill_schema \
                 (version BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)";
    db.conn.execute(table).await?;
    Ok(())
}

async fn apply(db: &mut Db<'_>, migration: &Migration) -> Result<()> {
    let text = match db.dialect {
        Dialect::Sqlite => migration.sqlite,
        Dialect::Postgres => migration.postgres,
    };
    let sum = crate::seal::hex(&Sha256::digest(text.as_bytes()));
    let known = db.sql("SELECT sha256 FROM waybill_schema WHERE version = $1").bind(migration.version);
    if let Some(row) = db.one(known).await? {
        let applied: String = row.try_get(0)?;
        return if applied == sum {
            Ok(())
        } else {
            Err(StoreError::Migration(format!(
                "migration {} was applied in another form than this program holds; use the program that made the database",
                migration.name
            )))
        };
    }
    db.conn.execute(sqlx::raw_sql(text)).await.map_err(|error| {
        StoreError::Migration(format!("migration {} cannot be applied: {error}", migration.name))
    })?;
    let row = db
        .sql("INSERT INTO waybill_schema (version, name, sha256, applied_at) VALUES ($1, $2, $3, {now})")
        .bind(migration.version)
        .bind(migration.name)
        .bind(sum);
    db.run(row).await?;
    Ok(())
}

async fn refuse_newer(db: &mut Db<'_>) -> Result<()> {
    let query = db.sql("SELECT COALESCE(MAX(version), 0) FROM waybill_schema");
    let newest: i64 = match db.one(query).await? {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    if newest > NEWEST {
        return Err(StoreError::Migration(format!(
            "the database has schema version {newest}, this program knows {NEWEST}: use a newer program"
        )));
    }
    Ok(())
}
