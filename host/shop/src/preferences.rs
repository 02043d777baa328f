//! What a shipper prefers: per tenant, per marketplace, per request, merged in this order.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use waybill_core::{
    CarrierId, Currency, Dimensions, Error, FieldProblem, LabelSpec, Money, Notice, PackagingCode, Parcel,
    Result, ServiceCode, Shipment, Signature, Weight,
};

use crate::account::Owner;
use crate::rules::Rules;

/// A carrier, or one service of it: `ups`, `ups/ground`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Way {
    /// The carrier.
    pub carrier: CarrierId,
    /// The service; all of the carrier when absent.
    pub service: Option<ServiceCode>,
}

impl Way {
    /// Whether a service of a carrier is meant.
    pub fn covers(&self, carrier: &CarrierId, service: &ServiceCode) -> bool {
        self.carrier == *carrier && self.service.as_ref().is_none_or(|own| own == service)
    }
}

impl FromStr for Way {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (carrier, service) = match text.trim().split_once('/') {
            Some((carrier, service)) => (carrier, Some(service)),
            None => (text.trim(), None),
        };
        let word = |text: &str| {
            !text.is_empty()
                && text.len() <= 64
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        if !word(carrier) || !service.is_none_or(word) {
            let shown: String = text.chars().take(40).collect();
            return Err(format!("`{shown}` is not a carrier or service: write `ups` or `ups/ground`"));
        }
        Ok(Self { carrier: carrier.into(), service: service.map(Into::into) })
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.service {
            Some(service) => write!(f, "{}/{service}", self.carrier),
            None => f.pad(self.carrier.as_str()),
        }
    }
}

impl Serialize for Way {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Way {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Way {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Way".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a carrier or one of its services", "examples": ["ups", "ups/ground"] })
    }
}

/// A box that the shipper uses often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomPackage {
    /// Its name; a parcel whose `packaging` is this name gets its size.
    pub name: String,
    /// Outer size.
    pub dimensions: Dimensions,
    /// Weight of the empty box, added to the parcel's weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tare: Option<Weight>,
}

/// The default confirmation of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confirmation {
    /// None.
    None,
    /// Proof of delivery without signature.
    Delivery,
    /// Somebody at the address signs.
    Signature,
    /// An adult at the address signs.
    AdultSignature,
}

impl Confirmation {
    /// As an option of a shipment.
    pub fn signature(self) -> Signature {
        match self {
            Self::None => Signature::None,
            Self::Delivery => Signature::Delivery,
            Self::Signature => Signature::Signature,
            Self::AdultSignature => Signature::Adult,
        }
    }
}

/// The last day on which a delivery is acceptable, whatever was promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LatestDay {
    /// This day.
    Date(NaiveDate),
    /// So many calendar days after the ship date.
    DaysAfterShipping(u16),
}

impl LatestDay {
    /// The day, for a ship date.
    pub fn on(&self, ship_date: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Date(date) => Some(*date),
            Self::DaysAfterShipping(days) => ship_date.checked_add_days(Days::new(u64::from(*days))),
        }
    }
}

/// Preferences of one level; what is absent is left to the level below.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Preferences {
    /// Carriers and services, the best first. Replaces the order of the level below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<Way>>,
    /// Carriers and services never to use. Adds to the level below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Way>,
    /// Exclusions of the levels below that are lifted, written as they were excluded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lifted: Vec<Way>,
    /// Boxes. A name of the level below is replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<CustomPackage>,
    /// Confirmation of shipments that ask for none themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// Label format, resolution and stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelSpec>,
    /// The printer to print on, by its name in the host's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
    /// Whose account is preferred when two would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_first: Option<Owner>,
    /// Goods of this value and above are insured for their value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insure_from: Option<Money>,
    /// Last acceptable day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_day: Option<LatestDay>,
    /// Currency to compare prices in, where exchange rates are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Rules of the suggestion. Replace those of the level below as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<Rules>,
}

impl Preferences {
    /// These preferences with those of a higher level laid over them.
    ///
    /// Single values and the order are replaced where the higher level has them; exclusions add up, unless lifted;
    /// boxes are joined by name.
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut excluded: Vec<Way> = self
            .excluded
            .iter()
            .filter(|way| !over.lifted.contains(way))
            .chain(&over.excluded)
            .cloned()
            .collect();
        excluded.sort();
        excluded.dedup();
        let mut packages: BTreeMap<&str, &CustomPackage> = BTreeMap::new();
        for package in self.packages.iter().chain(&over.packages) {
            packages.insert(&package.name, package);
        }
        Self {
            order: over.order.clone().or_else(|| self.order.clone()),
            excluded,
            lifted: Vec::new(),
            packages: packages.into_values().cloned().collect(),
            confirmation: over.confirmation.or(self.confirmation),
            label: over.label.clone().or_else(|| self.label.clone()),
            printer: over.printer.clone().or_else(|| self.printer.clone()),
            account_first: over.account_first.or(self.account_first),
            insure_from: over.insure_from.or(self.insure_from),
            latest_day: over.latest_day.or(self.latest_day),
            currency: over.currency.or(self.currency),
            rules: over.rules.clone().or_else(|| self.rules.clone()),
        }
    }

    /// Place of a service in the order, from 0; what is not in the order comes after everything that is.
    pub fn rank(&self, carrier: &CarrierId, service: &ServiceCode) -> usize {
        let order = self.order.as_deref().unwrap_or_default();
        order.iter().position(|way| way.covers(carrier, service)).unwrap_or(order.len())
    }

    /// The exclusion that a service falls under.
    pub fn exclusion(&self, carrier: &CarrierId, service: &ServiceCode) -> Option<&Way> {
        self.excluded.iter().find(|way| way.covers(carrier, service))
    }

    /// Mistakes: two boxes of one name, a box without size, a negative threshold.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let mut found = Vec::new();
        for (at, package) in self.packages.iter().enumerate() {
            let path = format!("packages[{at}]");
            if package.name.trim().is_empty() || PackagingCode::new(package.name.as_str()).is_own() {
                found.push(FieldProblem::new(
                    format!("{path}.name"),
                    "not a name for a box",
                    "give a name other than `own`",
                ));
            }
            if self.packages[..at].iter().any(|other| other.name == package.name) {
                found.push(FieldProblem::new(
                    format!("{path}.name"),
                    "a second box of this name",
                    "rename one of them",
                ));
            }
            if !package.dimensions.is_positive()
                || package.tare.is_some_and(|tare| tare.value.is_sign_negative())
            {
                found.push(FieldProblem::new(
                    path,
                    "a side is not above zero or the tare is negative",
                    "give three sides above zero",
                ));
            }
        }
        if self.insure_from.is_some_and(|money| money.amount.is_sign_negative()) {
            found.push(FieldProblem::new("insure_from", "the amount is negative", "give zero or more"));
        }
        found
    }

    /// Fills the defaults into a shipment: boxes by name, confirmation, insurance. `goods` is the value of the goods.
    ///
    /// What the shipment says itself stays. The remarks name what could not be filled in.
    pub fn apply(&self, shipment: &mut Shipment, goods: Option<Money>) -> Result<Vec<Notice>> {
        let mut notices = Vec::new();
        for (at, parcel) in shipment.parcels.iter_mut().enumerate() {
            self.pack(parcel).map_err(|problem| {
                Error::invalid_field(
                    format!("parcels[{at}].dimensions"),
                    problem,
                    "leave the dimensions out or take another box",
                )
            })?;
        }
        if shipment.options.signature.is_none() {
            shipment.options.signature = self.confirmation.map(Confirmation::signature);
        }
        if let (Some(threshold), Some(goods)) = (self.insure_from, goods) {
            notices.extend(insure(shipment, threshold, goods));
        }
        Ok(notices)
    }

    fn pack(&self, parcel: &mut Parcel) -> Result<(), &'static str> {
        let Some(package) = self.packages.iter().find(|package| parcel.packaging == package.name.as_str())
        else {
            return Ok(());
        };
        match parcel.dimensions {
            Some(size) if size != package.dimensions => {
                return Err("the parcel has another size than the box it names");
            }
            _ => parcel.dimensions = Some(package.dimensions),
        }
        if let Some(tare) = &package.tare {
            parcel.weight = parcel.weight.plus(tare);
        }
        // To the carrier it is the shipper's own box.
        parcel.packaging = PackagingCode::own();
        Ok(())
    }
}

fn insure(shipment: &mut Shipment, threshold: Money, goods: Money) -> Option<Notice> {
    if shipment.parcels.iter().any(|parcel| parcel.declared_value.is_some()) {
        return None;
    }
    match goods.compare(&threshold) {
        None => Some(Notice::new(
            "insurance-currency",
            format!("not insured: the threshold is {threshold} and the goods are worth {goods}"),
        )),
        Some(std::cmp::Ordering::Less) => None,
        Some(_) => match shipment.parcels.as_mut_slice() {
            [only] => {
                only.declared_value = Some(goods);
                None
            }
            // How the value spreads over the parcels is known to the shipper only.
            _ => Some(Notice::new(
                "insurance-per-parcel",
                "not insured: give `declared_value` per parcel when there are several",
            )),
        },
    }
}

/// Preferences of a tenant with those of its marketplaces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TenantPreferences {
    /// For everything.
    pub general: Preferences,
    /// By marketplace: `US`, `amazon.de`, any name that the tenant uses.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub marketplaces: BTreeMap<String, Preferences>,
}

impl TenantPreferences {
    /// What holds for one request: the tenant's, over them the marketplace's, over them the request's own.
    pub fn for_request(&self, marketplace: Option<&str>, request: Option<&Preferences>) -> Preferences {
        let mut merged = self.general.overlaid(&Preferences::default());
        if let Some(own) = marketplace.and_then(|name| self.marketplaces.get(name)) {
            merged = merged.overlaid(own);
        }
        request.map(|request| merged.overlaid(request)).unwrap_or(merged)
    }

    /// Mistakes of every level with their paths.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let below = |path: String, preferences: &Preferences| {
            preferences.problems().into_iter().map(move |mut problem| {
                problem.path = format!("{path}.{}", problem.path);
                problem
            })
        };
        let mut found: Vec<_> = below("general".to_owned(), &self.general).collect();
        for (name, preferences) in &self.marketplaces {
            found.extend(below(format!("marketplaces.{name}"), preferences));
        }
        found
    }
}
