//! Parts of the model in FedEx's form: addresses, weights, sizes, payers, tax numbers.

use rust_decimal::Decimal;
use waybill_core::wire::clip;
use waybill_core::{
    Country, Dimensions, Error, FieldProblem, LengthUnit, Parcel, Payer, Result, Shipment, TaxId, TaxIdKind,
    Weight, WeightUnit,
};

use crate::wire;

/// The one unit of weight of a shipment: FedEx wants packages and goods in the same one.
pub fn unit_of(shipment: &Shipment) -> WeightUnit {
    match shipment.parcels.first().map(|parcel| parcel.weight.unit) {
        Some(WeightUnit::Gram | WeightUnit::Kilogram) => WeightUnit::Kilogram,
        _ => WeightUnit::Pound,
    }
}

/// FedEx's name of a unit of weight.
pub fn unit_code(unit: WeightUnit) -> &'static str {
    if unit == WeightUnit::Kilogram { "KG" } else { "LB" }
}

/// A weight, rounded up to two decimals: FedEx refuses longer fractions with misleading errors.
pub fn weight(weight: &Weight, unit: WeightUnit) -> wire::Weight {
    wire::Weight { units: unit_code(unit), value: wire::Number(weight.ceil_to(unit, Decimal::new(1, 2))) }
}

/// A size, longest side first, rounded up to whole inches or centimetres. FedEx's own packaging has none.
pub fn dimensions(parcel: &Parcel) -> Result<Option<wire::Dimensions>> {
    let Some(size) = parcel.dimensions.filter(|_| parcel.packaging.is_own()) else { return Ok(None) };
    let (unit, code) = match size.unit {
        LengthUnit::Inch => (LengthUnit::Inch, "IN"),
        LengthUnit::Millimetre | LengthUnit::Centimetre => (LengthUnit::Centimetre, "CM"),
    };
    let [length, width, height] = whole(&size, unit)?;
    Ok(Some(wire::Dimensions { length, width, height, units: code }))
}

fn whole(size: &Dimensions, unit: LengthUnit) -> Result<[u32; 3]> {
    let mut sides = [0; 3];
    for (side, length) in sides.iter_mut().zip(size.sorted()) {
        let value: Option<u32> = length.ceil_to(unit, Decimal::ONE).try_into().ok();
        *side = value.filter(|value| (1..=999).contains(value)).ok_or_else(|| {
            Error::invalid_field(
                "parcels.dimensions",
                "a side is outside 1 to 999",
                "check the unit of the dimensions",
            )
        })?;
    }
    Ok(sides)
}

/// A party with address and contact.
pub fn party(address: &waybill_core::Address, phone: Option<String>) -> wire::Party {
    wire::Party {
        address: Some(street_address(address)),
        contact: Some(contact(address, phone)),
        account_number: None,
        tins: address.tax_ids.iter().map(tax_number).collect(),
    }
}

/// A party with as much of its address as a price needs.
pub fn place(address: &waybill_core::Address) -> wire::Party {
    let address = wire::Address { street_lines: Vec::new(), ..street_address(address) };
    wire::Party { address: Some(address), contact: None, account_number: None, tins: Vec::new() }
}

/// An address: at most three street lines of 35 characters, none of them empty.
pub fn street_address(address: &waybill_core::Address) -> wire::Address {
    let mut lines: Vec<String> = address
        .lines
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    // FedEx ignores the fourth line: nothing of the address may be lost.
    if lines.len() > 3 {
        let rest = lines.split_off(2).join(", ");
        lines.push(rest);
    }
    wire::Address {
        street_lines: lines,
        city: some(clip(address.city.trim(), 35)),
        state_or_province_code: state(address),
        postal_code: address.postal_code.as_deref().and_then(|code| some(code.trim())),
        country_code: address.country.as_str().to_owned(),
        residential: address.residential,
    }
}

/// The two letters of a state, where FedEx wants them. Quebec is `PQ` at FedEx.
fn state(address: &waybill_core::Address) -> Option<String> {
    let state = address.state.as_deref()?.trim().to_ascii_uppercase();
    if address.country == Country::CA && state == "QC" {
        return Some("PQ".to_owned());
    }
    (state.len() == 2).then_some(state)
}

/// A state as the rest of the world writes it.
pub fn state_from_fedex(state: &str, country: Country) -> String {
    if country == Country::CA && state == "PQ" { "QC".to_owned() } else { state.to_owned() }
}

/// Street lines that FedEx would cut.
pub fn line_problems(address: &waybill_core::Address, path: &str) -> Vec<FieldProblem> {
    let wire = street_address(address);
    let long = wire.street_lines.iter().any(|line| line.chars().count() > 35);
    let mut found = Vec::new();
    if long && address.lines.len() > 3 {
        found.push(FieldProblem::new(
            format!("{path}.lines"),
            "four street lines do not fit into FedEx's three of 35 characters",
            "shorten or join the lines",
        ));
    }
    found
}

fn contact(address: &waybill_core::Address, phone: Option<String>) -> wire::Contact {
    wire::Contact {
        person_name: address.name.as_deref().and_then(|name| some(clip(name.trim(), 70))),
        company_name: address.company.as_deref().and_then(|name| some(clip(name.trim(), 35))),
        phone_number: phone,
        email_address: address.email.as_deref().and_then(|mail| some(clip(mail.trim(), 80))),
    }
}

/// A phone number of 10 to 15 digits, exactly 10 in the US and Canada.
pub fn phone(text: &str, country: Country) -> Option<String> {
    let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if country.is_us_or_territory() || country == Country::CA {
        if digits.len() == 11 && digits.starts_with('1') {
            digits.remove(0);
        }
        return (digits.len() == 10).then_some(digits);
    }
    (7..=15).contains(&digits.len()).then_some(digits)
}

fn tax_number(id: &TaxId) -> wire::TaxpayerIdentification {
    let tin_type = match id.kind {
        TaxIdKind::Eori | TaxIdKind::Ioss => "BUSINESS_UNION",
        TaxIdKind::Ein => "FEDERAL",
        TaxIdKind::Ssn => "PERSONAL_NATIONAL",
        _ => "BUSINESS_NATIONAL",
    };
    let usage = matches!(id.kind, TaxIdKind::Ioss | TaxIdKind::Eori | TaxIdKind::Voec);
    wire::TaxpayerIdentification {
        number: clip(id.number.trim(), 18).to_owned(),
        tin_type,
        usage: usage.then(|| id.kind.as_str().to_ascii_uppercase()),
    }
}

/// Who pays, and from which account. FedEx wants the account of everybody but the sender; the sender's is the
/// account of the request, and naming another one is refused (ACCOUNT.NUMBER.MISMATCH).
pub fn payment(payer: &Payer, path: &str, recipient: Country) -> Result<wire::Payment> {
    let (payment_type, account, country) = match payer {
        Payer::Sender => return Ok(wire::Payment { payment_type: "SENDER", payor: None }),
        Payer::Recipient { account, .. } => {
            let account = account.clone().ok_or_else(|| {
                Error::invalid_field(
                    format!("{path}.account"),
                    "FedEx bills a recipient on its own account only",
                    "give the recipient's FedEx account number",
                )
            })?;
            ("RECIPIENT", account, recipient)
        }
        Payer::ThirdParty { account, country, .. } => ("THIRD_PARTY", account.clone(), *country),
    };
    let address = wire::Address { country_code: country.as_str().to_owned(), ..wire::Address::default() };
    let responsible_party = wire::Party {
        address: Some(address),
        contact: None,
        account_number: Some(wire::AccountNumber { value: account }),
        tins: Vec::new(),
    };
    Ok(wire::Payment { payment_type, payor: Some(wire::Payor { responsible_party }) })
}

/// Whether the shipment leaves its country in FedEx's view: US territories are countries of their own.
pub fn is_international(shipment: &Shipment) -> bool {
    shipment.from.country != shipment.to.country
}

/// A text that is not empty.
pub fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quebec() -> waybill_core::Address {
        let mut address =
            waybill_core::Address::new("A", "1 Rue X", "Montreal", "QC", "H2X 1Y4", Country::CA);
        address.lines.extend([
            "Floor 2".to_owned(),
            " ".to_owned(),
            "Door 3".to_owned(),
            "Bell 4".to_owned(),
        ]);
        address
    }

    #[test]
    fn quebec_is_pq_and_no_line_is_lost() {
        let wire = street_address(&quebec());
        assert_eq!(wire.state_or_province_code.as_deref(), Some("PQ"));
        assert_eq!(wire.street_lines, ["1 Rue X", "Floor 2", "Door 3, Bell 4"]);
        assert_eq!(state_from_fedex("PQ", Country::CA), "QC");
    }

    #[test]
    fn weights_have_two_decimals_and_sizes_are_whole() {
        let value = |text: &str, unit| weight(&text.parse().unwrap(), unit).value.0.to_string();
        assert_eq!(value("16oz", WeightUnit::Pound), "1");
        assert_eq!(value("1.001lb", WeightUnit::Pound), "1.01");
        assert_eq!(value("453g", WeightUnit::Kilogram), "0.46");
        let parcel = Parcel::new("1lb".parse().unwrap(), Some("4.1x12x8in".parse().unwrap()));
        let size = dimensions(&parcel).unwrap().unwrap();
        assert_eq!((size.length, size.width, size.height, size.units), (12, 8, 5, "IN"));
        let huge = Parcel::new("1lb".parse().unwrap(), Some("1000x1x1in".parse().unwrap()));
        assert!(dimensions(&huge).is_err());
    }

    #[test]
    fn phones_are_ten_digits_in_north_america() {
        assert_eq!(phone("+1 (901) 555-0100", Country::US).as_deref(), Some("9015550100"));
        assert_eq!(phone("555-0100", Country::US), None);
        assert_eq!(phone("+49 30 1234567", Country::DE).as_deref(), Some("49301234567"));
    }
}
