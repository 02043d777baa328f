//! The outcome journal: a local file beside the database for "sold, but the database is away" and for "the database is
//! older than what we did" (restored from a backup).
//!
//! One record per line: a checksum, a space, JSON. A record is on the disk (`fdatasync`) before [`Journal::append`]
//! returns. A torn last line, left by a power cut, is ignored: what it said was never answered as kept.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::store::NewEvidence;

/// Why the journal could not be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the outcome journal {path} cannot be used: {reason}")]
pub struct JournalError {
    path: String,
    reason: String,
}

/// A line of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "record")]
pub(crate) enum Record {
    /// Evidence that the database did not take.
    Evidence {
        id: String,
        tenant: String,
        subject: String,
        kind: String,
        at: i64,
        http_status: Option<i64>,
        body: String,
        sha256: String,
    },
    /// An attempt that was certainly not sent, and the database did not take it back to prepared.
    Unsent { attempt: String, epoch: i64 },
    /// The database's epoch, as seen.
    Epoch { install: String, epoch: i64 },
    /// An attempt is about to be sent: enough to look for it at the carrier when the database forgets it.
    Sent { attempt: String, purchase: String, tenant: String, account: String, handle: String, at: i64 },
}

impl Record {
    pub(crate) fn evidence(evidence: &NewEvidence) -> Self {
        Self::Evidence {
            id: evidence.id.clone(),
            tenant: evidence.tenant.clone(),
            subject: evidence.subject.clone(),
            kind: evidence.kind.clone(),
            at: evidence.at,
            http_status: evidence.http_status,
            body: STANDARD.encode(&evidence.body_sealed),
            sha256: evidence.sha256.clone(),
        }
    }

    pub(crate) fn into_evidence(self) -> Option<NewEvidence> {
        let Self::Evidence { id, tenant, subject, kind, at, http_status, body, sha256 } = self else {
            return None;
        };
        let body_sealed = STANDARD.decode(body).ok()?;
        Some(NewEvidence { id, tenant, subject, kind, at, http_status, body_sealed, sha256 })
    }
}

/// An attempt that the journal knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentNote {
    /// Attempt.
    pub attempt: String,
    /// Its purchase.
    pub purchase: String,
    /// Tenant.
    pub tenant: String,
    /// Account.
    pub account: String,
    /// Handle to search for at the carrier.
    pub handle: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// The journal. Cheap to clone; one process at a time holds it.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    path: PathBuf,
    file: File,
    /// Records that wait to be brought into the database.
    waiting: Vec<Record>,
    sent: Vec<SentNote>,
    epoch: Option<(String, i64)>,
}

/// The notes of sent attempts that are kept when the journal is rewritten.
const SENT_KEPT: usize = 100_000;

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("path", &self.lock().path).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens or makes the file, and locks it against other processes. A process that is just ending is waited for, at
    /// most a second.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let fail = |reason: &dyn std::fmt::Display| JournalError {
            path: path.display().to_string(),
            reason: reason.to_string(),
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| fail(&error))?;
        lock(&file).map_err(|error| fail(&format!("another process holds it ({error})")))?;
        sync_folder(path);
        let mut inner =
            Inner { path: path.to_owned(), file, waiting: Vec::new(), sent: Vec::new(), epoch: None };
        inner.load().map_err(|error| fail(&error))?;
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a record and waits until it is on the disk.
    pub(crate) async fn append(&self, record: Record) -> Result<(), JournalError> {
        self.write(record, true).await
    }

    /// Writes a record that a power cut may take away.
    pub(crate) async fn note(&self, record: Record) -> Result<(), JournalError> {
        self.write(record, false).await
    }

    async fn write(&self, record: Record, durable: bool) -> Result<(), JournalError> {
        let journal = self.clone();
        let work = move || {
            let mut inner = journal.lock();
            inner.append(&record, durable).map_err(|error| inner.error(&error))?;
            inner.remember(record);
            Ok(())
        };
        if durable {
            let join = tokio::task::spawn_blocking(work).await;
            join.unwrap_or_else(|error| Err(self.lock().error(&error)))
        } else {
            work()
        }
    }

    /// Records that wait to be brought into the database.
    pub(crate) fn waiting(&self) -> Vec<Record> {
        self.lock().waiting.clone()
    }

    /// Install id and epoch of the database, as last seen.
    pub(crate) fn epoch(&self) -> Option<(String, i64)> {
        self.lock().epoch.clone()
    }

    /// Attempts that were sent, newest last.
    pub fn sent(&self) -> Vec<SentNote> {
        self.lock().sent.clone()
    }

    /// Forgets the first `count` waiting records, which are in the database now, and rewrites the file.
    pub(crate) fn applied(&self, count: usize) -> Result<(), JournalError> {
        let mut inner = self.lock();
        let count = count.min(inner.waiting.len());
        inner.waiting.drain(..count);
        inner.rewrite().map_err(|error| inner.error(&error))
    }

    /// Size of the file in bytes.
    pub fn size(&self) -> u64 {
        self.lock().file.metadata().map(|meta| meta.len()).unwrap_or(0)
    }
}

impl Inner {
    fn error(&self, reason: &dyn std::fmt::Display) -> JournalError {
        JournalError { path: self.path.display().to_string(), reason: reason.to_string() }
    }

    fn load(&mut self) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(self.file.try_clone()?);
        let (mut line, mut good) = (Vec::new(), 0_u64);
        loop {
            line.clear();
            if reader.by_ref().read_until(b'\n', &mut line)? == 0 {
                break;
            }
            // The first line that does not read is the torn end.
            let Some(record) = parse(&line) else { break };
            good += line.len() as u64;
            self.remember(record);
        }
        drop(reader);
        if self.file.metadata()?.len() > good {
            self.file.set_len(good)?;
            self.file.sync_all()?;
        }
        Ok(())
    }

    fn remember(&mut self, record: Record) {
        match record {
            Record::Epoch { install, epoch } => self.epoch = Some((install, epoch)),
            Record::Sent { attempt, purchase, tenant, account, handle, at } => {
                self.sent.push(SentNote { attempt, purchase, tenant, account, handle, at });
                if self.sent.len() > SENT_KEPT * 2 {
                    self.sent.drain(..SENT_KEPT);
                }
            }
            outcome => self.waiting.push(outcome),
        }
    }

    fn append(&mut self, record: &Record, durable: bool) -> std::io::Result<()> {
        self.file.write_all(&line(record)?)?;
        if durable { self.file.sync_data() } else { Ok(()) }
    }

    fn rewrite(&mut self) -> std::io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&fresh)?;
        file.set_len(0)?;
        let kept = self.sent.len().saturating_sub(SENT_KEPT);
        self.sent.drain(..kept);
        let mut bytes = Vec::new();
        if let Some((install, epoch)) = &self.epoch {
            bytes.extend(line(&Record::Epoch { install: install.clone(), epoch: *epoch })?);
        }
        for note in self.sent.clone() {
            let SentNote { attempt, purchase, tenant, account, handle, at } = note;
            bytes.extend(line(&Record::Sent { attempt, purchase, tenant, account, handle, at })?);
        }
        for record in &self.waiting {
            bytes.extend(line(record)?);
        }
        file.write_all(&bytes)?;
        file.sync_all()?;
        file.try_lock().map_err(std::io::Error::other)?;
        std::fs::rename(&fresh, &self.path)?;
        sync_folder(&self.path);
        self.file = file;
        Ok(())
    }
}

fn lock(file: &File) -> Result<(), std::fs::TryLockError> {
    for _ in 0..50 {
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => {
                std::thread::sleep(std::time::Duration::from_millis(20))
            }
            other => return other,
        }
    }
    file.try_lock()
}

/// Makes a new or renamed file survive a power cut.
fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}

fn line(record: &Record) -> std::io::Result<Vec<u8>> {
    let json = serde_json::to_vec(record)?;
    let mut line = crate::seal::sha256(&json).as_bytes()[..16].to_vec();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn parse(line: &[u8]) -> Option<Record> {
    let json = line.strip_suffix(b"\n")?.get(17..)?;
    let sum = line.get(..16)?;
    (crate::seal::sha256(json).as_bytes().get(..16) == Some(sum))
        .then(|| serde_json::from_slice(json).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(id: &str) -> Record {
        Record::Evidence {
            id: id.into(),
            tenant: "t".into(),
            subject: "a1".into(),
            kind: "answer".into(),
            at: 1,
            http_status: Some(200),
            body: STANDARD.encode(b"\0body"),
            sha256: "00".into(),
        }
    }

    #[tokio::test]
    async fn what_was_appended_is_there_after_reopening_until_it_is_applied() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.append(Record::Epoch { install: "i".into(), epoch: 4 }).await.unwrap();
        journal.append(outcome("e1")).await.unwrap();
        journal.append(outcome("e2")).await.unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.epoch(), Some(("i".into(), 4)));
        assert_eq!(journal.waiting().len(), 2);
        let first = journal.waiting().remove(0).into_evidence().unwrap();
        assert_eq!((first.id.as_str(), first.body_sealed.as_slice()), ("e1", b"\0body".as_slice()));
        journal.applied(1).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.waiting().len(), 1);
        assert_eq!(journal.epoch(), Some(("i".into(), 4)));
    }

    #[tokio::test]
    async fn a_torn_end_is_cut_off_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let journal = Journal::open(&path).unwrap();
        journal.append(outcome("e1")).await.unwrap();
        let whole = journal.size();
        journal.append(outcome("e2")).await.unwrap();
        drop(journal);
        let bytes = std::fs::read(&path).unwrap();
        for cut in whole..bytes.len() as u64 {
            std::fs::write(&path, &bytes[..usize::try_from(cut).unwrap()]).unwrap();
            let journal = Journal::open(&path).unwrap();
            assert_eq!(journal.waiting().len(), 1, "cut after {cut} bytes");
            assert_eq!(journal.size(), whole);
        }
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let _first = Journal::open(&path).unwrap();
        assert!(Journal::open(&path).is_err());
    }
}
