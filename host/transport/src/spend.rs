//! The desk where permits to spend are struck off. The purchase engine implements it, the transport asks it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use waybill_core::{CallInfo, Effect, Error, ErrorKind, PermitId, Phase, Request, Response, Result};

use crate::exchange::{breaker_open, exchange, wait_for_quota};
use crate::lane::Lane;
use crate::transport::Transport;

/// Keeps the list of open permits, and the evidence of what their requests brought back.
#[async_trait]
pub trait SpendDesk: Send + Sync {
    /// Strikes a permit off and says whether its request may leave now. Called immediately before the first byte.
    ///
    /// An error means that nothing was sent: the permit is unknown, was used before, or too much time has passed since
    /// "sending" was committed (the send guard).
    async fn begin(&self, permit: &PermitId) -> Result<()>;

    /// Looks at the send guard once more, when the connection stands and nothing was written to it. Connecting takes time, and
    /// a process may be stopped meanwhile. An error closes the connection: nothing was sent.
    fn look_again(&self, permit: &PermitId) -> Result<()> {
        let _ = permit;
        Ok(())
    }

    /// Takes the outcome of a request that was let through by [`SpendDesk::begin`], before the carrier parses it: the raw
    /// answer, or how the connection failed (`error.phase` tells whether a byte may have left).
    ///
    /// It must store the evidence durably before it returns. An error makes the call end with an unknown outcome; the
    /// answer is then not given to the carrier.
    async fn finished(&self, permit: &PermitId, outcome: Result<&Response, &Error>) -> Result<()>;
}

/// A connection that is opened for a request that spends.
struct Connecting {
    desk: Arc<dyn SpendDesk>,
    permit: PermitId,
    /// Its request must not leave any more.
    refused: AtomicBool,
}

tokio::task_local! {
    /// What this task connects for.
    static CONNECTING: Arc<Connecting>;
}

/// Passes a connection on, unless it was opened for a request that must not leave any more.
pub(crate) async fn if_in_time<C>(connection: C) -> Result<C, Box<dyn std::error::Error + Send + Sync>> {
    // A read's connection is opened for no permit.
    let Ok(connecting) = CONNECTING.try_with(Arc::clone) else { return Ok(connection) };
    connecting.desk.look_again(&connecting.permit).map(|()| connection).map_err(|late| {
        connecting.refused.store(true, Ordering::Relaxed);
        late.into()
    })
}

/// Sends a request that spends money: once, on a fresh connection, whatever becomes of the caller.
///
/// It runs as a task of its own, so a caller that is dropped after the first byte left does not take the evidence with it.
pub(crate) fn send_once(
    transport: Arc<Transport>,
    lane: Arc<Lane>,
    call: CallInfo,
    permit: PermitId,
    request: Request,
) -> impl Future<Output = Result<Response>> {
    // A purchase waits for its quota, not for the deadline of whoever asked: the engine's lease and guard bound it.
    let call = CallInfo { deadline: None, ..call };
    let task = tokio::spawn(async move { spend(&transport, &lane, &call, &permit, request).await });
    async {
        task.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Internal, "the sending task ended early")
                .in_phase(Phase::OutcomeUnknown))
        })
    }
}

async fn spend(
    transport: &Transport,
    lane: &Lane,
    call: &CallInfo,
    permit: &PermitId,
    request: Request,
) -> Result<Response> {
    let desk = transport.desk().ok_or_else(|| {
        Error::new(ErrorKind::Internal, "no purchase engine is running, so nothing that spends money is sent")
    })?;
    let breaker =
        transport.breaker(request.uri().authority().map(|authority| authority.as_str()).unwrap_or_default());
    let pass = breaker.enter().map_err(|wait| breaker_open(lane, wait))?;
    wait_for_quota(lane, call, Effect::Spend, request.uri().path()).await?;
    desk.begin(permit).await.map_err(|error| error.in_phase(Phase::NotSent))?;
    lane.count(|counters| &counters.spends);
    let connecting =
        Connecting { desk: desk.clone(), permit: permit.clone(), refused: AtomicBool::new(false) };
    let connecting = Arc::new(connecting);
    let sending = exchange(transport, &transport.spends, lane, call, &request, lane.spend_timeout);
    let outcome = CONNECTING.scope(connecting.clone(), sending).await;
    match &outcome {
        Ok(response) if response.status().is_server_error() => pass.failed(),
        Ok(_) => pass.worked(),
        // The guard's refusal says nothing about the carrier.
        Err(_) if connecting.refused.load(Ordering::Relaxed) => drop(pass),
        Err(_) => pass.failed(),
    }
    desk.finished(permit, outcome.as_ref()).await.map_err(|error| {
        Error::new(
            ErrorKind::Internal,
            format!("the carrier's answer could not be stored: {}", error.message),
        )
        .in_phase(Phase::OutcomeUnknown)
    })?;
    outcome
}
