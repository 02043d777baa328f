//! `GET /address-validate`.

use serde::Deserialize;
use waybill_core::lenient;

use super::Text;

/// Answer: places that DHL serves.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AddressValidateAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) address: Vec<ServedPlace>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) warnings: Vec<Text>,
}

/// `address[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ServedPlace {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) country_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) postal_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) city_name: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) service_area: Option<ServiceArea>,
}

/// `serviceArea`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ServiceArea {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) code: Option<String>,
}
