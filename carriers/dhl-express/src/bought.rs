//! The answer to a purchase.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rust_decimal::prelude::ToPrimitive;
use waybill_core::{
    Charge, Document, DocumentKind, Error, LabelFormat, LabelOrder, Money, Notice, Piece, Price, PriceKind,
    Purchase, Response, Result, Settlement, wire,
};

use crate::carrier::Account;
use crate::rate;
use crate::wire::shipment_answer::{DocumentAnswer, ShipmentAnswer, ShipmentCharge};
use crate::{error, parties, services, ship};

const WHAT: &str = "label purchase";

/// What was sold. A success that cannot be read leaves the outcome unknown: the label exists.
pub(crate) fn parse(account: &Account, order: &LabelOrder, response: Response) -> Result<Purchase> {
    let response = error::ok(response, WHAT)?;
    let answer: ShipmentAnswer = wire::parse_json(&response, WHAT)?;
    read(account, order, &answer).map_err(|error| error.with_words(wire::words_of(&response)))
}

fn read(account: &Account, order: &LabelOrder, answer: &ShipmentAnswer) -> Result<Purchase> {
    let Some(waybill) = &answer.shipment_tracking_number else {
        return Err(Error::malformed(format!("{WHAT}: the answer names no waybill")));
    };
    let (found, unread) = documents(account, order, answer)?;
    let purchase = Purchase {
        shipment_key: waybill.as_str().into(),
        pieces: pieces(order, waybill, answer)?,
        documents: found,
        prices: prices(&answer.shipment_charges),
        settlement: Settlement::BilledToAccount,
        delivery: answer.estimated_delivery_date.as_deref().and_then(rate::estimate),
        carrier_data: answer.dispatch_confirmation_number.clone(),
        warnings: rate::notices(&answer.warnings).into_iter().chain(unread).chain(remarks(order)).collect(),
    };
    if purchase.has_labels() {
        return Ok(purchase);
    }
    Err(Error::malformed(format!("{WHAT}: the answer holds no label for every piece")))
}

/// Parcel 0 goes by the waybill number, which is the one for customers; the further pieces have a number of their own
/// (`JD...`). Each piece lists its other number.
pub(crate) fn piece(parcel: usize, waybill: &str, own: Option<&str>) -> Option<Piece> {
    let index = u32::try_from(parcel).ok()?;
    let other = |name: &str, number: &str| (name.to_owned(), number.to_owned());
    if parcel == 0 {
        let other_numbers = own.map(|own| other("piece", own)).into_iter().collect();
        return Some(Piece { other_numbers, ..Piece::new(index, waybill) });
    }
    Some(Piece { other_numbers: vec![other("waybill", waybill)], ..Piece::new(index, own?) })
}

fn pieces(order: &LabelOrder, waybill: &str, answer: &ShipmentAnswer) -> Result<Vec<Piece>> {
    let numbered = answer.packages.iter().any(|package| package.reference_number.is_some());
    let own = |at: usize| {
        let by_reference = answer
            .packages
            .iter()
            .find(|package| package.reference_number.and_then(|number| number.to_usize()) == Some(at + 1));
        let package = if numbered { by_reference } else { answer.packages.get(at) };
        package.and_then(|package| package.tracking_number.as_deref())
    };
    let pieces: Option<Vec<Piece>> =
        (0..order.shipment.parcels.len()).map(|at| piece(at, waybill, own(at))).collect();
    pieces.ok_or_else(|| Error::malformed(format!("{WHAT}: the answer has no number for every piece")))
}

/// Labels and papers. DHL marks the archive copy as a second `label` when it feels like it. A label that cannot be read
/// is an error; another paper that cannot be read is a remark, because the label is sold and good.
fn documents(
    account: &Account,
    order: &LabelOrder,
    answer: &ShipmentAnswer,
) -> Result<(Vec<Document>, Vec<Notice>)> {
    let answers = &answer.documents;
    let kinds: Vec<DocumentKind> = answers.iter().map(|one| kind_of(one.type_code.as_deref())).collect();
    let labels = kinds.iter().filter(|kind| **kind == DocumentKind::Label).count();
    let archived = kinds.contains(&DocumentKind::Waybill);
    let single = order.shipment.parcels.len() == 1;
    let (mut labels_seen, mut found, mut remarks) = (0, Vec::new(), Vec::new());
    for (answer, mut kind) in answers.iter().zip(kinds) {
        if kind == DocumentKind::Label {
            labels_seen += 1;
            let unlinked = answer.package_reference_number.is_none();
            if labels_seen > 1 && labels_seen == labels && unlinked && !archived {
                kind = DocumentKind::Waybill;
            }
        }
        let Some(mut document) = readable(kind, answer, &mut remarks)? else { continue };
        let parcel = answer.package_reference_number.and_then(|number| number.to_u32()?.checked_sub(1));
        document.parcel = match document.kind {
            DocumentKind::Label if single => Some(0),
            _ => parcel,
        };
        if document.kind == DocumentKind::Label {
            document.dpi = (document.format != LabelFormat::Pdf).then_some(order.label.dpi.unwrap_or(203));
            document.size = services::page(&ship::template(account, order));
        }
        found.push(document);
    }
    for (at, package) in (0_u32..).zip(&answer.packages) {
        let number = package.reference_number.and_then(|number| number.to_u32()?.checked_sub(1));
        for answer in &package.documents {
            let document = readable(kind_of(answer.type_code.as_deref()), answer, &mut remarks)?;
            found.extend(document.map(|document| document.for_parcel(number.unwrap_or(at))));
        }
    }
    Ok((found, remarks))
}

fn readable(
    kind: DocumentKind,
    answer: &DocumentAnswer,
    remarks: &mut Vec<Notice>,
) -> Result<Option<Document>> {
    match decode(kind.clone(), answer) {
        Ok(document) => Ok(Some(document)),
        Err(error) if kind == DocumentKind::Label => Err(error),
        Err(_) => {
            let message = format!("DHL Express sent the document `{kind}` empty or broken");
            remarks.push(Notice::new("document-unreadable", message));
            Ok(None)
        }
    }
}

fn kind_of(code: Option<&str>) -> DocumentKind {
    match code.unwrap_or_default().to_ascii_lowercase().as_str() {
        "label" => DocumentKind::Label,
        "waybilldoc" | "waybill" => DocumentKind::Waybill,
        "invoice" | "commercial-invoice" => DocumentKind::CommercialInvoice,
        "shipmentreceipt" | "receipt" => DocumentKind::Receipt,
        "qr-code" => DocumentKind::QrCode,
        "pod" => DocumentKind::ProofOfDelivery,
        _ => DocumentKind::Other(code.unwrap_or("unnamed").to_owned()),
    }
}

fn decode(kind: DocumentKind, answer: &DocumentAnswer) -> Result<Document> {
    let bytes = content(answer.content.as_deref())?;
    Ok(Document::new(kind, format_of(answer.image_format.as_deref()), bytes))
}

/// A file in base64; thermal labels come in base64, too.
pub(crate) fn content(text: Option<&str>) -> Result<Bytes> {
    let packed: String = text.unwrap_or_default().chars().filter(|c| !c.is_ascii_whitespace()).collect();
    match STANDARD.decode(packed.as_bytes()) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes.into()),
        _ => Err(Error::malformed("a document in the answer is empty or not base64")),
    }
}

/// Our word for DHL's file format.
pub(crate) fn format_of(text: Option<&str>) -> LabelFormat {
    match text.unwrap_or("PDF").to_ascii_lowercase().as_str() {
        "lp2" | "epl2" => LabelFormat::Epl,
        "jpeg" => LabelFormat::Jpg,
        "tif" => LabelFormat::Tiff,
        other => LabelFormat::from(other),
    }
}

/// One price in several currencies, as in rates.
fn prices(charges: &[ShipmentCharge]) -> Vec<Price> {
    let total = |charge: &ShipmentCharge| {
        let currency = rate::currency(charge.price_currency.as_deref())?;
        Some(Money::new(charge.price.filter(|price| !price.is_zero())?, currency))
    };
    let named = charges.iter().find(|charge| rate::is(&charge.currency_type, "BILLC"));
    let billed = named.or_else(|| match charges {
        [only] if only.currency_type.is_none() => Some(only),
        _ => None,
    });
    let Some((billed, paid)) = billed.and_then(|charge| Some((charge, total(charge)?))) else {
        return Vec::new();
    };
    let mut price = Price::new(PriceKind::Account, paid);
    price.charges = billed
        .service_breakdown
        .iter()
        .filter_map(|line| {
            let amount = line.price.filter(|amount| !amount.is_zero())?;
            Some(Charge {
                kind: rate::charge_kind(line.type_code.as_deref()),
                code: line.type_code.clone(),
                text: line.name.clone().unwrap_or_default(),
                amount: Money::new(amount, paid.currency),
            })
        })
        .collect();
    let others = charges.iter().filter_map(total).filter(|other| other.currency != paid.currency);
    let mut all = vec![price];
    for other in others {
        if all.iter().all(|price| price.total.currency != other.currency) {
            all.push(Price::new(PriceKind::Converted, other));
        }
    }
    all
}

/// What the order wished and the message could not carry.
fn remarks(order: &LabelOrder) -> Vec<Notice> {
    let parties = [&order.shipment.from, &order.shipment.to];
    let unknown =
        parties.iter().flat_map(|party| &party.tax_ids).any(|id| parties::register(&id.kind).is_none());
    let abandon = order.shipment.customs.as_ref().is_some_and(|customs| {
        customs.non_delivery.as_ref().is_some_and(|wish| *wish != waybill_core::NonDelivery::Return)
    });
    let notice = |on: bool, code: &str, text: &str| on.then(|| Notice::new(code, text));
    [
        notice(
            unknown,
            "tax-id-not-sent",
            "DHL Express has no code for one of the tax numbers; it was not sent",
        ),
        notice(
            abandon,
            "non-delivery-not-sent",
            "DHL Express takes no instruction for parcels that cannot be delivered",
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}
