//! The one place where foreign code enters the process, and the only unsafe code of this crate.
#![allow(unsafe_code)]

use std::path::Path;

use waybill_core::abi::Descriptor;
use waybill_core::abi::host::Plugin;

/// Opens a library that was checked, and takes a carrier's descriptor from it.
///
/// The library is never unloaded: its futures, wakers, thread-locals and constants may outlive every scope of the host.
/// Opening the same file again gives the same library.
pub(crate) fn plugin(copy: &Path, symbol: &str) -> Result<Plugin, String> {
    let library = open(copy).map_err(|error| {
        format!("the system cannot load it ({error}): check that all libraries it needs are installed and that data_dir is not mounted noexec")
    })?;
    // SAFETY: `inspect` found the symbol, with a descriptor's magic number, ABI version and size behind it; by the pinned
    // hash the operator vouches for the rest. The pointer is valid for ever because the library is never closed.
    let descriptor: &'static Descriptor = unsafe {
        let found = library.get::<*const Descriptor>(symbol.as_bytes());
        let found = found.map(|symbol| *symbol);
        std::mem::forget(library);
        match found.map_err(|error| format!("its symbol {symbol} cannot be found ({error})"))?.as_ref() {
            Some(descriptor) => descriptor,
            None => return Err(format!("its symbol {symbol} points nowhere: build it again")),
        }
    };
    // SAFETY: as above; `Plugin::new` checks the header again, as the loader left it.
    unsafe { Plugin::new(descriptor) }.map_err(|error| error.message)
}

#[cfg(unix)]
fn open(copy: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: loading runs the library's initialisers, which the operator trusts by pinning its hash. The file is the
    // host's private copy of the bytes that were checked.
    unsafe { Library::open(Some(copy), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(not(unix))]
fn open(copy: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: as for unix.
    unsafe { libloading::Library::new(copy) }
}
