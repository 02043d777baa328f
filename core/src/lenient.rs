//! Readers for answers that do not keep to one shape: an object where a list is documented, a number where a text is,
//! an empty string where an object is. For `#[serde(deserialize_with = "...", default)]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, Visitor};

/// A list, one bare element, `null` or an empty string. Elements that are `null`, and texts and numbers among objects,
/// are left out.
pub fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list or one element")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(Element(element)) = seq.next_element()? {
                all.extend(element);
            }
            Ok(all)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Element::visit_str(PhantomData, text)?.into_iter().collect())
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
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
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
    }
    deserializer.deserialize_any(List(PhantomData))
}

/// One element of a list; `None` for `null` and for a text or number where an object is wanted.
struct Element<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Element<T> {
    fn visit_str<E: serde::de::Error>(_: PhantomData<T>, text: &str) -> Result<Option<T>, E> {
        match text.is_empty() {
            true => Ok(None),
            false => Ok(T::deserialize(StrDeserializer::<E>::new(text)).ok()),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for One<T> {
            type Value = Option<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an element of a list")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Some)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                T::deserialize(SeqAccessDeserializer::new(seq)).map(Some)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Element::visit_str(PhantomData, text)
            }
            fn visit_bool<E: serde::de::Error>(self, yes: bool) -> Result<Self::Value, E> {
                Ok(T::deserialize(IntoDeserializer::<E>::into_deserializer(yes)).ok())
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(T::deserialize(IntoDeserializer::<E>::into_deserializer(number)).ok())
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(T::deserialize(IntoDeserializer::<E>::into_deserializer(number)).ok())
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
                Ok(T::deserialize(IntoDeserializer::<E>::into_deserializer(number)).ok())
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
        }
        deserializer.deserialize_any(One(PhantomData)).map(Element)
    }
}

/// An object, or `None` for `null`, an empty list, a text or a number.
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
            let first = seq.next_element::<Element<T>>()?.and_then(|element| element.0);
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(first)
        }
        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
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
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        while let Some(Text(element)) = seq.next_element()? {
            first = first.or(element);
        }
        Ok(first)
    }
}

struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Text)
    }
}

/// A text, from a text, a number or a boolean; trimmed; the first one of a list; `None` for `null`, for blank and for an
/// object.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar)
}

/// A decimal, from a text or a number; `None` for `null`, for blank and for words.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    Ok(text(deserializer)?.and_then(|text| parse_decimal(&text)))
}

/// A yes or no, from a boolean, a number or a word (`true`, `Y`, `1`); `None` for everything else.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Ok(text(deserializer)?.and_then(|text| match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }))
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
        #[serde(default, deserialize_with = "flag")]
        good: Option<bool>,
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
            (r#"{"items":[null,{"code":["",4]},"x",7],"note":true,"price":{"amount":1}}"#, 1, false, None),
            (r#"{"items":7,"note":[null],"price":[2.5,3]}"#, 0, false, Some("2.5")),
            ("{}", 0, false, None),
        ] {
            let sample: Sample = serde_json::from_str(json).unwrap();
            assert_eq!(sample.items.len(), items, "{json}");
            assert!(sample.items.iter().all(|item| item.code.is_some()));
            assert_eq!(sample.note.is_some(), note, "{json}");
            assert_eq!(sample.price.map(|price| price.to_string()).as_deref(), price, "{json}");
        }
    }

    #[test]
    fn a_yes_is_read_in_every_form() {
        for (json, good) in [
            ("true", Some(true)),
            ("\"Y\"", Some(true)),
            ("1", Some(true)),
            ("\"false\"", Some(false)),
            ("0", Some(false)),
            ("\"maybe\"", None),
            ("{}", None),
        ] {
            let sample: Sample = serde_json::from_str(&format!("{{\"good\":{json}}}")).unwrap();
            assert_eq!(sample.good, good, "{json}");
        }
    }
}
