//! Postal addresses. Their debug form shows the country and nothing that identifies a person.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Country, PostalProblem, postal};
use crate::FieldProblem;

/// A postal address with its contact.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Person, at most 100 characters. One of `name` and `company` is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Street lines, one to four, without city and postal code.
    pub lines: Vec<String>,
    /// City or locality.
    pub city: String,
    /// State, province or region: the postal abbreviation in US, CA, AU, MX, BR, IN (`NY`), else a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Postal code as printed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Country,
    /// Phone in any notation; carriers want it for international shipments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether somebody lives there, when known: it moves surcharges and services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residential: Option<bool>,
    /// VAT, EORI, IOSS or other tax number of this party.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tax_ids: Vec<TaxId>,
}

/// A party's tax or customs number.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxId {
    /// Which register: `VAT`, `EORI`, `IOSS`, `EIN`, `VOEC`, `USCI` and others.
    pub kind: TaxIdKind,
    /// The number.
    pub number: String,
    /// Issuing country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
}

open_enum! {
    /// Register that issued a tax number.
    pub enum TaxIdKind {
        /// Value added tax.
        Vat = "vat",
        /// Economic operator (EU, UK).
        Eori = "eori",
        /// Import one-stop shop (EU).
        Ioss = "ioss",
        /// Norway's VAT on e-commerce.
        Voec = "voec",
        /// US employer number.
        Ein = "ein",
        /// US social security number.
        Ssn = "ssn",
        /// China's unified social credit identifier.
        Usci = "usci",
    }
}

impl fmt::Debug for TaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaxId({})", self.kind)
    }
}

impl Address {
    /// An address with the parts that every country needs; set the rest on the fields.
    pub fn new(name: &str, line: &str, city: &str, state: &str, postal_code: &str, country: Country) -> Self {
        let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            name: optional(name),
            company: None,
            lines: vec![line.to_owned()],
            city: city.to_owned(),
            state: optional(state),
            postal_code: optional(postal_code),
            country,
            phone: None,
            email: None,
            residential: None,
            tax_ids: Vec::new(),
        }
    }

    /// Person's name, else company, else empty.
    pub fn contact(&self) -> &str {
        self.name.as_deref().or(self.company.as_deref()).unwrap_or_default()
    }

    /// Company, else person, else empty.
    pub fn organisation(&self) -> &str {
        self.company.as_deref().or(self.name.as_deref()).unwrap_or_default()
    }

    /// A street line by number from 0, empty when absent.
    pub fn line(&self, at: usize) -> &str {
        self.lines.get(at).map(String::as_str).unwrap_or_default()
    }

    /// State, or empty.
    pub fn state_or_empty(&self) -> &str {
        self.state.as_deref().unwrap_or_default()
    }

    /// Postal code, or empty.
    pub fn postal_or_empty(&self) -> &str {
        self.postal_code.as_deref().unwrap_or_default()
    }

    /// First five digits of a US ZIP code, when the address has one.
    pub fn zip5(&self) -> Option<&str> {
        self.postal_code
            .as_deref()
            .map(str::trim)
            .and_then(|code| code.get(..5))
            .filter(|zip| zip.bytes().all(|b| b.is_ascii_digit()))
    }

    /// Last four digits of a US ZIP+4, when written.
    pub fn zip4(&self) -> Option<&str> {
        let code = self.postal_code.as_deref()?.trim();
        let rest = code.get(5..)?.trim_start_matches(['-', ' ']);
        (rest.len() == 4 && rest.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
    }

    /// Phone with digits only, `None` when there is none.
    pub fn phone_digits(&self) -> Option<String> {
        let digits: String = self.phone.as_deref()?.chars().filter(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    }

    /// A post office box, a packstation or a military address, judged by the usual words.
    pub fn is_po_box(&self) -> bool {
        self.lines.iter().any(|line| {
            let line: String =
                line.to_ascii_lowercase().chars().filter(|c| !matches!(c, '.' | ' ' | '-')).collect();
            ["pobox", "postofficebox", "postfach", "apartadopostal", "boitepostale"]
                .iter()
                .any(|word| line.contains(word))
        })
    }

    /// US armed forces overseas (APO, FPO, DPO).
    pub fn is_us_military(&self) -> bool {
        self.country == Country::US && matches!(self.state_or_empty(), "AA" | "AE" | "AP")
    }

    /// Mistakes that no carrier could accept, with paths below `path`.
    pub fn problems(&self, path: &str) -> Vec<FieldProblem> {
        let mut found = Vec::new();
        let mut say = |field: &str, problem: &str, cure: &str| {
            found.push(FieldProblem::new(format!("{path}.{field}"), problem, cure));
        };
        if self.contact().trim().is_empty() {
            say("name", "neither a name nor a company is given", "give `name`, `company` or both");
        }
        if self.lines.iter().all(|line| line.trim().is_empty()) {
            say("lines", "no street line is given", "give one to four lines, such as [\"1 Main St\"]");
        }
        if self.lines.len() > 4 {
            say("lines", "more than four street lines", "join lines until four are left");
        }
        if self.city.trim().is_empty() {
            say("city", "the city is empty", "give the city or locality");
        }
        let needs_state = matches!(self.country.as_str(), "US" | "CA" | "AU");
        if needs_state && self.state_or_empty().trim().is_empty() {
            say("state", "this country needs a state or province", "give its abbreviation, such as NY");
        } else if needs_state && !matches!(self.state_or_empty().trim().len(), 2 | 3) {
            say(
                "state",
                "the state is not an abbreviation",
                "write two letters, such as NY (three in Australia)",
            );
        }
        if let Err(problem) = self.check_postal_code() {
            say("postal_code", &problem.to_string(), "correct the postal code or the country");
        }
        found
    }

    /// Whether the postal code has its country's shape.
    pub fn check_postal_code(&self) -> Result<(), PostalProblem> {
        postal::check(self.country, self.postal_code.as_deref())
    }
}

/// Only the country and the kind of address: the rest identifies a person.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("country", &self.country)
            .field("residential", &self.residential)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Address {
        Address::new("Ada Example", "1 Main St", "New York", "NY", "10001-1234", Country::US)
    }

    #[test]
    fn debug_shows_nothing_personal() {
        let shown = format!("{:?}", sample());
        for personal in ["Ada", "Main", "New York", "10001"] {
            assert!(!shown.contains(personal), "{shown}");
        }
    }

    #[test]
    fn parts_of_a_zip() {
        assert_eq!((sample().zip5(), sample().zip4()), (Some("10001"), Some("1234")));
    }

    #[test]
    fn po_boxes_and_mistakes() {
        let mut address = sample();
        assert!(address.problems("to").is_empty());
        address.lines = vec!["P.O. Box 12".into()];
        assert!(address.is_po_box());
        address.city.clear();
        address.state = None;
        let paths: Vec<_> = address.problems("to").into_iter().map(|problem| problem.path).collect();
        assert_eq!(paths, ["to.city", "to.state"]);
    }
}
