//! Rows of a price answer -> offers. Answers list every packaging variant of a class, whatever was asked: only rows for
//! the packaging in hand, at the price type that was asked for, become offers.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use waybill_core::lenient::{ShortText, owned};
use waybill_core::{
    Charge, ChargeKind, Currency, DeliveryEstimate, EstimateBasis, Money, Notice, Parcel, PriceKind,
    RejectReason,
};

use crate::config::{Config, Prices};
use crate::extras::charge_kind;
use crate::parcel::{Measures, flat};
use crate::services::{Class, LEFT_OUT, class_by_mail_class};
use crate::text::{day, first_number, yes};
use crate::ticket::PieceTicket;
use crate::wire::options::{Commitment, DutiesQuote, OptionsAnswer, RateOption, RateRow, Warning};

/// What was asked: what rows are judged by.
pub(crate) struct Ask<'a> {
    pub config: &'a Config,
    pub parcel: &'a Parcel,
    pub measures: Measures,
    pub international: bool,
    /// Classes that the answer is read for; others are kept only when nothing here knows them.
    pub classes: Vec<&'static Class>,
    /// Extra services that the price must hold.
    pub codes: Vec<u16>,
    pub soft_pack: bool,
    pub non_rectangular: bool,
    /// Whether classes that nothing here knows are kept.
    pub keep_unknown: bool,
}

/// An offer for one parcel in one class.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub mail_class: String,
    pub class: Option<&'static Class>,
    pub product_name: Option<String>,
    pub kind: PriceKind,
    pub price_type: String,
    pub total: Decimal,
    pub base: Option<Decimal>,
    pub charges: Vec<Charge>,
    pub duties: Option<Decimal>,
    pub retail: Option<Decimal>,
    pub commitment: Promise,
    pub zone: Option<String>,
    pub pounds: Option<Decimal>,
    pub dim_ounces: Option<Decimal>,
    pub warnings: Vec<Notice>,
    pub ticket: PieceTicket,
}

/// When it arrives, as far as USPS says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Promise {
    pub delivery: Option<DeliveryEstimate>,
    pub days: Option<u16>,
    /// USPS said that there is no date (armed forces, no standard): asking elsewhere does not help.
    pub without_date: bool,
}

/// A class that is not offered, and why.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub mail_class: String,
    pub reason: RejectReason,
    pub message: String,
    pub cure: String,
    pub carrier_code: Option<String>,
}

/// What an answer holds for one parcel.
#[derive(Default)]
pub(crate) struct Rows {
    pub offers: Vec<Offer>,
    pub refused: Vec<Refused>,
    /// Classes whose rows do not say which packaging they are for: to be priced again by name.
    pub uncertain: Vec<(&'static Class, RateOption)>,
    pub notices: Vec<Notice>,
}

struct Candidate<'a> {
    option: &'a RateOption,
    row: &'a RateRow,
    price_type: &'a str,
}

/// Reads the rows of a shipping options answer.
pub(crate) fn read(answer: &OptionsAnswer, ask: &Ask<'_>) -> Rows {
    let mut by_class: BTreeMap<&str, Vec<Candidate<'_>>> = BTreeMap::new();
    for pricing in &answer.pricing_options {
        for shipping in &pricing.shipping_options {
            for option in &shipping.rate_options {
                let Some(row) = option.rates.first() else { continue };
                let Some(class) = row.mail_class.as_deref().or(shipping.mail_class.as_deref()) else {
                    continue;
                };
                let stated = row.price_type.as_deref().or(pricing.price_type.as_deref());
                let price_type = stated.unwrap_or_default();
                by_class.entry(class).or_default().push(Candidate { option, row, price_type });
            }
        }
    }
    let mut rows = Rows::default();
    for (mail_class, candidates) in by_class {
        read_class(mail_class, &candidates, ask, &mut rows);
    }
    rows
}

fn read_class(mail_class: &str, candidates: &[Candidate<'_>], ask: &Ask<'_>, rows: &mut Rows) {
    let class = class_by_mail_class(mail_class);
    match class {
        Some(class) if !ask.classes.iter().any(|asked| asked.code == class.code) => return,
        None if LEFT_OUT.iter().any(|(name, _)| *name == mail_class) || !ask.keep_unknown => return,
        _ => {}
    }
    let (fit, wrong): (Vec<_>, Vec<_>) =
        candidates.iter().partition(|candidate| payable(ask, candidate.price_type).is_some());
    let Some(chosen) = choose(&fit, class, ask) else {
        rows.nothing_chosen(mail_class, class, &fit, &wrong, ask);
        return;
    };
    let retail: Vec<_> =
        wrong.into_iter().filter(|candidate| candidate.price_type.eq_ignore_ascii_case("RETAIL")).collect();
    match offer(mail_class, class, chosen, ask) {
        Ok(mut offer) => {
            offer.retail =
                choose(&retail, class, ask).and_then(|row| total(row.option, ask).ok()).map(|sum| sum.0);
            rows.offers.push(offer);
        }
        Err((reason, message)) => rows.refuse(mail_class, reason, message, ""),
    }
}

impl Rows {
    fn refuse(&mut self, mail_class: &str, reason: RejectReason, message: String, cure: &str) {
        self.refused.push(Refused {
            mail_class: mail_class.to_owned(),
            reason,
            message,
            cure: cure.to_owned(),
            carrier_code: None,
        });
    }

    fn nothing_chosen(
        &mut self,
        mail_class: &str,
        class: Option<&'static Class>,
        fit: &[&Candidate<'_>],
        wrong: &[&Candidate<'_>],
        ask: &Ask<'_>,
    ) {
        let unnamed = fit.iter().find(|candidate| candidate.row.rate_indicator.is_none());
        match (class, unnamed) {
            (Some(class), Some(candidate)) => {
                self.uncertain.push((class, clone_terms(candidate.option)));
            }
            _ if fit.is_empty() && !wrong.is_empty() => {
                let answered = wrong.first().map_or("", |candidate| candidate.price_type);
                let shown = if answered.is_empty() { "none" } else { answered };
                let message = format!(
                    "USPS answered price type `{}` where `{}` was asked for",
                    waybill_core::wire::clip(shown, 24),
                    asked_price_type(ask.config)
                );
                self.refuse(
                    mail_class,
                    RejectReason::NoPrice,
                    message,
                    "check the account's price tier with USPS",
                );
            }
            _ => {
                let message =
                    format!("USPS has no price for packaging `{}` in this class", ask.parcel.packaging);
                self.refuse(mail_class, RejectReason::Packaging, message, "use another packaging");
            }
        }
    }
}

/// The terms of an option that do not depend on the packaging.
fn clone_terms(option: &RateOption) -> RateOption {
    let commitment = option.commitment.as_ref().map(|commitment| Commitment {
        name: commitment.name.clone(),
        expected_delivery_date: commitment.expected_delivery_date.clone(),
        schedule_delivery_date: commitment.schedule_delivery_date.clone(),
        guaranteed_delivery: commitment.guaranteed_delivery.clone(),
    });
    let extra_services = option.extra_services.iter().map(|extra| crate::wire::options::ExtraService {
        extra_service: extra.extra_service.clone(),
        name: extra.name.clone(),
        price: extra.price,
        warnings: Vec::new(),
    });
    RateOption { commitment, extra_services: extra_services.collect(), ..RateOption::default() }
}

/// USPS's name for the price type that is asked for.
pub(crate) fn asked_price_type(config: &Config) -> &str {
    match config.prices {
        Prices::Commercial => config.commercial_price_type.as_str(),
        Prices::Contract => "CONTRACT",
    }
}

/// Kind of price of a stated price type, when it may be shown as what the label will cost. A published price is never
/// passed off as the contract's, a retail price never as a commercial one.
pub(crate) fn payable(ask: &Ask<'_>, price_type: &str) -> Option<PriceKind> {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(price_type.trim()));
    let commercial = is(&[ask.config.commercial_price_type.trim()])
        // A commercial request for international mail may be answered with the older names of the tier.
        || (ask.international && is(&["COMMERCIAL", "COMMERCIAL_BASE", "COMMERCIAL_PLUS"]));
    let contract = is(&["CONTRACT", "NSA"]);
    match ask.config.prices {
        Prices::Contract if contract => Some(PriceKind::Contract),
        // Where the agreement has no price, labels are charged at the published one.
        _ if commercial => Some(PriceKind::Commercial),
        _ => None,
    }
}

/// The row for the packaging in hand.
fn choose<'a, 'b>(
    candidates: &[&'b Candidate<'a>],
    class: Option<&Class>,
    ask: &Ask<'_>,
) -> Option<&'b Candidate<'a>> {
    let named: Vec<_> =
        candidates.iter().copied().filter(|candidate| entry_fits(candidate.row, ask)).collect();
    let pick = |wanted: &[&str]| {
        let of = |candidate: &&&Candidate<'_>| {
            let stated = candidate.row.rate_indicator.as_deref();
            stated.is_some_and(|stated| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(stated)))
        };
        best(named.iter().filter(of).copied(), ask)
    };
    if let Some(flat) = flat(ask.parcel) {
        let indicator = class.map_or(Some(flat.priority), |class| flat.indicator(class))?;
        return pick(&[indicator]);
    }
    let mut single = vec!["SP", "PA", "CP"];
    if ask.soft_pack {
        single.extend(["P5", "P6", "P7", "P8", "P9", "Q6", "Q7", "Q8", "Q9", "Q0"]);
    }
    let dimensional: &[&str] = if ask.non_rectangular { &["DN"] } else { &["DR"] };
    // Where an oversize or dimensional row is listed, USPS refuses the plain one (030007, 030023).
    pick(&["OS"]).or_else(|| pick(dimensional)).or_else(|| pick(&single))
}

/// No entry at a destination facility; abroad the service centre's rows count where there is no other.
fn entry_fits(row: &RateRow, ask: &Ask<'_>) -> bool {
    match row.destination_entry_facility_type.as_deref() {
        None | Some("" | "NONE" | "None" | "none") => true,
        Some("INTERNATIONAL_SERVICE_CENTER") => ask.international,
        Some(_) => false,
    }
}

/// Our processing category first, rows without destination entry first, then the lowest price.
fn best<'a, 'b>(rows: impl Iterator<Item = &'b Candidate<'a>>, ask: &Ask<'_>) -> Option<&'b Candidate<'a>> {
    let wanted = crate::parcel::category(&ask.measures, ask.parcel);
    rows.min_by_key(|candidate| {
        let row = candidate.row;
        let category = row.processing_category.as_deref();
        let other_category = category.is_some_and(|category| category != wanted);
        let letter = matches!(category, Some("LETTERS" | "FLATS")) && wanted != "FLATS";
        let centre = row.destination_entry_facility_type.as_deref() == Some("INTERNATIONAL_SERVICE_CENTER");
        (letter, centre, other_category, candidate.option.total_base_price.unwrap_or(Decimal::MAX))
    })
}

/// Price to pay and the share of extra services: `totalBasePrice` holds the fees, extras come on top.
fn total(option: &RateOption, ask: &Ask<'_>) -> Result<(Decimal, Vec<Charge>), (RejectReason, String)> {
    let of_row = |row: &RateRow| {
        row.fees.iter().try_fold(row.price?, |sum, fee| sum.checked_add(fee.price.unwrap_or_default()))
    };
    let of_rows = || option.rates.iter().try_fold(Decimal::ZERO, |sum, row| sum.checked_add(of_row(row)?));
    let base = option.total_base_price.or_else(of_rows).filter(|price| *price > Decimal::ZERO);
    let mut sum = base.ok_or((RejectReason::NoPrice, "USPS answered no price above zero".to_owned()))?;
    let mut charges = Vec::new();
    for code in &ask.codes {
        let code = code.to_string();
        let extra =
            option.extra_services.iter().find(|extra| extra.extra_service.as_deref() == Some(code.as_str()));
        let Some((extra, price)) = extra.and_then(|extra| Some((extra, extra.price?))) else {
            return Err((
                RejectReason::Option,
                format!("USPS does not offer extra service {code} for this shipment"),
            ));
        };
        sum = sum.checked_add(price).ok_or((RejectReason::NoPrice, "the price is too large".to_owned()))?;
        let text = extra.name.as_deref().map_or_else(|| format!("extra service {code}"), str::to_owned);
        charges.push(Charge { kind: charge_kind(&code), code: Some(code), text, amount: dollars(price) });
    }
    Ok((sum, charges))
}

fn offer(
    mail_class: &str,
    class: Option<&'static Class>,
    chosen: &Candidate<'_>,
    ask: &Ask<'_>,
) -> Result<Offer, (RejectReason, String)> {
    let (option, row) = (chosen.option, chosen.row);
    let (total, extras) = total(option, ask)?;
    let kind = payable(ask, chosen.price_type)
        .ok_or((RejectReason::NoPrice, "USPS answered another price type".to_owned()))?;
    let mut warnings: Vec<Notice> =
        row.warnings.iter().chain(asked_warnings(option, ask)).filter_map(notice).collect();
    if ask.config.prices == Prices::Contract && kind != PriceKind::Contract {
        warnings.push(Notice::new(
            "no-contract-price",
            "the agreement has no price for this shipment: this is the published Commercial price",
        ));
    }
    let mut charges: Vec<Charge> = option.rates.iter().flat_map(base_charges).collect();
    charges.extend(extras);
    Ok(Offer {
        mail_class: mail_class.to_owned(),
        class,
        product_name: owned(row.product_name.as_ref()),
        kind,
        price_type: chosen.price_type.to_owned(),
        total,
        base: option.rates.iter().try_fold(Decimal::ZERO, |sum, row| sum.checked_add(row.price?)),
        charges,
        duties: option.duties_taxes_fees_quote.as_ref().and_then(duties),
        retail: None,
        commitment: option.commitment.as_ref().map(promise).unwrap_or_default(),
        zone: owned(row.zone.as_ref()),
        pounds: row.weight.filter(|weight| *weight > Decimal::ZERO),
        dim_ounces: [row.dim_weight, row.dimensional_weight]
            .into_iter()
            .flatten()
            .find(|weight| *weight > Decimal::ZERO),
        warnings,
        ticket: piece_ticket(row, class, ask),
    })
}

fn asked_warnings<'a>(option: &'a RateOption, ask: &'a Ask<'_>) -> impl Iterator<Item = &'a Warning> {
    let asked = |code: Option<&str>| {
        code.and_then(|code| code.parse::<u16>().ok()).is_some_and(|code| ask.codes.contains(&code))
    };
    option
        .extra_services
        .iter()
        .filter(move |extra| asked(extra.extra_service.as_deref()))
        .flat_map(|extra| &extra.warnings)
}

pub(crate) fn notice(warning: &Warning) -> Option<Notice> {
    let message = owned(warning.warning_description.as_ref())?;
    Some(Notice { code: owned(warning.warning_code.as_ref()), message })
}

fn piece_ticket(row: &RateRow, class: Option<&Class>, ask: &Ask<'_>) -> PieceTicket {
    let category = row
        .processing_category
        .as_deref()
        .unwrap_or_else(|| crate::parcel::category(&ask.measures, ask.parcel));
    let indicator =
        row.rate_indicator.as_deref().or_else(|| class.map(|class| class.own_indicator)).unwrap_or("SP");
    let entry =
        row.destination_entry_facility_type.as_deref().filter(|entry| !entry.is_empty()).unwrap_or("NONE");
    let mut ticket = PieceTicket::new(ask.parcel, &ask.measures, category, indicator, entry);
    ticket.sku = owned(row.sku.as_ref());
    ticket.zone = owned(row.zone.as_ref());
    ticket
}

fn base_charges(row: &RateRow) -> Vec<Charge> {
    let line = |kind, code: Option<&ShortText>, text: &str, price: Option<Decimal>| {
        Some(Charge { kind, code: owned(code), text: text.to_owned(), amount: dollars(price?) })
    };
    let base =
        line(ChargeKind::Base, row.sku.as_ref(), row.description.as_deref().unwrap_or("Postage"), row.price);
    let fees = row.fees.iter().filter_map(|fee| {
        let name = fee.name.as_deref().unwrap_or("Fee");
        line(fee_kind(name), fee.sku.as_ref(), name, fee.price)
    });
    base.into_iter().chain(fees).collect()
}

/// Fees are told apart by their names.
pub(crate) fn fee_kind(name: &str) -> ChargeKind {
    let name = name.to_ascii_lowercase();
    match () {
        () if name.contains("oversize") => ChargeKind::Oversize,
        () if ["nonstandard", "dimension", "length", "volume"].iter().any(|word| name.contains(word)) => {
            ChargeKind::Handling
        }
        () if name.contains("peak") => ChargeKind::Peak,
        () if name.contains("fuel") => ChargeKind::Fuel,
        () => ChargeKind::Other("fee".to_owned()),
    }
}

pub(crate) fn duties(quote: &DutiesQuote) -> Option<Decimal> {
    let parts = quote.item_quotes.iter().flat_map(|item| [item.duty_price, item.tax_price]);
    let sum = parts.chain([quote.package_fee]).flatten().try_fold(Decimal::ZERO, Decimal::checked_add)?;
    (sum > Decimal::ZERO).then_some(sum)
}

/// Days and date of a commitment. Its name is `2 Days`, or `MILITARY`, `DPO`, `NO STD`, `UNAVAILABLE` without a date.
pub(crate) fn promise(commitment: &Commitment) -> Promise {
    let name = commitment.name.as_deref().unwrap_or_default();
    let days = first_number(name);
    let date = [&commitment.expected_delivery_date, &commitment.schedule_delivery_date]
        .into_iter()
        .find_map(|text| day(text.as_deref()?));
    let delivery = date.map(|date| DeliveryEstimate {
        guaranteed: commitment.guaranteed_delivery.as_deref().and_then(yes),
        ..DeliveryEstimate::by_day(date, EstimateBasis::Carrier)
    });
    let without_date = delivery.is_none()
        && ["MILITARY", "DPO", "NO STD", "UNAVAILABLE"]
            .iter()
            .any(|word| name.to_ascii_uppercase().contains(word));
    Promise { delivery, days, without_date }
}

pub(crate) fn dollars(amount: Decimal) -> Money {
    Money::new(amount, Currency::USD)
}
