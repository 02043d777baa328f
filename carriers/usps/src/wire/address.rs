//! `GET /addresses/v3/address`

use serde::Deserialize;
use waybill_core::lenient;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct AddressAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub firm: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub address: Option<Street>,
    #[serde(deserialize_with = "lenient::object")]
    pub additional_info: Option<AdditionalInfo>,
    #[serde(deserialize_with = "lenient::list")]
    pub corrections: Vec<Note>,
    #[serde(deserialize_with = "lenient::list")]
    pub matches: Vec<Note>,
    #[serde(deserialize_with = "lenient::list")]
    pub warnings: Vec<Remark>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Street {
    #[serde(deserialize_with = "lenient::text")]
    pub street_address: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub secondary_address: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub city: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub state: Option<String>,
    #[serde(rename = "ZIPCode", deserialize_with = "lenient::text")]
    pub zip_code: Option<String>,
    #[serde(rename = "ZIPPlus4", deserialize_with = "lenient::text")]
    pub zip_plus4: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct AdditionalInfo {
    #[serde(rename = "DPVConfirmation", deserialize_with = "lenient::text")]
    pub dpv_confirmation: Option<String>,
    /// A commercial mail receiving agency.
    #[serde(rename = "DPVCMRA", deserialize_with = "lenient::text")]
    pub dpvcmra: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub business: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub vacant: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Note {
    #[serde(deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub text: Option<String>,
}

/// A sentence, or something with another shape.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Remark {
    Sentence(String),
    Note(Note),
    Strange(serde::de::IgnoredAny),
}
