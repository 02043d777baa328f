//! Both sides of the plugin boundary, answered with frames that nobody promised.
#![allow(
    unsafe_code,
    reason = "the boundary is C; what crosses it here are whole buffers with any bytes in them"
)]

use std::cell::RefCell;
use std::sync::LazyLock;

use async_ffi::{FfiFuture, FutureExt as _};
use waybill_core::abi::host::{Plugin, PluginWire, loopback};
use waybill_core::abi::layout::{Buffer, Descriptor, Header, HostTable, Message, Reply, Text};
use waybill_core::abi::{ABI_MAJOR, ABI_MINOR, MAGIC, guest};
use waybill_core::operation::{Remote, Wire as _};
use waybill_core::{Carrier as _, VERSION};
use waybill_hello::Hello;
use waybill_testkit::{Rig, block_on};

/// What the made-up side says.
#[derive(Default)]
struct Frames {
    parts: Vec<Vec<u8>>,
    next: usize,
}

thread_local! {
    static FRAMES: RefCell<Frames> = RefCell::default();
    static TABLE: RefCell<Option<HostTable>> = const { RefCell::new(None) };
}

fn say(data: &[u8]) {
    let parts = data.split(|byte| *byte == 0x1e).map(<[u8]>::to_vec).collect();
    FRAMES.set(Frames { parts, next: 0 });
}

/// The next part of the data; nothing after the last.
fn part() -> Vec<u8> {
    FRAMES.with_borrow_mut(|frames| {
        frames.next += 1;
        frames.parts.get(frames.next - 1).cloned().unwrap_or_default()
    })
}

fn message() -> Message {
    Message { head: part().into(), payload: part().into(), body: part().into() }
}

/// The next message, with a byte in front that says whether it is an answer.
fn reply() -> Reply {
    Reply { ok: part().first().copied().unwrap_or_default(), message: message() }
}

static RIG: LazyLock<Rig> =
    LazyLock::new(|| Rig::new::<Hello>(concat!(env!("CARGO_MANIFEST_DIR"), "/../../carriers/hello")));

fn settings() -> serde_json::Value {
    serde_json::json!({
        "client_id": "hello-client", "client_secret": "hello-secret-4711", "account_number": "10020030",
        "base_url": waybill_testkit::BASE_URL,
    })
}

// ---------------------------------------------------------------- a library that says anything to the host

unsafe extern "C" fn open(settings: Buffer, table: *const HostTable) -> waybill_core::abi::layout::OpenReply {
    // SAFETY: the host built by the same sources passes a valid, whole table.
    TABLE.set(Some(unsafe { *table }));
    // SAFETY: the host's table is valid, and this is the library's own open.
    unsafe { guest::open::<Hello>(settings, table) }
}

unsafe extern "C" fn call(_: *const (), _: Message) -> FfiFuture<Reply> {
    let (asked, answer) = (message(), reply());
    let table = TABLE.take();
    async move {
        if let Some(table) = table {
            // SAFETY: the table is valid while the account is open, which it is during a call.
            drop(unsafe { (table.send)(table.context, asked) }.await);
        }
        answer
    }
    .into_ffi()
}

static ANYTHING: Descriptor = Descriptor {
    header: Header {
        magic: MAGIC,
        abi_major: ABI_MAJOR,
        abi_minor: ABI_MINOR,
        size: size_of::<Descriptor>(),
        panic_unwinds: 1,
        core_version: Text::new(VERSION),
        carrier_version: Text::new("0"),
    },
    describe: guest::describe::<Hello>,
    init: guest::init,
    open,
    call,
    close: guest::close,
};

/// What a library asks of the host and answers to it: request head, payload, body, then flag, head, payload, body.
pub(crate) fn plugin_answers(data: &[u8]) {
    say(data);
    // SAFETY: a descriptor of this program, made of the library's own functions but for `call`.
    let plugin = unsafe { Plugin::new(&ANYTHING) };
    let opened = plugin.and_then(|plugin| plugin.open(&settings()));
    let remote = opened.unwrap_or_else(|error| panic!("hello does not open: {error}"));
    let (cx, _) = RIG.cx("track", b"\x00\x00{}");
    let request = waybill_core::TrackRequest::new(["1"]);
    let tracking = remote.tracking().unwrap_or_else(|| panic!("hello tracks"));
    let _ = block_on(tracking.track(&cx, &request));
}

pub(crate) fn plugin_answers_seeds() -> Vec<Vec<u8>> {
    let asked = r#"{"key":1,"method":"GET","url":"https://carrier.test/x","headers":[["accept","*/*",false]],"effect":"read"}"#;
    let replies = [
        format!("{asked}\u{1e}\u{1e}body\u{1e}\u{1}\u{1e}{{\"files\":[]}}\u{1e}{{\"replies\":[]}}\u{1e}"),
        format!("{asked}\u{1e}\u{1e}\u{1e}\u{1}\u{1e}{{\"files\":[3,2]}}\u{1e}{{}}\u{1e}abcde"),
        format!(
            "{asked}\u{1e}\u{1e}\u{1e}\u{0}\u{1e}{{\"kind\":\"auth\",\"message\":\"m\",\"retry\":\"never\",\"phase\":\"answered\"}}\u{1e}\u{1e}"
        ),
    ];
    replies.map(String::into_bytes).to_vec()
}

// ---------------------------------------------------------------- a host that says anything to a library

fn opened() -> Remote<PluginWire> {
    loopback::<Hello>().open(&settings()).unwrap_or_else(|error| panic!("hello does not open: {error}"))
}

/// What a host sends to a library: operation, input, then the answer to the library's request.
pub(crate) fn plugin_calls(data: &[u8]) {
    thread_local! {
        static WIRE: Remote<PluginWire> = opened();
    }
    let mut parts = data.splitn(3, |byte| *byte == 0x1e);
    let operation = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let input = parts.next().unwrap_or_default().to_vec();
    let (cx, permit) = RIG.cx(&operation, parts.next().unwrap_or_default());
    WIRE.with(|remote| {
        let spends = waybill_core::operation::ALL
            .iter()
            .any(|info| info.name == operation && info.effect == waybill_core::Effect::Spend);
        let _ = block_on(remote.wire().call(&cx, &operation, input, spends.then_some(permit)));
    });
}

pub(crate) fn plugin_calls_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for operation in RIG.operations() {
        for (scenario, answers) in RIG.seeds(operation) {
            let input = RIG.input(operation, &scenario).unwrap_or_default();
            seeds.push(
                [operation.as_bytes(), b"\x1e", input.to_string().as_bytes(), b"\x1e", &answers].concat(),
            );
        }
    }
    seeds
}
