//! How the suite reaches a carrier.

use serde_json::Value;
use waybill_core::abi::host::Plugin;
use waybill_core::{Carrier, Result};

/// The carrier that is linked into the test.
#[derive(Clone, Copy)]
pub struct Linked<'a> {
    pub(crate) open: &'a (dyn Fn() -> Result<Box<dyn Carrier>> + Sync),
    pub(crate) plugin: Plugin,
}

impl Linked<'_> {
    /// Opens it as Rust opens it.
    pub fn open(&self) -> Result<Box<dyn Carrier>> {
        (self.open)()
    }
    /// The same carrier behind the plugin boundary: what its dynamic library exports.
    pub fn plugin(&self) -> Plugin {
        self.plugin
    }
}

/// A way to open a carrier: linked in, through the plugin boundary, from a library file.
pub trait Mode: Send + Sync {
    /// A word for the report: `direct`.
    fn name(&self) -> &'static str;
    /// Opens the carrier; `linked` is the one that is linked in, `config` the account for one that is elsewhere.
    fn open(&self, linked: Linked<'_>, config: &Value) -> Result<Box<dyn Carrier>>;
}

/// The carrier as it is linked in.
#[derive(Debug, Clone, Copy)]
pub struct Direct;

impl Mode for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }
    fn open(&self, linked: Linked<'_>, _: &Value) -> Result<Box<dyn Carrier>> {
        linked.open()
    }
}

/// The carrier behind the whole plugin boundary, in one process: its own C functions on one side, the host's on the
/// other, and everything between them as bytes.
#[derive(Debug, Clone, Copy)]
pub struct Loopback;

impl Mode for Loopback {
    fn name(&self) -> &'static str {
        "loopback"
    }
    fn open(&self, linked: Linked<'_>, config: &Value) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(linked.plugin().open(config)?))
    }
}
