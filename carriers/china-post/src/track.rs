use async_trait::async_trait;
use chrono::NaiveDateTime;
use waybill_core::{
    Cx, ErrorKind, EventPlace, LocalMoment, Result, Track, TrackDetail, TrackEvent, TrackOutcome,
    TrackReplies, TrackReply, TrackRequest, TrackStatus, Tracking, TrackingNumber,
};
use waybill_rate_sheet::numbers::s10;

use crate::ChinaPost;
use crate::config::Gateway;
use crate::events::{Namespace, known, reversed_by};
use crate::gateway::open::api;
use crate::gateway::{eub, open, pcp};
use crate::order::china_time;
use crate::text::scrub;
use crate::wire::eub::{Trace, Traces};
use crate::wire::open as open_wire;
use crate::wire::pcp::{Event, Events};

#[async_trait]
impl Tracking for ChinaPost {
    async fn track(&self, cx: &Cx, request: &TrackRequest) -> Result<TrackReplies> {
        let mut replies = Vec::with_capacity(request.numbers.len());
        let mut answered = 0;
        for number in &request.numbers {
            let outcome = match self.track_one(cx, number.as_str()).await {
                None => return Err(waybill_core::Error::unsupported("this account has no tracking")),
                Some(Ok(outcome)) => {
                    answered += 1;
                    outcome
                }
                Some(Err(error)) if error.kind == ErrorKind::Auth || request.numbers.len() == 1 => {
                    return Err(error);
                }
                Some(Err(error)) => TrackOutcome::Failed(error),
            };
            replies.push(TrackReply { number: number.clone(), outcome });
        }
        // When nothing at all could be asked, that is the answer.
        match replies.first() {
            Some(TrackReply { outcome: TrackOutcome::Failed(error), .. }) if answered == 0 => {
                Err(error.clone())
            }
            _ => Ok(TrackReplies { replies }),
        }
    }
}

impl ChinaPost {
    /// History of one number; `None` when this account cannot track.
    pub(crate) async fn track_one(&self, cx: &Cx, number: &str) -> Option<Result<TrackOutcome>> {
        let clean = s10(number).unwrap_or_else(|| number.split_whitespace().collect());
        let number = clean.as_str();
        match (self.config.gateway, &self.config.open, &self.config.pcp) {
            (Gateway::Eub, ..) => Some(self.track_epacket(cx, number).await),
            (_, Some(_), _) => Some(self.track_open(cx, number).await),
            (Gateway::Pcp, None, Some(keys)) => match &keys.track_url {
                Some(url) => Some(track_pcp(cx, url, keys, number).await),
                None => None,
            },
            _ => None,
        }
    }

    async fn track_open(&self, cx: &Cx, number: &str) -> Result<TrackOutcome> {
        let body = open_wire::Track { waybill_no: number, direction: "0" };
        let call = open::request(&self.open_door()?, api::TRACK, &body, cx.now())?;
        Ok(match open::events(cx.read(call).await?)? {
            None => TrackOutcome::NotPermitted,
            Some(events) => outcome(number, &events),
        })
    }

    async fn track_epacket(&self, cx: &Cx, number: &str) -> Result<TrackOutcome> {
        let chinese = cx.call().language.as_deref().is_some_and(|language| language.starts_with("zh"));
        let language = if chinese { "cn" } else { "en" };
        let call = eub::track_request(&self.base, self.eub_keys()?, language, number)?;
        Ok(match eub::events(cx.read(call).await?)? {
            None => TrackOutcome::NotFound,
            Some(traces) if traces.trace.is_empty() => TrackOutcome::NoEventsYet,
            Some(traces) => TrackOutcome::Found(Box::new(epacket_track(number, &traces))),
        })
    }
}

async fn track_pcp(cx: &Cx, url: &url::Url, keys: &crate::config::Pcp, number: &str) -> Result<TrackOutcome> {
    let call = pcp::track_request(url, keys, number, &china_time(cx.now()))?;
    Ok(outcome(number, &pcp::events(cx.read(call).await?)?))
}

fn outcome(number: &str, events: &Events) -> TrackOutcome {
    match events.response_items.is_empty() {
        true => TrackOutcome::NotFound,
        false => TrackOutcome::Found(Box::new(track_of(number, events))),
    }
}

/// Times have no zone: China time in China, unclear abroad. They are kept as local times, so that their order holds.
fn moment(text: Option<&str>) -> LocalMoment {
    let parsed = text.and_then(|text| {
        let text = text.trim();
        let forms = [
            "%Y-%m-%d %H:%M:%S%.f",
            "%Y-%m-%dT%H:%M:%S%.f",
            "%Y/%m/%d %H:%M:%S",
            "%Y-%m-%d %H:%M",
            "%Y%m%d%H%M%S",
        ];
        let printed = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
        printed.or_else(|| instant(text))
    });
    parsed.map(LocalMoment::local).unwrap_or_default()
}

/// Milliseconds or seconds since 1970, in China's time.
fn instant(text: &str) -> Option<NaiveDateTime> {
    let number: i64 = text.parse().ok()?;
    let seconds = match text.len() {
        13 => number.checked_div(1000)?,
        10 => number,
        _ => return None,
    };
    let china = chrono::DateTime::from_timestamp(seconds, 0)?;
    china.naive_utc().checked_add_signed(chrono::Duration::hours(8))
}

/// A history out of coded events, sorted by time and then by the order in which they came.
pub fn track_of(number: &str, events: &Events) -> Track {
    let mine = |event: &&Event| {
        let named = event.waybill_no.as_deref().or(event.trace_no.as_deref());
        named.is_none_or(|named| named.eq_ignore_ascii_case(number))
    };
    let mut items: Vec<(LocalMoment, &Event)> = events
        .response_items
        .iter()
        .filter(mine)
        .map(|event| (moment(event.op_time.as_deref()), event))
        .collect();
    items.sort_by_key(|(at, _)| at.sort_key());
    let mut list: Vec<TrackEvent> = Vec::with_capacity(items.len());
    for (at, event) in &items {
        let reverses = reverses(event, &list);
        list.push(track_event(*at, event, reverses));
    }
    // The model takes events of one moment as newest first.
    list.reverse();
    let mut track = Track::from_events(number, list);
    track.service = items.iter().rev().find_map(|(_, event)| event.product_name.clone());
    track
}

/// The newest earlier event that this one takes back.
fn reverses(event: &Event, earlier: &[TrackEvent]) -> Option<String> {
    let codes = reversed_by(event.op_code.as_deref()?)?;
    let found = earlier.iter().rev().find(|event| codes.contains(&event.code.as_str()));
    found.map(|event| event.code.clone()).or_else(|| codes.first().map(|code| (*code).to_owned()))
}

fn track_event(at: LocalMoment, event: &Event, reverses: Option<String>) -> TrackEvent {
    let code = event.op_code.clone().unwrap_or_default();
    let corrects = reversed_by(&code).is_some();
    let found = known(Namespace::Operation, &code)
        .or_else(|| known(Namespace::Operation, &code.to_ascii_uppercase()));
    // Without a code its name says what happened.
    let named = || event.op_name.as_deref().map(eub_status).filter(|_| code.is_empty());
    let (mut status, mut detail) = found.or_else(named).unwrap_or((TrackStatus::Unknown, None));
    if corrects {
        (status, detail) = (TrackStatus::Unknown, Some(TrackDetail::Correction));
    }
    // How it was delivered, or why not, says more than the operation.
    let more = match status {
        TrackStatus::Delivered => {
            event.deliver_code.as_deref().and_then(|code| known(Namespace::Delivery, code))
        }
        TrackStatus::Attempted => {
            event.attempt_delivery_code.as_deref().and_then(|code| known(Namespace::Failure, code))
        }
        _ => None,
    };
    if let Some((closer, why)) = more {
        (status, detail) = (closer, why.or(detail));
    }
    let text = event.op_desc.as_deref().or(event.op_name.as_deref()).unwrap_or_default();
    TrackEvent {
        at,
        status,
        detail,
        code,
        namespace: Some("op".to_owned()),
        text: scrub(text),
        place: EventPlace {
            city: event.op_org_city.clone(),
            state: event.op_org_prov_name.clone(),
            text: event.op_org_name.clone(),
            ..EventPlace::default()
        },
        reverses,
        signed_by: None,
    }
}

fn epacket_track(number: &str, traces: &Traces) -> Track {
    let event = |trace: &Trace| {
        let remark = trace.remark.as_deref().unwrap_or_default().trim();
        let (status, detail) = eub_status(remark);
        TrackEvent {
            at: moment(trace.accept_time.as_deref()),
            status,
            detail,
            code: String::new(),
            namespace: None,
            text: scrub(remark),
            place: EventPlace {
                text: trace
                    .accept_address
                    .as_deref()
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
                ..EventPlace::default()
            },
            reverses: None,
            signed_by: None,
        }
    };
    let mut list: Vec<TrackEvent> = traces.trace.iter().map(event).collect();
    list.reverse();
    Track::from_events(TrackingNumber::from(number), list)
}

/// Words of the partner interface's events, which have no codes, in the order in which they must be looked for: the
/// Chinese word for "delivered" stands inside "not delivered" and "delivered back". Latin words in small letters.
const WORDS: &[(&[&str], TrackStatus, Option<TrackDetail>)] = &[
    (&["退回妥投", "退回签收"], TrackStatus::Returned, None),
    (
        &["未妥投", "未签收", "试投", "投递失败", "未成功", "unsuccessful", "attempted"],
        TrackStatus::Attempted,
        None,
    ),
    (&["退回", "退件", "return"], TrackStatus::Exception, Some(TrackDetail::Returning)),
    (&["海关留存", "扣留", "held by", "retained"], TrackStatus::Exception, Some(TrackDetail::CustomsHeld)),
    (
        &["海关放行", "已通关", "完成目的国清关", "released"],
        TrackStatus::InTransit,
        Some(TrackDetail::CustomsCleared),
    ),
    (&["海关", "清关", "customs"], TrackStatus::InTransit, Some(TrackDetail::Customs)),
    (
        &["自提点", "代收点", "待自提", "collection point", "awaiting collection"],
        TrackStatus::AvailableForPickup,
        Some(TrackDetail::PickupPoint),
    ),
    (
        &["投递下段", "派送", "派件", "安排投递", "正在投递", "out for delivery"],
        TrackStatus::OutForDelivery,
        None,
    ),
    (&["妥投", "签收", "final delivery", "delivered"], TrackStatus::Delivered, None),
    (
        &["despatch", "dispatch", "depart", "离开", "启运", "封车", "交航"],
        TrackStatus::InTransit,
        Some(TrackDetail::Departed),
    ),
    (&["arriv", "到达"], TrackStatus::InTransit, Some(TrackDetail::Arrived)),
    (&["收寄", "揽收", "posting", "collection"], TrackStatus::Accepted, None),
    (&["处理中心", "互换局", "outward", "inward", "sorting"], TrackStatus::InTransit, None),
];

/// Status of an event of the partner interface by its words.
pub fn eub_status(text: &str) -> (TrackStatus, Option<TrackDetail>) {
    let text = text.to_lowercase();
    let found = WORDS.iter().find(|row| row.0.iter().any(|word| text.contains(word)));
    found.map_or((TrackStatus::Unknown, None), |row| (row.1.clone(), row.2.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_hold_other_words_are_told_apart() {
        for (text, status) in [
            ("退回妥投", TrackStatus::Returned),
            ("投递结果反馈-未妥投", TrackStatus::Attempted),
            ("境外妥投", TrackStatus::Delivered),
            ("退件登记", TrackStatus::Exception),
            ("境外进口海关放行", TrackStatus::InTransit),
            ("Posting", TrackStatus::Accepted),
            ("Despatch from Sorting Center", TrackStatus::InTransit),
            ("Attempted/Unsuccessful delivery", TrackStatus::Attempted),
            ("Delivered", TrackStatus::Delivered),
            ("FINAL DELIVERY", TrackStatus::Delivered),
            ("投递并签收，签收人：他人代收", TrackStatus::Delivered),
            ("投递失败，未签收", TrackStatus::Attempted),
            ("正在投递", TrackStatus::OutForDelivery),
            ("Arrival at collection point", TrackStatus::AvailableForPickup),
            ("已揽收", TrackStatus::Accepted),
            ("Inward Office of Exchange", TrackStatus::InTransit),
            ("something new", TrackStatus::Unknown),
        ] {
            assert_eq!(eub_status(text).0, status, "{text}");
        }
    }

    fn event(time: &str, code: &str) -> Event {
        Event { op_time: Some(time.into()), op_code: Some(code.into()), ..Event::default() }
    }

    #[test]
    fn a_reversal_takes_back_acceptance_and_delivery() {
        let track = |items: Vec<Event>| {
            track_of("LX255744009CN", &Events { response_items: items, ..Events::default() })
        };
        let taken = track(vec![event("2026-10-08 16:20:00", "203"), event("2026-10-08 17:00:00", "207")]);
        assert_eq!(taken.status, TrackStatus::Unknown);
        let undelivered = track(vec![
            event("2026-10-08 16:20:00", "702"),
            event("2026-10-08 17:00:00", "704"),
            event("2026-10-08 17:00:00", "743"),
        ]);
        assert_eq!((undelivered.status, undelivered.delivered), (TrackStatus::OutForDelivery, None));
        let nameless =
            Event {
                op_name: Some("妥投".into()), op_time: Some("1791453600000".into()), ..Event::default()
            };
        let told = track(vec![nameless]);
        assert_eq!(told.status, TrackStatus::Delivered);
        assert_eq!(told.events[0].at.time.map(|time| time.to_string()).as_deref(), Some("18:00:00"));
        let again = track(vec![event("2026-10-08 10:00:00", "345"), event("2026-10-08 11:00:00", "304")]);
        assert_eq!(again.events[0].reverses.as_deref(), Some("345"));
    }

    #[test]
    fn every_printed_form_of_a_time_is_read() {
        let forms = [
            "2026-10-08 10:00:00",
            "2026-10-08 10:00:00.0",
            "2026-10-08T10:00:00",
            "2026/10/08 10:00:00",
            "2026-10-08 10:00",
            "20261008100000",
            "1791453600000",
            "1791453600",
        ];
        for text in forms.iter().take(6) {
            assert_eq!(moment(Some(text)).sort_key().unwrap().to_string(), "2026-10-08 10:00:00", "{text}");
        }
        for text in &forms[6..] {
            assert_eq!(moment(Some(text)).sort_key().unwrap().to_string(), "2026-10-08 18:00:00", "{text}");
        }
        assert_eq!(moment(Some("soon")).sort_key(), None);
    }

    #[test]
    fn the_reason_of_a_failed_delivery_says_more_than_its_code() {
        let mut failed = event("2026-10-08 10:00:00", "705");
        failed.attempt_delivery_code = Some("7".into());
        let track = track_of("X", &Events { response_items: vec![failed], ..Events::default() });
        assert_eq!((track.status, track.detail), (TrackStatus::Exception, Some(TrackDetail::Refused)));
    }
}
