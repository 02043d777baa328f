//! What a sale makes of its purchase: bought, or what the policy says when something is missing or too dear.

use std::cmp::Ordering;

use waybill_core::Money;

use super::sale::{Prepared, attention};
use super::{Attention, OnNoLabel, OnVariance, PartialPolicy, Policy};
use crate::store::{AttemptRow, PurchaseRow, PurchaseState};

/// Where a purchase stands after its sale.
pub(super) struct Outcome {
    pub(super) state: PurchaseState,
    pub(super) attention: Option<Attention>,
    pub(super) void: Option<&'static str>,
}

/// Decides by the policy of the purchase.
pub(super) fn outcome(row: &PurchaseRow, attempt: &AttemptRow, sale: &Prepared, policy: &Policy) -> Outcome {
    use PurchaseState as P;
    let plain = |state| Outcome { state, attention: None, void: None };
    let void = |purpose| Outcome { state: P::Voiding, attention: None, void: Some(purpose) };
    let told = |state, reason: &str| Outcome {
        state,
        attention: Some(attention(row, attempt, reason, &["keep", "void"])),
        void: None,
    };
    let pieces = i64::try_from(sale.labels.len()).unwrap_or(i64::MAX);
    if !sale.printable {
        return match policy.on_no_label {
            OnNoLabel::Keep => plain(P::BoughtNoLabel),
            OnNoLabel::VoidAndBuyAgain if sale.voids => void("no_label"),
            OnNoLabel::VoidAndBuyAgain => told(
                P::BoughtNoLabel,
                "it was sold, its label cannot be had again, and the carrier cannot void it",
            ),
        };
    }
    if pieces < row.parcels {
        return match policy.pieces {
            PartialPolicy::VoidAll if sale.voids => void("partial"),
            PartialPolicy::VoidAll => {
                told(P::Partial, "some parcels were sold, and the carrier cannot void them")
            }
            PartialPolicy::Keep | PartialPolicy::Complete => plain(P::Partial),
        };
    }
    if over_limit(row, sale) {
        return match policy.on_variance {
            OnVariance::Keep => plain(P::Bought),
            OnVariance::Void if sale.voids => void("variance"),
            OnVariance::Void => told(P::Bought, "it costs more than allowed, and the carrier cannot void it"),
            OnVariance::Attention => {
                told(P::Bought, "the carrier charges more than the limit of the purchase")
            }
        };
    }
    plain(P::Bought)
}

fn over_limit(row: &PurchaseRow, sale: &Prepared) -> bool {
    let (Some(max), Some(charged)) = (row.max_price, sale.charged) else { return false };
    // Another currency than the limit's cannot be compared, so a person looks.
    !matches!(charged.compare(&max), Some(Ordering::Less | Ordering::Equal))
}

/// Charged less quoted, where they differ.
pub(super) fn variance(row: &PurchaseRow, sale: &Prepared) -> Option<Money> {
    sale.charged?.checked_sub(row.quoted?).ok().filter(|difference| !difference.is_zero())
}
