//! The carrier: what it holds, what it can do, how it is opened.

use url::Url;
use waybill_core::wire::endpoint;
use waybill_core::{
    Carrier, CarrierPlugin, Profile, RateRequest, Recipients, RejectReason, Rejected, Result, Screen,
    Service, Shipment, TokenCache,
};

use crate::config::Config;
use crate::services;

/// An opened FedEx account.
pub struct FedEx {
    config: Config,
    base: Url,
    document_base: Url,
    profile: Profile,
    pub(crate) ship_tokens: TokenCache,
    pub(crate) track_tokens: TokenCache,
}

impl FedEx {
    /// Settings.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The catalogue.
    pub(crate) fn catalogue(&self) -> &Profile {
        &self.profile
    }

    /// Address of an endpoint. Trade documents have a host of their own.
    pub(crate) fn url(&self, path: &str) -> Url {
        let base = if path.starts_with("/documents/") { &self.document_base } else { &self.base };
        endpoint(base, path)
    }

    /// Asked-for services that the catalogue, this account or this shipment rules out, each with the reason.
    pub(crate) fn local_refusals(&self, request: &RateRequest) -> Vec<Rejected> {
        let screen = Screen::new(self.catalogue(), &request.shipment);
        let wanted = self.catalogue().services.iter().filter(|service| request.wants(&service.code));
        let refusal = |service| screen.refusal(service).or_else(|| self.refusal(service, &request.shipment));
        wanted.filter_map(refusal).collect()
    }

    /// Why this account cannot use a service for a shipment, beyond the limits of the catalogue.
    pub(crate) fn refusal(&self, service: &Service, shipment: &Shipment) -> Option<Rejected> {
        let because = |reason, message: &str, cure: &str| {
            Some(Rejected {
                service: service.code.clone(),
                service_name: service.name.clone(),
                reason,
                message: message.to_owned(),
                cure: cure.to_owned(),
                carrier_code: None,
            })
        };
        let economy = service.carrier_code == services::GROUND_ECONOMY;
        if economy && self.config.ground_economy_hub.is_none() {
            return because(
                RejectReason::NotEntitled,
                "FedEx Ground Economy needs a contract with a hub",
                "set `ground_economy_hub` of the account to the hub id of the contract",
            );
        }
        if shipment.options.alcohol.is_some() && self.config.alcohol_agreement.is_none() {
            return because(
                RejectReason::NotEntitled,
                "FedEx takes alcohol from accounts with an alcohol agreement only",
                "set `alcohol_agreement` of the account to the kind of agreement",
            );
        }
        if shipment.to.is_us_military() && !economy {
            return because(
                RejectReason::Lane,
                "this FedEx service does not deliver to the armed forces overseas",
                "use FedEx Ground Economy or a postal service",
            );
        }
        let to_us_home =
            shipment.to.residential == Some(true) && shipment.to.country == waybill_core::Country::US;
        let home = self.catalogue().service_by_carrier_code("GROUND_HOME_DELIVERY");
        let ground_at_home = service.carrier_code == "FEDEX_GROUND" && to_us_home && shipment.is_domestic();
        if ground_at_home && home.is_some_and(|home| home.recipients == Recipients::Homes) {
            return because(
                RejectReason::AddressKind,
                "FedEx Ground delivers to businesses in the US and the address is a home",
                "use FedEx Home Delivery",
            );
        }
        None
    }
}

impl Carrier for FedEx {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    waybill_core::offers! {
        rate_quote: RateQuote, label: Label, tracking: Tracking, manifest: Manifest, pickup: Pickup,
        address_check: AddressCheck, account: AccountCheck, trade_documents: TradeDocuments,
    }
}

impl CarrierPlugin for FedEx {
    const ID: &'static str = "fedex";
    type Config = Config;

    fn profile() -> Profile {
        services::profile()
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        config.check()?;
        let (base, document_base) = (config.base()?, config.document_base()?);
        Ok(Box::new(Self {
            config,
            base,
            document_base,
            profile: services::profile(),
            ship_tokens: TokenCache::default(),
            track_tokens: TokenCache::default(),
        }))
    }

    fn example() -> &'static str {
        EXAMPLE
    }
}

/// An account section with invented credentials.
const EXAMPLE: &str = r#"# Keys of the project at developer.fedex.com that has Rate, Ship, Address, Pickup and Ground close.
api_key = "l7aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
secret_key = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
# The account that is billed; link it to the project.
account_number = "123456789"
country = "US"
postal_code = "38118"
environment = "production"
handover = "scheduled_pickup"
# Phone for addresses without one: FedEx wants a phone at both ends.
fallback_phone = "901 555 0100"

# Keys of the project that has Track, when it is another one.
[tracking]
api_key = "l7cccccccccccccccccccccccccccccccc"
secret_key = "dddddddddddddddddddddddddddddddd"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_a_config_that_opens() {
        let config: Config = toml::from_str(FedEx::example()).unwrap();
        assert_eq!(config.account_number.expose(), "123456789");
        let carrier = FedEx::open(config).unwrap();
        assert_eq!(carrier.profile().id.as_str(), FedEx::ID);
    }

    #[test]
    fn documents_go_to_their_own_host() {
        let config: Config = toml::from_str(FedEx::example()).unwrap();
        assert_eq!(config.document_base().unwrap().as_str(), "https://documentapi.prod.fedex.com/");
        for host in [config.document_base().unwrap(), config.base().unwrap()] {
            let known = <FedEx as CarrierPlugin>::profile().hosts;
            assert!(known.iter().any(|name| Some(name.as_str()) == host.host_str()), "{host}");
        }
        let sandbox = Config { environment: crate::config::Environment::Sandbox, ..config };
        let base = sandbox.document_base().unwrap();
        assert_eq!(
            endpoint(&base, "/documents/v1/etds/upload").as_str(),
            "https://documentapitest.prod.fedex.com/sandbox/documents/v1/etds/upload"
        );
    }

    #[test]
    fn mistakes_in_the_config_are_named() {
        let mut config: Config = toml::from_str(FedEx::example()).unwrap();
        config.account_number = "12345-6789".into();
        let error = FedEx::open(config).err().unwrap();
        assert!(error.message.contains("account_number") && !error.message.contains("12345"), "{error}");
        assert!(toml::from_str::<Config>("api_key = \"a\"\nsecret = \"b\"").is_err());
    }
}
