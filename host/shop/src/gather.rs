//! Asks all accounts at once and takes what comes in time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use waybill_core::{Error, ErrorKind, RateReply, RateRequest, Result, Retry, screen};

use crate::account::{AccountRef, Participant};
use crate::cache::{CacheSettings, CacheStats, Clock, Question, RateCache};
use crate::reasons;
use crate::reply::{Missing, Offer, RejectedService, ShopAnswer};
use crate::terms::TermsGate;

/// A late answer is still worth having, so the carrier gets longer than the caller waits.
const PATIENCE: Duration = Duration::from_secs(20);

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

/// Shops with a memory: answers are kept for a while, and identical questions at one time make one call per account.
#[derive(Clone)]
pub struct Shopper {
    cache: Arc<RateCache>,
}

impl Shopper {
    /// A shopper with an empty memory.
    pub fn new(settings: CacheSettings) -> Self {
        Self::with_clock(settings, Arc::new(Utc::now))
    }

    /// A shopper with a clock of its own, for tests.
    pub fn with_clock(settings: CacheSettings, clock: Clock) -> Self {
        Self { cache: Arc::new(RateCache::new(settings, clock)) }
    }

    /// Asks all accounts and collects what comes before the deadline.
    pub async fn shop(&self, participants: &[Participant], question: &ShopQuestion) -> ShopAnswer {
        let answers = ask_all(participants, question, Some(&self.cache));
        let answer = collect(answers, participants, question, Instant::now() + question.deadline).await;
        finish(answer, participants, question)
    }

    /// The same for a tenant: accounts whose terms are not accepted are not called and listed as such. An error only
    /// when the book of terms cannot be read.
    pub async fn shop_for(
        &self,
        tenant: &str,
        gate: &TermsGate,
        participants: &[Participant],
        question: &ShopQuestion,
    ) -> Result<ShopAnswer> {
        let mut gated = gate.sort(tenant, participants).await?;
        let open = std::mem::take(&mut gated.open);
        let answers = ask_all(&open, question, Some(&self.cache));
        let mut answer = collect(answers, &open, question, Instant::now() + question.deadline).await;
        gated.list_in(&mut answer, &question.rate);
        Ok(finish(answer, &open, question))
    }

    /// Asks all accounts and hands each answer over as it comes, late ones too.
    pub fn stream(&self, participants: &[Participant], question: &ShopQuestion) -> mpsc::Receiver<Answered> {
        let mut answers = ask_all(participants, question, Some(&self.cache));
        let (sender, receiver) = mpsc::channel(participants.len().max(1));
        tokio::spawn(async move {
            while let Some((account, reply)) = answers.recv().await {
                // Calls go on when nobody listens: their answers are kept.
                let _ = sender.send((account, reply.map(unwrap_or_clone))).await;
            }
        });
        receiver
    }

    /// Forgets the answers of an account: after it was unlinked, or its settings or contract changed.
    pub fn forget_account(&self, account: &str) {
        self.cache.forget_account(account);
    }

    /// Forgets all answers.
    pub fn forget_everything(&self) {
        self.cache.forget_everything();
    }

    /// What the memory has done so far.
    pub fn stats(&self) -> CacheStats {
        self.cache.stats()
    }
}

impl std::fmt::Debug for Shopper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shopper").field("stats", &self.stats()).finish()
    }
}

/// Asks all accounts and collects what comes before the deadline. One failing carrier never fails the call.
pub async fn shop(participants: &[Participant], question: &ShopQuestion) -> ShopAnswer {
    let answers = ask_all(participants, question, None);
    let answer = collect(answers, participants, question, Instant::now() + question.deadline).await;
    finish(answer, participants, question)
}

/// Asks all accounts and hands each answer over as it comes, late ones too. Accounts go on after the receiver is gone.
pub fn shop_stream(participants: &[Participant], question: &ShopQuestion) -> mpsc::Receiver<Answered> {
    let (sender, receiver) = mpsc::channel(participants.len().max(1));
    let mut answers = ask_all(participants, question, None);
    tokio::spawn(async move {
        while let Some((account, reply)) = answers.recv().await {
            let _ = sender.send((account, reply.map(unwrap_or_clone))).await;
        }
    });
    receiver
}

fn unwrap_or_clone(reply: Arc<RateReply>) -> RateReply {
    Arc::unwrap_or_clone(reply)
}

/// One account's answer by its place among the participants, shared with the memory.
type Shared = (AccountRef, Result<Arc<RateReply>>);

fn ask_all(
    participants: &[Participant],
    question: &ShopQuestion,
    cache: Option<&Arc<RateCache>>,
) -> mpsc::Receiver<Shared> {
    let (sender, receiver) = mpsc::channel(participants.len().max(1));
    let request = Arc::new(question.rate.clone());
    let key = cache.map(|cache| (cache.clone(), Question::of(&request)));
    for participant in participants {
        let (participant, request, sender, key) =
            (participant.clone(), request.clone(), sender.clone(), key.clone());
        let patience = question.deadline.max(PATIENCE);
        tokio::spawn(async move {
            let call = ask_guarded(&participant, &request, patience);
            let reply = match &key {
                Some((cache, question)) => cache.answer(&participant, question, call).await,
                None => call.await.map(Arc::new),
            };
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send((participant.account, reply)).await;
        });
    }
    receiver
}

async fn collect(
    mut answers: mpsc::Receiver<Shared>,
    participants: &[Participant],
    question: &ShopQuestion,
    until: Instant,
) -> ShopAnswer {
    let mut answer = ShopAnswer::default();
    let mut waiting: Vec<&Participant> = participants.iter().collect();
    while !waiting.is_empty() {
        match tokio::time::timeout_at(until, answers.recv()).await {
            Ok(Some((account, reply))) => {
                let Some(at) = waiting.iter().position(|other| other.account == account) else { continue };
                take(&mut answer, waiting.swap_remove(at), &question.rate, reply);
            }
            Ok(None) | Err(_) => break,
        }
    }
    for participant in waiting {
        let message = format!("no answer within {} ms", question.deadline.as_millis());
        let error = Error::new(ErrorKind::Unavailable, message).with_retry(Retry::Safe);
        take(&mut answer, participant, &question.rate, Err(error));
    }
    answer
}

fn finish(mut answer: ShopAnswer, participants: &[Participant], question: &ShopQuestion) -> ShopAnswer {
    answer.complete = answer.missing.is_empty();
    reasons::with_cures(&mut answer);
    answer.diagnosis = reasons::diagnose(&answer, participants, &question.rate);
    answer.sort();
    answer
}

/// A carrier's code may panic; the call becomes an error then.
async fn ask_guarded(
    participant: &Participant,
    request: &RateRequest,
    patience: Duration,
) -> Result<RateReply> {
    AssertUnwindSafe(ask(participant, request, patience))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Panicked, "the carrier's code panicked while rating")))
}

async fn ask(participant: &Participant, request: &RateRequest, patience: Duration) -> Result<RateReply> {
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
    let patience = chrono::Duration::from_std(patience).unwrap_or_else(|_| chrono::Duration::seconds(20));
    let cx = (participant.cx)("quote", Some(Utc::now() + patience));
    Ok(rating.quote(&cx, request).await?.complete(profile, request))
}

fn take(
    answer: &mut ShopAnswer,
    participant: &Participant,
    request: &RateRequest,
    reply: Result<Arc<RateReply>>,
) {
    let account = &participant.account;
    let rejected = match reply {
        Ok(reply) => {
            let reply = unwrap_or_clone(reply);
            answer.notices.extend(reply.warnings.into_iter().map(|notice| (account.clone(), notice)));
            answer
                .offers
                .extend(reply.rates.into_iter().map(|rate| Offer { account: account.clone(), rate }));
            reply.rejected
        }
        Err(error) => {
            let missing = Missing::new(account.clone(), error);
            let profile = participant.carrier.profile();
            let rows = reasons::rejected_by_error(profile, request, &missing.error, &missing.cure);
            answer.missing.push(missing);
            rows
        }
    };
    answer
        .rejected
        .extend(rejected.into_iter().map(|rejected| RejectedService { account: account.clone(), rejected }));
}
