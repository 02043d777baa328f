//! The outcome journal: local files beside the database for "sold, but the database is away" and for "the database is
//! older than what we did" (restored from a backup).
//!
//! # Files
//! Each process holds a journal of its own, so that a server, a worker and a command line can use one folder at the same
//! time. The first one takes `NAME`, the next ones `NAME.1`, `NAME.2` and so on: the first that nobody holds. A lock on
//! `NAME.lock` says who holds it; it goes with the process. What a process that died left behind is brought into the
//! database by whoever comes next ([`Journal::orphans`]).
//!
//! | file | holds |
//! | --- | --- |
//! | `NAME` | outcomes that the database did not take, and the newest epoch of the database that was seen |
//! | `NAME.notes` | what was accepted and sent: enough to write it down again when the database forgot it |
//!
//! One record per line: a checksum, a space, JSON. A record is on the disk (`fdatasync`) before [`Journal::append`]
//! returns. A torn last line, left by a power cut, is ignored: what it said was never answered as kept. Notes are not
//! waited for: a power cut may take the last ones, a crash of the process takes none.

mod notes;
mod records;
mod slots;

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use notes::{Note, Sent};
pub use records::SentNote;
pub(crate) use records::{Epoch, Record};

use notes::Notes;
use slots::Slot;

/// Why the journal could not be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the outcome journal {path} cannot be used: {reason}")]
pub struct JournalError {
    path: String,
    reason: String,
}

impl JournalError {
    fn new(path: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self { path: path.display().to_string(), reason: reason.to_string() }
    }
}

/// The journal of one process. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    slot: Slot,
    notes: Notes,
    state: Mutex<State>,
}

struct State {
    file: File,
    /// Records that wait to be brought into the database.
    waiting: Vec<Record>,
    epoch: Option<Epoch>,
}

/// Beyond this size a file without waiting records is begun anew.
const LARGE: u64 = 1 << 20;

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("path", &self.inner.slot.path).finish_non_exhaustive()
    }
}

impl Journal {
    /// Takes the first journal of this name that no other process holds, and makes it when there is none.
    ///
    /// # Errors
    /// When the folder cannot be written, or more processes use it than there are journals.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let slot = Slot::take_free(path)?;
        Self::in_slot(slot).map_err(|error| JournalError::new(path, &error))
    }

    fn in_slot(slot: Slot) -> std::io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&slot.path)?;
        slots::sync_folder(&slot.path);
        let read = records::read(&mut file)?;
        if file.metadata()?.len() > read.good {
            file.set_len(read.good)?;
            file.sync_all()?;
        }
        let notes = Notes::open(slot.notes())?;
        let state = State { file, waiting: read.waiting, epoch: read.epoch };
        Ok(Self { inner: Arc::new(Inner { slot, notes, state: Mutex::new(state) }) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, reason: &dyn std::fmt::Display) -> JournalError {
        JournalError::new(&self.inner.slot.path, reason)
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.inner.slot.path.clone()
    }

    /// Writes a record and waits until it is on the disk.
    pub(crate) async fn append(&self, record: Record) -> Result<(), JournalError> {
        let journal = self.clone();
        let work = move || {
            let mut state = journal.state();
            state.append(&record).map_err(|error| journal.error(&error))?;
            state.remember(record);
            Ok(())
        };
        let join = tokio::task::spawn_blocking(work).await;
        join.unwrap_or_else(|error| Err(self.error(&error)))
    }

    /// Writes a note, which a power cut may take away.
    pub(crate) fn note(&self, note: &Note) -> Result<(), JournalError> {
        self.inner.notes.write(note).map_err(|error| self.error(&error))
    }

    /// Records that wait to be brought into the database.
    pub(crate) fn waiting(&self) -> Vec<Record> {
        self.state().waiting.clone()
    }

    /// Whether nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.state().waiting.is_empty()
    }

    /// How many records wait to be brought into the database.
    pub fn waiting_count(&self) -> usize {
        self.state().waiting.len()
    }

    /// The newest epoch of the database that this journal has seen.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        self.state().epoch.clone()
    }

    /// The newest epoch that each journal of this name has seen, those of other processes too.
    pub(crate) fn epochs(&self) -> Vec<Epoch> {
        let others = self.inner.slot.others();
        let read = |path: PathBuf| records::read(&mut File::open(path).ok()?).ok()?.epoch;
        others.into_iter().filter_map(read).chain(self.epoch()).collect()
    }

    /// Journals of this name that no process holds any more and in which records wait. They are locked while they are held.
    pub(crate) fn orphans(&self) -> Vec<Self> {
        let waits = |journal: &Self| !journal.is_idle();
        let free = |path: PathBuf| {
            // Looked at before it is locked, so that an empty one is not taken from under a process that starts.
            let read = records::read(&mut File::open(&path).ok()?).ok()?;
            if read.waiting.is_empty() { None } else { Slot::try_take(&path) }
        };
        let others = self.inner.slot.others().into_iter().filter_map(free);
        others.filter_map(|slot| Self::in_slot(slot).ok()).filter(waits).collect()
    }

    /// Journals of this name that no process holds, locked while they are held.
    pub(crate) fn idle_others(&self) -> Vec<Self> {
        let free = self.inner.slot.others().into_iter().filter_map(|path| Slot::try_take(&path));
        free.filter_map(|slot| Self::in_slot(slot).ok()).collect()
    }

    /// Forgets the first `count` waiting records, which are in the database now.
    pub(crate) fn applied(&self, count: usize) -> Result<(), JournalError> {
        let mut state = self.state();
        let record = Record::Applied { count: count.min(state.waiting.len()) };
        let written = state.append(&record);
        state.remember(record);
        let begun_anew = written.and_then(|()| state.begin_anew(&self.inner.slot.path));
        begun_anew.map_err(|error| self.error(&error))
    }

    /// What was sent at or after a time (milliseconds since 1970) by any process of this folder, oldest first.
    pub fn sent(&self, since: i64) -> Vec<SentNote> {
        let mut sent: Vec<SentNote> = self
            .notes()
            .into_iter()
            .filter_map(|note| match note {
                Note::Sent(sent) if sent.note.at >= since => Some(sent.note),
                _ => None,
            })
            .collect();
        sent.sort_by_key(|note| note.at);
        sent
    }

    /// The notes of every journal of this name.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let others = self.inner.slot.others();
        let mut all: Vec<Note> =
            others.into_iter().flat_map(|path| notes::read(&slots::notes_of(&path))).collect();
        all.extend(notes::read(&self.inner.slot.notes()));
        all
    }

    /// Size of the file in bytes.
    pub fn size(&self) -> u64 {
        self.state().file.metadata().map(|meta| meta.len()).unwrap_or(0)
    }
}

impl State {
    fn append(&mut self, record: &Record) -> std::io::Result<()> {
        self.file.write_all(&records::line(record)?)?;
        self.file.sync_data()
    }

    fn remember(&mut self, record: Record) {
        match record {
            Record::Epoch(epoch) => self.epoch = Some(epoch),
            Record::Applied { count } => drop(self.waiting.drain(..count.min(self.waiting.len()))),
            Record::Other => {}
            outcome => self.waiting.push(outcome),
        }
    }

    /// A large file in which nothing waits is begun anew. A crash in between leaves the old or the new file, never none.
    fn begin_anew(&mut self, path: &Path) -> std::io::Result<()> {
        if !self.waiting.is_empty() || self.file.metadata()?.len() < LARGE {
            return Ok(());
        }
        let fresh = slots::with_ending(path, "new");
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&fresh)?;
        if let Some(epoch) = &self.epoch {
            file.write_all(&records::line(&Record::Epoch(epoch.clone()))?)?;
        }
        file.sync_all()?;
        std::fs::rename(&fresh, path)?;
        slots::sync_folder(path);
        file.seek(SeekFrom::End(0))?;
        self.file = file;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
