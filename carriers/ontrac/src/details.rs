//! `requestType=details`: what became of a lost answer, and what was charged in the end.

use waybill_core::{
    Cx, Error, Money, Notice, Piece, Price, PriceKind, Purchase, RecoverRequest, Recovery, Request, Response,
    Result, Settlement, ShipmentKey, TrackingNumber, Weight, WeightUnit,
};

use crate::config::Config;
use crate::error::{self, Meaning};
use crate::text::{amount, said, truth};
use crate::wire::track::{UpdateResponse, UpdatedShipment};
use crate::{charges, xml};

/// Charges and weight of a parcel after the hub has measured it. OnTrac adjusts both; the invoice follows these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjusted {
    /// The parcel.
    pub number: TrackingNumber,
    /// Whether it is delivered, when OnTrac says so.
    pub delivered: Option<bool>,
    /// Whether OnTrac counts the address as a home.
    pub residential: Option<bool>,
    /// Weight that the hub measured; `None` until it has.
    pub weight: Option<Weight>,
    /// Charge for the service, before fuel, in US dollars.
    pub service: Option<Money>,
    /// Fuel, in US dollars.
    pub fuel: Option<Money>,
    /// What the account pays, in US dollars.
    pub total: Option<Money>,
}

impl Adjusted {
    fn new(shipment: &UpdatedShipment) -> Option<Self> {
        let measured = amount(&shipment.weight).filter(|pounds| *pounds > rust_decimal::Decimal::ZERO);
        Some(Self {
            number: said(&shipment.tracking)?.into(),
            delivered: truth(&shipment.delivered),
            residential: truth(&shipment.residential),
            weight: measured.map(|pounds| Weight::new(pounds, WeightUnit::Pound)),
            service: charges::stated(&shipment.service_charge),
            fuel: charges::stated(&shipment.fuel_charge),
            total: charges::stated(&shipment.total_chrg),
        })
    }
}

/// Asks for tracking or reference numbers, at most 100.
pub(crate) fn request(config: &Config, numbers: &str) -> Result<Request> {
    xml::get(config, "shipments", &[("requestType", "details"), ("tn", numbers)])
}

/// Parcels that are known. A parcel that is not known is left out; a parcel with another error is an error.
pub(crate) fn parse(config: &Config, response: &Response) -> Result<Vec<Adjusted>> {
    let answer: UpdateResponse = xml::read(config, response, "details", "OnTracUpdateResponse")?;
    let inner = answer.shipments.as_ref().map_or("", |shipments| shipments.error.as_str());
    match [answer.error.as_str(), inner].into_iter().find_map(said) {
        Some(text) if Meaning::of(text) == Meaning::Number => return Ok(Vec::new()),
        Some(text) => return Err(error::of(config, response, "details", text)),
        None => {}
    }
    let Some(shipments) = answer.shipments else {
        return Err(Error::malformed("details: the answer names no shipments")
            .with_words(waybill_core::wire::words_of(response)));
    };
    let mut found = Vec::new();
    for shipment in &shipments.shipment {
        match said(&shipment.error) {
            None => found.extend(Adjusted::new(shipment)),
            Some(text) if Meaning::of(text) == Meaning::Number => {}
            Some(text) => return Err(error::of(config, response, "details", text)),
        }
    }
    Ok(found)
}

/// Asks for the number that was chosen, or without one for the handle, which is the second reference.
pub(crate) async fn recover(config: &Config, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
    if config.same_number_again {
        // The profile says so: sending the same number again tells more, because it brings the label.
        return Ok(Recovery::Unsupported);
    }
    let order = &request.order;
    let number = order.numbers.first();
    let asked = number.map_or_else(|| order.handle.short(), |number| number.to_string());
    let found = parse(config, &cx.read(self::request(config, &asked)?).await?)?;
    let ours = |parcel: &Adjusted| number.is_none_or(|number| parcel.number == *number);
    let sales: Vec<Purchase> = found.into_iter().filter(ours).map(sale).collect();
    Ok(if sales.is_empty() { Recovery::Absent } else { Recovery::Found(sales) })
}

fn sale(parcel: Adjusted) -> Purchase {
    let total = parcel.total.filter(|total| total.amount > rust_decimal::Decimal::ZERO);
    let mut piece = Piece::new(0, parcel.number.clone());
    piece.charged = total;
    Purchase {
        shipment_key: ShipmentKey::new(parcel.number.as_str()),
        pieces: vec![piece],
        documents: Vec::new(),
        prices: total.into_iter().map(|total| Price::new(PriceKind::Account, total)).collect(),
        settlement: Settlement::BilledToAccount,
        delivery: None,
        carrier_data: None,
        warnings: vec![Notice::new(
            "label-lost",
            "OnTrac does not give a label a second time; a parcel that is never handed over is not billed",
        )],
    }
}
