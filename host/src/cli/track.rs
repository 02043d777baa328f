//! `waybill track`.

use waybill_core::{Track, TrackOutcome, TrackReply, TrackingNumber};

use super::args::TrackArgs;
use super::rates::moment;
use super::{Failure, Output};
use crate::Waybill;

pub(crate) async fn run(output: &Output, host: &Waybill, args: &TrackArgs) -> Result<(), Failure> {
    let account = match &args.account {
        Some(name) => name.clone(),
        None => only_account(host)?,
    };
    let numbers: Vec<TrackingNumber> =
        args.numbers.iter().map(|number| number.replace(' ', "").into()).collect();
    let progress = output.progress(format!("asking {account}"));
    let replies = host.track(&account, &numbers).await;
    progress.finish_and_clear();
    let replies = replies?;
    if output.json() {
        output.print_json(&replies);
    } else {
        replies.iter().for_each(|reply| print(output, reply));
    }
    let found = |reply: &TrackReply| {
        matches!(reply.outcome, TrackOutcome::Found(_) | TrackOutcome::Several(_) | TrackOutcome::NoEventsYet)
    };
    if let Some(TrackReply { outcome: TrackOutcome::Failed(error), .. }) =
        replies.iter().find(|reply| matches!(reply.outcome, TrackOutcome::Failed(_)))
    {
        return Err(error.clone().into());
    }
    if replies.iter().any(found) {
        Ok(())
    } else {
        Err(Failure::Nothing("the carrier knows none of these numbers (yet)".to_owned()))
    }
}

fn only_account(host: &Waybill) -> Result<String, Failure> {
    let mut names = host.accounts().iter().map(|account| account.reference().name.clone());
    match (names.next(), names.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Failure::input("no account is configured; `waybill config example` prints one")),
        _ => {
            let all: Vec<_> =
                host.accounts().iter().map(|account| account.reference().name.clone()).collect();
            Err(Failure::input(format!("give the account with --account: {}", all.join(", "))))
        }
    }
}

/// Prints the history of one number.
pub(crate) fn print(output: &Output, reply: &TrackReply) {
    let number = &reply.number;
    match &reply.outcome {
        TrackOutcome::Found(track) => history(output, track),
        TrackOutcome::Several(tracks) => {
            output.line(format!("{number}: the carrier knows {} parcels by this number", tracks.len()));
            tracks.iter().for_each(|track| history(output, track));
        }
        TrackOutcome::NoEventsYet => output.line(format!("{number}: known, nothing has happened yet")),
        TrackOutcome::NotFound => output.line(format!("{number}: not known to the carrier (yet)")),
        TrackOutcome::NotPermitted => {
            output.line(format!("{number}: the carrier does not tell this account"))
        }
        TrackOutcome::Failed(error) => output.line(format!("{number}: {error}")),
    }
}

fn history(output: &Output, track: &Track) {
    let expected = track
        .expected
        .as_ref()
        .map(|expected| format!(", expected {}", moment(&expected.latest)))
        .unwrap_or_default();
    output.line(format!("{}: {}{expected}", track.number, track.status.as_str().replace('_', " ")));
    if track.events.is_empty() {
        return;
    }
    let mut table = output.table(&["when", "status", "what", "where"]);
    for event in &track.events {
        let place: Vec<&str> = [&event.place.city, &event.place.state, &event.place.text]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        table.add_row(vec![
            moment(&event.at),
            event.status.as_str().replace('_', " "),
            event.text.clone(),
            place.join(", "),
        ]);
    }
    output.line(table.to_string());
}
