//! Values that FedEx writes in more than one shape.

use std::fmt;
use std::ops::Deref;

use rust_decimal::Decimal;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use waybill_core::lenient::{self, ShortText};

/// Whether a part of a request is left out.
pub trait Absent {
    /// Left out.
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}
impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}
impl Absent for String {}
impl Absent for &'static str {}
impl Absent for bool {}
impl Absent for u32 {}
impl Absent for Number {}

/// A decimal that is written as a JSON number with its own digits.
#[derive(Clone, Copy, Default)]
pub struct Number(pub Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::value::RawValue::from_string(self.0.normalize().to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

macro_rules! reader {
    ($(#[$meta:meta])* $name:ident, $inner:ty, $read:expr) => {
        $(#[$meta])*
        #[derive(Clone, Default)]
        pub struct $name(pub $inner);
        impl Deref for $name {
            type Target = $inner;
            fn deref(&self) -> &$inner {
                &self.0
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let read: fn(Option<ShortText>) -> $inner = $read;
                lenient::text(deserializer).map(|text| Self(read(text)))
            }
        }
    };
}

/// A text or number; blank is absent.
#[derive(Clone, Default)]
pub struct Text<T = String>(pub Option<T>);

/// A text of few letters, of which an answer holds many.
pub type Short = Text<ShortText>;

impl<T> Deref for Text<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}
impl<'de, T: for<'a> From<&'a str>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::text(deserializer).map(Self)
    }
}
/// An amount or weight, as a number, a text, or an object that holds it (`{"amount": 12.5, "currency": "USD"}`).
#[derive(Clone, Copy, Default)]
pub struct Amount(pub Option<Decimal>);

impl Deref for Amount {
    type Target = Option<Decimal>;
    fn deref(&self) -> &Option<Decimal> {
        &self.0
    }
}
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor).map(Self)
    }
}

struct AmountVisitor;

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Option<Decimal>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount")
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(lenient::parse_decimal(text))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.into()))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(lenient::decimal_of(number))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if matches!(key.as_str(), "amount" | "value") {
                found = map.next_value::<Amount>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(Amount(amount)) = seq.next_element()? {
            found = found.or(amount);
        }
        Ok(found)
    }
}

reader! {
    /// A small count, as a number or a text.
    Count, Option<u32>, |text| text.as_deref().and_then(|text| text.parse().ok())
}
reader! {
    /// A boolean, as such or as the word.
    Flag, Option<bool>, |text| match text.as_deref() {
        Some("true" | "TRUE" | "True" | "Y" | "1") => Some(true),
        Some("false" | "FALSE" | "False" | "N" | "0") => Some(false),
        _ => None,
    }
}

impl<T: Deref<Target = str>> Text<T> {
    /// The text, or empty.
    pub fn or_empty(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Text {
    /// The text itself, taken out.
    pub fn take(&mut self) -> Option<String> {
        self.0.take()
    }
}

impl Short {
    /// The text in the model's form.
    pub fn owned(&self) -> Option<String> {
        lenient::owned(self.0.as_ref())
    }
}

impl Flag {
    /// Said to be true.
    pub fn yes(&self) -> bool {
        self.0 == Some(true)
    }
}

/// A list, one bare element, or nothing.
#[derive(Clone)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}
impl<T> Deref for List<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::list(deserializer).map(Self)
    }
}

/// An object, or nothing.
#[derive(Clone)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}
impl<T> Deref for Object<T> {
    type Target = Option<T>;
    fn deref(&self) -> &Option<T> {
        &self.0
    }
}
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::object(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_digits() {
        for text in ["0.1", "12345678901.23", "5", "66.60"] {
            let number = Number(text.parse().unwrap());
            let written = serde_json::to_string(&number).unwrap();
            assert_eq!(written.parse::<Decimal>().unwrap(), number.0, "{text}");
            assert!(!written.contains('"'));
        }
    }

    #[test]
    fn amounts_read_in_every_shape() {
        for (json, amount) in [
            ("12.5", Some("12.5")),
            ("\"1,012.50\"", Some("1012.50")),
            ("{\"amount\":\"12.50\",\"currency\":\"USD\"}", Some("12.50")),
            ("{\"units\":\"LB\",\"value\":3}", Some("3")),
            ("[null,7]", Some("7")),
            ("null", None),
            ("\"\"", None),
            ("true", None),
        ] {
            let read: Amount = serde_json::from_str(json).unwrap();
            assert_eq!(read.0.map(|amount| amount.to_string()).as_deref(), amount, "{json}");
        }
    }

    #[test]
    fn one_element_null_and_blank_are_lists() {
        let read = |json| serde_json::from_str::<List<Text>>(json).unwrap().len();
        assert_eq!((read("[\"a\",null,\"b\"]"), read("null"), read("\"\""), read("\"a\"")), (2, 0, 0, 1));
    }
}
