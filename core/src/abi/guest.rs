//! The library's side of the boundary.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_ffi::{FfiFuture, FutureExt as _};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;

use super::layout::{Buffer, HostTable, Message, OpenReply, Reply};
use super::{CallHead, Description, HttpHead, HttpReplyHead, KeepHead, Opened, ReplyHead};
use crate::operation::{Packed, capabilities, dispatch};
use crate::{
    CallInfo, Carrier, CarrierPlugin, Cx, Error, ErrorKind, Grant, Host, LogLevel, Outgoing, Phase, Response,
    Result, SpendPermit,
};

/// An opened account inside a library.
struct Instance {
    carrier: Box<dyn Carrier>,
    host: Arc<HostRef>,
}

/// The host's table, retained as long as it is used.
struct HostRef(HostTable);

impl HostRef {
    /// # Safety
    /// The table must come from a host and be valid during this call; its context stays valid while it is retained.
    unsafe fn retain(table: *const HostTable) -> Result<Arc<Self>> {
        // SAFETY: by this function's contract.
        let table = unsafe { HostTable::read(table) }.map_err(|why| Error::new(ErrorKind::Config, why))?;
        // SAFETY: as above.
        unsafe { (table.retain)(table.context) };
        Ok(Arc::new(Self(table)))
    }
}

impl Drop for HostRef {
    fn drop(&mut self) {
        // SAFETY: pairs with `retain`.
        unsafe { (self.0.release)(self.0.context) }
    }
}

/// The host, during one call.
struct GuestHost {
    host: Arc<HostRef>,
    key: u64,
}

#[async_trait]
impl Host for GuestHost {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let message = request_message(self.key, outgoing)?;
        let table = &self.host.0;
        // SAFETY: the table is retained by `self.host`, which outlives the future.
        let reply = unsafe { (table.send)(table.context, message) }.await;
        response_of(reply)
    }
    async fn sleep(&self, duration: Duration) {
        let table = &self.host.0;
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        // SAFETY: as in `send`.
        unsafe { (table.sleep)(table.context, self.key, millis) }.await;
    }
    fn now(&self) -> DateTime<Utc> {
        let table = &self.host.0;
        // SAFETY: as in `send`.
        DateTime::from_timestamp_millis(unsafe { (table.now)(table.context, self.key) }).unwrap_or_default()
    }
    fn log(&self, _: &CallInfo, level: LogLevel, message: &str) {
        let table = &self.host.0;
        // SAFETY: as in `send`.
        unsafe { (table.log)(table.context, self.key, level as u8, message.as_bytes().to_vec().into()) }
    }
    async fn keep(&self, _: &CallInfo, grant: &Grant) -> Result<()> {
        let table = &self.host.0;
        let Some(keep) = table.keep else {
            return Err(Error::unsupported(
                "this host is too old to keep the renewed settings of a library's account",
            ));
        };
        let internal = |error: serde_json::Error| Error::new(ErrorKind::Internal, error.to_string());
        let message = Message {
            head: serde_json::to_vec(&KeepHead { key: self.key }).map_err(internal)?.into(),
            payload: serde_json::to_vec(grant).map_err(internal)?.into(),
            body: Buffer::empty(),
        };
        // SAFETY: as in `send`.
        let reply = unsafe { keep(table.context, message) }.await;
        match reply.ok {
            0 => Err(host_error(&reply)),
            _ => Ok(()),
        }
    }
}

/// The error in a reply of the host.
fn host_error(reply: &Reply) -> Error {
    serde_json::from_slice(reply.message.head.bytes())
        .unwrap_or_else(|error| Error::malformed(format!("the host's answer cannot be read: {error}")))
}

fn request_message(key: u64, outgoing: Outgoing) -> Result<Message> {
    let Outgoing { request, effect, permit } = outgoing;
    let (parts, body) = request.into_parts();
    let mut headers = Vec::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        let text = value.to_str().map_err(|_| {
            Error::new(
                ErrorKind::Invalid,
                format!("header `{name}` holds bytes that are no text: nothing was sent"),
            )
        })?;
        headers.push((name.as_str().to_owned(), text.to_owned(), value.is_sensitive()));
    }
    let head = HttpHead {
        key,
        method: parts.method.to_string(),
        url: parts.uri.to_string(),
        headers,
        effect,
        permit,
    };
    let head = serde_json::to_vec(&head).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the request cannot cross the plugin boundary: {error}"))
    })?;
    Ok(Message { head: head.into(), payload: Buffer::empty(), body: Vec::from(body).into() })
}

fn response_of(reply: Reply) -> Result<Response> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::malformed(format!("the host's answer cannot be read: {error}"))
    };
    reply.message.check().map_err(|error| unreadable(&error))?;
    if reply.ok == 0 {
        return Err(host_error(&reply));
    }
    let head: HttpReplyHead =
        serde_json::from_slice(reply.message.head.bytes()).map_err(|error| unreadable(&error))?;
    let mut response = http::Response::builder().status(head.status);
    for (name, value) in &head.headers {
        response = response.header(name, value);
    }
    response.body(reply.message.body.into_bytes()).map_err(|error| unreadable(&error))
}

/// [`super::layout::Descriptor::describe`].
///
/// # Safety
/// Called through a descriptor.
pub unsafe extern "C" fn describe<P: CarrierPlugin>() -> Buffer {
    let text = catch_unwind(|| {
        let schema = serde_json::to_value(schemars::schema_for!(P::Config)).unwrap_or_default();
        serde_json::to_vec(&Description { profile: P::profile(), schema, example: P::example().to_owned() })
            .unwrap_or_default()
    });
    text.unwrap_or_else(forget_payload).into()
}

/// [`super::layout::Descriptor::init`]: the library's panics go to the host's log, with their place and without their
/// words, which may hold personal data.
///
/// # Safety
/// Called once through a descriptor of a library, with a valid table.
pub unsafe extern "C" fn init(table: *const HostTable) {
    static HOST: OnceLock<Option<Arc<HostRef>>> = OnceLock::new();
    // SAFETY: by this function's contract.
    let host = HOST.get_or_init(|| unsafe { HostRef::retain(table) }.ok());
    // Without a table that it can use there is no log; opening an account will say why.
    let Some(host) = host else { return };
    let installed = catch_unwind(|| {
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
            let text = format!("the carrier's code panicked at {place}").into_bytes();
            // SAFETY: the table is retained for ever.
            unsafe { (host.0.log)(host.0.context, 0, LogLevel::Warn as u8, text.into()) }
        }));
    });
    if let Err(payload) = installed {
        forget_payload::<()>(payload);
    }
}

/// [`super::layout::Descriptor::open`].
///
/// # Safety
/// Called through a descriptor with a valid table.
pub unsafe extern "C" fn open<P: CarrierPlugin>(settings: Buffer, table: *const HostTable) -> OpenReply {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: by this function's contract.
        let host = unsafe { HostRef::retain(table) }?;
        let mut settings = serde_json::Deserializer::from_slice(settings.bytes());
        let config: P::Config =
            serde_path_to_error::deserialize(&mut settings).map_err(|error| config_error(&error))?;
        Ok((P::open(config)?, host))
    }));
    let opened = opened.unwrap_or_else(|payload| Err(panicked("opening the account", payload)));
    match opened {
        Ok((carrier, host)) => {
            let info =
                Opened { profile: carrier.profile().clone(), capabilities: capabilities(carrier.as_ref()) };
            let info = serde_json::to_vec(&info).unwrap_or_default();
            let instance = Arc::into_raw(Arc::new(Instance { carrier, host })).cast();
            OpenReply { instance, info: info.into() }
        }
        Err(error) => OpenReply {
            instance: std::ptr::null(),
            info: serde_json::to_vec(&error).unwrap_or_default().into(),
        },
    }
}

/// serde's error with its path; the host turns `cure` into its own words.
fn config_error(error: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let inner = error.inner().to_string();
    let text = inner.split(" at line ").next().unwrap_or_default();
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    // "invalid type: string "hunter2", expected ..." quotes the value: keep what was expected only.
    let problem = match text.split_once("expected ") {
        Some((before, expected)) if before.starts_with("invalid") => {
            format!("the value has the wrong form, expected {expected}")
        }
        _ => text.to_owned(),
    };
    Error::invalid_field(path, problem, "compare with `waybill carriers ID`")
}

/// [`super::layout::Descriptor::call`].
///
/// # Safety
/// `instance` must come from [`open`] of the same library and not be closed.
pub unsafe extern "C" fn call(instance: *const (), message: Message) -> FfiFuture<Reply> {
    // SAFETY: by this function's contract; the count keeps the instance alive for the future, closed or not.
    let instance = unsafe {
        Arc::increment_strong_count(instance.cast::<Instance>());
        Arc::from_raw(instance.cast::<Instance>())
    };
    async move {
        let outcome = AssertUnwindSafe(run(&instance, message)).catch_unwind().await;
        outcome
            .unwrap_or_else(|payload| Err(panicked("the call", payload)))
            .unwrap_or_else(|error| Reply::error(&error))
    }
    .into_ffi()
}

async fn run(instance: &Instance, message: Message) -> Result<Reply> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Error::new(ErrorKind::Internal, format!("the host's call cannot be read: {error}"))
    };
    message.check().map_err(|error| unreadable(&error))?;
    let head: CallHead = serde_json::from_slice(message.head.bytes()).map_err(|error| unreadable(&error))?;
    let host = Arc::new(GuestHost { host: instance.host.clone(), key: head.key });
    let cx = Cx::new(head.call, host);
    let permit = head.permit.map(SpendPermit::issue);
    let packed =
        dispatch(instance.carrier.as_ref(), &cx, &head.operation, message.payload.bytes(), permit).await?;
    Ok(reply_of(packed))
}

fn reply_of(packed: Packed) -> Reply {
    let head = ReplyHead { files: packed.files.iter().map(Bytes::len).collect() };
    let body = match <[Bytes; 1]>::try_from(packed.files) {
        Ok([only]) => Vec::from(only),
        Err(files) => files.concat(),
    };
    Reply::answer(serde_json::to_vec(&head).unwrap_or_default(), packed.head, body)
}

/// [`super::layout::Descriptor::close`].
///
/// # Safety
/// `instance` must come from [`open`] of the same library; it is not used afterwards.
pub unsafe extern "C" fn close(instance: *const ()) {
    // SAFETY: by this function's contract.
    let instance = unsafe { Arc::from_raw(instance.cast::<Instance>()) };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(instance))) {
        forget_payload::<()>(payload);
    }
}

/// A panic as an error. What happened before it is open: it may have come after a sale.
fn panicked(what: &str, payload: Box<dyn Any + Send>) -> Error {
    forget_payload::<()>(payload);
    Error::new(ErrorKind::Panicked, format!("the carrier's code panicked in {what}; the log has the place"))
        .in_phase(Phase::OutcomeUnknown)
}

/// Drops a panic's payload. That could panic again; what comes of that is left behind.
fn forget_payload<T: Default>(payload: Box<dyn Any + Send>) -> T {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
    T::default()
}
