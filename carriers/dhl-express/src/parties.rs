//! Addresses and accounts in DHL's form.

use waybill_core::{Address, FieldProblem, Payer, Shipment, TaxId, TaxIdKind, wire::clip};

use crate::config::Config;
use crate::wire::{Account, Contact, Party, PostalAddress, RateParties, RatePlace, RegistrationNumber};

/// Mistakes found while a message is built.
pub(crate) type Problems = Vec<FieldProblem>;

/// Longest address line.
const LINE: usize = 45;
/// Registers that DHL knows beside the ones of the model.
const REGISTERS: &str = "VAT EIN GST SSN EOR DUN FED STA CNP IE INN KPP OGR OKP MRN SDT FTZ DAN TAN DTF RGP DLI NID PAS MID IMS EIC FTN CIC PEP";

/// A place for a rate: no street, no names.
pub(crate) fn rate_place(address: &Address) -> RatePlace {
    RatePlace {
        postal_code: clip(address.postal_or_empty().trim(), 12).to_owned(),
        city_name: clip(address.city.trim(), LINE).to_owned(),
        country_code: address.country.as_str().to_owned(),
        province_code: province(address),
    }
}

/// Both ends of a shipment for a rate.
pub(crate) fn rate_parties(shipment: &Shipment) -> RateParties {
    RateParties { shipper_details: rate_place(&shipment.from), receiver_details: rate_place(&shipment.to) }
}

fn province(address: &Address) -> Option<String> {
    let state = address.state.as_deref()?.trim();
    (2..=35).contains(&state.chars().count()).then(|| state.to_owned())
}

/// A party of a shipment or a collection. Name, company and phone are mandatory; a private person's name stands for
/// the company as well.
pub(crate) fn party(address: &Address, path: &str, problems: &mut Problems) -> Party {
    let mut say = |field: &str, problem: &str, cure: &str| {
        problems.push(FieldProblem::new(format!("{path}.{field}"), problem, cure));
    };
    let phone = address.phone.as_deref().map(str::trim).filter(|phone| !phone.is_empty());
    if phone.is_none() {
        say(
            "phone",
            "DHL Express wants a phone number of both parties",
            "give the phone with its country code",
        );
    }
    if phone.is_some_and(|phone| phone.chars().count() > 70) {
        say("phone", "the phone is longer than 70 characters", "give one number");
    }
    if address.city.trim().chars().count() > LINE {
        say("city", "the city is longer than 45 characters", "shorten it");
    }
    if address.postal_or_empty().trim().chars().count() > 12 {
        say("postal_code", "the postal code is longer than 12 characters", "correct it");
    }
    let lines = wrap(&address.lines).unwrap_or_else(|| {
        say("lines", "the street does not fit into three lines of 45 characters", "shorten it");
        Vec::new()
    });
    let mut lines = lines.into_iter();
    let line1 = lines.next().unwrap_or_default();
    if line1.is_empty() {
        say("lines", "no street line is given", "give one to three lines");
    }
    Party {
        postal_address: PostalAddress {
            postal_code: address.postal_or_empty().trim().to_owned(),
            city_name: address.city.trim().to_owned(),
            country_code: address.country.as_str().to_owned(),
            province_code: province(address),
            address_line1: line1,
            address_line2: lines.next(),
            address_line3: lines.next(),
        },
        contact_information: Contact {
            full_name: clip(address.contact().trim(), 255).to_owned(),
            company_name: clip(address.organisation().trim(), 100).to_owned(),
            phone: phone.unwrap_or_default().to_owned(),
            email: address
                .email
                .as_deref()
                .map(str::trim)
                .filter(|mail| (1..=70).contains(&mail.len()))
                .map(str::to_owned),
        },
        registration_numbers: address.tax_ids.iter().filter_map(|id| registration(id, address)).collect(),
        type_code: address.residential.map(|home| if home { "private" } else { "business" }),
    }
}

/// DHL's code of a register; `None` for one that DHL has no code for.
pub(crate) fn register(kind: &TaxIdKind) -> Option<String> {
    let code = match kind {
        TaxIdKind::Vat => "VAT",
        TaxIdKind::Eori => "EOR",
        TaxIdKind::Ioss | TaxIdKind::Voec => "SDT",
        TaxIdKind::Ein => "EIN",
        TaxIdKind::Ssn => "SSN",
        TaxIdKind::Usci => return None,
        TaxIdKind::Other(code) => code.as_str(),
    };
    let code = code.to_ascii_uppercase();
    REGISTERS.split(' ').any(|known| known == code).then_some(code)
}

fn registration(id: &TaxId, address: &Address) -> Option<RegistrationNumber> {
    let number = id.number.trim();
    (1..=35).contains(&number.chars().count()).then_some(())?;
    Some(RegistrationNumber {
        type_code: register(&id.kind)?,
        number: number.to_owned(),
        issuer_country_code: id.country.unwrap_or(address.country).as_str().to_owned(),
    })
}

/// Street lines in at most three lines of 45 characters, broken at blanks; `None` when they do not fit.
fn wrap(lines: &[String]) -> Option<Vec<String>> {
    let given: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    if given.len() <= 3 && given.iter().all(|line| line.chars().count() <= LINE) {
        return Some(given.into_iter().map(str::to_owned).collect());
    }
    let mut wrapped: Vec<String> = Vec::new();
    for word in given.iter().flat_map(|line| line.split_whitespace()) {
        let length = word.chars().count();
        match wrapped.last_mut() {
            Some(last) if last.chars().count() + 1 + length <= LINE => {
                last.push(' ');
                last.push_str(word);
            }
            _ if length <= LINE => wrapped.push(word.to_owned()),
            _ => return None,
        }
    }
    (wrapped.len() <= 3).then_some(wrapped)
}

/// Whose accounts pay: shipper, payer of the transport, payer of the duties.
pub(crate) fn accounts(config: &Config, shipment: &Shipment, problems: &mut Problems) -> Vec<Account> {
    let own = if shipment.is_return { config.import_account.as_ref() } else { None };
    let own = own.unwrap_or(&config.account).clone();
    let mut say = |path: &str, problem: &str| {
        problems.push(FieldProblem::new(
            path,
            problem,
            "give the DHL Express account number, up to 12 characters",
        ));
    };
    let payer = match &shipment.billing.transport {
        Payer::Sender if shipment.is_return => Some(own.clone()),
        Payer::Sender => config.payer_account.clone(),
        Payer::Recipient { account, .. } => {
            if account.is_none() {
                say("billing.transport.account", "the recipient can pay with an account number only");
            }
            account.clone()
        }
        Payer::ThirdParty { account, .. } => Some(account.clone()),
    };
    let duties = match &shipment.billing.duties {
        Some(Payer::ThirdParty { account, .. }) => Some(account.clone()),
        _ if crate::customs::we_pay_duties(shipment) => {
            Some(config.duties_account.clone().unwrap_or_else(|| own.clone()))
        }
        _ => None,
    };
    let row = |type_code: &'static str, number: Option<String>| Some(Account { type_code, number: number? });
    let rows = [row("shipper", Some(own)), row("payer", payer), row("duties-taxes", duties)];
    let rows: Vec<Account> = rows.into_iter().flatten().collect();
    for account in &rows {
        if !(1..=12).contains(&account.number.trim().chars().count()) {
            say("billing", "an account number is empty or longer than 12 characters");
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_lines_become_three_and_too_much_is_refused() {
        let lines = |given: &[&str]| wrap(&given.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
        assert_eq!(lines(&["1 Main St", "", "Floor 2"]).unwrap(), ["1 Main St", "Floor 2"]);
        assert_eq!(lines(&["a", "b", "c", "d"]).unwrap(), ["a b c d"]);
        assert_eq!(lines(&[&"word ".repeat(12)]).unwrap().len(), 2);
        assert_eq!(lines(&[&"x".repeat(46)]), None);
        assert_eq!(lines(&[&"word ".repeat(60)]), None);
    }

    #[test]
    fn registers_have_dhls_codes() {
        for (kind, code) in
            [("eori", Some("EOR")), ("ioss", Some("SDT")), ("cnp", Some("CNP")), ("usci", None), ("x", None)]
        {
            assert_eq!(register(&TaxIdKind::from(kind)).as_deref(), code);
        }
    }
}
