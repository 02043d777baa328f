//! Wishes of the model as DHL's value added services (section 6 of the facts).

use rust_decimal::Decimal;
use waybill_core::{
    Battery, BatteryKind, BatteryPacking, CarrierOption, FieldProblem, Money, Shipment, Signature, Weight,
};

use crate::config::Config;
use crate::measure::System;
use crate::parties::Problems;
use crate::services::Content;
use crate::wire::{DangerousGoods, Num, ValueAddedService};

/// Extra services by DHL's codes.
const EXTRA: &str = "value_added_services";
/// Dangerous goods service and content.
const DANGEROUS: &str = "dangerous_goods";
/// How long a return label stays good.
const STORAGE: &str = "label_storage";
/// Why the goods leave the country, in DHL's words.
pub(crate) const EXPORT_REASON: &str = "export_reason";
/// Named place of the incoterm.
pub(crate) const INCOTERM_PLACE: &str = "place_of_incoterm";

/// Options that only this carrier knows.
pub(crate) fn declared() -> Vec<CarrierOption> {
    let option = |name: &str, help: &str| CarrierOption { name: name.to_owned(), help: help.to_owned() };
    vec![
        option(
            EXTRA,
            "further services by DHL's codes, separated by commas: `NN` neutral delivery, `TF` verified delivery",
        ),
        option(
            DANGEROUS,
            "service and content id that DHL agreed with the account for dangerous goods: `HK:700`, `HH:E01`",
        ),
        option(STORAGE, "months that a return label stays good: `3`, `6`, `12` or `24`"),
        option(
            EXPORT_REASON,
            "DHL's exportReasonType, such as `intercompany_use`, instead of the one from `customs.contents`",
        ),
        option(INCOTERM_PLACE, "named place of the incoterm"),
    ]
}

/// What the services are for: a rate leaves out what does not move the price and could only shrink the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Rate,
    Label,
}

fn plain(code: &str) -> ValueAddedService {
    ValueAddedService {
        service_code: code.to_owned(),
        value: None,
        currency: None,
        dangerous_goods: Vec::new(),
    }
}

fn dangerous(code: &str, content: &str) -> ValueAddedService {
    let goods = DangerousGoods {
        content_id: content.to_owned(),
        dry_ice_total_net_weight: None,
        un_codes: Vec::new(),
    };
    ValueAddedService { dangerous_goods: vec![goods], ..plain(code) }
}

/// The value added services of a shipment.
pub(crate) fn services(
    config: &Config,
    shipment: &Shipment,
    content: Content,
    purpose: Purpose,
    problems: &mut Problems,
) -> Vec<ValueAddedService> {
    let wanted = &shipment.options;
    let mut found = Vec::new();
    found.extend(insurance(shipment, content, problems));
    let dutiable = content == Content::Dutiable;
    let paperless = wanted.paperless_customs.unwrap_or(config.paperless_trade);
    let signature = wanted.signature.as_ref();
    let switches = [
        (wanted.saturday_delivery, "AA"),
        (signature == Some(&Signature::Signature), "SF"),
        (signature == Some(&Signature::None), "SX"),
        (wanted.carbon_neutral, "EE"),
        (dutiable && crate::customs::we_pay_duties(shipment), "DD"),
        (dutiable && paperless && purpose == Purpose::Label, "WY"),
    ];
    found.extend(switches.iter().filter(|(on, _)| *on).map(|(_, code)| plain(code)));
    unsupported(shipment, problems);
    found.extend(dry_ice(shipment));
    found.extend(batteries(shipment, problems));
    found.extend(agreed_goods(shipment, problems));
    if shipment.is_return && purpose == Purpose::Label {
        found.extend(storage(shipment, problems));
    }
    for code in extra(shipment, problems) {
        if found.iter().all(|service| service.service_code != code) {
            found.push(plain(&code));
        }
    }
    if purpose == Purpose::Rate {
        // `/rates` prices the service and knows no content ids.
        found.iter_mut().for_each(|service| service.dangerous_goods.clear());
    }
    found
}

fn say(problems: &mut Problems, path: &str, problem: &str, cure: &str) {
    problems.push(FieldProblem::new(path, problem, cure));
}

/// Wishes that DHL has no service for.
fn unsupported(shipment: &Shipment, problems: &mut Problems) {
    let wanted = &shipment.options;
    if matches!(wanted.signature, Some(Signature::Adult | Signature::Indirect | Signature::Other(_))) {
        say(
            problems,
            "options.signature",
            "DHL Express has no such signature kind",
            "use `signature`, or the carrier option value_added_services with TF (verified delivery)",
        );
    }
    let missing = [
        (wanted.sunday_delivery, "options.sunday_delivery", "DHL Express does not deliver on Sundays"),
        (wanted.cash_on_delivery.is_some(), "options.cash_on_delivery", "cash on delivery is not offered"),
        (wanted.alcohol.is_some(), "options.alcohol", "DHL Express has no service for alcohol"),
    ];
    for (on, path, problem) in missing {
        if on {
            say(problems, path, problem, "leave it out");
        }
    }
}

/// Sum of the parcels' declared values.
fn insured(shipment: &Shipment) -> Result<Option<Money>, waybill_core::MoneyError> {
    let mut values = shipment.parcels.iter().filter_map(|parcel| parcel.declared_value);
    let Some(first) = values.next() else { return Ok(None) };
    let sum = values.try_fold(first, Money::checked_add)?;
    Ok((!sum.is_zero()).then_some(sum))
}

/// `II` insures goods, `IB` extends the liability for documents.
fn insurance(shipment: &Shipment, content: Content, problems: &mut Problems) -> Option<ValueAddedService> {
    match insured(shipment) {
        Ok(value) => value.map(|value| ValueAddedService {
            value: Some(Num::of(value.amount)),
            currency: Some(value.currency.to_string()),
            ..plain(if content == Content::Documents { "IB" } else { "II" })
        }),
        Err(_) => {
            say(problems, "parcels", "the declared values cannot be added", "give them in one currency");
            None
        }
    }
}

fn dry_ice(shipment: &Shipment) -> Option<ValueAddedService> {
    let weights: Vec<Weight> = shipment.parcels.iter().filter_map(|parcel| parcel.dry_ice).collect();
    if weights.is_empty() {
        return None;
    }
    let unit = System::of(&shipment.parcels).weight_unit();
    let mut service = dangerous("HC", "901");
    for goods in &mut service.dangerous_goods {
        let total = Weight::sum(weights.iter()).ceil_to(unit, Decimal::new(1, 3));
        goods.dry_ice_total_net_weight = Some(Num::of(total));
    }
    Some(service)
}

/// `HD`, `HV`: lithium ion packed with, contained in equipment; `HM`, `HW`: lithium metal.
fn battery(battery: &Battery) -> Option<(&'static str, &'static str)> {
    match (&battery.kind, &battery.packing) {
        (BatteryKind::LithiumIon, BatteryPacking::PackedWith) => Some(("HD", "966")),
        (BatteryKind::LithiumIon, BatteryPacking::Contained) => Some(("HV", "967")),
        (BatteryKind::LithiumMetal, BatteryPacking::PackedWith) => Some(("HM", "969")),
        (BatteryKind::LithiumMetal, BatteryPacking::Contained) => Some(("HW", "970")),
        _ => None,
    }
}

fn batteries(shipment: &Shipment, problems: &mut Problems) -> Vec<ValueAddedService> {
    let mut codes: Vec<(&str, &str)> = Vec::new();
    for (at, parcel) in shipment.parcels.iter().enumerate() {
        for one in &parcel.batteries {
            match battery(one) {
                Some(code) if !codes.contains(&code) => codes.push(code),
                Some(_) => {}
                None => say(
                    problems,
                    &format!("parcels[{at}].batteries"),
                    "DHL Express takes lithium batteries in or with equipment only",
                    "ship loose batteries by the agreement that DHL gave, with the carrier option dangerous_goods",
                ),
            }
        }
    }
    codes.into_iter().map(|(code, content)| dangerous(code, content)).collect()
}

/// Other dangerous goods: which service and content id apply is agreed with DHL, so the shipment names them.
fn agreed_goods(shipment: &Shipment, problems: &mut Problems) -> Option<ValueAddedService> {
    let goods: Vec<_> = shipment.parcels.iter().flat_map(|parcel| &parcel.dangerous_goods).collect();
    let agreed = shipment.options.carrier.get(DANGEROUS);
    let Some(agreed) = agreed else {
        if !goods.is_empty() {
            say(
                problems,
                "options.carrier.dangerous_goods",
                "DHL Express takes dangerous goods by agreement only",
                "give the agreed service and content id, such as `HK:700`",
            );
        }
        return None;
    };
    let parts = agreed.split_once(':').filter(|(code, id)| {
        code.len() == 2 && (1..=5).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    let Some((code, id)) = parts else {
        say(
            problems,
            "options.carrier.dangerous_goods",
            "not of the form service:content",
            "write it like `HK:700`",
        );
        return None;
    };
    let mut service = dangerous(&code.to_ascii_uppercase(), id);
    if service.service_code == "HH" {
        for place in &mut service.dangerous_goods {
            place.un_codes =
                goods.iter().take(10).map(|one| one.un_number.chars().take(10).collect()).collect();
        }
    }
    Some(service)
}

fn storage(shipment: &Shipment, problems: &mut Problems) -> Option<ValueAddedService> {
    let months = shipment.options.carrier.get(STORAGE)?;
    let code = match months.as_str() {
        "3" => "PT",
        "6" => "PU",
        "12" => "PV",
        "24" => "PW",
        _ => {
            say(
                problems,
                "options.carrier.label_storage",
                "not a period that DHL offers",
                "give 3, 6, 12 or 24",
            );
            return None;
        }
    };
    Some(plain(code))
}

fn extra(shipment: &Shipment, problems: &mut Problems) -> Vec<String> {
    let Some(list) = shipment.options.carrier.get(EXTRA) else { return Vec::new() };
    let codes: Vec<String> = list.split(',').map(|code| code.trim().to_ascii_uppercase()).collect();
    if codes.iter().any(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        say(
            problems,
            "options.carrier.value_added_services",
            "not a list of DHL's service codes",
            "give codes of two characters, separated by commas",
        );
        return Vec::new();
    }
    codes
}
