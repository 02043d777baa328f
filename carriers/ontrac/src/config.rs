//! Settings and credentials of one account.

use chrono::NaiveTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use waybill_core::{Error, ErrorKind, Result, Secret};

use crate::number::Range;

/// One OnTrac account with access to the XML web services, or to the newer JSON services.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which services are used: `xml` with `account_number` and `password`, or `json` with the section `json`. The JSON
    /// services are what OnTrac gives new accounts; no document of them was found, so they quote and sell labels here and
    /// do nothing else.
    #[serde(default)]
    pub generation: Generation,
    /// Account number: digits only. Needed by the XML services.
    #[serde(default)]
    pub account_number: String,
    /// Password of the XML services, which is not the one of the web site. OnTrac wants it in the URL of each call;
    /// Waybill shows it nowhere.
    #[serde(default)]
    pub password: Secret,
    /// Access to the JSON services, for `generation = "json"`.
    #[serde(default)]
    pub json: Option<JsonAccount>,
    /// Version of the web services. `V7` is the newest one that is documented; `V1` to `V6` bring cash on delivery,
    /// declared values and the Sunrise services back for accounts that still have them.
    #[serde(default)]
    pub version: ApiVersion,
    /// Version that collections are ordered with. `V6` by default for a `V7` account: the document of `V7` has no
    /// chapter on them. Older accounts use their own version.
    #[serde(default)]
    pub pickup_version: Option<ApiVersion>,
    /// `production` or `test`. Parcels of the test server cannot be tracked on the real one and its prices may be wrong.
    #[serde(default)]
    pub environment: Environment,
    /// Another address of the services, such as a sandbox; `/V7/<account>/<resource>` is appended to it.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// The six digits of the number block that OnTrac gave this account for tracking numbers of its own. With it,
    /// Waybill chooses the number before it buys and a lost answer can be cleared up without a second label. **Each
    /// block belongs to one account section only**: two sections with one block would print numbers twice.
    #[serde(default)]
    #[schemars(length(equal = 6))]
    pub number_block: Option<String>,
    /// First sequence number of the block that is free: 1 by default.
    #[serde(default)]
    pub number_first: Option<u32>,
    /// Last sequence number of the block that is free: 9999999 by default.
    #[serde(default)]
    pub number_last: Option<u32>,
    /// What the letter `D` counts in the check digit of own numbers: `document` (4, as OnTrac's document says) or
    /// `server` (5, as the numbers of OnTrac's own server have it). OnTrac tells at the certification of labels.
    #[serde(default)]
    pub number_check: CheckValue,
    /// OnTrac has confirmed to you that an order sent again with the same number is answered with the same label.
    /// Waybill then clears up a lost answer by sending again, which brings the label; otherwise it asks for the number,
    /// which does not.
    #[serde(default)]
    pub same_number_again: bool,
    /// Fetch the list of served ZIP codes once a day and refuse others without asking for a price. On by default.
    #[serde(default = "yes")]
    pub service_area: bool,
    /// Where a PDF label stands on its page.
    #[serde(default)]
    pub pdf_layout: PdfLayout,
    /// Phone number for addresses without one: OnTrac wants a number of both ends.
    #[serde(default)]
    pub default_phone: Option<Secret>,
}

fn yes() -> bool {
    true
}

/// Which of OnTrac's services an account uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Generation {
    /// `OnTracServices.svc`, V1 to V7.
    #[default]
    Xml,
    /// `ws.ontrac.com`, v3.
    Json,
}

/// Access to the JSON services, as OnTrac gave it to you.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonAccount {
    /// API id.
    #[schemars(length(min = 1))]
    pub api_id: String,
    /// API key. OnTrac wants it in the path of each call; Waybill shows it nowhere.
    pub api_key: Secret,
    /// Customer branch.
    #[schemars(length(min = 1))]
    pub customer_branch: String,
    /// ZIP code of the customer branch; the sender's when absent.
    #[serde(default)]
    pub branch_postal_code: Option<String>,
    /// Facility where OnTrac takes the parcels in, such as `SBSC`.
    #[serde(default)]
    pub injection_facility: Option<String>,
    /// ZIP code of that facility.
    #[serde(default)]
    pub injection_postal_code: Option<String>,
    /// When parcels are handed over on their ship date, in UTC: `20:00:00` by default.
    #[serde(default = "tender_time")]
    pub tender_time_utc: NaiveTime,
    /// When they leave, in UTC: `22:00:00` by default.
    #[serde(default = "departure_time")]
    pub departure_time_utc: NaiveTime,
    /// Base of the public tracking by number: `<base>/<number>/json` is asked. LaserShip's was at
    /// `https://www.lasership.com/track`; whether it still answers is not known, so there is no default, and without it
    /// tracking is refused.
    #[serde(default)]
    pub tracking_url: Option<Url>,
}

fn tender_time() -> NaiveTime {
    NaiveTime::from_hms_opt(20, 0, 0).unwrap_or_default()
}

fn departure_time() -> NaiveTime {
    NaiveTime::from_hms_opt(22, 0, 0).unwrap_or_default()
}

/// Which server answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real one.
    #[default]
    Production,
    /// OnTrac's test server.
    Test,
}

/// Version of the web services. It decides about the order of the parts in a question for prices, the options of a
/// shipment and the kinds of labels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first one; the only one with a `Letter` element in shipments.
    V1,
    /// With an XSD of its own.
    V2,
    /// Not documented apart from V2.
    V3,
    /// Not documented apart from V2.
    V4,
    /// Not documented apart from V2.
    V5,
    /// The last one with declared values and cash on delivery.
    V6,
    /// The newest.
    #[default]
    V7,
}

impl ApiVersion {
    /// As it stands in the path.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::V3 => "V3",
            Self::V4 => "V4",
            Self::V5 => "V5",
            Self::V6 => "V6",
            Self::V7 => "V7",
        }
    }

    /// Before V7: positional rates in the old order, declared values, cash on delivery, more services and labels.
    pub(crate) fn is_old(self) -> bool {
        self < Self::V7
    }
}

/// What the letter `D` counts in a check digit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckValue {
    /// 4, as the document says.
    #[default]
    Document,
    /// 5, as the numbers of the server have it.
    Server,
}

/// Where a PDF label stands on its page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PdfLayout {
    /// Upper half of a page, to the right (label type 1). In every version.
    #[default]
    HalfPage,
    /// Centred (label type 13, since 2018).
    Centred,
    /// Label type 14; before V7 only.
    Plain,
}

/// Host of both servers of the XML services.
pub(crate) const HOST: &str = "www.shipontrac.net";
/// Host of the JSON services, for test orders too.
pub(crate) const JSON_HOST: &str = "ws.ontrac.com";

impl Config {
    /// Address that version, account and resource are appended to.
    pub(crate) fn base(&self) -> Result<Url> {
        if let Some(base) = &self.base_url {
            return Ok(base.clone());
        }
        let folder = match self.environment {
            Environment::Production => "OnTracWebServices",
            Environment::Test => "OnTracTestWebServices",
        };
        Url::parse(&format!("https://{HOST}/{folder}/OnTracServices.svc"))
            .map_err(|_| Error::new(ErrorKind::Internal, "the built-in address is no URL"))
    }

    /// Version for collections.
    pub(crate) fn version_for_pickups(&self) -> ApiVersion {
        self.pickup_version.unwrap_or(self.version.min(ApiVersion::V6))
    }

    /// The own number range; `None` without a block.
    pub(crate) fn range(&self) -> Result<Option<Range>> {
        let Some(block) = &self.number_block else { return Ok(None) };
        let (first, last) = (self.number_first.unwrap_or(1), self.number_last.unwrap_or(9_999_999));
        Range::new(block, first, last, self.number_check).map(Some)
    }

    /// Mistakes that the types cannot catch.
    pub(crate) fn check(&self) -> Result<()> {
        let problem = |text: &str| Err(Error::new(ErrorKind::Config, text));
        if self.generation == Generation::Json {
            return self.json_account().and_then(|account| account.check(self));
        }
        if self.json.is_some() {
            return problem(
                "the section `json` is for `generation = \"json\"`: set that, or leave the section out",
            );
        }
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(&self.account_number) || self.account_number.len() > 12 {
            return problem("`account_number` is not an account number: digits only");
        }
        if self.password.is_empty() {
            return problem(
                "`password` is empty: it is the password of the web services, not of the web site",
            );
        }
        if self.base_url.as_ref().is_some_and(Url::cannot_be_a_base) {
            return problem("`base_url` cannot be a base: write something like https://host/path");
        }
        if self.number_block.is_none() && (self.number_first.is_some() || self.number_last.is_some()) {
            return problem("`number_first` and `number_last` need `number_block`");
        }
        if self.same_number_again && self.number_block.is_none() {
            return problem(
                "`same_number_again` needs `number_block`: without it OnTrac chooses the numbers",
            );
        }
        if self.pdf_layout == PdfLayout::Plain && !self.version.is_old() {
            return problem("`pdf_layout = \"plain\"` is not in V7: use half_page or centred");
        }
        let phone = self.default_phone.as_ref().map(|phone| crate::text::phone(phone.expose()));
        if phone.is_some_and(|phone| phone.is_none()) {
            return problem("`default_phone` is not a phone number of at most 13 digits");
        }
        self.range().map(|_| ())
    }

    /// Access to the JSON services.
    pub(crate) fn json_account(&self) -> Result<&JsonAccount> {
        self.json.as_ref().ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                "`generation = \"json\"` needs the section `json` with `api_id`, `api_key` and `customer_branch`",
            )
        })
    }
}

impl JsonAccount {
    fn check(&self, config: &Config) -> Result<()> {
        let problem = |text: &str| Err(Error::new(ErrorKind::Config, text));
        if self.api_id.trim().is_empty() || self.api_key.is_empty() || self.customer_branch.trim().is_empty()
        {
            return problem("`json.api_id`, `json.api_key` and `json.customer_branch` must not be empty");
        }
        if config.base_url.as_ref().is_some_and(Url::cannot_be_a_base) {
            return problem("`base_url` cannot be a base: write something like https://host/path");
        }
        let zip = |text: &Option<String>| {
            text.as_ref()
                .is_none_or(|text| text.len() >= 5 && text.bytes().take(5).all(|b| b.is_ascii_digit()))
        };
        if !zip(&self.branch_postal_code) || !zip(&self.injection_postal_code) {
            return problem("a postal code in `json` is not a ZIP code: write five digits");
        }
        if self.departure_time_utc < self.tender_time_utc {
            return problem("`json.departure_time_utc` is before `json.tender_time_utc`");
        }
        if config.number_block.is_some() || config.same_number_again {
            return problem(
                "`number_block` and `same_number_again` are for the XML services: the JSON services give the numbers",
            );
        }
        Ok(())
    }
}
