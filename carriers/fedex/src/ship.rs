//! Buying a label: the short story. [`crate::ship_request`] builds the request, [`crate::ship_reply`] reads the answer.

use std::time::Duration;

use async_trait::async_trait;
use waybill_core::{
    Cx, Error, ErrorKind, Label, LabelKey, LabelOrder, LogLevel, Phase, Purchase, RecoverRequest, Recovery,
    ReprintReply, ReprintRequest, Response, Result, SpendPermit, VoidOutcome,
};

use crate::auth::{Call, Project};
use crate::carrier::FedEx;
use crate::ship_reply::{self, Answer};
use crate::wire::ship::AsyncResultRequest;

const PATH: &str = "/ship/v1/shipments";
const RESULTS: &str = "/ship/v1/shipments/results";
/// How often a job is asked for, and how long to wait between.
const POLLS: u32 = 40;
const POLL_EVERY: Duration = Duration::from_secs(3);

#[async_trait]
impl Label for FedEx {
    async fn buy(&self, cx: &Cx, order: &LabelOrder, permit: SpendPermit) -> Result<Purchase> {
        let plan = self.plan(order)?;
        let call = Call::post(PATH, &plan.request)?.traced(order.handle.short());
        let response = self.spend(cx, permit, &call).await?;
        let answer = ship_reply::read(&response, order, &self.config().country)?;
        let mut purchase = match answer {
            Answer::Sold(purchase) => *purchase,
            Answer::Job(job) => self.wait_for_job(cx, order, job).await?,
        };
        purchase.warnings.extend(plan.notices);
        Ok(purchase)
    }

    async fn void(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        self.cancel_shipment(cx, key).await
    }

    async fn recover(&self, cx: &Cx, request: &RecoverRequest) -> Result<Recovery> {
        self.search(cx, request).await
    }

    async fn reprint(&self, cx: &Cx, request: &ReprintRequest) -> Result<ReprintReply> {
        let _ = (cx, request);
        Err(Error::unsupported(
            "FedEx gives a label once only: take it from the host's store, or void the shipment and buy it again",
        ))
    }
}

impl FedEx {
    /// Waits for a shipment that FedEx makes in the background. Whatever goes wrong here, the shipment may exist.
    async fn wait_for_job(&self, cx: &Cx, order: &LabelOrder, job: String) -> Result<Purchase> {
        cx.log(LogLevel::Info, format_args!("FedEx makes the shipment in the background, job {job}"));
        let body = AsyncResultRequest { account_number: self.account_number(), job_id: job.clone() };
        let call = Call::post(RESULTS, &body)?;
        let open = |error: Error| error.in_phase(Phase::OutcomeUnknown).with("job", &job);
        for _ in 0..POLLS {
            cx.sleep(POLL_EVERY).await.map_err(open)?;
            let response: Response = self.ask(cx, Project::Ship, &call).await.map_err(open)?;
            match ship_reply::read(&response, order, &self.config().country) {
                Ok(Answer::Sold(purchase)) => return Ok(*purchase),
                Ok(Answer::Job(_)) => {}
                // An answer without a shipment yet; the next one may hold it.
                Err(error) if error.kind == ErrorKind::Malformed && response.status().is_success() => {}
                Err(error) => return Err(open(error)),
            }
        }
        Err(open(Error::new(ErrorKind::Unavailable, "FedEx has not finished the shipment in time")))
    }
}
