//! A shop, worked out before anybody is asked: who takes part, with which preferences, measured against which day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use waybill_core::{CarrierId, Error, ErrorKind, LabelSpec, Money, Notice, Result, Shipment};
use waybill_shop::{
    DeliveryDays, ExchangeRates, Facts, Goal, Missing, OrderFacts, Owner, Participant, Preferences, Promise,
    ShopAnswer, ShopQuestion, TenantPreferences, Zone, duty_payer,
};

use super::types::{CarrierPromise, PlacedOrder, ShopRequest, Shopped};
use crate::accounts::Account;
use crate::tenants::{Broken, Tenants};
use crate::waybill::Waybill;

/// A shop, worked out before anybody is asked.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub tenant: String,
    pub participants: Vec<Participant>,
    broken: Vec<Broken>,
    tenants: Arc<Tenants>,
    label: LabelSpec,
    pub question: ShopQuestion,
    preferences: Preferences,
    exchange: Arc<ExchangeRates>,
    goal: Goal,
    promises: Vec<CarrierPromise>,
    notices: Vec<Notice>,
    today: bool,
}

impl Plan {
    pub(super) fn finish(&self, mut answer: ShopAnswer) -> Shopped {
        // Another process may have renewed what this one was refused with: the account is opened anew then.
        let refused = answer.missing.iter().filter(|missing| missing.error.kind == ErrorKind::Auth);
        for missing in refused.filter(|missing| missing.account.owner == Owner::Own) {
            if let Some(account) = self.tenants.known(&self.tenant).account(&missing.account.name) {
                account.note_refused();
            }
        }
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
            label: self.label.clone(),
            printer: self.preferences.printer.clone(),
            shipment,
            tenant: self.tenant.clone(),
            today: self.today,
        }
    }
}

impl Waybill {
    pub(super) async fn plan(&self, request: ShopRequest, fill: bool) -> Result<Plan> {
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
        // A printer knows what it takes.
        let printer = preferences.printer.as_ref().and_then(|name| self.config().printers.get(name));
        let label = preferences.label.clone().or_else(|| printer.map(|printer| printer.label.clone()));
        Ok(Plan {
            label: label.unwrap_or_default(),
            tenant,
            participants: accounts.iter().map(|account| account.participant()).collect(),
            broken,
            tenants: self.tenants.clone(),
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
pub(super) fn merged(
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
