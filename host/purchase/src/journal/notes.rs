//! Notes of what was accepted and sent, for a database that forgets it.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use waybill_core::TrackingNumber;

use super::records::{SentNote, each_line, line};
use super::slots::with_ending;
use crate::store::NewPurchase;

/// Beyond this size the file becomes the older one of two; what is older still is forgotten. Two files hold some fifty
/// thousand purchases at least.
const LARGE: u64 = 64 << 20;

/// What was accepted or sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "note")]
pub(crate) enum Note {
    /// A purchase was written down (D1), as it is here: its order is sealed.
    Accepted(Box<NewPurchase>),
    /// An attempt is about to be sent (D2).
    Sent(Sent),
}

/// An attempt that is about to be sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Sent {
    #[serde(flatten)]
    pub note: SentNote,
    /// Number within its purchase, from 1.
    pub n: i64,
    /// Numbers that were allocated for it.
    pub numbers: Option<Vec<TrackingNumber>>,
}

/// The file of notes of one process.
pub(super) struct Notes {
    path: PathBuf,
    file: Mutex<(File, u64)>,
}

impl Notes {
    pub(super) fn open(path: PathBuf) -> std::io::Result<Self> {
        let file = open(&path)?;
        // A torn last line would swallow the next one.
        let good = each_line(BufReader::new(&file), |_: serde::de::IgnoredAny| {})?;
        file.set_len(good)?;
        Ok(Self { path, file: Mutex::new((file, good)) })
    }

    pub(super) fn write(&self, note: &Note) -> std::io::Result<()> {
        let line = line(note)?;
        let mut held = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if held.1 > LARGE {
            std::fs::rename(&self.path, with_ending(&self.path, "old"))?;
            *held = (open(&self.path)?, 0);
        }
        held.0.write_all(&line)?;
        held.1 += line.len() as u64;
        Ok(())
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).open(path)
}

/// The notes of a file and of the older one beside it. A file that is not there has none.
pub(super) fn read(path: &Path) -> Vec<Note> {
    let mut notes = Vec::new();
    for path in [with_ending(path, "old"), path.to_owned()] {
        if let Ok(file) = File::open(path) {
            // A file that breaks off in the middle of reading says what it can.
            let _ = each_line(BufReader::new(file), |note| notes.push(note));
        }
    }
    notes
}
