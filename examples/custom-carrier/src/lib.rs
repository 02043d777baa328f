//! Pedal Post, an invented bike courier: the smallest carrier that quotes a rate, in one file.
//!
//! It is not part of Waybill's workspace, and knows of Waybill only `waybill-core`. A carrier that also sells labels is
//! better begun with `waybill new-carrier`, which gives each capability a file of its own.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use async_trait::async_trait;
use http::Method;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;
use waybill_core::{
    Carrier, CarrierPlugin, CarrierWords, Currency, Cx, Error, ErrorKind, Lane, Linking, Money, Pieces,
    Price, PriceKind, Profile, PurchaseTraits, Rate, RateQuote, RateReply, RateRequest, Response, Result,
    Secret, Service, Settlement, Weight, WeightUnit, wire,
};

/// An account at Pedal Post.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Key of the account, from the dispatcher.
    pub api_key: Secret,
    /// Another address of the API: a mock, a proxy.
    #[serde(default)]
    pub base_url: Option<Url>,
}

/// The carrier, and an opened account at it.
pub struct PedalPost {
    api_key: Secret,
    base: Url,
    profile: Profile,
}

impl CarrierPlugin for PedalPost {
    const ID: &'static str = "pedal-post";
    type Config = Config;

    fn profile() -> Profile {
        let service = |code: &str, carrier_code: &str, name: &str| {
            let mut service = Service::new(code, carrier_code, name, vec![Lane::us_domestic()]);
            service.limits.max_weight = Some(Weight::new(15, WeightUnit::Kilogram));
            service
        };
        Profile {
            id: Self::ID.into(),
            name: "Pedal Post".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            services: vec![service("same-day", "S", "Same day"), service("one-hour", "H", "One hour")],
            packagings: Vec::new(),
            labels: Vec::new(),
            carrier_options: Vec::new(),
            pieces: Pieces::OneShipment,
            settlement: Settlement::BilledToAccount,
            purchase: PurchaseTraits::default(),
            linking: Linking::everybody(),
            hosts: vec!["api.pedal-post.example".to_owned()],
            quotas: Vec::new(),
            track_batch: 1,
            terms: Vec::new(),
            currencies: vec![Currency::USD],
        }
    }

    fn open(config: Config) -> Result<Box<dyn Carrier>> {
        let fixed = || {
            Url::parse("https://api.pedal-post.example")
                .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))
        };
        let base = config.base_url.map_or_else(fixed, Ok)?;
        Ok(Box::new(Self { api_key: config.api_key, base, profile: <Self as CarrierPlugin>::profile() }))
    }

    fn example() -> &'static str {
        "api_key = \"from-the-dispatcher\"\n"
    }
}

impl Carrier for PedalPost {
    fn profile(&self) -> &Profile {
        &self.profile
    }
    fn rate_quote(&self) -> Option<&dyn RateQuote> {
        Some(self)
    }
}

/// `GET /prices`: `{ "prices": [{ "code": "S", "usd": "12.50" }] }`, amounts as text.
#[derive(Deserialize)]
struct Prices {
    prices: Vec<Quoted>,
}

#[derive(Deserialize)]
struct Quoted {
    code: String,
    usd: Option<Decimal>,
}

/// The body of every refusal: `{ "reason": "bad_key" }`.
#[derive(Deserialize)]
struct Refusal {
    reason: String,
}

#[async_trait]
impl RateQuote for PedalPost {
    async fn quote(&self, cx: &Cx, request: &RateRequest) -> Result<RateReply> {
        let shipment = &request.shipment;
        let mut url = wire::endpoint(&self.base, "prices");
        url.query_pairs_mut()
            .append_pair("from", shipment.from.postal_code.as_deref().unwrap_or_default())
            .append_pair("to", shipment.to.postal_code.as_deref().unwrap_or_default());
        let mut question = wire::request(Method::GET, &url)?;
        wire::set_header(&mut question, "x-api-key", self.api_key.expose())?;
        parse(&cx.read(question).await?, &self.profile).map(|reply| reply.complete(&self.profile, request))
    }
}

fn parse(response: &Response, profile: &Profile) -> Result<RateReply> {
    if !response.status().is_success() {
        return Err(refused(response));
    }
    let answer: Prices = wire::parse_json(response, "prices")?;
    let mut reply = RateReply::default();
    for quoted in answer.prices {
        // No price, or none above zero, is no rate; `complete` says so of the service.
        let Some(amount) = quoted.usd.filter(|amount| amount > &Decimal::ZERO) else { continue };
        let price = Price::new(PriceKind::Account, Money::new(amount, Currency::USD));
        let (code, name) = match profile.service_by_carrier_code(&quoted.code) {
            Some(service) => (service.code.clone(), service.name.clone()),
            None => (quoted.code.to_ascii_lowercase().into(), quoted.code.clone()),
        };
        reply.rates.push(Rate::new(code, quoted.code, name, vec![price]));
    }
    Ok(reply)
}

/// The courier's reasons in our kinds.
fn refused(response: &Response) -> Error {
    let plain = wire::status_error(response, "prices");
    let Ok(Refusal { reason }) = wire::parse_json(response, "prices") else { return plain };
    let kind = match reason.as_str() {
        "bad_key" => ErrorKind::Auth,
        "out_of_town" => ErrorKind::BadAddress,
        _ => return plain,
    };
    let words = CarrierWords { code: Some(reason), ..wire::words_of(response) };
    Error::answered(kind, "prices: the courier refused", words)
}

waybill_core::export_carrier!(PedalPost);
