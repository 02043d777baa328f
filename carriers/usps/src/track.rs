//! Tracking by the current API (35 numbers in a call) or the classic one (one number).

use async_trait::async_trait;
use chrono::{DateTime, NaiveDateTime};
use futures_util::future::join_all;
use http::Method;
use waybill_core::wire::{self, json_request, parse_json};
use waybill_core::{
    Country, Cx, DeliveryEstimate, Error, ErrorKind, EstimateBasis, EventPlace, LocalMoment, Personal, Phase,
    Response, Result, Track, TrackDetail, TrackEvent, TrackOutcome, TrackReplies, TrackReply, TrackRequest,
    TrackStatus, Tracking, TrackingNumber,
};

use crate::carrier::Usps;
use crate::config::TrackingApi;
use crate::error::{Told, of_entry, refusal};
use crate::text::{clock, day, yes};
use crate::track_codes::{delivered_where, of_code, of_words};
use crate::wire::OneOrMore;
use crate::wire::tracking::{Entry, Event, TrackRequest as Body};

const WHAT: &str = "USPS tracking";
/// Numbers in one call of the current API.
const BATCH: usize = 35;

#[async_trait]
impl Tracking for Usps {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let mut replies = Vec::new();
        match self.config.tracking {
            TrackingApi::V3r2 => {
                for numbers in request.numbers.chunks(BATCH) {
                    replies.extend(self.track_batch(cx, request, numbers).await?);
                }
            }
            TrackingApi::V3 => {
                for numbers in request.numbers.chunks(BATCH) {
                    let asked =
                        join_all(numbers.iter().map(|number| self.track_one(cx, request, number))).await;
                    replies.extend(asked.into_iter().collect::<Result<Vec<_>>>()?);
                }
            }
        }
        Ok(TrackReplies { replies })
    }
}

impl Usps {
    async fn track_batch(
        &self,
        cx: &Cx,
        request: &TrackRequest,
        numbers: &[TrackingNumber],
    ) -> Result<Vec<TrackReply>> {
        let answer = self.track_call(cx, request, numbers).await?;
        // One bad number may fail a whole call: then each is asked for on its own.
        let refused =
            answer.status().is_client_error() && !matches!(answer.status().as_u16(), 401 | 403 | 429);
        if !refused || numbers.len() < 2 {
            return parse_batch(&answer, numbers);
        }
        let mut replies = Vec::new();
        for number in numbers {
            let one = std::slice::from_ref(number);
            replies.extend(parse_batch(&self.track_call(cx, request, one).await?, one)?);
        }
        Ok(replies)
    }

    async fn track_call(
        &self,
        cx: &Cx,
        request: &TrackRequest,
        numbers: &[TrackingNumber],
    ) -> Result<Response> {
        let (zip, mailed) = hints(request);
        let entry = |number: &TrackingNumber| Body {
            tracking_number: bare(number.as_str()).to_owned(),
            destination_zip_code: zip.clone(),
            mailing_date: mailed.clone(),
        };
        let body: Vec<Body> = numbers.iter().map(entry).collect();
        let url = self.url("/tracking/v3r2/tracking");
        self.read(cx, || json_request(Method::POST, &url, &body)).await
    }

    async fn track_one(
        &self,
        cx: &Cx,
        request: &TrackRequest,
        number: &TrackingNumber,
    ) -> Result<TrackReply> {
        let mut url = wire::endpoint_of(&self.base, &["tracking", "v3", "tracking", bare(number.as_str())]);
        url.query_pairs_mut().append_pair("expand", "DETAIL");
        let (zip, mailed) = hints(request);
        for (name, value) in [("destinationZIPCode", zip), ("mailingDate", mailed)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, &value);
            }
        }
        let response = self.read(cx, || wire::request(Method::GET, &url)).await?;
        parse_one(&response, number)
    }
}

fn hints(request: &TrackRequest) -> (Option<String>, Option<String>) {
    let zip = request.destination.as_ref().filter(|(country, _)| country.is_us_or_territory());
    let zip = zip
        .and_then(|(_, zip)| zip.as_deref()?.get(..5))
        .filter(|zip| zip.bytes().all(|b| b.is_ascii_digit()));
    (zip.map(str::to_owned), request.shipped_from.map(|date| date.to_string()))
}

/// A scanned barcode starts with `420` and the ZIP code, which is not part of the number.
fn bare(number: &str) -> &str {
    crate::check_digit::without_routing(number)
}

/// Reads the answer of the current API: a list in the order of the request, with errors inside single entries.
pub(crate) fn parse_batch(response: &Response, numbers: &[TrackingNumber]) -> Result<Vec<TrackReply>> {
    if !response.status().is_success() {
        let reply = |number: &TrackingNumber| reply_of_refusal(response, number);
        return numbers.iter().map(reply).collect();
    }
    let entries = parse_json::<OneOrMore<Entry>>(response, WHAT)?.into_vec();
    let mut entries: Vec<Option<Entry>> = entries.into_iter().map(Some).collect();
    let mut replies = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let same = |entry: &Option<Entry>| {
            let stated = entry.as_ref().and_then(|entry| entry.tracking_number.as_deref());
            stated.is_some_and(|stated| bare(stated) == bare(number.as_str()))
        };
        let unnamed =
            |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.tracking_number.is_none());
        let place = entries
            .iter()
            .position(same)
            .or_else(|| entries.get(at).filter(|entry| unnamed(entry)).map(|_| at));
        let entry = place.and_then(|place| entries.get_mut(place)?.take());
        let outcome = match entry {
            Some(entry) => outcome(entry, number),
            None => TrackOutcome::Failed(
                Error::malformed(format!("{WHAT}: the answer says nothing about this number"))
                    .in_phase(Phase::Answered),
            ),
        };
        replies.push(TrackReply { number: number.clone(), outcome });
    }
    Ok(replies)
}

/// Reads the answer of the classic API.
pub(crate) fn parse_one(response: &Response, number: &TrackingNumber) -> Result<TrackReply> {
    if !response.status().is_success() {
        return reply_of_refusal(response, number);
    }
    let entries = parse_json::<OneOrMore<Entry>>(response, WHAT)?.into_vec();
    let entry = entries.into_iter().next().unwrap_or_default();
    Ok(TrackReply { number: number.clone(), outcome: outcome(entry, number) })
}

/// What a refusal of a whole call says about one number; refusals that are not about the number stay errors.
fn reply_of_refusal(response: &Response, number: &TrackingNumber) -> Result<TrackReply> {
    let error = refusal(response, WHAT);
    let answered = error.phase == Phase::Answered;
    let coded = error.carrier_code().is_some_and(|code| code.starts_with("15"));
    let outcome = match error.kind {
        ErrorKind::NotFound if answered => TrackOutcome::NotFound,
        ErrorKind::NotEntitled if coded => TrackOutcome::NotPermitted,
        ErrorKind::Invalid if answered => TrackOutcome::Failed(error),
        _ => return Err(error),
    };
    Ok(TrackReply { number: number.clone(), outcome })
}

fn outcome(mut entry: Entry, number: &TrackingNumber) -> TrackOutcome {
    if let Some(told) = of_entry(entry.error.take(), std::mem::take(&mut entry.errors)) {
        return outcome_of_error(&told);
    }
    if let Some(told) = said_instead(&entry) {
        return outcome_of_error(&told);
    }
    let (status, detail) = stated(&entry);
    let events: Vec<TrackEvent> = entry.tracking_events.iter().map(event).collect();
    if events.is_empty() && matches!(status, TrackStatus::PreTransit | TrackStatus::Unknown) {
        return TrackOutcome::NoEventsYet;
    }
    let mut track = Track::from_events(number.clone(), events);
    // The category speaks for a newest event that nobody here knows.
    let newest = track.events.first().map(|event| (&event.status, event.at));
    if newest.is_none_or(|(newest, _)| *newest == TrackStatus::Unknown) && status != TrackStatus::Unknown {
        track.delivered = newest.map(|(_, at)| at).filter(|_| status == TrackStatus::Delivered);
        (track.status, track.detail) = (status, detail);
    }
    track.expected = expected(&entry);
    track.service = entry.mail_class.as_deref().map(without_markup);
    let others =
        [("associated_label", entry.associated_label), ("return_receipt", entry.related_return_receipt_id)];
    track.other_numbers =
        others.into_iter().filter_map(|(name, number)| Some((name.to_owned(), number?))).collect();
    TrackOutcome::Found(Box::new(track))
}

/// An error that stands bare in an entry: a message and nothing of a parcel.
fn said_instead(entry: &Entry) -> Option<Told> {
    let empty = entry.status.is_none()
        && entry.status_category.is_none()
        && entry.status_summary.is_none()
        && entry.tracking_events.is_empty();
    entry.message.clone().filter(|_| empty).map(|message| Told::new(entry.code.clone(), message))
}

/// The state by category, else by status, else by the sentence that sums it up.
fn stated(entry: &Entry) -> (TrackStatus, Option<TrackDetail>) {
    let older = entry.track_results.iter().flat_map(|results| &results.track_info);
    let older = older.filter_map(|info| info.track_summary.as_deref());
    [&entry.status_category, &entry.status, &entry.status_summary]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(entry.event_summaries.first().map(String::as_str))
        .chain(older)
        .map(of_words)
        .find(|(status, _)| *status != TrackStatus::Unknown)
        .unwrap_or((TrackStatus::Unknown, None))
}

fn outcome_of_error(told: &Told) -> TrackOutcome {
    let says =
        |word: &str| told.message.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains(word));
    match told.kind(400) {
        ErrorKind::NotFound => TrackOutcome::NotFound,
        ErrorKind::NotEntitled => TrackOutcome::NotPermitted,
        _ if says("not found") || says("not yet available") => TrackOutcome::NotFound,
        _ if says("not authorized") || says("not permitted") || says("agreement") => {
            TrackOutcome::NotPermitted
        }
        kind => {
            let words = waybill_core::CarrierWords {
                code: told.code.clone(),
                message: told.message.clone(),
                ..waybill_core::CarrierWords::default()
            };
            TrackOutcome::Failed(Error::answered(kind, format!("{WHAT}: {}", told.sentence()), words))
        }
    }
}

fn event(event: &Event) -> TrackEvent {
    let text = event.event_type.as_deref().map(without_markup).unwrap_or_default();
    let code = event.event_code.clone().unwrap_or_default();
    let (status, detail) = of_code(&code).unwrap_or_else(|| of_words(&text));
    let detail = match (&status, detail) {
        (TrackStatus::Delivered, None) => delivered_where(&text),
        (_, detail) => detail,
    };
    let recipient = event.name.clone().or_else(|| event.firm.clone());
    let signed_by = recipient.filter(|_| status == TrackStatus::Delivered).map(Personal);
    TrackEvent {
        at: moment(event),
        status,
        detail,
        code,
        namespace: None,
        text,
        place: EventPlace {
            city: event.event_city.clone(),
            state: event.event_state.clone(),
            postal_code: event.event_zip.clone().or_else(|| event.event_zip_code.clone()),
            country: event.event_country.as_deref().and_then(country),
            text: None,
        },
        reverses: None,
        signed_by,
    }
}

/// A code, or the name in capitals.
fn country(text: &str) -> Option<Country> {
    Country::from_code(text.trim()).or_else(|| {
        let name = text.trim();
        Country::all().find(|country| country.name().eq_ignore_ascii_case(name))
    })
}

/// The event's own time is local, whatever letter stands behind it; the GMT time is the fall-back.
fn moment(event: &Event) -> LocalMoment {
    let offset = event.gmt_offset.as_deref().and_then(offset_minutes);
    if let Some(local) = event.event_timestamp.as_deref().and_then(local_time) {
        return LocalMoment { offset_minutes: offset, ..local };
    }
    let Some(gmt) = event.gmt_timestamp.as_deref().and_then(gmt) else { return LocalMoment::default() };
    let there = offset.and_then(|minutes| chrono::FixedOffset::east_opt(minutes * 60));
    LocalMoment::with_offset(there.map_or(gmt, |zone| gmt.with_timezone(&zone)))
}

fn gmt(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    let bare = || {
        let LocalMoment { date, time, .. } = local_time(text)?;
        Some(NaiveDateTime::new(date?, time?).and_utc().fixed_offset())
    };
    DateTime::parse_from_rfc3339(text).ok().or_else(bare)
}

fn local_time(text: &str) -> Option<LocalMoment> {
    let date = day(text)?;
    let time = text.trim().get(11..).and_then(clock);
    Some(match time {
        Some(time) => LocalMoment::local(NaiveDateTime::new(date, time)),
        None => LocalMoment::day(date),
    })
}

/// `-07:00`, `-0700`, or minutes such as `-420`.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let pair =
        digits.split_once(':').or_else(|| (digits.len() == 4).then(|| digits.split_at_checked(2)).flatten());
    let minutes = match pair {
        Some((hours, minutes)) => {
            i32::from(hours.parse::<u16>().ok()?) * 60 + i32::from(minutes.parse::<u8>().ok()?)
        }
        None => i32::from(digits.parse::<u16>().ok()?),
    };
    (minutes <= 14 * 60).then_some(sign * minutes)
}

/// What was promised, else the expected day, else what USPS predicts; v3r2 keeps it apart, v3 among the other fields.
fn expected(entry: &Entry) -> Option<DeliveryEstimate> {
    let estimate = |latest: LocalMoment, guaranteed| DeliveryEstimate {
        latest,
        earliest: None,
        end_of_day: latest.time.is_none(),
        guaranteed,
        basis: EstimateBasis::Carrier,
    };
    let expectation = entry.delivery_date_expectation.as_ref().unwrap_or(&entry.expectation);
    let stamp = |text: &Option<String>| local_time(text.as_deref()?);
    let promised = stamp(&expectation.guaranteed_delivery_date);
    if let Some(latest) = promised.or_else(|| stamp(&entry.guaranteed_delivery_time_stamp)) {
        return Some(estimate(latest, Some(true)));
    }
    let at = |text: &Option<String>| text.as_deref().and_then(clock);
    let window_end = at(&expectation.predicted_delivery_window_end_time);
    let expected =
        stamp(&expectation.expected_delivery_date).or_else(|| stamp(&entry.expected_delivery_time_stamp));
    let predicted =
        stamp(&expectation.predicted_delivery_date).or_else(|| stamp(&entry.predicted_delivery_time_stamp));
    let mut latest = expected.or(predicted)?;
    latest.time = window_end
        .or_else(|| at(&expectation.expected_delivery_time))
        .or_else(|| at(&expectation.end_of_day))
        .or(latest.time);
    let mut estimate = estimate(latest, None);
    estimate.earliest = at(&expectation.predicted_delivery_window_start_time)
        .map(|time| LocalMoment { time: Some(time), ..latest });
    let end_of_day = expectation.end_of_day.as_deref().is_some_and(|text| yes(text) != Some(false));
    estimate.end_of_day |= end_of_day;
    Some(estimate)
}

/// Texts hold tags and character references for marks: `Mail<SUP>&reg;</SUP>`.
fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, tail) = rest.split_at(at);
        plain.push_str(before);
        let end = if tail.starts_with('<') {
            tail.find('>')
        } else {
            tail.get(..12.min(tail.len())).and_then(|near| near.find(';'))
        };
        rest = match end.and_then(|end| tail.get(end + 1..)) {
            Some(after) => {
                if tail.starts_with("&amp;") {
                    plain.push('&');
                }
                after
            }
            None => {
                plain.push_str(tail.get(..1).unwrap_or_default());
                tail.get(1..).unwrap_or_default()
            }
        };
    }
    plain.push_str(rest);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_and_words_stay() {
        for (text, plain) in [
            ("USPS Ground Advantage<SUP>&#153;</SUP>", "USPS Ground Advantage"),
            ("Priority Mail<SUP>&reg;</SUP> 2-Day", "Priority Mail 2-Day"),
            ("A &amp; B <", "A & B <"),
            ("a & b", "a & b"),
            ("<é&ü", "<é&ü"),
        ] {
            assert_eq!(without_markup(text), plain);
        }
    }

    #[test]
    fn offsets_come_in_two_notations() {
        for (text, minutes) in [
            ("-07:00", Some(-420)),
            ("-420", Some(-420)),
            ("+05:30", Some(330)),
            ("-03:30", Some(-210)),
            ("-0500", Some(-300)),
            ("x", None),
            ("99:00", None),
            ("-é:00", None),
            ("", None),
        ] {
            assert_eq!(offset_minutes(text), minutes, "{text}");
        }
    }

    #[test]
    fn the_local_time_is_local_even_with_a_z() {
        let event = Event {
            event_timestamp: Some("2026-03-09T14:30:00Z".into()),
            gmt_offset: Some("-05:00".into()),
            ..Event::default()
        };
        assert_eq!(moment(&event).utc().unwrap().to_rfc3339(), "2026-03-09T19:30:00+00:00");
        for timestamp in ["2026-03-09T19:30:00Z", "2026-03-09T19:30:00", "2026-03-09 19:30:00.000"] {
            let gmt = Event {
                gmt_timestamp: Some(timestamp.into()),
                gmt_offset: Some("-300".into()),
                ..Event::default()
            };
            assert_eq!(moment(&gmt).time.unwrap().to_string(), "14:30:00", "{timestamp}");
        }
    }
}
