//! `GET /v1/tracking?numbers=`

use chrono::{DateTime, FixedOffset};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct TrackingReply {
    pub parcels: Vec<TrackedParcel>,
}

#[derive(Deserialize)]
pub struct TrackedParcel {
    pub number: String,
    #[serde(default)]
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
pub struct Event {
    pub code: String,
    pub text: String,
    pub at: DateTime<FixedOffset>,
    pub city: Option<String>,
    pub country: Option<String>,
    /// Code of an earlier event that was wrong.
    pub corrects: Option<String>,
    pub signed_by: Option<String>,
}
