//! Decimals as JSON numbers.

use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};

/// A decimal that is written as a JSON number, which is what USPS wants. The text of the number is the decimal's own:
/// the binary value in between is the nearest one, and the shortest text of that is the same decimal again for up to 15
/// digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0.normalize();
        match value.to_i64().filter(|_| value.scale() == 0) {
            Some(whole) => serializer.serialize_i64(whole),
            None => {
                let nearest = f64::from_str(&value.to_string()).map_err(serde::ser::Error::custom)?;
                serializer.serialize_f64(nearest)
            }
        }
    }
}

impl From<Decimal> for Number {
    fn from(value: Decimal) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_decimals_own() {
        for text in ["12.49", "0.1", "5", "0.001", "999999.99", "17.005", "1234567.89"] {
            assert_eq!(serde_json::to_string(&Number(text.parse().unwrap())).unwrap(), text);
        }
        assert_eq!(serde_json::to_string(&Number("9.350".parse().unwrap())).unwrap(), "9.35");
    }
}
