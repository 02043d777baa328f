//! Measures rate shopping through the library against a local server with fixed latency.
//!
//! Six carriers of one kind ask the server over real HTTP through `waybill-transport`; each answer is JSON of 5 to 35 KB.
//! Run it with `cargo run --profile dist -p waybill-example-load`; `-- quick` measures for a shorter time.
//!
//! `-- carriers URL` measures four real carrier crates through the whole host instead, against a server of yours that
//! answers as they do below `URL/fedex`, `URL/ups`, `URL/usps` and `URL/dhl`.
#![forbid(unsafe_code)]

mod carrier;
mod carriers;
mod measure;
mod server;
mod tls;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use waybill_core::{Address, Country, Parcel, RateRequest, Shipment};
use waybill_shop::{AccountRef, CacheSettings, Owner, Participant, ShopQuestion, Shopper, Turns, shop};
use waybill_transport::{Lane, LaneSettings, Transport, TransportSettings};

use measure::{Report, cpu_time, memory_mb, spread};

/// As in the program; see there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Kilobytes of the six answers.
const ANSWER_KB: [usize; 6] = [5, 10, 15, 20, 30, 35];

/// What is measured, each in a process of its own: what one case leaves in memory is not another's.
const CASES: [&str; 9] = [
    "0ms",
    "50ms",
    "250ms",
    "deadline",
    "in-flight-http2",
    "all-sent-http2",
    "in-flight",
    "kept",
    "identical",
];

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    let after = |word: &str| {
        let at = arguments.iter().position(|argument| argument == word)?;
        arguments.get(at + 1).cloned()
    };
    let time = Duration::from_secs(if is("quick") { 2 } else { 10 });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if is("server") {
        let certificate = after("server").ok_or("which file for the certificate?")?;
        return runtime.block_on(server::serve_alone(certificate.as_ref()));
    }
    if is("carriers") {
        let url =
            after("carriers").ok_or("write `carriers URL`, such as `carriers http://127.0.0.1:18080`")?;
        return runtime.block_on(carriers::measure(&url, time));
    }
    if let Some(address) = after("at") {
        let case = CASES.into_iter().find(|case| is(case)).ok_or("which case?")?;
        if case.ends_with("http2") {
            let (port, root) = after("tls").zip(after("root")).ok_or("which port and which root?")?;
            let turns = if case == "all-sent-http2" { EVERYBODY } else { Turns::USUAL };
            return runtime.block_on(in_flight_over_http2(port.parse()?, root.as_ref(), turns));
        }
        return runtime.block_on(measure_case(case, address.parse()?, time));
    }
    let chosen: Vec<&str> = CASES.into_iter().filter(|case| is(case)).collect();
    println!("six carriers, answers of 5 to 35 KB, {} cores", std::thread::available_parallelism()?);
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("root.pem");
    let server = server::start(&root)?;
    let words: Vec<&String> = arguments.iter().filter(|word| !CASES.contains(&word.as_str())).collect();
    for case in if chosen.is_empty() { CASES.to_vec() } else { chosen } {
        let mut program = std::process::Command::new(std::env::current_exe()?);
        program.args(&words).args([
            case,
            "at",
            &server.address.to_string(),
            "tls",
            &server.tls.to_string(),
            "root",
        ]);
        let done = program.arg(&root).status()?;
        if !done.success() {
            return Err(format!("{case}: {done}").into());
        }
    }
    Ok(())
}

async fn measure_case(case: &str, address: std::net::SocketAddr, time: Duration) -> Outcome {
    let transport = Transport::new(TransportSettings::default())?;
    let six = |delay: [u64; 6]| -> Outcome<Vec<Participant>> {
        let numbered = delay.into_iter().zip(ANSWER_KB).enumerate();
        let base = format!("http://{address}");
        numbered.map(|(at, (delay, kb))| participant(&transport, &base, at, delay, kb)).collect()
    };
    match case {
        "deadline" => deadline(&six([50, 50, 50, 50, 50, 3000])?, time).await,
        "in-flight" => in_flight("HTTP/1.1", Turns::USUAL, &six([2000; 6])?).await,
        "kept" => cached(&six([0; 6])?).await,
        "identical" => coalesced(&six([50; 6])?).await,
        latency => {
            let delay = latency.trim_end_matches("ms").parse()?;
            let all = six([delay; 6])?;
            warm_up(&all).await;
            let cpu = cpu_time();
            let full = throughput(&all, time, if delay == 0 { 64 } else { 600 }).await;
            let cpu = cpu_time().saturating_sub(cpu).as_micros() / u128::from(full.shops().max(1));
            println!("{delay:>3} ms  as fast as it goes: {full}; {cpu} us CPU a shop");
            let half = paced(&all, time, full.per_second() / 2).await;
            println!("{delay:>3} ms  half load:           {half}");
            let light = paced(&all, time, 20).await;
            println!("{delay:>3} ms  20 a second:         {light}");
        }
    }
    Ok(())
}

fn participant(
    transport: &Arc<Transport>,
    base: &str,
    at: usize,
    delay: u64,
    kb: usize,
) -> Outcome<Participant> {
    let id = format!("carrier-{at}");
    let url: url::Url = format!("{base}/{delay}/{kb}").parse()?;
    let lane = Lane::new(LaneSettings {
        account: id.clone(),
        carrier: id.clone(),
        hosts: url.host_str().map(str::to_owned).into_iter().collect(),
        ..LaneSettings::default()
    });
    let transport = transport.clone();
    Ok(Participant {
        account: AccountRef { name: id.clone(), carrier: id.as_str().into(), owner: Owner::House },
        fingerprint: id.clone(),
        turns: Turns::default(),
        carrier: Arc::new(carrier::LocalCarrier::new(&id, url)),
        cx: Arc::new(move |operation: &str, deadline: Option<DateTime<Utc>>| {
            transport.cx(&lane, operation, deadline)
        }),
    })
}

/// A shipment; `at` makes it one of its own.
fn question(at: u64, deadline: Duration) -> ShopQuestion {
    let from = Address::new("Sender", "4 Dock Rd", "Newark", "NJ", "07102", Country::US);
    let mut to = Address::new("Recipient", "19 Elm St", "Chicago", "IL", "60601", Country::US);
    to.residential = Some(true);
    let weight = waybill_core::Weight::new(500 + at, waybill_core::WeightUnit::Gram);
    let mut shipment = Shipment::new(from, to, vec![Parcel::new(weight, None)]);
    shipment.ship_date = Some(Utc::now().date_naive());
    ShopQuestion::new(RateRequest::new(shipment), deadline)
}

const PATIENT: Duration = Duration::from_secs(20);

/// Turns for a thousand shops.
const EVERYBODY: NonZeroU32 = NonZeroU32::new(1000).expect("not zero");

async fn warm_up(all: &[Participant]) {
    for at in 0..20 {
        shop(all, &question(at, PATIENT)).await;
    }
}

/// So many shops at a time, each followed by the next.
async fn throughput(all: &[Participant], time: Duration, at_once: usize) -> Report {
    let all: Arc<[Participant]> = all.into();
    let started = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let all = all.clone();
        workers.spawn(async move {
            let mut report = Report::default();
            while started.elapsed() < time {
                let begun = Instant::now();
                report.add(&shop(&all, &question(0, PATIENT)).await, begun);
            }
            report
        });
    }
    let mut report = Report::default();
    for part in workers.join_all().await {
        report.join(part);
    }
    report.took(started.elapsed())
}

/// So many shops per second, each begun on its own beat; a wait before it begins counts as its time.
///
/// The beat is a thread's: the runtime's timer counts in whole milliseconds, which would be added to every shop.
async fn paced(all: &[Participant], time: Duration, per_second: u64) -> Report {
    let all: Arc<[Participant]> = all.into();
    let beat = Duration::from_secs(1) / u32::try_from(per_second.max(1)).unwrap_or(u32::MAX);
    let started = Instant::now();
    let (due_now, mut due) = tokio::sync::mpsc::unbounded_channel();
    let pacer = std::thread::spawn(move || {
        let mut next = started;
        while started.elapsed() < time && due_now.send(next).is_ok() {
            next += beat;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    });
    let mut running = tokio::task::JoinSet::new();
    while let Some(due) = due.recv().await {
        let all = all.clone();
        running.spawn(async move {
            let mut report = Report::default();
            let answer = shop(&all, &question(0, PATIENT)).await;
            report.add(&answer, due);
            report
        });
    }
    let mut report = Report::default();
    for part in running.join_all().await {
        report.join(part);
    }
    let _ = pacer.join();
    report.took(started.elapsed())
}

async fn deadline(all: &[Participant], time: Duration) {
    let limit = Duration::from_millis(300);
    let (mut took, started) = (Vec::new(), Instant::now());
    while started.elapsed() < time {
        let begun = Instant::now();
        let answer = shop(all, &question(0, limit)).await;
        took.push(begun.elapsed());
        assert_eq!((answer.missing.len(), answer.complete), (1, false));
    }
    println!("deadline 300 ms, one carrier at 3 s: {}", spread(&mut took));
}

async fn in_flight_over_http2(port: u16, root: &std::path::Path, turns: NonZeroU32) -> Outcome {
    let extra_roots = vec![std::fs::read(root)?];
    let transport = Transport::new(TransportSettings { extra_roots, ..TransportSettings::default() })?;
    let six = |delay: u64| -> Outcome<Vec<Participant>> {
        let numbered = ANSWER_KB.into_iter().enumerate();
        let base = |at| format!("https://{}", tls::address(at, port));
        numbered.map(|(at, kb)| participant(&transport, &base(at), at, delay, kb)).collect()
    };
    warm_up(&six(0)?).await;
    in_flight("TLS and HTTP/2", turns, &six(2000)?).await;
    Ok(())
}

async fn in_flight(how: &str, at_once: NonZeroU32, all: &[Participant]) {
    let before = memory_mb();
    let own_turns = |one: &Participant| Participant { turns: Turns::new(at_once), ..one.clone() };
    let all: Arc<[Participant]> = all.iter().map(own_turns).collect();
    let mut running = tokio::task::JoinSet::new();
    for at in 0..1000 {
        let all = all.clone();
        running.spawn(async move { shop(&all, &question(at, PATIENT)).await.offers.len() });
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let during = memory_mb();
    let offers: usize = running.join_all().await.into_iter().sum();
    println!(
        "1,000 shops in flight, {how}, {at_once} calls per carrier at one time: {before} MB before, {during} MB during, {} MB after; {offers} offers",
        memory_mb()
    );
}

async fn cached(all: &[Participant]) {
    let shopper = Shopper::new(CacheSettings::default());
    shopper.shop(all, &question(0, PATIENT)).await;
    let mut took = Vec::new();
    for _ in 0..5000 {
        let begun = Instant::now();
        let answer = shopper.shop(all, &question(0, PATIENT)).await;
        took.push(begun.elapsed());
        assert!(answer.complete);
    }
    println!("kept answers: {}; {:?}", spread(&mut took), shopper.stats());
}

async fn coalesced(all: &[Participant]) {
    let shopper = Shopper::new(CacheSettings::default());
    let all: Arc<[Participant]> = all.into();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (all, shopper) = (all.clone(), shopper.clone());
        running.spawn(async move { shopper.shop(&all, &question(0, PATIENT)).await.offers.len() });
    }
    running.join_all().await;
    println!("1,000 identical shops at one time, six carriers: {:?}", shopper.stats());
}
