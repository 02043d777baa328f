//! `POST /api/rating/v2409/{Shoptimeintransit | Ratetimeintransit}`.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use waybill_core::lenient::{self, ShortText};

use super::common::*;

/// The request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateRequestWrapper {
    /// Its only element.
    pub rate_request: RateRequest,
}

/// The request's content.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateRequest {
    /// Version of the answer.
    pub request: RequestPart,
    /// How UPS gets the parcels.
    pub pickup_type: Code,
    /// Which published prices; US origin only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_classification: Option<Code>,
    /// What is shipped.
    pub shipment: Shipment,
}

/// What is shipped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Shipment {
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
    pub payment_details: PaymentDetails,
    /// Service; absent when shopping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Code>,
    /// Sum, for international transit times.
    pub shipment_total_weight: Weighed,
    /// Papers only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documents_only_indicator: Option<Flag>,
    /// Packages.
    pub package: Vec<Package>,
    /// Extras.
    pub shipment_service_options: ShipmentServiceOptions,
    /// Own prices wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipment_rating_options: Option<ShipmentRatingOptions>,
    /// Value of the goods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_line_total: Option<Amount>,
    /// Taxes wanted.
    pub tax_information_indicator: Flag,
    /// For transit times.
    pub delivery_time_information: DeliveryTimeInformation,
}

/// Who pays.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PaymentDetails {
    /// At most two.
    pub shipment_charge: Vec<ShipmentCharge>,
}

/// A package. (Shipping calls the first field `Packaging`.)
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Package {
    /// Packaging.
    pub packaging_type: Code,
    /// Size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Sides>,
    /// Weight.
    pub package_weight: Weighed,
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

/// Extras of a shipment.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ShipmentServiceOptions {
    /// Saturday delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturday_delivery_indicator: Option<Flag>,
    /// `1`: weekday and Saturday variants; shopping only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_services_option: Option<&'static str>,
    /// Signature, where it is not on the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_confirmation: Option<DeliveryConfirmation>,
    /// Cash on delivery, where it is not on the package.
    #[serde(rename = "COD", skip_serializing_if = "Option::is_none")]
    pub cod: Option<Cod>,
    /// To this address only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_delivery_only_indicator: Option<Flag>,
    /// `9` print return label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub return_service: Option<Code>,
    /// Offset of emissions.
    #[serde(rename = "UPScarbonneutralIndicator", skip_serializing_if = "Option::is_none")]
    pub carbon_neutral: Option<Flag>,
}

/// Own prices.
#[derive(Debug, Serialize)]
pub struct ShipmentRatingOptions {
    /// Of the shipper's account.
    #[serde(rename = "NegotiatedRatesIndicator", skip_serializing_if = "Option::is_none")]
    pub negotiated: Option<Flag>,
    /// Of the account that pays, when it is not the shipper's.
    #[serde(rename = "TPFCNegotiatedRatesIndicator", skip_serializing_if = "Option::is_none")]
    pub payer_negotiated: Option<Flag>,
}

/// When the parcels are handed over.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeliveryTimeInformation {
    /// `02` documents, `03` goods.
    pub package_bill_type: &'static str,
    /// When.
    pub pickup: PickupMoment,
}

/// A day.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PickupMoment {
    /// `YYYYMMDD`.
    pub date: String,
}

/// The answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateResponseWrapper {
    /// Its only element.
    pub rate_response: RateResponse,
}

/// The answer's content.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateResponse {
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::object")]
    pub response: Option<ResponsePart>,
    /// Offers.
    #[serde(default, deserialize_with = "lenient::list")]
    pub rated_shipment: Vec<RatedShipment>,
}

/// An offer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RatedShipment {
    /// Service; its description is usually empty.
    #[serde(default, deserialize_with = "lenient::object")]
    pub service: Option<Described>,
    /// Zone.
    #[serde(default, deserialize_with = "lenient::text")]
    pub zone: Option<ShortText>,
    /// Remarks.
    #[serde(default, deserialize_with = "lenient::list")]
    pub rated_shipment_alert: Vec<Described>,
    /// Weight that was priced.
    #[serde(default, deserialize_with = "lenient::object")]
    pub billing_weight: Option<BillingWeight>,
    /// Transport alone, published.
    #[serde(default, deserialize_with = "lenient::object")]
    pub base_service_charge: Option<Charged>,
    /// Transport with fuel, where the base is not told.
    #[serde(default, deserialize_with = "lenient::object")]
    pub transportation_charges: Option<Charged>,
    /// Options together.
    #[serde(default, deserialize_with = "lenient::object")]
    pub service_options_charges: Option<Charged>,
    /// Lines of the published price.
    #[serde(default, deserialize_with = "lenient::list")]
    pub itemized_charges: Vec<ItemizedCharge>,
    /// Published total without tax.
    #[serde(default, deserialize_with = "lenient::object")]
    pub total_charges: Option<Charged>,
    /// Published total with tax, where there is tax.
    #[serde(default, deserialize_with = "lenient::object")]
    pub total_charges_with_taxes: Option<Charged>,
    /// The account's price; absent when it is not granted.
    #[serde(default, deserialize_with = "lenient::object")]
    pub negotiated_rate_charges: Option<NegotiatedCharges>,
    /// Prices per package.
    #[serde(default, deserialize_with = "lenient::list")]
    pub rated_package: Vec<RatedPackage>,
    /// Transit days without transit-time data.
    #[serde(default, deserialize_with = "lenient::object")]
    pub guaranteed_delivery: Option<GuaranteedDelivery>,
    /// Transit-time data.
    #[serde(default, deserialize_with = "lenient::object")]
    pub time_in_transit: Option<TimeInTransit>,
}

/// The published price of a sale, in Shipping.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PublishedCharges {
    /// Transport alone.
    #[serde(default, deserialize_with = "lenient::object")]
    pub base_service_charge: Option<Charged>,
    /// Transport with fuel, where the base is not told.
    #[serde(default, deserialize_with = "lenient::object")]
    pub transportation_charges: Option<Charged>,
    /// Options together.
    #[serde(default, deserialize_with = "lenient::object")]
    pub service_options_charges: Option<Charged>,
    /// Lines.
    #[serde(default, deserialize_with = "lenient::list")]
    pub itemized_charges: Vec<ItemizedCharge>,
    /// Total without tax.
    #[serde(default, deserialize_with = "lenient::object")]
    pub total_charges: Option<Charged>,
    /// Total with tax, where there is tax.
    #[serde(default, deserialize_with = "lenient::object")]
    pub total_charges_with_taxes: Option<Charged>,
}

/// The account's price, in Rating and in Shipping. (Its total is `TotalCharge`, the published one `TotalCharges`.)
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NegotiatedCharges {
    /// Transport alone.
    #[serde(default, deserialize_with = "lenient::list")]
    pub base_service_charge: Vec<Charged>,
    /// Lines.
    #[serde(default, deserialize_with = "lenient::list")]
    pub itemized_charges: Vec<ItemizedCharge>,
    /// Discounts.
    #[serde(default, deserialize_with = "lenient::list")]
    pub rate_modifier: Vec<RateModifier>,
    /// Total without tax.
    #[serde(default, deserialize_with = "lenient::object")]
    pub total_charge: Option<Charged>,
    /// Total with tax, where there is tax.
    #[serde(default, deserialize_with = "lenient::object")]
    pub total_charges_with_taxes: Option<Charged>,
}

/// A discount.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RateModifier {
    /// UPS's code.
    #[serde(default, deserialize_with = "lenient::text")]
    pub modifier_type: Option<ShortText>,
    /// UPS's words.
    #[serde(default, deserialize_with = "lenient::text")]
    pub modifier_desc: Option<ShortText>,
    /// Signed amount without currency.
    #[serde(default, deserialize_with = "lenient::decimal")]
    pub amount: Option<Decimal>,
}

/// Prices of a package.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RatedPackage {
    /// Transport alone.
    #[serde(default, deserialize_with = "lenient::object")]
    pub base_service_charge: Option<Charged>,
    /// Lines.
    #[serde(default, deserialize_with = "lenient::list")]
    pub itemized_charges: Vec<ItemizedCharge>,
    /// Discounts.
    #[serde(default, deserialize_with = "lenient::list")]
    pub rate_modifier: Vec<RateModifier>,
    /// Own lines.
    #[serde(default, deserialize_with = "lenient::object")]
    pub negotiated_charges: Option<PackageNegotiated>,
}

/// The account's lines of a package; they may be all zeros.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PackageNegotiated {
    /// Transport alone.
    #[serde(default, deserialize_with = "lenient::object")]
    pub base_service_charge: Option<Charged>,
    /// Lines.
    #[serde(default, deserialize_with = "lenient::list")]
    pub itemized_charges: Vec<ItemizedCharge>,
}

/// Transit days.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GuaranteedDelivery {
    /// Business days.
    #[serde(default, deserialize_with = "lenient::text")]
    pub business_days_in_transit: Option<ShortText>,
}

/// Transit-time data.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TimeInTransit {
    /// The service's.
    #[serde(default, deserialize_with = "lenient::object")]
    pub service_summary: Option<ServiceSummary>,
}

/// Transit-time data of a service.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ServiceSummary {
    /// The service, with its public name.
    #[serde(default, deserialize_with = "lenient::object")]
    pub service: Option<Described>,
    /// There when UPS guarantees the day.
    #[serde(default, deserialize_with = "indicator")]
    pub guaranteed_indicator: bool,
    /// `1`: arrives on Saturday for an extra charge.
    #[serde(default, deserialize_with = "lenient::text")]
    pub saturday_delivery: Option<ShortText>,
    /// When.
    #[serde(default, deserialize_with = "lenient::object")]
    pub estimated_arrival: Option<EstimatedArrival>,
}

/// When a shipment arrives.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EstimatedArrival {
    /// Local day and time.
    #[serde(default, deserialize_with = "lenient::object")]
    pub arrival: Option<Arrival>,
    /// Business days.
    #[serde(default, deserialize_with = "lenient::text")]
    pub business_days_in_transit: Option<ShortText>,
}

/// A local day and time.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Arrival {
    /// `YYYYMMDD`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub date: Option<ShortText>,
    /// `HHMMSS`.
    #[serde(default, deserialize_with = "lenient::text")]
    pub time: Option<ShortText>,
}
