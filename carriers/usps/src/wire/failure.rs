//! Error bodies. Every part may be missing, and gateways answer in shapes of their own.

use serde::Deserialize;
use waybill_core::lenient;

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Failure {
    pub error: Option<ErrorField>,
    #[serde(deserialize_with = "lenient::text")]
    pub error_description: Option<String>,
    /// The API gateway's own shape.
    #[serde(deserialize_with = "lenient::object")]
    pub fault: Option<Fault>,
    /// The payment service's own shape.
    #[serde(deserialize_with = "lenient::text")]
    pub body: Option<String>,
}

/// An object, or the bare word of OAuth.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum ErrorField {
    Body(ErrorBody),
    Word(String),
    Strange(serde::de::IgnoredAny),
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ErrorBody {
    #[serde(deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub message: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub errors: Vec<Item>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Item {
    #[serde(deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub detail: Option<String>,
    pub source: Option<Source>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub enum Source {
    Place(Place),
    Strange(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
pub struct Place {
    #[serde(default, deserialize_with = "lenient::text")]
    pub parameter: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Fault {
    #[serde(deserialize_with = "lenient::text")]
    pub faultstring: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub detail: Option<FaultDetail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct FaultDetail {
    #[serde(deserialize_with = "lenient::text")]
    pub errorcode: Option<String>,
}
