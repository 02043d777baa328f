//! One journal per process: which files there are, and who holds which.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::JournalError;

/// Processes that may use one folder at the same time.
const SLOTS: usize = 256;

/// A journal that this process holds, for as long as this lives.
pub(super) struct Slot {
    pub(super) path: PathBuf,
    /// The name that all journals of the folder share.
    base: PathBuf,
    _lock: File,
}

impl Slot {
    /// The first that nobody holds.
    pub(super) fn take_free(base: &Path) -> Result<Self, JournalError> {
        for at in 0..SLOTS {
            let path = path_of(base, at);
            match lock(&path) {
                Ok(Some(lock)) => return Ok(Self { path, base: base.to_owned(), _lock: lock }),
                Ok(None) => {}
                Err(error) => return Err(JournalError::new(&path, &error)),
            }
        }
        let reason =
            format!("{SLOTS} other processes use this folder; give this one a `data_dir` of its own");
        Err(JournalError::new(base, &reason))
    }

    /// A certain one, unless somebody holds it.
    pub(super) fn try_take(path: &Path) -> Option<Self> {
        let lock = lock(path).ok()??;
        Some(Self { path: path.to_owned(), base: base_of(path), _lock: lock })
    }

    /// The journals of the same name, without this one.
    pub(super) fn others(&self) -> Vec<PathBuf> {
        let all = (0..SLOTS).map(|at| path_of(&self.base, at));
        all.filter(|path| *path != self.path && path.exists()).collect()
    }

    pub(super) fn notes(&self) -> PathBuf {
        notes_of(&self.path)
    }
}

fn path_of(base: &Path, at: usize) -> PathBuf {
    if at == 0 { base.to_owned() } else { with_ending(base, &at.to_string()) }
}

fn base_of(path: &Path) -> PathBuf {
    let is_number =
        |ending: &std::ffi::OsStr| ending.to_str().is_some_and(|text| text.parse::<usize>().is_ok());
    if path.extension().is_some_and(is_number) { path.with_extension("") } else { path.to_owned() }
}

pub(super) fn notes_of(path: &Path) -> PathBuf {
    with_ending(path, "notes")
}

pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// The lock is a file of its own, because the journal itself may be replaced while it is held.
fn lock(path: &Path) -> std::io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(with_ending(path, "lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Makes a new or renamed file survive a power cut.
pub(super) fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}
