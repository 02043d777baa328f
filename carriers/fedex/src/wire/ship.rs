//! `POST /ship/v1/shipments` and `/results`. Spec: Shipment-Resource.

use super::rate::{OperationalDetail, Surcharge};
use super::*;

outgoing! {
    /// The request.
    pub struct CreateShipment {
        account_number: AccountNumber,
        label_response_options: &'static str,
        processing_option_type: &'static str,
        requested_shipment: RequestedShipment,
    }
    /// What is to be shipped.
    pub struct RequestedShipment {
        // Small s here, capital on rate.
        ship_datestamp: Option<String>,
        pickup_type: &'static str,
        service_type: String,
        packaging_type: String,
        total_weight: Number,
        total_declared_value: Option<Money>,
        shipper: Party,
        recipients: Vec<Party>,
        shipping_charges_payment: Payment,
        block_insight_visibility: bool,
        rate_request_type: Vec<&'static str>,
        label_specification: LabelSpecification,
        shipment_special_services: Option<ShipmentSpecialServices>,
        email_notification_detail: Option<EmailNotificationDetail>,
        customs_clearance_detail: Option<CustomsClearanceDetail>,
        shipping_document_specification: Option<ShippingDocumentSpecification>,
        smart_post_info_detail: Option<SmartPostInfoDetail>,
        total_package_count: u32,
        requested_package_line_items: Vec<ShipPackage>,
    }
    /// The label.
    pub struct LabelSpecification {
        image_type: &'static str,
        label_stock_type: String,
        label_format_type: &'static str,
        resolution: Option<u32>,
        printed_label_origin: Option<Party>,
    }
    /// A package.
    pub struct ShipPackage {
        sequence_number: u32,
        group_package_count: u32,
        sub_packaging_type: Option<String>,
        weight: Weight,
        dimensions: Option<Dimensions>,
        declared_value: Option<Money>,
        customer_references: Vec<CustomerReference>,
        item_description: Option<String>,
        package_special_services: Option<PackageSpecialServices>,
    }
    /// E-mails to the people involved.
    pub struct EmailNotificationDetail {
        aggregation_type: &'static str,
        email_notification_recipients: Vec<EmailRecipient>,
    }
    /// A reader of e-mails.
    pub struct EmailRecipient {
        email_address: String,
        email_notification_recipient_type: &'static str,
        notification_format_type: &'static str,
        notification_type: &'static str,
        notification_event_type: Vec<&'static str>,
    }
    /// Customs data.
    pub struct CustomsClearanceDetail {
        commercial_invoice: CommercialInvoice,
        commodities: Vec<Commodity>,
        duties_payment: Payment,
        total_customs_value: Option<Money>,
        is_document_only: Option<bool>,
        importer_of_record: Option<Party>,
        export_detail: Option<ExportDetail>,
        customs_option: Option<CustomsOption>,
    }
    /// Export filing.
    pub struct ExportDetail { export_compliance_statement: Option<String>, permit_number: Option<String> }
    /// Why goods go back.
    pub struct CustomsOption { r#type: &'static str }
    /// Papers that FedEx makes.
    pub struct ShippingDocumentSpecification {
        shipping_document_types: Vec<&'static str>,
        commercial_invoice_detail: Option<CommercialInvoiceDetail>,
    }
    /// The invoice as a file.
    pub struct CommercialInvoiceDetail { document_format: DocumentFormat }
    /// A file format.
    pub struct DocumentFormat { stock_type: &'static str, doc_type: &'static str }
    /// Asks for the outcome of an asynchronous job.
    pub struct AsyncResultRequest { account_number: AccountNumber, job_id: String }
}

incoming! {
    /// The answer.
    pub struct ShipOutput {
        transaction_shipments: List<TransactionShipment>,
        job_id: Text,
        alerts: List<Alert>,
    }
    /// A shipment.
    pub struct TransactionShipment {
        master_tracking_number: Text,
        service_type: Text,
        piece_responses: List<PieceResponse>,
        shipment_documents: List<ShipDocument>,
        completed_shipment_detail: Object<CompletedShipmentDetail>,
        alerts: List<Alert>,
    }
    /// A piece. Its amounts repeat those of the whole shipment and are not read.
    pub struct PieceResponse {
        package_sequence_number: Count,
        tracking_number: Text,
        master_tracking_number: Text,
        package_documents: List<ShipDocument>,
        delivery_datestamp: Text,
    }
    /// A file.
    pub struct ShipDocument {
        content_type: Text,
        doc_type: Text,
        encoded_label: Text,
    }
    /// More on the shipment.
    pub struct CompletedShipmentDetail {
        master_tracking_id: Object<TrackingId>,
        operational_detail: Object<OperationalDetail>,
        shipment_rating: Object<ShipmentRating>,
        shipment_documents: List<PartedDocument>,
    }
    /// A number.
    pub struct TrackingId { tracking_number: Text }
    /// Prices; `actual_rate_type` names the one that is paid.
    pub struct ShipmentRating {
        actual_rate_type: Text,
        shipment_rate_details: List<ShipRateDetail>,
    }
    /// A price of one kind.
    pub struct ShipRateDetail {
        rate_type: Text,
        currency: Text,
        total_base_charge: Amount,
        total_freight_discounts: Amount,
        total_taxes: Amount,
        total_net_charge: Amount,
        total_duties_and_taxes: Amount,
        surcharges: List<Surcharge>,
        taxes: List<Surcharge>,
    }
    /// A file in parts.
    pub struct PartedDocument {
        r#type: Text,
        image_type: Text,
        parts: List<DocumentPart>,
    }
    /// A part of a file.
    pub struct DocumentPart { document_part_sequence_number: Count, image: Text }
}
