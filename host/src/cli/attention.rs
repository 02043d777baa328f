//! What a person must know to decide, and the commands that carry the decision out.

use chrono::DateTime;
use waybill_purchase::{Attention, OpKind, OpView, PurchaseView, Shown};

use super::Output;

/// A time as people read it.
pub(crate) fn time(millis: i64) -> String {
    DateTime::from_timestamp_millis(millis)
        .map(|at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
        .unwrap_or_default()
}

/// Prints what is known of a purchase on which a person must decide.
pub(crate) fn purchase(output: &Output, view: &PurchaseView) {
    let Some(told) = &view.attention else { return };
    facts(output, told, &view.id);
    let id = &view.id;
    for way in &told.ways {
        let (words, command) = match way.as_str() {
            "adopt" => {
                let numbers =
                    " --tracking NUMBER".repeat(usize::try_from(view.parcels).unwrap_or(1).clamp(1, 20));
                (
                    "it was bought",
                    format!("waybill purchases resolve {id} adopt{numbers} --charged \"AMOUNT CURRENCY\""),
                )
            }
            "nothing_bought" => {
                ("it was not bought", format!("waybill purchases resolve {id} nothing-bought"))
            }
            "void" => ("void it", format!("waybill purchases resolve {id} void")),
            "keep" => ("keep it as it is", format!("waybill purchases resolve {id} keep")),
            _ => continue,
        };
        output.line(format!("  {words}:\n    {command}"));
    }
    if told.ways.iter().any(|way| way == "nothing_bought") {
        output.line(format!("  ask the carrier once more:\n    waybill purchases resolve {id} ask-again"));
    }
}

/// Prints what is known of a manifest or pickup of which nobody knows whether it was made.
pub(crate) fn service(output: &Output, view: &OpView) {
    let Some(told) = &view.attention else { return };
    facts(output, told, &view.id);
    let (id, command) = (&view.id, if view.kind == OpKind::Manifest { "manifest" } else { "pickup" });
    for way in &told.ways {
        let (words, decision) = match way.as_str() {
            "adopt" => ("it was made", "adopt --number NUMBER"),
            "nothing_bought" => ("it was not made", "nothing-bought"),
            "send_again" => ("it was not made; make it now", "send-again"),
            _ => continue,
        };
        output.line(format!("  {words}:\n    waybill {command} resolve {id} {decision}"));
    }
}

fn facts(output: &Output, told: &Attention, id: &str) {
    output.line(format!("\n{id} waits for you: {}", told.reason));
    output.line(format!("  account {} ({})", told.account, told.environment));
    match told.sent_at {
        Some(at) => output.line(format!("  sent {}", time(at))),
        None => output.line("  never sent, as far as this database knows"),
    }
    output.line(format!("  search the carrier's portal for {} or {}", told.handle, told.handle_uuid));
    if !told.numbers.is_empty() {
        output.line(format!("  numbers that it was sent with: {}", told.numbers.join(", ")));
    }
    if let Some(at) = told.deadline {
        output.line(format!("  the carrier can be asked until {}", time(at)));
    }
    output.line("Nothing more is bought for this package until you decide:");
}

/// Prints everything about one purchase.
pub(crate) fn shown(output: &Output, shown: &Shown) {
    let view = &shown.purchase;
    let money =
        |price: Option<waybill_core::Money>| price.map_or_else(|| "-".to_owned(), |price| price.to_string());
    output.line(format!("{}  {}", view.id, view.state));
    output.line(format!(
        "  {} on account {} ({}), service {}",
        view.carrier, view.account, view.environment, view.service
    ));
    output.line(format!("  reference {}, written down {}", view.business_key, time(view.created_at)));
    let limit = view.max_price.map(|max| format!(", at most {max}")).unwrap_or_default();
    let variance = view.variance.map(|more| format!(" ({more} other than quoted)")).unwrap_or_default();
    output.line(format!("  quoted {}{limit}, charged {}{variance}", money(view.quoted), money(view.charged)));
    for label in &view.labels {
        output.line(format!(
            "  label {} parcel {} {}{} sold {}",
            label.tracking,
            label.parcel + 1,
            label.state,
            if label.stored { "" } else { ", no file" },
            time(label.sold_at)
        ));
    }
    if let Some(failure) = &view.failure {
        let sent = if failure.sent { "after it was sent" } else { "nothing was sent" };
        output.line(format!("  why: {} ({sent})", failure.error));
    }
    attempts(output, shown);
    for op in &shown.operations {
        output.line(format!("  {} {} ({}) {}, {} tries", op.kind, op.id, op.purpose, op.state, op.tries));
    }
    output.line("  what happened:");
    for event in &shown.events {
        output.line(format!("    {}  {}", time(event.at), event.kind));
    }
    purchase(output, view);
}

fn attempts(output: &Output, shown: &Shown) {
    for attempt in &shown.attempts {
        let sent = attempt.sent_at.map_or_else(|| "not sent".to_owned(), |at| format!("sent {}", time(at)));
        output.line(format!("  attempt {} {} {sent}, handle {}", attempt.n, attempt.state, attempt.handle));
        for (at, kind, status, _) in &attempt.evidence {
            let status = status.map(|status| format!(" HTTP {status}")).unwrap_or_default();
            output.line(format!("    {}  {kind}{status}", time(*at)));
        }
        if let Some(at) = attempt.next_check_at {
            output.line(format!("    the carrier is asked again {}", time(at)));
        }
    }
}
