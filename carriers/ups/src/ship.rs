//! Shipping: an order becomes one Ship request with all its parcels. `sold` reads the answer.

use chrono::{Days, NaiveDate};
use http::Method;
use rust_decimal::Decimal;
use waybill_core::{
    Country, Error, ErrorKind, FieldProblem, LabelFormat, LabelOrder, LabelSpec, LengthUnit, Parcel, Profile,
    Reference, ReferenceKind, Request, Result, Screen, Service, Shipment, Weekend, wire,
};

use crate::config::Config;
use crate::services::{self, option};
use crate::wire::common::{Code, Flag, RequestPart};
use crate::wire::shipping::{self, EMail, Notification, ReferenceNumber};
use crate::{customs, parts};

/// Days ahead that UPS takes a shipment for.
const DAYS_AHEAD: u64 = 7;

/// Builds the Ship request. Everything that can be refused without UPS is refused here, before a permit is used.
pub(crate) fn request(
    config: &Config,
    profile: &Profile,
    order: &LabelOrder,
    today: NaiveDate,
) -> Result<Request> {
    let Some((code, service)) = services::carrier_code(profile, &order.service) else {
        return Err(Error::new(ErrorKind::NoService, format!("UPS has no service `{}`", order.service)));
    };
    check(profile, order, service, today)?;
    let body = shipping::ShipmentRequestWrapper {
        shipment_request: shipping::ShipmentRequest {
            // The address was chosen by the shipper; UPS's city check refuses towns that it spells otherwise.
            request: RequestPart { sub_version: Some("2409"), request_option: Some("nonvalidate") },
            shipment: shipped(config, profile, order, code, service)?,
            label_specification: label_specification(&order.label, ship_format(&order.label.format)),
        },
    };
    let mut request = wire::json_request(
        Method::POST,
        &wire::endpoint(&config.base()?, "/api/shipments/v2409/ship"),
        &body,
    )?;
    wire::set_header(&mut request, "transid", &order.handle.short())?;
    Ok(request)
}

fn check(profile: &Profile, order: &LabelOrder, service: Option<&Service>, today: NaiveDate) -> Result<()> {
    let shipment = &order.shipment;
    let mut problems = parts::problems(shipment);
    problems.extend(label_problems(&order.label));
    problems.extend(date_problem(shipment, today));
    problems.extend(contact_problems(shipment));
    if shipment.is_return && shipment.parcels.len() > parts::return_limit(shipment) {
        let problem = format!("a UPS return takes {} parcel(s) here", parts::return_limit(shipment));
        problems.push(FieldProblem::new("parcels", problem, "split the return"));
    }
    if !problems.is_empty() {
        return Err(Error::invalid(problems));
    }
    match service.and_then(|service| Screen::new(profile, shipment).refusal(service)) {
        Some(refused) => Err(Error::new(ErrorKind::NoService, refused.message).with("cure", refused.cure)),
        None => Ok(()),
    }
}

/// UPS makes labels 4 inches wide and 6 or 8 high; its thermal labels have 203 dots per inch.
fn label_problems(label: &LabelSpec) -> Vec<FieldProblem> {
    let mut found = Vec::new();
    if matches!(
        label.format,
        LabelFormat::Jpg | LabelFormat::Tiff | LabelFormat::Html | LabelFormat::Other(_)
    ) {
        let cure = "use pdf, zpl, gif, png, epl or spl";
        found.push(FieldProblem::new("label.format", format!("UPS makes no {} labels", label.format), cure));
    }
    let thermal = matches!(label.format, LabelFormat::Zpl | LabelFormat::Epl | LabelFormat::Spl);
    if thermal && label.dpi.is_some_and(|dpi| dpi != 203) {
        found.push(FieldProblem::new(
            "label.dpi",
            "UPS's thermal labels have 203 dots per inch",
            "ask for 203",
        ));
    }
    if label.size.is_some() && stock_height(label).is_none() {
        let problem = "UPS makes labels of 4 x 6 and 4 x 8 inches";
        found.push(FieldProblem::new("label.size", problem, "choose one of them"));
    }
    found
}

fn stock_height(label: &LabelSpec) -> Option<&'static str> {
    let Some(size) = &label.size else { return Some("6") };
    let inches = |value: Decimal| (value * size.unit.millimetres() / LengthUnit::Inch.millimetres()).round();
    match (inches(size.width), inches(size.height)) {
        (width, height) if width == Decimal::from(4) && height == Decimal::from(6) => Some("6"),
        (width, height) if width == Decimal::from(4) && height == Decimal::from(8) => Some("8"),
        _ => None,
    }
}

/// From yesterday (it may still be that day at the origin) to seven days ahead.
fn date_problem(shipment: &Shipment, today: NaiveDate) -> Option<FieldProblem> {
    let date = shipment.ship_date?;
    let earliest = today.pred_opt().unwrap_or(today);
    let latest = today.checked_add_days(Days::new(DAYS_AHEAD)).unwrap_or(today);
    (date < earliest || date > latest).then(|| {
        FieldProblem::new(
            "ship_date",
            format!("UPS takes shipments from today to {DAYS_AHEAD} days ahead"),
            format!("choose a day until {latest}"),
        )
    })
}

/// Across borders UPS wants phones and a description of the goods; hold at location wants an e-mail to tell.
fn contact_problems(shipment: &Shipment) -> Vec<FieldProblem> {
    let mut found = Vec::new();
    if !shipment.is_domestic() {
        for (address, path) in [(&shipment.to, "to"), (&shipment.from, "from")] {
            if address.phone_digits().is_none() {
                let problem = "UPS wants a phone number for international shipments";
                found.push(FieldProblem::new(format!("{path}.phone"), problem, "give a phone number"));
            }
        }
    }
    if shipment.options.hold_at.is_some() && shipment.options.notify.is_empty() && shipment.to.email.is_none()
    {
        let problem = "UPS tells the recipient by e-mail that the parcel waits";
        found.push(FieldProblem::new(
            "to.email",
            problem,
            "give the recipient's e-mail or fill `options.notify`",
        ));
    }
    found
}

fn shipped(
    config: &Config,
    profile: &Profile,
    order: &LabelOrder,
    code: &str,
    service: Option<&Service>,
) -> Result<shipping::Shipment> {
    let shipment = &order.shipment;
    let (shipper, path) = parts::shipper(config, shipment);
    let mut shipper = customs::contact(shipper, path)?;
    shipper.shipper_number = Some(config.account_number.clone());
    shipper.address.residential_address_indicator = None;
    let mut ship_from = customs::contact(&shipment.from, "from")?;
    ship_from.vendor_info = customs::vendor(&shipment.from);
    // Of the three parties this one has no e-mail.
    ship_from.email_address = None;
    let mut ship_to = customs::contact(&shipment.to, "to")?;
    if service.is_some_and(services::is_ground_saver) {
        ship_to.address.residential_address_indicator = Some(Flag);
    }
    let packages = shipment.parcels.iter().enumerate();
    let with_references = references_on_packages(shipment);
    Ok(shipping::Shipment {
        description: description(shipment),
        return_service: shipment.is_return.then(|| Code::new("9")),
        documents_only_indicator: Flag::when(parts::documents_only(shipment)),
        shipper,
        ship_to,
        ship_from,
        alternate_delivery_address: parts::access_point(shipment, true)?,
        shipment_indication_type: parts::indication(shipment),
        payment_information: shipping::PaymentInformation {
            shipment_charge: parts::charges(config, shipment)?,
        },
        shipment_rating_options: parts::rating_options(config, shipment),
        reference_number: if with_references { Vec::new() } else { references(order, None, 2) },
        service: Code::new(code),
        invoice_line_total: parts::invoice_total(shipment)?,
        shipment_date: shipment.ship_date.map(parts::day),
        shipment_service_options: extras(order)?,
        package: packages
            .map(|(at, parcel)| package(profile, order, code, parcel, at))
            .collect::<Result<_>>()?,
    })
}

fn package(
    profile: &Profile,
    order: &LabelOrder,
    code: &str,
    parcel: &Parcel,
    at: usize,
) -> Result<shipping::Package> {
    let shipment = &order.shipment;
    let origin = shipment.from.country;
    let words = parcel.description.clone().or_else(|| description(shipment));
    let needed = shipment.is_return.then(|| "Goods".to_owned());
    Ok(shipping::Package {
        description: words.or(needed).map(|words| wire::clip(&words, 35).to_owned()),
        packaging: parts::packaging(profile, parcel, at)?,
        dimensions: parts::sides(parcel, origin),
        package_weight: parts::package_weight(parcel, origin, Some(code)),
        reference_number: if references_on_packages(shipment) {
            references(order, Some(parcel), 5)
        } else {
            Vec::new()
        },
        simple_rate: parts::simple_rate(shipment),
        additional_handling_indicator: Flag::when(parcel.non_machinable),
        package_service_options: parts::package_options(shipment, parcel),
    })
}

fn extras(order: &LabelOrder) -> Result<shipping::ShipmentServiceOptions> {
    let shipment = &order.shipment;
    let saturday = shipment.options.saturday_delivery || order.weekend == Some(Weekend::Saturday);
    Ok(shipping::ShipmentServiceOptions {
        saturday_delivery_indicator: Flag::when(saturday),
        delivery_confirmation: parts::shipment_confirmation(shipment),
        cod: parts::shipment_cash(shipment),
        direct_delivery_only_indicator: Flag::when(parts::asks(shipment, option::DIRECT_DELIVERY)),
        notification: notifications(shipment),
        carbon_neutral: Flag::when(shipment.options.carbon_neutral),
        international_forms: match shipment.ship_date {
            Some(date) => customs::forms(order, date)?,
            None => {
                return Err(Error::invalid_field("ship_date", "the ship date is missing", "give the day"));
            }
        },
    })
}

/// References stand on the packages inside the US and inside Puerto Rico, on the shipment everywhere else; on the
/// other level UPS refuses them.
fn references_on_packages(shipment: &Shipment) -> bool {
    let (from, to) = (shipment.from.country, shipment.to.country);
    from == to && matches!(from, Country::US | Country::PR)
}

/// The handle first, where label recovery looks for it, then the shipper's own: UPS prints two.
fn references(order: &LabelOrder, parcel: Option<&Parcel>, most: usize) -> Vec<ReferenceNumber> {
    let own = parcel.into_iter().flat_map(|parcel| &parcel.references).chain(&order.shipment.references);
    let handle = ReferenceNumber { code: None, value: order.handle.short() };
    let number = |reference: &Reference| ReferenceNumber {
        code: reference_code(&reference.kind),
        value: wire::clip(reference.value.trim(), 35).to_owned(),
    };
    std::iter::once(handle).chain(own.map(number)).take(most).collect()
}

/// UPS's reference codes; they choose the word printed before the number.
fn reference_code(kind: &ReferenceKind) -> Option<&'static str> {
    match kind {
        ReferenceKind::PurchaseOrder => Some("PO"),
        ReferenceKind::Invoice => Some("IK"),
        ReferenceKind::Department => Some("DP"),
        ReferenceKind::Sku => Some("PM"),
        ReferenceKind::Rma => Some("RZ"),
        ReferenceKind::Order | ReferenceKind::Customer | ReferenceKind::Other(_) => None,
    }
}

fn description(shipment: &Shipment) -> Option<String> {
    let goods = || {
        let items = shipment.customs.as_ref()?.items.iter().map(|item| item.description.trim());
        Some(items.collect::<Vec<_>>().join(", "))
    };
    let words = shipment.description.clone().or_else(goods).filter(|words| !words.trim().is_empty())?;
    Some(wire::clip(words.trim(), 50).to_owned())
}

/// E-mails: shipped and delivered, a return under way, a parcel that waits at an Access Point.
fn notifications(shipment: &Shipment) -> Vec<Notification> {
    let mut addresses: Vec<String> =
        shipment.options.notify.iter().map(|email| email.0.trim().to_owned()).collect();
    let mut found = Vec::new();
    if shipment.options.hold_at.is_some() {
        let recipient =
            shipment.to.email.clone().into_iter().chain(addresses.iter().cloned()).take(1).collect();
        found.push(Notification { code: "012", email: EMail { addresses: recipient } });
    }
    addresses.truncate(5);
    if !addresses.is_empty() {
        let first = if shipment.is_return { "5" } else { "6" };
        let notice = |code| Notification { code, email: EMail { addresses: addresses.clone() } };
        found.extend([notice(first), notice("8")]);
    }
    found
}

/// What is asked of Ship: it makes no PDF, so a PDF is bought as GIF and then fetched by label recovery.
fn ship_format(format: &LabelFormat) -> LabelFormat {
    if *format == LabelFormat::Pdf { LabelFormat::Gif } else { format.clone() }
}

/// Wanted label, for Ship and for label recovery.
pub(crate) fn label_specification(label: &LabelSpec, format: LabelFormat) -> shipping::LabelSpecification {
    shipping::LabelSpecification {
        format: Code::new(format.as_str().to_ascii_uppercase()),
        user_agent: (format == LabelFormat::Gif).then_some("Mozilla/4.5"),
        stock: shipping::LabelStockSize { height: stock_height(label).unwrap_or("6"), width: "4" },
    }
}
