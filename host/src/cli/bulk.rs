//! `waybill shop --buy`: the suggested label of each order of a file.

use std::path::{Path, PathBuf};

use comfy_table::{Cell, CellAlignment};
use serde::Serialize;
use waybill_core::{Error, FieldProblem, Money, Result};
use waybill_purchase::{PurchaseFilter, PurchaseState, PurchaseView};

use super::{Failure, Output, orders};
use crate::purchases::{Purchases, write_files};
use crate::{MOST_AT_ONCE, Shopped, Waybill};

/// An order that was to be bought.
#[derive(Debug, Serialize)]
struct Bought {
    /// Line of the file.
    line: usize,
    order: String,
    /// State of the purchase, or `error`.
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    tracking: Vec<String>,
    /// What is wrong, or a remark.
    #[serde(skip_serializing_if = "String::is_empty")]
    words: String,
}

/// Refuses a file that is too long for one go, before anybody is asked.
pub(crate) fn check_count(count: usize) -> Result<(), Failure> {
    if count <= MOST_AT_ONCE {
        return Ok(());
    }
    Err(Failure::input(format!(
        "{count} orders: at most {MOST_AT_ONCE} are bought in one go; nothing was bought, split the file"
    )))
}

/// What was bought for an order before.
pub(crate) struct Before {
    /// The purchase that stands: the order is neither rated nor bought again.
    pub purchase: Option<PurchaseView>,
    /// Purchases that came to nothing or were voided.
    ended: usize,
}

/// Looks for purchases of an order.
pub(crate) async fn before(host: &Waybill, order: &str) -> Result<Before> {
    let filter = PurchaseFilter {
        tenant: Some(host.tenant().to_owned()),
        business_key: Some(order.to_owned()),
        limit: 100,
        ..PurchaseFilter::default()
    };
    let ended = |state: PurchaseState| {
        matches!(state, PurchaseState::Rejected | PurchaseState::Failed | PurchaseState::Voided)
    };
    let all = host.purchases().await?.list(filter).await?;
    let count = all.iter().filter(|purchase| ended(purchase.state)).count();
    Ok(Before { purchase: all.into_iter().find(|purchase| !ended(purchase.state)), ended: count })
}

/// An order with what is known of it.
pub(crate) struct Wanted {
    pub line: usize,
    pub order: String,
    pub before: Before,
    pub answer: Result<Shopped>,
}

/// Buys the suggested offers and writes their labels.
pub(crate) async fn buy(
    output: &Output,
    host: &Waybill,
    wanted: Vec<Wanted>,
    out: &Path,
) -> Result<(), Failure> {
    let mut requests = Vec::new();
    let mut lines: Vec<(Bought, Option<usize>)> = Vec::with_capacity(wanted.len());
    for Wanted { line, order, before, answer } in wanted {
        let base = empty(line, order.clone());
        if let Some(purchase) = before.purchase {
            lines.push((of(base, &purchase, "bought before"), None));
            continue;
        }
        match answer.as_ref().map(|shopped| (shopped, shopped.suggested())) {
            Ok((shopped, Some(offer))) => {
                // One label per order: the order's number names the request. After a void it is another request.
                let again = if before.ended == 0 { String::new() } else { format!("-{}", before.ended + 1) };
                requests.push(shopped.buy(offer, format!("order-{order}{again}"), order));
                lines.push((base, Some(requests.len() - 1)));
            }
            Ok((shopped, None)) => {
                let words = orders::no_suggestion(shopped);
                lines.push((Bought { state: "error".into(), words, ..base }, None));
            }
            Err(error) => {
                let words = orders::mistakes(error);
                lines.push((Bought { state: "error".into(), words, ..base }, None));
            }
        }
    }
    let progress = output.progress(format!("buying {} labels", requests.len()));
    let replies = host.buy_many(requests).await;
    progress.finish_and_clear();
    let replies = replies?;
    let mut files: Vec<PathBuf> = Vec::new();
    let mut done = Vec::with_capacity(lines.len());
    for (base, at) in lines {
        let Some(reply) = at.and_then(|at| replies.get(at)) else {
            done.push(base);
            continue;
        };
        match reply {
            Ok(reply) => {
                for purchase in &reply.purchases {
                    files.extend(labels(host.purchases().await?, purchase, out).await?);
                    done.push(of(empty(base.line, base.order.clone()), purchase, ""));
                }
            }
            Err(error) => {
                let words = orders::mistakes(error);
                done.push(Bought { state: "error".into(), words, ..base });
            }
        }
    }
    show(output, &done, &files);
    verdict(&done)
}

async fn labels(purchases: &Purchases, purchase: &PurchaseView, out: &Path) -> Result<Vec<PathBuf>> {
    if !matches!(purchase.state, PurchaseState::Bought | PurchaseState::Partial) {
        return Ok(Vec::new());
    }
    write_files(out, &purchases.files(purchase).await?)
}

fn empty(line: usize, order: String) -> Bought {
    Bought {
        line,
        order,
        state: String::new(),
        purchase: None,
        service: None,
        account: None,
        price: None,
        tracking: Vec::new(),
        words: String::new(),
    }
}

fn of(base: Bought, purchase: &PurchaseView, remark: &str) -> Bought {
    let refused = purchase.failure.as_ref().map(|failure| failure.error.to_string());
    let waits = purchase.attention.as_ref().map(|attention| attention.reason.to_string());
    Bought {
        state: purchase.state.to_string(),
        purchase: Some(purchase.id.clone()),
        service: Some(purchase.service.clone()),
        account: Some(purchase.account.clone()),
        price: purchase.charged.or(purchase.quoted),
        tracking: purchase.labels.iter().map(|label| label.tracking.clone()).collect(),
        words: refused.or(waits).unwrap_or_else(|| remark.to_owned()),
        ..base
    }
}

fn show(output: &Output, done: &[Bought], files: &[PathBuf]) {
    if output.json() {
        return output.print_json(&serde_json::json!({ "orders": done, "files": files }));
    }
    let mut table = output.compact(&["order", "state", "service", "account", "price", "tracking", ""]);
    for line in done {
        let text = |value: &Option<String>| Cell::new(value.as_deref().unwrap_or_default());
        let words = if line.state == "error" {
            format!("line {}: {}", line.line, line.words)
        } else {
            line.words.clone()
        };
        table.add_row(vec![
            output.strong(&line.order),
            Cell::new(&line.state),
            text(&line.service),
            text(&line.account),
            Cell::new(line.price.map(|price| price.to_string()).unwrap_or_default())
                .set_alignment(CellAlignment::Right),
            Cell::new(line.tracking.join(" ")),
            Cell::new(words),
        ]);
    }
    output.line(table.to_string());
    if let Some(folder) = files.first().and_then(|file| file.parent()) {
        output.line(format!("{} files written to {}", files.len(), folder.display()));
    }
}

fn verdict(done: &[Bought]) -> Result<(), Failure> {
    let bought = |line: &&Bought| matches!(line.state.as_str(), "bought" | "bought_no_label");
    let open = |line: &&Bought| {
        matches!(line.state.as_str(), "accepted" | "unknown" | "needs_attention" | "partial")
    };
    let (count, open) = (done.iter().filter(bought).count(), done.iter().filter(open).count());
    match done.len() - count {
        0 => Ok(()),
        _ if open > 0 => Err(Failure::Open(format!(
            "{open} of {} orders are open: do not buy them again, `waybill purchases list` shows them",
            done.len()
        ))),
        missing => Err(Failure::input(format!(
            "{missing} of {} orders were not bought; the others were, and are not bought again",
            done.len()
        ))),
    }
}

/// A placeholder for an order that is not asked about.
pub(crate) fn not_asked() -> Error {
    Error::invalid(vec![FieldProblem::new("order", "it was bought before", "")])
}
