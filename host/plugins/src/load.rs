//! From a path and a pin to carriers of this host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use waybill_core::abi::ABI_MAJOR;
use waybill_core::abi::host::{Plugin, PluginWire};
use waybill_core::abi::layout::OLDEST_DESCRIPTOR;
use waybill_core::operation::Remote;
use waybill_core::{Carrier, Error, ErrorKind, Profile, Result};

use crate::inspect::{Exported, Inspected, hash, inspect_bytes, own_format, read_file, refusal};
use crate::isolate::{Isolation, Threads, Watched};
use crate::{dynlib, lodging};

/// A loaded library. It stays loaded until the process ends, whatever becomes of this value.
#[derive(Debug, Clone)]
pub struct Library {
    /// Where it was loaded from.
    pub path: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Its carriers.
    pub carriers: Vec<LibraryCarrier>,
}

/// A carrier of a library.
#[derive(Clone)]
pub struct LibraryCarrier {
    /// What it offers.
    pub profile: Profile,
    /// JSON Schema of an account's settings.
    pub schema: serde_json::Value,
    /// A documented account section in TOML.
    pub example: String,
    /// Version of waybill-core that it was built with.
    pub core_version: String,
    /// Version of the carrier.
    pub carrier_version: String,
    plugin: Plugin,
    threads: Arc<Threads>,
}

impl std::fmt::Debug for LibraryCarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LibraryCarrier")
            .field("id", &self.profile.id)
            .field("core_version", &self.core_version)
            .field("carrier_version", &self.carrier_version)
            .finish_non_exhaustive()
    }
}

impl LibraryCarrier {
    /// Opens an account from settings as JSON. Makes no call. The account's calls run on the library's threads.
    pub fn open(&self, settings: serde_json::Value) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(self.open_remote(settings)?))
    }

    pub(crate) fn open_remote(&self, settings: serde_json::Value) -> Result<Remote<Watched<PluginWire>>> {
        let plugin = self.plugin;
        let remote = self.threads.run("opening an account", move || plugin.open(&settings))??;
        if remote.profile().id != self.profile.id {
            let message = format!(
                "the library calls itself `{}` and opened an account as `{}`: it is not used",
                self.profile.id,
                remote.profile().id
            );
            return Err(Error::new(ErrorKind::Config, message));
        }
        let purchase = remote.profile().purchase.timeout_seconds;
        Ok(remote.map_wire(|wire| Watched::new(wire, self.threads.clone(), purchase)))
    }
}

/// Whether a file may be loaded under a pin. Nothing of it runs.
///
/// # Errors
/// `Config` with one sentence: which of permissions, hash, format, architecture, symbol, ABI and panic strategy is in the
/// way, and what to do.
pub fn verify(path: &Path, pin: &str) -> Result<Inspected> {
    checked(path, pin).map(|(_, inspected)| inspected)
}

fn checked(path: &Path, pin: &str) -> Result<(Vec<u8>, Inspected)> {
    let pin = pin.trim().to_ascii_lowercase();
    if pin.len() != 64 || !pin.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(refusal(
            path,
            "sha256 must be 64 hexadecimal digits: `waybill plugin inspect` prints them",
        ));
    }
    lodging::check_permissions(path)?;
    let bytes = read_file(path)?;
    let found = hash(&bytes);
    if found != pin {
        let message = format!(
            "the file's SHA-256 is {found}, the configuration pins {pin}: somebody changed the file; if it was you, pin the new hash"
        );
        return Err(refusal(path, message));
    }
    let inspected = inspect_bytes(&bytes, found).map_err(|message| refusal(path, message))?;
    fits_this_system(&inspected).map_err(|message| refusal(path, message))?;
    for carrier in &inspected.carriers {
        fits_this_host(carrier).map_err(|message| refusal(path, message))?;
    }
    Ok((bytes, inspected))
}

fn fits_this_system(file: &Inspected) -> Result<(), String> {
    let (format, arch) = (own_format(), std::env::consts::ARCH);
    if file.format != format || file.architecture != arch {
        return Err(format!(
            "the library is {} for {}, this host needs {format} for {arch}: build it for this system",
            file.format, file.architecture
        ));
    }
    if file.carriers.is_empty() {
        return Err("the library exports no `waybill_carrier_v1_*` symbol, so it holds no carrier: end the crate's lib.rs with `waybill_core::export_carrier!(..)` and build with `--crate-type cdylib`".to_owned());
    }
    Ok(())
}

fn fits_this_host(carrier: &Exported) -> Result<(), String> {
    let symbol = &carrier.symbol;
    if !carrier.genuine {
        return Err(format!(
            "symbol {symbol} does not begin as a Waybill descriptor does: build the library with waybill-core {}",
            waybill_core::VERSION
        ));
    }
    if carrier.abi_major != ABI_MAJOR {
        return Err(format!(
            "the library speaks plugin ABI {}.{}, this host speaks {ABI_MAJOR}.x: build it again with waybill-core {}",
            carrier.abi_major,
            carrier.abi_minor,
            waybill_core::VERSION
        ));
    }
    if carrier.size < OLDEST_DESCRIPTOR as u64 {
        return Err(format!(
            "the descriptor {symbol} has {} bytes, this host needs {}: build it again with waybill-core {}",
            carrier.size,
            OLDEST_DESCRIPTOR,
            waybill_core::VERSION
        ));
    }
    if !carrier.panic_unwinds {
        return Err("the library was built with panic = \"abort\", so a panic would take the host down: build it with panic = \"unwind\"".to_owned());
    }
    Ok(())
}

/// Loads a library: checks it as [`verify`] does, copies it to `<state>/plugins/<sha256>` and opens that copy, so that
/// what was checked is what runs. The same content is loaded once per process.
///
/// # Errors
/// As [`verify`]; also when the copy cannot be made or opened, and when the library's description cannot be read.
pub fn load(path: &Path, pin: &str, state: &Path, isolation: &Isolation) -> Result<Library> {
    let (bytes, inspected) = checked(path, pin)?;
    let copy = lodging::lodge(&bytes, &inspected.sha256, state)?;
    let mut carriers = Vec::new();
    for exported in &inspected.carriers {
        let plugin = dynlib::plugin(&copy, &exported.symbol).map_err(|message| refusal(path, message))?;
        let threads = Threads::of(&copy, &exported.symbol, isolation)?;
        let described = threads.run("describing itself", move || {
            plugin.init();
            plugin.describe()
        });
        let description = described.and_then(|inner| inner).map_err(|error| refusal(path, error.message))?;
        let (core_version, carrier_version) = plugin.versions();
        carriers.push(LibraryCarrier {
            profile: description.profile,
            schema: description.schema,
            example: description.example,
            core_version,
            carrier_version,
            plugin,
            threads,
        });
    }
    Ok(Library { path: path.to_owned(), sha256: inspected.sha256, carriers })
}
