//! Prices and delivery dates: one shipping-options call for all classes, or one per class where options differ.

use async_trait::async_trait;
use futures_util::future::join_all;
use http::Method;
use rust_decimal::Decimal;
use waybill_core::wire::{json_request, parse_json};
use waybill_core::{
    Cx, Error, ErrorKind, Notice, PackagingCode, Parcel, Price, PriceKind, Rate, RateQuote, RateReply,
    RateRequest, RejectReason, Rejected, Response, Result, Shipment, Weight, WeightUnit, screen,
};

use crate::carrier::Usps;
use crate::config::{Config, Prices};
use crate::customs::duty_items;
use crate::error::{inside, refusal};
use crate::extras::{self, pays_duties};
use crate::parcel::Measures;
use crate::rate_rows::{Ask, Offer, Refused, Rows, asked_price_type, dollars, read};
use crate::services::{CLASSES, Class, class_of};
use crate::ticket::Ticket;
use crate::wire::Number;
use crate::wire::options::{
    OptionsAnswer, OptionsRequest, PackageDescription, PaymentAccount, PricingRequest,
};

const WHAT: &str = "USPS shipping options";

#[async_trait]
impl RateQuote for Usps {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let shipment = &request.shipment;
        let mut reply = RateReply::default();
        let classes = self.candidates(request, &mut reply);
        if classes.is_empty() || shipment.parcels.is_empty() {
            return Ok(in_order(reply.complete(&self.profile, request)));
        }
        let kinds = distinct(&shipment.parcels);
        let asked =
            join_all(kinds.iter().map(|parcel| self.quote_parcel(cx, request, parcel, &classes))).await;
        let priced: Vec<Rows> = asked.into_iter().collect::<Result<_>>()?;
        merge(shipment, &kinds, priced, &mut reply);
        Ok(in_order(reply.complete(&self.profile, request)))
    }
}

/// Offers and refusals in the order of the catalogue.
fn in_order(mut reply: RateReply) -> RateReply {
    let place = |code: &waybill_core::ServiceCode| {
        CLASSES.iter().position(|class| *code == class.code).unwrap_or(usize::MAX)
    };
    reply.rates.sort_by_key(|rate| place(&rate.service));
    reply.rejected.sort_by_key(|rejected| place(&rejected.service));
    reply
}

impl Usps {
    /// Classes to ask USPS for; the others are refused here, with the reason.
    fn candidates(&self, request: &RateRequest, reply: &mut RateReply) -> Vec<&'static Class> {
        let screened = screen(&self.profile, &request.shipment);
        let mut asked = Vec::new();
        for class in CLASSES.iter().filter(|class| request.wants(&class.code.into())) {
            if screened.iter().any(|rejected| rejected.service == class.code) {
                continue; // `complete` writes the profile's own reason
            }
            match local_refusal(class, &request.shipment) {
                Some((reason, message, cure)) => {
                    reply.rejected.push(rejected(class, reason, message, cure, None))
                }
                None => asked.push(class),
            }
        }
        asked
    }

    async fn quote_parcel(
        &self,
        cx: &Cx,
        request: &RateRequest,
        parcel: &Parcel,
        classes: &[&'static Class],
    ) -> Result<Rows> {
        let asks = plan(&self.config, request, parcel, classes)?;
        let answers = join_all(asks.iter().map(|ask| self.ask(cx, &request.shipment, ask))).await;
        // A refusal of one class is a rejection; when every call fails alike, the call has failed.
        if answers.iter().all(|answer| answer.as_ref().is_err_and(|error| error.kind != ErrorKind::NoService))
            && let Some(Err(error)) = answers.iter().find(|answer| answer.is_err())
        {
            return Err(error.clone());
        }
        let mut all = Rows::default();
        for (ask, answer) in asks.iter().zip(answers) {
            match answer {
                Ok(rows) => {
                    all.offers.extend(rows.offers);
                    all.refused.extend(rows.refused);
                    all.notices.extend(rows.notices);
                }
                Err(error) => all.refused.extend(ask.classes.iter().map(|class| refused(class, &error))),
            }
        }
        self.fill_dates(cx, &request.shipment, &mut all).await;
        Ok(all)
    }

    async fn ask(&self, cx: &Cx, shipment: &Shipment, ask: &Ask<'_>) -> Result<Rows> {
        let url = self.url("/shipments/v3/options/search");
        let body = options_request(shipment, ask);
        let response = self.read(cx, || json_request(Method::POST, &url, &body)).await?;
        let mut rows = read(&parse(&response)?, ask);
        for (class, terms) in std::mem::take(&mut rows.uncertain) {
            match self.price_again(cx, shipment, ask, class, terms).await {
                Ok(answer) => {
                    let again = read(&answer, ask);
                    rows.offers.extend(again.offers);
                    rows.refused.extend(again.refused);
                }
                Err(error) => rows.refused.push(refused(class, &error)),
            }
        }
        Ok(rows)
    }

    /// Asks the service standards for domestic offers without a date. They are an extra: a failure costs the date only.
    async fn fill_dates(&self, cx: &Cx, shipment: &Shipment, rows: &mut Rows) {
        if !shipment.is_domestic() {
            return;
        }
        for offer in rows.offers.iter_mut().filter(|offer| offer.class.is_some()) {
            if offer.commitment.delivery.is_some() || offer.commitment.without_date {
                continue;
            }
            let pounds = offer.pounds.unwrap_or(Decimal::ONE);
            match self.standard(cx, shipment, &offer.mail_class, pounds).await {
                Ok(promise) => offer.commitment = promise,
                Err(error) => offer.warnings.push(Notice::new("no-delivery-date", error.message)),
            }
        }
    }
}

/// What this crate knows to be impossible beyond the profile.
pub(crate) fn local_refusal(class: &Class, shipment: &Shipment) -> Option<extras::No> {
    if let Some(contents) = class.contents
        && shipment.options.carrier.get("contents").map(String::as_str) != Some(contents)
    {
        return Some((
            RejectReason::Disabled,
            format!("{} takes qualifying content only", class.name),
            format!("set the carrier option `contents` to `{contents}` when the content qualifies"),
        ));
    }
    if shipment.is_return && class.return_class.is_none() {
        return Some((
            RejectReason::Returns,
            format!("{} is not sold for returns", class.name),
            String::new(),
        ));
    }
    shipment.parcels.iter().find_map(|parcel| {
        if let Some(limit) = abroad_limit(class, parcel) {
            let message =
                format!("{} in `{}`, which holds {limit} lb abroad", parcel.weight, parcel.packaging);
            return Some((RejectReason::Weight, message, "use another packaging".to_owned()));
        }
        extras::codes(class, shipment, parcel).err()
    })
}

fn abroad_limit(class: &Class, parcel: &Parcel) -> Option<u32> {
    let limit = crate::parcel::flat(parcel)?.abroad_pounds.filter(|_| class.international)?;
    (parcel.weight > Weight::new(limit, WeightUnit::Pound)).then_some(limit)
}

fn rejected(
    class: &Class,
    reason: RejectReason,
    message: String,
    cure: String,
    code: Option<String>,
) -> Rejected {
    Rejected {
        service: class.code.into(),
        service_name: class.name.to_owned(),
        reason,
        message,
        cure,
        carrier_code: code,
    }
}

fn refused(class: &Class, error: &Error) -> Refused {
    let reason = match error.kind {
        ErrorKind::NotEntitled | ErrorKind::Auth => RejectReason::NotEntitled,
        ErrorKind::BadAddress => RejectReason::BadAddress,
        ErrorKind::Unavailable
        | ErrorKind::RateLimited { .. }
        | ErrorKind::Malformed
        | ErrorKind::Cancelled => RejectReason::Outage,
        _ => RejectReason::Refused,
    };
    Refused {
        mail_class: class.mail_class.to_owned(),
        reason,
        message: error.message.clone(),
        cure: String::new(),
        carrier_code: error.carrier_code().map(str::to_owned),
    }
}

/// Parcels that differ in what prices depend on.
fn distinct(parcels: &[Parcel]) -> Vec<&Parcel> {
    let mut kinds: Vec<&Parcel> = Vec::new();
    for parcel in parcels {
        if !kinds.iter().any(|known| same_price(known, parcel)) {
            kinds.push(parcel);
        }
    }
    kinds
}

fn same_price(one: &Parcel, other: &Parcel) -> bool {
    one.weight == other.weight
        && one.dimensions == other.dimensions
        && one.packaging == other.packaging
        && one.declared_value == other.declared_value
        && one.non_machinable == other.non_machinable
        && one.dry_ice == other.dry_ice
        && one.batteries == other.batteries
        && one.dangerous_goods == other.dangerous_goods
}

/// The calls for one parcel: one for all classes, or one for each when extra services are wanted (their codes differ by
/// class, and a code that one class does not take would fail them all).
fn plan<'a>(
    config: &'a Config,
    request: &RateRequest,
    parcel: &'a Parcel,
    classes: &[&'static Class],
) -> Result<Vec<Ask<'a>>> {
    let shipment = &request.shipment;
    let measures = Measures::of(parcel)?;
    let says = |name: &str| shipment.options.carrier.get(name).is_some_and(|value| value == "yes");
    let ask = |classes: Vec<&'static Class>, codes: Vec<u16>, keep_unknown: bool| Ask {
        config,
        parcel,
        measures,
        international: !shipment.is_domestic(),
        classes,
        codes,
        soft_pack: says("soft_pack"),
        non_rectangular: says("non_rectangular"),
        keep_unknown,
    };
    let mut coded = Vec::new();
    for class in classes {
        let codes = extras::codes(class, shipment, parcel)
            .map_err(|(_, message, cure)| Error::invalid_field("options", message, cure))?;
        coded.push((*class, codes));
    }
    if coded.iter().all(|(_, codes)| codes.is_empty()) {
        return Ok(vec![ask(classes.to_vec(), Vec::new(), request.services.is_empty())]);
    }
    Ok(coded.into_iter().map(|(class, codes)| ask(vec![class], codes, false)).collect())
}

/// Builds the request. `girth` is left out on purpose: sending it makes USPS price a box as a tube.
pub(crate) fn options_request(shipment: &Shipment, ask: &Ask<'_>) -> OptionsRequest {
    let abroad = ask.international;
    let mail_class = match ask.classes.as_slice() {
        [class] => class.return_class.filter(|_| shipment.is_return).unwrap_or(class.mail_class),
        _ if abroad => "ALL",
        _ if shipment.is_return => "ALL_RETURNS",
        _ => "ALL_OUTBOUND",
    };
    let duties = abroad && pays_duties(shipment);
    let items = if duties { duty_items(shipment) } else { Vec::new() };
    OptionsRequest {
        pricing_options: pricing(ask.config),
        origin_zip_code: shipment.from.zip5().unwrap_or_default().to_owned(),
        destination_zip_code: shipment.to.zip5().filter(|_| !abroad).map(str::to_owned),
        foreign_postal_code: shipment.to.postal_code.clone().filter(|_| abroad),
        destination_country_code: abroad.then(|| shipment.to.country.as_str().to_owned()),
        destination_entry_facility_type: (!abroad).then_some("NONE"),
        package_description: PackageDescription {
            weight: ask.measures.weight(),
            length: ask.measures.side(0),
            width: ask.measures.side(1),
            height: ask.measures.side(2),
            has_nonstandard_characteristics: ask.parcel.non_machinable.then_some(true),
            mail_class: mail_class.to_owned(),
            extra_services: ask.codes.clone(),
            package_value: ask
                .parcel
                .declared_value
                .filter(|value| !value.is_zero())
                .map(|value| Number(value.amount)),
            mailing_date: shipment.ship_date.map(|date| date.to_string()),
        },
        shipping_filter: abroad.then_some("PRICE"),
        request_duties_taxes_fees: (duties && !items.is_empty()).then_some(true),
        destination_city: (duties && shipment.to.city.chars().count() <= 28)
            .then(|| shipment.to.city.clone()),
        items,
    }
}

/// Published prices are asked for without an account: an account number would turn them into contract prices.
fn pricing(config: &Config) -> Vec<PricingRequest> {
    let account = config.payment.as_ref().filter(|_| config.prices == Prices::Contract).and_then(|payment| {
        let number = payment.account_number.clone().or_else(|| payment.permit_number.clone())?;
        Some(PaymentAccount { account_type: payment.account_type.as_str(), account_number: number })
    });
    let own = PricingRequest { price_type: asked_price_type(config).to_owned(), payment_account: account };
    let retail = PricingRequest { price_type: "RETAIL".to_owned(), payment_account: None };
    std::iter::once(own).chain(config.compare_retail.then_some(retail)).collect()
}

/// Reads a shipping options answer.
pub(crate) fn parse(response: &Response) -> Result<OptionsAnswer> {
    if !response.status().is_success() {
        return Err(refusal(response, WHAT));
    }
    let answer: OptionsAnswer = parse_json(response, WHAT)?;
    let refused = || inside(response, WHAT);
    answer.pricing_options.is_empty().then(refused).flatten().map_or(Ok(answer), Err)
}

/// Adds the parcels up: a service is offered when every parcel has a price in it.
fn merge(shipment: &Shipment, kinds: &[&Parcel], priced: Vec<Rows>, reply: &mut RateReply) {
    let Some(first) = priced.first() else { return };
    for offer in &first.offers {
        let mut offers = Vec::new();
        for parcel in &shipment.parcels {
            let kind = kinds.iter().position(|known| same_price(known, parcel));
            let rows = kind.and_then(|at| priced.get(at));
            let same = |other: &&Offer| other.mail_class == offer.mail_class;
            offers.extend(rows.and_then(|rows| rows.offers.iter().find(same)));
        }
        if offers.len() == shipment.parcels.len()
            && let Some(rate) = rate(shipment, &offers)
        {
            reply.rates.push(rate);
        }
    }
    for refused in priced.iter().flat_map(|rows| &rows.refused) {
        let Some(class) = crate::services::class_by_mail_class(&refused.mail_class) else { continue };
        let known = reply.rates.iter().any(|rate| rate.service == class.code)
            || reply.rejected.iter().any(|rejected| rejected.service == class.code);
        if !known {
            let Refused { reason, message, cure, carrier_code, .. } = refused.clone();
            reply.rejected.push(rejected(class, reason, message, cure, carrier_code));
        }
    }
    reply.warnings.extend(priced.into_iter().flat_map(|rows| rows.notices));
}

fn rate(shipment: &Shipment, offers: &[&Offer]) -> Option<Rate> {
    let first = offers.first()?;
    let sum = |part: fn(&Offer) -> Option<Decimal>| {
        offers.iter().try_fold(Decimal::ZERO, |sum, offer| sum.checked_add(part(offer)?))
    };
    // Parcels may have got different kinds of price: then none of them may claim to be a contract price.
    let kind = offers
        .iter()
        .map(|offer| &offer.kind)
        .find(|kind| **kind != PriceKind::Contract)
        .unwrap_or(&first.kind);
    let price = Price {
        base: sum(|offer| offer.base).map(dollars),
        duties: sum(|offer| offer.duties).map(dollars),
        charges: charges(offers),
        list_name: Some(first.price_type.clone()),
        ..Price::new(kind.clone(), dollars(sum(|offer| Some(offer.total))?))
    };
    let mut prices = vec![price];
    if let Some(retail) = sum(|offer| offer.retail) {
        prices.push(Price {
            list_name: Some("RETAIL".to_owned()),
            ..Price::new(PriceKind::Retail, dollars(retail))
        });
    }
    let (code, name) = match first.class {
        Some(class) => (class.code.to_owned(), class.name.to_owned()),
        None => {
            (slug(&first.mail_class), first.product_name.clone().unwrap_or_else(|| first.mail_class.clone()))
        }
    };
    let latest = offers.iter().map(|offer| offer.commitment.delivery.as_ref()).collect::<Option<Vec<_>>>();
    let mut rate = Rate::new(code, first.mail_class.clone(), name, prices);
    rate.packaging = packaging(shipment);
    rate.delivery = latest.and_then(|all| all.into_iter().max_by_key(|estimate| estimate.latest).cloned());
    rate.transit_days = offers.iter().filter_map(|offer| offer.commitment.days).max();
    rate.zone =
        first.zone.clone().filter(|zone| offers.iter().all(|offer| offer.zone.as_ref() == Some(zone)));
    rate.billed_weight = sum(|offer| offer.pounds).map(|pounds| Weight::new(pounds, WeightUnit::Pound));
    rate.dimensional_weight =
        sum(|offer| offer.dim_ounces).map(|ounces| Weight::new(ounces, WeightUnit::Ounce));
    rate.warnings = notices(offers);
    rate.token =
        Ticket::new(&first.mail_class, offers.iter().map(|offer| offer.ticket.clone()).collect()).to_token();
    Some(rate)
}

fn packaging(shipment: &Shipment) -> PackagingCode {
    let first =
        shipment.parcels.first().map(|parcel| parcel.packaging.clone()).unwrap_or_else(PackagingCode::own);
    let same = shipment.parcels.iter().all(|parcel| parcel.packaging == first);
    if same && !first.is_own() { first } else { PackagingCode::own() }
}

/// Equal lines of several parcels become one.
fn charges(offers: &[&Offer]) -> Vec<waybill_core::Charge> {
    let mut lines: Vec<waybill_core::Charge> = Vec::new();
    for charge in offers.iter().flat_map(|offer| &offer.charges) {
        let same = lines
            .iter_mut()
            .find(|line| line.kind == charge.kind && line.code == charge.code && line.text == charge.text);
        match same.and_then(|line| line.amount.checked_add(charge.amount).ok().map(|sum| (line, sum))) {
            Some((line, sum)) => line.amount = sum,
            None => lines.push(charge.clone()),
        }
    }
    lines
}

fn notices(offers: &[&Offer]) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    for notice in offers.iter().flat_map(|offer| &offer.warnings) {
        if !notices.contains(notice) {
            notices.push(notice.clone());
        }
    }
    notices
}

/// A name for a class that nothing here knows.
fn slug(mail_class: &str) -> String {
    mail_class.to_ascii_lowercase().replace('_', "-")
}

/// Whether a service code is one of ours.
pub(crate) fn known(code: &str) -> Result<&'static Class> {
    class_of(code).ok_or_else(|| {
        Error::new(
            ErrorKind::NoService,
            format!("USPS has no service `{}` here", waybill_core::wire::clip(code, 60)),
        )
    })
}
