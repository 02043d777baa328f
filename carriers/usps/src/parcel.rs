//! What USPS must know of a piece: pounds, inches, processing category, the packaging's rate indicator.

use rust_decimal::Decimal;
use waybill_core::{Dimensions, Error, LengthUnit, Parcel, Result, Weight, WeightUnit};

use crate::services::{Class, FlatRate, flat_rate};
use crate::wire::Number;

/// A piece in USPS's units: longest side first, fractions rounded up to a thousandth of a pound and a hundredth of an
/// inch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measures {
    pub weight: Decimal,
    pub sides: [Decimal; 3],
}

impl Measures {
    /// Of a parcel; a flat-rate packaging has its own size when none is given.
    pub(crate) fn of(parcel: &Parcel) -> Result<Self> {
        let given = parcel.dimensions.or_else(|| flat(parcel).map(FlatRate::dimensions));
        let Some(size) = given else {
            return Err(Error::invalid_field(
                "parcels[0].dimensions",
                "USPS prices need the size of the parcel",
                "give length, width and height",
            ));
        };
        Ok(Self { weight: pounds(&parcel.weight), sides: inches(&size) })
    }

    pub(crate) fn weight(&self) -> Number {
        Number(self.weight)
    }
    pub(crate) fn side(&self, at: usize) -> Number {
        Number(self.sides.get(at).copied().unwrap_or_default())
    }

    /// Processing category: machinable parcels are at least 6 x 3 x 0.25 in and 6 oz, at most 22 x 18 x 15 in and 25 lb.
    pub(crate) fn category(&self, parcel: &Parcel) -> &'static str {
        let least = [Decimal::from(6), Decimal::from(3), Decimal::new(25, 2)];
        let most = [Decimal::from(22), Decimal::from(18), Decimal::from(15)];
        let fits = self
            .sides
            .iter()
            .zip(least.iter().zip(&most))
            .all(|(side, (least, most))| side >= least && side <= most);
        let weighs = self.weight >= Decimal::new(375, 3) && self.weight <= Decimal::from(25);
        if fits && weighs && !parcel.non_machinable { "MACHINABLE" } else { "NONSTANDARD" }
    }
}

/// The flat-rate packaging of a parcel, if it is one.
pub(crate) fn flat(parcel: &Parcel) -> Option<&'static FlatRate> {
    flat_rate(parcel.packaging.as_str())
}

/// Rate indicator of a parcel in a class when USPS has not named one: the flat rate's, or single piece.
pub(crate) fn indicator(class: &Class, parcel: &Parcel) -> Result<&'static str> {
    if parcel.packaging.is_own() {
        return Ok(class.own_indicator);
    }
    flat(parcel).and_then(|flat| flat.indicator(class)).ok_or_else(|| {
        Error::invalid_field(
            "parcels[0].packaging",
            format!("{} is not sold in packaging `{}`", class.name, parcel.packaging),
            "use `own` or a packaging of that service",
        )
    })
}

/// Processing category of a parcel in a class when USPS has not named one.
pub(crate) fn category(measures: &Measures, parcel: &Parcel) -> &'static str {
    if flat(parcel).is_some_and(|flat| flat.envelope) { "FLATS" } else { measures.category(parcel) }
}

pub(crate) fn pounds(weight: &Weight) -> Decimal {
    weight.ceil_to(WeightUnit::Pound, Decimal::new(1, 3))
}

fn inches(size: &Dimensions) -> [Decimal; 3] {
    size.sorted().map(|side| side.ceil_to(LengthUnit::Inch, Decimal::new(1, 2)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(weight: &str, size: &str) -> Parcel {
        Parcel::new(weight.parse().unwrap(), Some(size.parse().unwrap()))
    }

    #[test]
    fn units_are_converted_and_rounded_up() {
        let measures = Measures::of(&parcel("1kg", "10x30x20cm")).unwrap();
        assert_eq!(measures.weight.to_string(), "2.205");
        assert_eq!(measures.sides.map(|side| side.to_string()), ["11.82", "7.88", "3.94"]);
        assert_eq!(Measures::of(&parcel("16oz", "12x8x6in")).unwrap().weight, Decimal::ONE);
    }

    #[test]
    fn machinable_pieces_stay_within_their_limits() {
        for (weight, size, category) in [
            ("2lb", "12x8x6in", "MACHINABLE"),
            ("6oz", "6x3x0.25in", "MACHINABLE"),
            ("5.9oz", "6x3x0.25in", "NONSTANDARD"),
            ("2lb", "23x8x6in", "NONSTANDARD"),
            ("26lb", "12x8x6in", "NONSTANDARD"),
            ("2lb", "5x4x3in", "NONSTANDARD"),
        ] {
            let parcel = parcel(weight, size);
            assert_eq!(Measures::of(&parcel).unwrap().category(&parcel), category, "{weight} {size}");
        }
        let mut tube = parcel("2lb", "12x8x6in");
        tube.non_machinable = true;
        assert_eq!(Measures::of(&tube).unwrap().category(&tube), "NONSTANDARD");
    }

    #[test]
    fn flat_rate_has_a_size_of_its_own() {
        let mut parcel = parcel("2lb", "1x1x1in");
        parcel.dimensions = None;
        assert!(Measures::of(&parcel).is_err());
        parcel.packaging = "small-flat-rate-box".into();
        assert_eq!(Measures::of(&parcel).unwrap().sides[0].to_string(), "8.69");
    }
}
