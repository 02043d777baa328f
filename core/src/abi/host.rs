//! The host's side of the boundary: a library's carrier is a [`Carrier`](crate::Carrier) like any other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_ffi::{FfiFuture, FutureExt as _};
use async_trait::async_trait;
use bytes::Bytes;

use super::layout::{Buffer, Descriptor, HostTable, MAGIC, Message, OLDEST_DESCRIPTOR, Reply};
use super::{ABI_MAJOR, CallHead, Description, HttpHead, HttpReplyHead, KeepHead, Opened, ReplyHead};
use crate::operation::{Packed, Remote, Wire};
use crate::{CallInfo, Cx, Error, ErrorKind, Host, LogLevel, Outgoing, Phase, Result, SpendPermit};

/// Log lines that one library may write in a second; the rest is counted and left out.
const LINES_PER_SECOND: u64 = 200;

/// What the host remembers of the calls that are under way in one library.
#[derive(Default)]
struct Calls {
    open: Mutex<HashMap<u64, OpenCall>>,
    next: AtomicU64,
    lines: Mutex<Lines>,
}

/// A call under way, and who answers for it.
type OpenCall = (Arc<CallInfo>, Arc<dyn Host>);

#[derive(Default)]
struct Lines {
    second: i64,
    written: u64,
    dropped: u64,
}

impl Calls {
    fn of(&self, key: u64) -> Option<OpenCall> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Whether one more line may be written now, and how many were left out before it.
    fn admit_line(&self, second: i64) -> Option<u64> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.second != second {
            lines.second = second;
            lines.written = 0;
        }
        if lines.written >= LINES_PER_SECOND {
            lines.dropped += 1;
            return None;
        }
        lines.written += 1;
        Some(std::mem::take(&mut lines.dropped))
    }
}

unsafe extern "C" fn retain(context: *const ()) {
    // SAFETY: the context is an `Arc<Calls>` of this side that has at least one user.
    unsafe { Arc::increment_strong_count(context.cast::<Calls>()) }
}

unsafe extern "C" fn release(context: *const ()) {
    // SAFETY: pairs with `retain`, or with the first user.
    unsafe { Arc::decrement_strong_count(context.cast::<Calls>()) }
}

/// # Safety
/// `context` must be a retained `Arc<Calls>`.
unsafe fn calls(context: *const ()) -> Arc<Calls> {
    // SAFETY: by this function's contract.
    unsafe {
        retain(context);
        Arc::from_raw(context.cast::<Calls>())
    }
}

unsafe extern "C" fn send(context: *const (), message: Message) -> FfiFuture<Reply> {
    // SAFETY: libraries call with the context of the table that they retain.
    let calls = unsafe { calls(context) };
    async move { send_for(&calls, message).await.unwrap_or_else(|error| Reply::error(&error)) }.into_ffi()
}

async fn send_for(calls: &Calls, message: Message) -> Result<Reply> {
    let refused = |error: &dyn std::fmt::Display| {
        Error::new(
            ErrorKind::Internal,
            format!("the library's request cannot be read: {error}: nothing was sent"),
        )
    };
    message.check().map_err(|error| refused(&error))?;
    let head: HttpHead = serde_json::from_slice(message.head.bytes()).map_err(|error| refused(&error))?;
    let (call, host) = calls.of(head.key).ok_or_else(|| refused(&"its call is over"))?;
    let mut request = http::Request::builder().method(head.method.as_str()).uri(head.url);
    for (name, value, sensitive) in &head.headers {
        let mut value = http::HeaderValue::from_str(value).map_err(|error| refused(&error))?;
        value.set_sensitive(*sensitive);
        request = request.header(name, value);
    }
    let request = request.body(message.body.into_bytes()).map_err(|error| refused(&error))?;
    let (parts, body) =
        host.send(&call, Outgoing { request, effect: head.effect, permit: head.permit }).await?.into_parts();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let head = HttpReplyHead { status: parts.status.as_u16(), headers };
    let head = serde_json::to_vec(&head).map_err(|error| refused(&error).in_phase(Phase::OutcomeUnknown))?;
    Ok(Reply::answer(head, Vec::new(), Vec::from(body)))
}

unsafe extern "C" fn sleep(context: *const (), key: u64, millis: u64) -> FfiFuture<()> {
    // SAFETY: as in `send`.
    let calls = unsafe { calls(context) };
    async move {
        if let Some((_, host)) = calls.of(key) {
            host.sleep(Duration::from_millis(millis)).await;
        }
    }
    .into_ffi()
}

unsafe extern "C" fn now(context: *const (), key: u64) -> i64 {
    // SAFETY: as in `send`.
    let calls = unsafe { calls(context) };
    calls.of(key).map(|(_, host)| host.now().timestamp_millis()).unwrap_or_default()
}

unsafe extern "C" fn log(context: *const (), key: u64, level: u8, text: Buffer) {
    // SAFETY: as in `send`.
    let calls = unsafe { calls(context) };
    let Some((call, host)) = calls.of(key) else { return };
    let Some(dropped) = calls.admit_line(host.now().timestamp()) else { return };
    let level = match level {
        0 => LogLevel::Debug,
        1 => LogLevel::Info,
        _ => LogLevel::Warn,
    };
    if dropped > 0 {
        host.log(&call, LogLevel::Warn, &format!("{dropped} log lines of the library were left out"));
    }
    let text = String::from_utf8_lossy(text.bytes());
    host.log(&call, level, crate::wire::clip(&text, 2_000));
}

unsafe extern "C" fn keep(context: *const (), message: Message) -> FfiFuture<Reply> {
    // SAFETY: as in `send`.
    let calls = unsafe { calls(context) };
    async move {
        match keep_for(&calls, &message).await {
            Ok(()) => Reply::answer(Vec::new(), Vec::new(), Vec::new()),
            Err(error) => Reply::error(&error),
        }
    }
    .into_ffi()
}

async fn keep_for(calls: &Calls, message: &Message) -> Result<()> {
    // What cannot be read may hold a secret: the words of the reader stay out of the error.
    let refused = |what: &str| {
        Error::new(ErrorKind::Internal, format!("the library's renewed settings are not kept: {what}"))
    };
    message.check().map_err(|error| refused(&error))?;
    let head: KeepHead =
        serde_json::from_slice(message.head.bytes()).map_err(|_| refused("their head cannot be read"))?;
    let (call, host) = calls.of(head.key).ok_or_else(|| refused("their call is over"))?;
    let grant =
        serde_json::from_slice(message.payload.bytes()).map_err(|_| refused("they cannot be read"))?;
    host.keep(&call, &grant).await
}

/// A carrier's descriptor, of this program or of a library that stays loaded.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    descriptor: &'static Descriptor,
}

impl Plugin {
    /// Takes a descriptor after reading its header.
    ///
    /// # Safety
    /// The descriptor must be what [`crate::export_carrier!`] made, of this program or of a library that is never
    /// unloaded. Its header is checked here; the rest is believed: a library runs with the host's full trust.
    pub unsafe fn new(descriptor: &'static Descriptor) -> Result<Self> {
        let header = &descriptor.header;
        let refuse = |message: String| Err(Error::new(ErrorKind::Config, message));
        if header.magic != MAGIC {
            return refuse(
                "the library's descriptor does not begin as Waybill's do: it is no Waybill carrier"
                    .to_owned(),
            );
        }
        if header.abi_major != ABI_MAJOR || header.size < OLDEST_DESCRIPTOR {
            let (major, minor) = (header.abi_major, header.abi_minor);
            return refuse(format!(
                "the library speaks plugin ABI {major}.{minor}, this host speaks {ABI_MAJOR}.x: build it again with waybill-core {}",
                env!("CARGO_PKG_VERSION")
            ));
        }
        if header.panic_unwinds != 1 {
            return refuse("the library was built with panic = \"abort\": a panic would take the host down; build it with panic = \"unwind\"".to_owned());
        }
        Ok(Self { descriptor })
    }

    /// Version of `waybill-core` that the library was built with, and version of its carrier.
    pub fn versions(&self) -> (String, String) {
        // SAFETY: `new` took the descriptor under the contract that it is genuine.
        unsafe { (self.descriptor.header.core_version.read(), self.descriptor.header.carrier_version.read()) }
    }

    /// Lets a library send its panics to the log. Not for descriptors of this program.
    pub fn init(&self) {
        let calls = Arc::new(Calls::default());
        let table = table(&calls);
        // SAFETY: the descriptor is genuine and the table valid; the library retains it.
        unsafe { (self.descriptor.init)(&table) }
    }

    /// What the carrier offers.
    pub fn describe(&self) -> Result<Description> {
        // SAFETY: the descriptor is genuine.
        let text = unsafe { (self.descriptor.describe)() };
        serde_json::from_slice(text.bytes()).map_err(|error| {
            Error::new(
                ErrorKind::Config,
                format!("the library's description cannot be read by this host: {error}"),
            )
        })
    }

    /// Opens an account.
    pub fn open(&self, settings: &serde_json::Value) -> Result<Remote<PluginWire>> {
        let calls = Arc::new(Calls::default());
        let settings = serde_json::to_vec(settings)
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        // SAFETY: the descriptor is genuine and the table valid; the library retains it while the account is open.
        let reply = unsafe { (self.descriptor.open)(settings.into(), &table(&calls)) };
        let unreadable = |error: serde_json::Error| {
            Error::new(
                ErrorKind::Config,
                format!("the library's answer to opening an account cannot be read: {error}"),
            )
        };
        if reply.instance.is_null() {
            return Err(serde_json::from_slice(reply.info.bytes()).unwrap_or_else(unreadable));
        }
        let wire = PluginWire { descriptor: self.descriptor, instance: reply.instance, calls };
        let opened: Opened = serde_json::from_slice(reply.info.bytes()).map_err(unreadable)?;
        Ok(Remote::new(opened.profile, opened.capabilities, wire))
    }
}

/// A carrier of this program behind the whole boundary, as if it were a library: for tests.
pub fn loopback<P: crate::CarrierPlugin>() -> Plugin {
    use super::layout::{Header, Text};
    let descriptor: &'static Descriptor = const {
        &Descriptor {
            header: Header {
                magic: MAGIC,
                abi_major: ABI_MAJOR,
                abi_minor: super::ABI_MINOR,
                size: size_of::<Descriptor>(),
                panic_unwinds: cfg!(panic = "unwind") as u8,
                core_version: Text::new(crate::VERSION),
                carrier_version: Text::new("loopback"),
            },
            describe: super::guest::describe::<P>,
            init: super::guest::init,
            open: super::guest::open::<P>,
            call: super::guest::call,
            close: super::guest::close,
        }
    };
    Plugin { descriptor }
}

fn table(calls: &Arc<Calls>) -> HostTable {
    HostTable {
        size: size_of::<HostTable>(),
        context: Arc::as_ptr(calls).cast(),
        retain,
        release,
        send,
        sleep,
        now,
        log,
        keep: Some(keep),
    }
}

/// Carries calls to one opened account of a library.
pub struct PluginWire {
    descriptor: &'static Descriptor,
    instance: *const (),
    calls: Arc<Calls>,
}

// SAFETY: the instance is an `Arc` of a `Send + Sync` type inside the library, used only through its functions.
unsafe impl Send for PluginWire {}
// SAFETY: as above.
unsafe impl Sync for PluginWire {}

impl Drop for PluginWire {
    fn drop(&mut self) {
        // SAFETY: the instance comes from `open` of this descriptor and is closed once; calls under way hold counts of
        // their own inside the library.
        unsafe { (self.descriptor.close)(self.instance) }
    }
}

/// Takes a call out of the list when it ends or is dropped.
struct Listed<'a> {
    calls: &'a Calls,
    key: u64,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.calls.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[async_trait]
impl Wire for PluginWire {
    async fn call(
        &self,
        cx: &Cx,
        operation: &str,
        input: Vec<u8>,
        permit: Option<SpendPermit>,
    ) -> Result<Packed> {
        let key = self.calls.next.fetch_add(1, Ordering::Relaxed) + 1;
        let entry = (Arc::new(cx.call().clone()), cx.host().clone());
        self.calls.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key, entry);
        let _listed = Listed { calls: &self.calls, key };
        let head = CallHead {
            operation: operation.to_owned(),
            key,
            call: cx.call().clone(),
            permit: permit.map(SpendPermit::into_id),
        };
        let head =
            serde_json::to_vec(&head).map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        let message = Message { head: head.into(), payload: input.into(), body: Buffer::empty() };
        // SAFETY: the descriptor is genuine and the instance open while `self` lives.
        let reply = unsafe { (self.descriptor.call)(self.instance, message) }.await;
        unpack(reply)
    }
}

/// What came back. Anything that cannot be believed leaves the outcome open: it may follow a sale.
fn unpack(reply: Reply) -> Result<Packed> {
    let lie = |error: &dyn std::fmt::Display| {
        Error::malformed(format!("the library's answer cannot be believed: {error}"))
    };
    reply.message.check().map_err(|error| lie(&error))?;
    if reply.ok == 0 {
        return Err(serde_json::from_slice(reply.message.head.bytes()).unwrap_or_else(|error| lie(&error)));
    }
    let head: ReplyHead = serde_json::from_slice(reply.message.head.bytes()).map_err(|error| lie(&error))?;
    let payload = reply.message.payload.bytes().to_vec();
    let body = reply.message.body.into_bytes();
    let announced = head.files.iter().fold(0_usize, |sum, length| sum.saturating_add(*length));
    if announced != body.len() {
        return Err(lie(&format!("files of {announced} bytes announced, {} bytes came", body.len())));
    }
    let mut rest: Bytes = body;
    let files = head.files.iter().map(|length| rest.split_to(*length)).collect();
    Ok(Packed { head: payload, files })
}
