//! Local refusals: what a profile alone rules out, without a call to the carrier.

use crate::model::{Parcel, RejectReason, Rejected, Shipment, Signature};
use crate::profile::{Border, Lane, Limits, Profile, Recipients, Service};

/// Why a service cannot be used: reason, sentence, cure.
type Refusal = (RejectReason, String, String);

/// Services of a profile that cannot take this shipment, each with the first limit in the way, named.
pub fn screen(profile: &Profile, shipment: &Shipment) -> Vec<Rejected> {
    let screen = Screen::new(profile, shipment);
    profile.services.iter().filter_map(|service| screen.refusal(service)).collect()
}

/// Asks a profile's services, one by one, whether they can take a shipment; what is the same for all is looked up once.
pub struct Screen<'a> {
    profile: &'a Profile,
    shipment: &'a Shipment,
    domestic: bool,
    crosses_customs_border: bool,
    to_po_box: bool,
    /// To go on after the name of a service that is sold on other lanes, as most are.
    other_lane: String,
}

impl<'a> Screen<'a> {
    /// Of a shipment.
    pub fn new(profile: &'a Profile, shipment: &'a Shipment) -> Self {
        Self {
            profile,
            shipment,
            domestic: shipment.is_domestic(),
            crosses_customs_border: shipment.crosses_customs_border(),
            to_po_box: shipment.to.is_po_box(),
            other_lane: format!(
                " does not run from {} to {}",
                shipment.from.country.name(),
                shipment.to.country.name()
            ),
        }
    }

    /// Why a service of the profile cannot take the shipment: the first limit in the way, named.
    pub fn refusal(&self, service: &Service) -> Option<Rejected> {
        let (reason, message, cure) = self.first(service)?;
        Some(Rejected {
            service: service.code.clone(),
            service_name: service.name.clone(),
            reason,
            message,
            cure,
            carrier_code: None,
        })
    }

    fn first(&self, service: &Service) -> Option<Refusal> {
        let shipment = self.shipment;
        self.lane(service)
            .or_else(|| self.recipient(service))
            .or_else(|| self.customs(service))
            .or_else(|| options(service, shipment))
            .or_else(|| {
                let many = shipment.parcels.len() > usize::from(service.max_parcels)
                    && self.profile.pieces == crate::Pieces::OneShipment;
                many.then(|| {
                    (
                        RejectReason::Pieces,
                        format!(
                            "{} parcels, {} takes {} in one shipment",
                            shipment.parcels.len(),
                            service.name,
                            service.max_parcels
                        ),
                        "split the shipment".to_owned(),
                    )
                })
            })
            .or_else(|| {
                shipment.parcels.iter().find_map(|parcel| {
                    contents(service, parcel)
                        .or_else(|| packaging(self.profile, service, parcel))
                        .or_else(|| limits(&service.limits, parcel))
                })
            })
    }

    fn lane(&self, service: &Service) -> Option<Refusal> {
        let Self { shipment, domestic, .. } = self;
        let (from, to) = (shipment.from.country, shipment.to.country);
        let runs = |lane: &Lane| {
            let border = match lane.border {
                Border::Any => true,
                Border::Domestic => *domestic,
                Border::International => !domestic,
            };
            border && lane.from.contain(from) && lane.to.contain(to)
        };
        if !service.lanes.iter().any(runs) {
            let message = [service.name.as_str(), &self.other_lane].concat();
            return Some((RejectReason::Lane, message, String::new()));
        }
        (shipment.is_return && !service.returns).then(|| {
            (
                RejectReason::Returns,
                format!("{} is not sold for returns", service.name),
                "choose a service with returns".to_owned(),
            )
        })
    }

    fn recipient(&self, service: &Service) -> Option<Refusal> {
        if self.to_po_box && !service.po_box {
            let message = format!("{} does not deliver to post office boxes", service.name);
            return Some((
                RejectReason::PoBox,
                message,
                "use a street address or a postal service".to_owned(),
            ));
        }
        let (only, other) = match (service.recipients, self.shipment.to.residential) {
            (Recipients::Homes, Some(false)) => ("homes", "a business"),
            (Recipients::Businesses, Some(true)) => ("businesses", "a home"),
            _ => return None,
        };
        let message = format!("{} delivers to {only} only and the address is {other}", service.name);
        Some((RejectReason::AddressKind, message, String::new()))
    }

    fn customs(&self, service: &Service) -> Option<Refusal> {
        if !service.customs_data || !self.crosses_customs_border {
            return None;
        }
        let cure = "fill `customs.items` with description, quantity, value and origin of the goods";
        let Some(customs) = &self.shipment.customs else {
            return Some((RejectReason::CustomsData, "customs data is missing".to_owned(), cure.to_owned()));
        };
        let problem = customs.problems("customs").into_iter().next()?;
        Some((RejectReason::CustomsData, format!("{}: {}", problem.path, problem.problem), problem.cure))
    }
}

fn options(service: &Service, shipment: &Shipment) -> Option<Refusal> {
    let (wanted, offered) = (&shipment.options, &service.options);
    let without = |what: &str| {
        (RejectReason::Option, format!("{} has no {what}", service.name), format!("leave {what} out"))
    };
    match () {
        () if wanted.saturday_delivery && !offered.saturday => Some(without("Saturday delivery")),
        () if wanted.sunday_delivery && !offered.sunday => Some(without("Sunday delivery")),
        () if wanted.hold_at.is_some() && !offered.hold => Some(without("hold at location")),
        () if wanted.cash_on_delivery.is_some() && !offered.cash_on_delivery => {
            Some(without("cash on delivery"))
        }
        () if wanted.alcohol.is_some() && !offered.alcohol => Some((
            RejectReason::DangerousGoods,
            format!("{} does not take alcohol", service.name),
            String::new(),
        )),
        () => match &wanted.signature {
            Some(Signature::None) | None => None,
            Some(signature) if offered.signatures.contains(signature) => None,
            Some(signature) => Some(without(&format!("signature option `{signature}`"))),
        },
    }
}

fn contents(service: &Service, parcel: &Parcel) -> Option<Refusal> {
    let what = match () {
        () if !parcel.batteries.is_empty() && !service.options.batteries => "lithium batteries",
        () if !parcel.dangerous_goods.is_empty() && !service.options.dangerous_goods => "dangerous goods",
        () if parcel.dry_ice.is_some() && !service.options.dry_ice => "dry ice",
        () => return None,
    };
    Some((
        RejectReason::DangerousGoods,
        format!("{} does not take {what}", service.name),
        "choose a service that takes them".to_owned(),
    ))
}

fn packaging(profile: &Profile, service: &Service, parcel: &Parcel) -> Option<Refusal> {
    let taken = if parcel.packaging.is_own() {
        service.own_box
    } else {
        service.packagings.contains(&parcel.packaging)
    };
    if !taken {
        let message = format!("{} is not sold in packaging `{}`", service.name, parcel.packaging);
        let names: Vec<_> = service
            .own_box
            .then_some("own")
            .into_iter()
            .chain(service.packagings.iter().map(|code| code.as_str()))
            .collect();
        return Some((RejectReason::Packaging, message, format!("use one of: {}", names.join(", "))));
    }
    let limit = profile.packaging(&parcel.packaging)?.max_weight?;
    (parcel.weight > limit).then(|| {
        (
            RejectReason::Weight,
            format!("{} in packaging `{}`, which holds {limit}", parcel.weight, parcel.packaging),
            "use another packaging".to_owned(),
        )
    })
}

fn limits(limits: &Limits, parcel: &Parcel) -> Option<Refusal> {
    let weight = |message: String| {
        Some((RejectReason::Weight, message, "split the content or choose another service".to_owned()))
    };
    let size = |message: String| {
        Some((RejectReason::Size, message, "use a smaller box or another service".to_owned()))
    };
    if let Some(limit) = limits.max_weight.filter(|limit| parcel.weight > *limit) {
        return weight(format!("the parcel weighs {}, the limit is {limit}", parcel.weight));
    }
    if let Some(limit) = limits.min_weight.filter(|limit| parcel.weight < *limit) {
        return weight(format!("the parcel weighs {}, the least is {limit}", parcel.weight));
    }
    if let (Some(value), Some(limit)) = (parcel.declared_value, limits.max_declared_value)
        && value.compare(&limit) == Some(std::cmp::Ordering::Greater)
    {
        let message = format!("the declared value is {value}, the limit is {limit}");
        return Some((
            RejectReason::Value,
            message,
            "lower the declared value or insure elsewhere".to_owned(),
        ));
    }
    let Some(sides) = parcel.dimensions else {
        return if limits.dimensions_needed && parcel.packaging.is_own() {
            size("the parcel has no dimensions".to_owned())
        } else {
            None
        };
    };
    let [length, width, height] = sides.sorted();
    let checks = [
        ("longest side", length, limits.max_length),
        ("middle side", width, limits.max_width),
        ("shortest side", height, limits.max_height),
        ("length plus girth", sides.length_plus_girth(), limits.max_length_plus_girth),
        ("sum of the sides", sides.side_sum(), limits.max_side_sum),
    ];
    for (name, have, limit) in checks {
        if let Some(limit) = limit.filter(|limit| have > *limit) {
            return size(format!("{name} {have}, the limit is {limit}"));
        }
    }
    let (least_length, least_width) = limits.min_face?;
    (length < least_length || width < least_width).then(|| {
        (
            RejectReason::Size,
            format!("the face is {length} x {width}, the least is {least_length} x {least_width}"),
            "use a larger box".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::*;
    use crate::{Address, Country, Dimensions, LengthUnit, Weight, WeightUnit};

    fn profile() -> Profile {
        let mut ground = Service::new("ground", "03", "Ground", vec![Lane::us_domestic()]);
        ground.limits = Limits {
            max_weight: Some(Weight::new(150, WeightUnit::Pound)),
            max_length_plus_girth: "165in".parse().ok(),
            ..Limits::default()
        };
        let express = Service::new("express", "07", "Express", vec![Lane::export_from(Country::US)]);
        Profile {
            id: "t".into(),
            name: "Test".into(),
            version: "0".into(),
            services: vec![ground, express],
            packagings: vec![],
            labels: vec![],
            carrier_options: vec![],
            pieces: Pieces::OneShipment,
            settlement: crate::Settlement::BilledToAccount,
            purchase: PurchaseTraits::default(),
            linking: Linking::everybody(),
            hosts: vec![],
            quotas: vec![],
            track_batch: 1,
            terms: vec![],
            currencies: vec![],
        }
    }

    fn shipment() -> Shipment {
        let place = |zip: &str| Address::new("A", "1 Main St", "City", "NY", zip, Country::US);
        let size = Dimensions::new(10, 10, 10, LengthUnit::Inch);
        Shipment::new(
            place("10001"),
            place("94105"),
            vec![Parcel::new(Weight::new(2, WeightUnit::Pound), Some(size))],
        )
    }

    fn reason_of(shipment: &Shipment, service: &str) -> Option<(RejectReason, String)> {
        let found = screen(&profile(), shipment).into_iter().find(|rejected| rejected.service == service)?;
        Some((found.reason, found.message))
    }

    #[test]
    fn a_parcel_within_the_limits_passes_and_the_lane_is_named() {
        assert_eq!(reason_of(&shipment(), "ground"), None);
        let (reason, message) = reason_of(&shipment(), "express").unwrap();
        assert_eq!(reason, RejectReason::Lane);
        assert!(message.contains("from United States to United States"), "{message}");
    }

    #[test]
    fn the_limit_in_the_way_is_named() {
        let mut heavy = shipment();
        heavy.parcels[0].weight = Weight::new(69, WeightUnit::Kilogram);
        assert_eq!(
            reason_of(&heavy, "ground").unwrap(),
            (RejectReason::Weight, "the parcel weighs 69 kg, the limit is 150 lb".into())
        );
        let mut long = shipment();
        long.parcels[0].dimensions = Some(Dimensions::new(100, 20, 20, LengthUnit::Inch));
        assert_eq!(
            reason_of(&long, "ground").unwrap(),
            (RejectReason::Size, "length plus girth 180 in, the limit is 165 in".into())
        );
    }

    #[test]
    fn boxes_returns_customs_options() {
        let mut to_box = shipment();
        to_box.to.lines = vec!["PO Box 1".into()];
        assert_eq!(reason_of(&to_box, "ground").unwrap().0, RejectReason::PoBox);
        let mut back = shipment();
        back.is_return = true;
        assert_eq!(reason_of(&back, "ground").unwrap().0, RejectReason::Returns);
        let mut abroad = shipment();
        abroad.to.country = Country::DE;
        assert_eq!(reason_of(&abroad, "express").unwrap().0, RejectReason::CustomsData);
        let mut signed = shipment();
        signed.options.signature = Some(Signature::Adult);
        assert_eq!(reason_of(&signed, "ground").unwrap().0, RejectReason::Option);
    }
}
