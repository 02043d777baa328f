//! A second carrier of the same library, with a hand-made `call` whose answers lie about their lengths.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_ffi::{FfiFuture, FutureExt as _};
use waybill_core::abi::layout::{Buffer, Descriptor, Header, Message, Reply, Text};
use waybill_core::abi::{ABI_MAJOR, ABI_MINOR, MAGIC, guest};

use waybill_core::{Carrier, CarrierPlugin, Profile, Result};

use crate::{Hostile, Settings};

/// The second carrier, under an id of its own.
struct Liar;

impl CarrierPlugin for Liar {
    const ID: &'static str = "liar";
    type Config = Settings;
    fn profile() -> Profile {
        Profile { id: Self::ID.into(), name: "Liar".to_owned(), ..<Hostile as CarrierPlugin>::profile() }
    }
    fn open(settings: Settings) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(Hostile { mode: settings.mode, base_url: None, profile: Self::profile() }))
    }
    fn example() -> &'static str {
        Hostile::example()
    }
}

/// `Buffer` as it lies in memory, to write what `Buffer` would never say.
#[repr(C)]
struct Raw {
    start: *mut u8,
    length: usize,
    capacity: usize,
    free: Option<unsafe extern "C" fn(*mut u8, usize, usize)>,
}

fn lie(start: *mut u8, length: usize, capacity: usize) -> Buffer {
    let raw = Raw { start, length, capacity, free: None };
    // SAFETY: both are `repr(C)` with the same fields; that the values are lies is the point of it.
    unsafe { std::mem::transmute::<Raw, Buffer>(raw) }
}

/// The lies, one after the other.
unsafe extern "C" fn call(_: *const (), _: Message) -> FfiFuture<Reply> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let text = |text: &str| Buffer::from(text.as_bytes().to_vec());
    let byte = std::ptr::dangling_mut::<u8>();
    let which = NEXT.fetch_add(1, Ordering::Relaxed);
    let (head, payload, body) = match which % 6 {
        // A null pointer with a length.
        0 => (lie(std::ptr::null_mut(), 10, 10), text("{}"), Buffer::empty()),
        // Longer than its own capacity.
        1 => (text(r#"{"files":[]}"#), lie(byte, 1 << 20, 8), Buffer::empty()),
        // Longer than an address space.
        2 => (text(r#"{"files":[]}"#), text("{}"), lie(byte, usize::MAX, usize::MAX)),
        // Files announced that did not come.
        3 => (text(r#"{"files":[1000000]}"#), text("{}"), Buffer::empty()),
        // Lengths whose sum overflows.
        4 => (text(r#"{"files":[18446744073709551615,2]}"#), text("{}"), text("x")),
        // No JSON at all.
        _ => (text("\u{1}\u{2}"), text("<html>"), text("x")),
    };
    async move { Reply { ok: 1, message: Message { head, payload, body } } }.into_ffi()
}

#[unsafe(export_name = "waybill_carrier_v1_liar")]
static LIAR: Descriptor = Descriptor {
    header: Header {
        magic: MAGIC,
        abi_major: ABI_MAJOR,
        abi_minor: ABI_MINOR,
        size: size_of::<Descriptor>(),
        panic_unwinds: 1,
        core_version: Text::new(waybill_core::VERSION),
        carrier_version: Text::new("0.0.1"),
    },
    describe: guest::describe::<Liar>,
    init: guest::init,
    open: guest::open::<Liar>,
    call,
    close: guest::close,
};
