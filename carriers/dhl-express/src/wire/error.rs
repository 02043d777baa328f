//! Error envelopes: the API's own, the gateway's, and that of the API management in front of it.

use serde::Deserialize;
use waybill_core::lenient;

use super::Said;

/// All envelopes in one: `reasons` marks the gateway's, `fault` the API management's.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ErrorAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) title: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) message: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) detail: Vec<Said>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) additional_details: Vec<Said>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) reasons: Vec<Reason>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) details: Option<GatewayDetails>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) fault: Option<Fault>,
}

/// `fault` of the API management.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Fault {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) faultstring: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) detail: Option<FaultDetail>,
}

/// `fault.detail`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct FaultDetail {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) errorcode: Option<String>,
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
