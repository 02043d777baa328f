//! Readers for answers that do not keep to one shape: an object where a list is documented, a number where a text is,
//! an empty string where an object is. For `#[serde(deserialize_with = "...", default)]`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

/// A list, one bare element, `null` or an empty string. Elements that are `null` or blank are left out, and so are texts
/// and numbers where objects are documented.
pub fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    struct List<T>(PhantomData<T>);
    macro_rules! only {
        ($($visit:ident: $kind:ty),*) => { $(
            fn $visit<E: serde::de::Error>(self, value: $kind) -> Result<Self::Value, E> {
                let mut items = Vec::new();
                Push(&mut items).$visit(value)?;
                Ok(items)
            }
        )* };
    }
    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list or one element")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while seq.next_element_seed(Push(&mut items))?.is_some() {}
            Ok(items)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            Push(&mut items).visit_map(map)?;
            Ok(items)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        only! { visit_str: &str, visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64 }
    }
    deserializer.deserialize_any(List(PhantomData))
}

/// One element, put at the end of a list in its place; `null` and blank are none.
struct Push<'a, T>(&'a mut Vec<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Push<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Push<'_, T> {
    /// A text or a number, where it can be an element.
    fn scalar<E: serde::de::Error>(self, scalar: impl IntoDeserializer<'de, E>) -> Result<(), E> {
        self.0.extend(T::deserialize(scalar.into_deserializer()).ok());
        Ok(())
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Push<'_, T> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an element")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.push(T::deserialize(MapAccessDeserializer::new(map))?);
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        self.0.push(T::deserialize(SeqAccessDeserializer::new(seq))?);
        Ok(())
    }
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.trim().is_empty() { Ok(()) } else { self.scalar(StrDeserializer::new(text)) }
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E: serde::de::Error>(self, yes: bool) -> Result<(), E> {
        self.scalar(yes)
    }
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.scalar(number)
    }
    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.scalar(number)
    }
    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.scalar(number)
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

/// A text that takes no memory of its own up to 24 bytes, as codes, dates and amounts are. Worth it in messages that hold
/// hundreds of them, such as rate answers; see [`text`].
pub type ShortText = compact_str::CompactString;

/// A short text as the model holds it.
pub fn owned(text: Option<&ShortText>) -> Option<String> {
    text.map(ToString::to_string)
}

/// Without the blanks around it. Most texts have none, and that is seen without reading their letters.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

struct Scalar<T>(PhantomData<T>);

impl<'de, T: for<'a> From<&'a str>> Visitor<'de> for Scalar<T> {
    type Value = Option<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or null")
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let text = trimmed(text);
        Ok((!text.is_empty()).then(|| text.into()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string().as_str().into()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string().as_str().into()))
    }
    // The shortest text that reads back as the same number: exact for the up to 15 digits that carriers print.
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number.to_string().as_str().into()))
    }
    fn visit_bool<E>(self, yes: bool) -> Result<Self::Value, E> {
        Ok(Some(if yes { "true" } else { "false" }.into()))
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

struct OneText<T>(Option<T>);

impl<'de, T: for<'a> From<&'a str>> Deserialize<'de> for OneText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer).map(Self)
    }
}

/// A text, from a text, a number or a boolean; trimmed; `None` for `null`, for blank and for an object; of a list the
/// first text. It is a `String`, or a [`ShortText`] where the field says so.
pub fn text<'de, T: for<'a> From<&'a str>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(Scalar(PhantomData))
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
            Scalar(PhantomData).visit_map(map).map(Vec::from_iter)
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Scalar(PhantomData).visit_str(text).map(Vec::from_iter)
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
        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            Ok(decimal_of(number))
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            let first: Option<ShortText> = Scalar(PhantomData).visit_seq(seq)?;
            Ok(first.and_then(|text| parse_decimal(&text)))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Scalar::<ShortText>(PhantomData).visit_map(map).map(|_| None)
        }
    }
    deserializer.deserialize_any(Number)
}

/// A yes or no, from a boolean, a number or a word (`true`, `Y`, `1`); `None` for everything else.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let said: Option<ShortText> = text(deserializer)?;
    Ok(said.and_then(|text| match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" => Some(true),
        "false" | "no" | "n" | "0" => Some(false),
        _ => None,
    }))
}

/// Reads a decimal as carriers print it, with thousands separators and exponents.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    if text.trim_ascii().is_empty() {
        return None;
    }
    digits(text).or_else(|| Decimal::from_str(text).ok()).or_else(|| {
        let plain = text.trim().replace(',', "");
        Decimal::from_str(&plain).or_else(|_| Decimal::from_scientific(&plain)).ok()
    })
}

/// The decimal of up to 18 digits with at most one point between them, which is what nearly all amounts are.
fn digits(text: &str) -> Option<Decimal> {
    let is_digit = |at: Option<&u8>| at.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    if bytes.len() > 18 || !is_digit(bytes.first()) || !is_digit(bytes.last()) {
        return None;
    }
    let (mut units, mut places) = (0_i64, None);
    for byte in bytes {
        match (byte, &mut places) {
            (b'0'..=b'9', places) => {
                units = units * 10 + i64::from(byte - b'0');
                *places = places.map(|places| places + 1);
            }
            (b'.', places @ None) => *places = Some(0),
            _ => return None,
        }
    }
    Some(Decimal::new(units, places.unwrap_or(0)))
}

/// What JSON's reader makes of the digits that a carrier wrote.
type Binary = f64; // exact: taken apart in whole numbers, never calculated with

/// The decimal that a carrier wrote where JSON's reader saw a binary number: the shortest one that reads back as the same
/// number, exact for the up to 15 digits that carriers print. `None` for what is no number, or too large.
pub fn decimal_of(number: Binary) -> Option<Decimal> {
    ten_thousandths(number).or_else(|| parse_decimal(&number.to_string()))
}

/// The decimal with at most four places, as money and weights have, that reads as a number: in whole numbers, which takes a
/// tenth of the time of a text. `None` where that is not certain.
fn ten_thousandths(number: Binary) -> Option<Decimal> {
    const FRACTION: u64 = (1 << 52) - 1;
    let bits = number.to_bits();
    if bits << 1 == 0 {
        return Some(Decimal::ZERO);
    }
    // The number is `mantissa / 2^shift`.
    let mantissa = u128::from(bits & FRACTION | 1 << 52) * 10_000;
    let shift = 1075_u64.checked_sub(bits >> 52 & 0x7FF).filter(|shift| (1..=70).contains(shift))?;
    let units = (mantissa + (1 << (shift - 1))) >> shift;
    // Less than half a step away it reads as the same number; below a power of two the steps are shorter. No two decimals
    // of 15 digits read as one number, so it is the one.
    let away = mantissa.abs_diff(units << shift);
    let same = away == 0 || (away * 2 < 10_000 && bits & FRACTION != 0);
    let mut units = i64::try_from(units).ok().filter(|units| same && *units < 1_000_000_000_000_000)?;
    let mut places = 4;
    while places > 0 && units % 10 == 0 {
        (units, places) = (units / 10, places - 1);
    }
    Some(Decimal::new(if bits >> 63 == 0 { units } else { -units }, places))
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
