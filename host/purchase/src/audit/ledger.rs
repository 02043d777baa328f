//! The join of our labels with a carrier's own list of sales, both ways.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::Row;
use waybill_core::Money;

use super::Report;
use crate::store::{LabelRow, LabelState, Store, StoreError};

/// A sale in a carrier's own list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSale {
    /// Carrier.
    pub carrier: String,
    /// Number under the barcode.
    pub tracking: String,
    /// Our handle, where the list has it.
    #[serde(default)]
    pub handle: Option<String>,
    /// Price, where the list has it.
    #[serde(default)]
    pub price: Option<Money>,
    /// Whether it was voided.
    #[serde(default)]
    pub voided: bool,
}

struct Known {
    labels: Vec<LabelRow>,
    /// Handles of attempts on which a person must decide.
    open: BTreeSet<String>,
    purchases_of_handles: BTreeMap<String, String>,
}

pub(super) async fn compare(
    store: &Store,
    sales: &[LedgerSale],
    report: &mut Report,
) -> Result<(), StoreError> {
    let known = store.read::<_, StoreError, _>(|mut db| {
        Box::pin(async move {
            let labels = db.labels_since(None, 0).await?;
            let query = db.sql(
                "SELECT a.handle, a.purchase_id, CASE WHEN p.state = 'needs_attention' THEN 1 ELSE 0 END \
                 FROM attempt a JOIN purchase p ON p.id = a.purchase_id",
            );
            let (mut open, mut purchases_of_handles) = (BTreeSet::new(), BTreeMap::new());
            for row in db.all(query).await? {
                let handle: String = row.try_get(0)?;
                // A literal is a 32-bit number on one of the databases and a 64-bit one on the other.
                let waits = row.try_get::<i64, _>(2).or_else(|_| row.try_get::<i32, _>(2).map(i64::from))?;
                if waits == 1 {
                    open.insert(handle.clone());
                }
                purchases_of_handles.insert(handle, row.try_get(1)?);
            }
            Ok(Known { labels, open, purchases_of_handles })
        })
    });
    let known = known.await?;
    lost(sales, &known, report);
    phantom(sales, &known, report);
    double(sales, &known, report);
    sums(sales, &known, report);
    Ok(())
}

fn lost(sales: &[LedgerSale], known: &Known, report: &mut Report) {
    let mut rows: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for label in &known.labels {
        *rows.entry((label.new.carrier.as_str(), label.new.tracking.as_str())).or_default() += 1;
    }
    for sale in sales {
        let count = rows.get(&(sale.carrier.as_str(), sale.tracking.as_str())).copied().unwrap_or(0);
        let waits = sale.handle.as_ref().is_some_and(|handle| known.open.contains(handle));
        match count {
            1 => {}
            0 if waits => report.waiting_for_a_person.push(sale.tracking.clone()),
            0 => report.add("I1", sale.tracking.clone(), "the carrier sold it and no label is recorded"),
            more => report.add("I1", sale.tracking.clone(), format!("one sale is recorded {more} times")),
        }
    }
}

fn phantom(sales: &[LedgerSale], known: &Known, report: &mut Report) {
    let sold: BTreeSet<(&str, &str)> =
        sales.iter().map(|sale| (sale.carrier.as_str(), sale.tracking.as_str())).collect();
    for label in &known.labels {
        if !sold.contains(&(label.new.carrier.as_str(), label.new.tracking.as_str())) {
            report.add("I2", label.new.tracking.clone(), "a label is recorded that the carrier never sold");
        }
    }
    let state: BTreeMap<&str, bool> =
        sales.iter().map(|sale| (sale.tracking.as_str(), sale.voided)).collect();
    for label in &known.labels {
        let ours = label.state == LabelState::Voided;
        if state.get(label.new.tracking.as_str()).is_some_and(|theirs| *theirs != ours) {
            let word = |voided| if voided { "void" } else { "live" };
            let message = format!("it is {} here and {} at the carrier", word(ours), word(!ours));
            report.add("I12", label.new.tracking.clone(), message);
        }
    }
}

/// Live sales per purchase by the handles of its attempts, whatever is recorded of them.
fn double(sales: &[LedgerSale], known: &Known, report: &mut Report) {
    let pieces: BTreeMap<&str, usize> = known.labels.iter().fold(BTreeMap::new(), |mut count, label| {
        let most = count.entry(label.new.purchase_id.as_str()).or_default();
        *most = usize::try_from(label.new.piece + 1).unwrap_or(1).max(*most);
        count
    });
    let mut live: BTreeMap<&str, usize> = BTreeMap::new();
    for sale in sales.iter().filter(|sale| !sale.voided) {
        let purchase = sale.handle.as_ref().and_then(|handle| known.purchases_of_handles.get(handle));
        if let Some(purchase) = purchase {
            *live.entry(purchase.as_str()).or_default() += 1;
        }
    }
    for (purchase, count) in live {
        let allowed = pieces.get(purchase).copied().unwrap_or(1);
        let told = known.labels.iter().any(|label| label.new.purchase_id == purchase);
        if count > allowed && told {
            report.add("I3", purchase, format!("{count} live labels at the carrier for {allowed} parcels"));
        }
    }
}

fn sums(sales: &[LedgerSale], known: &Known, report: &mut Report) {
    let mut difference: BTreeMap<String, rust_decimal::Decimal> = BTreeMap::new();
    let priced =
        sales.iter().filter(|sale| !sale.voided).filter_map(|sale| sale.price.map(|price| (sale, price)));
    let numbers: BTreeSet<&str> = priced.clone().map(|(sale, _)| sale.tracking.as_str()).collect();
    for (_, price) in priced {
        *difference.entry(price.currency.to_string()).or_default() += price.amount;
    }
    let live = known.labels.iter().filter(|label| label.state == LabelState::Live);
    for label in live.filter(|label| numbers.contains(label.new.tracking.as_str())) {
        if let Some(price) = label.new.price {
            *difference.entry(price.currency.to_string()).or_default() -= price.amount;
        }
    }
    for (currency, amount) in difference.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        report.add(
            "I4",
            currency.clone(),
            format!("the ledger says {amount} {currency} more than the labels"),
        );
    }
}
