//! The planned moment: DHL wants the local time of the origin with its offset, ahead of now and at most ten days ahead.

use chrono::{DateTime, Duration, NaiveDate, NaiveTime, Offset, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use waybill_core::{Address, Error, Result};

/// Days that DHL looks ahead.
const AHEAD: i64 = 10;
/// Minutes between now and the earliest moment that DHL surely takes for the future.
const MARGIN: i64 = 15;

/// Main time zone by country. Countries with several zones are listed with the one of most shippers; the setting
/// `time_zone` overrides it.
const ZONES: &[(&str, &str)] = &[
    ("AE", "Asia/Dubai"),
    ("AT", "Europe/Vienna"),
    ("AU", "Australia/Sydney"),
    ("BE", "Europe/Brussels"),
    ("BG", "Europe/Sofia"),
    ("BR", "America/Sao_Paulo"),
    ("CA", "America/Toronto"),
    ("CH", "Europe/Zurich"),
    ("CN", "Asia/Shanghai"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("EE", "Europe/Tallinn"),
    ("ES", "Europe/Madrid"),
    ("FI", "Europe/Helsinki"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("GR", "Europe/Athens"),
    ("HK", "Asia/Hong_Kong"),
    ("HU", "Europe/Budapest"),
    ("IE", "Europe/Dublin"),
    ("IN", "Asia/Kolkata"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
    ("MX", "America/Mexico_City"),
    ("MY", "Asia/Kuala_Lumpur"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("NZ", "Pacific/Auckland"),
    ("PL", "Europe/Warsaw"),
    ("PR", "America/Puerto_Rico"),
    ("PT", "Europe/Lisbon"),
    ("RO", "Europe/Bucharest"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("TH", "Asia/Bangkok"),
    ("TR", "Europe/Istanbul"),
    ("TW", "Asia/Taipei"),
    ("US", "America/New_York"),
    ("VN", "Asia/Ho_Chi_Minh"),
    ("ZA", "Africa/Johannesburg"),
];

/// Time zone by US state where it is not Eastern.
const US_STATES: &[(&str, &str)] = &[
    ("AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI", "America/Chicago"),
    ("CO ID MT NM UT WY", "America/Denver"),
    ("AZ", "America/Phoenix"),
    ("CA NV OR WA", "America/Los_Angeles"),
    ("AK", "America/Anchorage"),
    ("HI", "Pacific/Honolulu"),
];

/// Time zone of an origin: the setting, else country and state, else UTC.
pub(crate) fn zone(setting: Option<Tz>, origin: &Address) -> Tz {
    let by_state = || {
        let state = origin.state_or_empty().trim().to_ascii_uppercase();
        let row = US_STATES.iter().find(|(states, _)| states.split(' ').any(|known| known == state))?;
        Some(row.1)
    };
    let by_country = || ZONES.iter().find(|row| row.0 == origin.country.as_str()).map(|row| row.1);
    let us = origin.country == waybill_core::Country::US;
    let name = us.then(by_state).flatten().or_else(by_country);
    setting.or_else(|| name?.parse().ok()).unwrap_or(Tz::UTC)
}

/// Why a ship date cannot be used.
fn refused(problem: &str, cure: &str) -> Error {
    Error::invalid_field("ship_date", problem, cure)
}

/// `2026-11-24T15:00:00 GMT+01:00`: the handover on the ship date, or a quarter of an hour from now when that has
/// passed today.
pub(crate) fn planned(now: DateTime<Utc>, zone: Tz, date: NaiveDate, at: NaiveTime) -> Result<String> {
    let here = now.with_timezone(&zone);
    let minutes = Duration::minutes(MARGIN);
    let soon = here.naive_local().checked_add_signed(minutes).unwrap_or_else(|| here.naive_local());
    let soon = soon.with_second(0).and_then(|moment| moment.with_nanosecond(0)).unwrap_or(soon);
    // A host that counts days in UTC may be a day behind the origin: its "today" is taken for today.
    let today = date == soon.date() || (date < soon.date() && date >= now.date_naive());
    let moment = match date.and_time(at) {
        moment if moment > soon => moment,
        _ if today => soon,
        _ => return Err(refused("the ship date has passed", "give today or a day in the next ten days")),
    };
    if moment.date() > here.date_naive() + Duration::days(AHEAD) {
        return Err(refused(
            "the ship date is more than ten days ahead, the furthest that DHL Express takes",
            "give a day in the next ten days",
        ));
    }
    let offset = zone.offset_from_local_datetime(&moment).earliest();
    let offset = offset.map_or_else(|| here.offset().fix(), |offset| offset.fix());
    Ok(format!("{} GMT{offset}", moment.format("%Y-%m-%dT%H:%M:%S")))
}

/// A date with or without time as DHL prints it in answers: `2026-11-27T23:59:00`, a blank in place of `T`, with fractions
/// of a second, with a `Z` or an offset behind it (times are local all the same), a day alone, `20261127`.
pub(crate) fn local(text: &str) -> Option<(NaiveDate, Option<NaiveTime>)> {
    let text = text.trim();
    let (day, rest) = match text.get(..10).and_then(|day| day.parse().ok()) {
        Some(day) => (day, text.get(10..)?),
        None => (NaiveDate::parse_from_str(text.get(..8)?, "%Y%m%d").ok()?, text.get(8..)?),
    };
    Some((day, time(rest.trim_start_matches(['T', 't', ' ']))))
}

/// A time of day: `13:06:00`, `13:06`, `13:06:00.000`, with or without an offset behind it.
pub(crate) fn time(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(text.len());
    let plain = text.get(..end)?;
    NaiveTime::parse_from_str(plain, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(plain, "%H:%M")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::Country;

    #[test]
    fn every_printed_form_of_a_date_is_read() {
        for (text, day, at) in [
            ("2026-11-27T23:59:00", "2026-11-27", Some("23:59:00")),
            ("2026-11-27T12:00:00Z", "2026-11-27", Some("12:00:00")),
            ("2026-11-27 12:00", "2026-11-27", Some("12:00:00")),
            ("2026-11-27T12:00:00.000+01:00", "2026-11-27", Some("12:00:00")),
            ("2026-11-27T12:00:00 GMT+01:00", "2026-11-27", Some("12:00:00")),
            (" 2026-11-27 ", "2026-11-27", None),
            ("20261127", "2026-11-27", None),
        ] {
            let wanted = Some((day.parse().unwrap(), at.map(|at| at.parse().unwrap())));
            assert_eq!(local(text), wanted, "{text}");
        }
        for text in ["", "soon", "2026-13-01", "2026-11-2", "é026-11-27", "27/11/2026"] {
            assert_eq!(local(text), None, "{text}");
        }
        assert_eq!((time("9:05"), time("25:00"), time("")), (NaiveTime::from_hms_opt(9, 5, 0), None, None));
    }

    fn at(now: &str, date: &str) -> Result<String> {
        let noon = NaiveTime::from_hms_opt(15, 0, 0).unwrap();
        planned(now.parse().unwrap(), chrono_tz::Europe::Berlin, date.parse().unwrap(), noon)
    }

    #[test]
    fn the_moment_lies_ahead_in_the_origins_time() {
        assert_eq!(at("2026-11-23T09:00:00Z", "2026-11-24").unwrap(), "2026-11-24T15:00:00 GMT+01:00");
        assert_eq!(at("2026-07-01T09:00:00Z", "2026-07-02").unwrap(), "2026-07-02T15:00:00 GMT+02:00");
        assert_eq!(at("2026-11-24T15:10:40Z", "2026-11-24").unwrap(), "2026-11-24T16:25:00 GMT+01:00");
        // 23:30 UTC on the 23rd is the 24th in Berlin; the host's "today" still ships.
        assert_eq!(at("2026-11-23T23:30:00Z", "2026-11-23").unwrap(), "2026-11-24T00:45:00 GMT+01:00");
    }

    #[test]
    fn past_and_far_days_are_refused_with_the_field() {
        for date in ["2026-11-22", "2026-12-05"] {
            assert_eq!(at("2026-11-24T09:00:00Z", date).unwrap_err().fields[0].path, "ship_date");
        }
        assert!(at("2026-11-24T09:00:00Z", "2026-12-04").is_ok());
    }

    #[test]
    fn zones_follow_country_and_state() {
        let place = |state: &str, country| Address::new("A", "1 Main St", "City", state, "10001", country);
        assert_eq!(zone(None, &place("CA", Country::US)), chrono_tz::America::Los_Angeles);
        assert_eq!(zone(None, &place("", Country::DE)), chrono_tz::Europe::Berlin);
        assert_eq!(zone(Some(chrono_tz::Asia::Tokyo), &place("", Country::DE)), chrono_tz::Asia::Tokyo);
        assert!(ZONES.iter().chain(US_STATES).all(|row| row.1.parse::<Tz>().is_ok()));
        assert!(ZONES.iter().all(|row| Country::from_code(row.0).is_some()));
    }
}
