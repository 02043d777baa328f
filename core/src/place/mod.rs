//! Countries and addresses.

mod address;
mod countries;
mod postal;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use address::{Address, TaxId, TaxIdKind};
pub use postal::PostalProblem;

/// A country, by ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// States and territories that the US Postal Service and most US carriers treat as domestic.
const US_TERRITORIES: &[&str] = &["PR", "VI", "GU", "AS", "MP", "UM"];
/// Customs union of the European Union, by alpha-2 code.
const EU: &str = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";

impl Country {
    /// United States of America.
    pub const US: Self = Self(*b"US");
    /// China.
    pub const CN: Self = Self(*b"CN");
    /// Canada.
    pub const CA: Self = Self(*b"CA");
    /// Mexico.
    pub const MX: Self = Self(*b"MX");
    /// Germany.
    pub const DE: Self = Self(*b"DE");
    /// United Kingdom.
    pub const GB: Self = Self(*b"GB");
    /// Puerto Rico.
    pub const PR: Self = Self(*b"PR");

    /// Looks an alpha-2 or alpha-3 code up, in either case.
    pub fn from_code(code: &str) -> Option<Self> {
        let code = code.trim().to_ascii_uppercase();
        let row = match code.len() {
            2 => countries::COUNTRIES
                .binary_search_by(|row| row.0.cmp(&code))
                .ok()
                .map(|at| &countries::COUNTRIES[at]),
            3 => countries::COUNTRIES.iter().find(|row| row.1 == code),
            _ => None,
        }?;
        row.0.as_bytes().try_into().ok().map(Self)
    }

    /// Every country, by alpha-2 code.
    pub fn all() -> impl Iterator<Item = Country> {
        countries::COUNTRIES.iter().filter_map(|row| Self::from_code(row.0))
    }

    /// Two capital letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("ZZ")
    }

    /// Three capital letters.
    pub fn alpha3(&self) -> &'static str {
        self.row().1
    }

    /// Short English name.
    pub fn name(&self) -> &'static str {
        self.row().2
    }

    /// Member of the European Union's customs union (2026; Northern Ireland and Monaco not counted).
    pub fn in_eu(&self) -> bool {
        EU.as_bytes().chunks(3).any(|code| code.starts_with(&self.0))
    }

    /// The US and the territories that its carriers serve as domestic.
    pub fn is_us_or_territory(&self) -> bool {
        *self == Self::US || US_TERRITORIES.contains(&self.as_str())
    }

    fn row(&self) -> &'static (&'static str, &'static str, &'static str) {
        let at =
            countries::COUNTRIES.binary_search_by(|row| row.0.as_bytes().cmp(&self.0)).unwrap_or_default();
        &countries::COUNTRIES[at]
    }
}

impl FromStr for Country {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_code(text).ok_or_else(|| {
            let shown: String = text.chars().take(12).collect();
            format!("`{shown}` is not a country: write its two letters of ISO 3166-1, such as US, DE or CN")
        })
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Country {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Country {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Country".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2 code", "examples": ["US", "DE", "CN"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(countries::COUNTRIES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(Country::all().count(), 249);
        assert_eq!(Country::from_code("deu"), Some(Country::DE));
        assert_eq!(Country::US.alpha3(), "USA");
        assert!("Germany".parse::<Country>().unwrap_err().contains("ISO 3166-1"));
    }
}
