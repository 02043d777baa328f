//! Money: a decimal amount and its ISO 4217 currency. Never a float, never added across currencies.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A currency code of three capital letters (ISO 4217).
///
/// Carriers that use codes of their own (FedEx `UKL`, `NTD`) map them before they reach the model; a code that
/// cannot be mapped is kept as it is and [`Currency::is_iso`] answers `false` for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Codes in use (ISO 4217:2015 with amendments to 177), except those with other than two decimals.
const TWO_DECIMALS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN \
    BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ \
    GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP \
    MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG \
    SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD \
    XCG YER ZAR ZMW ZWG";
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
const FOUR_DECIMALS: &str = "CLF UYW";

impl Currency {
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Chinese yuan.
    pub const CNY: Self = Self(*b"CNY");
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");
    /// Canadian dollar.
    pub const CAD: Self = Self(*b"CAD");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the decimal point of this currency's smallest unit, or `None` for a code that is not ISO 4217.
    pub fn decimals(&self) -> Option<u32> {
        let has = |list: &str| list.split_ascii_whitespace().any(|code| code == self.as_str());
        match () {
            () if has(TWO_DECIMALS) => Some(2),
            () if has(NO_DECIMALS) => Some(0),
            () if has(THREE_DECIMALS) => Some(3),
            () if has(FOUR_DECIMALS) => Some(4),
            () => None,
        }
    }

    /// Whether ISO 4217 lists this code.
    pub fn is_iso(&self) -> bool {
        self.decimals().is_some()
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.trim().as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|byte| byte.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(MoneyError::BadCurrency(text.chars().take(8).collect())),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217 code", "examples": ["USD"] })
    }
}

/// An amount of money. Amounts are exact decimals; arithmetic is checked and never crosses currencies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Decimal amount in major units (dollars, not cents), written as a JSON string: `"12.34"`.
    pub amount: Decimal,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// Why two amounts could not be combined or a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies met in one sum.
    #[error("cannot combine {0} with {1}: amounts of different currencies need an exchange rate with a date")]
    MixedCurrencies(Currency, Currency),
    /// The result does not fit into 96 bits.
    #[error("the amount is too large")]
    Overflow,
    /// Not three letters.
    #[error("`{0}` is not a currency code: write three letters of ISO 4217, such as USD")]
    BadCurrency(String),
    /// Not a decimal number.
    #[error("`{0}` is not an amount: write digits with a decimal point, such as 12.34")]
    BadAmount(String),
}

impl Money {
    /// An amount in major units.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Zero in a currency.
    pub fn zero(currency: Currency) -> Self {
        Self { amount: Decimal::ZERO, currency }
    }

    /// Reads an amount as carriers print it (`"12.49"`, `" 1,234.50 "`).
    pub fn parse(amount: &str, currency: Currency) -> Result<Self, MoneyError> {
        let cleaned = amount.trim().replace(',', "");
        Decimal::from_str(&cleaned)
            .or_else(|_| Decimal::from_scientific(&cleaned))
            .map(|amount| Self { amount, currency })
            .map_err(|_| MoneyError::BadAmount(amount.chars().take(24).collect()))
    }

    /// From minor units (cents).
    pub fn from_minor(minor: i64, currency: Currency) -> Self {
        Self { amount: Decimal::new(minor, currency.decimals().unwrap_or(2)), currency }
    }

    /// In minor units, if the amount has no digits below them and fits.
    pub fn to_minor(&self) -> Option<i64> {
        let scaled =
            self.amount.checked_mul(Decimal::from(10_i64.pow(self.currency.decimals().unwrap_or(2))))?;
        if scaled.fract().is_zero() { scaled.trunc().try_into().ok() } else { None }
    }

    /// Sum of two amounts of one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(&other)?;
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, currency: self.currency })
    }

    /// Difference of two amounts of one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(&other)?;
        let amount = self.amount.checked_sub(other.amount).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, currency: self.currency })
    }

    /// Product with a plain number.
    pub fn checked_mul(self, factor: Decimal) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(factor).ok_or(MoneyError::Overflow)?;
        Ok(Self { amount, currency: self.currency })
    }

    /// Order of two amounts of one currency; `None` across currencies.
    pub fn compare(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (self.currency == other.currency).then(|| self.amount.cmp(&other.amount))
    }

    /// Sum of amounts of one currency; zero in `currency` for none.
    pub fn sum<'a>(
        amounts: impl IntoIterator<Item = &'a Money>,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), |sum, amount| sum.checked_add(*amount))
    }

    /// Rounded half away from zero to the currency's smallest unit.
    pub fn rounded(self) -> Self {
        let decimals = self.currency.decimals().unwrap_or(2);
        Self {
            amount: self.amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero),
            ..self
        }
    }

    /// Zero, whatever the currency.
    pub fn is_zero(&self) -> bool {
        self.amount.is_zero()
    }

    fn same_currency(&self, other: &Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::MixedCurrencies(self.currency, other.currency))
        }
    }
}

/// `12.49 USD`: at least the currency's decimals, never fewer digits than the amount has.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals().unwrap_or(2).max(self.amount.normalize().scale());
        f.pad(&format!("{:.*} {}", decimals as usize, self.amount, self.currency))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Money {
    type Err = MoneyError;
    /// Reads `12.49 USD` or `USD 12.49`.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let bad = || MoneyError::BadAmount(text.chars().take(24).collect());
        let (first, second) = text.trim().split_once(char::is_whitespace).ok_or_else(bad)?;
        match Currency::from_str(second) {
            Ok(currency) => Self::parse(first, currency),
            Err(_) => Self::parse(second, Currency::from_str(first)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_two_currencies_do_not_add() {
        let dollars = Money::from_minor(1249, Currency::USD);
        let euros = Money::from_minor(100, Currency::EUR);
        assert_eq!(
            dollars.checked_add(euros),
            Err(MoneyError::MixedCurrencies(Currency::USD, Currency::EUR))
        );
        assert_eq!(dollars.compare(&euros), None);
    }

    #[test]
    fn minor_units_follow_the_currency() {
        let yen: Currency = "JPY".parse().unwrap();
        assert_eq!(Money::from_minor(500, yen).to_string(), "500 JPY");
        assert_eq!(Money::from_minor(500, Currency::USD).to_string(), "5.00 USD");
        assert_eq!(Money::parse("1.005", Currency::USD).unwrap().to_minor(), None);
        assert_eq!(Money::parse("1.005", Currency::USD).unwrap().rounded().to_minor(), Some(101));
    }

    #[test]
    fn text_forms() {
        assert_eq!("12.49 usd".parse::<Money>().unwrap(), Money::from_minor(1249, Currency::USD));
        assert_eq!("USD 1,012.49".parse::<Money>().unwrap(), Money::from_minor(101_249, Currency::USD));
        assert!("12.49".parse::<Money>().is_err());
        assert!("DOLLARS".parse::<Currency>().is_err());
        assert!(!"UKL".parse::<Currency>().unwrap().is_iso());
    }
}
