//! `POST /availability/v1/packageandserviceoptions`. Spec: PackageAndServiceOptions-Resource.

use super::*;

outgoing! {
    /// The request.
    pub struct ServiceOptionsRequest {
        requested_shipment: RequestedShipment,
        carrier_codes: Vec<&'static str>,
    }
    /// The lane.
    pub struct RequestedShipment { shipper: Party, recipients: Vec<Party>, ship_date_stamp: Option<String> }
}

incoming! {
    /// The answer.
    pub struct ServiceOptionsOutput { package_options: List<PackageOption>, service_options: List<KeyText> }
    /// A service in a packaging.
    pub struct PackageOption { service_type: Object<KeyText> }
    /// A code with its name.
    pub struct KeyText { key: Text }
}
