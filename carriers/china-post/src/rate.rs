use async_trait::async_trait;
use chrono::NaiveDate;
use waybill_core::{
    Cx, Notice, Price, RateQuote, RateReply, RateRequest, RejectReason, Rejected, Result, Shipment,
};
use waybill_rate_sheet::sheet::{Offer, price_service};

use crate::ChinaPost;
use crate::checks;
use crate::services::{self, Row};

/// China Post quotes nothing: prices come from the table of the contract, or from the published one.
#[async_trait]
impl RateQuote for ChinaPost {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let date = request.shipment.ship_date.unwrap_or_else(|| cx.now().date_naive());
        Ok(self.reply(request, date))
    }
}

impl ChinaPost {
    fn reply(&self, request: &RateRequest, date: NaiveDate) -> RateReply {
        let mut reply = RateReply::default();
        let declared = self.own_profile().services.iter().filter(|service| request.wants(&service.code));
        for row in declared.filter_map(|service| services::row(service.code.as_str())) {
            match self.offer(row, request, date) {
                Offer::Priced(rate) => reply.rates.push(*rate),
                Offer::Rejected(refusal) => reply.rejected.push(refusal),
            }
        }
        if !reply.rates.is_empty() {
            reply.warnings.push(Notice::new(
                "estimate",
                "China Post bills offline: the office weighs the parcel, and the amount is an estimate until its statement",
            ));
        }
        reply.complete(self.own_profile(), request)
    }

    fn offer(&self, row: &Row, request: &RateRequest, date: NaiveDate) -> Offer {
        if let Some(refusal) = checks::refusal(self, row, &request.shipment) {
            return Offer::Rejected(refusal);
        }
        let rejected = |reason, message: String, cure: String| {
            Offer::Rejected(Rejected {
                service: row.code.into(),
                service_name: row.name.to_owned(),
                reason,
                message,
                cure,
                carrier_code: None,
            })
        };
        if let Some(wanted) = request.currency.filter(|wanted| *wanted != self.sheet.currency) {
            let own = self.sheet.currency;
            return rejected(
                RejectReason::Currency,
                format!("China Post bills in {own}, {wanted} is asked for"),
                format!("ask for {own}"),
            );
        }
        let Some(service) = self.sheet.service(row.code) else {
            let message = format!("price table `{}` has no {}", self.sheet.id, row.name);
            return rejected(
                RejectReason::NoPrice,
                message,
                "import the price sheet of the contract (`prices`)".to_owned(),
            );
        };
        match price_service(&self.sheet, service, &request.shipment, date) {
            Offer::Priced(mut rate) => {
                rate.service_name = row.name.to_owned();
                if let Ok(product) = self.product(row) {
                    rate.carrier_code = product;
                }
                Offer::Priced(rate)
            }
            Offer::Rejected(refusal) => {
                Offer::Rejected(Rejected { service_name: row.name.to_owned(), ..refusal })
            }
        }
    }

    /// Estimated prices of a parcel that was ordered; none when no table has it.
    pub(crate) fn estimate(&self, row: &Row, shipment: &Shipment, date: NaiveDate) -> Vec<Price> {
        match self.sheet.service(row.code).map(|service| price_service(&self.sheet, service, shipment, date))
        {
            Some(Offer::Priced(rate)) => rate.prices,
            _ => Vec::new(),
        }
    }
}
