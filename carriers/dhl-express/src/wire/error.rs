//! Error envelopes: the API's own, and the gateway's.

use serde::Deserialize;
use waybill_core::lenient;

use super::Text;

/// Both envelopes in one: `reasons` marks the gateway's.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ErrorAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) title: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) message: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) detail: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) additional_details: Vec<Text>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) reasons: Vec<Reason>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) details: Option<GatewayDetails>,
}

/// `reasons[]` of the gateway.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Reason {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) msg: Option<String>,
}

/// `details` of the gateway.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GatewayDetails {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) msg_id: Option<String>,
}
