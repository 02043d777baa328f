use std::collections::BTreeMap;

use url::Url;
use waybill_core::{
    AccountCheck, Carrier, CarrierPlugin, Error, ErrorKind, Label, Manifest, Profile, RateQuote, Result,
    Tracking,
};
use waybill_rate_sheet::sheet::Sheet;

use crate::config::{Config, Eub, Gateway, Open, Pcp};
use crate::gateway::{eub, open, pcp};
use crate::order::Identity;
use crate::services;

/// China Post.
#[derive(Debug)]
pub struct ChinaPost {
    pub(crate) config: Config,
    pub(crate) sheet: Sheet,
    /// URL of the chosen interface.
    pub(crate) base: Url,
    /// URL of the partner interface's label files.
    pub(crate) labels: Url,
    profile: Profile,
}

impl ChinaPost {
    pub(crate) fn own_profile(&self) -> &Profile {
        &self.profile
    }

    /// Keys of the open platform.
    pub(crate) fn open_keys(&self) -> Result<&Open> {
        self.config.open.as_ref().ok_or_else(|| missing("open"))
    }

    /// Keys of the small packet platform.
    pub(crate) fn pcp_keys(&self) -> Result<&Pcp> {
        self.config.pcp.as_ref().ok_or_else(|| missing("pcp"))
    }

    /// Keys of the partner interface.
    pub(crate) fn eub_keys(&self) -> Result<&Eub> {
        self.config.eub.as_ref().ok_or_else(|| missing("eub"))
    }

    /// Who the account is in orders of the two platforms.
    pub(crate) fn identity(&self) -> Result<Identity<'_>> {
        let (sender_no, company, wh_code, mail_type) = match self.config.gateway {
            Gateway::Pcp => {
                let keys = self.pcp_keys()?;
                (&keys.sender_no, &keys.ec_company_id, &keys.wh_code, &keys.mail_type)
            }
            _ => {
                let keys = self.open_keys()?;
                (&keys.sender_no, &keys.ec_company_id, &keys.wh_code, &keys.mail_type)
            }
        };
        if wh_code.is_empty() || mail_type.is_empty() {
            let problem = "international services need `wh_code` (accepting office) and `mail_type` (name of the system)";
            return Err(Error::new(ErrorKind::Config, problem));
        }
        Ok(Identity { sender_no, ec_company_id: company.as_deref().unwrap_or(sender_no), wh_code, mail_type })
    }

    /// The carrier's number of a product for this account.
    pub(crate) fn product(&self, row: &services::Row) -> Result<String> {
        let products = |code: &str| self.config.products.get(code).map(String::as_str);
        row.number(self.config.gateway, products).map(str::to_owned).ok_or_else(|| {
            let message =
                format!("the product number of `{}` is not known: set it under `products`", row.code);
            Error::new(ErrorKind::Config, message)
        })
    }

    /// The open platform, for accounts that sell there, and for the tracking of those that sell elsewhere.
    pub(crate) fn open_door(&self) -> Result<open::Door<'_>> {
        let keys = self.open_keys()?;
        let base = match (self.config.gateway, &keys.base_url) {
            (Gateway::Open | Gateway::OpenDomestic, _) => self.base.clone(),
            (_, Some(url)) => url.clone(),
            (_, None) => parse(open::HOST)?,
        };
        Ok(open::Door { base, environment: self.config.environment, keys })
    }

    fn tracks(&self) -> bool {
        let pcp = self.config.pcp.as_ref().is_some_and(|keys| keys.track_url.is_some());
        self.config.gateway != Gateway::Pcp || self.config.open.is_some() || pcp
    }
}

fn missing(section: &str) -> Error {
    let message = format!("the section `{section}` is missing: the chosen gateway needs its keys");
    Error::new(ErrorKind::Config, message)
}

fn parse(url: &str) -> Result<Url> {
    url.parse().map_err(|_| Error::new(ErrorKind::Internal, "a built-in URL is broken"))
}

impl Carrier for ChinaPost {
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
        self.tracks().then_some(self)
    }
    fn manifest(&self) -> Option<&dyn Manifest> {
        Some(self)
    }
    fn account(&self) -> Option<&dyn AccountCheck> {
        Some(self)
    }
}

/// The price table of an account: its own, or the published one.
fn prices(config: &Config) -> Result<Sheet> {
    let sheet = match &config.prices {
        Some(prices) => prices.load()?,
        None => {
            let tables =
                BTreeMap::from([("rates".to_owned(), include_str!("../data/published.csv").to_owned())]);
            Sheet::load(include_str!("../data/published.toml"), &tables)
                .map_err(|problems| Error::new(ErrorKind::Internal, problems.to_string()))?
        }
    };
    let strange =
        sheet.services.iter().find(|service| services::row(service.service.code.as_str()).is_none());
    match strange {
        None => Ok(sheet),
        Some(service) => {
            let known: Vec<&str> = services::SERVICES.iter().map(|row| row.code).collect();
            let message = format!(
                "the price sheet has a service `{}`, which China Post has not; it has: {}",
                service.service.code,
                known.join(", ")
            );
            Err(Error::new(ErrorKind::Config, message))
        }
    }
}

/// Plain HTTP carries the token in clear: it must be accepted by name, except on the machine itself.
fn check_transport(base: &Url, keys: &Eub) -> Result<()> {
    let local = match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if base.scheme() == "https" || local || keys.allow_plain_http {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        "the ePacket partner interface has no encryption, the token would travel in clear: set `eub.allow_plain_http = true` \
         to accept that, or use the gateway `open`",
    ))
}

impl CarrierPlugin for ChinaPost {
    const ID: &'static str = "china-post";
    type Config = Config;

    fn profile() -> Profile {
        services::profile(None)
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        let unknown =
            config.products.keys().chain(&config.battery_services).find(|code| services::row(code).is_none());
        if let Some(code) = unknown {
            let message =
                format!("`products` or `battery_services` names `{code}`, which is no service of China Post");
            return Err(Error::new(ErrorKind::Config, message));
        }
        let own = match config.gateway {
            Gateway::Open | Gateway::OpenDomestic => parse(open::HOST)?,
            Gateway::Pcp => parse(pcp::HOST)?,
            Gateway::Eub => parse(eub::HOST)?,
        };
        let base = config.base_url.clone().unwrap_or(own);
        let labels =
            config.eub.as_ref().and_then(|keys| keys.labels_url.clone()).or_else(|| config.base_url.clone());
        let labels = labels.map_or_else(|| parse(eub::LABELS), Ok)?;
        let carrier =
            Self { sheet: prices(&config)?, profile: services::profile(Some(&config)), base, labels, config };
        match carrier.config.gateway {
            // Proves that the key can seal before the first order needs it.
            Gateway::Open | Gateway::OpenDomestic => {
                drop(crate::auth::sm4_body("{}", &carrier.open_keys()?.sign_key)?)
            }
            Gateway::Pcp => drop(carrier.pcp_keys()?),
            Gateway::Eub => check_transport(&carrier.base, carrier.eub_keys()?)?,
        }
        Ok(Box::new(carrier))
    }

    fn example() -> &'static str {
        include_str!("../fixtures/own/example.toml")
    }
}
