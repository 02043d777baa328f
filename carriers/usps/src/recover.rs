//! What became of a lost purchase, and labels again: both are reprints, of which USPS makes three until the mailing date.

use http::Method;
use waybill_core::wire::{self, json_request};
use waybill_core::{
    Cx, Error, ErrorKind, LabelSpec, Phase, RecoverRequest, Recovery, Repeatable, ReprintReply,
    ReprintRequest, Request, Response, Result,
};

use crate::carrier::Usps;
use crate::error::{read, refusal};
use crate::label::purchase;
use crate::rate::known;
use crate::ship::{Lane, ONE_JSON, idempotency_key, image};
use crate::void::lane_of;
use crate::wire::label::ReprintRequest as Body;

const WHAT: &str = "USPS label reprint";

/// How long a label can be found by its idempotency key (seen in production: seven days).
pub(crate) const FINDABLE_SECONDS: u64 = 7 * 24 * 3600;

/// No label was made with this key.
const NO_LABEL: &[&str] = &["160412"];
/// The label is cancelled, or its refund is asked for.
const CANCELLED: &[&str] = &["160979", "160379", "160380"];

impl Usps {
    pub(crate) async fn recover_sale(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        let order = &request.order;
        let lane = Lane::of(&order.shipment, known(order.service.as_str())?);
        let key = idempotency_key(&order.handle);
        let build = || {
            let mut http = self.reprint_request(lane, None, &order.label)?;
            wire::set_header(&mut http, "x-idempotency-key", &key)?;
            Ok(http)
        };
        let response = self.label_call(cx, Repeatable::Read, build).await?;
        match parse_absence(&response) {
            Some(Recovery::Absent) => {
                let age = (cx.now() - request.sent_at).to_std().unwrap_or_default().as_secs();
                if age < FINDABLE_SECONDS { Ok(Recovery::Absent) } else { Err(too_old()) }
            }
            Some(recovery) => Ok(recovery),
            None if is_past_printing(&response) => Err(sold_and_gone(&response)),
            None => Ok(Recovery::Found(vec![purchase(&response, &order.label, lane, &self.config)?])),
        }
    }

    pub(crate) async fn reprint_label(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        let key = &request.key;
        let lane = lane_of(key);
        let number = key.tracking.first().map(|number| number.as_str()).unwrap_or(key.shipment_key.as_str());
        let build = || self.reprint_request(lane, Some(number), &request.label);
        let response = self.label_call(cx, Repeatable::Read, build).await?;
        if !response.status().is_success() {
            return Err(refusal(&response, WHAT));
        }
        Ok(ReprintReply { documents: purchase(&response, &request.label, lane, &self.config)?.documents })
    }

    /// By number, or by the idempotency key that the caller sets.
    fn reprint_request(&self, lane: Lane, number: Option<&str>, label: &LabelSpec) -> Result<Request> {
        let (api, call) = match lane {
            Lane::International => ("international-labels", "international-label-reprint"),
            Lane::Domestic | Lane::Return => ("labels", "label-reprint"),
        };
        let segments: Vec<&str> = [api, "v3", call].into_iter().chain(number).collect();
        let url = wire::endpoint_of(&self.base, &segments);
        let mut request = json_request(Method::POST, &url, &Body { image_info: image(label, lane, false)? })?;
        wire::accept(&mut request, ONE_JSON);
        Ok(request)
    }
}

/// The answers of a reprint by key that say what became of the purchase without a label.
pub(crate) fn parse_absence(response: &Response) -> Option<Recovery> {
    if !response.status().is_client_error() {
        return None;
    }
    let told = read(response)?;
    match () {
        () if told.has_code(NO_LABEL) => Some(Recovery::Absent),
        () if told.has_code(CANCELLED) => Some(Recovery::Voided),
        () => None,
    }
}

/// The mailing date has passed, or the three reprints are used up: both prove that the label was sold.
fn is_past_printing(response: &Response) -> bool {
    response.status().is_client_error()
        && read(response).is_some_and(|told| told.has_code(&["160381", "160382"]))
}

fn sold_and_gone(response: &Response) -> Error {
    let error = refusal(response, WHAT);
    let message = format!(
        "{}; the label was sold with this attempt and USPS does not print it any more: void the attempt, or take the \
         number from the account's transactions",
        error.message
    );
    Error { message, ..error }
}

fn too_old() -> Error {
    Error::new(
        ErrorKind::TooLate,
        "USPS knows idempotency keys for seven days: that it does not know this one proves nothing any more",
    )
    .in_phase(Phase::Answered)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn only_one_code_is_an_absence() {
        let answer = |code: &str| {
            let body = format!(r#"{{"error":{{"errors":[{{"code":"{code}","detail":"words"}}]}}}}"#);
            http::Response::builder().status(400).body(Bytes::from(body)).unwrap()
        };
        assert_eq!(parse_absence(&answer("160412")), Some(Recovery::Absent));
        for cancelled in ["160979", "160379", "160380"] {
            assert_eq!(parse_absence(&answer(cancelled)), Some(Recovery::Voided), "{cancelled}");
        }
        for sold in ["160381", "160382"] {
            assert!(parse_absence(&answer(sold)).is_none() && is_past_printing(&answer(sold)));
            let error = sold_and_gone(&answer(sold));
            assert!(error.kind == ErrorKind::TooLate && error.message.contains("was sold"), "{error}");
        }
        assert!(parse_absence(&answer("160001")).is_none() && !is_past_printing(&answer("160001")));
    }
}
