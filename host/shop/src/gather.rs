//! Asks all accounts at once and takes what comes in time.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, Utc};
use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;
use waybill_core::{CarrierId, Error, ErrorKind, RateReply, RateRequest, Result, Retry, Screen};

use crate::account::{AccountRef, Participant};
use crate::cache::{CacheSettings, CacheStats, Clock, Question, RateCache};
use crate::pace::Paces;
use crate::preferences::Way;
use crate::reasons;
use crate::reply::{Missing, Offer, RejectedService, ShopAnswer};
use crate::terms::TermsGate;

/// A late answer is still worth having, so the carrier gets longer than the caller waits.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a question is pursued.
#[derive(Clone, Copy)]
struct Patience {
    /// For a turn at the account: half of what the caller waits, so that the carrier gets the other half. Were it more,
    /// an account with a queue would answer nobody in time, however many it answers.
    turn: Duration,
    /// When that is over.
    turn_until: Instant,
    /// In all.
    answer: Duration,
}

impl Patience {
    fn of(question: &ShopQuestion, carrier: &CarrierId) -> Self {
        let own = question.carrier_deadlines.get(carrier).copied();
        let turn = own.map_or(question.deadline, |own| own.min(question.deadline)) / 2;
        Self { turn, turn_until: Instant::now() + turn, answer: question.deadline.max(PATIENCE) }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct ShopQuestion {
    /// The shipment, with its ship date filled in.
    pub rate: RateRequest,
    /// When the answer must be there; accounts that are later are listed as missing.
    pub deadline: Duration,
    /// Shorter waits for single carriers.
    pub carrier_deadlines: BTreeMap<CarrierId, Duration>,
    /// Ship dates of carriers that take the parcels over on another day than the shipment says.
    pub ship_dates: BTreeMap<CarrierId, NaiveDate>,
    /// Not wanted: a carrier is not asked, a service is not offered; both are rejected as disabled.
    pub excluded: Vec<Way>,
}

impl ShopQuestion {
    /// Asks everybody until a deadline.
    pub fn new(rate: RateRequest, deadline: Duration) -> Self {
        Self {
            rate,
            deadline,
            carrier_deadlines: BTreeMap::new(),
            ship_dates: BTreeMap::new(),
            excluded: Vec::new(),
        }
    }

    /// How long an account is waited for: the question's deadline, the carrier's, and what its pace makes worthwhile.
    fn wait_for(&self, account: &AccountRef, memory: Option<&Memory>) -> Duration {
        let learnt = memory.and_then(|memory| memory.paces.longest_wait(&account.name));
        let carrier = self.carrier_deadlines.get(&account.carrier).copied();
        [carrier, learnt].into_iter().flatten().fold(self.deadline, Duration::min)
    }

    fn excludes_carrier(&self, carrier: &CarrierId) -> Option<&Way> {
        self.excluded.iter().find(|way| way.service.is_none() && way.carrier == *carrier)
    }
}

/// One account's answer.
pub type Answered = (AccountRef, Result<RateReply>);

/// What is remembered between questions.
#[derive(Clone)]
struct Memory {
    cache: Arc<RateCache>,
    paces: Arc<Paces>,
}

/// An answer of a stream.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// An account answered in time.
    Answer(AccountRef, Result<RateReply>),
    /// Everything that came in time, as [`Shopper::shop_for`] gives it. Sent once.
    Summary(Box<ShopAnswer>),
    /// An account answered after the summary; the next question finds its answer in the memory.
    Late(AccountRef, Result<RateReply>),
}

/// Shops with a memory: answers are kept for a while, and identical questions at one time make one call per account.
#[derive(Clone)]
pub struct Shopper {
    memory: Memory,
}

impl Shopper {
    /// A shopper with an empty memory.
    pub fn new(settings: CacheSettings) -> Self {
        Self::with_clock(settings, Arc::new(Utc::now))
    }

    /// A shopper with a clock of its own, for tests.
    pub fn with_clock(settings: CacheSettings, clock: Clock) -> Self {
        let cache = Arc::new(RateCache::new(settings, clock));
        Self { memory: Memory { cache, paces: Arc::new(Paces::default()) } }
    }

    /// Asks all accounts and collects what comes before the deadline.
    pub async fn shop(&self, participants: &[Participant], question: &ShopQuestion) -> ShopAnswer {
        let (open, shut) = sort_out(participants, question);
        let answers = ask_all(&open, question, Some(&self.memory));
        let answer = Collector::new(&open, question, Some(&self.memory)).collect(answers, None).await;
        finish(answer, &open, shut, question)
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
        let (open, shut) = sort_out(&std::mem::take(&mut gated.open), question);
        let answers = ask_all(&open, question, Some(&self.memory));
        let mut answer = Collector::new(&open, question, Some(&self.memory)).collect(answers, None).await;
        gated.list_in(&mut answer, &question.rate);
        Ok(finish(answer, &open, shut, question))
    }

    /// The same as it comes: every answer in time, then the summary, then the late answers. The stream ends with the last
    /// answer; questions go on when nobody listens any more, and their answers are kept.
    pub async fn stream_for(
        &self,
        tenant: &str,
        gate: &TermsGate,
        participants: &[Participant],
        question: &ShopQuestion,
    ) -> Result<mpsc::Receiver<Arrival>> {
        let mut gated = gate.sort(tenant, participants).await?;
        let (open, shut) = sort_out(&std::mem::take(&mut gated.open), question);
        let (sender, receiver) = mpsc::channel(open.len() + 1);
        let (memory, question) = (self.memory.clone(), question.clone());
        let mut answers = ask_all(&open, &question, Some(&memory));
        tokio::spawn(async move {
            let collector = Collector::new(&open, &question, Some(&memory));
            let mut answer = collector.collect(&mut answers, Some(&sender)).await;
            gated.list_in(&mut answer, &question.rate);
            let answer = finish(answer, &open, shut, &question);
            let _ = sender.send(Arrival::Summary(Box::new(answer))).await;
            while let Some(shared) = answers.recv().await {
                if let Some((account, reply)) = answered(&open, shared) {
                    let _ = sender.send(Arrival::Late(account, reply)).await;
                }
            }
        });
        Ok(receiver)
    }

    /// Asks all accounts and hands each answer over as it comes, late ones too.
    pub fn stream(&self, participants: &[Participant], question: &ShopQuestion) -> mpsc::Receiver<Answered> {
        stream_all(participants, question, Some(&self.memory))
    }

    /// Forgets the answers of an account: after it was unlinked, or its settings or contract changed.
    pub fn forget_account(&self, account: &str) {
        self.memory.cache.forget_account(account);
        self.memory.paces.forget(account);
    }

    /// Forgets all answers.
    pub fn forget_everything(&self) {
        self.memory.cache.forget_everything();
    }

    /// What the memory has done so far.
    pub fn stats(&self) -> CacheStats {
        self.memory.cache.stats()
    }
}

impl std::fmt::Debug for Shopper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shopper").field("stats", &self.stats()).finish()
    }
}

/// Asks all accounts and collects what comes before the deadline. One failing carrier never fails the call.
pub async fn shop(participants: &[Participant], question: &ShopQuestion) -> ShopAnswer {
    let (open, shut) = sort_out(participants, question);
    let answers = ask_all(&open, question, None);
    let answer = Collector::new(&open, question, None).collect(answers, None).await;
    finish(answer, &open, shut, question)
}

/// Asks all accounts and hands each answer over as it comes, late ones too. Accounts go on after the receiver is gone.
pub fn shop_stream(participants: &[Participant], question: &ShopQuestion) -> mpsc::Receiver<Answered> {
    stream_all(participants, question, None)
}

fn stream_all(
    participants: &[Participant],
    question: &ShopQuestion,
    memory: Option<&Memory>,
) -> mpsc::Receiver<Answered> {
    let (sender, receiver) = mpsc::channel(participants.len().max(1));
    let open = sort_out(participants, question).0;
    let mut answers = ask_all(&open, question, memory);
    tokio::spawn(async move {
        while let Some(shared) = answers.recv().await {
            // Calls go on when nobody listens: their answers are kept.
            if let Some(answered) = answered(&open, shared) {
                let _ = sender.send(answered).await;
            }
        }
    });
    receiver
}

/// The answer of one of the accounts that were asked, as it is handed over.
fn answered(asked: &[Participant], (at, reply): Shared) -> Option<Answered> {
    let account = asked.get(at)?.account.clone();
    Some((account, reply.map(unwrap_or_clone).map_err(|error| *error)))
}

fn unwrap_or_clone(reply: Arc<RateReply>) -> RateReply {
    Arc::unwrap_or_clone(reply)
}

/// An account that is not asked because its carrier is excluded.
type Shut = (Participant, Way);

/// Accounts to ask, and those of excluded carriers.
fn sort_out(participants: &[Participant], question: &ShopQuestion) -> (Arc<[Participant]>, Vec<Shut>) {
    let (mut open, mut shut) = (Vec::with_capacity(participants.len()), Vec::new());
    for participant in participants {
        match question.excludes_carrier(&participant.account.carrier) {
            Some(way) => shut.push((participant.clone(), way.clone())),
            None => open.push(participant.clone()),
        }
    }
    (open.into(), shut)
}

/// One account's answer by its place among those that were asked, shared with the memory. Small: a channel keeps room for
/// dozens, of which a shop needs a handful.
type Shared = (usize, Result<Arc<RateReply>, Box<Error>>);

/// A question as it is asked, with its key.
type Asked = (Arc<RateRequest>, Option<Question>);

fn ask_all(
    participants: &Arc<[Participant]>,
    question: &ShopQuestion,
    memory: Option<&Memory>,
) -> mpsc::Receiver<Shared> {
    let (sender, receiver) = mpsc::channel(participants.len().max(1));
    let asked = |rate: RateRequest| -> Asked {
        let key = memory.map(|_| Question::of(&rate));
        (Arc::new(rate), key)
    };
    let common = asked(question.rate.clone());
    for (at, participant) in participants.iter().enumerate() {
        let date = question.ship_dates.get(&participant.account.carrier);
        let (request, key) = match date.filter(|date| question.rate.shipment.ship_date != Some(**date)) {
            None => common.clone(),
            Some(date) => {
                let mut rate = question.rate.clone();
                rate.shipment.ship_date = Some(*date);
                asked(rate)
            }
        };
        let (participants, sender, memory) = (participants.clone(), sender.clone(), memory.cloned());
        let patience = Patience::of(question, &participant.account.carrier);
        tokio::spawn(async move {
            let Some(participant) = participants.get(at) else { return };
            let reply = match memory.zip(key) {
                Some((memory, key)) => {
                    // In a place of its own: a task is as large as its largest branch.
                    Box::pin(ask_remembered(participant, &request, &key, patience, &memory)).await
                }
                None => ask_guarded(participant, &request, patience).await.map(Arc::new),
            };
            // Nobody listens any more when the deadline has passed.
            let _ = sender.send((at, reply.map_err(Box::new))).await;
        });
    }
    receiver
}

/// An account that has not answered yet.
struct Waiting<'a> {
    at: usize,
    participant: &'a Participant,
    wait: Duration,
    until: Instant,
}

/// Collects answers, each account until its own deadline.
struct Collector<'a> {
    question: &'a ShopQuestion,
    waiting: Vec<Waiting<'a>>,
    answer: ShopAnswer,
}

impl<'a> Collector<'a> {
    fn new(participants: &'a [Participant], question: &'a ShopQuestion, memory: Option<&Memory>) -> Self {
        let now = Instant::now();
        let waiting = participants.iter().enumerate().map(|(at, participant)| {
            let wait = question.wait_for(&participant.account, memory);
            Waiting { at, participant, wait, until: now + wait }
        });
        Self { question, waiting: waiting.collect(), answer: ShopAnswer::default() }
    }

    async fn collect(
        mut self,
        mut answers: impl std::borrow::BorrowMut<mpsc::Receiver<Shared>>,
        listener: Option<&mpsc::Sender<Arrival>>,
    ) -> ShopAnswer {
        let answers = answers.borrow_mut();
        while let Some(next) = self.waiting.iter().map(|waiting| waiting.until).min() {
            match tokio::time::timeout_at(next, answers.recv()).await {
                Ok(Some((asked, reply))) => {
                    let Some(at) = self.waiting.iter().position(|other| other.at == asked) else { continue };
                    let participant = self.waiting.swap_remove(at).participant;
                    let reply = reply.map_err(|error| *error);
                    if let Some(listener) = listener {
                        let reply = reply.clone().map(unwrap_or_clone);
                        let _ = listener.send(Arrival::Answer(participant.account.clone(), reply)).await;
                    }
                    self.take(participant, reply);
                }
                Ok(None) => self.give_up(None),
                Err(_) => self.give_up(Some(next)),
            }
        }
        self.answer
    }

    /// Lists the accounts whose time is up as missing; all of them without a moment.
    fn give_up(&mut self, at: Option<Instant>) {
        let (up, waiting): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|waiting| at.is_none_or(|at| waiting.until <= at));
        self.waiting = waiting;
        for Waiting { participant, wait, .. } in up {
            let message = format!("no answer within {} ms", wait.as_millis());
            let error = Error::new(ErrorKind::Unavailable, message).with_retry(Retry::Safe);
            self.take(participant, Err(error));
        }
    }

    fn take(&mut self, participant: &Participant, reply: Result<Arc<RateReply>>) {
        let (answer, account) = (&mut self.answer, &participant.account);
        let profile = participant.carrier.profile();
        let rejected = match reply {
            Ok(reply) => {
                let reply = unwrap_or_clone(reply);
                answer.notices.extend(reply.warnings.into_iter().map(|notice| (account.clone(), notice)));
                let ship_date = self.question.ship_dates.get(&account.carrier).copied();
                answer.offers.extend(reply.rates.into_iter().map(|rate| Offer {
                    account: account.clone(),
                    paid: profile.settlement.clone(),
                    ship_date,
                    rate,
                }));
                reply.rejected
            }
            Err(error) => {
                let missing = Missing::new(account.clone(), error);
                let rows =
                    reasons::rejected_by_error(profile, &self.question.rate, &missing.error, &missing.cure);
                answer.missing.push(missing);
                rows
            }
        };
        answer.rejected.extend(
            rejected.into_iter().map(|rejected| RejectedService { account: account.clone(), rejected }),
        );
    }
}

fn finish(
    mut answer: ShopAnswer,
    participants: &[Participant],
    shut: Vec<Shut>,
    question: &ShopQuestion,
) -> ShopAnswer {
    answer.complete = answer.missing.is_empty();
    reasons::only_currency(&mut answer, &question.rate);
    reasons::exclude(&mut answer, &shut, question);
    reasons::with_cures(&mut answer);
    answer.diagnosis = reasons::diagnose(&answer, participants, &question.rate);
    answer.sort();
    answer
}

/// Asks through the memory. Who shares the call of a more hurried one goes on waiting when that one had no turn.
async fn ask_remembered(
    participant: &Participant,
    request: &RateRequest,
    key: &Question,
    patience: Patience,
    memory: &Memory,
) -> Result<Arc<RateReply>> {
    loop {
        let call = ask_timed(participant, request, patience, &memory.paces);
        let reply = memory.cache.answer(participant, key, call).await;
        let no_turn =
            reply.as_ref().is_err_and(|error| error.context.iter().any(|(name, _)| name == NO_TURN));
        if !no_turn || Instant::now() >= patience.turn_until {
            return reply;
        }
    }
}

/// Asks, and learns how long it takes.
async fn ask_timed(
    participant: &Participant,
    request: &RateRequest,
    patience: Patience,
    paces: &Paces,
) -> Result<RateReply> {
    let started = Instant::now();
    let reply = ask_guarded(participant, request, patience).await;
    if reply.is_ok() {
        paces.learn(&participant.account.name, started.elapsed());
    }
    reply
}

/// A carrier's code may panic; the call becomes an error then.
async fn ask_guarded(
    participant: &Participant,
    request: &RateRequest,
    patience: Patience,
) -> Result<RateReply> {
    AssertUnwindSafe(ask(participant, request, patience))
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::new(ErrorKind::Panicked, "the carrier's code panicked while rating")))
}

async fn ask(participant: &Participant, request: &RateRequest, patience: Patience) -> Result<RateReply> {
    let profile = participant.carrier.profile();
    let Some(rating) = participant.carrier.rate_quote() else {
        return Err(Error::unsupported(format!("{} has no rates", profile.name)));
    };
    if let Some(reply) = reasons::other_currency(profile, request) {
        return Ok(reply);
    }
    // What the profile alone rules out is not asked; when nothing is left, the carrier is not called at all.
    let screen = Screen::new(profile, &request.shipment);
    let mut wanted = profile.services.iter().filter(|service| request.wants(&service.code));
    let possible = wanted.any(|service| screen.refusal(service).is_none());
    if !possible && !profile.services.is_empty() {
        return Ok(RateReply::default().complete(profile, request));
    }
    let answer =
        chrono::Duration::from_std(patience.answer).unwrap_or_else(|_| chrono::Duration::seconds(20));
    let deadline = Utc::now() + answer;
    let Some(_turn) = participant.turns.take(patience.turn_until).await else {
        return Err(no_turn(participant, patience.turn));
    };
    let cx = (participant.cx)("quote", Some(deadline));
    Ok(rating.quote(&cx, request).await?.complete(profile, request))
}

/// Marks the error of a question that had no turn; its value is the limit.
const NO_TURN: &str = "in_flight_per_account";

fn no_turn(participant: &Participant, waited: Duration) -> Error {
    let message = format!(
        "the limit of questions under way at account `{}` ({}) left no turn within {} ms: nothing was sent; ask later, or \
         raise `shop.in_flight_per_account`",
        participant.account.name,
        participant.turns.at_once(),
        waited.as_millis()
    );
    let limit = participant.turns.at_once().to_string();
    Error::new(ErrorKind::Unavailable, message).with_retry(Retry::Safe).with(NO_TURN, limit)
}
