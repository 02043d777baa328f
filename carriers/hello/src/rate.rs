//! Prices: model to wire, wire to model, and the story that joins them.
//! Next: `ship.rs`.

use async_trait::async_trait;
use http::Method;
use waybill_core::{
    Cx, DeliveryEstimate, EstimateBasis, Price, PriceKind, Profile, Rate, RateQuote, RateReply, RateRequest,
    RejectReason, Rejected, Repeatable, Request, Response, Result, wire,
};

use crate::carrier::Hello;
use crate::error;
use crate::wire::quotes::{NotOffered, Quote, QuoteReply, QuoteRequest};
use crate::wire::shipments::{Parcel, Party};

#[async_trait]
impl RateQuote for Hello {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let response = self.send(cx, Repeatable::Read, self.quote_request(request)?).await?;
        Ok(parse(&response, &self.profile)?.complete(&self.profile, request))
    }
}

impl Hello {
    fn quote_request(&self, request: &RateRequest) -> Result<Request> {
        let shipment = &request.shipment;
        let body = QuoteRequest {
            account: &self.config.account_number,
            from: Party::of(&shipment.from),
            to: Party::of(&shipment.to),
            parcels: shipment.parcels.iter().map(Parcel::of).collect(),
            ship_date: shipment.ship_date,
        };
        wire::json_request(Method::POST, &self.at("v1/quotes"), &body)
    }
}

fn parse(response: &Response, profile: &Profile) -> Result<RateReply> {
    let reply: QuoteReply = error::read(response, "quote")?;
    let mut answer = RateReply::default();
    for quote in reply.quotes {
        match quote.price {
            // A zero price is a rejection, never a rate.
            Some(price) if price.amount.is_sign_positive() && !price.amount.is_zero() => {
                answer.rates.push(rate(quote, price.into(), profile));
            }
            _ => answer.rejected.extend(rejected(&quote.service, RejectReason::NoPrice, None, profile)),
        }
    }
    for NotOffered { service, code, message } in reply.not_offered {
        let words = Some((code, message));
        answer.rejected.extend(rejected(&service, RejectReason::Refused, words, profile));
    }
    Ok(answer)
}

fn rate(quote: Quote, total: waybill_core::Money, profile: &Profile) -> Rate {
    // A service that the profile does not know is kept, under the carrier's code.
    let (code, name) = match profile.service_by_carrier_code(&quote.service) {
        Some(service) => (service.code.clone(), service.name.clone()),
        None => (quote.service.to_ascii_lowercase().into(), quote.service.clone()),
    };
    let list = quote.list_price.map(|list| Price::new(PriceKind::List, list.into()));
    let prices = std::iter::once(Price::new(PriceKind::Account, total)).chain(list).collect();
    let mut rate = Rate::new(code, quote.service, name, prices);
    rate.delivery = quote.deliver_by.map(|day| DeliveryEstimate::by_day(day, EstimateBasis::Carrier));
    rate
}

fn rejected(
    carrier_code: &str,
    reason: RejectReason,
    words: Option<(String, String)>,
    profile: &Profile,
) -> Option<Rejected> {
    let service = profile.service_by_carrier_code(carrier_code)?;
    let (code, message) = words.unzip();
    let message = message.unwrap_or_else(|| format!("{} came without a price", service.name));
    let (code_of_ours, service_name) = (service.code.clone(), service.name.clone());
    Some(Rejected {
        service: code_of_ours,
        service_name,
        reason,
        message,
        cure: String::new(),
        carrier_code: code,
    })
}
