//! Shapes of postal codes, for countries whose codes carriers check.

use super::Country;

/// What is wrong with a postal code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostalProblem {
    /// The country has postal codes and the address has none.
    #[error("{0} needs a postal code, such as {1}")]
    Missing(Country, &'static str),
    /// The code has another shape than the country's codes.
    #[error("the postal code does not look like one of {0}: expected the shape {1}")]
    Shape(Country, &'static str),
}

/// Shapes: `9` is a digit, `A` a letter, anything else itself. Spaces and hyphens in an address are optional.
const SHAPES: &[(&str, &[&str])] = &[
    ("AT", &["9999"]),
    ("AU", &["9999"]),
    ("BE", &["9999"]),
    ("BR", &["99999-999"]),
    ("CA", &["A9A 9A9"]),
    ("CH", &["9999"]),
    ("CN", &["999999"]),
    ("CZ", &["999 99"]),
    ("DE", &["99999"]),
    ("DK", &["9999"]),
    ("EE", &["99999"]),
    ("ES", &["99999"]),
    ("FI", &["99999"]),
    ("FR", &["99999"]),
    ("GB", &["A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA"]),
    ("GR", &["999 99"]),
    ("HU", &["9999"]),
    ("IN", &["999999"]),
    ("IT", &["99999"]),
    ("JP", &["999-9999"]),
    ("KR", &["99999"]),
    ("MX", &["99999"]),
    ("NL", &["9999 AA"]),
    ("NO", &["9999"]),
    ("NZ", &["9999"]),
    ("PL", &["99-999"]),
    ("PR", &["99999", "99999-9999"]),
    ("PT", &["9999-999"]),
    ("RU", &["999999"]),
    ("SE", &["999 99"]),
    ("SG", &["999999"]),
    ("US", &["99999", "99999-9999"]),
];

/// Checks a code against the country's shapes; a country without shapes accepts anything.
pub(super) fn check(country: Country, code: Option<&str>) -> Result<(), PostalProblem> {
    let Some((_, shapes)) = SHAPES.iter().find(|row| row.0 == country.as_str()) else { return Ok(()) };
    match code.map(str::trim).filter(|code| !code.is_empty()) {
        None => Err(PostalProblem::Missing(country, shapes[0])),
        Some(code) if shapes.iter().any(|shape| fits(shape, code)) => Ok(()),
        Some(_) => Err(PostalProblem::Shape(country, shapes[0])),
    }
}

fn fits(shape: &str, code: &str) -> bool {
    let separator = |c: &char| !matches!(c, ' ' | '-');
    let mut code = code.chars().filter(separator);
    let matched = shape.chars().filter(separator).all(|want| match (want, code.next()) {
        ('9', Some(have)) => have.is_ascii_digit(),
        ('A', Some(have)) => have.is_ascii_alphabetic(),
        _ => false,
    });
    matched && code.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_several_countries() {
        let country = |code: &str| code.parse::<Country>().unwrap();
        for (land, code, good) in [
            ("US", "10001", true),
            ("US", "10001-0001", true),
            ("US", "1001", false),
            ("CA", "k1a0b1", true),
            ("GB", "SW1A 1AA", true),
            ("GB", "1SW", false),
            ("DE", "10115", true),
            ("PL", "00-950", true),
            ("IE", "anything", true),
        ] {
            assert_eq!(check(country(land), Some(code)).is_ok(), good, "{land} {code}");
        }
        assert!(matches!(check(Country::US, None), Err(PostalProblem::Missing(..))));
    }
}
