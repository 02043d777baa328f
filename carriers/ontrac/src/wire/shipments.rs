//! `shipments` (POST): labels. Elements stand in the order of the V2 schema; every element is present, some are empty.

use serde::Serialize;

use crate::answer::incoming;

use super::rates::ServiceChargeDetails;

/// `OnTracShipmentRequest`.
#[derive(Debug, Serialize)]
#[serde(rename = "OnTracShipmentRequest", rename_all = "PascalCase")]
pub(crate) struct ShipmentRequest {
    pub(crate) shipments: OrderedShipments,
}

/// The packages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrderedShipments {
    pub(crate) shipment: Vec<OrderedShipment>,
}

/// A package.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OrderedShipment {
    #[serde(rename = "UID")]
    pub(crate) uid: String,
    #[serde(rename = "shipper")]
    pub(crate) shipper: Shipper,
    #[serde(rename = "consignee")]
    pub(crate) consignee: Consignee,
    pub(crate) service: String,
    pub(crate) signature_required: bool,
    pub(crate) residential: bool,
    pub(crate) saturday_del: bool,
    /// V1 to V6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) declared: Option<String>,
    /// V1 to V6.
    #[serde(rename = "COD", skip_serializing_if = "Option::is_none")]
    pub(crate) cod: Option<String>,
    /// V1 to V6: `NONE`, `SECURED` or `UNSECURED`.
    #[serde(rename = "CODType", skip_serializing_if = "Option::is_none")]
    pub(crate) cod_type: Option<&'static str>,
    pub(crate) weight: String,
    /// V1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) letter: Option<u8>,
    pub(crate) bill_to: String,
    pub(crate) instructions: String,
    pub(crate) reference: String,
    #[serde(rename = "Reference2")]
    pub(crate) reference2: String,
    #[serde(rename = "Reference3")]
    pub(crate) reference3: String,
    pub(crate) tracking: String,
    #[serde(rename = "DIM")]
    pub(crate) dim: Dim,
    pub(crate) label_type: u8,
    pub(crate) ship_email: String,
    pub(crate) del_email: String,
    pub(crate) ship_date: String,
    /// V7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cargo_type: Option<u8>,
}

/// The sender: one street line only.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Shipper {
    pub(crate) name: String,
    #[serde(rename = "Addr1")]
    pub(crate) addr1: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip: String,
    pub(crate) contact: String,
    pub(crate) phone: String,
}

/// The recipient.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Consignee {
    pub(crate) name: String,
    #[serde(rename = "Addr1")]
    pub(crate) addr1: String,
    #[serde(rename = "Addr2")]
    pub(crate) addr2: String,
    #[serde(rename = "Addr3")]
    pub(crate) addr3: String,
    pub(crate) city: String,
    pub(crate) state: String,
    pub(crate) zip: String,
    pub(crate) contact: String,
    pub(crate) phone: String,
}

/// Sides in inches; zeros when they are not known.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Dim {
    pub(crate) length: String,
    pub(crate) width: String,
    pub(crate) height: String,
}

incoming! {
    /// `OnTracShipmentResponse`.
    struct ShipmentResponse {
        shipments: SoldShipments = "Shipments",
        error: String = "Error",
    }

    /// One entry per package.
    struct SoldShipments {
        shipment: Vec<SoldShipment> = "Shipment",
        error: String = "Error",
    }

    /// A package that was created, or the reason why not.
    struct SoldShipment {
        uid: String = "UID",
        tracking: String = "Tracking",
        error: String = "Error",
        expected_delivery_date: String = "ExpectedDeliveryDate",
        commit_time: String = "CommitTime",
        service_charge_details: ServiceChargeDetails = "ServiceChargeDetails",
        fuel_chrg: String = "FuelChrg",
        /// What the account pays (`TotalCharge` of rates).
        total_chrg: String = "TotalChrg",
        /// The published total (`GlobalRate` of rates).
        tariff_chrg: String = "TariffChrg" | "TarrifChrg",
        label: String = "Label",
        sort_code: String = "SortCode",
    }
}
