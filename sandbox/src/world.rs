//! The simulated world: places, zones, dates and money. Approximate on purpose, deterministic,
//! and shared by all carriers so that their prices differ by tariff and not by geography.

use chrono::{Datelike, NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A part of the world with one price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// United States, Canada, Mexico.
    NorthAmerica,
    /// Europe.
    Europe,
    /// East and South Asia.
    Asia,
    /// Everywhere else.
    Other,
}

/// Where a parcel starts or ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Person or company.
    pub name: String,
    /// Street lines.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// State or province code.
    pub state: String,
    /// Postal code.
    pub postal: String,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// A private home.
    pub residential: bool,
}

impl Place {
    /// True inside the United States (Puerto Rico and islands are countries of their own here).
    pub fn is_us(&self) -> bool {
        self.country == "US"
    }

    /// Minutes from UTC, winter time.
    pub fn utc_offset_minutes(&self) -> i32 {
        let state = STATES.iter().find(|(code, ..)| self.is_us() && *code == self.state);
        state
            .map(|(.., hours, _)| hours * 60)
            .or_else(|| country(&self.country).map(|(.., offset, _)| *offset))
            .unwrap_or(0)
    }

    /// The sorting place nearby: city and state or country.
    pub fn hub(&self) -> (String, String) {
        let state = STATES.iter().find(|(code, ..)| self.is_us() && *code == self.state);
        match state {
            Some((code, .., city)) => ((*city).to_owned(), (*code).to_owned()),
            None => (
                country(&self.country).map_or_else(|| self.city.clone(), |(.., city)| (*city).to_owned()),
                String::new(),
            ),
        }
    }

    /// The address as it is printed.
    pub fn printed(&self) -> Vec<String> {
        let mut lines = vec![self.name.clone()];
        lines.extend(self.lines.iter().cloned());
        lines.push([&self.city, &self.state, &self.postal].map(String::as_str).join(" ").trim().to_owned());
        lines.push(country_name(&self.country));
        lines
    }
}

/// The state of a ZIP code; nothing when no such prefix is in use.
pub fn state_of(zip: &str) -> Option<&'static str> {
    let digits = zip.get(..5).filter(|first| first.bytes().all(|byte| byte.is_ascii_digit()))?;
    let prefix: u32 = digits[..3].parse().ok()?;
    PREFIXES.iter().find(|(first, last, _)| (*first..=*last).contains(&prefix)).map(|(.., state)| *state)
}

/// Price zone between two ZIP codes: 2 (near) to 8 (across the continent), 9 to or from islands and Alaska.
pub fn zone(from: &str, to: &str) -> i64 {
    let middle = |zip| state_of(zip).and_then(|state| STATES.iter().find(|(code, ..)| *code == state));
    let (Some(from), Some(to)) = (middle(from), middle(to)) else { return 5 };
    if [from.0, to.0].iter().any(|state| matches!(*state, "AK" | "HI" | "PR" | "VI" | "GU")) && from.0 != to.0
    {
        return 9;
    }
    // A tenth of a degree is about 6.9 miles north and 5.3 miles east.
    let (north, east) = ((from.1 - to.1) * 69 / 10, (from.2 - to.2) * 53 / 10);
    let squared = north * north + east * east;
    let limits = [150i64, 300, 600, 1000, 1400, 1800];
    2 + limits.iter().take_while(|limit| squared > *limit * *limit).count() as i64
}

/// A country's region.
pub fn region(iso: &str) -> Region {
    country(iso).map_or(Region::Other, |(_, _, region, ..)| *region)
}

/// A country's English name; its code when it is not in the simulated world.
pub fn country_name(iso: &str) -> String {
    country(iso).map_or_else(|| iso.to_owned(), |(_, name, ..)| (*name).to_owned())
}

/// Is the country in the simulated world?
pub fn is_country(iso: &str) -> bool {
    country(iso).is_some()
}

fn country(iso: &str) -> Option<&'static (&'static str, &'static str, Region, i32, &'static str)> {
    COUNTRIES.iter().find(|(code, ..)| *code == iso)
}

/// Price level of an international lane in percent of the base.
pub fn lane_percent(from: &str, to: &str) -> i64 {
    match (region(from), region(to)) {
        (a, b) if a == b => 100,
        (Region::NorthAmerica, Region::Europe) | (Region::Europe, Region::NorthAmerica) => 150,
        (Region::Asia, Region::NorthAmerica) | (Region::NorthAmerica, Region::Asia) => 165,
        (Region::Other, _) | (_, Region::Other) => 200,
        _ => 170,
    }
}

/// The day `days` business days (Monday to Friday) after `from`.
pub fn business_days_after(from: NaiveDate, days: i64) -> NaiveDate {
    let mut day = from;
    let mut left = days;
    while left > 0 {
        day = day.succ_opt().unwrap_or(day);
        if !is_weekend(day) {
            left -= 1;
        }
    }
    day
}

/// The day itself, or the Monday after a weekend.
pub fn next_business_day(day: NaiveDate) -> NaiveDate {
    if is_weekend(day) { business_days_after(day, 1) } else { day }
}

/// Saturday or Sunday.
pub fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// Cents as a decimal.
pub fn decimal(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// Cents as text with two places: `12.49`.
pub fn money(cents: i64) -> String {
    decimal(cents).to_string()
}

/// Cents as a JSON number with two places.
pub fn json_number(cents: i64) -> serde_json::Value {
    serde_json::from_str(&money(cents)).unwrap_or_default()
}

/// Weight in pounds.
pub fn pounds(value: Decimal, unit: &str) -> Decimal {
    match unit.to_ascii_uppercase().as_str() {
        "KGS" | "KG" | "K" => value * Decimal::new(22_046_226, 7),
        "OZS" | "OZ" => value / Decimal::from(16),
        "G" => value * Decimal::new(22_046_226, 10),
        _ => value,
    }
}

/// Length in inches.
pub fn inches(value: Decimal, unit: &str) -> Decimal {
    if unit.eq_ignore_ascii_case("CM") { value / Decimal::new(254, 2) } else { value }
}

/// Pounds that are billed: the greater of weight and volume over the divisor, rounded up, at least 1.
pub fn billed_pounds(weight: Decimal, inches: Option<[Decimal; 3]>, divisor: i64) -> i64 {
    let volume = inches.map_or(Decimal::ZERO, |sides| sides.iter().map(Decimal::ceil).product());
    let billed = weight.max(volume / Decimal::from(divisor.max(1))).ceil();
    i64::try_from(billed).unwrap_or(i64::MAX / 1_000_000).max(1)
}

/// First and last three-digit prefix and the state they belong to.
#[rustfmt::skip]
const PREFIXES: &[(u32, u32, &str)] = &[
    (5, 5, "NY"), (6, 7, "PR"), (8, 8, "VI"), (9, 9, "PR"), (10, 27, "MA"),
    (28, 29, "RI"), (30, 38, "NH"), (39, 49, "ME"), (50, 59, "VT"), (60, 69, "CT"),
    (70, 89, "NJ"), (90, 98, "AE"), (100, 149, "NY"), (150, 196, "PA"), (197, 199, "DE"),
    (200, 200, "DC"), (201, 201, "VA"), (202, 205, "DC"), (206, 219, "MD"), (220, 246, "VA"),
    (247, 268, "WV"), (270, 289, "NC"), (290, 299, "SC"), (300, 319, "GA"), (320, 339, "FL"),
    (340, 340, "AA"), (341, 349, "FL"), (350, 369, "AL"), (370, 385, "TN"), (386, 397, "MS"),
    (398, 399, "GA"), (400, 427, "KY"), (430, 459, "OH"), (460, 479, "IN"), (480, 499, "MI"),
    (500, 528, "IA"), (530, 549, "WI"), (550, 567, "MN"), (570, 577, "SD"), (580, 588, "ND"),
    (590, 599, "MT"), (600, 629, "IL"), (630, 658, "MO"), (660, 679, "KS"), (680, 693, "NE"),
    (700, 714, "LA"), (716, 729, "AR"), (730, 732, "OK"), (733, 733, "TX"), (734, 749, "OK"),
    (750, 799, "TX"), (800, 816, "CO"), (820, 831, "WY"), (832, 838, "ID"), (840, 847, "UT"),
    (850, 865, "AZ"), (870, 884, "NM"), (885, 885, "TX"), (889, 898, "NV"), (900, 961, "CA"),
    (962, 966, "AP"), (967, 968, "HI"), (969, 969, "GU"), (970, 979, "OR"), (980, 994, "WA"),
    (995, 999, "AK"),
];

/// State, latitude and longitude of its middle in tenths of a degree, hours from UTC, a sorting place.
#[rustfmt::skip]
const STATES: &[(&str, i64, i64, i32, &str)] = &[
    ("AL", 328, -868, -6, "Birmingham"), ("AK", 640, -1520, -9, "Anchorage"), ("AZ", 343, -1117, -7, "Phoenix"),
    ("AR", 348, -924, -6, "Little Rock"), ("CA", 366, -1195, -8, "Ontario"), ("CO", 390, -1055, -7, "Denver"),
    ("CT", 416, -727, -5, "Hartford"), ("DE", 390, -755, -5, "Wilmington"), ("DC", 389, -770, -5, "Washington"),
    ("FL", 280, -817, -5, "Orlando"), ("GA", 326, -834, -5, "Atlanta"), ("HI", 208, -1569, -10, "Honolulu"),
    ("ID", 442, -1145, -7, "Boise"), ("IL", 400, -892, -6, "Hodgkins"), ("IN", 399, -863, -5, "Indianapolis"),
    ("IA", 420, -935, -6, "Des Moines"), ("KS", 385, -984, -6, "Lenexa"), ("KY", 375, -853, -5, "Louisville"),
    ("LA", 310, -920, -6, "Baton Rouge"), ("ME", 454, -692, -5, "Portland"), ("MD", 390, -768, -5, "Baltimore"),
    ("MA", 423, -718, -5, "Chelmsford"), ("MI", 443, -854, -5, "Livonia"), ("MN", 463, -943, -6, "Eagan"),
    ("MS", 327, -897, -6, "Jackson"), ("MO", 384, -925, -6, "Earth City"), ("MT", 470, -1096, -7, "Billings"),
    ("NE", 415, -998, -6, "Omaha"), ("NV", 393, -1166, -8, "Las Vegas"), ("NH", 437, -716, -5, "Manchester"),
    ("NJ", 401, -747, -5, "Secaucus"), ("NM", 344, -1061, -7, "Albuquerque"), ("NY", 429, -755, -5, "Syracuse"),
    ("NC", 356, -794, -5, "Greensboro"), ("ND", 474, -1005, -6, "Fargo"), ("OH", 403, -828, -5, "Columbus"),
    ("OK", 356, -975, -6, "Oklahoma City"), ("OR", 439, -1206, -8, "Portland"), ("PA", 409, -778, -5, "Harrisburg"),
    ("RI", 417, -716, -5, "Warwick"), ("SC", 339, -809, -5, "Columbia"), ("SD", 444, -1002, -6, "Sioux Falls"),
    ("TN", 358, -863, -6, "Nashville"), ("TX", 315, -993, -6, "Mesquite"), ("UT", 393, -1117, -7, "Salt Lake City"),
    ("VT", 441, -727, -5, "Burlington"), ("VA", 375, -785, -5, "Richmond"), ("WA", 474, -1205, -8, "Redmond"),
    ("WV", 386, -806, -5, "Charleston"), ("WI", 446, -899, -6, "Oak Creek"), ("WY", 430, -1075, -7, "Casper"),
    ("PR", 182, -664, -4, "San Juan"), ("VI", 183, -649, -4, "St Thomas"), ("GU", 134, 1448, 10, "Barrigada"),
    ("AE", 406, -740, -5, "New York"), ("AA", 258, -802, -5, "Miami"), ("AP", 337, -1184, -8, "Los Angeles"),
];

/// ISO code, name, region, minutes from UTC, gateway city.
#[rustfmt::skip]
const COUNTRIES: &[(&str, &str, Region, i32, &str)] = &[
    ("US", "United States", Region::NorthAmerica, -300, "Louisville"), ("CA", "Canada", Region::NorthAmerica, -300, "Mississauga"),
    ("MX", "Mexico", Region::NorthAmerica, -360, "Mexico City"), ("GB", "United Kingdom", Region::Europe, 0, "London"),
    ("IE", "Ireland", Region::Europe, 0, "Dublin"), ("FR", "France", Region::Europe, 60, "Paris"),
    ("DE", "Germany", Region::Europe, 60, "Leipzig"), ("NL", "Netherlands", Region::Europe, 60, "Amsterdam"),
    ("BE", "Belgium", Region::Europe, 60, "Brussels"), ("LU", "Luxembourg", Region::Europe, 60, "Luxembourg"),
    ("AT", "Austria", Region::Europe, 60, "Vienna"), ("CH", "Switzerland", Region::Europe, 60, "Zurich"),
    ("IT", "Italy", Region::Europe, 60, "Milan"), ("ES", "Spain", Region::Europe, 60, "Madrid"),
    ("PT", "Portugal", Region::Europe, 0, "Lisbon"), ("DK", "Denmark", Region::Europe, 60, "Copenhagen"),
    ("SE", "Sweden", Region::Europe, 60, "Stockholm"), ("NO", "Norway", Region::Europe, 60, "Oslo"),
    ("FI", "Finland", Region::Europe, 120, "Helsinki"), ("PL", "Poland", Region::Europe, 60, "Warsaw"),
    ("CZ", "Czech Republic", Region::Europe, 60, "Prague"), ("HU", "Hungary", Region::Europe, 60, "Budapest"),
    ("RO", "Romania", Region::Europe, 120, "Bucharest"), ("GR", "Greece", Region::Europe, 120, "Athens"),
    ("CN", "China", Region::Asia, 480, "Shanghai"), ("HK", "Hong Kong", Region::Asia, 480, "Hong Kong"),
    ("TW", "Taiwan", Region::Asia, 480, "Taipei"), ("JP", "Japan", Region::Asia, 540, "Tokyo"),
    ("KR", "South Korea", Region::Asia, 540, "Seoul"), ("SG", "Singapore", Region::Asia, 480, "Singapore"),
    ("IN", "India", Region::Asia, 330, "Mumbai"), ("TH", "Thailand", Region::Asia, 420, "Bangkok"),
    ("VN", "Vietnam", Region::Asia, 420, "Hanoi"), ("MY", "Malaysia", Region::Asia, 480, "Kuala Lumpur"),
    ("ID", "Indonesia", Region::Asia, 420, "Jakarta"), ("PH", "Philippines", Region::Asia, 480, "Manila"),
    ("AU", "Australia", Region::Other, 600, "Sydney"), ("NZ", "New Zealand", Region::Other, 720, "Auckland"),
    ("BR", "Brazil", Region::Other, -180, "Sao Paulo"), ("CL", "Chile", Region::Other, -180, "Santiago"),
    ("AR", "Argentina", Region::Other, -180, "Buenos Aires"), ("CO", "Colombia", Region::Other, -300, "Bogota"),
    ("IL", "Israel", Region::Other, 120, "Tel Aviv"), ("AE", "United Arab Emirates", Region::Other, 240, "Dubai"),
    ("SA", "Saudi Arabia", Region::Other, 180, "Riyadh"), ("ZA", "South Africa", Region::Other, 120, "Johannesburg"),
    ("TR", "Turkey", Region::Other, 180, "Istanbul"),
];
