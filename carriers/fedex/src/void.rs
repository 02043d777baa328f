//! Voiding: `PUT /ship/v1/shipments/cancel`, the whole shipment only. FedEx says "cancelled" in three shapes: the flag
//! in a 200; a 400 `SHIPMENT.ALREADY.CANCELLED`; a 200 without the flag and an alert that it is cancelled already.

use http::Method;
use waybill_core::wire::words_of;
use waybill_core::{Cx, Error, ErrorKind, LabelKey, Response, Result, VoidOutcome};

use crate::auth::Call;
use crate::carrier::FedEx;
use crate::error::output;
use crate::ship_reply::Memo;
use crate::uncertain;
use crate::wire::cancel::{CancelOutput, CancelShipment};

const PATH: &str = "/ship/v1/shipments/cancel";

impl FedEx {
    /// Cancels a shipment.
    pub(crate) async fn cancel_shipment(&self, cx: &Cx, key: &LabelKey) -> Result<VoidOutcome> {
        let call = Call::new(Method::PUT, PATH, &self.cancel_request(key)?)?;
        let response = self.change(cx, &call).await?;
        read(&response)
    }

    fn cancel_request(&self, key: &LabelKey) -> Result<CancelShipment> {
        let memo = Memo::of(key.carrier_data.as_deref());
        if !key.tracking.is_empty() && memo.pieces > key.tracking.len() {
            return Err(Error::invalid_field(
                "tracking",
                format!("FedEx voids whole shipments only, and this one has {} pieces", memo.pieces),
                "void all pieces",
            ));
        }
        let number = key.shipment_key.as_str().trim();
        if number.is_empty() {
            return Err(Error::invalid_field(
                "shipment_key",
                "the key is empty",
                "give the master tracking number",
            ));
        }
        Ok(CancelShipment {
            account_number: self.account_number(),
            // Optional by the specification, needed in practice.
            sender_country_code: memo.sender.unwrap_or(self.config().country).as_str().to_owned(),
            deletion_control: "DELETE_ALL_PACKAGES",
            tracking_number: number.to_owned(),
            email_shipment: false,
        })
    }
}

/// Reads an answer.
pub fn read(response: &Response) -> Result<VoidOutcome> {
    let output: CancelOutput = match output(response, "void") {
        Ok(output) => output,
        Err(error) => return refused(error),
    };
    let already =
        |code: &str| code == uncertain::ALREADY_CANCELLED_ALERT || code == "SHIPMENT.ALREADY.CANCELLED";
    match output.cancelled_shipment.0 {
        Some(true) => Ok(VoidOutcome::Voided),
        Some(false) if output.alerts.iter().any(|alert| already(alert.code.or_empty())) => {
            Ok(VoidOutcome::Voided)
        }
        Some(false) => {
            let alert = output.alerts.iter().find_map(|alert| alert.message.0.clone());
            let reason = alert
                .or_else(|| output.message.0.clone())
                .unwrap_or_else(|| "FedEx did not cancel it".into());
            Ok(VoidOutcome::TooLate { reason })
        }
        None => Err(Error::malformed("void: the answer does not say whether it is cancelled")
            .with_words(words_of(response))),
    }
}

fn refused(error: Error) -> Result<VoidOutcome> {
    if error.carrier_code() == Some("SHIPMENT.ALREADY.CANCELLED") {
        return Ok(VoidOutcome::Voided);
    }
    let words = error.carrier.as_ref().and_then(|words| words.message.clone()).unwrap_or_default();
    // FedEx documents no code for a parcel that is under way, only the words.
    if error.kind != ErrorKind::Unavailable && words.to_ascii_lowercase().contains("tendered") {
        return Ok(VoidOutcome::TooLate { reason: words });
    }
    Err(error)
}
