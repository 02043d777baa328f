//! `waybill rates`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use comfy_table::{Cell, CellAlignment};
use waybill_core::{Currency, LocalMoment, Money, Payer, Rate, RejectReason, Settlement};
use waybill_shop::{Missing, Offer, Owner, ShopAnswer, Verdict};

use super::args::RatesArgs;
use super::{Failure, Output};
use crate::{ShopRequest, Shopped, Waybill};

pub(crate) async fn run(output: &Output, host: &Waybill, args: &RatesArgs) -> Result<(), Failure> {
    let request = ShopRequest { tenant: host.tenant().to_owned(), ..args.request()? };
    let progress = output.progress(format!("asking {} accounts", host.accounts().iter().count()));
    let shopped = host.shop(request).await;
    progress.finish_and_clear();
    let shopped = shopped?;
    if output.json() {
        output.print_json(&shopped);
    } else {
        print(output, &shopped, args.why);
    }
    if shopped.answer.offers.is_empty() { Err(nothing(&shopped.answer)) } else { Ok(()) }
}

/// Why there is nothing to buy: the diagnosis, and the first reasons.
pub(crate) fn nothing(answer: &ShopAnswer) -> Failure {
    let mut lines = Vec::new();
    match &answer.diagnosis {
        Some(diagnosis) => lines.push(format!("nothing to buy: {} ({})", diagnosis.message, diagnosis.cure)),
        None => lines.push("nothing to buy for this shipment".to_owned()),
    }
    lines.extend(answer.missing.iter().map(missing_words));
    let shown = answer.rejected.iter().take(3);
    lines.extend(
        shown.map(|row| {
            format!("{}: {}: {}", row.account.name, row.rejected.service_name, row.rejected.message)
        }),
    );
    if answer.rejected.len() > 3 {
        lines.push(format!("... and {} more; `waybill rates --why` shows all", answer.rejected.len() - 3));
    }
    Failure::Nothing(lines.join("\n  "))
}

fn missing_words(missing: &Missing) -> String {
    let again = if missing.try_again { "; asking again may help" } else { "" };
    let cure = if missing.cure.is_empty() { String::new() } else { format!(" ({})", missing.cure) };
    format!("missing: {}: {}{cure}{again}", missing.account.name, missing.error)
}

/// Prints promise, offers and suggestion, what is missing, and with `why` what is not offered.
pub(crate) fn print(output: &Output, shopped: &Shopped, why: bool) {
    let answer = &shopped.answer;
    promises(output, shopped);
    shopped.notices.iter().for_each(|notice| output.line(format!("note: {}", notice.message)));
    if !answer.offers.is_empty() {
        output.line(offers(output, shopped));
        kinds(&answer.offers).into_iter().for_each(|line| output.line(line));
        if let Some(duties) = &shopped.duties {
            output.line(self::duties(duties));
        }
        if answer.offers.iter().any(|offer| offer.account.owner == Owner::Own) {
            output.line("(own) is your account, billed to you by the carrier; the others are the operator's");
        }
        let sign = if shopped.suggestion.pick.is_some() { "> " } else { "! " };
        output.line(format!("{sign}{}", shopped.suggestion.words));
    }
    for shut in &answer.not_accepted {
        for terms in &shut.terms {
            let who = &shut.account;
            output.line(format!(
                "not asked: {}: terms are not accepted: read {}, then `waybill terms accept {} --programme {} --version {}`",
                who.name, terms.url, who.carrier, terms.programme, terms.version
            ));
        }
    }
    if !answer.offers.is_empty() {
        answer.missing.iter().for_each(|missing| output.line(missing_words(missing)));
    }
    if why {
        output.line(rejected(output, answer));
    } else if !answer.rejected.is_empty() {
        let count = answer.rejected.len();
        output.line(format!("{count} services are not offered for this shipment; `--why` shows the reasons"));
    }
}

/// When the order must leave and arrive: once where all carriers agree.
fn promises(output: &Output, shopped: &Shopped) {
    let Some(first) = shopped.promises.first() else { return };
    if shopped.promises.iter().all(|other| other.promise == first.promise) {
        return output.line(first.promise.words());
    }
    for with in &shopped.promises {
        output.line(format!("{}: {}", with.carrier, with.promise.words()));
    }
}

/// Who pays duties, in one line.
pub(crate) fn duties(payer: &Payer) -> String {
    let who = match payer {
        Payer::Sender => "the sender",
        Payer::Recipient { .. } => "the recipient",
        Payer::ThirdParty { .. } => "a third party",
    };
    format!("duties and taxes at the destination: {who} pays")
}

/// Columns that say nothing are left out and the currency stands above where there is one only, so that the table fits a
/// narrow terminal.
fn offers(output: &Output, shopped: &Shopped) -> String {
    let offers = &shopped.answer.offers;
    let currencies: BTreeSet<Currency> =
        offers.iter().filter_map(|offer| offer.rate.payable().map(|price| price.total.currency)).collect();
    let only = (currencies.len() == 1).then(|| currencies.first().copied()).flatten();
    let money = |money: Option<Money>| match (money, only) {
        (Some(money), Some(currency)) if money.currency == currency => {
            money.to_string().trim_end_matches(currency.as_str()).trim_end().to_owned()
        }
        (Some(money), _) => money.to_string(),
        (None, _) => String::new(),
    };
    let list = offers.iter().any(|offer| offer.rate.saving().is_some());
    let dated = shopped.suggestion.latest_day.is_some()
        || shopped.suggestion.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Barred { .. }));
    let ships = offers.iter().any(|offer| offer.ship_date.is_some());
    let price = only.map_or_else(|| "price".to_owned(), |currency| currency.to_string());
    let mut headings = vec!["", "service", "account", &price];
    headings.extend(list.then_some(["list", "saving"]).into_iter().flatten());
    headings.extend(ships.then_some("ships"));
    headings.push("arrives");
    headings.extend(dated.then_some("due"));
    let mut table = output.compact(&headings);
    for (at, offer) in offers.iter().enumerate() {
        let picked = shopped.suggestion.pick == Some(at);
        let text = |text: String| if picked { output.strong(text) } else { Cell::new(text) };
        let right = |cell: Cell| cell.set_alignment(CellAlignment::Right);
        let rate = &offer.rate;
        let mut row = vec![
            text(if picked { ">" } else { "" }.into()),
            text(service_name(rate)),
            text(account(offer)),
            right(text(money(rate.payable().map(|price| price.total)))),
        ];
        if list {
            let published = rate.published().filter(|_| rate.saving().is_some());
            row.push(right(text(money(published.map(|price| price.total)))));
            row.push(right(text(money(rate.saving()))));
        }
        let day =
            |day: Option<NaiveDate>| day.map(|day| day.format("%a %-d %b").to_string()).unwrap_or_default();
        row.extend(ships.then(|| text(day(offer.ship_date.or(shopped.shipment.ship_date)))));
        row.push(text(arrival(rate)));
        row.extend(dated.then(|| text(shopped.verdict(at).map(verdict).unwrap_or_default())));
        table.add_row(row);
    }
    table.to_string()
}

/// One line for prices that are not the account's own.
fn kinds(offers: &[Offer]) -> Option<String> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for offer in offers {
        let kind = offer.rate.payable().map(|price| price.kind.as_str()).unwrap_or_default();
        if kind != "account" {
            found.entry(kind).or_default().insert(&offer.account.name);
        }
    }
    let words = |(kind, accounts): (&&str, &BTreeSet<&str>)| {
        format!("{kind}: {}", accounts.iter().copied().collect::<Vec<_>>().join(", "))
    };
    let all: Vec<String> = found.iter().map(words).collect();
    (!all.is_empty()).then(|| format!("prices are the accounts' own, but {}", all.join("; ")))
}

fn account(offer: &Offer) -> String {
    let name = &offer.account.name;
    match (offer.account.owner, matches!(offer.paid, Settlement::Offline { .. })) {
        (Owner::Own, true) => format!("{name} (own, offline)"),
        (Owner::Own, false) => format!("{name} (own)"),
        (Owner::House, true) => format!("{name} (offline)"),
        (Owner::House, false) => name.clone(),
    }
}

/// In time or not, in few words.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Open => String::new(),
        Verdict::InTime { .. } => "ok".to_owned(),
        Verdict::Late { days, .. } => format!("{days}d late"),
        Verdict::Unproven => "no date".to_owned(),
        Verdict::Barred { by } => by.clone(),
    }
}

/// Services of an account that are not offered for one reason stand together; those that run elsewhere come last.
fn rejected(output: &Output, answer: &ShopAnswer) -> String {
    let mut groups: BTreeMap<(bool, &str, String, &str), Vec<&str>> = BTreeMap::new();
    for row in &answer.rejected {
        let rejected = &row.rejected;
        let why = rejected.message.replace(&rejected.service_name, "it");
        let why = format!("{why} ({})", rejected.reason);
        let elsewhere = rejected.reason == RejectReason::Lane;
        let key = (elsewhere, row.account.name.as_str(), why, rejected.cure.as_str());
        groups.entry(key).or_default().push(&rejected.service_name);
    }
    let mut table = output.compact(&["account", "not offered", "why", "what to do"]);
    for ((elsewhere, account, why, cure), services) in groups {
        // Who looks for a service that runs elsewhere knows its name; the others are all named.
        let shown = if elsewhere { services.len().min(4) } else { services.len() };
        let mut names = services[..shown].join(", ");
        if services.len() > shown {
            names.push_str(&format!(" and {} more", services.len() - shown));
        }
        table.add_row(vec![account.to_owned(), names, why, cure.to_owned()]);
    }
    table.to_string()
}

pub(crate) fn service_name(rate: &Rate) -> String {
    match &rate.weekend {
        Some(day) => format!("{} ({day})", rate.service_name),
        None => rate.service_name.clone(),
    }
}

pub(crate) fn arrival(rate: &Rate) -> String {
    rate.delivery.as_ref().map(|delivery| moment(&delivery.latest)).unwrap_or_default()
}

/// `Wed 25 Nov 10:30`.
pub(crate) fn moment(moment: &LocalMoment) -> String {
    let date = moment.date.map(|date| date.format("%a %-d %b").to_string());
    let time = moment.time.map(|time| time.format("%H:%M").to_string());
    [date, time].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
