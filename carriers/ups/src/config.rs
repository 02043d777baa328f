//! Settings and credentials of one UPS account.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use waybill_core::{Address, Country, Error, ErrorKind, Result, Secret};

/// Settings and credentials of one UPS account.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Client id of an app in the UPS developer portal that has the products Authorization, Rating, Time In Transit,
    /// Shipping, Tracking, Address Validation and Pickup.
    pub client_id: String,
    /// Client secret of the same app.
    pub client_secret: Secret,
    /// What the account's owner granted, when the app acts for another UPS customer's account; `client_id` and
    /// `client_secret` are the app's then. It comes from the owner's sign-in at UPS, not from a portal. UPS gives a new
    /// one with each renewal, which the host keeps.
    #[serde(default)]
    pub refresh_token: Option<Secret>,
    /// Account (shipper) number: six letters and digits. It must be linked to the app's user, else UPS answers
    /// published prices only.
    #[schemars(regex(pattern = r"^[A-Za-z0-9]{6}$"))]
    pub account_number: String,
    /// Country of the account.
    #[serde(default = "united_states")]
    pub country: Country,
    /// `production`, or UPS's own test host (`test`), which answers canned labels and no real prices.
    #[serde(default)]
    pub environment: Environment,
    /// Another host than UPS's, such as a sandbox; overrides `environment`.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Registered address of the account, printed as the shipper. Without it the shipment's origin is taken (of a
    /// return: its destination).
    #[serde(default)]
    pub shipper: Option<Address>,
    /// How UPS gets the parcels; it moves published prices.
    #[serde(default)]
    pub pickup_type: PickupType,
    /// Which published prices are shown beside the account's own; US origins only.
    #[serde(default)]
    pub price_list: PriceList,
    /// Ask for the account's own prices.
    #[serde(default = "yes")]
    pub negotiated_rates: bool,
    /// The account has a contract for Ground Saver: ask for its price in every shop, at one more call. (A shop that
    /// names the service asks for it anyway.)
    #[serde(default)]
    pub ground_saver: bool,
}

fn united_states() -> Country {
    Country::US
}

fn yes() -> bool {
    true
}

/// Which of UPS's own hosts is called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// `onlinetools.ups.com`.
    #[default]
    Production,
    /// `wwwcie.ups.com`, the Customer Integration Environment.
    Test,
}

/// How UPS gets the parcels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PickupType {
    /// UPS comes every day.
    #[default]
    Daily,
    /// The shipper brings them to a customer counter.
    CustomerCounter,
    /// UPS comes when called.
    OneTime,
    /// The shipper drops them into a letter centre.
    LetterCenter,
    /// The shipper brings them to an air service centre.
    AirServiceCenter,
}

impl PickupType {
    /// UPS's code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Daily => "01",
            Self::CustomerCounter => "03",
            Self::OneTime => "06",
            Self::LetterCenter => "19",
            Self::AirServiceCenter => "20",
        }
    }
}

/// Which published prices are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceList {
    /// Those that belong to the account number.
    #[default]
    Account,
    /// Daily rates.
    Daily,
    /// Retail rates.
    Retail,
    /// Standard list rates.
    Standard,
}

impl PriceList {
    /// UPS's code of a customer classification.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Account => "00",
            Self::Daily => "01",
            Self::Retail => "04",
            Self::Standard => "53",
        }
    }
}

impl Config {
    /// The host that is called.
    pub(crate) fn base(&self) -> Result<Url> {
        if let Some(url) = &self.base_url {
            return Ok(url.clone());
        }
        let host = match self.environment {
            Environment::Production => crate::services::PRODUCTION,
            Environment::Test => crate::services::TEST,
        };
        Url::parse(&format!("https://{host}")).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the built-in host name is wrong: {error}"))
        })
    }

    /// Refuses what UPS would refuse at the first call, and tidies the rest.
    pub(crate) fn checked(mut self) -> Result<Self> {
        let config = |message: &str| Err(Error::new(ErrorKind::Config, message));
        if self.client_id.trim().is_empty() || self.client_secret.is_empty() {
            return config(
                "`client_id` and `client_secret` are needed: copy both from the UPS developer portal",
            );
        }
        if self.refresh_token.as_ref().is_some_and(Secret::is_empty) {
            return config("`refresh_token` is empty: link the account again, or leave the setting out");
        }
        self.account_number = self.account_number.trim().to_ascii_uppercase();
        let six = self.account_number.len() == 6
            && self.account_number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !six {
            return config("`account_number` is not six letters and digits: copy it from a UPS invoice");
        }
        Ok(self)
    }
}
