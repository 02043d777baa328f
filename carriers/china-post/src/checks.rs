//! What can be refused before anything is sent.

use rust_decimal::Decimal;
use waybill_core::{
    Commodity, Currency, Customs, Error, ErrorKind, FieldProblem, LabelFormat, LabelOrder, LabelSpec,
    RejectReason, Rejected, Result, Screen, Shipment, Weight, WeightUnit,
};
use waybill_rate_sheet::numbers::is_s10;

use crate::ChinaPost;
use crate::config::Gateway;
use crate::services::{self, Row};
use crate::text::has_han;

/// First reason why a service cannot take a shipment, by the profile and by rules that a profile cannot say.
pub(crate) fn refusal(carrier: &ChinaPost, row: &Row, shipment: &Shipment) -> Option<Rejected> {
    let profile = carrier.own_profile();
    let service = profile.service(&row.code.into());
    let screened = service.and_then(|service| Screen::new(profile, shipment).refusal(service));
    screened.or_else(|| {
        let rejected = |reason, message: String, cure: &str| Rejected {
            service: row.code.into(),
            service_name: row.name.to_owned(),
            reason,
            message,
            cure: cure.to_owned(),
            carrier_code: None,
        };
        let limit = row.max_weight(shipment.to.country);
        if let Some(parcel) = shipment.parcels.iter().find(|parcel| parcel.weight > limit) {
            let message = format!(
                "the parcel weighs {}, the limit to {} is {limit}",
                parcel.weight,
                shipment.to.country.name()
            );
            return Some(rejected(
                RejectReason::Weight,
                message,
                "split the content or choose another service",
            ));
        }
        if row.domestic {
            return None;
        }
        let problem = international(shipment).into_iter().next()?;
        let reason = if problem.path.starts_with("customs") {
            RejectReason::CustomsData
        } else {
            RejectReason::BadAddress
        };
        Some(rejected(reason, format!("{}: {}", problem.path, problem.problem), &problem.cure))
    })
}

/// Everything that an international parcel needs beyond what all carriers need: data for CN22 and CN23, phone, city.
pub(crate) fn international(shipment: &Shipment) -> Vec<FieldProblem> {
    let mut found = Vec::new();
    match &shipment.customs {
        None => found.push(FieldProblem::new(
            "customs",
            "a customs declaration (CN22 or CN23) is needed",
            "fill `customs.items` with description, Chinese name, quantity, weight, value and origin",
        )),
        Some(customs) => goods(shipment, customs, &mut found),
    }
    if shipment.to.phone_digits().is_none() {
        let cure = "give the recipient's phone; customs and the last mile ask for it";
        found.push(FieldProblem::new("to.phone", "the recipient's phone is missing", cure));
    }
    found
}

fn goods(shipment: &Shipment, customs: &Customs, found: &mut Vec<FieldProblem>) {
    let mut say = |at: usize, field: &str, problem: &str, cure: &str| {
        found.push(FieldProblem::new(format!("customs.items[{at}].{field}"), problem, cure));
    };
    for (at, item) in customs.items.iter().enumerate() {
        let english = item.description.trim();
        if !english.is_ascii() || !english.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            say(at, "description", "the description is not English", "describe the goods in English letters");
        } else if ["gift", "accessory", "accessories", "sample"]
            .contains(&english.to_ascii_lowercase().as_str())
        {
            say(at, "description", "the description says nothing", "name the goods, such as `cotton towel`");
        }
        if !item.local_description.as_deref().is_some_and(has_han) {
            say(at, "local_description", "the Chinese name is missing", "give the goods' Chinese name");
        }
        if !item.net_weight().is_some_and(|weight| weight.is_positive()) {
            say(at, "unit_weight", "the net weight is missing", "give the weight of one unit");
        }
        if item.unit_value.currency != Currency::USD {
            say(at, "unit_value", "the declared value is not in USD", "declare values in US dollars");
        }
    }
    let weights: Option<Vec<Weight>> = customs.items.iter().map(Commodity::net_weight).collect();
    if weights.is_some_and(|weights| Weight::sum(&weights) > shipment.total_weight()) {
        let cure = "correct the weights: the parcel weighs at least as much as its content";
        found.push(FieldProblem::new("customs.items", "the goods weigh more than the parcel", cure));
    }
}

/// Checks an order and names its service.
pub(crate) fn order(carrier: &ChinaPost, order: &LabelOrder) -> Result<&'static Row> {
    let sold = || carrier.own_profile().service(&order.service).is_some();
    let Some(row) = services::row(order.service.as_str()).filter(|_| sold()) else {
        let message = format!("China Post does not sell `{}` through this account", order.service);
        return Err(Error::new(ErrorKind::NoService, message));
    };
    spec(&order.label)?;
    let shipment = &order.shipment;
    let mut problems = shipment.problems();
    if shipment.parcels.len() > 1 {
        let cure = "buy one label per parcel";
        problems.push(FieldProblem::new("parcels", "China Post takes one parcel per order", cure));
    }
    if shipment.parcels.iter().any(|parcel| parcel.declared_value.is_some()) {
        let cure = "leave the declared value out, or insure elsewhere";
        problems.push(FieldProblem::new("parcels[0].declared_value", "insurance is not offered here", cure));
    }
    if !row.domestic {
        problems.extend(international(shipment));
    }
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    match refusal(carrier, row, shipment) {
        None => Ok(row),
        Some(refusal) => {
            let kind = match refusal.reason {
                RejectReason::Weight | RejectReason::Size | RejectReason::CustomsData => ErrorKind::Invalid,
                _ => ErrorKind::NoService,
            };
            Err(Error::new(kind, refusal.message))
        }
    }
}

/// The number that was allocated to an order, where the interface draws numbers first.
pub(crate) fn number<'a>(gateway: Gateway, row: &Row, order: &'a LabelOrder) -> Result<Option<&'a str>> {
    if gateway == Gateway::Eub || row.domestic {
        return Ok(None);
    }
    match order.numbers.as_slice() {
        [only] if is_s10(only.as_str()) => Ok(Some(only.as_str())),
        _ => Err(Error::invalid_field(
            "numbers",
            "the order has no waybill number of its own, or one with a wrong check digit",
            "allocate one number per parcel first",
        )),
    }
}

/// The carrier makes PDF only.
pub(crate) fn spec(spec: &LabelSpec) -> Result<()> {
    if spec.format == LabelFormat::Pdf {
        return Ok(());
    }
    let problem = format!("China Post makes no labels as {}", spec.format);
    Err(Error::invalid_field("label.format", problem, "ask for pdf"))
}

/// Whole grams, rounded up.
pub(crate) fn grams(weight: Weight) -> Decimal {
    weight.ceil_to(WeightUnit::Gram, Decimal::ONE)
}
