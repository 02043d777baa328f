//! Why something is not offered, and what to do about it: a sentence for every reason, a diagnosis for an empty answer.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{
    Currency, Error, ErrorKind, FieldProblem, Payer, Profile, RateReply, RateRequest, RejectReason, Rejected,
    Result, Shipment,
};

use crate::account::{Owner, Participant};
use crate::gather::ShopQuestion;
use crate::preferences::Way;
use crate::reply::{Offer, RejectedService, ShopAnswer};

/// What to do about a service that is not offered, when its carrier does not say it better.
pub fn cure_of(reason: &RejectReason) -> &'static str {
    match reason {
        RejectReason::TermsNotAccepted => "read and accept the carrier's terms",
        RejectReason::NoAccount => "add or link an account at this carrier",
        RejectReason::NotEntitled => {
            "ask the carrier to enable the service for this account, or check its credentials"
        }
        RejectReason::Disabled => "lift the exclusion in the preferences or the settings",
        RejectReason::Size => "take a smaller box, or another service",
        RejectReason::Weight => "split or join the goods, or take another service",
        RejectReason::Lane => "take a service that runs between these places",
        RejectReason::PoBox => "use a street address or a postal service",
        RejectReason::AddressKind => "take a service for this kind of address",
        RejectReason::BadAddress => "correct the address; an address check names the part that is wrong",
        RejectReason::CustomsData => "fill in the customs data of every item",
        RejectReason::Packaging => "take another packaging or the shipper's own box",
        RejectReason::Option => "leave the option out, or take a service that has it",
        RejectReason::DangerousGoods => "take a service that carries these goods",
        RejectReason::Pieces => "split the shipment",
        RejectReason::Value => "declare a lower value or insure elsewhere",
        RejectReason::Returns => "take a service that is sold for returns",
        RejectReason::ShipDate => "take another ship date",
        RejectReason::NoPrice => "ask again later, or ask the carrier for a price",
        RejectReason::Currency => "leave the currency out, or ask an account that bills in it",
        RejectReason::NotOffered => "check with the carrier whether it serves this shipment",
        RejectReason::Refused => "see the carrier's own words",
        RejectReason::Outage => "ask again in a while",
        RejectReason::Other(_) => "see the message",
    }
}

/// What to do about an account that gave no answer.
pub(crate) fn cure_of_error(error: &Error, owner: Owner) -> String {
    match (&error.kind, owner) {
        (ErrorKind::Auth, Owner::Own) => "the link has expired or was withdrawn: link the account again",
        (ErrorKind::Auth, Owner::House) => "renew the credentials of the account",
        (ErrorKind::NotEntitled, _) => "ask the carrier to enable rating for this account",
        (ErrorKind::RateLimited { .. }, _) => "ask again when the carrier's limit has passed",
        (ErrorKind::Invalid | ErrorKind::BadAddress, _) => "correct the fields that the message names",
        (ErrorKind::Unsupported, _) => "leave this account out: its carrier has no rates",
        (ErrorKind::Config, _) => "correct the account's settings",
        (ErrorKind::Panicked | ErrorKind::Internal, _) => "report this with the log of the call",
        _ if error.is_retryable() => "ask again in a while",
        _ => "see the carrier's own words",
    }
    .to_owned()
}

/// The reason for services of an account that gave an error.
fn reason_of_error(kind: &ErrorKind) -> RejectReason {
    match kind {
        ErrorKind::Auth | ErrorKind::NotEntitled => RejectReason::NotEntitled,
        ErrorKind::BadAddress => RejectReason::BadAddress,
        ErrorKind::NoService | ErrorKind::Unsupported | ErrorKind::NotFound => RejectReason::NotOffered,
        ErrorKind::Invalid | ErrorKind::Other(_) | ErrorKind::Ambiguous => RejectReason::Refused,
        ErrorKind::TooLate => RejectReason::ShipDate,
        ErrorKind::Config => RejectReason::Disabled,
        _ => RejectReason::Outage,
    }
}

/// Every asked-for service of a profile, rejected for one reason.
pub(crate) fn reject_all(
    profile: &Profile,
    request: &RateRequest,
    reason: &RejectReason,
    message: &str,
    cure: &str,
) -> Vec<Rejected> {
    let services = profile.services.iter().filter(|service| request.wants(&service.code));
    services
        .map(|service| Rejected {
            service: service.code.clone(),
            service_name: service.name.clone(),
            reason: reason.clone(),
            message: message.to_owned(),
            cure: cure.to_owned(),
            carrier_code: None,
        })
        .collect()
}

/// The services of an account that gave no answer: what the profile rules out keeps that reason.
pub(crate) fn rejected_by_error(
    profile: &Profile,
    request: &RateRequest,
    error: &Error,
    cure: &str,
) -> Vec<Rejected> {
    reject_rest(profile, request, &reason_of_error(&error.kind), &error.message, cure)
}

/// Every asked-for service of a profile, rejected for one reason, or for what the profile alone rules out.
fn reject_rest(
    profile: &Profile,
    request: &RateRequest,
    reason: &RejectReason,
    message: &str,
    cure: &str,
) -> Vec<Rejected> {
    let mut local = waybill_core::screen(profile, &request.shipment);
    local.retain(|rejected| request.wants(&rejected.service));
    let mut all = reject_all(profile, request, reason, message, cure);
    all.retain(|rejected| !local.iter().any(|other| other.service == rejected.service));
    all.extend(local);
    all
}

/// Whether a carrier certainly does not bill in the wanted currency.
fn unbilled(profile: &Profile, request: &RateRequest) -> bool {
    let bills = |wanted| profile.currencies.is_empty() || profile.currencies.contains(&wanted);
    request.currency.is_some_and(|wanted| !bills(wanted))
}

/// The answer of a carrier that does not bill in the wanted currency: it is not called.
pub(crate) fn other_currency(profile: &Profile, request: &RateRequest) -> Option<RateReply> {
    if !unbilled(profile, request) {
        return None;
    }
    let bills: Vec<&str> = profile.currencies.iter().map(Currency::as_str).collect();
    let message = format!("{} bills in {}", profile.name, bills.join(", "));
    let reason = RejectReason::Currency;
    let rejected = reject_rest(profile, request, &reason, &message, cure_of(&reason));
    Some(RateReply { rejected, ..RateReply::default() })
}

/// Rejects offers in another currency than the wanted one: silence would look like an answer.
pub(crate) fn only_currency(answer: &mut ShopAnswer, request: &RateRequest) {
    let Some(wanted) = request.currency else { return };
    let (offers, others): (Vec<_>, Vec<_>) = std::mem::take(&mut answer.offers)
        .into_iter()
        .partition(|offer| offer.rate.payable().is_some_and(|price| price.total.currency == wanted));
    answer.offers = offers;
    for offer in others {
        let billed = offer.rate.payable().map(|price| price.total.currency.to_string()).unwrap_or_default();
        let message = format!("it is priced in {billed}, not in {wanted}");
        let cure = cure_of(&RejectReason::Currency).to_owned();
        turn_away(answer, offer, RejectReason::Currency, message, cure);
    }
}

/// An offer that nobody wants as a rejection; variants of one service are one rejection, and none when another is offered.
fn turn_away(answer: &mut ShopAnswer, offer: Offer, reason: RejectReason, message: String, cure: String) {
    let (service, service_name) = (offer.rate.service, offer.rate.service_name);
    let listed = |row: &RejectedService| row.account == offer.account && row.rejected.service == service;
    let offered = |other: &Offer| other.account == offer.account && other.rate.service == service;
    if !answer.rejected.iter().any(listed) && !answer.offers.iter().any(offered) {
        let rejected = Rejected { service, service_name, reason, message, cure, carrier_code: None };
        answer.rejected.push(RejectedService { account: offer.account, rejected });
    }
}

/// Rejects what the preferences exclude: the services of accounts that were not asked, and offers that nobody wants.
pub(crate) fn exclude(answer: &mut ShopAnswer, shut: &[(Participant, Way)], question: &ShopQuestion) {
    let words = |way: &Way| {
        let message = format!("excluded by the preferences: `{way}`");
        (message, format!("lift the exclusion `{way}` in the preferences or for this request"))
    };
    for (participant, way) in shut {
        let (message, cure) = words(way);
        let profile = participant.carrier.profile();
        let rows = reject_all(profile, &question.rate, &RejectReason::Disabled, &message, &cure);
        let account = &participant.account;
        answer
            .rejected
            .extend(rows.into_iter().map(|rejected| RejectedService { account: account.clone(), rejected }));
    }
    let unwanted = |offer: &Offer| {
        question.excluded.iter().find(|way| way.covers(&offer.account.carrier, &offer.rate.service))
    };
    let (out, offers): (Vec<_>, Vec<_>) =
        std::mem::take(&mut answer.offers).into_iter().partition(|offer| unwanted(offer).is_some());
    answer.offers = offers;
    for offer in out {
        let Some((message, cure)) = unwanted(&offer).map(words) else { continue };
        turn_away(answer, offer, RejectReason::Disabled, message, cure);
    }
}

/// Gives every rejection a cure.
pub(crate) fn with_cures(answer: &mut ShopAnswer) {
    for row in &mut answer.rejected {
        if row.rejected.cure.is_empty() {
            row.rejected.cure = cure_of(&row.rejected.reason).to_owned();
        }
    }
}

/// Why there is nothing to buy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosisCode {
    /// No account was asked.
    NoAccounts,
    /// No account that was asked bills in the wanted currency.
    CurrencyNotBilled,
    /// The preferences exclude everything.
    AllExcluded,
    /// No service of any account that was asked runs between these places.
    NothingServes,
    /// No service of that name exists.
    UnknownService,
    /// The accounts that would have been asked wait for terms to be accepted.
    TermsNotAccepted,
    /// The credentials of every account that was asked are refused.
    LinkExpired,
    /// No account answered; asking again may help.
    NobodyAnswered,
    /// Every service is ruled out, by several reasons.
    NothingFits,
}

/// Why there is nothing to buy, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// For programs.
    pub code: DiagnosisCode,
    /// One sentence.
    pub message: String,
    /// One sentence: what to do.
    pub cure: String,
}

/// Explains an answer without offers; `None` when there are some.
pub(crate) fn diagnose(
    answer: &ShopAnswer,
    participants: &[Participant],
    request: &RateRequest,
) -> Option<Diagnosis> {
    if !answer.offers.is_empty() {
        return None;
    }
    let say = |code, message: String, cure: &str| Some(Diagnosis { code, message, cure: cure.to_owned() });
    let profiles = || participants.iter().map(|participant| participant.carrier.profile());
    if !answer.rejected.is_empty()
        && answer.rejected.iter().all(|row| row.rejected.reason == RejectReason::Disabled)
    {
        let message = "the preferences exclude every service that could be asked".to_owned();
        return say(DiagnosisCode::AllExcluded, message, cure_of(&RejectReason::Disabled));
    }
    if participants.is_empty() {
        return if answer.not_accepted.is_empty() {
            say(DiagnosisCode::NoAccounts, "no account was asked".to_owned(), "add or link an account")
        } else {
            let message = "every account waits for terms to be accepted".to_owned();
            say(DiagnosisCode::TermsNotAccepted, message, cure_of(&RejectReason::TermsNotAccepted))
        };
    }
    let by_currency = |row: &RejectedService| row.rejected.reason == RejectReason::Currency;
    // What could be offered is billed in another currency.
    let only_currency = answer.rejected.iter().any(by_currency);
    if let Some(currency) =
        request.currency.filter(|_| only_currency || profiles().all(|profile| unbilled(profile, request)))
    {
        let message = format!("no account that was asked bills in {currency}");
        return say(DiagnosisCode::CurrencyNotBilled, message, cure_of(&RejectReason::Currency));
    }
    if !profiles().any(|profile| profile.services.iter().any(|service| request.wants(&service.code))) {
        let message = "no account that was asked has a service of that name".to_owned();
        return say(DiagnosisCode::UnknownService, message, "leave the services out to see all of them");
    }
    diagnose_silence(answer, request, participants.len()).or_else(|| {
        let message = format!("none of {} services takes this shipment", answer.rejected.len());
        say(DiagnosisCode::NothingFits, message, "see the reason of each service")
    })
}

fn diagnose_silence(answer: &ShopAnswer, request: &RateRequest, asked: usize) -> Option<Diagnosis> {
    let reasons: BTreeSet<&RejectReason> = answer.rejected.iter().map(|row| &row.rejected.reason).collect();
    if reasons.len() == 1 && reasons.contains(&RejectReason::Lane) {
        let (from, to) = (request.shipment.from.country, request.shipment.to.country);
        return Some(Diagnosis {
            code: DiagnosisCode::NothingServes,
            message: format!("no account that was asked serves {} from {}", to.name(), from.name()),
            cure: "add or link an account at a carrier that does".to_owned(),
        });
    }
    if answer.missing.len() < asked {
        return None;
    }
    let (code, message, cure) = if answer.missing.iter().all(|missing| missing.error.kind == ErrorKind::Auth)
    {
        (
            DiagnosisCode::LinkExpired,
            "the carriers refuse the credentials of every account that was asked",
            "link the accounts again, or renew their credentials",
        )
    } else {
        (
            DiagnosisCode::NobodyAnswered,
            "no account gave an answer",
            "see each account's reason; ask again in a while",
        )
    };
    Some(Diagnosis { code, message: message.to_owned(), cure: cure.to_owned() })
}

/// What a shipment alone does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Today at the origin.
    pub today: NaiveDate,
    /// The destination is a fulfilment centre, which sends parcels with duty due back.
    pub to_fulfilment_centre: bool,
}

/// Who pays the duties of a shipment; `None` where no customs border is crossed.
pub fn duty_payer(shipment: &Shipment) -> Option<Payer> {
    if !shipment.crosses_customs_border() {
        return None;
    }
    let by_incoterm = || match &shipment.customs {
        Some(customs) if customs.duties_paid_by_sender() => Payer::Sender,
        _ => Payer::Recipient { account: None, postal_code: None },
    };
    Some(shipment.billing.duties.clone().unwrap_or_else(by_incoterm))
}

/// Refuses what no carrier could accept, before any is asked: every mistake together.
pub fn check(request: &RateRequest, facts: &Facts) -> Result<()> {
    let shipment = &request.shipment;
    let mut problems = shipment.problems();
    if let Some(date) = shipment.ship_date.filter(|date| *date < facts.today) {
        let problem = format!("{date} has passed");
        problems.push(FieldProblem::new("ship_date", problem, "give today or a later day, or leave it out"));
    }
    if let Some(currency) = request.currency.filter(|currency| !currency.is_iso()) {
        let problem = format!("{currency} is not a currency of ISO 4217");
        problems.push(FieldProblem::new("currency", problem, "write three letters such as USD"));
    }
    if facts.to_fulfilment_centre && matches!(duty_payer(shipment), Some(Payer::Recipient { .. })) {
        problems.push(FieldProblem::new(
            "billing.duties",
            "a fulfilment centre does not pay duties and sends the parcels back",
            "let the sender pay: incoterm DDP or `billing.duties` = sender",
        ));
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r72_every_reason_has_a_code_and_a_cure() {
        for reason in RejectReason::KNOWN {
            assert!(cure_of(reason).len() > 10, "{reason}");
            assert!(reason.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
    }
}
