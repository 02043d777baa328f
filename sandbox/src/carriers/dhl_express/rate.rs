use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Refusal, error, refuse};
use crate::http::Json as _;
use crate::world::{self, Place, Region, json_number};
use crate::{Account, Cx, Reply, Request};

/// A product of the simulated tariff. Prices are invented.
pub(super) struct Product {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    kind: Kind,
    base: i64,
    per_half_kilo: i64,
    days: i64,
    by: &'static str,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    /// Dutiable goods across a border.
    Goods,
    /// Documents across a border.
    Documents,
    /// Between members of the customs union.
    Union,
    /// Inside one country.
    Domestic,
    /// Goods on the road inside Europe.
    Road,
}

const END: &str = "23:59:00";

#[rustfmt::skip]
const PRODUCTS: &[Product] = &[
    Product { code: "E", name: "EXPRESS 9:00 NONDOC", kind: Kind::Goods, base: 8900, per_half_kilo: 410, days: 2, by: "09:00:00" },
    Product { code: "M", name: "EXPRESS 10:30 NONDOC", kind: Kind::Goods, base: 7600, per_half_kilo: 390, days: 2, by: "10:30:00" },
    Product { code: "Y", name: "EXPRESS 12:00 NONDOC", kind: Kind::Goods, base: 6700, per_half_kilo: 370, days: 2, by: "12:00:00" },
    Product { code: "P", name: "EXPRESS WORLDWIDE NONDOC", kind: Kind::Goods, base: 5900, per_half_kilo: 350, days: 3, by: END },
    Product { code: "H", name: "ECONOMY SELECT NONDOC", kind: Kind::Road, base: 3200, per_half_kilo: 140, days: 5, by: END },
    Product { code: "T", name: "EXPRESS 12:00 DOC", kind: Kind::Documents, base: 5600, per_half_kilo: 330, days: 2, by: "12:00:00" },
    Product { code: "D", name: "EXPRESS WORLDWIDE DOC", kind: Kind::Documents, base: 4900, per_half_kilo: 310, days: 3, by: END },
    Product { code: "U", name: "EXPRESS WORLDWIDE EU", kind: Kind::Union, base: 3600, per_half_kilo: 210, days: 2, by: END },
    Product { code: "N", name: "EXPRESS DOMESTIC", kind: Kind::Domestic, base: 2100, per_half_kilo: 120, days: 1, by: END },
];

const UNION: [&str; 18] = [
    "AT", "BE", "CZ", "DE", "DK", "ES", "FI", "FR", "GR", "HU", "IE", "IT", "LU", "NL", "PL", "PT", "RO",
    "SE",
];

/// What is quoted.
pub(super) struct Lane {
    pub(super) from: Place,
    pub(super) to: Place,
    pub(super) declarable: bool,
    pub(super) metric: bool,
    /// Weight and, when given, volume weight of each piece in kilograms.
    pub(super) pieces: Vec<(Decimal, Decimal)>,
    pub(super) date: NaiveDate,
    pub(super) insured: i64,
    pub(super) saturday: bool,
}

/// Prices in cents of the billing currency.
pub(super) struct Quote {
    pub(super) product: &'static Product,
    pub(super) net: i64,
    pub(super) extras: Vec<(&'static str, &'static str, i64)>,
    pub(super) delivery: NaiveDate,
    pub(super) days: i64,
}

impl Quote {
    pub(super) fn total(&self) -> i64 {
        self.net + self.extras.iter().map(|(.., cents)| cents).sum::<i64>()
    }
}

pub(super) fn address(value: &Value, path: &str) -> Result<Place, Refusal> {
    let bad = |what: &str| (422, vec![format!("#/{path}: required key [{what}] not found")]);
    let country = value.text("/countryCode").ok_or_else(|| bad("countryCode"))?;
    if !world::is_country(&country) {
        return Err((400, vec![format!("7127: The country code {country} is invalid")]));
    }
    let city = value.text("/cityName").ok_or_else(|| bad("cityName"))?;
    if value.pointer("/postalCode").is_none() {
        return Err(bad("postalCode"));
    }
    if city.chars().count() > 45 {
        return Err((
            422,
            vec![format!("#/{path}/cityName: expected maxLength: 45, actual: {}", city.chars().count())],
        ));
    }
    let lines = ["/addressLine1", "/addressLine2", "/addressLine3"]
        .iter()
        .filter_map(|line| value.text(line))
        .collect();
    Ok(Place {
        name: String::new(),
        lines,
        city,
        state: value.text("/provinceCode").unwrap_or_default(),
        postal: value.text("/postalCode").unwrap_or_default(),
        country,
        residential: false,
    })
}

/// `2026-11-24T13:00:00 GMT+01:00`, not in the past and at most ten days ahead.
pub(super) fn planned(cx: &Cx, text: Option<String>) -> Result<NaiveDate, Refusal> {
    let bad = || (400, vec!["998: The ShipTimeStamp is badly formatted or in the past".to_owned()]);
    let text = text.ok_or_else(bad)?;
    if !text.contains("GMT") || text.len() < 22 {
        return Err(bad());
    }
    let date: NaiveDate = text.get(..10).and_then(|date| date.parse().ok()).ok_or_else(bad)?;
    let today = cx.now().date_naive();
    if date < today || (date - today).num_days() > 10 { Err(bad()) } else { Ok(date) }
}

pub(super) fn pieces(packages: &[&Value], metric: bool) -> Result<Vec<(Decimal, Decimal)>, Refusal> {
    let bad = |text: &str| (422, vec![text.to_owned()]);
    if packages.is_empty() {
        return Err(bad("#/packages: required key [packages] not found"));
    }
    let mut pieces = Vec::new();
    for (at, package) in packages.iter().enumerate() {
        let positive = |pointer: &str| package.decimal(pointer).filter(|value| *value > Decimal::ZERO);
        let missing = |what: &str| bad(&format!("#/content/packages/{at}: required key [{what}] not found"));
        let weight = positive("/weight").ok_or_else(|| missing("weight"))?;
        if weight.normalize().scale() > 3 {
            return Err(bad(&format!("#/content/packages/{at}/weight: {weight} is not a multiple of 0.001")));
        }
        let mut volume = Decimal::ONE;
        for side in ["/dimensions/length", "/dimensions/width", "/dimensions/height"] {
            volume *= positive(side).ok_or_else(|| missing("dimensions"))?;
        }
        let (kilos, volume) = if metric {
            (weight, volume / Decimal::from(5000))
        } else {
            // Pounds; cubic inches over 139 are pounds of volume.
            (weight * Decimal::new(45_359_237, 8), volume / Decimal::from(139) * Decimal::new(45_359_237, 8))
        };
        pieces.push((kilos, volume));
    }
    Ok(pieces)
}

pub(super) fn product(code: &str) -> Option<&'static Product> {
    PRODUCTS.iter().find(|product| product.code == code)
}

pub(super) fn quote(product: &'static Product, lane: &Lane, discount: i64) -> Option<Quote> {
    let (from, to) = (lane.from.country.as_str(), lane.to.country.as_str());
    let union = UNION.contains(&from) && UNION.contains(&to);
    let domestic = from == to;
    let europe = world::region(from) == Region::Europe && world::region(to) == Region::Europe;
    let runs = match product.kind {
        Kind::Goods => lane.declarable && !domestic && !union,
        Kind::Road => lane.declarable && !domestic && !union && europe,
        Kind::Documents => !lane.declarable && !domestic && !union,
        Kind::Union => !lane.declarable && union && !domestic,
        Kind::Domestic => !lane.declarable && domestic,
    };
    let heavy = lane.pieces.iter().any(|(weight, _)| *weight > Decimal::from(70));
    if !runs || heavy {
        return None;
    }
    let kilos: Decimal = lane.pieces.iter().map(|(weight, volume)| (*weight).max(*volume)).sum();
    let halves = i64::try_from((kilos * Decimal::TWO).ceil()).unwrap_or(1).max(1);
    let level = if domestic || union { 100 } else { world::lane_percent(from, to) };
    let list = (product.base + product.per_half_kilo * halves) * level / 100;
    let net = list * (1000 - discount) / 1000;
    let mut extras = vec![("FF", "FUEL SURCHARGE", net * 21 / 100)];
    if lane.insured > 0 {
        extras.push(("II", "SHIPMENT INSURANCE", (lane.insured / 100).max(1500)));
    }
    if lane.saturday {
        extras.push(("AA", "SATURDAY DELIVERY", 2200));
    }
    let delivery = world::business_days_after(world::next_business_day(lane.date), product.days);
    Some(Quote { product, net, extras, delivery, days: product.days })
}

/// Local currency of a country and its exchange rate to the billing currency in thousandths.
pub(super) fn local(country: &str) -> (&'static str, i64) {
    match country {
        "CN" => ("CNY", 7120),
        "GB" => ("GBP", 790),
        country if UNION.contains(&country) => ("EUR", 920),
        _ => ("USD", 1000),
    }
}

/// The same price three times: billing, public local and base currency.
pub(super) fn prices(cents: i64, country: &str) -> Value {
    let (currency, rate) = local(country);
    json!([
        {"currencyType": "BILLC", "priceCurrency": "USD", "price": json_number(cents)},
        {"currencyType": "PULCL", "priceCurrency": currency, "price": json_number(cents * rate / 1000)},
        {"currencyType": "BASEC", "priceCurrency": "EUR", "price": json_number(cents * 920 / 1000)},
    ])
}

pub(super) fn breakdown(quote: &Quote) -> Vec<Value> {
    let mut lines = vec![json!({"name": quote.product.name, "price": json_number(quote.net)})];
    lines.extend(quote.extras.iter().map(|(code, name, cents)| {
        json!({"name": name, "serviceCode": code, "localServiceCode": code, "serviceTypeCode": "SCH", "price": json_number(*cents)})
    }));
    // On offer, not charged: no price.
    lines.push(json!({"name": "VERBAL NOTIFICATION", "serviceCode": "JA", "localServiceCode": "JA", "serviceTypeCode": "XCH"}));
    lines
}

fn product_json(quote: &Quote, lane: &Lane, priced: bool) -> Value {
    let (mut provided, mut volume) = (Decimal::ZERO, Decimal::ZERO);
    for (weight, space) in &lane.pieces {
        provided += *weight;
        volume += *space;
    }
    let number = |value: Decimal| value.round_dp(3).to_string().parse::<serde_json::Number>().ok();
    let mut json = json!({
        "productName": quote.product.name, "productCode": quote.product.code, "localProductCode": quote.product.code,
        "localProductCountryCode": lane.from.country, "networkTypeCode": if quote.product.kind == Kind::Road { "DD" } else { "TD" },
        "isCustomerAgreement": false,
        "weight": {"volumetric": number(volume), "provided": number(provided), "unitOfMeasurement": if lane.metric { "metric" } else { "imperial" }},
        "pickupCapabilities": {"nextBusinessDay": world::is_weekend(lane.date), "localCutoffDateAndTime": format!("{}T17:00:00", lane.date),
            "pickupEarliest": "09:00:00", "pickupLatest": "18:00:00", "originServiceAreaCode": "SBX"},
        "deliveryCapabilities": {"deliveryTypeCode": "QDDC", "estimatedDeliveryDateAndTime": format!("{}T{}", quote.delivery, quote.product.by),
            "destinationServiceAreaCode": "SBX", "totalTransitDays": quote.days},
        "pricingDate": lane.date.to_string(),
    });
    if priced {
        json["totalPrice"] = prices(quote.total(), &lane.from.country);
        json["totalPriceBreakdown"] = json!([{"currencyType": "BILLC", "priceCurrency": "USD", "priceBreakdown": [
            {"typeCode": "STTXA", "price": 0}, {"typeCode": "SPRQT", "price": json_number(quote.net)}]}]);
        json["detailedPriceBreakdown"] =
            json!([{"currencyType": "BILLC", "priceCurrency": "USD", "breakdown": breakdown(quote)}]);
    }
    json
}

fn answer(
    request: &Request,
    account: &Account,
    lane: &Lane,
    number: Option<&str>,
    wanted: Option<&str>,
    priced: bool,
) -> Reply {
    if number.is_some_and(|number| number != account.number) {
        return error(request, 400, "Bad request", "The account number is not found or invalid", &[]);
    }
    // Without an account the public price is quoted.
    let discount = if number.is_some() { account.discount } else { 0 };
    let candidates = PRODUCTS.iter().filter(|product| wanted.is_none_or(|code| code == product.code));
    let quotes: Vec<Quote> = candidates.filter_map(|product| quote(product, lane, discount)).collect();
    if quotes.is_empty() {
        let text = "1001: The requested product(s) not available based on your search criteria";
        return error(request, 400, "Bad request", text, &[]);
    }
    let products: Vec<Value> = quotes.iter().map(|quote| product_json(quote, lane, priced)).collect();
    let exchange = json!([{"currentExchangeRate": 1.087, "currency": "USD", "baseCurrency": "EUR"}]);
    Reply::json(200, &json!({"products": products, "exchangeRates": exchange}))
}

/// What a message asks prices for.
pub(super) fn lane(cx: &Cx, body: &Value) -> Result<Lane, Refusal> {
    let metric = body.text("/unitOfMeasurement").as_deref() != Some("imperial");
    let declared = body.pointer("/isCustomsDeclarable").and_then(Value::as_bool);
    let services = body.list("/valueAddedServices");
    let service =
        |code: &str| services.iter().find(|service| service.text("/serviceCode").as_deref() == Some(code));
    let insured = service("II").and_then(|service| service.decimal("/value")).unwrap_or_default();
    Ok(Lane {
        from: address(&body["customerDetails"]["shipperDetails"], "customerDetails/shipperDetails")?,
        to: address(&body["customerDetails"]["receiverDetails"], "customerDetails/receiverDetails")?,
        declarable: declared
            .ok_or_else(|| (422, vec!["#: required key [isCustomsDeclarable] not found".to_owned()]))?,
        metric,
        pieces: pieces(&body.list("/packages"), metric)?,
        date: planned(cx, body.text("/plannedShippingDateAndTime"))?,
        insured: i64::try_from((insured * Decimal::ONE_HUNDRED).round()).unwrap_or(0),
        saturday: service("AA").is_some(),
    })
}

pub(super) fn post(cx: &Cx, account: &Account, request: &Request, priced: bool) -> Reply {
    let Some(body) = request.json() else {
        return refuse(request, (422, vec!["#: the body is not JSON".into()]));
    };
    match lane(cx, &body) {
        Ok(lane) => {
            let number = body.text("/accounts/0/number");
            answer(request, account, &lane, number.as_deref(), body.text("/productCode").as_deref(), priced)
        }
        Err(refusal) => refuse(request, refusal),
    }
}

pub(super) fn get(cx: &Cx, account: &Account, request: &Request, priced: bool) -> Reply {
    let query = |key: &str| request.query(key).unwrap_or_default();
    let place = |which: &str| {
        let value = json!({"countryCode": query(&format!("{which}CountryCode")), "cityName": query(&format!("{which}CityName")),
            "postalCode": query(&format!("{which}PostalCode"))});
        address(&value, which)
    };
    let read = || -> Result<Lane, Refusal> {
        let metric = query("unitOfMeasurement") != "imperial";
        let package = json!({"weight": query("weight"), "dimensions": {"length": query("length"), "width": query("width"), "height": query("height")}});
        let date = query("plannedShippingDate");
        Ok(Lane {
            from: place("origin")?,
            to: place("destination")?,
            declarable: query("isCustomsDeclarable") == "true",
            metric,
            pieces: pieces(&[&package], metric)?,
            date: planned(cx, Some(format!("{date}T12:00:00 GMT+00:00")))?,
            insured: 0,
            saturday: false,
        })
    };
    match read() {
        Ok(lane) => answer(request, account, &lane, request.query("accountNumber"), None, priced),
        Err(refusal) => refuse(request, refusal),
    }
}
