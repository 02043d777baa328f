//! The file of orders: its columns, and a request from each line.

use std::io::Read;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use waybill_core::{
    Address, Commodity, ContentsKind, Country, Customs, Error, FieldProblem, Money, Parcel, RateRequest,
    Reference, ReferenceKind, Result, Shipment,
};

use super::args::{OrdersArgs, ShopArgs};
use super::{Failure, input};
use crate::ShopRequest;
use crate::registry::nearest;

/// Columns that are understood, and what they hold.
pub(crate) const COLUMNS: [(&str, &str); 32] = [
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

/// The column that a path of the model came from: `to.postal_code` is `to_postal_code`.
pub(crate) fn column_of(path: &str) -> String {
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

/// An order of the file; its request, or what is wrong with its line.
pub(crate) struct Order {
    pub line: usize,
    pub name: String,
    pub request: Result<ShopRequest>,
}

pub(crate) fn read(path: &std::path::Path, args: &OrdersArgs) -> Result<Vec<Order>, Failure> {
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
