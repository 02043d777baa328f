//! Every option, in the very element of the Ship and Rating requests that UPS reads it from.

#[allow(dead_code, reason = "each test file uses its own part")]
mod common;

use common::{host, order, ups};
use serde_json::{Value, json};
use waybill_core::{LabelOrder, RateRequest, Shipment};
use waybill_testkit::{block_on, sample_shipment};

/// The Ship and the Rating request of a shipment.
fn requests(order: &LabelOrder) -> (Value, Value) {
    let refusal = r#"{"response":{"errors":[{"code":"120202","message":"x"}]}}"#;
    let host = host(&[(400, refusal.to_owned())]);
    let ups = ups();
    let bought = block_on(ups.label().unwrap().buy(&host.cx("buy"), order, host.permit())).unwrap_err();
    assert_eq!(bought.carrier_code(), Some("120202"), "{bought} {:?}", bought.fields);
    let ship = host.requests().last().unwrap().json();
    let request =
        RateRequest { services: vec![order.service.clone()], ..RateRequest::new(order.shipment.clone()) };
    let _ = block_on(ups.rate_quote().unwrap().quote(&host.cx("quote"), &request));
    (ship, host.requests().last().unwrap().json())
}

/// A sample shipment with a merge patch (RFC 7396).
fn wished(sample: &str, service: &str, patch: Value) -> LabelOrder {
    let mut shipment = serde_json::to_value(sample_shipment(sample).unwrap()).unwrap();
    merge(&mut shipment, &patch);
    let shipment: Shipment = serde_json::from_value(shipment).unwrap();
    LabelOrder { shipment, service: service.into(), ..order(1) }
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Null => *into = Value::Null,
        Value::Object(parts) => {
            if !into.is_object() {
                *into = json!({});
            }
            for (key, part) in parts {
                // A list in a patch changes the first element of a list.
                match (into.get_mut(key), part) {
                    (Some(Value::Array(items)), Value::Array(parts))
                        if parts.len() == 1 && items.len() == 1 =>
                    {
                        merge(&mut items[0], &parts[0]);
                    }
                    (Some(inner), _) => merge(inner, part),
                    (None, Value::Null) => {}
                    (None, _) => into[key] = part.clone(),
                }
            }
        }
        other => *into = other.clone(),
    }
}

const HOME: &str = "us_domestic";
const ABROAD: &str = "us_to_de";

/// Sample, service, wish, where it stands below `Shipment`, its value; whether Rating has it in the same place.
type Row = (&'static str, &'static str, Value, &'static str, Value, bool);

fn at_home() -> Vec<Row> {
    let package = |options: Value| json!({ "parcels": [options] });
    let of_carrier = |name: &str, value: &str| json!({ "options": { "carrier": { name: value } } });
    vec![
        (
            HOME,
            "ground",
            json!({ "options": { "signature": "signature" } }),
            "/Package/0/PackageServiceOptions/DeliveryConfirmation/DCISType",
            json!("2"),
            true,
        ),
        (
            HOME,
            "ground",
            json!({ "options": { "signature": "adult" } }),
            "/Package/0/PackageServiceOptions/DeliveryConfirmation/DCISType",
            json!("3"),
            true,
        ),
        (
            HOME,
            "next-day-air",
            json!({ "options": { "saturday_delivery": true } }),
            "/ShipmentServiceOptions/SaturdayDeliveryIndicator",
            json!(""),
            true,
        ),
        (
            HOME,
            "ground",
            json!({ "options": { "carbon_neutral": true } }),
            "/ShipmentServiceOptions/UPScarbonneutralIndicator",
            json!(""),
            true,
        ),
        (
            HOME,
            "ground",
            json!({ "options": { "cash_on_delivery": { "amount": "25", "currency": "USD" } } }),
            "/Package/0/PackageServiceOptions/COD",
            json!({ "CODFundsCode": "0", "CODAmount": { "CurrencyCode": "USD", "MonetaryValue": "25.00" } }),
            true,
        ),
        (
            HOME,
            "ground",
            package(json!({ "declared_value": { "amount": "250", "currency": "USD" } })),
            "/Package/0/PackageServiceOptions/DeclaredValue/MonetaryValue",
            json!("250.00"),
            true,
        ),
        (
            HOME,
            "ground",
            package(json!({ "dry_ice": { "value": "1", "unit": "lb" } })),
            "/Package/0/PackageServiceOptions/DryIce",
            json!({ "RegulationSet": "CFR", "DryIceWeight": { "UnitOfMeasurement": { "Code": "01" }, "Weight": "1" } }),
            true,
        ),
        (
            HOME,
            "ground",
            package(json!({ "non_machinable": true })),
            "/Package/0/AdditionalHandlingIndicator",
            json!(""),
            true,
        ),
        (
            HOME,
            "ground",
            of_carrier("shipper-release", "true"),
            "/Package/0/PackageServiceOptions/ShipperReleaseIndicator",
            json!(""),
            true,
        ),
        (
            HOME,
            "ground",
            of_carrier("direct-delivery-only", "true"),
            "/ShipmentServiceOptions/DirectDeliveryOnlyIndicator",
            json!(""),
            true,
        ),
        (HOME, "ground", of_carrier("simple-rate", "m"), "/Package/0/SimpleRate/Code", json!("M"), true),
        (
            HOME,
            "next-day-air",
            package(json!({ "packaging": "letter" })),
            "/Package/0/Packaging/Code",
            json!("01"),
            false,
        ),
        (
            HOME,
            "next-day-air",
            package(json!({ "packaging": "letter" })),
            "/Package/0/PackagingType/Code",
            json!("01"),
            true,
        ),
        (
            HOME,
            "ground-saver-light",
            package(json!({ "weight": { "value": "7.5", "unit": "oz" } })),
            "/Package/0/PackageWeight",
            json!({ "UnitOfMeasurement": { "Code": "OZS" }, "Weight": "7.5" }),
            true,
        ),
        (HOME, "ground-saver", json!({}), "/ShipTo/Address/ResidentialAddressIndicator", json!(""), true),
        (
            HOME,
            "ground",
            json!({ "options": { "notify": ["a@b.test"] } }),
            "/ShipmentServiceOptions/Notification/1",
            json!({ "NotificationCode": "8", "EMail": { "EMailAddress": ["a@b.test"] } }),
            false,
        ),
        (
            HOME,
            "ground",
            json!({ "references": [{ "kind": "purchase_order", "value": "PO-9" }] }),
            "/Package/0/ReferenceNumber/1",
            json!({ "Code": "PO", "Value": "PO-9" }),
            false,
        ),
        (HOME, "ground", json!({ "is_return": true }), "/ReturnService/Code", json!("9"), false),
        (
            HOME,
            "ground",
            json!({ "is_return": true }),
            "/ShipmentServiceOptions/ReturnService/Code",
            json!("9"),
            true,
        ),
    ]
}

fn places_and_payers() -> Vec<Row> {
    let spot = json!({ "name": "Kiosk", "lines": ["9 Pine St"], "city": "Austin", "state": "TX", "postal_code": "78704",
        "country": "US" });
    let hold = json!({ "options": { "hold_at": { "location": "U12345678", "address": spot }, "notify": ["a@b.test"] } });
    let third = json!({ "billing": { "transport":
        { "payer": "third_party", "account": "q1w2e3", "country": "US", "postal_code": "60601" } } });
    let recipient = json!({ "billing": { "transport": { "payer": "recipient", "account": "Q1W2E3", "postal_code": "78704" } } });
    vec![
        (HOME, "ground", hold.clone(), "/ShipmentIndicationType/0/Code", json!("01"), true),
        (
            HOME,
            "ground",
            hold.clone(),
            "/AlternateDeliveryAddress/UPSAccessPointID",
            json!("U12345678"),
            false,
        ),
        (HOME, "ground", hold.clone(), "/AlternateDeliveryAddress/Address/PostalCode", json!("78704"), true),
        (
            HOME,
            "ground",
            hold,
            "/ShipmentServiceOptions/Notification/0/NotificationCode",
            json!("012"),
            false,
        ),
        (
            HOME,
            "ground",
            third.clone(),
            "/PaymentInformation/ShipmentCharge/0/BillThirdParty",
            json!({ "AccountNumber": "Q1W2E3", "Address": { "PostalCode": "60601", "CountryCode": "US" } }),
            false,
        ),
        (
            HOME,
            "ground",
            third.clone(),
            "/PaymentDetails/ShipmentCharge/0/BillThirdParty/AccountNumber",
            json!("Q1W2E3"),
            true,
        ),
        (HOME, "ground", third, "/ShipmentRatingOptions/TPFCNegotiatedRatesIndicator", json!(""), true),
        (
            HOME,
            "ground",
            recipient,
            "/PaymentInformation/ShipmentCharge/0/BillReceiver",
            json!({ "AccountNumber": "Q1W2E3", "Address": { "PostalCode": "78704" } }),
            false,
        ),
    ]
}

fn abroad() -> Vec<Row> {
    let express = "worldwide-express";
    let tax =
        |kind: &str, number: &str| json!({ "from": { "tax_ids": [{ "kind": kind, "number": number }] } });
    let documents = |ids: &str| json!({ "options": { "carrier": { "paperless-documents": ids } } });
    vec![
        (
            ABROAD,
            express,
            json!({ "options": { "signature": "signature" } }),
            "/ShipmentServiceOptions/DeliveryConfirmation/DCISType",
            json!("1"),
            true,
        ),
        (
            ABROAD,
            express,
            json!({ "options": { "signature": "adult" } }),
            "/ShipmentServiceOptions/DeliveryConfirmation/DCISType",
            json!("2"),
            true,
        ),
        (
            ABROAD,
            express,
            json!({ "customs": { "incoterm": "DDP" } }),
            "/PaymentInformation/ShipmentCharge/1",
            json!({ "Type": "02", "BillShipper": { "AccountNumber": "W8Y4B2" } }),
            false,
        ),
        (
            ABROAD,
            express,
            json!({ "customs": { "incoterm": "DDP" } }),
            "/ShipmentServiceOptions/InternationalForms/TermsOfShipment",
            json!("DDP"),
            false,
        ),
        (
            ABROAD,
            express,
            tax("ioss", "IM0000000001"),
            "/ShipFrom/VendorInfo",
            json!({ "VendorCollectIDTypeCode": "0356", "VendorCollectIDNumber": "IM0000000001" }),
            false,
        ),
        (
            ABROAD,
            express,
            tax("voec", "2000001"),
            "/ShipFrom/VendorInfo/VendorCollectIDTypeCode",
            json!("0357"),
            false,
        ),
        (
            ABROAD,
            express,
            json!({ "customs": { "contents": "documents" } }),
            "/DocumentsOnlyIndicator",
            json!(""),
            true,
        ),
        (
            ABROAD,
            express,
            json!({ "customs": { "invoice_number": "INV-5" } }),
            "/ShipmentServiceOptions/InternationalForms/InvoiceNumber",
            json!("INV-5"),
            false,
        ),
        (
            ABROAD,
            express,
            json!({ "references": [{ "kind": "order", "value": "ORDER-7" }], "customs": { "invoice_number": null } }),
            "/ShipmentServiceOptions/InternationalForms/InvoiceNumber",
            json!("ORDER-7"),
            false,
        ),
        (
            ABROAD,
            express,
            json!({ "references": [{ "kind": "order", "value": "ORDER-7" }] }),
            "/ReferenceNumber/1/Value",
            json!("ORDER-7"),
            false,
        ),
        (
            ABROAD,
            express,
            documents("2026-11-23-10.15.04.000001"),
            "/ShipmentServiceOptions/InternationalForms/FormType",
            json!(["01", "07"]),
            false,
        ),
        (
            ABROAD,
            express,
            documents("commercial_invoice:2026-11-23-10.15.04.000001,2026-11-23-10.15.04.000002"),
            "/ShipmentServiceOptions/InternationalForms/FormType",
            json!(["07"]),
            false,
        ),
        (
            ABROAD,
            express,
            documents("commercial_invoice:2026-11-23-10.15.04.000001, 2026-11-23-10.15.04.000002"),
            "/ShipmentServiceOptions/InternationalForms/UserCreatedForm/DocumentID",
            json!(["2026-11-23-10.15.04.000001", "2026-11-23-10.15.04.000002"]),
            false,
        ),
        (ABROAD, express, json!({}), "/InvoiceLineTotal/CurrencyCode", json!("USD"), true),
    ]
}

#[test]
fn each_wish_stands_where_ups_reads_it() {
    for (sample, service, patch, pointer, value, in_rating) in
        at_home().into_iter().chain(places_and_payers()).chain(abroad())
    {
        let (ship, rate) = requests(&wished(sample, service, patch.clone()));
        let (ship, rate) = (&ship["ShipmentRequest"]["Shipment"], &rate["RateRequest"]["Shipment"]);
        // Some elements are Rating's alone, under another name than Shipping's.
        let rating_only = ["PackagingType", "PaymentDetails", "TPFC", "ShipmentServiceOptions/ReturnService"]
            .iter()
            .any(|part| pointer.contains(part));
        if !rating_only {
            assert_eq!(ship.pointer(pointer), Some(&value), "Ship {pointer} of {patch}");
        }
        if in_rating {
            assert_eq!(rate.pointer(pointer), Some(&value), "Rate {pointer} of {patch}");
        }
        // And it is not there unasked; the light Ground Saver does not take the sample's weight.
        if patch != json!({}) && !rating_only && service != "ground-saver-light" {
            let (plain, _) = requests(&wished(sample, service, json!({})));
            let unasked = plain["ShipmentRequest"]["Shipment"].pointer(pointer);
            assert_ne!(unasked, Some(&value), "{pointer} without the wish");
        }
    }
}

#[test]
fn what_the_shipper_prints_itself_is_not_asked_for() {
    let own = json!({ "options": { "paperless_customs": false } });
    let (ship, _) = requests(&wished(ABROAD, "worldwide-express", own));
    let options = &ship["ShipmentRequest"]["Shipment"]["ShipmentServiceOptions"];
    assert!(options.get("InternationalForms").is_none(), "{options}");
    let tall = LabelOrder {
        label: serde_json::from_value(
            json!({ "format": "zpl", "size": { "width": "4", "height": "8", "unit": "in" } }),
        )
        .unwrap(),
        ..wished(HOME, "ground", json!({}))
    };
    let (ship, _) = requests(&tall);
    assert_eq!(ship["ShipmentRequest"]["LabelSpecification"]["LabelStockSize"]["Height"], "8");
}

#[test]
fn own_documents_of_a_return_and_odd_ids_are_refused_before_the_purchase() {
    for patch in [
        json!({ "is_return": true, "options": { "carrier": { "paperless-documents": "2026-11-23-10.15.04.000001" } } }),
        json!({ "options": { "carrier": { "paperless-documents": "x".repeat(27) } } }),
    ] {
        let host = host(&[]);
        let order = wished("de_to_us", "express", patch);
        let error = block_on(ups().label().unwrap().buy(&host.cx("buy"), &order, host.permit())).unwrap_err();
        let path = error.fields.first().map(|field| field.path.as_str());
        assert_eq!(path, Some("options.carrier.paperless-documents"), "{error}");
        assert!(host.requests().is_empty());
    }
}
