//! The opened account and what it can do.

use waybill_core::{Carrier, CarrierPlugin, Profile, Result, TokenCache};

use crate::auth::Renewal;
use crate::config::Config;
use crate::services;

/// UPS.
#[derive(Debug)]
pub struct Ups {
    pub(crate) config: Config,
    pub(crate) profile: Profile,
    pub(crate) tokens: TokenCache,
    pub(crate) renewal: Renewal,
}

impl CarrierPlugin for Ups {
    const ID: &'static str = "ups";
    type Config = Config;

    fn profile() -> Profile {
        services::profile()
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(Self::new(config)?))
    }

    fn example() -> &'static str {
        include_str!("../fixtures/own/account.toml")
    }
}

impl Ups {
    /// Opens an account. Makes no call.
    pub fn new(config: Config) -> Result<Self> {
        let config = config.checked()?;
        let renewal = Renewal::from_settings(&config);
        Ok(Self { config, profile: services::profile(), tokens: TokenCache::default(), renewal })
    }
}

impl Carrier for Ups {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    waybill_core::offers! {
        rate_quote: RateQuote, label: Label, tracking: Tracking, pickup: Pickup,
        address_check: AddressCheck, account: AccountCheck, trade_documents: TradeDocuments, consent: Consent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_opens_and_mistakes_are_named() {
        let config: Config = toml::from_str(Ups::example()).unwrap();
        assert_eq!(config.account_number, "A1B2C3");
        assert!(!format!("{config:?}").contains("example-secret"));
        Ups::open(config.clone()).unwrap();

        let error = Ups::open(Config { account_number: "123".into(), ..config }).map(|_| ()).unwrap_err();
        assert!(error.message.contains("account_number"), "{error}");
        let typo = format!("{}\nacount = 1", Ups::example());
        assert!(toml::from_str::<Config>(&typo).unwrap_err().to_string().contains("acount"));
    }
}
