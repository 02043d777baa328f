//! What a library's file says of itself, read without running anything of it.

use std::mem::offset_of;
use std::path::Path;

use object::{Architecture, BinaryFormat, Object, ObjectSection, RelocationTarget};
use serde::Serialize;
use sha2::{Digest, Sha256};
use waybill_core::abi::{Header, MAGIC, SYMBOL_PREFIX};
use waybill_core::{Error, ErrorKind, Result};

/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspected {
    /// SHA-256 of the file in hexadecimal: the pin for `[[plugins]]`.
    pub sha256: String,
    /// File format: `elf`, `macho`, `pe`, or another.
    pub format: String,
    /// Processor that it was built for, in the words of `std::env::consts::ARCH`.
    pub architecture: String,
    /// The carriers that it exports.
    pub carriers: Vec<Exported>,
}

/// One exported carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// Name of the symbol, `waybill_carrier_v1_<crate>`.
    pub symbol: String,
    /// Whether the descriptor begins as Waybill's do.
    pub genuine: bool,
    /// Version of the plugin ABI.
    pub abi_major: u32,
    /// Additions to it.
    pub abi_minor: u32,
    /// Size of the descriptor in bytes.
    pub size: u64,
    /// Whether panics unwind (they must).
    pub panic_unwinds: bool,
    /// Version of waybill-core that it was built with, where the file tells it without being loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub core_version: Option<String>,
    /// Version of the carrier, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier_version: Option<String>,
}

/// A refusal to use a file: one sentence that names it and says what to do.
pub(crate) fn refusal(path: &Path, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Config, format!("plugin {}: {message}", path.display()))
}

/// Reads a file once.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let cannot = |error: std::io::Error| {
        refusal(path, format!("the file cannot be read ({}): check the path", error.kind()))
    };
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > MAX_FILE {
        return Err(refusal(path, format!("{length} bytes are more than a library may have ({MAX_FILE})")));
    }
    std::fs::read(path).map_err(cannot)
}

/// Inspects a file. Safe for files that nobody trusts: nothing of it runs.
pub fn inspect(path: &Path) -> Result<Inspected> {
    let bytes = read_file(path)?;
    inspect_bytes(&bytes, hash(&bytes)).map_err(|message| refusal(path, message))
}

/// SHA-256 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Inspects a file's bytes, whose hash is known. The error is a sentence without the file's name.
pub fn inspect_bytes(bytes: &[u8], sha256: String) -> Result<Inspected, String> {
    let file = object::File::parse(bytes).map_err(|error| {
        format!("this is no dynamic library ({error}): give the .so, .dylib or .dll that cargo made")
    })?;
    let exports = file
        .exports()
        .map_err(|error| format!("its list of symbols is damaged ({error}): build it again"))?;
    let mut carriers = Vec::new();
    for export in exports {
        let name = String::from_utf8_lossy(export.name());
        // Mach-O puts an underscore before every C name.
        let name = name.strip_prefix('_').filter(|rest| rest.starts_with(SYMBOL_PREFIX)).unwrap_or(&name);
        if name.starts_with(SYMBOL_PREFIX) {
            carriers.push(exported(&file, name, export.address())?);
        }
    }
    carriers.sort_by(|one: &Exported, other| one.symbol.cmp(&other.symbol));
    Ok(Inspected {
        sha256,
        format: format_name(file.format()),
        architecture: architecture_name(file.architecture()),
        carriers,
    })
}

fn exported(file: &object::File<'_>, symbol: &str, address: u64) -> Result<Exported, String> {
    let outside = || format!("symbol {symbol} points outside the file's data: build the library again");
    let bytes = data_at(file, address, size_of::<Header>() as u64).ok_or_else(outside)?;
    let word = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let half = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes);
    let text = |at: usize| pointed_text(file, address + at as u64, word(at + size_of::<usize>())?);
    Ok(Exported {
        symbol: symbol.to_owned(),
        genuine: word(offset_of!(Header, magic)) == Some(MAGIC),
        abi_major: half(offset_of!(Header, abi_major)).ok_or_else(outside)?,
        abi_minor: half(offset_of!(Header, abi_minor)).ok_or_else(outside)?,
        size: word(offset_of!(Header, size)).ok_or_else(outside)?,
        panic_unwinds: bytes.get(offset_of!(Header, panic_unwinds)) == Some(&1),
        core_version: text(offset_of!(Header, core_version)),
        carrier_version: text(offset_of!(Header, carrier_version)),
    })
}

fn data_at<'a>(file: &object::File<'a>, address: u64, length: u64) -> Option<&'a [u8]> {
    file.sections().find_map(|section| section.data_range(address, length).ok().flatten())
}

/// A text whose pointer the loader would fill in: its relocation says where it points.
fn pointed_text(file: &object::File<'_>, pointer: u64, length: u64) -> Option<String> {
    if length > 64 {
        return None;
    }
    let (_, relocation) = file.dynamic_relocations()?.find(|(at, _)| *at == pointer)?;
    if relocation.target() != RelocationTarget::Absolute {
        return None;
    }
    let bytes = data_at(file, u64::try_from(relocation.addend()).ok()?, length)?;
    let text = std::str::from_utf8(bytes).ok()?;
    text.chars().all(|c| c.is_ascii_graphic()).then(|| text.to_owned())
}

fn format_name(format: BinaryFormat) -> String {
    match format {
        BinaryFormat::Elf => "elf".to_owned(),
        BinaryFormat::MachO => "macho".to_owned(),
        BinaryFormat::Pe => "pe".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Format of this system's libraries.
pub(crate) fn own_format() -> &'static str {
    if cfg!(windows) {
        "pe"
    } else if cfg!(target_vendor = "apple") {
        "macho"
    } else {
        "elf"
    }
}

fn architecture_name(architecture: Architecture) -> String {
    match architecture {
        Architecture::X86_64 => "x86_64".to_owned(),
        Architecture::Aarch64 => "aarch64".to_owned(),
        Architecture::I386 => "x86".to_owned(),
        Architecture::Riscv64 => "riscv64".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}
