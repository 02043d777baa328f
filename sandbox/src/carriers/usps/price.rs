use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Refusal, error, refuse};
use crate::http::Json as _;
use crate::world::{self, Region, json_number};
use crate::{Account, Cx, Reply, Request};

/// A row of the simulated tariff: one mail class in one packaging. Prices are invented, Commercial.
pub(super) struct Row {
    pub(super) class: &'static str,
    pub(super) name: &'static str,
    pub(super) indicator: &'static str,
    packaging: &'static str,
    sku: &'static str,
    /// For a flat rate the price, else the start.
    base: i64,
    /// Zero for a flat rate.
    per_pound: i64,
}

const fn row(
    class: &'static str,
    name: &'static str,
    indicator: &'static str,
    packaging: &'static str,
    sku: &'static str,
    base: i64,
    per_pound: i64,
) -> Row {
    Row { class, name, indicator, packaging, sku, base, per_pound }
}

const PRIORITY: &str = "PRIORITY_MAIL";
const EXPRESS: &str = "PRIORITY_MAIL_EXPRESS";
const GROUND: &str = "USPS_GROUND_ADVANTAGE";

#[rustfmt::skip]
const DOMESTIC: &[Row] = &[
    row(EXPRESS, "Priority Mail Express", "PA", "Single-piece", "DEXX0XXXX", 2640, 190),
    row(EXPRESS, "Priority Mail Express", "E4", "Flat Rate Envelope", "DEFE0XXXX", 2820, 0),
    row(PRIORITY, "Priority Mail", "SP", "Single-piece", "DPXX0XXXX", 745, 62),
    row(PRIORITY, "Priority Mail", "FE", "Flat Rate Envelope", "DPFE0XXXX", 905, 0),
    row(PRIORITY, "Priority Mail", "FS", "Small Flat Rate Box", "DPFS0XXXX", 965, 0),
    row(PRIORITY, "Priority Mail", "FB", "Medium Flat Rate Box", "DPFB0XXXX", 1685, 0),
    row(PRIORITY, "Priority Mail", "PL", "Large Flat Rate Box", "DPFL0XXXX", 2310, 0),
    row(GROUND, "USPS Ground Advantage", "SP", "Single-piece", "DUXP0XXXX", 540, 47),
    row("MEDIA_MAIL", "Media Mail", "SP", "Single-piece", "DMXX0XXXX", 470, 22),
];

#[rustfmt::skip]
const RETURNS: &[Row] = &[
    row("PRIORITY_MAIL_RETURN_SERVICE", "Priority Mail Return Service", "SP", "Single-piece", "DPRX0XXXX", 760, 62),
    row("USPS_GROUND_ADVANTAGE_RETURN_SERVICE", "USPS Ground Advantage Return Service", "SP", "Single-piece", "DURX0XXXX", 555, 47),
];

#[rustfmt::skip]
const ABROAD: &[Row] = &[
    row("PRIORITY_MAIL_EXPRESS_INTERNATIONAL", "Priority Mail Express International", "PA", "Single-piece", "IEXX0XXXX", 4890, 480),
    row("PRIORITY_MAIL_INTERNATIONAL", "Priority Mail International", "SP", "Single-piece", "IPXX0XXXX", 3520, 390),
    row("PRIORITY_MAIL_INTERNATIONAL", "Priority Mail International", "FE", "Flat Rate Envelope", "IPFE0XXXX", 3150, 0),
    row("PRIORITY_MAIL_INTERNATIONAL", "Priority Mail International", "FB", "Medium Flat Rate Box", "IPFB0XXXX", 7980, 0),
    row("FIRST-CLASS_PACKAGE_INTERNATIONAL_SERVICE", "First-Class Package International Service", "SP", "Single-piece", "IFXX0XXXX", 1420, 520),
];

/// Extra services: code, name, Commercial price in cents.
const EXTRAS: &[(&str, &str, i64)] = &[
    ("920", "USPS Tracking", 0),
    ("921", "Signature Confirmation", 330),
    ("922", "Adult Signature Required", 935),
    ("930", "Insurance <= $500", 285),
    ("931", "Insurance > $500", 1240),
    ("955", "Return Receipt", 410),
];

/// What is priced.
pub(super) struct Parcel {
    pub(super) origin: String,
    /// ZIP, or country of an international parcel.
    pub(super) to: Destination,
    pub(super) pounds: Decimal,
    sides: [Decimal; 3],
    pub(super) date: NaiveDate,
    price_type: String,
    extras: Vec<String>,
    /// Contract discount in thousandths; only for contract prices.
    discount: i64,
}

pub(super) enum Destination {
    Zip(String),
    Country(String),
}

/// A price in cents.
pub(super) struct Price {
    pub(super) row: &'static Row,
    pub(super) price: i64,
    pub(super) fees: Vec<(&'static str, &'static str, i64)>,
    pub(super) extras: Vec<(&'static str, &'static str, i64)>,
    pub(super) zone: String,
    pub(super) category: &'static str,
    pub(super) days: i64,
    pub(super) sku: String,
    price_type: String,
    pounds: Decimal,
    dim: i64,
}

impl Price {
    pub(super) fn base(&self) -> i64 {
        self.price + self.fees.iter().map(|(.., cents)| cents).sum::<i64>()
    }

    pub(super) fn total(&self) -> i64 {
        self.base() + self.extras.iter().map(|(.., cents)| cents).sum::<i64>()
    }
}

/// Reads a parcel; `size` is where weight and lengths stand.
pub(super) fn parcel(
    cx: &Cx,
    account: &Account,
    body: &Value,
    size: &Value,
    abroad: bool,
) -> Result<Parcel, Refusal> {
    let bad = |text: &str| (400, "", text.to_owned());
    let origin = body.text("/originZIPCode").ok_or_else(|| bad("originZIPCode is required"))?;
    let to = if abroad {
        let country = body
            .text("/destinationCountryCode")
            .filter(|country| world::is_country(country) && country != "US");
        Destination::Country(country.ok_or_else(|| bad("destinationCountryCode is missing or invalid"))?)
    } else {
        Destination::Zip(
            body.text("/destinationZIPCode").ok_or_else(|| bad("destinationZIPCode is required"))?,
        )
    };
    let known = |zip: &str| world::state_of(zip).is_some();
    if !known(&origin) || matches!(&to, Destination::Zip(zip) if !known(zip)) {
        return Err(bad("Could not find zone from provided ZIPs, date, and mail class."));
    }
    let number = |name: &str| {
        let value = size.decimal(&format!("/{name}")).filter(|value| *value > Decimal::ZERO);
        value.ok_or_else(|| bad(&format!("{name} must be greater than 0")))
    };
    let pounds = number("weight")?;
    let sides = [number("length")?, number("width")?, number("height")?];
    let today = cx.now().date_naive();
    let date = size.text("/mailingDate").or_else(|| body.text("/mailingDate"));
    let date = date.and_then(|date| date.get(..10)?.parse().ok()).unwrap_or(today);
    if date < today {
        return Err(bad("mailingDate must not be in the past"));
    }
    // An account number overrides the price type with the account's contract.
    let contract = body.text("/accountNumber").is_some_and(|number| number == account.number);
    let price_type = if contract {
        "CONTRACT".into()
    } else {
        body.text("/priceType").unwrap_or_else(|| "COMMERCIAL".into())
    };
    if !matches!(
        price_type.as_str(),
        "RETAIL" | "COMMERCIAL" | "CONTRACT" | "COMMERCIAL_BASE" | "COMMERCIAL_PLUS"
    ) {
        return Err(bad("priceType is not one of the allowed values"));
    }
    let extras = size.list("/extraServices").into_iter().chain(body.list("/extraServices"));
    let extras = extras.filter_map(|code| code.text("")).collect();
    let discount = if price_type == "CONTRACT" { account.discount } else { 0 };
    Ok(Parcel { origin, to, pounds, sides, date, price_type, extras, discount })
}

pub(super) fn rows(parcel: &Parcel, returns: bool) -> &'static [Row] {
    match (&parcel.to, returns) {
        (Destination::Country(_), _) => ABROAD,
        (Destination::Zip(_), true) => RETURNS,
        (Destination::Zip(_), false) => DOMESTIC,
    }
}

/// What a parcel's longest side costs extra: fee name, SKU and cents.
fn length_fees(longest: Decimal) -> Vec<(&'static str, &'static str, i64)> {
    if longest > Decimal::from(30) {
        vec![("Nonstandard Length > 30 in.", "D813XUXXXXX0000", 900)]
    } else if longest > Decimal::from(22) {
        vec![("Nonstandard Length > 22 in.", "D811XUXXXXX0000", 400)]
    } else {
        Vec::new()
    }
}

pub(super) fn price(row: &'static Row, parcel: &Parcel) -> Result<Price, Refusal> {
    let refused = |text: &str| Err((400, "", text.to_owned()));
    if parcel.pounds > Decimal::from(70) {
        return refused("The weight exceeds 70 pounds.");
    }
    let mut sides = parcel.sides;
    sides.sort();
    let [_, _, longest] = sides;
    let girth = longest + Decimal::TWO * (sides[0] + sides[1]);
    let limit = if row.class == GROUND { 130 } else { 108 };
    if girth > Decimal::from(limit) {
        return refused("Length plus girth exceeds the limit of the mail class.");
    }
    let small = row.class.starts_with("FIRST-CLASS");
    if small && parcel.pounds > Decimal::from(4) {
        return refused("The weight exceeds 4 pounds.");
    }
    let (factor, zone, days) = lane(row, parcel);
    let volume: Decimal = parcel.sides.iter().map(Decimal::ceil).product();
    let sides = Some(parcel.sides).filter(|_| volume > Decimal::from(1728) && row.per_pound > 0);
    let billed = world::billed_pounds(parcel.pounds, sides, 139);
    let commercial =
        if row.per_pound == 0 { row.base } else { (row.base + row.per_pound * billed) * factor / 100 };
    let price = match parcel.price_type.as_str() {
        "RETAIL" => commercial * 118 / 100,
        "CONTRACT" => commercial * (1000 - parcel.discount) / 1000,
        _ => commercial,
    };
    let machinable = longest <= Decimal::from(22) && parcel.pounds <= Decimal::from(25);
    let extras = EXTRAS
        .iter()
        .filter(|(code, ..)| parcel.extras.iter().any(|wanted| wanted == code))
        .copied()
        .collect();
    let letter = if parcel.price_type == "RETAIL" { 'R' } else { 'C' };
    Ok(Price {
        row,
        price,
        fees: length_fees(longest),
        extras,
        sku: format!("{}{letter}{zone}{billed:03}0", row.sku),
        zone,
        category: if row.per_pound == 0 && row.packaging.contains("Envelope") {
            "FLATS"
        } else if machinable {
            "MACHINABLE"
        } else {
            "NONSTANDARD"
        },
        days,
        price_type: parcel.price_type.clone(),
        pounds: parcel.pounds,
        dim: sides.map_or(0, |_| billed),
    })
}

/// Price factor in percent, zone as printed, business days.
fn lane(row: &Row, parcel: &Parcel) -> (i64, String, i64) {
    match &parcel.to {
        Destination::Country(country) => {
            let group = match world::region(country) {
                Region::NorthAmerica => 1,
                Region::Europe => 3,
                Region::Asia => 5,
                Region::Other => 9,
            };
            let days = match row.class {
                "PRIORITY_MAIL_EXPRESS_INTERNATIONAL" => 5,
                "PRIORITY_MAIL_INTERNATIONAL" => 8,
                _ => 12,
            };
            (world::lane_percent("US", country), format!("{group:02}"), days)
        }
        Destination::Zip(zip) => {
            let zone = world::zone(&parcel.origin, zip);
            let days = match row.class {
                EXPRESS => 1 + i64::from(zone > 5),
                PRIORITY | "PRIORITY_MAIL_RETURN_SERVICE" => 2 + i64::from(zone > 6),
                "MEDIA_MAIL" => 7,
                _ => 2 + zone / 3,
            };
            (100 + 11 * (zone - 2), format!("{zone:02}"), days)
        }
    }
}

fn rate_json(cx: &Cx, price: &Price, parcel: &Parcel) -> Value {
    let abroad = matches!(parcel.to, Destination::Country(_));
    let mut kind = price.price_type.as_str();
    if abroad && kind == "COMMERCIAL" {
        kind = "COMMERCIAL_BASE";
    }
    if cx.quirk("price-type-n") {
        kind = "N";
    }
    let fees: Vec<Value> = price
        .fees
        .iter()
        .map(|(name, sku, cents)| json!({"name": name, "SKU": sku, "price": json_number(*cents)}))
        .collect();
    json!({
        "SKU": price.sku, "description": format!("{} {} {}", price.row.name, price.category, price.row.packaging),
        "priceType": kind, "price": json_number(price.price), "weight": price.pounds.to_string().parse::<serde_json::Number>().ok(),
        "dimWeight": price.dim, "fees": fees, "startDate": "2026-07-12", "endDate": "", "warnings": [],
        "mailClass": price.row.class, "zone": price.zone, "productName": "", "productDefinition": "",
        "processingCategory": price.category, "rateIndicator": price.row.indicator,
        "destinationEntryFacilityType": if abroad { "INTERNATIONAL_SERVICE_CENTER" } else { "NONE" },
    })
}

/// One option: `totalPrice` only when extras were asked for; otherwise all extras are listed.
fn option_json(cx: &Cx, price: &Price, parcel: &Parcel, extras: bool) -> Value {
    let mut option =
        json!({"totalBasePrice": json_number(price.base()), "rates": [rate_json(cx, price, parcel)]});
    if !extras {
        return option;
    }
    let asked = !parcel.extras.is_empty();
    let shown: Vec<Value> = if asked { price.extras.as_slice() } else { EXTRAS }
        .iter()
        .map(|(code, name, cents)| {
            json!({"extraService": code, "name": name, "priceType": price.price_type, "price": json_number(*cents),
                "SKU": "DXXX0XXXXCX0000", "warnings": []})
        })
        .collect();
    option["extraServices"] = json!(shown);
    if asked {
        option["totalPrice"] = json_number(price.total());
    }
    option
}

pub(super) fn domestic(cx: &Cx, account: &Account, request: &Request, call: &str) -> Reply {
    search(cx, account, request, call, false, "/prices/v3")
}

pub(super) fn international(cx: &Cx, account: &Account, request: &Request, call: &str) -> Reply {
    search(cx, account, request, call, true, "/international-prices/v3")
}

fn search(cx: &Cx, account: &Account, request: &Request, call: &str, abroad: bool, api: &str) -> Reply {
    let Some(body) = request.json() else {
        return error(api, 400, "", "OASValidation failed: the body is not JSON");
    };
    let parcel = match parcel(cx, account, &body, &body, abroad) {
        Ok(parcel) => parcel,
        Err(refusal) => return refuse(api, refusal),
    };
    let mut classes: Vec<String> =
        body.list("/mailClasses").iter().filter_map(|class| class.text("")).collect();
    classes.extend(body.text("/mailClass"));
    let wanted = |row: &&Row| classes.iter().any(|class| class == row.class || class == "ALL");
    let candidates: Vec<&'static Row> = rows(&parcel, false).iter().filter(wanted).collect();
    if call == "base-rates" {
        let fits = |text: &str, value: &str| body.text(text).is_none_or(|wanted| wanted == value);
        let found = candidates.into_iter().filter_map(|row| price(row, &parcel).ok()).find(|price| {
            fits("/rateIndicator", price.row.indicator) && fits("/processingCategory", price.category)
        });
        return match found {
            Some(price) => Reply::json(200, &option_json(cx, &price, &parcel, false)),
            None => error(api, 400, "", "A working sku could not be determined."),
        };
    }
    let options: Vec<Value> = candidates
        .into_iter()
        .filter_map(|row| price(row, &parcel).ok())
        .map(|price| option_json(cx, &price, &parcel, call == "total-rates"))
        .collect();
    if options.is_empty() {
        return error(api, 400, "", "A working sku could not be determined.");
    }
    Reply::json(200, &json!({"rateOptions": options}))
}

pub(super) fn options(cx: &Cx, account: &Account, request: &Request) -> Reply {
    const API: &str = "/shipments/v3";
    let Some(body) = request.json() else {
        return error(API, 400, "", "OASValidation failed: the body is not JSON");
    };
    let abroad = body.has("/destinationCountryCode");
    let mut asked = body.list("/pricingOptions").into_iter().cloned().collect::<Vec<Value>>();
    if asked.is_empty() {
        asked.push(json!({"priceType": "COMMERCIAL"}));
    }
    let mut answers = Vec::new();
    for pricing in asked {
        let mut flat = body.clone();
        flat["priceType"] = pricing.get("priceType").cloned().unwrap_or(json!("COMMERCIAL"));
        if flat["priceType"] == "CONTRACT"
            && pricing.text("/paymentAccount/accountNumber").as_deref() != Some(account.number)
        {
            return error(API, 400, "", "A payment account is required for contract prices.");
        }
        let parcel = match parcel(cx, account, &flat, &body["packageDescription"], abroad) {
            Ok(parcel) => parcel,
            Err(refusal) => return refuse(API, refusal),
        };
        let class = body.text("/packageDescription/mailClass").unwrap_or_else(|| "ALL_OUTBOUND".into());
        answers.push(json!({"priceType": flat["priceType"], "paymentAccount": pricing.get("paymentAccount"),
            "shippingOptions": by_class(cx, &parcel, &class)}));
    }
    let mut answer = json!({"originZIPCode": body["originZIPCode"], "pricingOptions": answers});
    for field in ["destinationZIPCode", "destinationCountryCode", "foreignPostalCode"] {
        if let Some(value) = body.get(field) {
            answer[field] = value.clone();
        }
    }
    Reply::json(200, &answer)
}

fn by_class(cx: &Cx, parcel: &Parcel, class: &str) -> Vec<Value> {
    let all = matches!(class, "ALL" | "ALL_OUTBOUND" | "ALL_RETURNS");
    let mut options: Vec<Value> = Vec::new();
    for row in rows(parcel, class == "ALL_RETURNS").iter().filter(|row| all || row.class == class) {
        let Ok(price) = price(row, parcel) else { continue };
        let mut option = option_json(cx, &price, parcel, true);
        option["commitment"] = commitment(&price, parcel);
        match options.iter_mut().find(|entry| entry["mailClass"] == row.class) {
            Some(entry) => {
                if let Some(list) = entry["rateOptions"].as_array_mut() {
                    list.push(option);
                }
            }
            None => options.push(json!({"mailClass": row.class, "rateOptions": [option]})),
        }
    }
    options
}

pub(super) fn commitment(price: &Price, parcel: &Parcel) -> Value {
    let day = world::business_days_after(parcel.date, price.days).to_string();
    let name = if price.days == 1 { "1 Day".to_owned() } else { format!("{} Days", price.days) };
    json!({"name": name, "expectedDeliveryDate": day, "scheduleDeliveryDate": day,
        "guaranteedDelivery": price.row.class == EXPRESS, "isPriorityMailNextDay": false})
}

pub(super) fn standards(cx: &Cx, request: &Request) -> Reply {
    let (Some(origin), Some(destination)) =
        (request.query("originZIPCode"), request.query("destinationZIPCode"))
    else {
        return error(
            "/service-standards/v3",
            400,
            "",
            "OASValidation failed: originZIPCode and destinationZIPCode are required",
        );
    };
    let date = request
        .query("acceptanceDate")
        .and_then(|date| date.parse().ok())
        .unwrap_or_else(|| cx.now().date_naive());
    let wanted = request.query("mailClass").filter(|class| *class != "ALL");
    let known = world::state_of(origin).is_some() && world::state_of(destination).is_some();
    let mut seen = Vec::new();
    let mut answers = Vec::new();
    for row in DOMESTIC.iter().filter(|row| wanted.is_none_or(|class| class == row.class)) {
        if seen.contains(&row.class) {
            continue;
        }
        seen.push(row.class);
        let parcel = Parcel {
            origin: origin.to_owned(),
            to: Destination::Zip(destination.to_owned()),
            pounds: Decimal::ONE,
            sides: [Decimal::ONE; 3],
            date,
            price_type: "COMMERCIAL".into(),
            extras: Vec::new(),
            discount: 0,
        };
        let (_, _, days) = lane(row, &parcel);
        let by = world::business_days_after(date, days);
        // Unknown places answer 200 with blanks.
        let delivery = if known {
            json!({"scheduledDeliveryDateTime": format!("{by}T18:00:00"), "guaranteedDelivery": false})
        } else {
            json!({})
        };
        answers.push(json!({
            "mailClass": row.class, "destinationType": if known { "STREET" } else { "" },
            "acceptanceDateTime": format!("{date}T08:00:00"), "effectiveAcceptanceDate": date.to_string(),
            "cutOffTime": "1700", "serviceStandard": if known { days.to_string() } else { String::new() },
            "serviceStandardMessage": if known { format!("{days} Days") } else { String::new() }, "delivery": delivery,
        }));
    }
    Reply::json(200, &Value::Array(answers))
}
