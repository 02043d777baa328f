//! Asks all accounts at once and takes what comes in time.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use waybill_core::{Error, ErrorKind, RateReply, RateRequest, Result, Retry, screen};

use crate::account::{AccountRef, Participant};
use crate::reply::{Missing, Offer, RejectedService, ShopAnswer};

/// What is asked.
#[derive(Debug, Clone)]
pub struct ShopQuestion {
    /// The shipment, with its ship date filled in.
    pub rate: RateRequest,
    /// When the answer must be there; accounts that are later are listed as missing.
    pub deadline: Duration,
}

/// One account's answer.
pub type Answered = (AccountRef, Result<RateReply>);

/// Asks all accounts and collects what comes before the deadline. One failing carrier never fails the call.
pub async fn shop(participants: &[Participant], question: &ShopQuestion) -> ShopAnswer {
    let until = Instant::now() + question.deadline;
    let mut answers = shop_stream(participants, question);
    let mut waiting: Vec<AccountRef> =
        participants.iter().map(|participant| participant.account.clone()).collect();
    let mut answer = ShopAnswer::default();
    while !waiting.is_empty() {
        match tokio::time::timeout_at(until, answers.recv()).await {
            Ok(Some((account, reply))) => {
                waiting.retain(|other| *other != account);
                take(&mut answer, account, reply);
            }
            Ok(None) | Err(_) => break,
        }
    }
    for account in waiting {
        let message = format!("no answer within {} ms", question.deadline.as_millis());
        let error = Error::new(ErrorKind::Unavailable, message).with_retry(Retry::Safe);
        answer.missing.push(Missing { account, error, try_again: true });
    }
    answer.complete = answer.missing.is_empty();
    answer.sort();
    answer
}

/// Asks all accounts and hands each answer over as it comes, late ones too. Accounts go on after the receiver is gone.
pub fn shop_stream(participants: &[Participant], question: &ShopQuestion) -> mpsc::Receiver<Answered> {
    let (sender, receiver) = mpsc::channel(participants.len().max(1));
    for participant in participants {
        let (participant, request, sender) = (participant.clone(), question.rate.clone(), sender.clone());
        // A late answer is still worth having, so the carrier gets longer than the caller waits.
        let patience = question.deadline.max(Duration::from_secs(20));
        tokio::spawn(async move {
            let deadline = Utc::now()
                + chrono::Duration::from_std(patience).unwrap_or_else(|_| chrono::Duration::seconds(20));
            let asked = AssertUnwindSafe(ask(&participant, &request, deadline)).catch_unwind().await;
            let reply = asked.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Panicked, "the carrier's code panicked while rating"))
            });
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send((participant.account, reply)).await;
        });
    }
    receiver
}

async fn ask(
    participant: &Participant,
    request: &RateRequest,
    deadline: chrono::DateTime<Utc>,
) -> Result<RateReply> {
    let profile = participant.carrier.profile();
    let Some(rating) = participant.carrier.rate_quote() else {
        return Err(Error::unsupported(format!("{} has no rates", profile.name)));
    };
    // What the profile alone rules out is not asked; when nothing is left, the carrier is not called at all.
    let ruled_out = screen(profile, &request.shipment);
    let possible = profile.services.iter().any(|service| {
        request.wants(&service.code) && !ruled_out.iter().any(|rejected| rejected.service == service.code)
    });
    if !possible && !profile.services.is_empty() {
        return Ok(RateReply::default().complete(profile, request));
    }
    let cx = (participant.cx)("quote", Some(deadline));
    rating.quote(&cx, request).await
}

fn take(answer: &mut ShopAnswer, account: AccountRef, reply: Result<RateReply>) {
    match reply {
        Ok(reply) => {
            answer.notices.extend(reply.warnings.into_iter().map(|notice| (account.clone(), notice)));
            answer
                .offers
                .extend(reply.rates.into_iter().map(|rate| Offer { account: account.clone(), rate }));
            answer.rejected.extend(
                reply
                    .rejected
                    .into_iter()
                    .map(|rejected| RejectedService { account: account.clone(), rejected }),
            );
        }
        Err(error) => {
            let try_again = error.is_retryable();
            answer.missing.push(Missing { account, error, try_again });
        }
    }
}
