//! One call of one operation, by name, with everything that can go wrong around it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde_json::Value;
use waybill_core::operation::{self, Operation};
use waybill_core::{Carrier, Effect, Error, ErrorKind};

use crate::{ScriptedHost, block_on_within};

/// A call and what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    pub operation: &'static str,
    pub effect: Effect,
    pub input: Value,
    pub reply: Result<Value, Error>,
    /// Debug form of the reply.
    pub debug: String,
    /// It panicked, never ended, or its reply does not survive JSON.
    pub trouble: Option<String>,
}

/// Longest time that a call may take. Hosts here answer at once.
const LIMIT: Duration = Duration::from_secs(10);

macro_rules! by_name {
    ($name:expr, $carrier:expr, $host:expr, $input:expr; $( $op:ident ),+ $(,)?) => {
        match $name {
            $( name if name == <operation::$op as Operation>::NAME => {
                go::<operation::$op>($carrier, $host, $input, |output| format!("{output:?}"))
            } )+
            other => Err(format!("the suite knows no operation `{other}`")),
        }
    };
}

/// Calls an operation. An error means that the input of the fixture is wrong, not that the carrier is.
pub(crate) fn call(
    carrier: &dyn Carrier,
    host: &ScriptedHost,
    operation: &str,
    input: &Value,
) -> Result<Called, String> {
    by_name!(operation, carrier, host, input;
        Quote, Allocate, Buy, Void, Recover, Reprint, Attach, Track, ProveDelivery, Close, SchedulePickup,
        CancelPickup, UpdatePickup, CheckAddress, ProveAccount, CalculateLandedCost, UploadDocuments, BeginConsent,
        FinishConsent)
}

fn go<O: Operation>(
    carrier: &dyn Carrier,
    host: &ScriptedHost,
    input: &Value,
    debug: impl Fn(&O::Output) -> String,
) -> Result<Called, String> {
    let typed: O::Input = serde_json::from_value(input.clone())
        .map_err(|error| format!("the input of `{}` cannot be read: {error}", O::NAME))?;
    let (cx, permit) = (host.cx(O::NAME), (O::EFFECT == Effect::Spend).then(|| host.permit()));
    let mut called = Called {
        operation: O::NAME,
        effect: O::EFFECT,
        input: input.clone(),
        reply: Ok(Value::Null),
        debug: String::new(),
        trouble: None,
    };
    let ended =
        catch_unwind(AssertUnwindSafe(|| block_on_within(O::call(carrier, &cx, &typed, permit), LIMIT)));
    let mut give_up = |kind, what: String| {
        called.trouble = Some(what.clone());
        called.reply = Err(Error::new(kind, what));
    };
    match ended {
        Err(panic) => {
            let said = (panic.downcast_ref::<String>().map(String::as_str))
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("no message");
            give_up(ErrorKind::Panicked, format!("it panicked: {said}"));
        }
        Ok(None) => {
            give_up(ErrorKind::Internal, format!("it did not end within {} s", LIMIT.as_secs()));
        }
        Ok(Some(Err(error))) => called.reply = Err(error),
        Ok(Some(Ok(output))) => {
            called.debug = debug(&output);
            let json = serde_json::to_value(&output).map_err(|error| error.to_string());
            let again = json.clone().and_then(|json| {
                let read: O::Output = serde_json::from_value(json).map_err(|error| error.to_string())?;
                serde_json::to_value(&read).map_err(|error| error.to_string())
            });
            if again != json {
                let why = again.err().unwrap_or_else(|| "it differs afterwards".to_owned());
                called.trouble = Some(format!("the reply does not survive JSON: {why}"));
            }
            called.reply = Ok(json.unwrap_or_default());
        }
    }
    Ok(called)
}
