//! `GET /api/track/v1/details/{number}`.

use serde::Deserialize;
use waybill_core::lenient;

use super::refusal::ErrorItem;

/// The answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackResponseWrapper {
    /// Its only element.
    pub track_response: TrackResponse,
}

/// The answer's content.
#[derive(Deserialize)]
pub struct TrackResponse {
    /// Shipments.
    #[serde(default, deserialize_with = "lenient::list")]
    pub shipment: Vec<Shipment>,
}

/// A shipment.
#[derive(Deserialize)]
pub struct Shipment {
    /// `TW0001`: not found, with HTTP 200 and without packages.
    #[serde(default, deserialize_with = "lenient::list")]
    pub warnings: Vec<ErrorItem>,
    /// Packages.
    #[serde(default, deserialize_with = "lenient::list")]
    pub package: Vec<Package>,
}

/// A package.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// Its number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    /// Other numbers.
    #[serde(default, deserialize_with = "lenient::list")]
    pub alternate_tracking_number: Vec<AlternateNumber>,
    /// Days.
    #[serde(default, deserialize_with = "lenient::list")]
    pub delivery_date: Vec<DeliveryDate>,
    /// Hours.
    #[serde(default, deserialize_with = "lenient::list")]
    pub delivery_time: Vec<DeliveryTime>,
    /// Scans, newest first.
    #[serde(default, deserialize_with = "lenient::list")]
    pub activity: Vec<Activity>,
    /// Numbers of the shipper's.
    #[serde(default, deserialize_with = "lenient::list")]
    pub reference_number: Vec<AlternateNumber>,
    /// Where it stands, three digits, without a current status.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status_code: Option<String>,
    /// Its words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status_description: Option<String>,
    /// Where it stands; its code is the three-digit one.
    #[serde(default, deserialize_with = "lenient::object")]
    pub current_status: Option<Status>,
    /// Who has it.
    #[serde(default, deserialize_with = "lenient::object")]
    pub delivery_information: Option<DeliveryInformation>,
    /// Service.
    #[serde(default, deserialize_with = "lenient::object")]
    pub service: Option<Service>,
    /// Weight.
    #[serde(default, deserialize_with = "lenient::object")]
    pub weight: Option<Weight>,
}

/// Another number.
#[derive(Deserialize)]
pub struct AlternateNumber {
    /// The number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub number: Option<String>,
    /// Whose.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
}

/// A day.
#[derive(Deserialize)]
pub struct DeliveryDate {
    /// `SDD` scheduled, `RDD` rescheduled, `DEL` delivered.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// `YYYYMMDD`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub date: Option<String>,
}

/// Hours.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryTime {
    /// `EOD` end of day, `CMT` committed, `EDW` window, `DEL` delivered.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// `HHMMSS`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub start_time: Option<String>,
    /// `HHMMSS`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub end_time: Option<String>,
}

/// A scan.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Local day, `YYYYMMDD`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub date: Option<String>,
    /// Local time, `HHMMSS`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time: Option<String>,
    /// The same in UTC.
    #[serde(default, deserialize_with = "lenient::text")]
    pub gmt_date: Option<String>,
    /// The same in UTC, `07:29:00`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub gmt_time: Option<String>,
    /// `-04:00`; older scans have none.
    #[serde(default, deserialize_with = "lenient::text")]
    pub gmt_offset: Option<String>,
    /// Where.
    #[serde(default, deserialize_with = "lenient::object")]
    pub location: Option<Location>,
    /// What.
    #[serde(default, deserialize_with = "lenient::object")]
    pub status: Option<Status>,
}

/// Where.
#[derive(Deserialize)]
pub struct Location {
    /// Place.
    #[serde(default, deserialize_with = "lenient::object")]
    pub address: Option<Place>,
    /// Number of the facility.
    #[serde(default, deserialize_with = "lenient::text")]
    pub slic: Option<String>,
}

/// Place.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// City.
    #[serde(default, deserialize_with = "lenient::text")]
    pub city: Option<String>,
    /// State.
    #[serde(default, deserialize_with = "lenient::text")]
    pub state_province: Option<String>,
    /// Postal code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country_code: Option<String>,
    /// The same, in places where the other is missing.
    #[serde(default, deserialize_with = "lenient::text")]
    pub country: Option<String>,
}

/// What.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `I`, `D`, `X` and others.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// Two letters in a scan, three digits in the current status.
    #[serde(default, deserialize_with = "lenient::text")]
    pub code: Option<String>,
    /// Three digits.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status_code: Option<String>,
    /// Words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// Shorter words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub simplified_text_description: Option<String>,
}

/// Who has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryInformation {
    /// Who signed.
    #[serde(default, deserialize_with = "lenient::text")]
    pub received_by: Option<String>,
    /// Signature.
    #[serde(default, deserialize_with = "lenient::object")]
    pub signature: Option<Signature>,
    /// Letter.
    #[serde(default, deserialize_with = "lenient::object")]
    pub pod: Option<Pod>,
    /// Photograph.
    #[serde(default, deserialize_with = "lenient::object")]
    pub delivery_photo: Option<DeliveryPhoto>,
}

/// Signature.
#[derive(Deserialize)]
pub struct Signature {
    /// Base64.
    #[serde(default, deserialize_with = "lenient::text")]
    pub image: Option<String>,
}

/// Letter.
#[derive(Deserialize)]
pub struct Pod {
    /// Base64.
    #[serde(default, deserialize_with = "lenient::text")]
    pub content: Option<String>,
}

/// Photograph.
#[derive(Deserialize)]
pub struct DeliveryPhoto {
    /// Base64.
    #[serde(default, deserialize_with = "lenient::text")]
    pub photo: Option<String>,
}

/// Service.
#[derive(Deserialize)]
pub struct Service {
    /// Public name.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
}

/// Weight.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Weight {
    /// `LBS` or `KGS`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub unit_of_measurement: Option<String>,
    /// The weight.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub weight: Option<rust_decimal::Decimal>,
}
