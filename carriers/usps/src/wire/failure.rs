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
    /// Without the envelope `error`: gateways and newer services.
    #[serde(deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub message: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub errors: Vec<Item>,
    #[serde(deserialize_with = "lenient::text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub detail: Option<String>,
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

/// An entry of `errors`: an object, or a bare sentence.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Item {
    Entry(Entry),
    Sentence(String),
    Strange(serde::de::IgnoredAny),
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Entry {
    #[serde(deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub detail: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub message: Option<String>,
    pub source: Option<Source>,
}

impl Item {
    pub fn entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Sentence(text) => Some(Entry { detail: Some(text), ..Entry::default() }),
            Self::Strange(_) => None,
        }
    }
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
