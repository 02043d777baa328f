//! `GET /identifiers`: numbers before the purchase, by agreement.

use serde::Deserialize;
use waybill_core::lenient;

use super::Text;

/// Answer.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct IdentifiersAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) identifiers: Vec<IdentifierList>,
}

/// `identifiers[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct IdentifierList {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) list: Vec<Text>,
}
