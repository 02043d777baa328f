//! Delivery dates alone, for prices that came without one.

use http::Method;
use rust_decimal::Decimal;
use waybill_core::wire::{self, parse_json};
use waybill_core::{Cx, DeliveryEstimate, EstimateBasis, Response, Result, Shipment};

use crate::carrier::Usps;
use crate::error::refusal;
use crate::rate_rows::Promise;
use crate::text::{day, first_number, yes};
use crate::wire::OneOrMore;
use crate::wire::standards::Estimate;

const WHAT: &str = "USPS service standards";

impl Usps {
    /// The date of a class, as the published standard has it.
    pub(crate) async fn standard(
        &self,
        cx: &Cx,
        shipment: &Shipment,
        mail_class: &str,
        pounds: Decimal,
    ) -> Result<Promise> {
        let mut url = self.url("/service-standards/v3/estimates");
        url.query_pairs_mut()
            .append_pair("originZIPCode", shipment.from.zip5().unwrap_or_default())
            .append_pair("destinationZIPCode", shipment.to.zip5().unwrap_or_default())
            .append_pair("mailClass", mail_class);
        if let Some(date) = shipment.ship_date {
            url.query_pairs_mut().append_pair("acceptanceDate", &date.to_string());
        }
        let response = self.read(cx, || wire::request(Method::GET, &url)).await?;
        parse(&response, mail_class, pounds)
    }
}

/// Reads the estimate of a class. An unknown ZIP code is answered with 200 and blanks.
pub(crate) fn parse(response: &Response, mail_class: &str, pounds: Decimal) -> Result<Promise> {
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let estimates = parse_json::<OneOrMore<Estimate>>(response, WHAT)?.into_vec();
    let light = pounds < Decimal::ONE;
    let fits = |estimate: &&Estimate| {
        let same = estimate.mail_class.as_deref().is_none_or(|class| class.eq_ignore_ascii_case(mail_class));
        let weight = match estimate.notes.as_deref() {
            Some("WEIGHT_LESS_THAN_1_POUND") => light,
            Some("WEIGHT_GREATER_THAN_OR_EQUAL_TO_1_POUND") => !light,
            _ => true,
        };
        same && weight
    };
    let Some(found) = estimates.iter().find(fits) else { return Ok(Promise::default()) };
    let delivery = found.delivery.as_ref().and_then(|delivery| {
        let date = day(delivery.scheduled_delivery_date_time.as_deref()?)?;
        Some(DeliveryEstimate {
            guaranteed: delivery.guaranteed_delivery.as_deref().and_then(yes),
            ..DeliveryEstimate::by_day(date, EstimateBasis::Standard)
        })
    });
    let days = found.service_standard.as_deref().and_then(first_number);
    Ok(Promise { delivery, days, without_date: false })
}
