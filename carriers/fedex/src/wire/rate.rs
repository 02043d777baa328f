//! `POST /rate/v1/rates/quotes`. Spec: RateQuotes-Resource.

use super::*;

outgoing! {
    /// The request.
    pub struct RateQuoteRequest {
        account_number: AccountNumber,
        rate_request_control_parameters: ControlParameters,
        carrier_codes: Vec<&'static str>,
        requested_shipment: RequestedShipment,
    }
    /// How to answer.
    pub struct ControlParameters {
        return_transit_times: bool,
        services_needed_on_rate_failure: bool,
        variable_options: Option<&'static str>,
    }
    /// What is to be shipped.
    pub struct RequestedShipment {
        shipper: Party,
        recipient: Party,
        service_type: Option<String>,
        packaging_type: String,
        preferred_currency: Option<String>,
        rate_request_type: Vec<&'static str>,
        // Capital S here, small on ship.
        ship_date_stamp: Option<String>,
        pickup_type: &'static str,
        document_shipment: Option<bool>,
        total_package_count: u32,
        total_weight: Option<Number>,
        requested_package_line_items: Vec<RatePackage>,
        shipment_special_services: Option<ShipmentSpecialServices>,
        smart_post_info_detail: Option<SmartPostInfoDetail>,
        customs_clearance_detail: Option<RateCustoms>,
    }
    /// A package.
    pub struct RatePackage {
        sub_packaging_type: Option<String>,
        group_package_count: u32,
        weight: Weight,
        dimensions: Option<Dimensions>,
        declared_value: Option<Money>,
        package_special_services: Option<PackageSpecialServices>,
    }
    /// Customs data that move the price.
    pub struct RateCustoms {
        commercial_invoice: Option<CommercialInvoice>,
        duties_payment: Option<Payment>,
        commodities: Vec<Commodity>,
    }
}

incoming! {
    /// The answer.
    pub struct RateQuoteOutput { rate_reply_details: List<RateReplyDetail>, alerts: List<Alert> }
    /// A service.
    pub struct RateReplyDetail {
        service_type: Short,
        service_name: Short,
        rated_shipment_details: List<RatedShipmentDetail>,
        commit: Object<Commit>,
        operational_detail: Object<OperationalDetail>,
        customer_messages: List<Alert>,
    }
    /// A price of one kind.
    pub struct RatedShipmentDetail {
        rate_type: Short,
        currency: Short,
        total_base_charge: Amount,
        total_discounts: Amount,
        total_net_fed_ex_charge: Amount,
        total_net_charge: Amount,
        total_vat_charge: Amount,
        total_duties_and_taxes: Amount,
        total_duties_taxes_and_fees: Amount,
        shipment_rate_detail: Object<ShipmentRateDetail>,
        rated_packages: List<RatedPackage>,
    }
    /// Prices of a package.
    pub struct RatedPackage { package_rate_detail: Object<PackageRateDetail> }
    /// Breakdown of a package.
    pub struct PackageRateDetail { surcharges: List<Surcharge>, billing_weight: Object<ReadWeight> }
    /// Breakdown of a price.
    pub struct ShipmentRateDetail {
        rate_zone: Short,
        currency: Short,
        total_base_charge: Amount,
        total_net_charge: Amount,
        // Capital C here, small inside packages and on ship; either is read.
        sur_charges: List<Surcharge>,
        surcharges: List<Surcharge>,
        taxes: List<Surcharge>,
        total_billing_weight: Object<ReadWeight>,
        total_dim_weight: Object<ReadWeight>,
    }
    /// A line.
    pub struct Surcharge {
        r#type: Short,
        surcharge_type: Short,
        tax_type: Short,
        description: Short,
        amount: Amount,
    }
    /// When it arrives.
    pub struct Commit {
        date_detail: Object<DateDetail>,
        transit_days: Object<TransitDays>,
        days_in_transit: Short,
        saturday_delivery: Flag,
    }
    /// A day.
    pub struct DateDetail { day_format: Short, day: Short }
    /// Days in words.
    pub struct TransitDays { minimum_transit_time: Short, maximum_transit_time: Short, description: Short }
    /// The older home of dates.
    pub struct OperationalDetail {
        delivery_date: Short,
        commit_date: Short,
        commit_dates: List<Short>,
        transit_time: Short,
        ineligible_for_money_back_guarantee: Flag,
    }
}
