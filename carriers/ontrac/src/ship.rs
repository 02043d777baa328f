//! An order for one parcel: everything that can be refused here is refused before money can move.

use waybill_core::{
    Address, Currency, Error, ErrorKind, FieldProblem, LabelOrder, Money, Parcel, Payer, Profile, Request,
    Result, Screen, Service, Shipment, Signature, Weekend,
};

use crate::area::{self, Zips};
use crate::config::{ApiVersion, Config};
use crate::rate::{self, Measures};
use crate::services::{COD_TYPE, INSTRUCTIONS};
use crate::text::{ascii, cut, phone};
use crate::wire::shipments::{Consignee, Dim, OrderedShipment, OrderedShipments, ShipmentRequest, Shipper};
use crate::{label, number, xml};

/// Builds the message, or says what stands in the way.
pub(crate) fn request(
    config: &Config,
    profile: &Profile,
    zips: Option<&Zips>,
    order: &LabelOrder,
) -> Result<Request> {
    let service = service(config, profile, zips, order)?;
    let [parcel] = order.shipment.parcels.as_slice() else {
        let problem = "one parcel per label: OnTrac has no shipments of several pieces";
        return Err(Error::invalid_field("parcels", problem, "buy a label for each parcel"));
    };
    let mut problems = Vec::new();
    let message = shipment(config, order, service, parcel, &mut problems);
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    let body = ShipmentRequest { shipments: OrderedShipments { shipment: vec![message?] } };
    xml::post(config, config.version, "shipments", &body)
}

/// The service, when neither the profile nor the version nor the service area rules it out.
fn service<'a>(
    config: &Config,
    profile: &'a Profile,
    zips: Option<&Zips>,
    order: &LabelOrder,
) -> Result<&'a Service> {
    let Some(service) = profile.service(&order.service) else {
        return Err(Error::new(ErrorKind::NoService, "OnTrac has no such service for this account"));
    };
    if let Some(rejected) = Screen::new(profile, &order.shipment).refusal(service) {
        return Err(Error::new(ErrorKind::NoService, rejected.message));
    }
    let general = rate::declared_value(config, &order.shipment)
        .or_else(|| zips.and_then(|zips| area::refusal(zips, &order.shipment, saturday(order))));
    match general {
        Some((_, message, _)) => Err(Error::new(ErrorKind::NoService, message)),
        None => Ok(service),
    }
}

fn saturday(order: &LabelOrder) -> bool {
    order.shipment.options.saturday_delivery || order.weekend == Some(Weekend::Saturday)
}

/// Our id of the package in both directions. With a number of our own it is that number, so that sending the same number
/// again is the same message for OnTrac, whichever attempt sends it.
pub(crate) fn uid(order: &LabelOrder) -> String {
    order.numbers.first().map_or_else(|| order.handle.short(), |number| number.to_string())
}

fn shipment(
    config: &Config,
    order: &LabelOrder,
    service: &Service,
    parcel: &Parcel,
    problems: &mut Vec<FieldProblem>,
) -> Result<OrderedShipment> {
    let shipment = &order.shipment;
    let old = config.version.is_old();
    let measures = Measures::of(config, parcel);
    let [length, width, height] = measures.sides.map(|side| side.normalize().to_string());
    let (reference, reference2) = references(order, parcel, problems);
    let emails = emails(shipment, problems);
    let Some(ship_date) = shipment.ship_date else {
        return Err(Error::invalid_field(
            "ship_date",
            "the ship date is missing",
            "give the day of the hand-over",
        ));
    };
    Ok(OrderedShipment {
        uid: uid(order),
        shipper: shipper(config, &shipment.from, problems),
        consignee: consignee(config, &shipment.to, problems),
        service: service.carrier_code.clone(),
        signature_required: shipment.options.signature == Some(Signature::Signature),
        residential: shipment.to.residential.unwrap_or(true),
        saturday_del: saturday(order),
        declared: old.then(|| amount(parcel.declared_value)),
        cod: old.then(|| amount(shipment.options.cash_on_delivery)),
        cod_type: cod_type(old, shipment, problems),
        weight: measures.pounds.normalize().to_string(),
        letter: (config.version == ApiVersion::V1).then_some(u8::from(measures.letter)),
        bill_to: bill_to(shipment, problems),
        instructions: instructions(shipment, problems),
        reference,
        reference2,
        reference3: String::new(),
        tracking: chosen(order, problems),
        dim: Dim { length, width, height },
        label_type: label::kind(config, &order.label)?,
        ship_email: emails.clone(),
        del_email: emails,
        ship_date: ship_date.format("%Y-%m-%d").to_string(),
        cargo_type: (!old).then_some(0),
    })
}

fn amount(money: Option<Money>) -> String {
    money.map_or_else(|| "0".to_owned(), |money| money.amount.normalize().to_string())
}

fn chosen(order: &LabelOrder, problems: &mut Vec<FieldProblem>) -> String {
    match order.numbers.as_slice() {
        [] => String::new(),
        [only] if number::shape(only.as_str()) == Some(number::Shape::OnTrac) => only.to_string(),
        [_] => {
            problems.push(FieldProblem::new("numbers[0]", "not a tracking number of OnTrac's", ""));
            String::new()
        }
        _ => {
            problems.push(FieldProblem::new("numbers", "more numbers than parcels", ""));
            String::new()
        }
    }
}

/// The shipper's first number is printed and can be searched for; the handle takes the second place.
fn references(order: &LabelOrder, parcel: &Parcel, problems: &mut Vec<FieldProblem>) -> (String, String) {
    let first = parcel.references.first().or(order.shipment.references.first());
    let text = first.map(|reference| ascii(&reference.value)).unwrap_or_default();
    if text.chars().count() > 50 {
        let problem = "longer than the 50 characters that OnTrac takes";
        problems.push(FieldProblem::new("references[0].value", problem, "shorten it"));
    }
    (text, order.handle.short())
}

fn emails(shipment: &Shipment, problems: &mut Vec<FieldProblem>) -> String {
    for (at, email) in shipment.options.notify.iter().enumerate() {
        let text = email.as_str();
        if text.chars().count() > 50 || !text.contains('@') || text.contains([';', ' ']) {
            let problem = "not one e-mail address of at most 50 characters";
            problems.push(FieldProblem::new(
                format!("options.notify[{at}]"),
                problem,
                "give each address by itself",
            ));
        }
    }
    shipment.options.notify.iter().map(|email| email.as_str()).collect::<Vec<_>>().join(";")
}

fn bill_to(shipment: &Shipment, problems: &mut Vec<FieldProblem>) -> String {
    let account = match &shipment.billing.transport {
        Payer::Sender => return "0".to_owned(),
        Payer::Recipient { account, .. } => account.clone().unwrap_or_default(),
        Payer::ThirdParty { account, .. } => account.clone(),
    };
    if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        let problem = "the payer has no OnTrac account number";
        problems.push(FieldProblem::new(
            "billing.transport.account",
            problem,
            "give the digits of the account",
        ));
    }
    account
}

fn cod_type(old: bool, shipment: &Shipment, problems: &mut Vec<FieldProblem>) -> Option<&'static str> {
    let wish = shipment.options.carrier.get(COD_TYPE).map(String::as_str);
    let Some(money) = shipment.options.cash_on_delivery.filter(|_| old) else { return old.then_some("NONE") };
    if money.currency != Currency::USD {
        problems.push(FieldProblem::new(
            "options.cash_on_delivery",
            "not in US dollars",
            "give the amount in USD",
        ));
    }
    match wish {
        None | Some("secured") => Some("SECURED"),
        Some("unsecured") => Some("UNSECURED"),
        Some(_) => {
            let path = format!("options.carrier.{COD_TYPE}");
            problems.push(FieldProblem::new(path, "not a kind of payment", "write secured or unsecured"));
            None
        }
    }
}

fn instructions(shipment: &Shipment, problems: &mut Vec<FieldProblem>) -> String {
    for name in shipment.options.carrier.keys() {
        if name != INSTRUCTIONS && name != COD_TYPE {
            let cure = format!("OnTrac knows `{INSTRUCTIONS}` and `{COD_TYPE}`");
            problems.push(FieldProblem::new("options.carrier", "an option that OnTrac does not have", cure));
        }
    }
    let text = shipment.options.carrier.get(INSTRUCTIONS).map(|text| ascii(text)).unwrap_or_default();
    if text.chars().count() > 100 {
        let path = format!("options.carrier.{INSTRUCTIONS}");
        problems.push(FieldProblem::new(path, "longer than 100 characters", "shorten it"));
    }
    text
}

/// Parts that both ends have.
struct Party {
    name: String,
    contact: String,
    city: String,
    state: String,
    zip: String,
    phone: String,
}

fn party(config: &Config, address: &Address, path: &str, problems: &mut Vec<FieldProblem>) -> Party {
    let own = address.phone.as_deref().and_then(phone);
    let fallback = || config.default_phone.as_ref().and_then(|number| phone(number.expose()));
    let number = own.or_else(fallback).unwrap_or_default();
    if number.is_empty() {
        let cure = "give a phone number, or set `default_phone` in the account";
        problems.push(FieldProblem::new(format!("{path}.phone"), "OnTrac wants a phone number", cure));
    }
    let zip = address.zip5().unwrap_or_default().to_owned();
    if zip.is_empty() {
        problems.push(FieldProblem::new(
            format!("{path}.postal_code"),
            "no ZIP code",
            "give its five digits",
        ));
    }
    let state = ascii(address.state_or_empty()).to_ascii_uppercase();
    if state.len() != 2 {
        problems.push(FieldProblem::new(
            format!("{path}.state"),
            "not a state",
            "write two letters, such as CA",
        ));
    }
    let (name, city) = (cut(address.organisation(), 30), cut(&address.city, 20));
    for (field, text) in [("name", &name), ("city", &city)] {
        if text.is_empty() {
            problems.push(FieldProblem::new(format!("{path}.{field}"), "empty", "fill it in"));
        }
    }
    Party { name, contact: cut(address.contact(), 20), city, state, zip, phone: number }
}

/// The one street line of the sender, at most 43 characters.
pub(crate) fn one_line(
    address: &Address,
    limit: usize,
    path: &str,
    problems: &mut Vec<FieldProblem>,
) -> String {
    let lines: Vec<String> =
        address.lines.iter().map(|line| ascii(line)).filter(|line| !line.is_empty()).collect();
    let joined = lines.join(" ");
    if joined.is_empty() || joined.chars().count() > limit {
        let problem = format!("OnTrac takes one street line of 1 to {limit} characters here");
        problems.push(FieldProblem::new(format!("{path}.lines"), problem, "shorten the street lines"));
    }
    joined
}

fn shipper(config: &Config, address: &Address, problems: &mut Vec<FieldProblem>) -> Shipper {
    let party = party(config, address, "from", problems);
    Shipper {
        name: party.name,
        addr1: one_line(address, 43, "from", problems),
        city: party.city,
        state: party.state,
        zip: party.zip,
        contact: party.contact,
        phone: party.phone,
    }
}

fn consignee(config: &Config, address: &Address, problems: &mut Vec<FieldProblem>) -> Consignee {
    let party = party(config, address, "to", problems);
    let mut lines = address.lines.iter().map(|line| ascii(line)).filter(|line| !line.is_empty());
    let addr1 = lines.next().unwrap_or_default();
    // The third line is ignored by OnTrac, so everything else goes into the second.
    let addr2 = lines.collect::<Vec<_>>().join(" ");
    if addr1.is_empty() || addr1.chars().count() > 60 || addr2.chars().count() > 60 {
        let problem = "OnTrac takes two street lines of 60 characters";
        problems.push(FieldProblem::new("to.lines", problem, "shorten the street lines"));
    }
    Consignee {
        name: party.name,
        addr1,
        addr2,
        addr3: String::new(),
        city: party.city,
        state: party.state,
        zip: party.zip,
        contact: party.contact,
        phone: party.phone,
    }
}
