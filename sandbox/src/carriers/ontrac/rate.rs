use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;

use crate::http::number;
use crate::world::{self, money};
use crate::xml::element;
use crate::{Account, Cx, Request};

const AREA: [&str; 8] = ["AZ", "CA", "CO", "ID", "NV", "OR", "UT", "WA"];

pub(super) fn serves(zip: &str) -> bool {
    world::state_of(zip).is_some_and(|state| AREA.contains(&state))
}

pub(super) fn sort_code(zip: &str) -> String {
    let state = world::state_of(zip).unwrap_or("XX");
    format!("{state}{}", &zip.get(2..3).unwrap_or("0"))
}

/// The list of served ZIP codes: a hundred for every prefix of the area.
pub(super) fn zips(request: &Request) -> String {
    if request.query("lastUpdate").is_some() {
        return format!("<Zips/>{}", element("Error", "No Zip Updates Available"));
    }
    let mut rows = String::new();
    for prefix in 800..1000 {
        if !serves(&format!("{prefix}00")) {
            continue;
        }
        for last in 0..100 {
            let zip = format!("{prefix}{last:02}");
            let sort = sort_code(&zip);
            rows.push_str(&format!("<Zip><zipCode>{zip}</zipCode><saturdayServiced>1</saturdayServiced><pickupServiced>1</pickupServiced><sortCode>{sort}</sortCode></Zip>"));
        }
    }
    format!("<Zips>{rows}</Zips><Error/>")
}

/// A package as both Rates and Shipments describe it.
pub(super) struct Package {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) residential: bool,
    pub(super) saturday: bool,
    pub(super) signature: bool,
    pub(super) pounds: Decimal,
    pub(super) sides: [Decimal; 3],
    pub(super) service: String,
    pub(super) date: NaiveDate,
}

/// Prices in cents.
pub(super) struct Price {
    pub(super) base: i64,
    pub(super) extras: Vec<(&'static str, i64)>,
    pub(super) saturday: i64,
    pub(super) fuel: i64,
    pub(super) list: i64,
    pub(super) billed: i64,
    pub(super) days: i64,
    pub(super) delivery: NaiveDate,
    pub(super) zone: i64,
}

impl Price {
    pub(super) fn service(&self) -> i64 {
        self.base + self.saturday + self.extras.iter().map(|(_, cents)| cents).sum::<i64>()
    }

    pub(super) fn total(&self) -> i64 {
        self.service() + self.fuel
    }

    /// The details element, the same in rates and shipments.
    pub(super) fn details(&self) -> String {
        let extras: i64 = self.extras.iter().map(|(_, cents)| cents).sum();
        let each: String = self
            .extras
            .iter()
            .map(|(text, cents)| {
                format!(
                    "<AdditionalCharge>{}<Value>{}00</Value></AdditionalCharge>",
                    element("Description", text),
                    money(*cents)
                )
            })
            .collect();
        format!(
            "<ServiceChargeDetails><BaseCharge>{}</BaseCharge><PoundsCharge>0</PoundsCharge><AdditionalCharges>{}</AdditionalCharges><AdditionalChargesDetails>{each}</AdditionalChargesDetails><SaturdayCharge>{}</SaturdayCharge></ServiceChargeDetails>",
            money(self.base),
            money(extras),
            money(self.saturday)
        )
    }
}

/// Prices a package; the error is OnTrac's text.
pub(super) fn price(account: &Account, package: &Package) -> Result<Price, String> {
    if !serves(&package.from) {
        return Err("Pickup Zip Not Serviced".into());
    }
    if !serves(&package.to) {
        return Err("Delivery Zip Not Serviced".into());
    }
    if !matches!(package.service.as_str(), "" | "C") {
        return Err("The Requested Service Type is not Available For This Account".into());
    }
    let mut sorted = package.sides;
    sorted.sort();
    let girth = sorted[2] + Decimal::TWO * (sorted[0] + sorted[1]);
    if package.pounds > Decimal::from(150) || girth > Decimal::from(105) {
        return Err("Invalid Shipment Information (Weight or size over the limit)".into());
    }
    let zone = world::zone(&package.from, &package.to);
    let days = (zone / 2).max(1);
    let start = world::next_business_day(package.date);
    let mut delivery = world::business_days_after(start, days);
    let mut saturday = 0;
    if package.saturday {
        let friday = world::business_days_after(start, days - 1);
        let Some(day) = friday.succ_opt().filter(|_| friday.weekday() == Weekday::Fri) else {
            return Err(format!("Saturday Service Unavailable for {}", package.to));
        };
        delivery = day;
        saturday = 1500;
    }
    // Weight 0 is a letter.
    let letter = package.pounds.is_zero();
    let sides = Some(package.sides).filter(|sides| sides.iter().all(|side| !side.is_zero()));
    let billed = if letter { 0 } else { world::billed_pounds(package.pounds, sides, 166) };
    let list = (if letter { 690 } else { 870 + 46 * billed }) * (100 + 9 * (zone - 2)) / 100;
    let mut extras = Vec::new();
    if package.residential {
        extras.push(("RESIDENTIAL DELIVERY", 425));
    }
    if package.signature {
        extras.push(("SIGNATURE", 510));
    }
    let surcharges = saturday + extras.iter().map(|(_, cents)| cents).sum::<i64>();
    let base = list * (1000 - account.discount) / 1000;
    let fuel = base * 14 / 100;
    Ok(Price {
        base,
        extras,
        saturday,
        fuel,
        list: list * 114 / 100 + surcharges,
        billed,
        days,
        delivery,
        zone,
    })
}

pub(super) fn rates(cx: &Cx, account: &Account, request: &Request, version: u32) -> String {
    let packages = request.query("packages").unwrap_or_default();
    if packages.is_empty() {
        return element("Error", "Invalid Shipment Information (packages)");
    }
    let shipments: String = packages.split(',').map(|text| shipment(cx, account, text, version)).collect();
    format!("<Shipments>{shipments}</Shipments><Error></Error>")
}

/// One positional package string; the order of its parts depends on the version.
fn shipment(cx: &Cx, account: &Account, text: &str, version: u32) -> String {
    let parts: Vec<&str> = text.split(';').collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    let (saturday, weight, dim, service) = if version >= 7 { (4, 5, 6, 7) } else { (5, 7, 8, 9) };
    let truth = |at: usize| part(at).eq_ignore_ascii_case("true");
    let sides: Vec<Decimal> = part(dim).split(['X', 'x']).filter_map(number).collect();
    let (Some(pounds), &[length, width, height]) = (number(part(weight)), sides.as_slice()) else {
        let uid = element("UID", part(0));
        return format!(
            "<Shipment><Rates/>{uid}{}</Shipment>",
            element("Error", "Invalid Shipment Information (Invalid Data Format)")
        );
    };
    let asked =
        ["%m-%d-%y", "%m-%d-%Y"].iter().find_map(|format| NaiveDate::parse_from_str(part(8), format).ok());
    let package = Package {
        from: part(1).to_owned(),
        to: part(2).to_owned(),
        residential: truth(3),
        saturday: truth(saturday),
        signature: false,
        pounds,
        sides: [length, width, height],
        service: part(service).to_owned(),
        date: asked.filter(|_| version >= 7).unwrap_or_else(|| cx.now().date_naive()),
    };
    let (rate, error) = match price(account, &package) {
        Ok(price) => (rate(&price), String::new()),
        Err(error) => (String::new(), error),
    };
    format!(
        "<Shipment><Rates>{rate}</Rates>{}{}{}<Residential>{}</Residential><SaturdayDel>{}</SaturdayDel><Weight>{pounds}</Weight><DIM><Length>{length}</Length><Width>{width}</Width><Height>{height}</Height></DIM>{}</Shipment>",
        element("UID", part(0)),
        element("Delzip", part(2)),
        element("PUZip", part(1)),
        package.residential,
        package.saturday,
        element("Error", &error)
    )
}

fn rate(price: &Price) -> String {
    format!(
        "<Rate><Service>C</Service><ServiceCharge>{}</ServiceCharge>{}<FuelCharge>{}</FuelCharge><TotalCharge>{}</TotalCharge><BilledWeight>{}</BilledWeight><TransitDays>{}</TransitDays><ExpectedDeliveryDate>{}</ExpectedDeliveryDate><CommitTime>17:00:00</CommitTime><RateZone>{}</RateZone><GlobalRate>{}</GlobalRate><Error></Error></Rate>",
        money(price.service()),
        price.details(),
        money(price.fuel),
        money(price.total()),
        price.billed,
        price.days,
        price.delivery.format("%Y%m%d"),
        price.zone,
        money(price.list)
    )
}
