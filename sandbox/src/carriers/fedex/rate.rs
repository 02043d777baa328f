use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Refusal, error, output, refuse};
use crate::http::Json as _;
use crate::world::{self, Place, json_number};
use crate::{Account, Cx, Reply};

/// A service of the simulated tariff. Prices are invented.
pub(super) struct Service {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    lane: Lane,
    base: i64,
    per_pound: i64,
    /// Business days; zero means by zone.
    days: i64,
    /// Hour and minute of the commitment.
    by: &'static str,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Lane {
    Domestic,
    /// Ground to business addresses, also between the US and Canada.
    Ground,
    /// Ground to homes.
    Home,
    /// Ground Economy: needs its own detail block.
    Economy,
    World,
}

const END: &str = "23:59:00";

#[rustfmt::skip]
const SERVICES: &[Service] = &[
    Service { code: "FIRST_OVERNIGHT", name: "FedEx First Overnight®", lane: Lane::Domestic, base: 8120, per_pound: 420, days: 1, by: "08:00:00" },
    Service { code: "PRIORITY_OVERNIGHT", name: "FedEx Priority Overnight®", lane: Lane::Domestic, base: 4510, per_pound: 380, days: 1, by: "10:30:00" },
    Service { code: "STANDARD_OVERNIGHT", name: "FedEx Standard Overnight®", lane: Lane::Domestic, base: 4050, per_pound: 340, days: 1, by: "15:00:00" },
    Service { code: "FEDEX_2_DAY_AM", name: "FedEx 2Day® AM", lane: Lane::Domestic, base: 2890, per_pound: 240, days: 2, by: "10:30:00" },
    Service { code: "FEDEX_2_DAY", name: "FedEx 2Day®", lane: Lane::Domestic, base: 2270, per_pound: 200, days: 2, by: "20:00:00" },
    Service { code: "FEDEX_EXPRESS_SAVER", name: "FedEx Express Saver®", lane: Lane::Domestic, base: 1725, per_pound: 148, days: 3, by: "20:00:00" },
    Service { code: "FEDEX_GROUND", name: "FedEx Ground®", lane: Lane::Ground, base: 1090, per_pound: 64, days: 0, by: END },
    Service { code: "GROUND_HOME_DELIVERY", name: "FedEx Home Delivery®", lane: Lane::Home, base: 1130, per_pound: 64, days: 0, by: END },
    Service { code: "SMART_POST", name: "FedEx Ground® Economy", lane: Lane::Economy, base: 890, per_pound: 52, days: 0, by: END },
    Service { code: "INTERNATIONAL_FIRST", name: "FedEx International First®", lane: Lane::World, base: 10_100, per_pound: 700, days: 2, by: "09:00:00" },
    Service { code: "FEDEX_INTERNATIONAL_PRIORITY_EXPRESS", name: "FedEx International Priority® Express", lane: Lane::World, base: 7000, per_pound: 610, days: 2, by: "12:00:00" },
    Service { code: "FEDEX_INTERNATIONAL_PRIORITY", name: "FedEx International Priority®", lane: Lane::World, base: 6350, per_pound: 570, days: 3, by: "18:00:00" },
    Service { code: "INTERNATIONAL_ECONOMY", name: "FedEx International Economy®", lane: Lane::World, base: 5450, per_pound: 425, days: 5, by: "18:00:00" },
    Service { code: "FEDEX_INTERNATIONAL_CONNECT_PLUS", name: "FedEx International Connect Plus®", lane: Lane::World, base: 3100, per_pound: 310, days: 5, by: END },
];

pub(super) struct Piece {
    pub(super) pounds: Decimal,
    pub(super) billed: i64,
    pub(super) printed: String,
    declared: i64,
    signature: Option<String>,
    oversize: bool,
}

pub(super) struct Shipment {
    pub(super) origin: Place,
    pub(super) destination: Place,
    pub(super) pieces: Vec<Piece>,
    pub(super) date: NaiveDate,
    pub(super) saturday: bool,
    economy: bool,
    returns: bool,
}

impl Shipment {
    pub(super) fn is_domestic(&self) -> bool {
        self.origin.country == self.destination.country
    }
}

/// Prices in cents of one service for one shipment.
pub(super) struct Quote {
    pub(super) service: &'static Service,
    pub(super) days: i64,
    pub(super) delivery: NaiveDate,
    saturday: bool,
    base: i64,
    pub(super) surcharges: Vec<(&'static str, &'static str, i64)>,
    pub(super) discount: i64,
    pub(super) list: i64,
    pub(super) own: i64,
}

/// Reads a shipment; `recipient` is the pointer to the receiving party, which differs by API.
pub(super) fn shipment(cx: &Cx, body: &Value, recipient: &str) -> Result<Shipment, Refusal> {
    let asked = &body["requestedShipment"];
    let origin = place(&asked["shipper"], "ORIGINZIPCODE.SERVICE.ERROR")?;
    let receiver = asked.pointer(recipient).unwrap_or(&Value::Null);
    let destination = place(receiver, "DESTINATION.POSTALCODE.MISSING.ORINVALID")?;
    let mut pieces = Vec::new();
    for line in asked.list("/requestedPackageLineItems") {
        let count: usize = line.text("/groupPackageCount").and_then(|count| count.parse().ok()).unwrap_or(1);
        for _ in 0..count.clamp(1, 300) {
            pieces.push(piece(line)?);
        }
    }
    if pieces.is_empty() {
        return Err((400, "REQUESTEDPACKAGELINEITEMS.REQUIRED", "At least one package is required.".into()));
    }
    let date = asked.text("/shipDateStamp").or_else(|| asked.text("/shipDatestamp"));
    let date = date.and_then(|date| date.parse().ok()).unwrap_or_else(|| cx.now().date_naive());
    let special = asked.list("/shipmentSpecialServices/specialServiceTypes");
    let has = |name: &str| special.iter().any(|kind| kind.text("").as_deref() == Some(name));
    Ok(Shipment {
        origin,
        destination,
        pieces,
        date: date.max(cx.now().date_naive()),
        saturday: has("SATURDAY_DELIVERY"),
        economy: asked.has("/smartPostInfoDetail/hubId"),
        returns: has("RETURN_SHIPMENT"),
    })
}

fn place(party: &Value, bad_postal: &'static str) -> Result<Place, Refusal> {
    let address = &party["address"];
    let country = address.text("/countryCode").unwrap_or_default().to_uppercase();
    if !(world::is_country(&country) || country == "PR") {
        return Err((400, "COUNTRY.CODE.INVALID", "Country code is missing or invalid.".into()));
    }
    let contact = party.text("/contact/personName").or_else(|| party.text("/contact/companyName"));
    let place = Place {
        name: contact.unwrap_or_default(),
        lines: address.list("/streetLines").iter().filter_map(|line| line.text("")).take(3).collect(),
        city: address.text("/city").unwrap_or_default(),
        state: address.text("/stateOrProvinceCode").unwrap_or_default().to_uppercase(),
        postal: address.text("/postalCode").unwrap_or_default(),
        residential: address.pointer("/residential").and_then(Value::as_bool).unwrap_or(false),
        country,
    };
    if !place.is_us() {
        return Ok(place);
    }
    match world::state_of(&place.postal) {
        Some(state) if place.state.is_empty() || place.state == state => {
            Ok(Place { state: state.into(), ..place })
        }
        _ => Err((400, bad_postal, "The postal code is missing or does not fit the state.".into())),
    }
}

fn piece(line: &Value) -> Result<Piece, Refusal> {
    let unit = line.text("/weight/units").unwrap_or_default();
    let weight = line.decimal("/weight/value").filter(|weight| *weight > Decimal::ZERO);
    let (Some(weight), "LB" | "KG") = (weight, unit.as_str()) else {
        return Err((400, "PACKAGE.WEIGHT.INVALID", "Package weight is missing or invalid.".into()));
    };
    if weight.normalize().scale() > 2 {
        return Err((400, "INVALID.INPUT.EXCEPTION", "Invalid field value in the input: weight".into()));
    }
    let pounds = world::pounds(weight, &unit);
    let mut sides = None;
    let mut oversize = false;
    if line.has("/dimensions") {
        let unit = line.text("/dimensions/units").unwrap_or_default();
        let side = |name: &str| {
            let value = line.decimal(&format!("/dimensions/{name}"));
            value.filter(|value| *value >= Decimal::ONE && value.fract().is_zero()).ok_or((
                400,
                "INVALID.INPUT.EXCEPTION",
                format!("Invalid field value in the input: dimensions.{name}"),
            ))
        };
        let mut sorted =
            [side("length")?, side("width")?, side("height")?].map(|side| world::inches(side, &unit));
        sides = Some(sorted);
        sorted.sort();
        let girth = sorted[2] + Decimal::TWO * (sorted[0] + sorted[1]);
        oversize = girth > Decimal::from(130);
        if girth > Decimal::from(165) || sorted[2] > Decimal::from(119) {
            return Err((400, "SERVICE.PACKAGECOMBINATION.INVALID", "The package is too large.".into()));
        }
    }
    if pounds > Decimal::from(150) {
        return Err((400, "SERVICE.PACKAGECOMBINATION.INVALID", "The package is too heavy.".into()));
    }
    let declared = line.decimal("/declaredValue/amount").unwrap_or_default();
    Ok(Piece {
        pounds,
        billed: world::billed_pounds(pounds, sides, 139),
        printed: format!("{weight} {unit}"),
        declared: i64::try_from((declared * Decimal::ONE_HUNDRED).round()).unwrap_or(0),
        signature: line.text("/packageSpecialServices/signatureOptionType"),
        oversize,
    })
}

pub(super) fn service(code: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.code == code)
}

/// `FDXG` for the ground family, else `FDXE`.
pub(super) fn carrier_code(code: &str) -> &'static str {
    match code {
        "SMART_POST" => "FXSP",
        "FEDEX_GROUND" | "GROUND_HOME_DELIVERY" => "FDXG",
        _ => "FDXE",
    }
}

pub(super) fn quote(
    service: &'static Service,
    shipment: &Shipment,
    discount: i64,
    saturday: bool,
) -> Option<Quote> {
    let (from, to) = (&shipment.origin, &shipment.destination);
    let us = shipment.is_domestic() && from.is_us();
    let islands = [&from.state, &to.state].iter().any(|state| matches!(state.as_str(), "AK" | "HI"));
    let neighbours = from.country != to.country
        && [from, to].iter().all(|place| matches!(place.country.as_str(), "US" | "CA"));
    let runs = match service.lane {
        Lane::Domestic => us && !(islands && service.code == "FEDEX_EXPRESS_SAVER"),
        Lane::Ground => (us && !to.residential) || neighbours,
        Lane::Home => us && to.residential,
        Lane::Economy => us && to.residential && shipment.economy && shipment.pieces.len() == 1,
        Lane::World => !shipment.is_domestic(),
    };
    if !runs {
        return None;
    }
    let zone = world::zone(&from.postal, &to.postal);
    let days = match service.days {
        0 if neighbours => 4,
        0 => (zone / 2).clamp(1, 5) + 2 * i64::from(service.lane == Lane::Economy),
        days => days,
    };
    let start = world::next_business_day(shipment.date);
    let mut delivery = world::business_days_after(start, days);
    if saturday {
        let friday = world::business_days_after(start, days - 1);
        if friday.weekday() != Weekday::Fri
            || !matches!(service.code, "PRIORITY_OVERNIGHT" | "FIRST_OVERNIGHT" | "FEDEX_2_DAY")
        {
            return None;
        }
        delivery = friday.succ_opt()?;
    }
    let level = if us { 100 + 12 * (zone - 2) } else { world::lane_percent(&from.country, &to.country) };
    let base: i64 = shipment
        .pieces
        .iter()
        .map(|piece| (service.base + service.per_pound * piece.billed) * level / 100)
        .sum();
    let fuel = base * 16 / 100;
    let mut surcharges = vec![("FUEL", "Fuel Surcharge", fuel)];
    surcharges.extend(accessorials(shipment, service, saturday));
    let extras: i64 = surcharges.iter().map(|(.., cents)| cents).sum();
    let discount = base * 116 / 100 * discount / 1000;
    Some(Quote {
        service,
        days,
        delivery,
        saturday,
        base,
        surcharges,
        discount,
        list: base + extras,
        own: base + extras - discount,
    })
}

fn accessorials(
    shipment: &Shipment,
    service: &Service,
    saturday: bool,
) -> Vec<(&'static str, &'static str, i64)> {
    let count = i64::try_from(shipment.pieces.len()).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    if shipment.destination.residential && !matches!(service.lane, Lane::Economy) {
        found.push(("RESIDENTIAL_DELIVERY", "Residential delivery", 590 * count));
    }
    if saturday {
        found.push(("SATURDAY_DELIVERY", "Saturday delivery", 1675));
    }
    if shipment.returns {
        found.push(("RETURN_LABEL", "Print return label", 115));
    }
    for piece in &shipment.pieces {
        match piece.signature.as_deref() {
            Some("ADULT") => found.push(("SIGNATURE_OPTION", "Adult signature", 895)),
            Some("DIRECT" | "INDIRECT") => found.push(("SIGNATURE_OPTION", "Signature", 720)),
            _ => {}
        }
        if piece.declared > 10_000 {
            found.push(("INSURED_VALUE", "Declared value", ((piece.declared - 1) / 10_000 * 140).max(420)));
        }
        if piece.oversize {
            found.push(("OVERSIZE", "Oversize", 13_200));
        } else if piece.pounds > Decimal::from(50) {
            found.push(("ADDITIONAL_HANDLING", "Additional handling - weight", 2900));
        }
    }
    found
}

pub(super) fn answer(cx: &Cx, account: &Account, body: &Value) -> Reply {
    match quotes(cx, account, body) {
        Ok((shipment, quotes)) => {
            let kinds = body.list("/requestedShipment/rateRequestType");
            let wants = |name: &str| kinds.iter().any(|kind| kind.text("").as_deref() == Some(name));
            let known = body.text("/accountNumber/value").as_deref() == Some(account.number);
            let preferred = body.text("/requestedShipment/preferredCurrency").filter(|_| wants("PREFERRED"));
            let commit =
                body.pointer("/rateRequestControlParameters/returnTransitTimes") == Some(&json!(true));
            let detail = |quote: &Quote| {
                let mut rated = Vec::new();
                if known && (wants("ACCOUNT") || kinds.is_empty()) && account.discount > 0 {
                    rated.push(rated_detail("ACCOUNT", quote, quote.discount, &shipment, None));
                    if let Some(currency) = &preferred {
                        rated.push(rated_detail(
                            "PREFERRED_CURRENCY",
                            quote,
                            quote.discount,
                            &shipment,
                            Some(currency),
                        ));
                    }
                }
                if wants("LIST") || rated.is_empty() {
                    rated.push(rated_detail("LIST", quote, 0, &shipment, None));
                }
                reply_detail(quote, rated, commit)
            };
            let details: Vec<Value> = quotes.iter().map(detail).collect();
            output(json!({
                "alerts": [{"code": "VIRTUAL.RESPONSE", "message": "This is a Virtual Response.", "alertType": "NOTE"}],
                "rateReplyDetails": details,
                "quoteDate": cx.now().date_naive().to_string(),
                "encoded": false,
            }))
        }
        Err((_, code, text)) if cx.quirk("errors-in-200") => error(200, code, &text),
        Err(refusal) => refuse(refusal),
    }
}

pub(super) fn quotes(cx: &Cx, account: &Account, body: &Value) -> Result<(Shipment, Vec<Quote>), Refusal> {
    let shipment = shipment(cx, body, "/recipient")?;
    if body.text("/requestedShipment/pickupType").is_none() {
        return Err((400, "PICKUPTYPE.REQUIRED", "Pickup type is required.".into()));
    }
    let packaging = body.text("/requestedShipment/packagingType");
    if packaging.is_some_and(|kind| kind != "YOUR_PACKAGING" && !kind.starts_with("FEDEX_")) {
        return Err((400, "PACKAGINGTYPE.INVALID", "Packaging type is invalid.".into()));
    }
    let variants = body.text("/rateRequestControlParameters/variableOptions").unwrap_or_default();
    let saturday = shipment.saturday || variants.contains("SATURDAY_DELIVERY");
    let wanted = body.text("/requestedShipment/serviceType");
    let mut quotes = Vec::new();
    for service in SERVICES.iter().filter(|service| wanted.as_deref().is_none_or(|code| code == service.code))
    {
        quotes.extend(quote(service, &shipment, account.discount, false).filter(|_| !shipment.saturday));
        quotes.extend(quote(service, &shipment, account.discount, true).filter(|_| saturday));
    }
    if quotes.is_empty() {
        let (code, text) = match wanted {
            None => {
                ("RATE.LOCATION.NOSERVICE", "FedEx does not currently offer service between these locations.")
            }
            Some(_) => ("SERVICE.PACKAGECOMBINATION.INVALID", "Invalid service and packaging combination."),
        };
        return Err((400, code, text.into()));
    }
    Ok((shipment, quotes))
}

/// Exchange rates of the simulation in thousandths, and FedEx's own code of each currency.
fn currency(iso: &str) -> (i64, &str) {
    match iso {
        "GBP" | "UKL" => (790, "UKL"),
        "EUR" => (920, "EUR"),
        "CAD" => (1370, "CAD"),
        "CNY" => (7120, "CNY"),
        "JPY" | "JYE" => (149_000, "JYE"),
        "MXN" | "NMP" => (17_100, "NMP"),
        _ => (1000, "USD"),
    }
}

fn rated_detail(
    kind: &str,
    quote: &Quote,
    discount: i64,
    shipment: &Shipment,
    preferred: Option<&str>,
) -> Value {
    let (rate, code) = currency(preferred.unwrap_or("USD"));
    let amount = |cents: i64| json_number(cents * rate / 1000);
    let surcharges: i64 = quote.surcharges.iter().map(|(.., cents)| cents).sum();
    let list: Vec<Value> = quote
        .surcharges
        .iter()
        .map(|(kind, text, cents)| json!({"type": kind, "description": text, "amount": amount(*cents)}))
        .collect();
    let billed: i64 = shipment.pieces.iter().map(|piece| piece.billed).sum();
    let net = quote.list - discount;
    let zone = world::zone(&shipment.origin.postal, &shipment.destination.postal);
    let mut detail = json!({
        "rateType": kind, "ratedWeightMethod": "ACTUAL",
        "totalDiscounts": amount(discount), "totalBaseCharge": amount(quote.base),
        "totalNetCharge": amount(net), "totalNetFedExCharge": amount(net),
        "shipmentRateDetail": {
            "rateZone": format!("{zone:02}"), "dimDivisor": 139, "fuelSurchargePercent": 16.0,
            "totalSurcharges": amount(surcharges), "totalFreightDiscount": amount(discount),
            "surCharges": list, "pricingCode": "PACKAGE",
            "totalBillingWeight": {"units": "LB", "value": billed}, "currency": code, "rateScale": "14",
        },
        "ratedPackages": [],
        "currency": code,
    });
    if preferred.is_some() {
        let exchange = json!({"fromCurrency": "USD", "intoCurrency": code, "rate": json_number(rate / 10)});
        detail["shipmentRateDetail"]["currencyExchangeRate"] = exchange;
    }
    detail
}

pub(super) const DAYS: [&str; 9] = [
    "UNKNOWN",
    "ONE_DAY",
    "TWO_DAYS",
    "THREE_DAYS",
    "FOUR_DAYS",
    "FIVE_DAYS",
    "SIX_DAYS",
    "SEVEN_DAYS",
    "EIGHT_DAYS",
];

pub(super) fn commit(quote: &Quote) -> Value {
    let day = quote.delivery.format("%a").to_string().to_uppercase();
    let words = DAYS.get(usize::try_from(quote.days).unwrap_or(0)).copied().unwrap_or("UNKNOWN");
    json!({
        "label": "Delivery date",
        "dateDetail": {"dayOfWeek": day, "dayFormat": format!("{}T{}", quote.delivery, quote.service.by)},
        "transitDays": {"description": words, "minimumTransitTime": words},
        "saturdayDelivery": quote.saturday,
    })
}

fn reply_detail(quote: &Quote, rated: Vec<Value>, with_commit: bool) -> Value {
    let mut detail = json!({
        "serviceType": quote.service.code, "serviceName": quote.service.name, "packagingType": "YOUR_PACKAGING",
        "ratedShipmentDetails": rated,
        "operationalDetail": {"ineligibleForMoneyBackGuarantee": false, "serviceCode": "00"},
        "signatureOptionType": "SERVICE_DEFAULT",
        "serviceDescription": {"serviceType": quote.service.code, "serviceCategory": "parcel", "description": quote.service.name},
    });
    if with_commit {
        detail["commit"] = commit(quote);
    }
    detail
}
