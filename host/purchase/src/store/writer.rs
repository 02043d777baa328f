//! The one writer of SQLite: waiting jobs share a transaction and its one durable commit.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, Connection, Executor};
use tokio::sync::{mpsc, oneshot};

use super::pool::connect;
use super::{Db, Dialect, Extent, Result, StoreError, StoreOptions};

/// Jobs that share a commit at most.
const BATCH: usize = 128;

pub(super) struct Writer {
    jobs: mpsc::Sender<Message>,
}

enum Message {
    Job(Box<dyn Job>),
    Stop(oneshot::Sender<()>),
}

trait Job: Send {
    /// Does the work; false when its changes shall not be kept.
    fn run<'c>(&'c mut self, db: Db<'c>) -> BoxFuture<'c, bool>;
    /// How much it does.
    fn extent(&self) -> Extent;
    /// Answers the caller, after the commit.
    fn settle(self: Box<Self>, commit: Result<()>);
}

struct Work<T, E, F> {
    extent: Extent,
    job: Option<F>,
    done: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send,
{
    fn run<'c>(&'c mut self, db: Db<'c>) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(job) = self.job.take() else { return false };
            let result = AssertUnwindSafe(job(db)).catch_unwind().await.unwrap_or_else(|panic| {
                Err(StoreError::Down(format!("a job of the store panicked: {}", panic_text(&*panic))).into())
            });
            let keep = result.is_ok();
            self.done = Some(result);
            keep
        })
    }

    fn extent(&self) -> Extent {
        self.extent
    }

    fn settle(self: Box<Self>, commit: Result<()>) {
        let answer = match (commit, self.done) {
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(Ok(value))) => Ok(value),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Down("the job was not run".into()).into()),
        };
        // A caller that no longer waits finds the result in the database.
        let _ = self.reply.send(answer);
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

impl Writer {
    pub(super) async fn start(options: StoreOptions) -> Result<Self> {
        let (jobs, inbox) = mpsc::channel(1024);
        let conn = connect(&options).await?;
        tokio::spawn(serve(Line { options, conn: Some(conn) }, inbox));
        Ok(Self { jobs })
    }

    pub(super) async fn write<T, E, F>(&self, job: F, extent: Extent) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Work { extent, job: Some(job), done: None, reply };
        let gone = || StoreError::Down("the store is closed".into());
        self.jobs.send(Message::Job(Box::new(work))).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(StoreError::CommitUnknown("the writer stopped".into()).into()))
    }

    pub(super) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.jobs.send(Message::Stop(done)).await.is_ok() {
            let _ = stopped.await;
        }
    }
}

/// The writer's connection; made anew after a failure that left it in doubt.
struct Line {
    options: StoreOptions,
    conn: Option<AnyConnection>,
}

impl Line {
    async fn close(&mut self) {
        if let Some(conn) = self.conn.take() {
            // It ends with the process at the latest.
            let _ = conn.close().await;
        }
    }
}

async fn serve(mut line: Line, mut inbox: mpsc::Receiver<Message>) {
    while let Some(message) = inbox.recv().await {
        let first = match message {
            Message::Job(job) => job,
            Message::Stop(done) => {
                line.close().await;
                let _ = done.send(());
                return;
            }
        };
        let mut batch = vec![first];
        let mut stop = None;
        let commit = commit_batch(&mut line, &mut batch, &mut inbox, &mut stop).await;
        for job in batch {
            job.settle(commit.clone());
        }
        if let Some(done) = stop {
            line.close().await;
            let _ = done.send(());
            return;
        }
    }
}

/// Where in a transaction a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing was changed before it.
    First,
    /// Something was, and no savepoint is open.
    AfterChanges,
    /// A savepoint is open.
    AfterSavepoint,
}

async fn commit_batch(
    line: &mut Line,
    batch: &mut Vec<Box<dyn Job>>,
    inbox: &mut mpsc::Receiver<Message>,
    stop: &mut Option<oneshot::Sender<()>>,
) -> Result<()> {
    // Without a committed end the connection is not used again: its transaction is undone when it is closed.
    let mut conn = match line.conn.take() {
        Some(conn) => conn,
        None => connect(&line.options).await?,
    };
    conn.execute("BEGIN IMMEDIATE").await?;
    let (mut at, mut place) = (0, Place::First);
    loop {
        if let Some(job) = batch.get_mut(at) {
            place = run(&mut conn, job.as_mut(), place).await?;
            at += 1;
        }
        if batch.len() >= BATCH {
            break;
        }
        match inbox.try_recv() {
            Ok(Message::Job(job)) => batch.push(job),
            Ok(Message::Stop(done)) => {
                *stop = Some(done);
                break;
            }
            Err(_) => break,
        }
    }
    conn.execute("COMMIT").await.map_err(|error| StoreError::CommitUnknown(error.to_string()))?;
    line.conn = Some(conn);
    Ok(())
}

/// Runs a job so that it can be undone by itself. The first one of a transaction is undone with it; for the others there are
/// savepoints, each released together with the next one or by the commit. A single statement that fails has changed nothing
/// and needs none.
async fn run(conn: &mut AnyConnection, job: &mut dyn Job, place: Place) -> Result<Place> {
    let several = job.extent() == Extent::Several;
    match place {
        Place::AfterSavepoint if several => {
            conn.execute("RELEASE job; SAVEPOINT job").await?;
        }
        Place::AfterChanges if several => {
            conn.execute("SAVEPOINT job").await?;
        }
        _ => {}
    }
    let kept = job.run(Db { conn, dialect: Dialect::Sqlite, alone: false }).await;
    match place {
        Place::First if several && !kept => {
            conn.execute("ROLLBACK; BEGIN IMMEDIATE").await?;
            return Ok(Place::First);
        }
        Place::First => return Ok(Place::AfterChanges),
        _ if !several => return Ok(place),
        _ => {}
    }
    if !kept {
        conn.execute("ROLLBACK TO job").await?;
    }
    Ok(Place::AfterSavepoint)
}
