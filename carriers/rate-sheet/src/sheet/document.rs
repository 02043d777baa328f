//! The TOML text of a sheet, as users write it.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use waybill_core::{
    Border, ChargeKind, Country, Currency, Length, LengthUnit, PriceKind, Signature, Weight, WeightUnit,
};

use crate::label::Template;
use crate::numbers::Range;

/// The TOML text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Names the sheet on every rate: `vans-2026`.
    pub id: String,
    /// Public name of the carrier.
    pub name: String,
    /// Currency of all amounts.
    pub currency: Currency,
    /// First day, for rows that do not say.
    #[serde(default, deserialize_with = "date")]
    pub effective: Option<NaiveDate>,
    /// Last day, for rows that do not say.
    #[serde(default, deserialize_with = "date")]
    pub until: Option<NaiveDate>,
    /// How sure the figures are, for rows that do not say.
    #[serde(default)]
    pub confidence: Option<String>,
    /// Where the figures are from, for rows that do not say.
    #[serde(default)]
    pub source: Option<String>,
    /// Whose prices they are, for rows that do not say: `contract`, `account`, `commercial`, `retail` or `list`.
    #[serde(default = "list")]
    pub price_kind: PriceKind,
    /// Unit of the weights in the tables.
    #[serde(default = "kilogram")]
    pub weight_unit: WeightUnit,
    /// Unit of the lengths in the tables.
    #[serde(default = "centimetre")]
    pub length_unit: LengthUnit,
    /// How a total is rounded to the currency's smallest unit.
    #[serde(default)]
    pub rounding: Rounding,
    /// How and where the money is paid, shown with each purchase.
    #[serde(default)]
    pub settlement: Option<String>,
    /// Services.
    #[serde(default)]
    pub services: Vec<ServiceText>,
    /// Surcharges and discounts, in the order in which they are worked out.
    #[serde(default)]
    pub surcharges: Vec<SurchargeText>,
    /// How labels look.
    #[serde(default)]
    pub label: Template,
    /// Ranges of tracking numbers, used one after the other. Without one the sheet prices and sells no labels.
    #[serde(default)]
    pub numbers: Vec<Range>,
}

/// What rows take from the sheet when they are silent.
#[derive(Debug, Clone)]
pub struct Defaults {
    /// First day.
    pub effective: Option<NaiveDate>,
    /// Last day.
    pub until: Option<NaiveDate>,
    /// Confidence.
    pub confidence: Option<String>,
    /// Source.
    pub source: Option<String>,
    /// Whose prices.
    pub price_kind: PriceKind,
    /// Unit of weights.
    pub weight_unit: WeightUnit,
    /// Unit of lengths.
    pub length_unit: LengthUnit,
}

impl Document {
    pub(super) fn defaults(&self) -> Defaults {
        Defaults {
            effective: self.effective,
            until: self.until,
            confidence: self.confidence.clone(),
            source: self.source.clone(),
            price_kind: self.price_kind.clone(),
            weight_unit: self.weight_unit,
            length_unit: self.length_unit,
        }
    }
}

/// How a total is rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// Half away from zero.
    #[default]
    HalfUp,
    /// Half to the even digit.
    HalfEven,
    /// Always up.
    Up,
    /// Always down.
    Down,
}

/// A service as users write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceText {
    /// Stable name: `next-day`.
    pub code: String,
    /// Public name.
    pub name: String,
    /// Name in the rate table; `code` when absent.
    #[serde(default)]
    pub rate_code: Option<String>,
    /// Rate table.
    #[serde(default = "rates")]
    pub rates: String,
    /// Zone table; the destination's country is the zone when absent.
    #[serde(default)]
    pub zones: Option<String>,
    /// Origins; all when empty.
    #[serde(default)]
    pub from: Vec<Country>,
    /// Destinations; all when empty.
    #[serde(default)]
    pub to: Vec<Country>,
    /// `domestic`, `international` or `any`.
    #[serde(default)]
    pub border: Border,
    /// Limits per parcel.
    #[serde(default)]
    pub limits: LimitsText,
    /// Weight by volume.
    #[serde(default)]
    pub volume: Option<Volume>,
    /// Weights are rounded up to a multiple of this before pricing.
    #[serde(default, deserialize_with = "parsed")]
    pub billing_step: Option<Weight>,
    /// Transport costs at least this per parcel.
    #[serde(default, deserialize_with = "amount")]
    pub minimum: Option<Decimal>,
    /// Whether the tables price each parcel or the whole shipment by its total weight.
    #[serde(default)]
    pub price_per: Per,
    /// Parcels per shipment.
    #[serde(default = "hundred")]
    pub max_parcels: u16,
    /// Business days in transit, when the row does not say.
    #[serde(default)]
    pub transit_days: Option<u16>,
    /// Saturday counts as a day in transit.
    #[serde(default)]
    pub saturday_transit: bool,
    /// Whether lateness gives money back.
    #[serde(default)]
    pub guaranteed: Option<bool>,
    /// Delivers to post office boxes.
    #[serde(default)]
    pub po_box: bool,
    /// Can be used for returns.
    #[serde(default)]
    pub returns: bool,
    /// Customs data is needed across a customs border.
    #[serde(default = "yes")]
    pub customs_data: bool,
    /// Signature options.
    #[serde(default)]
    pub signatures: Vec<Signature>,
    /// Offers Saturday delivery as an option.
    #[serde(default)]
    pub saturday: bool,
    /// Takes lithium batteries.
    #[serde(default)]
    pub batteries: bool,
    /// Takes a declared value.
    #[serde(default)]
    pub declared_value: bool,
}

/// Limits of a parcel as users write them: `max_weight = "31.5kg"`, `max_length = "120cm"`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsText {
    /// Heaviest.
    #[serde(deserialize_with = "parsed")]
    pub max_weight: Option<Weight>,
    /// Lightest.
    #[serde(deserialize_with = "parsed")]
    pub min_weight: Option<Weight>,
    /// Longest side.
    #[serde(deserialize_with = "parsed")]
    pub max_length: Option<Length>,
    /// Middle side.
    #[serde(deserialize_with = "parsed")]
    pub max_width: Option<Length>,
    /// Shortest side.
    #[serde(deserialize_with = "parsed")]
    pub max_height: Option<Length>,
    /// Longest side plus girth.
    #[serde(deserialize_with = "parsed")]
    pub max_girth: Option<Length>,
    /// Sum of the sides.
    #[serde(deserialize_with = "parsed")]
    pub max_side_sum: Option<Length>,
    /// Dimensions must be given.
    pub dimensions_needed: bool,
}

/// Weight by volume: length x width x height / divisor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Cubic `unit` per `weight_unit`: 5000 (cm3 per kg), 139 (in3 per lb).
    #[serde(deserialize_with = "needed_amount")]
    pub divisor: Decimal,
    /// Unit of the sides.
    #[serde(default = "centimetre")]
    pub unit: LengthUnit,
    /// Unit of the result.
    #[serde(default = "kilogram")]
    pub weight_unit: WeightUnit,
    /// Counts only when a side is at least this long.
    #[serde(default, deserialize_with = "parsed")]
    pub from_side: Option<Length>,
}

/// What a price or a surcharge is counted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each parcel.
    #[default]
    Parcel,
    /// The whole shipment.
    Shipment,
}

/// A surcharge, tax or (with negative figures) discount as users write it. All conditions must hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurchargeText {
    /// Code on the price's line.
    pub code: String,
    /// Words on the price's line.
    pub name: String,
    /// What it is for.
    pub kind: ChargeKind,
    /// Services; all when empty.
    #[serde(default)]
    pub services: Vec<String>,
    /// Zones; all when empty.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Percent of `of`.
    #[serde(default, deserialize_with = "amount")]
    pub percent: Option<Decimal>,
    /// What the percentage is taken of.
    #[serde(default)]
    pub of: PercentOf,
    /// Fixed amount.
    #[serde(default, deserialize_with = "amount")]
    pub amount: Option<Decimal>,
    /// Amount per kilogram of billed weight.
    #[serde(default, deserialize_with = "amount")]
    pub per_kg: Option<Decimal>,
    /// Least amount of this surcharge.
    #[serde(default, deserialize_with = "amount")]
    pub minimum: Option<Decimal>,
    /// Largest amount of this surcharge.
    #[serde(default, deserialize_with = "amount")]
    pub maximum: Option<Decimal>,
    /// Counted by parcel or by shipment.
    #[serde(default)]
    pub per: Per,
    /// Table with `effective, until, service, zone, percent, amount, per_kg` that changes the figures by day, service
    /// and zone. Without a matching row the surcharge does not apply.
    #[serde(default)]
    pub table: Option<String>,
    /// First day.
    #[serde(default, deserialize_with = "date")]
    pub effective: Option<NaiveDate>,
    /// Last day.
    #[serde(default, deserialize_with = "date")]
    pub until: Option<NaiveDate>,
    /// When it applies.
    #[serde(default)]
    pub when: When,
}

/// What a percentage is taken of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PercentOf {
    /// Transport: the table's price.
    #[default]
    Base,
    /// Transport and all surcharges before this one.
    Subtotal,
    /// The declared value.
    DeclaredValue,
}

/// Conditions of a surcharge; all that are written must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    /// To a home (`true`) or to a business (`false`); an unknown kind of address counts as a home.
    pub residential: Option<bool>,
    /// The destination is in this area table (columns of a zone table).
    pub area: Option<String>,
    /// One of these signatures is asked for.
    pub signatures: Vec<Signature>,
    /// Saturday delivery is asked for.
    pub saturday: Option<bool>,
    /// A pickup by the carrier is asked for.
    pub pickup: Option<bool>,
    /// It is a return.
    pub returns: Option<bool>,
    /// It crosses a customs border.
    pub customs_border: Option<bool>,
    /// The parcel holds lithium batteries.
    pub batteries: Option<bool>,
    /// The parcel cannot pass a sorting machine.
    pub non_machinable: Option<bool>,
    /// A value is declared.
    pub declared_value: Option<bool>,
    /// Heavier than this.
    #[serde(deserialize_with = "parsed")]
    pub over_weight: Option<Weight>,
    /// A side longer than this.
    #[serde(deserialize_with = "parsed")]
    pub over_length: Option<Length>,
    /// Length plus girth above this.
    #[serde(deserialize_with = "parsed")]
    pub over_girth: Option<Length>,
}

fn list() -> PriceKind {
    PriceKind::List
}
fn kilogram() -> WeightUnit {
    WeightUnit::Kilogram
}
fn centimetre() -> LengthUnit {
    LengthUnit::Centimetre
}
fn rates() -> String {
    "rates".to_owned()
}
fn hundred() -> u16 {
    100
}
fn yes() -> bool {
    true
}

/// A decimal written as text or as a number. TOML reads `12.5` as a float; its shortest text is what was written.
pub(crate) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let said: Option<String> = waybill_core::lenient::text(deserializer)?;
    let Some(text) = said else { return Ok(None) };
    let value = Decimal::from_str(&text);
    value.map(Some).map_err(|_| serde::de::Error::custom(format!("`{}` is not a number", clip(&text))))
}

fn needed_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    amount(deserializer)?.ok_or_else(|| serde::de::Error::custom("the number is empty"))
}

/// A quantity with its unit, such as `31.5kg`.
fn parsed<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: FromStr,
    T::Err: fmt::Display,
    D: Deserializer<'de>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// A day, as TOML's own date or as text.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NaiveDate>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Day {
        Text(String),
        Native(toml::value::Datetime),
    }
    let text = match Day::deserialize(deserializer)? {
        Day::Text(text) => text,
        Day::Native(day) => day.to_string(),
    };
    text.parse().map(Some).map_err(|_| {
        serde::de::Error::custom(format!("`{}` is not a day: write it as 2026-01-31", clip(&text)))
    })
}

fn clip(text: &str) -> &str {
    waybill_core::wire::clip(text, 30)
}
