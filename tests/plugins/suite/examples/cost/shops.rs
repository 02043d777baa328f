//! Whole shops over HTTP.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use waybill_core::{Carrier, RateRequest, Shipment};
use waybill_shop::{AccountRef, Owner, Participant, ShopQuestion, Turns, shop};
use waybill_transport::{Lane, LaneSettings, Transport, TransportSettings};

use crate::Failure;
use crate::carriers::Subject;
use crate::replay::Tape;

pub async fn measure(six: &[Subject], tape: &Tape, delay: Duration, shops: usize) -> Result<(), Failure> {
    let lanes = lanes(tape);
    record(six, tape, &lanes).await?;
    let server = tape.serve(delay)?;
    let transport = Transport::new(TransportSettings::default())?;
    let take = |library: bool| -> Result<Vec<Participant>, Failure> {
        let open = |subject: &Subject| {
            let carrier =
                if library { subject.library(Some(&server))? } else { subject.linked(Some(&server))? };
            Ok(participant(subject.id, carrier, &transport))
        };
        six.iter().map(open).collect()
    };
    let sides = [take(false)?, take(true)?];
    let mut times = [Vec::new(), Vec::new()];
    let mut processor = [Duration::ZERO; 2];
    for round in 0..shops + shops / 10 {
        // Each leads every other time.
        for at in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let (begin, used) = (Instant::now(), processor_time());
            let offers = once(&sides[at], &lanes).await?;
            if round >= shops / 10 {
                times[at].push(begin.elapsed());
                processor[at] += processor_time().saturating_sub(used);
            }
            if offers == 0 {
                return Err("a shop without an offer measures nothing".into());
            }
        }
    }
    report(delay, &mut times, processor);
    Ok(())
}

fn lanes(tape: &Tape) -> Vec<Shipment> {
    let mut lanes = vec![waybill_tests::domestic(), waybill_tests::abroad(), waybill_tests::from_china()];
    for shipment in &mut lanes {
        shipment.ship_date = Some(tape.cx("quote").now().date_naive());
    }
    lanes
}

/// Asks the sandbox what the shops will ask.
async fn record(six: &[Subject], tape: &Tape, lanes: &[Shipment]) -> Result<(), Failure> {
    for subject in six {
        let carrier = subject.linked(None)?;
        for lane in lanes {
            if let Some(quote) = carrier.rate_quote() {
                quote.quote(&tape.cx("quote"), &RateRequest::new(lane.clone())).await?;
            }
        }
    }
    Ok(())
}

fn participant(id: &str, carrier: Arc<dyn Carrier>, transport: &Arc<Transport>) -> Participant {
    // Without the carriers' published quotas: a measurement asks more often than a shop may.
    let lane = Lane::new(LaneSettings {
        account: id.to_owned(),
        carrier: id.to_owned(),
        hosts: vec!["127.0.0.1".to_owned()],
        ..LaneSettings::default()
    });
    let transport = transport.clone();
    Participant {
        account: AccountRef { name: id.to_owned(), carrier: id.into(), owner: Owner::House },
        fingerprint: id.to_owned(),
        turns: Turns::default(),
        carrier,
        cx: Arc::new(move |operation: &str, deadline: Option<DateTime<Utc>>| {
            transport.cx(&lane, operation, deadline)
        }),
    }
}

/// One shop on each lane; the number of offers.
async fn once(participants: &[Participant], lanes: &[Shipment]) -> Result<usize, Failure> {
    let mut offers = 0;
    for lane in lanes {
        let rate = RateRequest::new(lane.clone());
        let answer = shop(participants, &ShopQuestion::new(rate, Duration::from_secs(10))).await;
        if let Some(missing) = answer.missing.first() {
            return Err(format!("{} is missing: {}", missing.account.name, missing.error).into());
        }
        offers += answer.offers.len();
    }
    Ok(offers)
}

fn report(delay: Duration, times: &mut [Vec<Duration>; 2], processor: [Duration; 2]) {
    times.iter_mut().for_each(|times| times.sort_unstable());
    let at = |side: usize, percent: usize| {
        let times = &times[side];
        times
            .get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    println!("each answer after {} ms, {} shops of three lanes each:", delay.as_millis(), times[0].len());
    println!("| | linked in | libraries | more |");
    println!("| --- | --- | --- | --- |");
    let line = |what: &str, linked: Duration, library: Duration| {
        // Hundredths of a percent as whole numbers.
        let more = (library.as_nanos() as i128 - linked.as_nanos() as i128) * 10_000
            / (linked.as_nanos() as i128).max(1);
        println!(
            "| {what} | {} us | {} us | {}{}.{:02} % |",
            linked.as_micros(),
            library.as_micros(),
            if more < 0 { "-" } else { "" },
            more.abs() / 100,
            more.abs() % 100
        );
    };
    for percent in [50, 90, 99] {
        line(&format!("p{percent}"), at(0, percent), at(1, percent));
    }
    let shops = u32::try_from(times[0].len()).unwrap_or(u32::MAX).max(1);
    line("processor time, server included", processor[0] / shops, processor[1] / shops);
}

/// Processor time of this process so far, where the system tells it (in steps of 10 ms).
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    // The state is field 3 there; utime and stime are fields 14 and 15.
    let fields = after_name.split(' ').skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
