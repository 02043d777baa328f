//! `PUT /ship/v1/shipments/cancel`. Spec: Shipment-Resource.

use super::*;

outgoing! {
    /// The request.
    pub struct CancelShipment {
        account_number: AccountNumber,
        sender_country_code: String,
        deletion_control: &'static str,
        tracking_number: String,
        email_shipment: bool,
    }
}

incoming! {
    /// The answer: the flag says whether it is cancelled, the HTTP status does not.
    pub struct CancelOutput {
        cancelled_shipment: Flag,
        message: Text,
        alerts: List<Alert>,
    }
}
