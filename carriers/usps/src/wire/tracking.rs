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

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Entry {
    #[serde(deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    /// In an entry of a 207 answer.
    pub error: Option<ErrorField>,
    /// The same, in another shape.
    #[serde(deserialize_with = "lenient::list")]
    pub errors: Vec<super::failure::Item>,
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
    #[serde(deserialize_with = "lenient::text")]
    pub expected_delivery_time_stamp: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub guaranteed_delivery_time_stamp: Option<String>,
    #[serde(deserialize_with = "lenient::list")]
    pub tracking_events: Vec<Event>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Expectation {
    #[serde(deserialize_with = "lenient::text")]
    pub expected_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_window_start_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub predicted_delivery_window_end_time: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub guaranteed_delivery_date: Option<String>,
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
    #[serde(deserialize_with = "lenient::text")]
    pub name: Option<String>,
}
