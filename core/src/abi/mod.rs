//! The plugin boundary: an ordinary carrier crate as a dynamic library.
//!
//! A library exports one symbol per carrier, `waybill_carrier_v1_<crate>`: a [`Descriptor`], which begins with a
//! [`Header`] that any version of a host can read before it runs anything. Behind it stand five C functions. A call is
//! an operation's name with JSON in and JSON out; HTTP bodies and files travel beside the JSON as raw bytes. Each buffer
//! carries the function that frees it, so the two sides' allocators never meet. The host lends a table of functions
//! ([`layout::HostTable`]) that can grow at its end.
//!
//! Unsafe code of the boundary stands in this module and in the host's loader, nowhere else.
//!
//! * [`layout`]: what both sides see, and nothing that depends on Rust's own layout.
//! * [`guest`]: the library's side; [`crate::export_carrier!`] points at it.
//! * [`host`]: the host's side; a [`host::Plugin`] is a [`crate::Carrier`] like any other.
#![allow(unsafe_code)]

pub mod guest;
pub mod host;
pub mod layout;

pub use layout::{ABI_MAJOR, ABI_MINOR, Descriptor, Header, MAGIC, SYMBOL_PREFIX};

use serde::{Deserialize, Serialize};

use crate::permit::PermitId;
use crate::{CallInfo, Effect, Profile};

/// What a library says of its carrier before an account is opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// What it offers.
    pub profile: Profile,
    /// JSON Schema of an account's settings.
    pub schema: serde_json::Value,
    /// A documented account section in TOML.
    pub example: String,
}

/// What a library says of an account that it has opened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Opened {
    /// What the account offers.
    pub profile: Profile,
    /// Its capabilities, by accessor name.
    pub capabilities: Vec<String>,
}

/// Head of a call to a library. Its payload is the operation's input.
#[derive(Debug, Serialize, Deserialize)]
struct CallHead {
    operation: String,
    /// Names the call in what the library asks of the host meanwhile.
    key: u64,
    call: CallInfo,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permit: Option<PermitId>,
}

/// Head of a library's answer. Its payload is the operation's output, its body the files one after the other.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ReplyHead {
    files: Vec<usize>,
}

/// Head of renewed settings that a library hands to the host. Its payload is the grant.
#[derive(Debug, Serialize, Deserialize)]
struct KeepHead {
    key: u64,
}

/// Head of an HTTP request that a library asks the host to send. Its body is the request's.
#[derive(Debug, Serialize, Deserialize)]
struct HttpHead {
    key: u64,
    method: String,
    url: String,
    headers: Vec<(String, String, bool)>,
    effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    permit: Option<PermitId>,
}

/// Head of the answer to it. Its body is the answer's.
#[derive(Debug, Serialize, Deserialize)]
struct HttpReplyHead {
    status: u16,
    headers: Vec<(String, String)>,
}
