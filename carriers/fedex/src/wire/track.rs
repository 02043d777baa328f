//! `POST /track/v1/trackingnumbers`, `/referencenumbers`, `/associatedshipments`, `/trackingdocuments`.

use super::*;

outgoing! {
    /// Asks by number.
    pub struct TrackingNumbersRequest { include_detailed_scans: bool, tracking_info: Vec<TrackingInfo> }
    /// A number, and days to look at.
    pub struct TrackingInfo {
        ship_date_begin: Option<String>,
        ship_date_end: Option<String>,
        tracking_number_info: TrackingNumberInfo,
    }
    /// A number.
    pub struct TrackingNumberInfo { tracking_number: String }
    /// Asks by reference.
    pub struct ReferenceNumbersRequest {
        references_information: ReferencesInformation,
        include_detailed_scans: bool,
    }
    /// A reference. The published schema names the last day `shipDateEndDate`, its own examples `shipDateEnd`.
    pub struct ReferencesInformation {
        value: String,
        account_number: String,
        ship_date_begin: String,
        ship_date_end: String,
        ship_date_end_date: String,
    }
    /// Asks for the pieces of a shipment.
    pub struct AssociatedShipmentsRequest {
        include_detailed_scans: bool,
        master_tracking_number_info: TrackingInfo,
        associated_type: &'static str,
    }
    /// Asks for a proof of delivery.
    pub struct TrackingDocumentsRequest {
        track_document_detail: TrackDocumentDetail,
        track_document_specification: Vec<TrackDocumentSpecification>,
    }
    /// Which document.
    pub struct TrackDocumentDetail { document_type: &'static str, document_format: &'static str }
    /// Of which parcel.
    pub struct TrackDocumentSpecification {
        tracking_number_info: TrackingNumberInfo,
        ship_date_begin: Option<String>,
        ship_date_end: Option<String>,
        account_number: Option<String>,
    }
}

incoming! {
    /// The answer by number, reference or master number.
    pub struct TrackOutput { complete_track_results: List<CompleteTrackResult> }
    /// All parcels with a number.
    pub struct CompleteTrackResult { tracking_number: Text, track_results: List<TrackResult> }
    /// A parcel.
    pub struct TrackResult {
        tracking_number_info: Object<ReadNumberInfo>,
        error: Object<CarrierError>,
        latest_status_detail: Object<LatestStatusDetail>,
        scan_events: List<ScanEvent>,
        date_and_times: List<DateAndTime>,
        estimated_delivery_time_window: Object<TimeWindow>,
        standard_transit_time_window: Object<TimeWindow>,
        service_detail: Object<ServiceDetail>,
        package_details: Object<PackageDetails>,
        delivery_details: Object<DeliveryDetails>,
        additional_tracking_info: Object<AdditionalTrackingInfo>,
    }
    /// A number.
    pub struct ReadNumberInfo { tracking_number: Text }
    /// Where it stands.
    pub struct LatestStatusDetail {
        code: Text,
        derived_code: Text,
        description: Text,
        status_by_locale: Text,
        ancillary_details: List<AncillaryDetail>,
    }
    /// Why.
    pub struct AncillaryDetail { reason: Text, reason_description: Text }
    /// A scan.
    pub struct ScanEvent {
        date: Text,
        event_type: Text,
        event_description: Text,
        exception_code: Text,
        exception_description: Text,
        scan_location: Object<ReadAddress>,
    }
    /// A date with its meaning.
    pub struct DateAndTime { r#type: Text, date_time: Text }
    /// From when to when.
    pub struct TimeWindow { window: Object<Window> }
    /// Both ends.
    pub struct Window { begins: Text, ends: Text }
    /// The service.
    pub struct ServiceDetail { description: Text }
    /// The parcel.
    pub struct PackageDetails {
        count: Count,
        sequence_number: Count,
        weight_and_dimensions: Object<WeightAndDimensions>,
    }
    /// The parcel, measured; every unit is listed.
    pub struct WeightAndDimensions { weight: List<ReadWeight> }
    /// The delivery.
    pub struct DeliveryDetails { received_by_name: Text, signed_by_name: Text }
    /// Other numbers.
    pub struct AdditionalTrackingInfo { package_identifiers: List<PackageIdentifier> }
    /// Numbers of one kind. The published schema says `value`, the answers say `values`.
    pub struct PackageIdentifier {
        r#type: Text,
        values: List<Text>,
        value: List<Text>,
    }
    /// Documents as base64.
    pub struct TrackingDocumentsOutput { document_format: Text, documents: List<Text> }
}
