//! Single calls, one after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use waybill_core::{
    Carrier, Error, Handle, LabelFormat, LabelOrder, LabelSpec, RateRequest, Result, TrackRequest,
    TrackingNumber,
};
use waybill_tests::lane_of;

use crate::Failure;
use crate::carriers::Subject;
use crate::replay::Tape;

/// What is asked of every form of a carrier.
struct Questions {
    rate: RateRequest,
    order: LabelOrder,
    track: TrackRequest,
}

pub async fn measure(six: &[Subject], tape: &Tape, rounds: u32) -> std::result::Result<(), Failure> {
    println!("| carrier | operation | linked in | loopback adds | library adds |");
    println!("| --- | --- | --- | --- | --- |");
    for subject in six {
        let forms = [subject.linked(None)?, subject.loopback()?, subject.library(None)?];
        let questions = record(&forms[0], subject.id, tape).await?;
        for operation in ["quote", "buy", "track"] {
            let mut times = [Duration::MAX; 3];
            // The best of several blocks: what the way costs when nothing else takes the processor.
            for _ in 0..10 {
                for (form, time) in forms.iter().zip(&mut times) {
                    let begin = Instant::now();
                    for _ in 0..rounds / 10 {
                        call(form, operation, &questions, tape).await?;
                    }
                    *time = (*time).min(begin.elapsed() / (rounds / 10));
                }
            }
            let [linked, loopback, library] = times.map(|time| time.as_nanos() / 100);
            let micros = |tenths: u128| format!("{}.{} us", tenths / 10, tenths % 10);
            let (loopback, library) = (loopback.saturating_sub(linked), library.saturating_sub(linked));
            println!(
                "| {} | {operation} | {} | {} | {} |",
                subject.id,
                micros(linked),
                micros(loopback),
                micros(library)
            );
        }
    }
    Ok(())
}

/// Asks the sandbox everything once, and says what to ask from then on.
async fn record(carrier: &Arc<dyn Carrier>, id: &str, tape: &Tape) -> Result<Questions> {
    let mut shipment = lane_of(id);
    shipment.ship_date = Some(tape.cx("quote").now().date_naive());
    let rate = RateRequest::new(shipment.clone());
    let quote = carrier.rate_quote().ok_or_else(|| Error::unsupported(id))?;
    let reply = quote.quote(&tape.cx("quote"), &rate).await?;
    let offer =
        reply.rates.into_iter().next().ok_or_else(|| Error::malformed(format!("{id} offers nothing")))?;
    let label = carrier.label().ok_or_else(|| Error::unsupported(id))?;
    let format = carrier.profile().labels.first().map_or(LabelFormat::Pdf, |offer| offer.format.clone());
    let mut order = LabelOrder {
        shipment,
        service: offer.service,
        weekend: offer.weekend,
        token: offer.token,
        label: LabelSpec::new(format),
        handle: Handle(uuid::Uuid::from_u128(7)),
        numbers: Vec::new(),
    };
    let ask = waybill_core::AllocateRequest { order: order.clone(), sequence: 41 };
    order.numbers = label.allocate(&tape.cx("allocate"), &ask).await?.numbers;
    let bought = label.buy(&tape.cx("buy"), &order, tape.permit()).await?;
    let numbers: Vec<TrackingNumber> = bought.pieces.into_iter().map(|piece| piece.tracking).collect();
    let track = TrackRequest { numbers, shipped_from: None, destination: None };
    let questions = Questions { rate, order, track };
    call(carrier, "track", &questions, tape).await?;
    Ok(questions)
}

async fn call(carrier: &Arc<dyn Carrier>, operation: &str, questions: &Questions, tape: &Tape) -> Result<()> {
    let absent = || Error::unsupported(operation);
    let cx = tape.cx(operation);
    match operation {
        "quote" => drop(carrier.rate_quote().ok_or_else(absent)?.quote(&cx, &questions.rate).await?),
        "buy" => drop(carrier.label().ok_or_else(absent)?.buy(&cx, &questions.order, tape.permit()).await?),
        _ => drop(carrier.tracking().ok_or_else(absent)?.track(&cx, &questions.track).await?),
    }
    Ok(())
}
