//! Settings and credentials of one FedEx account.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use waybill_core::{Country, Error, ErrorKind, Result, Secret};

/// Which of FedEx's two worlds answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Real labels, real money: `apis.fedex.com`.
    #[default]
    Production,
    /// FedEx's virtual sandbox: `apis-sandbox.fedex.com`. It answers with canned payloads; its prices, dates and
    /// addresses mean nothing.
    Sandbox,
}

impl Environment {
    /// Its host.
    pub fn host(self) -> &'static str {
        match self {
            Self::Production => "apis.fedex.com",
            Self::Sandbox => "apis-sandbox.fedex.com",
        }
    }

    /// Its host for trade documents, with the start of the path.
    pub fn document_host(self) -> &'static str {
        match self {
            Self::Production => "documentapi.prod.fedex.com",
            Self::Sandbox => "documentapitest.prod.fedex.com/sandbox",
        }
    }
}

/// How parcels usually reach FedEx.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Handover {
    /// A driver comes every day.
    #[default]
    ScheduledPickup,
    /// The shipper brings them to a FedEx counter.
    DropOff,
    /// A driver is called.
    CallPickup,
}

impl Handover {
    /// FedEx's `pickupType`.
    pub fn code(self) -> &'static str {
        match self {
            Self::ScheduledPickup => "USE_SCHEDULED_PICKUP",
            Self::DropOff => "DROPOFF_AT_FEDEX_LOCATION",
            Self::CallPickup => "CONTACT_FEDEX_TO_SCHEDULE",
        }
    }
}

/// A pair of API keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    /// API key of the project.
    pub api_key: Secret,
    /// Secret key of the project.
    pub secret_key: Secret,
}

/// Customer keys for integrators that act for their customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChildKeys {
    /// Key of the customer, from FedEx's credential registration.
    pub child_key: Secret,
    /// Secret of the customer.
    pub child_secret: Secret,
    /// `true` for FedEx's proprietary parent and child grant, `false` for a certified integrator.
    #[serde(default)]
    pub proprietary: bool,
}

/// An account at FedEx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// API key of the project with Rate, Ship, Address, Pickup and Ground close.
    pub api_key: Secret,
    /// Secret key of that project.
    pub secret_key: Secret,
    /// Key pair of the tracking project. FedEx wants a project of its own for Track with many accounts; without it
    /// the first key pair is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<KeyPair>,
    /// Customer keys, for certified integrators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<ChildKeys>,
    /// Nine-digit account number that is billed. It must be linked to the project at developer.fedex.com.
    pub account_number: Secret,
    /// Country of the account.
    #[serde(default = "united_states")]
    pub country: Country,
    /// Postal code of the account, for the account check outside the US.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Production or FedEx's sandbox.
    #[serde(default)]
    pub environment: Environment,
    /// Another base URL, for tests and proxies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<Url>,
    /// How parcels usually reach FedEx; it can move the price.
    #[serde(default)]
    pub handover: Handover,
    /// Hub id of FedEx Ground Economy, from the contract. Without it the service is not offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground_economy_hub: Option<String>,
    /// Phone of the shipper for addresses without one: FedEx takes no shipment without a phone at both ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_phone: Option<String>,
    /// The account's agreement for alcohol, such as `RETAILER`; alcohol is refused without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alcohol_agreement: Option<String>,
    /// Shipments of more pieces than this are bought as a job that is then asked for. FedEx takes up to 40 at once.
    #[serde(default = "forty")]
    pub async_above: u16,
    /// Ask FedEx, by a second call, why declared services were not quoted.
    #[serde(default)]
    pub explain_missing: bool,
}

fn united_states() -> Country {
    Country::US
}

fn forty() -> u16 {
    40
}

impl Config {
    /// Mistakes that make every call fail, found before the first one.
    pub fn check(&self) -> Result<()> {
        let wrong = |text: &str| Err(Error::new(ErrorKind::Config, text));
        if self.api_key.is_empty() || self.secret_key.is_empty() {
            return wrong(
                "`api_key` and `secret_key` are needed: copy both from the project at developer.fedex.com",
            );
        }
        let account = self.account_number.expose();
        if account.is_empty()
            || account.len() > 9
            || !account.bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            return wrong(
                "`account_number` is not a FedEx account number: write its nine digits without blanks",
            );
        }
        if self.async_above == 0 || self.async_above > 40 {
            return wrong("`async_above` is out of range: write 1 to 40");
        }
        Ok(())
    }

    /// Where calls go.
    pub fn base(&self) -> Result<Url> {
        self.base_at(self.environment.host())
    }

    /// Where trade documents go.
    pub fn document_base(&self) -> Result<Url> {
        self.base_at(self.environment.document_host())
    }

    fn base_at(&self, host: &str) -> Result<Url> {
        if let Some(url) = &self.base_url {
            return Ok(url.clone());
        }
        Url::parse(&format!("https://{host}"))
            .map_err(|error| Error::new(ErrorKind::Internal, format!("base URL: {error}")))
    }
}
