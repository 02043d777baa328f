//! Tracking numbers: own ones out of a block that OnTrac assigned, and the shapes of all others.
//!
//! `D` (or the older `C`), a block of six digits, a sequence of seven, a check digit. OnTrac's document counts `D` as 4 and
//! its examples agree; the numbers of its own server fit only when `D` counts 5. Both are accepted, and a setting says
//! which one own numbers get. `C` counts 4.

use waybill_core::{Error, ErrorKind, Result, TrackingNumber};

use crate::config::CheckValue;

/// Family that a number belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// OnTrac's own: a letter, thirteen digits, a check digit that fits.
    OnTrac,
    /// LaserShip's, in use since the two companies became one. No check digit is known.
    LaserShip,
}

/// Family of a number by its shape and check digit; `None` when it is neither.
pub fn shape(number: &str) -> Option<Shape> {
    if is_ontrac(number) {
        return Some(Shape::OnTrac);
    }
    is_lasership(number).then_some(Shape::LaserShip)
}

/// The check digit after thirteen digits: the letter's value and the digits are fourteen positions; every second one
/// counts twice. `None` when `digits` are not thirteen digits.
pub fn check_digit(letter: u8, digits: &str) -> Option<u8> {
    if digits.len() != 13 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let positions = std::iter::once(letter).chain(digits.bytes().map(|byte| byte - b'0'));
    let sum: u32 =
        positions.zip([1, 2].into_iter().cycle()).map(|(digit, weight)| u32::from(digit) * weight).sum();
    u8::try_from((10 - sum % 10) % 10).ok()
}

fn is_ontrac(number: &str) -> bool {
    let letters: &[u8] = match number.bytes().next() {
        Some(b'D') => &[4, 5],
        Some(b'C') => &[4],
        _ => return false,
    };
    let (Some(digits), Some(last)) = (number.get(1..14), number.get(14..)) else { return false };
    letters.iter().any(|letter| check_digit(*letter, digits).is_some_and(|check| last == check.to_string()))
}

fn is_lasership(number: &str) -> bool {
    let all = |text: &str, len: usize| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(rest) = number.strip_prefix("1LSCX") {
        return rest.len() == 10 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    }
    if let Some(rest) = number.strip_prefix("1LS7").and_then(|rest| rest.strip_prefix(['1', '2'])) {
        let rest = rest.strip_suffix("-1").unwrap_or(rest);
        return all(rest, 10) || all(rest, 15);
    }
    let Some(rest) = number.strip_prefix('L') else { return false };
    let mut letters = rest.chars();
    let kind = matches!(letters.next(), Some('A' | 'I' | 'E' | 'H' | 'N' | 'X'));
    kind && matches!(letters.next(), Some('1'..='3')) && all(letters.as_str(), 7)
}

/// Numbers that an account may give out itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Range {
    block: String,
    first: u32,
    last: u32,
    letter: u8,
}

impl Range {
    pub(crate) fn new(block: &str, first: u32, last: u32, check: CheckValue) -> Result<Self> {
        let problem = |text: &str| Err(Error::new(ErrorKind::Config, text));
        if block.len() != 6 || !block.bytes().all(|byte| byte.is_ascii_digit()) {
            return problem("`number_block` is not a block: six digits, as OnTrac assigned them");
        }
        if first == 0 || first > last || last > 9_999_999 {
            return problem("`number_first` to `number_last` is not a range within 1 to 9999999");
        }
        let letter = match check {
            CheckValue::Document => 4,
            CheckValue::Server => 5,
        };
        Ok(Self { block: block.to_owned(), first, last, letter })
    }

    /// The number at a place in the range, from 0. It never starts again from the beginning: OnTrac would take a number
    /// that was used for another parcel.
    pub(crate) fn at(&self, place: u64) -> Result<TrackingNumber> {
        let sequence =
            u64::from(self.first).checked_add(place).filter(|number| *number <= u64::from(self.last));
        let Some(sequence) = sequence else {
            return Err(Error::new(
                ErrorKind::Config,
                "the tracking numbers of `number_block` are used up: ask OnTrac for a new block",
            ));
        };
        let digits = format!("{}{sequence:07}", self.block);
        let check = check_digit(self.letter, &digits).ok_or_else(|| {
            Error::new(ErrorKind::Internal, "a number of the own range is not thirteen digits")
        })?;
        Ok(TrackingNumber(format!("D{digits}{check}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_range_and_end_with_it() {
        let range = Range::new("100100", 1, 12, CheckValue::Document).unwrap();
        assert_eq!(range.at(0).unwrap(), "D10010000000011");
        assert_eq!(range.at(10).unwrap(), "D10010000000110");
        assert_eq!(range.at(12).unwrap_err().kind, ErrorKind::Config);
        assert_eq!(range.at(u64::MAX).unwrap_err().kind, ErrorKind::Config);
        let server = Range::new("100100", 1, 12, CheckValue::Server).unwrap();
        assert_ne!(server.at(0).unwrap(), range.at(0).unwrap());
        for place in 0..12 {
            assert_eq!(shape(range.at(place).unwrap().as_str()), Some(Shape::OnTrac));
            assert_eq!(shape(server.at(place).unwrap().as_str()), Some(Shape::OnTrac));
        }
    }

    #[test]
    fn a_wrong_range_is_refused() {
        for (block, first, last) in
            [("10010", 1, 2), ("1001O0", 1, 2), ("100100", 0, 2), ("100100", 3, 2), ("100100", 1, 10_000_000)]
        {
            assert_eq!(
                Range::new(block, first, last, CheckValue::Document).unwrap_err().kind,
                ErrorKind::Config
            );
        }
    }

    #[test]
    fn shapes_of_both_companies() {
        for (number, wanted) in [
            ("D10010000000011", Some(Shape::OnTrac)),
            ("D10010000000012", None),
            ("E10010000000011", None),
            ("D1001000000001", None),
            ("D100100000000112", None),
            ("LA11234567", Some(Shape::LaserShip)),
            ("LB11234567", None),
            ("1LS711234567890", Some(Shape::LaserShip)),
            ("1LS721234567890-1", Some(Shape::LaserShip)),
            ("1LSCX0A1B2C3D4E", Some(Shape::LaserShip)),
            ("Dö", None),
            ("", None),
        ] {
            assert_eq!(shape(number), wanted, "{number}");
        }
    }
}
