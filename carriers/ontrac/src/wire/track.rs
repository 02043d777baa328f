//! `shipments` (GET): `requestType=track` and `requestType=details`.

use crate::answer::incoming;

incoming! {
    /// `OnTracTrackingResult`, or `OnTracShipmentStatus` with `Packages` of `Package`, the tracking without an account.
    struct TrackingResult {
        shipments: Option<TrackedShipments> = "Shipments" | "Packages",
        error: String = "Error",
    }

    /// One entry per package that was found or not.
    struct TrackedShipments {
        shipment: Vec<TrackedShipment> = "Shipment" | "Package",
        error: String = "Error",
    }

    /// History of a package. Name and address of the recipient are in the answer, too; they are not read.
    struct TrackedShipment {
        events: Events = "Events",
        tracking: String = "Tracking",
        expected: String = "Exp_Del_Date",
        delivered: String = "Delivered",
        service: String = "Service",
        pod: String = "POD",
        error: String = "Error",
        reference: String = "Reference",
        reference2: String = "Reference2",
        weight: String = "Weight",
        signature: String = "Signature",
        vpod: String = "Vpod",
    }

    /// The events.
    struct Events {
        event: Vec<Event> = "Event",
    }

    /// An event, in the local time of the facility.
    struct Event {
        status: String = "Status",
        description: String = "Description",
        event_time: String = "EventTime",
        facility: String = "Facility",
        city: String = "City",
        state: String = "State",
        zip: String = "Zip",
    }

    /// `OnTracUpdateResponse`: charges and weight after the hub has measured the package.
    struct UpdateResponse {
        shipments: Option<UpdatedShipments> = "Shipments",
        error: String = "Error",
    }

    /// One entry per package that was found or not.
    struct UpdatedShipments {
        shipment: Vec<UpdatedShipment> = "Shipment",
        error: String = "Error",
    }

    /// Charges of a package. A weight of 0 means that it was not measured yet.
    struct UpdatedShipment {
        tracking: String = "Tracking",
        delivered: String = "Delivered",
        service_charge: String = "ServiceCharge",
        fuel_charge: String = "FuelCharge",
        total_chrg: String = "TotalChrg",
        residential: String = "Residential",
        weight: String = "Weight",
        error: String = "Error",
    }
}
