//! Every option, in the very element of the Ship and Rate requests that FedEx reads it from.

mod common;

use common::{account, host_answering, order};
use serde_json::{Value, json};
use waybill_core::{LabelOrder, RateRequest, Shipment};
use waybill_testkit::block_on;

/// The Ship and the Rate request of a shipment, below `requestedShipment`.
fn requests(order: &LabelOrder) -> (Value, Value) {
    let refusal = r#"{"errors":[{"code":"INVALID.INPUT.EXCEPTION","message":"x"}]}"#;
    let host = host_answering(400, refusal);
    let fedex = account();
    let error = block_on(fedex.label().unwrap().buy(&host.cx("buy"), order, host.permit())).unwrap_err();
    assert_eq!(error.carrier_code(), Some("INVALID.INPUT.EXCEPTION"), "{error} {:?}", error.fields);
    let ship = host.requests().last().unwrap().json()["requestedShipment"].clone();
    let request =
        RateRequest { services: vec![order.service.clone()], ..RateRequest::new(order.shipment.clone()) };
    let _ = block_on(fedex.rate_quote().unwrap().quote(&host.cx("quote"), &request));
    (ship, host.requests().last().unwrap().json()["requestedShipment"].clone())
}

fn wished(sample: &str, service: &str, patch: &Value) -> LabelOrder {
    let mut order = order(sample, service);
    let mut shipment = serde_json::to_value(&order.shipment).unwrap();
    merge(&mut shipment, patch);
    let shipment: Shipment = serde_json::from_value(shipment).unwrap();
    order.shipment = shipment;
    order
}

/// RFC 7396, and a list of one changes the first element of a list of one.
fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Object(parts) => {
            for (key, part) in parts {
                match (into.get_mut(key), part) {
                    (Some(Value::Array(items)), Value::Array(parts))
                        if parts.len() == 1 && items.len() == 1 =>
                    {
                        merge(&mut items[0], &parts[0]);
                    }
                    (Some(inner), _) => merge(inner, part),
                    (None, _) => into[key] = part.clone(),
                }
            }
        }
        other => *into = other.clone(),
    }
}

/// Sample, service, wish, where it stands in the Ship request, its value; whether the Rate request has it there too.
type Row = (&'static str, &'static str, Value, &'static str, Value, bool);

const WORK: &str = "us_business";
const HOME: &str = "us_domestic";
const ABROAD: &str = "us_to_de";
const PACKAGE: &str = "/requestedPackageLineItems/0/packageSpecialServices";

fn of_packages() -> Vec<Row> {
    let signature = |kind: &str| json!({ "options": { "signature": kind } });
    let mut rows: Vec<Row> = [
        ("none", "NO_SIGNATURE_REQUIRED"),
        ("indirect", "INDIRECT"),
        ("signature", "DIRECT"),
        ("adult", "ADULT"),
    ]
    .map(|(ours, theirs)| {
        (
            HOME,
            "home-delivery",
            signature(ours),
            "/requestedPackageLineItems/0/packageSpecialServices/signatureOptionType",
            json!(theirs),
            true,
        )
    })
    .into();
    let parcel = |options: Value| json!({ "parcels": [options] });
    let battery =
        |kind: &str, packing: &str| parcel(json!({ "batteries": [{ "kind": kind, "packing": packing }] }));
    rows.extend([
        (WORK, "priority-overnight", parcel(json!({ "dry_ice": { "value": "1.5", "unit": "kg" } })),
            PACKAGE, json!({ "specialServiceTypes": ["DRY_ICE"], "dryIceWeight": { "units": "KG", "value": 1.5 } }), true),
        (WORK, "priority-overnight", parcel(json!({ "dry_ice": { "value": "1.5", "unit": "kg" } })),
            "/shipmentSpecialServices/shipmentDryIceDetail",
            json!({ "totalWeight": { "units": "KG", "value": 1.5 }, "packageCount": 1 }), true),
        (WORK, "2-day", json!({ "options": { "alcohol": "consumer" } }), PACKAGE,
            json!({ "specialServiceTypes": ["ALCOHOL", "SIGNATURE_OPTION"], "signatureOptionType": "ADULT",
                "alcoholDetail": { "alcoholRecipientType": "CONSUMER", "shipperAgreementType": "RETAILER" } }), true),
        (WORK, "2-day", json!({ "options": { "alcohol": "licensee" } }),
            "/requestedPackageLineItems/0/packageSpecialServices/alcoholDetail/alcoholRecipientType", json!("LICENSEE"), true),
        (WORK, "2-day", battery("lithium_ion", "contained_in_equipment"), PACKAGE,
            json!({ "specialServiceTypes": ["BATTERY"], "batteryDetails": [{ "batteryMaterialType": "LITHIUM_ION",
                "batteryPackingType": "CONTAINED_IN_EQUIPMENT", "batteryRegulatoryType": "IATA_SECTION_II" }] }), false),
        (WORK, "2-day", battery("lithium_metal", "standalone"), PACKAGE,
            json!({ "specialServiceTypes": ["STANDALONE_BATTERY"],
                "standaloneBatteryDetails": [{ "batteryMaterialType": "LITHIUM_METAL" }] }), false),
        (WORK, "2-day", parcel(json!({ "declared_value": { "amount": "250", "currency": "GBP" } })),
            "/requestedPackageLineItems/0/declaredValue", json!({ "amount": 250, "currency": "UKL" }), true),
        (WORK, "2-day", parcel(json!({ "declared_value": { "amount": "250", "currency": "USD" } })),
            "/totalDeclaredValue", json!({ "amount": 250, "currency": "USD" }), false),
        (ABROAD, "international-priority", json!({ "options": { "carrier": { "package-form": "tube" } } }),
            "/requestedPackageLineItems/0/subPackagingType", json!("TUBE"), true),
    ]);
    rows
}

fn of_shipments() -> Vec<Row> {
    let services = "/shipmentSpecialServices/specialServiceTypes";
    let hold = json!({ "options": { "hold_at": { "location": "YBZA" } } });
    let home = |wish: &str| json!({ "options": { "carrier": { "home-delivery": wish } } });
    let third = json!({ "billing": { "transport": { "payer": "third_party", "account": "999000111", "country": "US" } } });
    let returned = json!({ "is_return": true, "references": [{ "kind": "rma", "value": "RMA-77" }] });
    vec![
        (
            WORK,
            "priority-overnight",
            json!({ "options": { "saturday_delivery": true } }),
            services,
            json!(["SATURDAY_DELIVERY"]),
            true,
        ),
        (WORK, "2-day", hold.clone(), services, json!(["HOLD_AT_LOCATION"]), true),
        (
            WORK,
            "2-day",
            hold,
            "/shipmentSpecialServices/holdAtLocationDetail/locationId",
            json!("YBZA"),
            true,
        ),
        (
            WORK,
            "ground",
            returned.clone(),
            "/shipmentSpecialServices/returnShipmentDetail",
            json!({ "returnType": "PRINT_RETURN_LABEL", "rma": { "reason": "RMA-77" } }),
            false,
        ),
        (
            WORK,
            "ground",
            returned,
            "/shipmentSpecialServices/returnShipmentDetail/returnType",
            json!("PRINT_RETURN_LABEL"),
            true,
        ),
        (
            HOME,
            "home-delivery",
            home("evening"),
            "/shipmentSpecialServices/homeDeliveryPremiumDetail",
            json!({ "homedeliveryPremiumType": "EVENING" }),
            true,
        ),
        (
            HOME,
            "home-delivery",
            home("date-certain:2026-11-27"),
            "/shipmentSpecialServices/homeDeliveryPremiumDetail",
            json!({ "homedeliveryPremiumType": "DATE_CERTAIN", "deliveryDate": "2026-11-27" }),
            true,
        ),
        (
            WORK,
            "2-day",
            json!({ "options": { "notify": ["a@b.test"] } }),
            "/emailNotificationDetail/emailNotificationRecipients/0/emailAddress",
            json!("a@b.test"),
            false,
        ),
        (
            WORK,
            "ground",
            third,
            "/shippingChargesPayment",
            json!({ "paymentType": "THIRD_PARTY", "payor": { "responsibleParty": {
                "accountNumber": { "value": "999000111" }, "address": { "countryCode": "US" } } } }),
            false,
        ),
        (
            WORK,
            "2-day",
            json!({ "options": { "carrier_picks_up": true } }),
            "/pickupType",
            json!("CONTACT_FEDEX_TO_SCHEDULE"),
            true,
        ),
        (
            WORK,
            "2-day",
            json!({ "options": { "carrier": { "label-stock": "PAPER_LETTER" } } }),
            "/labelSpecification/labelStockType",
            json!("PAPER_LETTER"),
            false,
        ),
        (HOME, "ground-economy", json!({}), "/smartPostInfoDetail/hubId", json!("5531"), true),
    ]
}

fn of_customs() -> Vec<Row> {
    let etd = "/shipmentSpecialServices/etdDetail";
    let service = "international-priority";
    let documents = |wish: &str| json!({ "options": { "carrier": { "trade-documents": wish } } });
    vec![
        (
            ABROAD,
            service,
            json!({ "options": { "paperless_customs": true } }),
            etd,
            json!({ "requestedDocumentTypes": ["COMMERCIAL_INVOICE"] }),
            false,
        ),
        (
            ABROAD,
            service,
            documents("0901"),
            etd,
            json!({ "attachedDocuments": [{ "documentType": "COMMERCIAL_INVOICE", "documentId": "0901" }] }),
            false,
        ),
        (
            ABROAD,
            service,
            documents("certificate_of_origin:0902"),
            etd,
            json!({ "requestedDocumentTypes": ["COMMERCIAL_INVOICE"],
                "attachedDocuments": [{ "documentType": "CERTIFICATE_OF_ORIGIN", "documentId": "0902" }] }),
            false,
        ),
        (
            ABROAD,
            service,
            documents("later"),
            etd,
            json!({ "attributes": ["POST_SHIPMENT_UPLOAD_REQUESTED"] }),
            false,
        ),
        (
            ABROAD,
            service,
            json!({ "customs": { "incoterm": "DDP" } }),
            "/customsClearanceDetail/dutiesPayment/paymentType",
            json!("SENDER"),
            false,
        ),
        (
            ABROAD,
            service,
            json!({ "customs": { "incoterm": "DDP" } }),
            "/customsClearanceDetail/commercialInvoice/termsOfSale",
            json!("DDP"),
            false,
        ),
        (
            ABROAD,
            service,
            json!({ "customs": { "contents": "documents" } }),
            "/customsClearanceDetail/isDocumentOnly",
            json!(true),
            false,
        ),
        (
            ABROAD,
            service,
            json!({ "customs": { "contents": "documents" } }),
            "/documentShipment",
            json!(true),
            true,
        ),
        (
            ABROAD,
            service,
            json!({ "customs": { "permits": ["P-1"] } }),
            "/customsClearanceDetail/exportDetail/permitNumber",
            json!("P-1"),
            false,
        ),
        (
            ABROAD,
            service,
            json!({ "to": { "tax_ids": [{ "kind": "eori", "number": "DE123456789" }] } }),
            "/recipients/0/tins/0/number",
            json!("DE123456789"),
            false,
        ),
    ]
}

#[test]
fn each_wish_stands_where_fedex_reads_it() {
    for (sample, service, patch, pointer, value, in_rate) in
        of_packages().into_iter().chain(of_shipments()).chain(of_customs())
    {
        let (ship, rate) = requests(&wished(sample, service, &patch));
        if pointer != "/documentShipment" {
            assert_eq!(ship.pointer(pointer), Some(&value), "Ship {pointer} of {patch}");
        }
        if in_rate {
            assert_eq!(rate.pointer(pointer), Some(&value), "Rate {pointer} of {patch}");
        }
        if patch != json!({}) {
            let (plain, _) = requests(&wished(sample, service, &json!({})));
            assert_ne!(plain.pointer(pointer), Some(&value), "{pointer} without the wish");
        }
    }
}

#[test]
fn a_wish_that_fedex_could_misunderstand_is_refused_before_the_purchase() {
    for (patch, path) in [
        (
            json!({ "options": { "carrier": { "trade-documents": "holiday_card:0901" } } }),
            "options.carrier.trade-documents",
        ),
        (
            json!({ "options": { "paperless_customs": false, "carrier": { "trade-documents": "0901" } } }),
            "options.carrier.trade-documents",
        ),
        (json!({ "options": { "carrier": { "one-rate": "perhaps" } } }), "options.carrier.one-rate"),
    ] {
        let host = host_answering(400, "{}");
        let order = wished(ABROAD, "international-priority", &patch);
        let error =
            block_on(account().label().unwrap().buy(&host.cx("buy"), &order, host.permit())).unwrap_err();
        assert_eq!(error.fields.first().map(|field| field.path.as_str()), Some(path), "{error}");
        assert!(host.requests().is_empty());
    }
}
