//! Connections that are lent and given back. Unlike the pool of the database library it says nothing to the database on
//! the way: each `ping` would be a round trip of its own, and there are several loans to a purchase.
//!
//! A loan that is not given back, because its work was stopped or panicked, is closed: a half-done transaction never
//! reaches the next user.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Db, Dialect, Result, StoreError, StoreOptions};

/// A connection that lay idle for longer is asked whether it still lives before something is read on it.
const FRESH: Duration = Duration::from_secs(1);

pub(super) struct Pool {
    options: StoreOptions,
    permits: Semaphore,
    idle: Mutex<Vec<(AnyConnection, Instant)>>,
    closed: AtomicBool,
}

struct Loan<'p> {
    conn: AnyConnection,
    since: Option<Instant>,
    permit: SemaphorePermit<'p>,
}

impl Pool {
    /// Connects once, so that a wrong address shows at once.
    pub(super) async fn open(options: StoreOptions) -> Result<Self> {
        let first = connect(&options).await?;
        let permits = Semaphore::new(usize::try_from(options.connections.max(1)).unwrap_or(1));
        let idle = Mutex::new(vec![(first, Instant::now())]);
        Ok(Self { options, permits, idle, closed: AtomicBool::new(false) })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(AnyConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn lend(&self) -> Result<Loan<'_>> {
        let waited = tokio::time::timeout(self.options.patience, self.permits.acquire()).await;
        let permit = waited
            .map_err(|_| StoreError::Down("every connection is in use".into()))?
            .map_err(|_| StoreError::Down("the store is closed".into()))?;
        let kept = self.idle().pop();
        Ok(match kept {
            Some((conn, since)) => Loan { conn, since: Some(since), permit },
            None => Loan { conn: connect(&self.options).await?, since: None, permit },
        })
    }

    fn db<'c>(&self, conn: &'c mut AnyConnection, alone: bool) -> Db<'c> {
        Db { conn, dialect: self.options.dialect, alone }
    }

    fn give_back(&self, loan: Loan<'_>) {
        if !self.closed.load(Ordering::SeqCst) {
            self.idle().push((loan.conn, Instant::now()));
        }
        drop(loan.permit);
    }

    /// Reads, outside of a transaction.
    pub(super) async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send,
    {
        let mut loan = self.lend().await?;
        while loan.since.is_some_and(|since| since.elapsed() > FRESH) && loan.conn.ping().await.is_err() {
            drop(loan);
            loan = self.lend().await?;
        }
        let done = job(self.db(&mut loan.conn, false)).await;
        // A read that failed may have failed for the connection's sake; a file does not go away.
        if done.is_ok() || self.options.dialect == Dialect::Sqlite {
            self.give_back(loan);
        }
        done
    }

    /// Does a job in a transaction. A connection that died meanwhile is noticed by `BEGIN`, before anything was done.
    pub(super) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send,
    {
        let mut loan = self.lend().await?;
        while let Err(error) = loan.conn.execute("BEGIN").await {
            if loan.since.is_none() {
                return Err(StoreError::from(error).into());
            }
            drop(loan);
            loan = self.lend().await?;
        }
        let done = job(self.db(&mut loan.conn, false)).await;
        let ended = loan.conn.execute(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
        match (done, ended) {
            (done, Ok(_)) => {
                self.give_back(loan);
                done
            }
            (Ok(_), Err(error)) => Err(StoreError::CommitUnknown(error.to_string()).into()),
            // When the rollback cannot be said, the lost connection says it.
            (done, Err(_)) => done,
        }
    }

    /// Does a job of one statement, which is a transaction by itself. What is lost on the way may have been done.
    pub(super) async fn write_one<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send,
    {
        let mut loan = self.lend().await?;
        while loan.since.is_some_and(|since| since.elapsed() > FRESH) && loan.conn.ping().await.is_err() {
            drop(loan);
            loan = self.lend().await?;
        }
        let done = job(self.db(&mut loan.conn, true)).await;
        if done.is_ok() {
            self.give_back(loan);
        }
        done
    }

    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for (conn, _) in idle {
            // It ends with the process at the latest.
            let _ = conn.close().await;
        }
    }
}

/// Connects, for as long as the database may need to start again.
pub(super) async fn connect(options: &StoreOptions) -> Result<AnyConnection> {
    let until = Instant::now() + options.patience;
    let mut pause = Duration::from_millis(50);
    loop {
        match try_connect(options).await {
            Ok(conn) => return Ok(conn),
            Err(error) if !may_pass(&error) || Instant::now() + pause >= until => {
                return Err(StoreError::Down(error.to_string()));
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}

/// The server is away, or says that it starts or shuts down.
fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P") || code == "53300")
        }
        _ => false,
    }
}

async fn try_connect(options: &StoreOptions) -> Result<AnyConnection, sqlx::Error> {
    let mut conn = AnyConnection::connect(&options.url).await?;
    if options.dialect == Dialect::Sqlite {
        // The wait for a lock that another process holds comes first: the other pragmas need the lock too.
        let wait = format!("PRAGMA busy_timeout = {}", options.patience.as_millis());
        conn.execute(AssertSqlSafe(wait)).await?;
        conn.execute("PRAGMA journal_mode = WAL").await?;
        conn.execute(AssertSqlSafe(format!("PRAGMA synchronous = {}", options.synchronous()))).await?;
        conn.execute("PRAGMA foreign_keys = ON").await?;
    }
    if options.dialect == Dialect::Postgres {
        // Every statement here is short: compiling one costs more than running it.
        conn.execute("SET jit = off").await?;
    }
    Ok(conn)
}
