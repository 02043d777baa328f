//! The purchase token: what USPS named in the quote and must read again in the label request to charge that price.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::{LabelOrder, Parcel, RateToken};

use crate::parcel::Measures;

/// Token of a rate: one entry per different parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub v: u8,
    pub mail_class: String,
    pub pieces: Vec<PieceTicket>,
}

/// Ingredients of the price of one parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PieceTicket {
    weight: Decimal,
    sides: [Decimal; 3],
    packaging: String,
    pub processing_category: String,
    pub rate_indicator: String,
    pub entry: String,
    #[serde(default)]
    pub sku: Option<String>,
    #[serde(default)]
    pub zone: Option<String>,
}

impl Ticket {
    pub(crate) fn new(mail_class: &str, pieces: Vec<PieceTicket>) -> Self {
        let mut unique: Vec<PieceTicket> = Vec::new();
        for piece in pieces {
            if !unique.contains(&piece) {
                unique.push(piece);
            }
        }
        Self { v: 1, mail_class: mail_class.to_owned(), pieces: unique }
    }

    pub(crate) fn to_token(&self) -> Option<RateToken> {
        serde_json::to_string(self).ok().map(RateToken)
    }

    /// The entry for the order's parcel, when the token is for this class and this parcel.
    pub(crate) fn of_order(order: &LabelOrder, mail_class: &str, measures: &Measures) -> Option<PieceTicket> {
        let ticket: Self = serde_json::from_str(order.token.as_ref()?.as_str()).ok()?;
        let parcel = order.shipment.parcels.first()?;
        if ticket.v != 1 || ticket.mail_class != mail_class {
            return None;
        }
        ticket.pieces.into_iter().find(|piece| piece.is_for(parcel, measures))
    }
}

impl PieceTicket {
    pub(crate) fn new(
        parcel: &Parcel,
        measures: &Measures,
        category: &str,
        indicator: &str,
        entry: &str,
    ) -> Self {
        Self {
            weight: measures.weight,
            sides: measures.sides,
            packaging: parcel.packaging.as_str().to_owned(),
            processing_category: category.to_owned(),
            rate_indicator: indicator.to_owned(),
            entry: entry.to_owned(),
            sku: None,
            zone: None,
        }
    }

    fn is_for(&self, parcel: &Parcel, measures: &Measures) -> bool {
        self.weight == measures.weight
            && self.sides == measures.sides
            && self.packaging == parcel.packaging.as_str()
    }
}
