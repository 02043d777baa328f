//! Tracking: one call per number.

use async_trait::async_trait;
use futures_util::future::join_all;
use http::Method;
use waybill_core::{
    Country, Cx, DeliveryEstimate, Document, DocumentKind, Error, ErrorKind, EstimateBasis, EventPlace,
    LabelFormat, LocalMoment, Personal, Proof, ProofRequest, Request, Response, Result, Track, TrackEvent,
    TrackOutcome, TrackReplies, TrackReply, TrackRequest, Tracking, TrackingNumber, Weight, wire,
};

use crate::carrier::Ups;
use crate::config::Config;
use crate::rate::clock;
use crate::status::{self, Said};
use crate::wire::tracking::{Activity, DeliveryInformation, DeliveryTime, Package, TrackResponseWrapper};
use crate::{error, papers, parts};

/// Not found, in a success.
const NOT_FOUND: &str = "TW0001";

#[async_trait]
impl Tracking for Ups {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let language = cx.call().language.clone();
        let asked = request.numbers.iter().map(|number| self.one(cx, number, language.as_deref()));
        let answers = join_all(asked).await;
        // Wrong credentials and an outage are the call's failure; a bad number is its own.
        let refused = |error: &Error| matches!(error.kind, ErrorKind::Auth | ErrorKind::NotEntitled);
        let out_of_order = |error: &Error| {
            matches!(error.kind, ErrorKind::Unavailable | ErrorKind::RateLimited { .. }) || refused(error)
        };
        let first_refusal =
            answers.iter().filter_map(|answer| answer.as_ref().err()).find(|error| refused(error));
        let all_fail = answers.iter().all(|answer| answer.as_ref().is_err_and(out_of_order));
        let first_failure = answers.first().and_then(|answer| answer.as_ref().err()).filter(|_| all_fail);
        if let Some(error) = first_refusal.or(first_failure) {
            return Err(error.clone());
        }
        let reply = |(number, answer): (&TrackingNumber, Result<TrackOutcome>)| TrackReply {
            number: number.clone(),
            outcome: answer.unwrap_or_else(TrackOutcome::Failed),
        };
        Ok(TrackReplies { replies: request.numbers.iter().zip(answers).map(reply).collect() })
    }

    async fn proof_of_delivery(&self, cx: &Cx, request: &ProofRequest) -> Result<Proof> {
        let response = self.read(cx, self::request(&self.config, &request.number, None, true)?).await?;
        parse_proof(&response)
    }
}

impl Ups {
    async fn one(&self, cx: &Cx, number: &TrackingNumber, language: Option<&str>) -> Result<TrackOutcome> {
        let response = self.read(cx, request(&self.config, number, language, false)?).await?;
        parse(&response, number)
    }
}

/// Builds the call.
pub(crate) fn request(
    config: &Config,
    number: &TrackingNumber,
    language: Option<&str>,
    proof: bool,
) -> Result<Request> {
    let number = number.as_str().trim();
    if !(7..=34).contains(&number.len()) || !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        let problem = "UPS numbers have 7 to 34 letters and digits";
        return Err(Error::invalid_field(
            "numbers",
            problem,
            "copy the number from the label, without blanks",
        ));
    }
    let mut url = wire::endpoint_of(&config.base()?, &["api", "track", "v1", "details", number]);
    url.query_pairs_mut().append_pair("locale", &locale(language));
    if proof {
        url.query_pairs_mut().append_pair("returnSignature", "true").append_pair("returnPOD", "true");
    }
    wire::request(Method::GET, &url)
}

/// `en_US` from `en-US`; a language without country takes the one that UPS lists for it.
fn locale(language: Option<&str>) -> String {
    let language = language.unwrap_or("en-US");
    match language.split_once('-') {
        Some((tongue, country)) if tongue.len() == 2 && country.len() == 2 => {
            format!("{}_{}", tongue.to_ascii_lowercase(), country.to_ascii_uppercase())
        }
        None if language.len() == 2 && language != "en" => {
            format!("{}_{}", language.to_ascii_lowercase(), language.to_ascii_uppercase())
        }
        _ => "en_US".to_owned(),
    }
}

/// Reads the answer for one number.
pub(crate) fn parse(response: &Response, number: &TrackingNumber) -> Result<TrackOutcome> {
    let answer: TrackResponseWrapper = match error::read(response, "tracking") {
        Ok(answer) => answer,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(TrackOutcome::NotFound),
        Err(error) => return Err(error),
    };
    let shipments = answer.track_response.shipment;
    let packages: Vec<&Package> = shipments.iter().flat_map(|shipment| &shipment.package).collect();
    if packages.is_empty() {
        let mut warnings = shipments.iter().flat_map(|shipment| &shipment.warnings);
        let other = warnings.find(|warning| warning.code.as_deref() != Some(NOT_FOUND));
        return match other {
            None => Ok(TrackOutcome::NotFound),
            Some(warning) => {
                let mut words = wire::words_of(response);
                words.code = warning.code.clone();
                words.message = warning.message.clone();
                Err(Error::answered(
                    ErrorKind::Other("warning".into()),
                    "tracking: UPS shows no parcel",
                    words,
                ))
            }
        };
    }
    let same = |package: &&&Package| package.tracking_number.as_deref() == Some(number.as_str());
    Ok(match packages.as_slice() {
        [only] => outcome(track(only, number)),
        several => match several.iter().filter(same).collect::<Vec<_>>().as_slice() {
            [only] => outcome(track(only, number)),
            _ => TrackOutcome::Several(several.iter().map(|package| track(package, number)).collect()),
        },
    })
}

fn outcome(track: Track) -> TrackOutcome {
    let silent = track.events.is_empty() && track.status == waybill_core::TrackStatus::Unknown;
    if silent { TrackOutcome::NoEventsYet } else { TrackOutcome::Found(Box::new(track)) }
}

fn track(package: &Package, number: &TrackingNumber) -> Track {
    let own = package.tracking_number.as_deref().unwrap_or(number.as_str());
    let mut track = Track::from_events(own, package.activity.iter().filter_map(event).collect());
    if track.status == waybill_core::TrackStatus::Unknown {
        (track.status, track.detail) = current(package);
    }
    let delivered = track.status == waybill_core::TrackStatus::Delivered;
    if delivered {
        track.delivered = delivered_at(package).or(track.delivered);
        track.signed_by = received_by(package.delivery_information.as_ref());
    } else {
        track.expected = expected(package);
    }
    track.service = package.service.as_ref().and_then(|service| service.description.clone());
    track.weight = package.weight.as_ref().and_then(weight);
    let other = package.alternate_tracking_number.iter();
    let other =
        other.filter_map(|other| Some((other.kind.clone().unwrap_or_default(), other.number.clone()?)));
    let references = package.reference_number.iter();
    let references = references.filter_map(|own| Some(("reference".to_owned(), own.number.clone()?)));
    track.other_numbers = other.chain(references).collect();
    track
}

/// What UPS says of the parcel as a whole. In the current status `code` is the three-digit one.
fn current(package: &Package) -> (waybill_core::TrackStatus, Option<waybill_core::TrackDetail>) {
    let current = package.current_status.as_ref();
    let code = current.and_then(|current| current.status_code.as_deref().or(current.code.as_deref()));
    let words = current.and_then(|current| current.description.as_deref());
    status::meaning(Said {
        code: code.or(package.status_code.as_deref()),
        kind: current.and_then(|current| current.kind.as_deref()),
        scan: None,
        words: words.or(package.status_description.as_deref()),
    })
}

fn event(activity: &Activity) -> Option<TrackEvent> {
    let said = activity.status.as_ref()?;
    let words = said.description.as_deref().or(said.simplified_text_description.as_deref());
    let (meaning, detail) = status::meaning(Said {
        code: said.status_code.as_deref(),
        kind: said.kind.as_deref(),
        scan: said.code.as_deref(),
        words,
    });
    // The three-digit table decides; the letters are another table.
    let (code, namespace) = match (&said.status_code, &said.code) {
        (Some(code), _) => (code.clone(), "status"),
        (None, Some(code)) => (code.clone(), "activity"),
        (None, None) => (said.kind.clone().unwrap_or_default(), "type"),
    };
    Some(TrackEvent {
        at: moment(activity),
        status: meaning,
        detail,
        code,
        namespace: Some(namespace.to_owned()),
        text: words.unwrap_or_default().to_owned(),
        place: place(activity),
        reverses: None,
        signed_by: None,
    })
}

/// The local moment; where there is none, the one in UTC.
fn moment(activity: &Activity) -> LocalMoment {
    let local = LocalMoment {
        date: activity.date.as_deref().and_then(parts::parse_day),
        time: activity.time.as_deref().and_then(clock),
        offset_minutes: activity.gmt_offset.as_deref().and_then(offset),
    };
    let utc = || LocalMoment {
        date: activity.gmt_date.as_deref().and_then(parts::parse_day),
        time: activity.gmt_time.as_deref().and_then(clock),
        offset_minutes: Some(0),
    };
    if local.date.is_some() { local } else { Some(utc()).filter(|utc| utc.date.is_some()).unwrap_or(local) }
}

/// Minutes of `-04:00`.
fn offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("-", rest) => (-1, rest),
        ("+", rest) => (1, rest),
        _ => (1, text),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    ((0..=14).contains(&hours) && (0..60).contains(&minutes)).then_some(sign * (hours * 60 + minutes))
}

fn place(activity: &Activity) -> EventPlace {
    let Some(location) = &activity.location else { return EventPlace::default() };
    let address = location.address.as_ref();
    EventPlace {
        city: address.and_then(|address| address.city.clone()),
        state: address.and_then(|address| address.state_province.clone()),
        postal_code: address.and_then(|address| address.postal_code.clone()),
        country: address
            .and_then(|address| address.country_code.as_deref().or(address.country.as_deref()))
            .and_then(Country::from_code),
        text: location.slic.clone(),
    }
}

fn delivered_at(package: &Package) -> Option<LocalMoment> {
    let day = package.delivery_date.iter().find(|day| day.kind.as_deref() == Some("DEL"))?;
    let time = package.delivery_time.iter().find(|time| time.kind.as_deref() == Some("DEL"));
    let time = time.and_then(|time| clock(time.end_time.as_deref().or(time.start_time.as_deref())?));
    Some(LocalMoment { date: Some(parts::parse_day(day.date.as_deref()?)?), time, offset_minutes: None })
}

/// The rescheduled day before the scheduled one; hours unless UPS promises the end of the day.
fn expected(package: &Package) -> Option<DeliveryEstimate> {
    let of = |kind: &str| package.delivery_date.iter().find(|day| day.kind.as_deref() == Some(kind));
    let day = parts::parse_day(of("RDD").or_else(|| of("SDD"))?.date.as_deref()?)?;
    let mut estimate = DeliveryEstimate::by_day(day, EstimateBasis::Carrier);
    let by_hour = |hours: &&DeliveryTime| !matches!(hours.kind.as_deref(), Some("EOD" | "DEL"));
    let Some(hours) = package.delivery_time.iter().find(by_hour) else { return Some(estimate) };
    if let Some(end) = hours.end_time.as_deref().and_then(clock) {
        estimate.latest.time = Some(end);
        estimate.end_of_day = false;
    }
    estimate.earliest = hours
        .start_time
        .as_deref()
        .and_then(clock)
        .map(|start| LocalMoment { time: Some(start), ..LocalMoment::day(day) });
    Some(estimate)
}

fn weight(weight: &crate::wire::tracking::Weight) -> Option<Weight> {
    parts::read_weight(weight.unit_of_measurement.as_deref()?, weight.weight?)
}

fn received_by(information: Option<&DeliveryInformation>) -> Option<Personal> {
    information?.received_by.clone().map(Personal)
}

/// Reads letter, signature and photograph of a delivery.
pub(crate) fn parse_proof(response: &Response) -> Result<Proof> {
    let answer: TrackResponseWrapper = error::read(response, "proof of delivery")?;
    let shipments = answer.track_response.shipment;
    let package = shipments
        .iter()
        .flat_map(|shipment| &shipment.package)
        .find(|package| package.delivery_information.is_some());
    let Some(package) = package else {
        return Err(Error::new(ErrorKind::NotFound, "UPS has no proof of delivery for this number")
            .in_phase(waybill_core::Phase::Answered));
    };
    let information = package.delivery_information.as_ref();
    let files = [
        information.and_then(|information| information.pod.as_ref()?.content.as_ref()),
        information.and_then(|information| information.signature.as_ref()?.image.as_ref()),
        information.and_then(|information| information.delivery_photo.as_ref()?.photo.as_ref()),
    ];
    let documents = files.into_iter().flatten().map(|text| paper(text)).collect::<Result<_>>()?;
    Ok(Proof { documents, signed_by: received_by(information), delivered: delivered_at(package) })
}

/// UPS names no format, so the first bytes do.
fn paper(text: &str) -> Result<Document> {
    let bytes = papers::decoded(text)
        .map_err(|_| Error::malformed("proof of delivery: a document is not valid base64"))?;
    let format = match bytes.as_ref() {
        [b'%', b'P', b'D', b'F', ..] => LabelFormat::Pdf,
        [0x89, b'P', b'N', b'G', ..] => LabelFormat::Png,
        [b'G', b'I', b'F', ..] => LabelFormat::Gif,
        [0xff, 0xd8, ..] => LabelFormat::Jpg,
        _ => LabelFormat::Html,
    };
    Ok(Document::new(DocumentKind::ProofOfDelivery, format, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_locales() {
        assert_eq!(
            (offset("-04:00"), offset("+05:30"), offset("x"), offset("")),
            (Some(-240), Some(330), None, None)
        );
        assert_eq!(
            (locale(None), locale(Some("de")), locale(Some("fr-CA"))),
            ("en_US".into(), "de_DE".into(), "fr_CA".into())
        );
        assert_eq!(locale(Some("zh-Hant-TW")), "en_US");
    }
}
