//! Parts that several endpoints share.

use super::{Amount, List, Number, Object, Short, Text};

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
        attributes: Vec<&'static str>,
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
    /// A weight.
    pub struct ReadWeight { units: Short, unit: Short, value: Amount }

    /// An address, mostly of a city.
    pub struct ReadAddress {
        city: Text,
        state_or_province_code: Text,
        postal_code: Text,
        country_code: Text,
    }

    /// An error.
    pub struct CarrierError {
        #[serde(alias = "errorCode")]
        code: Text,
        #[serde(alias = "errorMessage", alias = "description")]
        message: Text,
    }

    /// Any answer, for its errors: FedEx's own list, or the words of a gateway before it.
    pub struct ErrorAnswer {
        transaction_id: Text,
        errors: List<CarrierError>,
        output: Object<ErrorOutput>,
        fault: Object<Fault>,
        error: Text,
        #[serde(rename = "error_description")]
        error_description: Text,
        code: Text,
        message: Text,
    }

    /// What an answer with errors holds beside them.
    pub struct ErrorOutput { document_responses: List<DocumentResponse> }

    /// Why a document was not taken.
    pub struct DocumentResponse { alerts: List<Alert> }

    /// A gateway's fault.
    pub struct Fault { faultstring: Text, faultcode: Text, detail: Object<FaultDetail> }

    /// More on it.
    pub struct FaultDetail { errorcode: Text }

    /// An access token; the one answer in snake case.
    pub struct TokenAnswer {
        #[serde(rename = "access_token")]
        access_token: Text,
        #[serde(rename = "expires_in")]
        expires_in: Amount,
    }
}

/// A remark. Track writes it as one text, `TRACKING.DATA.NOTFOUND - Tracking data unavailable`.
#[derive(Clone, Default)]
pub struct Alert {
    /// FedEx's code.
    pub code: Text,
    /// FedEx's words.
    pub message: Text,
}

impl<'de> serde::Deserialize<'de> for Alert {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Parts(CarrierError),
            Whole(String),
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Parts(CarrierError { code, message }) => Self { code, message },
            Shape::Whole(text) => match text.split_once(" - ") {
                Some((code, words)) if !code.trim().contains(' ') => Self {
                    code: Text(Some(code.trim().to_owned())),
                    message: Text(Some(words.trim().to_owned())),
                },
                _ => Self { code: Text(None), message: Text(Some(text.trim().to_owned())) },
            },
        })
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

impl ErrorAnswer {
    /// FedEx's first error that says anything.
    pub fn own(&self) -> Option<&CarrierError> {
        self.errors.iter().find(|error| error.code.0.is_some() || error.message.0.is_some())
    }

    /// What a gateway said in a form of its own.
    pub fn foreign(&self) -> Option<CarrierError> {
        let fault = self.fault.as_ref();
        let of_fault = |fault: &Fault| fault.detail.as_ref().and_then(|detail| detail.errorcode.0.clone());
        let code = fault
            .and_then(|fault| of_fault(fault).or_else(|| fault.faultcode.0.clone()))
            .or_else(|| self.error.0.clone())
            .or_else(|| self.code.0.clone());
        let message = fault
            .and_then(|fault| fault.faultstring.0.clone())
            .or_else(|| self.error_description.0.clone())
            .or_else(|| self.message.0.clone());
        let said = code.is_some() || message.is_some();
        said.then_some(CarrierError { code: Text(code), message: Text(message) })
    }

    /// The document host says why in an alert beside an error that says only that.
    pub fn reason(&self) -> Option<&str> {
        let responses = self.output.as_ref()?.document_responses.iter();
        responses.flat_map(|response| response.alerts.iter()).find_map(|alert| alert.message.0.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_read_as_parts_and_as_one_text() {
        let json = r#"["TRACKING.DATA.NOTFOUND -  Tracking data unavailable", {"code": "A", "message": "b"}, "just words"]"#;
        let alerts: List<Alert> = serde_json::from_str(json).unwrap();
        let said: Vec<_> = alerts.iter().map(|it| (it.code.or_empty(), it.message.or_empty())).collect();
        assert_eq!(
            said,
            [("TRACKING.DATA.NOTFOUND", "Tracking data unavailable"), ("A", "b"), ("", "just words")]
        );
    }
}
