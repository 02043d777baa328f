//! Rating: one Shop for all services, one Rate beside it for each that Shop never lists.

use async_trait::async_trait;
use chrono::{NaiveDate, NaiveTime};
use futures_util::future::join_all;
use http::Method;
use waybill_core::lenient::owned;
use waybill_core::{
    Cx, DeliveryEstimate, Error, ErrorKind, EstimateBasis, LocalMoment, Notice, PackagingCode, PriceKind,
    Profile, Rate, RateQuote, RateReply, RateRequest, RateToken, RejectReason, Rejected, Request, Response,
    Result, Service, Shipment, Weekend, Weight, screen, wire,
};

use crate::carrier::Ups;
use crate::config::{Config, PriceList};
use crate::prices::{self, Stated};
use crate::services::{self, option};
use crate::wire::common::{Code, Described, Flag, RequestPart};
use crate::wire::rating::{self, RateResponseWrapper, RatedShipment, TimeInTransit};
use crate::{error, parts};

/// UPS's clock time for "by the end of the day".
const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

#[async_trait]
impl RateQuote for Ups {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let problems = parts::problems(&request.shipment);
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        let mut reply =
            RateReply { rejected: refusals(&self.profile, &self.config, request), ..RateReply::default() };
        let questions = questions(&self.profile, request, &reply.rejected);
        let today = cx.now().date_naive();
        let asked = join_all(questions.iter().map(|question| self.ask(cx, request, question, today))).await;
        for (question, answer) in questions.iter().zip(asked) {
            match answer {
                Ok(more) => merge(&mut reply, more),
                Err(error) => reply.rejected.extend(rejections(question, error, questions.len() > 1)?),
            }
        }
        let own = |rate: &Rate| rate.prices.iter().any(|price| price.kind == PriceKind::Account);
        if self.config.negotiated_rates && !reply.rates.is_empty() && !reply.rates.iter().any(own) {
            reply.warnings.push(Notice::new(
                "own-prices-not-granted",
                "UPS answered published prices only: link the account to the app's user in the UPS portal",
            ));
        }
        Ok(reply.complete(&self.profile, request))
    }
}

impl Ups {
    async fn ask(
        &self,
        cx: &Cx,
        asked: &RateRequest,
        question: &Question<'_>,
        today: NaiveDate,
    ) -> Result<RateReply> {
        let ask = request(&self.config, &self.profile, &asked.shipment, question, today)?;
        parse(&self.read(cx, ask).await?, &self.config, &self.profile, asked)
    }
}

/// One call to Rating.
#[derive(Debug)]
pub(crate) enum Question<'a> {
    /// All services between the two places; which of ours are meant by it.
    Shop(Vec<&'a Service>),
    /// One service.
    One(&'a Service),
}

/// The calls that a request needs: none when nothing is left after the local refusals.
fn questions<'a>(profile: &'a Profile, request: &RateRequest, refused: &[Rejected]) -> Vec<Question<'a>> {
    let open = |service: &&Service| {
        request.wants(&service.code) && refused.iter().all(|rejected| rejected.service != service.code)
    };
    let (savers, others): (Vec<&Service>, Vec<&Service>) =
        profile.services.iter().filter(open).partition(|service| services::is_ground_saver(service));
    let main = match others.as_slice() {
        [] => None,
        [only] if !request.services.is_empty() => Some(Question::One(only)),
        _ => Some(Question::Shop(others)),
    };
    main.into_iter().chain(savers.into_iter().map(Question::One)).collect()
}

/// What needs no call: the profile's limits, and UPS's rules that a profile cannot say.
fn refusals(profile: &Profile, config: &Config, request: &RateRequest) -> Vec<Rejected> {
    let shipment = &request.shipment;
    let mut refused = screen(profile, shipment);
    refused.retain(|rejected| request.wants(&rejected.service));
    let too_many = shipment.is_return && shipment.parcels.len() > parts::return_limit(shipment);
    let rejected = |service: &Service, reason, message: &str, cure: &str| Rejected {
        service: service.code.clone(),
        service_name: service.name.clone(),
        reason,
        message: message.to_owned(),
        cure: cure.to_owned(),
        carrier_code: None,
    };
    for service in profile.services.iter().filter(|service| request.wants(&service.code)) {
        if refused.iter().any(|known| known.service == service.code) {
            continue;
        }
        if too_many {
            let message = format!("a UPS return takes {} parcel(s) here", parts::return_limit(shipment));
            refused.push(rejected(service, RejectReason::Pieces, &message, "split the return"));
        } else if services::is_ground_saver(service) && !config.ground_saver && request.services.is_empty() {
            let message = "Ground Saver needs a contract and is switched off for this account";
            let cure = "set `ground_saver = true` in the account's settings when its contract has it";
            refused.push(rejected(service, RejectReason::NotEntitled, message, cure));
        }
    }
    refused
}

/// Builds the call.
pub(crate) fn request(
    config: &Config,
    profile: &Profile,
    shipment: &Shipment,
    question: &Question<'_>,
    today: NaiveDate,
) -> Result<Request> {
    let (path, service) = match question {
        Question::Shop(_) => ("/api/rating/v2409/Shoptimeintransit", None),
        Question::One(service) => {
            ("/api/rating/v2409/Ratetimeintransit", Some(service.carrier_code.as_str()))
        }
    };
    let us_origin = shipment.from.country.is_us_or_territory();
    let body = rating::RateRequestWrapper {
        rate_request: rating::RateRequest {
            request: RequestPart { sub_version: Some("2409"), request_option: None },
            pickup_type: Code::new(config.pickup_type.code()),
            customer_classification: us_origin.then(|| Code::new(config.price_list.code())),
            shipment: rated(config, profile, shipment, service, today)?,
        },
    };
    wire::json_request(Method::POST, &wire::endpoint(&config.base()?, path), &body)
}

fn rated(
    config: &Config,
    profile: &Profile,
    shipment: &Shipment,
    service: Option<&str>,
    today: NaiveDate,
) -> Result<rating::Shipment> {
    let (shipper, path) = parts::shipper(config, shipment);
    let mut shipper = parts::party(shipper, path)?;
    shipper.shipper_number = Some(config.account_number.clone());
    shipper.address.residential_address_indicator = None;
    let mut ship_to = parts::party(&shipment.to, "to")?;
    // Ground Saver goes to homes only.
    if matches!(service, Some(services::SAVER | services::SAVER_LIGHT)) {
        ship_to.address.residential_address_indicator = Some(Flag);
    }
    let packages = shipment.parcels.iter().enumerate().map(|(at, parcel)| {
        Ok(rating::Package {
            packaging_type: parts::packaging(profile, parcel, at)?,
            dimensions: parts::sides(parcel, shipment.from.country),
            package_weight: parts::package_weight(parcel, shipment.from.country, service),
            simple_rate: parts::simple_rate(shipment),
            additional_handling_indicator: Flag::when(parcel.non_machinable),
            package_service_options: parts::package_options(shipment, parcel),
        })
    });
    let documents = parts::documents_only(shipment);
    Ok(rating::Shipment {
        shipper,
        ship_to,
        ship_from: parts::party(&shipment.from, "from")?,
        alternate_delivery_address: parts::access_point(shipment, false)?,
        shipment_indication_type: parts::indication(shipment),
        payment_details: rating::PaymentDetails { shipment_charge: parts::charges(config, shipment)? },
        service: service.map(Code::new),
        shipment_total_weight: parts::weight(&shipment.total_weight(), shipment.from.country),
        documents_only_indicator: Flag::when(documents),
        package: packages.collect::<Result<_>>()?,
        shipment_service_options: extras(shipment, service.is_none()),
        shipment_rating_options: parts::rating_options(config, shipment),
        invoice_line_total: parts::invoice_total(shipment)?,
        tax_information_indicator: Flag,
        delivery_time_information: rating::DeliveryTimeInformation {
            package_bill_type: if documents { "02" } else { "03" },
            pickup: rating::PickupMoment { date: parts::day(shipment.ship_date.unwrap_or(today)) },
        },
    })
}

fn extras(shipment: &Shipment, shop: bool) -> rating::ShipmentServiceOptions {
    let saturday = shipment.options.saturday_delivery;
    rating::ShipmentServiceOptions {
        saturday_delivery_indicator: Flag::when(saturday),
        // Weekday and Saturday variants side by side; it would overrule the indicator.
        available_services_option: (shop && !saturday).then_some("1"),
        delivery_confirmation: parts::shipment_confirmation(shipment),
        cod: parts::shipment_cash(shipment),
        direct_delivery_only_indicator: Flag::when(parts::asks(shipment, option::DIRECT_DELIVERY)),
        return_service: shipment.is_return.then(|| Code::new("9")),
        carbon_neutral: Flag::when(shipment.options.carbon_neutral),
    }
}

/// Reads the answer to one call.
pub(crate) fn parse(
    response: &Response,
    config: &Config,
    profile: &Profile,
    asked: &RateRequest,
) -> Result<RateReply> {
    let answer: RateResponseWrapper = error::read(response, "rates")?;
    let alerts = answer.rate_response.response.unwrap_or_default().alert;
    let mut reply = RateReply { warnings: notices(&alerts), ..RateReply::default() };
    for rated in &answer.rate_response.rated_shipment {
        let code = rated.service.as_ref().and_then(|service| service.code.as_deref()).unwrap_or_default();
        // An official example prints 072 for 72.
        let code = code.strip_prefix('0').filter(|code| code.len() == 2).unwrap_or(code);
        let service = services::by_carrier_code(profile, code, &asked.shipment);
        if code.is_empty()
            || service.map_or(!asked.services.is_empty(), |service| !asked.wants(&service.code))
        {
            continue;
        }
        match offer(rated, code, service, config, asked) {
            Some(mut rate) => {
                rate.warnings.retain(|warning| !reply.warnings.contains(warning));
                reply.rates.push(rate);
            }
            None => reply.rejected.extend(service.map(|service| unpriced(service, code))),
        }
    }
    // A weekday variant without a price does not take its Saturday variant back.
    let RateReply { rates, rejected, .. } = &mut reply;
    rejected.retain(|rejected| rates.iter().all(|rate| rate.service != rejected.service));
    Ok(reply)
}

fn unpriced(service: &Service, code: &str) -> Rejected {
    Rejected {
        service: service.code.clone(),
        service_name: service.name.clone(),
        reason: RejectReason::NoPrice,
        message: format!("UPS lists {} without a price", service.name),
        cure: String::new(),
        carrier_code: Some(code.to_owned()),
    }
}

/// A rate, when it has a price.
fn offer(
    rated: &RatedShipment,
    code: &str,
    service: Option<&Service>,
    config: &Config,
    asked: &RateRequest,
) -> Option<Rate> {
    let prices = [own_price(rated), published_price(rated, config)].into_iter().flatten().collect::<Vec<_>>();
    if prices.is_empty() {
        return None;
    }
    let transit = rated.time_in_transit.as_ref();
    let name = service
        .map(|service| service.name.clone())
        .or_else(|| public_name(rated))
        .unwrap_or_else(|| format!("UPS {code}"));
    let slug = service.map_or_else(|| code.into(), |service| service.code.clone());
    let mut rate = Rate::new(slug, code, name, prices);
    rate.weekend = weekend(rated, service);
    rate.packaging =
        asked.shipment.parcels.first().map_or_else(PackagingCode::own, |parcel| parcel.packaging.clone());
    rate.delivery = transit.and_then(delivery);
    rate.transit_days = transit_days(rated);
    rate.zone = owned(rated.zone.as_ref());
    rate.billed_weight = rated.billing_weight.as_ref().and_then(billed_weight);
    rate.included = included(&asked.shipment);
    rate.warnings = notices(&rated.rated_shipment_alert);
    rate.token = Some(RateToken(token(code, rate.weekend.as_ref())));
    Some(rate)
}

fn own_price(rated: &RatedShipment) -> Option<waybill_core::Price> {
    let charges = rated.negotiated_rate_charges.as_ref()?;
    let mut stated = Stated::negotiated(charges);
    let packages = || rated.rated_package.iter().filter_map(|package| package.negotiated_charges.as_ref());
    stated.items.extend(packages().flat_map(|package| &package.itemized_charges));
    stated.base = stated
        .base
        .filter(|base| !base.is_zero())
        .or_else(|| prices::sum(packages().filter_map(|package| package.base_service_charge.as_ref())));
    stated.price(PriceKind::Account)
}

fn published_price(rated: &RatedShipment, config: &Config) -> Option<waybill_core::Price> {
    let packages = || rated.rated_package.iter();
    let whole = rated.base_service_charge.as_ref().and_then(prices::money).filter(|base| !base.is_zero());
    let stated = Stated {
        total: rated.total_charges.as_ref(),
        with_taxes: rated.total_charges_with_taxes.as_ref(),
        // Inside the US the base is on the packages only.
        base: whole
            .or_else(|| prices::sum(packages().filter_map(|package| package.base_service_charge.as_ref())))
            .or_else(|| rated.transportation_charges.as_ref().and_then(prices::money)),
        items: rated
            .itemized_charges
            .iter()
            .chain(packages().flat_map(|package| &package.itemized_charges))
            .collect(),
        modifiers: packages().flat_map(|package| &package.rate_modifier).collect(),
        options: rated.service_options_charges.as_ref(),
    };
    let retail = config.price_list == PriceList::Retail;
    stated.price(if retail { PriceKind::Retail } else { PriceKind::List })
}

/// UPS answers one code twice when a Saturday variant exists: with the Saturday charge, or marked in the transit
/// data. Ground reaches homes on Saturdays without being another variant.
fn weekend(rated: &RatedShipment, service: Option<&Service>) -> Option<Weekend> {
    let packages = rated.rated_package.iter().flat_map(|package| &package.itemized_charges);
    let charged = rated
        .itemized_charges
        .iter()
        .chain(packages)
        .any(|item| item.code.as_deref() == Some(prices::SATURDAY));
    let summary = rated.time_in_transit.as_ref().and_then(|transit| transit.service_summary.as_ref());
    let marked = summary.and_then(|summary| summary.saturday_delivery.as_deref()) == Some("1");
    let has_variant = service.is_none_or(|service| service.options.saturday);
    (charged || (marked && has_variant)).then_some(Weekend::Saturday)
}

fn delivery(transit: &TimeInTransit) -> Option<DeliveryEstimate> {
    let summary = transit.service_summary.as_ref()?;
    let arrival = summary.estimated_arrival.as_ref()?.arrival.as_ref()?;
    let mut estimate =
        DeliveryEstimate::by_day(parts::parse_day(arrival.date.as_deref()?)?, EstimateBasis::Carrier);
    let time = arrival.time.as_deref().and_then(clock).filter(|time| *time < END_OF_DAY);
    estimate.latest = LocalMoment { time, ..estimate.latest };
    estimate.end_of_day = time.is_none();
    estimate.guaranteed = summary.guaranteed_indicator.then_some(true);
    Some(estimate)
}

/// Reads `HHMMSS` or `HHMM`, with colons or without.
pub(crate) fn clock(text: &str) -> Option<NaiveTime> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    // A number has lost the zero of its first hours.
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let part = |from: usize| digits.get(from..from + 2)?.parse::<u32>().ok();
    NaiveTime::from_hms_opt(part(0)?, part(2)?, part(4).unwrap_or_default())
}

fn transit_days(rated: &RatedShipment) -> Option<u16> {
    let summary = rated.time_in_transit.as_ref().and_then(|transit| transit.service_summary.as_ref());
    let estimated =
        summary.and_then(|summary| summary.estimated_arrival.as_ref()?.business_days_in_transit.as_deref());
    let guaranteed = || rated.guaranteed_delivery.as_ref()?.business_days_in_transit.as_deref();
    estimated.or_else(guaranteed)?.parse().ok()
}

fn public_name(rated: &RatedShipment) -> Option<String> {
    let summary = rated.time_in_transit.as_ref().and_then(|transit| transit.service_summary.as_ref());
    let timed = summary.and_then(|summary| summary.service.as_ref()?.description.as_ref());
    owned(timed.or_else(|| rated.service.as_ref()?.description.as_ref()))
}

fn billed_weight(billing: &crate::wire::common::BillingWeight) -> Option<Weight> {
    parts::read_weight(&billing.unit_of_measurement.as_ref()?.code, billing.weight?)
}

fn included(shipment: &Shipment) -> Vec<String> {
    let declared =
        shipment.parcels.iter().any(|parcel| parcel.declared_value.is_some_and(|value| !value.is_zero()));
    let signed = parts::shipment_confirmation(shipment).is_some()
        || shipment
            .parcels
            .iter()
            .any(|parcel| parts::package_options(shipment, parcel).delivery_confirmation.is_some());
    let options = [
        (signed, "signature"),
        (shipment.options.saturday_delivery, "saturday_delivery"),
        (declared, "declared_value"),
        (shipment.options.hold_at.is_some(), "hold_at"),
        (shipment.options.carbon_neutral, "carbon_neutral"),
    ];
    options.into_iter().filter(|(wanted, _)| *wanted).map(|(_, name)| name.to_owned()).collect()
}

/// `1;03;saturday`: version, UPS's code, variant.
fn token(code: &str, weekend: Option<&Weekend>) -> String {
    format!("1;{code};{}", weekend.map_or("", Weekend::as_str))
}

/// UPS's remarks.
pub(crate) fn notices(alerts: &[Described]) -> Vec<Notice> {
    let notice = |alert: &Described| {
        Some(Notice { code: owned(alert.code.as_ref()), message: owned(alert.description.as_ref())? })
    };
    alerts.iter().filter_map(notice).collect()
}

fn merge(reply: &mut RateReply, more: RateReply) {
    reply.rates.extend(more.rates);
    reply.rejected.extend(more.rejected);
    let new =
        more.warnings.into_iter().filter(|warning| !reply.warnings.contains(warning)).collect::<Vec<_>>();
    reply.warnings.extend(new);
}

/// What a failed call means for its services. A refusal of the lane is an answer about them; anything else fails the
/// whole quote, unless it was about one service beside others.
fn rejections(question: &Question<'_>, error: Error, others: bool) -> Result<Vec<Rejected>> {
    let about_services = error.kind == ErrorKind::NoService;
    let (asked, beside): (&[&Service], bool) = match question {
        Question::Shop(services) => (services, false),
        Question::One(service) => {
            (std::slice::from_ref(service), others && services::is_ground_saver(service))
        }
    };
    if !about_services && !beside {
        return Err(error);
    }
    let reason = match error.kind {
        ErrorKind::NotEntitled => RejectReason::NotEntitled,
        ErrorKind::Unavailable | ErrorKind::RateLimited { .. } | ErrorKind::Malformed => RejectReason::Outage,
        ErrorKind::BadAddress => RejectReason::BadAddress,
        _ => RejectReason::Refused,
    };
    let rejected = |service: &&Service| Rejected {
        service: service.code.clone(),
        service_name: service.name.clone(),
        reason: reason.clone(),
        message: error.message.clone(),
        cure: error.fields.first().map(|field| field.cure.clone()).unwrap_or_default(),
        carrier_code: error.carrier_code().map(str::to_owned),
    };
    Ok(asked.iter().map(rejected).collect())
}
