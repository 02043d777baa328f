//! `InternationalForms` of a Ship request.

use serde::Serialize;

use super::common::{Code, Party};

/// Customs documents that UPS makes and sends on electronically.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InternationalForms {
    /// `01` invoice, `05` invoice of a return, `07` documents that were uploaded before.
    pub form_type: Vec<&'static str>,
    /// Uploaded documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_created_form: Option<UserCreatedForm>,
    /// Buyer.
    pub contacts: Contacts,
    /// Lines of goods.
    pub product: Vec<Product>,
    /// Invoice number, at most 35 characters.
    pub invoice_number: String,
    /// `YYYYMMDD`.
    pub invoice_date: String,
    /// Purchase order number of the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_order_number: Option<String>,
    /// Incoterm; changes no billing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_of_shipment: Option<&'static str>,
    /// `SALE`, `GIFT`, `SAMPLE`, `RETURN`, `REPAIR` or other words.
    pub reason_for_export: String,
    /// Remarks, at most 150 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
    /// Currency of all values.
    pub currency_code: String,
}

/// Uploaded documents.
#[derive(Debug, Serialize)]
pub struct UserCreatedForm {
    /// Their ids, at most 13.
    #[serde(rename = "DocumentID")]
    pub ids: Vec<String>,
}

/// Parties of an invoice.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Contacts {
    /// Buyer.
    pub sold_to: Party,
}

/// A line of goods.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Product {
    /// One to three lines of at most 35 characters.
    pub description: Vec<String>,
    /// How many at what price.
    pub unit: Unit,
    /// Tariff code, 6 to 15 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commodity_code: Option<String>,
    /// Stock keeping unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part_number: Option<String>,
    /// Where it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_country_code: Option<String>,
}

/// How many at what price.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Unit {
    /// How many.
    pub number: String,
    /// `PCS`.
    pub unit_of_measurement: Code,
    /// Price of one.
    pub value: String,
}
