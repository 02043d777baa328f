//! What became of a lost purchase: the search by reference. Our handle is a reference of every package, so each piece
//! of a sale answers to it. The Ship API gives no label a second time: what is found is found without.

use chrono::Duration;
use waybill_core::{
    Cx, Error, ErrorKind, Piece, Purchase, RecoverRequest, Recovery, Response, Result, Settlement,
    TrackStatus,
};

use crate::auth::{Call, Project};
use crate::carrier::FedEx;
use crate::error::{output, per_number};
use crate::ship_reply::Memo;
use crate::wire::track::{
    AssociatedShipmentsRequest, ReferenceNumbersRequest, ReferencesInformation, TrackOutput, TrackResult,
    TrackingInfo, TrackingNumberInfo,
};
use crate::{dates, track, uncertain};

const PIECES: &str = "/track/v1/associatedshipments";

/// A piece that the search found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    number: String,
    master: Option<String>,
    sequence: Option<u32>,
    count: Option<u32>,
    cancelled: bool,
}

impl FedEx {
    /// Searches for a purchase by its handle.
    pub(crate) async fn search(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let call = Call::post(track::BY_REFERENCE, &self.search_request(request))?;
        let response = self.ask(cx, Project::Track, &call).await?;
        let found = read(&response)?;
        if found.is_empty() {
            return Ok(Recovery::Absent);
        }
        let live: Vec<Found> = found.into_iter().filter(|piece| !piece.cancelled).collect();
        if live.is_empty() {
            return Ok(Recovery::Voided);
        }
        let mut purchases = Vec::new();
        for group in groups(live) {
            let group = self.whole(cx, group).await?;
            purchases.push(purchase(group, request));
        }
        Ok(Recovery::Found(purchases))
    }

    fn search_request(&self, request: &RecoverRequest) -> ReferenceNumbersRequest {
        let sent = request.sent_at.date_naive();
        let shipped = request.order.shipment.ship_date.unwrap_or(sent);
        // FedEx takes 30 days at most: ten before the earlier day, and no more than 29 in all.
        let begin = sent.min(shipped) - Duration::days(uncertain::SEARCH_DAYS);
        let end =
            (sent.max(shipped) + Duration::days(uncertain::SEARCH_DAYS)).min(begin + Duration::days(29));
        ReferenceNumbersRequest {
            references_information: ReferencesInformation {
                value: request.order.handle.short(),
                account_number: self.config().account_number.expose().to_owned(),
                ship_date_begin: dates::day(begin),
                ship_date_end: dates::day(end),
                ship_date_end_date: dates::day(end),
            },
            include_detailed_scans: false,
        }
    }

    /// The pieces that the search did not name, by the master number.
    async fn whole(&self, cx: &Cx, group: Vec<Found>) -> Result<Vec<Found>> {
        let expected = group.iter().find_map(|piece| piece.count).unwrap_or(1);
        let missing = usize::try_from(expected).is_ok_and(|expected| group.len() < expected);
        let Some(master) = group.iter().find_map(|piece| piece.master.clone()).filter(|_| missing) else {
            return Ok(group);
        };
        let body = AssociatedShipmentsRequest {
            include_detailed_scans: false,
            master_tracking_number_info: TrackingInfo {
                ship_date_begin: None,
                ship_date_end: None,
                tracking_number_info: TrackingNumberInfo { tracking_number: master },
            },
            associated_type: "STANDARD_MPS",
        };
        let response = self.ask(cx, Project::Track, &Call::post(PIECES, &body)?).await?;
        let mut all = group;
        for piece in read(&response)? {
            if all.iter().all(|known| known.number != piece.number) && !piece.cancelled {
                all.push(piece);
            }
        }
        Ok(all)
    }
}

/// Reads an answer: pieces, none when FedEx says that it knows nothing, an error for everything else.
fn read(response: &Response) -> Result<Vec<Found>> {
    let output: TrackOutput = match output(response, "search by reference") {
        Ok(output) => output,
        Err(error) => return unknown_is_none(error),
    };
    let mut found = Vec::new();
    for complete in &output.complete_track_results.0 {
        for result in &complete.track_results.0 {
            if let Some(error) = track::error_of(result) {
                unknown_is_none(per_number(error))?;
                continue;
            }
            found.extend(piece(result, complete.tracking_number.or_empty()));
        }
    }
    Ok(found)
}

/// "Unknown" in FedEx's own code is an answer; a 404 without one is a wrong path or a proxy.
fn unknown_is_none(error: Error) -> Result<Vec<Found>> {
    let own = error.carrier_code().is_some_and(|code| code.starts_with("TRACKING."));
    if error.kind == ErrorKind::NotFound && own { Ok(Vec::new()) } else { Err(error) }
}

fn piece(result: &TrackResult, asked: &str) -> Option<Found> {
    let info = result.tracking_number_info.as_ref();
    let number =
        info.and_then(|info| info.tracking_number.0.clone()).or_else(|| super::parts::some(asked))?;
    let details = result.package_details.as_ref();
    Some(Found {
        master: track::identifier(result, "STANDARD_MPS"),
        sequence: details.and_then(|details| details.sequence_number.0),
        count: details.and_then(|details| details.count.0),
        cancelled: track::latest(result).is_some_and(|(status, _)| status == TrackStatus::Cancelled),
        number,
    })
}

/// Pieces by shipment. Pieces of several packages without a master number belong together until a place in the
/// sequence comes twice; single ones are shipments of their own.
fn groups(pieces: Vec<Found>) -> Vec<Vec<Found>> {
    let mut groups: Vec<(String, Vec<Found>)> = Vec::new();
    for piece in pieces {
        let several = piece.count.unwrap_or(1) > 1;
        let key = match (&piece.master, several) {
            (Some(master), _) => master.clone(),
            (None, true) => String::new(),
            (None, false) => piece.number.clone(),
        };
        if groups.iter().flat_map(|(_, group)| group).any(|known| known.number == piece.number) {
            continue;
        }
        let vacant = |group: &[Found]| {
            piece.sequence.is_none() || group.iter().all(|known| known.sequence != piece.sequence)
        };
        match groups.iter_mut().find(|(known, group)| *known == key && vacant(group)) {
            Some((_, group)) => group.push(piece),
            None => groups.push((key, vec![piece])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn purchase(mut group: Vec<Found>, request: &RecoverRequest) -> Purchase {
    group.sort_by_key(|piece| piece.sequence.unwrap_or(u32::MAX));
    let master = group.iter().find_map(|piece| piece.master.clone());
    let master = master.or_else(|| group.first().map(|piece| piece.number.clone())).unwrap_or_default();
    let shipment = &request.order.shipment;
    let memo = Memo { sender: Some(shipment.from.country), service: String::new(), pieces: group.len() };
    let numbered = (0_u32..).zip(group);
    let pieces = numbered
        .map(|(at, piece)| Piece::new(piece.sequence.map_or(at, |n| n.saturating_sub(1)), piece.number));
    Purchase {
        shipment_key: master.into(),
        pieces: pieces.collect(),
        documents: Vec::new(),
        prices: Vec::new(),
        settlement: Settlement::BilledToAccount,
        delivery: None,
        carrier_data: memo.text(),
        warnings: Vec::new(),
    }
}
