//! Settings of one account.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use waybill_core::{Address, Secret};

/// Settings of a China Post account.
///
/// Which of the three interfaces an account may use is decided by the local bureau that signs the contract. The section
/// of the chosen `gateway` must be there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Interface that sells the labels.
    #[serde(default)]
    pub gateway: Gateway,
    /// Production or the carrier's test system.
    #[serde(default)]
    pub environment: Environment,
    /// Host of the chosen interface instead of the carrier's own (`http://127.0.0.1:8080/china-post`); the interface's
    /// paths are added to it.
    #[serde(default)]
    pub base_url: Option<Url>,
    /// Keys for the EMS open platform (`gateway = "open"` and `"open_domestic"`).
    #[serde(default)]
    pub open: Option<Open>,
    /// Keys for the small packet platform (`gateway = "pcp"`).
    #[serde(default)]
    pub pcp: Option<Pcp>,
    /// Keys for the ePacket partner interface (`gateway = "eub"`).
    #[serde(default)]
    pub eub: Option<Eub>,
    /// Price table of the contract, on the rate sheet engine; the few published prices that Waybill knows when absent.
    /// Service codes of the sheet are those of this carrier.
    #[serde(default)]
    pub prices: Option<waybill_rate_sheet::config::Config>,
    /// How postage is paid; shown with each purchase.
    #[serde(default)]
    pub payment: Payment,
    /// Where the postman fetches parcels, in Chinese; the sender's address when absent.
    #[serde(default)]
    pub collect_from: Option<Address>,
    /// Product numbers of the contract by service code (`ems = "..."`), for services whose number is not public and for
    /// bureaus with numbers of their own.
    #[serde(default)]
    pub products: BTreeMap<String, String>,
    /// Services of the contract whose lines take lithium batteries.
    #[serde(default)]
    pub battery_services: Vec<String>,
    /// Whether weights and values of customs lines are sent for the whole line or for one unit. The carrier's clients
    /// differ; ask the bureau.
    #[serde(default)]
    pub item_figures: ItemFigures,
    /// Value in US dollars above which a CN23 is printed beside the label (300 SDR by the postal convention; the default
    /// is set a little below it).
    #[serde(default = "cn22_limit")]
    pub cn22_limit_usd: u32,
    /// Who declares: 1 personal, 2 enterprise, 3 with tax review.
    #[serde(default = "enterprise")]
    pub declare_source: u8,
    /// What is declared: 1 articles, 2 goods.
    #[serde(default = "articles")]
    pub declare_type: u8,
    /// Export under mode 9610.
    #[serde(default)]
    pub export_9610: bool,
}

fn cn22_limit() -> u32 {
    380
}
fn enterprise() -> u8 {
    2
}
fn articles() -> u8 {
    1
}

/// Interface of China Post.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gateway {
    /// International orders of the EMS open platform (api.ems.com.cn), the current one.
    #[default]
    Open,
    /// Domestic EMS of the same platform: an account of its own, because its orders cannot be asked for again.
    OpenDomestic,
    /// International small packets (my.ems.com.cn).
    Pcp,
    /// ePacket partner interface (shipping.ems.com.cn), the oldest; plain HTTP.
    Eub,
}

/// Production or test system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// The real one.
    #[default]
    Production,
    /// The carrier's test system. Only the open platform has one with a name.
    Test,
}

/// How postage is paid. No call charges anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// By the monthly statement.
    #[default]
    Monthly,
    /// From a balance that was paid in.
    Prepaid,
    /// At the counter.
    Counter,
}

/// What the figures of a customs line count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemFigures {
    /// All units of the line.
    #[default]
    Line,
    /// One unit.
    Unit,
}

/// Keys for the EMS open platform.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Agreement customer number.
    pub sender_no: String,
    /// Authorization token of the account.
    pub authorization: Secret,
    /// SM4 key as issued: base64 of 16 bytes.
    pub sign_key: Secret,
    /// User code, which some accounts have.
    #[serde(default)]
    pub user_code: Option<String>,
    /// E-commerce customer id in orders and numbers; `sender_no` when absent.
    #[serde(default)]
    pub ec_company_id: Option<String>,
    /// Accepting office, 8 digits. International services need it.
    #[serde(default)]
    pub wh_code: String,
    /// Registered name of the e-commerce system. International services need it.
    #[serde(default)]
    pub mail_type: String,
    /// URL of the open platform when another gateway sells the labels and this section is there for tracking.
    #[serde(default)]
    pub base_url: Option<Url>,
}

/// Keys for the small packet platform.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pcp {
    /// Large-customer code, 13 to 15 digits.
    pub sender_no: String,
    /// E-commerce customer id; `sender_no` when absent.
    #[serde(default)]
    pub ec_company_id: Option<String>,
    /// Key of the digest.
    pub key: Secret,
    /// Accepting office, 8 digits.
    pub wh_code: String,
    /// Registered name of the e-commerce system.
    pub mail_type: String,
    /// Tracking service of the platform. It is plain HTTP on bare addresses, so there is no default; accounts with a
    /// section `open` track there instead.
    #[serde(default)]
    pub track_url: Option<Url>,
    /// Customer name at the tracking service; needed with `track_url`.
    #[serde(default)]
    pub track_send_id: Option<String>,
}

/// Keys for the ePacket partner interface.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Eub {
    /// Token, sent with each request.
    pub token: Secret,
    /// Account.
    pub customer_code: String,
    /// Large-customer code: who is billed.
    pub vip_code: String,
    /// Six-digit code of the sender's province.
    pub province_code: String,
    /// Six-digit code of the sender's city.
    pub city_code: String,
    /// Six-digit code of the sender's county.
    pub county_code: String,
    /// The interface has no encryption: the token travels in clear. `true` accepts that.
    #[serde(default)]
    pub allow_plain_http: bool,
    /// Base URL of the label files; `base_url` when that is set.
    #[serde(default)]
    pub labels_url: Option<Url>,
}
