//! Settings and credentials of one USPS account.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use waybill_core::{Error, ErrorKind, Result, Secret};

/// An account at the USPS Developer Portal and, for labels, in the Business Customer Gateway.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Consumer key of the app at developers.usps.com.
    #[schemars(title = "Consumer key", length(min = 1))]
    pub client_id: String,
    /// Consumer secret of the app.
    #[schemars(title = "Consumer secret")]
    pub client_secret: Secret,
    /// `production`, or `testing` for the TEM host, which keeps old prices and fixed tracking numbers.
    #[serde(default)]
    pub environment: Environment,
    /// Another server in place of the USPS host, such as the sandbox: `http://127.0.0.1:8080/usps`.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Who pays for labels. Without it prices, addresses and tracking work and labels do not.
    #[serde(default)]
    pub payment: Option<Payment>,
    /// `commercial`: the published Commercial prices. `contract`: the prices of an agreement that the payment account is
    /// under; it needs `payment`.
    #[serde(default)]
    pub prices: Prices,
    /// USPS's name of the published tier for businesses in requests and answers. It was Commercial Plus until the tiers
    /// were merged; change it here when USPS renames it again.
    #[serde(default = "commercial")]
    pub commercial_price_type: String,
    /// Ask for the price at the counter as well and show it beside the account's price.
    #[serde(default)]
    pub compare_retail: bool,
    /// Which tracking API the app is approved for: `v3r2` (35 numbers in a call) or `v3` (one).
    #[serde(default)]
    pub tracking: TrackingApi,
    /// Print labels although USPS cannot verify the address. Otherwise such an address is refused and nothing is bought.
    #[serde(default)]
    pub accept_unverified_addresses: bool,
}

fn commercial() -> String {
    "COMMERCIAL".to_owned()
}

/// Which host is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// `apis.usps.com`
    #[default]
    Production,
    /// `apis-tem.usps.com`
    Testing,
}

/// Whose prices are asked for and charged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Prices {
    /// Published Commercial prices.
    #[default]
    Commercial,
    /// Prices of the payment account's own agreement.
    Contract,
}

/// Which tracking API is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrackingApi {
    /// `POST /tracking/v3r2/tracking`
    #[default]
    V3r2,
    /// `GET /tracking/v3/tracking/{number}`
    V3,
}

/// The paying account and the identities that USPS Ship enrolled for it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Customer registration id of the payer, up to 18 digits.
    #[schemars(title = "CRID", regex(pattern = "^[0-9]{1,18}$"))]
    pub crid: String,
    /// Mailer id, 6 or 9 digits.
    #[schemars(title = "MID", regex(pattern = "^([0-9]{6}|[0-9]{9})$"))]
    pub mid: String,
    /// Mailer id under which SCAN forms collect the labels; `mid` when absent.
    #[serde(default)]
    pub manifest_mid: Option<String>,
    /// Kind of account.
    #[serde(default)]
    pub account_type: AccountType,
    /// Account number (EPS, METER, OMAS).
    #[serde(default)]
    pub account_number: Option<String>,
    /// Permit number (PERMIT).
    #[serde(default)]
    pub permit_number: Option<String>,
    /// ZIP code of the permit (PERMIT).
    #[serde(default)]
    pub permit_zip: Option<String>,
    /// Owner of the labels, when it is not the payer.
    #[serde(default)]
    pub label_owner: Option<Party>,
}

/// A party by its postal identities.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Customer registration id.
    pub crid: String,
    /// Mailer id, 6 or 9 digits.
    pub mid: String,
    /// Mailer id of the manifest; `mid` when absent.
    #[serde(default)]
    pub manifest_mid: Option<String>,
}

/// Kind of paying account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AccountType {
    /// Enterprise Payment System: debited when a label is made.
    #[default]
    Eps,
    /// Permit imprint.
    Permit,
    /// Meter, for PC Postage providers.
    Meter,
    /// Official mail of federal agencies.
    Omas,
}

impl AccountType {
    /// USPS's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eps => "EPS",
            Self::Permit => "PERMIT",
            Self::Meter => "METER",
            Self::Omas => "OMAS",
        }
    }
}

impl Config {
    /// The server that is asked.
    pub(crate) fn base(&self) -> Result<Url> {
        if let Some(url) = &self.base_url {
            return Ok(url.clone());
        }
        let text = match self.environment {
            Environment::Production => "https://apis.usps.com",
            Environment::Testing => "https://apis-tem.usps.com",
        };
        text.parse().map_err(|_| config_error("the USPS host is not a URL"))
    }

    /// Refuses settings that could never work, with the cure.
    pub(crate) fn check(&self) -> Result<()> {
        if self.client_id.trim().is_empty() || self.client_secret.is_empty() {
            return Err(config_error(
                "`client_id` and `client_secret` must not be empty: copy both from the app",
            ));
        }
        if self.commercial_price_type.trim().is_empty() {
            return Err(config_error(
                "`commercial_price_type` must not be empty: leave it out for COMMERCIAL",
            ));
        }
        let Some(payment) = &self.payment else {
            return if self.prices == Prices::Contract {
                Err(config_error(
                    "`prices = \"contract\"` needs the `payment` account that has the agreement",
                ))
            } else {
                Ok(())
            };
        };
        payment.check()
    }
}

impl Payment {
    fn check(&self) -> Result<()> {
        check_party(&self.crid, &self.mid, self.manifest_mid.as_deref())?;
        if let Some(owner) = &self.label_owner {
            check_party(&owner.crid, &owner.mid, owner.manifest_mid.as_deref())?;
        }
        match self.account_type {
            AccountType::Permit if self.permit_number.is_none() || self.permit_zip.is_none() => {
                Err(config_error("a PERMIT account needs `permit_number` and `permit_zip`"))
            }
            AccountType::Eps | AccountType::Meter if self.account_number.is_none() => {
                Err(config_error("an EPS or METER account needs `account_number`"))
            }
            _ => Ok(()),
        }
    }
}

fn check_party(crid: &str, mid: &str, manifest_mid: Option<&str>) -> Result<()> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if crid.is_empty() || crid.len() > 18 || !digits(crid) {
        return Err(config_error("`crid` is not a customer registration id: write up to 18 digits"));
    }
    for (name, text) in [("mid", Some(mid)), ("manifest_mid", manifest_mid)] {
        if text.is_some_and(|text| !matches!(text.len(), 6 | 9) || !digits(text)) {
            return Err(config_error(format!("`{name}` is not a mailer id: write 6 or 9 digits")));
        }
    }
    Ok(())
}

fn config_error(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}
