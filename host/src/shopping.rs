//! Shopping: rates for a tenant, by its preferences, measured against its promise, with one suggestion.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::sync::mpsc;
use waybill_core::{
    CarrierId, Error, ErrorKind, LabelSpec, Money, Notice, Payer, RateReply, RateRequest, Result, Shipment,
};
use waybill_purchase::{BuyRequest, Policy};
use waybill_shop::{
    AccountRef, Arrival, DeliveryDays, Facts, Goal, Missing, Offer, OrderFacts, Owner, Participant,
    Preferences, Promise, ShopAnswer, ShopQuestion, Suggestion, TenantPreferences, Verdict, Zone, duty_payer,
};

use crate::accounts::Account;
use crate::purchases::DEFAULT_TENANT;
use crate::tenants::Broken;
use crate::waybill::Waybill;

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
    today: bool,
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
    arrivals: mpsc::Receiver<Arrival>,
    plan: Plan,
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

/// A shop, worked out before anybody is asked.
#[derive(Debug, Clone)]
struct Plan {
    tenant: String,
    participants: Vec<Participant>,
    broken: Vec<Broken>,
    question: ShopQuestion,
    preferences: Preferences,
    exchange: Arc<waybill_shop::ExchangeRates>,
    goal: Goal,
    promises: Vec<CarrierPromise>,
    notices: Vec<Notice>,
    today: bool,
}

impl Plan {
    fn finish(&self, mut answer: ShopAnswer) -> Shopped {
        for broken in &self.broken {
            answer.missing.push(Missing::new(broken.account.clone(), broken.error.clone()));
            answer.complete = false;
        }
        let suggestion = waybill_shop::suggest(&answer.offers, &self.goal, &self.preferences, &self.exchange);
        let shipment = self.question.rate.shipment.clone();
        Shopped {
            answer,
            suggestion,
            promises: self.promises.clone(),
            duties: duty_payer(&shipment),
            notices: self.notices.clone(),
            label: self.preferences.label.clone().unwrap_or_default(),
            printer: self.preferences.printer.clone(),
            shipment,
            tenant: self.tenant.clone(),
            today: self.today,
        }
    }
}

impl Waybill {
    /// Rates of all accounts that a tenant may use, within the deadline, with one suggestion. Terms that are not accepted,
    /// excluded carriers and missing answers are listed with what to do.
    pub async fn shop(&self, request: ShopRequest) -> Result<Shopped> {
        let plan = self.plan(request, true).await?;
        let answer =
            self.shopper.shop_for(&plan.tenant, &self.gate, &plan.participants, &plan.question).await?;
        let refused = answer.missing.iter().filter(|missing| missing.error.kind == ErrorKind::Auth);
        for missing in refused.filter(|missing| missing.account.owner == Owner::Own) {
            if let Some(account) = self.tenants.known(&plan.tenant).account(&missing.account.name) {
                account.note_refused();
            }
        }
        Ok(plan.finish(answer))
    }

    /// Shops for many shipments, at most `parallel` at one time; the answers are in the order of the requests, and one
    /// mistake fails its own request only.
    pub async fn shop_many(&self, requests: Vec<ShopRequest>, parallel: usize) -> Vec<Result<Shopped>> {
        let asked = requests.into_iter().map(|request| self.shop(request));
        futures_util::stream::iter(asked).buffered(parallel.max(1)).collect().await
    }

    /// The same as it comes: each answer, the summary at the deadline or when all have answered, then late answers.
    pub async fn rates_stream(&self, request: ShopRequest) -> Result<RateStream> {
        let plan = self.plan(request, true).await?;
        let arrivals =
            self.shopper.stream_for(&plan.tenant, &self.gate, &plan.participants, &plan.question).await?;
        Ok(RateStream { arrivals, plan })
    }

    /// Rates for exactly this shipment, of all accounts or of the named ones, within the configured deadline. Unlike
    /// [`Waybill::shop`] it fills in nothing but the ship date.
    pub async fn rates(&self, request: RateRequest, only: &[String]) -> Result<ShopAnswer> {
        let request = ShopRequest {
            accounts: only.to_vec(),
            ..ShopRequest { rate: request.clone(), ..ShopRequest::new(request.shipment) }
        };
        let plan = self.plan(request, false).await?;
        let answer =
            self.shopper.shop_for(&plan.tenant, &self.gate, &plan.participants, &plan.question).await?;
        Ok(plan.finish(answer).answer)
    }

    /// The offer to buy by the preferences of the default tenant, and why: in time first, then preference, then price.
    /// Nothing in time is said to be so and not suggested.
    pub fn suggest(
        &self,
        answer: &ShopAnswer,
        shipment: &Shipment,
        deliver_by: Option<NaiveDate>,
    ) -> Suggestion {
        let own = &self.tenants.known(DEFAULT_TENANT).preferences;
        let preferences = merged(&self.config().shop.house_preferences(), own, None, None);
        let ship_date = shipment.ship_date.unwrap_or_else(|| self.today());
        let goal = Goal { ship_date, to: shipment.to.country, deliver_by };
        waybill_shop::suggest(&answer.offers, &goal, &preferences, &self.config().shop.exchange)
    }

    /// Preferences that a tenant keeps in the store, without the operator's below them.
    pub async fn preferences(&self, tenant: &str) -> Result<TenantPreferences> {
        Ok(self.tenants.of(tenant).await?.preferences.clone())
    }

    /// Keeps preferences of a tenant in the store; they go over the operator's. Every mistake is named.
    pub async fn set_preferences(&self, tenant: &str, preferences: &TenantPreferences) -> Result<()> {
        let problems = preferences.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        self.tenants.set_preferences(tenant, preferences).await
    }

    /// What holds for a request: the operator's preferences, over them the tenant's, over them the request's own.
    pub async fn preferences_for(
        &self,
        tenant: &str,
        marketplace: Option<&str>,
        request: Option<&Preferences>,
    ) -> Result<Preferences> {
        let own = self.tenants.of(tenant).await?;
        Ok(merged(&self.config().shop.house_preferences(), &own.preferences, marketplace, request))
    }

    /// Forgets kept rates of an account: after its contract or its settings at the carrier changed.
    pub fn forget_rates(&self, account: &str) {
        self.shopper.forget_account(account);
    }

    /// What the memory of rates has done so far.
    pub fn shop_stats(&self) -> waybill_shop::CacheStats {
        self.shopper.stats()
    }

    /// Today on the clock of the origin.
    fn today(&self) -> NaiveDate {
        Utc::now().with_timezone(&self.config().shop.zone.0).date_naive()
    }

    async fn plan(&self, request: ShopRequest, fill: bool) -> Result<Plan> {
        let ShopRequest { mut rate, tenant, marketplace, preferences, .. } = request;
        let shop = &self.config().shop;
        let preferences = self.preferences_for(&tenant, marketplace.as_deref(), preferences.as_ref()).await?;
        let problems = preferences.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        let (accounts, broken) = self.participants(&tenant, &request.accounts).await?;
        let mut notices = Vec::new();
        if fill {
            let goods = request.goods.or_else(|| value_of_goods(&rate.shipment));
            notices.extend(preferences.apply(&mut rate.shipment, goods)?);
        }
        let today = self.today();
        // Without a zone of the origin it may still be yesterday there.
        let earliest = if shop.zone == Zone::UTC { today.pred_opt().unwrap_or(today) } else { today };
        let facts = Facts { today: earliest, to_fulfilment_centre: request.to_fulfilment_centre };
        waybill_shop::check(&rate, &facts)?;
        let promises = match &request.order {
            Some(order) => self.promises(order, &rate.shipment, &accounts)?,
            None => Vec::new(),
        };
        let given = rate.shipment.ship_date.is_some();
        let ship_dates = ship_dates(&mut rate.shipment, &promises, today, &mut notices);
        if promises.iter().any(|with| !with.promise.holidays_known) {
            let text = "the holidays of the origin or the destination are not known for these days: they are not counted";
            notices.push(Notice::new("holidays-unknown", text));
        }
        let promised = promises.iter().map(|with| with.promise.deliver_by).min();
        let deadlines = shop.carrier_deadlines_ms.iter();
        let goal = Goal {
            ship_date: rate.shipment.ship_date.unwrap_or(today),
            to: rate.shipment.to.country,
            deliver_by: request.deliver_by.or(promised),
        };
        let deadline = request.deadline.unwrap_or(Duration::from_millis(shop.deadline_ms));
        let question = ShopQuestion {
            carrier_deadlines: deadlines
                .map(|(id, ms)| (id.as_str().into(), Duration::from_millis(*ms)))
                .collect(),
            ship_dates,
            excluded: preferences.excluded.clone(),
            ..ShopQuestion::new(rate, deadline)
        };
        Ok(Plan {
            tenant,
            participants: accounts.iter().map(|account| account.participant()).collect(),
            broken,
            question,
            preferences,
            exchange: self.exchange.clone(),
            goal,
            today: !given && promises.iter().all(|with| with.promise.ship_by < today),
            promises,
            notices,
        })
    }

    /// The accounts to ask: all that a tenant may use, or the named ones.
    async fn participants(&self, tenant: &str, only: &[String]) -> Result<(Vec<Arc<Account>>, Vec<Broken>)> {
        if !only.is_empty() {
            let mut named = Vec::with_capacity(only.len());
            for name in only.iter().collect::<BTreeSet<_>>() {
                named.push(self.accounts().find(tenant, name).await?);
            }
            return Ok((named, Vec::new()));
        }
        let all = self.accounts().of_tenant(tenant).await?;
        let broken = self.tenants.of(tenant).await?.broken.clone();
        if all.is_empty() && broken.is_empty() {
            return Err(Error::invalid_field(
                "accounts",
                "no account is configured or linked",
                "add one to waybill.toml (`waybill config example` prints one) or link one (`waybill accounts link`)",
            ));
        }
        Ok((all, broken))
    }

    /// The promise of an order with each carrier.
    fn promises(
        &self,
        order: &PlacedOrder,
        shipment: &Shipment,
        accounts: &[Arc<Account>],
    ) -> Result<Vec<CarrierPromise>> {
        let engine = self.promise_engine(order.promise.as_deref())?;
        let mut found: BTreeMap<CarrierId, Promise> = BTreeMap::new();
        for account in accounts {
            let profile = account.carrier().profile();
            if found.contains_key(&profile.id) {
                continue;
            }
            let facts = OrderFacts {
                ordered_at: order.at,
                option: order.option.clone(),
                carrier: Some(profile.id.clone()),
                to: shipment.to.country,
                delivery_days: self.weekend_days(profile, shipment),
            };
            found.insert(profile.id.clone(), engine.promise(&facts)?);
        }
        Ok(found.into_iter().map(|(carrier, promise)| CarrierPromise { carrier, promise }).collect())
    }

    fn promise_engine(&self, name: Option<&str>) -> Result<&waybill_shop::PromiseEngine> {
        let known = || self.promises.keys().cloned().collect::<Vec<_>>().join(", ");
        let wrong = |problem: String, cure: String| Error::invalid_field("promise", problem, cure);
        match name {
            Some(name) => self.promises.get(name).ok_or_else(|| {
                wrong(format!("there is no promise `{name}`"), format!("promises: {}", known()))
            }),
            None => match (self.promises.values().next(), self.promises.len()) {
                (Some(only), 1) => Ok(only),
                (None, _) => Err(wrong(
                    "no promise is configured, so an order's time says nothing".into(),
                    "add [shop.promises.NAME] with warehouses and cut-offs, or give the day itself".into(),
                )),
                _ => Err(wrong("there are several promises".into(), format!("name one: {}", known()))),
            },
        }
    }

    /// Weekend days on which any service of a carrier delivers at the destination.
    fn weekend_days(&self, profile: &waybill_core::Profile, shipment: &Shipment) -> DeliveryDays {
        let (country, postal) = (shipment.to.country, shipment.to.postal_code.as_deref().unwrap_or_default());
        let services = profile.services.iter().map(|service| Some(&service.code)).chain([None]);
        let days =
            services.map(|service| self.config().shop.weekends.days(&profile.id, service, country, postal));
        days.fold(DeliveryDays::default(), |all, one| DeliveryDays {
            saturday: all.saturday || one.saturday,
            sunday: all.sunday || one.sunday,
        })
    }
}

/// The operator's preferences, over them the tenant's, each with its marketplace, over them the request's own.
fn merged(
    house: &TenantPreferences,
    own: &TenantPreferences,
    marketplace: Option<&str>,
    request: Option<&Preferences>,
) -> Preferences {
    let levels = |of: &TenantPreferences| {
        let market = marketplace.and_then(|name| of.marketplaces.get(name)).cloned();
        [Some(of.general.clone()), market]
    };
    let all = levels(house).into_iter().chain(levels(own)).chain([request.cloned()]).flatten();
    all.fold(Preferences::default(), |below, above| below.overlaid(&above))
}

/// Fills in the ship date: today, or the first day on which the order can leave. Carriers with an earlier cut-off get a
/// later day of their own.
fn ship_dates(
    shipment: &mut Shipment,
    promises: &[CarrierPromise],
    today: NaiveDate,
    notices: &mut Vec<Notice>,
) -> BTreeMap<CarrierId, NaiveDate> {
    if shipment.ship_date.is_some() {
        return BTreeMap::new();
    }
    let Some(first) = promises.iter().map(|with| with.promise.ship_by).min() else {
        shipment.ship_date = Some(today);
        return BTreeMap::new();
    };
    if first < today {
        let text =
            format!("the order should have left on {}; rates are for today", first.format("%a %-d %b"));
        notices.push(Notice::new("ship-by-passed", text));
    }
    let common = first.max(today);
    shipment.ship_date = Some(common);
    let later = promises.iter().filter(|with| with.promise.ship_by > common);
    later.map(|with| (with.carrier.clone(), with.promise.ship_by)).collect()
}

/// Value of the goods by the customs data, when it is all in one currency.
fn value_of_goods(shipment: &Shipment) -> Option<Money> {
    let items = &shipment.customs.as_ref()?.items;
    let lines: Option<Vec<Money>> =
        items.iter().map(|item| item.unit_value.checked_mul(item.quantity.into()).ok()).collect();
    let lines = lines?;
    let first = lines.first()?.currency;
    lines.iter().try_fold(Money::zero(first), |sum, line| sum.checked_add(*line)).ok()
}
