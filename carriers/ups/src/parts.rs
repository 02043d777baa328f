//! Parts that Rating and Shipping requests share: model to wire. Everything that UPS takes less of than the model holds
//! is refused or cut here.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use waybill_core::{
    Address, BatteryPacking, ContentsKind, Country, Error, FieldProblem, LengthUnit, Money, Parcel,
    Payer as Paying, Profile, Result, Shipment, Signature, Weight, WeightUnit, wire,
};

use crate::config::Config;
use crate::services::{self, option};
use crate::wire::common::*;
use crate::wire::rating::ShipmentRatingOptions;

/// `YYYYMMDD`.
pub(crate) fn day(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}

/// Reads `YYYYMMDD`, with hyphens or without.
pub(crate) fn parse_day(text: &str) -> Option<NaiveDate> {
    let digits = || text.bytes().filter(u8::is_ascii_digit).take(8);
    let number = digits().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    let year = i32::try_from(number / 10_000).ok().filter(|_| digits().count() == 8)?;
    NaiveDate::from_ymd_opt(year, number / 100 % 100, number % 100)
}

/// A weight in an answer.
pub(crate) fn read_weight(unit: &str, value: Decimal) -> Option<Weight> {
    let unit = match unit.to_ascii_uppercase().as_str() {
        "LBS" | "LB" => WeightUnit::Pound,
        "KGS" | "KG" => WeightUnit::Kilogram,
        "OZS" | "OZ" => WeightUnit::Ounce,
        _ => return None,
    };
    Some(Weight { value, unit })
}

/// An amount with the currency's decimals.
pub(crate) fn amount(money: Money) -> Amount {
    let rounded = money.rounded();
    let decimals = money.currency.decimals().unwrap_or(2) as usize;
    Amount {
        currency_code: money.currency.to_string(),
        monetary_value: format!("{:.decimals$}", rounded.amount),
    }
}

/// Origins where UPS wants pounds and inches.
pub(crate) fn imperial(origin: Country) -> bool {
    origin.is_us_or_territory()
}

/// A weight in UPS's unit for the origin, rounded up to a tenth.
pub(crate) fn weight(weight: &Weight, origin: Country) -> Weighed {
    let unit = if imperial(origin) { WeightUnit::Pound } else { WeightUnit::Kilogram };
    weighed(weight, unit)
}

fn weighed(weight: &Weight, unit: WeightUnit) -> Weighed {
    let code = match unit {
        WeightUnit::Ounce => "OZS",
        WeightUnit::Pound => "LBS",
        WeightUnit::Kilogram | WeightUnit::Gram => "KGS",
    };
    let tenths = weight.ceil_to(unit, Decimal::new(1, 1));
    Weighed { unit_of_measurement: Code::new(code), weight: tenths.to_string() }
}

/// The weight of a parcel: Ground Saver below one pound is weighed in ounces.
pub(crate) fn package_weight(parcel: &Parcel, origin: Country, service: Option<&str>) -> Weighed {
    match service {
        Some(services::SAVER_LIGHT) => weighed(&parcel.weight, WeightUnit::Ounce),
        _ => weight(&parcel.weight, origin),
    }
}

/// The outer size, longest side first, rounded up to a hundredth.
pub(crate) fn sides(parcel: &Parcel, origin: Country) -> Option<Sides> {
    let (unit, code) =
        if imperial(origin) { (LengthUnit::Inch, "IN") } else { (LengthUnit::Centimetre, "CM") };
    let [length, width, height] =
        parcel.dimensions?.sorted().map(|side| side.ceil_to(unit, Decimal::new(1, 2)).to_string());
    Some(Sides { unit_of_measurement: Code::new(code), length, width, height })
}

/// An address as UPS writes it.
pub(crate) fn place(address: &Address, path: &str) -> Result<Place> {
    Ok(Place {
        address_line: street_lines(address, path)?,
        city: wire::clip(address.city.trim(), 30).to_owned(),
        state_province_code: state(address),
        postal_code: postal_code(address),
        country_code: address.country.to_string(),
        residential_address_indicator: Flag::when(address.residential == Some(true)),
    })
}

/// Two letters where the country has states with such codes; names elsewhere would be refused.
fn state(address: &Address) -> Option<String> {
    let code = address.state_or_empty().trim();
    (code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then(|| code.to_ascii_uppercase())
}

/// Without blanks and hyphens in the US and Canada; at most nine characters.
fn postal_code(address: &Address) -> Option<String> {
    let code = address.postal_or_empty().trim();
    let code = match address.country {
        Country::CA => code.replace([' ', '-'], ""),
        country if country.is_us_or_territory() => code.replace([' ', '-'], ""),
        _ => code.to_owned(),
    };
    (!code.is_empty()).then(|| wire::clip(&code, 9).to_owned())
}

/// One to three lines of at most 35 characters: as written when that fits, else broken anew between words.
pub(crate) fn street_lines(address: &Address, path: &str) -> Result<Vec<String>> {
    const WIDTH: usize = 35;
    let lines: Vec<&str> =
        address.lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    if lines.len() <= 3 && lines.iter().all(|line| line.chars().count() <= WIDTH) {
        return Ok(lines.into_iter().map(str::to_owned).collect());
    }
    wrap(&lines.join(" "), WIDTH, 3).ok_or_else(|| {
        Error::invalid_field(
            format!("{path}.lines"),
            "the street lines do not fit into the three lines of 35 characters that UPS has",
            "shorten them, or move the company into `company`",
        )
    })
}

/// Breaks a text between words into lines; `None` when it does not fit.
pub(crate) fn wrap(text: &str, width: usize, most: usize) -> Option<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let long = word.chars().count();
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + long <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ if long <= width => lines.push(word.to_owned()),
            _ => return None,
        }
    }
    (lines.len() <= most).then_some(lines)
}

/// A party with name and address only, as Rating takes it.
pub(crate) fn party(address: &Address, path: &str) -> Result<Party> {
    Ok(Party {
        name: wire::clip(address.organisation().trim(), 35).to_owned(),
        attention_name: None,
        tax_identification_number: None,
        phone: None,
        email_address: None,
        shipper_number: None,
        address: place(address, path)?,
        vendor_info: None,
    })
}

/// A phone: area code and number in the US, its territories and Canada, with the country code before it elsewhere.
pub(crate) fn phone(address: &Address) -> Option<Phone> {
    let digits = address.phone_digits()?;
    let home = address.country.is_us_or_territory() || address.country == Country::CA;
    let number = match digits.strip_prefix('1') {
        Some(rest) if home && rest.len() == 10 => rest,
        _ => digits.as_str(),
    };
    Some(Phone { number: wire::clip(number, 15).to_owned() })
}

/// Whose name stands as the shipper: the account's address, else the side of the shipment that ships (of a return:
/// that gets it back).
pub(crate) fn shipper<'a>(config: &'a Config, shipment: &'a Shipment) -> (&'a Address, &'static str) {
    match &config.shipper {
        Some(address) => (address, "shipper"),
        None if shipment.is_return => (&shipment.to, "to"),
        None => (&shipment.from, "from"),
    }
}

/// Who pays the transport, and duties when it is not the recipient at the door.
pub(crate) fn charges(config: &Config, shipment: &Shipment) -> Result<Vec<ShipmentCharge>> {
    let mut charges = vec![ShipmentCharge {
        r#type: "01",
        payer: payer(config, &shipment.billing.transport, "billing.transport")?,
    }];
    if !shipment.crosses_customs_border() {
        return Ok(charges);
    }
    let by_incoterm = shipment.customs.as_ref().is_some_and(waybill_core::Customs::duties_paid_by_sender);
    let duties = match &shipment.billing.duties {
        // UPS bills the recipient without being told.
        Some(Paying::Recipient { account: None, .. }) => None,
        Some(paying) => Some(payer(config, paying, "billing.duties")?),
        None if by_incoterm => Some(payer(config, &Paying::Sender, "billing.duties")?),
        None => None,
    };
    charges.extend(duties.map(|payer| ShipmentCharge { r#type: "02", payer }));
    Ok(charges)
}

fn payer(config: &Config, paying: &Paying, path: &str) -> Result<Payer> {
    let account = |number: &str| {
        let number = number.trim().to_ascii_uppercase();
        let six = number.len() == 6 && number.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let problem = "not a UPS account number";
        six.then_some(number).ok_or_else(|| {
            Error::invalid_field(format!("{path}.account"), problem, "give its six letters and digits")
        })
    };
    let place = |postal_code: &Option<String>, country: Option<Country>| {
        let postal_code = postal_code.as_deref().map(|code| wire::clip(code.trim(), 9).to_owned());
        let country_code = country.map(|country| country.to_string());
        (postal_code.is_some() || country_code.is_some()).then_some(PayingPlace { postal_code, country_code })
    };
    Ok(match paying {
        Paying::Sender => {
            Payer::Shipper(PayingAccount { account_number: config.account_number.clone(), address: None })
        }
        Paying::Recipient { account: Some(number), postal_code } => Payer::Receiver(PayingAccount {
            account_number: account(number)?,
            address: place(postal_code, None),
        }),
        Paying::Recipient { account: None, .. } => {
            return Err(Error::invalid_field(
                format!("{path}.account"),
                "UPS bills a recipient on an account only",
                "give the recipient's UPS account number and its postal code",
            ));
        }
        Paying::ThirdParty { account: number, country, postal_code } => Payer::ThirdParty(PayingAccount {
            account_number: account(number)?,
            address: place(postal_code, Some(*country)),
        }),
    })
}

/// Whether somebody else's account pays the transport.
pub(crate) fn billed_elsewhere(shipment: &Shipment) -> bool {
    shipment.billing.transport != Paying::Sender
}

/// Asks for the own prices of whoever pays.
pub(crate) fn rating_options(config: &Config, shipment: &Shipment) -> Option<ShipmentRatingOptions> {
    config.negotiated_rates.then(|| ShipmentRatingOptions {
        negotiated: Flag::when(true),
        payer_negotiated: Flag::when(billed_elsewhere(shipment)),
    })
}

/// UPS's code of a packaging.
pub(crate) fn packaging(profile: &Profile, parcel: &Parcel, at: usize) -> Result<Code> {
    if parcel.packaging.is_own() {
        return Ok(Code::new(services::OWN_PACKAGING));
    }
    profile.packaging(&parcel.packaging).map(|packaging| Code::new(&packaging.carrier_code)).ok_or_else(
        || {
            let names: Vec<_> = profile.packagings.iter().map(|packaging| packaging.code.as_str()).collect();
            Error::invalid_field(
                format!("parcels[{at}].packaging"),
                format!("UPS has no packaging `{}`", parcel.packaging),
                format!("use `own` or one of: {}", names.join(", ")),
            )
        },
    )
}

/// Whether signature and cash on delivery belong to the package (inside the US, Puerto Rico and Canada) or to the
/// shipment (everywhere else).
fn on_package(shipment: &Shipment) -> bool {
    match (shipment.from.country, shipment.to.country) {
        (Country::US | Country::PR, Country::US | Country::PR) => true,
        (from, to) => from == Country::CA && to == Country::CA,
    }
}

fn confirmation(shipment: &Shipment, package: bool) -> Option<DeliveryConfirmation> {
    let dcis_type = match (&shipment.options.signature, package) {
        (Some(Signature::Signature), true) => "2",
        (Some(Signature::Adult), true) => "3",
        (Some(Signature::Signature), false) => "1",
        (Some(Signature::Adult), false) => "2",
        // UPS scans every delivery, so proof without signature needs nothing; the profile refuses other kinds.
        _ => return None,
    };
    (on_package(shipment) == package).then_some(DeliveryConfirmation { dcis_type })
}

fn cash(shipment: &Shipment, package: bool) -> Option<Cod> {
    let money = shipment.options.cash_on_delivery?;
    // 0: cheque, cashier's cheque or money order, in the US and Canada; 1: cash, elsewhere.
    let funds = if package { "0" } else { "1" };
    (on_package(shipment) == package).then(|| Cod { funds, amount: amount(money) })
}

/// Signature on the level of the shipment, where it belongs there.
pub(crate) fn shipment_confirmation(shipment: &Shipment) -> Option<DeliveryConfirmation> {
    confirmation(shipment, false)
}

/// Cash on delivery on the level of the shipment, where it belongs there.
pub(crate) fn shipment_cash(shipment: &Shipment) -> Option<Cod> {
    cash(shipment, false)
}

/// Extras of one package.
pub(crate) fn package_options(shipment: &Shipment, parcel: &Parcel) -> PackageServiceOptions {
    PackageServiceOptions {
        delivery_confirmation: confirmation(shipment, true),
        declared_value: parcel.declared_value.filter(|value| !value.is_zero()).map(amount),
        cod: cash(shipment, true),
        shipper_release_indicator: Flag::when(asks(shipment, option::SHIPPER_RELEASE)),
        dry_ice: parcel.dry_ice.map(|ice| dry_ice(&ice, shipment)),
    }
}

/// Dry ice. Its unit has codes of its own, of two characters.
fn dry_ice(ice: &Weight, shipment: &Shipment) -> DryIce {
    let unit = if imperial(shipment.from.country) { "01" } else { "00" };
    let dry_ice_weight =
        Weighed { unit_of_measurement: Code::new(unit), ..weight(ice, shipment.from.country) };
    DryIce { regulation_set: regulation(shipment), dry_ice_weight }
}

/// Rules for dry ice: US law at home, European road law inside the EU, the airlines' rules everywhere else.
fn regulation(shipment: &Shipment) -> &'static str {
    match () {
        () if shipment.is_domestic() && shipment.from.country.is_us_or_territory() => "CFR",
        () if shipment.from.country.in_eu() && shipment.to.country.in_eu() => "ADR",
        () => "IATA",
    }
}

/// A carrier option that is switched on.
pub(crate) fn asks(shipment: &Shipment, name: &str) -> bool {
    shipment.options.carrier.get(name).is_some_and(|value| matches!(value.as_str(), "true" | "yes" | "1"))
}

/// UPS's Simple Rate size.
pub(crate) fn simple_rate(shipment: &Shipment) -> Option<Code> {
    shipment.options.carrier.get(option::SIMPLE_RATE).map(|size| Code::new(size.trim().to_ascii_uppercase()))
}

/// `01` hold at an Access Point.
pub(crate) fn indication(shipment: &Shipment) -> Vec<Code> {
    shipment.options.hold_at.iter().map(|_| Code::new("01")).collect()
}

/// The Access Point that keeps the shipment. Shipping takes its id and a contact beside its address.
pub(crate) fn access_point(shipment: &Shipment, with_id: bool) -> Result<Option<AlternateDeliveryAddress>> {
    let Some(hold) = &shipment.options.hold_at else { return Ok(None) };
    let Some(address) = &hold.address else {
        return Err(Error::invalid_field(
            "options.hold_at.address",
            "UPS wants the address of the Access Point beside its id",
            "give its address",
        ));
    };
    let contact = || wire::clip(shipment.to.contact().trim(), 35).to_owned();
    Ok(Some(AlternateDeliveryAddress {
        name: wire::clip(address.organisation().trim(), 35).to_owned(),
        attention_name: with_id.then(contact),
        access_point: with_id.then(|| hold.location.trim().to_owned()),
        address: place(address, "options.hold_at.address")?,
    }))
}

/// Papers only, no goods.
pub(crate) fn documents_only(shipment: &Shipment) -> bool {
    shipment.customs.as_ref().is_some_and(|customs| customs.contents == ContentsKind::Documents)
}

/// Value of the goods, where UPS wants it: across customs borders and from the US to Puerto Rico. At least 1.
pub(crate) fn invoice_total(shipment: &Shipment) -> Result<Option<Amount>> {
    let to_puerto_rico = shipment.from.country == Country::US && shipment.to.country == Country::PR;
    if !(shipment.crosses_customs_border() || to_puerto_rico) || documents_only(shipment) {
        return Ok(None);
    }
    let value = match &shipment.customs {
        Some(customs) => customs
            .total_value()
            .map_err(|error| Error::invalid_field("customs.items", error.to_string(), "use one currency"))?,
        None => shipment
            .parcels
            .iter()
            .filter_map(|parcel| parcel.declared_value)
            .reduce(|sum, value| sum.checked_add(value).unwrap_or(sum)),
    };
    let at_least_one = |value: Money| amount(Money::new(value.amount.max(Decimal::ONE), value.currency));
    Ok(value.map(at_least_one))
}

/// What UPS alone refuses, whatever the service: checked before anything is asked or bought.
pub(crate) fn problems(shipment: &Shipment) -> Vec<FieldProblem> {
    let mut found = shipment.problems();
    let options = &shipment.options;
    let mut say =
        |path: String, problem: &str, cure: &str| found.push(FieldProblem::new(path, problem, cure));
    let signed = matches!(options.signature, Some(Signature::Signature | Signature::Adult));
    if options.cash_on_delivery.is_some() {
        if signed {
            let problem = "UPS does not combine cash on delivery with a signature option";
            say("options.cash_on_delivery".into(), problem, "leave one of them out");
        }
        if shipment.parcels.len() > 1 {
            let problem = "the amount cannot be split over several parcels";
            say(
                "options.cash_on_delivery".into(),
                problem,
                "ship one parcel, or collect with each parcel apart",
            );
        }
    }
    if asks(shipment, option::SHIPPER_RELEASE) {
        let path = format!("options.carrier.{}", option::SHIPPER_RELEASE);
        let released = |country: Country| matches!(country, Country::US | Country::PR);
        if signed || options.cash_on_delivery.is_some() || shipment.is_return {
            say(path, "not with a signature, cash on delivery or a return", "leave it out");
        } else if !(released(shipment.from.country) && released(shipment.to.country)) {
            say(path, "only inside the US and Puerto Rico", "leave it out");
        }
    }
    if let Some(size) = simple_rate(shipment)
        && (!matches!(size.code.as_str(), "XS" | "S" | "M" | "L" | "XL") || shipment.parcels.len() != 1)
    {
        let path = format!("options.carrier.{}", option::SIMPLE_RATE);
        say(
            path,
            "not a Simple Rate size, or more than one parcel",
            "write XS, S, M, L or XL and ship one parcel",
        );
    }
    for (at, parcel) in shipment.parcels.iter().enumerate() {
        if parcel.batteries.iter().any(|battery| battery.packing != BatteryPacking::Contained) {
            let problem = "UPS takes batteries without a dangerous goods contract only inside equipment";
            say(
                format!("parcels[{at}].batteries"),
                problem,
                "pack them into the equipment or use another carrier",
            );
        }
        if parcel.dry_ice.is_some_and(|ice| ice > parcel.weight || !ice.is_positive()) {
            let problem = "the dry ice is not above zero or heavier than its parcel";
            say(format!("parcels[{at}].dry_ice"), problem, "correct the weight");
        }
    }
    found
}

/// How many parcels of a return one request takes: one from the US and Puerto Rico, else twenty.
pub(crate) fn return_limit(shipment: &Shipment) -> usize {
    if matches!(shipment.from.country, Country::US | Country::PR) { 1 } else { 20 }
}
