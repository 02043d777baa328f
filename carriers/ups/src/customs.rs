//! Customs documents: the commercial invoice that UPS makes from the data, prints and sends on.

use chrono::NaiveDate;
use waybill_core::{
    Address, Commodity, ContentsKind, Customs, Error, Incoterm, LabelOrder, ReferenceKind, Result, Shipment,
    TaxIdKind, wire,
};

use crate::services::option;
use crate::wire::common::{Code, Party, VendorInfo};
use crate::wire::customs::{Contacts, InternationalForms, Product, Unit, UserCreatedForm};
use crate::{documents, parts};

/// Lines of goods that UPS takes (its newer texts say 100, older ones 50).
const MOST_PRODUCTS: usize = 100;

/// The documents of a shipment: none at home, for papers, and where the shipper prints its own invoice.
pub(crate) fn forms(order: &LabelOrder, date: NaiveDate) -> Result<Option<InternationalForms>> {
    let shipment = &order.shipment;
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
    // A return has an invoice form of its own; the shipper's own invoice makes another one needless.
    let own_invoice = documents.iter().any(|document| document.is_invoice);
    let mut form_type = vec![if shipment.is_return { "05" } else { "01" }];
    form_type.retain(|_| !own_invoice);
    form_type.extend((!documents.is_empty()).then_some("07"));
    let ids: Vec<String> = documents.into_iter().map(|document| document.id).collect();
    Ok(Some(InternationalForms {
        form_type,
        user_created_form: (!ids.is_empty()).then_some(UserCreatedForm { ids }),
        contacts: Contacts { sold_to },
        product: customs.items.iter().enumerate().map(product).collect::<Result<_>>()?,
        invoice_number: invoice_number(order, customs),
        invoice_date: parts::day(customs.invoice_date.unwrap_or(date)),
        purchase_order_number: None,
        terms_of_shipment: customs.incoterm.as_ref().and_then(terms),
        reason_for_export: reason(&customs.contents),
        comments: comments(customs),
        currency_code: value.currency.to_string(),
    }))
}

/// UPS wants a number on every invoice: the shipper's, else its own number of the order, else ours.
fn invoice_number(order: &LabelOrder, customs: &Customs) -> String {
    let reference = |kind: ReferenceKind| {
        let found = order.shipment.references.iter().find(|reference| reference.kind == kind);
        found.map(|reference| reference.value.clone())
    };
    let stated = customs.invoice_number.clone().filter(|number| !number.trim().is_empty());
    let number =
        stated.or_else(|| reference(ReferenceKind::Invoice)).or_else(|| reference(ReferenceKind::Order));
    wire::clip(number.unwrap_or_else(|| order.handle.short()).trim(), 35).to_owned()
}

/// A document that was uploaded before.
#[derive(Debug, PartialEq, Eq)]
struct Uploaded {
    id: String,
    is_invoice: bool,
}

/// The documents that an order names: `id`, or `commercial_invoice:id` for the shipper's own invoice.
fn uploaded(shipment: &Shipment) -> Result<Vec<Uploaded>> {
    let Some(list) = shipment.options.carrier.get(option::DOCUMENTS) else { return Ok(Vec::new()) };
    let refuse = |problem: &str, cure: &str| {
        Err(Error::invalid_field(format!("options.carrier.{}", option::DOCUMENTS), problem, cure))
    };
    let entry = |text: &str| {
        let text = text.trim();
        let (kind, id) = text.split_once(':').unwrap_or(("", text));
        let is_invoice = kind.trim() == documents::INVOICE;
        (!id.is_empty()).then(|| Uploaded { id: id.trim().to_owned(), is_invoice })
    };
    let found: Vec<Uploaded> = list.split(',').filter_map(entry).collect();
    if found.len() > documents::MOST || found.iter().any(|document| document.id.chars().count() > 26) {
        return refuse(
            "too many documents, or one of them is no document id",
            "give at most 13 ids as UPS answered them",
        );
    }
    if !found.is_empty() && shipment.is_return {
        return refuse("UPS takes no own documents for returns", "leave them out");
    }
    Ok(found)
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
