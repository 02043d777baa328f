//! `GET /shipments/{n}/tracking` and `GET /tracking`.

use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_core::lenient;

use super::{Text, moment};

/// Answer.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TrackingAnswer {
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) shipments: Vec<TrackedShipment>,
}

/// `shipments[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TrackedShipment {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) shipment_tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) product_code: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) total_weight: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) unit_of_measurements: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) shipper_references: Vec<ReferenceAnswer>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) events: Vec<Event>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) pieces: Vec<TrackedPiece>,
    #[serde(deserialize_with = "moment")]
    pub(crate) estimated_delivery_date: Option<String>,
    #[serde(deserialize_with = "moment")]
    pub(crate) estimated_time_of_delivery: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) children_shipment_identification_numbers: Vec<Text>,
}

impl TrackedShipment {
    /// Whether the shipper's reference stands on it. An answer without references is taken at its word.
    pub(crate) fn bears(&self, reference: &str) -> bool {
        let mut all = self.shipper_references.iter().filter_map(|one| one.value.as_deref());
        self.shipper_references.is_empty() || all.any(|value| value == reference)
    }
}

/// `shipperReferences[]`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ReferenceAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) value: Option<String>,
}

/// `pieces[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TrackedPiece {
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) number: Option<Decimal>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) actual_weight: Option<Decimal>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub(crate) weight: Option<Decimal>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) events: Vec<Event>,
}

/// `events[]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Event {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) time: Option<String>,
    #[serde(rename = "GMTOffset", alias = "gmtOffset", deserialize_with = "lenient::text")]
    pub(crate) gmt_offset: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) type_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) description: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub(crate) service_area: Vec<EventArea>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) signed_by: Option<String>,
}

/// `events[].serviceArea[]`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct EventArea {
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub(crate) description: Option<String>,
}
