//! What a carrier offers, as data: the host screens shipments, fills forms and writes docs from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{CarrierId, LabelFormat, PackagingCode, ServiceCode, Settlement, Signature};
use crate::{Country, Currency, Dimensions, Length, Money, Weight};

/// A carrier as data. What it can *do* is not in here: a capability is present exactly when the carrier's accessor
/// answers `Some`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// `ups`.
    pub id: CarrierId,
    /// `UPS`.
    pub name: String,
    /// Version of the carrier crate.
    pub version: String,
    /// Services, in the order to show them.
    pub services: Vec<Service>,
    /// Packagings beside the shipper's own box.
    #[serde(default)]
    pub packagings: Vec<Packaging>,
    /// Label formats, the carrier's best first.
    pub labels: Vec<LabelOffer>,
    /// Options that only this carrier knows (`ShipOptions::carrier`), with help.
    #[serde(default)]
    pub carrier_options: Vec<CarrierOption>,
    /// How several parcels are shipped.
    pub pieces: Pieces,
    /// How labels are paid.
    pub settlement: Settlement,
    /// What can be done about a purchase whose answer was lost.
    pub purchase: PurchaseTraits,
    /// Whether shippers can link accounts of their own.
    pub linking: Linking,
    /// Host names that the carrier's requests go to; others are refused. The `base_url` of the config is added.
    pub hosts: Vec<String>,
    /// Published call limits.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// Numbers per tracking call.
    #[serde(default = "one")]
    pub track_batch: u16,
    /// Terms that a shipper must accept before the carrier is used.
    #[serde(default)]
    pub terms: Vec<Terms>,
    /// Currencies that the carrier bills in; any when empty.
    #[serde(default)]
    pub currencies: Vec<Currency>,
}

fn one() -> u16 {
    1
}

impl Profile {
    /// A service by our name.
    pub fn service(&self, code: &ServiceCode) -> Option<&Service> {
        self.services.iter().find(|service| service.code == *code)
    }
    /// A service by the carrier's code.
    pub fn service_by_carrier_code(&self, code: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.carrier_code == code)
    }
    /// A packaging by our name.
    pub fn packaging(&self, code: &PackagingCode) -> Option<&Packaging> {
        self.packagings.iter().find(|packaging| packaging.code == *code)
    }
}

/// A service, with what it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Our name: `ground`.
    pub code: ServiceCode,
    /// The carrier's code: `03`.
    pub carrier_code: String,
    /// Public name: `UPS Ground`.
    pub name: String,
    /// Between which places.
    pub lanes: Vec<Lane>,
    /// Limits per parcel.
    #[serde(default)]
    pub limits: Limits,
    /// Packagings beside `own` that it takes. `own` is always taken unless `own_box` is false.
    #[serde(default)]
    pub packagings: Vec<PackagingCode>,
    /// Whether it takes the shipper's own box.
    #[serde(default = "yes")]
    pub own_box: bool,
    /// Parcels per shipment.
    #[serde(default = "one")]
    pub max_parcels: u16,
    /// Whether it delivers to post office boxes.
    #[serde(default)]
    pub po_box: bool,
    /// To whom it delivers.
    #[serde(default)]
    pub recipients: Recipients,
    /// Options that it takes.
    #[serde(default)]
    pub options: ServiceOptions,
    /// Whether it can be used for returns.
    #[serde(default)]
    pub returns: bool,
    /// Whether customs data is needed when the shipment crosses a customs border (letters with documents may not).
    #[serde(default = "yes")]
    pub customs_data: bool,
}

fn yes() -> bool {
    true
}

impl Service {
    /// A service on lanes, with no limits and no options.
    pub fn new(code: &str, carrier_code: &str, name: &str, lanes: Vec<Lane>) -> Self {
        Self {
            code: code.into(),
            carrier_code: carrier_code.to_owned(),
            name: name.to_owned(),
            lanes,
            limits: Limits::default(),
            packagings: Vec::new(),
            own_box: true,
            max_parcels: 1,
            po_box: false,
            recipients: Recipients::Any,
            options: ServiceOptions::default(),
            returns: false,
            customs_data: true,
        }
    }
}

/// To whom a service delivers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recipients {
    /// Anybody.
    #[default]
    Any,
    /// Homes only.
    Homes,
    /// Businesses only.
    Businesses,
}

/// Options that a service takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ServiceOptions {
    /// Kinds of signature.
    pub signatures: Vec<Signature>,
    /// Saturday delivery.
    pub saturday: bool,
    /// Sunday delivery.
    pub sunday: bool,
    /// Hold at a counter.
    pub hold: bool,
    /// Cash on delivery.
    pub cash_on_delivery: bool,
    /// Alcohol.
    pub alcohol: bool,
    /// Dry ice.
    pub dry_ice: bool,
    /// Lithium batteries.
    pub batteries: bool,
    /// Other dangerous goods.
    pub dangerous_goods: bool,
    /// Insurance or declared value.
    pub declared_value: bool,
}

/// Limits per parcel; absent means none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// Heaviest.
    pub max_weight: Option<Weight>,
    /// Lightest.
    pub min_weight: Option<Weight>,
    /// Longest side.
    pub max_length: Option<Length>,
    /// Middle side.
    pub max_width: Option<Length>,
    /// Shortest side.
    pub max_height: Option<Length>,
    /// Longest side plus girth.
    pub max_length_plus_girth: Option<Length>,
    /// Length + width + height.
    pub max_side_sum: Option<Length>,
    /// Smallest permitted longest and middle side.
    pub min_face: Option<(Length, Length)>,
    /// Highest declared value.
    pub max_declared_value: Option<Money>,
    /// Whether dimensions must be given.
    pub dimensions_needed: bool,
}

/// Places at one end of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Places {
    /// Everywhere.
    Anywhere,
    /// These countries.
    Only(Vec<Country>),
    /// Everywhere but these.
    Except(Vec<Country>),
    /// The US and its territories.
    UsAndTerritories,
    /// The EU's customs union.
    Eu,
}

impl Places {
    /// Whether a country is among them.
    pub fn contain(&self, country: Country) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Only(countries) => countries.contains(&country),
            Self::Except(countries) => !countries.contains(&country),
            Self::UsAndTerritories => country.is_us_or_territory(),
            Self::Eu => country.in_eu(),
        }
    }
}

/// Which shipments of a lane are meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Border {
    /// All.
    #[default]
    Any,
    /// Inside one country (the US and its territories count as one).
    Domestic,
    /// From one country to another.
    International,
}

/// From where to where a service runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lane {
    /// Origins.
    pub from: Places,
    /// Destinations.
    pub to: Places,
    /// Domestic, international or both.
    #[serde(default)]
    pub border: Border,
}

impl Lane {
    /// Inside the US and its territories.
    pub fn us_domestic() -> Self {
        Self { from: Places::UsAndTerritories, to: Places::UsAndTerritories, border: Border::Domestic }
    }
    /// From a country to all others.
    pub fn export_from(country: Country) -> Self {
        Self { from: Places::Only(vec![country]), to: Places::Anywhere, border: Border::International }
    }
    /// From anywhere to any other country.
    pub fn international() -> Self {
        Self { from: Places::Anywhere, to: Places::Anywhere, border: Border::International }
    }
    /// Inside any one country.
    pub fn domestic() -> Self {
        Self { from: Places::Anywhere, to: Places::Anywhere, border: Border::Domestic }
    }
}

/// A packaging of the carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Packaging {
    /// Our name.
    pub code: PackagingCode,
    /// The carrier's code.
    pub carrier_code: String,
    /// Public name.
    pub name: String,
    /// Outer size, when it is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Dimensions>,
    /// Heaviest content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_weight: Option<Weight>,
}

impl Packaging {
    /// A packaging without fixed size.
    pub fn new(code: &str, carrier_code: &str, name: &str) -> Self {
        Self {
            code: code.into(),
            carrier_code: carrier_code.into(),
            name: name.into(),
            dimensions: None,
            max_weight: None,
        }
    }
}

/// A label format that the carrier makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelOffer {
    /// Format.
    pub format: LabelFormat,
    /// Resolutions for raster and thermal formats; empty when it does not apply.
    #[serde(default)]
    pub dpi: Vec<u16>,
}

impl LabelOffer {
    /// A format without resolution.
    pub fn new(format: LabelFormat) -> Self {
        Self { format, dpi: Vec::new() }
    }
    /// A format at resolutions.
    pub fn at(format: LabelFormat, dpi: &[u16]) -> Self {
        Self { format, dpi: dpi.to_vec() }
    }
}

/// An option that only one carrier knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CarrierOption {
    /// Key in `ShipOptions::carrier`.
    pub name: String,
    /// What it does and which values it takes.
    pub help: String,
}

/// How several parcels are shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pieces {
    /// One shipment with a number per piece, bought in one request.
    OneShipment,
    /// Every parcel is a purchase of its own; the host splits before it calls `buy`.
    OneEach,
}

/// What can be done about a purchase whose answer was lost (purchase protocol, docs/guide-carriers.md).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PurchaseTraits {
    /// Whether repeating a request with the same handle or number buys once only.
    pub repeat: RepeatGuard,
    /// Whether `recover` finds a sale by handle or number.
    pub lookup: bool,
    /// Whether `recover` brings the label back with it.
    pub recovers_label: bool,
    /// Whether `void` exists.
    pub voids: bool,
    /// When an unused label costs money.
    pub billed: Billed,
    /// Seconds after sending until "absent" is believed.
    pub settle_seconds: u32,
    /// Seconds after sending until recovery ends; no end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recover_within_seconds: Option<u64>,
    /// Longest wait for the answer to a purchase, in seconds.
    pub timeout_seconds: u32,
    /// Answers that prove that a purchase was not processed: the same attempt may go on.
    #[serde(default)]
    pub not_processed: Vec<NotProcessed>,
}

impl Default for PurchaseTraits {
    /// The careful assumption: nothing can be asked, everything is billed.
    fn default() -> Self {
        Self {
            repeat: RepeatGuard::None,
            lookup: false,
            recovers_label: false,
            voids: false,
            billed: Billed::AtCreation,
            settle_seconds: 120,
            recover_within_seconds: None,
            timeout_seconds: 60,
            not_processed: Vec::new(),
        }
    }
}

/// Whether repeating a purchase buys once only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepeatGuard {
    /// It buys again.
    None,
    /// The handle finds the sale; it does not stop a second one.
    Handle,
    /// The shipper chooses the number; the same number is the same label.
    ChosenNumber,
}

/// When an unused label costs money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Billed {
    /// When it is made.
    AtCreation,
    /// When the carrier receives the parcel.
    AtTender,
}

/// An answer that proves that nothing was processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotProcessed {
    /// HTTP status.
    pub status: u16,
    /// The carrier's code; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Where the carrier states it.
    pub source: String,
}

impl NotProcessed {
    /// A status of the carrier's gateway, whatever the code.
    pub fn status(status: u16, source: &str) -> Self {
        Self { status, code: None, source: source.to_owned() }
    }
}

/// Whether shippers can link accounts of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Linking {
    /// Seats of shippers who can.
    pub sellers: Places,
    /// What to tell the others.
    #[serde(default)]
    pub reason: String,
}

impl Linking {
    /// Everybody can.
    pub fn everybody() -> Self {
        Self { sellers: Places::Anywhere, reason: String::new() }
    }
}

/// A published call limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quota {
    /// Calls.
    pub calls: u32,
    /// In this many seconds.
    pub seconds: u32,
    /// Path prefix of the calls that it counts; all when empty.
    #[serde(default)]
    pub path: String,
    /// Where the carrier states it.
    #[serde(default)]
    pub source: String,
}

/// Terms to accept before use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// Programme that they belong to.
    pub programme: String,
    /// Their version; a new one asks again.
    pub version: String,
    /// Where to read them.
    pub url: String,
}
