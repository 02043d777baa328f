//! Shipping: the answer becomes a purchase. A number that UPS gave is a sale, whatever else is missing beside it.

use waybill_core::{
    DocumentKind, Error, LabelOrder, Notice, Piece, PriceKind, Purchase, Response, Result, Settlement,
    Shipment, wire,
};

use crate::papers::{self, Papers};
use crate::prices::{self, Stated};
use crate::wire::shipping::{PackageResult, ShipmentResponseWrapper, ShipmentResults};
use crate::{error, rate};

/// Reads the answer to a Ship request. What cannot be read may be a sale: the error's phase is `OutcomeUnknown`.
pub(crate) fn parse(response: &Response, order: &LabelOrder) -> Result<Purchase> {
    let answer: ShipmentResponseWrapper = error::read(response, "label")?;
    let answer = answer.shipment_response;
    let lacking = |what: &str| {
        Error::malformed(format!("label: the answer has no {what}")).with_words(wire::words_of(response))
    };
    let results = answer.shipment_results.ok_or_else(|| lacking("results"))?;
    let first = || results.package_results.iter().find_map(|package| package.tracking_number.clone());
    let key = results.shipment_identification_number.clone().or_else(first);
    let key = key.ok_or_else(|| lacking("shipment number"))?;
    if results.package_results.len() != order.shipment.parcels.len() {
        let problem = format!(
            "label: {} parcels were sent and {} came back",
            order.shipment.parcels.len(),
            results.package_results.len()
        );
        return Err(Error::malformed(problem).with("shipment", &key));
    }
    let mut papers = Papers::default();
    let mut pieces = Vec::new();
    for (at, package) in (0_u32..).zip(&results.package_results) {
        // The first package's number is the shipment's.
        let number = package.tracking_number.clone().or_else(|| (at == 0).then(|| key.clone()));
        let number = number.ok_or_else(|| lacking("tracking number").with("shipment", &key))?;
        let mut piece = Piece::new(at, number);
        piece.other_numbers.extend(package.usps_pic_number.clone().map(|number| ("USPS".to_owned(), number)));
        pieces.push(piece);
        of_package(package, at, &mut papers);
    }
    of_shipment(&results, &mut papers);
    let numbers: Vec<&str> = pieces.iter().map(|piece| piece.tracking.as_str()).collect();
    let carrier_data = Some(numbers.join(","));
    let mut warnings = rate::notices(&answer.response.unwrap_or_default().alert);
    warnings.extend(rate::notices(&results.disclaimer));
    warnings.extend(papers.warnings);
    warnings.extend(dropped(&order.shipment));
    Ok(Purchase {
        shipment_key: key.into(),
        carrier_data,
        pieces,
        documents: papers.documents,
        prices: stated(&results),
        settlement: Settlement::BilledToAccount,
        delivery: None,
        warnings,
    })
}

fn of_package(package: &PackageResult, at: u32, papers: &mut Papers) {
    match package.shipping_label.as_ref().map(|label| papers::label_documents(label, at)) {
        Some(Ok(label)) => papers.documents.extend(label),
        Some(Err(_)) => papers.missing("a label"),
        // Some sales have none (labels that UPS mails); else label recovery is asked.
        None => {}
    }
    if let Some(receipt) = &package.shipping_receipt {
        papers.add(receipt, &DocumentKind::Receipt, Some(at));
    }
}

fn of_shipment(results: &ShipmentResults, papers: &mut Papers) {
    let all = [
        (&results.form, DocumentKind::CommercialInvoice),
        (&results.high_value_report, DocumentKind::Other("high_value_report".into())),
        (&results.cod_turn_in_page, DocumentKind::Other("cod_turn_in_page".into())),
        (&results.control_log_receipt, DocumentKind::Other("control_log_receipt".into())),
    ];
    for (found, kind) in all {
        for image in found.iter().filter_map(papers::image_of) {
            papers.add(image, &kind, None);
        }
    }
}

/// What the order asked for and UPS has no field for.
fn dropped(shipment: &Shipment) -> Option<Notice> {
    shipment.return_to.as_ref().map(|_| {
        Notice::new(
            "return-address",
            "UPS returns undeliverable parcels to the origin; `return_to` is not sent",
        )
    })
}

fn stated(results: &ShipmentResults) -> Vec<waybill_core::Price> {
    let own = results.negotiated_rate_charges.as_ref();
    let own = own.and_then(|charges| Stated::negotiated(charges).price(PriceKind::Account));
    let published = results.shipment_charges.as_ref().and_then(|charges| {
        let base =
            charges.base_service_charge.as_ref().and_then(prices::money).filter(|base| !base.is_zero());
        let stated = Stated {
            total: charges.total_charges.as_ref(),
            with_taxes: charges.total_charges_with_taxes.as_ref(),
            base: base.or_else(|| charges.transportation_charges.as_ref().and_then(prices::money)),
            items: charges.itemized_charges.iter().collect(),
            modifiers: Vec::new(),
            options: charges.service_options_charges.as_ref(),
        };
        stated.price(PriceKind::List)
    });
    own.into_iter().chain(published).collect()
}
