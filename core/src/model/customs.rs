//! Customs data (CN22, CN23, commercial invoice).

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Country, FieldProblem, Money, MoneyError, Weight};

open_enum! {
    /// Why the goods cross the border.
    pub enum ContentsKind {
        /// Sold goods.
        Merchandise = "merchandise",
        /// A gift between persons.
        Gift = "gift",
        /// A sample.
        Sample = "sample",
        /// Papers only.
        Documents = "documents",
        /// Goods that go back.
        Return = "return",
        /// Goods for repair.
        Repair = "repair",
        /// Humanitarian donation.
        Humanitarian = "humanitarian",
    }
}

open_enum! {
    /// Who bears cost and risk to where (Incoterms 2020).
    pub enum Incoterm {
        /// Delivered at place, duties unpaid: the recipient pays them.
        Dap = "DAP",
        /// Delivered duty paid: the sender pays them.
        Ddp = "DDP",
        /// The older name of DAP that some carriers still use.
        Ddu = "DDU",
        /// Ex works.
        Exw = "EXW",
        /// Free carrier.
        Fca = "FCA",
        /// Carriage paid to.
        Cpt = "CPT",
        /// Carriage and insurance paid to.
        Cip = "CIP",
        /// Delivered at place unloaded.
        Dpu = "DPU",
    }
}

open_enum! {
    /// What happens to a parcel that cannot be delivered abroad.
    pub enum NonDelivery {
        /// Send it back at the sender's cost.
        Return = "return",
        /// Give it up.
        Abandon = "abandon",
    }
}

/// What customs officers must know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Customs {
    /// Why the goods cross the border.
    #[serde(default = "merchandise")]
    pub contents: ContentsKind,
    /// The goods, one line each.
    pub items: Vec<Commodity>,
    /// Who bears cost and risk; `DAP` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incoterm: Option<Incoterm>,
    /// Invoice number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// Day of the invoice; the ship date when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_date: Option<chrono::NaiveDate>,
    /// What happens when delivery fails; `return` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_delivery: Option<NonDelivery>,
    /// US export filing: an ITN (`X20261122...`) or an exemption (`NOEEI 30.37(a)`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_filing: Option<String>,
    /// Licence, certificate or permit numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permits: Vec<String>,
    /// Name of the person who signs the declaration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<crate::Personal>,
    /// Importer, when it is not the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importer: Option<crate::Address>,
    /// Anything else for the declaration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remarks: Option<String>,
}

fn merchandise() -> ContentsKind {
    ContentsKind::Merchandise
}

/// One line of goods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commodity {
    /// What it is, in plain words of the destination's customs: "men's cotton shirt", never "gift" or "sample".
    pub description: String,
    /// Number of units.
    pub quantity: u32,
    /// Value of one unit.
    pub unit_value: Money,
    /// Net weight of one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_weight: Option<Weight>,
    /// Harmonized System code, 6 to 12 digits, dots allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<String>,
    /// Country where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Country>,
    /// Stock keeping unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Description in the local script of the origin (Chinese name, for China Post).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_description: Option<String>,
    /// Parcel that holds it, from 0; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<u32>,
}

impl Commodity {
    /// Quantity times unit value.
    pub fn value(&self) -> Result<Money, MoneyError> {
        self.unit_value.checked_mul(Decimal::from(self.quantity))
    }
    /// HS code without dots and blanks.
    pub fn hs_digits(&self) -> Option<String> {
        let digits: String = self.hs_code.as_deref()?.chars().filter(char::is_ascii_digit).collect();
        (!digits.is_empty()).then_some(digits)
    }
    /// Net weight of all units of this line.
    pub fn net_weight(&self) -> Option<Weight> {
        let unit = self.unit_weight?;
        Some(Weight { value: unit.value.saturating_mul(Decimal::from(self.quantity)), unit: unit.unit })
    }
}

impl Customs {
    /// Value of all items; an error when they are in several currencies, `None` without items.
    pub fn total_value(&self) -> Result<Option<Money>, MoneyError> {
        let mut values = self.items.iter().map(Commodity::value);
        let Some(first) = values.next() else { return Ok(None) };
        values.try_fold(first?, |sum, value| sum.checked_add(value?)).map(Some)
    }

    /// Whether the sender pays duties by the incoterm.
    pub fn duties_paid_by_sender(&self) -> bool {
        self.incoterm == Some(Incoterm::Ddp)
    }

    /// Mistakes that no customs office would accept: no items, no description, value or origin.
    pub fn problems(&self, path: &str) -> Vec<FieldProblem> {
        let mut found = Vec::new();
        let mut say = |field: String, problem: &str, cure: &str| {
            found.push(FieldProblem::new(format!("{path}.{field}"), problem, cure));
        };
        if self.items.is_empty() {
            say("items".into(), "there are no items", "list what is inside, one line per kind of goods");
        }
        for (at, item) in self.items.iter().enumerate() {
            if item.description.trim().chars().count() < 3 {
                say(
                    format!("items[{at}].description"),
                    "the description is missing",
                    "say what it is in plain words, such as `cotton shirt`",
                );
            }
            if item.quantity == 0 {
                say(format!("items[{at}].quantity"), "the quantity is zero", "give the number of units");
            }
            if item.unit_value.amount.is_sign_negative() || item.unit_value.is_zero() {
                say(
                    format!("items[{at}].unit_value"),
                    "the value is not above zero",
                    "give the value of one unit; gifts have a value, too",
                );
            }
            if item.origin.is_none() {
                say(
                    format!("items[{at}].origin"),
                    "the country of origin is missing",
                    "give the country where it was made",
                );
            }
            if item.hs_digits().is_some_and(|digits| !(6..=12).contains(&digits.len())) {
                say(
                    format!("items[{at}].hs_code"),
                    "not a tariff code",
                    "give 6 to 12 digits of the Harmonized System",
                );
            }
        }
        if matches!(self.total_value(), Err(MoneyError::MixedCurrencies(..))) {
            say("items".into(), "the values are in several currencies", "give all values in one currency");
        }
        found
    }
}
