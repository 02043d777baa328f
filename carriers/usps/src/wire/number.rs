//! Decimals as JSON numbers.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal that is written as a JSON number, which is what USPS wants: the decimal's own digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits =
            RawValue::from_string(self.0.normalize().to_string()).map_err(serde::ser::Error::custom)?;
        digits.serialize(serializer)
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
