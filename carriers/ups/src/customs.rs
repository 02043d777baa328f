//! Customs documents: the commercial invoice that UPS makes from the data, prints and sends on.

use chrono::NaiveDate;
use waybill_core::{
    Address, Commodity, ContentsKind, Customs, Error, Incoterm, Result, Shipment, TaxIdKind, wire,
};

use crate::parts;
use crate::services::option;
use crate::wire::common::{Code, Party, VendorInfo};
use crate::wire::customs::{Contacts, InternationalForms, Product, Unit, UserCreatedForm};

/// Lines of goods that UPS takes (its newer texts say 100, older ones 50).
const MOST_PRODUCTS: usize = 100;
/// Uploaded documents that UPS takes.
const MOST_DOCUMENTS: usize = 13;

/// The documents of a shipment: none at home, for papers, and where the shipper prints its own invoice.
pub(crate) fn forms(shipment: &Shipment, date: NaiveDate) -> Result<Option<InternationalForms>> {
    let Some(customs) = shipment.customs.as_ref().filter(|_| shipment.crosses_customs_border()) else {
        return Ok(None);
    };
    if parts::documents_only(shipment) || shipment.options.paperless_customs == Some(false) {
        return Ok(None);
    }
    if customs.items.len() > MOST_PRODUCTS {
        let problem = format!("{} lines of goods, UPS takes {MOST_PRODUCTS}", customs.items.len());
        return Err(Error::invalid_field("customs.items", problem, "join lines of the same goods"));
    }
    let mixed = |error: waybill_core::MoneyError| {
        Error::invalid_field("customs.items", error.to_string(), "give all values in one currency")
    };
    let value = customs
        .total_value()
        .map_err(mixed)?
        .ok_or_else(|| Error::invalid_field("customs.items", "there are no items", "list what is inside"))?;
    let documents = uploaded(shipment)?;
    let mut sold_to = contact(customs.importer.as_ref().unwrap_or(&shipment.to), "to")?;
    sold_to.address.residential_address_indicator = None;
    // A return has an invoice form of its own.
    let mut form_type = vec![if shipment.is_return { "05" } else { "01" }];
    form_type.extend(documents.as_ref().map(|_| "07"));
    Ok(Some(InternationalForms {
        form_type,
        user_created_form: documents,
        contacts: Contacts { sold_to },
        product: customs.items.iter().enumerate().map(product).collect::<Result<_>>()?,
        invoice_number: customs
            .invoice_number
            .as_deref()
            .map(|number| wire::clip(number.trim(), 35).to_owned()),
        invoice_date: parts::day(customs.invoice_date.unwrap_or(date)),
        purchase_order_number: None,
        terms_of_shipment: customs.incoterm.as_ref().and_then(terms),
        reason_for_export: reason(&customs.contents),
        comments: comments(customs),
        currency_code: value.currency.to_string(),
    }))
}

fn uploaded(shipment: &Shipment) -> Result<Option<UserCreatedForm>> {
    let Some(list) = shipment.options.carrier.get(option::DOCUMENTS) else { return Ok(None) };
    let ids: Vec<String> =
        list.split(',').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect();
    if ids.len() > MOST_DOCUMENTS || ids.iter().any(|id| id.chars().count() > 26) {
        let path = format!("options.carrier.{}", option::DOCUMENTS);
        let problem = "too many documents, or one of them is no document id";
        return Err(Error::invalid_field(path, problem, "give at most 13 ids as UPS answered them"));
    }
    Ok((!ids.is_empty()).then_some(UserCreatedForm { ids }))
}

fn product((at, item): (usize, &Commodity)) -> Result<Product> {
    let description = parts::wrap(&item.description, 35, 3).ok_or_else(|| {
        let problem = "longer than the three lines of 35 characters that UPS has";
        Error::invalid_field(format!("customs.items[{at}].description"), problem, "shorten it")
    })?;
    Ok(Product {
        description,
        unit: Unit {
            number: item.quantity.to_string(),
            unit_of_measurement: Code::new("PCS"),
            value: item.unit_value.amount.round_dp(6).to_string(),
        },
        commodity_code: item.hs_digits(),
        part_number: item.sku.as_deref().map(|sku| wire::clip(sku.trim(), 35).to_owned()),
        origin_country_code: item.origin.map(|origin| origin.to_string()),
    })
}

/// UPS's list has no DPU, and writes DAP for what was DDU.
fn terms(incoterm: &Incoterm) -> Option<&'static str> {
    Some(match incoterm {
        Incoterm::Dap | Incoterm::Ddu => "DAP",
        Incoterm::Ddp => "DDP",
        Incoterm::Exw => "EXW",
        Incoterm::Fca => "FCA",
        Incoterm::Cpt => "CPT",
        Incoterm::Cip => "CIP",
        Incoterm::Dpu | Incoterm::Other(_) => return None,
    })
}

fn reason(contents: &ContentsKind) -> String {
    match contents {
        ContentsKind::Merchandise => "SALE".into(),
        ContentsKind::Gift => "GIFT".into(),
        ContentsKind::Sample => "SAMPLE".into(),
        ContentsKind::Return => "RETURN".into(),
        ContentsKind::Repair => "REPAIR".into(),
        other => wire::clip(&other.as_str().to_ascii_uppercase(), 20).to_owned(),
    }
}

/// Export filing and permits have no field of their own on the invoice (the export declaration is another form).
fn comments(customs: &Customs) -> Option<String> {
    let filing = customs.export_filing.iter().cloned();
    let all: Vec<String> =
        filing.chain(customs.permits.iter().cloned()).chain(customs.remarks.clone()).collect();
    (!all.is_empty()).then(|| wire::clip(&all.join("; "), 150).to_owned())
}

/// A party with everything that Shipping takes.
pub(crate) fn contact(address: &Address, path: &str) -> Result<Party> {
    let tax = address.tax_ids.iter().find(|tax| !matches!(tax.kind, TaxIdKind::Ioss | TaxIdKind::Voec));
    let mut party = parts::party(address, path)?;
    party.attention_name = Some(wire::clip(address.contact().trim(), 35).to_owned());
    party.tax_identification_number = tax.map(|tax| wire::clip(tax.number.trim(), 15).to_owned());
    party.phone = parts::phone(address);
    party.email_address = address
        .email
        .as_deref()
        .map(str::trim)
        .filter(|email| email.chars().count() <= 50)
        .map(str::to_owned);
    Ok(party)
}

/// The seller's collective tax number, printed and told to customs: IOSS for the EU, VOEC for Norway.
pub(crate) fn vendor(address: &Address) -> Option<VendorInfo> {
    address.tax_ids.iter().find_map(|tax| {
        let kind = match tax.kind {
            TaxIdKind::Ioss => "0356",
            TaxIdKind::Voec => "0357",
            _ => return None,
        };
        Some(VendorInfo { kind, number: wire::clip(tax.number.trim(), 35).to_owned() })
    })
}
