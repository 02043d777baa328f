//! Tracking numbers out of ranges, and the check digits in use.

use serde::{Deserialize, Serialize};

use crate::sheet::Problem;

/// How a check digit is worked out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckDigit {
    /// None.
    #[default]
    None,
    /// UPU S10: weights 8 6 4 2 3 5 9 7 on eight digits, modulo 11 (S10-12, section 6).
    S10,
    /// Weights 3 1 3 1 ... from the right, modulo 10 (GS1).
    Mod10,
    /// Doubling every second digit from the right, modulo 10 (Luhn, ISO/IEC 7812-1 annex B).
    Luhn,
    /// Weights 2 3 4 5 6 7 2 ... from the right, modulo 11; 10 becomes 0.
    Mod11,
    /// The number modulo 7.
    Mod7,
    /// ISO 7064 modulo 37, 36 over digits and letters (DPD, GLS and others).
    Mod37,
}

impl CheckDigit {
    /// The check character of a text of digits (letters too, for `Mod37`); `None` when the text does not suit.
    pub fn of(self, text: &str) -> Option<char> {
        let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(10)).collect();
        let sum = |weights: &mut dyn Iterator<Item = u32>| -> Option<u32> {
            digits.as_ref().filter(|digits| !digits.is_empty()).map(|digits| {
                digits
                    .iter()
                    .rev()
                    .zip(weights)
                    .fold(0_u32, |sum, (digit, weight)| sum.wrapping_add(digit * weight))
            })
        };
        let digit = match self {
            Self::None => return None,
            Self::S10 => {
                if digits.as_ref()?.len() != 8 {
                    return None;
                }
                match 11 - sum(&mut [7, 9, 5, 3, 2, 4, 6, 8].into_iter())? % 11 {
                    10 => 0,
                    11 => 5,
                    digit => digit,
                }
            }
            Self::Mod10 => (10 - sum(&mut [3, 1].into_iter().cycle())? % 10) % 10,
            Self::Luhn => {
                let doubled = |(at, digit): (usize, &u32)| match (at % 2 == 0, digit * 2) {
                    (false, _) => *digit,
                    (true, twice) => twice / 10 + twice % 10,
                };
                let total: u32 = digits
                    .as_ref()
                    .filter(|digits| !digits.is_empty())?
                    .iter()
                    .rev()
                    .enumerate()
                    .map(doubled)
                    .sum();
                (10 - total % 10) % 10
            }
            Self::Mod11 => match 11 - sum(&mut (2..=7).cycle())? % 11 {
                10 | 11 => 0,
                digit => digit,
            },
            Self::Mod7 => digits
                .as_ref()
                .filter(|digits| !digits.is_empty())?
                .iter()
                .fold(0, |rest, digit| (rest * 10 + digit) % 7),
            Self::Mod37 => return mod37(text),
        };
        char::from_digit(digit, 10)
    }
}

fn mod37(text: &str) -> Option<char> {
    let mut check = 36;
    for c in text.chars() {
        let value = c.to_digit(36)?;
        let sum = (check + value) % 36;
        check = if sum == 0 { 36 } else { sum } * 2 % 37;
    }
    let digit = (37 - check) % 36;
    (!text.is_empty()).then(|| char::from_digit(digit, 36)).flatten().map(|c| c.to_ascii_uppercase())
}

/// Whether a number has the shape of UPU S10 (two letters, eight digits, check digit, two letters) and its check digit
/// is right. Blanks and case do not matter.
pub fn is_s10(number: &str) -> bool {
    s10(number).is_some()
}

/// An S10 number without blanks and in capitals; `None` when it is none.
pub fn s10(number: &str) -> Option<String> {
    let clean: String =
        number.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase());
    let (service, rest) = (clean.get(..2)?, clean.get(2..)?);
    let (serial, check, country) = (rest.get(..8)?, rest.get(8..9)?, rest.get(9..)?);
    let right = CheckDigit::S10.of(serial)?.to_string() == check;
    (letters(service) && country.len() == 2 && letters(country) && right).then_some(clean)
}

/// A range of tracking numbers: `prefix` + serial + check digit + `suffix`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// Before the serial: `RX`.
    #[serde(default)]
    pub prefix: String,
    /// After the check digit: `DE`.
    #[serde(default)]
    pub suffix: String,
    /// First serial.
    pub first: u64,
    /// Last serial.
    pub last: u64,
    /// Digits of the serial, with leading zeros.
    pub digits: u8,
    /// Check digit over the serial.
    #[serde(default)]
    pub check: CheckDigit,
    /// The check digit counts the prefix, too.
    #[serde(default)]
    pub check_prefix: bool,
}

impl Range {
    fn number(&self, serial: u64) -> Option<String> {
        let body = format!("{serial:0width$}", width = usize::from(self.digits));
        let checked = if self.check_prefix { format!("{}{body}", self.prefix) } else { body.clone() };
        let check = match self.check {
            CheckDigit::None => String::new(),
            check => check.of(&checked)?.to_string(),
        };
        Some(format!("{}{body}{check}{}", self.prefix, self.suffix))
    }

    fn size(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }
}

/// Ranges, used one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range>);

impl Ranges {
    /// Checks ranges; mistakes go to `problems`.
    pub(crate) fn new(ranges: Vec<Range>, problems: &mut Vec<Problem>) -> Self {
        let before = problems.len();
        for (at, range) in ranges.iter().enumerate() {
            let mut say = |key: &str, problem: String| {
                problems.push(Problem::new("sheet", None, Some(&format!("numbers[{at}].{key}")), problem));
            };
            let plain = |text: &str| {
                text.len() <= 20
                    && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            };
            if !plain(&range.prefix) || !plain(&range.suffix) {
                say("prefix", "prefix and suffix are up to 20 capital letters and digits".to_owned());
            }
            if range.last < range.first {
                say("last", "the range ends before it starts".to_owned());
            }
            if range.digits == 0
                || range.digits > 18
                || range.last.to_string().len() > usize::from(range.digits)
            {
                say("digits", format!("{} does not fit into {} digits (1 to 18)", range.last, range.digits));
            } else if range.check != CheckDigit::None && range.number(range.first).is_none() {
                say(
                    "check",
                    "this check digit does not suit: S10 needs 8 digits, and letters only suit mod37"
                        .to_owned(),
                );
            }
            let twin = ranges[..at].iter().any(|other| {
                (&other.prefix, &other.suffix, other.digits) == (&range.prefix, &range.suffix, range.digits)
                    && other.first <= range.last
                    && range.first <= other.last
            });
            if twin {
                say("first", "the range overlaps an earlier one: numbers would be given twice".to_owned());
            }
        }
        if problems.len() > before { Self::default() } else { Self(ranges) }
    }

    /// The number at a place, counted from 0 through all ranges; `None` when they are used up.
    pub fn number(&self, mut at: u64) -> Option<String> {
        for range in &self.0 {
            if at < range.size() {
                return range.number(range.first.checked_add(at)?);
            }
            at -= range.size();
        }
        None
    }

    /// Numbers in all ranges.
    pub fn len(&self) -> u64 {
        self.0.iter().map(Range::size).fold(0, u64::saturating_add)
    }

    /// Whether there is no range.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a number is one of these ranges.
    pub fn contains(&self, number: &str) -> bool {
        self.0.iter().any(|range| {
            let serial = number
                .strip_prefix(&range.prefix)
                .and_then(|rest| rest.get(..usize::from(range.digits)))
                .and_then(|serial| serial.parse::<u64>().ok());
            serial.is_some_and(|serial| {
                (range.first..=range.last).contains(&serial)
                    && range.number(serial).as_deref() == Some(number)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_published_examples() {
        // S10-12 prints RR 47312482 9; the others are the worked examples of GS1, ISO 7812 and ISO 7064.
        for (kind, text, digit) in [
            (CheckDigit::S10, "47312482", '9'),
            (CheckDigit::S10, "47100000", '0'),
            (CheckDigit::S10, "47100003", '5'),
            (CheckDigit::Mod10, "629104150021", '3'),
            (CheckDigit::Luhn, "7992739871", '3'),
            (CheckDigit::Mod11, "036532", '7'),
            (CheckDigit::Mod7, "123456", '4'),
            (CheckDigit::Mod37, "A12425GABC1234002", 'M'),
        ] {
            assert_eq!(kind.of(text), Some(digit), "{kind:?} {text}");
        }
        assert_eq!(CheckDigit::S10.of("123"), None);
        assert_eq!(CheckDigit::Mod10.of("12a"), None);
    }

    #[test]
    fn s10_numbers_are_cleaned_and_checked() {
        assert_eq!(s10("rr 473 124 829 gb").as_deref(), Some("RR473124829GB"));
        for wrong in ["RR473124828GB", "RR473124829GBX", "R1473124829GB", "", "RR47312482é9GB"] {
            assert!(!is_s10(wrong), "{wrong}");
        }
    }

    fn range(first: u64, last: u64) -> Range {
        Range {
            prefix: "AC".into(),
            suffix: "DE".into(),
            first,
            last,
            digits: 8,
            check: CheckDigit::S10,
            check_prefix: false,
        }
    }

    #[test]
    fn ranges_run_on_and_end() {
        let mut problems = Vec::new();
        let ranges = Ranges::new(vec![range(10, 11), range(50, 50)], &mut problems);
        assert!(problems.is_empty(), "{problems:?}");
        let all: Vec<_> = (0..4).map(|at| ranges.number(at)).collect();
        assert_eq!(all[3], None);
        let all: Vec<String> = all.into_iter().flatten().collect();
        assert!(all.iter().all(|number| is_s10(number) && ranges.contains(number)), "{all:?}");
        assert!(all[2].starts_with("AC00000050"));
        assert!(!ranges.contains("AC000000129DE"));
        assert_eq!(ranges.len(), 3);
    }

    #[test]
    fn bad_ranges_are_named() {
        let mut problems = Vec::new();
        let mut wide = range(0, 1_000_000_000);
        wide.prefix = "ac".into();
        Ranges::new(vec![wide, range(5, 1), range(0, 9), range(9, 20)], &mut problems);
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for words in ["numbers[0].prefix", "numbers[0].digits", "numbers[1].last", "numbers[3].first"] {
            assert!(text.contains(words), "{text}");
        }
    }
}
