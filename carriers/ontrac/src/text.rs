//! Texts as OnTrac's fields take them: ASCII, one line, cut or refused at a length.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use waybill_core::{Currency, Money, lenient};

/// ASCII in one line. The document does not name a character set; that only ASCII is safe is an assumption.
pub(crate) fn ascii(text: &str) -> String {
    let plain = any_ascii::any_ascii(text);
    let mut out = String::with_capacity(plain.len());
    for word in plain.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// ASCII in one line, cut at a length, for fields where a shorter text does no harm.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    waybill_core::wire::clip(&ascii(text), limit).trim_end().to_owned()
}

/// Phone digits: ten for a US number, at most thirteen (the field's length).
pub(crate) fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = match digits.strip_prefix('1') {
        Some(rest) if digits.len() == 11 => rest.to_owned(),
        _ => digits,
    };
    (1..=13).contains(&digits.len()).then_some(digits)
}

/// An amount in US dollars, the only currency there is; `None` when it is blank or zero.
pub(crate) fn dollars(text: &str) -> Option<Money> {
    amount(text).filter(|amount| !amount.is_zero()).map(|amount| Money::new(amount, Currency::USD))
}

/// A decimal number; `None` when it is blank or no number.
pub(crate) fn amount(text: &str) -> Option<Decimal> {
    lenient::parse_decimal(text)
}

/// A text that says something: not blank.
pub(crate) fn said(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// `20230331`, `2023-03-31`, `2023-03-31T00:00:00`, `03/31/2023` or `3/31/2023 5:00:00 PM`. The year 1 is .NET's way of saying nothing.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    let text = text.trim_ascii();
    let day = text.split(['T', ' ']).next().unwrap_or(text);
    let number = |text: &str| text.parse().ok();
    let (year, month, day) = match day.split_once(['-', '/']) {
        Some((first, rest)) => {
            let (second, third) = rest.split_once(['-', '/'])?;
            if day.contains('-') { (first, second, third) } else { (third, first, second) }
        }
        None => (day.get(..4)?, day.get(4..6)?, day.get(6..8).filter(|_| day.len() == 8)?),
    };
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, number(month)?, number(day)?)?;
    (chrono::Datelike::year(&date) > 1900).then_some(date)
}

/// `17:00:00`, `17:00:00.45`, `17:00`, `5:00 PM` or `5:00:00 PM`.
pub(crate) fn time(text: &str) -> Option<NaiveTime> {
    let text = text.trim_ascii();
    if text.contains('.') {
        return NaiveTime::parse_from_str(text, "%H:%M:%S%.f").ok();
    }
    let (clock, half) = text.split_once(' ').unwrap_or((text, ""));
    let mut numbers = clock.split(':').map(|number| number.parse::<u32>().ok());
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next().unwrap_or(Some(0))?);
    let hour = match half.trim_ascii() {
        "" => hour,
        "AM" | "am" if (1..=12).contains(&hour) => hour % 12,
        "PM" | "pm" if (1..=12).contains(&hour) => hour % 12 + 12,
        _ => return None,
    };
    NaiveTime::from_hms_opt(hour, minute, second)
}

/// `true`, `True` or `1`; `None` when it is neither yes nor no.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "y" | "yes" => Some(true),
        "false" | "0" | "n" | "no" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_one_line_of_ascii() {
        assert_eq!(ascii(" Zoë\n& Søn\u{1}s "), "Zoe & Son s");
        assert_eq!(cut("Brindlewood Trading", 12), "Brindlewood");
        assert_eq!(phone("+1 (206) 555-0147").as_deref(), Some("2065550147"));
        assert_eq!((phone("ask"), phone("12345678901234")), (None, None));
    }

    #[test]
    fn dates_and_amounts_of_four_notations() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 25);
        assert_eq!((date("20261125"), date("2026-11-25"), date("2026-11-25T00:00:00")), (day, day, day));
        assert_eq!((date("11/25/2026"), date("11/25/2026 5:00:00 PM")), (day, day));
        assert_eq!((time("5:00 PM"), time("5:00:00 PM")), (time("17:00"), time("17:00:00.000")));
        assert_eq!((time("12:30 AM"), time("12:30 PM")), (time("00:30"), time("12:30")));
        assert_eq!(["13:00 PM", "24:00", "5 PM", "noon", "", "5:00 XM"].map(time), [None; 6]);
        assert_eq!(["2026-13-01", "2026-11", "11/25", "2026112", "20261125x", "é"].map(date), [None; 6]);
        assert_eq!((date("0001-01-01T00:00:00"), date(""), date("---")), (None, None, None));
        assert_eq!(time("17:00:00"), NaiveTime::from_hms_opt(17, 0, 0));
        assert_eq!((dollars("0.00"), dollars("")), (None, None));
        assert_eq!(dollars("5.2500").unwrap().amount.to_string(), "5.2500");
    }
}
