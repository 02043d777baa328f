//! Buying, and the answers that sell a label: JSON in two shapes, or multipart.

use async_trait::async_trait;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use bytes::Bytes;
use rust_decimal::Decimal;
use waybill_core::lenient::owned;
use waybill_core::{
    Charge, ChargeKind, Cx, Document, DocumentKind, Error, Label, LabelFormat, LabelKey, LabelOrder,
    LabelSpec, Notice, Piece, Price, PriceKind, Purchase, RecoverRequest, Recovery, ReprintReply,
    ReprintRequest, Response, Result, Settlement, ShipmentKey, SpendPermit, VoidOutcome, wire,
};

use crate::carrier::Usps;
use crate::config::{AccountType, Config, Prices};
use crate::error::refusal;
use crate::extras::charge_kind;
use crate::multipart;
use crate::rate_rows::{asked_price_type, dollars, fee_kind, notice, promise};
use crate::ship::{Lane, Plan};
use crate::wire::label_answer::{BoughtExtra, Embedded, JsonAnswer, Metadata, PrepaidDuties};

const WHAT: &str = "USPS label";

#[async_trait]
impl Label for Usps {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let plan = Plan::new(self, order)?;
        let response = self.spend(cx, permit, Some(plan.lane.roles()), || plan.request()).await?;
        purchase(&response, &order.label, plan.lane, &self.config)
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        self.void_label(cx, key).await
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        self.recover_sale(cx, request).await
    }

    async fn reprint(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        self.reprint_label(cx, request).await
    }
}

/// Reads the answer to a purchase or a reprint.
pub(crate) fn purchase(
    response: &Response,
    label: &LabelSpec,
    lane: Lane,
    config: &Config,
) -> Result<Purchase> {
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let Sold { metadata, image } = sold(response, lane)?;
    let Some(number) =
        metadata.tracking_number.clone().or_else(|| metadata.international_tracking_number.clone())
    else {
        return Err(unreadable(response, "there is no tracking number in it"));
    };
    let price = price(&metadata, config);
    let mut piece = Piece::new(0, number.as_str());
    piece.charged = price.as_ref().map(|price| price.total);
    let receipt = metadata.return_receipt_tracking_number.clone();
    piece.other_numbers.extend(receipt.map(|number| ("return_receipt".to_owned(), number)));
    let mut warnings: Vec<Notice> =
        metadata.extra_services.iter().flat_map(|extra| &extra.warnings).filter_map(notice).collect();
    if price.is_none() {
        warnings.push(Notice::new("no-postage", "USPS did not state the postage of this label"));
    }
    let document = document(label, image);
    if document.format != label.format {
        warnings.push(Notice::new("other-format", format!("USPS sent the label as {}", document.format)));
    }
    Ok(Purchase {
        shipment_key: ShipmentKey::new(number),
        pieces: vec![piece],
        documents: vec![document],
        prices: price.into_iter().collect(),
        settlement: settlement(config),
        delivery: metadata.commitment.as_ref().and_then(|commitment| promise(commitment).delivery),
        carrier_data: Some(lane.as_str().to_owned()),
        warnings,
    })
}

fn unreadable(response: &Response, why: &str) -> Error {
    Error::malformed(format!("{WHAT}: the answer cannot be read: {why}")).with_words(wire::words_of(response))
}

/// EPS is debited when the label is made; permits, meters and official mail are billed.
fn settlement(config: &Config) -> Settlement {
    match config.payment.as_ref().map(|payment| payment.account_type) {
        None | Some(AccountType::Eps) => Settlement::Charged,
        Some(_) => Settlement::BilledToAccount,
    }
}

/// The label as a document, in the format that its bytes show.
pub(crate) fn document(label: &LabelSpec, image: Bytes) -> Document {
    let format = sniff(&image).unwrap_or_else(|| label.format.clone());
    let mut document = Document::new(DocumentKind::Label, format, image).for_parcel(0);
    document.dpi = match document.format {
        LabelFormat::Zpl => label.dpi.or(Some(203)),
        LabelFormat::Epl => Some(300),
        _ => label.dpi,
    };
    document.size = label.size.or_else(|| Some(waybill_core::PageSize::four_by_six()));
    document
}

struct Sold {
    metadata: Metadata,
    image: Bytes,
}

fn sold(response: &Response, lane: Lane) -> Result<Sold> {
    let content_type =
        response.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (metadata, image) = if multipart::is_multipart(content_type, response.body()) {
        of_multipart(response, content_type, lane)?
    } else {
        of_json(wire::parse_json(response, WHAT)?, lane)
    };
    let Some(image) = image.filter(|image| !image.is_empty()) else {
        return Err(unreadable(response, "there is no label in it"));
    };
    let image = decode(&image).ok_or_else(|| unreadable(response, "the label is not base64"))?;
    Ok(Sold { metadata, image })
}

/// An answer holds an outbound label, a return label, or both; which one was bought says the lane.
fn of_json(answer: JsonAnswer, lane: Lane) -> (Metadata, Option<Vec<u8>>) {
    let outbound = answer.label_metadata.and_then(Embedded::read);
    let back = answer.return_label_metadata.and_then(Embedded::read);
    let (metadata, image) = if lane == Lane::Return {
        (back.or(outbound), answer.return_label_image.or(answer.label_image))
    } else {
        (outbound, answer.label_image)
    };
    // Prepaid duties stand beside the metadata.
    let metadata = match metadata {
        Some(metadata) if metadata.prepaid_duties_taxes_fees.is_some() => metadata,
        Some(metadata) => {
            Metadata { prepaid_duties_taxes_fees: answer.top.prepaid_duties_taxes_fees, ..metadata }
        }
        None => answer.top,
    };
    (metadata, image.map(String::into_bytes))
}

/// Parts by their names, else the first JSON and the first that is no JSON.
fn of_multipart(
    response: &Response,
    content_type: Option<&str>,
    lane: Lane,
) -> Result<(Metadata, Option<Vec<u8>>)> {
    let parts = multipart::read(content_type, response.body())
        .map_err(|problem| unreadable(response, &problem.to_string()))?;
    let (metadata_names, image_names): (&[&str], &[&str]) = if lane == Lane::Return {
        (&["returnLabelMetadata", "labelMetadata"], &["returnLabelImage", "labelImage"])
    } else {
        (&["labelMetadata"], &["labelImage"])
    };
    let named = |names: &[&str]| names.iter().find_map(|name| parts.iter().find(|part| part.is(name)));
    let metadata = named(metadata_names).or_else(|| parts.iter().find(|part| part.is_json()));
    let Some(metadata) = metadata else { return Err(unreadable(response, "there are no metadata in it")) };
    let answer: JsonAnswer =
        metadata.json().ok_or_else(|| unreadable(response, "the metadata are no JSON"))?;
    let image = named(image_names).or_else(|| parts.iter().find(|part| !part.is_json()));
    let (mut metadata, inside) = of_json(answer, lane);
    if metadata.prepaid_duties_taxes_fees.is_none() {
        metadata.prepaid_duties_taxes_fees =
            named(&["prepaidDutiesTaxesFees"]).and_then(|part| part.json::<PrepaidDuties>());
    }
    Ok((metadata, image.map(|part| part.body.to_vec()).or(inside)))
}

/// Images are base64 text, with line breaks or without, sometimes as a data URI; a file that came as it is stays so.
pub(crate) fn decode(text: &[u8]) -> Option<Bytes> {
    if sniff(text).is_some() {
        return Some(Bytes::copy_from_slice(text));
    }
    let text = multipart::without_mark(text).trim_ascii();
    let text = match text.strip_prefix(b"data:") {
        Some(rest) => rest.get(rest.iter().position(|byte| *byte == b',')? + 1..)?,
        None => text,
    };
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let compact: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    BASE64.decode(compact).ok().filter(|bytes| !bytes.is_empty()).map(Bytes::from)
}

/// With the padding at the end or without it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Kind of file by its first bytes.
fn sniff(bytes: &[u8]) -> Option<LabelFormat> {
    let start = bytes.trim_ascii_start();
    let rows: [(&[u8], LabelFormat); 11] = [
        (b"%PDF", LabelFormat::Pdf),
        (b"N\n", LabelFormat::Epl),
        (b"N\r\n", LabelFormat::Epl),
        (b"^XA", LabelFormat::Zpl),
        (b"~DG", LabelFormat::Zpl),
        (b"CT~~CD", LabelFormat::Zpl),
        (b"\x89PNG", LabelFormat::Png),
        (b"GIF8", LabelFormat::Gif),
        (b"\xff\xd8\xff", LabelFormat::Jpg),
        (b"II*\0", LabelFormat::Tiff),
        (b"MM\0*", LabelFormat::Tiff),
    ];
    rows.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|row| row.1)
}

/// Charged: postage, extra services and fees; the postage alone is without both.
fn price(metadata: &Metadata, config: &Config) -> Option<Price> {
    let postage = metadata.postage?;
    let mut charges = vec![Charge {
        kind: ChargeKind::Base,
        code: metadata.sku.clone(),
        text: "Postage".to_owned(),
        amount: dollars(postage),
    }];
    for extra in &metadata.extra_services {
        charges.extend(extra.price.map(|price| extra_charge(extra, price)));
    }
    for fee in &metadata.fees {
        let name = fee.name.as_deref().unwrap_or("Fee");
        charges.extend(fee.price.map(|price| Charge {
            kind: fee_kind(name),
            code: owned(fee.sku.as_ref()),
            text: name.to_owned(),
            amount: dollars(price),
        }));
    }
    let total =
        charges.iter().try_fold(Decimal::ZERO, |sum, charge| sum.checked_add(charge.amount.amount))?;
    if total <= Decimal::ZERO {
        return None;
    }
    let published = metadata
        .extra_services
        .iter()
        .flat_map(|extra| &extra.warnings)
        .any(|warning| warning.warning_code.as_deref() == Some("001"));
    let kind = match config.prices {
        Prices::Contract if !published => PriceKind::Contract,
        _ => PriceKind::Commercial,
    };
    Some(Price {
        base: Some(dollars(postage)),
        duties: metadata.prepaid_duties_taxes_fees.as_ref().and_then(prepaid).map(dollars),
        charges,
        list_name: Some(asked_price_type(config).to_owned()),
        ..Price::new(kind, dollars(total))
    })
}

/// International answers name the code; domestic ones only name and stock number.
fn extra_charge(extra: &BoughtExtra, price: Decimal) -> Charge {
    let name = extra.name.clone().or_else(|| extra.service_name.clone());
    let kind = match (&extra.service_id, name.as_deref().map(str::to_ascii_lowercase)) {
        (Some(code), _) => charge_kind(code),
        (None, Some(name)) if name.contains("insurance") => ChargeKind::Insurance,
        (None, Some(name)) if name.contains("signature") => ChargeKind::Signature,
        (None, Some(name)) if name.contains("sunday") => ChargeKind::Weekend,
        (None, Some(name)) if name.contains("hazmat") || name.contains("hazardous") => ChargeKind::Dangerous,
        _ => ChargeKind::Other("extra_service".to_owned()),
    };
    let text = name.unwrap_or_else(|| "Extra service".to_owned());
    Charge {
        kind,
        code: [&extra.service_id, &extra.sku, &extra.international_sku].into_iter().flatten().next().cloned(),
        text,
        amount: dollars(price),
    }
}

fn prepaid(duties: &PrepaidDuties) -> Option<Decimal> {
    let parts = duties.item_costs.iter().flat_map(|item| [item.duty_price, item.tax_price]);
    let sum = parts.chain([duties.package_fee]).flatten().try_fold(Decimal::ZERO, Decimal::checked_add)?;
    (sum > Decimal::ZERO).then_some(sum)
}
