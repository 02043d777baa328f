//! The opened account, its capabilities and the factory.

use url::Url;
use waybill_core::{
    AccountCheck, AddressCheck, Carrier, CarrierPlugin, Label, LandedCost, Manifest, Pickup, Profile,
    RateQuote, Result, TokenCache, Tracking, wire,
};

use crate::config::Config;
use crate::services;

/// An opened USPS account.
#[derive(Debug)]
pub struct Usps {
    pub(crate) config: Config,
    pub(crate) base: Url,
    pub(crate) profile: Profile,
    /// OAuth token of the app.
    pub(crate) access: TokenCache,
    /// Payment authorization for outbound labels, SCAN forms, voids and reprints.
    pub(crate) payment: TokenCache,
    /// Payment authorization with the roles of return labels.
    pub(crate) return_payment: TokenCache,
}

impl Usps {
    /// An account from its settings. Makes no call.
    pub fn new(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self {
            base: config.base()?,
            profile: services::profile(),
            config,
            access: TokenCache::default(),
            payment: TokenCache::default(),
            return_payment: TokenCache::default(),
        })
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        wire::endpoint(&self.base, path)
    }
}

impl Carrier for Usps {
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
    fn manifest(&self) -> Option<&dyn Manifest> {
        Some(self)
    }
    fn pickup(&self) -> Option<&dyn Pickup> {
        Some(self)
    }
    fn address_check(&self) -> Option<&dyn AddressCheck> {
        Some(self)
    }
    fn account(&self) -> Option<&dyn AccountCheck> {
        Some(self)
    }
    fn landed_cost(&self) -> Option<&dyn LandedCost> {
        Some(self)
    }
}

impl CarrierPlugin for Usps {
    const ID: &'static str = "usps";
    type Config = Config;

    fn profile() -> Profile {
        services::profile()
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        Ok(Box::new(Self::new(config)?))
    }

    fn example() -> &'static str {
        EXAMPLE
    }
}

const EXAMPLE: &str = r#"# An app of the USPS Developer Portal.
client_id = "ExampleConsumerKey"
client_secret = "ExampleConsumerSecret"
environment = "production"        # or "testing"
prices = "commercial"             # or "contract", with an agreement of the payment account
tracking = "v3r2"                 # or "v3"

# Needed for labels, SCAN forms and voids: from the Business Customer Gateway, enrolled in USPS Ship.
[payment]
crid = "10000001"
mid = "900000001"
account_type = "EPS"
account_number = "1000000001"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_opens_an_account() {
        let config: Config = toml::from_str(Usps::example()).unwrap();
        let carrier = Usps::open(config).unwrap();
        assert_eq!(carrier.profile().id, Usps::ID);
    }

    #[test]
    fn mistakes_in_the_settings_are_named() {
        for (change, word) in [
            ("mid = \"900000001\"", "mailer id"),
            ("account_number = \"1000000001\"", "account_number"),
            ("crid = \"10000001\"", "registration"),
        ] {
            let (name, _) = change.split_once(" = ").unwrap();
            let wrong = if name == "account_number" { String::new() } else { format!("{name} = \"12x\"") };
            let config: Config = toml::from_str(&Usps::example().replace(change, &wrong)).unwrap();
            let error = Usps::open(config).err().unwrap();
            assert!(error.message.contains(word), "{error}");
        }
        assert!(
            toml::from_str::<Config>("client_id = \"a\"\nclient_secret = \"b\"\nclientid = \"c\"").is_err()
        );
    }
}
