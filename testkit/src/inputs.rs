//! Standard inputs: sample shipments with invented people, and the inputs of the scenarios made from them.

use std::sync::LazyLock;

use serde_json::{Value, json};
use waybill_core::{Handle, Profile, Service, Shipment, screen};

static SHIPMENTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("shipments.json")).unwrap_or_default());

/// Domestic samples in the order in which they are tried.
pub(crate) const DOMESTIC: [&str; 3] = ["us_domestic", "cn_domestic", "de_domestic"];
/// International samples in the order in which they are tried.
pub(crate) const INTERNATIONAL: [&str; 3] = ["us_to_de", "cn_to_us", "de_to_us"];

/// A sample shipment: `us_domestic`, `cn_domestic`, `de_domestic`, `us_to_de`, `cn_to_us`, `de_to_us`, each with its
/// ship date 2026-11-24; with the suffix `+2` a second parcel, with `+po_box` to a post office box, with `+heavy` of
/// 900 kg. `None` for other names.
///
/// ```
/// let shipment = waybill_testkit::sample_shipment("us_to_de").unwrap();
/// assert!(shipment.crosses_customs_border() && shipment.problems().is_empty());
/// assert_eq!(waybill_testkit::sample_shipment("us_domestic+2").unwrap().parcels.len(), 2);
/// ```
pub fn sample_shipment(name: &str) -> Option<Shipment> {
    serde_json::from_value(sample_json(name)?).ok()
}

pub(crate) fn sample_json(name: &str) -> Option<Value> {
    let (name, suffix) = name.split_once('+').unwrap_or((name, ""));
    let mut shipment = SHIPMENTS.get(name)?.clone();
    let parcels = shipment.get_mut("parcels")?.as_array_mut()?;
    match suffix {
        "" => {}
        "2" => {
            let mut second = parcels.first()?.clone();
            second["weight"]["value"] = json!("3");
            parcels.push(second);
        }
        "heavy" => parcels.first_mut()?["weight"] = json!({ "value": "900", "unit": "kg" }),
        "po_box" => shipment["to"]["lines"] = json!(["PO Box 1190"]),
        _ => return None,
    }
    Some(shipment)
}

/// The handle of every attempt in the suite.
pub fn sample_handle() -> Handle {
    Handle(uuid::Uuid::from_u128(0x0192_f0c8_1d8e_7a3b_8c4d_5e6f_7a8b_9c0d))
}

/// First sample of a list that some service takes.
pub(crate) fn takes(profile: &Profile, samples: &[&str], suffix: &str) -> Option<String> {
    samples.iter().map(|name| format!("{name}{suffix}")).find(|name| {
        sample_shipment(name).is_some_and(|shipment| first_service(profile, &shipment).is_some())
    })
}

/// First service that the profile's own limits let through.
pub(crate) fn first_service<'a>(profile: &'a Profile, shipment: &Shipment) -> Option<&'a Service> {
    let refused = screen(profile, shipment);
    profile.services.iter().find(|service| refused.iter().all(|rejected| rejected.service != service.code))
}

/// The wanted label: the profile's first format at its first resolution.
pub(crate) fn label_spec(profile: &Profile) -> Value {
    match profile.labels.first() {
        None => json!({ "format": "pdf" }),
        Some(offer) => match offer.dpi.first() {
            None => json!({ "format": offer.format }),
            Some(dpi) => json!({ "format": offer.format, "dpi": dpi }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_reads_and_has_no_mistakes() {
        for name in DOMESTIC.iter().chain(&INTERNATIONAL) {
            let shipment = sample_shipment(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(shipment.problems(), vec![], "{name}");
            assert_eq!(shipment.is_domestic(), DOMESTIC.contains(name));
        }
        assert!(sample_shipment("us_domestic+po_box").unwrap().to.is_po_box());
        assert!(sample_shipment("nowhere").is_none());
    }
}
