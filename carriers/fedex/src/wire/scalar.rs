//! Values that FedEx writes in more than one shape.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use rust_decimal::Decimal;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use waybill_core::lenient;

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
                let read: fn(Option<String>) -> $inner = $read;
                lenient::text(deserializer).map(|text| Self(read(text)))
            }
        }
    };
}

reader! {
    /// A text or number; blank is absent.
    Text, Option<String>, |text| text
}
reader! {
    /// An amount or weight, as a number or a text.
    Amount, Option<Decimal>, |text| text.as_deref().and_then(lenient::parse_decimal)
}
reader! {
    /// A small count, as a number or a text.
    Count, Option<u32>, |text| text.as_deref().and_then(|text| text.parse().ok())
}
reader! {
    /// A boolean, as such or as the word.
    Flag, Option<bool>, |text| match text.as_deref() {
        Some("true" | "TRUE" | "True" | "Y") => Some(true),
        Some("false" | "FALSE" | "False" | "N") => Some(false),
        _ => None,
    }
}

impl Text {
    /// The text, or empty.
    pub fn or_empty(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
    /// The text itself, taken out.
    pub fn take(&mut self) -> Option<String> {
        self.0.take()
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
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// Like the list of [`lenient`], and skips `null` among the elements: `"customerMessage": [null]` is in FedEx's samples.
struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or one element")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or_default().min(64));
        while let Some(item) = seq.next_element::<Option<T>>()? {
            items.extend(item);
        }
        Ok(List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|one| List(vec![one]))
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<List<T>, E> {
        if text.trim().is_empty() {
            return Ok(List(Vec::new()));
        }
        T::deserialize(StrDeserializer::<E>::new(text)).map(|one| List(vec![one]))
    }
    fn visit_unit<E>(self) -> Result<List<T>, E> {
        Ok(List(Vec::new()))
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
    fn one_element_null_and_blank_are_lists() {
        let read = |json| serde_json::from_str::<List<Text>>(json).unwrap().len();
        assert_eq!((read("[\"a\",null,\"b\"]"), read("null"), read("\"\""), read("\"a\"")), (2, 0, 0, 1));
    }
}
