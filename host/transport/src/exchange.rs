//! One request out, one answer in; and reads again when that can help.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::{Bytes, BytesMut};
use chrono::Utc;
use waybill_core::wire::retry_after;
use waybill_core::{CallInfo, Effect, Error, ErrorKind, Phase, Request, Response, Result, Retry};

use crate::lane::Lane;
use crate::patience::within;
use crate::redact::shown_url;
use crate::transport::Transport;

/// Sends a read, again when that can help and there is time; sends a change again only when it was certainly not sent.
pub(crate) async fn send_with_retries(
    transport: &Transport,
    lane: &Lane,
    call: &CallInfo,
    effect: Effect,
    request: &Request,
) -> Result<Response> {
    let mut waits = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(150))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(transport.settings.read_attempts.saturating_sub(1))
        .with_jitter()
        .build();
    loop {
        let outcome = attempt_once(transport, lane, call, effect, request).await;
        let Some(asked) = worth_repeating(&outcome, effect) else { return outcome };
        let Some(wait) = waits.next() else { return outcome };
        let wait = wait.max(asked);
        if time_left(call).is_some_and(|left| left <= wait) || wait > Duration::from_secs(30) {
            return outcome;
        }
        lane.count(|counters| &counters.retries);
        tokio::time::sleep(wait).await;
    }
}

/// How long the carrier wants to be left alone before the request is repeated; `None` when it must not be repeated.
fn worth_repeating(outcome: &Result<Response>, effect: Effect) -> Option<Duration> {
    match (outcome, effect) {
        (Err(error), Effect::Read) if error.is_retryable() => Some(Duration::ZERO),
        (Err(error), _) if error.is_retryable() && error.phase == Phase::NotSent => Some(Duration::ZERO),
        (Ok(response), Effect::Read) => match response.status().as_u16() {
            429 => Some(retry_after(response).unwrap_or(Duration::from_millis(500))),
            502..=504 => Some(retry_after(response).unwrap_or_default()),
            _ => None,
        },
        _ => None,
    }
}

async fn attempt_once(
    transport: &Transport,
    lane: &Lane,
    call: &CallInfo,
    effect: Effect,
    request: &Request,
) -> Result<Response> {
    let breaker =
        transport.breaker(request.uri().authority().map(|authority| authority.as_str()).unwrap_or_default());
    let pass = breaker.enter().map_err(|wait| breaker_open(lane, wait))?;
    wait_for_quota(lane, call, effect, request.uri().path()).await?;
    let limit = time_left(call)
        .map_or(transport.settings.read_timeout, |left| left.min(transport.settings.read_timeout));
    let outcome = exchange(transport, &transport.reads, lane, call, request, limit).await;
    match &outcome {
        Ok(response) if response.status().is_server_error() => pass.failed(),
        Ok(_) => pass.worked(),
        // The caller's own deadline says nothing about the carrier.
        Err(_) if time_left(call).is_some_and(|left| left.is_zero()) => drop(pass),
        Err(_) => pass.failed(),
    }
    outcome
}

pub(crate) fn breaker_open(lane: &Lane, wait: Duration) -> Error {
    let message = format!(
        "{} has failed several times in a row and is left alone for {} ms more: nothing was sent",
        lane.carrier,
        wait.as_millis()
    );
    Error::new(ErrorKind::Unavailable, message).with_retry(Retry::After(wait))
}

/// Waits until the account's quota has room; an error when the deadline comes first.
pub(crate) async fn wait_for_quota(lane: &Lane, call: &CallInfo, effect: Effect, path: &str) -> Result<()> {
    loop {
        let wait = lane.limits.admit(path, effect);
        if wait.is_zero() {
            return Ok(());
        }
        let allowed = time_left(call).unwrap_or(Duration::from_secs(60));
        if wait > allowed {
            let until = Some(Utc::now() + chrono::Duration::from_std(wait).unwrap_or_default());
            let kind = ErrorKind::RateLimited { scope: waybill_core::Scope::Account, until };
            let message = format!(
                "the call limit of account `{}` leaves no room before the deadline: nothing was sent",
                lane.account
            );
            return Err(Error::new(kind, message).with_retry(Retry::After(wait)));
        }
        tokio::time::sleep(wait).await;
    }
}

pub(crate) fn time_left(call: &CallInfo) -> Option<Duration> {
    let left = call.deadline? - Utc::now();
    Some(left.to_std().unwrap_or_default())
}

/// One request out, one whole answer in. The error's phase tells whether a byte may have reached the carrier.
pub(crate) async fn exchange(
    transport: &Transport,
    client: &reqwest::Client,
    lane: &Lane,
    call: &CallInfo,
    request: &Request,
    limit: Duration,
) -> Result<Response> {
    let (method, uri) = (request.method(), request.uri());
    let sent_bytes = request.body().len();
    let started = Instant::now();
    lane.counters.calls.fetch_add(1, Ordering::Relaxed);
    let outcome = match within(limit, whole_answer(client, request, transport.settings.max_answer)).await {
        Ok(outcome) => outcome,
        // The limit may have passed while connecting, yet a byte may have left as well: assume the worse.
        Err(_) => Err(unknown(format!("no answer within {} ms", limit.as_millis()))),
    };
    let millis = started.elapsed().as_millis();
    // The redacted form costs more than the rest of a call here, so it is made only for whoever reads it.
    let shown = || shown_url(uri, &lane.redactor);
    match &outcome {
        Ok(response) => {
            tracing::debug!(target: "waybill::wire", call = call.id, account = %lane.account, %method, url = %shown(), sent_bytes,
                status = response.status().as_u16(), received_bytes = response.body().len(), millis, "answered");
            if response.status() == http::StatusCode::TOO_MANY_REQUESTS
                && let Some(wait) = retry_after(response)
            {
                lane.limits.pause(wait);
            }
        }
        Err(error) => {
            lane.count(|counters| &counters.failures);
            tracing::debug!(target: "waybill::wire", call = call.id, account = %lane.account, %method, url = %shown(), sent_bytes,
                error = %error, phase = ?error.phase, millis, "no answer");
        }
    }
    outcome.map_err(|error| {
        let host = lane.redactor.clean(uri.host().unwrap_or_default());
        error.with("carrier", &lane.carrier).with("host", host)
    })
}

async fn whole_answer(client: &reqwest::Client, request: &Request, max_answer: usize) -> Result<Response> {
    // Hundreds of calls wait here at once: what waits holds the answer to come and nothing twice.
    let outgoing = outgoing(client, request).map_err(|error| failure(&error))?;
    let sent = client.execute(outgoing);
    let mut answer = sent.await.map_err(|error| failure(&error))?;
    let mut response = http::Response::builder().status(answer.status()).version(answer.version());
    if let Some(headers) = response.headers_mut() {
        *headers = std::mem::take(answer.headers_mut());
    }
    let body = read_body(&mut answer, max_answer).await?;
    response.body(body).map_err(|error| unknown(format!("the answer is no HTTP answer: {error}")))
}

async fn read_body(answer: &mut reqwest::Response, max_answer: usize) -> Result<Bytes> {
    let announced = answer.content_length().unwrap_or_default();
    let too_large =
        || Error { retry: Retry::Never, ..unknown(format!("the answer is larger than {max_answer} bytes")) };
    if announced > max_answer as u64 {
        return Err(too_large());
    }
    let mut chunks = Vec::new();
    let mut length = 0;
    while let Some(chunk) = answer.chunk().await.map_err(|error| failure(&error))? {
        length += chunk.len();
        if length > max_answer {
            return Err(too_large());
        }
        chunks.push(chunk);
    }
    if let [only] = chunks.as_mut_slice() {
        return Ok(std::mem::take(only));
    }
    let mut whole = BytesMut::with_capacity(length);
    chunks.iter().for_each(|chunk| whole.extend_from_slice(chunk));
    Ok(whole.freeze())
}

/// The HTTP library's error in our words. Its own text can hold the URL, and that a password.
fn failure(error: &reqwest::Error) -> Error {
    match () {
        () if error.is_builder() => {
            Error::new(ErrorKind::Internal, "the request is no HTTP request: nothing was sent")
        }
        () if error.is_connect() => Error::new(
            ErrorKind::Unavailable,
            format!("no connection: {}: nothing was sent", root_cause(error)),
        )
        .with_retry(Retry::Safe),
        () if error.is_timeout() => unknown("the answer did not come in time".to_owned()),
        () if error.is_body() || error.is_decode() => unknown("the answer broke off".to_owned()),
        () => unknown(format!("the connection broke: {}", root_cause(error))),
    }
}

/// The innermost cause only: outer layers quote the URL.
fn root_cause(error: &reqwest::Error) -> String {
    let mut innermost = None;
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        innermost = Some(inner);
        cause = inner.source();
    }
    innermost.map_or_else(|| "unreachable".to_owned(), |cause| cause.to_string())
}

fn unknown(message: String) -> Error {
    Error::new(ErrorKind::Unavailable, message).in_phase(Phase::OutcomeUnknown).with_retry(Retry::Safe)
}

/// The request in the HTTP library's form; the body's bytes are shared.
fn outgoing(client: &reqwest::Client, request: &Request) -> reqwest::Result<reqwest::Request> {
    let uri = request.uri().to_string();
    let outgoing = client.request(request.method().clone(), uri).headers(request.headers().clone());
    match request.body() {
        body if body.is_empty() => outgoing.build(),
        body => outgoing.body(body.clone()).build(),
    }
}
