//! `rates`: prices.

use serde::Deserialize;

/// `OnTracRateResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RateResponse {
    pub(crate) shipments: RateShipments,
    pub(crate) error: String,
}

/// One entry per package of the question; older versions put the root error in here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RateShipments {
    pub(crate) shipment: Vec<RateShipment>,
    pub(crate) error: String,
}

/// Prices of one package.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RateShipment {
    #[serde(rename = "UID")]
    pub(crate) uid: String,
    pub(crate) rates: Rates,
    pub(crate) error: String,
}

/// One price per service.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Rates {
    pub(crate) rate: Vec<Rate>,
}

/// A service at a price. `ServiceCharge` is the sum of its details, `TotalCharge` that and fuel, `GlobalRate` the published
/// total.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Rate {
    pub(crate) service: String,
    pub(crate) service_charge_details: ServiceChargeDetails,
    pub(crate) fuel_charge: String,
    pub(crate) total_charge: String,
    pub(crate) billed_weight: String,
    pub(crate) transit_days: String,
    pub(crate) expected_delivery_date: String,
    pub(crate) commit_time: String,
    pub(crate) rate_zone: String,
    pub(crate) global_rate: String,
    pub(crate) error: String,
}

/// What the service charge is made of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ServiceChargeDetails {
    pub(crate) base_charge: String,
    #[serde(rename = "CODCharge")]
    pub(crate) cod_charge: String,
    pub(crate) declared_charge: String,
    /// V7's example says `PoundsCharge`, its table `PoundCharge`.
    #[serde(alias = "PoundCharge")]
    pub(crate) pounds_charge: String,
    pub(crate) additional_charges: String,
    pub(crate) additional_charges_details: AdditionalChargesDetails,
    pub(crate) saturday_charge: String,
}

/// What the additional charges are made of.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AdditionalChargesDetails {
    pub(crate) additional_charge: Vec<AdditionalCharge>,
}

/// An additional charge.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct AdditionalCharge {
    pub(crate) description: String,
    pub(crate) value: String,
}
