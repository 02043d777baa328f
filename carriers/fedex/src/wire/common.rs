//! Parts that several endpoints share.

use super::{Amount, Flag, List, Number, Object, Text};

outgoing! {
    /// An account number.
    pub struct AccountNumber { value: String }

    /// A postal address.
    pub struct Address {
        street_lines: Vec<String>,
        city: Option<String>,
        state_or_province_code: Option<String>,
        postal_code: Option<String>,
        country_code: String,
        residential: Option<bool>,
    }

    /// A person or company to call.
    pub struct Contact {
        person_name: Option<String>,
        company_name: Option<String>,
        phone_number: Option<String>,
        email_address: Option<String>,
    }

    /// A tax number.
    pub struct TaxpayerIdentification { number: String, tin_type: &'static str, usage: Option<String> }

    /// Somebody who takes part in a shipment.
    pub struct Party {
        address: Option<Address>,
        contact: Option<Contact>,
        account_number: Option<AccountNumber>,
        tins: Vec<TaxpayerIdentification>,
    }

    /// A weight.
    pub struct Weight { units: &'static str, value: Number }

    /// Whole inches or centimetres.
    pub struct Dimensions { length: u32, width: u32, height: u32, units: &'static str }

    /// An amount in FedEx's currency code.
    pub struct Money { amount: Number, currency: String }

    /// Who pays.
    pub struct Payment { payment_type: &'static str, payor: Option<Payor> }

    /// The paying account.
    pub struct Payor { responsible_party: Party }

    /// Options of a package.
    pub struct PackageSpecialServices {
        special_service_types: Vec<&'static str>,
        signature_option_type: Option<&'static str>,
        alcohol_detail: Option<AlcoholDetail>,
        battery_details: Vec<BatteryDetail>,
        standalone_battery_details: Vec<StandaloneBatteryDetail>,
        dry_ice_weight: Option<Weight>,
    }

    /// Alcohol.
    pub struct AlcoholDetail { alcohol_recipient_type: &'static str, shipper_agreement_type: Option<String> }

    /// Lithium batteries with equipment. Ship takes the first three names, rate the other three.
    pub struct BatteryDetail {
        battery_material_type: Option<&'static str>,
        battery_packing_type: Option<&'static str>,
        battery_regulatory_type: Option<&'static str>,
        material: Option<&'static str>,
        packing: Option<&'static str>,
        regulatory_sub_type: Option<&'static str>,
    }

    /// Lithium batteries without equipment.
    pub struct StandaloneBatteryDetail { battery_material_type: &'static str }

    /// Options of a shipment.
    pub struct ShipmentSpecialServices {
        special_service_types: Vec<&'static str>,
        hold_at_location_detail: Option<HoldAtLocationDetail>,
        return_shipment_detail: Option<ReturnShipmentDetail>,
        etd_detail: Option<EtdDetail>,
        shipment_dry_ice_detail: Option<ShipmentDryIceDetail>,
        home_delivery_premium_detail: Option<HomeDeliveryPremiumDetail>,
    }

    /// A counter that keeps the parcel.
    pub struct HoldAtLocationDetail {
        location_id: String,
        location_contact_and_address: Option<Party>,
    }

    /// A return label.
    pub struct ReturnShipmentDetail { return_type: &'static str, rma: Option<Rma> }

    /// Return authorisation.
    pub struct Rma { reason: String }

    /// Electronic trade documents.
    pub struct EtdDetail {
        requested_document_types: Vec<&'static str>,
        attached_documents: Vec<AttachedDocument>,
    }

    /// A document that was uploaded before.
    pub struct AttachedDocument { document_type: &'static str, document_id: String }

    /// Dry ice of the whole shipment.
    pub struct ShipmentDryIceDetail { total_weight: Weight, package_count: u32 }

    /// Home Delivery at a chosen time. FedEx writes the first name in small letters.
    pub struct HomeDeliveryPremiumDetail {
        homedelivery_premium_type: &'static str,
        delivery_date: Option<String>,
    }

    /// Ground Economy.
    pub struct SmartPostInfoDetail {
        hub_id: String,
        indicia: &'static str,
        ancillary_endorsement: Option<&'static str>,
    }

    /// A line of goods.
    pub struct Commodity {
        description: String,
        name: Option<String>,
        quantity: u32,
        quantity_units: &'static str,
        number_of_pieces: u32,
        weight: Option<Weight>,
        unit_price: Money,
        customs_value: Money,
        country_of_manufacture: Option<String>,
        harmonized_code: Option<String>,
        part_number: Option<String>,
    }

    /// The commercial invoice.
    pub struct CommercialInvoice {
        shipment_purpose: &'static str,
        terms_of_sale: Option<String>,
        originator_name: Option<String>,
        comments: Vec<String>,
        customer_references: Vec<CustomerReference>,
    }

    /// A reference.
    pub struct CustomerReference { customer_reference_type: &'static str, value: String }
}

incoming! {
    /// A remark.
    pub struct Alert { code: Text, message: Text }

    /// A weight.
    pub struct ReadWeight { units: Text, unit: Text, value: Amount }

    /// An address, mostly of a city.
    pub struct ReadAddress {
        street_lines: List<Text>,
        street_lines_token: List<Text>,
        city: Text,
        state_or_province_code: Text,
        postal_code: Text,
        country_code: Text,
        residential: Flag,
    }

    /// An error.
    pub struct CarrierError { code: Text, message: Text }

    /// Any answer, for its errors.
    pub struct ErrorAnswer { transaction_id: Text, errors: List<CarrierError> }

    /// An access token; the one answer in snake case.
    pub struct TokenAnswer {
        #[serde(rename = "access_token")]
        access_token: Text,
        #[serde(rename = "expires_in")]
        expires_in: Amount,
    }
}

/// The envelope of an answer: `output`, or `errors`, or both.
#[derive(Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<T> {
    /// FedEx's id of the call.
    #[serde(default)]
    pub transaction_id: Text,
    /// What went wrong.
    #[serde(default)]
    pub errors: List<CarrierError>,
    /// What was asked for.
    #[serde(default = "nothing")]
    pub output: Object<T>,
}

fn nothing<T>() -> Object<T> {
    Object(None)
}
