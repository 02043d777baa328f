//! Buying: what is checked first, D1, and who drives an attempt to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;
use waybill_core::{Error, ErrorKind, Handle, Money, Pieces};

use super::send::Step;
use super::{
    Accounts, BuyReply, BuyRequest, Engine, EngineError, KeptOrder, OpenAccount, PurchaseView, Result, json,
    ms,
};
use crate::fail::failpoint;
use crate::journal::Note;
use crate::seal::{Place, sha256};
use crate::store::{Accepted, AttemptState, Fresh, NewAttempt, NewPurchase, StoreError};

const ROUTE: &str = "buy";

impl Engine {
    /// Buys the labels of a shipment.
    ///
    /// Waits for the outcome at most [`BuyRequest::wait`]; the purchase goes on afterwards, and also when the caller is
    /// dropped. The same idempotency key with the same content answers with the same purchase, however often.
    ///
    /// # Errors
    /// Everything in [`EngineError`]; nothing was sent when there is an error. A purchase that the carrier refused is no
    /// error but a purchase in state `rejected`.
    pub async fn buy(&self, request: BuyRequest, accounts: Arc<dyn Accounts>) -> Result<BuyReply> {
        if let Some(reason) = self.still_stopped().await? {
            return Err(EngineError::Quarantined(reason));
        }
        if self.is_closing() {
            return Err(EngineError::Closing);
        }
        let until = Instant::now() + request.wait;
        let Entered { group, fresh } = self.accept(&request, &accounts).await?;
        let replayed = fresh.is_none();
        if let Some(fresh) = fresh {
            let (engine, (done, driven)) = (self.clone(), tokio::sync::oneshot::channel::<()>());
            self.spawn(async move {
                engine.drive_group(fresh, &accounts).await;
                drop(done);
            });
            // Whoever drives it says when it stands somewhere; how it stands, the database says.
            let _ = tokio::time::timeout_at(until.into(), driven).await;
        }
        let purchases = self.wait_for_group(&group, until).await?;
        Ok(BuyReply { group, purchases, replayed })
    }

    /// D1.
    async fn accept(&self, request: &BuyRequest, accounts: &Arc<dyn Accounts>) -> Result<Entered> {
        let fingerprint = fingerprint(request);
        let purchases = match self.ready(request, &fingerprint, accounts).await {
            Ok(purchases) => Arc::new(purchases),
            // A key that was used before answers as before, whatever became of its account since.
            Err(refused) => {
                let known = self.known_key(request, &fingerprint).await?;
                return known.map(Entered::known).ok_or(refused);
            }
        };
        let group = purchases.first().map(|new| new.group_id.clone()).unwrap_or_default();
        failpoint!(self.inner.options.fail, "d1.before");
        let at_once = match purchases.as_slice() {
            [new] => self.inner.store.accept_at_once(new).await,
            _ => Ok(None),
        };
        let written = match at_once {
            Ok(Some(fresh)) => Ok(Entered { group: group.clone(), fresh: Some(vec![fresh]) }),
            Ok(None) => self.accept_in_steps(request, purchases.clone(), group.clone()).await,
            Err(error) => Err(error.into()),
        };
        #[cfg(any(test, feature = "failpoints"))]
        let written = match self.inner.options.fail.loses_commit("d1.commit").await {
            Ok(()) => written,
            Err(lost) => written.and_then(|_| Err(lost.into())),
        };
        let entered = match written {
            // The commit may be there: what the key says decides.
            Err(EngineError::Store(StoreError::CommitUnknown(why))) => {
                match self.known_key(request, &fingerprint).await? {
                    Some(known) if known == group => self.written_group(group).await?,
                    Some(known) => Entered::known(known),
                    None => return Err(StoreError::Down(why).into()),
                }
            }
            other => other?,
        };
        if entered.fresh.is_some() {
            purchases.iter().for_each(|new| self.note(&Note::Accepted(Box::new(new.clone()))));
        }
        failpoint!(self.inner.options.fail, "d1.after");
        Ok(entered)
    }

    /// D1 of several purchases, or of one that is not the usual one.
    async fn accept_in_steps(
        &self,
        request: &BuyRequest,
        purchases: Arc<Vec<NewPurchase>>,
        group: String,
    ) -> Result<Entered> {
        let business_key = request.business_key.clone();
        let job = self.inner.store.write(move |mut db| {
            Box::pin(async move {
                let mut rows = Vec::with_capacity(purchases.len());
                for new in purchases.iter() {
                    match db.accept(new).await? {
                        Accepted::New(fresh) => rows.push(*fresh),
                        Accepted::Known { group } => return Ok(Entered::known(group)),
                        Accepted::KeyReused { group } => return Err(EngineError::KeyReused { group }),
                        Accepted::Duplicate { purchase, state } => {
                            return Err(EngineError::Duplicate { business_key, purchase, state });
                        }
                        Accepted::OverCap { message } => return Err(EngineError::OverCap(message)),
                    }
                }
                Ok(Entered { group, fresh: Some(rows) })
            })
        });
        job.await
    }

    /// What is written down once it is certain that it may be.
    async fn ready(
        &self,
        request: &BuyRequest,
        fingerprint: &str,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<Vec<NewPurchase>> {
        check(request)?;
        let account = accounts.open(&request.tenant, &request.account).await?;
        self.prepare(request, fingerprint, &account)
    }

    /// A group whose commit was answered too late.
    async fn written_group(&self, group: String) -> Result<Entered> {
        let id = group.clone();
        let read = self.inner.store.read::<_, StoreError, _>(|mut db| {
            Box::pin(async move {
                let mut fresh = Vec::new();
                for row in db.group(&id).await? {
                    if let Some(attempt) = db.attempt(&row.id, row.current_attempt).await? {
                        fresh.push(Fresh { row, attempt });
                    }
                }
                Ok(fresh)
            })
        });
        Ok(Entered { group, fresh: Some(read.await?) })
    }

    /// Notes something in the journal, for a database that forgets it.
    pub(super) fn note(&self, note: &Note) {
        if let Err(error) = self.inner.journal.note(note) {
            tracing::warn!(%error, "a purchase could not be noted in the journal");
        }
    }

    async fn known_key(&self, request: &BuyRequest, fingerprint: &str) -> Result<Option<String>> {
        let (tenant, key) = (request.tenant.clone(), request.idempotency_key.clone());
        let found = self
            .inner
            .store
            .read::<_, StoreError, _>(|mut db| Box::pin(async move { db.key(&tenant, ROUTE, &key).await }))
            .await?;
        match found {
            None => Ok(None),
            Some((group, kept)) if kept == fingerprint => Ok(Some(group)),
            Some((group, _)) => Err(EngineError::KeyReused { group }),
        }
    }

    fn prepare(
        &self,
        request: &BuyRequest,
        fingerprint: &str,
        account: &OpenAccount,
    ) -> Result<Vec<NewPurchase>> {
        let profile = account.carrier.profile();
        if account.carrier.label().is_none() {
            return Err(Error::unsupported(format!("{} sells no labels here", profile.name)).into());
        }
        let service = profile.service(&request.service);
        if service.is_none() && !request.service.as_str().is_empty() && !profile.services.is_empty() {
            let message = format!("{} has no service `{}`", profile.name, request.service);
            return Err(Error::new(ErrorKind::NoService, message).into());
        }
        let parcels = request.shipment.parcels.len();
        let each = profile.pieces == Pieces::OneEach && parcels > 1;
        let count = if each { parcels } else { 1 };
        let (quoted, most) = (shares(request.quoted, count), shares(request.max_price, count));
        let group = Uuid::now_v7().to_string();
        (0..count)
            .map(|at| {
                let mut shipment = request.shipment.clone();
                if each {
                    shipment.parcels = shipment.parcels.into_iter().skip(at).take(1).collect();
                }
                let part = Part {
                    id: if at == 0 { group.clone() } else { Uuid::now_v7().to_string() },
                    group: &group,
                    key: (at == 0).then(|| request.idempotency_key.clone()),
                    business_key: if each {
                        format!("{}/{}", request.business_key, at + 1)
                    } else {
                        request.business_key.clone()
                    },
                    parcel: at,
                    shipment,
                    quoted: quoted.get(at).copied(),
                    max_price: most.get(at).copied(),
                };
                self.new_purchase(request, fingerprint, account, part)
            })
            .collect()
    }

    fn new_purchase(
        &self,
        request: &BuyRequest,
        fingerprint: &str,
        account: &OpenAccount,
        part: Part<'_>,
    ) -> Result<NewPurchase> {
        let parcels = part.shipment.parcels.len();
        let mut shipment = part.shipment;
        shipment.ship_date = shipment.ship_date.or_else(|| Some(account.host.now().date_naive()));
        let order = KeptOrder {
            shipment,
            service: request.service.clone(),
            weekend: request.weekend.clone(),
            token: request.token.clone(),
            label: request.label.clone(),
        };
        Ok(NewPurchase {
            order_sealed: self.seal_json(Place::new("purchase", &part.id, &request.tenant), &order)?,
            attempt: self.new_attempt(&part.id, 1, &request.account, account, None),
            id: part.id,
            tenant: request.tenant.clone(),
            route: ROUTE.to_owned(),
            key: part.key,
            fingerprint: fingerprint.to_owned(),
            business_key: part.business_key,
            allow_additional: request.allow_additional,
            group_id: part.group.to_owned(),
            parcel: i64::try_from(part.parcel).unwrap_or(i64::MAX),
            parcels: i64::try_from(parcels).unwrap_or(i64::MAX),
            carrier: account.carrier.profile().id.to_string(),
            account: request.account.clone(),
            environment: account.environment.clone(),
            service: request.service.to_string(),
            quoted: part.quoted,
            max_price: part.max_price,
            policy: json(&request.policy),
        })
    }

    pub(super) fn new_attempt(
        &self,
        purchase: &str,
        n: i64,
        name: &str,
        account: &OpenAccount,
        numbers: Option<String>,
    ) -> NewAttempt {
        NewAttempt {
            id: Uuid::now_v7().to_string(),
            purchase_id: purchase.to_owned(),
            n,
            handle: Handle(Uuid::now_v7()),
            account: name.to_owned(),
            account_fingerprint: account.fingerprint.clone(),
            environment: account.environment.clone(),
            numbers,
            grace: ms(self.inner.options.grace),
        }
    }

    async fn drive_group(&self, fresh: Vec<Fresh>, accounts: &Arc<dyn Accounts>) {
        let Some(group) = fresh.first().map(|one| one.row.group_id.clone()) else { return };
        let several = fresh.len() > 1 || fresh.iter().any(|one| one.row.parcels > 1);
        let drives = fresh.into_iter().map(|one| self.drive_from(one.row.id.clone(), Some(one), accounts));
        for outcome in futures_util::future::join_all(drives).await {
            if let Err(error) = outcome {
                tracing::warn!(%error, group, "a purchase stopped half-way; the worker goes on with it");
            }
        }
        if several && let Err(error) = self.enforce_group(&group, accounts).await {
            tracing::warn!(%error, group, "the policy for pieces could not be carried out yet");
        }
    }

    /// Takes a purchase as far as it goes now: sends a prepared attempt, and asks about an unknown one that is due.
    pub(super) async fn drive(&self, purchase: &str, accounts: &Arc<dyn Accounts>) -> Result<()> {
        self.drive_from(purchase.to_owned(), None, accounts).await
    }

    /// The same, beginning with rows that are in hand.
    async fn drive_from(
        &self,
        purchase: String,
        mut in_hand: Option<Fresh>,
        accounts: &Arc<dyn Accounts>,
    ) -> Result<()> {
        loop {
            if self.is_closing() {
                return Ok(());
            }
            let found = match in_hand.take() {
                Some(fresh) => Some(fresh),
                None => self.rows_of(&purchase).await?,
            };
            let Some(Fresh { row, attempt }) = found else { return Ok(()) };
            let step = match attempt.state {
                AttemptState::Prepared if !row.state.is_final() && self.quarantine().is_none() => {
                    self.send(&row, &attempt, accounts).await?
                }
                AttemptState::Unknown => self.ask(&attempt.id, accounts, false).await?,
                _ => return Ok(()),
            };
            match step {
                Step::GoOn => {}
                Step::Wait(time) if time <= Duration::from_secs(2) => tokio::time::sleep(time).await,
                Step::Wait(_) | Step::Stop => return Ok(()),
            }
        }
    }

    async fn rows_of(&self, purchase: &str) -> Result<Option<Fresh>> {
        let id = purchase.to_owned();
        let read = self.inner.store.read::<_, StoreError, _>(|mut db| {
            Box::pin(async move {
                let Some(row) = db.purchase(&id).await? else { return Ok(None) };
                let attempt = db.attempt(&id, row.current_attempt).await?;
                Ok(attempt.map(|attempt| Fresh { row, attempt }))
            })
        });
        Ok(read.await?)
    }

    async fn wait_for_group(&self, group: &str, until: Instant) -> Result<Vec<PurchaseView>> {
        let mut pause = Duration::from_millis(2);
        loop {
            let views = self.group_views(group).await;
            match views {
                Ok(views) if views.iter().all(|view| view.state.is_settled()) => return Ok(views),
                // The purchase is written down; that its state cannot be read now is no reason to say that it failed.
                views if Instant::now() >= until => return views,
                _ => {}
            }
            tokio::time::sleep(pause.min(until.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }
}

/// What D1 came to.
struct Entered {
    group: String,
    /// What was written down; `None` when the key was used before.
    fresh: Option<Vec<Fresh>>,
}

impl Entered {
    fn known(group: String) -> Self {
        Self { group, fresh: None }
    }
}

struct Part<'a> {
    id: String,
    group: &'a str,
    key: Option<String>,
    business_key: String,
    parcel: usize,
    shipment: waybill_core::Shipment,
    quoted: Option<Money>,
    max_price: Option<Money>,
}

/// What was asked, as a digest. The wait is not part of it.
fn fingerprint(request: &BuyRequest) -> String {
    sha256(json(request).as_bytes())
}

fn check(request: &BuyRequest) -> Result<()> {
    let mut problems = request.shipment.problems();
    let named = [
        ("tenant", &request.tenant),
        ("idempotency_key", &request.idempotency_key),
        ("business_key", &request.business_key),
        ("account", &request.account),
    ];
    for (path, value) in named {
        if value.trim().is_empty() || value.len() > 200 {
            problems.push(waybill_core::FieldProblem::new(
                path,
                "it is empty or longer than 200 characters",
                "give a short text",
            ));
        }
    }
    if !(1..=10).contains(&request.policy.max_attempts) {
        problems.push(waybill_core::FieldProblem::new(
            "policy.max_attempts",
            "it is not from 1 to 10",
            "2 is usual",
        ));
    }
    if !problems.is_empty() {
        return Err(Error::invalid(problems).into());
    }
    let (Some(quoted), Some(max)) = (request.quoted, request.max_price) else { return Ok(()) };
    match quoted.compare(&max) {
        Some(std::cmp::Ordering::Greater) => Err(EngineError::AboveMax { quoted, max }),
        Some(_) => Ok(()),
        None => Err(Error::invalid_field(
            "max_price",
            format!("it is in {}, the quoted price in {}", max.currency, quoted.currency),
            "give both in the currency of the quote",
        )
        .into()),
    }
}

/// Shares of a price that add up to it exactly; the first ones carry what does not divide.
fn shares(price: Option<Money>, count: usize) -> Vec<Money> {
    let Some(price) = price else { return Vec::new() };
    let n = i64::try_from(count).unwrap_or(1).max(1);
    match price.to_minor() {
        _ if n == 1 => vec![price],
        Some(minor) => (0..n)
            .map(|at| {
                Money::from_minor(minor.div_euclid(n) + i64::from(at < minor.rem_euclid(n)), price.currency)
            })
            .collect(),
        None => {
            let share = price.amount.checked_div(n.into()).unwrap_or(price.amount);
            vec![Money::new(share, price.currency); count]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_core::Currency;

    #[test]
    fn shares_add_up() {
        for (minor, count) in [(1000, 3), (1, 2), (999, 7), (100, 1)] {
            let total = Money::from_minor(minor, Currency::USD);
            let parts = shares(Some(total), count);
            assert_eq!(parts.len(), count);
            assert_eq!(Money::sum(&parts, Currency::USD).unwrap(), total);
        }
    }
}
