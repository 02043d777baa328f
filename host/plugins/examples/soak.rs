//! What a call through a library costs beside the same carrier linked in, and whether memory stays flat.
//!
//! ```text
//! cargo rustc --profile dist -p waybill-hello --lib --crate-type cdylib
//! cargo run --profile dist -p waybill-plugins --example soak -- target/dist/libwaybill_hello.so 100000
//! ```
//!
//! The library must lie where only its owner may write.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use waybill_core::*;
use waybill_plugins::{Isolation, inspect, load};

/// Answers at once, so that what is measured is the way and not the carrier.
struct Instantly;

const TOKEN: &str = r#"{"access_token":"t","expires_in":3600}"#;
const QUOTES: &str = r#"{"quotes":[{"service":"GROUND","price":{"amount":"7.90","currency":"USD"}},
    {"service":"EXPRESS","price":{"amount":"21.40","currency":"USD"}}]}"#;

#[async_trait]
impl Host for Instantly {
    async fn send(&self, _: &CallInfo, outgoing: Outgoing) -> Result<Response> {
        let body = if outgoing.request.uri().path() == "/oauth/token" { TOKEN } else { QUOTES };
        Ok(http::Response::new(Bytes::from_static(body.as_bytes())))
    }
    async fn sleep(&self, _: Duration) {}
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).unwrap_or_default()
    }
    fn log(&self, _: &CallInfo, _: LogLevel, _: &str) {}
}

fn cx() -> Cx {
    let call = CallInfo {
        id: 1,
        operation: "quote".to_owned(),
        account: "house".to_owned(),
        deadline: None,
        language: None,
    };
    Cx::new(call, Arc::new(Instantly))
}

fn request() -> RateRequest {
    let from = Address::new("Ada Example", "1 Main St", "Seattle", "WA", "98109", Country::US);
    let to = Address::new("Ben Example", "2 Main St", "Austin", "TX", "78704", Country::US);
    RateRequest::new(Shipment::new(from, to, vec![Parcel::new(Weight::new(2, WeightUnit::Pound), None)]))
}

async fn quotes(carrier: &dyn Carrier, calls: u32) -> Result<Duration> {
    let quote = carrier.rate_quote().ok_or_else(|| Error::unsupported("it quotes nothing"))?;
    let (cx, request, begin) = (cx(), request(), Instant::now());
    for _ in 0..calls {
        quote.quote(&cx, &request).await?;
    }
    Ok(begin.elapsed() / calls.max(1))
}

/// Resident memory in KiB, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

fn show(when: &str) -> u64 {
    let now = resident().unwrap_or_default();
    println!("{when}: resident {now} KiB");
    now
}

/// What 100,000 calls may leave behind, in KiB: the allocator's own movements. Ten bytes lost per call would be 977.
const MAY_GROW: u64 = 512;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("give the path of hello's library")?);
    let calls: u32 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    show("at the start");
    let settings =
        serde_json::json!({ "client_id": "c", "client_secret": "s", "account_number": "10020030" });
    let linked = waybill_hello::Hello::open(serde_json::from_value(settings.clone())?)?;
    let state = tempfile::tempdir()?;
    let library = load(&path, &inspect(&path)?.sha256, state.path(), &Isolation::default())?;
    let hello = library.carriers.first().ok_or("no carrier")?;
    show("loaded");
    println!("linked in: {:?} a call", quotes(linked.as_ref(), calls.min(20_000)).await?);
    // Each tenth with an account of its own, so that opening and closing are measured too. The first is to warm up.
    let mut warm = 0;
    for tenth in 0..11 {
        let carrier = hello.open(settings.clone())?;
        let each = quotes(carrier.as_ref(), calls / 10).await?;
        drop(carrier);
        let now = show(&format!("library, {} calls, {each:?} a call", (tenth + 1) * (calls / 10)));
        if tenth == 0 {
            warm = now;
        }
    }
    let grown = resident().unwrap_or_default().saturating_sub(warm);
    println!("grown by {grown} KiB in {calls} calls after the warm-up");
    if calls >= 100_000 && grown > MAY_GROW {
        return Err(format!("memory is not flat: {grown} KiB more, {MAY_GROW} are allowed").into());
    }
    Ok(())
}
