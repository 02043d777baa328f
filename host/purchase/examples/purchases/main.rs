//! How many purchases a second the engine makes, and what it adds to a carrier's time.
//!
//! ```text
//! cargo run --profile dist --example purchases -p waybill-purchase -- sqlite
//! cargo run --profile dist --example purchases -p waybill-purchase -- postgres
//! cargo run --profile dist --example purchases -p waybill-purchase -- sqlite --carrier-ms 500 --in-flight 16 --count 320
//! ```
//!
//! `postgres` starts a server of its own in a temporary folder (durable settings, the defaults of its version); `--url`
//! takes another one. Every purchase has a label of 30 kB and is sealed, its answer too. Latency is the caller's:
//! from the request to the reply with the bought label.

mod carrier;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use waybill_core::{Currency, LabelFormat, LabelSpec, Money};
use waybill_purchase::*;

struct Settings {
    store: String,
    url: Option<String>,
    count: usize,
    in_flight: usize,
    carrier: Duration,
    /// Where the SQLite file is made; a temporary folder when absent.
    folder: Option<String>,
}

fn settings() -> Result<Settings, Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let store = words.next().unwrap_or_else(|| "sqlite".to_owned());
    let mut settings =
        Settings { store, url: None, count: 10_000, in_flight: 64, carrier: Duration::ZERO, folder: None };
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
        match word.as_str() {
            "--url" => settings.url = Some(value),
            "--count" => settings.count = value.parse()?,
            "--in-flight" => settings.in_flight = value.parse()?,
            "--carrier-ms" => settings.carrier = Duration::from_millis(value.parse()?),
            "--folder" => settings.folder = Some(value),
            other => return Err(format!("{other}: there is no such setting").into()),
        }
    }
    Ok(settings)
}

fn request(at: usize) -> BuyRequest {
    BuyRequest {
        tenant: "bench".into(),
        idempotency_key: format!("key-{at}"),
        business_key: format!("order-{at}"),
        account: "main".into(),
        shipment: carrier::shipment(),
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::new(LabelFormat::Pdf),
        quoted: Some(Money::from_minor(750, Currency::USD)),
        max_price: None,
        allow_additional: false,
        policy: Policy::default(),
        wait: Duration::from_secs(90),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let settings = settings()?;
    let folder = match &settings.folder {
        Some(folder) => tempfile::tempdir_in(folder)?,
        None => tempfile::tempdir()?,
    };
    let (options, _cluster) = match (settings.store.as_str(), &settings.url) {
        ("sqlite", _) => (StoreOptions::sqlite(folder.path().join("bench.db")), None),
        (_, Some(url)) => (StoreOptions::postgres(url.clone()), None),
        _ => {
            let cluster =
                waybill_test_postgres::cluster().ok_or("PostgreSQL's server programs are not installed")?;
            (StoreOptions::postgres(cluster.database()), Some(cluster))
        }
    };
    let store = Store::open(options).await?;
    let journal = Journal::open(folder.path().join("bench.journal"))?;
    let engine = Engine::open(store, journal, Sealer::new([[7; 32]]), Options::default()).await?;
    let accounts = carrier::accounts(&engine, settings.carrier);
    let worker = engine.run(accounts.clone());
    // Connections, statements and allocator warm.
    let clients = (settings.in_flight, settings.carrier);
    run(&engine, &accounts, 0, (settings.count / 10).min(500), clients).await?;
    let (started, cpu) = (Instant::now(), cpu_millis());
    let mut times = run(&engine, &accounts, 1_000_000, settings.count, clients).await?;
    let (took, cpu) = (started.elapsed(), cpu_millis() - cpu);
    times.sort_unstable();
    report(&settings, took, cpu, &times);
    worker.abort();
    let audited = audit::audit(&engine, None).await?;
    engine.close().await;
    if audited.is_clean() { Ok(()) } else { Err(format!("{audited:#?}").into()) }
}

async fn run(
    engine: &Engine,
    accounts: &Arc<dyn Accounts>,
    from: usize,
    count: usize,
    (in_flight, carrier): (usize, Duration),
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let next = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..in_flight)
        .map(|client| {
            let (engine, accounts, next) = (engine.clone(), accounts.clone(), next.clone());
            // Spread over a carrier's time, as customers are: all at once they would only wait for each other.
            let begin = carrier * u32::try_from(client).unwrap_or(0) / u32::try_from(in_flight).unwrap_or(1);
            tokio::spawn(async move {
                tokio::time::sleep(begin).await;
                let mut times = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return Ok::<_, String>(times);
                    }
                    let started = Instant::now();
                    let reply = engine.buy(request(from + at), accounts.clone()).await;
                    let reply = reply.map_err(|error| error.to_string())?;
                    times.push(started.elapsed());
                    match reply.purchases.first() {
                        Some(one) if one.state == PurchaseState::Bought => {}
                        other => return Err(format!("not bought: {other:?}")),
                    }
                }
            })
        })
        .collect();
    let mut times = Vec::with_capacity(count);
    for client in clients {
        times.extend(client.await??);
    }
    Ok(times)
}

/// Processor time of this process so far, which does not depend on who else uses the machine; 0 where it is not told.
fn cpu_millis() -> u128 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    // User and system time in hundredths of a second are the 14th and 15th field, counted from the process id.
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u128>().ok())
        .sum::<u128>()
        * 10
}

fn report(settings: &Settings, took: Duration, cpu: u128, times: &[Duration]) {
    let at = |share: usize| times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
    let ms = |time: Option<&Duration>| time.map_or(0, Duration::as_micros);
    let count = u128::try_from(times.len()).unwrap_or(1).max(1);
    let mean = times.iter().map(Duration::as_micros).sum::<u128>() / count;
    println!(
        "{}: {} purchases, {} in flight, carrier {} ms",
        settings.store,
        times.len(),
        settings.in_flight,
        settings.carrier.as_millis()
    );
    println!("  {} purchases a second", count * 1_000_000 / took.as_micros().max(1));
    println!("  {} us of processor time for each, in this process", cpu * 1000 / count);
    println!("  latency: mean {mean} us, p50 {} us, p99 {} us", ms(at(50)), ms(at(99)));
    let carrier = settings.carrier.as_micros();
    if carrier > 0 {
        let over = mean.saturating_sub(carrier);
        println!(
            "  the engine adds {over} us: {}.{:02} % of the carrier's time",
            over * 100 / carrier,
            over * 10_000 / carrier % 100
        );
    }
    if let Ok(load) = std::fs::read_to_string("/proc/loadavg") {
        println!("  load average at the end: {}", load.trim());
    }
}
