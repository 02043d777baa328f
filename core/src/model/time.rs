//! Times as carriers give them: a date, a local time and an offset, each of which may be missing.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment in local time, with what the carrier left out left out.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
pub struct LocalMoment {
    /// Calendar day at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<NaiveDate>,
    /// Time of day at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<NaiveTime>,
    /// Minutes east of UTC at the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_minutes: Option<i32>,
}

impl LocalMoment {
    /// A day without time.
    pub fn day(date: NaiveDate) -> Self {
        Self { date: Some(date), ..Self::default() }
    }
    /// A local date and time without offset.
    pub fn local(moment: NaiveDateTime) -> Self {
        Self { date: Some(moment.date()), time: Some(moment.time()), offset_minutes: None }
    }
    /// A moment with its offset.
    pub fn with_offset(moment: DateTime<FixedOffset>) -> Self {
        Self {
            offset_minutes: Some(moment.offset().local_minus_utc() / 60),
            ..Self::local(moment.naive_local())
        }
    }
    /// The instant, when all three parts are known.
    pub fn utc(&self) -> Option<DateTime<Utc>> {
        let local = self.date?.and_time(self.time?);
        local.checked_sub_signed(Duration::minutes(self.offset_minutes?.into())).map(|utc| utc.and_utc())
    }
    /// A key to sort by: the instant where it is known, else the local time; a day alone counts as its start.
    pub fn sort_key(&self) -> Option<NaiveDateTime> {
        let local = self.date?.and_time(self.time.unwrap_or_default());
        local.checked_sub_signed(Duration::minutes(self.offset_minutes.unwrap_or_default().into()))
    }
}

open_enum! {
    /// What a delivery date rests on.
    pub enum EstimateBasis {
        /// The carrier's answer for this very shipment.
        Carrier = "carrier",
        /// The carrier's published standard for the lane.
        Standard = "standard",
        /// Days of transit counted from the ship date by us.
        TransitDays = "transit_days",
        /// A table of ours or the user's.
        Table = "table",
    }
}

/// When a shipment is expected to arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliveryEstimate {
    /// Latest expected moment, in the recipient's local time.
    pub latest: LocalMoment,
    /// Earliest expected moment, when the carrier gives a window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<LocalMoment>,
    /// `latest` has no time because the carrier promises the end of that day.
    #[serde(default)]
    pub end_of_day: bool,
    /// Whether the carrier gives money back when it is late; `None` when it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guaranteed: Option<bool>,
    /// What the date rests on.
    pub basis: EstimateBasis,
}

impl DeliveryEstimate {
    /// By the end of a day, as the carrier answered.
    pub fn by_day(date: NaiveDate, basis: EstimateBasis) -> Self {
        Self { latest: LocalMoment::day(date), earliest: None, end_of_day: true, guaranteed: None, basis }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instant_needs_all_three_parts() {
        let moment: DateTime<FixedOffset> = "2026-11-25T17:00:00-05:00".parse().unwrap();
        let with = LocalMoment::with_offset(moment);
        assert_eq!(with.utc().unwrap().to_rfc3339(), "2026-11-25T22:00:00+00:00");
        assert_eq!(LocalMoment { offset_minutes: None, ..with }.utc(), None);
        assert!(LocalMoment::day(with.date.unwrap()).sort_key() < with.sort_key());
    }
}
