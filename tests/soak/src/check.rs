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

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use rust_decimal::Decimal;
use waybill_core::{Handle, Money};
use waybill_sandbox::{Fault, Ledger, Sale};

use crate::rows::{AttemptRow, PurchaseRow, Rows};

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
    /// Faults that struck a request to buy.
    pub struck: usize,
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
    /// Nothing.
    Nothing,
}

fn afterwards(account: &str) -> Afterwards {
    match account {
        "china-post-eub" => Afterwards::Nothing,
        "dhl-express" | "ontrac" => Afterwards::SaleOnly,
        _ => Afterwards::Everything,
    }
}

struct Join<'a> {
    rows: &'a Rows,
    ledger: &'a Ledger,
    sales: &'a [Sale],
    /// Attempts by handle.
    attempts: HashMap<Handle, &'a AttemptRow>,
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
    let join = Join { rows, ledger: &ledger, sales: &sales, attempts, waiting };
    let mut report = Report::default();
    for row in rows.purchases.values() {
        *report.states.entry(row.state.clone()).or_default() += 1;
    }
    report.waiting = join.waiting.len();
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

    fn purchase_of(&self, sale: &Sale) -> Option<&PurchaseRow> {
        self.rows.purchases.get(&self.attempt_of(sale)?.purchase)
    }

    fn sales_have_labels(&self, report: &mut Report) {
        let mut rows: HashMap<(&str, &str), usize> = HashMap::new();
        for label in &self.rows.labels {
            *rows.entry((label.carrier.as_str(), label.tracking.as_str())).or_default() += 1;
        }
        for sale in self.sales {
            for number in &sale.tracking {
                report.sold += 1;
                report.live += usize::from(!is_void(sale, number));
                let known = rows.get(&(sale.carrier.as_str(), number.as_str())).copied().unwrap_or(0);
                let told = self.purchase_of(sale).is_some_and(|row| self.waiting.contains(row.id.as_str()));
                match known {
                    1 => {}
                    0 if told => {}
                    0 => report.add("lost", format!("{} {number}", sale.carrier)),
                    more => {
                        report.add("money", format!("{} {number} is recorded {more} times", sale.carrier))
                    }
                }
            }
        }
    }

    fn labels_have_sales(&self, report: &mut Report) {
        let sold: HashMap<(&str, &str), &Sale> = self
            .sales
            .iter()
            .flat_map(|sale| {
                sale.tracking.iter().map(move |number| ((sale.carrier.as_str(), number.as_str()), sale))
            })
            .collect();
        for label in &self.rows.labels {
            let name = format!("{} {}", label.carrier, label.tracking);
            let Some(sale) = sold.get(&(label.carrier.as_str(), label.tracking.as_str())) else {
                report.add("phantom", name);
                continue;
            };
            let (ours, theirs) = (label.state == "voided", is_void(sale, &label.tracking));
            if ours != theirs {
                report.add("money", format!("{name}: void is {ours} here and {theirs} at the carrier"));
            }
            match self.attempt_of(sale) {
                Some(attempt) if attempt.purchase == label.purchase => {}
                other => {
                    report.add("phantom", format!("{name} belongs to {:?}", other.map(|row| &row.purchase)))
                }
            }
        }
    }

    fn one_live_label_a_parcel(&self, report: &mut Report) {
        let mut live: HashMap<&str, i64> = HashMap::new();
        for sale in self.sales {
            let count = sale.tracking.iter().filter(|number| !is_void(sale, number)).count();
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

    /// Per sale and in sum. Sales whose carrier tells no price have none in the database either.
    fn sums(&self, report: &mut Report) {
        let mut ours: HashMap<(&str, &str), Vec<&Option<String>>> = HashMap::new();
        for label in &self.rows.labels {
            ours.entry((label.carrier.as_str(), label.tracking.as_str())).or_default().push(&label.price);
        }
        for sale in self.sales.iter().filter(|sale| sale.is_live() && sale.voided_pieces.is_empty()) {
            let prices: Vec<Money> = sale
                .tracking
                .iter()
                .filter_map(|number| ours.get(&(sale.carrier.as_str(), number.as_str())))
                .flatten()
                .filter_map(|price| price.as_deref()?.parse().ok())
                .collect();
            if prices.is_empty() {
                if tells_a_price(&sale.carrier) && !self.is_waiting(sale) {
                    report.add("money", format!("{} {} has no price", sale.carrier, sale.shipment));
                }
                continue;
            }
            let sum: Decimal = prices.iter().map(|price| price.amount).sum();
            if sum != sale.amount || prices.iter().any(|price| price.currency.to_string() != sale.currency) {
                let text = format!("{} {}: {sum}, sold for {}", sale.carrier, sale.shipment, sale.amount);
                report.add("money", text);
            }
            let total = report.sums.entry(sale.currency.clone()).or_default();
            total.0 += sale.amount;
            total.1 += sum;
        }
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
            let heard = self.rows.answered.contains(&attempt.id);
            let asks = match afterwards(&row.account) {
                Afterwards::Everything => false,
                Afterwards::SaleOnly => sold.contains(attempt.id.as_str()) && !heard,
                Afterwards::Nothing => attempt.sends > 0 && !heard && attempt.state == "unknown",
            };
            // Whatever the database says: an answer that was lost at a carrier that cannot be asked needs a person.
            let lost = afterwards(&row.account) != Afterwards::Everything
                && sold.contains(attempt.id.as_str())
                && self.faults_of(row, attempt).iter().any(loses_the_answer);
            if asks || lost {
                must.insert(row.id.as_str());
            }
        }
        for row in self.rows.purchases.values() {
            let name = format!("{} {} ({})", row.account, row.business_key, row.state);
            match (must.contains(row.id.as_str()), self.waiting.contains(row.id.as_str())) {
                (true, false) => report.add("waiting", format!("{name} should wait for a person")),
                (false, true) => {
                    report.add("waiting", format!("{name} waits for nothing: {:?}", row.attention))
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

    fn everything_ended(&self, report: &mut Report) {
        for row in self.rows.purchases.values() {
            let known = matches!(
                row.state.as_str(),
                "bought" | "voided" | "rejected" | "needs_attention" | "bought_no_label"
            );
            if !known {
                report.add("open", format!("{} {} is {}", row.account, row.business_key, row.state));
            }
        }
        // The only refusal that is injected is 429, at carriers that do not document it as "not processed".
        let throttled = |row: &PurchaseRow| {
            self.rows.attempts.iter().filter(|attempt| attempt.purchase == row.id).any(|attempt| {
                let faults = self.faults_of(row, attempt);
                faults.iter().any(|fault| matches!(fault, Fault::TooManyRequests { .. }))
            })
        };
        for row in self.rows.purchases.values().filter(|row| row.state == "rejected") {
            if !throttled(row) {
                report.add("open", format!("{} {} was refused for no reason", row.account, row.business_key));
            }
        }
    }
}

/// Sold, and the client hears nothing of it.
fn loses_the_answer(fault: &Fault) -> bool {
    matches!(fault, Fault::ResetAfter | Fault::ErrorAfter { .. } | Fault::Truncated | Fault::LateSale { .. })
}

fn tells_a_price(carrier: &str) -> bool {
    // China Post charges at acceptance; its clients see no price at the order.
    carrier != "china-post"
}

/// The carrier of an account, which is named after it.
pub fn carrier_of(account: &str) -> &str {
    account.strip_suffix("-eub").unwrap_or(account)
}
