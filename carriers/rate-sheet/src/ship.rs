use async_trait::async_trait;
use waybill_core::{
    AllocateRequest, Allocation, Cx, Error, ErrorKind, Label, LabelKey, LabelOrder, Piece, Purchase,
    RateRequest, RecoverRequest, Recovery, RejectReason, Rejected, Result, SpendPermit, TrackingNumber,
    VoidOutcome,
};

use crate::RateSheet;
use crate::label::{Subject, check_spec};

/// Labels are drawings: no request leaves, so the permit of a purchase is given back unused.
#[async_trait]
impl Label for RateSheet {
    async fn allocate(&self, _cx: &Cx, request: &AllocateRequest) -> Result<Allocation> {
        let places = (request.sequence..).take(request.order.shipment.parcels.len());
        let numbers: Option<Vec<TrackingNumber>> =
            places.map(|place| self.sheet.numbers.number(place).map(Into::into)).collect();
        match numbers {
            Some(numbers) => Ok(Allocation { numbers }),
            None => Err(Error::new(
                ErrorKind::Config,
                format!(
                    "the {} tracking numbers of the sheet are used up: add a range",
                    self.sheet.numbers.len()
                ),
            )),
        }
    }

    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let purchase = self.draw(order, cx.now().date_naive())?;
        drop(permit);
        Ok(purchase)
    }

    async fn void(&self, _cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        if let Some(stranger) =
            key.tracking.iter().find(|number| !self.sheet.numbers.contains(number.as_str()))
        {
            let message = format!("{stranger} is not a number of this sheet's ranges");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        Ok(VoidOutcome::NotNeeded {
            reason: format!("{} bills what it receives: do not hand the parcel over", self.sheet.name),
        })
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        if request.order.numbers.is_empty() {
            return Ok(Recovery::Absent);
        }
        let date = request.order.shipment.ship_date.unwrap_or_else(|| cx.now().date_naive());
        Ok(Recovery::Found(vec![self.draw(&request.order, date)?]))
    }
}

impl RateSheet {
    /// Checks an order and draws its labels. The same order gives the same purchase, byte for byte.
    fn draw(&self, order: &LabelOrder, today: chrono::NaiveDate) -> Result<Purchase> {
        let shipment = &order.shipment;
        let Some(service) = self.sheet.service(order.service.as_str()) else {
            return Err(Error::new(
                ErrorKind::NoService,
                format!("the sheet has no service `{}`", order.service),
            ));
        };
        check_spec(&order.label)?;
        self.check_numbers(order)?;
        let problems = shipment.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        let request =
            RateRequest { services: vec![order.service.clone()], ..RateRequest::new(shipment.clone()) };
        let mut reply = self.reply(&request, shipment.ship_date.unwrap_or(today));
        let Some(rate) = reply.rates.pop() else { return Err(refused(reply.rejected.pop())) };
        let zone = rate.zone.as_deref().unwrap_or_default();
        let mut documents = Vec::with_capacity(shipment.parcels.len());
        let mut pieces = Vec::with_capacity(shipment.parcels.len());
        for (at, (parcel, number)) in shipment.parcels.iter().zip(&order.numbers).enumerate() {
            let subject = Subject {
                carrier: &self.sheet.name,
                service: &service.service.name,
                service_code: &service.rate_code,
                zone,
                shipment,
                parcel,
                at,
                number: number.as_str(),
            };
            documents.push(subject.draw(&self.sheet.label, &order.label)?);
            pieces.push(Piece::new(u32::try_from(at).unwrap_or(u32::MAX), number.clone()));
        }
        Ok(Purchase {
            shipment_key: order
                .numbers
                .first()
                .map(|number| number.as_str().to_owned())
                .unwrap_or_default()
                .into(),
            pieces,
            documents,
            prices: rate.prices,
            settlement: self.settlement(),
            delivery: rate.delivery,
            carrier_data: None,
            warnings: rate.warnings,
        })
    }

    fn check_numbers(&self, order: &LabelOrder) -> Result<()> {
        let (have, wanted) = (order.numbers.len(), order.shipment.parcels.len());
        let own = order.numbers.iter().all(|number| self.sheet.numbers.contains(number.as_str()));
        let mut sorted: Vec<&str> = order.numbers.iter().map(TrackingNumber::as_str).collect();
        sorted.sort_unstable();
        sorted.dedup();
        if have == wanted && own && sorted.len() == have {
            return Ok(());
        }
        Err(Error::invalid_field(
            "numbers",
            format!("{have} numbers for {wanted} parcels, or numbers that are not of the sheet's ranges"),
            "allocate one number per parcel first",
        ))
    }
}

/// A rejection as the error of a purchase.
fn refused(rejected: Option<Rejected>) -> Error {
    let Some(rejected) = rejected else {
        return Error::new(ErrorKind::NoService, "the service has no price");
    };
    let kind = match rejected.reason {
        RejectReason::BadAddress => ErrorKind::BadAddress,
        RejectReason::CustomsData | RejectReason::Size | RejectReason::Weight | RejectReason::Value => {
            ErrorKind::Invalid
        }
        _ => ErrorKind::NoService,
    };
    Error::new(kind, rejected.message)
}
