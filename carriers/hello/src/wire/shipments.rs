//! `POST /v1/shipments`, `GET /v1/shipments?reference=`, `DELETE /v1/shipments/{id}`

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::{Address, Error, Result, WeightUnit, wire::clip};

use super::Amount;

#[derive(Serialize)]
pub struct ShipmentRequest<'a> {
    pub account: &'a str,
    pub reference: String,
    pub service: &'a str,
    pub label_format: &'a str,
    pub customer_reference: Option<&'a str>,
    pub from: Party<'a>,
    pub to: Party<'a>,
    pub parcels: Vec<Parcel>,
    pub ship_date: Option<NaiveDate>,
}

#[derive(Serialize)]
pub struct Party<'a> {
    /// At most 35 characters.
    pub name: &'a str,
    pub lines: Vec<&'a str>,
    pub city: &'a str,
    pub state: &'a str,
    pub zip: &'a str,
    pub country: &'a str,
    pub phone: Option<&'a str>,
}

impl<'a> Party<'a> {
    pub fn of(address: &'a Address) -> Self {
        Self {
            name: clip(address.contact(), 35),
            lines: address.lines.iter().map(String::as_str).collect(),
            city: &address.city,
            state: address.state_or_empty(),
            zip: address.postal_or_empty(),
            country: address.country.as_str(),
            phone: address.phone.as_deref(),
        }
    }
}

#[derive(Serialize)]
pub struct Parcel {
    /// Whole grams, rounded up.
    pub grams: Decimal,
}

impl Parcel {
    pub fn of(parcel: &waybill_core::Parcel) -> Self {
        Self { grams: parcel.weight.ceil_to(WeightUnit::Gram, Decimal::ONE) }
    }
}

#[derive(Deserialize)]
pub struct Shipment {
    pub id: String,
    /// `ACTIVE`, `VOID`, `IN_TRANSIT`.
    pub state: String,
    pub parcels: Vec<SoldParcel>,
    pub price: Option<Amount>,
}

#[derive(Deserialize)]
pub struct SoldParcel {
    pub number: String,
    /// Base64.
    pub label: String,
}

impl SoldParcel {
    pub fn label_bytes(&self) -> Result<Vec<u8>> {
        let bytes = STANDARD.decode(&self.label).map_err(|_| Error::malformed("the label is not base64"))?;
        if bytes.is_empty() { Err(Error::malformed("the label is empty")) } else { Ok(bytes) }
    }
}

#[derive(Deserialize)]
pub struct ShipmentList {
    pub shipments: Vec<Shipment>,
}

#[derive(Deserialize)]
pub struct VoidReply {
    pub state: String,
}
