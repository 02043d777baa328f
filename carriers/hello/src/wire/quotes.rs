//! `POST /v1/quotes`

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Amount;
use super::shipments::{Parcel, Party};

#[derive(Serialize)]
pub struct QuoteRequest<'a> {
    pub account: &'a str,
    pub from: Party<'a>,
    pub to: Party<'a>,
    pub parcels: Vec<Parcel>,
    pub ship_date: Option<NaiveDate>,
}

#[derive(Deserialize)]
pub struct QuoteReply {
    pub quotes: Vec<Quote>,
    #[serde(default)]
    pub not_offered: Vec<NotOffered>,
}

#[derive(Deserialize)]
pub struct Quote {
    pub service: String,
    pub price: Option<Amount>,
    pub list_price: Option<Amount>,
    pub deliver_by: Option<NaiveDate>,
}

#[derive(Deserialize)]
pub struct NotOffered {
    pub service: String,
    pub code: String,
    pub message: String,
}
