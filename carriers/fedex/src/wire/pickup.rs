//! `POST /pickup/v1/pickups` and `PUT /pickup/v1/pickups/cancel`. Spec: Pickup-Resource.

use super::*;

outgoing! {
    /// Orders a pickup.
    pub struct CreatePickup {
        associated_account_number: AccountNumber,
        carrier_code: &'static str,
        origin_detail: OriginDetail,
        package_count: u32,
        total_weight: Weight,
        remarks: Option<String>,
        country_relationships: Option<&'static str>,
        tracking_number: Option<String>,
        pickup_type: &'static str,
    }
    /// Where and when.
    pub struct OriginDetail {
        pickup_location: Party,
        // Read as local time of the place in spite of the Z.
        ready_date_timestamp: String,
        customer_close_time: String,
        pickup_address_type: &'static str,
        package_location: &'static str,
    }
    /// Cancels a pickup.
    pub struct CancelPickup {
        associated_account_number: AccountNumber,
        pickup_confirmation_code: String,
        scheduled_date: String,
        carrier_code: Option<String>,
        location: Option<String>,
    }
}

incoming! {
    /// The answer to both.
    pub struct PickupOutput {
        pickup_confirmation_code: Text,
        location: Text,
        alerts: List<Alert>,
    }
}
