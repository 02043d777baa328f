//! Time zones by their names in the IANA database.

use chrono::{DateTime, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time zone, written by its name in the IANA database: `America/New_York`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone(pub Tz);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The first instant of a calendar day. Where clocks jump over midnight it is the first instant after the jump;
    /// where midnight comes twice, the first one.
    pub fn start_of(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        let midnight = date.and_time(NaiveTime::MIN);
        (0..=8).find_map(|quarter| {
            let local = midnight.checked_add_signed(Duration::minutes(30 * quarter))?;
            match self.0.from_local_datetime(&local) {
                LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant.to_utc()),
                LocalResult::None => None,
            }
        })
    }

    /// The instant at which a calendar day is over.
    pub fn end_of(&self, date: NaiveDate) -> Option<DateTime<Utc>> {
        self.start_of(date.succ_opt()?)
    }
}

impl std::str::FromStr for Zone {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            let shown: String = text.chars().take(40).collect();
            format!(
                "`{shown}` is not a time zone: write a name of the IANA database, such as America/New_York"
            )
        })
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.0.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "time zone by its IANA name", "examples": ["America/New_York"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_23_and_25_hours() {
        let zone: Zone = "America/New_York".parse().unwrap();
        let hours = |date: &str| {
            let date: NaiveDate = date.parse().unwrap();
            (zone.end_of(date).unwrap() - zone.start_of(date).unwrap()).num_hours()
        };
        assert_eq!((hours("2026-03-08"), hours("2026-11-01"), hours("2026-11-02")), (23, 25, 24));
        // Havana's clocks jump from 00:00 to 01:00.
        let havana: Zone = "America/Havana".parse().unwrap();
        assert!(havana.start_of("2026-03-08".parse().unwrap()).is_some());
        assert!("Mars/Olympus".parse::<Zone>().is_err());
    }
}
