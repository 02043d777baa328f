//! Cancelling labels. Before the manifest the label is cancelled, after it a refund is asked for ("disputed").

use http::{Method, header};
use waybill_core::wire::{self, parse_json};
use waybill_core::{
    Cx, Error, ErrorKind, LabelKey, Phase, Repeatable, Response, Result, Retry, TrackingNumber, VoidOutcome,
};

use crate::carrier::Usps;
use crate::error::{read, refusal};
use crate::services::class_of;
use crate::ship::{Lane, idempotency_key};
use crate::wire::OneOrMore;
use crate::wire::label_answer::CancelAnswer;

const WHAT: &str = "USPS label cancellation";

/// Which API sold the label of a key.
pub(crate) fn lane_of(key: &LabelKey) -> Lane {
    match key.carrier_data.as_deref() {
        Some("international") => Lane::International,
        Some("return") => Lane::Return,
        Some("domestic") => Lane::Domestic,
        _ if class_of(key.service.as_str()).is_some_and(|class| class.international) => Lane::International,
        _ => Lane::Domestic,
    }
}

impl Usps {
    pub(crate) async fn void_label(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        match key.tracking.as_slice() {
            [] => {
                self.cancel(cx, key, Some(key.shipment_key.as_str()).filter(|number| !number.is_empty()))
                    .await
            }
            [only] => self.cancel(cx, key, Some(only.as_str())).await,
            several => self.cancel_each(cx, key, several).await,
        }
    }

    async fn cancel_each(&self, cx: &Cx, key: &LabelKey, numbers: &[TrackingNumber]) -> Result<VoidOutcome> {
        let (mut voided, mut refused) = (Vec::new(), Vec::new());
        for number in numbers {
            match self.cancel(cx, key, Some(number.as_str())).await {
                Ok(VoidOutcome::Voided | VoidOutcome::RefundPending { .. }) => voided.push(number.clone()),
                Ok(VoidOutcome::TooLate { reason } | VoidOutcome::NotOffered { reason }) => {
                    refused.push((number.clone(), reason));
                }
                Ok(_) => refused.push((number.clone(), "USPS did not say".to_owned())),
                Err(error) => refused.push((number.clone(), error.message)),
            }
        }
        Ok(if refused.is_empty() { VoidOutcome::Voided } else { VoidOutcome::Partial { voided, refused } })
    }

    /// By number, or by idempotency key when the number was never learnt.
    async fn cancel(&self, cx: &Cx, key: &LabelKey, number: Option<&str>) -> Result<VoidOutcome> {
        let (api, call) = match lane_of(key) {
            Lane::International => ("international-labels", "international-label"),
            Lane::Domestic | Lane::Return => ("labels", "label"),
        };
        let segments: Vec<&str> = [api, "v3", call].into_iter().chain(number).collect();
        let url = wire::endpoint_of(&self.base, &segments);
        let build = || {
            let mut request = wire::request(Method::DELETE, &url)?;
            if number.is_none() {
                wire::set_header(&mut request, "x-idempotency-key", &idempotency_key(&key.handle))?;
            }
            Ok(request)
        };
        parse(&self.label_call(cx, Repeatable::Change, build).await?)
    }
}

/// Reads the answer to a cancellation.
pub(crate) fn parse(response: &Response) -> Result<VoidOutcome> {
    if !response.status().is_success() {
        return parse_refusal(response);
    }
    // The test host and older versions answer nothing, or an empty list.
    let body = response.body().trim_ascii();
    let empty = response.headers().get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    if (body.is_empty() && empty) || body == b"[]" {
        return Ok(VoidOutcome::Voided);
    }
    let answers: OneOrMore<CancelAnswer> = parse_json(response, WHAT)?;
    let answer = answers.into_vec().into_iter().next().unwrap_or_default();
    match answer.status.as_deref().map(str::to_ascii_uppercase).as_deref() {
        Some("CANCELED" | "CANCELLED") => Ok(VoidOutcome::Voided),
        Some("DISPUTED") => Ok(VoidOutcome::RefundPending { case: answer.dispute_id, amount: None }),
        // A state that is new: nothing may be concluded from it. Asking again is safe, as a cancelled label says so.
        _ => Err(Error::answered(
            ErrorKind::Other("unknown_state".to_owned()),
            format!("{WHAT}: the answer does not say what became of the label"),
            wire::words_of(response),
        )
        .in_phase(Phase::OutcomeUnknown)
        .with_retry(Retry::Safe)),
    }
}

fn parse_refusal(response: &Response) -> Result<VoidOutcome> {
    let error = refusal(response, WHAT);
    let told = read(response);
    let has = |codes: &[&str]| told.as_ref().is_some_and(|told| told.has_code(codes));
    if has(&["160186"]) {
        return Ok(VoidOutcome::Voided);
    }
    if has(&["160187"]) {
        return Ok(VoidOutcome::NotOffered { reason: error.message });
    }
    match error.kind {
        ErrorKind::TooLate => Ok(VoidOutcome::TooLate { reason: error.message }),
        _ if not_found(&error.message) => Err(Error { kind: ErrorKind::NotFound, ..error }),
        _ => Err(error),
    }
}

/// The documents print this refusal with a masked code.
fn not_found(message: &str) -> bool {
    message.contains("Order not found")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    fn code(code: &str) -> String {
        format!(r#"{{"error":{{"errors":[{{"code":"{code}","detail":"words"}}]}}}}"#)
    }

    #[test]
    fn each_state_has_its_outcome() {
        for (body, outcome) in [
            (r#"{"trackingNumber":"1","status":"CANCELED"}"#, VoidOutcome::Voided),
            ("", VoidOutcome::Voided),
            ("[]", VoidOutcome::Voided),
            ("[{\"status\":\"canceled\",\"trackingNumber\":12}]", VoidOutcome::Voided),
            (
                r#"{"status":"Disputed","disputeID":"7"}"#,
                VoidOutcome::RefundPending { case: Some("7".into()), amount: None },
            ),
            (
                r#"{"status":"DISPUTED","disputeId":103789}"#,
                VoidOutcome::RefundPending { case: Some("103789".into()), amount: None },
            ),
        ] {
            assert_eq!(parse(&answer(200, body)).unwrap(), outcome, "{body}");
        }
        assert_eq!(parse(&answer(400, &code("160186"))).unwrap(), VoidOutcome::Voided);
        for late in ["160184", "160174", "160301"] {
            assert!(
                matches!(parse(&answer(400, &code(late))).unwrap(), VoidOutcome::TooLate { .. }),
                "{late}"
            );
        }
        assert!(matches!(parse(&answer(400, &code("160187"))).unwrap(), VoidOutcome::NotOffered { .. }));
        assert_eq!(parse(&answer(400, &code("160185"))).unwrap_err().kind, ErrorKind::NotFound);
        let new = parse(&answer(200, "{\"status\":\"?\"}")).unwrap_err();
        assert_eq!((new.phase, new.retry), (Phase::OutcomeUnknown, Retry::Safe));
        assert_eq!(parse(&answer(503, "")).unwrap_err().kind, ErrorKind::Unavailable);
    }
}
