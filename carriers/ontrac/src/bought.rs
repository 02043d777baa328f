//! What OnTrac answers to an order.

use waybill_core::{
    Document, DocumentKind, Error, ErrorKind, LabelOrder, Notice, PageSize, Phase, Piece, Purchase, Response,
    Result, Settlement, ShipmentKey,
};

use crate::charges::{self, Stated};
use crate::config::Config;
use crate::error::{self, Meaning};
use crate::text::said;
use crate::wire::shipments::{ShipmentResponse, SoldShipment};
use crate::{label, number, ship, xml};

/// Reads the answer to an order of one parcel.
pub(crate) fn parse(config: &Config, order: &LabelOrder, response: &Response) -> Result<Purchase> {
    let answer: ShipmentResponse = xml::read(config, response, "label", "OnTracShipmentResponse")?;
    if let Some(text) = [&answer.error, &answer.shipments.error].into_iter().find_map(|text| said(text)) {
        let error = refused(order, text, error::of(config, response, "label", text));
        // A text for the whole call that nobody knows may come from a server that failed half-way.
        let known = Meaning::of(text) != Meaning::Unknown;
        return Err(if known { error } else { error.in_phase(Phase::OutcomeUnknown) });
    }
    let Some(sold) = ours(order, &answer.shipments.shipment) else {
        return Err(Error::malformed("label: the answer does not name the order")
            .with_words(waybill_core::wire::words_of(response)));
    };
    if let Some(text) = said(&sold.error) {
        return Err(refused(order, text, error::of(config, response, "label", text)));
    }
    let Some(tracking) = said(&sold.tracking) else {
        return Err(Error::malformed("label: the answer has no tracking number")
            .with_words(waybill_core::wire::words_of(response)));
    };
    Ok(purchase(order, sold, tracking))
}

/// The entry for the order: by our id, else by the number that was chosen, else the only one, when it has no id at all:
/// answers without ids were seen.
fn ours<'a>(order: &LabelOrder, sold: &'a [SoldShipment]) -> Option<&'a SoldShipment> {
    let uid = ship::uid(order);
    let chosen = |shipment: &&SoldShipment| {
        order.numbers.first().is_some_and(|number| number.as_str() == shipment.tracking.trim())
    };
    let by_id = sold.iter().find(|shipment| shipment.uid.trim() == uid).or_else(|| sold.iter().find(chosen));
    by_id.or(match sold {
        [only] if said(&only.uid).is_none() => Some(only),
        _ => None,
    })
}

/// A refusal of our own number may mean that an earlier attempt has used it: then there is a sale, and `recover` finds it.
/// For everything else a refusal is an answer.
fn refused(order: &LabelOrder, text: &str, error: Error) -> Error {
    if Meaning::of(text) != Meaning::Number {
        return error;
    }
    let error = Error { kind: ErrorKind::Invalid, ..error };
    if order.numbers.is_empty() { error } else { error.in_phase(Phase::OutcomeUnknown) }
}

fn purchase(order: &LabelOrder, sold: &SoldShipment, tracking: &str) -> Purchase {
    let prices = charges::prices(&Stated {
        total: &sold.total_chrg,
        published: &sold.tariff_chrg,
        fuel: &sold.fuel_chrg,
        details: &sold.service_charge_details,
    });
    let mut warnings = Vec::new();
    let other = order.numbers.first().is_some_and(|number| number.as_str() != tracking);
    if other || number::shape(tracking).is_none() {
        let message =
            "OnTrac answered with another tracking number than was asked for, or one of an unknown shape";
        warnings.push(Notice::new("unexpected-number", message));
    }
    let mut piece = Piece::new(0, tracking);
    piece.charged = prices.first().map(|price| price.total);
    piece.other_numbers.extend(said(&sold.sort_code).map(|code| ("sort_code".to_owned(), code.to_owned())));
    Purchase {
        shipment_key: ShipmentKey::new(tracking),
        pieces: vec![piece],
        documents: document(order, &sold.label, &mut warnings).into_iter().collect(),
        prices,
        settlement: Settlement::BilledToAccount,
        delivery: charges::delivery(&sold.expected_delivery_date, &sold.commit_time),
        carrier_data: None,
        warnings,
    }
}

fn document(order: &LabelOrder, text: &str, warnings: &mut Vec<Notice>) -> Option<Document> {
    let Some((format, bytes)) = label::decode(text) else {
        warnings.push(Notice::new("no-label", "OnTrac sold the label and sent no file that can be read"));
        return None;
    };
    if format != order.label.format {
        warnings.push(Notice::new("other-format", format!("OnTrac sent the label as {format}")));
    }
    let thermal = matches!(format, waybill_core::LabelFormat::Zpl | waybill_core::LabelFormat::Epl);
    let mut document = Document::new(DocumentKind::Label, format, bytes).for_parcel(0);
    if thermal {
        document.dpi = Some(203);
        document.size = order.label.size.or_else(|| Some(PageSize::four_by_six()));
    }
    Some(document)
}
