//! The store below the engine: SQLite or PostgreSQL, one schema, the same statements.
//!
//! * **SQLite** (the embedded default): write-ahead log with `synchronous=FULL`, both asserted when it is opened. One
//!   writer takes the waiting jobs together into one transaction, each in a savepoint of its own, and answers them after
//!   the one commit, so the price of a durable commit is shared.
//! * **PostgreSQL** (15 and newer): for several replicas. `synchronous_commit` must be `on` or `remote_apply`.
//!
//! Leases use the database's clock only: `{now}` in a statement becomes milliseconds since 1970 on that clock.

mod attempts;
mod chain;
mod in_base64;
mod labels;
mod migrate;
mod ops;
mod outbox;
mod pool;
mod purchases;
mod reseal;
mod rows;
mod tenant;
mod vault;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, AssertSqlSafe, Executor, Row};

pub use attempts::{NewAttempt, NewEvidence};
pub use labels::{LabelRow, NewDocument, NewLabel, StoredDocument};
pub use ops::{NewOp, OpRow, OperationFilter};
pub use outbox::Event;
pub use purchases::{Accepted, Fresh, NewPurchase, PurchaseFilter};
pub use rows::{AttemptRow, AttemptState, LabelState, OpKind, OpState, PurchaseRow, PurchaseState};
pub use tenant::{AcceptanceRow, LinkRow};
pub use vault::{CredentialInfo, SpendCap};

pub(crate) use attempts::moved;
pub(crate) use chain::{Chain, Change};
pub(crate) use labels::Inserted;
pub(crate) use purchases::{PurchaseChange, reservation};
pub(crate) use reseal::SEALED;

/// Why the store could not do its work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database is away, full, locked or read-only. Nothing was committed.
    #[error("the database does not take the change: {0}")]
    Down(String),
    /// The connection was lost while committing: the change may or may not be there.
    #[error("the database did not say whether the change was committed: {0}")]
    CommitUnknown(String),
    /// The database is set up so that a commit may be lost, or is too old.
    #[error("the database is not safe for purchases: {0}")]
    Unsafe(String),
    /// A row cannot be understood.
    #[error("a row of the database cannot be read: {0}")]
    Corrupt(String),
    /// A sealed value cannot be opened or made.
    #[error("{0}")]
    Seal(#[from] crate::seal::SealError),
    /// A migration failed or the database is newer than this program.
    #[error("{0}")]
    Migration(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_)
            | sqlx::Error::RowNotFound => Self::Corrupt(error.to_string()),
            other => Self::Down(other.to_string()),
        }
    }
}

/// Result of the store's work.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// How much a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// One statement, which is a transaction by itself.
    One,
    /// Several, which are kept or undone together.
    Several,
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A connection with its dialect. Inside [`Store::write`] it is inside a transaction.
pub struct Db<'c> {
    conn: &'c mut AnyConnection,
    dialect: Dialect,
    /// Each statement is a transaction by itself: when its answer is lost, it may have been done.
    alone: bool,
}

pub(crate) type Query = sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>;

impl Db<'_> {
    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// A statement with `{now}` and `{skip_locked}` in the words of this database.
    pub(crate) fn sql(&self, text: &'static str) -> Query {
        sql(self.dialect, text)
    }

    pub(crate) async fn run(&mut self, query: Query) -> Result<u64> {
        let done = self.conn.execute(query).await;
        Ok(done.map_err(|error| self.failed(error))?.rows_affected())
    }

    /// The first row. The answer is read to its end all the same: PostgreSQL sends the rows of a statement that is a
    /// transaction by itself before it has committed, and a refusal of the commit comes after them.
    pub(crate) async fn one(&mut self, query: Query) -> Result<Option<sqlx::any::AnyRow>> {
        let rows = self.conn.fetch_all(query).await;
        Ok(rows.map_err(|error| self.failed(error))?.into_iter().next())
    }

    fn failed(&self, error: sqlx::Error) -> StoreError {
        match self.alone && !says_not_committed(&error) {
            true => StoreError::CommitUnknown(error.to_string()),
            false => error.into(),
        }
    }

    pub(crate) async fn all(&mut self, query: Query) -> Result<Vec<sqlx::any::AnyRow>> {
        Ok(self.conn.fetch_all(query).await?)
    }

    /// The time on the database's clock, in milliseconds since 1970.
    pub async fn now(&mut self) -> Result<i64> {
        let query = self.sql("SELECT {now}");
        Ok(self.conn.fetch_one(query).await?.try_get(0)?)
    }
}

/// Whether an error of a statement that is a transaction by itself is the database's word that nothing was kept: it refused
/// the statement. A connection that ends, or a server that is told to stop, may do so after the commit.
fn says_not_committed(error: &sqlx::Error) -> bool {
    // Data, constraints, transaction state (read-only), rollback (deadlock), names and rights, locks.
    const REFUSED: [&str; 6] = ["22", "23", "25", "40", "42", "55"];
    match error {
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.get(..2).is_some_and(|class| REFUSED.contains(&class)))
        }
        _ => false,
    }
}

fn sql(dialect: Dialect, text: &'static str) -> Query {
    if !text.contains('{') {
        return sqlx::query(text);
    }
    let skip_locked = match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
    };
    sqlx::query(AssertSqlSafe(text.replace("{now}", now(dialect)).replace("{skip_locked}", skip_locked)))
}

/// Milliseconds since 1970 on the database's clock.
fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        Dialect::Postgres => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    }
}

/// How to open a store.
#[derive(Clone)]
pub struct StoreOptions {
    url: String,
    dialect: Dialect,
    /// Most connections: readers on SQLite, all on PostgreSQL.
    pub connections: u32,
    /// Longest wait for a connection or a lock.
    pub patience: Duration,
    /// What the writer commits to disk before it answers; anything but the default loses the last labels at a power cut.
    #[cfg(feature = "failpoints")]
    pub unsafe_synchronous_normal: bool,
}

impl std::fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("StoreOptions").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

impl StoreOptions {
    /// A SQLite file; it is made when it is not there.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        let path: PathBuf = path.into();
        Self::of(format!("sqlite://{}?mode=rwc", path.display()), Dialect::Sqlite, 4)
    }

    /// A PostgreSQL database by its URL.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::of(url.into(), Dialect::Postgres, 16)
    }

    /// `sqlite:<path>`, `postgres://…`, or the path of a SQLite file.
    pub fn parse(text: &str) -> Self {
        match text {
            url if url.starts_with("postgres://") || url.starts_with("postgresql://") => Self::postgres(url),
            url => {
                let path =
                    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url);
                Self::sqlite(path)
            }
        }
    }

    fn of(url: String, dialect: Dialect, connections: u32) -> Self {
        Self {
            url,
            dialect,
            connections,
            patience: Duration::from_secs(10),
            #[cfg(feature = "failpoints")]
            unsafe_synchronous_normal: false,
        }
    }

    fn synchronous(&self) -> &'static str {
        #[cfg(feature = "failpoints")]
        if self.unsafe_synchronous_normal {
            return "NORMAL";
        }
        "FULL"
    }
}

/// The database of purchases. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    dialect: Dialect,
    pool: Arc<pool::Pool>,
    writer: Option<writer::Writer>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dialect", &self.inner.dialect).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, brings its schema up to date and checks that a commit is durable.
    pub async fn open(options: StoreOptions) -> Result<Self> {
        Self::open_at(options, migrate::NEWEST).await
    }

    /// Opens with a schema of an earlier version; for tests of migrations.
    async fn open_at(options: StoreOptions, version: i64) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = options.dialect;
        let pool = Arc::new(pool::Pool::open(options.clone()).await?);
        let writer = match dialect {
            Dialect::Sqlite => Some(writer::Writer::start(options.clone()).await?),
            Dialect::Postgres => None,
        };
        let store = Self { inner: Arc::new(Inner { dialect, pool, writer }) };
        store.assert_durable(&options).await?;
        store.migrate_to(version).await?;
        Ok(store)
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// Reads, outside of a transaction.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send,
    {
        self.inner.pool.read(job).await
    }

    /// Changes, in one transaction. When the job fails nothing is kept. The answer comes after the commit. The work goes
    /// on when the caller stops waiting.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.change(job, Extent::Several).await
    }

    /// Like [`Store::write`] for a job that is one statement, which is a transaction by itself.
    pub(crate) async fn write_one<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        self.change(job, Extent::One).await
    }

    async fn change<T, E, F>(&self, job: F, extent: Extent) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        match &self.inner.writer {
            Some(writer) => writer.write(job, extent).await,
            None => {
                let pool = self.inner.pool.clone();
                let work = tokio::spawn(async move {
                    match extent {
                        Extent::Several => pool.write(job).await,
                        Extent::One => pool.write_one(job).await,
                    }
                });
                work.await.unwrap_or_else(|error| Err(StoreError::CommitUnknown(error.to_string()).into()))
            }
        }
    }

    /// Writes a consistent copy of a SQLite database to a new file. PostgreSQL has tools of its own for this.
    pub async fn backup_to(&self, path: &std::path::Path) -> Result<()> {
        if self.inner.dialect == Dialect::Postgres {
            return Err(StoreError::Unsafe("use pg_dump or a base backup for PostgreSQL".into()));
        }
        let target = path.display().to_string();
        self.read(|db| {
            Box::pin(async move {
                db.conn
                    .execute(sqlx::query("VACUUM INTO $1").bind(target))
                    .await
                    .map(drop)
                    .map_err(Into::into)
            })
        })
        .await
    }

    /// Stops taking jobs, finishes those that wait and closes all connections.
    pub async fn close(&self) {
        if let Some(writer) = &self.inner.writer {
            writer.stop().await;
        }
        self.inner.pool.close().await;
    }

    async fn assert_durable(&self, options: &StoreOptions) -> Result<()> {
        match self.inner.dialect {
            Dialect::Sqlite => {
                let wanted = options.synchronous();
                self.write(move |db| Box::pin(assert_sqlite(db, wanted))).await
            }
            Dialect::Postgres => self.read(|db| Box::pin(assert_postgres(db))).await,
        }
    }
}

async fn assert_sqlite(db: Db<'_>, wanted: &'static str) -> Result<()> {
    let level: i64 = db.conn.fetch_one("PRAGMA synchronous").await?.try_get(0)?;
    let mode: String = db.conn.fetch_one("PRAGMA journal_mode").await?.try_get(0)?;
    if wanted == "FULL" && level < 2 {
        return Err(StoreError::Unsafe(format!(
            "SQLite runs with synchronous={level}; a power cut would lose labels that were paid for"
        )));
    }
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::Unsafe(format!(
            "SQLite uses the journal mode `{mode}` instead of WAL; is the file on a network share?"
        )));
    }
    Ok(())
}

/// Why a server is too old, by its `server_version_num`, such as `150004` for 15.4.
fn too_old(version: &str) -> Option<StoreError> {
    let number: u32 = version.parse().ok()?;
    (number < 150_000).then(|| {
        let (major, minor) = (number / 10_000, number % 10_000);
        StoreError::Unsafe(format!("PostgreSQL {major}.{minor} is older than 15; use 15 or newer"))
    })
}

async fn assert_postgres(db: Db<'_>) -> Result<()> {
    let version: String = db.conn.fetch_one("SHOW server_version_num").await?.try_get(0)?;
    if let Some(refused) = too_old(&version) {
        return Err(refused);
    }
    for (setting, allowed) in
        [("SHOW synchronous_commit", &["on", "remote_apply"][..]), ("SHOW fsync", &["on"][..])]
    {
        let value: String = db.conn.fetch_one(setting).await?.try_get(0)?;
        if !allowed.contains(&value.as_str()) {
            return Err(StoreError::Unsafe(format!(
                "PostgreSQL answers `{value}` to {setting}; it must be {}: a power cut would lose labels that were paid for",
                allowed.join(" or ")
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
