//! Duties, taxes and fees of an international shipment.

use async_trait::async_trait;
use http::Method;
use rust_decimal::Decimal;
use waybill_core::wire::json_request;
use waybill_core::{
    Charge, ChargeKind, Cx, Error, ErrorKind, LandedCost, LandedCostReply, LandedCostRequest, Response,
    Result, ServiceCode, Shipment,
};

use crate::carrier::Usps;
use crate::config::{Config, Prices};
use crate::customs::duty_items;
use crate::parcel::Measures;
use crate::prices::parse_all;
use crate::rate::known;
use crate::rate_rows::{Ask, asked_price_type, dollars, read};
use crate::services::Class;
use crate::wire::options::{DutiesQuote, OptionsAnswer, PricingOption, RateOption, ShippingOption};
use crate::wire::prices::{LandedItem, TotalRatesRequest};

const WHAT: &str = "USPS duties and taxes";

#[async_trait]
impl LandedCost for Usps {
    async fn landed_cost(&self, cx: &Cx, request: &LandedCostRequest) -> Result<LandedCostReply> {
        let shipment = &request.shipment;
        let service =
            request.service.clone().unwrap_or_else(|| ServiceCode::from("priority-mail-international"));
        let class = known(service.as_str())?;
        if !class.international || shipment.is_domestic() {
            return Err(Error::new(ErrorKind::NoService, "duties arise on international services only"));
        }
        let [parcel] = shipment.parcels.as_slice() else {
            return Err(Error::invalid_field(
                "parcels",
                "USPS tells the duties of one parcel",
                "ask for each parcel",
            ));
        };
        let measures = Measures::of(parcel)?;
        let body = total_rates_request(&self.config, shipment, class, &measures)?;
        let url = self.url("/international-prices/v3/total-rates/search");
        let response = self.read(cx, || json_request(Method::POST, &url, &body)).await?;
        let ask = Ask {
            config: &self.config,
            parcel,
            measures,
            international: true,
            classes: vec![class],
            codes: Vec::new(),
            soft_pack: false,
            non_rectangular: false,
            keep_unknown: false,
        };
        parse(&response, &ask)
    }
}

/// Asks for duties; USPS wants at least one item (160396).
pub(crate) fn total_rates_request(
    config: &Config,
    shipment: &Shipment,
    class: &Class,
    measures: &Measures,
) -> Result<TotalRatesRequest> {
    let items: Vec<LandedItem> = duty_items(shipment)
        .into_iter()
        .map(|item| LandedItem {
            item_id: item.item_id,
            item_value: item.item_value,
            item_quantity: item.item_quantity,
            weight: item.item_weight,
            country_of_origin: item.country_of_origin,
            hs_tariff_number: item.hs_tariff_number,
        })
        .collect();
    if items.is_empty() {
        return Err(Error::invalid_field("customs.items", "there are no items", "list what is inside"));
    }
    let payment = config.payment.as_ref().filter(|_| config.prices == Prices::Contract);
    Ok(TotalRatesRequest {
        origin_zip_code: shipment.from.zip5().unwrap_or_default().to_owned(),
        destination_country_code: shipment.to.country.as_str().to_owned(),
        foreign_postal_code: shipment.to.postal_code.clone(),
        destination_city: (shipment.to.city.chars().count() <= 28).then(|| shipment.to.city.clone()),
        weight: measures.weight(),
        length: measures.side(0),
        width: measures.side(1),
        height: measures.side(2),
        mail_class: class.mail_class.to_owned(),
        price_type: asked_price_type(config).to_owned(),
        mailing_date: shipment.ship_date.map(|date| date.to_string()),
        account_type: payment.map(|payment| payment.account_type.as_str()),
        account_number: payment.and_then(|payment| payment.account_number.clone()),
        request_duties_taxes_fees: true,
        items,
    })
}

/// Reads duties, taxes and the fee beside the postage of the row for the packaging in hand.
pub(crate) fn parse(response: &Response, ask: &Ask<'_>) -> Result<LandedCostReply> {
    let options = parse_all(response)?;
    let quoted = options.iter().position(|option| option.duties_taxes_fees_quote.is_some());
    let Some(quote) = quoted.and_then(|at| options.get(at)?.duties_taxes_fees_quote.as_ref()) else {
        return Err(Error::new(
            ErrorKind::NoService,
            format!("{WHAT}: USPS quotes none for this destination"),
        )
        .in_phase(waybill_core::Phase::Answered));
    };
    let mut charges = duty_charges(quote);
    charges.extend(postage(options, ask));
    let total = charges.iter().try_fold(Decimal::ZERO, |sum, charge| sum.checked_add(charge.amount.amount));
    let total = total.ok_or_else(|| Error::malformed(format!("{WHAT}: the amounts are too large")))?;
    Ok(LandedCostReply { total: dollars(total), charges, warnings: Vec::new() })
}

fn duty_charges(quote: &DutiesQuote) -> Vec<Charge> {
    let sum = |part: fn(&crate::wire::options::ItemQuote) -> Option<Decimal>| {
        quote.item_quotes.iter().filter_map(part).try_fold(Decimal::ZERO, Decimal::checked_add)
    };
    let line = |kind, text: &str, amount: Option<Decimal>| {
        let amount = dollars(amount.filter(|amount| *amount > Decimal::ZERO)?);
        Some(Charge { kind, code: None, text: text.to_owned(), amount })
    };
    [
        line(ChargeKind::Duty, "Duties", sum(|item| item.duty_price)),
        line(ChargeKind::Tax, "Import taxes", sum(|item| item.tax_price)),
        line(ChargeKind::Customs, "Landed cost fee", quote.package_fee),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn postage(options: Vec<RateOption>, ask: &Ask<'_>) -> Option<Charge> {
    let shipping = ShippingOption { mail_class: None, rate_options: options };
    let answer = OptionsAnswer {
        pricing_options: vec![PricingOption { price_type: None, shipping_options: vec![shipping] }],
    };
    let offer = read(&answer, ask).offers.into_iter().next()?;
    Some(Charge {
        kind: ChargeKind::Base,
        code: None,
        text: "Postage".to_owned(),
        amount: dollars(offer.total),
    })
}
