//! `POST /shipments`: the request.

use serde::Serialize;

use super::pickup::Instruction;
use super::{Account, Num, Party, Reference, Sides, ValueAddedService, Wanted};

/// Request.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShipmentRequest {
    pub(crate) planned_shipping_date_and_time: String,
    pub(crate) pickup: Pickup,
    pub(crate) product_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) local_product_code: Option<String>,
    pub(crate) get_rate_estimates: bool,
    pub(crate) accounts: Vec<Account>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) value_added_services: Vec<ValueAddedService>,
    pub(crate) output_image_properties: OutputImageProperties,
    pub(crate) customer_references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) identifiers: Vec<Identifier>,
    pub(crate) customer_details: Parties,
    pub(crate) content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_demand_delivery: Option<OnDemandDelivery>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) shipment_notification: Vec<Notification>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) get_additional_information: Vec<Wanted>,
    pub(crate) estimated_delivery_date: Wanted,
}

/// `pickup`: whether a courier is booked at once.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pickup {
    pub(crate) is_requested: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) close_time: Option<String>,
}

/// `outputImageProperties`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutputImageProperties {
    pub(crate) encoding_format: &'static str,
    #[serde(rename = "printerDPI", skip_serializing_if = "Option::is_none")]
    pub(crate) printer_dpi: Option<u16>,
    pub(crate) image_options: Vec<ImageOption>,
    pub(crate) split_transport_and_waybill_doc_labels: bool,
    pub(crate) all_documents_in_one_image: bool,
    pub(crate) split_documents_by_pages: bool,
    pub(crate) split_invoice_and_receipt: bool,
}

/// `imageOptions[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageOption {
    pub(crate) type_code: &'static str,
    pub(crate) template_name: String,
    pub(crate) is_requested: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hide_account_number: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) number_of_copies: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invoice_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label_free_text: Option<String>,
}

/// `identifiers[]`: a number chosen before, by agreement.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identifier {
    pub(crate) type_code: &'static str,
    pub(crate) value: String,
}

/// `customerDetails`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parties {
    pub(crate) shipper_details: Party,
    pub(crate) receiver_details: Party,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) importer_details: Option<Party>,
}

/// `content`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    pub(crate) packages: Vec<ShippedPackage>,
    pub(crate) is_customs_declarable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) declared_value: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) declared_value_currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) export_declaration: Option<ExportDeclaration>,
    pub(crate) description: String,
    #[serde(rename = "USFilingTypeValue", skip_serializing_if = "Option::is_none")]
    pub(crate) us_filing_type_value: Option<String>,
    pub(crate) incoterm: String,
    pub(crate) unit_of_measurement: &'static str,
}

/// `content.packages[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShippedPackage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) type_code: Option<String>,
    pub(crate) weight: Num,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<Sides>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) customer_references: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) identifiers: Vec<Identifier>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    pub(crate) reference_number: usize,
}

/// `content.exportDeclaration`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportDeclaration {
    pub(crate) line_items: Vec<LineItem>,
    pub(crate) invoice: Invoice,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) remarks: Vec<Instruction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place_of_incoterm: Option<String>,
    pub(crate) export_reason_type: String,
    pub(crate) shipment_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) licenses: Vec<Licence>,
}

/// `lineItems[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItem {
    pub(crate) number: usize,
    pub(crate) description: String,
    pub(crate) price: Num,
    pub(crate) quantity: Quantity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) commodity_codes: Vec<CommodityCode>,
    pub(crate) export_reason_type: String,
    pub(crate) manufacturer_country: String,
    pub(crate) weight: LineWeight,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) customer_references: Vec<Reference>,
}

/// `lineItems[].quantity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quantity {
    pub(crate) value: u32,
    pub(crate) unit_of_measurement: &'static str,
}

/// `lineItems[].commodityCodes[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommodityCode {
    pub(crate) type_code: &'static str,
    pub(crate) value: String,
}

/// `lineItems[].weight`: of the whole line.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineWeight {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) net_value: Option<Num>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gross_value: Option<Num>,
}

/// `invoice`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invoice {
    pub(crate) number: String,
    pub(crate) date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signature_name: Option<String>,
}

/// `licenses[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Licence {
    pub(crate) type_code: &'static str,
    pub(crate) value: String,
}

/// `onDemandDelivery`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnDemandDelivery {
    pub(crate) delivery_option: &'static str,
    pub(crate) service_point_id: String,
}

/// `shipmentNotification[]`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    pub(crate) type_code: &'static str,
    pub(crate) receiver_id: String,
    pub(crate) language_code: &'static str,
}
