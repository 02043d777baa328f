//! A parcel's history as a function of its sale, its story and the clock.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::world::{Place, business_days_after};

/// How a parcel fares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Story {
    /// Delivered on the promised day.
    #[default]
    Delivered,
    /// Nobody at home on the promised day, delivered on the next.
    Attempt,
    /// An exception, delivered two business days late.
    Delay,
    /// Refused and brought back to the sender.
    Return,
    /// Held for collection.
    Hold,
    /// Scanned as delivered by mistake, then on the road again, then delivered.
    Reversal,
    /// Scans arrive late and out of order, one of them twice.
    Odd,
    /// Never seen again after its departure.
    Lost,
}

impl Story {
    /// The story that the words of a shipment ask for, e.g. `SIM-RETURN`.
    pub fn asked_for<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let marks = [
            ("SIM-ATTEMPT", Self::Attempt),
            ("SIM-DELAY", Self::Delay),
            ("SIM-RETURN", Self::Return),
            ("SIM-HOLD", Self::Hold),
            ("SIM-REVERSAL", Self::Reversal),
            ("SIM-ODD", Self::Odd),
            ("SIM-LOST", Self::Lost),
        ];
        for word in words {
            let word = word.to_ascii_uppercase();
            if let Some((_, story)) = marks.iter().find(|(mark, _)| word.contains(mark)) {
                return *story;
            }
        }
        Self::Delivered
    }
}

/// What happened in a scan; each carrier has its own codes for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
#[non_exhaustive]
pub enum Stage {
    Created,
    PickedUp,
    Departed,
    CustomsEntered,
    CustomsCleared,
    Arrived,
    OutForDelivery,
    Attempted,
    Delayed,
    HeldForPickup,
    Delivered,
    DeliveryReversed,
    Refused,
    Returning,
    ReturnedToSender,
    Voided,
}

/// One scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// When.
    pub at: DateTime<Utc>,
    /// Minutes from UTC at the place.
    pub offset_minutes: i32,
    /// What.
    pub stage: Stage,
    /// City.
    pub city: String,
    /// State or empty.
    pub state: String,
    /// Postal code, at the ends of the way only.
    pub postal: String,
    /// Country.
    pub country: String,
}

impl Scan {
    /// Time on the clock of the place.
    pub fn local(&self) -> chrono::NaiveDateTime {
        self.at.naive_utc() + TimeDelta::minutes(i64::from(self.offset_minutes))
    }

    /// Offset as `-05:00`.
    pub fn offset(&self) -> String {
        let minutes = self.offset_minutes.abs();
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// What a history is made from.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Time of the sale.
    pub sold_at: DateTime<Utc>,
    /// Time of the void, when there was one.
    pub voided_at: Option<DateTime<Utc>>,
    /// Start.
    pub origin: &'a Place,
    /// End.
    pub destination: &'a Place,
    /// Promised transit in business days.
    pub days: i64,
    /// How it goes.
    pub story: Story,
}

/// Hours between the sale and the carrier's first scan: until then a label can be voided.
pub const TENDER_HOURS: i64 = 6;

impl Plan<'_> {
    /// Has the carrier the parcel in hand?
    pub fn is_tendered(&self, now: DateTime<Utc>) -> bool {
        self.voided_at.is_none() && now >= self.sold_at + TimeDelta::hours(TENDER_HOURS)
    }

    /// The promised day.
    pub fn promised(&self) -> NaiveDate {
        business_days_after(self.sold_at.date_naive(), self.days)
    }

    /// Scans known at `now`, oldest first (but see [`Story::Odd`]).
    pub fn scans(&self, now: DateTime<Utc>) -> Vec<Scan> {
        let mut scans: Vec<Scan> = self.all().into_iter().filter(|scan| scan.at <= now).collect();
        if self.story == Story::Odd && scans.len() > 3 {
            let last = scans.len() - 1;
            scans.swap(1, last - 1);
            scans.push(scans[2].clone());
        }
        scans
    }

    fn all(&self) -> Vec<Scan> {
        let created = self.scan(self.sold_at, Stage::Created, false);
        if let Some(voided) = self.voided_at {
            return vec![created, self.scan(voided, Stage::Voided, false)];
        }
        let picked_up = self.sold_at + TimeDelta::hours(TENDER_HOURS);
        let mut scans = vec![
            created,
            self.scan(picked_up, Stage::PickedUp, false),
            self.hub(picked_up + TimeDelta::hours(4), Stage::Departed, false),
        ];
        if self.story == Story::Lost {
            return scans;
        }
        if self.origin.country != self.destination.country {
            scans.push(self.hub(picked_up + TimeDelta::hours(12), Stage::CustomsEntered, true));
            scans.push(self.hub(picked_up + TimeDelta::hours(15), Stage::CustomsCleared, true));
        }
        scans.extend(self.ending());
        scans.sort_by_key(|scan| scan.at);
        scans
    }

    fn ending(&self) -> Vec<Scan> {
        let day = |late: i64, hour: u32| self.on_day(late, hour);
        let arrived = self.hub(day(0, 5), Stage::Arrived, true);
        let out = |late| self.scan(day(late, 8), Stage::OutForDelivery, true);
        let end = |late, hour, stage| self.scan(day(late, hour), stage, true);
        match self.story {
            Story::Attempt => {
                vec![arrived, out(0), end(0, 14, Stage::Attempted), out(1), end(1, 13, Stage::Delivered)]
            }
            Story::Delay => vec![
                end(0, 9, Stage::Delayed),
                self.hub(day(2, 5), Stage::Arrived, true),
                out(2),
                end(2, 14, Stage::Delivered),
            ],
            Story::Return => {
                let home = self.scan(day(5, 14), Stage::ReturnedToSender, false);
                vec![arrived, out(0), end(0, 14, Stage::Refused), end(1, 9, Stage::Returning), home]
            }
            Story::Hold => vec![arrived, end(0, 11, Stage::HeldForPickup)],
            Story::Reversal => {
                let wrong = end(0, 11, Stage::Delivered);
                vec![
                    arrived,
                    out(0),
                    wrong,
                    end(0, 12, Stage::DeliveryReversed),
                    out(1),
                    end(1, 15, Stage::Delivered),
                ]
            }
            _ => vec![arrived, out(0), end(0, 14, Stage::Delivered)],
        }
    }

    /// An hour at the destination, `late` business days after the promised one, never before the pickup.
    fn on_day(&self, late: i64, hour: u32) -> DateTime<Utc> {
        let date = business_days_after(self.promised(), late);
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or(NaiveTime::MIN);
        let offset = TimeDelta::minutes(i64::from(self.destination.utc_offset_minutes()));
        let at = date.and_time(time).and_utc() - offset;
        let earliest = self.sold_at + TimeDelta::hours(TENDER_HOURS + 12 + i64::from(hour) / 4);
        at.max(earliest)
    }

    fn scan(&self, at: DateTime<Utc>, stage: Stage, at_destination: bool) -> Scan {
        let place = if at_destination { self.destination } else { self.origin };
        Scan {
            at,
            offset_minutes: place.utc_offset_minutes(),
            stage,
            city: place.city.to_uppercase(),
            state: place.state.clone(),
            postal: place.postal.clone(),
            country: place.country.clone(),
        }
    }

    fn hub(&self, at: DateTime<Utc>, stage: Stage, at_destination: bool) -> Scan {
        let place = if at_destination { self.destination } else { self.origin };
        let (city, state) = place.hub();
        Scan {
            city: city.to_uppercase(),
            state,
            postal: String::new(),
            ..self.scan(at, stage, at_destination)
        }
    }
}
