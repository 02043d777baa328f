//! Voiding, in the carrier's own meaning: free until its driver scans the parcel.
//! Next: `track.rs`.

use http::Method;
use waybill_core::{Cx, ErrorKind, LabelKey, Repeatable, Result, VoidOutcome, wire};

use crate::carrier::Hello;
use crate::error;
use crate::wire::shipments::VoidReply;

impl Hello {
    pub(crate) async fn void_shipment(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        let url = wire::endpoint_of(&self.base, &["v1", "shipments", key.shipment_key.as_str()]);
        let response = self.send(cx, Repeatable::Change, wire::request(Method::DELETE, &url)?).await?;
        match error::read::<VoidReply>(&response, "void") {
            Ok(reply) if reply.state == "VOID" => Ok(VoidOutcome::Voided),
            Ok(reply) => Ok(VoidOutcome::TooLate { reason: format!("the shipment is {}", reply.state) }),
            Err(error) if error.carrier_code() == Some("ALREADY_VOID") => Ok(VoidOutcome::Voided),
            Err(error) if error.kind == ErrorKind::TooLate => {
                Ok(VoidOutcome::TooLate { reason: error.message })
            }
            Err(error) => Err(error),
        }
    }
}
