//! Options in FedEx's form. Source: API Reference Guide, special service types.

use rust_decimal::Decimal;
use waybill_core::wire::clip;
use waybill_core::{
    AlcoholRecipient, Battery, BatteryKind, BatteryPacking, Error, Parcel, Reference, ReferenceKind, Result,
    Shipment, Signature, Weight, WeightUnit,
};

use crate::config::Config;
use crate::parts::{self, some};
use crate::services::option;
use crate::{documents, wire};

/// Options of one package.
pub fn package(
    config: &Config,
    shipment: &Shipment,
    parcel: &Parcel,
) -> Result<Option<wire::PackageSpecialServices>> {
    let mut wanted = wire::PackageSpecialServices::default();
    let alcohol = shipment.options.alcohol.as_ref();
    if let Some(recipient) = alcohol {
        wanted.special_service_types.push("ALCOHOL");
        wanted.alcohol_detail = Some(alcohol_detail(config, recipient)?);
    }
    // Alcohol for a consumer is handed to an adult only.
    let adult = alcohol == Some(&AlcoholRecipient::Consumer);
    let signature = if adult { Some(&Signature::Adult) } else { shipment.options.signature.as_ref() };
    if let Some(signature) = signature {
        wanted.special_service_types.push("SIGNATURE_OPTION");
        wanted.signature_option_type = Some(signature_option(signature)?);
    }
    if let Some(ice) = &parcel.dry_ice {
        wanted.special_service_types.push("DRY_ICE");
        wanted.dry_ice_weight = Some(kilograms(ice));
    }
    batteries(&parcel.batteries, &mut wanted)?;
    Ok((!wanted.special_service_types.is_empty()).then_some(wanted))
}

/// The same for a price, where batteries go by other names.
pub fn package_for_rate(
    config: &Config,
    shipment: &Shipment,
    parcel: &Parcel,
) -> Result<Option<wire::PackageSpecialServices>> {
    let mut wanted = package(config, shipment, parcel)?;
    for battery in wanted.iter_mut().flat_map(|wanted| &mut wanted.battery_details) {
        battery.material = battery.battery_material_type.take();
        battery.packing = battery.battery_packing_type.take();
        battery.regulatory_sub_type = battery.battery_regulatory_type.take();
    }
    Ok(wanted)
}

fn signature_option(signature: &Signature) -> Result<&'static str> {
    match signature {
        Signature::None => Ok("NO_SIGNATURE_REQUIRED"),
        Signature::Indirect => Ok("INDIRECT"),
        Signature::Signature => Ok("DIRECT"),
        Signature::Adult => Ok("ADULT"),
        other => Err(Error::invalid_field(
            "options.signature",
            format!("FedEx has no signature option `{other}`"),
            "use one of none, indirect, signature, adult",
        )),
    }
}

fn alcohol_detail(config: &Config, recipient: &AlcoholRecipient) -> Result<wire::AlcoholDetail> {
    let Some(agreement) = &config.alcohol_agreement else {
        return Err(Error::invalid_field(
            "options.alcohol",
            "FedEx takes alcohol from accounts with an alcohol agreement only",
            "set `alcohol_agreement` of the account to the kind of agreement, such as RETAILER",
        ));
    };
    let alcohol_recipient_type = match recipient {
        AlcoholRecipient::Consumer => "CONSUMER",
        AlcoholRecipient::Licensee => "LICENSEE",
        AlcoholRecipient::Other(other) => {
            return Err(Error::invalid_field(
                "options.alcohol",
                format!("FedEx knows no alcohol recipient `{}`", clip(other, 24)),
                "use `consumer` or `licensee`",
            ));
        }
    };
    Ok(wire::AlcoholDetail { alcohol_recipient_type, shipper_agreement_type: Some(agreement.clone()) })
}

/// Dry ice is weighed in kilograms, whatever the shipment's unit.
fn kilograms(ice: &Weight) -> wire::Weight {
    parts::weight(ice, WeightUnit::Kilogram)
}

fn batteries(batteries: &[Battery], wanted: &mut wire::PackageSpecialServices) -> Result<()> {
    for battery in batteries {
        let material = match &battery.kind {
            BatteryKind::LithiumIon => "LITHIUM_ION",
            BatteryKind::LithiumMetal => "LITHIUM_METAL",
            BatteryKind::Other(_) => return Err(battery_problem("kind")),
        };
        let packing = match &battery.packing {
            BatteryPacking::Contained => "CONTAINED_IN_EQUIPMENT",
            BatteryPacking::PackedWith => "PACKED_WITH_EQUIPMENT",
            BatteryPacking::Standalone => {
                let detail = wire::StandaloneBatteryDetail { battery_material_type: material };
                wanted.standalone_battery_details.push(detail);
                continue;
            }
            BatteryPacking::Other(_) => return Err(battery_problem("packing")),
        };
        wanted.battery_details.push(wire::BatteryDetail {
            battery_material_type: Some(material),
            battery_packing_type: Some(packing),
            battery_regulatory_type: Some("IATA_SECTION_II"),
            ..wire::BatteryDetail::default()
        });
    }
    if !wanted.battery_details.is_empty() {
        wanted.special_service_types.push("BATTERY");
    }
    if !wanted.standalone_battery_details.is_empty() {
        wanted.special_service_types.push("STANDALONE_BATTERY");
    }
    Ok(())
}

fn battery_problem(field: &str) -> Error {
    Error::invalid_field(
        format!("parcels.batteries.{field}"),
        "FedEx does not know this value",
        "use lithium_ion or lithium_metal, and contained_in_equipment, packed_with_equipment or standalone",
    )
}

/// Options of the whole shipment, for a price and for a label. `service` is FedEx's code, where it is known.
pub fn shipment(
    shipment: &Shipment,
    service: Option<&str>,
    saturday: bool,
) -> Result<Option<wire::ShipmentSpecialServices>> {
    let mut wanted = wire::ShipmentSpecialServices::default();
    if saturday {
        wanted.special_service_types.push("SATURDAY_DELIVERY");
    }
    if let Some(hold) = &shipment.options.hold_at {
        wanted.special_service_types.push("HOLD_AT_LOCATION");
        wanted.hold_at_location_detail = Some(wire::HoldAtLocationDetail {
            location_id: hold.location.clone(),
            location_contact_and_address: hold.address.as_ref().map(|address| {
                let phone = address.phone.as_deref().and_then(|text| parts::phone(text, address.country));
                wire::Party { tins: Vec::new(), ..parts::party(address, phone) }
            }),
        });
    }
    if shipment.is_return {
        wanted.special_service_types.push("RETURN_SHIPMENT");
        wanted.return_shipment_detail =
            Some(wire::ReturnShipmentDetail { return_type: "PRINT_RETURN_LABEL", rma: rma(shipment) });
    }
    if let Some(detail) = dry_ice(shipment) {
        wanted.special_service_types.push("DRY_ICE");
        wanted.shipment_dry_ice_detail = Some(detail);
    }
    if flag(shipment, option::ONE_RATE)? {
        wanted.special_service_types.push("FEDEX_ONE_RATE");
    }
    if service == Some("GROUND_HOME_DELIVERY")
        && let Some(detail) = home_delivery(shipment)?
    {
        wanted.special_service_types.push("HOME_DELIVERY_PREMIUM");
        wanted.home_delivery_premium_detail = Some(detail);
    }
    Ok((!wanted.special_service_types.is_empty()).then_some(wanted))
}

fn rma(shipment: &Shipment) -> Option<wire::Rma> {
    let is_rma = |reference: &&Reference| reference.kind == ReferenceKind::Rma;
    let reference = shipment.references.iter().find(is_rma)?;
    some(clip(reference.value.trim(), 60)).map(|reason| wire::Rma { reason })
}

fn dry_ice(shipment: &Shipment) -> Option<wire::ShipmentDryIceDetail> {
    let weights: Vec<Weight> = shipment.parcels.iter().filter_map(|parcel| parcel.dry_ice).collect();
    (!weights.is_empty()).then(|| wire::ShipmentDryIceDetail {
        total_weight: kilograms(&Weight::sum(&weights)),
        package_count: u32::try_from(weights.len()).unwrap_or(u32::MAX),
    })
}

fn home_delivery(shipment: &Shipment) -> Result<Option<wire::HomeDeliveryPremiumDetail>> {
    let Some(wish) = shipment.options.carrier.get(option::HOME_DELIVERY) else { return Ok(None) };
    let detail =
        |kind, date| wire::HomeDeliveryPremiumDetail { homedelivery_premium_type: kind, delivery_date: date };
    match wish.split_once(':') {
        None if wish == "evening" => Ok(Some(detail("EVENING", None))),
        None if wish == "appointment" => Ok(Some(detail("APPOINTMENT", None))),
        Some(("date-certain", day)) if day.parse::<chrono::NaiveDate>().is_ok() => {
            Ok(Some(detail("DATE_CERTAIN", Some(day.to_owned()))))
        }
        _ => Err(Error::invalid_field(
            "options.carrier.home-delivery",
            "FedEx does not know this wish",
            "write `evening`, `appointment` or `date-certain:2026-11-25`",
        )),
    }
}

/// A yes-or-no option.
fn flag(shipment: &Shipment, name: &str) -> Result<bool> {
    match shipment.options.carrier.get(name).map(String::as_str) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::invalid_field(
            format!("options.carrier.{name}"),
            "neither `true` nor `false`",
            "write `true` or leave it out",
        )),
    }
}

/// Electronic trade documents: an invoice that FedEx makes, ones that were uploaded before, or ones that come later.
pub fn trade_documents(shipment: &Shipment) -> Result<Option<wire::EtdDetail>> {
    let wish = shipment.options.carrier.get(option::TRADE_DOCUMENTS).map_or("", |wish| wish.trim());
    let paperless = shipment.options.paperless_customs;
    let refuse = |problem: &str, cure: &str| {
        Err(Error::invalid_field(format!("options.carrier.{}", option::TRADE_DOCUMENTS), problem, cure))
    };
    if !wish.is_empty() && paperless == Some(false) {
        return refuse(
            "own documents are sent electronically, and `options.paperless_customs` is false",
            "leave one of the two out",
        );
    }
    if wish == "later" {
        return Ok(Some(wire::EtdDetail {
            attributes: vec!["POST_SHIPMENT_UPLOAD_REQUESTED"],
            ..wire::EtdDetail::default()
        }));
    }
    let entry = |entry: &str| {
        let (kind, id) = entry.split_once(':').unwrap_or(("commercial_invoice", entry));
        let document_type = documents::type_of(kind.trim())?;
        some(id.trim()).map(|document_id| wire::AttachedDocument { document_type, document_id })
    };
    let entries: Vec<&str> = wish.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    let uploaded: Vec<wire::AttachedDocument> = entries.iter().filter_map(|text| entry(text)).collect();
    if uploaded.len() != entries.len() || uploaded.len() > documents::MOST {
        return refuse(
            "too many documents, or one of them is no document id",
            "give at most 5 as the upload answered them, such as `commercial_invoice:ID`, or `later`",
        );
    }
    if uploaded.is_empty() && paperless != Some(true) {
        return Ok(None);
    }
    let own_invoice = uploaded.iter().any(|document| document.document_type.contains("INVOICE"));
    let requested = if own_invoice { Vec::new() } else { vec!["COMMERCIAL_INVOICE"] };
    Ok(Some(wire::EtdDetail {
        requested_document_types: requested,
        attached_documents: uploaded,
        attributes: Vec::new(),
    }))
}

/// Physical form of a package: asked for, or needed by the lane (to Canada, and from Canada and Mexico to the US).
pub fn package_form(shipment: &Shipment, parcel: &Parcel) -> Option<String> {
    if !parcel.packaging.is_own() {
        return None;
    }
    if let Some(form) = shipment.options.carrier.get(option::PACKAGE_FORM) {
        return Some(form.trim().to_ascii_uppercase());
    }
    let (from, to) = (shipment.from.country, shipment.to.country);
    let needed = from != to
        && (to.as_str() == "CA"
            || (matches!(to.as_str(), "US" | "PR") && matches!(from.as_str(), "CA" | "MX")));
    needed.then(|| "PACKAGE".to_owned())
}

/// Ground Economy: the hub of the contract, and the postal class by weight.
pub fn ground_economy(config: &Config, shipment: &Shipment) -> Option<wire::SmartPostInfoDetail> {
    let hub_id = config.ground_economy_hub.clone()?;
    let pound = Weight::new(Decimal::ONE, WeightUnit::Pound);
    let light = shipment.parcels.iter().all(|parcel| parcel.weight < pound);
    let indicia = match (shipment.is_return, light) {
        (true, _) => "PARCEL_RETURN",
        (false, true) => "PRESORTED_STANDARD",
        (false, false) => "PARCEL_SELECT",
    };
    Some(wire::SmartPostInfoDetail { hub_id, indicia, ancillary_endorsement: Some("ADDRESS_CORRECTION") })
}
