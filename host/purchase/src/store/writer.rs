//! The one writer of SQLite: waiting jobs share a transaction and its one durable commit.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, AnyPool, Executor};
use tokio::sync::{mpsc, oneshot};

use super::{Db, Dialect, Result, StoreError};

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
    /// Answers the caller, after the commit.
    fn settle(self: Box<Self>, commit: Result<()>);
}

struct Work<T, E, F> {
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
    pub(super) fn start(pool: AnyPool) -> Self {
        let (jobs, inbox) = mpsc::channel(1024);
        tokio::spawn(serve(pool, inbox));
        Self { jobs }
    }

    pub(super) async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'c> FnOnce(Db<'c>) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Work { job: Some(job), done: None, reply };
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

async fn serve(pool: AnyPool, mut inbox: mpsc::Receiver<Message>) {
    while let Some(message) = inbox.recv().await {
        let first = match message {
            Message::Job(job) => job,
            Message::Stop(done) => {
                pool.close().await;
                let _ = done.send(());
                return;
            }
        };
        let mut batch = vec![first];
        let mut stop = None;
        let commit = commit_batch(&pool, &mut batch, &mut inbox, &mut stop).await;
        for job in batch {
            job.settle(commit.clone());
        }
        if let Some(done) = stop {
            pool.close().await;
            let _ = done.send(());
            return;
        }
    }
}

async fn commit_batch(
    pool: &AnyPool,
    batch: &mut Vec<Box<dyn Job>>,
    inbox: &mut mpsc::Receiver<Message>,
    stop: &mut Option<oneshot::Sender<()>>,
) -> Result<()> {
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    let mut at = 0;
    loop {
        if let Some(job) = batch.get_mut(at) {
            run_in_savepoint(&mut tx, job.as_mut()).await?;
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
    tx.commit().await.map_err(|error| StoreError::CommitUnknown(error.to_string()))
}

async fn run_in_savepoint(conn: &mut AnyConnection, job: &mut dyn Job) -> Result<()> {
    conn.execute("SAVEPOINT job").await?;
    let keep = job.run(Db { conn, dialect: Dialect::Sqlite }).await;
    if !keep {
        conn.execute("ROLLBACK TO job").await?;
    }
    conn.execute("RELEASE job").await?;
    Ok(())
}
