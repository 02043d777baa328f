//! `POST /landed-cost`: duties and taxes. The parts come in several currencies; only the total may be used as a sum.

use waybill_core::{
    Charge, ChargeKind, Commodity, ContentsKind, Error, ErrorKind, FieldProblem, LandedCostReply,
    LandedCostRequest, Money, Phase, Request, Response, Result, wire, wire::clip,
};

use crate::carrier::Account;
use crate::measure::System;
use crate::services::{self, Content};
use crate::wire::landed_cost::{self, LandedBreakdown, LandedCostAnswer, LandedCostItem, LandedLine};
use crate::wire::{Num, Package};
use crate::{auth, customs, error, parties, rate};

const WHAT: &str = "landed cost";

/// The question for a shipment with customs data.
pub(crate) fn request(account: &Account, asked: &LandedCostRequest) -> Result<Request> {
    let shipment = &asked.shipment;
    let mut problems: Vec<FieldProblem> = customs::missing(shipment).into_iter().collect();
    if customs::content(shipment) != Content::Dutiable {
        let cure = "ask for a shipment of goods across a customs border";
        return Err(Error::invalid_field("shipment", "there are no duties on this shipment", cure));
    }
    let accounts = parties::accounts(&account.config, shipment, &mut problems);
    let value = shipment.customs.as_ref().and_then(|customs| customs.total_value().ok().flatten());
    let (Some(customs), Some(value), true) = (&shipment.customs, value, problems.is_empty()) else {
        return Err(Error::invalid(problems));
    };
    let system = System::of(&shipment.parcels);
    let packages: Vec<Package> = system.packages(shipment);
    let message = landed_cost::LandedCostRequest {
        customer_details: parties::rate_parties(shipment),
        accounts,
        product_code: product(asked).map(str::to_owned),
        unit_of_measurement: system.word(),
        currency_code: value.currency.to_string(),
        is_customs_declarable: true,
        is_dtp_requested: customs::we_pay_duties(shipment),
        is_insurance_requested: false,
        get_cost_breakdown: true,
        shipment_purpose: if customs.contents == ContentsKind::Gift { "personal" } else { "commercial" },
        transportation_mode: "air",
        merchant_selected_carrier_name: "DHL",
        packages,
        items: customs.items.iter().enumerate().map(|(at, line)| item(at, line, system)).collect(),
    };
    let url = wire::endpoint(&account.config.base()?, "landed-cost");
    auth::seal(&account.config, wire::json_request(http::Method::POST, &url, &message)?, None)
}

fn product(asked: &LandedCostRequest) -> Option<&'static str> {
    services::family(asked.service.as_ref()?.as_str())?.goods
}

fn item(at: usize, line: &Commodity, system: System) -> LandedCostItem {
    let text = line.description.trim();
    let weight = line.net_weight().map(|weight| system.weight(&weight));
    LandedCostItem {
        number: at + 1,
        name: clip(text, 512).to_owned(),
        description: clip(text, 255).to_owned(),
        manufacturer_country: line.origin.map(|country| country.as_str().to_owned()).unwrap_or_default(),
        part_number: line
            .sku
            .as_deref()
            .map(|sku| clip(sku.trim(), 35).to_owned())
            .filter(|sku| !sku.is_empty()),
        quantity: line.quantity,
        unit_price: Num::with_decimals(line.unit_value.amount, 5),
        unit_price_currency_code: line.unit_value.currency.to_string(),
        commodity_code: line.hs_digits(),
        weight_unit_of_measurement: weight.map(|_| system.word()),
        weight,
    }
}

/// The first product with a total; lines keep their own currencies.
pub(crate) fn parse(response: Response) -> Result<LandedCostReply> {
    let response = error::ok(response, WHAT)?;
    let answer: LandedCostAnswer = wire::parse_json(&response, WHAT)?;
    let totals = answer.products.iter().filter_map(|product| {
        let total = product.total_price.iter().find_map(rate::money)?;
        Some((product, total))
    });
    let Some((product, total)) = totals.into_iter().next() else {
        let error = Error::answered(
            ErrorKind::NoService,
            format!("{WHAT}: DHL stated no total"),
            wire::words_of(&response),
        );
        return Err(error.in_phase(Phase::Answered));
    };
    let groups = product.detailed_price_breakdown.iter().chain(&product.items);
    let charges = groups.flat_map(|group: &LandedBreakdown| &group.breakdown).filter_map(charge).collect();
    Ok(LandedCostReply { total, charges, warnings: rate::notices(&answer.warnings) })
}

fn charge(line: &LandedLine) -> Option<Charge> {
    let currency = line.price_currency.as_deref()?.parse().ok()?;
    let amount = line.price.filter(|amount| !amount.is_zero())?;
    let name = line.name.clone().unwrap_or_default();
    let kind = match (line.type_code.as_deref(), name.as_str()) {
        (Some("DUTY"), _) => ChargeKind::Duty,
        (Some("TAX"), _) => ChargeKind::Tax,
        (Some("FEE"), _) => ChargeKind::Customs,
        (_, "STSCH" | "SPRQN" | "SPRQT") => ChargeKind::Base,
        (_, "SINSV") => ChargeKind::Insurance,
        (Some(code), _) => ChargeKind::Other(code.to_owned()),
        (None, name) => ChargeKind::Other(name.to_owned()),
    };
    Some(Charge { kind, code: line.type_code.clone(), text: name, amount: Money::new(amount, currency) })
}
