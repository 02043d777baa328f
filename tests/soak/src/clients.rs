//! The clients: each orders, asks again with the same key when it hears nothing, and sometimes clicks twice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waybill_core::Pieces;
use waybill_purchase::{BuyRequest, OpState, PurchaseState};

use crate::fleet::Fleet;
use crate::orders::Pattern;
use crate::talk::{Answer, Ask, Line};

/// How long a client waits for the outcome before it turns to the next order.
const WAIT_MS: u64 = 700;

/// What the clients share.
pub struct Office {
    /// The replicas.
    pub fleet: Arc<Fleet>,
    /// What is ordered, by account.
    pub patterns: BTreeMap<String, Pattern>,
    /// Chooses who orders what.
    pub seed: u64,
    /// Orders in all.
    pub orders: usize,
    /// Orders begun.
    pub next: AtomicUsize,
    /// What went on.
    pub notes: Mutex<Notes>,
}

/// What the clients saw.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Orders that were accepted.
    pub ordered: usize,
    /// Purchases that they became.
    pub purchases: usize,
    /// Times that a client heard nothing and asked again.
    pub asked_again: usize,
    /// Orders that were clicked twice at once, at two replicas.
    pub clicked_twice: usize,
    /// Second orders for the same package with another key, all refused.
    pub refused_as_duplicate: usize,
    /// Voids that clients asked for and got.
    pub voided: usize,
    /// What must not happen.
    pub wrong: Vec<String>,
}

/// A number that is drawn from a seed, an order and a question.
pub fn draw(seed: u64, order: usize, question: u64) -> u64 {
    let mut z = seed ^ (order as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ question.rotate_left(32);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Office {
    /// One client: orders until none is left.
    pub async fn client(self: Arc<Self>) {
        let mut desk = Desk { office: self.clone(), lines: BTreeMap::new() };
        loop {
            let order = self.next.fetch_add(1, Ordering::Relaxed);
            if order >= self.orders {
                return;
            }
            desk.order(order).await;
        }
    }

    fn note(&self, change: impl FnOnce(&mut Notes)) {
        change(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn request(&self, order: usize) -> Option<BuyRequest> {
        let names: Vec<&String> = self.patterns.keys().collect();
        let at = draw(self.seed, order, 1) % names.len().max(1) as u64;
        let pattern = self.patterns.get(*names.get(usize::try_from(at).ok()?)?)?;
        let several = draw(self.seed, order, 2).is_multiple_of(10) && can_have_several(pattern);
        let parcels = if several { 2 + usize::try_from(draw(self.seed, order, 3) % 2).ok()? } else { 1 };
        Some(pattern.order(order, parcels))
    }
}

fn can_have_several(pattern: &Pattern) -> bool {
    // Several parcels are several purchases where the carrier sells them one by one.
    pattern.pieces == Pieces::OneShipment || pattern.request().account == "usps"
}

struct Desk {
    office: Arc<Office>,
    lines: BTreeMap<usize, Line>,
}

impl Desk {
    async fn order(&mut self, order: usize) {
        let office = self.office.clone();
        let Some(request) = office.request(order) else { return };
        let ask = Ask::Buy { request: Box::new(request.clone()), wait_ms: WAIT_MS };
        let lot = draw(office.seed, order, 4) % 1000;
        let first = if lot < 5 {
            office.note(|notes| notes.clicked_twice += 1);
            self.click_twice(order, &ask).await
        } else {
            self.until_answered(order, &ask).await
        };
        let Answer::Bought { purchases } = first else {
            office.note(|notes| notes.wrong.push(format!("order {order}: {first:?}")));
            return;
        };
        office.note(|notes| {
            notes.ordered += 1;
            notes.purchases += purchases.len();
        });
        if (5..10).contains(&lot) {
            self.other_key(order, request.clone(), &purchases).await;
        }
        if (10..40).contains(&lot) {
            self.void_what_is_bought(order, request).await;
        }
    }

    /// Asks until there is an answer, each time at another replica.
    async fn until_answered(&mut self, order: usize, ask: &Ask) -> Answer {
        for turn in 0..3_000 {
            let at = (order + turn) % self.office.fleet.len().max(1);
            match self.ask_at(at, ask).await {
                Some(Answer::Later { .. }) | None => {
                    self.office.note(|notes| notes.asked_again += 1);
                    tokio::time::sleep(Duration::from_millis(40)).await;
                }
                Some(answer) => return answer,
            }
        }
        Answer::Refused { reason: "no replica answered for minutes".to_owned() }
    }

    async fn ask_at(&mut self, at: usize, ask: &Ask) -> Option<Answer> {
        let port = self.office.fleet.port(at)?;
        if !self.lines.get(&at).is_some_and(|line| line.leads_to(port)) {
            self.lines.insert(at, Line::connect(port).await.ok()?);
        }
        let asked = self.lines.get_mut(&at)?.ask(ask, Duration::from_secs(30)).await;
        if asked.is_err() {
            self.lines.remove(&at);
        }
        asked.ok()
    }

    /// The same request at two replicas at once, over connections of their own.
    async fn click_twice(&mut self, order: usize, ask: &Ask) -> Answer {
        let ports = [self.office.fleet.port(0), self.office.fleet.port(self.office.fleet.len().max(1) - 1)];
        let click = |port: Option<u16>| async move {
            let mut line = Line::connect(port?).await.ok()?;
            line.ask(ask, Duration::from_secs(30)).await.ok()
        };
        let (one, other) = tokio::join!(click(ports[0]), click(ports[1]));
        let ids = |answer: &Option<Answer>| match answer {
            Some(Answer::Bought { purchases }) => {
                Some(purchases.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>())
            }
            _ => None,
        };
        if let (Some(one), Some(other)) = (ids(&one), ids(&other))
            && one != other
        {
            let text = format!("order {order}: two clicks made {one:?} and {other:?}");
            self.office.note(|notes| notes.wrong.push(text));
        }
        self.until_answered(order, ask).await
    }

    /// A new key for the same package is refused while the first purchase lives.
    async fn other_key(&mut self, order: usize, request: BuyRequest, first: &[(String, PurchaseState)]) {
        let other = BuyRequest { idempotency_key: format!("other-{order}"), ..request };
        let answer =
            self.until_answered(order, &Ask::Buy { request: Box::new(other), wait_ms: WAIT_MS }).await;
        match answer {
            Answer::Duplicate { purchase } if first.iter().any(|(id, _)| *id == purchase) => {
                self.office.note(|notes| notes.refused_as_duplicate += 1);
            }
            // One that was refused or voided lives no more.
            Answer::Bought { .. } if first.iter().any(|(_, state)| *state == PurchaseState::Rejected) => {}
            other => self.office.note(|notes| {
                notes.wrong.push(format!("order {order}: another key for the same package: {other:?}"));
            }),
        }
    }

    /// Waits for the labels, then voids them.
    async fn void_what_is_bought(&mut self, order: usize, request: BuyRequest) {
        let patient = Ask::Buy { request: Box::new(request), wait_ms: 20_000 };
        let Answer::Bought { purchases } = self.until_answered(order, &patient).await else { return };
        for (purchase, _) in purchases.iter().filter(|(_, state)| *state == PurchaseState::Bought) {
            self.void(order, purchase).await;
        }
    }

    async fn void(&mut self, order: usize, purchase: &str) {
        for _ in 0..200 {
            let ask = Ask::Void { purchase: purchase.to_owned(), wait_ms: 3_000 };
            match self.until_answered(order, &ask).await {
                Answer::Void { state: OpState::Done } => {
                    self.office.note(|notes| notes.voided += 1);
                    return;
                }
                // What cannot be voided stays; the check compares both sides.
                Answer::Void { state: OpState::Refused | OpState::NeedsAttention }
                | Answer::Refused { .. } => {
                    return;
                }
                _ => {}
            }
        }
    }
}
