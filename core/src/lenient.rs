//! Readers for answers that do not keep to one shape: an object where a list is documented, a number where a text is,
//! an empty string where an object is. For `#[serde(deserialize_with = "...", default)]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list, one bare element, `null` or an empty string.
pub fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list or one element")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::with_capacity(seq.size_hint().unwrap_or_default().min(64));
            // `null` among the elements says nothing.
            while let Some(element) = seq.next_element::<Option<T>>()? {
                all.extend(element);
            }
            Ok(all)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            if text.is_empty() {
                Ok(Vec::new())
            } else {
                T::deserialize(StrDeserializer::<E>::new(text)).map(|one| vec![one])
            }
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(List(PhantomData))
}

/// A list of texts, numbers or booleans, or one of them; see [`text`].
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct One(Option<String>);
    impl<'de> Deserialize<'de> for One {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            text(deserializer).map(Self)
        }
    }
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts or one text")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(One(element)) = seq.next_element()? {
                all.extend(element);
            }
            Ok(all)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Scalar.visit_map(map).map(|one| one.into_iter().collect())
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Scalar.visit_str(text).map(|one| one.into_iter().collect())
        }
        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(vec![number.to_string()])
        }
        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(vec![number.to_string()])
        }
        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            Ok(vec![number.to_string()])
        }
        fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
            Ok(vec![yes.to_string()])
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(Texts)
}

/// The objects of a list: a sentence or a number among them is left out, and so is everything that is no list of
/// objects. For lists that only inform. Where an absence is concluded from a list use [`list`], which fails instead.
pub fn remarks<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct One<T>(Option<T>);
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for One<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            object(deserializer).map(Self)
        }
    }
    struct Remarks<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Remarks<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of objects")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(One(element)) = seq.next_element()? {
                all.extend(element);
            }
            Ok(all)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(Remarks(PhantomData))
}

/// An object, or `None` for `null`, a text, a number, a boolean or an empty list.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let first = seq.next_element()?;
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(first)
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    }
    deserializer.deserialize_any(Object(PhantomData))
}

struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<String>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or null")
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let text = text.trim();
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }
    // The shortest text that reads back as the same number: exact for the up to 15 digits that carriers print.
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string()))
    }
    fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
        Ok(Some(yes.to_string()))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    // The first element of a list; an object is no text.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        struct First(Option<String>);
        impl<'de> Deserialize<'de> for First {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text(deserializer).map(Self)
            }
        }
        let first = seq.next_element::<First>()?.and_then(|first| first.0);
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A text, from a text, a number or a boolean, or the first of a list of them; trimmed; `None` for `null`, for blank and
/// for an object.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar)
}

/// A decimal, from a text or a number; `None` for `null`, for blank and for words.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    Ok(text(deserializer)?.and_then(|text| parse_decimal(&text)))
}

/// Reads a decimal as carriers print it, with thousands separators and exponents.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let cleaned = text.trim().replace(',', "");
    Decimal::from_str(&cleaned).or_else(|_| Decimal::from_scientific(&cleaned)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "list")]
        items: Vec<Item>,
        #[serde(default, deserialize_with = "object")]
        note: Option<Item>,
        #[serde(default, deserialize_with = "decimal")]
        price: Option<Decimal>,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(default, deserialize_with = "text")]
        code: Option<String>,
    }

    #[test]
    fn every_shape_reads() {
        for (json, items, note, price) in [
            (
                r#"{"items":[{"code":"1"},{"code":2}],"note":{"code":"x"},"price":"12.49"}"#,
                2,
                true,
                Some("12.49"),
            ),
            (r#"{"items":{"code":3},"note":"","price":12.49}"#, 1, false, Some("12.49")),
            (r#"{"items":null,"note":null,"price":""}"#, 0, false, None),
            (r#"{"items":"","price":"1,234.50"}"#, 0, false, Some("1234.50")),
            ("{}", 0, false, None),
            (r#"{"items":[null,{"code":["4"]},null],"note":7,"price":["12.49"]}"#, 1, false, Some("12.49")),
            (r#"{"items":[],"note":[{"code":"x"}],"price":{"amount":1}}"#, 0, true, None),
        ] {
            let sample: Sample = serde_json::from_str(json).unwrap();
            assert_eq!(sample.items.len(), items, "{json}");
            assert!(sample.items.iter().all(|item| item.code.is_some()));
            assert_eq!(sample.note.is_some(), note, "{json}");
            assert_eq!(sample.price.map(|price| price.to_string()).as_deref(), price, "{json}");
        }
    }

    #[test]
    fn what_only_informs_never_makes_an_answer_unreadable() {
        #[derive(Deserialize)]
        struct Informed {
            #[serde(default, deserialize_with = "texts")]
            numbers: Vec<String>,
            #[serde(default, deserialize_with = "remarks")]
            warnings: Vec<Item>,
        }
        for (json, numbers, warnings) in [
            (r#"{"numbers":["1",2,null,""],"warnings":[{"code":"1"},"a sentence",null,3]}"#, 2, 1),
            (r#"{"numbers":"1","warnings":"a sentence"}"#, 1, 0),
            (r#"{"numbers":12,"warnings":{"code":"1"}}"#, 1, 1),
            (r#"{"numbers":{"a":1},"warnings":false}"#, 0, 0),
            (r#"{"numbers":null,"warnings":null}"#, 0, 0),
        ] {
            let informed: Informed = serde_json::from_str(json).unwrap();
            assert_eq!((informed.numbers.len(), informed.warnings.len()), (numbers, warnings), "{json}");
        }
    }
}
