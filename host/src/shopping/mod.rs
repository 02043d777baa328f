//! Shopping: rates for a tenant, by its preferences, measured against its promise, with one suggestion.

mod plan;
mod types;

use chrono::{NaiveDate, Utc};
use futures_util::StreamExt;
use waybill_core::{Error, RateRequest, Result, Shipment};
use waybill_shop::{Goal, Preferences, ShopAnswer, Suggestion, TenantPreferences};

use crate::waybill::Waybill;
use plan::merged;
pub use types::{CarrierPromise, PlacedOrder, RateEvent, RateStream, ShopRequest, Shopped};

impl Waybill {
    /// Rates of all accounts that a tenant may use, within the deadline, with one suggestion. Terms that are not accepted,
    /// excluded carriers and missing answers are listed with what to do.
    pub async fn shop(&self, request: ShopRequest) -> Result<Shopped> {
        let plan = self.plan(request, true).await?;
        let answer =
            self.shopper.shop_for(&plan.tenant, &self.gate, &plan.participants, &plan.question).await?;
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
            tenant: self.tenant().to_owned(),
            ..ShopRequest { rate: request.clone(), ..ShopRequest::new(request.shipment) }
        };
        let plan = self.plan(request, false).await?;
        let answer =
            self.shopper.shop_for(&plan.tenant, &self.gate, &plan.participants, &plan.question).await?;
        Ok(plan.finish(answer).answer)
    }

    /// The offer to buy by the preferences of the host's own tenant, and why: in time first, then preference, then price.
    /// Nothing in time is said to be so and not suggested.
    pub fn suggest(
        &self,
        answer: &ShopAnswer,
        shipment: &Shipment,
        deliver_by: Option<NaiveDate>,
    ) -> Suggestion {
        let own = &self.tenants.own().preferences;
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
}
