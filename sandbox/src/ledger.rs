//! What was sold and voided: the oracle that a test compares a database with.
//!
//! Appended as JSON lines. A sale or void is answered only after its line is on disk
//! (`fdatasync`, several waiting lines share one), see [`Ledger::settled`].

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::Fault;

/// One label purchase that a simulated carrier accepted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sale {
    /// Place in the ledger, from 1.
    pub seq: u64,
    /// Carrier's id, e.g. `ups`.
    pub carrier: String,
    /// Account that is billed.
    pub account: String,
    /// The client's own id of this attempt where the carrier has a field of that meaning
    /// (`X-Idempotency-Key`), else the first reference.
    pub handle: Option<String>,
    /// References that the client put on the shipment, in order.
    pub references: Vec<String>,
    /// The carrier's id of the shipment.
    pub shipment: String,
    /// Tracking numbers, one a piece.
    pub tracking: Vec<String>,
    /// Price charged.
    pub amount: Decimal,
    /// ISO 4217 code of the price.
    pub currency: String,
    /// Carrier's service code.
    pub service: String,
    /// Simulated time of the sale.
    pub sold_at: DateTime<Utc>,
    /// Simulated time from which lookups find it.
    pub visible_at: DateTime<Utc>,
    /// Simulated time at which the whole shipment was voided.
    pub voided_at: Option<DateTime<Utc>>,
    /// Pieces voided one by one.
    #[serde(default)]
    pub voided_pieces: Vec<String>,
    /// What the carrier's personality needs to draw the label again and to track, as JSON.
    pub detail: String,
}

impl Sale {
    /// Sold and not voided.
    pub fn is_live(&self) -> bool {
        self.voided_at.is_none()
    }
}

/// A sale before the ledger gives it its place.
#[derive(Debug, Clone, Default)]
pub struct NewSale {
    /// See [`Sale::carrier`].
    pub carrier: String,
    /// See [`Sale::account`].
    pub account: String,
    /// See [`Sale::handle`].
    pub handle: Option<String>,
    /// See [`Sale::references`].
    pub references: Vec<String>,
    /// See [`Sale::shipment`].
    pub shipment: String,
    /// See [`Sale::tracking`].
    pub tracking: Vec<String>,
    /// See [`Sale::amount`].
    pub amount: Decimal,
    /// See [`Sale::currency`].
    pub currency: String,
    /// See [`Sale::service`].
    pub service: String,
    /// See [`Sale::detail`].
    pub detail: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Line {
    Sale(Box<Sale>),
    Void { seq: u64, at: DateTime<Utc>, pieces: Vec<String> },
    Request { carrier: String, operation: String, handles: Vec<String> },
    Unprocessed { carrier: String, handles: Vec<String> },
    Struck { carrier: String, handles: Vec<String>, fault: Fault },
    Serial { name: String, value: u64 },
}

#[derive(Debug, Default)]
struct Index {
    sales: Vec<Sale>,
    by_tracking: HashMap<(String, String), usize>,
    by_reference: HashMap<(String, String), Vec<usize>>,
    requests: HashMap<(String, String), u32>,
    unprocessed: HashMap<(String, String), u32>,
    struck: HashMap<(String, String), Vec<Fault>>,
    serials: HashMap<String, u64>,
    appended: u64,
}

/// The ledger of one sandbox, shared by all its carriers.
#[derive(Debug, Clone)]
pub struct Ledger {
    index: Arc<Mutex<Index>>,
    lines: Option<mpsc::Sender<String>>,
    durable: watch::Receiver<u64>,
}

impl Ledger {
    /// A ledger that is lost with the process. For tests that do not need it to survive.
    pub fn in_memory() -> Self {
        let (_, durable) = watch::channel(u64::MAX);
        Self { index: Arc::default(), lines: None, durable }
    }

    /// Opens or continues a ledger file. A last line that was cut off by a crash was never
    /// answered for and is removed.
    ///
    /// # Errors
    /// When the file cannot be opened or a line before the last is not a ledger line.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        let mut index = Index::default();
        for (number, line) in text[..whole].lines().enumerate() {
            let line = serde_json::from_str(line).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("ledger line {}: {error}", number + 1))
            })?;
            index.apply(line);
        }
        let (sender, receiver) = mpsc::channel();
        let (flushed, durable) = watch::channel(0);
        std::thread::Builder::new()
            .name("sandbox-ledger".into())
            .spawn(move || write(file, receiver, flushed))?;
        Ok(Self { index: Arc::new(Mutex::new(index)), lines: Some(sender), durable })
    }

    /// Waits until everything appended so far is on disk. The server does it before each answer.
    ///
    /// # Errors
    /// When the disk refused: then nothing may be answered.
    pub async fn settled(&self) -> io::Result<()> {
        let appended = self.index().appended;
        let mut durable = self.durable.clone();
        if self.lines.is_none() || *durable.borrow() >= appended {
            return Ok(());
        }
        durable
            .wait_for(|flushed| *flushed >= appended)
            .await
            .map(|_| ())
            .map_err(|_| io::Error::other("the ledger's file could not be written"))
    }

    /// Records a sale and gives it its place; lookups find it from `visible_at` on.
    pub fn sell(&self, new: NewSale, now: DateTime<Utc>, visible_at: DateTime<Utc>) -> Sale {
        let mut index = self.index();
        let sale = Sale {
            seq: index.sales.len() as u64 + 1,
            carrier: new.carrier,
            account: new.account,
            handle: new.handle,
            references: new.references,
            shipment: new.shipment,
            tracking: new.tracking,
            amount: new.amount,
            currency: new.currency,
            service: new.service,
            sold_at: now,
            visible_at,
            voided_at: None,
            voided_pieces: Vec::new(),
            detail: new.detail,
        };
        self.append(&mut index, Line::Sale(Box::new(sale.clone())));
        sale
    }

    /// Voids a sale: whole when `pieces` is empty, else these tracking numbers; when no piece is
    /// left the shipment is void.
    pub fn void(&self, seq: u64, pieces: &[String], now: DateTime<Utc>) {
        self.append(&mut self.index(), Line::Void { seq, at: now, pieces: pieces.to_vec() });
    }

    /// Counts a request to buy under each of its handles.
    pub fn note_request(&self, carrier: &str, operation: &str, handles: &[String]) {
        if !handles.is_empty() {
            let line = Line::Request {
                carrier: carrier.into(),
                operation: operation.into(),
                handles: handles.to_vec(),
            };
            self.append(&mut self.index(), line);
        }
    }

    /// Notes that a counted request was turned away before it was looked at (401, 429).
    pub fn note_unprocessed(&self, carrier: &str, handles: &[String]) {
        if !handles.is_empty() {
            let line = Line::Unprocessed { carrier: carrier.into(), handles: handles.to_vec() };
            self.append(&mut self.index(), line);
        }
    }

    /// Notes a fault that struck a request to buy.
    pub fn note_fault(&self, carrier: &str, handles: &[String], fault: &Fault) {
        if !handles.is_empty() {
            let line =
                Line::Struck { carrier: carrier.into(), handles: handles.to_vec(), fault: fault.clone() };
            self.append(&mut self.index(), line);
        }
    }

    /// The next number of a named series, never given twice, also after a restart.
    pub fn next_serial(&self, name: &str) -> u64 {
        let mut index = self.index();
        let value = index.serials.get(name).copied().unwrap_or(0) + 1;
        self.append(&mut index, Line::Serial { name: name.into(), value });
        value
    }

    /// All sales, oldest first.
    pub fn sales(&self) -> Vec<Sale> {
        self.index().sales.clone()
    }

    /// Sales not voided.
    pub fn live(&self) -> Vec<Sale> {
        self.index().sales.iter().filter(|sale| sale.is_live()).cloned().collect()
    }

    /// Number of sales, voided ones included.
    pub fn len(&self) -> usize {
        self.index().sales.len()
    }

    /// True before the first sale.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests to buy reached a carrier with this handle (reference or key).
    pub fn requests(&self, carrier: &str, handle: &str) -> u32 {
        self.index().requests.get(&(carrier.into(), handle.into())).copied().unwrap_or(0)
    }

    /// How many of these requests were looked at, and not turned away with 401 or 429 before.
    pub fn processed(&self, carrier: &str, handle: &str) -> u32 {
        let index = self.index();
        let count = |map: &HashMap<(String, String), u32>| {
            map.get(&(carrier.to_owned(), handle.to_owned())).copied().unwrap_or(0)
        };
        count(&index.requests).saturating_sub(count(&index.unprocessed))
    }

    /// Faults that struck the requests to buy with this handle, in order.
    pub fn faults(&self, carrier: &str, handle: &str) -> Vec<Fault> {
        self.index().struck.get(&(carrier.into(), handle.into())).cloned().unwrap_or_default()
    }

    /// The sale with this tracking or shipment number.
    pub fn by_number(&self, carrier: &str, number: &str) -> Option<Sale> {
        let index = self.index();
        index.by_tracking.get(&(carrier.into(), number.into())).and_then(|at| index.sales.get(*at)).cloned()
    }

    /// Sales that carry a reference or handle, oldest first.
    pub fn by_reference(&self, carrier: &str, reference: &str) -> Vec<Sale> {
        let index = self.index();
        let found = index.by_reference.get(&(carrier.into(), reference.into()));
        found.into_iter().flatten().filter_map(|at| index.sales.get(*at)).cloned().collect()
    }

    /// Forgets all sales and counts. Only for a ledger in memory.
    pub fn clear(&self) {
        if self.lines.is_none() {
            let mut index = self.index();
            let serials = std::mem::take(&mut index.serials);
            *index = Index { serials, ..Index::default() };
        }
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, index: &mut Index, line: Line) {
        if let Some(lines) = &self.lines
            && let Ok(mut text) = serde_json::to_string(&line)
        {
            text.push('\n');
            index.appended += 1;
            // A failed writer is seen in `settled`: nothing is answered then.
            let _ = lines.send(text);
        }
        index.apply(line);
    }
}

impl Index {
    fn apply(&mut self, line: Line) {
        match line {
            Line::Sale(sale) => {
                let at = self.sales.len();
                let carrier = &sale.carrier;
                for number in sale.tracking.iter().chain([&sale.shipment]) {
                    self.by_tracking.insert((carrier.clone(), number.clone()), at);
                }
                let mut keys: Vec<&String> = sale.references.iter().chain(&sale.handle).collect();
                keys.sort();
                keys.dedup();
                for key in keys {
                    self.by_reference.entry((carrier.clone(), key.clone())).or_default().push(at);
                }
                self.sales.push(*sale);
            }
            Line::Void { seq, at, pieces } => {
                let Some(sale) = self.sales.get_mut(seq.saturating_sub(1) as usize) else { return };
                sale.voided_pieces.extend(pieces.iter().cloned());
                let none_left = sale.tracking.iter().all(|number| sale.voided_pieces.contains(number));
                if pieces.is_empty() || none_left {
                    sale.voided_at.get_or_insert(at);
                }
            }
            Line::Request { carrier, handles, .. } => {
                for handle in handles {
                    *self.requests.entry((carrier.clone(), handle)).or_default() += 1;
                }
            }
            Line::Unprocessed { carrier, handles } => {
                for handle in handles {
                    *self.unprocessed.entry((carrier.clone(), handle)).or_default() += 1;
                }
            }
            Line::Struck { carrier, handles, fault } => {
                for handle in handles {
                    self.struck.entry((carrier.clone(), handle)).or_default().push(fault.clone());
                }
            }
            Line::Serial { name, value } => {
                self.serials.insert(name, value);
            }
        }
    }
}

/// Writes lines as they come; all that wait share one sync.
fn write(mut file: File, lines: mpsc::Receiver<String>, flushed: watch::Sender<u64>) {
    let mut count = 0;
    while let Ok(first) = lines.recv() {
        let mut batch = first;
        count += 1;
        while let Ok(more) = lines.try_recv() {
            batch.push_str(&more);
            count += 1;
        }
        if file.write_all(batch.as_bytes()).and_then(|()| file.sync_data()).is_err() {
            tracing::error!("the sandbox ledger cannot be written; nothing is answered any more");
            return;
        }
        flushed.send_replace(count);
    }
}
