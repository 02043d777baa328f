//! Settings of one account. The field docs are what users read: they become the schema and the reference.
//! Next: `services.rs`.

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use waybill_core::Secret;

/// An account at Hello Parcel.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Client id, from the carrier's portal under "API keys".
    pub client_id: String,
    /// Client secret that belongs to it.
    pub client_secret: Secret,
    /// Account number that is billed, eight digits.
    pub account_number: String,
    /// Another address of the API: the sandbox, a mock, a proxy.
    #[serde(default)]
    pub base_url: Option<Url>,
}

/// A section for the configuration file. A test reads it back, so it cannot rot.
pub const EXAMPLE: &str = r#"
client_id = "hello-client"
client_secret = "hello-secret"
account_number = "10020030"
"#;

/// Where the API is when the account does not say otherwise.
pub(crate) const BASE_URL: &str = "https://api.hello-parcel.example";
