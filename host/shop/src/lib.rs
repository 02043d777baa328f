//! Rate shopping: all accounts of all carriers at once, an answer in time, a reason for everything that is missing,
//! and a suggestion that explains itself.
//!
//! * [`shop`], [`shop_stream`]: ask and collect. [`Shopper`]: the same with a memory of answers and of how fast they come.
//! * [`TermsGate`]: nobody is asked whose terms are not accepted.
//! * [`PromiseEngine`]: when an order must leave and arrive.
//! * [`Preferences`]: what the shipper prefers. [`Rules`]: how offers are compared.
//! * [`suggest`]: one offer, and why this one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod account;
mod cache;
mod choose;
mod exchange;
mod explain;
mod gather;
mod holidays;
mod pace;
mod preferences;
mod promise;
mod reasons;
mod reply;
mod rules;
mod terms;
mod zone;

pub use account::{AccountRef, MakeCx, Owner, Participant, Turns};
pub use cache::{CacheSettings, CacheStats, Clock, TariffChange};
pub use choose::{Goal, Outcome, Reason, Suggestion, Verdict, suggest};
pub use exchange::{ExchangeRate, ExchangeRates};
pub use gather::{Answered, Arrival, ShopQuestion, Shopper, shop, shop_stream};
pub use holidays::{HolidaySettings, Holidays};
pub use preferences::{Confirmation, CustomPackage, LatestDay, Preferences, TenantPreferences, Way};
pub use promise::{
    CarrierCutOff, CutOffs, DeliveryDays, OperatingDays, OrderFacts, Promise, PromiseEngine, PromiseSettings,
    Speed, Warehouse, WeekendBook, WeekendDelivery,
};
pub use reasons::{Diagnosis, DiagnosisCode, Facts, check, cure_of, duty_payer};
pub use reply::{Missing, Offer, RejectedService, ShopAnswer};
pub use rules::{Key, Never, Rules};
pub use terms::{Acceptance, Gated, MemoryTerms, NotAccepted, TermsBook, TermsGate};
pub use zone::Zone;
