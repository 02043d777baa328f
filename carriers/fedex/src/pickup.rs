//! Collections: `POST /pickup/v1/pickups`, `PUT /pickup/v1/pickups/cancel`. Express and Ground are separate trips, and a
//! second order is a second, billable trip. Confirmation codes repeat across days and places, so the day, the company
//! and the location are kept with them.

use async_trait::async_trait;
use http::Method;
use serde::{Deserialize, Serialize};
use waybill_core::wire::{clip, parse_json, words_of};
use waybill_core::{
    Cx, Error, ErrorKind, LocalMoment, Pickup, PickupCancelled, PickupKey, PickupReply, PickupRequest,
    Response, Result, SpendPermit, Weight, WeightUnit,
};

use crate::auth::Call;
use crate::carrier::FedEx;
use crate::error::{from_carrier, output, spend_failure};
use crate::rate_reply::notice;
use crate::wire::Envelope;
use crate::wire::pickup::{CancelPickup, CreatePickup, OriginDetail, PickupOutput};
use crate::{dates, parts, services};

const PATH: &str = "/pickup/v1/pickups";
const CANCEL: &str = "/pickup/v1/pickups/cancel";

/// What a cancellation needs beside the code.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memo {
    carrier: Option<String>,
    location: Option<String>,
}

#[async_trait]
impl Pickup for FedEx {
    async fn schedule(&self, cx: &Cx, request: &PickupRequest, permit: SpendPermit) -> Result<PickupReply> {
        let body = self.pickup_request(request)?;
        let company = body.carrier_code;
        let mut call = Call::post(PATH, &body)?;
        if !request.handle.0.is_nil() {
            call = call.traced(request.handle.short());
        }
        let response = self.spend(cx, permit, &call).await?;
        read(&response, request, company)
    }

    async fn cancel(&self, cx: &Cx, key: &PickupKey) -> Result<PickupCancelled> {
        let memo: Memo =
            key.carrier_data.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let body = CancelPickup {
            associated_account_number: self.account_number(),
            pickup_confirmation_code: key.confirmation.trim().to_owned(),
            scheduled_date: dates::day(key.date),
            carrier_code: memo.carrier,
            location: memo.location,
        };
        let response = self.change(cx, &Call::new(Method::PUT, CANCEL, &body)?).await?;
        read_cancel(&response)
    }
}

impl FedEx {
    fn pickup_request(&self, request: &PickupRequest) -> Result<CreatePickup> {
        if request.close <= request.ready {
            return Err(Error::invalid_field(
                "close",
                "the place closes before the parcels are ready",
                "swap the times",
            ));
        }
        let company = self.company(request)?;
        let country = request.address.country;
        let phone = request.address.phone.as_deref().or(self.config().fallback_phone.as_deref());
        let phone = phone.and_then(|text| parts::phone(text, country)).ok_or_else(|| {
            Error::invalid_field(
                "address.phone",
                "FedEx calls at the place of the pickup",
                "give a phone number",
            )
        })?;
        let mut place = parts::party(&request.address, Some(phone));
        place.tins.clear();
        if let Some(contact) = &mut place.contact {
            contact.email_address = None;
        }
        let weights: Vec<Weight> = request.parcels.iter().map(|parcel| parcel.weight).collect();
        let remarks: Vec<&str> = [request.place.as_deref(), request.instructions.as_deref()]
            .into_iter()
            .flatten()
            .map(str::trim)
            .collect();
        Ok(CreatePickup {
            associated_account_number: self.account_number(),
            carrier_code: company,
            origin_detail: OriginDetail {
                pickup_location: place,
                // Local time, in spite of the Z that FedEx wants.
                ready_date_timestamp: format!(
                    "{}T{}Z",
                    dates::day(request.date),
                    request.ready.format("%H:%M:%S")
                ),
                customer_close_time: request.close.format("%H:%M:%S").to_string(),
                pickup_address_type: "OTHER",
                package_location: package_location(request.place.as_deref()),
            },
            package_count: u32::try_from(request.parcels.len().max(1)).unwrap_or(u32::MAX),
            total_weight: parts::weight(&Weight::sum(&weights), WeightUnit::Pound),
            remarks: parts::some(clip(&remarks.join("; "), 60)),
            country_relationships: None,
            tracking_number: request.tracking.first().map(|number| number.as_str().to_owned()),
            pickup_type: "ON_CALL",
        })
    }

    /// Which of FedEx's two companies comes.
    fn company(&self, request: &PickupRequest) -> Result<&'static str> {
        let ground = |code: &waybill_core::ServiceCode| {
            let known = self.catalogue().service(code);
            services::is_ground(known.map_or(code.as_str(), |service| service.carrier_code.as_str()))
        };
        let by_ground = request.services.iter().filter(|code| ground(code)).count();
        match by_ground {
            0 => Ok("FDXE"),
            all if all == request.services.len() => Ok("FDXG"),
            _ => Err(Error::invalid_field(
                "services",
                "FedEx Express and FedEx Ground come separately",
                "order one pickup for the Ground services and one for the others",
            )),
        }
    }
}

fn package_location(place: Option<&str>) -> &'static str {
    let place = place.unwrap_or_default().to_ascii_lowercase();
    let has = |words: [&str; 2]| words.iter().any(|word| place.contains(word));
    match () {
        () if has(["front", "reception"]) => "FRONT",
        () if has(["back", "rear"]) => "REAR",
        () if has(["side", "dock"]) => "SIDE",
        () => "NONE",
    }
}

fn read(response: &Response, request: &PickupRequest, company: &str) -> Result<PickupReply> {
    const WHAT: &str = "pickup";
    if !response.status().is_success() {
        return Err(spend_failure(response, WHAT));
    }
    let envelope: Envelope<PickupOutput> = parse_json(response, WHAT)?;
    let answer = envelope.output.0.unwrap_or_default();
    let Some(confirmation) = answer.pickup_confirmation_code.0.clone() else {
        return Err(match envelope.errors.first() {
            Some(error) => from_carrier(response, error, envelope.transaction_id.0.clone(), WHAT),
            None => {
                Error::malformed("pickup: the answer holds no confirmation").with_words(words_of(response))
            }
        });
    };
    let memo = Memo { carrier: Some(company.to_owned()), location: answer.location.0.clone() };
    let at = |time| LocalMoment { time: Some(time), ..LocalMoment::day(request.date) };
    Ok(PickupReply {
        confirmation,
        window_start: at(request.ready),
        window_end: Some(at(request.close)),
        price: None,
        carrier_data: serde_json::to_string(&memo).ok(),
        warnings: answer.alerts.iter().map(notice).collect(),
    })
}

fn read_cancel(response: &Response) -> Result<PickupCancelled> {
    const WHAT: &str = "pickup cancellation";
    let late = |error: Error| match error.kind {
        ErrorKind::TooLate => {
            let words = error.carrier.as_ref().and_then(|words| words.message.clone());
            Ok(PickupCancelled::TooLate { reason: words.unwrap_or(error.message) })
        }
        _ => Err(error),
    };
    match output::<PickupOutput>(response, WHAT) {
        Ok(_) => Ok(PickupCancelled::Cancelled),
        Err(error) => late(error),
    }
}
