use serde_json::{Value, json};
use waybill_documents::{Barcode, Column, Symbology, Table};

use super::rate::{self, DAYS, Quote, Shipment};
use super::{Refusal, error, output, refuse};
use crate::http::Json as _;
use crate::paper::{Format, Record, base64, draw};
use crate::world::{decimal, json_number};
use crate::{Account, Cx, NewSale, Reply, Sale, Story};

/// More pieces than this are not answered at once.
const SYNCHRONOUS_PIECES: usize = 40;

/// All reference values, in order, once each.
pub(super) fn references(shipment: &Value) -> Vec<String> {
    let lines = shipment.list("/requestedPackageLineItems").into_iter();
    let mut found: Vec<String> = lines
        .flat_map(|line| line.list("/customerReferences"))
        .filter_map(|reference| reference.text("/value"))
        .collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|value| seen.insert(value.clone()));
    found
}

pub(super) fn validate(cx: &Cx, account: &Account, body: &Value) -> Reply {
    match order(cx, account, body) {
        Ok(_) => output(json!({"alerts": [{
            "code": "SHIPMENT.VALIDATION.SUCCESS", "alertType": "NOTE",
            "message": "Shipment validated successfully. No errors found.",
        }]})),
        Err(refusal) => refuse(refusal),
    }
}

pub(super) fn buy(cx: &Cx, account: &Account, body: &Value) -> Reply {
    let (shipment, quote, format) = match order(cx, account, body) {
        Ok(order) => order,
        Err(refusal) => return refuse(refusal),
    };
    let late = shipment.pieces.len() > SYNCHRONOUS_PIECES;
    if late && body.text("/processingOptionType").as_deref() != Some("ALLOW_ASYNCHRONOUS") {
        return error(400, "TOTALPACKAGECOUNT.EXCEEDED", "Too many packages for a synchronous shipment.");
    }
    let sale = sell(cx, account, body, &shipment, &quote, format);
    if late {
        let job = format!("job-{:08}", cx.ledger().next_serial("fedex-job"));
        cx.remember(&format!("job {job}"), &sale.shipment);
        return output(json!({"jobId": job}));
    }
    output(json!({"transactionShipments": [shown(&sale)]}))
}

pub(super) fn results(cx: &Cx, account: &Account, body: &Value) -> Reply {
    let job = body.text("/jobId").unwrap_or_default();
    let sale = cx.recall(&format!("job {job}")).and_then(|number| cx.ledger().by_number("fedex", &number));
    match sale.filter(|sale| sale.account == account.number) {
        Some(sale) => output(json!({"transactionShipments": [shown(&sale)]})),
        None => error(400, "TRACKINGNUMBER.ENTERED.INVALID", "The job id is unknown."),
    }
}

fn order(cx: &Cx, account: &Account, body: &Value) -> Result<(Shipment, Quote, Format), Refusal> {
    let refused = |code, text: &str| Err((400, code, text.to_owned()));
    if body.text("/accountNumber/value").as_deref() != Some(account.number) {
        return refused(
            "SHIPMENT.ACCOUNTNUMBER.UNAUTHORIZED",
            "The account number is not authorized for this project.",
        );
    }
    if !matches!(body.text("/labelResponseOptions").as_deref(), Some("LABEL" | "URL_ONLY")) {
        return refused("LABELRESPONSEOPTIONS.INVALID", "Label response options are missing or invalid.");
    }
    let asked = &body["requestedShipment"];
    if asked.list("/recipients").len() != 1 {
        return refused("RECIPIENTS.REQUIRED", "Exactly one recipient is required.");
    }
    let shipment = rate::shipment(cx, body, "/recipients/0")?;
    for (party, which) in [(&asked["shipper"], "SHIPPER"), (&asked["recipients"][0], "RECIPIENT")] {
        check_party(party, which)?;
    }
    let payer = asked.text("/shippingChargesPayment/payor/responsibleParty/accountNumber/value");
    match asked.text("/shippingChargesPayment/paymentType").as_deref() {
        Some("SENDER") if payer.is_some_and(|payer| payer != account.number) => {
            return refused("ACCOUNT.NUMBER.MISMATCH", "Account number mismatch with the payor.");
        }
        Some("SENDER" | "RECIPIENT" | "THIRD_PARTY" | "COLLECT") => {}
        _ => {
            return refused(
                "SHIPPINGCHARGESPAYMENT.PAYMENTTYPE.INVALID",
                "The payment type is missing or invalid.",
            );
        }
    }
    let format = label_format(asked)?;
    if !shipment.is_domestic() && asked.list("/customsClearanceDetail/commodities").is_empty() {
        return refused("COMMODITIES.REQUIRED", "Commodities are required for an international shipment.");
    }
    let too_long = |reference: &String| reference.chars().count() > 40;
    if references(asked).iter().any(too_long) {
        return refused(
            "CUSTOMERREFERENCE.VALUE.TOOLONG",
            "A customer reference is longer than 40 characters.",
        );
    }
    let attached = asked.list("/shipmentSpecialServices/etdDetail/attachedDocuments");
    let unknown = |document: &&Value| {
        let id = document.text("/documentId").unwrap_or_default();
        cx.recall(&format!("document {id}")).is_none()
    };
    if attached.iter().any(unknown) {
        return refused("DOCUMENTID.INVALID", "A trade document is unknown.");
    }
    let code = asked.text("/serviceType").unwrap_or_default();
    let service = rate::service(&code).ok_or((
        400,
        "SERVICETYPE.NOTSUPPORTED",
        "The service type is not supported.".to_owned(),
    ))?;
    let quote = rate::quote(service, &shipment, account.discount, shipment.saturday);
    let quote = quote.ok_or((
        400,
        "SERVICE.PACKAGECOMBINATION.INVALID",
        "Invalid service and packaging combination.".to_owned(),
    ))?;
    Ok((shipment, quote, format))
}

fn check_party(party: &Value, which: &'static str) -> Result<(), Refusal> {
    let bad = |what: &str| {
        Err((400, "INVALID.INPUT.EXCEPTION", format!("Invalid field value in the input: {which} {what}")))
    };
    let lines = party.list("/address/streetLines");
    if lines.is_empty() || lines.iter().any(|line| line.text("").is_none()) {
        return bad("streetLines");
    }
    if party.text("/address/city").is_none() {
        return bad("city");
    }
    if party.text("/contact/personName").is_none() && party.text("/contact/companyName").is_none() {
        return bad("personName or companyName");
    }
    let digits =
        party.text("/contact/phoneNumber").unwrap_or_default().chars().filter(char::is_ascii_digit).count();
    if !(10..=15).contains(&digits) {
        return bad("phoneNumber");
    }
    Ok(())
}

fn label_format(asked: &Value) -> Result<Format, Refusal> {
    let label = &asked["labelSpecification"];
    let stock = label.text("/labelStockType").unwrap_or_default();
    let image = label.text("/imageType").unwrap_or_default();
    let thermal = stock.starts_with("STOCK_");
    match image.as_str() {
        "PDF" if !thermal => Ok(Format::Pdf),
        "PNG" if !thermal => Ok(Format::Png),
        "ZPLII" if thermal && label.text("/resolution").as_deref() == Some("300") => Ok(Format::Zpl300),
        "ZPLII" if thermal => Ok(Format::Zpl203),
        "EPL2" if thermal => Ok(Format::Epl),
        _ => Err((
            400,
            "LABEL.IMAGETYPE.STOCKTYPE.INVALID",
            "The label image type does not go with the stock type.".into(),
        )),
    }
}

fn sell(
    cx: &Cx,
    account: &Account,
    body: &Value,
    shipment: &Shipment,
    quote: &Quote,
    format: Format,
) -> Sale {
    let asked = &body["requestedShipment"];
    let ground = rate::carrier_code(quote.service.code) != "FDXE";
    let tracking: Vec<String> = shipment.pieces.iter().map(|_| number(cx, ground)).collect();
    let references = references(asked);
    let words = [shipment.destination.name.as_str()].into_iter().chain(references.iter().map(String::as_str));
    let image = match format {
        Format::Png => "PNG",
        Format::Zpl203 | Format::Zpl300 => "ZPLII",
        Format::Epl => "EPL2",
        _ => "PDF",
    };
    let record = Record {
        origin: shipment.origin.clone(),
        destination: shipment.destination.clone(),
        service_name: quote.service.name.to_owned(),
        days: quote.days,
        story: Story::asked_for(words),
        pieces: shipment.pieces.iter().map(|piece| piece.printed.clone()).collect(),
        notes: references.iter().map(|value| format!("REF: {value}")).collect(),
        customs: commodities(asked),
        format: image.to_owned(),
        extra: json!({
            "date": shipment.date, "delivery": quote.delivery, "list": quote.list, "own": quote.own,
            "surcharges": quote.surcharges, "discount": quote.discount,
            "fine": format == Format::Zpl300,
            "url_only": body.text("/labelResponseOptions").as_deref() == Some("URL_ONLY"),
            "invoice": !shipment.is_domestic() && asked.list("/shippingDocumentSpecification/shippingDocumentTypes").iter()
                .any(|kind| kind.text("").as_deref() == Some("COMMERCIAL_INVOICE")),
            "payer": asked.text("/shippingChargesPayment/paymentType"),
        }),
    };
    cx.sell(NewSale {
        carrier: "fedex".into(),
        account: account.number.into(),
        handle: references.first().cloned(),
        references,
        shipment: tracking[0].clone(),
        tracking,
        amount: decimal(if account.discount > 0 { quote.own } else { quote.list }),
        currency: "USD".into(),
        service: quote.service.code.into(),
        detail: record.text(),
    })
}

fn commodities(asked: &Value) -> Vec<Vec<String>> {
    let commodities = asked.list("/customsClearanceDetail/commodities");
    let line = |goods: &&Value| {
        let text = |pointer| goods.text(pointer).unwrap_or_default();
        vec![
            text("/description"),
            text("/quantity"),
            format!("{} {}", text("/weight/value"), text("/weight/units")),
            format!("{} {}", text("/customsValue/amount"), text("/customsValue/currency")),
            text("/harmonizedCode"),
            text("/countryOfManufacture"),
        ]
    };
    commodities.iter().map(line).collect()
}

/// Twelve digits for Express, fifteen for Ground, each with its check digit.
fn number(cx: &Cx, ground: bool) -> String {
    if ground {
        let body = format!("{:014}", 39_000_000_000_000 + cx.ledger().next_serial("fedex-ground"));
        let check = ground_check(&body);
        return format!("{body}{check}");
    }
    let body = format!("{:011}", 79_400_000_000 + cx.ledger().next_serial("fedex-express"));
    let check = express_check(&body);
    format!("{body}{check}")
}

fn digits(body: &str) -> impl Iterator<Item = u32> + '_ {
    body.chars().filter_map(|c| c.to_digit(10))
}

/// Weights 3, 1, 7 in turn; remainder by 11, then by 10.
pub(super) fn express_check(body: &str) -> u32 {
    digits(body).zip([3, 1, 7].iter().cycle()).map(|(digit, weight)| digit * weight).sum::<u32>() % 11 % 10
}

/// Second, fourth ... digit three times; what is missing to a full ten.
pub(super) fn ground_check(body: &str) -> u32 {
    (10 - digits(body).enumerate().map(|(at, digit)| digit * if at % 2 == 1 { 3 } else { 1 }).sum::<u32>()
        % 10)
        % 10
}

fn document(sale: &Sale, record: &Record, number: &str, at: usize) -> Value {
    let label = record.label("FedEx", number, at, Symbology::Code128, number);
    let format = match (record.format.as_str(), record.extra["fine"] == json!(true)) {
        ("PNG", _) => Format::Png,
        ("ZPLII", true) => Format::Zpl300,
        ("ZPLII", false) => Format::Zpl203,
        ("EPL2", _) => Format::Epl,
        _ => Format::Pdf,
    };
    let mut document = json!({"contentType": "LABEL", "docType": record.format, "copiesToPrint": 1});
    if record.extra["url_only"] == json!(true) {
        document["url"] = json!(format!("https://sandbox.invalid/label/{}/{number}", sale.shipment));
    } else {
        document["encodedLabel"] = json!(base64(&draw(&label, format)));
    }
    document
}

/// The shipment as Ship answers it.
fn shown(sale: &Sale) -> Value {
    let record = Record::of(sale);
    let extra = &record.extra;
    let total = json_number(extra["own"].as_i64().unwrap_or(0));
    let pieces = sale.tracking.iter().enumerate().map(|(at, number)| {
        let references: Vec<Value> = sale
            .references
            .iter()
            .map(|value| json!({"customerReferenceType": "CUSTOMER_REFERENCE", "value": value}))
            .collect();
        json!({
            "packageSequenceNumber": at + 1, "trackingNumber": number, "masterTrackingNumber": sale.shipment,
            "acceptanceTrackingNumber": sale.shipment, "trackingIdType": "FEDEX",
            "deliveryDatestamp": extra["delivery"], "currency": "USD",
            // Recorded answers repeat the shipment's total on every piece.
            "netRateAmount": total, "baseRateAmount": total, "netChargeAmount": 0.0,
            "packageDocuments": [document(sale, &record, number, at)],
            "customerReferences": references,
        })
    });
    let mut shipment = json!({
        "masterTrackingNumber": sale.shipment, "serviceType": sale.service, "serviceName": record.service_name,
        "shipDatestamp": extra["date"],
        "serviceCategory": if rate::carrier_code(&sale.service) == "FDXE" { "EXPRESS" } else { "GROUND" },
        "pieceResponses": pieces.collect::<Vec<_>>(),
        "alerts": [{"code": "VIRTUAL.RESPONSE", "message": "This is a Virtual Response.", "alertType": "NOTE"}],
        "completedShipmentDetail": {
            "usDomestic": record.origin.is_us() && record.destination.is_us(),
            "carrierCode": rate::carrier_code(&sale.service),
            "masterTrackingId": {"trackingIdType": "FEDEX", "formId": "", "trackingNumber": sale.shipment},
            "operationalDetail": {
                "transitTime": DAYS.get(usize::try_from(record.days).unwrap_or(0)),
                "deliveryDate": extra["delivery"],
            },
        },
    });
    // Who does not pay is not told the price.
    if extra["payer"] == json!("SENDER") {
        shipment["completedShipmentDetail"]["shipmentRating"] = rating(extra);
    }
    if extra["invoice"] == json!(true) {
        shipment["shipmentDocuments"] = json!([{
            "contentType": "COMMERCIAL_INVOICE", "docType": "PDF", "copiesToPrint": 1,
            "encodedLabel": base64(&invoice(sale, &record)),
        }]);
    }
    shipment
}

fn rating(extra: &Value) -> Value {
    let cents = |name: &str| extra[name].as_i64().unwrap_or(0);
    let surcharges: Vec<Value> = extra
        .list("/surcharges")
        .into_iter()
        .map(|charge| {
            let amount = json_number(charge[2].as_i64().unwrap_or(0));
            json!({"surchargeType": charge[0], "description": charge[1], "amount": amount})
        })
        .collect();
    let detail = |kind: &str, total: i64| {
        json!({"rateType": kind, "totalNetCharge": json_number(total), "totalNetFedExCharge": json_number(total),
            "surcharges": surcharges, "currency": "USD"})
    };
    json!({
        "actualRateType": "PAYOR_ACCOUNT_SHIPMENT",
        "shipmentRateDetails": [
            detail("PAYOR_ACCOUNT_SHIPMENT", cents("own")),
            detail("PAYOR_LIST_SHIPMENT", cents("list")),
        ],
    })
}

fn invoice(sale: &Sale, record: &Record) -> Vec<u8> {
    let columns = [
        ("Description", 2900),
        ("Qty", 600),
        ("Weight", 1000),
        ("Value", 1300),
        ("HS code", 1000),
        ("Origin", 700),
    ];
    let table = Table {
        title: "Commercial invoice".into(),
        notes: [record.origin.printed(), vec![String::new()], record.destination.printed()].concat(),
        barcode: Some(Barcode::new(Symbology::Code128, &sale.shipment)),
        columns: columns.iter().map(|(title, width)| Column::new(*title, *width)).collect(),
        rows: record.customs.clone(),
        sample: true,
    };
    table.to_pdf().unwrap_or_default()
}

pub(super) fn cancel(cx: &Cx, account: &Account, body: &Value) -> Reply {
    if body.text("/accountNumber/value").as_deref() != Some(account.number) {
        return error(
            400,
            "SHIPMENT.USER.UNAUTHORIZED",
            "Requested user is not authorized to perform the operation.",
        );
    }
    let number = body.text("/trackingNumber").unwrap_or_default();
    let sale = cx.ledger().by_number("fedex", &number).filter(|sale| sale.account == account.number);
    let Some(sale) = sale else {
        return error(
            404,
            "TRACKING.TRACKINGNUMBER.NOTFOUND",
            "Tracking number cannot be found. Please correct the tracking number and try again.",
        );
    };
    if !sale.is_live() {
        if cx.quirk("cancel-8159") {
            let alert = json!({"code": "8159", "alertType": "WARNING", "message": "Shipment Delete was requested for a tracking number already in a deleted state."});
            return output(json!({"cancelledShipment": false, "cancelledHistory": false, "alerts": [alert]}));
        }
        return error(400, "SHIPMENT.ALREADY.CANCELLED", "The shipment has already been cancelled.");
    }
    let closed = cx.recall(&format!("closed {}", sale.shipment)).is_some();
    if closed || Record::of(&sale).plan(cx, &sale, &sale.shipment).is_tendered(cx.now()) {
        return error(400, "SHIPMENT.ALREADY.TENDERED", "The shipment has already been tendered to FedEx.");
    }
    cx.ledger().void(sale.seq, &[], cx.now());
    output(json!({"cancelledShipment": true, "cancelledHistory": true, "successMessage": "Success"}))
}

#[cfg(test)]
mod tests {
    use super::{express_check, ground_check};

    #[test]
    fn check_digits_agree_with_published_numbers() {
        assert_eq!(ground_check("12281621502581"), 0);
        assert_eq!(ground_check("44904430413782"), 1);
        assert_eq!(express_check("56883841494"), 1);
        assert_eq!(express_check("79780667714"), 6);
    }
}
