//! Dates, times, numbers and yes or no, in the shapes that USPS writes them in.

use chrono::{NaiveDate, NaiveTime};

/// The day of a date or date-time: `2026-11-24`, `2026-11-24T18:00:00Z`, `2026-11-24 18:00:00`, and the notations of older
/// answers, `November 24, 2026`, `11/24/2026` and `20261124`.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let head = text.get(..10).unwrap_or(text);
    NaiveDate::parse_from_str(head, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(text, "%B %d, %Y"))
        .or_else(|_| NaiveDate::parse_from_str(head, "%m/%d/%Y"))
        .or_else(|_| NaiveDate::parse_from_str(text, "%Y%m%d"))
        .ok()
        .filter(|day| chrono::Datelike::year(day) > 1900)
}

/// A time of day: `18:00:00`, `18:00` or `6:00 pm`.
pub(crate) fn clock(text: &str) -> Option<NaiveTime> {
    let text = text.trim();
    let digits = |part: &str| NaiveTime::parse_from_str(part, "%H:%M:%S").ok();
    let half = || {
        let plain = text.to_ascii_uppercase().replace(['.', ' '], "");
        NaiveTime::parse_from_str(&plain, "%I:%M%p").ok()
    };
    half()
        .or_else(|| digits(text.get(..8)?))
        .or_else(|| NaiveTime::parse_from_str(text.get(..5)?, "%H:%M").ok())
}

/// The first whole number in a text: `2 Days`, `1-Day`, `3`.
pub(crate) fn first_number(text: &str) -> Option<u16> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = text.get(start..)?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// `true`, `Y` or `1`; `None` when it is neither yes nor no.
pub(crate) fn yes(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "1" => Some(true),
        "false" | "n" | "no" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_come_in_every_notation_that_was_seen() {
        let wanted = NaiveDate::from_ymd_opt(2026, 11, 4);
        for text in [
            "2026-11-04",
            "2026-11-04T18:00:00",
            "2026-11-04T18:00:00.000Z",
            "2026-11-04 14:03:12:000",
            "November 4, 2026",
            "11/04/2026",
            "20261104",
            " 2026-11-04 ",
        ] {
            assert_eq!(day(text), wanted, "{text}");
        }
        for none in ["", "0001-01-01", "tomorrow", "2026-13-01", "é026-11-04"] {
            assert_eq!(day(none), None, "{none}");
        }
    }

    #[test]
    fn times_and_numbers_and_answers() {
        let six = NaiveTime::from_hms_opt(18, 0, 0);
        for text in ["18:00:00", "18:00", "6:00 pm", "6:00PM", "06:00 p.m.", "18:00:00Z"] {
            assert_eq!(clock(text), six, "{text}");
        }
        assert_eq!((clock(""), clock("End of Day"), clock("99:00")), (None, None, None));
        for (text, number) in
            [("2 Days", Some(2)), ("1-Day", Some(1)), ("3", Some(3)), ("Next day", None), ("", None)]
        {
            assert_eq!(first_number(text), number, "{text}");
        }
        assert_eq!((yes("TRUE"), yes("N"), yes("?")), (Some(true), Some(false), None));
    }
}
