//! The desk where permits are struck off: what the transport asks before it sends and tells after it has sent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use uuid::Uuid;
use waybill_core::{Error, ErrorKind, PermitId, Phase, Response, SpendPermit};
use waybill_transport::spend::SpendDesk;

use super::verdict::Seen;
use crate::fail::failpoint;
use crate::journal::{Journal, Record};
use crate::seal::{Place, Sealer};
use crate::store::{NewEvidence, Store};

/// Keeps the open permits of one process, and stores what their requests brought back.
pub struct Desk {
    pub(super) store: Store,
    pub(super) journal: Journal,
    pub(super) sealer: Sealer,
    guard: Duration,
    open: Mutex<HashMap<String, Permit>>,
    #[cfg(any(test, feature = "failpoints"))]
    pub(super) fail: crate::fail::FailPoints,
}

struct Permit {
    tenant: String,
    subject: String,
    armed: Boottime,
    seen: Seen,
}

/// Time since the machine started, with the time that it slept. A process that was stopped, or a machine that was frozen,
/// must notice how long that was.
#[derive(Clone, Copy)]
struct Boottime {
    steady: Instant,
    uptime: Option<Duration>,
}

impl Boottime {
    fn now() -> Self {
        Self { steady: Instant::now(), uptime: uptime() }
    }

    fn elapsed(&self) -> Duration {
        let slept = self.uptime.zip(uptime()).map(|(then, now)| now.saturating_sub(then));
        self.steady.elapsed().max(slept.unwrap_or_default())
    }
}

/// Linux counts the time asleep in its uptime, which `Instant` leaves out.
fn uptime() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/uptime").ok()?;
    let (seconds, rest) = text.split_once('.')?;
    let hundredths: u64 = rest.get(..2)?.parse().ok()?;
    Some(Duration::from_secs(seconds.parse().ok()?) + Duration::from_millis(hundredths * 10))
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("open", &self.lock().len()).finish_non_exhaustive()
    }
}

/// A permit that is closed when its user is done, or is dropped half-way.
pub(super) struct OpenPermit {
    desk: Arc<Desk>,
    id: String,
}

impl OpenPermit {
    /// The right itself.
    pub(super) fn permit(&self) -> SpendPermit {
        SpendPermit::issue(PermitId(self.id.clone()))
    }

    /// Closes the permit, so that it sends nothing from now on, and says what was seen.
    pub(super) fn close(self) -> Seen {
        self.desk.lock().remove(&self.id).map_or(Seen::Begun, |permit| permit.seen)
    }
}

impl Drop for OpenPermit {
    fn drop(&mut self) {
        self.desk.lock().remove(&self.id);
    }
}

impl Desk {
    pub(super) fn new(store: Store, journal: Journal, sealer: Sealer, options: &super::Options) -> Self {
        Self {
            store,
            journal,
            sealer,
            guard: guard_of(options),
            open: Mutex::default(),
            #[cfg(any(test, feature = "failpoints"))]
            fail: options.fail.clone(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Permit>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time from which the send guard counts: taken before D2 is asked for, so that the commit counts too.
    pub(super) fn stopwatch() -> Stopwatch {
        Stopwatch(Boottime::now())
    }

    /// Opens a permit for an attempt or operation.
    pub(super) fn issue(self: &Arc<Self>, tenant: &str, subject: &str, since: Stopwatch) -> OpenPermit {
        let id = Uuid::new_v4().to_string();
        let permit = Permit {
            tenant: tenant.to_owned(),
            subject: subject.to_owned(),
            armed: since.0,
            seen: Seen::Unused,
        };
        self.lock().insert(id.clone(), permit);
        OpenPermit { desk: self.clone(), id }
    }

    fn strike_off(&self, id: &PermitId) -> Result<(), Error> {
        let refuse = |why: &str| Err(Error::new(ErrorKind::Internal, format!("nothing was sent: {why}")));
        let mut open = self.lock();
        let Some(permit) = open.get_mut(&id.0) else {
            return refuse("the permit to spend is unknown or closed");
        };
        if permit.seen != Seen::Unused {
            return refuse("the permit to spend was used before");
        }
        self.in_time(permit)?;
        permit.seen = Seen::Begun;
        Ok(())
    }

    /// The send guard.
    fn in_time(&self, permit: &Permit) -> Result<(), Error> {
        if permit.armed.elapsed() <= self.guard {
            return Ok(());
        }
        let message = "nothing was sent: too much time passed since the send was written down";
        Err(Error::new(ErrorKind::Internal, message).with_retry(waybill_core::Retry::Safe))
    }

    fn subject(&self, id: &PermitId) -> Option<(String, String)> {
        self.lock().get(&id.0).map(|permit| (permit.tenant.clone(), permit.subject.clone()))
    }

    fn note(&self, id: &PermitId, seen: Seen) {
        if let Some(permit) = self.lock().get_mut(&id.0) {
            permit.seen = seen;
        }
    }

    /// Makes evidence of something seen.
    pub(super) fn evidence(
        &self,
        tenant: &str,
        subject: &str,
        kind: &str,
        http_status: Option<u16>,
        body: &[u8],
    ) -> Result<NewEvidence, crate::seal::SealError> {
        let id = Uuid::now_v7().to_string();
        Ok(NewEvidence {
            tenant: tenant.to_owned(),
            subject: subject.to_owned(),
            kind: kind.to_owned(),
            at: chrono::Utc::now().timestamp_millis(),
            http_status: http_status.map(i64::from),
            body_sealed: self.sealer.seal(Place::new("evidence", &id, tenant), body)?,
            sha256: crate::seal::sha256(body),
            id,
        })
    }

    /// D3: keeps evidence, in the database or, when that is away, in the journal.
    pub(super) async fn keep(&self, evidence: NewEvidence) -> Result<(), Error> {
        let for_store = evidence.clone();
        let stored = async {
            failpoint!(self.fail, "d3.before");
            self.store
                .write_one(move |mut db| Box::pin(async move { db.insert_evidence(&for_store).await }))
                .await
        };
        let Err(away) = stored.await else { return Ok(()) };
        tracing::warn!(error = %away, "the database does not take an answer; it goes to the journal");
        let journaled = async {
            failpoint!(self.fail, "journal.before");
            self.journal
                .append(Record::evidence(&evidence))
                .await
                .map_err(|error| crate::store::StoreError::Down(error.to_string()))?;
            failpoint!(self.fail, "journal.after");
            Ok::<_, crate::store::StoreError>(())
        };
        journaled.await.map_err(|error| {
            Error::new(ErrorKind::Internal, format!("an answer could not be stored: {error}"))
                .in_phase(Phase::OutcomeUnknown)
        })
    }
}

fn guard_of(options: &super::Options) -> Duration {
    #[cfg(any(test, feature = "failpoints"))]
    if options.is(super::Mutant::NoGuard) {
        return Duration::MAX;
    }
    options.guard
}

/// When D2 was asked for.
#[derive(Clone, Copy)]
pub(super) struct Stopwatch(Boottime);

/// An answer as bytes, headers first, as on the wire.
pub(super) fn answer_bytes(response: &Response) -> Vec<u8> {
    let mut bytes = format!("{}\r\n", response.status().as_u16()).into_bytes();
    for (name, value) in response.headers() {
        bytes.extend(name.as_str().as_bytes());
        bytes.extend(b": ");
        bytes.extend(value.as_bytes());
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"\r\n");
    bytes.extend(response.body());
    bytes
}

/// Reads [`answer_bytes`] back.
pub(super) fn answer_from(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (raw, body) = (bytes.get(..end)?, bytes.get(end + 4..)?);
    let mut lines = raw.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status: u16 = std::str::from_utf8(lines.next()?).ok()?.trim().parse().ok()?;
    let mut response = http::Response::builder().status(status);
    for line in lines {
        let at = line.windows(2).position(|two| two == b": ")?;
        response = response.header(&line[..at], &line[at + 2..]);
    }
    response.body(bytes::Bytes::copy_from_slice(body)).ok()
}

#[async_trait]
impl SpendDesk for Desk {
    async fn begin(&self, permit: &PermitId) -> waybill_core::Result<()> {
        #[cfg(any(test, feature = "failpoints"))]
        self.fail.hit("begin.before").await.map_err(|error| {
            Error::new(ErrorKind::Internal, error.to_string()).with_retry(waybill_core::Retry::Safe)
        })?;
        self.strike_off(permit)?;
        #[cfg(any(test, feature = "failpoints"))]
        self.fail
            .hit("begin.after")
            .await
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        Ok(())
    }

    fn look_again(&self, permit: &PermitId) -> waybill_core::Result<()> {
        match self.lock().get(&permit.0) {
            Some(permit) => self.in_time(permit),
            // The mutant that leaves the guard out leaves this out too.
            #[cfg(any(test, feature = "failpoints"))]
            None if self.guard == Duration::MAX => Ok(()),
            // Whoever waited for the answer has given up: what is sent now would come too late for all plans.
            None => Err(Error::new(ErrorKind::Internal, "nothing was sent: the permit to spend is closed")),
        }
    }

    async fn finished(
        &self,
        permit: &PermitId,
        outcome: waybill_core::Result<&Response, &Error>,
    ) -> waybill_core::Result<()> {
        let gone = || {
            Error::new(ErrorKind::Internal, "the permit to spend is closed").in_phase(Phase::OutcomeUnknown)
        };
        let (tenant, subject) = self.subject(permit).ok_or_else(gone)?;
        let (kind, status, body, seen) = match outcome {
            Ok(response) => {
                let status = response.status().as_u16();
                ("answer", Some(status), answer_bytes(response), Seen::Answered(status))
            }
            // Nothing left: there is nothing to keep.
            Err(error) if error.phase == Phase::NotSent => {
                self.note(permit, Seen::Failed(Phase::NotSent));
                return Ok(());
            }
            Err(error) => ("send_failed", None, error.to_string().into_bytes(), Seen::Failed(error.phase)),
        };
        let evidence = self.evidence(&tenant, &subject, kind, status, &body).map_err(|error| {
            Error::new(ErrorKind::Internal, error.to_string()).in_phase(Phase::OutcomeUnknown)
        })?;
        self.keep(evidence).await?;
        #[cfg(any(test, feature = "failpoints"))]
        self.fail.hit("d3.after").await.map_err(|error| {
            Error::new(ErrorKind::Internal, error.to_string()).in_phase(Phase::OutcomeUnknown)
        })?;
        self.note(permit, seen);
        Ok(())
    }
}
