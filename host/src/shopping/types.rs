//! What a shop is asked and what it answers.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use tokio::sync::mpsc;
use waybill_core::{CarrierId, LabelSpec, Money, Notice, Payer, RateReply, RateRequest, Result, Shipment};
use waybill_purchase::{BuyRequest, Policy};
use waybill_shop::{AccountRef, Arrival, Offer, Preferences, Promise, ShopAnswer, Suggestion, Verdict};

use super::plan::Plan;
use crate::purchases::DEFAULT_TENANT;

/// Asks for rates as a shipper does. What is left out comes from the configuration and the tenant's preferences.
#[derive(Debug, Clone)]
pub struct ShopRequest {
    /// The shipment, wanted services, wanted currency.
    pub rate: RateRequest,
    /// Whose accounts, preferences and terms.
    pub tenant: String,
    /// Marketplace of the order, for its preferences.
    pub marketplace: Option<String>,
    /// Preferences of this request, over the tenant's.
    pub preferences: Option<Preferences>,
    /// Only these accounts; all when empty.
    pub accounts: Vec<String>,
    /// When the answer must be there; the configured deadline when absent.
    pub deadline: Option<Duration>,
    /// The order, to work out when it must leave and arrive.
    pub order: Option<PlacedOrder>,
    /// Day by which it must arrive, when it is known. It goes before the day that is worked out from the order.
    pub deliver_by: Option<NaiveDate>,
    /// Value of the goods, for the insurance threshold; taken from the customs data when absent.
    pub goods: Option<Money>,
    /// The destination is a fulfilment centre, which sends parcels with duty due back.
    pub to_fulfilment_centre: bool,
}

impl ShopRequest {
    /// Asks for the default tenant.
    pub fn new(shipment: Shipment) -> Self {
        Self {
            rate: RateRequest::new(shipment),
            tenant: DEFAULT_TENANT.to_owned(),
            marketplace: None,
            preferences: None,
            accounts: Vec::new(),
            deadline: None,
            order: None,
            deliver_by: None,
            goods: None,
            to_fulfilment_centre: false,
        }
    }
}

/// An order, as far as its promise depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    /// When it was placed.
    pub at: DateTime<Utc>,
    /// Ship option that the buyer chose.
    pub option: Option<String>,
    /// Name of the promise in the configuration; the only one when absent.
    pub promise: Option<String>,
}

/// A promise as it holds with one carrier: cut-offs and weekend deliveries differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarrierPromise {
    /// Carrier.
    pub carrier: CarrierId,
    /// When the order must leave and arrive with it.
    #[serde(flatten)]
    pub promise: Promise,
}

/// Rates, and what to do with them.
#[derive(Debug, Clone, Serialize)]
pub struct Shopped {
    /// Offers, rejected services, missing accounts.
    pub answer: ShopAnswer,
    /// One offer and why, or why none.
    pub suggestion: Suggestion,
    /// When the order must leave and arrive, per carrier that was asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<CarrierPromise>,
    /// Who pays duties; absent where no customs border is crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duties: Option<Payer>,
    /// Remarks on the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// Label that the preferences ask for.
    pub label: LabelSpec,
    /// Printer that the preferences name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printer: Option<String>,
    /// The shipment as it was asked about: ship date, boxes, confirmation and insurance filled in. This is what to buy.
    #[serde(skip)]
    pub shipment: Shipment,
    /// Tenant that it was asked for.
    pub tenant: String,
    /// The ship date is today because nobody said another one.
    #[serde(skip)]
    pub(super) today: bool,
}

impl Shopped {
    /// The suggested offer.
    pub fn suggested(&self) -> Option<&Offer> {
        self.answer.offers.get(self.suggestion.pick?)
    }

    /// How an offer stands to the latest day.
    pub fn verdict(&self, at: usize) -> Option<&Verdict> {
        self.suggestion.verdicts.get(at)
    }

    /// A request to buy one of the offers for exactly the shipment that was asked about. `key` names this request for ever;
    /// `business_key` names what must have one label only.
    pub fn buy(&self, offer: &Offer, key: impl Into<String>, business_key: impl Into<String>) -> BuyRequest {
        let mut shipment = self.shipment.clone();
        // The same request tomorrow must be the same request: a day that nobody named is left to the moment of buying.
        shipment.ship_date = offer.ship_date.or(shipment.ship_date.filter(|_| !self.today));
        BuyRequest {
            tenant: self.tenant.clone(),
            idempotency_key: key.into(),
            business_key: business_key.into(),
            account: offer.account.name.clone(),
            shipment,
            service: offer.rate.service.clone(),
            weekend: offer.rate.weekend.clone(),
            token: offer.rate.token.clone(),
            label: self.label.clone(),
            quoted: offer.rate.payable().map(|price| price.total),
            max_price: None,
            allow_additional: false,
            policy: Policy::default(),
            wait: Duration::from_secs(90),
        }
    }
}

/// What a stream of rates gives.
#[derive(Debug)]
pub enum RateEvent {
    /// An account answered in time.
    Answer(AccountRef, Result<RateReply>),
    /// Everything that came in time, with the suggestion. It comes once.
    Summary(Box<Shopped>),
    /// An account answered after the summary. The next request finds its answer in the memory.
    Late(AccountRef, Result<RateReply>),
}

/// Rates as they come.
#[derive(Debug)]
pub struct RateStream {
    pub(super) arrivals: mpsc::Receiver<Arrival>,
    pub(super) plan: Plan,
}

impl RateStream {
    /// The next event; `None` after the last answer. Accounts go on when the stream is dropped: their answers are kept.
    pub async fn next(&mut self) -> Option<RateEvent> {
        Some(match self.arrivals.recv().await? {
            Arrival::Answer(account, reply) => RateEvent::Answer(account, reply),
            Arrival::Late(account, reply) => RateEvent::Late(account, reply),
            Arrival::Summary(answer) => RateEvent::Summary(Box::new(self.plan.finish(*answer))),
        })
    }
}
