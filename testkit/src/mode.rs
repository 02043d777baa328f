//! How the suite reaches a carrier.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use waybill_core::operation::{Packed, Remote, Wire, capabilities, dispatch};
use waybill_core::{Carrier, Cx, Error, ErrorKind, Phase, Result, SpendPermit};

/// Opens the carrier that is linked into the test.
pub type Link<'a> = &'a (dyn Fn() -> Result<Box<dyn Carrier>> + Sync);

/// A way to open a carrier: linked in, through the plugin boundary, from a library file.
pub trait Mode: Send + Sync {
    /// A word for the report: `direct`.
    fn name(&self) -> &'static str;
    /// Opens the carrier; `link` opens the one that is linked in, `config` is the account for one that is elsewhere.
    fn open(&self, link: Link<'_>, config: &Value) -> Result<Box<dyn Carrier>>;
}

/// The carrier as it is linked in.
#[derive(Debug, Clone, Copy)]
pub struct Direct;

impl Mode for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }
    fn open(&self, link: Link<'_>, _: &Value) -> Result<Box<dyn Carrier>> {
        link()
    }
}

/// The carrier behind the operation table: every call, answer and error goes through bytes, as across the plugin
/// boundary.
#[derive(Debug, Clone, Copy)]
pub struct Loopback;

impl Mode for Loopback {
    fn name(&self) -> &'static str {
        "abi"
    }
    fn open(&self, link: Link<'_>, _: &Value) -> Result<Box<dyn Carrier>> {
        let carrier: Arc<dyn Carrier> = link()?.into();
        let profile = serde_json::to_vec(carrier.profile()).map_err(|error| lost("profile", &error))?;
        let profile = serde_json::from_slice(&profile).map_err(|error| lost("profile", &error))?;
        let names = capabilities(&*carrier);
        Ok(Box::new(Remote::new(profile, names, Bytewise(carrier))))
    }
}

struct Bytewise(Arc<dyn Carrier>);

#[async_trait]
impl Wire for Bytewise {
    async fn call(
        &self,
        cx: &Cx,
        operation: &str,
        input: Vec<u8>,
        permit: Option<SpendPermit>,
    ) -> Result<Packed> {
        match dispatch(&*self.0, cx, operation, &input, permit).await {
            Ok(packed) => Ok(packed),
            Err(error) => Err(through_bytes(&error)),
        }
    }
}

fn through_bytes(error: &Error) -> Error {
    let read = serde_json::to_vec(error).and_then(|bytes| serde_json::from_slice(&bytes));
    read.unwrap_or_else(|problem| lost("error", &problem))
}

fn lost(what: &str, problem: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("the {what} does not survive JSON: {problem}"))
        .in_phase(Phase::OutcomeUnknown)
}
