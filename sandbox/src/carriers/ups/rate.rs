use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::parse::{Piece, Shipment};
use super::{Refusal, error, listed, parse, refuse, response_part};
use crate::http::Json as _;
use crate::world::{self, money};
use crate::{Account, Cx, Reply, Request};

/// A service of the simulated tariff. Prices are invented.
pub(super) struct Service {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// Public time-in-transit code.
    pub(super) level: &'static str,
    lane: Lane,
    base: i64,
    per_pound: i64,
    /// Business days; zero means by zone.
    days: i64,
    /// Commit time `HHMMSS` and its printed form.
    pub(super) by: (&'static str, &'static str),
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Lane {
    Domestic,
    /// Domestic to homes, contract, not in Shop.
    Saver,
    World,
    /// Between neighbours: US, Canada, Mexico, and inside Europe.
    Standard,
}

const MORNING: (&str, &str) = ("103000", "10:30 A.M.");
const EVENING: (&str, &str) = ("230000", "");

#[rustfmt::skip]
const SERVICES: &[Service] = &[
    Service { code: "14", name: "UPS Next Day Air Early", level: "1DM", lane: Lane::Domestic, base: 7850, per_pound: 410, days: 1, by: ("083000", "8:30 A.M.") },
    Service { code: "01", name: "UPS Next Day Air", level: "1DA", lane: Lane::Domestic, base: 4420, per_pound: 375, days: 1, by: MORNING },
    Service { code: "13", name: "UPS Next Day Air Saver", level: "1DP", lane: Lane::Domestic, base: 3980, per_pound: 335, days: 1, by: ("150000", "3:00 P.M.") },
    Service { code: "59", name: "UPS 2nd Day Air A.M.", level: "2DM", lane: Lane::Domestic, base: 2940, per_pound: 245, days: 2, by: MORNING },
    Service { code: "02", name: "UPS 2nd Day Air", level: "2DA", lane: Lane::Domestic, base: 2310, per_pound: 205, days: 2, by: EVENING },
    Service { code: "12", name: "UPS 3 Day Select", level: "3DS", lane: Lane::Domestic, base: 1760, per_pound: 150, days: 3, by: EVENING },
    Service { code: "03", name: "UPS Ground", level: "GND", lane: Lane::Domestic, base: 1115, per_pound: 62, days: 0, by: EVENING },
    Service { code: "93", name: "UPS Ground Saver", level: "GSV", lane: Lane::Saver, base: 905, per_pound: 51, days: 0, by: EVENING },
    Service { code: "54", name: "UPS Worldwide Express Plus", level: "21", lane: Lane::World, base: 9800, per_pound: 690, days: 2, by: ("090000", "9:00 A.M.") },
    Service { code: "07", name: "UPS Worldwide Express", level: "01", lane: Lane::World, base: 6900, per_pound: 610, days: 2, by: ("120000", "12:00 P.M.") },
    Service { code: "65", name: "UPS Worldwide Saver", level: "28", lane: Lane::World, base: 6400, per_pound: 560, days: 3, by: EVENING },
    Service { code: "08", name: "UPS Worldwide Expedited", level: "05", lane: Lane::World, base: 5600, per_pound: 430, days: 5, by: EVENING },
    Service { code: "11", name: "UPS Standard", level: "03", lane: Lane::Standard, base: 1890, per_pound: 120, days: 4, by: EVENING },
];

/// Prices in cents and dates of one service for one shipment.
pub(super) struct Quote {
    pub(super) service: &'static Service,
    pub(super) days: i64,
    pub(super) delivery: NaiveDate,
    pub(super) saturday: bool,
    pub(super) pieces: Vec<PiecePrice>,
    /// Itemized charges of the whole shipment: code, cents.
    pub(super) items: Vec<(&'static str, i64)>,
    pub(super) list: i64,
    pub(super) own: i64,
}

pub(super) struct PiecePrice {
    pub(super) base: i64,
    pub(super) items: Vec<(&'static str, i64)>,
    pub(super) total: i64,
    pub(super) own: i64,
}

pub(super) fn service(code: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.code == code)
}

/// Quotes a service; nothing when it does not run on this lane.
pub(super) fn quote(
    service: &'static Service,
    shipment: &Shipment,
    discount: i64,
    pickup: NaiveDate,
    saturday: bool,
) -> Option<Quote> {
    if !offered(service, shipment) {
        return None;
    }
    let zone = world::zone(&shipment.origin.postal, &shipment.destination.postal);
    let days = match service.days {
        0 => (zone / 2).clamp(1, 5) + i64::from(service.lane == Lane::Saver),
        days => days,
    };
    let start = world::next_business_day(pickup);
    let mut delivery = world::business_days_after(start, days);
    if saturday {
        // Offered only when the day before a business-day delivery is that Saturday.
        let friday = world::business_days_after(start, days - 1);
        if friday.weekday() != Weekday::Fri || !matches!(service.code, "01" | "02" | "14") {
            return None;
        }
        delivery = friday.succ_opt()?;
    }
    let level = if service.lane == Lane::World || service.lane == Lane::Standard {
        world::lane_percent(&shipment.origin.country, &shipment.destination.country)
    } else {
        100 + 13 * (zone - 2)
    };
    let pieces: Vec<PiecePrice> =
        shipment.pieces.iter().map(|piece| price_piece(service, shipment, piece, level, discount)).collect();
    let mut items = Vec::new();
    if saturday {
        items.push(("300", 1750));
    }
    if let Some(kind) = &shipment.signature {
        items.push(("121", if kind == "2" { 880 } else { 735 }));
    }
    if shipment.returns {
        items.push(("250", 120));
    }
    let extras: i64 = items.iter().map(|(_, cents)| cents).sum();
    let list = pieces.iter().map(|piece| piece.total).sum::<i64>() + extras;
    let own = pieces.iter().map(|piece| piece.own).sum::<i64>() + extras;
    Some(Quote { service, days, delivery, saturday, pieces, items, list, own })
}

fn offered(service: &Service, shipment: &Shipment) -> bool {
    let (from, to) = (&shipment.origin, &shipment.destination);
    let islands = [&from.state, &to.state].iter().any(|state| matches!(state.as_str(), "AK" | "HI"));
    let homes = !to.residential || service.code != "59";
    let us = shipment.is_domestic() && from.is_us();
    let returns = !(shipment.returns && matches!(service.code, "13" | "59"));
    returns
        && homes
        && match service.lane {
            Lane::Domestic => us && !(islands && matches!(service.code, "12" | "14")),
            Lane::Saver => us && to.residential && !islands,
            Lane::World => !shipment.is_domestic(),
            Lane::Standard => {
                from.country != to.country
                    && world::region(&from.country) == world::region(&to.country)
                    && world::region(&from.country) != world::Region::Asia
            }
        }
}

fn price_piece(
    service: &Service,
    shipment: &Shipment,
    piece: &Piece,
    level: i64,
    discount: i64,
) -> PiecePrice {
    let oversize = piece.length_and_girth > Decimal::from(130);
    let billed = if oversize { piece.billed.max(90) } else { piece.billed };
    let base = (service.base + service.per_pound * billed) * level / 100;
    let mut items = vec![("375", base * 17 / 100)];
    if shipment.destination.residential {
        items.push(("270", if service.code == "03" { 565 } else { 640 }));
    }
    if let Some(kind) = &piece.signature {
        items.push(("120", if kind == "3" { 880 } else { 735 }));
    }
    if piece.declared > 10_000 {
        items.push(("400", ((piece.declared - 10_000 + 9_999) / 10_000 * 145).max(435)));
    }
    if oversize {
        items.push(("377", 12_900));
    } else if piece.handling || piece.pounds > Decimal::from(50) || piece.longest > Decimal::from(48) {
        items.push(("100", 2850));
    }
    let total = base + items.iter().map(|(_, cents)| cents).sum::<i64>();
    // The discount holds for the base price and the fuel on it.
    let own = total - base * 117 / 100 * discount / 1000;
    PiecePrice { base, items, total, own }
}

pub(super) fn answer(cx: &Cx, account: &Account, request: &Request, version: &str, option: &str) -> Reply {
    let Some(body) = request.json() else { return error(400, "10001", "The request is not well formed") };
    let asked = &body["RateRequest"];
    let shipment = match parse::shipment(&asked["Shipment"], "PackagingType") {
        Ok(shipment) => shipment,
        Err(refusal) => return refuse(refusal),
    };
    let option = option.to_ascii_lowercase();
    let transit =
        option.ends_with("timeintransit") || request.query("additionalinfo") == Some("timeintransit");
    let pickup = pickup_date(cx, &asked["Shipment"]);
    let quotes = match quotes(account, asked, &shipment, option.starts_with("shop"), pickup) {
        Ok(quotes) => quotes,
        Err(refusal) => return refuse(refusal),
    };
    let entitled = shipment.negotiated && entitled(account, &shipment);
    let rated =
        quotes.iter().map(|quote| rated(cx, version, quote, &shipment, entitled, transit, pickup)).collect();
    let alert =
        json!({"Code": "110971", "Description": "Your invoice may vary from the displayed reference rates"});
    let rated_shipment = listed(cx, version, 2409, rated);
    let response = response_part(&asked["Request"], vec![alert]);
    Reply::json(200, &json!({"RateResponse": {"Response": response, "RatedShipment": rated_shipment}}))
}

/// Own prices need the shipper number of this app's account and a state in the origin.
pub(super) fn entitled(account: &Account, shipment: &Shipment) -> bool {
    account.discount > 0
        && shipment.shipper_number.as_deref() == Some(account.number)
        && (!shipment.origin.state.is_empty() || !shipment.origin.is_us())
}

fn quotes(
    account: &Account,
    asked: &Value,
    shipment: &Shipment,
    shop: bool,
    pickup: NaiveDate,
) -> Result<Vec<Quote>, Refusal> {
    let quote_of = |service, saturday| quote(service, shipment, account.discount, pickup, saturday);
    if shop {
        let options = asked.text("/Shipment/ShipmentServiceOptions/AvailableServicesOption");
        let weekend = matches!(options.as_deref(), Some("1" | "3"));
        let mut quotes = Vec::new();
        for service in SERVICES.iter().filter(|service| service.lane != Lane::Saver) {
            quotes.extend(quote_of(service, false).filter(|_| !shipment.saturday));
            quotes.extend(quote_of(service, true).filter(|_| weekend || shipment.saturday));
        }
        if quotes.is_empty() {
            return Err((
                400,
                "111210",
                "The requested service is unavailable between the selected locations.".into(),
            ));
        }
        return Ok(quotes);
    }
    let code =
        shipment.service.as_deref().ok_or((400, "111100", "Missing or invalid service code".to_owned()))?;
    let service = service(code).ok_or((400, "111100", "The requested service is invalid".to_owned()))?;
    let quote = quote_of(service, shipment.saturday);
    let unavailable = "The requested service is unavailable between the selected locations.";
    quote.map(|quote| vec![quote]).ok_or((400, "111210", unavailable.into()))
}

/// The day on which the parcel is handed over: as asked, else today.
pub(super) fn pickup_date(cx: &Cx, shipment: &Value) -> NaiveDate {
    let asked =
        shipment.text("/DeliveryTimeInformation/Pickup/Date").or_else(|| shipment.text("/ShipmentDate"));
    asked
        .and_then(|date| NaiveDate::parse_from_str(&date, "%Y%m%d").ok())
        .unwrap_or_else(|| cx.now().date_naive())
}

pub(super) fn amount(cents: i64) -> Value {
    json!({"CurrencyCode": "USD", "MonetaryValue": money(cents)})
}

pub(super) fn itemized(items: &[(&str, i64)]) -> Vec<Value> {
    let item = |(code, cents): &(&str, i64)| json!({"Code": code, "CurrencyCode": "USD", "MonetaryValue": money(*cents)});
    items.iter().map(item).collect()
}

pub(super) fn billing_weight(billed: i64) -> Value {
    json!({"UnitOfMeasurement": {"Code": "LBS", "Description": "Pounds"}, "Weight": format!("{billed}.0")})
}

fn rated(
    cx: &Cx,
    version: &str,
    quote: &Quote,
    shipment: &Shipment,
    entitled: bool,
    transit: bool,
    pickup: NaiveDate,
) -> Value {
    let options: i64 = quote.items.iter().map(|(_, cents)| cents).sum();
    let packages = quote.pieces.iter().zip(&shipment.pieces).map(|(price, piece)| {
        let mut package = json!({
            "TransportationCharges": amount(price.total),
            "BaseServiceCharge": amount(price.base),
            "ServiceOptionsCharges": amount(0),
            "ItemizedCharges": itemized(&price.items),
            "TotalCharges": amount(price.total),
            "Weight": piece.pounds.round_dp(1).to_string(),
            "BillingWeight": billing_weight(piece.billed),
        });
        if entitled {
            package["NegotiatedCharges"] = json!({"TotalCharge": amount(price.own)});
        }
        package
    });
    let mut alerts = vec![
        json!({"Code": "110971", "Description": "Your invoice may vary from the displayed reference rates"}),
    ];
    if shipment.negotiated && !entitled {
        alerts.push(json!({"Code": "110920", "Description": "User is not eligible for negotiated rates"}));
    }
    let mut rated = json!({
        "Service": {"Code": quote.service.code, "Description": ""},
        "Zone": world::zone(&shipment.origin.postal, &shipment.destination.postal).to_string(),
        "RatedShipmentAlert": listed(cx, version, 2403, alerts),
        "BillingWeight": billing_weight(shipment.billed()),
        "TransportationCharges": amount(quote.list - options),
        "BaseServiceCharge": amount(0),
        "ItemizedCharges": listed(cx, version, 2403, itemized(&quote.items)),
        "ServiceOptionsCharges": amount(options),
        "TotalCharges": amount(quote.list),
        "RatedPackage": listed(cx, version, 2403, packages.collect()),
    });
    if entitled {
        rated["NegotiatedRateCharges"] = json!({"TotalCharge": amount(quote.own)});
    }
    if !quote.service.by.1.is_empty() {
        rated["GuaranteedDelivery"] =
            json!({"BusinessDaysInTransit": quote.days.to_string(), "DeliveryByTime": quote.service.by.1});
    }
    if transit {
        rated["TimeInTransit"] = time_in_transit(quote, shipment, pickup);
    }
    rated
}

fn time_in_transit(quote: &Quote, shipment: &Shipment, pickup: NaiveDate) -> Value {
    let day = quote.delivery.format("%a").to_string().to_uppercase();
    let start = world::next_business_day(pickup).format("%Y%m%d").to_string();
    let mut summary = json!({
        "Service": {"Description": quote.service.name},
        "EstimatedArrival": {
            "Arrival": {"Date": quote.delivery.format("%Y%m%d").to_string(), "Time": quote.service.by.0},
            "BusinessDaysInTransit": quote.days.to_string(),
            "Pickup": {"Date": start, "Time": "180000"},
            "DayOfWeek": day,
            "CustomerCenterCutoff": "180000",
            "TotalTransitDays": (quote.delivery - pickup).num_days().to_string(),
        },
        "SaturdayDelivery": if quote.saturday { "1" } else { "0" },
        "SundayDelivery": "0",
    });
    if !quote.service.by.1.is_empty() {
        summary["GuaranteedIndicator"] = json!("");
    }
    json!({
        "PickupDate": pickup.format("%Y%m%d").to_string(),
        "PackageBillType": if shipment.documents_only { "02" } else { "03" },
        "Disclaimer": "Simulated transit times.",
        "ServiceSummary": summary,
    })
}
