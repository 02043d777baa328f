//! How rates are shopped, which terms are asked for, and how shippers link accounts of their own.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use waybill_core::{CarrierId, Country, FieldProblem, Terms};
use waybill_shop::{
    CacheSettings, ExchangeRates, Preferences, PromiseEngine, PromiseSettings, TariffChange,
    TenantPreferences, Turns, WeekendBook, Zone,
};

use super::Config;
use crate::registry::{Registry, nearest};

/// How rates are shopped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ShopConfig {
    /// How long a shop waits for carriers, in milliseconds; later ones are listed as missing. A carrier that usually
    /// answers faster is not waited for so long.
    pub deadline_ms: u64,
    /// Shorter waits for single carriers, in milliseconds by carrier id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub carrier_deadlines_ms: BTreeMap<String, u64>,
    /// How many times an account is asked for rates at one time. Further questions wait for their turn, up to half of their
    /// deadline: one that waits takes a fraction of the memory of one that is under way.
    pub in_flight_per_account: NonZeroU32,
    /// Clock of the place that parcels start from (`America/New_York`): it says which day is today.
    pub zone: Zone,
    /// How long answers are kept.
    pub cache: CacheConfig,
    /// What every shipper of this host prefers: order of carriers and services, excluded ones, boxes, label, rules of the
    /// suggestion. What a tenant keeps in the store goes over it, and what a request says over both.
    pub preferences: Preferences,
    /// Preferences by marketplace, over the general ones.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub marketplaces: BTreeMap<String, Preferences>,
    /// Delivery promises by a name of your own: warehouses, cut-offs, operating days, holidays.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub promises: BTreeMap<String, PromiseSettings>,
    /// Which carrier delivers where on weekends. What is not listed is not delivered on weekends.
    pub weekends: WeekendBook,
    /// Exchange rates to compare prices with, each with its date. Without one no two currencies are compared.
    pub exchange: ExchangeRates,
}

impl Default for ShopConfig {
    fn default() -> Self {
        Self {
            deadline_ms: 10_000,
            carrier_deadlines_ms: BTreeMap::new(),
            in_flight_per_account: Turns::USUAL,
            zone: Zone::UTC,
            cache: CacheConfig::default(),
            preferences: Preferences::default(),
            marketplaces: BTreeMap::new(),
            promises: BTreeMap::new(),
            weekends: WeekendBook::default(),
            exchange: ExchangeRates::default(),
        }
    }
}

/// How long answers are kept, and how many. An answer is never kept beyond its ship date, the expiry of a rate in it or
/// the next tariff change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// Longest age of an answer in seconds. 0 keeps nothing; identical questions at one time are still asked once.
    pub max_age_seconds: u64,
    /// About how many rates and rejections are kept; one takes about a kilobyte.
    pub capacity: u64,
    /// Coming changes of prices: `{ carrier = "ups", at = "2026-12-28T05:00:00Z" }`; of all carriers without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tariff_changes: Vec<TariffChange>,
}

impl Default for CacheConfig {
    fn default() -> Self {
        let CacheSettings { max_age_seconds, capacity, tariff_changes, .. } = CacheSettings::default();
        Self { max_age_seconds, capacity, tariff_changes }
    }
}

/// Terms that must be accepted before a carrier is called and bought from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsConfig {
    /// Whose terms; without it they are your own and stand before every carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierId>,
    /// Programme that they belong to, by a name of your own.
    pub programme: String,
    /// Their version; a new one asks everybody again.
    pub version: String,
    /// Where to read them.
    pub url: String,
}

impl TermsConfig {
    pub(crate) fn terms(&self) -> Terms {
        Terms { programme: self.programme.clone(), version: self.version.clone(), url: self.url.clone() }
    }
}

/// How shippers link accounts of their own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkingConfig {
    /// Country of the shipper's seat, when a request does not say it. Some carriers let shippers of some countries only
    /// link an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// By carrier id: whether accounts can be linked, and settings that you fix for all of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub carriers: BTreeMap<String, CarrierLinking>,
}

/// Linking at one carrier. Beside the keys here it holds settings of the carrier that hold for every linked account and
/// that a shipper cannot change, such as the keys of your app. Any text may be `{ env = "NAME" }` or `{ file = "PATH" }`.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct CarrierLinking {
    /// Whether accounts at this carrier can be linked.
    #[serde(default = "super::yes")]
    pub enabled: bool,
    /// The settings.
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// Shows no settings: they may hold credentials.
impl std::fmt::Debug for CarrierLinking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarrierLinking").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

impl ShopConfig {
    pub(crate) fn cache_settings(&self) -> CacheSettings {
        CacheSettings {
            max_age_seconds: self.cache.max_age_seconds,
            capacity: self.cache.capacity,
            zone: self.zone,
            tariff_changes: self.cache.tariff_changes.clone(),
        }
    }

    /// The operator's preferences in the form of a tenant's.
    pub(crate) fn house_preferences(&self) -> TenantPreferences {
        TenantPreferences { general: self.preferences.clone(), marketplaces: self.marketplaces.clone() }
    }
}

impl Config {
    /// Mistakes in the settings of shopping, terms, linking and the tenant's name, with their paths.
    pub fn problems(&self, registry: &Registry) -> Vec<FieldProblem> {
        let mut found = Vec::new();
        let mut below = |path: &str, problems: Vec<FieldProblem>| {
            found.extend(problems.into_iter().map(|mut problem| {
                problem.path = format!("{path}.{}", problem.path);
                problem
            }));
        };
        below("shop.preferences", self.shop.preferences.problems());
        for (name, preferences) in &self.shop.marketplaces {
            below(&format!("shop.marketplaces.{name}"), preferences.problems());
        }
        for (name, settings) in &self.shop.promises {
            if let Err(error) = PromiseEngine::new(settings.clone()) {
                below(&format!("shop.promises.{name}"), error.fields);
            }
        }
        for (name, printer) in &self.printers {
            below(&format!("printers.{name}"), printer.problems());
        }
        let named = self.terms.iter().enumerate().filter_map(|(at, terms)| {
            Some((format!("terms[{at}].carrier"), terms.carrier.as_ref()?.to_string()))
        });
        let deadlines = self
            .shop
            .carrier_deadlines_ms
            .keys()
            .map(|id| (format!("shop.carrier_deadlines_ms.{id}"), id.clone()));
        let linking = self.linking.carriers.keys().map(|id| (format!("linking.carriers.{id}"), id.clone()));
        if !is_tenant(&self.tenant) {
            let cure = "write 1 to 64 letters, digits, `-`, `_` and `.`";
            found.push(FieldProblem::new(
                "tenant",
                format!("`{}` is no name for a tenant", self.tenant),
                cure,
            ));
        }
        found.extend(
            named.chain(deadlines).chain(linking).filter_map(|(path, id)| unknown(registry, path, &id)),
        );
        found
    }
}

fn is_tenant(name: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

fn unknown(registry: &Registry, path: String, id: &str) -> Option<FieldProblem> {
    if registry.get(id).is_ok() {
        return None;
    }
    let cure = match nearest(id, registry.iter().map(|entry| entry.profile.id.as_str())) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`waybill carriers` lists them".to_owned(),
    };
    Some(FieldProblem::new(path, format!("`{id}` is not a carrier of this host"), cure))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r7_the_memory_is_set_up_as_the_configuration_says() {
        let text = "zone = \"America/New_York\"\n[cache]\nmax_age_seconds = 60\n\
            tariff_changes = [{ carrier = \"ups\", at = \"2026-12-28T05:00:00Z\" }]";
        let settings = toml::from_str::<ShopConfig>(text).unwrap().cache_settings();
        assert_eq!((settings.max_age_seconds, settings.capacity), (60, CacheSettings::default().capacity));
        assert_eq!(settings.zone.to_string(), "America/New_York");
        assert_eq!(settings.tariff_changes[0].carrier.as_ref().map(|id| id.as_str()), Some("ups"));
    }

    #[test]
    fn mistakes_name_their_place() {
        let text = "[shop.carrier_deadlines_ms]\nupz = 100\n[linking.carriers.fedx]\nenabled = false\n\
            [[terms]]\ncarrier = \"usp\"\nprogramme = \"p\"\nversion = \"1\"\nurl = \"https://carrier.example\"\n\
            [shop.promises.p]\nwarehouses = []\ncut_offs = { per = \"option\", default = \"14:00:00\" }\n\
            [shop.marketplaces.US]\npackages = [{ name = \"own\", dimensions = { length = \"1\", width = \"1\", height = \"1\", unit = \"in\" } }]\n";
        let config: Config = toml::from_str(text).unwrap();
        let mut paths: Vec<String> =
            config.problems(&Registry::built_in()).into_iter().map(|problem| problem.path).collect();
        paths.sort();
        assert_eq!(
            paths,
            [
                "linking.carriers.fedx",
                "shop.carrier_deadlines_ms.upz",
                "shop.marketplaces.US.packages[0].name",
                "shop.promises.p.warehouses",
                "terms[0].carrier",
            ]
        );
    }
}
