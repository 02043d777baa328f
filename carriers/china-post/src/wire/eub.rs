//! ePacket partner interface: XML. Misspellings (`delcarevalue`) are the interface's.

use rust_decimal::Decimal;
use serde::Serialize;

/// An order.
#[derive(Debug, Serialize)]
#[serde(rename = "orders")]
pub struct Orders {
    pub order: Order,
}

/// One parcel.
#[derive(Debug, Serialize)]
pub struct Order {
    pub orderid: String,
    pub operationtype: &'static str,
    pub producttype: &'static str,
    pub customercode: String,
    pub vipcode: String,
    pub clcttype: &'static str,
    pub pod: &'static str,
    pub untread: &'static str,
    pub volweight: Decimal,
    pub startdate: String,
    pub enddate: String,
    pub printcode: &'static str,
    pub sku1: String,
    pub sku2: String,
    pub sender: Party,
    pub receiver: Party,
    pub collect: Party,
    pub items: Items,
    pub remark: String,
}

/// A party.
#[derive(Debug, Clone, Serialize)]
pub struct Party {
    pub name: String,
    pub postcode: String,
    pub phone: String,
    pub mobile: String,
    pub country: String,
    pub province: String,
    pub city: String,
    pub county: String,
    pub company: String,
    pub street: String,
    pub email: String,
}

/// Customs lines.
#[derive(Debug, Serialize)]
pub struct Items {
    pub item: Vec<Item>,
}

/// A customs line: weight in kilograms with three decimals, value in US dollars.
#[derive(Debug, Serialize)]
pub struct Item {
    pub cnname: String,
    pub enname: String,
    pub count: u32,
    pub unit: &'static str,
    pub weight: String,
    pub delcarevalue: String,
    pub origin: String,
    pub description: String,
}

/// Asks for the labels of numbers as one PDF (`print/downloadLabels`).
#[derive(Debug, Serialize)]
#[serde(rename = "orders")]
pub struct LabelRequest<'a> {
    pub printcode: &'a str,
    pub filetype: &'a str,
    pub order: LabelOrder<'a>,
}

/// A number.
#[derive(Debug, Serialize)]
pub struct LabelOrder<'a> {
    pub mailnum: &'a str,
}

/// Root `order`: the parcel was ordered.
#[derive(Debug, Default)]
pub struct Ordered {
    pub mailnum: Option<String>,
}

/// Root `response`: everything else.
#[derive(Debug, Default)]
pub struct Status {
    pub status: Option<String>,
    pub code: Option<String>,
    pub description: Option<String>,
}

/// Root `traces`.
#[derive(Debug, Default)]
pub struct Traces {
    pub trace: Vec<Trace>,
}

/// An event: text only, no code.
#[derive(Debug, Default)]
pub struct Trace {
    pub accept_time: Option<String>,
    pub accept_address: Option<String>,
    pub remark: Option<String>,
}
