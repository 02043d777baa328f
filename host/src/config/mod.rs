//! Configuration: defaults, then `waybill.toml`, then `WAYBILL_*` environment variables, then flags; later ones win.

mod load;
mod secrets;
mod shop;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use waybill_core::Quota;

pub use crate::printing::PrinterConfig;
use crate::purchases::DEFAULT_TENANT;
pub(crate) use load::check_base_url;
pub use load::{ConfigProblem, Loaded, load};

pub(crate) use secrets::{follow, resolve, secret_values};
pub use shop::{CacheConfig, CarrierLinking, LinkingConfig, ShopConfig, TermsConfig};

/// Everything a host is told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Folder for everything the host writes itself: the database, the outcome journal, copies of libraries.
    pub data_dir: PathBuf,
    /// The tenant that the program acts for: its accounts, terms, preferences, spend caps and purchases. Letters, digits, `-`,
    /// `_` and `.`.
    pub tenant: String,
    /// Where purchases are kept.
    pub store: StoreConfig,
    /// How carriers are reached.
    pub transport: TransportConfig,
    /// How rates are shopped.
    pub shop: ShopConfig,
    /// How labels are bought.
    pub purchase: PurchaseConfig,
    /// The key that seals credentials and evidence at rest.
    pub seal: SealConfig,
    /// Terms that must be accepted before a carrier is called; none by default.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub terms: Vec<TermsConfig>,
    /// How shippers link accounts of their own.
    pub linking: LinkingConfig,
    /// Printers, by a name of your own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub printers: BTreeMap<String, PrinterConfig>,
    /// Accounts at carriers, by a name of your own: letters, digits, `-` and `_`.
    pub accounts: BTreeMap<String, AccountConfig>,
    /// Carriers from dynamic libraries.
    pub plugins: Vec<PluginConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "waybill-data".into(),
            tenant: DEFAULT_TENANT.to_owned(),
            store: StoreConfig::default(),
            transport: TransportConfig::default(),
            shop: ShopConfig::default(),
            purchase: PurchaseConfig::default(),
            seal: SealConfig::default(),
            terms: Vec::new(),
            linking: LinkingConfig::default(),
            printers: BTreeMap::new(),
            accounts: BTreeMap::new(),
            plugins: Vec::new(),
        }
    }
}

/// Where purchases are kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`; a SQLite file in `data_dir` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// How carriers are reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransportConfig {
    /// Longest wait for a connection, in milliseconds.
    pub connect_timeout_ms: u64,
    /// Longest wait for one answer to a question that spends nothing, in milliseconds.
    pub read_timeout_ms: u64,
    /// How often such a question is asked before giving up.
    pub read_attempts: usize,
    /// PEM files with extra root certificates, for a proxy that ends TLS.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra_roots: Vec<PathBuf>,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self { connect_timeout_ms: 5_000, read_timeout_ms: 20_000, read_attempts: 3, extra_roots: Vec::new() }
    }
}

/// How labels are bought.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PurchaseConfig {
    /// No label may cost more than this, such as `100.00 USD`; one cap per currency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub label_caps: Vec<String>,
    /// No tenant may spend more than this in a day (UTC), one cap per currency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub day_caps: Vec<String>,
    /// Seconds after sending until a carrier's "not found" is believed, in place of each carrier's own figure. Shorter
    /// than a carrier needs risks a second label: for sandboxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle_seconds: Option<u64>,
}

/// The key that seals credentials and evidence at rest: 32 bytes as 64 hexadecimal digits or base64.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SealConfig {
    /// File that holds the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Environment variable that holds the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Command that prints the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_command: Option<Vec<String>>,
}

/// One account at a carrier. Beside the keys here it holds the carrier's own settings and credentials
/// (`waybill carriers show <id>` prints them). Any text may be given as `{ env = "NAME" }` or `{ file = "PATH" }`.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccountConfig {
    /// Id of the carrier, such as `ups`.
    pub carrier: String,
    /// Whether the account is used.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Call limits of this account in place of those that the carrier publishes, such as
    /// `[{ calls = 600, seconds = 3600 }]` after the carrier has raised them; `[]` for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotas: Option<Vec<Quota>>,
    /// The carrier's settings and credentials.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

fn yes() -> bool {
    true
}

/// Shows no settings: they hold credentials.
impl std::fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountConfig")
            .field("carrier", &self.carrier)
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

/// A carrier from a dynamic library.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginConfig {
    /// Path of the library.
    pub path: PathBuf,
    /// Its SHA-256 in hexadecimal; `waybill plugin inspect PATH` prints it.
    pub sha256: String,
}
