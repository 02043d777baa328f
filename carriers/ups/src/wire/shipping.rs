//! `POST /api/shipments/v2409/ship`.

use serde::{Deserialize, Serialize};
use waybill_core::lenient;

use super::common::*;
use super::customs::InternationalForms;
use super::rating::{NegotiatedCharges, PublishedCharges, ShipmentRatingOptions};

/// The request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentRequestWrapper {
    /// Its only element.
    pub shipment_request: ShipmentRequest,
}

/// The request's content.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentRequest {
    /// What to validate.
    pub request: RequestPart,
    /// What is shipped.
    pub shipment: Shipment,
    /// Wanted label.
    pub label_specification: LabelSpecification,
}

/// What is shipped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Shipment {
    /// Goods, at most 50 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `9` print return label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_service: Option<Code>,
    /// Papers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents_only_indicator: Option<Flag>,
    /// The account.
    pub shipper: Party,
    /// Destination.
    pub ship_to: Party,
    /// Origin.
    pub ship_from: Party,
    /// Access Point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alternate_delivery_address: Option<AlternateDeliveryAddress>,
    /// `01` hold at an Access Point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shipment_indication_type: Vec<Code>,
    /// Who pays.
    pub payment_information: PaymentInformation,
    /// Own prices wanted in the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_rating_options: Option<ShipmentRatingOptions>,
    /// Two at most; refused inside the US and inside Puerto Rico.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_number: Vec<ReferenceNumber>,
    /// Service.
    pub service: Code,
    /// Value of the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_line_total: Option<Amount>,
    /// `YYYYMMDD`, at most seven days ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_date: Option<String>,
    /// Extras.
    pub shipment_service_options: ShipmentServiceOptions,
    /// Packages.
    pub package: Vec<Package>,
}

/// Who pays.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentInformation {
    /// At most three.
    pub shipment_charge: Vec<ShipmentCharge>,
}

/// A number of the shipper's.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReferenceNumber {
    /// What it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// At most 35 characters.
    pub value: String,
}

/// Extras of a shipment.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentServiceOptions {
    /// Saturday delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturday_delivery_indicator: Option<Flag>,
    /// Signature, where it is not on the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_confirmation: Option<DeliveryConfirmation>,
    /// Cash on delivery, where it is not on the package.
    #[serde(rename = "COD", skip_serializing_if = "Option::is_none")]
    pub cod: Option<Cod>,
    /// To this address only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_delivery_only_indicator: Option<Flag>,
    /// E-mails, at most three kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notification: Vec<Notification>,
    /// Offset of emissions.
    #[serde(rename = "UPScarbonneutralIndicator", skip_serializing_if = "Option::is_none")]
    pub carbon_neutral: Option<Flag>,
    /// Customs documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub international_forms: Option<InternationalForms>,
}

/// E-mails on one occasion.
#[derive(Debug, Serialize)]
pub struct Notification {
    /// `6` shipped, `8` delivered, `5` return under way, `012` ready at the Access Point.
    #[serde(rename = "NotificationCode")]
    pub code: &'static str,
    /// To whom.
    #[serde(rename = "EMail")]
    pub email: EMail,
}

/// Recipients of an e-mail.
#[derive(Debug, Serialize)]
pub struct EMail {
    /// At most five.
    #[serde(rename = "EMailAddress")]
    pub addresses: Vec<String>,
}

/// A package. (Rating calls its packaging `PackagingType`.)
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Package {
    /// Goods, at most 35 characters; needed for returns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Packaging.
    pub packaging: Code,
    /// Size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Sides>,
    /// Weight.
    pub package_weight: Weighed,
    /// Five at most; inside the US and inside Puerto Rico only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_number: Vec<ReferenceNumber>,
    /// Simple Rate size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simple_rate: Option<Code>,
    /// Cannot pass a sorting machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_handling_indicator: Option<Flag>,
    /// Extras.
    #[serde(skip_serializing_if = "PackageServiceOptions::is_empty")]
    pub package_service_options: PackageServiceOptions,
}

/// Wanted label, in Shipping and in label recovery.
#[derive(Debug, Serialize)]
pub struct LabelSpecification {
    /// `GIF`, `ZPL`, `EPL`, `SPL`, `PNG`; label recovery also `PDF`.
    #[serde(rename = "LabelImageFormat")]
    pub format: Code,
    /// Wanted for GIF.
    #[serde(rename = "HTTPUserAgent", skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'static str>,
    /// Stock in inches.
    #[serde(rename = "LabelStockSize")]
    pub stock: LabelStockSize,
}

/// Stock in inches.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LabelStockSize {
    /// 6 or 8.
    pub height: &'static str,
    /// 4.
    pub width: &'static str,
}

/// The answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentResponseWrapper {
    /// Its only element.
    pub shipment_response: ShipmentResponse,
}

/// The answer's content.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentResponse {
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::object")]
    pub response: Option<ResponsePart>,
    /// The sale.
    #[serde(default, deserialize_with = "lenient::object")]
    pub shipment_results: Option<ShipmentResults>,
}

/// The sale.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentResults {
    /// Published price.
    #[serde(default, deserialize_with = "lenient::object")]
    pub shipment_charges: Option<PublishedCharges>,
    /// Own price.
    #[serde(default, deserialize_with = "lenient::object")]
    pub negotiated_rate_charges: Option<NegotiatedCharges>,
    /// Number of the first package; the key to void by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub shipment_identification_number: Option<String>,
    /// Packages in the order of the request.
    #[serde(default, deserialize_with = "lenient::list")]
    pub package_results: Vec<PackageResult>,
    /// Customs documents, all in one file.
    #[serde(default, deserialize_with = "lenient::list")]
    pub form: Vec<Paper>,
    /// Remarks on taxes and prices.
    #[serde(default, deserialize_with = "lenient::list")]
    pub disclaimer: Vec<Described>,
    /// Control log of a high value, to be signed by the driver.
    #[serde(default, deserialize_with = "lenient::list")]
    pub control_log_receipt: Vec<Paper>,
    /// Report for high values, to be signed by the driver.
    #[serde(default, deserialize_with = "lenient::list")]
    pub high_value_report: Vec<Paper>,
    /// Page to hand over with cash on delivery.
    #[serde(default, rename = "CODTurnInPage", deserialize_with = "lenient::list")]
    pub cod_turn_in_page: Vec<Paper>,
}

/// A package that was sold.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PackageResult {
    /// Its number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub tracking_number: Option<String>,
    /// Number of the postal service that delivers Ground Saver parcels.
    #[serde(default, rename = "USPSPICNumber", deserialize_with = "lenient::text")]
    pub usps_pic_number: Option<String>,
    /// Its label.
    #[serde(default, deserialize_with = "lenient::object")]
    pub shipping_label: Option<Image>,
    /// Receipt of a return.
    #[serde(default, deserialize_with = "lenient::object")]
    pub shipping_receipt: Option<Image>,
}
