//! Entries that a person makes: what was accepted, disputed, agreed on, paid, given up.

use waybill_core::Money;

use super::{Entry, EntryKind, NewEntry};
use crate::engine::EngineError;
use crate::store::{Db, Store};

/// What a person says of the money of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByHand {
    /// Tenant.
    pub tenant: String,
    /// Purchase.
    pub purchase: String,
    /// Accepted, billed, reconciled, disputed, adjusted, paid or written off.
    pub kind: EntryKind,
    /// Amount; what was billed or, before that, expected when absent.
    pub amount: Option<Money>,
    /// Weight as the carrier states it.
    pub weight: Option<String>,
    /// Remark.
    pub note: Option<String>,
}

/// Where the money of a shipment stands: its newest entry that says more than the ones before. `None` without entries.
pub fn standing(entries: &[Entry]) -> Option<EntryKind> {
    // A statement that comes after a payment reopens nothing; a dispute does.
    entries.iter().map(|entry| entry.new.kind).reduce(|before, kind| match (before, kind) {
        (EntryKind::Paid | EntryKind::WrittenOff, EntryKind::Disputed | EntryKind::Adjusted) => kind,
        (before, kind) if rank(kind) >= rank(before) || before == EntryKind::Disputed => kind,
        (before, _) => before,
    })
}

fn rank(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::Estimated => 0,
        EntryKind::Ordered | EntryKind::Charged | EntryKind::Offline => 1,
        EntryKind::Accepted => 2,
        EntryKind::Billed => 3,
        EntryKind::Reconciled | EntryKind::Disputed | EntryKind::Adjusted => 4,
        EntryKind::Paid | EntryKind::WrittenOff => 5,
    }
}

/// Adds an entry for a person. Nothing is overwritten: a later entry says more.
///
/// # Errors
/// `NotFound` for a purchase that is not the tenant's; `WrongState` where the entry makes no sense after those before.
pub async fn by_hand(store: &Store, entry: ByHand) -> Result<Vec<Entry>, EngineError> {
    store.write(move |mut db| Box::pin(async move { write(&mut db, entry).await })).await
}

async fn write(db: &mut Db<'_>, said: ByHand) -> Result<Vec<Entry>, EngineError> {
    let not_found = || EngineError::NotFound(format!("purchase `{}`", said.purchase));
    let row = db.purchase(&said.purchase).await?.filter(|row| row.tenant == said.tenant);
    let row = row.ok_or_else(not_found)?;
    let entries = db.entries(&said.tenant, &row.id).await?;
    allowed(&said, &entries)?;
    let tracking = db.labels(&row.id).await?.first().map(|label| label.new.tracking.clone());
    let named = said.amount.or_else(|| amount_so_far(&entries));
    db.insert_entry(&NewEntry {
        tenant: row.tenant.clone(),
        carrier: row.carrier.clone(),
        account: row.account.clone(),
        purchase_id: Some(row.id.clone()),
        tracking,
        reference: Some(row.business_key.clone()),
        kind: said.kind,
        amount: if said.kind == EntryKind::Accepted { said.amount } else { named },
        weight: said.weight,
        source: "person".to_owned(),
        note: said.note,
    })
    .await?;
    Ok(db.entries(&row.tenant, &row.id).await?)
}

fn allowed(said: &ByHand, entries: &[Entry]) -> Result<(), EngineError> {
    let has = |kinds: &[EntryKind]| entries.iter().any(|entry| kinds.contains(&entry.new.kind));
    let wrong = |words: String| Err(EngineError::WrongState(words));
    match said.kind {
        EntryKind::Estimated | EntryKind::Ordered | EntryKind::Charged | EntryKind::Offline => {
            wrong(format!(
                "`{}` is written by the engine when it buys; say accepted, billed, reconciled, disputed, adjusted, paid or written_off",
                said.kind.as_str()
            ))
        }
        EntryKind::Reconciled | EntryKind::Disputed if !has(&[EntryKind::Billed]) => {
            wrong("nothing was billed for it yet: import the statement first, or say `billed`".into())
        }
        EntryKind::Billed | EntryKind::Adjusted if said.amount.is_none() => {
            wrong(format!("`{}` wants an amount", said.kind.as_str()))
        }
        EntryKind::Paid if !has(&[EntryKind::Billed, EntryKind::Charged, EntryKind::Offline]) => {
            wrong("nothing was billed or charged for it yet".into())
        }
        _ if entries.is_empty() => wrong("it was never bought, so that there is nothing to settle".into()),
        _ => Ok(()),
    }
}

/// What was billed; before that what was charged, ordered or estimated.
fn amount_so_far(entries: &[Entry]) -> Option<Money> {
    let newest = |kinds: &[EntryKind]| {
        let of_kind = entries.iter().rev().filter(|entry| kinds.contains(&entry.new.kind));
        of_kind.filter_map(|entry| entry.new.amount).next()
    };
    newest(&[EntryKind::Billed])
        .or_else(|| newest(&[EntryKind::Charged, EntryKind::Ordered, EntryKind::Offline]))
        .or_else(|| newest(&[EntryKind::Estimated]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(kinds: &[EntryKind]) -> Option<EntryKind> {
        let entry = |kind: &EntryKind| Entry {
            new: NewEntry {
                tenant: String::new(),
                carrier: String::new(),
                account: String::new(),
                purchase_id: None,
                tracking: None,
                reference: None,
                kind: *kind,
                amount: None,
                weight: None,
                source: String::new(),
                note: None,
            },
            at: 0,
        };
        standing(&kinds.iter().map(entry).collect::<Vec<_>>())
    }

    #[test]
    fn the_newest_entry_that_says_more_is_where_the_money_stands() {
        use EntryKind as E;
        assert_eq!(after(&[]), None);
        assert_eq!(after(&[E::Estimated, E::Ordered, E::Accepted]), Some(E::Accepted));
        assert_eq!(after(&[E::Estimated, E::Charged, E::Billed, E::Accepted]), Some(E::Billed));
        assert_eq!(after(&[E::Offline, E::Billed, E::Disputed, E::Reconciled]), Some(E::Reconciled));
        assert_eq!(after(&[E::Offline, E::Billed, E::Reconciled, E::Paid, E::Billed]), Some(E::Paid));
        assert_eq!(
            after(&[E::Offline, E::Billed, E::Paid, E::Disputed, E::Adjusted, E::Paid]),
            Some(E::Paid)
        );
        assert_eq!(after(&[E::Offline, E::Billed, E::Disputed, E::WrittenOff]), Some(E::WrittenOff));
    }
}
