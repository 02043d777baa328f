//! `GET /tracking/v3/tracking/{number}` and `POST /tracking/v3r2/tracking`

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::failure::ErrorField;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrackRequest {
    pub tracking_number: String,
    #[serde(rename = "destinationZIPCode", skip_serializing_if = "Option::is_none")]
    pub destination_zip_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailing_date: Option<String>,
}

/// What is known of one number, in the shapes of both APIs: `TrackingDetails`, `TrackingSummary` and the v3r2 entry.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Entry {
    #[serde(deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    /// In an entry of a 207 answer.
    pub error: Option<ErrorField>,
    /// The same, in other shapes.
    #[serde(deserialize_with = "lenient::list")]
    pub errors: Vec<super::failure::Item>,
    #[serde(deserialize_with = "lenient::text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub message: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub status: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub status_category: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub status_summary: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub mail_class: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    pub delivery_date_expectation: Option<Expectation>,
    /// The expectation again, in the fields of v3.
    #[serde(flatten)]
    pub expectation: Expectation,
    #[serde(deserialize_with = "lenient::text")]
    pub expected_delivery_time_stamp: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_time_stamp: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub guaranteed_delivery_time_stamp: Option<String>,
    /// Another label on the piece.
    #[serde(deserialize_with = "lenient::text")]
    pub associated_label: Option<String>,
    #[serde(rename = "relatedReturnReceiptID", deserialize_with = "lenient::text")]
    pub related_return_receipt_id: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub tracking_events: Vec<Event>,
    /// Lines of text, newest first, where only a summary was given.
    #[serde(deserialize_with = "lenient::texts")]
    pub event_summaries: Vec<String>,
    /// The shape of the services before v3, which documents still show.
    #[serde(rename = "TrackResults", deserialize_with = "lenient::object")]
    pub track_results: Option<TrackResults>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct TrackResults {
    #[serde(rename = "TrackInfo", deserialize_with = "lenient::list")]
    pub track_info: Vec<TrackInfo>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct TrackInfo {
    #[serde(rename = "@ID", deserialize_with = "lenient::text")]
    pub id: Option<String>,
    #[serde(rename = "TrackSummary", deserialize_with = "lenient::text")]
    pub track_summary: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Expectation {
    #[serde(deserialize_with = "lenient::text")]
    pub expected_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub expected_delivery_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_window_start_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_window_end_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub guaranteed_delivery_date: Option<String>,
    /// `true`, or the words `End of Day`.
    #[serde(deserialize_with = "lenient::text")]
    pub end_of_day: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    #[serde(deserialize_with = "lenient::text")]
    pub event_type: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub event_code: Option<String>,
    /// Local time without zone, sometimes wrongly with a Z.
    #[serde(deserialize_with = "lenient::text")]
    pub event_timestamp: Option<String>,
    #[serde(rename = "GMTTimestamp", deserialize_with = "lenient::text")]
    pub gmt_timestamp: Option<String>,
    /// `-07:00`, or minutes.
    #[serde(rename = "GMTOffset", deserialize_with = "lenient::text")]
    pub gmt_offset: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub event_city: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub event_state: Option<String>,
    #[serde(rename = "eventZIP", deserialize_with = "lenient::text")]
    pub event_zip: Option<String>,
    #[serde(rename = "eventZIPCode", deserialize_with = "lenient::text")]
    pub event_zip_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub event_country: Option<String>,
    /// Who signed.
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
    /// The company that it was delivered to.
    #[serde(deserialize_with = "lenient::text")]
    pub firm: Option<String>,
}
