//! The opened account. A capability is present exactly when its accessor answers `Some`.
//! Next: `auth.rs`.

use url::Url;
use waybill_core::{
    Carrier, CarrierPlugin, Error, ErrorKind, Label, Profile, RateQuote, Result, TokenCache, Tracking, wire,
};

use crate::config::{BASE_URL, Config, EXAMPLE};
use crate::services;

/// An account at Hello Parcel.
pub struct Hello {
    pub(crate) config: Config,
    pub(crate) base: Url,
    pub(crate) profile: Profile,
    pub(crate) tokens: TokenCache,
}

impl Hello {
    /// An endpoint of the API.
    pub(crate) fn at(&self, path: &str) -> Url {
        wire::endpoint(&self.base, path)
    }
}

impl Carrier for Hello {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        Some(self)
    }
    fn label(&self) -> Option<&dyn Label> {
        Some(self)
    }
    fn tracking(&self) -> Option<&dyn Tracking> {
        Some(self)
    }
}

impl CarrierPlugin for Hello {
    const ID: &'static str = services::ID;
    type Config = Config;

    fn profile() -> Profile {
        services::profile()
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        let fixed = || Url::parse(BASE_URL).map_err(|error| Error::new(ErrorKind::Config, error.to_string()));
        let base = config.base_url.clone().map_or_else(fixed, Ok)?;
        Ok(Box::new(Self { config, base, profile: services::profile(), tokens: TokenCache::default() }))
    }

    fn example() -> &'static str {
        EXAMPLE
    }
}
