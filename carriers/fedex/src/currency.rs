//! FedEx's own currency codes. Source: API Reference Guide, currency codes. All others are ISO 4217.

use waybill_core::{Currency, Money};

use crate::wire;

/// FedEx's code, then the ISO code.
pub const CODES: [(&str, &str); 15] = [
    ("UKL", "GBP"),
    ("JYE", "JPY"),
    ("SFR", "CHF"),
    ("NMP", "MXN"),
    ("SID", "SGD"),
    ("NTD", "TWD"),
    ("WON", "KRW"),
    ("DHS", "AED"),
    ("KUD", "KWD"),
    ("JAD", "JMD"),
    ("ARN", "ARS"),
    ("CHP", "CLP"),
    ("RDD", "DOP"),
    ("ECD", "XCD"),
    ("CID", "KYD"),
];

/// The ISO code of what FedEx wrote; a code that is neither is kept.
pub fn from_fedex(code: &str) -> Option<Currency> {
    let code = code.trim();
    let iso = CODES.iter().find(|(fedex, _)| fedex.eq_ignore_ascii_case(code)).map_or(code, |(_, iso)| iso);
    iso.parse().ok()
}

/// FedEx's code of a currency. It is wanted everywhere but in `preferredCurrency`.
pub fn to_fedex(currency: Currency) -> String {
    let iso = currency.as_str();
    CODES.iter().find(|(_, code)| *code == iso).map_or(iso, |(fedex, _)| fedex).to_owned()
}

/// An amount for a request, with at most the currency's decimals.
pub fn money(amount: Money) -> wire::Money {
    wire::Money { amount: wire::Number(amount.rounded().amount), currency: to_fedex(amount.currency) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_maps_both_ways_and_is_iso() {
        for (fedex, iso) in CODES {
            let currency = from_fedex(fedex).unwrap();
            assert_eq!(currency.as_str(), iso);
            assert!(currency.is_iso(), "{iso}");
            assert_eq!(to_fedex(currency), fedex);
        }
        assert_eq!(from_fedex("USD").unwrap().as_str(), "USD");
        assert_eq!(to_fedex(Currency::EUR), "EUR");
        assert_eq!(from_fedex("Rupee"), None);
    }
}
