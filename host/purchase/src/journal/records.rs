//! The records of a journal, and how a line of one reads.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::NewEvidence;

/// The epoch of a database, as seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Epoch {
    /// Id of the installation.
    pub install: String,
    /// Grows while purchases are made.
    pub epoch: i64,
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
    /// The database's epoch.
    Epoch(Epoch),
    /// The first records that waited are in the database.
    Applied { count: usize },
    /// Of another version of this program.
    #[serde(other)]
    Other,
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

/// What a file of records holds.
#[derive(Default)]
pub(super) struct Read {
    pub(super) waiting: Vec<Record>,
    pub(super) epoch: Option<Epoch>,
    /// Bytes up to the end of the last whole line.
    pub(super) good: u64,
}

/// Reads a file up to its torn end, if it has one.
pub(super) fn read(file: &mut File) -> std::io::Result<Read> {
    file.seek(SeekFrom::Start(0))?;
    let mut read = Read::default();
    read.good = each_line(BufReader::new(&mut *file), |record| match record {
        Record::Epoch(epoch) => read.epoch = Some(epoch),
        Record::Applied { count } => drop(read.waiting.drain(..count.min(read.waiting.len()))),
        Record::Other => {}
        outcome => read.waiting.push(outcome),
    })?;
    Ok(read)
}

/// Hands every whole line over; the first that does not read is the torn end. Answers the bytes before it.
pub(super) fn each_line<T: DeserializeOwned>(
    mut reader: impl BufRead,
    mut take: impl FnMut(T),
) -> std::io::Result<u64> {
    let (mut line, mut good) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(good);
        }
        let Some(record) = parse(&line) else { return Ok(good) };
        good += line.len() as u64;
        take(record);
    }
}

pub(super) fn line<T: Serialize>(record: &T) -> std::io::Result<Vec<u8>> {
    let json = serde_json::to_vec(record)?;
    let mut line = crate::seal::sha256(&json).as_bytes()[..16].to_vec();
    line.push(b' ');
    line.extend(json);
    line.push(b'\n');
    Ok(line)
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let json = line.strip_suffix(b"\n")?.get(17..)?;
    let sum = line.get(..16)?;
    (crate::seal::sha256(json).as_bytes().get(..16) == Some(sum))
        .then(|| serde_json::from_slice(json).ok())?
}
