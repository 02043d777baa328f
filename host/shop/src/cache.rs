//! Answers that are kept for a while, and questions that are asked once.
//!
//! The key is what bills: both places down to the postal code, kind of address, exact weight, size, options, customs,
//! account and ship date. Names, phones, references and texts are not in it. The street is, but only while it is not
//! known whether somebody lives there, because the carrier then looks it up.
//!
//! An answer is never used past its age limit, the expiry of a rate in it, the end of the ship date at the origin, or the
//! next tariff change. Errors are never kept.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_core::{
    Address, Battery, Billing, CarrierId, Country, Currency, Customs, DangerousGoods, Error, Money,
    PackagingCode, Parcel, RateReply, RateRequest, RejectReason, Result, ServiceCode, ShipOptions,
};

use crate::account::Participant;
use crate::zone::Zone;

/// A moment from which a carrier's prices are new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TariffChange {
    /// Whose prices; everybody's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    /// From when.
    pub at: DateTime<Utc>,
}

/// How long answers are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheSettings {
    /// Longest age of an answer in seconds; 0 keeps nothing, and identical questions at one time are still asked once.
    pub max_age_seconds: u64,
    /// About how many rates and rejections are kept; one takes about a kilobyte.
    pub capacity: u64,
    /// The clock at the origin: an answer does not outlive its ship date there.
    pub zone: Zone,
    /// Coming changes of prices.
    pub tariff_changes: Vec<TariffChange>,
}

impl Default for CacheSettings {
    /// Ten minutes, about 64 MB, UTC.
    fn default() -> Self {
        Self { max_age_seconds: 600, capacity: 65_536, zone: Zone::UTC, tariff_changes: Vec::new() }
    }
}

/// Tells the time; replaced in tests.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What the cache has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CacheStats {
    /// Questions answered without a call.
    pub hits: u64,
    /// Calls made to carriers.
    pub calls: u64,
    /// Questions that waited for the call of another one.
    pub joined: u64,
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    asked: AtomicU64,
    calls: AtomicU64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    account: String,
    fingerprint: String,
    generation: (u64, u64),
    question: Arc<str>,
}

#[derive(Clone)]
struct Entry {
    reply: Arc<RateReply>,
    good_until: DateTime<Utc>,
}

/// Kept answers.
pub(crate) struct RateCache {
    entries: moka::future::Cache<Key, Entry>,
    settings: CacheSettings,
    clock: Clock,
    everything: AtomicU64,
    accounts: RwLock<HashMap<String, u64>>,
    counters: Counters,
}

impl RateCache {
    pub(crate) fn new(settings: CacheSettings, clock: Clock) -> Self {
        // The store's own limit is a backstop by the machine's clock; `good_until` is the rule.
        let backstop = Duration::from_secs(settings.max_age_seconds.clamp(1, 86_400));
        let entries = moka::future::Cache::builder()
            .max_capacity(settings.capacity)
            .weigher(|_, entry: &Entry| {
                u32::try_from(1 + entry.reply.rates.len() + entry.reply.rejected.len()).unwrap_or(u32::MAX)
            })
            .time_to_live(backstop)
            .build();
        Self {
            entries,
            settings,
            clock,
            everything: AtomicU64::new(0),
            accounts: RwLock::default(),
            counters: Counters::default(),
        }
    }

    /// The answer to a question: a kept one, that of a call under way, or that of `call`.
    pub(crate) async fn answer<F>(
        &self,
        participant: &Participant,
        question: &Question,
        call: F,
    ) -> Result<Arc<RateReply>>
    where
        F: Future<Output = Result<RateReply>>,
    {
        let key = self.key(participant, question);
        if let Some(entry) = self.entries.get(&key).await {
            if entry.good_until > (self.clock)() {
                self.counters.hits.fetch_add(1, Ordering::Relaxed);
                return Ok(entry.reply);
            }
            self.entries.invalidate(&key).await;
        }
        self.counters.asked.fetch_add(1, Ordering::Relaxed);
        let asked = async {
            self.counters.calls.fetch_add(1, Ordering::Relaxed);
            let reply = call.await?;
            let good_until = self.good_until(&reply, &participant.account.carrier, question.ship_date);
            Ok::<_, Error>(Entry { reply: Arc::new(reply), good_until })
        };
        let entry =
            self.entries.try_get_with(key, asked).await.map_err(|error: Arc<Error>| (*error).clone())?;
        Ok(entry.reply)
    }

    fn key(&self, participant: &Participant, question: &Question) -> Key {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let own = accounts.get(&participant.account.name).copied().unwrap_or_default();
        Key {
            account: participant.account.name.clone(),
            fingerprint: participant.fingerprint.clone(),
            generation: (self.everything.load(Ordering::Acquire), own),
            question: question.text.clone(),
        }
    }

    fn good_until(
        &self,
        reply: &RateReply,
        carrier: &CarrierId,
        ship_date: Option<NaiveDate>,
    ) -> DateTime<Utc> {
        let now = (self.clock)();
        // An outage inside an answer is over sooner than the answer would be.
        if reply.rejected.iter().any(|rejected| rejected.reason == RejectReason::Outage) {
            return now;
        }
        let age = chrono::Duration::from_std(Duration::from_secs(self.settings.max_age_seconds));
        let oldest = age.ok().and_then(|age| now.checked_add_signed(age)).unwrap_or(now);
        let changes = self.settings.tariff_changes.iter();
        let tariff = changes
            .filter(|change| change.at > now && change.carrier.as_ref().is_none_or(|own| own == carrier))
            .map(|change| change.at);
        let rates = reply.rates.iter().filter_map(|rate| rate.expires_at);
        let end_of_ship_date = ship_date.and_then(|date| self.settings.zone.end_of(date)).unwrap_or(now);
        rates.chain(tariff).chain([oldest, end_of_ship_date]).min().unwrap_or(now)
    }

    /// Forgets the answers of an account, also those of calls under way.
    pub(crate) fn forget_account(&self, account: &str) {
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        *accounts.entry(account.to_owned()).or_default() += 1;
    }

    /// Forgets everything, also the answers of calls under way.
    pub(crate) fn forget_everything(&self) {
        self.everything.fetch_add(1, Ordering::AcqRel);
        self.entries.invalidate_all();
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (asked, calls) = (load(&self.counters.asked), load(&self.counters.calls));
        CacheStats { hits: load(&self.counters.hits), calls, joined: asked.saturating_sub(calls) }
    }
}

/// A question in the form of its key. It holds places and contents, so it has no debug form.
#[derive(Clone)]
pub(crate) struct Question {
    text: Arc<str>,
    ship_date: Option<NaiveDate>,
}

impl Question {
    pub(crate) fn of(request: &RateRequest) -> Self {
        let shipment = &request.shipment;
        let mut options = shipment.options.clone();
        (options.notify, options.label_text) = (Vec::new(), None);
        let mut services: Vec<&ServiceCode> = request.services.iter().collect();
        services.sort();
        let billed = Billed {
            from: Place::of(&shipment.from),
            to: Place::of(&shipment.to),
            parcels: shipment.parcels.iter().map(BilledParcel::of).collect(),
            ship_date: shipment.ship_date,
            options,
            customs: shipment.customs.as_ref(),
            billing: &shipment.billing,
            is_return: shipment.is_return,
            services,
            currency: request.currency,
        };
        // Plain data with string keys always serialises; an empty text would only make questions of one account alike.
        let text = serde_json::to_string(&billed).unwrap_or_else(|_| format!("{:p}", request));
        Self { text: text.into(), ship_date: shipment.ship_date }
    }
}

#[derive(Serialize)]
struct Billed<'a> {
    from: Place<'a>,
    to: Place<'a>,
    parcels: Vec<BilledParcel<'a>>,
    ship_date: Option<NaiveDate>,
    options: ShipOptions,
    customs: Option<&'a Customs>,
    billing: &'a Billing,
    is_return: bool,
    services: Vec<&'a ServiceCode>,
    currency: Option<Currency>,
}

#[derive(Serialize)]
struct Place<'a> {
    country: Country,
    state: Option<String>,
    city: String,
    postal_code: Option<String>,
    residential: Option<bool>,
    po_box: bool,
    business: bool,
    lines: &'a [String],
}

impl<'a> Place<'a> {
    fn of(address: &'a Address) -> Self {
        let upper = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
        Self {
            country: address.country,
            state: address.state.as_deref().map(upper),
            city: upper(&address.city),
            postal_code: address.postal_code.as_deref().map(upper),
            residential: address.residential,
            po_box: address.is_po_box(),
            business: address.company.is_some(),
            lines: if address.residential.is_none() { &address.lines } else { &[] },
        }
    }
}

#[derive(Serialize)]
struct BilledParcel<'a> {
    grams: String,
    millimetres: Option<[String; 3]>,
    packaging: &'a PackagingCode,
    declared_value: Option<Money>,
    non_machinable: bool,
    dry_ice: Option<String>,
    batteries: &'a [Battery],
    dangerous_goods: &'a [DangerousGoods],
}

impl<'a> BilledParcel<'a> {
    fn of(parcel: &'a Parcel) -> Self {
        let millimetres = parcel.dimensions.map(|size| {
            [size.length, size.width, size.height]
                .map(|side| waybill_core::Length::new(side, size.unit).millimetres().normalize().to_string())
        });
        let grams = |weight: &waybill_core::Weight| weight.grams().normalize().to_string();
        Self {
            grams: grams(&parcel.weight),
            millimetres,
            packaging: &parcel.packaging,
            declared_value: parcel.declared_value,
            non_machinable: parcel.non_machinable,
            dry_ice: parcel.dry_ice.as_ref().map(grams),
            batteries: &parcel.batteries,
            dangerous_goods: &parcel.dangerous_goods,
        }
    }
}
