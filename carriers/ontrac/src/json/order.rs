//! An order for one label, and the answer that sells it.

use chrono::{NaiveDate, NaiveTime};
use waybill_core::{
    Address, Document, DocumentKind, Error, ErrorKind, FieldProblem, LabelFormat, LabelOrder, LabelSpec,
    Notice, PageSize, Payer, Phase, Piece, Profile, Purchase, Response, Result, Screen, Settlement, Shipment,
    ShipmentKey, wire,
};

use super::call::{is_error, refusal};
use super::rate::piece;
use crate::config::{Config, JsonAccount};
use crate::label;
use crate::number;
use crate::services::INSTRUCTIONS;
use crate::text::{ascii, cut, phone};
use crate::wire::json::{OrderAnswer, OrderMessage, Place};

/// `2026-11-24T20:00:00Z`.
pub(crate) fn moment_of(day: NaiveDate, time: NaiveTime) -> String {
    day.and_time(time).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// OnTrac's word for the paper: PDF or ZPL, 4 x 6 in.
pub(crate) fn paper(wanted: &LabelSpec) -> Result<&'static str> {
    match &wanted.format {
        LabelFormat::Pdf => Ok("P4x6"),
        LabelFormat::Zpl if wanted.dpi.is_none_or(|dpi| dpi == 203) => Ok("Z4x6"),
        LabelFormat::Zpl => {
            Err(Error::invalid_field("label.dpi", "OnTrac makes printer labels for 203 dpi only", "use 203"))
        }
        _ => Err(Error::invalid_field("label.format", "OnTrac does not make such labels", "use pdf or zpl")),
    }
}

/// The recipient.
pub(crate) fn place(config: &Config, address: &Address, shipment: &Shipment) -> Place {
    let instructions = shipment.options.carrier.get(INSTRUCTIONS).map(|text| ascii(text)).unwrap_or_default();
    Place {
        email: Some(address.email.clone().unwrap_or_default()),
        special_instructions: instructions,
        ..place_of_tender(config, address)
    }
}

/// Where the parcel is handed over, or goes back to.
pub(crate) fn place_of_tender(config: &Config, address: &Address) -> Place {
    let fallback = || config.default_phone.as_ref().and_then(|number| phone(number.expose()));
    let mut lines = address.lines.iter().map(|line| ascii(line)).filter(|line| !line.is_empty());
    Place {
        contact: cut(address.contact(), 50),
        company: address.company.as_deref().map(|company| cut(company, 50)).unwrap_or_default(),
        street_address: lines.next().unwrap_or_default(),
        address2: lines.collect::<Vec<_>>().join(" "),
        postal_code: address.postal_or_empty().trim().to_owned(),
        city: ascii(&address.city),
        state: ascii(address.state_or_empty()).to_ascii_uppercase(),
        iso_country_code: "US",
        phone: address.phone.as_deref().and_then(phone).or_else(fallback).unwrap_or_default(),
        email: None,
        special_instructions: String::new(),
    }
}

/// Builds the message, or says what stands in the way.
pub(crate) fn message(
    config: &Config,
    account: &JsonAccount,
    profile: &Profile,
    order: &LabelOrder,
) -> Result<OrderMessage> {
    let shipment = &order.shipment;
    let Some(service) = profile.service(&order.service) else {
        return Err(Error::new(ErrorKind::NoService, "OnTrac has no such service for this account"));
    };
    if let Some(rejected) = Screen::new(profile, shipment).refusal(service) {
        return Err(Error::new(ErrorKind::NoService, rejected.message));
    }
    let [parcel] = shipment.parcels.as_slice() else {
        let problem = "one parcel per label: OnTrac's reply has no prices to tell several apart";
        return Err(Error::invalid_field("parcels", problem, "buy a label for each parcel"));
    };
    let Some(ship_date) = shipment.ship_date else {
        return Err(Error::invalid_field(
            "ship_date",
            "the ship date is missing",
            "give the day of the hand-over",
        ));
    };
    let mut problems = Vec::new();
    for (path, address) in [("from", &shipment.from), ("to", &shipment.to)] {
        check(address, path, &mut problems);
    }
    let payer = payer(shipment, &mut problems);
    let reference = reference(order, &mut problems);
    instructions(shipment, &mut problems);
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    let sender = shipment.from.zip5().unwrap_or_default();
    let back = shipment.return_to.as_ref().unwrap_or(&shipment.from);
    Ok(OrderMessage {
        customer_branch: account.customer_branch.clone(),
        customer_order_number: order.handle.short(),
        third_party_billing_account: payer,
        reference1: reference,
        reference2: String::new(),
        service_code: service.carrier_code.clone(),
        pickup_type: "OnTrac",
        tender_date_time: moment_of(ship_date, account.tender_time_utc),
        expected_departure_date_time: moment_of(ship_date, account.departure_time_utc),
        injection_facility_code: account.injection_facility.clone().unwrap_or_default(),
        injection_postal_code: account.injection_postal_code.clone().unwrap_or_default(),
        customer_branch_postal_code: account.branch_postal_code.clone().unwrap_or_else(|| sender.to_owned()),
        tender_at: place_of_tender(config, &shipment.from),
        deliver_to: place(config, &shipment.to, shipment),
        return_to: place_of_tender(config, back),
        pieces: vec![piece(shipment, parcel)],
    })
}

fn check(address: &Address, path: &str, problems: &mut Vec<FieldProblem>) {
    let mut say = |field: &str, problem: &str, cure: &str| {
        problems.push(FieldProblem::new(format!("{path}.{field}"), problem, cure));
    };
    if address.zip5().is_none() {
        say("postal_code", "no ZIP code", "give its five digits");
    }
    if ascii(address.state_or_empty()).len() != 2 {
        say("state", "not a state", "write two letters, such as CA");
    }
    if ascii(&address.city).is_empty() {
        say("city", "empty", "fill it in");
    }
    if address.lines.iter().all(|line| ascii(line).is_empty()) {
        say("lines", "no street line", "give one or two lines");
    }
    if ascii(address.contact()).is_empty() {
        say("name", "neither a person nor a company", "give one");
    }
}

fn payer(shipment: &Shipment, problems: &mut Vec<FieldProblem>) -> String {
    match &shipment.billing.transport {
        Payer::Sender => String::new(),
        Payer::ThirdParty { account, .. } if !account.trim().is_empty() => account.trim().to_owned(),
        _ => {
            let problem = "OnTrac bills the account or a third party with an OnTrac account";
            problems.push(FieldProblem::new(
                "billing.transport.account",
                problem,
                "give the third party's account",
            ));
            String::new()
        }
    }
}

fn reference(order: &LabelOrder, problems: &mut Vec<FieldProblem>) -> String {
    let parcel = order.shipment.parcels.first().and_then(|parcel| parcel.references.first());
    let first = parcel.or(order.shipment.references.first());
    let text = first.map(|reference| ascii(&reference.value)).unwrap_or_default();
    if text.chars().count() > 50 {
        problems.push(FieldProblem::new("references[0].value", "longer than 50 characters", "shorten it"));
    }
    text
}

fn instructions(shipment: &Shipment, problems: &mut Vec<FieldProblem>) {
    for (name, text) in &shipment.options.carrier {
        if name != INSTRUCTIONS {
            let cure = format!("OnTrac knows `{INSTRUCTIONS}` here");
            problems.push(FieldProblem::new("options.carrier", "an option that OnTrac does not have", cure));
        } else if ascii(text).chars().count() > 100 {
            let path = format!("options.carrier.{INSTRUCTIONS}");
            problems.push(FieldProblem::new(path, "longer than 100 characters", "shorten it"));
        }
    }
}

/// Reads the answer to an order of one parcel.
pub(crate) fn parse(account: &JsonAccount, response: &Response, wanted: &LabelSpec) -> Result<Purchase> {
    const WHAT: &str = "label";
    let read: Result<OrderAnswer> = wire::parse_json(response, WHAT);
    let client = response.status().is_client_error();
    let answer = match read {
        Ok(answer) if response.status().is_success() || (client && answer.error.is_some()) => answer,
        Err(error) if response.status().is_success() => return Err(error),
        _ => return Err(wire::status_error(response, WHAT)),
    };
    let order = answer.order.unwrap_or_default();
    let sold = order.pieces.first();
    let of_piece = sold.and_then(|piece| piece.barcode.clone().or_else(|| piece.lasership_barcode.clone()));
    let tracking = of_piece.or(order.barcode).or(order.lasership_order_number);
    if is_error(answer.error.as_deref()) || client {
        let error = refusal(account, response, WHAT, &answer.error_message.unwrap_or_default());
        // A number in a refusal contradicts it.
        return Err(if tracking.is_some() { error.in_phase(Phase::OutcomeUnknown) } else { error });
    }
    let Some(tracking) = tracking else {
        return Err(
            Error::malformed("label: the answer has no tracking number").with_words(wire::words_of(response))
        );
    };
    let file =
        sold.and_then(|piece| piece.label.clone()).or(order.label).or(order.labels).unwrap_or_default();
    Ok(purchase(tracking, &file, wanted))
}

fn purchase(tracking: String, file: &str, wanted: &LabelSpec) -> Purchase {
    let mut warnings = vec![Notice::new("no-price", "OnTrac's answer holds no price: the quote stands")];
    if number::shape(&tracking).is_none() {
        warnings.push(Notice::new("unexpected-number", "OnTrac answered with a number of an unknown shape"));
    }
    let document = label::decode(file).map(|(format, bytes)| {
        let thermal = format == LabelFormat::Zpl;
        let mut document = Document::new(DocumentKind::Label, format, bytes).for_parcel(0);
        document.size = wanted.size.or_else(|| Some(PageSize::four_by_six()));
        document.dpi = thermal.then_some(203);
        document
    });
    if document.is_none() {
        warnings.push(Notice::new("no-label", "OnTrac sold the label and sent no file that can be read"));
    }
    Purchase {
        shipment_key: ShipmentKey::new(tracking.as_str()),
        pieces: vec![Piece::new(0, tracking)],
        documents: document.into_iter().collect(),
        prices: Vec::new(),
        settlement: Settlement::BilledToAccount,
        delivery: None,
        carrier_data: None,
        warnings,
    }
}
