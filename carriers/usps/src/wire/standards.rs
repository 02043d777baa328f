//! `GET /service-standards/v3/estimates`

use serde::Deserialize;
use waybill_core::lenient;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Estimate {
    #[serde(deserialize_with = "lenient::text")]
    pub mail_class: Option<String>,
    /// For Ground Advantage: whether the row is for pieces under or over one pound.
    #[serde(deserialize_with = "lenient::text")]
    pub notes: Option<String>,
    /// Days.
    #[serde(deserialize_with = "lenient::text")]
    pub service_standard: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub delivery: Option<Delivery>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Delivery {
    #[serde(deserialize_with = "lenient::text")]
    pub scheduled_delivery_date_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub guaranteed_delivery: Option<String>,
}
