use waybill_core::{
    Cx, Error, ErrorKind, LabelKey, Phase, Request, Response, Result, TrackOutcome, TrackStatus,
    TrackingNumber, VoidOutcome,
};

use crate::ChinaPost;
use crate::config::Gateway;
use crate::error::{says_accepted, says_cancelled};
use crate::gateway::open::api;
use crate::gateway::{eub, open, pcp};
use crate::wire::open::Cancel;

type Parser = fn(Response) -> Result<()>;

impl ChinaPost {
    /// Cancels an order by its number: possible until the office accepts the parcel (code 203), then money is due.
    pub(crate) async fn cancel(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        let number = key.tracking.first().map_or(key.shipment_key.as_str(), TrackingNumber::as_str);
        let (call, parse) = self.cancel_request(cx, key, number)?;
        let outcome = outcome(parse(cx.change(call).await?));
        match outcome {
            // The words do not say why: the parcel's history does.
            Err(error) if error.phase == Phase::Answered && is_undecided(&error) => {
                self.why(cx, number, error).await
            }
            decided => decided,
        }
    }

    async fn why(&self, cx: &Cx, number: &str, refusal: Error) -> Result<VoidOutcome> {
        let track = match self.track_one(cx, number).await {
            Some(Ok(TrackOutcome::Found(track))) => track,
            Some(Ok(TrackOutcome::NotFound | TrackOutcome::NotPermitted)) => {
                return Err(Error { kind: ErrorKind::NotFound, ..refusal });
            }
            Some(Err(error)) => return Err(error),
            _ => return Err(refusal),
        };
        match track.status {
            TrackStatus::Cancelled => Ok(VoidOutcome::Voided),
            TrackStatus::PreTransit | TrackStatus::Unknown => Err(refusal),
            _ => Ok(VoidOutcome::TooLate {
                reason: "the office has accepted the parcel; its postage is due".to_owned(),
            }),
        }
    }

    fn cancel_request(&self, cx: &Cx, key: &LabelKey, number: &str) -> Result<(Request, Parser)> {
        match self.config.gateway {
            Gateway::Eub => Ok((eub::cancel_request(&self.base, self.eub_keys()?, number)?, |response| {
                eub::done(response, "cancel")
            })),
            Gateway::Pcp => Ok((pcp::cancel_request(&self.base, self.pcp_keys()?, number)?, pcp::cancelled)),
            Gateway::Open | Gateway::OpenDomestic => {
                let order = key.handle.short();
                let body =
                    Cancel { logistics_order_no: &order, waybill_no: number, cancel_reason: "客户取消" };
                Ok((open::request(&self.open_door()?, api::CANCEL, &body, cx.now())?, open::cancelled))
            }
        }
    }
}

fn is_undecided(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Other(_))
}

/// The carrier's words of a refused cancel tell what the parcel's state is; its codes do not.
fn outcome(result: Result<()>) -> Result<VoidOutcome> {
    let error: Error = match result {
        Ok(()) => return Ok(VoidOutcome::Voided),
        Err(error) => error,
    };
    let words = error.carrier.as_ref().and_then(|words| words.message.clone()).unwrap_or_default();
    match () {
        () if error.phase != Phase::Answered => Err(error),
        () if says_cancelled(&words) => Ok(VoidOutcome::Voided),
        () if says_accepted(&words) => Ok(VoidOutcome::TooLate { reason: words }),
        () => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::CarrierWords;

    fn refused(kind: ErrorKind, message: &str) -> Result<()> {
        let words = CarrierWords { message: Some(message.into()), ..CarrierWords::default() };
        Err(Error::answered(kind, "refused", words))
    }

    #[test]
    fn the_carriers_words_decide() {
        let other = || ErrorKind::Other("refused".into());
        assert_eq!(outcome(Ok(())).unwrap(), VoidOutcome::Voided);
        assert_eq!(outcome(refused(other(), "邮件已撤单")).unwrap(), VoidOutcome::Voided);
        assert!(matches!(
            outcome(refused(other(), "邮件已收寄，不能取消")).unwrap(),
            VoidOutcome::TooLate { .. }
        ));
        assert_eq!(outcome(refused(ErrorKind::NotFound, "不存在")).unwrap_err().kind, ErrorKind::NotFound);
        assert!(outcome(refused(other(), "?")).is_err());
    }
}
