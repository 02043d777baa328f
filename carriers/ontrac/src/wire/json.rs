//! The JSON services v3, `ServicesAndCharges` and `PlaceOrder`, and LaserShip's public tracking. Shapes from a client and
//! its tests; no document of OnTrac's was found.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use waybill_core::lenient;

/// A decimal that is written as a JSON number, digit by digit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits =
            RawValue::from_string(self.0.normalize().to_string()).map_err(serde::ser::Error::custom)?;
        digits.serialize(serializer)
    }
}

/// Question for prices.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RateMessage {
    pub(crate) customer_branch: String,
    pub(crate) tender_date_time: String,
    pub(crate) tender_at: Place,
    pub(crate) deliver_to: Place,
    pub(crate) pieces: Vec<Piece>,
}

/// Order of a label.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrderMessage {
    pub(crate) customer_branch: String,
    pub(crate) customer_order_number: String,
    pub(crate) third_party_billing_account: String,
    pub(crate) reference1: String,
    pub(crate) reference2: String,
    pub(crate) service_code: String,
    pub(crate) pickup_type: &'static str,
    pub(crate) tender_date_time: String,
    pub(crate) expected_departure_date_time: String,
    pub(crate) injection_facility_code: String,
    pub(crate) injection_postal_code: String,
    /// Spelled as OnTrac spells it.
    #[serde(rename = "CustomerBranchePostalCode")]
    pub(crate) customer_branch_postal_code: String,
    pub(crate) tender_at: Place,
    pub(crate) deliver_to: Place,
    pub(crate) return_to: Place,
    pub(crate) pieces: Vec<Piece>,
}

/// An address.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Place {
    pub(crate) contact: String,
    pub(crate) company: String,
    pub(crate) street_address: String,
    pub(crate) address2: String,
    pub(crate) postal_code: String,
    pub(crate) city: String,
    pub(crate) state: String,
    #[serde(rename = "ISOCountryCode")]
    pub(crate) iso_country_code: &'static str,
    pub(crate) phone: String,
    /// Of the recipient only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    pub(crate) special_instructions: String,
}

/// A parcel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Piece {
    pub(crate) container_type: &'static str,
    pub(crate) weight: Number,
    pub(crate) weight_unit_of_measurement: &'static str,
    pub(crate) description: String,
    pub(crate) reference: String,
    pub(crate) expiration_date: String,
    pub(crate) attributes: [(); 0],
    pub(crate) length: Number,
    pub(crate) width: Number,
    pub(crate) height: Number,
    pub(crate) unit_of_measurement: &'static str,
}

/// Prices by service code.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct RateAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) error: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) error_message: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) services_and_charges: Option<BTreeMap<String, Service>>,
}

/// A service at a price: the sum of its charges.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Service {
    /// UTC without a letter behind it.
    #[serde(rename = "UTCExpectedDeliveryBy", deserialize_with = "lenient::text")]
    pub(crate) expected_delivery_by: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) charges: Vec<Charge>,
}

/// One charge.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Charge {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) charge_code: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) amount: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) currency: Option<String>,
}

/// What became of an order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct OrderAnswer {
    /// `true`, or the same as a text.
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) error: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) error_message: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub(crate) order: Option<Order>,
}

/// The order. LaserShip's services, the ones before, have one number and one label for all pieces.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Order {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) barcode: Option<String>,
    #[serde(rename = "LaserShipOrderNumber", deserialize_with = "lenient::text")]
    pub(crate) lasership_order_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) label: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) labels: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) pieces: Vec<SoldPiece>,
}

/// A piece with its number and label.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct SoldPiece {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) barcode: Option<String>,
    #[serde(rename = "LaserShipBarcode", deserialize_with = "lenient::text")]
    pub(crate) lasership_barcode: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) label: Option<String>,
}

/// LaserShip's public tracking of one order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TrackAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) error: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) error_message: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) estimated_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) pieces: Vec<TrackedPiece>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) events: Vec<TrackedEvent>,
}

/// A piece of the order.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TrackedPiece {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) weight: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) weight_unit: Option<String>,
}

/// An event. `UTCDateTime` is sometimes a day off.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct TrackedEvent {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) date_time: Option<String>,
    #[serde(rename = "UTCDateTime", deserialize_with = "lenient::text")]
    pub(crate) utc_date_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) city: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) state: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) postal_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) country: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) event_type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) event_short_text: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) signature: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) location: Option<String>,
}
