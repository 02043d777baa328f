//! Answers of the label, return label, international label, reprint and cancel calls.

use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_core::lenient;

use super::options::{Commitment, Fee, Warning};

/// The whole answer as JSON: metadata at the top (vendor JSON), under `labelMetadata`, or under `returnLabelMetadata` for
/// return labels and for the return label that comes with an outbound one.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct JsonAnswer {
    #[serde(flatten)]
    pub top: Metadata,
    pub label_metadata: Option<Embedded>,
    pub return_label_metadata: Option<Embedded>,
    #[serde(deserialize_with = "lenient::text")]
    pub label_image: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub return_label_image: Option<String>,
}

/// Metadata as an object, or as a text that holds the object.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Embedded {
    Object(Box<Metadata>),
    Text(String),
    Strange(serde::de::IgnoredAny),
}

impl Embedded {
    pub fn read(self) -> Option<Metadata> {
        match self {
            Self::Object(metadata) => Some(*metadata),
            Self::Text(text) => serde_json::from_str(&text).ok(),
            Self::Strange(_) => None,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    #[serde(deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub international_tracking_number: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub routing_information: Option<String>,
    #[serde(rename = "SKU", deserialize_with = "lenient::text")]
    pub sku: Option<String>,
    /// Without extra services and fees.
    #[serde(deserialize_with = "lenient::decimal")]
    pub postage: Option<Decimal>,
    #[serde(deserialize_with = "lenient::list")]
    pub extra_services: Vec<BoughtExtra>,
    #[serde(deserialize_with = "lenient::list")]
    pub fees: Vec<Fee>,
    #[serde(deserialize_with = "lenient::text")]
    pub zone: Option<String>,
    /// An object; a list in some answers.
    #[serde(deserialize_with = "lenient::object")]
    pub commitment: Option<Commitment>,
    /// Beside `labelMetadata` where there is one.
    #[serde(deserialize_with = "lenient::object")]
    pub prepaid_duties_taxes_fees: Option<PrepaidDuties>,
    /// Number of the return receipt (Certified or Registered Mail, return receipt service).
    #[serde(deserialize_with = "lenient::text")]
    pub return_receipt_tracking_number: Option<String>,
}

/// `name` and `SKU` for domestic labels, `serviceID`, `serviceName` and `sku` for international ones.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct BoughtExtra {
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    #[serde(rename = "serviceID", deserialize_with = "lenient::text")]
    pub service_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub service_name: Option<String>,
    #[serde(rename = "SKU", deserialize_with = "lenient::text")]
    pub sku: Option<String>,
    #[serde(rename = "sku", deserialize_with = "lenient::text")]
    pub international_sku: Option<String>,
    #[serde(deserialize_with = "lenient::decimal")]
    pub price: Option<Decimal>,
    #[serde(deserialize_with = "lenient::list")]
    pub warnings: Vec<Warning>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct PrepaidDuties {
    #[serde(deserialize_with = "lenient::decimal")]
    pub package_fee: Option<Decimal>,
    #[serde(deserialize_with = "lenient::list")]
    pub item_costs: Vec<super::options::ItemQuote>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct CancelAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub status: Option<String>,
    #[serde(alias = "disputeID", deserialize_with = "lenient::text")]
    pub dispute_id: Option<String>,
}
