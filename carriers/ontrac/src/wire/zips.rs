//! `zips`: the served ZIP codes.

use serde::Deserialize;

/// `OnTracZipResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ZipResponse {
    pub(crate) zips: Zips,
    pub(crate) error: String,
}

/// The list; may be empty or absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Zips {
    #[serde(rename = "Zip")]
    pub(crate) zip: Vec<Zip>,
}

/// A ZIP code where parcels are delivered.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Zip {
    pub(crate) zip_code: String,
    pub(crate) saturday_serviced: String,
    pub(crate) pickup_serviced: String,
}
