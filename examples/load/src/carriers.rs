//! Four real carriers through the whole host: configuration, accounts, transport, shopping, purchase over SQLite.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use waybill::config::AccountConfig;
use waybill::purchase::{BuyRequest, Policy, PurchaseState};
use waybill::{Config, Waybill};
use waybill_core::{
    Address, Country, Dimensions, LabelSpec, LengthUnit, Parcel, RateRequest, Shipment, Weight, WeightUnit,
};

use crate::measure::{cpu_time, memory_mb, spread};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Measures shops and label purchases against `url`.
pub(crate) async fn measure(url: &str, time: Duration) -> Outcome {
    let folder = tempfile::tempdir()?;
    let host = Arc::new(open(url, &folder.path().join("a")).await?);
    let begun = Instant::now();
    let offers = at_once(&host, 64).await?;
    println!("64 shops at one time on a cold host: {offers} offers in {:?}", begun.elapsed());
    one_at_a_time(&host, time).await?;
    for in_flight in [8, 64] {
        saturated(&host, time, in_flight).await?;
    }
    for in_flight in [1, 8] {
        labels(&host, in_flight, 400).await?;
    }
    bulk(&host).await?;
    same_key_twice(&host).await?;
    println!("memory: {} MB", memory_mb());
    Ok(())
}

async fn open(url: &str, folder: &Path) -> Outcome<Waybill> {
    let mut config = Config { data_dir: folder.to_owned(), ..Config::default() };
    for (carrier, path, settings) in [
        ("fedex", "fedex", json!({ "api_key": "key", "secret_key": "load", "account_number": "123456789" })),
        ("ups", "ups", json!({ "client_id": "id", "client_secret": "load", "account_number": "A1B2C3" })),
        ("usps", "usps", json!({ "client_id": "id", "client_secret": "load" })),
        (
            "dhl-express",
            "dhl",
            json!({ "username": "name", "password": "load", "account": "123456789", "domestic": true }),
        ),
    ] {
        let Value::Object(mut settings) = settings else { return Err("settings are an object".into()) };
        settings.insert("base_url".to_owned(), format!("{url}/{path}").into());
        // The published call limits of real accounts would be all that is measured.
        let quotas = Some(Vec::new());
        let account = AccountConfig { carrier: carrier.to_owned(), enabled: true, quotas, settings };
        config.accounts.insert(carrier.to_owned(), account);
    }
    Ok(Waybill::open(config).await?)
}

/// A shipment of its own, so that no kept answer serves it.
fn shipment(at: u64) -> Shipment {
    let mut from = Address::new("Shop", "200 N Spring St", "Los Angeles", "CA", "90012", Country::US);
    let mut to = Address::new("Ada Example", "1 Market St", "San Francisco", "CA", "94105", Country::US);
    to.residential = Some(false);
    from.phone = Some("2135550100".to_owned());
    to.phone = Some("4155550100".to_owned());
    let weight = Weight::new(1_000 + at, WeightUnit::Gram);
    let size = Dimensions::new(12, 8, 4, LengthUnit::Inch);
    Shipment::new(from, to, vec![Parcel::new(weight, Some(size))])
}

async fn shop(host: &Waybill, at: u64) -> Outcome<usize> {
    let answer = host.rates(RateRequest::new(shipment(at)), &[]).await?;
    match answer.missing.first() {
        Some(missing) => Err(format!("{} is missing: {}", missing.account.name, missing.error).into()),
        None => Ok(answer.offers.len()),
    }
}

/// So many shops begun together; the number of offers.
async fn at_once(host: &Arc<Waybill>, count: u64) -> Outcome<usize> {
    let mut running = JoinSet::new();
    for at in 0..count {
        let host = host.clone();
        running.spawn(async move { shop(&host, at).await.map_err(|error| error.to_string()) });
    }
    Ok(running.join_all().await.into_iter().sum::<Result<usize, String>>()?)
}

async fn one_at_a_time(host: &Waybill, time: Duration) -> Outcome {
    let (started, mut took) = (Instant::now(), Vec::new());
    while started.elapsed() < time {
        let begun = Instant::now();
        shop(host, fresh()).await?;
        took.push(begun.elapsed());
    }
    println!("one shop at a time:  {}", spread(&mut took));
    Ok(())
}

/// A number that was not used before, so that no two shipments are alike.
fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(100);
    NEXT.fetch_add(1, Ordering::Relaxed) % 8_000
}

/// Workers that each begin the next shop when theirs is answered.
async fn saturated(host: &Arc<Waybill>, time: Duration, in_flight: usize) -> Outcome {
    let (started, cpu) = (Instant::now(), cpu_time());
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let host = host.clone();
        workers.spawn(async move {
            let mut took = Vec::new();
            while started.elapsed() < time {
                let begun = Instant::now();
                shop(&host, fresh()).await.map_err(|error| error.to_string())?;
                took.push(begun.elapsed());
            }
            Ok::<_, String>(took)
        });
    }
    let took: Result<Vec<_>, String> = workers.join_all().await.into_iter().collect();
    let mut took: Vec<Duration> = took?.into_iter().flatten().collect();
    let (wall, cpu) = (started.elapsed(), cpu_time().saturating_sub(cpu));
    println!(
        "{in_flight:>2} shops in flight:  {} shops/s, {}, {} us CPU a shop",
        per_second(took.len(), wall),
        spread(&mut took),
        cpu.as_micros() / took.len().max(1) as u128
    );
    Ok(())
}

fn per_second(count: usize, wall: Duration) -> u128 {
    count as u128 * 1000 / wall.as_millis().max(1)
}

fn order(key: String, at: u64) -> BuyRequest {
    BuyRequest {
        tenant: "default".to_owned(),
        idempotency_key: key.clone(),
        business_key: key,
        account: "fedex".to_owned(),
        shipment: shipment(at),
        service: "ground".into(),
        weekend: None,
        token: None,
        label: LabelSpec::default(),
        quoted: None,
        max_price: None,
        allow_additional: false,
        policy: Policy::default(),
        wait: Duration::from_secs(60),
    }
}

/// Buys one label and answers how long it took.
async fn buy(host: &Waybill, key: String) -> Outcome<Duration> {
    let begun = Instant::now();
    let reply = host.purchases().await?.buy(order(key, fresh())).await?;
    match reply.purchases.as_slice() {
        [only] if only.state == PurchaseState::Bought => Ok(begun.elapsed()),
        other => Err(format!("not bought: {other:?}").into()),
    }
}

async fn labels(host: &Arc<Waybill>, in_flight: usize, count: u64) -> Outcome {
    host.purchases().await?;
    let (started, cpu) = (Instant::now(), cpu_time());
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (host, next) = (host.clone(), next.clone());
        workers.spawn(async move {
            let mut took = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= count {
                    return Ok::<_, String>(took);
                }
                let key = format!("{in_flight}-{at}");
                took.push(buy(&host, key).await.map_err(|error| error.to_string())?);
            }
        });
    }
    let took: Result<Vec<_>, String> = workers.join_all().await.into_iter().collect();
    let mut took: Vec<Duration> = took?.into_iter().flatten().collect();
    let (wall, cpu) = (started.elapsed(), cpu_time().saturating_sub(cpu));
    println!(
        "{in_flight:>2} labels in flight: {} FedEx labels/s, {}, {} us CPU a label",
        per_second(took.len(), wall),
        spread(&mut took),
        cpu.as_micros() / took.len().max(1) as u128
    );
    Ok(())
}

async fn bulk(host: &Arc<Waybill>) -> Outcome {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for at in 0..200 {
        let host = host.clone();
        running.spawn(async move {
            buy(&host, format!("bulk-{at}")).await.map(drop).map_err(|error| error.to_string())
        });
    }
    running.join_all().await.into_iter().collect::<Result<(), String>>()?;
    println!("200 labels asked for at one time: {:?}", begun.elapsed());
    Ok(())
}

async fn same_key_twice(host: &Waybill) -> Outcome {
    let purchases = host.purchases().await?;
    let first = purchases.buy(order("twice".to_owned(), 1)).await?;
    let again = purchases.buy(order("twice".to_owned(), 1)).await?;
    let same = first.purchases.iter().map(|one| &one.id).eq(again.purchases.iter().map(|one| &one.id));
    println!("the same key twice: {}", if same { "one purchase, one label" } else { "TWO PURCHASES" });
    Ok(())
}
