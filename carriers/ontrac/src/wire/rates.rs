//! `rates`: prices.

use waybill_core::lenient::ShortText;

use crate::answer::incoming;

incoming! {
    /// `OnTracRateResponse`.
    struct RateResponse {
        shipments: RateShipments = "Shipments",
        error: ShortText = "Error",
    }

    /// One entry per package of the question; older versions put the root error in here.
    struct RateShipments {
        shipment: Vec<RateShipment> = "Shipment",
        error: ShortText = "Error",
    }

    /// Prices of one package.
    struct RateShipment {
        uid: ShortText = "UID",
        rates: Rates = "Rates",
        error: ShortText = "Error",
    }

    /// One price per service.
    struct Rates {
        rate: Vec<Rate> = "Rate",
    }

    /// A service at a price. `ServiceCharge` is the sum of its details, `TotalCharge` that and fuel, `GlobalRate` the published
    /// total.
    struct Rate {
        service: ShortText = "Service",
        service_charge_details: ServiceChargeDetails = "ServiceChargeDetails",
        fuel_charge: ShortText = "FuelCharge",
        total_charge: ShortText = "TotalCharge",
        billed_weight: ShortText = "BilledWeight",
        transit_days: ShortText = "TransitDays",
        expected_delivery_date: ShortText = "ExpectedDeliveryDate",
        commit_time: ShortText = "CommitTime",
        rate_zone: ShortText = "RateZone",
        global_rate: ShortText = "GlobalRate",
        error: ShortText = "Error",
    }

    /// What the service charge is made of.
    struct ServiceChargeDetails {
        base_charge: ShortText = "BaseCharge",
        cod_charge: ShortText = "CODCharge",
        declared_charge: ShortText = "DeclaredCharge",
        /// V7's example says `PoundsCharge`, its table `PoundCharge`.
        pounds_charge: ShortText = "PoundsCharge" | "PoundCharge",
        additional_charges: ShortText = "AdditionalCharges",
        additional_charges_details: AdditionalChargesDetails = "AdditionalChargesDetails",
        saturday_charge: ShortText = "SaturdayCharge",
    }

    /// What the additional charges are made of.
    struct AdditionalChargesDetails {
        additional_charge: Vec<AdditionalCharge> = "AdditionalCharge",
    }

    /// An additional charge.
    struct AdditionalCharge {
        description: ShortText = "Description",
        value: ShortText = "Value",
    }
}
