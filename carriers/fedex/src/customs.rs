//! Customs data in FedEx's form. Source: Ship specification, customsClearanceDetail.

use rust_decimal::Decimal;
use waybill_core::wire::clip;
use waybill_core::{
    Commodity, ContentsKind, Country, Customs, Error, Payer, Result, Shipment, Weight, WeightUnit,
};

use crate::currency::money;
use crate::parts::{self, some};
use crate::wire::rate::RateCustoms;
use crate::wire::ship::{CustomsClearanceDetail, CustomsOption, ExportDetail};
use crate::wire::{self, CommercialInvoice, CustomerReference};

/// Customs data, where FedEx wants it: between countries, and inside India. A domestic request with goods can fail.
fn data(shipment: &Shipment) -> Option<&Customs> {
    let inside_india = shipment.from.country.as_str() == "IN" && shipment.to.country.as_str() == "IN";
    shipment.customs.as_ref().filter(|_| parts::is_international(shipment) || inside_india)
}

/// Only papers, no goods.
pub fn documents_only(shipment: &Shipment) -> Option<bool> {
    data(shipment).filter(|customs| customs.contents == ContentsKind::Documents).map(|_| true)
}

/// For a price.
pub fn for_rate(shipment: &Shipment, unit: WeightUnit) -> Result<Option<RateCustoms>> {
    let Some(customs) = data(shipment) else { return Ok(None) };
    let invoice =
        CommercialInvoice { shipment_purpose: purpose(&customs.contents), ..CommercialInvoice::default() };
    Ok(Some(RateCustoms {
        commercial_invoice: Some(invoice),
        // Rates take no other payer of duties.
        duties_payment: Some(wire::Payment { payment_type: "SENDER", payor: None }),
        commodities: commodities(shipment, customs, unit)?,
    }))
}

/// For a label.
pub fn for_ship(shipment: &Shipment, unit: WeightUnit) -> Result<Option<CustomsClearanceDetail>> {
    let Some(customs) = data(shipment) else { return Ok(None) };
    let total = customs.total_value().map_err(|error| {
        Error::invalid_field("customs.items", error.to_string(), "give all values in one currency")
    })?;
    Ok(Some(CustomsClearanceDetail {
        commercial_invoice: invoice(customs),
        commodities: commodities(shipment, customs, unit)?,
        duties_payment: duties(shipment, customs)?,
        total_customs_value: total.map(money),
        is_document_only: documents_only(shipment),
        importer_of_record: customs.importer.as_ref().map(|importer| {
            let phone = importer.phone.as_deref().and_then(|text| parts::phone(text, importer.country));
            parts::party(importer, phone)
        }),
        export_detail: export(customs),
        customs_option: customs_option(shipment, customs),
    }))
}

/// Whether FedEx is asked for the commercial invoice as a file.
pub fn wants_invoice(shipment: &Shipment) -> bool {
    data(shipment).is_some_and(|customs| customs.contents != ContentsKind::Documents)
}

fn purpose(contents: &ContentsKind) -> &'static str {
    match contents {
        ContentsKind::Merchandise => "SOLD",
        ContentsKind::Gift => "GIFT",
        ContentsKind::Sample => "SAMPLE",
        ContentsKind::Repair => "REPAIR_AND_RETURN",
        _ => "NOT_SOLD",
    }
}

fn invoice(customs: &Customs) -> CommercialInvoice {
    let number = customs.invoice_number.as_deref().and_then(|number| some(clip(number.trim(), 30)));
    let reference = |value| CustomerReference { customer_reference_type: "INVOICE_NUMBER", value };
    CommercialInvoice {
        shipment_purpose: purpose(&customs.contents),
        terms_of_sale: customs.incoterm.as_ref().map(|term| term.as_str().to_owned()),
        originator_name: customs.signer.as_ref().and_then(|name| some(name.as_str().trim())),
        comments: customs.remarks.iter().filter_map(|text| some(text.trim())).collect(),
        customer_references: number.map(reference).into_iter().collect(),
    }
}

fn duties(shipment: &Shipment, customs: &Customs) -> Result<wire::Payment> {
    let recipient = shipment.to.country;
    match &shipment.billing.duties {
        Some(Payer::Recipient { account: None, .. }) => {
            Ok(wire::Payment { payment_type: "RECIPIENT", payor: None })
        }
        Some(payer) => parts::payment(payer, "billing.duties", recipient),
        None if customs.duties_paid_by_sender() => Ok(wire::Payment { payment_type: "SENDER", payor: None }),
        None => Ok(wire::Payment { payment_type: "RECIPIENT", payor: None }),
    }
}

fn commodities(shipment: &Shipment, customs: &Customs, unit: WeightUnit) -> Result<Vec<wire::Commodity>> {
    let share = share_of_rest(shipment, customs);
    customs.items.iter().map(|item| commodity(item, unit, &share)).collect()
}

fn commodity(item: &Commodity, unit: WeightUnit, share: &Weight) -> Result<wire::Commodity> {
    let value = item.value().map_err(|error| {
        Error::invalid_field("customs.items", error.to_string(), "check quantity and value")
    })?;
    let weight = item.net_weight().filter(Weight::is_positive).unwrap_or(*share);
    Ok(wire::Commodity {
        description: clip(item.description.trim(), 450).to_owned(),
        name: None,
        quantity: item.quantity,
        quantity_units: "PCS",
        number_of_pieces: item.quantity.max(1),
        weight: Some(parts::weight(&weight, unit)),
        unit_price: money(item.unit_value),
        customs_value: money(value),
        country_of_manufacture: item.origin.map(|country: Country| country.as_str().to_owned()),
        harmonized_code: item.hs_digits(),
        part_number: item.sku.as_deref().and_then(|sku| some(clip(sku.trim(), 30))),
    })
}

/// Weight of a line that states none: an equal share of what the other lines leave of the shipment's weight, at
/// least ten grams. FedEx wants a weight for each line.
fn share_of_rest(shipment: &Shipment, customs: &Customs) -> Weight {
    let known: Vec<Weight> = customs.items.iter().filter_map(Commodity::net_weight).collect();
    let missing = customs.items.len().saturating_sub(known.len()).max(1);
    let rest = shipment.total_weight().grams().saturating_sub(Weight::sum(&known).grams());
    let grams = rest.checked_div(Decimal::from(missing)).unwrap_or_default().max(Decimal::TEN);
    Weight::new(grams.trunc(), WeightUnit::Gram)
}

fn export(customs: &Customs) -> Option<ExportDetail> {
    let statement = customs.export_filing.as_deref().and_then(export_statement);
    let permit = customs.permits.first().and_then(|permit| some(permit.trim()));
    (statement.is_some() || permit.is_some())
        .then_some(ExportDetail { export_compliance_statement: statement, permit_number: permit })
}

/// `X20261122123456` -> `AESX20261122123456`; `NOEEI 30.37(a)` -> `NO_EEI_30_37_A`.
fn export_statement(filing: &str) -> Option<String> {
    let filing = filing.trim().to_ascii_uppercase();
    if let Some(at) = filing.find("30.") {
        let words: Vec<&str> = filing[at..]
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        return Some(format!("NO_EEI_{}", words.join("_")));
    }
    let code: String = filing.chars().filter(char::is_ascii_alphanumeric).collect();
    if code.starts_with('X') { Some(format!("AES{code}")) } else { some(&code) }
}

fn customs_option(shipment: &Shipment, customs: &Customs) -> Option<CustomsOption> {
    let kind = match customs.contents {
        ContentsKind::Repair => "FOR_REPAIR",
        ContentsKind::Return => "REJECTED",
        _ if shipment.is_return => "COURTESY_RETURN_LABEL",
        _ => return None,
    };
    Some(CustomsOption { r#type: kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn export_filings_take_fedex_form() {
        for (filing, expected) in [
            ("X20261122123456", "AESX20261122123456"),
            ("AESX20261122123456", "AESX20261122123456"),
            ("NOEEI 30.37(a)", "NO_EEI_30_37_A"),
            ("NO EEI 30.36", "NO_EEI_30_36"),
        ] {
            assert_eq!(export_statement(filing).as_deref(), Some(expected));
        }
        assert_eq!(export_statement(" "), None);
    }
}
