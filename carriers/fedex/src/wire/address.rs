//! `POST /address/v1/addresses/resolve`. Spec: Addresses-Resource.

use super::*;

outgoing! {
    /// The request.
    pub struct ResolveRequest { addresses_to_validate: Vec<AddressToValidate> }
    /// One address.
    pub struct AddressToValidate { address: Address }
}

incoming! {
    /// The answer, in the order of the request.
    pub struct ResolveOutput { resolved_addresses: List<ResolvedAddress>, alerts: List<Alert> }
    /// One address.
    pub struct ResolvedAddress {
        street_lines_token: List<Text>,
        city: Text,
        state_or_province_code: Text,
        postal_code: Text,
        country_code: Text,
        classification: Text,
        attributes: Object<Attributes>,
        customer_messages: List<Alert>,
    }
}

/// What FedEx found out; booleans are mostly written as words.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Attributes {
    /// The address exists.
    pub resolved: Flag,
    /// The US delivery point is confirmed.
    #[serde(rename = "DPV")]
    pub dpv: Flag,
    /// FedEx has data for this country.
    pub country_supported: Flag,
    /// A flat or suite number is missing.
    pub suite_required_but_missing: Flag,
    /// A flat or suite number is wrong.
    pub invalid_suite_number: Flag,
    /// Several addresses fit.
    pub multiple_matches: Flag,
    /// How precise the match is.
    pub address_precision: Text,
}
