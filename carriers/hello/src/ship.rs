//! Labels: buying, and finding out what became of a purchase whose answer was lost.
//! Next: `void.rs`.

use async_trait::async_trait;
use http::Method;
use waybill_core::{
    Cx, Document, DocumentKind, Error, ErrorKind, Label, LabelFormat, LabelKey, LabelOrder, Piece, Price,
    PriceKind, Purchase, RecoverRequest, Recovery, RejectReason, Repeatable, Request, Result, Screen,
    Service, Settlement, SpendPermit, VoidOutcome, wire,
};

use crate::carrier::Hello;
use crate::error;
use crate::wire::shipments::{Parcel, Party, Shipment, ShipmentList, ShipmentRequest};

#[async_trait]
impl Label for Hello {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        // Everything that can be refused here is refused before the permit is used.
        let service = self.service_for(order)?;
        let request = self.buy_request(order, service)?;
        let response = self.spend(cx, permit, request).await?;
        purchase(error::read(&response, "buy")?, &order.label.format)
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let mut url = self.at("v1/shipments");
        url.query_pairs_mut().append_pair("reference", &request.order.handle.short());
        let response = self.send(cx, Repeatable::Read, wire::request(Method::GET, &url)?).await?;
        let list: ShipmentList = error::read(&response, "recover")?;
        if list.shipments.is_empty() {
            return Ok(Recovery::Absent);
        }
        let live = list.shipments.into_iter().filter(|shipment| shipment.state != "VOID");
        let found: Vec<_> =
            live.map(|one| purchase(one, &request.order.label.format)).collect::<Result<_>>()?;
        Ok(if found.is_empty() { Recovery::Voided } else { Recovery::Found(found) })
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        self.void_shipment(cx, key).await
    }
}

impl Hello {
    /// The service of an order, when this carrier can do it.
    fn service_for(&self, order: &LabelOrder) -> Result<&Service> {
        let unknown = || Error::new(ErrorKind::NoService, format!("there is no service `{}`", order.service));
        let service = self.profile.service(&order.service).ok_or_else(unknown)?;
        if self.profile.labels.iter().all(|offer| offer.format != order.label.format) {
            return Err(Error::invalid_field(
                "label.format",
                "the carrier does not make it",
                "use pdf or zpl",
            ));
        }
        match Screen::new(&self.profile, &order.shipment).refusal(service) {
            None => Ok(service),
            Some(refusal) if refusal.reason == RejectReason::Lane => {
                Err(Error::new(ErrorKind::NoService, refusal.message))
            }
            Some(refusal) => Err(Error::new(ErrorKind::Invalid, refusal.message)),
        }
    }

    fn buy_request(&self, order: &LabelOrder, service: &Service) -> Result<Request> {
        let shipment = &order.shipment;
        let body = ShipmentRequest {
            account: &self.config.account_number,
            // Where `recover` looks for it.
            reference: order.handle.short(),
            service: &service.carrier_code,
            label_format: order.label.format.as_str(),
            customer_reference: shipment.references.first().map(|reference| reference.value.as_str()),
            from: Party::of(&shipment.from),
            to: Party::of(&shipment.to),
            parcels: shipment.parcels.iter().map(Parcel::of).collect(),
            ship_date: shipment.ship_date,
        };
        wire::json_request(Method::POST, &self.at("v1/shipments"), &body)
    }
}

/// A sale without a number or a label is a sale that cannot be read: the engine will recover it.
fn purchase(shipment: Shipment, format: &LabelFormat) -> Result<Purchase> {
    if shipment.parcels.is_empty() || shipment.parcels.iter().any(|parcel| parcel.number.is_empty()) {
        return Err(Error::malformed("buy: a parcel came without its number"));
    }
    let (mut pieces, mut documents) = (Vec::new(), Vec::new());
    for (at, parcel) in (0..).zip(shipment.parcels) {
        let bytes = parcel.label_bytes()?;
        documents.push(Document::new(DocumentKind::Label, format.clone(), bytes).for_parcel(at));
        pieces.push(Piece::new(at, parcel.number));
    }
    Ok(Purchase {
        shipment_key: shipment.id.into(),
        pieces,
        documents,
        prices: shipment
            .price
            .map(|price| Price::new(PriceKind::Account, price.into()))
            .into_iter()
            .collect(),
        settlement: Settlement::BilledToAccount,
        delivery: None,
        carrier_data: None,
        warnings: Vec::new(),
    })
}
