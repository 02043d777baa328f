use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::TimeDelta;
use serde_json::{Value, json};
use waybill_documents::Symbology;

use super::price::{self, Destination, Parcel, Price};
use super::{Refusal, crid, error, mid, multipart, refuse};
use crate::http::Json as _;
use crate::paper::{Format, Record, base64, draw};
use crate::world::{self, Place, decimal, json_number};
use crate::{Account, Cx, NewSale, Reply, Request, Sale, Story};

pub(super) const API: &str = "/labels/v3";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Domestic,
    Return,
    International,
}

/// Payment authorizations hold for eight hours.
const AUTHORIZATION_HOURS: i64 = 8;

pub(super) fn authorize(cx: &Cx, account: &Account, request: &Request) -> Reply {
    let body = request.json().unwrap_or(Value::Null);
    let roles = body.list("/roles");
    let role = |name: &str| roles.iter().find(|role| role.text("/roleName").as_deref() == Some(name));
    let own = |role: &Value| {
        role.text("/CRID").as_deref() == Some(crid(account))
            && role.text("/MID").is_none_or(|found| found == mid(account))
    };
    let (payer, owner) = (role("PAYER"), role("LABEL_OWNER"));
    let paid =
        payer.is_some_and(|role| own(role) && role.text("/accountNumber").as_deref() == Some(account.number));
    if !paid || !owner.is_some_and(|role| own(role)) {
        return Reply::json(
            400,
            &json!({"body": "CRID isn't enrolled in USPS Ship Outbound", "roles": roles}),
        );
    }
    let token = format!("sandbox-payment-{}", cx.ledger().next_serial("usps-payment"));
    let contract = role("RATE_HOLDER").is_some();
    let until = cx.now() + TimeDelta::hours(AUTHORIZATION_HOURS);
    let note = json!({"account": account.number, "contract": contract, "until": until.timestamp()});
    cx.remember(&format!("payment {token}"), note.to_string());
    Reply::json(200, &json!({"paymentAuthorizationToken": token, "roles": roles}))
}

pub(super) fn payment_account(account: &Account, request: &Request, number: &str) -> Reply {
    if number != account.number {
        return error("/payments/v3", 400, "100001", "The account is not active or not known.");
    }
    let mut answer = json!({"accountType": "EPS", "accountNumber": number, "nonProfitStatus": false});
    if request.query("amount").is_some() {
        answer["sufficientFunds"] = json!(true);
    }
    Reply::json(200, &answer)
}

/// The authorization of a request: whether it pays contract prices. Nothing when there is none.
pub(super) fn authorization(cx: &Cx, account: &Account, request: &Request) -> Option<bool> {
    let token = request.header("x-payment-authorization-token")?;
    let note: Value = serde_json::from_str(&cx.recall(&format!("payment {token}"))?).ok()?;
    let valid = note["account"] == account.number && note["until"].as_i64()? > cx.now().timestamp();
    valid.then(|| note["contract"] == true)
}

pub(super) fn unauthorized() -> Reply {
    error(API, 401, "", "The payment authorization token is missing or invalid.")
}

pub(super) fn references(body: &Value) -> Vec<String> {
    let found = body.list("/packageDescription/customerReference");
    found.iter().filter_map(|reference| reference.text("/referenceNumber")).collect()
}

pub(super) fn buy(cx: &Cx, account: &Account, request: &Request, kind: Kind) -> Reply {
    let Some(contract) = authorization(cx, account, request) else { return unauthorized() };
    let Some(body) = request.json() else {
        return error(API, 400, "", "OASValidation failed: the body is not JSON");
    };
    let key = request.header("x-idempotency-key").map(str::to_owned);
    let mut hasher = DefaultHasher::new();
    request.body.hash(&mut hasher);
    let fingerprint = format!("{:016x}", hasher.finish());
    if let Some(key) = &key
        && !cx.quirk("reused-key-buys-again")
        && let Some(sale) =
            cx.ledger().by_reference("usps", key).into_iter().find(|sale| sale.account == account.number)
    {
        if Record::of(&sale).extra["fingerprint"] != fingerprint.as_str() {
            return error(API, 400, "160410", "The idempotency key was used with another payload.");
        }
        return answer(request, kind, &sale);
    }
    match sell(cx, account, &body, kind, contract, (key, fingerprint)) {
        Ok(sale) => answer(request, kind, &sale),
        Err(refusal) => refuse(API, refusal),
    }
}

fn sell(
    cx: &Cx,
    account: &Account,
    body: &Value,
    kind: Kind,
    contract: bool,
    key: (Option<String>, String),
) -> Result<Sale, Refusal> {
    let (key, fingerprint) = key;
    if key.as_ref().is_some_and(|key| !is_uuid(key)) {
        return Err((400, "160411", "X-Idempotency-Key must be a UUID.".into()));
    }
    let format = image_type(body, kind)?;
    let origin = place(&body["fromAddress"], "fromAddress", true)?;
    let destination = place(&body["toAddress"], "toAddress", kind != Kind::International)?;
    let (parcel, price) = priced(cx, account, body, kind, contract, (&origin, &destination))?;
    check_customs(body, kind, &destination)?;
    let number = match kind {
        Kind::International => s10(cx, price.row.class),
        _ => impb(cx, account, price.row.class),
    };
    let references = references(body);
    let words = [destination.name.as_str()].into_iter().chain(references.iter().map(String::as_str));
    let story = Story::asked_for(words);
    let record = Record {
        service_name: price.row.name.to_uppercase(),
        days: price.days,
        story,
        pieces: vec![format!("{} LB", parcel.pounds)],
        notes: references.iter().map(|value| format!("REF: {value}")).collect(),
        customs: customs(body),
        format,
        extra: extra(body, &parcel, &price, &fingerprint, kind),
        origin,
        destination,
    };
    Ok(cx.sell(NewSale {
        carrier: "usps".into(),
        account: account.number.into(),
        handle: key,
        references,
        shipment: number.clone(),
        tracking: vec![number],
        amount: decimal(price.total()),
        currency: "USD".into(),
        service: price.row.class.into(),
        detail: record.text(),
    }))
}

fn priced(
    cx: &Cx,
    account: &Account,
    body: &Value,
    kind: Kind,
    contract: bool,
    ends: (&Place, &Place),
) -> Result<(Parcel, Price), Refusal> {
    let size = &body["packageDescription"];
    let (origin, destination) = ends;
    let lane = json!({
        "originZIPCode": origin.postal, "destinationZIPCode": destination.postal,
        "destinationCountryCode": destination.country,
        "priceType": if contract { "CONTRACT" } else { "COMMERCIAL" },
    });
    let date: Option<chrono::NaiveDate> =
        size.text("/mailingDate").and_then(|date| date.get(..10)?.parse().ok());
    let today = cx.now().date_naive();
    // A return label has no mailing date: nobody knows when it will be used.
    let date = if kind == Kind::Return { Some(date.unwrap_or(today)) } else { date };
    // Midnight comes later in the West: yesterday in UTC may be today at the origin.
    if date.is_none_or(|date| date < today - TimeDelta::days(1) || date > today + TimeDelta::days(45)) {
        return Err((400, "160001", "The mailing date is missing, in the past or too far ahead.".into()));
    }
    let mut size = size.clone();
    size["mailingDate"] = json!(date.unwrap_or(today).max(today).to_string());
    let parcel = price::parcel(cx, account, &lane, &size, kind == Kind::International)?;
    let (class, indicator) = (size.text("/mailClass").unwrap_or_default(), size.text("/rateIndicator"));
    let row = price::rows(&parcel, kind == Kind::Return)
        .iter()
        .find(|row| row.class == class && indicator.as_deref().is_none_or(|wanted| wanted == row.indicator));
    let unsupported =
        || (400, "160054", "Shipping is not supported for the given package options.".to_owned());
    let price = price::price(row.ok_or_else(unsupported)?, &parcel).map_err(|_| unsupported())?;
    if size.text("/processingCategory").is_none_or(|category| category != price.category) {
        return Err(unsupported());
    }
    Ok((parcel, price))
}

fn extra(body: &Value, parcel: &Parcel, price: &Price, fingerprint: &str, kind: Kind) -> Value {
    let charges = |list: &[(&str, &str, i64)]| -> Vec<Value> {
        list.iter().map(|(code, name, cents)| json!([code, name, cents])).collect()
    };
    json!({
        "kind": if kind == Kind::Return { "return" } else { "" },
        "fingerprint": fingerprint, "zone": price.zone, "sku": price.sku, "postage": price.price,
        "extras": charges(&price.extras), "fees": charges(&price.fees), "date": parcel.date,
        "weight": parcel.pounds, "commitment": price::commitment(price, parcel),
        "class": price.row.class, "indicator": price.row.indicator, "category": price.category,
        "abroad": matches!(parcel.to, Destination::Country(_)), "returns": kind == Kind::Return,
        "to": body["toAddress"],
    })
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

fn image_type(body: &Value, kind: Kind) -> Result<String, Refusal> {
    let image = body.text("/imageInfo/imageType").unwrap_or_else(|| "PDF".into());
    let abroad = kind == Kind::International;
    match image.as_str() {
        "PDF" | "ZPL203DPI" | "ZPL300DPI" => Ok(image),
        "PNG" | "GIF" if !abroad => Ok(image),
        // TIFF, JPG, SVG and EPL exist at USPS; the simulation does not draw them.
        _ => Err((400, "", format!("OASValidation failed: no image type {image}"))),
    }
}

fn place(party: &Value, which: &str, us: bool) -> Result<Place, Refusal> {
    let bad = |what: &str| (400, "", format!("OASValidation failed: {which}/{what} is missing or invalid"));
    let person = match (party.text("/firstName"), party.text("/lastName"), party.text("/firm")) {
        (Some(first), Some(last), _) => format!("{first} {last}"),
        (_, _, Some(firm)) => firm,
        _ => return Err(bad("firstName and lastName, or firm,")),
    };
    let street = party.text("/streetAddress").ok_or_else(|| bad("streetAddress"))?;
    let city = party.text("/city").filter(|city| city.chars().count() <= 28).ok_or_else(|| bad("city"))?;
    let mut place = Place {
        name: person,
        lines: [Some(street), party.text("/secondaryAddress")].into_iter().flatten().collect(),
        city,
        country: "US".into(),
        residential: party.text("/firm").is_none(),
        ..Place::default()
    };
    if us {
        place.state = party.text("/state").unwrap_or_default();
        place.postal = party.text("/ZIPCode").ok_or_else(|| bad("ZIPCode"))?;
        if world::state_of(&place.postal).is_none_or(|state| state != place.state) {
            return Err((400, "160119", format!("{which}: the ZIP Code does not fit the state.")));
        }
    } else {
        let country = party.text("/countryISOAlpha2Code").filter(|iso| world::is_country(iso) && iso != "US");
        place.country = country.ok_or_else(|| bad("countryISOAlpha2Code"))?;
        place.postal = party.text("/postalCode").unwrap_or_default();
        place.state = party.text("/province").unwrap_or_default();
    }
    Ok(place)
}

fn check_customs(body: &Value, kind: Kind, destination: &Place) -> Result<(), Refusal> {
    let military = matches!(destination.state.as_str(), "AE" | "AA" | "AP");
    if kind != Kind::International && !military {
        return Ok(());
    }
    let contents = body.list("/customsForm/contents");
    if contents.is_empty() || contents.len() > 30 || body.text("/customsForm/customsContentType").is_none() {
        let code = if military { "160120" } else { "" };
        return Err((400, code, "A customs form with 1 to 30 items is required.".into()));
    }
    let vague = ["none", "n/a", "gift", "merchandise"];
    let poor = |item: &&Value| {
        item.text("/itemDescription")
            .is_none_or(|text| text.chars().count() > 30 || vague.contains(&text.to_lowercase().as_str()))
    };
    if contents.iter().any(poor) {
        return Err((400, "160061", "An item description is missing, too long or too vague.".into()));
    }
    Ok(())
}

fn customs(body: &Value) -> Vec<Vec<String>> {
    let line = |item: &&Value| {
        let text = |pointer| item.text(pointer).unwrap_or_default();
        vec![
            text("/itemDescription"),
            text("/itemQuantity"),
            format!("{} lb", text("/itemTotalWeight")),
            format!("{} USD", text("/itemTotalValue")),
            text("/HSTariffNumber"),
            text("/countryofOrigin"),
        ]
    };
    body.list("/customsForm/contents").iter().map(line).collect()
}

/// `92`, service type, mailer id, serial, check digit: 22 digits.
fn impb(cx: &Cx, account: &Account, class: &str) -> String {
    let service = match class {
        "PRIORITY_MAIL_EXPRESS" => "701",
        "PRIORITY_MAIL" => "055",
        "USPS_GROUND_ADVANTAGE" => "346",
        "MEDIA_MAIL" => "040",
        _ => "020",
    };
    let serial = cx.ledger().next_serial("usps") % 10_000_000;
    let body = format!("92{service}{}{serial:07}", mid(account));
    format!("{body}{}", impb_check(&body))
}

/// From the right, weights 3 and 1 in turn; what is missing to a full ten.
pub(super) fn impb_check(body: &str) -> u32 {
    let digits = body.chars().rev().filter_map(|c| c.to_digit(10));
    (10 - digits.enumerate().map(|(at, digit)| digit * if at % 2 == 0 { 3 } else { 1 }).sum::<u32>() % 10)
        % 10
}

/// Two letters, eight digits, check digit, `US`.
fn s10(cx: &Cx, class: &str) -> String {
    let prefix = match class {
        "PRIORITY_MAIL_EXPRESS_INTERNATIONAL" => "EZ",
        "PRIORITY_MAIL_INTERNATIONAL" => "CZ",
        _ => "LZ",
    };
    let body = format!("{:08}", cx.ledger().next_serial("usps-s10") % 100_000_000);
    format!("{prefix}{body}{}US", s10_check(&body))
}

/// Weights 8 6 4 2 3 5 9 7; eleven less the remainder, with 10 as 0 and 11 as 5.
pub(super) fn s10_check(body: &str) -> u32 {
    let digits = body.chars().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.zip([8, 6, 4, 2, 3, 5, 9, 7]).map(|(digit, weight)| digit * weight).sum();
    match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        digit => digit,
    }
}

/// The label as base64 with its media type.
pub(super) fn image(sale: &Sale, record: &Record) -> (&'static str, String) {
    let number = &sale.shipment;
    let (symbology, data) = if record.destination.is_us() {
        (Symbology::Gs1Code128, format!("420{}{number}", &record.destination.postal[..5]))
    } else {
        (Symbology::Code128, number.clone())
    };
    let label = record.label("USPS", number, 0, symbology, &data);
    let (format, media_type) = match record.format.as_str() {
        "PNG" => (Format::Png, "image/png"),
        "GIF" => (Format::Gif, "image/gif"),
        "ZPL203DPI" => (Format::Zpl203, "application/zpl"),
        "ZPL300DPI" => (Format::Zpl300, "application/zpl"),
        _ => (Format::Pdf, "application/pdf"),
    };
    (media_type, base64(&draw(&label, format)))
}

pub(super) fn metadata(sale: &Sale, record: &Record) -> Value {
    let extra = &record.extra;
    let abroad = extra["abroad"] == json!(true);
    let price = |charge: &Value| json_number(charge[2].as_i64().unwrap_or(0));
    let extras: Vec<Value> = extra
        .list("/extras")
        .into_iter()
        .map(|charge| {
            if abroad {
                json!({"serviceID": charge[0], "serviceName": charge[1], "sku": "NA", "price": price(charge), "warnings": []})
            } else {
                json!({"name": charge[1], "SKU": "DXXX0XXXXCX0000", "price": price(charge)})
            }
        })
        .collect();
    let fees: Vec<Value> = extra
        .list("/fees")
        .into_iter()
        .map(|charge| json!({"name": charge[0], "SKU": charge[1], "price": price(charge)}))
        .collect();
    let mut metadata = json!({
        "labelAddress": extra["to"], "SKU": extra["sku"], "postage": json_number(extra["postage"].as_i64().unwrap_or(0)),
        "extraServices": extras, "fees": fees, "weightUOM": "lb",
        "weight": extra.text("/weight").and_then(|weight| weight.parse::<serde_json::Number>().ok()),
        "labelBrokerID": "", "links": [],
    });
    if abroad {
        metadata["internationalTrackingNumber"] = json!(sale.shipment);
        metadata["constructCode"] = json!("I01");
        metadata["internationalPriceGroup"] = extra["zone"].clone();
        metadata["dimensionalWeight"] = json!("0.0");
        metadata["mailingDate"] = extra["date"].clone();
    } else {
        metadata["trackingNumber"] = json!(sale.shipment);
        metadata["constructCode"] = json!("C03");
        metadata["routingInformation"] = json!(format!("420{}", &record.destination.postal[..5]));
        metadata["zone"] = extra["zone"].clone();
        metadata["commitment"] = extra["commitment"].clone();
        metadata["dimensionalWeight"] = json!(0.0);
        metadata["serviceTypeCode"] = json!(sale.shipment.get(2..5));
    }
    metadata
}

pub(super) fn is_return(record: &Record) -> bool {
    record.extra["kind"] == json!("return")
}

/// Names of the parts: return labels have their own.
pub(super) fn parts(record: &Record) -> (&'static str, &'static str) {
    if is_return(record) {
        ("returnLabelMetadata", "returnLabelImage")
    } else {
        ("labelMetadata", "labelImage")
    }
}

fn answer(request: &Request, kind: Kind, sale: &Sale) -> Reply {
    let record = Record::of(sale);
    let (media_type, image) = image(sale, &record);
    let status = if kind == Kind::International { 201 } else { 200 };
    let (metadata_name, image_name) = parts(&record);
    multipart::answer(
        status,
        request,
        (metadata_name, metadata(sale, &record)),
        &[(image_name, media_type, image)],
    )
}

#[cfg(test)]
mod tests {
    use super::{impb_check, s10_check};

    #[test]
    fn check_digits_agree_with_published_numbers() {
        for number in ["9400111206206406260787", "9405803699300124287899", "9505511069605048600624"] {
            assert_eq!(impb_check(&number[..21]).to_string(), number[21..], "{number}");
        }
        assert_eq!(s10_check("12345678"), 5);
    }
}
