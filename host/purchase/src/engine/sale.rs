//! D4: a sale with its labels, files, ledger entries and event in one transaction, and what becomes of a sale that comes
//! late.

use uuid::Uuid;
use waybill_core::{DocumentKind, LabelKey, Money, Purchase, Settlement, ShipmentKey};

use super::outcome::{outcome, variance};
use super::{Attention, Engine, OpenAccount, Policy, Result, json};
use crate::fail::failpoint;
use crate::ledger::{EntryKind, NewEntry};
use crate::seal::{Place, sha256};
use crate::store::{
    AttemptRow, AttemptState, Chain, Db, Inserted, LabelState, NewDocument, NewLabel, NewOp, OpKind,
    PurchaseChange, PurchaseRow, PurchaseState, Store, StoreError, moved, reservation,
};

/// How a sale became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The carrier's answer to the purchase.
    Answer,
    /// The stored answer, read again.
    StoredAnswer,
    /// A question by handle.
    Lookup,
    /// The sweep.
    Sweep,
    /// A person.
    Operator,
}

impl Source {
    fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::StoredAnswer => "stored_answer",
            Self::Lookup => "lookup",
            Self::Sweep => "sweep",
            Self::Operator => "operator",
        }
    }
}

/// A sale with everything sealed and numbered, ready to be written.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) labels: Vec<NewLabel>,
    pub(super) documents: Vec<NewDocument>,
    pub(super) charged: Option<Money>,
    pub(super) settlement: Settlement,
    /// Every piece has a printable label.
    pub(super) printable: bool,
    /// Voids it, should it be too much.
    pub(super) void: NewOp,
    pub(super) source: Source,
    /// What the carrier can do.
    pub(super) voids: bool,
}

/// What became of a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// It is the purchase's label now.
    Adopted,
    /// It is known already.
    Known,
    /// It is one too many, and is being voided.
    Extra,
    /// Its number belongs to another purchase.
    Contradiction,
}

/// What a void needs, sealed in its row.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct VoidOrder {
    pub(super) purchase: String,
    pub(super) attempt: String,
    pub(super) key: LabelKey,
    /// Numbers that are void when the carrier says so.
    pub(super) numbers: Vec<String>,
}

impl Engine {
    /// Writes a sale down, whatever became of its attempt meanwhile.
    pub(super) async fn settle_sale(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
        sale: &Purchase,
        source: Source,
    ) -> Result<Settled> {
        let prepared = self.prepare_sale(row, attempt, account, sale, source)?;
        #[cfg(any(test, feature = "failpoints"))]
        let drop_late = self.inner.options.is(super::Mutant::DropLateSuccess);
        #[cfg(not(any(test, feature = "failpoints")))]
        let drop_late = false;
        let mut tries = 0;
        let settled = loop {
            let write = async {
                failpoint!(self.inner.options.fail, "d4.before");
                // The sender's own rows do for the first try; whatever changed meanwhile leads to the second way, which reads.
                if tries == 0
                    && source == Source::Answer
                    && settle_own(&self.inner.store, row, attempt, &prepared).await?
                {
                    return Ok(Settled::Adopted);
                }
                let (attempt, prepared) = (attempt.id.clone(), prepared.clone());
                let job = self.inner.store.write::<_, StoreError, _>(move |mut db| {
                    Box::pin(async move { settle(&mut db, &attempt, &prepared, drop_late).await })
                });
                job.await
            };
            match write.await {
                Ok(settled) => break settled,
                // The answer is stored (D3): if the database stays away, the worker reads it again later.
                Err(_) if tries < 4 => tries += 1,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(std::time::Duration::from_millis(20 << tries)).await;
        };
        failpoint!(self.inner.options.fail, "d4.after");
        if settled == Settled::Extra {
            tracing::warn!(
                purchase = row.id,
                source = source.as_str(),
                "a label too many was found; it is being voided"
            );
        }
        Ok(settled)
    }

    /// Settles the first attempt's answer again, as from a sender that was stopped with it in its hands.
    #[cfg(test)]
    pub(crate) async fn answer_once_more(
        &self,
        purchase: &str,
        accounts: &std::sync::Arc<dyn crate::Accounts>,
        sale: &Purchase,
    ) -> Result<()> {
        let id = purchase.to_owned();
        let rows = self.inner.store.read::<_, StoreError, _>(|mut db| {
            Box::pin(async move { Ok((db.purchase(&id).await?, db.attempts(&id).await?)) })
        });
        let (Some(row), attempts) = rows.await? else { return Ok(()) };
        let account = self.account_for(&attempts[0], &row.tenant, accounts).await?;
        let settled = self.settle_sale(&row, &attempts[0], &account, sale, Source::Answer).await?;
        assert_eq!(settled, Settled::Known);
        Ok(())
    }

    fn prepare_sale(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        account: &OpenAccount,
        sale: &Purchase,
        source: Source,
    ) -> Result<Prepared> {
        let documents: Vec<NewDocument> = sale
            .documents
            .iter()
            .filter(|document| !document.bytes.is_empty())
            .map(|document| self.new_document(&row.tenant, &attempt.id, document))
            .collect::<Result<_>>()?;
        let file_of = |parcel: u32| {
            let label = |document: &&NewDocument| document.kind == DocumentKind::Label.as_str();
            let own =
                documents.iter().filter(label).find(|document| document.piece == Some(i64::from(parcel)));
            own.or_else(|| documents.iter().filter(label).find(|document| document.piece.is_none()))
                .map(|document| document.id.clone())
        };
        let charged = sale.charged();
        let pieces_priced = sale.pieces.iter().any(|piece| piece.charged.is_some());
        let labels: Vec<NewLabel> = sale
            .pieces
            .iter()
            .enumerate()
            .map(|(at, piece)| NewLabel {
                id: Uuid::now_v7().to_string(),
                tenant: row.tenant.clone(),
                purchase_id: row.id.clone(),
                attempt_id: attempt.id.clone(),
                piece: i64::from(piece.parcel),
                carrier: row.carrier.clone(),
                account: row.account.clone(),
                environment: attempt.environment.clone(),
                tracking: piece.tracking.as_str().to_owned(),
                shipment_key: sale.shipment_key.as_str().to_owned(),
                carrier_data: sale.carrier_data.clone(),
                service: row.service.clone(),
                price: if pieces_priced { piece.charged } else { charged.filter(|_| at == 0) },
                document_id: file_of(piece.parcel),
            })
            .collect();
        let void = self.void_op(row, attempt, &labels, "extra")?;
        Ok(Prepared {
            printable: !labels.is_empty() && labels.iter().all(|label| label.document_id.is_some()),
            labels,
            documents,
            charged,
            settlement: sale.settlement.clone(),
            void,
            source,
            voids: account.carrier.profile().purchase.voids,
        })
    }

    pub(super) fn new_document(
        &self,
        tenant: &str,
        subject: &str,
        document: &waybill_core::Document,
    ) -> Result<NewDocument> {
        let id = Uuid::now_v7().to_string();
        let meta = waybill_core::Document { bytes: Vec::new().into(), ..document.clone() };
        Ok(NewDocument {
            tenant: tenant.to_owned(),
            subject: subject.to_owned(),
            piece: document.parcel.map(i64::from),
            kind: document.kind.to_string(),
            format: document.format.to_string(),
            meta: json(&meta),
            bytes_sealed: self.inner.sealer.seal(Place::new("document", &id, tenant), &document.bytes)?,
            sha256: sha256(&document.bytes),
            id,
        })
    }

    /// The operation that voids labels. Its target is the first label when it is one too many, else the purchase.
    pub(super) fn void_op(
        &self,
        row: &PurchaseRow,
        attempt: &AttemptRow,
        labels: &[NewLabel],
        purpose: &str,
    ) -> Result<NewOp> {
        let id = Uuid::now_v7().to_string();
        let first = labels.first();
        let bought = chrono::DateTime::from_timestamp_millis(attempt.sent_at.unwrap_or(row.created_at));
        let key = LabelKey {
            shipment_key: ShipmentKey::from(
                first.map(|label| label.shipment_key.clone()).unwrap_or_default(),
            ),
            tracking: match labels {
                [] => attempt.numbers.clone().unwrap_or_default(),
                labels => labels.iter().map(|label| label.tracking.as_str().into()).collect(),
            },
            service: row.service.as_str().into(),
            handle: attempt.handle,
            bought_at: bought.unwrap_or_default(),
            carrier_data: first.and_then(|label| label.carrier_data.clone()),
        };
        let order = VoidOrder {
            purchase: row.id.clone(),
            attempt: attempt.id.clone(),
            key,
            numbers: labels.iter().map(|label| label.tracking.clone()).collect(),
        };
        let extra = first.filter(|_| purpose == "extra").map(|label| label.id.clone());
        Ok(NewOp {
            request_sealed: self.seal_json(Place::new("carrier_op", &id, &row.tenant), &order)?,
            handle: waybill_core::Handle(Uuid::now_v7()),
            id,
            tenant: row.tenant.clone(),
            kind: OpKind::Void,
            target: extra.unwrap_or_else(|| row.id.clone()),
            account: attempt.account.clone(),
            account_fingerprint: attempt.account_fingerprint.clone(),
            environment: attempt.environment.clone(),
            purpose: purpose.to_owned(),
            grace: 0,
        })
    }
}

/// The usual case in one message: the answer to an attempt that nobody has touched since it was sent, bought as it was
/// wanted. False when that is not so, and nothing is changed.
async fn settle_own(
    store: &Store,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    sale: &Prepared,
) -> Result<bool, StoreError> {
    let first = row.state == PurchaseState::Accepted && row.current_attempt == attempt.n && attempt.n == 1;
    let Adoption { change, event, payload, void } = adoption(row, attempt, sale);
    if !first || void.is_some() || row.reserved_day.is_some() || sale.labels.is_empty() {
        return Ok(false);
    }
    let chain = store.chain().then(moved(&attempt.id, attempt.epoch, "sending", "confirmed"));
    let chain = sale.labels.iter().map(NewLabel::insert).fold(chain, Chain::then);
    let chain = sale.documents.iter().map(NewDocument::insert).fold(chain, Chain::then);
    let chain = ledger_entries(row, sale, true).iter().map(NewEntry::insert).fold(chain, Chain::then);
    let chain = chain.purchase(row, &change, &event, &payload);
    Ok(store.run_chain(chain).await?.is_some())
}

async fn settle(
    db: &mut Db<'_>,
    attempt: &str,
    sale: &Prepared,
    drop_late: bool,
) -> Result<Settled, StoreError> {
    let missing = || StoreError::Corrupt("an attempt without a row was sold".into());
    let attempt = db.attempt_by_id(attempt).await?.ok_or_else(missing)?;
    let row = db.purchase(&attempt.purchase_id).await?.ok_or_else(missing)?;
    let adopts = adopts(db, &row, &attempt, sale).await?;
    if drop_late && !adopts {
        return Ok(Settled::Known);
    }
    let (mut fresh, mut priced, mut filed) = (Vec::new(), false, false);
    for label in &sale.labels {
        match db.insert_label(label).await? {
            Inserted::New => fresh.push(label.tracking.clone()),
            Inserted::Known { purchase } if purchase == row.id => {
                filed |= add_file(db, label, sale).await?;
                priced |= db.set_label_price(label).await?;
            }
            Inserted::Known { purchase } => {
                contradiction(db, &row, &attempt, label, &purchase).await?;
                return Ok(Settled::Contradiction);
            }
        }
    }
    if !fresh.is_empty() {
        for document in &sale.documents {
            db.insert_document(document).await?;
        }
        for entry in ledger_entries(&row, sale, adopts) {
            db.insert_entry(&entry).await?;
        }
    }
    if adopts {
        db.set_attempt(&attempt.id, AttemptState::Confirmed.as_str()).await?;
        adopt(db, &row, &attempt, sale).await?;
        return Ok(Settled::Adopted);
    }
    if fresh.is_empty() {
        if priced || filed {
            complete(db, &row, &attempt, sale, priced).await?;
        }
        return Ok(Settled::Known);
    }
    extra(db, &row, &attempt, sale, &fresh).await?;
    Ok(Settled::Extra)
}

/// A label that was recorded without its file gets it when it turns up. Whether it did.
async fn add_file(db: &mut Db<'_>, label: &NewLabel, sale: &Prepared) -> Result<bool, StoreError> {
    let Some(id) = &label.document_id else { return Ok(false) };
    let Some(document) = sale.documents.iter().find(|document| document.id == *id) else { return Ok(false) };
    if !db.set_label_document(label, id).await? {
        return Ok(false);
    }
    // Under the attempt that holds the label, so that it is found with it.
    db.insert_document(document).await?;
    Ok(true)
}

/// A purchase that was cleared up by asking, at a carrier that says neither price nor label again, gets them when the answer
/// turns up after all: the labels have them; the books and the spend that is held follow, and a purchase without a label to
/// print becomes one with it.
async fn complete(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    sale: &Prepared,
    priced: bool,
) -> Result<(), StoreError> {
    if priced {
        let paid =
            ledger_entries(row, sale, true).into_iter().filter(|entry| entry.kind != EntryKind::Estimated);
        for entry in paid {
            db.insert_entry(&entry).await?;
        }
    }
    if attempt.n != row.current_attempt {
        return Ok(());
    }
    let charged = sale.charged.filter(|_| priced && row.charged.is_none());
    if charged.is_some() {
        hold_what_it_cost(db, row, sale).await?;
    }
    let state = match row.state {
        PurchaseState::BoughtNoLabel => Some(printable_state(db, row).await?),
        _ => None,
    };
    let state = state.filter(|state| *state != PurchaseState::BoughtNoLabel);
    if charged.is_none() && state.is_none() {
        return Ok(());
    }
    let numbers: Vec<_> = sale.labels.iter().map(|label| label.tracking.as_str()).collect();
    let event = state.map_or("purchase.priced".to_owned(), |state| format!("purchase.{state}"));
    let change =
        PurchaseChange { state, charged, attention: state.map(|_| None), ..PurchaseChange::default() };
    let payload = serde_json::json!({
        "tracking": numbers, "charged": sale.charged, "variance": variance(row, sale),
        "source": sale.source.as_str(), "attempt": attempt.n,
    });
    db.must_change(row, &change, &event, &payload).await
}

/// What a purchase with the live labels of the books is.
pub(super) async fn printable_state(db: &mut Db<'_>, row: &PurchaseRow) -> Result<PurchaseState, StoreError> {
    let labels = db.labels(&row.id).await?;
    let live = labels.iter().filter(|label| label.state == LabelState::Live);
    let printable = live.clone().all(|label| label.new.document_id.is_some());
    let count = i64::try_from(live.count()).unwrap_or(i64::MAX);
    Ok(match (printable, count >= row.parcels) {
        (false, _) => PurchaseState::BoughtNoLabel,
        (true, false) => PurchaseState::Partial,
        (true, true) => PurchaseState::Bought,
    })
}

/// Whether a sale becomes the purchase's own: its attempt is the open one, or the open one has the same chosen number, or was
/// not sent and can be taken back. Whoever prepared it cannot send it afterwards: D2 is a compare-and-set on the same row.
async fn adopts(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    sale: &Prepared,
) -> Result<bool, StoreError> {
    use PurchaseState as P;
    let waits = matches!(row.state, P::Accepted | P::Unknown | P::NeedsAttention);
    if !waits {
        return Ok(false);
    }
    if attempt.n == row.current_attempt {
        let open = matches!(attempt.state, AttemptState::Sending | AttemptState::Unknown);
        return Ok(open || (sale.source == Source::Operator && attempt.state != AttemptState::Confirmed));
    }
    if is_void(db, row, sale).await? {
        return Ok(false);
    }
    let Some(newest) = db.attempt(&row.id, row.current_attempt).await? else { return Ok(false) };
    // One number is one label: what turned up for an earlier attempt is what the newest one with the same number asks for.
    // Its own answer, if one still comes, can only name this label again; voiding it would use the number up.
    let same = newest.numbers.as_ref().is_some_and(|numbers| !numbers.is_empty())
        && newest.numbers == attempt.numbers;
    let from = match newest.state {
        AttemptState::Prepared => "prepared",
        AttemptState::Sending if same => "sending",
        AttemptState::Unknown if same => "unknown",
        _ => return Ok(false),
    };
    db.move_attempt(&newest.id, newest.epoch, from, "rejected").await
}

/// Whether a sale's labels were voided here: found without a file, say, and given up for a further attempt. Whoever brings
/// the sale again, a sender that was stopped with the answer in its hands or a question that was asked before the void,
/// brings nothing that a parcel could travel with.
async fn is_void(db: &mut Db<'_>, row: &PurchaseRow, sale: &Prepared) -> Result<bool, StoreError> {
    let known = db.labels(&row.id).await?;
    let void = |label: &NewLabel| {
        known.iter().any(|one| one.new.tracking == label.tracking && one.state == LabelState::Voided)
    };
    Ok(!sale.labels.is_empty() && sale.labels.iter().all(void))
}

/// The spend that was held for the quoted price becomes what was charged.
async fn hold_what_it_cost(db: &mut Db<'_>, row: &PurchaseRow, sale: &Prepared) -> Result<(), StoreError> {
    if let (Some(charged), true) = (sale.charged, row.reserved_day.is_some()) {
        let charged = reservation(&charged);
        if row.reserved_currency.as_deref() == Some(&charged.currency) && charged.minor != row.reserved_minor
        {
            db.adjust_held(row, charged.minor - row.reserved_minor).await?;
        }
    }
    Ok(())
}

async fn adopt(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    sale: &Prepared,
) -> Result<(), StoreError> {
    hold_what_it_cost(db, row, sale).await?;
    let Adoption { change, event, payload, void } = adoption(row, attempt, sale);
    db.must_change(row, &change, &event, &payload).await?;
    if let Some(purpose) = void {
        let op = NewOp { purpose: purpose.to_owned(), target: row.id.clone(), ..sale.void.clone() };
        db.insert_op(&op).await?;
    }
    Ok(())
}

/// What a sale makes of its purchase.
struct Adoption {
    change: PurchaseChange,
    event: String,
    payload: serde_json::Value,
    /// It is voided again, for this.
    void: Option<&'static str>,
}

fn adoption(row: &PurchaseRow, attempt: &AttemptRow, sale: &Prepared) -> Adoption {
    let policy: Policy = serde_json::from_str(&row.policy).unwrap_or_default();
    let outcome = outcome(row, attempt, sale, &policy);
    let numbers: Vec<_> = sale.labels.iter().map(|label| label.tracking.as_str()).collect();
    Adoption {
        event: format!("purchase.{}", outcome.state),
        payload: serde_json::json!({
            "tracking": numbers, "charged": sale.charged, "variance": variance(row, sale),
            "source": sale.source.as_str(), "attempt": attempt.n,
        }),
        change: PurchaseChange {
            state: Some(outcome.state),
            charged: sale.charged,
            settlement: Some(json(&sale.settlement)),
            current_attempt: Some(attempt.n),
            attention: Some(outcome.attention.as_ref().map(json)),
            ..PurchaseChange::default()
        },
        void: outcome.void,
    }
}

/// What a person must know to decide.
pub(super) fn attention(row: &PurchaseRow, attempt: &AttemptRow, reason: &str, ways: &[&str]) -> Attention {
    Attention {
        reason: reason.to_owned(),
        account: attempt.account.clone(),
        environment: attempt.environment.clone(),
        handle: attempt.handle.short(),
        handle_uuid: attempt.handle.uuid(),
        numbers: attempt.numbers.iter().flatten().map(ToString::to_string).collect(),
        sent_at: attempt.sent_at,
        deadline: row.resolve_deadline,
        ways: ways.iter().map(|way| (*way).to_owned()).collect(),
    }
}

async fn extra(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    sale: &Prepared,
    fresh: &[String],
) -> Result<(), StoreError> {
    let target =
        sale.labels.iter().find(|label| fresh.contains(&label.tracking)).map(|label| label.id.clone());
    let op = NewOp { target: target.unwrap_or_else(|| row.id.clone()), ..sale.void.clone() };
    db.insert_op(&op).await?;
    let payload = serde_json::json!({
        "tracking": fresh, "attempt": attempt.n, "source": sale.source.as_str(), "action": "void",
    });
    db.must_change(row, &PurchaseChange::default(), "purchase.extra_found", &payload).await
}

async fn contradiction(
    db: &mut Db<'_>,
    row: &PurchaseRow,
    attempt: &AttemptRow,
    label: &NewLabel,
    other: &str,
) -> Result<(), StoreError> {
    let reason =
        format!("the carrier answered number {}, which is recorded under purchase {other}", label.tracking);
    let told = attention(row, attempt, &reason, &["adopt", "nothing_bought", "void"]);
    let state = matches!(row.state, PurchaseState::Accepted | PurchaseState::Unknown)
        .then_some(PurchaseState::NeedsAttention);
    let change = PurchaseChange { state, attention: Some(Some(json(&told))), ..PurchaseChange::default() };
    let payload = serde_json::json!({ "reason": "contradiction", "tracking": label.tracking });
    if attempt.state == AttemptState::Sending {
        // No more sending, no lease that ends: the row waits for a person.
        db.set_attempt(&attempt.id, AttemptState::Unknown.as_str()).await?;
    }
    db.must_change(row, &change, "purchase.needs_attention", &payload).await
}

fn ledger_entries(row: &PurchaseRow, sale: &Prepared, adopted: bool) -> Vec<NewEntry> {
    let tracking = sale.labels.first().map(|label| label.tracking.clone());
    let entry = |kind: EntryKind, amount: Option<Money>| NewEntry {
        tenant: row.tenant.clone(),
        carrier: row.carrier.clone(),
        account: row.account.clone(),
        purchase_id: Some(row.id.clone()),
        tracking: tracking.clone(),
        reference: Some(row.business_key.clone()),
        kind,
        amount,
        weight: None,
        source: "engine".to_owned(),
        note: (!adopted).then(|| "a label too many".to_owned()),
    };
    let kind = match sale.settlement {
        Settlement::Charged => EntryKind::Charged,
        Settlement::BilledToAccount => EntryKind::Ordered,
        Settlement::Offline { .. } => EntryKind::Offline,
    };
    let quoted = row.quoted.filter(|_| adopted).map(|quoted| entry(EntryKind::Estimated, Some(quoted)));
    quoted.into_iter().chain([entry(kind, sale.charged)]).collect()
}
