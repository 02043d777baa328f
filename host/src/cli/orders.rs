//! `waybill shop`: rates for many orders from a CSV file, one line each with the suggested offer.

use chrono::NaiveDate;
use comfy_table::{Cell, CellAlignment};
use serde::Serialize;
use waybill_core::{Error, FieldProblem, Money, Result};
use waybill_shop::{Outcome, Verdict};

use super::args::OrdersArgs;
use super::order_file::{COLUMNS, Order, column_of, read};
use super::{Failure, Output, bulk, rates};
use crate::{ShopRequest, Shopped, Waybill};

/// An order with its answer.
#[derive(Debug, Serialize)]
struct Line {
    /// Line of the file, from 1 with the header.
    line: usize,
    order: String,
    /// `suggested`, `nothing_in_time`, ..., or `error`.
    outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    saving: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship_date: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arrives: Option<NaiveDate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deliver_by: Option<NaiveDate>,
    /// Why, or what is wrong.
    words: String,
    /// Mistakes by column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<FieldProblem>,
}

pub(crate) async fn run(output: &Output, host: &Waybill, args: &OrdersArgs) -> Result<(), Failure> {
    let Some(path) = &args.csv else {
        for (name, help) in COLUMNS {
            output.line(format!("{name:<18} {help}"));
        }
        if output.json() {
            output.print_json(&COLUMNS);
        }
        return Ok(());
    };
    let mut orders = read(path, args)?;
    let mut bought = Vec::new();
    if args.buy {
        bulk::check_count(orders.len())?;
        for order in &mut orders {
            let before = bulk::before(host, &order.name).await?;
            if before.purchase.is_some() {
                order.request = Err(bulk::not_asked());
            }
            bought.push(before);
        }
    }
    let progress = output.progress(format!("asking about {} orders", orders.len()));
    let answered = answers(host, orders, usize::from(args.parallel)).await;
    progress.finish_and_clear();
    if args.buy {
        let wanted = answered.into_iter().zip(bought);
        let wanted =
            wanted.map(|((line, order, answer), before)| bulk::Wanted { line, order, before, answer });
        return bulk::buy(output, host, wanted.collect(), &args.out).await;
    }
    let lines: Vec<Line> =
        answered.into_iter().map(|(number, order, answer)| line(number, order, answer)).collect();
    show(output, &lines, args.as_csv)?;
    verdict(&lines)
}

/// Line, order and answer of each order, in the order of the file.
async fn answers(
    host: &Waybill,
    orders: Vec<Order>,
    parallel: usize,
) -> Vec<(usize, String, Result<Shopped>)> {
    let good = orders.iter().filter_map(|order| order.request.as_ref().ok().cloned());
    let good = good.map(|request| ShopRequest { tenant: host.tenant().to_owned(), ..request }).collect();
    let mut answers = host.shop_many(good, parallel).await.into_iter();
    let answered = orders.into_iter().map(|Order { line, name, request }| {
        let answer = match request {
            Ok(_) => answers.next().unwrap_or_else(|| Err(Error::invalid(Vec::new()))),
            Err(error) => Err(error),
        };
        (line, name, answer)
    });
    answered.collect()
}

fn verdict(lines: &[Line]) -> Result<(), Failure> {
    let count = |what: fn(&Line) -> bool| lines.iter().filter(|line| what(line)).count();
    let wrong = count(|line| line.outcome == "error");
    let without = count(|line| line.outcome != "error" && line.outcome != "suggested");
    match (wrong, without) {
        (0, 0) => Ok(()),
        (0, without) => {
            Err(Failure::Nothing(format!("{without} of {} orders got no suggestion", lines.len())))
        }
        _ => Err(Failure::input(format!(
            "{wrong} of {} orders have mistakes, {without} got no suggestion; the others are answered",
            lines.len()
        ))),
    }
}

fn line(line: usize, order: String, answer: Result<Shopped>) -> Line {
    let empty = Line {
        line,
        order,
        outcome: "error".into(),
        carrier: None,
        service: None,
        service_name: None,
        account: None,
        price: None,
        list: None,
        saving: None,
        ship_date: None,
        arrives: None,
        deliver_by: None,
        words: String::new(),
        problems: Vec::new(),
    };
    let shopped = match answer {
        Ok(shopped) => shopped,
        Err(error) => {
            let words = mistakes(&error);
            let problems =
                error.fields.into_iter().map(|field| FieldProblem { path: column_of(&field.path), ..field });
            return Line { words, problems: problems.collect(), ..empty };
        }
    };
    let outcome = serde_json::to_value(shopped.suggestion.outcome).ok();
    let outcome = outcome.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
    let words = no_suggestion(&shopped);
    let base = Line { outcome, words, deliver_by: shopped.suggestion.latest_day, ..empty };
    let Some((offer, pick)) = shopped.suggested().zip(shopped.suggestion.pick) else { return base };
    let total = |price: Option<&waybill_core::Price>| price.map(|price| price.total);
    Line {
        carrier: Some(offer.account.carrier.to_string()),
        service: Some(offer.rate.service.to_string()),
        service_name: Some(rates::service_name(&offer.rate)),
        account: Some(offer.account.name.clone()),
        price: total(offer.rate.payable()),
        list: total(offer.rate.published()),
        saving: offer.rate.saving(),
        ship_date: offer.ship_date.or(shopped.shipment.ship_date),
        arrives: match shopped.verdict(pick) {
            Some(Verdict::InTime { arrives } | Verdict::Late { arrives, .. }) => Some(*arrives),
            _ => offer.rate.delivery.as_ref().and_then(|delivery| delivery.latest.date),
        },
        ..base
    }
}

/// Why nothing is suggested, or why this is.
pub(crate) fn no_suggestion(shopped: &Shopped) -> String {
    let diagnosis = shopped.answer.diagnosis.as_ref();
    match diagnosis.filter(|_| shopped.suggestion.outcome == Outcome::NoOffers) {
        Some(diagnosis) => format!("{} ({})", diagnosis.message, diagnosis.cure),
        None => shopped.suggestion.words.clone(),
    }
}

/// Every mistake with the column that it is in.
pub(crate) fn mistakes(error: &Error) -> String {
    let one =
        |field: &FieldProblem| FieldProblem { path: column_of(&field.path), ..field.clone() }.to_string();
    match error.fields.as_slice() {
        [] => error.to_string(),
        fields => fields.iter().map(one).collect::<Vec<_>>().join("; "),
    }
}

fn show(output: &Output, lines: &[Line], as_csv: bool) -> Result<(), Failure> {
    if output.json() {
        output.print_json(&lines);
        return Ok(());
    }
    if as_csv {
        output.line(csv_of(lines)?.trim_end());
        return Ok(());
    }
    let mut table =
        output.compact(&["order", "service", "account", "price", "saving", "arrives", "by", "why"]);
    let text = |value: &Option<String>| Cell::new(value.as_deref().unwrap_or_default());
    let money = |value: &Option<Money>| {
        Cell::new(value.map(|money| money.to_string()).unwrap_or_default())
            .set_alignment(CellAlignment::Right)
    };
    let day = |value: &Option<NaiveDate>| {
        Cell::new(value.map(|date| date.format("%a %-d %b").to_string()).unwrap_or_default())
    };
    for line in lines {
        table.add_row(vec![
            output.strong(&line.order),
            text(&line.service_name),
            text(&line.account),
            money(&line.price),
            money(&line.saving),
            day(&line.arrives),
            day(&line.deliver_by),
            Cell::new(reason(line)),
        ]);
    }
    output.line(table.to_string());
    Ok(())
}

/// The reason without the service's name, which stands in a column of its own; the line for a mistake.
fn reason(line: &Line) -> String {
    if line.outcome == "error" {
        return format!("line {}: {}", line.line, line.words);
    }
    let name = line.service_name.as_deref().unwrap_or_default();
    match line.words.strip_prefix(name).and_then(|rest| rest.split_once(": ")) {
        Some((_, why)) if !name.is_empty() => why.to_owned(),
        _ => line.words.clone(),
    }
}

fn csv_of(lines: &[Line]) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::input(format!("no CSV can be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = [
        "line",
        "order",
        "outcome",
        "carrier",
        "service",
        "account",
        "price",
        "currency",
        "list",
        "saving",
        "ship_date",
        "arrives",
        "deliver_by",
        "column",
        "words",
    ];
    writer.write_record(header).map_err(|error| failed(&error))?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let amount = |value: &Option<Money>| value.map(|money| money.amount.to_string()).unwrap_or_default();
    let day = |value: &Option<NaiveDate>| value.map(|date| date.to_string()).unwrap_or_default();
    for line in lines {
        let columns: Vec<&str> = line.problems.iter().map(|problem| problem.path.as_str()).collect();
        let record = [
            line.line.to_string(),
            line.order.clone(),
            line.outcome.clone(),
            text(&line.carrier),
            text(&line.service),
            text(&line.account),
            amount(&line.price),
            line.price.map(|money| money.currency.to_string()).unwrap_or_default(),
            amount(&line.list),
            amount(&line.saving),
            day(&line.ship_date),
            day(&line.arrives),
            day(&line.deliver_by),
            columns.join(" "),
            line.words.clone(),
        ];
        writer.write_record(record).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}
