//! Cost of a carrier's messages without network: requests built, answers read.
//!
//! Answers are those of the fixtures; rate answers are grown to some 35 KB by repeating their services, as a lane with
//! many services and options brings them. Beside the times the program prints what one call allocates.

use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use criterion::{BatchSize, Criterion, Throughput, criterion_group};
use mimalloc::MiMalloc;
use serde_json::{Value, json};
use waybill_core::{Carrier, Cx, LabelOrder, RateRequest, SpendPermit, TrackRequest};
use waybill_parsers::rig;
use waybill_testkit::{Rig, block_on};

/// The program's allocator, counted while that is asked for.
struct Counted;

static COUNTS: AtomicBool = AtomicBool::new(false);

static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the program's allocator unchanged.
#[allow(unsafe_code, reason = "an allocator cannot be counted without being one")]
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as by the contract of this function.
        unsafe { MiMalloc.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as by the contract of this function.
        unsafe { MiMalloc.dealloc(at, layout) }
    }
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size.saturating_sub(layout.size()));
        // SAFETY: as by the contract of this function.
        unsafe { MiMalloc.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

/// Size that rate answers are grown to.
const GROWN: usize = 35_000;

/// A case: which carrier does what with which data.
struct Case {
    name: String,
    carrier: &'static str,
    operation: &'static str,
    scenario: &'static str,
    data: Vec<u8>,
}

/// Carriers with a rate answer: the fixture, and what is repeated in it.
const RATES: &[(&str, &str, Growth)] = &[
    ("ups", "rate_domestic", Growth::List("/RateResponse/RatedShipment")),
    ("fedex", "rate_domestic", Growth::List("/output/rateReplyDetails")),
    ("usps", "rate_domestic", Growth::List("/pricingOptions/0/shippingOptions")),
    ("ontrac", "rate_domestic", Growth::Element("Rate")),
    ("dhl-express", "rate_international", Growth::Options("/products")),
];

enum Growth {
    /// Elements of this list.
    List(&'static str),
    /// Elements of this name.
    Element(&'static str),
    /// Options without price in each element of this list, as DHL lists them.
    Options(&'static str),
}

impl Growth {
    fn grow(&self, body: &str) -> String {
        match self {
            Self::Element(name) => {
                let (from, to) = (format!("<{name}>"), format!("</{name}>"));
                let (start, end) = (body.find(&from).unwrap(), body.find(&to).unwrap() + to.len());
                let times = (GROWN - body.len()) / (end - start);
                // Each under a code of its own, so that each becomes an offer.
                let (head, tail) = body[start..end].split_once("<Service>").unwrap();
                let tail = tail.split_once('<').unwrap().1;
                let more: String = (0..times).map(|at| format!("{head}<Service>S{at}<{tail}")).collect();
                format!("{}{more}{}", &body[..end], &body[end..])
            }
            Self::List(pointer) => {
                let mut value: Value = serde_json::from_str(body).unwrap();
                let list = value.pointer(pointer).unwrap().as_array().unwrap().clone();
                let mut at = 0;
                while value.to_string().len() < GROWN {
                    let next = list[at % list.len()].clone();
                    value.pointer_mut(pointer).unwrap().as_array_mut().unwrap().push(next);
                    at += 1;
                }
                value.to_string()
            }
            Self::Options(pointer) => {
                let mut value: Value = serde_json::from_str(body).unwrap();
                let mut at = 0;
                while value.to_string().len() < GROWN {
                    let list = value.pointer_mut(pointer).unwrap().as_array_mut().unwrap();
                    for product in list {
                        let Some(lines) = product.pointer_mut("/detailedPriceBreakdown/0/breakdown") else {
                            continue;
                        };
                        lines.as_array_mut().unwrap().push(json!({ "name": format!("OPTIONAL SERVICE {at}"), "serviceCode": format!("S{at}"),
                            "localServiceCode": format!("S{at}"), "serviceTypeCode": "XCH", "isCustomerAgreement": false, "isMarketedService": true }));
                    }
                    at += 1;
                }
                value.to_string()
            }
        }
    }
}

fn seed(rig: &Rig, operation: &str, scenario: &str) -> Vec<u8> {
    let seeds = rig.seeds(operation).into_iter();
    seeds.filter(|(name, _)| name == scenario).map(|(_, data)| data).next().unwrap_or_default()
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (carrier, scenario, growth) in RATES {
        let data = seed(rig(carrier), "quote", scenario);
        let (head, body) = data.split_at(2);
        let body = growth.grow(std::str::from_utf8(body).unwrap());
        let data = [head, body.as_bytes()].concat();
        cases.push(Case { name: format!("{carrier}/quote"), carrier, operation: "quote", scenario, data });
        // A connection that breaks: what is left is the request.
        let data = vec![head[0], 0x80];
        cases.push(Case {
            name: format!("{carrier}/quote, request alone"),
            carrier,
            operation: "quote",
            scenario,
            data,
        });
    }
    cases.push(Case {
        name: "china-post/quote from the table".into(),
        carrier: "china-post",
        operation: "quote",
        scenario: "rate_international",
        data: vec![0, 0],
    });
    for carrier in waybill_parsers::CARRIERS {
        let (rig, international) = (rig(carrier), "buy_international");
        for (operation, scenario) in [("buy", international), ("buy", "buy"), ("track", "track")] {
            let data = seed(rig, operation, scenario);
            if data.len() > 2 && !cases.iter().any(|case| case.name == format!("{carrier}/{operation}")) {
                cases.push(Case {
                    name: format!("{carrier}/{operation}"),
                    carrier,
                    operation,
                    scenario,
                    data,
                });
            }
        }
    }
    cases
}

/// What is measured of a case: the carrier's code between a request in the model's words and an answer in them. The context
/// holds the carrier's answer already, as a transport hands it over.
struct Call {
    context: Box<dyn Fn() -> (Cx, SpendPermit)>,
    run: Run,
}

type Run = Box<dyn Fn(&Cx, SpendPermit)>;

fn call(case: &Case) -> Call {
    let rig = rig(case.carrier);
    let input = rig.input(case.operation, case.scenario).unwrap();
    let (data, operation) = (case.data.clone(), case.operation);
    let carrier: &'static dyn Carrier = rig.carrier();
    let run: Run = match case.operation {
        "quote" => {
            let request: RateRequest = serde_json::from_value(input).unwrap();
            Box::new(move |cx, _| {
                drop(black_box(block_on(carrier.rate_quote().unwrap().quote(cx, black_box(&request)))));
            })
        }
        "buy" => {
            let order: LabelOrder = serde_json::from_value(input).unwrap();
            Box::new(move |cx, permit| {
                drop(black_box(block_on(carrier.label().unwrap().buy(cx, black_box(&order), permit))));
            })
        }
        _ => {
            let request: TrackRequest = serde_json::from_value(input).unwrap();
            Box::new(move |cx, _| {
                drop(black_box(block_on(carrier.tracking().unwrap().track(cx, black_box(&request)))));
            })
        }
    };
    Call { context: Box::new(move || rig.cx(operation, &data)), run }
}

/// What one call allocates; the second call, because the first fills caches.
fn allocations(call: &Call) -> (usize, usize) {
    let (cx, permit) = (call.context)();
    (call.run)(&cx, permit);
    let (cx, permit) = (call.context)();
    let before = (CALLS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    COUNTS.store(true, Ordering::Relaxed);
    (call.run)(&cx, permit);
    COUNTS.store(false, Ordering::Relaxed);
    (CALLS.load(Ordering::Relaxed) - before.0, BYTES.load(Ordering::Relaxed) - before.1)
}

fn parse(c: &mut Criterion) {
    for case in cases() {
        let call = call(&case);
        let (calls, bytes) = allocations(&call);
        println!("{}: {} bytes of answers, {calls} allocations of {bytes} bytes", case.name, case.data.len());
        let mut group = c.benchmark_group("messages");
        group.throughput(Throughput::Bytes(case.data.len() as u64));
        group.bench_function(&case.name, |bench| {
            let run = |(cx, permit): (Cx, SpendPermit)| {
                (call.run)(&cx, permit);
                cx
            };
            bench.iter_batched(|| (call.context)(), run, BatchSize::PerIteration);
        });
        group.finish();
    }
}

criterion_group!(benches, parse);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
}
