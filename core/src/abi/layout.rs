//! Types with C layout. Only this file and its two users decide what crosses the boundary.

use async_ffi::FfiFuture;
use bytes::Bytes;

/// First eight bytes of a descriptor.
pub const MAGIC: u64 = u64::from_le_bytes(*b"WAYBILL\0");
/// Layout version; libraries of another major version are refused.
pub const ABI_MAJOR: u32 = 1;
/// Counts additions to the layout that older hosts can ignore.
pub const ABI_MINOR: u32 = 1;
/// Start of the exported symbol's name; the crate's name follows.
pub const SYMBOL_PREFIX: &str = "waybill_carrier_v1_";
/// Largest message that either side accepts, in bytes.
pub const MAX_MESSAGE: usize = 256 << 20;

/// A text that lives as long as the library.
#[repr(C)]
#[derive(Debug)]
pub struct Text {
    start: *const u8,
    length: usize,
}

// SAFETY: it points at immutable bytes of a `&'static str`.
unsafe impl Sync for Text {}

impl Text {
    /// From a text of the library.
    pub const fn new(text: &'static str) -> Self {
        Self { start: text.as_ptr(), length: text.len() }
    }

    /// The text.
    ///
    /// # Safety
    /// The descriptor that holds it must come from a library that stays loaded, and be what it claims to be.
    pub unsafe fn read(&self) -> String {
        if self.start.is_null() || self.length > 256 {
            return "?".to_owned();
        }
        // SAFETY: by this function's contract the pointer and length come from `Text::new`.
        let bytes = unsafe { std::slice::from_raw_parts(self.start, self.length) };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

/// What a host reads before it runs anything of a library.
#[repr(C)]
#[derive(Debug)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: u64,
    /// Layout version.
    pub abi_major: u32,
    /// Additions to it.
    pub abi_minor: u32,
    /// Size of the whole descriptor, so that it can grow.
    pub size: usize,
    /// 1 when panics unwind; a library that aborts would take the host with it.
    pub panic_unwinds: u8,
    /// Version of `waybill-core` that the library was built with.
    pub core_version: Text,
    /// Version of the carrier crate.
    pub carrier_version: Text,
}

/// The exported symbol.
#[repr(C)]
#[derive(Debug)]
pub struct Descriptor {
    /// Readable by any host.
    pub header: Header,
    /// [`super::Description`] as JSON.
    pub describe: unsafe extern "C" fn() -> Buffer,
    /// Called once after loading, with the host's table.
    pub init: unsafe extern "C" fn(*const HostTable),
    /// Opens an account from settings as JSON, with the host's table.
    pub open: unsafe extern "C" fn(Buffer, *const HostTable) -> OpenReply,
    /// Calls an operation of an account.
    pub call: unsafe extern "C" fn(*const (), Message) -> FfiFuture<Reply>,
    /// Closes an account.
    pub close: unsafe extern "C" fn(*const ()),
}

/// Size of the descriptor of ABI 1.0, in bytes: a library whose descriptor is smaller is none. A larger one comes from a
/// newer library; what it has more is left alone.
pub const OLDEST_DESCRIPTOR: usize = size_of::<Header>() + size_of::<[usize; 5]>();
/// Size of the host's table of ABI 1.0, in bytes: a library can do with no smaller one.
pub const OLDEST_HOST_TABLE: usize = size_of::<[usize; 8]>();

/// What the host lends. It crosses by address, and whoever gets it reads `size` first: new entries are added at the end,
/// as `Option`s, and are absent in the table of an older host.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct HostTable {
    /// Size of this table in the host that made it.
    pub size: usize,
    /// The host's own pointer, first argument of every function.
    pub context: *const (),
    /// One more user of the context.
    pub retain: unsafe extern "C" fn(*const ()),
    /// One user less.
    pub release: unsafe extern "C" fn(*const ()),
    /// Sends an HTTP request.
    pub send: unsafe extern "C" fn(*const (), Message) -> FfiFuture<Reply>,
    /// Waits: context, call key, milliseconds.
    pub sleep: unsafe extern "C" fn(*const (), u64, u64) -> FfiFuture<()>,
    /// Milliseconds since 1970: context, call key.
    pub now: unsafe extern "C" fn(*const (), u64) -> i64,
    /// Writes a log line: context, call key, level, text.
    pub log: unsafe extern "C" fn(*const (), u64, u8, Buffer),
    /// Seals renewed settings of the account, a [`crate::Grant`] as payload. Since ABI 1.1.
    pub keep: Option<unsafe extern "C" fn(*const (), Message) -> FfiFuture<Reply>>,
}

impl HostTable {
    /// A copy of as much of a host's table as this side knows.
    ///
    /// # Errors
    /// A sentence when the table is smaller than the first version's, or absent.
    ///
    /// # Safety
    /// `table` must be null or point at a table of at least the size that its first field states.
    pub unsafe fn read(table: *const Self) -> Result<Self, String> {
        // SAFETY: by this function's contract the first field is there unless the pointer is null.
        let size = if table.is_null() { 0 } else { unsafe { std::ptr::addr_of!((*table).size).read() } };
        if size < OLDEST_HOST_TABLE {
            return Err(format!(
                "the host's table has {size} bytes, this library needs {OLDEST_HOST_TABLE}: use a newer host, or build the library with an older waybill-core"
            ));
        }
        let mut copy = std::mem::MaybeUninit::<Self>::zeroed();
        // SAFETY: no more is read than the table holds and no more written than the copy holds. Entries of the first
        // version are all there; later ones are `Option`s, for which zero is `None`.
        Ok(unsafe {
            let known = size.min(size_of::<Self>());
            std::ptr::copy_nonoverlapping(table.cast::<u8>(), copy.as_mut_ptr().cast::<u8>(), known);
            copy.assume_init()
        })
    }
}

// SAFETY: the context is an `Arc` of a `Send + Sync` type, used only through the functions beside it.
unsafe impl Send for HostTable {}
// SAFETY: as above.
unsafe impl Sync for HostTable {}

/// Bytes that belong to whoever made them, and the function that gives them back.
#[repr(C)]
#[derive(Debug)]
pub struct Buffer {
    start: *mut u8,
    length: usize,
    capacity: usize,
    free: Option<unsafe extern "C" fn(*mut u8, usize, usize)>,
}

// SAFETY: a buffer owns its bytes alone, like the `Vec` it was made from.
unsafe impl Send for Buffer {}
// SAFETY: shared access only reads.
unsafe impl Sync for Buffer {}

unsafe extern "C" fn free_vec(start: *mut u8, length: usize, capacity: usize) {
    // SAFETY: called once, by `Drop` of a buffer that `From<Vec>` of this side made from exactly these parts.
    drop(unsafe { Vec::from_raw_parts(start, length, capacity) });
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self {
            start: bytes.as_mut_ptr(),
            length: bytes.len(),
            capacity: bytes.capacity(),
            free: Some(free_vec),
        }
    }
}

impl Buffer {
    /// No bytes.
    pub fn empty() -> Self {
        Vec::new().into()
    }

    /// The bytes. A null pointer, and a length that cannot be true, read as nothing: see [`Buffer::is_sound`].
    pub fn bytes(&self) -> &[u8] {
        if !self.is_sound() || self.length == 0 {
            return &[];
        }
        // SAFETY: the maker owns `length` initialised bytes at `start` until `free` is called, which only `Drop` does.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    /// Whether pointer, length and capacity can be true, as far as the other side can tell.
    pub fn is_sound(&self) -> bool {
        let null = self.start.is_null() && self.length > 0;
        !null && self.length <= self.capacity.max(self.length.min(1)) && self.length <= isize::MAX as usize
    }

    /// As bytes without a copy.
    pub fn into_bytes(self) -> Bytes {
        if self.bytes().is_empty() { Bytes::new() } else { Bytes::from_owner(self) }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Some(free) = self.free.take() {
            // SAFETY: `free` and the parts come from the side that made the buffer, and are used once.
            unsafe { free(self.start, self.length, self.capacity) }
        }
    }
}

/// JSON head, JSON payload, raw body.
#[repr(C)]
#[derive(Debug)]
pub struct Message {
    /// What the message is.
    pub head: Buffer,
    /// Input or output of an operation.
    pub payload: Buffer,
    /// HTTP body or files.
    pub body: Buffer,
}

impl Message {
    /// Whether all three buffers can be true and are not larger than [`MAX_MESSAGE`] together.
    pub fn check(&self) -> Result<(), String> {
        let parts = [&self.head, &self.payload, &self.body];
        if parts.iter().any(|part| !part.is_sound()) {
            return Err("a buffer whose length cannot be true".to_owned());
        }
        let total = parts.iter().map(|part| part.length).fold(0_usize, usize::saturating_add);
        if total > MAX_MESSAGE {
            Err(format!("a message of {total} bytes, the limit is {MAX_MESSAGE}"))
        } else {
            Ok(())
        }
    }
}

/// Answer to a call: a message, or an error as JSON in its head.
#[repr(C)]
#[derive(Debug)]
pub struct Reply {
    /// 1 for an answer, 0 for an error.
    pub ok: u8,
    /// The answer or the error.
    pub message: Message,
}

impl Reply {
    /// An answer.
    pub fn answer(head: Vec<u8>, payload: Vec<u8>, body: Vec<u8>) -> Self {
        Self { ok: 1, message: Message { head: head.into(), payload: payload.into(), body: body.into() } }
    }
    /// An error.
    pub fn error(error: &crate::Error) -> Self {
        let head = serde_json::to_vec(error).unwrap_or_default();
        Self {
            ok: 0,
            message: Message { head: head.into(), payload: Buffer::empty(), body: Buffer::empty() },
        }
    }
}

/// Answer to opening an account: an instance with [`super::Opened`] as JSON, or null with an error as JSON.
#[repr(C)]
#[derive(Debug)]
pub struct OpenReply {
    /// The account, null after an error.
    pub instance: *const (),
    /// What was opened, or the error.
    pub info: Buffer,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_versions_sizes_never_change() {
        // Both grow at their ends only: when one of these fails, an entry was taken out or put in between.
        assert!(size_of::<Descriptor>() >= OLDEST_DESCRIPTOR);
        assert!(size_of::<HostTable>() >= OLDEST_HOST_TABLE);
        assert_eq!(std::mem::offset_of!(Descriptor, close) + size_of::<usize>(), OLDEST_DESCRIPTOR);
        assert_eq!(std::mem::offset_of!(HostTable, log) + size_of::<usize>(), OLDEST_HOST_TABLE);
    }

    #[test]
    fn buffers_give_their_bytes_back_and_lies_read_as_nothing() {
        let buffer: Buffer = b"label".to_vec().into();
        assert_eq!(buffer.bytes(), b"label");
        assert_eq!(&buffer.into_bytes()[..], b"label");
        let lie = Buffer { start: std::ptr::null_mut(), length: 10, capacity: 10, free: None };
        assert!(!lie.is_sound());
        assert_eq!(lie.bytes(), b"");
        let mut real = vec![1, 2, 3];
        let longer = Buffer { start: real.as_mut_ptr(), length: 1 << 40, capacity: 3, free: None };
        assert!(!longer.is_sound());
        assert!(Message { head: longer, payload: Buffer::empty(), body: Buffer::empty() }.check().is_err());
    }
}
