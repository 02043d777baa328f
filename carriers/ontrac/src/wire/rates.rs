//! `rates`: prices.

use crate::answer::incoming;

incoming! {
    /// `OnTracRateResponse`.
    struct RateResponse {
        shipments: RateShipments = "Shipments",
        error: String = "Error",
    }

    /// One entry per package of the question; older versions put the root error in here.
    struct RateShipments {
        shipment: Vec<RateShipment> = "Shipment",
        error: String = "Error",
    }

    /// Prices of one package.
    struct RateShipment {
        uid: String = "UID",
        rates: Rates = "Rates",
        error: String = "Error",
    }

    /// One price per service.
    struct Rates {
        rate: Vec<Rate> = "Rate",
    }

    /// A service at a price. `ServiceCharge` is the sum of its details, `TotalCharge` that and fuel, `GlobalRate` the published
    /// total.
    struct Rate {
        service: String = "Service",
        service_charge_details: ServiceChargeDetails = "ServiceChargeDetails",
        fuel_charge: String = "FuelCharge",
        total_charge: String = "TotalCharge",
        billed_weight: String = "BilledWeight",
        transit_days: String = "TransitDays",
        expected_delivery_date: String = "ExpectedDeliveryDate",
        commit_time: String = "CommitTime",
        rate_zone: String = "RateZone",
        global_rate: String = "GlobalRate",
        error: String = "Error",
    }

    /// What the service charge is made of.
    struct ServiceChargeDetails {
        base_charge: String = "BaseCharge",
        cod_charge: String = "CODCharge",
        declared_charge: String = "DeclaredCharge",
        /// V7's example says `PoundsCharge`, its table `PoundCharge`.
        pounds_charge: String = "PoundsCharge" | "PoundCharge",
        additional_charges: String = "AdditionalCharges",
        additional_charges_details: AdditionalChargesDetails = "AdditionalChargesDetails",
        saturday_charge: String = "SaturdayCharge",
    }

    /// What the additional charges are made of.
    struct AdditionalChargesDetails {
        additional_charge: Vec<AdditionalCharge> = "AdditionalCharge",
    }

    /// An additional charge.
    struct AdditionalCharge {
        description: String = "Description",
        value: String = "Value",
    }
}
