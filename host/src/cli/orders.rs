//! `waybill shop`: rates for many orders from a CSV file, one line each with the suggested offer.

use std::io::Read;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use comfy_table::{Cell, CellAlignment};
use serde::Serialize;
use waybill_core::{
    Address, Commodity, ContentsKind, Country, Customs, Error, FieldProblem, Money, Parcel, RateRequest,
    Reference, ReferenceKind, Result, Shipment,
};
use waybill_shop::{Outcome, Verdict};

use super::args::{OrdersArgs, ShopArgs};
use super::{Failure, Output, input, rates};
use crate::registry::nearest;
use crate::{ShopRequest, Shopped, Waybill};

/// Columns that are understood, and what they hold.
const COLUMNS: [(&str, &str); 32] = [
    ("order", "order number; names the line in the answer (needed)"),
    ("to_name", "recipient (needed)"),
    ("to_company", "company of the recipient"),
    ("to_street", "street and number (needed)"),
    ("to_street2", "further line of the address"),
    ("to_city", "city (needed)"),
    ("to_state", "state or province code"),
    ("to_postal_code", "postal code"),
    ("to_country", "country as two letters, US when absent"),
    ("to_phone", "phone of the recipient"),
    ("residential", "true for a home, false for a business"),
    ("from_name", "sender, when --from is not given; with from_street, from_city, ..."),
    ("from_street", "see from_name"),
    ("from_city", "see from_name"),
    ("from_state", "see from_name"),
    ("from_postal_code", "see from_name"),
    ("from_country", "see from_name"),
    ("weight", "weight such as 2.5lb or 800g (needed)"),
    ("size", "outer size such as 12x8x4in"),
    ("packaging", "packaging of a carrier, or a box of the preferences"),
    ("value", "value to insure, such as 120.00 USD"),
    ("goods_value", "value of the goods, such as 120.00 USD"),
    ("signature", "none, delivery, indirect, signature or adult"),
    ("ship_date", "day of handing over, as 2026-11-30"),
    ("deliver_by", "day by which it must arrive"),
    ("order_time", "when it was ordered, as 2026-11-27T15:00:00-05:00"),
    ("ship_option", "ship option that the buyer chose"),
    ("marketplace", "marketplace, for its preferences"),
    ("item_description", "goods, for customs; with the columns below one line of goods"),
    ("item_quantity", "pieces, 1 when absent"),
    ("item_value", "value of one piece, such as 25.00 USD"),
    ("item_origin", "country of origin as two letters; item_hs_code may follow"),
];

/// Further columns, described beside others above.
const FURTHER: [&str; 1] = ["item_hs_code"];

/// Most orders in one file.
const MOST: usize = 10_000;

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
    let orders = read(path, args)?;
    let progress = output.progress(format!("asking about {} orders", orders.len()));
    let good: Vec<ShopRequest> =
        orders.iter().filter_map(|order| order.request.as_ref().ok().cloned()).collect();
    let mut answers = host.shop_many(good, usize::from(args.parallel)).await.into_iter();
    progress.finish_and_clear();
    let lines: Vec<Line> = orders
        .into_iter()
        .map(|order| {
            let answer = match order.request {
                Ok(_) => answers.next().unwrap_or_else(|| Err(Error::invalid(Vec::new()))),
                Err(error) => Err(error),
            };
            line(order.line, order.name, answer)
        })
        .collect();
    show(output, &lines, args.as_csv)?;
    verdict(&lines)
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
        Err(mut error) => {
            error.fields.iter_mut().for_each(|field| field.path = column_of(&field.path));
            let words = match error.fields.as_slice() {
                [] => error.to_string(),
                fields => fields.iter().map(FieldProblem::to_string).collect::<Vec<_>>().join("; "),
            };
            return Line { words, problems: error.fields, ..empty };
        }
    };
    let outcome = serde_json::to_value(shopped.suggestion.outcome).ok();
    let outcome = outcome.and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default();
    let diagnosis = shopped.answer.diagnosis.as_ref();
    let words = match diagnosis.filter(|_| shopped.suggestion.outcome == Outcome::NoOffers) {
        Some(diagnosis) => format!("{} ({})", diagnosis.message, diagnosis.cure),
        None => shopped.suggestion.words.clone(),
    };
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

/// The column that a path of the model came from: `to.postal_code` is `to_postal_code`.
fn column_of(path: &str) -> String {
    let inner = path.strip_prefix("parcels[0].").unwrap_or(path);
    let column = match inner {
        "dimensions" => "size".to_owned(),
        "declared_value" => "value".to_owned(),
        "to.lines" | "from.lines" => inner.replace(".lines", "_street"),
        other => other.replace('.', "_"),
    };
    let known = COLUMNS.iter().any(|(name, _)| *name == column) || FURTHER.contains(&column.as_str());
    if known { column } else { path.to_owned() }
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

/// An order of the file; its request, or what is wrong with its line.
struct Order {
    line: usize,
    name: String,
    request: Result<ShopRequest>,
}

fn read(path: &std::path::Path, args: &OrdersArgs) -> Result<Vec<Order>, Failure> {
    let name = path.display();
    let mut text = String::new();
    let read = if path == std::path::Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map(drop)
    } else {
        std::fs::read_to_string(path).map(|read| text = read)
    };
    read.map_err(|error| Failure::input(format!("{name}: cannot be read: {error}")))?;
    // A spreadsheet may begin its file with a byte order mark.
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().map_err(|error| Failure::input(format!("{name}: {error}")))?.clone();
    check_headers(&name.to_string(), &headers)?;
    let from = args.from.as_deref().map(|text| input::address("--from", text)).transpose()?;
    let mut orders = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| Failure::input(format!("{name}: {error}")))?;
        if orders.len() == MOST {
            return Err(Failure::input(format!("{name}: more than {MOST} orders: split the file")));
        }
        let line = record.position().map_or(0, |position| position.line() as usize);
        let row = Row { headers: &headers, record: &record };
        let request = match record.len() == headers.len() {
            true => row.request(from.as_ref(), &args.shop, &args.accounts),
            false => {
                let problem = format!("{} values, the header has {} columns", record.len(), headers.len());
                Err(Error::invalid_field("line", problem, "quote values that hold a comma"))
            }
        };
        let name = row.get("order").unwrap_or_default().to_owned();
        orders.push(Order { line, name, request });
    }
    if orders.is_empty() {
        return Err(Failure::input(format!("{name}: no orders below the header")));
    }
    Ok(orders)
}

fn check_headers(name: &str, headers: &csv::StringRecord) -> Result<(), Failure> {
    let known = || COLUMNS.iter().map(|(name, _)| *name).chain(FURTHER);
    for header in headers {
        if !known().any(|column| column == header) {
            let cure = match nearest(header, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`waybill shop --columns` lists them".to_owned(),
            };
            return Err(Failure::input(format!("{name}: `{header}` is not a column ({cure})")));
        }
    }
    for needed in ["order", "to_name", "to_street", "to_city", "weight"] {
        if !headers.iter().any(|header| header == needed) {
            return Err(Failure::input(format!("{name}: the column `{needed}` is missing")));
        }
    }
    Ok(())
}

struct Row<'a> {
    headers: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl<'a> Row<'a> {
    /// A value that is not empty.
    fn get(&self, column: &str) -> Option<&'a str> {
        let at = self.headers.iter().position(|header| header == column)?;
        self.record.get(at).filter(|value| !value.is_empty())
    }

    /// A value in its own form; a mistake is noted with the column.
    fn parsed<T: FromStr>(&self, column: &str, form: &str, found: &mut Vec<FieldProblem>) -> Option<T> {
        let value = self.get(column)?;
        match value.parse() {
            Ok(value) => Some(value),
            Err(_) => {
                let shown: String = value.chars().take(40).collect();
                found.push(FieldProblem::new(
                    column,
                    format!("`{shown}` cannot be read"),
                    format!("write {form}"),
                ));
                None
            }
        }
    }

    fn address(&self, side: &str, found: &mut Vec<FieldProblem>) -> Address {
        let get = |part: &str| self.get(&format!("{side}_{part}")).unwrap_or_default();
        let country: Country =
            self.parsed(&format!("{side}_country"), "two letters such as US", found).unwrap_or(Country::US);
        let mut address =
            Address::new(get("name"), get("street"), get("city"), get("state"), get("postal_code"), country);
        address.lines.extend(self.get(&format!("{side}_street2")).map(str::to_owned));
        address.company = self.get(&format!("{side}_company")).map(str::to_owned);
        address.phone = self.get(&format!("{side}_phone")).map(str::to_owned);
        address
    }

    fn request(&self, from: Option<&Address>, shop: &ShopArgs, accounts: &[String]) -> Result<ShopRequest> {
        let mut found = Vec::new();
        let from = from.cloned().unwrap_or_else(|| self.address("from", &mut found));
        let mut to = self.address("to", &mut found);
        to.residential = self.parsed("residential", "true or false", &mut found);
        let weight = self.parsed("weight", "a weight such as 2.5lb or 800g", &mut found);
        if self.get("weight").is_none() {
            found.push(FieldProblem::new("weight", "it is missing", "write a weight such as 2.5lb or 800g"));
        }
        let size = self.parsed("size", "a size such as 12x8x4in", &mut found);
        let Some(weight) = weight else { return Err(Error::invalid(found)) };
        let mut parcel = Parcel::new(weight, size);
        if let Some(packaging) = self.get("packaging") {
            parcel.packaging = packaging.into();
        }
        let amount = "an amount such as 120.00 USD";
        parcel.declared_value = self.parsed("value", amount, &mut found);
        let mut shipment = Shipment::new(from, to, vec![parcel]);
        shipment.options.signature = self.get("signature").map(Into::into);
        shipment.ship_date = self.parsed("ship_date", "a day such as 2026-11-30", &mut found);
        shipment.references.extend(self.get("order").map(|text| Reference::new(ReferenceKind::Order, text)));
        shipment.customs = self.customs(&mut found);
        let deliver_by = self.parsed("deliver_by", "a day such as 2026-11-30", &mut found);
        let time = "a time with its offset such as 2026-11-27T15:00:00-05:00";
        let order_time: Option<DateTime<Utc>> =
            self.parsed::<DateTime<chrono::FixedOffset>>("order_time", time, &mut found).map(Into::into);
        let goods = self.parsed("goods_value", amount, &mut found);
        if !found.is_empty() {
            return Err(Error::invalid(found));
        }
        let mut args = shop.clone();
        args.deliver_by = deliver_by.or(args.deliver_by);
        args.order_time = order_time.or(args.order_time);
        args.ship_option = self.get("ship_option").map(str::to_owned).or(args.ship_option);
        args.marketplace = self.get("marketplace").map(str::to_owned).or(args.marketplace);
        args.goods = goods.or(args.goods);
        let request = args.request(RateRequest::new(shipment), accounts);
        request.map_err(|failure| match failure {
            Failure::Error(error) => *error,
            other => Error::invalid_field("line", format!("{other:?}"), "correct the flags"),
        })
    }

    /// One line of goods.
    fn customs(&self, found: &mut Vec<FieldProblem>) -> Option<Customs> {
        let description = self.get("item_description")?.to_owned();
        let unit_value: Option<Money> = self.parsed("item_value", "an amount such as 25.00 USD", found);
        if self.get("item_value").is_none() {
            found.push(FieldProblem::new("item_value", "it is missing", "write the value of one piece"));
        }
        let item = Commodity {
            description,
            quantity: self.parsed("item_quantity", "a whole number", found).unwrap_or(1),
            unit_value: unit_value?,
            unit_weight: None,
            hs_code: self.get("item_hs_code").map(str::to_owned),
            origin: self.parsed("item_origin", "two letters such as US", found),
            sku: None,
            local_description: None,
            parcel: None,
        };
        Some(Customs {
            contents: ContentsKind::Merchandise,
            items: vec![item],
            incoterm: None,
            invoice_number: self.get("order").map(str::to_owned),
            invoice_date: None,
            non_delivery: None,
            export_filing: None,
            permits: Vec::new(),
            signer: None,
            importer: None,
            remarks: None,
        })
    }
}
