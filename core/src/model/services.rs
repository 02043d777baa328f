//! Services beside rating, labels and tracking: manifests, pickups, addresses, accounts, landed cost.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Charge, Document, Handle, LabelKey, LocalMoment, Notice, Parcel, Price, ServiceCode, Shipment,
    ShipmentKey, TrackingNumber,
};
use crate::{Address, Country, FieldProblem, Money};

/// Asks to close the day: SCAN form, end-of-day close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestRequest {
    /// Origin of all shipments.
    pub from: Address,
    /// Day on which the carrier takes them.
    pub ship_date: NaiveDate,
    /// Shipments to list.
    pub shipments: Vec<ManifestEntry>,
    /// Our id of this attempt.
    pub handle: Handle,
}

/// A shipment on a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// The carrier's key.
    pub shipment_key: ShipmentKey,
    /// Its pieces.
    pub tracking: Vec<TrackingNumber>,
    /// Its service.
    pub service: ServiceCode,
}

/// A closed day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManifestReply {
    /// The carrier's number of the manifest or form.
    pub number: String,
    /// Forms to print.
    pub documents: Vec<Document>,
    /// Numbers that the carrier accepted on it.
    pub accepted: Vec<TrackingNumber>,
    /// Numbers that it refused, with its words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<(TrackingNumber, String)>,
}

/// Orders a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PickupRequest {
    /// Where to collect.
    pub address: Address,
    /// On which day.
    pub date: NaiveDate,
    /// Ready from, local time.
    pub ready: NaiveTime,
    /// Place closes at, local time.
    pub close: NaiveTime,
    /// What is collected.
    pub parcels: Vec<Parcel>,
    /// Services of the parcels, one for all or one per parcel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceCode>,
    /// Numbers of the parcels, where known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracking: Vec<TrackingNumber>,
    /// Where the parcels stand: `front door`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Words for the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Our id of this attempt; the host fills it in.
    #[serde(default = "nil_handle", skip_serializing_if = "is_nil")]
    #[schemars(skip)]
    pub handle: Handle,
}

fn nil_handle() -> Handle {
    Handle(uuid::Uuid::nil())
}
fn is_nil(handle: &Handle) -> bool {
    handle.0.is_nil()
}

/// A collection that is arranged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PickupReply {
    /// The carrier's confirmation number.
    pub confirmation: String,
    /// Day and earliest time.
    pub window_start: LocalMoment,
    /// Latest time, where stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_end: Option<LocalMoment>,
    /// Its price, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What the carrier needs to cancel it; opaque to everybody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_data: Option<String>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
}

/// Names a collection to its carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PickupKey {
    /// Confirmation number.
    pub confirmation: String,
    /// Its day.
    pub date: NaiveDate,
    /// `PickupReply::carrier_data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_data: Option<String>,
}

/// Changes a collection that is arranged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PickupUpdate {
    /// Which one.
    pub key: PickupKey,
    /// How it shall be: the whole request, changed or not.
    pub request: PickupRequest,
}

/// What became of a wish to cancel a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cancel")]
pub enum PickupCancelled {
    /// It is cancelled.
    Cancelled,
    /// The driver is on the way or has been there.
    TooLate {
        /// The carrier's words.
        reason: String,
    },
}

/// Asks whether an address exists.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressRequest {
    /// The address.
    pub address: Address,
}

open_enum! {
    /// How good an address is.
    pub enum AddressVerdict {
        /// Deliverable as written.
        Valid = "valid",
        /// Deliverable with the corrections in the first candidate.
        Corrected = "corrected",
        /// Several candidates.
        Ambiguous = "ambiguous",
        /// Not deliverable.
        Invalid = "invalid",
        /// The carrier cannot tell for this country.
        Unchecked = "unchecked",
    }
}

/// What a carrier thinks of an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressReply {
    /// How good it is.
    pub verdict: AddressVerdict,
    /// Whether somebody lives there, when the carrier knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residential: Option<bool>,
    /// Addresses that the carrier proposes, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Address>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<FieldProblem>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// Asks whether the credentials work, by a harmless real call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRequest {}

/// The credentials work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountReply {
    /// What was asked to prove it, in a few words.
    pub proven_by: String,
    /// Account number with all but the last characters masked, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_hint: Option<String>,
    /// Whether the carrier is in its own test mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_mode: Option<bool>,
    /// Balance, for carriers that are paid in advance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Money>,
    /// Remarks, such as own prices not being granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// Asks what duties and taxes a shipment will cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedCostRequest {
    /// The shipment, with customs data.
    pub shipment: Shipment,
    /// Service, where the fees depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceCode>,
}

/// What duties and taxes a shipment will cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedCostReply {
    /// Transport, duties, taxes and fees together.
    pub total: Money,
    /// The parts.
    pub charges: Vec<Charge>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
}

/// Gives customs documents of the shipper's own to the carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UploadRequest {
    /// The documents. A kind that has no name in [`DocumentKind`](super::DocumentKind) goes by the carrier's own word in
    /// lower case, such as `power_of_attorney`.
    pub documents: Vec<Document>,
    /// Country that the goods leave.
    pub from: Country,
    /// Country that they go to.
    pub to: Country,
    /// Day on which the parcels are handed over.
    pub ship_date: NaiveDate,
    /// Service, where it is chosen already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceCode>,
    /// The bought shipment that they belong to; without it they are for a shipment to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment: Option<LabelKey>,
}

/// Documents that the carrier has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadReply {
    /// The carrier's ids in the order of the request, where it gives ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// What to add to [`ShipOptions::carrier`](super::ShipOptions::carrier) of the shipment to come; empty when the
    /// documents are attached to a bought one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Remarks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Notice>,
}
