//! Check digits of USPS numbers. For hints only: numbers in documents and test hosts often fail the check, so no number
//! is refused for it.

/// Kinds of numbers that USPS prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Intelligent Mail package barcode, or the older numbers of 20 digits: digits with a modulo 10 check.
    Package,
    /// Universal Postal Union S10: two letters, nine digits, two letters.
    S10,
}

/// The number without blanks and without the routing prefix `420` + ZIP code that a scanned barcode starts with.
pub fn without_routing(number: &str) -> &str {
    let number = number.trim();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    let cut = match number.len() {
        // 420 + ZIP5 before 20, 22 or 26 digits; 420 + ZIP9 before 20 or 22.
        28 | 30 => 8,
        32 => 12,
        34 if starts_package(number, 8) => 8,
        34 => 12,
        _ => return number,
    };
    if digits && number.starts_with("420") && starts_package(number, cut) {
        number.get(cut..).unwrap_or(number)
    } else {
        number
    }
}

/// Package numbers start with 9, the older ones with 0, 1, 2, 7 or 9.
fn starts_package(number: &str, at: usize) -> bool {
    let rest = number.get(at..).unwrap_or_default();
    match rest.len() {
        22 | 26 => rest.starts_with('9'),
        _ => true,
    }
}

/// Which kind of number this is, when its check digit is right.
pub fn check(number: &str) -> Option<NumberKind> {
    let compact: String = number.chars().filter(|c| !c.is_whitespace()).collect();
    let bare = without_routing(&compact);
    match bare.len() {
        20 => older(bare).then_some(NumberKind::Package),
        22 | 26 | 30 | 34 => {
            (bare.starts_with('9') && has_serial(bare) && modulo_10(bare)).then_some(NumberKind::Package)
        }
        13 => s10(bare).then_some(NumberKind::S10),
        _ => None,
    }
}

/// Numbers of 20 digits: with the check over themselves, or over the `91` that is not printed before them.
fn older(number: &str) -> bool {
    let known = number.starts_with(['0', '1', '2', '7', '9']);
    known && has_serial(number) && (modulo_10(number) || modulo_10(&format!("91{number}")))
}

fn has_serial(number: &str) -> bool {
    number.bytes().skip(2).any(|byte| byte != b'0')
}

/// From the right, without the check digit, weights 3, 1, 3, 1, ...
fn modulo_10(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let Some((check, rest)) = digits.split_last() else { return false };
    let sum: u32 =
        rest.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 0 { digit * 3 } else { *digit }).sum();
    (10 - sum % 10) % 10 == *check
}

/// Weights 8 6 4 2 3 5 9 7; 11 minus the remainder of 11, with 10 as 0 and 11 as 5.
fn s10(number: &str) -> bool {
    let letters = |range| {
        number.get(range).is_some_and(|text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    let Some(digits) = number.get(2..11).and_then(digits) else { return false };
    let weights = [8, 6, 4, 2, 3, 5, 9, 7];
    let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 5,
        other => other,
    };
    letters(0..2) && letters(11..13) && digits.last() == Some(&check)
}

fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|c| c.to_digit(10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_kinds() {
        for number in [
            "9400111206206406260787",
            "9405803699300124287899",
            "9505511069605048600624",
            "420787459400111206206406260787",
            "03071790000523483741",
            "92748931507708513018050063",
            "0307 1790 0005 2348 3741",
        ] {
            assert_eq!(check(number), Some(NumberKind::Package), "{number}");
        }
        assert_eq!(check("RB123456785US"), Some(NumberKind::S10));
        for wrong in [
            "9400111206206406260788",
            "RB123456786US",
            "rb123456785us",
            "",
            "ABCDEFGHIJKLM",
            "é00111206206406260787",
        ] {
            assert_eq!(check(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn routing_is_stripped_only_where_it_stands() {
        assert_eq!(without_routing("420787459400111206206406260787"), "9400111206206406260787");
        assert_eq!(without_routing("4207874512349400111206206406260787"), "9400111206206406260787");
        assert_eq!(without_routing("9400111206206406260787"), "9400111206206406260787");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = check(&text);
            let _ = without_routing(&text);
        }
    }
}
