//! Readers for answers that do not keep to one shape: an object where a list is documented, a number where a text is,
//! an empty string where an object is. For `#[serde(deserialize_with = "...", default)]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

/// A list, one bare element, `null` or an empty string. Elements that are `null` or blank are left out, and so are texts
/// and numbers where objects are documented.
pub fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list or one element")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::with_capacity(seq.size_hint().unwrap_or_default().min(64));
            while let Some(Element(item)) = seq.next_element()? {
                items.extend(item);
            }
            Ok(items)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Only(PhantomData).visit_map(map).map(Vec::from_iter)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Only(PhantomData).visit_str(text).map(Vec::from_iter)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_bool<E: serde::de::Error>(self, yes: bool) -> Result<Self::Value, E> {
            Only(PhantomData).visit_bool(yes).map(Vec::from_iter)
        }
        fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
            Only(PhantomData).visit_i64(number).map(Vec::from_iter)
        }
        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
            Only(PhantomData).visit_u64(number).map(Vec::from_iter)
        }
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
            Only(PhantomData).visit_f64(number).map(Vec::from_iter)
        }
    }
    deserializer.deserialize_any(List(PhantomData))
}

/// One element of a list; `null` and blank are none.
struct Element<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Only(PhantomData)).map(Self)
    }
}

struct Only<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Only<T> {
    type Value = Option<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        T::deserialize(SeqAccessDeserializer::new(seq)).map(Some)
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        Ok(T::deserialize(StrDeserializer::<E>::new(text)).ok())
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
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
}

/// An object, or `None` for `null`, a text, a number and an empty list; of a list its first object.
pub fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Deserialize<'de> for Held<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            object(deserializer).map(Self)
        }
    }
    struct Held<T>(Option<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while let Some(Held(found)) = seq.next_element()? {
                if found.is_some() {
                    while seq.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                    return Ok(found);
                }
            }
            Ok(None)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
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
    // A list where a text is documented: its first text. An object says nothing.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(OneText(text)) = seq.next_element()? {
            found = found.or(text);
        }
        Ok(found)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

struct OneText(Option<String>);

impl<'de> Deserialize<'de> for OneText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Self)
    }
}

/// A text, from a text, a number or a boolean; trimmed; `None` for `null`, for blank and for an object; of a list the
/// first text.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar)
}

/// Texts, from a list of texts, numbers or booleans, or from one of them; see [`text`].
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts or one text")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(OneText(element)) = seq.next_element()? {
                all.extend(element);
            }
            Ok(all)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Scalar.visit_map(map).map(Vec::from_iter)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Scalar.visit_str(text).map(Vec::from_iter)
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

/// A decimal, from a text or a number; `None` for `null`, for blank, for words and for an object; of a list the first text.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    struct Number;
    impl<'de> Visitor<'de> for Number {
        type Value = Option<Decimal>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a decimal as a text or a number")
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(parse_decimal(text))
        }
        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number.into()))
        }
        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.into()))
        }
        fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok(Scalar.visit_f64(number)?.and_then(|text| parse_decimal(&text)))
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Ok(Scalar.visit_seq(seq)?.and_then(|text| parse_decimal(&text)))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Scalar.visit_map(map).map(|_| None)
        }
    }
    deserializer.deserialize_any(Number)
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
    let read = |text: &str| Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok();
    let text = text.trim();
    if text.contains(',') { read(&text.replace(',', "")) } else { read(text) }
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
            (
                r#"{"items":[null,"",{"code":"1"}," "],"note":[null,{"code":"x"}],"price":["7"]}"#,
                1,
                true,
                Some("7"),
            ),
            (r#"{"items":[{"code":["1"]},"x",7],"note":5,"price":{"amount":1}}"#, 1, false, None),
            (r#"{"items":"nothing to say","note":true}"#, 0, false, None),
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
    fn texts_come_from_every_kind_of_list() {
        #[derive(Deserialize)]
        struct Numbers(#[serde(deserialize_with = "texts")] Vec<String>);
        for (json, count) in
            [(r#"["1",2,null,""]"#, 2), (r#""1""#, 1), ("12", 1), (r#"{"a":1}"#, 0), ("null", 0), ("[]", 0)]
        {
            let Numbers(found) = serde_json::from_str(json).unwrap();
            assert_eq!(found.len(), count, "{json}");
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
