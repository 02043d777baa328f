//! Weight and length with units. Conversion is exact by definition: 1 lb = 453.59237 g, 1 in = 25.4 mm
//! (international yard and pound agreement, 1959). Rounding is the carrier's rule and happens in the carrier.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! unit {
    ($(#[$m:meta])* $name:ident, $(#[$bm:meta])* $base:ident { $( $(#[$vm:meta])* $variant:ident = $text:literal, $factor:expr ),+ }) => {
        $(#[$m])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $( $(#[$vm])* #[serde(rename = $text)] $variant ),+ }
        impl $name {
            $(#[$bm])*
            pub fn $base(self) -> Decimal { match self { $( $name::$variant => $factor ),+ } }
            /// The usual abbreviation.
            pub fn as_str(self) -> &'static str { match self { $( $name::$variant => $text ),+ } }
        }
        impl fmt::Display for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.as_str()) } }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $( $text => Ok($name::$variant), )+
                    other => Err(format!("`{other}` is not a unit: write one of {}", [$( $text ),+].join(", "))),
                }
            }
        }
    };
}

unit! {
    /// Unit of weight.
    WeightUnit,
    /// Grams in one of these.
    grams {
        /// Gram.
        Gram = "g", Decimal::ONE,
        /// Kilogram.
        Kilogram = "kg", Decimal::from(1000),
        /// Avoirdupois ounce, 28.349523125 g; the mantissa is 6 * 2^32 + 2,579,719,349.
        Ounce = "oz", Decimal::from_parts(2_579_719_349, 6, 0, false, 9),
        /// Avoirdupois pound.
        Pound = "lb", Decimal::from_parts(45_359_237, 0, 0, false, 5)
    }
}

unit! {
    /// Unit of length.
    LengthUnit,
    /// Millimetres in one of these.
    millimetres {
        /// Millimetre.
        Millimetre = "mm", Decimal::ONE,
        /// Centimetre.
        Centimetre = "cm", Decimal::TEN,
        /// Inch.
        Inch = "in", Decimal::from_parts(254, 0, 0, false, 1)
    }
}

macro_rules! quantity {
    ($(#[$m:meta])* $name:ident, $unit:ident, $base:ident, $base_unit:ident, $what:literal, $example:literal) => {
        $(#[$m])*
        #[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Decimal value, written as a JSON string.
            pub value: Decimal,
            /// Its unit.
            pub unit: $unit,
        }
        impl $name {
            /// A value in a unit.
            pub fn new(value: impl Into<Decimal>, unit: $unit) -> Self { Self { value: value.into(), unit } }
            /// Exact value in the base unit (grams or millimetres); saturates where 96 bits end.
            pub fn $base(&self) -> Decimal { self.value.checked_mul(self.unit.$base()).unwrap_or(Decimal::MAX) }
            /// Value in another unit: exact when it has a finite decimal form of at most 28 digits, else the nearest.
            pub fn to(&self, unit: $unit) -> Decimal {
                if unit == self.unit { return self.value; }
                (self.$base().checked_div(unit.$base()).unwrap_or(Decimal::MAX)).normalize()
            }
            /// Smallest multiple of `step` in `unit` that is not below this: how carriers bill.
            ///
            /// Decided on exact base units, so 16 oz is exactly 1 lb and never 2.
            pub fn ceil_to(&self, unit: $unit, step: Decimal) -> Decimal {
                let step_base = unit.$base() * step;
                if step_base.is_zero() { return self.to(unit); }
                let mut steps = (self.$base() / step_base).round_dp_with_strategy(0, RoundingStrategy::ToPositiveInfinity);
                // Division rounds at the 28th digit: step back when one step fewer is still enough.
                if (steps - Decimal::ONE) * step_base >= self.$base() { steps -= Decimal::ONE; }
                (steps * step).normalize()
            }
            /// Above zero.
            pub fn is_positive(&self) -> bool { self.value > Decimal::ZERO }
            /// Sum, in the first one's unit when it is the same, else in the base unit.
            pub fn plus(&self, other: &Self) -> Self {
                if self.unit == other.unit { return Self { value: self.value.saturating_add(other.value), unit: self.unit }; }
                Self { value: self.$base().saturating_add(other.$base()), unit: $unit::$base_unit }
            }
        }
        impl PartialEq for $name { fn eq(&self, other: &Self) -> bool { self.cmp(other) == Ordering::Equal } }
        impl Eq for $name {}
        impl PartialOrd for $name { fn partial_cmp(&self, other: &Self) -> Option<Ordering> { Some(self.cmp(other)) } }
        /// By physical size, whatever the units.
        impl Ord for $name { fn cmp(&self, other: &Self) -> Ordering { self.$base().cmp(&other.$base()) } }
        impl std::hash::Hash for $name {
            fn hash<H: std::hash::Hasher>(&self, state: &mut H) { self.$base().normalize().hash(state) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!("{} {}", self.value.normalize(), self.unit))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let text = text.trim();
                let split = text.find(|c: char| c.is_ascii_alphabetic())
                    .ok_or_else(|| format!(concat!("`{}` has no unit: write a ", $what, " such as ", $example), text))?;
                let value = text[..split].trim().parse()
                    .map_err(|_| format!(concat!("`{}` is not a ", $what, ": write a number and a unit such as ", $example), text))?;
                Ok(Self { value, unit: text[split..].parse()? })
            }
        }
    };
}

quantity! {
    /// A weight: `{ "value": "2.5", "unit": "lb" }`.
    Weight, WeightUnit, grams, Gram, "weight", "2.5lb"
}
quantity! {
    /// A length: `{ "value": "12", "unit": "in" }`.
    Length, LengthUnit, millimetres, Millimetre, "length", "12in"
}

impl Weight {
    /// Sum of weights; zero grams for none.
    pub fn sum<'a>(weights: impl IntoIterator<Item = &'a Weight>) -> Weight {
        weights
            .into_iter()
            .copied()
            .reduce(|sum, next| sum.plus(&next))
            .unwrap_or(Weight { value: Decimal::ZERO, unit: WeightUnit::Gram })
    }
}

/// Outer size of a parcel, all three sides in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dimensions {
    /// One side.
    pub length: Decimal,
    /// Another.
    pub width: Decimal,
    /// The third.
    pub height: Decimal,
    /// Unit of all three.
    pub unit: LengthUnit,
}

impl Dimensions {
    /// Three sides in a unit.
    pub fn new(
        length: impl Into<Decimal>,
        width: impl Into<Decimal>,
        height: impl Into<Decimal>,
        unit: LengthUnit,
    ) -> Self {
        Self { length: length.into(), width: width.into(), height: height.into(), unit }
    }

    /// The sides from longest to shortest: carriers' "length" is the longest, however the user wrote it.
    pub fn sorted(&self) -> [Length; 3] {
        let mut sides = [self.length, self.width, self.height];
        sides.sort_by(|a, b| b.cmp(a));
        sides.map(|value| Length { value, unit: self.unit })
    }

    /// Longest side plus girth: longest + 2 x (the other two).
    pub fn length_plus_girth(&self) -> Length {
        let [a, b, c] = self.sorted();
        let value = a.value.saturating_add(Decimal::TWO.saturating_mul(b.value.saturating_add(c.value)));
        Length { value, unit: self.unit }
    }

    /// Length + width + height.
    pub fn side_sum(&self) -> Length {
        Length { value: self.length.saturating_add(self.width).saturating_add(self.height), unit: self.unit }
    }

    /// Volume in cubic `unit`.
    pub fn volume(&self, unit: LengthUnit) -> Decimal {
        let [a, b, c] = self.sorted().map(|side| side.to(unit));
        a.saturating_mul(b).saturating_mul(c)
    }

    /// All three sides above zero.
    pub fn is_positive(&self) -> bool {
        [self.length, self.width, self.height].iter().all(|side| *side > Decimal::ZERO)
    }
}

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = [self.length, self.width, self.height].map(|side| side.normalize());
        write!(f, "{a} x {b} x {c} {}", self.unit)
    }
}

impl FromStr for Dimensions {
    type Err = String;
    /// Reads `12x8x4in`.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad =
            || format!("`{text}` is not a size: write length x width x height and a unit, such as 12x8x4in");
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let split =
            compact.find(|c: char| c.is_ascii_alphabetic() && c != 'x' && c != 'X').ok_or_else(bad)?;
        let unit = compact[split..].parse()?;
        let mut sides =
            compact[..split].split(['x', 'X']).map(|side| side.parse::<Decimal>().map_err(|_| bad()));
        let mut next = || sides.next().unwrap_or_else(|| Err(bad()));
        let dimensions = Self { length: next()?, width: next()?, height: next()?, unit };
        if sides.next().is_some() { Err(bad()) } else { Ok(dimensions) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_ounces_are_one_pound() {
        let pound = Weight::new(1, WeightUnit::Pound);
        let ounces = Weight::new(16, WeightUnit::Ounce);
        assert_eq!(pound, ounces);
        assert_eq!(ounces.ceil_to(WeightUnit::Pound, Decimal::ONE), Decimal::ONE);
        assert_eq!(WeightUnit::Ounce.grams().to_string(), "28.349523125");
        assert_eq!(
            "16.0001oz".parse::<Weight>().unwrap().ceil_to(WeightUnit::Pound, Decimal::ONE),
            Decimal::TWO
        );
    }

    #[test]
    fn girth_takes_the_longest_side_however_written() {
        let box_: Dimensions = "4x12x8in".parse().unwrap();
        assert_eq!(box_.length_plus_girth().to_string(), "36 in");
        assert_eq!(box_.side_sum().to_string(), "24 in");
        assert_eq!(box_.volume(LengthUnit::Inch), Decimal::from(384));
        assert!("4x12in".parse::<Dimensions>().is_err());
        assert!("2.5".parse::<Weight>().unwrap_err().contains("unit"));
    }
}
