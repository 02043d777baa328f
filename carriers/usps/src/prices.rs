//! One combination priced by name: for answers whose rows do not say which packaging they are for.

use http::Method;
use rust_decimal::Decimal;
use waybill_core::wire::{json_request, parse_json};
use waybill_core::{Cx, Response, Result, Shipment};

use crate::carrier::Usps;
use crate::config::Prices;
use crate::error::{inside, refusal};
use crate::parcel::{category, indicator};
use crate::rate_rows::{Ask, asked_price_type};
use crate::services::Class;
use crate::wire::options::{OptionsAnswer, PricingOption, RateOption, ShippingOption};
use crate::wire::prices::{BaseRatesRequest, PricesAnswer};

const WHAT: &str = "USPS prices";
/// Ounces of a pound.
const OUNCES: Decimal = Decimal::from_parts(16, 0, 0, false, 0);

impl Usps {
    /// The option of one class for a parcel, with the terms of the option that could not be told apart.
    pub(crate) async fn price_again(
        &self,
        cx: &Cx,
        shipment: &Shipment,
        ask: &Ask<'_>,
        class: &'static Class,
        terms: RateOption,
    ) -> Result<OptionsAnswer> {
        let body = base_rates_request(shipment, ask, class)?;
        let path = if ask.international {
            "/international-prices/v3/base-rates/search"
        } else {
            "/prices/v3/base-rates/search"
        };
        let url = self.url(path);
        let response = self.read(cx, || json_request(Method::POST, &url, &body)).await?;
        let mut option = parse(&response)?;
        for row in &mut option.rates {
            row.rate_indicator.get_or_insert_with(|| body.rate_indicator.as_str().into());
            row.processing_category.get_or_insert_with(|| body.processing_category.as_str().into());
            row.mail_class.get_or_insert_with(|| body.mail_class.as_str().into());
            // The price APIs state pounds where the shipping options state ounces.
            row.dim_weight = row.dim_weight.and_then(|pounds| pounds.checked_mul(OUNCES));
        }
        option.commitment = terms.commitment;
        option.extra_services = terms.extra_services;
        Ok(OptionsAnswer {
            pricing_options: vec![PricingOption {
                price_type: None,
                shipping_options: vec![ShippingOption { mail_class: None, rate_options: vec![option] }],
            }],
        })
    }
}

/// Asks for the price of exactly this packaging.
pub(crate) fn base_rates_request(
    shipment: &Shipment,
    ask: &Ask<'_>,
    class: &Class,
) -> Result<BaseRatesRequest> {
    let abroad = ask.international;
    let payment = ask.config.payment.as_ref().filter(|_| ask.config.prices == Prices::Contract);
    let mail_class = class.return_class.filter(|_| shipment.is_return).unwrap_or(class.mail_class);
    Ok(BaseRatesRequest {
        origin_zip_code: shipment.from.zip5().unwrap_or_default().to_owned(),
        destination_zip_code: shipment.to.zip5().filter(|_| !abroad).map(str::to_owned),
        destination_country_code: abroad.then(|| shipment.to.country.as_str().to_owned()),
        foreign_postal_code: shipment.to.postal_code.clone().filter(|_| abroad),
        weight: ask.measures.weight(),
        length: ask.measures.side(0),
        width: ask.measures.side(1),
        height: ask.measures.side(2),
        mail_class: mail_class.to_owned(),
        processing_category: category(&ask.measures, ask.parcel).to_owned(),
        rate_indicator: indicator(class, ask.parcel)?.to_owned(),
        destination_entry_facility_type: "NONE".to_owned(),
        price_type: asked_price_type(ask.config).to_owned(),
        mailing_date: shipment.ship_date.map(|date| date.to_string()),
        account_type: payment.map(|payment| payment.account_type.as_str()),
        account_number: payment.and_then(|payment| payment.account_number.clone()),
    })
}

/// Reads a price answer: one option, or the first of a list.
pub(crate) fn parse(response: &Response) -> Result<RateOption> {
    Ok(parse_all(response)?.into_iter().next().unwrap_or_default())
}

/// Reads a price answer with all its options.
pub(crate) fn parse_all(response: &Response) -> Result<Vec<RateOption>> {
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let answer: PricesAnswer = parse_json(response, WHAT)?;
    if !answer.rate_options.is_empty() {
        return Ok(answer.rate_options);
    }
    if answer.rates.is_empty() {
        return inside(response, WHAT).map_or(Ok(Vec::new()), Err);
    }
    Ok(vec![RateOption {
        commitment: answer.commitment,
        total_base_price: answer.total_base_price,
        rates: answer.rates,
        extra_services: answer.extra_services,
        duties_taxes_fees_quote: answer.duties_taxes_fees_quote,
    }])
}
