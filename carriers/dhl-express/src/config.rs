//! Settings and credentials of one account.

use chrono::NaiveTime;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use waybill_core::{Error, ErrorKind, Result, Secret};

/// One DHL Express account. DHL issues user and password of MyDHL API after an approval of the integration.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// User of MyDHL API, as DHL issued it (not the user of the MyDHL+ web site).
    pub username: Secret,
    /// Password of MyDHL API.
    pub password: Secret,
    /// Account number of the shipper: up to 12 characters, usually 9 digits.
    #[schemars(length(min = 1, max = 12))]
    pub account: String,
    /// Account that pays the transport, when it is not `account`.
    #[serde(default)]
    pub payer_account: Option<String>,
    /// Account that pays duties when the sender pays them (DDP); `account` when absent.
    #[serde(default)]
    pub duties_account: Option<String>,
    /// Import account that pays returns from abroad; `account` when absent.
    #[serde(default)]
    pub import_account: Option<String>,
    /// `production` or `test`. Shipments of the test environment cannot be tracked.
    #[serde(default)]
    pub environment: Environment,
    /// Another address of the API, such as a sandbox. The paths (`/rates`) are appended to it.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Offer shipments inside one country as well. Off by default: this carrier is offered for international
    /// shipments only.
    #[serde(default)]
    pub domestic: bool,
    /// Services that DHL sells to this account by a special agreement, by our names (`medical-express`). Without an
    /// agreement they are not offered.
    #[serde(default)]
    pub agreed_services: Vec<String>,
    /// DHL has enabled numbers chosen by the shipper (`identifiers`) for this account. Waybill then draws the number
    /// before it buys, so that a lost answer can be cleared up by that number.
    #[serde(default)]
    pub chosen_waybill: bool,
    /// Send customs documents electronically (paperless trade, service `WY`) unless a shipment says otherwise. DHL
    /// enables it per account.
    #[serde(default)]
    pub paperless_trade: bool,
    /// Ask for the archive copy of the waybill with each international label. Couriers may want it.
    #[serde(default = "yes")]
    pub archive_copy: bool,
    /// Label template by DHL's name (`ECOM26_84_001`), instead of the one that fits the wanted label size.
    #[serde(default)]
    pub label_template: Option<String>,
    /// Local time at the origin when parcels are handed over; DHL wants a time that lies ahead. `15:00:00` by default.
    #[serde(default = "handover")]
    pub handover_time: NaiveTime,
    /// Time zone of the origin by IANA name (`Europe/Berlin`); guessed from country and state when absent.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Who cancels collections: DHL wants a name with each cancellation. `Shipping` by default.
    #[serde(default = "requestor")]
    pub requestor: String,
}

fn yes() -> bool {
    true
}

fn handover() -> NaiveTime {
    NaiveTime::from_hms_opt(15, 0, 0).unwrap_or_default()
}

fn requestor() -> String {
    "Shipping".to_owned()
}

/// Which of DHL's environments answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real one.
    #[default]
    Production,
    /// DHL's test environment: 500 calls a day, shipments cannot be tracked.
    Test,
}

/// Production host of MyDHL API.
pub(crate) const HOST: &str = "express.api.dhl.com";

impl Config {
    /// Address that the paths of the API are appended to.
    pub(crate) fn base(&self) -> Result<Url> {
        if let Some(base) = &self.base_url {
            return Ok(base.clone());
        }
        let path = match self.environment {
            Environment::Production => "mydhlapi",
            Environment::Test => "mydhlapi/test",
        };
        Url::parse(&format!("https://{HOST}/{path}"))
            .map_err(|_| Error::new(ErrorKind::Internal, "the built-in address is no URL"))
    }

    /// Mistakes that the types cannot catch.
    pub(crate) fn check(&self) -> Result<()> {
        let problem = |text: String| Err(Error::new(ErrorKind::Config, text));
        if self.username.is_empty() || self.password.is_empty() {
            return problem(
                "`username` and `password` must not be empty: take them from DHL's letter".into(),
            );
        }
        let accounts = [
            ("account", Some(&self.account)),
            ("payer_account", self.payer_account.as_ref()),
            ("duties_account", self.duties_account.as_ref()),
            ("import_account", self.import_account.as_ref()),
        ];
        for (field, account) in accounts {
            let good = account.is_none_or(|number| {
                (1..=12).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
            if !good {
                return problem(format!("`{field}` is not an account number: 1 to 12 letters or digits"));
            }
        }
        if self.base_url.as_ref().is_some_and(Url::cannot_be_a_base) {
            return problem("`base_url` cannot be a base: write something like https://host/path".into());
        }
        if self.requestor.trim().is_empty() {
            return problem("`requestor` is empty: DHL wants a name with each cancellation".into());
        }
        Ok(())
    }
}
