//! The messages of MyDHL API 3.1 in DHL's own names, one file per endpoint, no logic. Requests are complete for what
//! this crate sends; answers are read tolerantly.

pub(crate) mod address;
pub(crate) mod documents;
pub(crate) mod error;
pub(crate) mod identifiers;
pub(crate) mod landed_cost;
pub(crate) mod pickup;
pub(crate) mod rates;
pub(crate) mod shipment;
pub(crate) mod shipment_answer;
pub(crate) mod tracking;

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use waybill_core::lenient;

/// A number as DHL wants it: a JSON number of at most three decimals (`multipleOf: 0.001`).
///
/// The decimal is rounded as a decimal and written with its own digits; no binary float comes near it.
#[derive(Clone, Copy)]
pub(crate) struct Num(Decimal);

impl Num {
    /// Rounded half up to three decimals.
    pub(crate) fn of(value: Decimal) -> Self {
        Self::with_decimals(value, 3)
    }
    /// Rounded half up to some decimals.
    pub(crate) fn with_decimals(value: Decimal, decimals: u32) -> Self {
        Self(value.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero).normalize())
    }
}

impl Serialize for Num {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The decimal's own digits, as a JSON number.
        let digits = RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?;
        digits.serialize(serializer)
    }
}

/// `accounts[]`: whose money.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) type_code: &'static str,
    pub(crate) number: String,
}

/// A place in `/rates` and `/landed-cost`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RatePlace {
    pub(crate) postal_code: String,
    pub(crate) city_name: String,
    pub(crate) country_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) province_code: Option<String>,
}

/// `customerDetails` in `/rates` and `/landed-cost`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateParties {
    pub(crate) shipper_details: RatePlace,
    pub(crate) receiver_details: RatePlace,
}

/// `postalAddress` in `/shipments` and `/pickups`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostalAddress {
    pub(crate) postal_code: String,
    pub(crate) city_name: String,
    pub(crate) country_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) province_code: Option<String>,
    pub(crate) address_line1: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address_line2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address_line3: Option<String>,
}

/// `contactInformation`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Contact {
    pub(crate) full_name: String,
    pub(crate) company_name: String,
    pub(crate) phone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
}

/// `registrationNumbers[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationNumber {
    pub(crate) type_code: String,
    pub(crate) number: String,
    pub(crate) issuer_country_code: String,
}

/// A party.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Party {
    pub(crate) postal_address: PostalAddress,
    pub(crate) contact_information: Contact,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) registration_numbers: Vec<RegistrationNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) type_code: Option<&'static str>,
}

/// `dimensions`.
#[derive(Serialize)]
pub(crate) struct Sides {
    pub(crate) length: Num,
    pub(crate) width: Num,
    pub(crate) height: Num,
}

/// `packages[]` in `/rates`, `/landed-cost` and `/pickups`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Package {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) type_code: Option<String>,
    pub(crate) weight: Num,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<Sides>,
}

/// `customerReferences[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reference {
    pub(crate) type_code: &'static str,
    pub(crate) value: String,
}

/// `valueAddedServices[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValueAddedService {
    pub(crate) service_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dangerous_goods: Vec<DangerousGoods>,
}

/// `valueAddedServices[].dangerousGoods[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DangerousGoods {
    pub(crate) content_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dry_ice_total_net_weight: Option<Num>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) un_codes: Vec<String>,
}

/// `estimatedDeliveryDate` and `getAdditionalInformation[]` of requests.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    pub(crate) type_code: &'static str,
    pub(crate) is_requested: bool,
}

/// A date, by itself or inside an object that repeats its name.
pub(crate) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Moment;
    impl<'de> Visitor<'de> for Moment {
        type Value = Option<String>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a date")
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok((!text.trim().is_empty()).then(|| text.trim().to_owned()))
        }
        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some((Text(key), Text(value))) = map.next_entry()? {
                let named = key.is_some_and(|key| key.to_ascii_lowercase().contains("date"));
                found = found.or(value.filter(|_| named));
            }
            Ok(found)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut first = None;
            while let Some(Text(element)) = seq.next_element()? {
                first = first.or(element);
            }
            Ok(first)
        }
    }
    deserializer.deserialize_any(Moment)
}

/// `totalPrice[]`: one price in one of its currencies.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TotalPrice {
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) currency_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(crate) price_currency: Option<String>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub(crate) price: Option<Decimal>,
}

/// A text that may come as number or be missing.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(#[serde(deserialize_with = "lenient::text")] pub(crate) Option<String>);

/// A sentence of DHL: a text, or an object that holds one under any of several names, with its code beside it.
pub(crate) struct Said(pub(crate) Option<String>);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Sentence;
        impl<'de> Visitor<'de> for Sentence {
            type Value = Said;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sentence")
            }
            fn visit_str<E>(self, text: &str) -> Result<Said, E> {
                let text = text.trim();
                Ok(Said((!text.is_empty()).then(|| text.to_owned())))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Said, A::Error> {
                let (mut code, mut place, mut words) = (None, None, None);
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    match key.unwrap_or_default().to_ascii_lowercase().as_str() {
                        "code" | "errorcode" => code = value,
                        "field" | "path" | "instance" => place = value,
                        "message" | "detail" | "description" | "msg" | "text" | "error" => {
                            words = words.or(value);
                        }
                        _ => {}
                    }
                }
                let parts: Vec<String> = [code, place, words].into_iter().flatten().collect();
                Ok(Said((!parts.is_empty()).then(|| parts.join(": "))))
            }
        }
        deserializer.deserialize_any(Sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::Num;
    use rust_decimal::Decimal;

    #[test]
    fn numbers_keep_their_digits() {
        for (value, text) in [
            ("0.3", "0.3"),
            ("22.5", "22.5"),
            ("10.500", "10.5"),
            ("7", "7"),
            ("0.0005", "0.001"),
            ("1E3", "1000"),
        ] {
            let value = Decimal::from_scientific(value).or_else(|_| value.parse()).unwrap();
            assert_eq!(serde_json::to_string(&Num::of(value)).unwrap(), text);
        }
        for minor in (1..2_000_000_i64).step_by(7) {
            let value = Decimal::new(minor, 3);
            let text = serde_json::to_string(&Num::of(value)).unwrap();
            assert_eq!(text.parse::<Decimal>().unwrap(), value);
        }
    }
}
