//! Carrier pickup: free of charge, Monday to Saturday, with the carrier's next round.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use http::{Method, header};
use rust_decimal::Decimal;
use waybill_core::wire::{self, json_request, parse_json};
use waybill_core::{
    Cx, Error, ErrorKind, LocalMoment, Notice, Pickup, PickupCancelled, PickupKey, PickupReply,
    PickupRequest, Repeatable, Response, Result, ServiceCode, SpendPermit, Weight, WeightUnit,
};

use crate::carrier::Usps;
use crate::error::{inside, read, refusal};
use crate::party;
use crate::services::class_of;
use crate::text::day;
use crate::wire::pickup::{
    Contact, Packages, PickupAddress, PickupAnswer, PickupLocation, PickupRequest as Body, Street,
};
use crate::wire::{Number, OneOrMore};

const WHAT: &str = "USPS pickup";

#[async_trait]
impl Pickup for Usps {
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let body = body(request)?;
        let url = self.url("/pickup/v3/carrier-pickup");
        let response = self.spend(cx, permit, None, || json_request(Method::POST, &url, &body)).await?;
        parse(&response, request.date)
    }

    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled> {
        let url = wire::endpoint_of(&self.base, &["pickup", "v3", "carrier-pickup", &key.confirmation]);
        let found = self.read(cx, || wire::request(Method::GET, &url)).await?;
        let etag = parse_etag(&found)?;
        let build = |token: &waybill_core::Token| {
            let mut request = wire::request(Method::DELETE, &url)?;
            wire::set_header(&mut request, "if-match", &etag)?;
            wire::bearer(&mut request, token)?;
            Ok(request)
        };
        let fetch = || async { self.fetch_access(cx).await.map(|(token, _)| token) };
        let response = self.access.send(cx, Repeatable::Change, fetch, build).await?;
        parse_cancelled(&response)
    }
}

/// Builds the request.
pub(crate) fn body(request: &PickupRequest) -> Result<Body> {
    let at = |problem| Error::invalid(vec![problem]);
    let address = party::domestic(&request.address, "address").map_err(at)?;
    let (first_name, last_name) = party::two_names(&request.address);
    let contact: Vec<Contact> = [
        address.email.clone().map(Contact::Email),
        party::domestic_phone(&request.address).map(Contact::CellNumber),
    ]
    .into_iter()
    .flatten()
    .collect();
    if contact.is_empty() {
        return Err(Error::invalid_field(
            "address.phone",
            "a pickup needs a phone or an e-mail",
            "give one of both",
        ));
    }
    if request.parcels.is_empty() {
        return Err(Error::invalid_field("parcels", "there is nothing to collect", "list the parcels"));
    }
    Ok(Body {
        pickup_date: request.date.to_string(),
        pickup_address: PickupAddress {
            first_name,
            last_name,
            firm: address.firm.clone(),
            address: Street {
                street_address: address.street_address,
                secondary_address: address.secondary_address,
                city: address.city,
                state: address.state.unwrap_or_default(),
                zip_code: address.zip_code.unwrap_or_default(),
                zip_plus4: address.zip_plus4,
                urbanization: None,
            },
            contact,
        },
        packages: packages(request)?,
        estimated_weight: Number(
            Weight::sum(request.parcels.iter().map(|parcel| &parcel.weight))
                .ceil_to(WeightUnit::Pound, Decimal::ONE),
        ),
        pickup_location: location(request)?,
    })
}

/// Counts by USPS's kinds of packages.
fn packages(request: &PickupRequest) -> Result<Vec<Packages>> {
    let one_for_all = request.services.len() <= 1;
    if !one_for_all && request.services.len() != request.parcels.len() {
        return Err(Error::invalid_field(
            "services",
            "neither one for all nor one per parcel",
            "give one per parcel",
        ));
    }
    let mut counts: BTreeMap<&'static str, u32> = BTreeMap::new();
    for at in 0..request.parcels.len() {
        let service = request.services.get(if one_for_all { 0 } else { at });
        *counts.entry(service.map_or("OTHER", package_type)).or_default() += 1;
    }
    Ok(counts
        .into_iter()
        .map(|(package_type, package_count)| Packages { package_type, package_count })
        .collect())
}

fn package_type(service: &ServiceCode) -> &'static str {
    match class_of(service.as_str()) {
        Some(class) if class.international => "INTERNATIONAL",
        Some(class) => match class.mail_class {
            "PRIORITY_MAIL" => "PRIORITY_MAIL",
            "PRIORITY_MAIL_EXPRESS" => "PRIORITY_MAIL_EXPRESS",
            "USPS_GROUND_ADVANTAGE" => "USPS_GROUND_ADVANTAGE",
            _ => "OTHER",
        },
        None => "OTHER",
    }
}

/// The place by USPS's list; anything else is `OTHER`, which needs words.
fn location(request: &PickupRequest) -> Result<PickupLocation> {
    const PLACES: &[&str] = &[
        "FRONT_DOOR",
        "BACK_DOOR",
        "SIDE_DOOR",
        "KNOCK_ON_DOOR",
        "MAIL_ROOM",
        "OFFICE",
        "PORCH",
        "RECEPTION",
        "MAILBOX",
    ];
    let wish = request.place.as_deref().unwrap_or("front door").trim();
    let name = wish.to_ascii_uppercase().replace([' ', '-'], "_");
    let words = request.instructions.as_deref().map(str::trim).filter(|words| !words.is_empty());
    let listed = PLACES.iter().find(|place| **place == name);
    let words = match (listed, words) {
        (None, None) => Some(wish),
        (_, words) => words,
    };
    if words.is_some_and(|words| words.chars().count() > 255) {
        return Err(Error::invalid_field("instructions", "longer than 255 characters", "shorten it"));
    }
    Ok(PickupLocation {
        package_location: listed.copied().unwrap_or("OTHER"),
        special_instructions: words.map(str::to_owned),
    })
}

/// Reads the confirmation. The day is the one that USPS names, which may be a later one than was asked for.
pub(crate) fn parse(response: &Response, asked: NaiveDate) -> Result<PickupReply> {
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let answers: OneOrMore<PickupAnswer> = parse_json(response, WHAT)?;
    let answer = answers.into_vec().into_iter().next().unwrap_or_default();
    let Some(confirmation) = answer.confirmation_number else {
        return Err(inside(response, WHAT).unwrap_or_else(|| {
            Error::malformed(format!("{WHAT}: there is no confirmation number in the answer"))
                .with_words(wire::words_of(response))
        }));
    };
    let given_back = answer.carrier_pickup_request.and_then(|given| given.pickup_date);
    let stated = [answer.pickup_date, given_back].into_iter().flatten().find_map(|text| day(&text));
    let mut warnings =
        vec![Notice::new("with-the-mail", "the carrier collects on its round, at no set time")];
    if stated.is_some_and(|day| day != asked) {
        warnings.push(Notice::new("other-day", "USPS collects on another day than was asked for"));
    }
    Ok(PickupReply {
        confirmation,
        window_start: LocalMoment::day(stated.unwrap_or(asked)),
        window_end: None,
        price: None,
        carrier_data: None,
        warnings,
    })
}

/// The ETag of a pickup: USPS cancels only what was read within the last hour.
pub(crate) fn parse_etag(response: &Response) -> Result<String> {
    if !response.status().is_success() {
        return Err(as_not_found(response));
    }
    let found = parse_json::<OneOrMore<PickupAnswer>>(response, WHAT)?.into_vec();
    if found.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("{WHAT}: USPS does not know this confirmation number"),
        )
        .in_phase(waybill_core::Phase::Answered));
    }
    let etag = response.headers().get(header::ETAG).and_then(|value| value.to_str().ok());
    etag.map(str::to_owned).ok_or_else(|| {
        Error::malformed(format!("{WHAT}: there is no ETag in the answer"))
            .with_words(wire::words_of(response))
    })
}

/// Reads the answer to a cancellation.
pub(crate) fn parse_cancelled(response: &Response) -> Result<PickupCancelled> {
    if response.status().is_success() {
        // USPS answers with nothing; a page is a proxy's.
        return if response.body().trim_ascii().is_empty() {
            Ok(PickupCancelled::Cancelled)
        } else {
            parse_json::<OneOrMore<PickupAnswer>>(response, WHAT).map(|_| PickupCancelled::Cancelled)
        };
    }
    let told = read(response);
    if told.as_ref().is_some_and(|told| told.has_code(&["020009", "020016"])) {
        return Ok(PickupCancelled::TooLate { reason: refusal(response, WHAT).message });
    }
    Err(as_not_found(response))
}

/// A number in a wrong shape is a number that USPS does not know.
fn as_not_found(response: &Response) -> Error {
    let error = refusal(response, WHAT);
    let unknown = read(response).is_some_and(|told| told.has_code(&["020007", "020015"]));
    if unknown { Error { kind: ErrorKind::NotFound, ..error } } else { error }
}
