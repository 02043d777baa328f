//! The check: the carriers' ledger and the database, joined both ways, to the cent. It shares no code with the engine.
//!
//! | word | what it means |
//! | --- | --- |
//! | lost | the carrier sold it and no label is recorded, though no person was told |
//! | double | more live labels at the carriers than the purchase has parcels |
//! | phantom | a label is recorded that no carrier sold |
//! | money | a sum, or void and live, differs between ledger and database |
//! | sends | a request with one handle was processed twice |
//! | waiting | a purchase waits for a person and need not, or should and does not |
//! | open | a purchase did not come to an end |

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use rust_decimal::Decimal;
use waybill_core::{Handle, Money};
use waybill_sandbox::{Fault, Ledger, Sale};

use crate::rows::{AttemptRow, LabelRow, PurchaseRow, Rows};

/// What a check found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Findings by word.
    pub findings: BTreeMap<&'static str, Vec<String>>,
    /// Sales in the ledger, by package.
    pub sold: usize,
    /// Of these, live.
    pub live: usize,
    /// Sum of live sales per currency, ledger and database.
    pub sums: BTreeMap<String, (Decimal, Decimal)>,
    /// Purchases that wait for a person, as predicted.
    pub waiting: usize,
    /// Purchases by state.
    pub states: BTreeMap<String, usize>,
    /// Purchases that were made with more than one attempt.
    pub several_attempts: usize,
    /// Live sales whose price the carrier does not say again: found afterwards, and the sale's answer was lost.
    pub unpriced: usize,
    /// Faults that struck a request to buy.
    pub struck: usize,
    /// Labels too many that turned up and were to be voided.
    pub extras: usize,
}

impl Report {
    /// Number of findings of a kind.
    pub fn count(&self, word: &str) -> usize {
        self.findings.get(word).map_or(0, Vec::len)
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, word: &'static str, text: impl Into<String>) {
        self.findings.entry(word).or_default().push(text.into());
    }
}

/// What an account's carrier can be asked afterwards; written from the carriers' documentation, not from the crates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    /// Finds the sale and brings the label, or voids it and buys again.
    Everything,
    /// Finds the sale; its label is lost and it cannot be voided.
    SaleOnly,
    /// Nothing; sending again with the same number is the question.
    SendingAgain,
    /// Nothing.
    Nothing,
}

fn afterwards(account: &str) -> Afterwards {
    match account {
        "china-post-eub" => Afterwards::Nothing,
        "ontrac-own" => Afterwards::SendingAgain,
        "dhl-express" | "ontrac" => Afterwards::SaleOnly,
        _ => Afterwards::Everything,
    }
}

struct Join<'a> {
    rows: &'a Rows,
    ledger: &'a Ledger,
    sales: &'a [Sale],
    /// Labels by carrier and number.
    labels: HashMap<(&'a str, &'a str), Vec<&'a LabelRow>>,
    /// Attempts by handle.
    attempts: HashMap<Handle, &'a AttemptRow>,
    /// Attempts by purchase.
    by_purchase: HashMap<&'a str, Vec<&'a AttemptRow>>,
    /// Purchases that wait for a person.
    waiting: HashSet<&'a str>,
}

/// Reads the ledger's file and joins it with the rows.
pub fn check(rows: &Rows, ledger: &Path) -> std::io::Result<Report> {
    let ledger = Ledger::open(ledger)?;
    let sales = ledger.sales();
    let attempts = rows.attempts.iter().filter_map(|row| Some((Handle::parse(&row.handle)?, row))).collect();
    let waiting = rows
        .purchases
        .values()
        .filter(|row| matches!(row.state.as_str(), "needs_attention" | "bought_no_label" | "partial"))
        .map(|row| row.id.as_str())
        .collect();
    let mut labels: HashMap<_, Vec<_>> = HashMap::new();
    for label in &rows.labels {
        labels.entry((label.carrier.as_str(), label.tracking.as_str())).or_default().push(label);
    }
    let mut by_purchase: HashMap<_, Vec<_>> = HashMap::new();
    for attempt in &rows.attempts {
        by_purchase.entry(attempt.purchase.as_str()).or_default().push(attempt);
    }
    let join = Join { rows, ledger: &ledger, sales: &sales, labels, attempts, by_purchase, waiting };
    let mut report = Report::default();
    for row in rows.purchases.values() {
        *report.states.entry(row.state.clone()).or_default() += 1;
    }
    report.waiting = join.waiting.len();
    report.extras = rows.extras;
    report.several_attempts = rows.attempts.iter().filter(|row| row.n == 2).count();
    join.sales_have_labels(&mut report);
    join.labels_have_sales(&mut report);
    join.one_live_label_a_parcel(&mut report);
    join.sums(&mut report);
    join.sent_once(&mut report);
    join.persons_are_told_exactly_when_needed(&mut report);
    join.everything_ended(&mut report);
    Ok(report)
}

fn is_void(sale: &Sale, number: &str) -> bool {
    sale.voided_at.is_some() || sale.voided_pieces.iter().any(|piece| piece == number)
}

impl Join<'_> {
    fn attempt_of(&self, sale: &Sale) -> Option<&AttemptRow> {
        let mut texts = sale.references.iter().chain(&sale.handle);
        texts.find_map(|text| self.attempts.get(&Handle::parse(text)?).copied())
    }

    fn attempts_of(&self, row: &PurchaseRow) -> impl Iterator<Item = &AttemptRow> {
        self.by_purchase.get(row.id.as_str()).into_iter().flatten().copied()
    }

    fn purchase_of(&self, sale: &Sale) -> Option<&PurchaseRow> {
        self.rows.purchases.get(&self.attempt_of(sale)?.purchase)
    }

    /// Labels that are recorded for a sale: by the number of a piece, or by the shipment's.
    fn labels_of(&self, sale: &Sale) -> Vec<&LabelRow> {
        let numbers: BTreeSet<&String> = sale.tracking.iter().chain([&sale.shipment]).collect();
        let found = numbers
            .into_iter()
            .filter_map(|number| self.labels.get(&(sale.carrier.as_str(), number.as_str())));
        found.flatten().copied().collect()
    }

    fn sales_have_labels(&self, report: &mut Report) {
        for sale in self.sales {
            report.sold += sale.tracking.len();
            report.live += sale.tracking.iter().filter(|number| !is_void(sale, number)).count();
            let name = format!("{} {}", sale.carrier, sale.shipment);
            let (sold, known) = (sale.tracking.len(), self.labels_of(sale).len());
            if known < sold && !self.is_waiting(sale) {
                report.add("lost", format!("{name}: {known} of {sold} labels are recorded"));
            } else if known > sold {
                report.add("money", format!("{name}: {sold} labels are recorded {known} times"));
            }
        }
    }

    fn labels_have_sales(&self, report: &mut Report) {
        let mut sold: HashMap<(&str, &str), &Sale> = HashMap::new();
        for sale in self.sales {
            for number in sale.tracking.iter().chain([&sale.shipment]) {
                sold.insert((sale.carrier.as_str(), number.as_str()), sale);
            }
        }
        for label in &self.rows.labels {
            let name = format!("{} {}", label.carrier, label.tracking);
            let Some(sale) = sold.get(&(label.carrier.as_str(), label.tracking.as_str())) else {
                report.add("phantom", name);
                continue;
            };
            let (ours, theirs) = (label.state == "voided", is_void(sale, &label.tracking));
            // Where nothing can be voided, a label that is never handed over is not billed: void is our word only.
            let told = self.void_was_not_heard(sale) && self.is_waiting(sale);
            if ours != theirs && !(ours && is_billed_at_tender(&sale.carrier)) && !told {
                report.add("money", format!("{name}: void is {ours} here and {theirs} at the carrier"));
            }
            let attempt = self.attempt_of(sale);
            if attempt.is_none_or(|attempt| attempt.purchase != label.purchase) {
                report.add(
                    "phantom",
                    format!("{name} is recorded under another purchase than it was sold for"),
                );
            }
        }
    }

    /// A void that the carrier carried out, whose answer never came, at a carrier that cannot be asked afterwards: asked to
    /// void again it knows no such label, which may mean either, so a person decides.
    fn void_was_not_heard(&self, sale: &Sale) -> bool {
        let Some(row) = self.purchase_of(sale) else { return false };
        matches!(afterwards(&row.account), Afterwards::Nothing | Afterwards::SendingAgain)
            && self
                .labels_of(sale)
                .iter()
                .any(|label| label.state != "voided" && is_void(sale, &label.tracking))
    }

    fn one_live_label_a_parcel(&self, report: &mut Report) {
        let mut live: HashMap<&str, i64> = HashMap::new();
        for sale in self.sales {
            let given_up = is_billed_at_tender(&sale.carrier)
                && !self.labels_of(sale).is_empty()
                && self.labels_of(sale).iter().all(|label| label.state == "voided");
            let count = match given_up {
                true => 0,
                false => sale.tracking.iter().filter(|number| !is_void(sale, number)).count(),
            };
            match self.purchase_of(sale) {
                Some(row) => *live.entry(row.id.as_str()).or_default() += i64::try_from(count).unwrap_or(0),
                None => report.add("lost", format!("{} {} has no purchase", sale.carrier, sale.shipment)),
            }
        }
        for (purchase, count) in live {
            let Some(row) = self.rows.purchases.get(purchase) else { continue };
            if count > row.parcels {
                let text =
                    format!("{} {}: {count} for {} parcels", row.account, row.business_key, row.parcels);
                report.add("double", text);
            }
            if count == 0 && row.state == "bought" {
                report.add(
                    "money",
                    format!("{} is bought and nothing live is at the carrier", row.business_key),
                );
            }
        }
    }

    /// Per sale and in sum, at carriers that say a price when they sell.
    fn sums(&self, report: &mut Report) {
        let whole = |sale: &&Sale| sale.is_live() && sale.voided_pieces.is_empty();
        for sale in self.sales.iter().filter(whole).filter(|sale| tells_a_price(&sale.carrier)) {
            if self.is_waiting(sale) {
                continue;
            }
            let prices: Vec<Money> = self
                .labels_of(sale)
                .iter()
                .filter_map(|label| label.price.as_deref()?.parse().ok())
                .collect();
            let sum: Decimal = prices.iter().map(|price| price.amount).sum();
            if prices.is_empty() && self.was_recovered_without_a_price(sale) {
                report.unpriced += 1;
                continue;
            }
            if sum != sale.amount || prices.iter().any(|price| price.currency.to_string() != sale.currency) {
                let text = format!("{} {}: {sum}, sold for {}", sale.carrier, sale.shipment, sale.amount);
                report.add("money", text);
            }
            let total = report.sums.entry(sale.currency.clone()).or_default();
            total.0 += sale.amount;
            total.1 += sum;
        }
    }

    /// UPS gives a label again and does not say again what it cost.
    fn was_recovered_without_a_price(&self, sale: &Sale) -> bool {
        let attempt = self.attempt_of(sale);
        sale.carrier == "ups" && attempt.is_some_and(|attempt| !self.rows.answered.contains(&attempt.id))
    }

    fn is_waiting(&self, sale: &Sale) -> bool {
        self.purchase_of(sale).is_some_and(|row| self.waiting.contains(row.id.as_str()))
    }

    fn sent_once(&self, report: &mut Report) {
        for (handle, attempt) in &self.attempts {
            let Some(row) = self.rows.purchases.get(&attempt.purchase) else { continue };
            let carrier = carrier_of(&row.account);
            let processed: u32 = [handle.short(), handle.uuid()]
                .iter()
                .map(|text| self.ledger.processed(carrier, text))
                .max()
                .unwrap_or(0);
            if processed > 1 || attempt.sends > 1 {
                let text = format!("{} {}: {processed} times", row.account, attempt.handle);
                report.add("sends", text);
            }
            report.struck += self.faults_of(row, attempt).len();
        }
    }

    /// The ledger and the stored answers say whose answer was lost, and so who must wait for a person: nobody else.
    fn persons_are_told_exactly_when_needed(&self, report: &mut Report) {
        let sold: HashSet<&str> =
            self.sales.iter().filter_map(|sale| Some(self.attempt_of(sale)?.id.as_str())).collect();
        let mut must: HashSet<&str> = HashSet::new();
        for attempt in &self.rows.attempts {
            let Some(row) = self.rows.purchases.get(&attempt.purchase) else { continue };
            // OnTrac says that it is out of order with HTTP 200.
            let out_of_order =
                |fault: &Fault| matches!(fault, Fault::ErrorBefore { .. } | Fault::ErrorAfter { .. });
            let heard = self.rows.answered.contains(&attempt.id)
                && !self.faults_of(row, attempt).iter().any(out_of_order);
            let asks = match afterwards(&row.account) {
                Afterwards::Everything => false,
                Afterwards::SaleOnly => sold.contains(attempt.id.as_str()) && !heard,
                // Only the newest attempt is ever left unknown: it was the last one allowed, or was refused.
                Afterwards::SendingAgain => !heard && attempt.state == "unknown",
                Afterwards::Nothing => attempt.sends > 0 && !heard && attempt.state == "unknown",
            };
            // Whatever the database says: an answer that was lost at a carrier that cannot be asked needs a person.
            let lost = matches!(afterwards(&row.account), Afterwards::SaleOnly | Afterwards::Nothing)
                && sold.contains(attempt.id.as_str())
                && self.faults_of(row, attempt).iter().any(loses_the_answer);
            if asks || lost {
                must.insert(row.id.as_str());
            }
        }
        let unheard = self.sales.iter().filter(|sale| self.void_was_not_heard(sale));
        must.extend(unheard.filter_map(|sale| Some(self.purchase_of(sale)?.id.as_str())));
        for row in self.rows.purchases.values() {
            let name = format!("{} {} ({})", row.account, row.business_key, row.state);
            match (must.contains(row.id.as_str()), self.waiting.contains(row.id.as_str())) {
                (true, false) => report.add("waiting", format!("{name} should wait for a person")),
                (false, true) => {
                    let told = self.told(row);
                    report.add("waiting", format!("{name} waits for nothing: {:?}, {told}", row.attention))
                }
                _ => {}
            }
        }
    }

    fn faults_of(&self, row: &PurchaseRow, attempt: &AttemptRow) -> Vec<Fault> {
        let Some(handle) = Handle::parse(&attempt.handle) else { return Vec::new() };
        let carrier = carrier_of(&row.account);
        let texts = [handle.short(), handle.uuid()];
        texts.iter().flat_map(|text| self.ledger.faults(carrier, text)).collect()
    }

    /// Every attempt that the policy allows was sent, and each is proven to have bought nothing.
    fn was_tried_to_the_end(&self, row: &PurchaseRow) -> bool {
        let sent: Vec<_> = self.attempts_of(row).filter(|attempt| attempt.sends > 0).collect();
        sent.len() == usize::try_from(crate::orders::ATTEMPTS).unwrap_or(0)
            && sent.iter().all(|attempt| matches!(attempt.state.as_str(), "absent" | "voided"))
    }

    /// The attempts of a purchase, for whoever wonders how it ended.
    fn told(&self, row: &PurchaseRow) -> String {
        let told = |one: &AttemptRow| {
            format!("{} {} sent {} times {:?}", one.n, one.state, one.sends, self.faults_of(row, one))
        };
        let attempts: Vec<_> = self.attempts_of(row).map(told).collect();
        format!("{:?}, attempts {attempts:?}", row.failure)
    }

    fn everything_ended(&self, report: &mut Report) {
        for row in self.rows.purchases.values() {
            let known = matches!(
                row.state.as_str(),
                "bought" | "voided" | "rejected" | "needs_attention" | "bought_no_label"
            );
            let ended = row.state == "failed" && self.was_tried_to_the_end(row);
            if !(known || ended) {
                let (told, name) = (self.told(row), format!("{} {}", row.account, row.business_key));
                report.add("open", format!("{name} is {}: {told}", row.state));
            }
        }
        // The only refusal that is injected is 429, at carriers that do not document it as "not processed".
        let throttled = |row: &PurchaseRow| {
            self.attempts_of(row).any(|attempt| {
                let faults = self.faults_of(row, attempt);
                faults.iter().any(|fault| matches!(fault, Fault::TooManyRequests { .. }))
            })
        };
        for row in self.rows.purchases.values().filter(|row| row.state == "rejected") {
            if !throttled(row) {
                let (told, name) = (self.told(row), format!("{} {}", row.account, row.business_key));
                report.add("open", format!("{name} was refused for no reason: {told}"));
            }
        }
    }
}

/// Sold, and the client hears nothing of it.
fn loses_the_answer(fault: &Fault) -> bool {
    matches!(fault, Fault::ResetAfter | Fault::ErrorAfter { .. } | Fault::Truncated | Fault::LateSale { .. })
}

/// Nothing can be voided there, and an unused label is not billed.
fn is_billed_at_tender(carrier: &str) -> bool {
    matches!(carrier, "dhl-express" | "ontrac")
}

fn tells_a_price(carrier: &str) -> bool {
    // China Post charges at acceptance and says nothing before; the database has the price of the shipper's own table.
    carrier != "china-post"
}

/// The carrier of an account, which is named after it.
pub fn carrier_of(account: &str) -> &str {
    account.strip_suffix("-eub").or(account.strip_suffix("-own")).unwrap_or(account)
}
