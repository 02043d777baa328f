use async_trait::async_trait;
use waybill_core::{Cx, RateQuote, RateReply, RateRequest, RejectReason, Rejected, Result, screen};

use crate::RateSheet;
use crate::sheet::{Offer, SheetService, price_service};

#[async_trait]
impl RateQuote for RateSheet {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let date = request.shipment.ship_date.unwrap_or_else(|| cx.now().date_naive());
        Ok(self.reply(request, date))
    }
}

impl RateSheet {
    /// Prices and reasons for a day.
    pub(crate) fn reply(&self, request: &RateRequest, date: chrono::NaiveDate) -> RateReply {
        use waybill_core::Carrier as _;
        let shipment = &request.shipment;
        let refused = screen(self.profile(), shipment);
        let mut reply = RateReply::default();
        for service in self.sheet.services.iter().filter(|service| request.wants(&service.service.code)) {
            let refusal = refused.iter().find(|refusal| refusal.service == service.service.code);
            let foreign = request.currency.filter(|wanted| *wanted != self.sheet.currency);
            match (refusal, foreign) {
                (Some(refusal), _) => reply.rejected.push(refusal.clone()),
                (None, Some(wanted)) => reply.rejected.push(self.wrong_currency(service, wanted)),
                (None, None) => match price_service(&self.sheet, service, shipment, date) {
                    Offer::Priced(rate) => reply.rates.push(*rate),
                    Offer::Rejected(refusal) => reply.rejected.push(refusal),
                },
            }
        }
        reply.complete(self.profile(), request)
    }

    fn wrong_currency(&self, service: &SheetService, wanted: waybill_core::Currency) -> Rejected {
        Rejected {
            service: service.service.code.clone(),
            service_name: service.service.name.clone(),
            reason: RejectReason::Currency,
            message: format!("the sheet is in {}, {wanted} is asked for", self.sheet.currency),
            cure: format!("ask for {}", self.sheet.currency),
            carrier_code: None,
        }
    }
}
