//! Weights and sizes: one unit system for a whole message.

use rust_decimal::Decimal;
use waybill_core::{Dimensions, LengthUnit, Parcel, Shipment, Weight, WeightUnit};

use crate::services;
use crate::wire::{Num, Package, Sides};

/// `metric` is kilograms and centimetres, `imperial` pounds and inches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Metric,
    Imperial,
}

/// Smallest step of DHL's numbers.
fn step() -> Decimal {
    Decimal::new(1, 3)
}

impl System {
    /// The system that the first parcel is written in.
    pub(crate) fn of(parcels: &[Parcel]) -> Self {
        match parcels.first().map(|parcel| parcel.weight.unit) {
            Some(WeightUnit::Ounce | WeightUnit::Pound) => Self::Imperial,
            _ => Self::Metric,
        }
    }

    /// DHL's word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Imperial => "imperial",
        }
    }

    /// Unit of weights.
    pub(crate) fn weight_unit(self) -> WeightUnit {
        match self {
            Self::Metric => WeightUnit::Kilogram,
            Self::Imperial => WeightUnit::Pound,
        }
    }

    /// The system by DHL's word.
    pub(crate) fn from_word(word: Option<&str>) -> Self {
        if word.is_some_and(|word| word.eq_ignore_ascii_case("imperial")) {
            Self::Imperial
        } else {
            Self::Metric
        }
    }

    /// A weight, rounded up to three decimals: never declared lighter than it is.
    pub(crate) fn weight(self, weight: &Weight) -> Num {
        Num::of(weight.ceil_to(self.weight_unit(), step()))
    }

    /// Three sides, each rounded up to three decimals, longest first.
    pub(crate) fn sides(self, size: &Dimensions) -> Sides {
        let unit = match self {
            Self::Metric => LengthUnit::Centimetre,
            Self::Imperial => LengthUnit::Inch,
        };
        let [length, width, height] = size.sorted().map(|side| Num::of(side.ceil_to(unit, step())));
        Sides { length, width, height }
    }

    /// A parcel as DHL's package.
    pub(crate) fn package(self, parcel: &Parcel) -> Package {
        Package {
            type_code: services::box_code(&parcel.packaging),
            weight: self.weight(&parcel.weight),
            dimensions: parcel.dimensions.as_ref().map(|size| self.sides(size)),
        }
    }

    /// All parcels of a shipment.
    pub(crate) fn packages(self, shipment: &Shipment) -> Vec<Package> {
        shipment.parcels.iter().map(|parcel| self.package(parcel)).collect()
    }
}
