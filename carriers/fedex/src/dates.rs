//! FedEx's dates: with offset, without, with a blank before a colon-less offset, at midnight for "that day".

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use waybill_core::{DeliveryEstimate, EstimateBasis, LocalMoment};

/// Reads a moment in any of FedEx's forms; what is not said stays absent.
pub fn moment(text: &str) -> Option<LocalMoment> {
    let text = text.trim();
    // `2024-08-12T15:18:10`, the usual one; with an offset it goes on and is none.
    if let Ok(local) = text.parse::<NaiveDateTime>() {
        return Some(LocalMoment::local(local));
    }
    if let Ok(with_offset) = DateTime::parse_from_rfc3339(text) {
        return Some(LocalMoment::with_offset(with_offset));
    }
    // `2024-08-12T15:18:10 -0500` and `2024-08-12T15:18:10-0500`
    for format in ["%Y-%m-%dT%H:%M:%S %z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%.f%z"] {
        if let Ok(with_offset) = DateTime::parse_from_str(text, format) {
            return Some(LocalMoment::with_offset(with_offset));
        }
    }
    for format in ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S"] {
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            return Some(LocalMoment::local(local));
        }
    }
    // The availability answer writes `Apr-13-2021`.
    let days = ["%Y-%m-%d", "%b-%d-%Y", "%m/%d/%Y", "%Y%m%d"];
    days.iter().find_map(|form| NaiveDate::parse_from_str(text, form).ok()).map(LocalMoment::day)
}

/// Reads a moment whose midnight means "that day".
pub fn day_or_moment(text: &str) -> Option<LocalMoment> {
    let read = moment(text)?;
    if read.time == Some(NaiveTime::MIN) { read.date.map(LocalMoment::day) } else { Some(read) }
}

/// An estimate from a moment: 23:59 and midnight mean the end of that day.
pub fn estimate(text: &str) -> Option<DeliveryEstimate> {
    let read = moment(text)?;
    let date = read.date?;
    match read.time {
        Some(time) if time != NaiveTime::MIN && !is_day_end(time) => Some(DeliveryEstimate {
            latest: read,
            earliest: None,
            end_of_day: false,
            guaranteed: None,
            basis: EstimateBasis::Carrier,
        }),
        _ => Some(DeliveryEstimate::by_day(date, EstimateBasis::Carrier)),
    }
}

fn is_day_end(time: NaiveTime) -> bool {
    NaiveTime::from_hms_opt(23, 59, 0).is_some_and(|end| time >= end)
}

/// Days in FedEx's words: `ONE_DAY` to `TWENTY_DAYS`, `8 business days`.
pub fn days(word: &str) -> Option<u16> {
    const WORDS: [&str; 20] = [
        "ONE",
        "TWO",
        "THREE",
        "FOUR",
        "FIVE",
        "SIX",
        "SEVEN",
        "EIGHT",
        "NINE",
        "TEN",
        "ELEVEN",
        "TWELVE",
        "THIRTEEN",
        "FOURTEEN",
        "FIFTEEN",
        "SIXTEEN",
        "SEVENTEEN",
        "EIGHTEEN",
        "NINETEEN",
        "TWENTY",
    ];
    let digits: String = word.trim().chars().take_while(char::is_ascii_digit).collect();
    if let Ok(number) = digits.parse() {
        return Some(number);
    }
    let word = word.trim().to_ascii_uppercase().replace("BUSINESS ", "").replace(' ', "_");
    let number = word.strip_suffix("_DAYS").or_else(|| word.strip_suffix("_DAY"))?;
    let at = WORDS.iter().position(|known| *known == number)?;
    u16::try_from(at + 1).ok()
}

/// `2026-11-23`.
pub fn day(date: NaiveDate) -> String {
    date.format("%Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads() {
        let parts = |text| moment(text).map(|at| (at.time.is_some(), at.offset_minutes));
        assert_eq!(parts("2014-01-09T13:31:00-05:00"), Some((true, Some(-300))));
        assert_eq!(parts("2024-08-12T15:18:10 -0500"), Some((true, Some(-300))));
        assert_eq!(parts("2024-08-12T15:18:10"), Some((true, None)));
        assert_eq!(parts("2024-08-12"), Some((false, None)));
        assert_eq!(parts("2024-08-12T15:18:10.123-0500"), Some((true, Some(-300))));
        assert_eq!(moment("Apr-13-2021"), moment("2021-04-13"));
        assert_eq!(parts("soon"), None);
        assert_eq!(day_or_moment("2016-08-01T00:00:00-06:00").unwrap().time, None);
    }

    #[test]
    fn the_last_minute_is_the_end_of_the_day() {
        assert!(estimate("2024-07-25T23:59:00").unwrap().end_of_day);
        let noon = estimate("2024-07-25T12:00:00").unwrap();
        assert!(!noon.end_of_day && noon.latest.time.is_some());
        assert_eq!(estimate(""), None);
    }

    #[test]
    fn days_are_words() {
        assert_eq!(
            (days("ONE_DAY"), days("TWENTY_DAYS"), days("SMARTPOST_TRANSIT_DAYS")),
            (Some(1), Some(20), None)
        );
        assert_eq!((days("8 business days"), days("Two Business Days"), days("")), (Some(8), Some(2), None));
    }
}
