//! Collections: ordered once, with no way to change or cancel them.

use waybill_core::{
    Error, ErrorKind, FieldProblem, LocalMoment, PickupReply, PickupRequest, Request, Response, Result,
};

use crate::area::Zips;
use crate::config::Config;
use crate::text::{ascii, cut, phone, said};
use crate::wire::pickups::{PickupRequest as Message, PickupResponse};
use crate::{error, ship, xml};

/// Builds the message, or says what stands in the way.
pub(crate) fn request(config: &Config, zips: Option<&Zips>, request: &PickupRequest) -> Result<Request> {
    let address = &request.address;
    let mut problems = Vec::new();
    let mut say =
        |path: &str, problem: &str, cure: &str| problems.push(FieldProblem::new(path, problem, cure));
    if request.close <= request.ready {
        say("close", "the place closes before the parcels are ready", "give a later time");
    }
    let zip = address.zip5().unwrap_or_default();
    if zip.is_empty() {
        say("address.postal_code", "no ZIP code", "give its five digits");
    } else if zips.is_some_and(|zips| zips.get(zip).is_none_or(|served| !served.pickup)) {
        return Err(Error::new(ErrorKind::NoService, "OnTrac does not collect at this ZIP code"));
    }
    let fallback = || config.default_phone.as_ref().and_then(|number| phone(number.expose()));
    let number = address.phone.as_deref().and_then(phone).or_else(fallback);
    if number.is_none() {
        say(
            "address.phone",
            "OnTrac wants a phone number",
            "give one, or set `default_phone` in the account",
        );
    }
    let words: Vec<String> =
        [&request.place, &request.instructions].into_iter().flatten().map(|text| ascii(text)).collect();
    let instructions = words.join("; ");
    if instructions.chars().count() > 100 {
        say("instructions", "place and instructions are longer than 100 characters", "shorten them");
    }
    let line = ship::one_line(address, 43, "address", &mut problems);
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    let message = Message {
        date: request.date.format("%Y-%m-%d").to_string(),
        ready_at: request.ready.format("%H:%M:%S").to_string(),
        close_at: request.close.format("%H:%M:%S").to_string(),
        name: cut(address.organisation(), 30),
        address: line,
        city: cut(&address.city, 20),
        state: ascii(address.state_or_empty()).to_ascii_uppercase(),
        zip: zip.to_owned(),
        // One destination of many; the model has none for a collection.
        del_zip: String::new(),
        instructions,
        phone: number.unwrap_or_default(),
        contact: cut(address.contact(), 20),
    };
    xml::post(config, config.version_for_pickups(), "pickups", &message)
}

/// Reads the confirmation.
pub(crate) fn parse(config: &Config, asked: &PickupRequest, response: &Response) -> Result<PickupReply> {
    let answer: PickupResponse = xml::read(config, response, "pickup", "OnTracPickupResponse")?;
    if let Some(error) = error::first(config, response, "pickup", &[&answer.error]) {
        return Err(error);
    }
    let Some(confirmation) = said(&answer.tracking) else {
        let words = waybill_core::wire::words_of(response);
        return Err(Error::malformed("pickup: the answer has no confirmation").with_words(words));
    };
    Ok(PickupReply {
        confirmation: confirmation.to_owned(),
        window_start: LocalMoment::local(asked.date.and_time(asked.ready)),
        window_end: Some(LocalMoment::local(asked.date.and_time(asked.close))),
        price: None,
        carrier_data: None,
        warnings: Vec::new(),
    })
}
